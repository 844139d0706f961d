# SPDX-License-Identifier: MIT
from .http1 cimport http1_framing


cdef class Head:
    cdef readonly int version           # 10 or 11
    cdef readonly int status
    cdef readonly str reason
    cdef readonly bytes section         # the field section, as it arrived
    cdef http1_framing _framing
