# SPDX-License-Identifier: MIT
"""The lines that ``python -m httpclient --stats`` prints at the end.

Requests, responses and bytes are counted as they happen, those of httpclient's own classes too.
CPU time saved cannot be measured, as the program runs once. It is estimated from one small
exchange, timed with either module on this machine and interpreter before the program begins, over
a pair of sockets. That exchange is not counted as the program's.
"""
import atexit
import contextlib
import http.client
import os
import socket
import sys
import time

from .._core.counters import tally
from .._request.connection import HTTPConnection

# Seconds of CPU. To import and install httpclient costs about half of it, which is not taken off,
# and the timing varies: whether less than this was saved at all, the estimate cannot tell.
LEAST_SAVED = 0.05

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
                    print(text(tally, seconds, theirs, ours), file=sys.stderr, flush=True)
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


def text(counted, seconds, theirs, ours):
    """Return the two lines: what was done and saved, and what the estimate leaves out.

    `seconds` is the CPU time of the process, `theirs` and `ours` that of one exchange in seconds.
    """
    # In ASCII: standard error may have any encoding.
    about = "about " if counted.requests and not _counts_are_exact() else ""
    done = (f"httpclient: {about}{_many(counted.requests, 'request')}, "
            f"{_many(counted.responses, 'response')}, {_size(counted.octets)} received; ")
    saved = (theirs - ours) * counted.responses
    if saved >= LEAST_SAVED:
        return (f"{done}about {_rounded(saved)} s of CPU time saved, {seconds:.2f} s used\n"
                f"httpclient: estimated from small exchanges: {theirs * 1e6:.0f} us each with "
                f"http.client, {ours * 1e6:.0f} us with httpclient; start-up is not included")
    if not counted.responses:
        why = "no response came over http.client, which aiohttp, httpx and pycurl do not use"
    elif theirs > ours:
        why = "too few responses for an estimate against http.client"
    else:
        why = (f"small exchanges are no faster here: {theirs * 1e6:.0f} us each with http.client, "
               f"{ours * 1e6:.0f} us with httpclient")
    return f"{done}{seconds:.2f} s of CPU time used\nhttpclient: {why}"


def _counts_are_exact():
    """Return True if no count can be lost: see tally.pyx."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _many(number, thing):
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _size(octets):
    for unit in "byte" if octets == 1 else "bytes", "kB", "MB", "GB":
        if round(octets) < 10_000 or unit == "GB":
            return f"{octets:.0f} {unit}"
        octets /= 1000


def _rounded(saved):
    """Return a number of seconds with two significant digits, as text."""
    return f"{float(f'{saved:.2g}'):g}"
