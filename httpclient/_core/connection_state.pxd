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
    bint UNLOCKED "HTTPCLIENT_UNLOCKED"     # whether threads run at once; known to the compiler

# http.client's own private attributes of a connection, and the values of the first.
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
    cdef tuple _host_line               # (host, port, default port, their Host field line)
    cdef Deadline _due                  # of the request that is under way, or None
    cdef object _answered               # the socket that the last response came from
    cdef object _spoiled                # a socket whose next bytes have no known meaning
    cdef object _session_failed         # of HTTPS: (socket, error), see https.py
    cdef bint _cut                      # whether close() came between the lines of a request
    cdef object _unsent                 # a token for the request until all of it has gone out
    cdef public bint abandoned          # whether the next request need not wait for the response
    cdef public bint leaving            # whether close() leaves the socket to a response
    cdef readonly Py_ssize_t closes     # how often the connection has been closed
    cdef readonly bint aborted          # whether the last time was during a call
    cdef Py_ssize_t _calls              # how many calls send on the socket, or shake hands
    cdef Store _reader                  # what reads a response's head
    cdef unsigned long _owner           # the thread that was the last to change the state
    cdef void *_attributes              # the connection's dict, by which copies are told; compared

    cdef bint move(self, dict own, str before, str state) except -1
    cdef bint start(self, dict own, object token) except -1
    cdef bint start_sending(self, dict own, object token) except -1
    cdef bint wait(self, dict own, object sock) except -1
    cdef bint sent(self, object token) except -1
    cdef int read_by(self, Store reader) except -1
    cdef bint answer(self, dict own, object sock, object response) except -1
    cdef int forget(self, dict own) except -1
    cdef int begin_call(self) except -1
    cdef int end_call(self) except -1


cdef ConnectionState state_in(dict own)
