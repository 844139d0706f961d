# SPDX-License-Identifier: MIT
"""Requests without end: the memory of the process stays what it was after the first of them.

    python -m isolated.parsing SECONDS REQUESTS

Ends when the time is over or so many responses have been read, whichever is first; no server, but
the other end of a socket pair, and files in memory.  Good and refused ones, all lanes.
"""

import contextlib
import gc
import socket
import sys
import time

import httpclient
from support import arrive
from support.memory import resident
from support.servers import ok

ALLOWED = 1 << 20
WARM = 4000     # responses

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

# response -> its content; the connection goes on
GOOD = [
    (ok(b"hello", *(f"X-Field-{n}: value {n}" for n in range(20))), b"hello"),
    (ok(b"x" * 20_000), b"x" * 20_000),
    (CHUNKED + b"5\r\nhello\r\n2;a=b\r\n, \r\n5\r\nworld\r\n0\r\nT: u\r\n\r\n", b"hello, world"),
    (b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok(b"final"), b"final"),
    (ok(b"folded", "A: b\r\n c", "no colon"), b"folded"),
    (b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", b""),
]

# response -> exception; the connection ends
BAD = [
    (b"", httpclient.RemoteDisconnected),
    (b"garbage\r\n\r\n", httpclient.BadStatusLine),
    (b"HTTP/2.0 200 OK\r\n\r\n", httpclient.UnknownProtocol),
    (OK + b"A: b\0c\r\n\r\n", httpclient.BadHeaderLine),
    (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", httpclient.BadHeaderLine),
    (OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n", httpclient.UnknownTransferEncoding),
    (OK + b"A: b\r\n" * 200, httpclient.HTTPException),
    (OK + b"A: " + b"b" * 2000 + b"\r\n\r\n", httpclient.LineTooLong),
    (OK + b"Content-Length: 10\r\n\r\nhalf", httpclient.IncompleteRead),
    (CHUNKED + b"5\r\nhello\r\nx\r\n", httpclient.IncompleteRead),
    (CHUNKED + b"5\r\nhel", httpclient.IncompleteRead),
    (CHUNKED + b"5;" + b"e" * 5000, httpclient.LineTooLong),
    (CHUNKED + b"0\r\n" + b"T: u\r\n" * 200, httpclient.HTTPException),
]


def check(response, content):
    assert response.read() == content
    assert response.headers.get("A") in (None, "b", "b c")
    assert len(response.getheaders()) == len(response.msg)
    assert response.trailers.get("T") in (None, "u")
    assert [one.status for one in response.informational] in ([], [103])
    assert not response.incomplete


def kept(rounds):
    """Requests on one connection; how many."""
    connection = httpclient.HTTPConnection("in.memory")
    connection.sock, far = socket.socketpair()
    with contextlib.closing(connection), far:
        for _ in range(rounds):
            for wire, content in GOOD:
                connection.request("GET", "/path", headers={"Name": "value"})
                assert far.recv(10_000).startswith(b"GET /path")
                far.sendall(wire)
                check(connection.getresponse(), content)
    return rounds * len(GOOD)


def refused(way):
    """Each of BAD on a connection of its own; how many."""
    for wire, error in BAD:
        connection = httpclient.HTTPConnection("in.memory", max_response_line=1000)
        with way(wire) as arrival, contextlib.closing(connection):
            connection.sock = arrival.sock
            connection.request("GET", "/")
            arrival.deliver()
            try:
                response = connection.getresponse()
                response.read()
            except error:
                response = None
            else:
                raise AssertionError(f"no {error.__name__}: {wire[:60]}")
    return len(BAD)


def in_memory():
    """Each of GOOD out of a file, and fed; how many."""
    for wire, content in GOOD:
        for way in (arrive.buffered, arrive.fed):
            with way(wire) as arrival, arrival.response(httpclient) as response:
                response.begin()
                check(response, content)
    return 2 * len(GOOD)


def one_round():
    done = kept(60) + refused(arrive.pair) + refused(arrive.memory) + 5 * in_memory()
    # The fake sockets refer to themselves; without a GIL the collector lets 80,000 objects wait.
    gc.collect()
    return done


def main():
    end, most = time.monotonic() + float(sys.argv[1]), int(sys.argv[2])
    requests = 0
    while requests < WARM:
        requests += one_round()
    gc.collect()
    before, highest = resident(), 0
    while requests < most and time.monotonic() < end:
        requests += one_round()
        highest = max(highest, resident() - before)
    gc.collect()
    grown = resident() - before
    print(f"{requests} requests, {grown} bytes more at the end, {highest} at most")
    if grown >= ALLOWED:
        sys.exit("memory grows")


if __name__ == "__main__":
    main()
