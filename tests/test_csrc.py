# SPDX-License-Identifier: MIT
"""The C sources by themselves: `make ctest`, and `make fuzz` for some seconds, from the seeds on.

They need make, and a C compiler with sanitizers or libFuzzer, and are skipped where that is not.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.skipif(not shutil.which("make"), reason="make is not here"),
    pytest.mark.skipif(not (ROOT / "Makefile").exists(), reason="there is no Makefile"),
]


def make(*arguments):
    """What `make` says; a failure is one of the test."""
    # Neither the outer make's flags, nor what `make sanitize` has loaded into Python.
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "LD_PRELOAD")}
    done = subprocess.run(["make", *arguments], cwd=ROOT, env=environment, text=True, timeout=500,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for missing in ("nothing was tested", "NOTHING WAS FUZZED"):
        if missing in done.stdout:
            pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_unit_tests():
    said = make("ctest")
    count = len(list((ROOT / "tests" / "c").glob("test_*.c")))
    assert count and said.count(" passed\n") in (count, 2 * count)   # gcc, clang, or both


def test_fuzzers():
    said = make("fuzz", "FUZZ_SECONDS=1")
    assert said.count("== fuzz_") == len(list((ROOT / "tests" / "fuzz").glob("fuzz_*.c"))) > 0
