# SPDX-License-Identifier: MIT
"""Pool: keep-alive connections that threads share.

``httpclient.Pool`` imports this module on first use.  A connection belongs to one request at a
time, from its beginning to the end of the response; _core/lease.pyx keeps account of that.
"""
from __future__ import annotations

import atexit
import math
import os
import socket
import threading
import weakref
from types import SimpleNamespace

from ._common.deadline import checked_deadline, seconds_of
from ._common.exceptions import Aborted, HTTPException, InvalidURL
from ._core.connection_state import connection_state
from ._core.deadline import Deadline
from ._core.lease import Origins
from ._request.connection import HTTPConnection
from ._request.recovery import drop
from ._request.repeating import (
    IDEMPOTENT, USUAL, check_method, rewinder, rewound, says_close,
)
from ._request.stale import has_unread_input
from ._request.url import Proxy, authority, parts

# The errors of a connection that the server has closed.
_GONE: tuple[type[BaseException], ...] = (ConnectionError,)
try:
    import ssl

    from ._request.https import HTTPSConnection
except ImportError:
    HTTPSConnection = None
else:
    _GONE += ssl.SSLEOFError, ssl.SSLZeroReturnError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol, Self, Unpack

    from _typeshed import StrOrBytesPath

    from ._common.hints import Address, Data, FieldValue, Limiting, Resolver
    from ._core.lease import Lease, Origin
    from ._response.response import HTTPResponse

    class _Settings(Limiting, total=False):
        """The keyword parameters of a connection that a pool passes on."""

        source_address: Address | None
        unix_socket: StrOrBytesPath | None
        resolver: Resolver | None
        blocksize: int
        strict: bool | None
        resume_sessions: bool | None
        max_response_headers: int | None

    class _Exchange(Protocol):
        """The steps of one request, for a caller with timeouts and errors of its own.

        `patience` is the timeout of the wait for a connection.
        """

        patience: float | None

        def on(self, connection: HTTPConnection) -> Any:
            """Return an object with request() and getresponse(), as those of `connection`."""

__all__ = ["Pool", "PoolFull"]

_DEFAULT_TIMEOUT: Any = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]
_TLS_ALONE = {"resume_sessions"}        # the settings of HTTPSConnection that HTTPConnection lacks


class PoolFull(TimeoutError):
    """All connections that a pool may have to an origin stayed in use while a request waited."""


