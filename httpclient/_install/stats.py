# SPDX-License-Identifier: MIT
"""The two lines that ``python -m httpclient --stats`` prints at the end of a program.

Requests, responses and bytes are counted, also those of httpclient's own classes.  The CPU time
saved cannot be measured, because the program runs once.  It is estimated from one small exchange
over a pair of sockets, which is timed with either module before the program begins.  The counts
do not include that exchange.
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

# Seconds of CPU time. A smaller estimate may be wrong: the timing varies, and importing and
# installing httpclient, which costs about half of this, is not subtracted.
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
    standard, fast = _measured()
    tally.requests = tally.responses = tally.octets = 0
    started = time.process_time()
    process = os.getpid()

    def report():
        seconds = time.process_time() - started
        # A forked child prints nothing. With None for stderr, print() would write to stdout.
        if os.getpid() == process and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):      # a broken pipe, or a closed file
                sys.stderr.flush()
                try:
                    print(text(tally, seconds, standard, fast), file=sys.stderr, flush=True)
                except OSError:
                    sys.stderr = None   # Python would flush it at exit, fail, and exit with 120.

    atexit.register(report)


def _measured():
    """Return the CPU time of one exchange in seconds, with http.client and with httpclient."""
    classes = http.client.HTTPConnection, HTTPConnection
    found = [[], []]
    for _ in range(_ROUNDS):
        for cls, times in zip(classes, found):
            times.append(_exchange(cls))
    return [min(times) for times in found]


def _exchange(cls):
    client, server = socket.socketpair()
    connection = cls("localhost")
    spent = 0.0
    with server:
        connection.sock = client
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


def text(counted, seconds, standard, fast):
    """Return the two lines: the counts with the time saved, and the limits of the estimate.

    `seconds` is the CPU time of the process; `standard` and `fast` are the CPU times in seconds of
    one exchange with http.client and with httpclient.
    """
    # In ASCII, because standard error may have any encoding.
    about = "about " if counted.requests and not _counts_are_exact() else ""
    done = (f"httpclient: {about}{_many(counted.requests, 'request')}, "
            f"{_many(counted.responses, 'response')}, {_size(counted.octets)} received; ")
    saved = (standard - fast) * counted.responses
    if saved >= LEAST_SAVED:
        return (f"{done}about {_rounded(saved)} s of CPU time saved, {seconds:.2f} s used\n"
                f"httpclient: estimated from small exchanges: {standard * 1e6:.0f} us each with "
                f"http.client, {fast * 1e6:.0f} us with httpclient; start-up is not included")
    if not counted.responses:
        why = "no response came over http.client, which aiohttp, httpx and pycurl do not use"
    elif standard > fast:
        why = "too few responses for an estimate against http.client"
    else:
        why = (f"small exchanges are no faster here: {standard * 1e6:.0f} us each with "
               f"http.client, {fast * 1e6:.0f} us with httpclient")
    return f"{done}{seconds:.2f} s of CPU time used\nhttpclient: {why}"


def _counts_are_exact():
    """Return True if no count can be lost: see _core/counters.pyx."""
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
