# SPDX-License-Identifier: MIT
"""A server that goes wrong, each time in the way that the request's target names.

`Faults(plan, plan, ...)` is a handler for `support.servers.Server`: a request for `target(n)` is
answered by the n-th plan, a function of the socket, and that connection ends with it; any other
request gets `GOOD`, on as many connections as the client likes.  So one server goes through all
the points at which a response can break.

Every plan ends by itself: it sends a bounded number of octets, and where it waits it waits for
the client to leave, no longer than the socket's own patience.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time

from support import reads
from support.servers import ok, read_head

CONTENT = b"all is well"
GOOD = ok(CONTENT)

# Responses with each framing, to break anywhere.
OK = b"HTTP/1.1 200 OK\r\n"
WIRES = {
    "length": OK + b"A: b\r\nContent-Length: 9\r\n\r\nhow nice!",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhow \r\n5;a=b\r\nnice!\r\n"
               b"0\r\nT: u\r\n\r\n",
    "until close": OK + b"A: b\r\n\r\nhow nice!",
    "interim": b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\n!",
}

# What a flood sends at most, and in pieces of what size.
MOST = 48 << 20
BLOCK = 1 << 16

# Seconds that a server trickles, or sits there, at most.
TRICKLING = 10


def target(number):
    """The target of a request that the plan of this number answers."""
    return f"/{number}"


class Faults:
    """Goes wrong as the target says; `requests` counts all that came."""

    def __init__(self, *plans):
        self.plans = list(plans)
        self.requests = 0

    def __call__(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock.makefile("rb") as file, contextlib.suppress(ssl.SSLError):
            while head := read_head(file):
                self.requests += 1
                name = head.split(b" ", 2)[1][1:].decode("latin-1")
                if name.isdecimal():
                    return self.plans[int(name)](sock)
                sock.sendall(GOOD)


def wait_for_the_end(sock):
    """Returns when the client has left; what it still sends is of no interest."""
    if sock.fileno() < 0:       # TLS would go on with the number, whosever it is now
        return
    with contextlib.suppress(OSError):
        while sock.recv(BLOCK):
            pass


def reset(sock):
    """Ends the connection by RST, at once and also under TLS."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(sock.detach())     # sock.close() would wait for the files made of it


def end_stream(sock):
    """Half-closes: says in due form that nothing more comes, and goes on listening."""
    if isinstance(sock, ssl.SSLSocket):
        timeout = sock.gettimeout()
        sock.settimeout(0)
        with contextlib.suppress(ssl.SSLWantReadError):
            sock.unwrap()       # the answer to close_notify is not awaited
        sock.settimeout(timeout)
    else:
        with contextlib.suppress(OSError):      # the client was faster
            sock.shutdown(socket.SHUT_WR)


# --- plans ---------------------------------------------------------------------------------------

def resets(data):
    """Sends this, then RST."""
    def plan(sock):
        sock.sendall(data)
        reset(sock)
    return plan


def ends(data):
    """Sends this and ends the stream, under TLS with close_notify; the client may stay."""
    def plan(sock):
        sock.sendall(data)
        end_stream(sock)
        wait_for_the_end(sock)
    return plan


def cuts(data):
    """Sends this and ends the TCP stream; under TLS that is an end without close_notify."""
    def plan(sock):
        sock.sendall(data)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
    return plan


def stalls(data):
    """Sends this and then nothing, until the client gives up."""
    def plan(sock):
        sock.sendall(data)
        wait_for_the_end(sock)
    return plan


def drips(data, pause=0.001):
    """Sends this, one octet at a time, and ends the stream."""
    def plan(sock):
        with contextlib.suppress(ConnectionError):
            for at in range(len(data)):
                sock.sendall(data[at:at + 1])
                time.sleep(pause)
            end_stream(sock)
    return plan


def trickles(head, again, pause=0.002):
    """Sends `head`, and then `again` over and over for as long as the client endures it."""
    def plan(sock):
        end = time.monotonic() + TRICKLING
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            sock.sendall(head)
            while time.monotonic() < end:
                sock.sendall(again)
                time.sleep(pause)
            end_stream(sock)
    return plan


