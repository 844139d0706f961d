# SPDX-License-Identifier: MIT
"""Connections that a Fetcher uses again, and requests that it repeats."""

import contextlib
import gc
import io
import socket
import ssl
import threading
import time

import pytest

from httpclient import Fetcher, Request
from support import nginx
from support.servers import PATIENCE, Replies, Server, ok, read_request, serving


def fetch(fetcher, *requests):
    """Return the answers to these requests, in their order."""
    for request in requests:
        fetcher.add(request)
    answers = list(fetcher)
    assert len(answers) == len(requests)
    return sorted(answers, key=lambda answer: requests.index(answer.given))


class Ending:
    """A handler that answers, and closes the connection after each answer without saying so.

    `ended` is set once it has done so.  With `surplus`, it sends these bytes instead.
    """

    def __init__(self, surplus=None):
        self.ended = threading.Event()
        self.surplus = surplus
        self.requests = []

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            self.requests.append(read_request(file))
        sock.sendall(ok(b"first"))
        if self.surplus:
            sock.sendall(self.surplus)
            self.ended.set()
            time.sleep(0.3)
            return
        sock.shutdown(socket.SHUT_RDWR)
        self.ended.set()


class Late:
    """A handler: an idle connection ends only when the next request on it has arrived."""

    def __init__(self, wrong=1):
        self.wrong = wrong      # so many connections are like that
        self.heads = []

    def __call__(self, sock):
        wrong, self.wrong = self.wrong > 0, self.wrong - 1
        with sock.makefile("rb") as file:
            first = True
            while request := read_request(file):
                self.heads.append(request.line)
                if wrong and not first:
                    return
                first = False
                sock.sendall(ok(request.body or b"well"))


def url(server, path=""):
    return f"http://127.0.0.1:{server.port}/{path}"


def test_connections_are_used_again():
    with serving(*[ok(b"x")] * 20) as server, Fetcher(per_host=1) as fetcher:
        answers = fetch(fetcher, *[url(server, str(number)) for number in range(20)])
        assert [answer.reused for answer in answers] == [False] + [True] * 19
        assert server.accepted == 1 and fetcher.open == 1
        assert answers[0].timings.connected is not None
        assert answers[1].timings.connected is None


def test_connection_that_has_ended_is_not_used():
    handler = Ending()
    with Server(handler) as server, Fetcher(retries=0) as fetcher:
        for number in range(3):
            [answer] = fetch(fetcher, Request("POST", url(server, str(number)), body=b"x"))
            assert answer.content == b"first" and not answer.reused
            assert handler.ended.wait(PATIENCE)
            handler.ended.clear()
        assert server.accepted == 3


def test_connection_with_unasked_bytes_is_not_used():
    handler = Ending(ok(b"nobody asked"))
    with Server(handler) as server, Fetcher(retries=0) as fetcher:
        for number in range(2):
            [answer] = fetch(fetcher, Request("POST", url(server, str(number)), body=b"x"))
            assert answer.content == b"first" and not answer.reused
            assert handler.ended.wait(PATIENCE)
            handler.ended.clear()


def test_idle_connection_is_closed_in_time():
    with serving(*[ok(b"x")] * 2) as server, serving(ok(b"y")) as other, \
            Fetcher(idle=0.05) as fetcher:
        fetch(fetcher, url(server))
        assert fetcher.open == 1
        time.sleep(0.1)
        fetch(fetcher, url(other))      # a turn
        [answer] = fetch(fetcher, url(server, "again"))
        assert not answer.reused and server.accepted == 2


def test_no_connection_is_kept_without_idle_time():
    with serving(*[ok(b"x")] * 2) as server, Fetcher(idle=0) as fetcher:
        fetch(fetcher, url(server))
        assert fetcher.open == 0


REPEATS = {
    "GET": (lambda u: Request("GET", u), True),
    "HEAD": (lambda u: Request("HEAD", u), True),
    "PUT with bytes": (lambda u: Request("PUT", u, body=b"well"), True),
    "PUT with a file": (lambda u: Request("PUT", u, body=io.BytesIO(b"well")), True),
    "POST": (lambda u: Request("POST", u, body=b"well"), False),
    "PATCH": (lambda u: Request("PATCH", u, body=b"well"), False),
    "PUT with a generator": (lambda u: Request("PUT", u, body=iter([b"well"])), False),
}


@pytest.mark.parametrize("what", REPEATS)
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_request_is_repeated_where_that_is_allowed(what, retries):
    make, repeats = REPEATS[what]
    with Server(Late()) as server, Fetcher(retries=retries) as fetcher:
        fetch(fetcher, url(server))
        [answer] = fetch(fetcher, make(url(server, "second")))
        if repeats and retries:
            assert answer.error is None
            assert answer.content == (b"" if what == "HEAD" else b"well")
            # It goes to a new connection, and the answer says so.
            assert not answer.reused and server.accepted == 2
        else:
            assert isinstance(answer.error, ConnectionError) and answer.reused
            assert server.accepted == 1


