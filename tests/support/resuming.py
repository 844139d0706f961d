# SPDX-License-Identifier: MIT
"""Fixtures for the tests of TLS sessions.

A test module names this one in `pytest_plugins`.
"""

import http.client
import os

import httpclient
import pytest

from support.https import VERSIONS, of_version
from support.installing import restored
from support.servers import ok, serving


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    made = pytest.importorskip("support.certificates")
    return made.Certificates(tmp_path_factory.mktemp("certificates"))


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


@pytest.fixture(params=["httpclient", "installed"])
def client(request, nothing_kept):
    """httpclient, and http.client under install()."""
    if request.param == "httpclient":
        yield httpclient
    else:
        with restored():
            httpclient.install()
            yield http.client


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
