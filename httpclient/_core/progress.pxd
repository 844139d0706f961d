# SPDX-License-Identifier: MIT

# http.client's attribute for the state of a connection, and its values.
cdef str STATE
cdef str IDLE
cdef str REQUEST_STARTED
cdef str REQUEST_SENT
cdef str AWAITED

cdef str PROGRESS


cdef class Progress:
    cdef public object unsent
    cdef public bint waiting
    cdef unsigned long _owner

    cdef bint move(self, dict own, str before, str state) except -1
    cdef bint sent(self, object token) except -1


cdef Progress progress_in(dict own)
cdef bint claimed(dict own, str name, object expected, object value) except -1
