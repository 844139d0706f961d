# SPDX-License-Identifier: MIT
"""A process in which one client keeps its connections and does batches of requests.

It first fetches one answer, which must be the fixture's, with a crowd of one.  After that, its
memory is the start, and the real crowd is opened.  Each line of standard input asks for a batch,
or for the growth of its memory since the start.

Threads run as those of other programs do: on all cores, where they contend for the GIL, and
scheduled as usual.  (Measured with 1,000 threads on httpclient: 31 µs per request as real-time
threads on one core, 50 to 60 with a high priority there, 50 to 160 on two cores.)
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import importlib
import json
import os
import ssl
import sys
from contextlib import closing
from functools import partial
from typing import Any

from bench.cases.crowd.clients import CLIENTS, Check, Crowd, Setting
from bench.cases.fixtures import CASES, LOOKED_UP, Case
from bench.cases.footprint import STATM, resident
from bench.cases.server import allow_many_files
from bench.harness.measure import WARM, AnswersDiffer, Timed, run_batch, warm_up
from bench.harness.neighbours import take_precedence

BY_NAME = {case.name: case for case in CASES}
PATIENCE = 120                  # seconds that a batch may take


def whole_answer(case: Case) -> Check:
    """Return a check of everything that a client has taken from an answer."""
    lines = case.wire.head.decode("ascii").split("\r\n")[1:-2]
    looked_up = dict(line.split(": ", 1) for line in lines)[LOOKED_UP]
    expected = case.wire.content * case.wire.times

    def check(status: int, value: str | None, content: Any) -> None:
        if (status, value or looked_up, bytes(content)) != (200, looked_up, expected):
            raise AnswersDiffer(f"got {status} {value!r} {bytes(content)!r:.200}")

    return check


def size_of_answer(case: Case) -> Check:
    """Return a check that takes no time."""
    size = case.wire.content_size

    def check(status: int, value: str | None, content: Any) -> None:
        if status != 200 or len(content) != size:
            raise AnswersDiffer(f"got {status} with {len(content)} bytes")

    return check


class Batches:
    """The client with all its connections, and the memory before them."""

    def __init__(self, make: Any, setting: Setting) -> None:
        with closing(make(setting._replace(count=1))) as alone:
            alone.run(1, whole_answer(setting.case))
        gc.collect()
        self._start = resident() if STATM.exists() else 0
        self._count, self._check = setting.count, size_of_answer(setting.case)
        self._crowd: Crowd = make(setting)
        self._run(1)

    def _run(self, each: int) -> None:
        self._crowd.run(each * self._count, self._check)

    def batch(self, share: float, size: int) -> Timed:
        """Time as many requests as fit into `share` seconds, or `size` of them if that is not 0."""
        if not size:
            needed, _ = warm_up(partial(self._run, 1), share * WARM)
            size = max(round(share / needed), 1) * self._count
        each = size // self._count
        cpu, wall = run_batch(partial(self._run, each), 1, None)
        return size, cpu / size, wall / size

    def memory(self) -> float | None:
        """Return the bytes of resident memory that each connection holds, if the system tells."""
        gc.collect()
        return (resident() - self._start) / self._count if STATM.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cases.crowd.process",
                                     description=__doc__)
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("case", choices=BY_NAME)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--module", default="httpclient")
    parser.add_argument("--certificate", help="PEM file that is trusted: HTTPS")
    options = parser.parse_args()
    client = CLIENTS[options.client]
    if client.threaded and options.count > 1:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        take_precedence(awake=True)
    allow_many_files()
    context = (ssl.create_default_context(cafile=options.certificate) if options.certificate
               else None)
    setting = Setting(importlib.import_module(options.module), BY_NAME[options.case],
                      options.port, options.count, context, options.certificate)
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    batches = Batches(client.make, setting)
    answers = {"batch": batches.batch, "memory": batches.memory}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        what, *values = json.loads(line)
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        print(json.dumps(answers[what](*values)), flush=True)
        faulthandler.cancel_dump_traceback_later()
    os._exit(0)                 # closing thousands of connections in order would take a while


if __name__ == "__main__":
    main()
