# SPDX-License-Identifier: MIT
from .deadline cimport Deadline
from .store cimport Store

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define HTTPCLIENT_UNLOCKED 1
    #else
    #define HTTPCLIENT_UNLOCKED 0
    #endif
    """
    bint UNLOCKED "HTTPCLIENT_UNLOCKED"     # True without a GIL; known at compile time

# Two private attributes of http.client's connections, and the values of the first.
cdef str STATE
cdef str RESPONSE
cdef str IDLE
cdef str REQUEST_STARTED
cdef str REQUEST_SENT
cdef str AWAITED

# The attribute that httpclient adds.
cdef str CONNECTION_STATE


cdef class ConnectionState:
    cdef object _limits                 # Limits on each response
    cdef object _strict                 # the settings `strict`,
    cdef object _deadline               # `deadline`
    cdef object _resume_sessions        # and `resume_sessions`: see _response/settings.py
    cdef object _dialing                # Dialing, see _request/dialing.py; or None
    cdef object _waker                  # the socket by which close() ends connect(), or None
    cdef tuple _host_line               # (host, port, default port, their Host field line)
    cdef Deadline _due                  # of the current request, or None
    cdef object _answered               # the socket of the last response, or None
    cdef object _spoiled                # a socket to close before the next request, or None
    cdef object _session_failed         # HTTPS: function(socket, error), see https.py; or None
    cdef bint _cut                      # True if close() was called after putrequest()
    cdef object _unsent                 # the request's token until it is sent whole, then None
    cdef object _expectation            # of the request() in progress, see expect.py; or None
    cdef object _early                  # the same from its wait to getresponse(), as is `_unsent`
    cdef public bint abandoned          # True if the next request need not wait for the response
    cdef public bint leaving            # True if close() leaves the socket to a response
    cdef readonly Py_ssize_t closes     # number of calls of close()
    cdef readonly bint aborted          # True if the last close() came during another call
    cdef public bint unanswered     # True if a reused socket failed before any byte of a response
    cdef bint _vouched          # True if a pool has just looked for unread input
    cdef double _idle_since     # when a pool got the connection back, by the monotonic clock
    cdef Py_ssize_t _calls              # number of calls that send, or perform a TLS handshake
    cdef Store _reader                  # the reader of a response's head, or None
    cdef unsigned long _owner           # the last thread that changed the state
    cdef void *_attributes              # the connection's dict, to recognise copies; never read

    cpdef bint move(self, dict own, str before, str state) except -1
    cdef bint start(self, dict own, object token) except -1
    cpdef bint start_sending(self, dict own, object token) except -1
    cdef bint wait(self, dict own, object sock) except -1
    cpdef bint sent(self, object token) except -1
    cpdef void read_by(self, Store reader) noexcept
    cpdef bint answer(self, dict own, object sock, object response) except -1
    cdef int forget(self, dict own) except -1
    cdef int begin_call(self) except -1
    cdef int end_call(self) except -1


cdef ConnectionState state_in(dict own)
