/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/arena.h"
#include "base/table.h"

static int values[4000];

static void set_find_remove(void **state)
{
    (void)state;
    struct table *table = table_new();
    void *old = &old;
    assert_null(table_find(table, "a", 1));
    assert_null(table_remove(table, "a", 1));
    assert_int_equal(table_set(table, "a", 1, &values[1], &old), OK);
    assert_null(old);
    assert_int_equal(table_set(table, "a\0", 2, &values[2], NULL), OK);
    assert_int_equal(table_set(table, "", 0, &values[3], NULL), OK);
    assert_int_equal(table_set(table, "a", 1, &values[4], &old), OK);
    assert_ptr_equal(old, &values[1]);
    assert_int_equal(table_count(table), 3);
    assert_ptr_equal(table_find(table, "a", 1), &values[4]);
    assert_ptr_equal(table_find(table, "a\0", 2), &values[2]);
    assert_ptr_equal(table_find(table, "", 0), &values[3]);
    assert_ptr_equal(table_remove(table, "a", 1), &values[4]);
    assert_null(table_find(table, "a", 1));
    assert_int_equal(table_count(table), 2);
    table_free(table);
    table_free(NULL);
}

/* Against a plain array, with many adds and removes in no order. */
static void behaves_as_a_map(void **state)
{
    (void)state;
    struct table *table = table_new();
    bool present[4000] = { false };
    size_t count = 0;
    uint32_t dice = 12345;
    for (int round = 0; round < 60000; round++) {
        dice = dice * 1664525 + 1013904223;
        uint32_t key = dice >> 8 & 0xfff;
        if (key >= 4000)
            continue;
        if (dice >> 30 == 0) {
            assert_ptr_equal(table_remove(table, &key, sizeof key), present[key] ? &values[key] : NULL);
            count -= present[key];
            present[key] = false;
        } else {
            void *old;
            assert_int_equal(table_set(table, &key, sizeof key, &values[key], &old), OK);
            assert_ptr_equal(old, present[key] ? &values[key] : NULL);
            count += !present[key];
            present[key] = true;
        }
        assert_int_equal(table_count(table), count);
    }
    for (uint32_t key = 0; key < 4000; key++)
        assert_ptr_equal(table_find(table, &key, sizeof key), present[key] ? &values[key] : NULL);
    size_t position = 0, seen = 0, key_bytes;
    const void *key;
    void *value;
    while (table_next(table, &position, &key, &key_bytes, &value)) {
        uint32_t number;
        assert_int_equal(key_bytes, sizeof number);
        memcpy(&number, key, sizeof number);
        assert_true(present[number]);
        assert_ptr_equal(value, &values[number]);
        present[number] = false;
        seen++;
    }
    assert_int_equal(seen, count);
    table_free(table);
}

static void survives_lack_of_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 40; nth++) {
        struct table *table = table_new();
        size_t set = 0;
        fault_after(nth);
        for (uint32_t i = 0; i < 20; i++)
            set += table_set(table, &i, sizeof i, &values[i], NULL) == OK;
        fault_after(0);
        assert_int_equal(table_count(table), set);
        for (uint32_t i = 0; i < 20; i++)
            assert_int_equal(table_set(table, &i, sizeof i, &values[i], NULL), OK);
        assert_int_equal(table_count(table), 20);
        table_free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_find_remove),
        cmocka_unit_test(behaves_as_a_map),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
