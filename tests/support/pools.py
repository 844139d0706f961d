# SPDX-License-Identifier: MIT
"""What the tests of Pool share."""

import threading

from support.servers import ok, read_request


def url_of(server, path="/"):
    return f"http://{server.host}:{server.port}{path}"


def counts(pool):
    """The numbers of connections in use, and of idle ones."""
    return pool._origins.counts()


class Paired:
    """A handler whose answers name the connection, in the order of their first request."""

    def __init__(self):
        self.connections = []
        self._lock = threading.Lock()

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            with self._lock:
                self.connections.append(sock)
                number = len(self.connections)
            while read_request(file):
                sock.sendall(ok(b"%d" % number))
