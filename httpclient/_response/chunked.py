# SPDX-License-Identifier: MIT
"""Read content in chunked transfer encoding (RFC 9112 7.1).

If ``fp`` is a Reader and no step is replaced, _core's ChunkedBody reads it.  Otherwise
http.client's own steps do, such as _get_chunk_left() and _safe_read(), which programs call and
override.  Both ways share the state ``chunk_left``.
"""
import io
import sys

from .._common.exceptions import (
    BadHeaderLine, HTTPException, IncompleteRead, LineTooLong, ReadAborted, line_too_long, renamed,
)
from .._common.limits import SHOWN
from .._core.chunked import ChunkedBody, chunk_size
from .._core.guards import Originals
from .._core.pieces import safe_read
from .._core.response_state import response_state
from .ending import READERS, abandon, lose
from .policy import EMPTY_LINES, odd_fields
from .settings import strict_of
from .stand_ins import as_response

# The size in bytes of the first read from a file that is no Reader; later reads are larger.
_MIN_READ_BUF_SIZE = 1 << 20


def file_of(response):
    """Return the `fp` of a response that was open when this read began; raise ReadAborted."""
    fp = response.fp
    if fp is None:
        # Another thread has closed the response since this read began.
        raise ReadAborted()
    return fp


def read_at_most(fp, amt):
    """Read and return `amt` bytes from a file, fewer at the end of the stream.

    Memory is allocated as bytes arrive, because a server may announce any length.
    """
    if fp is None:
        # As in file_of().
        raise ReadAborted()
    if amt <= _MIN_READ_BUF_SIZE or type(fp) in READERS:
        return fp.read(min(amt, sys.maxsize))
    content = io.BytesIO()
    while content.tell() < amt:
        size = min(amt - content.tell(), max(_MIN_READ_BUF_SIZE, content.tell()))
        piece = fp.read(size)
        content.write(piece)
        if len(piece) < size:
            break
    return content.getvalue()


def chunked_body(response):
    """Return the ChunkedBody of a response, or None if the steps must read the content."""
    fp = response.fp
    if not in_one_go(response) or type(fp) not in READERS:
        return None
    state = response_state(response)
    body = state.body
    if body is None or body.reader is not fp:
        strict = strict_of(response) is True
        body = state.body = ChunkedBody(fp, state.limits, strict)
    body.chunk_left = response.chunk_left
    return body


def in_one_go(response):
    """Return True if a ChunkedBody may read: no step is replaced."""
    return type(response.fp) in READERS and _steps.in_object(response)


def from_chunks(response, body, method, argument):
    """Call a read method of a ChunkedBody, update the response's attributes, return the result."""
    try:
        result = method(argument)
    except BaseException as error:
        chunks_failed(response, body, error)
        raise
    response.chunk_left = body.chunk_left
    if body.ended:
        chunks_ended(response, body, result if type(result) is bytes else bytes(argument)[:result])
    return result


def chunks_failed(response, body, error):
    """Update the attributes of a response after a read method of its ChunkedBody raised."""
    if isinstance(error, HTTPException):
        abandon(response)
        renamed(error)
    else:
        # The body has put back the content of this call.
        response.chunk_left = body.chunk_left


def chunks_ended(response, body, content):
    """End a response whose ChunkedBody has been read to its end by a call that read `content`."""
    try:
        _take_trailers(response, body.trailers)
    except IncompleteRead as error:
        raise incomplete(content, error)
    if not body.trailers:
        # Not even an empty line followed the last chunk: the stream has ended.
        response.will_close = True
    response_state(response).body = None
    response._close_conn()


def readline_by_steps(response, limit):
    """Do IOBase.readline() by peek() and read().

    IOBase's own method returns more than `limit` bytes if these are overridden.
    """
    line, begin = bytearray(), offset(response.fp)
    try:
        while limit < 0 or len(line) < limit:
            seen = response.peek(1)
            n = seen.find(b"\n") + 1 or len(seen) or 1
            piece = response.read(n if limit < 0 else min(n, limit - len(line)))
            line += piece
            if not piece or piece.endswith(b"\n"):
                break
        return bytes(line)
    except HTTPException as error:
        _reading_failed(response, bytes(line), error)
        raise
    except BaseException:
        if line or offset(response.fp) != begin:
            lose(response, bytes(line))
        raise


def _reading_failed(response, content, error):
    """Handle an exception in a call that has read `content` (bytes) by steps.

    IncompleteRead is raised anew for the whole call.  After another exception, the next read
    returns the content again, or raises: no byte is lost silently.
    """
    if isinstance(error, IncompleteRead):
        abandon(response)
        raise incomplete(content, error)
    fp = response.fp
    if isinstance(error, (HTTPException, ReadAborted)):
        error.partial = content + getattr(error, "partial", b"")
    elif content and type(fp) not in READERS:
        lose(response, content)
    elif content and fp.settled and not fp.closed:
        put_back(response, fp, content)


