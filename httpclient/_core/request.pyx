# SPDX-License-Identifier: MIT
"""Request lines and field lines as validated bytes.

The accept path of the request: what is legal beyond doubt comes back as bytes,
anything else as None, and then http.client's own checks (in connection.py)
decide and word the exception.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.string cimport memcpy

from .http1 cimport *

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)


cdef const uint8_t *ascii(object text, Py_ssize_t *size) except? NULL:
    """The bytes of an ASCII str or of a bytes object; NULL without an exception for others."""
    if type(text) is str and PyUnicode_IS_ASCII(text):
        return <const uint8_t *> PyUnicode_AsUTF8AndSize(text, size)
    if type(text) is bytes:
        size[0] = PyBytes_GET_SIZE(text)
        return <const uint8_t *> PyBytes_AS_STRING(text)
    return NULL


def request_line(method, target, version):
    """``method SP target SP version`` as bytes, or None if a part needs a closer look."""
    cdef Py_ssize_t m = 0, t = 0, v = 0
    cdef const uint8_t *method_bytes
    cdef const uint8_t *target_bytes
    cdef const uint8_t *version_bytes
    cdef char *out
    if type(method) is not str or type(target) is not str or type(version) is not str:
        return None
    method_bytes = ascii(method, &m)
    target_bytes = ascii(target, &t)
    version_bytes = ascii(version, &v)
    if method_bytes is NULL or target_bytes is NULL or version_bytes is NULL:
        return None
    if http1_method(method_bytes, m) != HTTP1_OK or http1_target(target_bytes, t) != HTTP1_OK:
        return None
    line = PyBytes_FromStringAndSize(NULL, m + t + v + 2)
    out = PyBytes_AS_STRING(line)
    memcpy(out, method_bytes, m)
    out[m] = c' '
    memcpy(out + m + 1, target_bytes, t)
    out[m + 1 + t] = c' '
    memcpy(out + m + t + 2, version_bytes, v)
    return line


def field_line(name, value):
    """``name: value`` as bytes, or None if a part needs a closer look.

    The name is str or bytes, the value str, bytes or int.
    """
    cdef Py_ssize_t n = 0, v = 0
    cdef const uint8_t *name_bytes
    cdef const uint8_t *value_bytes
    cdef char *out
    if type(value) is int:
        value = str(value)
    name_bytes = ascii(name, &n)
    value_bytes = ascii(value, &v)
    if name_bytes is NULL or value_bytes is NULL:
        return None
    if (http1_field_name(name_bytes, n) != HTTP1_OK
            or http1_field_value(value_bytes, v) != HTTP1_OK):
        return None
    line = PyBytes_FromStringAndSize(NULL, n + v + 2)
    out = PyBytes_AS_STRING(line)
    memcpy(out, name_bytes, n)
    out[n] = c':'
    out[n + 1] = c' '
    memcpy(out + n + 2, value_bytes, v)
    return line
