# SPDX-License-Identifier: MIT
"""HTTPTransport: httpx sends its requests by a Pool, without httpcore.

httpx has made all header fields and decodes the content itself.  So a request is sent with exactly
the fields that httpx gives, and the response's content is passed on as it is.

A Pool has one timeout and raises http.client's exceptions.  httpx has four timeouts for each
request, and an exception for each step.  An _Exchange is between the two: it takes the steps of
one request on the connection, sets the timeout of each, and notes the last step for `_mapped()`.
"""
from __future__ import annotations

import re
import time
from base64 import b64encode

import httpx

from .._common.exceptions import HTTPException, ImproperConnectionState, InvalidURL
from .._response.response import read_arrived
from ..pool import Pool, PoolFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .._request.connection import HTTPConnection
    from .._request.url import Proxy as ProxyURL
    from .._response.response import HTTPResponse

__all__ = ["HTTPTransport"]

_PIECE = 65536          # the most bytes of content to pass on at once
_VERSIONS = {11: b"HTTP/1.1", 10: b"HTTP/1.0"}
_NO_TIMEOUTS: dict[str, float | None] = {}
# http.client sends a request with one of these methods and without a body as it is.
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})
# http.client adds these fields unless they are given.
_USUAL = frozenset({b"host", b"accept-encoding"})
# RFC 9110 5.1 and 5.5.  http.client allows more, such as blanks in names.
_are_names = re.compile(rb"[\w!#$%&'*+.^`|~-]*", re.ASCII).fullmatch
_find_bad_octet = re.compile(rb"[\0\r\n]").search
_REFUSED = "Tunnel connection failed: "

_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)

# The steps of a request, each with the exceptions for a timeout and for other errors.
_CONNECT = httpx.ConnectTimeout, httpx.ConnectError
_WRITE = httpx.WriteTimeout, httpx.WriteError
_READ = httpx.ReadTimeout, httpx.ReadError


