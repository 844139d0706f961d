# SPDX-License-Identifier: MIT
"""Costs that grow with what a server sends, and not with its square, where a caller raises limits.

Each case is run with n and with 16 n.  Linear work takes about 16 times as long, and quadratic work
256 times; anything below 64 passes.  What counts is the CPU time of this thread, and the best of
several runs, so that a busy machine does not matter.
"""

import contextlib
import http.client
import io
import threading
import time

import httpclient
import pytest
from httpclient import httplib

from support.servers import tcp_pair

FACTOR, BOUND, TRIES = 16, 64, 4
MUCH = 1 << 40
LIMITS = {"max_response_headers": MUCH, "max_response_head": MUCH, "max_response_line": MUCH,
          "max_interim_responses": MUCH, "max_chunk_overhead": MUCH}
OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def no_limits(monkeypatch):
    for name in "_MAXHEADERS", "_MAXLINE":
        monkeypatch.setattr(http.client, name, MUCH)


def seconds(work, prepared):
    began = time.thread_time()
    work(prepared)
    return time.thread_time() - began


def is_linear(prepare, work, n):
    """`prepare(n)` gives what `work()` takes; only the work is measured."""
    ratio = 0
    for _ in range(TRIES):
        small = min(seconds(work, prepare(n)) for _ in range(3))
        large = seconds(work, prepare(FACTOR * n))
        ratio = large / small
        if ratio < BOUND:
            return
    raise AssertionError(f"{FACTOR} times as much takes {ratio:.0f} times as long")


class BySteps(httpclient.HTTPResponse):
    """A response that is read by the single steps, since some of them are overridden."""

    def _read_status(self):
        return super()._read_status()

    def _safe_read(self, amt):
        return super()._safe_read(amt)


@contextlib.contextmanager
def answered(data, response_class=httpclient.HTTPResponse):
    """A response of these bytes, over a real socket."""
    ours, server = tcp_pair()
    sender = threading.Thread(target=server.sendall, args=(data,), daemon=True)
    connection = httpclient.HTTPConnection("a.example", **LIMITS)
    connection.response_class = response_class
    with ours, server, contextlib.closing(connection):
        connection.sock = ours
        sender.start()
        connection.request("GET", "/")
        yield connection.getresponse()
        sender.join(20)


def fed(data, size=100):
    parser = httpclient.ResponseParser(**LIMITS)
    for at in range(0, len(data), size):
        parser.feed(data[at:at + size])
    return parser


# what the n field lines of a head are
HEADS = {
    "one name": lambda n: (b"X: " + b"y" * 100 + b"\r\n") * n,
    "many names": lambda n: b"".join(b"X%d: y\r\n" % number for number in range(n)),
    "obs-fold": lambda n: b"X: y\r\n" + (b" " + b"z" * 100 + b"\r\n") * n,
    "obs-fold of nothing": lambda n: b"X: y\r\n" + b" \r\n" * n,
    "obs-fold of a skipped line": lambda n: b"junk\r\n" + b" y\r\n" * n,
    "no fields": lambda n: b"junk\r\n" * n,
    "blank before the colon": lambda n: b"X : y\r\n" * n,
    "lengths": lambda n: b"Content-Length: 0\r\n" * n,
    "list of lengths": lambda n: b"Content-Length: 0" + b", 0" * n + b"\r\n",
    "codings": lambda n: b"Transfer-Encoding: gzip" + b", gzip" * n + b"\r\n",
    "codings on lines": lambda n: b"Transfer-Encoding: gzip\r\n" * n,
    "options": lambda n: b"Connection: x" + b", x" * n + b"\r\n x\r\n",
}


def test_getheader_of_many_values():
    def prepare(n):
        return OK + (b"X: " + b"y" * 200 + b"\r\n") * n + EMPTY

    with contextlib.ExitStack() as stack:
        def answer(n):
            return stack.enter_context(answered(prepare(n)))

        is_linear(answer, lambda response: response.getheader("X"), 1000)


