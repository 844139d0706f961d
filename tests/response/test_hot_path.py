# SPDX-License-Identifier: MIT
"""Over a real socket Python does the same, however many field lines and chunks there are."""

import email.parser
import gc
import sys

import httpclient
import pytest

from support.capture import tcp_pair


@pytest.fixture(autouse=True)
def no_collection():
    """hypothesis has a callback for the collector, which would be counted."""
    gc.disable()
    yield
    gc.enable()


def calls_of(wire, monkeypatch, **keywords):
    """Python functions called for an exchange, with its fields and content looked at."""
    def refuse(*args, **kwargs):
        raise AssertionError("the email package parses")

    monkeypatch.setattr(email.parser.Parser, "parse", refuse)
    monkeypatch.setattr(email.parser.Parser, "parsestr", refuse)
    ours, server = tcp_pair()
    calls = []
    with ours, server:
        connection = httpclient.HTTPConnection("a.example", **keywords)
        connection.sock = ours
        server.sendall(wire)
        sys.setprofile(lambda frame, event, arg: event == "call" and calls.append(frame.f_code))
        try:
            connection.request("GET", "/")
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


@pytest.mark.parametrize("timeout", [None, 10])
@pytest.mark.parametrize("deadline", [5, 0.5, 60])
def test_a_deadline_calls_no_more_python(deadline, timeout, monkeypatch):
    wire = with_fields(3)
    calls_of(wire, monkeypatch, deadline=deadline)
    without = calls_of(wire, monkeypatch, timeout=timeout)
    assert calls_of(wire, monkeypatch, timeout=timeout, deadline=deadline) == without


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" + 40 * b"nine ten.\n"
CHUNKS = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          + 50 * b"8\r\n1234567\n\r\n" + b"0\r\n\r\n")
LINES_OVER_CHUNKS = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     + 100 * b"3\r\nxyz\r\n1\r\n\n\r\n" + b"0\r\n\r\n")
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n" + 40 * b"nine ten.\n"
PIECES = {
    "read": lambda response: response.read(4),
    "readinto": lambda response: response.readinto(bytearray(4)),
    "readinto a view": lambda response: response.readinto(memoryview(bytearray(8)).cast("I")),
    "read1": lambda response: response.read1(4),
    "peek": lambda response: response.peek(),
    "readline": lambda response: response.readline(),
    "readline, limited": lambda response: response.readline(2),
    "iteration": lambda response: next(response),
}


@pytest.mark.parametrize("wire", [WHOLE, CHUNKS, LINES_OVER_CHUNKS, UNTIL_CLOSE])
@pytest.mark.parametrize("piece", PIECES)
def test_one_call_for_a_piece_that_has_arrived(piece, wire):
    take = PIECES[piece]
    ours, server = tcp_pair()
    calls = []
    with ours, server:
        connection = httpclient.HTTPConnection("a.example")
        connection.sock = ours
        connection.request("GET", "/")
        server.sendall(wire)
        if wire is UNTIL_CLOSE:
            server.close()
        with connection.getresponse() as response:
            response.peek()
            take(response)      # what is only done the first time
            sys.setprofile(lambda frame, event, arg: (
                event == "call" and frame.f_code.co_name != "__del__" and calls.append(frame)))
            try:
                for _ in range(5):
                    take(response)
            finally:
                sys.setprofile(None)
    assert len(calls) == 10, [frame.f_code.co_qualname for frame in calls]   # with the lambda
