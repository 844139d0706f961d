# SPDX-License-Identifier: MIT
"""A Fetcher among signals, threads, forks and the end of the interpreter.

    python -m isolated.fetching TLS-FOLDER signals | closing | threads | fork [seconds]
    python -m isolated.fetching - exit | daemon | dropped | cycle | memory

Each request comes back once, and no descriptor is left.
"""

import gc
import itertools
import os
import random
import signal
import ssl
import sys
import threading
import time
import tracemalloc
import warnings
from collections import deque
from pathlib import Path

from httpclient import Fetcher, Request
from support import bad_hosts
from support.bad_hosts import PATIENCE, Requests
from support.servers import Replies, Server, ok, read_request

SECONDS = float(sys.argv[3]) if sys.argv[3:] else 3
COUNT = 300         # requests of one round
REQUESTS = int(os.environ.get("HTTPCLIENT_REQUESTS", "0")) or 6000      # of memory()


class Stop(BaseException):
    """What a signal handler raises."""


class World:
    """The hosts, and Fetchers for them."""

    def __init__(self, folder):
        from support.certificates import Certificates, trustme
        issued, strange = Certificates(Path(folder)), trustme.CA()
        self.client = issued.client()
        self.hosts = bad_hosts.Hosts(issued.server("*.tls.example"),
                                     issued.server("*.tls.example", ca=strange))
        self.chance = random.Random(1)

    def fetcher(self):
        chance = self.chance.choice
        return Fetcher(resolver=self.hosts.resolve, ssl_context=self.client, max_content=100_000,
                       connections=chance([10, 100, 300]), per_host=chance([1, 8]),
                       idle=chance([0, 15]), timeout=5)

    def rounds(self, allowed=()):
        """Yield a number and Requests, while there is time."""
        end = time.monotonic() + SECONDS
        for number in itertools.count():
            if number > 1 and time.monotonic() > end:
                return
            yield number, Requests(self.hosts, number, allowed)


def signals(world):
    """A signal handler raises at random moments, and the iteration goes on."""
    raised = 0

    def handler(number, frame):
        nonlocal raised
        raised += 1
        raise Stop

    # An import that is interrupted fails.
    "host.example".encode("idna")
    signal.signal(signal.SIGALRM, handler)
    # What is raised in a callback of a weak reference does not come out.
    sys.unraisablehook = lambda unraisable: None
    # If one is raised in a handshake that has just failed, ssl reports that failure again in the
    # next call for any other connection.
    allowed = (Stop, ssl.SSLError)
    if sys.version_info >= (3, 14):
        # One that is raised as `with` calls __enter__() leaves the lock of the resolver locked.
        allowed += (TimeoutError,)
    for number, requests in world.rounds(allowed):
        answers = []
        with world.fetcher() as fetcher:
            if number % 2:
                # A signal in the code of an iterable would end that.
                fetcher.fetch(list(requests.all(COUNT)))
            else:
                for request in requests.all(COUNT):
                    fetcher.add(request)
            while fetcher.outstanding or fetcher.pulling or fetcher.waiting:
                try:
                    signal.setitimer(signal.ITIMER_REAL, world.chance.uniform(1e-4, 1e-2))
                    answers.extend(fetcher)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except Stop:
                    pass
        for answer in answers:
            requests.judge(answer)
        requests.all_came_back(COUNT)
    print(f"{number + 1} rounds, {raised} signals")
    assert raised > 20, raised


def closing(world):
    """close() in the middle: here, in a sink, in an iterable, in a thread, in a signal handler."""
    ways = ["here", "sink", "iterable", "thread", "signal"]
    for number, requests in world.rounds(ConnectionAbortedError):
        way = ways[number % len(ways)]
        at = world.chance.randrange(COUNT)
        fetcher = world.fetcher()
        added = COUNT

        def close(*_, fetcher=fetcher):
            fetcher.close()

        def given(requests=requests, at=at, way=way, close=close):
            nonlocal added
            for number in range(COUNT):
                if number == at and way == "iterable":
                    close()
                added = number + 1
                yield requests.one(number, close if number == at and way == "sink" else None)

        thread = threading.Timer(at / 500, close)
        if way == "signal":
            signal.signal(signal.SIGALRM, close)
            signal.setitimer(signal.ITIMER_REAL, at / 500 + 1e-3)
        if way == "iterable":
            fetcher.fetch(given())
        else:
            for request in given():
                try:
                    fetcher.add(request)
                except RuntimeError:
                    added -= 1
                    break
        if way == "thread":
            thread.start()
        for done, answer in enumerate(fetcher):
            if way == "here" and done == at:
                fetcher.close()
            requests.judge(answer)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if way == "thread":
            thread.join()
        fetcher.close()
        assert fetcher.outstanding == fetcher.open == 0
        requests.all_came_back(added)


def threads(world):
    """Threads add requests while one iterates; another one that iterates is refused."""
    sys.setswitchinterval(1e-5)
    for _, requests in world.rounds():
        fetcher = world.fetcher()
        made = list(requests.all(COUNT))
        parts = [made[at::4] for at in range(4)]
        adding = [threading.Thread(target=deque, args=(map(fetcher.add, part),))
                  for part in parts]
        answers, refused = [], []

        def iterate(fetcher=fetcher, adding=adding, answers=answers, refused=refused):
            while any(thread.is_alive() for thread in adding) or fetcher.outstanding:
                try:
                    answers.extend(fetcher)
                except RuntimeError as error:
                    refused.append(error)
                    time.sleep(0.001)

        iterating = [threading.Thread(target=iterate) for _ in range(2)]
        for thread in adding + iterating:
            thread.start()
        for thread in adding + iterating:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        fetcher.close()
        assert refused
        for answer in answers:
            requests.judge(answer)
        requests.all_came_back(COUNT)


