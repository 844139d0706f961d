/* SPDX-License-Identifier: MIT */
/* The head of a response.
 *
 * First the end of the head is searched (one memchr per line, with the limits),
 * then the grammar runs over bytes that are all there: it needs no state.  What
 * is not plainly regular is HTTP1_ODD, and then the whole head is judged again
 * by the slow lane; so nothing here has to know about quirks.
 *
 * Plain: LF line ends, obs-text, control characters but CR and NUL in values.
 * `strict` takes these away, by a narrower class and one flag.
 */
#include "http1_head.h"

#include <string.h>

#include "http1_chars.h"

/* Looks for the empty line that ends a head, line by line.
 *
 * HTTP1_OK:   lines->at stands just past the empty line.
 * HTTP1_MORE: not there yet; call again with the same struct and more bytes.
 * HTTP1_LONG: a line has more than max_line octets, whether its end has come or not.
 * HTTP1_MANY: more than max_count lines before the empty one.
 */
enum http1_rc
http1_head_end(const uint8_t *buf, size_t end, struct http1_lines *lines)
{
    while (lines->at < end) {
        const uint8_t *lf = memchr(buf + lines->at, '\n', end - lines->at);
        size_t next = lf ? (size_t)(lf - buf) + 1 : end;
        size_t length = next - lines->line;

        lines->at = next;
        if (length > lines->max_line)
            return HTTP1_LONG;
        if (!lf)
            return HTTP1_MORE;
        if (length == 1 || (length == 2 && buf[next - 2] == '\r')) {
            lines->line = next;
            return HTTP1_OK;
        }
        if (lines->count == lines->max_count)
            return HTTP1_MANY;
        lines->line = next;
        lines->count++;
    }
    return HTTP1_MORE;
}

/* Takes the line end off a line whose LF is at buf[lf].
 *
 * Returns where the line's content ends.  A bare LF is taken unless strict.
 */
static enum http1_rc
line_end(const uint8_t *buf, size_t at, size_t lf, int strict, size_t *content)
{
    if (lf > at && buf[lf - 1] == '\r') {
        *content = lf - 1;
        return HTTP1_OK;
    }
    *content = lf;
    return strict ? HTTP1_ODD : HTTP1_OK;
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ]    RFC 9112 4
 *
 * HTTP1_OK:  *at stands past the line.  The second SP may be missing together
 *            with the reason phrase (many servers; http.client takes it).
 * HTTP1_ODD: anything else that ends in LF.
 */
enum http1_rc
http1_status_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                  struct http1_status *status)
{
    const uint8_t *p = buf + *at;
    const uint8_t *lf = *at < end ? memchr(p, '\n', end - *at) : NULL;
    size_t stop;
    unsigned char code;

    if (!lf)
        return HTTP1_MORE;
    if (line_end(buf, *at, (size_t)(lf - buf), strict, &stop) != HTTP1_OK)
        return HTTP1_ODD;
    if (stop - *at < 12 || memcmp(p, "HTTP/", 5) != 0)
        return HTTP1_ODD;
    if (!(http1_class[p[5]] & http1_class[p[7]] & HTTP1_DIGIT) || p[6] != '.' || p[8] != ' ')
        return HTTP1_ODD;
    code = http1_class[p[9]] & http1_class[p[10]] & http1_class[p[11]];
    if (!(code & HTTP1_DIGIT) || p[9] == '0')
        return HTTP1_ODD;
    status->major = p[5] - (unsigned)'0';
    status->minor = p[7] - (unsigned)'0';
    status->code = (p[9] - (unsigned)'0') * 100 + (p[10] - (unsigned)'0') * 10
                   + (p[11] - (unsigned)'0');
    status->reason.at = status->reason.end = stop;
    if (stop - *at == 12) {
        if (strict)
            return HTTP1_ODD;
    } else {
        size_t i = *at + 13;
        if (p[12] != ' ')
            return HTTP1_ODD;
        status->reason.at = i;
        for (; i < stop; i++)
            if (!(http1_class[buf[i]] & HTTP1_VALUE))
                return HTTP1_ODD;
        /* http.client strips the phrase as str, 0x85 and 0xa0 too; let the slow lane do so */
        i = status->reason.at;
        if (i < stop && (buf[i] <= ' ' || buf[i] >= 0x80 || buf[stop - 1] <= ' '
                         || buf[stop - 1] >= 0x80))
            return HTTP1_ODD;
    }
    *at = (size_t)(lf - buf) + 1;
    return HTTP1_OK;
}

