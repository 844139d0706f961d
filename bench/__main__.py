# SPDX-License-Identifier: MIT
"""The command line of the bench: which rows, how long, and the report.

    python -m bench                     the default rows, in less than a minute
    python -m bench --all               all of them, in a few minutes
    python -m bench --case small-head   one row; may be repeated
    python -m bench --check             exit status 1 where a bound is missed
    python -m bench --peers             other clients, too: pip install "httpclient-accel[bench]"
    python -m bench --downstream        libraries, with install() and on httpclient's transports
    python -m bench --decoding          content coding, beside urllib3
    python -m bench --pool              a Pool, beside a connection and beside urllib3's PoolManager
    python -m bench --crowd             many connections from one process, beside other clients
    python -m bench --plot FILE         a picture of the CPU time of each client
    python -m bench --gate              exit status 1 if a default row is slower
    python -m bench --markdown          the table as it stands in a README

Exit status: 0, 1 for a failed gate or check, 2 for a bench that could not run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import random
import sys
from types import ModuleType
from typing import Any

from bench.cases import decoding, downstream
from bench.cases.crowd import rows as crowd
from bench.cases.crowd.clients import CLIENTS
from bench.cases.fixtures import GROWTH
from bench.cases.peers import installed
from bench.harness.measure import AnswersDiffer, Course
from bench.harness.neighbours import give_back_precedence, take_precedence
from bench.report import bounds, plot
from bench.report.rows import ROWS, AnyRow, measure_rows, option_of
from bench.report.tables import formatted, tables

BUSY = 1.0                      # the report mentions a load average from here on
ROUNDS = 15
FEWEST_ROUNDS = 7               # for a check


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="CPU time per request: httpclient and the "
        "standard library's http.client, interleaved, against one server.")
    parser.add_argument("--list", action="store_true", help="list the rows and stop")
    parser.add_argument("--all", action="store_true", help="run all rows")
    parser.add_argument("--case", action="append", default=[], metavar="NAME",
                        help="run this row only (may be repeated)")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help=f"batches per contender (default: {ROUNDS}; with --crowd "
                        f"{crowd.ROUNDS})")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S",
                        help="time for each case (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N",
                        help="for the order inside a round (default: %(default)s)")
    parser.add_argument("--module", default="httpclient", metavar="NAME",
                        help="the module to measure (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write all figures to this file")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--gate", action="store_true",
                        help="exit status 1 if a default row is slower than http.client "
                        "(with --downstream: any row slower than without httpclient)")
    parser.add_argument("--check", action="store_true",
                        help="all rows (or those of --case) against what must be reached")
    parser.add_argument("--peers", action="store_true",
                        help="also measure the other clients that are installed")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--downstream", action="store_true",
                         help="instead, libraries with install() and on httpclient's transports")
    instead.add_argument("--decoding", action="store_true",
                         help="instead, content coding beside the decoders of urllib3")
    instead.add_argument("--pool", action="store_true",
                         help="instead, what a Pool costs beside a connection without one")
    instead.add_argument("--crowd", action="store_true",
                         help="instead, many connections from one process (with --all more rows)")
    parser.add_argument("--plot", metavar="FILE",
                        help="draw the figures into this file (SVG, PNG, PDF); wants matplotlib")
    parser.add_argument("--patience", type=float, metavar="S",
                        help="seconds to wait for other programs to rest, before each row "
                        "(default: 0; with --check 20)")
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = crowd.ROUNDS if options.crowd else ROUNDS
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    if options.check and options.rounds < FEWEST_ROUNDS:
        parser.error(f"--check wants --rounds {FEWEST_ROUNDS} or more")
    unknown = set(options.case) - {row.name for row in offered(options)}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))} (see --list)")
    if options.plot and not plot.possible():
        parser.error('--plot wants matplotlib: pip install "httpclient-accel[bench]"')
    if options.patience is None:
        options.patience = 20.0 if options.check else 0.0
    return options


def instead_of(options: argparse.Namespace) -> str | None:
    """Return the option that replaces the rows of a usual run, or None."""
    return ("--downstream" if options.downstream else "--pool" if options.pool
            else "--decoding" if options.decoding else "--crowd" if options.crowd else None)


def offered(options: argparse.Namespace) -> list[AnyRow]:
    """Return the rows that these options leave to choose from."""
    instead = instead_of(options)
    return [row for row in ROWS if option_of(row) == instead
            or instead is None and option_of(row) == "--all"]


def chosen_rows(options: argparse.Namespace) -> list[AnyRow]:
    rows = offered(options)
    if options.case:
        return [row for row in rows if row.name in options.case]
    if options.crowd:
        return [row for row in rows if options.all or not row.extra]
    if options.all or options.check or instead_of(options):
        return rows
    return [row for row in rows if option_of(row) is None]


def two_cores() -> tuple[int, int] | None:
    """Return a core for the client and one for the server, or None if there are no two."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else None


