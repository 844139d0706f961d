# SPDX-License-Identifier: MIT
"""Link: a connection of a Fetcher up to its first request, and its end.

It goes through these states; each step calls methods of its non-blocking socket:

    RESOLVING -> CONNECTING -> [TUNNELLING] -> [SECURING] -> BUSY <-> IDLE -> CLOSED

What happens once in a connection (addresses, attempts to connect, the TLS handshake) is in Python,
in _fetch/opening.py.
"""
from .hosts cimport Host, Timed
from .job cimport CONNECTED, RESOLVED, SECURED, TO_CONNECT, TO_RECEIVE, TO_SEND, Job
from .response_feed cimport ResponseFeed


cdef double INFINITE = float("inf")


cdef class Link(Timed):
    """A connection; Transfer adds what sends requests and receives answers."""

    # ---- opening

    cdef int open(self, Job job, bint resumes) except -1:
        """Begin to open the connection for a Job; `resumes` allows a TLS session."""
        self._state = RESOLVING
        self._host = self._loop.known_again(self._host)
        self._host._open += 1
        self._loop.open += 1
        self._loop._transfers[self] = None
        self._job = job
        job._transfer = self
        self._resumes = resumes
        self.progress()
        self.arm()
        return self.resolve(None)

    def resolved(self, found):
        """Go on with what has been found for the name of the host."""
        if self._state == RESOLVING:
            self.resolve(found)

    cdef int resolve(self, object found) except -1:
        """Begin to connect; `found` is None if it is not known that the host has been looked up."""
        try:
            if found is None:
                race = self._loop._cold.race(self, self._host.key)
            else:
                race = self._loop._cold.attempts(self, self._host.key, found)
            if race is None:
                return 0        # resolved() will be called.
            self._race = race
            self._state = CONNECTING
            self._job._moments[RESOLVED] = self._loop._now
            self.progress()
            self.race_on()
        except BaseException as error:
            self.abandon(error)
            if not isinstance(error, Exception):
                raise
        return 0

    def watch_connecting(self, int fd):
        """Look for the end of an attempt to connect."""
        self._loop.watch(fd, True, self)

    def unwatch_connecting(self, int fd):
        """Look for it no longer."""
        self._loop.unwatch(fd)

    cdef int race_on(self) except -1:
        """Begin the attempts to connect that are due."""
        sock = self._race.go_on()
        if sock is not None:
            return self.connected(sock)
        self._next_attempt = self._loop.time() + <double> self._race.seconds_to_next()
        return self.arm()

    cdef int connected(self, object sock) except -1:
        """Go on with the socket that has connected."""
        self._sock = sock
        self._fd = sock.fileno()
        race, self._race = self._race, None
        race.close()
        self._job._moments[CONNECTED] = self._loop._now
        if self._fd in self._loop._by_descriptor:
            self._loop.watch_for(self._fd, False)
        else:
            self._loop.watch(self._fd, False, self)
        self._output = False
        self.progress()
        self._secure = self._host.key[0] == "https"
        if self._secure and (head := self._loop._cold.tunnel_head(self._host.key)) is not None:
            self._state = TUNNELLING
            self.use_socket()
            self._out = head
            return self.send_on()
        if self._secure:
            return self.secure()
        self.use_socket()
        return self.start(self._job)

    cdef int use_socket(self) except -1:
        self._send = self._sock.send
        self._recv_into = self._sock.recv_into
        return 0

    cdef int secure(self) except -1:
        """Begin the TLS handshake."""
        self._state = SECURING
        self._handshake = self._loop._cold.handshake(self._sock, self._host.key, self._resumes)
        self._sock = self._handshake.sock
        return self.handshake_on()

    cdef int handshake_on(self) except -1:
        """Go on with the TLS handshake."""
        wanted = self._handshake.step()
        if wanted == "again":
            # A session was refused: the same on a new connection, without one.
            self.close()
            return self.open(self._job, False)
        if wanted is not None:
            return self.look_for(wanted == "output")
        self._handshake = None
        self._job._moments[SECURED] = self._loop._now
        self.look_for(False)
        self.use_socket()
        return self.start(self._job)

    cdef int take_tunnel(self, ResponseFeed feed, bytes content) except -1:
        """Look at the proxy's response to CONNECT; go on with TLS if it agrees."""
        if feed._status == 0:
            return 0
        surplus = len(content) + len(feed._surplus)
        if feed._status != 200:
            raise OSError(f"Tunnel connection failed: {feed._status} {feed._reason.strip()}")
        if surplus:
            raise OSError(f"Tunnel connection failed: the proxy sent {surplus} bytes after its "
                          "response")
        self._job._feed = None
        self._gave_octets = False
        return self.secure()

    # ---- what Transfer does

    cdef int start(self, Job job) except -1:
        """Begin a request on the open connection."""
        raise NotImplementedError

    cdef bint is_sending(self) noexcept:
        """Return True while there is more to send."""
        return False

    cdef int send_on(self) except -1:
        """Send as much as the socket takes."""
        raise NotImplementedError

    cdef int abandon(self, object error) except -1:
        """End the request with an error, or let it be repeated; close the connection."""
        raise NotImplementedError

    # ---- waits

    cdef int progress(self) except -1:
        """Begin a wait anew: something has happened."""
        cdef double patience

        if self._state != BUSY:
            patience = self._job._patience[TO_CONNECT]
        elif self.is_sending():
            patience = INFINITE if self._hungry else self._job._patience[TO_SEND]
        else:
            patience = INFINITE if self._paused else self._job._patience[TO_RECEIVE]
        self._limit = self._loop._now + patience
        # With waits of several lengths, this one may end before the timer.
        return self.arm() if self._limit < self._alarm else 0

    cdef int arm(self) except -1:
        """See to it that wake() is called in time."""
        cdef double when = self._limit

        if self._job is not None and self._job._due < when:
            when = self._job._due
        if self._state == CONNECTING and self._next_attempt < when:
            when = self._next_attempt
        return self._loop.set_timer(self, when)

    cdef int wake(self, double now) except -1:
        if self._state == CLOSED:
            return 0
        if self._state == IDLE:
            return self.close() if now >= self._limit else self.arm()
        if now >= self._job._due:
            return self.abandon(TimeoutError(
                f"the deadline of {self._job._seconds:g} s has passed{self.place()}"))
        if now >= self._limit:
            return self.abandon(TimeoutError(f"timed out{self.place()}"))
        if self._state == CONNECTING and now >= self._next_attempt:
            try:
                return self.race_on()
            except BaseException as error:
                self.abandon(error)
                if not isinstance(error, Exception):
                    raise
                return 0
        return self.arm()

    cdef str place(self):
        """Return what the connection is doing, for the text of an error."""
        if self._state == RESOLVING:
            return f" looking up {self._host.key[1]!r}"
        if self._state == CONNECTING:
            return f" connecting to {self._race.progress()}"
        if self._state == SECURING:
            return " in the TLS handshake"
        if self._state == TUNNELLING:
            return " waiting for the proxy"
        if self._out is not None:
            return " sending the request"
        return " receiving the response" if self._gave_octets else " waiting for the response"

    cdef int look_for(self, bint output) except -1:
        """Look for output beside input, or no longer."""
        if output != self._output:
            self._output = output
            if not self._paused:
                self._loop.watch_for(self._fd, output)
            else:
                self.look_while_paused()
        return 0

    cdef int look_while_paused(self) except -1:
        """Look for output alone, or for nothing."""
        # Even without any event to look for, a poller tells of errors, again and again.
        if self._output:
            self._loop.watch_output(self._fd, self)
        else:
            self._loop.unwatch(self._fd)
        return 0

    # ---- the end

    cdef int close(self) except -1:
        """Close the connection; its request has been dealt with."""
        cdef Host host = self._host

        if self._state == CLOSED:
            return 0
        if self._state == IDLE:
            host._idle.remove(self)
            del self._loop._idle[self]
        self._state = CLOSED
        host._open -= 1
        self._loop.open -= 1
        self._loop._transfers.pop(self, None)
        self._loop.drop_timer(self)
        self._loop.list_host(host)
        race, self._race = self._race, None
        sock, self._sock = self._sock, None
        self._send = self._recv_into = self._out = self._handshake = None
        try:
            return self.close_sockets(race, sock)
        except BaseException:
            # A signal handler raised it in the middle.
            self.close_sockets(race, sock)
            raise

    cdef int close_sockets(self, object race, object sock) except -1:
        """Close what a connection had; call it again if an exception comes out."""
        if race is not None:
            race.close()
        if sock is not None:
            self._loop.unwatch(self._fd)
            self._loop._cold.close_socket(sock, self._secure)
        return 0
