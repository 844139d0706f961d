# SPDX-License-Identifier: MIT
"""The types of httpclient.httplib: Python 2's names, arguments and mimetools.Message."""
import socket
import ssl
from email.message import Message
from typing import Any, Final, TypeAlias, TypeVar, overload

from _typeshed import MaybeNone, StrOrBytesPath, SupportsReadline
from typing_extensions import Self, deprecated

from . import (
    BadStatusLine as BadStatusLine,
    CannotSendHeader as CannotSendHeader,
    CannotSendRequest as CannotSendRequest,
    HTTPConnection as _HTTPConnection,
    HTTPException as HTTPException,
    HTTPMessage as _HTTPMessage,
    HTTPResponse as _HTTPResponse,
    HTTPSConnection as _HTTPSConnection,
    ImproperConnectionState as ImproperConnectionState,
    IncompleteRead as IncompleteRead,
    InvalidURL as InvalidURL,
    LineTooLong as LineTooLong,
    NotConnected as NotConnected,
    ResponseNotReady as ResponseNotReady,
    UnimplementedFileMode as UnimplementedFileMode,
    UnknownProtocol as UnknownProtocol,
    UnknownTransferEncoding as UnknownTransferEncoding,
    _Address,
    _Data,
    _MakesFile,
    error as error,
)

__all__ = [
    "BadStatusLine", "CannotSendHeader", "CannotSendRequest", "HTTP", "HTTPConnection",
    "HTTPException", "HTTPResponse", "ImproperConnectionState", "IncompleteRead", "InvalidURL",
    "NotConnected", "ResponseNotReady", "UnimplementedFileMode", "UnknownProtocol",
    "UnknownTransferEncoding", "error", "responses", "HTTPSConnection",
]

_T = TypeVar("_T")
_Lines: TypeAlias = SupportsReadline[bytes] | SupportsReadline[str]
_Joined: TypeAlias = dict[str, str]  # HTTPMessage has another dict

HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443
MAXAMOUNT: Final = 1048576
_MAXLINE: int
_MAXHEADERS: int
_UNKNOWN: str
_CS_IDLE: str
_CS_REQ_STARTED: str
_CS_REQ_SENT: str

# mimetools' ways are not email's: it is no Message for whoever wants what a Message promises.
class HTTPMessage(_HTTPMessage):
    fp: _Lines | None
    unixfrom: str
    seekable: int
    startofheaders: int | None
    startofbody: int | None
    def __init__(self, fp: _Lines | None = None, seekable: int = 0, **policy: Any) -> None: ...
    @classmethod
    def of(cls, message: Message[Any, Any]) -> Self: ...
    @property
    def dict(self) -> _Joined: ...
    @property
    def headers(self) -> list[str]: ...
    @property
    def status(self) -> str: ...
    @property
    def encodingheader(self) -> str | None: ...
    @property
    def typeheader(self) -> str | None: ...
    @property
    def type(self) -> str: ...
    @property
    def maintype(self) -> str: ...
    @property
    def subtype(self) -> str: ...
    @property
    def plisttext(self) -> str: ...
    @property
    def plist(self) -> list[str]: ...
    def __getitem__(self, name: str) -> str: ...
    def __setitem__(self, name: str, value: object) -> None: ...
    def keys(self) -> list[str]: ...
    def values(self) -> list[str]: ...
    def items(self) -> list[tuple[str, str]]: ...
    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: _T) -> str | _T: ...
    def has_key(self, name: str) -> bool: ...
    def setdefault(self, name: str, default: str = "") -> str: ...
    def addheader(self, key: str, value: str) -> None: ...
    @overload
    def getheader(self, name: str, default: None = None) -> str | None: ...
    @overload
    def getheader(self, name: str, default: _T) -> str | _T: ...
    def getheaders(self, name: str) -> list[str]: ...
    def getallmatchingheaders(self, name: str) -> list[str]: ...
    def getfirstmatchingheader(self, name: str) -> list[str]: ...
    def getrawheader(self, name: str) -> str | None: ...
    def getdate(self, name: str) -> tuple[int, ...] | None: ...
    def getdate_tz(self, name: str) -> tuple[int | None, ...] | None: ...
    def getaddrlist(self, name: str) -> list[tuple[str, str]]: ...
    def getaddr(self, name: str) -> tuple[str, str] | tuple[None, None]: ...
    def gettype(self) -> str: ...
    def getmaintype(self) -> str: ...
    def getsubtype(self) -> str: ...
    def getencoding(self) -> str: ...
    def getplist(self) -> list[str]: ...
    def getparam(self, name: str) -> str | None: ...
    def getparamnames(self) -> list[str]: ...

class HTTPResponse(_HTTPResponse):
    @overload
    def __init__(
        self, sock: _MakesFile, debuglevel: int = 0, strict: int = 0, method: str | None = None,
        buffering: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self, sock: _MakesFile, debuglevel: int = 0, strict: int = 0, method: str | None = None,
        buffering: bool = False, *, url: str | None,
    ) -> None: ...
    @property
    def msg(self) -> HTTPMessage: ...
    @msg.setter
    def msg(self, message: _HTTPMessage) -> None: ...

