# SPDX-License-Identifier: MIT
"""What requests expects of urllib3: its exceptions, and the interface of its responses.

The connections here raise urllib3's exceptions for the steps that they fail in, because requests
and urllib3.Retry judge errors by those classes.  httpclient's own exception is the cause.
"""
from __future__ import annotations

import io
import socket
import ssl

from urllib3.exceptions import (
    ConnectTimeoutError, DecodeError, HTTPError, IncompleteRead, NameResolutionError,
    NewConnectionError, ProtocolError, ProxyError, ReadTimeoutError, ResponseNotChunked, SSLError,
)
from urllib3.response import BaseHTTPResponse, HTTPHeaderDict

from .. import decoding
from .._common.exceptions import HTTPException
from .._request.connection import HTTPConnection
from .._request.https import HTTPSConnection
from .._response.response import read_arrived

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from urllib3.util import Retry

    from .._response.response import HTTPResponse

# The bytes of an undecoded stream() at a time, unless the caller says.
_STEP = 65536
_VERSIONS = {9: "HTTP/0.9", 10: "HTTP/1.0", 11: "HTTP/1.1"}


# ---- connections

class Connection(HTTPConnection):
    """A connection whose steps have timeouts of their own, and fail with urllib3's exceptions."""

    pool: Any               # what the exceptions name
    read_timeout: float | None = None

    def prepare(self, timeouts: tuple[float | None, float | None]) -> None:
        """Set the timeouts of the next request: for connecting and sending, and for receiving."""
        self.timeout, self.read_timeout = timeouts
        sock = self.sock
        if sock is not None and sock.gettimeout() != self.timeout:
            sock.settimeout(self.timeout)

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:
            self._fail(ConnectTimeoutError(
                self.pool, f"Connection to {self.host} timed out. "
                           f"(connect timeout={self.timeout})"), error)
        except socket.gaierror as error:
            self._fail(NameResolutionError(self.host, self.pool, error), error)
        except OSError as error:
            self._fail(NewConnectionError(
                self.pool, f"Failed to establish a new connection: {error}"), error)

    def _fail(self, failure: HTTPError, cause: BaseException) -> None:
        if self.pool.proxy is not None:
            failure = proxy_error(failure)
        raise failure from cause

    def _tunnel(self) -> None:
        try:
            super()._tunnel()
        except TimeoutError as error:
            raise ReadTimeoutError(
                self.pool, None, f"Read timed out. (read timeout={self.timeout})") from error
        except (OSError, HTTPException) as error:
            raise proxy_error(error) from error

    def getresponse(self) -> HTTPResponse:
        sock = self.sock
        if sock is not None and self.read_timeout != self.timeout:
            sock.settimeout(self.read_timeout)
        try:
            return super().getresponse()
        except TimeoutError as error:
            raise ReadTimeoutError(
                self.pool, None,
                f"Read timed out. (read timeout={self.read_timeout})") from error


class SecureConnection(HTTPSConnection, Connection):
    """The same over TLS."""

    def connect(self) -> None:
        try:
            super().connect()       # of HTTPSConnection, which calls that of Connection
        except TimeoutError as error:
            raise ReadTimeoutError(
                self.pool, None, f"Read timed out. (read timeout={self.timeout})") from error


def proxy_error(error: Exception) -> ProxyError:
    return ProxyError("Unable to connect to proxy", error)


def as_urllib3(error: Exception) -> HTTPError:
    """Return urllib3's exception for one that a request has raised."""
    if isinstance(error, HTTPError):
        return error
    made = SSLError(error) if isinstance(error, ssl.SSLError) else ProtocolError(
        "Connection aborted.", error)
    made.__cause__ = error
    return made


# ---- responses

class _Counted:
    """A response for decoded(), whose bytes are counted."""

    def __init__(self, raw: Response, response: HTTPResponse) -> None:
        self._raw = raw
        self._response = response
        self.getheader = response.getheader
        self.close = response.close

    @property
    def length(self) -> int | None:
        return self._response.length

    @property
    def incomplete(self) -> bool:
        return self._response.incomplete

    def read1(self, n: int = -1, /) -> bytes:
        data = read_arrived(self._response, n)
        self._raw._received += len(data)
        return data


