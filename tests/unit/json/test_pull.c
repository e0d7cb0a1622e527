/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer, views and frames, held against the grammar of RFC 8259. */
#include "../base/unit.h"
#include "json/pull.h"

#include <stdlib.h>

/* Reads exactly as many octets as there are, so that AddressSanitizer sees the next one. */
static enum status read_exact(const char *text, size_t bytes, struct json_view *out, char **copy)
{
    *copy = malloc(bytes ? bytes : 1);
    memcpy(*copy, text, bytes);
    return json_read(*copy, bytes, bytes, out);
}

static void accepts_the_grammar_only(void **state)
{
    static const struct { const char *label, *text; enum status want; } cases[] = {
        { "object", "{}", OK },                             { "array", " [ ] ", OK },
        { "nested", "[{\"a\":[1,2,{\"b\":null}]},true,false]", OK },
        { "null", "null", OK },                             { "string alone", "\"x\"", OK },
        { "number alone", "12", OK },                       { "white space", "\t\r\n 1 \n", OK },
        { "nothing", "", E_TRUNCATED },                     { "only space", "  ", E_TRUNCATED },
        { "two values", "1 2", E_BAD_TEXT },                { "garbage behind", "{}x", E_BAD_TEXT },
        { "second bracket", "[]]", E_BAD_TEXT },            { "open array", "[1", E_TRUNCATED },
        { "open object", "{\"a\":1", E_TRUNCATED },         { "trailing comma", "[1,]", E_BAD_TEXT },
        { "trailing comma in object", "{\"a\":1,}", E_BAD_TEXT }, { "leading comma", "[,1]", E_BAD_TEXT },
        { "double comma", "[1,,2]", E_BAD_TEXT },           { "no comma", "[1 2]", E_BAD_TEXT },
        { "no colon", "{\"a\" 1}", E_BAD_TEXT },            { "no value", "{\"a\":}", E_BAD_TEXT },
        { "name not a string", "{a:1}", E_BAD_TEXT },       { "number as name", "{1:1}", E_BAD_TEXT },
        { "wrong bracket", "[1}", E_BAD_TEXT },             { "wrong brace", "{\"a\":1]", E_BAD_TEXT },
        { "single quotes", "['a']", E_BAD_TEXT },           { "comment", "[1/*x*/]", E_BAD_TEXT },
        { "word cut", "nul", E_TRUNCATED },                 { "word wrong", "nulL", E_BAD_TEXT },
        { "word too long", "nullx", E_BAD_TEXT },           { "capital word", "True", E_BAD_TEXT },
        { "NaN", "NaN", E_BAD_TEXT },                       { "byte order mark", "\xef\xbb\xbf{}", E_BAD_TEXT },
        { "form feed", "\f1", E_BAD_TEXT },                 { "colon in array", "[1:2]", E_BAD_TEXT },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct json_view view = { 0 };
        char *copy;
        CHECK_EQUAL(read_exact(cases[i].text, strlen(cases[i].text), &view, &copy), cases[i].want, cases[i].label);
        CHECK_EQUAL(view.at != NULL, cases[i].want == OK, cases[i].label);
        free(copy);
    }
}

static void numbers_by_the_grammar(void **state)
{
    static const struct { const char *text; enum status want; } cases[] = {
        { "0", OK },          { "-0", OK },          { "-1", OK },        { "10", OK },           { "1.5", OK },
        { "1e5", OK },        { "1E+5", OK },        { "1.0e-05", OK },   { "123456789012345678901234567890", OK },
        { "01", E_BAD_TEXT }, { "-01", E_BAD_TEXT }, { "+1", E_BAD_TEXT },{ ".5", E_BAD_TEXT },   { "1.", E_TRUNCATED },
        { "1.e5", E_BAD_TEXT }, { "1e", E_TRUNCATED }, { "1e+", E_TRUNCATED }, { "-", E_TRUNCATED }, { "-x", E_BAD_TEXT },
        { "1e+-5", E_BAD_TEXT }, { "0x10", E_BAD_TEXT }, { "1_000", E_BAD_TEXT }, { "--1", E_BAD_TEXT }, { "1.5.5", E_BAD_TEXT },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct json_view view;
        char *copy;
        CHECK_EQUAL(read_exact(cases[i].text, strlen(cases[i].text), &view, &copy), cases[i].want, cases[i].text);
        free(copy);
    }
}

