# SPDX-License-Identifier: MIT
"""The body of a request, piece by piece, for a socket that does not block."""
from __future__ import annotations

import io
from itertools import count

from .._common.mistakes import note, wrong_piece, wrong_text
from .._request import body as _body
from .._request.repeating import rewinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from _typeshed import ReadableBuffer


_NONE_LEFT = object()


class Upload:
    """A body that is sent after the head of its request.

    :param body: bytes-like, a file, or an iterable of bytes-like objects.
    :param chunked: whether the pieces are chunks (bool; RFC 9112 7.1).
    :param blocksize: the bytes to read at once from a file (int).

    Raises TypeError for a body of another type, and BufferError if its memory is not contiguous.
    Nothing is taken from the body before the first next_piece().

    `may_repeat` (bool) says whether rewind() is possible.  `rewinder` is the function that makes
    the body itself ready to be sent again, or None.
    """

    __slots__ = ("_body", "_chunked", "_blocksize", "rewinder", "_pieces")

    def __init__(self, body: Any, chunked: bool, blocksize: int) -> None:
        self.rewinder = rewinder(body)
        self._body = body
        if not hasattr(body, "read"):
            try:
                self._body = _octets(body)
            except TypeError:
                pass    # It is an iterable, or refused by the next step.
        self._chunked = chunked
        self._blocksize = blocksize
        self._begin()

    def _begin(self) -> None:
        self._pieces: Iterator[ReadableBuffer] = _pieces(
            self._body, _body.blocks(self._body, self._file_blocks), self._chunked)

    def _file_blocks(self, file):
        return _body.file_blocks(file, self._blocksize, isinstance(file, io.TextIOBase))

    def next_piece(self) -> ReadableBuffer:
        """Return the next piece, a bytes-like object of single bytes; b"" at the end.

        A subclass may return None if there is none yet; Crowd.resume() tells that there is one.

        Raises what the body raises, and TypeError or UnicodeEncodeError for a piece that cannot be
        sent.  The server has a part of the request then, so close the connection.
        """
        return next(self._pieces, b"")

    def stop(self) -> None:
        """Take notice that no more pieces will be sent for now: the connection failed."""

    @property
    def may_repeat(self) -> bool:
        """Return True if the body can be sent again, after rewind()."""
        return self.rewinder is not None

    def rewind(self) -> None:
        """Begin with the first piece again; raise ValueError if the body cannot be sent again."""
        if self.rewinder is None:
            raise ValueError(f"a body of {type(self._body)!r} cannot be sent again")
        self.rewinder()
        self._begin()


def _octets(data):
    """Return a bytes-like object as its bytes in one dimension; raise TypeError for any other."""
    if type(data) is bytes:
        return data
    view = memoryview(data)
    if not view.c_contiguous:
        raise BufferError("a body should be contiguous in memory; send bytes(body)")
    try:
        return view.cast("B")
    except (TypeError, ValueError, NotImplementedError):
        # It has items of a format that cast() does not know.
        return view.tobytes()


def _pieces(body, blocks, chunked):
    """Yield the pieces of a body, none of them empty; see Sending._send_output()."""
    blocks = iter(blocks)
    for at in count(1):
        try:
            block = next(blocks, _NONE_LEFT)
        except UnicodeEncodeError as error:
            note(error, wrong_text, body, error)
            raise
        if block is _NONE_LEFT:
            break
        if not block:
            continue
        try:
            if isinstance(block, str):
                raise TypeError("a bytes-like object is required, not 'str'")
            piece = _body.chunk(block) if chunked else _octets(block)
        except TypeError as error:
            note(error, wrong_piece, body, at, block)
            raise
        yield piece
    if chunked:
        yield _body.LAST_CHUNK
