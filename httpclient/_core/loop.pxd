# SPDX-License-Identifier: MIT
from .hosts cimport Schedule, Timed

cdef enum:
    BUFFER = 64 * 1024      # bytes of the buffer that all connections of a loop receive into
    INPUT = 1               # the events of a poller; an error counts as both
    OUTPUT = 4


cdef class Loop(Schedule):
    cdef object _cold           # Opening: functions in Python for what happens once in a connection
    cdef object _poller
    cdef dict _transfers        # all Transfers that are not closed -> None
    cdef dict _by_descriptor    # descriptor -> the Transfer that waits for it
    cdef bytearray _buffer
    cdef double _timeout        # seconds for each wait; infinite for no limit
    cdef double _idle_seconds
    cdef Py_ssize_t _max_content    # bytes; -1: no limit
    cdef bint _decodes
    cdef object _strict
    cdef object _limits

    cdef int watch(self, int fd, bint output, Timed transfer) except -1
    cdef int watch_for(self, int fd, bint output) except -1
    cdef int watch_output(self, int fd, Timed transfer) except -1
    cdef int unwatch(self, int fd) except -1
