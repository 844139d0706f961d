# SPDX-License-Identifier: MIT
"""Deadline: the time by which a whole exchange has to end.

A socket's timeout applies to each call alone, so a server that sends a byte now and then keeps
its client busy for ever.  Before a call that could outlast the deadline, the descriptor is
polled until the deadline; then the call returns at once.  Setting a shorter timeout and restoring
it would cost two more system calls.  TLS and sockets that are not plain need that all the same: see
call_in_time() in socket_reader.pyx.
"""
import time

cimport cython
from cpython.exc cimport PyErr_CheckSignals

from .poll cimport ready_within

cdef extern from *:
    """
    #ifdef _WIN32
    static double httpclient_clock(void) { return -1.0; }
    #else
    #include <time.h>

    static double httpclient_clock(void)
    {
        struct timespec now;

        if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
            return -1.0;
        return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    }
    #endif
    """
    double httpclient_clock() noexcept      # seconds; -1: ask time.monotonic()

cdef object monotonic = time.monotonic
cdef double INFINITE = float("inf")
cdef double LONGEST = 2_147_483     # seconds (24.8 days): poll() takes milliseconds as an int


cdef double clock() except? -1:
    cdef double now = httpclient_clock()
    return now if now >= 0 else <double> monotonic()


@cython.final
cdef class Deadline:
    """The time that is `seconds` (float, infinite for no limit) from now."""

    def __init__(self, double seconds):
        self.seconds = seconds
        self._end = clock() + seconds

    cdef double seconds_left(self) except -1:
        cdef double left = self._end - clock()
        if left <= 0:
            raise TimeoutError(f"the deadline of {self.seconds} s has passed")
        return left

    def left(self):
        """Return the seconds left (float); raise TimeoutError if the deadline has passed."""
        return self.seconds_left()

    def shorten(self, timeout):
        """Return the timeout in seconds for a call that must end by then; None for no limit.

        That is `timeout` itself (seconds or None) unless the deadline comes first.  Raises
        TimeoutError if it has passed.
        """
        return shortened(self, timeout)


cdef object shortened(Deadline due, object timeout):
    """Return due.shorten(timeout)."""
    cdef double left = due.seconds_left()
    if left == INFINITE or (timeout is not None and <double> timeout <= left):
        return timeout
    return min(left, LONGEST)


cdef int wait_until(int fd, bint output, Deadline due) except -1:
    """Wait until a descriptor is ready for input or output; raise TimeoutError at the deadline."""
    while not ready_within(fd, output, min(due.seconds_left(), LONGEST)):
        PyErr_CheckSignals()
    return 0
