# SPDX-License-Identifier: MIT
"""The same program on httpx's own transports and on httpclient's, blocking and asynchronous."""

import os
import socket
import threading

import pytest

httpx = pytest.importorskip("httpx", reason="httpx is not installed")

import httpclient.transports.httpx as ours  # noqa: E402
from support.httpx_clients import client, url_of  # noqa: E402
from support.proxy import proxying  # noqa: E402
from support.servers import (  # noqa: E402
    PATIENCE, Server, echo, ok, read_head, read_request, serving,
)

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


# --- requests and responses ------------------------------------------------------------------

REQUESTS = {
    "GET": {"method": "GET", "path": "/a/b?c=d&e=%20f#g"},
    "HEAD": {"method": "HEAD"},
    "OPTIONS": {"method": "OPTIONS"},
    "another method": {"method": "PURGE"},
    "POST of nothing": {"method": "POST"},
    "POST of bytes": {"method": "POST", "content": b"how nice"},
    "DELETE with a body": {"method": "DELETE", "content": b"how nice"},
    "JSON": {"method": "PUT", "json": {"a": 1}},
    "form": {"method": "POST", "data": {"a": "b c"}},
    "multipart": {"method": "POST", "files": {"f": ("n", b"content")},
                  "headers": {"Content-Type": "multipart/form-data; boundary=xyz"}},
    "iterator": {"method": "POST", "content": (b"how", b"", b" nice")},
    "iterator of a known length": {"method": "POST", "content": (b"how", b" nice"),
                                   "headers": {"Content-Length": "8"}},
    "repeated field": {"method": "GET", "headers": [("A", "1"), ("B", "2"), ("A", "3")]},
    "case of names": {"method": "GET", "headers": {"x-LOUD-quiet": "y", "hOST": "elsewhere"}},
    "Latin-1": {"method": "GET", "headers": {"X": "caf\xe9".encode("latin-1")}},
    "Connection: close": {"method": "GET", "headers": {"Connection": "close"}},
    "target": {"method": "OPTIONS", "extensions": {"target": b"*"}},
}


@pytest.mark.parametrize("arguments", REQUESTS.values(), ids=REQUESTS)
def test_request_is_sent_as_by_httpx(arguments):
    def sent(transport):
        given = dict(arguments)
        if isinstance(given.get("content"), tuple):
            given["content"] = iter(given["content"])
        with serving(ok()) as server, client(transport) as program:
            program.request(given.pop("method"), url_of(server, given.pop("path", "/")), **given)
            [request] = server.handle.requests
            port = str(server.port).encode()
        # h11 sends Host first.
        return (request.line, sorted(request.head.replace(port, b"PORT").split(b"\r\n")),
                [name for name, _ in request.fields if name.lower() != "host"],
                request.body)

    expected = sent(httpx.HTTPTransport)
    assert sent(ours.HTTPTransport) == expected
    assert sent(ours.AsyncHTTPTransport) == expected


@pytest.mark.parametrize("cls", [ours.HTTPTransport, ours.AsyncHTTPTransport])
@pytest.mark.parametrize(
    "removed", ["User-Agent", "Accept-Encoding", "Content-Length", "Connection"])
def test_no_field_is_added(removed, cls):
    with serving(ok()) as server, client(cls) as program:
        request = program.build_request("POST", url_of(server))
        del request.headers[removed]
        given = [name for name, _ in request.headers.raw]
        program.send(request)
        [request] = server.handle.requests
        assert [name.encode() for name, _ in request.fields] == given


@pytest.mark.parametrize("cls", [ours.HTTPTransport, ours.AsyncHTTPTransport])
def test_content_length_is_left_out_of_a_chunked_request(cls):
    # httpx's own transport sends both, which RFC 9112 6.2 forbids.
    with serving(ok()) as server, client(cls) as program:
        program.post(url_of(server), content=b"how nice",
                     headers={"Transfer-Encoding": "chunked"})
        [request] = server.handle.requests
        assert request.body == b"how nice"
        assert request.field("Content-Length") is None


