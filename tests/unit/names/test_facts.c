/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_chain.h"

#include "names/names_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct name_view alice = { (const uint8_t *)"\5alice\3eth", 11, 2 };

static void test_depends(void **state)
{
    (void)state;
    struct facts *facts = facts_new(fake_chain(), alice);
    struct eth_address contract = { { 1 } }, zero = { { 0 } };
    assert_true(facts_depend(facts, fake_chain(), &zero, DEPEND_CODE, NULL, NULL));     /* what is not configured counts for nothing */
    assert_int_equal(facts->depend_count + facts->contract_count, 0);
    for (unsigned i = 0; i < 2 * FACTS_DEPENDS_MAX; i++) {
        struct eth_word word = { { (uint8_t)(i >> 8), (uint8_t)i } };
        assert_true(facts_depend(facts, fake_chain(), &contract, DEPEND_NODE, &word, NULL));
        assert_true(facts_depend(facts, fake_chain(), &contract, DEPEND_NODE, &word, NULL));
        assert_int_equal(facts->depend_count, i < FACTS_DEPENDS_MAX ? i + 1 : FACTS_DEPENDS_MAX);
        assert_int_equal(facts->one_block, i >= FACTS_DEPENDS_MAX);     /* more than can be kept: it is not relied on */
    }
    assert_int_equal(facts->contract_count, 1);
    facts_free(facts);
}

static void test_merge(void **state)
{
    (void)state;
    struct facts *a = facts_new(fake_chain(), alice), *b = facts_new(fake_chain(), alice);
    struct eth_address one = { { 1 } }, two = { { 2 } };
    assert_true(facts_depend(a, fake_chain(), &one, DEPEND_CODE, NULL, NULL));
    assert_true(facts_depend(b, fake_chain(), &one, DEPEND_CODE, NULL, NULL) && facts_depend(b, fake_chain(), &two, DEPEND_CODE, NULL, NULL));
    b->one_block = true;
    b->max_age_seconds = 5;
    b->changes_at = 77;
    b->proof.grade = PROOF_SINGLE;
    assert_true(facts_merge(a, b));
    assert_int_equal(a->depend_count, 2);
    assert_int_equal(a->contract_count, 2);
    assert_true(a->one_block);
    assert_int_equal(a->max_age_seconds, 5);
    assert_int_equal(a->changes_at, 77);
    assert_int_equal(a->proof.grade, PROOF_SINGLE);
    facts_free(a);
    facts_free(b);
}

static void test_find(void **state)
{
    (void)state;
    struct facts *facts = facts_new(fake_chain(), alice);
    struct fact_records records[] = { { .owner = alice, .type = 1 }, { .owner = name_strip(alice, 1), .type = 1 } };
    struct fact_owner owners[] = { { .owner = alice } };
    facts->records = records;
    facts->record_count = 2;
    facts->owners = owners;
    facts->owner_count = 1;
    assert_ptr_equal(facts_records(facts, name_strip(alice, 1), 1), &records[1]);
    assert_null(facts_records(facts, alice, 28));
    assert_ptr_equal(facts_owner(facts, alice), &owners[0]);
    assert_null(facts_owner(facts, name_root));
    assert_null(facts_text(facts, "url"));
    assert_null(facts_coin(facts, 60));
    facts_free(facts);
    facts_free(NULL);
}

static bool told;
static void on_told(void *context, struct facts *facts)
{
    (void)context;
    told = true;
    facts_free(facts);
}

static void test_later(void **state)
{
    (void)state;
    struct facts_job *job;
    assert_int_equal(facts_tell_later(fake_chain(), facts_new(fake_chain(), alice), on_told, NULL, &job), OK);
    assert_false(told);
    facts_cancel(job);
    fake_turn();
    assert_false(told);
    assert_int_equal(facts_tell_later(fake_chain(), facts_new(fake_chain(), alice), on_told, NULL, &job), OK);
    fake_turn();
    assert_true(told);
    facts_cancel(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_depends), cmocka_unit_test(test_merge), cmocka_unit_test(test_find), cmocka_unit_test(test_later) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
