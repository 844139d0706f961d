# SPDX-License-Identifier: MIT

cdef class Origins:
    cdef readonly dict known    # URL -> (Origin, request target), a cache
    cdef dict _origins          # key -> Origin
    cdef Py_ssize_t _per_host   # the most connections of an origin
    cdef bint _block            # True if more than that may not be in use
    cdef double _idle           # seconds for which an unused connection is kept
    cdef double _sweep_at       # when to look for connections that have been idle for longer
    cdef object _cold           # functions for rare cases, see pool.py

    cdef int sweep(self, double now) except -1
    cdef int end_all(self, close) except -1


cdef class Origin:
    cdef readonly object key
    cdef Origins _all
    cdef Py_ssize_t _most       # connections in use at a time; more than fits if there is no limit
    cdef Py_ssize_t _keeps      # connections that are idle at a time
    cdef list _idle             # connections that no request uses; the last used one is the last
    cdef list _waiters          # threads that wait for a Lease, the first one first
    cdef Py_ssize_t _in_use     # number of Leases
    cdef bint _retired          # True if connections are closed after their use

    cdef int settle(self, Lease lease, double now) except -1
    cdef bint usable(self, object connection, double now) except -1
    cdef object next_idle(self)
    cdef object next_expired(self, double now)
    cdef bint is_unused(self) except -1
    cdef int take_back(self, object connection, bint complete) except -1
    cdef int give(self, object connection) except -1


cdef class Lease:
    cdef Origin _origin         # None once the lease has ended
    cdef object _connection     # or None: the caller makes one
    cdef bint _kept             # True if a response holds the lease
    cdef public bint last       # True if the connection ends with this request

    cpdef end(self, bint complete)


cdef class Waiter:
    cdef object _lock           # released when there is a lease
    cdef Lease _lease