def fork(world):
    """A child begins with an empty Fetcher that works; the parent's goes on unharmed."""
    # The threads of the hosts and of the resolver are this process's own affair.
    warnings.simplefilter("ignore", DeprecationWarning)
    children = []

    def child(fetcher, url):
        assert (fetcher.outstanding, fetcher.open, fetcher.queued) == (0, 0, 0)
        assert not fetcher.pulling and not fetcher.waiting and list(fetcher) == []
        fetcher.add(url)
        assert [answer.content for answer in fetcher] == [b"child"]
        fetcher.close()

    def forked(fetcher, url, within):
        """Fork; in a turn, the child finds out only afterwards."""
        pid = os.fork()
        if pid:
            children.append(pid)
            return
        if within:
            return
        code = 1
        try:
            child(fetcher, url)
            code = 0
        finally:
            os._exit(code)

    parent = os.getpid()
    with Server(Replies(*[ok(b"child")] * 1000)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        for number, requests in world.rounds():
            at = world.chance.randrange(COUNT)
            fetcher = world.fetcher()
            within = ("", "sink", "iterable")[number % 3]

            def sink(content, fetcher=fetcher):
                forked(fetcher, url, True)

            def given(requests=requests, at=at, within=within, fetcher=fetcher):
                for number in range(COUNT):
                    if number == at and within == "iterable":
                        forked(fetcher, url, True)
                    yield requests.one(number, sink if number == at and within == "sink" else None)

            fetcher.fetch(given())
            fetcher._settings.resolver = None
            try:
                for done, answer in enumerate(fetcher):
                    if done == at and not within:
                        forked(fetcher, url, False)
                    requests.judge(answer)
            finally:
                if os.getpid() != parent:
                    code = 1
                    try:
                        child(fetcher, url)
                        code = 0
                    finally:
                        os._exit(code)
            fetcher.close()
            requests.all_came_back(COUNT)
            for pid in children:
                _, status = os.waitpid(pid, 0)
                assert os.waitstatus_to_exitcode(status) == 0, (within, status)
            children.clear()


def main():
    if sys.argv[1] == "-":
        if sys.argv[2] == "memory":
            memory()
        else:
            ending(sys.argv[2])
        return
    world = World(sys.argv[1])
    before = descriptors()
    {"signals": signals, "closing": closing, "threads": threads, "fork": fork}[sys.argv[2]](world)
    with world.hosts:
        pass
    gc.collect()
    assert descriptors() <= before


def descriptors():
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


def ending(what):
    """End, or drop a Fetcher, while requests are under way."""
    server = Server(Replies(*[ok(b"x")] * 1000, *[None] * 1000))
    stalling = Server(lambda sock: time.sleep(PATIENCE))
    before = descriptors()
    fetcher = Fetcher()
    for port in (server.port, stalling.port):
        for _ in range(20):
            fetcher.add(f"http://127.0.0.1:{port}/")
    answers = list(itertools.islice(fetcher, 20))
    assert [answer.content for answer in answers] == [b"x"] * 20
    assert fetcher.open > 8
    if what == "exit":
        globals()["kept"] = fetcher
    elif what == "daemon":
        thread = threading.Thread(target=list, args=(fetcher,), daemon=True)
        thread.start()
        time.sleep(0.1)
    else:
        if what == "cycle":
            fetcher.itself = answers[0]     # cannot have attributes of its own
            answers.append(fetcher)
            fetcher.answers = answers
        del fetcher
        gc.collect()
        if what == "dropped":
            # The answers do not keep it.
            assert len(answers) == 20
        del answers
        gc.collect()
        # The servers' ends close themselves meanwhile.
        assert descriptors() - before <= server.accepted + stalling.accepted


def memory():
    """Many requests of several kinds leave no object and no memory behind."""
    def handle(sock):
        with sock.makefile("rb") as file:
            while request := read_request(file):
                if request.target == "/end":
                    return
                sock.sendall(ok(b"x" * 100, "Set-Cookie: x=y"))

    with Server(handle) as server, Fetcher(connections=8, decode=True) as fetcher:
        base = f"http://127.0.0.1:{server.port}/"

        def requests(count):
            """Yield as many of each kind."""
            for number in range(count):
                yield f"{base}{number}"
                yield Request("POST", base, body=b"x" * 100, context=object())
                yield Request("PUT", base, body=iter([b"x"] * 3), deadline=20)
                yield Request("GET", base, sink=lambda content: None)
                if number % 10 == 0:
                    yield base + "end"
                    yield "http://127.0.0.1:9/refused"

        def go(count):
            for answer in fetcher.fetch(requests(count)):
                assert answer.headers or answer.error
                assert not answer.getheader("Set-Cookie") or answer.redirect() is None
            # What the server remembers of connections that have ended is no leak.
            server._connections[:] = [sock for sock in server._connections if sock.fileno() != -1]
            server._threads[:] = [thread for thread in server._threads if thread.is_alive()]
            gc.collect()
            return len(gc.get_objects()), sys.getallocatedblocks()

        go(200)
        tracemalloc.start()
        objects, blocks = go(100)
        traced = tracemalloc.get_traced_memory()[0]
        for _ in range(3):
            now, blocks_now = go(REQUESTS // 12)
            grown = tracemalloc.get_traced_memory()[0] - traced
            # The server's own threads come and go.
            assert now - objects < 300, (objects, now)
            assert blocks_now - blocks < 3000 and grown < 300_000, (blocks_now - blocks, grown)
    assert fetcher.open == 0


if __name__ == "__main__":
    main()
