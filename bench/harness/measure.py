# SPDX-License-Identifier: MIT
"""The clock: rounds and batches, and the figures and ratios made from them.

A contender has two methods: exchange() returns a function that does one unit of work and
returns a value that is cheap to check, and close() ends it.  In each round every contender does
a batch, in random order, and the CPU time of this process (user + system) over the batch is
divided by its size.  Each batch has a new contender, hence a new connection: how the kernel cuts
a large answer is settled once per connection and can make the same client 30 % slower on one
than on the other.

A ratio is taken inside a round, between batches milliseconds apart, and the median of the
ratios is the figure: a disturbance of the machine hits both sides of the division.  A round in
which other programs had more than a little of the machine is repeated, within a bound.  The
server's CPU time is not in the figures, since the server is another process.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.harness.neighbours import Neighbours

try:
    import resource
except ImportError:             # Windows
    resource = None

WARM = 0.2                      # the part of a batch's time that is not counted

Exchange = Callable[[], Any]
Take = Callable[[Any], Any]
Figures = dict[str, Any]
Timed = tuple[int, float, float]        # exchanges; CPU and wall time of one in microseconds


class AnswersDiffer(Exception):
    """A contender got another answer than the fixture holds."""


class Contender(Protocol):
    def exchange(self) -> Exchange: ...
    def close(self) -> None: ...


Makers = dict[str, Callable[[], Contender]]


@dataclass
class Course:
    """How long and how often the contenders run, in which order, beside which neighbours."""

    rounds: int
    seconds: float              # for all rounds of a case
    rng: random.Random
    neighbours: Neighbours = field(default_factory=Neighbours)


def cpu_seconds() -> float:
    """CPU time of this process so far, user and system."""
    if resource is None:
        return time.process_time()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def warm_up(exchange: Exchange, seconds: float) -> tuple[float, Any]:
    """Repeat an exchange for so long; return the seconds that one takes, and its result."""
    done, start = 0, time.perf_counter()
    while not done or time.perf_counter() - start < seconds:
        expected = exchange()
        done += 1
    return (time.perf_counter() - start) / done, expected


def run_batch(exchange: Exchange, size: int, expected: object) -> tuple[float, float]:
    """CPU and wall time of one exchange in microseconds, as the mean of a batch."""
    gc.collect()                # so no contender pays for the garbage of another one
    wall, cpu = time.perf_counter(), cpu_seconds()
    for _ in range(size):
        if exchange() != expected:
            raise AnswersDiffer("an answer changed while it was timed")
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    return cpu / size * 1e6, wall / size * 1e6


def time_contender(make: Callable[[], Contender], share: float, size: int) -> Timed:
    """Time a batch by a new contender, in `share` seconds of wall time in all.

    The batch has `size` exchanges; if that is 0, as many as fit, judged by the first ones.
    """
    with closing(make()) as contender:
        exchange = contender.exchange()
        needed, expected = warm_up(exchange, share * WARM)
        size = size or max(1, round(share * (1 - WARM) / needed))
        return size, *run_batch(exchange, size, expected)


def figures(samples: list[float]) -> dict[str, Any]:
    """Minimum, quartiles and the samples themselves."""
    if len(samples) > 1:
        low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    else:
        low = middle = high = samples[0]
    return {"min": min(samples), "q1": low, "median": middle, "q3": high, "rounds": samples}


def ratio(over: dict[str, Any], under: dict[str, Any], clock: str) -> dict[str, Any]:
    """Return the figures of `over` divided by `under`, round by round."""
    pairs = zip(over[clock]["rounds"], under[clock]["rounds"])
    # A batch too short for the clock reads 0; one tick is then as good as any.
    return figures([a / max(b, 1e-3) for a, b in pairs])


def above_raw(ours: Figures, stdlib: Figures, raw: Figures) -> Figures:
    """Return the figures of (http.client - raw) / (httpclient - raw), round by round.

    All clients make the same system calls, and their cost beside Python's differs from machine
    to machine; this is the ratio without them.  A difference to raw below a hundredth of it
    counts as a hundredth, since no less can be told.
    """
    rounds = zip(*(one["cpu_us"]["rounds"] for one in (ours, stdlib, raw)))
    return figures([(other - bare) / max(own - bare, bare / 100, 1e-3)
                    for own, other, bare in rounds])


def compared(contenders: dict[str, Figures]) -> dict[str, Any]:
    """Return the contenders of a case, and the ratios between those that took part."""
    result: dict[str, Any] = {"contenders": contenders}
    ours, stdlib = contenders["ours"], contenders["stdlib"]
    result["ratio"] = ratio(stdlib, ours, "cpu_us")
    result["wall_ratio"] = ratio(stdlib, ours, "wall_us")
    if "raw" in contenders:
        result["over_raw"] = ratio(ours, contenders["raw"], "cpu_us")
        result["above_raw"] = above_raw(ours, stdlib, contenders["raw"])
    if "plain" in contenders:
        result["over_plain"] = ratio(ours, contenders["plain"], "cpu_us")
    if "bare" in contenders:
        result["over_bare"] = ratio(ours, contenders["bare"], "cpu_us")
    if "urllib3" in contenders:
        result["urllib3_ratio"] = ratio(contenders["urllib3"], ours, "cpu_us")
    if "httptools" in contenders:
        # "core" parses a head and does nothing else, as httptools does.
        result["over_httptools"] = ratio(contenders.get("core", ours), contenders["httptools"],
                                         "cpu_us")
    return result


def measure(name: str, summary: str, makers: dict[str, Any], course: Course, units: int = 1,
            time_one: Callable[[Any, float, int], Timed] = time_contender,
            compare: Callable[[dict[str, Figures]], dict[str, Any]] = compared) -> dict[str, Any]:
    """Measure one case and return all its figures.

    An exchange does `units` units of work, and figures are per unit.  `time_one` gets each of
    `makers` to do a batch: the contender may live in another process.  `compare` returns the
    contenders with their ratios.
    """
    # Three contenders share the seconds of a row; further ones bring time of their own.
    share = course.seconds / course.rounds / min(len(makers), 3)
    sizes: dict[str, int] = {}
    taken: dict[str, list[tuple[float, float]]] = {maker: [] for maker in makers}
    repeats, disturbed = course.rounds, 0
    while len(taken[next(iter(makers))]) < course.rounds:
        course.neighbours.watch()
        times = {}
        for one in course.rng.sample(list(makers), len(makers)):
            sizes[one], *times[one] = time_one(makers[one], share, sizes.get(one, 0))
        if course.neighbours.disturbed():
            if repeats:
                repeats -= 1
                continue
            disturbed += 1
        for one, (cpu, wall) in times.items():
            taken[one].append((cpu / units, wall / units))
    return {"name": name, "summary": summary, "disturbed": disturbed,
            **compare({one: {"batch": sizes[one],
                             "cpu_us": figures([cpu for cpu, _ in times]),
                             "wall_us": figures([wall for _, wall in times])}
                       for one, times in taken.items()})}
