/* SPDX-License-Identifier: MIT */
/* http1_chunked.c: content out of chunks.
 *
 * A body is decoded at once, in pieces of every size, with little room, in place,
 * and by steps with the caller taking the chunk data; all must come to the same.
 */
#include "check.h"

#include "http1_chunked.h"

#define KIB4 4096u
#define MIB 1048576u

static struct guard guard, out_guard;

/* ---- body ---- */

enum { LOOSE, STRICT };

/* `used` is where the unread bytes begin, `rc` what stands there. */
static const struct {
    const char *wire;
    size_t n;
    int strict;
    enum http1_rc rc;
    const char *content;
    size_t used;
} BODIES[] = {
    {B("0\r\n\r\n"), STRICT, HTTP1_END, "", 3},
    {B("0;a=b\r\nX: y\r\n\r\n"), STRICT, HTTP1_END, "", 7},
    {B("000\r\n"), STRICT, HTTP1_END, "", 5},
    {B("5\r\nhello\r\n0\r\n\r\n"), STRICT, HTTP1_END, "hello", 13},
    {B("5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), STRICT, HTTP1_END, "hello", 13},
    {B("1\r\na\r\n02\r\nbc\r\n3;x\r\ndef\r\n0\r\n\r\n"), STRICT, HTTP1_END, "abcdef", 27},
    {B("4\r\n\r\n0\r\r\n0\r\n"), STRICT, HTTP1_END, "\r\n0\r", 12},
    {B("5 \r\nhello\r\n0\t;\r\n\r\n"), LOOSE, HTTP1_END, "hello", 16},
    {B("5 \r\nhello\r\n"), STRICT, HTTP1_BAD, "", 0},
    {B("1\r\na\r\n1;\r\nb\r\n0\r\n"), STRICT, HTTP1_BAD, "a", 6},
    {B("1\r\na\r\n1;\r\nb\r\n0\r\n"), LOOSE, HTTP1_END, "ab", 16},
    /* a quoted string of an extension must end on its line */
    {B("1;a=\"\\\"\"\r\nb\r\n0\r\n"), LOOSE, HTTP1_END, "b", 16},
    {B("1;a=\"\r\nb\r\n1;\"\r\n0\r\n"), LOOSE, HTTP1_BAD, "", 0},
    {B("1;a=\"\\\"\r\nb\r\n0\r\n"), LOOSE, HTTP1_BAD, "", 0},
    {B("1;a=\"\\\r\nb\r\n0\r\n"), LOOSE, HTTP1_BAD, "", 0},
    /* a line that comes again, and what only begins like it */
    {B("2\r\nab\r\n2\r\ncd\r\n2\r\nef\r\n3\r\nghi\r\n2\r\njk\r\n0\r\n\r\n"), STRICT, HTTP1_END,
     "abcdefghijk", 39},
    {B("1\r\n1\r\n1\r\n\r\r\n1\r\n\n\r\n1\r\na\r\n0\r\n\r\n"), STRICT, HTTP1_END, "1\r\na", 27},
    {B("2\r\nab\r\n2\r\ncd\r\n2;x\r\nef\r\n2;x\r\ngh\r\n0\r\n"), STRICT, HTTP1_END, "abcdefgh", 35},
    {B("2 \r\nab\r\n2 \r\ncd\r\n0\r\n"), LOOSE, HTTP1_END, "abcd", 19},
    {B("9\r\n123456789\r\n9\r\n123456789\r\n90\r\n12345"), LOOSE, HTTP1_MORE,
     "12345678912345678912345", 37},
    {B("9\r\n123456789\r\n9\r\n123456789X\n9\r\n12345"), LOOSE, HTTP1_BAD,
     "123456789123456789", 26},
    {B("9\r\n123456789\r\n9\r\n123456789\r\n9\n12345"), LOOSE, HTTP1_BAD, "123456789123456789", 28},
    {B("9\r\n123456789\r\n9\r\n123456789\r\n9\r\n1234"), LOOSE, HTTP1_MORE,
     "1234567891234567891234", 35},
    {B("a\r\n123456789a\r\nA\r\n123456789b\r\nA\r\n123456789c\r\n0\r\n"), LOOSE, HTTP1_END,
     "123456789a123456789b123456789c", 48},
    /* the two bytes behind chunk data */
    {B("5\r\nhello\n0\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhelloX\r\n0\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhelloX\n0\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhello\n\n0\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhello\rX0\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhello\r\r\n0\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhello0\r\n\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhello \r\n0\r\n"), LOOSE, HTTP1_BAD, "hello", 8},
    {B("5\r\nhello\r\n\r\n0\r\n"), LOOSE, HTTP1_BAD, "hello", 10},
    /* bad sizes, first and later */
    {B("x\r\n"), LOOSE, HTTP1_BAD, "", 0},
    {B("-5\r\nhello\r\n"), LOOSE, HTTP1_BAD, "", 0},
    {B("0x5\r\nhello\r\n"), LOOSE, HTTP1_BAD, "", 0},
    {B("1\r\na\r\n8000000000000000\r\nb"), LOOSE, HTTP1_BAD, "a", 6},
    {B("1\r\na\r\n10000000000000001\r\nb"), LOOSE, HTTP1_BAD, "a", 6},
    {B("1\r\na\r\n0\n\n"), LOOSE, HTTP1_BAD, "a", 6},
    {B("1\r\na\r\n1;2345678901234567890\r\nb"), LOOSE, HTTP1_LONG, "a", 6},
    {B("1\r\na\r\n1;2345678901234567\r\nb"), LOOSE, HTTP1_MORE, "ab", 27},
    /* cut short */
    {B("5\r\nhel"), LOOSE, HTTP1_MORE, "hel", 6},
    {B("5\r\nhello"), LOOSE, HTTP1_MORE, "hello", 8},
    {B("5\r\nhello\r"), LOOSE, HTTP1_MORE, "hello", 8},
    {B("5\r\nhello\r\n"), LOOSE, HTTP1_MORE, "hello", 10},
    {B("5\r\nhello\r\n0\r"), LOOSE, HTTP1_MORE, "hello", 10},
    {B("5\r\nhello\r\n0"), LOOSE, HTTP1_MORE, "hello", 10},
    {B("7fffffffffffffff\r\nabc"), STRICT, HTTP1_MORE, "abc", 21},
    {B("5"), LOOSE, HTTP1_MORE, "", 0},
    {B(""), LOOSE, HTTP1_MORE, "", 0},
};

struct run {
    struct http1_chunked body;
    enum http1_rc rc;
    size_t used;
    size_t put;
    uint8_t content[64];
};

static void
begin(size_t i, struct run *run)
{
    memset(run, 0, sizeof *run);
    run->body.strict = BODIES[i].strict;
    run->body.max_line = 21;
    run->body.overhead = MIB;
}

/* The next arrival: where the bytes that are there end now. */
static size_t
arrive(size_t have, size_t step, size_t n)
{
    return n - have > step ? have + step : n;
}

/* Bytes arrive, `first` and then `step` at once, up to wire[n - 1]; content goes out
 * `room` octets at once.  The unread bytes lie elsewhere in each call. */
static void
decode(size_t i, size_t n, size_t first, size_t step, size_t room, struct run *run)
{
    size_t have = arrive(0, first, n);

    begin(i, run);
    for (;;) {
        const uint8_t *buf = guard_behind(guard, BODIES[i].wire + run->used, have - run->used);
        uint8_t *out = out_guard.high - room;
        size_t at = 0, put = 0;

        run->rc = http1_chunked_copy(&run->body, buf, have - run->used, &at, out, room, &put);
        CHECK(at <= have - run->used && put <= room && put <= at);
        memcpy(run->content + run->put, out, put);
        run->put += put;
        run->used += at;
        if (run->rc == HTTP1_OK) {
            CHECK_SAME(put, room);
        } else if (run->rc != HTTP1_MORE || have == n) {
            return;
        } else {
            have = arrive(have, step, n);
        }
    }
}

/* The same, with the content written over the bytes that have been read. */
static void
decode_in_place(size_t i, size_t n, size_t first, size_t step, struct run *run)
{
    uint8_t store[64];
    size_t have = arrive(0, first, n);

    begin(i, run);
    memcpy(store, BODIES[i].wire, n);
    for (;;) {
        uint8_t *buf = guard_behind(guard, store, have);

        run->rc = http1_chunked_copy(&run->body, buf, have, &run->used, buf, have + 1,
                                     &run->put);
        CHECK(run->used <= have && run->put <= run->used);
        memcpy(store, buf, have);
        if (run->rc != HTTP1_MORE || have == n)
            break;
        have = arrive(have, step, n);
    }
    memcpy(run->content, store, run->put);
}

/* The same by steps: the caller takes the chunk data, and keeps the account. */
static void
decode_by_steps(size_t i, size_t n, size_t first, size_t step, struct run *run)
{
    size_t have = arrive(0, first, n);

    begin(i, run);
    for (;;) {
        const uint8_t *buf = guard_behind(guard, BODIES[i].wire, have);
        size_t take;

        run->rc = http1_chunked_step(&run->body, buf, have, &run->used);
        CHECK(run->used <= have);
        take = run->rc == HTTP1_OK ? have - run->used : 0;
        if (take > run->body.left)
            take = (size_t)run->body.left;
        if (take) {
            memcpy(run->content + run->put, buf + run->used, take);
            run->put += take;
            run->used += take;
            run->body.content += take;
            run->body.left -= take;
            if (run->body.left == 0)
                run->body.state = HTTP1_AT_CRLF;
            continue;
        }
        if (run->rc == HTTP1_OK)
            run->rc = HTTP1_MORE;
        if (run->rc != HTTP1_MORE || have == n)
            return;
        have = arrive(have, step, n);
    }
}

static void
check_run(size_t i, const struct run *run)
{
    size_t content = strlen(BODIES[i].content);

    CHECK_SAME(run->rc, BODIES[i].rc);
    CHECK_SAME(run->used, BODIES[i].used);
    CHECK_SAME(run->put, content);
    CHECK(memcmp(run->content, BODIES[i].content, content) == 0);
    CHECK_SAME(run->body.content, content);
    CHECK_SAME(run->body.framing, run->used - content);
    if (run->rc == HTTP1_END)
        CHECK_SAME(run->body.state, HTTP1_AT_TRAILER);
}

static void
test_bodies(void)
{
    static const size_t steps[] = {1, 2, 3, 5, 7, 64}, rooms[] = {1, 2, 3, 63};
    struct run run;

    for (size_t i = 0; i < ROWS(BODIES); i++) {
        size_t n = BODIES[i].n;

        check_begin("body", BODIES[i].wire, n);
        for (size_t first = 0; first <= n; first++) {
            for (size_t s = 0; s < ROWS(steps); s++) {
                for (size_t r = 0; r < ROWS(rooms); r++) {
                    decode(i, n, first, steps[s], rooms[r], &run);
                    check_run(i, &run);
                }
                decode_in_place(i, n, first, steps[s], &run);
                check_run(i, &run);
                decode_by_steps(i, n, first, steps[s], &run);
                check_run(i, &run);
            }
        }
        for (size_t less = 0; less < n; less++) { /* and what never arrives in full */
            decode(i, less, less, 1, 63, &run);
            CHECK(run.rc == HTTP1_MORE || run.rc == BODIES[i].rc);
            CHECK(run.used <= BODIES[i].used && run.put <= strlen(BODIES[i].content));
            CHECK(memcmp(run.content, BODIES[i].content, run.put) == 0);
        }
    }
}

/* ---- the end, room, and the account of the framing ---- */

static void
test_states(void)
{
    static const uint8_t wire[] = "3\r\nabcXY";
    struct http1_chunked body = {.max_line = KIB4, .overhead = MIB};
    uint8_t out[8] = "........";
    size_t at = 0, put = 0;

    check_begin("body", wire, sizeof wire - 1);
    CHECK_SAME(http1_chunked_copy(&body, wire, 8, &at, out, 0, &put), HTTP1_OK);
    CHECK(at == 0 && put == 0 && body.state == HTTP1_AT_SIZE);
    CHECK_SAME(http1_chunked_copy(&body, wire, 8, &at, out, 2, &put), HTTP1_OK);
    CHECK(at == 5 && put == 2 && body.left == 1 && body.state == HTTP1_IN_DATA);
    CHECK_SAME(http1_chunked_step(&body, wire, 8, &at), HTTP1_OK); /* in chunk data it stays */
    CHECK(at == 5 && body.left == 1 && body.framing == 3);
    CHECK_SAME(http1_chunked_copy(&body, wire, 8, &at, out, 3, &put), HTTP1_OK);
    CHECK(at == 6 && put == 3 && body.left == 0 && body.state == HTTP1_AT_CRLF);
    CHECK_SAME(http1_chunked_copy(&body, wire, 8, &at, out, 8, &put), HTTP1_BAD);
    CHECK(at == 6 && put == 3 && body.content == 3);
    CHECK_SAME(http1_chunked_copy(&body, wire, 8, &at, out, 8, &put), HTTP1_BAD);
    CHECK(memcmp(out, "abc.....", 8) == 0);
    body.state = HTTP1_AT_TRAILER;
    CHECK_SAME(http1_chunked_step(&body, wire, 8, &at), HTTP1_END);
    CHECK_SAME(http1_chunked_copy(&body, wire, 8, &at, out, 8, &put), HTTP1_END);
    CHECK(at == 6 && put == 3);
}

/* More framing than `overhead` and ten times the content. */
static void
test_framing_account(void)
{
    static const uint64_t overheads[] = {0, 1, 9, MIB, UINT64_C(1) << 62, UINT64_MAX};
    static const uint64_t contents[] = {0, 1, 7, MIB, UINT64_C(1) << 58};

    for (size_t i = 0; i < ROWS(overheads) * ROWS(contents); i++) {
        uint64_t overhead = overheads[i / ROWS(contents)], content = contents[i % ROWS(contents)];

        for (size_t over = 0; over < 2; over++) {
            struct http1_chunked body = {.max_line = KIB4, .overhead = overhead};
            size_t at = 0;
            uint64_t framing = overhead + content * 10 + over;

            if (framing < overhead || framing < 3) /* beyond what can be counted, or nothing */
                continue;
            body.content = content;
            body.framing = framing - 3;
            CHECK_SAME(http1_chunked_step(&body, guard_behind(guard, "5\r\n", 3), 3, &at),
                       over ? HTTP1_MANY : HTTP1_OK);
            CHECK_SAME(at, over ? 0 : 3);
        }
    }
}

/* A line counts before it ends, however long it may be; the same in pieces as at once. */
static void
test_line_without_end(void)
{
    uint8_t line[200];

    memset(line, 'x', sizeof line);
    memcpy(line, "1;", 2);
    check_begin("line without end", line, 8);
    for (size_t end = 1; end <= sizeof line; end++) {
        struct http1_chunked body = {.max_line = KIB4, .overhead = 100};
        enum http1_rc expected = end < 100 ? HTTP1_MORE : HTTP1_MANY;
        size_t at = 0;

        CHECK_SAME(http1_chunked_step(&body, guard_behind(guard, line, end), end, &at), expected);
        CHECK(at == 0 && body.framing == 0);
        body.max_line = 50;
        expected = end < 50 ? HTTP1_MORE : HTTP1_LONG;
        CHECK_SAME(http1_chunked_step(&body, guard_behind(guard, line, end), end, &at), expected);
    }
}

/* A flood of tiny chunks with a long extension each, until it is too much. */
static void
test_flood(void)
{
    uint8_t chunk[1003], out[2];
    struct http1_chunked body = {.max_line = KIB4, .overhead = MIB};
    enum http1_rc rc = HTTP1_MORE;
    size_t chunks = 0;

    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "1;", 2);
    memcpy(chunk + 998, "\r\na\r\n", 5);
    check_begin("flood", chunk, 8);
    for (; rc == HTTP1_MORE && chunks < 2000; chunks++) {
        size_t at = 0, put = 0;

        rc = http1_chunked_copy(&body, guard_behind(guard, chunk, sizeof chunk), sizeof chunk,
                                &at, out, sizeof out, &put);
    }
    CHECK_SAME(rc, HTTP1_MANY);
    /* each brings 1002 octets of framing, 992 more than its content pays for */
    CHECK_SAME(chunks, MIB / 992 + 1);
}

int
main(void)
{
    guard = guard_new();
    out_guard = guard_new();
    test_bodies();
    test_states();
    test_framing_account();
    test_line_without_end();
    test_flood();
    return check_report();
}
