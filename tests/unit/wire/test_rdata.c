/* SPDX-License-Identifier: Apache-2.0 */
/* Text, wire and text again for each type.  The octets and prints are what named-rrchecker (BIND 9.18) gives for the same
 * text, and those of RFC examples for types it does not know. */
#include "unit.h"

static uint8_t rdata[RDATA_MAX_BYTES];

static const struct { uint16_t klass; const char *type, *text, *hex, *print; } cases[] = {
#include "rdata.inc"
    /* RFC 9461 5 and RFC 9540 4; RFC 9460 D.2: the octets of the examples there */
    { CLASS_IN, "SVCB", "1 foo.example.org. ohttp dohpath=/dns-query{?dns}",
      "000103666F6F076578616D706C65036F726700000700102F646E732D71756572797B3F646E737D00080000",
      "1 foo.example.org. dohpath=\"/dns-query{?dns}\" ohttp" },
    { CLASS_IN, "SVCB", "1 foo.example.com. ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
      "000103666F6F076578616D706C6503636F6D0000060020"
      "20010DB800000000000000000000000120010DB8000000000000000000530001",
      "1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1" },
    { CLASS_IN, "SVCB", "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
      "001003666F6F076578616D706C65036F72670000000004000100040001000902683205"
      "68332D313900040004C0000201",
      "16 foo.example.org. mandatory=alpn,ipv4hint alpn=\"h2,h3-19\" ipv4hint=192.0.2.1" },
    { CLASS_IN, "SVCB", "1 foo.example.com. key667=\"hello\\210qoo\"", "000103666F6F076578616D706C6503636F6D00029B000968656C6C6FD2716F6F",
      "1 foo.example.com. key667=\"hello\\210qoo\"" },
    /* a 64-bit node number in decimal */
    { CLASS_IN, "IPN", "18446744073709551615", "FFFFFFFFFFFFFFFF", "18446744073709551615" },
    { CLASS_IN, "CLA", "\"TCP-v4-v6\"", "095443502D76342D7636", "\"TCP-v4-v6\"" },
    { CLASS_IN, "NXNAME", "\\# 0", "", "\\# 0" },
    /* RFC 8945 4.2 and RFC 2930 2, field by field */
    { CLASS_ANY, "TSIG", "hmac-sha256. 1594855491 300 3 AAEC 12345 BADTIME 6 AAAAAAAB",
      "0B686D61632D7368613235360000005F0F9043012C000300010230390012000600000000" "0001",
      "hmac-sha256. 1594855491 300 3 AAEC 12345 BADTIME 6 AAAAAAAB" },
    { CLASS_ANY, "TKEY", "a. 1 2 3 BADSIG 0 0", "016100" "00000001" "00000002" "0003" "0010" "0000" "0000", "a. 1 2 3 BADSIG 0 0" },
    /* RFC 4025 2.4: no key with algorithm 0 */
    { CLASS_IN, "IPSECKEY", "10 1 0 192.0.2.1", "0A0100C0000201", "10 1 0 192.0.2.1" },
    /* RFC 4034 3.2: both forms of time; the end of the 32 bits */
    { CLASS_IN, "RRSIG", "A 8 0 0 20380119031408 4294967295 0 . AAAA", "0001080000000000" "80000000" "FFFFFFFF" "0000" "00" "000000",
      "A 8 0 0 20380119031408 21060207062815 0 . AAAA" },
    { CLASS_IN, "RRSIG", "A 8 0 0 20240229235959 19700101000000 0 . AAAA", "0001080000000000" "65E11A7F" "00000000" "0000" "00" "000000",
      "A 8 0 0 20240229235959 19700101000000 0 . AAAA" },
    /* escapes and splits */
    { CLASS_IN, "TXT", "\\097\\;b \"c;(\" \"\"", "03613B62" "03633B28" "00", "\"a;b\" \"c;(\" \"\"" },
    { CLASS_IN, "DNSKEY", "257 3 8 AwE A AQ ==", "0101030803010001", "257 3 8 AwEAAQ==" },
    { CLASS_IN, "DS", "1 8 9 01 0 203", "00010809010203", "1 8 9 010203" },
    { CLASS_IN, "AAAA", "::FFFF:192.0.2.1", "00000000000000000000FFFFC0000201", "::ffff:192.0.2.1" },
    { CLASS_IN, "MX", "10 mail\\.x", "000A" "066D61696C2E7800", "10 mail\\.x." },
    { CLASS_IN, "APL", "1:0.0.0.0/0 2:2001:db8::/32", "00010000" "0002200420010DB8", "1:0.0.0.0/0 2:2001:db8::/32" },
    { CLASS_CH, "TXT", "x", "0178", "\"x\"" },
    { 300, "A", "\\# 3 01 0203", "010203", "\\# 3 010203" },
};

