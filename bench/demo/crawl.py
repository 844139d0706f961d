# SPDX-License-Identifier: MIT
"""The demo's two clients at work: fetch and compare every answer, then fetch under the clock.

A client is a module with http.client's names, so both go through the same lines here.
An answer is looked at in every part once, before anything is timed; the timed loop
then does what a crawler does (status, one field, the whole body) and checks these.
"""

from __future__ import annotations

import collections
import gc
import http.client
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import NamedTuple

from bench.demo.differences import PARTS, documented
from bench.demo.origin import CA_FILE, HOST, Exchange

REQUEST_FIELDS = {
    "User-Agent": "httpclient-demo/1.0",
    "Accept": "text/html, application/json;q=0.9, */*;q=0.5",
    "Accept-Language": "en",
}
TIMEOUT = 20.0
KIB = 1024

NO_CONTENT, SMALL, MEDIUM, LARGE = "no content", "up to 4 KiB", "4 to 64 KiB", "over 64 KiB"
CHUNKED, CLOSING = "chunked", "new connection"
KINDS = (NO_CONTENT, SMALL, MEDIUM, LARGE, CHUNKED, CLOSING)

FAILURES = (http.client.HTTPException, OSError, ValueError)


class Answer(NamedTuple):
    """What a client made of one exchange; the fields are the PARTS that are compared."""

    error: str | None
    version: int | None
    status: int | None
    reason: str | None
    fields: list[tuple[str, str]]
    body: bytes
    kept: bool

    def field_value(self, name: str) -> str | None:
        """What getheader() returns: all values of this name, joined."""
        values = [value for key, value in self.fields if key.lower() == name]
        return ", ".join(values) if values else None


class Expected(NamedTuple):
    """A request, and what the timed loop looks at in its answer."""

    method: str
    target: str
    status: int | None
    content_type: str | None
    body: bytes


class Client:
    """One of the two modules, the name it is shown by, and how to open a connection."""

    def __init__(self, module: ModuleType, name: str, ports: dict[str, int]) -> None:
        self.module = module
        self.name = name
        self.ports = ports
        self.context = ssl.create_default_context(cafile=CA_FILE)

    def open(self, scheme: str) -> http.client.HTTPConnection:
        port = self.ports[scheme]
        if scheme == "https":
            return self.module.HTTPSConnection(
                HOST, port, timeout=TIMEOUT, context=self.context)
        return self.module.HTTPConnection(HOST, port, timeout=TIMEOUT)


def fetch(connection: http.client.HTTPConnection, exchange: Exchange) -> Answer:
    """One answer, looked at in every part."""
    version = status = reason = error = None
    fields: list[tuple[str, str]] = []
    try:
        connection.request(exchange.method, exchange.target, headers=REQUEST_FIELDS)
        response = connection.getresponse()
        version, status, reason = response.version, response.status, response.reason
        fields = response.getheaders()
        body = response.read()
    except FAILURES as problem:
        error = type(problem).__name__
        body = getattr(problem, "partial", b"")
    kept = error is None and connection.sock is not None
    return Answer(error, version, status, reason, fields, body, kept)


def different_parts(ours: Answer, theirs: Answer, exchange: Exchange) -> set[str]:
    """The parts in which two answers differ; after an error nothing else counts."""
    if ours.error != theirs.error:
        return {"error"}
    parts = {part for part in PARTS if getattr(ours, part) != getattr(theirs, part)}
    if exchange.closes:
        parts.discard("kept")           # the origin has closed: there is nothing to keep
    return parts


@dataclass
class Comparison:
    """What came out of fetching every exchange with both clients over one scheme."""

    equal: int = 0
    refused: int = 0                    # of the equal ones: both raised, and the same
    content: int = 0                    # bytes of body in the reference's answers
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    explained: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    timed: dict[str, list[Expected]] = field(
        default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, exchange: Exchange, ours: Answer, theirs: Answer) -> bool:
        """Count one pair of answers; are they equal?"""
        self.content += len(theirs.body)
        parts = different_parts(ours, theirs, exchange)
        if parts:
            self.add_difference(exchange, parts, ours, theirs)
            return False
        self.equal += 1
        if theirs.error is not None:
            self.refused += 1
            return True
        if exchange.closes and (theirs.kept or ours.kept):
            return True         # a client that cannot know it: no exchange can follow
        self.timed[kind_of(exchange, theirs)].append(Expected(
            exchange.method, exchange.target, theirs.status,
            theirs.field_value("content-type"), theirs.body))
        return True

    def add_difference(
        self, exchange: Exchange, parts: set[str], ours: Answer, theirs: Answer
    ) -> None:
        """Every part that differs must be one that some documented reason may change.

        Where several reasons apply, the answer is counted under the first.
        """
        reasons = documented(exchange.head, exchange.body, exchange.chunked)
        text = describe(exchange, parts, ours, theirs)
        if parts <= frozenset().union(*reasons.values()):
            self.reasons[next(name for name, may in reasons.items() if may & parts)] += 1
            self.explained.append(text)
        else:
            self.faults.append(text)


