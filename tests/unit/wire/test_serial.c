/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

/* RFC 1982 §3.2 and §5.2; the row and its mirror are both tried. */
static const struct {
    const char *label;
    uint32_t a, b;
    enum serial_order want, mirrored;
} cases[] = {
    { "equal", 7, 7, SERIAL_EQUAL, SERIAL_EQUAL },
    { "zero", 0, 0, SERIAL_EQUAL, SERIAL_EQUAL },
    { "one up", 1, 2, SERIAL_LESS, SERIAL_GREATER },
    { "from zero", 0, 1, SERIAL_LESS, SERIAL_GREATER },
    { "over the edge", 0xffffffff, 0, SERIAL_LESS, SERIAL_GREATER },
    { "over the edge by more", 0xfffffff0, 0x10, SERIAL_LESS, SERIAL_GREATER },
    { "the largest step", 0, 0x7fffffff, SERIAL_LESS, SERIAL_GREATER },
    { "one more than the largest step", 0, 0x80000001, SERIAL_GREATER, SERIAL_LESS },
    { "exactly opposite", 0, 0x80000000, SERIAL_UNDEFINED, SERIAL_UNDEFINED },
    { "exactly opposite elsewhere", 0x40000000, 0xc0000000, SERIAL_UNDEFINED, SERIAL_UNDEFINED },
    { "exactly opposite over the edge", 0xc0000001, 0x40000001, SERIAL_UNDEFINED, SERIAL_UNDEFINED },
    { "the largest step over the edge", 0xc0000000, 0x3fffffff, SERIAL_LESS, SERIAL_GREATER },
    { "dates", 2026112100, 2026112101, SERIAL_LESS, SERIAL_GREATER },
    { "date to seconds goes backwards", 2026112100, 1795256157, SERIAL_GREATER, SERIAL_LESS },
};

static void orders_serials(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CHECK_EQ(cases[i].label, serial_compare(cases[i].a, cases[i].b), cases[i].want);
        CHECK_EQ(cases[i].label, serial_compare(cases[i].b, cases[i].a), cases[i].mirrored);
    }
}

/* RFC 1982 §5.1 with two-bit and eight-bit numbers laid at the top of 32 bits: 100 is less than 200, and so on. */
static void small_serials_of_the_rfc(void **state)
{
    (void)state;
    static const struct { unsigned less, greater; } eight[] = {
        { 0, 1 }, { 0, 44 }, { 0, 100 }, { 44, 100 }, { 100, 200 }, { 200, 255 }, { 255, 0 }, { 255, 100 }, { 200, 0 },
        { 200, 44 },
    };
    for (size_t i = 0; i < LENGTH_OF(eight); i++) {
        uint32_t a = (uint32_t)eight[i].less << 24, b = (uint32_t)eight[i].greater << 24;
        assert_int_equal(serial_compare(a, b), SERIAL_LESS);
        assert_int_equal(serial_compare(b, a), SERIAL_GREATER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_serials),
        cmocka_unit_test(small_serials_of_the_rfc),
    };
    return cmocka_run_group_tests_name("wire serial", tests, NULL, NULL);
}