/* field-line = field-name ":" OWS field-value OWS                   RFC 9112 5
 *
 * The value loses its leading blanks only: http.client keeps those behind.
 *
 * HTTP1_OK:   *at stands past the line.
 * HTTP1_END:  the line is empty; *at stands past it.
 * HTTP1_MORE: no LF yet.
 * HTTP1_ODD:  the name is no token (obs-fold and a missing colon look so too),
 *             or CR or NUL is in the value; strict: any control character but
 *             HTAB, or a bare LF.
 */
enum http1_rc
http1_field_line(const uint8_t *buf, size_t end, size_t *at, int strict,
                 struct http1_field *field)
{
    size_t i = *at;
    size_t stop;
    const uint8_t *lf;

    while (i < end && http1_class[buf[i]] & HTTP1_TOKEN)
        i++;
    lf = i < end ? memchr(buf + i, '\n', end - i) : NULL;
    if (!lf)
        return HTTP1_MORE;
    if (line_end(buf, *at, (size_t)(lf - buf), strict, &stop) != HTTP1_OK)
        return HTTP1_ODD;
    if (stop == *at) {
        *at = (size_t)(lf - buf) + 1;
        return HTTP1_END;
    }
    if (i == *at || buf[i] != ':')
        return HTTP1_ODD;
    field->name.at = *at;
    field->name.end = i++;
    while (i < stop && (buf[i] == ' ' || buf[i] == '\t'))
        i++;
    field->value.at = i;
    field->value.end = stop;
    if (strict) {
        for (; i < stop; i++)
            if (!(http1_class[buf[i]] & HTTP1_VALUE))
                return HTTP1_ODD;
    } else if (stop > i) {
        if (memchr(buf + i, '\r', stop - i) || memchr(buf + i, '\0', stop - i))
            return HTTP1_ODD;
    }
    *at = (size_t)(lf - buf) + 1;
    return HTTP1_OK;
}

/* Whether the `length` bytes at `p` are `word`, which is in lower case.
 *
 * `| 0x20` maps only upper-case letters onto the letters and '-' of our words:
 * CR (0x0d) would become '-', but is no tchar, so no name holds one.
 */
static int
is_word(const uint8_t *p, size_t length, const char *word)
{
    for (size_t i = 0; i < length; i++)
        if ((p[i] | 0x20) != (uint8_t)word[i])
            return 0;
    return 1;
}

/* Whether two field names of `n` octets are the same but for the case of letters. */
static int
same_name(const uint8_t *a, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = a[i], d = b[i];

        if (c != d && ((c ^ d) != 0x20 || (c | 0x20) < 'a' || (c | 0x20) > 'z'))
            return 0;
    }
    return 1;
}

/* The next field of a section that http1_field_section() has taken: nothing is checked again.
 *
 * HTTP1_OK:  as http1_field_line().
 * HTTP1_END: the empty line comes next, or there are no more bytes.
 */
enum http1_rc
http1_next_field(const uint8_t *buf, size_t end, size_t *at, struct http1_field *field)
{
    const uint8_t *lf = *at < end ? memchr(buf + *at, '\n', end - *at) : NULL;
    const uint8_t *colon = lf ? memchr(buf + *at, ':', (size_t)(lf - (buf + *at))) : NULL;
    size_t i, stop;

    if (!colon)
        return HTTP1_END;
    stop = (size_t)(lf - buf);
    field->name.at = *at;
    field->name.end = i = (size_t)(colon - buf);
    *at = stop + 1;
    for (i++; i < stop && (buf[i] == ' ' || buf[i] == '\t'); i++)
        ;
    field->value.at = i;
    field->value.end = stop > i && buf[stop - 1] == '\r' ? stop - 1 : stop;
    return HTTP1_OK;
}

