# SPDX-License-Identifier: MIT
"""HTTPTransport: errors and timeouts, on httpx's own transport and on httpclient's."""

import socket
import threading

import pytest

httpx = pytest.importorskip("httpx", reason="httpx is not installed")

import httpclient.transports.httpx as ours  # noqa: E402
from support.httpx_clients import client, url_of  # noqa: E402
from support.servers import (  # noqa: E402
    PATIENCE, Server, nobody, ok, read_head, serving,
)

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


# --- errors ----------------------------------------------------------------------------------

WRONG = {
    "end before the head": (b"", httpx.RemoteProtocolError),
    "end within the head": (OK + b"A: b", httpx.RemoteProtocolError),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", httpx.RemoteProtocolError),
    "end within the content": (OK + b"Content-Length: 5\r\n\r\nhe", httpx.RemoteProtocolError),
    "end within a chunk": (CHUNKED[:-9], httpx.RemoteProtocolError),
    "no chunk size": (OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", httpx.RemoteProtocolError),
}


@pytest.mark.parametrize(("reply", "expected"), WRONG.values(), ids=WRONG)
def test_bad_response(transport, reply, expected):
    with serving(reply, closing=[0]) as server, client(transport) as program:
        with pytest.raises(httpx.HTTPError) as caught:
            program.get(url_of(server))
        assert type(caught.value) is expected
        assert str(caught.value.request.url) == url_of(server)


@pytest.mark.parametrize("cls", [ours.HTTPTransport, ours.AsyncHTTPTransport])
def test_strict_refuses_what_httpx_refuses(cls):
    reply = OK + b"Content-Length: x\r\n\r\nhello"
    for strict in (None, True):
        with serving(reply, closing=[0]) as server, \
                client(cls, strict=strict) as program:
            if strict:
                with pytest.raises(httpx.RemoteProtocolError):
                    program.get(url_of(server))
            else:
                assert program.get(url_of(server)).content == b"hello"


def test_error_within_the_content_is_raised_by_the_iterator(transport):
    with serving(OK + b"Content-Length: 5\r\n\r\nhe", closing=[0]) as server, \
            client(transport) as program:
        with program.stream("GET", url_of(server)) as response:
            pieces = response.iter_raw()
            assert next(pieces) == b"he"
            with pytest.raises(httpx.RemoteProtocolError):
                next(pieces)


def test_reset_connection(transport):
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(OK + b"Content-Length: 5\r\n\r\nhe")
        assert received.wait(PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()

    received = threading.Event()
    with Server(handle) as server, client(transport) as program:
        with program.stream("GET", url_of(server)) as response:
            pieces = response.iter_raw()
            next(pieces)
            received.set()
            with pytest.raises(httpx.ReadError) as caught:
                next(pieces)
            assert caught.value.__cause__ is not None


def test_refused_connection(transport):
    held, (_, port) = nobody()
    with held, client(transport) as program:
        with pytest.raises(httpx.ConnectError) as caught:
            program.get(f"http://127.0.0.1:{port}/")
        assert caught.value.__cause__ is not None


@pytest.mark.parametrize(("url", "expected"), [
    ("ftp://localhost/", httpx.UnsupportedProtocol), ("/path", httpx.UnsupportedProtocol)])
def test_unsupported_url(transport, url, expected):
    with client(transport) as program, pytest.raises(expected):
        program.get(url)


@pytest.mark.parametrize("headers", [
    [("Host", "a"), ("host", "b")],
    [("Content-Length", "1"), ("content-length", "2")], {"Content-Length": "+0"},
    {"Content-Length": "x"}, {"Transfer-Encoding": "gzip"},
    {"A": "b\nc"}, {"A": "b\r\nC: d"}, {"A": "b\n c"}, {"A": "b\0"}, {"a b": "c"}, {"": "a"}])
def test_bad_request_field(transport, headers):
    with serving() as server, client(transport) as program:
        with pytest.raises(httpx.LocalProtocolError):
            program.get(url_of(server), headers=headers)


@pytest.mark.parametrize("method", ["GET /elsewhere", ""])
def test_bad_method(transport, method):
    with serving() as server, client(transport) as program:
        with pytest.raises(httpx.LocalProtocolError):
            program.request(method, url_of(server))


@pytest.mark.parametrize("cls", [ours.HTTPTransport, ours.AsyncHTTPTransport])
@pytest.mark.parametrize("content", [[b"x" * 4], [b"x" * 6], [b"x" * 4, b"x" * 4], []])
def test_body_of_another_length_than_announced(cls, content):
    # httpx's own transport raises the exception of h11.
    with serving(None) as server, client(cls) as program:
        with pytest.raises(httpx.LocalProtocolError):
            program.post(url_of(server), content=iter(content), headers={"Content-Length": "5"})


@pytest.mark.parametrize("error", [ValueError("mine"), OSError("mine"), ConnectionError("mine"),
                                   TimeoutError("mine")])
def test_error_of_the_programs_body_is_passed_on(transport, error):
    def body():
        yield b"x"
        raise error

    def handle(sock):
        with sock.makefile("rb") as file:
            while file.read(1):
                pass

    with Server(handle) as server, client(transport) as program:
        with pytest.raises(type(error)) as caught:
            program.post(url_of(server), content=body())
        assert caught.value is error


# --- timeouts --------------------------------------------------------------------------------

def silent(sock):
    """Take a request, and wait until the client leaves."""
    while sock.recv(65536):
        pass


def test_read_timeout_of_the_head(transport):
    with Server(silent) as server, client(transport) as program:
        with pytest.raises(httpx.ReadTimeout):
            program.get(url_of(server), timeout=httpx.Timeout(PATIENCE, read=0.1))


def test_read_timeout_of_the_content(transport):
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(OK + b"Content-Length: 5\r\n\r\nhe")
        silent(sock)

    with Server(handle) as server, client(transport) as program:
        with pytest.raises(httpx.ReadTimeout):
            program.get(url_of(server), timeout=httpx.Timeout(PATIENCE, read=0.1))


def test_write_timeout(transport):
    done = threading.Event()
    with Server(lambda sock: done.wait(PATIENCE)) as server, client(transport) as program:
        with pytest.raises(httpx.WriteTimeout):
            program.post(url_of(server), content=(b"x" * 1_000_000 for _ in range(30)),
                         timeout=httpx.Timeout(PATIENCE, write=0.1))
        done.set()


def test_connect_timeout(transport):
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for sock in (first, second):    # They fill the queue of the listening socket.
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        with client(transport) as program, pytest.raises(httpx.ConnectTimeout):
            program.get(f"http://127.0.0.1:{full.getsockname()[1]}/",
                        timeout=httpx.Timeout(PATIENCE, connect=0.1))


def test_connect_timeout_of_the_handshake(transport):
    with Server(silent) as server, client(transport) as program:
        with pytest.raises(httpx.ConnectTimeout):
            program.get(url_of(server, scheme="https"),
                        timeout=httpx.Timeout(PATIENCE, connect=0.1))


def test_pool_timeout(transport):
    # More than a transport reads ahead.
    with serving(ok(b"x" * 5_000_000), ok(b"y")) as server, \
            client(transport, limits=httpx.Limits(max_connections=1)) as program:
        with program.stream("GET", url_of(server)) as response:
            with pytest.raises(httpx.PoolTimeout):
                program.get(url_of(server), timeout=httpx.Timeout(PATIENCE, pool=0.05))
            response.read()
        assert program.get(url_of(server)).content == b"y"


def test_timeouts_belong_to_one_request(transport):
    with serving(ok(b"x"), lambda request: threading.Event().wait(0.3) or ok(b"y")) as server, \
            client(transport) as program:
        program.get(url_of(server), timeout=0.1)
        assert program.get(url_of(server)).content == b"y"
        assert server.accepted == 1
