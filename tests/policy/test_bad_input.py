# SPDX-License-Identifier: MIT
"""Things that go wrong: the documented exception comes, and the connection can be used again.

Each test leaves its connection, closed or not as the case is, and makes a good request with it.
"""

import contextlib
import copy
import http.client
import pickle
import socket
import struct
import threading

import httpclient
import pytest

from support import arrive
from support.servers import Scripted, Server, nobody, serving
from support.ways import in_each_way

MODULES = [http.client, httpclient]
GOOD = Scripted.good
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def says(wire):
    """A server that sends this and leaves."""
    return lambda sock: sock.sendall(wire)


def resets(wire):
    """A server that sends this and then resets the connection."""
    def wrong(sock):
        sock.sendall(wire)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    return wrong


def stalls(wire):
    """A server that sends this and then nothing, until the client gives up."""
    def wrong(sock):
        sock.sendall(wire)
        while sock.recv(65536):
            pass
    return wrong


def usable(connection, server):
    """Makes a good request with it, whatever has happened."""
    connection.request("GET", "/again")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"all is well")
    assert server.accepted == 2


@contextlib.contextmanager
def going_wrong(module, wrong, timeout=20):
    """(server, connection) for a server that goes wrong once."""
    with Server(Scripted(wrong)) as server:
        connection = module.HTTPConnection(*server.address, timeout=timeout)
        with contextlib.closing(connection):
            yield server, connection


# Addresses

@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("failure", [
    socket.gaierror(socket.EAI_NONAME, "Name or service not known"), TimeoutError("timed out"),
    ConnectionRefusedError("no"), PermissionError("no")], ids=lambda e: type(e).__name__)
def test_failed_connect_can_be_tried_again(module, failure, monkeypatch):
    create_connection = socket.create_connection

    def fail(*args, **kwargs):
        raise failure

    with serving(GOOD, GOOD) as server:
        monkeypatch.setattr(socket, "create_connection", fail)
        connection = module.HTTPConnection("unknown.invalid")
        with pytest.raises(type(failure)) as caught:
            connection.request("GET", "/")
        assert caught.value is failure and connection.sock is None
        connection._create_connection = lambda *_: create_connection(server.address, 20)
        connection.close()      # http.client needs this
        with contextlib.closing(connection):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"all is well"


def test_failed_connect_leaves_the_connection_idle():
    """The connection is idle again (COMPATIBILITY.md: the connection)."""
    holder, address = nobody()
    with holder, serving(GOOD) as server:
        connection = httpclient.HTTPConnection(*address, timeout=20)
        with pytest.raises(ConnectionRefusedError):
            connection.request("GET", "/")
        connection.port = server.port
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"all is well"
        connection.close()


@pytest.mark.parametrize("module", MODULES)
def test_refused_connect_leaves_no_socket(module):
    holder, address = nobody()
    with holder:
        connection = module.HTTPConnection(*address, timeout=20)
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                connection.connect()
            assert connection.sock is None


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("port", ["no such service", "", None, -1, 70_000, 1.5, b"80", [80]])
def test_odd_ports_raise_at_connect_alone(module, port):
    """Whatever the socket module says to it, or a default."""
    try:
        connection = module.HTTPConnection("127.0.0.1", port, timeout=0.5)
    except Exception as error:
        raise AssertionError("a port that is given is not looked at before connect()") from error
    if port is None:
        assert connection.port == 80
    else:
        with pytest.raises((OverflowError, TypeError, OSError)):
            connection.connect()


@pytest.mark.parametrize("module", MODULES)
def test_invalid_timeouts_are_refused_at_connect(module):
    with serving(GOOD) as server:
        for timeout, error in [("5", TypeError), (-1, ValueError), ([], TypeError)]:
            with pytest.raises(error):
                module.HTTPConnection(*server.address, timeout=timeout).connect()


# Answers.  What is wrong -> the exception of getresponse() or read()

