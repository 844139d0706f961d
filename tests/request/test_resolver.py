# SPDX-License-Identifier: MIT
"""`resolver=`, and calls of a replaced `_create_connection`."""

import contextlib
import copy
import pickle
import socket

import httpclient
import pytest

from support.dialing import DELAY, V4, connection_to, fetched, refusing, to
from support.servers import PATIENCE


@pytest.mark.parametrize("delay", [DELAY, None])
def test_the_resolver_gets_host_and_port(client, server, delay):
    asked = []

    def resolver(host, port):
        asked.append((host, port))
        return to(server.address)(host, port)

    connection = client.HTTPConnection("[::7]:81", resolver=resolver, timeout=PATIENCE,
                                       happy_eyeballs_delay=delay)
    with contextlib.closing(connection):
        assert fetched(connection) == b"well"
    assert asked == [("::7", 81)]
    assert server.handle.requests[0].field("Host") == "[::7]:81"


def test_addresses_are_tried_one_by_one_without_delay(client, attempts, server):
    with refusing() as bad:
        addresses = bad, ("127.0.0.2", bad[1]), server.address, bad
        with connection_to(client, *addresses, happy_eyeballs_delay=None) as connection:
            assert fetched(connection) == b"well"
            assert connection.sock.gettimeout() == PATIENCE
    assert attempts.addresses == list(addresses[:3])


@pytest.mark.parametrize("delay", [DELAY, None])
@pytest.mark.parametrize("error", [OSError, socket.gaierror, KeyError, KeyboardInterrupt])
def test_errors_of_the_resolver_pass_through(client, delay, error):
    raised = error(7, "the resolver's own")

    def resolver(host, port):
        raise raised

    with connection_to(client, resolver=resolver, happy_eyeballs_delay=delay) as connection:
        with pytest.raises(error) as caught:
            connection.request("GET", "/")
    assert caught.value is raised


GOOD = (V4, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))


@pytest.mark.parametrize("result", [
    None, 5, "127.0.0.1", ["127.0.0.1"], ("127.0.0.1", 80), GOOD, [GOOD[:4]],
    [GOOD, (*GOOD[:4], "127.0.0.1")], [(*GOOD[:4], ("127.0.0.1", "80"))],
    [(*GOOD[:4], (b"127.0.0.1", 80))], [(*GOOD[:4], ("::1", 80, 0, 0, 0))], [(None, *GOOD[1:])],
    {"a.example": "127.0.0.1"}, b"\x7f\0\0\1"], ids=repr)
def test_a_result_of_another_form_is_refused(client, result):
    with connection_to(client, resolver=lambda host, port: result) as connection:
        with pytest.raises(TypeError, match="resolver should return a list of tuples .family"):
            connection.request("GET", "/")


@pytest.mark.parametrize("result", [[], (), [(V4, socket.SOCK_DGRAM, *GOOD[2:])]], ids=repr)
def test_no_address_is_an_error(client, result):
    with connection_to(client, resolver=lambda host, port: result) as connection:
        with pytest.raises(socket.gaierror, match="found no address of 'a.example'"):
            connection.request("GET", "/")


def test_a_resolver_that_is_no_function_is_refused(client):
    with pytest.raises(TypeError, match="resolver should be a function"):
        client.HTTPConnection("a.example", resolver="127.0.0.1")


def test_getaddrinfo_is_a_resolver(client, attempts, server):
    """It finds addresses for datagrams, too."""
    with connection_to(client, host="127.0.0.1", port=server.port,
                       resolver=socket.getaddrinfo) as connection:
        assert fetched(connection) == b"well"
    assert attempts.addresses == [server.address]


@pytest.mark.parametrize("options", [{}, {"deadline": PATIENCE}], ids=["", "deadline"])
@pytest.mark.parametrize("where", ["connection", "socket"])
def test_a_replaced_create_connection_is_called(client, server, monkeypatch, where, options):
    calls = []

    def create_connection(address, timeout, source_address):
        calls.append(address)
        return real(server.address, timeout, source_address)

    real = socket.create_connection
    if where == "socket":
        monkeypatch.setattr(socket, "create_connection", create_connection)
    for resolver, address in [(None, ("a.example", 80)), (to(("127.0.0.9", 7)), ("127.0.0.9", 7))]:
        with connection_to(client, resolver=resolver, **options) as connection:
            if where == "connection":
                connection._create_connection = create_connection
            assert fetched(connection) == b"well"
        assert calls.pop() == address and not calls


def test_nothing_is_different_without_the_arguments(client, server, monkeypatch):
    """Then the connection keeps nothing, and socket.create_connection() does it all."""
    monkeypatch.setattr(httpclient._request.dialing, "resolved", None)
    monkeypatch.setattr(httpclient._request.dialing, "Race", None)
    connection = client.HTTPConnection(*server.address, unix_socket=None, resolver=None,
                                       happy_eyeballs_delay=None, timeout=PATIENCE)
    assert "_hc_state" not in connection.__dict__
    with contextlib.closing(connection):
        assert fetched(connection) == b"well"


def find(host, port):
    return socket.getaddrinfo("127.0.0.1", PORTS[host, port])


PORTS = {}


@pytest.mark.parametrize("delay", [DELAY, None])
@pytest.mark.parametrize("copied", [copy.copy, lambda c: pickle.loads(pickle.dumps(c))],
                         ids=["copy", "pickle"])
def test_a_copy_has_the_same_settings(server, copied, delay):
    PORTS["a.example", 81] = server.port
    connection = httpclient.HTTPConnection("a.example", 81, resolver=find, timeout=PATIENCE,
                                           happy_eyeballs_delay=delay)
    for one in connection, copied(connection):
        with contextlib.closing(one):
            assert fetched(one) == b"well"
