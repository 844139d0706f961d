# SPDX-License-Identifier: MIT
"""The contenders over a socket: httpclient, http.client, and the bytes alone.

Before the clock starts, each client fetches the answer once, and it must have the fixture's
status, fields and content.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from contextlib import closing
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

from bench.cases.fixtures import CALLER_FIELDS, HOST, LOOKED_UP, Case
from bench.cases.peers import makers as peer_makers
from bench.cases.peers import runs
from bench.harness.measure import AnswersDiffer, Course, Exchange, Makers, measure

RAW_BUFFER = 256 * 1024
PATIENCE = 60                   # seconds, for the untimed exchange


class Client:
    """A connection of one of the two modules."""

    def __init__(self, module: ModuleType, case: Case, ports: dict[str, int],
                 context: ssl.SSLContext | None) -> None:
        self.case = case
        options: dict[str, Any] = {} if case.timeout is None else {"timeout": case.timeout}
        if case.deadline is not None:
            options["deadline"] = case.deadline
        if case.tls:
            self.connection = module.HTTPSConnection(HOST, ports["https"], context=context,
                                                     **options)
        else:
            self.connection = module.HTTPConnection(HOST, ports["http"], **options)
        self._buffer = bytearray(case.buffer_size)

    def _send(self) -> Any:
        self.connection.request(self.case.method, self.case.target, self.case.upload,
                                CALLER_FIELDS)
        return self.connection.getresponse()

    def answer(self) -> tuple[object, ...]:
        """Do one exchange and return the whole answer, for comparison."""
        response = self._send()
        fields = response.getheaders()
        whole = hashlib.blake2b()
        if self.case.buffer_size:
            view = memoryview(self._buffer)
            while got := response.readinto(self._buffer):
                whole.update(view[:got])
        elif self.case.lines:
            for line in response:
                whole.update(line)
            response.close()
        else:
            whole.update(response.read())
        return response.version, response.status, response.reason, fields, whole.hexdigest()

    def exchange(self) -> Exchange:
        """Return a function that does one exchange and returns a value cheap to check."""
        case, send, buffer = self.case, self._send, self._buffer

        def read() -> tuple[int, str, int]:
            response = send()
            return response.status, response.getheader(LOOKED_UP), len(response.read())

        def read_with_fields() -> tuple[int, str, int]:
            response = send()
            value = response.getheader(LOOKED_UP)
            response.getheaders()
            return response.status, value, len(response.read())

        def readinto() -> tuple[int, str, int]:
            response = send()
            value = response.getheader(LOOKED_UP)
            total = 0
            while got := response.readinto(buffer):
                total += got
            return response.status, value, total

        def lines() -> tuple[int, str, int]:
            response = send()
            value = response.getheader(LOOKED_UP)
            total = 0
            for line in response:
                total += len(line)
            response.close()    # http.client's does not see the end of lines, in Python 3.11
            return response.status, value, total

        if case.buffer_size:
            return readinto
        if case.lines:
            return lines
        return read_with_fields if case.getheaders else read

    def close(self) -> None:
        self.connection.close()


class Raw:
    """The floor: the same bytes through the same socket, without a look at them."""

    def __init__(self, case: Case, ports: dict[str, int],
                 context: ssl.SSLContext | None) -> None:
        port = ports["https" if case.tls else "http"]
        self._request = case.request(port)
        self._expected = case.wire.size
        self._sock = socket.create_connection((HOST, port), case.timeout)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if case.tls:
            assert context is not None
            self._sock = context.wrap_socket(self._sock, server_hostname=HOST)

    def exchange(self) -> Exchange:
        sendall, recv_into = self._sock.sendall, self._sock.recv_into
        request, expected, buffer = self._request, self._expected, bytearray(RAW_BUFFER)

        def raw() -> int:
            sendall(request)
            left = expected
            while left > 0:
                got = recv_into(buffer)
                if not got:
                    raise AnswersDiffer("raw: the server hung up")
                left -= got
            return left

        return raw

    def close(self) -> None:
        self._sock.close()


def expected_answer(case: Case) -> tuple[object, ...]:
    lines = case.wire.head.decode("ascii").split("\r\n")[1:-2]
    fields = [tuple(line.split(": ", 1)) for line in lines]
    return 11, 200, "OK", fields, case.wire.digest()


def check_answer(name: str, client: Client) -> None:
    """Compare one answer in full with the fixture, hence with the other client's."""
    client.connection.connect()
    client.connection.sock.settimeout(PATIENCE)
    answer = client.answer()
    client.connection.sock.settimeout(client.case.timeout)
    parts = zip(("version", "status", "reason", "fields", "content"),
                expected_answer(client.case), answer)
    for part, expected, got in parts:
        if expected != got:
            raise AnswersDiffer(f"{client.case.name}: {name}: {part} is {got!r:.200}, "
                                f"not {expected!r:.200}")


def measure_case(case: Case, modules: dict[str, ModuleType], ports: dict[str, int],
                 context: ssl.SSLContext | None, course: Course,
                 peers: bool = False) -> dict[str, Any]:
    """Measure one case and return all its figures.  `modules` holds "ours" and "stdlib"."""
    without = replace(case, deadline=None)
    makers: Makers = {name: partial(Client, module, case if name == "ours" else without, ports,
                                    context)
                      for name, module in modules.items()}
    if case.deadline is not None:
        makers["plain"] = partial(Client, modules["ours"], without, ports, context)
    for name, make in makers.items():
        with closing(make()) as client:
            check_answer(name, client)
    makers["raw"] = partial(Raw, case, ports, context)
    others = peer_makers(case, ports["http"]) if peers and runs(case) else {}
    result = measure(case.name, case.summary, {**makers, **others}, course)
    if others:
        # Apart from the contenders: httptools here is not the httptools of the rows in memory.
        result.pop("over_httptools", None)
        result["peers"] = {name: result["contenders"].pop(name) for name in others}
    return result