def test_request_is_repeated_on_a_new_connection_and_not_on_another_idle_one():
    with Server(Late(wrong=5)) as server, Fetcher(per_host=3, retries=1) as fetcher:
        assert fetcher.fetch([url(server, str(n)) for n in range(3)])
        assert len(list(fetcher)) == 3
        [answer] = fetch(fetcher, url(server, "again"))
        assert answer.error is None and not answer.reused
        assert fetcher.open <= 3


def test_repeated_request_comes_back_from_close():
    """Its host has been forgotten with its only connection; another request has the place."""
    handler = Late()
    with Server(handler) as server, serving(ok(b"x"), ok(b"y")) as other, \
            Server(lambda sock: time.sleep(0.5)) as stalling:
        fetcher = Fetcher(connections=1)
        fetch(fetcher, url(server))
        fetcher.add(url(server, "again"))
        fetcher.turn(0)
        for number in range(3):
            fetcher.add(url(stalling, str(number)))
            fetcher.add(url(other, str(number)))
        while len(handler.heads) < 2:
            fetcher.turn(0.01)
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            fetcher.turn(0.01)
        fetcher.close()
        answers = list(fetcher)
        assert len(answers) == 7 and fetcher.outstanding == fetcher.queued == 0


def test_sockets_do_not_hold_back_small_pieces():
    """Otherwise a body waits for the acknowledgement of the head."""
    with serving(ok(b"x")) as server, Fetcher() as fetcher:
        fetch(fetcher, url(server))
        [sock] = [found for found in gc.get_objects() if isinstance(found, socket.socket)
                  and found.fileno() != -1 and peer(found) == server.address]
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def peer(sock):
    with contextlib.suppress(OSError):
        return sock.getpeername()


# ---- TLS sessions

def sessions(certificates, server_context, **options):
    """Return whether a Fetcher's second connection to a server resumed the session."""
    resumed = []

    def handle(sock):
        resumed.append(sock.session_reused)
        Replies(ok(b"x", "Connection: close"))(sock)

    with Server(handle, tls=server_context) as server, \
            Fetcher(ssl_context=certificates.client(), resume_sessions=True, **options) as fetcher:
        for _ in range(2):
            [answer] = fetch(fetcher, f"https://localhost:{server.port}/")
            assert answer.content == b"x", answer.error
    return resumed


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_sessions_are_resumed(certificates, version):
    context = certificates.server()
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    assert sessions(certificates, context) == [False, True]


def test_server_without_tickets(certificates):
    context = certificates.server()
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    assert sessions(certificates, context) == [False, False]


def test_server_that_closes_when_a_session_is_offered(certificates):
    """The request goes on over another connection, without the session."""
    accepted = []

    def handle(sock):
        accepted.append(sock)
        if len(accepted) == 2:
            sock.recv(10)
            return
        with context.wrap_socket(sock, server_side=True) as tls:
            Replies(ok(b"x", "Connection: close"))(tls)

    context = certificates.server()
    with Server(handle) as server, \
            Fetcher(ssl_context=certificates.client(), resume_sessions=True) as fetcher:
        for _ in range(3):
            [answer] = fetch(fetcher, f"https://localhost:{server.port}/")
            assert answer.content == b"x", answer.error
        assert len(accepted) == 4


def test_close_does_not_keep_sessions_from_being_offered(certificates):
    """A request that close() ends says nothing about the server."""
    resumed = []
    stall = threading.Event()

    def handle(sock):
        resumed.append(sock.session_reused)
        with sock.makefile("rb") as file:
            while request := read_request(file):
                if request.target == "/stall":
                    stall.wait(PATIENCE)
                    return
                sock.sendall(ok(b"x"))

    context, client = certificates.server(), certificates.client()
    with Server(handle, tls=context) as server:
        base = f"https://localhost:{server.port}/"
        for target in ("", "stall", ""):
            fetcher = Fetcher(ssl_context=client, resume_sessions=True)
            fetcher.add(base)
            assert next(fetcher).content == b"x"
            if target:
                fetcher.add(base + target)
                fetcher.turn(0)
            fetcher.close()
            assert all(answer.error for answer in fetcher)
        stall.set()
        assert resumed == [False, True, True]


# ---- a real server

def test_nginx_that_ends_connections(tmp_path):
    """It says so after three requests, and its answers are whole."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "small.txt").write_bytes(b"small\n" * 10)
    (files / "large.bin").write_bytes(bytes(range(256)) * 4000)
    with nginx.running(nginx.find(), tmp_path, 1) as port, Fetcher(per_host=4) as fetcher:
        base = f"http://127.0.0.1:{port}"
        given = [f"{base}/{where}{name}" for name in ("small.txt", "large.bin")
                 for where in ("", "few/") for _ in range(50)]
        for answer in fetcher.fetch(given):
            assert answer.error is None, answer.error
            assert answer.content == (files / answer.url.rsplit("/")[-1]).read_bytes()
            given.remove(answer.url)
        assert not given
