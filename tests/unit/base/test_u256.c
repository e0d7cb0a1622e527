/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/u256.h"

#define MOST "115792089237316195423570985008687907853269984665640564039457584007913129639935"      /* 2^256 - 1 */
#define MOST_HEX "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static struct u256 number(const char *text)
{
    struct u256 out = { { 0 } };
    if (u256_parse(slice_string(text), &out) != OK)
        fail_msg("%s does not parse", text);
    return out;
}

static void check_number(struct u256 have, const char *want, const char *label)
{
    char buffer[U256_TEXT_ROOM];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    u256_print(&text, have);
    CHECK_EQUAL(text.full, false, label);
    CHECK_STRING(buffer, want, label);
}

static const struct { const char *label, *text; enum status want; const char *decimal, *quantity; } texts[] = {
    { "zero", "0", OK, "0", "0x0" },
    { "zeros", "000", OK, "0", "0x0" },
    { "hexadecimal zero", "0x0", OK, "0", "0x0" },
    { "one word", "18446744073709551615", OK, "18446744073709551615", "0xffffffffffffffff" },
    { "one more", "18446744073709551616", OK, "18446744073709551616", "0x10000000000000000" },
    { "both cases", "0xAbCdEf", OK, "11259375", "0xabcdef" },
    { "an ether", "1000000000000000000", OK, "1000000000000000000", "0xde0b6b3a7640000" },
    { "the largest", MOST, OK, MOST, MOST_HEX },
    { "the largest in hexadecimal", MOST_HEX, OK, MOST, MOST_HEX },
    { "one over", "115792089237316195423570985008687907853269984665640564039457584007913129639936", E_RANGE, "", "" },
    { "many over", "0x10000000000000000000000000000000000000000000000000000000000000000", E_RANGE, "", "" },
    { "leading zeros are no digits of weight", "0x00000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", OK, MOST, MOST_HEX },
    { "nothing", "", E_BAD_TEXT, "", "" },
    { "nothing behind 0x", "0x", E_BAD_TEXT, "", "" },
    { "a sign", "-1", E_BAD_TEXT, "", "" },
    { "a letter", "1a", E_BAD_TEXT, "", "" },
    { "no hexadecimal digit", "0xg", E_BAD_TEXT, "", "" },
    { "a space", " 1", E_BAD_TEXT, "", "" },
};

static void parsing(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct u256 out = { { 77, 0, 0, 0 } };
        char buffer[U256_TEXT_ROOM];
        struct text text;
        CHECK_EQUAL(u256_parse(slice_string(texts[i].text), &out), texts[i].want, texts[i].label);
        if (texts[i].want != OK) {
            CHECK_EQUAL(out.limb[0], 77, texts[i].label);
            continue;
        }
        check_number(out, texts[i].decimal, texts[i].label);
        text_fixed(&text, buffer, sizeof buffer);
        u256_print_quantity(&text, out);
        CHECK_STRING(buffer, texts[i].quantity, texts[i].label);
    }
}

static const struct { const char *label, *text; unsigned decimals; enum status want; const char *number, *printed; } units[] = {
    { "whole ether", "1", 18, OK, "1000000000000000000", "1" },
    { "a part", "0.05", 18, OK, "50000000000000000", "0.05" },
    { "one wei", "0.000000000000000001", 18, OK, "1", "0.000000000000000001" },
    { "zeros at the end", "2.500", 18, OK, "2500000000000000000", "2.5" },
    { "gwei", "30.25", 9, OK, "30250000000", "30.25" },
    { "no decimals", "12", 0, OK, "12", "12" },
    { "no decimals, a point", "12.0", 0, E_BAD_TEXT, "", "" },
    { "nothing", "0", 18, OK, "0", "0" },
    { "the largest", "115792089237316195423570985008687907853269984665640564039457.584007913129639935", 18, OK, MOST,
      "115792089237316195423570985008687907853269984665640564039457.584007913129639935" },
    { "over it", "115792089237316195423570985008687907853269984665640564039457.584007913129639936", 18, E_RANGE, "", "" },
    { "too many places", "0.0000000000000000001", 18, E_BAD_TEXT, "", "" },
    { "point first", ".5", 18, E_BAD_TEXT, "", "" },
    { "point last", "5.", 18, E_BAD_TEXT, "", "" },
    { "two points", "1.2.3", 18, E_BAD_TEXT, "", "" },
    { "a sign", "-1", 18, E_BAD_TEXT, "", "" },
    { "hexadecimal", "0x1", 18, E_BAD_TEXT, "", "" },
    { "all places", "0.00000000000000000000000000000000000000000000000000000000000000000000000000001", 77, OK, "1",
      "0.00000000000000000000000000000000000000000000000000000000000000000000000000001" },
};

