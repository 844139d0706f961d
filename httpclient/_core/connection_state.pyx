# SPDX-License-Identifier: MIT
"""ConnectionState: httpclient's own attributes of a connection, in one object.

It is one entry of the connection's ``__dict__``, created on first use, because a subclass may not
call the constructor.  The state itself ("Idle" and so on) stays in http.client's attribute.

A change that decides which of two threads (or greenlets) proceeds is atomic: the GIL, or the
critical sections of the dict and of the ConnectionState, keep other threads from running between
the comparison and the assignment.  Attributes that another thread must see together are set in
the same step: that the connection is idle again, and the response that has to be read first.

Each method takes the connection's attributes as a dict, `own`.
"""
cimport cython

from .guards cimport Originals, attributes, get
from .python cimport PyThread_get_thread_ident, set_flag
from .store cimport Store

from .._common.limits import DEFAULT

STATE = "_HTTPConnection__state"
RESPONSE = "_HTTPConnection__response"

IDLE = "Idle"
REQUEST_STARTED = "Request-started"
REQUEST_SENT = "Request-sent"
AWAITED = "Response-awaited"

CONNECTION_STATE = "_hc_state"


@cython.final
cdef class ConnectionState:
    """httpclient's attributes of a connection; see connection_state.pxd for each of them."""

    def __cinit__(self):
        self._limits = DEFAULT

    def __reduce__(self):
        # A copy of a connection has no request under way, so it gets the settings alone.
        return restored_state, (self.limits, self.strict, self.deadline, self.resume_sessions,
                                self.dialing)

    cpdef bint move(self, dict own, str before, str state) except -1:
        """Change the state; return False if it was not `before`."""
        with cython.critical_section(own):
            if get(own, STATE, IDLE) != before:
                return False
            own[STATE] = state
            self._owner = PyThread_get_thread_ident()
        return True

    cdef bint start(self, dict own, object token) except -1:
        """Go from Idle to Request-sent; return False if the connection is not idle.

        `token` is any object that identifies the request.
        """
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != IDLE:
                return False
            self._unsent = token
            self.abandoned = False
            own[STATE] = REQUEST_SENT
            self._owner = PyThread_get_thread_ident()
        return True

    cpdef bint start_sending(self, dict own, object token) except -1:
        """Go from Request-started to Request-sent as start() does; return False if elsewhere."""
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != REQUEST_STARTED:
                return False
            self._unsent = token
            own[STATE] = REQUEST_SENT
            self._owner = PyThread_get_thread_ident()
        return True

    cdef bint wait(self, dict own, object sock) except -1:
        """Go from Request-sent to Response-awaited, to read a response's head from `sock`.

        Returns False in another state, or if the request has not been sent whole.  Without a GIL,
        also if another thread has changed the socket, or taken the response, in the meantime.
        """
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != REQUEST_SENT or self._unsent is not None:
                return False
            if UNLOCKED and not (get(own, "sock", None) is sock and self._spoiled is None
                                 and get(own, RESPONSE, None) is None):
                return False
            own[STATE] = AWAITED
            self._owner = PyThread_get_thread_ident()
        return True

    cpdef bint sent(self, object token) except -1:
        """Note that the request with this token is sent; return False after a close()."""
        with cython.critical_section(self):
            if self._unsent is not token:
                return False
            self._unsent = None
        return True

    def keep_early(self, token, early):
        """Set `early` for the request with this token; return False after a close()."""
        with cython.critical_section(self):
            if self._unsent is not token:
                return False
            self._early = early
        return True

    def is_own(self):
        """Return True if this thread was the last to change the state."""
        return self._owner == PyThread_get_thread_ident()

    def end_abandoned(self):
        """Set `abandoned` to False; return True in the one thread that found it True."""
        with cython.critical_section(self):
            abandoned, self.abandoned = self.abandoned, False
        return abandoned

    cpdef void read_by(self, Store reader) noexcept:
        """Set the reader of the response's head, for close(); None for no reader."""
        with cython.critical_section(self):
            self._reader = reader

    cpdef bint answer(self, dict own, object sock, object response) except -1:
        """Go to Idle with a response from `sock`, which has to be read before the next one.

        If `response` is None, the state stays as it is: the caller closes the connection next.
        Returns False if the connection has been closed; then only the response uses the socket.
        """
        with cython.critical_section(own, self):
            self._reader = None
            if get(own, "sock", sock) is not sock:
                return False
            self._unsent = self._due = None
            self._answered = sock
            if response is not None:
                own[RESPONSE] = response
                own[STATE] = IDLE
        return True

    def close(self, dict own not None):
        """Forget the request, and take the socket and the response from the attributes.

        Returns a tuple: True if a call in another thread still uses the socket, so that the caller
        has to end that call; the socket or None; and the response or None.
        """
        with cython.critical_section(own, self):
            self.closes += 1
            # Without a GIL, another thread's reader may be about to receive, unseen here.
            self.aborted = not self.leaving and (
                self._calls > 0 or self._reader is not None and (
                    UNLOCKED and self._owner != PyThread_get_thread_ident()
                    or self._reader._receiving))
            if self.aborted and self._reader is not None:
                # It must not take this for the head's end.
                set_flag(&self._reader._aborted, True)
            self._cut = self._cut or get(own, STATE, IDLE) == REQUEST_STARTED
            sock, response = get(own, "sock", None), get(own, RESPONSE, None)
            self.forget(own)
            own["sock"] = own[RESPONSE] = self._answered = self._spoiled = None
            return self.aborted, sock, response

    def end_cut(self):
        """Return True once after a close() between putrequest() and endheaders().

        The thread that made the request may have added lines after the close().
        """
        with cython.critical_section(self):
            cut, self._cut = self._cut, False
        return cut

    def reset(self, dict own not None):
        """Forget this thread's request; return False if another thread changed the state since."""
        with cython.critical_section(own, self):
            if self._owner not in (0, PyThread_get_thread_ident()):
                return False
            self.forget(own)
        return True

    cdef int forget(self, dict own) except -1:
        lines = get(own, "_buffer", None)
        if type(lines) is list:
            (<list> lines).clear()
        self._unsent = self._due = self._early = None
        own[STATE] = IDLE
        return 0

    def publish(self, connection, closes, sock):
        """Set the connection's socket; return False if close() was called since `closes`."""
        own = attributes(connection)
        with cython.critical_section(own, self):
            if self.closes != closes:
                return False
            setattr(connection, "sock", sock)
        return True

    cdef int begin_call(self) except -1:
        with cython.critical_section(self):
            self._calls += 1
        return 0

    cdef int end_call(self) except -1:
        with cython.critical_section(self):
            self._calls -= 1
        return 0

    def call(self, function, *args):
        """Call a function that sends, or performs a TLS handshake; close() interrupts it."""
        self.begin_call()
        try:
            return function(*args)
        finally:
            self.end_call()

    # ---- attributes for Python code; C code reads and sets them within a critical section

    @property
    def limits(self):
        with cython.critical_section(self):
            return self._limits

    @limits.setter
    def limits(self, value):
        with cython.critical_section(self):
            self._limits = value

    @property
    def strict(self):
        with cython.critical_section(self):
            return self._strict

    @strict.setter
    def strict(self, value):
        with cython.critical_section(self):
            self._strict = value

    @property
    def deadline(self):
        with cython.critical_section(self):
            return self._deadline

    @deadline.setter
    def deadline(self, value):
        with cython.critical_section(self):
            self._deadline = value

    @property
    def resume_sessions(self):
        with cython.critical_section(self):
            return self._resume_sessions

    @resume_sessions.setter
    def resume_sessions(self, value):
        with cython.critical_section(self):
            self._resume_sessions = value

    @property
    def dialing(self):
        with cython.critical_section(self):
            return self._dialing

    @dialing.setter
    def dialing(self, value):
        with cython.critical_section(self):
            self._dialing = value

    @property
    def waker(self):
        with cython.critical_section(self):
            return self._waker

    @waker.setter
    def waker(self, value):
        with cython.critical_section(self):
            self._waker = value

    @property
    def host_line(self):
        with cython.critical_section(self):
            return self._host_line

    @host_line.setter
    def host_line(self, value):
        with cython.critical_section(self):
            self._host_line = value

    @property
    def due(self):
        with cython.critical_section(self):
            return self._due

    @due.setter
    def due(self, value):
        with cython.critical_section(self):
            self._due = value

    @property
    def answered(self):
        with cython.critical_section(self):
            return self._answered

    @answered.setter
    def answered(self, value):
        with cython.critical_section(self):
            self._answered = value

    @property
    def spoiled(self):
        with cython.critical_section(self):
            return self._spoiled

    @spoiled.setter
    def spoiled(self, value):
        with cython.critical_section(self):
            self._spoiled = value

    @property
    def session_failed(self):
        with cython.critical_section(self):
            return self._session_failed

    @session_failed.setter
    def session_failed(self, value):
        with cython.critical_section(self):
            self._session_failed = value

    @property
    def unsent(self):
        with cython.critical_section(self):
            return self._unsent

    @unsent.setter
    def unsent(self, value):
        with cython.critical_section(self):
            self._unsent = value

    @property
    def expectation(self):
        with cython.critical_section(self):
            return self._expectation

    @expectation.setter
    def expectation(self, value):
        with cython.critical_section(self):
            self._expectation = value

    @property
    def early(self):
        with cython.critical_section(self):
            return self._early

    @early.setter
    def early(self, value):
        with cython.critical_section(self):
            self._early = value


