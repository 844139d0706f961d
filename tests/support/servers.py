# SPDX-License-Identifier: MIT
"""Loopback servers for the tests: small, scripted, and gone when the block ends.

A server is a listening socket on 127.0.0.1 and a thread that hands each accepted connection to
a function; every connection has a thread of its own.  What such a function raises is kept and
raised again where the server is closed, so that a broken server never looks like a broken client.
Each socket has a deadline: nothing here outlives its test.
"""

import contextlib
import itertools
import socket
import threading
from dataclasses import dataclass, field

# Seconds after which a socket of a test gives up.  Only ever reached by a failing test.
PATIENCE = 20


@dataclass
class Request:
    """A request as it arrived; `head` is the untouched bytes up to the empty line."""

    head: bytes = b""
    body: bytes = b""
    trailers: list = field(default_factory=list)

    @property
    def line(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def method(self):
        return self.line.split(" ")[0]

    @property
    def target(self):
        return self.line.split(" ")[1]

    @property
    def fields(self):
        lines = self.head.split(b"\r\n")[1:-2]
        return [tuple(line.decode("latin-1").split(": ", 1)) for line in lines]

    def field(self, name, default=None):
        """The value of the first field line of that name."""
        return next((v for k, v in self.fields if k.lower() == name.lower()), default)


def read_head(file):
    """The bytes up to and with the empty line; b"" where the peer has gone."""
    lines = []
    while line := file.readline():
        lines.append(line)
        if line in (b"\r\n", b"\n"):
            break
    return b"".join(lines)


def read_body(file, request):
    """Adds to the request its message body, as its framing says."""
    if "chunked" in request.field("Transfer-Encoding", ""):
        while size := int(file.readline().split(b";")[0], 16):
            request.body += file.read(size)
            assert file.read(2) == b"\r\n"
        while (line := file.readline()) not in (b"\r\n", b""):
            request.trailers.append(line)
    else:
        request.body = file.read(int(request.field("Content-Length", "0")))


def read_request(file):
    """The next Request, or None where the peer has gone."""
    request = Request(read_head(file))
    if not request.head:
        return None
    read_body(file, request)
    return request


class Server:
    """Runs `handle(sock)` for each connection; closed by `with`.

    `tls` is an ssl.SSLContext; a handshake that fails ends that connection only and is kept in
    `handshake_errors`.  With `path` it listens on a Unix socket, which has no host and port.
    """

    def __init__(self, handle, tls=None, family=socket.AF_INET, path=None):
        self.handle = handle
        self.tls = tls
        self.errors = []
        self.handshake_errors = []
        self.accepted = 0
        self._threads = []
        self._connections = []
        if path is None:
            host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
            self._listener = socket.create_server((host, 0), family=family)
            self.host, self.port = self._listener.getsockname()[:2]
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self._listener.listen()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def address(self):
        return self.host, self.port

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:     # closed: the test is over
                return
            self.accepted += 1
            sock.settimeout(PATIENCE)
            # Nagle's algorithm would hold a response back for 40 ms after session tickets.
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock):
        with sock, contextlib.ExitStack() as stack:
            if self.tls is not None:
                try:
                    sock = stack.enter_context(self.tls.wrap_socket(sock, server_side=True))
                except OSError as error:
                    self.handshake_errors.append(error)
                    return
            try:
                self.handle(sock)
            except (ConnectionError, TimeoutError):
                pass            # the client left; whether it may is for the test to say
            except Exception as error:
                self.errors.append(error)

    def close(self):
        """Ends the server and everything that is still connected to it."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)   # wakes accept()
        self._listener.close()
        self._acceptor.join(PATIENCE)
        for sock in self._connections:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)         # wakes recv()
        for thread in self._threads:
            thread.join(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None and self.errors:
            raise self.errors[0]


class Replies:
    """A handler that answers the n-th request with the n-th reply, over all connections.

    A reply is bytes, or a function that is given the Request and returns bytes.  None, or the end
    of the list, closes the connection instead of answering.  After a reply in `closing` (or one
    that says "Connection: close") the connection is closed too.
    """

    def __init__(self, *replies, closing=()):
        self.replies = list(replies)
        self.closing = closing
        self.requests = []
        self._lock = threading.Lock()

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            while request := read_request(file):
                with self._lock:
                    number = len(self.requests)
                    self.requests.append(request)
                reply = self.replies[number] if number < len(self.replies) else None
                if callable(reply):
                    reply = reply(request)
                if reply is None:
                    return
                sock.sendall(reply)
                if number in self.closing or b"\r\nConnection: close\r\n" in reply:
                    return


def ok(body=b"", *fields, status="200 OK", version="HTTP/1.1"):
    """A response with a Content-Length; `fields` are further field lines."""
    lines = [f"{version} {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Scripted:
    """A handler: the first connection goes wrong as `wrong(sock)` says, the later ones are good."""

    good = ok(b"all is well")

    def __init__(self, wrong):
        self.wrong = wrong
        self.count = itertools.count()

    def __call__(self, sock):
        with sock.makefile("rb", 0) as file:
            first = next(self.count) == 0
            while read_head(file):
                if first:
                    return self.wrong(sock)
                sock.sendall(self.good)


def echo(request):
    """A reply for `Replies`: the body that came, as the body that goes."""
    return ok(request.body, f"X-Method: {request.method}", f"X-Target: {request.target}")


@contextlib.contextmanager
def serving(*replies, tls=None, closing=(), path=None):
    """A server that gives these replies; `with serving(ok(b"x")) as server:`.

    The requests that came are in `server.handle.requests`.
    """
    with Server(Replies(*replies, closing=closing), tls=tls, path=path) as server:
        yield server


def tcp_pair():
    """Two connected TCP sockets: (the client's, the server's)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), PATIENCE)
        server, _ = listener.accept()
    server.settimeout(PATIENCE)
    return client, server


def nobody():
    """A loopback address at which nothing listens (while the socket lives: it is bound)."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, sock.getsockname()