ANSWERS = [
    pytest.param(says(b""), http.client.RemoteDisconnected, id="nothing"),
    pytest.param(says(b"garbage\r\n\r\n"), http.client.BadStatusLine, id="garbage"),
    pytest.param(says(b"\x00" * 100 + b"\r\n\r\n"), http.client.BadStatusLine, id="zeros"),
    pytest.param(says(b"\r\n\r\n"), http.client.BadStatusLine, id="empty lines"),
    pytest.param(says(b"\x15\x03\x01\x00\x02\x02\x50"), http.client.BadStatusLine, id="TLS alert"),
    pytest.param(says(b"220 mail.example ESMTP\r\n"), http.client.BadStatusLine, id="SMTP"),
    pytest.param(says(b"HTTP/1.1\r\n\r\n"), http.client.BadStatusLine, id="no status"),
    pytest.param(says(b"HTTP/1.1 twohundred OK\r\n\r\n"), http.client.BadStatusLine, id="words"),
    pytest.param(says(b"HTTP/1.1 99 Low\r\n\r\n"), http.client.BadStatusLine, id="99"),
    pytest.param(says(b"HTTP/1.1 1000 High\r\n\r\n"), http.client.BadStatusLine, id="1000"),
    pytest.param(says(b"HTTP/3.0 200 OK\r\n\r\n"), http.client.UnknownProtocol, id="HTTP/3.0"),
    pytest.param(says(b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\n"), http.client.LineTooLong,
                 id="long status line"),
    pytest.param(says(HEAD + b"A: " + b"b" * 70_000 + b"\r\n\r\n"), http.client.LineTooLong,
                 id="long field line"),
    pytest.param(says(HEAD + b"A: b\r\n" * 101 + b"\r\n"), http.client.HTTPException,
                 id="many fields"),
    pytest.param(says(HEAD + b"Content-Length: 10\r\n\r\nhalf"), http.client.IncompleteRead,
                 id="short"),
    pytest.param(says(HEAD + b"Content-Length: 10\r\n\r\n"), http.client.IncompleteRead,
                 id="no body"),
    pytest.param(says(CHUNKED + b"5\r\nab"), http.client.IncompleteRead, id="cut chunk"),
    pytest.param(says(CHUNKED + b"zz\r\nab\r\n0\r\n\r\n"), http.client.IncompleteRead,
                 id="chunk size"),
    pytest.param(says(CHUNKED), http.client.IncompleteRead, id="no chunk"),
    pytest.param(resets(b""), ConnectionResetError, id="reset before the head"),
    pytest.param(resets(b"HTTP/1.1 200 OK\r\nA: "), ConnectionResetError, id="reset in the head"),
    pytest.param(resets(HEAD + b"Content-Length: 10\r\n\r\nhalf"), ConnectionResetError,
                 id="reset in the body"),
    pytest.param(resets(CHUNKED + b"5\r\nhello\r\n"), ConnectionResetError,
                 id="reset between chunks"),
]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(("wrong", "error"), ANSWERS)
def test_bad_answer_raises_and_the_connection_is_usable_after_close(module, wrong, error):
    with going_wrong(module, wrong) as (server, connection):
        with pytest.raises(error) as caught:
            connection.request("GET", "/")
            connection.getresponse().read()
        assert isinstance(caught.value, (OSError, module.HTTPException))
        connection.close()
        usable(connection, server)


# The answers after which httpclient needs no close(): all but network errors.
REFUSED = [param for param in ANSWERS if not param.id.startswith(("reset", "nothing"))]


@pytest.mark.parametrize(("wrong", "error"), REFUSED)
def test_bad_answer_needs_no_close_before_the_next_request(wrong, error):
    """http.client would stay in Request-sent (COMPATIBILITY.md: the connection)."""
    with going_wrong(httpclient, wrong) as (server, connection):
        connection.request("GET", "/")
        with pytest.raises(error):
            connection.getresponse().read()
        usable(connection, server)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("wire", [
    b"", b"HTTP/1.1 2", HEAD + b"A: b\r\n", HEAD + b"Content-Length: 10\r\n\r\n",
    HEAD + b"Content-Length: 10\r\n\r\nhalf", CHUNKED, CHUNKED + b"5\r\nab",
    CHUNKED + b"5\r\nabcde", CHUNKED + b"0\r\n", HEAD + b"\r\nuntil close",
], ids=["nothing", "status line", "fields", "no body", "half a body", "no chunk", "half a chunk",
        "no CRLF", "no trailer", "until close"])
def test_timeout_leaves_the_connection_usable_after_close(module, wire):
    with going_wrong(module, stalls(wire), timeout=0.1) as (server, connection):
        with pytest.raises(TimeoutError):
            connection.request("GET", "/")
            connection.getresponse().read()
        connection.close()
        connection.timeout = 20
        usable(connection, server)


@pytest.mark.parametrize("module", MODULES)
def test_read_after_a_timeout_is_refused(module):
    """Bytes may have been lost, so the file refuses, as socket.makefile()'s do."""
    with going_wrong(module, stalls(HEAD + b"Content-Length: 10\r\n\r\nfirst"), timeout=0.1) as (
            server, connection):
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read1() == b"first"
        with pytest.raises(TimeoutError):
            response.read1()
        with pytest.raises(OSError, match="cannot read from timed out object"):
            response.read()
        response.close()
        connection.close()
        connection.timeout = 20
        usable(connection, server)


@pytest.mark.parametrize("module", MODULES)
def test_server_closes_an_idle_connection(module):
    """The client hears of it with the next request; after close() all is well."""
    closing = threading.Event()

    def once(sock):
        sock.sendall(GOOD)
        sock.shutdown(socket.SHUT_RDWR)
        closing.set()

    with going_wrong(module, once) as (server, connection):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"all is well"
        assert closing.wait(20)
        try:
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"all is well"
        except (ConnectionError, module.RemoteDisconnected):
            connection.close()
            usable(connection, server)
        assert server.accepted == 2


@pytest.mark.parametrize("module", MODULES)
def test_server_that_answers_early_and_resets_gives_its_answer_or_an_error(module):
    """It answers 413 and resets; the request fails, or the answer is got."""
    def wrong(sock):
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with going_wrong(module, wrong) as (server, connection):
        with contextlib.suppress(ConnectionError):
            connection.request("POST", "/", b"x" * 30_000_000)
        with contextlib.suppress(ConnectionError):
            response = connection.getresponse()
            assert (response.status, response.read()) == (413, b"")
        connection.close()
        usable(connection, server)


@pytest.mark.parametrize("module", MODULES)
def test_close_in_the_middle(module):
    with going_wrong(module, stalls(HEAD + b"Content-Length: 10\r\n\r\nhalf")) as (server, conn):
        conn.request("GET", "/")
        response = conn.getresponse()
        assert response.read(2) == b"ha"
        response.close()
        conn.close()
        assert response.read() == b"" and response.isclosed()
        usable(conn, server)


# What exceptions say: what was expected, by which rule, and the octets that came.

X = b"x" * 5000
TOLD = [
    # octets -> class, what its text or that of its cause says, the octets that it names
    pytest.param(b"garbage\r\n\r\n", "BadStatusLine", "(RFC 9112 4)", b"garbage\r\n",
                 id="status line"),
    pytest.param(X + b"\r\n\r\n", "BadStatusLine", "(RFC 9112 4)", X[:100], id="long"),
    pytest.param(b"HTTP/1.1 200 O\rK\r\n\r\n", "BadStatusLine", "(RFC 9112 2.2)", b"O\rK\r\n",
                 id="CR in the status line"),
    pytest.param(b"HTTP/3.0 200 OK\r\n\r\n", "UnknownProtocol", "(RFC 9112 2.3)", b"HTTP/3.0",
                 id="version"),
    pytest.param(b"HTTP/" + X + b" 200 OK\r\n\r\n", "UnknownProtocol", "(RFC 9112 2.3)", X[:95],
                 id="long version"),
    pytest.param(HEAD + b"A\0: b\r\n\r\n", "BadHeaderLine", "(RFC 9110 5.5)", b"A\0: b",
                 id="NUL"),
    pytest.param(HEAD + b"Content-Length : 5\r\n\r\n", "BadHeaderLine", "(RFC 9112 5.1)",
                 b"Content-Length : 5", id="blank before the colon"),
    pytest.param(HEAD + b"Content-Length: 5, 6\r\n\r\n", "BadHeaderLine", "(RFC 9112 6.3)",
                 b"Content-Length: 5, 6", id="lengths that differ"),
    pytest.param(HEAD + b"Content-Length: " + b"1" * 700 + b"\r\n\r\n", "BadHeaderLine",
                 "(RFC 9110 8.6)", b"Content-Length: 1111", id="long length"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked, " + X[:60] + b", chunked\r\n\r\n",
                 "UnknownTransferEncoding", "(RFC 9112 6.1)", b"chunked, xxxx", id="chunked twice"),
    pytest.param(HEAD + b"A: " + b"b" * 70_000 + b"\r\n\r\n", "LineTooLong",
                 "more than 65536 bytes", b"A: bbbb", id="long field line"),
    pytest.param(HEAD + b"A: b\r\nC" * 2 + b"D: " + X, "IncompleteRead", "(RFC 9112 8)", X[:100],
                 id="cut in the head"),
    pytest.param(CHUNKED + b"zz\r\n" + X, "IncompleteRead", "(RFC 9112 7.1)", b"zz\r\n",
                 id="chunk size"),
    pytest.param(CHUNKED + b"1\r\nabc" + X, "IncompleteRead", "CRLF after chunk data expected",
                 b"bc", id="chunk data"),
    pytest.param(CHUNKED + b"1;" + X, "LineTooLong", "more than 4096 bytes", b"1;xxxx",
                 id="chunk extension"),
    pytest.param(CHUNKED + b"0\r\nA: b\r\nCut", "IncompleteRead", "(RFC 9112 8)", b"Cut",
                 id="cut in the trailer section"),
    pytest.param(CHUNKED + b"0\r\nA: " + b"b" * 70_000, "LineTooLong", "more than 65536 bytes",
                 b"A: bbbb", id="long trailer line"),
]
TOLD_STRICT = [
    pytest.param(b"HTTP/1.1  200 OK\r\n\r\n", "BadStatusLine", "strictly", b"HTTP/1.1  200",
                 id="strict: blanks"),
    pytest.param(HEAD + b"A: b\n\r\n", "BadHeaderLine", "(RFC 9112 2.2)", b"A: b", id="strict: LF"),
    pytest.param(HEAD + b"A b\r\n\r\n", "BadHeaderLine", "(RFC 9112 5)", b"A b",
                 id="strict: no colon"),
    pytest.param(HEAD + b"Content-Length: 9999999999999999999\r\n\r\n", "BadHeaderLine",
                 "(RFC 9110 8.6)", b"9999999999999999999", id="strict: length"),
    pytest.param(HEAD + b"Transfer-Encoding: x\r\n\r\n", "UnknownTransferEncoding", "(RFC 9112 7)",
                 b"x", id="strict: coding"),
    pytest.param(HEAD + b"A: b\r\n", "IncompleteRead", "(RFC 9112 8)", b"A: b\r\n",
                 id="strict: cut behind a field line"),
    pytest.param(CHUNKED + b"0\r\nA b\r\n\r\n", "IncompleteRead", "(RFC 9112 5)", b"A b",
                 id="strict: trailer line"),
]


def told(wire, strict, way):
    """The exception, and its text, or that of its cause."""
    with way(wire) as arrival:
        arrival.deliver()
        with httpclient.HTTPResponse(arrival.sock, strict=strict) as response:
            with pytest.raises(httpclient.HTTPException) as caught:
                response.begin()
                response.read()
    error = caught.value
    return error, str(error.__cause__ if error.__cause__ else error)


@in_each_way("way", {"socket": arrive.pair, "file": arrive.memory})
@pytest.mark.parametrize(("wire", "name", "rule", "named"), TOLD + TOLD_STRICT)
def test_exceptions_name_the_rule_and_the_bytes(wire, name, rule, named, way, request):
    error, text = told(wire, "strict" in request.node.callspec.id or None, way)
    assert type(error).__name__ == name
    assert rule in text
    assert repr(named)[2:-1] in text
    assert text.count("x") <= 101 and len(text) < 500       # 100 octets, and those of "expected"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy,
                                    lambda e: pickle.loads(pickle.dumps(e))],
                         ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize(("wire", "name", "rule", "named"), TOLD)
def test_copied_exceptions_keep_their_text(wire, name, rule, named, copied):
    error, text = told(wire, None, arrive.pair)
    other = copied(error)
    assert type(other) is type(error) and vars(other) == vars(error)
    assert (other.args, str(other), repr(other)) == (error.args, str(error), repr(error))
    assert str(other.__cause__ or other) == text


def test_pickle_drops_a_cause_that_cannot_be_pickled():
    error = httpclient.IncompleteRead(b"ab")
    error.__cause__ = ConnectionError(threading.Lock())
    assert pickle.loads(pickle.dumps(error)).partial == b"ab"
