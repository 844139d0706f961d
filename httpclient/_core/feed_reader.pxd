# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t

from .http1 cimport http1_lines
from .reader cimport Reader


cdef class FeedReader(Reader):
    cdef const uint8_t *_fed    # what is being fed, only while feed() runs
    cdef Py_ssize_t _fed_size
    cdef http1_lines _searched  # how far the unread bytes have been searched

    cdef int feed(self, const uint8_t *octets, Py_ssize_t n) except -1
    cdef int end(self) except -1
