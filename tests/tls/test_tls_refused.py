# SPDX-License-Identifier: MIT
"""Servers that cannot resume a TLS session: a second connection without it, and no request twice.

COMPATIBILITY.md: HTTPS.
"""

import contextlib
import socket
import ssl
import sys
import threading
import time

import pytest
from httpclient._request import tls

from support import hello
from support.hello import Refusing, RefusingLater
from support.https import connection, exchange, of_version, resumptions
from support.proxy import proxying
from support.servers import PATIENCE, Server, ok, read_head, serving


REFUSALS = {"alert": hello.alert, "end": hello.end, "reset": hello.reset}


@pytest.fixture
def context(certificates, version):
    """A server's context of one version of TLS."""
    return of_version(certificates.server(), version)


@pytest.fixture(params=["shared context", "given context"])
def options(request, certificates, trusted):
    """What makes a connection resume."""
    if request.param == "shared context":
        return {}
    return {"context": certificates.client(), "resume_sessions": True}


def test_servers_of_these_tests_see_offered_sessions(client, context, options):
    """With a server that lets sessions be resumed, so that these tests mean something."""
    with Server(Refusing(context, None)) as server:
        server.handle._refuse = lambda sock: server.handle._replies(
            context.wrap_socket(sock, server_side=True))
        assert resumptions(client, server.port, 3, **options) == [False, True, True]
        assert server.handle.offers == [False, True, True]


# ---- refused in the handshake

@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_session_is_left_out(client, context, options, refusal):
    with Server(Refusing(context, REFUSALS[refusal])) as server:
        assert resumptions(client, server.port, 5, **options) == [False] * 5
        # The second connection was tried without it, and no later one has offered any.
        assert server.handle.offers == [False, True, False, False, False, False]
        assert len(server.handle.requests) == 5


def test_other_contexts_do_not_try_it_again(client, context, certificates, trusted):
    with Server(Refusing(context, hello.alert)) as server:
        resumptions(client, server.port, 2)
        resumptions(client, server.port, 3, context=certificates.client(), resume_sessions=True)
        assert server.handle.offers.count(True) == 1


def test_a_refusal_is_forgotten_after_an_hour(client, context, trusted, monkeypatch):
    with Server(Refusing(context, hello.alert)) as server:
        resumptions(client, server.port, 3)
        assert list(tls._refusing) == [("localhost", server.port, None)]
        tls._refusing["localhost", server.port, None] = time.time() - 1
        resumptions(client, server.port, 3)
        assert server.handle.offers.count(True) == 2


def test_number_of_kept_refusals_is_bounded(client, context, trusted, monkeypatch):
    monkeypatch.setattr(tls, "_SESSIONS", 1)
    with Server(Refusing(context, hello.alert)) as server:
        for host in "localhost", "127.0.0.1":
            resumptions(client, server.port, 2, host=host)
        assert list(tls._refusing) == [("127.0.0.1", server.port, None)]


@pytest.mark.parametrize("make", [lambda: b"x" * 9, lambda: iter([b"x" * 4, b"x" * 5])],
                         ids=["bytes", "iterator"])
def test_a_request_goes_out_once_and_whole(client, context, options, make):
    with Server(Refusing(context, hello.reset)) as server:
        exchange(client, server.port, **options)
        with connection(client, server.port, **options) as used:
            used.request("POST", "/", make(), {"X": "y"})
            assert used.getresponse().read() == b"x"
        assert [request.body for request in server.handle.requests] == [b"", b"x" * 9]
        assert server.handle.requests[1].field("X") == "y"


def test_refused_session_is_left_out_of_a_request_in_steps(client, context, options):
    with Server(Refusing(context, hello.end)) as server:
        exchange(client, server.port, **options)
        with connection(client, server.port, **options) as used:
            used.putrequest("GET", "/")
            used.putheader("X", "y")
            used.endheaders()
            assert used.getresponse().read() == b"x"
        assert len(server.handle.requests) == 2


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refused_session_is_left_out_through_a_tunnel(client, context, options, refusal):
    with Server(Refusing(context, REFUSALS[refusal])) as server:
        with proxying(server.address) as proxy:
            for _ in range(3):
                found = exchange(client, proxy.port, tunnel=("localhost", server.port), **options)
                assert (found.body, found.resumed) == (b"x", False)
            assert len(proxy.handle.heads) == 4
            assert len(set(proxy.handle.heads)) == 1
        assert server.handle.offers == [False, True, False, False]