class HTTPConnection(_HTTPConnection):
    response_class: type[_HTTPResponse]
    def __init__(
        self, host: str, port: int | None = None, strict: int | None = None,
        timeout: float | None = ..., source_address: _Address | None = None, *,
        blocksize: int = 8192, max_response_headers: int | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
    ) -> None: ...
    def putheader(self, header: str | bytes, *values: object) -> None: ...
    def endheaders(
        self, message_body: _Data | str | None = None, *, encode_chunked: bool = False
    ) -> None: ...
    def getresponse(self, buffering: bool = False) -> HTTPResponse: ...

class HTTPSConnection(_HTTPSConnection, HTTPConnection):
    def __init__(
        self, host: str, port: int | None = None, key_file: StrOrBytesPath | None = None,
        cert_file: StrOrBytesPath | None = None, strict: int | None = None,
        timeout: float | None = ..., source_address: _Address | None = None,
        context: ssl.SSLContext | None = None, *, check_hostname: bool | None = None,
        blocksize: int = 8192, max_response_headers: int | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
    ) -> None: ...

class HTTP:
    debuglevel: int
    file: HTTPResponse | None
    headers: HTTPMessage | None
    def __init__(
        self, host: str = "", port: int | None = None, strict: int | None = None
    ) -> None: ...
    def connect(self, host: str | None = None, port: int | None = None) -> None: ...
    def set_debuglevel(self, level: int) -> None: ...
    def putrequest(
        self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False
    ) -> None: ...
    def putheader(self, header: str | bytes, *values: object) -> None: ...
    def endheaders(self, message_body: _Data | str | None = None) -> None: ...
    def send(self, data: _Data | str) -> None: ...
    def getreply(self, buffering: bool = False) -> tuple[int, str, HTTPMessage | MaybeNone]: ...
    def getfile(self) -> HTTPResponse | MaybeNone: ...
    def close(self) -> None: ...

class HTTPS(HTTP):
    key_file: StrOrBytesPath | None
    cert_file: StrOrBytesPath | None
    def __init__(
        self, host: str = "", port: int | None = None, key_file: StrOrBytesPath | None = None,
        cert_file: StrOrBytesPath | None = None, strict: int | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None: ...

@deprecated("Deprecated since Python 2.6; use the TLS socket itself.")
def FakeSocket(sock: socket.socket, sslobj: _T) -> _T: ...

# ---- status codes, plain numbers here

responses: dict[int, str]

CONTINUE: Final = 100
SWITCHING_PROTOCOLS: Final = 101
PROCESSING: Final = 102
EARLY_HINTS: Final = 103
OK: Final = 200
CREATED: Final = 201
ACCEPTED: Final = 202
NON_AUTHORITATIVE_INFORMATION: Final = 203
NO_CONTENT: Final = 204
RESET_CONTENT: Final = 205
PARTIAL_CONTENT: Final = 206
MULTI_STATUS: Final = 207
ALREADY_REPORTED: Final = 208
IM_USED: Final = 226
MULTIPLE_CHOICES: Final = 300
MOVED_PERMANENTLY: Final = 301
FOUND: Final = 302
SEE_OTHER: Final = 303
NOT_MODIFIED: Final = 304
USE_PROXY: Final = 305
TEMPORARY_REDIRECT: Final = 307
PERMANENT_REDIRECT: Final = 308
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
PAYMENT_REQUIRED: Final = 402
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
METHOD_NOT_ALLOWED: Final = 405
NOT_ACCEPTABLE: Final = 406
PROXY_AUTHENTICATION_REQUIRED: Final = 407
REQUEST_TIMEOUT: Final = 408
CONFLICT: Final = 409
GONE: Final = 410
LENGTH_REQUIRED: Final = 411
PRECONDITION_FAILED: Final = 412
CONTENT_TOO_LARGE: Final = 413
REQUEST_ENTITY_TOO_LARGE: Final = 413
URI_TOO_LONG: Final = 414
REQUEST_URI_TOO_LONG: Final = 414
UNSUPPORTED_MEDIA_TYPE: Final = 415
RANGE_NOT_SATISFIABLE: Final = 416
REQUESTED_RANGE_NOT_SATISFIABLE: Final = 416
EXPECTATION_FAILED: Final = 417
IM_A_TEAPOT: Final = 418
MISDIRECTED_REQUEST: Final = 421
UNPROCESSABLE_CONTENT: Final = 422
UNPROCESSABLE_ENTITY: Final = 422
LOCKED: Final = 423
FAILED_DEPENDENCY: Final = 424
TOO_EARLY: Final = 425
UPGRADE_REQUIRED: Final = 426
PRECONDITION_REQUIRED: Final = 428
TOO_MANY_REQUESTS: Final = 429
REQUEST_HEADER_FIELDS_TOO_LARGE: Final = 431
UNAVAILABLE_FOR_LEGAL_REASONS: Final = 451
INTERNAL_SERVER_ERROR: Final = 500
NOT_IMPLEMENTED: Final = 501
BAD_GATEWAY: Final = 502
SERVICE_UNAVAILABLE: Final = 503
GATEWAY_TIMEOUT: Final = 504
HTTP_VERSION_NOT_SUPPORTED: Final = 505
VARIANT_ALSO_NEGOTIATES: Final = 506
INSUFFICIENT_STORAGE: Final = 507
LOOP_DETECTED: Final = 508
NOT_EXTENDED: Final = 510
NETWORK_AUTHENTICATION_REQUIRED: Final = 511
