# SPDX-License-Identifier: MIT
"""HTTPTransport: httpx sends its requests by a Pool, without httpcore.

httpx has made all header fields and decodes the content itself.  So a request is sent with exactly
the fields that httpx gives, and the response's content is passed on as it is.

A Pool has one timeout and raises http.client's exceptions.  httpx has four timeouts for each
request, and an exception for each step.  An _Exchange is between the two: it takes the steps of
one request on the connection, sets the timeout of each, and notes the last step for mapped().
"""
from __future__ import annotations

import time

import httpx

from .._response.response import read_arrived
from ..pool import Pool
from ._httpx import (
    CHUNKED, CONNECT, CUT_SHORT, LIMITS, READ, TOO_LITTLE, TOO_MUCH, WRITE, ProxyOfTransport,
    extensions_of, fields_for, fields_of, mapped, merged, message, proxy_of, proxy_url_of,
    settings_of, target_of, url_of,
)
from ._httpx_async import AsyncHTTPTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .._request.connection import HTTPConnection
    from .._response.response import HTTPResponse

__all__ = ["AsyncHTTPTransport", "HTTPTransport"]

_PIECE = 65536          # the most bytes of content to pass on at once
_NO_TIMEOUTS: dict[str, float | None] = {}


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
        limits: httpx.Limits = LIMITS,
        proxy: httpx.Proxy | httpx.URL | str | None = None, uds: str | None = None,
        local_address: str | None = None, retries: int = 0,
        socket_options: Iterable[tuple[Any, ...]] | None = None, *, strict: bool | None = None,
    ) -> None:
        settings = settings_of(
            verify, cert, trust_env, http1, http2, limits, local_address, strict)
        most = limits.max_connections
        settings.update(per_host=100 if most is None else most, block=most is not None)
        if uds is not None:
            settings["unix_socket"] = uds
        proxy = proxy_of(proxy)
        self._proxy_fields = fields_for(proxy)
        self._pool = _Pool(proxy, self._proxy_fields, settings)
        self._retries = retries if proxy is None else 0
        self._socket_options = tuple(socket_options or ())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its response when the head has been read.

        Raises the exceptions of httpx, with that of httpclient as ``__cause__``.
        """
        url = url_of(request)
        method = request.method
        exchange = _Exchange(request, self._retries, self._socket_options)
        pairs = request.headers.raw
        if self._proxy_fields and request.url.scheme == "http":
            pairs = merged(self._proxy_fields, pairs)
        try:
            headers, body = exchange.message(method, pairs, request.stream)
            response = self._pool._request(method, url, body, headers, None, exchange)
        except _BodyFailed as failed:
            error = failed.args[0]
        except Exception as failure:
            translated = mapped(failure, exchange.step)
            if translated is None:
                raise
            raise translated from failure
        else:
            return httpx.Response(
                response.status, headers=fields_of(response), stream=_Content(response),
                extensions={**extensions_of(response),
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
                raise httpx.RemoteProtocolError(CUT_SHORT)
        except Exception as error:
            translated = mapped(error, READ)
            if translated is None:
                raise
            raise translated from error
        finally:
            # If a program leaves the loop early, the connection is not of use any more.
            response.close()

    def close(self) -> None:
        self._response.close()


class _Exchange:
    """The steps of one request, with its timeouts; Pool._request() calls them."""

    def __init__(self, request: httpx.Request, retries: int, socket_options: Any) -> None:
        self._timeouts = timeouts = request.extensions.get("timeout", _NO_TIMEOUTS)
        self._target = target_of(request)
        self._retries = retries
        self._socket_options = socket_options
        self._chunked = False
        self.patience = timeouts.get("pool")
        self.step: tuple[type[Exception], type[Exception]] = CONNECT
        self.sock: Any = None

    def message(self, method: str, pairs: Any, stream: Any) -> tuple[Any, Any]:
        """Return the headers and the body of a request as HTTPConnection.request() takes them."""
        headers, body, length = message(method, pairs, stream)
        if length is None:
            return headers, body
        self._chunked = length == CHUNKED
        body = _pieces(stream, None if self._chunked else length)
        # Without length, this reads the stream, which should have nothing.
        return headers, body if length or any(body) else None

    def on(self, connection: HTTPConnection) -> _Exchange:
        """Take the next steps on this connection."""
        self._connection = connection
        return self

    def request(self, method: str, target: str, body: Any, headers: Any, *,
                deadline: float | None) -> None:
        connection = self._connection
        timeouts = self._timeouts
        if connection.sock is None:
            self.step = CONNECT
            self._connect(timeouts.get("connect"))
        self.step = WRITE
        self.sock = sock = connection.sock
        if sock.gettimeout() != timeouts.get("write"):
            sock.settimeout(timeouts.get("write"))
        if self._target is not None:
            target = self._target
        connection.request(method, target, body, headers, encode_chunked=self._chunked)

    def getresponse(self) -> HTTPResponse:
        self.step = READ
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


class _BodyFailed(Exception):
    """The program's own iterator has raised the exception in args[0]."""


def _pieces(stream: Any, length: int | None) -> Iterator[bytes]:
    """Yield the pieces of a body, which must have the length of its Content-Length, if any."""
    sent = 0
    try:
        for piece in stream:
            sent += len(piece)
            if length is not None and sent > length:
                raise httpx.LocalProtocolError(TOO_MUCH)
            yield piece
        if length is not None and sent < length:
            raise httpx.LocalProtocolError(TOO_LITTLE)
    except Exception as error:
        # Otherwise an OSError of the program would look like one of the connection.
        raise _BodyFailed(error) from error


class _Pool(Pool):
    """A Pool whose proxy is an httpx.Proxy."""

    def __init__(self, proxy: httpx.Proxy | None, fields: list[tuple[bytes, bytes]],
                 settings: dict[str, Any]) -> None:
        if proxy is None:
            super().__init__(**settings)
            return
        super().__init__(proxy=proxy_url_of(proxy), **settings)
        self._proxy = ProxyOfTransport(self._proxy.host, self._proxy.port, fields)
