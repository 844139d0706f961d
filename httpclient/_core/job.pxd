# SPDX-License-Identifier: MIT
from .response_feed cimport ResponseFeed

cdef enum:
    # The moments of a request, see Job.moments().
    ADDED
    QUEUED          # a connection had been chosen
    RESOLVED
    CONNECTED
    SECURED
    SENT
    FIRST_OCTET
    COMPLETE
    MOMENTS

cdef enum:
    # What a request waits for, see Job._patience.
    TO_CONNECT
    TO_SEND
    TO_RECEIVE
    WAITS


cdef class Job:
    cdef readonly object error      # the exception that ended it, or None
    cdef readonly bint reused       # True if its connection had brought an answer before
    cdef readonly bytes content     # what has been received, unless a sink has got it
    cdef object _request            # the Request, or the URL of a GET (str)
    cdef bytes _head                # the octets of the request, without what `_upload` gives
    cdef object _method
    cdef object _upload             # gives the body piece by piece; None: there is none
    cdef bint _repeats              # True if it may be sent again
    cdef bint _closes               # True if the request announces the end of the connection
    cdef bint _fresh                # True if it must not be sent on a used connection
    cdef bint _done                 # True once it needs no connection any more
    cdef int _retries
    cdef double _seconds            # the deadline: so many seconds,
    cdef double _due                # which end at this time; both infinite without one
    cdef object _sink               # a function that takes content, or None
    cdef object _finished           # a function that takes the finished Job; None: an iterator does
    cdef ResponseFeed _feed         # the response, or None before it
    cdef object _transfer           # the Transfer that it runs on, or None
    cdef double _patience[WAITS]    # the most seconds of one wait; infinite for no limit
    cdef double _queue_due          # the time at which it has waited too long for a connection
    cdef double _moments[MOMENTS]   # times by the clock of the loop; 0: it did not happen
