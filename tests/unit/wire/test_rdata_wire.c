/* SPDX-License-Identifier: Apache-2.0 */
/* Malformed octets: every type at every length from 0 to 300, and rdata that breaks a rule of its type. */
#include "unit.h"

static uint8_t out[RDATA_MAX_BYTES];

static uint32_t next_random(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

static void fill(uint8_t *data, size_t size, unsigned pattern, uint32_t *random)
{
    for (size_t i = 0; i < size; i++) {
        static const uint8_t constants[] = { 0x00, 0x01, 0xff, 0xc0, 0x3f };
        data[i] = pattern < LENGTH_OF(constants) ? constants[pattern] : (uint8_t)(next_random(random) >> 24);
    }
}

/* Whatever the octets: no crash; what checks prints and parses back; what is read checks. */
static void one(const char *mnemonic, uint16_t type, const uint8_t *data, size_t size)
{
    struct cursor c = cursor_of(data, size);
    struct rdata_name name;
    struct text text;
    size_t length = 0, offset = 0;
    bool fine = rdata_check(type, CLASS_IN, data, size) == OK;

    text_growing(&text);
    rdata_print(&text, type, CLASS_IN, data, size, NULL);
    enum status st = rdata_parse_line(type, CLASS_IN, text.data != NULL ? text.data : "", name_root, out, sizeof out, &length, NULL);
    CHECK_EQ(mnemonic, st == OK, fine);
    if (fine) {
        CHECK_EQ(mnemonic, length, size);
        CHECK_BYTES(mnemonic, out, data, size);
    }
    text_clear(&text);
    if (rdata_read(type, CLASS_IN, &c, (uint16_t)size, out, sizeof out, &length) == OK)
        CHECK_EQ(mnemonic, rdata_check(type, CLASS_IN, out, length), OK);
    while (rdata_name_next(type, CLASS_IN, data, size, &offset, &name))
        CHECK_EQ(mnemonic, offset <= size, true);
}

static void every_type_every_length(void **state)
{
    enum { LENGTH_MAX = 300, PATTERNS = 8 };
    size_t position = 0;
    uint16_t type;
    uint32_t random = 1;
    const char *mnemonic;

    (void)state;
    while (rdata_type_next(&position, &type, &mnemonic))
        for (size_t size = 0; size <= LENGTH_MAX; size++) {
            uint8_t *data = exact(out, size);
            fill(data, size, (unsigned)(size % PATTERNS), &random);
            one(mnemonic, type, data, size);
            if (size < 24)
                for (unsigned pattern = 0; pattern < PATTERNS; pattern++) {
                    fill(data, size, pattern, &random);
                    one(mnemonic, type, data, size);
                }
            free(data);
        }
}

#define OCTETS(text) text, sizeof(text) - 1
static const struct { const char *label; uint16_t type; const char *data; size_t size; enum status want; } cases[] = {
    { "A short", TYPE_A, OCTETS("\1\2\3"), E_TRUNCATED },
    { "A long", TYPE_A, OCTETS("\1\2\3\4\5"), E_BAD_RDATA },
    { "AAAA long", TYPE_AAAA, OCTETS("01234567890123456"), E_BAD_RDATA },
    { "NS with a pointer", TYPE_NS, OCTETS("\xc0\0"), E_BAD_POINTER },
    { "NS with a reserved label", TYPE_NS, OCTETS("\x41\0"), E_BAD_NAME },
    { "MX without name", TYPE_MX, OCTETS("\0\1"), E_TRUNCATED },
    { "TXT empty", TYPE_TXT, OCTETS(""), E_TRUNCATED },
    { "TXT cut", TYPE_TXT, OCTETS("\3ab"), E_TRUNCATED },
    { "SOA cut", TYPE_SOA, OCTETS("\0\0\0\0\0\1"), E_TRUNCATED },
    { "NSEC empty map", TYPE_NSEC, OCTETS("\0"), E_BAD_RDATA },
    { "NSEC window of 33", TYPE_NSEC, OCTETS("\0\0\x21" "01234567890123456789012345678901\1"), E_BAD_RDATA },
    { "NSEC window of 0", TYPE_NSEC, OCTETS("\0\0\0"), E_BAD_RDATA },
    { "NSEC zero at the end", TYPE_NSEC, OCTETS("\0\0\2\x40\0"), E_BAD_RDATA },
    { "NSEC same window twice", TYPE_NSEC, OCTETS("\0\0\1\x40\0\1\x40"), E_BAD_RDATA },
    { "NSEC windows descend", TYPE_NSEC, OCTETS("\0\1\1\x40\0\1\x40"), E_BAD_RDATA },
    { "NSEC fine", TYPE_NSEC, OCTETS("\0\0\1\x40\1\1\x40"), OK },
    { "NSEC3 hash of 19", TYPE_NSEC3, OCTETS("\1\0\0\0\0\x13" "0123456789012345678"), E_BAD_RDATA },
    { "NSEC3 salt cut", TYPE_NSEC3PARAM, OCTETS("\1\0\0\0\4abc"), E_TRUNCATED },
    { "DS of SHA-1 with 19 octets", TYPE_DS, OCTETS("\0\1\10\1" "0123456789012345678"), E_BAD_RDATA },
    { "DS of unknown digest", TYPE_DS, OCTETS("\0\1\10\x63" "0"), OK },
    { "ZONEMD of 11 octets", TYPE_ZONEMD, OCTETS("\0\0\0\1\1\xf0" "01234567890"), E_BAD_RDATA },
    { "SVCB key twice", TYPE_SVCB, OCTETS("\0\1\0" "\0\3\0\2\0\1" "\0\3\0\2\0\1"), E_BAD_RDATA },
    { "SVCB keys descend", TYPE_SVCB, OCTETS("\0\1\0" "\0\3\0\2\0\1" "\0\1\0\3\2h2"), E_BAD_RDATA },
    { "SVCB value cut", TYPE_SVCB, OCTETS("\0\1\0" "\0\3\0\2\0"), E_TRUNCATED },
    { "SVCB port of 3 octets", TYPE_SVCB, OCTETS("\0\1\0" "\0\3\0\3\0\0\0"), E_BAD_RDATA },
    { "SVCB alpn with an empty name", TYPE_SVCB, OCTETS("\0\1\0" "\0\1\0\1\0"), E_BAD_RDATA },
    { "SVCB mandatory lists a missing key", TYPE_SVCB, OCTETS("\0\1\0" "\0\0\0\2\0\3"), E_BAD_RDATA },
    { "SVCB mandatory lists itself", TYPE_SVCB, OCTETS("\0\1\0" "\0\0\0\2\0\0"), E_BAD_RDATA },
    { "SVCB mandatory fine", TYPE_SVCB, OCTETS("\0\1\0" "\0\0\0\2\0\3" "\0\3\0\2\0\1"), OK },
    { "SVCB ipv6hint of 15", TYPE_SVCB, OCTETS("\0\1\0" "\0\6\0\17" "012345678901234"), E_BAD_RDATA },
    { "APL prefix 33", 42, OCTETS("\0\1\x21\0"), E_BAD_RDATA },
    { "APL address of 5", 42, OCTETS("\0\1\x20\5" "12345"), E_BAD_RDATA },
    { "APL zero at the end", 42, OCTETS("\0\1\x20\2" "1\0"), E_BAD_RDATA },
    { "APL of another family", 42, OCTETS("\0\3\x20\2" "12"), OK },
    { "LOC size of 10", 29, OCTETS("\0\xa2\x16\x13" "\x80\0\0\0" "\x80\0\0\0" "\0\0\0\0"), E_BAD_RDATA },
    { "LOC beyond the pole", 29, OCTETS("\0\x12\x16\x13" "\xff\0\0\0" "\x80\0\0\0" "\0\0\0\0"), E_BAD_RDATA },
    { "LOC version 1", 29, OCTETS("\1"), OK },
    { "CAA empty tag", 257, OCTETS("\0\0a"), E_BAD_RDATA },
    { "CAA tag cut", 257, OCTETS("\0\5issu"), E_TRUNCATED },
    { "X25 with a letter", 19, OCTETS("\5" "1234a"), E_BAD_RDATA },
    { "A6 prefix 129", 38, OCTETS("\x81\0"), E_BAD_RDATA },
    { "A6 bits of the prefix", 38, OCTETS("\x7c\xf1\0"), E_BAD_RDATA },
    { "HIP without key", 55, OCTETS("\1\2\0\0a"), E_BAD_RDATA },
    { "IPSECKEY gateway type 4", 45, OCTETS("\1\4\2\0k"), E_BAD_RDATA },
    { "IPSECKEY gateway cut", 45, OCTETS("\1\1\2abc"), E_TRUNCATED },
    { "NXT bit 0", 30, OCTETS("\0\x80"), E_BAD_RDATA },
    { "unknown type", 65400, OCTETS("\xc0\0"), OK },
};

static void rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t *data = exact(cases[i].data, cases[i].size);
        CHECK_EQ(cases[i].label, rdata_check(cases[i].type, CLASS_IN, data, cases[i].size), cases[i].want);
        free(data);
    }
}

