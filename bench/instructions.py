# SPDX-License-Identifier: MIT
"""Count the instructions of httpclient's machine code, and compare with the kept figures.

    python -m bench.instructions            compare; exit status 1 where 3 % more are taken
    python -m bench.instructions --update   keep the figures of this run

Times creep unnoticed, instructions do not: the same code on the same input takes the same
number of them, on a busy machine, too.  The input is whole exchanges over a socket pair, and
valgrind's callgrind counts.  Only the extension modules of httpclient._core count, each by
itself, so the build of the interpreter does not matter.  The instructions of the import are
measured without any exchange and subtracted.

The compiler of httpclient does matter.  So figures are kept by machine, compiler and Python.
Without figures, or without valgrind, nothing is compared, and the program says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.cases.fixtures import CALLER_FIELDS, CASES, HOST, Case
from bench.harness.processes import environment

KEPT = Path(__file__).with_name("instructions.json")
WORKS = ["small-head", "large-head-all", "small-post", "chunks-64b", "deadline"]
CHUNKS_UP_TO = 65536            # bytes of the response: 1 MiB would take valgrind too long
TIMES = 200                     # exchanges
ALLOWED = 0.03
NOISE = 20                      # fewer instructions per exchange are not compared
PATIENCE = 300                  # seconds for one run
OURS = re.compile(r"httpclient/_core/(\w+)\.")

Counts = dict[str, dict[str, int]]      # work -> module -> instructions per exchange


# ---- what is counted, inside valgrind


def answer(case: Case) -> bytes:
    """Return the response; a long body in chunks is cut after a chunk, and ended."""
    whole = b"".join(case.wire.pieces())
    if len(whole) <= CHUNKS_UP_TO:
        return whole
    head, block = case.wire.head, case.wire.block
    framed = len(b"40\r\n") + 64 + len(b"\r\n")
    return head + block[:CHUNKS_UP_TO // framed * framed] + case.wire.tail


def exchange(case: Case, times: int) -> None:
    """Do so many exchanges over a socket pair, in one thread."""
    import httpclient

    response_bytes = answer(case)
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * CHUNKS_UP_TO)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * CHUNKS_UP_TO)
    connection = httpclient.HTTPConnection(HOST, deadline=case.deadline)
    connection.sock = near
    with near, far:
        for _ in range(times):
            connection.request(case.method, case.target, case.upload, CALLER_FIELDS)
            far.recv(CHUNKS_UP_TO)
            far.sendall(response_bytes)
            response = connection.getresponse()
            if case.getheaders:
                response.getheaders()
            if response.getheader("ETag") is None or not response.read():
                raise SystemExit(f"{case.name}: a wrong answer")
    connection.close()


# ---- counting


def count_run(folder: Path, name: str, times: int) -> Counter[str]:
    """Return module -> instructions of a process that does so many exchanges."""
    file = folder / f"{name}-{times}.out"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={file}",
               "--compress-strings=no", "--compress-pos=no", sys.executable, "-m",
               "bench.instructions", "--exchange", name, "--times", str(times)]
    done = subprocess.run(command, env={**environment(), "PYTHONHASHSEED": "0"},
                          capture_output=True, encoding="utf-8", errors="replace",
                          timeout=PATIENCE)
    if done.returncode:
        raise RuntimeError(f"{name}: valgrind: {done.stderr.strip()[-800:]}")
    with open(file, encoding="utf-8", errors="replace") as lines:
        return own_costs(lines)


def own_costs(lines: Iterable[str]) -> Counter[str]:
    """Return module of httpclient -> instructions, from a callgrind file without compression.

    `ob=` names the object file of the cost lines below it; the line after `calls=` has the
    costs of the callee, which are not the caller's own.
    """
    found: Counter[str] = Counter()
    module, callee = None, False
    for line in lines:
        if line.startswith("ob="):
            match = OURS.search(line)
            module = match and match.group(1)
        elif line.startswith("calls="):
            callee = True
        elif line[:1].isdigit() or line[:1] in "+-*":
            if module and not callee:
                found[module] += int(line.split()[-1])
            callee = False
    return found


def count() -> Counts:
    """Return instructions per exchange, without those of the import."""
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder, \
            ThreadPoolExecutor(os.cpu_count()) as pool:
        nothing = pool.submit(count_run, Path(folder), WORKS[0], 0)
        runs = {name: pool.submit(count_run, Path(folder), name, TIMES) for name in WORKS}
        imported = nothing.result()
        return {name: {module: round((total - imported[module]) / TIMES)
                       for module, total in sorted(run.result().items())
                       if (total - imported[module]) / TIMES >= NOISE}
                for name, run in runs.items()}


def build_of_ours() -> str:
    """Return the build that figures hold for: machine, compiler of the modules, Python."""
    import httpclient._core.reader as module

    told = re.search(rb"(?:GCC: \([^)]*\)|clang version) [0-9.]+",
                     Path(module.__file__).read_bytes())
    compiler = told.group().decode("ascii", "replace") if told else "an unknown compiler"
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{platform.machine()}, {compiler}, CPython {python}"


# ---- comparing


def compare(kept: Counts, now: Counts) -> tuple[list[str], list[str]]:
    """Return lines on modules that have grown by more than ALLOWED, and on those that shrank."""
    grown, shrunk = [], []
    for name in sorted({*kept, *now}):
        before, after = kept.get(name, {}), now.get(name, {})
        for module in sorted({*before, *after}):
            old, new = before.get(module, 0), after.get(module, 0)
            if abs(new - old) > max(ALLOWED * old, NOISE):
                share = f"{(new - old) / old:+.1%}" if old else "new"
                (grown if new > old else shrunk).append(
                    f"{name}: {module}: {old} -> {new} instructions ({share})")
    return grown, shrunk


def table(now: Counts) -> str:
    return "\n".join(f"{name:16}{sum(modules.values()):>8}  " + ", ".join(
        f"{module} {number}" for module, number in modules.items())
        for name, modules in now.items())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.instructions")
    parser.add_argument("--update", action="store_true", help="keep the figures of this run")
    parser.add_argument("--exchange", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=TIMES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.exchange:
        exchange(next(case for case in CASES if case.name == options.exchange), options.times)
        return 0
    if shutil.which("valgrind") is None:
        print("*** instructions: no valgrind here: NOTHING WAS COUNTED ***")
        return 0
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    build = build_of_ours()
    if build not in kept and not options.update:
        print(f"*** instructions: no figures are kept for {build}: NOTHING WAS COMPARED ***")
        return 0
    now = count()
    print(f"Instructions of our own modules per exchange ({build}):\n{table(now)}")
    if options.update:
        kept[build] = now
        KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    grown, shrunk = compare(kept[build], now)
    for line in shrunk:
        print(f"less: {line}")
    for line in grown:
        print(f"MORE: {line}", file=sys.stderr)
    if grown or shrunk:
        print(f"More than {ALLOWED:.0%} off the figures in bench/instructions.json. If that is "
              "meant: make instructions INSTRUCTIONS_ARGS=--update")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
