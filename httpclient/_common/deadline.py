# SPDX-License-Identifier: MIT
"""Check a caller's deadline, and connect within one; see also _core/deadline.pyx.

A deadline is a real number of seconds of any type, also a Fraction or Decimal.  Infinity is no
limit.  A deadline of 0 or less has passed at once: a caller that computes the rest of its own time
budget expects a TimeoutError then.
"""
import math
import socket

_real_create_connection = socket.create_connection


def seconds_of(deadline):
    """Return a deadline in seconds as a float, which is infinite for no limit.

    Raises TypeError unless it is a real number (a bool is not), and ValueError for NaN.
    """
    kind = type(deadline)
    if kind is bool or not (hasattr(kind, "__float__") or hasattr(kind, "__index__")):
        raise TypeError(f"deadline should be a number of seconds or None, got {deadline!r}")
    try:
        seconds = float(deadline)
    except OverflowError:
        seconds = math.inf if deadline > 0 else -math.inf
    if math.isnan(seconds):
        raise ValueError(f"deadline should be a number of seconds, got {deadline!r}")
    return seconds


def checked_deadline(deadline):
    """Return a connection's deadline in seconds (float), or None for no limit."""
    if deadline is None or (seconds := seconds_of(deadline)) == math.inf:
        return None
    return seconds


def connect_in_time(due, create_connection, address, timeout, source_address):
    """Return a socket connected within the deadline `due`, with this timeout in seconds or None.

    It calls create_connection() for each address of a host name, because a single call would
    allow the whole time for each address.
    """
    if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:
        timeout = socket.getdefaulttimeout()
    addresses = [address]
    if create_connection is _real_create_connection:
        addresses = [_numeric(*sockaddr) for *_, sockaddr in
                     socket.getaddrinfo(*address, 0, socket.SOCK_STREAM)]
    for tried, one in enumerate(addresses, 1):
        try:
            sock = create_connection(one, due.shorten(timeout), source_address)
            break
        except OSError:
            due.left()
            if tried == len(addresses):
                raise
    sock.settimeout(timeout)
    return sock


def _numeric(host, port, flow=0, zone=0):
    """Return a socket address as create_connection() takes it; flow and zone are IPv6's."""
    return f"{host}%{zone}" if zone else host, port