cdef ConnectionState state_in(dict own):
    """Return the ConnectionState of the connection with these attributes; create it if needed."""
    state = get(own, CONNECTION_STATE, None)
    if type(state) is ConnectionState and (<ConnectionState> state)._attributes == <void *> own:
        return <ConnectionState> state
    # There is none yet, or that of the connection from which this one was copied.
    with cython.critical_section(own):
        state = get(own, CONNECTION_STATE, None)
        if (type(state) is not ConnectionState
                or (<ConnectionState> state)._attributes != <void *> own):
            if type(state) is ConnectionState:
                state = restored_state(*state.__reduce__()[1])
            else:
                state = ConnectionState.__new__(ConnectionState)
            (<ConnectionState> state)._attributes = <void *> own
            own[CONNECTION_STATE] = state
    return <ConnectionState> state


def connection_state(connection):
    """Return the ConnectionState of a connection."""
    return state_in(attributes(connection))


def restored_state(limits, strict=None, deadline=None, resume_sessions=None, dialing=None):
    """Return a new ConnectionState with these settings, for a copy of a connection."""
    cdef ConnectionState state = ConnectionState.__new__(ConnectionState)
    state._limits = limits
    state._strict = strict
    state._deadline = deadline
    state._resume_sessions = resume_sessions
    state._dialing = dialing
    return state


@cython.final
cdef class Change:
    """Calls a method of a ConnectionState that changes the connection's attributes.

    The change is atomic unless these attributes are properties of the connection's class, as the
    guard `plain` tells; then the function that the constructor was given makes it.
    """

    cdef public Originals plain
    cdef object _otherwise

    def __init__(self, otherwise):
        self._otherwise = otherwise

    def __call__(self, connection, change, *args):
        """Return change(attributes of `connection`, *args)."""
        if self.plain.of_class(type(connection)):
            return change(attributes(connection), *args)
        return self._otherwise(connection, change, *args)
