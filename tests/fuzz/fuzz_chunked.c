/* SPDX-License-Identifier: MIT */
/* Fuzz target: chunked bodies.  The input is the body, from its first chunk-size line.
 *
 * Beside http1_chunked.c stands a decoder that knows nothing but the next byte.
 * At once, in pieces into little room, in place, and by steps, all have to come to
 * what it says: the same content, result and position; under the real limits and
 * under tight ones.
 */
#include "fuzz.h"

#include "http1_chunked.h"

struct limits {
    int strict;
    size_t max_line;
    uint64_t overhead;
};

struct decoded {
    enum http1_rc rc;
    size_t used;      /* where the unread bytes begin */
    size_t put;
    uint8_t *content; /* room for as many octets as the input has, and one more */
};

/* ---- the naive decoder ---- */

/* chunk-ext as a machine: BWS is what needs something behind it. */
static int
naive_extensions(const uint8_t *p, size_t n)
{
    enum { ITEM, GAP, SEMICOLON, NAME, NAME_GAP, EQUALS, VALUE, QUOTED, ESCAPED } state = ITEM;

    for (size_t i = 0; i < n; i++) {
        int c = p[i];

        if (state == QUOTED || state == ESCAPED) {
            if (!is_value_char(c))
                return 0;
            state = state == ESCAPED ? QUOTED : c == '"' ? ITEM : c == '\\' ? ESCAPED : QUOTED;
        } else if (is_blank(c)) {
            state = state == ITEM || state == VALUE ? GAP : state == NAME ? NAME_GAP : state;
        } else if (c == ';' && state != SEMICOLON && state != EQUALS) {
            state = SEMICOLON;
        } else if (c == '=' && (state == NAME || state == NAME_GAP)) {
            state = EQUALS;
        } else if (c == '"' && state == EQUALS) {
            state = QUOTED;
        } else if (is_tchar(c) && (state == SEMICOLON || state == NAME)) {
            state = NAME;
        } else if (is_tchar(c) && (state == EQUALS || state == VALUE)) {
            state = VALUE;
        } else {
            return 0;
        }
    }
    return state == ITEM || state == NAME || state == VALUE;
}

/* Where in a body the next byte belongs. */
struct machine {
    enum { SIZE, BLANK, EXTENSION, LINE_LF, DATA, DATA_CR, DATA_LF } state;
    size_t line;   /* where the chunk-size line began */
    size_t digits; /* of the size */
    uint64_t size, framing;
    enum { PLAIN, IN_QUOTES, BACKSLASH } quotes; /* of an extension */
    size_t limit;       /* octets that the line may have, */
    enum http1_rc over; /* and what it is if it has so many and has not ended */
};

/* A chunk-size line begins at i, behind `put` octets of content. */
static enum http1_rc
naive_line_begins(struct machine *m, size_t i, size_t put, const struct limits *limits)
{
    uint64_t all = limits->overhead > UINT64_MAX - put * 10 ? UINT64_MAX
                                                            : limits->overhead + put * 10;
    uint64_t allowed = all > m->framing ? all - m->framing : 0;

    m->state = SIZE;
    m->line = i;
    m->digits = 0;
    m->over = allowed < limits->max_line ? HTTP1_MANY : HTTP1_LONG;
    m->limit = allowed < limits->max_line ? (size_t)allowed : limits->max_line;
    return m->limit ? HTTP1_MORE : m->over;
}

/* One byte of a chunk-size line, at i.  HTTP1_OK: the line is whole. */
static enum http1_rc
naive_line_byte(struct machine *m, const uint8_t *data, size_t i, const struct limits *limits)
{
    int c = data[i];

    if (m->state == SIZE && is_hex(c)) {
        if (++m->digits > 16 || (m->digits == 16 && data[m->line] >= '8'))
            return HTTP1_BAD;
        m->size = m->size * 16 + (uint64_t)(is_digit(c) ? c - '0' : lower(c) - 'a' + 10);
    } else if (m->state == SIZE && m->digits == 0) {
        return HTTP1_BAD;
    } else if (m->state == LINE_LF) {
        if (c != '\n')
            return HTTP1_BAD;
        if (m->quotes != PLAIN)
            return HTTP1_BAD;
        if (limits->strict && !naive_extensions(data + m->line + m->digits,
                                                i - 1 - m->line - m->digits))
            return HTTP1_BAD;
        return HTTP1_OK;
    } else if (c == '\r') {
        m->state = LINE_LF;
    } else if (m->state == EXTENSION) {
        if (c == '\n')
            return HTTP1_BAD;
        if (m->quotes == BACKSLASH || (m->quotes == PLAIN && c == '"'))
            m->quotes = IN_QUOTES;
        else if (m->quotes == IN_QUOTES)
            m->quotes = c == '"' ? PLAIN : c == '\\' ? BACKSLASH : IN_QUOTES;
    } else if (is_blank(c) || c == ';') {
        m->state = c == ';' ? EXTENSION : BLANK;
    } else {
        return HTTP1_BAD;
    }
    return i - m->line + 1 == m->limit ? m->over : HTTP1_MORE;
}

