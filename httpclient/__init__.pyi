# SPDX-License-Identifier: MIT
"""The types of httpclient: what its modules leave untyped is typed here, for all that is public.

Older orders of positional arguments are overloads.  A type checker takes a bool for a float, so
it is those behind `strict` that tell the orders apart for it.
"""
import email.message
import http.client as _standard
import io
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from re import Match, Pattern
from socket import socket
from types import TracebackType
from typing import IO, Any, BinaryIO, Final, Literal, Protocol, TypeAlias, TypeVar, overload

from _typeshed import (
    MaybeNone,
    ReadableBuffer,
    StrOrBytesPath,
    SupportsRead,
    SupportsReadline,
    WriteableBuffer,
)
from typing_extensions import Self, deprecated

from ._common.classes import HTTPMessage as HTTPMessage, InterimResponse
from ._core.socket_reader import RawReader, SocketReader

__version__: str
__all__ = [
    "HTTPResponse", "HTTPConnection", "HTTPException", "NotConnected", "UnknownProtocol",
    "UnknownTransferEncoding", "UnimplementedFileMode", "IncompleteRead", "InvalidURL",
    "ImproperConnectionState", "CannotSendRequest", "CannotSendHeader", "ResponseNotReady",
    "BadStatusLine", "BadHeaderLine", "LineTooLong", "RemoteDisconnected", "error", "responses",
    "ResponseParser", "HTTPSConnection",
]

_T = TypeVar("_T")
_M = TypeVar("_M", bound=email.message.Message[Any, Any])
_Address: TypeAlias = tuple[str, int]
_FieldValue: TypeAlias = str | ReadableBuffer | int
_Data: TypeAlias = SupportsRead[bytes] | io.TextIOBase | Iterable[ReadableBuffer] | ReadableBuffer

class _MakesFile(Protocol):
    def makefile(self, mode: Literal["rb"], /) -> IO[bytes]: ...

# ---- exceptions: each is http.client's of the same name as well

class HTTPException(_standard.HTTPException): ...

error = HTTPException

class NotConnected(HTTPException, _standard.NotConnected): ...
class InvalidURL(HTTPException, _standard.InvalidURL): ...

class UnknownProtocol(HTTPException, _standard.UnknownProtocol):
    version: str
    why: str | None
    def __init__(self, version: str, why: str | None = None) -> None: ...

class UnknownTransferEncoding(HTTPException, _standard.UnknownTransferEncoding): ...
class UnimplementedFileMode(HTTPException, _standard.UnimplementedFileMode): ...

class IncompleteRead(HTTPException, _standard.IncompleteRead):
    partial: bytes
    expected: int | None
    def __init__(self, partial: bytes, expected: int | None = None) -> None: ...

class ImproperConnectionState(HTTPException, _standard.ImproperConnectionState): ...
class CannotSendRequest(ImproperConnectionState, _standard.CannotSendRequest): ...
class CannotSendHeader(ImproperConnectionState, _standard.CannotSendHeader): ...
class ResponseNotReady(ImproperConnectionState, _standard.ResponseNotReady): ...

class BadStatusLine(HTTPException, _standard.BadStatusLine):
    line: str
    why: str | None
    def __init__(self, line: str, why: str | None = None) -> None: ...

class BadHeaderLine(HTTPException):
    line: bytes
    why: str
    def __init__(self, line: bytes, why: str = "bad field line") -> None: ...

class LineTooLong(HTTPException, _standard.LineTooLong):
    line: bytes
    def __init__(
        self, line_type: str, limit: int | None = None, line: bytes = b""
    ) -> None: ...

class RemoteDisconnected(_standard.RemoteDisconnected, BadStatusLine): ...

# ---- http.client's own classes on httpclient

def install() -> None: ...
def uninstall() -> None: ...

class installed:
    @property
    def replaced(self) -> list[str]: ...
    @property
    def left(self) -> list[str]: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def __bool__(self) -> bool: ...

# ---- the response

@overload
def parse_headers(
    fp: SupportsReadline[bytes], *, _max_headers: int | None = None
) -> HTTPMessage: ...
@overload
def parse_headers(
    fp: SupportsReadline[bytes], _class: Callable[[], _M], *, _max_headers: int | None = None
) -> _M: ...

