# SPDX-License-Identifier: MIT
"""`python -m bench` runs, compares the answers and reports; how fast it all is, no test asks.

The bench is copied into a folder of its own, so that the httpclient it measures is the one that
these tests run on, and not an unbuilt one that may lie beside it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"
CHEAP = ["--case", "small-head", "--case", "small-post"]
QUICK = ["--rounds", "2", "--seconds", "0.1"]

# A module that is http.client, but that somebody has broken in one way.
BROKEN = {
    "version": "HTTPResponse.version = property(lambda self: 12, lambda self, value: None)",
    "fields": "HTTPResponse.getheaders = lambda self: [('Content-Length', '200')]",
    "content": "_read = HTTPResponse.read; HTTPResponse.read = lambda s, n=None: _read(s, n)[:-1]",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if not BENCH.is_dir():
        pytest.skip("no bench beside the tests")
    folder = tmp_path_factory.mktemp("bench")
    shutil.copytree(BENCH, folder / "bench", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run_bench(folder, *arguments, start=("-m", "bench")):
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    return subprocess.run([sys.executable, *start, *arguments], cwd=folder,
                          env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
                          capture_output=True, encoding="utf-8", timeout=120)


def test_list(folder):
    done = run_bench(folder, "--list")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert len(names) == len(set(names)) == 12
    assert [line.split()[0] for line in done.stdout.splitlines() if "--all" in line] == names[7:]


def test_report(folder):
    done = run_bench(folder, *CHEAP, *QUICK, "--json", "report.json")
    assert done.returncode == 0, done.stderr
    assert "small-head" in done.stdout and "small-post" in done.stdout
    report = json.loads((folder / "report.json").read_text())
    assert report["skipped"] == {}
    facts = report["environment"]
    assert (facts["module"], facts["rounds"], facts["seconds"]) == ("httpclient", 2, 0.1)
    assert [case["name"] for case in report["cases"]] == ["small-head", "small-post"]
    for case in report["cases"]:
        for contender in ("ours", "stdlib", "raw"):
            assert case[contender]["batch"] >= 1
            for clock in ("cpu_us", "wall_us"):
                check_figures(case[contender][clock])
        for ratio in ("ratio", "wall_ratio", "over_raw"):
            check_figures(case[ratio])
        pairs = zip(case["stdlib"]["wall_us"]["rounds"], case["ours"]["wall_us"]["rounds"])
        assert case["wall_ratio"]["rounds"] == pytest.approx([a / b for a, b in pairs])


def check_figures(figures):
    assert len(figures["rounds"]) == 2
    assert min(figures["rounds"]) == figures["min"] >= 0
    assert figures["min"] <= figures["q1"] <= figures["median"] <= figures["q3"]


def test_one_round_is_enough(folder):
    done = run_bench(folder, "--case", "small-head", "--rounds", "1", "--seconds", "0.05",
                     "--module", "http.client", "--markdown")
    assert done.returncode == 0, done.stderr
    head, rule, row, *_ = done.stdout.splitlines()
    assert head.count("|") == rule.count("|") == row.count("|") == 10
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


# the medians of ratios -> the exit status of --gate
GATES = [((2.0, 1.5), 0), ((2.0, 0.9), 1)]


@pytest.mark.parametrize(("ratios", "status"), GATES)
def test_gate(ratios, status, folder):
    """With figures made up: no test may depend on real ones."""
    code = f"""
import sys
import bench.__main__ as main
ratios = iter({ratios})
def measured(case, *_):
    figures = {{"min": 1.0, "q1": 1.0, "median": 1.0, "q3": 1.0, "rounds": [1.0]}}
    result = dict.fromkeys(("ours", "stdlib", "raw"), {{"cpu_us": figures, "wall_us": figures}})
    result.update(dict.fromkeys(("ratio", "wall_ratio", "over_raw"), figures))
    result["ratio"] = {{**figures, "median": next(ratios)}}
    return {{**result, "name": case.name, "summary": ""}}
main.measure_case = measured
sys.exit(main.main({[*CHEAP, "--gate"]}))
"""
    done = run_bench(folder, start=("-c", code))
    assert done.returncode == status, done.stderr
    assert ("slower than http.client: small-post" in done.stderr) == bool(status)


@pytest.mark.parametrize(("arguments", "status", "message"), [
    (["--case", "no-such"], 2, "no such case: no-such"),
    (["--rounds", "0"], 2, "must be positive"),
    (["--module", "no_such_module"], 2, "is it built?"),
])
def test_bad_arguments(arguments, status, message, folder):
    done = run_bench(folder, *arguments)
    assert done.returncode == status
    assert message in done.stderr
