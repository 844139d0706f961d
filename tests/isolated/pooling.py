# SPDX-License-Identifier: MIT
"""A Pool among threads, under signals, and across fork().

    python -m isolated.pooling threads | signals | ending | fork | TLS-FOLDER [seconds]

threads     1 to 64 threads share pools of several sizes, and end responses in several ways
signals     signals raise exceptions at any moment, and no place is lost
ending      the interpreter ends while a pool has connections
fork        children end all that they have inherited, and the parent goes on
TLS-FOLDER  the same over TLS, with certificates made in this folder

Each response is the one to its own request.
"""

import gc
import os
import pickle
import random
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

import httpclient
from support.pools import counts, url_of
from support.servers import PATIENCE, Server, ok, read_request

SECONDS = float(sys.argv[2]) if sys.argv[2:] else 2


class Named:
    """A handler that answers with the target; `most` counts the connections at one time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.ended = []     # what came after the last request of each connection
        self.chance = random.Random(1)

    def __call__(self, sock):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            with sock.makefile("rb") as file:
                while request := read_request(file):
                    name = content_of(request.target)
                    with self.lock:
                        way = self.chance.randrange(8)
                    if way == 0:
                        sock.sendall(ok(name, "Connection: close"))
                        return
                    if way < 4:
                        sock.sendall(ok(name))
                    else:
                        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     b"%x\r\n%b\r\n0\r\n\r\n" % (len(name), name))
        finally:
            with self.lock:
                self.now -= 1


def content_of(target):
    return target.encode() * (1 + len(target) % 7)


def exchange(pool, base, target, way):
    """One request, whose response ends in one of several ways."""
    response = pool.request("GET", base + target)
    if way == 0:
        response.close()
    elif way == 1:
        assert content_of(target).startswith(response.read(3))
    elif way == 2:
        assert b"".join(iter(lambda: response.read(2), b"")) == content_of(target)
    else:
        assert response.read() == content_of(target), target


def threads():
    for count, per_host, block in ((1, 1, True), (2, 1, True), (8, 2, True), (8, 8, True),
                                   (64, 10, True), (64, 1, True), (16, 4, False)):
        share(count, per_host, block)


def share(count, per_host, block):
    raised = []

    def work(pool, base, thread):
        chance = random.Random(thread)
        try:
            for number in range(2000 // count):
                exchange(pool, base, f"/{thread}-{number}", chance.randrange(12))
        except BaseException as error:
            raised.append(error)

    with Server(Named()) as server, \
            httpclient.Pool(per_host=per_host, block=block, timeout=PATIENCE) as pool:
        base = url_of(server, "")
        workers = [threading.Thread(target=work, args=(pool, base, thread), daemon=True)
                   for thread in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE * 3)
        assert not any(worker.is_alive() for worker in workers), "a thread hangs"
        if raised:
            raise raised[0]
        in_use, idle = counts(pool)
        assert in_use == 0 and idle <= per_host, (in_use, idle)
        # A connection that the client has closed lives on for a moment in the server.
        print(f"{count} threads, {per_host} connections: {server.accepted} opened, "
              f"{server.handle.most} at once")


class Stop(Exception):
    pass


def signals():
    """The main thread is interrupted; another one shares the pool and is not."""
    def stop(signum, frame):
        # What is raised in a finalizer would only be printed.
        while frame is not None:
            if frame.f_code.co_name == "__del__":
                return
            frame = frame.f_back
        raise Stop

    signal.signal(signal.SIGALRM, stop)
    chance = random.Random(1)
    stopped = done = 0
    over = threading.Event()
    raised = []

    def work():
        try:
            number = 0
            while not over.is_set():
                number += 1
                exchange(pool, base, f"/other-{number}", number % 12)
        except BaseException as error:
            raised.append(error)

    with Server(Named()) as server, httpclient.Pool(per_host=2, timeout=PATIENCE) as pool:
        base = url_of(server, "")
        # Python's import lock can hang for ever where a signal handler raises in an import.
        exchange(pool, base, "/first", 5)
        other = threading.Thread(target=work, daemon=True)
        other.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                signal.setitimer(signal.ITIMER_REAL, 10 ** chance.uniform(-5, -2))
                for number in range(5):
                    exchange(pool, base, f"/{done}-{number}", chance.randrange(12))
                    done += 1
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Stop:
                stopped += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        over.set()
        other.join(PATIENCE)
        assert not other.is_alive() and not raised, raised
        gc.collect()
        assert counts(pool)[0] == 0, pool
        for number in range(4):
            exchange(pool, base, f"/last-{number}", 5)
    assert stopped > 20 and done > 20, (stopped, done)
    print(f"{stopped} exceptions, {done} responses")


def ending():
    """Leave a pool with an idle connection in the module's namespace, within a cycle."""
    global left
    server = Server(Named())
    pool = httpclient.Pool(timeout=PATIENCE)
    base = url_of(server, "")
    exchange(pool, base, "/a", 5)
    left = [pool, httpclient.Pool()]
    left.append(left)
    server.close()


