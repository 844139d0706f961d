# SPDX-License-Identifier: MIT
"""A cache of field names and values as str.

The responses of one server have the same field names and mostly the same values, so a new str is
often equal to the last one of its place in the table.  Comparing costs a quarter of creating a
str.  Names and values have a table each, because values that differ each time would evict the
names.  The size of both tables is fixed.
"""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define HTTPCLIENT_SHARES_TEXTS 0   /* a look-up would need a lock */
    #else
    #define HTTPCLIENT_SHARES_TEXTS 1
    #endif
    """
    bint SHARES "HTTPCLIENT_SHARES_TEXTS"

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object text) noexcept
    const char *PyUnicode_DATA(object text) noexcept

cdef enum:
    BITS = 8
    PLACES = 256
    LONGEST = 40        # bytes of the longest text that is cached

cdef PyObject *names[PLACES]
cdef PyObject *values[PLACES]


cdef inline uint64_t place(const char *octets, Py_ssize_t n) noexcept:
    """Return the place of a text of 2 bytes or more, from its length and both of its ends."""
    cdef uint64_t a = 0, b = 0
    if n >= 8:
        memcpy(&a, octets, 8)
        memcpy(&b, octets + n - 8, 8)
    elif n >= 4:
        memcpy(&a, octets, 4)
        memcpy(&b, octets + n - 4, 4)
    else:
        memcpy(&a, octets, 2)
        memcpy(&b, octets + n - 2, 2)
    a = (a ^ <uint64_t> n) * <uint64_t> 0x9e3779b97f4a7c15
    b = (b ^ a >> 32) * <uint64_t> 0xc2b2ae3d27d4eb4f
    return b >> (64 - BITS)


cdef inline str shared(PyObject **table, const char *octets, Py_ssize_t n):
    cdef PyObject **known
    if n < 2 or n > LONGEST or not SHARES:
        return PyUnicode_DecodeLatin1(octets, n, NULL)
    known = &table[place(octets, n)]
    if known[0] is not NULL:
        text = <str> known[0]
        if (PyUnicode_GET_LENGTH(text) == n
                and memcmp(PyUnicode_DATA(text), octets, n) == 0):
            return text
    text = PyUnicode_DecodeLatin1(octets, n, NULL)
    Py_XDECREF(known[0])
    Py_INCREF(text)
    known[0] = <PyObject *> text
    return text


cdef str name_text(const char *octets, Py_ssize_t n):
    """Return a field name (Latin-1) as a str."""
    return shared(names, octets, n)


cdef str value_text(const char *octets, Py_ssize_t n):
    """Return a field value or a reason phrase (Latin-1) as a str."""
    return shared(values, octets, n)
