# SPDX-License-Identifier: MIT
from .connection_state cimport ConnectionState
from .guards cimport Originals


cdef class Reuse:
    cdef Originals _answers             # the methods of responses
    cdef object _forget_exchange        # functions for rare cases, see _request/steps.py
    cdef object _drop
    cdef object _has_unread_input

    cpdef object usable_socket(self, dict own, object connection, ConnectionState state)
