# SPDX-License-Identifier: MIT
"""AsyncHTTPTransport: httpx's AsyncClient sends its requests by a Fetcher.

A Fetcher gives answers that are complete.  httpx wants the head of a response first, and then the
content as the program reads it.  An _Exchange is between the two.  It is the sink of its request,
so it gets the head and each piece of content during a turn of the Fetcher.  The task of the program
waits for them in `_wait()`.

Neither direction is ahead of the program by more than a bound: an _Exchange pauses a response that
the program does not read, and an _Upload takes the next piece of a body when it is to be sent.
"""
from __future__ import annotations

import asyncio
import math
from collections import deque

import httpx

from .._common.exceptions import IncompleteRead
from .._fetch.receiving import Streaming
from .._fetch.request import Request
from .._fetch.upload import Upload
from .._fetch.writing import Writer
from .._request.body import LAST_CHUNK, chunk
from ..fetcher import Fetcher
from ._httpx import (
    CHUNKED, CONNECT, CUT_SHORT, LIMITS, QUEUE, READ, TOO_LITTLE, TOO_MUCH, WRITE,
    ProxyOfTransport, extensions_of, fields_for, fields_of, mapped, merged, message, proxy_of,
    proxy_url_of, settings_of, target_of, url_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable
    from typing import Any, NoReturn, Self

    from .._fetch.aio import Runner
    from .._fetch.answer import Answer

__all__ = ["AsyncHTTPTransport"]

# A response is paused while the program has more bytes to read than the first, and goes on when
# it has no more than the second.
_MOST = 256 * 1024
_FEW = 64 * 1024
_NO_LIMIT = 2 ** 30     # connections
# Of Job.moments().
_QUEUED, _CONNECTED, _SECURED, _SENT, _FIRST_OCTET = 1, 3, 4, 5, 6


class AsyncHTTPTransport(httpx.AsyncBaseTransport):
    """A transport for ``httpx.AsyncClient(transport=...)`` or ``mounts=`` on a Fetcher.

    The parameters are those of HTTPTransport, but for this one:

    :param limits: an httpx.Limits.  `max_connections` is the most connections in all, and so many
        are kept idle for `keepalive_expiry` seconds.  `max_keepalive_connections` has an effect
        only if it is 0.

    It needs asyncio or uvloop, and raises RuntimeError inside trio.  It serves one loop at a time.
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
        if settings["idle"] is None:
            settings["idle"] = math.inf
        most = _NO_LIMIT if limits.max_connections is None else limits.max_connections
        settings.update(connections=most, per_host=most, timeout=None)
        proxy = proxy_of(proxy)
        self._proxy_fields = fields_for(proxy)
        self._retries = retries if proxy is None else 0
        self._fetcher = _Fetcher(proxy, self._proxy_fields, uds, tuple(socket_options or ()),
                                 settings)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its response when the head has been read.

        Raises the exceptions of httpx, with that of httpclient as ``__cause__``.
        """
        try:
            runner = self._fetcher._running()
        except RuntimeError as error:
            if _in_asyncio():
                raise
            raise RuntimeError(
                "AsyncHTTPTransport needs asyncio; in another event loop, such as trio's, use "
                "httpx.AsyncHTTPTransport, or HTTPTransport in a thread") from error
        url = url_of(request)
        pairs = request.headers.raw
        if self._proxy_fields and request.url.scheme == "http":
            pairs = merged(self._proxy_fields, pairs)
        headers, body, length = message(request.method, pairs, request.stream)
        pause = 0.0
        for left in range(self._retries, -1, -1):
            exchange = _Exchange(self._fetcher, runner)
            sent = _Sent(request.method, url, headers, body, target_of(request), exchange)
            try:
                if length is None:
                    await exchange.send(sent, request.extensions, None)
                else:
                    sent.upload = exchange.upload = _Upload(exchange)
                    assert isinstance(request.stream, httpx.AsyncByteStream)
                    await exchange.send(
                        sent, request.extensions, _framed(request.stream, length))
                break
            except (httpx.ConnectError, httpx.ConnectTimeout):
                # Nothing has been taken from the body.
                if not left:
                    raise
            await asyncio.sleep(pause)
            pause = pause * 2 or 0.5
        status, fields, extensions = exchange.head
        return httpx.Response(
            status, headers=fields, stream=_Content(exchange), extensions=extensions)

    async def aclose(self) -> None:
        """Close all connections.  A response that is being read ends with a ReadError."""
        self._fetcher.close()


def _in_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Exchange(Streaming):
    """One request and its response, between the Fetcher and the task of the program.

    Methods that are called in a turn may run in another thread, see ThreadRunner.  They change
    only what is theirs, and tell the task by `_notify()`.
    """

    def __init__(self, fetcher: _Fetcher, runner: Runner) -> None:
        self._fetcher = fetcher
        self._runner = runner
        self._waiter: asyncio.Future[None] | None = None
        self._job: Any = None
        self._secure = False
        self._pieces: deque[bytes] = deque()
        self._arrived = 0       # bytes of content; a turn changes this,
        self._taken = 0         # and the task this
        self._paused = False
        self._done = False
        self.upload: _Upload | None = None
        self.head: Any = None   # (status, fields, extensions)

    # ---- in a turn of the Fetcher

    def receiver(self, job: Answer) -> Self:
        """Take the head of the response."""
        self._job = job
        self.head = job.status, fields_of(job), extensions_of(job)
        self.notify()
        return self

    def take(self, content: bytes) -> None:
        """Take a piece of content."""
        self._pieces.append(content)
        self._arrived += len(content)
        if self._arrived - self._taken > _MOST and not self._paused:
            self._paused = True
            self._fetcher.pause(self._job)
        self.notify()

    def end(self) -> None:
        """Take the end of the content; _finish() tells the task."""

    def content(self) -> bytes:
        return b""

    def finished(self, job: Answer) -> None:
        """Take the end of the exchange."""
        self._runner.call(self._finish)

    def notify(self) -> None:
        """Let the task look at what has changed."""
        self._runner.call(self._wake)

    # ---- in the loop

    def _finish(self) -> None:
        self._done = True
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not (waiter.done() or self._runner.loop.is_closed()):
            waiter.set_result(None)

    async def _wait(self) -> None:
        """Wait for a change."""
        self._waiter = self._runner.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def send(self, request: _Sent, extensions: Any, pieces: Any) -> None:
        """Send a request, and wait for the head of the response."""
        timeouts = extensions.get("timeout", {})
        waits = tuple(math.inf if (seconds := timeouts.get(name)) is None else float(seconds)
                      for name in ("pool", "connect", "write", "read"))
        self._secure = request.url.startswith("https")
        try:
            self._job = self._fetcher.add_with(request, self.finished, waits)
        except Exception as error:
            _raise_mapped(error, CONNECT)
        try:
            if pieces is not None:
                await self._send_body(pieces)
            while self.head is None and not self._done:
                await self._wait()
        except BaseException:
            self.close()
            raise
        if self.head is None:
            self._raise(self._job.error)

    async def _send_body(self, pieces: AsyncIterator[bytes]) -> None:
        """Send a body, piece by piece as the connection takes them.

        If the connection is lost, the rest of the body is left out, as the server may have
        responded.
        """
        upload = self.upload
        assert upload is not None
        if not await self._is_wanted(upload):
            return
        async for piece in pieces:
            if not piece:
                continue
            upload.put(piece)
            self._fetcher.resume(self._job)
            if not await self._is_wanted(upload):
                return
        upload.put(b"")
        self._fetcher.resume(self._job)

    async def _is_wanted(self, upload: _Upload) -> bool:
        """Wait until the connection can take a piece of the body; False if it will not."""
        while not upload.wanted:
            if self._done or upload.stopped:
                return False
            await self._wait()
        return True

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the content, piece by piece."""
        try:
            while True:
                if self._pieces:
                    piece = self._pieces.popleft()
                    self._taken += len(piece)
                    if self._paused and self._arrived - self._taken <= _FEW:
                        self._resume()
                    yield piece
                elif self._done:
                    break
                elif self._paused:
                    self._resume()
                else:
                    await self._wait()
            if self._job.error is not None:
                self._raise(self._job.error)
        finally:
            self.close()

    def _resume(self) -> None:
        self._paused = False
        self._fetcher.resume(self._job)

    def close(self) -> None:
        """Give up the exchange, unless it is complete."""
        self._pieces.clear()
        if not self._done:
            self._done = True
            self._fetcher.cancel(self._job, ConnectionAbortedError("the response was closed"))

    # ---- errors

    def _raise(self, error: Exception) -> NoReturn:
        """Raise the exception of httpx for that of the request."""
        if self.head is not None and isinstance(error, IncompleteRead):
            raise httpx.RemoteProtocolError(CUT_SHORT) from error
        _raise_mapped(error, self._step(error))

    def _step(self, error: Exception) -> tuple[type[Exception], type[Exception]]:
        """Return the step that has failed with this error."""
        job = self._job
        moments = job.moments()
        if not moments[_QUEUED]:
            return QUEUE
        # A response may begin before the request has been sent, which still may take too long.
        if moments[_SENT] or moments[_FIRST_OCTET] and not isinstance(error, TimeoutError):
            return READ
        if job.reused or moments[_SECURED if self._secure else _CONNECTED]:
            return WRITE
        return CONNECT


def _raise_mapped(error: Exception, step: tuple[type[Exception], type[Exception]]) -> NoReturn:
    """Raise the exception of httpx for one of httpclient, or that itself if there is none."""
    translated = mapped(error, step)
    if translated is None:
        raise error
    raise translated from error


class _Content(httpx.AsyncByteStream):
    """The content of a response, piece by piece as it arrives."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._exchange.pieces()

    async def aclose(self) -> None:
        self._exchange.close()


# ---- requests

class _Sent(Request):
    """A Request whose header fields are sent as they are."""

    __slots__ = ("target", "upload")

    def __init__(self, method: str, url: str, headers: Any, body: bytes | None,
                 target: str | None, sink: _Exchange) -> None:
        super().__init__(method, url, body=body)
        self.headers = headers
        self.target = target
        self.sink = sink    # type: ignore[assignment]
        self.upload: _Upload | None = None


class _Writer(Writer):
    """A Writer for _Sent, with the upload and the request target of the transport."""

    def written(self, request: Any) -> Any:
        origin, method, octets, upload, last, may_repeat = self._written(request)
        if request.upload is not None:
            upload, may_repeat = request.upload, False
        return origin, method, octets, upload, last, may_repeat

    def _target(self, request: Any, target: str) -> str:
        return target if request.target is None else request.target


class _Upload(Upload):
    """A body of which one piece at a time is known."""

    __slots__ = ("_exchange", "_piece", "wanted", "stopped")

    def __init__(self, exchange: _Exchange) -> None:
        self.rewinder = None
        self._exchange = exchange
        self._piece: bytes | None = None
        self.wanted = self.stopped = False

    def put(self, piece: bytes) -> None:
        """Send a piece, now that one is `wanted`; b"" is the end."""
        self.wanted = False
        self._piece = piece

    def next_piece(self) -> Any:
        piece, self._piece = self._piece, None
        if piece is None:
            self.wanted = True
            self._exchange.notify()
        return piece

    def stop(self) -> None:
        self.stopped = True
        self._exchange.notify()


async def _framed(stream: httpx.AsyncByteStream, length: int) -> AsyncIterator[bytes]:
    """Yield the pieces of a body: so many bytes, or chunks if the length is CHUNKED."""
    sent = 0
    async for piece in stream:
        sent += len(piece)
        if length == CHUNKED:
            if piece:
                yield bytes(chunk(piece))
            continue
        if sent > length:
            raise httpx.LocalProtocolError(TOO_MUCH)
        yield piece
    if length == CHUNKED:
        yield LAST_CHUNK
    elif sent < length:
        raise httpx.LocalProtocolError(TOO_LITTLE)


class _Fetcher(Fetcher):
    """A Fetcher with the settings that only transports have."""

    _writer = _Writer

    def __init__(self, proxy: httpx.Proxy | None, fields: list[tuple[bytes, bytes]],
                 path: str | None, socket_options: tuple[Any, ...],
                 settings: dict[str, Any]) -> None:
        self._proxy_fields = fields
        self._path = path
        self._socket_options = socket_options
        super().__init__(proxy=None if proxy is None else proxy_url_of(proxy), **settings)

    def _begin(self) -> None:
        settings = self._settings
        settings.unix_socket = self._path
        settings.socket_options = self._socket_options
        if settings.proxy is not None:
            settings.proxy = ProxyOfTransport(
                settings.proxy.host, settings.proxy.port, self._proxy_fields)
        super()._begin()