/* Compression is followed for the types of RFC 1035 and those that RFC 3597 4 lists, and for no other. */
static const struct { const char *label; uint16_t type; const char *head; size_t head_bytes; bool follows; } packed[] = {
    { "NS", TYPE_NS, OCTETS(""), true }, { "MX", TYPE_MX, OCTETS("\0\1"), true }, { "SRV", TYPE_SRV, OCTETS("\0\1\0\1\0\1"), true },
    { "AFSDB", 18, OCTETS("\0\1"), true }, { "KX", 36, OCTETS("\0\1"), false }, { "DNAME", TYPE_DNAME, OCTETS(""), false },
    { "LP", 107, OCTETS("\0\1"), false }, { "SVCB", TYPE_SVCB, OCTETS("\0\1"), false },
};

static void compression_is_followed(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(packed); i++) {
        uint8_t message[32] = "\1a\0";
        size_t size = packed[i].head_bytes + 2, length = 0;
        memcpy(message + 3, packed[i].head, packed[i].head_bytes);
        memcpy(message + 3 + packed[i].head_bytes, "\xc0\0", 2);
        struct cursor c = { message, message + 3, message + 3 + size, false };
        enum status st = rdata_read(packed[i].type, CLASS_IN, &c, (uint16_t)size, out, sizeof out, &length);
        CHECK_EQ(packed[i].label, st, packed[i].follows ? OK : E_BAD_POINTER);
        CHECK_EQ(packed[i].label, rdata_may_compress(packed[i].type, CLASS_IN), i < 2);
        if (st == OK)
            CHECK_EQ(packed[i].label, length, packed[i].head_bytes + 3);
    }
}