def _end_chunks(response):
    """Read the trailer section; put the last chunk back if that is interrupted."""
    begin = offset(response.fp)
    try:
        response._read_and_discard_trailer()
    except HTTPException:
        raise
    except BaseException:
        fp = response.fp
        if begin is not None and offset(fp) == begin and not fp.closed:
            # The next read begins with the last chunk.
            fp.put_back(b"0\r\n")
        raise


def _set_chunk_left(response, left):
    """Set `chunk_left`, and mark the position of a Reader as consistent with it."""
    response.chunk_left = left
    fp = response.fp
    if type(fp) in READERS:
        fp.settle()


def _read_chunk_end(response):
    """Read the CRLF after chunk data; raise IncompleteRead if it is anything else."""
    try:
        end = response._safe_read(2)
    except IncompleteRead as error:
        end = error.partial
    if end != b"\r\n":
        abandon(response)
        raise _bad_chunk(f"CRLF after chunk data expected (RFC 9112 7.1): {end!r}")
    response_state(response).framing_excess += 2


def _take_trailers(response, section):
    """Keep the trailer section (bytes); raise IncompleteRead if strict refuses a line of it."""
    try:
        check_trailers(section, strict_of(response))
    except IncompleteRead:
        abandon(response)
        raise
    response_state(response).trailer_section = section


class ChunkSteps:
    """The methods of HTTPResponse that are http.client's steps of reading chunks."""

    _safe_read = safe_read(IncompleteRead, read_at_most)

    def _safe_readinto(self, b):
        """Fill the buffer `b`, and return its size in bytes; raise IncompleteRead."""
        n = file_of(self).readinto(b)
        if n < len(b):
            raise IncompleteRead(bytes(b[:n]), len(b) - n)
        return n

    def _read_chunked(self, amt=None):
        """Read and return `amt` bytes of content, fewer only at its end, or all of it if None."""
        self = as_response(self)
        body = chunked_body(self)
        if body is not None:
            return from_chunks(self, body, body.read, amt)
        if amt is not None and amt < 0:
            amt = None
        # Chunks may be tiny: a list of them would take many times the memory.
        content = io.BytesIO()
        try:
            while (left := self._get_chunk_left()) is not None:
                if amt is not None and amt <= left:
                    content.write(self._safe_read(amt))
                    _set_chunk_left(self, left - amt)
                    break
                content.write(self._safe_read(left))
                if amt is not None:
                    amt -= left
                _set_chunk_left(self, 0)
            return content.getvalue()
        except BaseException as error:
            _reading_failed(self, content.getvalue(), error)
            raise

    def _readinto_chunked(self, b):
        """Fill the buffer `b` with content, and return the number of bytes, fewer at its end."""
        self = as_response(self)
        body = chunked_body(self)
        if body is not None:
            return from_chunks(self, body, body.readinto, b)
        with memoryview(b) as whole, whole.cast("B") as room:
            total = 0
            try:
                while total < len(room) and (left := self._get_chunk_left()) is not None:
                    n = self._safe_readinto(room[total:total + left])
                    total += n
                    _set_chunk_left(self, left - n)
                return total
            except BaseException as error:
                _reading_failed(self, bytes(room[:total]), error)
                raise

    def _read1_chunked(self, n):
        """Read up to `n` bytes of one chunk by one read1() of the file, and return them."""
        self = as_response(self)
        left = self._get_chunk_left()
        if left is None or n == 0:
            return b""
        if not 0 <= n <= left:
            n = min(left, _MIN_READ_BUF_SIZE)
        data = file_of(self).read1(n)
        self.chunk_left -= len(data)
        if not data:
            abandon(self)
            raise incomplete(b"", IncompleteRead(b"", left))
        return data

    def _peek_chunked(self, n):
        """Return bytes of the current chunk without consuming them; `n` is ignored."""
        self = as_response(self)
        try:
            left = self._get_chunk_left()
        except IncompleteRead as error:
            # As in http.client, peek() does not raise it: the next read does.
            response_state(self).unsaid = _without_frames(error)
            return b""
        if left is None:
            return b""
        return file_of(self).peek(left)[:left]

    def _get_chunk_left(self):
        """Return the bytes left in the chunk, never 0, or None after the last chunk.

        Reads the chunk framing at the current position: ``chunk_left`` is 0 at the end of chunk
        data, and None before a chunk-size line.  Raises IncompleteRead.  Source: http.client.
        """
        self = as_response(self)
        left = self.chunk_left
        if not left:
            if left is not None:
                _read_chunk_end(self)
                _set_chunk_left(self, None)
            try:
                left = self._read_next_chunk_size()
            except ValueError as error:
                raise IncompleteRead(b"") from error
            if left == 0:
                _end_chunks(self)
                self._close_conn()
                left = None
            _set_chunk_left(self, left)
        return left

    def _read_next_chunk_size(self):
        """Read a chunk-size line, and return the size; raise ValueError, LineTooLong."""
        self = as_response(self)
        state = response_state(self)
        max_line = state.limits.max_chunk_line
        left = state.limits.chunk_overhead - state.framing_excess
        line = file_of(self).readline(min(max_line, left) + 1)
        try:
            if len(line) > max_line:
                raise line_too_long("chunk size", max_line, line)
            if len(line) > left:
                raise ValueError(
                    f"more chunk framing than ten times the content, at {line[:SHOWN]!r}")
            size = chunk_size(line, strict_of(self) is True)
            state.framing_excess += len(line) - 10 * size
            return size
        except (ValueError, LineTooLong):
            abandon(self)
            raise

    def _read_and_discard_trailer(self):
        """Read the trailer section, and keep it for `trailers`; the name is http.client's."""
        self = as_response(self)
        limits = response_state(self).limits
        max_line, max_trailers, left = limits.max_line, limits.max_fields, limits.head
        lines, begin = [], offset(self.fp)
        for _ in range(max_trailers + 1):
            try:
                line = file_of(self).readline(min(max_line, left) + 1)
            except BaseException:
                taken, fp = b"".join(lines), self.fp
                if begin is not None and offset(fp) == begin + len(taken) and not fp.closed:
                    fp.put_back(taken)
                raise
            if len(line) > max_line:
                abandon(self)
                raise line_too_long("trailer line", max_line, line)
            left -= len(line)
            if left < 0:
                break
            if line in EMPTY_LINES:
                return _take_trailers(self, b"".join([*lines, line]))
            if not line and not (lines or strict_of(self)):
                self.will_close = True
                # Some servers end the stream after the line of the last chunk.
                return
            if not line.endswith(b"\n"):
                abandon(self)
                raise _bad_chunk("the stream ended within the trailer section (RFC 9112 8), "
                                 f"at {line[:SHOWN]!r}")
            lines.append(line)
        abandon(self)
        if left < 0:
            raise HTTPException(f"got more than {limits.head} bytes of trailers")
        raise HTTPException(f"got more than {max_trailers} trailers")


