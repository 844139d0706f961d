/* SPDX-License-Identifier: MIT */
/* A chunked body.
 *
 * Each piece of framing (a chunk-size line, the CRLF behind chunk data) is read
 * whole or not at all: HTTP1_MORE has moved nothing, so the caller keeps the
 * bytes and comes again.  Lines have a limit of some KiB, so coming again costs
 * little.
 */
#include "http1_chunked.h"

#include <string.h>

#include "http1_chars.h"

/* chunk-size = 1*HEXDIG                                             RFC 9112 7.1
 *
 * Reads the size that starts at buf[*at] and moves *at just past it.
 * HTTP1_MORE: more digits may follow buf[end - 1]; nothing has moved.
 * HTTP1_BAD:  no digit, more than 16 digits, or a size above 2^63 - 1.
 */
enum http1_rc
http1_chunk_size(const uint8_t *buf, size_t end, size_t *at, uint64_t *size)
{
    uint64_t n = 0;
    size_t i = *at;

    for (; i < end && http1_hex[buf[i]] < 16; i++) {
        if (n >> 59 || i - *at == 16)
            return HTTP1_BAD;
        n = n << 4 | http1_hex[buf[i]];
    }
    if (i == end)
        return HTTP1_MORE;
    if (i == *at)
        return HTTP1_BAD;
    *at = i;
    *size = n;
    return HTTP1_OK;
}

static size_t
skip_blanks(const uint8_t *buf, size_t end, size_t at)
{
    while (at < end && (buf[at] == ' ' || buf[at] == '\t'))
        at++;
    return at;
}

static size_t
skip_token(const uint8_t *buf, size_t end, size_t at)
{
    while (at < end && http1_class[buf[at]] & HTTP1_TOKEN)
        at++;
    return at;
}

/* quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE           RFC 9110 5.6.4
 *
 * Returns the position behind it, or `at` where there is none.
 */
static size_t
skip_quoted(const uint8_t *buf, size_t end, size_t at)
{
    for (size_t i = at + 1; i < end; i++) {
        if (buf[i] == '"')
            return i + 1;
        if (buf[i] == '\\')
            i++;
        if (i == end || !(http1_class[buf[i]] & HTTP1_VALUE))
            break;
    }
    return at;
}

/* chunk-ext = *( BWS ";" BWS chunk-ext-name
 *                [ BWS "=" BWS chunk-ext-val ] )                    RFC 9112 7.1.1
 *
 * HTTP1_OK: all of buf[at] to buf[end - 1] is chunk extensions.
 */
static enum http1_rc
chunk_extensions(const uint8_t *buf, size_t end, size_t at)
{
    while (at < end) {
        size_t next = skip_blanks(buf, end, at);

        if (next == end || buf[next] != ';')
            return HTTP1_BAD;
        at = skip_blanks(buf, end, next + 1);
        next = skip_token(buf, end, at);
        if (next == at)
            return HTTP1_BAD;
        at = next;
        next = skip_blanks(buf, end, at);
        if (next == end || buf[next] != '=')
            continue;
        at = skip_blanks(buf, end, next + 1);
        next = at < end && buf[at] == '"' ? skip_quoted(buf, end, at) : skip_token(buf, end, at);
        if (next == at)
            return HTTP1_BAD;
        at = next;
    }
    return HTTP1_OK;
}

/* Whether buf[at] to buf[end - 1] leaves a quoted string open: for others it goes on
 * behind the line, and with it the chunk extension.
 */
static int
leaves_quote_open(const uint8_t *buf, size_t end, size_t at)
{
    int quoted = 0;

    for (; at < end; at++) {
        if (buf[at] == '"')
            quoted = !quoted;
        else if (quoted && buf[at] == '\\')
            at++;
    }
    return quoted;
}

/* chunk-size [ chunk-ext ] CRLF                                     RFC 9112 7.1
 *
 * Extensions are skipped, but for quoted strings, and their grammar checked only if
 * strict.  Blanks behind the size are taken unless strict: old servers pad the size so.
 *
 * HTTP1_MORE: no CRLF yet.
 * HTTP1_BAD:  no size, other bytes behind it, a quoted string without its end, or a
 *             line end other than CRLF.
 * HTTP1_LONG: the line has more than max_line octets.
 */
enum http1_rc
http1_chunk_line(const uint8_t *buf, size_t end, size_t *at, int strict, size_t max_line,
                 uint64_t *size)
{
    size_t limit = end - *at > max_line ? *at + max_line : end;
    enum http1_rc missing = limit - *at == max_line ? HTTP1_LONG : HTTP1_MORE;
    size_t i = *at;
    size_t behind;
    const uint8_t *cr;
    enum http1_rc rc = http1_chunk_size(buf, limit, &i, size);

    if (rc != HTTP1_OK)
        return rc == HTTP1_MORE ? missing : rc;
    behind = i;
    if (buf[i] != '\r') {
        i = skip_blanks(buf, limit, i);
        if (i == limit)
            return missing;
        if (buf[i] != ';' && buf[i] != '\r')
            return HTTP1_BAD;
    }
    cr = memchr(buf + i, '\r', limit - i);
    if (memchr(buf + i, '\n', cr ? (size_t)(cr - (buf + i)) : limit - i))
        return HTTP1_BAD;
    if (!cr || cr + 1 == buf + limit)
        return missing;
    if (cr[1] != '\n')
        return HTTP1_BAD;
    i = (size_t)(cr - buf);
    if (strict && chunk_extensions(buf, i, behind) != HTTP1_OK)
        return HTTP1_BAD;
    if (leaves_quote_open(buf, i, behind))
        return HTTP1_BAD;
    *at = i + 2;
    return HTTP1_OK;
}