static void
naive_decode(const uint8_t *data, size_t size, const struct limits *limits, struct decoded *d)
{
    struct machine m = {.state = SIZE, .quotes = PLAIN};

    d->rc = naive_line_begins(&m, 0, 0, limits);
    if (d->rc != HTTP1_MORE)
        return;
    for (size_t i = 0; i < size; i++) {
        if (m.state == DATA) {
            d->content[d->put++] = data[i];
            d->used = i + 1;
            if (--m.size == 0)
                m.state = DATA_CR;
        } else if (m.state == DATA_CR || m.state == DATA_LF) {
            d->rc = HTTP1_BAD;
            if (data[i] != (m.state == DATA_CR ? '\r' : '\n'))
                return;
            if (m.state++ == DATA_LF) {
                m.framing += 2;
                d->used = i + 1;
                d->rc = naive_line_begins(&m, i + 1, d->put, limits);
                if (d->rc != HTTP1_MORE)
                    return;
            }
        } else {
            d->rc = naive_line_byte(&m, data, i, limits);
            if (d->rc == HTTP1_MORE)
                continue;
            if (d->rc != HTTP1_OK)
                return;
            m.framing += i + 1 - m.line;
            d->used = i + 1;
            d->rc = HTTP1_END;
            if (m.size == 0)
                return;
            m.state = DATA;
        }
    }
    d->rc = HTTP1_MORE;
}

/* ---- ours, in four ways ---- */

static struct http1_chunked
fresh(const struct limits *limits)
{
    return (struct http1_chunked){
        .strict = limits->strict, .max_line = limits->max_line, .overhead = limits->overhead};
}

/* What holds after every call, whatever it said. */
static void
check_account(const struct http1_chunked *body, enum http1_rc rc, size_t used, size_t put)
{
    HOLDS(put <= used && body->content == put);
    HOLDS(rc == HTTP1_MANY || body->content + body->framing == used);
    HOLDS(body->state != HTTP1_IN_DATA || body->left > 0);
    HOLDS(body->left < UINT64_C(1) << 63);
    HOLDS((rc == HTTP1_END) == (body->state == HTTP1_AT_TRAILER));
}

/* All at once, into a block of its own. */
static void
decode_at_once(const uint8_t *data, size_t size, const struct limits *limits, struct decoded *d)
{
    struct http1_chunked body = fresh(limits);

    d->rc = http1_chunked_copy(&body, data, size, &d->used, d->content, size + 1, &d->put);
    check_account(&body, d->rc, d->used, d->put);
}

/* Pieces arrive, content leaves in portions. */
static void
decode_in_pieces(const uint8_t *data, size_t size, const struct limits *limits,
                 struct decoded *d, uint64_t *state)
{
    struct http1_chunked body = fresh(limits);
    struct arrival arrival = arrival_new(data, size, 0);

    for (;;) {
        size_t room = 1 + chance(state, chance(state, 4) ? size / 16 + 4 : size + 1);
        size_t put = 0, before = d->used;
        uint8_t *out = malloc(room);

        HOLDS(out);
        d->rc = http1_chunked_copy(&body, arrival.buf, arrival.end, &d->used, out, room, &put);
        HOLDS(put <= room && d->used <= arrival.end && put <= d->used - before);
        HOLDS(d->put + put <= size);
        memcpy(d->content + d->put, out, put);
        free(out);
        d->put += put;
        check_account(&body, d->rc, d->used, d->put);
        if (d->rc == HTTP1_OK)
            HOLDS(put == room);
        else if (d->rc != HTTP1_MORE || arrival.end == size)
            break;
        else
            arrive(&arrival, chance_piece(state, size - arrival.end));
    }
    arrival_free(&arrival);
}

/* Pieces arrive, content is written over what has been read. */
static void
decode_in_place(const uint8_t *data, size_t size, const struct limits *limits,
                struct decoded *d, uint64_t *state)
{
    struct http1_chunked body = fresh(limits);
    struct arrival arrival = arrival_new(data, size, 0);

