/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations: ENSIP-7, the multiformats' specifications, Python's base64 and integers; more: run-vectors contenthash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "names/contenthash.h"

#define SHA "29f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f"
#define CID32 "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4"
#define KEY "0024080112205cbd1cc86ac20d6640795809c2a185bb2504538a2de8076da5a6971b8acb4715"
#define KEY36 "k51qzi5uqu5dihst24f3rp2ej4co9berxohfkxaenbq1wjty7nrd5e9xp4afx1"
#define SWARM "d1de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162"
#define ADNL "61bd855da6c07e8d1c807e880c2a9a6272011cfc2b34b2e9de32cd37ff6f4ae5"
#define ONION3 "p53lf57qovyuvwsc6xnrppyply3vtqm7l6pcobkmyqsiofyeznfu5uqd"
#define AR "ys32Pt8uC7TrVxHdOLByOspfPEq2LO63wREHQIM9SJQ"

static size_t unhex(const char *hex, uint8_t *out, size_t room)
{
    size_t length = 0;
    assert_int_equal(hex_decode(slice_string(hex), out, room, &length), OK);
    return length;
}

/* ---- stored octets to text ---- */
static const struct {
    const char *label, *hex;
    enum status want;
    const char *text, *link;     /* link NULL: there is none */
} reads[] = {
    { "unset", "", OK, "", NULL },
    { "ipfs", "e30101701220" SHA, OK, "ipfs://" CID32, "/ipfs/" CID32 },
    { "ipfs of version 0", "e3011220" SHA, OK, "ipfs://" CID32, "/ipfs/" CID32 },
    { "ipfs of a key is base36", "e3010172" KEY, OK, "ipfs://" KEY36, "/ipfs/" KEY36 },
    { "ipns", "e5010172" KEY, OK, "ipns://" KEY36, "/ipns/" KEY36 },
    { "ipns of another codec", "e50101701220" SHA, OK, "ipns://k2jmtxseqz46solsx2rmxavgbzp6ij1t1kiq1or8a00c2g9bx1for0gv",
      "/ipns/k2jmtxseqz46solsx2rmxavgbzp6ij1t1kiq1or8a00c2g9bx1for0gv" },
    { "ipns of a name", "e5010170000f6170702e756e69737761702e6f7267", OK, "ipns://app.uniswap.org", "/ipns/app.uniswap.org" },
    { "swarm", "e40101fa011b20" SWARM, OK, "bzz://" SWARM, "/swarm/" SWARM },
    { "onion", "bc037a716b746c776934666563766f367269", OK, "onion://zqktlwi4fecvo6ri", NULL },
    { "adnl", "90b2da05" ADNL, OK, ADNL, NULL },
    { "arweave", "90b2ca05cacdf63edf2e0bb4eb5711dd38b0723aca5f3c4ab62ceeb7c1110740833d4894", OK, "ar://" AR, "/arweave/" AR },

    { "varint cut short", "e3", E_BAD_FORMAT, NULL, NULL },
    { "varint with a zero too many", "e3810000701220" SHA, E_BAD_FORMAT, NULL, NULL },
    { "varint without end", "ffffffffffffffffffff01", E_BAD_FORMAT, NULL, NULL },
    { "another protocol", "e6010170", E_UNSUPPORTED, NULL, NULL },
    { "no protocol", "00", E_UNSUPPORTED, NULL, NULL },
    { "ipfs without CID", "e301", E_BAD_FORMAT, NULL, NULL },
    { "CID of version 2", "e30102701220" SHA, E_BAD_FORMAT, NULL, NULL },
    { "CID cut short", "e301017012202929", E_BAD_FORMAT, NULL, NULL },
    { "octets behind the CID", "e30101701220" SHA "00", E_BAD_FORMAT, NULL, NULL },
    { "digest of nothing", "e30101701200", E_BAD_FORMAT, NULL, NULL },
    { "digest over the limit", "e30101700081", E_BAD_FORMAT, NULL, NULL },
    { "ipns of a name with a slash", "e501017000036f2f72", E_BAD_FORMAT, NULL, NULL },
    { "ipns of a name with a NUL", "e501017000056f2e720000", E_BAD_FORMAT, NULL, NULL },
    { "ipns of a label alone", "e501017000036f6f72", E_BAD_FORMAT, NULL, NULL },
    { "swarm by another hash", "e40101fa011220" SWARM, E_BAD_FORMAT, NULL, NULL },
    { "swarm of 31 octets", "e40101fa011b1fde9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162", E_BAD_FORMAT, NULL, NULL },
    { "onion in upper case", "bc035a716b746c776934666563766f367269", E_BAD_FORMAT, NULL, NULL },
    { "onion of 15 octets", "bc037a716b746c776934666563766f3672", E_BAD_FORMAT, NULL, NULL },
    { "arweave of 31 octets", "90b2ca05cacdf63edf2e0bb4eb5711dd38b0723aca5f3c4ab62ceeb7c1110740833d48", E_BAD_FORMAT, NULL, NULL },
};

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(reads); i++) {
        uint8_t stored[CONTENT_BYTES_MAX];
        size_t length = unhex(reads[i].hex, stored, sizeof stored);
        char room[CONTENT_TEXT_MAX] = "";
        struct text out;
        text_fixed(&out, room, sizeof room);
        enum status status = contenthash_print(stored, length, &out);
        if (status != reads[i].want || strcmp(room, reads[i].text ? reads[i].text : "") != 0)
            fail_msg("%s: %s, %s", reads[i].label, status_text(status), room);
        text_fixed(&out, room, sizeof room);
        room[0] = 0;
        status = contenthash_dnslink(stored, length, &out);
        if (status != (reads[i].want != OK ? reads[i].want : reads[i].link ? OK : E_NOT_FOUND) ||
            strcmp(room, reads[i].link ? reads[i].link : "") != 0)
            fail_msg("%s, link: %s, %s", reads[i].label, status_text(status), room);
    }
}

