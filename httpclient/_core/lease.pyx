# SPDX-License-Identifier: MIT
"""Lease: the use of a pooled connection, from its request to the end of the response.

The Reader of a response holds the Lease, and ends it when the Reader lets go of the socket: at the
end of the message, when the response is closed, when nothing more can be read, or when the
response is garbage collected.  A Lease that nothing holds any more ends itself.  So none is lost,
wherever an exception is raised.  These classes are compiled because no signal handler runs between
two of their steps.

A connection does not refer to its response while it is leased.  Otherwise the two would form a
cycle, and a dropped response would keep its connection until the next garbage collection.

Threads.  Each step that moves a connection holds the critical section of its Origin, which
compiles to nothing in builds with a GIL.  There, a step must not run Python code in between; where
it creates an object, a garbage collection may end another Lease, so it looks again afterwards.
Connections are closed outside of the steps.  A connection or a place that becomes free goes to the
thread that has waited longest, and no other thread takes it before.
"""
cimport cython

from .connection_state cimport IDLE, RESPONSE, STATE, ConnectionState, state_in
from .deadline cimport clock
from .guards cimport attributes, get
from .poll cimport has_input
from .reader cimport Reader

import socket
import sys

cdef object real_socket = socket.socket
cdef str LEASE = "_hc_lease"        # where a response without a Reader holds its Lease
cdef Py_ssize_t MOST_KNOWN = 4096   # URLs,
cdef Py_ssize_t LONGEST = 1000      # of so many characters
cdef double SHORTEST = 0.01         # seconds between two sweeps


@cython.final
cdef class Origins:
    """The origins of a pool, each with its connections.

    :param per_host: the most connections of an origin (int).
    :param block: whether requests wait while so many are in use (bool).
    :param idle: the seconds to keep an unused connection (float).
    :param cold: has the functions has_unread_input(sock), close(connection) and drop(connection).
        The last one must not shut down the connection, which another process uses.
    """

    def __init__(self, Py_ssize_t per_host, bint block, double idle, cold):
        self.known = {}
        self._origins = {}
        self._per_host = per_host
        self._block = block
        self._idle = idle
        self._cold = cold
        self._sweep_at = clock() + max(idle / 4, SHORTEST)

    def origin(self, key):
        """Return the Origin of a key (any hashable object)."""
        cdef Origin made = Origin.__new__(Origin)

        made.key = key
        made._all = self
        made._keeps = self._per_host
        made._most = self._per_host if self._block else sys.maxsize
        made._idle = []
        made._waiters = []
        with cython.critical_section(self):
            return self._origins.setdefault(key, made)

    def remember(self, url, Origin origin not None, target):
        """Keep known[url] = (origin, target), unless the origin has just been forgotten."""
        with cython.critical_section(self, origin):
            if not origin._retired and len(url) <= LONGEST:
                if len(self.known) >= MOST_KNOWN:
                    self.known.clear()
                self.known[url] = origin, target

    def counts(self):
        """Return the numbers of connections in use and of idle ones (int, int)."""
        cdef Origin origin
        cdef Py_ssize_t in_use = 0, idle = 0

        with cython.critical_section(self):
            origins = list(self._origins.values())
        for origin in origins:
            with cython.critical_section(origin):
                in_use += origin._in_use
                idle += len(origin._idle)
        return in_use, idle

    cdef int sweep(self, double now) except -1:
        """Close connections that have been idle for too long, and forget unused origins."""
        cdef Origin origin

        with cython.critical_section(self):
            if now < self._sweep_at:
                return 0        # Another thread is doing it.
            self._sweep_at = now + max(self._idle / 4, SHORTEST)
            origins = list(self._origins.values())
        for origin in origins:
            while (connection := origin.next_expired(now)) is not None:
                self._cold.close(connection)
            with cython.critical_section(self, origin):
                if origin.is_unused():
                    # A thread may have got it from `known` just now: that one keeps nothing.
                    origin._retired = True
                    self._origins.pop(origin.key, None)
                    self.known.clear()
        return 0

    def close(self):
        """Close the idle connections, and the others after their use."""
        self.end_all(self._cold.close)

    def forget(self):
        """Free the descriptors in a process that has inherited them by fork()."""
        drop = self._cold.drop
        self._cold.close = drop
        self.end_all(drop)

    cdef int end_all(self, close) except -1:
        cdef Origin origin

        with cython.critical_section(self):
            origins, self._origins = list(self._origins.values()), {}
        for origin in origins:
            with cython.critical_section(origin):
                origin._retired = True
        with cython.critical_section(self):
            self.known.clear()      # After that, so that remember() cannot add one again.
        for origin in origins:
            while (connection := origin.next_idle()) is not None:
                close(connection)
        return 0


