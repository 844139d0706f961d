# SPDX-License-Identifier: MIT
"""install() beside others who change http.client: what they have wrapped, replaced or set."""

import functools
import http.client
import importlib
import io
import socket
import subprocess
import sys
import threading
import warnings

import httpclient
import pytest

from support.installing import (BEFORE, CHUNKED, KINDS, METHODS, READS, asking, connect,
                                exchange, restored)
from support.servers import echo, ok, serving, tcp_pair

pytestmark = pytest.mark.usefixtures("nothing_stays")

INSTALL = importlib.import_module("httpclient._install.install")


def wrapped(cls, name, called):
    original = vars(cls)[name]

    def wrapper(*args, **kwargs):
        called.append(name)
        return getattr(original, "__func__", original)(*args, **kwargs)

    return staticmethod(wrapper) if isinstance(original, staticmethod) else wrapper


def everything(cls, certificates=None):
    """Uses what there is, so that each method is called that this Python's http.client calls."""
    secure = {"context": certificates.client()} if certificates else {}
    replies = [echo] * 4 + [CHUNKED] * 4 + [KINDS["length"]] * 4
    with serving(*replies, tls=certificates and certificates.server()) as server:
        connection = cls(*server.address, timeout=20, **secure)
        connection.set_debuglevel(0)
        assert exchange(connection, "POST", b"body") == (200, b"body")
        assert exchange(connection, "POST", "text") == (200, b"text")
        assert exchange(connection, "POST", io.BytesIO(b"file")) == (200, b"file")
        assert exchange(connection, "POST", [b"it", b"ems"]) == (200, b"items")
        for how in [*READS.values()] * 2:
            connection.request("GET", "/")
            response = connection.getresponse()
            assert response.getheader("X") == "y" and dict(response.getheaders())["X"] == "y"
            response.peek(1), response.flush(), response.readable(), response.fileno()
            response.url = "/"
            response.info(), response.getcode(), response.geturl()
            assert how(response) == b"all is well"
            response.close()
        connection.close()
    if not certificates:
        with serving(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", ok(b"through")) as proxy:
            connection = cls(*proxy.address, timeout=20)
            connection.set_tunnel("a.example", 80, {"X": "y"})
            assert exchange(connection) == (200, b"through")
            if sys.version_info >= (3, 12):
                assert connection.get_proxy_response_headers()["A"] == "b"
            connection.close()


@functools.cache
def called_by_http_client(*args):
    """The methods that everything(*args) calls where nothing is installed."""
    assert not httpclient.installed()
    called = {}
    with pytest.MonkeyPatch.context() as patch:
        for method in METHODS:
            called[method] = []
            patch.setattr(*method, wrapped(*method, called[method]))
        everything(*args)
    return {method for method, calls in called.items() if calls}


@pytest.mark.parametrize(("cls", "name"), METHODS,
                         ids=[f"{cls.__name__}.{name}" for cls, name in METHODS])
@pytest.mark.parametrize("when", ["before", "after"])
def test_wrapper_on_any_method(cls, name, when, monkeypatch, request):
    called = []
    args = [http.client.HTTPConnection]
    if cls.__name__ == "HTTPSConnection":
        args = [cls, request.getfixturevalue("certificates")]
    expected = (cls, name) in called_by_http_client(*args)
    if when == "after":
        httpclient.install()
    monkeypatch.setattr(cls, name, wrapped(cls, name, called))
    httpclient.install()
    everything(*args)
    assert called or not expected
    if when == "before":
        assert f"{cls.__name__}.{name}" in httpclient.installed().left
        httpclient.uninstall()
    else:
        with pytest.warns(RuntimeWarning, match=f"{cls.__name__}.{name}; remove"):
            httpclient.uninstall()
    everything(*args)
    monkeypatch.undo()
    if when == "after":     # that put ours back, until the next uninstall()
        assert vars(cls)[name] is not BEFORE[cls][0][name]


def test_another_module_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "http.client", httpclient)
    with pytest.raises(RuntimeError, match="another module is imported as http.client"):
        httpclient.install()
    monkeypatch.undo()