/* ---- text to stored octets ---- */
static const struct {
    const char *label, *text;
    enum status want;
    const char *hex;
} writes[] = {
    { "nothing", "", OK, "" },
    { "ipfs", "ipfs://" CID32, OK, "e30101701220" SHA },
    { "scheme in upper case", "IPFS://" CID32, OK, "e30101701220" SHA },
    { "path", "/ipfs/" CID32, OK, "e30101701220" SHA },
    { "version 0", "ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", OK, "e30101701220" SHA },
    { "base32 in upper case", "ipfs://BAFYBEIBJ6LIXXZQTSB45YSDJNUPVQKUFGDVZQBNVMHW2KF7CFKESY7R7D4", OK, "e30101701220" SHA },
    { "base58", "ipfs://zdj7WYFeYXcRgTKW6M3DNBQbdNeYd79uQ2yWJD2g1HtWPXeNz", OK, "e30101701220" SHA },
    { "base36", "ipfs://k2jmtxseqz46solsx2rmxavgbzp6ij1t1kiq1or8a00c2g9bx1for0gv", OK, "e30101701220" SHA },
    { "base36 in upper case", "ipfs://K2JMTXSEQZ46SOLSX2RMXAVGBZP6IJ1T1KIQ1OR8A00C2G9BX1FOR0GV", OK, "e30101701220" SHA },
    { "base16", "ipfs://f01701220" SHA, OK, "e30101701220" SHA },
    { "base64url", "ipfs://uAXASICny0XvmE5B53EhpbR9YKoUw65gFtWHtpRfiKoksfj8f", OK, "e30101701220" SHA },
    { "ipns", "ipns://" KEY36, OK, "e5010172" KEY },
    { "ipns in base32", "ipns://bafzaajaiaejcaxf5dtegvqqnmzahswajykqylozfarjyulpia5w2ljuxdofmwryv", OK, "e5010172" KEY },
    { "ipns as a peer", "ipns://12D3KooWG4NvqQVczTrWY1H2tvsJmbQf5bbA3xGYXC4FM3wWCfE4", OK, "e5010172" KEY },
    { "ipns as an RSA peer", "/ipns/QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", OK, "e50101721220" SHA },
    { "swarm", "bzz://" SWARM, OK, "e40101fa011b20" SWARM },
    { "adnl", ADNL, OK, "90b2da05" ADNL },
    { "adnl with a scheme", "adnl://" ADNL, OK, "90b2da05" ADNL },
    { "arweave", "arweave://" AR, OK, "90b2ca05cacdf63edf2e0bb4eb5711dd38b0723aca5f3c4ab62ceeb7c1110740833d4894" },
    { "stored octets", "0xe30101701220" SHA, OK, "e30101701220" SHA },
    { "stored octets of version 0", "0xe3011220" SHA, OK, "e30101701220" SHA },

    { "no scheme", CID32, E_UNSUPPORTED, NULL },
    { "another scheme", "https://example.org", E_UNSUPPORTED, NULL },
    { "scheme alone", "ipfs://", E_UNSUPPORTED, NULL },
    { "a path behind", "ipfs://" CID32 "/index.html", E_BAD_TEXT, NULL },
    { "a digit wrong", "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d0", E_BAD_TEXT, NULL },
    { "a bit left over", "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d5", E_BAD_TEXT, NULL },
    { "mixed case", "ipfs://Bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4", E_BAD_TEXT, NULL },
    { "version 0 with a multibase letter", "ipfs://zQmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", E_BAD_TEXT, NULL },
    { "ipns of a host name", "ipns://app.uniswap.org", E_BAD_TEXT, NULL },
    { "ipns of a short identity", "ipns://f0172000f6170702e756e69737761702e6f7267", E_BAD_TEXT, NULL },
    { "swarm of 31 octets", "bzz://de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162", E_BAD_TEXT, NULL },
    { "onion of the other length", "onion://" ONION3, E_BAD_TEXT, NULL },
    { "onion with a 1", "onion3://1" "53lf57qovyuvwsc6xnrppyply3vtqm7l6pcobkmyqsiofyeznfu5uqd", E_BAD_TEXT, NULL },
    { "arweave with padding", "ar://" AR "=", E_BAD_TEXT, NULL },
    { "stored octets of nothing known", "0x00", E_BAD_TEXT, NULL },
    { "hexadecimal of half an octet", "0xe30", E_BAD_TEXT, NULL },
};

