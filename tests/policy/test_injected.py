# SPDX-License-Identifier: MIT
"""An exception at every step of a request and of a read: what comes next is right, or refused.

Ctrl-C, an alarm's handler, a lack of memory, an audit hook or a subclass's method may raise
anywhere.  Afterwards the connection is idle with an empty buffer, or closed: no line of the
request goes out with the next one, and no response is taken for another one's.
"""
import contextlib
import http.client
import io
import os
import socket
import subprocess
import sys
import threading

import pytest

import httpclient
from support.inject import each_step, tolerated
from support.servers import read_head

# A socket whose close() was interrupted.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning",
                                        "ignore::pytest.PytestUnraisableExceptionWarning")

INSTALLED = "HTTPCLIENT_INJECTED_INSTALLED"     # in the environment
CONTENT = b"one\ntwo\nend"
CHUNKS = b"".join(b"%x\r\n%b\r\n" % (len(CONTENT[at:at + 5]), CONTENT[at:at + 5])
                  for at in range(0, len(CONTENT), 5)) + b"0\r\n\r\n"
FRAMINGS = {
    "length": b"Content-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT,
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "to the end": b"Connection: close\r\n\r\n" + CONTENT,
}


class World:
    """Servers at the other end of socket pairs: each request is answered by its own target."""

    def __init__(self):
        self.requests = []
        self.problems = []
        self.answers = {}       # target -> the response but its status line
        self.ends = []

    def connect(self, *args):
        near, far = socket.socketpair()
        near.settimeout(5)
        self.ends.append(far)
        threading.Thread(target=self.serve, args=(far,), daemon=True).start()
        return near

    def serve(self, far):
        with far, contextlib.suppress(OSError, ValueError), far.makefile("rb") as file:
            while head := read_head(file):
                lines = head.split(b"\r\n")
                target = lines[0].split()[1]
                self.requests.append(head)
                if sum(b" HTTP/1.1" in line for line in lines) != 1:
                    self.problems.append(head)
                if lines[0].startswith(b"CONNECT"):
                    far.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    continue
                self.body(file, lines)
                answer = self.answers.get(target) or (
                    b"Content-Length: %d\r\n\r\n%b" % (len(target), target))
                far.sendall(b"HTTP/1.1 200 OK\r\n" + answer)
                if b"Connection: close" in answer:
                    return

    def body(self, file, lines):
        for line in lines:
            if line.startswith(b"Content-Length: "):
                file.read(int(line[16:]))
            if line.lower() == b"transfer-encoding: chunked":
                while size := int(file.readline(), 16):
                    file.read(size + 2)
                file.readline()


@contextlib.contextmanager
def world():
    made = World()
    try:
        yield made
    finally:
        for far in made.ends:
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def module():
    """httpclient, or http.client under install() in the process of the test below."""
    if INSTALLED not in os.environ:
        yield httpclient
    else:
        with httpclient.installed():
            yield http.client


@pytest.mark.skipif(INSTALLED in os.environ, reason="would run itself")
def test_installed_http_client_passes_these_tests():
    """In a process of its own: CPython 3.11 keeps a frame where a trace function raises in some
    places, and with it our functions on http.client's classes.
    """
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x", __file__],
        cwd=os.path.dirname(__file__), env={**os.environ, INSTALLED: "1"},
        capture_output=True, text=True, timeout=600)
    assert process.returncode == 0, process.stdout[-5000:]


def connection_of(module, world, base="HTTPConnection", **keywords):
    cls = getattr(module, base)
    connection = cls("in.memory", **keywords)
    connection._create_connection = world.connect
    return connection


def right_afterwards(connection, world, where, may_close=False):
    """The next request gets its own answer, on this connection."""
    try:
        try:
            connection.request("GET", "/next")
        except http.client.CannotSendRequest:
            if not may_close:
                raise
            connection.close()
            connection.request("GET", "/next")
        assert connection.getresponse().read() == b"/next"
        assert not world.problems
        connection.request("GET", "/last")
        assert connection.getresponse().read() == b"/last"
    except BaseException as error:
        raise AssertionError(f"after an exception at {where}: {error!r}; the server saw "
                             f"{world.requests[-3:]}") from error


class WithSteps:
    """Overridden methods, so that each step is taken by itself."""

    def putheader(self, *args):
        super().putheader(*args)

    def send(self, data):
        super().send(data)


def by_steps(connection):
    connection.putrequest("PUT", "/first")
    connection.putheader("X-Secret", "1")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders([b"some", b"body"], encode_chunked=True)


def bare_steps(connection):
    connection.putrequest("GET", "/first")
    connection.endheaders()


