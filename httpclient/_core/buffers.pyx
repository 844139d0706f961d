# SPDX-License-Identifier: MIT
"""Buffers that octets are received into: asking for them, and whether anything was written."""
import os

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_Clear
from libc.string cimport memcmp, memcpy

from .python cimport clipped_size

cdef extern from "Python.h":
    int get_buffer "PyObject_GetBuffer"(object target, Py_buffer *view, int flags) noexcept

cdef bytes MARK = os.urandom(MARKED)


cdef int get_writable(object target, Py_buffer *view) except -1:
    """The memory of a buffer that is read into; TypeError, as of a file, where it is none."""
    if get_buffer(target, view, PyBUF_WRITABLE) == 0:
        return 0
    PyErr_Clear()
    raise TypeError(f"argument must be read-write bytes-like object, not {type(target).__name__}")


cdef Py_ssize_t size_of(object n) except? -1:
    """A size argument: None is -1, and more than memory has is all there is."""
    return -1 if n is None else clipped_size(n, NULL)


cdef int mark(object space, Marked *marked) except -1:
    """Write MARK to where a receive by Python code will write; unmark() takes it back.

    If that code raises, the mark shows whether it had received octets before.
    """
    get_writable(space, &marked.view)
    marked.held = True
    marked.size = min(marked.view.len, PyBytes_GET_SIZE(MARK))
    memcpy(marked.before, marked.view.buf, marked.size)
    memcpy(marked.view.buf, PyBytes_AS_STRING(MARK), marked.size)
    return 0


cdef bint is_marked(Marked *marked) noexcept:
    """Whether nothing has been written there since."""
    return (marked.size == 0
            or memcmp(marked.view.buf, PyBytes_AS_STRING(MARK), marked.size) == 0)


cdef void unmark(Marked *marked, Py_ssize_t written) noexcept:
    """Put back what was there behind so many octets that have been written."""
    if not marked.held:
        return
    if written < marked.size:
        memcpy(<uint8_t *> marked.view.buf + written, marked.before + written,
               marked.size - written)
    PyBuffer_Release(&marked.view)
