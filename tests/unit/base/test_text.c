/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/arena.h"
#include "base/text.h"

static void fixed_stops_whole(void **state)
{
    (void)state;
    char buffer[8];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    assert_string_equal(buffer, "");
    text_add(&text, "abcd");
    text_add(&text, "efgh"); /* one octet too many with its terminator */
    assert_true(text.full);
    assert_string_equal(buffer, "abcd");
    text_add_char(&text, 'e'); /* sticky */
    assert_string_equal(buffer, "abcd");
    text_clear(&text);
    assert_false(text.full);
    text_add(&text, "1234567");
    assert_false(text.full);
    assert_string_equal(buffer, "1234567");
    text_fixed(&text, NULL, 0);
    text_add(&text, "");
    assert_true(text.full);
}

static void compound_writes_are_taken_back(void **state)
{
    (void)state;
    char buffer[6];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    text_add(&text, "x");
    text_add_quoted(&text, (const uint8_t *)"abc", 3);
    assert_string_equal(buffer, "x");
    text_clear(&text);
    text_add(&text, "y");
    text_add_json(&text, "\n");
    assert_string_equal(buffer, "y");
    text_clear(&text);
    text_add(&text, "z");
    text_add_hex(&text, (const uint8_t *)"\1\2\3", 3, false);
    assert_true(text.full);
    assert_string_equal(buffer, "z");
    text_clear(&text);
    text_add_format(&text, "%d", 1234567);
    assert_string_equal(buffer, "");
    assert_true(text.full);
}

static void growing_grows(void **state)
{
    (void)state;
    struct text text;
    text_growing(&text);
    for (int i = 0; i < 1000; i++)
        text_add_format(&text, "%s%0*d", i ? "," : "", 150, i);
    text_add_u64(&text, UINT64_MAX);
    text_add_u64(&text, 0);
    assert_false(text.full);
    assert_int_equal(text.length, 1000 * 151 - 1 + 21);
    assert_int_equal(strlen(text.data), text.length);
    assert_string_equal(text.data + text.length - 21, "184467440737095516150");
    text_clear(&text);
    assert_null(text.data);
    text_add(&text, "");
    assert_string_equal(text.data, "");
    fault_after(1);
    for (int i = 0; i < 100; i++)
        text_add(&text, "0123456789");
    fault_after(0);
    assert_true(text.full);
    assert_int_equal(text.length % 10, 0);
    text_clear(&text);
}

static void quoting(void **state)
{
    (void)state;
    static const struct {
        const char *label, *bytes;
        size_t size;
        const char *want;
    } cases[] = {
        { "plain", "abc", 3, "\"abc\"" },
        { "empty", "", 0, "\"\"" },
        { "quote and backslash", "a\"b\\", 4, "\"a\\\"b\\\\\"" },
        { "control", "\0\x1f\x7f\xff", 4, "\"\\000\\031\\127\\255\"" },
        { "space and semicolon stay", " ;", 2, "\" ;\"" },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char buffer[64];
        struct text text;
        text_fixed(&text, buffer, sizeof buffer);
        text_add_quoted(&text, (const uint8_t *)cases[i].bytes, cases[i].size);
        CHECK_STRING(buffer, cases[i].want, cases[i].label);
    }
}

