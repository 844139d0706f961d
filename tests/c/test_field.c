/* SPDX-License-Identifier: MIT */
/* http1_head.c: the field line, and what a field section says about the framing.
 *
 * Tables of bytes with what the functions say of them, loosely and strictly;
 * check_answers() asks again at every length, in every place.
 */
#include "check.h"

#include "http1_head.h"
#include "rules.h"

static struct guard guard;

/* ---- field line ---- */

static struct answer
field_line(const uint8_t *buf, size_t end, size_t at, int strict)
{
    struct http1_field field;
    struct answer answer = {0};
    size_t from = at;

    memset(&field, 0xaa, sizeof field);
    answer.rc = http1_field_line(buf, end, &at, strict, &field);
    answer.used = at - from;
    if (answer.rc == HTTP1_OK) { /* at the end there is no field */
        answer.said[0] = field.name.at - from;
        answer.said[1] = field.name.end - from;
        answer.said[2] = field.value.at - from;
        answer.said[3] = field.value.end - from;
    }
    return answer;
}

static const struct {
    const char *line;
    size_t n;
    enum http1_rc loose, strict;
    const char *name, *value;
} FIELD_LINES[] = {
    {B("a: b\r\n"), HTTP1_OK, HTTP1_OK, "a", "b"},
    {B("a:b\r\n"), HTTP1_OK, HTTP1_OK, "a", "b"},
    {B("a: b\n"), HTTP1_OK, HTTP1_ODD, "a", "b"},
    {B("a:\r\n"), HTTP1_OK, HTTP1_OK, "a", ""},
    {B("a:\n"), HTTP1_OK, HTTP1_ODD, "a", ""},
    {B("a: \t \r\n"), HTTP1_OK, HTTP1_OK, "a", ""},
    {B("a:  \n"), HTTP1_OK, HTTP1_ODD, "a", ""},
    {B("a: \tb\r\n"), HTTP1_OK, HTTP1_OK, "a", "b"},
    {B("a: b c \t\r\n"), HTTP1_OK, HTTP1_OK, "a", "b c \t"},
    {B("Set-Cookie: k=v; Path=/:\r\n"), HTTP1_OK, HTTP1_OK, "Set-Cookie", "k=v; Path=/:"},
    {B("!#$%&'*+-.^_`|~09azAZ: x\r\n"), HTTP1_OK, HTTP1_OK, "!#$%&'*+-.^_`|~09azAZ", "x"},
    {B("a: \xe4\xff\x80\r\n"), HTTP1_OK, HTTP1_OK, "a", "\xe4\xff\x80"},
    {B("a::\r\n"), HTTP1_OK, HTTP1_OK, "a", ":"},
    {B("a: b\x01\x7f\r\n"), HTTP1_OK, HTTP1_ODD, "a", "b\x01\x7f"},
    {B("a: \x0b\r\n"), HTTP1_OK, HTTP1_ODD, "a", "\x0b"},
    {B("a: b\0c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a: \0\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a: b\rc\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a: b\r\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a: \r\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a:\r\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a\0b: c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a b: c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a : c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a\r: c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("a\xe9: c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B(": c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B(":\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B(" a: c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("\ta: c\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B(" \r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("abc\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("abc\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("\r\r\n"), HTTP1_ODD, HTTP1_ODD, "", ""},
    {B("\r\n"), HTTP1_END, HTTP1_END, "", ""},
    {B("\n"), HTTP1_END, HTTP1_ODD, "", ""},
    {B("a: b\r"), HTTP1_MORE, HTTP1_MORE, "", ""},
    {B("abc"), HTTP1_MORE, HTTP1_MORE, "", ""},
    {B("\r"), HTTP1_MORE, HTTP1_MORE, "", ""},
    {B(""), HTTP1_MORE, HTTP1_MORE, "", ""},
};

static void
test_field_lines(void)
{
    for (size_t i = 0; i < 2 * ROWS(FIELD_LINES); i++) {
        const uint8_t *line = (const uint8_t *)FIELD_LINES[i / 2].line;
        size_t n = FIELD_LINES[i / 2].n;
        int strict = i & 1;
        size_t name = strlen(FIELD_LINES[i / 2].name), value = strlen(FIELD_LINES[i / 2].value);
        struct answer answer;

        check_begin(strict ? "strict field line" : "field line", line, n);
        answer = check_answers(field_line, guard, line, n, strict);
        CHECK_SAME(answer.rc, strict ? FIELD_LINES[i / 2].strict : FIELD_LINES[i / 2].loose);
        if (answer.rc == HTTP1_OK || answer.rc == HTTP1_END)
            CHECK_SAME(answer.used, n);
        if (answer.rc != HTTP1_OK)
            continue;
        CHECK_SAME(answer.said[0], 0);
        CHECK_SAME(answer.said[1], name);
        CHECK(memcmp(line, FIELD_LINES[i / 2].name, name) == 0);
        CHECK_SAME(answer.said[3] - answer.said[2], value);
        CHECK(answer.said[3] <= n);
        CHECK(memcmp(line + answer.said[2], FIELD_LINES[i / 2].value, value) == 0);
    }
}

/* Each byte of a field line becomes each of the 256: n name, v value. */
static void
test_field_line_bytes(void)
{
    static const char line[] = "abc: def\r\n";
    static const char rules[] = "nnn:vvvv\r\n";
    uint8_t bytes[sizeof line - 1];

    for (size_t i = 0; i < 2 * (sizeof line - 3) * 256; i++) {
        size_t at = i / 512;
        int c = (int)(i / 2 % 256), strict = i & 1, legal;

        memcpy(bytes, line, sizeof bytes);
        bytes[at] = (uint8_t)c;
        if (rules[at] == 'n')
            legal = is_tchar(c) || (c == ':' && at > 0);
        else if (rules[at] == ':')
            legal = c == ':';
        else
            legal = strict ? is_value_char(c) : c != '\r' && c != '\0';
        if (c == '\n') /* the line ends there */
            legal = !strict && (at == 0 || at > 3);
        check_begin(strict ? "strict field line" : "field line", bytes, sizeof bytes);
        CHECK_SAME(field_line(guard_behind(guard, bytes, sizeof bytes), sizeof bytes, 0,
                              strict).rc,
                   !legal ? HTTP1_ODD : c == '\n' && at == 0 ? HTTP1_END : HTTP1_OK);
    }
}

/* ---- field section ---- */

static struct answer
field_section(const uint8_t *buf, size_t end, size_t at, int strict)
{
    struct http1_framing framing;
    struct answer answer = {0};
    size_t from = at;

    memset(&framing, 0xaa, sizeof framing);
    answer.rc = http1_field_section(buf, end, &at, strict, &framing);
    answer.used = at - from;
    answer.said[0] = framing.has_length;
    answer.said[1] = framing.has_length ? framing.length : 0;
    answer.said[2] = framing.chunked;
    answer.said[3] = framing.close;
    answer.said[4] = framing.keep_alive;
    answer.said[5] = framing.compound;
    return answer;
}

enum { NONE = 0, LENGTH = 1, CHUNKED = 2, CLOSE = 4, KEEP = 8, COMPOUND = 16 };

/* Field lines without the empty one, which is added. */
static const struct {
    const char *lines;
    size_t n;
    enum http1_rc loose, strict;
    int flags;
    uint64_t length;
} SECTIONS[] = {
    {B(""), HTTP1_END, HTTP1_END, NONE, 0},
    {B("a: b\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("a: b\nc:\n"), HTTP1_END, HTTP1_ODD, NONE, 0},
    {B("a: b\r\n c\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("a: b\r\nno colon\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("a: b\r\nc: \0\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("a: \x02\r\n"), HTTP1_END, HTTP1_ODD, NONE, 0},
    /* Content-Length */
    {B("Content-Length: 0\r\n"), HTTP1_END, HTTP1_END, LENGTH, 0},
    {B("content-LENGTH:12345\r\n"), HTTP1_END, HTTP1_END, LENGTH, 12345},
    {B("Content-Length: 0012 \t\r\n"), HTTP1_END, HTTP1_END, LENGTH, 12},
    {B("Content-Length: 999999999999999999\r\n"), HTTP1_END, HTTP1_END, LENGTH,
     999999999999999999},
    {B("Content-Length: 1000000000000000000\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 0000000000000000001\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 18446744073709551617\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length:\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: \t\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: +1\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: -1\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 1_0\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 1 0\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 0x1\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 1;\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: \xb2\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 1, 1\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 1\r\nContent-Length: 1\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 0\r\nContent-Length: 1\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content_Length: 1\r\nContentLength: 1\r\nContent-Lengtg: 1\r\n"), HTTP1_END,
     HTTP1_END, NONE, 0},
    {B("X-Content-Length: x\r\nContent-Length-X: x\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    /* Transfer-Encoding */
    {B("Transfer-Encoding: chunked\r\n"), HTTP1_END, HTTP1_END, CHUNKED, 0},
    {B("TRANSFER-ENCODING:CHUNKED \t\r\n"), HTTP1_END, HTTP1_END, CHUNKED, 0},
    {B("Transfer-Encoding: gzip\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Transfer-Encoding: gzip, chunked\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Transfer-Encoding: chunked;a=b\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Transfer-Encoding: chunke\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Transfer-Encoding: chunkee\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Transfer-Encoding:\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), HTTP1_ODD, HTTP1_ODD,
     NONE, 0},
    {B("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), HTTP1_ODD, HTTP1_ODD, NONE, 0},
    {B("Transfer_Encoding: x\r\nX-Transfer-Encoding: x\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    /* Connection and its forerunners */
    {B("Connection: close\r\n"), HTTP1_END, HTTP1_END, CLOSE, 0},
    {B("connection:CLOSE\t \r\n"), HTTP1_END, HTTP1_END, CLOSE, 0},
    {B("Connection: keep-alive\r\n"), HTTP1_END, HTTP1_END, KEEP, 0},
    {B("Connection: Keep-Alive,close\r\n"), HTTP1_END, HTTP1_END, CLOSE | KEEP, 0},
    {B("Connection: ,, x ,\t close\t,\r\n"), HTTP1_END, HTTP1_END, CLOSE, 0},
    {B("Connection: x\r\nConnection: close\r\n"), HTTP1_END, HTTP1_END, CLOSE, 0},
    {B("Connection: close\r\nConnection: x\r\n"), HTTP1_END, HTTP1_END, CLOSE, 0},
    {B("Connection:\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Connection: not-closed, closed, clos, clos., xclose\r\n"), HTTP1_END, HTTP1_END, NONE,
     0},
    {B("Connection: keep-alives, keep alive, keep\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Connection: close keep-alive\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Keep-Alive: timeout=5\r\n"), HTTP1_END, HTTP1_END, KEEP, 0},
    {B("Keep-Alive: \r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Proxy-Connection: keep-alive\r\n"), HTTP1_END, HTTP1_END, KEEP, 0},
    {B("Proxy-Connection: close\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Connectiom: close\r\nKeep-Alivf: 1\r\nProxy_Connection: keep-alive\r\n"), HTTP1_END,
     HTTP1_END, NONE, 0},
    /* Content-Type */
    {B("Content-Type: text/plain\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Content-Type: multipart/mixed; boundary=x\r\n"), HTTP1_END, HTTP1_END, COMPOUND, 0},
    {B("content-type:MULTIPART/\r\n"), HTTP1_END, HTTP1_END, COMPOUND, 0},
    {B("Content-Type: message/http\r\n"), HTTP1_END, HTTP1_END, COMPOUND, 0},
    {B("Content-Type: message/\r\n"), HTTP1_END, HTTP1_END, COMPOUND, 0},
    {B("Content-Type: message\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Content-Type: multipart\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Content-Type:\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    {B("Content_Type: message/http\r\n"), HTTP1_END, HTTP1_END, NONE, 0},
    /* all together */
    {B("Date: now\r\nContent-Length: 7\r\nConnection: close\r\nKeep-Alive: 1\r\n"
       "Content-Type: message/http\r\n"), HTTP1_END, HTTP1_END,
     LENGTH | CLOSE | KEEP | COMPOUND, 7},
};

/* Whether each line ends with CRLF, with no other CR or LF in it. */
static int
ends_with_crlf(const uint8_t *section, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (section[i] == '\n' && (i == 0 || section[i - 1] != '\r'))
            return 0;
    return 1;
}

/* What http1_plain_section() says of section[0:n], of which `used` octets and `lines` field lines
 * are a section to http1_field_section(), if any are. */
static void
check_plain_section(const uint8_t *section, size_t n, int strict, struct answer expected,
                    size_t lines, size_t longest)
{
    for (size_t less = 0; less <= n; less++) {
        const uint8_t *buf = guard_behind(guard, section, less);
        struct http1_framing framing;
        size_t at = 0;
        int there = expected.rc == HTTP1_END && less >= expected.used;

        enum http1_rc rc = http1_plain_section(buf, less, &at, strict, longest, lines, &framing);
        CHECK_SAME(rc, there && ends_with_crlf(section, expected.used) ? HTTP1_END : HTTP1_ODD);
        CHECK_SAME(at, rc == HTTP1_END ? expected.used : 0);
        if (rc != HTTP1_END)
            continue;
        CHECK_SAME(framing.has_length, expected.said[0]);
        CHECK_SAME(framing.has_length ? framing.length : 0, expected.said[1]);
        CHECK_SAME(framing.chunked, expected.said[2]);
        CHECK_SAME(framing.close, expected.said[3]);
        CHECK_SAME(framing.keep_alive, expected.said[4]);
        CHECK_SAME(framing.compound, expected.said[5]);
        at = 0;
        if (lines > 0)
            CHECK_SAME(http1_plain_section(buf, less, &at, strict, longest, lines - 1, &framing),
                       HTTP1_ODD);
        CHECK_SAME(http1_plain_section(buf, less, &at, strict, longest - 1, lines, &framing),
                   HTTP1_ODD);
    }
}

/* Field lines of a section that ends with an empty one, and the octets of its longest line. */
static size_t
count_lines(const uint8_t *section, size_t n, size_t *longest)
{
    size_t lines = 0, line = 0;

    *longest = 0;
    for (size_t i = 0; i < n; i++)
        if (section[i] == '\n') {
            if (i + 1 - line > *longest)
                *longest = i + 1 - line;
            lines++;
            line = i + 1;
        }
    return lines - 1;
}

static void
test_field_sections(void)
{
    char section[300];

    for (size_t i = 0; i < 2 * ROWS(SECTIONS); i++) {
        size_t n = SECTIONS[i / 2].n;
        size_t lines, longest;
        int strict = i & 1, flags = SECTIONS[i / 2].flags;
        struct answer answer;

        memcpy(section, SECTIONS[i / 2].lines, n);
        memcpy(section + n, "\r\n", 2);
        n += 2;
        check_begin(strict ? "strict field section" : "field section", section, n);
        answer = check_answers(field_section, guard, section, n, strict);
        CHECK_SAME(answer.rc, strict ? SECTIONS[i / 2].strict : SECTIONS[i / 2].loose);
        lines = count_lines((const uint8_t *)section, n, &longest);
        check_plain_section((const uint8_t *)section, n, strict, answer, lines, longest);
        if (answer.rc != HTTP1_END)
            continue;
        CHECK_SAME(answer.used, n);
        CHECK_SAME(answer.said[0], (flags & LENGTH) != 0);
        CHECK_SAME(answer.said[1], SECTIONS[i / 2].length);
        CHECK_SAME(answer.said[2], (flags & CHUNKED) != 0);
        CHECK_SAME(answer.said[3], (flags & CLOSE) != 0);
        CHECK_SAME(answer.said[4], (flags & KEEP) != 0);
        CHECK_SAME(answer.said[5], (flags & COMPOUND) != 0);
    }
}

/* Every byte in every place of a name and a value that matter: only another case of
 * the same letter may still be taken for it. */
static void
test_words(void)
{
    static const char *const lines[] = {
        "connection:close\r\n\r\n", "connection:keep-alive\r\n\r\n",
        "proxy-connection:keep-alive\r\n\r\n", "keep-alive:1\r\n\r\n",
        "content-length:1\r\n\r\n", "transfer-encoding:chunked\r\n\r\n",
        "content-type:multipart/\r\n\r\n", "content-type:message/\r\n\r\n",
    };

    for (size_t i = 0; i < ROWS(lines) * 32 * 256; i++) {
        const char *line = lines[i / (32 * 256)];
        size_t at = i / 256 % 32, n = strlen(line);
        int c = (int)(i % 256);
        char bytes[40];
        struct answer answer;

        if (at >= n - 4 || c == '\n' || line[at] == ':' || line[at] == '1')
            continue;
        if (line[at] == '/' && c == '/' - 32)
            continue; /* may be taken for it: the email package looks again */
        memcpy(bytes, line, n);
        bytes[at] = (char)c;
        check_begin("field section", bytes, n);
        answer = field_section(guard_behind(guard, bytes, n), n, 0, 0);
        if (answer.rc == HTTP1_END)
            CHECK_SAME(answer.said[0] + answer.said[2] + answer.said[3] + answer.said[4]
                       + answer.said[5],
                       lower(c) == line[at]);
        else
            CHECK(lower(c) != line[at]);
    }
}

/* Of a regular section: the values of the fields of one name, in order. */
static void
test_find_field(void)
{
    static const char section[] = "a: 1\r\nB:\nab:  2 \r\nA:\t3\r\n^: 4\r\nb: 5\r\nd:e:f\r\n\r\n";
    static const struct {
        const char *name;
        const char *values[3];
    } FOUND[] = {
        {"a", {"1", "3"}}, {"A", {"1", "3"}}, {"b", {"", "5"}}, {"aB", {"2 "}},
        {"~", {0}}, {"^", {"4"}}, {"abc", {0}}, {"c", {0}}, {"", {0}},
        {"d", {"e:f"}}, {"d:e", {0}},
        {"a: 1\r\nB:\nab:  2 \r\nA:\t3\r\n^: 4\r\nb: 5\r\nd:e:f\r\n\r\nmore", {0}},
    };
    size_t n = sizeof section - 1;
    const uint8_t *buf = guard_behind(guard, section, n);

    for (size_t i = 0; i < ROWS(FOUND); i++) {
        const uint8_t *name = (const uint8_t *)FOUND[i].name;
        struct http1_range value;
        size_t at = 0;

        check_begin("find", FOUND[i].name, strlen(FOUND[i].name));
        for (const char *const *wanted = FOUND[i].values; *wanted; wanted++) {
            CHECK_SAME(http1_find_field(buf, n, &at, name, strlen(FOUND[i].name), &value), HTTP1_OK);
            CHECK_SAME(value.end - value.at, strlen(*wanted));
            CHECK(memcmp(buf + value.at, *wanted, strlen(*wanted)) == 0);
        }
        CHECK_SAME(http1_find_field(buf, n, &at, name, strlen(FOUND[i].name), &value), HTTP1_END);
        CHECK_SAME(at, n);
    }
}

/* Of a regular section: what http1_field_line() gives, up to the empty line or the end. */
static void
test_next_field(void)
{
    static const char section[] = "a: 1\r\nB:\nab:  2 \r\nA:\t3:\r\n^: \t\r\nb:5\r\n\r\n";

    for (size_t n = 0; n < sizeof section; n++) {
        const uint8_t *buf = guard_behind(guard, section, n);
        struct http1_field field, next;
        size_t at = 0, other = 0;

        check_begin("next", section, n);
        while (http1_field_line(buf, n, &at, 0, &field) == HTTP1_OK) {
            CHECK_SAME(http1_next_field(buf, n, &other, &next), HTTP1_OK);
            CHECK_SAME(other, at);
            CHECK_SAME(next.name.at, field.name.at);
            CHECK_SAME(next.name.end, field.name.end);
            CHECK_SAME(next.value.at, field.value.at);
            CHECK_SAME(next.value.end, field.value.end);
        }
        CHECK_SAME(http1_next_field(buf, n, &other, &next), HTTP1_END);
    }
}

int
main(void)
{
    guard = guard_new();
    test_find_field();
    test_next_field();
    test_field_lines();
    test_field_line_bytes();
    test_field_sections();
    test_words();
    return check_report();
}
