# SPDX-License-Identifier: MIT
from .store cimport Store

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define HTTPCLIENT_UNLOCKED 1
    #else
    #define HTTPCLIENT_UNLOCKED 0
    #endif
    """
    bint UNLOCKED "HTTPCLIENT_UNLOCKED"     # whether threads run at once; known to the compiler

# http.client's attribute for the state of a connection, and its values.
cdef str STATE
cdef str IDLE
cdef str REQUEST_STARTED
cdef str REQUEST_SENT
cdef str AWAITED

# Others of its private ones.
cdef str PROGRESS
cdef str RESPONSE
cdef str ANSWERED
cdef str SPOILED


cdef class Progress:
    cdef object _unsent
    cdef bint _cut              # whether close() came between the lines of a request
    cdef public bint abandoned
    cdef public bint leaving
    cdef readonly Py_ssize_t closes
    cdef readonly bint aborted
    cdef Py_ssize_t calls
    cdef Store _reader
    cdef unsigned long _owner
    cdef void *_attributes      # the dict of the connection that it belongs to; only compared

    cdef bint move(self, dict own, str before, str state) except -1
    cdef bint start(self, dict own, object token) except -1
    cdef bint wait(self, dict own, object sock) except -1
    cdef bint started_sending(self, dict own, object token) except -1
    cdef bint sent(self, object token) except -1
    cdef int read_by(self, Store reader) except -1
    cdef bint answered(self, dict own, object sock, object response) except -1
    cdef int forget(self, dict own) except -1
    cdef int begin_call(self) except -1
    cdef int end_call(self) except -1


cdef Progress progress_in(dict own)
cdef bint claimed(dict own, str name, object expected, object value) except -1
