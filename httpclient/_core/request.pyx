# SPDX-License-Identifier: MIT
"""Request lines and field lines as validated bytes.

Each function returns bytes if its arguments are legal beyond doubt, and None otherwise.  Then
http.client's own checks (in validation.py) decide, and word the exception.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.string cimport memchr, memcpy

from .guards cimport Bindings
from .http1 cimport *
from .python cimport PyUnicode_IS_ASCII

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_FindChar(object text, Py_UCS4 character, Py_ssize_t begin, Py_ssize_t end,
                                  int direction) except -2
    bint PyDict_Next(dict d, Py_ssize_t *at, PyObject **key, PyObject **value)

cdef extern from *:
    """
    /* Returns a dict that no other thread changes: a copy if threads run without a GIL. */
    #ifdef Py_GIL_DISABLED
    #define httpclient_owned(d) PyDict_Copy(d)
    #else
    #define httpclient_owned(d) Py_NewRef(d)
    #endif
    """
    dict owned "httpclient_owned"(dict d)

cdef bytes ACCEPT_ENCODING = b"Accept-Encoding: identity\r\n"

cdef enum:
    MAX_FIELDS = 64             # the most field lines that whole_head() takes
    HAS_HOST = 1
    HAS_ACCEPT_ENCODING = 2
    HAS_LENGTH = 4


cdef const uint8_t *ascii(object text, Py_ssize_t *size) except? NULL:
    """Return the bytes of an ASCII str or a bytes object; NULL, without an exception, otherwise."""
    if type(text) is str and PyUnicode_IS_ASCII(text):
        return <const uint8_t *> PyUnicode_AsUTF8AndSize(text, size)
    if type(text) is bytes:
        size[0] = PyBytes_GET_SIZE(text)
        return <const uint8_t *> PyBytes_AS_STRING(text)
    return NULL


cpdef bytes request_line(object method, object target, object version):
    """Return ``method SP target SP version`` as bytes, or None if a part needs more checks."""
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


cpdef bytes field_line(object name, object value):
    """Return ``name: value`` as bytes, or None if a part needs more checks.

    The name is a str or bytes, the value a str, bytes or an int.
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


cdef bint is_word(const uint8_t *octets, Py_ssize_t n, const char *word) noexcept:
    """Return True if the `n` bytes of a token are `word`, in any case; `word` is in lower case."""
    cdef Py_ssize_t i
    for i in range(n):
        if (octets[i] | 0x20) != <uint8_t> word[i]:
            return False
    return True


cdef int framing_name(const uint8_t *name, Py_ssize_t n) noexcept:
    """Return the flag HAS_… of a field that http.client otherwise adds itself, or 0."""
    if n == 4 and is_word(name, n, "host"):
        return HAS_HOST
    if n == 15 and is_word(name, n, "accept-encoding"):
        return HAS_ACCEPT_ENCODING
    if n == 14 and is_word(name, n, "content-length"):
        return HAS_LENGTH
    if n == 17 and is_word(name, n, "transfer-encoding"):
        return HAS_LENGTH
    return 0


cdef char *put(char *out, const void *octets, Py_ssize_t n) noexcept:
    memcpy(out, octets, n)
    return out + n


cdef dict with_numbers_as_text(dict headers):
    return {name: str(value) if type(value) is int else value for name, value in headers.items()}


cdef bytes whole_head(str method, str target, bytes host_line, bytes accept_encoding,
                      dict headers, object length):
    """Return a whole HTTP/1.1 request head, or None if a part needs more checks.

    The lines are http.client's, in its order: request line; Host, Accept-Encoding and
    Content-Length unless `headers` has them; `headers`; empty line.  `host_line` and
    `accept_encoding` end with CRLF.  `length` is the size of the body in bytes, or None for no
    Content-Length.
    """
    cdef Py_ssize_t m = 0, t = 0, n = 0, v = 0, size, count = 0, i
    cdef const uint8_t *method_octets = NULL
    cdef const uint8_t *target_octets = NULL
    cdef const uint8_t *names[MAX_FIELDS]
    cdef const uint8_t *values[MAX_FIELDS]
    cdef Py_ssize_t name_sizes[MAX_FIELDS]
    cdef Py_ssize_t value_sizes[MAX_FIELDS]
    cdef int has = 0
    cdef PyObject *name = NULL
    cdef PyObject *value = NULL
    cdef Py_ssize_t at = 0
    cdef char *out

    method_octets = ascii(method, &m)
    target_octets = ascii(target, &t)
    if (method_octets is NULL or target_octets is NULL or t == 0
            or http1_method(method_octets, m) != HTTP1_OK
            or http1_target(target_octets, t) != HTTP1_OK):
        return None
    size = m + t + 14           # two SP, HTTP/1.1, two CRLF
    length_line = None
    if length is not None:
        length_line = b"Content-Length: %d\r\n" % length
    headers = owned(headers)
    if len(headers) > MAX_FIELDS:
        return None
    # No other Python code runs up to the last memcpy(), so the dict keeps the strings alive.
    while PyDict_Next(headers, &at, &name, &value):
        if type(<object> value) is int:
            return whole_head(method, target, host_line, accept_encoding,
                              with_numbers_as_text(headers), length)
        names[count] = ascii(<object> name, &n)
        values[count] = ascii(<object> value, &v)
        if names[count] is NULL or values[count] is NULL:
            return None
        if (http1_field_name(names[count], n) != HTTP1_OK
                or http1_field_value(values[count], v) != HTTP1_OK):
            return None
        if type(<object> name) is str:  # http.client ignores names that are bytes here
            has |= framing_name(names[count], n)
        name_sizes[count] = n
        value_sizes[count] = v
        size += n + v + 4
        count += 1
    if not has & HAS_HOST:
        size += len(host_line)
    if not has & HAS_ACCEPT_ENCODING:
        size += PyBytes_GET_SIZE(accept_encoding)
    if length_line is not None and not has & HAS_LENGTH:
        size += PyBytes_GET_SIZE(length_line)
    head = PyBytes_FromStringAndSize(NULL, size)
    out = PyBytes_AS_STRING(head)
    out = put(out, method_octets, m)
    out = put(out, b" ", 1)
    out = put(out, target_octets, t)
    out = put(out, b" HTTP/1.1\r\n", 11)
    if not has & HAS_HOST:
        out = put(out, PyBytes_AS_STRING(host_line), PyBytes_GET_SIZE(host_line))
    if not has & HAS_ACCEPT_ENCODING:
        out = put(out, PyBytes_AS_STRING(accept_encoding),
                  PyBytes_GET_SIZE(accept_encoding))
    if length_line is not None and not has & HAS_LENGTH:
        out = put(out, PyBytes_AS_STRING(length_line), PyBytes_GET_SIZE(length_line))
    for i in range(count):
        out = put(out, names[i], name_sizes[i])
        out = put(out, b": ", 2)
        out = put(out, values[i], value_sizes[i])
        out = put(out, b"\r\n", 2)
    out = put(out, b"\r\n", 2)
    assert out - PyBytes_AS_STRING(head) == size
    return head


