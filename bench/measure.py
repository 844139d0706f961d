# SPDX-License-Identifier: MIT
"""The contenders of a case, the clock they run against, and what becomes of the figures.

Before the clock starts, each client fetches the answer once, and all must agree with
the fixture on status, fields and content.  Then come the rounds: in each, every
contender sends a batch of requests, in an order drawn anew, and the CPU time of this
process (user + system) over the batch is divided by its size.  A batch has one
connection, and the next batch another: how the kernel cuts a large answer is settled
once per connection and can make the same client 30 % slower on one than on the other.
A ratio is made inside a round, between batches milliseconds apart, and the median of
these is the figure: what disturbs the machine disturbs both sides of the division.
The server's CPU time is not in it, since the server is another process.
"""

from __future__ import annotations

import gc
import hashlib
import random
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from types import ModuleType
from typing import Any

from bench.cases import CALLER_FIELDS, HOST, LOOKED_UP, Case

try:
    import resource
except ImportError:             # Windows
    resource = None

RAW_BUFFER = 256 * 1024
WARM = 0.2                      # the part of a batch's time that is not counted
PATIENCE = 60                   # seconds, for the untimed exchange

Exchange = Callable[[], Any]
Take = Callable[[Any], Any]


class AnswersDiffer(Exception):
    """A contender has got something else than what the fixture holds."""


def cpu_seconds() -> float:
    """CPU time of this process so far, user and system."""
    if resource is None:
        return time.process_time()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Client:
    """One of the two modules: http.client, or what wants to be faster."""

    def __init__(self, module: ModuleType, case: Case, ports: dict[str, int],
                 context: ssl.SSLContext | None) -> None:
        self.case = case
        options: dict[str, Any] = {} if case.timeout is None else {"timeout": case.timeout}
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
        """One exchange in full, for comparison."""
        response = self._send()
        fields = response.getheaders()
        whole = hashlib.blake2b()
        if self.case.buffer_size:
            view = memoryview(self._buffer)
            while got := response.readinto(self._buffer):
                whole.update(view[:got])
        else:
            whole.update(response.read())
        return response.version, response.status, response.reason, fields, whole.hexdigest()

    def exchange(self) -> Exchange:
        """A function that does one exchange and returns what is cheap to check."""
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

        if case.buffer_size:
            return readinto
        return read_with_fields if case.getheaders else read

    def close(self) -> None:
        self.connection.close()


class Raw:
    """The same bytes through the same socket, and nobody looks at them: the floor."""

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


def warm_up(exchange: Exchange, seconds: float) -> tuple[float, Any]:
    """Repeat an exchange for a while; the seconds that one takes, and what it returns."""
    done, start = 0, time.perf_counter()
    while not done or time.perf_counter() - start < seconds:
        expected = exchange()
        done += 1
    return (time.perf_counter() - start) / done, expected


def run_batch(exchange: Exchange, size: int, expected: object) -> tuple[float, float]:
    """CPU and wall time of one exchange in microseconds, as the mean of a batch."""
    gc.collect()                # nobody pays for what another one left behind
    wall, cpu = time.perf_counter(), cpu_seconds()
    for _ in range(size):
        if exchange() != expected:
            raise AnswersDiffer("an answer changed while it was timed")
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    return cpu / size * 1e6, wall / size * 1e6


def figures(samples: list[float]) -> dict[str, Any]:
    """Minimum, quartiles and the samples themselves."""
    if len(samples) > 1:
        low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    else:
        low = middle = high = samples[0]
    return {"min": min(samples), "q1": low, "median": middle, "q3": high, "rounds": samples}


def ratio(over: dict[str, Any], under: dict[str, Any], clock: str) -> dict[str, Any]:
    """Round by round, how many times `under` goes into `over`."""
    pairs = zip(over[clock]["rounds"], under[clock]["rounds"])
    # A batch too short for the clock reads 0; one tick is then as good as any.
    return figures([a / max(b, 1e-3) for a, b in pairs])


def measure_case(case: Case, modules: dict[str, ModuleType], ports: dict[str, int],
                 context: ssl.SSLContext | None, rounds: int, seconds: float,
                 rng: random.Random) -> dict[str, Any]:
    """All figures of one case.  `modules` holds "ours" and "stdlib"."""
    makers: dict[str, Callable[[], Client | Raw]] = {
        name: partial(Client, module, case, ports, context) for name, module in modules.items()}
    for name, make in makers.items():
        with closing(make()) as client:
            check_answer(name, client)
    makers["raw"] = partial(Raw, case, ports, context)

    share = seconds / rounds / len(makers)
    sizes: dict[str, int] = {}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name in rng.sample(list(makers), len(makers)):
            with closing(makers[name]()) as contender:
                exchange = contender.exchange()
                one, expected = warm_up(exchange, share * WARM)
                size = sizes.setdefault(name, max(1, round(share * (1 - WARM) / one)))
                taken[name].append(run_batch(exchange, size, expected))
    return summary(case, sizes, taken)


def summary(case: Case, sizes: dict[str, int],
            taken: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    result: dict[str, Any] = {"name": case.name, "summary": case.summary}
    for name, times in taken.items():
        result[name] = {"batch": sizes[name],
                        "cpu_us": figures([cpu for cpu, _ in times]),
                        "wall_us": figures([wall for _, wall in times])}
    result["ratio"] = ratio(result["stdlib"], result["ours"], "cpu_us")
    result["wall_ratio"] = ratio(result["stdlib"], result["ours"], "wall_us")
    result["over_raw"] = ratio(result["ours"], result["raw"], "cpu_us")
    return result
