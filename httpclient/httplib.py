# SPDX-License-Identifier: MIT
"""The names of Python 2's httplib, for code that was written for it.

    from httpclient import httplib          # in the program itself, and
    sys.modules["httplib"] = httplib        # for modules that say `import httplib`

Where Python 2.7's httplib and http.client differ, this module follows httplib:

- arguments have httplib's order;
- an answer without a status line is an HTTP/0.9 body unless `strict` is true;
- `response.msg` has the methods of a mimetools.Message;
- getheaders() returns lower-case names;
- a file is sent with its Content-Length.

Thin subclasses do this; the exceptions are httpclient's own classes.  In Python 2, a str was
bytes.  So a str is accepted wherever bytes are sent, as Latin-1.  A head is received as str, a
body as bytes.

LineAndFileWrapper and the modules that httplib imported are left out, because they were internal.
"""

from __future__ import annotations

import io
import os
import socket
import stat
import sys
import types
import warnings

from ._common import limits as _limits, status as _status
from ._common.exceptions import (
    BadStatusLine,
    CannotSendHeader,
    CannotSendRequest,
    HTTPException,
    ImproperConnectionState,
    IncompleteRead,
    InvalidURL,
    LineTooLong as LineTooLong,
    NotConnected,
    ResponseNotReady,
    UnimplementedFileMode,
    UnknownProtocol,
    UnknownTransferEncoding,
    error,
)
from ._common.rebinding import by_name as _by_name
from ._common.signatures import deprecated
from ._request import connection as _connection
from ._request.connection import HTTP_PORT as HTTP_PORT
from ._request.recovery import (
    _CS_IDLE as _CS_IDLE,
    _CS_REQ_SENT as _CS_REQ_SENT,
    _CS_REQ_STARTED as _CS_REQ_STARTED,
)
from ._response import message as _message, response as _response
from ._response.mimetools import HTTPMessage as HTTPMessage
from ._response.response import _UNKNOWN as _UNKNOWN

try:
    from ._request import https as _https
except ImportError:             # a Python without ssl
    _https = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Final, TypedDict, TypeVar, Unpack, overload

    from _typeshed import MaybeNone, StrOrBytesPath

    from ._common.hints import Address, Data, MakesFile, Options

    _T = TypeVar("_T")

    class _Options(Options, total=False):
        blocksize: int

    class _SecureOptions(_Options, total=False):
        check_hostname: bool | None
        resume_sessions: bool | None

    class _Url(TypedDict, total=False):
        url: str | None

    class _Chunking(TypedDict, total=False):
        encode_chunked: bool


# The list of Python 2.7, without the constants, HTTPS and LineTooLong.
__all__ = [
    "BadStatusLine", "CannotSendHeader", "CannotSendRequest", "HTTP", "HTTPConnection",
    "HTTPException", "HTTPResponse", "ImproperConnectionState", "IncompleteRead", "InvalidURL",
    "NotConnected", "ResponseNotReady", "UnimplementedFileMode", "UnknownProtocol",
    "UnknownTransferEncoding", "error", "responses",
]

HTTPS_PORT: Final = 443
MAXAMOUNT: Final = 1048576

# Status codes are plain numbers, because old code prints and pickles them.
globals().update({name: int(code) for name, code in _status.constants.items()})
if TYPE_CHECKING:
    # The same names, for type checkers.
    CONTINUE = SWITCHING_PROTOCOLS = PROCESSING = EARLY_HINTS = OK = CREATED = ACCEPTED = \
        NON_AUTHORITATIVE_INFORMATION = NO_CONTENT = RESET_CONTENT = PARTIAL_CONTENT = \
        MULTI_STATUS = ALREADY_REPORTED = IM_USED = MULTIPLE_CHOICES = MOVED_PERMANENTLY = \
        FOUND = SEE_OTHER = NOT_MODIFIED = USE_PROXY = TEMPORARY_REDIRECT = \
        PERMANENT_REDIRECT = BAD_REQUEST = UNAUTHORIZED = PAYMENT_REQUIRED = FORBIDDEN = \
        NOT_FOUND = METHOD_NOT_ALLOWED = NOT_ACCEPTABLE = PROXY_AUTHENTICATION_REQUIRED = \
        REQUEST_TIMEOUT = CONFLICT = GONE = LENGTH_REQUIRED = PRECONDITION_FAILED = \
        CONTENT_TOO_LARGE = REQUEST_ENTITY_TOO_LARGE = URI_TOO_LONG = REQUEST_URI_TOO_LONG = \
        UNSUPPORTED_MEDIA_TYPE = RANGE_NOT_SATISFIABLE = REQUESTED_RANGE_NOT_SATISFIABLE = \
        EXPECTATION_FAILED = IM_A_TEAPOT = MISDIRECTED_REQUEST = UNPROCESSABLE_CONTENT = \
        UNPROCESSABLE_ENTITY = LOCKED = FAILED_DEPENDENCY = TOO_EARLY = UPGRADE_REQUIRED = \
        PRECONDITION_REQUIRED = TOO_MANY_REQUESTS = REQUEST_HEADER_FIELDS_TOO_LARGE = \
        UNAVAILABLE_FOR_LEGAL_REASONS = INTERNAL_SERVER_ERROR = NOT_IMPLEMENTED = BAD_GATEWAY = \
        SERVICE_UNAVAILABLE = GATEWAY_TIMEOUT = HTTP_VERSION_NOT_SUPPORTED = \
        VARIANT_ALSO_NEGOTIATES = INSUFFICIENT_STORAGE = LOOP_DETECTED = NOT_EXTENDED = \
        NETWORK_AUTHENTICATION_REQUIRED = int()

    _MAXLINE: int
    _MAXHEADERS: int

