# SPDX-License-Identifier: MIT
"""ChunkedBody: reads the content of a chunked message body from a Reader.

The state is http.client's attribute ``chunk_left`` of the response.  Programs set it, or read
chunks themselves between two calls, so callers set it here before each call and read it back
after.  A ChunkedBody itself keeps only the counts for the limits.
"""
cimport cython
from cpython.buffer cimport PyBuffer_Release
from cpython.bytearray cimport PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr

from .buffers cimport get_writable, size_of
from .http1 cimport *
from .reader cimport Reader
from .bytes_builder cimport Gathering, Result
from .response_state cimport are_usual

from .._common.exceptions import HTTPException, IncompleteRead, LineTooLong
from .._common.limits import DEFAULT, SHOWN as _SHOWN

cdef Py_ssize_t DIRECT = 16 * 1024      # the least rest of a chunk to receive into place
cdef Py_ssize_t LARGE = 64 * 1024       # the room for one receive in a long body
cdef enum:
    LINE = 512                          # the longest line that line_at_hand() finds
    FEW = 4 * 1024                      # the octets that decoded() decodes on the stack
cdef Py_ssize_t USUAL_LINE = DEFAULT.max_chunk_line
cdef uint64_t USUAL_OVERHEAD = DEFAULT.chunk_overhead
cdef str BAD_LINE = "a chunk-size line expected (RFC 9112 7.1): {!r}"