class DoesNotRead:
    """Neither answers nor reads anything after the head, until `done` is set."""

    def __init__(self):
        self.done = threading.Event()

    def __call__(self, sock):
        self.done.wait(TRICKLING)


class Floods:
    """Sends `head`, then `piece` over and over until `most` octets are sent or the client leaves.

    `sent` counts what the system took, over all requests: more than any client has seen.
    """

    def __init__(self, head, piece, tail=b"", most=MOST):
        self.head = head
        self.block = piece * max(1, BLOCK // len(piece))
        self.tail = tail
        self.most = most
        self.sent = 0

    def __call__(self, sock):
        left = self.most
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self._send(sock, self.head)
            while left > 0:
                self._send(sock, self.block)
                left -= len(self.block)
            self._send(sock, self.tail)
            end_stream(sock)
            wait_for_the_end(sock)

    def _send(self, sock, data):
        with memoryview(data) as view:
            at = 0
            while at < len(view):
                count = sock.send(view[at:])
                at += count
                self.sent += count


class Surprises:
    """A good response, and something unasked when `go` is set.

    `surprise` is bytes, or a function of the socket.
    """

    def __init__(self, surprise, response=GOOD):
        self.response = response
        self.surprise = surprise
        self.go = threading.Event()

    def __call__(self, sock):
        sock.sendall(self.response)
        self.go.wait(TRICKLING)
        if callable(self.surprise):
            self.surprise(sock)
        else:
            sock.sendall(self.surprise)
        wait_for_the_end(sock)


def tls_in_memory(context, sock):
    """The server's side of TLS after the handshake, whose records the caller sends itself.

    Returns (SSLObject, the BIO of outgoing records, a function that calls another one until it has
    received what that needs).
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)

    def through(call, *args):
        while True:
            try:
                return call(*args)
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                received = sock.recv(BLOCK)
                if not received:
                    raise ConnectionError("the client left") from None
                incoming.write(received)

    through(tls.do_handshake)
    return tls, outgoing, through


class CutsRecords:
    """TLS that ends after `at` octets of ciphertext, wherever in a record that may be.

    For a Server without TLS: the TLS is made here, one record for each of `pieces`.  `arrived` is
    what was in the records that went out whole.
    """

    def __init__(self, context, pieces, at):
        self.context = context
        self.pieces = pieces
        self.at = at
        self.arrived = None

    def __call__(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls, outgoing, through = tls_in_memory(self.context, sock)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += through(tls.read, BLOCK)
        sock.sendall(outgoing.read())
        if b" /good " in request:
            tls.write(GOOD)
            sock.sendall(outgoing.read())
            return wait_for_the_end(sock)
        self._cut(sock, tls, outgoing)

    def _cut(self, sock, tls, outgoing):
        wire = arrived = b""
        for piece in self.pieces:
            tls.write(piece)
            wire += outgoing.read()
            if len(wire) <= self.at:
                arrived += piece
        self.arrived = arrived
        sock.sendall(wire[:self.at])
        sock.shutdown(socket.SHUT_WR)
        wait_for_the_end(sock)


# --- the client's side ---------------------------------------------------------------------------

class Exchange:
    """One request and all that came of it: the response, its content, the exception."""

    def __init__(self, connection, number, script=reads.read, **request):
        pieces = []
        self.response = self.error = None
        try:
            connection.request("GET", target(number), **request)
            self.response = connection.getresponse()
            pieces.extend(script(self.response))
        except AssertionError:
            raise
        except Exception as error:
            self.error = error
        self.content = b"".join(pieces)

    def close(self):
        """Closes the response, which may hold the socket alone."""
        if self.response is not None:
            self.response.close()


def usable(connection, **request):
    """Makes a good request, whatever has happened."""
    connection.request("GET", "/good", **request)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, CONTENT)
