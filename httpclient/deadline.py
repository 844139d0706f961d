# SPDX-License-Identifier: MIT
"""Deadline: a point in time for a whole exchange, that no slow server outlasts.

A socket's timeout holds for each single receive, so a server that sends a byte
now and then keeps its client busy for ever.  A deadline shortens the timeout of
each call on the socket to what is left.

It is a real number of seconds of any type, Fraction and Decimal too.  Infinity is
no limit.  One that is 0 or negative has passed at once: who computes what is left
of a budget of his own wants a TimeoutError then.
"""
import math
import socket
import time

from ._core.sockets import interrupt

_real_create_connection = socket.create_connection

# A socket cannot wait longer (24.8 days): poll() takes milliseconds as an int.
_LONGEST = 2_147_483


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


class Deadline:
    """So many seconds from now, by the monotonic clock."""

    def __init__(self, seconds):
        self.seconds = seconds_of(seconds)
        self._end = time.monotonic() + self.seconds

    def left(self):
        """Seconds that are left; TimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the deadline of {self.seconds} s has passed")
        return left

    def shorten(self, timeout):
        """The seconds that a call with this timeout (None: no limit) may take."""
        left = self.left()
        if left == math.inf:
            return timeout
        left = min(left, _LONGEST)
        return left if timeout is None or timeout > left else timeout

    def connect(self, create_connection, address, timeout, source_address):
        """Call socket.create_connection(), once for each address that a host name has.

        By itself it would give that much time to each of them.
        """
        addresses = [address]
        if create_connection is _real_create_connection:
            addresses = [_numeric(*sockaddr) for *_, sockaddr in
                         socket.getaddrinfo(*address, 0, socket.SOCK_STREAM)]
        for tried, one in enumerate(addresses, 1):
            try:
                return create_connection(one, self.shorten(timeout), source_address)
            except OSError:
                self.left()
                if tried == len(addresses):
                    raise

    def call(self, sock, method, *args):
        """Call a blocking method of a socket; the socket is closed when the time is over."""
        timeout = sock.gettimeout()
        try:
            sock.settimeout(self.shorten(timeout))
            return method(*args)
        except TimeoutError:
            try:
                self.left()
            except TimeoutError:
                close_for_all(sock)
                raise
            raise
        finally:
            if sock.fileno() >= 0:
                sock.settimeout(timeout)


def _numeric(host, port, flow=0, zone=0):
    """What create_connection() takes, of a socket address; only IPv6 has a flow and a zone."""
    return f"{host}%{zone}" if zone else host, port


def close_for_all(sock):
    """Close a socket, though responses and files that read from it keep it open.

    Whoever reads from it now closes the descriptor: the next connection could get its number.
    """
    interrupt(sock)
    sock.close()
