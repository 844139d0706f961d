# SPDX-License-Identifier: MIT
"""The clients of a crowd: each keeps so many connections busy from one process.

Each is used as its manual says for many requests at a time, keeps its connections, looks up one
field and takes the whole content as bytes.  The loops look up none.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import queue
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from bench.cases.crowd.loops import Loop, ParserLoop
from bench.cases.fixtures import CALLER_FIELDS, HOST, LOOKED_UP, Case
from bench.cases.peers import FIELDS, KEPT, PATIENCE, Answer, pycurl_handle
from bench.cases.threads import AsyncClient, Tasks, of_aiohttp

Check = Callable[[int, Any, Any], None]         # of the status, the field, the content


class Setting(NamedTuple):
    """All that a client has to know.  `context` and `certificate` are those of HTTPS."""

    module: ModuleType          # httpclient
    case: Case
    port: int
    count: int                  # of the connections
    context: ssl.SSLContext | None
    certificate: str | None

    @property
    def url(self) -> str:
        return f"http{'s' * bool(self.context)}://{HOST}:{self.port}{self.case.target}"


class Crowd(Protocol):
    """A client with its connections.

    run() does `requests` requests, a multiple of the connections' number, and checks the answers.
    """

    def run(self, requests: int, check: Check) -> None: ...
    def close(self) -> None: ...


class Threads:
    """A thread for each connection.  A single connection has the main thread."""

    def __init__(self, module: ModuleType, setting: Setting) -> None:
        self._target = setting.case.target
        make = (partial(module.HTTPConnection, HOST, setting.port) if setting.context is None else
                partial(module.HTTPSConnection, HOST, setting.port, context=setting.context))
        self._connections = [make() for _ in range(setting.count)]
        self._todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        for _ in range(setting.count if setting.count > 1 else 0):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            work, failure = self._todo.get(), None
            try:
                work()
            except BaseException as error:
                failure = error
            self._done.put(failure)

    def _fetch(self, connection: Any, each: int, check: Check) -> None:
        target = self._target
        for _ in range(each):
            connection.request("GET", target, None, CALLER_FIELDS)
            response = connection.getresponse()
            check(response.status, response.getheader(LOOKED_UP), response.read())

    def run(self, requests: int, check: Check) -> None:
        each = requests // len(self._connections)
        if len(self._connections) == 1:
            self._fetch(self._connections[0], each, check)
            return
        for connection in self._connections:
            self._todo.put(partial(self._fetch, connection, each, check))
        for _ in self._connections:
            if failure := self._done.get():
                raise failure

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


class Fetching:
    """httpclient's Fetcher."""

    def __init__(self, setting: Setting) -> None:
        self._fetcher = setting.module.Fetcher(
            connections=setting.count, per_host=setting.count, timeout=PATIENCE, idle=KEPT,
            ssl_context=setting.context)
        self._request = partial(setting.module.Request, "GET", setting.url, headers=CALLER_FIELDS)

    def _requests(self, count: int) -> Iterator[Any]:
        return (self._request() for _ in range(count))

    def run(self, requests: int, check: Check) -> None:
        for answer in self._fetcher.fetch(self._requests(requests)):
            check_answer(answer, check)

    def close(self) -> None:
        self._fetcher.close()


class FetchingAsync(Fetching):
    """The same inside an event loop of asyncio."""

    def __init__(self, make_loop: Callable[[], asyncio.AbstractEventLoop],
                 setting: Setting) -> None:
        super().__init__(setting)
        self._loop = make_loop()

    def run(self, requests: int, check: Check) -> None:
        async def fetch() -> None:
            async for answer in self._fetcher.fetch(self._requests(requests)):
                check_answer(answer, check)

        self._loop.run_until_complete(fetch())

    def close(self) -> None:
        super().close()
        self._loop.close()


def check_answer(answer: Any, check: Check) -> None:
    if answer.error is not None:
        raise answer.error
    check(answer.status, answer.getheader(LOOKED_UP), answer.content)


