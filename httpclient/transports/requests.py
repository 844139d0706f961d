# SPDX-License-Identifier: MIT
"""HTTPAdapter: requests on httpclient's connections.

    session.mount("https://", HTTPAdapter())
    session.mount("http://", HTTPAdapter())

requests' own adapter takes a connection pool of urllib3 for each request, and calls its
urlopen().  This one takes a `Connections`, which has that method and calls a Pool of httpclient.
So all that requests does around that call, and the methods that subclasses override, stay as they
are.  A subclass that overrides one of the methods that set urllib3's pools up gets urllib3's pools.
"""
from __future__ import annotations

import io
import os
import re
import ssl
import threading
import warnings
import weakref
from collections import OrderedDict
from functools import partial

import requests.adapters
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import InvalidProxyURL
from requests.structures import CaseInsensitiveDict
from requests.utils import (
    get_encoding_from_headers, prepend_scheme_if_needed, requote_uri, select_proxy,
)
from urllib3.exceptions import (
    HTTPError, InsecureRequestWarning, LocationValueError, MaxRetryError, SSLError,
)
from urllib3.util import SKIP_HEADER, Retry, Timeout, parse_url
from urllib3.util.request import set_file_position
from urllib3.util.ssl_ import create_urllib3_context

from .._common.exceptions import HTTPException
from .._request.url import authority, parts
from ..pool import Pool
from ._urllib3 import Connection, Response, SecureConnection, as_urllib3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from .._request.connection import HTTPConnection
    from .._response.response import HTTPResponse

__all__ = ["HTTPAdapter"]

if not hasattr(requests.adapters.HTTPAdapter, "get_connection_with_tls_context"):
    raise ImportError(f"requests {requests.__version__} is too old for "
                      "httpclient.transports.requests; install 2.32.2 or newer")

_end_of_authority = re.compile(r"[/?#]|$").search
_is_encoded = re.compile(r"[!-~]*").fullmatch
# The methods by which a subclass changes the pools of urllib3.
_FOR_URLLIB3 = ("build_connection_pool_key_attributes", "cert_verify", "proxy_manager_for")


class HTTPAdapter(requests.adapters.HTTPAdapter):
    """A transport adapter for requests, in place of requests.adapters.HTTPAdapter.

    :param pool_connections: the most origins (scheme, host, port) whose connections are kept (int),
        default 10.
    :param pool_maxsize: the most idle connections to keep for each origin (int), default 10.
    :param max_retries: how often a connection that cannot be opened is tried again (int), or a
        urllib3.Retry; default 0.
    :param pool_block: whether a request waits while `pool_maxsize` connections are in use (bool),
        default False.

    SOCKS proxies and proxies that are reached by TLS are served by requests' own adapter, and so
    are all requests of a subclass that passes settings to urllib3's pools.
    """

    _with_urllib3 = True

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False,
                         **pool_kwargs: Any) -> None:
        """Begin without any connection.  With `pool_kwargs`, urllib3 serves all requests."""
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        # A subclass that does not call this method has urllib3's pools alone.
        self._with_urllib3 = bool(pool_kwargs) or any(
            getattr(type(self), name) is not getattr(HTTPAdapter, name) for name in _FOR_URLLIB3)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, Connections] = OrderedDict()
        self._contexts: dict[Any, ssl.SSLContext] = {}
        _adapters.add(self)

    def close(self) -> None:
        """Close the connections, those in use at the end of their response."""
        super().close()
        if not self._with_urllib3:
            with self._lock:
                kept, self._kept = self._kept, OrderedDict()
            for connections in kept.values():
                connections.close()

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any,
        proxies: dict[str, str] | None = None, cert: Any = None,
    ) -> Any:
        """Return the Connections for a request, or the pool of urllib3 that serves it."""
        url = request.url
        proxy = select_proxy(url, proxies) if proxies else None
        if self._with_urllib3 or proxy and not _is_plain(proxy):
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        if proxy and url[:5].lower() == "http:":
            start = "http:"     # One connection to the proxy serves all of them.
        else:
            end = url.find("/", 8)
            start = url[:end] if end > 0 else url
        key = start, proxy, verify, cert
        kept = self._kept
        try:
            found = kept[key]
            kept.move_to_end(key)
            return found
        except KeyError:
            return self._new_connections(key, url, proxy)

    def _new_connections(self, key: Any, url: str, proxy: str | None) -> Connections:
        try:
            scheme, host, port, _ = parts(_split(url)[0])
        except (HTTPException, TypeError) as error:
            raise LocationValueError(str(error)) from error
        if proxy:
            proxy = prepend_scheme_if_needed(proxy, "http")
            if not parse_url(proxy).host:
                raise InvalidProxyURL(f"the URL of a proxy should have a host, got {proxy!r}")
        made = Connections(self, scheme, host, port, proxy)
        dropped = []
        with self._lock:
            made = self._kept.setdefault(key, made)
            while len(self._kept) > max(self._pool_connections, 1):
                dropped.append(self._kept.popitem(last=False)[1])
        for connections in dropped:
            connections.close()
        return made

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        if type(conn) is not Connections:
            super().cert_verify(conn, url, verify, cert)
        elif not conn.checked:
            super().cert_verify(conn, url, verify, cert)
            conn.checked = True

    cert_verify.__doc__ = requests.adapters.HTTPAdapter.cert_verify.__doc__

    def request_url(self, request: requests.PreparedRequest,
                    proxies: dict[str, str] | None) -> str:
        if proxies or self._with_urllib3:
            return super().request_url(request, proxies)
        return request.path_url

    request_url.__doc__ = requests.adapters.HTTPAdapter.request_url.__doc__

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        if type(resp) is not Response:
            return super().build_response(req, resp)
        # What the method of requests does, but it takes each header out of resp.headers.
        response = requests.Response()
        response.status_code = resp.status
        response.headers = headers = CaseInsensitiveDict()
        pairs = resp.header_pairs()
        store = {name.lower(): (name, value) for name, value in pairs}
        if len(store) == len(pairs):
            # Several times as fast as its methods, which hash each name again.
            headers._store.update(store)
        else:
            headers.update(resp.headers)
        response.encoding = get_encoding_from_headers(headers)
        response.raw = resp
        response.reason = resp.reason
        response.url = req.url.decode("utf-8") if isinstance(req.url, bytes) else req.url
        extract_cookies_to_jar(response.cookies, req, resp)
        response.request = req
        response.connection = self
        return response

    build_response.__doc__ = requests.adapters.HTTPAdapter.build_response.__doc__


