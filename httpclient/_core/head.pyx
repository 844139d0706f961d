# SPDX-License-Identifier: MIT
"""Head: a status line and a field section, parsed from a Reader or from bytes.

Only a regular head becomes a Head.  If the C grammar calls a head odd, it is returned whole, as
bytes, for the slow lane in policy.py.  Pairs of str are created on access.
"""
cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.string cimport memcmp

from .http1 cimport *
from .reader cimport Reader
from .string_cache cimport name_text, value_text

from .._common.exceptions import HTTPException, LineTooLong

OK = "OK"     # the reason phrase of most responses, one object for all of them
cdef str USUAL = "GET"
cdef Py_ssize_t MIN_REFILL = 16 * 1024


@cython.final
cdef class Head:
    """A regular head: its status line, its field section, and the framing that they declare."""

    @property
    def framing(self):
        """The argument for message_framing(): the Head itself."""
        return self

    # message_framing() reads these of odd heads, which may have other values.
    coded = False
    both = False
    cut = False
    refusal = None
    defects = ()

    @property
    def section_size(self):
        """The bytes of the field section."""
        return <size_t> self.size - self._section_at

    @property
    def length(self):
        """Content-Length in bytes, or None."""
        return self._framing.length if self._framing.has_length else None

    @property
    def chunked(self):
        """True if Transfer-Encoding is ``chunked``."""
        return self._framing.chunked != 0

    @property
    def close(self):
        """True if Connection has the option ``close``."""
        return self._framing.close != 0

    @property
    def keep_alive(self):
        """True if the server announced a keep-alive connection, as HTTP/1.0 servers do."""
        return self._framing.keep_alive != 0

    @property
    def compound(self):
        """True if Content-Type is multipart or message: the email package examines the content."""
        return self._framing.compound != 0

    @property
    def final(self):
        """True unless it is an interim response (1xx except 101), which another one follows."""
        return self.is_final()

    def __reduce__(self):
        # A response that has been read can be copied and pickled.
        return restored_head, (self.raw,)

    cdef bint is_final(self) noexcept:
        return self.status >= 200 or self.status == 101

    cdef bint frame(self, object method, bint strict, MessageFraming *message) except -1:
        """Do message_framing() for this head; return False if that function has to refuse it."""
        cdef bint old = self.version < 11
        cdef bint to_head = method is not USUAL and method == "HEAD"

        message.chunked = self._framing.chunked != 0
        message.length = -1
        message.will_close = (self._framing.close != 0
                              or (old and self._framing.keep_alive == 0))
        if strict and old and message.chunked:
            return False
        if to_head or self.status < 200 or self.status == 204 or self.status == 304:
            message.chunked = message.chunked and to_head
            message.length = 0
        elif strict and self.status < 300 and method == "CONNECT":
            message.chunked = False
            message.will_close = True
        elif message.chunked:
            message.will_close = message.will_close or old
        elif self._framing.has_length:
            message.length = self._framing.length
        else:
            message.will_close = True
        return True

    def first_line(self):
        """Return (version, status, reason)."""
        return self.version, self.status, self.reason

    def pairs(self):
        """Return a new list of (field name, field value), as str, in order."""
        cdef const char *octets = PyBytes_AS_STRING(self.raw)
        cdef size_t end = PyBytes_GET_SIZE(self.raw)
        cdef size_t at = self._section_at
        cdef http1_field field
        pairs = []
        while http1_next_field(<const uint8_t *> octets, end, &at, &field) == HTTP1_OK:
            name = name_text(octets + field.name.at, field.name.end - field.name.at)
            pairs.append((name, latin1(octets, field.value)))
        return pairs

    def joined(self, str name not None):
        """Return the values of a field, joined by ", ", or None; the name must be ASCII.

        It is the result of ``", ".join(message.get_all(name))`` for the message with these fields.
        """
        return self.value_of(name)

    cdef str value_of(self, str name):
        cdef const uint8_t *octets = <const uint8_t *> PyBytes_AS_STRING(self.raw)
        cdef size_t end = PyBytes_GET_SIZE(self.raw)
        cdef size_t at = self._section_at
        cdef Py_ssize_t size = 0
        cdef const char *wanted = PyUnicode_AsUTF8AndSize(name, &size)
        cdef http1_range found
        cdef list values
        if http1_find_field(octets, end, &at, <const uint8_t *> wanted, size,
                            &found) != HTTP1_OK:
            return None
        value = latin1(<const char *> octets, found)
        if http1_find_field(octets, end, &at, <const uint8_t *> wanted, size,
                            &found) != HTTP1_OK:
            return value
        # Join once: a server may send many field lines of this name.
        values = [value, latin1(<const char *> octets, found)]
        while http1_find_field(octets, end, &at, <const uint8_t *> wanted, size,
                               &found) == HTTP1_OK:
            values.append(latin1(<const char *> octets, found))
        return ", ".join(values)


