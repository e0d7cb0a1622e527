/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "policy/rrl.h"

#include <pthread.h>
#include <stdatomic.h>

static struct address address_of(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(slice_string(text), &address), OK);
    return address;
}

static void counts_by_network(void **state)
{
    (void)state;
    struct budget *budget = budget_new(3, 24, 56);
    struct address a = address_of("192.0.2.1"), b = address_of("192.0.2.200"), c = address_of("192.0.3.1");
    struct address six = address_of("2001:db8::1"), six_near = address_of("2001:db8:0:ff::"), six_far = address_of("2001:db8:0:100::");
    assert_true(budget_take(budget, &a) && budget_take(budget, &b) && budget_take(budget, &a));
    assert_false(budget_take(budget, &a));
    assert_false(budget_take(budget, &b));
    assert_true(budget_take(budget, &c));
    assert_true(budget_take(budget, &six) && budget_take(budget, &six_near) && budget_take(budget, &six));
    assert_false(budget_take(budget, &six_near));
    assert_true(budget_take(budget, &six_far));
    budget_give(budget, &b);
    assert_true(budget_take(budget, &a));
    assert_false(budget_take(budget, &a));
    for (int i = 0; i < 3; i++)
        budget_give(budget, &a);
    for (int i = 0; i < 3; i++)
        assert_true(budget_take(budget, &b));
    assert_false(budget_take(budget, &b));
    uint64_t failures = check_failures();
    struct address stranger = address_of("10.9.9.9");
    budget_give(budget, &stranger); /* said, and survived */
    assert_int_equal(check_failures(), failures + 1);
    budget_free(budget);
    budget_free(NULL);
}

/* What is held above a lowered limit stays, and nothing comes in until it is below. */
static void limit_changes(void **state)
{
    struct address a;
    struct budget *budget = budget_new(3, 24, 56);
    (void)state;
    assert_non_null(budget);
    assert_int_equal(address_parse(slice_string("192.0.2.1"), &a), OK);
    for (int i = 0; i < 3; i++)
        assert_true(budget_take(budget, &a));
    budget_set_limit(budget, 1);
    budget_give(budget, &a);
    budget_give(budget, &a);
    assert_false(budget_take(budget, &a));
    budget_give(budget, &a);
    assert_true(budget_take(budget, &a));
    budget_set_limit(budget, 2);
    assert_true(budget_take(budget, &a));
    assert_false(budget_take(budget, &a));
    budget_set_limit(budget, 100000);        /* more than a slot counts: the most that it does */
    for (int i = 2; i < 65535; i++)
        assert_true(budget_take(budget, &a));
    assert_false(budget_take(budget, &a));
    budget_free(budget);
}

static void no_limit(void **state)
{
    (void)state;
    struct budget *budget = budget_new(0, 24, 56);
    struct address a = address_of("192.0.2.1");
    for (int i = 0; i < 100000; i++)
        assert_true(budget_take(budget, &a));
    budget_give(budget, &a);
    budget_free(budget);
}

static void many_networks(void **state)
{
    (void)state;
    enum { NETWORKS = 20000 };
    struct budget *budget = budget_new(2, 24, 56);
    struct address a = address_of("10.0.0.0");
    for (int round = 0; round < 3; round++) {
        for (int pass = 0; pass < 3; pass++) {
            for (unsigned i = 0; i < NETWORKS; i++) {
                a.bytes[1] = (uint8_t)(i >> 8);
                a.bytes[2] = (uint8_t)i;
                assert_int_equal(budget_take(budget, &a), pass < 2);
            }
        }
        for (unsigned i = 0; i < NETWORKS * 2; i++) {
            a.bytes[1] = (uint8_t)(i % NETWORKS >> 8);
            a.bytes[2] = (uint8_t)(i % NETWORKS);
            budget_give(budget, &a);
        }
    }
    budget_free(budget);
}

struct shared { struct budget *budget; atomic_int held; atomic_int most; };

static void *take_and_give(void *argument)
{
    struct shared *shared = argument;
    struct address a = address_of("192.0.2.1");
    for (unsigned i = 0; i < 50000; i++) {
        if (!budget_take(shared->budget, &a))
            continue;
        int held = atomic_fetch_add(&shared->held, 1) + 1, most = atomic_load(&shared->most);
        while (held > most && !atomic_compare_exchange_weak(&shared->most, &most, held))
            continue;
        atomic_fetch_sub(&shared->held, 1);
        budget_give(shared->budget, &a);
    }
    return NULL;
}

static void workers_share(void **state)
{
    (void)state;
    struct shared shared = { .budget = budget_new(2, 24, 56) };
    uint64_t failures = check_failures();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &shared), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(check_failures(), failures);
    assert_true(atomic_load(&shared.most) <= 2);
    struct address a = address_of("192.0.2.1");
    assert_true(budget_take(shared.budget, &a) && budget_take(shared.budget, &a));
    assert_false(budget_take(shared.budget, &a));
    budget_free(shared.budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_network),
        cmocka_unit_test(no_limit),
        cmocka_unit_test(limit_changes),
        cmocka_unit_test(many_networks),
        cmocka_unit_test(workers_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