def fork(server_context=None, client_context=None):
    """Children end in each of the ways that there are; the parent uses its connections again."""
    def reads(pool, held, url):
        held.read()

    def closes(pool, held, url):
        held.close()
        pool.close()

    def drops(pool, held, url):
        del pool, held
        gc.collect()

    def asks(pool, held, url):
        assert counts(pool) == (0, 0)
        exchange(pool, url, "/child", 5)
        assert counts(pool) == (0, 1)
        assert pickle.loads(pickle.dumps(httpclient.Pool())).close() is None

    def nothing(pool, held, url):
        pass

    # The server's threads are in this process, and have nothing to do while it forks.
    warnings.simplefilter("ignore", DeprecationWarning)

    class Plain(Named):
        """Connections that last: the content by its length."""

        def __call__(self, sock):
            with sock.makefile("rb") as file:
                while request := read_request(file):
                    sock.sendall(ok(content_of(request.target)))
                with self.lock:
                    self.ended.append(request)

    scheme = "http" if server_context is None else "https"
    with Server(Plain(), tls=server_context) as server, \
            httpclient.Pool(timeout=PATIENCE, ssl_context=client_context) as pool:
        url = f"{scheme}://localhost:{server.port}"
        for child in (closes, drops, asks, nothing, *([reads] if scheme == "http" else [])):
            held, other = (pool.request("GET", f"{url}/{name}") for name in ("held", "other"))
            other.read()
            opened = server.accepted
            assert counts(pool) == (1, 1)
            pid = os.fork()
            if not pid:
                code = 1
                try:
                    mine, held_here = pool, held
                    del other
                    if child is drops:
                        held = pool = None
                    child(mine, held_here, url)
                    code = 0
                finally:
                    os._exit(code)
            _, status = os.waitpid(pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, child.__name__
            assert counts(pool) == (1, 1)
            if child is not reads:      # One of the two gets the bytes.
                assert held.read() == content_of("/held"), child.__name__
                for _ in range(3):
                    exchange(pool, url, "/again", 5)
                responses = [pool.request("GET", f"{url}/{number}") for number in range(2)]
                for number, response in enumerate(responses):
                    assert response.read() == content_of(f"/{number}"), child.__name__
                # The server has seen no end of a connection, but that of the child's own.
                own = child is asks
                assert server.accepted == opened + own, (child.__name__, server.accepted, opened)
                while len(ended := server.handle.ended) < own:
                    time.sleep(0.01)
                assert len(ended) == own, child.__name__
                ended.clear()


def main():
    what = sys.argv[1]
    if what == "threads":
        sys.setswitchinterval(1e-5)
        threads()
    elif what == "signals":
        signals()
    elif what == "ending":
        ending()
    elif what == "fork":
        fork()
    else:
        from support.certificates import Certificates
        issued = Certificates(Path(what))
        fork(issued.server(), issued.client())


if __name__ == "__main__":
    main()