/* Looks for the next field of that name in a section that http1_field_section() has taken.
 *
 * HTTP1_OK:  *at stands past its line, and `value` is what http1_field_line() gives.
 * HTTP1_END: there is none.
 */
enum http1_rc
http1_find_field(const uint8_t *buf, size_t end, size_t *at, const uint8_t *name, size_t n,
                 struct http1_range *value)
{
    if (memchr(name, ':', n))
        *at = end; /* it would end within a value */
    while (*at < end) {
        size_t i = *at;
        const uint8_t *lf = memchr(buf + i, '\n', end - i);
        size_t stop = lf ? (size_t)(lf - buf) : end;

        *at = lf ? stop + 1 : end;
        if (stop - i <= n || buf[i + n] != ':' || !same_name(buf + i, name, n))
            continue;
        for (i += n + 1; i < stop && (buf[i] == ' ' || buf[i] == '\t'); i++)
            ;
        value->at = i;
        value->end = stop > i && buf[stop - 1] == '\r' ? stop - 1 : stop;
        return HTTP1_OK;
    }
    return HTTP1_END;
}

/* Trims the blanks on both sides. */
static struct http1_range
trim(const uint8_t *buf, struct http1_range r)
{
    while (r.at < r.end && (buf[r.at] == ' ' || buf[r.at] == '\t'))
        r.at++;
    while (r.at < r.end && (buf[r.end - 1] == ' ' || buf[r.end - 1] == '\t'))
        r.end--;
    return r;
}

/* Content-Length = 1*DIGIT                                          RFC 9110 8.6
 *
 * HTTP1_ODD: a second one, a list, no digits, or 2^63 and above.
 */
static enum http1_rc
content_length(const uint8_t *buf, struct http1_range value, struct http1_framing *framing)
{
    struct http1_range r = trim(buf, value);
    uint64_t n = 0;

    if (framing->has_length || r.at == r.end || r.end - r.at > 18)
        return HTTP1_ODD; /* 18 digits are below 2^63 */
    for (size_t i = r.at; i < r.end; i++) {
        if (!(http1_class[buf[i]] & HTTP1_DIGIT))
            return HTTP1_ODD;
        n = n * 10 + (buf[i] - (unsigned)'0');
    }
    framing->has_length = 1;
    framing->length = n;
    return HTTP1_OK;
}

/* Connection = #connection-option                                   RFC 9110 7.6.1 */
static void
connection_options(const uint8_t *buf, struct http1_range value, int proxy,
                   struct http1_framing *framing)
{
    size_t at = value.at;

    while (at < value.end) {
        const uint8_t *comma = memchr(buf + at, ',', value.end - at);
        struct http1_range r = {at, comma ? (size_t)(comma - buf) : value.end};

        at = r.end + 1;
        r = trim(buf, r);
        if (r.end - r.at == 5 && !proxy && is_word(buf + r.at, 5, "close"))
            framing->close = 1;
        else if (r.end - r.at == 10 && is_word(buf + r.at, 10, "keep-alive"))
            framing->keep_alive = 1;
    }
}

/* Notes what one field line says about framing and connection.
 *
 * HTTP1_ODD: it repeats, contradicts, or is not plain.
 */
static enum http1_rc
note_field(const uint8_t *buf, const struct http1_field *field, struct http1_framing *framing)
{
    const uint8_t *name = buf + field->name.at;
    struct http1_range value = field->value;

    switch (field->name.end - field->name.at) {
    case 10:
        if (is_word(name, 10, "connection"))
            connection_options(buf, value, 0, framing);
        else if (is_word(name, 10, "keep-alive") && value.at < value.end)
            framing->keep_alive = 1;
        break;
    case 12:
        if (is_word(name, 12, "content-type")) {
            size_t n = value.end - value.at;
            if ((n >= 10 && is_word(buf + value.at, 10, "multipart/"))
                || (n >= 8 && is_word(buf + value.at, 8, "message/")))
                framing->compound = 1;
        }
        break;
    case 14:
        if (is_word(name, 14, "content-length"))
            return content_length(buf, value, framing);
        break;
    case 16:
        if (is_word(name, 16, "proxy-connection"))
            connection_options(buf, value, 1, framing);
        break;
    case 17:
        if (is_word(name, 17, "transfer-encoding")) {
            value = trim(buf, value);
            if (framing->chunked || value.end - value.at != 7
                || !is_word(buf + value.at, 7, "chunked"))
                return HTTP1_ODD;
            framing->chunked = 1;
        }
        break;
    default:
        break;
    }
    return HTTP1_OK;
}

