# SPDX-License-Identifier: MIT
"""The command line of the bench: which cases, how long, and the report.

    python -m bench                     the default cases, in less than a minute
    python -m bench --all               the long ones, too
    python -m bench --case small-head   one case; may be repeated
    python -m bench --gate              exit status 1 if a default case is slower
    python -m bench --markdown          the table as it stands in a README

Exit status: 0, 1 for a failed gate, 2 for a bench that could not run.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import json
import os
import platform
import random
import ssl
import sys
import sysconfig
from types import ModuleType
from typing import Any

from bench.cases import CASES, Case
from bench.measure import AnswersDiffer, measure_case
from bench.server import ServerProcess

PATIENCE = 120                  # seconds that a case may take beyond ten times its share
BUSY = 1.0                      # the load average from which on the report says so

COLUMNS = ["case", "what", "httpclient µs", "http.client µs", "ratio", "quartiles",
           "raw µs", "× raw", "wall ratio"]


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="CPU time per request: httpclient and the "
        "standard library's http.client, interleaved, against one server.")
    parser.add_argument("--list", action="store_true", help="list the cases and stop")
    parser.add_argument("--all", action="store_true", help="run the long cases, too")
    parser.add_argument("--case", action="append", default=[], metavar="NAME",
                        help="run this case only (may be repeated)")
    parser.add_argument("--rounds", type=int, default=15, metavar="N",
                        help="batches per contender (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S",
                        help="time for each case (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N",
                        help="for the order inside a round (default: %(default)s)")
    parser.add_argument("--module", default="httpclient", metavar="NAME",
                        help="the module to measure (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write all figures to this file")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--gate", action="store_true",
                        help="exit status 1 if a default case is slower than http.client")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    unknown = set(options.case) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))} (see --list)")
    return options


def chosen_cases(options: argparse.Namespace) -> list[Case]:
    if options.case:
        return [case for case in CASES if case.name in options.case]
    return [case for case in CASES if options.all or not case.extra]


def two_cores() -> tuple[int, int] | None:
    """A core for the client and another for the server, where that can be had."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else None


def environment(options: argparse.Namespace, module: ModuleType,
                cores: tuple[int, int] | None) -> dict[str, Any]:
    """What a reader of the figures has to know about the machine."""
    configured = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        # Distributions may hide what they configured: then this says False.
        "optimized": "--enable-optimizations" in configured,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "module": options.module,
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
              else "nobody pinned to a core")
    build = "built with --enable-optimizations" if facts["optimized"] else \
        "not known to be built with --enable-optimizations"
    load = "" if facts["load"] is None else f"load average {facts['load']:.1f}; "
    return (f"{facts['python']} ({build}), {facts['platform']}; {pinned}; {load}"
            f"{facts['rounds']} rounds in {facts['seconds']:g} s a case, seed {facts['seed']}.")


def microseconds(result: dict[str, Any]) -> str:
    """Median and minimum, with as many digits as mean anything."""
    digits = 1 if result["cpu_us"]["median"] < 1000 else 0
    return f"{result['cpu_us']['median']:.{digits}f} ({result['cpu_us']['min']:.{digits}f})"


def table_row(result: dict[str, Any]) -> list[str]:
    figure = result["ratio"]
    return [result["name"], result["summary"],
            microseconds(result["ours"]), microseconds(result["stdlib"]),
            f"{figure['median']:.2f}", f"{figure['q1']:.2f}–{figure['q3']:.2f}",
            microseconds(result["raw"]), f"{result['over_raw']['median']:.2f}",
            f"{result['wall_ratio']['median']:.2f}"]


def format_table(results: list[dict[str, Any]], markdown: bool) -> str:
    rows = [COLUMNS, *(table_row(result) for result in results)]
    if markdown:
        rows[1:] = [[f"**{cell}**" if at == 4 else cell for at, cell in enumerate(row)]
                    for row in rows[1:]]
        rows.insert(1, ["---", "---"] + ["---:"] * (len(COLUMNS) - 2))
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) if at < 2 else cell.rjust(width)
                               for at, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def run_cases(cases: list[Case], options: argparse.Namespace, module: ModuleType,
              cores: tuple[int, int] | None) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Results, and the cases that were skipped with the reason."""
    modules = {"ours": module, "stdlib": importlib.import_module("http.client")}
    rng = random.Random(options.seed)
    results, skipped = [], {}
    with ServerProcess(cores and cores[1], any(case.tls for case in cases)) as server:
        context = None
        if server.certificate:
            context = ssl.create_default_context(cafile=server.certificate)
        for case in cases:
            if case.tls and context is None:
                skipped[case.name] = "no openssl program that could make a certificate"
                continue
            print(f"{case.name} …", file=sys.stderr, flush=True)
            # A client that waits for ever must not make the bench do so.
            faulthandler.dump_traceback_later(PATIENCE + 10 * options.seconds, exit=True)
            results.append(measure_case(case, modules, server.ports, context, options.rounds,
                                        options.seconds, rng))
            faulthandler.cancel_dump_traceback_later()
    return results, skipped


def report(results: list[dict[str, Any]], skipped: dict[str, str], facts: dict[str, Any],
           options: argparse.Namespace) -> None:
    print(format_table(results, options.markdown))
    print()
    print(describe(facts))
    print("CPU time (user + system) of the client per request: median and (minimum) of the "
          "rounds. Ratio: http.client / httpclient, median of the rounds' ratios.")
    if (facts["load"] or 0) >= BUSY:
        print(f"The machine was busy (load average {facts['load']:.1f}): that makes small answers "
              "dear on both sides, and their ratios too small.")
    for name, reason in skipped.items():
        print(f"{name}: skipped, {reason}.")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"environment": facts, "cases": results, "skipped": skipped}, file,
                      indent=1)
            file.write("\n")


def slower(results: list[dict[str, Any]]) -> list[str]:
    """The default cases in which http.client wins."""
    default = {case.name for case in CASES if not case.extra}
    return [result["name"] for result in results
            if result["name"] in default and result["ratio"]["median"] < 1]


def main(arguments: list[str] | None = None) -> int:
    options = parse_options(arguments)
    if options.list:
        for case in CASES:
            print(f"{case.name:16}{case.summary}{' (with --all)' if case.extra else ''}")
        return 0
    try:
        module = importlib.import_module(options.module)
    except ImportError as exc:
        print(f"python -m bench: {exc}; is it built? (pip install -e .)", file=sys.stderr)
        return 2
    cores = two_cores()
    facts = environment(options, module, cores)
    before = os.sched_getaffinity(0) if cores else None
    try:
        if cores:
            os.sched_setaffinity(0, {cores[0]})
        results, skipped = run_cases(chosen_cases(options), options, module, cores)
    except (AnswersDiffer, OSError, RuntimeError) as exc:
        print(f"python -m bench: {exc}", file=sys.stderr)
        return 2
    finally:
        if cores:
            os.sched_setaffinity(0, before)
    report(results, skipped, facts, options)
    losers = slower(results) if options.gate else []
    if losers:
        print(f"slower than http.client: {', '.join(losers)}", file=sys.stderr)
    return 1 if losers else 0


if __name__ == "__main__":
    sys.exit(main())
