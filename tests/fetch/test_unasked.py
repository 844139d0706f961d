# SPDX-License-Identifier: MIT
"""Bytes that a Fetcher has not asked for end a connection; they are never part of an answer.

They come with the answer, right after it, or while the connection is idle; and so does the end of
the stream.  Then the next request begins on another connection.
"""

import contextlib
import socket

import pytest

import httpclient
from support import arrive, fetched
from support.faults import tls_in_memory, wait_for_the_end
from support.servers import Server, ok, read_head, serving

SMUGGLED = b"HTTP/1.1 200 smuggled\r\nContent-Length: 8\r\n\r\nsmuggled"
UNASKED = {"a response": SMUGGLED, "an empty line": b"\r\n", "one byte": b"x",
           "an interim response": b"HTTP/1.1 103 x\r\n\r\n"}
# The size of the buffer that a Fetcher receives into.
BUFFER = 65536

unasked = pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)


@contextlib.contextmanager
def connected(count, **options):
    """(a Fetcher with these connections to one origin, the servers' ends of them)."""
    with contextlib.ExitStack() as stack:
        pairs = [arrive.Pair(b"") for _ in range(count)]
        for pair in pairs:
            stack.enter_context(pair)
        fetcher = stack.enter_context(httpclient.Fetcher(per_host=1, timeout=5, **options))
        left = [pair.sock for pair in pairs]

        def race(transfer, key):
            sock = left.pop(0)
            sock.setblocking(False)
            return fetched.Opened(sock)

        fetcher._opening.race = race
        yield fetcher, [pair.peer for pair in pairs]


def fetch(fetcher, peer, reply):
    """The answer to a request for which the peer sends `reply`."""
    fetcher.add("http://a.example/")
    fetcher.turn(0)
    assert peer.recv(1000).startswith(b"GET / ")
    peer.sendall(reply)
    (answer,) = fetcher
    return answer


FRAMED = {
    "length": ok(b"first"), "no content": ok(b""),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n",
    "204": b"HTTP/1.1 204 x\r\n\r\n",
}


@unasked
@pytest.mark.parametrize("first", FRAMED.values(), ids=FRAMED)
def test_bytes_that_come_with_the_answer_end_the_connection(first, unasked):
    with connected(2) as (fetcher, (one, two)):
        answer = fetch(fetcher, one, first + unasked)
        assert (answer.error, answer.content) == (None, b"first" if b"first" in first else b"")
        assert fetcher.open == 0
        answer = fetch(fetcher, two, ok(b"second"))
        assert (answer.error, answer.content, answer.reused) == (None, b"second", False)


@pytest.mark.parametrize("turns", [0, 1], ids=["unseen", "seen"])
@pytest.mark.parametrize("event", [*UNASKED, "end of the stream"])
def test_news_on_an_idle_connection_end_it(event, turns):
    with connected(2) as (fetcher, (one, two)):
        assert fetch(fetcher, one, ok(b"first")).content == b"first"
        assert fetcher.open == 1
        if event in UNASKED:
            one.sendall(UNASKED[event])
        else:
            one.shutdown(socket.SHUT_WR)
        for _ in range(turns):
            fetcher.turn(0)
            assert fetcher.open == 0
        answer = fetch(fetcher, two, ok(b"second"))
        assert (answer.error, answer.content, answer.reused) == (None, b"second", False)