static void json_strings(void **state)
{
    (void)state;
    static const struct { const char *label, *string, *want; } cases[] = {
        { "plain", "abc", "\"abc\"" },
        { "quote and backslash", "\"\\", "\"\\\"\\\\\"" },
        { "control", "\n\x01\x7f", "\"\\u000a\\u0001\\u007f\"" },
        { "UTF-8 stays", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"" },
        { "lone continuation", "\x80", "\"\\u0080\"" },
        { "cut short", "\xe2\x82", "\"\\u00e2\\u0082\"" },
        { "overlong", "\xc0\xaf", "\"\\u00c0\\u00af\"" },
        { "overlong of three", "\xe0\x80\xaf", "\"\\u00e0\\u0080\\u00af\"" },
        { "surrogate", "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"" },
        { "past U+10FFFF", "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"" },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char buffer[128];
        struct text text;
        text_fixed(&text, buffer, sizeof buffer);
        text_add_json(&text, cases[i].string);
        CHECK_STRING(buffer, cases[i].want, cases[i].label);
    }
}

typedef enum status reader(struct slice slice, uint64_t max, uint64_t *out);

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        reader *read;
        const char *text;
        uint64_t max;
        enum status want;
        uint64_t value;
    } cases[] = {
        { "zero", text_read_u64, "0", 9, OK, 0 },
        { "greatest", text_read_u64, "18446744073709551615", UINT64_MAX, OK, UINT64_MAX },
        { "one too many", text_read_u64, "18446744073709551616", UINT64_MAX, E_RANGE, 0 },
        { "far too many", text_read_u64, "99999999999999999999999", UINT64_MAX, E_RANGE, 0 },
        { "over max", text_read_u64, "10", 9, E_RANGE, 0 },
        { "leading zeros", text_read_u64, "007", 9, OK, 7 },
        { "empty", text_read_u64, "", 9, E_BAD_TEXT, 0 },
        { "sign", text_read_u64, "-1", 9, E_BAD_TEXT, 0 },
        { "plus", text_read_u64, "+1", 9, E_BAD_TEXT, 0 },
        { "space", text_read_u64, " 1", 9, E_BAD_TEXT, 0 },
        { "letters behind", text_read_u64, "1x", 9, E_BAD_TEXT, 0 },
        { "letters behind too many", text_read_u64, "99x", 9, E_BAD_TEXT, 0 },
        { "bytes", text_read_bytes, "10", 100, OK, 10 },
        { "K", text_read_bytes, "10K", 10240, OK, 10240 },
        { "k over", text_read_bytes, "11k", 10240, E_RANGE, 0 },
        { "M", text_read_bytes, "4M", UINT64_MAX, OK, 4 << 20 },
        { "G", text_read_bytes, "1G", UINT64_MAX, OK, 1 << 30 },
        { "G overflow", text_read_bytes, "17179869184G", UINT64_MAX, E_RANGE, 0 },
        { "KB", text_read_bytes, "1KB", UINT64_MAX, E_BAD_TEXT, 0 },
        { "unit alone", text_read_bytes, "K", UINT64_MAX, E_BAD_TEXT, 0 },
        { "seconds", text_read_duration_ms, "300", UINT64_MAX, OK, 300000 },
        { "s", text_read_duration_ms, "2s", UINT64_MAX, OK, 2000 },
        { "minutes", text_read_duration_ms, "5m", UINT64_MAX, OK, 300000 },
        { "compound", text_read_duration_ms, "1h30m", UINT64_MAX, OK, 5400000 },
        { "all", text_read_duration_ms, "1w1d1h1m1s1ms", UINT64_MAX, OK, 694861001 },
        { "capitals", text_read_duration_ms, "1H30M", UINT64_MAX, OK, 5400000 },
        { "ms", text_read_duration_ms, "20ms", UINT64_MAX, OK, 20 },
        { "year", text_read_duration_ms, "1y", UINT64_MAX, OK, 31536000000 },
        { "over", text_read_duration_ms, "2s", 1999, E_RANGE, 0 },
        { "overflow", text_read_duration_ms, "18446744073709551615y", UINT64_MAX, E_RANGE, 0 },
        { "sum overflows", text_read_duration_ms, "18446744073709551615ms1ms", UINT64_MAX, E_RANGE, 0 },
        { "unit missing", text_read_duration_ms, "1h30", UINT64_MAX, E_BAD_TEXT, 0 },
        { "unknown unit", text_read_duration_ms, "1x", UINT64_MAX, E_BAD_TEXT, 0 },
        { "no number", text_read_duration_ms, "m", UINT64_MAX, E_BAD_TEXT, 0 },
        { "nothing", text_read_duration_ms, "", UINT64_MAX, E_BAD_TEXT, 0 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint64_t value = 0;
        CHECK_EQUAL(cases[i].read(slice_string(cases[i].text), cases[i].max, &value), cases[i].want, cases[i].label);
        CHECK_EQUAL(value, cases[i].value, cases[i].label);
    }
}

typedef enum status decoder(struct slice text, uint8_t *out, size_t room, size_t *length);

/* Vectors of RFC 4648 section 10, and what must not decode. */
static void codecs(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        decoder *decode;
        const char *text, *bytes;
        enum status want;
    } cases[] = {
        { "base64 0", base64_decode, "", "", OK },
        { "base64 1", base64_decode, "Zg==", "f", OK },
        { "base64 2", base64_decode, "Zm8=", "fo", OK },
        { "base64 3", base64_decode, "Zm9v", "foo", OK },
        { "base64 4", base64_decode, "Zm9vYg==", "foob", OK },
        { "base64 6", base64_decode, "Zm9vYmFy", "foobar", OK },
        { "base64 without padding", base64_decode, "Zg", "", E_BAD_TEXT },
        { "base64 one sign short", base64_decode, "Zg=", "", E_BAD_TEXT },
        { "base64 bits behind the end", base64_decode, "Zh==", "", E_BAD_TEXT },
        { "base64 padding within", base64_decode, "Zg==Zg==", "", E_BAD_TEXT },
        { "base64 too much padding", base64_decode, "Z===", "", E_BAD_TEXT },
        { "base64 only padding", base64_decode, "====", "", E_BAD_TEXT },
        { "base64 url letters", base64_decode, "-_-_", "", E_BAD_TEXT },
        { "base64 space", base64_decode, "Zm 9", "", E_BAD_TEXT },
        { "base32hex 1", base32hex_decode, "CO", "f", OK },
        { "base32hex 2", base32hex_decode, "CPNG", "fo", OK },
        { "base32hex 3", base32hex_decode, "CPNMU", "foo", OK },
        { "base32hex 4", base32hex_decode, "CPNMUOG", "foob", OK },
        { "base32hex 5", base32hex_decode, "CPNMUOJ1", "fooba", OK },
        { "base32hex 6", base32hex_decode, "CPNMUOJ1E8", "foobar", OK },
        { "base32hex lower", base32hex_decode, "cpnmu", "foo", OK },
        { "base32hex padding", base32hex_decode, "CO======", "", E_BAD_TEXT },
        { "base32hex length 1", base32hex_decode, "0", "", E_BAD_TEXT },
        { "base32hex length 3", base32hex_decode, "000", "", E_BAD_TEXT },
        { "base32hex length 6", base32hex_decode, "000000", "", E_BAD_TEXT },
        { "base32hex letter w", base32hex_decode, "W0", "", E_BAD_TEXT },
        { "base32hex bits", base32hex_decode, "CP", "", E_BAD_TEXT },
        { "hex", hex_decode, "666F6f", "foo", OK },
        { "hex odd", hex_decode, "666", "", E_BAD_TEXT },
        { "hex letter", hex_decode, "6g", "", E_BAD_TEXT },
        { "no room", hex_decode, "66666666666666666666", "", E_NO_SPACE },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t out[8];
        size_t length = 0;
        CHECK_EQUAL(cases[i].decode(slice_string(cases[i].text), out, sizeof out, &length), cases[i].want,
                    cases[i].label);
        CHECK_EQUAL(length, strlen(cases[i].bytes), cases[i].label);
        assert_memory_equal(out, cases[i].bytes, length);
    }
}

