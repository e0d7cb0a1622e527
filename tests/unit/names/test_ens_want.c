/* SPDX-License-Identifier: Apache-2.0 */
#include "names/ens_want.h"
#include "names/ens_selectors.h"

#include "crypto/keccak.h"
#include "ethereum/abi.h"
#include "wire/rdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

/* ---- selectors: each anew from its signature ---- */

static void test_selectors(void **state)
{
    (void)state;
#define ENTRY(name, number, signature) { #name, number, signature },
    static const struct { const char *name; uint32_t number; const char *signature; } selectors[] = { ENS_SELECTORS(ENTRY) };
    static const struct { const char *name, *digits, *signature; } topics[] = { ENS_TOPICS(ENTRY) };
#undef ENTRY
    uint8_t hash[32], wanted[32];
    size_t length;
    for (size_t i = 0; i < LENGTH_OF(selectors); i++) {
        keccak256(selectors[i].signature, strlen(selectors[i].signature), hash);
        if (abi_selector(slice_of((char *)hash, 4)) != selectors[i].number)
            fail_msg("%s: %08x", selectors[i].name, abi_selector(slice_of((char *)hash, 4)));
    }
    for (size_t i = 0; i < LENGTH_OF(topics); i++) {
        keccak256(topics[i].signature, strlen(topics[i].signature), hash);
        assert_int_equal(hex_decode(slice_string(topics[i].digits), wanted, sizeof wanted, &length), OK);
        if (memcmp(hash, wanted, 32) != 0)
            fail_msg("%s", topics[i].name);
    }
}

/* ---- records ---- */

#define ALICE "\5alice\3eth\0"
#define HEAD(type, size) "\0" type "\0\1\0\0\1\x2c\0" size
static const struct { const char *label, *octets; size_t bytes; uint16_t type; enum status want; size_t length; } records[] = {
    { "none", "", 0, 1, OK, 0 },
    { "one address", ALICE HEAD("\1", "\4") "\xc0\0\2\1", 25, 1, OK, 10 },
    { "two", ALICE HEAD("\1", "\4") "\xc0\0\2\1" ALICE HEAD("\1", "\4") "\xc0\0\2\2", 50, 1, OK, 20 },
    { "owner in other case", "\5ALICE\3Eth\0" HEAD("\1", "\4") "\xc0\0\2\1", 25, 1, OK, 10 },
    { "another owner", "\5carol\3eth\0" HEAD("\1", "\4") "\xc0\0\2\1", 25, 1, E_BAD_FORMAT, 0 },
    { "owner by a pointer", "\xc0\0" HEAD("\1", "\4") "\xc0\0\2\1", 16, 1, E_BAD_FORMAT, 0 },
    { "another type", ALICE HEAD("\2", "\4") "\xc0\0\2\1", 25, 1, E_BAD_FORMAT, 0 },
    { "another class", ALICE "\0\1\0\3\0\0\1\x2c\0\4\xc0\0\2\1", 25, 1, E_BAD_FORMAT, 0 },
    { "cut in the data", ALICE HEAD("\1", "\4") "\xc0\0\2", 24, 1, E_BAD_FORMAT, 0 },
    { "cut in the head", ALICE "\0\1\0\1\0", 16, 1, E_BAD_FORMAT, 0 },
    { "cut in the owner", "\5ali", 4, 1, E_BAD_FORMAT, 0 },
    { "address of three octets", ALICE HEAD("\1", "\3") "\xc0\0\2", 24, 1, E_BAD_FORMAT, 0 },
    { "octets behind", ALICE HEAD("\1", "\4") "\xc0\0\2\1\0", 26, 1, E_BAD_FORMAT, 0 },
    { "no data (a set that is taken away)", ALICE HEAD("\1", "\0"), 21, 1, E_BAD_FORMAT, 0 },
    { "an alias", ALICE HEAD("\5", "\5") "\3bob\0", 26, 5, OK, 11 },
    { "two aliases", ALICE HEAD("\5", "\5") "\3bob\0" ALICE HEAD("\5", "\5") "\3eve\0", 52, 5, E_BAD_FORMAT, 0 },
    { "an alias by a pointer", ALICE HEAD("\5", "\2") "\xc0\0", 23, 5, E_BAD_FORMAT, 0 },
    { "text", ALICE HEAD("\x10", "\3") "\2hi", 24, 16, OK, 9 },
    { "text over its end", ALICE HEAD("\x10", "\3") "\3hi", 24, 16, E_BAD_FORMAT, 0 },
    { "a type that nobody knows", ALICE "\xff\x01\0\1\0\0\0\0\0\2zz", 23, 0xff01, OK, 8 },
};

static void test_records(void **state)
{
    (void)state;
    struct name_view alice = { (const uint8_t *)ALICE, 11, 2 };
    for (size_t i = 0; i < LENGTH_OF(records); i++) {
        struct arena *arena = arena_new(0);
        struct slice out = { 0 };
        const char *wrong = NULL;
        enum status status = ens_records_read(slice_of(records[i].octets, records[i].bytes), alice, records[i].type, arena, &out, &wrong);
        if (status != records[i].want || out.length != records[i].length || (status == E_BAD_FORMAT) != (wrong != NULL))
            fail_msg("%s: %s, %zu octets", records[i].label, status_text(status), out.length);
        arena_free(arena);
    }
}

