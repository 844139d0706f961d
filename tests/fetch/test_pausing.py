# SPDX-License-Identifier: MIT
"""Answers that are paused, bodies that have no piece yet, and waits of one request."""

import socket
import threading
import time

import pytest

from httpclient import Fetcher, Request
from httpclient._fetch.receiving import Streaming
from httpclient._fetch.upload import Upload
from support.servers import PATIENCE, Server, echo, ok, read_head, read_request, serving

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

INFINITE = float("inf")


class Sink(Streaming):
    """Pauses its answer after each piece, if `pauses`."""

    def __init__(self, fetcher, pauses=True):
        self.fetcher = fetcher
        self.pauses = pauses
        self.status = None
        self.job = None
        self.pieces = []
        self.done = False

    def receiver(self, job):
        self.job, self.status = job, job.status
        return self

    def take(self, content):
        self.pieces.append(content)
        if self.pauses:
            self.fetcher.pause(self.job)

    def end(self):
        pass

    def content(self):
        return b""

    def finished(self, job):
        self.job, self.done = job, True


def url(server, path="/"):
    return f"http://127.0.0.1:{server.port}{path}"


def begun(fetcher, server, path="/", waits=None, **keywords):
    request = Request("GET", url(server, path), **keywords)
    request.sink = sink = Sink(fetcher)
    sink.job = fetcher.add_with(request, sink.finished, waits)
    fetcher.start()
    return sink


