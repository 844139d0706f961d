# SPDX-License-Identifier: MIT
"""Pieces: reads content in one call in C: all of it, or a piece that has been received.

If a piece has not been received whole, or a step is overridden or replaced, each method returns
NOT_MINE without side effects, and the caller takes http.client's steps.  Chunked content is read
by read() in any case.  The attributes of the response say how much content is left, as they do
for the steps, and are kept up to date.
"""
cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains
from libc.string cimport memchr, memcpy

from .chunked cimport ChunkedBody
from .http1 cimport uint8_t
from .guards cimport Originals, attributes, get
from .python cimport clipped_size
from .reader cimport PEEK, Reader
from .response_state cimport ResponseState, state_in
from .socket_reader cimport SocketReader

from .guards import NOT_MINE as _NOT_MINE
from .socket_reader import RawReader

cdef object NOT_MINE = _NOT_MINE
cdef str GET = "GET"
cdef object NOTHING = 0
cdef bytes NO_TRAILERS = b"\r\n"
cdef Py_ssize_t ONCE = 1 << 20          # the most bytes that read1() returns if `n` is negative

cdef enum:                              # which method piece() does
    READ1
    PEEKING
    LINE


@cython.final
cdef class Pieces:
    """Reads the content of a response from its Reader.

    The Originals hold the steps that are left out: `whole` for all of content with a length,
    `parts` for a piece of it, `chunks` for chunked content, and `lines` for readline() of that.
    `cold` has functions for rare cases, and strict_of(), which returns the setting of a response.
    """

    cdef object _cold
    cdef Originals _whole
    cdef Originals _parts
    cdef Originals _chunks
    cdef Originals _lines

    def __init__(self, cold, Originals whole not None, Originals parts not None,
                 Originals chunks not None, Originals lines not None):
        self._cold = cold
        self._whole = whole
        self._parts = parts
        self._chunks = chunks
        self._lines = lines

    def read(self, response, n):
        """Return `n` bytes of content, or all of it if `n` is None or negative."""
        cdef Py_ssize_t size = -1 if n is None else limit_of(n)
        cdef dict own = attributes(response)
        cdef bytes data
        cdef Reader reader

        if size == 0:
            return NOT_MINE
        if get(own, "chunked", None) is True:
            reader = self.reader_of(own, 0)
            return NOT_MINE if reader is None else self.from_chunks(response, own, reader, size)
        if size < 0:
            return self.rest(response, own)
        reader = self.reader_of(own, size)
        if reader is None:
            return NOT_MINE
        data = PyBytes_FromStringAndSize(NULL, size)
        return data if self.fills(response, own, reader, "_read_chunked",
                                  <uint8_t *> PyBytes_AS_STRING(data), size) else NOT_MINE

    cdef object rest(self, object response, dict own):
        """Return the rest of content with a length, received into place."""
        cdef SocketReader reader
        cdef bytes data
        cdef bint failed = True

        fp = get(own, "fp", None)
        if type(fp) is not SocketReader or not self._whole.of_object(response, own):
            return NOT_MINE
        length = get(own, "length", None)
        method = get(own, "_method", None)
        if (type(length) is not int or get(own, "chunked", None) is not False
                or (method is not GET and method == "HEAD")):
            return NOT_MINE
        reader = <SocketReader> fp
        reader.begin_turn()
        try:
            with cython.critical_section(reader):
                data = reader.take_last(clipped_size(length, NULL),
                                        get(own, "will_close", None) is False)
            if data is None:
                failed = False
                return NOT_MINE     # Another thread has closed the response.
            if PyBytes_GET_SIZE(data) != length:
                self._cold.came_short(response, data)
            own["length"] = NOTHING
            if reader.surplus:
                # Before ``fp``, as another thread may be in usable_socket().
                own["will_close"] = True
            own["fp"] = None
            failed = False
            return data
        finally:
            reader.end_turn(failed)

    cdef object from_chunks(self, object response, dict own, Reader reader, Py_ssize_t size):
        """Return `size` bytes of chunked content, or the rest if negative; receive if needed."""
        cdef ChunkedBody body
        cdef bytes data = None
        cdef bint failed = True

        reader.begin_turn()
        try:
            with cython.critical_section(reader):
                body = self.body_of(response, own, reader, self._chunks, "_read_chunked")
                if body is not None and 0 < size <= reader._end - reader._at:
                    data = PyBytes_FromStringAndSize(NULL, size)
                    if not body.copy(<uint8_t *> PyBytes_AS_STRING(data), size):
                        data = None
            if body is None:
                failed = False
                return NOT_MINE
            if data is None:
                try:
                    data = body.read(size)
                except BaseException as error:
                    self._cold.chunks_failed(response, body, error)
                    raise error     # chunks_failed() may have changed its class.
            own["chunk_left"] = body.left_in_chunk()
            if body.ended:
                self.end_chunks(response, own, body, data)
            failed = False
            return data
        finally:
            reader.end_turn(failed)

    cdef int end_chunks(self, object response, dict own, ChunkedBody body, bytes data) except -1:
        """End a response whose chunked body has been read to its end, the last piece in `data`."""
        cdef ResponseState state

        if body.trailers != NO_TRAILERS:
            self._cold.chunks_ended(response, body, data)
            return 0
        state = state_in(own)
        state.trailer_section = NO_TRAILERS
        with cython.critical_section(state):
            state._body = None
        if body.reader.end_message(get(own, "will_close", True)):
            # Bytes after the end of the message are never taken for the next response.
            own["will_close"] = True
        # In this order, an exception out of close() leaves a response that cannot be read on.
        body.reader.close()
        own["fp"] = None
        return 0

    def readinto(self, response, buffer):
        """Fill `buffer`, a bytearray or memoryview; return its size in bytes."""
        cdef Py_buffer view
        cdef dict own = attributes(response)
        cdef Reader reader

        if type(buffer) is not bytearray and type(buffer) is not memoryview:
            return NOT_MINE
        try:
            PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        except (BufferError, ValueError):
            return NOT_MINE
        try:
            reader = self.reader_of(own, view.len) if view.len else None
            if reader is not None and self.fills(response, own, reader, "_readinto_chunked",
                                                 <uint8_t *> view.buf, view.len):
                return view.len
            return NOT_MINE
        finally:
            PyBuffer_Release(&view)

    def read1(self, response, n):
        """Return up to `n` unread bytes, of one chunk if there are chunks."""
        return self.piece(response, READ1, limit_of(n), self._chunks, "_read1_chunked")

    def arrived(self, response, n):
        """Return up to `n` bytes of chunked content, of all chunks that have been received."""
        cdef Py_ssize_t size = limit_of(n)
        cdef dict own = attributes(response)
        cdef ChunkedBody body
        cdef bytes data = None
        cdef bint failed = True
        cdef Reader reader = self.reader_of(own, 1)

        if size <= 0 or reader is None:
            return NOT_MINE
        reader.begin_turn()
        try:
            with cython.critical_section(reader):
                body = self.body_of(response, own, reader, self._chunks, "_read1_chunked")
                if body is not None:
                    data = body.arrived(size)
            if data is not None:
                own["chunk_left"] = body.left_in_chunk()
            failed = False
            return NOT_MINE if data is None else data
        finally:
            reader.end_turn(failed)

    def peek(self, response):
        """Return the unread bytes, of one chunk if there are chunks, and keep them."""
        return self.piece(response, PEEKING, PEEK, self._chunks, "_peek_chunked")

    def readline(self, response, limit):
        """Return content up to and with the next LF, `limit` bytes at most if not negative."""
        return self.piece(response, LINE, limit_of(limit), self._lines, "_read_chunked")

    cdef object piece(self, object response, int kind, Py_ssize_t most, Originals steps,
                      str step):
        """Do read1(), peek() or readline(); `steps` and `step` are for body_of()."""
        cdef Py_ssize_t size
        cdef dict own = attributes(response)
        cdef ChunkedBody body
        cdef bytes data = None
        cdef bint failed = True
        cdef Reader reader

        if most == 0:
            return NOT_MINE
        reader = self.reader_of(own, 0)
        if reader is None:
            return NOT_MINE
        reader.begin_turn()
        try:
            with cython.critical_section(reader):
                body = self.body_of(response, own, reader, steps, step)
                if kind == LINE and body is not None:
                    size = body.line_at_hand(most)
                else:
                    size = (self.at_hand(response, own, reader) if body is None
                            else body.at_hand())
                    if kind != LINE:
                        size = min(size, most if most > 0 else ONCE)
                    elif size > 0:
                        size = line_in(reader.unread_octets(), size, most)
                if size > 0 and kind == PEEKING:
                    data = PyBytes_FromStringAndSize(<char *> reader.unread_octets(), size)
                elif size > 0 and kind == LINE and body is not None:
                    # The line may be in several chunks.
                    data = PyBytes_FromStringAndSize(NULL, size)
                    if not body.copy(<uint8_t *> PyBytes_AS_STRING(data), size):
                        data = None
                elif size > 0:
                    data = reader.take(size)
                    if body is not None:
                        body.count(size)
            if data is not None:
                if body is not None:
                    own["chunk_left"] = body.left_in_chunk()
                elif kind != PEEKING:
                    self.count(response, own, size)
            failed = False
            return NOT_MINE if data is None else data
        finally:
            reader.end_turn(failed)

    cdef bint fills(self, object response, dict own, Reader reader, str step, uint8_t *out,
                    Py_ssize_t n) except -1:
        """Copy `n` bytes to `out`; return False, without side effects, for NOT_MINE."""
        cdef ChunkedBody body
        cdef bint failed = True, filled

        reader.begin_turn()
        try:
            with cython.critical_section(reader):
                body = self.body_of(response, own, reader, self._chunks, step)
                if body is not None:
                    filled = body.copy(out, n)
                else:
                    filled = self.at_hand(response, own, reader) >= n
                    if filled:
                        memcpy(out, reader.unread_octets(), n)
                        reader._at += n
                        reader._last_chunk = reader.after_last_chunk = False
            if filled:
                if body is None:
                    self.count(response, own, n)
                else:
                    own["chunk_left"] = body.left_in_chunk()
            failed = False
            return filled
        finally:
            reader.end_turn(failed)

    cdef Reader reader_of(self, dict own, Py_ssize_t least):
        """Return the Reader of a response, or None if it holds fewer unread bytes than `least`.

        Also None if it cannot be read, or the response has no content (HEAD).
        """
        cdef Reader reader

        fp = get(own, "fp", None)
        if not isinstance(fp, Reader):
            return None
        reader = <Reader> fp
        with cython.critical_section(reader):
            if (reader.closed or reader._failure is not None
                    or least > reader._end - reader._at):
                return None
        method = get(own, "_method", None)
        return None if method is not GET and method == "HEAD" else reader

    cdef ChunkedBody body_of(self, object response, dict own, Reader reader, Originals steps,
                             str step):
        """Return the ChunkedBody of a response with chunked content, or None.

        `step` is the method of the step: a program may have set it on the object.
        """
        cdef ResponseState state

        if (get(own, "chunked", None) is not True or not steps.of_object(response, own)
                or PyDict_Contains(own, step)):
            return None
        state = state_in(own)
        with cython.critical_section(state):
            body = state._body
            limits = state._limits
        if type(body) is not ChunkedBody or (<ChunkedBody> body).reader is not reader:
            if type(reader) is not SocketReader and type(reader) is not RawReader:
                return None
            body = ChunkedBody(reader, limits, self._cold.strict_of(response) is True)
            # Python code has run, and may have replaced ``fp``.
            if get(own, "fp", None) is not reader:
                return None
            with cython.critical_section(state):
                state._body = body
        (<ChunkedBody> body).set_left_in_chunk(get(own, "chunk_left", None))
        return None if reader.closed else <ChunkedBody> body

    cdef Py_ssize_t at_hand(self, object response, dict own, Reader reader) except -1:
        """Return how many unread bytes are content; 0 if it is chunked or a step is replaced."""
        cdef Py_ssize_t have
        if get(own, "chunked", None) is not False or not self._parts.of_object(response, own):
            return 0
        length = get(own, "length", None)
        have = reader._end - reader._at     # Read late: of_object() lets other threads run.
        if length is None:
            return have
        return min(have, clipped_size(length, NULL)) if type(length) is int and length > 0 else 0

    cdef int count(self, object response, dict own, Py_ssize_t n) except -1:
        """Reduce `length` by `n` bytes of content; end the response if none are left."""
        length = get(own, "length", None)
        if length is not None:
            length = length - n
            own["length"] = length
            if not length:
                response._close_conn()
        return 0


