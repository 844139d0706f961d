# SPDX-License-Identifier: MIT
"""What tracers, mocks and subclasses see of a connection: overridden and patched methods."""

import copy
import http.client
import io
import pickle
import socket

import httpclient
import pytest

from support.capture import TRANSPORTS, FakeSocket, connect, over_fake, over_socket
from support.servers import ok, tcp_pair
from support.ways import in_each_way

MODULES = [http.client, httpclient]
REPLY = ok(b"body", "A: b")
pytestmark = pytest.mark.parametrize("module", MODULES)


def recorder(module, *names):
    """A subclass that writes down each call of these methods, and makes it."""
    class Recorder(module.HTTPConnection):
        calls = []

    for name in names:
        def method(self, *args, _name=name, **kwargs):
            self.calls.append((_name, args, kwargs))
            return getattr(super(Recorder, self), _name)(*args, **kwargs)
        setattr(Recorder, name, method)
    return Recorder


@in_each_way("over", TRANSPORTS)
def test_methods_call_each_other(module, over):
    """Positionally, as ever: tracers look at args."""
    cls = recorder(module, "_send_request", "putrequest", "putheader", "endheaders",
                   "_send_output", "send", "connect", "_output")
    headers = {"A": 5}
    over(module, lambda c: c.request("POST", "/x", b"abc", headers), base=lambda _: cls)
    head = (b"POST /x HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n"
            b"Content-Length: 3\r\nA: 5\r\n\r\n")
    if over is over_socket:     # which connects first
        cls.calls.insert(-1, cls.calls.pop(0))
    assert [call for call in cls.calls if call[0] != "_output"] == [
        ("_send_request", ("POST", "/x", b"abc", headers, False), {}),
        ("putrequest", ("POST", "/x"), {}),
        ("putheader", ("Host", b"example.com"), {}),
        ("putheader", ("Accept-Encoding", "identity"), {}),
        ("putheader", ("Content-Length", "3"), {}),
        ("putheader", ("A", 5), {}),
        ("endheaders", (b"abc",), {"encode_chunked": False}),
        ("_send_output", (b"abc",), {"encode_chunked": False}),
        ("send", (head,), {}),
        ("connect", (), {}),
        ("send", (b"abc",), {}),
    ]
    assert [args for name, args, _ in cls.calls if name == "_output"] == [
        (line,) for line in head.split(b"\r\n")[:-2]]


def test_putrequest_gets_its_skips_as_keywords(module):
    cls = recorder(module, "putrequest")
    connection = connect(module, FakeSocket(REPLY), base=lambda _: cls)
    connection.request("GET", "/", headers={"host": "a", "Accept-Encoding": "gzip"})
    assert cls.calls == [
        ("putrequest", ("GET", "/"), {"skip_host": 1, "skip_accept_encoding": 1})]


@pytest.mark.parametrize("name", ["putrequest", "putheader", "endheaders", "send", "_send_request",
                                  "_send_output", "_output", "connect", "getresponse", "request"])
@pytest.mark.parametrize("how", ["class", "instance"])
def test_patched_methods_are_called(module, monkeypatch, name, how):
    """Tracers assign to the class after the import, mocks to one instance."""
    connection = connect(module, FakeSocket(REPLY))
    calls = []
    original = getattr(module.HTTPConnection, name)

    def method(self, *args, **kwargs):
        calls.append(name)
        return original(self, *args, **kwargs)

    if how == "class":
        monkeypatch.setattr(module.HTTPConnection, name, method)
    else:
        monkeypatch.setattr(connection, name, method.__get__(connection))
    connection.request("POST", "/", b"abc", {"A": "b"})
    assert connection.getresponse().read() == b"body"
    assert set(calls) == {name}
    assert connection.sock.bytes.endswith(b"Content-Length: 3\r\nA: b\r\n\r\nabc")


@pytest.mark.parametrize("over", [over_fake, over_socket])
@pytest.mark.parametrize("where", ["class", "instance"])
def test_send_is_patched_two_pieces(module, monkeypatch, where, over):
    """Who watches send() sees the head and the body apart."""
    pieces = []
    original = module.HTTPConnection.send

    def send(self, data):
        pieces.append(data)
        return original(self, data)

    def call(connection):
        if where == "instance":
            connection.send = send.__get__(connection)
        connection.request("POST", "/", b"abc")

    if where == "class":
        monkeypatch.setattr(module.HTTPConnection, "send", send)
    wire = over(module, call).wire
    assert len(pieces) == 2 and pieces[1] == b"abc" and pieces[0].endswith(b"\r\n\r\n")
    assert b"".join(pieces) == wire