/* How many more octets of framing there may be: `overhead` and ten times the content in all. */
static uint64_t
framing_allowed(const struct http1_chunked *body)
{
    uint64_t all;

    if (body->content > (UINT64_MAX - body->overhead) / 10)
        return UINT64_MAX;
    all = body->overhead + 10 * body->content;
    return all > body->framing ? all - body->framing : 0;
}

/* Notes the chunk-size line buf[at] to buf[end - 1], for copy_repeats(). */
static void
note_line(struct http1_chunked *body, const uint8_t *buf, size_t at, size_t end, uint64_t size)
{
    uint8_t octets[8] = {'\r', '\n'};
    uint8_t mask[8] = {0xff, 0xff};
    size_t n = end - at;

    body->again_n = 0;
    if (n > sizeof octets - 2 || size == 0)
        return;
    memcpy(octets + 2, buf + at, n);
    memset(mask + 2, 0xff, n);
    memcpy(&body->again, octets, sizeof octets);
    memcpy(&body->again_mask, mask, sizeof mask);
    body->again_size = size;
    body->again_n = (uint8_t)(n + 2);
}

/* Copies chunks that are whole, fit into `out`, and begin with what note_line() has noted.
 *
 * Bodies are mostly cut into chunks of one size: one comparison then stands for
 * reading the line, which costs more than copying 64 octets of chunk data does.
 * The limit on framing is looked at once: each chunk adds at most 8 octets of
 * framing, and at least one, which allows for ten.
 */
static void
copy_repeats(struct http1_chunked *body, const uint8_t *buf, size_t end, size_t *at,
             uint8_t *out, size_t room, size_t *put)
{
    const uint64_t again = body->again, mask = body->again_mask;
    const size_t line = body->again_n, size = (size_t)body->again_size;
    size_t i = *at, o = *put;

    if (framing_allowed(body) < line)
        return;
    while (end - i >= line + size && end - i >= sizeof again && room - o >= size) {
        uint64_t word;

        memcpy(&word, buf + i, sizeof word);
        if ((word ^ again) & mask)
            break;
        memmove(out + o, buf + i + line, size);
        i += line + size;
        o += size;
    }
    body->content += o - *put;
    body->framing += (i - *at) - (o - *put);
    *at = i;
    *put = o;
}

/* Reads the framing that comes next, up to chunk data or the trailer section.
 *
 * HTTP1_OK:   chunk data comes next.
 * HTTP1_END:  the last chunk's line has been read; the trailer section comes next.
 * HTTP1_MORE: more bytes are needed; *at stands where the unread ones begin.
 * HTTP1_BAD, HTTP1_LONG: as http1_chunk_line; *at stands at the offending bytes.
 * HTTP1_MANY: the framing is more than `overhead` plus ten times the content.
 */
enum http1_rc
http1_chunked_step(struct http1_chunked *body, const uint8_t *buf, size_t end, size_t *at)
{
    size_t i = *at;
    uint64_t size, allowed;
    enum http1_rc rc;

    if (body->state == HTTP1_IN_DATA)
        return HTTP1_OK;
    if (body->state == HTTP1_AT_TRAILER)
        return HTTP1_END;
    if (body->state == HTTP1_AT_CRLF) {
        if (i < end && buf[i] != '\r')
            return HTTP1_BAD;
        if (end - i < 2)
            return HTTP1_MORE;
        if (buf[i + 1] != '\n')
            return HTTP1_BAD;
        *at = i += 2;
        body->framing += 2;
        body->state = HTTP1_AT_SIZE;
    }
    allowed = framing_allowed(body);
    if (allowed < body->max_line) {
        rc = http1_chunk_line(buf, end, &i, body->strict, (size_t)allowed, &size);
        if (rc == HTTP1_LONG)
            return HTTP1_MANY;
    } else {
        rc = http1_chunk_line(buf, end, &i, body->strict, body->max_line, &size);
    }
    if (rc != HTTP1_OK)
        return rc;
    body->framing += i - *at;
    note_line(body, buf, *at, i, size);
    *at = i;
    body->left = size;
    body->state = size ? HTTP1_IN_DATA : HTTP1_AT_TRAILER;
    return size ? HTTP1_OK : HTTP1_END;
}

/* Copies content out of chunks until `out` is full.
 *
 * `out` may overlay the bytes already read of `buf` (decoding in place).
 * HTTP1_OK:   out[room - 1] is written; the framing behind it is unread.
 * The other results are http1_chunked_step's; out[*put - 1] is written.
 */
enum http1_rc
http1_chunked_copy(struct http1_chunked *body, const uint8_t *buf, size_t end, size_t *at,
                   uint8_t *out, size_t room, size_t *put)
{
    while (*put < room) {
        enum http1_rc rc;
        size_t n;

        if (body->state == HTTP1_AT_CRLF && body->again_n) {
            copy_repeats(body, buf, end, at, out, room, put);
            if (*put == room)
                break;
        }
        rc = http1_chunked_step(body, buf, end, at);
        if (rc != HTTP1_OK)
            return rc;
        n = end - *at;
        if (n == 0)
            return HTTP1_MORE;
        if (n > body->left)
            n = (size_t)body->left;
        if (n > room - *put)
            n = room - *put;
        memmove(out + *put, buf + *at, n);
        *put += n;
        *at += n;
        body->content += n;
        body->left -= n;
        if (body->left == 0)
            body->state = HTTP1_AT_CRLF;
    }
    return HTTP1_OK;
}