def test_module_with_the_spec_of_another_name():
    """``import six.moves.http_client`` leaves one on http.client."""
    program = ("import http.client, importlib.machinery as machinery; "
               "spec = http.client.__spec__ = machinery.ModuleSpec('six.moves.http', print); "
               "import httpclient; httpclient.install(); assert httpclient.installed().replaced; "
               "httpclient.uninstall(); "
               "assert http.client.__spec__ is spec and not httpclient.installed()")
    subprocess.run([sys.executable, "-P", "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("gone", ["__spec__", "__spec__ = http.client.__loader__"])
def test_module_without_a_spec(gone):
    """It is found by its loader, or compared by where its functions were defined."""
    program = (f"import http.client; http.client.{gone} = None; "
               "import httpclient; httpclient.install(); assert httpclient.installed().replaced; "
               "httpclient.uninstall(); assert not httpclient.installed()")
    subprocess.run([sys.executable, "-P", "-c", program], check=True, timeout=60)


def test_private_names_are_those_of_another_version():
    """Private names that httpclient adds to http.client's classes have the meaning they have there.
    """
    classes = [http.client.HTTPConnection, http.client.HTTPSConnection, http.client.HTTPResponse]
    before = [set(vars(cls)) for cls in classes]
    with httpclient.installed():
        added = set().union(*(set(vars(cls)) - names for cls, names in zip(classes, before)))
    own = {name for name in added if name.startswith("_") and not name.startswith("__")}
    newer = {"_wrap_ipv6", "_raw_proxy_headers", "_max_headers"}    # since 3.12 and 3.15
    assert own <= {"_context", "_HTTPConnection__state", "_HTTPConnection__response", *newer}


# What only httpclient gives a meaning, with something that has another one.
OTHERS_ATTRIBUTES = {
    "deadline": "tomorrow", "strict": object(), "resume_sessions": "yes", "incomplete": True,
    "trailers": "none", "informational": 1, "raw_head": "rare", "belongs_to": "us",
    "begin_anew": None,
}


@pytest.mark.parametrize("whose", ["class", "object"])
@pytest.mark.parametrize("steps", [False, True])
def test_foreign_attributes_named_like_options_are_ignored(whose, steps):
    class Response(http.client.HTTPResponse):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            if whose == "object":
                self.__dict__.update(OTHERS_ATTRIBUTES)

    class Connection(http.client.HTTPConnection):
        response_class = Response

    if steps:
        Response._read_status = lambda self: super(Response, self)._read_status()
        Connection.putheader = lambda self, *args: super(Connection, self).putheader(*args)
    if whose == "class":
        for name, value in OTHERS_ATTRIBUTES.items():
            setattr(Response, name, value)
            setattr(Connection, name, value)
    with httpclient.installed(), serving(*[CHUNKED] * 2, ok(b"x")) as server:
        connection = Connection(*server.address, timeout=10)
        if whose == "object":
            connection.__dict__.update(OTHERS_ATTRIBUTES)
        for _ in range(2):
            assert exchange(connection) == (200, b"all is well")
        assert exchange(connection) == (200, b"x")
        connection.close()
    for name, value in OTHERS_ATTRIBUTES.items():
        assert getattr(connection, name) is value


def test_keywords_have_the_meaning_of_httpclients():
    with httpclient.installed(), serving(KINDS["length"], b"HTTP/1.1 200 OK\nA: b\n\n",
                                         b"") as server:
        def got(**keywords):
            connection = http.client.HTTPConnection(*server.address, timeout=10, **keywords)
            connection.request("GET", "/")
            try:
                return connection.getresponse().read()
            finally:
                connection.close()

        with pytest.raises(http.client.HTTPException, match="got more than 1 headers"):
            got(max_response_headers=1)
        with pytest.raises(http.client.BadStatusLine):
            got(strict=True)
        with pytest.raises(TimeoutError):
            got(deadline=0.1)


def test_name_taken_is_refused(monkeypatch):
    monkeypatch.setattr(http.client.HTTPResponse, "trailers", 1, raising=False)
    with pytest.raises(RuntimeError, match="attributes that httpclient needs itself: trailers"):
        httpclient.install()
    monkeypatch.undo()


def test_wrapper_that_outlives_uninstall():
    """It works while it is there, and calls http.client's own method after uninstall()."""
    called = []
    httpclient.install()
    ours = http.client.HTTPConnection.getresponse
    http.client.HTTPConnection.getresponse = wrapped(http.client.HTTPConnection, "getresponse",
                                                     called)
    with serving(*[ok(b"x")] * 3) as server:
        for _ in range(3):
            with pytest.warns(RuntimeWarning, match="left in place .*HTTPConnection.getresponse"):
                httpclient.uninstall()
            connection = connect(server)
            assert exchange(connection) == (200, b"x")
            connection.close()
            httpclient.install()
            assert httpclient.installed().left == ["HTTPConnection.getresponse"]
    assert len(called) == 3
    with pytest.warns(RuntimeWarning):
        httpclient.uninstall()
    http.client.HTTPConnection.getresponse = ours
    del ours
    httpclient.uninstall()
    assert "HTTPConnection.getresponse" not in httpclient.installed().left
    with restored():
        httpclient.install()
        assert httpclient.installed().left == []


def test_warning_that_is_an_error():
    """It is known nevertheless what had to stay."""
    httpclient.install()
    ours = http.client.HTTPConnection.getresponse
    http.client.HTTPConnection.getresponse = wrapped(http.client.HTTPConnection, "getresponse", [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="left in place .*HTTPConnection.getresponse"):
            httpclient.uninstall()
    assert not httpclient.installed()
    httpclient.install()
    http.client.HTTPConnection.getresponse = ours
    httpclient.uninstall()


def test_thread_enters_a_method_during_uninstall(monkeypatch):
    """Just before the methods are put back."""
    unbind = INSTALL.unbind
    with asking() as (thread, start, found, server):
        def begun(*args):
            if not thread.ident:
                start()
            unbind(*args)

        monkeypatch.setattr(INSTALL, "unbind", begun)
        httpclient.uninstall()
        server.sendall(KINDS["close"])
        server.shutdown(socket.SHUT_WR)
        thread.join(20)
        assert found[0].headers["X"] == found[0].msg["X"] == found[0].getheader("X") == "y"
        assert found[0].read() == b"all is well"
    httpclient.uninstall()


def test_subclass_with_names_of_http_client_is_served():
    class Theirs(http.client.HTTPSConnection):
        _context = _tunnel_host = _method = _raw_proxy_headers = None
        _tunnel = _send_output = _wrap_ipv6 = http.client.HTTPConnection._tunnel

    httpclient.install()
    assert "HTTPSConnection.connect" in httpclient.installed().replaced
    assert Theirs.__mro__[1] is http.client.HTTPSConnection


def test_constants_of_the_class_stay(monkeypatch):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    monkeypatch.setattr(http.client.HTTPConnection, "_http_vsn", 10)
    monkeypatch.setattr(http.client.HTTPConnection, "_http_vsn_str", "HTTP/1.0")
    with httpclient.installed(), serving(ok(b"x")) as server:
        connection = connect(server)
        assert connection.debuglevel == 1
        assert exchange(connection) == (200, b"x")
        connection.close()
    assert server.handle.requests[0].line == "GET / HTTP/1.0"
    monkeypatch.undo()


def test_thread_within_a_function_in_c_during_uninstall():
    """It is in no frame, and needs nothing that uninstall() takes away."""
    found = []

    def short_read():
        try:
            response._safe_read(5)
        except Exception as error:
            found.append(error)

    ours, theirs = tcp_pair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        httpclient.install()
        response = http.client.HTTPResponse(ours)
        response.begin()
        thread = threading.Thread(target=short_read)
        thread.start()
        while "short_read" not in str(sys._current_frames().get(thread.ident)):
            pass
        httpclient.uninstall()
        theirs.shutdown(socket.SHUT_WR)
        thread.join(20)
        response.close()
    assert type(found[0]) is http.client.IncompleteRead
    assert found[0].partial == b"abc" and found[0].expected == 2
