# SPDX-License-Identifier: MIT
"""Who takes requests and content step by step, as urllib3, botocore and tracers do.

Each step is one call in C where nobody has replaced what it goes through; that it is, and that
what is replaced is called, looks the same beside http.client.
"""

import http.client
import socket
import sys
from functools import partial

import httpclient
import pytest
from httpclient._core.response_state import response_state
from httpclient._common.limits import DEFAULT

from support.capture import FakeSocket, connect
from support.servers import ok, tcp_pair

MODULES = [http.client, httpclient]
both = pytest.mark.parametrize("module", MODULES)

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 640\r\n\r\n" + 80 * b"0123456\n"
CHUNKED = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           + 10 * (b"40\r\n" + 8 * b"0123456\n" + b"\r\n") + b"0\r\n\r\n")


def python_calls(function):
    """The names of the Python functions that a call goes through, itself left out."""
    names = []

    def note(frame, event, arg):
        if event == "call" and frame.f_code is not function.__code__:
            names.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return names


# --- a request -----------------------------------------------------------------------------------

NAMES = ["putrequest", "putheader", "endheaders", "_output", "_send_output", "send", "connect",
         "_validate_method", "_validate_path", "_encode_request", "_validate_host", "close"]


def by_steps(connection, target="/a", body=None):
    connection.putrequest("PUT", target, skip_accept_encoding=body is not None)
    connection.putheader("A", "b")
    connection.putheader(b"B", b"c", 5)
    connection.putheader("Content-Length", len(body or b""))
    connection.endheaders(*([] if body is None else [body]))


def recording(module, names, calls):
    """A subclass that writes down each call of these methods, and makes it."""
    class Recorder(module.HTTPConnection):
        pass

    for name in names:
        def method(self, *args, _name=name, **kwargs):
            calls.append((_name, args, kwargs))
            return getattr(super(Recorder, self), _name)(*args, **kwargs)
        setattr(Recorder, name, method)
    return Recorder


def two_requests(module, names, target, body):
    """The calls of overridden methods, and what the server saw, of two requests by steps."""
    calls = []
    ours, theirs = tcp_pair()
    with ours, theirs, theirs.makefile("rb") as seen:
        connection = connect(module, ours, "a.example", 8080,
                             base=lambda _: recording(module, names, calls))
        connection.connect()
        sent = []
        for _ in range(2):
            by_steps(connection, target, body)
            head = b"".join(iter(seen.readline, b"\r\n"))
            sent.append((head, seen.read(len(body or b""))))
            theirs.sendall(ok(b"body"))
            response = connection.getresponse()
            assert response.read() == b"body"
        connection.close()
    return calls, sent


@pytest.mark.parametrize("names", [[], NAMES, *([name] for name in NAMES)],
                         ids=lambda names: "+".join(names) if len(names) < 2 else "all")
@pytest.mark.parametrize(("target", "body"), [
    ("/a", None), ("", None), ("/a", b"body"), ("http://b.example/x", None), ("https:x", None)])
def test_steps_are_those_of_http_client(names, target, body):
    calls, sent = two_requests(httpclient, names, target, body)
    reference, sent_there = two_requests(http.client, names, target, body)
    assert sent == sent_there
    assert calls == reference
    assert {name for name, *_ in calls} == set(names)


@both
@pytest.mark.parametrize("name", ["_output", "send", "putheader", "_encode_request"])
def test_a_step_is_replaced_between_two_requests(module, name):
    """On the one object, when its steps have been taken before."""
    ours, theirs = tcp_pair()
    with ours, theirs:
        connection = connect(module, ours)
        connection.connect()
        by_steps(connection)
        theirs.sendall(ok(b""))
        connection.getresponse().read()
        calls = []
        original = getattr(connection, name)
        setattr(connection, name, lambda *args: calls.append(args) or original(*args))
        by_steps(connection)
        assert calls
        assert theirs.recv(1000).count(b"PUT /a HTTP/1.1\r\n") == 2


@both
@pytest.mark.parametrize(("step", "error"), [
    (lambda c: c.putrequest("G\nT", "/"), ValueError),
    (lambda c: c.putrequest("GET", "/ a"), http.client.InvalidURL),
    (lambda c: c.putheader("A", "b"), http.client.CannotSendHeader),
    (lambda c: c.endheaders(), http.client.CannotSendHeader),
    (lambda c: (c.putrequest("GET", "/"), c.putrequest("GET", "/")), http.client.CannotSendRequest),
    (lambda c: (c.putrequest("GET", "/"), c.putheader("A", "b\r\nc")), ValueError),
    (lambda c: (c.putrequest("GET", "/"), c.putheader("A\n", "b")), ValueError),
])
def test_a_step_in_the_wrong_state_is_refused(module, step, error):
    with pytest.raises(error):
        step(connect(module, FakeSocket()))


