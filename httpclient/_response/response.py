# SPDX-License-Identifier: MIT
"""HTTPResponse: its attributes, begin(), the read family, and the end of the message.

There are two lanes.  Over a real socket ``fp`` is a Reader, and C reads heads and chunked content
from it.  Over any other file, or if a program has replaced one of the steps (``_read_status``,
``parse_headers``, ``_safe_read`` and so on), the methods and module functions of http.client do
the same step by step, so replaced steps are still called.
"""
from __future__ import annotations

import io
from types import SimpleNamespace

from .._common.exceptions import IncompleteRead, ResponseNotReady
from .._common.mistakes import not_begun, noted
from .._common.signatures import deprecated
from .._core.exchange import RESPONSE_DATA, Fields, alone
from .._core.guards import NOT_MINE, Originals
from .._core.head import Head
from .._core.pieces import Pieces
from .._core.response_state import response_state
from .._core.socket_reader import open_reader
from . import head, settings, stand_ins
from .chunked import (
    CHUNK_STEPS, ChunkSteps, chunks_ended, chunks_failed, in_one_go, offset, readline_by_steps,
)
from .content import (
    came_short, peek_content, read1_content, read_content, readinto_content, readline_content,
)
from .ending import READERS, goes_on, is_lost, lose
from .head import _UNKNOWN, INITIAL, HeadSteps, complete, raw_head_of
from .message import message_of, trailers_of
from .settings import RESPONSE_SETTINGS, ResponseSettings, response_settings, strict_of
from .stand_ins import StandIn, as_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO, Generic, TypeVar, overload

    from _typeshed import MaybeNone, WriteableBuffer

    from .._common.classes import HTTPMessage, InterimResponse
    from .._common.hints import MakesFile
    from .._core.socket_reader import RawReader, SocketReader

    _T = TypeVar("_T")


class _LazyMessage:
    """`headers` and `msg`: one HTTPMessage, built when either is first read.

    It is no data descriptor: assigning to the attribute makes an ordinary attribute.
    """

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, response, owner=None):
        if response is None:
            return None
        state = response_state(response)
        if state.head is None:
            return None
        if state.message is None:
            state.message = message_of(state.head)
        response.__dict__[self._name] = state.message
        return state.message


if TYPE_CHECKING:
    class _derived(Generic[_T]):
        def __init__(self, function: Callable[[Any], _T]) -> None: ...
        def __get__(self, response: object, owner: object = None) -> _T: ...
        def __set__(self, response: object, value: _T) -> None: ...

    # BinaryIO, so that a response may go wherever a binary file may.
    class _BinaryFile(io.BufferedIOBase, BinaryIO):
        pass
else:
    class _derived:
        """A read-only property until a program assigns to it, making an ordinary attribute."""

        def __init__(self, function):
            self.__func__ = function
            self.__doc__ = function.__doc__

        def __get__(self, response, owner=None):
            return self if response is None else self.__func__(response)

    _BinaryFile = io.BufferedIOBase


