# SPDX-License-Identifier: MIT
"""HTTPS: the second default connection object, and a handshake, full or resumed."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from functools import partial
from types import ModuleType
from typing import Any

from bench.cases.exchanges import RAW_BUFFER
from bench.cases.fixtures import CASES, HOST, Case
from bench.harness.measure import AnswersDiffer, Course, Exchange, Makers, measure

CONSTRUCT = "https-construct"
HANDSHAKE = "tls-handshake"
ASKS = "resume_sessions"
SUMMARIES = {
    CONSTRUCT: "HTTPSConnection(host), the second and later",
    HANDSHAKE: "TLS: connect, one small GET, close",
}
FETCHED: Case = next(case for case in CASES if case.name == "small-head")


class Construction:
    """Connection objects with the default context, one after another, never connected."""

    def __init__(self, module: ModuleType) -> None:
        self._make = partial(module.HTTPSConnection, HOST)
        self._make()

    def exchange(self) -> Exchange:
        make = self._make

        def construct() -> int:
            return make().port

        return construct

    def close(self) -> None:
        pass


class Handshake:
    """A module's connection per request, all with one context; resumed if the options say so."""

    def __init__(self, module: ModuleType, port: int, **options: Any) -> None:
        self._make = partial(module.HTTPSConnection, HOST, port, **options)
        self.resumed = False

    def exchange(self) -> Exchange:
        def connect() -> tuple[int, int]:
            connection = self._make()
            with closing(connection):
                connection.request("GET", FETCHED.target)
                # Before the answer: after it the connection may be closed.
                self.resumed = connection.sock.session_reused
                response = connection.getresponse()
                return response.status, len(response.read())

        return connect

    def close(self) -> None:
        pass


class ResumedByHand:
    """The floor: ssl and sockets alone, each session from the connection before."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port, self._context = port, context
        self._session: ssl.SSLSession | None = None

    def exchange(self) -> Exchange:
        request, size = FETCHED.request(self._port), FETCHED.wire.size
        buffer = bytearray(RAW_BUFFER)

        def connect() -> int:
            plain = socket.create_connection((HOST, self._port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._context.wrap_socket(plain, server_hostname=HOST,
                                           session=self._session) as sock:
                sock.sendall(request)
                left = size
                while left > 0:
                    got = sock.recv_into(buffer)
                    if not got:
                        raise AnswersDiffer("raw: the server hung up")
                    left -= got
                self._session = sock.session
            return left

        return connect

    def close(self) -> None:
        pass


def measure_construction(modules: dict[str, ModuleType], course: Course) -> dict[str, Any]:
    makers: Makers = {name: partial(Construction, module) for name, module in modules.items()}
    return measure(CONSTRUCT, SUMMARIES[CONSTRUCT], makers, course)


def measure_handshake(modules: dict[str, ModuleType], port: int, context: ssl.SSLContext,
                      course: Course) -> dict[str, Any]:
    """Measure handshakes; `resumed` says whether those of httpclient were resumed."""
    def handshake(module: ModuleType) -> Handshake:
        # With a context that the caller gives, httpclient resumes sessions only on request.
        asks = {ASKS: True} if hasattr(module.HTTPSConnection, ASKS) else {}
        return Handshake(module, port, context=context, **asks)

    makers: Makers = {name: partial(handshake, module) for name, module in modules.items()}
    for name, make in makers.items():
        if (answer := make().exchange()()) != (200, FETCHED.wire.content_size):
            raise AnswersDiffer(f"{HANDSHAKE}: {name}: got {answer}")
    makers["raw"] = partial(ResumedByHand, port, context)
    result = measure(HANDSHAKE, SUMMARIES[HANDSHAKE], makers, course)
    ours = handshake(modules["ours"])
    exchange = ours.exchange()
    exchange(), exchange()
    result["resumed"] = ours.resumed
    return result