REQUESTS = {
    "plain": lambda connection: connection.request("GET", "/first"),
    "fields": lambda connection: connection.request("GET", "/first", headers={"A": "b", "C": 5}),
    "small body": lambda connection: connection.request("POST", "/first", b"body"),
    "large body": lambda connection: connection.request("POST", "/first", bytes(50_000)),
    "text": lambda connection: connection.request("POST", "/first", "body"),
    "blocks": lambda connection: connection.request("POST", "/first", iter([b"some", b"body"])),
    "file": lambda connection: connection.request("POST", "/first", io.BytesIO(b"body")),
    "text file": lambda connection: connection.request("POST", "/first", io.StringIO("body")),
    "own headers": lambda connection: connection.request(
        "GET", "/first", headers=http.client.HTTPMessage()),
    "steps": by_steps,
    "bare steps": bare_steps,
}


@pytest.mark.parametrize("kind", ["new", "reused", "overridden", "printing", "tunnel", "deadline"])
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_fails_anywhere(module, request_, kind):
    """And getresponse() after it: no part of it goes out with the next request."""
    def attempt(injection, world):
        keywords = {"deadline": 5} if kind == "deadline" and module is httpclient else {}
        cls = module.HTTPConnection
        if kind == "overridden":
            cls = type("Overridden", (WithSteps, cls), {})
        connection = cls("in.memory", **keywords)
        connection._create_connection = world.connect
        if kind == "tunnel":
            connection.set_tunnel("origin")
        if kind == "reused":
            connection.request("GET", "/earlier")
            assert connection.getresponse().read() == b"/earlier"
        if kind == "printing":
            connection.debuglevel = 1
        with contextlib.redirect_stdout(io.StringIO()), contextlib.closing(connection):
            response = None
            with tolerated(injection):
                request_(connection)
                response = connection.getresponse()
            if response is not None:
                assert response.read() == b"/first"
            # Between two calls only their caller knows how to go on.
            between = "steps" in request_.__name__ or "response (" in str(injection.where)
            right_afterwards(connection, world, injection.where, between)

    for injection in each_step():
        with world() as made:
            attempt(injection, made)


class Foreign:
    """A socket of another make, whose file is read by its own methods."""

    def __init__(self, sock):
        self.sock = sock

    def makefile(self, mode):
        return io.BufferedReader(self.sock.makefile(mode, 0))

    def sendall(self, data):
        self.sock.sendall(data)

    def close(self):
        self.sock.close()


def into(response):
    space = bytearray(7)
    while n := response.readinto(space):
        yield bytes(space[:n])


def peeked(response):
    while seen := response.peek():
        yield response.read(min(len(seen), 4))


READS = {
    "read": lambda response: iter([response.read()]),
    "read(4)": lambda response: iter(lambda: response.read(4), b""),
    "readinto": into,
    "read1": lambda response: iter(lambda: response.read1(6), b""),
    "readline": lambda response: iter(response.readline, b""),
    "readline(2)": lambda response: iter(lambda: response.readline(2), b""),
    "readlines": lambda response: iter(response.readlines()),
    "peek": peeked,
}


@pytest.mark.parametrize("kind", ["plain", "status", "chunk size", "foreign file"])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_read_that_fails_anywhere(module, read, framing, kind):
    """What is read after it is the rest of the content, or refused; the connection is usable."""
    cls = module.HTTPResponse
    if kind == "status":
        cls = type("Own", (cls,), {"_read_status": lambda self: super(cls, self)._read_status()})
    if kind == "chunk size":
        cls = type("Own", (cls,), {"_read_next_chunk_size":
                                   lambda self: super(cls, self)._read_next_chunk_size()})

    def attempt(injection, world):
        world.answers[b"/first"] = FRAMINGS[framing]
        connection = connection_of(module, world)
        connection.response_class = cls
        got, rest = [], []
        with contextlib.closing(connection):
            if kind == "foreign file":
                connection.sock = Foreign(world.connect())
            connection.request("GET", "/first")
            response = connection.getresponse()
            with tolerated(injection):
                for piece in read(response):
                    got.append(piece)
            if injection.done:
                with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                    rest.extend(iter(lambda: response.read(3), b""))
                assert CONTENT.startswith(b"".join(got))
                assert CONTENT.endswith(b"".join(rest)), (injection.where, got, rest)
                assert len(b"".join(got + rest)) <= len(CONTENT)
            else:
                assert b"".join(got) == CONTENT
            response.close()
            right_afterwards(connection, world, injection.where)

    for injection in each_step():
        with world() as made:
            attempt(injection, made)
