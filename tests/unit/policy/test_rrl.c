/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "policy/rrl.h"

#include <pthread.h>

static struct address address_of(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(slice_string(text), &address), OK);
    return address;
}

struct tally { unsigned verdict[3]; };

static struct rrl *new_rrl(uint32_t rate, uint32_t slip, uint32_t window)
{
    struct rrl_options options = rrl_defaults();
    options.responses_per_second = rate;
    options.slip = slip;
    options.window_seconds = window;
    struct rrl *rrl = rrl_new(&options);
    assert_non_null(rrl);
    return rrl;
}

/* 50,000 queries a second from one /24, 20 s long: no more whole answers than the rate, and 1/slip of the rest truncated. */
static void flood(void **state)
{
    (void)state;
    static const struct { const char *label; uint32_t rate, slip, window; unsigned least, most; } cases[] = {
        { "charged", 20, 2, 15, 20, 20 },          /* the first second's worth; then the debt never gets paid */
        { "not charged", 20, 2, 0, 400, 420 },     /* the rate, and one second's worth at the start */
        { "slip 3", 5, 3, 15, 5, 5 },
        { "slip 1", 100, 1, 0, 2000, 2100 },
        { "slip 10", 20, 10, 15, 20, 20 },
        { "no slip", 20, 0, 15, 20, 20 },
    };
    enum { SECONDS = 20, PER_MS = 50 };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct rrl *rrl = new_rrl(cases[i].rate, cases[i].slip, cases[i].window);
        struct tally tally = { 0 };
        struct address client = address_of("192.0.2.0");
        for (unsigned ms = 0; ms < SECONDS * 1000; ms++) {
            for (unsigned n = 0; n < PER_MS; n++) {
                client.bytes[3] = (uint8_t)(ms * PER_MS + n);
                tally.verdict[rrl_admit(rrl, &client, RRL_POSITIVE, 77, 1000000 + ms)]++;
            }
        }
        if (tally.verdict[RRL_SEND] < cases[i].least || tally.verdict[RRL_SEND] > cases[i].most)
            fail_msg("%s: %u answered", cases[i].label, tally.verdict[RRL_SEND]);
        unsigned limited = tally.verdict[RRL_DROP] + tally.verdict[RRL_SLIP];
        assert_int_equal(limited + tally.verdict[RRL_SEND], SECONDS * 1000 * PER_MS);
        double share = (double)tally.verdict[RRL_SLIP] / limited, want = cases[i].slip ? 1.0 / cases[i].slip : 0;
        if (share < want * 0.95 || share > want * 1.05)
            fail_msg("%s: %f of the limited slipped", cases[i].label, share);
        rrl_free(rrl);
    }
}

static void below_the_rate_nothing_happens(void **state)
{
    (void)state;
    struct rrl *rrl = new_rrl(20, 2, 15);
    struct address client = address_of("2001:db8:1:2::1");
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(rrl_admit(rrl, &client, RRL_POSITIVE, 1, 5000 + i * 50), RRL_SEND);
    /* A burst of one second's worth, then limited, and free again after the pause. */
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(rrl_admit(rrl, &client, RRL_POSITIVE, 2, 60000), RRL_SEND);
    assert_int_equal(rrl_admit(rrl, &client, RRL_POSITIVE, 2, 60000), RRL_DROP);
    assert_int_equal(rrl_admit(rrl, &client, RRL_POSITIVE, 2, 60000), RRL_SLIP);
    assert_int_equal(rrl_admit(rrl, &client, RRL_POSITIVE, 2, 61500), RRL_SEND);
    rrl_free(rrl);
}

/* After a flood, whole answers come again when the debt is paid: window seconds later. */
static void debt_is_paid_off(void **state)
{
    (void)state;
    struct rrl *rrl = new_rrl(10, 0, 5);
    struct address client = address_of("192.0.2.1");
    for (unsigned i = 0; i < 1000; i++)
        (void)rrl_admit(rrl, &client, RRL_NXDOMAIN, 9, 10000);
    assert_int_equal(rrl_admit(rrl, &client, RRL_NXDOMAIN, 9, 14900), RRL_DROP);
    assert_int_equal(rrl_admit(rrl, &client, RRL_NXDOMAIN, 9, 16000), RRL_SEND);
    rrl_free(rrl);
}

