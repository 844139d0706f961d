# SPDX-License-Identifier: MIT
"""What tracers, mocks and subclasses see: prints, audit events, overridden and patched methods."""

import contextlib
import http.client
import io
import re
import socket
import sys

import httpclient
import pytest

from support.capture import FakeSocket, connect, over_fake, over_socket
from support.servers import ok, tcp_pair

MODULES = [http.client, httpclient]
REPLY = ok(b"body", "A: b")
CHUNKED = b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n1\r\nx\r\n0\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\nC: d\r\n\r\n"
pytestmark = pytest.mark.parametrize("module", MODULES)


# debuglevel

PRINTING = {
    "nothing": lambda: None,
    "bytes": lambda: b"abc",
    "much": lambda: b"x" * 20_000,
    "str": lambda: "abc",
    "list": lambda: [b"a", b"", b"bc"],
    "binary file": lambda: io.BytesIO(b"file"),
    "text file": lambda: io.StringIO("text \xe9"),
}


def conversation(module, body, reply, capsys, level=1, sock=None):
    """What is printed during one exchange, without the addresses of objects."""
    connection = connect(module, sock or FakeSocket(reply))
    connection.connect()
    connection.set_debuglevel(level)
    connection.request("POST", "/path", body, {"Name": "value"})
    connection.getresponse().read()
    return lines_printed(capsys)


def lines_printed(capsys):
    """Without addresses, and with one wording for what early 3.11 words otherwise."""
    text = re.sub(r" at 0x\w+", "", capsys.readouterr().out)
    return re.sub(r"(sendIng a read\(\)|reading a read)able", "sending a readable",
                  text).splitlines()


@pytest.mark.parametrize("reply", [REPLY, CHUNKED, INTERIM + REPLY],
                         ids=["plain", "chunked", "100"])
@pytest.mark.parametrize("body", PRINTING)
def test_debuglevel_prints_the_same(module, body, reply, capsys):
    def compared(lines):    # newer versions leave the empty line out of this list
        return [line.replace(r", b'\r\n'", "") if line.startswith("headers:") else line
                for line in lines]

    printed = conversation(module, PRINTING[body](), reply, capsys)
    theirs = conversation(http.client, PRINTING[body](), reply, capsys)
    assert compared(printed) == compared(theirs)
    assert [line.split(":")[0] for line in printed][-2:] == ["header", "header"]
    ours, server = tcp_pair()   # head and body go out together, but nobody may see that
    with ours, server:
        server.sendall(reply)
        over_tcp = conversation(module, PRINTING[body](), reply, capsys, sock=ours)
    assert over_tcp == printed


def test_what_debuglevel_prints(module, capsys):
    printed = conversation(module, [b"a", b""], INTERIM + CHUNKED, capsys)
    assert printed.pop(6) in (r"headers: [b'C: d\r\n']", r"headers: [b'C: d\r\n', b'\r\n']")
    assert printed == [
        "Unable to determine size of [b'a', b'']",
        r"send: b'POST /path HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: identity\r\n"
        r"Transfer-Encoding: chunked\r\nName: value\r\n\r\n'",
        r"send: b'1\r\na\r\n'",
        "Zero length chunk ignored",
        r"send: b'0\r\n\r\n'",
        r"reply: 'HTTP/1.1 100 Continue\r\n'",
        r"reply: 'HTTP/1.1 201 Made\r\n'",
        "header: Transfer-Encoding: chunked",
        "header: A: b",
    ]


def test_debuglevel_0_prints_nothing(module, capsys):
    for body in PRINTING.values():
        assert conversation(module, body(), INTERIM + REPLY, capsys, level=0) == []


def test_debuglevel_on_the_class(module, monkeypatch, capsys):
    monkeypatch.setattr(module.HTTPConnection, "debuglevel", 1)
    connection = connect(module, FakeSocket(REPLY))
    connection.request("GET", "/")
    connection.getresponse()
    assert capsys.readouterr().out.count("\n") == 4


def test_debuglevel_of_send(module, capsys):
    connection = connect(module, FakeSocket())
    connection.set_debuglevel(1)
    for data in (b"abc", io.BytesIO(b"def"), io.StringIO("\xe9"), [b"g"]):
        connection.send(data)
    assert lines_printed(capsys) == [
        "send: b'abc'",
        "send: <_io.BytesIO object>", "sending a readable",
        "send: <_io.StringIO object>", "sending a readable", "encoding file using iso-8859-1",
        "send: [b'g']"]
    assert connection.sock.bytes == b"abcdef\xe9g"