@unasked
@pytest.mark.parametrize("size", [BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_bytes_after_a_full_buffer_are_not_the_next_answer(framing, size, unasked):
    """The next request waits for this connection, and begins at once."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    content = b"x" * (size - len(head % size))
    first = head % len(content) + content
    if framing == "chunked":
        head, end = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"\r\n0\r\n\r\n"
        content = b"x" * (size - len(head + end) - len(b"000fffff\r\n"))
        first = head + b"%08x\r\n" % len(content) + content + end
    assert len(first) == size
    with connected(2) as (fetcher, (one, two)):
        for peer in (one, two):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        fetcher.add("http://a.example/1")
        fetcher.add("http://a.example/2")
        fetcher.turn(0)
        one.setblocking(False)
        assert one.send(first + unasked) == len(first + unasked)
        answer = next(fetcher)
        assert (answer.error, len(answer.content)) == (None, len(content))
        fetcher.turn(0)
        assert two.recv(1000).startswith(b"GET /2 ")
        two.sendall(ok(b"second"))
        (answer,) = fetcher
        assert (answer.error, answer.content, answer.reused) == (None, b"second", False)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_waits_does_not_begin_on_a_connection_that_has_ended(method):
    """A GET may, since it is repeated."""
    with connected(2) as (fetcher, (one, two)):
        for number in (1, 2):
            fetcher.add(httpclient.Request(method, f"http://a.example/{number}"))
        fetcher.turn(0)
        one.sendall(ok(b"first"))
        one.shutdown(socket.SHUT_WR)
        assert next(fetcher).content == b"first"
        for _ in range(2):
            fetcher.turn(0)
        assert two.recv(1000).startswith(f"{method} /2 ".encode())
        two.sendall(ok(b"second"))
        (answer,) = fetcher
        assert (answer.error, answer.content, answer.reused) == (None, b"second", False)


class Records:
    """A handler that sends records of TLS in one piece; the later connections are good."""

    def __init__(self, context, *records):
        self.context = context
        self.records = records
        self.used = 0

    def __call__(self, sock):
        tls, outgoing, through = tls_in_memory(self.context, sock)
        while through(tls.read, 65536):
            records = [ok(b"second")] if self.used else self.records
            self.used += 1
            for record in records:
                tls.write(record)
            sock.sendall(outgoing.read())


@unasked
def test_bytes_in_the_next_record_of_tls_are_not_the_next_answer(certificates, unasked):
    handler = Records(certificates.server(), ok(b"first"), unasked)
    with Server(handler) as server, httpclient.Fetcher(
            per_host=1, timeout=5, ssl_context=certificates.client()) as fetcher:
        for _ in range(2):
            fetcher.add(f"https://localhost:{server.port}/")
        seen = [(answer.error, answer.content, answer.reused) for answer in fetcher]
        assert seen == [(None, b"first", False), (None, b"second", False)]


def test_session_tickets_after_an_answer_do_not_end_a_connection(certificates):
    with serving(*[ok(b"x")] * 6, tls=certificates.server()) as server, httpclient.Fetcher(
            per_host=1, timeout=5, ssl_context=certificates.client()) as fetcher:
        for _ in range(3):
            fetcher.add(f"https://localhost:{server.port}/")
        assert [answer.reused for answer in fetcher] == [False, True, True]
        for _ in range(3):
            fetcher.add(f"https://localhost:{server.port}/")
            assert [answer.reused for answer in fetcher] == [True]


# --- which connections are used again ------------------------------------------------------------

REPLIES = {
    "HTTP/1.1": (ok(b"x"), True),
    "HTTP/1.1, close": (ok(b"x", "Connection: close"), False),
    "HTTP/1.0": (ok(b"x", version="HTTP/1.0"), False),
    "HTTP/1.0, keep-alive": (ok(b"x", "Connection: keep-alive", version="HTTP/1.0"), True),
    "HTTP/1.0, close": (ok(b"x", "Connection: close", version="HTTP/1.0"), False),
    "304": (b"HTTP/1.1 304 x\r\nContent-Length: 10\r\n\r\n", True),
    "101": (b"HTTP/1.1 101 x\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n", False),
}


@pytest.mark.parametrize(("reply", "is_kept"), REPLIES.values(), ids=REPLIES)
def test_the_answer_says_whether_the_connection_is_used_again(reply, is_kept):
    with connected(2) as (fetcher, peers):
        answer = fetch(fetcher, peers[0], reply)
        assert answer.error is None and answer.status in (200, 101, 304)
        assert fetcher.open == is_kept
        answer = fetch(fetcher, peers[0 if is_kept else 1], ok(b"second"))
        assert (answer.content, answer.reused) == (b"second", is_kept)


class Persists:
    """A handler that answers whatever is asked, and notes how often on each connection."""

    def __init__(self):
        self.counts = []

    def __call__(self, sock):
        number = len(self.counts)
        self.counts.append(0)
        with sock.makefile("rb", 0) as file:
            while read_head(file):
                self.counts[number] += 1
                sock.sendall(ok(b"x"))
        wait_for_the_end(sock)


def test_a_request_that_announces_the_end_is_the_last_on_its_connection():
    with Server(Persists()) as server, httpclient.Fetcher(per_host=1) as fetcher:
        url = f"http://127.0.0.1:{server.port}/"
        for headers in ({}, {"Connection": "close"}, {"connection": "x, Close"}, {}, {}):
            fetcher.add(httpclient.Request("GET", url, headers=headers))
        assert [answer.reused for answer in fetcher] == [False, True, False, False, True]
        assert server.handle.counts == [2, 1, 2]
