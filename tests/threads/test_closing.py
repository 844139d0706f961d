# SPDX-License-Identifier: MIT
"""close() while another thread sends, receives or shakes hands, plain and over TLS.

No thread goes on waiting, and no descriptor is closed under a system call: the next connection
would get its number, and OpenSSL, which knows no more than that, would read and write there.
"""
import contextlib
import copy
import signal
import socket
import threading
import time

import httpclient
import pytest

from support.servers import PATIENCE, Server, ok, read_head, serving

AT_ONCE = 5     # seconds, where waiting for the peer would take PATIENCE
STREAM = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nevent 1\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nevent 1\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nevent 1\n"


class Stalling:
    """A handler: answers with `reply`, and says no more until `more` is set."""

    def __init__(self, reply, receive=True):
        self.reply = reply
        self.receive = receive
        self.more = threading.Event()

    def __call__(self, sock):
        if self.receive:
            with sock.makefile("rb", 0) as file:
                read_head(file)
        sock.sendall(self.reply)
        self.more.wait(PATIENCE)
        with contextlib.suppress(OSError):      # the client has left
            sock.sendall(b"event 2\n")


class Waiting:
    """A thread that runs a function; result() is what it gave or raised, and how late."""

    def __init__(self, function):
        self.function = function
        self.outcome = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        time.sleep(0.1)     # it is within a system call now
        assert self.thread.is_alive()

    def run(self):
        try:
            self.outcome = self.function()
        except Exception as error:
            self.outcome = error

    def result(self):
        self.thread.join(AT_ONCE)
        assert not self.thread.is_alive(), "the other thread waits for its peer"
        return self.outcome


def opened(client, server, certificates, **keywords):
    if server.tls is None:
        return client.HTTPConnection(*server.address, timeout=PATIENCE, **keywords)
    return client.HTTPSConnection("localhost", server.port, timeout=PATIENCE,
                                  context=certificates.client(), **keywords)


def at_once(function, *args):
    begin = time.monotonic()
    function(*args)
    assert time.monotonic() - begin < AT_ONCE, "close() waits for the peer"


class Recorder:
    """A handler that answers one request slowly, and keeps what else arrives."""

    content = b"0123456789abcdefghij"

    def __init__(self):
        self.stray = None

    def __call__(self, sock):
        with sock.makefile("rb", 0) as file:
            read_head(file)
            sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            time.sleep(0.05)
            sock.sendall(self.content)
            sock.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                self.stray = file.read(100)


@contextlib.contextmanager
def next_connection_unharmed(client):
    """A connection that is opened before the block gets its own bytes, and sends its own."""
    recorder = Recorder()
    with Server(recorder) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        connection.request("GET", "/")
        yield
        assert connection.getresponse().read() == Recorder.content
    assert not recorder.stray


READS = {
    "read": lambda response: response.read(),
    "read(n)": lambda response: response.read(500),
    "readinto": lambda response: response.readinto(bytearray(500)),
    "read1": lambda response: response.read1(),
    "read1(n)": lambda response: response.read1(70_000),
    "readline": lambda response: response.readline(),
    "fp.read1": lambda response: response.fp.read1(),
}
CLOSERS = {
    "response": lambda connection, response: response.close(),
    "fp": lambda connection, response: response.fp.close(),
    "connection": lambda connection, response: connection.close(),
}


def close_during(client, certificates, reply, read, tls, closer, **keywords):
    handler = Stalling(reply)
    with Server(handler, tls=certificates.server() if tls else None) as server:
        connection = opened(client, server, certificates, **keywords)
        connection.request("GET", "/")
        response = connection.getresponse()
        sock = response.fp.raw._sock
        assert response.read(8) == b"event 1\n"
        waiting = Waiting(lambda: read(response))
        at_once(CLOSERS[closer], connection, response)
        with next_connection_unharmed(client):
            handler.more.set()
            error = waiting.result()
            assert isinstance(error, ConnectionAbortedError) and error.partial == b"", error
        connection.sock = None
        if closer != "fp":      # whose flush() it would call
            response.close()
        sock.close()
        assert sock.fileno() == -1


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("reply", [STREAM, CHUNKS, LENGTH], ids=["to the end", "chunks", "length"])
def test_close_ends_a_read(client, certificates, reply, read, tls):
    close_during(client, certificates, reply, read, tls, "response")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("reply", [STREAM, CHUNKS, LENGTH], ids=["to the end", "chunks", "length"])
def test_close_ends_a_read_with_a_deadline(client, certificates, reply, tls):
    """Before the timeout, so that the wait is for the deadline."""
    close_during(client, certificates, reply, READS["read"], tls, "response", deadline=PATIENCE / 2)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("closer", CLOSERS)
def test_every_close_ends_a_read(client, certificates, tls, closer):
    close_during(client, certificates, CHUNKS, READS["read"], tls, closer)


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_content_read_before_close_is_in_the_exception(client, framing):
    handler = Stalling(LENGTH if framing == "length" else CHUNKS)
    with Server(handler) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        connection.request("GET", "/")
        response = connection.getresponse()
        waiting = Waiting(response.read)
        response.close()
        error = waiting.result()
        assert isinstance(error, ConnectionAbortedError) and error.partial == b"event 1\n"
        assert "8 bytes" in str(error)
        handler.more.set()


