/* SPDX-License-Identifier: Apache-2.0 */
/* The ring against a plain queue, at many sizes of record; and with a reader on a thread of its own. */
#include "tap/ring.h"
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void fill(uint8_t *at, uint32_t bytes, uint32_t seed)
{
    for (uint32_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(seed + i);
}

static void check_record(const uint8_t *at, uint32_t bytes, uint32_t seed)
{
    for (uint32_t i = 0; i < bytes; i++)
        if (at[i] != (uint8_t)(seed + i))
            fail_msg("octet %u of record %u", i, seed);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct { const char *label; uint32_t asked, size; } cases[] = {
        { "smallest", 0, 4096 }, { "rounded up", 5000, 8192 }, { "a power of two", 65536, 65536 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct ring ring;
        assert_int_equal(ring_init(&ring, cases[i].asked), OK);
        if (ring.size != cases[i].size)
            fail_msg("%s: %u", cases[i].label, ring.size);
        ring_clear(&ring);
    }
}

static void test_empty_and_full(void **state)
{
    (void)state;
    struct ring ring;
    uint32_t bytes;
    assert_int_equal(ring_init(&ring, 4096), OK);
    assert_null(ring_peek(&ring, &bytes));
    assert_null(ring_reserve(&ring, 2049));             /* over half: never fits, whatever the positions */
    unsigned count = 0;
    void *at;
    while ((at = ring_reserve(&ring, 100)) != NULL) {
        fill(at, 100, count++);
        ring_commit(&ring, 100);
    }
    assert_true(count > 30 && count <= 4096 / 100);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *record = ring_peek(&ring, &bytes);
        assert_non_null(record);
        assert_int_equal(bytes, 100);
        check_record(record, bytes, i);
        ring_release(&ring, bytes);
    }
    assert_null(ring_peek(&ring, &bytes));
    assert_non_null(ring_reserve(&ring, 2048));
    ring_clear(&ring);
}

/* Sizes that walk over every position of the end of the ring. */
static void test_wrap(void **state)
{
    (void)state;
    struct ring ring;
    uint32_t put = 0, taken = 0, bytes, length[64];
    assert_int_equal(ring_init(&ring, 4096), OK);
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t want = (step * 37) % 700;
        uint8_t *at = put - taken < 64 ? ring_reserve(&ring, want) : NULL;
        if (at != NULL) {
            assert_int_equal((uintptr_t)at % 8, 0);
            fill(at, want, put);
            ring_commit(&ring, want);
            length[put++ % 64] = want;
            continue;
        }
        const uint8_t *record = ring_peek(&ring, &bytes);
        assert_non_null(record);
        assert_int_equal(bytes, length[taken % 64]);
        check_record(record, bytes, taken++);
        ring_release(&ring, bytes);
    }
    assert_true(taken > 5000);
    ring_clear(&ring);
}

enum { RECORDS = 20000 };

static void *reader(void *context)
{
    struct ring *ring = context;
    uint32_t bytes;
    for (uint32_t next = 0; next < RECORDS;) {
        const uint8_t *record = ring_peek(ring, &bytes);
        if (record == NULL) {
            sched_yield();
            continue;
        }
        if (bytes != next % 300)
            return (void *)"wrong length";
        for (uint32_t i = 0; i < bytes; i++)
            if (record[i] != (uint8_t)(next + i))
                return (void *)"wrong octet";
        ring_release(ring, bytes);
        next++;
    }
    return NULL;
}

static void test_two_threads(void **state)
{
    (void)state;
    struct ring ring;
    pthread_t thread;
    assert_int_equal(ring_init(&ring, 8192), OK);
    assert_int_equal(pthread_create(&thread, NULL, reader, &ring), 0);
    for (uint32_t next = 0; next < RECORDS;) {
        uint8_t *at = ring_reserve(&ring, next % 300);
        if (at == NULL) {
            sched_yield();
            continue;
        }
        fill(at, next % 300, next);
        ring_commit(&ring, next % 300);
        next++;
    }
    void *wrong;
    pthread_join(thread, &wrong);
    if (wrong != NULL)
        fail_msg("%s", (const char *)wrong);
    ring_clear(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_empty_and_full),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
