# SPDX-License-Identifier: MIT
"""httpx.Client on a transport, and URLs of the servers of the tests."""

import httpx

from support.httpx_tasks import AsyncProgram
from support.servers import PATIENCE


def client(transport, *, timeout=PATIENCE, **options):
    if issubclass(transport, httpx.AsyncBaseTransport):
        return AsyncProgram(transport, timeout=timeout, **options)
    # verify=False: to read certifi's authorities takes longer than the test.
    options.setdefault("verify", False)
    return httpx.Client(transport=transport(**options), timeout=timeout, trust_env=False)


def url_of(server, path="/", scheme="http", host="localhost"):
    return f"{scheme}://{host}:{server.port}{path}"
