# SPDX-License-Identifier: MIT
"""TLS sessions: which connections resume one, and that it never differs from a new handshake.

COMPATIBILITY.md: HTTPS.
"""

import contextlib
import copy
import datetime
import os
import ssl
import time
from types import SimpleNamespace

import httpclient
import pytest
from httpclient._request import tls

from support.https import connection, exchange, of_version, resumptions
from support.proxy import proxying
from support.servers import Server, ok, read_head, serving


# ---- who resumes

def test_the_shared_context_resumes_by_default(client, trusted, server):
    assert resumptions(client, server.port, 4) == [False, True, True, True]


def test_given_context_does_not_resume_by_default(client, certificates, server):
    context = certificates.client()
    assert resumptions(client, server.port, 4, context=context) == [False] * 4
    assert not tls._sessions


def test_a_given_context_resumes_on_request(client, certificates, server):
    options = {"context": certificates.client(), "resume_sessions": True}
    assert resumptions(client, server.port, 4, **options) == [False, True, True, True]


def test_resume_sessions_false_neither_resumes_nor_stores(client, trusted, server):
    assert resumptions(client, server.port, 2, resume_sessions=False) == [False, False]
    assert not tls._sessions
    assert resumptions(client, server.port, 2) == [False, True]
    assert not exchange(client, server.port, resume_sessions=False).resumed
    assert exchange(client, server.port).resumed


def test_the_attribute_can_be_set(trusted, server):
    assert httpclient.HTTPSConnection("localhost").resume_sessions is None
    with connection(httpclient, server.port) as used:
        for setting, resumed in ((None, False), (None, True), (False, False), (True, True)):
            used.resume_sessions = setting
            used.connect()
            used.request("GET", "/")
            used.getresponse().read()
            assert used.sock.session_reused == resumed
            used.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("private", ["read", "set", "certificate"])
def test_a_private_context_does_not_resume(certificates, trusted, server, private):
    """Not with the sessions of the shared one either, and from the moment that it is private."""
    files = {"cert_file": certificates.cert_file, "key_file": certificates.key_file}
    with connection(httpclient, server.port, **(files if private == "certificate" else {})) as used:
        for number in range(4):
            if number == 1 and private == "read":
                assert used._context.check_hostname
            elif number == 1 and private == "set":
                used._context = used.sock_context
            used.connect()
            used.sock_context = used.sock.context
            used.request("GET", "/")
            used.getresponse().read()
            assert not used.sock.session_reused
            used.close()


def test_a_copy_of_a_connection_has_the_same_rights(client, trusted, server):
    exchange(client, server.port)
    first = client.HTTPSConnection("localhost", server.port, timeout=20)
    second = copy.copy(first)
    assert second._context is second._context
    with contextlib.closing(first), contextlib.closing(second):
        second.connect()
        first.connect()
        assert [first.sock.session_reused, second.sock.session_reused] == [True, False]


def test_a_session_is_used_once(client, trusted, server):
    exchange(client, server.port)
    with connection(client, server.port) as one, connection(client, server.port) as two:
        one.connect()
        two.connect()
        assert [one.sock.session_reused, two.sock.session_reused] == [True, False]


def test_a_session_without_a_new_ticket_is_used_once(client, trusted, version, server):
    """In TLS 1.3 a ticket must not be offered again, which is where no other one was read."""
    exchange(client, server.port)
    for resumed in (True, version == "TLSv1_2"):
        with connection(client, server.port) as used:
            used.connect()
            assert used.sock.session_reused == resumed


# ---- the client's identity

