# SPDX-License-Identifier: MIT
from .store cimport Store

cdef enum:
    PEEK = 8 * 1024     # the most bytes that peek() returns, as in io.BufferedReader


cdef class Reader(Store):
    cdef int end_receive(self) except -1
