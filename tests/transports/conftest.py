# SPDX-License-Identifier: MIT
"""Fixtures: the transports of another client, its own and httpclient's."""

import pytest


@pytest.fixture(params=["httpx", "httpclient"])
def transport(request):
    """The class of the transport."""
    httpx = pytest.importorskip("httpx")
    if request.param == "httpx":
        return httpx.HTTPTransport
    from httpclient.transports.httpx import HTTPTransport
    return HTTPTransport
