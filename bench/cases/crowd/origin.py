# SPDX-License-Identifier: MIT
"""The server for crowds of connections: the bench's answers, at once or after a delay.

One thread polls epoll for all connections, plain and TLS, as bench.cases.server does for plain
ones, and looks at a request no closer.  Each port has its own delay.  Requests that wait for
the same delay are due in the order in which they came, so a deque for each delay is enough.

On a core of its own the server stays awake while an answer is due, and a little longer.
Otherwise the kernel would charge the clients for waking it.

The process prints its ports as one line of JSON and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import ssl
import sys
import threading
import time
from collections import deque
from typing import Any

from bench.cases.fixtures import HOST
from bench.cases.server import AWAKE, BY_TARGET, RECEIVE, allow_many_files, complete_target
from bench.harness.neighbours import take_precedence

DELAYS = [0, 50]                # milliseconds
BACKLOG = 16384                 # a crowd may connect all at once
WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

Due = tuple[float, "Connection", bytes]         # the moment, and what to send then


def port_name(delay: int, tls: bool) -> str:
    """Return the key of a port among those that the server prints."""
    return f"http{'s' * tls}-{delay}"


class Connection:
    """A connection, the requests that wait for the same delay, and what is left to be sent."""

    __slots__ = ("sock", "delay", "waiting", "rest", "begun", "handshake")

    def __init__(self, sock: socket.socket, delay: float, waiting: deque[Due]) -> None:
        self.sock, self.delay, self.waiting = sock, delay, waiting
        self.rest = self.begun = b""
        self.handshake = isinstance(sock, ssl.SSLSocket)


class Origin:
    """All listeners and connections of the process."""

    def __init__(self, context: ssl.SSLContext | None, awake: bool) -> None:
        self._context, self._awake = context, awake
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._queues: dict[int, deque[Due]] = {delay: deque() for delay in DELAYS}
        self._listeners: dict[int, tuple[socket.socket, int, bool]] = {}
        self._answers: dict[bytes, bytes] = {}
        self.ports: dict[str, int] = {}
        for delay in DELAYS:
            for tls in [False, True] if context else [False]:
                listener = socket.create_server((HOST, 0), backlog=BACKLOG)
                listener.setblocking(False)
                self._poll.register(listener, select.EPOLLIN)
                self._listeners[listener.fileno()] = listener, delay, tls
                self.ports[port_name(delay, tls)] = listener.getsockname()[1]

    def run(self) -> None:
        """Answer for ever."""
        poll, clock, connections = self._poll.poll, time.monotonic, self._connections
        queues, buffer = list(self._queues.values()), bytearray(RECEIVE)
        last, answer = b"", b""
        awake_until = clock() + AWAKE
        while True:
            now = clock()
            for queue in queues:
                while queue and queue[0][0] <= now:
                    _, connection, data = queue.popleft()
                    self._send(connection, data)
            events = poll(self._patience(awake_until))
            if events:
                now = clock()
                awake_until = now + AWAKE
            for number, _ in events:
                connection = connections.get(number)
                if connection is None:
                    self._accept(number)
                    continue
                if connection.rest or connection.handshake:
                    self._go_on(connection)
                    continue
                try:
                    got = connection.sock.recv_into(buffer)
                except WAIT:
                    continue
                except OSError:
                    got = 0
                if not got:
                    self._drop(connection)
                    continue
                if got != len(last) or connection.begun or not buffer.startswith(last):
                    data = bytes(memoryview(buffer)[:got])
                    found = self._answer_to(connection, data)
                    if found is None:
                        continue
                    last, answer = data, found
                if connection.delay:
                    connection.waiting.append((now + connection.delay, connection, answer))
                else:
                    self._send(connection, answer)

    def _patience(self, awake_until: float) -> float:
        """Return how long to wait for events, at most; -1: for ever."""
        due = [queue[0][0] for queue in self._queues.values() if queue]
        if self._awake:
            return 0 if due or time.monotonic() < awake_until else -1
        return max(0.0, min(due) - time.monotonic()) if due else -1

    def _answer_to(self, connection: Connection, data: bytes) -> bytes | None:
        """Return the answer, or None if a part of the request is missing."""
        whole = connection.begun + data
        target = complete_target(whole)
        if target is None:
            connection.begun = whole
            return None
        connection.begun = b""
        if target not in self._answers:
            self._answers[target] = b"".join(BY_TARGET[target].wire.pieces())
        return self._answers[target]

    def _send(self, connection: Connection, data: Any) -> None:
        """Send as much as the socket takes; the rest when it takes more."""
        try:
            sent = connection.sock.send(data)
        except WAIT:
            sent = 0
        except OSError:
            self._drop(connection)
            return
        if sent < len(data):
            if not connection.rest:
                self._poll.modify(connection.sock, select.EPOLLOUT)
            connection.rest = memoryview(data)[sent:]
        elif connection.rest:
            connection.rest = b""
            self._poll.modify(connection.sock, select.EPOLLIN)

    def _go_on(self, connection: Connection) -> None:
        """Go on with an answer that the socket did not take whole, or with a handshake."""
        if connection.rest:
            self._send(connection, connection.rest)
            return
        try:
            connection.sock.do_handshake()
        except WAIT:
            return
        except OSError:
            self._drop(connection)
            return
        connection.handshake = False

    def _accept(self, number: int) -> None:
        """Accept all connections that wait on this listener."""
        if number not in self._listeners:
            return              # a connection that was dropped among the same events
        listener, delay, tls = self._listeners[number]
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:     # no more of them, or no more files
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                assert self._context is not None
                sock = self._context.wrap_socket(sock, server_side=True,
                                                 do_handshake_on_connect=False)
            self._connections[sock.fileno()] = Connection(sock, delay / 1000, self._queues[delay])
            self._poll.register(sock, select.EPOLLIN)

    def _drop(self, connection: Connection) -> None:
        """Close the connection.  Its file is -1 if it is closed already: it may wait in a queue."""
        number = connection.sock.fileno()
        if number >= 0:
            del self._connections[number]
            connection.sock.close()             # epoll forgets it by itself


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cases.crowd.origin",
                                     description=__doc__)
    parser.add_argument("--core", type=int, help="stay on this core, and awake")
    parser.add_argument("--certificate", help="PEM file with certificate and key, for HTTPS")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
        take_precedence(awake=True)
    allow_many_files()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
    origin = Origin(context, options.core is not None)
    threading.Thread(target=origin.run, daemon=True).start()
    print(json.dumps(origin.ports), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
