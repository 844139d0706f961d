# SPDX-License-Identifier: MIT
"""Bodies of a Fetcher's requests are sent as by a connection; answers may come early."""

import array
import hashlib
import io
import itertools
import random
import socket

import pytest

import httpclient
from support import fetched
from support.servers import Replies, Server, ok, serving

LARGE = random.Random(7).randbytes(20_000_000)
SMALL = LARGE[:3000]


class Recording:
    """A handler that keeps the bytes of one request on each connection, and answers it."""

    def __init__(self):
        self.received = []

    def __call__(self, sock):
        octets = bytearray()
        while not self.is_whole(octets):
            octets += sock.recv(1 << 20)
        self.received.append(bytes(octets))
        sock.sendall(ok(b"taken", "Connection: close"))

    def is_whole(self, octets):
        head, end, body = bytes(octets[:2000]).partition(b"\r\n\r\n")
        if not end:
            return False
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b": ")
            if name == b"Content-Length":
                return len(octets) >= len(head) + 4 + int(value)
        return b"chunked" not in head or octets.endswith(b"\r\n0\r\n\r\n")


class Unseekable(io.RawIOBase):
    """A file of unknown size that gives a few bytes at a time."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def readable(self):
        return True

    def read(self, size=-1):
        return self._file.read(min(size, 700))


# Name -> a function that makes the body.
BODIES = {
    "none": lambda data: None,
    "bytes": lambda data: data,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array": lambda data: array.array("H", data[:len(data) // 2 * 2]),
    "str": lambda data: data.decode("latin-1"),
    "file": io.BytesIO,
    "text file": lambda data: io.TextIOWrapper(io.BytesIO(data), "latin-1", newline=""),
    "file of unknown size": Unseekable,
    "list": lambda data: [data[:5], b"", data[5:900], bytearray(data[900:])],
    "generator": lambda data: (data[at:at + 9000] for at in range(0, len(data), 9000)),
    "empty bytes": lambda data: b"",
    "empty generator": lambda data: iter(()),
}


def both(body, method="PUT", headers=None, opened=None):
    """The bytes of a request by a connection, and those by a Fetcher."""
    handler = Recording()
    with Server(handler) as server:
        connection = httpclient.HTTPConnection(server.host, server.port, blocksize=65536)
        connection.request(method, "/x", body(), headers or {})
        with connection.getresponse() as response:
            response.read()
        connection.close()
        with httpclient.Fetcher() as fetcher:
            if opened is not None:
                fetcher._opening.race = lambda transfer, key: fetched.Opened(opened(key))
            fetcher.add(httpclient.Request(
                method, f"http://127.0.0.1:{server.port}/x", body=body(), headers=headers))
            (answer,) = fetcher
    assert (answer.error, answer.content) == (None, b"taken")
    assert len(handler.received) == 2
    return handler.received


@pytest.mark.parametrize("method", ["PUT", "POST", "GET"])
@pytest.mark.parametrize("name", BODIES)
def test_the_bytes_of_a_request_are_those_of_a_connection(name, method):
    by_connection, by_fetcher = both(lambda: BODIES[name](SMALL), method)
    assert by_fetcher == by_connection


@pytest.mark.parametrize("name", ["bytes", "str", "file", "list", "generator", "memoryview"])
def test_a_large_body_is_sent_in_many_parts(name):
    by_connection, by_fetcher = both(lambda: BODIES[name](LARGE))
    assert hashlib.sha256(by_fetcher).digest() == hashlib.sha256(by_connection).digest()


class Reluctant(socket.socket):
    """A socket that takes few bytes at a time, and nothing every other time."""

    calls = 0

    def send(self, data):
        self.calls += 1
        if self.calls % 2:
            raise BlockingIOError
        return super().send(data[:1 + self.calls % 1500])


def reluctant(key):
    sock = socket.create_connection(key[1:])
    sock.setblocking(False)
    return Reluctant(fileno=sock.detach())


@pytest.mark.parametrize("name", ["bytes", "str", "array", "file", "list", "generator"])
def test_a_body_is_sent_in_parts_of_any_size(name):
    by_connection, by_fetcher = both(lambda: BODIES[name](LARGE[:200_000]), opened=reluctant)
    assert by_fetcher == by_connection


def test_headers_of_a_body_are_those_of_a_connection():
    for headers in ({"Content-Length": "3000"}, {"content-length": "3000", "X": "y"},
                    {"Connection": "close"}):
        by_connection, by_fetcher = both(lambda: SMALL, headers=headers)
        assert by_fetcher == by_connection


# --- repeated ------------------------------------------------------------------------------------

def fetched_twice(body, method="PUT", **options):
    """(the second answer, the requests) where the idle connection ends with the second request."""
    with serving(ok(b"first"), None, ok(b"again")) as server, httpclient.Fetcher(
            **options) as fetcher:
        url = f"http://127.0.0.1:{server.port}/"
        fetcher.add(url)
        assert [answer.content for answer in fetcher] == [b"first"]
        fetcher.add(httpclient.Request(method, url, body=body))
        (answer,) = fetcher
        return answer, server.handle.requests


@pytest.mark.parametrize("name", ["none", "bytes", "str", "memoryview", "file"])
def test_a_request_on_a_dead_connection_is_repeated_with_its_body(name):
    answer, requests = fetched_twice(BODIES[name](SMALL))
    assert (answer.error, answer.content, answer.reused) == (None, b"again", False)
    assert len(requests) == 3
    assert requests[2].body == requests[1].body == (b"" if name == "none" else SMALL)


def test_a_file_is_repeated_from_where_it_was():
    file = io.BytesIO(SMALL)
    file.seek(1000)
    answer, requests = fetched_twice(file)
    assert answer.content == b"again"
    assert [request.body for request in requests[1:]] == 2 * [SMALL[1000:]]


@pytest.mark.parametrize(("name", "method"), [
    ("generator", "PUT"), ("list", "PUT"), ("file of unknown size", "PUT"), ("bytes", "POST"),
    ("none", "POST"), ("bytes", "PATCH")])
def test_a_request_that_must_not_be_repeated_is_not(name, method):
    answer, requests = fetched_twice(BODIES[name](SMALL), method)
    assert isinstance(answer.error, httpclient.RemoteDisconnected)
    assert len(requests) == 2 and answer.reused and answer.status is None


def test_no_request_is_repeated_without_retries():
    answer, requests = fetched_twice(None, "GET", retries=0)
    assert isinstance(answer.error, httpclient.RemoteDisconnected)
    assert len(requests) == 2


def test_a_request_on_a_new_connection_is_not_repeated():
    with serving(None, ok()) as server, httpclient.Fetcher(retries=3) as fetcher:
        fetcher.add(f"http://127.0.0.1:{server.port}/")
        (answer,) = fetcher
        assert isinstance(answer.error, httpclient.RemoteDisconnected)
        assert len(server.handle.requests) == 1


class Leaves:
    """A handler that answers a few requests on each connection, and closes it without a word."""

    def __init__(self):
        self.taken = []
        self._count = itertools.count()

    def __call__(self, sock):
        left = next(self._count) % 5 + 1
        replies = Replies(*[self.answer] * left)
        replies(sock)

    def answer(self, request):
        self.taken.append((request.method, request.target))
        return ok(request.target.encode())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_request_is_answered_or_refused_once_by_a_server_that_leaves(method):
    handler = Leaves()
    with Server(handler) as server, httpclient.Fetcher(per_host=3) as fetcher:
        base = f"http://127.0.0.1:{server.port}"
        found = {}
        for answer in fetcher.fetch(
                httpclient.Request(method, f"{base}/{number}") for number in range(300)):
            assert answer.url not in found
            found[answer.url] = answer
    assert len(found) == 300
    for url, answer in found.items():
        target = url.removeprefix(base)
        times = handler.taken.count((method, target))
        if answer.error is None:
            assert answer.content == target.encode() and times == 1
        else:
            assert method == "POST" and isinstance(answer.error, OSError) and times == 0


# --- early answers -------------------------------------------------------------------------------

class Early:
    """A handler that answers after the head of a request, and reads no body."""

    def __init__(self, reply, leaves):
        self.reply = reply
        self.leaves = leaves
        self.heads = 0

    def __call__(self, sock):
        octets = b""
        while b"\r\n\r\n" not in octets:
            if not (piece := sock.recv(1000)):
                return
            octets += piece
        self.heads += 1
        sock.sendall(self.reply)
        if not self.leaves:
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1 << 20):
                pass


TOO_LARGE = {
    "close": ok(b"too large", "Connection: close", status="413 Content Too Large"),
    "keep-alive": ok(b"too large", status="413 Content Too Large"),
}


@pytest.mark.parametrize("leaves", [False, True], ids=["reads on", "resets"])
@pytest.mark.parametrize("reply", TOO_LARGE.values(), ids=TOO_LARGE)
@pytest.mark.parametrize("name", ["bytes", "file", "generator"])
def test_an_early_answer_comes_back(name, reply, leaves):
    with Server(Early(reply, leaves)) as server, httpclient.Fetcher() as fetcher:
        fetcher.add(httpclient.Request("POST", f"http://127.0.0.1:{server.port}/",
                                       body=BODIES[name](LARGE)))
        (answer,) = fetcher
        assert (answer.error, answer.status, answer.content) == (None, 413, b"too large")
        assert fetcher.open == 0
        assert server.handle.heads == 1


class Continues:
    """A handler that sends interim responses, some of them before the body has come."""

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            while line := file.readline():
                length = 0
                while line not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split()[1])
                    line = file.readline()
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n")
                body = file.read(length)
                sock.sendall(b"HTTP/1.1 102 z\r\n\r\n" + ok(b"%d" % len(body)))


def test_interim_responses_while_a_body_is_sent_are_not_the_answer():
    with Server(Continues()) as server, httpclient.Fetcher() as fetcher:
        for _ in range(2):
            fetcher.add(httpclient.Request("POST", f"http://127.0.0.1:{server.port}/", body=LARGE))
            (answer,) = fetcher
            assert (answer.error, answer.status) == (None, 200)
            assert answer.content == b"%d" % len(LARGE)
            assert [one.status for one in answer.informational] == [100, 103, 102]
        assert answer.reused and server.accepted == 1