static void test_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(writes); i++) {
        uint8_t got[CONTENT_BYTES_MAX], want[CONTENT_BYTES_MAX];
        size_t length = 0;
        enum status status = contenthash_parse(slice_string(writes[i].text), got, &length);
        if (status != writes[i].want)
            fail_msg("%s: %s", writes[i].label, status_text(status));
        if (status != OK)
            continue;
        size_t want_length = unhex(writes[i].hex, want, sizeof want);
        if (length != want_length || memcmp(got, want, length) != 0)
            fail_msg("%s: other octets", writes[i].label);
    }
}

static void test_deprecated(void **state)
{
    (void)state;
    uint8_t stored[CONTENT_BYTES_MAX];
    struct content_hash content;
    char room[80];
    struct text out;
    size_t length = unhex("e5010170000f6170702e756e69737761702e6f7267", stored, sizeof stored);
    assert_int_equal(contenthash_read(stored, length, &content), OK);
    assert_true(content.deprecated);
    assert_int_equal(content.protocol, CONTENT_IPNS);
    text_fixed(&out, room, sizeof room);
    assert_int_equal(contenthash_label(stored, length, &out), E_NOT_FOUND);
    length = unhex("e5010172" KEY, stored, sizeof stored);
    assert_int_equal(contenthash_read(stored, length, &content), OK);
    assert_false(content.deprecated);
}

/* Base32 has 59 characters for a sha2-256; a key has 65 and takes base36; a sha2-512 fits neither. */
static void test_label(void **state)
{
    (void)state;
    static const struct { const char *label, *hex; enum status want; const char *text; } labels[] = {
        { "ipfs", "e30101701220" SHA, OK, CID32 },
        { "ipns", "e5010172" KEY, OK, KEY36 },
        { "sha2-512", "e30101551340" SHA SHA, E_LIMIT, "" },
        { "swarm", "e40101fa011b20" SWARM, E_NOT_FOUND, "" },
        { "unset", "", E_NOT_FOUND, "" },
    };
    for (size_t i = 0; i < LENGTH_OF(labels); i++) {
        uint8_t stored[CONTENT_BYTES_MAX];
        char room[80] = "";
        struct text out;
        text_fixed(&out, room, sizeof room);
        enum status status = contenthash_label(stored, unhex(labels[i].hex, stored, sizeof stored), &out);
        if (status != labels[i].want || strcmp(room, labels[i].text) != 0)
            fail_msg("%s: %s, %s", labels[i].label, status_text(status), room);
    }
}

static void test_no_space(void **state)
{
    (void)state;
    uint8_t stored[CONTENT_BYTES_MAX];
    char room[32] = "";
    struct text out;
    size_t length = unhex("e5010172" KEY, stored, sizeof stored);
    text_fixed(&out, room, sizeof room);
    assert_int_equal(contenthash_print(stored, length, &out), E_NO_SPACE);
    assert_string_equal(room, "");
    text_fixed(&out, room, sizeof room);
    assert_int_equal(contenthash_dnslink(stored, length, &out), E_NO_SPACE);
    text_fixed(&out, room, sizeof room);
    assert_int_equal(contenthash_label(stored, length, &out), E_NO_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),  cmocka_unit_test(test_write),    cmocka_unit_test(test_deprecated),
        cmocka_unit_test(test_label), cmocka_unit_test(test_no_space),
    };
    return cmocka_run_group_tests_name("names/contenthash", tests, NULL, NULL);
}
