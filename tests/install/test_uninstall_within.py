# SPDX-License-Identifier: MIT
"""uninstall() while a call is under way: the object that the call creates is complete."""

import http.client
import socket
import ssl

import httpclient
import pytest

from support.installing import KINDS, answer
from support.servers import tcp_pair

pytestmark = pytest.mark.usefixtures("nothing_stays")


class Hooked(socket.socket):
    """A socket that calls `hook` once: when its attribute `where` is read, or "" in a receive."""

    hook = where = None

    def call(self):
        hook, self.hook, self.where = self.hook, None, None
        hook()

    def __getattribute__(self, name):
        if name == object.__getattribute__(self, "where"):
            self.call()
        return object.__getattribute__(self, name)

    def recv_into(self, *args):
        if self.where == "":
            self.call()
        return super().recv_into(*args)


def hooked(ours, where, hook):
    sock = Hooked(fileno=ours.detach())
    sock.hook, sock.where = hook, where
    return sock


def again():
    httpclient.uninstall()
    httpclient.install()


HEADS = {**KINDS, "odd": b"HTTP/1.1 200 OK\nX: y\nContent-Length: 11\n\nall is well"}


@pytest.mark.parametrize("hook", [httpclient.uninstall, again])
@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("where", ["recv_into", ""])
def test_response_of_getresponse_is_complete(where, kind, hook):
    """Its socket is asked for recv_into() before there is a response."""
    ours, server = tcp_pair()
    with hooked(ours, where, hook) as sock, server:
        httpclient.install()
        connection = http.client.HTTPConnection("a.example")
        connection.sock = sock
        connection.request("GET", "/")
        answer(server, HEADS[kind])
        response = connection.getresponse()
        assert sock.where is None
        assert response.msg is response.headers and response.headers["X"] == "y"
        assert response.chunk_left in (None, "UNKNOWN")
        assert response.read() == b"all is well"
        connection.close()


@pytest.mark.parametrize("hook", [httpclient.uninstall, again])
@pytest.mark.parametrize("where", ["recv_into", ""])
@pytest.mark.parametrize("begun", [False, True])
def test_response_is_complete(where, hook, begun):
    ours, server = tcp_pair()
    with hooked(ours, where, hook) as sock, server:
        httpclient.install()
        server.sendall(KINDS["length"])
        response = http.client.HTTPResponse(sock)
        if not begun:
            httpclient.uninstall()
        response.begin()
        assert sock.where is None
        assert response.msg is response.headers and response.headers["X"] == "y"
        assert response.read() == b"all is well"


@pytest.mark.skipif(not hasattr(http.client, "HTTPSConnection"), reason="no ssl")
def test_https_connection_is_complete():
    class Connection(http.client.HTTPSConnection):
        def _validate_host(self, host):
            httpclient.uninstall()
            super()._validate_host(host)

    httpclient.install()
    assert isinstance(Connection("a.example")._context, ssl.SSLContext)
