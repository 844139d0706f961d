/* SPDX-License-Identifier: MIT */
/* http1_head.c: the end of the head, and the status line.
 *
 * Tables of bytes with what the functions say of them, loosely and strictly;
 * check_answers() asks again at every length, in every place.  What one byte
 * may be at one position is asked of all 256, against the rules of rules.h.
 */
#include "check.h"

#include "http1_head.h"
#include "rules.h"

static struct guard guard;

/* ---- the end of the head ---- */

static const struct {
    const char *head;
    size_t n;
    size_t max_line, max_count;
    enum http1_rc rc;
    size_t used, count;
} HEADS[] = {
    {B("HTTP/1.1 200 OK\r\na: b\r\n\r\n"), 100, 9, HTTP1_OK, 25, 2},
    {B("HTTP/1.1 200 OK\r\na: b\r\n\r\nbody\r\n\r\n"), 100, 9, HTTP1_OK, 25, 2},
    {B("HTTP/1.1 200 OK\na: b\n\nbody"), 100, 9, HTTP1_OK, 22, 2},
    {B("HTTP/1.1 200 OK\r\na: b\n\r\n\n"), 100, 9, HTTP1_OK, 24, 2},
    {B("\r\n"), 100, 9, HTTP1_OK, 2, 0},
    {B("\n"), 100, 9, HTTP1_OK, 1, 0},
    {B("\n"), 1, 0, HTTP1_OK, 1, 0},
    {B("\r\n"), 2, 0, HTTP1_OK, 2, 0},
    {B("\r\n\r\n"), 100, 9, HTTP1_OK, 2, 0},
    {B("a\r\n\r\n"), 3, 1, HTTP1_OK, 5, 1},
    {B("a\n\nb\n\n"), 100, 9, HTTP1_OK, 3, 1},
    {B("a\r\n\n"), 3, 1, HTTP1_OK, 4, 1},
    /* neither a blank, nor a NUL, nor a second CR is an empty line */
    {B("a\r\n \r\n\0\r\n\r\r\n\0\n\r\n"), 100, 9, HTTP1_OK, 16, 5},
    {B("a\n\r\r\n"), 100, 9, HTTP1_MORE, 0, 2},
    {B("a\rb\r\r\rc\r"), 100, 9, HTTP1_MORE, 0, 0},
    {B("a\r\n\r"), 100, 9, HTTP1_MORE, 0, 1},
    {B("a\r\n"), 100, 9, HTTP1_MORE, 0, 1},
    {B("a"), 100, 9, HTTP1_MORE, 0, 0},
    {B(""), 100, 9, HTTP1_MORE, 0, 0},
    /* the limits, each at its last value that passes and at the next one */
    {B("abcdefgh\r\n\r\n"), 10, 1, HTTP1_OK, 12, 1},
    {B("abcdefgh\r\n\r\n"), 9, 1, HTTP1_LONG, 0, 0},
    {B("abcdefghij"), 10, 1, HTTP1_MORE, 0, 0},
    {B("abcdefghij"), 9, 1, HTTP1_LONG, 0, 0},
    {B("a\nabcdefgh\n\n"), 9, 2, HTTP1_OK, 12, 2},
    {B("a\nabcdefgh\n\n"), 8, 2, HTTP1_LONG, 0, 1},
    {B("a\nabcdefghi"), 8, 2, HTTP1_LONG, 0, 1},
    {B("a\nb\nc\n\n"), 8, 3, HTTP1_OK, 7, 3},
    {B("a\nb\nc\n\n"), 8, 2, HTTP1_MANY, 0, 2},
    {B("a\nb\nc\n"), 8, 2, HTTP1_MANY, 0, 2},
    {B("a\nb\nc"), 8, 2, HTTP1_MORE, 0, 2},
    {B("a\n\n"), 8, 0, HTTP1_MANY, 0, 0},
    {B("\r\n"), 1, 0, HTTP1_LONG, 0, 0},
    {B("\n"), 0, 0, HTTP1_LONG, 0, 0},
};

/* The search over the head as it arrives: `first` bytes, then always `step` more.
 * The buffer lies elsewhere each time, as it may when it grows. */
