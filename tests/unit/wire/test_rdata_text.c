/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of rdata text that does not parse: the sentence, its check, and where. */
#include "unit.h"

static uint8_t out[RDATA_MAX_BYTES];

/* column 0 = behind the end; `says` is a part of the sentence */
static const struct { const char *type, *text; enum status want; unsigned column; const char *check, *says; } cases[] = {
    { "A", "1.2.3", E_BAD_TEXT, 1, "syntax", "expected an IPv4 address such as 192.0.2.1, got \"1.2.3\"" },
    { "A", "1.2.3.04", E_BAD_TEXT, 1, "syntax", "expected an IPv4 address" },
    { "A", "1.2.3.256", E_BAD_TEXT, 1, "syntax", "expected an IPv4 address" },
    { "A", "1.2.3.4 5", E_BAD_TEXT, 9, "syntax", "unexpected \"5\": the A record is complete" },
    { "A", "", E_BAD_TEXT, 0, "syntax", "expected an IPv4 address such as 192.0.2.1, but the A record ends here" },
    { "A", "\"1.2.3.4\"", E_BAD_TEXT, 1, "syntax", "quoted" },
    { "AAAA", "2001:db8", E_BAD_TEXT, 1, "syntax", "expected an IPv6 address such as 2001:db8::1" },
    { "MX", "65536 a.", E_RANGE, 1, "syntax", "out of range" },
    { "MX", "-1 a.", E_BAD_TEXT, 1, "syntax", "a number from 0 to 65535" },
    { "MX", "10", E_BAD_TEXT, 0, "syntax", "domain name" },
    { "MX", "10 a..b.", E_BAD_TEXT, 4, "syntax", "domain name" },
    { "MX", "10 123456789012345678901234567890123456789012345678901234567890abcd.", E_BAD_NAME, 4, "syntax", "63 octets" },
    { "SOA", "a. b. 1 2 3 4 1x", E_BAD_TEXT, 15, "syntax", "a time such as 3600 or 1h30m" },
    { "SOA", "a. b. 1 2 3 4 4294967296", E_RANGE, 15, "syntax", "out of range" },
    { "SOA", "a. b. 1 2 3 4 9999w", E_RANGE, 15, "syntax", "out of range" },
    { "TXT", "a\\25", E_BAD_TEXT, 1, "syntax", "three digits" },
    { "TXT", "ok \\256", E_BAD_TEXT, 4, "syntax", "three digits" },
    { "TXT", "\"no end", E_BAD_TEXT, 1, "syntax", "not closed" },
    { "DS", "1 8 2 abc", E_BAD_TEXT, 7, "syntax", "odd number of hex digits" },
    { "DS", "1 8 2 abcd", E_BAD_RDATA, 7, "rdata", "SHA-256 digest has 32 octets" },
    { "DS", "1 8 2 xy", E_BAD_TEXT, 7, "syntax", "a digest in hex" },
    { "DNSKEY", "257 3 8", E_BAD_TEXT, 0, "syntax", "a key in base64" },
    { "DNSKEY", "257 3 8 AwEAA", E_BAD_TEXT, 9, "syntax", "base64 is cut short" },
    { "DNSKEY", "257 3 8 AwEAAR==", E_BAD_TEXT, 9, "syntax", "base64" },
    { "DNSKEY", "257 3 8 AwE!", E_BAD_TEXT, 9, "syntax", "a key in base64" },
    { "RRSIG", "A 8 2 3600 20301301000000 1 2 a. AAAA", E_RANGE, 12, "syntax", "YYYYMMDDHHmmSS" },
    { "RRSIG", "A 8 2 3600 20250229000000 1 2 a. AAAA", E_RANGE, 12, "syntax", "YYYYMMDDHHmmSS" },
    { "RRSIG", "A 8 2 3600 2030 now 2 a. AAAA", E_BAD_TEXT, 17, "syntax", "YYYYMMDDHHmmSS" },
    { "NSEC", "a. A BOGUS", E_BAD_TEXT, 6, "syntax", "a record type such as A or TYPE65534, got \"BOGUS\"" },
    { "NSEC", "a.", E_BAD_TEXT, 0, "syntax", "a record type" },
    { "NSEC3", "1 0 0 - 2v", E_BAD_TEXT, 9, "syntax", "base32hex" },
    { "CAA", "0 is-sue x", E_BAD_RDATA, 3, "rdata", "letters and digits" },
    { "CAA", "256 issue x", E_RANGE, 1, "syntax", "0 to 255" },
    { "LOC", "91 N 0 E 0", E_RANGE, 1, "syntax", "out of range" },
    { "LOC", "9 0 E 0", E_BAD_TEXT, 5, "syntax", "a location such as" },
    { "APL", "1:192.0.2.0", E_BAD_TEXT, 1, "syntax", "an address prefix" },
    { "APL", "1:192.0.2.0/33", E_RANGE, 1, "syntax", "out of range" },
    { "WKS", "192.0.2.1 tcp nosuchport", E_BAD_TEXT, 15, "syntax", "a port such as 25 or smtp" },
    { "SVCB", "1 . port=x", E_BAD_TEXT, 5, "syntax", "bad service parameter" },
    { "SVCB", "1 . bogus=x", E_BAD_TEXT, 5, "syntax", "unknown service parameter" },
    { "SVCB", "1 . port=1 port=2", E_BAD_RDATA, 12, "rdata", "twice" },
    { "SVCB", "1 . mandatory=port alpn=h2", E_BAD_RDATA, 5, "rdata", "missing" },
    { "SVCB", "1 . alpn=", E_BAD_TEXT, 5, "syntax", "alpn lists one protocol" },
    { "IPSECKEY", "1 1 2 a.b. AAAA", E_BAD_TEXT, 7, "syntax", "a gateway that fits its type" },
    { "IPSECKEY", "1 4 2 . AAAA", E_BAD_RDATA, 3, "rdata", "gateway type" },
    { "X25", "12a4", E_BAD_RDATA, 1, "rdata", "digits only" },
    { "GPOS", "a 1 2", E_BAD_RDATA, 1, "rdata", "decimal numbers" },
    { "EUI48", "00-00-5e-00-53", E_BAD_TEXT, 1, "syntax", "EUI-48" },
    { "L64", "1 1::2", E_BAD_TEXT, 3, "syntax", "four groups" },
    { "A", "\\# 3 010203", E_BAD_RDATA, 6, "rdata", "do not fit the type A" },
    { "A", "\\# 4 010203", E_BAD_TEXT, 4, "syntax", "\\# says 4 octets, but 3 follow" },
    { "A", "\\# x 010203", E_BAD_TEXT, 4, "syntax", "number of octets" },
    { "A", "\\#", E_BAD_TEXT, 0, "syntax", "number of octets" },
    { "A", "\\# 1 0g", E_BAD_TEXT, 6, "syntax", "hex digits" },
    { "TYPE65400", "1.2.3.4", E_BAD_TEXT, 1, "syntax", "TYPE65400 has no text form here" },
};

