# SPDX-License-Identifier: MIT
from .store cimport Store

cdef enum:
    PEEK = 8 * 1024     # the most bytes that peek() returns, as in io.BufferedReader


cdef class Reader(Store):
    cdef object _lease          # a Lease that ends when the reader releases its socket, or None
    cdef bint _complete         # True if the connection can be used again

    cdef int end_lease(self) except -1
    cdef int end_receive(self) except -1