/* BIND breaks long data after 56 characters. */
static void case_run(size_t i)
{
    uint16_t type;
    struct text hex, print;
    size_t length = 0;
    const char *label = cases[i].text;
    struct rdata_style split = { .split = 56 };

    CHECK_EQ(label, type_parse(slice_string(cases[i].type), &type), OK);
    CHECK_EQ(label, rdata_parse_line(type, cases[i].klass, cases[i].text, name_root, rdata, sizeof rdata, &length, NULL), OK);
    text_growing(&hex);
    text_add_hex(&hex, rdata, length, true);
    CHECK_TEXT(label, length != 0 ? hex.data : "", cases[i].hex);
    CHECK_EQ(label, rdata_check(type, cases[i].klass, rdata, length), OK);
    text_growing(&print);
    rdata_print(&print, type, cases[i].klass, rdata, length, &split);
    CHECK_TEXT(label, print.data != NULL ? print.data : "", cases[i].print);
    text_clear(&hex);
    text_clear(&print);
}

static void texts_and_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        case_run(i);
}

/* Each type with a row has a case above. */
static void every_type_has_a_case(void **state)
{
    size_t position = 0;
    uint16_t type, found;
    const char *mnemonic;

    (void)state;
    while (rdata_type_next(&position, &type, &mnemonic)) {
        bool tested = strcmp(mnemonic, "UID") == 0 || strcmp(mnemonic, "GID") == 0 || strcmp(mnemonic, "UNSPEC") == 0;
        for (size_t i = 0; i < LENGTH_OF(cases) && !tested; i++)
            tested = strcmp(cases[i].type, mnemonic) == 0;
        CHECK_EQ(mnemonic, tested, true);
        CHECK_EQ(mnemonic, type_parse(slice_string(mnemonic), &found), OK);
        CHECK_EQ(mnemonic, found, type);
        CHECK_EQ(mnemonic, rdata_type_known(type, CLASS_IN), true);
    }
}

static const struct { const char *type; struct rdata_style style; const char *text, *print; } styles[] = {
    { "SOA", { .multiline = true, .comments = true }, "ns1.example. h.example. 2024010101 7200 3600 1209600 86400",
      "ns1.example. h.example. (\n\t\t\t\t2024010101 ; serial\n\t\t\t\t7200       ; refresh (2 hours)\n\t\t\t\t3600       ; retry (1 hour)\n"
      "\t\t\t\t1209600    ; expire (2 weeks)\n\t\t\t\t86400      ; minimum (1 day)\n\t\t\t\t)" },
    { "DNSKEY", { .multiline = true, .comments = true, .split = 44 }, "257 3 8 AwEAAQ==",
      "257 3 8 (\n\t\t\t\tAwEAAQ==\n\t\t\t\t) ; KSK; alg = RSASHA256 ; key id = 1803" },
    { "RRSIG", { .multiline = true }, "A 8 2 3600 20300101000000 20200101000000 12345 example. AAAA",
      "A 8 2 3600 (\n\t\t\t\t20300101000000 20200101000000 12345 example.\n\t\t\t\tAAAA )" },
    { "DS", { .multiline = true, .split = 44 }, "12345 8 2 0102030405060708091011121314151617181920212223242526272829303132",
      "12345 8 2 (\n\t\t\t\t01020304050607080910111213141516171819202122\n\t\t\t\t23242526272829303132 )" },
    { "IPSECKEY", { .multiline = true }, "10 1 2 192.0.2.38 AQNRU3mG", "( 10 1 2 192.0.2.38\n\t\t\t\tAQNRU3mG )" },
    { "OPENPGPKEY", { .multiline = true }, "AAAA", "( AAAA )" },
    { "TYPE65534", { .multiline = true }, "\\# 3 010203", "\\# 3 ( 010203 )" },
    { "A", { .generic = true }, "192.0.2.1", "\\# 4 C0000201" },
    { "DS", { .split = 0 }, "12345 8 2 0102030405060708091011121314151617181920212223242526272829303132",
      "12345 8 2 0102030405060708091011121314151617181920212223242526272829303132" },
};