ChunkSteps._safe_read.__module__ = __name__
ChunkSteps._safe_read.__qualname__ = "ChunkSteps._safe_read"


def offset(fp):
    """Return the position of a Reader in its stream (bytes), or None for other files."""
    return fp.offset if type(fp) in READERS else None


def put_back(response, fp, content):
    """Put back content (bytes) that was read from the Reader `fp`: the next read returns it."""
    if response.chunked:
        body = ChunkedBody(fp, response_state(response).limits,
                           strict_of(response) is True)
        body.chunk_left = response.chunk_left
        body.put_back(content)
        response.chunk_left = body.chunk_left
    else:
        fp.put_back(content)
        if response.length is not None:
            response.length += len(content)


def check_trailers(section, strict):
    """Raise IncompleteRead if `strict` refuses a line of the trailer section (bytes)."""
    if strict:
        try:
            odd_fields(section, True, [])
        except BadHeaderLine as refused:
            raise _bad_chunk(f"in the trailer section, {refused}")


def incomplete(content, error):
    """Return IncompleteRead for a whole call, from the `error` that a step of it raised.

    `content` (bytes) is what the call had read before that step.
    """
    result = IncompleteRead(content + error.partial, error.expected)
    result.__cause__ = error.__cause__ or ValueError(
        "the stream ended within the chunked body (RFC 9112 8)")
    return result


def _without_frames(error):
    """Return an exception without its frames, which would form a cycle with the response."""
    if error.__cause__ is not None:
        error.__cause__.__traceback__ = None
    return error.with_traceback(None)


def _bad_chunk(why):
    """Return IncompleteRead without content, caused by a ValueError that says why."""
    error = IncompleteRead(b"")
    error.__cause__ = ValueError(why)
    return error


# The methods that are not called when a ChunkedBody reads the content.
CHUNK_STEPS = ("_get_chunk_left", "_read_next_chunk_size", "_read_and_discard_trailer",
               "_safe_read", "_safe_readinto")
_steps = Originals(ChunkSteps, *CHUNK_STEPS)
