/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations: the samples of RFC 3492 section 7.1 (with digits in lower case), and what Python's codec says of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "names/punycode.h"

enum { POINTS = 80 };

static const struct { const char *label, *code; size_t count; uint32_t points[POINTS]; } samples[] = {
    { "(A) arabic", "egbpdaj6bu4bxfgehfvwxn", 17, { 0x0644, 0x064a, 0x0647, 0x0645, 0x0627, 0x0628, 0x062a, 0x0643, 0x0644, 0x0645, 0x0648, 0x0634, 0x0639, 0x0631, 0x0628, 0x064a, 0x061f } },
    { "(B) chinese simplified", "ihqwcrb4cv8a8dqg056pqjye", 9, { 0x4ed6, 0x4eec, 0x4e3a, 0x4ec0, 0x4e48, 0x4e0d, 0x8bf4, 0x4e2d, 0x6587 } },
    { "(C) chinese traditional", "ihqwctvzc91f659drss3x8bo0yb", 9, { 0x4ed6, 0x5011, 0x7232, 0x4ec0, 0x9ebd, 0x4e0d, 0x8aaa, 0x4e2d, 0x6587 } },
    { "(D) czech", "Proprostnemluvesky-uyb24dma41a", 22, { 0x0050, 0x0072, 0x006f, 0x010d, 0x0070, 0x0072, 0x006f, 0x0073, 0x0074, 0x011b, 0x006e, 0x0065, 0x006d, 0x006c, 0x0075, 0x0076, 0x00ed, 0x010d, 0x0065, 0x0073, 0x006b, 0x0079 } },
    { "(E) hebrew", "4dbcagdahymbxekheh6e0a7fei0b", 22, { 0x05dc, 0x05de, 0x05d4, 0x05d4, 0x05dd, 0x05e4, 0x05e9, 0x05d5, 0x05d8, 0x05dc, 0x05d0, 0x05de, 0x05d3, 0x05d1, 0x05e8, 0x05d9, 0x05dd, 0x05e2, 0x05d1, 0x05e8, 0x05d9, 0x05ea } },
    { "(F) hindi", "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd", 30, { 0x092f, 0x0939, 0x0932, 0x094b, 0x0917, 0x0939, 0x093f, 0x0928, 0x094d, 0x0926, 0x0940, 0x0915, 0x094d, 0x092f, 0x094b, 0x0902, 0x0928, 0x0939, 0x0940, 0x0902, 0x092c, 0x094b, 0x0932, 0x0938, 0x0915, 0x0924, 0x0947, 0x0939, 0x0948, 0x0902 } },
    { "(G) japanese", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa", 18, { 0x306a, 0x305c, 0x307f, 0x3093, 0x306a, 0x65e5, 0x672c, 0x8a9e, 0x3092, 0x8a71, 0x3057, 0x3066, 0x304f, 0x308c, 0x306a, 0x3044, 0x306e, 0x304b } },
    { "(H) korean", "989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c", 24, { 0xc138, 0xacc4, 0xc758, 0xbaa8, 0xb4e0, 0xc0ac, 0xb78c, 0xb4e4, 0xc774, 0xd55c, 0xad6d, 0xc5b4, 0xb97c, 0xc774, 0xd574, 0xd55c, 0xb2e4, 0xba74, 0xc5bc, 0xb9c8, 0xb098, 0xc88b, 0xc744, 0xae4c } },
    { "(I) russian", "b1abfaaepdrnnbgefbadotcwatmq2g4l", 28, { 0x043f, 0x043e, 0x0447, 0x0435, 0x043c, 0x0443, 0x0436, 0x0435, 0x043e, 0x043d, 0x0438, 0x043d, 0x0435, 0x0433, 0x043e, 0x0432, 0x043e, 0x0440, 0x044f, 0x0442, 0x043f, 0x043e, 0x0440, 0x0443, 0x0441, 0x0441, 0x043a, 0x0438 } },
    { "(J) spanish", "PorqunopuedensimplementehablarenEspaol-fmd56a", 40, { 0x0050, 0x006f, 0x0072, 0x0071, 0x0075, 0x00e9, 0x006e, 0x006f, 0x0070, 0x0075, 0x0065, 0x0064, 0x0065, 0x006e, 0x0073, 0x0069, 0x006d, 0x0070, 0x006c, 0x0065, 0x006d, 0x0065, 0x006e, 0x0074, 0x0065, 0x0068, 0x0061, 0x0062, 0x006c, 0x0061, 0x0072, 0x0065, 0x006e, 0x0045, 0x0073, 0x0070, 0x0061, 0x00f1, 0x006f, 0x006c } },
    { "(K) vietnamese", "TisaohkhngthchnitingVit-kjcr8268qyxafd2f1b9g", 31, { 0x0054, 0x1ea1, 0x0069, 0x0073, 0x0061, 0x006f, 0x0068, 0x1ecd, 0x006b, 0x0068, 0x00f4, 0x006e, 0x0067, 0x0074, 0x0068, 0x1ec3, 0x0063, 0x0068, 0x1ec9, 0x006e, 0x00f3, 0x0069, 0x0074, 0x0069, 0x1ebf, 0x006e, 0x0067, 0x0056, 0x0069, 0x1ec7, 0x0074 } },
    { "(L) 3nen", "3B-ww4c5e180e575a65lsy2b", 8, { 0x0033, 0x5e74, 0x0042, 0x7d44, 0x91d1, 0x516b, 0x5148, 0x751f } },
    { "(M) amuro", "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n", 24, { 0x5b89, 0x5ba4, 0x5948, 0x7f8e, 0x6075, 0x002d, 0x0077, 0x0069, 0x0074, 0x0068, 0x002d, 0x0053, 0x0055, 0x0050, 0x0045, 0x0052, 0x002d, 0x004d, 0x004f, 0x004e, 0x004b, 0x0045, 0x0059, 0x0053 } },
    { "(N) hello", "Hello-Another-Way--fc4qua05auwb3674vfr0b", 25, { 0x0048, 0x0065, 0x006c, 0x006c, 0x006f, 0x002d, 0x0041, 0x006e, 0x006f, 0x0074, 0x0068, 0x0065, 0x0072, 0x002d, 0x0057, 0x0061, 0x0079, 0x002d, 0x305d, 0x308c, 0x305e, 0x308c, 0x306e, 0x5834, 0x6240 } },
    { "(O) hitotsu", "2-u9tlzr9756bt3uc0v", 8, { 0x3072, 0x3068, 0x3064, 0x5c4b, 0x6839, 0x306e, 0x4e0b, 0x0032 } },
    { "(P) maji", "MajiKoi5-783gue6qz075azm5e", 13, { 0x004d, 0x0061, 0x006a, 0x0069, 0x3067, 0x004b, 0x006f, 0x0069, 0x3059, 0x308b, 0x0035, 0x79d2, 0x524d } },
    { "(Q) pafii", "de-jg4avhby1noc0d", 9, { 0x30d1, 0x30d5, 0x30a3, 0x30fc, 0x0064, 0x0065, 0x30eb, 0x30f3, 0x30d0 } },
    { "(R) speed", "d9juau41awczczp", 7, { 0x305d, 0x306e, 0x30b9, 0x30d4, 0x30fc, 0x30c9, 0x3067 } },
    { "(S) ascii alone", "-> $1.00 <--", 11, { '-', '>', ' ', '$', '1', '.', '0', '0', ' ', '<', '-' } },
    { "nothing", "", 0, { 0 } },
    { "an emoji", "ls8h", 1, { 0x1f4a9 } },
    { "one point many times", "tdaaaaa", 5, { 0xfc, 0xfc, 0xfc, 0xfc, 0xfc } },
    { "the highest", "dn32g", 1, { 0x10ffff } },
};

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(samples); i++) {
        uint32_t points[POINTS];
        char code[128];
        size_t count = 0, length = 0, want = strlen(samples[i].code);
        assert_int_equal(punycode_decode(slice_string(samples[i].code), points, POINTS, &count), OK);
        if (count != samples[i].count || memcmp(points, samples[i].points, count * sizeof points[0]) != 0)
            fail_msg("%s: decodes to %zu points", samples[i].label, count);
        assert_int_equal(punycode_encode(samples[i].points, samples[i].count, code, sizeof code, &length), OK);
        if (length != want || memcmp(code, samples[i].code, want) != 0)
            fail_msg("%s: encodes to %.*s", samples[i].label, (int)length, code);
    }
}

