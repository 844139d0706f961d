# SPDX-License-Identifier: MIT
"""Pool: the URLs of requests, and requests through proxies."""

import base64
import socket

import pytest

import httpclient
from httpclient._request.url import Proxy, authority, parts
from support.dialing import has_ipv6
from support.pools import counts
from support.proxy import proxying
from support.servers import PATIENCE, Replies, Server, echo, ok, serving

pytestmark = pytest.mark.usefixtures("no_descriptor_left")

# URL -> (scheme, host, port, request target)
URLS = {
    "http://a.example": ("http", "a.example", 80, "/"),
    "http://a.example/": ("http", "a.example", 80, "/"),
    "HTTPS://A.Example/B": ("https", "a.example", 443, "/B"),
    "http://a.example:80/": ("http", "a.example", 80, "/"),
    "http://a.example:/": ("http", "a.example", 80, "/"),
    "https://a.example:8443": ("https", "a.example", 8443, "/"),
    "http://a.example?b=c": ("http", "a.example", 80, "/?b=c"),
    "http://a.example/?": ("http", "a.example", 80, "/?"),
    "http://a.example/b?c/d?e": ("http", "a.example", 80, "/b?c/d?e"),
    "http://a.example/b#c?d": ("http", "a.example", 80, "/b"),
    "http://a.example#b": ("http", "a.example", 80, "/"),
    "http://a.example/b;c=d//e/../f": ("http", "a.example", 80, "/b;c=d//e/../f"),
    "http://a.example//b": ("http", "a.example", 80, "//b"),
    "http://a.example/%41@b:c": ("http", "a.example", 80, "/%41@b:c"),
    "http://a_b.example/": ("http", "a_b.example", 80, "/"),
    "http://127.0.0.1:8080/": ("http", "127.0.0.1", 8080, "/"),
    "http://[::1]/": ("http", "::1", 80, "/"),
    "http://[::FFFF:1.2.3.4]:81/": ("http", "::ffff:1.2.3.4", 81, "/"),
    "http://[fe80::1%eth0]/": ("http", "fe80::1%eth0", 80, "/"),
    "http://[FE80::1%25Eth0]/": ("http", "fe80::1%Eth0", 80, "/"),
    "http://a.example./": ("http", "a.example.", 80, "/"),
    "http://b\u00fccher.example/": ("http", "xn--bcher-kva.example", 80, "/"),
    "http://\u65e5\u672c.example/": ("http", "xn--wgv71a.example", 80, "/"),
}


@pytest.mark.parametrize("url", URLS)
def test_parts_of_a_url(url):
    assert parts(url) == URLS[url]


REFUSED = [
    "", "/", "a.example", "//a.example/", "http:", "http://", "http:///b", "http:/a.example/",
    "http:a.example", "ftp://a.example/", "file:///etc/passwd", "javascript://a.example/",
    "http://:80/", "http://a.example:b/", "http://a.example:65536/", "http://a.example:-1/",
    "http://[::1/", "http://::1/", "http://[v1.a]/", "http://[a.example]/", "http://[]/",
    " http://a.example/", "http://a.example/ ", "http://a.example/a b", "http://a.example/\r\nA: b",
    "http://a.exa\tmple/", "http://a.example\n/", "http://a.example/\x7f", "http://a.example/\0",
    "http://a\\b.example/", "http://a.example\\@b.example/", "http://a<b.example/",
    "http://a.example/\u20ac", "http://a.example/?\u20ac", "http://a.example\u2100b.example/",
    "http://\u2488.example/", f"http://{'a' * 64}\u00fc.example/", "http://a.example\u00a0/",
    "http://a..b/",
    "http://.a.example/", f"http://{'a' * 64}.example/", "http://a.example:80:80/",
    "http://a.example:\u0661/", "http://[fe80::1%et h]/", "http://[::1]b/", "http://[::1%25]/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_url_that_is_refused(url):
    with httpclient.Pool() as pool, pytest.raises(httpclient.InvalidURL):
        pool.request("GET", url)


@pytest.mark.parametrize("url", ["http://user@a.example/", "http://user:secret@a.example/",
                                 "http://@a.example/", "http://b.example:80@a.example/"])
def test_user_names_are_refused_and_not_shown(url):
    with httpclient.Pool() as pool, \
            pytest.raises(httpclient.InvalidURL, match="no user name") as caught:
        pool.request("GET", url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http:user:secret@a.example/", "http://u:secret@[::1/",
                                 "ftp://u:secret@a.example/"])
def test_user_names_in_other_bad_urls_are_not_shown(url):
    with httpclient.Pool() as pool, pytest.raises(httpclient.InvalidURL) as caught:
        pool.request("GET", url)
    assert "secret" not in str(caught.value)


