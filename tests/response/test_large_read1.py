# SPDX-License-Identifier: MIT
"""read1(n) with a large `n`: one receive, straight into the bytes that it returns."""

import contextlib
import io
import socket
import tracemalloc

import pytest

import httpclient
from support import arrive
from support.servers import PATIENCE, ok, serving
from support.ways import in_each_way

OK = b"HTTP/1.1 200 OK\r\n"
MOST = 64 * 1024                        # the most bytes that one call returns
STORE = 16 * 1024                       # the room for a receive that is not large
CONTENT = bytes(range(250)) * 120       # fits into the buffer of a socket pair
FRAMINGS = {
    "length": (OK + b"Content-Length: 30000\r\n\r\n", CONTENT),
    "to the end": (OK + b"\r\n", CONTENT),
    "one chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n7530\r\n", CONTENT + b"\r\n0\r\n\r\n"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n",
               b"5000\r\n%b\r\n2530\r\n%b\r\n0\r\n\r\n" % (CONTENT[:0x5000], CONTENT[0x5000:])),
}
framings = pytest.mark.parametrize(("head", "rest"), FRAMINGS.values(), ids=FRAMINGS)


class Counting(socket.socket):
    """Counts its receives, and raises `error` in place of the next one, once."""

    receives = 0
    error = None

    def recv_into(self, buffer, nbytes=0, flags=0):
        self.receives += 1
        error, self.error = self.error, None
        if error is not None:
            raise error
        return super().recv_into(buffer, nbytes, flags)


class Other:
    """A socket of another make, with a buffered file as gevent's sockets have it."""

    def __init__(self, sock):
        self._sock = sock

    def makefile(self, mode):
        return io.BufferedReader(socket.SocketIO(self._sock, "r"))


KINDS = {
    "socket": lambda sock: sock,
    "subclass": lambda sock: Counting(fileno=sock.detach()),
    "another make": Other,
}


