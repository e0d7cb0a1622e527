/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, addresses and signatures, against the published file of accounts (argument 1) and RFC 6979 signatures that
 * other wallets make. */
#include "unit.h"
#include "base/base.h"
#include "crypto/address.h"
#include "crypto/secp256k1.h"
#include "json/json.h"

#include <stdlib.h>

static const char *path;

static void octets(const char *hex, uint8_t *out, size_t size)
{
    size_t length = 0;
    if (hex_decode(slice_string(hex), out, size, &length) != OK || length != size)
        fail_msg("'%s' is not hexadecimal of %zu octets", hex, size);
}

static void accounts(void **state)
{
    (void)state;
    size_t room = 1 << 20, keys = 0;
    char *text = malloc(room);
    FILE *file = fopen(path, "rb");
    struct json_value *all = NULL;
    assert_non_null(text);
    assert_non_null(file);
    size_t length = fread(text, 1, room, file);
    fclose(file);
    assert_int_equal(json_value_parse(text, length, &all), OK);
    for (size_t i = 0; i < json_value_count(all); i++) {
        const struct json_value *test = json_value_at(all, i);
        const char *name = json_value_get_text(test, "name"), *key_text = json_value_get_text(test, "privateKey");
        const char *want = json_value_get_text(test, "checksumAddress");
        uint8_t address[20], parsed[20], key[32];
        char printed[EIP55_TEXT_ROOM];
        octets(json_value_get_text(test, "address") + 2, address, sizeof address);
        CHECK_STRING(eip55_print(address, printed), want, name);
        CHECK_EQUAL(eip55_parse(slice_string(want), parsed), OK, name);
        assert_memory_equal(parsed, address, sizeof address);
        if (!key_text)
            continue;
        octets(key_text + 2, key, sizeof key);
        CHECK_EQUAL(ecdsa_key_address(key, parsed), OK, name);
        assert_memory_equal(parsed, address, sizeof address);
        keys++;
    }
    assert_true(keys > 60);
    json_value_free(all);
    free(text);
}

#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

