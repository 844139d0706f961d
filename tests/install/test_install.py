# SPDX-License-Identifier: MIT
"""install(), uninstall(), installed(): http.client's own classes on httpclient, and back."""

import contextlib
import gc
import http.client
import inspect
import io
import pickle
import sys
import threading
import typing
import urllib.request
import warnings
import weakref
from unittest import mock

import httpclient
import pytest

from support.installing import CHUNKED, answer, connect, exchange
from support.servers import ok, serving, tcp_pair

pytestmark = pytest.mark.usefixtures("nothing_stays")


@pytest.fixture
def installed():
    with httpclient.installed() as now:
        yield now


def python_calls(function, *args):
    """The names of the Python functions of http.client and httpclient that it calls."""
    calls = []

    def note(frame, event, arg):
        name = frame.f_code.co_filename
        if event == "call" and ("httpclient" in name or name == http.client.__file__):
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        function(*args)
    finally:
        sys.setprofile(None)
    return [name for name in calls if name != "__del__"]


# ---- when it is installed, and when not

def test_second_install_changes_nothing():
    assert httpclient.install() is None
    first = vars(http.client.HTTPConnection)["request"]
    httpclient.install()
    assert vars(http.client.HTTPConnection)["request"] is first
    httpclient.uninstall()
    httpclient.uninstall()


def test_nested_blocks_end_with_the_outermost():
    with httpclient.installed() as outer:
        assert outer
        with httpclient.installed():
            assert outer
        assert httpclient.installed()
    assert not outer


def test_block_within_install_leaves_it_installed():
    httpclient.install()
    with httpclient.installed():
        pass
    assert httpclient.installed()
    with httpclient.installed() as now:
        httpclient.uninstall()
        assert now
    assert not now


def test_end_of_a_block_that_has_not_begun_is_refused():
    """Its end is refused, and nothing is counted for it."""
    with httpclient.installed() as other:
        with pytest.raises(RuntimeError, match="has not begun"):
            httpclient.installed().__exit__(None, None, None)
        assert other
    with pytest.raises(RuntimeError, match="has not begun"):
        other.__exit__(None, None, None)
    assert not other
    with httpclient.installed():
        assert other
    assert not other


def test_one_object_serves_several_blocks():
    now = httpclient.installed()
    with contextlib.ExitStack() as stack:
        stack.enter_context(now)
        thread = threading.Thread(target=now.__enter__)
        thread.start()
        thread.join()
    assert now
    now.__exit__(None, None, None)
    assert not now
    with pytest.raises(RuntimeError, match="has not begun"):
        now.__exit__(None, None, None)


def test_repr_and_lists_say_what_is_installed(monkeypatch):
    assert repr(httpclient.installed()) == "<httpclient is not installed>"
    assert httpclient.installed().replaced == httpclient.installed().left == []
    original = http.client.HTTPConnection.send
    monkeypatch.setattr(http.client.HTTPConnection, "send", lambda *args: original(*args))
    with httpclient.installed() as now:
        assert now.left == ["HTTPConnection.send"]
        assert "HTTPConnection.request" in now.replaced and "parse_headers" in now.replaced
        assert "left in place: HTTPConnection.send" in repr(now)
    monkeypatch.undo()


def test_http_client_is_pickled_by_its_name():
    """cloudpickle pickles the module itself only while its class is ModuleType."""
    with httpclient.installed():
        assert pickle.loads(pickle.dumps(http.client)) is http.client


