/* SPDX-License-Identifier: Apache-2.0 */
#include "ethereum/abi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>


static size_t unhex(const char *hex, uint8_t *out, size_t room)
{
    size_t length = 0;
    assert_int_equal(hex_decode(slice_string(hex), out, room, &length), OK);
    return length;
}

#define Z56 "00000000000000000000000000000000000000000000000000000000"
#define N(eight) Z56 eight          /* a number below 2^32 */

static struct slice taken(uint8_t *buffer, size_t room, const char *hex) { return slice_of((char *)buffer, unhex(hex, buffer, room)); }

/* "Contract ABI Specification", Examples: sam("dave", true, [1,2,3]) */
static const char sam[] = "a5643bf2" N("00000060") N("00000001") N("000000a0") N("00000004")
    "6461766500000000000000000000000000000000000000000000000000000000" N("00000003") N("00000001") N("00000002") N("00000003");

static void test_sam(void **state)
{
    (void)state;
    struct text text;
    text_growing(&text);
    struct abi_writer w = abi_writer_call(&text, 0xa5643bf2, 3);
    abi_write_bytes(&w, slice_string("dave"));
    abi_write_bool(&w, true);
    struct abi_writer a = abi_write_array(&w, 3, 1);
    for (uint64_t i = 1; i <= 3; i++)
        abi_write_u64(&a, i);
    assert_false(text.full);
    uint8_t octets[512];
    struct slice want = taken(octets, sizeof octets, sam);
    assert_int_equal(text.length, want.length);
    assert_memory_equal(text.data, want.data, want.length);

    struct abi_input input;
    struct abi_reader r = abi_reader_call(&input, want, 0xa5643bf2);
    assert_true(slice_is(abi_read_bytes(&r), "dave"));
    assert_true(abi_read_bool(&r));
    size_t count;
    struct abi_reader e = abi_read_array(&r, 1, &count);
    assert_int_equal(count, 3);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(abi_read_u64(&e), i);
    assert_true(abi_ok(&input));
    (void)abi_reader_call(&input, want, 0xa5643bf3);
    assert_false(abi_ok(&input));
    text_clear(&text);
}

/* "Use of Dynamic Types": g(uint256[][], string[]) with ([[1, 2], [3]], ["one", "two", "three"]) */
static const char g_call[] = "2289b18c" N("00000040") N("00000140") N("00000002") N("00000040") N("000000a0") N("00000002") N("00000001") N("00000002")
    N("00000001") N("00000003") N("00000003") N("00000060") N("000000a0") N("000000e0")
    N("00000003") "6f6e650000000000000000000000000000000000000000000000000000000000"
    N("00000003") "74776f0000000000000000000000000000000000000000000000000000000000"
    N("00000005") "7468726565000000000000000000000000000000000000000000000000000000";

