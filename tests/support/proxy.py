# SPDX-License-Identifier: MIT
"""A CONNECT proxy for the tests: one upstream whatever the name, so that no resolver is asked."""

import contextlib
import socket
import threading

from support.servers import PATIENCE, Server, read_head


class Proxy:
    """A handler for `Server`: answers CONNECT and then carries bytes between the two.

    `reply` is the answer's head and body; unless it is a 200 the connection is closed after it.
    `heads` are the requests that came, as bytes.
    """

    def __init__(self, upstream, reply=b"HTTP/1.1 200 Connection established\r\n\r\n"):
        self.upstream = upstream
        self.reply = reply
        self.heads = []

    def __call__(self, sock):
        # Unbuffered: what follows the request head belongs to the tunnel.
        with sock.makefile("rb", 0) as file:
            self.heads.append(read_head(file))
        sock.sendall(self.reply)
        if b" 200 " not in self.reply.split(b"\r\n", 1)[0]:
            return
        with socket.create_connection(self.upstream, PATIENCE) as other:
            back = threading.Thread(target=carry, args=(other, sock), daemon=True)
            back.start()
            carry(sock, other, socket.SHUT_RDWR)    # a client that is gone wants no answer
            back.join(PATIENCE)


def carry(source, target, how=socket.SHUT_WR):
    """Copies until the source ends, then ends the target too, as far as `how` says."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(how)


@contextlib.contextmanager
def proxying(upstream, **options):
    """A running proxy; its Proxy is `server.handle`."""
    with Server(Proxy(upstream, **options)) as server:
        yield server