class HTTPResponse(HeadSteps, ChunkSteps, _BinaryFile, ResponseSettings):
    """The response to a request, with all attributes and methods of http.client's HTTPResponse.

    :param sock: a socket, or any object with ``makefile("rb")``.
    :param debuglevel: above 0, print the head (int), default 0.
    :param method: the request's method (str), which decides whether there is content; default
        None.  A bool or int in its place is `strict`, as in Python 2, and `url` is the method
        then.
    :param url: ignored, as in http.client.
    :param strict: how to judge odd heads and chunks.  None, the default, accepts unambiguous
        deviations from RFC 9112, as real servers send them; True accepts none; False also accepts
        HTTP/0.9.

    Attributes after begin():

    - `status`, `code` (int), `reason` (str)
    - `version` (int): 10 for HTTP/1.0, 11 for HTTP/1.1, 9 for HTTP/0.9
    - `headers`, `msg` (HTTPMessage)
    - `chunked` (bool): whether the content has chunked transfer encoding
    - `length` (int): the bytes of content that are left; None if unknown
    - `will_close` (bool): whether the connection ends with this response

    A read raises TimeoutError after the connection's `timeout` or `deadline`,
    ConnectionAbortedError if another thread closes the response meanwhile, and RuntimeError if
    another thread is reading it.
    """

    # "UNKNOWN" or None before begin(), but annotated as they are after it.
    version: int
    status: int
    code: int
    reason: str
    headers: HTTPMessage
    msg: HTTPMessage
    chunked: bool
    chunk_left: int | None
    length: int | None
    will_close: bool
    # Over a fake socket, the file that its makefile() returned.
    fp: SocketReader | RawReader | io.BufferedReader | MaybeNone
    debuglevel: int
    url: str    # set by urllib.request

    version = status = reason = _UNKNOWN
    chunked = _UNKNOWN
    # The bytes left in the chunk; see _get_chunk_left().
    chunk_left = _UNKNOWN
    length = _UNKNOWN
    will_close = _UNKNOWN

    # The file that the response is read from; None after its end.
    fp = None
    headers = _LazyMessage()
    msg = _LazyMessage()
    if "_max_headers" in INITIAL:
        _max_headers = None

    if TYPE_CHECKING:
        @overload
        def __init__(
            self, sock: MakesFile, debuglevel: int = 0, method: str | None = None,
            url: str | None = None, *, strict: bool | None = None,
        ) -> None: ...
        # Python 2
        @overload
        def __init__(
            self, sock: MakesFile, debuglevel: int, strict: int, method: str | None = None, /,
        ) -> None: ...

    def __init__(self, sock, debuglevel=0, method=None, url=None, *, strict=None):
        if isinstance(method, int):
            strict, method, url = bool(method), url, None
        self = as_response(self)
        if type(self) is StandIn:
            for name, value in INITIAL.items():
                setattr(self, name, value)
        if strict is not None:
            response_settings(self).strict = strict
        self.fp = open_reader(sock)
        self.debuglevel = debuglevel
        self._method = method
        if not settings.lazy:
            complete(self.__dict__)

    # ---- the head

    def begin(self, *, _max_headers: int | None = None) -> None:
        """Read the head, and skip interim responses (1xx, but not 101) before it.

        getresponse() calls this.  A second call does nothing.

        :param _max_headers: the most field lines (int), default ``_MAXHEADERS``.

        Raises

        - RemoteDisconnected if the connection ends before the first byte,
        - IncompleteRead if it ends within the head,
        - BadStatusLine, UnknownProtocol for a bad status line (RFC 9112 4),
        - BadHeaderLine for a field line that is refused (RFC 9112 5),
        - BadHeaderLine, UnknownTransferEncoding for ambiguous framing (RFC 9112 6.3),
        - LineTooLong, HTTPException above the limits,
        - TimeoutError, OSError from the socket.
        """
        self = as_response(self)
        state = response_state(self)
        if state.head is None and self.headers is None:
            if _max_headers is not None:
                state.limits = state.limits._replace(fields=_max_headers)
            if "_max_headers" in INITIAL:
                self._max_headers = _max_headers    # http.client's own steps read it.
            head.begin(self, state)

    # ---- the end

    def _close_conn(self):
        """End the response: close `fp`, and note bytes after the end of the message."""
        fp = self.fp
        if fp is None:
            # Another thread has closed the response since the caller looked.
            return
        ours = type(fp) in READERS
        if ours and fp.end_message(getattr(self, "will_close", True)):
            # Bytes after the end of the message are never taken for the next response.
            as_response(self).will_close = True
        try:
            self.fp = None
            fp.close()
            if not ours and type(own := getattr(self, "__dict__", None)) is dict:
                # A pooled connection, which is not used again: see _core/lease.pyx.
                own.pop("_hc_lease", None)
        except BaseException:
            # The read that has come to the end cannot return what it has read.
            lose(as_response(self), b"")
            raise

    def close(self) -> None:
        """Close the response, and unless it has been read to its end, also the connection."""
        try:
            super().close()
        finally:
            self = as_response(self)
            if self.fp is not None:
                if goes_on(self):
                    self.will_close = response_state(self).broken = True
                self._close_conn()

    def __del__(self) -> None:
        # IOBase.__del__ would call close() even after the end of the response.
        if self.fp is not None:
            try:
                self.close()
            except Exception:
                # IOBase.__del__ suppresses it, too.
                pass

    def flush(self) -> None:
        """Call flush() of `fp`, unless the response has ended.  Source: http.client."""
        super().flush()
        fp = self.fp
        if fp is not None:
            fp.flush()

    def readable(self) -> bool:
        """Return True."""
        return True

    def isclosed(self) -> bool:
        """Return True if the response has been read to its end, or was closed."""
        return self.fp is None

    def fileno(self) -> int:
        """Return the file descriptor of the socket (int).

        Raises AttributeError after the end of the response, as in http.client.
        """
        return self.fp.fileno()

    # ---- the content
    #
    # alone() lets one thread read at a time.  A read by another thread in between would make
    # `length` and `chunk_left` disagree with the position in the stream.

    def read(self, amt: int | None = None) -> bytes:
        """Read and return the content.

        :param amt: the most bytes to return (int); None, the default, and negative numbers
            mean all.
        :return: bytes; fewer than `amt` only at the end of the content, b"" after it.

        Raises IncompleteRead for bad chunks, and, without `amt` or with ``strict=True``, if the
        content ends before its announced length.  TimeoutError, OSError come from the socket.
        """
        data = _pieces.read(self, amt)
        return alone(as_response(self), read_content, amt) if data is NOT_MINE else data

    def readinto(self, b: WriteableBuffer) -> int:
        """Read content into a buffer.

        :param b: a writable bytes-like object.
        :return: the number of bytes (int); fewer than fit only at the end of the content.

        Raises the errors of ``read(amt)``.
        """
        n = _pieces.readinto(self, b)
        return alone(as_response(self), readinto_content, b) if n is NOT_MINE else n

    def read1(self, n: int = -1) -> bytes:
        """Read and return content with at most one receive from the socket.

        :param n: the most bytes to return (int); -1, the default, sets no limit.
        :return: bytes; b"" at the end of the content.

        If content has been received already, returns that without waiting.  Chunk framing may
        take further receives.  Raises the errors of ``read(amt)``.
        """
        data = _pieces.read1(self, n)
        return alone(as_response(self), read1_content, n) if data is NOT_MINE else data

    def peek(self, n: int = -1) -> bytes:
        """Return content without consuming it, with at most one receive from the socket.

        :param n: a hint (int), as in http.client.
        :return: bytes; b"" at the end of the content.

        Bad chunks give b"", and the next read raises IncompleteRead.  TimeoutError, OSError come
        from the socket.
        """
        data = _pieces.peek(self)
        return alone(as_response(self), peek_content, n) if data is NOT_MINE else data

    def readline(self, limit: int | None = -1) -> bytes:
        """Read and return content up to and with the next LF.

        :param limit: the most bytes to return (int); -1, the default, and None set no limit.
        :return: bytes; without LF at the limit and at the end of the content, b"" after it.

        Raises the errors of ``read(amt)``.
        """
        line = _pieces.readline(self, limit)
        if line is not NOT_MINE:
            return line
        self = as_response(self)
        if self.chunked and self.fp is not None and self._method != "HEAD" and not (
                _line_steps.in_object(self) and in_one_go(self)):
            # Not within alone(): each replaced method is a read of its own.
            return readline_by_steps(self, -1 if limit is None else limit)
        return alone(self, readline_content, limit)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Read and return the lines of the content (list of bytes).

        :param hint: stop after the line that makes them more than so many bytes (int),
            default -1.  None, 0 and negative numbers mean all lines.

        Raises the errors of ``read(amt)``; their ``partial`` has the lines that were read.
        """
        lines, size, begin = [], 0, offset(self.fp)
        hint = -1 if hint is None else hint
        try:
            for line in self:
                lines.append(line)
                size += len(line)
                if 0 < hint < size:
                    break
            return lines
        except IncompleteRead as error:
            error.partial = b"".join(lines) + error.partial
            error.args = error.partial, *error.args[1:]
            raise
        except BaseException as error:
            error.partial = b"".join(lines) + getattr(error, "partial", b"")
            if lines or offset(self.fp) != begin:
                lose(self, error.partial)
            raise

    def __iter__(self) -> Iterator[bytes]:
        # IOBase.__iter__() refuses a closed response.
        return self

    # ---- fields

    if TYPE_CHECKING:
        @overload
        def getheader(self, name: str, default: None = None) -> str | None: ...
        @overload
        def getheader(self, name: str, default: _T) -> str | _T: ...

    def getheader(self, name, default=None):
        """Return the value of a header.

        :param name: the header's name (str), in any case.
        :param default: the result if there is no such header, default None.  An iterable of str
            is joined by ", ".
        :return: str; several values are joined by ", ".

        Raises ResponseNotReady before begin().
        """
        value = _fields.value_of(self, name)
        if type(value) is str:
            return value
        values = default
        if value is NOT_MINE:
            self = as_response(self)
            if self.headers is None:
                raise noted(ResponseNotReady(), not_begun)
            values = self.headers.get_all(name) or default
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            return values
        return ", ".join(values)

    @_derived
    def raw_head(self) -> bytes | MaybeNone:
        """The head of this response as received (bytes), for archives and signatures.

        It begins with the status line, and ends with the empty line unless the stream ended
        before that (RFC 9112 2.1).  Line ends, folded lines, and lines that were repaired or
        skipped are as the server sent them.  Interim responses, and an empty line before the
        status line, are not part of it.  It is b"" for HTTP/0.9.

        It is None before begin(), and if your program replaces _read_status() or
        parse_headers(), because httpclient does not know which bytes these have read.
        """
        return raw_head_of(response_state(self))

    @_derived
    def informational(self) -> list[InterimResponse]:
        """The interim responses (1xx) before this response, a list of InterimResponse."""
        return list(response_state(self).interim)

    @_derived
    def trailers(self) -> HTTPMessage:
        """The fields of the trailer section (RFC 9112 7.1.2), an HTTPMessage.

        It is empty without a trailer section, and before the end of the content.  If headers
        with the same bytes would be refused, it is empty, with the reason in its defects.
        """
        return trailers_of(response_state(self).trailer_section)

    @_derived
    def incomplete(self) -> bool:
        """True if content is known to be missing, or was abandoned: do not trust it as complete."""
        return is_lost(self)

    def getheaders(self) -> list[tuple[str, str]]:
        """Return the headers, a list of (name, value), both str.

        Raises ResponseNotReady before begin().
        """
        self = as_response(self)
        if (head := _untouched_head(self)) is not None:
            return head.pairs()
        if self.headers is None:
            raise noted(ResponseNotReady(), not_begun)
        return list(self.headers.items())

    # ---- the interface of urllib.request's responses

    @deprecated("Deprecated since Python 3.9; use `headers`.")
    def info(self) -> HTTPMessage:
        """Return ``headers`` (HTTPMessage)."""
        return self.headers

    @deprecated("Deprecated since Python 3.9; use `url`.")
    def geturl(self) -> str:
        """Return ``url`` (str), which urllib.request sets; raise AttributeError without it."""
        return self.url

    @deprecated("Deprecated since Python 3.9; use `status`.")
    def getcode(self) -> int:
        """Return ``status`` (int)."""
        return self.status


def _untouched_head(response):
    """Return the Head if no HTTPMessage has been built from it or put in its place, else None."""
    state = response_state(response)
    if (type(state.head) is Head and state.message is None
            and "headers" not in response.__dict__ and _lazy_fields.in_class(type(response))):
        return state.head
    return None


stand_ins.HTTPResponse = HTTPResponse
_data = (*RESPONSE_DATA, *RESPONSE_SETTINGS)
_lazy_fields = Originals(HTTPResponse, "headers", "msg")
_chunk_steps = (*CHUNK_STEPS, "_close_conn")
_chunk_data = (*_data, "_read_chunked", "_readinto_chunked", "_read1_chunked", "_peek_chunked")
# The functions that C calls in rare cases.
_cold = SimpleNamespace(came_short=came_short, chunks_ended=chunks_ended,
                        chunks_failed=chunks_failed, strict_of=strict_of)
_pieces = Pieces(_cold, Originals(HTTPResponse, "_safe_read", "_close_conn", data=_data),
                 Originals(HTTPResponse, "_close_conn", data=_data),
                 Originals(HTTPResponse, *_chunk_steps, data=_chunk_data),
                 Originals(HTTPResponse, *_chunk_steps, "read", "peek", "_peek_chunked",
                           data=_chunk_data))
_line_steps = Originals(HTTPResponse, "read", "peek", "_read_chunked", "_peek_chunked")
_fields = Fields(_lazy_fields)


def read_arrived(response: HTTPResponse, n: int) -> bytes:
    """Do response.read1(n), but of chunked content return that of all chunks received so far."""
    data = _pieces.arrived(response, n)
    return response.read1(n) if data is NOT_MINE else data
