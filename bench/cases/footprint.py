# SPDX-License-Identifier: MIT
"""The cost of an import and of idle connections.

Each is measured in a process of its own, because modules and memory of an earlier measurement
would be reused.  `python -m bench.cases.footprint MODULE PORT COUNT` measures idle connections:
it prints the bytes of resident memory that each of them holds.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.cases.fixtures import CALLER_FIELDS, CASES, HOST
from bench.cases.server import allow_many_files
from bench.harness.measure import AnswersDiffer, Course, Figures, figures, ratio
from bench.harness.processes import environment

IMPORT = "import"
IDLE = "idle-memory"
CONNECTIONS = 1000
SUMMARIES = {
    IMPORT: "the import, in a new process",
    IDLE: f"resident memory of each of {CONNECTIONS} idle connections",
}
PATIENCE = 120                  # seconds
STATM = Path("/proc/self/statm")
# What each connection has done before it is idle: the buffers have grown, then a small one.
BEFORE = ["chunks-4k", "large-head", "small-head"]


# Loads nothing before the import: what either module imports itself must not be there yet.
IMPORTING = """\
import sys, time
started = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - started)
"""


def resident() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def idle_bytes(module: str, port: int, count: int) -> float:
    """Return the growth of this process per connection."""
    allow_many_files()
    library = importlib.import_module(module)
    cases = [case for name in BEFORE for case in CASES if case.name == name]

    def idle_connection() -> Any:
        connection = library.HTTPConnection(HOST, port)
        for case in cases:
            connection.request("GET", case.target, None, CALLER_FIELDS)
            response = connection.getresponse()
            if len(response.read()) != case.wire.content_size:
                raise AnswersDiffer(f"{IDLE}: {module}: {case.name} is too short")
        return connection

    idle_connection().close()   # the first connection loads things that stay
    gc.collect()
    before = resident()
    connections = [idle_connection() for _ in range(count)]
    gc.collect()
    grown = resident() - before
    for connection in connections:
        connection.close()
    return grown / count


def ask(*arguments: object) -> float:
    """Run a process and return the number that it prints."""
    done = subprocess.run([sys.executable, *map(str, arguments)], env=environment(),
                          capture_output=True, encoding="utf-8", timeout=PATIENCE)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} {arguments[-1]}: {done.stderr.strip()[-500:]}")
    return float(done.stdout)


def measure_import(modules: dict[str, str], course: Course) -> dict[str, Any]:
    """Measure microseconds of CPU time.  `modules`: the names of "ours" and "stdlib"."""
    taken: dict[str, list[float]] = {key: [] for key in modules}
    for key in modules:
        ask("-c", IMPORTING, modules[key])     # so the files are in the system's cache
    for _ in range(course.rounds):
        for key in course.rng.sample(list(modules), len(modules)):
            taken[key].append(ask("-c", IMPORTING, modules[key]) * 1e6)
    contenders = {key: {"batch": 1, "cpu_us": figures(samples)}
                  for key, samples in taken.items()}
    return compared(IMPORT, contenders, "cpu_us")


def measure_idle(modules: dict[str, str], port: int, course: Course) -> dict[str, Any] | None:
    """Measure bytes per connection; return None if the system has no such figure."""
    if not STATM.exists():
        return None
    rounds = min(course.rounds, 3)      # it hardly varies
    contenders = {key: {"bytes": figures([ask("-m", __spec__.name, module, port, CONNECTIONS)
                                           for _ in range(rounds)])}
                  for key, module in modules.items()}
    return compared(IDLE, contenders, "bytes")


def compared(name: str, contenders: dict[str, Figures], unit: str) -> dict[str, Any]:
    return {"name": name, "summary": SUMMARIES[name], "disturbed": 0, "contenders": contenders,
            "ratio": ratio(contenders["stdlib"], contenders["ours"], unit)}


if __name__ == "__main__":
    print(idle_bytes(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
