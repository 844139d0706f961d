# SPDX-License-Identifier: MIT
"""Through a proxy by CONNECT: what is asked of it, what it may answer, what is refused.

Python 3.11 asks in HTTP/1.0 without Host, and checks for control characters came with 3.15;
httpclient does what the newest does on every interpreter, so http.client runs only where it has
that behaviour.
"""

import contextlib
import http.client
import sys
from unittest import mock

import httpclient
import pytest

from support.capture import FakeSocket, connect, over_fake
from support.proxy import proxying
from support.servers import Server, ok, read_head, serving

AGREED = b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n"


def modules(since):
    """httpclient, and http.client from that Python on."""
    old = pytest.mark.skipif(sys.version_info < since, reason="http.client does this later")
    return pytest.mark.parametrize("module", [pytest.param(http.client, marks=old), httpclient])


def tunnelled(*args, **kwargs):
    """A call that sends nothing but the CONNECT (the fake proxy never agrees)."""
    def call(connection):
        connection.set_tunnel(*args, **kwargs)
        connection.connect()
    return call


def asked(module, *args, **kwargs):
    """The outcome of a CONNECT that gets no answer."""
    return over_fake(module, tunnelled(*args, **kwargs), "proxy.example", 3128)


# set_tunnel()'s arguments -> the request
ASKED = [
    pytest.param(("a.example",), b"a.example:80", id="default port"),
    pytest.param(("a.example", 443), b"a.example:443", id="port"),
    pytest.param(("a.example:8080",), b"a.example:8080", id="host:port"),
    pytest.param(("a.example:",), b"a.example:80", id="host:"),
    pytest.param(("b\xfccher.example", 81), b"xn--bcher-kva.example:81", id="IDNA"),
    pytest.param(("127.0.0.1", 81), b"127.0.0.1:81", id="IPv4"),
]


@modules(since=(3, 12))
@pytest.mark.parametrize(("args", "authority"), ASKED)
def test_connect_request_names_host_and_port(module, args, authority):
    outcome = asked(module, *args)
    assert outcome.wire == b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (authority, authority)


@modules(since=(3, 13, 1))
@pytest.mark.parametrize("args", [("[1:2::3]", 81), ("1:2::3", 81), ("[1:2::3]:81",)])
def test_ipv6_host_is_put_in_brackets(module, args):
    first, *_ = asked(module, *args).wire.split(b"\r\n")
    assert first == b"CONNECT [1:2::3]:81 HTTP/1.1"


@modules(since=(3, 12))
@pytest.mark.parametrize("name", ["Host", "host", "HOST"])
def test_given_host_header_replaces_the_default(module, name):
    headers = {name: "mine", "Proxy-Authorization": "Basic eDp5"}
    outcome = asked(module, "a.example", 443, headers)
    assert outcome.wire == (b"CONNECT a.example:443 HTTP/1.1\r\n%b: mine\r\n"
                            b"Proxy-Authorization: Basic eDp5\r\n\r\n" % name.encode())
    assert list(headers) == [name, "Proxy-Authorization"]


def test_field_values_are_written_as_str_writes_them():
    """Written as str() writes them; http.client does that in some versions, and fails in others."""
    outcome = asked(httpclient, "a.example", 443, {"Host": "mine", "N": 5})
    assert outcome.wire == b"CONNECT a.example:443 HTTP/1.1\r\nHost: mine\r\nN: 5\r\n\r\n"


@modules(since=(3, 12))
def test_headers_changed_after_set_tunnel_are_not_sent(module):
    headers = {"A": "b"}
    sock = FakeSocket(AGREED)
    connection = connect(module, sock)
    connection.set_tunnel("a.example", headers=headers)
    headers["C"] = "d"
    connection.connect()
    assert b"\r\nA: b\r\n" in sock.bytes and b"C: d" not in sock.bytes


@modules(since=(3, 12))
def test_second_set_tunnel_replaces_the_first(module):
    sock = FakeSocket(AGREED)
    connection = connect(module, sock)
    connection.set_tunnel("a.example", 1, {"A": "b"})
    connection.set_tunnel("b.example", 2)
    connection.connect()
    assert sock.bytes == b"CONNECT b.example:2 HTTP/1.1\r\nHost: b.example:2\r\n\r\n"


