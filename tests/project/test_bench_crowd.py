# SPDX-License-Identifier: MIT
"""`python -m bench --crowd`: its server, its clients, and the report of those that take no part.

No test depends on a real figure.
"""

import importlib.util
import json
import select

import pytest

from support.benches import check_figures, copied, run_bench, run_each_made_up

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="the system has no epoll")

QUICK = ["--rounds", "2", "--seconds", "0.1"]
ALWAYS = {"loop", "parser", "threads", "stdlib"}        # clients that need nothing else
BY_MODULE = {"pycurl": {"pycurl"}, "aiohttp": {"aiohttp", "uvloop"}, "httpx": {"httpx"},
             "pyreqwest": {"pyreqwest"}}

# httpclient with a Fetcher that fetches one answer after the other.
FETCHER = """
from httpclient import *
from httpclient import HTTPConnection, ResponseParser
from types import SimpleNamespace
from urllib.parse import urlsplit

class Request(SimpleNamespace):
    def __init__(self, method, url, headers):
        super().__init__(method=method, url=urlsplit(url), headers=headers)

class Fetcher:
    def __init__(self, *, connections, per_host, timeout, idle, ssl_context):
        self._connections = {}
        self._requests = iter(())

    def fetch(self, requests):
        self._requests = requests
        return self

    def __iter__(self):
        return self

    def __next__(self):
        request = next(self._requests)
        connection = self._connections.setdefault(
            request.url.netloc, HTTPConnection(request.url.netloc))
        connection.request(request.method, request.url.path, headers=request.headers)
        response = connection.getresponse()
        return SimpleNamespace(error=None, status=response.status, content=response.read(),
                               getheader=response.getheader)

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None

    def close(self):
        for connection in self._connections.values():
            connection.close()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = copied(tmp_path_factory)
    (folder / "crowded.py").write_text(FETCHER)
    (folder / "broken.py").write_text(FETCHER.replace("response.read()", "response.read()[1:]"))
    return folder


def installed(*modules):
    return all(importlib.util.find_spec(module) for module in modules)


def test_clients_take_turns_and_are_compared(folder):
    rows = ["crowd-10-50ms", "crowd-1"]
    done = run_bench(folder, "--crowd", *(argument for row in rows for argument in ("--case", row)),
                     *QUICK, "--module", "crowded", "--json", "crowd.json")
    assert done.returncode == 0, done.stderr
    cases = json.loads((folder / "crowd.json").read_text())["cases"]
    assert [case["name"] for case in cases] == rows
    peers = {name for name, modules in BY_MODULE.items() if installed(*modules)}
    fetchers = {"ours", "asyncio"} | ({"uvloop"} if installed("uvloop") else set())
    for case in cases:
        assert set(case["contenders"]) == ALWAYS | fetchers | peers
        assert set(case["left_out"]) == {"uvloop", *BY_MODULE} - fetchers - peers
        for contender in case["contenders"].values():
            assert contender["batch"] % case["connections"] == 0
            check_figures(contender["cpu_us"])
        for figure in ("over_loop", "over_connection", "threads_ratio", "asyncio_over"):
            check_figures(case[figure])
    assert cases[0]["over_loop"]["rounds"] == pytest.approx(
        [ours / loop for ours, loop in zip(cases[0]["contenders"]["ours"]["cpu_us"]["rounds"],
                                           cases[0]["contenders"]["loop"]["cpu_us"]["rounds"])])


def test_clients_without_their_module_are_named(folder):
    """http.client has neither a Fetcher nor a ResponseParser."""
    done = run_bench(folder, "--crowd", "--case", "crowd-1", *QUICK, "--module", "http.client")
    assert done.returncode == 0, done.stderr
    left_out = [line for line in done.stdout.splitlines() if line.startswith("*** LEFT OUT: ")]
    for label, name in [("Fetcher", "Fetcher"), ("Fetcher, asyncio", "Fetcher.__aiter__"),
                        ("epoll loop, ResponseParser", "ResponseParser")]:
        assert any(line.startswith(f"*** LEFT OUT: {label}: no http.client.{name} (")
                   and line.endswith("; in crowd-1. ***") for line in left_out), done.stdout
    for module in ("pycurl", "aiohttp", "pyreqwest"):
        said = any(f": {module} is not installed; in crowd-1" in line for line in left_out)
        assert said != installed(module)


def test_large_answers_and_https(folder):
    pytest.importorskip("ssl")
    rows = ["crowd-1-1m", "crowd-1-tls"]
    done = run_bench(folder, "--crowd", *(argument for row in rows for argument in ("--case", row)),
                     *QUICK, "--json", "large.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "large.json").read_text())
    found = {case["name"]: case for case in report["cases"]}
    assert {*found, *report["skipped"]} == set(rows)
    assert set(report["skipped"]) <= {"crowd-1-tls"}
    for case in found.values():
        assert ALWAYS <= set(case["contenders"])


def test_wrong_answers_are_not_timed(folder):
    done = run_bench(folder, "--crowd", "--case", "crowd-1", *QUICK, "--module", "broken")
    assert done.returncode == 2, done.stdout
    assert "AnswersDiffer: got 200 'application/json; charset=utf-8'" in done.stderr
    assert "crowd-1, ours: the process has ended" in done.stderr
    assert done.stdout == ""


def test_too_few_files_for_the_connections(folder):
    done = run_bench(folder, start=("-c", f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
import bench.__main__ as main
sys.exit(main.main({["--crowd", "--case", "crowd-1000-50ms", *QUICK]}))
"""))
    assert done.returncode == 0, done.stderr
    assert "crowd-1000-50ms: skipped, a process may have no more than 200 connections here" in \
        done.stdout