@pytest.mark.parametrize("lines", HEADS.values(), ids=HEADS)
def test_parse_headers_takes_linear_time(lines):
    is_linear(lambda n: io.BytesIO(lines(n) + b"\r\n"), httpclient.parse_headers, 500)


@pytest.mark.parametrize("lines", HEADS.values(), ids=HEADS)
def test_head_that_is_fed(lines):
    def work(data):
        parser = fed(data)
        assert parser.headers is not None

    is_linear(lambda n: OK + lines(n) + EMPTY, work, 500)


@pytest.mark.parametrize("response_class", [httpclient.HTTPResponse, BySteps],
                         ids=["at once", "by steps"])
@pytest.mark.parametrize("head", [b"HTTP/1.1 103 x\r\nA: b\r\n\r\n", b"HTTP/1.1  102 x\n\n"],
                         ids=["regular", "odd"])
def test_interim_responses_take_linear_time(head, response_class):
    def work(data):
        with answered(data, response_class) as response:
            assert len(response.informational) > 1

    is_linear(lambda n: head * n + OK + EMPTY, work, 2000)


def test_interim_responses_that_are_fed():
    is_linear(lambda n: b"HTTP/1.1 103 x\r\n\r\n" * n + OK + EMPTY, fed, 2000)


@pytest.mark.parametrize("line", [b"A: b\r\n", b"A: b\r\n c\r\n"], ids=["lines", "obs-fold"])
def test_trailer_section_takes_linear_time(line):
    def work(data):
        with answered(data) as response:
            response.read()
            assert len(response.trailers) > 1

    is_linear(lambda n: CHUNKED + b"0\r\n" + line * n + b"\r\n", work, 500)


READS = {
    "read": lambda response: response.read(),
    "read(n)": lambda response: list(iter(lambda: response.read(3), b"")),
    "read1": lambda response: list(iter(response.read1, b"")),
    "readinto": lambda response: list(iter(lambda: response.readinto(bytearray(3)), 0)),
    "lines": lambda response: list(response),
    "peek": lambda response: list(iter(lambda: response.peek(1) and response.read(2), b"")),
}
BODIES = {
    "chunks": lambda n: CHUNKED + b"2\r\nab\r\n" * n + b"0\r\n\r\n",
    "chunks of a line": lambda n: CHUNKED + b"2\r\na\n\r\n" * n + b"0\r\n\r\n",
    "length": lambda n: OK + b"Content-Length: %d\r\n\r\n" % (2 * n) + b"a\n" * n,
}


@pytest.mark.parametrize("response_class", [httpclient.HTTPResponse, BySteps],
                         ids=["at once", "by steps"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_reading_content_takes_linear_time(read, body, response_class):
    def work(data):
        with answered(data, response_class) as response:
            read(response)
            assert response.isclosed()

    is_linear(body, work, 300)


def test_joined_values_of_httplib():
    def work(file):
        assert httplib.HTTPMessage(file)["x"].count(",") > 1

    is_linear(lambda n: io.BytesIO((b"X: " + b"y" * 100 + b"\r\n") * n + b"\r\n"), work, 500)


class Sink:
    """A socket that takes everything."""

    def sendall(self, data):
        pass

    def close(self):
        pass


REQUESTS = {
    "fields": lambda connection, n: connection.request(
        "GET", "/", headers={f"X{number}": "y" for number in range(n)}),
    "values": lambda connection, n: (
        connection.putrequest("GET", "/"), connection.putheader("X", *["y"] * n),
        connection.endheaders()),
    "pieces": lambda connection, n: connection.request("POST", "/", [b"x"] * n),
}


@pytest.mark.parametrize("send", REQUESTS.values(), ids=REQUESTS)
def test_sending_a_request_takes_linear_time(send):
    def work(n):
        connection = httpclient.HTTPConnection("a.example")
        connection.sock = Sink()
        send(connection, n)

    is_linear(lambda n: n, work, 500)
