# SPDX-License-Identifier: MIT
"""Content without its content codings (RFC 9110 8.4): gzip, deflate, br and zstd.

``decoded(response)`` is a file with the decoded content of a response.  `Decoder` does the same
for bytes that you receive yourself.  `ACCEPT_ENCODING` (str) is the value of an Accept-Encoding
header (RFC 9110 12.5.3) with the codings that work here.

gzip and deflate work wherever Python has zlib, and faster with zlib-ng.  br needs brotli or
brotlicffi, from 1.2; without a GIL brotlicffi.  zstd needs Python 3.14 or backports.zstd.
``pip install "httpclient-accel[decoding]"`` installs what is needed.

The content may be hostile.  Memory follows the output that you ask for: beyond it, httpclient
holds less than 2 MiB, plus the window of each br coding (at most 16 MiB) and zstd coding (at most
8 MiB, RFC 9659).
"""
from __future__ import annotations

import copy
import functools
import http.client
import io
import operator

from ._common.exceptions import IncompleteRead, ReadAborted
from ._response import codings as _codings
from ._response.codings import (
    ContentTooLong, DamagedContent, DecodingError, TrailingBytes, TruncatedContent, UnknownCoding,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO, Protocol

    from _typeshed import ReadableBuffer

    ACCEPT_ENCODING: str

    class _Response(Protocol):
        """What decoded() needs of a response."""

        def getheader(self, name: str, /) -> str | None: ...
        def read1(self, n: int = -1, /) -> bytes: ...
        def close(self) -> None: ...

    # BinaryIO, so that the file may go wherever a binary file may.
    class _BinaryFile(io.BufferedIOBase, BinaryIO):
        pass
else:
    _BinaryFile = io.BufferedIOBase

__all__ = [     # noqa: F822, because of __getattr__()
    "ACCEPT_ENCODING", "Decoder", "decoded", "DecodingError", "UnknownCoding", "TruncatedContent",
    "DamagedContent", "TrailingBytes", "ContentTooLong",
]
# The most codings on top of each other.
MOST_CODINGS = 5
# The bytes that decoded() receives and decodes at a time.
_STEP = 65536


def __getattr__(name):
    if name == "ACCEPT_ENCODING":
        # Computed when first asked for, because it imports each library.
        value = ", ".join(coding for coding, (_, library) in _codings.CODINGS.items()
                          if coding != "x-gzip" and library() is not None)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})


def _parsed(value):
    """Return the codings in the value of Content-Encoding, and what removes each of them."""
    names = [name.strip(" \t").lower() for name in value.split(",")]
    names = [name for name in names if name and name != "identity"]
    if len(names) > MOST_CODINGS:
        raise UnknownCoding(f"more than {MOST_CODINGS} content codings")
    return tuple(names), [_codings.found(name) for name in names]


_found = functools.lru_cache(maxsize=64)(_parsed)


class _Joined:
    """Joins pieces without holding all of them twice."""

    def __init__(self):
        self._first = b""
        self._file = None

    def add(self, piece):
        if self._file is not None:
            self._file.write(piece)
        elif not self._first:
            self._first = piece
        else:
            file = io.BytesIO()
            file.write(self._first)
            file.write(piece)
            self._first, self._file = b"", file

    def value(self):
        # getvalue() hands over the buffer of the file and copies nothing.
        return self._first if self._file is None else self._file.getvalue()


