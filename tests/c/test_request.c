/* SPDX-License-Identifier: MIT */
/* http1_request.c, and with it http1_chars.h: what a request may consist of.
 *
 * Every byte in every place of parts of every small length, against the rules of
 * rules.h; the tables themselves are checked the same way.
 */
#include "check.h"

#include "http1_chars.h"
#include "http1_request.h"
#include "rules.h"

static struct guard guard;

static const struct {
    const char *what;
    enum http1_rc (*check)(const uint8_t *buf, size_t end);
    int (*legal)(int c);
    int filler;          /* a legal byte */
    enum http1_rc empty; /* what is said of nothing at all */
} PARTS[] = {
    {"method", http1_method, is_method_char, 'G', HTTP1_OK},
    {"target", http1_target, is_visible, '/', HTTP1_OK},
    {"field name", http1_field_name, is_tchar, 'n', HTTP1_ODD},
    {"field value", http1_field_value, is_field_char, 'v', HTTP1_OK},
};

static void
test_parts(void)
{
    uint8_t bytes[40];

    for (size_t part = 0; part < ROWS(PARTS); part++) {
        CHECK_SAME(PARTS[part].check(guard_behind(guard, "", 0), 0), PARTS[part].empty);
        CHECK_SAME(PARTS[part].check(guard_before(guard, "", 0, '\n'), 0), PARTS[part].empty);
        for (size_t n = 1; n <= sizeof bytes; n++) {
            memset(bytes, PARTS[part].filler, n);
            for (size_t i = 0; i < n * 256; i++) {
                int c = (int)(i % 256);
                enum http1_rc expected = PARTS[part].legal(c) ? HTTP1_OK : HTTP1_ODD;

                bytes[i / 256] = (uint8_t)c;
                check_begin(PARTS[part].what, bytes, n);
                CHECK_SAME(PARTS[part].check(guard_behind(guard, bytes, n), n), expected);
                CHECK_SAME(PARTS[part].check(guard_before(guard, bytes, n, '\n'), n), expected);
                bytes[i / 256] = (uint8_t)PARTS[part].filler;
            }
        }
    }
}

static const struct {
    const char *bytes;
    size_t n;
    enum http1_rc method, target, name, value;
} REQUESTS[] = {
    {B("GET"), HTTP1_OK, HTTP1_OK, HTTP1_OK, HTTP1_OK},
    {B("M-SEARCH"), HTTP1_OK, HTTP1_OK, HTTP1_OK, HTTP1_OK},
    {B("/a?b=c#d"), HTTP1_OK, HTTP1_OK, HTTP1_ODD, HTTP1_OK},
    {B("/a b"), HTTP1_OK, HTTP1_ODD, HTTP1_ODD, HTTP1_OK},
    {B("/\xc3\xa4"), HTTP1_ODD, HTTP1_ODD, HTTP1_ODD, HTTP1_OK},
    {B("a\tb"), HTTP1_ODD, HTTP1_ODD, HTTP1_ODD, HTTP1_OK},
    {B("/ HTTP/1.1\r\nX: y"), HTTP1_ODD, HTTP1_ODD, HTTP1_ODD, HTTP1_ODD},
    {B("a\nb"), HTTP1_ODD, HTTP1_ODD, HTTP1_ODD, HTTP1_ODD},
    {B("a\n b"), HTTP1_ODD, HTTP1_ODD, HTTP1_ODD, HTTP1_ODD},
    {B("a\rb"), HTTP1_ODD, HTTP1_ODD, HTTP1_ODD, HTTP1_ODD},
    {B("a\0b"), HTTP1_ODD, HTTP1_ODD, HTTP1_ODD, HTTP1_ODD},
    {B("Host:"), HTTP1_OK, HTTP1_OK, HTTP1_ODD, HTTP1_OK},
};

static void
test_requests(void)
{
    for (size_t i = 0; i < ROWS(REQUESTS); i++) {
        const uint8_t *bytes = guard_behind(guard, REQUESTS[i].bytes, REQUESTS[i].n);

        check_begin("request part", bytes, REQUESTS[i].n);
        CHECK_SAME(http1_method(bytes, REQUESTS[i].n), REQUESTS[i].method);
        CHECK_SAME(http1_target(bytes, REQUESTS[i].n), REQUESTS[i].target);
        CHECK_SAME(http1_field_name(bytes, REQUESTS[i].n), REQUESTS[i].name);
        CHECK_SAME(http1_field_value(bytes, REQUESTS[i].n), REQUESTS[i].value);
    }
}

static void
test_tables(void)
{
    for (int c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        char text[2] = {(char)c, 0};

        check_begin("byte", &byte, 1);
        CHECK_SAME(!(http1_class[c] & HTTP1_TOKEN), !is_tchar(c));
        CHECK_SAME(!(http1_class[c] & HTTP1_VALUE), !is_value_char(c));
        CHECK_SAME(!(http1_class[c] & HTTP1_TARGET), !is_visible(c));
        CHECK_SAME(!(http1_class[c] & HTTP1_METHOD), !is_method_char(c));
        CHECK_SAME(!(http1_class[c] & HTTP1_DIGIT), !is_digit(c));
        CHECK_SAME(http1_hex[c], is_hex(c) ? strtoul(text, NULL, 16) : 16);
    }
}

int
main(void)
{
    guard = guard_new();
    test_parts();
    test_requests();
    test_tables();
    return check_report();
}
