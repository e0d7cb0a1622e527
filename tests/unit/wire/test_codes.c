/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

enum kind { TYPES, CLASSES, RCODES, OPCODES };

static enum status parse(enum kind kind, const char *text, unsigned *out)
{
    uint16_t wide = 0xeeee;
    uint8_t narrow = 0xee;
    enum status st;
    switch (kind) {
    case TYPES: st = type_parse(slice_string(text), &wide); break;
    case CLASSES: st = class_parse(slice_string(text), &wide); break;
    case RCODES: st = rcode_parse(slice_string(text), &wide); break;
    default:
        st = opcode_parse(slice_string(text), &narrow);
        *out = narrow == 0xee ? 0xeeee : narrow;
        return st;
    }
    *out = wide;
    return st;
}

static char *print(enum kind kind, unsigned code, char *out)
{
    switch (kind) {
    case TYPES: return type_to_text((uint16_t)code, out);
    case CLASSES: return class_to_text((uint16_t)code, out);
    case RCODES: return rcode_to_text((uint16_t)code, out);
    default: return opcode_to_text((uint8_t)code, out);
    }
}

/* Numbers and mnemonics as the IANA registries have them. */
static const struct { enum kind kind; unsigned code; const char *text; } cases[] = {
    { TYPES, 1, "A" }, { TYPES, 2, "NS" }, { TYPES, 6, "SOA" }, { TYPES, 15, "MX" }, { TYPES, 28, "AAAA" },
    { TYPES, 41, "OPT" }, { TYPES, 46, "RRSIG" }, { TYPES, 65, "HTTPS" }, { TYPES, 128, "NXNAME" }, { TYPES, 249, "TKEY" },
    { TYPES, 250, "TSIG" }, { TYPES, 251, "IXFR" }, { TYPES, 252, "AXFR" }, { TYPES, 253, "MAILB" }, { TYPES, 254, "MAILA" },
    { TYPES, 255, "ANY" }, { TYPES, 65534, "TYPE65534" }, { TYPES, 0, "TYPE0" }, { TYPES, 65535, "TYPE65535" },
    { CLASSES, 1, "IN" }, { CLASSES, 3, "CH" }, { CLASSES, 4, "HS" }, { CLASSES, 254, "NONE" }, { CLASSES, 255, "ANY" },
    { CLASSES, 0, "CLASS0" }, { CLASSES, 2, "CLASS2" }, { CLASSES, 65535, "CLASS65535" },
    { RCODES, 0, "NOERROR" }, { RCODES, 1, "FORMERR" }, { RCODES, 2, "SERVFAIL" }, { RCODES, 3, "NXDOMAIN" },
    { RCODES, 4, "NOTIMP" }, { RCODES, 5, "REFUSED" }, { RCODES, 6, "YXDOMAIN" }, { RCODES, 7, "YXRRSET" },
    { RCODES, 8, "NXRRSET" }, { RCODES, 9, "NOTAUTH" }, { RCODES, 10, "NOTZONE" }, { RCODES, 11, "DSOTYPENI" },
    { RCODES, 12, "RCODE12" }, { RCODES, 16, "BADVERS" }, { RCODES, 17, "BADKEY" }, { RCODES, 18, "BADTIME" },
    { RCODES, 22, "BADTRUNC" }, { RCODES, 23, "BADCOOKIE" }, { RCODES, 24, "RCODE24" }, { RCODES, 4095, "RCODE4095" },
    { OPCODES, 0, "QUERY" }, { OPCODES, 1, "IQUERY" }, { OPCODES, 2, "STATUS" }, { OPCODES, 3, "OPCODE3" },
    { OPCODES, 4, "NOTIFY" }, { OPCODES, 5, "UPDATE" }, { OPCODES, 6, "DSO" }, { OPCODES, 15, "OPCODE15" },
};

static void prints_and_parses(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char text[CODE_TEXT_ROOM];
        unsigned code;
        CHECK_TEXT(cases[i].text, print(cases[i].kind, cases[i].code, text), cases[i].text);
        CHECK_EQ(cases[i].text, parse(cases[i].kind, text, &code), OK);
        CHECK_EQ(cases[i].text, code, cases[i].code);
        for (char *p = text; *p != '\0'; p++)
            *p = (char)ascii_lower((uint8_t)*p);
        CHECK_EQ(cases[i].text, parse(cases[i].kind, text, &code), OK);
        CHECK_EQ(cases[i].text, code, cases[i].code);
    }
}

