# SPDX-License-Identifier: MIT
from libc.stdint cimport int64_t, uint8_t

from .http1 cimport http1_framing
from .reader cimport Reader

cdef str OK

cdef struct MessageFraming:
    bint chunked
    int64_t length              # -1 if the content ends with its chunks, or with the stream
    bint will_close


cdef class Head:
    cdef readonly int version           # 10 or 11
    cdef readonly int status
    cdef readonly str reason
    cdef readonly Py_ssize_t size       # bytes of the head, with the status line
    cdef readonly bytes raw             # the whole head, as received
    cdef size_t _section_at             # where its field section begins
    cdef http1_framing _framing

    cdef bint is_final(self) noexcept
    cdef bint frame(self, object method, bint strict, MessageFraming *message) except -1
    cdef str value_of(self, str name)


cdef object take_head(Reader reader, Py_ssize_t max_line, Py_ssize_t max_fields,
                      Py_ssize_t max_head, bint strict)
cdef Head head_at(const uint8_t *octets, Py_ssize_t n, Py_ssize_t max_line,
                  Py_ssize_t max_fields, Py_ssize_t max_head, bint strict)
cpdef bint skip_empty_line(Reader reader) except -1