def processor() -> str:
    """Return the name of the processor, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file
                        if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def environment(options: argparse.Namespace, module: ModuleType,
                cores: tuple[int, int] | None, precedence: bool) -> dict[str, Any]:
    """Return the facts about the machine that a reader of the figures needs."""
    optimized, why = bounds.built_with_pgo()
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": platform.python_compiler(),
        "optimized": optimized,
        "optimized_why": why,
        "processor": processor(),
        "precedence": precedence,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "module": options.module,
        "peers": {**(installed() if options.peers else {}),
                  **(downstream.versions() if options.downstream else {}),
                  **(decoding.versions() if options.decoding else {}),
                  **(crowd.versions() if options.crowd else {})},
        "version": getattr(module, "__version__", None),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "cores": None if cores is None else {"client": cores[0], "server": cores[1]},
        "rounds": options.rounds,
        "seconds": options.seconds,
        "seed": options.seed,
    }


def describe(facts: dict[str, Any]) -> str:
    cores = facts["cores"]
    pinned = (f"client on core {cores['client']}, server on core {cores['server']}" if cores
              else "no process pinned to a core")
    build = ("profile-guided" if facts["optimized"] else "not profile-guided") + \
        f": {facts['optimized_why']}"
    load = "" if facts["load"] is None else f"load average {facts['load']:.1f}; "
    others = "".join(f", {name} {version}" for name, version in facts["peers"].items())
    first = ", before all other programs" if facts["precedence"] else ""
    version = f" {facts['version']}" if facts["version"] else ""
    python = f"{facts['python']} ({build}; {facts['compiler']})"
    return (f"{facts['module']}{version}{others}; {python}, "
            f"{facts['platform']}, {facts['processor']}; {pinned}{first}; {load}"
            f"{facts['rounds']} rounds in {facts['seconds']:g} s a case, seed {facts['seed']}.")


def report(results: list[dict[str, Any]], skipped: dict[str, str], facts: dict[str, Any],
           options: argparse.Namespace) -> None:
    for table in tables(results):
        print(formatted(table, options.markdown))
        print()
    print(describe(facts))
    ratios = ("Ratios" if options.crowd else "Ratio: urllib3 / httpclient" if options.decoding
              else "Ratio: http.client / httpclient")
    print("CPU time (user + system) of the client per request: median and (minimum) of the "
          f"rounds. {ratios}, median of the rounds' ratios.")
    if options.downstream:
        print("At least: the time with an http.client that makes its system calls and does nothing "
              "else, which gives the ratio at most. Of which ours: httpclient's time beyond it.")
        print("Transports: the ratio is the library's own transport / httpclient's. In memory: a "
              "transport that has its answer ready, so that the time is the library's alone.")
    if (facts["load"] or 0) >= BUSY:
        print(f"The machine was busy (load average {facts['load']:.1f}): that makes small answers "
              "slow on both sides, and their ratios too small.")
    for line in about_origin(results):
        print(line)
    for name, reason in skipped.items():
        print(f"{name}: skipped, {reason}.")
    for line in about_left_out(results):
        print(line)
    if options.plot:
        (plot.draw_crowds if options.crowd else plot.draw)(results, describe(facts), options.plot)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"environment": facts, "cases": results, "skipped": skipped}, file,
                      indent=1)
            file.write("\n")


def about_origin(results: list[dict[str, Any]]) -> list[str]:
    """Return lines on the server's own time per answer, and on rounds that were disturbed."""
    lines = []
    spent = [f"{result['name']} {result['origin_us']:.1f} (raw takes "
             f"{result['contenders']['raw']['wall_us']['median']:.1f} from request to request)"
             for result in results if "origin_us" in result and "raw" in result["contenders"]]
    if spent:
        lines.append("The server's own µs per answer: " + ", ".join(spent) + ".")
    unquiet = [f"{result['name']} {result['disturbed']}" for result in results
               if result["disturbed"]]
    if unquiet:
        lines.append("Rounds disturbed by other programs, for want of quieter ones: "
                     + ", ".join(unquiet) + ".")
    return lines


