/* SPDX-License-Identifier: MIT */
/* http1_chunked.c: the chunk size and the chunk-size line.
 *
 * Tables of bytes with what the functions say of them, loosely and strictly;
 * check_answers() asks again at every length, in every place.
 */
#include "check.h"

#include "http1_chunked.h"
#include "rules.h"

#define KIB4 4096u

static struct guard guard;

/* ---- chunk size ---- */

static struct answer
chunk_size(const uint8_t *buf, size_t end, size_t at, int strict)
{
    uint64_t size = 0xaaaa;
    struct answer answer = {0};
    size_t from = at;

    (void)strict;
    answer.rc = http1_chunk_size(buf, end, &at, &size);
    answer.used = at - from;
    answer.ahead = 1;
    answer.said[0] = size;
    return answer;
}

static const struct {
    const char *size;
    size_t n;
    enum http1_rc rc;
    size_t used;
    uint64_t value;
} SIZES[] = {
    {B("0\r\n"), HTTP1_OK, 1, 0},
    {B("5\r\n"), HTTP1_OK, 1, 5},
    {B("1a;x"), HTTP1_OK, 2, 0x1a},
    {B("deadBEEF\n"), HTTP1_OK, 8, 0xdeadbeef},
    {B("0000000000000001 "), HTTP1_OK, 16, 1},
    {B("7fffffffffffffff\r"), HTTP1_OK, 16, UINT64_C(0x7fffffffffffffff)},
    {B("07FFFFFFFFFFFFFF\r"), HTTP1_OK, 16, UINT64_C(0x7ffffffffffffff)},
    {B("8000000000000000\r"), HTTP1_BAD, 0, 0},
    {B("8000000000000000"), HTTP1_BAD, 0, 0},
    {B("ffffffffffffffff\r"), HTTP1_BAD, 0, 0},
    {B("10000000000000000\r"), HTTP1_BAD, 0, 0},
    {B("00000000000000000\r"), HTTP1_BAD, 0, 0},
    {B("00000000000000001\r"), HTTP1_BAD, 0, 0},
    {B("0000000000000000000000000000000000000005\r"), HTTP1_BAD, 0, 0},
    {B("0x2\r"), HTTP1_OK, 1, 0}, /* the line refuses the x */
    {B("\r\n"), HTTP1_BAD, 0, 0},
    {B(" 5\r\n"), HTTP1_BAD, 0, 0},
    {B("\t5\r\n"), HTTP1_BAD, 0, 0},
    {B("+5\r\n"), HTTP1_BAD, 0, 0},
    {B("-5\r\n"), HTTP1_BAD, 0, 0},
    {B(";a\r\n"), HTTP1_BAD, 0, 0},
    {B("\0"), HTTP1_BAD, 0, 0},
    {B("g"), HTTP1_BAD, 0, 0},
    {B("000000000000000f"), HTTP1_MORE, 0, 0},
    {B("5"), HTTP1_MORE, 0, 0},
    {B(""), HTTP1_MORE, 0, 0},
};

static void
test_chunk_sizes(void)
{
    for (size_t i = 0; i < ROWS(SIZES); i++) {
        struct answer answer;

        check_begin("chunk size", SIZES[i].size, SIZES[i].n);
        answer = check_answers(chunk_size, guard, SIZES[i].size, SIZES[i].n, 0);
        CHECK_SAME(answer.rc, SIZES[i].rc);
        CHECK_SAME(answer.used, SIZES[i].used);
        if (answer.rc == HTTP1_OK)
            CHECK_SAME(answer.said[0], SIZES[i].value);
    }
    for (int c = 0; c < 256; c++) { /* each byte as a digit, or not */
        uint8_t bytes[3] = {(uint8_t)c, '1', '\r'};
        struct answer answer = chunk_size(guard_behind(guard, bytes, 3), 3, 0, 0);

        check_begin("chunk size", bytes, 3);
        CHECK_SAME(answer.rc, is_hex(c) ? HTTP1_OK : HTTP1_BAD);
        if (is_hex(c)) {
            char text[2] = {(char)c, 0};
            CHECK_SAME(answer.said[0], strtoull(text, NULL, 16) * 16 + 1);
        }
    }
}

/* ---- chunk-size line ---- */

static size_t max_line;

static struct answer
chunk_line(const uint8_t *buf, size_t end, size_t at, int strict)
{
    uint64_t size = 0xaaaa;
    struct answer answer = {0};
    size_t from = at;

    answer.rc = http1_chunk_line(buf, end, &at, strict, max_line, &size);
    answer.used = at - from;
    answer.said[0] = size;
    return answer;
}

