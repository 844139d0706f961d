# SPDX-License-Identifier: MIT
"""Pool: servers that reset, end and stall at every byte of a response.

Each leaves no connection in use, no descriptor, and a pool that gives right answers.
"""

import contextlib
import http.client
import ssl

import pytest

import httpclient
from support import faults, reads
from support.faults import CONTENT, WIRES, Faults, target
from support.pools import counts
from support.servers import PATIENCE, Server, ok

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

every_wire = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
ERRORS = http.client.HTTPException, OSError
PLANS = {"reset": faults.resets, "end": faults.ends, "cut": faults.cuts}


@contextlib.contextmanager
def served(plans, certificates, **options):
    """Yield a pool of one connection, and the URL of a server with these plans."""
    server_context = client_context = None
    if certificates is not None:
        server_context, client_context = certificates.server(), certificates.client()
    with Server(Faults(*plans), tls=server_context) as server, \
            httpclient.Pool(per_host=1, ssl_context=client_context,
                            **{"timeout": PATIENCE, **options}) as pool:
        yield pool, f"http{'s' * (certificates is not None)}://localhost:{server.port}"


@pytest.fixture(params=["plain", "TLS"])
def over(request):
    return request.getfixturevalue("certificates") if request.param == "TLS" else None


def outcome(pool, url, script, method="GET"):
    """Make one request; return its content, and the exception or None."""
    pieces = []
    try:
        pieces.extend(script(pool.request(method, url)))
    except ERRORS as error:
        assert isinstance(error, (http.client.HTTPException, ConnectionError, TimeoutError,
                                  ssl.SSLError)), error
        return b"".join(pieces), type(error)
    return b"".join(pieces), None


@pytest.mark.parametrize("script", ["read", "read(7)", "readline"])
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@every_wire
def test_fault_at_every_byte(wire, plan, script, over):
    with served([plan(wire[:at]) for at in range(len(wire))], over) as (pool, url):
        for at in range(len(wire)):
            content, error = outcome(pool, url + target(at), reads.SCRIPTS[script], "POST")
            assert b"how nice!".startswith(content) or content == b"!", (at, content)
            assert at or error
            assert counts(pool) == (0, 0), (at, error)
            assert pool.request("GET", f"{url}/good").read() == CONTENT


@pytest.mark.parametrize("option", ["timeout", "deadline"])
@every_wire
def test_stall(wire, option, over):
    points = [0, 5, 17, len(wire) // 2, len(wire) - 1]
    with served([faults.stalls(wire[:at]) for at in points], over) as (pool, url):
        assert pool.request("GET", f"{url}/good").read() == CONTENT
        with httpclient.Pool(per_host=1, ssl_context=pool._ssl_context,
                             **{option: 0.2}) as impatient:
            for number in range(len(points)):
                content, error = outcome(impatient, url + target(number), reads.read)
                assert issubclass(error, TimeoutError), (points[number], error)
                assert counts(impatient) == (0, 0)


def test_unasked_bytes_after_a_response(over):
    plans = [faults.ends(ok(b"one") + surplus)
             for surplus in (b"\0", b"\r\n", ok(b"forged"), b"x" * 100_000)]
    with served(plans, over) as (pool, url):
        for number in range(len(plans)):
            assert pool.request("GET", url + target(number)).read() == b"one"
            assert pool.request("GET", f"{url}/good").read() == CONTENT
