# SPDX-License-Identifier: MIT
"""ConnectionState: what httpclient knows of a connection beside http.client's attributes.

It is one entry of the connection's ``__dict__``, made on first use: subclasses may not have
called the constructor.  The state itself ("Idle" and so on) is http.client's attribute.

A change that decides which of two threads (or greenlets) goes on is one step: it compares and
sets without letting another thread run, by the GIL or by the critical sections of the dict and
of the ConnectionState.  What another thread must find together is set in one step, too: a
connection that is idle again, and the response that is to be read first.

Each change takes the connection's attributes as a dict.
"""
cimport cython

from .guards cimport attributes, get
from .python cimport PyThread_get_thread_ident
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
    """See connection_state.pxd for what each attribute says."""

    def __cinit__(self):
        self._limits = DEFAULT

    def __reduce__(self):
        # A copied or pickled connection has no request.
        return restored_state, (self.limits,)

    cdef bint move(self, dict own, str before, str state) except -1:
        """Change the state; return False if it was another one."""
        with cython.critical_section(own):
            if get(own, STATE, IDLE) != before:
                return False
            own[STATE] = state
            self._owner = PyThread_get_thread_ident()
        return True

    def moved(self, dict own not None, str before not None, str state not None):
        """As move()."""
        return self.move(own, before, state)

    cdef bint start(self, dict own, object token) except -1:
        """From Idle to Request-sent, for a request that is known by a token; False: not Idle."""
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != IDLE:
                return False
            self._unsent = token
            self.abandoned = False
            own[STATE] = REQUEST_SENT
            self._owner = PyThread_get_thread_ident()
        return True

    cdef bint start_sending(self, dict own, object token) except -1:
        """As start(), from Request-started."""
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != REQUEST_STARTED:
                return False
            self._unsent = token
            own[STATE] = REQUEST_SENT
            self._owner = PyThread_get_thread_ident()
        return True

    def started_sending(self, dict own not None, token not None):
        """As start_sending()."""
        return self.start_sending(own, token)

    cdef bint wait(self, dict own, object sock) except -1:
        """From Request-sent to Response-awaited, to read the response's head from this socket.

        False: it was another state, or the request has not gone out whole; or another thread has
        put another socket there since, or a response that is to be read first.
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

    cdef bint sent(self, object token) except -1:
        """Note that the request with this token has gone out; False: it has been closed."""
        with cython.critical_section(self):
            if self._unsent is not token:
                return False
            self._unsent = None
        return True

    def all_sent(self, token):
        """As sent()."""
        return self.sent(token)

    def is_own(self):
        """Return True if this thread was the last to change the state."""
        return self._owner == PyThread_get_thread_ident()

    def end_abandoned(self):
        """Set `abandoned` to False; return True to the one thread that finds it True."""
        with cython.critical_section(self):
            abandoned, self.abandoned = self.abandoned, False
        return abandoned

    cdef int read_by(self, Store reader) except -1:
        """Note what reads the head of the response, or None."""
        with cython.critical_section(self):
            self._reader = reader
        return 0

    def reads_by(self, Store reader):
        """As read_by()."""
        self.read_by(reader)

    cdef bint answer(self, dict own, object sock, object response) except -1:
        """Be idle again, with a response from this socket that is to be read next.

        None: the connection is about to be closed, and stays as it is until then.
        False: it has been closed already; the socket is the response's alone.
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

    def answers(self, dict own not None, sock, response):
        """As answer()."""
        return self.answer(own, sock, response)

    def close(self, dict own not None):
        """Forget the request, and take from the attributes what is to be closed.

        Return whether a call goes on on the socket, which close() has to end; the socket; and
        the response.
        """
        with cython.critical_section(own, self):
            self.closes += 1
            # Whether another thread's reader is about to receive cannot be told.
            self.aborted = not self.leaving and (
                self._calls > 0 or self._reader is not None and (
                    UNLOCKED and self._owner != PyThread_get_thread_ident()
                    or self._reader._receiving))
            self._cut = self._cut or get(own, STATE, IDLE) == REQUEST_STARTED
            sock, response = get(own, "sock", None), get(own, RESPONSE, None)
            self.forget(own)
            own["sock"] = own[RESPONSE] = self._answered = self._spoiled = None
            return self.aborted, sock, response

    def end_cut(self):
        """Return True once after close() has come between the lines of a request.

        The thread that was making it may have added some of them since.
        """
        with cython.critical_section(self):
            cut, self._cut = self._cut, False
        return cut

    def reset(self, dict own not None):
        """Forget the request that this thread has begun; False: another one has begun one since."""
        with cython.critical_section(own, self):
            if self._owner not in (0, PyThread_get_thread_ident()):
                return False
            self.forget(own)
        return True

    cdef int forget(self, dict own) except -1:
        lines = get(own, "_buffer", None)
        if type(lines) is list:
            (<list> lines).clear()
        self._unsent = self._due = None
        own[STATE] = IDLE
        return 0

    def publish(self, connection, closes, sock):
        """Set the connection's socket; False: it has been closed since `closes` was read."""
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
        """Call a function that sends on the socket, or shakes hands."""
        self.begin_call()
        try:
            return function(*args)
        finally:
            self.end_call()

    # ---- what Python code reads and sets; C does so within a critical section

    @property
    def limits(self):
        with cython.critical_section(self):
            return self._limits

    @limits.setter
    def limits(self, value):
        with cython.critical_section(self):
            self._limits = value

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


cdef ConnectionState state_in(dict own):
    """The ConnectionState of the connection that has these attributes."""
    state = get(own, CONNECTION_STATE, None)
    if type(state) is ConnectionState and (<ConnectionState> state)._attributes == <void *> own:
        return <ConnectionState> state
    # It has none yet, or that of the connection which it is a copy of.
    with cython.critical_section(own):
        state = get(own, CONNECTION_STATE, None)
        if (type(state) is not ConnectionState
                or (<ConnectionState> state)._attributes != <void *> own):
            state = restored_state(state.limits if type(state) is ConnectionState else DEFAULT)
            (<ConnectionState> state)._attributes = <void *> own
            own[CONNECTION_STATE] = state
    return <ConnectionState> state


def connection_state(connection):
    """Return the ConnectionState of a connection."""
    return state_in(attributes(connection))


def restored_state(limits):
    """Return the ConnectionState of a copy of a connection with these limits."""
    cdef ConnectionState state = ConnectionState.__new__(ConnectionState)
    state._limits = limits
    return state
