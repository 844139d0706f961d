# SPDX-License-Identifier: MIT
from .link cimport Link


cdef class Sender(Link):
    cdef bint _unsafe           # True during a step that cannot be done again
    cdef object _upload         # gives the rest of the body, or None
    cdef object _sending_failed     # the error that ended sending; the answer may come still

    cdef bint is_sending(self) noexcept
    cdef int send_on(self) except -1
    cdef int send_no_more(self) except -1
    cdef int resume_sending(self) except -1
