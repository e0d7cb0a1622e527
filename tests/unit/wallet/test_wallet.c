/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and key files.  The published key files run in run-vectors. */
#include "unit.h"
#include "base/base.h"
#include "crypto/address.h"
#include "store/file.h"
#include "wallet/wallet.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The least that scrypt can be: tests are no place for slowness. */
static const struct wallet_cost quick = { { 2, 1, 1 }, 0 };

static struct wallet_secret *secret(const char *text)
{
    struct wallet_secret *out = wallet_secret_new(text, strlen(text));
    assert_non_null(out);
    return out;
}

static struct wallet_key *import(const char *text)
{
    struct wallet_key *key = NULL;
    if (wallet_key_import(slice_string(text), &key) != OK)
        fail_msg("%s is no key", text);
    return key;
}

static const struct { const char *label, *text; enum status want; const char *address; } imports[] = {
    { "plain", "4646464646464646464646464646464646464646464646464646464646464646", OK, "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F" },
    { "with 0x", "0x4646464646464646464646464646464646464646464646464646464646464646", OK, "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F" },
    { "in white space", " \t4646464646464646464646464646464646464646464646464646464646464646\r\n", OK, "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F" },
    { "upper case", "0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80", OK, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266" },
    { "short", "46464646464646464646464646464646464646464646464646464646464646", E_BAD_TEXT, NULL },
    { "long", "464646464646464646464646464646464646464646464646464646464646464646", E_BAD_TEXT, NULL },
    { "no digits", "zz46464646464646464646464646464646464646464646464646464646464646", E_BAD_TEXT, NULL },
    { "empty", "", E_BAD_TEXT, NULL },
    { "zero", "0000000000000000000000000000000000000000000000000000000000000000", E_INVALID, NULL },
    { "the order", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", E_INVALID, NULL },
};

static void importing(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(imports); i++) {
        struct wallet_key *key = NULL;
        char printed[EIP55_TEXT_ROOM];
        CHECK_EQUAL(wallet_key_import(slice_string(imports[i].text), &key), imports[i].want, imports[i].label);
        if (imports[i].want == OK)
            CHECK_STRING(eip55_print(wallet_key_address(key), printed), imports[i].address, imports[i].label);
        else
            assert_null(key);
        wallet_key_free(key);
    }
    struct wallet_key *a = NULL, *b = NULL;
    assert_int_equal(wallet_key_new(&a), OK);
    assert_int_equal(wallet_key_new(&b), OK);
    assert_memory_not_equal(wallet_key_address(a), wallet_key_address(b), 20);
    assert_false(wallet_key_is_public(a));
    wallet_key_free(a);
    wallet_key_free(b);
    assert_null(wallet_secret_new("", WALLET_SECRET_MAX + 1));
}

/* Accounts as the tools print them when they start. */
static const struct { const char *label, *address; bool known; } addresses[] = {
    { "Hardhat 0", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", true },
    { "Hardhat 1", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", true },
    { "Hardhat 19", "0x8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199", true },
    { "Truffle 0", "0x627306090abaB3A6e1400e9345bC60c78a8BEf57", true },
    { "Ganache 0", "0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1", true },
    { "Moonbeam's first", "0xf24FF3a9CF04c71Dbc94D0b566f7A27B94566cac", true },
    { "BIP-39's first", "0x9858EfFD232B4033E47d90003D41EC34EcaEda94", true },
    { "Parity's", "0x00a329c0648769A73afAc7F9381E08FB43dBEA72", true },
    { "Besu's", "0xFE3B557E8Fb62b89F4916B721be55cEb828dBd73", true },
    { "nobody's", "0x0000000000000000000000000000000000000000", false },
    { "somebody's", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045", false },
};

static void known_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(addresses); i++) {
        uint8_t address[20];
        CHECK_EQUAL(eip55_parse(slice_string(addresses[i].address), address), OK, addresses[i].label);
        CHECK_EQUAL(wallet_key_is_public_knowledge(address), addresses[i].known, addresses[i].label);
        CHECK_EQUAL(wallet_key_public_source(address) != NULL, addresses[i].known, addresses[i].label);
    }
}

static const struct { const char *label, *key; bool public; } public_keys[] = {
    { "Hardhat 0", "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80", true },
    { "Hardhat 1", "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d", true },
    { "Ganache 0", "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d", true },
    { "Truffle 0", "c87509a1c067bbde78beb793e6fa76530b6382a4c0241e5e4a9ec0a0f44dc0d3", true },
    { "one", "0000000000000000000000000000000000000000000000000000000000000001", true },
    { "32 bits", "00000000000000000000000000000000000000000000000000000000ffffffff", true },
    { "33 bits", "0000000000000000000000000000000000000000000000000000000100000000", false },
    { "forty-sixes", "4646464646464646464646464646464646464646464646464646464646464646", true },
    { "forty-sixes but one", "4646464646464646464646464646464646464646464646464646464646464647", false },
};
static const struct { uint64_t chain; bool development; } chains[] = {
    { 0, false }, { 1, false }, { 10, false }, { 137, false }, { 1337, true }, { 5777, true }, { 8453, false }, { 31337, true },
    { 31338, true }, { 80002, false }, { 11155111, false }, { UINT64_MAX, false }, { UINT64_C(0x100000000) + 31337, false },
};

static void public_signing(void **state)
{
    (void)state;
    static const uint8_t digest[32] = { 7 };
    for (size_t i = 0; i < LENGTH_OF(public_keys); i++) {
        struct wallet_key *key = import(public_keys[i].key);
        CHECK_EQUAL(wallet_key_is_public(key), public_keys[i].public, public_keys[i].label);
        for (size_t j = 0; j < LENGTH_OF(chains); j++) {
            struct ecdsa_signature signature = { .recovery = 9 };
            uint8_t signer[20];
            CHECK_EQUAL(chain_id_is_development(chains[j].chain), chains[j].development, public_keys[i].label);
            bool refused = public_keys[i].public && !chains[j].development;
            CHECK_EQUAL(wallet_sign(key, chains[j].chain, digest, &signature), refused ? E_REFUSED : OK, public_keys[i].label);
            if (refused) {
                CHECK_EQUAL(signature.recovery, 9, public_keys[i].label);
                continue;
            }
            assert_int_equal(ecdsa_recover_address(&signature, digest, signer), OK);
            assert_memory_equal(signer, wallet_key_address(key), 20);
        }
        wallet_key_free(key);
    }
}

/* go-ethereum's example of the format: password testpassword, both functions. */
#define FILE_SCRYPT "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":\"83dbcc02d8ccb40e466191a123791e0e\"}," \
    "\"ciphertext\":\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c\",\"kdf\":\"scrypt\"," \
    "\"kdfparams\":{\"dklen\":32,\"n\":262144,\"r\":1,\"p\":8,\"salt\":\"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19\"}," \
    "\"mac\":\"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097\"},\"id\":\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}"

static void published(void **state)
{
    (void)state;
    struct wallet_secret *password = secret("testpassword");
    struct wallet_key *key = NULL;
    char printed[EIP55_TEXT_ROOM];
    uint8_t address[20];
    assert_int_equal(wallet_open(slice_string(FILE_SCRYPT), password, &key), OK);
    assert_string_equal(eip55_print(wallet_key_address(key), printed), "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b");
    assert_int_equal(wallet_file_address(slice_string(FILE_SCRYPT), address), E_NOT_FOUND);
    wallet_key_free(key);
    wallet_secret_free(password);
}

static void seal_and_open(void **state)
{
    (void)state;
    struct wallet_cost costs[] = { quick, { { 0, 0, 0 }, 5 }, { { 1024, 8, 1 }, 0 } };
    static const char *const passwords[] = { "", "a", "p\xc3\xa4ssw\xc3\xb6rd with spaces" };
    for (size_t i = 0; i < LENGTH_OF(costs); i++) {
        struct wallet_key *key = NULL, *again = NULL;
        struct wallet_secret *password = secret(passwords[i]), *wrong = secret("b");
        uint8_t address[20];
        char buffer[1024];
        struct text text;
        text_fixed(&text, buffer, sizeof buffer);
        assert_int_equal(wallet_key_new(&key), OK);
        assert_int_equal(wallet_seal(key, password, &costs[i], &text), OK);
        struct slice file = slice_of(text.data, text.length);
        assert_int_equal(wallet_file_address(file, address), OK);
        assert_memory_equal(address, wallet_key_address(key), 20);
        assert_int_equal(wallet_open(file, wrong, &again), E_REFUSED);
        assert_null(again);
        assert_int_equal(wallet_open(file, password, &again), OK);
        assert_memory_equal(wallet_key_address(again), wallet_key_address(key), 20);
        wallet_key_free(again);
        wallet_key_free(key);
        wallet_secret_free(password);
        wallet_secret_free(wrong);
    }
    char small[200];
    struct text text;
    text_fixed(&text, small, sizeof small);
    struct wallet_key *key = import("0000000000000000000000000000000000000000000000000000000000000001");
    struct wallet_secret *password = secret("x");
    assert_int_equal(wallet_seal(key, password, &quick, &text), E_NO_SPACE);
    assert_int_equal(wallet_seal(key, password, &(struct wallet_cost){ { 1 << 24, 8, 1 }, 0 }, &text), E_LIMIT);
    assert_int_equal(wallet_seal(key, password, &(struct wallet_cost){ { 1000, 8, 1 }, 0 }, &text), E_RANGE);
    wallet_key_free(key);
    wallet_secret_free(password);
}

/* One part of a sound file replaced. */
static const struct { const char *label, *from, *to; enum status want; } changes[] = {
    { "nothing", "", "", OK },
    { "crypto spelled Crypto", "\"crypto\"", "\"Crypto\"", OK },
    { "kdf in capitals", "\"scrypt\"", "\"SCRYPT\"", OK },
    { "address with 0x", "\"address\": \"", "\"address\": \"0x", OK },
    { "address empty", "7e5f4552091a69125d5dfcb7b8c2659029395bdf", "", OK },
    { "another address", "7e5f4552091a69125d5dfcb7b8c2659029395bdf", "7e5f4552091a69125d5dfcb7b8c2659029395bde", E_INVALID },
    { "half an address", "7e5f4552091a69125d5dfcb7b8c2659029395bdf", "7e5f4552091a69125d5dfcb7b8c2659029395b", E_BAD_FORMAT },
    { "version 1", "\"version\": 3", "\"version\": 1", E_UNSUPPORTED },
    { "version as text", "\"version\": 3", "\"version\": \"3\"", E_BAD_FORMAT },
    { "another cipher", "aes-128-ctr", "aes-256-ctr", E_UNSUPPORTED },
    { "another function", "\"scrypt\"", "\"argon2\"", E_UNSUPPORTED },
    { "64 octets derived", "\"dklen\": 32", "\"dklen\": 64", E_UNSUPPORTED },
    { "n missing", "\"n\": 2", "\"m\": 2", E_BAD_FORMAT },
    { "n no power of 2", "\"n\": 2", "\"n\": 3", E_BAD_FORMAT },
    { "n zero", "\"n\": 2", "\"n\": 0", E_BAD_FORMAT },
    { "n below zero", "\"n\": 2", "\"n\": -2", E_BAD_FORMAT },
    { "n with a fraction", "\"n\": 2", "\"n\": 2.5", E_BAD_FORMAT },
    { "a terabyte", "\"n\": 2", "\"n\": 8589934592", E_LIMIT },
    { "r of 33 bits", "\"r\": 1", "\"r\": 4294967297", E_LIMIT },
    { "p without end", "\"p\": 1", "\"p\": 536870912", E_LIMIT },
    { "r zero", "\"r\": 1", "\"r\": 0", E_BAD_FORMAT },
    { "another n", "\"n\": 2", "\"n\": 4", E_REFUSED },
    { "no mac", "\"mac\"", "\"mad\"", E_BAD_FORMAT },
    { "short iv", "\"iv\": \"", "\"iv\": \"0", E_BAD_FORMAT },
    { "salt no hexadecimal", "\"salt\": \"", "\"salt\": \"zz", E_BAD_FORMAT },
    { "pbkdf2 without its own parameters", "\"scrypt\"", "\"pbkdf2\"", E_BAD_FORMAT },
    { "crypto a number", "\"crypto\": {", "\"crypto\": 1, \"x\": {", E_BAD_FORMAT },
    { "no JSON", "{", "", E_BAD_FORMAT },
    { "octets behind", "}\n}", "}\n} x", E_BAD_FORMAT },
};

static void changed_files(void **state)
{
    (void)state;
    struct wallet_key *key = import("0000000000000000000000000000000000000000000000000000000000000001"), *again = NULL;
    struct wallet_secret *password = secret("x");
    char buffer[1024], changed[1400];
    struct text text, out;
    text_fixed(&text, buffer, sizeof buffer);
    assert_int_equal(wallet_seal(key, password, &quick, &text), OK);
    for (size_t i = 0; i < LENGTH_OF(changes); i++) {
        const char *at = strstr(buffer, changes[i].from);
        if (!at)
            fail_msg("%s: nothing to change in %s", changes[i].label, buffer);
        text_fixed(&out, changed, sizeof changed);
        text_add_bytes(&out, buffer, (size_t)(at - buffer));
        text_add(&out, changes[i].to);
        text_add(&out, at + strlen(changes[i].from));
        CHECK_EQUAL(wallet_open(slice_of(out.data, out.length), password, &again), changes[i].want, changes[i].label);
        wallet_key_free(again);
        again = NULL;
    }
    /* Any octet of the sealed key or the MAC. */
    static const char *const parts[] = { "\"ciphertext\": \"", "\"mac\": \"" };
    for (size_t i = 0; i < LENGTH_OF(parts); i++) {
        char *at = strstr(buffer, parts[i]) + strlen(parts[i]);
        for (size_t j = 0; j < 64; j += 7) {
            char before = at[j];
            at[j] = before == '0' ? '1' : '0';
            CHECK_EQUAL(wallet_open(slice_string(buffer), password, &again), E_REFUSED, parts[i]);
            at[j] = before;
        }
    }
    for (uint64_t nth = 1;; nth++) {
        fault_after(nth);
        enum status status = wallet_open(slice_string(buffer), password, &again);
        bool reached = fault_count() >= nth;
        fault_after(0);
        if (!reached) {
            assert_int_equal(status, OK);
            break;
        }
        assert_int_equal(status, E_NOMEM);
    }
    wallet_key_free(again);
    wallet_key_free(key);
    wallet_secret_free(password);
}

static char folder[64];

struct seen { size_t count; char paths[8][PATH_MAX]; bool known[8]; };

static bool note(void *context, const struct wallet_entry *entry)
{
    struct seen *seen = context;
    snprintf(seen->paths[seen->count], PATH_MAX, "%s", entry->path);
    seen->known[seen->count++] = entry->known;
    return seen->count < 8;
}

static void put(const char *name, const char *content)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/keys/%s", folder, name);
    assert_int_equal(store_file_write(path, content, strlen(content), 0600, STORE_CREATE), OK);
}

static void folders(void **state)
{
    (void)state;
    static struct seen seen;
    struct wallet_key *first = import("0000000000000000000000000000000000000000000000000000000000000001"), *second = NULL, *again = NULL;
    struct wallet_secret *password = secret("x");
    char keys[80], path[PATH_MAX], found[PATH_MAX];
    struct stat facts;
    snprintf(folder, sizeof folder, "/tmp/unit-wallet-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(keys, sizeof keys, "%s/keys", folder);
    assert_int_equal(wallet_list(keys, note, &seen), OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(wallet_find(keys, NULL, found, sizeof found), E_NOT_FOUND);
    /* 2026-11-21 19:36:32.123 UTC */
    assert_int_equal(wallet_store(keys, first, password, &quick, UINT64_C(1795289792123), path, sizeof path), OK);
    char want[PATH_MAX];
    snprintf(want, sizeof want, "%s/UTC--2026-11-21T19-36-32.123000000Z--7e5f4552091a69125d5dfcb7b8c2659029395bdf", keys);
    assert_string_equal(path, want);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(stat(keys, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    assert_int_equal(wallet_store(keys, first, password, &quick, UINT64_C(1795289799999), path, sizeof path), E_EXISTS);
    assert_string_equal(path, want);
    assert_int_equal(wallet_find(keys, NULL, found, sizeof found), OK);
    assert_string_equal(found, want);
    assert_int_equal(wallet_find(keys, NULL, found, 10), E_NO_SPACE);
    assert_int_equal(wallet_key_new(&second), OK);
    assert_int_equal(wallet_find(keys, wallet_key_address(second), found, sizeof found), E_NOT_FOUND);
    assert_int_equal(wallet_store(keys, second, password, &quick, UINT64_C(1795289793000), path, sizeof path), OK);
    assert_int_equal(wallet_find(keys, NULL, found, sizeof found), E_EXISTS);
    assert_int_equal(wallet_find(keys, wallet_key_address(second), found, sizeof found), OK);
    assert_string_equal(found, path);
    assert_int_equal(wallet_load(found, password, &again), OK);
    assert_memory_equal(wallet_key_address(again), wallet_key_address(second), 20);
    /* What else lies there is passed over; a key file that does not say whose it is is not. */
    put("README", "no key file");
    put("half.new", "{");
    put("other.json", "{\"version\": 3}");
    put("silent.json", FILE_SCRYPT);
    seen.count = 0;
    assert_int_equal(wallet_list(keys, note, &seen), OK);
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.paths[0], want);
    assert_true(seen.known[0] && seen.known[1] && !seen.known[2]);
    assert_int_equal(wallet_load(folder, password, &again), E_INVALID);
    snprintf(path, sizeof path, "%s/absent", folder);
    assert_int_equal(wallet_load(path, password, &again), E_NOT_FOUND);
    static const char *const others[] = { "README", "half.new", "other.json" };
    for (size_t i = 0; i < seen.count; i++)
        unlink(seen.paths[i]);
    for (size_t i = 0; i < LENGTH_OF(others); i++) {
        snprintf(path, sizeof path, "%s/%s", keys, others[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(keys), 0);
    assert_int_equal(rmdir(folder), 0);
    wallet_key_free(first);
    wallet_key_free(second);
    wallet_key_free(again);
    wallet_secret_free(password);
}

static const struct { const char *label, *given, *want; const char *rest; } lines[] = {
    { "a line", "secret\nmore\n", "secret", "more\n" },
    { "no end of line", "secret", "secret", "" },
    { "of another system", "secret\r\nx", "secret", "x" },
    { "empty line", "\nx", "", "x" },
    { "nothing", "", "", "" },
    { "spaces count", "  a b \n", "  a b ", "" },
};

static void passwords(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lines); i++) {
        int ends[2];
        char rest[16] = { 0 };
        struct wallet_secret *password = NULL;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], lines[i].given, strlen(lines[i].given)), strlen(lines[i].given));
        close(ends[1]);
        CHECK_EQUAL(wallet_password_read(ends[0], &password), OK, lines[i].label);
        CHECK_STRING(password->data, lines[i].want, lines[i].label);
        CHECK_EQUAL(password->length, strlen(lines[i].want), lines[i].label);
        assert_true(read(ends[0], rest, sizeof rest - 1) >= 0);
        CHECK_STRING(rest, lines[i].rest, lines[i].label);
        wallet_secret_free(password);
        close(ends[0]);
    }
    struct wallet_secret *none = NULL;
    char many[WALLET_SECRET_MAX + 1];
    int ends[2];
    memset(many, 'a', sizeof many);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], many, sizeof many), sizeof many);
    assert_int_equal(wallet_password_read(ends[0], &none), E_LIMIT);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(wallet_password_read(ends[0], &none), E_SYSTEM);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(importing), cmocka_unit_test(known_addresses), cmocka_unit_test(public_signing),
                                        cmocka_unit_test(published), cmocka_unit_test(seal_and_open), cmocka_unit_test(changed_files),
                                        cmocka_unit_test(folders), cmocka_unit_test(passwords) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