@modules(since=(3, 12))
def test_subclass_sets_the_protocol_version_of_connect(module):
    class OldConnection(module.HTTPConnection):
        _http_vsn = 10
        _http_vsn_str = "HTTP/1.0"

    outcome = over_fake(module, tunnelled("a.example", 81), base=lambda _: OldConnection)
    assert outcome.wire.startswith(b"CONNECT a.example:81 HTTP/1.0\r\n")


@modules(since=(3, 11))
@pytest.mark.parametrize("kind", ["HTTPConnection", "HTTPSConnection"])
def test_set_tunnel_fills_the_tunnel_attributes(module, kind):
    connection = getattr(module, kind)("proxy.example")
    assert (connection._tunnel_host, connection._tunnel_port) == (None, None)
    assert connection._tunnel_headers == {}
    connection.set_tunnel("a.example")
    assert connection._tunnel_host == "a.example"
    assert connection._tunnel_port == connection.default_port
    connection._tunnel_host = None      # as urllib3 does
    connection._tunnel_port = None


@modules(since=(3, 11))
def test_set_tunnel_is_refused_on_a_connected_socket(module):
    connection = connect(module, FakeSocket())
    connection.connect()
    with pytest.raises(RuntimeError, match="Can't set up tunnel for established connection"):
        connection.set_tunnel("a.example")


@modules(since=(3, 11))
@pytest.mark.parametrize("args", [("a:b",), ("[::1]:x",)])
def test_nonnumeric_port_is_refused(module, args):
    with pytest.raises(module.InvalidURL, match="nonnumeric port"):
        module.HTTPConnection("proxy.example").set_tunnel(*args)


# set_tunnel()'s arguments that would change the request
FORGED = [
    pytest.param(("a.example\r\nX: y", 80), "Tunnel host can't contain control", id="CRLF in host"),
    pytest.param(("a.example ", 80), "Tunnel host can't contain control", id="blank in host"),
    pytest.param(("a\x00.example", 80), "Tunnel host can't contain control", id="NUL in host"),
    pytest.param(("a", 80, {"A": "b\r\nX: y"}), "Invalid header value", id="CRLF in value"),
    pytest.param(("a", 80, {"A": "b\n"}), "Invalid header value", id="LF in value"),
    pytest.param(("a", 80, {"A\r\nX": "b"}), "Invalid header name", id="CRLF in name"),
    pytest.param(("a", 80, {"A:": "b"}), "Invalid header name", id="colon in name"),
    pytest.param(("a", 80, {"": "b"}), "Invalid header name", id="no name"),
]


@modules(since=(3, 15))
@pytest.mark.parametrize(("args", "text"), FORGED)
def test_arguments_that_would_change_the_request_are_refused(module, args, text):
    outcome = asked(module, *args)
    assert isinstance(outcome.exception, ValueError) and text in outcome.text
    assert outcome.wire == b""


@pytest.mark.parametrize("headers", [{"A": "b\0"}, {"A\0": "b"}])
def test_nul_in_a_tunnel_field_is_refused(headers):
    """http.client sends it (COMPATIBILITY.md: NUL)."""
    outcome = asked(httpclient, "a.example", 80, headers)
    assert outcome.error == "ValueError" and outcome.wire == b""


@modules(since=(3, 11))
def test_plain_exchange_through_a_tunnel(module):
    with serving(ok(b"one"), ok(b"two", "Connection: close"), ok(b"three")) as server:
        with proxying(server.address, reply=AGREED) as proxy:
            connection = module.HTTPConnection(*proxy.address, timeout=20)
            with contextlib.closing(connection):
                connection.set_tunnel("a.example", 81)
                for body in (b"one", b"two", b"three"):
                    connection.request("GET", "/x")
                    assert connection.getresponse().read() == body
            # "two" closed the connection: the tunnel was made anew.
            assert len(proxy.handle.heads) == 2
        assert [r.field("Host") for r in server.handle.requests] == ["a.example:81"] * 3
        assert [r.line for r in server.handle.requests] == ["GET /x HTTP/1.1"] * 3


