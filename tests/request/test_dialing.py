# SPDX-License-Identifier: MIT
"""How a host is connected to: `happy_eyeballs_delay=` and `resolver=`.

Every address is on the loopback.  One that does not answer is a listener whose queue is full.
"""

import contextlib
import errno
import gc
import os
import select
import socket
import threading
import time
import weakref

import httpclient
import pytest

from httpclient._request.dialing import interleaved
from support.dialing import (
    DELAY, V4, V6, connection_to, fetched, has_ipv6, refusing, silent, to,
)
from support.inject import descriptors_beyond, each_step, tolerated
from support.servers import PATIENCE, Replies, Server, ok, serving

DEADLINE = 0.2      # seconds
NEVER = 1000        # a delay longer than any test


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this system has no address ::1")
needs_fds = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"),
                               reason="this system does not list open descriptors")


# ---- the order of attempts

@pytest.mark.parametrize(("families", "order"), [
    ("", ""), ("4", "4"), ("44", "44"), ("66644", "64646"), ("4466", "4646"), ("46", "46"),
    ("64444", "64444"), ("4x6x", "4x6x"), ("44xx66", "4x64x6")])
def test_families_take_turns(families, order):
    addresses = [(family, number) for number, family in enumerate(families)]
    found = interleaved(addresses)
    assert "".join(family for family, _ in found) == order
    for one in set(families):
        assert [a for a in found if a[0] == one] == [a for a in addresses if a[0] == one]


@needs_ipv6
def test_families_take_turns_in_attempts(client, attempts):
    with refusing() as (host, port):
        v4, v6 = [(f"127.0.0.{n}", port) for n in (1, 2)], [("::1", port)] * 3
        with connection_to(client, *v6, *v4) as connection:
            with pytest.raises(OSError):
                connection.connect()
    assert attempts.addresses == [v6[0], v4[0], v6[1], v4[1], v6[2]]


def test_the_next_attempt_begins_after_the_delay(client, attempts, server):
    with silent() as dead, connection_to(client, dead, server.address) as connection:
        assert fetched(connection) == b"well"
        assert connection.sock.getpeername() == server.address
        assert connection.sock.gettimeout() == PATIENCE
    assert attempts.addresses == [dead, server.address]
    assert attempts.times[1] - attempts.times[0] > DELAY * 0.9
    assert [sock.fileno() for sock in attempts.sockets] == [-1, -1]


def test_the_next_attempt_begins_as_soon_as_any_fails(client, attempts, server):
    with refusing() as bad, silent() as dead:
        addresses = bad, bad, server.address, dead
        with connection_to(client, *addresses, happy_eyeballs_delay=NEVER) as connection:
            assert fetched(connection) == b"well"
    assert attempts.addresses == [bad, bad, server.address]


def test_a_failure_starts_the_next_attempt_beside_one_that_waits(client, attempts, server):
    with refusing() as bad, silent() as dead:
        addresses = dead, bad, server.address
        with connection_to(client, *addresses, happy_eyeballs_delay=0.5) as connection:
            assert fetched(connection) == b"well"
    assert attempts.addresses == list(addresses)
    assert attempts.times[2] - attempts.times[1] < 0.5


def test_no_attempt_begins_when_the_first_has_connected(client, attempts, server):
    with silent() as dead, connection_to(client, server.address, dead,
                                         happy_eyeballs_delay=NEVER) as connection:
        assert fetched(connection) == b"well"
    assert attempts.addresses == [server.address]


@needs_ipv6
@pytest.mark.parametrize("family", [V4, V6], ids=["IPv4", "IPv6"])
def test_a_listener_of_one_family_is_found(client, family):
    """The other address of the host refuses."""
    with Server(Replies(ok(b"well")), family=family) as server:
        with connection_to(client, ("::1", server.port), ("127.0.0.1", server.port)) as connection:
            assert fetched(connection) == b"well"
            assert connection.sock.family == family
            assert connection.sock.gettimeout() == PATIENCE


def test_the_system_resolves_the_host(client, server):
    with connection_to(client, host="localhost", port=server.port) as connection:
        assert fetched(connection) == b"well"


def test_a_system_without_poll(client, attempts, server, monkeypatch):
    """Windows has select() alone."""
    monkeypatch.delattr(select, "poll", raising=False)
    with refusing() as bad, silent() as dead:
        with connection_to(client, dead, bad, server.address) as connection:
            assert fetched(connection) == b"well"
    assert attempts.addresses == [dead, bad, server.address]


