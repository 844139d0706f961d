# SPDX-License-Identifier: MIT
"""Many threads, each with a connection of its own: small answers, as fast as they come.

The wall time per request is one over the requests per second of all threads together.
Two more contenders take part where they are installed: pycurl with a handle per thread, and
aiohttp with a task in place of each thread.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import ssl
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from types import ModuleType
from typing import Any

from bench.cases.exchanges import Client
from bench.cases.fixtures import CALLER_FIELDS, CASES, HOST, LOOKED_UP, Case
from bench.cases.peers import KEPT, Answer
from bench.harness.measure import AnswersDiffer, Course, Exchange, Makers, measure

THREADS = [1, 2, 4, 8, 16, 64]
EACH = 100                      # requests of a thread in one unit
FETCHED: Case = next(case for case in CASES if case.name == "small-head")
NAMES = {f"threads-{count}": count for count in THREADS}

Fetch = Callable[[], None]
AsyncClient = tuple[Callable[[], Awaitable[Answer]], Callable[[], Awaitable[object]]]


def summary(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}, each with a connection, small answers"


class Together:
    """`count` threads; `make` returns for each a function to call and one that ends it."""

    def __init__(self, count: int, make: Callable[[], tuple[Fetch, Callable[[], None]]]) -> None:
        self._each = [make() for _ in range(count)]

    def exchange(self) -> Exchange:
        def work(fetch: Fetch, failed: list[BaseException]) -> None:
            try:
                for _ in range(EACH):
                    fetch()
            except BaseException as error:
                failed.append(error)

        def together() -> int:
            failed: list[BaseException] = []
            threads = [threading.Thread(target=work, args=(fetch, failed))
                       for fetch, _ in self._each]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if failed:
                raise failed[0]
            return len(threads)

        return together

    def close(self) -> None:
        for _, close in self._each:
            close()


def checked(answer: object) -> None:
    if answer != (200, FETCHED.wire.content_size):
        raise AnswersDiffer(f"threads: got {answer}")


def of_module(module: ModuleType, port: int) -> tuple[Fetch, Callable[[], None]]:
    client = Client(module, FETCHED, {"http": port}, None)
    exchange = client.exchange()

    def fetch() -> None:
        status, _, size = exchange()
        checked((status, size))

    return fetch, client.close


def of_pycurl(pycurl: ModuleType, port: int) -> tuple[Fetch, Callable[[], None]]:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, f"http://{HOST}:{port}{FETCHED.target}")
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}"
                                      for name, value in CALLER_FIELDS.items()])

    def fetch() -> None:
        content = io.BytesIO()
        handle.setopt(pycurl.WRITEDATA, content)
        handle.perform()
        checked((handle.getinfo(pycurl.RESPONSE_CODE), len(content.getvalue())))

    return fetch, handle.close


async def of_aiohttp(aiohttp: ModuleType, url: str, count: int,
                     context: ssl.SSLContext | None = None) -> AsyncClient:
    connector = aiohttp.TCPConnector(limit=count, keepalive_timeout=KEPT,
                                     ssl=True if context is None else context)
    session = aiohttp.ClientSession(connector=connector, headers=CALLER_FIELDS)

    async def fetch() -> Answer:
        async with session.get(url) as response:
            return response.status, response.headers[LOOKED_UP], await response.read()

    return fetch, session.close


class Tasks:
    """`count` tasks in one thread; `make` returns a coroutine function for all of them to call
    and one that ends it."""

    def __init__(self, count: int, make: Callable[[], Awaitable[AsyncClient]],
                 loop: asyncio.AbstractEventLoop) -> None:
        self._count, self._loop = count, loop
        self._fetch, self._close = loop.run_until_complete(make())

    def run(self, each: int, check: Callable[[int, Any, Any], None]) -> None:
        """Have each task fetch so many answers, and check them."""
        fetch = self._fetch

        async def work() -> None:
            for _ in range(each):
                check(*await fetch())

        async def together() -> None:
            await asyncio.gather(*(work() for _ in range(self._count)))

        self._loop.run_until_complete(together())

    def exchange(self) -> Exchange:
        def check(status: int, _: object, content: bytes) -> None:
            checked((status, len(content)))

        return partial(self.run, EACH, check)

    def close(self) -> None:
        self._loop.run_until_complete(self._close())
        self._loop.close()


def of_tasks(aiohttp: ModuleType, count: int, port: int) -> Tasks:
    return Tasks(count, partial(of_aiohttp, aiohttp, f"http://{HOST}:{port}{FETCHED.target}",
                                count), asyncio.new_event_loop())


def measure_threads(name: str, modules: dict[str, ModuleType], port: int,
                    course: Course) -> dict[str, Any]:
    """Measure with so many threads; figures are per request."""
    count = NAMES[name]
    makers: Makers = {key: partial(Together, count, partial(of_module, module, port))
                      for key, module in modules.items()}
    for peer in ("pycurl", "aiohttp"):
        try:
            library = importlib.import_module(peer)
        except ImportError:
            continue
        if peer == "pycurl":
            makers[peer] = partial(Together, count, partial(of_pycurl, library, port))
        else:
            makers[peer] = partial(of_tasks, library, count, port)
    return measure(name, summary(count), makers, course, units=count * EACH)