static void test_nested(void **state)
{
    (void)state;
    uint8_t octets[1024];
    struct slice want = taken(octets, sizeof octets, g_call);
    struct text text;
    text_growing(&text);
    struct abi_writer w = abi_writer_call(&text, 0x2289b18c, 2);
    struct abi_writer outer = abi_write_array(&w, 2, 1);
    struct abi_writer first = abi_write_array(&outer, 2, 1);
    abi_write_u64(&first, 1);
    abi_write_u64(&first, 2);
    struct abi_writer second = abi_write_array(&outer, 1, 1);
    abi_write_u64(&second, 3);
    struct abi_writer strings = abi_write_array(&w, 3, 1);
    const char *const words[] = { "one", "two", "three" };
    for (size_t i = 0; i < 3; i++)
        abi_write_bytes(&strings, slice_string(words[i]));
    assert_false(text.full);
    assert_int_equal(text.length, want.length);
    assert_memory_equal(text.data, want.data, want.length);

    struct abi_input input;
    struct abi_reader r = abi_reader_call(&input, want, 0x2289b18c);
    size_t count, inner_count;
    struct abi_reader arrays = abi_read_array(&r, 1, &count);
    assert_int_equal(count, 2);
    struct abi_reader inner = abi_read_array(&arrays, 1, &inner_count);
    assert_int_equal(inner_count, 2);
    assert_int_equal(abi_read_u64(&inner), 1);
    inner = abi_read_array(&arrays, 1, &inner_count);
    assert_int_equal(inner_count, 1);
    assert_int_equal(abi_read_u64(&inner), 3);
    struct abi_reader texts = abi_read_array(&r, 1, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(slice_is(abi_read_bytes(&texts), words[i]));
    assert_true(abi_ok(&input));
    text_clear(&text);
}

/* What the house says to itself reads back: (address,bool,bytes)[] as Multicall3 takes it, static tuples in an array. */
static void test_structs(void **state)
{
    (void)state;
    struct eth_address to = { { 0xca, 0x11, [19] = 0x11 } };
    struct text text;
    text_growing(&text);
    struct abi_writer w = abi_writer_call(&text, 0x82ad56cb, 1);
    struct abi_writer calls = abi_write_array(&w, 2, 1);
    for (unsigned i = 0; i < 2; i++) {
        struct abi_writer call = abi_write_tuple(&calls, 3);
        abi_write_address(&call, &to);
        abi_write_bool(&call, i == 1);
        abi_write_bytes(&call, slice_of("0123456789012345678901234567890123", 31 + i));
        abi_write_u64(&call, 1);        /* one word too many */
        assert_true(text.full);
        text.full = false;
    }
    struct abi_input input;
    struct abi_reader r = abi_reader_call(&input, slice_of(text.data, text.length), 0x82ad56cb);
    size_t count;
    struct abi_reader list = abi_read_array(&r, 1, &count);
    assert_int_equal(count, 2);
    for (unsigned i = 0; i < 2; i++) {
        struct abi_reader call = abi_read_tuple(&list);
        struct eth_address got = abi_read_address(&call);
        assert_true(eth_address_equal(&got, &to));
        assert_int_equal(abi_read_bool(&call), i == 1);
        assert_int_equal(abi_read_bytes(&call).length, 31 + i);
    }
    assert_true(abi_ok(&input));
    text_clear(&text);

    text_growing(&text);
    w = abi_writer_of(&text, 1);
    struct abi_writer pairs = abi_write_array(&w, 2, 2);
    for (uint64_t i = 0; i < 4; i++)
        abi_write_u64(&pairs, i);
    r = abi_reader_of(&input, slice_of(text.data, text.length));
    list = abi_read_array(&r, 2, &count);
    assert_int_equal(count, 2);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(abi_read_u64(&list), i);
    assert_true(abi_ok(&input));
    text_clear(&text);
}

/* kind: u64, address, bool, 4 bytes, bytes, array, tuple */
static const struct { const char *label, *hex; char kind; bool ok; } hostile[] = {
    { "number", N("00000001"), 'u', true },
    { "number over 64 bits", "0000000000000000000000000000000000000000000000010000000000000000", 'u', false },
    { "number cut short", "00", 'u', false },
    { "nothing", "", 'u', false },
    { "address", "000000000000000000000000ca11bde05977b3631167028862be2a173976ca11", 'a', true },
    { "address with dirt above", "000000000000000000000001ca11bde05977b3631167028862be2a173976ca11", 'a', false },
    { "bool", N("00000001"), 'b', true },
    { "bool of 2", N("00000002"), 'b', false },
    { "selector", "9061b92300000000000000000000000000000000000000000000000000000000", '4', true },
    { "selector with dirt below", "9061b92300000000000000000000000000000000000000000000000000000001", '4', false },
    { "bytes, none", N("00000020") N("00000000"), 'y', true },
    { "bytes without padding at the end", N("00000020") N("00000001") "ff", 'y', true },
    { "bytes over the end", N("00000020") N("00000002") "ff", 'y', false },
    { "bytes of almost 2^64", N("00000020") "000000000000000000000000000000000000000000000000ffffffffffffffff", 'y', false },
    { "offset over the end", N("00000041") N("00000000"), 'y', false },
    { "offset at the end", N("00000040") N("00000000"), 'y', false },
    { "offset of 2^64 - 1", "000000000000000000000000000000000000000000000000ffffffffffffffff" N("00000000"), 'y', false },
    { "offset of 2^255", "8000000000000000000000000000000000000000000000000000000000000000" N("00000000"), 'y', false },
    { "offset to itself", N("00000000"), 'y', true },
    { "array, none", N("00000020") N("00000000"), 'r', true },
    { "array of billions", N("00000020") N("ffffffff"), 'r', false },
    { "array one too long", N("00000020") N("00000002") N("00000001"), 'r', false },
    { "array whose size runs over", N("00000020") "0000000000000000000000000000000000000000000000000800000000000000", 'r', false },
};

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(hostile); i++) {
        uint8_t octets[256];
        struct abi_input input;
        struct abi_reader r = abi_reader_of(&input, taken(octets, sizeof octets, hostile[i].hex));
        size_t count = 7;
        switch (hostile[i].kind) {
        case 'u': (void)abi_read_u64(&r); break;
        case 'a': (void)abi_read_address(&r); break;
        case 'b': (void)abi_read_bool(&r); break;
        case '4': assert_int_equal(abi_read_bytes4(&r), hostile[i].ok ? 0x9061b923 : 0); break;
        case 'y': (void)abi_read_bytes(&r); break;
        default: (void)abi_read_array(&r, 1, &count); assert_true(input.failed ? count == 0 : count != 7); break;
        }
        if (abi_ok(&input) != hostile[i].ok)
            fail_msg("%s", hostile[i].label);
    }
}