static void amounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(units); i++) {
        struct u256 out = { { 77, 0, 0, 0 } };
        char buffer[U256_TEXT_ROOM];
        struct text text;
        CHECK_EQUAL(u256_parse_units(slice_string(units[i].text), units[i].decimals, &out), units[i].want, units[i].label);
        if (units[i].want != OK) {
            CHECK_EQUAL(out.limb[0], 77, units[i].label);
            continue;
        }
        check_number(out, units[i].number, units[i].label);
        text_fixed(&text, buffer, sizeof buffer);
        u256_print_units(&text, out, units[i].decimals);
        CHECK_EQUAL(text.full, false, units[i].label);
        CHECK_STRING(buffer, units[i].printed, units[i].label);
    }
}

/* Expectations computed with Python's integers. */
static void arithmetic(void **state)
{
    (void)state;
    struct u256 out, most = number(MOST);
    assert_false(u256_add(number("18446744073709551615"), number("1"), &out));
    check_number(out, "18446744073709551616", "carry");
    assert_true(u256_add(most, number("1"), &out));
    check_number(out, "0", "around");
    assert_true(u256_add(most, most, &out));
    check_number(out, "115792089237316195423570985008687907853269984665640564039457584007913129639934", "twice the largest");
    assert_false(u256_subtract(number("18446744073709551616"), number("1"), &out));
    check_number(out, "18446744073709551615", "borrow");
    assert_true(u256_subtract(number("0"), number("1"), &out));
    check_number(out, MOST, "below zero");
    assert_false(u256_subtract(most, most, &out));
    check_number(out, "0", "itself");
    assert_false(u256_multiply_u64(number("340282366920938463463374607431768211455"), UINT64_MAX, &out));
    check_number(out, "6277101735386680763495507056286727952620534092958556749825", "by a word");
    assert_true(u256_multiply_u64(most, 2, &out));
    assert_false(u256_multiply(number("340282366920938463463374607431768211455"), number("340282366920938463463374607431768211455"), &out));
    check_number(out, "115792089237316195423570985008687907852589419931798687112530834793049593217025", "two words by two");
    assert_true(u256_multiply(number("340282366920938463463374607431768211456"), number("340282366920938463463374607431768211456"), &out));
    check_number(out, "0", "2^256");
    assert_true(u256_multiply(most, most, &out));
    check_number(out, "1", "cut");
    assert_int_equal(u256_divide_u64(most, 1000000007, &out), 792845265);
    check_number(out, "115792088426771576436169949955498258164782177512165321454300333827810", "by a prime");
    assert_int_equal(u256_divide_u64(number("41"), 100, &out), 41);
    check_number(out, "0", "smaller than the divisor");
}

static void octets(void **state)
{
    (void)state;
    uint8_t word[U256_BYTES], again[U256_BYTES];
    for (size_t i = 0; i < sizeof word; i++)
        word[i] = (uint8_t)(i + 1);
    for (size_t length = 0; length <= sizeof word; length++) {
        struct u256 a = u256_read(word, length);
        assert_int_equal(u256_bytes(a), length);
        u256_write(a, again);
        assert_memory_equal(again + sizeof again - length, word, length);
        for (size_t i = 0; i + length < sizeof again; i++)
            assert_int_equal(again[i], 0);
    }
    assert_int_equal(u256_bytes(u256_from_u64(0x80)), 1);
    assert_int_equal(u256_bytes(u256_from_u64(0x100)), 2);
    assert_true(u256_compare(u256_from_u64(1), number("0x10000000000000000")) < 0);
    assert_true(u256_compare(number(MOST), number("0x10000000000000000")) > 0);
    assert_int_equal(u256_compare(number(MOST), number(MOST_HEX)), 0);
    assert_true(u256_fits_u64(u256_from_u64(UINT64_MAX)));
    assert_false(u256_fits_u64(number("0x10000000000000000")));
    assert_int_equal(u256_to_u64(number(MOST)), UINT64_MAX);
    assert_true(u256_is_zero(u256_from_u64(0)) && !u256_is_zero(number(MOST)));
    char small[8];
    struct text text;
    text_fixed(&text, small, sizeof small);
    u256_print(&text, number(MOST));
    assert_true(text.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(parsing), cmocka_unit_test(amounts), cmocka_unit_test(arithmetic), cmocka_unit_test(octets) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
