/* SPDX-License-Identifier: MIT */
/* The head of a response: its end, the status line, the field section. */
#ifndef HTTP1_HEAD_H
#define HTTP1_HEAD_H

#include "http1.h"

/* A search for the empty line that resumes where it stopped. */
struct http1_lines {
    size_t at;       /* searched so far */
    size_t line;     /* where the line begins that `at` is in */
    size_t count;    /* whole lines before it */
    size_t max_line; /* octets of a line, its line end included */
    size_t max_count; /* lines before the empty one */
};

struct http1_status {
    unsigned major;
    unsigned minor;
    unsigned code;
    struct http1_range reason;
};

struct http1_field {
    struct http1_range name;
    struct http1_range value;
};

/* What the field section says about the message framing and the connection. */
struct http1_framing {
    uint64_t length;        /* Content-Length; valid if has_length */
    uint8_t has_length;
    uint8_t chunked;        /* Transfer-Encoding: chunked and nothing else */
    uint8_t close;          /* Connection: close */
    uint8_t keep_alive;     /* Connection: keep-alive, or the same by its forerunners */
    uint8_t compound;       /* Content-Type: multipart/... or message/... */
};

enum http1_rc http1_head_end(const uint8_t *buf, size_t end, struct http1_lines *lines);

enum http1_rc http1_status_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                                struct http1_status *status);

enum http1_rc http1_field_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                               struct http1_field *field);

enum http1_rc http1_next_field(const uint8_t *buf, size_t end, size_t *at,
                               struct http1_field *field);

enum http1_rc http1_find_field(const uint8_t *buf, size_t end, size_t *at, const uint8_t *name,
                               size_t n, struct http1_range *value);

enum http1_rc http1_field_section(const uint8_t *buf, size_t end, size_t *at, int strict,
                                  struct http1_framing *framing);

enum http1_rc http1_plain_section(const uint8_t *buf, size_t end, size_t *at, int strict,
                                  size_t max_line, size_t max_count,
                                  struct http1_framing *framing);

#endif
