# SPDX-License-Identifier: MIT
"""The demo's two clients at work: fetch and compare every answer, then fetch under the clock.

A client is a module with http.client's names, so both go through the same lines here.
Every part of an answer is compared once, before anything is timed.  An answer that differs
must be the one that the policy for hostile bytes gives for the recorded bytes: tests/support
has that policy in plain Python, which shares no code with httpclient.  The timed loop then
does what a crawler does (status, one field, the whole body) and checks these.
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

from bench.demo.origin import CA_FILE, HOST, Exchange, Memory
from support.policy import Judgement, judge

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
    """The result of one exchange; its fields are compared in this order."""

    error: str | None
    version: int | None
    status: int | None
    reason: str | None
    fields: list[tuple[str, str]]
    body: bytes
    kept: bool

    def field_value(self, name: str) -> str | None:
        """Return all values of this name, joined, as getheader() does."""
        values = [value for key, value in self.fields if key.lower() == name]
        return ", ".join(values) if values else None


class Expected(NamedTuple):
    """A request, and the parts of its answer that the timed loop checks."""

    method: str
    target: str
    status: int | None
    content_type: str | None
    body: bytes


class Client:
    """One of the two modules, with its name in the report and its connections."""

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
    """Do one exchange and return the answer in all its parts."""
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


def different_parts(ours: Answer, expected: Answer, exchange: Exchange) -> list[str]:
    """Return the names of the parts that differ; of two errors, nothing else counts."""
    if ours.error != expected.error:
        return ["error"]
    return [part for part, own, other in zip(Answer._fields, ours, expected, strict=True)
            if own != other
            # Where the origin has closed the connection, no client can keep it.
            and not (part == "kept" and exchange.closes)]


def policy_answer(verdict: Judgement, method: str, ours: Answer) -> Answer:
    """Return the answer that the policy demands.

    The policy says which exceptions may refuse a head.  Otherwise it gives the fields and a
    plain response, and the rest of the answer is what http.client reads from that.
    """
    if verdict.refused:
        if ours.error in verdict.refused:
            return ours
        return Answer(" or ".join(verdict.refused), None, None, None, [], b"", False)
    response = http.client.HTTPResponse(Memory(verdict.plain), method=method)
    response.begin()
    error = None
    try:
        body = response.read()
    except http.client.IncompleteRead as problem:
        error = type(problem).__name__
        # http.client drops the content of the chunks before a broken one.
        body = verdict.content if verdict.broken else problem.partial
    return Answer(error, response.version, response.status, response.reason, verdict.fields,
                  body, kept=error is None and not response.will_close)


@dataclass
class Comparison:
    """The result of fetching every exchange with both clients over one scheme."""

    equal: int = 0
    refused: int = 0                    # of the equal ones: both raised, and the same
    content: int = 0                    # bytes of body in the reference's answers
    # Rows of the policy: how many of the explained differences each applies to.
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    explained: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    timed: dict[str, list[Expected]] = field(
        default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, exchange: Exchange, ours: Answer, theirs: Answer) -> bool:
        """Count one pair of answers; return True if they are equal."""
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
            return True         # no exchange can follow, which that client cannot know
        self.timed[kind_of(exchange, theirs)].append(Expected(
            exchange.method, exchange.target, theirs.status,
            theirs.field_value("content-type"), theirs.body))
        return True

    def add_difference(
        self, exchange: Exchange, parts: Sequence[str], ours: Answer, theirs: Answer
    ) -> None:
        """Count a difference under the rows of the policy that it has, or as a fault."""
        verdict = judge(exchange.head + exchange.body, exchange.method)
        expected = policy_answer(verdict, exchange.method, ours) if verdict.rows else theirs
        if wrong := different_parts(ours, expected, exchange):
            self.faults.append(describe(exchange, wrong, ours, expected))
        else:
            self.reasons.update(sorted(verdict.rows))
            self.explained.append(describe(exchange, parts, ours, theirs))


def kind_of(exchange: Exchange, answer: Answer) -> str:
    if exchange.closes or not answer.kept:
        return CLOSING
    if exchange.chunked:
        return CHUNKED
    size = len(answer.body)
    if size == 0:
        return NO_CONTENT
    return SMALL if size <= 4 * KIB else MEDIUM if size <= 64 * KIB else LARGE


def describe(exchange: Exchange, parts: Iterable[str], ours: Answer, expected: Answer) -> str:
    """Return a few lines that name the exchange and show the parts that differ."""
    lines = [f"    {exchange.id}  {exchange.source}"]
    for part in parts:
        own, other = getattr(ours, part), getattr(expected, part)
        if part == "fields":
            only_own = [pair for pair in own if pair not in other]
            only_other = [pair for pair in other if pair not in own]
            if only_own or only_other:
                own, other = only_own, only_other
        lines.append(f"        {part}: {own!r:.120} instead of {other!r:.120}")
    return "\n".join(lines)


def compare(
    scheme: str,
    exchanges: Sequence[Exchange],
    clients: Sequence[Client],
    progress: Callable[[float], None],
) -> Comparison:
    """Fetch every exchange with both clients, each on a connection of its own."""
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
    """Fetch the plan so many times; return the targets with unexpected answers."""
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
    """One kind of answer over one scheme: the requests, and their costs in each round."""

    scheme: str
    kind: str
    plan: list[Expected]
    passes: int = 1
    wall: dict[str, list[float]] = field(default_factory=dict)  # by client: s per request
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def run(self, client: Client) -> list[str]:
        """Time one client; its first connection is made before the clock starts."""
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
    """Return the slots to time: all equal answers but errors, by scheme and kind."""
    return [
        Slot(scheme, kind, plan)
        for scheme, comparison in comparisons.items()
        for kind, plan in comparison.timed.items()
        if plan
    ]
