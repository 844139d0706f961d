# SPDX-License-Identifier: MIT
"""For the tests of install(): what http.client was before, and exchanges over its own classes."""

import contextlib
import http.client
import socket
import sys
import threading
import types

import httpclient

from support.servers import ok, tcp_pair

CLASSES = [http.client.HTTPConnection, http.client.HTTPResponse]
if hasattr(http.client, "HTTPSConnection"):
    CLASSES.append(http.client.HTTPSConnection)
METHODS = [(cls, name) for cls in CLASSES for name, value in vars(cls).items()
           if isinstance(value, (types.FunctionType, staticmethod))]

CHUNKED = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
           b"6\r\nall is\r\n5\r\n well\r\n0\r\n\r\n")
TO_THE_END = b"HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nall is well"
KINDS = {"length": ok(b"all is well", "X: y"), "chunked": CHUNKED, "close": TO_THE_END}

READS = {
    "read": lambda response: response.read(),
    "readinto": lambda response: bytes(iter_readinto(response)),
    "read1": lambda response: b"".join(iter(response.read1, b"")),
    "readline": lambda response: b"".join(response),
}


def iter_readinto(response):
    buffer = bytearray(4)
    while n := response.readinto(buffer):
        yield from buffer[:n]


# What Python keeps on a class of which an object was copied, or whose annotations were read.
CACHES = {"__slotnames__", "__annotations_cache__", "__annotate_func__"}


def state():
    """What uninstall() has to restore."""
    found = {"module": (dict(vars(http.client)), type(http.client), dir(http.client))}
    for cls in CLASSES:
        attributes = {name: value for name, value in vars(cls).items() if name not in CACHES}
        names = [name for name in dir(cls) if name not in CACHES]
        found[cls] = attributes, cls.__bases__, cls.__mro__, names
    for name in http.client.__all__:
        value = getattr(http.client, name)
        if isinstance(value, type) and issubclass(value, Exception):
            found[value] = dict(vars(value)), value.__bases__
    return found


BEFORE = state()


@contextlib.contextmanager
def restored():
    """A block after which, and after uninstall(), http.client is what it was at first."""
    yield
    httpclient.uninstall()
    assert not httpclient.installed()
    after = state()
    for what, before in BEFORE.items():
        assert after[what] == before, what


def answer(server, wire):
    """Take the request, answer, and end the stream."""
    server.recv(65536)
    server.sendall(wire)
    server.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def asking():
    """A thread that is to take a response with install(): itself, what starts it and waits until
    it is within getresponse(), the list for the response, and the server's socket.
    """
    found = []
    ours, server = tcp_pair()
    with ours, server:
        httpclient.install()
        connection = http.client.HTTPConnection("a.example")
        connection.sock = ours
        connection.request("GET", "/")
        thread = threading.Thread(target=lambda: found.append(connection.getresponse()))

        def start():
            thread.start()
            while "getresponse" not in str(sys._current_frames().get(thread.ident)):
                pass

        yield thread, start, found, server


def connect(server):
    return http.client.HTTPConnection(*server.address, timeout=20)


def exchange(connection, method="GET", body=None):
    connection.request(method, "/", body)
    response = connection.getresponse()
    return response.status, response.read()