def test_a_tunnel_that_is_refused_the_second_time(client, context, options):
    with Server(Refusing(context, hello.end)) as server, proxying(server.address) as proxy:
        exchange(client, proxy.port, tunnel=("localhost", server.port), **options)

        def refuse(sock):
            proxy.handle.reply = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"

        server.handle._refuse = refuse
        with connection(client, proxy.port, **options) as used:
            used.set_tunnel("localhost", server.port)
            with pytest.raises(OSError, match="407"):
                used.request("GET", "/")
            assert used.sock is None
        assert len(server.handle.requests) == 1


def test_a_second_refusal_is_raised(client, context, options):
    """Once more, not again and again."""
    with Server(Refusing(context, hello.alert)) as server:
        exchange(client, server.port, **options)
        server.handle._context = None       # from now on, none
        handle = server.handle

        def fail(sock):
            handle.offers.append(None)
            hello.alert(sock)

        server.handle = fail
        with connection(client, server.port, **options) as used:
            with pytest.raises(ssl.SSLError, match="(?i)internal.error"):
                used.request("GET", "/")
            assert used.sock is None
            server.handle = handle
            handle._context = context
            used.request("GET", "/")
            assert used.getresponse().read() == b"x"
        assert handle.offers == [False, None, None, False]


def test_second_connection_refused_raises_its_error(client, context, options):
    def refuse(sock):
        server._listener.shutdown(socket.SHUT_RDWR)
        server._listener.close()

    with Server(Refusing(context, refuse)) as server:
        exchange(client, server.port, **options)
        with connection(client, server.port, **options) as used:
            with pytest.raises(ConnectionError):
                used.request("GET", "/")
            assert used.sock is None
            with pytest.raises(ConnectionError):
                used.request("GET", "/")


# ---- what is no refusal

def test_a_certificate_that_is_refused_is_not_tried_again(client, certificates, context, options):
    """The server has not resumed: it has shown its certificate, and that is wrong."""
    with serving(*[ok(b"x")] * 3, tls=context) as server:
        exchange(client, server.port, **options)
        server.tls = of_version(certificates.server("other.example"), "TLSv1_3")
        server.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLCertVerificationError):
            exchange(client, server.port, **options)
        assert server.accepted == 2 and len(server.handle.requests) == 1


def test_an_error_without_a_session_is_not_tried_again(client, context, options):
    with Server(hello.alert) as server:
        with pytest.raises(ssl.SSLError):
            exchange(client, server.port, **options)
        assert server.accepted == 1


def test_a_refused_session_hides_no_wrong_certificate(client, certificates, context, options):
    with Server(Refusing(context, hello.alert)) as server:
        exchange(client, server.port, **options)
        server.handle._context = certificates.server("other.example")
        with pytest.raises(ssl.SSLCertVerificationError, match="(?i)hostname mismatch"):
            exchange(client, server.port, **options)
        assert server.handle.offers == [False, True, False]
        assert len(server.handle.requests) == 1


# ---- time

def test_a_timeout_is_not_tried_again(client, context, options):
    """A second connection would double it.  The next one does without the session."""
    with Server(Refusing(context, hello.hang)) as server:
        exchange(client, server.port, **options)
        with pytest.raises(TimeoutError):
            exchange(client, server.port, timeout=0.4, **options)
        assert resumptions(client, server.port, 3, **options) == [False] * 3
        assert server.handle.offers == [False, True, False, False, False]


def test_deadline_bounds_both_connections_together(client, context, options):
    late = threading.Event()

    def wait(offered):
        if offered or late.is_set():
            late.set()
            time.sleep(0.4)

    with Server(Refusing(context, hello.alert, wait)) as server:
        exchange(client, server.port, **options)
        started = time.monotonic()
        with connection(client, server.port, deadline=0.6, **options) as used:
            with pytest.raises(TimeoutError, match="deadline"):
                used.request("GET", "/")
            assert 0.5 < time.monotonic() - started < 2
            assert used.sock is None
            late.clear()
            used.request("GET", "/", deadline=PATIENCE)
            assert used.getresponse().read() == b"x"
        assert server.handle.offers == [False, True, False, False]
        assert len(server.handle.requests) == 2


def test_a_deadline_that_passes_before_the_second_connection(client, context, options):
    with Server(Refusing(context, hello.hang)) as server:
        exchange(client, server.port, **options)
        with connection(client, server.port, deadline=0.3, **options) as used:
            with pytest.raises(TimeoutError, match="deadline"):
                used.request("GET", "/")
        assert server.handle.offers == [False, True]


# ---- who looks on

