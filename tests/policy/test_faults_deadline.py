# SPDX-License-Identifier: MIT
"""`deadline=`: what a server brings in time by each single receive, but not in all.

The servers trickle for many times the deadline, so that a client without one would get a whole
response, or another exception, and the test would fail; the time itself is measured from below.
"""

import contextlib
import io
import math
import socket
import time
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import httpclient
import pytest

from support import faults, reads
from support.faults import CONTENT, GOOD, Exchange, usable
from support.servers import PATIENCE, Server

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DEADLINE = 0.1      # seconds

MANY = [reads.SCRIPTS[name] for name in (
    "read(7)", "readinto(4)", "read1", "readline", "iteration", "peek, read(4)")]
SLOW_HEADS = {
    "nothing": faults.stalls(b""),
    "status line": faults.trickles(b"HTTP/1.1 200 ", b"O"),
    "field line": faults.trickles(OK + b"A: ", b"b"),
    "interim": faults.trickles(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.02),
}
SLOW_CONTENT = {
    "length": faults.trickles(OK + b"Content-Length: 100000\r\n\r\n", b"x\n"),
    "until close": faults.trickles(OK + b"\r\n", b"x\n"),
    "stall": faults.stalls(OK + b"Content-Length: 100000\r\n\r\nx\n"),
    "chunks": faults.trickles(CHUNKED, b"2\r\nx\n\r\n"),
    "chunk data": faults.trickles(CHUNKED + b"FFFF\r\n", b"x\n"),
    "chunk extension": faults.trickles(CHUNKED + b"2;", b"x"),
    "trailer section": faults.trickles(CHUNKED + b"0\r\nT: ", b"u"),
}


class BySteps(httpclient.HTTPResponse):
    """A response that is read by the single steps, since one of them is overridden."""

    def _read_status(self):
        return super()._read_status()

    def _safe_read(self, amt):
        return super()._safe_read(amt)


def outlasted(got, connection, began):
    """Whether the deadline ended the exchange, and the connection with it."""
    assert type(got.error) is TimeoutError and "deadline" in str(got.error), got.error
    assert time.monotonic() >= began + DEADLINE
    if got.response is not None:
        assert got.response.incomplete
    got.close()
    assert connection.sock is None or connection.sock.fileno() < 0
    usable(connection, deadline=PATIENCE)


@pytest.mark.parametrize("steps", [False, True], ids=["at once", "by steps"])
@pytest.mark.parametrize("plan", (SLOW_HEADS | SLOW_CONTENT).values(),
                         ids=SLOW_HEADS | SLOW_CONTENT)
def test_deadline_ends_an_exchange_with_a_slow_server(over, plan, steps):
    """From the beginning of the request to the end of the content."""
    with over.server(plan) as server:
        with over.connection(httpclient, server, deadline=DEADLINE) as connection:
            if steps:
                connection.response_class = BySteps
            began = time.monotonic()
            outlasted(Exchange(connection, 0), connection, began)


def test_passed_deadline_closes_the_socket(over):
    """At once, and not only when the response is closed, or collected."""
    with over.server(SLOW_CONTENT["length"]) as server:
        with over.connection(httpclient, server, deadline=DEADLINE) as connection:
            got = Exchange(connection, 0)
            assert isinstance(got.error, TimeoutError)
            closed = connection.sock is None or connection.sock.fileno() < 0
            got.close()
            assert closed


@pytest.mark.parametrize("name", ["length", "chunks", "until close"])
@pytest.mark.parametrize("script", MANY)
def test_deadline_over_many_reads(plain, script, name):
    """It is one deadline for all the calls together."""
    with plain.server(SLOW_CONTENT[name]) as server:
        with plain.connection(httpclient, server) as connection:
            began = time.monotonic()
            outlasted(Exchange(connection, 0, script, deadline=DEADLINE), connection, began)