# BinaryIO is what lets it go wherever a binary file does; its methods and IOBase's do not agree.
class HTTPResponse(io.BufferedIOBase, BinaryIO):
    # None once the message has been read to its end; over fakes, whatever their makefile() gave.
    fp: SocketReader | RawReader | io.BufferedReader | MaybeNone
    debuglevel: int
    strict: bool | None
    # Of the head, from begin() on.
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
    informational: list[InterimResponse]
    trailers: HTTPMessage
    incomplete: bool
    url: str  # set by urllib.request
    closed: bool
    @overload
    def __init__(
        self, sock: _MakesFile, debuglevel: int = 0, method: str | None = None,
        url: str | None = None, *, strict: bool | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self, sock: _MakesFile, debuglevel: int, strict: int, method: str | None = None, /
    ) -> None: ...
    def begin(self, *, _max_headers: int | None = None) -> None: ...
    def read(self, amt: int | None = None) -> bytes: ...
    def read1(self, n: int = -1) -> bytes: ...
    def readinto(self, b: WriteableBuffer) -> int: ...
    def readline(self, limit: int = -1) -> bytes: ...  # type: ignore[override]
    def peek(self, n: int = -1) -> bytes: ...
    def readable(self) -> bool: ...
    def fileno(self) -> int: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...
    def isclosed(self) -> bool: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None: ...
    def __del__(self) -> None: ...
    @overload
    def getheader(self, name: str, default: None = None) -> str | None: ...
    @overload
    def getheader(self, name: str, default: _T) -> str | _T: ...
    def getheaders(self) -> list[tuple[str, str]]: ...
    @deprecated("Deprecated since Python 3.9; use `headers`.")
    def info(self) -> HTTPMessage: ...
    @deprecated("Deprecated since Python 3.9; use `url`.")
    def geturl(self) -> str: ...
    @deprecated("Deprecated since Python 3.9; use `status`.")
    def getcode(self) -> int: ...

class ResponseParser:
    strict: bool | None
    # Of the head, and None before it has come.
    version: int | MaybeNone
    status: int | MaybeNone
    reason: str | MaybeNone
    chunked: bool | MaybeNone
    will_close: bool | MaybeNone
    length: int | None
    complete: bool
    failed: bool
    surplus: bytes
    def __init__(
        self, method: str = "GET", *, reused: bool = False, strict: bool | None = None,
        max_response_headers: int | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
    ) -> None: ...
    def feed(self, data: ReadableBuffer) -> bytes: ...
    def end(self) -> bytes: ...
    @property
    def headers(self) -> HTTPMessage | MaybeNone: ...
    def getheaders(self) -> list[tuple[str, str]] | MaybeNone: ...
    @property
    def informational(self) -> list[InterimResponse]: ...
    @property
    def trailers(self) -> HTTPMessage: ...

# ---- the connection

HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443

