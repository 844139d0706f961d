# SPDX-License-Identifier: MIT
"""The state after an error, and the exchange that follows it.

No byte of one message may end up in another, whoever closes, replaces or interrupts what.
"""

import contextlib
import http.client
import queue
import socket
import threading
import time

import httpclient
import pytest

from support.capture import tcp_pair

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.contextmanager
def pair():
    ours, theirs = tcp_pair()
    with ours, theirs:
        ours.settimeout(20)
        theirs.settimeout(20)
        yield ours, theirs


def connected(sock, **options):
    connection = httpclient.HTTPConnection("a.example", **options)
    connection.sock = sock
    connection._create_connection = None    # a new connection would be an error
    return connection


@contextlib.contextmanager
def reconnecting(*replies, **options):
    """A connection whose every new socket has the next reply waiting, and the sockets so far."""
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(pair()) for _ in replies]
        peers = []

        def create(address, timeout, source_address):
            ours, theirs = waiting[len(peers)]
            theirs.sendall(replies[len(peers)])
            peers.append(theirs)
            return ours

        connection = httpclient.HTTPConnection("a.example", **options)
        connection._create_connection = create
        with connection:
            yield connection, peers


def answer(connection, target="/"):
    connection.request("GET", target)
    response = connection.getresponse()
    return response.status, response.read()


def test_closed_by_a_thread_while_another_waits():
    """What still arrives for the first response must not be taken for the second."""
    with pair() as (first, server), pair() as (second, other):
        waiting, late = connected(first), connected(second)
        waiting.request("GET", "/")
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        response = waiting.getresponse()
        failures = []

        def read():
            with pytest.raises((RuntimeError, OSError, ValueError)) as caught:
                response.read()
            failures.append(caught.value)

        thread = threading.Thread(target=read)
        thread.start()
        while thread.is_alive() and not failures and not server.recv(65536):
            pass
        response.fp.close()     # as close() of the connection does it
        late.request("GET", "/")
        other.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        answered = late.getresponse()
        server.sendall(b"SECRET" * 100)
        server.close()
        thread.join(20)
        other.sendall(b"b" * 20)
        assert answered.read() == b"b" * 20
        assert failures


class Meddler(socket.socket):
    """recv_into() in Python gets a buffer that it cannot resize, and cannot keep."""

    kept = None

    def recv_into(self, buffer, *args):
        received = super().recv_into(buffer, *args)
        Meddler.kept = buffer
        with pytest.raises(TypeError):
            del buffer[1:]
        return received


def test_python_code_does_not_get_the_store():
    ours, theirs = socket.socketpair()
    meddler = Meddler(fileno=ours.detach())
    with meddler, theirs:
        theirs.sendall(OK)
        assert answer(connected(meddler)) == (200, b"ok")
        with pytest.raises(ValueError):
            Meddler.kept[0]


def test_a_method_of_another_object_does_not_get_the_store():
    kept = []
    ours, theirs = socket.socketpair()
    meddler = Meddler(fileno=ours.detach())
    meddler.recv_into = kept.append
    with meddler, theirs:
        with pytest.raises(BlockingIOError):
            answer(connected(meddler))
        with pytest.raises(ValueError):
            kept[0][0]


class Keeper(socket.socket):
    """recv_into() in Python keeps a view of its own."""

    def recv_into(self, buffer, *args):
        self.kept = memoryview(buffer)
        return super().recv_into(buffer, *args)


def test_store_with_a_live_view_is_not_used_again():
    """What the next connection receives is neither seen nor changed through the view."""
    ours, theirs = socket.socketpair()
    keeper = Keeper(fileno=ours.detach())
    with keeper, theirs, pair() as (sock, server):
        theirs.sendall(OK)
        assert answer(connected(keeper)) == (200, b"ok")
        connection = connected(sock)
        connection.request("GET", "/")
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
        response = connection.getresponse()
        assert b"secret" not in bytes(keeper.kept)
        keeper.kept[:] = bytes(len(keeper.kept))
        assert response.read() == b"secret"


def test_a_store_that_a_second_thread_receives_into_is_not_used_again():
    """Not even after the first thread's receive has ended."""
    with pair() as (first, server), pair() as (second, other):
        connection = connected(first)
        connection.request("GET", "/")
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        fp = connection.getresponse().fp
        results = queue.Queue()

        def read():
            try:
                results.put(fp.read1())
            except (RuntimeError, OSError, ValueError) as error:
                results.put(error)

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)         # both wait
        server.sendall(b"one")
        results.get(timeout=20)
        fp.close()
        late = connected(second)
        late.request("GET", "/")
        other.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n" + b"b" * 60)
        response = late.getresponse()
        server.sendall(b"SECRET" * 100)
        for thread in threads:
            thread.join(20)
        assert response.read() == b"b" * 60


