# SPDX-License-Identifier: MIT
"""Fetcher: many requests at once, from one thread.

``httpclient.Fetcher`` imports this module on first use.  The loop is _core/crowd.pyx, and a
connection is _core/transfer.pyx.  Here are the settings, and what happens rarely.
"""
from __future__ import annotations

import atexit
import contextlib
import math
import os
import socket
import threading
import weakref
from functools import partial
from types import SimpleNamespace

from . import decoding
from ._common import limits as _limits
from ._common.deadline import checked_deadline
from ._core import hosts, intake, job, link, loop, sender, transfer  # noqa: F401, see _core/
from ._core.crowd import Crowd
from ._fetch.answer import Answer
from ._fetch.opening import Opening
from ._fetch.poller import READABLE, pollers
from ._fetch.request import Request
from ._fetch.writing import Writer
from ._request.dialing import checked_delay
from ._request.url import Proxy
from ._response.parser import _cold as _parsing

try:
    import ssl

    from ._request.https import _create_https_context
    from ._request.tls import shared_context
except ImportError:
    ssl = None      # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable, Iterator
    from typing import Any, Self, Unpack

    from ._common.hints import Address, Limiting, Resolver
    from ._fetch.aio import Runner

__all__ = ["Answer", "Fetcher", "Request"]


