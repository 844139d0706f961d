# SPDX-License-Identifier: MIT
"""The tables: results as rows of text, for a terminal or for a README."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.cases.crowd.clients import CLIENTS
from bench.cases.crowd.rows import THOUSAND
from bench.cases.threads import NAMES as THREAD_NAMES

COLUMNS = ["case", "what", "httpclient µs", "http.client µs", "ratio", "quartiles",
           "raw µs", "× raw", "above raw", "wall ratio"]
IN_MEMORY = ["case", "what", "httpclient µs", "core µs", "http.client µs", "ratio", "quartiles",
             "httptools µs", "× httptools"]
THREADS = ["case", "what", "httpclient", "http.client", "pycurl", "aiohttp", "CPU ratio",
           "quartiles", "requests ratio"]
DOWNSTREAM = ["case", "what", "on http.client µs", "on httpclient µs", "ratio", "quartiles",
              "of which ours µs", "at least µs", "ratio at most"]
TRANSPORTS = ["case", "what", "own transport µs", "the same, install() µs", "httpclient's µs",
              "ratio", "quartiles", "in memory µs", "ratio at most"]
DECODING = ["case", "what", "httpclient µs", "urllib3 µs", "ratio", "quartiles"]
POOL = ["case", "what", "pool µs", "a connection µs", "× connection", "urllib3 µs",
        "ratio to urllib3", "geventhttpclient µs", "http.client's connection µs"]
CROWD = ["case", "what", "Fetcher µs", "epoll loop µs", "× loop", "× loop with ResponseParser",
         "in asyncio, ×", "in uvloop, ×", "threads / Fetcher", "CurlMulti / Fetcher",
         "aiohttp / Fetcher"]
OTHERS = ["case", "what", "httpclient", "http.client", "ratio", "quartiles"]
LEFT = 2                        # so many columns are text

Result = dict[str, Any]


def number(value: float) -> str:
    """Return the value with its significant digits."""
    return f"{value:.{2 if value < 10 else 1 if value < 1000 else 0}f}"


def microseconds(result: Result, name: str) -> str:
    """Return median and minimum."""
    if name not in result["contenders"]:
        return "-"
    figure = result["contenders"][name]["cpu_us"]
    return f"{number(figure['median'])} ({number(figure['min'])})"


def median(result: Result, name: str, form: str = ".2f") -> str:
    return f"{result[name]['median']:{form}}" if name in result else "-"


def quartiles(result: Result) -> str:
    figure = result["ratio"]
    return f"{figure['q1']:.2f}–{figure['q3']:.2f}"


def exchange_row(result: Result) -> list[str]:
    return [result["name"], result["summary"],
            microseconds(result, "ours"), microseconds(result, "stdlib"),
            median(result, "ratio"), quartiles(result),
            microseconds(result, "raw"), median(result, "over_raw"),
            median(result, "above_raw"), median(result, "wall_ratio")]


def memory_row(result: Result) -> list[str]:
    return [result["name"], result["summary"], microseconds(result, "ours"),
            microseconds(result, "core"), microseconds(result, "stdlib"),
            median(result, "ratio"), quartiles(result),
            microseconds(result, "httptools"), median(result, "over_httptools", ".3f")]


def threads_row(result: Result) -> list[str]:
    """Return requests per second and CPU per request of each contender."""
    cells = []
    for name in ("ours", "stdlib", "pycurl", "aiohttp"):
        one = result["contenders"].get(name)
        cells.append("-" if one is None else f"{1e6 / one['wall_us']['median']:.0f}/s "
                     f"{number(one['cpu_us']['median'])} µs")
    return [result["name"], result["summary"], *cells, median(result, "ratio"),
            quartiles(result), median(result, "wall_ratio")]


def downstream_row(result: Result) -> list[str]:
    return [result["name"], result["summary"], microseconds(result, "stdlib"),
            microseconds(result, "ours"), median(result, "ratio"), quartiles(result),
            number(result["of_ours_us"]["median"]), microseconds(result, "floor"),
            median(result, "ratio_at_most")]


def transports_row(result: Result) -> list[str]:
    return [result["name"], result["summary"], microseconds(result, "stdlib"),
            microseconds(result, "installed"), microseconds(result, "ours"),
            median(result, "ratio"), quartiles(result), microseconds(result, "ready"),
            median(result, "ratio_at_most")]


def decoding_row(result: Result) -> list[str]:
    return [result["name"], result["summary"], microseconds(result, "ours"),
            microseconds(result, "stdlib"), median(result, "ratio"), quartiles(result)]


def pool_row(result: Result) -> list[str]:
    return [result["name"], result["summary"], microseconds(result, "ours"),
            microseconds(result, "bare"), median(result, "over_bare"),
            microseconds(result, "urllib3"), median(result, "urllib3_ratio", ".1f"),
            microseconds(result, "geventhttpclient"), microseconds(result, "stdlib")]


def crowd_row(result: Result) -> list[str]:
    return [result["name"], result["summary"], microseconds(result, "ours"),
            microseconds(result, "loop"), *(median(result, name) for name in (
                "over_loop", "over_parser", "asyncio_over", "uvloop_over", "threads_ratio",
                "pycurl_ratio", "aiohttp_ratio"))]


def other_row(result: Result) -> list[str]:
    cells = []
    for name in ("ours", "stdlib"):
        one = result["contenders"][name]
        cells.append(f"{one['bytes']['median'] / 1024:.1f} KiB" if "bytes" in one
                     else f"{number(one['cpu_us']['median'])} µs")
    return [result["name"], result["summary"], *cells, median(result, "ratio"), quartiles(result)]


def tables(results: Iterable[Result]) -> list[list[list[str]]]:
    """Return a table, heading first, for each kind of row in the results."""
    kinds = {"wire": (COLUMNS, exchange_row), "memory": (IN_MEMORY, memory_row),
             "threads": (THREADS, threads_row), "downstream": (DOWNSTREAM, downstream_row),
             "transports": (TRANSPORTS, transports_row),
             "pool": (POOL, pool_row), "decoding": (DECODING, decoding_row),
             "crowd": (CROWD, crowd_row), "others": (OTHERS, other_row)}
    rows: dict[str, list[list[str]]] = {kind: [] for kind in kinds}
    peers: list[Result] = []
    crowds: list[Result] = []
    for result in results:
        contenders = result["contenders"]
        kind = ("threads" if result["name"] in THREAD_NAMES else
                "crowd" if "connections" in result else
                "memory" if result["name"].startswith("memory-") else
                "downstream" if "floor" in contenders else
                "transports" if "ready" in contenders else
                "decoding" if result["name"].startswith("decode-") else
                "pool" if "bare" in contenders else
                "wire" if "raw" in contenders else "others")
        rows[kind].append(kinds[kind][1](result))
        if result.get("peers"):
            peers.append(result)
        if kind == "crowd":
            crowds.append(result)
    found = [[kinds[kind][0], *rows[kind]] for kind in kinds if rows[kind]]
    return found + ([peers_table(peers)] if peers else []) + crowd_tables(crowds)


def peers_table(results: list[Result]) -> list[list[str]]:
    """Return CPU time per request: a row for each client, the cheapest first."""
    def costs(result: Result) -> dict[str, float]:
        shown = {"ours": "httpclient", "stdlib": "http.client", "raw": "raw"}
        return {**{shown[name]: one["cpu_us"]["median"]
                   for name, one in result["contenders"].items() if name in shown},
                **{name: one["cpu_us"]["median"] for name, one in result["peers"].items()}}

    return clients_table({f"{result['name']} µs": costs(result) for result in results})


def crowd_tables(results: list[Result]) -> list[list[list[str]]]:
    """Return CPU time per request, and memory per connection where it was measured."""
    found = []
    for unit, of in (("µs", lambda one: one["cpu_us"]["median"]),
                     ("KiB", lambda one: one.get("connection_kib"))):
        columns = {f"{result['name']} {unit}": {
            CLIENTS[name].label: of(one) for name, one in result["contenders"].items()
            if name != THOUSAND and of(one) is not None} for result in results}
        columns = {heading: column for heading, column in columns.items() if column}
        if columns:
            found.append(clients_table(columns))
    return found


def clients_table(by_heading: dict[str, dict[str, float]]) -> list[list[str]]:
    """Return a row for each client, the cheapest first; `by_heading` has the columns."""
    columns = list(by_heading.values())
    names = sorted({name for column in columns for name in column},
                   key=lambda name: min(column.get(name, float("inf")) for column in columns))
    return [["client", "", *by_heading],
            *([name, "", *(number(column[name]) if name in column else "-"
                           for column in columns)] for name in names)]


def formatted(table: list[list[str]], markdown: bool) -> str:
    heading, *body = table
    if markdown:
        bold = heading.index("ratio") if "ratio" in heading else -1
        body = [[f"**{cell}**" if at == bold else cell for at, cell in enumerate(row)]
                for row in body]
        rule = ["---"] * LEFT + ["---:"] * (len(heading) - LEFT)
        return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *body])
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join("  ".join(cell.ljust(width) if at < LEFT else cell.rjust(width)
                               for at, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in table)
