# SPDX-License-Identifier: MIT
"""Writable buffers for received bytes, and marks that show whether a receive wrote to one."""
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
    """Get the memory of a writable buffer; raise TypeError, worded as a file's, if it has none."""
    if get_buffer(target, view, PyBUF_WRITABLE) == 0:
        return 0
    PyErr_Clear()
    raise TypeError(f"argument must be read-write bytes-like object, not {type(target).__name__}")


cdef Py_ssize_t size_of(object n) except? -1:
    """Return a size argument as a number: -1 for None, and at most sys.maxsize."""
    return -1 if n is None else clipped_size(n, NULL)


cdef int mark(object space, Marked *marked) except -1:
    """Write MARK to the beginning of a buffer that Python code will receive into.

    If that code raises, is_marked() tells whether it received bytes first.  unmark() removes MARK.
    """
    get_writable(space, &marked.view)
    marked.held = True
    marked.size = min(marked.view.len, PyBytes_GET_SIZE(MARK))
    memcpy(marked.before, marked.view.buf, marked.size)
    memcpy(marked.view.buf, PyBytes_AS_STRING(MARK), marked.size)
    return 0


cdef bint is_marked(Marked *marked) noexcept:
    """Return True if nothing has been written over the mark."""
    return (marked.size == 0
            or memcmp(marked.view.buf, PyBytes_AS_STRING(MARK), marked.size) == 0)


cdef void unmark(Marked *marked, Py_ssize_t written) noexcept:
    """Restore the bytes under the mark, except for the first `written`, and release the buffer."""
    if not marked.held:
        return
    if written < marked.size:
        memcpy(<uint8_t *> marked.view.buf + written, marked.before + written,
               marked.size - written)
    PyBuffer_Release(&marked.view)
