# SPDX-License-Identifier: MIT
"""Fixtures for the tests of the shared context and of TLS sessions."""

import os

import pytest

from support.https import VERSIONS, of_version
from support.servers import ok, serving


@pytest.fixture
def trusted(certificates, monkeypatch):
    """Default contexts trust the tests' authority alone."""
    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca_file)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
def nothing_kept():
    """Ports come again: what is known of a server of another test must not count."""
    from httpclient._request import tls
    for store in tls._sessions, tls._refusing, tls._shared:
        store.clear()


@pytest.fixture
def client(nothing_kept, client):
    """httpclient, and http.client under install(), without a session that is kept."""
    return client


@pytest.fixture(params=VERSIONS)
def version(request):
    """The name of a version of TLS."""
    return request.param


@pytest.fixture
def server(certificates, version):
    """A server of one version of TLS that takes any number of connections."""
    context = of_version(certificates.server(), version)
    with serving(*[ok(b"x")] * 20, tls=context) as server:
        yield server
