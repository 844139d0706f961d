# SPDX-License-Identifier: MIT
"""What comes on a connection while nothing has been asked is never taken for an answer.

COMPATIBILITY.md, the connection: http.client takes it for the next response, or fails.
"""

import contextlib
import itertools
import select
import socket
import threading

import httpclient
import pytest

from support.faults import reset
from support.servers import PATIENCE, Server, ok, read_head, serving

ANSWER = ok(b"answer")
FORGED = ok(b"forged")


def leave(sock):
    sock.shutdown(socket.SHUT_RDWR)


def speak(sock):
    sock.sendall(FORGED)
    sock.recv(1)        # until the client has left


def speak_and_leave(sock):
    sock.sendall(FORGED)
    with contextlib.suppress(OSError):      # the client may have left first
        sock.shutdown(socket.SHUT_WR)


class Idle:
    """A handler whose first connection sends or does something unasked after the answer."""

    def __init__(self, unasked):
        self.unasked = unasked
        self.count = itertools.count()
        self.proceed = threading.Event()

    def __call__(self, sock):
        first = next(self.count) == 0
        with sock.makefile("rb", 0) as file:
            while read_head(file):
                sock.sendall(ANSWER)
                if first:
                    assert self.proceed.wait(PATIENCE)
                    return self.unasked(sock)


def get(connection):
    connection.request("GET", "/")
    return connection.getresponse().read()


def wait_for_something(connection):
    """Returns when the socket has something for us."""
    assert select.select([connection.sock], [], [], PATIENCE)[0]


@pytest.mark.parametrize("unasked", [leave, speak, speak_and_leave, reset])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stale_connection_is_replaced(unasked, method):
    with Server(Idle(unasked)) as server:
        connection = httpclient.HTTPConnection(*server.address, timeout=20)
        with contextlib.closing(connection):
            assert get(connection) == b"answer"
            first = connection.sock
            server.handle.proceed.set()
            wait_for_something(connection)
            connection.request(method, "/")
            assert connection.getresponse().read() == b"answer"
            assert connection.sock is not first and first.fileno() == -1
            # And the new one is as good as any.
            assert get(connection) == b"answer"
            assert server.accepted == 2


@pytest.mark.parametrize("unasked", [leave, speak])
def test_stale_connection_without_auto_open_raises(unasked):
    with Server(Idle(unasked)) as server:
        connection = httpclient.HTTPConnection(*server.address, timeout=20)
        with contextlib.closing(connection):
            assert get(connection) == b"answer"
            connection.auto_open = 0
            server.handle.proceed.set()
            wait_for_something(connection)
            with pytest.raises(httpclient.NotConnected):
                connection.request("GET", "/")
            connection.connect()
            assert get(connection) == b"answer"


def test_connection_without_unread_input_is_kept():
    """With any timeout, and without one."""
    with serving(*[ANSWER] * 9) as server:
        connection = httpclient.HTTPConnection(*server.address, timeout=20)
        with contextlib.closing(connection):
            for timeout in (20, None, 0.5):
                assert get(connection) == b"answer"
                connection.sock.settimeout(timeout)
            assert connection.sock.gettimeout() == 0.5
        assert server.accepted == 1


def test_tls_records_without_content_keep_the_connection(certificates):
    """Session tickets and other records of TLS itself are no answer: the connection is kept."""
    with serving(*[ANSWER] * 9, tls=certificates.server()) as server:
        connection = httpclient.HTTPSConnection("localhost", server.port, timeout=20,
                                                context=certificates.client())
        with contextlib.closing(connection):
            connection.connect()
            if connection.sock.version() == "TLSv1.3":
                wait_for_something(connection)      # the session tickets
            for _ in range(3):
                assert get(connection) == b"answer"
        assert server.accepted == 1


@pytest.mark.parametrize("unasked", [leave, speak])
def test_stale_tls_connection_is_replaced(certificates, unasked):
    with Server(Idle(unasked), tls=certificates.server()) as server:
        connection = httpclient.HTTPSConnection("localhost", server.port, timeout=20,
                                                context=certificates.client())
        with contextlib.closing(connection):
            assert get(connection) == b"answer"
            server.handle.proceed.set()
            wait_for_something(connection)
            assert get(connection) == b"answer"
            assert server.accepted == 2
