# SPDX-License-Identifier: MIT
# Functions of Python's C API that Cython's own declarations lack, or declare differently.
from cpython.object cimport PyObject

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    int PySys_Audit(const char *event, const char *format, ...) except -1
    unsigned long PyThread_get_thread_ident() noexcept
    # With NULL for `overflow`, a number that does not fit becomes the nearest one that does.
    Py_ssize_t clipped_size "PyNumber_AsSsize_t"(object n, PyObject *overflow) except? -1
