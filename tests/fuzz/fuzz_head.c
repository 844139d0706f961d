/* SPDX-License-Identifier: MIT */
/* Fuzz target: heads.  The input is what a server sends, from its first byte.
 *
 * Beside each function of http1_head.c stands a naive one, written from the
 * grammar alone; both must say the same of every input.  Besides: the search for
 * the end of the head comes out alike however the bytes are cut, what strict
 * takes the loose grammar takes just so, and a head that is taken ends exactly
 * where its empty line was found.
 */
#include "fuzz.h"

#include "http1_head.h"

/* ---- the end of the head ---- */

static enum http1_rc
naive_head_end(const uint8_t *data, size_t size, struct http1_lines *lines)
{
    for (size_t i = 0; i < size; i++) {
        size_t length = i - lines->line + 1;

        if (length > lines->max_line)
            return HTTP1_LONG;
        if (data[i] != '\n')
            continue;
        if (length == 1 || (length == 2 && data[i - 1] == '\r')) {
            lines->at = lines->line = i + 1;
            return HTTP1_OK;
        }
        if (lines->count == lines->max_count)
            return HTTP1_MANY;
        lines->line = i + 1;
        lines->count++;
    }
    return HTTP1_MORE;
}

/* Returns where the head ends, or 0. */
static size_t
check_head_end(const uint8_t *data, size_t size, size_t max_line, size_t max_count,
               uint64_t *state)
{
    struct http1_lines fresh = {.max_line = max_line, .max_count = max_count};
    struct http1_lines naive = fresh, once = fresh, cut = fresh;
    struct arrival arrival = arrival_new(data, size, 0);
    enum http1_rc expected = naive_head_end(data, size, &naive);
    enum http1_rc rc = http1_head_end(data, size, &once);

    HOLDS(rc == expected && once.count == naive.count);
    rc = http1_head_end(arrival.buf, 0, &cut);
    while (rc == HTTP1_MORE && arrival.end < size) {
        HOLDS(cut.at == arrival.end);
        arrive(&arrival, chance_piece(state, size - arrival.end));
        rc = http1_head_end(arrival.buf, arrival.end, &cut);
    }
    arrival_free(&arrival);
    HOLDS(rc == expected && cut.count == naive.count);
    HOLDS(once.at <= size && once.line <= once.at && cut.at <= size && cut.line <= cut.at);
    if (rc == HTTP1_MORE)
        HOLDS(once.at == size && cut.at == size);
    if (rc != HTTP1_OK)
        return 0;
    HOLDS(once.at == naive.at && once.line == naive.at);
    HOLDS(cut.at == naive.at && cut.line == naive.at);
    return once.at;
}

/* ---- lines ---- */

/* Where the line's content ends: before CRLF, or before a bare LF unless strict. */
static enum http1_rc
naive_line(const uint8_t *data, size_t size, int strict, size_t *stop, size_t *used)
{
    size_t lf = 0;

    while (lf < size && data[lf] != '\n')
        lf++;
    if (lf == size)
        return HTTP1_MORE;
    *used = lf + 1;
    *stop = lf;
    if (lf > 0 && data[lf - 1] == '\r')
        *stop = lf - 1;
    else if (strict)
        return HTTP1_ODD;
    return HTTP1_OK;
}

static enum http1_rc
naive_status_line(const uint8_t *data, size_t size, int strict, struct http1_status *status,
                  size_t *used)
{
    static const char pattern[] = "HTTP/d.d Ddd";
    size_t stop;
    enum http1_rc rc = naive_line(data, size, strict, &stop, used);

    if (rc != HTTP1_OK)
        return rc;
    if (stop < 12 || (strict && stop == 12))
        return HTTP1_ODD;
    for (size_t i = 0; i < 12; i++)
        if (pattern[i] == 'd' || pattern[i] == 'D' ? !is_digit(data[i]) : data[i] != pattern[i])
            return HTTP1_ODD;
    if (data[9] == '0' || (stop > 12 && data[12] != ' '))
        return HTTP1_ODD;
    status->major = data[5] - '0';
    status->minor = data[7] - '0';
    status->code = (unsigned)((data[9] - '0') * 100 + (data[10] - '0') * 10 + data[11] - '0');
    status->reason.at = stop > 12 ? 13 : 12;
    status->reason.end = stop;
    for (size_t i = status->reason.at; i < stop; i++)
        if (!is_value_char(data[i]))
            return HTTP1_ODD;
    /* http.client strips blanks, and as blanks some of the bytes over 0x7f */
    if (stop > 13 && (!is_visible(data[13]) || !is_visible(data[stop - 1])))
        return HTTP1_ODD;
    return HTTP1_OK;
}