@cython.final
cdef class Origin:
    """The connections to one origin: those in use are in Leases."""

    def take(self):
        """Return a Lease of the connection that was used last, or of none yet.

        Returns None if the caller has to wait.
        """
        cdef Lease lease = Lease.__new__(Lease)
        cdef double now = clock()

        with cython.critical_section(self):
            if self._idle:
                lease._connection = self._idle.pop()
            elif self._waiters or self._in_use >= self._most:
                return None
            self._in_use += 1
            lease._origin = self
        # Afterwards, so that this origin is not one of the unused.
        if now >= self._all._sweep_at:
            self._all.sweep(now)
        if lease._connection is not None:
            self.settle(lease, now)
        return lease

    def wait(self, lock, double seconds):
        """Return a Lease as soon as there is one; None after `seconds`, which may be infinite.

        `lock` is a new lock.
        """
        cdef Waiter waiter = Waiter.__new__(Waiter)
        cdef Lease lease
        cdef Py_ssize_t at

        lock.acquire()
        waiter._lock = lock
        while True:
            lease = self.take()
            if lease is not None:
                return lease
            with cython.critical_section(self):
                if self._waiters or self._in_use >= self._most:
                    self._waiters.append(waiter)
                    break
        try:
            # -1 is no limit; the longest wait that every system accepts is some weeks.
            lock.acquire(True, -1 if seconds > 2_000_000 else max(seconds, 0.0))
        finally:
            with cython.critical_section(self):
                for at in range(len(self._waiters)):
                    if self._waiters[at] is waiter:
                        del self._waiters[at]
                        break
        lease, waiter._lease = waiter._lease, None
        if lease is not None:
            self.settle(lease, clock())
        return lease

    @property
    def waiters(self):
        """The number of threads that wait for a Lease (int)."""
        with cython.critical_section(self):
            return len(self._waiters)

    cdef int settle(self, Lease lease, double now) except -1:
        """Close the connection of a lease if it cannot be used, and look for another one."""
        while lease._connection is not None and not self.usable(lease._connection, now):
            connection, lease._connection = lease._connection, None
            self._all._cold.close(connection)
            lease._connection = self.next_idle()
        return 0

    cdef bint usable(self, object connection, double now) except -1:
        """Return True if a connection has not been idle for too long, and has no unread input."""
        cdef dict own = attributes(connection)
        cdef ConnectionState state = state_in(own)

        if now - state._idle_since >= self._all._idle:
            return False
        sock = get(own, "sock", None)
        if sock is None or (has_input(sock) if type(sock) is real_socket
                            else self._all._cold.has_unread_input(sock)):
            return False
        state._vouched = True
        return True

    cdef object next_idle(self):
        """Take the connection that was used last out of the idle ones; None if there are none."""
        with cython.critical_section(self):
            return self._idle.pop() if self._idle else None

    cdef object next_expired(self, double now):
        """Take a connection that has been idle for too long out of the idle ones, or None."""
        cdef ConnectionState state

        with cython.critical_section(self):
            if self._idle:
                state = state_in(attributes(self._idle[0]))
                if self._idle and now - state._idle_since >= self._all._idle:
                    return self._idle.pop(0)
        return None

    cdef bint is_unused(self) except -1:
        return not (self._idle or self._in_use or self._waiters)

    cdef int take_back(self, object connection, bint complete) except -1:
        """End the use of a connection, which can be used again if the message is `complete`."""
        cdef dict own
        cdef ConnectionState state

        if connection is not None and complete and not self._retired and self._all._idle > 0:
            own = attributes(connection)
            if get(own, "sock", None) is not None and get(own, STATE, None) == IDLE:
                state = state_in(own)
                state._idle_since = clock()
                return self.give(connection)
        try:
            if connection is not None:
                self._all._cold.close(connection)
        finally:
            self.give(None)
        return 0

    cdef int give(self, object connection) except -1:
        """Give a connection, or the place of one, to the first waiter, or keep it."""
        cdef Lease lease = None
        cdef Waiter waiter = None
        cdef bint kept = True

        with cython.critical_section(self):
            if self._waiters:
                lease = Lease.__new__(Lease)
            if lease is not None and self._waiters:
                waiter = <Waiter> self._waiters.pop(0)
                lease._origin = self
                lease._connection = connection
                waiter._lease = lease
            else:
                self._in_use -= 1
                if connection is not None:
                    kept = not self._retired and len(self._idle) < self._keeps
                    if kept:
                        self._idle.append(connection)
        if waiter is not None:
            waiter._lock.release()
        elif not kept:
            self._all._cold.close(connection)
        return 0


@cython.final
cdef class Lease:
    """The use of a connection.  As a context manager, it ends unless keep() was called."""

    # No @cython.freelist: an object that comes out of one is marked as finalized already, and
    # __del__() would not be called.

    @property
    def connection(self):
        return self._connection

    @connection.setter
    def connection(self, value):
        self._connection = value

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if not self._kept:
            self.end(False)

    def keep(self, response):
        """Let a response hold the lease up to its end; return the response."""
        cdef dict own = attributes(response)
        cdef Reader reader

        attributes(self._connection)[RESPONSE] = None
        if get(own, "status", None) == 101:
            self.last = True        # Another protocol follows (RFC 9110 15.2.2).
        fp = get(own, "fp", None)
        if isinstance(fp, Reader):
            reader = <Reader> fp
            with cython.critical_section(reader):
                if not reader.closed and reader._failure is None:
                    reader._lease = self
                    self._kept = True
            if not self._kept:
                self.end(False)     # Without a GIL, another thread may have closed it.
        elif fp is None:
            self.end(get(own, "will_close", None) is False)
        else:
            # It ends when the response is closed, see _close_conn(); the connection is not reused.
            self._kept = True
            own[LEASE] = self
        return response

    cpdef end(self, bint complete):
        """End the use of the connection; it can be used again if the message is `complete`."""
        cdef Origin origin

        with cython.critical_section(self):
            origin, self._origin = self._origin, None
            connection, self._connection = self._connection, None
        if origin is not None:
            origin.take_back(connection, complete and not self.last)

    def __del__(self):
        self.end(False)


@cython.final
cdef class Waiter:
    """A thread that waits for a Lease."""
