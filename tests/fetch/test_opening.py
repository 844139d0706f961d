# SPDX-License-Identifier: MIT
"""How a Fetcher opens connections: resolvers, several addresses, proxies and TLS."""

import contextlib
import errno
import socket
import ssl
import threading
from collections import Counter

import pytest

from httpclient import Fetcher
from support.proxy import proxying
from support.servers import PATIENCE, Replies, Server, nobody, ok, serving


def fetch_one(url, **options):
    """Return the answer of a Fetcher with these options."""
    with Fetcher(**{"timeout": PATIENCE, **options}) as fetcher:
        fetcher.add(url)
        [answer] = fetcher
        return answer


def address(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return family, socket.SOCK_STREAM, 0, "", (host, port)


# ---- resolvers

@pytest.mark.parametrize(("ttl", "lookups"), [(60, 1), (0, 3)])
def test_addresses_are_kept_for_their_time(ttl, lookups):
    asked = Counter()
    with serving(*[ok(b"x")] * 3) as server:
        def resolver(host, port):
            asked[host, port] += 1
            return [address("127.0.0.1", server.port)]

        with Fetcher(resolver=resolver, dns_ttl=ttl, idle=0) as fetcher:
            for _ in range(3):
                fetcher.add("http://name.example/")
                assert [answer.content for answer in fetcher] == [b"x"]
    assert asked == {("name.example", 80): lookups}


def test_requests_share_a_lookup():
    asked = []
    with serving(*[ok(b"x")] * 8) as server:
        def resolver(host, port):
            asked.append(host)
            return [address("127.0.0.1", server.port)]

        with Fetcher(resolver=resolver) as fetcher:
            answers = list(fetcher.fetch(["http://name.example/"] * 8))
    assert [answer.content for answer in answers] == [b"x"] * 8 and len(asked) == 1


class Broken(Exception):
    """What a resolver raises."""


def raising(host, port):
    raise Broken(host)


def exiting(host, port):
    raise SystemExit


FOUND = {
    "raises": (raising, Broken),
    "raises SystemExit": (exiting, SystemExit),
    "finds nothing": (lambda host, port: [], socket.gaierror),
    "None": (lambda host, port: None, TypeError),
    "text": (lambda host, port: ["127.0.0.1"], TypeError),
    "no port": (lambda host, port: [(socket.AF_INET, 1, 0, "", ("127.0.0.1",))], TypeError),
    "bad port": (lambda host, port: [address("127.0.0.1", 70_000)], (OSError, OverflowError)),
    "bad family": (lambda host, port: [(9999, 1, 0, "", ("127.0.0.1", 80))], OSError),
}


@pytest.mark.parametrize("name", FOUND)
def test_resolver_that_fails(name):
    resolver, expected = FOUND[name]
    with serving(ok(b"x")) as server, Fetcher(resolver=resolver) as fetcher:
        fetcher.fetch(["http://a.example/", "http://b.example/"])
        answers = []
        with contextlib.suppress(SystemExit):
            answers.extend(fetcher)
        with contextlib.suppress(SystemExit):
            answers.extend(fetcher)
        answers.extend(fetcher)
        assert len(answers) == 2
        assert all(isinstance(answer.error, expected) for answer in answers), answers[0].error
        assert server.accepted == 0


def test_resolver_that_hangs_holds_up_nobody_else():
    goes_on = threading.Event()
    with serving(*[ok(b"x")] * 5) as server:
        def resolver(host, port):
            if host == "slow.example":
                goes_on.wait(PATIENCE)
            return [address("127.0.0.1", server.port)]

        with Fetcher(resolver=resolver, deadline=0.3) as fetcher:
            fetcher.fetch(["http://slow.example/"] + [f"http://h{n}.example/" for n in range(5)])
            answers = list(fetcher)
            assert [answer.content for answer in answers[:-1]] == [b"x"] * 5
            assert "looking up 'slow.example'" in str(answers[-1].error)
            assert isinstance(answers[-1].error, TimeoutError)
        goes_on.set()


# ---- several addresses

def full_listener():
    """A listener whose queue is full, so that connecting to it takes for ever; and its clients."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    clients = []
    for _ in range(3):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        clients.append(client)
    return listener, clients


@pytest.mark.parametrize("delay", [None, 0.05])
def test_refused_address_before_a_good_one(delay):
    unused, dead = nobody()
    with unused, serving(ok(b"x")) as server:
        answer = fetch_one("http://a.example/", happy_eyeballs_delay=delay, resolver=lambda *_: [
            address(*dead), address("::1", dead[1]), address("127.0.0.1", server.port)])
        assert answer.content == b"x"


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="needs Linux or a BSD")
def test_address_that_does_not_answer_before_a_good_one():
    listener, clients = full_listener()
    with contextlib.ExitStack() as stack:
        for sock in (listener, *clients):
            stack.enter_context(sock)
        server = stack.enter_context(serving(ok(b"x"), ok(b"x")))
        addresses = [address(*listener.getsockname()), address("127.0.0.1", server.port)]
        answer = fetch_one("http://a.example/", happy_eyeballs_delay=0.05,
                           resolver=lambda *_: addresses)
        assert answer.content == b"x"
        answer = fetch_one("http://a.example/", happy_eyeballs_delay=None, timeout=0.2,
                           resolver=lambda *_: addresses)
        assert isinstance(answer.error, TimeoutError) and "connecting to" in str(answer.error)


def test_error_names_all_addresses():
    unused, dead = nobody()
    with unused:
        answer = fetch_one("http://a.example/", resolver=lambda *_: [
            address(*dead), address("::1", dead[1])])
        assert f"127.0.0.1:{dead[1]}" in str(answer.error)
        assert f"[::1]:{dead[1]}" in str(answer.error)
        assert isinstance(answer.error, OSError)
        answer = fetch_one("http://a.example/", resolver=lambda *_: [address(*dead)])
        assert answer.error.errno == errno.ECONNREFUSED


# ---- proxies

def test_http_through_a_proxy_in_absolute_form():
    with serving(ok(b"x")) as proxy:
        answer = fetch_one("http://a.example:81/path?q", proxy=f"http://u:p@127.0.0.1:{proxy.port}")
        assert answer.content == b"x"
        [request] = proxy.handle.requests
        assert request.line == "GET http://a.example:81/path?q HTTP/1.1"
        assert request.field("Host") == "a.example:81"
        assert request.field("Proxy-Authorization") == "Basic dTpw"


def test_https_through_a_tunnel(certificates):
    with serving(ok(b"x"), ok(b"y"), tls=certificates.server()) as server, \
            proxying(server.address) as proxy, \
            Fetcher(proxy=f"http://u:p@127.0.0.1:{proxy.port}", per_host=1,
                    ssl_context=certificates.client()) as fetcher:
        answers = list(fetcher.fetch(["https://secure.example/"] * 2))
        assert [answer.content for answer in answers] == [b"x", b"y"]
        assert [answer.reused for answer in answers] == [False, True]
        [head] = proxy.handle.heads
        assert head.startswith(b"CONNECT secure.example:443 HTTP/1.1\r\n")
        assert b"\r\nProxy-Authorization: Basic dTpw\r\n" in head
        assert server.handle.requests[0].field("Proxy-Authorization") is None


TUNNELS = {
    "407": (b"HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", OSError, "407 No"),
    "surplus": (b"HTTP/1.1 200 OK\r\n\r\nsurplus", OSError, "7 bytes"),
    "nothing": (b"", ConnectionError, "without response"),
    "part of a head": (b"HTTP/1.1 200 OK\r\nX:", Exception, ""),
    "no HTTP": (b"\x15\x03\x01 200 ", Exception, ""),
}


@pytest.mark.parametrize("name", TUNNELS)
def test_tunnel_that_fails(name, certificates):
    reply, kind, text = TUNNELS[name]
    with Server(lambda sock: (sock.recv(4096), sock.sendall(reply))) as proxy:
        answer = fetch_one("https://secure.example/", proxy=f"http://127.0.0.1:{proxy.port}",
                           ssl_context=certificates.client())
        assert isinstance(answer.error, kind) and text in str(answer.error)
        assert answer.status is None and answer.content == b""


# ---- TLS

def test_wrong_host_name(certificates):
    with serving(tls=certificates.server("other.example")) as server:
        answer = fetch_one(f"https://localhost:{server.port}/", ssl_context=certificates.client())
        assert isinstance(answer.error, ssl.SSLCertVerificationError)
        assert server.handle.requests == []


def test_untrusted_certificate(certificates):
    with serving(tls=certificates.server()) as server:
        answer = fetch_one(f"https://localhost:{server.port}/")
        assert isinstance(answer.error, ssl.SSLCertVerificationError)


def test_plain_server_for_an_https_url(certificates):
    with Server(lambda sock: (sock.recv(10), sock.sendall(ok(b"x")))) as server:
        answer = fetch_one(f"https://localhost:{server.port}/", ssl_context=certificates.client())
        assert isinstance(answer.error, OSError) and answer.status is None


def test_tls_server_for_an_http_url(certificates):
    with Server(Replies(), tls=certificates.server()) as server:
        answer = fetch_one(f"http://localhost:{server.port}/")
        assert answer.error is not None


def test_handshake_that_stalls(certificates):
    end = threading.Event()
    with Server(lambda sock: end.wait(PATIENCE)) as server:
        answer = fetch_one(f"https://localhost:{server.port}/", timeout=0.2,
                           ssl_context=certificates.client())
        assert isinstance(answer.error, TimeoutError) and "TLS handshake" in str(answer.error)
        end.set()
