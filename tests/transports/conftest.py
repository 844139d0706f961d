# SPDX-License-Identifier: MIT
"""Fixtures: the transports of another client, its own and httpclient's."""

import pytest

from support.sessions import mounted


@pytest.fixture(params=["httpx", "httpclient", "httpx async", "httpclient async"])
def transport(request):
    """The class of the transport."""
    httpx = pytest.importorskip("httpx")
    library, _, kind = request.param.partition(" ")
    if library == "httpclient":
        import httpclient.transports.httpx as httpx
    return httpx.AsyncHTTPTransport if kind else httpx.HTTPTransport


@pytest.fixture(params=["httpx", "httpclient"])
def blocking_transport(request):
    """The class of the transport for httpx.Client."""
    httpx = pytest.importorskip("httpx")
    if request.param == "httpclient":
        import httpclient.transports.httpx as httpx
    return httpx.HTTPTransport


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
