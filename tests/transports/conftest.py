# SPDX-License-Identifier: MIT
"""Fixtures: the transports of another client, its own and httpclient's."""

import pytest

from support.sessions import mounted


@pytest.fixture(params=["httpx", "httpclient"])
def transport(request):
    """The class of the transport."""
    httpx = pytest.importorskip("httpx")
    if request.param == "httpx":
        return httpx.HTTPTransport
    from httpclient.transports.httpx import HTTPTransport
    return HTTPTransport


@pytest.fixture(params=["requests", "httpclient"])
def adapter(request):
    """The class of requests' own adapter, and that of httpclient's."""
    library = pytest.importorskip("requests.adapters")
    if request.param == "requests":
        return library.HTTPAdapter
    from httpclient.transports.requests import HTTPAdapter
    return HTTPAdapter


@pytest.fixture
def session(adapter):
    """A session with the adapter, which takes nothing from the environment."""
    with mounted(adapter()) as session:
        yield session
