# SPDX-License-Identifier: MIT
"""The folders of the package are its architecture: imports run downwards only."""

import ast
import http.client
from pathlib import Path

import pytest

import httpclient
from support.paths import ROOT

PACKAGE = Path(httpclient.__file__).parent
# Each wing, and the wings whose modules it may import beside its own.
BELOW = {
    "_common": set(),
    "_core": {"_common"},
    "_response": {"_common", "_core"},
    "_request": {"_common", "_core", "_response"},
    "_fetch": {"_common", "_core", "_response", "_request"},
    # the public modules
    "": {"_common", "_core", "_response", "_request", "_fetch", "_install"},
    "transports": {"", "_common", "_core", "_response", "_request", "_fetch"},
    "_install": {"_common", "_core", "_response", "_request"},
}
# Imported when a program asks for it, by the package's own __getattr__() and __main__.py.
LATE = "_install"


def wing_of(path):
    return path.relative_to(PACKAGE).parts[0] if path.parent != PACKAGE else ""


def is_for_type_checkers(node):
    return (isinstance(node, ast.If) and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING" and not node.orelse)


def imports(path):
    """Yield (wing, line number, whether it is not run by the import) for each import of our own.

    A function, or a program that checks types, runs it later, or never.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    within = {id(node) for block in ast.walk(tree)
              if isinstance(block, ast.FunctionDef) or is_for_type_checkers(block)
              for node in ast.walk(block)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        folder = path.parent
        for _ in range(node.level - 1):
            folder = folder.parent
        modules = [node.module] if node.module else [name.name for name in node.names]
        for module in modules:
            found = folder.joinpath(*module.split("."))
            wing = wing_of(found / "x" if found.is_dir() else found)
            yield wing, node.lineno, id(node) in within


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_module_imports_from_wings_below_alone(path):
    wing = wing_of(path)
    for other, line, within in imports(path):
        assert other == wing or other in BELOW[wing], f"{path}:{line}: {wing} imports {other}"
        if other == LATE != wing:
            assert within or path.name == "__main__.py", f"{path}:{line}"


def test_compiled_modules_import_nothing_above():
    """_core is in a wheel without its sources; a checkout has them, beside its tests."""
    sources = ROOT / "httpclient" / "_core"
    if not sources.is_dir():
        pytest.skip("no sources here")
    for path in sources.glob("*.py[xd]"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("from .."):
                assert line.startswith("from .._common."), f"{path}: {line}"


def test_each_wing_says_what_it_is():
    for wing in BELOW.keys() - {""}:
        tree = ast.parse((PACKAGE / wing / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree)


def test_dir_has_the_names_of_http_client_and_httpclient():
    own = {"ResponseParser", "BadHeaderLine", "HTTPSConnection", "Pool", "Fetcher", "Request",
           "Answer", "decoding", "install", "installed", "uninstall", "__version__", "__path__"}
    assert set(dir(httpclient)) <= {*dir(http.client), *own}
    assert {name for name in http.client.__all__} <= set(dir(httpclient))