static void strings_are_utf8_with_whole_escapes(void **state)
{
    static const struct { const char *label, *text; enum status want; const char *says; } cases[] = {
        { "plain", "\"hello\"", OK, "hello" },
        { "empty", "\"\"", OK, "" },
        { "all short escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", OK, "\"\\/\b\f\n\r\t" },
        { "one octet", "\"\\u0041\"", OK, "A" },
        { "two octets", "\"\\u00e9\"", OK, "\xc3\xa9" },
        { "three octets", "\"\\u20AC\"", OK, "\xe2\x82\xac" },
        { "a pair", "\"\\ud83d\\ude00\"", OK, "\xf0\x9f\x98\x80" },
        { "as it is", "\"\xf0\x9f\x98\x80\xc3\xa9\"", OK, "\xf0\x9f\x98\x80\xc3\xa9" },
        { "long, special at the end", "\"0123456789abcdefghijklmnopqrstuv\\n\"", OK, "0123456789abcdefghijklmnopqrstuv\n" },
        { "delete is plain", "\"\x7f\"", OK, "\x7f" },
        { "control octet", "\"a\nb\"", E_BAD_TEXT, NULL },
        { "control octet far in", "\"01234567890123\x01""56789\"", E_BAD_TEXT, NULL },
        { "unknown escape", "\"\\x41\"", E_BAD_TEXT, NULL },
        { "capital escape", "\"\\N\"", E_BAD_TEXT, NULL },
        { "short number", "\"\\u004\"", E_BAD_TEXT, NULL },
        { "not hex", "\"\\u00g1\"", E_BAD_TEXT, NULL },
        { "first half alone", "\"\\ud83d\"", E_BAD_TEXT, NULL },
        { "first half and a letter", "\"\\ud83dabcdef\"", E_BAD_TEXT, NULL },
        { "first half twice", "\"\\ud83d\\ud83d\"", E_BAD_TEXT, NULL },
        { "second half alone", "\"\\ude00\"", E_BAD_TEXT, NULL },
        { "stray continuation", "\"\x80\"", E_BAD_TEXT, NULL },
        { "overlong slash", "\"\xc0\xaf\"", E_BAD_TEXT, NULL },
        { "overlong in three", "\"\xe0\x80\xaf\"", E_BAD_TEXT, NULL },
        { "surrogate in UTF-8", "\"\xed\xa0\x80\"", E_BAD_TEXT, NULL },
        { "above the last", "\"\xf4\x90\x80\x80\"", E_BAD_TEXT, NULL },
        { "sequence cut by the quote", "\"\xe2\x82\"", E_BAD_TEXT, NULL },
        { "Latin-1", "\"\xe9\"", E_BAD_TEXT, NULL },
        { "open", "\"abc", E_TRUNCATED, NULL },
        { "escaped quote at the end", "\"abc\\\"", E_TRUNCATED, NULL },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct json_view view;
        char *copy, says[64];
        size_t length;
        CHECK_EQUAL(read_exact(cases[i].text, strlen(cases[i].text), &view, &copy), cases[i].want, cases[i].label);
        if (cases[i].want == OK) {
            CHECK_EQUAL(json_text_copy(view, says, sizeof says, &length), OK, cases[i].label);
            CHECK_STRING(says, cases[i].says, cases[i].label);
            CHECK_EQUAL(json_is(view, cases[i].says), true, cases[i].label);
            CHECK_EQUAL(json_is(view, "other"), false, cases[i].label);
            CHECK_EQUAL(json_text_copy(view, says, strlen(cases[i].says), &length), OK, cases[i].label);
            if (length > 0)
                CHECK_EQUAL(json_text_copy(view, says, length - 1, &length), E_NO_SPACE, cases[i].label);
        }
        free(copy);
    }
}

static void limits_hold(void **state)
{
    char deep[2 * JSON_PULL_DEPTH + 4];
    struct json_view view;
    (void)state;
    memset(deep, '[', JSON_PULL_DEPTH);
    memset(deep + JSON_PULL_DEPTH, ']', JSON_PULL_DEPTH);
    assert_int_equal(json_read(deep, (size_t)2 * JSON_PULL_DEPTH, SIZE_MAX, &view), OK);
    memset(deep, '[', JSON_PULL_DEPTH + 1);
    memset(deep + JSON_PULL_DEPTH + 1, ']', JSON_PULL_DEPTH + 1);
    assert_int_equal(json_read(deep, (size_t)2 * JSON_PULL_DEPTH + 2, SIZE_MAX, &view), E_LIMIT);
    assert_int_equal(json_read("[1]", 3, 3, &view), OK);
    assert_int_equal(json_read("[1]", 3, 2, &view), E_LIMIT);
    assert_int_equal(json_read(NULL, 0, 2, &view), E_TRUNCATED);
}

