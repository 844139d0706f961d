# SPDX-License-Identifier: MIT
"""A connection's life: what may be called when, what it keeps, and what observers see of it."""

import contextlib
import errno
import functools
import gc
import http.client
import socket
import sys
import warnings

import httpclient
import pytest

from support.capture import FakeSocket, connect
from support.servers import echo, nobody, ok, serving

MODULES = [http.client, httpclient]
REPLY = ok(b"body")
pytestmark = pytest.mark.parametrize("module", MODULES)


def faked(module, reply=REPLY, *args, **kwargs):
    """(connection, its socket), the socket not yet connected."""
    sock = FakeSocket(reply)
    return connect(module, sock, *args, **kwargs), sock


def test_states_of_one_exchange(module):
    connection, _ = faked(module)

    def state():
        return connection._HTTPConnection__state

    assert (state(), connection._HTTPConnection__response) == ("Idle", None)
    connection.putrequest("GET", "/")
    assert state() == module._CS_REQ_STARTED
    connection.endheaders()
    assert state() == module._CS_REQ_SENT
    response = connection.getresponse()
    assert state() == module._CS_IDLE
    assert connection._HTTPConnection__response is response
    response.read()
    connection.putrequest("GET", "/")
    assert connection._HTTPConnection__response is None
    connection.close()
    assert (state(), connection.sock) == ("Idle", None)


# calls in the wrong order -> the exception and what it says
ORDERS = [
    ("getresponse", "ResponseNotReady", "Idle"),
    ("putheader", "CannotSendHeader", ""),
    ("endheaders", "CannotSendHeader", ""),
    ("putrequest getresponse", "ResponseNotReady", "Request-started"),
    ("putrequest putrequest", "CannotSendRequest", "Request-started"),
    ("putrequest request", "CannotSendRequest", "Request-started"),
    ("putrequest endheaders endheaders", "CannotSendHeader", ""),
    ("putrequest endheaders putheader", "CannotSendHeader", ""),
    ("request putrequest", "CannotSendRequest", "Request-sent"),
    ("request request", "CannotSendRequest", "Request-sent"),
    ("request getresponse getresponse", "ResponseNotReady", "Idle"),
    ("request getresponse request getresponse", "ResponseNotReady", "Request-sent"),
    ("request getresponse putheader", "CannotSendHeader", ""),
]
ARGUMENTS = {"putrequest": ("GET", "/"), "request": ("GET", "/"), "putheader": ("A", "b")}


@pytest.mark.parametrize(("calls", "error", "text"), ORDERS)
def test_calls_out_of_order_raise_the_exception_of_http_client(module, calls, error, text):
    connection, _ = faked(module)
    *first, last = calls.split()
    for name in first:
        getattr(connection, name)(*ARGUMENTS.get(name, ()))
    with pytest.raises(module.ImproperConnectionState) as caught:
        getattr(connection, last)(*ARGUMENTS.get(last, ()))
    assert type(caught.value) is getattr(module, error)
    assert str(caught.value) == text
    connection.close()      # and all is well again
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"body"


def test_two_requests_at_once(module):
    """Another one begins while what is a subclass's runs: one of them is refused."""
    class Connection(module.HTTPConnection):
        hurried = False

        @property
        def default_port(self):
            if self.hurried:
                self.hurried = False
                with contextlib.suppress(module.CannotSendRequest):
                    self.request("GET", "/hurried")
            return 80

    connection = Connection("a.example")
    sock = connection.sock = FakeSocket(REPLY)
    connection.hurried = True
    with contextlib.suppress(module.CannotSendRequest):
        connection.request("GET", "/")
    assert sock.bytes.count(b"GET ") == 1


def test_state_set_by_a_program_is_obeyed(module):
    """Programs that reuse a socket of their own set the two private attributes."""
    connection, sock = faked(module)
    connection.sock = sock
    connection._HTTPConnection__state = module._CS_REQ_SENT
    connection._method = "GET"
    assert connection.getresponse().read() == b"body"
    connection._HTTPConnection__state = module._CS_REQ_SENT
    connection._HTTPConnection__response = None
    assert connection.getresponse().status == 200