cdef str latin1(const char *octets, http1_range r):
    return value_text(octets + r.at, r.end - r.at)


def read_head(Reader reader not None, Py_ssize_t max_line, Py_ssize_t max_fields,
              Py_ssize_t max_head, bint strict):
    """Read and return the next head: a Head, or its bytes if it is odd.

    Returns b"" at the end of the stream.  If the stream ends within the head, the bytes do not
    end with an empty line.  Returns None, and moves nothing, if a FeedReader has to be fed first.
    Raises LineTooLong for more than `max_line` bytes in a line, and HTTPException for more than
    `max_fields` field lines or `max_head` bytes in all.
    """
    return take_head(reader, max_line, max_fields, max_head, strict)


@cython.critical_section
cdef object take_head(Reader reader, Py_ssize_t max_line, Py_ssize_t max_fields,
                      Py_ssize_t max_head, bint strict):
    cdef http1_lines lines
    cdef http1_rc rc
    cdef Head head

    reader.check_readable()
    if not reader._resumes:
        if reader._at == reader._end and reader.refill(MIN_REFILL) == 0:
            return b""
        head = plain(reader.unread_octets(), reader._end - reader._at, max_line, max_fields,
                     max_head, strict)
        if head is not None:
            reader._at += head.size
            reader._size_at = reader.position()
            return head
    lines.at = lines.line = lines.count = 0
    lines.max_line = max_line
    lines.max_count = max_fields + 1
    rc = reader.find_empty_line(&lines, max_head)
    if rc == HTTP1_MORE:
        return None if reader._waits else reader.take(reader._end - reader._at)
    if rc == HTTP1_LONG:
        raise LineTooLong("header line" if lines.count else "status line", max_line,
                          reader.line_at(lines.line))
    if rc == HTTP1_MANY:
        raise HTTPException(f"got more than {max_fields} headers")
    if rc == HTTP1_BAD or lines.at > <size_t> max_head:
        raise HTTPException(f"got more than {max_head} bytes of head")
    head = parse(reader.unread_octets(), lines.at, strict)
    if head is None:
        octets = reader.take(lines.at)
        reader._size_at = reader.position()
        return octets
    reader._at += lines.at
    reader._size_at = reader.position()
    return head


def head_in(bytes data not None, Py_ssize_t max_line, Py_ssize_t max_fields,
            Py_ssize_t max_head, bint strict):
    """Return the Head at the beginning of `data`; its `size` is where it ends.

    Returns None if it is not whole, odd, or over a limit; read_head() then tells which.
    """
    return head_at(<const uint8_t *> PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), max_line,
                   max_fields, max_head, strict)


cdef Head head_at(const uint8_t *octets, Py_ssize_t n, Py_ssize_t max_line,
                  Py_ssize_t max_fields, Py_ssize_t max_head, bint strict):
    """Do head_in() for `n` octets."""
    cdef http1_lines lines
    cdef Head head = plain(octets, n, max_line, max_fields, max_head, strict)

    if head is not None:
        return head
    lines.at = lines.line = lines.count = 0
    lines.max_line = max_line
    lines.max_count = max_fields + 1
    if (http1_head_end(octets, n, &lines) != HTTP1_OK
            or lines.at > <size_t> max_head):
        return None
    return parse(octets, lines.at, strict)