RESPONSES = {
    "length": ok(b"hello", "X-Mixed-CASE: a", "set-cookie: a=b", "Set-Cookie: c=d"),
    "chunked": CHUNKED,
    "until close": OK + b"Connection: close\r\n\r\nhello",
    "HTTP/1.0": ok(b"hello", version="HTTP/1.0", status="203 Not\xe9 so"),
    "no reason": ok(b"hello", status="299 "),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok(b"hello"),
    "Latin-1": ok(b"hello", "X: caf\xe9"),
    "folded line": ok(b"hello", "X: a\r\n b\r\n\tc", "Y: d"),
    "gzip": ok(bytes.fromhex("1f8b080000000000000303000000000000000000"),
               "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("reply", RESPONSES.values(), ids=RESPONSES)
def test_response_is_that_of_httpx(reply):
    def received(transport):
        with serving(reply) as server, client(transport) as program:
            response = program.get(url_of(server))
            return (response.status_code, response.headers.raw, response.content,
                    response.extensions["http_version"], response.extensions["reason_phrase"],
                    dict(response.cookies), response.http_version)

    expected = received(httpx.HTTPTransport)
    assert received(ours.HTTPTransport) == expected
    assert received(ours.AsyncHTTPTransport) == expected


def test_content_arrives_piece_by_piece(transport):
    received = threading.Event()

    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        assert received.wait(PATIENCE)
        sock.sendall(b"3\r\ntwo\r\n0\r\n\r\n")

    with Server(handle) as server, client(transport) as program:
        with program.stream("GET", url_of(server)) as response:
            pieces = response.iter_raw()
            assert next(pieces) == b"one"
            received.set()
            assert list(pieces) == [b"two"]


def test_content_of_all_chunks_that_have_arrived_is_one_piece():
    chunks = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    with serving(chunks) as server, client(ours.HTTPTransport) as program:
        with program.stream("GET", url_of(server)) as response:
            assert list(response.iter_raw()) == [b"onetwo"]


def test_content_is_passed_on_undecoded_by_iter_raw(transport):
    with serving(ok(b"not gzip", "Content-Encoding: gzip")) as server, \
            client(transport) as program:
        with program.stream("GET", url_of(server)) as response:
            assert b"".join(response.iter_raw()) == b"not gzip"


def test_connection_is_reused_after_the_end_of_the_response(transport):
    with serving(ok(b"a"), ok(b"b"), CHUNKED, ok()) as server, client(transport) as program:
        for method in ("GET", "HEAD", "GET"):
            if method == "HEAD":
                server.handle.replies[1] = OK + b"Content-Length: 5\r\n\r\n"
            program.request(method, url_of(server))
        with program.stream("GET", url_of(server)) as response:
            response.read()
        assert server.accepted == 1


def test_connection_is_closed_if_the_response_is_left_early(transport):
    # More than a transport reads ahead.
    with serving(ok(b"x" * 5_000_000), ok(b"good")) as server, client(transport) as program:
        with program.stream("GET", url_of(server)) as response:
            assert response.status_code == 200
        assert program.get(url_of(server)).content == b"good"
        assert server.accepted == 2


def test_network_stream_tells_the_addresses(blocking_transport):
    with serving(ok()) as server, client(blocking_transport) as program:
        stream = program.get(url_of(server)).extensions["network_stream"]
        assert stream.get_extra_info("server_addr")[1] == server.port
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.1"
        assert isinstance(stream.get_extra_info("socket"), socket.socket)
        assert stream.get_extra_info("ssl_object") is None
        assert stream.get_extra_info("something else") is None


@pytest.mark.parametrize("cls", [ours.HTTPTransport, ours.AsyncHTTPTransport])
def test_closed_idle_connection_is_replaced(cls):
    with serving(ok(b"a"), ok(b"b"), closing=[0]) as server, \
            client(cls) as program:
        assert program.get(url_of(server)).content == b"a"
        assert program.get(url_of(server)).content == b"b"


# --- TLS, proxies and the other arguments ----------------------------------------------------

def test_tls(transport, certificates):
    with serving(ok(b"x"), ok(b"y"), tls=certificates.server()) as server, \
            client(transport, verify=certificates.client()) as program:
        response = program.get(url_of(server, scheme="https"))
        assert response.content == b"x"
        if (stream := response.extensions.get("network_stream")) is not None:
            assert stream.get_extra_info("ssl_object").version().startswith("TLS")
        assert program.get(url_of(server, scheme="https")).content == b"y"
        assert server.accepted == 1


def test_untrusted_certificate(transport, certificates):
    with serving(ok(b"x"), ok(b"y"), tls=certificates.server()) as server:
        with client(transport, verify=True) as program, pytest.raises(httpx.ConnectError):
            program.get(url_of(server, scheme="https"))
        with client(transport, verify=False) as program:
            assert program.get(url_of(server, scheme="https")).content


def test_environment_names_the_authorities(transport, certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca_file)
    with serving(ok(b"x"), tls=certificates.server()) as server:
        with client(transport, verify=True) as program:
            assert program.get(url_of(server, scheme="https")).content == b"x"
        with client(transport, verify=True, trust_env=False) as program, \
                pytest.raises(httpx.ConnectError):
            program.get(url_of(server, scheme="https"))


@pytest.mark.filterwarnings("ignore:.*cert=.*:DeprecationWarning")
def test_certificate_of_the_client(transport, certificates):
    with serving(ok(b"x"), tls=certificates.server(client_required=True)) as server:
        with client(transport, cert=(certificates.cert_file, certificates.key_file)) as program:
            assert program.get(url_of(server, scheme="https")).content == b"x"


def test_proxy_for_http(transport):
    def heads(proxy):
        with serving(ok(b"x")) as server, client(transport, proxy=proxy(server)) as program:
            assert program.get("http://host.example:81/a?b").content == b"x"
            [request] = server.handle.requests
            return request

    request = heads(lambda server: f"http://us%40er:pass@127.0.0.1:{server.port}")
    assert request.target == "http://host.example:81/a?b"
    assert request.field("Host") == "host.example:81"
    assert request.field("Proxy-Authorization") == "Basic dXNAZXI6cGFzcw=="
    request = heads(lambda server: httpx.Proxy(
        url_of(server), headers={"X-Own": "1", "User-Agent": "proxied"}))
    assert request.field("X-Own") == "1"
    assert [value for name, value in request.fields if name.lower() == "user-agent"] == [
        f"python-httpx/{httpx.__version__}"]


def test_proxy_for_https(transport, certificates):
    with serving(ok(b"x"), tls=certificates.server()) as server, \
            proxying(server.address) as proxy, \
            client(transport, verify=certificates.client(),
                   proxy=f"http://user:pass@127.0.0.1:{proxy.port}") as program:
        assert program.get("https://secure.example/").content == b"x"
        [head] = proxy.handle.heads
        assert head.startswith(b"CONNECT secure.example:443 HTTP/1.1\r\n")
        assert b"\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n" in head
        [request] = server.handle.requests
        assert request.field("Proxy-Authorization") is None


def test_refused_tunnel(transport):
    with proxying(None, reply=b"HTTP/1.1 407 Who are you\r\n\r\n") as proxy, \
            client(transport, proxy=url_of(proxy)) as program:
        with pytest.raises(httpx.ProxyError, match="^407 Who are you$"):
            program.get("https://secure.example/")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets")
def test_unix_socket(transport, tmp_path):
    path = os.fspath(tmp_path / "s")
    with serving(ok(b"x"), path=path) as server, client(transport, uds=path) as program:
        assert program.get("http://host.example/").content == b"x"
        assert server.handle.requests[0].field("Host") == "host.example"


def test_local_address_and_socket_options(blocking_transport):
    option = socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1
    with serving(ok(b"x")) as server, client(
            blocking_transport, local_address="127.0.0.1", socket_options=[option]) as program:
        stream = program.get(url_of(server)).extensions["network_stream"]
        assert stream.get_extra_info("client_addr")[0] == "127.0.0.1"
        assert stream.get_extra_info("socket").getsockopt(*option[:2])


def test_retries_connect_again(transport, monkeypatch):
    attempts = []

    def connect(self, address, real=socket.socket.connect):
        attempts.append(address)
        if len(attempts) < 3:
            raise ConnectionRefusedError("not yet")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(ours.time, "sleep", lambda seconds: None)
    with serving(ok(b"x")) as server, client(transport, retries=2) as program:
        url = url_of(server, host="127.0.0.1")
        assert program.get(url).content == b"x"
        assert len(attempts) == 3
        attempts.clear()
    with client(transport, retries=1) as program, pytest.raises(httpx.ConnectError):
        program.get(url)
    assert len(attempts) == 2


@pytest.mark.parametrize("limits", [httpx.Limits(max_keepalive_connections=0),
                                    httpx.Limits(keepalive_expiry=0)])
def test_no_connection_is_kept(transport, limits):
    with serving(ok(b"x"), ok(b"y")) as server, client(transport, limits=limits) as program:
        program.get(url_of(server))
        program.get(url_of(server))
        assert server.accepted == 2


@pytest.mark.parametrize("cls", [ours.HTTPTransport, ours.AsyncHTTPTransport])
@pytest.mark.parametrize("options", [
    {"http2": True}, {"http1": False}, {"proxy": "https://localhost"},
    {"proxy": "socks5://localhost"}])
def test_unsupported_arguments(cls, options):
    with pytest.raises(ValueError, match="httpx.HTTPTransport"):
        cls(verify=False, **options)


def test_request_without_host(transport):
    with client(transport) as program:
        request = program.build_request("GET", "http://localhost:1/")
        del request.headers["Host"]
        with serving() as server, pytest.raises(httpx.LocalProtocolError):
            request.url = httpx.URL(url_of(server))
            program.send(request)


@pytest.mark.parametrize("cls", [ours.HTTPTransport, ours.AsyncHTTPTransport])
def test_unsupported_extension(cls):
    with client(cls) as program, pytest.raises(ValueError, match="sni_hostname"):
        program.get("https://localhost/", extensions={"sni_hostname": "secure.example"})


def test_early_response_to_an_upload(transport):
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
            sock.sendall(ok(b"", "Connection: close", status="413 Too Large"))
            sock.shutdown(socket.SHUT_WR)
            while file.read(65536):
                pass

    with Server(handle) as server, client(transport) as program:
        response = program.post(url_of(server), content=(b"x" * 65536 for _ in range(20)))
        assert response.status_code == 413


def test_threads_share_a_transport(blocking_transport):
    def handle(sock):
        with sock.makefile("rb") as file:
            while request := read_request(file):
                sock.sendall(echo(request))

    with Server(handle) as server, client(blocking_transport) as program:
        def work(number):
            for turn in range(20):
                body = b"%d %d" % (number, turn)
                assert program.post(url_of(server), content=body).content == body
            right.append(number)

        right = []
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert sorted(right) == [0, 1, 2, 3]