static void sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct diagnostics *diag = diagnostics_new(10);
        const char *label = cases[i].text;
        uint16_t type;
        size_t length = 4711;

        CHECK_EQ(label, type_parse(slice_string(cases[i].type), &type), OK);
        CHECK_EQ(label, rdata_parse_line(type, CLASS_IN, cases[i].text, name_root, out, sizeof out, &length, diag), cases[i].want);
        CHECK_EQ(label, length, 4711);
        CHECK_EQ(label, diagnostics_kept(diag), 1);
        const struct diagnostic *d = diagnostics_get(diag, 0);
        CHECK_EQ(label, d->severity, SEVERITY_ERROR);
        CHECK_EQ(label, d->column, cases[i].column != 0 ? cases[i].column : strlen(cases[i].text) + 1);
        CHECK_TEXT(label, d->check, cases[i].check);
        if (strstr(d->text, cases[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", label, d->text, cases[i].says);
        diagnostics_free(diag);
    }
}

/* Tokens over several lines: the source line shown is that of the bad token. */
static void source_lines(void **state)
{
    static const char source[] = "x MX (10\n  a..b )\n";
    struct token tokens[] = { { .data = source + 6, .length = 2, .line = 1, .column = 7 },
                              { .data = source + 11, .length = 4, .line = 2, .column = 3 } };
    struct token_list list = { .tokens = tokens, .count = 2, .origin = name_root, .file = "z", .begin = source,
                               .end = source + sizeof source - 1, .end_line = 2, .end_column = 9 };
    struct diagnostics *diag = diagnostics_new(10);
    size_t length = 0;

    (void)state;
    assert_int_equal(rdata_parse(TYPE_MX, CLASS_IN, &list, out, sizeof out, &length, diag), E_BAD_TEXT);
    const struct diagnostic *d = diagnostics_get(diag, 0);
    assert_string_equal(d->file, "z");
    assert_int_equal(d->line, 2);
    assert_string_equal(d->source, "  a..b )");
    diagnostics_free(diag);
}

/* A value in quotes, as one token with the quotes in it or as two that touch. */
static void service_parameter_tokens(void **state)
{
    static const char one[] = "1 . alpn=\"h2\"";
    struct token tokens[] = { { .data = one, .length = 1 }, { .data = one + 2, .length = 1 }, { .data = one + 4, .length = 9 }, { 0 } };
    struct token_list list = { .tokens = tokens, .count = 3, .origin = name_root };
    size_t length = 0;

    (void)state;
    assert_int_equal(rdata_parse(TYPE_SVCB, CLASS_IN, &list, out, sizeof out, &length, NULL), OK);
    assert_int_equal(length, 10);
    assert_memory_equal(out, "\0\1\0\0\1\0\3\2h2", 10);
    tokens[2].length = 5;
    tokens[3] = (struct token){ .data = one + 10, .length = 2, .quoted = true };
    list.count = 4;
    assert_int_equal(rdata_parse(TYPE_SVCB, CLASS_IN, &list, out, sizeof out, &length, NULL), OK);
    assert_int_equal(length, 10);
    assert_memory_equal(out, "\0\1\0\0\1\0\3\2h2", 10);
}

/* The buffer is too small, by one or more, for each type: refused, told, and nothing behind it is touched. */
static void little_room(void **state)
{
    static const struct { uint16_t type; const char *text; } lines[] = {
        { TYPE_A, "1.2.3.4" }, { TYPE_MX, "1 a.b." }, { TYPE_TXT, "a b c" }, { TYPE_DS, "1 8 9 0102" }, { TYPE_DNSKEY, "1 3 8 AAAA" },
        { TYPE_NSEC, "a. A TYPE1234" }, { TYPE_SVCB, "1 . alpn=h2 port=1 ech=AAAA key9999=abc ipv4hint=1.2.3.4" }, { 257, "0 issue a" },
        { 29, "1 N 1 E 1" }, { 42, "1:1.2.3.4/32" }, { 55, "2 20 AwEA a." }, { 11, "1.2.3.4 6 7" }, { 65400, "\\# 3 010203" },
    };

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lines); i++) {
        size_t full = 0, length = 0;
        CHECK_EQ(lines[i].text, rdata_parse_line(lines[i].type, CLASS_IN, lines[i].text, name_root, out, sizeof out, &full, NULL), OK);
        for (size_t room = 0; room < full; room++) {
            uint8_t *small = exact(out, room);
            struct diagnostics *diag = diagnostics_new(10);
            enum status st = rdata_parse_line(lines[i].type, CLASS_IN, lines[i].text, name_root, small, room, &length, diag);
            CHECK_EQ(lines[i].text, st != OK && diagnostics_kept(diag) == 1, true);
            diagnostics_free(diag);
            free(small);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences), cmocka_unit_test(source_lines), cmocka_unit_test(service_parameter_tokens), cmocka_unit_test(little_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
