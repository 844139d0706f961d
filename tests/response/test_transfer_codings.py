# SPDX-License-Identifier: MIT
"""Transfer-Encoding beside Content-Length, from a server that keeps the connection open.

Nothing may wait for the end of a connection that does not end.  What comes of the codings where
the server does close it is in test_hostile_bytes.py.
"""

import http.client

import httpclient
import pytest

from support import arrive
from support.servers import PATIENCE, serving

# coding -> whether httpclient goes on with the connection; http.client always does
CODINGS = {"identity": True, "Identity, identity": True, "": False, "gzip": False,
           "binary": False, "utf-8": False, "chunked, gzip": False, "chunked, identity": False}


def reply(coding, version="HTTP/1.1", *fields):
    lines = [f"{version} 200 OK", f"Transfer-Encoding: {coding}", "Content-Length: 2", *fields]
    return "\r\n".join([*lines, "", "ok"]).encode()


def two_exchanges(module, replied, **options):
    """The contents of two responses on one connection object, and how many sockets it took."""
    with serving(replied, replied) as server:
        connection = module.HTTPConnection(*server.address, timeout=PATIENCE, **options)
        contents = []
        for _ in range(2):
            connection.request("GET", "/")
            response = connection.getresponse()
            assert (response.length, response.chunked) == (2, False)
            contents.append(response.read())
        connection.close()
        return contents, server.accepted


@pytest.mark.parametrize("coding", CODINGS)
def test_content_length_ends_the_content(module, coding):
    standard = module is http.client and not httpclient.installed()
    contents, sockets = two_exchanges(module, reply(coding))
    assert contents == [b"ok", b"ok"]
    assert sockets == (1 if standard or CODINGS[coding] else 2)


@pytest.mark.parametrize("coding", CODINGS)
def test_http_1_0_has_no_transfer_codings(module, coding):
    """RFC 9112 6.1: with one, the connection ends after the message, `identity` too."""
    contents, sockets = two_exchanges(
        module, reply(coding, "HTTP/1.0", "Connection: keep-alive"))
    assert contents == [b"ok", b"ok"]
    assert sockets == (1 if module is http.client and not httpclient.installed() else 2)


@pytest.mark.parametrize("coding", CODINGS)
def test_strict_refuses_both_fields(coding):
    """At once: nothing of the content is waited for."""
    with serving(reply(coding)[:-2]) as server:
        connection = httpclient.HTTPConnection(*server.address, timeout=PATIENCE, strict=True)
        connection.request("GET", "/")
        with pytest.raises((httpclient.BadHeaderLine, httpclient.UnknownTransferEncoding)):
            connection.getresponse()
        assert connection.sock.fileno() == -1


@pytest.mark.parametrize("read", [
    lambda response: response.read(10), lambda response: response.read1(),
    lambda response: response.readline(), lambda response: b"".join(response),
    lambda response: response.peek()[:2]], ids=["read(n)", "read1", "readline", "iter", "peek"])
def test_no_read_waits_for_more(module, read):
    with serving(reply("gzip")) as server:
        connection = module.HTTPConnection(*server.address, timeout=PATIENCE)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert read(response) == b"ok"
        response.close()
        connection.close()


@pytest.mark.parametrize("coding", CODINGS)
def test_parser_is_complete_without_the_end_of_the_stream(coding):
    parser = httpclient.ResponseParser("GET")
    assert parser.feed(reply(coding) + b"more") == b"ok"
    assert parser.complete and parser.surplus == b"more"
    parser = httpclient.ResponseParser("GET")
    assert b"".join(parser.feed(bytes([octet])) for octet in reply(coding)) == b"ok"
    assert parser.complete and parser.will_close is not CODINGS[coding]


def test_steps_agree_with_the_fast_lane():
    """A response that is read by single steps comes to the same."""
    class BySteps(httpclient.HTTPResponse):
        def _read_status(self):
            return super()._read_status()

    for coding, goes_on in CODINGS.items():
        with arrive.pair(reply(coding)) as arrival:
            arrival.deliver()
            response = BySteps(arrival.sock, method="GET")
            response.begin()
            assert (response.read(), response.will_close) == (b"ok", not goes_on)
