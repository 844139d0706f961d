# SPDX-License-Identifier: MIT
"""The default context that HTTPS connections share, and those that have a context of their own."""

import contextlib
import os
import shutil
import ssl
import subprocess
import sys
import textwrap

import httpclient
import pytest

from support.certificates import trustme
from support.servers import Server, ok, serving

ANOTHER_CA = trustme.CA().cert_pem.bytes().decode()


@pytest.fixture
def loaded(trusted, monkeypatch):
    """A list that grows when a default context is made."""
    made = []
    load = ssl.SSLContext.load_default_certs

    def counted(context, *args):
        made.append(context)
        return load(context, *args)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", counted)
    return made


def exchange(port, host="localhost", **options):
    """(whether the TLS session was resumed, the socket's context) of one exchange."""
    connection = httpclient.HTTPSConnection(host, port, timeout=20, **options)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"x"
        return connection.sock.session_reused, connection.sock.context


# ---- contexts

def test_connections_share_one_default_context(loaded):
    connections = [httpclient.HTTPSConnection(host) for host in ("a.example", "b.example")]
    assert len(loaded) == 1
    assert all("_context" not in connection.__dict__ for connection in connections)


def test_the_shared_context_is_used_and_verifies(certificates, loaded):
    with serving(ok(b"x"), ok(b"x"), tls=certificates.server()) as server:
        (_, one), (_, two) = exchange(server.port), exchange(server.port)
    assert one is two and len(loaded) == 1
    assert one.verify_mode == ssl.CERT_REQUIRED and one.check_hostname
    with serving(ok(b"never"), tls=certificates.server("other.example")) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            exchange(server.port)


def test_reading_context_makes_a_private_one(certificates, trusted):
    lax, strict = (httpclient.HTTPSConnection("localhost", timeout=20) for _ in range(2))
    lax._context.check_hostname = False
    lax._context.verify_mode = ssl.CERT_NONE
    assert lax._context is lax._context is not strict._context
    with serving(ok(b"x"), ok(b"never"), tls=certificates.server("other.example")) as server:
        for connection in (lax, strict, httpclient.HTTPSConnection("localhost", timeout=20)):
            connection.port = server.port
            with contextlib.closing(connection):
                if connection is lax:
                    connection.connect()
                    assert connection.sock.context is lax._context
                else:
                    with pytest.raises(ssl.SSLCertVerificationError):
                        connection.connect()


def test_a_given_context_is_used_as_it_is(certificates):
    context = certificates.client()
    connection = httpclient.HTTPSConnection("localhost", context=context)
    assert connection._context is context
    connection._context = other = certificates.client()
    with serving(ok(b"x"), tls=certificates.server()) as server:
        connection.port = server.port
        with contextlib.closing(connection):
            connection.connect()
            assert connection.sock.context is other


# Changes of a context that a connection's socket leads to.
CHANGES = {
    "check_hostname": lambda context, c: setattr(context, "check_hostname", False),
    "verify_flags": lambda context, c: setattr(
        context, "verify_flags", ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF),
    "maximum_version": lambda context, c: setattr(
        context, "maximum_version", ssl.TLSVersion.TLSv1_2),
    "options": lambda context, c: setattr(
        context, "options", context.options | ssl.OP_NO_TICKET),
    "common name": lambda context, c: setattr(context, "hostname_checks_common_name", False),
    "keylog": lambda context, c: setattr(context, "keylog_filename", str(c.folder / "keys")),
    "client certificate": lambda context, c: context.load_cert_chain(c.cert_file, c.key_file),
    "CA": lambda context, c: context.load_verify_locations(cadata=ANOTHER_CA),
    "the same CA": lambda context, c: context.load_verify_locations(c.ca_file),
    "ALPN": lambda context, c: context.set_alpn_protocols(["h2"]),
    "ciphers": lambda context, c: context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384"),
    "curve": lambda context, c: context.set_ecdh_curve("prime256v1"),
}
if hasattr(ssl.SSLContext, "set_psk_client_callback"):
    CHANGES["PSK"] = lambda context, c: context.set_psk_client_callback(lambda hint: (None, b"x"))


@pytest.mark.parametrize("change", CHANGES)
def test_a_context_changed_by_way_of_a_socket_is_given_up(certificates, trusted, change):
    """Also by connections that were made before."""
    with serving(*[ok(b"x")] * 3, tls=certificates.server()) as server:
        before = httpclient.HTTPSConnection("localhost", server.port, timeout=20)
        _, first = exchange(server.port)
        CHANGES[change](first, certificates)
        _, second = exchange(server.port)
        with contextlib.closing(before):
            before.connect()
            assert before.sock.context not in (first, second)
            assert before.sock.context.check_hostname
    assert second is not first and second.check_hostname