def test_each_server_has_no_more_connections_than_files(folder):
    done = run_bench(folder, start=("-c", """
from bench.cases.crowd.rows import Origins, CrowdRow
row, family = CrowdRow(1, 50), []
with Origins(None, None) as origins:
    origins.most = 10
    ports = [origins.port(row, count, family) for count in (6, 4, 3, 7, 1)]
    origins.clear()
    ports.append(origins.port(row, 10, family))
    print([ports.index(port) for port in ports], len(family))
"""))
    assert done.stdout.strip() == "[0, 0, 2, 2, 4, 0] 3", done.stderr


def test_server_delays_answers_to_requests_in_pieces(folder):
    """The answer comes whole, and no earlier than its delay after the last piece."""
    done = run_bench(folder, start=("-c", """
import http.client, socket, time
from bench.cases.fixtures import CASES
from bench.cases.server import ServerProcess
with ServerProcess(module="bench.cases.crowd.origin") as server:
    for case in CASES:
        if case.name in ("small-head", "length-1m"):
            sock = socket.create_connection(("127.0.0.1", server.ports["http-50"]), 30)
            request = case.request(server.ports["http-50"])
            for _ in range(2):
                sock.sendall(request[:20])
                time.sleep(0.01)
                began = time.monotonic()
                sock.sendall(request[20:])
                response = http.client.HTTPResponse(sock)
                response.begin()
                late = time.monotonic() - began >= 0.05
                print(late, response.read() == case.wire.content)
"""))
    assert done.stdout.split() == ["True"] * 8, done.stderr


# (a row, the value of all its figures) -> the outcomes of its bounds
CHECKS = [
    ("crowd-1", 1.3, ["pass"]),
    ("crowd-1", 1.31, ["MISS"]),
    ("crowd-1000-50ms", 1.0, ["pass", "MISS", "MISS", "MISS", "pass", "pass"]),
    ("crowd-1000-50ms", 4.9, ["MISS", "pass", "MISS", "MISS", "MISS", "MISS"]),
    ("crowd-1000-50ms", 9.0, ["MISS", "pass", "pass", "pass", "MISS", "MISS"]),
    ("crowd-10000-50ms", 1.0, ["pass", "pass"]),
    ("crowd-10000-50ms", 10.1, ["MISS", "MISS"]),
    ("crowd-1000-50ms-tls", 1.51, ["MISS"]),
    ("crowd-10-1m", 1.2, ["pass"]),
    ("crowd-10-50ms", 1.0, []),
]


@pytest.mark.parametrize("optimized", [True, False])
def test_check_compares_crowds_with_their_bounds(optimized, folder):
    outcomes = run_each_made_up(folder, [
        ([value], ["--crowd", "--case", case, "--check"], optimized) for case, value, _ in CHECKS])
    for (case, _, expected), done in zip(CHECKS, outcomes, strict=True):
        lines = [line.split()[:2] for line in done.stdout.splitlines()
                 if line.startswith(("pass", "MISS"))]
        assert lines == [[outcome, case] for outcome in expected], done.stderr
        assert done.returncode == ("MISS" in expected)


def test_check_misses_what_was_not_measured(folder):
    done = run_bench(folder, start=("-c", """
from bench.report import bounds
for bound in bounds.BOUNDS:
    if bound.case.startswith("crowd-"):
        verdict = bounds.verdict(bound, {"contenders": {"loop": {}}}, False)
        print(verdict.passed, verdict.value)
"""))
    assert set(done.stdout.splitlines()) == {"False None"}, done.stderr


def test_plot_of_crowds(folder):
    """Each client has a line, whether it took part in all rows or not."""
    pytest.importorskip("matplotlib")
    done = run_bench(folder, start=("-c", """
from bench.cases.crowd.clients import CLIENTS
from bench.report import plot
names = list(CLIENTS)
results = [{"name": f"crowd-{count}-50ms", "connections": count, "contenders": {
                name: {"cpu_us": {"median": 10.0 + at}} for at, name in enumerate(names[:take])}}
           for count, take in [(1, 11), (1000, 8), (10000, 5)]]
import matplotlib
matplotlib.rcParams["svg.fonttype"] = "none"
plot.draw_crowds(results, "a note", "crowd.svg")
drawn = open("crowd.svg", encoding="utf-8").read()
print([client.label for client in CLIENTS.values() if client.label not in drawn])
"""))
    assert done.stdout.strip() == "[]", done.stderr
