# SPDX-License-Identifier: MIT
"""A TLS server that cannot resume sessions, and fails each handshake that offers one."""

import contextlib
import socket
import ssl
import struct
import threading

from support.servers import Replies, read_head

PRE_SHARED_KEY, SESSION_TICKET = 41, 35     # extensions of a ClientHello
FATAL_ALERT = b"\x15\x03\x03\x00\x02\x02\x50"       # internal_error


def client_hello(sock):
    """The first message of a client, which stays where it is; b"" where there is none."""
    hello = b""
    while len(hello) < 5 or len(hello) < 5 + struct.unpack_from(">H", hello, 3)[0]:
        more = sock.recv(65536, socket.MSG_PEEK)
        if len(more) <= len(hello):
            return b""
        hello = more
    return hello[5:]


def offers_session(hello):
    """Whether a ClientHello asks to resume a session, of TLS 1.3 or by a ticket of TLS 1.2."""
    at = 4 + 2 + 32                                     # type, length, version, random
    at += 1 + hello[at]                                 # session id
    at += 2 + struct.unpack_from(">H", hello, at)[0]    # cipher suites
    at += 1 + hello[at]                                 # compression
    at += 2                                             # length of all extensions
    while at < len(hello):
        kind, size = struct.unpack_from(">HH", hello, at)
        if kind == PRE_SHARED_KEY or kind == SESSION_TICKET and size:
            return True
        at += 4 + size
    return False


# ---- ways to refuse, each a function of the TCP socket

def alert(sock):
    sock.recv(65536)
    sock.sendall(FATAL_ALERT)


def end(sock):
    """Close, with nothing unread that would make it a reset."""
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
        sock.recv(65536)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def hang(sock):
    """Until the client is gone."""
    with contextlib.suppress(OSError):
        while sock.recv(65536):
            pass


class Refusing:
    """A handler of a Server without TLS: does the handshake itself, or `refuse(sock)`.

    `wait(offered)` is called before either.  `offers` tells of each connection whether it
    offered a session, `requests` are all that came.
    """

    def __init__(self, context, refuse, wait=lambda offered: None):
        self._context, self._refuse, self._wait = context, refuse, wait
        self._replies = Replies(*[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"] * 50)
        self._lock = threading.Lock()
        self.offers = []

    @property
    def requests(self):
        return self._replies.requests

    def __call__(self, sock):
        hello = client_hello(sock)
        if not hello:
            return
        offered = offers_session(hello)
        with self._lock:
            self.offers.append(offered)
        self._wait(offered)
        if offered:
            return self._refuse(sock)
        with contextlib.suppress(ssl.SSLError):     # a client that refuses
            with self._context.wrap_socket(sock, server_side=True) as wrapped:
                self._replies(wrapped)


class RefusingLater:
    """A handler of a Server with TLS: hangs up when a resumed session's first request comes."""

    def __init__(self, how):
        self._how = how
        self._replies = Replies(*[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"] * 50)
        self.resumed = []
        self.heads = []

    def __call__(self, sock):
        self.resumed.append(sock.session_reused)
        if sock.session_reused:
            with sock.makefile("rb", 0) as file:
                self.heads.append(read_head(file))
            return self._how(sock)
        self._replies(sock)
