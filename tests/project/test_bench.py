# SPDX-License-Identifier: MIT
"""`python -m bench` runs, compares the answers and reports.  No test depends on a real figure."""

import json
import os
import re

import pytest

from support.benches import check_figures, copied, run_bench, run_each_made_up, run_made_up

CHEAP = ["--case", "small-head", "--case", "small-post"]
QUICK = ["--rounds", "2", "--seconds", "0.1"]

# An http.client that is broken in one way.
BROKEN = {
    "version": "HTTPResponse.version = property(lambda self: 12, lambda self, value: None)",
    "fields": "HTTPResponse.getheaders = lambda self: [('Content-Length', '200')]",
    "content": "_read = HTTPResponse.read; HTTPResponse.read = lambda s, n=None: _read(s, n)[:-1]",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copied(tmp_path_factory)


def test_list_names_every_case_once(folder):
    done = run_bench(folder, "--list")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert len(names) == len(set(names)) == 93
    for option, chosen in [("--all", names[9:30]), ("--pool", names[30:34]),
                           ("--downstream", names[34:62]), ("--decoding", names[62:70]),
                           ("--crowd", names[70:])]:
        assert [line.split()[0] for line in done.stdout.splitlines() if option in line] == chosen


def test_report_has_the_figures_and_the_environment(folder):
    done = run_bench(folder, *CHEAP, *QUICK, "--json", "report.json")
    assert done.returncode == 0, done.stderr
    assert "small-head" in done.stdout and "small-post" in done.stdout
    report = json.loads((folder / "report.json").read_text())
    assert report["skipped"] == {}
    facts = report["environment"]
    assert (facts["module"], facts["rounds"], facts["seconds"]) == ("httpclient", 2, 0.1)
    assert [case["name"] for case in report["cases"]] == ["small-head", "small-post"]
    for case in report["cases"]:
        assert set(case["contenders"]) == {"ours", "stdlib", "raw"}
        for contender in case["contenders"].values():
            assert contender["batch"] >= 1
            for clock in ("cpu_us", "wall_us"):
                check_figures(contender[clock])
        for ratio in ("ratio", "wall_ratio", "over_raw"):
            check_figures(case[ratio])
        pairs = zip(case["contenders"]["stdlib"]["wall_us"]["rounds"],
                    case["contenders"]["ours"]["wall_us"]["rounds"])
        assert case["wall_ratio"]["rounds"] == pytest.approx([a / b for a, b in pairs])


def test_one_round_is_enough(folder):
    done = run_bench(folder, "--case", "small-head", "--rounds", "1", "--seconds", "0.05",
                     "--module", "http.client", "--markdown")
    assert done.returncode == 0, done.stderr
    head, rule, row, *_ = done.stdout.splitlines()
    assert head.count("|") == rule.count("|") == row.count("|") == 11
    assert re.fullmatch(r"\|( ---:? \|)+", rule)
    assert re.match(r"\| small-head \| .* \| \*\*[0-9.]+\*\* \|", row)


@pytest.mark.parametrize("part", BROKEN)
def test_wrong_answers_are_not_timed(part, folder):
    broken = folder / f"broken_{part}.py"
    broken.write_text("import http.client\n"
                      "class HTTPResponse(http.client.HTTPResponse): pass\n"
                      "class HTTPConnection(http.client.HTTPConnection):\n"
                      "    response_class = HTTPResponse\n" + BROKEN[part] + "\n")
    done = run_bench(folder, "--case", "small-head", *QUICK, "--module", broken.stem)
    assert done.returncode == 2, done.stderr
    assert f"small-head: ours: {part} is" in done.stderr
    assert done.stdout == ""


def test_pool(folder):
    pytest.importorskip("urllib3")
    done = run_bench(folder, "--pool", *QUICK, "--json", "pool.json")
    assert done.returncode == 0, done.stderr
    cases = {case["name"]: case for case in json.loads((folder / "pool.json").read_text())["cases"]}
    assert list(cases) == ["pool-small-head", "pool-chunks-4k", "pool-small-post",
                           "pool-threads-8"]
    for case in cases.values():
        assert {"ours", "bare", "stdlib", "urllib3"} <= set(case["contenders"])
        check_figures(case["over_bare"])
        check_figures(case["urllib3_ratio"])


@pytest.mark.parametrize(("ratios", "status"), [((2.0, 1.5), 0), ((2.0, 0.9), 1)])
def test_gate_fails_for_a_case_slower_than_http_client(ratios, status, folder):
    done = run_made_up(folder, ratios, *CHEAP, "--gate")
    assert done.returncode == status, done.stderr
    assert ("slower with httpclient: small-post" in done.stderr) == bool(status)


# (a row, all its figures; on a profile-guided interpreter or not) -> the lines about its bounds
CHECKS = [
    ("large-head", 10.0, False, ["pass", "pass"]),
    ("large-head", 9.9, False, ["MISS", "pass"]),
    ("large-head", 8.5, True, ["pass", "pass"]),
    ("large-head", 8.4, True, ["MISS", "pass"]),
    ("small-head", 7.5, False, ["pass", "MISS"]),
    ("memory-head-all", 1.0, False, ["pass"]),
    ("memory-head", 1.0, False, ["MISS"]),
    ("https-construct", 1.0, False, ["pass"]),
    ("idle-memory", 0.99, True, ["MISS"]),
    ("threads-64", 1.5, False, ["pass", "pass"]),
    ("threads-64", 0.9, False, ["MISS", "MISS"]),
    ("tls", 1.0, False, []),
]


@pytest.fixture(scope="module")
def checked(folder):
    """(case, value, optimized) -> the outcome of checking it."""
    cases = [check[:3] for check in CHECKS]
    return dict(zip(cases, run_each_made_up(folder, [
        ([value], ["--case", case, "--check"], optimized) for case, value, optimized in cases])))


@pytest.mark.parametrize(("case", "value", "optimized", "expected"), CHECKS)
def test_check_compares_each_case_with_its_bound(case, value, optimized, expected, checked):
    done = checked[case, value, optimized]
    lines = [line for line in done.stdout.splitlines() if line.startswith(("pass", "MISS"))]
    assert [line.split()[0] for line in lines] == expected, done.stderr
    assert all(line.split()[1] == case for line in lines)
    assert done.returncode == ("MISS" in expected)
    assert f"{0.85 if optimized else 1} of the full ones" in done.stdout


def test_missed_ratio_is_shown_without_the_system_calls(folder):
    """It is missed all the same; how much of it the system calls are can be seen."""
    done = run_bench(folder, start=("-c", """
from bench.report import bounds
from bench.harness.measure import compared
bound = next(b for b in bounds.BOUNDS if (b.case, b.figure) == ("small-head", "ratio"))
for ours in (12.0, 8.0):
    costs = {"ours": ours, "stdlib": 66.0, "raw": 8.0}
    result = compared({name: {clock: {"rounds": [us], "median": us}
                              for clock in ("cpu_us", "wall_us")}
                       for name, us in costs.items()})
    verdict = bounds.verdict(bound, result, False)
    print(verdict.passed, round(verdict.value, 2), verdict.limit, verdict.what)
"""))
    assert done.stdout.splitlines() == [
        "False 5.5 7.5 ≥ 7.5 × http.client; above raw 14.5 ×, where the bound was set 13.8",
        "True 8.25 7.5 ≥ 7.5 × http.client",
    ], done.stderr


def test_check_compares_all_threads_with_one(folder):
    """The same of everything, with all threads: one thread's share of it is kept."""
    names = ["threads-1", "threads-2"]
    arguments = [argument for name in names for argument in ("--case", name)]
    done = run_made_up(folder, [1.0, 1.0], *arguments, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0.9 of one thread's requests per second" in done.stdout


def test_every_bound_is_of_a_row(folder):
    done = run_bench(folder, start=("-c", "import bench.report.bounds, bench.report.rows; print("
                                    "{b.case for b in bench.report.bounds.BOUNDS}"
                                    " - {row.name for row in bench.report.rows.ROWS})"))
    assert done.stdout.strip() == "set()", done.stderr


def test_memory_and_tls_rows(folder):
    """Those that go their own ways to their figures."""
    pytest.importorskip("ssl")
    names = ["memory-head", "memory-head-all", "memory-chunks-64b", "https-construct",
             "tls-handshake", "import", "threads-2"]
    arguments = [argument for name in names for argument in ("--case", name)]
    done = run_bench(folder, *arguments, "--rounds", "1", "--seconds", "0.1", "--json", "own.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "own.json").read_text())
    found = {result["name"]: result for result in report["cases"]}
    assert {*found, *report["skipped"]} == set(names)
    assert set(report["skipped"]) <= {"tls-handshake"}
    assert {"ours", "stdlib"} <= set(found["threads-2"]["contenders"])
    assert {"ours", "core", "stdlib"} <= set(found["memory-head"]["contenders"])


def test_decoding_rows_without_their_library_are_skipped(folder):
    done = run_bench(folder, "--decoding", "--rounds", "1", "--seconds", "0.02", "--json",
                     "decoding.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "decoding.json").read_text())
    assert len(report["cases"]) + len(report["skipped"]) == 8
    assert all("is not installed" in why for why in report["skipped"].values())
    for case in report["cases"]:
        assert set(case["contenders"]) == {"ours", "stdlib"}
    assert "Ratio: urllib3 / httpclient" in done.stdout
    assert ("urllib3 µs" in done.stdout) == bool(report["cases"])


def test_peers_get_the_right_answers(folder):
    """Those that are installed (httptools is, for the tests) get the right answers, too."""
    pytest.importorskip("httptools")
    done = run_bench(folder, "--case", "small-head", "--case", "small-post", *QUICK, "--peers",
                     "--json", "peers.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "peers.json").read_text())
    versions = report["environment"]["peers"]
    assert versions["httptools"]
    for case in report["cases"]:
        assert set(case["peers"]) == set(versions)
        assert set(case["contenders"]) == {"ours", "stdlib", "raw"}
        check_figures(case["peers"]["httptools"]["cpu_us"])
    assert "httptools" in done.stdout


def test_wrong_answers_of_peers_are_not_timed(folder):
    (folder / "httptools.py").write_text("""
class HttpResponseParser:
    def __init__(self, callbacks):
        self.callbacks = callbacks
    def feed_data(self, data):
        self.callbacks.on_header(b"content-type", b"application/json; charset=utf-8")
        self.callbacks.on_body(b"not it")
        self.callbacks.on_message_complete()
    def get_status_code(self):
        return 200
""")
    try:
        done = run_bench(folder, "--case", "small-head", *QUICK, "--peers")
    finally:
        (folder / "httptools.py").unlink()
    assert done.returncode == 2
    assert "small-head: httptools: got" in done.stderr


def test_plot_is_drawn_or_matplotlib_asked_for(folder):
    """Drawn from made-up figures, where matplotlib is there; else it is asked for."""
    arguments = ["--case", "small-head", "--plot", "figure.svg"]
    done = run_made_up(folder, [2.0] * 20, *arguments)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        assert done.returncode == 2
        assert "--plot wants matplotlib" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert "</svg>" in (folder / "figure.svg").read_text()


def test_usage_of_the_server(folder):
    """What the server says of itself: one in seven requests is measured."""
    done = run_bench(folder, start=("-c", """
import http.client, select
from bench.cases.server import ServerProcess
with ServerProcess(min(__import__("os").sched_getaffinity(0))) as server:
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["http"])
    for _ in range(70):
        connection.request("GET", "/small-head")
        assert len(connection.getresponse().read()) == 200
    usage = server.usage()
print(usage["measured"], usage["busy"] > 0)
""")) if hasattr(os, "sched_getaffinity") else pytest.skip("no core to pin to")
    assert done.stdout.split() == ["10", "True"], done.stderr


@pytest.mark.parametrize(("arguments", "status", "message"), [
    (["--case", "no-such"], 2, "no such case: no-such"),
    (["--rounds", "0"], 2, "must be positive"),
    (["--rounds", "6", "--check"], 2, "--check wants --rounds 7"),
    (["--module", "no_such_module"], 2, "is it built?"),
])
def test_bad_arguments_set_the_status_and_a_message(arguments, status, message, folder):
    done = run_bench(folder, *arguments)
    assert done.returncode == status
    assert message in done.stderr


# ---- instruction counts

CALLGRIND = """\
version: 1
events: Ir
ob=/usr/lib/libpython3.so
fn=PyObject_Call
10 1000
calls=1 20
10 4000
ob=/venv/httpclient/_core/head.cpython-311-x86_64-linux-gnu.so
fn=http1_head
30 7
+2 5
cob=/usr/lib/libpython3.so
cfn=PyObject_Call
calls=3 40
* 900
* 3
fn=http1_field
-1 1
ob=/venv/httpclient/_core/request.cpython-311-x86_64-linux-gnu.so
fn=request_head
50 11

totals: 5027
"""

# (kept, counted now) -> how many have grown, and shrunk
COUNTS = [
    ({"head": 1000}, {"head": 1030}, 0, 0),
    ({"head": 1000}, {"head": 1031}, 1, 0),
    ({"head": 1000}, {"head": 969}, 0, 1),
    ({"idle": 60}, {"idle": 80}, 0, 0),
    ({"idle": 60}, {"idle": 81}, 1, 0),
    ({}, {"new": 100}, 1, 0),
    ({"gone": 100}, {}, 0, 1),
]


def test_instructions_are_counted_for_httpclient_alone(folder):
    """Of our modules alone, and not what they called."""
    (folder / "callgrind.out").write_text(CALLGRIND)
    done = run_bench(folder, start=("-c", "import bench.instructions as i; "
                                    "print(dict(i.own_costs(open('callgrind.out'))))"))
    assert done.stdout.strip() == "{'head': 16, 'request': 11}", done.stderr


def test_instructions_are_compared_with_the_figures_kept(folder):
    cases = [(kept, now) for kept, now, _, _ in COUNTS]
    done = run_bench(folder, start=("-c", f"""
import bench.instructions as i
for kept, now in {cases}:
    grown, shrunk = i.compare({{"work": kept}}, {{"work": now}})
    print(len(grown), len(shrunk))
"""))
    assert done.stdout.split("\n")[:-1] == [f"{grown} {shrunk}" for *_, grown, shrunk in COUNTS], \
        done.stderr


def test_instructions_without_valgrind_or_figures_are_reported(folder):
    """Neither valgrind nor a known compiler: said, and no failure."""
    for code, said in [("i.shutil.which = lambda name: None", "NOTHING WAS COUNTED"),
                       ("i.shutil.which = lambda name: name; i.build_of_ours = lambda: 'x'",
                        "no figures are kept for x: NOTHING WAS COMPARED")]:
        done = run_bench(folder, start=("-c", f"import sys, bench.instructions as i\n{code}\n"
                                        "sys.exit(i.main([]))"))
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


@pytest.mark.parametrize("name", ["small-head", "large-head-all", "small-post", "chunks-64b",
                                  "deadline"])
def test_exchanges_that_are_counted(name, folder):
    done = run_bench(folder, "--exchange", name, "--times", "2", start=("-m", "bench.instructions"))
    assert done.returncode == 0, done.stderr


def test_walks_print_a_row_for_each_way_of_using_a_connection(folder):
    done = run_bench(folder, start=("-m", "bench.walks"))
    assert done.returncode == 0, done.stderr
    _, _, *rows = done.stdout.splitlines()
    assert len(rows) == 6
    calls, files, moves, wings, entries = map(int, rows[0].split("|")[2:-1])
    assert calls > moves >= wings > 0 < entries < calls >= files