static void parses_other_forms(void **state)
{
    (void)state;
    static const struct { enum kind kind; const char *text; enum status want; unsigned code; } forms[] = {
        { TYPES, "TYPE1", OK, 1 },           { TYPES, "type28", OK, 28 },           { CLASSES, "CLASS1", OK, 1 },
        { CLASSES, "chaos", OK, 3 },         { CLASSES, "HESIOD", OK, 4 },          { RCODES, "BADSIG", OK, 16 },
        { TYPES, "TYPE65536", E_RANGE, 0xeeee }, { CLASSES, "CLASS65536", E_RANGE, 0xeeee },
        { RCODES, "RCODE65536", E_RANGE, 0xeeee }, { OPCODES, "OPCODE16", E_RANGE, 0xeeee },
        { TYPES, "TYPE", E_BAD_TEXT, 0xeeee }, { TYPES, "TYPE-1", E_BAD_TEXT, 0xeeee }, { TYPES, "TYPE1x", E_BAD_TEXT, 0xeeee },
        { TYPES, "", E_BAD_TEXT, 0xeeee },   { TYPES, "NONSENSE", E_BAD_TEXT, 0xeeee }, { TYPES, "A ", E_BAD_TEXT, 0xeeee },
        { TYPES, "1", E_BAD_TEXT, 0xeeee },  { CLASSES, "I", E_BAD_TEXT, 0xeeee },  { OPCODES, "QUERYX", E_BAD_TEXT, 0xeeee },
        { CLASSES, "TYPE1", E_BAD_TEXT, 0xeeee },
    };
    for (size_t i = 0; i < LENGTH_OF(forms); i++) {
        unsigned code;
        CHECK_EQ(forms[i].text, parse(forms[i].kind, forms[i].text, &code), forms[i].want);
        CHECK_EQ(forms[i].text, code, forms[i].code);
    }
}

/* Whatever the number, text leads back to it. */
static void every_number_comes_back(void **state)
{
    (void)state;
    static const unsigned last[] = { 65535, 65535, 65535, 15 };
    for (unsigned kind = TYPES; kind <= OPCODES; kind++)
        for (unsigned code = 0; code <= last[kind]; code++) {
            char text[CODE_TEXT_ROOM];
            unsigned again;
            if (parse((enum kind)kind, print((enum kind)kind, code, text), &again) != OK || again != code)
                fail_msg("%u of kind %u prints as %s", code, kind, text);
        }
}

static void names_errors_and_options(void **state)
{
    (void)state;
    static const struct { uint16_t code; const char *text; } errors[] = {
        { EDE_OTHER, "Other Error" }, { EDE_STALE, "Stale Answer" }, { EDE_NOT_READY, "Not Ready" }, { EDE_BLOCKED, "Blocked" },
        { EDE_PROHIBITED, "Prohibited" }, { EDE_NOT_AUTHORITATIVE, "Not Authoritative" }, { EDE_NOT_SUPPORTED, "Not Supported" },
        { EDE_NETWORK, "Network Error" }, { EDE_INVALID_DATA, "Invalid Data" }, { EDE_SYNTHESIZED, "Synthesized" },
    };
    for (size_t i = 0; i < LENGTH_OF(errors); i++)
        CHECK_TEXT(errors[i].text, ede_text(errors[i].code), errors[i].text);
    assert_null(ede_text(EDE_NONE));
    assert_null(ede_text(49151));
    assert_string_equal(option_text(OPTION_NSID), "NSID");
    assert_string_equal(option_text(OPTION_COOKIE), "COOKIE");
    assert_null(option_text(0));
    assert_null(option_text(65535));
}

static void knows_meta_types(void **state)
{
    (void)state;
    for (unsigned type = 0; type <= 65535; type++)
        assert_int_equal(type_is_meta((uint16_t)type), type == 41 || (type >= 128 && type <= 255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_and_parses),
        cmocka_unit_test(parses_other_forms),
        cmocka_unit_test(every_number_comes_back),
        cmocka_unit_test(names_errors_and_options),
        cmocka_unit_test(knows_meta_types),
    };
    return cmocka_run_group_tests_name("wire codes", tests, NULL, NULL);
}
