# SPDX-License-Identifier: MIT
"""Exceptions out of a read that waits: nothing is lost, wherever in the message it waited."""

import http.client
import socket
import ssl

import httpclient
import pytest

from support.reads import SCRIPTS

OK = b"HTTP/1.1 200 OK\r\n"
CONTENT = b"one\ntwo\nthree"
WIRES = {
    "length": OK + b"Content-Length: 13\r\n\r\n" + CONTENT,
    "to the end": OK + b"\r\n" + CONTENT,
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n9;x=y\r\ntwo\nthree\r\n"
              b"0;z\r\nT: 0\r\n\r\n",
}


class Stop(Exception):
    """What is raised in the middle of a receive."""


class Late(OSError):
    """The same, as in the example of Python's own signal module."""


class Interrupting(socket.socket):
    """Raises where nothing has come, once for each gap in the wire."""

    error = Stop
    left = 0

    def recv_into(self, buffer, nbytes=0, flags=0):
        if self.left:
            self.left -= 1
            raise self.error()
        return super().recv_into(buffer, nbytes, flags)


def interrupted(wire, at, script, cls=httpclient.HTTPResponse):
    """The content that a script reads which goes on after an exception; `at`: the gap."""
    near, far = socket.socketpair()
    with far, Interrupting(fileno=near.detach()) as sock:
        far.sendall(wire[:at])
        response = cls(sock)
        response.begin()
        got = []
        sock.setblocking(False)     # or it would wait for what comes later
        try:
            for piece in script(response):
                got.append(piece)
        except BlockingIOError:
            pass
        sock.setblocking(True)
        sock.left = 1
        try:
            for piece in script(response):
                got.append(piece)
        except Stop:
            pass
        far.sendall(wire[at:])
        far.shutdown(socket.SHUT_WR)
        sock.left = 0
        got += script(response)
        assert not response.incomplete
        return b"".join(got)


PLAIN = ("read", "read(3)", "readinto(4)", "read1", "read1(70000)", "readline", "iteration",
         "peek, read(4)")


@pytest.mark.parametrize("script", PLAIN)
@pytest.mark.parametrize("framing", WIRES)
def test_a_read_goes_on_after_an_exception_at_each_gap(framing, script):
    wire = WIRES[framing]
    for at in range(wire.index(b"\r\n\r\n") + 4, len(wire)):
        assert interrupted(wire, at, SCRIPTS[script]) == CONTENT, at


def test_a_step_that_is_overridden_may_read():
    class Nesting(httpclient.HTTPResponse):
        def _read_chunked(self, amt=None):
            if amt is not None:
                return super()._read_chunked(amt)
            return b"".join(iter(lambda: self.read(2), b""))

        def _close_conn(self):
            if self.fp is not None and self.fp.unread:
                self.peek()
            super()._close_conn()

    for wire in WIRES.values():
        near, far = socket.socketpair()
        with near, far:
            far.sendall(wire)
            far.shutdown(socket.SHUT_WR)
            response = Nesting(near)
            response.begin()
            assert response.read() == CONTENT


@pytest.mark.skipif(not hasattr(socket, "socketpair"), reason="needs socketpair()")
def test_an_oserror_of_a_signal_handler_is_not_one_of_the_socket():
    signal = pytest.importorskip("signal")
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs setitimer()")

    def handler(number, frame):
        raise Late("too late")

    near, far = socket.socketpair()
    before = signal.signal(signal.SIGALRM, handler)
    with near, far:
        far.sendall(OK + b"Content-Length: 6\r\n\r\nab")
        response = httpclient.HTTPResponse(near)
        response.begin()
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(Late):
                response.read()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        far.sendall(b"cdef")
        assert response.read() == b"abcdef"


def test_nothing_to_receive_over_tls_is_no_failure():
    class Waiting(socket.socket):
        waits = True

        def recv_into(self, *args):
            if self.waits:
                raise ssl.SSLWantReadError()
            return super().recv_into(*args)

    near, far = socket.socketpair()
    with far, Waiting(fileno=near.detach()) as sock:
        response = httpclient.HTTPResponse(sock)
        sock.waits = False
        far.sendall(OK + b"Content-Length: 6\r\n\r\n")
        response.begin()
        sock.waits = True
        with pytest.raises(ssl.SSLWantReadError):
            response.read1()
        sock.waits = False
        far.sendall(b"abcdef")
        assert response.read() == b"abcdef"


def test_installed_http_client_passes_these_tests():
    with httpclient.installed():
        for at in range(60, len(WIRES["chunks"])):
            assert interrupted(WIRES["chunks"], at, SCRIPTS["read(3)"],
                               http.client.HTTPResponse) == CONTENT
