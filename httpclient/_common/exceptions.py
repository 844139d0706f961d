# SPDX-License-Identifier: MIT
"""The exception hierarchy of http.client.

Each class also derives from the class of the same name in http.client, so
that ``except http.client.IncompleteRead`` in code that knows nothing of us
keeps working.  All of them can be pickled and copied.
"""
import http.client as _standard

from . import limits
from .limits import SHOWN

# In the order of http.client's.
__all__ = [
    "HTTPException", "NotConnected", "UnknownProtocol", "UnknownTransferEncoding",
    "UnimplementedFileMode", "IncompleteRead", "InvalidURL", "ImproperConnectionState",
    "CannotSendRequest", "CannotSendHeader", "ResponseNotReady", "BadStatusLine", "BadHeaderLine",
    "LineTooLong", "RemoteDisconnected", "error",
]


class HTTPException(_standard.HTTPException):
    """The base class of the other exceptions in this module."""


class NotConnected(HTTPException, _standard.NotConnected):
    """A request was to be sent without a connection, and ``auto_open`` is off."""


class InvalidURL(HTTPException, _standard.InvalidURL):
    """A port is not numeric, or a request target or host has characters that it may not have."""


class UnknownProtocol(HTTPException, _standard.UnknownProtocol):
    """The server answered with a version other than HTTP/1.x; it is ``version`` (str)."""

    def __init__(self, version, why=None):
        super(HTTPException, self).__init__(version)
        self.why = why

    def __str__(self):
        return super().__str__() if self.why is None else f"{self.why}: {self.version[:SHOWN]!r}"


class UnknownTransferEncoding(HTTPException, _standard.UnknownTransferEncoding):
    """The transfer codings leave open where the message body ends (RFC 9112 6.1)."""


class UnimplementedFileMode(HTTPException, _standard.UnimplementedFileMode):
    """Never raised; kept because http.client has it."""


class IncompleteRead(HTTPException, _standard.IncompleteRead):
    """The message body ended too early, or its framing is bad.

    ``partial`` is the content that came before (bytes), ``expected`` how many
    octets were still to come (int), or None where nobody knows.  Where the framing
    is bad, or the stream ended within the head, ``__cause__`` names the octets.
    """

    def __init__(self, partial, expected=None):
        _standard.IncompleteRead.__init__(self, partial, expected)

    def __reduce__(self):
        # As Exception's, and the cause that we give it as well.
        state = self.__dict__
        if isinstance(self.__cause__, ValueError):
            state = {**state, "__cause__": self.__cause__}
        return type(self), self.args, state


class ImproperConnectionState(HTTPException, _standard.ImproperConnectionState):
    """A method was called while the connection was in another state."""


class CannotSendRequest(ImproperConnectionState, _standard.CannotSendRequest):
    """A request is under way already; the argument is the state."""


class CannotSendHeader(ImproperConnectionState, _standard.CannotSendHeader):
    """A field line was to be sent before putrequest() or after endheaders()."""


class ResponseNotReady(ImproperConnectionState, _standard.ResponseNotReady):
    """No request has been sent, or the response before is not read to its end."""


class BadStatusLine(HTTPException, _standard.BadStatusLine):
    """The server's answer does not begin with a status line; ``line`` is what came (str)."""

    why = None

    def __init__(self, line, why=None):
        _standard.BadStatusLine.__init__(self, line)
        self.why = why

    def __str__(self):
        return super().__str__() if self.why is None else f"{self.why}: {self.line[:SHOWN]!r}"


class BadHeaderLine(HTTPException):
    """A field line is refused, or framing fields contradict each other.

    ``line`` is the offending field line (bytes).  http.client has no such class:
    it loses the fields behind such a line, or guesses.
    """

    def __init__(self, line, why="bad field line"):
        super().__init__(line, why)
        self.line = line
        self.why = why

    def __str__(self):
        return f"{self.why}: {self.line[:SHOWN]!r}"


class LineTooLong(HTTPException, _standard.LineTooLong):
    """A line of the server's has more octets than the limit; ``line`` is its beginning (bytes)."""

    def __init__(self, line_type, limit=None, line=b""):
        if limit is None:
            limit = limits.DEFAULT.max_line
        Exception.__init__(self, f"got more than {limit} bytes when reading {line_type}")
        self.line = bytes(line[:SHOWN])
        self._given = line_type, limit

    def __str__(self):
        return f"{self.args[0]}: {self.line!r}" if self.line else self.args[0]

    def __reduce__(self):
        return type(self), self._given, self.__dict__


class RemoteDisconnected(_standard.RemoteDisconnected, BadStatusLine):
    """The server closed the connection without answering."""

    def __reduce__(self):
        return type(self), ConnectionResetError.__reduce__(self)[1], self.__dict__


class Aborted(ConnectionAbortedError):
    """A connection was closed during a call that connected, sent or waited for a response."""

    def __str__(self):
        return "the connection was closed during this call"


class ReadAborted(Aborted):
    """A response was closed during a read of it.

    ``partial`` is the content (bytes) that this read had taken; nothing else of it is to be had.
    """

    partial = b""

    def __str__(self):
        return f"the response was closed during this read, after {len(self.partial)} bytes"


error = HTTPException


# ---- how the other modules make those whose constructor is not http.client's; standard.py
#      has others of the same names

def bad_status_line(line, why):
    return BadStatusLine(line, why)


def unknown_protocol(version, why):
    return UnknownProtocol(version, why)


def line_too_long(line_type, limit, line):
    return LineTooLong(line_type, limit, line)


def renamed(error):
    """Give an exception that _core has raised the class that its caller knows: it has it."""
