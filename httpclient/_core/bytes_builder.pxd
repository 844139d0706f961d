# SPDX-License-Identifier: MIT
from cpython.ref cimport PyObject
from libc.stdint cimport uint8_t


cdef class Result:
    cdef PyObject *_data        # bytes to which nothing else has a reference
    cdef Py_ssize_t _exports

    cdef uint8_t *octets(self) noexcept
    cdef Py_ssize_t size(self) noexcept
    cdef int resize(self, Py_ssize_t size) except -1
    cdef bint fits(self, Py_ssize_t size) noexcept
    cdef int move(self, Py_ssize_t size) except -1
    cdef bytes finish(self, Py_ssize_t size)


cdef class Gathering:
    cdef Result result          # receives the next bytes,
    cdef Py_ssize_t have        # from this position
    cdef Py_ssize_t size        # to this one
    cdef list _pieces
    cdef Py_ssize_t _total

    cdef int make_room(self, Py_ssize_t most) except -1
    cdef Py_ssize_t keep(self) except -1
    cdef bytes so_far(self)
    cdef bytes finish(self)


cdef Result begun(Py_ssize_t n)
cdef Result grown(Result result, Py_ssize_t n)