static void tokens_one_by_one(void **state)
{
    static const char text[] = "{\"a\":[1,\"x\\n\"],\"b\":{\"c\":null},\"d\":true}";
    static const enum json_kind want[] = { JSON_OBJECT, JSON_NAME, JSON_ARRAY, JSON_NUMBER, JSON_STRING, JSON_ARRAY_END, JSON_NAME,
        JSON_OBJECT, JSON_NAME, JSON_NULL, JSON_OBJECT_END, JSON_NAME, JSON_TRUE, JSON_OBJECT_END, JSON_END, JSON_END };
    struct json_pull pull;
    struct json_token token;
    (void)state;
    json_pull_init(&pull, text, sizeof text - 1, SIZE_MAX);
    for (size_t i = 0; i < LENGTH_OF(want); i++) {
        assert_int_equal(json_next(&pull, &token), OK);
        assert_int_equal(token.kind, want[i]);
        assert_int_equal(token.escaped, i == 4);
        if (i == 4)
            assert_true(json_token_is(&token, "x\n") && !json_token_is(&token, "x") && !json_token_is(&token, "x\nn"));
    }
    json_pull_init(&pull, text, sizeof text - 1, SIZE_MAX);
    unsigned names = 0;
    assert_int_equal(json_next(&pull, &token), OK);
    assert_int_equal(json_next(&pull, &token), OK);
    for (; token.kind == JSON_NAME; names++) {
        assert_int_equal(json_skip(&pull, &token), OK);
        assert_int_equal(json_next(&pull, &token), OK);
    }
    assert_int_equal(names, 3);
    assert_int_equal(token.kind, JSON_OBJECT_END);
    json_pull_init(&pull, "[1,", 3, SIZE_MAX);
    assert_int_equal(json_next(&pull, &token), OK);
    assert_int_equal(json_skip(&pull, &token), E_TRUNCATED);
    assert_int_equal(json_next(&pull, &token), E_TRUNCATED);
}

static void members_and_paths(void **state)
{
    static const char text[] = " {\"id\":7,\"result\":[{\"hash\":\"0xab\"},{\"hash\":\"0xcd\"}], \"err\\u006fr\" : {\"data\":{\"data\":\"}]\\\"\"}},\"id\":8, \"\":1} ";
    static const char *const names[] = { "id", "missing", "error" };
    struct json_view view, some[3];
    uint64_t id;
    (void)state;
    assert_int_equal(json_read(text, sizeof text - 1, SIZE_MAX, &view), OK);
    assert_int_equal(json_kind(view), JSON_OBJECT);
    json_members(view, names, some, 3);
    assert_int_equal(json_u64(some[0], &id), OK);
    assert_int_equal(id, 8);
    assert_int_equal(json_kind(some[1]), JSON_NONE);
    assert_int_equal(json_kind(some[2]), JSON_OBJECT);
    assert_true(json_is(json_path(view, "result.1.hash"), "0xcd"));
    assert_true(json_is(json_path(view, "error.data.data"), "}]\""));
    assert_int_equal(json_kind(json_path(view, "result.2.hash")), JSON_NONE);
    assert_int_equal(json_kind(json_path(view, "result.x")), JSON_NONE);
    assert_int_equal(json_kind(json_path(view, "id.x")), JSON_NONE);
    assert_int_equal(json_kind(json_member(view, "")), JSON_NUMBER);
    assert_int_equal(json_count(view, 100), 5);
    assert_int_equal(json_count(json_member(view, "result"), 1), 1);
    assert_int_equal(json_count(json_member(view, "id"), 100), 0);
    assert_int_equal(json_raw(json_member(view, "result")).length, strlen("[{\"hash\":\"0xab\"},{\"hash\":\"0xcd\"}]"));
    struct json_view none = { 0 };
    assert_int_equal(json_kind(json_path(none, "a.b")), JSON_NONE);
    assert_int_equal(json_raw(none).length, 0);
    assert_int_equal(json_count(none, 1), 0);
    assert_int_equal(json_u64(none, &id), E_NOT_FOUND);
}