/* A bomb: an array of arrays that all lead to one place. The budget ends it. */
static void test_bomb(void **state)
{
    (void)state;
    enum { COUNT = 1000, BLOB = 4096 };
    struct text text;
    text_growing(&text);
    struct abi_writer w = abi_writer_of(&text, 1);
    struct abi_writer list = abi_write_array(&w, COUNT, 1);
    size_t blob = text.length - list.base;
    for (size_t i = 0; i < COUNT; i++)
        abi_write_u64(&list, blob);
    struct abi_writer length = abi_writer_of(&text, 1 + BLOB / 32);
    abi_write_u64(&length, BLOB);
    struct abi_input input;
    struct abi_reader r = abi_reader_of(&input, slice_of(text.data, text.length));
    size_t count, total = 0;
    struct abi_reader items = abi_read_array(&r, 1, &count);
    assert_int_equal(count, COUNT);
    for (size_t i = 0; i < count; i++)
        total += abi_read_bytes(&items).length;
    assert_false(abi_ok(&input));
    assert_true(total > 0 && total <= 2 * text.length);
    text_clear(&text);
}

static void test_depth(void **state)
{
    (void)state;
    uint8_t zero[64] = { 0 };
    zero[31] = 32;
    for (int deep = ABI_DEPTH_MAX; deep <= ABI_DEPTH_MAX + 1; deep++) {
        struct text text;
        text_growing(&text);
        for (int i = 0; i <= deep; i++)
            text_add_bytes(&text, zero, 32);
        struct abi_input input;
        struct abi_reader r = abi_reader_of(&input, slice_of(text.data, text.length));
        for (int i = 0; i < deep; i++)
            r = abi_read_tuple(&r);
        assert_int_equal(abi_ok(&input), deep == ABI_DEPTH_MAX);
        text_clear(&text);
    }
}

static void test_reason(void **state)
{
    (void)state;
    uint8_t octets[256];
    struct slice reason;
    assert_true(abi_revert_reason(taken(octets, sizeof octets, "08c379a0" N("00000020") N("00000002") "6e6f000000000000000000000000000000000000000000000000000000000000"), &reason));
    assert_true(slice_is(reason, "no"));
    assert_false(abi_revert_reason(taken(octets, sizeof octets, "08c379a0" N("00000020") N("00000003") "6e6f"), &reason));
    assert_false(abi_revert_reason(taken(octets, sizeof octets, ""), &reason));
    assert_int_equal(abi_selector(slice_of("\x90\x61\xb9\x23", 4)), 0x9061b923);
    assert_int_equal(abi_selector(slice_of("\x90\x61\xb9", 3)), 0);
}

/* Into a buffer that is too small: told, and nothing written behind it. */
static void test_full(void **state)
{
    (void)state;
    for (size_t room = 0; room <= 200; room++) {
        char *buffer = malloc(room ? room : 1);
        struct text text;
        text_fixed(&text, buffer, room);
        struct abi_writer w = abi_writer_call(&text, 0x59d1d43c, 2);
        abi_write_u64(&w, 1);
        abi_write_bytes(&w, slice_string("url"));
        assert_int_equal(text.full, room < 4 + 4 * 32 + 1);
        free(buffer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sam), cmocka_unit_test(test_nested), cmocka_unit_test(test_structs), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_bomb), cmocka_unit_test(test_depth), cmocka_unit_test(test_reason), cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
