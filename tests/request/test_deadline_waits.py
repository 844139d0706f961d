# SPDX-License-Identifier: MIT
"""A deadline that comes before the socket's timeout: sends and receives wait until then only."""

import contextlib
import signal
import socket
import threading
import time

import httpclient
import pytest

from support.servers import PATIENCE, ok

DEADLINE = 0.1      # seconds
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


@pytest.fixture(params=[None, PATIENCE], ids=["no timeout", "timeout"])
def pair(request):
    """A connection whose server is the second of the pair."""
    near, far = socket.socketpair()
    near.settimeout(request.param)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    far.settimeout(PATIENCE)
    with far, httpclient.HTTPConnection("a.example") as connection:
        connection.sock = near
        yield connection, far


def fill(sock):
    """Send until there is no room for another byte; return the number of bytes."""
    timeout, sent = sock.gettimeout(), 0
    sock.setblocking(False)
    for size in 1000, 1:
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += sock.send(b"x" * size)
    sock.settimeout(timeout)
    return sent


def test_deadline_ends_a_send_that_waits_for_room(pair):
    connection, _ = pair
    fill(connection.sock)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="the deadline of 0.1 s has passed"):
        connection.request("GET", "/", deadline=DEADLINE)
    assert DEADLINE <= time.monotonic() - began < PATIENCE
    assert connection.sock is None


def test_send_goes_on_when_there_is_room_before_the_deadline(pair):
    """The request goes out whole, and the socket's timeout is as it was."""
    connection, far = pair
    timeout = connection.sock.gettimeout()
    received = bytearray()

    def receive(left):
        time.sleep(0.05)
        while len(received) <= left or not received.endswith(b"#"):
            received.extend(far.recv(100_000))
        far.sendall(ok(b"done"))

    server = threading.Thread(target=receive, args=[fill(connection.sock)], daemon=True)
    server.start()
    connection.request("POST", "/", b"y" * 9000 + b"#", deadline=PATIENCE / 2)
    assert connection.sock.gettimeout() == timeout
    assert connection.getresponse().read() == b"done"
    server.join(PATIENCE)
    request = received.lstrip(b"x")
    assert request.startswith(b"POST / HTTP/1.1\r\n") and request.endswith(b"y" * 9000 + b"#")


def test_deadline_holds_for_a_request_in_steps(pair):
    connection, far = pair
    connection.deadline = DEADLINE
    connection.putrequest("GET", "/")
    connection.putheader("A", "b")
    connection.endheaders()
    assert far.recv(1000).endswith(b"\r\nA: b\r\n\r\n")
    with pytest.raises(TimeoutError, match="the deadline of 0.1 s has passed"):
        connection.getresponse()
    assert connection.sock is None or connection.sock.fileno() < 0


class Stop(Exception):
    """What the signal handler raises."""


@pytest.fixture
def alarm():
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs setitimer()")
    before = signal.getsignal(signal.SIGALRM)
    yield lambda handler, seconds: (signal.signal(signal.SIGALRM, handler),
                                    signal.setitimer(signal.ITIMER_REAL, seconds))
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_read_goes_on_after_a_signal_handler_returns(pair, alarm):
    connection, far = pair
    connection.request("GET", "/", deadline=PATIENCE / 2)
    far.sendall(HEAD + b"01234")
    response = connection.getresponse()
    alarm(lambda *_: far.sendall(b"56789"), 0.05)
    assert response.read() == b"0123456789"


def test_nothing_is_lost_when_a_signal_handler_raises(pair, alarm):
    """Nothing is lost, and the deadline goes on."""
    def stop(*_):
        raise Stop

    connection, far = pair
    connection.request("GET", "/", deadline=PATIENCE / 2)
    far.sendall(HEAD + b"01234")
    response = connection.getresponse()
    alarm(stop, 0.05)
    with pytest.raises(Stop):
        response.read()
    far.sendall(b"56789")
    assert response.read() == b"0123456789"


def test_nonblocking_socket_stays_nonblocking(pair):
    connection, far = pair
    connection.request("GET", "/", deadline=PATIENCE / 2)
    far.sendall(HEAD + b"01234")
    response = connection.getresponse()
    connection.sock.setblocking(False)
    assert response.read1() == b"01234"
    with pytest.raises(BlockingIOError):
        response.read1()
    far.sendall(b"56789")
    time.sleep(0.01)
    assert response.read1() == b"56789"