/* field-section = *( field-line CRLF ) CRLF                         RFC 9112 2.1
 *
 * HTTP1_END:  *at stands past the empty line; `framing` is filled.
 * HTTP1_MORE: the empty line is not there.
 * HTTP1_ODD:  a line is odd, or framing fields repeat or contradict.
 */
enum http1_rc
http1_field_section(const uint8_t *buf, size_t end, size_t *at, int strict,
                    struct http1_framing *framing)
{
    struct http1_field field;
    enum http1_rc rc;
    size_t i = *at;

    memset(framing, 0, sizeof *framing);
    while ((rc = http1_field_line(buf, end, &i, strict, &field)) == HTTP1_OK) {
        rc = note_field(buf, &field, framing);
        if (rc != HTTP1_OK)
            return rc;
    }
    if (rc != HTTP1_END)
        return rc;
    if (framing->has_length && framing->chunked)
        return HTTP1_ODD;
    *at = i;
    return HTTP1_END;
}

/* How many LF there are in buf[at] to buf[end - 1], and whether there is a NUL.
 *
 * In blocks whose counts fit into an octet: so compilers make vector code of it.
 */
static size_t
count_lf(const uint8_t *buf, size_t at, size_t end, int *nul)
{
    size_t count = 0;

    *nul = 0;
    while (at < end) {
        size_t stop = end - at > 240 ? at + 240 : end;
        uint8_t lf = 0, zero = 0;

        for (; at < stop; at++) {
            lf = (uint8_t)(lf + (buf[at] == '\n'));
            zero |= buf[at] == '\0';
        }
        count += lf;
        *nul |= zero;
    }
    return count;
}

/* The same of a section that is all there, each of whose lines ends with CRLF: in one pass.
 *
 * HTTP1_END: what http1_field_section() says of it, too.  No line has more than max_line octets,
 *            and there are at most max_count field lines.
 * HTTP1_ODD: nobody knows; http1_head_end() and http1_field_section() tell.
 */
enum http1_rc
http1_plain_section(const uint8_t *buf, size_t end, size_t *at, int strict, size_t max_line,
                    size_t max_count, struct http1_framing *framing)
{
    struct http1_field field;
    size_t i = *at, count = 0;
    int nul;

    memset(framing, 0, sizeof *framing);
    for (;; count++) {
        size_t line = i;
        const uint8_t *cr;

        while (i < end && http1_class[buf[i]] & HTTP1_TOKEN)
            i++;
        if (i == end || (buf[i] != ':' && i > line))
            return HTTP1_ODD;
        cr = memchr(buf + i, '\r', end - i);
        if (!cr || cr + 1 == buf + end || cr[1] != '\n')
            return HTTP1_ODD;
        field.value.end = (size_t)(cr - buf);
        if (field.value.end + 2 - line > max_line)
            return HTTP1_ODD;
        if (i == line) {
            if (field.value.end != line)
                return HTTP1_ODD;
            break;
        }
        if (count == max_count)
            return HTTP1_ODD;
        field.name.at = line;
        field.name.end = i++;
        while (buf[i] == ' ' || buf[i] == '\t')
            i++;
        field.value.at = i;
        if (strict)
            for (; i < field.value.end; i++)
                if (!(http1_class[buf[i]] & HTTP1_VALUE))
                    return HTTP1_ODD;
        if (note_field(buf, &field, framing) != HTTP1_OK)
            return HTTP1_ODD;
        i = field.value.end + 2;
    }
    i += 2;
    /* A line that was taken ends at its first CR: other LF stand bare within values. */
    if (count_lf(buf, *at, i, &nul) != count + 1 || nul || (framing->has_length && framing->chunked))
        return HTTP1_ODD;
    *at = i;
    return HTTP1_END;
}
