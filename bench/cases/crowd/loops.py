# SPDX-License-Identifier: MIT
"""The floor for crowds: loops over epoll and non-blocking sockets that know the answer's size.

`Loop` does not look at the bytes of an answer, however long it is; `ParserLoop` gives them to
httpclient's ResponseParser.  A client can cost less than either only if it makes fewer system
calls.
"""

from __future__ import annotations

import select
import socket
import ssl
from functools import partial
from types import ModuleType
from typing import Any

from bench.cases.exchanges import RAW_BUFFER
from bench.cases.fixtures import HOST, SMALL, Case
from bench.harness.measure import AnswersDiffer

RECEIVE = 16 * 1024             # of small answers


class Loop:
    """A crowd that counts bytes; see crowd.clients.Crowd."""

    def __init__(self, case: Case, port: int, count: int, context: ssl.SSLContext | None) -> None:
        self._request, self._size, self._count = case.request(port), case.wire.size, count
        self._receive = RECEIVE if case.wire.content_size <= SMALL else RAW_BUFFER
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        for _ in range(count):
            sock = socket.create_connection((HOST, port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                sock = context.wrap_socket(sock, server_hostname=HOST)
            sock.setblocking(False)
            self._poll.register(sock, select.EPOLLIN)
            self._sockets[sock.fileno()] = sock

    def run(self, requests: int, check: Any) -> None:
        """Do so many requests: a connection that has its answer sends the next one at once."""
        request, size, poll = self._request, self._size, self._poll.poll
        buffer, left = bytearray(self._receive), dict.fromkeys(self._sockets, self._size)
        sockets, unsent, unanswered = self._sockets, requests - self._count, requests
        for sock in sockets.values():
            sock.send(request)
        while unanswered:
            for number, _ in poll():
                sock = sockets[number]
                try:
                    got = sock.recv_into(buffer)
                except ssl.SSLWantReadError:    # a session ticket
                    continue
                if not got:
                    raise AnswersDiffer("loop: the server hung up")
                left[number] -= got
                if not left[number]:
                    left[number] = size
                    unanswered -= 1
                    if unsent:
                        unsent -= 1
                        sock.send(request)

    def close(self) -> None:
        for sock in self._sockets.values():
            sock.close()
        self._poll.close()


class ParserLoop(Loop):
    """The same loop, with a ResponseParser for each answer."""

    def __init__(self, module: ModuleType, *how: Any) -> None:
        super().__init__(*how)
        self._parser = partial(module.ResponseParser, reused=True)

    def run(self, requests: int, check: Any) -> None:
        request, poll, make = self._request, self._poll.poll, self._parser
        parsers: dict[int, tuple[Any, list[bytes]]] = {
            number: (make(), []) for number in self._sockets}
        sockets, unsent, unanswered = self._sockets, requests - self._count, requests
        for sock in sockets.values():
            sock.send(request)
        while unanswered:
            for number, _ in poll():
                sock = sockets[number]
                try:
                    data = sock.recv(self._receive)
                except ssl.SSLWantReadError:
                    continue
                if not data:
                    raise AnswersDiffer("parser: the server hung up")
                parser, pieces = parsers[number]
                pieces.append(parser.feed(data))
                if parser.complete:
                    check(parser.status, None, b"".join(pieces))
                    parsers[number] = make(), []
                    unanswered -= 1
                    if unsent:
                        unsent -= 1
                        sock.send(request)