def turns_until(fetcher, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        fetcher.turn(0.05)


def test_a_paused_answer_lets_others_pass_and_can_be_resumed():
    large = b"x" * 5_000_000
    with serving(ok(large), ok(b"y"), ok(b"z")) as server, Fetcher() as fetcher:
        sink = begun(fetcher, server)
        turns_until(fetcher, lambda: sink.pieces)
        assert sink.status == 200
        fetcher.add(url(server))
        assert next(fetcher).content == b"y"
        pieces = len(sink.pieces)
        for _ in range(3):
            fetcher.turn(0.02)
        assert len(sink.pieces) == pieces and not sink.done
        while not sink.done:
            fetcher.resume(sink.job)
            fetcher.start()
            fetcher.turn(0.05)
        assert sink.job.error is None and b"".join(sink.pieces) == large
        # Both connections can be used again.
        assert fetcher.open == 2


def test_an_answer_that_is_complete_while_paused_leaves_its_connection_usable(certificates):
    with serving(ok(b"x"), ok(b"y"), tls=certificates.server()) as server, \
            Fetcher(ssl_context=certificates.client()) as fetcher:
        request = Request("GET", f"https://localhost:{server.port}/")
        request.sink = sink = Sink(fetcher)
        fetcher.add_with(request, sink.finished)
        fetcher.start()
        turns_until(fetcher, lambda: sink.done)
        fetcher.add(request.url)
        assert next(fetcher).content == b"y"
        assert server.accepted == 1


def test_no_timeout_while_paused_but_the_deadline():
    with serving(ok(b"x" * 5_000_000)) as server, Fetcher(timeout=0.05) as fetcher:
        sink = begun(fetcher, server, deadline=0.4)
        turns_until(fetcher, lambda: sink.pieces)
        begin = time.monotonic()
        turns_until(fetcher, lambda: sink.done)
        assert "deadline" in str(sink.job.error)
        assert time.monotonic() - begin > 0.2


def test_a_reset_connection_costs_no_turns_while_paused():
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe")
        assert paused.wait(PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
        closed.set()

    paused, closed = threading.Event(), threading.Event()
    with Server(handle) as server, Fetcher() as fetcher:
        sink = begun(fetcher, server)
        turns_until(fetcher, lambda: sink.pieces)
        paused.set()
        assert closed.wait(PATIENCE)
        begin = time.monotonic()
        fetcher.turn(0.1)
        # The turn had no event.
        assert time.monotonic() - begin > 0.05
        fetcher.resume(sink.job)
        fetcher.start()
        turns_until(fetcher, lambda: sink.done)
        assert isinstance(sink.job.error, ConnectionResetError)


def test_a_cancelled_request_is_closed_while_paused():
    with serving(ok(b"x" * 5_000_000)) as server, Fetcher() as fetcher:
        sink = begun(fetcher, server)
        turns_until(fetcher, lambda: sink.pieces)
        fetcher.cancel(sink.job, LookupError("mine"))
        assert sink.done and isinstance(sink.job.error, LookupError)
        assert fetcher.open == 0
        fetcher.resume(sink.job)
        fetcher.start()


class Pieces(Upload):
    """A body of which a piece is known now and then."""

    def __init__(self):
        self.rewinder = None
        self.ready = []
        self.asked = 0

    def next_piece(self):
        self.asked += 1
        return self.ready.pop(0) if self.ready else None


def test_a_body_without_a_piece_waits_for_resume():
    class Own(Fetcher):
        def add_upload(self, upload, finished):
            settings = self._settings
            written = settings.writer.written

            def with_upload(request):
                origin, method, octets, _, last, _ = written(request)
                return origin, method, octets, upload, last, False

            settings.writer.written = with_upload
            self.set_up(settings)
            return self.add_with(
                Request("POST", url(server), headers={"Content-Length": "6"}), finished,
                (INFINITE, INFINITE, 0.1, 0.1))

    def handle(sock):
        with sock.makefile("rb") as file:
            sock.sendall(echo(read_request(file)))

    done = []
    with Server(handle) as server, Own() as fetcher:
        upload = Pieces()
        job = fetcher.add_upload(upload, done.append)
        fetcher.start()
        turns_until(fetcher, lambda: upload.asked)
        # No timeout, because the program is slow and not the server.
        end = time.monotonic() + 0.3
        turns_until(fetcher, lambda: time.monotonic() > end)
        assert upload.asked == 1 and not done
        for piece in (b"abc", b"def", b""):
            upload.ready.append(piece)
            fetcher.resume(job)
            fetcher.start()
        turns_until(fetcher, lambda: done)
        assert job.error is None and job.content == b"abcdef"


@pytest.mark.parametrize(("waits", "text"), [
    ((INFINITE, INFINITE, INFINITE, 0.05), "waiting for the response"),
    ((0.05, INFINITE, INFINITE, INFINITE), "waiting for a connection")])
def test_waits_of_one_request(waits, text):
    def handle(sock):
        sock.recv(65536)
        leave.wait(PATIENCE)

    leave = threading.Event()
    with Server(handle) as server, Fetcher(connections=1) as fetcher:
        if waits[0] != INFINITE:
            begun(fetcher, server)
        sink = begun(fetcher, server, waits=waits)
        turns_until(fetcher, lambda: sink.done)
        assert isinstance(sink.job.error, TimeoutError) and text in str(sink.job.error)
        leave.set()


def test_wait_for_sending():
    def handle(sock):
        leave.wait(PATIENCE)

    leave = threading.Event()
    with Server(handle) as server, Fetcher() as fetcher:
        sink = begun(fetcher, server, body=b"x" * 20_000_000,
                     waits=(INFINITE, INFINITE, 0.05, INFINITE))
        turns_until(fetcher, lambda: sink.done)
        assert "sending" in str(sink.job.error)
        leave.set()


def test_sink_gets_a_head_that_ends_with_the_connection():
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(b"HTTP/1.1 200 OK\r\nA: b\r\n")

    with Server(handle) as server, Fetcher() as fetcher:
        sink = begun(fetcher, server)
        turns_until(fetcher, lambda: sink.done)
        assert sink.job.error is None and sink.status == 200


def test_a_repeated_request_has_the_times_of_its_last_connection():
    with serving(ok(b"a"), None, closing=[0]) as server, Fetcher() as fetcher:
        fetcher.add(url(server))
        assert next(fetcher).timings.connected is not None
        fetcher.add(url(server))
        # The idle connection is noticed to be closed, or fails; then the server does not answer.
        answer = next(fetcher)
        assert answer.error is not None and not answer.reused
        assert answer.timings.connected <= answer.timings.sent


def test_small_writes_are_not_delayed(monkeypatch):
    def setsockopt(self, *option, real=socket.socket.setsockopt):
        options.append(option)
        return real(self, *option)

    options = []
    with serving(ok()) as server, Fetcher() as fetcher:
        monkeypatch.setattr(socket.socket, "setsockopt", setsockopt)
        fetcher.add(url(server))
        assert next(fetcher).error is None
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in options