@modules(since=(3, 12))
def test_response_headers_of_the_proxy_are_kept(module):
    with serving(ok(b"one")) as server, proxying(server.address, reply=AGREED) as proxy:
        connection = module.HTTPConnection(*proxy.address, timeout=20)
        with contextlib.closing(connection):
            assert connection.get_proxy_response_headers() is None
            connection.set_tunnel("a.example")
            assert connection.get_proxy_response_headers() is None
            connection.request("GET", "/")
            headers = connection.get_proxy_response_headers()
            assert headers.items() == [("X", "y")] and headers["x"] == "y"
            assert isinstance(headers, module.HTTPMessage)
            response = connection.getresponse()
            assert response.read() == b"one" and response.getheader("X") is None


REFUSAL = (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
           b"Content-Length: 11\r\n\r\nlog in, you")


@modules(since=(3, 12))
def test_proxy_refuses_and_is_asked_again(module):
    """The error has the status, the headers stay to be asked for, and the connection is usable."""
    with serving(ok(b"in")) as server, proxying(server.address, reply=REFUSAL) as proxy:
        connection = module.HTTPConnection(*proxy.address, timeout=20)
        with contextlib.closing(connection):
            connection.set_tunnel("a.example")
            with pytest.raises(OSError) as caught:
                connection.request("GET", "/secret")
            assert str(caught.value) == (
                "Tunnel connection failed: 407 Proxy Authentication Required")
            assert connection.sock is None
            assert connection.get_proxy_response_headers()["proxy-authenticate"] == "Basic"
            assert server.handle.requests == []

            connection.close()
            proxy.handle.reply = AGREED
            connection.set_tunnel("a.example", headers={"Proxy-Authorization": "Basic eDp5"})
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"in"
            assert b"\r\nProxy-Authorization: Basic eDp5\r\n" in proxy.handle.heads[1]


# what the proxy says instead of 200 -> exception, part of its text
ANSWERS = [
    pytest.param(b"HTTP/1.1 500 Oh no\r\n\r\n", OSError, "failed: 500 Oh no", id="500"),
    pytest.param(b"HTTP/1.0 403 Forbidden\r\n", OSError, "failed: 403 Forbidden", id="cut"),
    pytest.param(b"HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n", OSError, "failed: 302",
                 id="redirection"),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", OSError, "failed: 204", id="204 is no tunnel"),
    pytest.param(b"", http.client.RemoteDisconnected, "", id="nothing"),
    pytest.param(b"garbage\r\n\r\n", http.client.BadStatusLine, "garbage", id="garbage"),
    pytest.param(b"HTTP/1.1 200" + b" " * 70_000 + b"\r\n\r\n", http.client.LineTooLong, "",
                 id="long status line"),
]


@modules(since=(3, 12))
@pytest.mark.parametrize(("reply", "error", "text"), ANSWERS)
def test_refusal_by_the_proxy_raises_and_closes(module, reply, error, text):
    with Server(lambda sock: (read_head(sock.makefile("rb", 0)), sock.sendall(reply))) as proxy:
        connection = module.HTTPConnection(*proxy.address, timeout=20)
        with contextlib.closing(connection):
            for _ in range(2):
                connection.set_tunnel("a.example")
                with pytest.raises(error) as caught:
                    connection.request("GET", "/secret")
                assert text in str(caught.value)
                connection.close()


SILENT = object()


