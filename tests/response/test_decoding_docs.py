# SPDX-License-Identifier: MIT
"""docs/decoding.md: each example is run as it stands there."""

import gzip
import re
import subprocess
import sys

import pytest

from support.paths import ROOT
from support.servers import ok, serving

PAGE = ROOT / "docs" / "decoding.md"
if not PAGE.is_file():
    pytest.skip("no docs beside these tests", allow_module_level=True)

EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"),
                      re.MULTILINE | re.DOTALL)
CONTENT = b"one\ntwo\n"
PRINTED = ["8\n", "one\ntwo\n", "8\n", "b'hello, world'\n", "1000000\n"]


@pytest.mark.parametrize("number", range(len(PRINTED)))
def test_example(number):
    with serving(ok(gzip.compress(CONTENT), "Content-Encoding: gzip")) as server:
        text = EXAMPLES[number].replace('"localhost", 8080', f'"127.0.0.1", {server.port}')
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True,
                              timeout=60)
    assert (done.stdout, done.stderr) == (PRINTED[number], "")


def test_error_example_with_each_error():
    """It never fails, and prints what went wrong."""
    wires = {"damaged": gzip.compress(CONTENT)[:-1] + b"x", "ends within": b"\x1f",
             "": gzip.compress(CONTENT) + b"x"}
    for says, wire in wires.items():
        with serving(ok(wire, "Content-Encoding: gzip")) as server:
            text = EXAMPLES[2].replace('"localhost", 8080', f'"127.0.0.1", {server.port}')
            done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True,
                                  timeout=60)
        assert done.stderr == "" and says in done.stdout
    with serving(ok(CONTENT, "Content-Encoding: zip")) as server:
        text = EXAMPLES[2].replace('"localhost", 8080', f'"127.0.0.1", {server.port}')
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True,
                              timeout=60)
    assert (done.stdout, done.stderr) == ("8\n", "")


def test_all_examples_are_run():
    assert len(EXAMPLES) == len(PRINTED)
