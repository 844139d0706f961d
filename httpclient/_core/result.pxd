# SPDX-License-Identifier: MIT
from cpython.ref cimport PyObject
from libc.stdint cimport uint8_t


cdef class Result:
    cdef PyObject *_data        # fresh bytes: nobody else has seen them
    cdef Py_ssize_t _exports

    cdef uint8_t *octets(self) noexcept
    cdef Py_ssize_t size(self) noexcept
    cdef int resize(self, Py_ssize_t size) except -1
    cdef bytes finish(self, Py_ssize_t size)
