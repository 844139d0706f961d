# SPDX-License-Identifier: MIT
"""An exception at any step of the Python code, as a signal handler may raise it.

It comes out of the iteration.  When the iteration goes on, each request comes back once, either
whole or with an error, and no descriptor is left at the end.
"""

import contextlib
import gzip
import io
import os
import socket

import pytest

from httpclient import Fetcher, Request
from support import inject
from support.proxy import Proxy
from support.servers import Replies, Server, ok

BODY = b"content" * 5000
PACKED = gzip.compress(BODY)
UPLOAD = b"upload" * 20_000      # more than goes out in one piece

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")


def reply(request):
    """The answer to a request: a packed one, that of an upload, or a small one."""
    if request.target == "/packed":
        return ok(PACKED, "Content-Encoding: gzip")
    return ok(request.body or b"small")


class Serving:
    """A handler; if `dies`, the first connection ends after one answer without saying so."""

    def __init__(self, dies):
        self.dies = dies

    def __call__(self, sock):
        count, self.dies = 1 if self.dies else 100, False
        # A request that was broken off has a body that ends in the middle.
        with contextlib.suppress(ValueError, AssertionError, OSError):
            Replies(*[reply] * count)(sock)


def found(server):
    """Return a resolver that knows one server."""
    return lambda host, port: [(socket.AF_INET, socket.SOCK_STREAM, 0, "", server)]


def plain():
    yield Request("GET", "http://a.example/")
    yield Request("GET", "http://b.example/small", sink=io.BytesIO())
    yield Request("POST", "http://a.example/", body=io.BytesIO(UPLOAD), context=UPLOAD)


def secure():
    yield Request("GET", "https://localhost/")
    yield Request("POST", "https://localhost/", body=iter([UPLOAD]), context=UPLOAD)


def decoded():
    yield Request("GET", "http://a.example/packed", context=BODY)
    yield Request("GET", "http://a.example/packed", context=BODY, sink=io.BytesIO())
    yield "http://a.example/"


def repeated():
    yield Request("PUT", "http://a.example/", body=io.BytesIO(UPLOAD), context=UPLOAD)
    yield Request("PUT", "http://a.example/", body=io.BytesIO(UPLOAD), context=UPLOAD)
    yield Request("PUT", "http://a.example/", body=io.BytesIO(UPLOAD), context=UPLOAD)


def run(injection, fetcher, requests):
    """Fetch requests with the injection; return the answers."""
    fetcher.fetch(requests)
    answers = []
    with contextlib.suppress(inject.Stop), injection:
        for answer in fetcher:
            answers.append(answer)      # noqa: PERF402
    for answer in fetcher:
        answers.append(answer)          # noqa: PERF402
    return answers


def check(answers, given, injection):
    assert len(answers) == len(given), injection.where
    assert {id(answer.given) for answer in answers} == {id(request) for request in given}
    for answer in answers:
        if answer.error is not None:
            assert isinstance(answer.error, inject.Stop), (injection.where, answer.error)
            continue
        expected = getattr(answer.given, "context", None) or b"small"
        content = answer.content if answer.sink is None else answer.sink.getvalue()
        assert content == expected, injection.where


SCENARIOS = {
    "plain": (plain, {}), "decoded": (decoded, {"decode": True}),
    "repeated": (repeated, {"per_host": 1}), "secure": (secure, {}), "tunnel": (secure, {}),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_request_comes_back_after_an_exception_at_any_step(name, certificates):
    requests, options = SCENARIOS[name]
    tls = certificates.server() if name in ("secure", "tunnel") else None
    for injection in inject.each_step(events=inject.SIGNALS):
        before = os.listdir("/proc/self/fd")
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(Server(Serving(name == "repeated"), tls=tls))
            if name == "tunnel":
                server = stack.enter_context(Server(Proxy(server.address)))
                options = {"proxy": f"http://127.0.0.1:{server.port}"}
            fetcher = stack.enter_context(Fetcher(
                ssl_context=certificates.client(), resolver=found(server.address), timeout=5,
                **options))
            given = []
            check(run(injection, fetcher, remembered(requests(), given)), given, injection)
        del fetcher, stack
        assert not inject.descriptors_beyond(before), injection.where


def remembered(requests, given):
    for request in requests:
        given.append(request)
        yield request
