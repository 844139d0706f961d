# SPDX-License-Identifier: MIT
from .store cimport Store

cdef enum:
    PEEK = 8 * 1024     # what peek() shows at most, as io.BufferedReader's would


cdef class Reader(Store):
    pass
