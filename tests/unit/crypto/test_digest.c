/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/arena.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include <stdlib.h>

static void check_hex(const uint8_t *have, size_t size, const char *want, const char *label)
{
    char buffer[2 * DIGEST_MOST_BYTES + 1];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    text_add_hex(&text, have, size, false);
    CHECK_STRING(buffer, want, label);
}

/* FIPS 180-4 examples (NIST CSRC "Examples with Intermediate Values"). */
static const struct { enum digest digest; const char *label, *message, *want; } vectors[] = {
    { DIGEST_SHA1, "SHA-1 abc", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { DIGEST_SHA1, "SHA-1 of nothing", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
    { DIGEST_SHA1, "SHA-1 two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
    { DIGEST_SHA256, "SHA-256 abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { DIGEST_SHA256, "SHA-256 of nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { DIGEST_SHA384, "SHA-384 abc", "abc",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
    { DIGEST_SHA512, "SHA-512 abc", "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void digests(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(vectors); i++) {
        uint8_t out[DIGEST_MOST_BYTES];
        size_t size = digest_bytes(vectors[i].digest), length = strlen(vectors[i].message);
        CHECK_EQUAL(digest_once(vectors[i].digest, vectors[i].message, length, out), OK, vectors[i].label);
        check_hex(out, size, vectors[i].want, vectors[i].label);
        struct digest_state *pieces;
        assert_int_equal(digest_new(vectors[i].digest, &pieces), OK);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(digest_begin(pieces), OK);
            assert_int_equal(digest_add(pieces, "junk", 4), OK);
            assert_int_equal(digest_begin(pieces), OK);
            for (size_t at = 0; at < length; at++)
                assert_int_equal(digest_add(pieces, vectors[i].message + at, 1), OK);
            memset(out, 0, sizeof out);
            assert_int_equal(digest_end(pieces, out), OK);
            check_hex(out, size, vectors[i].want, vectors[i].label);
        }
        digest_free(pieces);
    }
    fault_after(1);
    struct digest_state *none = NULL;
    assert_int_equal(digest_new(DIGEST_SHA1, &none), E_NOMEM);
    fault_after(0);
    assert_null(none);
    digest_free(NULL);
}

/* RFC 5155 appendix A: salt AABBCCDD, 12 iterations. */
static void nsec3_hashes(void **state)
{
    (void)state;
    static const struct { const char *label, *wire; size_t size; const char *want; } names[] = {
        { "example", "\7example", 9, "0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM" },
        { "a.example", "\1a\7example", 11, "35MTHGPGCU1QG68FAB165KLNSNK3DPVL" },
        { "ai.example", "\2ai\7example", 12, "GJEQE526PLBF1G8MKLP59ENFD789NJGI" },
        { "*.w.example", "\1*\1w\7example", 13, "R53BQ7CC2UVMUBFU5OCMM6PERS9TK9EN" },
    };
    struct crypto_sha1 *sha1;
    assert_int_equal(crypto_sha1_new(&sha1), OK);
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        uint8_t out[DIGEST_SHA1_BYTES];
        char buffer[40];
        struct text text;
        assert_int_equal(crypto_sha1_rounds(sha1, names[i].wire, names[i].size, "\xaa\xbb\xcc\xdd", 4, 12, out), OK);
        text_fixed(&text, buffer, sizeof buffer);
        text_add_base32hex(&text, out, sizeof out);
        CHECK_STRING(buffer, names[i].want, names[i].label);
    }
    uint8_t out[DIGEST_SHA1_BYTES];
    assert_int_equal(crypto_sha1_rounds(sha1, "abc", 3, NULL, 0, 0, out), OK);
    check_hex(out, sizeof out, "a9993e364706816aba3e25717850c26c9cd0d89d", "no salt, no iteration");
    crypto_sha1_free(sha1);
    crypto_sha1_free(NULL);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        fault_after(nth);
        assert_int_equal(crypto_sha1_new(&sha1), E_NOMEM);
        fault_after(0);
    }
}

/* RFC 4231 section 4. */
static void hmacs(void **state)
{
    (void)state;
    uint8_t key[131], data[50], out[DIGEST_SHA256_BYTES];
    memset(key, 0x0b, 20);
    assert_int_equal(hmac_sha256(key, 20, "Hi There", 8, out), OK);
    check_hex(out, sizeof out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", "case 1");
    assert_int_equal(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out), OK);
    check_hex(out, sizeof out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "case 2");
    memset(key, 0xaa, 131);
    memset(data, 0xdd, 50);
    assert_int_equal(hmac_sha256(key, 20, data, 50, out), OK);
    check_hex(out, sizeof out, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", "case 3");
    assert_int_equal(hmac_sha256(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out), OK);
    check_hex(out, sizeof out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "case 6");
    assert_int_equal(hmac_sha256("", 0, "", 0, out), OK);
    check_hex(out, sizeof out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", "empty");
}

static void comparison(void **state)
{
    (void)state;
    assert_true(crypto_equal("abc", "abc", 3));
    assert_false(crypto_equal("abc", "abd", 3));
    assert_false(crypto_equal("bbc", "abc", 3));
    assert_true(crypto_equal("abc", "xyz", 0));
    assert_true(crypto_equal(NULL, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),
        cmocka_unit_test(nsec3_hashes),
        cmocka_unit_test(hmacs),
        cmocka_unit_test(comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
