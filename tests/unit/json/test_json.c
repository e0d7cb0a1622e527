/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void reading(void **state)
{
    static const struct { const char *label, *text; enum status want; } cases[] = {
        { "object", "{\"a\":1}", OK },
        { "white space around", " \n[1, 2]\t", OK },
        { "a bare text", "\"x\"", OK },
        { "nothing", "", E_BAD_TEXT },
        { "cut short", "{\"a\":", E_BAD_TEXT },
        { "two values", "{} {}", E_BAD_TEXT },
        { "a member twice", "{\"a\":1,\"a\":2}", E_BAD_TEXT },
        { "a comma too many", "[1,]", E_BAD_TEXT },
        { "not UTF-8", "\"\xff\"", E_BAD_TEXT },
        { "deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", E_LIMIT },
        { "brackets in a text do not nest", "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"", OK },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct json_value *value = NULL;
        enum status got = json_value_parse(cases[i].text, strlen(cases[i].text), &value);
        if (got != cases[i].want)
            fail_msg("%s: %s", cases[i].label, status_text(got));
        json_value_free(value);
    }
}

static void members(void **state)
{
    (void)state;
    static const char text[] = "{\"name\":\"x\",\"count\":7,\"minus\":-1,\"yes\":true,\"list\":[\"a\",\"b\"]}";
    struct json_value *value = NULL;
    uint64_t number = 99;
    assert_int_equal(json_value_parse(text, sizeof text - 1, &value), OK);
    assert_string_equal(json_value_get_text(value, "name"), "x");
    assert_null(json_value_get_text(value, "count"));
    assert_null(json_value_get_text(value, "absent"));
    assert_false(json_value_get_u64(value, "minus", &number));
    assert_false(json_value_get_u64(value, "name", &number));
    assert_int_equal(number, 99);
    assert_true(json_value_get_u64(value, "count", &number));
    assert_int_equal(number, 7);
    assert_true(json_value_get_bool(value, "yes"));
    assert_false(json_value_get_bool(value, "name"));
    struct json_value *list = json_value_get(value, "list");
    assert_int_equal(json_value_count(list), 2);
    assert_string_equal(json_value_as_text(json_value_at(list, 1)), "b");
    assert_null(json_value_at(list, 2));
    json_value_free(value);
}

static void building(void **state)
{
    (void)state;
    struct json_value *value = json_value_object(), *list = json_value_array();
    json_value_add(list, json_value_u64(1));
    json_value_add(list, json_value_bool(false));
    json_value_set_text(value, "z", "quote \" and \xff octet");
    json_value_set_text(value, "none", NULL);
    json_value_set(value, "a", list);
    json_value_set_u64(value, "big", UINT64_MAX);
    struct text out;
    text_growing(&out);
    assert_int_equal(json_value_print(value, false, &out), OK);
    assert_string_equal(out.data, "{\"z\":\"quote \\\" and \xef\xbf\xbd octet\",\"a\":[1,false],\"big\":9223372036854775807}");
    text_clear(&out);
    char small[8];
    text_fixed(&out, small, sizeof small);
    assert_int_equal(json_value_print(value, false, &out), E_NO_SPACE);
    assert_int_equal(json_value_print(NULL, false, &out), E_NOMEM);
    json_value_free(value);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(reading), cmocka_unit_test(members), cmocka_unit_test(building) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