def test_a_certificate_loaded_by_way_of_a_socket_is_shown_by_no_other(certificates, trusted):
    tls = certificates.server(client_required=True)
    tls.verify_mode = ssl.CERT_OPTIONAL
    shown = []

    def handle(sock):
        shown.append(bool(sock.getpeercert()))

    with Server(handle, tls=tls) as server:
        first, second, third = (
            httpclient.HTTPSConnection("localhost", server.port, timeout=20) for _ in range(3))
        with contextlib.closing(first):
            first.connect()
            first.sock.context.load_cert_chain(certificates.cert_file, certificates.key_file)
        for later in second, third, first:
            with contextlib.closing(later):
                later.connect()
    assert shown == [False] * 4


def test_a_ca_that_is_found_in_a_folder_is_no_change(certificates, monkeypatch, tmp_path):
    """OpenSSL reads it into the context at the first handshake that needs it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command, which names files in a folder of CA certificates")
    name = subprocess.run([openssl, "x509", "-in", certificates.ca_file, "-noout", "-hash"],
                          capture_output=True, check=True, text=True).stdout.strip()
    shutil.copy(certificates.ca_file, tmp_path / f"{name}.0")
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with serving(*[ok(b"x")] * 3, tls=certificates.server()) as server:
        found = [exchange(server.port) for _ in range(3)]
    assert [resumed for resumed, _ in found] == [False, True, True]
    assert len({context for _, context in found}) == 1


def test_changed_environment_makes_a_new_shared_context(
        certificates, loaded, monkeypatch, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(ANOTHER_CA)

    def made():
        httpclient.HTTPSConnection("localhost")
        return len(loaded)

    assert [made(), made()] == [1, 1]
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert [made(), made()] == [2, 2]
    bundle.write_text(ANOTHER_CA + "\n")
    assert [made(), made()] == [3, 3]
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(map(str, folders)))
    assert [made(), made()] == [4, 4]
    (folders[1] / "01234567.0").write_text(ANOTHER_CA)
    os.utime(folders[1], ns=(1, 1))     # the clock of a file system may be coarse
    assert [made(), made()] == [5, 5]
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", lambda *args, **keywords: None)
    assert [made(), made()] == [6, 6]


def test_rebound_default_context_is_called_for_each_connection(certificates, loaded, monkeypatch):
    contexts = []
    monkeypatch.setattr(ssl, "_create_default_https_context",
                        lambda: contexts.append(certificates.client()) or contexts[-1])
    connections = [httpclient.HTTPSConnection("localhost") for _ in range(2)]
    assert [connection._context for connection in connections] == contexts and len(contexts) == 2


# What a program does before it imports httpclient -> what is to be true then.
BEFORE = {
    "another context": ('''
        own, made = ssl.create_default_context(), []
        ssl._create_default_https_context = lambda: made.append(1) or own
    ''', "len(made) == 3 and not tls._shared and 'load_cert_chain' not in vars(own)"),
    "wrapped": ('''
        made, real = [], ssl.create_default_context
        ssl._create_default_https_context = functools.wraps(real)(lambda: made.append(1) or real())
    ''', "len(made) == 3 and not tls._shared"),
    "unverified": ('''
        ssl._create_default_https_context = ssl._create_unverified_context
    ''', "not tls._shared and not connections[0]._context.check_hostname"),
    "wrap_socket": ('''
        real = ssl.SSLContext.wrap_socket
        ssl.SSLContext.wrap_socket = functools.wraps(real)(lambda *args, **kw: real(*args, **kw))
    ''', "not tls._is_plain(next(iter(tls._shared.values()))[1])"),
    "a socket class": ('''
        class SSLSocket(ssl.SSLSocket):
            pass
        ssl.SSLSocket = ssl.SSLContext.sslsocket_class = SSLSocket
    ''', "not tls._is_plain(next(iter(tls._shared.values()))[1])"),
    "one context": ('''
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ssl.SSLContext.__new__ = lambda *args, **keywords: own
    ''', "own in tls._unchanged and own.load_default_certs() is None "
         "and '_context' in vars(httpclient.HTTPSConnection('localhost')) "
         "and own not in tls._unchanged"),
    "nothing": ("pass",
                "tls._is_plain(next(iter(tls._shared.values()))[1]) and len(tls._shared) == 1"),
}


@pytest.mark.parametrize("before", BEFORE)
def test_function_replaced_before_import_is_not_taken_for_that_of_ssl(before):
    done, true = BEFORE[before]
    program = "\n".join([
        "import functools, ssl", textwrap.dedent(done), "import httpclient",
        "connections = [httpclient.HTTPSConnection('localhost') for _ in range(3)]",
        "from httpclient._request import tls", f"assert {true}"])
    subprocess.run([sys.executable, "-P", "-c", program], check=True, timeout=60)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_certificates_and_check_hostname_make_a_private_context(certificates, trusted):
    ours = [httpclient.HTTPSConnection("localhost", key_file=certificates.key_file,
                                       cert_file=certificates.cert_file),
            httpclient.HTTPSConnection("localhost", check_hostname=False)]
    assert len({id(connection.__dict__["_context"]) for connection in ours}) == 2
    assert httpclient.HTTPSConnection("localhost")._context.check_hostname
