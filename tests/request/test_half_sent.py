# SPDX-License-Identifier: MIT
"""Requests that fail before all of them has gone out: nothing of them reaches the next request."""

import contextlib
import http.client
import signal
import sys
import threading
import time

import httpclient
import pytest

from support.servers import PATIENCE, Server, ok, read_head, serving


@contextlib.contextmanager
def served(client):
    """(a connection, the server that tells what it was asked for)."""
    with serving(*[lambda request: ok(request.head)] * 3) as server:
        with contextlib.closing(client.HTTPConnection(*server.address, timeout=PATIENCE)) as made:
            yield made, server


def is_next(connection):
    """The next request gets its own answer."""
    connection.request("GET", "/harmless")
    head = connection.getresponse().read()
    assert head.startswith(b"GET /harmless HTTP/1.1\r\n") and b"X-Secret" not in head


@pytest.mark.parametrize("closing", [False, True], ids=["", "close() before the next"])
@pytest.mark.parametrize("body", ["\u20ac", object(), 5, [b"a", "text"]], ids=repr)
def test_lines_of_a_refused_request_are_forgotten(client, body, closing):
    with served(client) as (connection, server):
        connection.putrequest("DELETE", "/account")
        connection.putheader("X-Secret", "1")
        with pytest.raises((UnicodeEncodeError, TypeError)):
            connection.endheaders(body)
        assert connection._buffer == []
        if closing:
            connection.close()
        is_next(connection)


def test_lines_are_forgotten_when_an_audit_hook_raises(client):
    refusing = True

    def hook(event, args):
        if refusing and event == "http.client.send" and args[0] is connection:
            raise PermissionError("not today")

    with served(client) as (connection, server):
        sys.addaudithook(hook)
        try:
            with pytest.raises(PermissionError):
                connection.request("DELETE", "/account", headers={"X-Secret": "1"})
        finally:
            refusing = False
        is_next(connection)


@pytest.mark.parametrize("step", ["putheader", "_output", "_send_output", "send", "connect"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ValueError, OSError])
def test_lines_are_forgotten_when_a_method_of_a_subclass_raises(client, step, error):
    raising = True

    class Subclass(client.HTTPConnection):
        pass

    def method(self, *args, **keywords):
        if raising:
            raise error("by the subclass")
        return getattr(client.HTTPConnection, step)(self, *args, **keywords)

    setattr(Subclass, step, method)
    with serving(*[lambda request: ok(request.head)] * 3) as server:
        connection = Subclass(*server.address, timeout=PATIENCE)
        with contextlib.closing(connection), pytest.raises(error):
            connection.request("POST", "/account", b"body", {"X-Secret": "1"})
        raising = False
        is_next(connection)
        connection.close()


class TooLarge:
    """A handler that answers 413 at the head of the first request, and keeps the connection."""

    def __init__(self):
        self.bodies = []        # of the requests that are refused
        self.answered = threading.Event()

    def __call__(self, sock):
        with sock.makefile("rb") as file:
            head = read_head(file)
            if b" /large " in head:
                sock.sendall(ok(status="413 Content Too Large"))
                self.answered.set()
                time.sleep(0.5)
                self.bodies.append(file.read())
            else:
                sock.sendall(ok(b"right"))


SENDERS = {
    "bytes": lambda connection: connection.request("POST", "/large", bytes(20_000_000)),
    "blocks": lambda connection: connection.request("POST", "/large", [bytes(1_000_000)] * 20),
    "send": lambda connection: (
        connection.putrequest("POST", "/large"), connection.putheader("Content-Length", "20000000"),
        connection.endheaders(), connection.send(bytes(20_000_000))),
    "send a file's": lambda connection: (
        connection.putrequest("POST", "/large"), connection.putheader("Content-Length", "20000000"),
        connection.endheaders(), connection.send(iter([bytes(1_000_000)] * 20))),
}


@pytest.mark.parametrize("asking", [True, False], ids=["getresponse", "no getresponse"])
@pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)
def test_the_next_request_is_not_written_into_the_body_of_one_cut_off(client, send, asking):
    handler = TooLarge()
    with Server(handler) as server:
        connection = client.HTTPConnection(*server.address, timeout=0.2)
        with contextlib.closing(connection):
            with pytest.raises(TimeoutError):
                send(connection)
            assert handler.answered.wait(PATIENCE)
            connection.timeout = PATIENCE
            if asking:
                connection.sock.settimeout(PATIENCE)
                response = connection.getresponse()
                assert response.status == 413 and response.will_close
                assert response.read() == b""
            connection.request("GET", "/second")
            assert connection.getresponse().read() == b"right"
    assert not any(b"GET /second" in body for body in handler.bodies)
    assert server.accepted == 2


@pytest.mark.parametrize("refused", [
    {"headers": {1: "x"}}, {"headers": None}, {"headers": [("A", "b")]}, {"method": 5},
    {"url": "/\n"}, {"body": "\u20ac"}], ids=repr)
def test_the_deadline_of_a_refused_request_ends_with_it(refused):
    with served(httpclient) as (connection, server):
        arguments = {"method": "GET", "url": "/", "deadline": 0.1, **refused}
        with pytest.raises((AttributeError, TypeError, ValueError, httpclient.InvalidURL)):
            connection.request(**arguments)
        time.sleep(0.15)
        is_next(connection)


def test_a_refused_deadline_leaves_that_of_the_request_under_way():
    with served(httpclient) as (connection, server):
        connection.request("GET", "/harmless", deadline=0.1)
        with pytest.raises(httpclient.CannotSendRequest):
            connection.request("GET", "/", deadline=PATIENCE)
        time.sleep(0.15)
        with pytest.raises(TimeoutError):
            connection.getresponse()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs setitimer()")
def test_a_type_error_of_a_signal_handler_does_not_count_as_one_of_the_body(client):
    def handler(number, frame):
        raise TypeError("of the handler")

    large = TooLarge()
    with Server(large) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        before = signal.signal(signal.SIGALRM, handler)
        with contextlib.closing(connection):
            connection.putrequest("POST", "/large")
            connection.putheader("Content-Length", "50000000")
            connection.endheaders()
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                with pytest.raises(TypeError, match="of the handler"):
                    connection.send(bytes(50_000_000))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
            response = connection.getresponse()
            assert response.read() == b"" and response.will_close
            connection.request("GET", "/second")
            assert connection.getresponse().read() == b"right"
    assert server.accepted == 2


def test_the_error_names_the_previous_response_if_that_ended_the_connection(client):
    with serving(ok(b"1"), ok(b"2")) as server:
        connection = client.HTTPConnection(*server.address, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/1")
            response = connection.getresponse()
            connection.request("GET", "/2")
            response.close()
            with pytest.raises(http.client.RemoteDisconnected, match="the previous response"):
                connection.getresponse()
