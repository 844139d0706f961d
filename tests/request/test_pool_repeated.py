# SPDX-License-Identifier: MIT
"""Pool: a request that meets the end of an idle connection is sent once more, or fails.

RFC 9112 9.3.1.  The servers here close a connection at the worst moment: after the request has
left, and before any byte of a response.
"""

import contextlib
import io
import itertools
import random
import socket
import ssl
import threading

import pytest

import httpclient
from support.faults import reset
from support.pools import counts, url_of
from support.servers import PATIENCE, Server, ok, read_head, read_request

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]
OTHERS = ["POST", "PATCH", "get", "X-OTHER"]
LOST = (httpclient.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class Closes:
    """A handler that answers some requests on each connection, and ends it by `how` on the next.

    `requests` are those that were answered; `lost` has the heads of those that were not.
    """

    def __init__(self, how, answers=1, partly=b"", connections=1):
        self.how = how
        self.answers = answers
        self.partly = partly
        self.left = connections         # how many still go wrong
        self.requests = []
        self.lost = []

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            wrong, self.left = self.left > 0, self.left - 1
            for number in itertools.count():
                if wrong and number == self.answers:
                    self.lost.append(read_head(file))
                    sock.sendall(self.partly)
                    file.close()
                    return self.how(sock)
                if not (request := read_request(file)):
                    return
                self.requests.append(request)
                sock.sendall(ok(b"" if request.method == "HEAD" else request.body))


def ends(sock):
    """End the stream, after all that was sent has been read."""
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(PATIENCE)
    while sock.recv(65536):
        pass


HOW = {"end": ends, "reset": reset}
every_way = pytest.mark.parametrize("how", HOW.values(), ids=HOW)


def warmed(pool, server):
    """Make one connection idle."""
    pool.request("GET", url_of(server)).read()
    assert counts(pool) == (0, 1)


@every_way
@pytest.mark.parametrize("method", IDEMPOTENT)
def test_idempotent_request_is_sent_once_more(method, how):
    with Server(Closes(how)) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        warmed(pool, server)
        body = b"body" if method == "PUT" else None
        response = pool.request(method, url_of(server), body)
        assert response.read() == (body or b"")
        assert [request.method for request in server.handle.requests] == ["GET", method]
        assert len(server.handle.lost) == 1 and server.accepted == 2
        assert counts(pool) == (0, 1)


@every_way
@pytest.mark.parametrize("method", OTHERS)
def test_other_request_fails_with_the_error_of_the_connection(method, how):
    with Server(Closes(how)) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        warmed(pool, server)
        with pytest.raises(LOST):
            pool.request(method, url_of(server), b"body")
        assert len(server.handle.requests) == 1 and len(server.handle.lost) == 1
        assert counts(pool) == (0, 0)


@every_way
def test_first_request_of_a_connection_is_not_repeated(how):
    with Server(Closes(how, answers=0)) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        with pytest.raises(LOST):
            pool.request("GET", url_of(server))
        assert server.accepted == 1


@every_way
def test_request_is_repeated_only_once(how):
    def handle(sock):
        with lock:
            first = not seen
            seen.append(sock)
        Closes(how, answers=1 if first else 0)(sock)

    lock, seen = threading.Lock(), []
    with Server(handle) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        warmed(pool, server)
        with pytest.raises(LOST):
            pool.request("GET", url_of(server))
        assert server.accepted == 2


@every_way
@pytest.mark.parametrize("partly", [b"H", b"HTTP/1.1 200 OK\r\n", b"\r\n",
                                    b"HTTP/1.1 100 Continue\r\n\r\n", ok(b"hello")[:-1]])
def test_request_with_a_part_of_its_response_is_not_repeated(partly, how):
    with Server(Closes(how, partly=partly)) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        warmed(pool, server)
        with contextlib.suppress(httpclient.HTTPException, ConnectionError):
            # A head that ends with the stream is one, unless ``strict=True``.
            pool.request("GET", url_of(server)).read()
        assert len(server.handle.requests) == 1 and server.accepted == 1
        assert counts(pool) == (0, 0)


class Unseekable(io.BytesIO):
    def seekable(self):
        return False


def at(position, body):
    body.seek(position)
    return body


BODIES = {
    "bytes": (lambda: b"body", True),
    "bytearray": (lambda: bytearray(b"body"), True),
    "memoryview": (lambda: memoryview(b"body"), True),
    "str": (lambda: "body", True),
    "file": (lambda: at(2, io.BytesIO(b"--body")), True),
    "text file": (lambda: io.StringIO("body"), True),
    "pipe": (lambda: Unseekable(b"body"), False),
    "iterator": (lambda: iter([b"bo", b"dy"]), False),
    "list": (lambda: [b"bo", b"dy"], False),
}


@every_way
@pytest.mark.parametrize(("body", "repeatable"), BODIES.values(), ids=BODIES)
def test_body_decides_whether_a_request_is_repeated(body, repeatable, how):
    with Server(Closes(how)) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        warmed(pool, server)
        if repeatable:
            assert pool.request("PUT", url_of(server), body()).read() == b"body"
        else:
            with pytest.raises(LOST):
                pool.request("PUT", url_of(server), body())
        assert len(server.handle.requests) == 1 + repeatable


@every_way
def test_large_body_is_sent_again_whole(how):
    """The connection breaks while it is sent."""
    body = bytes(range(256)) * 40_000
    with Server(Closes(how)) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        for file in (False, True):
            server.handle.left = 1
            pool.close()
            warmed(pool, server)
            sent = io.BytesIO(body) if file else body
            assert pool.request("PUT", url_of(server), sent).read() == body


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_early_response_to_a_large_body_is_returned(method):
    """As servers refuse an upload: they respond, and read no more of it."""
    def refuse(sock):
        with sock.makefile("rb") as file:
            while head := read_head(file):
                if b"\r\nContent-Length: 50000000\r\n" in head:
                    sock.sendall(ok(b"too large", "Connection: close", status="413 Too Large"))
                    sock.shutdown(socket.SHUT_WR)
                    for _ in range(4):
                        sock.recv(65536)
                    return
                sock.sendall(ok(b"x"))

    with Server(refuse) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        warmed(pool, server)
        try:
            response = pool.request(method, url_of(server), bytes(50_000_000))
        except LOST:
            pytest.skip("this system discards what had arrived before a reset")
        assert (response.status, response.read()) == (413, b"too large")
        assert counts(pool) == (0, 0)


@every_way
def test_deadline_holds_for_both_attempts(how):
    """The second one never gets a response."""
    over = threading.Event()

    def handle(sock):
        if not seen:
            seen.append(sock)
            return Closes(how)(sock)
        seen.append(sock)
        over.wait(PATIENCE)

    seen = []
    with Server(handle) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        warmed(pool, server)
        with pytest.raises(TimeoutError):
            pool.request("GET", url_of(server), deadline=0.3)
        assert len(seen) == 2 and counts(pool) == (0, 0)
        over.set()


@every_way
def test_over_tls(certificates, how):
    with Server(Closes(how), tls=certificates.server()) as server, \
            httpclient.Pool(ssl_context=certificates.client(), timeout=PATIENCE) as pool:
        url = f"https://localhost:{server.port}/"
        pool.request("GET", url).read()
        assert pool.request("PUT", url, b"body").read() == b"body"
        assert len(server.handle.lost) == 1 and server.accepted == 2
        server.handle.left = 1
        pool.close()
        pool.request("GET", url).read()
        with pytest.raises((*LOST, ssl.SSLError)):
            pool.request("POST", url, b"body")
        assert counts(pool) == (0, 0)


class Impatient:
    """A handler that closes its connections just when a request comes, more often than not.

    `answered` counts the responses to each target.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.chance = random.Random(1)
        self.answered = {}
        self.lost = 0

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            for number in itertools.count():
                with self.lock:
                    chance = self.chance.random()
                if number and chance < 0.3:
                    # Close without reading a request that may have arrived.
                    return sock.shutdown(socket.SHUT_RDWR)
                request = read_request(file)
                if not request:
                    return
                if number and chance > 0.7:
                    with self.lock:
                        self.lost += 1
                    return reset(sock)
                with self.lock:
                    self.answered[request.target] = self.answered.get(request.target, 0) + 1
                sock.sendall(ok(request.target.encode()))


@pytest.mark.parametrize("threads", [1, 8])
def test_no_request_that_may_be_repeated_is_lost(threads):
    """Each of the others has a response or the documented error."""
    failed, wrong = [], []

    def work(pool, server, name):
        for number in range(120):
            method = "POST" if number % 4 == 3 else "GET"
            target = f"/{name}-{number}-{method}"
            try:
                content = pool.request(method, url_of(server, target)).read()
                if content != target.encode():
                    wrong.append((target, content))
            except LOST:
                failed.append(target)
            except BaseException as error:
                wrong.append((target, error))

    with Server(Impatient()) as server, \
            httpclient.Pool(per_host=threads, timeout=PATIENCE) as pool:
        workers = [threading.Thread(target=work, args=(pool, server, name))
                   for name in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE)
        assert counts(pool)[0] == 0
        assert not wrong, wrong[:3]
        lost = [target for target in failed if target.endswith("GET")]
        # The second attempt has a new connection, whose first request is always answered.
        assert lost == [], lost
        assert server.handle.lost > 10
        # No POST has been answered twice.
        assert all(count == 1 for target, count in server.handle.answered.items()
                   if target.endswith("POST"))
