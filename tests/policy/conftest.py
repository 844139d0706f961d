# SPDX-License-Identifier: MIT
"""Fixtures: the faults of support.faults over plain TCP and over TLS."""

import contextlib

import pytest

from support.faults import Faults
from support.servers import PATIENCE, Server


class Over:
    """How client and server talk: over plain TCP, or TLS with these contexts."""

    def __init__(self, server=None, client=None, ca_file=None):
        self.server_context = server
        self.client_context = client
        self.ca_file = ca_file

    def server(self, *plans):
        return Server(Faults(*plans), tls=self.server_context)

    def connection(self, module, server, timeout=PATIENCE, **options):
        """A connection that `with` closes."""
        if self.client_context is None:
            connection = module.HTTPConnection(*server.address, timeout=timeout, **options)
        else:
            connection = module.HTTPSConnection(
                *server.address, timeout=timeout, context=self.client_context, **options)
        return contextlib.closing(connection)


@pytest.fixture(scope="session")
def tls(certificates):
    return Over(certificates.server(), certificates.client(), certificates.ca_file)


@pytest.fixture(scope="session")
def plain():
    return Over()


@pytest.fixture(params=["plain", "TLS"])
def over(request):
    """One after the other; indirectly, by its name."""
    return request.getfixturevalue({"plain": "plain", "TLS": "tls"}[request.param])