class _Original:
    """The HTTPResponse that requests takes cookies from, if it is true.

    It is false without cookies, because it would take long to look at all headers for them.
    """

    __slots__ = ("_response", "_true")

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self._true = (response.getheader("Set-Cookie") is not None
                      or response.getheader("Set-Cookie2") is not None)

    def __bool__(self) -> bool:
        return self._true

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)


class Response(BaseHTTPResponse):
    """An HTTPResponse of httpclient with the interface of urllib3's.

    Its connection goes back to the pool by itself, see httpclient.Pool.
    """

    # BaseHTTPResponse.__init__() is not called.  It would read the headers for each response.
    decode_content = False
    auto_close = True           # whether `closed` is true at the end of the content
    enforce_content_length = True
    _retries = None
    _decoded = None             # the file of decoded(), from the first read that decodes
    _received = 0
    _whole = False              # whether the decoded content has ended before the content
    _left = False               # whether close() has ended the content
    _data = None
    _headers = None
    _original = None

    def __init__(self, response: HTTPResponse, pool: Any = None,
                 retries: Retry | None = None, url: str | None = None) -> None:
        self._fp = response
        self.status = response.status
        self.reason = response.reason
        self.version = response.version
        self._pool = pool
        self._retries = retries
        self._request_url = url

    # ---- the head

    @property
    def _original_response(self) -> _Original:
        if self._original is None:
            self._original = _Original(self._fp)
        return self._original

    def header_pairs(self) -> list[tuple[str, str]]:
        """Return the headers as (name, value), in the order in which they were received."""
        return self._fp.getheaders()

    @property
    def headers(self) -> HTTPHeaderDict:
        if self._headers is None:
            self._headers = HTTPHeaderDict(self._fp.getheaders())
        return self._headers

    @headers.setter
    def headers(self, value: HTTPHeaderDict) -> None:
        self._headers = value

    @property
    def msg(self) -> Any:
        return self._fp.msg

    @property
    def version_string(self) -> str:
        return _VERSIONS.get(self.version, "HTTP/?")

    @property
    def chunked(self) -> bool:
        return self._fp.chunked is True or "chunked" in self.headers.get("transfer-encoding", "")

    @property
    def length_remaining(self) -> int | None:
        return self._fp.length

    @property
    def url(self) -> str | None:
        return self._request_url

    @url.setter
    def url(self, value: str | None) -> None:
        self._request_url = value

    @property
    def connection(self) -> None:
        """None: the connection belongs to the pool."""
        return None

    # ---- the content

    def _file(self, decode_content: bool | None) -> Any:
        """Return the file to read from, decoded or as it is."""
        if decode_content is None:
            decode_content = self.decode_content
        if self._decoded is not None:
            if not decode_content:
                raise RuntimeError("the content cannot be read as it is after decoded content "
                                   "was read; read all of it in one way")
            return self._decoded
        if decode_content and self._fp.getheader("Content-Encoding") is not None:
            try:
                self._decoded = decoding.decoded(_Counted(self, self._fp))
            except decoding.UnknownCoding as error:
                if error.coding is None:
                    # There are too many of them.
                    raise DecodeError(str(error), error) from error
                return self._fp     # urllib3 passes it on as it is, too.
            if not self._decoded._decoder.codings:
                self._decoded = None
                return self._fp
            return self._decoded
        return self._fp

    def _take(self, read: Any, amt: int | None, file: Any) -> bytes:
        """Return what a read method returns, with the errors of urllib3."""
        if self._whole:
            return b""
        try:
            data = read() if amt is None else read(amt)
            if file is self._fp:
                self._received += len(data)
                if not data and amt != 0 and not (self._left and amt is None):
                    self._check_end()
            return data
        except decoding.TrailingBytes as error:
            # urllib3 ignores them after gzip and deflate, as other clients do.
            self._fp.close()
            self._whole = True
            return error.partial
        except TimeoutError as error:
            self._fp.close()
            raise ReadTimeoutError(self._pool, None, "Read timed out.") from error
        except ssl.SSLError as error:
            self._fp.close()
            raise SSLError(error) from error
        except decoding.DecodingError as error:
            self._fp.close()
            raise DecodeError(f"Received response with content-encoding: "
                              f"{self._fp.getheader('Content-Encoding')}, but failed to decode "
                              f"it: {error}", error) from error
        except (HTTPException, OSError) as error:
            self._fp.close()
            raise ProtocolError(f"Connection broken: {error!r}", error) from error

    def _check_end(self) -> None:
        """Raise ProtocolError if the content has ended early."""
        fp = self._fp
        if self.enforce_content_length and (fp.length or fp.incomplete and not self._left):
            error = IncompleteRead(self._received, fp.length or 0)
            fp.close()
            raise ProtocolError(f"Connection broken: {error!r}", error)

    def read(self, amt: int | None = None, decode_content: bool | None = None,
             cache_content: bool = False) -> bytes:
        """Read content: `amt` bytes (int), or all of it.

        :param decode_content: whether to remove content codings (bool); None means the attribute.
        :param cache_content: whether to keep the content for `data`, if `amt` is None.
        """
        if amt is not None and amt < 0:
            amt = None
        file = self._file(decode_content)
        data = self._take(file.read, amt, file)
        if cache_content and amt is None:
            self._data = data
        return data

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Read content that has arrived, at most `amt` bytes (int); wait only if there is none."""
        if amt is not None and amt < 0:
            amt = None
        file = self._file(decode_content)
        return self._take(file.read1, amt, file)

    def stream(self, amt: int | None = 65536,
               decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the content in pieces of `amt` bytes (int); of chunks, what has arrived."""
        if amt == 0:
            return
        if amt is not None and amt < 0:
            amt = None
        fp = self._fp
        while not self._left:
            file = self._file(decode_content)
            if not fp.chunked:
                data = self._take(file.read, amt, file)
            elif amt is None or file is not fp:
                data = self._take(file.read1, amt, file)
            else:
                # Never waits for `amt` bytes: a chunk may be an event that its reader waits for.
                data = self._take(self._read_arrived, amt, file)
            if not data:
                return
            yield data
            if fp.length == 0 and file is fp:
                return      # This was all.

    def _read_arrived(self, amt: int) -> bytes:
        return read_arrived(self._fp, amt)

    def read_chunked(self, amt: int | None = None,
                     decode_content: bool | None = None) -> Iterator[bytes]:
        """Do stream(), if the content is chunked."""
        if not self.chunked:
            raise ResponseNotChunked("Response is not chunked. "
                                     "Header 'transfer-encoding: chunked' is missing.")
        yield from self.stream(amt, decode_content)

    def supports_chunked_reads(self) -> bool:
        return True

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines of the decoded content."""
        pending = b""
        for piece in self.stream(decode_content=True):
            *lines, pending = (pending + piece).split(b"\n")
            for line in lines:
                yield line + b"\n"
        if pending:
            yield pending

    @property
    def data(self) -> bytes:
        if self._data is None:
            self._data = self.read()
        return self._data

    def tell(self) -> int:
        """Return the number of bytes received so far (int), before decoding."""
        return self._received

    # ---- the end

    def drain_conn(self) -> None:
        """Read and drop the rest, so that the connection can be used again."""
        try:
            while self._fp.read1(_STEP):
                pass
        except (HTTPException, OSError):
            self._fp.close()

    def release_conn(self) -> None:
        """Do nothing: the connection goes back to the pool at the end of the content."""

    def close(self) -> None:
        self._left = True
        self._fp.close()
        if not self.auto_close:
            io.IOBase.close(self)

    def shutdown(self) -> None:
        """Interrupt a read in another thread."""
        self._fp.close()

    def isclosed(self) -> bool:
        return self._fp.isclosed() and (self._left or not self._unread())

    def _unread(self) -> bool:
        """Return True if there is decoded content that was not read."""
        return self._decoded is not None and bool(self._decoded.peek())

    @property
    def closed(self) -> bool:
        return self.isclosed() if self.auto_close else io.IOBase.closed.__get__(self)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._fp.isclosed():
            raise OSError("the response has ended")
        return self._fp.fileno()

    def flush(self) -> None:
        pass
