# SPDX-License-Identifier: MIT
"""HTTPSConnection over real TLS, with certificates that the tests make themselves."""

import contextlib
import hashlib
import http.client
import re
import socket
import ssl
import warnings

import httpclient
import pytest

from support.certificates import HOST, trustme
from support.proxy import proxying
from support.servers import Server, echo, ok, read_head, serving

MODULES = [http.client, httpclient]
BODY = bytes(range(256)) * 5000


@pytest.fixture
def to_loopback(monkeypatch):
    """Any host name is 127.0.0.1: nothing is looked up."""
    create_connection = socket.create_connection

    def connect(address, *args, **kwargs):
        return create_connection(("127.0.0.1", address[1]), *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", connect)


def https(module, host, port, **options):
    """A connection that `with` closes."""
    return contextlib.closing(module.HTTPSConnection(host, port, timeout=20, **options))


def get(connection, target="/"):
    connection.request("GET", target)
    return connection.getresponse().read()


@pytest.mark.parametrize("module", MODULES)
def test_good_certificate_is_accepted(module, certificates, to_loopback):
    replies = [ok(b"one"), ok(b"two"), echo, ok(b"")]
    with serving(*replies, tls=certificates.server()) as server:
        with https(module, HOST, server.port, context=certificates.client()) as connection:
            assert get(connection) == b"one"
            assert connection.sock.selected_alpn_protocol() is None
            assert get(connection) == b"two"
            connection.request("POST", "/", BODY)
            assert connection.getresponse().read() == BODY
            assert get(connection) == b""
        assert server.accepted == 1
        hosts = {request.field("Host") for request in server.handle.requests}
        assert hosts == {f"{HOST}:{server.port}"}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", HOST])
def test_host_is_sent_and_checked(module, certificates, to_loopback, host):
    asked = []
    context = certificates.server()
    context.sni_callback = lambda sock, name, _: asked.append(name)
    with serving(ok(b"x"), tls=context) as server:
        with https(module, host, server.port, context=certificates.client()) as connection:
            assert get(connection) == b"x"
    assert asked == [None if host == "127.0.0.1" else host]


# what is wrong -> (the server's context, what the error says)
REFUSED = {
    "other host": (lambda c: c.server("other.example"), "(?i)hostname mismatch"),
    "wildcard of another level": (lambda c: c.server("*.secure.example"), "(?i)hostname mismatch"),
    "unknown issuer": (lambda c: c.server(ca=trustme.CA()), "unable to get local issuer"),
    "expired": (lambda c: c.expired(), "has expired"),
}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("wrong", REFUSED)
def test_bad_certificate_is_refused_before_the_request(module, certificates, to_loopback, wrong):
    make, text = REFUSED[wrong]
    with serving(ok(b"never"), tls=make(certificates)) as server:
        with https(module, HOST, server.port, context=certificates.client()) as connection:
            with pytest.raises(ssl.SSLCertVerificationError, match=text):
                connection.request("GET", "/secret")
        assert server.handle.requests == []


def test_refused_certificate_is_refused_again(certificates, to_loopback):
    """Not "bad file descriptor": the connection is idle (COMPATIBILITY.md: the connection)."""
    with serving(ok(b"x"), tls=certificates.server()) as server:
        with https(httpclient, "other.example", server.port,
                   context=certificates.client()) as connection:
            for call in (connection.connect, lambda: connection.request("GET", "/secret"),
                         lambda: connection.request("GET", "/secret"), connection.connect):
                with pytest.raises(ssl.SSLCertVerificationError):
                    call()
            connection.host = HOST
            assert get(connection) == b"x"
        assert len(server.handle.requests) == 1


@pytest.mark.parametrize("module", MODULES)
def test_default_context_refuses_an_unknown_certificate(module, certificates):
    """A certificate without a known issuer is refused, whatever the old documents say."""
    with serving(ok(b"never"), tls=certificates.server()) as server:
        with https(module, "localhost", server.port) as connection:
            assert connection._context.verify_mode == ssl.CERT_REQUIRED
            assert connection._context.check_hostname
            with pytest.raises(ssl.SSLCertVerificationError):
                connection.request("GET", "/secret")
        assert server.handle.requests == []


@pytest.mark.parametrize("module", MODULES)
def test_default_context_follows_ssl(module, certificates, monkeypatch):
    """Programs change ssl._create_default_https_context: it is looked up when it is needed."""
    monkeypatch.setattr(ssl, "_create_default_https_context", certificates.client)
    context = certificates.server()
    context.set_alpn_protocols(["http/1.1"])
    with serving(ok(b"x"), tls=context) as server:
        with https(module, "localhost", server.port) as connection:
            connection.connect()
            assert connection.sock.selected_alpn_protocol() == "http/1.1"
            assert get(connection) == b"x"


@pytest.mark.parametrize("module", MODULES)
def test_given_context_is_used_as_it_is(module, certificates):
    """A context that asks for nothing gets nothing checked; it is used as it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(ok(b"x"), tls=certificates.server("other.example")) as server:
        with https(module, "localhost", server.port, context=context) as connection:
            assert connection._context is context
            assert get(connection) == b"x"
            assert connection.sock.version() == "TLSv1.2"


@pytest.mark.parametrize("module", MODULES)
def test_client_certificate_is_shown_to_the_server(module, certificates):
    context = certificates.client()
    context.load_cert_chain(certificates.cert_file, certificates.key_file)
    with serving(echo, tls=certificates.server(client_required=True)) as server:
        with https(module, "localhost", server.port, context=context) as connection:
            connection.request("POST", "/", b"x")
            assert connection.getresponse().read() == b"x"


@pytest.mark.parametrize("module", MODULES)
def test_missing_client_certificate_ends_the_handshake(module, certificates):
    with serving(ok(b"never"), tls=certificates.server(client_required=True)) as server:
        context = certificates.client()
        with https(module, "localhost", server.port, context=context) as connection:
            # With TLS 1.3 the client hears of it when it first reads.
            with pytest.raises((ssl.SSLError, ConnectionError)):
                get(connection)
    assert server.handle.requests == []
    assert "peer did not return a certificate" in str(server.handshake_errors)


# How the specification and Python 3.11 give the two files.
KEY_FILES = [
    pytest.param(lambda c, port: ((port, c.key_file, c.cert_file), {}), id="positional"),
    pytest.param(lambda c, port: ((port,), {"key_file": c.key_file, "cert_file": c.cert_file}),
                 id="keywords"),
    pytest.param(lambda c, port: ((port, c.key_file, c.cert_file, True, 20), {}),
                 id="specification"),
    pytest.param(lambda c, port: ((port, c.key_file, c.cert_file, 20, ("127.0.0.1", 0)), {}),
                 id="3.11"),
]


@pytest.mark.parametrize("given", KEY_FILES)
def test_key_file_and_cert_file(certificates, monkeypatch, given):
    monkeypatch.setattr(ssl, "_create_default_https_context", certificates.client)
    with serving(ok(b"x"), tls=certificates.server(client_required=True)) as server:
        positional, named = given(certificates, server.port)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            connection = httpclient.HTTPSConnection("localhost", *positional, **named)
        with contextlib.closing(connection):
            assert get(connection) == b"x"
            assert connection._context.verify_mode == ssl.CERT_REQUIRED


def test_key_file_goes_into_a_given_context(certificates):
    with serving(ok(b"x"), tls=certificates.server(client_required=True)) as server:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            connection = httpclient.HTTPSConnection(
                "localhost", server.port, certificates.key_file, certificates.cert_file,
                context=certificates.client(), timeout=20)
        with contextlib.closing(connection):
            assert get(connection) == b"x"


def test_key_file_that_is_not_there(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises(FileNotFoundError):
            missing = str(tmp_path / "missing.pem")
            httpclient.HTTPSConnection("localhost", 1, missing, missing)


def abrupt(reply):
    """A handler that answers and cuts the TCP connection without ending TLS."""
    def handle(sock):
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(reply)
        plain = socket.socket(fileno=sock.detach())
        plain.shutdown(socket.SHUT_RDWR)
        plain.close()
    return handle


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nno length"

# response that is cut off -> its body, or the exception instead
CUT = [
    pytest.param(ok(b"all of it"), b"all of it", id="behind the body"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf", http.client.IncompleteRead,
                 id="in the body"),
    pytest.param(CHUNKED, http.client.IncompleteRead, id="between chunks"),
    pytest.param(CHUNKED + b"0\r\n\r\n", b"hello", id="behind the last chunk"),
    # ssl hides the missing close_notify (suppress_ragged_eofs), so that no caller can tell:
    pytest.param(CLOSING, b"no length", id="until close"),
    pytest.param(b"", http.client.RemoteDisconnected, id="no response"),
]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(("reply", "expected"), CUT)
def test_response_cut_off_without_close_notify_is_refused(module, certificates, reply, expected):
    """A response that ends by its own framing is complete without close_notify."""
    with Server(abrupt(reply), tls=certificates.server()) as server:
        with https(module, "localhost", server.port, context=certificates.client()) as connection:
            if isinstance(expected, bytes):
                assert get(connection) == expected
            else:
                with pytest.raises(expected):
                    get(connection)


def test_truncated_in_the_head(certificates):
    """http.client takes half a field line for a whole one.

    COMPATIBILITY.md: end of stream within a field line.
    """
    reply = b"HTTP/1.1 200 OK\r\nContent-Le"
    with Server(abrupt(reply), tls=certificates.server()) as server:
        context = certificates.client()
        with https(httpclient, "localhost", server.port, context=context) as connection:
            with pytest.raises(httpclient.IncompleteRead):
                get(connection)


class Picky(ssl.SSLContext):
    """A context whose sockets report a missing close_notify."""

    def wrap_socket(self, *args, **kwargs):
        return super().wrap_socket(*args, suppress_ragged_eofs=False, **kwargs)


@pytest.mark.skipif(bool(ssl.create_default_context().options
                         & getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)),
                    reason="this Python's ssl hides it")
@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("read", [lambda r: r.read(), lambda r: [r.read(4) for _ in range(9)],
                                  lambda r: r.readinto(bytearray(99)) and r.readinto(bytearray(9)),
                                  lambda r: list(r)], ids=["read", "read(4)", "readinto", "lines"])
def test_missing_close_notify_is_reported(module, certificates, read):
    with Server(abrupt(CLOSING), tls=certificates.server()) as server:
        context = Picky(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificates.ca_file)
        with https(module, "localhost", server.port, context=context) as connection:
            connection.request("GET", "/")
            with connection.getresponse() as response, pytest.raises(ssl.SSLEOFError):
                read(response)


@pytest.mark.parametrize("module", MODULES)
def test_large_body_over_tls(module, certificates):
    body = hashlib.sha256(b"seed").digest() * 60_000
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[n:n + 30_000]), body[n:n + 30_000])
                      for n in range(0, len(body), 30_000))
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    with serving(ok(body), chunked, ok(b"end"), tls=certificates.server()) as server:
        with https(module, "localhost", server.port, context=certificates.client()) as connection:
            assert [get(connection), get(connection), get(connection)] == [body, body, b"end"]


@pytest.mark.parametrize("module", MODULES)
def test_tunnel_carries_requests_over_tls(module, certificates, to_loopback):
    with (serving(ok(b"one"), ok(b"two"), tls=certificates.server()) as server,
          proxying(server.address) as proxy,
          https(module, "proxy.example", proxy.port, context=certificates.client()) as connection):
        connection.set_tunnel(HOST, 443, {"Proxy-Authorization": "Basic eDp5"})
        assert [get(connection), get(connection)] == [b"one", b"two"]
        head, = proxy.handle.heads
        assert b"\r\nProxy-Authorization: Basic eDp5\r\n" in head
        # The host of the request is that of the tunnel's end, on its default port.
        assert [r.field("Host") for r in server.handle.requests] == [HOST, HOST]
        assert [r.line for r in server.handle.requests] == ["GET / HTTP/1.1"] * 2
        assert all("Proxy-Authorization" not in dict(r.fields) for r in server.handle.requests)


@pytest.mark.parametrize("module", MODULES)
def test_tunnel_checks_the_far_host(module, certificates, to_loopback):
    with (serving(ok(b"never"), tls=certificates.server("proxy.example")) as server,
          proxying(server.address) as proxy,
          https(module, "proxy.example", proxy.port, context=certificates.client()) as connection):
        connection.set_tunnel(HOST)
        with pytest.raises(ssl.SSLCertVerificationError, match="(?i)hostname mismatch"):
            connection.request("GET", "/secret")
        assert re.match(rb"CONNECT secure\.example:443 ", proxy.handle.heads[0])
        assert server.handle.requests == []


@pytest.mark.parametrize("module", MODULES)
def test_makefile_of_a_socket_instance_is_called(certificates, module):
    """Recipes for unbuffered or counting files put it on the socket that connect() has made."""
    made = []

    class Recipe(module.HTTPSConnection):
        def connect(self):
            super().connect()
            own = self.sock.makefile

            def makefile(*args, **keywords):
                made.append(args)
                return own("rb", 0)

            self.sock.makefile = makefile

    with serving(ok(b"x"), ok(b"y"), tls=certificates.server()) as server:
        connection = Recipe("localhost", server.port, timeout=20, context=certificates.client())
        with contextlib.closing(connection):
            for content in b"x", b"y":
                connection.request("GET", "/")
                assert connection.getresponse().read() == content
    assert len(made) == 2
