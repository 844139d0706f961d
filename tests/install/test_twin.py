# SPDX-License-Identifier: MIT
"""The twin: which modules install() imports a second time, and that it leaves nothing else."""

import ast
import http.client
import importlib
import sys
from pathlib import Path

import pytest

import httpclient

pytestmark = pytest.mark.usefixtures("nothing_stays")

FOLDER = Path(httpclient.__file__).parent
STAND_INS = {"_common.exceptions", "_common.classes", "_response.settings"}
INSTALL = importlib.import_module("httpclient._install.install")
TWIN = importlib.import_module("httpclient._install.twin")


def tree_of(name):
    return ast.parse((FOLDER / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))


def imports_of(name):
    """The Python modules of httpclient that a module's import statements name."""
    found = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = name.split(".")[:-node.level] + (node.module or "").split(".")
            whole = ".".join(filter(None, parts))
            found |= ({f"{whole}.{alias.name}" for alias in node.names}
                      if (FOLDER / whole.replace(".", "/")).is_dir() else {whole})
    return {name for name in found if not name.startswith("_core")}


def imported_by(name):
    """A module, and all that it imports, directly or not."""
    found = {name}
    while more := set().union(*map(imports_of, found)) - found:
        found |= more
    return found


LAST = "_request." + ("https" if "httpclient._request.https" in sys.modules else "connection")
LEAVES = {name for name in imported_by(LAST) if not imports_of(name)} - STAND_INS


def made():
    return INSTALL._state.made


def test_all_but_leaves_and_stand_ins_has_a_second_instance():
    with httpclient.installed():
        again = imported_by(LAST) - LEAVES - STAND_INS
        assert set(made()._rooms) == {name.rpartition(".")[2] for name in again}


def used_by_twin():
    return [value for room in made()._rooms.values() for value in vars(room).values()]


def test_second_instances_know_no_class_of_httpclients_that_http_client_has():
    own = [getattr(httpclient, name) for name in {*httpclient.__all__, "HTTPMessage"}
           if hasattr(http.client, name)]
    own = {id(value) for value in own if isinstance(value, type)}
    with httpclient.installed():
        assert not [value for value in used_by_twin() if id(value) in own]


def test_second_instances_share_the_leaves():
    with httpclient.installed():
        ids = set(map(id, used_by_twin()))
    assert {id(httpclient._common.limits), id(httpclient._common.deadline.seconds_of)} <= ids
    if LAST == "_request.https":
        assert id(httpclient._request.tls.keep_session) in ids


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_leaves_do_not_print(name):
    """Programs that bind http.client.print would not see it."""
    used = {node.id for node in ast.walk(tree_of(name)) if isinstance(node, ast.Name)}
    assert "print" not in used


def import_state():
    return set(sys.modules), list(sys.meta_path), set(vars(httpclient))


def test_the_twin_cannot_be_imported():
    with httpclient.installed():
        pass
    before = import_state()
    with httpclient.installed():
        assert import_state() == before


def test_an_error_while_the_twin_is_imported_leaves_nothing(monkeypatch):
    code_of = TWIN.code_of

    def broken(module):
        if module.__name__ == "httpclient._response.head":
            raise MemoryError
        return code_of(module)

    before = import_state()
    with monkeypatch.context() as patch:
        patch.setattr(TWIN, "code_of", broken)
        with pytest.raises(MemoryError):
            httpclient.install()
    assert import_state() == before and not httpclient.installed()
    httpclient.install()
