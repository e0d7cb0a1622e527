/* SPDX-License-Identifier: Apache-2.0 */
/* The wheel against a plain model, with time that the test plays. */
#include "net/inside.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

enum { TIMERS = 300 };

struct model {
    struct net_timer timer;         /* first */
    bool running;
    uint64_t due, fired_at;
    struct wheel *wheel;
    unsigned fires;
};

static struct wheel wheel;
static struct model models[TIMERS];
static uint64_t now;

static void fire(struct net_timer *timer)
{
    struct model *m = (struct model *)timer;
    assert_true(m->running);
    assert_true(m->due <= now);                 /* never early */
    m->running = false;
    m->fires++;
    m->fired_at = now;
    if (m->fires % 5 == 0) {                    /* callbacks start and stop others, and themselves */
        struct model *other = &models[(size_t)rand() % TIMERS];
        net_timer_stop(&other->timer);
        other->running = false;
        m->due = now + (uint64_t)(rand() % 100);
        m->running = true;
        wheel_start(&wheel, timer, m->due);
    }
}

static uint64_t some_delay(void)
{
    static const uint64_t spans[] = { 1, 2, 63, 64, 65, 100, 4095, 4096, 5000, 300000, 20000000, 4294967295u };
    return (uint64_t)rand() % (spans[(size_t)rand() % LENGTH_OF(spans)] + 1);
}

static uint64_t earliest(void)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < TIMERS; i++)
        if (models[i].running && models[i].due < least)
            least = models[i].due;
    return least;
}

static void round_of(uint64_t start)
{
    now = start;
    wheel_init(&wheel, now);
    for (size_t i = 0; i < TIMERS; i++)
        models[i] = (struct model){ .timer.fire = fire };
    for (unsigned step = 0; step < 4000; step++) {
        struct model *m = &models[(size_t)rand() % TIMERS];
        if (rand() % 3 != 0) {
            m->due = now + some_delay();
            m->running = true;
            wheel_start(&wheel, &m->timer, m->due);
        } else {
            net_timer_stop(&m->timer);
            m->running = false;
        }
        uint64_t least = earliest();
        int64_t next = wheel_next_ms(&wheel);
        assert_true(least == UINT64_MAX ? next == -1 : next >= 0 && now + (uint64_t)next <= (least > now ? least : now));
        if (rand() % 4 != 0)
            continue;
        /* either as far as it says, or anywhere */
        now += rand() % 2 == 0 && next > 0 ? (uint64_t)next : some_delay();
        wheel_advance(&wheel, now);
        for (size_t i = 0; i < TIMERS; i++)     /* never late; what fired with no delay waits for the next turn */
            assert_true(!models[i].running || models[i].due > now || models[i].fired_at == now);
    }
}

static void test_property(void **state)
{
    (void)state;
    srand(7);
    round_of(0);
    round_of(123456789);
    round_of((UINT64_C(1) << 36) - 50);         /* over the edge of a digit */
    round_of((UINT64_C(1) << 48) - 1);
}

static void test_idle_wheel(void **state)
{
    (void)state;
    struct net_timer timer = { 0 };
    net_timer_stop(&timer);                     /* zeroed is fine */
    wheel_init(&wheel, 1000);
    assert_int_equal(wheel_next_ms(&wheel), -1);
    wheel_advance(&wheel, 999);                 /* a clock that stands still or steps back does no harm */
    wheel_advance(&wheel, 1000);
    wheel_start(&wheel, &timer, 2000);
    assert_true(wheel_next_ms(&wheel) > 0);
    net_timer_stop(&timer);
    net_timer_stop(&timer);
    assert_int_equal(wheel_next_ms(&wheel), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_property), cmocka_unit_test(test_idle_wheel) };
    return cmocka_run_group_tests_name("net timer", tests, NULL, NULL);
}