static enum http1_rc
head_end(size_t i, size_t n, size_t first, size_t step, struct http1_lines *lines)
{
    enum http1_rc rc;
    size_t end = first < n ? first : n;

    memset(lines, 0, sizeof *lines);
    lines->max_line = HEADS[i].max_line;
    lines->max_count = HEADS[i].max_count;
    for (;;) {
        const uint8_t *buf = guard_behind(guard, HEADS[i].head, end);

        rc = http1_head_end(buf, end, lines);
        CHECK(lines->at <= end && lines->line <= lines->at);
        if (rc != HTTP1_MORE || end == n)
            return rc;
        CHECK_SAME(lines->at, end);
        end = n - end > step ? end + step : n;
    }
}

static void
test_head_ends(void)
{
    struct http1_lines lines;

    for (size_t i = 0; i < ROWS(HEADS); i++) {
        size_t n = HEADS[i].n;

        for (size_t first = 0; first <= n; first++) {
            for (size_t step = 1; step <= n; step++) {
                check_begin("head", HEADS[i].head, n);
                CHECK_SAME(head_end(i, n, first, step, &lines), HEADS[i].rc);
                CHECK_SAME(lines.count, HEADS[i].count);
                if (HEADS[i].rc == HTTP1_OK) {
                    CHECK_SAME(lines.at, HEADS[i].used);
                    CHECK_SAME(lines.line, HEADS[i].used);
                }
            }
        }
        for (size_t less = 0; less < n; less++) { /* and what never arrives in full */
            enum http1_rc rc = head_end(i, less, less, 1, &lines);

            check_begin("head", HEADS[i].head, less);
            if (HEADS[i].rc == HTTP1_OK)
                CHECK_SAME(rc, less < HEADS[i].used ? HTTP1_MORE : HTTP1_OK);
            else
                CHECK(rc == HTTP1_MORE || rc == HEADS[i].rc);
        }
    }
}

/* ---- status line ---- */

static struct answer
status_line(const uint8_t *buf, size_t end, size_t at, int strict)
{
    struct http1_status status;
    struct answer answer = {0};
    size_t from = at;

    memset(&status, 0xaa, sizeof status);
    answer.rc = http1_status_line(buf, end, &at, strict, &status);
    answer.used = at - from;
    answer.said[0] = status.major;
    answer.said[1] = status.minor;
    answer.said[2] = status.code;
    answer.said[3] = status.reason.at - from;
    answer.said[4] = status.reason.end - from;
    return answer;
}

static const struct {
    const char *line;
    size_t n;
    enum http1_rc loose, strict;
    unsigned major, minor, code;
    const char *reason;
} STATUS_LINES[] = {
    {B("HTTP/1.1 200 OK\r\n"), HTTP1_OK, HTTP1_OK, 1, 1, 200, "OK"},
    {B("HTTP/1.0 404 Not Found\r\n"), HTTP1_OK, HTTP1_OK, 1, 0, 404, "Not Found"},
    {B("HTTP/1.1 200 \r\n"), HTTP1_OK, HTTP1_OK, 1, 1, 200, ""},
    {B("HTTP/1.1 200\r\n"), HTTP1_OK, HTTP1_ODD, 1, 1, 200, ""},
    {B("HTTP/1.1 200\n"), HTTP1_OK, HTTP1_ODD, 1, 1, 200, ""},
    {B("HTTP/1.1 200 \n"), HTTP1_OK, HTTP1_ODD, 1, 1, 200, ""},
    {B("HTTP/1.1 200 OK\n"), HTTP1_OK, HTTP1_ODD, 1, 1, 200, "OK"},
    {B("HTTP/1.1 200 a\tb\r\n"), HTTP1_OK, HTTP1_OK, 1, 1, 200, "a\tb"},
    {B("HTTP/1.1 200 a\xe9 b\r\n"), HTTP1_OK, HTTP1_OK, 1, 1, 200, "a\xe9 b"},
    {B("HTTP/9.8 100 x\r\n"), HTTP1_OK, HTTP1_OK, 9, 8, 100, "x"},
    {B("HTTP/0.9 999 !\r\n"), HTTP1_OK, HTTP1_OK, 0, 9, 999, "!"},
    {B("HTTP/1.1 123 456\r\n"), HTTP1_OK, HTTP1_OK, 1, 1, 123, "456"},
    /* the slow lane strips the reason phrase, so it has these */
    {B("HTTP/1.1 200  OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 \tOK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 OK \r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 OK\t\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200  \r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 \xa0OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 \xc4\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 OK\x85\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 OK\r\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 O\rK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 O\0K\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 O\x1bK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200 O\x7fK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    /* no status line of HTTP/1 */
    {B("HTTP/1.1 2000\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 0200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 20 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 2\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 20\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 2\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 20\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 099 x\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 +200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 2_00 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 -20 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1 200\tOK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1\t200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.1  200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1.10 200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/11 200 OK ok\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTP/1,1 200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("http/1.1 200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B(" HTTP/1.1 200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("HTTQ/1.1 200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("ICY 200 OK, all right\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B("\nHTTP/1.1 200 OK\r\n"), HTTP1_ODD, HTTP1_ODD, 0, 0, 0, ""},
    {B(""), HTTP1_MORE, HTTP1_MORE, 0, 0, 0, ""},
    {B("no line at all, though longer than one"), HTTP1_MORE, HTTP1_MORE, 0, 0, 0, ""},
    {B("HTTP/1.1 200 OK\r"), HTTP1_MORE, HTTP1_MORE, 0, 0, 0, ""},
};

static void
test_status_lines(void)
{
    for (size_t i = 0; i < 2 * ROWS(STATUS_LINES); i++) {
        const uint8_t *line = (const uint8_t *)STATUS_LINES[i / 2].line;
        size_t n = STATUS_LINES[i / 2].n;
        int strict = i & 1;
        size_t reason = strlen(STATUS_LINES[i / 2].reason);
        struct answer answer;

        check_begin(strict ? "strict status line" : "status line", line, n);
        answer = check_answers(status_line, guard, line, n, strict);
        CHECK_SAME(answer.rc, strict ? STATUS_LINES[i / 2].strict : STATUS_LINES[i / 2].loose);
        if (answer.rc != HTTP1_OK)
            continue;
        CHECK_SAME(answer.used, n);
        CHECK_SAME(answer.said[0], STATUS_LINES[i / 2].major);
        CHECK_SAME(answer.said[1], STATUS_LINES[i / 2].minor);
        CHECK_SAME(answer.said[2], STATUS_LINES[i / 2].code);
        CHECK_SAME(answer.said[4] - answer.said[3], reason);
        CHECK(answer.said[4] <= n);
        CHECK(memcmp(line + answer.said[3], STATUS_LINES[i / 2].reason, reason) == 0);
    }
}

/* Each byte of a status line becomes each of the 256.  What may be there: d a
 * digit, D one but 0, v a byte of a value, g one that is visible ASCII;
 * else the byte itself. */
static void
test_status_line_bytes(void)
{
    static const char line[] = "HTTP/1.1 234 abc\r\n";
    static const char rules[] = "HTTP/d.d Ddd gvg\r\n";
    uint8_t bytes[sizeof line - 1];

    for (size_t i = 0; i < 2 * (sizeof line - 3) * 256; i++) {
        size_t at = i / 512;
        int c = (int)(i / 2 % 256), strict = i & 1, legal;

        memcpy(bytes, line, sizeof bytes);
        bytes[at] = (uint8_t)c;
        switch (rules[at]) {
        case 'd': legal = is_digit(c); break;
        case 'D': legal = is_digit(c) && c != '0'; break;
        case 'v': legal = is_value_char(c); break;
        case 'g': legal = is_visible(c); break;
        default: legal = c == rules[at]; break;
        }
        if (c == '\n' && at >= 12) /* the line ends there */
            legal = !strict;
        check_begin("status line", bytes, sizeof bytes);
        CHECK_SAME(status_line(guard_behind(guard, bytes, sizeof bytes), sizeof bytes, 0,
                               strict).rc, legal ? HTTP1_OK : HTTP1_ODD);
    }
}

int
main(void)
{
    guard = guard_new();
    test_head_ends();
    test_status_lines();
    test_status_line_bytes();
    return check_report();
}
