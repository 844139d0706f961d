# SPDX-License-Identifier: MIT
"""What py.typed promises: the types say what the module does, and a type checker can use them.

mypy reads a program that uses httpclient in the ways it may be used, and in some that it may not;
its stubtest compares the types with the modules as they are when they run.
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
from httpclient._common import status
from support.paths import DATA

PROGRAM = DATA / "typed_program.py"
PACKAGE = Path(httpclient.__file__).parent
INSTALLED = Path(httpclient.__file__).resolve().parents[1]

needs_mypy = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed")

# What stubtest may report (regular expressions), and why it is not mended.
ALLOWED = {
    "Cython makes them":
        r"httpclient\._core\.[a-z_]+\.__(test|pyx_capi)__",
    "private modules, read from their source, with names for type checkers alone":
        r"httpclient\.(?!_core)_[a-z]+\..*",
    "deleted":
        r"httpclient\.TYPE_CHECKING",
    "transports for a library that may not be installed":
        r"httpclient\.transports\.\w+(\..*)?",
    "properties of the module, which its __setattr__() sets":
        r"httpclient\._Module\._MAX(LINE|HEADERS)",
}
CONFIG = """
[mypy]
[mypy-httpclient.*]
ignore_errors = True
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
def test_type_checker_refuses_the_wrong_lines_alone(tmp_path):
    lines = PROGRAM.read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# refused")}
    assert len(wrong) > 20
    found = refused_lines(PROGRAM, tmp_path)
    assert {number: found[number] for number in found.keys() - wrong} == {}
    assert {number: lines[number - 1] for number in wrong - found.keys()} == {}


@pytest.mark.parametrize("maker", runpy.run_path(str(PROGRAM))["MAKERS"])
def test_objects_allowed_by_the_types_can_be_made(maker):
    made = maker()
    assert made
    for each in made:
        if hasattr(each, "close"):
            each.close()


def syntax_tree(*path):
    return ast.parse(PACKAGE.joinpath(*path).read_text(encoding="utf-8"))


def classes(tree):
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def options(name, hints):
    """The keyword arguments in a TypedDict of hints.py and those that it derives from."""
    found = {node.target.id for node in hints[name].body if isinstance(node, ast.AnnAssign)}
    return found.union(*(options(base.id, hints) for base in hints[name].bases
                         if base.id in hints))


def keywords_in_overloads(cls):
    """The names that each overload of a constructor gives to its arguments, but `self`."""
    node = classes(syntax_tree(cls.__init__.__code__.co_filename))[cls.__name__]
    hints = classes(syntax_tree("_common", "hints.py"))
    for block in node.body:
        if isinstance(block, ast.If) and getattr(block.body[0], "name", None) == "__init__":
            for each in block.body:
                _, *names = [arg.arg for arg in [*each.args.posonlyargs, *each.args.args,
                                                 *each.args.kwonlyargs]]
                if each.args.kwarg:
                    names += options(each.args.kwarg.annotation.slice.id, hints)
                yield names


@pytest.mark.parametrize("name", ["HTTPConnection", "HTTPSConnection", "HTTPResponse"])
def test_types_have_the_keywords_of_the_constructor(name):
    cls = getattr(httpclient, name)
    today, *older = keywords_in_overloads(cls)
    taken = set(inspect.signature(cls).parameters)
    assert sorted(today) == sorted(taken)
    assert older
    assert set().union(*older) <= taken


def test_types_have_the_keywords_of_the_parser():
    hints = classes(syntax_tree("_common", "hints.py"))
    own = set(inspect.signature(
        httpclient.ResponseParser.__init__, follow_wrapped=False).parameters)
    taken = set(inspect.signature(httpclient.ResponseParser.__init__).parameters)
    assert own - {"keywords"} | options("Limiting", hints) == taken


@pytest.mark.parametrize("module", [httpclient, httplib], ids=["httpclient", "httplib"])
def test_each_status_code_has_a_type(module):
    typed = {node.id for node in ast.walk(syntax_tree(module.__file__))
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert status.constants.keys() - typed == set()


@pytest.mark.parametrize("late", ["typing", "typing_extensions", "httpclient._common.hints"])
def test_import_leaves_the_types_alone(late):
    script = ("import sys, httpclient.httplib, httpclient.decoding, httpclient._install.install; "
              f"sys.exit({late!r} in sys.modules)")
    subprocess.run([sys.executable, "-P", "-c", script], check=True, timeout=60)


@needs_mypy
def test_types_have_the_same_names_as_the_module(tmp_path):
    (tmp_path / "allowed").write_text("\n".join(ALLOWED.values()), encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(CONFIG, encoding="utf-8")
    done = run_mypy("mypy.stubtest", "--mypy-config-file", "mypy.ini", "--allowlist", "allowed",
                    "--ignore-unused-allowlist", "--concise", "httpclient", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_stubs_are_short_and_say_their_licence():
    stubs = sorted(PACKAGE.rglob("*.pyi"))
    assert len(stubs) > 7
    for stub in stubs:
        lines = stub.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "# SPDX-License-Identifier: MIT", stub
        assert len(lines) < 500, stub


def test_python_modules_have_no_stubs():
    assert [stub for stub in PACKAGE.rglob("*.pyi") if stub.with_suffix(".py").exists()] == []
