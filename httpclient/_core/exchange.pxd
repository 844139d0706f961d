# SPDX-License-Identifier: MIT
from .originals cimport Originals

# The attributes of http.client's connection that are its own affair, beside its state.
cdef str RESPONSE
cdef str ANSWERED
cdef str SPOILED

cdef bint is_over(Originals answers, object response) except -1
cdef bint is_usual(object deadline) except -1
