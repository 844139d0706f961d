# SPDX-License-Identifier: MIT
"""ResponseState: httpclient's own attributes of a response, in one object.

It is one entry of the response's ``__dict__``, created on first use, because subclasses and fakes
may not call the constructor.  http.client's own attributes stay in the ``__dict__`` itself.
"""
import http.client as _standard

cimport cython

from .guards cimport Bindings, attributes, get

from .._common.limits import DEFAULT

RESPONSE_STATE = "_hc_state"

# Each read of Limits calls Python code, so the usual values are kept as C numbers.
cdef Bindings usual_limits = Bindings(_standard.__dict__, "_MAXLINE", "_MAXHEADERS")
cdef HeadLimits USUAL
USUAL.line = _standard._MAXLINE
USUAL.fields = _standard._MAXHEADERS
USUAL.head = DEFAULT.head


@cython.final
@cython.freelist(16)
cdef class ResponseState:
    """httpclient's attributes of a response; see also response_state.pxd."""

    strict = None           # the setting: see _response/settings.py
    interim = ()            # the interim responses: () or a list of InterimResponse
    interim_bytes = 0       # bytes of their heads
    status_line = b""       # the status line as received, if it was read by a step
    raw_head = None         # the head as received, if it was read by steps
    reused = False          # True if the connection has had a response before
    simple = False          # True if the response is HTTP/0.9
    framing_excess = 0      # bytes of chunk framing beyond ten times the content
    trailer_section = b""
    broken = False          # True if content has been lost or given up
    unsaid = None           # an exception to raise from the next read

    def __cinit__(self):
        self._limits = DEFAULT

    def __reduce__(self):
        # A response that has been read can be copied and pickled.
        return restored_state, (self.limits, self.head, self.message, self.interim,
                                self.trailer_section, self.broken, self.raw_head,
                                self.strict)

    cpdef bint begin_turn(self) except -1:
        """Begin a read by steps; return False if another thread is in one."""
        with cython.critical_section(self):
            if self._reading:
                return False
            self._reading = True
        return True

    cpdef int end_turn(self) except -1:
        """End a read by steps."""
        with cython.critical_section(self):
            self._reading = False
        return 0

    @property
    def limits(self):
        with cython.critical_section(self):
            return self._limits

    @limits.setter
    def limits(self, value):
        with cython.critical_section(self):
            self._limits = value

    @property
    def head(self):
        with cython.critical_section(self):
            return self._head

    @head.setter
    def head(self, value):
        with cython.critical_section(self):
            self._head = value

    @property
    def message(self):
        with cython.critical_section(self):
            return self._message

    @message.setter
    def message(self, value):
        with cython.critical_section(self):
            self._message = value

    @property
    def body(self):
        with cython.critical_section(self):
            return self._body

    @body.setter
    def body(self, value):
        with cython.critical_section(self):
            self._body = value


cdef ResponseState state_in(dict own):
    """Return the ResponseState of the response with these attributes; create it if needed."""
    state = get(own, RESPONSE_STATE, None)
    if type(state) is ResponseState:
        return <ResponseState> state
    with cython.critical_section(own):
        state = get(own, RESPONSE_STATE, None)
        if type(state) is not ResponseState:
            own[RESPONSE_STATE] = state = ResponseState.__new__(ResponseState)
    return <ResponseState> state


def response_state(response):
    """Return the ResponseState of a response."""
    return state_in(attributes(response))


cdef bint are_usual(object limits) except -1:
    """Return True for the default limits, while no program has rebound http.client's."""
    return limits is DEFAULT and usual_limits.intact()


cdef int read_limits(object limits, HeadLimits *found) except -1:
    """Set the limits on a head."""
    if are_usual(limits):
        found[0] = USUAL
    else:
        found.line = limits.max_line
        found.fields = limits.max_fields
        found.head = limits.head
    return 0


def restored_state(limits, head, message, interim, trailer_section, broken, raw_head,
                   strict=None):
    """Return a new ResponseState with these attributes, for copies and pickles."""
    cdef ResponseState state = ResponseState.__new__(ResponseState)
    state._limits = limits
    state._head = head
    state._message = message
    state.interim = interim
    state.trailer_section = trailer_section
    state.broken = broken
    state.raw_head = raw_head
    if strict is not None:
        state.strict = strict
    return state
