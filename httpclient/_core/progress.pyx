# SPDX-License-Identifier: MIT
"""Progress: how far the request of a connection has got, and which thread is at it.

The state itself is http.client's attribute, in the connection's own dict.  A change that
decides which of two threads goes on is one step: it compares and sets without letting
another thread run, by the GIL or by the critical section of the dict or of the Progress.
"""
cimport cython

from .originals cimport attributes, get

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident() noexcept

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
    out in part; None otherwise.  `waiting`: whether the next request need not wait for the
    answer to this one.
    """

    def __reduce__(self):
        # A copy of the connection, or one from a pickle, has no request.
        return type(None), ()

    cdef bint move(self, dict own, str before, str state) except -1:
        """Change the state; the connection is this thread's then.  False: it was another state."""
        with cython.critical_section(own):
            if get(own, STATE, None) != before:
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

    def disown(self):
        """Have its thread know that another one has closed the connection."""
        self._owner = 0

    def end_waiting(self):
        """Set `waiting` to False; return True to the one thread that finds it True."""
        with cython.critical_section(self):
            waiting, self.waiting = self.waiting, False
        return waiting


cdef Progress progress_in(dict own):
    """The Progress of the connection that has these attributes."""
    progress = get(own, PROGRESS, None)
    if type(progress) is not Progress:
        with cython.critical_section(own):
            progress = get(own, PROGRESS, None)
            if type(progress) is not Progress:
                progress = own[PROGRESS] = Progress.__new__(Progress)
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
