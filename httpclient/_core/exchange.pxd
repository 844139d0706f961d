# SPDX-License-Identifier: MIT
from .originals cimport Originals

# The attributes of http.client's connection that are its own affair.
cdef str STATE
cdef str RESPONSE
cdef str ANSWERED
cdef str SPOILED
cdef str WAITING
cdef str UNSENT
cdef str OWNER

# Its states.
cdef str IDLE
cdef str REQUEST_STARTED
cdef str REQUEST_SENT

cdef bint claimed(dict own, str name, object expected, object value) except -1
cdef bint begin_request(dict own, str state) except -1
cdef bint all_sent(dict own, object token) except -1
cdef bint is_over(Originals answers, object response) except -1
