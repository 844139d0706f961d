# SPDX-License-Identifier: MIT
"""Pool: an exception at every step of a request leaves no connection half used and no place lost.

Ctrl-C, an alarm's handler and a lack of memory may raise anywhere.  The pools here have one
connection, so a place that is lost shows with the next request.
"""

import contextlib
import gc
import http.client
import io
import re
import threading

import pytest

import httpclient
from support.inject import each_step, tolerated
from support.pools import counts, url_of
from support.servers import PATIENCE, Replies, Server, ok, read_request

# A socket whose close() was interrupted.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning",
                                        "ignore::pytest.PytestUnraisableExceptionWarning")


class Named:
    """A handler that answers each request with its target; `/end` ends the connection first.

    The connection on which `/once` comes for the first time is closed without a response.
    """

    def __init__(self):
        self.ended = False

    def __call__(self, sock):
        # A request that was cut off is not answered.
        with sock.makefile("rb") as file, contextlib.suppress(ValueError):
            while request := read_request(file):
                if request.target == "/once" and not self.ended:
                    self.ended = True
                    return
                name = request.target.encode()
                if request.target == "/chunked":
                    sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 b"%x\r\n%b\r\n0\r\n\r\n" % (len(name), name))
                else:
                    sock.sendall(ok(name))


def closes(response):
    response.read(1)
    response.close()


def leased(pool):
    """Return the number of connections in use.

    CPython 3.13 keeps a frame where a trace function raises, until the next garbage collection.
    """
    if counts(pool)[0]:
        gc.collect()
    return counts(pool)[0]


REQUESTS = {
    "plain": lambda pool, url: pool.request("GET", f"{url}/first").read(),
    "chunked": lambda pool, url: pool.request("GET", f"{url}/chunked").read(),
    "body": lambda pool, url: pool.request("PUT", f"{url}/first", io.BytesIO(b"body")).read(),
    "deadline": lambda pool, url: pool.request("GET", f"{url}/first", deadline=PATIENCE).read(),
    "closed early": lambda pool, url: closes(pool.request("GET", f"{url}/first")),
    "dropped": lambda pool, url: pool.request("GET", f"{url}/first").status,
    "repeated": lambda pool, url: pool.request("GET", f"{url}/once").read(),
}


@pytest.mark.parametrize(("kind", "request_"), [
    pytest.param(kind, request, id=f"{kind} {name}")
    for kind in ("new", "reused") for name, request in REQUESTS.items()
    if (kind, name) != ("new", "repeated")      # It fails: only a reused connection is repeated on.
])
def test_exception_at_every_step_of_a_request(request_, kind):
    with Server(Named()) as server:
        url = url_of(server, "")
        for injection in each_step():
            server.handle.ended = False
            with httpclient.Pool(per_host=1, timeout=2) as pool:
                if kind == "reused":
                    assert pool.request("GET", f"{url}/earlier").read() == b"/earlier"
                with tolerated(injection):
                    request_(pool, url)
                where = injection.where
                assert leased(pool) == 0, where
                for name in (b"/next", b"/last"):
                    assert pool.request("GET", url + name.decode()).read() == name, where


@pytest.mark.parametrize("target", ["/first", "/chunked"])
@pytest.mark.parametrize("ends", [False, True])
def test_exception_at_the_end_of_a_response_does_not_lose_content_silently(target, ends):
    """`ends`: the connection is closed with the response."""
    with Server(Named()) as server:
        for injection in each_step():
            with httpclient.Pool(per_host=1, timeout=2) as pool:
                response = pool.request("GET", url_of(server, target))
                if ends:
                    pool.close()
                content = b""
                with tolerated(injection):
                    content = response.read(100)
                # A function that only has to return the content cannot keep it.
                if injection.done and not re.search(" read(_content)? ", injection.where):
                    with contextlib.suppress(OSError, ValueError, http.client.IncompleteRead):
                        content += response.read()
                        assert content == target.encode(), injection.where


def test_exception_at_every_step_while_a_request_waits():
    """The thread that waits is the one that is interrupted."""
    with Server(Replies(*[ok(b"x")] * 100_000)) as server:
        url = url_of(server)
        for injection in each_step():
            with httpclient.Pool(per_host=1, timeout=2) as pool:
                held = pool.request("GET", url)
                timer = threading.Timer(0.01, held.read)
                timer.start()
                with tolerated(injection):
                    pool.request("GET", url).read()
                timer.join()
                assert leased(pool) == 0, injection.where
                assert pool.request("GET", url).read() == b"x"


def test_interrupted_wait_leaves_the_connection_to_the_others():
    """Ctrl-C is raised where a thread waits for its lock."""
    class Interrupted:
        def __init__(self, lock):
            self.lock = lock
            self.calls = 0

        def acquire(self, *args):
            self.calls += 1
            if self.calls == 2:
                held.read()             # Now the waiter has its lease, and cannot use it.
                raise KeyboardInterrupt
            return self.lock.acquire(*args)

        def release(self):
            self.lock.release()

    with Server(Replies(*[ok(b"x")] * 3)) as server, \
            httpclient.Pool(per_host=1, timeout=2) as pool:
        url = url_of(server)
        held = pool.request("GET", url)
        origin = pool._known[url][0]
        with pytest.raises(KeyboardInterrupt):
            origin.wait(Interrupted(threading.Lock()), PATIENCE)
        assert counts(pool) == (0, 0) and origin.waiters == 0
        assert pool.request("GET", url).read() == b"x"


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
def test_exception_of_a_body_leaves_the_pool_without_its_connection(error):
    def body():
        yield b"some"
        raise error

    with Server(Replies(ok(b"x"))) as server, httpclient.Pool(per_host=1, timeout=2) as pool:
        url = url_of(server)
        pool.request("GET", url).read()
        with pytest.raises(error):
            pool.request("POST", url, body(), {"Content-Length": "9"})
        assert counts(pool) == (0, 0)