def identities(client, certificates, version, change, **options):
    """The certificate that a server is shown before the context is changed, and after it."""
    other = certificates.ca.issue_cert("other@secure.example", common_name="the other")
    other_file = str(certificates.folder / "other.pem")
    other.private_key_and_cert_chain_pem.write_to_path(other_file)
    context = certificates.client()
    tls_context = of_version(certificates.server(client_required=True), version)
    tls_context.verify_mode = ssl.CERT_OPTIONAL
    shown = []

    def handle(sock):
        certificate = sock.getpeercert()
        name = dict(pair for part in certificate["subject"] for pair in part) if certificate else {}
        shown.append(name.get("commonName"))
        with sock.makefile("rb") as file:
            read_head(file)
        sock.sendall(ok(b"x"))

    with Server(handle, tls=tls_context) as server:
        if change == "another":
            context.load_cert_chain(certificates.cert_file, certificates.key_file)
        for _ in range(3):
            exchange(client, server.port, context=context, **options)
        context.load_cert_chain(other_file)
        for _ in range(3):
            exchange(client, server.port, context=context, **options)
    return shown


@pytest.mark.parametrize(("change", "before"), [("the first", None), ("another", "the client")])
@pytest.mark.parametrize("options", [{}, {"resume_sessions": False}], ids=["default", "False"])
def test_a_client_certificate_loaded_later_is_shown_at_once(
        client, certificates, version, change, before, options):
    shown = identities(client, certificates, version, change, **options)
    assert shown == [before] * 3 + ["the other"] * 3


def test_explicit_resumption_keeps_the_client_certificate(client, certificates, version):
    """COMPATIBILITY.md says so: what cannot be seen of a context is the caller's affair."""
    shown = identities(client, certificates, version, "another", resume_sessions=True)
    assert shown == ["the client"] * 6


def test_authentication_after_the_handshake(client, certificates):
    """A resumed connection shows the certificate that a server asks for later, as a new one."""
    tls_context = of_version(certificates.server(client_required=True), "TLSv1_3")
    tls_context.post_handshake_auth = True      # not before
    found = []

    def handle(sock):
        found.append(sock.session_reused)
        with sock.makefile("rb", 0) as file:
            read_head(file)
            sock.verify_client_post_handshake()
            sock.sendall(ok(b"one"))
            read_head(file)
            found.append(bool(sock.getpeercert()))
            sock.sendall(ok(b"two"))

    context = certificates.client()
    context.post_handshake_auth = True
    context.load_cert_chain(certificates.cert_file, certificates.key_file)
    options = {"context": context, "resume_sessions": True}
    with Server(handle, tls=tls_context) as server:
        for _ in range(3):
            with connection(client, server.port, **options) as used:
                for body in b"one", b"two":
                    used.request("GET", "/")
                    assert used.getresponse().read() == body
    assert found == [False, True, True, True, True, True]


# ---- the server's identity

def test_a_certificate_that_expires_ends_its_sessions(certificates, trusted, version):
    now = datetime.datetime.now(datetime.timezone.utc)
    tls_context = certificates.server(not_before=now - datetime.timedelta(days=1),
                                      not_after=now + datetime.timedelta(seconds=3))
    with serving(*[ok(b"x")] * 3, tls=of_version(tls_context, version)) as server:
        assert resumptions(httpclient, server.port, 2) == [False, True]
        time.sleep(max(0, now.timestamp() + 3.1 - time.time()))
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            exchange(httpclient, server.port)


def test_the_certificate_is_verified_once_an_hour(client, trusted, server, monkeypatch):
    """However often sessions are renewed in between."""
    now = time.time()
    resumed = []
    for minutes in (0, 29, 58, 61, 90, 119, 122):
        monkeypatch.setattr(tls, "time", SimpleNamespace(time=lambda at=minutes: now + at * 60))
        resumed.append(exchange(client, server.port).resumed)
    assert resumed == [False, True, True, False, True, True, False]


def test_the_certificate_is_there_when_a_session_is_resumed(client, trusted, server):
    first, second = exchange(client, server.port), exchange(client, server.port)
    assert second.resumed
    assert second.peer == first.peer and second.peer_der == first.peer_der
    assert "subjectAltName" in second.peer