def test_threads_can_install_at_the_same_time():
    """Each block has it installed all along, and exchanges go well meanwhile."""
    errors = []

    def work(port):
        try:
            for _ in range(10):
                with httpclient.installed() as now:
                    assert now
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                    assert exchange(connection)[0] == 200
                    assert now
                    connection.close()
        except BaseException as error:
            errors.append(error)

    with serving(*[ok(b"x")] * 100) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        threads = [threading.Thread(target=work, args=(server.port,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert not errors


def test_uninstall_frees_the_second_instance():
    """The second instance of our modules goes with it."""
    httpclient.install()
    gone = weakref.ref(http.client.HTTPConnection.request)
    httpclient.uninstall()
    gc.collect()
    assert gone() is None


# ---- httpclient's functions are called, in the fast lane where it applies

def test_plain_connection_goes_by_c(installed):
    with serving(*[ok(b"x")] * 2) as server:
        connection = connect(server)
        exchange(connection)
        assert python_calls(exchange, connection) == ["request", "getresponse", "read"]
        connection.close()


def test_connection_from_before_goes_by_c():
    with serving(*[ok(b"x")] * 3) as server:
        connection = connect(server)
        exchange(connection)
        with httpclient.installed():
            exchange(connection)
            assert python_calls(exchange, connection) == ["request", "getresponse", "read"]
        connection.close()


class Subclass(http.client.HTTPConnection):
    """Made before; replaces nothing that a request goes through."""

    def connect(self):
        super().connect()


class Overrides(Subclass):
    def putheader(self, header, *values):
        super().putheader(header, *[value.upper() for value in values])


class OwnResponse(http.client.HTTPResponse):
    def read(self, amt=None):
        return super().read(amt) + b"!"


def test_subclass_goes_by_c(installed):
    with serving(*[ok(b"x")] * 2) as server:
        connection = Subclass(*server.address)
        exchange(connection)
        assert python_calls(exchange, connection) == ["request", "getresponse", "read"]
        connection.close()


def test_methods_of_a_subclass_are_called(installed):
    with serving(*[ok(b"x")] * 2) as server:
        connection = Overrides(*server.address)
        connection.request("GET", "/", headers={"A": "b"})
        assert connection.getresponse().read() == b"x"
        connection.putrequest("GET", "/")
        connection.putheader("A", "c")
        connection.endheaders()
        assert connection.getresponse().read() == b"x"
        connection.close()
    assert [request.field("A") for request in server.handle.requests] == ["B", "C"]


def test_response_class_is_made_by_c(installed):
    with serving(*[ok(b"x")] * 2) as server:
        connection = connect(server)
        connection.response_class = OwnResponse
        assert exchange(connection) == (200, b"x!")
        connection.request("GET", "/")
        assert python_calls(connection.getresponse) == ["getresponse"]
        assert connection.getresponse.__self__ is connection
        connection.close()


def test_attribute_set_on_the_class_counts(installed, monkeypatch):
    sent = []
    with serving(*[ok(b"x")] * 2) as server:
        connection = connect(server)
        exchange(connection)
        original = http.client.HTTPConnection.send
        monkeypatch.setattr(http.client.HTTPConnection, "send",
                            lambda self, data: (sent.append(data), original(self, data))[1])
        exchange(connection)
        connection.close()
    assert len(sent) == 1 and sent[0].startswith(b"GET / ")


def test_urlopen_reads_by_c(installed):
    with serving(ok(b"x", "A: b")) as server:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=20) as response:
            assert type(response) is http.client.HTTPResponse
            assert type(response.fp).__name__ == "SocketReader"
            assert response.read() == b"x" and response.headers["A"] == "b"


# ---- types, and what is bound in the module

def test_objects_are_http_clients(installed):
    with serving(ok(b"x", "A: b"), CHUNKED) as server:
        connection = connect(server)
        for _ in range(2):
            connection.request("GET", "/")
            response = connection.getresponse()
            assert type(response) is http.client.HTTPResponse
            assert type(response.headers) is http.client.HTTPMessage
            assert type(response.trailers) is http.client.HTTPMessage
            response.read()
        connection.close()
        headers = pickle.dumps(response.headers)
        assert b"httpclient" not in headers
        assert pickle.loads(headers).items() == response.headers.items()
    connection = pickle.dumps(http.client.HTTPConnection("localhost", timeout=5))
    assert b"httpclient" not in connection
    assert pickle.loads(connection).host == "localhost"
    method = http.client.HTTPConnection.set_tunnel
    assert pickle.loads(pickle.dumps(method)) is method
    assert method.__module__ == "http.client" and method.__qualname__ == "HTTPConnection.set_tunnel"
    assert http.client.parse_headers.__module__ == "http.client"
    assert type(http.client.parse_headers(io.BytesIO(b"A: b\r\n\r\n"))) is http.client.HTTPMessage


def test_interim_responses_can_be_pickled(installed):
    with serving(b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + ok(b"x")) as server:
        connection = connect(server)
        connection.request("GET", "/")
        [interim] = connection.getresponse().informational
        [copied] = pickle.loads(pickle.dumps([interim]))
        assert type(copied) is type(interim) and copied[:2] == (103, "Early Hints")
        assert type(copied.headers) is http.client.HTTPMessage and copied.headers["A"] == "b"
        connection.close()


def test_functions_have_no_annotations():
    """typing.get_type_hints() could not evaluate them."""
    classes = http.client.HTTPConnection, http.client.HTTPSConnection, http.client.HTTPResponse
    with httpclient.installed():
        for cls in classes:
            for function in vars(cls).values():
                if inspect.isfunction(function):
                    assert typing.get_type_hints(function) == {}, function
        assert not any(typing.get_type_hints(cls) for cls in classes)


@pytest.mark.parametrize("name", ["HTTPConnection", "HTTPSConnection"])
def test_constructors_show_http_clients_signature(name):
    """To inspect, and so to mock's autospec; what unwraps them gets http.client's own."""
    cls = getattr(http.client, name)
    before = cls.__init__
    with httpclient.installed():
        assert cls.__init__ is not before and inspect.unwrap(cls.__init__) is before
        assert inspect.signature(cls.__init__) == inspect.signature(before)
        assert inspect.getsource(cls.__init__) == inspect.getsource(before)
        with mock.patch.object(http.client, name, autospec=True) as fake:
            fake("localhost", 8)
        with serving(ok(b"x")) as server:
            connection = http.client.HTTPConnection.__new__(http.client.HTTPConnection)
            inspect.unwrap(http.client.HTTPConnection.__init__)(connection, *server.address)
            assert exchange(connection) == (200, b"x")
            connection.close()


@pytest.mark.parametrize(("name", "wire"), [
    ("RemoteDisconnected", b""),
    ("BadStatusLine", b"nonsense\r\n\r\n"),
    ("UnknownProtocol", b"HTTP/2.0 200 OK\r\n\r\n"),
    ("LineTooLong", ok(b"", "A: " + "b" * 70_000)),
    ("LineTooLong", b"HTTP/1.1 200 " + b"O" * 70_000),
    ("HTTPException", ok(b"", *["A: b"] * 200)),
    ("UnknownTransferEncoding", ok(b"", "Transfer-Encoding: chunked, chunked")),
    ("IncompleteRead", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"),
    ("IncompleteRead", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"),
    ("IncompleteRead", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nabc\r\n"),
    ("LineTooLong", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;" + b"x" * 5000),
    ("LineTooLong", CHUNKED[:-2] + b"A: " + b"b" * 70_000 + b"\r\n\r\n"),
])
@pytest.mark.parametrize("steps", [False, True], ids=["in one go", "by steps"])
def test_exceptions_are_http_clients(installed, name, wire, steps):
    ours, server = tcp_pair()
    with ours, server:
        connection = http.client.HTTPConnection("a.example")
        connection.sock = ours
        if steps:
            connection.response_class = type("BySteps", (http.client.HTTPResponse,), {
                "_read_status": lambda self: super(connection.response_class, self)._read_status(),
                "_safe_read": lambda self, n: super(connection.response_class, self)._safe_read(n),
            })
        connection.request("GET", "/")
        answer(server, wire)
        with pytest.raises(http.client.HTTPException) as caught:
            connection.getresponse().read()
        assert type(caught.value) is getattr(http.client, name)
        copied = pickle.dumps(caught.value)
        assert b"httpclient" not in copied
        if name != "UnknownProtocol" or not hasattr(caught.value, "__notes__"):
            pickle.loads(copied)
        connection.close()


@pytest.mark.parametrize(("name", "function"), [
    ("CannotSendHeader", lambda c: c.putheader("A", "b")),
    ("CannotSendHeader", lambda c: c.endheaders()),
    ("CannotSendRequest", lambda c: [c.putrequest("GET", "/") for _ in range(2)]),
    ("ResponseNotReady", lambda c: c.getresponse()),
    ("InvalidURL", lambda c: c.request("GET", "/ /")),
    ("InvalidURL", lambda c: type(c)("a:b")),
    ("NotConnected", lambda c: [setattr(c, "auto_open", 0), c.request("GET", "/")]),
])
def test_exceptions_of_a_connection(installed, name, function):
    for module, kind in (http.client, http.client), (httpclient, httpclient):
        with pytest.raises(http.client.HTTPException) as caught:
            function(module.HTTPConnection("127.0.0.1"))
        assert type(caught.value) is getattr(kind, name)


def test_installed_exceptions_are_explained_by_notes(installed):
    ours, server = tcp_pair()
    with ours, server:
        connection = http.client.HTTPConnection("a.example")
        connection.sock = ours
        connection.request("GET", "/")
        answer(server, b"nonsense\r\n")
        with pytest.raises(http.client.BadStatusLine) as caught:
            connection.getresponse()
    assert str(caught.value) == "nonsense\r\n"
    assert "RFC 9112 4" in caught.value.__notes__[0]


def test_httpclients_own_exceptions_stay_its_own(installed):
    ours, server = tcp_pair()
    with ours, server:
        connection = httpclient.HTTPConnection("a.example")
        connection.sock = ours
        connection.request("GET", "/")
        answer(server, b"nonsense\r\n")
        with pytest.raises(httpclient.BadStatusLine, match="RFC 9112 4"):
            connection.getresponse()


def test_names_bound_in_http_client_are_obeyed(installed, monkeypatch):
    connection = http.client.HTTPConnection("a.example")
    connection.putrequest("GET", "/")
    monkeypatch.setattr(http.client, "_is_legal_header_name", lambda name: False)
    with pytest.raises(ValueError, match="Invalid header name b'A'"):
        connection.putheader("A", "b")
    own = httpclient.HTTPConnection("a.example")
    own.putrequest("GET", "/")
    own.putheader("A", "b")
    monkeypatch.undo()
    connection.putheader("A", "b")


def test_print_bound_in_http_client(installed, monkeypatch, capsys):
    printed = []
    monkeypatch.setattr(http.client, "print", lambda *args: printed.append(args[0]), raising=False)
    with serving(*[ok(b"x")] * 2) as server:
        connection = connect(server)
        connection.set_debuglevel(1)
        assert exchange(connection) == (200, b"x")
        assert {"send:", "reply:", "header:"} <= set(printed) and not capsys.readouterr().out
        monkeypatch.undo()
        exchange(connection)
        assert "reply: 'HTTP/1.1 200 OK" in capsys.readouterr().out
        connection.close()


def test_parse_headers_bound_before_is_obeyed(monkeypatch):
    original, seen = http.client.parse_headers, []

    def parse_headers(fp, _class=http.client.HTTPMessage):
        seen.append(fp)
        return original(fp, _class)

    monkeypatch.setattr(http.client, "parse_headers", parse_headers)
    with httpclient.installed() as now, serving(*[ok(b"x")] * 3) as server:
        assert now.left == ["parse_headers"]
        connection = connect(server)
        assert exchange(connection) == (200, b"x") and len(seen) == 1
        # This binds http.client's own function, which stands for httpclient's.
        monkeypatch.undo()
        exchange(connection)
        assert python_calls(exchange, connection) == ["request", "getresponse", "read"]
        assert len(seen) == 1
        connection.close()
    assert http.client.parse_headers is original


def test_methods_that_expect_a_body_are_shared(installed, monkeypatch):
    with serving(*[ok(b"x")] * 3) as server:
        connection = connect(server)
        http.client._METHODS_EXPECTING_BODY.add("DELETE")
        try:
            exchange(connection, "DELETE")
        finally:
            http.client._METHODS_EXPECTING_BODY.remove("DELETE")
        exchange(connection, "DELETE")
        monkeypatch.setattr(http.client, "_METHODS_EXPECTING_BODY", {"DELETE"})
        exchange(connection, "DELETE")
        connection.close()
    lengths = [request.field("Content-Length") for request in server.handle.requests]
    assert lengths == ["0", None, "0"]
    monkeypatch.undo()
