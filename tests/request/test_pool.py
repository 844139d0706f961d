# SPDX-License-Identifier: MIT
"""Pool: when a connection is used again, when it is closed, and how many there are."""

import gc
import http.client
import socket
import ssl
import threading
import time

import pytest

import httpclient
from httpclient.pool import PoolFull
from support.faults import wait_for_the_end
from support.pools import Paired, counts, url_of
from support.servers import PATIENCE, Replies, Server, echo, ok, read_request, serving

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


# --- the end of a response -----------------------------------------------------------------------

READS = {
    "read()": lambda response: response.read(),
    "read(n)": lambda response: [response.read(2) for _ in range(5)],
    "readinto": lambda response: [response.readinto(bytearray(2)) for _ in range(5)],
    "read1": lambda response: list(iter(response.read1, b"")),
    "lines": lambda response: response.readlines(),
    "peek": lambda response: list(iter(lambda: response.read(len(response.peek())), b"")),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("reply", [ok(b"hello"), CHUNKED], ids=["length", "chunked"])
def test_connection_is_reused_after_the_end_of_the_response(pool, reply, read):
    with serving(reply, reply) as server:
        for _ in range(2):
            response = pool.request("GET", url_of(server))
            assert counts(pool) == (1, 0)
            read(response)
            assert response.isclosed() and counts(pool) == (0, 1)
        assert server.accepted == 1


@pytest.mark.parametrize("end", [lambda response: response.close(),
                                 lambda response: response.read()], ids=["close", "read"])
@pytest.mark.parametrize(("method", "reply"), [
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ("GET", ok(b"")),
])
def test_response_without_content_ends_by_read_or_close(pool, method, reply, end):
    with serving(reply, ok(b"next")) as server:
        end(pool.request(method, url_of(server)))
        assert pool.request("GET", url_of(server)).read() == b"next"
        assert server.accepted == 1


def test_connection_is_closed_if_the_response_is_closed_early(pool):
    with serving(ok(b"hello"), ok(b"next")) as server:
        response = pool.request("GET", url_of(server))
        assert response.read(2) == b"he"
        response.close()
        assert counts(pool) == (0, 0)
        assert pool.request("GET", url_of(server)).read() == b"next"
        assert server.accepted == 2


@pytest.mark.parametrize("reply", [ok(b"hello"), CHUNKED], ids=["length", "chunked"])
def test_connection_is_closed_if_the_response_is_dropped(pool, reply):
    """By its references alone, without a garbage collection."""
    with serving(reply, ok(b"next")) as server:
        gc.disable()
        try:
            assert pool.request("GET", url_of(server)).status == 200
            assert counts(pool) == (0, 0)
        finally:
            gc.enable()
        assert pool.request("GET", url_of(server)).read() == b"next"
        assert server.accepted == 2


@pytest.mark.parametrize("amount", [None, 5], ids=["read()", "read(n)"])
@pytest.mark.parametrize("reply", [ok(b"hello"), CHUNKED], ids=["length", "chunked"])
def test_connection_is_closed_if_the_program_says_so(pool, reply, amount):
    with serving(reply, ok(b"next")) as server:
        response = pool.request("GET", url_of(server))
        response.will_close = True
        assert response.read(amount) == b"hello" and response.read() == b""
        assert counts(pool) == (0, 0)


@pytest.mark.parametrize(("name", "value"), [
    ("Connection", "close"), ("connection", "Close"), ("CONNECTION", "close")])
def test_connection_is_closed_if_the_request_says_so(pool, name, value):
    with serving(ok(b"hello")) as server:
        assert pool.request("GET", url_of(server), headers={name: value}).read() == b"hello"
        assert counts(pool) == (0, 0)


def test_connection_is_closed_if_its_file_is(pool):
    with serving(ok(b"hello")) as server:
        pool.request("GET", url_of(server)).fp.close()
        assert counts(pool) == (0, 0)


@pytest.mark.parametrize("reply", [
    ok(b"hello", "Connection: close"),
    ok(b"hello", version="HTTP/1.0"),
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
])
def test_connection_is_closed_if_the_response_says_so(pool, reply):
    with serving(reply, ok(b"next"), closing=[0]) as server:
        response = pool.request("GET", url_of(server))
        assert counts(pool) == (1, 0)
        assert response.read() == b"hello"
        assert counts(pool) == (0, 0)
        assert pool.request("GET", url_of(server)).read() == b"next"
        assert server.accepted == 2


def test_switching_protocols_ends_the_connection(pool):
    with serving(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ok(b"next")) as server:
        response = pool.request("GET", url_of(server))
        assert response.status == 101
        response.read()
        assert counts(pool) == (0, 0)


@pytest.mark.parametrize("surplus", [b"x", ok(b"forged")])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_bytes_after_the_response_end_the_connection(pool, surplus, read):
    with serving(ok(b"hello") + surplus, ok(b"next")) as server:
        read(pool.request("GET", url_of(server)))
        assert counts(pool) == (0, 0)
        assert pool.request("GET", url_of(server)).read() == b"next"
        assert server.accepted == 2


def test_bytes_on_an_idle_connection_are_no_response(pool):
    late = threading.Event()
    done = threading.Event()

    def handle(sock):
        with sock.makefile("rb") as file:
            read_request(file)
            sock.sendall(ok(b"one"))
            late.wait(PATIENCE)
            sock.sendall(ok(b"forged"))
            done.set()
            while request := read_request(file):
                sock.sendall(ok(request.target.encode()))

    with Server(handle) as server:
        assert pool.request("GET", url_of(server)).read() == b"one"
        late.set()
        done.wait(PATIENCE)
        # The server begins each connection with this response, so only the count tells them apart.
        assert pool.request("GET", url_of(server)).read() == b"one"
        assert server.accepted == 2


# --- idle connections ----------------------------------------------------------------------------

def test_last_connection_is_the_first_to_be_used(pool):
    with Server(Paired()) as server:
        responses = [pool.request("GET", url_of(server)) for _ in range(3)]
        assert [response.read() for response in responses] == [b"1", b"2", b"3"]
        assert counts(pool) == (0, 3)
        for _ in range(4):
            assert pool.request("GET", url_of(server)).read() == b"3"


def test_idle_connections_that_the_server_has_closed_are_passed_over(pool):
    with Server(Paired()) as server:
        responses = [pool.request("GET", url_of(server)) for _ in range(4)]
        for response in responses:
            response.read()
        for sock in server.handle.connections[2:]:
            sock.shutdown(socket.SHUT_RDWR)
        time.sleep(0.05)
        assert pool.request("GET", url_of(server)).read() == b"2"
        assert counts(pool) == (0, 2)


def test_idle_connections_are_closed_after_their_time():
    with Server(Paired()) as server, httpclient.Pool(idle=0.2, timeout=PATIENCE) as pool:
        first = [pool.request("GET", url_of(server)) for _ in range(3)]
        for response in first:
            response.read()
        time.sleep(0.25)
        assert counts(pool) == (0, 3)       # No thread looks after them.
        assert pool.request("GET", url_of(server)).read() == b"4"
        assert counts(pool) == (0, 1)


def test_idle_connections_to_another_origin_are_closed_after_their_time():
    """And the origin is forgotten, so that a crawler's memory does not grow with its hosts."""
    with Server(Paired()) as one, Server(Paired()) as other, \
            httpclient.Pool(idle=0.2, timeout=PATIENCE) as pool:
        pool.request("GET", url_of(one)).read()
        assert list(pool._known) == [url_of(one)]
        time.sleep(0.25)
        pool.request("GET", url_of(other)).read()
        assert counts(pool) == (0, 1)
        assert url_of(one) not in pool._known
        assert pool.request("GET", url_of(one)).read() == b"2"
        assert pool.request("GET", url_of(one)).read() == b"2"


def test_no_connection_is_kept_for_no_time():
    with Server(Paired()) as server, httpclient.Pool(idle=0, timeout=PATIENCE) as pool:
        pool.request("GET", url_of(server)).read()
        assert counts(pool) == (0, 0)


def test_idle_connections_are_kept_without_limit():
    with Server(Paired()) as server, httpclient.Pool(idle=None, timeout=PATIENCE) as pool:
        pool.request("GET", url_of(server)).read()
        assert pool.request("GET", url_of(server)).read() == b"1"


# --- errors --------------------------------------------------------------------------------------

@pytest.mark.parametrize("reply", [
    b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
    b"HTTP/1.1 200 OK\r\nA: b", b"",
], ids=["no status line", "two lengths", "short", "bad chunk", "half a head", "nothing"])
def test_bad_response_leaves_the_pool_without_its_connection(reply):
    """Even while the exception and its traceback are kept."""
    def close_after(sock):
        with sock.makefile("rb") as file:
            if read_request(file).target == "/bad":
                sock.sendall(reply)
            else:
                sock.sendall(ok(b"next"))

    kept = []
    with Server(close_after) as server, httpclient.Pool(per_host=1, timeout=PATIENCE) as pool:
        for _ in range(2):
            try:
                pool.request("POST", url_of(server, "/bad")).read()
            except (http.client.HTTPException, ConnectionError) as error:
                kept.append(error)
            assert counts(pool) == (0, 0)
        assert len(kept) == 2
        assert pool.request("GET", url_of(server)).read() == b"next"
        kept.clear()


def test_timeout_leaves_the_pool_without_its_connection():
    """Even while the exception and its traceback are kept."""
    over = threading.Event()

    def stall(sock):
        with sock.makefile("rb") as file:
            target = read_request(file).target
            sock.sendall({"/head": b"", "/body": ok(b"hello")[:-2]}[target])
            over.wait(PATIENCE)

    kept = []
    with Server(stall) as server, httpclient.Pool(per_host=1, timeout=0.1) as pool:
        for path in ("/head", "/body", "/head"):
            try:
                pool.request("GET", url_of(server, path)).read()
            except TimeoutError as error:
                assert not isinstance(error, PoolFull)
                kept.append(error)
            assert counts(pool) == (0, 0)
        assert len(kept) == 3
        with pytest.raises(TimeoutError):
            pool.request("GET", url_of(server, "/body"), deadline=0.1).read()
        assert counts(pool) == (0, 0)
        over.set()
        kept.clear()


@pytest.mark.parametrize(("arguments", "error"), [
    (("GE\nT", "{url}"), ValueError),
    (("GET /elsewhere", "{url}"), ValueError),
    (("", "{url}"), ValueError),
    (("GET", "{url}", None, {"A": "b\n"}), ValueError),
    (("GET", "{url}", None, 5), TypeError),
    (("GET", "{url}", 5), TypeError),
    (("POST", "{url}", "\u20ac"), UnicodeEncodeError),
    (("CONNECT", "{url}"), ValueError),
    ((5, "{url}"), TypeError),
    (("GET", None), TypeError),
    (("GET", b"http://localhost/"), TypeError),
    (("GET", ["http://localhost/"]), TypeError),
])
def test_bad_arguments_take_no_connection(pool, arguments, error):
    with Server(wait_for_the_end) as server:
        arguments = [part.format(url=url_of(server)) if isinstance(part, str) else part
                     for part in arguments]
        with pytest.raises(error):
            pool.request(*arguments)
        assert counts(pool) == (0, 0)


@pytest.mark.parametrize("deadline", ["1", True, float("nan")])
def test_bad_deadline(pool, deadline):
    with pytest.raises((TypeError, ValueError)):
        pool.request("GET", "http://localhost/", deadline=deadline)
    with pytest.raises((TypeError, ValueError)):
        httpclient.Pool(deadline=deadline)


def test_passed_deadline(pool):
    with serving(ok(b"1")) as server:
        with pytest.raises(TimeoutError):
            pool.request("GET", url_of(server), deadline=0)
        assert pool.request("GET", url_of(server), deadline=float("inf")).read() == b"1"


@pytest.mark.parametrize("options", [
    {"per_host": 0}, {"per_host": -1}, {"per_host": True}, {"per_host": 2.5}, {"idle": -1},
    {"idle": float("nan")}, {"strictt": True},
    {"host": "x"}, {"context": None},
])
def test_bad_settings(options):
    with pytest.raises((TypeError, ValueError)):
        httpclient.Pool(**options)


def test_settings_reach_each_connection():
    with serving(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", ok(b"", "A: b", "C: d")) as server:
        with httpclient.Pool(strict=True) as pool, pytest.raises(httpclient.HTTPException):
            pool.request("GET", url_of(server))
        with httpclient.Pool(max_response_headers=1, resume_sessions=False) as pool, \
                pytest.raises(httpclient.HTTPException):
            pool.request("GET", url_of(server))


# --- requests ------------------------------------------------------------------------------------

@pytest.mark.parametrize("body", [b"body", "body", bytearray(b"body"), [b"bo", b"dy"]])
def test_bodies_are_those_of_a_connection(pool, body):
    with serving(echo) as server:
        response = pool.request("POST", url_of(server, "/a?b#c"), body, {"X-Y": "z"})
        assert response.read() == b"body"
        assert response.getheader("X-Target") == "/a?b"
        assert server.handle.requests[0].field("X-Y") == "z"
        assert server.handle.requests[0].field("Host") == f"{server.host}:{server.port}"


def test_tls(certificates):
    replies = Replies(*[ok(b"x")] * 4)
    with Server(replies, tls=certificates.server()) as server, \
            httpclient.Pool(ssl_context=certificates.client(), timeout=PATIENCE) as pool:
        url = f"https://localhost:{server.port}/"
        for _ in range(3):
            assert pool.request("GET", url).read() == b"x"
        assert server.accepted == 1
        with httpclient.Pool(timeout=PATIENCE) as other, pytest.raises(ssl.SSLError):
            other.request("GET", url)


def test_tls_connection_that_the_server_has_closed(certificates):
    with Server(Paired(), tls=certificates.server()) as server, \
            httpclient.Pool(ssl_context=certificates.client(), timeout=PATIENCE) as pool:
        url = f"https://localhost:{server.port}/"
        assert pool.request("GET", url).read() == b"1"
        server.handle.connections[0].shutdown(socket.SHUT_RDWR)
        time.sleep(0.05)
        assert pool.request("POST", url, b"x").read() == b"2"