class CountingSocket(socket.socket):
    """A real socket that keeps the sizes of what it is given to send."""

    def sendall(self, data, *flags):
        self.sizes.append(len(data))
        return super().sendall(data, *flags)


@pytest.mark.parametrize(("size", "pieces"), [(1, 1), (16_384, 1), (16_385, 2)])
@pytest.mark.parametrize("body", [bytes, bytearray])
def test_small_body_goes_out_with_the_head(module, size, pieces, body):
    """One call and one packet (COMPATIBILITY.md: the connection); http.client makes two."""
    ours, server = tcp_pair()
    with CountingSocket(fileno=ours.detach()) as sock, server:
        sock.sizes = []
        connection = connect(module, sock)
        connection.connect()
        connection.request("POST", "/", body(size))
        assert len(sock.sizes) == (pieces if module is httpclient else 2)
        assert server.makefile("rb").read(sum(sock.sizes)).endswith(b"\r\n\r\n" + bytes(size))


def test_overridden_send_output_may_empty_the_buffer(module):
    """botocore joins and empties the buffer itself."""
    class Connection(module.HTTPConnection):
        def _send_output(self, message_body=None, *args, **kwargs):
            assert type(self._buffer) is list
            self._buffer.extend((b"X: y", b"", b""))
            head = b"\r\n".join(self._buffer)
            del self._buffer[:]
            self.send(head)
            self.send(message_body)

    outcome = over_fake(module, lambda c: c.request("PUT", "/", b"abc"), base=lambda _: Connection)
    assert outcome.wire == (b"PUT / HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n"
                            b"Content-Length: 3\r\nX: y\r\n\r\nabc")


def test_assigned_buffer_is_used(module):
    """_buffer may be a subclass of list whose append() is watched, and may be rewritten."""
    class Lines(list):
        seen = []

        def append(self, line):
            self.seen.append(line)
            super().append(line)

    connection = connect(module, FakeSocket())
    connection._buffer = Lines()
    connection.putrequest("GET", "/")
    connection.putheader("A", "b", "c")
    connection._buffer[-1] = b"A: changed"
    connection.endheaders()
    assert Lines.seen == [b"GET / HTTP/1.1", b"Host: example.com", b"Accept-Encoding: identity",
                          b"A: b\r\n\tc"]
    assert connection.sock.bytes.endswith(b"identity\r\nA: changed\r\n\r\n")
    assert connection._buffer == []


def test_output_takes_any_line(module):
    connection = connect(module, FakeSocket())
    connection._output(b"anything")
    assert connection._buffer == [b"anything"]
    connection._send_output()
    assert connection.sock.bytes == b"anything\r\n\r\n"


def test_content_length_is_asked_through_self(module):
    class Connection(module.HTTPConnection):
        @staticmethod
        def _get_content_length(body, method):
            return 42

    outcome = over_fake(module, lambda c: c.request("GET", "/"), base=lambda _: Connection)
    assert b"\r\nContent-Length: 42\r\n" in outcome.wire


def test_is_text_is_asked_through_self(module):
    class Connection(module.HTTPConnection):
        @staticmethod
        def _is_textIO(stream):
            return hasattr(stream, "text")

    class Source:
        text = True
        blocks = ["\xe9", ""]

        def read(self, size):
            return self.blocks.pop(0)

    outcome = over_fake(module, lambda c: c.request("PUT", "/", Source()),
                        base=lambda _: Connection)
    assert outcome.wire.endswith(b"\r\n\r\n1\r\n\xe9\r\n0\r\n\r\n")


def test_host_and_port_are_properties(module):
    """urllib3 has `host` as a property; everything goes through self.host."""
    class Connection(module.HTTPConnection):
        @property
        def host(self):
            return self._dns_host.rstrip(".")

        @host.setter
        def host(self, value):
            self._dns_host = value

    calls = []
    connection = connect(module, FakeSocket(), "a.example.", base=lambda _: Connection)
    sock = FakeSocket()
    connection._create_connection = lambda *args: calls.append(args[0]) or sock
    connection.request("GET", "/")
    assert calls == [("a.example", 80)] and b"\r\nHost: a.example\r\n" in sock.bytes


def exchanged(module, base, reply, **keywords):
    """What the server sees of a GET over TCP, and the response, read."""
    ours, theirs = tcp_pair()
    with ours, theirs:
        connection = connect(module, ours, base=lambda _: base, **keywords)
        connection.connect()
        theirs.sendall(reply)
        connection.request("GET", "/")
        response = connection.getresponse()
        return theirs.recv(1000), response, response.read()


