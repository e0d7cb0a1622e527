/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from passwords, ciphers, and the digests of other chains. */
#include "unit.h"
#include "base/base.h"
#include "crypto/crypto.h"
#include "crypto/kdf.h"

static size_t octets(const char *hex, uint8_t *out, size_t room)
{
    size_t length = 0;
    if (hex_decode(slice_string(hex), out, room, &length) != OK)
        fail_msg("'%s' is not hexadecimal", hex);
    return length;
}

static void check_hex(const uint8_t *have, size_t size, const char *want, const char *label)
{
    char buffer[256];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    text_add_hex(&text, have, size, false);
    CHECK_STRING(buffer, want, label);
}

/* RFC 7914 section 12, but for the last, which takes a gigabyte. */
static const struct { const char *password, *salt; struct scrypt_cost cost; const char *want; } scrypts[] = {
    { "", "", { 16, 1, 1 }, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906" },
    { "password", "NaCl", { 1024, 8, 16 }, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640" },
    { "pleaseletmein", "SodiumChloride", { 16384, 8, 1 }, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887" },
};

static const struct { const char *label; struct scrypt_cost cost; enum status want; } costs[] = {
    { "n 0", { 0, 8, 1 }, E_RANGE },
    { "n 1", { 1, 8, 1 }, E_RANGE },
    { "n 3", { 3, 8, 1 }, E_RANGE },
    { "r 0", { 16, 0, 1 }, E_RANGE },
    { "p 0", { 16, 8, 0 }, E_RANGE },
    { "r p 2^30", { 16, 1 << 15, 1 << 15 }, E_RANGE },
    { "2 GiB", { 1 << 21, 8, 1 }, E_LIMIT },
    { "more than 64 bits", { UINT64_C(1) << 63, 8, 1 }, E_LIMIT },
    { "little memory, no end", { 1024, 8, 1 << 20 }, E_LIMIT },
    { "least", { 2, 1, 1 }, OK },
};

static void scrypt_keys(void **state)
{
    (void)state;
    uint8_t out[64];
    for (size_t i = 0; i < LENGTH_OF(scrypts); i++) {
        const char *password = scrypts[i].password, *salt = scrypts[i].salt;
        assert_int_equal(scrypt_derive(password, strlen(password), salt, strlen(salt), scrypts[i].cost, out, sizeof out), OK);
        check_hex(out, sizeof out, scrypts[i].want, "scrypt");
    }
    /* n from 2^(16 r): computed with a plain transcription of RFC 7914 in Python, itself checked against hashlib. */
    assert_int_equal(scrypt_derive("password", 8, "NaCl", 4, (struct scrypt_cost){ 65536, 1, 2 }, out, sizeof out), OK);
    check_hex(out, sizeof out, "6a435edd142c70a0ab85918b9bdb943b3be223de0e644e309890c9e8100c88d9839fa9058b08cd239ecaad64c6726efa82fea2a0db6fe71676140c2903398709", "large n");
    for (uint64_t nth = 1; nth <= 2; nth++) {
        fault_after(nth);
        assert_int_equal(scrypt_derive("a", 1, "b", 1, (struct scrypt_cost){ 65536, 1, 1 }, out, sizeof out), E_NOMEM);
    }
    fault_after(0);
    for (size_t i = 0; i < LENGTH_OF(costs); i++)
        CHECK_EQUAL(scrypt_derive("a", 1, "b", 1, costs[i].cost, out, sizeof out), costs[i].want, costs[i].label);
    assert_int_equal(scrypt_memory((struct scrypt_cost){ 1 << 20, 8, 1 }), 1 << 30);
    assert_true(scrypt_memory((struct scrypt_cost){ UINT64_MAX, 8, 1 }) == UINT64_MAX);
}

/* RFC 7914 section 11. */
static void pbkdf2_keys(void **state)
{
    (void)state;
    uint8_t out[64];
    assert_int_equal(pbkdf2_derive("passwd", 6, "salt", 4, 1, out, sizeof out), OK);
    check_hex(out, sizeof out, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
              "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783", "1 round");
    assert_int_equal(pbkdf2_derive("Password", 8, "NaCl", 4, 80000, out, sizeof out), OK);
    check_hex(out, sizeof out, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
              "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d", "80000 rounds");
    assert_int_equal(pbkdf2_derive("a", 1, "b", 1, 0, out, sizeof out), E_RANGE);
    assert_int_equal(pbkdf2_derive("a", 1, "b", 1, UINT64_C(1) << 40, out, sizeof out), E_LIMIT);
}

/* NIST SP 800-38A F.5.1 and F.2.1. */
#define NIST_KEY "2b7e151628aed2a6abf7158809cf4f3c"
#define NIST_TEXT "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"

static void ciphers(void **state)
{
    (void)state;
    uint8_t key[16], counter[16], text[48], out[48];
    size_t bytes = octets(NIST_TEXT, text, sizeof text), length = 77;
    octets(NIST_KEY, key, sizeof key);
    octets("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", counter, sizeof counter);
    assert_int_equal(aes128_counter(key, counter, text, bytes, out), OK);
    check_hex(out, bytes, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff", "counter mode");
    assert_int_equal(aes128_counter(key, counter, out, bytes, out), OK);
    assert_memory_equal(out, text, bytes);
    assert_int_equal(aes128_counter(key, counter, text, 5, out), OK);
    check_hex(out, 5, "874d6191b6", "a part of a block");
    /* Two blocks of F.2.1 and one of padding, encrypted with openssl enc -aes-128-cbc. */
    octets("000102030405060708090a0b0c0d0e0f", counter, sizeof counter);
    bytes = octets("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b255e21d7100b988ffec32feeafaf23538", text, sizeof text);
    assert_int_equal(aes128_cbc_decrypt(key, counter, text, bytes, out, &length), OK);
    assert_int_equal(length, 32);
    check_hex(out, length, NIST_TEXT, "CBC");
    length = 77;
    assert_int_equal(aes128_cbc_decrypt(key, counter, text, 32, out, &length), E_BAD_FORMAT);
    assert_int_equal(aes128_cbc_decrypt(key, counter, text, 31, out, &length), E_BAD_FORMAT);
    assert_int_equal(aes128_cbc_decrypt(key, counter, text, 0, out, &length), E_BAD_FORMAT);
    assert_int_equal(length, 77);
}

/* Of "abc": ISO 10118-3, FIPS 180-4, FIPS 202. */
static const struct { enum digest digest; const char *label, *message, *want; } others[] = {
    { DIGEST_RIPEMD160, "RIPEMD-160", "abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc" },
    { DIGEST_RIPEMD160, "RIPEMD-160 of nothing", "", "9c1185a5c5e9fc54612808977ee8f548b2258d31" },
    { DIGEST_SHA512_256, "SHA-512/256", "abc", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
    { DIGEST_SHA3_256, "SHA3-256", "abc", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
};

static void digests(void **state)
{
    (void)state;
    uint8_t out[DIGEST_MOST_BYTES];
    for (size_t i = 0; i < LENGTH_OF(others); i++) {
        CHECK_EQUAL(digest_once(others[i].digest, others[i].message, strlen(others[i].message), out), OK, others[i].label);
        check_hex(out, digest_bytes(others[i].digest), others[i].want, others[i].label);
    }
    /* The genesis block of Bitcoin. */
    uint8_t header[80];
    octets("0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
           header, sizeof header);
    assert_int_equal(digest_sha256_twice(header, sizeof header, out), OK);
    check_hex(out, 32, "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000", "genesis");
}

/* RFC 7693 appendix A; then a digest over digests of several lengths in and out, as Python's hashlib computes it. */
static void blake2(void **state)
{
    (void)state;
    static const size_t outs[] = { 20, 32, 48, 64 }, ins[] = { 0, 3, 128, 129, 255, 1024 };
    uint8_t out[64];
    blake2b("abc", 3, out, 64);
    check_hex(out, 64, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
              "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923", "appendix A");
    uint8_t data[1024], sums[LENGTH_OF(outs) * LENGTH_OF(ins) * 64];
    size_t length = 0;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < LENGTH_OF(outs); i++)
        for (size_t j = 0; j < LENGTH_OF(ins); j++) {
            blake2b(data, ins[j], sums + length, outs[i]);
            length += outs[i];
        }
    assert_int_equal(digest_once(DIGEST_SHA256, sums, length, out), OK);
    check_hex(out, 32, "b95f666a328051dea02b98b9b2bd74425ad715b61f5f2101fd6378063bae23b5", "many lengths");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(scrypt_keys), cmocka_unit_test(pbkdf2_keys), cmocka_unit_test(ciphers), cmocka_unit_test(digests), cmocka_unit_test(blake2) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
