# SPDX-License-Identifier: MIT
"""The main job, side by side: crawl recorded responses with http.client and httpclient.

An origin in another process replays what real servers once sent (see origin.py), over
HTTP and HTTPS.  Both clients fetch all of it on keep-alive connections (see crawl.py).

    1. Every answer is compared: error, version, status, reason, all fields in order,
       body, and whether the connection was kept.  An answer that differs must have a
       reason in the recorded bytes, and be the one that COMPATIBILITY.md documents.
    2. The answers that are equal are timed, in several rounds: all kinds of answer over
       both schemes in random order, the clients one right after the other.  Status,
       one field and the whole body are checked under the clock, for both alike.

CPU time is the client's alone (user and system): the origin is another process.
Figures are medians over the rounds; a ratio is the median of the rounds' ratios.
Exit status: 0 all answers equal, 1 an answer differs without a reason, 2 cannot run.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import importlib
import os
import platform
import random
import ssl
import statistics
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TextIO

from bench.demo.crawl import CLOSING, Client, Comparison, Slot, compare, make_slots
from bench.demo.origin import RECORDS, Exchange, load_exchanges, running_origin

SCHEMES = ("http", "https")
REFERENCE = "http.client"
ROUNDS = 13
SLOT = 0.09                     # seconds for one client, scheme and kind in one round
COMPARED, WARM = 0.05, 0.10     # how much of the bar these stages take

Costs = dict[str, list[float]]  # seconds per request in each round, by client


class Progress:
    """A bar on a terminal, a line per step elsewhere; always on stderr."""

    WIDTH = 30

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar = stream.isatty()
        self.step = ""

    def show(self, done: float, step: str, detail: str = "") -> None:
        if self.bar:
            full = round(self.WIDTH * done)
            line = f"[{'#' * full}{'.' * (self.WIDTH - full)}] {done:4.0%}  {step}{detail}"
            self.stream.write(f"\r{line[:78]:<78}")
        elif step != self.step:
            self.stream.write(step + "\n")
        self.step = step
        self.stream.flush()

    def clear(self) -> None:
        if self.bar:
            self.stream.write(f"\r{'':<78}\r")
            self.stream.flush()


def measure(
    slots: list[Slot], clients: Sequence[Client], options: argparse.Namespace,
    progress: Progress,
) -> tuple[int, list[str]]:
    """Time all slots in at most `options.rounds` rounds; return their number, wrong answers."""
    chance = random.Random(options.seed)
    wrong = []
    for number, slot in enumerate(slots):
        share = number / len(slots)
        progress.show(COMPARED + (WARM - COMPARED) * share, "warming up")
        wrong += slot.calibrate(clients, options.slot)
    slots, turns = list(slots), list(clients)
    start = time.monotonic()
    for done in range(options.rounds):
        if done and (time.monotonic() - start) * (done + 1) / done > options.seconds:
            return done, wrong
        chance.shuffle(slots)
        for number, slot in enumerate(slots):
            share = (done + number / len(slots)) / options.rounds
            progress.show(WARM + (1 - WARM) * share, f"round {done + 1} of {options.rounds}",
                          f": {slot.scheme.upper()}, {slot.kind}")
            chance.shuffle(turns)       # in direct succession: a busy machine disturbs both
            for client in turns:
                wrong += slot.run(client)
    return options.rounds, wrong


def per_request(slots: list[Slot], costs: str, names: Sequence[str]) -> Costs:
    """Return the costs of a crawl of all these slots per request, in each round."""
    requests = sum(len(slot.plan) for slot in slots)
    rounds = {name: zip(*(getattr(slot, costs)[name] for slot in slots), strict=True)
              for name in names}
    return {
        name: [
            sum(cost * len(slot.plan) for cost, slot in zip(each, slots, strict=True)) / requests
            for each in rounds[name]
        ]
        for name in names
    }


def table_row(label: str, slots: list[Slot], names: Sequence[str]) -> str:
    """Return label, answers, then requests per second and CPU, each with its ratio."""
    row = f"{label:<14}{sum(len(slot.plan) for slot in slots):>5}"
    for costs in ("wall", "cpu"):
        theirs, ours = per_request(slots, costs, names).values()
        for times, width in ((theirs, 12), (ours, 11)):
            seconds = statistics.median(times)
            figure = f"{1 / seconds:,.0f}" if costs == "wall" else f"{seconds * 1e6:,.1f}"
            row += f"{figure:>{width}}"
        ratio = statistics.median(t / o for t, o in zip(theirs, ours, strict=True))
        row += f"{ratio:>5.1f}x"
    return row


def print_table(slots: list[Slot], names: Sequence[str]) -> None:
    columns = f"{names[0][-11:]:>12}{names[1][-10:]:>11}{'ratio':>6}"
    print(f"\n{'':<19}{'requests per second':^29}{'client CPU per request, µs':^29}".rstrip())
    for scheme in SCHEMES:
        mine = [slot for slot in slots if slot.scheme == scheme]
        if not mine:
            continue
        print(f"{scheme.upper():<8}{'answers':>11}{columns}{columns}")
        for slot in mine:
            print(table_row(slot.kind, [slot], names))
        kept = [slot for slot in mine if slot.kind != CLOSING]
        if 1 < len(kept) < len(mine):
            print(table_row("all kept alive", kept, names))
        print(table_row("all answers", mine, names) + "\n")


def where(module: ModuleType) -> str:
    """Return the version of a module and the place it was imported from."""
    place = getattr(module, "__file__", None) or "built in"
    if module is http.client:
        return place
    version = getattr(module, "__version__", None)
    return ", ".join(filter(None, (version, place.removesuffix(os.sep + "__init__.py"))))


def print_opening(module: ModuleType, exchanges: Sequence[Exchange], left_out: list[str]) -> None:
    size = sum(len(each.head) + len(each.body) for each in exchanges)
    sources = len({each.source.partition("@")[0] for each in exchanges})
    print("Recorded responses, most of them of real servers, replayed on 127.0.0.1 by\n"
          "another process and fetched with two clients on keep-alive connections.\n")
    lines = [
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, "
                   f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs), "
                   f"{ssl.OPENSSL_VERSION}"),
        (REFERENCE, where(http.client)),
        (module.__name__, where(module)),
        ("answers", f"{len(exchanges)}, {size:,} bytes, recorded by {sources} projects"),
    ]
    lines += [("left out", f"{count} ({reason})")
              for reason, count in sorted(collections.Counter(left_out).items())]
    for label, text in lines:
        print(f"{label:<12} {text}")
    print(flush=True)


def print_comparison(
    scheme: str, found: Comparison, total: int, before: Comparison | None, verbose: bool
) -> None:
    """Print equal and different answers; reasons that were the same `before` are left out."""
    print(f"{scheme.upper():<6} {found.equal} of {total} answers are equal ({found.refused} as "
          f"errors); {found.content:,} bytes of content")
    if before is not None and found.explained and found.explained == before.explained:
        print(f"       {len(found.explained)} differ, the same as before")
    elif found.explained:
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.reasons.most_common())
        if found.reasons.total() > len(found.explained):
            reasons += "; some for several reasons"
        print(textwrap.fill(
            f"{len(found.explained)} differ as COMPATIBILITY.md says: {reasons}", 79,
            initial_indent=" " * 7, subsequent_indent=" " * 9, break_on_hyphens=False))
        if verbose:
            print("\n".join(found.explained))
    if found.faults:
        print(f"       {len(found.faults)} DIFFER WITHOUT A REASON:")
        print("\n".join(found.faults))
    sys.stdout.flush()


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.demo", description=(
        "Crawl recorded responses with http.client and httpclient; compare and time them."))
    add = parser.add_argument
    add("--client", default="httpclient", metavar="MODULE", help="default: %(default)s")
    add("--records", type=Path, default=RECORDS, metavar="FILE", help="recorded responses")
    add("--rounds", type=int, default=ROUNDS, help="at most so many; default: %(default)s")
    add("--seconds", type=float, default=60.0, help="for all rounds; default: %(default)s")
    add("--slot", type=float, default=SLOT, metavar="SECONDS",
        help="of one client and kind in one round; default: %(default)s")
    add("--seed", type=int, default=9112, help="of the random order; default: %(default)s")
    add("--verbose", action="store_true", help="show the differences that have a reason, too")
    return parser.parse_args(arguments)


def run(module: ModuleType, options: argparse.Namespace) -> int:
    """Run the whole demo; return the exit status."""
    exchanges, left_out = load_exchanges(options.records)
    print_opening(module, exchanges, left_out)
    progress = Progress(sys.stderr)
    name = module.__name__ if module is not http.client else "the same"
    comparisons = {}
    with running_origin(options.records) as ports:
        clients = (Client(http.client, REFERENCE, ports), Client(module, name, ports))
        for number, scheme in enumerate(SCHEMES):
            def show(done: float, number: int = number, scheme: str = scheme) -> None:
                progress.show(COMPARED * (number + done) / len(SCHEMES),
                              f"comparing over {scheme.upper()}")
            comparisons[scheme] = compare(scheme, exchanges, clients, show)
            progress.clear()
            print_comparison(scheme, comparisons[scheme], len(exchanges),
                             comparisons.get(SCHEMES[0]) if number else None, options.verbose)
        slots = make_slots(comparisons)
        rounds, wrong = measure(slots, clients, options, progress)
        progress.clear()
    if rounds and slots:
        print_table(slots, [client.name for client in clients])
        print(f"Medians of {rounds} rounds in random order (seed {options.seed}); "
              "the ratio is the\nmedian of the rounds' ratios.")
    if wrong:
        print(f"{len(wrong)} WRONG ANSWERS WHILE TIMING, the first: {', '.join(wrong[:3])}")
    if wrong or any(found.faults for found in comparisons.values()):
        print("NOT EQUAL: an answer differs without a documented reason.")
        return 1
    print("Equal: each answer is the same from both, or differs for a documented reason.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_options(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")    # a terminal without µ
    try:
        module = importlib.import_module(options.client)
    except ImportError as problem:
        print(f"cannot import {options.client}: {problem}", file=sys.stderr)
        return 2
    start = time.monotonic()
    try:
        status = run(module, options)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    print(f"Took {time.monotonic() - start:.0f} s.")
    return status


if __name__ == "__main__":
    sys.exit(main())