@pytest.mark.skipif(not hasattr(ssl.SSLSocket, "get_verified_chain"), reason="since Python 3.13")
def test_the_chain_is_there_when_a_session_is_resumed(client, trusted, certificates, server):
    """OpenSSL does not keep it."""
    found = []
    for resumed in False, True, True:
        with connection(client, server.port) as used:
            used.request("GET", "/")
            used.getresponse().read()
            assert used.sock.session_reused == resumed
            found.append((used.sock.get_verified_chain(), used.sock.get_unverified_chain()))
    assert found[0] == found[1] == found[2]
    assert [len(chain) for chain in found[0]] == [2, 1]


def loaded(context, certificates):
    from support.certificates import trustme
    context.load_verify_locations(cadata=trustme.CA().cert_pem.bytes().decode())


# What a session was made by -> what is asked for later.
RULES = {
    "verify_mode": (lambda context: setattr(context, "verify_mode", ssl.CERT_NONE),
                    lambda context, c: setattr(context, "verify_mode", ssl.CERT_REQUIRED)),
    "check_hostname": (lambda context: None,
                       lambda context, c: setattr(context, "check_hostname", True)),
    "verify_flags": (lambda context: None, lambda context, c: setattr(
        context, "verify_flags", context.verify_flags ^ ssl.VerifyFlags.VERIFY_X509_STRICT)),
    "options": (lambda context: None, lambda context, c: setattr(
        context, "options", context.options ^ ssl.OP_NO_RENEGOTIATION)),
    "minimum_version": (lambda context: None, lambda context, c: setattr(
        context, "minimum_version", ssl.TLSVersion.MINIMUM_SUPPORTED)),
    "maximum_version": (lambda context: setattr(
        context, "maximum_version", ssl.TLSVersion.TLSv1_3), lambda context, c: setattr(
        context, "maximum_version", ssl.TLSVersion.MAXIMUM_SUPPORTED)),
    "post_handshake_auth": (lambda context: None, lambda context, c: setattr(
        context, "post_handshake_auth", True)),
    "common name": (lambda context: None, lambda context, c: setattr(
        context, "hostname_checks_common_name", False)),
    "keylog": (lambda context: None, lambda context, c: setattr(
        context, "keylog_filename", str(c.folder / "keys"))),
    "CA": (lambda context: None, loaded),
}


@pytest.mark.parametrize("rule", RULES)
def test_visible_changes_of_a_context_end_its_sessions(client, certificates, server, rule):
    before, after = RULES[rule]
    context = certificates.client()
    context.check_hostname = False
    before(context)
    options = {"context": context, "resume_sessions": True}
    assert resumptions(client, server.port, 2, **options) == [False, True]
    after(context, certificates)
    assert resumptions(client, server.port, 2, **options) == [False, True]


def test_a_change_of_version_counts(client, certificates):
    context = certificates.client()
    with serving(*[ok(b"x")] * 9, tls=certificates.server()) as server:
        options = {"context": context, "resume_sessions": True}
        assert exchange(client, server.port, **options).version == "TLSv1.3"
        for name in "TLSv1_2", "TLSv1_3":
            context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            of_version(context, name)
            found = exchange(client, server.port, **options)
            assert (found.version, found.resumed) == (name.replace("_", "."), False)
            assert exchange(client, server.port, **options).resumed


def test_the_rules_are_those_of_the_handshake(client, certificates, server):
    """Not those at the end of the connection, by which no server was verified."""
    context = certificates.client()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    options = {"context": context, "resume_sessions": True}
    with connection(client, server.port, **options) as used:
        used.request("GET", "/")
        used.getresponse().read()
        context.verify_mode = ssl.CERT_REQUIRED
    assert resumptions(client, server.port, 2, **options) == [False, True]


def test_untrusted_server_is_refused_after_a_resumed_session(client, certificates, version):
    """The session of a handshake that verified nothing is no excuse."""
    context = certificates.client()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    options = {"context": context, "resume_sessions": True}
    tls_context = of_version(certificates.server("other.example"), version)
    with serving(*[ok(b"x")] * 3, tls=tls_context) as server:
        assert resumptions(client, server.port, 2, **options) == [False, True]
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
        with pytest.raises(ssl.SSLCertVerificationError):
            exchange(client, server.port, **options)