class HTTPTransport(httpx.BaseTransport):
    """A transport for ``httpx.Client(transport=...)`` or ``mounts=`` on a Pool.

    :param verify: True, the default, verifies certificates by certifi's authorities, False does
        not; or an ssl.SSLContext.
    :param cert: the client's certificate, a path or a tuple of paths and a password, default None.
    :param trust_env: whether the environment variables SSL_CERT_FILE and SSL_CERT_DIR have an
        effect (bool), default True.
    :param http1: must be True.
    :param http2: must be False: httpclient has no HTTP/2.
    :param limits: an httpx.Limits.  `max_connections` is the most connections to one origin, and
        so many are kept idle for `keepalive_expiry` seconds.  `max_keepalive_connections` has an
        effect only if it is 0.
    :param proxy: an httpx.Proxy, or its URL, which begins with http://; default None.
    :param uds: the path of a Unix socket to connect to, default None.
    :param local_address: the address to connect from (str), default None.
    :param retries: how often to try again to connect (int), default 0.  It has no effect with a
        proxy.
    :param socket_options: arguments of socket.setsockopt() for each new connection, an iterable
        of tuples, default None.
    :param strict: None, True or False, see HTTPResponse; default None.

    All but the last are the parameters of httpx.HTTPTransport.  Raises ValueError for a setting
    that httpclient does not support, and the errors of httpx.create_ssl_context().

    Any number of threads may use a transport.  After fork(), that of the child is empty.
    """

    def __init__(
        self, verify: ssl.SSLContext | str | bool = True, cert: Any = None,
        trust_env: bool = True, http1: bool = True, http2: bool = False,
        limits: httpx.Limits = _LIMITS,
        proxy: httpx.Proxy | httpx.URL | str | None = None, uds: str | None = None,
        local_address: str | None = None, retries: int = 0,
        socket_options: Iterable[tuple[Any, ...]] | None = None, *, strict: bool | None = None,
    ) -> None:
        if http2 or not http1:
            raise ValueError("httpclient has HTTP/1.1 alone; use httpx.HTTPTransport for HTTP/2")
        context = httpx.create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
        context.set_alpn_protocols(["http/1.1"])
        most = limits.max_connections
        settings: dict[str, Any] = {
            "per_host": 100 if most is None else most, "block": most is not None,
            "idle": 0 if limits.max_keepalive_connections == 0 else limits.keepalive_expiry,
            "ssl_context": context, "strict": strict,
            # The program may change its own context, so that a session does not fit any more.
            "resume_sessions": context is not verify,
        }
        if uds is not None:
            settings["unix_socket"] = uds
        if local_address is not None:
            settings["source_address"] = local_address, 0
        if isinstance(proxy, (str, httpx.URL)):
            proxy = httpx.Proxy(proxy)
        self._pool = _Pool(proxy, settings)
        self._proxy_fields = None if proxy is None else self._pool.proxy_fields
        self._retries = retries if proxy is None else 0
        self._socket_options = tuple(socket_options or ())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its response when the head has been read.

        Raises the exceptions of httpx, with that of httpclient as ``__cause__``.
        """
        url, extensions = request.url, request.extensions
        scheme = url.scheme
        if scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(
                f"Request URL has an unsupported protocol '{scheme}://'." if scheme else
                "Request URL is missing an 'http://' or 'https://' protocol.")
        if extensions.get("sni_hostname") not in (None, url.host):
            raise ValueError("the extension 'sni_hostname' is not supported; "
                             "use httpx.HTTPTransport for this request")
        method = request.method
        exchange = _Exchange(extensions, self._retries, self._socket_options)
        pairs = request.headers.raw
        if self._proxy_fields and scheme == "http":
            pairs = _merged(self._proxy_fields, pairs)
        try:
            headers, body = exchange.message(method, pairs, request.stream)
            response = self._pool._request(
                method, f"{scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}",
                body, headers, None, exchange)
        except _BodyFailed as failed:
            error = failed.args[0]
        except Exception as failure:
            mapped = _mapped(failure, exchange.step)
            if mapped is None:
                raise
            raise mapped from failure
        else:
            return httpx.Response(
                response.status, headers=_fields_of(response), stream=_Content(response),
                extensions={
                    "http_version": _VERSIONS.get(response.version, b"HTTP/1.1"),
                    "reason_phrase": response.reason.encode("latin-1", "replace"),
                    "network_stream": NetworkStream(exchange.sock)})
        raise error     # Outside of `except`, so that it gets no context.

    def close(self) -> None:
        """Close the idle connections, and each of the others at the end of its response."""
        self._pool.close()


class NetworkStream:
    """The connection of a response: ``response.extensions["network_stream"]``."""

    __slots__ = ("_sock",)

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def get_extra_info(self, info: str) -> Any:
        """Return the "socket", "ssl_object", "client_addr" or "server_addr"; None for others."""
        sock = self._sock
        if info == "socket":
            return sock
        if info == "ssl_object":
            return getattr(sock, "_sslobj", None)
        if info == "client_addr":
            return sock.getsockname()
        if info == "server_addr":
            return sock.getpeername()
        return None


class _Content(httpx.SyncByteStream):
    """The content of a response, piece by piece as it arrives."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        response = self._response
        try:
            while piece := read_arrived(response, _PIECE):
                yield piece
            if response.incomplete:
                raise httpx.RemoteProtocolError(
                    "peer closed connection without sending complete message body")
        except Exception as error:
            mapped = _mapped(error, _READ)
            if mapped is None:
                raise
            raise mapped from error
        finally:
            # If a program leaves the loop early, the connection is not of use any more.
            response.close()

    def close(self) -> None:
        self._response.close()


