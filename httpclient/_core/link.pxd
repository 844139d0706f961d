# SPDX-License-Identifier: MIT
from .hosts cimport Host, Timed
from .job cimport Job
from .loop cimport Loop
from .response_feed cimport ResponseFeed


cdef enum State:
    CLOSED
    RESOLVING       # its addresses are looked up
    CONNECTING
    SECURING        # in the TLS handshake
    TUNNELLING      # waits for the proxy's response to CONNECT
    BUSY            # sends a request, or receives the response
    IDLE


cdef class Link(Timed):
    cdef Loop _loop
    cdef Host _host
    cdef Job _job               # the request under way, or None
    cdef State _state
    cdef bint _resumes          # True if a TLS session may be offered
    cdef bint _secure
    cdef bint _output           # True if the poller looks for output, too
    cdef bint _paused           # True if nothing is to be received
    cdef bint _hungry           # True if the body had no piece to send
    cdef bint _gave_octets      # True once an octet has arrived for this request
    cdef double _limit          # the time at which this wait is too long
    cdef object _sock
    cdef int _fd
    cdef object _race           # the attempts to connect, or None
    cdef double _next_attempt   # the time of the next one of them
    cdef object _handshake
    cdef object _send           # the socket's methods
    cdef object _recv_into
    cdef object _out            # octets to send next, or None

    cdef int open(self, Job job, bint resumes) except -1
    cdef int resolve(self, object found) except -1
    cdef int race_on(self) except -1
    cdef int connected(self, object sock) except -1
    cdef int use_socket(self) except -1
    cdef int secure(self) except -1
    cdef int handshake_on(self) except -1
    cdef int take_tunnel(self, ResponseFeed feed, bytes content) except -1
    cdef int start(self, Job job) except -1
    cdef bint is_sending(self) noexcept
    cdef int send_on(self) except -1
    cdef int abandon(self, object error) except -1
    cdef int progress(self) except -1
    cdef int arm(self) except -1
    cdef int wake(self, double now) except -1
    cdef str place(self)
    cdef int look_for(self, bint output) except -1
    cdef int look_while_paused(self) except -1
    cdef int close(self) except -1
    cdef int close_sockets(self, object race, object sock) except -1
