# SPDX-License-Identifier: MIT
"""The server of the bench: prebuilt answers, from a process of its own.

A request is one recv() in most cases, its target is a key into prebuilt bytes, and the
answer is one send().  The server looks at nothing else, and it does not even take a request
apart that equals the one before, so that the client stays the slower end.

On a core of its own the server stays awake between requests: the kernel charges the sender
for waking a process on an idle core.  In a virtual machine that is 20 µs, more than a fast
client needs for a small answer.  (Measured: sendall() + recv_into() cost 30 µs of CPU against
a server that sleeps and 7 µs against one that does not, in Python as in C.)  And the server
has to be quick: a client that reaches its recv() before the answer goes to sleep, which costs
2 µs of CPU and happens to fast clients only.  So one thread polls epoll for all connections
without ever waiting.  TLS, and systems without epoll, have a thread per connection.

The process prints its two ports as one line of JSON and ends when its standard input does,
hence with its parent.  ServerProcess is the parent's handle of it; usage() is what the
server has spent on answers, apart from waiting.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from bench.cases.fixtures import BUCKET, CASES, GROWTH, HOST
from bench.harness.neighbours import take_precedence
from bench.harness.processes import environment, started, stop

RECEIVE = 65536
BACKLOG = 1024
USAGE = b"/usage"               # answered with what the answers have cost so far
AWAIT_USAGE = 5                 # seconds
SAMPLED = 7                     # the CPU time of every seventh request is measured
AWAKE = 0.005                   # seconds without a request before the server sleeps

BY_TARGET = {case.target.encode(): case for case in [*CASES, *GROWTH]}
BY_TARGET |= {f"/{BUCKET}{case.target}".encode(): case for case in CASES}
UPLOADS = {target: len(case.upload or b"") for target, case in BY_TARGET.items()}


def complete_target(data: bytes) -> bytes | None:
    """Return the target of a request, or None if a part of the request is missing."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    target = data.split(b" ", 2)[1]
    return target if len(data) >= end + 4 + UPLOADS.get(target, 0) else None


def receive_request(sock: socket.socket) -> bytes | None:
    """Receive one request and return its target; None at the end of the stream."""
    data = sock.recv(RECEIVE)
    while data:
        target = complete_target(data)
        if target is not None:
            return target
        more = sock.recv(RECEIVE)
        if not more:
            return None
        data += more
    return None


def stay_awake(sock: socket.socket) -> None:
    """Return when there is something to receive, or when it takes too long."""
    deadline = time.perf_counter() + AWAKE
    while not select.select([sock], [], [], 0)[0]:
        if time.perf_counter() > deadline:
            return


def answer_connection(sock: socket.socket, context: ssl.SSLContext | None, awake: bool) -> None:
    """Answer requests until the client hangs up."""
    answers: dict[bytes, list[bytes]] = {}
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True)
        while (target := receive_request(sock)) is not None:
            if target not in BY_TARGET:
                return
            if target not in answers:
                answers[target] = list(BY_TARGET[target].wire.pieces())
            for piece in answers[target]:
                sock.sendall(piece)
            if awake:
                stay_awake(sock)
    except (ConnectionError, ssl.SSLError):
        pass                    # the client went away; it says why
    finally:
        sock.close()


