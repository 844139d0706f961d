# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t

cdef enum:
    MARKED = 16         # bytes of a mark


cdef struct Marked:
    Py_buffer view
    bint held           # True if the view has to be released
    Py_ssize_t size     # bytes of the mark that fit into the buffer
    uint8_t before[MARKED]      # the bytes that the mark has overwritten


cdef int get_writable(object target, Py_buffer *view) except -1
cdef Py_ssize_t size_of(object n) except? -1
cdef int mark(object space, Marked *marked) except -1
cdef bint is_marked(Marked *marked) noexcept
cdef void unmark(Marked *marked, Py_ssize_t written) noexcept
