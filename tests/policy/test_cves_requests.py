# SPDX-License-Identifier: MIT
"""Published weaknesses of HTTP/1 clients in sending that httpclient avoids: http.client's and those
of its peers.

What a caller passes on must not become other lines of a request.  Responses are in test_cves.py.
"""

import socket
import ssl

import pytest

import httpclient
from support.capture import over_fake


def sends(*args, **kwargs):
    return lambda conn: conn.request(*args, **kwargs)


def tunnels(host, headers=None):
    def call(conn):
        conn.set_tunnel(host, 443, headers)
        conn.request("GET", "/")
    return call


def to_host(host):
    return lambda conn: httpclient.HTTPConnection(host)


BREAKS = ["\r\nSmuggled: a", "\nSmuggled: a", "\rSmuggled: a", "\0"]
REQUESTS = {
    "CVE-2016-5699, CVE-2017-18587, CVE-2022-35948: http.client, hyper and undici let line ends "
    "into field values":
        lambda end: sends("GET", "/", headers={"A": f"b{end}"}),
    "CVE-2016-5699: http.client let line ends into field names":
        lambda end: sends("GET", "/", headers={f"A{end}": "b"}),
    "CVE-2019-9740, CVE-2019-11236, CVE-2019-9741: http.client, urllib3 and Go let line ends into "
    "queries":
        lambda end: sends("GET", f"/?a=b{end}"),
    "CVE-2019-9947, CVE-2020-11078, CVE-2014-8150, CVE-2025-67735: http.client, httplib2, curl and "
    "Netty let line ends into paths":
        lambda end: sends("GET", f"/a{end}"),
    "CVE-2019-18348, CVE-2017-6508: http.client and Wget let line ends into the host":
        lambda end: to_host(f"a{end}"),
    "CVE-2020-26116, CVE-2020-26137, CVE-2023-49082: http.client, urllib3 and aiohttp let line "
    "ends into methods":
        lambda end: sends(f"GET{end}", "/"),
    "CVE-2022-31150, CVE-2019-12387: undici and Twisted let line ends into methods and paths":
        lambda end: sends(f"GET / HTTP/1.1{end}", "/"),
    "CVE-2023-23936, CVE-2023-29406: undici and Go let line ends into the Host field":
        lambda end: sends("GET", "/", headers={"Host": f"a{end}"}),
    "CVE-2026-1502, CVE-2026-1467: http.client and libsoup let line ends into the tunnel's host":
        lambda end: tunnels(f"a{end}"),
    "CVE-2026-1502, CVE-2026-42578: http.client and Netty let line ends into the tunnel's "
    "field values":
        lambda end: tunnels("a.example", {"A": f"b{end}"}),
    "CVE-2026-1502: http.client let line ends into the tunnel's field names":
        lambda end: tunnels("a.example", {f"A{end}": "b"}),
}


@pytest.mark.parametrize("end", BREAKS, ids=repr)
@pytest.mark.parametrize("call", REQUESTS.values(), ids=REQUESTS)
def test_nothing_is_smuggled_into_a_request(call, end):
    outcome = over_fake(httpclient, call(end))
    assert isinstance(outcome.exception, (ValueError, httpclient.InvalidURL))
    assert outcome.wire == b""


# Letters whose low octets are CR and LF.
@pytest.mark.parametrize("call", [
    pytest.param(sends("GET", "/\u010d\u010a"), id="CVE-2018-12116: Node cut letters of a path"),
    pytest.param(sends("GET", "/", headers={"A": "b\u010d\u010aSmuggled: c"}),
                 id="CVE-2016-2216: Node cut letters of a field to octets"),
    pytest.param(tunnels("a.example", {"A": "b\u010d\u010aSmuggled: c"}),
                 id="CVE-2016-2216: the same in the tunnel's fields"),
])
def test_letters_are_not_cut_to_octets(call):
    outcome = over_fake(httpclient, call)
    assert isinstance(outcome.exception, UnicodeError)
    assert outcome.wire == b""


@pytest.mark.parametrize("call", [
    pytest.param(sends("GET", "/a b"), id="target"),
    pytest.param(sends("GET", "/a HTTP/1.1"), id="version in the target"),
    pytest.param(to_host("a b"), id="host"),
    pytest.param(tunnels("a b"), id="tunnel's host"),
])
def test_cve_2013_4547_space(call):
    """nginx did not refuse a bare SP in a target, after which other servers see the version."""
    outcome = over_fake(httpclient, call)
    assert isinstance(outcome.exception, (ValueError, httpclient.InvalidURL))
    assert outcome.wire == b""


# --- TLS -----------------------------------------------------------------------------------------

def test_cve_2015_5262_handshake_within_the_timeout():
    """Apache's HttpClient waited for ever for a server that did not answer in the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        conn = httpclient.HTTPSConnection(*server.getsockname(), timeout=0.1)
        with pytest.raises(TimeoutError):
            conn.request("GET", "/")
        conn.close()


def test_cve_2014_9365_certificates_are_verified():
    """http.client did not verify certificates unless it was asked to."""
    context = httpclient.HTTPSConnection("localhost")._context
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
