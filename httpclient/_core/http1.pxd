# SPDX-License-Identifier: MIT
"""The declarations of csrc; no other file names a header of csrc."""
from libc.stdint cimport uint8_t, uint64_t


cdef extern from "http1.h" nogil:
    enum http1_rc:
        HTTP1_OK
        HTTP1_END
        HTTP1_MORE
        HTTP1_ODD
        HTTP1_BAD
        HTTP1_LONG
        HTTP1_MANY

    struct http1_range:
        size_t at
        size_t end


cdef extern from "http1_head.h" nogil:
    struct http1_lines:
        size_t at
        size_t line
        size_t count
        size_t max_line
        size_t max_count

    struct http1_status:
        unsigned major
        unsigned minor
        unsigned code
        http1_range reason

    struct http1_field:
        http1_range name
        http1_range value

    struct http1_framing:
        uint64_t length
        uint8_t has_length
        uint8_t chunked
        uint8_t close
        uint8_t keep_alive
        uint8_t compound

    http1_rc http1_head_end(const uint8_t *buf, size_t end, http1_lines *lines) noexcept
    http1_rc http1_status_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                               http1_status *status) noexcept
    http1_rc http1_field_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                              http1_field *field) noexcept
    http1_rc http1_next_field(const uint8_t *buf, size_t end, size_t *at,
                              http1_field *field) noexcept
    http1_rc http1_find_field(const uint8_t *buf, size_t end, size_t *at, const uint8_t *name,
                              size_t n, http1_range *value) noexcept
    http1_rc http1_field_section(const uint8_t *buf, size_t end, size_t *at, int strict,
                                 http1_framing *framing) noexcept
    http1_rc http1_plain_section(const uint8_t *buf, size_t end, size_t *at, int strict,
                                 size_t max_line, size_t max_count,
                                 http1_framing *framing) noexcept


cdef extern from "http1_chunked.h" nogil:
    enum http1_chunked_state:
        HTTP1_AT_SIZE
        HTTP1_IN_DATA
        HTTP1_AT_CRLF
        HTTP1_AT_TRAILER

    struct http1_chunked:
        http1_chunked_state state
        int strict
        size_t max_line
        uint64_t overhead
        uint64_t left
        uint64_t content
        uint64_t framing

    http1_rc http1_chunk_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                              size_t max_line, uint64_t *size) noexcept
    http1_rc http1_chunked_step(http1_chunked *body, const uint8_t *buf, size_t end,
                                size_t *at) noexcept
    http1_rc http1_chunked_copy(http1_chunked *body, const uint8_t *buf, size_t end,
                                size_t *at, uint8_t *out, size_t room, size_t *put) noexcept


cdef extern from "http1_request.h" nogil:
    http1_rc http1_method(const uint8_t *buf, size_t end) noexcept
    http1_rc http1_target(const uint8_t *buf, size_t end) noexcept
    http1_rc http1_field_name(const uint8_t *buf, size_t end) noexcept
    http1_rc http1_field_value(const uint8_t *buf, size_t end) noexcept
