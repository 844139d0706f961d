# SPDX-License-Identifier: MIT
"""Servers that reset, end, stall and drip at every octet, and send bytes unasked.

Each fault: the exception that the policy says, no content but the server's own, a connection that
can be used again, and no descriptor left behind.
"""

import http.client
import select
import socket
import ssl

import httpclient
import pytest

from support import faults, reads
from support.faults import CONTENT, GOOD, OK, WIRES, Exchange, usable
from support.policy import judge
from support.servers import PATIENCE, Server, ok, read_head

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

MODULES = [http.client, httpclient]

every_wire = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
RESETS = (ConnectionResetError, ConnectionAbortedError)     # the second on Windows
both = pytest.mark.parametrize("module", MODULES)

READS = [reads.SCRIPTS[name] for name in (
    "read", "read(7)", "readinto(4)", "read1", "readline", "iteration", "peek, read(4)")]


def points(wire):
    """The lengths at which there is something missing, if only the end of the stream."""
    return range(len(wire) + (judge(wire).framing == "close"))


# Resets

@pytest.fixture
def over_resets(over):
    """TLS only where Python tells a reset from an end without close_notify."""
    if over.client_context is not None and not tells_resets(over):
        pytest.skip("this Python's ssl takes a reset for an end of the stream")
    return over


def tells_resets(over):
    with over.server(faults.resets(b"")) as server:
        with socket.create_connection(server.address, PATIENCE) as plain:
            with over.client_context.wrap_socket(plain, server_hostname="localhost") as sock:
                sock.sendall(b"GET /0 HTTP/1.1\r\n\r\n")
                try:
                    return bool(sock.recv(1))
                except RESETS:
                    return True


@both
@every_wire
def test_reset_at_every_octet(module, over_resets, wire):
    """Never the end of a message, not even of one that lasts to the end of the stream."""
    whole = judge(wire)
    whole = whole.content or whole.body
    with over_resets.server(*(faults.resets(wire[:at]) for at in points(wire))) as server:
        for at in points(wire):
            with over_resets.connection(module, server) as connection:
                got = Exchange(connection, at, READS[at % len(READS)])
                assert isinstance(got.error, RESETS), (wire[:at], got.error)
                assert not isinstance(got.error, http.client.HTTPException), wire[:at]
                assert whole.startswith(got.content)
                got.close()
                connection.close()
                usable(connection)
        assert server.accepted == 2 * len(points(wire))


@every_wire
def test_reset_at_every_octet_needs_no_close(over_resets, wire):
    """The next request opens a new connection by itself, once the response is closed."""
    with over_resets.server(*(faults.resets(wire[:at]) for at in points(wire))) as server:
        for at in points(wire):
            with over_resets.connection(httpclient, server) as connection:
                got = Exchange(connection, at, READS[at % len(READS)])
                if got.response is not None:
                    assert got.response.incomplete
                got.close()
                usable(connection)


# Ends of the stream

def expected(wire):
    """(what the exception may be, content before it) of a response that ends like this."""
    verdict = judge(wire)
    if verdict.refused:
        return verdict.refused, b""
    if verdict.framing == "length":
        short = len(verdict.body) < verdict.length
        return ("IncompleteRead",) if short else (), verdict.body
    if verdict.framing == "chunked":
        return ("IncompleteRead",) if verdict.broken else (), verdict.content
    return (), verdict.body


def check_end(got, wire):
    """Whether read() made of these octets what the policy says."""
    errors, content = expected(wire)
    if not errors:
        assert (got.error, got.content) == (None, content), wire
        assert not got.response.incomplete
        return
    assert type(got.error).__name__ in errors, (wire, got.error)
    if got.response is not None:
        assert got.error.partial == content, wire
        assert got.response.incomplete


@pytest.mark.parametrize("plan", [faults.ends, faults.cuts], ids=["half-closed", "closed"])
@every_wire
def test_end_at_every_octet(over, plan, wire):
    """Under TLS, with and without close_notify; the next request needs no close()."""
    with over.server(*(plan(wire[:at]) for at in range(len(wire) + 1))) as server:
        for at in range(len(wire) + 1):
            with over.connection(httpclient, server) as connection:
                check_end(Exchange(connection, at), wire[:at])
                if at == len(wire):
                    connection.close()      # The end comes at an unknown time.
                usable(connection)


@every_wire
def test_end_at_every_octet_strictly(plain, wire):
    """Whatever is not whole is refused, by each way of reading."""
    needed = len(wire) if judge(wire).framing != "close" else wire.index(b"\r\n\r\n") + 4
    with plain.server(*(faults.ends(wire[:at]) for at in range(len(wire) + 1))) as server:
        for at in range(len(wire) + 1):
            for script in READS:
                with plain.connection(httpclient, server, strict=True) as connection:
                    got = Exchange(connection, at, script)
                    if at < needed:
                        assert isinstance(got.error, httpclient.HTTPException), wire[:at]
                        assert got.response is None or got.response.incomplete
                    else:
                        assert got.error is None and not got.response.incomplete


