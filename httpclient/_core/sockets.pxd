# SPDX-License-Identifier: MIT
from .reader cimport Reader


cdef class SocketReader(Reader):
    cdef object _sock
    cdef object _raw

    cdef int attach(self, object sock) except -1
    cdef int let_go(self) except -1
    cdef bytes take_last(self, Py_ssize_t n)


cdef bint may_take_all(object sock) except -1
cdef SocketReader open_socket(object sock)