static enum http1_rc
naive_field_line(const uint8_t *data, size_t size, int strict, struct http1_field *field,
                 size_t *used)
{
    size_t stop, i = 0;
    enum http1_rc rc = naive_line(data, size, strict, &stop, used);

    if (rc != HTTP1_OK)
        return rc;
    if (stop == 0)
        return HTTP1_END;
    while (i < stop && data[i] != ':')
        if (!is_tchar(data[i++]))
            return HTTP1_ODD;
    if (i == 0 || i == stop)
        return HTTP1_ODD;
    field->name.at = 0;
    field->name.end = i++;
    while (i < stop && is_blank(data[i]))
        i++;
    field->value.at = i;
    field->value.end = stop;
    for (; i < stop; i++)
        if (data[i] == '\r' || data[i] == '\0' || (strict && !is_value_char(data[i])))
            return HTTP1_ODD;
    return HTTP1_OK;
}

static int
same_range(struct http1_range a, struct http1_range b, size_t base)
{
    return a.at == b.at + base && a.end == b.end + base;
}

static enum http1_rc
check_status_line(const uint8_t *data, size_t size, int strict, size_t *at)
{
    struct http1_status status, naive = {0};
    size_t used = 0;
    enum http1_rc rc = http1_status_line(data, size, at, strict, &status);

    HOLDS(rc == naive_status_line(data, size, strict, &naive, &used));
    HOLDS((rc == HTTP1_MORE) == !(size && memchr(data, '\n', size)));
    HOLDS(*at == (rc == HTTP1_OK ? used : 0));
    if (rc == HTTP1_OK) {
        HOLDS(status.major == naive.major && status.minor == naive.minor);
        HOLDS(status.code == naive.code && status.code >= 100 && status.code <= 999);
        HOLDS(same_range(status.reason, naive.reason, 0));
    }
    return rc;
}

static enum http1_rc
check_field_line(const uint8_t *data, size_t size, size_t *at, int strict,
                 struct http1_field *field)
{
    struct http1_field naive;
    size_t from = *at, used = 0;
    enum http1_rc rc = http1_field_line(data, size, at, strict, field);

    HOLDS(rc == naive_field_line(data + from, size - from, strict, &naive, &used));
    HOLDS(*at == (rc == HTTP1_OK || rc == HTTP1_END ? from + used : from));
    if (rc == HTTP1_OK)
        HOLDS(same_range(field->name, naive.name, from)
              && same_range(field->value, naive.value, from));
    return rc;
}

/* ---- field section ---- */

static int
is_text(const uint8_t *data, struct http1_range r, const char *word)
{
    if (r.end - r.at != strlen(word))
        return 0;
    for (size_t i = r.at; i < r.end; i++)
        if (lower(data[i]) != word[i - r.at])
            return 0;
    return 1;
}

static struct http1_range
naive_trim(const uint8_t *data, struct http1_range r)
{
    while (r.at < r.end && is_blank(data[r.at]))
        r.at++;
    while (r.at < r.end && is_blank(data[r.end - 1]))
        r.end--;
    return r;
}

static int
has_option(const uint8_t *data, struct http1_range value, const char *option)
{
    struct http1_range r = {value.at, value.at};

    for (; r.end <= value.end; r.end++)
        if (r.end == value.end || data[r.end] == ',') {
            if (is_text(data, naive_trim(data, r), option))
                return 1;
            r.at = r.end + 1;
        }
    return 0;
}

