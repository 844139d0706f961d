# SPDX-License-Identifier: MIT
"""Progress: how far the request of a connection has got, and what goes on with its socket.

The state itself is http.client's attribute, in the connection's own dict.  A change that
decides which of two threads (or greenlets) goes on is one step: it compares and sets without
letting another one run, by the GIL or by the critical section of the dict or of the Progress.
What another thread must find together is set in one step, too: a connection that is idle again,
and the response that is to be read first.
"""
cimport cython

from .originals cimport attributes, get
from .python cimport PyThread_get_thread_ident
from .store cimport Store

STATE = "_HTTPConnection__state"
RESPONSE = "_HTTPConnection__response"
ANSWERED = "_HTTPConnection__answered"      # the socket that the last response came from
SPOILED = "_HTTPConnection__spoiled"

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

    cdef bint start(self, dict own, object token) except -1:
        """Change the state from Idle to Request-sent, for a request that is known by a token.

        False: it was another one.
        """
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != IDLE:
                return False
            self._unsent = token        # until all of it has gone out
            self.abandoned = False
            own[STATE] = REQUEST_SENT
            self._owner = PyThread_get_thread_ident()
        return True

    cdef bint started_sending(self, dict own, object token) except -1:
        """As start(), from Request-started."""
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != REQUEST_STARTED:
                return False
            self._unsent = token
            own[STATE] = REQUEST_SENT
            self._owner = PyThread_get_thread_ident()
        return True

    cdef bint wait(self, dict own, object sock) except -1:
        """Change the state from Request-sent to Response-awaited, to read the response's head.

        False: it was another one, or the request is not sent yet; or since the caller has looked,
        another thread has put another socket there, or a response that is to be read first.
        """
        with cython.critical_section(own, self):
            if get(own, STATE, IDLE) != REQUEST_SENT or self._unsent is not None:
                return False
            if UNLOCKED and not (get(own, "sock", None) is sock
                                 and get(own, RESPONSE, None) is None
                                 and get(own, SPOILED, None) is None):
                return False
            own[STATE] = AWAITED
            self._owner = PyThread_get_thread_ident()
        return True

    def sending(self, dict own not None, token not None):
        """As started_sending()."""
        return self.started_sending(own, token)

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
        """Return True if this thread was the last to change the state by move()."""
        return self._owner == PyThread_get_thread_ident()

    def end_abandoned(self):
        """Set `abandoned` to False; return True to the one thread that finds it True."""
        with cython.critical_section(self):
            abandoned, self.abandoned = self.abandoned, False
        return abandoned

    @property
    def unsent(self):
        with cython.critical_section(self):
            return self._unsent

    @unsent.setter
    def unsent(self, token):
        with cython.critical_section(self):
            self._unsent = token

    cdef int read_by(self, Store reader) except -1:
        """Note what the head of the response is read by; None: nothing."""
        with cython.critical_section(self):
            self._reader = reader
        return 0

    def reads_by(self, Store reader):
        """As read_by()."""
        self.read_by(reader)

    cdef bint answered(self, dict own, object sock, object response) except -1:
        """Have the connection idle, and a response that came from this socket be the next to read.

        None: the connection is about to be closed, and stays as it is until then.
        False: it has been closed already; the socket is the response's alone.
        """
        with cython.critical_section(own, self):
            if get(own, "sock", sock) is not sock:
                return False
            self._unsent = self._reader = None
            if get(own, "_hc_due", None) is not None:
                own["_hc_due"] = None
            if get(own, ANSWERED, None) is not sock:
                own[ANSWERED] = sock
            if response is not None:
                own[RESPONSE] = response
                own[STATE] = IDLE
        return True

    def has_answered(self, dict own not None, sock, response):
        """As answered()."""
        return self.answered(own, sock, response)

    def close(self, dict own):
        """Note that the connection is being closed, and take from it what is to be closed.

        Its attributes are given, or None if they are not to be changed.  Return whether a call
        goes on on its socket, which close() has to end; the socket; and the response.
        """
        sock = response = None
        with cython.critical_section(own if own is not None else self, self):
            self.closes += 1
            # Of another thread's reader nobody can tell whether it is about to receive.
            self.aborted = not self.leaving and (
                self.calls > 0 or self._reader is not None and (
                    UNLOCKED and self._owner != PyThread_get_thread_ident()
                    or self._reader._receiving))
            if own is not None:
                self._cut = self._cut or get(own, STATE, IDLE) == REQUEST_STARTED
                sock, response = get(own, "sock", None), get(own, RESPONSE, None)
                self.forget(own)
                own["sock"] = own[RESPONSE] = own[ANSWERED] = own[SPOILED] = None
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
        self._unsent = own["_hc_due"] = None
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