# Phrases that RFC 9110 has changed keep their old text.
responses: dict[int, str] = {int(code): phrase for code, phrase in _status.responses.items()}
responses.update({
    306: "(Unused)",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
})

# The name in pickles and tracebacks.
HTTPMessage.__module__ = __name__


class HTTPResponse(_response.HTTPResponse):
    """A response whose `msg` is this module's HTTPMessage; `headers` is httpclient's.

    `buffering` is accepted and ignored, because a response is always buffered.
    """


    _old_message = None

    def __init__(self, sock: MakesFile, debuglevel: int = 0, strict: int = 0,
                 method: str | None = None, buffering: bool = False,
                 **more: Unpack[_Url]) -> None:
        super().__init__(sock, debuglevel, method=method, strict=bool(strict), **more)

    def begin(self, **more: int | None) -> None:
        # Old code sets `strict` to a number, also on the connection or its class.
        self.strict = bool(self.strict)
        super().begin(**more)

    @property
    def msg(self) -> HTTPMessage:
        if self._old_message is None and self.headers is not None:
            self._old_message = HTTPMessage.of(self.headers)
        return self._old_message

    @msg.setter
    def msg(self, message: _message.HTTPMessage) -> None:
        # begin() assigns the message that it assigns to `headers`, from which `msg` is made.
        if not isinstance(message, _message.HTTPMessage) or isinstance(message, HTTPMessage):
            self._old_message = message

    if TYPE_CHECKING:
        @overload
        def getheader(self, name: str, default: None = None) -> str | None: ...
        @overload
        def getheader(self, name: str, default: _T) -> str | _T: ...

    def getheader(self, name, default=None):
        if self._old_message is None:
            return super().getheader(name, default)
        return self._old_message.getheader(name, default)

    def getheaders(self) -> list[tuple[str, str]]:
        """Return a list of (name, value), with unique names in lower case.

        Raises ResponseNotReady before begin().
        """
        if self.msg is None:
            raise ResponseNotReady()
        return self.msg.items()


class HTTPConnection(_connection.HTTPConnection):
    """httpclient's HTTPConnection with Python 2's arguments and defaults."""

    response_class: type[_response.HTTPResponse] = HTTPResponse
    strict: bool | None = False

    def __init__(self, host: str, port: int | None = None, strict: int | None = None,
                 timeout: float | None = socket._GLOBAL_DEFAULT_TIMEOUT,
                 source_address: Address | None = None, **more: Unpack[_Options]) -> None:
        if strict is None:
            strict = self.strict
        super().__init__(host, port, strict=bool(strict), timeout=timeout,
                         source_address=source_address, **more)

    @staticmethod
    def _get_content_length(body, method):
        """Return what http.client returns, or the number of unread bytes of a file on a disk."""
        raw = getattr(body, "raw", body)
        # A file that decompresses or decodes gives another number of bytes than its descriptor has.
        if isinstance(raw, io.FileIO):
            facts = os.fstat(raw.fileno())
            # A size of 0 may be wrong: files in /proc have content, too.
            if stat.S_ISREG(facts.st_mode) and facts.st_size:
                return max(0, facts.st_size - body.tell())
        return _connection.HTTPConnection._get_content_length(body, method)

    def putheader(self, header: str | bytes, *values: object) -> None:
        super().putheader(header, *[value if isinstance(value, (str, bytes, bytearray))
                                    else str(value) for value in values])

    def endheaders(self, message_body: Data | str | None = None,
                   **more: Unpack[_Chunking]) -> None:
        super().endheaders(_octets(message_body), **more)

    def send(self, data: Data | str) -> None:
        super().send(_octets(data))

    def getresponse(self, buffering: bool = False) -> HTTPResponse:
        return super().getresponse()


def _octets(data):
    return data.encode("latin-1") if isinstance(data, str) else data


