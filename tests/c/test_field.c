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

