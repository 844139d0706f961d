# SPDX-License-Identifier: MIT
"""All rows of the bench, and the functions that measure them."""

from __future__ import annotations

import faulthandler
import importlib
import ssl
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bench.cases import decoding, downstream, footprint, https, pool, threads, transports
from bench.cases.crowd.rows import ROWS as CROWDS
from bench.cases.crowd.rows import CannotRun, CrowdRow, Origins, measure_crowd
from bench.cases.decoding import DECODES, Decode
from bench.cases.downstream import USES, Use
from bench.cases.exchanges import measure_case
from bench.cases.fixtures import CASES, Case
from bench.cases.parsing import PARSES, Parse, measure_parse
from bench.cases.server import ServerProcess
from bench.cases.transports import MOUNTED, Mounted
from bench.harness.measure import Course
from bench.harness.neighbours import Neighbours
from bench.report.progress import shown

PATIENCE = 120                  # seconds that a row may take beyond ten times its share
CROWD_PATIENCE = 600            # the same for a row with up to ten thousand connections a client


@dataclass(frozen=True)
class Row:
    """A row that is neither an exchange nor a parse."""

    name: str
    summary: str
    extra: bool = True


AnyRow = Case | Parse | Row | Use | Mounted | Decode | CrowdRow

ROWS: list[AnyRow] = [
    *CASES,
    *(Row(name, summary) for name, summary in https.SUMMARIES.items()),
    *PARSES,
    *(Row(name, summary) for name, summary in footprint.SUMMARIES.items()),
    *(Row(name, threads.summary(count)) for name, count in threads.NAMES.items()),
    *(Row(name, summary) for name, summary in pool.SUMMARIES.items()),
    *USES,
    *MOUNTED,
    *DECODES,
    *CROWDS,
]


def option_of(row: AnyRow) -> str | None:
    """Return the option that a row is measured with; None for the default rows."""
    if isinstance(row, (Use, Mounted)):
        return "--downstream"
    if isinstance(row, Decode):
        return "--decoding"
    if isinstance(row, CrowdRow):
        return "--crowd"
    return "--pool" if row.name in pool.SUMMARIES else "--all" if row.extra else None


class Skipped(Exception):
    """A row cannot be measured here; the message says why."""


class Origin:
    """The server with its certificate, and the modules that fetch from it."""

    def __init__(self, server: ServerProcess, crowds: Origins, ours: ModuleType,
                 peers: bool) -> None:
        self._server, self._crowds, self._peers = server, crowds, peers
        self._modules = {"ours": ours, "stdlib": importlib.import_module("http.client")}
        self._context: ssl.SSLContext | None = None
        if server.certificate:
            self._context = ssl.create_default_context(cafile=server.certificate)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            raise Skipped("no openssl program that could make a certificate")
        return self._context

    def measure(self, row: AnyRow, course: Course) -> dict[str, Any]:
        """Measure one row; `origin_us` is the server's own time per answer meanwhile."""
        before = self._server.usage()
        result = self._measure(row, course)
        after = self._server.usage()
        answers = after["measured"] - before["measured"] if before and after else 0
        if answers:
            result["origin_us"] = (after["busy"] - before["busy"]) / answers * 1e6
        return result

    def _measure(self, row: AnyRow, course: Course) -> dict[str, Any]:
        modules, ports = self._modules, self._server.ports
        names = {key: module.__name__ for key, module in modules.items()}
        if isinstance(row, Parse):
            return measure_parse(row, modules, course)
        if isinstance(row, Case):
            return measure_case(row, modules, ports, self._tls() if row.tls else None, course,
                                self._peers and row in CASES)
        if isinstance(row, Use):
            if lacking := downstream.missing(row):
                raise Skipped(f"{lacking} is not installed")
            return downstream.measure_use(row, modules["ours"], ports["http"], course)
        if isinstance(row, Mounted):
            if lacking := transports.missing(row):
                raise Skipped(f"{lacking} is not installed")
            return transports.measure_mounted(row, modules["ours"], ports["http"], course)
        if isinstance(row, Decode):
            if lacking := decoding.missing(row):
                raise Skipped(f"{lacking} is not installed")
            return decoding.measure_decode(row, modules["ours"], course)
        if isinstance(row, CrowdRow):
            try:
                return measure_crowd(row, modules["ours"], self._crowds, course)
            except CannotRun as exc:
                raise Skipped(str(exc))
        if row.name == https.CONSTRUCT:
            return https.measure_construction(modules, course)
        if row.name == https.HANDSHAKE:
            return https.measure_handshake(modules, ports["https"], self._tls(), course)
        if row.name == footprint.IMPORT:
            return footprint.measure_import(names, course)
        if row.name == footprint.IDLE:
            result = footprint.measure_idle(names, ports["http"], course)
            if result is None:
                raise Skipped("the system does not tell how much memory is resident")
            return result
        if row.name in pool.SUMMARIES:
            return pool.measure_pool(row.name, modules, ports["http"], course)
        return threads.measure_threads(row.name, modules, ports["http"], course)


def measure_rows(rows: list[AnyRow], ours: ModuleType, course: Course,
                 core: int | None, patience: float,
                 peers: bool) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the results, and a reason for each row that was skipped."""
    results, skipped = [], {}
    with (ServerProcess(core, any(needs_tls(row) for row in rows)) as server,
          Origins(core, server.certificate) as crowds):
        course.neighbours = Neighbours(server.pid)
        origin = Origin(server, crowds, ours, peers)
        for row in shown(rows):
            # Before each row, wait until other programs rest.
            if patience:
                course.neighbours.wait(patience)
            # A client that waits for ever must not make the bench do so.
            longest = CROWD_PATIENCE if isinstance(row, CrowdRow) else PATIENCE
            faulthandler.dump_traceback_later(longest + 10 * course.seconds, exit=True)
            try:
                results.append(origin.measure(row, course))
            except Skipped as exc:
                skipped[row.name] = str(exc)
            finally:
                faulthandler.cancel_dump_traceback_later()
    return results, skipped


def needs_tls(row: AnyRow) -> bool:
    return isinstance(row, Case | CrowdRow) and row.tls or row.name == https.HANDSHAKE
