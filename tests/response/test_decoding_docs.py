# SPDX-License-Identifier: MIT
"""docs/decoding.md: each example is run as it stands there."""

import gzip
import subprocess
import sys

import pytest

from support.examples import at, examples_of
from support.servers import ok, serving

EXAMPLES = examples_of("docs/decoding.md")
CONTENT = b"one\ntwo\n"
PRINTED = ["8\n", "one\ntwo\n", "8\n", "b'hello, world'\n", "1000000\n"]


@pytest.mark.parametrize("number", range(len(PRINTED)))
def test_example(number):
    with serving(ok(gzip.compress(CONTENT), "Content-Encoding: gzip")) as server:
        text = at(server.port, EXAMPLES[number])
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True,
                              timeout=60)
    assert (done.stdout, done.stderr) == (PRINTED[number], "")


def test_error_example_with_each_error():
    """It never fails, and prints what went wrong."""
    wires = {"damaged": gzip.compress(CONTENT)[:-1] + b"x", "ends within": b"\x1f",
             "": gzip.compress(CONTENT) + b"x"}
    for says, wire in wires.items():
        with serving(ok(wire, "Content-Encoding: gzip")) as server:
            text = at(server.port, EXAMPLES[2])
            done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True,
                                  timeout=60)
        assert done.stderr == "" and says in done.stdout
    with serving(ok(CONTENT, "Content-Encoding: zip")) as server:
        text = at(server.port, EXAMPLES[2])
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True,
                              timeout=60)
    assert (done.stdout, done.stderr) == ("8\n", "")


def test_all_examples_are_run():
    assert len(EXAMPLES) == len(PRINTED)