static void styles_as_dig(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(styles); i++) {
        struct text print;
        uint16_t type;
        size_t length = 0;
        CHECK_EQ(styles[i].text, type_parse(slice_string(styles[i].type), &type), OK);
        CHECK_EQ(styles[i].text, rdata_parse_line(type, CLASS_IN, styles[i].text, name_root, rdata, sizeof rdata, &length, NULL), OK);
        text_growing(&print);
        rdata_print(&print, type, CLASS_IN, rdata, length, &styles[i].style);
        CHECK_TEXT(styles[i].text, print.data, styles[i].print);
        text_clear(&print);
    }
}

static void records_and_origins(void **state)
{
    struct name origin = name_must("example."), owner = name_must("www.example.");
    struct rdata_style style = { .origin = name_view_of(&origin) };
    char buffer[200];
    struct text text;
    size_t length = 0;

    (void)state;
    CHECK_EQ("mx", rdata_parse_line(TYPE_MX, CLASS_IN, "10 @", name_view_of(&origin), rdata, sizeof rdata, &length, NULL), OK);
    CHECK_BYTES("mx", rdata, "\0\12\7example", 11);
    text_fixed(&text, buffer, sizeof buffer);
    record_print(&text, name_view_of(&owner), 300, CLASS_IN, TYPE_MX, rdata, length, &style);
    CHECK_TEXT("relative", buffer, "www\t300\tIN\tMX\t10 @");
    text_clear(&text);
    record_print(&text, name_view_of(&owner), 300, CLASS_IN, TYPE_MX, rdata, length, NULL);
    CHECK_TEXT("absolute", buffer, "www.example.\t300\tIN\tMX\t10 example.");
}

static void looks(void **state)
{
    size_t length = 0;
    struct nsec3 n;

    (void)state;
    assert_int_equal(rdata_parse_line(TYPE_SOA, CLASS_IN, "a. b.c. 1 2 3 4 5", name_root, rdata, sizeof rdata, &length, NULL), OK);
    struct soa soa = rdata_soa(rdata, length);
    assert_int_equal(soa.serial, 1);
    assert_int_equal(soa.minimum, 5);
    assert_int_equal(soa.rname.length, 5);
    assert_int_equal(rdata_soa_serial_offset(rdata, length), 8);
    assert_int_equal(rdata_parse_line(TYPE_NSEC, CLASS_IN, "a. A MX TYPE1234", name_root, rdata, sizeof rdata, &length, NULL), OK);
    assert_true(rdata_types_have(TYPE_NSEC, rdata, length, TYPE_MX));
    assert_true(rdata_types_have(TYPE_NSEC, rdata, length, 1234));
    assert_false(rdata_types_have(TYPE_NSEC, rdata, length, TYPE_NS));
    assert_false(rdata_types_have(TYPE_NSEC, rdata, length, 1235));
    assert_false(rdata_types_have(TYPE_A, rdata, length, TYPE_A));
    assert_int_equal(rdata_parse_line(TYPE_NSEC3, CLASS_IN, "1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A", name_root, rdata,
                                      sizeof rdata, &length, NULL), OK);
    assert_true(rdata_nsec3(TYPE_NSEC3, rdata, length, &n));
    assert_int_equal(n.iterations, 12);
    assert_int_equal(n.salt_length, 4);
    assert_int_equal(n.next_length, 20);
    assert_true(rdata_types_have(TYPE_NSEC3, rdata, length, TYPE_A));
    assert_false(rdata_nsec3(TYPE_NSEC3, rdata, 10, &n));
    /* RFC 4034 5.4: the key of that example has the tag 60485 */
    assert_int_equal(rdata_parse_line(TYPE_DNSKEY, CLASS_IN,
                                      "256 3 5 AQOeiiR0GOMYkDshWoSKz9Xz fwJr1AYtsmx3TGkJaNXVbfi/ 2pHm822aJ5iI9BMzNXxeYCmZ"
                                      "DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU Uh6DhweJBjEVv5f2wwjM9Xzc nOf+EPbtG9DMBmADjFDc2w/r ljwvFw==",
                                      name_root, rdata, sizeof rdata, &length, NULL), OK);
    assert_int_equal(rdata_key_tag(rdata, length), 60485);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_octets), cmocka_unit_test(every_type_has_a_case), cmocka_unit_test(styles_as_dig),
        cmocka_unit_test(records_and_origins), cmocka_unit_test(looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