def test_a_read_closed_between_two_of_its_steps(client):
    class Closed(client.HTTPResponse):
        def _read_next_chunk_size(self):
            size = super()._read_next_chunk_size()
            if self.seen:
                self.close()    # as another thread might
            self.seen = True
            return size

        seen = False

    near, far = socket.socketpair()
    with near, far:
        far.sendall(CHUNKS + b"\r\n8\r\nevent 2\n\r\n0\r\n\r\n")
        response = Closed(near)
        response.begin()
        with pytest.raises(ConnectionAbortedError) as caught:
            response.read()
        assert caught.value.partial == b"event 1\n" and response.isclosed()


def test_no_read_of_all_content_beside_one_of_the_file(client):
    """It would end the response, and let go of the store that the other read receives into."""
    handler = Stalling(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevent")
    with Server(handler) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        connection.request("GET", "/")
        response = connection.getresponse()
        waiting = Waiting(response.fp.readline)
        with pytest.raises(RuntimeError, match="two threads"):
            response.read()
        handler.more.set()
        assert waiting.result() == b"eventevent 2\n"
        connection.close()


def test_content_that_has_all_come_is_returned(client):
    """Another thread closes between the last receive and what follows it."""
    class Closing(socket.socket):
        left, response = 100_000, None

        def recv_into(self, buffer, *args):
            n = super().recv_into(buffer, *args)
            if self.response is not None:
                self.left -= n
                if self.left <= 0:
                    self.response.close()
            return n

    near, far = socket.socketpair()
    with far, Closing(fileno=near.detach()) as sock:
        connection = client.HTTPConnection("in.memory")
        connection.sock = sock
        far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        connection.request("GET", "/")
        sock.response = connection.getresponse()
        threading.Thread(target=far.sendall, args=(b"x" * 100_000,), daemon=True).start()
        assert sock.response.read() == b"x" * 100_000


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_close_ends_a_getresponse(client, certificates, tls):
    handler = Stalling(b"")
    with Server(handler, tls=certificates.server() if tls else None) as server:
        connection = opened(client, server, certificates)
        connection.request("GET", "/")
        waiting = Waiting(connection.getresponse)
        at_once(connection.close)
        with next_connection_unharmed(client):
            handler.more.set()
            assert isinstance(waiting.result(), ConnectionAbortedError), waiting.result()


@pytest.mark.parametrize("steps", [False, True], ids=["one call", "steps"])
@pytest.mark.parametrize("sent", [
    b"HTT", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nA: b\r\n",
    b"HTTP/1.1 200 OK\r\nA: b", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_head_that_close_cuts_off_is_no_response(client, sent, steps):
    """What the server has not sent yet might have said that there is content."""
    with Server(Stalling(sent)) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        if steps:
            connection.response_class = type("Response", (client.HTTPResponse,), {
                "_read_status": lambda self: client.HTTPResponse._read_status(self)})
        connection.request("GET", "/")
        waiting = Waiting(connection.getresponse)
        at_once(connection.close)
        assert isinstance(waiting.result(), ConnectionAbortedError), waiting.result()
        server.handle.more.set()


@pytest.mark.parametrize("scheme", ["HTTP", "HTTPS"])
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 407 No\r\n"])
def test_close_ends_waiting_for_a_tunnel(client, sent, scheme):
    with Server(Stalling(sent)) as proxy:
        connection = getattr(client, scheme + "Connection")(*proxy.address, timeout=PATIENCE)
        connection.set_tunnel("in.memory", 443)
        waiting = Waiting(lambda: connection.request("GET", "/"))
        at_once(connection.close)
        assert isinstance(waiting.result(), ConnectionAbortedError), waiting.result()
        assert connection.sock is None
        proxy.handle.more.set()


SENDERS = {
    "request": lambda connection: connection.request("POST", "/", bytes(20_000_000)),
    "blocks": lambda connection: connection.request("POST", "/", [bytes(1_000_000)] * 20),
    "endheaders": lambda connection: (connection.putrequest("POST", "/"),
                                      connection.endheaders(bytes(20_000_000))),
    "send": lambda connection: (connection.putrequest("POST", "/"), connection.endheaders(),
                                connection.send(bytes(20_000_000))),
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)
def test_close_in_another_thread_ends_sending(client, certificates, send, tls):
    handler = Stalling(b"", receive=False)
    with Server(handler, tls=certificates.server() if tls else None) as server:
        connection = opened(client, server, certificates)
        waiting = Waiting(lambda: send(connection))
        sock = connection.sock
        at_once(connection.close)
        with next_connection_unharmed(client):
            handler.more.set()
            assert isinstance(waiting.result(), OSError), waiting.result()
        assert sock.fileno() == -1
        assert connection.sock is None


@pytest.mark.parametrize("client", [httpclient])
def test_the_connection_can_be_used_after_sending_was_ended(client):
    handler = Stalling(b"", receive=False)
    with Server(handler) as stalling, Server(Recorder()) as server:
        connection = client.HTTPConnection(*stalling.address, timeout=PATIENCE)
        waiting = Waiting(lambda: connection.request("POST", "/", bytes(20_000_000)))
        connection.close()
        connection.host, connection.port = server.address
        connection.request("GET", "/")
        response = connection.getresponse()
        assert isinstance(waiting.result(), OSError)
        assert response.read() == Recorder.content
        handler.more.set()


def test_close_ends_a_handshake(client, certificates):
    """And nothing is sent on the connection that the other thread had closed."""
    silent = Stalling(b"", receive=False)
    with Server(silent) as server:
        connection = client.HTTPSConnection("localhost", server.port, timeout=PATIENCE,
                                            context=certificates.client())
        waiting = Waiting(lambda: connection.request("GET", "/"))
        at_once(connection.close)
        assert isinstance(waiting.result(), OSError), waiting.result()
        assert connection.sock is None
        silent.more.set()


def test_close_while_another_thread_connects(client):
    """The request is not sent on the connection that comes up after close()."""
    near, far = socket.socketpair()
    closed = threading.Event()
    connection = client.HTTPConnection("in.memory")

    def connect(*args):
        assert closed.wait(PATIENCE)
        return near

    connection._create_connection = connect
    with far:
        waiting = Waiting(lambda: connection.request("GET", "/"))
        connection.close()
        closed.set()
        assert isinstance(waiting.result(), ConnectionAbortedError)
        assert near.fileno() == -1 and connection.sock is None
        far.settimeout(PATIENCE)
        assert far.recv(100) == b""


def test_deadline_closes_the_descriptor_after_the_receive():
    near, far = socket.socketpair()
    with far:
        connection = httpclient.HTTPConnection("in.memory", deadline=0.2)
        connection.sock = near
        far.sendall(LENGTH)
        connection.request("GET", "/")
        response = connection.getresponse()
        with pytest.raises(TimeoutError):
            response.read()
        assert near.fileno() == -1


def connecting_slowly(client, address, meanwhile):
    """A connection during whose first connect() something happens."""
    connection = client.HTTPConnection(*address, timeout=PATIENCE)
    happened = []

    def connect(*args):
        sock = socket.create_connection(*args)
        if not happened:
            happened.append(None)
            meanwhile(connection)
        return sock

    connection._create_connection = connect
    return connection


def echoing(*paths):
    return serving(*[lambda request: ok(request.target.encode())] * len(paths))


def test_closed_and_used_again_while_it_connects(client):
    """By a signal handler or another greenlet: the answer to /B is never that to /A."""
    def meanwhile(connection):
        connection.close()
        connection.request("GET", "/B")

    with echoing("/A", "/B") as server:
        connection = connecting_slowly(client, server.address, meanwhile)
        with contextlib.closing(connection):
            with pytest.raises(ConnectionAbortedError):
                connection.request("GET", "/A")
            assert connection.getresponse().read() == b"/B"


def test_closed_and_used_again_by_another_thread_while_it_connects(client):
    closed = threading.Event()
    with echoing("/A", "/B") as server:
        connection = connecting_slowly(client, server.address,
                                       lambda connection: closed.wait(PATIENCE))
        with contextlib.closing(connection):
            waiting = Waiting(lambda: connection.request("GET", "/A"))
            connection.close()
            connection.request("GET", "/B")
            closed.set()
            assert isinstance(waiting.result(), ConnectionAbortedError)
            assert connection.getresponse().read() == b"/B"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer()")
def test_a_signal_handler_closes_a_connection_that_sends(client):
    with Server(Stalling(b"", receive=False)) as server:
        connection = client.HTTPConnection(*server.address)
        before = signal.signal(signal.SIGALRM, lambda *args: connection.close())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(OSError):
                connection.request("POST", "/", bytes(50_000_000))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert connection.sock is None
        server.handle.more.set()


def test_close_ends_a_handshake_of_connect_itself(client, certificates):
    silent = Stalling(b"", receive=False)
    with Server(silent) as server:
        connection = client.HTTPSConnection("localhost", server.port, timeout=PATIENCE,
                                            context=certificates.client(), resume_sessions=True)
        waiting = Waiting(connection.connect)
        at_once(connection.close)
        assert isinstance(waiting.result(), ConnectionAbortedError), waiting.result()
        assert connection.sock is None
        silent.more.set()


def test_a_copied_connection_has_no_part_in_the_request_of_the_first(client):
    with echoing("/A", "/B", "/C") as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        connection.request("GET", "/A")
        assert connection.getresponse().read() == b"/A"
        connection.close()
        copied = copy.copy(connection)
        waits = threading.Event()
        connection._create_connection = lambda *args: (
            waits.wait(PATIENCE), socket.create_connection(*args))[1]
        waiting = Waiting(lambda: connection.request("GET", "/B"))
        for _ in range(2):
            copied.close()
        waits.set()
        assert waiting.result() is None
        assert connection.getresponse().read() == b"/B"
        connection.close()
