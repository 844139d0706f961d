# SPDX-License-Identifier: MIT
# Functions of Python's C API that Cython's own declarations lack, or declare differently.
from cpython.object cimport PyObject

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    int PySys_Audit(const char *event, const char *format, ...) except -1
    unsigned long PyThread_get_thread_ident() noexcept
    # With NULL for `overflow`, a number that does not fit becomes the nearest one that does.
    Py_ssize_t clipped_size "PyNumber_AsSsize_t"(object n, PyObject *overflow) except? -1

cdef extern from *:
    """
    /* A flag that a thread may set while another one reads it. */
    #ifdef Py_GIL_DISABLED
    #define httpclient_load_flag(place) _Py_atomic_load_int_relaxed(place)
    #define httpclient_set_flag(place, value) _Py_atomic_store_int_relaxed(place, value)
    #else
    #define httpclient_load_flag(place) (*(place))
    #define httpclient_set_flag(place, value) (void)(*(place) = (value))
    #endif
    """
    bint load_flag "httpclient_load_flag"(bint *place) noexcept
    void set_flag "httpclient_set_flag"(bint *place, bint value) noexcept