static void encoded_decodes_to_itself(void **state)
{
    (void)state;
    uint8_t bytes[300], back[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + i / 7);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct text text;
        size_t length = 0;
        text_growing(&text);
        text_add_base64(&text, bytes, size);
        assert_int_equal(text.length, (size + 2) / 3 * 4);
        assert_int_equal(base64_decode(slice_of(text.data, text.length), back, sizeof back, &length), OK);
        assert_int_equal(length, size);
        assert_memory_equal(back, bytes, size);
        text_clear(&text);
        text_add_base32hex(&text, bytes, size);
        assert_int_equal(text.length, (size * 8 + 4) / 5);
        assert_int_equal(base32hex_decode(slice_of(text.data, text.length), back, sizeof back, &length), OK);
        assert_int_equal(length, size);
        assert_memory_equal(back, bytes, size);
        text_clear(&text);
        text_add_hex(&text, bytes, size, size % 2);
        assert_int_equal(hex_decode(slice_of(text.data, text.length), back, sizeof back, &length), OK);
        assert_int_equal(length, size);
        assert_memory_equal(back, bytes, size);
        text_clear(&text);
    }
    char buffer[32];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    text_add_base64(&text, (const uint8_t *)"fo", 2);
    text_add_base32hex(&text, (const uint8_t *)"foob", 4);
    text_add_hex(&text, (const uint8_t *)"\xab\xcd", 1, true);
    text_add_hex(&text, (const uint8_t *)"\xab\xcd", 2, false);
    assert_string_equal(buffer, "Zm8=CPNMUOGABabcd");
}

static void slices_and_words(void **state)
{
    (void)state;
    assert_true(slice_is(slice_of("abcd", 3), "abc"));
    assert_false(slice_is(slice_of("abcd", 3), "abcd"));
    assert_false(slice_is(slice_string("ABC"), "abc"));
    assert_true(slice_is_nocase(slice_string("ABC"), "abc"));
    assert_false(slice_is_nocase(slice_string("@"), "`")); /* differ in bit 5, but are no letters */
    assert_true(slice_is(slice_of(NULL, 0), ""));
    for (unsigned c = 0; c < 256; c++)
        assert_int_equal(ascii_lower((uint8_t)c), c >= 'A' && c <= 'Z' ? c + 32 : c);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("listen", "listen"), 0);
    assert_int_equal(text_distance("flaw", "lawn"), 2);
    char longer[100];
    memset(longer, 'a', sizeof longer - 1);
    longer[99] = 0;
    assert_int_equal(text_distance("a", longer), 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_stops_whole), cmocka_unit_test(compound_writes_are_taken_back),
        cmocka_unit_test(growing_grows),     cmocka_unit_test(quoting),
        cmocka_unit_test(json_strings),      cmocka_unit_test(numbers),
        cmocka_unit_test(codecs),            cmocka_unit_test(encoded_decodes_to_itself),
        cmocka_unit_test(slices_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
