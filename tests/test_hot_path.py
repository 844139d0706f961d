# SPDX-License-Identifier: MIT
"""Over a real socket Python does the same, however many field lines and chunks there are."""

import email.parser
import sys

import httpclient
import pytest

from support.capture import tcp_pair


def calls_of(wire, monkeypatch):
    """Python functions called for one response, with its fields and content looked at."""
    def refuse(*args, **kwargs):
        raise AssertionError("the email package parses")

    monkeypatch.setattr(email.parser.Parser, "parse", refuse)
    monkeypatch.setattr(email.parser.Parser, "parsestr", refuse)
    ours, server = tcp_pair()
    calls = []
    with ours, server:
        connection = httpclient.HTTPConnection("a.example")
        connection.sock = ours
        connection.request("GET", "/")
        server.sendall(wire)
        sys.setprofile(lambda frame, event, arg: event == "call" and calls.append(frame.f_code))
        try:
            response = connection.getresponse()
            response.getheader("X-1")
            content = response.read()
            fields = response.getheaders()
            assert len(response.headers) == len(fields)
        finally:
            sys.setprofile(None)
    return len(calls), len(content), len(fields)


def with_fields(n):
    lines = b"".join(b"X-%d: value\r\n" % i for i in range(n))
    return b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\nok"


def with_chunks(n):
    return (b"HTTP/1.1 200 OK\r\nX-1: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + n * b"2;a=b\r\nok\r\n" + b"0\r\nT: u\r\n\r\n")


@pytest.mark.parametrize(("made", "few", "many"), [(with_fields, 3, 90), (with_chunks, 2, 700)])
def test_no_python_per_line_or_chunk(made, few, many, monkeypatch):
    calls_of(made(few), monkeypatch)    # what is only done the first time
    calls, *seen = calls_of(made(few), monkeypatch)
    more_calls, *more_seen = calls_of(made(many), monkeypatch)
    assert seen != more_seen
    assert more_calls == calls
    assert calls < 60
