# SPDX-License-Identifier: MIT
from .intake cimport Intake
from .job cimport Job
from .response_feed cimport ResponseFeed
from .sender cimport Sender


cdef class Transfer(Sender):
    cdef bint _reused           # True once it has brought an answer
    cdef bint _began            # True once the head of the answer has arrived
    cdef bint _has_more         # True if the socket may have bytes after the answer
    cdef Intake _intake
    cdef object _receiver       # a Receiver for content that is decoded or goes to a sink, or None

    cdef int event(self, int fd, bint readable, bint writable) except -1
    cdef int interrupted(self, object error) except -1
    cdef bint check_idle(self) except -1
    cdef int start(self, Job job) except -1
    cdef int pause(self) except -1
    cdef int resume(self) except -1
    cdef int resume_receiving(self) except -1
    cdef int receive_on(self) except -1
    cdef Py_ssize_t receive(self, object space) except? -2
    cdef Py_ssize_t receive_buffered(self, Job job) except? -2
    cdef int broken(self, Job job, object error) except -2
    cdef int begin_content(self, Job job, bytes content) except -1
    cdef int arrived(self, Job job) except -1
    cdef ResponseFeed feed_for(self, Job job)
    cdef Py_ssize_t receive_directly(self, Job job, Py_ssize_t left) except? -2
    cdef int check_size(self) except -1
    cdef int keep(self, Job job, bytes content) except -1
    cdef int ended(self) except -1
    cdef int complete(self, Job job) except -1
    cdef int settle_content(self, Job job) except -1
    cdef int free(self) except -1
    cdef bint take_from_idle(self) except -1
    cdef int cancel(self, object error) except -1
    cdef int abandon(self, object error) except -1
    cdef int hand_back(self, Job job, object error, bint repeat) except -1
