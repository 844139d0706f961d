# SPDX-License-Identifier: MIT

cdef str RESPONSE_STATE     # the name of the attribute that holds it


cdef class ResponseState:
    cdef object _limits         # Limits
    cdef object _head           # Head or OddHead; None before begin(), or if steps have read it
    cdef object _message        # the HTTPMessage of that head, created on access; else None
    cdef object _body           # the ChunkedBody, or None
    cdef dict __dict__          # the attributes that only Python code uses
    cdef bint _reading          # True while a thread is in a read by steps, or feeds a parser

    cpdef bint begin_turn(self) except -1
    cpdef int end_turn(self) except -1


cdef ResponseState state_in(dict own)


cdef struct HeadLimits:
    Py_ssize_t line             # bytes of a line
    Py_ssize_t fields           # field lines
    Py_ssize_t head             # bytes of a whole head

cdef bint are_usual(object limits) except -1
cdef int read_limits(object limits, HeadLimits *found) except -1
