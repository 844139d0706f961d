/* SPDX-License-Identifier: MIT */
/* What the C unit tests share: checks that count, and memory between guard pages.
 *
 * An input stands with its end, or with its start, right at a page that cannot
 * be read, so one byte too far in either direction is a fault under any
 * compiler, in libc's vector code as well.  Behind an input that stands at the
 * front lie bytes which would change the answer if anybody looked at them.
 *
 * check_answers() asks everything that holds for each function which reads one
 * item: it answers the same wherever the item lies and whatever is around it,
 * and of fewer bytes it says HTTP1_MORE, or at once what it will say of all.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#endif

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http1.h"

/* For tables: bytes that may hold a NUL, with their length; and the rows. */
#define B(literal) literal, sizeof literal - 1
#define ROWS(table) (sizeof table / sizeof *table)

/* ---- counting ---- */

static unsigned long check_passed, check_failed;
static char check_case[400] = "none";

/* Names the bytes that are being looked at, for messages. */
static inline void
check_begin(const char *what, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    size_t at = (size_t)snprintf(check_case, sizeof check_case, "%s \"", what);

    for (size_t i = 0; i < n && at + 12 < sizeof check_case; i++)
        if (p[i] >= ' ' && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
            check_case[at++] = (char)p[i];
        else
            at += (size_t)snprintf(check_case + at, 5, "\\x%02x", p[i]);
    snprintf(check_case + at, sizeof check_case - at, "\" (%zu)", n);
}

static inline void
check_same(unsigned long long got, unsigned long long expected, const char *what, int line)
{
    if (got == expected) {
        check_passed++;
        return;
    }
    if (check_failed++ < 20)
        fprintf(stderr, "line %d: %s is %llu, expected %llu, of %s\n", line, what, got, expected,
                check_case);
}

#define CHECK(condition) check_same((condition) != 0, 1, #condition, __LINE__)
#define CHECK_SAME(got, expected) check_same((got), (expected), #got, __LINE__)

/* The end of main(): the verdict, in the last line. */
static inline int
check_report(void)
{
    if (check_failed) {
        printf("%lu passed, %lu failed\n", check_passed, check_failed);
        return 1;
    }
    printf("%lu passed\n", check_passed);
    return 0;
}

/* AddressSanitizer calls this by its name before it gives up. */
void __asan_on_error(void);
void
__asan_on_error(void)
{
    fprintf(stderr, "while looking at %s\n", check_case);
}

/* ---- memory between guard pages ---- */

#define GUARD_ROOM (64u * 1024)

struct guard {
    uint8_t *low;  /* low[-1] faults */
    uint8_t *high; /* high[0] faults */
};

static inline struct guard
guard_new(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (GUARD_ROOM + page - 1) / page * page;
    uint8_t *all = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct guard guard = {all + page, all + page + room};

    if (all == MAP_FAILED || mprotect(guard.low, room, PROT_READ | PROT_WRITE) != 0) {
        perror("guard pages");
        exit(2);
    }
    return guard;
}

/* The bytes with a guard page right behind the last one. */
static inline uint8_t *
guard_behind(struct guard guard, const void *bytes, size_t n)
{
    uint8_t *at = guard.high - n;

    if (n)
        memcpy(at, bytes, n);
    return at;
}

/* The bytes with a guard page right before the first one, and `fill` behind the last. */
static inline uint8_t *
guard_before(struct guard guard, const void *bytes, size_t n, int fill)
{
    size_t room = (size_t)(guard.high - guard.low) - n;

    if (n)
        memcpy(guard.low, bytes, n);
    memset(guard.low + n, fill, room < 64 ? room : 64);
    return guard.low;
}

/* ---- functions that read one item ---- */

/* What a function has said; ranges relative to where it began. */
struct answer {
    enum http1_rc rc;
    size_t used;  /* how far the position moved */
    size_t ahead; /* how many bytes behind those it has to see */
    uint64_t said[6];
};

typedef struct answer check_call(const uint8_t *buf, size_t end, size_t at, int strict);

static inline int
answers_equal(struct answer a, struct answer b)
{
    if (a.rc != b.rc || a.used != b.used)
        return 0;
    if (a.rc != HTTP1_OK && a.rc != HTTP1_END)
        return 1;
    return memcmp(a.said, b.said, sizeof a.said) == 0;
}

/* Asks of the same bytes wherever they may lie. */
static inline void
check_places(check_call *call, struct guard guard, const uint8_t *bytes, size_t n, int strict,
             struct answer expected)
{
    static const char fills[] = "\n\r:; 0aF\"";
    static const char *const before[] = {"\r", "\n", "a", "X: y\r\n\r", "\r\n0", " \t"};
    static uint8_t joined[GUARD_ROOM];

    for (size_t i = 0; i < sizeof fills; i++) /* the NUL behind them is one, too */
        CHECK(answers_equal(call(guard_before(guard, bytes, n, fills[i]), n, 0, strict),
                            expected));
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t skip = strlen(before[i]);

        memcpy(joined, before[i], skip);
        memcpy(joined + skip, bytes, n);
        CHECK(answers_equal(call(guard_behind(guard, joined, skip + n), skip + n, skip, strict),
                            expected));
    }
}

/* Asks of the bytes in all ways; returns what the function says of them. */
static inline struct answer
check_answers(check_call *call, struct guard guard, const void *bytes, size_t n, int strict)
{
    static const char *const behind[] = {"\n", "\r\n", "\r\n\r\n", "0", "a: b\r\n\r\n", " "};
    struct answer whole = call(guard_behind(guard, bytes, n), n, 0, strict);
    static uint8_t joined[GUARD_ROOM];
    int decided = 0;

    if (whole.rc != HTTP1_OK && whole.rc != HTTP1_END)
        CHECK_SAME(whole.used, 0);
    CHECK(whole.used <= n);
    check_places(call, guard, bytes, n, strict, whole);
    for (size_t less = 0; less < n; less++) {
        struct answer part = call(guard_behind(guard, bytes, less), less, 0, strict);

        if (part.rc == HTTP1_MORE)
            CHECK_SAME(part.used, 0);
        else
            CHECK(answers_equal(part, whole));
        CHECK(!decided || part.rc != HTTP1_MORE);
        decided = part.rc != HTTP1_MORE;
        if (whole.rc == HTTP1_OK || whole.rc == HTTP1_END)
            CHECK_SAME(part.rc, less < whole.used + whole.ahead ? HTTP1_MORE : whole.rc);
        if (less < 300)
            check_places(call, guard, bytes, less, strict, part);
    }
    for (size_t i = 0; whole.rc != HTTP1_MORE && i < sizeof behind / sizeof *behind; i++) {
        size_t more = strlen(behind[i]);

        memcpy(joined, bytes, n);
        memcpy(joined + n, behind[i], more);
        CHECK(answers_equal(call(guard_behind(guard, joined, n + more), n + more, 0, strict),
                            whole));
    }
    return whole;
}

#endif
