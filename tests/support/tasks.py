# SPDX-License-Identifier: MIT
"""For tests of a Fetcher inside asyncio: loops, and servers that answer when they are told to."""

import asyncio
import contextlib
import threading

import pytest

import httpclient.fetcher
from httpclient._fetch.poller import SelectPoller
from support.servers import PATIENCE, Server, echo, ok, read_request

with contextlib.suppress(ImportError):
    import uvloop

    # Its first loop opens a pipe for signals that stays.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as _runner:
        _runner.run(asyncio.sleep(0))

LOOPS = ["asyncio", "debug", "uvloop", "thread"]


def runner_of(name, monkeypatch):
    """Return a function like asyncio.run() for a name of LOOPS.

    "thread" is for a poller without a descriptor, so a thread takes the turns of the Fetcher.
    """
    factory = None
    if name == "uvloop":
        factory = pytest.importorskip("uvloop", reason="uvloop is not installed").new_event_loop
    elif name == "thread":
        monkeypatch.setattr(httpclient.fetcher, "pollers", lambda: [SelectPoller])

    def run(main):
        async def patient():
            return await asyncio.wait_for(main, PATIENCE)

        with asyncio.Runner(debug=name == "debug", loop_factory=factory) as runner:
            return runner.run(patient())

    return run


def echoing(sock):
    """Answer each request with its body."""
    with sock.makefile("rb") as file:
        while request := read_request(file):
            sock.sendall(echo(request))


@contextlib.contextmanager
def holding():
    """A server that answers the path /held only after `release`, and others at once."""
    release = threading.Event()

    def handle(sock):
        with sock.makefile("rb") as file:
            while request := read_request(file):
                if request.target == "/held":
                    arrived.release()
                    assert release.wait(PATIENCE)
                sock.sendall(ok(request.target.encode()))

    arrived = threading.Semaphore(0)
    with Server(handle) as server:
        server.release, server.arrived = release, arrived
        try:
            yield server
        finally:
            release.set()


def url(server, path="/"):
    return f"http://127.0.0.1:{server.port}{path}"


async def until(condition):
    """Wait until a condition holds."""
    while not condition():
        await asyncio.sleep(0.001)


async def arrived(server, number=1):
    """Wait until so many requests of /held have arrived."""
    for _ in range(number):
        await until(lambda: server.arrived.acquire(blocking=False))


async def anext_of(fetcher):
    return await anext(fetcher)