static const struct { const char *label, *key; bool good; } keys[] = {
    { "zero", "0000000000000000000000000000000000000000000000000000000000000000", false },
    { "one", "0000000000000000000000000000000000000000000000000000000000000001", true },
    { "the last", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", true },
    { "the order", ORDER, false },
    { "all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false },
};

static void key_range(void **state)
{
    (void)state;
    uint8_t key[32], address[20] = { 9 }, digest[32] = { 1 };
    for (size_t i = 0; i < LENGTH_OF(keys); i++) {
        struct ecdsa_signature signature;
        octets(keys[i].key, key, sizeof key);
        enum status want = keys[i].good ? OK : E_INVALID;
        CHECK_EQUAL(ecdsa_key_check(key), keys[i].good, keys[i].label);
        CHECK_EQUAL(ecdsa_key_address(key, address), want, keys[i].label);
        CHECK_EQUAL(ecdsa_sign(key, digest, &signature), want, keys[i].label);
    }
    octets("0000000000000000000000000000000000000000000000000000000000000001", key, sizeof key);
    assert_int_equal(ecdsa_key_address(key, address), OK);
    char printed[EIP55_TEXT_ROOM];
    assert_string_equal(eip55_print(address, printed), "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
}

/* The example of EIP-155: key of forty-sixes, the digest it gives, its r and s; v 37 is recovery 0. */
#define EXAMPLE_KEY "4646464646464646464646464646464646464646464646464646464646464646"
#define EXAMPLE_DIGEST "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
#define EXAMPLE_R "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
#define EXAMPLE_S "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
#define EXAMPLE_HIGH_S "98341627668089e51348fccfb4c7ff31c55912f2d2e47ef09652acf665fad3be"    /* order - s */
#define EXAMPLE_ADDRESS "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"

static void signing(void **state)
{
    (void)state;
    uint8_t key[32], digest[32], r[32], s[32], address[20], found[20];
    struct ecdsa_signature signature;
    octets(EXAMPLE_KEY, key, 32);
    octets(EXAMPLE_DIGEST, digest, 32);
    octets(EXAMPLE_R, r, 32);
    octets(EXAMPLE_S, s, 32);
    octets(EXAMPLE_ADDRESS, address, 20);
    assert_int_equal(ecdsa_sign(key, digest, &signature), OK);
    assert_memory_equal(signature.r, r, 32);
    assert_memory_equal(signature.s, s, 32);
    assert_int_equal(signature.recovery, 0);
    assert_int_equal(ecdsa_recover_address(&signature, digest, found), OK);
    assert_memory_equal(found, address, 20);
}

static const struct { const char *label, *r, *s; uint8_t recovery; enum status want; bool same; } signatures[] = {
    { "sound", EXAMPLE_R, EXAMPLE_S, 0, OK, true },
    { "the other point", EXAMPLE_R, EXAMPLE_S, 1, OK, false },
    { "recovery 2", EXAMPLE_R, EXAMPLE_S, 2, E_BAD_FORMAT, false },
    { "recovery 3", EXAMPLE_R, EXAMPLE_S, 3, E_BAD_FORMAT, false },
    { "recovery 4", EXAMPLE_R, EXAMPLE_S, 4, E_BAD_FORMAT, false },
    { "recovery 255", EXAMPLE_R, EXAMPLE_S, 255, E_BAD_FORMAT, false },
    { "high s", EXAMPLE_R, EXAMPLE_HIGH_S, 1, E_BAD_FORMAT, false },
    { "r zero", "0000000000000000000000000000000000000000000000000000000000000000", EXAMPLE_S, 0, E_BAD_FORMAT, false },
    { "s zero", EXAMPLE_R, "0000000000000000000000000000000000000000000000000000000000000000", 0, E_BAD_FORMAT, false },
    { "r over the order", ORDER, EXAMPLE_S, 0, E_BAD_FORMAT, false },
    { "s over the order", EXAMPLE_R, ORDER, 0, E_BAD_FORMAT, false },
    { "r on no point", "0000000000000000000000000000000000000000000000000000000000000005", EXAMPLE_S, 0, E_BAD_FORMAT, false },
};

static void recovering(void **state)
{
    (void)state;
    uint8_t digest[32], address[20];
    octets(EXAMPLE_DIGEST, digest, 32);
    octets(EXAMPLE_ADDRESS, address, 20);
    for (size_t i = 0; i < LENGTH_OF(signatures); i++) {
        struct ecdsa_signature signature = { .recovery = signatures[i].recovery };
        uint8_t found[20] = { 7 };
        octets(signatures[i].r, signature.r, 32);
        octets(signatures[i].s, signature.s, 32);
        CHECK_EQUAL(ecdsa_recover_address(&signature, digest, found), signatures[i].want, signatures[i].label);
        CHECK_EQUAL(memcmp(found, address, 20) == 0, signatures[i].same, signatures[i].label);
        if (signatures[i].want != OK)
            CHECK_EQUAL(found[0], 7, signatures[i].label);
    }
}

static const struct { const char *label, *text; enum status want; } addresses[] = {
    { "checksum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", OK },
    { "all lower", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", OK },
    { "all upper", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", OK },
    { "one letter of another case", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", E_INVALID },
    { "one digit changed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", E_INVALID },
    { "no 0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", E_BAD_TEXT },
    { "0X", "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", E_BAD_TEXT },
    { "short", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", E_BAD_TEXT },
    { "long", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0", E_BAD_TEXT },
    { "no digit", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", E_BAD_TEXT },
    { "empty", "", E_BAD_TEXT },
};

/* EIP-1191 test cases: RSK main net (30) and test net (31). */
static const struct { uint64_t chain; const char *text; } rsk[] = {
    { 30, "0x5aaEB6053f3e94c9b9a09f33669435E7ef1bEAeD" }, { 30, "0xFb6916095cA1Df60bb79ce92cE3EA74c37c5d359" },
    { 30, "0xDBF03B407c01E7CD3cBea99509D93F8Dddc8C6FB" }, { 30, "0xD1220A0Cf47c7B9BE7a2e6ba89F429762E7B9adB" },
    { 31, "0x5aAeb6053F3e94c9b9A09F33669435E7EF1BEaEd" }, { 31, "0xFb6916095CA1dF60bb79CE92ce3Ea74C37c5D359" },
    { 31, "0xdbF03B407C01E7cd3cbEa99509D93f8dDDc8C6fB" }, { 31, "0xd1220a0CF47c7B9Be7A2E6Ba89f429762E7b9adB" },
};

static void checksums(void **state)
{
    (void)state;
    uint8_t address[20];
    char printed[EIP55_TEXT_ROOM];
    for (size_t i = 0; i < LENGTH_OF(addresses); i++)
        CHECK_EQUAL(eip55_parse(slice_string(addresses[i].text), address), addresses[i].want, addresses[i].label);
    for (size_t i = 0; i < LENGTH_OF(rsk); i++) {
        CHECK_EQUAL(eip1191_parse(slice_string(rsk[i].text), rsk[i].chain, address), OK, rsk[i].text);
        CHECK_STRING(eip1191_print(address, rsk[i].chain, printed), rsk[i].text, "EIP-1191");
        CHECK_EQUAL(eip55_parse(slice_string(rsk[i].text), address), E_INVALID, rsk[i].text);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(accounts), cmocka_unit_test(key_range), cmocka_unit_test(signing),
                                        cmocka_unit_test(recovering), cmocka_unit_test(checksums) };
    path = count > 1 ? arguments[1] : "ethers-accounts.json";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