static const struct {
    const char *line;
    size_t n;
    enum http1_rc loose, strict;
    uint64_t size;
} LINES[] = {
    {B("5\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("0\r\n"), HTTP1_OK, HTTP1_OK, 0},
    {B("7fffffffffffffff\r\n"), HTTP1_OK, HTTP1_OK, UINT64_C(0x7fffffffffffffff)},
    {B("8000000000000000\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("00000000000000005\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5\r\nhello"), HTTP1_OK, HTTP1_OK, 5},
    /* line ends */
    {B("5\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5 \n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a\nb\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5\rx\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5\r\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a\rb\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a\r\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a=\"\r\n\"\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    /* blanks and other bytes behind the size */
    {B("5 \r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5\t \t\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5 5\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5x\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("0x5\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5_0\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5.0\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5,5\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5\0\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5=a\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5\x0b\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    /* no size */
    {B("\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B(" 5\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("+5\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("-5\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B(";a=b\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    /* chunk extensions */
    {B("5;a\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5;a=b\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5;a;b=c;d\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5 ; \ta\t= b ;c\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5;a=\"\"\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5;a=\"b c\t;=\xe4\"\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5;a=\"\\\"\\\\\";b\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5;!#$%&'*+-.^_`|~=~\r\n"), HTTP1_OK, HTTP1_OK, 5},
    {B("5;\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;;a\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5; \r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a \r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a=b\t\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a=\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a= \r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;=b\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a==b\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a=b=c\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a b\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a,b\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a\xe4\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a\0\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a=\"\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a=\"b\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a=\"\\\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a=\"\\\"\r\n"), HTTP1_BAD, HTTP1_BAD, 0},
    {B("5;a=\"\x01\"\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a=\"\x7f\"\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a=\"\\\x01\"\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;a=\"b\"c\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    {B("5;\"a\"\r\n"), HTTP1_OK, HTTP1_BAD, 5},
    /* not yet */
    {B("5;a=b\r"), HTTP1_MORE, HTTP1_MORE, 0},
    {B("5 \t"), HTTP1_MORE, HTTP1_MORE, 0},
    {B("5;"), HTTP1_MORE, HTTP1_MORE, 0},
    {B("5"), HTTP1_MORE, HTTP1_MORE, 0},
    {B(""), HTTP1_MORE, HTTP1_MORE, 0},
};

static void
test_chunk_lines(void)
{
    max_line = KIB4;
    for (size_t i = 0; i < 2 * ROWS(LINES); i++) {
        const char *line = LINES[i / 2].line;
        size_t n = LINES[i / 2].n;
        int strict = i & 1;
        struct answer answer;

        check_begin(strict ? "strict chunk line" : "chunk line", line, n);
        answer = check_answers(chunk_line, guard, line, n, strict);
        CHECK_SAME(answer.rc, strict ? LINES[i / 2].strict : LINES[i / 2].loose);
        if (answer.rc == HTTP1_OK) {
            CHECK_SAME(answer.used, (size_t)((const char *)memchr(line, '\n', n) - line) + 1);
            CHECK_SAME(answer.said[0], LINES[i / 2].size);
        }
    }
}

/* The limit at both sides of the length of each line that is legal, and where it
 * hides what is illegal behind it. */
static void
test_chunk_line_limit(void)
{
    static const char *const lines[] = {"5\r\n", "5;abc=\"def\"\r\n", "0000000000000010 \r\n",
                                        "5;a\n", "5;a\rb", "5  x\r\n", "00000000000000000\r\n"};
    static const size_t ends[] = {3, 13, 19, 4, 5, 4, 17}; /* where the answer is known */
    char padded[KIB4 + 8];

    for (size_t i = 0; i < ROWS(lines); i++) {
        size_t n = strlen(lines[i]);
        enum http1_rc rc = i < 3 ? HTTP1_OK : HTTP1_BAD;

        for (max_line = 0; max_line < n + 3; max_line++) {
            check_begin("chunk line", lines[i], n);
            CHECK_SAME(check_answers(chunk_line, guard, lines[i], n, 0).rc,
                       max_line < ends[i] ? HTTP1_LONG : rc);
        }
    }
    max_line = KIB4;
    for (size_t n = KIB4 - 2; n < KIB4 + 3; n++) {
        memset(padded, 'x', sizeof padded);
        memcpy(padded, "5;", 2);
        memcpy(padded + n - 2, "\r\n", 2);
        check_begin("chunk line", padded, n);
        CHECK_SAME(check_answers(chunk_line, guard, padded, n, 1).rc,
                   n <= KIB4 ? HTTP1_OK : HTTP1_LONG);
    }
    /* without a line end: as soon as it can no longer come in time */
    memset(padded, 'x', sizeof padded);
    memcpy(padded, "5;", 2);
    for (size_t n = KIB4 - 2; n < KIB4 + 3; n++)
        CHECK_SAME(chunk_line(guard_behind(guard, padded, n), n, 0, 0).rc,
                   n < KIB4 ? HTTP1_MORE : HTTP1_LONG);
}

int
main(void)
{
    guard = guard_new();
    test_chunk_sizes();
    test_chunk_lines();
    test_chunk_line_limit();
    return check_report();
}
