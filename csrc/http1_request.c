/* SPDX-License-Identifier: MIT */
/* The request's parts: HTTP1_OK if legal beyond doubt, else HTTP1_ODD.
 *
 * The accept path only.  What is odd goes to http.client's own checks, which
 * are wider here and there, and which word the exception.
 */
#include "http1_request.h"

#include <string.h>

#include "http1_chars.h"

static enum http1_rc
all_of(const uint8_t *buf, size_t end, unsigned class)
{
    for (size_t i = 0; i < end; i++)
        if (!(http1_class[buf[i]] & class))
            return HTTP1_ODD;
    return HTTP1_OK;
}

/* method: any ASCII but control characters, as http.client has it. */
enum http1_rc
http1_method(const uint8_t *buf, size_t end)
{
    return all_of(buf, end, HTTP1_METHOD);
}

/* request-target: visible ASCII (CVE-2019-9740). */
enum http1_rc
http1_target(const uint8_t *buf, size_t end)
{
    return all_of(buf, end, HTTP1_TARGET);
}

/* field-name = token                                                RFC 9110 5.1 */
enum http1_rc
http1_field_name(const uint8_t *buf, size_t end)
{
    return end ? all_of(buf, end, HTTP1_TOKEN) : HTTP1_ODD;
}

/* field-value: anything without CR, LF and NUL                      RFC 9110 5.5 */
enum http1_rc
http1_field_value(const uint8_t *buf, size_t end)
{
    for (size_t i = 0; i < end; i++)
        if (buf[i] <= '\r' && (buf[i] == '\r' || buf[i] == '\n' || buf[i] == '\0'))
            return HTTP1_ODD;
    return HTTP1_OK;
}