_adapters: weakref.WeakSet[HTTPAdapter] = weakref.WeakSet()


def _after_fork() -> None:
    """Free the locks of the child, which another thread of the parent may have held."""
    for adapter in list(_adapters):
        adapter._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _is_plain(proxy: str) -> bool:
    """Return True if a Pool can use a proxy (URL, or host and port)."""
    return proxy[:7].lower() == "http://" or "://" not in proxy


def _split(url: str) -> tuple[str, str]:
    """Return the two parts of a URL around its path: "http://host:port", and the rest.

    "user:password@" is left out: requests sends it as Authorization.
    """
    scheme, colon, rest = url.partition("://")
    end = _end_of_authority(rest).start()   # type: ignore[union-attr]
    return f"{scheme}{colon}{rest[:end].rpartition('@')[2]}", rest[end:]


class _Pool(Pool):
    """A Pool whose connections are those of `owner`."""

    _classes = Connection, SecureConnection

    def __init__(self, owner: Connections, **settings: Any) -> None:
        self._owner = owner
        super().__init__(**settings)

    def _connection(self, key: Any) -> HTTPConnection:
        made = super()._connection(key)
        made.pool = self._owner
        return made


class _Timeouts:
    """The timeouts of a request, which a Pool sets on the connection that it uses."""

    __slots__ = ("_timeouts",)
    patience = None         # requests waits for a connection without a limit

    def __init__(self, timeouts: tuple[float | None, float | None]) -> None:
        self._timeouts = timeouts

    def on(self, connection: Any) -> Any:
        connection.prepare(self._timeouts)
        return connection