@contextlib.contextmanager
def begun(head, kind=KINDS["socket"], client=httpclient):
    """(a response whose head has been received and nothing else, the server's end)."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    with near, far:
        far.sendall(head)
        response = client.HTTPResponse(kind(near))
        response.begin()
        with response:
            yield response, far


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("framing", ["length", "to the end", "one chunk"])
def test_read1_returns_all_bytes_that_have_arrived(framing, kind, client):
    head, rest = FRAMINGS[framing]
    with begun(head, kind, client) as (response, far):
        far.sendall(rest)
        assert response.read1(MOST) == CONTENT


@pytest.mark.parametrize("n", [STORE - 1, STORE, STORE + 1, 29_999, 30_000, 30_001, MOST, 1 << 62])
def test_read1_returns_no_more_than_n_bytes(n):
    with begun(FRAMINGS["to the end"][0]) as (response, far):
        far.sendall(CONTENT)
        assert response.fp.read1(n) == CONTENT[:n]
        far.shutdown(socket.SHUT_WR)
        assert response.read() == CONTENT[n:]


@pytest.mark.parametrize("framing", ["length", "one chunk"])
def test_read1_without_a_limit_returns_all_bytes_that_have_arrived(framing):
    head, rest = FRAMINGS[framing]
    with begun(head) as (response, far):
        far.sendall(rest)
        assert response.read1() == CONTENT


def test_read1_returns_received_bytes_without_another_receive():
    head, content = FRAMINGS["length"]
    with begun(head + content[:5]) as (response, far):
        far.sendall(content[5:])
        assert response.read1(MOST) == content[:5]
        assert response.read1(MOST) == content[5:]
        assert response.isclosed()


def test_read1_receives_once():
    head, content = FRAMINGS["to the end"]
    with begun(head, KINDS["subclass"]) as (response, far):
        sock = response.fp.raw._sock
        for number in range(1, 4):
            before = sock.receives
            far.sendall(content[:number])
            assert response.read1(MOST) == content[:number]
            assert sock.receives == before + 1
        far.shutdown(socket.SHUT_WR)
        assert response.read1(MOST) == b"" and response.isclosed()


CUTS = (0, 1, 2, 3, 5, 8, 100, STORE - 1, STORE, STORE + 1, 0x5000 + 5, 0x5000 + 7, 29_999, 30_000)
WAYS = {"whole": None, "whole, in a subclass": arrive.whole, "byte by byte": arrive.bytewise}


@framings
@in_each_way("cuts", WAYS)
def test_content_is_the_same_however_it_arrives(head, rest, cuts):
    with arrive.pair(head + rest, cuts) as arrival:
        arrival.deliver()
        with arrival.response(httpclient) as response:
            response.begin()
            assert b"".join(iter(lambda: response.read1(MOST), b"")) == CONTENT
            assert response.isclosed() and not response.incomplete


@framings
def test_content_is_the_same_in_two_pieces(head, rest):
    points = {len(head) + at for at in CUTS} | {len(head + rest) - at for at in range(12)}
    for point in points:
        with arrive.pair(head + rest, arrive.split_at(point)) as arrival:
            arrival.deliver()
            with arrival.response(httpclient) as response:
                response.begin()
                assert b"".join(iter(lambda: response.read1(MOST), b"")) == CONTENT, point


@framings
def test_content_over_tls_is_the_same(head, rest, contexts):
    for record in (4000, STORE, None):
        with arrive.tls(contexts, record)(head + rest) as arrival:
            arrival.deliver()
            with arrival.response(httpclient) as response:
                response.begin()
                assert b"".join(iter(lambda: response.read1(MOST), b"")) == CONTENT
                assert response.isclosed() and not response.incomplete


class Stop(Exception):
    """What is raised in place of a receive."""


@framings
def test_nothing_is_lost_by_an_exception_before_a_receive(head, rest):
    got, stopped = [], 0
    with begun(head, KINDS["subclass"]) as (response, far):
        sock = response.fp.raw._sock
        far.sendall(rest)
        far.shutdown(socket.SHUT_WR)
        while not response.isclosed():
            sock.error = None if len(got) < stopped else Stop()
            try:
                got.append(response.read1(MOST))
            except Stop:
                stopped += 1
    assert stopped and b"".join(got) == CONTENT and not response.incomplete


@framings
def test_nothing_is_lost_by_a_signal_handler_that_raises(head, rest):
    signal = pytest.importorskip("signal")
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs setitimer()")

    def stop(number, frame):
        raise Stop

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with begun(head) as (response, far):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Stop):
                response.read1(MOST)
            far.sendall(rest)
            far.shutdown(socket.SHUT_WR)
            assert b"".join(iter(lambda: response.read1(MOST), b"")) == CONTENT
            assert not response.incomplete
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_timeout_ends_the_reads_of_a_response():
    head, _ = FRAMINGS["length"]
    with begun(head) as (response, far):
        response.fp.raw._sock.settimeout(0.01)
        with pytest.raises(TimeoutError):
            response.read1(MOST)
        far.sendall(CONTENT)
        with pytest.raises(OSError, match="cannot read from timed out object"):
            response.read1(MOST)


def test_memory_is_bounded_by_what_arrives():
    """Neither a large `n` nor a large Content-Length takes more; short results are short."""
    head = OK + b"Content-Length: %d\r\n\r\n" % (1 << 62)
    with begun(head) as (response, far):
        tracemalloc.start()
        try:
            taken, _ = tracemalloc.get_traced_memory()
            pieces = []
            for n in (1 << 20, 1 << 62, -1) * 100:
                far.send(b"12345")
                pieces.append(response.read1(n))
            kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert pieces == [b"12345"] * 300
    assert kept - taken < 300 * 200
    assert peak - taken < MOST + 300 * 200


def test_bytes_after_the_content_are_not_taken_for_the_next_response():
    content = 2 * CONTENT       # The last receive is a large one.
    with serving(ok(content) + ok(b"forged"), ok(b"next")) as server:
        connection = httpclient.HTTPConnection(*server.address, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/")
            response = connection.getresponse()
            assert b"".join(iter(lambda: response.read1(MOST), b"")) == content
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"next"
