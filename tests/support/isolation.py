# SPDX-License-Identifier: MIT
"""Runs the programs of tests/isolated, each in a process of its own."""

import os
import subprocess
import sys
import sysconfig

import pytest

from support.paths import TESTS

# Then Python's own allocator is another one, even with PYTHON_GIL=1: it copies blocks that are
# resized, and keeps more of the memory that is freed, so that less of it can be promised.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

needs_peak = pytest.mark.skipif(sys.platform == "win32", reason="needs getrusage() or /proc")


def run(name, *args, dev=True, limit=120, env=None, **options):
    """The finished process of isolated/<name>.py; `support` and httpclient can be imported in it.

    `dev` is Python's development mode: ResourceWarning, and the checks of its memory allocators.
    """
    paths = [str(TESTS), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, *(["-X", "dev"] if dev else []), "-m", f"isolated.{name}"]
    return subprocess.run(
        [*command, *map(str, args)],
        env=os.environ | (env or {}) | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True, text=True, timeout=limit, **options)