class Fetcher(Crowd):
    """Many requests at once, over keep-alive connections, from one thread.

    :param connections: the most connections in all (int), default 100.
    :param per_host: the most connections to one host (int), default 8.  Hosts are told apart by
        scheme, name and port.
    :param timeout: seconds for each wait (float): for addresses, a connection, the TLS handshake,
        and for the next bytes; None means no limit, default 30.
    :param deadline: seconds from add() to the end of the content (float), after which the answer
        has a TimeoutError; default None, no deadline.  A Request may have its own.
    :param idle: seconds for which an idle connection is kept (float), default 15; 0 keeps none.
    :param delay: seconds between the beginnings of two requests to one host (float), default 0.
    :param max_content: the most bytes of content of one answer, decoded if `decode` (int), default
        None: no limit.  An answer with more has a ContentTooLong.
    :param decode: whether to ask for content codings and to remove them (bool), default False.
    :param strict: None, True or False, as for HTTPConnection; default None.
    :param ssl_context: an ssl.SSLContext for https; None, the default, verifies certificates as
        HTTPSConnection does.
    :param proxy: the URL of a proxy for all requests (str), as for Pool; default None.
    :param retries: how often a request is repeated (int), default 1, if the server had closed the
        idle connection that it was sent on; see Pool.request().
    :param dns_ttl: seconds for which the addresses of a host are kept (float), default 60.
    :param resolver: a function of a host (str) and a port (int) that returns addresses as
        socket.getaddrinfo() does, which is the default.  Threads call it.
    :param happy_eyeballs_delay: seconds after which a server's next address is tried beside the
        previous one (float; RFC 8305), default 0.25; None means one after the other.
    :param source_address: the (host, port) that sockets are bound to; default None.
    :param resume_sessions: whether to resume TLS sessions, as for HTTPSConnection.
    :param limits: the limits on a response, `max_response_headers` to `max_chunk_overhead`, as for
        HTTPConnection.

    Raises TypeError or ValueError for a bad argument, and InvalidURL for a bad `proxy`.

    A Fetcher is an iterator of answers, in the order in which they complete; it ends when nothing
    is outstanding, and goes on after the next add().  Each request comes back exactly once, as an
    Answer with a response or with an `error`.  One thread at a time iterates; others may call
    add().  A Fetcher is a context manager that closes itself.  After fork(), that of the child has
    no requests and no connections.
    """

    def __init__(
        self, *, connections: int = 100, per_host: int = 8, timeout: float | None = 30.0,
        deadline: float | None = None, idle: float = 15.0, delay: float = 0.0,
        max_content: int | None = None, decode: bool = False, strict: bool | None = None,
        ssl_context: ssl.SSLContext | None = None, proxy: str | None = None, retries: int = 1,
        dns_ttl: float = 60.0, resolver: Resolver | None = None,
        happy_eyeballs_delay: float | None = 0.25, source_address: Address | None = None,
        resume_sessions: bool | None = None, max_response_headers: int | None = None,
        **limits: Unpack[Limiting],
    ) -> None:
        for name, value in [("connections", connections), ("per_host", per_host)]:
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} should be an int of 1 or more, got {value!r}")
        for name, value in [("retries", retries), ("max_content", max_content)]:
            if not (type(value) is int and value >= 0 or value is None and name == "max_content"):
                raise ValueError(f"{name} should be an int of 0 or more, got {value!r}")
        if resolver is not None and not callable(resolver):
            raise TypeError("resolver should be a function of a host and a port, "
                            f"got {resolver!r:.100}")
        answer_limits = _limits.taken_from(limits)
        if limits:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument "
                            f"{next(iter(limits))!r}")
        if max_response_headers is not None:
            answer_limits = answer_limits._replace(fields=max_response_headers)
        deadline = checked_deadline(deadline)
        self._settings = SimpleNamespace(
            connections=connections, per_host=per_host, retries=retries,
            timeout=_seconds("timeout", timeout, True), idle=_seconds("idle", idle),
            delay=_seconds("delay", delay), dns_ttl=_seconds("dns_ttl", dns_ttl),
            deadline=math.inf if deadline is None else float(deadline),
            max_content=max_content, decode=bool(decode), decoder=decoding.Decoder,
            strict=None if strict is None else bool(strict), limits=answer_limits,
            proxy=None if proxy is None else Proxy(proxy), resolver=resolver,
            happy_eyeballs_delay=None if happy_eyeballs_delay is None
            else checked_delay(happy_eyeballs_delay),
            source_address=source_address, socket_options=(), unix_socket=None,
            answer=Answer, parsing=_parsing,
            context=_Contexts(ssl_context, resume_sessions))
        self._begin()
        _fetchers.add(self)

    # A transport sets these, and the `socket_options` and `unix_socket` of the settings.
    _writer = Writer

    def _begin(self) -> None:
        """Begin without any request and any connection."""
        settings = self._settings
        self._closing = threading.RLock()
        self._runner: Runner | None = None
        self.announce = None
        self.deferring = False
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._opening = Opening(settings, self._wake)
        # The collector of cycles calls this before it finalizes sockets, which give a warning then.
        self._finalizer = weakref.finalize(
            self, _close_all, self._opening.sockets, self._waker, self._woken)
        self._finalizer.atexit = False
        settings.poller = pollers()[0]()
        settings.cold = self._opening
        settings.writer = self._writer(
            proxy=settings.proxy, origin=self.host, blocksize=_BLOCK,
            accept_encoding=decoding.ACCEPT_ENCODING if settings.decode else "identity")
        self.set_up(settings)
        settings.poller.register(self._woken.fileno(), READABLE)

    def _wake(self) -> None:
        """End the wait of the thread that runs the loop; another one calls this."""
        try:
            self._waker.send(b"\0")
        except (BlockingIOError, OSError):
            pass        # It has been woken, or is closed.

    def _after_wake(self) -> None:
        try:
            with contextlib.suppress(BlockingIOError):
                while self._woken.recv(4096):
                    pass
            self._opening.go_on()
        except BaseException:
            self._wake()        # The rest has to be done in the next turn.
            raise

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
        return (f"<{type(self).__module__}.{type(self).__qualname__}: {self.outstanding} requests, "
                f"{self.open} connections>")

    if TYPE_CHECKING:
        def __next__(self) -> Answer: ...

    def fetch(self, requests: Iterable[Request | str]) -> Iterator[Answer]:
        """Fetch each of the requests, and return the iterator of all answers: the Fetcher itself.

        :param requests: an iterable of Requests and URLs (str), which may be endless.  Requests
            are taken from it as there is room: about as many as `connections` wait at a time, and
            ten times as many if these have to wait for busy hosts.

        What the iterable raises comes out of the iteration, which can be continued without it.  So
        does what add() raises for a request; then the iteration can be continued with the iterable.
        """
        self.add_source(iter(requests))
        return self

    # ---- asyncio

    def __aiter__(self) -> AsyncIterator[Answer]:
        return self

    async def __anext__(self) -> Answer:
        while not self.waiting:
            runner = self._runner
            ended = not (self.outstanding or self.pulling
                         or runner is not None and runner.busy())
            if runner is not None and runner.failures:
                failure = runner.failures.popleft()
                runner.soon()
                raise failure
            if ended:
                raise StopAsyncIteration
            await self._running().wait()
        return next(self)

    async def fetch_one(self, request: Request | str) -> Answer:
        """Fetch one request, inside a running asyncio loop, and return its answer.

        If the task is cancelled, the request ends; others go on.  Raises what add() raises.
        """
        runner = self._running()
        future: asyncio.Future[Answer] = runner.loop.create_future()
        added = self.add_with(request, partial(runner.finished, future))
        try:
            return await future
        except BaseException:
            self.cancel(added, ConnectionAbortedError("the task that waited was cancelled"))
            raise

    def _running(self) -> Runner:
        """Return the Runner for the running asyncio loop."""
        if self.closed:
            raise RuntimeError("the Fetcher is closed; requests cannot be added")
        if self._runner is None or not self._runner.usable():
            from ._fetch import aio

            self._runner = aio.runner_for(self, self._settings.poller.fileno())
        return self._runner

    def _take_over(self) -> None:
        """Let this thread take the turns, and not one that did so for an asyncio loop."""
        runner = self._runner
        if runner is not None and runner.stop_other_thread():
            self._runner = None

    # ---- the end

    def close(self) -> None:
        """Close all connections.

        Each request that has not come back does so with a ConnectionAbortedError: go on iterating
        to get these answers.
        """
        runner = self._runner
        with self._closing:
            if self.may_close():
                try:
                    if runner is not None:
                        runner.stop()
                    self.end(ConnectionAbortedError(
                        "the Fetcher was closed before the answer was complete"))
                finally:
                    if runner is not None:
                        runner.end()
                    self._finalizer.detach()
                    self._opening.close()
                    self._settings.poller.close()
                    self._waker.close()
                    self._woken.close()
                return
        if runner is not None and not self.closed:
            runner.join()       # A turn is under way there, and calls this at its end.

    def _wait_for_close(self) -> None:
        """Wait until close() has returned in another thread."""
        with self._closing:
            pass