class HTTP:
    """The interface of Python 1.5's httplib: a request in steps, over HTTP/1.0."""

    file: HTTPResponse | None
    headers: HTTPMessage | None

    _http_vsn = 10
    _http_vsn_str = "HTTP/1.0"
    debuglevel = 0
    _connection_class = HTTPConnection

    def __init__(self, host: str = "", port: int | None = None,
                 strict: int | None = None) -> None:
        # Port 0 means the default port.  Without a host here, connect() sets it.
        self._setup(self._connection_class(host, port or None, strict))

    def _setup(self, conn):
        self._conn = conn
        conn._http_vsn = self._http_vsn
        conn._http_vsn_str = self._http_vsn_str
        self.file = None
        self.headers = None

    def connect(self, host: str | None = None, port: int | None = None) -> None:
        """Connect to `host`, or to the constructor's host if it is None."""
        conn = self._conn
        if host is not None:
            conn._validate_host(host)
            conn.host, conn.port = conn._get_hostport(host, port)
        conn.connect()

    def set_debuglevel(self, level: int) -> None:
        self._conn.set_debuglevel(level)

    def putrequest(self, method: str, url: str, *skips: bool, **more: bool) -> None:
        self._conn.putrequest(method, url, *skips, **more)

    def putheader(self, header: str | bytes, *values: object) -> None:
        self._conn.putheader(header, *values)

    def endheaders(self, *message_body: Data | str | None) -> None:
        self._conn.endheaders(*message_body)

    def send(self, data: Data | str) -> None:
        self._conn.send(data)

    def getreply(self, buffering: bool = False) -> tuple[int, str, HTTPMessage | MaybeNone]:
        """Return the status code (int), reason phrase (str) and HTTPMessage of the response.

        Returns (-1, line, None) if the answer has no valid status line.  Then the connection is
        closed, and `file` is None.
        """
        try:
            response = self._conn.getresponse(buffering) if buffering else self._conn.getresponse()
        except BadStatusLine as exc:
            self.close()
            self.headers = None
            return -1, exc.line, None
        self.headers = response.msg
        # httplib returned the response's `fp`, which ends with the connection.  The response is a
        # file as well, and ends with its content.
        self.file = response
        return response.status, response.reason, response.msg

    def getfile(self) -> HTTPResponse | MaybeNone:
        """Return the file with the response's content, or None before getreply()."""
        return self.file

    def close(self) -> None:
        self._conn.close()
        self.file = None


if _https is not None:

    class HTTPSConnection(_https.HTTPSConnection, HTTPConnection):
        """An HTTPConnection over TLS; it verifies the certificate, as Python 2.7.9 and later do."""

        def __init__(self, host: str, port: int | None = None,
                     key_file: StrOrBytesPath | None = None,
                     cert_file: StrOrBytesPath | None = None, strict: int | None = None,
                     timeout: float | None = socket._GLOBAL_DEFAULT_TIMEOUT,
                     source_address: Address | None = None,
                     context: ssl.SSLContext | None = None,
                     **more: Unpack[_SecureOptions]) -> None:
            if strict is None:
                strict = self.strict
            super().__init__(host, port, key_file=key_file, cert_file=cert_file,
                             strict=bool(strict), timeout=timeout,
                             source_address=source_address, context=context, **more)

    class HTTPS(HTTP):
        """The interface of Python 1.5's httplib over TLS."""

        key_file: StrOrBytesPath | None
        cert_file: StrOrBytesPath | None

        _connection_class = HTTPSConnection

        def __init__(self, host: str = "", port: int | None = None,
                     key_file: StrOrBytesPath | None = None,
                     cert_file: StrOrBytesPath | None = None, strict: int | None = None,
                     context: ssl.SSLContext | None = None) -> None:
            self._setup(self._connection_class(host, port or None, key_file, cert_file, strict,
                                               context=context))
            self.key_file = key_file
            self.cert_file = cert_file

    @deprecated("Deprecated since Python 2.6; use the TLS socket itself.")
    def FakeSocket(sock: socket.socket, sslobj: _T) -> _T:
        """Return `sslobj`, which has been a socket since Python 2.6.  Deprecated."""
        warnings.warn("FakeSocket is deprecated: use the TLS socket itself", DeprecationWarning,
                      stacklevel=2)
        return sslobj

    __all__.append("HTTPSConnection")


class _Module(types.ModuleType):
    """The class of this module: keeps the two limits that programs assign in _common/limits.py."""

    __reduce__ = _by_name

    @property
    def _MAXLINE(self):
        return _limits.DEFAULT.max_line

    @_MAXLINE.setter
    def _MAXLINE(self, value):
        _limits.rebind("_MAXLINE", value)

    @property
    def _MAXHEADERS(self):
        return _limits.DEFAULT.max_fields

    @_MAXHEADERS.setter
    def _MAXHEADERS(self, value):
        _limits.rebind("_MAXHEADERS", value)


sys.modules[__name__].__class__ = _Module
