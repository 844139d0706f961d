# SPDX-License-Identifier: MIT
"""What callers give as a deadline, and connecting within one; see _core/deadline.pyx.

It is a real number of seconds of any type, Fraction and Decimal too.  Infinity is
no limit.  A deadline of 0 or less has passed at once: a caller that computes what is
left of its own budget wants a TimeoutError then.
"""
import math
import socket

_real_create_connection = socket.create_connection


def seconds_of(deadline):
    """The seconds that a deadline is given as: a float, infinite where there is no limit.

    Raises TypeError for what is not a number, bool included, and ValueError for NaN.
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
    """The seconds of a connection's deadline, or None where there is no limit."""
    if deadline is None or (seconds := seconds_of(deadline)) == math.inf:
        return None
    return seconds


def connect_in_time(due, create_connection, address, timeout, source_address):
    """Call socket.create_connection() once for each address that a host name has.

    By itself it would give the whole time to each of them.  The socket has this timeout then.
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
    """What create_connection() takes, of a socket address; only IPv6 has a flow and a zone."""
    return f"{host}%{zone}" if zone else host, port
