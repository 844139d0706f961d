# SPDX-License-Identifier: MIT
"""install() in a process whose loaders have no code of modules, like those of Nuitka's programs.

    python -m isolated.compiled WHAT
"""

import http.client
import re
import sys

import httpclient
from httpclient._install import twin

CLASSES = http.client.HTTPConnection, http.client.HTTPSConnection, http.client.HTTPResponse


class Loader:
    """As little as a loader may be."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        raise ImportError


def compile_all():
    """Make it so that the code of modules cannot be had."""
    for name, module in list(sys.modules.items()):
        if name == "http.client" or name.partition(".")[0] == "httpclient":
            module.__spec__.loader = Loader()
    twin.code_of.cache_clear()


def state():
    return [dict(vars(owner)) for owner in (http.client, *CLASSES)]


def get():
    """One exchange over http.client."""
    from support.servers import ok, serving
    with serving(ok(b"all is well", "X: y")) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", "/", headers={"A": "b"})
        response = connection.getresponse()
        assert type(response) is http.client.HTTPResponse
        assert response.getheader("X") == "y" and response.read() == b"all is well"
        connection.close()


def installed_functions():
    """The names of what install() replaces, but for an int that may be one object or two."""
    httpclient.install()
    now = httpclient.installed()
    assert not now.left
    return set(now.replaced) - {"HTTPSConnection.default_port"}


def replaces_the_same():
    """What a program with code replaces, one without replaces too."""
    replaced = installed_functions()
    assert len(replaced) > 50
    httpclient.uninstall()
    compile_all()
    assert installed_functions() == replaced
    get()


def puts_everything_back():
    before = state()
    compile_all()
    for _ in range(2):
        httpclient.install()
        assert state() != before
        get()
        httpclient.uninstall()
        assert state() == before
        get()


def leaves_replaced_methods():
    called = []
    original = http.client.HTTPConnection.putheader

    def putheader(self, *args):
        called.append(args)
        return original(self, *args)

    http.client.HTTPConnection.putheader = putheader
    compile_all()
    httpclient.install()
    assert httpclient.installed().left == ["HTTPConnection.putheader"]
    get()
    assert ("A", "b") in called
    httpclient.uninstall()
    assert http.client.HTTPConnection.putheader is putheader


def leaves_data():
    """A pattern that a program has bound there is obeyed."""
    http.client._is_legal_header_name = re.compile(rb"[^\s][^:\r\n]*").fullmatch
    http.client._contains_disallowed_url_pchar_re = re.compile("[\x00-\x1f]")
    compile_all()
    httpclient.install()
    assert sorted(httpclient.installed().left) == [
        "_contains_disallowed_url_pchar_re", "_is_legal_header_name"]
    connection = http.client.HTTPConnection("a.example")
    connection.putrequest("GET", "/a b")
    connection.putheader(":a", "b")


def refused():
    try:
        httpclient.install()
    except RuntimeError as error:
        return str(error)
    raise AssertionError("installed")


def refuses_replaced_constructors():
    """The attributes that http.client's own constructor sets are not known."""
    original = http.client.HTTPConnection.__init__
    http.client.HTTPConnection.__init__ = lambda self, *args: original(self, *args)
    before = state()
    compile_all()
    assert "http.client.HTTPConnection.__init__ has been replaced" in refused()
    assert state() == before
    http.client.HTTPConnection.__init__ = original
    httpclient.install()
    get()


def refuses_replaced_classes():
    http.client.HTTPConnection = type("Other", (), {"__init__": len, "__module__": "other"})
    compile_all()
    assert "http.client.HTTPConnection" in refused()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