_events = []
sys.addaudithook(lambda event, args: _events.append(args[1:]) if event == "http.client.connect"
                 else None)


def test_second_connection_is_seen_by_audit_hooks_and_create_connection(client, context, options):
    """Audit hooks, and a replaced _create_connection; connect() is one call."""
    calls = []

    class Connection(client.HTTPSConnection):
        def connect(self):
            calls.append("connect")
            super().connect()

    with Server(Refusing(context, hello.alert)) as server:
        exchange(client, server.port, **options)
        used = Connection("localhost", server.port, timeout=PATIENCE, **options)
        create = used._create_connection
        used._create_connection = lambda *args: calls.append("create") or create(*args)
        del _events[:]
        used.request("GET", "/")
        assert used.getresponse().read() == b"x"
        used.close()
        assert calls == ["connect", "create", "create"]
        assert _events == [("localhost", server.port)] * 2


def test_overridden_connect_offers_no_session(client, context, certificates):
    """Such as urllib3's, which does TLS by itself."""
    class Connection(client.HTTPSConnection):
        def connect(self):
            sock = socket.create_connection((self.host, self.port), PATIENCE)
            self.sock = self._context.wrap_socket(sock, server_hostname=self.host)

    given = certificates.client()
    with Server(Refusing(context, hello.alert)) as server:
        for _ in range(3):
            used = Connection("localhost", server.port, context=given, resume_sessions=True)
            used.request("GET", "/")
            assert used.getresponse().read() == b"x"
            used.close()
        assert server.handle.offers == [False] * 3
    assert not tls._sessions


# ---- refused after the handshake

def close_notify(sock):
    with contextlib.suppress(OSError):      # the client's own is not waited for
        sock.unwrap()


@pytest.mark.parametrize("how", [hello.end, close_notify, hello.reset])
def test_no_request_is_repeated(client, context, options, how):
    """It has been sent, with an unknown outcome; later requests do without sessions."""
    with Server(RefusingLater(how), tls=context) as server:
        exchange(client, server.port, **options)
        with connection(client, server.port, **options) as used:
            used.request("POST", "/once", b"x")
            with pytest.raises((ConnectionError, ssl.SSLError)):
                used.getresponse()
        assert [head.split()[1] for head in server.handle.heads] == [b"/once"]
        assert resumptions(client, server.port, 3, **options) == [False] * 3
        assert server.handle.resumed == [False, True, False, False, False]


def test_an_end_after_a_response_is_no_refusal(client, context, options):
    """The server has had enough of that connection, not of sessions.

    Later versions of Python give that session up, as the connection ended without close_notify.
    """
    def twice(sock):
        with sock.makefile("rb", 0) as file:
            read_head(file)
            sock.sendall(ok(b"x"))
            read_head(file)

    with Server(twice, tls=context) as server:
        exchange(client, server.port, **options)
        with connection(client, server.port, **options) as used:
            used.request("GET", "/")
            assert used.getresponse().read() == b"x" and used.sock.session_reused
            used.request("GET", "/")
            with pytest.raises(ConnectionError):
                used.getresponse()
        assert resumptions(client, server.port, 2, **options)[1]


# ---- the real thing

def test_openssl_without_a_session_id_context(client, certificates, version, options):
    """It asks for a client certificate, and has not been told what its sessions are good for."""
    SSL = pytest.importorskip("OpenSSL.SSL", reason="no pyOpenSSL, which makes such a server")
    issued = certificates.ca.issue_cert("localhost")
    file = str(certificates.folder / "no-context.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(file)
    theirs = SSL.Context(SSL.TLS_SERVER_METHOD)
    theirs.use_privatekey_file(file)
    theirs.use_certificate_chain_file(file)
    theirs.load_verify_locations(certificates.ca_file)
    theirs.set_verify(SSL.VERIFY_PEER, lambda *args: args[-1])
    theirs.set_options(SSL.OP_NO_TLSv1_3 if version == "TLSv1_2" else SSL.OP_NO_TLSv1_2)
    refused = []

    def handle(sock):
        sock.settimeout(None)
        wrapped = SSL.Connection(theirs, sock)
        wrapped.set_accept_state()
        try:
            wrapped.do_handshake()
            while not wrapped.recv(65536).endswith(b"\r\n\r\n"):
                pass
            wrapped.sendall(ok(b"x"))
            wrapped.shutdown()
        except SSL.Error as error:
            refused.append(str(error))

    with Server(handle) as server:
        assert resumptions(client, server.port, 4, **options) == [False] * 4
    assert len(refused) == 1 and "session id context uninitialized" in refused[0]
