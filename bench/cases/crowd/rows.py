# SPDX-License-Identifier: MIT
"""The rows of a crowd: so many connections, an answer, a delay, and all clients.

Each client lives in a process of its own for the whole row and keeps its connections, because
opening thousands of them takes seconds.  The processes do batches in turn.  Memory is read
after the last batch, with all connections open.
"""

from __future__ import annotations

import importlib.util
import select
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from operator import attrgetter
from types import ModuleType
from typing import Any

from bench.cases.crowd.clients import CLIENTS, Client
from bench.cases.crowd.origin import DELAYS, port_name
from bench.cases.server import ServerProcess, allow_many_files
from bench.harness.measure import Course, Figures, Timed, figures, measure, ratio
from bench.harness.processes import Worker, environment

COUNTS = [1, 10, 100, 1000, 10_000]
THOUSAND = "thousand"           # the Fetcher with a thousand connections, beside ten thousand
ROUNDS = 7                      # unless others are asked for
SPARE_FILES = 100               # that a process has open beside its connections
PORTS = 20_000                  # connections to one port, for which clients need ports of their own
MEMORY_FROM = 1000              # connections; with fewer, the client's own memory counts too much
KIB = 1024

# figure -> (divided, divisor), in CPU time per request
RATIOS = {
    "over_loop": ("ours", "loop"),
    "over_parser": ("ours", "parser"),
    "over_connection": ("ours", "threads"),
    "over_thousand": ("ours", THOUSAND),
    "asyncio_over": ("asyncio", "ours"),
    "uvloop_over": ("uvloop", "ours"),
    "threads_ratio": ("threads", "ours"),
    "pycurl_ratio": ("pycurl", "ours"),
    "aiohttp_ratio": ("aiohttp", "ours"),
}


@dataclass(frozen=True)
class CrowdRow:
    """A row: so many connections, to a server that delays each answer by `delay` ms."""

    count: int
    delay: int
    tls: bool = False
    case: str = "small-head"
    extra: bool = True

    @property
    def name(self) -> str:
        return (f"crowd-{self.count}" + (f"-{self.delay}ms" if self.delay else "")
                + "-tls" * self.tls + "-1m" * (self.case == "length-1m"))

    @property
    def summary(self) -> str:
        return (f"{self.count} connection{'s' * (self.count > 1)}, "
                f"{'1 MiB' if self.case == 'length-1m' else 'small'} answers"
                + (f" after {self.delay} ms" if self.delay else "") + ", HTTPS" * self.tls)


def default(count: int, delay: int, tls: bool) -> bool:
    """Return True if the row is in a run without --all."""
    if tls or not delay:
        return (count, delay, tls) in [(1, 0, False), (1000, 0, False), (1000, 50, True)]
    return True


ROWS = [
    *(CrowdRow(count, delay, tls, extra=not default(count, delay, tls))
      for tls in [False, True] for delay in reversed(DELAYS) for count in COUNTS),
    *(CrowdRow(count, 0, case="length-1m", extra=count != 10) for count in [1, 10, 100]),
]


class CannotRun(Exception):
    """The row cannot be measured here; the message says why."""


class Origins:
    """The servers: as many as the crowds of a row need, each in its own process.

    A context manager.  Files and ports bound the connections of a server.
    """

    def __init__(self, core: int | None, certificate: str | None) -> None:
        self.certificate = certificate
        self._core, self._servers = core, ExitStack()
        self._ports: list[dict[str, int]] = []
        self._room: list[float] = []
        self.most = min(allow_many_files() - SPARE_FILES, PORTS)

    def port(self, row: CrowdRow, count: int, family: list[int]) -> int:
        """Return the port of a server that has room for so many connections more."""
        at = next((at for at, room in enumerate(self._room) if room >= count), len(self._room))
        if at == len(self._room):
            server = self._servers.enter_context(ServerProcess(
                self._core, certificate=self.certificate, module="bench.cases.crowd.origin"))
            family.append(server.pid)
            self._ports.append(server.ports)
            self._room.append(self.most)
        self._room[at] -= count
        return self._ports[at][port_name(row.delay, row.tls)]

    def clear(self) -> None:
        """Forget the connections of a row, since their clients have ended."""
        self._room = [self.most] * len(self._room)

    def __enter__(self) -> Origins:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._servers.close()


def versions() -> dict[str, str]:
    """Return module -> version for the clients' modules that are installed."""
    needed = {name for client in CLIENTS.values() for name in client.needs}
    return {name: metadata.version(name) for name in sorted(needed)
            if importlib.util.find_spec(name)}


def obstacle(client: Client, row: CrowdRow, module: ModuleType) -> str | None:
    """Return the reason why a client takes no part in a row, or None."""
    try:
        attrgetter(client.attribute)(module)
    except (AttributeError, ImportError) as exc:
        return f"no {module.__name__}.{client.attribute} ({exc})"
    for name in client.needs:
        if not importlib.util.find_spec(name):
            return f"{name} is not installed"
    if row.count > client.most:
        return f"takes part up to {client.most} connections"
    return None


def compared(contenders: dict[str, Figures]) -> dict[str, Any]:
    """Return the contenders and the ratios between those that took part."""
    found = {name: ratio(contenders[over], contenders[under], "cpu_us")
             for name, (over, under) in RATIOS.items()
             if over in contenders and under in contenders}
    return {"contenders": contenders, **found}


def batch(worker: Worker, share: float, size: int) -> Timed:
    """Have a process do a batch; as measure.time_contender()."""
    return tuple(worker.ask("batch", share, size))


def measure_crowd(row: CrowdRow, module: ModuleType, origins: Origins,
                  course: Course) -> dict[str, Any]:
    """Measure one row.  `left_out` says which clients took no part, and why."""
    if not hasattr(select, "epoll"):
        raise CannotRun("the system has no epoll")
    if row.count > origins.most:
        raise CannotRun(f"a process may have no more than {origins.most:.0f} connections here; "
                        "raise the hard limit on open files (ulimit -Hn)")
    if row.tls and origins.certificate is None:
        raise CannotRun("no openssl program that could make a certificate")
    left_out: dict[str, str] = {}
    crowds: dict[str, tuple[str, int]] = {}
    for name, client in CLIENTS.items():
        if reason := obstacle(client, row, module):
            left_out[name] = reason
        else:
            crowds[name] = name, row.count
    if row.count == 10_000 and "ours" in crowds:
        crowds[THOUSAND] = "ours", 1000
    trusted = ["--certificate", origins.certificate] if row.tls else []
    family = course.neighbours.family
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        stack.callback(origins.clear)
        for name, (client_name, count) in crowds.items():
            workers[name] = worker = Worker(
                f"{row.name}, {name}", "-m", "bench.cases.crowd.process", client_name, row.case,
                origins.port(row, count, family), count, "--module", module.__name__, *trusted,
                env=environment(), family=family)
            stack.callback(worker.stop)
            worker.line()
        result = measure(row.name, row.summary, workers, course, time_one=batch, compare=compared)
        memory = {name: worker.ask("memory") for name, worker in workers.items()}
    for name, taken in memory.items():
        if taken is not None and row.count >= MEMORY_FROM:
            result["contenders"][name]["connection_kib"] = taken / KIB
    if "connection_kib" in result["contenders"].get("ours", {}):
        result["connection_kib"] = figures([result["contenders"]["ours"]["connection_kib"]])
    return {**result, "connections": row.count, "left_out": left_out}