def test_request_waits_for_the_response_before(module):
    with serving(ok(b"0123456789"), ok(b"two")) as server:
        connection = module.HTTPConnection(*server.address, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/1")
            first = connection.getresponse()
            connection.request("GET", "/2")     # may be sent; its response must wait
            with pytest.raises(module.ResponseNotReady):
                connection.getresponse()
            assert first.read() == b"0123456789"
            assert connection.getresponse().read() == b"two"


def test_connection_without_auto_open_raises_not_connected(module):
    connection, sock = faked(module)
    connection.auto_open = 0
    connection.putrequest("GET", "/")
    with pytest.raises(module.NotConnected):
        connection.endheaders()
    with pytest.raises(module.NotConnected):
        connection.send(b"x")
    assert sock.pieces == []
    connection.close()
    connection.connect()
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"body"


def test_auto_open_after_the_server_closed(module):
    with serving(ok(b"one", "Connection: close"), ok(b"two")) as server:
        connection = module.HTTPConnection(*server.address, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/")
            response = connection.getresponse()
            assert connection.sock is None and response.read() == b"one"
            connection.auto_open = 0
            with pytest.raises(module.NotConnected):
                connection.request("GET", "/")
            connection.close()
            connection.auto_open = 1
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"two"
        assert server.accepted == 2


def test_response_outlives_its_connection(module):
    body = b"x" * 300_000
    with serving(ok(body, "Connection: close"), ok(body)) as server:
        connection = module.HTTPConnection(*server.address, timeout=20)
        connection.request("GET", "/")
        response = connection.getresponse()
        del connection
        gc.collect()
        assert response.read() == body
        connection = module.HTTPConnection(*server.address, timeout=20)
        connection.request("GET", "/")
        response = connection.getresponse()
        connection.sock.close()     # as urllib.request does
        connection.sock = None
        assert response.read() == body


def test_close_closes_the_response(module):
    connection, sock = faked(module)
    connection.request("GET", "/")
    response = connection.getresponse()
    connection.close()
    connection.close()
    assert response.isclosed() and response.read() == b""
    assert sock.closed and connection._HTTPConnection__response is None


def test_arguments_are_attributes_of_the_connection(module):
    connection = module.HTTPConnection("a", 1, timeout=2, source_address=("127.0.0.1", 0),
                                       blocksize=3)
    assert (connection.host, connection.port, connection.timeout) == ("a", 1, 2)
    assert connection.source_address == ("127.0.0.1", 0)
    assert (connection.blocksize, module.HTTPConnection("a").blocksize) == (3, 8192)
    positional = module.HTTPConnection("a", 1, 2, ("127.0.0.1", 0), 3)
    assert vars(positional).keys() == vars(connection).keys()
    assert (positional.timeout, positional.source_address, positional.blocksize) == (
        2, ("127.0.0.1", 0), 3)
    assert module.HTTPConnection("a").timeout is socket._GLOBAL_DEFAULT_TIMEOUT


def test_source_address_and_timeout_reach_the_socket(module):
    with serving(ok()) as server:
        connection = module.HTTPConnection(*server.address, timeout=7.5,
                                           source_address=("127.0.0.2", 0))
        with contextlib.closing(connection):
            try:
                connection.connect()
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                pytest.skip("this system has no 127.0.0.2")
            assert connection.sock.getsockname()[0] == "127.0.0.2"
            assert connection.sock.gettimeout() == 7.5
            assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_create_connection_gets_address_timeout_and_source_address(module):
    calls = []
    connection, sock = faked(module, REPLY, "a", 1, timeout=2, source_address=("b", 3))
    connection._create_connection = lambda *args: calls.append(args) or sock
    connection.connect()
    assert calls == [(("a", 1), 2, ("b", 3))]
    assert sock.options == [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


def test_create_connection_is_looked_up_when_made(module, monkeypatch):
    """gevent and mocks replace it after the import."""
    sock = FakeSocket(REPLY)
    monkeypatch.setattr(socket, "create_connection", lambda *args: sock)
    connection = module.HTTPConnection("a")
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"body" and connection.sock is sock


@pytest.mark.parametrize("code", [errno.ENOPROTOOPT, errno.EPERM])
def test_connect_ignores_that_tcp_nodelay_is_not_supported(module, code):
    connection, sock = faked(module)

    def refuse(*args):
        raise OSError(code, "no")

    sock.setsockopt = refuse
    if code == errno.ENOPROTOOPT:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"body"
    else:
        with pytest.raises(PermissionError):
            connection.connect()


def derived(module):
    class Response(module.HTTPResponse):
        pass
    return Response


def function(module):
    def make(sock, *args, **kwargs):
        return module.HTTPResponse(sock, *args, **kwargs)
    return make


def partial(module):
    return functools.partial(module.HTTPResponse, url="http://a/")


def alien(module):
    """Not a class of the module at all: begin, will_close, close, isclosed are enough."""
    class Alien:
        def __init__(self, sock, method=None):
            self.file = sock.makefile("rb")
            self.method = method

        def begin(self):
            self.will_close = False

        def read(self):
            return self.file.read()[-4:]

        def isclosed(self):
            return True

        def close(self):
            self.file.close()
    return Alien


@pytest.mark.parametrize("make", [derived, function, partial, alien])
@pytest.mark.parametrize("where", ["class", "instance"])
def test_response_class_makes_the_response(module, make, where):
    response_class = make(module)
    seen = []

    class Connection(module.HTTPConnection):
        pass

    def spy(*args, **kwargs):
        seen.append((args, kwargs))
        return response_class(*args, **kwargs)

    connection, sock = faked(module, base=lambda _: Connection)
    if where == "class":    # functions, and partials since 3.14, would become methods there
        Connection.response_class = staticmethod(response_class)
    else:
        connection.response_class = spy
    connection.request("PUT", "/")
    response = connection.getresponse()
    assert response.read() == b"body"
    if make is derived:
        assert type(response) is response_class
    if where == "instance":
        assert seen == [((sock,), {"method": "PUT"})]


@pytest.mark.parametrize("level", [1, 2])
def test_response_class_is_given_the_debuglevel(module, level, capsys):
    seen = []

    def spy(*args, **kwargs):
        seen.append((args, kwargs))
        return module.HTTPResponse(*args, **kwargs)

    connection, sock = faked(module)
    connection.response_class = spy
    connection.set_debuglevel(level)
    connection.request("GET", "/")
    connection.getresponse()
    assert seen == [((sock, level), {"method": "GET"})]


def test_nothing_is_read_before_the_response_is_made(module):
    """botocore opens a makefile() of its own first; fakes make their answer in makefile()."""
    connection, sock = faked(module, b"")
    connection.request("POST", "/", b"abc")
    sock.reply = ok(sock.bytes)
    assert connection.getresponse().read().endswith(b"\r\n\r\nabc")


def needs_limit(module):
    """Skips where http.client has no max_response_headers yet."""
    if module is http.client:
        try:
            module.HTTPConnection("a", max_response_headers=1)
        except TypeError:
            pytest.skip("newer than this http.client")


def many(count):
    return ok(b"body", *(f"Name-{n}: x" for n in range(count - 1)))     # and Content-Length


@pytest.mark.parametrize(("limit", "count", "good"), [
    (None, 100, True), (None, 101, False), (5, 5, True), (5, 6, False), (300, 300, True),
    (300, 301, False), (0, 1, False)])
def test_max_response_headers_limits_the_fields_of_a_response(module, limit, count, good):
    needs_limit(module)
    connection, _ = faked(module, many(count), max_response_headers=limit)
    assert connection.max_response_headers == limit
    connection.request("GET", "/")
    if good:
        response = connection.getresponse()
        assert (len(response.getheaders()), response.read()) == (count, b"body")
    else:
        with pytest.raises(module.HTTPException) as caught:
            connection.getresponse()
        assert str(caught.value) == f"got more than {100 if limit is None else limit} headers"


def test_max_response_headers_is_settable(module):
    needs_limit(module)
    connection, _ = faked(module, many(150))
    connection.max_response_headers = 150
    connection.request("GET", "/")
    assert len(connection.getresponse().getheaders()) == 150


@pytest.mark.parametrize("reply", [
    b"", b"nonsense\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n", ok(b"", *["A: b"] * 101),
    ok(b"", "A: " + "b" * 70_000)], ids=["nothing", "nonsense", "HTTP/2", "many fields", "long"])
def test_failed_response_is_closed(module, reply):
    """After an exception from getresponse() no file is open, and no warning follows."""
    connection, sock = faked(module, reply)
    files = []
    makefile = sock.makefile
    sock.makefile = lambda *args: files.append(makefile(*args)) or files[-1]
    connection.request("GET", "/")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(module.HTTPException):
            connection.getresponse()
        gc.collect()
    assert [file.closed for file in files] == [True]
    connection.close()


@pytest.mark.parametrize("error", [LookupError, OSError, KeyboardInterrupt, ConnectionResetError])
def test_response_that_raises_is_closed(module, error):
    class Response(module.HTTPResponse):
        made = []

        def begin(self):
            self.made.append(self)
            raise error("no")

    connection, _ = faked(module)
    connection.response_class = Response
    connection.request("GET", "/")
    with pytest.raises(error):
        connection.getresponse()
    assert [response.closed for response in Response.made] == [True]


def test_dropped_connections_cause_no_resource_warning(module):
    """ResourceWarnings are errors in the suites of other projects."""
    caught = []
    unraisable, sys.unraisablehook = sys.unraisablehook, caught.append
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            with serving(ok(b"x"), echo, ok(b"y", "Connection: close")) as server:
                connection = module.HTTPConnection(*server.address, timeout=20)
                for method in ("GET", "POST", "GET"):
                    connection.request(method, "/", b"z")
                    connection.getresponse().read()
                connection.close()
                del connection
            gc.collect()
    finally:
        sys.unraisablehook = unraisable
    assert caught == []


def test_refused_connection_can_be_tried_again(module):
    holder, address = nobody()
    connection = module.HTTPConnection(*address, timeout=20)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            connection.request("GET", "/")
        assert connection.sock is None
        connection.close()
    holder.listen()
    connection.request("GET", "/")
    connection.close()
    holder.close()