BODIES = {
    "bytes": lambda: bytes(30_000_000),
    "file": lambda: io.BytesIO(bytes(30_000_000)),
    "iterable": lambda: (bytes(10_000) for _ in range(3_000)),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_deadline_ends_sending_to_a_server_that_does_not_read(over, body):
    plan = faults.DoesNotRead()
    with over.server(plan) as server:
        with over.connection(httpclient, server, deadline=DEADLINE) as connection:
            began = time.monotonic()
            got = Exchange(connection, 0, body=body())
            plan.done.set()
            outlasted(got, connection, began)


@pytest.mark.parametrize("answer", [faults.stalls(b""), faults.trickles(OK + b"A: ", b"b"),
                                    faults.trickles(OK, b"A: b\r\n", pause=0.02)],
                         ids=["nothing", "field line", "field lines"])
def test_deadline_of_a_tunnel(answer):
    with Server(answer) as proxy:
        connection = httpclient.HTTPConnection(*proxy.address, timeout=PATIENCE, deadline=DEADLINE)
        with contextlib.closing(connection):
            connection.set_tunnel("far.example")
            began = time.monotonic()
            with pytest.raises(TimeoutError, match="deadline"):
                connection.request("GET", "/")
            assert time.monotonic() >= began + DEADLINE
            assert connection.sock is None or connection.sock.fileno() < 0


def test_deadline_of_a_handshake(tls):
    with Server(faults.stalls(b"")) as server:
        with tls.connection(httpclient, server, deadline=DEADLINE) as connection:
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                connection.request("GET", "/")
            assert time.monotonic() >= began + DEADLINE
            assert connection.sock is None or connection.sock.fileno() < 0


@pytest.mark.parametrize("timeout", [None, PATIENCE, 0.01])
def test_connecting_gets_no_more_time_than_the_deadline(timeout):
    """Connecting is given no more time than there is."""
    asked = []

    def create_connection(address, timeout, source_address):
        asked.append(timeout)
        raise TimeoutError("timed out")

    connection = httpclient.HTTPConnection("server.invalid", timeout=timeout, deadline=DEADLINE)
    connection._create_connection = create_connection
    with pytest.raises(TimeoutError):
        connection.request("GET", "/")
    assert 0 < asked[0] <= min(timeout or DEADLINE, DEADLINE)


def test_deadline_of_connecting_to_many_addresses(monkeypatch):
    """It is one for all that the name has, of which a server may make as many as it likes."""
    asked = []

    def create_connection(address, timeout, source_address):
        asked.append((address, timeout))
        time.sleep(DEADLINE / 4)
        raise OSError("unreachable")

    def getaddrinfo(host, port, *args):
        return [(2, 1, 6, "", (f"127.0.0.{n}", port)) for n in range(8)] + [
            (10, 1, 6, "", ("fe80::1", port, 0, 2))]

    monkeypatch.setattr(httpclient._request.dialing, "_real_create_connection", create_connection)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    connection = httpclient.HTTPConnection("many.example", 81, deadline=DEADLINE)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="deadline"):
        connection.request("GET", "/")
    assert time.monotonic() >= began + DEADLINE
    addresses, times = zip(*asked)
    assert addresses == tuple((f"127.0.0.{n}", 81) for n in range(len(asked)))
    assert len(asked) < 8 and max(times) <= DEADLINE and sorted(times, reverse=True) == list(times)

    asked.clear()
    with pytest.raises(OSError, match="unreachable"):
        connection.request("GET", "/", deadline=PATIENCE)
    assert [address for address, _ in asked[7:]] == [("127.0.0.7", 81), ("fe80::1%2", 81)]


def test_deadline_is_each_requests_own(over):
    """What one exchange has used up is not missing for the next; `timeout` is as before."""
    with over.server() as server:
        with over.connection(httpclient, server, deadline=PATIENCE) as connection:
            end = time.monotonic() + 2 * DEADLINE
            while time.monotonic() < end:
                usable(connection)
                assert connection.sock.gettimeout() == PATIENCE
            connection.deadline = None
            usable(connection)
        assert server.accepted == 1


def test_deadline_given_to_the_request(plain):
    """It goes before the connection's, in both directions, and is for this request alone."""
    with plain.server(faults.stalls(b""), faults.drips(GOOD, pause=0.005)) as server:
        with plain.connection(httpclient, server, deadline=PATIENCE) as connection:
            began = time.monotonic()
            outlasted(Exchange(connection, 0, deadline=DEADLINE), connection, began)
            assert Exchange(connection, 1).content == CONTENT
        with plain.connection(httpclient, server, deadline=DEADLINE) as connection:
            got = Exchange(connection, 1, deadline=PATIENCE)
            assert (got.error, got.content) == (None, CONTENT)
            connection.close()
            began = time.monotonic()
            outlasted(Exchange(connection, 0), connection, began)


def test_deadline_with_more_digits_than_python_shows(plain):
    with plain.server(b"") as server:
        with plain.connection(httpclient, server) as connection:
            with pytest.raises(TimeoutError, match="deadline of -inf s"):
                connection.request("GET", "/", deadline=-10**5000)


def test_deadline_of_a_request_that_cannot_be_sent(plain):
    """Another one is under way, and keeps what it has."""
    with plain.server(faults.drips(GOOD, pause=0.001)) as server:
        with plain.connection(httpclient, server) as connection:
            connection.request("GET", "/")
            with pytest.raises(httpclient.CannotSendRequest):
                connection.request("GET", "/", deadline=-1)
            assert connection.getresponse().read() == CONTENT