def about_left_out(results: list[dict[str, Any]]) -> list[str]:
    """Return a line for each client that took no part in some rows of a crowd."""
    rows: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for name, reason in result.get("left_out", {}).items():
            rows.setdefault((name, reason), []).append(result["name"])
    return [f"*** LEFT OUT: {CLIENTS[name].label}: {reason}; in {', '.join(names)}. ***"
            for (name, reason), names in rows.items()]


def slower(results: list[dict[str, Any]]) -> list[str]:
    """Return the default rows, and rows of libraries, in which httpclient loses."""
    default = {row.name for row in ROWS if option_of(row) in (None, "--downstream")}
    return [result["name"] for result in results
            if result["name"] in default and result["ratio"]["median"] < 1]


def main(arguments: list[str] | None = None) -> int:
    options = parse_options(arguments)
    if options.list:
        for row in ROWS:
            when = option_of(row)
            print(f"{row.name:28}{row.summary}{when and f' (with {when})'}")
        return 0
    try:
        module = importlib.import_module(options.module)
    except ImportError as exc:
        print(f"python -m bench: {exc}; is it built? (pip install -e .)", file=sys.stderr)
        return 2
    cores = two_cores()
    before = os.sched_getaffinity(0) if cores else None
    precedence = False
    try:
        if cores:
            os.sched_setaffinity(0, {cores[0]})
            precedence = take_precedence()
        facts = environment(options, module, cores, precedence)
        course = Course(options.rounds, options.seconds, random.Random(options.seed))
        rows = chosen_rows(options) + (GROWTH if options.plot and not options.crowd else [])
        results, skipped = measure_rows(rows, module, course, cores and cores[1],
                                        options.patience, options.peers)
    except (AnswersDiffer, OSError, RuntimeError) as exc:
        print(f"python -m bench: {exc}", file=sys.stderr)
        return 2
    finally:
        if cores:
            os.sched_setaffinity(0, before)
        if precedence:
            give_back_precedence()
    report(results, skipped, facts, options)
    return verdict(results, facts, options)


def verdict(results: list[dict[str, Any]], facts: dict[str, Any],
            options: argparse.Namespace) -> int:
    """Return the exit status, by the gate and the check."""
    losers = slower(results) if options.gate else []
    if losers:
        print(f"slower with httpclient: {', '.join(losers)}", file=sys.stderr)
    reached = True
    if options.check:
        scale = bounds.PGO_FACTOR if facts["optimized"] else 1
        print("\nBounds, which are the same on each interpreter:" if options.crowd else
              "\nBounds on ratios to http.client: "
              + ("the same on each interpreter, since most of a library is Python code, always."
                 if options.downstream else
                 f"{scale} of the full ones, since this interpreter is "
                 f"{'' if facts['optimized'] else 'not '}profile-guided "
                 f"({facts['optimized_why']})."))
        reached = bounds.report(bounds.judge(results, facts["optimized"]), print)
    return 0 if reached and not losers else 1


if __name__ == "__main__":
    sys.exit(main())