static void values_of_every_kind(void **state)
{
    static const struct { const char *text; enum status number; uint64_t is; } numbers[] = {
        { "0", OK, 0 },                                  { "18446744073709551615", OK, UINT64_MAX },
        { "18446744073709551616", E_RANGE, 0 },          { "-1", E_NOT_FOUND, 0 },
        { "1.0", E_NOT_FOUND, 0 },                       { "1e3", E_NOT_FOUND, 0 },
        { "\"1\"", E_NOT_FOUND, 0 },                     { "null", E_NOT_FOUND, 0 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(numbers); i++) {
        struct json_view view;
        uint64_t number = 0;
        assert_int_equal(json_read(numbers[i].text, strlen(numbers[i].text), SIZE_MAX, &view), OK);
        CHECK_EQUAL(json_u64(view, &number), numbers[i].number, numbers[i].text);
        CHECK_EQUAL(number, numbers[i].is, numbers[i].text);
    }
    struct json_view view;
    struct slice plain;
    bool truth = false;
    assert_int_equal(json_read("[true,false,\"a\\n\",\"b\"]", 22, SIZE_MAX, &view), OK);
    assert_true(json_truth(json_path(view, "0"), &truth) == OK && truth);
    assert_true(json_truth(json_path(view, "1"), &truth) == OK && !truth);
    assert_int_equal(json_truth(json_path(view, "2"), &truth), E_NOT_FOUND);
    assert_int_equal(json_text_plain(json_path(view, "2"), &plain), E_UNSUPPORTED);
    assert_int_equal(json_text_plain(json_path(view, "3"), &plain), OK);
    assert_true(slice_is(plain, "b"));
    assert_int_equal(json_text_plain(view, &plain), E_NOT_FOUND);
}

static void hex_data(void **state)
{
    static const struct { const char *text; enum status want; size_t bytes; const char *is; } cases[] = {
        { "\"0x\"", OK, 0, "" },                         { "\"0xab\"", OK, 1, "\xab" },
        { "\"0x0123456789abcdefABCDEF\"", OK, 11, "\x01\x23\x45\x67\x89\xab\xcd\xef\xab\xcd\xef" },
        { "\"0xabc\"", E_BAD_TEXT, 0, "" },              { "\"ab\"", E_BAD_TEXT, 0, "" },
        { "\"0Xab\"", E_BAD_TEXT, 0, "" },               { "\"0xag\"", E_BAD_TEXT, 0, "" },
        { "\"0x0123456789abcde/\"", E_BAD_TEXT, 0, "" }, { "\"0x0123:56789abcdef\"", E_BAD_TEXT, 0, "" },
        { "\"0x01@3456789abcdef\"", E_BAD_TEXT, 0, "" }, { "\"0x01`3456789abcdef\"", E_BAD_TEXT, 0, "" },
        { "\"0x\xc2\xab\"", E_BAD_TEXT, 0, "" },         { "\"0x\\u0061b\"", E_BAD_TEXT, 0, "" },
        { "\"\"", E_BAD_TEXT, 0, "" },                   { "12", E_NOT_FOUND, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct json_view view;
        struct slice digits;
        uint8_t bytes[16] = { 0 };
        size_t length = 0;
        assert_int_equal(json_read(cases[i].text, strlen(cases[i].text), SIZE_MAX, &view), OK);
        CHECK_EQUAL(json_hex(view, &digits), cases[i].want, cases[i].text);
        CHECK_EQUAL(json_hex_bytes(view, bytes, sizeof bytes, &length), cases[i].want, cases[i].text);
        CHECK_EQUAL(length, cases[i].bytes, cases[i].text);
        CHECK_EQUAL(memcmp(bytes, cases[i].is, length), 0, cases[i].text);
        CHECK_EQUAL(json_hex_exact(view, bytes, cases[i].bytes), cases[i].want, cases[i].text);
        if (cases[i].want == OK && length > 0) {
            CHECK_EQUAL(digits.length, 2 * length, cases[i].text);
            CHECK_EQUAL(json_hex_exact(view, bytes, length + 1), E_RANGE, cases[i].text);
            CHECK_EQUAL(json_hex_bytes(view, bytes, length - 1, &length), E_NO_SPACE, cases[i].text);
        }
    }
}

static void hex_quantities(void **state)
{
    static const struct { const char *text; enum status want, wide; uint64_t is; } cases[] = {
        { "\"0x0\"", OK, OK, 0 },                        { "\"0x1\"", OK, OK, 1 },
        { "\"0xFf\"", OK, OK, 255 },                     { "\"0x0000000000000000000001\"", OK, OK, 1 },
        { "\"0xffffffffffffffff\"", OK, OK, UINT64_MAX },{ "\"0x10000000000000000\"", E_RANGE, OK, 0 },
        { "\"0x\"", E_BAD_TEXT, E_BAD_TEXT, 0 },         { "\"0xg\"", E_BAD_TEXT, E_BAD_TEXT, 0 },
        { "\"12\"", E_BAD_TEXT, E_BAD_TEXT, 0 },         { "\"-0x1\"", E_BAD_TEXT, E_BAD_TEXT, 0 },
        { "12", E_NOT_FOUND, E_NOT_FOUND, 0 },           { "null", E_NOT_FOUND, E_NOT_FOUND, 0 },
        { "\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"", E_RANGE, OK, 0 },
        { "\"0x10000000000000000000000000000000000000000000000000000000000000000\"", E_RANGE, E_RANGE, 0 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct json_view view;
        uint64_t number = 0;
        uint8_t wide[32];
        assert_int_equal(json_read(cases[i].text, strlen(cases[i].text), SIZE_MAX, &view), OK);
        CHECK_EQUAL(json_quantity(view, &number), cases[i].want, cases[i].text);
        CHECK_EQUAL(number, cases[i].is, cases[i].text);
        CHECK_EQUAL(json_quantity_256(view, wide), cases[i].wide, cases[i].text);
        if (cases[i].want == OK)
            CHECK_EQUAL(wide[31], cases[i].is & 255, cases[i].text);
    }
}

/* However the stream is cut, the value ends at the same place. */
static void frames_in_pieces(void **state)
{
    static const struct { const char *text; enum status want; size_t length; } cases[] = {
        { "{\"a\":\"}\"}{", OK, 9 },           { " \n[[\"]\\\"]\"]]", OK, 12 },        { "{\"a\\\\\":1}x", OK, 9 },
        { "{\"a\":[1,2", E_AGAIN, 0 },         { "  ", E_AGAIN, 0 },                   { "x{}", E_BAD_TEXT, 0 },
        { "\"text\"", E_BAD_TEXT, 0 },         { "]", E_BAD_TEXT, 0 },                 { "{}", OK, 2 },
        { "{\"0123456789abcdefghij\\\"klmnop\":\"\xc3\xa9\x80{{{\"}", OK, 41 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        size_t bytes = strlen(cases[i].text), length = 0;
        struct json_frame whole = { 0 };
        CHECK_EQUAL(json_frame_feed(&whole, cases[i].text, bytes, &length), cases[i].want, cases[i].text);
        CHECK_EQUAL(length, cases[i].length, cases[i].text);
        struct json_frame piecewise = { 0 };
        enum status st = E_AGAIN;
        length = 0;
        for (size_t known = 0; known <= bytes && st == E_AGAIN; known++)
            st = json_frame_feed(&piecewise, cases[i].text, known, &length);
        CHECK_EQUAL(st, cases[i].want, cases[i].text);
        CHECK_EQUAL(length, cases[i].length, cases[i].text);
    }
    char deep[JSON_PULL_DEPTH + 1];
    struct json_frame frame = { 0 };
    size_t length;
    memset(deep, '[', sizeof deep);
    assert_int_equal(json_frame_feed(&frame, deep, sizeof deep, &length), E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_grammar_only), cmocka_unit_test(numbers_by_the_grammar),
        cmocka_unit_test(strings_are_utf8_with_whole_escapes), cmocka_unit_test(limits_hold),
        cmocka_unit_test(tokens_one_by_one), cmocka_unit_test(members_and_paths),
        cmocka_unit_test(values_of_every_kind), cmocka_unit_test(hex_data),
        cmocka_unit_test(hex_quantities), cmocka_unit_test(frames_in_pieces),
    };
    return cmocka_run_group_tests_name("json pull", tests, NULL, NULL);
}