def _seconds(name: str, value: float | None, optional: bool = False) -> float:
    """Return a number of seconds, infinite for None if that is allowed."""
    if value is None and optional:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ValueError(f"{name} should be a number of seconds, 0 or more, got {value!r}")
    return float(value)


class _Contexts:
    """The TLS context of a Fetcher; calling it returns (context, whether sessions are resumed)."""

    def __init__(self, context: ssl.SSLContext | None, resumes: bool | None) -> None:
        self._given = context
        self._resumes = (context is None) if resumes is None else bool(resumes)

    def __call__(self) -> tuple[Any, bool]:
        if self._given is not None:
            return self._given, self._resumes
        shared = shared_context(11, _create_https_context)
        if shared is not None:
            return shared, self._resumes
        self._given = _create_https_context(11)
        return self._given, self._resumes


def _close_all(sockets: set[socket.socket], *others: socket.socket) -> None:
    """Close the sockets of a Fetcher that nothing refers to any more."""
    for sock in (*sockets, *others):
        sock.close()


# ---- fork(), and the end of the interpreter

_BLOCK = 64 * 1024      # bytes that are read at once from a file to be sent
_fetchers: weakref.WeakSet[Fetcher] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    """Close all Fetchers, because sockets may be finalized before them."""
    for fetcher in list(_fetchers):
        fetcher.close()


def _after_fork() -> None:
    """Begin all Fetchers of the child anew, and free the descriptors that belong to the parent."""
    for fetcher in list(_fetchers):
        fetcher._closing = threading.RLock()
        if not fetcher.closed:
            fetcher._finalizer.detach()
            fetcher.forget()
            fetcher._settings.poller.close()
            fetcher._waker.close()
            fetcher._woken.close()
            fetcher._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

Fetcher.__module__ = "httpclient"
