# SPDX-License-Identifier: MIT
from .deadline cimport Deadline
from .reader cimport Reader


cdef class SocketReader(Reader):
    cdef object _sock
    cdef object _raw
    cdef bint _holds            # True between hold() and release()
    cdef readonly bint surplus  # True if unread bytes were left after the end of the message

    cdef int attach(self, object sock) except -1
    cdef bytes take_last(self, Py_ssize_t n, bint goes_on)


cdef int hold(object sock) except -1
cdef int release(object sock) except -1
cdef object send_all(object sock, object data, Deadline due)
cdef bint may_take_all(object sock) except -1
cdef SocketReader open_socket(object sock)