cdef const uint8_t *target_at(str url, Py_ssize_t at, Py_ssize_t *size) except? NULL:
    """Return the bytes of a URL from `at` up to its fragment; NULL if one needs more checks."""
    cdef Py_ssize_t n = 0
    cdef const uint8_t *octets = ascii(url, &n)
    cdef const void *fragment

    if octets is NULL or not 0 <= at < n or octets[at] != c'/':
        return NULL
    octets += at
    n -= at
    # A blank in the fragment is refused, too.
    if http1_target(octets, n) != HTTP1_OK:
        return NULL
    fragment = memchr(octets, c'#', n)
    size[0] = n if fragment is NULL else <const uint8_t *> fragment - octets
    return octets


@cython.final
cdef class Heads:
    """Makes request heads for a client that sends them later.

    Each method returns None if the caller must take http.client's steps, because a part needs more
    checks or a program has replaced the `rules`.
    """

    def __init__(self, Bindings rules not None, bytes accept_encoding not None):
        self._rules = rules
        self._accept_encoding = accept_encoding
        self.known = {}

    cpdef bytes whole(self, str method, str target, bytes host_line, dict headers, length):
        """Return a head as a connection sends it; see whole_head()."""
        if not self._rules.intact():
            return None
        return whole_head(method, target, host_line, self._accept_encoding, headers, length)

    def target(self, str url not None, Py_ssize_t at):
        """Return the request target that begins at url[at], which is a slash."""
        cdef Py_ssize_t n = 0

        if target_at(url, at, &n) is NULL:
            return None
        return url[at:at + n]

    cpdef tuple with_headers(self, str method, str url, dict headers):
        """Return (origin, head) for a request without a body, of a URL whose origin is known.

        The method must be one for which there is no Content-Length then.  Returns None for a
        header Connection, too.
        """
        cdef Py_ssize_t n = 0
        cdef Py_ssize_t at = PyUnicode_FindChar(url, c'/', 8, len(url), 1)
        cdef bytes head

        if at < 0:
            return None
        found = self.known.get(url[:at])
        if found is None or (<tuple> found)[6] or target_at(url, at, &n) is NULL:
            return None
        for name in headers:
            if type(name) is not str or (len(<str> name) == 10 and (<str> name)[0] in "cC"):
                return None
        head = self.whole(method, url[at:at + n], (<tuple> found)[3], headers, None)
        return None if head is None else ((<tuple> found)[0], head)

    cpdef tuple plain(self, str url):
        """Return (origin, head) for a GET without headers, of a URL whose origin is known.

        An item of `known` is a tuple: see _Known in _fetch/writing.py.
        """
        cdef Py_ssize_t n = 0
        cdef Py_ssize_t at = PyUnicode_FindChar(url, c'/', 8, len(url), 1)
        cdef const uint8_t *target
        cdef bytes before, after
        cdef char *out

        # Without that slash, the slice would end anywhere.
        if at < 0:
            return None
        found = self.known.get(url[:at])
        if found is None:
            return None
        target = target_at(url, at, &n)
        if target is NULL or not self._rules.intact():
            return None
        before, after = (<tuple> found)[1], (<tuple> found)[2]
        head = PyBytes_FromStringAndSize(
            NULL, PyBytes_GET_SIZE(before) + n + PyBytes_GET_SIZE(after))
        out = put(PyBytes_AS_STRING(head), PyBytes_AS_STRING(before), PyBytes_GET_SIZE(before))
        out = put(out, target, n)
        put(out, PyBytes_AS_STRING(after), PyBytes_GET_SIZE(after))
        return (<tuple> found)[0], head
