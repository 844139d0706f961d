# SPDX-License-Identifier: MIT
"""HTTPResponse: its attributes, begin(), the read family, and the end of the message.

Two lanes.  Over a real socket ``fp`` is a Reader, and heads and chunked bodies
are taken by C in one go.  Over any other file, or as soon as somebody has
replaced one of the steps (``_read_status``, ``parse_headers``, ``_safe_read``
and so on), the same happens step by step through the methods and module
functions that http.client has, so that whoever replaced one is called.
"""
import io
import sys

from .._common.exceptions import IncompleteRead, ResponseNotReady
from .._common.mistakes import not_begun, noted
from .._common.settings import STRICT
from .._core.exchange import RESPONSE_DATA, Content, alone
from .._core.guards import NOT_MINE, Originals
from .._core.head import Head
from .._core.pieces import Pieces
from .._core.response_state import response_state
from .._core.socket_reader import open_reader
from . import head, stand_ins
from .chunked import (
    _MIN_READ_BUF_SIZE, CHUNK_STEPS, ChunkSteps, chunked_body, from_chunks, in_one_go, offset,
    read_at_most, readline_by_steps,
)
from .ending import READERS, abandon, goes_on, is_lost, lose, nothing_left
from .head import HeadSteps
from .message import message_of, trailers_of
from .stand_ins import StandIn, as_response

_UNKNOWN = "UNKNOWN"
# Attributes of a response that has not begun.  Ours has them from its class.
_INITIAL = {"headers": None, "msg": None, "_max_headers": None} | dict.fromkeys(
    ("version", "status", "reason", "chunked", "chunk_left", "length", "will_close"), _UNKNOWN)


