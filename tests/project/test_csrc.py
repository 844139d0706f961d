# SPDX-License-Identifier: MIT
"""The C sources by themselves: `make ctest`, the same on other processors, and `make fuzz`.

They need make, and a C compiler with sanitizers, cross compilers and QEMU, or libFuzzer; they are
skipped without. Fuzzing takes some seconds, from the seeds on.
"""

import os
import shutil
import subprocess
import sys

import pytest

from support.paths import ROOT

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


UNIT_TESTS = len(list((ROOT / "tests" / "c").glob("test_*.c")))


def test_c_unit_tests_pass_under_sanitizers():
    said = make("ctest")
    assert UNIT_TESTS and said.count(" passed\n") in (UNIT_TESTS, 2 * UNIT_TESTS)   # gcc, clang


def test_c_unit_tests_pass_on_other_processors():
    said = make("ctest-cross")
    last = said.splitlines()[-1]
    assert last.startswith("ctest-cross: passed on ")
    tested = last.removeprefix("ctest-cross: passed on ").split(";")[0].split()
    assert said.count(" passed\n") == len(tested) * UNIT_TESTS > 0
    if "NOT TESTED" in last:
        pytest.skip(last)


@pytest.mark.skipif(sys.platform == "win32", reason="the unit tests want mmap()")
def test_cross_compiler_that_is_missing_is_named():
    said = make("ctest-cross", "CROSS=none:no-such-cc:no-such-qemu native:cc:")
    assert "*** ctest-cross: no no-such-cc here, or no no-such-qemu: none IS NOT TESTED ***" in said
    assert said.splitlines()[-1] == "ctest-cross: passed on native; NOT TESTED: none"


def test_each_fuzzer_runs_from_its_seeds():
    said = make("fuzz", "FUZZ_SECONDS=1")
    assert said.count("== fuzz_") == len(list((ROOT / "tests" / "fuzz").glob("fuzz_*.c"))) > 0
