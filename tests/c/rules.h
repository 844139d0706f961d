/* SPDX-License-Identifier: MIT */
/* What a byte may be, written out from the RFCs and not from csrc: the tests' own opinion. */
#ifndef RULES_H
#define RULES_H

#include <string.h>

static inline int
is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static inline int
is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* tchar                                                             RFC 9110 5.6.2 */
static inline int
is_tchar(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* VCHAR                                                             RFC 5234 B.1 */
static inline int
is_visible(int c)
{
    return c > ' ' && c < 0x7f;
}

/* HTAB / SP / VCHAR / obs-text                                      RFC 9110 5.5 */
static inline int
is_value_char(int c)
{
    return c == '\t' || c == ' ' || is_visible(c) || c >= 0x80;
}

/* What http.client lets pass in a method, and in a field line of a request. */
static inline int
is_method_char(int c)
{
    return c >= ' ' && c <= 0x7f;
}

static inline int
is_field_char(int c)
{
    return c != '\r' && c != '\n' && c != '\0';
}

static inline int
is_blank(int c)
{
    return c == ' ' || c == '\t';
}

static inline int
lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

#endif
