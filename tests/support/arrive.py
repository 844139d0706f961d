# SPDX-License-Identifier: MIT
"""Ways for the bytes of a response to arrive at a client.

Each way is a function from bytes to an Arrival: the client's `sock`, `deliver()` that makes the
bytes available to it, `response()`: the response that reads them, and `left()`: what nobody has
read, where that can be told.  No threads where
the bytes fit into the kernel's buffer: they are written and the stream is ended before the client
reads, and a socket that hands them out in pieces does the cutting.
"""

import contextlib
import functools
import io
import socket
import ssl
import threading

from support.fed import FedResponse

# Seconds after which a client's socket gives up.  Only ever reached by a failing test.
PATIENCE = 20

# What a socket pair surely takes without a reader, also where each send() is charged a page.
ROOM = 32 * 1024


class Arrival:
    """A client's socket and the bytes that will come out of it."""

    exact = True    # what read1() and peek() give does not depend on the client's own buffer

    def __init__(self, data):
        self.data = data

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def response(self, module, method=None, **options):
        """A response of the module's that reads these bytes; it has not begun."""
        return module.HTTPResponse(self.sock, method=method, **options)


# --- fake sockets: the client sees a file and nothing else ---------------------------------------

class KeepsRest:
    """What a file still holds when it is closed; mixed into file classes."""

    rest = None

    def close(self):
        if self.rest is None:
            self.rest = b""     # read() below may close us again
            self.rest = self.read()
        super().close()


class Memory(KeepsRest, io.BytesIO):
    pass


class Buffered(KeepsRest, io.BufferedReader):
    pass


class Pieces(io.RawIOBase):
    """A raw stream whose reads never go beyond the next of `cuts`."""

    def __init__(self, data, cuts):
        self.data = data
        self.cuts = cuts
        self.at = 0

    def readable(self):
        return True

    def readinto(self, space):
        stop = min(self.cuts(self.at), self.at + len(space), len(self.data))
        piece = self.data[self.at:stop]
        space[:len(piece)] = piece
        self.at = stop
        return len(piece)


class Minimal:
    """The methods that http.client's documented reads need, and no more: as recorders have it."""

    def __init__(self, data):
        self._file = Memory(data)
        self.read = self._file.read
        self.readinto = self._file.readinto
        self.readline = self._file.readline
        self.close = self._file.close
        self.flush = self._file.flush

    @property
    def rest(self):
        return self._file.rest


class Fake(Arrival):
    """A socket that is none: sendall() and makefile(), as mocking libraries have it."""

    def __init__(self, data, make):
        super().__init__(data)
        self.sock = self
        self.sent = b""
        self.file = None
        self._make = make

    def sendall(self, data):
        self.sent += data

    def makefile(self, mode, bufsize=None):
        assert mode == "rb"
        self.file = self._make(self.data)
        return self.file

    def deliver(self):
        """All is there from the beginning."""

    def left(self):
        return self.file.rest

    def close(self):
        """The client closes us while the response may live on the file."""


def whole(at):
    """No cut."""
    return 1 << 62


def bytewise(at):
    """A cut after each byte; in a long response, from some point on, after each 997th."""
    return at + 1 if at < 2000 else at + 997


def split_at(point):
    """Two pieces."""
    return lambda at: point if at < point else 1 << 62


def memory(data):
    """A fake socket over io.BytesIO: has no peek()."""
    return Fake(data, Memory)


def minimal(data):
    """A fake socket whose file has neither read1() nor peek()."""
    return Fake(data, Minimal)


def buffered(data, cuts=whole):
    """A fake socket over a buffered reader, which gets the bytes in pieces."""
    return Fake(data, lambda data: Buffered(Pieces(data, cuts)))


# --- real sockets --------------------------------------------------------------------------------

class CutSocket(socket.socket):
    """A real socket whose recv_into() never goes beyond the next of `cuts`."""

    cuts = staticmethod(whole)
    at = 0

    def recv_into(self, buffer, nbytes=0, flags=0):
        room = min(nbytes or len(buffer), self.cuts(self.at) - self.at)
        count = super().recv_into(buffer, room, flags)
        self.at += count
        return count


class Pair(Arrival):
    """A real, connected socket; the peer sends all and then ends the stream."""

    exact = False

    def __init__(self, data, cuts=None):
        super().__init__(data)
        self.sock, self.peer = socket.socketpair()
        if cuts:
            self.sock = CutSocket(fileno=self.sock.detach())
            self.sock.cuts = cuts
        self.sock.settimeout(PATIENCE)
        self.peer.settimeout(PATIENCE)
        self.writer = None

    def deliver(self):
        if len(self.data) <= ROOM:
            self._write()
        else:
            self.writer = threading.Thread(target=self._write, daemon=True)
            self.writer.start()

    def _write(self):
        with contextlib.suppress(OSError):      # the client may refuse and go
            self.peer.sendall(self.data)
            self.peer.shutdown(socket.SHUT_WR)

    def left(self):
        """The client's buffer is its own: nothing to be told."""

    def close(self):
        self.sock.close()
        if self.writer:
            self.writer.join(PATIENCE)
        self.peer.close()


class Secure(Arrival):
    """TLS over a socket pair; the peer's records have at most `record` bytes of the data."""

    exact = False

    def __init__(self, data, contexts, record=None):
        super().__init__(data)
        self.record = record or len(data) or 1
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        server, client, host = contexts
        self.sock = client.wrap_socket(near, server_hostname=host, do_handshake_on_connect=False)
        self.peer = server.wrap_socket(far, server_side=True, do_handshake_on_connect=False)
        waiting = [self.sock, self.peer]
        for _ in range(20):
            waiting = [one for one in waiting if not shaken(one)]
        assert not waiting, "no end of the handshake"
        self.sock.settimeout(PATIENCE)
        self.peer.settimeout(PATIENCE)

    def deliver(self):
        assert len(self.data) <= ROOM
        self._drain()
        for at in range(0, len(self.data), self.record):
            self.peer.sendall(self.data[at:at + self.record])
        self.peer.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.peer.unwrap()      # says that this is the end; the answer to it is not awaited

    def _drain(self):
        """Takes the request, if there is one: unread data would spoil the end of the stream."""
        self.peer.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.peer.recv(ROOM)
        self.peer.settimeout(PATIENCE)

    def left(self):
        """The client's buffer is its own: nothing to be told."""

    def close(self):
        self.sock.close()
        self.peer.close()


def shaken(sock):
    """Takes the handshake as far as it goes; true at its end."""
    try:
        sock.do_handshake()
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return False
    return True


class Fed(Arrival):
    """No socket at all: the bytes are fed to a ResponseParser."""

    def __init__(self, data, cuts):
        super().__init__(data)
        self._cuts = cuts

    def response(self, module, method=None, **options):
        assert module.__name__ == "httpclient"
        self._response = FedResponse(self.data, self._cuts, method, **options)
        return self._response

    def deliver(self):
        """All is there from the beginning."""

    def left(self):
        return self._response.left()

    def close(self):
        """Nothing is open."""


def fed(data, cuts=whole):
    """No socket: a ResponseParser."""
    return Fed(data, cuts)


def pair(data, cuts=None):
    """A real socket."""
    return Pair(data, cuts)


def tls(contexts, record=None):
    """The way over TLS with these contexts: (server's, client's, host name)."""
    return functools.partial(Secure, contexts=contexts, record=record)