@pytest.mark.parametrize("script", READS[1:])
def test_truncated_content_is_reported_by_each_read(plain, script):
    """Where http.client's reads say nothing about it (COMPATIBILITY.md: content shorter)."""
    wire = WIRES["length"]
    with plain.server(faults.ends(wire[:-3]), faults.ends(wire)) as server:
        with plain.connection(httpclient, server) as connection:
            got = Exchange(connection, 0, script)
            assert (got.content, got.error) == (b"how ni", None)
            assert got.response.incomplete and got.response.length == 3
            assert not Exchange(connection, 1, script).response.incomplete


@every_wire
def test_tls_ends_at_every_octet_of_ciphertext(tls, wire):
    """What is in records that came whole is there; an end without close_notify is an end."""
    pieces = [wire[at:at + 20] for at in range(0, len(wire), 20)]
    plan = faults.CutsRecords(tls.server_context, pieces, 0)
    with Server(plan) as server:
        while plan.arrived != wire:
            with tls.connection(httpclient, server) as connection:
                check_end(Exchange(connection, 0), plan.arrived)
                if plan.arrived == wire:
                    connection.close()      # The end comes at an unknown time.
                usable(connection)
            plan.at += 1


# Stalls and drips

@pytest.mark.parametrize(("module", "over"), [
    (http.client, "plain"), (httpclient, "plain"), (httpclient, "TLS")], indirect=["over"])
@every_wire
def test_stall_at_every_octet(module, over, wire):
    with over.server(*(faults.stalls(wire[:at]) for at in points(wire))) as server:
        for at in points(wire):
            with over.connection(module, server) as connection:
                connection.connect()
                connection.sock.settimeout(0.005)
                got = Exchange(connection, at, READS[at % len(READS)])
                assert isinstance(got.error, TimeoutError), (wire[:at], got.error)
                got.close()
                if module is http.client:   # COMPATIBILITY.md: the connection, getresponse()
                    connection.close()
                usable(connection)


@both
@every_wire
def test_slow_octets_within_the_timeout_are_read(module, over, wire):
    """Slow, but each octet comes in time."""
    whole = judge(wire)
    plan = faults.drips(wire)
    with over.server(*[plan] * len(READS)) as server:
        for number, script in enumerate(READS[:3]):
            with over.connection(module, server) as connection:
                got = Exchange(connection, number, script)
                assert (got.error, got.content) == (None, whole.content or whole.body)


# Bytes sent unasked

POISON = ok(b"poisoned")
IN_CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
SURPLUS = {
    "length": ok(b"x"),
    "no content": ok(b""),
    "chunked": IN_CHUNKS,
    "trailers": IN_CHUNKS[:-2] + b"T: u\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
}


@pytest.mark.parametrize("surplus", [POISON, b"\r\n", b"x"], ids=["response", "CRLF", "octet"])
@pytest.mark.parametrize("wire", SURPLUS.values(), ids=SURPLUS)
def test_surplus_octets_close_the_connection(over, wire, surplus):
    """COMPATIBILITY.md: bytes after a complete response end its connection."""
    with over.server(*[faults.stalls(wire + surplus)] * len(READS)) as server:
        for number, script in enumerate(READS):
            with over.connection(httpclient, server) as connection:
                got = Exchange(connection, number, script)
                assert (got.error, got.content) == (None, expected(wire)[1])
                assert not got.response.incomplete
                usable(connection)
        assert server.accepted == 2 * len(READS)


def cut(sock):
    faults.cuts(b"")(sock)


WHILE_IDLE = {"response": POISON, "octet": b"x", "end": faults.end_stream, "cut": cut,
              "reset": faults.reset}


def idle_and_surprised(connection, plan):
    """Reads the good response, and returns when the surprise has arrived."""
    got = Exchange(connection, 0)
    assert got.content == CONTENT
    sock = connection.sock
    plan.go.set()
    assert select.select([sock], (), (), PATIENCE)[0] == [sock]


@pytest.mark.parametrize("surprise", WHILE_IDLE.values(), ids=WHILE_IDLE)
def test_input_on_an_idle_connection_closes_it(over, surprise):
    """COMPATIBILITY.md: bytes, or the end, on an idle connection."""
    plan = faults.Surprises(surprise)
    with over.server(plan) as server:
        with over.connection(httpclient, server) as connection:
            idle_and_surprised(connection, plan)
            usable(connection)
            assert server.accepted == 2
            usable(connection)
            assert server.accepted == 2


@pytest.mark.skipif(not ssl.HAS_TLSv1_3, reason="needs TLS 1.3")
def test_tls_handshake_message_on_an_idle_connection_is_no_content(tls, certificates):
    """A handshake message comes while the connection is idle: no content, no end of it."""
    over = type(tls)(certificates.server(client_required=True), certificates.client())
    over.server_context.verify_mode = ssl.CERT_OPTIONAL
    over.client_context.post_handshake_auth = True

    def ask_for_certificate(sock):
        sock.verify_client_post_handshake()
        sock.sendall(b"")
        sock.do_handshake()
        with sock.makefile("rb") as file:
            assert read_head(file)
            sock.sendall(GOOD)

    plan = faults.Surprises(ask_for_certificate)
    with over.server(plan) as server:
        with over.connection(httpclient, server) as connection:
            idle_and_surprised(connection, plan)
            usable(connection)
            assert server.accepted == 1