def test_a_winner_blocks_without_timeout(client, server):
    with connection_to(client, server.address, timeout=None) as connection:
        assert fetched(connection) == b"well"
        assert connection.sock.gettimeout() is None


def test_the_scope_of_an_address_is_kept(client, attempts):
    address = "fe80::1", 80, 0, 99999
    for delay in DELAY, None:
        with connection_to(client, address, happy_eyeballs_delay=delay) as connection:
            with pytest.raises(OSError, match=r"at \[fe80::1%99999\]:80 \("):
                connection.connect()
    assert attempts.addresses == [address] * 2


def test_https(client, certificates):
    with serving(ok(b"secure"), tls=certificates.server()) as server, silent() as dead:
        connection = client.HTTPSConnection(
            "localhost", context=certificates.client(), resolver=to(dead, server.address),
            happy_eyeballs_delay=DELAY, timeout=PATIENCE)
        with contextlib.closing(connection):
            assert fetched(connection) == b"secure"


# ---- source_address

@needs_ipv6
@pytest.mark.parametrize("source", [("127.0.0.1", 0), ("127.0.0.2", 0)])
def test_a_source_address_is_used_for_its_family_alone(client, attempts, server, source):
    addresses = ("::1", server.port), server.address
    with connection_to(client, *addresses, source_address=source) as connection:
        assert fetched(connection) == b"well"
        assert connection.sock.getsockname()[0] == source[0]
    assert attempts.addresses == [server.address]


@needs_ipv6
def test_a_source_address_that_no_address_fits(client, server):
    with connection_to(client, server.address, source_address=("::1", 0)) as connection:
        with pytest.raises(OSError, match="has the family of the source_address") as caught:
            connection.connect()
        assert caught.value.errno == errno.EADDRNOTAVAIL


def test_a_source_address_without_a_host_fits_all(client, server):
    with connection_to(client, server.address, source_address=("", 0)) as connection:
        assert fetched(connection) == b"well"


# ---- errors

@pytest.mark.parametrize("delay", [DELAY, None])
def test_the_error_names_every_address(client, delay):
    with refusing() as one, refusing() as two:
        with connection_to(client, one, two, happy_eyeballs_delay=delay) as connection:
            with pytest.raises(ConnectionRefusedError) as caught:
                connection.request("GET", "/")
    assert caught.value.errno == errno.ECONNREFUSED
    assert str(caught.value) == (
        "[Errno {0}] cannot connect to a.example:80 at 127.0.0.1:{1} ({2}), 127.0.0.1:{3} ({2})"
        .format(errno.ECONNREFUSED, one[1], os.strerror(errno.ECONNREFUSED), two[1]))


def test_the_error_for_an_address_names_it_once(client):
    with refusing() as one:
        with connection_to(client, one, host=one[0], port=one[1]) as connection:
            with pytest.raises(ConnectionRefusedError, match=(
                    rf"cannot connect to 127.0.0.1:{one[1]} \(Connection refused\)$")):
                connection.connect()


def test_errors_of_several_classes(client):
    """The second address is no address for a client."""
    with refusing() as one:
        with connection_to(client, one, ("255.255.255.255", 80)) as connection:
            with pytest.raises(OSError, match=r"\(Connection refused\), 255") as caught:
                connection.connect()
    assert type(caught.value) is OSError and caught.value.errno is None


@pytest.mark.parametrize(("options", "text"), [
    ({"timeout": DEADLINE}, "timed out"),
    ({"timeout": None, "deadline": DEADLINE}, "the deadline of 0.2 s has passed"),
], ids=["timeout", "deadline"])
def test_time_limits_the_whole(client, options, text):
    with silent() as one, silent() as two, refusing() as bad:
        with connection_to(client, one, bad, two, one, happy_eyeballs_delay=0.01,
                           **options) as connection:
            began = time.monotonic()
            with pytest.raises(TimeoutError) as caught:
                connection.request("GET", "/")
            assert DEADLINE <= time.monotonic() - began < PATIENCE
    assert str(caught.value).startswith(f"{text} connecting to a.example:80 at ")
    for address, word in (one, "no answer"), (bad, "Connection refused"), (two, "no answer"):
        assert f"127.0.0.1:{address[1]} ({word})" in str(caught.value)


def test_addresses_that_were_not_tried_are_named(client):
    with silent() as one, silent() as two:
        with connection_to(client, one, two, timeout=DEADLINE,
                           happy_eyeballs_delay=NEVER) as connection:
            with pytest.raises(TimeoutError, match=f":{two[1]} .not tried"):
                connection.connect()


