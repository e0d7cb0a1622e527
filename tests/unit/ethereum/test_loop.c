/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "ethereum/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SENDERS = 4, POSTS = 2000 };

/* ---- posts ---- */

struct letter { struct chain_post post; unsigned sender, number; struct inbox *inbox; };
struct inbox { unsigned next[SENDERS], count; bool wrong, all; };
struct sender { pthread_t thread; struct chain_loop *loop; struct letter *letters; };

static void arrive(struct chain_post *post)
{
    struct letter *letter = (struct letter *)(void *)post;
    struct inbox *inbox = letter->inbox;
    inbox->wrong |= letter->number != inbox->next[letter->sender]++;        /* in the order of each */
    inbox->all = ++inbox->count == SENDERS * POSTS;
}

static void *send_all(void *argument)
{
    struct sender *sender = argument;
    for (unsigned i = 0; i < POSTS; i++)
        chain_loop_post(sender->loop, &sender->letters[i].post);
    return NULL;
}

static struct chain_loop *new_loop(void)
{
    struct chain_loop_options options = { 0 };
    struct chain_loop *loop;
    assert_int_equal(chain_loop_new(&options, &loop), OK);
    return loop;
}

/* @param own  the loop runs in a thread of its own, else in this one */
static void post_from_all(bool own)
{
    struct chain_loop *loop = new_loop();
    struct inbox inbox = { 0 };
    struct sender senders[SENDERS];
    if (own)
        assert_int_equal(chain_loop_start(loop), OK);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){ .loop = loop, .letters = calloc(POSTS, sizeof(struct letter)) };
        for (unsigned k = 0; k < POSTS; k++)
            senders[i].letters[k] = (struct letter){ { arrive, NULL }, i, k, &inbox };
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    if (!own)
        assert_int_equal(chain_loop_until(loop, &inbox.all, 20000), OK);
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    chain_loop_stop(loop);                  /* what was posted before is run */
    assert_int_equal(inbox.count, SENDERS * POSTS);
    assert_false(inbox.wrong);
    chain_loop_free(loop);
    for (unsigned i = 0; i < SENDERS; i++)
        free(senders[i].letters);
}

static void test_posts(void **state)
{
    (void)state;
    post_from_all(false);
    post_from_all(true);
}

/* One that sleeps is woken: the timeout of the sleep is ten seconds. */
struct ping { struct chain_post post; atomic_bool there; };

static void pong(struct chain_post *post) { atomic_store(&((struct ping *)(void *)post)->there, true); }

static void test_wake(void **state)
{
    struct chain_loop *loop = new_loop();
    (void)state;
    assert_int_equal(chain_loop_start(loop), OK);
    for (unsigned i = 0; i < 200; i++) {
        struct ping ping = { .post.run = pong };
        chain_loop_post(loop, &ping.post);
        while (!atomic_load(&ping.there))
            sched_yield();
    }
    chain_loop_free(loop);
}

/* ---- timers ---- */

struct alarm { struct chain_timer timer; unsigned number; struct clockwork *of; };
struct clockwork { struct chain_loop *loop; unsigned rung[64], count, want; bool all; struct alarm alarms[64]; };

static void ring(struct chain_timer *timer)
{
    struct alarm *alarm = (struct alarm *)(void *)timer;
    struct clockwork *of = alarm->of;
    of->rung[of->count++] = alarm->number;
    of->all = of->count == of->want;
}

static void test_timers(void **state)
{
    struct clockwork clockwork = { .loop = new_loop() };
    (void)state;
    /* Due in the order of a permutation; every third is cleared, every fifth moved behind all others. */
    for (unsigned i = 0; i < 64; i++) {
        clockwork.alarms[i] = (struct alarm){ .number = i, .of = &clockwork };
        assert_int_equal(chain_timer_set(clockwork.loop, &clockwork.alarms[i].timer, (i * 37) % 64, ring), OK);
    }
    for (unsigned i = 0; i < 64; i++) {
        if (i % 3 == 0)
            chain_timer_clear(&clockwork.alarms[i].timer);
        else if (i % 5 == 0)
            assert_int_equal(chain_timer_set(clockwork.loop, &clockwork.alarms[i].timer, 100 + (i * 37) % 64, ring), OK);
        clockwork.want += i % 3 != 0;
    }
    chain_timer_clear(&clockwork.alarms[0].timer);          /* not set: fine */
    assert_int_equal(chain_loop_until(clockwork.loop, &clockwork.all, 20000), OK);
    for (unsigned i = 1; i < clockwork.count; i++) {
        const struct alarm *before = &clockwork.alarms[clockwork.rung[i - 1]], *now = &clockwork.alarms[clockwork.rung[i]];
        assert_true(before->timer.due_ms <= now->timer.due_ms);
        assert_true(now->number % 3 != 0);
    }
    chain_loop_free(clockwork.loop);
}

static void test_until(void **state)
{
    struct chain_loop *loop = new_loop();
    bool never = false, done = true;
    (void)state;
    assert_int_equal(chain_loop_until(loop, &never, 20), E_TIMEOUT);
    assert_int_equal(chain_loop_until(loop, &done, 0), OK);
    chain_loop_stop(loop);              /* was not started */
    chain_loop_free(loop);
    chain_loop_free(NULL);
}

static uint64_t played(void *context) { return *(uint64_t *)context; }

static void test_clock(void **state)
{
    uint64_t time = 1234;
    struct chain_loop_options options = { .unix_ms = played, .context = &time };
    struct chain_loop *loop;
    (void)state;
    assert_int_equal(chain_loop_new(&options, &loop), OK);
    assert_int_equal(chain_loop_unix_ms(loop), 1234);
    time = 99;
    assert_int_equal(chain_loop_unix_ms(loop), 99);
    chain_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posts), cmocka_unit_test(test_wake), cmocka_unit_test(test_timers), cmocka_unit_test(test_until), cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
