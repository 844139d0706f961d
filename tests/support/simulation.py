# SPDX-License-Identifier: MIT
"""Builds support/turns.pyx, a subclass of a class that Python code cannot extend."""

import importlib.util
import os
import subprocess
import sys
import sysconfig

import pytest

from support.paths import ROOT, TESTS

SETUP = """
from Cython.Build import cythonize
from setuptools import Extension, setup
setup(ext_modules=cythonize(
    [Extension("turns", ["turns.pyx"], include_dirs=[{csrc!r}])],
    include_path=[{root!r}], compiler_directives={{"language_level": 3,
                                                   "freethreading_compatible": True}}))
"""


def built(folder):
    """Return the module turns; skip the test without Cython or the sources."""
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    if not (ROOT / "httpclient" / "_core" / "hosts.pxd").exists():
        pytest.skip("needs the sources of httpclient/_core")
    (folder / "turns.pyx").write_text((TESTS / "support" / "turns.pyx").read_text())
    (folder / "setup.py").write_text(SETUP.format(root=str(ROOT), csrc=str(ROOT / "csrc")))
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"], cwd=folder, text=True,
        capture_output=True, env=os.environ | {"CFLAGS": "-O1"})
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    path = folder / f"turns{sysconfig.get_config_var('EXT_SUFFIX')}"
    spec = importlib.util.spec_from_file_location("turns", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