static void test_ttl(void **state)
{
    (void)state;
    struct name_view alice = { (const uint8_t *)ALICE, 11, 2 };
    struct arena *arena = arena_new(0);
    struct slice out;
    const char *wrong;
    assert_int_equal(ens_records_read(slice_of(ALICE "\0\1\0\1\x80\0\0\0\0\4\xc0\0\2\1", 25), alice, 1, arena, &out, &wrong), OK);
    assert_memory_equal(out.data, "\0\0\0\0\0\4\xc0\0\2\1", 10);        /* RFC 2181 8 */
    assert_int_equal(ens_records_read(slice_of(ALICE "\0\1\0\1\x7f\xff\xff\xff\0\4\xc0\0\2\1", 25), alice, 1, arena, &out, &wrong), OK);
    assert_memory_equal(out.data, "\x7f\xff\xff\xff\0\4\xc0\0\2\1", 10);
    arena_free(arena);
}

/* ---- values ---- */

#define W0 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define Z12 "\0\0\0\0\0\0\0\0\0\0\0\0"
#define A20 "aaaaaaaaaaaaaaaaaaaa"
static const struct { const char *label; enum ens_want_kind kind; uint64_t coin; const char *data; size_t bytes; enum ens_read read; enum fact_state want; size_t length; } values[] = {
    { "text", ENS_WANT_TEXT, 0, W0 "\x20" W0 "\2hi", 66, ENS_READ_FINE, FACT_PRESENT, 2 },
    { "text, unset", ENS_WANT_TEXT, 0, W0 "\x20" W0 "\0", 64, ENS_READ_FINE, FACT_ABSENT, 0 },
    { "text, nothing returned", ENS_WANT_TEXT, 0, "", 0, ENS_READ_SHORT, FACT_NOT_ASKED, 0 },
    { "text, five octets", ENS_WANT_TEXT, 0, "abcde", 5, ENS_READ_SHORT, FACT_NOT_ASKED, 0 },
    { "text, a word", ENS_WANT_TEXT, 0, W0 "\x20", 32, ENS_READ_SHORT, FACT_NOT_ASKED, 0 },
    { "text over the end", ENS_WANT_TEXT, 0, W0 "\x20" W0 "\3hi", 66, ENS_READ_FINE, FACT_BROKEN, 0 },
    { "ether, the old way", ENS_WANT_ADDR, 0, Z12 A20, 32, ENS_READ_FINE, FACT_PRESENT, 20 },
    { "ether, the old way, unset", ENS_WANT_ADDR, 0, W0 "\0", 32, ENS_READ_FINE, FACT_ABSENT, 0 },
    { "ether, no address", ENS_WANT_ADDR, 0, "bbbbbbbbbbbb" A20, 32, ENS_READ_FINE, FACT_BROKEN, 0 },
    { "ether", ENS_WANT_COIN, 60, W0 "\x20" W0 "\x14" A20 Z12, 96, ENS_READ_FINE, FACT_PRESENT, 20 },
    { "ether of 2 octets", ENS_WANT_COIN, 60, W0 "\x20" W0 "\2aa", 66, ENS_READ_FINE, FACT_BROKEN, 0 },
    { "another coin of 2 octets", ENS_WANT_COIN, 0, W0 "\x20" W0 "\2aa", 66, ENS_READ_FINE, FACT_PRESENT, 2 },
    { "key", ENS_WANT_PUBKEY, 0, W0 "\1" W0 "\2", 64, ENS_READ_FINE, FACT_PRESENT, 32 },
    { "key, unset", ENS_WANT_PUBKEY, 0, W0 "\0" W0 "\0", 64, ENS_READ_FINE, FACT_ABSENT, 0 },
    { "key, one word", ENS_WANT_PUBKEY, 0, W0 "\1", 32, ENS_READ_SHORT, FACT_NOT_ASKED, 0 },
    { "has records", ENS_WANT_HAS, 0, W0 "\1", 32, ENS_READ_FINE, FACT_PRESENT, 0 },
    { "has none", ENS_WANT_HAS, 0, W0 "\0", 32, ENS_READ_FINE, FACT_ABSENT, 0 },
    { "has two", ENS_WANT_HAS, 0, W0 "\2", 32, ENS_READ_FINE, FACT_BROKEN, 0 },
    { "old content", ENS_WANT_CONTENT_OLD, 0, W0 "\1", 32, ENS_READ_FINE, FACT_PRESENT, 39 },
    { "old content, unset", ENS_WANT_CONTENT_OLD, 0, W0 "\0", 32, ENS_READ_FINE, FACT_ABSENT, 0 },
    { "multihash, unset", ENS_WANT_MULTIHASH, 0, W0 "\x20" W0 "\0", 64, ENS_READ_FINE, FACT_ABSENT, 0 },
    { "multihash of another kind", ENS_WANT_MULTIHASH, 0, W0 "\x20" W0 "\2aa", 66, ENS_READ_FINE, FACT_BROKEN, 0 },
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(values); i++) {
        struct arena *arena = arena_new(0);
        struct ens_want want = { .kind = values[i].kind, .coin = values[i].coin, .owner = name_root };
        enum ens_read read = ens_want_read(&want, slice_of(values[i].data, values[i].bytes), arena);
        if (read != values[i].read || want.fact.state != values[i].want || want.fact.value.length != values[i].length)
            fail_msg("%s: %d %d %zu", values[i].label, (int)read, (int)want.fact.state, want.fact.value.length);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_selectors), cmocka_unit_test(test_records), cmocka_unit_test(test_ttl), cmocka_unit_test(test_values) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