cdef Py_ssize_t limit_of(object n) except? -1:
    """Return the limit that a caller sets as a C number, or 0 if the steps must judge it."""
    return clipped_size(n, NULL) if type(n) is int else 0


cdef Py_ssize_t line_in(const uint8_t *octets, Py_ssize_t size, Py_ssize_t most) noexcept:
    """Return the size of the line that octets[:size] begins with; 0 if it is not whole.

    A line of `most` bytes needs no LF; a negative `most` sets no limit.
    """
    cdef const uint8_t *found

    if 0 < most < size:
        size = most
    found = <const uint8_t *> memchr(octets, c'\n', size)
    if found is not NULL:
        return found - octets + 1
    return size if size == most else 0


cdef bytes octets_of(Reader reader, Py_ssize_t n):
    """Return reader.read(n)."""
    with cython.critical_section(reader):
        reader.check_readable()
        return reader.read_octets(n)


def safe_read(incomplete_read, read_at_most):
    """Return the method HTTPResponse._safe_read(), which raises `incomplete_read`.

    It is a function in C, not a Python method that calls Pieces, because urllib3 calls it once or
    twice for each chunk: it reads chunked bodies by this method and ``fp.readline()``.
    """
    @cython.binding(True)
    def _safe_read(self, amt):
        """Return `amt` bytes read from ``fp``; raise IncompleteRead if the stream ends first."""
        fp = self.fp
        if isinstance(fp, Reader) and type(amt) is int:
            data = octets_of(<Reader> fp, clipped_size(amt, NULL))
        else:
            data = read_at_most(fp, amt)
        if len(data) < amt:
            raise incomplete_read(data, amt - len(data))
        return data

    return _safe_read
