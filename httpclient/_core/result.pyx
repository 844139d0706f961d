# SPDX-License-Identifier: MIT
"""Result: fresh ``bytes`` that a Reader fills before anybody else sees them."""
cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport PyObject, Py_XDECREF

cdef extern from "Python.h":
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *data, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject **data, Py_ssize_t size) except -1


@cython.final
cdef class Result:
    """Fresh ``bytes`` that are being filled: they grow, and lend their memory to a socket.

    Whoever keeps the lent buffer keeps this object alive, and makes the next
    resize fail instead of having somebody write into memory that is gone.
    """

    def __cinit__(self, Py_ssize_t size):
        self._data = new_bytes(NULL, size)

    def __dealloc__(self):
        Py_XDECREF(self._data)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.octets(), self.size(), 0, flags)
        self._exports += 1

    def __releasebuffer__(self, Py_buffer *view):
        self._exports -= 1

    cdef uint8_t *octets(self) noexcept:
        return <uint8_t *> PyBytes_AS_STRING(<object> self._data)

    cdef Py_ssize_t size(self) noexcept:
        return PyBytes_GET_SIZE(<object> self._data)

    cdef int resize(self, Py_ssize_t size) except -1:
        if self._exports:
            raise BufferError("a socket kept the buffer that it was to receive into")
        try:
            _PyBytes_Resize(&self._data, size)
        except MemoryError:
            self._data = new_bytes(NULL, 0)
            raise
        return 0

    cdef bytes finish(self, Py_ssize_t size):
        """The first `size` octets; the object is empty afterwards."""
        self.resize(size)
        data = <bytes> self._data
        Py_XDECREF(self._data)
        self._data = new_bytes(NULL, 0)
        return data