def test_the_default_timeout_holds(client):
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DEADLINE)
    try:
        with silent() as dead:
            connection = client.HTTPConnection(
                "a.example", resolver=to(dead), happy_eyeballs_delay=DELAY)
            with pytest.raises(TimeoutError, match="timed out"):
                connection.connect()
    finally:
        socket.setdefaulttimeout(before)


@pytest.mark.parametrize(("timeout", "error", "note"), [
    (-1, ValueError, "timeout should not be negative"),
    ("1", TypeError, "timeout should be a number")])
def test_a_wrong_timeout_is_explained(client, server, timeout, error, note):
    with connection_to(client, server.address, timeout=timeout) as connection:
        with pytest.raises(error) as caught:
            connection.connect()
    assert note in caught.value.__notes__[0]


@pytest.mark.parametrize(("delay", "error"), [
    (0, ValueError), (-1, ValueError), (0.009, ValueError), (float("nan"), ValueError),
    (True, TypeError), ("0.25", TypeError), ((), TypeError)])
def test_a_wrong_delay_is_refused(client, delay, error):
    with pytest.raises(error, match="happy_eyeballs_delay should be"):
        client.HTTPConnection("a.example", happy_eyeballs_delay=delay)


def test_an_unknown_argument_is_refused(client):
    with pytest.raises(TypeError, match="unexpected keyword argument 'resolve'"):
        client.HTTPConnection("a.example", resolve=None)


# ---- descriptors

@needs_fds
@pytest.mark.parametrize("won", [True, False])
def test_losers_are_closed(won):
    with silent() as one, silent() as two, socket.create_server(("127.0.0.1", 0)) as listener:
        before = len(os.listdir("/proc/self/fd"))
        addresses = [one, two] + [listener.getsockname()] * won
        with connection_to(httpclient, *addresses, timeout=PATIENCE if won else DEADLINE,
                           happy_eyeballs_delay=0.01) as connection:
            with contextlib.nullcontext() if won else pytest.raises(TimeoutError):
                connection.connect()
            assert len(os.listdir("/proc/self/fd")) == before + won


@needs_fds
def test_an_exception_at_any_step_leaves_no_descriptor_open():
    with contextlib.ExitStack() as stack:
        bad, dead = stack.enter_context(refusing()), stack.enter_context(silent())
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1000))
        before = os.listdir("/proc/self/fd")
        for injection in each_step():
            with connection_to(httpclient, bad, dead, listener.getsockname(),
                               happy_eyeballs_delay=0.01) as connection:
                with tolerated(injection):
                    connection.connect()
            assert not descriptors_beyond(before), injection.where


@needs_fds
def test_ctrl_c_leaves_no_descriptor_open(client, monkeypatch):
    class Interrupted:
        register = print

        def poll(self, milliseconds):
            raise KeyboardInterrupt

    monkeypatch.setattr(select, "poll", Interrupted, raising=False)
    with silent() as one, silent() as two:
        before = os.listdir("/proc/self/fd")
        with connection_to(client, one, two) as connection:
            with pytest.raises(KeyboardInterrupt):
                connection.request("GET", "/")
            assert connection.sock is None
            assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("delay", [DELAY, None])
def test_an_earlier_failure_does_not_keep_the_socket_alive(client, server, delay):
    with refusing() as bad:
        connection = client.HTTPConnection(
            "a.example", resolver=to(bad, server.address), happy_eyeballs_delay=delay)
        gc.disable()
        try:
            connection.connect()
            seen = weakref.ref(connection.sock)
            connection.close()
            assert seen() is None
        finally:
            gc.enable()


# ---- threads

def test_close_from_another_thread_ends_connecting(client):
    with silent() as dead, connection_to(client, dead) as connection:
        threading.Timer(0.1, connection.close).start()
        with pytest.raises(ConnectionAbortedError):
            connection.request("GET", "/")
        assert connection.sock is None


@pytest.mark.parametrize("delay", [DELAY, None])
def test_close_during_resolving_is_noticed(client, server, delay):
    def resolver(host, port):
        connection.close()
        return to(server.address)(host, port)

    connection = client.HTTPConnection("a.example", resolver=resolver, happy_eyeballs_delay=delay)
    with pytest.raises(ConnectionAbortedError):
        connection.request("GET", "/")
    assert connection.sock is None
