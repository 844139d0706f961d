# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t

cdef enum:
    MARKED = 16         # octets of a mark


cdef struct Marked:
    Py_buffer view
    bint held           # whether the view has to be released
    Py_ssize_t size     # octets that begin as the mark
    uint8_t before[MARKED]


cdef int get_writable(object target, Py_buffer *view) except -1
cdef Py_ssize_t size_of(object n) except? -1
cdef int mark(object space, Marked *marked) except -1
cdef bint is_marked(Marked *marked) noexcept
cdef void unmark(Marked *marked, Py_ssize_t written) noexcept
