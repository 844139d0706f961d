# SPDX-License-Identifier: MIT
"""Programs that PyInstaller, cx_Freeze or Nuitka have bundled, httpclient in them, run.

These tools find what a program imports by reading it, and compiled modules cannot be read; and a
program that Nuitka has made has no code of its modules that install() could run again. PyInstaller
and cx_Freeze come with ``pip install httpclient-accel[downstream]``, Nuitka with ``[compiled]``;
without a tool its tests are skipped.
"""

import importlib.util
import os
import pkgutil
import shutil
import subprocess
import sys
import sysconfig
from modulefinder import ModuleFinder

import pytest

from support import isolation
from support.paths import TESTS
from support.servers import ok, serving

# Everything that a bundled program may use of httpclient.
USES_ALL = """\
import httpclient
import httpclient.httplib
from httpclient._install.command import main
httpclient.install()
import httpclient._install.stats
httpclient.uninstall()
httpclient.Pool().close()
httpclient.Fetcher().close()
httpclient.decoding
import httpclient._fetch.aio
"""
# Cython makes modules that come from nowhere, without a spec; collections.abc is an alias.
LISTS = """\
import sys
print(*[module.__spec__.name for module in sys.modules.values() if getattr(module, "__spec__", 0)])
"""


def modules_of(program):
    """The names of the modules that have been imported when a program ends."""
    done = subprocess.run([sys.executable, "-P", "-c", program + LISTS], check=True, timeout=60,
                          stdout=subprocess.PIPE, text=True)
    return set(done.stdout.split())


def test_every_import_can_be_found_by_reading(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(USES_ALL)
    installed = {module.name for module in pkgutil.iter_modules([sysconfig.get_path("platlib")])}
    finder = ModuleFinder(excludes=installed - {"httpclient"})
    finder.run_script(str(script))
    imported = modules_of(USES_ALL) - modules_of("")
    assert {"httpclient._core.reader", "httpclient._install.twin"} <= imported
    # The interpreter's own C imports the first, for math, and codecs when they are asked for.
    unseen = {"_math_integer", *(name for name in imported if name.startswith("encodings."))}
    assert imported - set(finder.modules) - unseen == set()


# ---- programs without code of their modules, as Nuitka makes them ----

def check_compiled(what):
    process = isolation.run("compiled", what)
    assert (process.returncode, process.stderr) == (0, ""), process.stdout + process.stderr


@pytest.mark.parametrize("what", [
    "replaces_the_same", "puts_everything_back", "leaves_replaced_methods", "leaves_data",
    "refuses_replaced_constructors", "refuses_replaced_classes"])
def test_install_works_without_the_source_of_http_client(what):
    check_compiled(what)


# ---- programs bundled by each tool ----

PROGRAM = TESTS / "isolated" / "bundled.py"
TOOLS = {
    "PyInstaller": (["-m", "PyInstaller", "--noconfirm", "--distpath", "out", "bundled.py"],
                    "out/bundled/bundled"),
    "cx_Freeze": (["-m", "cx_Freeze", "build", "--script=bundled.py", "--target-dir=out"],
                  "out/bundled"),
    "nuitka": (["-m", "nuitka", "--standalone", "--output-dir=out", "bundled.py"],
               "out/bundled.dist/bundled"),
}


def environment(folder):
    """No PYTHON… variables; what tools install beside this Python is found, and caches are new."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    path = os.pathsep.join([sysconfig.get_path("scripts"), kept.get("PATH", "")])
    caches = dict.fromkeys(["PYINSTALLER_CONFIG_DIR", "NUITKA_CACHE_DIR"], str(folder / "cache"))
    return {**kept, **caches, "PATH": path}


@pytest.fixture(scope="module", params=TOOLS)
def bundled(request, tmp_path_factory):
    """The path of the bundled program, and the environment it runs in."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: NOTHING WAS BUNDLED BY IT")
    arguments, made = TOOLS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copy(PROGRAM, folder)
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment(folder),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=900)
    if "ERROR: Python was built without a shared library" in done.stdout:
        pytest.skip("PyInstaller wants a Python with a shared library: NOTHING WAS BUNDLED BY IT")
    assert done.returncode == 0, done.stdout[-4000:]
    [program] = [path for ending in ("", ".exe", ".bin")
                 if (path := folder / (made + ending)).is_file()]

    def run(*args):
        return subprocess.run([program, *args], cwd=folder, env=environment(folder), timeout=120,
                              capture_output=True, text=True)
    run.tool = request.param
    return run


def test_bundled_program_runs_on_httpclient(bundled):
    done = bundled()
    assert (done.returncode, done.stdout, done.stderr) == (0, "bundled is well\n", "")


SCRIPT = """\
import http.client, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=20) as response:
    print(__name__, len(sys.argv), response.read().decode())
print(http.client.HTTPConnection.request.__code__.co_filename)
"""


@pytest.mark.parametrize("way", ["main", "module"])
@pytest.mark.parametrize("how", ["script", "code"])
def test_command_within_a_bundled_program_runs_other_programs(how, way, bundled, tmp_path):
    """`python -m httpclient` within a bundled program runs scripts that are not."""
    if bundled.tool == "nuitka" and (how, way) != ("script", "main"):
        pytest.skip("such programs refuse the option -c, and their modules cannot be run by runpy")
    (tmp_path / "script.py").write_text(SCRIPT)
    given = [tmp_path / "script.py"] if how == "script" else ["-c", SCRIPT]
    with serving(ok(b"0123456789")) as server:
        done = bundled(way, "--stats", *given, f"http://127.0.0.1:{server.port}/")
    assert done.returncode == 0, done.stderr
    said, file = done.stdout.splitlines()
    assert said == "__main__ 2 0123456789" and "httpclient" in file
    assert done.stderr.startswith("httpclient: ")


def test_bundled_command_shows_the_exception_of_a_script(bundled, tmp_path):
    (tmp_path / "script.py").write_text("1 / 0")
    done = bundled("main", tmp_path / "script.py")
    assert done.returncode and "running.py" not in done.stderr
    assert "ZeroDivisionError: division by zero\n" in done.stderr
