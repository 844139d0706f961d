# SPDX-License-Identifier: MIT
"""The exception hierarchy of http.client.

Each class also derives from the class of the same name in http.client, so code that does not know
httpclient can still use ``except http.client.IncompleteRead``.  All exceptions can be pickled and
copied.
"""
from __future__ import annotations

import http.client as _standard

from . import limits
from .limits import SHOWN

# In the order of http.client's __all__.
__all__ = [
    "HTTPException", "NotConnected", "UnknownProtocol", "UnknownTransferEncoding",
    "UnimplementedFileMode", "IncompleteRead", "InvalidURL", "ImproperConnectionState",
    "CannotSendRequest", "CannotSendHeader", "ResponseNotReady", "BadStatusLine", "BadHeaderLine",
    "LineTooLong", "RemoteDisconnected", "error",
]


class HTTPException(_standard.HTTPException):
    """The base class of the other exceptions in this module."""


class NotConnected(HTTPException, _standard.NotConnected):
    """The connection is not open, and ``auto_open`` is off."""


class InvalidURL(HTTPException, _standard.InvalidURL):
    """The port is not a number, or the request target or host has a character it may not have."""


class UnknownProtocol(HTTPException, _standard.UnknownProtocol):
    """The server answered with an HTTP version other than 1.x; ``version`` is that one (str)."""

    version: str
    why: str | None

    def __init__(self, version: str, why: str | None = None) -> None:
        super(HTTPException, self).__init__(version)
        self.why = why

    def __str__(self) -> str:
        return super().__str__() if self.why is None else f"{self.why}: {self.version[:SHOWN]!r}"


class UnknownTransferEncoding(HTTPException, _standard.UnknownTransferEncoding):
    """The transfer codings do not define where the message body ends (RFC 9112 6.1)."""


class UnimplementedFileMode(HTTPException, _standard.UnimplementedFileMode):
    """Never raised; kept because http.client has it."""


class IncompleteRead(HTTPException, _standard.IncompleteRead):
    """The message body ended too early, or its framing is bad.

    ``partial`` is the content received before (bytes).  ``expected`` is the number of bytes that
    are missing (int), or None if that is not known.  If the framing is bad, or the stream ended
    within the head, ``__cause__`` is a ValueError that shows the bytes.
    """

    partial: bytes
    expected: int | None

    def __init__(self, partial: bytes, expected: int | None = None) -> None:
        _standard.IncompleteRead.__init__(self, partial, expected)

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own __reduce__() would drop the cause.
        state = self.__dict__
        if isinstance(self.__cause__, ValueError):
            state = {**state, "__cause__": self.__cause__}
        return type(self), self.args, state


class ImproperConnectionState(HTTPException, _standard.ImproperConnectionState):
    """A method was called in a state of the connection that does not allow it."""


class CannotSendRequest(ImproperConnectionState, _standard.CannotSendRequest):
    """A request is already under way; the argument is the state of the connection (str)."""


class CannotSendHeader(ImproperConnectionState, _standard.CannotSendHeader):
    """putheader() or endheaders() was called before putrequest() or after endheaders()."""


class ResponseNotReady(ImproperConnectionState, _standard.ResponseNotReady):
    """No request has been sent, or the previous response has not been read to its end."""


class BadStatusLine(HTTPException, _standard.BadStatusLine):
    """The server's answer does not begin with a status line; ``line`` is its first line (str)."""

    line: str
    why: str | None = None

    def __init__(self, line: str, why: str | None = None) -> None:
        _standard.BadStatusLine.__init__(self, line)
        self.why = why

    def __str__(self) -> str:
        return super().__str__() if self.why is None else f"{self.why}: {self.line[:SHOWN]!r}"


class BadHeaderLine(HTTPException):
    """A field line is refused, or framing fields contradict each other.

    ``line`` is that field line (bytes).  http.client has no such class: it loses the fields after
    such a line, or guesses.
    """

    line: bytes
    why: str

    def __init__(self, line: bytes, why: str = "bad field line") -> None:
        super().__init__(line, why)
        self.line = line
        self.why = why

    def __str__(self) -> str:
        return f"{self.why}: {self.line[:SHOWN]!r}"


class LineTooLong(HTTPException, _standard.LineTooLong):
    """The server sent a line with more bytes than the limit; ``line`` is its beginning (bytes)."""

    line: bytes

    def __init__(self, line_type: str, limit: int | None = None, line: bytes = b"") -> None:
        if limit is None:
            limit = limits.DEFAULT.max_line
        Exception.__init__(self, f"got more than {limit} bytes when reading {line_type}")
        self.line = bytes(line[:SHOWN])
        self._given = line_type, limit

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.line!r}" if self.line else self.args[0]

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self._given, self.__dict__


class RemoteDisconnected(_standard.RemoteDisconnected, BadStatusLine):
    """The server closed the connection without answering."""

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), ConnectionResetError.__reduce__(self)[1], self.__dict__


class Aborted(ConnectionAbortedError):
    """The connection was closed during a call that connected, sent or waited for a response."""

    def __str__(self) -> str:
        return "the connection was closed during this call"


class ReadAborted(Aborted):
    """The response was closed during a read.

    ``partial`` is the content that this read had received (bytes); the rest is lost.
    """

    partial = b""

    def __str__(self) -> str:
        return f"the response was closed during this read, after {len(self.partial)} bytes"


error = HTTPException


# ---- Other modules create exceptions whose constructor differs from http.client's by these
#      functions; _install/stdlib_classes.py has functions of the same names.

def bad_status_line(line, why):
    return BadStatusLine(line, why)


def unknown_protocol(version, why):
    return UnknownProtocol(version, why)


def line_too_long(line_type, limit, line):
    return LineTooLong(line_type, limit, line)


def renamed(error):
    """Do nothing; the function of this name for http.client's classes changes the class."""
