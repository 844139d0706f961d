# SPDX-License-Identifier: MIT
from .originals cimport Originals

# The attributes of http.client's connection that are its own affair.
cdef str STATE
cdef str RESPONSE
cdef str ANSWERED
cdef str SPOILED
cdef str WAITING

# Its states.
cdef str IDLE
cdef str REQUEST_STARTED
cdef str REQUEST_SENT

cdef bint is_over(Originals answers, object response) except -1