/* Whether the value begins with the word.  Of the '/' a bit may be lost: then the
 * email package looks at a type which is none, and finds nothing. */
static int
begins(const uint8_t *data, struct http1_range value, const char *word)
{
    struct http1_range r = {value.at, value.at + strlen(word)};

    return r.end <= value.end && (data[r.end] == '/' || data[r.end] == ('/' & ~0x20))
           && is_text(data, r, word);
}

/* What a field means to the framing; 0 where only the slow lane can say. */
static int
naive_note(const uint8_t *data, struct http1_field field, struct http1_framing *framing)
{
    struct http1_range value = naive_trim(data, field.value);

    if (is_text(data, field.name, "connection")) {
        framing->close |= has_option(data, value, "close");
        framing->keep_alive |= has_option(data, value, "keep-alive");
    } else if (is_text(data, field.name, "proxy-connection")) {
        framing->keep_alive |= has_option(data, value, "keep-alive");
    } else if (is_text(data, field.name, "keep-alive")) {
        framing->keep_alive |= value.at < value.end;
    } else if (is_text(data, field.name, "content-type")) {
        framing->compound |= begins(data, value, "multipart") || begins(data, value, "message");
    } else if (is_text(data, field.name, "transfer-encoding")) {
        if (framing->chunked++ || !is_text(data, value, "chunked"))
            return 0;
    } else if (is_text(data, field.name, "content-length")) {
        char digits[20] = "";
        size_t n = value.end - value.at;

        if (framing->has_length++ || n == 0 || n > 18)
            return 0;
        memcpy(digits, data + value.at, n);
        if (strspn(digits, "0123456789") != n)
            return 0;
        framing->length = strtoull(digits, NULL, 10);
    }
    return 1;
}

static enum http1_rc
naive_field_section(const uint8_t *data, size_t size, size_t *at, int strict,
                    struct http1_framing *framing)
{
    struct http1_field field;
    enum http1_rc rc;

    memset(framing, 0, sizeof *framing);
    while ((rc = check_field_line(data, size, at, strict, &field)) == HTTP1_OK) {
        HOLDS(field.name.at < field.name.end && field.name.end < field.value.at);
        HOLDS(field.value.at <= field.value.end && field.value.end < *at);
        for (size_t i = field.value.at; i < field.value.end; i++)
            HOLDS(data[i] != '\r' && data[i] != '\n' && data[i] != '\0');
        if (!naive_note(data, field, framing))
            return HTTP1_ODD;
    }
    return rc == HTTP1_END && framing->has_length && framing->chunked ? HTTP1_ODD : rc;
}

static int
same_framing(const struct http1_framing *a, const struct http1_framing *b)
{
    return a->has_length == b->has_length && (!a->has_length || a->length == b->length)
           && a->chunked == b->chunked && a->close == b->close
           && a->keep_alive == b->keep_alive && a->compound == b->compound;
}

/* Each field of a regular section comes next, and is found by its name, behind those of the
 * same name. */
static void
check_find_field(const uint8_t *data, size_t size)
{
    struct http1_field field;
    struct http1_range value;
    size_t at = 0, line = 0;

    for (; http1_field_line(data, size, &at, 0, &field) == HTTP1_OK; line = at) {
        const uint8_t *name = data + field.name.at;
        size_t n = field.name.end - field.name.at, here = line, next = line, all = 0;
        struct http1_field again;

        HOLDS(http1_next_field(data, size, &next, &again) == HTTP1_OK && next == at);
        HOLDS(again.name.at == field.name.at && again.name.end == field.name.end);
        HOLDS(again.value.at == field.value.at && again.value.end == field.value.end);

        HOLDS(http1_find_field(data, size, &here, name, n, &value) == HTTP1_OK);
        HOLDS(here == at && value.at == field.value.at && value.end == field.value.end);
        while (all < line && http1_find_field(data, size, &all, name, n, &value) == HTTP1_OK)
            HOLDS(value.end < all);
        HOLDS(all <= size);
    }
    HOLDS(http1_next_field(data, size, &line, &field) == HTTP1_END);
}

