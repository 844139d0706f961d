# SPDX-License-Identifier: MIT
"""Signals that come while a receive waits: unseen without an exception, and clean with one.

    python -m isolated.signals

No other thread: the handler itself sends what the client waits for, or raises.
"""

import contextlib
import os
import signal
import socket

import httpclient
from support import reads
from support.servers import PATIENCE, ok

OK = b"HTTP/1.1 200 OK\r\n"
WIRES = {
    "length": (OK + b"Content-Length: 10\r\n\r\n", b"0123456789"),
    "chunked": (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
                b"0123456789"),
    "until close": (OK + b"\r\n", b"0123456789"),
}
SCRIPTS = ("read", "read(3)", "readinto(4)", "read1", "read1(70000)", "readline",
           "iteration", "peek, read(4)")
INTERVAL = 0.002    # seconds between two signals


class Watched(socket.socket):
    """Knows whether it waits in recv_into()."""

    waiting = False

    def recv_into(self, buffer, nbytes=0, flags=0):
        self.waiting = True
        try:
            return super().recv_into(buffer, nbytes, flags)
        finally:
            self.waiting = False


outcomes = []       # of those that were stopped: whether bytes were lost


class Stop(Exception):
    """What the handler raises."""


@contextlib.contextmanager
def alarms(handler):
    """Calls the handler again and again; each call interrupts what the process waits for."""
    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@contextlib.contextmanager
def asked(timeout=PATIENCE):
    """(a connection that has sent its request, the server's end)."""
    near, far = socket.socketpair()
    watched = Watched(fileno=near.detach())
    watched.settimeout(timeout)
    connection = httpclient.HTTPConnection("in.memory")
    with far, contextlib.closing(connection):
        connection.sock = watched
        connection.request("GET", "/")
        assert far.recv(10_000).startswith(b"GET / ")
        yield connection, far


def whole(name):
    head, content = WIRES[name]
    return head if name == "chunked" else head + content


def unseen(name, script, timeout):
    """Each interruption brings an octet; without it the client would wait for ever."""
    wire = iter(whole(name))
    with asked(timeout) as (connection, far):

        busy = False

        def handler(number, frame):
            nonlocal busy
            if busy or not sock.waiting:    # one in the midst of another would go before it
                return
            busy = True
            octet = next(wire, None)
            if octet is None:
                far.shutdown(socket.SHUT_WR)
            else:
                far.send(bytes([octet]))
            busy = False

        sock = connection.sock
        with alarms(handler):
            response = connection.getresponse()
            content = b"".join(reads.SCRIPTS[script](response))
        assert content == WIRES[name][1], (name, script, content)
        assert not response.incomplete
        response.close()


def stopped(name, script, after, timeout):
    """The handler raises: the exception comes out, and the next read goes on from there."""
    got = []
    with asked(timeout) as (connection, far):

        def handler(number, frame):
            if sock.waiting:
                raise Stop

        sock = connection.sock
        far.sendall(whole(name)[:after])
        response = None
        with alarms(handler):
            try:
                response = connection.getresponse()
                for piece in reads.SCRIPTS[script](response):
                    got.append(piece)
            except Stop:
                pass
            else:
                raise AssertionError("the client did not wait")
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        with contextlib.suppress(BrokenPipeError):      # the client has left
            far.sendall(whole(name)[after:])
        if response is not None:
            far.shutdown(socket.SHUT_WR)
            outcomes.append(response.incomplete)
            if response.incomplete:     # the handler came between the receive and what follows it
                refused(response)
                return
            got += reads.SCRIPTS[script](response)
            assert b"".join(got) == WIRES[name][1], (name, script, after, got)
        connection.close()
        usable(connection)


def lost():
    """A recv_into() in Python whose caller does not get to know what it has received."""
    class Losing(socket.socket):
        def recv_into(self, buffer, nbytes=0, flags=0):
            super().recv_into(buffer, nbytes, flags)
            raise Stop

    near, far = socket.socketpair()
    response = httpclient.HTTPResponse(near)
    with far, near:
        far.sendall(whole("length")[:-5])
        response.begin()
        assert response.read(3) == b"012"
        with Losing(fileno=near.detach()) as sock:
            losing = httpclient.HTTPResponse(sock)
            losing.length, losing.chunked = 5, False
            far.sendall(whole("length")[-5:])
            try:
                losing.read(5)
            except Stop:
                refused(losing)
            else:
                raise AssertionError("no exception")
            losing.close()


def refused(response):
    """Bytes are lost, so that there is nothing to be read but an exception."""
    assert response.incomplete
    for method, argument in (("read", None), ("read", 1), ("readinto", bytearray(5)),
                             ("read1", 5), ("readline", 5), ("peek", 5)):
        try:
            got = getattr(response, method)(argument)
        except OSError:
            continue
        raise AssertionError(f"{method}() gave {got!r}")


def usable(connection):
    """The connection can be used anew."""
    connection.sock, far = socket.socketpair()
    with far:
        far.sendall(ok(b"all is well"))
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"all is well"


def interrupted_send():
    """A handler that raises while a request is sent: the next one can be made at once."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    connection = httpclient.HTTPConnection("in.memory")

    def handler(number, frame):
        raise Stop

    with far, contextlib.closing(connection):
        connection.sock = near
        body = bytes(50_000_000)    # before the alarm: it takes some allocators a while
        try:
            with alarms(handler):
                connection.request("POST", "/", body)
            raise AssertionError("all of it was sent")
        except Stop:
            pass
        usable(connection)


def ctrl_c():
    """SIGINT while the head is waited for, by its usual handler."""
    with asked() as (connection, far):
        def handler(number, frame):
            if connection.sock.waiting:
                os.kill(os.getpid(), signal.SIGINT)

        try:
            with alarms(handler):
                connection.getresponse()
        except KeyboardInterrupt:
            connection.close()
            usable(connection)
        else:
            raise AssertionError("no KeyboardInterrupt")


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for timeout in (PATIENCE, None):
        for name in WIRES:
            for script in ("read", "readinto(4)", "read1"):
                unseen(name, script, timeout)
            for script in SCRIPTS:
                size = len(whole(name))
                for after in {0, 5, 30, size - 14, size - 1}:
                    stopped(name, script, after, timeout)
    assert outcomes.count(False) > 10 * outcomes.count(True), outcomes
    lost()
    interrupted_send()
    ctrl_c()


if __name__ == "__main__":
    main()
