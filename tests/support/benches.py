# SPDX-License-Identifier: MIT
"""The bench, run by tests: in a folder of its own, so that the httpclient it measures is the one
that these tests run on, and not an unbuilt one that may lie beside it.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from support.paths import ROOT

BENCH = ROOT / "bench"


def copied(tmp_path_factory):
    """A folder with the bench in it."""
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


def check_figures(figures):
    assert len(figures["rounds"]) == 2
    assert min(figures["rounds"]) == figures["min"] >= 0
    assert figures["min"] <= figures["q1"] <= figures["median"] <= figures["q3"]


# With figures made up: no test may depend on real ones.  `value` is what every figure of a row
# is, so that "at least" and "at most" can be missed, each at will.
MADE_UP = """
import contextlib
import io
import json
import bench.__main__ as main

def figures(value):
    return {{"min": value, "q1": value, "median": value, "q3": value, "rounds": [value]}}

def measured(values, rows):
    results = []
    for row in rows:
        value = next(values)
        one = {{"batch": 1, "cpu_us": figures(10.0), "wall_us": figures(10.0)}}
        other = {{"batch": 1, "cpu_us": figures(10.0 * value), "wall_us": figures(10.0 * value)}}
        result = {{"name": row.name, "summary": "", "disturbed": 0,
                   "contenders": {{"ours": one, "stdlib": other, "raw": one}}}}
        result.update(dict.fromkeys(("ratio", "wall_ratio"), figures(value)))
        result["over_own"] = figures(value)
        result.update(over_raw=figures(2.1), over_httptools=figures(0.3))
        for bound in main.bounds.BOUNDS:
            if bound.case == row.name and bound.figure != "cpu_us":
                result.setdefault(bound.figure, figures(value))
        results.append(result)
    return results, {{}}

def run(values, arguments, optimized):
    main.measure_rows = lambda rows, *_: measured(iter(values), rows)
    main.bounds.built_with_pgo = lambda: (optimized, "so it is said")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        with contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                status = main.main(arguments)
            except SystemExit as ended:     # as argparse does it
                status = ended.code
    return status or 0, out.getvalue(), err.getvalue()

print(json.dumps([run(*given) for given in {runs}]))
"""


def run_made_up(folder, values, *arguments, optimized=False):
    """The outcome of one run of the bench."""
    return run_each_made_up(folder, [(values, arguments, optimized)])[0]


def run_each_made_up(folder, runs):
    """The outcomes of several runs in one process; each is (values, arguments, optimized)."""
    given = [([*values], [*arguments], optimized) for values, arguments, optimized in runs]
    done = run_bench(folder, start=("-c", MADE_UP.format(runs=given)))
    assert done.returncode == 0, done.stderr
    return [subprocess.CompletedProcess("bench", *outcome) for outcome in json.loads(done.stdout)]