/* What http1_plain_section() takes http1_field_section() takes, too; and it takes each regular
 * section whose lines end with CRLF, within its limits. */
static void
check_plain_section(const uint8_t *data, size_t size, int strict, enum http1_rc rc, size_t used,
                    const struct http1_framing *framing, uint64_t *state)
{
    size_t max_line = chance(state, 80), max_count = chance(state, 8);
    size_t at = 0, line = 0, lines = 0;
    struct http1_framing plain;
    int fits = rc == HTTP1_END;

    for (size_t i = 0; fits && i < used; i++) {
        if (data[i] != '\n')
            continue;
        fits = i > 0 && data[i - 1] == '\r' && i + 1 - line <= max_line;
        line = i + 1;
        lines++;
    }
    fits = fits && lines <= max_count + 1;
    rc = http1_plain_section(data, size, &at, strict, max_line, max_count, &plain);
    HOLDS(rc == (fits ? HTTP1_END : HTTP1_ODD));
    HOLDS(at == (fits ? used : 0));
    if (fits)
        HOLDS(same_framing(&plain, framing));
}

static enum http1_rc
check_field_section(const uint8_t *data, size_t size, int strict, struct http1_framing *framing,
                    size_t *at, uint64_t *state)
{
    struct http1_framing naive;
    size_t used = 0, part = 0, less = size ? chance(state, size) : 0;
    enum http1_rc rc = http1_field_section(data, size, at, strict, framing), part_rc;
    struct arrival arrival = arrival_new(data, size, less);

    HOLDS(rc == naive_field_section(data, size, &used, strict, &naive));
    HOLDS(*at == (rc == HTTP1_END ? used : 0));
    if (rc == HTTP1_END)
        HOLDS(same_framing(framing, &naive) && !(framing->has_length && framing->chunked));
    if (rc == HTTP1_END)
        check_find_field(data, *at);
    check_plain_section(data, size, strict, rc, *at, framing, state);
    part_rc = http1_field_section(arrival.buf, less, &part, strict, &naive);
    arrival_free(&arrival);
    if (rc == HTTP1_END)
        HOLDS(part_rc == (less < *at ? HTTP1_MORE : HTTP1_END));
    else
        HOLDS(part_rc == HTTP1_MORE || part_rc == rc);
    return rc;
}

/* ---- all of it, as a client does it ---- */

static void
check_head(const uint8_t *data, size_t size, size_t head, uint64_t *state)
{
    struct http1_framing loose = {0}, strict = {0};
    size_t line[2] = {0, 0}, section[2] = {0, 0};
    enum http1_rc rc[2];

    rc[0] = check_status_line(data, size, 0, &line[0]);
    rc[1] = check_status_line(data, size, 1, &line[1]);
    HOLDS(rc[1] != HTTP1_OK || (rc[0] == HTTP1_OK && line[0] == line[1]));
    /* what follows the status line; or all, as if it were a trailer section */
    rc[0] = check_field_section(data + line[0], size - line[0], 0, &loose, &section[0], state);
    rc[1] = check_field_section(data + line[0], size - line[0], 1, &strict, &section[1], state);
    HOLDS(rc[1] != HTTP1_END
          || (rc[0] == HTTP1_END && section[0] == section[1] && same_framing(&loose, &strict)));
    if (head) {
        HOLDS(rc[0] != HTTP1_MORE && rc[1] != HTTP1_MORE);
        HOLDS(rc[0] != HTTP1_END || line[0] + section[0] == head);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t state = chance_seed(data, size);
    size_t head = check_head_end(data, size, 65536, 101, &state);

    check_head_end(data, size, chance(&state, 64), chance(&state, 8), &state);
    check_head(data, size, head, &state);
    if (head)
        check_head(data, head, head, &state);
    return 0;
}
