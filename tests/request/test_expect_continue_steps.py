# SPDX-License-Identifier: MIT
"""request(expect_continue=) with overridden steps, debuglevel, threads, TLS and tunnels."""

import contextlib
import http.client
import select
import signal
import socket
import ssl
import threading
import time

import httpclient
import pytest

from support.capture import connect
from support.certificates import HOST
from support.expecting import (
    CONTENT, CONTINUE, DONE, HINTS, REFUSED, Origin, Untouched, informational, is_next, served,
    statuses,
)
from support.inject import each_step, tolerated
from support.proxy import proxying
from support.servers import PATIENCE, Server, ok, tcp_pair


def answered(connection, wire, body=CONTENT):
    """(the response, what was sent): all octets of the wire are here from the beginning."""
    ours, theirs = tcp_pair()
    ours.settimeout(PATIENCE)
    connection._create_connection = lambda *_: ours
    with theirs:
        theirs.sendall(wire)
        connection.request("POST", "/", body, {"A": "b"}, expect_continue=PATIENCE)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response, theirs.recv(65536)


@pytest.mark.parametrize("step", ["putrequest", "putheader", "endheaders", "_send_output", "send",
                                  "_output", "_send_request", "connect"])
@pytest.mark.parametrize("body", [CONTENT, [CONTENT]], ids=["bytes", "list"])
def test_overridden_steps_are_called(step, body):
    called = []

    class Connection(httpclient.HTTPConnection):
        pass

    def method(self, *args, **keywords):
        called.append(args)
        return getattr(httpclient.HTTPConnection, step)(self, *args, **keywords)

    setattr(Connection, step, method)
    response, sent = answered(Connection("localhost"), HINTS + CONTINUE + DONE, body)
    assert statuses(response) == [103, 100] and CONTENT in sent
    assert sent.count(b"\r\nExpect: 100-continue\r\n") == 1 and called
    if step == "putheader":
        assert ("Expect", "100-continue") in called
    if step == "send":
        assert called[0][0].endswith(b"\r\n\r\n") and len(called) >= 2


@pytest.mark.parametrize("step", ["_read_status", "_check_close", "begin", "__init__"])
@pytest.mark.parametrize("wire", [HINTS + CONTINUE + DONE, HINTS + REFUSED], ids=["100", "417"])
def test_overridden_steps_of_the_response_are_called(step, wire):
    called = []

    class Response(httpclient.HTTPResponse):
        pass

    def method(self, *args, **keywords):
        result = getattr(httpclient.HTTPResponse, step)(self, *args, **keywords)
        called.append(result)
        return result

    setattr(Response, step, method)
    connection = httpclient.HTTPConnection("localhost")
    connection.response_class = Response
    response, sent = answered(connection, wire)
    assert type(response) is Response
    if step == "_read_status":
        assert [status for _, status, _ in called] == [*statuses(response), response.status]
    else:
        assert len(called) == 1


def test_an_own_send_request_does_without(client):
    """Its request may lack the field, so nothing waits."""
    class Connection(client.HTTPConnection):
        def _send_request(self, method, url, body, headers, encode_chunked):
            self.putrequest(method, url)
            self.putheader("Content-Length", str(len(body)))
            self.endheaders(body)

    response, sent = answered(Connection("localhost"), CONTINUE + DONE)
    assert sent.endswith(b"\r\n\r\n" + CONTENT) and b"Expect" not in sent


def test_debuglevel_prints_each_head(client, capsys):
    connection = client.HTTPConnection("localhost")
    connection.set_debuglevel(1)
    answered(connection, b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n" + CONTINUE + DONE)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].endswith(r"A: b\r\nExpect: 100-continue\r\n\r\n'") and printed[1:] == [
        r"reply: 'HTTP/1.1 103 Hints\r\n'", r"headers: [b'A: b\r\n', b'\r\n']",
        r"reply: 'HTTP/1.1 100 Continue\r\n'", r"headers: [b'\r\n']",
        f"send: {CONTENT!r}",
        r"reply: 'HTTP/1.1 200 OK\r\n'", "header: Content-Length: 4"]


def test_debuglevel_prints_no_body_that_is_not_sent(client, capsys):
    connection = client.HTTPConnection("localhost")
    connection.set_debuglevel(1)
    answered(connection, REFUSED, Untouched())
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4 and printed[0].startswith("Unable to determine size of ")
    assert [line.split(":")[0] for line in printed[1:]] == ["send", "reply", "header"]


class WaitsItself:
    """Mixed in: a connection that waits by overridden methods, as botocore's does."""

    expects = False
    answered = False
    log = ()

    def close(self):
        super().close()
        self.expects = self.answered = False

    def request(self, method, url, body=None, headers=None, *args, **keywords):
        self.log, self.answered = [], False
        self.expects = (headers or {}).get("Expect") == b"100-continue"
        result = super().request(method, url, body, headers or {}, *args, **keywords)
        self.expects = False
        return result

    def _send_output(self, message_body=None, *args, **keywords):
        self._buffer.extend((b"", b""))
        head = b"\r\n".join(self._buffer)
        del self._buffer[:]
        self.send(head)
        if self.expects and select.select([self.sock], [], [], PATIENCE)[0]:
            with self.sock.makefile("rb", 0) as file:
                line = file.readline()
                self.log.append(line)
                if line.split()[1] != b"100":
                    self.answered = True
                    version, status, reason = line.decode().split(None, 2)
                    self.first_line = version, int(status), reason
                    return
                while file.readline() != b"\r\n":
                    pass
        self.send(message_body)

    def send(self, data):
        if not self.answered:
            super().send(data)


