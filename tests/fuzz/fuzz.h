/* SPDX-License-Identifier: MIT */
/* What the fuzz targets share.
 *
 * The input is nothing but the bytes that a peer sends, so that captured traffic
 * is a seed as it is.  Whatever else a target needs (where to cut, which limits)
 * it draws from a generator that starts from a hash of the input: the same input
 * always does the same.
 *
 * An arrival is a heap block of which only the first `end` bytes may be read:
 * what is behind them is poisoned until it "arrives".
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <sanitizer/asan_interface.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http1.h"
#include "rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant.  libFuzzer keeps the input of an abort(). */
#define HOLDS(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

/* ---- chance ---- */

static inline uint64_t
chance_seed(const uint8_t *data, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    return hash | 1;
}

/* A number below `bound`; xorshift. */
static inline size_t
chance(uint64_t *state, size_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (size_t)((*state >> 11) % bound);
}

/* How many bytes arrive next, of `left` > 0: mostly few, sometimes all. */
static inline size_t
chance_piece(uint64_t *state, size_t left)
{
    size_t most = chance(state, 4) == 0 ? left : chance(state, 8) == 0 ? 1 : left / 4 + 1;

    return 1 + chance(state, most);
}

/* ---- arrivals ---- */

struct arrival {
    uint8_t *buf; /* a block of its own, writable */
    size_t end;   /* what has arrived; reading buf[end] is an error */
    size_t size;
};

static inline struct arrival
arrival_new(const uint8_t *data, size_t size, size_t end)
{
    struct arrival arrival = {malloc(size ? size : 1), end, size};

    HOLDS(arrival.buf);
    if (size)
        memcpy(arrival.buf, data, size);
    ASAN_POISON_MEMORY_REGION(arrival.buf + end, (size ? size : 1) - end);
    return arrival;
}

static inline void
arrive(struct arrival *arrival, size_t n)
{
    ASAN_UNPOISON_MEMORY_REGION(arrival->buf + arrival->end, n);
    arrival->end += n;
}

static inline void
arrival_free(struct arrival *arrival)
{
    ASAN_UNPOISON_MEMORY_REGION(arrival->buf, arrival->size ? arrival->size : 1);
    free(arrival->buf);
}

#endif
