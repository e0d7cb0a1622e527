/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel must not answer as "below": the names above zones, all of them or, without memory, none. */
#include "../zone/build.h"
#include "serve/kernel_names.h"

enum { ZONES = 900 };       /* three names each: the set grows twice */

static bool has(const struct kernel_names *names, const char *text)
{
    struct name name = test_name(text);
    return kernel_names_have(names, name_view_of(&name));
}

static void zone_put(struct zone_table *table, const char *origin)
{
    struct name name = test_name(origin);
    struct zone *zone = zone_new(name_view_of(&name), CLASS_IN);
    assert_non_null(zone);
    assert_int_equal(zone_table_add(table, zone), OK);
    zone_unref(zone);
}

static struct zone_table *table_make(struct epoch *epoch)
{
    struct zone_table *table = zone_table_new(epoch);
    assert_non_null(table);
    for (unsigned i = 0; i < ZONES; i++) {
        char origin[64];
        snprintf(origin, sizeof origin, "child.p%u.Example.", i);
        zone_put(table, origin);
    }
    return table;
}

/* @return how many of the names that are above a zone it knows */
static unsigned known(const struct kernel_names *names)
{
    unsigned count = has(names, ".") + has(names, "eXample.");
    for (unsigned i = 0; i < ZONES; i++) {
        char name[64];
        snprintf(name, sizeof name, "P%u.example.", i);
        count += has(names, name);
        snprintf(name, sizeof name, "child.p%u.example.", i);
        count += has(names, name);
    }
    return count;
}

static void test_names_above_zones(void **state)
{
    struct epoch *epoch = epoch_new();
    struct zone_table *table = table_make(epoch);
    struct kernel_names names = { 0 };
    (void)state;
    assert_false(has(&names, "example."));
    assert_true(kernel_names_learn(&names, table));
    assert_int_equal(known(&names), 2 + 2 * ZONES);
    assert_false(has(&names, "x.child.p1.example."));
    assert_false(has(&names, "other."));
    struct name mount = test_name("eth.gate.Other.");       /* a source's suffix */
    assert_true(kernel_names_add(&names, name_view_of(&mount)));
    assert_true(has(&names, "other.") && has(&names, "gate.other.") && has(&names, "ETH.gate.other."));
    assert_false(has(&names, "x.eth.gate.other."));
    kernel_names_clear(&names);
    assert_int_equal(known(&names), 0);
    zone_table_free(table);
    epoch_free(epoch);
}

/* A list that ends in the middle would let a cut above the rest be put. */
static void test_out_of_memory(void **state)
{
    struct epoch *epoch = epoch_new();
    struct zone_table *table = table_make(epoch);
    struct kernel_names names = { 0 };
    unsigned failed = 0;
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        fault_after(nth);
        bool learnt = kernel_names_learn(&names, table);
        fault_after(0);
        if (learnt)
            break;
        failed++;
        assert_null(names.slots);
        assert_int_equal(known(&names), 0);
    }
    assert_true(failed >= 3);       /* the first slots, and each time it grew */
    assert_int_equal(known(&names), 2 + 2 * ZONES);
    fault_after(1);
    assert_false(kernel_names_learn(&names, table));    /* what was whole before is gone too */
    fault_after(0);
    assert_null(names.slots);
    zone_table_free(table);
    epoch_free(epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names_above_zones), cmocka_unit_test(test_out_of_memory) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