def kind_of(exchange: Exchange, answer: Answer) -> str:
    if exchange.closes or not answer.kept:
        return CLOSING
    if exchange.chunked:
        return CHUNKED
    size = len(answer.body)
    if size == 0:
        return NO_CONTENT
    return SMALL if size <= 4 * KIB else MEDIUM if size <= 64 * KIB else LARGE


def describe(exchange: Exchange, parts: Iterable[str], ours: Answer, theirs: Answer) -> str:
    """A difference in a few lines for whoever has to look for it."""
    lines = [f"    {exchange.id}  {exchange.source}"]
    for part in sorted(parts, key=PARTS.index):
        mine, reference = getattr(ours, part), getattr(theirs, part)
        if part == "fields":
            only_mine = [pair for pair in mine if pair not in reference]
            only_theirs = [pair for pair in reference if pair not in mine]
            if only_mine or only_theirs:
                mine, reference = only_mine, only_theirs
        lines.append(f"        {part}: {mine!r:.120} instead of {reference!r:.120}")
    return "\n".join(lines)


def compare(
    scheme: str,
    exchanges: Sequence[Exchange],
    clients: Sequence[Client],
    progress: Callable[[float], None],
) -> Comparison:
    """Fetch every exchange with the reference and with ours, each on its own connection."""
    found = Comparison()
    reference, own = connections = [client.open(scheme) for client in clients]
    for number, exchange in enumerate(exchanges):
        progress(number / len(exchanges))
        theirs, ours = fetch(reference, exchange), fetch(own, exchange)
        equal = found.add(exchange, ours, theirs)
        if exchange.closes or not equal or theirs.error is not None:
            for connection in connections:
                connection.close()
    for connection in connections:
        connection.close()
    return found


def crawl(
    connection: http.client.HTTPConnection, plan: Sequence[Expected], passes: int
) -> list[str]:
    """The timed loop; returns the targets whose answers were not the expected ones."""
    wrong = []
    for _ in range(passes):
        for method, target, status, content_type, body in plan:
            connection.request(method, target, headers=REQUEST_FIELDS)
            response = connection.getresponse()
            looked_up = response.getheader("Content-Type")
            content = response.read()
            if content != body or response.status != status or looked_up != content_type:
                wrong.append(target)
    return wrong


@dataclass
class Slot:
    """One kind of answer over one scheme: what to fetch, and what it cost in each round."""

    scheme: str
    kind: str
    plan: list[Expected]
    passes: int = 1
    wall: dict[str, list[float]] = field(default_factory=dict)  # by client: s per request
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def run(self, client: Client) -> list[str]:
        """One turn of one client; its first connection is made before the clock starts."""
        connection = client.open(self.scheme)
        connection.connect()
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            wrong = crawl(connection, self.plan, self.passes)
        except FAILURES as problem:
            wrong = [f"{self.scheme}, {self.kind}: {problem!r}"]
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        connection.close()
        requests = self.passes * len(self.plan)
        self.wall.setdefault(client.name, []).append(wall / requests)
        self.cpu.setdefault(client.name, []).append(cpu / requests)
        return wrong

    def calibrate(self, clients: Sequence[Client], seconds: float) -> list[str]:
        """Warm the clients up, so that the slowest one's turn will take about `seconds`."""
        wrong = [target for client in clients for target in self.run(client)]
        once = max(min(times) for times in self.wall.values()) * len(self.plan)
        self.passes = max(1, round(seconds / once))
        self.wall.clear()
        self.cpu.clear()
        return wrong


def make_slots(comparisons: dict[str, Comparison]) -> list[Slot]:
    """What is to be timed: all equal answers but those that are errors, by scheme and kind."""
    return [
        Slot(scheme, kind, plan)
        for scheme, comparison in comparisons.items()
        for kind, plan in comparison.timed.items()
        if plan
    ]