@pytest.mark.parametrize("options", [{}, {"expect_continue": PATIENCE}], ids=["own", "both"])
def test_a_connection_that_waits_itself(client, options):
    class Connection(WaitsItself, client.HTTPConnection):
        pass

    origin = Origin(CONTINUE)
    with Server(origin) as server:
        connection = Connection(*server.address, timeout=PATIENCE)
        with contextlib.closing(connection):
            for _ in range(2):
                connection.request("PUT", "/", CONTENT, {"Expect": b"100-continue"}, **options)
                response = connection.getresponse()
                assert (response.status, response.read()) == (200, b"done")
                assert connection.log == [b"HTTP/1.1 100 Continue\r\n"]
                assert origin.requests[-1].body == CONTENT
                assert origin.requests[-1].field("Expect") == "100-continue"
            is_next(connection, server, 1)
    assert not origin.hasty


def test_a_connection_that_waits_itself_is_refused(client):
    class Response(client.HTTPResponse):
        def _read_status(self):
            return connection.first_line

    class Connection(WaitsItself, client.HTTPConnection):
        response_class = Response

    connection = Connection("localhost")
    ours, theirs = tcp_pair()
    connection._create_connection = lambda *_: ours
    with theirs, contextlib.closing(connection):
        theirs.sendall(REFUSED)
        connection.request("PUT", "/", CONTENT, {"Expect": b"100-continue"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (417, b"no")
        assert theirs.recv(65536).endswith(b"\r\n\r\n")


# ---- other exchanges of the connection

def test_while_the_previous_response_is_unread(client):
    """Its content comes first, so nothing is expected."""
    ours, theirs = tcp_pair()
    connection = connect(client, ours)
    with theirs, contextlib.closing(connection):
        theirs.sendall(ok(b"x" * 100_000)[:50])
        connection.request("GET", "/")
        first = connection.getresponse()
        connection.request("POST", "/", CONTENT, expect_continue=PATIENCE)
        sent = theirs.recv(65536)
        assert sent.endswith(CONTENT) and b"Expect" not in sent
        first.close()


@pytest.mark.parametrize("refused", [False, True], ids=["100", "417"])
def test_a_request_out_of_order_changes_nothing(client, refused):
    with served(client, REFUSED if refused else CONTINUE) as (connection, origin, server):
        connection.request("POST", "/", CONTENT, expect_continue=PATIENCE)
        for options in {}, {"expect_continue": PATIENCE}:
            with pytest.raises(client.CannotSendRequest):
                connection.request("POST", "/", CONTENT, **options)
        response = connection.getresponse()
        assert response.status == (417 if refused else 200)
        assert response.read() and response.will_close == refused
        assert informational(client, response) == ([] if refused else [100])
        is_next(connection, server, 1 + refused)


@pytest.mark.parametrize("early", [CONTINUE, REFUSED, HINTS], ids=["100", "417", "time is up"])
def test_closed_before_getresponse(client, early):
    with served(client, early, DONE) as (connection, origin, server):
        connection.request("POST", "/", [CONTENT], expect_continue=0.05 if early is HINTS else 20)
        sock = connection.sock
        connection.close()
        assert sock.fileno() == -1 and connection._hc_state.early is None
        with pytest.raises(client.ResponseNotReady):
            connection.getresponse()
        is_next(connection, server, 2)


def test_close_before_the_wait(client):
    """The response is made before it; what it would receive must not be kept."""
    class Response(client.HTTPResponse):
        def __init__(self, *args, **keywords):
            super().__init__(*args, **keywords)
            connection.close()

    with served(client, REFUSED) as (connection, origin, server):
        connection.response_class = Response
        with pytest.raises(ConnectionAbortedError):
            connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        assert connection._hc_state.early is None
        connection.response_class = client.HTTPResponse
        is_next(connection, server, 2)


def test_close_in_another_thread_ends_the_wait(client):
    def close():
        answering.wait(PATIENCE)
        connection.close()

    answering = threading.Event()
    origin = Origin(b"", DONE, lambda sock: (answering.set(), sock.recv(1)))
    with Server(origin) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        thread = threading.Thread(target=close)
        thread.start()
        with contextlib.closing(connection), pytest.raises(ConnectionAbortedError):
            connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        thread.join()
        is_next(connection, server, 2)
        connection.close()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signal to a thread here")
def test_ctrl_c_ends_the_wait(client):
    def end(sock):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        sock.recv(1)

    with served(client, HINTS, DONE, end) as (connection, origin, server):
        with pytest.raises(KeyboardInterrupt):
            connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
        assert connection.sock is None and connection._buffer == []
        is_next(connection, server, 2)


def test_uninstall_before_getresponse():
    """http.client cannot read what the wait has received, and must not wait for it."""
    origin = Origin(CONTINUE)
    with Server(origin) as server:
        connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
        with contextlib.closing(connection):
            with httpclient.installed():
                connection.request("POST", "/", CONTENT, expect_continue=PATIENCE)
            with pytest.raises(OSError):
                connection.getresponse()


def test_getresponse_in_another_thread_before_the_wait(client):
    """That thread receives the response, so the body follows at once."""
    class Connection(client.HTTPConnection):
        def send(self, data):
            super().send(data)
            if not thread.is_alive() and not got:
                thread.start()
                while self._HTTPConnection__state == "Request-sent":
                    time.sleep(0.001)

    got = []
    thread = threading.Thread(target=lambda: got.append(connection.getresponse().read()))
    origin = Origin(b"", DONE)
    with Server(origin) as server:
        connection = Connection(*server.address, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/", [CONTENT], expect_continue=PATIENCE)
            thread.join(PATIENCE)
    assert got == [b"done"] and origin.requests[0].body == CONTENT


def test_getresponse_in_another_thread_is_refused_during_the_wait(client):
    errors = []

    def end(sock):
        try:
            connection.getresponse()
        except client.ResponseNotReady as error:
            errors.append(error)
        sock.sendall(REFUSED)

    origin = Origin(HINTS, DONE, end)
    with Server(origin) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
            assert connection.getresponse().status == 417
    assert len(errors) == 1


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning",
                            "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("early", [HINTS + CONTINUE, HINTS + REFUSED], ids=["100", "417"])
def test_an_exception_at_any_step(early):
    """Afterwards the connection is idle or closed, or its response can be read."""
    def connection_pair(*args):
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE)
        theirs.settimeout(PATIENCE)
        ends.append(ours)
        threading.Thread(target=serve, args=(theirs,), daemon=True).start()
        return ours

    def serve(sock):
        with sock, contextlib.suppress(OSError, ValueError):
            Origin(early, look=0)(sock)

    ends, ways = [], set()
    for injection in each_step():
        connection = httpclient.HTTPConnection("localhost")
        connection._create_connection = connection_pair
        response, sent = None, False
        with tolerated(injection):
            connection.request("POST", "/", [CONTENT], expect_continue=PATIENCE, deadline=PATIENCE)
            sent = True
            response = connection.getresponse()
            response.read()
        if response is not None:
            response.close()
        ways.add(connection._HTTPConnection__state)
        if sent and connection._HTTPConnection__state == "Request-sent":
            with contextlib.suppress(httpclient.HTTPException, OSError):
                response = connection.getresponse()
                assert (response.status, response.read()) == (
                    (417, b"no") if early.endswith(REFUSED) else (200, b"done"))
        connection.request("POST", "/next", b"next")
        assert connection.getresponse().read() == b"plain"
        connection.close()
        while ends:
            ends.pop().close()
    assert ways == {"Idle", "Request-sent"}


# ---- TLS

@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("early", [HINTS + CONTINUE, b""], ids=["100", "nothing"])
def test_over_tls(client, certificates, version, early):
    """In TLS 1.3, session tickets arrive before any response."""
    context = certificates.server()
    context.maximum_version = ssl.TLSVersion[version]
    origin = Origin(early)
    with Server(origin, tls=context) as server:
        connection = client.HTTPSConnection(
            HOST, server.port, timeout=PATIENCE, context=certificates.client())
        connection._create_connection = lambda address, *args: socket.create_connection(
            server.address, *args)
        with contextlib.closing(connection):
            connection.request("POST", "/", [CONTENT], expect_continue=PATIENCE if early else 0.05)
            assert connection.sock.gettimeout() == PATIENCE
            response = connection.getresponse()
            assert response.read() == b"done" and origin.requests[0].body == CONTENT
            assert informational(client, response) == ([103, 100] if early else [])
            is_next(connection, server, 1)
    assert not origin.hasty or not early


def test_refused_over_tls(client, certificates):
    origin = Origin(REFUSED)
    with Server(origin, tls=certificates.server()) as server:
        connection = client.HTTPSConnection(
            HOST, server.port, timeout=PATIENCE, context=certificates.client())
        connection._create_connection = lambda address, *args: socket.create_connection(
            server.address, *args)
        with contextlib.closing(connection):
            connection.request("POST", "/", Untouched(), expect_continue=PATIENCE)
            response = connection.getresponse()
            assert (response.status, response.read()) == (417, b"no")
            is_next(connection, server, 2)
    assert origin.requests[0].body == b""


def test_through_a_tunnel(client):
    origin = Origin(HINTS + CONTINUE)
    with Server(origin) as server, proxying(server.address) as proxy:
        connection = client.HTTPConnection(*proxy.address, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.set_tunnel("a.example", 81)
            connection.request("POST", "/", [CONTENT], expect_continue=PATIENCE)
            response = connection.getresponse()
            assert response.read() == b"done" and informational(client, response) == [103, 100]
            assert b"Expect" not in proxy.handle.heads[0]
            is_next(connection, server, 1)
    assert not origin.hasty
