# SPDX-License-Identifier: MIT
"""The table of 35 invalid responses (bench/strictness.py): what httpclient notices of it.

All that is not named here is refused.  h11 and llhttp, where they are installed, say that each of
the responses is invalid indeed.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from support.paths import ROOT

BENCH = ROOT / "bench"

if not BENCH.is_dir():
    pytest.skip("no bench beside the tests", allow_module_level=True)


def load():
    """The module, by its path: another httpclient than the one under test may lie beside it."""
    spec = importlib.util.spec_from_file_location("strictness", BENCH / "strictness.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


strictness = load()

# By default: what is repaired, with a defect recorded, and what is taken.
REPAIRED = {
    "space in a field name", "line without colon", "non-ASCII field name", "Content-Length: +5",
    "Content-Length: 0_5", "Content-Length: -5", "Content-Length: 5x", "Content-Length empty",
    "Content-Length: \N{SUPERSCRIPT TWO}",
}
TAKEN = {"no final CRLF"}


@pytest.fixture(scope="module")
def judged():
    return strictness.judge()


def with_verdict(verdicts, *words):
    return {label for label, verdict in verdicts.items() if verdict in words}


def test_table_has_35_responses():
    assert len(strictness.RESPONSES) == len(dict(strictness.RESPONSES)) == 35
    assert len({data for _, data in strictness.RESPONSES}) == 35


@pytest.mark.parametrize("mode", ["None", "False"])
def test_default_mode_notices_at_least_30(judged, mode):
    verdicts = judged[f"httpclient strict={mode}"]
    assert with_verdict(verdicts, "defect") == REPAIRED
    assert with_verdict(verdicts, "taken", "misread", "hangs") == TAKEN
    assert strictness.noticed(verdicts) >= 30


def test_strict_refuses_every_response_of_the_table(judged):
    assert set(judged["httpclient strict=True"].values()) == {"refused"}


@pytest.mark.parametrize("peer", ["h11", "httptools"])
def test_h11_and_httptools_refuse_every_response_of_the_table(judged, peer):
    if judged[peer] is None:
        pytest.skip(f"{peer} is not installed")
    assert set(judged[peer].values()) == {"refused"}


def test_valid_responses_are_taken_by_all(judged):
    for name, client in strictness.clients()[0].items():
        for control, data in strictness.CONTROLS:
            assert not client or strictness.verdict(client, data) == "taken", (name, control)


def test_client_that_refuses_valid_responses_is_an_error(monkeypatch):
    def refuses(data):
        raise ValueError

    monkeypatch.setattr(strictness, "clients", lambda: ({"nobody": refuses}, {}))
    with pytest.raises(ValueError, match="nobody"):
        strictness.judge()


def test_readme_has_the_sums_of_the_table(judged):
    readme = ROOT / "README.md"
    if not readme.is_file():
        pytest.skip("no README.md beside the tests")
    default, strict = [strictness.noticed(judged[f"httpclient strict={mode}"])
                       for mode in (None, True)]
    [row] = re.findall(r"^\| httpclient \| `strict=True` \|.*\n\|[-:| ]+\|\n\| (.*) \|$",
                       readme.read_text(encoding="utf-8"), re.MULTILINE)
    assert row.split(" | ")[:2] == [str(default), str(strict)]


# ---- the command

def run(folder, *arguments):
    shutil.copytree(BENCH, folder / "bench", ignore=shutil.ignore_patterns("__pycache__"))
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    done = subprocess.run([sys.executable, "-m", "bench.strictness", *arguments], cwd=folder,
                          env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
                          capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_table_has_a_line_for_each_response(tmp_path, judged):
    text = run(tmp_path, "--json", "verdicts.json")
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    for label, _ in strictness.RESPONSES:
        assert sum(line.startswith(f"{label}  ") for line in lines) == 1
    [sums] = [line for line in lines if line.startswith("noticed, of 35")]
    ours = judged["httpclient strict=None"]
    assert sums.split()[3:6] == [str(strictness.noticed(ours)), "35", str(strictness.noticed(ours))]
    for name in ("h11", "httptools", "urllib3"):
        assert (judged[name] is None) is (name in text.partition("Not installed")[2])
    assert json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8")) == judged


def test_markdown_table_has_a_row_for_each_response(tmp_path):
    rows = [line for line in run(tmp_path, "--markdown").splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 35 + 1
    assert {row.count("|") for row in rows} == {9}