class Connections:
    """The connections to one origin, with the method of urllib3's pools that requests calls.

    :param adapter: the HTTPAdapter.
    :param scheme: "http" or "https".
    :param host: the host (str), and `port` (int).
    :param proxy: the URL of a proxy (str), or None.

    requests sets the other attributes, as on a pool of urllib3: `cert_reqs`, `ca_certs`,
    `ca_cert_dir`, `cert_file` and `key_file`.
    """

    # No other attribute: a setting that has no effect here should be an error.
    __slots__ = ("ca_cert_dir", "ca_certs", "cert_file", "cert_reqs", "checked", "host",
                 "key_file", "port", "proxy", "scheme", "_adapter", "_origin", "_pool",
                 "__weakref__")

    def __init__(self, adapter: HTTPAdapter, scheme: str, host: str, port: int,
                 proxy: str | None) -> None:
        # No cycle of references: a session that is dropped closes its connections at once.
        self._adapter = weakref.proxy(adapter)
        self.scheme, self.host, self.port, self.proxy = scheme, host, port, proxy
        self.cert_reqs: str | None = None
        self.ca_certs = self.ca_cert_dir = self.cert_file = self.key_file = None
        self.checked = False            # whether cert_verify() has set them
        self._origin = f"{scheme}://{authority(scheme, host, port)}"
        self._pool: Pool | None = None

    def __str__(self) -> str:
        return f"Connections(host={self.host!r}, port={self.port!r})"

    def close(self) -> None:
        if (pool := self._pool) is not None:
            pool.close()

    def urlopen(
        self, method: str, url: str, body: Any, headers: Mapping[str, Any], *, retries: Retry,
        timeout: Timeout, chunked: bool, **_: Any,
    ) -> Response:
        """Send a request, again as `retries` says; return the response after its head.

        Raises the exceptions that the method of the same name of urllib3's pools raises.
        """
        # A CaseInsensitiveDict would hash each name again.
        fields = dict(headers._store.values() if type(headers) is CaseInsensitiveDict
                      else headers.items())
        if SKIP_HEADER in fields.values():
            fields = {name: value for name, value in fields.items() if value != SKIP_HEADER}
        at = None
        if body is not None and type(body) is not bytes:
            # As long as it is the caller's body: what is sent may have no position.
            at = set_file_position(body, None)
        while True:
            try:
                response = self._answer(method, url, body, fields, timeout, chunked)
            except (HTTPException, HTTPError, OSError) as error:
                # It raises MaxRetryError, or the error itself if that is not to be retried.
                retries = retries.increment(method, url, error=as_urllib3(error), _pool=self,
                                            _stacktrace=error.__traceback__)
                retries.sleep()
            else:
                raw = Response(response, self, retries, url)
                status = raw.status
                if not retries.is_retry(
                        method, status, status in retries.RETRY_AFTER_STATUS_CODES
                        and response.getheader("Retry-After") is not None):
                    return raw
                try:
                    retries = retries.increment(method, url, response=raw, _pool=self)
                except MaxRetryError:
                    if not retries.raise_on_status:
                        return raw
                    raw.drain_conn()
                    raise
                raw.drain_conn()
                retries.sleep(raw)
            at = set_file_position(body, at)

    def _answer(self, method: str, url: str, body: Any, fields: dict[str, Any],
                timeout: Timeout, chunked: bool) -> HTTPResponse:
        """Send a request once."""
        if url[:1] == "/":
            url = self._origin + url
        else:
            url = "".join(_split(url))      # for a proxy
        if not _is_encoded(url):
            url = requote_uri(url)
        pool = self._pool or self._opened()
        if self.cert_reqs == "CERT_NONE" and self.scheme == "https":
            warnings.warn(
                f"The certificate of {self.host!r} is not verified; set verify to True or to the "
                "path of a CA bundle", InsecureRequestWarning, stacklevel=2)
        if timeout.total is not None:
            timeout = timeout.clone()
            timeout.start_connect()
        timeouts = (Timeout.resolve_default_timeout(timeout.connect_timeout),
                    timeout.read_timeout)
        if body is not None and type(body) is not bytes or chunked:
            body, fields = _framed(body, fields, chunked)
        return pool._request(method, url, body, fields, None, _Timeouts(timeouts))

    def _opened(self) -> Pool:
        """Return the Pool, which is made for the first request."""
        adapter = self._adapter
        settings: dict[str, Any] = {}
        if self.scheme == "https":
            settings["ssl_context"] = self._context()
            settings["resume_sessions"] = True
        if self.proxy is not None:
            proxy = parse_url(self.proxy)
            settings["proxy"] = f"http://{proxy.host}:{proxy.port or 80}"
        made = _Pool(weakref.proxy(self), per_host=max(adapter._pool_maxsize, 1), timeout=None,
                     block=adapter._pool_block, **settings)
        if self.proxy is not None:
            # Among them are the credentials.
            made._proxy.fields = adapter.proxy_headers(self.proxy)
        with adapter._lock:
            if self._pool is None:
                self._pool = made
            return self._pool

    def _context(self) -> ssl.SSLContext:
        """Return the adapter's context for the settings of this object."""
        adapter = self._adapter
        key = self.cert_reqs, self.ca_certs, self.ca_cert_dir, self.cert_file, self.key_file
        with adapter._lock:
            context = adapter._contexts.get(key)
            if context is None:
                verified = self.cert_reqs == "CERT_REQUIRED"
                context = create_urllib3_context(
                    cert_reqs=ssl.CERT_REQUIRED if verified else ssl.CERT_NONE)
                context.set_alpn_protocols(["http/1.1"])
                try:
                    if verified:
                        context.load_verify_locations(self.ca_certs, self.ca_cert_dir)
                    if self.cert_file is not None:
                        context.load_cert_chain(self.cert_file, self.key_file)
                except OSError as error:
                    raise SSLError(error) from error
                adapter._contexts[key] = context
            return context


def _framed(body: Any, fields: dict[str, Any], chunked: bool) -> tuple[Any, dict[str, Any]]:
    """Return a body and headers for a Pool, which adds the framing to a body without it."""
    if chunked:
        # Bytes would get a length.
        if not hasattr(body, "read"):
            body = _pieces((body,) if isinstance(body, (str, bytes, bytearray)) else body)
        fields = {name: value for name, value in fields.items()
                  if name.lower() != "transfer-encoding"}
    if isinstance(body, str):
        body = body.encode()
    elif isinstance(body, io.TextIOBase):
        body = _pieces(iter(partial(body.read, 65536), ""))
    elif not hasattr(body, "read") and not isinstance(body, (bytes, bytearray, memoryview)):
        body = _pieces(body)
    return body, fields


def _pieces(body: Iterable[Any]) -> Iterator[Any]:
    """Yield the pieces of a body, with UTF-8 for str as in urllib3."""
    for piece in body:
        yield piece.encode() if isinstance(piece, str) else piece