class _Exchange:
    """The steps of one request, with its timeouts; Pool._request() calls them."""

    def __init__(self, extensions: Any, retries: int, socket_options: Any) -> None:
        self._timeouts = timeouts = extensions.get("timeout", _NO_TIMEOUTS)
        self._target = extensions.get("target")
        self._retries = retries
        self._socket_options = socket_options
        self._chunked = False
        self.patience = timeouts.get("pool")
        self.step: tuple[type[Exception], type[Exception]] = _CONNECT
        self.sock: Any = None

    def message(self, method: str, pairs: Any, stream: Any) -> tuple[Any, Any]:
        """Return the headers and the body of a request as HTTPConnection.request() takes them."""
        names, values = zip(*pairs) if pairs else ((), ())
        if not _are_names(b"".join(names)) or b"" in names:
            raise httpx.LocalProtocolError(f"Illegal header name in {names!r}")
        if _find_bad_octet(b"".join(values)):
            raise httpx.LocalProtocolError("Illegal header value: it has CR, LF or NUL")
        fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
        given = {name.lower() for name in names}
        if (type(stream) is httpx.ByteStream and len(given) == len(pairs)
                and _USUAL <= given and b"transfer-encoding" not in given):
            # The usual case: http.client would add nothing.
            body = b"".join(stream)
            if b"content-length" not in given:
                if not body and method in _BODILESS:
                    return fields, None
            elif fields.get("Content-Length") == str(len(body)):
                return fields, body or None
        return self._unusual_message(pairs, stream)

    def _unusual_message(self, pairs: Any, stream: Any) -> tuple[Any, Any]:
        """Do message() for any fields and body."""
        def values_of(wanted: bytes) -> list[bytes]:
            return [value for name, value in pairs if name.lower() == wanted]

        if len(values_of(b"host")) != 1:
            raise httpx.LocalProtocolError("a request needs one Host field (RFC 9112 3.2)")
        if codings := values_of(b"transfer-encoding"):
            if [coding.lower() for coding in codings] != [b"chunked"]:
                raise httpx.LocalProtocolError("Only Transfer-Encoding: chunked is supported")
            # A request must not have both (RFC 9112 6.2).
            pairs = [pair for pair in pairs if pair[0].lower() != b"content-length"]
            self._chunked = True
            return _Fields(pairs), _pieces(stream, None)
        lengths = set(values_of(b"content-length")) or {b"0"}
        if len(lengths) > 1 or not min(lengths).isdigit():
            raise httpx.LocalProtocolError("bad Content-Length")
        length = int(min(lengths))
        body = _pieces(stream, length)
        # Without length, this reads the stream, which should have nothing.
        return _Fields(pairs), body if length or any(body) else None

    def on(self, connection: HTTPConnection) -> _Exchange:
        """Take the next steps on this connection."""
        self._connection = connection
        return self

    def request(self, method: str, target: str, body: Any, headers: Any, *,
                deadline: float | None) -> None:
        connection = self._connection
        timeouts = self._timeouts
        if connection.sock is None:
            self.step = _CONNECT
            self._connect(timeouts.get("connect"))
        self.step = _WRITE
        self.sock = sock = connection.sock
        if sock.gettimeout() != timeouts.get("write"):
            sock.settimeout(timeouts.get("write"))
        if self._target is not None:
            target = self._target
            target = target if isinstance(target, str) else target.decode("ascii")
        connection.request(method, target, body, headers, encode_chunked=self._chunked)

    def getresponse(self) -> HTTPResponse:
        self.step = _READ
        timeout = self._timeouts.get("read")
        if self.sock.gettimeout() != timeout:
            self.sock.settimeout(timeout)
        return self._connection.getresponse()

    def _connect(self, timeout: float | None) -> None:
        connection = self._connection
        connection.timeout = timeout
        pause = 0.0
        for left in range(self._retries, -1, -1):
            try:
                connection.connect()
                break
            except OSError:
                if not left:
                    raise
            time.sleep(pause)
            pause = pause * 2 or 0.5
        for option in self._socket_options:
            connection.sock.setsockopt(*option)


