# SPDX-License-Identifier: MIT
"""What a connection tells of its doings: the prints of debuglevel, and audit events."""

import http.client
import io
import re
import sys

import httpclient
import pytest

from support.auditing import the_auditor
from support.capture import FakeSocket, connect
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
    printed = conversation(module, PRINTING[body](), reply, capsys)
    theirs = conversation(http.client, PRINTING[body](), reply, capsys)
    assert printed == theirs
    assert [line.split(":")[0] for line in printed][-2:] == ["header", "header"]
    ours, server = tcp_pair()   # Head and body are sent together, but the events must not show it.
    with ours, server:
        server.sendall(reply)
        over_tcp = conversation(module, PRINTING[body](), reply, capsys, sock=ours)
    assert over_tcp == printed


def test_debuglevel_prints_requests_and_heads(module, capsys):
    printed = conversation(module, [b"a", b""], INTERIM + CHUNKED, capsys)
    assert printed.pop(6) == (r"headers: [b'C: d\r\n']" if sys.version_info >= (3, 15)
                              else r"headers: [b'C: d\r\n', b'\r\n']")
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


def test_debuglevel_prints_each_call_of_send(module, capsys):
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

@pytest.fixture
def auditor():
    return the_auditor()


@pytest.mark.parametrize("body", PRINTING)
def test_audit_events_are_those_of_http_client(module, body, auditor):
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


def test_audit_event_has_the_data_given_to_send(module, auditor):
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