def test_timeout_before_the_deadline(over):
    """Then it is an ordinary timeout, and says nothing of a deadline."""
    with over.server(faults.stalls(OK)) as server:
        with over.connection(httpclient, server, deadline=PATIENCE) as connection:
            connection.connect()
            connection.sock.settimeout(0.02)
            got = Exchange(connection, 0)
            assert isinstance(got.error, TimeoutError) and "deadline" not in str(got.error)


# ---- what a deadline may be

class Real:
    """A number of a class that a program defines."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


class Index:
    def __index__(self):
        return PATIENCE


SERVED = [PATIENCE, float(PATIENCE), Fraction(PATIENCE), Decimal(PATIENCE), Real(float(PATIENCE)),
          Index(), 30 * 24 * 3600, 1e300, 10**400, Fraction(10**400), Decimal("1e400"), math.inf,
          Decimal("Infinity")]
PASSED = [0, 0.0, -1, -1e300, -(10**400), -math.inf, Fraction(-1, 3), Decimal("-0.5")]
NO_NUMBERS = [True, False, "5", b"5", bytearray(b"5"), [5], object(), 5j, timedelta(seconds=5)]
NO_TIMES = [math.nan, Decimal("nan"), Decimal("sNaN"), Real(math.nan)]
BAD = [*((value, TypeError) for value in NO_NUMBERS), *((value, ValueError) for value in NO_TIMES)]


def short(value):
    return repr(value)[:20]


@pytest.mark.parametrize("deadline", SERVED, ids=short)
def test_any_number_of_seconds_is_a_deadline(client, over, deadline):
    """Numbers of any kind and size."""
    with over.server() as server:
        with over.connection(client, server, deadline=deadline) as connection:
            usable(connection)
            assert connection.sock.gettimeout() == PATIENCE
        with over.connection(client, server, timeout=None) as connection:
            usable(connection, deadline=deadline)
            usable(connection, deadline=deadline)
            assert connection.sock.gettimeout() is None


def test_infinity_is_no_limit(plain):
    """Neither for a connection, nor for a request on one that has a limit."""
    with plain.server(faults.drips(GOOD, pause=0.005), faults.drips(GOOD, pause=0.005)) as server:
        with plain.connection(httpclient, server, deadline=math.inf) as connection:
            assert connection.deadline is None
            assert Exchange(connection, 0).content == CONTENT
        with plain.connection(httpclient, server, deadline=DEADLINE) as connection:
            began = time.monotonic()
            assert Exchange(connection, 1, deadline=math.inf).content == CONTENT
            assert time.monotonic() > began + DEADLINE


def test_infinity_leaves_the_timeout(over):
    with over.server(faults.stalls(OK)) as server:
        with over.connection(httpclient, server, timeout=0.02) as connection:
            got = Exchange(connection, 0, deadline=math.inf)
            assert isinstance(got.error, TimeoutError) and "deadline" not in str(got.error)


@pytest.mark.parametrize("deadline", PASSED, ids=short)
def test_deadline_that_has_passed_sends_nothing(client, plain, deadline):
    """Nothing is sent, as where a budget is used up before the request."""
    with plain.server() as server:
        with plain.connection(client, server) as connection:
            connection.connect()
            with pytest.raises(TimeoutError, match="the deadline of .* s has passed"):
                connection.request("GET", "/", deadline=deadline)
            usable(connection)
        with plain.connection(client, server, deadline=deadline) as connection:
            with pytest.raises(TimeoutError, match="the deadline of .* s has passed"):
                connection.request("GET", "/")
            usable(connection, deadline=PATIENCE)
        assert server.handle.requests == 2


@pytest.mark.parametrize(("deadline", "error"), BAD, ids=short)
def test_invalid_deadline_is_refused_at_once(client, plain, deadline, error):
    """By the constructor and by request(), with the value; the connection is as it was."""
    with pytest.raises(error, match="deadline|signaling") as caught:
        client.HTTPConnection("a.example", deadline=deadline)
    assert repr(deadline) in str(caught.value) or "signaling" in str(caught.value)
    with plain.server() as server:
        with plain.connection(client, server) as connection:
            usable(connection)
            with pytest.raises(error):
                connection.request("GET", "/refused", deadline=deadline)
            usable(connection)
        assert (server.accepted, server.handle.requests) == (1, 2)


@pytest.mark.parametrize(("deadline", "error"), BAD, ids=short)
def test_invalid_deadline_attribute_is_refused_by_the_request(plain, deadline, error):
    with plain.server() as server:
        with plain.connection(httpclient, server) as connection:
            connection.deadline = deadline
            with pytest.raises(error):
                connection.request("GET", "/refused")
            connection.deadline = PATIENCE
            usable(connection)