@pytest.mark.parametrize("name", ["putrequest", "send", "_HTTPConnection__state"])
def test_overridden_getattribute_and_setattr_are_used(module, name):
    """By the methods that Python has for it."""
    seen = []

    class Connection(module.HTTPConnection):
        def __getattribute__(self, name):
            seen.append(name)
            return super().__getattribute__(name)

        def __setattr__(self, name, value):
            seen.append(name)
            super().__setattr__(name, value)

    class Response(module.HTTPResponse):
        def __getattribute__(self, name):
            seen.append(name)
            return super().__getattribute__(name)

    Connection.response_class = Response
    assert exchanged(module, Connection, REPLY)[2] == b"body"
    assert name in seen and {"fp", "length", "_safe_read"} <= set(seen)


def test_tunnel_is_a_property(module):
    class Connection(module.HTTPConnection):
        _tunnel_host = property(lambda self: "far.example", lambda self, value: None)

    ours, theirs = tcp_pair()
    with ours, theirs:
        connection = Connection("a")
        connection.sock, connection._tunnel_port = ours, 80
        connection.request("GET", "/")
        assert b"\r\nHost: far.example\r\n" in theirs.recv(1000)


def test_strict_of_the_class_holds(module):
    """Python 2's connections had the attribute, and subclasses another value of it."""
    class Connection(module.HTTPConnection):
        strict = True

    if module is http.client:
        pytest.skip("it is not strict")
    with pytest.raises(httpclient.BadStatusLine):
        exchanged(module, Connection, b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")


SETTINGS = [("strict", True, httpclient.BadStatusLine), ("deadline", -1, TimeoutError)]
LF = b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"


@pytest.mark.parametrize(("name", "value", "error"), SETTINGS)
@pytest.mark.parametrize("where", ["subclass", "subclass, without its constructor",
                                   "subclass, later", "HTTPConnection", "object", "keyword"])
def test_setting_takes_effect_wherever_it_is(module, name, value, error, where, monkeypatch):
    if module is http.client:
        pytest.skip("it has no such settings")

    class Connection(module.HTTPConnection):
        pass

    if "constructor" in where:
        Connection.__init__ = lambda self, *args: vars(self).update(
            vars(module.HTTPConnection(*args)))
    cls = module.HTTPConnection if where == "HTTPConnection" else Connection
    if where in ("subclass", "subclass, without its constructor", "HTTPConnection"):
        monkeypatch.setattr(cls, name, value)
    ours, theirs = tcp_pair()
    with ours, theirs:
        theirs.sendall(LF)
        connection = Connection("a", **({name: value} if where == "keyword" else {}))
        if where == "subclass, later":
            Connection.strict = Connection.deadline = None
            setattr(Connection, name, value)
        if where == "object":
            setattr(connection, name, value)
        connection.sock = ours
        assert getattr(connection, name) == value
        with pytest.raises(error):
            connection.request("GET", "/")
            connection.getresponse()


@pytest.mark.parametrize("copied", [copy.copy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_copy_of_a_connection_has_its_settings(module, copied):
    if module is http.client:
        pytest.skip("it has no such settings")
    connection = module.HTTPConnection("a", strict=True, deadline=5, timeout=1)
    second = copied(connection)
    assert (second.strict, second.deadline) == (True, 5)
    connection.strict = connection.deadline = None
    assert (second.strict, second.deadline) == (True, 5)


@pytest.mark.parametrize(("name", "value", "error"), [
    ("deadline", -1, TimeoutError), ("max_response_headers", 1, httpclient.HTTPException)])
def test_limit_is_a_property(module, name, value, error):
    if module is http.client:
        pytest.skip("it has no such thing before 3.15")
    base = type("Connection", (module.HTTPConnection,),
                {name: property(lambda self: value, lambda self, value: None)})
    with pytest.raises(error):
        exchanged(module, base, REPLY)


def test_classes_can_be_mixed_with_other_bases(module):
    """No layout conflict: mocks mix their own connection class into both."""
    class Mine(module.HTTPConnection):
        extra = True

    class Both(module.HTTPSConnection, Mine):
        pass

    class Odd(io.StringIO, module.HTTPConnection):
        pass

    assert Both("a").extra and Both("a").port == 443
    assert Odd.request is module.HTTPConnection.request


def test_any_attribute_can_be_set(module):
    connection = connect(module, FakeSocket(REPLY))
    connection.request("GET", "/")
    response = connection.getresponse()
    for thing in (connection, response, response.msg):
        thing.whatever = thing
        assert thing.__dict__["whatever"] is thing