    for (;;) {
        d->rc = http1_chunked_copy(&body, arrival.buf, arrival.end, &d->used, arrival.buf,
                                   size + 1, &d->put);
        check_account(&body, d->rc, d->used, d->put);
        if (d->rc != HTTP1_MORE || arrival.end == size)
            break;
        arrive(&arrival, chance_piece(state, size - arrival.end));
    }
    if (d->put)
        memcpy(d->content, arrival.buf, d->put);
    arrival_free(&arrival);
}

/* The caller takes the chunk data, in portions. */
static void
decode_by_steps(const uint8_t *data, size_t size, const struct limits *limits,
                struct decoded *d, uint64_t *state)
{
    struct http1_chunked body = fresh(limits);

    while ((d->rc = http1_chunked_step(&body, data, size, &d->used)) == HTTP1_OK) {
        size_t n = size - d->used;

        if (n == 0) {
            d->rc = HTTP1_MORE;
            break;
        }
        n = 1 + chance(state, n < body.left ? n : (size_t)body.left);
        memcpy(d->content + d->put, data + d->used, n);
        d->put += n;
        d->used += n;
        body.content += n;
        body.left -= n;
        if (body.left == 0)
            body.state = HTTP1_AT_CRLF;
    }
    check_account(&body, d->rc, d->used, d->put);
}

/* ---- all of it ---- */

static struct decoded
decoded_new(size_t size)
{
    struct decoded d = {HTTP1_MORE, 0, 0, malloc(size + 1)};

    HOLDS(d.content);
    return d;
}

static void
check_same(const struct decoded *expected, struct decoded *d, size_t size)
{
    HOLDS(d->rc == expected->rc && d->used == expected->used && d->put == expected->put);
    HOLDS(d->used <= size && memcmp(d->content, expected->content, d->put) == 0);
    d->used = d->put = 0;
}

static struct decoded
check_body(const uint8_t *data, size_t size, const struct limits *limits, uint64_t *state)
{
    struct decoded expected = decoded_new(size), d = decoded_new(size);

    naive_decode(data, size, limits, &expected);
    decode_at_once(data, size, limits, &d);
    check_same(&expected, &d, size);
    decode_in_pieces(data, size, limits, &d, state);
    check_same(&expected, &d, size);
    decode_in_place(data, size, limits, &d, state);
    check_same(&expected, &d, size);
    decode_by_steps(data, size, limits, &d, state);
    check_same(&expected, &d, size);
    free(d.content);
    return expected;
}

/* What strict takes, the loose grammar takes just so; and never less of it. */
static void
check_both(const uint8_t *data, size_t size, struct limits limits, uint64_t *state)
{
    struct decoded loose, strict;

    limits.strict = 0;
    loose = check_body(data, size, &limits, state);
    limits.strict = 1;
    strict = check_body(data, size, &limits, state);
    HOLDS(strict.put <= loose.put && memcmp(strict.content, loose.content, strict.put) == 0);
    if (strict.rc != HTTP1_BAD)
        HOLDS(strict.rc == loose.rc && strict.used == loose.used && strict.put == loose.put);
    free(loose.content);
    free(strict.content);
}

/* A size and a line alone: what they say of a part is MORE, or what they say of all. */
static void
check_line(const uint8_t *data, size_t size, uint64_t *state)
{
    size_t less = size ? chance(state, size < 64 ? size : 64) : 0;
    struct arrival arrival = arrival_new(data, size, less);
    size_t at[4] = {0, 0, 0, 0};
    uint64_t n[4];
    enum http1_rc rc[4];

    rc[0] = http1_chunk_size(data, size, &at[0], &n[0]);
    rc[1] = http1_chunk_size(arrival.buf, less, &at[1], &n[1]);
    rc[2] = http1_chunk_line(data, size, &at[2], 0, 4096, &n[2]);
    rc[3] = http1_chunk_line(arrival.buf, less, &at[3], 0, 4096, &n[3]);
    arrival_free(&arrival);
    for (int i = 0; i < 4; i += 2) {
        HOLDS(rc[i + 1] == HTTP1_MORE || (rc[i + 1] == rc[i] && at[i + 1] == at[i]));
        HOLDS(rc[i] == HTTP1_OK ? at[i] > 0 && n[i] < UINT64_C(1) << 63 : at[i] == 0);
        HOLDS(rc[i + 1] != HTTP1_OK || n[i + 1] == n[i]);
    }
    HOLDS(rc[2] != HTTP1_OK || (rc[0] == HTTP1_OK && n[0] == n[2] && at[0] + 2 <= at[2]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t state = chance_seed(data, size);
    struct limits real = {0, 4096, 1u << 20};
    struct limits tight = {0, 1 + chance(&state, 40), chance(&state, 64)};

    check_line(data, size, &state);
    check_both(data, size, real, &state);
    check_both(data, size, tight, &state);
    return 0;
}
