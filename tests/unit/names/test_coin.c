/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations: BIP 173 and 350, EIP-55, EIP-1191, CashAddr's specification, SEP-23, c32check's burn address, and the
 * published pairs (given as arguments), of which each character is changed in turn.  The pairs themselves: run-vectors address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "names/coin.h"
#include "vectors.h"

static int file_count;
static char **files;

static enum status parse(uint64_t type, const char *text, uint8_t *out, size_t *length)
{
    return coin_parse(type, slice_string(text), out, length);
}

static void check_print(const char *label, uint64_t type, const uint8_t *bytes, size_t length, const char *want)
{
    char room[COIN_TEXT_MAX];
    struct text out;
    text_fixed(&out, room, sizeof room);
    enum status status = coin_print(type, bytes, length, &out);
    if (status != OK || strcmp(room, want) != 0)
        fail_msg("%s: %s, %s", label, status_text(status), room);
}

static const struct { const char *label; uint64_t type; const char *text, *hex, *again; } good[] = {
    { "witness, upper case", 0, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6",
      "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4" },
    { "witness 16 of two octets", 0, "bc1sw50qgdz25j", "6002751e", NULL },
    { "witness 1 of 32 octets", 0, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
      "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", NULL },
    { "ethereum, one case", 60, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
      "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" },
    { "base", 2147492101, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL },
    { "the default of all chains", 0x80000000, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
      "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL },
    { "a chain without a name", 0x80000000 + 31337, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
      "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL },
    { "rootstock (EIP-1191)", 137, "0x5aaEB6053f3e94c9b9a09f33669435E7ef1bEAeD", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", NULL },
    { "cashaddr without its prefix", 145, "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
      "76a91476a04053bda0a88bda5177b86a15c3b29f55987388ac", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a" },
    { "cashaddr in upper case", 145, "BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A",
      "76a91476a04053bda0a88bda5177b86a15c3b29f55987388ac", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a" },
    { "stacks, all zeros", 5757, "SP000000000000000000002Q6VF78", "0000000000000000000000000000000000000000ae6dbce8", NULL },
    { "hedera", 3030, "0.0.1234", "00000000000000000000000000000000000004d2", NULL },
    { "nimiq without spaces", 242, "NQ18GAL5Y1FC66VVPE1XJ82Q0A2FLYPB2EY7", "82a85f85ec31bbdbb83e920580284fa7eeb13be7",
      "NQ18 GAL5 Y1FC 66VV PE1X J82Q 0A2F LYPB 2EY7" },
    { "an unknown coin", 4294967296, "0xdeadbeef", "deadbeef", NULL },
    { "another unknown coin", 99, "00ff", "00ff", "0x00ff" },
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(good); i++) {
        uint8_t got[COIN_BYTES_MAX], want[COIN_BYTES_MAX];
        size_t length = 0, want_length = 0;
        assert_true(vector_hex(good[i].hex, want, sizeof want, &want_length));
        enum status status = parse(good[i].type, good[i].text, got, &length);
        if (status != OK || length != want_length || memcmp(got, want, length) != 0)
            fail_msg("%s: %s", good[i].label, status_text(status));
        check_print(good[i].label, good[i].type, want, want_length, good[i].again ? good[i].again : good[i].text);
    }
}

static const struct { const char *label; uint64_t type; const char *text; } bad[] = {
    { "nothing", 0, "" },
    { "of another chain", 0, "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty" },
    { "witness 1 in bech32", 0, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd" },
    { "witness 16 in bech32", 0, "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL" },
    { "witness 0 in bech32m", 0, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh" },
    { "a character that is none", 0, "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4" },
    { "witness 17", 0, "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R" },
    { "a program of one octet", 0, "bc1pw5dgrnzv" },
    { "a program of 41 octets", 0, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav" },
    { "witness 0 of 16 octets", 0, "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P" },
    { "mixed case", 0, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq" },
    { "more than four bits of filling", 0, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf" },
    { "no program", 0, "bc1gmk9yu" },
    { "a version of litecoin", 0, "LaMT348PWRnrqeeWArpwQPbuanpXDZGEUz" },
    { "base58 with a 0", 0, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0" },
    { "a blank behind", 0, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa " },
    { "EIP-55 broken", 60, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD" },
    { "no 0x", 60, "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" },
    { "39 digits", 60, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe" },
    { "EIP-55 where EIP-1191 is due", 137, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" },
    { "cashaddr of a test chain", 145, "bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t" },
    { "a tron address of bitcoin", 195, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa" },
    { "a solana key of 31 octets", 501, "2gVkYWexTHR5Hb2aLeQN3tnngvWzisFKXDUPrgMHpd" },
    { "polkadot on kusama", 434, "1FRMM8PEiWXYax7rpS6X4XZX1aAAxSWx1CrKTyrVYhV24fg" },
    { "near with two dots", 397, "a..near" },
    { "near in upper case", 397, "Alice.near" },
    { "near of one letter", 397, "a" },
    { "hedera of two numbers", 3030, "0.1234" },
    { "hedera with a shard over 32 bits", 3030, "4294967296.0.1" },
    { "hedera with zeros in front", 3030, "0.0.01" },
    { "filecoin with zeros in front", 461, "f0007" },
    { "filecoin of a test chain", 461, "t0150" },
    { "lisk without L", 134, "4980451641598555896" },
    { "lisk over 64 bits", 134, "18446744073709551616L" },
    { "flow with a bit wrong", 539, "0xf233dcee88fe0abf" },
    { "cardano of a test chain", 1815, "addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz" },
    { "hexadecimal of half an octet", 99, "0xabc" },
    { "hexadecimal of nothing", 99, "0x" },
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        uint8_t got[COIN_BYTES_MAX];
        size_t length = 77;
        if (parse(bad[i].type, bad[i].text, got, &length) == OK || length != 77)
            fail_msg("%s is taken", bad[i].label);
    }
}

static const struct { const char *label; uint64_t type; const char *hex; } bad_stored[] = {
    { "ethereum of 19 octets", 60, "5aaeb6053f3e94c9b9a09f33669435e7ef1bea" },
    { "ethereum of 32 octets", 60, "0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed" },
    { "a script that is none", 0, "6a0401020304" },
    { "a key hash script cut short", 0, "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888" },
    { "witness 0 of 16 octets", 0, "0010751e76e8199196d454941c45d1b3a323" },
    { "witness with another push", 0, "0015751e76e8199196d454941c45d1b3a323f1433bd6" },
    { "a witness of dogecoin", 3, "0014751e76e8199196d454941c45d1b3a323f1433bd6" },
    { "tron with another version", 195, "00cf1ecacaf90a04bb0297f9991ae1262d0a3399e1" },
    { "tezos of an unknown kind", 1729, "0004193b2b3f6b8f8e1e6b39b4d442fc2b432f6427a8" },
    { "monero with a wrong checksum", 128,
      "12426a2b555065c79b8d6293c5dd18c25a25bae1a8b8c67ceac7484133e6798579bba3444bd48d5d9fcffa64d805e3977b07e2d420a2212df3d612a5dbcc67653844ded708" },
    { "near that is no name", 397, "612f62" },
    { "ardor with a digit over 31", 16754, "20021913020e0f080a1313000a08021408" },
    { "stacks with a checksum of neither kind", 5757, "a46ff88886c2ef9762d970b4d2c63678835bd39d71b4ba48" },
};

static void test_bad_stored(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(bad_stored); i++) {
        uint8_t bytes[COIN_BYTES_MAX];
        size_t length;
        char room[COIN_TEXT_MAX] = "";
        struct text out;
        text_fixed(&out, room, sizeof room);
        assert_true(vector_hex(bad_stored[i].hex, bytes, sizeof bytes, &length));
        if (coin_print(bad_stored[i].type, bytes, length, &out) != E_BAD_FORMAT || room[0])
            fail_msg("%s: %s", bad_stored[i].label, room);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const struct { const char *name; enum status want; uint64_t type; } names[] = {
        { "btc", OK, 0 },          { "BTC", OK, 0 },           { "eth", OK, 60 },
        { "60", OK, 60 },          { "sol", OK, 501 },         { "base", OK, 2147492101 },
        { "arb1", OK, 2147525809 }, { "default", OK, 2147483648 }, { "etclegacy", OK, 61 },
        { "2147483658", OK, 2147483658 }, { "nothing", E_NOT_FOUND, 0 }, { "", E_NOT_FOUND, 0 },
        { "Solana", OK, 501 },     { "pol", OK, 2147483785 },  { "Polygon", OK, 2147483785 },
        { "99999999999999999999", E_RANGE, 0 }, { "-1", E_NOT_FOUND, 0 },
    };
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        uint64_t type = 12345;
        enum status status = coin_find_by_name(slice_string(names[i].name), &type);
        if (status != names[i].want || type != (status == OK ? names[i].type : 12345))
            fail_msg("%s: %s", names[i].name, status_text(status));
    }
    assert_string_equal(coin_find(60)->name, "eth");
    assert_null(coin_find(59));
    assert_true(coin_is_evm(60) && coin_is_evm(0x80000000) && coin_is_evm(0x80000000 + 31337) && coin_is_evm(61));
    assert_false(coin_is_evm(0) || coin_is_evm(137) || coin_is_evm(UINT64_C(0x100000000)));
}

static void test_table(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct coin *coin; (coin = coin_at(count)); count++) {
        uint64_t type;
        if (count > 0 && coin_at(count - 1)->type >= coin->type)
            fail_msg("%s is out of order", coin->name);
        assert_ptr_equal(coin_find(coin->type), coin);
        if (coin_find_by_name(slice_string(coin->name), &type) != OK || type != coin->type)
            fail_msg("%s is there twice", coin->name);
    }
    assert_in_range(count, 118, 1000);
}

/* Coins whose text has no checksum, or a weak one: 8 bits (NULS), modulo 97 (Nimiq), or in the case of letters only. */
static bool is_checked(uint64_t type, const char *text)
{
    static const uint64_t unchecked[] = { 42, 74, 134, 242, 291, 397, 425, 472, 501, 539, 569, 573, 784, 3030, 8964, 9004, 5718350 };
    for (size_t i = 0; i < LENGTH_OF(unchecked); i++)
        if (type == unchecked[i])
            return false;
    return !coin_is_evm(type) && type != 137 && strncmp(text, "f0", 2) != 0;       /* f0: Filecoin's numbers */
}

/* Any one character replaced: refused where there is a checksum, and never the same octets. */
static void change_each(uint64_t type, const char *text)
{
    static const char others[] = "q3Z";
    char changed[COIN_TEXT_MAX];
    uint8_t original[COIN_BYTES_MAX], got[COIN_BYTES_MAX];
    size_t original_length, length;
    bool checked = is_checked(type, text);
    if (strlen(text) >= sizeof changed || parse(type, text, original, &original_length) != OK)
        return;         /* run-vectors tells */
    for (size_t i = 0; text[i]; i++) {
        for (const char *other = others; *other; other++) {
            snprintf(changed, sizeof changed, "%s", text);
            changed[i] = *other;
            if (ascii_lower((uint8_t)changed[i]) == ascii_lower((uint8_t)text[i]) || parse(type, changed, got, &length) != OK)
                continue;
            if (checked || (length == original_length && memcmp(got, original, length) == 0))
                fail_msg("coin %llu: %s is taken", (unsigned long long)type, changed);
        }
    }
    snprintf(changed, sizeof changed, "%s", text);
    for (size_t n = strlen(text); n-- > 0;) {           /* and cut short */
        changed[n] = 0;
        if (parse(type, changed, got, &length) == OK && checked)
            fail_msg("coin %llu: %s is taken", (unsigned long long)type, changed);
    }
}

static void test_changes(void **state)
{
    (void)state;
    size_t count = 0;
    for (int i = 0; i < file_count; i++) {
        FILE *file = fopen(files[i], "rb");
        static char text[1 << 17];
        assert_non_null(file);
        size_t bytes = fread(text, 1, sizeof text, file);
        fclose(file);
        struct vector_json *root = vector_json_parse(text, bytes);
        const struct vector_json *vectors = vector_json_get(root, "vectors");
        assert_non_null(vectors);
        for (const struct vector_json *v = vectors->first; v; v = v->next, count++)
            change_each(strtoull(vector_json_text(v, "coinType"), NULL, 10), vector_json_text(v, "text"));
        vector_json_free(root);
    }
    if (file_count)
        assert_in_range(count, 200, 1000);
}

static void test_no_space(void **state)
{
    (void)state;
    uint8_t bytes[20] = { 0 };
    char room[20] = "";
    struct text out;
    text_fixed(&out, room, sizeof room);
    assert_int_equal(coin_print(60, bytes, sizeof bytes, &out), E_NO_SPACE);
    assert_string_equal(room, "");
}

int main(int argument_count, char **arguments)
{
    file_count = argument_count - 1;
    files = arguments + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),  cmocka_unit_test(test_bad),     cmocka_unit_test(test_bad_stored), cmocka_unit_test(test_names),
        cmocka_unit_test(test_table), cmocka_unit_test(test_changes), cmocka_unit_test(test_no_space),
    };
    return cmocka_run_group_tests_name("names/coin", tests, NULL, NULL);
}
