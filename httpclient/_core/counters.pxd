# SPDX-License-Identifier: MIT
cdef class Tally:
    cdef public unsigned long long requests
    cdef public unsigned long long responses
    cdef public unsigned long long octets
