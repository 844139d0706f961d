# SPDX-License-Identifier: MIT
"""ResponseParser: parse a response from bytes that your program receives (asyncio, trio, a file).

It reads head, framing and chunks by the same code as HTTPResponse, over a FeedReader.  Content
without chunks does not pass through that reader.
"""
from __future__ import annotations

from .._common import limits as _limits
from .._common.exceptions import HTTPException, IncompleteRead
from .._core.chunked import ChunkedBody
from .._core.feed_reader import FeedReader
from .._core.head import head_in
from .._core.response_state import ResponseState
from .chunked import check_trailers, incomplete
from .framing import message_framing
from .head import final_head, raw_head_of
from .message import message_of, trailers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Unpack

    from _typeshed import MaybeNone, ReadableBuffer

    from .._common.classes import HTTPMessage, InterimResponse
    from .._common.hints import Limiting


def _shown_signature(
        self, method="GET", *, reused=False, strict=None, max_response_headers=None,
        max_response_line=None, max_response_head=None, max_interim_responses=None,
        max_chunk_line=None, max_chunk_overhead=None):
    """The signature that inspect shows of the constructor, which takes the limits by **keywords."""


class ResponseParser:
    """A parser for one response, without I/O: feed() takes received bytes and returns content.

    :param method: the request's method (str), which decides whether there is content; default
        "GET".
    :param reused: whether the connection has brought a response before (bool), after which old
        servers may send an empty line; default False.
    :param strict: None, True or False, as for HTTPResponse; default None.

    The limits on the response, `max_response_headers` to `max_chunk_overhead`, are those of
    HTTPConnection.

    Attributes that are None until the head has been read:

    - `status` (int), `reason` (str), `headers` (HTTPMessage)
    - `version` (int): 10, 11, or 9 for HTTP/0.9
    - `chunked` (bool): whether the content has chunked transfer encoding
    - `length` (int): the bytes of content that have not been fed; None if unknown
    - `will_close` (bool): whether the connection ends with this message

    Other attributes:

    - `complete` (bool): whether the whole message has been fed
    - `surplus` (bytes): bytes fed after the end of the message.  They are never part of the
      response; after status 101 they belong to the new protocol (RFC 9110 7.8).
    - `failed` (bool): whether the response was refused, or broke off.  Close the connection then.
    """

    strict: bool | None
    # MaybeNone (Any) where None, before the head, would have to be ruled out at each use.
    status: int | MaybeNone
    reason: str | MaybeNone
    version: int | MaybeNone
    chunked: bool | MaybeNone
    length: int | None
    will_close: bool | MaybeNone
    complete: bool
    failed: bool
    surplus: bytes

    status = reason = version = chunked = length = will_close = None
    complete = failed = False
    surplus = b""
    # The FeedReader, once bytes must be kept until more have been fed.
    _reader = None
    # The text of the failure, for feed() calls after it.
    _why = None

    def __init__(self, method: str = "GET", *, reused: bool = False, strict: bool | None = None,
                 max_response_headers: int | None = None, **keywords: Unpack[Limiting]) -> None:
        self._method = method
        self.strict = None if strict is None else bool(strict)
        self._state = ResponseState()
        self._state.reused = reused
        if keywords:
            self._state.limits = _limits.taken_from(keywords)
        if keywords:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument "
                            f"{next(iter(keywords))!r}")
        if max_response_headers is not None:
            self._state.limits = self._state.limits._replace(fields=max_response_headers)

    __init__.__wrapped__ = _shown_signature

    # ---- feeding

    def feed(self, data: ReadableBuffer) -> bytes:
        """Take received bytes, and return the content among them.

        :param data: the next bytes of the stream (bytes-like).
        :return: bytes; b"" if `data` has no content.  `complete` says whether the message goes on.

        Raises the errors of HTTPResponse.begin() and read(), HTTPException after such an error,
        ValueError after the end of the message, and RuntimeError if two threads feed the parser.
        ``IncompleteRead.partial`` has the content of the same call.
        """
        if not self._state.begin_turn():
            raise _two_threads()
        try:
            self._check_open()
            if self._state.head is not None and self._state.body is None:
                return self._plain_content(
                    data if type(data) is bytes else bytes(memoryview(data)))
            head = None
            if self._reader is None:
                head = self._head_in(data)
                if head is None:
                    self._reader = FeedReader()
            if head is None:
                self._reader.feed(data)
            try:
                if head is not None:
                    return self._begin_with(head, data[head.size:])
                if self._state.head is None:
                    return self._begin()
                return self._from_chunks(self._reader.unread)
            except BaseException as error:
                self._fail(error)
                raise
        finally:
            self._state.end_turn()

    def end(self) -> bytes:
        """Take the end of the stream, and return content that only the end reveals (bytes).

        Raises the errors of HTTPResponse.begin() and read(), such as RemoteDisconnected and
        IncompleteRead, if the message is not complete.  Does nothing if it is.
        """
        if not self._state.begin_turn():
            raise _two_threads()
        try:
            return b"" if self.complete else self._end()
        finally:
            self._state.end_turn()

    def _end(self):
        """Do end() for a message that is not complete."""
        self._check_open()
        if self._reader is None:
            self._reader = FeedReader()
        self._reader.end()
        try:
            content = self._begin() if self._state.head is None else b""
            if self._state.body is not None:
                content = self._from_chunks(None)
            elif self.length:
                raise IncompleteRead(content, self.length)
            elif not self.complete:
                self._finish(b"")
            return content
        except BaseException as error:
            self._fail(error)
            raise

    def _check_open(self):
        """Raise if nothing more may be fed."""
        if self.failed:
            raise HTTPException("nothing is read after an error, close the connection: "
                                f"{self._why}")
        if self.complete:
            raise ValueError("the message is complete: use a new ResponseParser for the next one")

    def _fail(self, error):
        """Note the error that ends the response."""
        # The exception itself would keep all frames of its traceback.
        self._why = f"{type(error).__name__}: {error}"
        self.failed = self.will_close = True
        self._state.body = None
        self._close()

    def _finish(self, surplus):
        """Note the end of the message, and the bytes after it."""
        self.complete = True
        if surplus:
            self.surplus = surplus
            # As in HTTPResponse, bytes after the message end the use of the connection.
            self.will_close = True
        self._close()

    def _close(self):
        """Release the memory of the reader."""
        if self._reader is not None:
            self._reader.close()

    # ---- the content

    def _from_chunks(self, size):
        """Return the content among `size` unread bytes, or up to its end if `size` is None."""
        body, reader = self._state.body, self._reader
        content = body.read(size)
        if body.ended:
            try:
                check_trailers(body.trailers, self.strict)
            except IncompleteRead as error:
                raise incomplete(content, error)
            self._state.trailer_section = body.trailers
            if not body.trailers:
                # Not even an empty line followed the last chunk: the stream has ended.
                self.will_close = True
            self._finish(reader.read(reader.unread))
        return content

    def _plain_content(self, data):
        """Return the content among bytes of a message body without chunks."""
        length = self.length
        if length is None:
            return data
        if len(data) < length:
            self.length = length - len(data)
            return data
        self.length = 0
        self._finish(data[length:])
        return data[:length]

    # ---- the head

    def _head_in(self, data):
        """Return the final head if it is regular and whole in the first bytes, else None."""
        if type(data) is not bytes or self._state.reused or self.strict is False:
            return None
        limits = self._state.limits
        head = head_in(data, limits.max_line, limits.max_fields, limits.head,
                       self.strict is True)
        return head if head is not None and head.final else None

    def _begin(self):
        """Read the head if it is whole, and return the content after it."""
        head = final_head(self._reader, self._state, self.strict)
        return b"" if head is None else self._begin_with(head, None)

    def _begin_with(self, head, data):
        """Set the attributes from the head; return the content in `data`, or in the reader."""
        version, status, reason = head.first_line()
        chunked, length, will_close = message_framing(
            head.framing, self._method, status, version, self.strict)
        self._state.head = head
        self.version, self.status, self.reason = version, status, reason
        self.chunked, self.length, self.will_close = chunked, length, will_close
        if not chunked or length is not None:
            if data is None:
                data = self._reader.read(self._reader.unread)
            return self._plain_content(data)
        if data is not None:
            self._reader = FeedReader()
            self._reader.feed(data)
        self._state.body = ChunkedBody(self._reader, self._state.limits, self.strict is True)
        return self._from_chunks(self._reader.unread)

    # ---- fields

    @property
    def headers(self) -> HTTPMessage | MaybeNone:
        """The fields of the head (HTTPMessage, built on first use), or None before the head."""
        state = self._state
        if state.message is None and state.head is not None:
            state.message = message_of(state.head)
        return state.message

    def getheaders(self) -> list[tuple[str, str]] | MaybeNone:
        """Return a list of (field name, field value) as received, or None before the head."""
        return None if self._state.head is None else self._state.head.pairs()

    @property
    def raw_head(self) -> bytes | MaybeNone:
        """The head as fed (bytes), or None before the head; see HTTPResponse.raw_head."""
        return raw_head_of(self._state)

    @property
    def informational(self) -> list[InterimResponse]:
        """The interim responses (1xx) so far, a list of InterimResponse."""
        return list(self._state.interim)

    @property
    def trailers(self) -> HTTPMessage:
        """The fields of the trailer section (RFC 9112 7.1.2), an HTTPMessage.

        It is empty without a trailer section, and before the message is complete.  If headers
        with the same bytes would be refused, it is empty, with the reason in its defects.
        """
        return trailers_of(self._state.trailer_section)


def _two_threads():
    """Return the error for a second thread."""
    return RuntimeError("two threads feed one ResponseParser at once: feed it from one")
