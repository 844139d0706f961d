/* SPDX-License-Identifier: MIT */
/* What every function of this folder shares: the result codes.
 *
 * Bytes in, offsets and codes out.  The caller owns every byte; ranges are
 * offsets from the start of the buffer, so they survive its moving; nothing
 * at or past buf[end] is ever read.
 */
#ifndef HTTP1_H
#define HTTP1_H

#include <stddef.h>
#include <stdint.h>

enum http1_rc {
    HTTP1_OK,   /* one item read; the position stands just past it */
    HTTP1_END,  /* the section is over; the position stands just past it */
    HTTP1_MORE, /* not decidable yet; nothing has moved */
    HTTP1_ODD,  /* legal or not, not mine: the slow lane decides */
    HTTP1_BAD,  /* no grammar that we serve takes these bytes */
    HTTP1_LONG, /* a line exceeds its limit */
    HTTP1_MANY  /* more lines, or more framing, than the limit */
};

/* The bytes buf[at] to buf[end - 1]. */
struct http1_range {
    size_t at;
    size_t end;
};

#endif
