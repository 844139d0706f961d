# SPDX-License-Identifier: MIT
"""`python -m bench --downstream`: libraries with install() and on httpclient's transports."""

import json

import pytest

from support.benches import check_figures, copied, run_bench, run_made_up

QUICK = ["--downstream", "--rounds", "2", "--seconds", "0.1"]
ROW = "urllib.request-small-head"
LARGE = "urllib.request-large-head"
LIBRARIES = {"urllib3": "urllib3", "urllib3-stream": "urllib3", "requests": "requests",
             "boto3": "boto3"}

# A module whose install() breaks http.client in one way.
BROKEN = {
    "status": "HTTPResponse.status = property(lambda self: 201, lambda self, value: None)",
    "field": "_begin = HTTPResponse.begin\n"
             "def begin(self): _begin(self); self.headers['X-More'] = 'x'\n"
             "HTTPResponse.begin = begin",
    "content": "_read = HTTPResponse.read\n"
               "HTTPResponse.read = lambda self, size=None: _read(self, size).replace(b'e', b'E')",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copied(tmp_path_factory)


def test_report_has_a_row_for_the_library(folder):
    done = run_bench(folder, *QUICK, "--case", ROW, "--markdown", "--json", "downstream.json")
    assert done.returncode == 0, done.stderr
    head, _, row, *_ = done.stdout.splitlines()
    assert head.endswith("| of which ours µs | at least µs | ratio at most |")
    assert row.startswith(f"| {ROW} |") and row.count("|") == head.count("|")
    report = json.loads((folder / "downstream.json").read_text())
    result, = report["cases"]
    assert report["skipped"] == {} and result["name"] == ROW
    assert set(result["contenders"]) == {"ours", "floor", "stdlib"}
    for contender in result["contenders"].values():
        check_figures(contender["cpu_us"])
    rounds = [result["contenders"][name]["cpu_us"]["rounds"]
              for name in ("stdlib", "ours", "floor")]
    for name, expected in {"ratio": [stdlib / ours for stdlib, ours, _ in zip(*rounds)],
                           "of_ours_us": [ours - floor for _, ours, floor in zip(*rounds)],
                           "ratio_at_most": [stdlib / floor for stdlib, _, floor in zip(*rounds)],
                           }.items():
        assert result[name]["rounds"] == pytest.approx(expected)


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_installed_library_gets_the_right_answers(library, folder):
    """Those that are installed get the right answers, of both kinds of body."""
    pytest.importorskip(LIBRARIES[library])
    cases = ["large-head", "chunks-4k"] if "stream" not in library else ["chunks-4k"]
    names = [f"{library}-{case}" for case in cases]
    done = run_bench(folder, *QUICK, *(argument for name in names for argument in ("--case", name)),
                     "--json", "library.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "library.json").read_text())
    assert [result["name"] for result in report["cases"]] == names
    assert report["environment"]["peers"][LIBRARIES[library]]


TRANSPORTS = {"requests": "adapter", "httpx": "transport"}


@pytest.mark.parametrize("library", TRANSPORTS)
def test_each_transport_gets_the_right_answers(library, folder):
    pytest.importorskip(library)
    names = [f"{library}-{TRANSPORTS[library]}-{case}" for case in ("small-head", "chunks-64b")]
    done = run_bench(folder, *QUICK, *(argument for name in names for argument in ("--case", name)),
                     "--markdown", "--json", "transport.json")
    assert done.returncode == 0, done.stderr
    head, _, *rows = done.stdout.splitlines()[:4]
    assert head.endswith("| ratio | quartiles | in memory µs | ratio at most |")
    assert [row.split(" | ")[0].strip("| ") for row in rows] == names
    results = json.loads((folder / "transport.json").read_text())["cases"]
    for result in results:
        rounds = {name: one["cpu_us"]["rounds"] for name, one in result["contenders"].items()}
        assert set(rounds) == {"stdlib", "ours", "ready"} | (
            {"installed"} if library == "requests" else set())
        assert result["over_own"]["rounds"] == result["ratio"]["rounds"] == pytest.approx(
            [own / ours for own, ours in zip(rounds["stdlib"], rounds["ours"])])


# A transport for httpx that changes the content.
UPPER = """
import httpx

class HTTPTransport(httpx.HTTPTransport):
    def handle_request(self, request):
        response = super().handle_request(request)
        return httpx.Response(200, headers=response.headers, content=response.read().upper())
"""


def test_wrong_answers_of_a_transport_are_not_timed(folder):
    pytest.importorskip("httpx")
    (folder / "upper" / "transports").mkdir(parents=True)
    (folder / "upper" / "transports" / "httpx.py").write_text(UPPER)
    (folder / "upper" / "__init__.py").write_text("def install(): pass\n")
    name = "httpx-transport-small-head"
    done = run_bench(folder, *QUICK, "--case", name, "--module", "upper")
    assert done.returncode == 2, done.stderr
    assert f"{name}, mount upper: got" in done.stderr and done.stdout == ""


def test_install_runs_in_one_process_before_the_library(folder):
    """install() is called in one of the processes, and comes before the library."""
    (folder / "told.py").write_text("""
import os, sys
def install():
    print("installed", "urllib.request" in sys.modules, file=sys.stderr)
""")
    done = run_bench(folder, *QUICK, "--case", ROW, "--module", "told")
    assert done.returncode == 0, done.stderr
    # Twice, where rounds had to be done again.
    assert 1 <= done.stderr.count("installed") == done.stderr.count("installed False") <= 2


@pytest.mark.parametrize("part", BROKEN)
def test_wrong_answers_are_not_timed(part, folder):
    broken = folder / f"install_{part}.py"
    broken.write_text("def install():\n    from http.client import HTTPResponse\n" + "".join(
        f"    {line}\n" for line in BROKEN[part].splitlines()))
    done = run_bench(folder, *QUICK, "--case", LARGE, "--module", broken.stem)
    assert done.returncode == 2, done.stderr
    assert f"{LARGE}, install {broken.stem}: got" in done.stderr
    assert done.stdout == ""


def test_measuring_processes_are_renewed_after_some_batches(folder):
    """Each does some batches, and its successor is asked for an answer before any, too."""
    (folder / "counts.py").write_text("""
import sys
def install():
    print("installed", file=sys.stderr)
""")
    done = run_bench(folder, "--downstream", "--case", ROW, "--rounds", "7", "--seconds", "0.1",
                     "--module", "counts", "--json", "renewed.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "renewed.json").read_text())
    ours = report["cases"][0]["contenders"]["ours"]
    assert len(ours["cpu_us"]["rounds"]) == 7
    # Rounds that were disturbed are done again, up to seven times.
    assert 3 <= done.stderr.count("installed") <= 5


def test_process_that_ends_is_named(folder):
    (folder / "ends.py").write_text("def install():\n    raise SystemExit(3)\n")
    done = run_bench(folder, *QUICK, "--case", ROW, "--module", "ends")
    assert done.returncode == 2
    assert f"{ROW}, install ends: the process has ended" in done.stderr


def test_missing_library_is_named_and_the_others_are_measured(folder):
    """Said, and the others are measured."""
    done = run_bench(folder, start=("-c", f"""
import sys
import bench.cases.downstream as downstream, bench.__main__ as main
downstream.versions = dict
sys.exit(main.main({[*QUICK, "--case", ROW, "--case", "boto3-small-head"]}))
"""))
    assert done.returncode == 0, done.stderr
    assert "boto3-small-head: skipped, boto3 is not installed." in done.stdout
    assert ROW in done.stdout


# row -> what its ratio has to be, on each interpreter
BOUNDS = {
    "urllib3-small-head": 1.5, "urllib3-large-head": 1.6, "urllib3-chunks-64b": 5,
    "urllib3-stream-chunks-64b": 1, "requests-small-head": 1.13, "boto3-small-head": 1.1,
    "requests-adapter-small-head": 1.9, "requests-adapter-length-1m": 1.2,
    "requests-adapter-chunks-64b": 3, "httpx-transport-small-head": 1.7,
    "httpx-transport-length-1m": 1.2, "httpx-transport-chunks-64b": 3,
}


@pytest.mark.parametrize("optimized", [True, False])
@pytest.mark.parametrize("short", [0, 0.01])
def test_check_compares_each_library_with_its_bound(short, optimized, folder):
    done = run_made_up(folder, [bound - short for bound in BOUNDS.values()], "--downstream",
                       *(argument for row in BOUNDS for argument in ("--case", row)), "--check",
                       optimized=optimized)
    lines = [line.split()[:2] for line in done.stdout.splitlines()
             if line.startswith(("pass", "MISS"))]
    assert lines == [["MISS" if short else "pass", row] for row in BOUNDS], done.stderr
    assert done.returncode == bool(short)


@pytest.mark.parametrize(("ratio", "status"), [(1.0, 0), (0.9, 1)])
def test_gate_fails_for_a_library_slower_than_http_client(ratio, status, folder):
    done = run_made_up(folder, [ratio], "--downstream", "--case", ROW, "--gate")
    assert done.returncode == status, done.stderr
    assert (f"slower with httpclient: {ROW}" in done.stderr) == bool(status)


@pytest.mark.parametrize(("arguments", "message"), [
    (["--downstream", "--case", "small-head"], "no such case: small-head"),
    (["--case", ROW], f"no such case: {ROW}"),
    ([*QUICK, "--case", ROW, "--module", "json"], "json has no install()"),
])
def test_bad_arguments_are_refused_with_a_message(arguments, message, folder):
    done = run_bench(folder, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


# --- whose code it runs in ---------------------------------------------------------------

def test_profile_shares_add_up_to_100_percent(folder):
    done = run_bench(folder, "--seconds", "0.5", "--markdown", ROW, start=("-m", "bench.profile"))
    assert done.returncode == 0, done.stderr
    head, _, row = done.stdout.splitlines()
    cells = dict(zip(head.strip("| ").split(" | "), row.strip("| ").split(" | "), strict=True))
    shares = {name: float(cell[:-1]) for name, cell in cells.items() if cell.endswith("%")}
    assert abs(sum(shares.values()) - 100) < 1 and int(cells["samples"]) > 20
    assert shares["httpclient"] > 10 and shares["Python"] > 10 and shares["urllib3"] == 0


def test_profile_of_an_unknown_row(folder):
    done = run_bench(folder, "no-such-row", start=("-m", "bench.profile"))
    assert done.returncode == 2 and "no such row: no-such-row" in done.stderr