def test_failing_putheader_leaves_the_connection_idle():
    """The connection is as it was; in http.client a new one is needed."""
    class Connection(httpclient.HTTPConnection):
        def putheader(self, name, value):
            raise KeyError(name)

    connection = connect(httpclient, FakeSocket(), base=lambda _: Connection)
    for _ in range(2):
        with pytest.raises(KeyError, match="Host"):
            connection.putrequest("GET", "/")
    assert connection._buffer == []


def test_the_server_has_closed_before_putrequest():
    """Nothing goes out on a connection that has ended meanwhile; another is opened."""
    ours, theirs = tcp_pair()
    again, there = tcp_pair()
    with ours, again, there:
        connection = connect(httpclient, ours)
        connection.connect()
        with theirs:
            by_steps(connection)
            theirs.sendall(ok(b""))
            connection.getresponse().read()
        connection._create_connection = lambda *_: again
        by_steps(connection)
        assert there.recv(1000).startswith(b"PUT /a HTTP/1.1\r\n")


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError])
def test_error_of_sendall_ends_the_connection_unless_the_server_answered(error):
    """A server that has had enough may have answered; any other error ends the connection."""
    class Full(socket.socket):
        def sendall(self, data):
            raise error

    ours, theirs = tcp_pair()
    with Full(fileno=ours.detach()) as sock, theirs:
        connection = connect(httpclient, sock)
        connection.connect()
        connection.putrequest("GET", "/")
        with pytest.raises(error):
            connection.endheaders()
        if error is ValueError:
            assert connection.sock is None
            return
        theirs.sendall(ok(b"enough"))
        assert connection.getresponse().read() == b"enough"


def test_each_step_is_one_call_in_c():
    ours, theirs = tcp_pair()
    with ours, theirs:
        connection = connect(httpclient, ours)
        connection.connect()
        by_steps(connection)
        theirs.sendall(ok(b""))
        before = connection.getresponse()
        before.read()

        def steps():
            connection.putrequest("GET", "/")
            connection.putheader("A", "b")
            connection.endheaders()

        assert python_calls(steps) == ["putrequest", "putheader", "endheaders"]


# --- a head ---------------------------------------------------------------------------------------

def received(module, wire, base=None):
    """A response over a socket, begun, whose content has arrived with the head."""
    ours, theirs = tcp_pair()
    theirs.sendall(wire)
    theirs.close()
    with ours:
        response = (base or module.HTTPResponse)(ours)
    response.begin()
    return response


@both
def test_overridden_read_status_keeps_the_framing_of_the_fields(module):
    """If a program has replaced _read_status(), the fields still decide."""
    class Response(module.HTTPResponse):
        def _read_status(self):
            line = self.fp.readline()
            return ("HTTP/1.0" if line.startswith(b"ICY") else "HTTP/1.1"), 200, "fine"

    for head, expected in {
        b"ICY 200 OK\r\nA: b\r\n\r\n": (10, False, None, True),
        b"ICY 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n": (
            10, False, 3, False),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n": (11, False, 3, False),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n": (
            11, False, 3, True),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n": (11, True, None, False),
        b"HTTP/1.1 200 OK\r\n\r\n": (11, False, None, True),
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 3\r\n\r\n": (11, False, 3, False),
    }.items():
        response = received(module, head + b"abc", Response)
        assert (response.version, response.chunked, response.length,
                bool(response.will_close)) == expected
        assert response.msg is response.headers and response.reason == "fine"
        assert len(response.headers) == head.count(b": ")
        response.close()


# --- content -------------------------------------------------------------------------------------

def into(response, size=8):
    space = bytearray(size)
    return bytes(space[:response.readinto(space)])


PIECES = {
    "read": lambda response: response.read(8),
    "readinto": into,
    "read1": lambda response: response.read1(8),
    "readline": lambda response: response.readline(),
}


