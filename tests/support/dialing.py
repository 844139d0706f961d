# SPDX-License-Identifier: MIT
"""Hosts with several addresses on the loopback: some answer, some refuse, some are silent."""

import contextlib
import select
import socket
import time

import pytest

from support.servers import PATIENCE, nobody

V4, V6 = socket.AF_INET, socket.AF_INET6
DELAY = 0.05        # seconds from one attempt to the next


def has_ipv6():
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=V6):
        return True
    return False


def to(*addresses):
    """A resolver that finds these addresses, for every host."""
    return lambda host, port: [
        (V6 if ":" in address[0] else V4, socket.SOCK_STREAM, 0, "", address)
        for address in addresses]


@contextlib.contextmanager
def silent(host="127.0.0.1"):
    """The address of a listener that does not answer, because its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(V6 if ":" in host else V4))
        listener.bind((host, 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(10):
            sock = stack.enter_context(socket.socket(listener.family))
            sock.setblocking(False)
            sock.connect_ex(address)
            if not select.select([], [sock], [], 0.2)[1]:
                yield address
                return
        pytest.skip("this system answers although the queue of the listener is full")


@contextlib.contextmanager
def refusing():
    """An address at which connections are refused."""
    sock, address = nobody()
    with sock:
        yield address


class Recorder:
    """Notes the connections that are attempted, in their order."""

    def __init__(self, monkeypatch):
        recorder = self
        self.addresses = []
        self.times = []
        self.sockets = []

        class Socket(socket.socket):
            def connect(self, address):
                recorder.addresses.append(address)
                recorder.times.append(time.monotonic())
                recorder.sockets.append(self)
                super().connect(address)

        monkeypatch.setattr(socket, "socket", Socket)


def connection_to(client, *addresses, host="a.example", port=80, **options):
    """A connection to a host with these addresses."""
    options.setdefault("timeout", PATIENCE)
    options.setdefault("happy_eyeballs_delay", DELAY)
    if addresses:
        options["resolver"] = to(*addresses)
    return contextlib.closing(client.HTTPConnection(host, port, **options))


def fetched(connection):
    connection.request("GET", "/")
    return connection.getresponse().read()