class Decoder:
    """Remove content codings from bytes, without I/O.

    :param codings: the value of Content-Encoding (str), or an iterable of such values, in the
        order in which the codings were applied (RFC 9110 8.4).  Names are compared without case;
        ``identity`` and empty list members are ignored.
    :param max_length: the most bytes that the decoded content may have (int), default None: no
        limit.

    Raises UnknownCoding, with the name in its ``coding``, for a coding that is unknown or has no
    library here, and for more than five codings.

    Attributes:

    - `codings`: their names (tuple of str), the first one applied first
    - `pending` (bool): whether a call stopped at its `max_output`, so that ``feed(b"", …)`` or
      ``end(…)`` may return more

    One thread at a time may use a Decoder.
    """

    codings: tuple[str, ...]
    pending: bool

    def __init__(
        self, codings: str | Iterable[str], *, max_length: int | None = None
    ) -> None:
        value = codings if isinstance(codings, str) else ",".join(codings)
        # The cache must not hold on to long values, which a server may choose.
        self.codings, found = (_found if len(value) < 100 else _parsed)(value)
        if len(found) == 1:
            coding, library = found[0]
            self._last = coding(library)
            self._single = max_length is None
        else:
            self._stack(found)
        if max_length is not None:
            self._left = self._max_length = operator.index(max_length)
            if max_length < 0:
                raise ValueError(f"max_length should be 0 or more, got {max_length}")

    # What __init__() would set for each Decoder, which takes longer.
    pending = False
    _left = None            # bytes that max_length leaves
    _single = False         # one coding, no max_length, and nothing was fed yet
    _fed = _over = False
    _failure = None
    _stages = ()            # all codings, unless there is just one
    _work = None

    def _stack(self, found):
        """Put codings on top of each other; the one that was applied last is removed first."""
        stages = [coding(library) for coding, library in reversed(found)]
        stages = stages or [_codings.Identity(None)]
        self._work = _codings.Work()
        for below, stage in zip(stages, stages[1:]):
            stage.stack_on(below, self._work)
        self._stages = stages
        self._last = stages[-1]

    def feed(self, data: ReadableBuffer, max_output: int | None = None) -> bytes:
        """Decode the next bytes of content.

        :param data: the bytes (any bytes-like object), in pieces of any size.
        :param max_output: the most bytes to return (int, at least 1), default None: all that
            there are.  What could not be decoded within it is kept; ``feed(b"", …)`` goes on.
        :return: decoded bytes; b"" if more input is needed.

        Raises

        - DamagedContent for bytes that the coding does not allow and for wrong checksums,
        - TrailingBytes for bytes after the end of the coding.  Zeros after gzip are allowed,
        - ContentTooLong above `max_length`,
        - ValueError after end().

        Their `partial` is what this call has decoded.  Further calls raise the exception again,
        with an empty `partial`.
        """
        if self._over:
            raise ValueError("feed() after end()")
        if type(data) is not bytes:
            data = bytes(data)
        if data:
            self._fed = True
            if self._single:
                self._single = False
                if max_output is None:
                    try:
                        piece = self._last.begin(data)
                    except BaseException:
                        self._failure = _interrupted()
                        raise
                    if piece is not None:
                        return piece
            (self._stages[0] if self._stages else self._last).put(data)
        return self._decode(max_output)

    def end(self, max_output: int | None = None) -> bytes:
        """Note the end of the input; return the rest of the content.

        :param max_output: the most bytes to return (int, at least 1), default None: all.  While
            `pending` is true, call end() again.
        :return: decoded bytes.

        No input at all is no content, whatever its coding (RFC 9110 8.6): b"".  Raises the errors
        of feed(), and TruncatedContent if a coding is not complete.
        """
        self._over = True
        if self._last.whole:
            return b""
        return self._decode(max_output)

    def _decode(self, bound):
        if bound is not None and operator.index(bound) < 1:
            raise ValueError(f"max_output should be at least 1, got {bound}")
        if self._failure is not None:
            raise _again(self._failure)
        left = self._left
        # One byte above max_length shows that the content is too long.
        limit = bound if left is None else left + 1 if bound is None else min(bound, left + 1)
        content = _Joined()
        room = limit
        self.pending = False
        try:
            while piece := self._last.take(room):
                content.add(piece)
                if self._work is not None:
                    self._work.content += len(piece)
                if room is not None:
                    room -= len(piece)
                    if not room:
                        self.pending = True
                        break
            else:
                if self._over and self._fed:
                    for stage in self._stages or [self._last]:
                        stage.check_end()
            data = content.value()
            if left is not None:
                if len(data) > left:
                    raise ContentTooLong(f"the content has more than {self._max_length} bytes")
                self._left = left - len(data)
            return data
        except DecodingError as error:
            self.pending = False
            error.partial = content.value()[:left]
            self._failure = _again(error)
            raise
        except BaseException:
            self._failure = _interrupted()
            raise


def _interrupted():
    """Return the exception for calls after Ctrl-C or a lack of memory, which may lose bytes."""
    return DecodingError("an earlier call was interrupted")


def _again(error):
    """Return a copy of an exception, without what was decoded."""
    again = copy.copy(error)
    again.__cause__ = error.__cause__
    return _with_partial(again, b"")


def _with_partial(error, partial):
    error.partial = partial
    if isinstance(error, http.client.IncompleteRead):
        error.args = partial, *error.args[1:]
    return error


def decoded(response: _Response, *, max_length: int | None = None) -> _DecodedContent:
    """Return a file that reads the content of a response without its content codings.

    :param response: an HTTPResponse of httpclient or http.client whose content has not been read.
        Its Content-Encoding names the codings.
    :param max_length: the most bytes that the decoded content may have (int), default None: no
        limit.
    :return: a binary file.  read(), read1(), readinto(), readline(), readlines(), peek() and
        iteration work as on the response, and close() closes it.

    Raises UnknownCoding, as Decoder does; the response can be read as it is then.

    Without content (HEAD, 204, 304) the file is empty.  A read raises

    - DamagedContent, TrailingBytes, TruncatedContent, ContentTooLong as Decoder does,
    - IncompleteRead, if the connection ended before the content did.  Unlike the response's own
      ``read(amt)``, every read does.
    - what the response raises: TimeoutError, OSError.

    A read returns everything before such an error first, if that is enough for it.  The `partial`
    of DecodingError, IncompleteRead and ConnectionAbortedError is the decoded content that the
    read has taken.  After any other exception, what was decoded is kept for the next read.  That
    read goes on where the response does: after Ctrl-C, or BlockingIOError of a socket without a
    timeout.  After a TimeoutError, the response raises OSError, as in http.client.

    One thread at a time may use the file.

    A response with status 206 has a part of the coded content (RFC 9110 14.2), which cannot be
    decoded alone.
    """
    # Without content, its coding does not matter.
    codings = "" if getattr(response, "length", None) == 0 else response.getheader(
        "Content-Encoding") or ""
    decoder = Decoder(codings, max_length=max_length)
    return _DecodedContent(response, decoder)


