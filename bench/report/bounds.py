# SPDX-License-Identifier: MIT
"""The bounds that figures must keep, and the verdicts on them.

Each bound is on one figure of one row: a median, in most cases of ratios that were made
round by round.  Interpreters built with profile-guided optimisation run http.client up to a
fifth faster, but not httpclient's C code: there, ratios to http.client need only be 0.85 of
the bounds.  Rows of libraries have the full bounds everywhere, because the libraries' own
Python code is as much faster.

Some bounds on ratios come with the costs of http.client and of raw where they were set.  On a
machine that runs Python faster compared with system calls, the same client has a lower ratio,
and no client can have a higher one than http.client to raw.  So a verdict on a missed ratio
also shows the ratio above raw, here and where the bound was set.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bench.cases.downstream import USES
from bench.cases.threads import NAMES as THREAD_NAMES

PGO_FACTOR = 0.85
KEPT = 0.9                      # of one thread's requests per second, with more threads

Results = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Bound:
    """`figure` of the row `case` must be `least` or more, or `most` or less."""

    case: str
    figure: str
    least: float | None = None
    most: float | None = None
    aim: float | None = None
    set_at: tuple[float, float] | None = None   # µs of http.client and of raw

    def least_above_raw(self, optimized: bool) -> float:
        """Return `above_raw` of a client that just reached the bound where it was set."""
        assert self.set_at is not None
        stdlib, raw = self.set_at
        return (stdlib - raw) / (stdlib / self.limit(optimized) - raw)

    def limit(self, optimized: bool) -> float:
        if self.least is None:
            assert self.most is not None
            return self.most
        return self.least * (PGO_FACTOR if optimized and self.figure == "ratio"
                             and self.case not in UNSCALED else 1)


@dataclass(frozen=True)
class Verdict:
    case: str
    what: str
    value: float | None         # None: it was not measured
    limit: float
    passed: bool
    aim: float | None = None


# The build of the interpreter does not matter to these: they compare no Python code with C code.
# Most of a library is Python code, with httpclient and without.
UNSCALED = {"import", "idle-memory", *(use.name for use in USES)}

BOUNDS = [
    Bound("small-head", "ratio", least=7.5, set_at=(104, 6.8)),
    Bound("small-head", "over_raw", most=2.0, aim=1.7),
    Bound("large-head", "ratio", least=10, set_at=(151, 7.0)),
    Bound("large-head", "over_raw", most=2.1),
    Bound("large-head-all", "ratio", least=8.5, set_at=(158, 7.0)),
    Bound("length-1m", "ratio", least=1.8, set_at=(248, 101)),
    Bound("length-1m", "over_raw", most=1.4),
    Bound("length-64m", "ratio", least=2),
    Bound("readinto-64m", "over_raw", most=1.2),
    Bound("timeout", "ratio", least=6.5, set_at=(106, 7.8)),
    Bound("deadline", "over_plain", most=1.15),
    Bound("chunks-64b", "ratio", least=50, aim=80),
    Bound("chunks-4k", "ratio", least=3.5, aim=5.5),
    Bound("chunks-16k-64m", "ratio", least=2.2, aim=2.8),
    Bound("readinto-chunks-64m", "ratio", least=3),
    Bound("readinto-chunks-64m", "over_raw", most=1.6),
    Bound("memory-head", "over_httptools", most=0.25),
    Bound("memory-head-all", "over_httptools", most=0.4),
    Bound("memory-large-head-all", "over_httptools", most=0.35),
    Bound("memory-chunks-64b", "over_httptools", most=0.12),
    Bound("pool-small-head", "over_bare", most=1.15),
    Bound("pool-small-head", "urllib3_ratio", least=6),
    Bound("pool-small-post", "over_bare", most=1.15),
    Bound("pool-small-post", "urllib3_ratio", least=6),
    Bound("crowd-1", "over_connection", most=1.3),
    Bound("crowd-1000-50ms", "over_loop", most=1.5),
    Bound("crowd-1000-50ms", "pycurl_ratio", least=3),
    Bound("crowd-1000-50ms", "aiohttp_ratio", least=9),
    Bound("crowd-1000-50ms", "threads_ratio", least=5),
    Bound("crowd-1000-50ms", "asyncio_over", most=1.3),
    Bound("crowd-1000-50ms", "uvloop_over", most=1.3),
    Bound("crowd-10000-50ms", "over_thousand", most=1),
    Bound("crowd-10000-50ms", "connection_kib", most=10),
    Bound("crowd-1000-50ms-tls", "over_loop", most=1.5),
    Bound("crowd-10-1m", "over_loop", most=1.2),
    Bound("https-construct", "cpu_us", most=50),
    Bound("import", "ratio", least=1),
    Bound("idle-memory", "ratio", least=1),
    Bound("urllib3-small-head", "ratio", least=1.5),
    Bound("urllib3-large-head", "ratio", least=1.6),
    Bound("urllib3-chunks-64b", "ratio", least=5),
    # Here urllib3 decodes the chunks itself, which takes most of the time: 1.4 is the maximum.
    Bound("urllib3-stream-chunks-64b", "ratio", least=1, aim=1.2),
    Bound("requests-small-head", "ratio", least=1.13),
    Bound("boto3-small-head", "ratio", least=1.1),
    Bound("requests-adapter-small-head", "over_own", least=1.9),
    Bound("requests-adapter-length-1m", "over_own", least=1.2),
    Bound("requests-adapter-chunks-64b", "over_own", least=3),
    Bound("httpx-transport-small-head", "over_own", least=1.7),
    Bound("httpx-transport-length-1m", "over_own", least=1.2),
    Bound("httpx-transport-chunks-64b", "over_own", least=3),
]

WORDS = {
    "ratio": "× http.client",
    "over_raw": "of raw",
    "over_plain": "of a request without deadline",
    "over_bare": "of a connection without a pool",
    "over_own": "× the library on its own transport",
    "urllib3_ratio": "× urllib3's PoolManager",
    "over_httptools": "of httptools",
    "over_connection": "of an HTTPConnection",
    "over_loop": "of the epoll loop",
    "over_thousand": "of 1000 connections",
    "connection_kib": "KiB of memory per connection",
    "asyncio_over": "of the Fetcher alone, in asyncio",
    "uvloop_over": "of the Fetcher alone, in uvloop",
    "threads_ratio": "× httpclient in threads",
    "pycurl_ratio": "× CurlMulti",
    "aiohttp_ratio": "× aiohttp on uvloop",
    "cpu_us": "µs",
}


def built_with_pgo() -> tuple[bool, str]:
    """Return (True if the interpreter was built with profile-guided optimisation, why).

    Distributions may hide the options of configure; the linker's flags show -flto at best.
    Debian's python3 was built with both, and shows the configuration of a different build.
    """
    variables = sysconfig.get_config_vars()
    if "--enable-optimizations" in (variables.get("CONFIG_ARGS") or ""):
        return True, "configured with --enable-optimizations"
    flags = " ".join(str(variables.get(name) or "")
                     for name in ("PY_CORE_CFLAGS", "PY_CORE_LDFLAGS", "PGO_PROF_USE_FLAG"))
    if "-fprofile-use" in (variables.get("PY_CORE_CFLAGS") or "") or "-flto" in flags:
        return True, "its flags have profile use or link-time optimisation"
    if sys.executable and debian_package():
        return True, "Debian's package, which is built with it"
    return False, "nothing tells of profile-guided optimisation"


def debian_package() -> bool:
    try:
        found = subprocess.run(["dpkg", "-S", f"/usr/bin/python3.{sys.version_info[1]}"],
                               capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    base = getattr(sys, "_base_executable", None) or sys.executable
    return found.returncode == 0 and base.startswith("/usr/bin/")


def figure_of(result: dict[str, Any], figure: str) -> float | None:
    if figure == "cpu_us":
        return result["contenders"]["ours"]["cpu_us"]["median"]
    return result[figure]["median"] if figure in result else None


def judge(results: Iterable[dict[str, Any]], optimized: bool) -> list[Verdict]:
    """Return verdicts on all bounds of measured rows, on the threads and on the peers."""
    by_name = {result["name"]: result for result in results}
    verdicts = [verdict(bound, by_name[bound.case], optimized)
                for bound in BOUNDS if bound.case in by_name]
    return verdicts + threads(by_name) + peers(by_name)


def verdict(bound: Bound, result: dict[str, Any], optimized: bool) -> Verdict:
    value, limit = figure_of(result, bound.figure), bound.limit(optimized)
    what = f"{'≥' if bound.most is None else '≤'} {limit:.4g} {WORDS[bound.figure]}"
    passed = value is not None and (value >= limit if bound.most is None else value <= limit)
    if not passed and bound.set_at is not None and "above_raw" in result:
        what += (f"; above raw {figure_of(result, 'above_raw'):.3g} ×, where the bound was set "
                 f"{bound.least_above_raw(optimized):.3g}")
    return Verdict(bound.case, what, value, limit, passed, bound.aim)


def wall(result: dict[str, Any], name: str) -> float:
    return result["contenders"][name]["wall_us"]["median"]


def threads(by_name: Results) -> list[Verdict]:
    """Demand that throughput keeps up with more threads and that no other client is better."""
    found, alone = [], by_name.get("threads-1")
    for name in THREAD_NAMES:
        if name not in by_name:
            continue
        result = by_name[name]
        if alone is not None and result is not alone:
            kept = wall(alone, "ours") / wall(result, "ours")
            found.append(Verdict(name, f"≥ {KEPT} of one thread's requests per second", kept, KEPT,
                                 kept >= KEPT))
        for clock, what in (("wall_us", "requests per second"), ("cpu_us", "CPU per request")):
            found += fastest(result, clock, what)
    return found


def peers(by_name: Results) -> list[Verdict]:
    """Demand that no peer that was measured needs less CPU in any row."""
    return [one for name, result in by_name.items()
            if name not in THREAD_NAMES and result.get("peers")
            for one in fastest({**result, "contenders": {**result["peers"],
                                "ours": result["contenders"]["ours"]}},
                               "cpu_us", "CPU per request")]


def fastest(result: dict[str, Any], clock: str, what: str) -> list[Verdict]:
    """Compare httpclient with the best of the other clients."""
    contenders = result["contenders"]
    others = {name: one[clock]["median"] for name, one in contenders.items()
              if name not in ("ours", "raw")}
    best = min(others, key=lambda name: others[name])
    ahead = others[best] / contenders["ours"][clock]["median"]
    return [Verdict(result["name"], f"{what}: ≥ 1 × the best other, {best}", ahead, 1, ahead >= 1)]


def report(verdicts: list[Verdict], say: Callable[[str], object]) -> bool:
    """Say each row's figure, bound, pass or miss; return True if all have passed."""
    width = max((len(one.case) for one in verdicts), default=0)
    for one in verdicts:
        value = "not measured" if one.value is None else f"{one.value:.3g}"
        aim = "" if one.aim is None else f" (aim: {one.aim:g})"
        say(f"{'pass' if one.passed else 'MISS'}  {one.case.ljust(width)}  {value:>12}  "
            f"{one.what}{aim}")
    missed = sum(not one.passed for one in verdicts)
    say(f"{len(verdicts) - missed} of {len(verdicts)} bounds reached.")
    return not missed
