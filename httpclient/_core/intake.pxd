# SPDX-License-Identifier: MIT
from .bytes_builder cimport Result


cdef class Intake:
    cdef Result _result         # all content up to `_have`, once there was more than one piece
    cdef Py_ssize_t _have
    cdef bytes _piece           # the only piece so far
    cdef Py_ssize_t count       # bytes of content

    cdef bint is_large(self) noexcept
    cdef Result room(self, Py_ssize_t left)
    cdef int grow(self, Py_ssize_t most) except -1
    cdef int fill(self, Py_ssize_t n) noexcept
    cdef int put(self, bytes content) except -1
    cdef int append(self, bytes content) except -1
    cdef bytes take(self, Py_ssize_t most)