static void accounts_are_apart(void **state)
{
    (void)state;
    static const struct { const char *label, *a, *b; enum rrl_class class_a, class_b; uint64_t key_a, key_b; bool same; } cases[] = {
        { "one /24", "192.0.2.1", "192.0.2.255", RRL_POSITIVE, RRL_POSITIVE, 1, 1, true },
        { "two /24", "192.0.2.1", "192.0.3.1", RRL_POSITIVE, RRL_POSITIVE, 1, 1, false },
        { "one /56", "2001:db8:0:1::1", "2001:db8:0:ff::1", RRL_POSITIVE, RRL_POSITIVE, 1, 1, true },
        { "two /56", "2001:db8:0:1::1", "2001:db8:0:100::1", RRL_POSITIVE, RRL_POSITIVE, 1, 1, false },
        { "two names", "192.0.2.1", "192.0.2.1", RRL_POSITIVE, RRL_POSITIVE, 1, 2, false },
        { "two classes", "192.0.2.1", "192.0.2.1", RRL_POSITIVE, RRL_NXDOMAIN, 1, 1, false },
        { "errors are one", "192.0.2.1", "192.0.2.1", RRL_ERROR, RRL_ERROR, 1, 2, true },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct rrl *rrl = new_rrl(10, 0, 15);
        struct address a = address_of(cases[i].a), b = address_of(cases[i].b);
        for (unsigned n = 0; n < 100; n++)
            (void)rrl_admit(rrl, &a, cases[i].class_a, cases[i].key_a, 1000);
        CHECK_EQUAL(rrl_admit(rrl, &b, cases[i].class_b, cases[i].key_b, 1000), cases[i].same ? RRL_DROP : RRL_SEND,
                    cases[i].label);
        rrl_free(rrl);
    }
}

static void exemptions(void **state)
{
    (void)state;
    struct rrl_options options = rrl_defaults();
    struct address loopback = address_of("127.0.0.1"), friend = address_of("198.51.100.1");
    struct rrl *off = rrl_new(&options);
    for (unsigned n = 0; n < 1000; n++)
        assert_int_equal(rrl_admit(off, &friend, RRL_POSITIVE, 1, 1000), RRL_SEND);
    rrl_free(off);
    options.responses_per_second = 1;
    struct rrl *rrl = rrl_new(&options);
    for (unsigned n = 0; n < 1000; n++)
        assert_int_equal(rrl_admit(rrl, &loopback, RRL_POSITIVE, 1, 1000), RRL_SEND);
    rrl_free(rrl);
    struct acl *acl = acl_new();
    assert_int_equal(acl_add(acl, slice_string("198.51.100.0/24")), OK);
    options.exempt = acl;
    rrl = rrl_new(&options);
    for (unsigned n = 0; n < 1000; n++)
        assert_int_equal(rrl_admit(rrl, &friend, RRL_POSITIVE, 1, 1000), RRL_SEND);
    assert_int_equal(rrl_admit(rrl, &loopback, RRL_POSITIVE, 1, 1000), RRL_SEND);
    assert_int_not_equal(rrl_admit(rrl, &loopback, RRL_POSITIVE, 1, 1000), RRL_SEND);
    rrl_free(rrl);
    acl_free(acl);
}

/* Strangers with many networks do not push out the account of a flood that goes on. */
static void floods_stay_known(void **state)
{
    (void)state;
    struct rrl_options options = rrl_defaults();
    options.responses_per_second = 10;
    options.slip = 0;
    options.table_slots = 1024;
    struct rrl *rrl = rrl_new(&options);
    struct address victim = address_of("192.0.2.1"), other = address_of("10.0.0.0");
    unsigned sent = 0;
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t now_ms = 1000 + i / 20;
        sent += rrl_admit(rrl, &victim, RRL_POSITIVE, 1, now_ms) == RRL_SEND;
        other.bytes[1] = (uint8_t)(i >> 16);
        other.bytes[2] = (uint8_t)(i >> 8);
        other.bytes[3] = 0;
        (void)rrl_admit(rrl, &other, RRL_POSITIVE, i, now_ms);
    }
    assert_in_range(sent, 10, 12);
    assert_true(rrl_evictions(rrl) > 0);
    rrl_free(rrl);
}

struct share { struct rrl *rrl; struct tally tally; };

static void *flood_from_thread(void *argument)
{
    struct share *share = argument;
    struct address client = address_of("192.0.2.1");
    for (unsigned i = 0; i < 100000; i++)
        share->tally.verdict[rrl_admit(share->rrl, &client, RRL_POSITIVE, 5, 1000)]++;
    return NULL;
}

static void workers_share_one_account(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct rrl *rrl = new_rrl(1000, 2, 15);
    struct share shares[THREADS] = { 0 };
    pthread_t threads[THREADS];
    unsigned sent = 0, slipped = 0, dropped = 0;
    for (int i = 0; i < THREADS; i++) {
        shares[i].rrl = rrl;
        assert_int_equal(pthread_create(&threads[i], NULL, flood_from_thread, &shares[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sent += shares[i].tally.verdict[RRL_SEND];
        slipped += shares[i].tally.verdict[RRL_SLIP];
        dropped += shares[i].tally.verdict[RRL_DROP];
    }
    assert_int_equal(sent + slipped + dropped, THREADS * 100000);
    assert_in_range(sent, 1000, 1000 + 30); /* threads that open the account at once may lose a few charges */
    assert_in_range(slipped, dropped - 5, dropped + 5);
    rrl_free(rrl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flood),              cmocka_unit_test(below_the_rate_nothing_happens),
        cmocka_unit_test(debt_is_paid_off),   cmocka_unit_test(accounts_are_apart),
        cmocka_unit_test(exemptions),         cmocka_unit_test(floods_stay_known),
        cmocka_unit_test(workers_share_one_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