class _LazyMessage:
    """`headers` and `msg`: one HTTPMessage, built when it is first asked for.

    Not a data descriptor: assigning to the attribute makes an ordinary one.
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


class _derived:
    """A property that a subclass, or anybody, may make an ordinary attribute by assigning."""

    def __init__(self, function):
        self.__func__ = function
        self.__doc__ = function.__doc__

    def __get__(self, response, owner=None):
        return self if response is None else self.__func__(response)


class HTTPResponse(HeadSteps, ChunkSteps, io.BufferedIOBase):
    """The response to a request; see http.client for what is not said here.

    `sock` is a socket, or anything with ``makefile("rb")``.  The third argument
    is the request's method (str), or ``strict`` (bool or int) as in Python 2.

    `strict`: None takes what real servers send as long as it is unambiguous;
    True is RFC 9112 to the letter; False takes HTTP/0.9 as well.
    """

    version = status = reason = _UNKNOWN
    chunked = _UNKNOWN      # whether the message body comes in chunks
    chunk_left = _UNKNOWN   # octets left in the chunk; see _get_chunk_left()
    length = _UNKNOWN       # octets left of the content, None if not known
    will_close = _UNKNOWN   # whether the connection ends with this message

    fp = None
    vars()[STRICT] = None
    headers = _LazyMessage()
    msg = _LazyMessage()
    _max_headers = None

    def __init__(self, sock, debuglevel=0, method=None, url=None, *, strict=None):
        if isinstance(method, int):
            strict, method, url = bool(method), url, None
        self = as_response(self)
        if type(self) is StandIn:
            for name, value in _INITIAL.items():
                setattr(self, name, value)
        if strict is not None:
            setattr(self, STRICT, strict)
        self.fp = open_reader(sock)
        self.debuglevel = debuglevel
        self._method = method

    # ---- the head

    def begin(self, *, _max_headers=None):
        """Read the head; interim responses (1xx but 101) before it are skipped.

        Raises RemoteDisconnected, BadStatusLine, UnknownProtocol, LineTooLong,
        BadHeaderLine, UnknownTransferEncoding, IncompleteRead, HTTPException.
        """
        self = as_response(self)
        state = response_state(self)
        if state.head is None and self.headers is None:
            self._max_headers = _max_headers
            if _max_headers is not None:
                state.limits = state.limits._replace(fields=_max_headers)
            head.begin(self)

    # ---- the end

    def _close_conn(self):
        fp = self.fp
        if fp is None:
            return      # Another thread has closed the response since the caller looked.
        if type(fp) in READERS and fp.unread:
            # Bytes after the end of the message are never taken for the next response.
            as_response(self).will_close = True
        self.fp = None
        fp.close()

    def close(self):
        """Close the response; a message not read to its end takes its connection with it."""
        try:
            super().close()
        finally:
            self = as_response(self)
            if self.fp is not None:
                if goes_on(self):
                    self.will_close = response_state(self).broken = True
                self._close_conn()

    def __del__(self):
        # IOBase's would call close() on each response that was read to its end, too.
        if self.fp is not None:
            try:
                self.close()
            except Exception:   # IOBase's says nothing either
                pass

    def flush(self):
        super().flush()
        fp = self.fp
        if fp is not None:
            fp.flush()

    def readable(self):
        """Always returns True"""
        return True

    def isclosed(self):
        """True if the message has been read to its end, or given up."""
        return self.fp is None

    def fileno(self):
        return self.fp.fileno()

    # ---- the content
    #
    # Each call is one thread's alone: another one's read in between would shift what
    # `length` and `chunk_left` say against what comes next.

    def read(self, amt=None):
        """The content, or up to the next `amt` bytes of it.

        Raises IncompleteRead if the content ends before its announced length and
        `amt` is not given, or where the framing of chunks is bad.
        """
        data = _content.read(self) if amt is None else _pieces.read(self, amt)
        return alone(as_response(self), _read, amt) if data is NOT_MINE else data

    def readinto(self, b):
        """Read content into the buffer `b`, and return the number of bytes read."""
        n = _pieces.readinto(self, b)
        return alone(as_response(self), _readinto, b) if n is NOT_MINE else n

    def read1(self, n=-1):
        """Content with at most one receive; what has arrived already, if anything has."""
        data = _pieces.read1(self, n)
        return alone(as_response(self), _read1, n) if data is NOT_MINE else data

    def peek(self, n=-1):
        """Content that has arrived, or that one receive brings; it is not used up."""
        data = _pieces.peek(self)
        return alone(as_response(self), _peek, n) if data is NOT_MINE else data

    def readline(self, limit=-1):
        line = _pieces.readline(self, limit)
        if line is not NOT_MINE:
            return line
        self = as_response(self)
        if self.chunked and self.fp is not None and self._method != "HEAD" and not (
                _line_steps.in_object(self) and in_one_go(self)):
            # By methods that somebody has replaced, each of which is a read by itself.
            return readline_by_steps(self, -1 if limit is None else limit)
        return alone(self, _readline, limit)

    def readlines(self, hint=-1, /):
        """A list of lines; no more of them once they have over `hint` bytes, if that is above 0."""
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

    def __iter__(self):
        # IOBase's would refuse a closed response.
        return self

    # ---- what the fields say

    def getheader(self, name, default=None):
        """The value of the field `name`; several are joined by ", ".

        Returns `default` where there is none; an iterable default is joined too.
        Raises ResponseNotReady before begin().
        """
        value = _content.field(self, name)
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
    def informational(self):
        """A list of the interim responses (1xx) before this one, as InterimResponse."""
        return list(response_state(self).interim)

    @_derived
    def trailers(self):
        """An HTTPMessage with the fields of the trailer section (RFC 9112 7.1.2).

        Empty where there is none, and before the content has been read to its end.
        A section that would be refused as headers is empty, with the reason in its defects.
        """
        return trailers_of(response_state(self).trailer_section)

    @_derived
    def incomplete(self):
        """True if content is known to be missing, or given up: it must not be trusted as whole."""
        return is_lost(self)

    def getheaders(self):
        """A list of (field name, field value).  Raises ResponseNotReady before begin()."""
        self = as_response(self)
        if (head := _untouched_head(self)) is not None:
            return head.pairs()
        if self.headers is None:
            raise noted(ResponseNotReady(), not_begun)
        return list(self.headers.items())

    # ---- what urllib's responses have

    def info(self):
        """The HTTPMessage with the fields: ``headers``."""
        return self.headers

    def geturl(self):
        """The URL that this is the response of, as urllib.request set it: ``url``."""
        return self.url

    def getcode(self):
        """The status code: ``status``."""
        return self.status


def _untouched_head(response):
    """Return the Head if the message has neither been asked for nor replaced; else None."""
    state = response_state(response)
    if (type(state.head) is Head and state.message is None
            and "headers" not in response.__dict__ and _lazy_fields.in_class(type(response))):
        return state.head
    return None


def belongs_to(response, limits, due, reused):
    """Tell a response of its connection: Limits, a Deadline or None, and whether the connection
    has brought a response before.
    """
    state = response_state(response)
    state.limits = limits
    state.reused = reused
    if due is not None and type(response.fp) in READERS:
        response.fp.obey(due)


# ---- reads by the steps: each takes a response and an argument, see alone()

def _note_content(response, n, asked):
    """Count `n` bytes of content that a call got which asked for `asked`."""
    if not n and asked:
        # The stream has ended.  http.client says nothing if that is too early.
        missing = response.length
        if missing is None:
            response._close_conn()
        else:
            abandon(response)
        if missing and getattr(response, STRICT):
            raise IncompleteRead(b"", missing)
    elif response.length is not None:
        response.length -= n
        if not response.length:
            response._close_conn()


def _read_to_length(response):
    try:
        data = response._safe_read(response.length)
    except IncompleteRead:
        abandon(response)
        raise
    response.length = 0
    return data


def _came_short(response, data):
    """Raise for content that ended after `data`, before its announced length."""
    abandon(response)
    raise IncompleteRead(data, response.length - len(data))


def _read(response, amt):
    fp = response.fp
    if fp is None:
        return nothing_left(response)
    if response._method == "HEAD":
        response._close_conn()
        return b""
    if response.chunked:
        return response._read_chunked(amt)
    if amt is not None and amt >= 0:
        if response.length is not None and amt > response.length:
            amt = response.length
        data = read_at_most(fp, amt)
        _note_content(response, len(data), amt)
        return data
    data = fp.read() if response.length is None else _read_to_length(response)
    response._close_conn()
    return data


def _readinto(response, b):
    fp = response.fp
    if fp is None:
        return len(nothing_left(response))
    if response._method == "HEAD":
        response._close_conn()
        return 0
    if response.chunked:
        return response._readinto_chunked(b)
    size = memoryview(b).nbytes
    if response.length is not None and size > response.length:
        size = response.length
        b = memoryview(b).cast("B")[:size]
    n = fp.readinto(b)
    _note_content(response, n, size)
    return n


def _read1(response, n):
    fp = response.fp
    if fp is None or response._method == "HEAD":
        return nothing_left(response)
    if response.chunked:
        return response._read1_chunked(n)
    if response.length is not None and (n < 0 or n > response.length):
        n = min(response.length, _MIN_READ_BUF_SIZE)
    data = fp.read1(n)
    _note_content(response, len(data), n)
    return data


def _peek(response, n):
    fp = response.fp
    if fp is None or response._method == "HEAD":
        return b""
    if response.chunked:
        return response._peek_chunked(n)
    length = response.length
    if isinstance(length, int):
        # Nothing may be waited for behind the content.
        return fp.peek(n)[:min(length, sys.maxsize)] if length else b""
    return fp.peek(n)


def _readline(response, limit):
    fp = response.fp
    if fp is None or response._method == "HEAD":
        return nothing_left(response)
    limit = -1 if limit is None else limit
    if response.chunked:
        body = chunked_body(response)
        if body is None:    # since readline() has looked, another thread has closed the response
            return nothing_left(response)
        return from_chunks(response, body, body.readline, limit)
    if response.length is not None and (limit < 0 or limit > response.length):
        limit = min(response.length, sys.maxsize)
    line = fp.readline(limit)
    _note_content(response, len(line), limit)
    return line


stand_ins.HTTPResponse = HTTPResponse
_data = (*RESPONSE_DATA, STRICT)
_lazy_fields = Originals(HTTPResponse, "headers", "msg")
_chunk_steps = (*CHUNK_STEPS, "_close_conn")
_chunk_data = (*_data, "_read_chunked", "_readinto_chunked", "_read1_chunked", "_peek_chunked")
_pieces = Pieces(chunked_body, Originals(HTTPResponse, "_close_conn", data=_data),
                 Originals(HTTPResponse, *_chunk_steps, data=_chunk_data),
                 Originals(HTTPResponse, *_chunk_steps, "read", "peek", "_peek_chunked",
                           data=_chunk_data))
_line_steps = Originals(HTTPResponse, "read", "peek", "_read_chunked", "_peek_chunked")
_content = Content(_came_short, Originals(HTTPResponse, "_safe_read", "_close_conn", data=_data),
                   _lazy_fields)