/* Never more than fits, and the same when it does. */
static void test_room(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(samples); i++) {
        uint32_t points[POINTS];
        char code[128];
        size_t count, length, want = strlen(samples[i].code);
        for (size_t room = 0; room <= want; room++)
            assert_int_equal(punycode_encode(samples[i].points, samples[i].count, code, room, &length), room < want ? E_NO_SPACE : OK);
        for (size_t room = 0; room <= samples[i].count; room++)
            assert_int_equal(punycode_decode(slice_string(samples[i].code), points, room, &count), room < samples[i].count ? E_NO_SPACE : OK);
    }
}

static void test_digits_in_either_case(void **state)
{
    (void)state;
    uint32_t points[POINTS];
    size_t count = 0;
    assert_int_equal(punycode_decode(slice_string("B1ABFAAEPDRNNBGEFBaDotcwatmq2g4l"), points, POINTS, &count), OK);
    assert_int_equal(count, 28);
    assert_int_equal(points[0], 0x43f);
}

static const struct { const char *label; struct slice code; } bad[] = {
    { "digit that is none", { "a-b_", 4 } },
    { "not ASCII before the delimiter", { "\xc3\xbc-kva", 6 } },
    { "not ASCII behind it", { "a-\xc3\xbc", 4 } },
    { "number cut short", { "bcher-kv", 8 } },
    { "number cut short at once", { "a-z", 3 } },
    { "delimiter first", { "-kva", 4 } },
    { "overflow", { "99999999", 8 } },
    { "over U+10FFFF", { "en32g", 5 } },
    { "surrogate", { "ib9b", 4 } },
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        uint32_t points[POINTS];
        size_t count = 99;
        if (punycode_decode(bad[i].code, points, POINTS, &count) != E_BAD_TEXT || count != 99)
            fail_msg("%s", bad[i].label);
    }
    char code[64];
    size_t length;
    assert_int_equal(punycode_encode((const uint32_t[]){ 'a', 0x110000 }, 2, code, sizeof code, &length), E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples), cmocka_unit_test(test_room), cmocka_unit_test(test_digits_in_either_case), cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests_name("names/punycode", tests, NULL, NULL);
}
