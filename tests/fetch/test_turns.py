# SPDX-License-Identifier: MIT
"""Turns of the loop: what comes first, and what a turn makes of time that the program has taken."""

import asyncio
import ssl
import threading
import time

import pytest

import httpclient
from httpclient import Fetcher, Request
from support.servers import PATIENCE, Server, ok, read_request, serving

CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"


def url_of(server):
    return f"http://127.0.0.1:{server.port}/"


def test_no_timer_comes_before_what_has_arrived():
    """A program that comes back late gets all answers that arrived in time, however many."""
    count, limit = 100, 2.0
    asked, answered = [threading.Semaphore(0) for _ in range(2)]
    go_on = threading.Event()

    def handle(sock):
        sock.recv(65536)
        asked.release()
        go_on.wait(PATIENCE)
        sock.sendall(ok(b"x"))
        answered.release()

    with Server(handle) as server, Fetcher(
            connections=count, per_host=count, timeout=limit, deadline=limit) as fetcher:
        began = time.monotonic()
        for _ in range(count):
            fetcher.add(f"http://127.0.0.1:{server.port}/")
        for _ in range(count):
            while not asked.acquire(blocking=False):
                fetcher.turn(0.01)
        go_on.set()
        for _ in range(count):
            assert answered.acquire(timeout=PATIENCE)
        time.sleep(max(0, began + 1.1 * limit - time.monotonic()))
        answers = list(fetcher)
        assert len(answers) == count
        assert [answer.error for answer in answers if answer.error] == []


def test_no_timer_comes_before_what_has_arrived_on_connections_that_end():
    count, limit = 100, 1.0
    everybody = threading.Barrier(count)

    def handle(sock):
        sock.recv(65536)
        everybody.wait(PATIENCE)
        sock.sendall(CLOSING)

    with Server(handle) as server, Fetcher(
            connections=count, per_host=count, timeout=limit) as fetcher:
        for _ in range(count):
            fetcher.add(url_of(server))
        answers = [next(fetcher)]
        time.sleep(1.2 * limit)
        answers += fetcher
        assert [answer.error for answer in answers] == [None] * count


def test_no_timer_comes_before_what_has_arrived_in_the_middle_of_many_turns():
    count, limit = 100, 0.5
    with serving(*[ok(b"x")] * 1000) as server, Fetcher(
            connections=count, per_host=count, timeout=limit) as fetcher:
        for _ in range(count):
            fetcher.add(url_of(server))
        answers = []
        for answer in fetcher:
            answers.append(answer)
            if len(answers) <= 2 * count:
                fetcher.add(url_of(server))
            if len(answers) == 92:
                time.sleep(1.6 * limit)
        assert [answer.error for answer in answers] == [None] * 3 * count


def test_the_deadline_of_a_request_that_waits_again():
    """The host of the first request is forgotten before the second one waits."""
    def slow(sock):
        sock.recv(65536)
        released.wait(PATIENCE)
        sock.sendall(CLOSING)

    released = threading.Event()
    with serving(CLOSING) as server, Server(slow) as other, Fetcher(connections=1) as fetcher:
        fetcher.add(Request("GET", url_of(server), deadline=PATIENCE / 2))
        assert next(fetcher).error is None
        fetcher.add(url_of(other))
        fetcher.start()
        fetcher.add(Request("GET", url_of(server), deadline=0.1))
        answer = next(fetcher)
        assert answer.url == url_of(server) and isinstance(answer.error, TimeoutError)
        released.set()
        assert next(fetcher).error is None


@pytest.mark.parametrize("who", ["iterable", "sink"])
def test_time_that_the_program_takes_counts_for_no_wait(who):
    limit = 0.5

    def handle(sock):
        with sock.makefile("rb") as file:
            while read_request(file):
                time.sleep(0.1)
                sock.sendall(ok(b"x"))

    def slow(_=None):
        time.sleep(1.2 * limit)

    with Server(handle) as server, Server(handle) as other:
        def requests():
            yield Request("GET", url_of(server), sink=slow if who == "sink" else None)
            if who == "iterable":
                slow()
            yield url_of(other)

        with Fetcher(connections=1, timeout=limit) as fetcher:
            assert [answer.error for answer in fetcher.fetch(requests())] == [None] * 2


def test_the_exception_of_a_resolver_that_cannot_be_copied():
    class Unknown(Exception):
        def __init__(self, host, code):
            super().__init__(f"{host} {code}")

    def resolver(host, port):
        raise Unknown(host, 3)

    with Fetcher(resolver=resolver) as fetcher:
        fetcher.add("http://a.example/")
        assert isinstance(next(fetcher).error, Unknown)


def test_timings_of_a_request_that_close_ends():
    fetcher = Fetcher()
    fetcher.add("http://127.0.0.1:1/")
    fetcher.close()
    assert next(fetcher).timings.complete >= 0


def test_a_body_that_closes_the_fetcher():
    class File:
        def read(self, size=-1):
            return b""

        def tell(self):
            fetcher.close()
            return 0

        def seek(self, *_):
            return 0

        def seekable(self):
            return True

    fetcher = Fetcher()
    with pytest.raises(RuntimeError, match="closed"):
        fetcher.add(Request("POST", "http://127.0.0.1:1/", body=File()))
    assert fetcher.outstanding == 0 and list(fetcher) == []


def test_many_wrong_requests_in_asyncio():
    """They raise one after the other, and what comes after them is fetched."""
    async def main():
        raised = 0
        with Fetcher() as fetcher:
            fetcher.fetch(iter(["ftp://a.example/"] * 250 + [url_of(server)]))
            while True:
                try:
                    async with asyncio.timeout(PATIENCE):
                        answer = await fetcher.__anext__()
                except httpclient.InvalidURL:
                    raised += 1
                else:
                    return raised, answer.error

    with serving(ok(b"x")) as server:
        assert asyncio.run(main()) == (250, None)


def test_a_receive_of_tls_that_waits_for_room_to_send(monkeypatch):
    """The loop looks for room once, receives again, and then does not look for it any longer."""
    class Socket:
        def __init__(self, sock):
            self._sock = sock
            self._full = True

        def recv_into(self, space):
            full, self._full = self._full, False
            if full:
                raise ssl.SSLWantWriteError
            return self._sock.recv_into(space)

        def pending(self):
            return 0

        def __getattr__(self, name):
            return getattr(self._sock, name)

    class Handshake:
        def __init__(self, sock):
            self.sock = sock

        def step(self):
            return None

    def handle(sock):
        sock.recv(65536)
        sock.sendall(ok(b"x"))
        end.wait(PATIENCE)

    end = threading.Event()
    with Server(handle) as server, Fetcher(timeout=PATIENCE) as fetcher:
        opening = fetcher._opening
        real = opening.close_socket
        monkeypatch.setattr(opening, "handshake",
                            lambda sock, key, resumes: Handshake(Socket(sock)))
        monkeypatch.setattr(opening, "close_socket", lambda sock, secure: real(sock._sock, False))
        fetcher.add(f"https://127.0.0.1:{server.port}/")
        fetcher.start()
        turns = 0
        while not fetcher.waiting:
            fetcher.turn(PATIENCE)
            turns += 1
        assert turns < 10 and next(fetcher).content == b"x"
        began = time.monotonic()
        fetcher.turn(0.2)
        assert time.monotonic() - began > 0.1       # Nothing happens, so it waits.
        end.set()