class Pool:
    """Keep-alive connections that threads share.

    A request takes a connection to the origin (scheme, host and port) of its URL: the idle one
    that was used last, else a new one.  The connection goes back when the response has been read
    to its end.  It is closed if the response is closed before its end, or garbage collected.

    :param per_host: the most connections in use to one origin (int), default 10.  So many are
        kept at most when they are idle, too.
    :param idle: seconds for which an idle connection is kept (float), default 60; None means no
        limit, and 0 that none is kept.  The pool closes it when it is used for the next time.
    :param timeout: seconds for each blocking operation, and for the wait for a connection (float),
        or None for no timeout; the default is socket.getdefaulttimeout().
    :param deadline: seconds for each request (float), from the call of request() to the end of the
        response's content, after which TimeoutError is raised; default None, no deadline.
    :param block: whether a request waits while `per_host` connections are in use (bool), default
        True.  Otherwise it opens another one.
    :param happy_eyeballs_delay: seconds after which a server's next address is tried beside the
        previous one (float; RFC 8305), default 0.25; None means one after the other.
    :param ssl_context: an ssl.SSLContext for https; None, the default, verifies certificates as
        HTTPSConnection does.
    :param proxy: the URL of a proxy for all requests (str), as in
        "http://user:password@proxy.example:3128"; default None.  Environment variables such as
        HTTP_PROXY have no effect.
    :param settings: other keyword parameters of HTTPSConnection, such as `strict`,
        `source_address`, `resolver`, `unix_socket` and `max_response_head`, for each connection.

    Raises TypeError or ValueError for a bad argument, and InvalidURL for a bad `proxy`.

    Any number of threads may use a pool, and each response in one thread at a time.  After fork(),
    the pool of the child is empty, and the parent's connections go on.  A pool without
    `ssl_context` can be pickled: the copy has the same settings.  A pool is a context manager that
    closes itself.
    """

    # The classes of the connections, for http and https.
    _classes: tuple[Any, Any] = HTTPConnection, HTTPSConnection

    def __init__(
        self, *, per_host: int = 10, idle: float | None = 60.0,
        timeout: float | None = _DEFAULT_TIMEOUT, deadline: float | None = None,
        block: bool = True, happy_eyeballs_delay: float | None = 0.25,
        ssl_context: ssl.SSLContext | None = None, proxy: str | None = None,
        **settings: Unpack[_Settings],
    ) -> None:
        if type(per_host) is not int or per_host < 1:
            raise ValueError(f"per_host should be an int of 1 or more, got {per_host!r}")
        seconds = math.inf if idle is None else float(idle)
        if not seconds >= 0:
            raise ValueError(f"idle should be a number of seconds or None, got {idle!r}")
        self._arguments = {
            "per_host": per_host, "idle": idle, "deadline": deadline, "block": block,
            "happy_eyeballs_delay": happy_eyeballs_delay, "proxy": proxy, **settings}
        if timeout is not _DEFAULT_TIMEOUT:
            self._arguments["timeout"] = timeout
        self._limits = per_host, bool(block), seconds
        self._timeout = timeout
        self._deadline = checked_deadline(deadline)
        self._ssl_context = ssl_context
        self._proxy = None if proxy is None else Proxy(proxy)
        if settings.get("unix_socket") is not None:
            happy_eyeballs_delay = None     # There is one address.
        self._tls_settings: dict[str, Any] = {
            "timeout": timeout, "happy_eyeballs_delay": happy_eyeballs_delay, **settings}
        self._settings = {name: value for name, value in self._tls_settings.items()
                          if name not in _TLS_ALONE}
        # A bad setting is an error here, and not of the first request.
        self._connection(("http", "localhost", 80))
        if HTTPSConnection is not None:
            self._connection(("https", "localhost", 443))
        self._begin()
        _pools.add(self)

    def _begin(self) -> None:
        """Begin without any connection."""
        self._origins = Origins(*self._limits, SimpleNamespace(**_cold))
        self._known = self._origins.known

    def __reduce__(self) -> tuple[Any, ...]:
        if self._ssl_context is not None:
            raise TypeError("cannot pickle a Pool with an ssl_context; "
                            "create the pool where it is used")
        return _restored, (type(self), self._arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:
            # __init__() has failed, or the interpreter is ending.
            pass

    def __repr__(self) -> str:
        in_use, idle = self._origins.counts()
        return f"<{type(self).__module__}.{type(self).__qualname__}: {in_use} in use, {idle} idle>"

    def close(self) -> None:
        """Close the idle connections, and each of the others at the end of its response.

        The next request opens a new connection.
        """
        self._origins.close()

    def request(
        self, method: str, url: str, body: Data | str | None = None,
        headers: Mapping[str, FieldValue] | None = None, *, deadline: float | None = None,
    ) -> HTTPResponse:
        """Send a request, and return its response when the head has been read.

        :param method: the method (str), such as "GET".  CONNECT is not allowed, nor what is no
            token (RFC 9110 9.1), such as "GET /".
        :param url: the URL (str), with http or https and without a user name.  It must be ASCII
            without blanks and control characters; the host may be a name in other characters
            (IDNA).  A fragment is not sent.
        :param body: None, bytes-like, str (Latin-1), a file, or an iterable of bytes-like objects,
            as for HTTPConnection.request().
        :param headers: a mapping of names to values, default None.
        :param deadline: seconds for the wait for a connection, the request and its response
            (float); None means the pool's own.

        If the server had closed the idle connection that the request was sent on, and no byte of
        a response has arrived, the request is sent once more on a new connection (RFC 9112 9.3.1).
        It must be GET, HEAD, OPTIONS, TRACE, PUT or DELETE, with a body that is None, bytes-like,
        str or a seekable file.  If sending fails because the server has responded early, returns
        that response.

        Raises InvalidURL, PoolFull (a TimeoutError) if no connection became free in time, and the
        errors of HTTPConnection.request() and getresponse().
        """
        return self._request(method, url, body, headers, deadline, None)

    def _request(
        self, method: str, url: str, body: Data | str | None,
        headers: Mapping[str, FieldValue] | None, deadline: float | None,
        exchange: _Exchange | None,
    ) -> HTTPResponse:
        """Do request(); with an Exchange, let it take the steps on the connection."""
        if method not in USUAL:
            check_method(method, "a Pool")
        try:
            origin, target = self._known[url]
        except (KeyError, TypeError):
            origin, target = self._find(url)
        if headers is None:
            headers = {}
        if self._proxy is not None:
            headers = self._proxy.authorized(headers, origin.key)
        rewind = rewound if body is None or type(body) is bytes else rewinder(body)
        due = None
        if deadline is None:
            deadline = self._deadline
        if deadline is not None:
            due = Deadline(seconds_of(deadline))
        lease = origin.take()
        if lease is None:
            patience = self._timeout if exchange is None else exchange.patience
            lease = self._wait(origin, due, patience)
        with lease:
            if (connection := lease.connection) is None:
                connection = lease.connection = self._connection(origin.key)
            if due is not None:
                deadline = due.left()
            steps: Any = connection if exchange is None else exchange.on(connection)
            try:
                steps.request(method, target, body, headers, deadline=deadline)
                response = steps.getresponse()
            except _GONE as error:
                response = _early(connection, steps)
                if response is None:
                    if not _may_repeat(connection, method, rewind, error):
                        raise
                    connection.close()
                    rewind()
                    response = _once_more(
                        connection, steps, method, target, body, headers, due)
            if headers:
                lease.last = says_close(headers)
            return lease.keep(response)

    def _find(self, url: str) -> tuple[Origin, str]:
        """Return the Origin and the request target of a URL."""
        scheme, host, port, target = parts(url)
        key = scheme, host, port
        if self._proxy is not None and scheme == "http":
            # One connection to the proxy serves all of them (RFC 9112 3.2.2).
            key = "http", None, None
            target = f"http://{authority(scheme, host, port)}{target}"
        origin = self._origins.origin(key)
        self._origins.remember(url, origin, target)
        return origin, target

    def _wait(self, origin: Origin, due: Deadline | None, timeout: float | None) -> Lease:
        """Return a Lease as soon as there is one; raise PoolFull after the timeout."""
        if timeout is _DEFAULT_TIMEOUT:
            timeout = socket.getdefaulttimeout()
        seconds = math.inf if timeout is None else timeout
        if due is not None:
            seconds = min(seconds, due.left())
        lease = origin.wait(threading.Lock(), seconds)
        if lease is None:
            scheme, host, port = origin.key
            where = "the proxy" if host is None else f"{scheme}://{authority(scheme, host, port)}"
            raise PoolFull(
                f"all {self._limits[0]} connections to {where} stayed in use for {seconds:.3g} s; "
                "read each response to its end or close it, or raise per_host")
        return lease

    def _connection(self, key: tuple[str, Any, Any]) -> HTTPConnection:
        """Return a new connection for an origin, which is not open yet."""
        scheme, host, port = key
        proxy = self._proxy
        server = (host, port) if proxy is None else (proxy.host, proxy.port)
        plain, secure = self._classes
        if scheme == "http":
            return plain(*server, **self._settings)
        if secure is None:
            raise InvalidURL("an https URL needs Python's ssl module")
        connection = secure(*server, context=self._ssl_context, **self._tls_settings)
        if proxy is not None:
            connection.set_tunnel(host, port, proxy.fields)
        return connection


def _restored(cls: type[Pool], arguments: dict[str, Any]) -> Pool:
    return cls(**arguments)


# ---- a connection fails

def _early(connection: HTTPConnection, steps: Any) -> HTTPResponse | None:
    """Return the response of a server that did not wait for the whole request, or None."""
    if not connection_state(connection).abandoned:
        return None
    try:
        return steps.getresponse()
    except (OSError, HTTPException):
        return None


def _may_repeat(connection: HTTPConnection, method: str, rewind: object,
                error: BaseException) -> bool:
    """Return True if a request has met the end of an idle connection, and can be sent again."""
    state = connection_state(connection)
    unanswered, state.unanswered = state.unanswered, False
    return (unanswered and rewind is not None and method in IDEMPOTENT
            and not isinstance(error, Aborted))


def _once_more(connection: HTTPConnection, steps: Any, method: str, target: str, body: Any,
               headers: Any, due: Deadline | None) -> HTTPResponse:
    """Send a request for the second time, and return the response."""
    try:
        steps.request(method, target, body, headers,
                      deadline=None if due is None else due.left())
    except _GONE:
        if (response := _early(connection, steps)) is None:
            raise
        return response
    return steps.getresponse()


# ---- functions that _core/lease.pyx calls

def _close(connection: HTTPConnection) -> None:
    """Close a connection that is idle, or whose response was given up."""
    try:
        connection.close()
    except OSError:
        pass


_cold = {"close": _close, "drop": drop, "has_unread_input": has_unread_input}


# ---- fork(), and the end of the interpreter

_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    """Close idle connections, because sockets may be finalized before the pools."""
    for pool in list(_pools):
        pool.close()


def _after_fork() -> None:
    """Begin all pools of the child anew, and free the descriptors that belong to the parent."""
    for pool in list(_pools):
        origins = pool._origins
        pool._begin()
        origins.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

Pool.__module__ = "httpclient"