class CurlMulti:
    """pycurl's CurlMulti, driven by epoll; a handle for each connection."""

    def __init__(self, setting: Setting) -> None:
        self._curl = curl = importlib.import_module("pycurl")
        self._poll, self._due = select.epoll(), 0.0
        self._known: set[int] = set()
        self._multi = curl.CurlMulti()
        self._multi.setopt(curl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(curl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(curl.M_MAXCONNECTS, setting.count)
        self._contents: dict[Any, io.BytesIO] = {}
        for _ in range(setting.count):
            handle = pycurl_handle(curl, setting.url)
            if setting.certificate:
                handle.setopt(curl.CAINFO, setting.certificate)
            self._contents[handle] = io.BytesIO()

    def _watch(self, what: int, number: int, _multi: object, _data: object) -> None:
        if what == self._curl.POLL_REMOVE:
            self._known.discard(number)
            self._poll.unregister(number)
            return
        events = {self._curl.POLL_IN: select.EPOLLIN, self._curl.POLL_OUT: select.EPOLLOUT,
                  self._curl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT}.get(what, 0)
        if number in self._known:
            self._poll.modify(number, events)
        else:
            self._known.add(number)
            self._poll.register(number, events)

    def _set_timer(self, milliseconds: int) -> None:
        self._due = time.monotonic() + milliseconds / 1000 if milliseconds >= 0 else 0.0

    def _begin(self, handle: Any) -> None:
        self._contents[handle] = content = io.BytesIO()
        handle.setopt(self._curl.WRITEDATA, content)
        self._multi.add_handle(handle)

    def run(self, requests: int, check: Check) -> None:
        curl, multi, contents = self._curl, self._multi, self._contents
        unsent, unanswered = requests - len(contents), requests
        for handle in list(contents):
            self._begin(handle)
        while unanswered:
            patience = max(0.0, self._due - time.monotonic()) if self._due else PATIENCE
            for number, event in self._poll.poll(patience):
                mask = (curl.CSELECT_IN if event & ~select.EPOLLOUT else 0) | \
                    (curl.CSELECT_OUT if event & select.EPOLLOUT else 0)
                multi.socket_action(number, mask)
            if self._due and time.monotonic() >= self._due:
                self._due = 0.0
                multi.socket_action(curl.SOCKET_TIMEOUT, 0)
            queued = True
            while queued:
                queued, done, failed = multi.info_read()
                if failed:
                    raise RuntimeError(f"pycurl: {failed[0][1:]}")
                for handle in done:
                    check(handle.getinfo(curl.RESPONSE_CODE), handle.getinfo(curl.CONTENT_TYPE),
                          contents[handle].getvalue())
                    multi.remove_handle(handle)
                    unanswered -= 1
                    if unsent:
                        unsent -= 1
                        self._begin(handle)

    def close(self) -> None:
        for handle in self._contents:
            handle.close()
        self._multi.close()
        self._poll.close()


class Asyncio(Tasks):
    """A client of asyncio with a task for each connection."""

    def __init__(self, of: Callable[[Setting], Any], make_loop: Callable[[], Any],
                 setting: Setting) -> None:
        super().__init__(setting.count, partial(of, setting), make_loop())

    def run(self, requests: int, check: Check) -> None:
        super().run(requests // self._count, check)


async def aiohttp_client(setting: Setting) -> AsyncClient:
    return await of_aiohttp(importlib.import_module("aiohttp"), setting.url, setting.count,
                            setting.context)


async def httpx_client(setting: Setting) -> AsyncClient:
    httpx = importlib.import_module("httpx")
    client = httpx.AsyncClient(
        verify=setting.context or False, trust_env=False, headers=FIELDS, timeout=PATIENCE,
        limits=httpx.Limits(max_connections=setting.count, keepalive_expiry=KEPT,
                            max_keepalive_connections=setting.count))
    url = setting.url

    async def fetch() -> Answer:
        response = await client.get(url)
        return response.status_code, response.headers[LOOKED_UP], response.content

    return fetch, client.aclose


async def pyreqwest_client(setting: Setting) -> AsyncClient:
    builder = importlib.import_module("pyreqwest.client").ClientBuilder().no_proxy()
    builder = builder.max_connections(setting.count).pool_max_idle_per_host(setting.count)
    if setting.certificate:
        # Its TLS library takes no certificate that is signed by itself for a server's.
        builder = builder.danger_accept_invalid_certs(True)
    client, url = builder.build(), setting.url

    async def fetch() -> Answer:
        response = await client.get(url).headers(FIELDS).build().send()
        return response.status, response.headers[LOOKED_UP], await response.bytes()

    return fetch, client.close


def uvloop() -> Any:
    return importlib.import_module("uvloop").new_event_loop()


@dataclass(frozen=True)
class Client:
    """A client: its label in tables, the modules that it needs, and its largest crowd.

    `most` leaves out what would take minutes.  `attribute` is what it needs of httpclient.
    `threaded`: it may run on all cores.
    """

    label: str
    make: Callable[[Setting], Crowd]
    needs: tuple[str, ...] = ()
    most: int = 10_000
    attribute: str = "HTTPConnection"
    threaded: bool = False


def plain_loop(setting: Setting) -> Loop:
    return Loop(setting.case, setting.port, setting.count, setting.context)


def parser_loop(setting: Setting) -> Loop:
    return ParserLoop(setting.module, setting.case, setting.port, setting.count, setting.context)


CLIENTS = {
    "loop": Client("epoll loop", plain_loop),
    "parser": Client("epoll loop, ResponseParser", parser_loop, attribute="ResponseParser"),
    "ours": Client("Fetcher", Fetching, attribute="Fetcher"),
    "asyncio": Client("Fetcher, asyncio", partial(FetchingAsync, asyncio.new_event_loop),
                      attribute="Fetcher.__aiter__"),
    "uvloop": Client("Fetcher, uvloop", partial(FetchingAsync, uvloop), ("uvloop",),
                     attribute="Fetcher.__aiter__"),
    "threads": Client("threads, httpclient", lambda setting: Threads(setting.module, setting),
                      most=1000, threaded=True),
    "stdlib": Client("threads, http.client", lambda setting: Threads(
        importlib.import_module("http.client"), setting), most=1000, threaded=True),
    "pycurl": Client("pycurl CurlMulti", CurlMulti, ("pycurl",)),
    "aiohttp": Client("aiohttp, uvloop", partial(Asyncio, aiohttp_client, uvloop),
                      ("aiohttp", "uvloop")),
    "httpx": Client("httpx", partial(Asyncio, httpx_client, asyncio.new_event_loop), ("httpx",),
                    most=100),
    "pyreqwest": Client("pyreqwest", partial(Asyncio, pyreqwest_client, asyncio.new_event_loop),
                        ("pyreqwest",), threaded=True),
}
