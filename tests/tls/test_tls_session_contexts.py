# SPDX-License-Identifier: MIT
"""TLS sessions and contexts: which contexts resume none, and how long one is kept.

COMPATIBILITY.md: HTTPS.
"""

import gc
import ssl
import time
import weakref
from types import SimpleNamespace

import pytest
from httpclient._request import tls

from support.https import exchange, resumptions


# ---- contexts of another make

class Subclass(ssl.SSLContext):
    pass


class Foreign:
    """Is compared by what it is, so it is nothing for a dict."""

    def __init__(self, context):
        self._context = context

    def __eq__(self, other):
        return True

    def wrap_socket(self, sock, server_hostname):
        return self._context.wrap_socket(sock, server_hostname=server_hostname)


class Socket(ssl.SSLSocket):
    pass


def replaced(certificates):
    context = certificates.client()
    wrap_socket = context.wrap_socket
    context.wrap_socket = lambda sock, server_hostname: wrap_socket(
        sock, server_hostname=server_hostname)
    return context


def with_a_socket_class(certificates):
    context = certificates.client()
    context.sslsocket_class = Socket
    return context


def subclass(certificates):
    context = Subclass(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificates.ca_file)
    return context


@pytest.mark.parametrize("make", [
    subclass, replaced, with_a_socket_class, lambda c: Foreign(c.client())],
    ids=["subclass", "wrap_socket replaced", "sslsocket_class", "foreign"])
@pytest.mark.parametrize("resume", [None, True])
def test_customized_context_does_not_resume(client, certificates, server, make, resume):
    """It may do something of its own in a handshake, such as verifying in another way."""
    options = {"context": make(certificates), "resume_sessions": resume}
    assert resumptions(client, server.port, 3, **options) == [False] * 3


def test_a_class_that_is_patched_does_not_resume(client, certificates, server, monkeypatch):
    wrap_socket = ssl.SSLContext.wrap_socket
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", lambda context, sock, server_hostname: (
        wrap_socket(context, sock, server_side=server_hostname is None,
                    server_hostname=server_hostname)))
    server.tls.wrap_socket = wrap_socket.__get__(server.tls)
    options = {"context": certificates.client(), "resume_sessions": True}
    assert resumptions(client, server.port, 3, **options) == [False] * 3


# ---- memory

def test_a_given_context_is_not_kept(client, certificates, server):
    context = certificates.client()
    for _ in range(3):
        exchange(client, server.port, context=context)
    gone = weakref.ref(context)
    del context
    gc.collect()
    assert gone() is None


def test_a_context_is_not_kept_beyond_its_session(
        client, certificates, trusted, server, monkeypatch):
    """It may hold a private key. Whenever a session is kept, those that are over are dropped."""
    context = certificates.client()
    exchange(client, server.port, context=context, resume_sessions=True)
    gone = weakref.ref(context)
    del context
    gc.collect()
    assert gone() is not None
    later = time.time() + 3601
    monkeypatch.setattr(tls, "time", SimpleNamespace(time=lambda: later))
    exchange(client, server.port)
    gc.collect()
    assert gone() is None and len(tls._sessions) == 1


def test_number_of_kept_sessions_is_bounded(client, certificates, server, monkeypatch):
    monkeypatch.setattr(tls, "_SESSIONS", 1)
    options = {"context": certificates.client(), "resume_sessions": True}
    exchange(client, server.port, **options)
    exchange(client, server.port, "127.0.0.1", **options)
    assert len(tls._sessions) == 1
    assert not exchange(client, server.port, **options).resumed
