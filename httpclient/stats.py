# SPDX-License-Identifier: MIT
"""What ``python -m httpclient --stats`` says at the end, and where its numbers come from.

Requests, responses and octets are counted as they happen, by httpclient's own classes too.  How
much CPU time was saved cannot be measured, as the program runs once: it is estimated from what
one small exchange costs with either module on this machine and interpreter.  That is measured
before the program begins, over a pair of sockets, and is not counted as the program's.
"""
import atexit
import contextlib
import http.client
import os
import socket
import sys
import time

from ._core.tally import tally
from .connection import HTTPConnection

_ROUNDS = 5
_EXCHANGES = 60     # in each round
_RESPONSE = b"".join([
    b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: calibration\r\n",
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 200\r\n",
    b"ETag: \"0123456789abcdef\"\r\nCache-Control: max-age=60, public\r\n",
    b"Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nVary: Accept-Encoding\r\n",
    b"Accept-Ranges: bytes\r\nX-Request-Id: 0123456789\r\nX-Cache: HIT\r\n",
    b"Connection: keep-alive\r\n\r\n", b"x" * 200])


def begin():
    """Measure, count from now on, and print the result at the end of the process."""
    theirs, ours = _measured()
    tally.requests = tally.responses = tally.octets = 0
    started = time.process_time()
    process = os.getpid()

    def report():
        seconds = time.process_time() - started
        # Not in a child that was forked; and None, where there is no stderr, is stdout for print().
        if os.getpid() == process and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):      # nobody reads it, it is closed
                sys.stderr.flush()
                try:
                    print(_text(seconds, theirs, ours), file=sys.stderr, flush=True)
                except OSError:
                    sys.stderr = None   # what is left in it would change the exit status

    atexit.register(report)


def _measured():
    """Seconds of CPU for one exchange, with http.client and with httpclient."""
    classes = http.client.HTTPConnection, HTTPConnection
    found = [[], []]
    for _ in range(_ROUNDS):
        for cls, times in zip(classes, found):
            times.append(_exchange(cls))
    return [min(times) for times in found]


def _exchange(cls):
    ours, server = socket.socketpair()
    connection = cls("localhost")
    spent = 0.0
    with server:
        connection.sock = ours
        for _ in range(_EXCHANGES):
            started = time.thread_time()
            connection.request("GET", "/", headers={"Accept": "*/*", "User-Agent": "calibration"})
            spent += time.thread_time() - started
            server.recv(65536)
            server.sendall(_RESPONSE)
            started = time.thread_time()
            response = connection.getresponse()
            response.getheader("Content-Type")
            response.read()
            spent += time.thread_time() - started
        connection.close()
    return spent / _EXCHANGES


def _text(seconds, theirs, ours):
    # In ASCII: standard error may have any encoding.
    done = (f"httpclient: {tally.requests} requests, {tally.responses} responses, {tally.octets} "
            f"bytes received, {seconds:.2f} s of CPU time in this process\n")
    if not tally.responses:
        return done + ("httpclient: nothing saved, as no response came over http.client; aiohttp, "
                       "httpx and pycurl, for instance, do not use it")
    saved = max(0.0, theirs - ours) * tally.responses
    return (
        f"{done}"
        f"httpclient: about {saved:.3f} s of CPU time saved, an estimate: {tally.responses} "
        f"responses, each {theirs * 1e6:.0f} us with http.client and {ours * 1e6:.0f} us with "
        f"httpclient\n"
        f"httpclient: as measured here for a small response, before the program began; bodies that "
        f"are large or in chunks save more, what is above http.client may save less, and what "
        f"httpclient's own start costs is not taken off")
