# SPDX-License-Identifier: MIT
"""Profile a library that uses httpclient: the share of CPU time of each package.

    python -m bench.profile [--seconds S] [--markdown] [ROW ...]    rows of --downstream

A signal comes a few hundred times in each second of CPU time, and the innermost Python frame
of that moment counts for the package that its file belongs to.  C code and the kernel count
for the frame that called them: httpclient's C code, and its sending and receiving, count for
httpclient.  The figures are shares, not times; the number of samples tells how exact they are.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import sysconfig
import time
from collections import Counter
from contextlib import closing
from types import FrameType

import httpclient
from bench.cases import downstream
from bench.cases.downstream import BY_NAME, LIBRARIES, USES
from bench.cases.peers import Peer
from bench.cases.server import ServerProcess
from bench.harness.measure import warm_up
from bench.harness.processes import started, stop
from bench.report.tables import formatted

ROWS = ["urllib3-small-head", "urllib3-large-head", "urllib3-chunks-64b", "requests-small-head",
        "boto3-small-head"]
OWNERS = ["httpclient", "urllib3", "requests", "botocore", "Python", "others"]
OURS = os.path.join(os.path.dirname(httpclient.__file__), "")     # perhaps a checkout
EVERY = 0.001                   # seconds of CPU time; the system's clock may be coarser
WARM = 0.5
STANDARD = sysconfig.get_path("stdlib")
PACKAGES = [sysconfig.get_path("platlib"), sysconfig.get_path("purelib")]


def owner(filename: str) -> str:
    """Return the package that a file belongs to."""
    if filename.startswith(OURS):
        return "httpclient"
    for folder in PACKAGES:
        if filename.startswith(folder + os.sep):
            package = filename.removeprefix(folder + os.sep).partition(os.sep)[0]
            return package if package in OWNERS else "others"
    if filename.startswith((STANDARD + os.sep, "<frozen")):
        return "Python"
    return "others"


def profile(library: str, case: str, port: int, seconds: float) -> dict[str, int]:
    """Do requests for so long; return package -> signals that came in its code."""
    found: Counter[str] = Counter()

    def count(number: int, frame: FrameType | None) -> None:
        if frame is not None:
            found[owner(frame.f_code.co_filename)] += 1

    known = LIBRARIES[library]
    with closing(Peer(known.of, known.module, BY_NAME[case], port)) as peer:
        exchange = peer.exchange()
        warm_up(exchange, WARM)
        signal.signal(signal.SIGPROF, count)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        end = time.process_time() + seconds
        while time.process_time() < end:
            exchange()
        signal.setitimer(signal.ITIMER_PROF, 0)
    return found


def child(library: str, case: str, port: str, seconds: str) -> None:
    httpclient.install()
    print(json.dumps(profile(library, case, int(port), float(seconds))), flush=True)


def profiled(use: downstream.Use, port: int, seconds: float) -> dict[str, int]:
    process = started("-m", "bench.profile", "--child", use.library, use.case.name, port, seconds,
                      env=downstream.neutral_environment())
    try:
        line = process.stdout.readline()
    finally:
        stop(process)
    if not line:
        raise RuntimeError(f"{use.name}: the process has ended")
    return json.loads(line)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", default=ROWS,
                        help=f"default: {' '.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="of CPU time, for each row")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(*options.child)
        return 0
    if not hasattr(signal, "setitimer"):
        print("python -m bench.profile: this system has no signal for CPU time", file=sys.stderr)
        return 2
    if options.seconds <= 0:
        parser.error("--seconds must be positive")
    uses = {use.name: use for use in USES}
    if unknown := set(options.rows) - uses.keys():
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    try:
        table = shares([uses[name] for name in options.rows], options.seconds)
    except (OSError, RuntimeError) as exc:
        print(f"python -m bench.profile: {exc}", file=sys.stderr)
        return 2
    print(formatted(table, options.markdown))
    return 0


def shares(rows: list[downstream.Use], seconds: float) -> list[list[str]]:
    """Profile the rows and return the table."""
    table = [["case", "what", *OWNERS, "samples"]]
    with ServerProcess() as server:
        for use in rows:
            if lacking := downstream.missing(use):
                print(f"{use.name}: skipped, {lacking} is not installed.", file=sys.stderr)
                continue
            found = profiled(use, server.ports["http"], seconds)
            total = sum(found.values())
            if not total:
                raise RuntimeError(f"{use.name}: no signal came in {seconds:g} s")
            table.append([use.name, use.summary,
                          *(f"{found.get(name, 0) / total:.1%}" for name in OWNERS), str(total)])
    return table


if __name__ == "__main__":
    sys.exit(main())