@cython.final
cdef class ChunkedBody:
    """Reads content until the last chunk and the trailer section have been read."""

    def __init__(self, Reader reader not None, limits, bint strict):
        self.obey(limits, strict)
        self.reader = reader

    cdef int obey(self, object limits, bint strict) except -1:
        """Set the limits, and whether to read strictly."""
        self._limits = limits
        self._body.strict = strict
        if are_usual(limits):
            self._body.max_line = USUAL_LINE
            self._body.overhead = USUAL_OVERHEAD
        else:
            self._body.max_line = limits.max_chunk_line
            self._body.overhead = limits.chunk_overhead
        self.trailers = b""
        return 0

    @property
    def chunk_left(self):
        """http.client's state: bytes left in the chunk, 0 before its CRLF, None before a size."""
        return self.left_in_chunk()

    @chunk_left.setter
    def chunk_left(self, left):
        self.set_left_in_chunk(left)

    cdef object left_in_chunk(self):
        if self._body.state == HTTP1_IN_DATA:
            return self._body.left
        return 0 if self._body.state == HTTP1_AT_CRLF else None

    cdef int set_left_in_chunk(self, object left) except -1:
        if left is None:
            self._body.state = HTTP1_AT_SIZE
        elif left:
            self._body.left = left
            self._body.state = HTTP1_IN_DATA
        else:
            self._body.state = HTTP1_AT_CRLF
        return 0

    def read(self, n=None):
        """Return `n` bytes of content, or all of it if `n` is None or negative.

        Returns fewer at the end of the content, or if a FeedReader has to be fed first.  Raises
        IncompleteRead, with the content of this call, if the framing is bad or the stream ends;
        its cause is a ValueError that shows the bytes.
        """
        cdef Reader reader = self.reader
        cdef Py_ssize_t most = size_of(n)
        cdef Gathering gathering = Gathering()
        cdef http1_rc rc = HTTP1_OK
        cdef Py_ssize_t total = 0

        with cython.critical_section(reader):
            reader.check_readable()
            try:
                while rc == HTTP1_OK and total != most:
                    gathering.make_room(most - total if most >= 0 else -1)
                    rc = self.decode(gathering.result, &gathering.have, gathering.size)
                    total = gathering.keep()
                if rc == HTTP1_END:
                    rc = self.end()
                if rc == HTTP1_OK or rc == HTTP1_END or self.waits(rc):
                    return gathering.finish()
                self.fail(rc)
            except BaseException as error:
                self.give_back(gathering.so_far(), error)
                raise

    def readinto(self, buffer):
        """Fill `buffer` with content; return the number of bytes, fewer at the end as in read()."""
        cdef Reader reader = self.reader
        cdef Py_ssize_t have = 0
        cdef http1_rc rc

        with memoryview(buffer) as whole, whole.cast("B") as target:
            with cython.critical_section(reader):
                reader.check_readable()
                try:
                    rc = self.decode(target, &have, len(target))
                    if rc == HTTP1_END:
                        rc = self.end()
                    if rc == HTTP1_OK or rc == HTTP1_END or self.waits(rc):
                        return have
                    self.fail(rc)
                except BaseException as error:
                    self.give_back(bytes(target[:have]), error)
                    raise

    def readline(self, limit=-1):
        """Return content up to and with the next LF, at most `limit` bytes if not negative."""
        cdef Reader reader = self.reader
        cdef Py_ssize_t most = size_of(limit)
        cdef Py_ssize_t have, n
        cdef const uint8_t *found
        cdef bytearray line = bytearray()
        cdef http1_rc rc = HTTP1_OK

        with cython.critical_section(reader):
            reader.check_readable()
            try:
                while PyByteArray_GET_SIZE(line) != most and not line.endswith(b"\n"):
                    n = self.at_hand()
                    if n == 0:      # Read one byte, which may have to be received.
                        octet, have = bytearray(1), 0
                        rc = self.decode(octet, &have, 1)
                        line += octet[:have]
                        if rc != HTTP1_OK:
                            break
                        continue
                    if 0 <= most - PyByteArray_GET_SIZE(line) < n:
                        n = most - PyByteArray_GET_SIZE(line)
                    found = <const uint8_t *> memchr(reader.unread_octets(), c'\n', n)
                    if found is not NULL:
                        n = found - reader.unread_octets() + 1
                    line += reader.take(n)
                    self.count(n)
                if rc == HTTP1_END:
                    rc = self.end()
                if rc == HTTP1_OK or rc == HTTP1_END or self.waits(rc):
                    return bytes(line)
                self.fail(rc)
            except BaseException as error:
                self.give_back(bytes(line), error)
                raise

    def put_back(self, bytes content not None):
        """Give back content that was read, so that the next read begins with it."""
        with cython.critical_section(self.reader):
            self.reader.check_open()
            self.give_back(content, None)

    cdef int give_back(self, bytes content, object error) except -1:
        """Keep the content of a call that has raised `error`.

        If the message was refused, the content becomes ``partial`` of the exception.  Otherwise
        it is given back to the reader, as data of the next chunk, and the next call begins with it.
        """
        cdef bytes framing = b""

        if isinstance(error, HTTPException):
            if isinstance(error, IncompleteRead):
                error.args = content, *error.args[1:]
            error.partial = content
        elif self.reader.closed:
            self.reader.give_back_bytes(content, error)
        elif self._body.state == HTTP1_AT_TRAILER and not content:
            # ``chunk_left`` cannot say that the trailer section comes next, so the last chunk
            # is given back.
            self._body.state = HTTP1_AT_SIZE
            self.reader.give_back_bytes(b"0\r\n", error)
        elif content:
            if self._body.state == HTTP1_AT_SIZE:
                framing = b"\r\n"
            elif self._body.state == HTTP1_AT_TRAILER:
                framing = b"\r\n0\r\n"
            if self._body.state != HTTP1_IN_DATA:
                self._body.left = 0
                self._body.state = HTTP1_IN_DATA
            self._body.left += len(content)
            self._body.content -= min(self._body.content, <uint64_t> len(content))
            self.reader.give_back_bytes(content + framing, error)
        self.reader._settled = self.reader.position()
        return 0

    # ---- reads without a receive: if they fail, nothing has moved

    cdef Py_ssize_t at_hand(self) noexcept:
        """Read framing up to chunk data; return how many bytes of the chunk are unread, or 0."""
        cdef http1_chunked before = self._body
        cdef Reader reader = self.reader
        cdef size_t at = 0

        reader._last_chunk = reader.after_last_chunk = False
        if (reader._at < reader._end
                and http1_chunked_step(&self._body, reader.unread_octets(),
                                       reader._end - reader._at, &at) == HTTP1_OK
                and reader._at + <Py_ssize_t> at < reader._end):
            reader._at += at
            at = reader._end - reader._at
            return min(at, self._body.left)
        self._body = before
        return 0

    cdef bint copy(self, uint8_t *out, Py_ssize_t size) noexcept:
        """Copy `size` bytes of content to `out`; return False if the unread bytes hold fewer."""
        cdef http1_chunked before = self._body
        cdef Reader reader = self.reader
        cdef size_t at = 0, put = 0

        reader._last_chunk = reader.after_last_chunk = False
        if (reader._at < reader._end
                and http1_chunked_copy(&self._body, reader.unread_octets(),
                                       reader._end - reader._at, &at, out, size,
                                       &put) == HTTP1_OK):
            reader._at += at
            return True
        self._body = before
        return False

    cdef bytes arrived(self, Py_ssize_t most):
        """Return the content in the unread bytes, `most` at most; None if there is none."""
        cdef http1_chunked before = self._body
        cdef Reader reader = self.reader
        cdef size_t at = 0, put = 0
        cdef bytes data

        most = min(most, reader._end - reader._at)
        if most <= 0:
            return None
        data = PyBytes_FromStringAndSize(NULL, most)
        http1_chunked_copy(&self._body, reader.unread_octets(), reader._end - reader._at, &at,
                           <uint8_t *> PyBytes_AS_STRING(data), most, &put)
        # Once more for just these bytes: the framing after them is for the next call.
        self._body = before
        return data[:put] if put and self.copy(<uint8_t *> PyBytes_AS_STRING(data), put) else None

    cdef Py_ssize_t line_at_hand(self, Py_ssize_t most) except -1:
        """Return the size of the next line, `most` at most; 0 if it is not whole or too long."""
        cdef http1_chunked before = self._body
        cdef Reader reader = self.reader
        cdef uint8_t piece[LINE]
        cdef const uint8_t *found
        cdef size_t at = 0, put = 0

        if reader._at == reader._end:
            return 0
        if most < 0 or most > LINE:
            most = LINE
        http1_chunked_copy(&self._body, reader.unread_octets(), reader._end - reader._at, &at,
                           piece, most, &put)
        self._body = before
        found = <const uint8_t *> memchr(piece, c'\n', put)
        if found is not NULL:
            return found - piece + 1
        return most if put == <size_t> most and most < LINE else 0

    # ---- octets that are not in the reader

    cdef bytes decoded(self, const uint8_t *octets, Py_ssize_t n, Py_ssize_t *used):
        """Return the content in the next `n` octets, and set how many of them were used.

        The others are the beginning of a line.  Returns None, and moves nothing, if a reader has
        to read the octets: for trailer fields, or to raise an exception.
        """
        cdef http1_chunked before = self._body
        cdef uint8_t few[FEW]
        cdef uint8_t *out = few
        cdef Result result = None
        cdef size_t at = 0, put = 0
        cdef http1_rc rc

        if self._body.state == HTTP1_IN_DATA and <uint64_t> n <= self._body.left:
            self.count(n)
            used[0] = n
            return PyBytes_FromStringAndSize(<const char *> octets, n)
        if n > FEW:
            result = Result(n)
            out = result.octets()
        rc = http1_chunked_copy(&self._body, octets, n, &at, out, n, &put)
        if rc == HTTP1_END and n - at >= 2 and octets[at] == c'\r' and octets[at + 1] == c'\n':
            self.trailers = b"\r\n"
            self.ended = True
            at += 2
        elif rc != HTTP1_OK and rc != HTTP1_MORE and (rc != HTTP1_END or at < <size_t> n):
            self._body = before
            return None
        used[0] = at
        if result is not None:
            return result.finish(put)
        return PyBytes_FromStringAndSize(<const char *> few, put)

    # ---- reads that may receive

    cdef http1_rc decode(self, object target, Py_ssize_t *have, Py_ssize_t size) except *:
        """Read content into target[have:size], and move `have`.

        HTTP1_OK:   target[:size] is full.
        HTTP1_END:  the trailer section comes next.
        HTTP1_MORE: the stream ended, or a FeedReader has to be fed first.
        Other codes are those of http1_chunked_copy().
        """
        cdef Reader reader = self.reader
        cdef Py_buffer view
        cdef http1_rc rc
        cdef size_t at, put

        reader._last_chunk = reader.after_last_chunk = False
        if self._body.state == HTTP1_AT_TRAILER:
            return HTTP1_END
        get_writable(target, &view)
        try:
            while True:
                rc = HTTP1_OK if have[0] == size else HTTP1_MORE
                if reader._at < reader._end:
                    at = 0
                    put = have[0]
                    rc = http1_chunked_copy(&self._body, reader.unread_octets(),
                                            reader._end - reader._at, &at,
                                            <uint8_t *> view.buf, size, &put)
                    reader._at += at
                    have[0] = put
                if rc != HTTP1_MORE:
                    return rc
                if self.arrive(target, have, size) == 0:
                    return HTTP1_MORE
        finally:
            PyBuffer_Release(&view)

    cdef Py_ssize_t arrive(self, object target, Py_ssize_t *have, Py_ssize_t size) except -1:
        """Receive once: data of a large chunk into `target`, other bytes into the store."""
        cdef Reader reader = self.reader
        cdef Py_ssize_t n = size - have[0]

        if self._body.state == HTTP1_IN_DATA and reader._at == reader._end:
            if self._body.left < <uint64_t> n:
                n = self._body.left
            if n >= DIRECT:
                n = reader.fill(target, have[0], have[0] + n, True) - have[0]
                have[0] += n
                self.count(n)
                return n
        return reader.refill(LARGE if self._body.content > <uint64_t> DIRECT else DIRECT)

    cdef int count(self, Py_ssize_t n) except -1:
        """Count `n` bytes of chunk data that were read without the C decoder."""
        self._body.content += n
        self._body.left -= n
        if self._body.left == 0:
            self._body.state = HTTP1_AT_CRLF
        return 0

    cdef http1_rc end(self) except *:
        """Read the trailer section; return HTTP1_END, or HTTP1_MORE if it is not whole.

        A stream that ends right after the line of the last chunk is accepted unless strict:
        some servers, and http.client's own tests, send no empty line.
        """
        cdef http1_lines lines
        cdef http1_rc rc
        limits = self._limits

        lines.at = lines.line = lines.count = 0
        lines.max_line = limits.max_line
        lines.max_count = limits.max_fields
        rc = self.reader.find_empty_line(&lines, limits.head)
        if rc == HTTP1_LONG:
            raise LineTooLong("trailer line", lines.max_line, self.reader.line_at(lines.line))
        if rc == HTTP1_MANY:
            raise HTTPException(f"got more than {lines.max_count} trailers")
        if rc == HTTP1_BAD or (rc == HTTP1_OK and lines.at > <size_t> limits.head):
            raise HTTPException(f"got more than {limits.head} bytes of trailers")
        if rc == HTTP1_OK:
            self.trailers = self.reader.take(lines.at)
        elif (self.reader._waits or self.reader._at != self.reader._end
                or self._body.strict):
            return HTTP1_MORE
        self.ended = True
        return HTTP1_END

    cdef bint waits(self, http1_rc rc) noexcept:
        """Return True if a FeedReader has to be fed first."""
        return rc == HTTP1_MORE and self.reader._waits

    cdef int fail(self, http1_rc rc) except -1:
        """Raise the exception for a result code."""
        shown = self.reader.line_at(0)
        if rc == HTTP1_LONG:
            raise LineTooLong("chunk size", self._body.max_line, shown)
        if rc == HTTP1_MORE:
            why = f"the stream ended within the chunked body (RFC 9112 8), at {shown!r}"
        elif rc == HTTP1_MANY:
            why = f"more chunk framing than ten times the content, at {shown!r}"
        elif self._body.state == HTTP1_AT_CRLF:
            why = f"CRLF after chunk data expected (RFC 9112 7.1): {shown!r}"
        else:
            why = BAD_LINE.format(shown)
        raise IncompleteRead(b"", self._body.left if self._body.state == HTTP1_IN_DATA
                             else None) from ValueError(why)


cdef ChunkedBody new_body(object limits, bint strict):
    """Return a ChunkedBody whose octets go to decoded() until its `reader` is set."""
    cdef ChunkedBody body = ChunkedBody.__new__(ChunkedBody)

    body.obey(limits, strict)
    return body


def chunk_size(bytes line not None, bint strict=False):
    """Return the size in a whole chunk-size line; raise ValueError for another (RFC 9112 7.1)."""
    cdef const uint8_t *octets = <const uint8_t *> PyBytes_AS_STRING(line)
    cdef size_t end = PyBytes_GET_SIZE(line)
    cdef size_t at = 0
    cdef uint64_t size = 0
    cdef http1_rc rc = http1_chunk_line(octets, end, &at, strict, end + 1, &size)

    if rc != HTTP1_OK or at != end:
        raise ValueError(BAD_LINE.format(line[:_SHOWN]))
    return size
