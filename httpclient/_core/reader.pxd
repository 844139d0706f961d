# SPDX-License-Identifier: MIT
from .store cimport Store


cdef class Reader(Store):
    pass