class Observed(socket.socket):
    """Tells when a receive is about to wait."""

    def recv_into(self, *args):
        self.waiting.set()
        return super().recv_into(*args)


@contextlib.contextmanager
def waiting_in(call):
    """A connection, its server, and a thread that waits for octets in `call(connection)`."""
    with pair() as (ours, server):
        observed = Observed(fileno=ours.detach())
        observed.settimeout(20)
        observed.waiting = threading.Event()
        connection = connected(observed)
        connection.request("GET", "/")
        results = []
        thread = threading.Thread(target=lambda: results.append(call(connection)))

        def waits():
            observed.waiting.clear()
            thread.start()
            assert observed.waiting.wait(20)

        def result():
            thread.join(20)
            return results[0]

        with observed:
            yield connection, server, waits, result


READS = {
    "read": lambda response: response.read(),
    "read(5)": lambda response: response.read(5),
    "readinto": lambda response: response.readinto(bytearray(5)),
    "read1": lambda response: response.read1(),
    "readline": lambda response: response.readline(),
    "peek": lambda response: response.peek(),
}


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_two_readers_of_one_response(read, framing):
    """The second is refused, whatever it asks for; the first gets what it would have got."""
    wire = (b"Content-Length: 8\r\n\r\nAAAABBBB" if framing == "length" else
            b"Transfer-Encoding: chunked\r\n\r\n4\r\nAAAA\r\n4\r\nBBBB\r\n0\r\n\r\n")
    head = b"HTTP/1.1 200 OK\r\n" + wire[:wire.index(b"AAAA")]
    with waiting_in(lambda connection: response.read()) as (connection, server, waits, result):
        server.sendall(head)
        response = connection.getresponse()
        waits()
        with pytest.raises(RuntimeError, match="two threads"):
            read(response)
        server.sendall(wire[wire.index(b"AAAA"):])
        assert result() == b"AAAABBBB"
        assert not response.incomplete


def test_two_threads_wait_for_one_response():
    """The second is refused; the head is the first one's, and so is the content."""
    with waiting_in(lambda connection: connection.getresponse().read()) as (
            connection, server, waits, result):
        waits()
        with pytest.raises(httpclient.ResponseNotReady):
            connection.getresponse()
        with pytest.raises(httpclient.CannotSendRequest):
            connection.request("GET", "/")
        server.sendall(OK)
        assert result() == b"ok"
        connection.request("GET", "/")
        server.sendall(OK)
        assert connection.getresponse().read() == b"ok"


def test_two_threads_ask_for_one_response(monkeypatch):
    """At the same moment: what another thread may do in, is done where Python code runs."""
    seldom = type(vars(httpclient.HTTPResponse)["headers"])
    original, others = seldom.__get__, []

    def get(self, response, owner=None):
        if response is None and not others:     # its class is looked at for the first time
            others.append(None)
            others[0] = connection.getresponse()
        return original(self, response, owner)

    monkeypatch.setattr(seldom, "__get__", get)
    with pair() as (ours, server):
        connection = connected(ours)
        connection.response_class = type("New", (httpclient.HTTPResponse,), {})
        connection.request("GET", "/")
        server.sendall(OK)
        server.shutdown(socket.SHUT_WR)
        with pytest.raises(httpclient.ResponseNotReady):
            connection.getresponse()
        assert others[0].read() == b"ok"


def test_close_ends_a_getresponse_of_another_thread():
    """It raises; the connection is not touched by it any more, and can be used again."""
    def call(connection):
        with pytest.raises(ConnectionAbortedError, match="closed during this call"):
            connection.getresponse()
        return "aborted"

    with waiting_in(call) as (connection, server, waits, result):
        waits()
        connection.close()
        with pair() as (new, new_server):
            connection.sock = new
            connection.request("GET", "/")
            assert result() == "aborted"
            new_server.sendall(OK)
            assert connection.getresponse().read() == b"ok"


@pytest.mark.parametrize("module", [http.client, httpclient])
def test_headers_and_msg_are_two_attributes(module):
    with pair() as (ours, server):
        server.sendall(OK)
        connection = module.HTTPConnection("a.example")
        connection.sock = ours
        connection.request("GET", "/")
        response = connection.getresponse()
        response.msg = response.reason      # urllib.request does so
        assert response.info()["Content-Length"] == "2"
        assert (response.msg, response.headers) == ("OK", response.info())
        response.headers = {"mine": 1}
        assert response.headers == {"mine": 1} and response.msg == "OK"
        response.read()