class HTTPConnection:
    response_class: type[HTTPResponse]
    default_port: int
    auto_open: int
    debuglevel: int
    host: str
    port: int
    timeout: float | None
    source_address: _Address | None
    blocksize: int
    strict: bool | None
    deadline: float | None
    max_response_headers: int | None
    sock: socket | MaybeNone
    @overload
    def __init__(
        self, host: str, port: int | None = None, timeout: float | None = ...,
        source_address: _Address | None = None, blocksize: int = 8192, *,
        max_response_headers: int | None = None, strict: bool | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
    ) -> None: ...
    # Python 2 and 3.0
    @overload
    def __init__(
        self, host: str, port: int | None, strict: bool, /, timeout: float | None = ...,
        source_address: _Address | None = None, *, blocksize: int = 8192,
        max_response_headers: int | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def set_debuglevel(self, level: int) -> None: ...
    def set_tunnel(
        self, host: str, port: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None: ...
    def get_proxy_response_headers(self) -> HTTPMessage | None: ...
    def connect(self) -> None: ...
    def close(self) -> None: ...
    def request(
        self, method: str, url: str, body: _Data | str | None = None,
        headers: Mapping[str, _FieldValue] = {}, *, encode_chunked: bool = False,
        deadline: float | None = None,
    ) -> None: ...
    def putrequest(
        self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False
    ) -> None: ...
    def putheader(self, header: str | bytes, *values: _FieldValue) -> None: ...
    def endheaders(
        self, message_body: _Data | None = None, *, encode_chunked: bool = False
    ) -> None: ...
    def send(self, data: _Data | str) -> None: ...
    def getresponse(self) -> HTTPResponse: ...

class HTTPSConnection(HTTPConnection):
    sock: ssl.SSLSocket | MaybeNone
    key_file: StrOrBytesPath | None
    cert_file: StrOrBytesPath | None
    resume_sessions: bool | None
    @overload
    def __init__(
        self, host: str, port: int | None = None, *, timeout: float | None = ...,
        source_address: _Address | None = None, context: ssl.SSLContext | None = None,
        blocksize: int = 8192, key_file: StrOrBytesPath | None = None,
        cert_file: StrOrBytesPath | None = None, check_hostname: None = None,
        max_response_headers: int | None = None, strict: bool | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
        resume_sessions: bool | None = None,
    ) -> None: ...
    # up to Python 3.11
    @overload
    def __init__(
        self, host: str, port: int | None, key_file: StrOrBytesPath | None, /,
        cert_file: StrOrBytesPath | None = None, timeout: float | None = ...,
        source_address: _Address | None = None, *, context: ssl.SSLContext | None = None,
        blocksize: int = 8192, check_hostname: None = None,
        max_response_headers: int | None = None, strict: bool | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
        resume_sessions: bool | None = None,
    ) -> None: ...
    # Python 2 and 3.0
    @overload
    def __init__(
        self, host: str, port: int | None, key_file: StrOrBytesPath | None,
        cert_file: StrOrBytesPath | None, strict: bool | None, /, timeout: float | None = ...,
        source_address: _Address | None = None, *, context: ssl.SSLContext | None = None,
        blocksize: int = 8192, check_hostname: None = None,
        max_response_headers: int | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
        resume_sessions: bool | None = None,
    ) -> None: ...
    @overload
    @deprecated("`check_hostname` is deprecated since Python 3.6; set it in the `context`.")
    def __init__(
        self, host: str, port: int | None = None, key_file: StrOrBytesPath | None = None,
        cert_file: StrOrBytesPath | None = None, timeout: float | None = ...,
        source_address: _Address | None = None, *, context: ssl.SSLContext | None = None,
        blocksize: int = 8192, check_hostname: bool,
        max_response_headers: int | None = None, strict: bool | None = None,
        deadline: float | None = None, max_response_line: int | None = None,
        max_response_head: int | None = None, max_interim_responses: int | None = None,
        max_chunk_line: int | None = None, max_chunk_overhead: int | None = None,
        resume_sessions: bool | None = None,
    ) -> None: ...

# ---- private, but bound anew by programs that mean http.client's

_MAXLINE: int
_MAXHEADERS: int
_MAXINTERIMRESPONSES: int
_MIN_READ_BUF_SIZE: int
_METHODS_EXPECTING_BODY: set[str]
_UNKNOWN: str
_CS_IDLE: str
_CS_REQ_STARTED: str
_CS_REQ_SENT: str
_is_legal_header_name: Callable[[bytes], Match[bytes] | None]
_is_illegal_header_value: Callable[[bytes], Match[bytes] | None]
_contains_disallowed_url_pchar_re: Pattern[str]
_contains_disallowed_method_pchar_re: Pattern[str]

def _encode(data: str, name: str = "data") -> bytes: ...
def _strip_ipv6_iface(enc_name: bytes) -> bytes: ...
def _read_headers(fp: SupportsReadline[bytes], max_headers: int | None = None) -> list[bytes]: ...
@overload
def _parse_header_lines(header_lines: Iterable[bytes]) -> HTTPMessage: ...
@overload
def _parse_header_lines(header_lines: Iterable[bytes], _class: Callable[[], _M]) -> _M: ...
def _create_https_context(http_version: int) -> ssl.SSLContext: ...

# ---- status codes, under the names of before and since RFC 9110

responses: dict[int, str]

CONTINUE: Final = HTTPStatus.CONTINUE
SWITCHING_PROTOCOLS: Final = HTTPStatus.SWITCHING_PROTOCOLS
PROCESSING: Final = HTTPStatus.PROCESSING
EARLY_HINTS: Final = HTTPStatus.EARLY_HINTS
OK: Final = HTTPStatus.OK
CREATED: Final = HTTPStatus.CREATED
ACCEPTED: Final = HTTPStatus.ACCEPTED
NON_AUTHORITATIVE_INFORMATION: Final = HTTPStatus.NON_AUTHORITATIVE_INFORMATION
NO_CONTENT: Final = HTTPStatus.NO_CONTENT
RESET_CONTENT: Final = HTTPStatus.RESET_CONTENT
PARTIAL_CONTENT: Final = HTTPStatus.PARTIAL_CONTENT
MULTI_STATUS: Final = HTTPStatus.MULTI_STATUS
ALREADY_REPORTED: Final = HTTPStatus.ALREADY_REPORTED
IM_USED: Final = HTTPStatus.IM_USED
MULTIPLE_CHOICES: Final = HTTPStatus.MULTIPLE_CHOICES
MOVED_PERMANENTLY: Final = HTTPStatus.MOVED_PERMANENTLY
FOUND: Final = HTTPStatus.FOUND
SEE_OTHER: Final = HTTPStatus.SEE_OTHER
NOT_MODIFIED: Final = HTTPStatus.NOT_MODIFIED
USE_PROXY: Final = HTTPStatus.USE_PROXY
TEMPORARY_REDIRECT: Final = HTTPStatus.TEMPORARY_REDIRECT
PERMANENT_REDIRECT: Final = HTTPStatus.PERMANENT_REDIRECT
BAD_REQUEST: Final = HTTPStatus.BAD_REQUEST
UNAUTHORIZED: Final = HTTPStatus.UNAUTHORIZED
PAYMENT_REQUIRED: Final = HTTPStatus.PAYMENT_REQUIRED
FORBIDDEN: Final = HTTPStatus.FORBIDDEN
NOT_FOUND: Final = HTTPStatus.NOT_FOUND
METHOD_NOT_ALLOWED: Final = HTTPStatus.METHOD_NOT_ALLOWED
NOT_ACCEPTABLE: Final = HTTPStatus.NOT_ACCEPTABLE
PROXY_AUTHENTICATION_REQUIRED: Final = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
REQUEST_TIMEOUT: Final = HTTPStatus.REQUEST_TIMEOUT
CONFLICT: Final = HTTPStatus.CONFLICT
GONE: Final = HTTPStatus.GONE
LENGTH_REQUIRED: Final = HTTPStatus.LENGTH_REQUIRED
PRECONDITION_FAILED: Final = HTTPStatus.PRECONDITION_FAILED
CONTENT_TOO_LARGE: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
REQUEST_ENTITY_TOO_LARGE: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
URI_TOO_LONG: Final = HTTPStatus.REQUEST_URI_TOO_LONG
REQUEST_URI_TOO_LONG: Final = HTTPStatus.REQUEST_URI_TOO_LONG
UNSUPPORTED_MEDIA_TYPE: Final = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
RANGE_NOT_SATISFIABLE: Final = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
REQUESTED_RANGE_NOT_SATISFIABLE: Final = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
EXPECTATION_FAILED: Final = HTTPStatus.EXPECTATION_FAILED
IM_A_TEAPOT: Final = HTTPStatus.IM_A_TEAPOT
MISDIRECTED_REQUEST: Final = HTTPStatus.MISDIRECTED_REQUEST
UNPROCESSABLE_CONTENT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
UNPROCESSABLE_ENTITY: Final = HTTPStatus.UNPROCESSABLE_ENTITY
LOCKED: Final = HTTPStatus.LOCKED
FAILED_DEPENDENCY: Final = HTTPStatus.FAILED_DEPENDENCY
TOO_EARLY: Final = HTTPStatus.TOO_EARLY
UPGRADE_REQUIRED: Final = HTTPStatus.UPGRADE_REQUIRED
PRECONDITION_REQUIRED: Final = HTTPStatus.PRECONDITION_REQUIRED
TOO_MANY_REQUESTS: Final = HTTPStatus.TOO_MANY_REQUESTS
REQUEST_HEADER_FIELDS_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
UNAVAILABLE_FOR_LEGAL_REASONS: Final = HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS
INTERNAL_SERVER_ERROR: Final = HTTPStatus.INTERNAL_SERVER_ERROR
NOT_IMPLEMENTED: Final = HTTPStatus.NOT_IMPLEMENTED
BAD_GATEWAY: Final = HTTPStatus.BAD_GATEWAY
SERVICE_UNAVAILABLE: Final = HTTPStatus.SERVICE_UNAVAILABLE
GATEWAY_TIMEOUT: Final = HTTPStatus.GATEWAY_TIMEOUT
HTTP_VERSION_NOT_SUPPORTED: Final = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
VARIANT_ALSO_NEGOTIATES: Final = HTTPStatus.VARIANT_ALSO_NEGOTIATES
INSUFFICIENT_STORAGE: Final = HTTPStatus.INSUFFICIENT_STORAGE
LOOP_DETECTED: Final = HTTPStatus.LOOP_DETECTED
NOT_EXTENDED: Final = HTTPStatus.NOT_EXTENDED
NETWORK_AUTHENTICATION_REQUIRED: Final = HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED
