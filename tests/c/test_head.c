/* SPDX-License-Identifier: MIT */
/* http1_head.c: the status line, the field line, the field section.
 *
 * Tables of bytes with what the functions say of them, loosely and strictly;
 * check_answers() asks again at every length, in every place.  What one byte
 * may be at one position is asked of all 256, against rules written out here.
 */
#include "check.h"

#include "http1_head.h"
#include "rules.h"

static struct guard guard;

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
 * digit, D one but 0, v a byte of a value, f one that is no blank, g one that
 * is visible ASCII; else the byte itself. */
static void
test_status_line_bytes(void)
{
    static const char line[] = "HTTP/1.1 234 abc\r\n";
    static const char rules[] = "HTTP/d.d Ddd fvg\r\n";
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
        case 'f': legal = is_value_char(c) && c > ' '; break;
        case 'g': legal = c > ' ' && c < 0x7f; break;
        default: legal = c == rules[at]; break;
        }
        if (c == '\n' && at >= 12) /* the line ends there */
            legal = !strict;
        check_begin("status line", bytes, sizeof bytes);
        CHECK_SAME(status_line(guard_behind(guard, bytes, sizeof bytes), sizeof bytes, 0,
                               strict).rc, legal ? HTTP1_OK : HTTP1_ODD);
    }
}

