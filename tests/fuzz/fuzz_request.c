/* SPDX-License-Identifier: MIT */
/* Fuzz target: parts of a request.  The input is any of them.
 *
 * A part is legal if each of its bytes is, and a field name has at least one; so it
 * is of all of the input and of any part of it, and no part that passes can end a
 * line or a request.
 */
#include "fuzz.h"

#include "http1_request.h"

static int
all(const uint8_t *p, size_t n, int (*legal)(int c))
{
    for (size_t i = 0; i < n; i++)
        if (!legal(p[i]))
            return 0;
    return 1;
}

static void
check_part(const uint8_t *p, size_t n)
{
    enum http1_rc method = http1_method(p, n), target = http1_target(p, n);
    enum http1_rc name = http1_field_name(p, n), value = http1_field_value(p, n);

    HOLDS(method == (all(p, n, is_method_char) ? HTTP1_OK : HTTP1_ODD));
    HOLDS(target == (all(p, n, is_visible) ? HTTP1_OK : HTTP1_ODD));
    HOLDS(name == (n && all(p, n, is_tchar) ? HTTP1_OK : HTTP1_ODD));
    HOLDS(value == (all(p, n, is_field_char) ? HTTP1_OK : HTTP1_ODD));
    HOLDS(name != HTTP1_OK || (target == HTTP1_OK && method == HTTP1_OK && value == HTTP1_OK));
    if (n && (memchr(p, '\r', n) || memchr(p, '\n', n) || memchr(p, '\0', n)))
        HOLDS(method != HTTP1_OK && target != HTTP1_OK && name != HTTP1_OK && value != HTTP1_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t state = chance_seed(data, size);
    size_t n = chance(&state, size + 1);
    struct arrival part = arrival_new(data, size, n);

    check_part(data, size);
    check_part(part.buf, n);
    arrival_free(&part);
    check_part(data + n, size - n);
    return 0;
}
