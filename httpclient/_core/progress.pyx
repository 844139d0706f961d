# SPDX-License-Identifier: MIT
"""Progress: how far the request of a connection has got, and what goes on with its socket.

The state itself is http.client's attribute, in the connection's own dict.  A change that
decides which of two threads (or greenlets) goes on is one step: it compares and sets without
letting another one run, by the GIL or by the critical section of the dict or of the Progress.
"""
cimport cython

from .originals cimport attributes, get
from .python cimport PyThread_get_thread_ident

STATE = "_HTTPConnection__state"
IDLE = "Idle"
REQUEST_STARTED = "Request-started"
REQUEST_SENT = "Request-sent"
AWAITED = "Response-awaited"

PROGRESS = "_HTTPConnection__progress"


@cython.final
cdef class Progress:
    """What httpclient knows of a connection's request beside its state.

    `unsent`: a token for the request while it is being sent, and after that if it has gone
    out in part; None otherwise.  `abandoned`: whether the next request need not wait for the
    answer to this one.  `closes`: how often the connection has been closed; `aborted`: whether
    the last time was during a call.  `calls`: how many calls send on its socket, or shake hands.
    `reader`: what a response's head is read by, as long as it is.  `leaving`: whether the
    connection is being closed because its socket is a response's alone from now on.
    """

    def __reduce__(self):
        # The connection of a pickle, or of a deep copy, has no request.
        return type(None), ()

    cdef bint move(self, dict own, str before, str state) except -1:
        """Change the state.  False: it was another one."""
        with cython.critical_section(own):
            if get(own, STATE, IDLE) != before:
                return False
            own[STATE] = state
            self._owner = PyThread_get_thread_ident()
        return True

    def moved(self, dict own not None, str before not None, str state not None):
        """As move()."""
        return self.move(own, before, state)

    cdef bint sent(self, object token) except -1:
        """Note that the request with this token has gone out; False: it has been closed."""
        with cython.critical_section(self):
            if self.unsent is not token:
                return False
            self.unsent = None
        return True

    def all_sent(self, token):
        """As sent()."""
        return self.sent(token)

    def is_own(self):
        """Return True if this thread was the last to change the state by move()."""
        return self._owner == PyThread_get_thread_ident()

    def end_abandoned(self):
        """Set `abandoned` to False; return True to the one thread that finds it True."""
        with cython.critical_section(self):
            abandoned, self.abandoned = self.abandoned, False
        return abandoned

    def close(self):
        """Note that the connection is being closed.

        Return True if a call goes on on its socket, which close() has to end.
        """
        with cython.critical_section(self):
            self.closes += 1
            self.aborted = not self.leaving and (
                self.calls > 0 or self.reader is not None and self.reader._receiving)
            return self.aborted

    def publish(self, connection, closes, sock):
        """Set the connection's socket; False: it has been closed since `closes` was read."""
        with cython.critical_section(self):
            if self.closes != closes:
                return False
            connection.sock = sock
        return True

    cdef int begin_call(self) except -1:
        with cython.critical_section(self):
            self.calls += 1
        return 0

    cdef int end_call(self) except -1:
        with cython.critical_section(self):
            self.calls -= 1
        return 0

    def call(self, function, *args):
        """Call a function that sends on the socket, or shakes hands."""
        self.begin_call()
        try:
            return function(*args)
        finally:
            self.end_call()


cdef Progress progress_in(dict own):
    """The Progress of the connection that has these attributes."""
    progress = get(own, PROGRESS, None)
    if type(progress) is Progress and (<Progress> progress)._attributes == <void *> own:
        return <Progress> progress
    # It has none yet, or is a copy of another connection.
    with cython.critical_section(own):
        progress = get(own, PROGRESS, None)
        if type(progress) is not Progress or (<Progress> progress)._attributes != <void *> own:
            progress = Progress.__new__(Progress)
            (<Progress> progress)._attributes = <void *> own
            own[PROGRESS] = progress
    return <Progress> progress


def progress_of(connection):
    """The Progress of a connection."""
    return progress_in(attributes(connection))


cdef bint claimed(dict own, str name, object expected, object value) except -1:
    """Set an attribute that is as expected, in one step: of two threads, one gets True."""
    with cython.critical_section(own):
        if get(own, name, None) != expected:
            return False
        own[name] = value
    return True


def claim(dict own not None, str name not None, expected, value):
    """Set an attribute that is as expected (None: or missing) in one step: one thread gets True."""
    return claimed(own, name, expected, value)
