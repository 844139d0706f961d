# SPDX-License-Identifier: MIT
"""Fixtures for the tests of requests: a server, its addresses as they are tried, and a pool."""

import pytest

import httpclient
from support.dialing import Recorder
from support.servers import PATIENCE, ok, serving


@pytest.fixture
def attempts(monkeypatch):
    """A Recorder of the connections that the test attempts."""
    return Recorder(monkeypatch)


@pytest.fixture
def server():
    """A server that answers each request with "well"."""
    with serving(*[ok(b"well")] * 50) as server:
        yield server


@pytest.fixture
def pool():
    """A Pool with default limits; it is closed after the test."""
    with httpclient.Pool(timeout=PATIENCE) as pool:
        yield pool