/* RFC 4034 6.2 as corrected by RFC 6840 5.1. */
static const struct { const char *type, *text; bool lowered; } canonical[] = {
    { "NS", "A.B.", true }, { "SOA", "A. B. 1 2 3 4 5", true }, { "SRV", "1 2 3 A.B.", true }, { "DNAME", "A.B.", true }, { "KX", "1 A.", true },
    { "A6", "64 ::1 A.B.", true }, { "RRSIG", "A 8 2 3600 1 2 3 A. AAAA", true }, { "NXT", "A. A", true },
    { "NSEC", "A. A", false }, { "TALINK", "A. B.", false }, { "SVCB", "1 A.", false }, { "LP", "1 A.", false }, { "TXT", "ABC", false },
    { "HIP", "2 20 AwEA A.", false }, { "IPSECKEY", "1 3 2 A. AAAA", false },
};

static void canonical_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(canonical); i++) {
        uint8_t before[200];
        uint16_t type;
        size_t length = 0;
        CHECK_EQ(canonical[i].type, type_parse(slice_string(canonical[i].type), &type), OK);
        CHECK_EQ(canonical[i].type, rdata_parse_line(type, CLASS_IN, canonical[i].text, name_root, out, sizeof out, &length, NULL), OK);
        memcpy(before, out, length);
        rdata_canonical(type, CLASS_IN, out, length);
        CHECK_EQ(canonical[i].type, rdata_compare(before, length, out, length) != 0, canonical[i].lowered);
        if (canonical[i].lowered)
            CHECK_EQ(canonical[i].type, memchr(out, 'A', length) == NULL, true);
    }
}

/* 16,000 names in one HIP: walking them is linear. */
static void many_names(void **state)
{
    struct rdata_name name;
    size_t offset = 0, count = 0, size = 6;

    (void)state;
    memcpy(out, "\1\2\0\1hk", 6);
    for (; size + 4 <= RDATA_MAX_BYTES; size += 4)
        memcpy(out + size, "\2ab", 4);
    assert_int_equal(rdata_check(55, CLASS_IN, out, size), OK);
    while (rdata_name_next(55, CLASS_IN, out, size, &offset, &name))
        count++;
    assert_int_equal(count, (size - 6) / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_every_length), cmocka_unit_test(rules), cmocka_unit_test(compression_is_followed),
        cmocka_unit_test(canonical_form), cmocka_unit_test(many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