class Spinner:
    """All plain connections, answered by one thread that sleeps only without requests."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._poll = select.epoll()
        self._poll.register(listener, select.EPOLLIN)
        self._sockets: dict[int, socket.socket] = {}
        self._begun: dict[int, bytes] = {}          # requests that have come in part
        self._pieces: dict[bytes, list[bytes]] = {}
        self._busy = 0.0        # seconds of CPU time, of the answers that were measured
        self._measured = 0

    def run(self) -> None:
        """Answer for ever.  The hot path is one loop without calls of Python functions."""
        listener, poll, clock = self._listener.fileno(), self._poll.poll, time.perf_counter
        sockets, buffer = self._sockets, bytearray(RECEIVE)
        last, last_size, answer, served = b"", -1, b"", 0
        deadline = clock() + AWAKE
        while True:
            events = poll(0)
            if not events:
                if clock() > deadline:
                    poll(-1)
                    deadline = clock() + AWAKE
                continue
            for number, _ in events:
                if number == listener:
                    self._accept()
                    continue
                sock, served = sockets[number], served + 1
                measured = not served % SAMPLED
                if measured:
                    # CPU time: waiting for the client's recv() is no work.
                    started = time.thread_time()
                try:
                    got = sock.recv_into(buffer)
                    if got == last_size and buffer.startswith(last):
                        sock.send(answer)
                    elif not got:
                        self._drop(number)
                    else:
                        data = bytes(memoryview(buffer)[:got])
                        alone = self._take(number, data)
                        if alone is not None:
                            last, last_size, answer = data, got, alone
                except ConnectionError:
                    self._drop(number)
                if measured:
                    self._busy += time.thread_time() - started
                    self._measured += 1
            deadline = clock() + AWAKE

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets[sock.fileno()] = sock
        self._poll.register(sock, select.EPOLLIN)

    def _drop(self, number: int) -> None:
        self._begun.pop(number, None)
        self._sockets.pop(number).close()           # epoll forgets it by itself

    def _take(self, number: int, data: bytes) -> bytes | None:
        """Answer the request if that is all of it.

        The answer is returned if request and answer were one piece each: then the same
        bytes mean the same again.
        """
        sock, whole = self._sockets[number], self._begun.pop(number, b"") + data
        target = complete_target(whole)
        if target is None:
            self._begun[number] = whole
            return None
        if target == USAGE:
            body = json.dumps({"busy": self._busy, "measured": self._measured}).encode()
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return None
        if target not in self._pieces:
            self._pieces[target] = list(BY_TARGET[target].wire.pieces())
        pieces = self._pieces[target]
        for piece in pieces:
            sock.sendall(piece)
        small = len(pieces) == 1 and len(pieces[0]) < RECEIVE
        return pieces[0] if small and len(whole) == len(data) else None


def accept_connections(listener: socket.socket, *how: object) -> None:
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=answer_connection, args=(sock, *how), daemon=True).start()


def listen(context: ssl.SSLContext | None, awake: bool) -> int:
    """Accept connections on a free port from now on, and return the port."""
    listener = socket.create_server((HOST, 0), backlog=BACKLOG)
    if context is None and awake and hasattr(select, "epoll"):
        threading.Thread(target=Spinner(listener).run, daemon=True).start()
    else:
        threading.Thread(target=accept_connections, args=(listener, context, awake),
                         daemon=True).start()
    return listener.getsockname()[1]


def allow_many_files() -> float:
    """Raise the limit on open sockets to what the system allows, and return it."""
    try:
        import resource
    except ImportError:         # Windows, which has no such limit
        return math.inf
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return math.inf if most == resource.RLIM_INFINITY else most


class ServerProcess:
    """A running server: `ports["http"]`, and `ports["https"]` where it speaks TLS.

    `certificate` is one that another server has; `module` is the program, if it is not this one.
    A context manager.  The certificate is made anew by the `openssl` program, for there
    is nothing in the standard library that could, and a key in a repository ages badly.
    """

    def __init__(self, core: int | None = None, tls: bool = False,
                 certificate: str | None = None, module: str = "bench.cases.server") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.certificate = self._make_certificate() if tls else certificate
        command = ["-m", module]
        if core is not None:
            command += ["--core", str(core)]
        if self.certificate:
            command += ["--certificate", self.certificate]
        self._process = started(*command, env=environment())
        ready = self._process.stdout.readline()
        if not ready:
            self.stop()
            raise RuntimeError("the bench's server did not start")
        self.ports = json.loads(ready)
        self.pid = self._process.pid

    def _make_certificate(self) -> str | None:
        program = shutil.which("openssl")
        if program is None:
            return None
        both = os.path.join(self._folder.name, "both.pem")
        made = subprocess.run(
            [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=bench", "-addext", f"subjectAltName=IP:{HOST}",
             "-keyout", both, "-out", both + ".crt"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if made.returncode:
            return None
        with open(both, "a") as end, open(both + ".crt") as certificate:
            end.write(certificate.read())
        return both

    def usage(self) -> dict[str, float] | None:
        """Return requests measured so far and their CPU seconds; None without epoll."""
        with socket.create_connection((HOST, self.ports["http"]), AWAIT_USAGE) as sock:
            sock.sendall(b"GET %b HTTP/1.1\r\n\r\n" % USAGE)
            data = b""
            while not data.endswith(b"}"):
                more = sock.recv(RECEIVE)
                if not more:
                    return None
                data += more
        return json.loads(data.partition(b"\r\n\r\n")[2])

    def stop(self) -> None:
        stop(self._process)
        self._folder.cleanup()

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cases.server", description=__doc__)
    parser.add_argument("--core", type=int, help="stay on this core, and awake")
    parser.add_argument("--certificate", help="PEM file with certificate and key, for HTTPS")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
        take_precedence(awake=True)
    allow_many_files()
    awake = options.core is not None
    ports = {"http": listen(None, awake), "https": None}
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        ports["https"] = listen(context, awake)
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
