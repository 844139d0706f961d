# SPDX-License-Identifier: MIT
from .store cimport Store

# http.client's attribute for the state of a connection, and its values.
cdef str STATE
cdef str IDLE
cdef str REQUEST_STARTED
cdef str REQUEST_SENT
cdef str AWAITED

cdef str PROGRESS


cdef class Progress:
    cdef public object unsent
    cdef public bint abandoned
    cdef public bint leaving
    cdef readonly Py_ssize_t closes
    cdef readonly bint aborted
    cdef Py_ssize_t calls
    cdef public Store reader
    cdef unsigned long _owner
    cdef void *_attributes      # the dict of the connection that it belongs to; only compared

    cdef bint move(self, dict own, str before, str state) except -1
    cdef bint sent(self, object token) except -1
    cdef int begin_call(self) except -1
    cdef int end_call(self) except -1


cdef Progress progress_in(dict own)
cdef bint claimed(dict own, str name, object expected, object value) except -1
