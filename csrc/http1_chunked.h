/* SPDX-License-Identifier: MIT */
/* A chunked body: chunk sizes, chunk extensions, content out of chunks. */
#ifndef HTTP1_CHUNKED_H
#define HTTP1_CHUNKED_H

#include "http1.h"

enum http1_chunked_state {
    HTTP1_AT_SIZE,  /* a chunk-size line comes next */
    HTTP1_IN_DATA,  /* `left` octets of chunk data come next */
    HTTP1_AT_CRLF,  /* the CRLF behind chunk data comes next */
    HTTP1_AT_TRAILER /* the last chunk's line has been read */
};

struct http1_chunked {
    enum http1_chunked_state state;
    int strict;
    size_t max_line;  /* octets of a chunk-size line, extensions and CRLF included */
    uint64_t overhead; /* octets of framing allowed on top of ten times the content */
    uint64_t left;    /* chunk data still to come; only in HTTP1_IN_DATA */
    uint64_t content; /* octets of content so far */
    uint64_t framing; /* octets of everything else so far */
    /* The last CRLF and chunk-size line, if short: mostly they come again. */
    uint64_t again;      /* as one word of memory; */
    uint64_t again_mask; /* what of the word they are; */
    uint64_t again_size; /* the size that they announce; */
    uint8_t again_n;     /* and their octets, 0 for none */
};

enum http1_rc http1_chunk_size(const uint8_t *buf, size_t end, size_t *at, uint64_t *size);

enum http1_rc http1_chunk_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                               size_t max_line, uint64_t *size);

enum http1_rc http1_chunked_step(struct http1_chunked *body, const uint8_t *buf, size_t end,
                                 size_t *at);

enum http1_rc http1_chunked_copy(struct http1_chunked *body, const uint8_t *buf, size_t end,
                                 size_t *at, uint8_t *out, size_t room, size_t *put);

#endif
