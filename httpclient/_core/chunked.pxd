# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t

from .http1 cimport http1_chunked, http1_rc
from .reader cimport Reader


cdef class ChunkedBody:
    cdef readonly Reader reader         # None while only decoded() is called
    cdef http1_chunked _body
    cdef object _limits
    cdef readonly bint ended            # True once the whole message body has been read
    cdef readonly bytes trailers        # the trailer section, as received

    cdef int obey(self, object limits, bint strict) except -1
    cdef object left_in_chunk(self)
    cdef int set_left_in_chunk(self, object left) except -1
    cdef Py_ssize_t at_hand(self) noexcept
    cdef bint copy(self, uint8_t *out, Py_ssize_t size) noexcept
    cdef bytes arrived(self, Py_ssize_t most)
    cdef Py_ssize_t line_at_hand(self, Py_ssize_t most) except -1
    cdef int count(self, Py_ssize_t n) except -1
    cdef http1_rc decode(self, object target, Py_ssize_t *have, Py_ssize_t size) except *
    cdef Py_ssize_t arrive(self, object target, Py_ssize_t *have, Py_ssize_t size) except -1
    cdef http1_rc end(self) except *
    cdef bytes decoded(self, const uint8_t *octets, Py_ssize_t n, Py_ssize_t *used)
    cdef int give_back(self, bytes content, object error) except -1
    cdef bint waits(self, http1_rc rc) noexcept
    cdef int fail(self, http1_rc rc) except -1


cdef ChunkedBody new_body(object limits, bint strict)