cdef Head plain(const uint8_t *octets, size_t end, Py_ssize_t max_line, Py_ssize_t max_fields,
                Py_ssize_t max_head, bint strict):
    """Return the Head at the beginning, or None if it is not whole or its lines are not plain."""
    cdef http1_status status
    cdef http1_framing framing
    cdef size_t at = 0, section

    if (max_line < 0 or max_fields < 0
            or http1_status_line(octets, end, &at, strict, &status) != HTTP1_OK
            or status.major != 1 or at > <size_t> max_line):
        return None
    section = at
    if (http1_plain_section(octets, end, &at, strict, max_line, max_fields, &framing) != HTTP1_END
            or <Py_ssize_t> at > max_head):
        return None
    return made(octets, &status, section, at, &framing)


cdef Head made(const uint8_t *octets, http1_status *status, size_t section, size_t end,
               http1_framing *framing):
    """Return the Head of octets[0:end], whose field section begins at `section`."""
    cdef Head head = Head.__new__(Head)

    head._framing = framing[0]
    head.raw = PyBytes_FromStringAndSize(<const char *> octets, end)
    head._section_at = section
    head.size = end
    head.version = 11 if status.minor else 10
    head.status = status.code
    if (status.reason.end - status.reason.at == 2
            and memcmp(octets + status.reason.at, "OK", 2) == 0):
        head.reason = OK
    else:
        head.reason = latin1(<const char *> octets, status.reason)
    return head


cdef Head parse(const uint8_t *octets, size_t end, bint strict):
    """Return the Head of octets[0:end], or None if it is odd."""
    cdef http1_status status
    cdef http1_framing framing
    cdef size_t at = 0, section

    if http1_status_line(octets, end, &at, strict, &status) != HTTP1_OK or status.major != 1:
        return None
    section = at
    if http1_field_section(octets, end, &at, strict, &framing) != HTTP1_END or at != end:
        return None
    return made(octets, &status, section, end, &framing)


def restored_head(bytes raw not None):
    """Return the Head of the whole head `raw`, for copies and pickles."""
    return parse(<const uint8_t *> PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), False)


def field_section(bytes section not None, bint strict=False):
    """Return a Head without a status line for a field section and its empty line; None if odd."""
    cdef size_t end = PyBytes_GET_SIZE(section)
    cdef size_t at = 0
    cdef Head head = Head.__new__(Head)

    if http1_field_section(<const uint8_t *> PyBytes_AS_STRING(section), end, &at, strict,
                           &head._framing) != HTTP1_END or at != end:
        return None
    head.raw = section
    return head


def status_line(bytes line not None, bint strict=False):
    """Return (minor version, status, reason) of a status line and its line end; None if odd."""
    cdef http1_status status
    cdef size_t at = 0
    cdef const uint8_t *octets = <const uint8_t *> PyBytes_AS_STRING(line)

    if (http1_status_line(octets, PyBytes_GET_SIZE(line), &at, strict, &status) != HTTP1_OK
            or status.major != 1 or at != <size_t> PyBytes_GET_SIZE(line)):
        return None
    return status.minor, status.code, latin1(<const char *> octets, status.reason)


@cython.critical_section
cpdef bint skip_empty_line(Reader reader) except -1:
    """Skip one empty line if it comes next; return False if a FeedReader has to be fed first."""
    cdef const uint8_t *octets
    cdef Py_ssize_t have

    reader.check_readable()
    while True:
        have = reader._end - reader._at
        if have:
            octets = reader.unread_octets()
            if octets[0] == c'\n':
                reader._at += 1
                return True
            if octets[0] != c'\r' or (have > 1 and octets[1] != c'\n'):
                return True
            if have > 1:
                reader._at += 2
                return True
        if reader.refill(MIN_REFILL) == 0:
            return not reader._waits


@cython.critical_section
def begins_with_http(Reader reader not None):
    """Return True if the unread bytes begin with ``HTTP/``; receive as many as that needs.

    Returns None if a FeedReader has to be fed first.
    """
    reader.check_readable()
    while reader._end - reader._at < 5:
        if reader._end - reader._at and memcmp(reader.unread_octets(), "HTTP/",
                                               reader._end - reader._at) != 0:
            return False
        if reader.refill(MIN_REFILL) == 0:
            return None if reader._waits else reader._end == reader._at
    return memcmp(reader.unread_octets(), "HTTP/", 5) == 0