class OwnStatus(httpclient.HTTPResponse):
    def _read_status(self):
        return super()._read_status()


@pytest.mark.parametrize("strict", [None, False])
@pytest.mark.parametrize("response_class", [httpclient.HTTPResponse, OwnStatus])
def test_chunked_response_closed_early(response_class, strict):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with reconnecting(chunked, OK, strict=strict) as (connection, peers):
        connection.response_class = response_class
        connection.request("GET", "/")
        connection.getresponse().close()
        peers[0].sendall(b"5\r\nhello\r\n0\r\n\r\n" + OK)
        assert answer(connection) == (200, b"ok")
        assert len(peers) == 2


def failing():
    yield b"half"
    raise OSError("the disk broke")


class FailingFile:
    def read(self, size):
        raise OSError("the disk broke")


@pytest.mark.parametrize("body", [failing, FailingFile])
def test_source_of_a_body_fails(body):
    with reconnecting(OK, OK) as (connection, peers):
        with pytest.raises(OSError, match="the disk broke"):
            connection.request("POST", "/", body=body())
        assert connection.sock is None
        assert answer(connection) == (200, b"ok")


def test_deadline_passes_while_sending():
    with reconnecting(OK, OK) as (connection, peers):
        with pytest.raises(TimeoutError):
            connection.request("POST", "/", b"x" * 30_000_000, deadline=0.2)
        assert answer(connection) == (200, b"ok")


def test_no_answer_in_time_then_another_request():
    with reconnecting(b"", OK) as (connection, peers):
        connection.request("GET", "/")
        connection.sock.settimeout(0.1)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                connection.getresponse()
        assert answer(connection) == (200, b"ok")
        assert len(peers) == 2


def test_connect_after_a_refused_response_is_kept():
    with reconnecting(b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", OK) as (connection, peers):
        connection.request("GET", "/")
        with pytest.raises(httpclient.BadHeaderLine):
            connection.getresponse()
        connection.connect()
        assert answer(connection) == (200, b"ok")
        assert len(peers) == 2


class NoFile:
    """As little of a response as getresponse() needs."""

    def __init__(self, sock, **options):
        pass

    def begin(self):
        raise httpclient.BadStatusLine("the reason")

    def close(self):
        pass


def test_exception_of_a_foreign_response_is_seen():
    with pair() as (ours, server):
        connection = connected(ours)
        connection.response_class = NoFile
        connection.request("GET", "/")
        with pytest.raises(httpclient.BadStatusLine, match="the reason"):
            connection.getresponse()


def test_close_drops_a_request_half_made():
    with reconnecting(OK) as (connection, peers):
        connection.putrequest("POST", "/a")
        connection.putheader("X", "1")
        connection.close()
        assert answer(connection, "/b") == (200, b"ok")
        assert peers[0].recv(65536).startswith(b"GET /b HTTP/1.1\r\n")


@pytest.mark.parametrize(("strict", "expected"), [(0, b"no head"), (1, httpclient.BadStatusLine)])
def test_strict_as_a_number(strict, expected):
    with pair() as (ours, server):
        server.sendall(b"no head")
        server.shutdown(socket.SHUT_WR)
        connection = connected(ours)
        connection.strict = strict
        connection.request("GET", "/")
        if isinstance(expected, bytes):
            assert connection.getresponse().read() == expected
        else:
            with pytest.raises(expected):
                connection.getresponse()


def test_subclass_may_have_attributes_of_our_names():
    class Own(httpclient.HTTPResponse):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.trailers, self.informational, self.incomplete, self.raw_head = 1, 2, 3, 4

    with pair() as (ours, _), contextlib.closing(Own(ours)) as response:
        assert (response.trailers, response.informational) == (1, 2)
        assert (response.incomplete, response.raw_head) == (3, 4)


def test_content_is_its_callers_alone():
    """The pieces that content was gathered in are used again; what they were joined to is not."""
    bodies = [bytes([n]) * (200_000 + n) for n in range(1, 6)]
    got = []
    with pair() as (ours, server):
        connection = connected(ours)
        for body in bodies:
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[at:at + 5000]), body[at:at + 5000])
                              for at in range(0, len(body), 5000))
            connection.request("GET", "/")
            answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % chunks
            sender = threading.Thread(target=server.sendall, args=(answer,))
            sender.start()
            got.append(connection.getresponse().read())
            sender.join(10)
    assert got == bodies