# ---- what is agreed on anew

def test_alpn_is_agreed_on_anew(client, certificates, version):
    tls_context = of_version(certificates.server(), version)
    tls_context.set_alpn_protocols(["http/1.1", "other"])
    context = certificates.client()
    context.set_alpn_protocols(["other"])
    options = {"context": context, "resume_sessions": True}
    with serving(*[ok(b"x")] * 3, tls=tls_context) as server:
        found = [exchange(client, server.port, **options) for _ in range(2)]
        context.set_alpn_protocols(["http/1.1"])
        found.append(exchange(client, server.port, **options))
    assert [one.alpn for one in found] == ["other", "other", "http/1.1"]
    assert [one.resumed for one in found] == [False, True, True]


def test_disabled_cipher_is_not_resumed(client, certificates):
    context = certificates.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    options = {"context": context, "resume_sessions": True}
    with serving(*[ok(b"x")] * 4, tls=certificates.server()) as server:
        for name in "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384":
            context.set_ciphers(name)
            found = [exchange(client, server.port, **options) for _ in range(2)]
            assert [(one.cipher, one.resumed) for one in found] == [(name, False), (name, True)]


# ---- which server

def test_never_across_hosts_ports_and_contexts(client, certificates, server):
    context = certificates.client()
    options = {"context": context, "resume_sessions": True}
    exchange(client, server.port, **options)
    with serving(ok(b"x"), tls=certificates.server()) as other:
        assert not exchange(client, server.port, "127.0.0.1", **options).resumed
        assert not exchange(client, other.port, **options).resumed
        options["context"] = certificates.client()
        assert not exchange(client, server.port, **options).resumed
    options["context"] = context
    assert exchange(client, server.port, **options).resumed


def test_never_across_the_ways_to_a_server(client, trusted, server):
    """Directly, through a proxy, through another: the server must not see that it is one client."""
    ways = [{}]
    with proxying(server.address) as proxy, proxying(server.address) as other:
        tunnel = "localhost", server.port
        ways += [{"at": proxy.port, "tunnel": tunnel}, {"at": other.port, "tunnel": tunnel}]

        def resumed(at=server.port, **options):
            return exchange(client, at, **options).resumed

        assert [resumed(**way) for way in ways] == [False] * 3
        assert [resumed(**way) for way in ways] == [True] * 3
        assert not resumed(at=proxy.port, tunnel=("localhost", server.port + 1))


def test_the_server_is_that_of_the_handshake(certificates, server):
    options = {"context": certificates.client(), "resume_sessions": True}
    with connection(httpclient, server.port, **options) as used:
        used.request("GET", "/")
        used.getresponse().read()
        used.port += 1
    assert exchange(httpclient, server.port, **options).resumed


def test_unknown_session_falls_back_to_a_full_handshake(client, certificates, version):
    context = of_version(certificates.server(), version)
    options = {"context": certificates.client(), "resume_sessions": True}
    with serving(*[ok(b"x")] * 9, tls=context) as server:
        assert resumptions(client, server.port, 2, **options) == [False, True]
        server.tls = of_version(certificates.server(), version)
        assert resumptions(client, server.port, 2, **options) == [False, True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_has_no_session_of_its_parent(client, trusted, server):
    """A ticket would be used by both."""
    exchange(client, server.port)
    with connection(client, server.port) as used:
        used.request("GET", "/")
        used.getresponse().read()
        exchange(client, server.port)       # Now there are a session and a connection in use.
        child = os.fork()
        if not child:
            os._exit(len(tls._sessions) + len(tls._handshakes))
        assert os.waitpid(child, 0) == (child, 0)
        assert len(tls._handshakes) >= 1 and len(tls._sessions) >= 1
