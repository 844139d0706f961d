# SPDX-License-Identifier: MIT
from libc.stdint cimport int64_t, uint8_t

from .chunked cimport ChunkedBody
from .feed_reader cimport FeedReader
from .response_state cimport ResponseState

cdef enum:
    UNTIL_CLOSE = -1    # plain_left(): the content goes on to the end of the stream
    NOT_PLAIN = -2      # plain_left(): take() has to see the next octets


cdef class ResponseFeed:
    cdef int _status            # 0 before the head
    cdef int _version           # 0 before the head; 10, 11, or 9 for HTTP/0.9
    cdef object _reason         # None before the head
    cdef int _chunked           # -1 before the head, then 0 or 1
    cdef int _will_close        # -1 before the head, then 0 or 1
    cdef bint _complete         # True once the whole message has been fed
    cdef bint _failed           # True if the response was refused, or broke off
    cdef int64_t _left          # octets of content that have not been fed; -1 if unknown
    cdef object _beyond         # the part of a length that `_left` cannot hold, else 0
    cdef bytes _surplus         # octets that were fed after the end of the message
    cdef int _strict            # the setting: -1 for None, 0, 1
    cdef object _method         # the request's method
    cdef bint _reused           # True if the connection has brought a response before
    cdef readonly ResponseState _state  # limits, head, message, interim responses, trailer section
    cdef ChunkedBody _body      # decodes the content after the head if it is chunked, else None
    cdef FeedReader _reader     # octets that are kept until more have been fed, or None
    cdef object _cold           # functions for rare cases, see parser.py
    cdef str _why               # the text of the failure, for calls after it

    # These two return the content that they reveal, b"" if none, and raise the exceptions of
    # ResponseParser.feed() and end().  The octets must stay in place during the call, in which the
    # garbage collector may run; they are not used after it.
    cdef bytes take(self, const uint8_t *octets, Py_ssize_t n)
    cdef bytes finish(self)

    # Content without chunks may be received elsewhere, into its own place: at most plain_left()
    # octets, which count_plain() then counts.
    cdef Py_ssize_t plain_left(self) noexcept
    cdef int count_plain(self, Py_ssize_t n) except -1

    cdef int prepare(self, object method, bint reused, object strict, object limits,
                     object cold) except -1
    cdef int begin_turn(self) except -1
    cdef int check_open(self) except -1
    cdef bytes accept(self, const uint8_t *octets, Py_ssize_t n)
    cdef bytes accept_end(self)
    cdef int fail(self, object error) except -1
    cdef int end_message(self, const uint8_t *octets, Py_ssize_t n) except -1
    cdef int keep(self, const uint8_t *octets, Py_ssize_t n) except -1
    cdef int release(self) except -1
    cdef bytes content(self, const uint8_t *octets, Py_ssize_t n)
    cdef bytes content_by_reader(self, object size)
    cdef bint is_plain(self) noexcept
    cdef int count(self, Py_ssize_t n) except -1
    cdef bytes begin(self, const uint8_t *octets, Py_ssize_t n)
    cdef bytes begin_by_reader(self)
    cdef int begin_with(self, object found) except -1


# `strict` is None, True or False; `limits` is a Limits.
cdef ResponseFeed new_feed(object method, bint reused, object strict, object limits, object cold)