class _DecodedContent(_BinaryFile):
    """The file that decoded() returns."""

    def __init__(self, response: _Response, decoder: Decoder) -> None:
        self._response = response
        self._decoder = decoder
        self._unread = b""              # decoded, and read up to _at
        self._at = 0
        self._received_all = False
        self._failure = None            # raised by reads once everything before it was read

    def readable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Close the file and the response."""
        if self.closed:
            return
        try:
            super().close()
        finally:
            self._unread = b""
            self._response.close()

    def __del__(self) -> None:
        # IOBase.__del__() would call close(), but the response may still be in use.
        pass

    def _check_open(self):
        if self.closed:
            raise ValueError("read of closed file")

    def _receive(self):
        """Receive once and decode."""
        decoder, response = self._decoder, self._response
        try:
            data = response.read1(_STEP)
        except (http.client.IncompleteRead, ReadAborted) as error:
            self._failure = error.with_traceback(None)
            return decoder.feed(error.partial, _STEP)
        if data:
            return decoder.feed(data, _STEP)
        missing = getattr(response, "length", None)
        if missing or getattr(response, "incomplete", False):
            self._failure = IncompleteRead(b"", missing or None)
            return b""
        self._received_all = True
        return decoder.end()

    def _fill(self):
        """Decode until there is an unread byte; return False at the end and before a failure."""
        self._check_open()
        while self._at == len(self._unread):
            try:
                if self._decoder.pending:
                    piece = self._decoder.feed(b"", _STEP)
                elif self._failure is not None or self._received_all:
                    return False
                else:
                    piece = self._receive()
            except DecodingError as error:
                piece, self._failure = error.partial, error.with_traceback(None)
            self._unread, self._at = piece, 0
        return True

    def _gather(self, size, line=False):
        """Return `size` bytes (None: all), or with `line` those up to the next LF."""
        self._check_open()
        content = _Joined()
        left = size
        whole = False
        try:
            while not whole and left != 0 and self._fill():
                unread, at = self._unread, self._at
                stop = len(unread) if left is None else min(len(unread), at + left)
                if line and (found := unread.find(b"\n", at, stop)) >= 0:
                    stop, whole = found + 1, True
                content.add(unread[at:stop])
                self._at = stop
                if left is not None:
                    left -= stop - at
        except BaseException:
            self._put_back([content.value()])
            raise
        data = content.value()
        if left != 0 and not whole:
            self._raise_failure(data)
        return data

    def _put_back(self, pieces):
        self._unread = b"".join([*pieces, self._unread[self._at:]])
        self._at = 0

    def _raise_failure(self, partial):
        """Raise the exception that ended the content, if any."""
        if self._failure is not None:
            error, self._failure = self._failure, _again(self._failure)
            try:
                raise _with_partial(error, partial)
            finally:
                # The exception refers to this frame: a reference back would form a cycle.
                del error

    def read(self, size: int | None = -1, /) -> bytes:
        """Read and return decoded content, `size` bytes (int); None and negative numbers: all."""
        if size is None or size < 0:
            return self._gather(None)
        at = self._at
        if 0 < size <= len(self._unread) - at:
            self._at = at + size
            return self._unread[at:at + size]
        return self._gather(size)

    def read1(self, size: int = -1, /) -> bytes:
        """Return decoded content, waiting only until there is any; b"" at the end of the content.

        :param size: the most bytes to return (int); -1, the default, sets no limit.
        """
        self._check_open()
        if not size:
            return b""
        if not self._fill():
            self._raise_failure(b"")
        at = self._at
        self._at = len(self._unread) if size < 0 else min(len(self._unread), at + size)
        return self._unread[at:self._at]

    def peek(self, size: int = 0, /) -> bytes:
        """Return decoded content without consuming it; b"" at the end and before an error."""
        self._fill()
        return self._unread[self._at:]

    def readline(self, size: int | None = -1, /) -> bytes:  # type: ignore[override]
        """Return decoded content up to and with the next LF, at most `size` bytes (int)."""
        return self._gather(None if size is None or size < 0 else size, line=True)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:  # type: ignore[override]
        """Return the lines of the content; stop after the line that makes them `hint` bytes."""
        lines = []
        size = 0
        try:
            while line := self.readline():
                lines.append(line)
                size += len(line)
                if hint is not None and 0 < hint <= size:
                    break
        except BaseException as error:
            if self._failure is None:
                self._put_back(lines)
            else:
                _with_partial(error, b"".join(lines) + getattr(error, "partial", b""))
            raise
        return lines


for _name in __all__[1:]:
    globals()[_name].__module__ = __name__
del _name
