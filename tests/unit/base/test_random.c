/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include <string.h>

/* The vectors of the reference implementation: key 00..0f, message 00, 00 01, ...; that of 15 octets
 * stands in appendix A of the paper. */
static void siphash_vectors(void **state)
{
    (void)state;
    static const struct { size_t size; uint64_t want; } vectors[] = {
        { 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd }, { 2, 0x0d6c8009d9a94f5a }, { 3, 0x85676696d7fb7e2d },
        { 4, 0xcf2794e0277187b7 },  { 5, 0x18765564cd99a68d }, { 6, 0xcbc9466e58fee3ce }, { 7, 0xab0200f58b01d137 },
        { 8, 0x93f5f5799a932462 },  { 15, 0xa129ca6149be45e5 }, { 16, 0x3f2acc7f57c29bdb }, { 63, 0x958a324ceb064572 },
    };
    uint8_t key[16], message[64];
    for (unsigned i = 0; i < 16; i++)
        key[i] = (uint8_t)i;
    for (unsigned i = 0; i < 64; i++)
        message[i] = (uint8_t)i;
    for (size_t i = 0; i < LENGTH_OF(vectors); i++)
        assert_int_equal(siphash24(key, message, vectors[i].size), vectors[i].want);
}

static void case_is_folded_for_letters_only(void **state)
{
    (void)state;
    struct hash_key key = hash_key_random();
    uint8_t a[24], b[24];
    for (unsigned start = 0; start < 256; start++) {
        for (size_t size = 0; size <= sizeof a; size++) {
            for (unsigned i = 0; i < size; i++) {
                a[i] = (uint8_t)(start + i * 11);
                b[i] = ascii_lower(a[i]);
            }
            assert_int_equal(hash_bytes_nocase(&key, a, size), hash_bytes(&key, b, size));
        }
    }
    assert_int_not_equal(hash_bytes_nocase(&key, "@", 1), hash_bytes_nocase(&key, "`", 1));
    assert_int_not_equal(hash_bytes_nocase(&key, "[[[[[[[[", 8), hash_bytes_nocase(&key, "{{{{{{{{", 8));
}

/* Snapshots hold these: if they change, SNAPSHOT_FORMAT must.  The values come from a program of its own that follows the definition. */
static void links_are_what_they_were(void **state)
{
    (void)state;
    static const struct { const char *label; uint64_t want; } cases[] = {
        { "", 0xc8a3b39b3a96c779 },          { "A", 0x76f3a60946db6cf9 },
        { "com", 0x7815216429a0f8a1 },       { "Name", 0x40c9e0969961299d },
        { "example", 0xd89783a364c8332b },   { "12345678", 0x7889391667ebaaeb },
        { "example-9", 0xbe4e90a515f0dbd6 }, { "ABCDEFGHIJKLMNOP", 0x29a24278cbb5e2fa },
        { "abcdefghijklmnopq", 0xf746b36f0c17885f },
        { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0xf10e94c333c10a22 },
    };
    const struct hash_key key = { 0x0123456789abcdef, 0xfedcba9876543210 };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t octets[64];
        size_t size = strlen(cases[i].label);
        memcpy(octets, cases[i].label, size);
        uint64_t got = hash_link_nocase(&key, 7, octets, size);
        for (size_t k = 0; k < size; k++)
            octets[k] = ascii_lower(octets[k]);
        assert_int_equal(hash_link_nocase(&key, 7, octets, size), got);
        if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)      /* the other order has other values, and other snapshots */
            assert_int_equal(got, cases[i].want);
    }
}

static void keys_matter(void **state)
{
    (void)state;
    struct hash_key one = hash_key_random(), two = hash_key_random();
    assert_int_not_equal(hash_bytes(&one, "abc", 3), hash_bytes(&two, "abc", 3));
    assert_int_not_equal(hash_bytes(&one, "a", 1), hash_bytes(&one, "a\0", 2));
    uint8_t bytes[512] = { 0 };
    random_bytes(bytes, sizeof bytes);
    unsigned zeros = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 64);
    uint32_t a = random_u32(), b = random_u32(), c = random_u32();
    assert_false(a == b && b == c);
}

static void clocks_go_forward(void **state)
{
    (void)state;
    struct now first = clock_now(), second = clock_now();
    assert_true(second.monotonic_ms >= first.monotonic_ms);
    assert_true(first.unix_ms > 1600000000000);
    uint64_t a = clock_ns(), b = clock_ns();
    assert_true(b >= a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_vectors),
        cmocka_unit_test(case_is_folded_for_letters_only),
        cmocka_unit_test(links_are_what_they_were),
        cmocka_unit_test(keys_matter),
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