@both
@pytest.mark.parametrize("wire", [LENGTH, CHUNKED], ids=["length", "chunked"])
def test_pieces_of_all_sizes_add_up(module, wire):
    """Calls of all kinds in turn, up to the end; then there is nothing."""
    response = received(module, wire)
    content = b""
    for size in (1, 3, 63, 64, 65, 0, 2, 130):
        content += response.read(size) + into(response, size) + response.read1(1)
    content += response.readline() + response.peek(1)[:0] + response.read1()
    while data := response.read(7):
        content += data
    assert content == 80 * b"0123456\n"
    assert response.isclosed()
    assert (response.read(1), response.read1(1), into(response), response.readline()) == 4 * (b"",)


@both
@pytest.mark.parametrize(("wire", "state"), [(LENGTH, "length"), (CHUNKED, "chunk_left")])
def test_length_and_chunk_left_count_down(module, wire, state):
    response = received(module, wire)
    whole = 640 if state == "length" else 64
    for call in ("read", "readinto", "read1"):
        assert PIECES[call](response) == b"0123456\n"
        whole -= 8
        assert getattr(response, state) == whole
    setattr(response, state, 3)     # and may be set
    assert response.read1(8) == b"012"
    if module is httpclient:    # http.client's read1() does not close in 3.11 and 3.12
        assert response.isclosed() == (state == "length")
    response.close()


@both
@pytest.mark.parametrize("call", ["read", "readinto"])
def test_a_chunk_step_is_replaced_between_two_reads(module, call):
    response = received(module, CHUNKED)
    assert PIECES[call](response) == b"0123456\n"
    steps = []
    original = response._get_chunk_left
    response._get_chunk_left = lambda: steps.append(1) or original()
    assert PIECES[call](response) == b"0123456\n"
    assert steps
    response.close()


@both
@pytest.mark.parametrize("over_file", [False, True])
def test_lines_continue_across_chunks(module, over_file):
    """Lines end at LF, with httpclient also at the limit, in whichever chunk that falls."""
    lines = [b"a" * n + b"\n" for n in (0, 1, 5, 30, 64, 2)]
    content = b"".join(lines) + b"rest"
    for size in (1, 2, 7, 64, 200):
        chunks = [content[i:i + size] for i in range(0, len(content), size)]
        wire = CHUNKED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"".join(
            b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        assert list(received(module, wire)) == [*lines, b"rest"]
        for limit in (1, 3, 31):
            response = received(module, wire)
            if over_file:
                response = module.HTTPResponse(FakeSocket(wire))
                response.begin()
            parts = list(iter(partial(response.readline, limit), b""))
            assert b"".join(parts) == content
            assert module is http.client or max(map(len, parts)) <= limit
            assert all(len(part) >= limit or part.endswith(b"\n") for part in parts[:-1])
            assert response.readline(0) == b""


@both
@pytest.mark.parametrize("name", ["peek", "read"])
def test_readline_goes_by_peek_and_read(module, name):
    """From chunks; replaced methods are called."""
    response = received(module, CHUNKED)
    assert response.readline() == b"0123456\n"
    calls = []
    original = getattr(response, name)
    setattr(response, name, lambda *args: calls.append(args) or original(*args))
    assert response.readline() == b"0123456\n"
    assert calls
    response.close()


@both
@pytest.mark.parametrize("call", PIECES)
def test_property_in_place_of_length_is_read_and_set(module, call):
    class Response(module.HTTPResponse):
        seen = []

        @property
        def length(self):
            return self._length

        @length.setter
        def length(self, value):
            self.seen.append(value)
            self._length = value

    response = received(module, LENGTH, Response)
    assert PIECES[call](response) == b"0123456\n"
    assert Response.seen[-2:] == [640, 632]
    response.close()


@both
@pytest.mark.parametrize("wire", [LENGTH, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("buffer", [b"abc", "abc", None, 5])
def test_readinto_refuses_a_buffer_that_is_not_writable(module, wire, buffer):
    response = received(module, wire)
    with pytest.raises((TypeError, BufferError)):
        response.readinto(buffer)
    response.close()


def test_the_framing_of_many_tiny_chunks_counts_in_pieces():
    """An extension in each chunk is framing, and more than ten times the content is too much."""
    ours, theirs = tcp_pair()
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with ours, theirs:
        response = httpclient.HTTPResponse(ours)
        response_state(response).limits = DEFAULT._replace(chunk_overhead=1000)
        theirs.sendall(wire + 100 * (b"1;" + 50 * b"a" + b"\r\nx\r\n"))
        response.begin()
        content = b""
        with pytest.raises(httpclient.IncompleteRead) as caught:
            while True:
                content += response.read(1)
        assert "ten times" in str(caught.value.__cause__)
        assert 0 < len(content) < 30