@pytest.mark.parametrize("kind", ["HTTPConnection", "HTTPSConnection"])
@pytest.mark.parametrize("reply", [
    b"", b"garbage\r\n\r\n", b"HTTP/1.1 407 No\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: ", SILENT,
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", AGREED + ok(b"to the next request"),
], ids=["nothing", "garbage", "407", "cut", "silent", "many fields", "surplus"])
@pytest.mark.parametrize("first", ["connect", "request"])
def test_no_request_outside_of_a_tunnel(kind, reply, first):
    """After a CONNECT that failed in any way a request must not go to the proxy itself.

    http.client sends it there in clear text (COMPATIBILITY.md: the connection).
    """
    heads = []

    def answer(sock):
        with sock.makefile("rb", 0) as file:
            while head := read_head(file):
                heads.append(head)
                if reply is not SILENT:
                    sock.sendall(reply)
                if reply == b"":
                    return

    with Server(answer) as proxy:
        timeout = 0.1 if reply is SILENT or reply.endswith(b"A: ") else 20
        connection = getattr(httpclient, kind)(*proxy.address, timeout=timeout)
        with contextlib.closing(connection):
            connection.set_tunnel("a.example")
            for attempt in (first, "request", "request"):
                with pytest.raises((OSError, httpclient.HTTPException)):
                    getattr(connection, attempt)(*["GET", "/secret"] * (attempt == "request"))
    assert [head.split(b" ")[0] for head in heads] == [b"CONNECT"] * 3


@modules(since=(3, 12))
@pytest.mark.parametrize(("fields", "error", "text"), [
    (b"X: y\r\n" * 101, "HTTPException", "got more than 100 headers"),
    (b"X: " + b"y" * 70_000 + b"\r\n", "LineTooLong", "got more than 65536 bytes"),
])
def test_proxy_sends_too_much(module, fields, error, text):
    sock = FakeSocket(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
    connection = connect(module, sock)
    connection.set_tunnel("a.example")
    with pytest.raises(module.HTTPException, match=text) as caught:
        connection.connect()
    assert type(caught.value).__name__ == error


@modules(since=(3, 15))
def test_max_response_headers_binds_the_proxy(module):
    sock = FakeSocket(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3 + b"\r\n")
    connection = connect(module, sock, "proxy.example", max_response_headers=2)
    connection.set_tunnel("a.example")
    with pytest.raises(module.HTTPException, match="got more than 2 headers"):
        connection.connect()


@modules(since=(3, 12))
def test_debuglevel_prints_the_connect_request(module, capsys):
    connection = connect(module, FakeSocket(AGREED))
    connection.set_debuglevel(1)
    connection.set_tunnel("a.example", 443)
    connection.connect()
    assert capsys.readouterr().out.splitlines()[:2] == [
        r"send: b'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n'",
        r"header: X: y"]


@modules(since=(3, 11))
def test_one_send_for_the_whole_request(module):
    sock = FakeSocket(AGREED)
    connection = connect(module, sock)
    connection.set_tunnel("a.example", headers={"A": "b"})
    connection.connect()
    assert len(sock.pieces) == 1


@modules(since=(3, 11))
def test_overridden_tunnel_method_is_called(module):
    """urllib3 and warcio bring a _tunnel() of their own."""
    class Connection(module.HTTPConnection):
        def _tunnel(self):
            self.send(b"mine")

    outcome = over_fake(module, tunnelled("a.example"), base=lambda _: Connection)
    assert outcome.wire == b"mine"


@modules(since=(3, 11))
def test_response_class_reads_the_answer(module):
    seen = []

    class Response(module.HTTPResponse):
        def _read_status(self):
            seen.append(self._method)
            return super()._read_status()

    connection = connect(module, FakeSocket(AGREED))
    connection.response_class = Response
    connection.set_tunnel("a.example")
    connection.connect()
    assert seen == [None]


@modules(since=(3, 12))
def test_mock_response_is_read_by_readline_alone(module):
    """A mock has every attribute that is looked up, and each of them is true."""
    response = mock.Mock()
    response._read_status.return_value = ("HTTP/1.1", 200, "OK")
    response.fp.readline.side_effect = [b"X: y\r\n", b"\r\n"]
    connection = module.HTTPConnection("proxy.example", 3128)
    connection.set_tunnel("origin.example", 443)
    connection.sock = FakeSocket(b"")
    connection.response_class = lambda *args, **kwargs: response
    connection._tunnel()
    assert response.fp.readline.call_count == 2
    response.close.assert_called_once_with()