def test_authority():
    assert authority("http", "a.example", 80) == "a.example"
    assert authority("https", "a.example", 80) == "a.example:80"
    assert authority("http", "::1", 8080) == "[::1]:8080"


def test_many_urls_of_one_origin_share_connections_and_bounded_memory():
    with serving(*[ok(b"")] * 9000) as server, httpclient.Pool(timeout=PATIENCE) as pool:
        for number in range(9000):
            pool.request("HEAD", f"http://{server.host}:{server.port}/{number}#{number}").close()
        assert server.accepted == 1 and len(pool._known) < 5000
        assert server.handle.requests[8999].target == "/8999"


@pytest.mark.skipif(not has_ipv6(), reason="needs IPv6 on the loopback")
def test_ipv6():
    with Server(Replies(echo), family=socket.AF_INET6) as server, \
            httpclient.Pool(timeout=PATIENCE) as pool:
        pool.request("GET", f"http://[::1]:{server.port}/").read()
        assert server.handle.requests[0].field("Host") == f"[::1]:{server.port}"


# --- proxies -------------------------------------------------------------------------------------

CREDENTIALS = {
    "": None,
    "user:password@": b"user:password",
    "user@": b"user:",
    "user:@": b"user:",
    ":password@": b":password",
    "us%40er:p%3Aw%2F%c3%a9@": b"us@er:p:w/\xc3\xa9",
    "user:a@b@": b"user:a@b",
}


@pytest.mark.parametrize("given", CREDENTIALS)
def test_credentials_of_a_proxy(given):
    fields = Proxy(f"http://{given}proxy.example:3128").fields
    if CREDENTIALS[given] is None:
        assert fields == {}
    else:
        kind, value = fields["Proxy-Authorization"].split(" ")
        assert (kind, base64.b64decode(value)) == ("Basic", CREDENTIALS[given])


@pytest.mark.parametrize("url", [
    "proxy.example:3128", "http://", "http://proxy.example:3128/path", "http://proxy.example/?a",
    "https://proxy.example:3128", "socks5://proxy.example:1080", "http://proxy.example:x",
    "http://pro xy.example", "http://u:secret@proxy.example/path", "https://u:secret@p.example",
    "ftp://u:secret@p.example", "http://u:secret@p.example:x",
])
def test_bad_proxy(url):
    with pytest.raises((httpclient.InvalidURL, ValueError)) as caught:
        httpclient.Pool(proxy=url)
    assert "secret" not in str(caught.value)


def test_proxy_of_another_type():
    with pytest.raises(TypeError):
        httpclient.Pool(proxy=b"http://proxy.example")


def test_http_goes_to_the_proxy_in_absolute_form():
    with serving(*[echo] * 4) as server:
        proxy = f"http://user:password@{server.host}:{server.port}"
        with httpclient.Pool(proxy=proxy, timeout=PATIENCE) as pool:
            for url in ("http://A.example/b?c#d", "http://[::1]:81"):
                pool.request("POST", url, b"body", {"X": "y"}).read()
            pool.request("GET", "http://a.example/", None, {"proxy-authorization": "own"}).read()
            pool.request("GET", "http://a.example/").read()
        assert server.accepted == 1
        first, second, third, fourth = server.handle.requests
        assert (first.target, first.field("Host")) == ("http://a.example/b?c", "a.example")
        assert (second.target, second.field("Host")) == ("http://[::1]:81/", "[::1]:81")
        assert first.field("X") == "y" and first.body == b"body"
        basic = "Basic " + base64.b64encode(b"user:password").decode()
        assert {each.field("Proxy-Authorization") for each in (first, second, fourth)} == {basic}
        assert [value for name, value in third.fields
                if name.lower() == "proxy-authorization"] == ["own"]


def test_https_goes_through_a_tunnel(certificates):
    with serving(*[echo] * 4, tls=certificates.server()) as server, \
            proxying(server.address) as proxy, \
            httpclient.Pool(proxy=f"http://user:password@{proxy.host}:{proxy.port}",
                            ssl_context=certificates.client(), timeout=PATIENCE) as pool:
        for _ in range(2):
            response = pool.request("GET", f"https://localhost:{server.port}/b")
            assert response.getheader("X-Target") == "/b"
            response.read()
        [head] = proxy.handle.heads
        assert head.startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % server.port)
        assert b"\r\nProxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n" in head
        for request in server.handle.requests:
            assert request.field("Proxy-Authorization") is None


def test_proxy_that_refuses_a_tunnel():
    with proxying(None, reply=b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as proxy, \
            httpclient.Pool(proxy=f"http://{proxy.host}:{proxy.port}", timeout=PATIENCE) as pool:
        with pytest.raises(OSError, match="407"):
            pool.request("GET", "https://localhost/")
        assert counts(pool) == (0, 0)