def test_print_of_the_module_is_used(module, monkeypatch, capsys):
    """Programs send the debug output to a logger by assigning `print`."""
    lines = []
    monkeypatch.setattr(module, "print", lambda *args: lines.append(args), raising=False)
    assert conversation(module, b"abc", REPLY, capsys) == []
    assert lines[0][0] == "send:" and ("header:", "A:", "b") in lines
    assert ("reply:", repr("HTTP/1.1 200 OK\r\n")) in lines


# audit events

class Auditor:
    """Hooks cannot be removed: one for all tests, which listens only inside `with`."""

    def __init__(self):
        self.events = None
        sys.addaudithook(self.hook)

    def hook(self, name, args):
        if self.events is not None and name.startswith("http.client."):
            self.events.append((name, *args))

    @contextlib.contextmanager
    def listening(self, events=None):
        self.events = [] if events is None else events
        try:
            yield self.events
        finally:
            self.events = None


@pytest.fixture(scope="module")
def auditor():
    return Auditor()


@pytest.mark.parametrize("body", PRINTING)
def test_audit_events(module, body, auditor):
    def heard(sock):
        """What the events of one request tell of its pieces."""
        connection = connect(module, sock, "example.com", 81)
        with auditor.listening() as events:
            connection.connect()
            connection.request("POST", "/", PRINTING[body]())
        assert events[0] == ("http.client.connect", connection, "example.com", 81)
        assert all(name == "http.client.send" and who is connection for name, who, _ in events[1:])
        return [bytes(data) for *_, data in events[1:]]

    fake = FakeSocket()
    pieces = heard(fake)
    assert pieces[0].endswith(b"\r\n\r\n") and b"".join(pieces) == fake.bytes
    ours, server = tcp_pair()
    with server, server.makefile("rb") as file:
        with ours:
            assert heard(ours) == pieces    # however they are sent
        assert file.read() == b"".join(pieces)


def test_audit_event_of_what_send_is_given(module, auditor):
    connection = connect(module, FakeSocket())
    data = [b"a", b"b"]
    with auditor.listening() as events:
        connection.send(data)
        connection.send(io.BytesIO(b"c"))
    assert [event[2] for event in events if event[0] == "http.client.send"] == [data, b"c"]


class Refusing(list):
    """In the place of the auditor's events: whatever is heard is refused."""

    def append(self, event):
        raise PermissionError(event[0])


def test_audit_hook_can_refuse(module, auditor):
    """The event comes before the act."""
    connection = connect(module, FakeSocket())
    with auditor.listening(Refusing()):
        with pytest.raises(PermissionError, match=r"http\.client\.connect"):
            connection.request("GET", "/")
    assert connection.sock is None
    connection.connect()
    with auditor.listening(Refusing()):
        with pytest.raises(PermissionError, match=r"http\.client\.send"):
            connection.send(b"abc")
    assert connection.sock.pieces == []


# overridden methods

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


@pytest.mark.parametrize("over", [over_fake, over_socket])
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


def test_skips_are_keywords(module):
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


def test_send_output_overridden(module):
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


def test_buffer_is_watched(module):
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
def test_attributes_are_watched(module, name):
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


def test_strict_is_the_classs(module):
    """Python 2's connections had the attribute, and subclasses another value of it."""
    class Connection(module.HTTPConnection):
        strict = True

    if module is http.client:
        pytest.skip("it is not strict")
    with pytest.raises(httpclient.BadStatusLine):
        exchanged(module, Connection, b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")


@pytest.mark.parametrize(("name", "value", "error"), [
    ("deadline", -1, TimeoutError), ("max_response_headers", 1, httpclient.HTTPException)])
def test_limit_is_a_property(module, name, value, error):
    if module is http.client:
        pytest.skip("it has no such thing before 3.15")
    base = type("Connection", (module.HTTPConnection,),
                {name: property(lambda self: value, lambda self, value: None)})
    with pytest.raises(error):
        exchanged(module, base, REPLY)


def test_two_bases(module):
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
