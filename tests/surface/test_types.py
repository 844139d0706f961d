# SPDX-License-Identifier: MIT
"""What py.typed promises: the types say what the module does, and a type checker can use them.

mypy reads a program that uses httpclient in the ways it may be used, and in some that it may not;
its stubtest compares the .pyi files with the module as it is when it runs.
"""

import ast
import importlib.util
import inspect
import os
import re
import runpy
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import httpclient
from httpclient import httplib
from support.paths import DATA

PROGRAM = DATA / "typed_program.py"
STUB = Path(httpclient.__file__).with_suffix(".pyi")
INSTALLED = Path(httpclient.__file__).resolve().parents[1]

needs_mypy = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed")

# What stubtest may report (regular expressions), and why it is not mended.
ALLOWED = {
    "of positional arguments it knows one order alone; their keywords have a test below":
        r"httpclient\.HTTP(S?Connection|Response)\.__init__",
    "they are \"UNKNOWN\" before begin(), which http.client has, too":
        r"httpclient\.HTTPResponse\.(version|status|chunked|chunk_left|length|will_close)",
    "descriptors, and yet anybody may assign to them":
        r"httpclient\.HTTPResponse\.(headers|msg|informational|trailers|incomplete)",
    "Cython makes them":
        r"httpclient\._core\.[a-z_]+\.__(test|pyx_capi)__",
    "a module without .pyi, read from its source":
        r"httpclient\.(?!_core|httplib)_[a-z]+\..*",
}
CONFIG = """
[mypy]
[mypy-httpclient.*]
ignore_errors = True
[mypy-httpclient]
ignore_errors = False
[mypy-httpclient.httplib]
ignore_errors = False
[mypy-httpclient._core.*]
ignore_errors = False
"""


def run_mypy(module, *args, cwd):
    """What mypy, or another module of it, says of httpclient as it is imported here."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("MYPY")}
    if Path(sysconfig.get_path("platlib")).resolve() != INSTALLED:
        environment["MYPYPATH"] = environment["PYTHONPATH"] = str(INSTALLED)
    done = subprocess.run(
        [sys.executable, "-m", module, *args], cwd=cwd, env=environment,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done


def refused_lines(program, cwd):
    """The numbers of the lines that mypy reports, each with its first message."""
    done = run_mypy("mypy", "--config-file=", "--strict", "--follow-imports=silent",
                    "--no-error-summary", "--cache-dir", cwd / "cache", program, cwd=cwd)
    found = {}
    for line in done.stdout.splitlines():
        place, kind, message = re.fullmatch(r"(.*:\d+): (\w+): (.*)", line).groups()
        name, _, number = place.rpartition(":")
        assert Path(cwd, name).samefile(program), line
        if kind == "error":
            found.setdefault(int(number), message)
    return found


@needs_mypy
def test_program_is_accepted_but_for_what_it_does_wrong(tmp_path):
    lines = PROGRAM.read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# refused")}
    assert len(wrong) > 20
    found = refused_lines(PROGRAM, tmp_path)
    assert {number: found[number] for number in found.keys() - wrong} == {}
    assert {number: lines[number - 1] for number in wrong - found.keys()} == {}


@pytest.mark.parametrize("maker", runpy.run_path(str(PROGRAM))["MAKERS"])
def test_what_the_types_allow_can_be_made(maker):
    made = maker()
    assert made
    for each in made:
        if hasattr(each, "close"):
            each.close()


@pytest.mark.parametrize("module", [httpclient, httplib], ids=["httpclient", "httplib"])
def test_stub_lists_the_public_names_in_their_order(module):
    stub = Path(module.__file__).with_suffix(".pyi")
    [listed] = [node.value for node in ast.parse(stub.read_text(encoding="utf-8")).body
                if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]
    assert ast.literal_eval(listed) == module.__all__


def keywords_in_stub(name):
    """The names that each overload of a constructor gives to its arguments, but `self`."""
    [stub] = [node for node in ast.parse(STUB.read_text(encoding="utf-8")).body
              if isinstance(node, ast.ClassDef) and node.name == name]
    return [[each.arg for each in [*node.args.args, *node.args.kwonlyargs] if each.arg != "self"]
            for node in stub.body
            if isinstance(node, ast.FunctionDef) and node.name == "__init__"]


@pytest.mark.parametrize("name", ["HTTPConnection", "HTTPSConnection", "HTTPResponse"])
def test_types_have_the_keywords_of_the_constructor(name):
    today, *older = keywords_in_stub(name)
    taken = set(inspect.signature(getattr(httpclient, name)).parameters)
    assert set(today) == taken
    assert older
    assert set().union(*older) <= taken


@needs_mypy
def test_types_have_the_same_names_as_the_module(tmp_path):
    (tmp_path / "allowed").write_text("\n".join(ALLOWED.values()), encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(CONFIG, encoding="utf-8")
    done = run_mypy("mypy.stubtest", "--mypy-config-file", "mypy.ini", "--allowlist", "allowed",
                    "--ignore-unused-allowlist", "--concise", "httpclient", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_stubs_are_short_and_say_their_licence():
    stubs = sorted(Path(httpclient.__file__).parent.rglob("*.pyi"))
    assert len(stubs) > 7
    for stub in stubs:
        lines = stub.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "# SPDX-License-Identifier: MIT", stub
        assert len(lines) < 500, stub