class _Fields:
    """Headers for HTTPConnection.request(), which adds none to them.

    It asks by iteration which names it must not add, and sends items().
    """

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]

    def __iter__(self) -> Iterator[str]:
        names = [name for name, _ in self._pairs]
        yield from names
        yield from ("host", "accept-encoding")
        if not any(name.lower() == "transfer-encoding" for name in names):
            yield "content-length"

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


class _BodyFailed(Exception):
    """The program's own iterator has raised the exception in args[0]."""


def _pieces(stream: Any, length: int | None) -> Iterator[bytes]:
    """Yield the pieces of a body, which must have the length of its Content-Length, if any."""
    sent = 0
    try:
        for piece in stream:
            sent += len(piece)
            if length is not None and sent > length:
                raise httpx.LocalProtocolError("Too much data for declared Content-Length")
            yield piece
        if length is not None and sent < length:
            raise httpx.LocalProtocolError("Too little data for declared Content-Length")
    except Exception as error:
        # Otherwise an OSError of the program would look like one of the connection.
        raise _BodyFailed(error) from error


class _Pool(Pool):
    """A Pool whose proxy is an httpx.Proxy."""

    def __init__(self, proxy: httpx.Proxy | None, settings: dict[str, Any]) -> None:
        self.proxy_fields: list[tuple[bytes, bytes]] = []
        if proxy is None:
            super().__init__(**settings)
            return
        if proxy.url.scheme != "http":
            raise ValueError(f"a proxy with a {proxy.url.scheme}:// URL is not supported; "
                             "use httpx.HTTPTransport for it")
        super().__init__(proxy=f"http://{proxy.url.netloc.decode('ascii')}", **settings)
        self.proxy_fields += proxy.headers.raw
        if proxy.raw_auth is not None:
            value = b"Basic " + b64encode(b":".join(proxy.raw_auth))
            self.proxy_fields.insert(0, (b"Proxy-Authorization", value))
        self._proxy = _Proxy(self._proxy, self.proxy_fields)


class _Proxy:
    """The proxy of a Pool; the transport adds the fields for it to each request itself."""

    def __init__(self, proxy: ProxyURL, pairs: list[tuple[bytes, bytes]]) -> None:
        self.host, self.port = proxy.host, proxy.port
        # For CONNECT.
        self.fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}

    def authorized(self, headers: Any, key: Any) -> Any:
        return headers


def _merged(added: list[tuple[bytes, bytes]], pairs: Any) -> list[tuple[bytes, bytes]]:
    """Return the fields for a proxy, but those that the request has, and then the request's."""
    names = {name.lower() for name, _ in pairs}
    return [pair for pair in added if pair[0].lower() not in names] + list(pairs)


def _fields_of(response: HTTPResponse) -> list[tuple[bytes, bytes]]:
    """Return the header fields of a response as bytes, with folded lines joined."""
    return [(name.encode("latin-1"),
             (" ".join(value.split("\r\n")) if "\n" in value else value).encode("latin-1"))
            for name, value in response.getheaders()]


def _mapped(error: Exception, step: tuple[type[Exception], type[Exception]]) -> Exception | None:
    """Return the exception of httpx for one of httpclient, or None if it has none."""
    kind: type[Exception]
    if isinstance(error, PoolFull):
        kind = httpx.PoolTimeout
    elif isinstance(error, TimeoutError):
        kind = step[0]
    elif type(error) is OSError and str(error).startswith(_REFUSED):
        return httpx.ProxyError(str(error).removeprefix(_REFUSED))
    elif isinstance(error, (InvalidURL, ImproperConnectionState)):
        kind = httpx.LocalProtocolError
    elif isinstance(error, HTTPException):
        kind = httpx.RemoteProtocolError
    elif isinstance(error, OSError):
        kind = step[1]
    elif isinstance(error, ValueError):
        kind = httpx.LocalProtocolError
    else:
        return None
    return kind(str(error))
