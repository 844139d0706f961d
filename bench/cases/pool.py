# SPDX-License-Identifier: MIT
"""A Pool beside a connection without one, and beside the pools of other clients.

Each contender keeps its connections, looks up one field and takes the whole content as bytes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import closing
from functools import partial
from types import ModuleType
from typing import Any

from bench.cases.exchanges import Client
from bench.cases.fixtures import CALLER_FIELDS, CASES, LOOKED_UP, Case
from bench.cases.peers import Close, Fetch, Peer, check, of_geventhttpclient, url
from bench.cases.threads import EACH, Together, checked
from bench.harness.measure import Course, Exchange, Makers, measure

COUNT = 8                       # threads
THREADS = f"pool-threads-{COUNT}"
FETCHED: dict[str, Case] = {f"pool-{case.name}": case for case in CASES
                            if case.name in ("small-head", "small-post", "chunks-4k")}
SUMMARIES = {name: f"a pool: {case.summary}" for name, case in FETCHED.items()}
SUMMARIES[THREADS] = f"a pool that {COUNT} threads share, small answers"


def of_pool(pool: Any, case: Case, port: int) -> tuple[Fetch, Close]:
    """httpclient's Pool."""
    where = url(case, port)

    def fetch() -> tuple[int, Any, Any]:
        response = pool.request(case.method, where, case.upload, CALLER_FIELDS)
        return response.status, response.getheader(LOOKED_UP), response.read()

    return fetch, pool.close


def of_manager(urllib3: ModuleType, case: Case, port: int) -> tuple[Fetch, Close]:
    """urllib3's PoolManager."""
    manager, where = urllib3.PoolManager(maxsize=COUNT), url(case, port)

    def fetch() -> tuple[int, Any, Any]:
        response = manager.request(case.method, where, body=case.upload, headers=CALLER_FIELDS)
        return response.status, response.headers[LOOKED_UP], response.data

    return fetch, manager.clear


class Pooled(Peer):
    """A contender of which `make` returns the function that fetches, and the one that ends it."""

    def __init__(self, make: Callable[[], tuple[Fetch, Close]]) -> None:
        self._fetch, self._close = make()


class Shared(Together):
    """Threads that share one pool."""

    def __init__(self, make: Callable[[], tuple[Fetch, Close]]) -> None:
        fetch, self._close = make()

        def one() -> None:
            status, _, content = fetch()
            checked((status, len(content)))

        super().__init__(COUNT, lambda: (one, lambda: None))

    def close(self) -> None:
        self._close()


class Apart(Together):
    """Threads that have a connection each."""

    def __init__(self, module: ModuleType, case: Case, port: int) -> None:
        def make() -> tuple[Callable[[], None], Callable[[], None]]:
            client = Client(module, case, {"http": port}, None)
            exchange: Exchange = client.exchange()

            def one() -> None:
                status, _, size = exchange()
                checked((status, size))

            return one, client.close

        super().__init__(COUNT, make)


def measure_pool(name: str, modules: dict[str, ModuleType], port: int,
                 course: Course) -> dict[str, Any]:
    """Measure a row; "bare" is httpclient's own connection, "stdlib" that of http.client."""
    ours = modules["ours"]
    case = FETCHED.get(name, FETCHED["pool-small-head"])
    made: dict[str, Callable[[], tuple[Fetch, Close]]] = {
        "ours": lambda: of_pool(ours.Pool(per_host=COUNT), case, port)}
    for peer, of in (("urllib3", of_manager), ("geventhttpclient", of_geventhttpclient)):
        try:
            library = importlib.import_module(peer)
        except ImportError:
            continue
        # geventhttpclient's pool is for greenlets.
        if peer == "urllib3" or name != THREADS:
            made[peer] = partial(of, library, case, port)
    for peer, make in made.items():
        with closing(Pooled(make)) as pooled:
            check(pooled, peer, case)
    connections = {"bare": ours, "stdlib": modules["stdlib"]}
    makers: Makers
    if name == THREADS:
        makers = {key: partial(Shared, make) for key, make in made.items()}
        makers |= {key: partial(Apart, module, case, port)
                   for key, module in connections.items()}
        return measure(name, SUMMARIES[name], makers, course, units=COUNT * EACH)
    makers = {key: partial(Pooled, make) for key, make in made.items()}
    makers |= {key: partial(Client, module, case, {"http": port}, None)
               for key, module in connections.items()}
    return measure(name, SUMMARIES[name], makers, course)
