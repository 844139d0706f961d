# SPDX-License-Identifier: MIT
"""python -m downstream --wheel WHEEL [SUITE ...]: see `make help`.

Exit status 1 if something differs without an explanation, or is explained and does not differ.
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import comparing
from .prepare import BUILD, prepare
from .running import CRASHED, Broken, run
from .suites import SUITES, UNTOUCHED

ROW = "{:<10} {:<10} {:>6} {:>6} {:>7} {:>8} {:>9} {:>11} {:>5} {:>5} {:>8}"
HEAD = ROW.format("suite", "mode", "passed", "failed", "skipped", "requests", "explained",
                  "unexplained", "stale", "flaky", "seconds")
FAILED = ("failed", "error", CRASHED)


def compare(name, mode, runs, again):
    """The Verdict on a suite in one mode; `again` runs some of its tests once more, alone."""
    explained, races = comparing.explanations()
    races = races.get(name, {})
    first = comparing.differences(runs[UNTOUCHED].outcomes, runs[mode].outcomes, races)
    second = {}
    if first:
        second = comparing.differences(*(again(which, list(first)).outcomes
                                         for which in (UNTOUCHED, mode)))
    return comparing.judge(first, second, explained.get((name, mode), {}))


def complaints(name, runs, verdicts):
    """What is wrong, as text; empty if all is well."""
    suite = SUITES[name]
    passed = Counter(runs[UNTOUCHED].outcomes.values())["passed"]
    found = []
    if passed < suite.floor:
        found.append(f"{name}: {passed} tests pass untouched, which is fewer than {suite.floor}:"
                     " something is missing here")
    for mode, verdict in verdicts.items():
        if not runs[mode].requests:
            found.append(f"{name}, {mode}: httpclient has not sent a single request")
        for test, (theirs, ours) in verdict.unexplained.items():
            text = runs[mode].texts.get(test) or runs[UNTOUCHED].texts.get(test) or ""
            found.append(f"{name}, {mode}: {test}: {theirs} untouched, {ours} installed\n{text}")
        found += [f"{name}, {mode}: {test} is in {comparing.FILE.name} and does not differ:"
                  " remove it there" for test in verdict.stale]
    return found


def rows(name, runs, verdicts):
    for mode, done in runs.items():
        counts = Counter(done.outcomes.values())
        verdict = verdicts.get(mode)
        judged = ["-"] * 5 if verdict is None else [done.requests, *(len(which) for which in (
            verdict.explained, verdict.unexplained, verdict.stale, verdict.flaky))]
        yield ROW.format(name, mode, counts["passed"], sum(counts[which] for which in FAILED),
                         counts["skipped"], *judged, f"{done.seconds:.0f}")


def report(name, runs, verdicts):
    """Says what differs; returns whether all is well."""
    for mode, verdict in verdicts.items():
        for test, (theirs, ours) in verdict.flaky.items():
            print(f"flaky: {name}, {mode}: {test}: {theirs} untouched, {ours} installed, once")
    wrong = complaints(name, runs, verdicts)
    for text in wrong:
        print(f"*** {text}", file=sys.stderr)
    return not wrong


def run_all(names, prepared, work, jobs):
    """Suite -> mode -> Run."""
    turns = {name: threading.Lock() if SUITES[name].in_turn else contextlib.nullcontext()
             for name in names}

    def one(name, mode):
        with turns[name]:
            return run(SUITES[name], prepared[name], mode, work / f"{name}-{mode}")

    with ThreadPoolExecutor(jobs) as pool:
        begun = {name: {mode: pool.submit(one, name, mode) for mode in SUITES[name].modes}
                 for name in names}
        return {name: {mode: future.result() for mode, future in modes.items()}
                for name, modes in begun.items()}


def main():
    parser = argparse.ArgumentParser(prog="downstream")
    parser.add_argument("--wheel", required=True, help="of httpclient")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1),
                        help="so many suites at the same time: they wait most of the time")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    args = parser.parse_args()
    names = list(dict.fromkeys(args.suites)) or list(SUITES)
    if unknown := set(names) - SUITES.keys():
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    good, table = True, [HEAD]
    work = BUILD / "work"
    shutil.rmtree(work, ignore_errors=True)
    try:
        prepared = {}
        for name in names:
            print(f"{name}: environment and tests", flush=True)
            prepared[name] = prepare(name, SUITES[name], args.wheel)
        print(f"{', '.join(names)}: logs are in {work}", flush=True)
        for name, runs in run_all(names, prepared, work, args.jobs).items():
            def again(mode, tests, name=name):
                folder = Path(tempfile.mkdtemp(prefix=f"{name}-{mode}-", dir=work))
                return run(SUITES[name], prepared[name], mode, folder / "again", tests)

            verdicts = {mode: compare(name, mode, runs, again)
                        for mode in SUITES[name].modes if mode != UNTOUCHED}
            good &= report(name, runs, verdicts)
            table += rows(name, runs, verdicts)
    except (Broken, RuntimeError) as error:
        sys.exit(f"*** {error}")
    print("\n".join(["", *table]))
    sys.exit(not good)


if __name__ == "__main__":
    main()
