/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations: ENSIP-15, RFC 3492, and Punycode by Python's codec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "names/label.h"

#define S(x) { x, sizeof(x) - 1 }
#define POO "\xf0\x9f\x92\xa9"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct { const char *label; struct slice in; enum status want; const char *out; enum normalise_fault fault; } from_dns[] = {
    { "plain", S("vitalik"), OK, "vitalik", NORMALISE_FINE },
    { "0x20", S("VitALIk"), OK, "vitalik", NORMALISE_FINE },
    { "service", S("_dnslink"), OK, "_dnslink", NORMALISE_FINE },
    { "emoji by punycode", S("xn--ls8h"), OK, POO, NORMALISE_FINE },
    { "emoji by punycode, upper case", S("XN--LS8H"), OK, POO, NORMALISE_FINE },
    { "emoji by UTF-8", S(POO), OK, POO, NORMALISE_FINE },
    { "styled emoji by UTF-8", S(POO "\xef\xb8\x8f"), OK, POO, NORMALISE_FINE },
    { "styled emoji by punycode", S("xn--v86c9454b"), OK, "\xf0\x9f\x8f\xb3", NORMALISE_FINE },
    { "umlaut by punycode", S("xn--bcher-kva"), OK, "b\xc3\xbc" "cher", NORMALISE_FINE },
    { "umlaut by UTF-8, upper case", S("B\xc3\x9c" "CHER"), OK, "b\xc3\xbc" "cher", NORMALISE_FINE },
    { "upper case inside punycode", S("xn--BCHER-KVA"), OK, "b\xc3\xbc" "cher", NORMALISE_FINE },
    { "capital umlaut by punycode", S("xn--bcher-2pa"), OK, "b\xc3\xbc" "cher", NORMALISE_FINE },
    { "xn-- and an emoji by UTF-8", S("xn--" POO), OK, "xn--" POO, NORMALISE_FINE },
    { "xn-- and an emoji by punycode", S("xn--xn---yv63c"), OK, "xn--" POO, NORMALISE_FINE },
    { "empty", S(""), E_BAD_NAME, NULL, NORMALISE_EMPTY },
    { "a dot inside", S("a.b"), E_BAD_NAME, NULL, NORMALISE_DISALLOWED },
    { "NUL inside", S("a\0b"), E_BAD_NAME, NULL, NORMALISE_DISALLOWED },
    { "wildcard", S("*"), E_BAD_NAME, NULL, NORMALISE_DISALLOWED },
    { "not UTF-8", S("b\xfc" "cher"), E_BAD_TEXT, NULL, NORMALISE_NOT_UTF8 },
    { "prefix alone", S("xn--"), E_BAD_NAME, NULL, NORMALISE_PUNYCODE },
    { "punycode of plain ASCII", S("xn--abc-"), E_BAD_NAME, NULL, NORMALISE_PUNYCODE },
    { "punycode cut short", S("xn--bcher-kv"), E_BAD_NAME, NULL, NORMALISE_PUNYCODE },
    { "punycode overflow", S("xn--99999999"), E_BAD_NAME, NULL, NORMALISE_PUNYCODE },
    { "punycode with a dot inside", S("xn--a.b-joa"), E_BAD_NAME, NULL, NORMALISE_DISALLOWED },
    { "punycode of a mixture", S("xn--addas-o2e"), E_BAD_NAME, NULL, NORMALISE_MIXTURE },
    { "label extension", S("ab--c"), E_BAD_NAME, NULL, NORMALISE_LABEL_EXTENSION },
    { "hash in brackets", S("[" HASH "]"), E_BAD_NAME, NULL, NORMALISE_DISALLOWED },
};

static void test_from_dns(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(from_dns); i++) {
        char out[LABEL_UTF8_ROOM];
        size_t length = 999;
        struct normalise_report why;
        enum status st = label_from_dns(from_dns[i].in, out, sizeof out, &length, &why);
        if (st != from_dns[i].want || why.fault != from_dns[i].fault)
            fail_msg("%s: %s, %s", from_dns[i].label, status_text(st), normalise_fault_text(why.fault));
        if (st != OK ? length != 999 : length != strlen(from_dns[i].out) || memcmp(out, from_dns[i].out, length) != 0)
            fail_msg("%s: %.*s", from_dns[i].label, (int)length, out);
        assert_int_equal(label_from_dns(from_dns[i].in, out, sizeof out, &length, NULL), st);
        if (st == OK)
            assert_int_equal(label_from_dns(from_dns[i].in, out, length - 1, &length, NULL), E_NO_SPACE);
    }
}

/* The label that grows most, and the longest ones of each kind, fit into the room that the header promises. */
static void test_room(void **state)
{
    (void)state;
    char wire[LABEL_MAX], out[LABEL_UTF8_ROOM];
    size_t length = 0;
    memset(wire, 'a', sizeof wire);
    assert_int_equal(label_from_dns(slice_of(wire, sizeof wire), out, sizeof out, &length, NULL), OK);
    assert_int_equal(length, 63);
    for (size_t i = 0; i < sizeof wire; i += 3)
        memcpy(wire + i, "\xe3\x8c\x96", 3);            /* U+3316: six katakana */
    assert_int_equal(label_from_dns(slice_of(wire, sizeof wire), out, sizeof out, &length, NULL), OK);
    assert_int_equal(length, 21 * 18);
    memcpy(wire, "xn--9tk", 7);                         /* the same by punycode, as often as it goes */
    memset(wire + 7, 'a', sizeof wire - 7);
    assert_int_equal(label_from_dns(slice_of(wire, sizeof wire), out, sizeof out, &length, NULL), OK);
    assert_int_equal(length % 18, 0);
    assert_true(length > 50 * 18 && length <= LABEL_UTF8_ROOM);
}

static const struct { const char *label; struct slice in; enum status want; const char *out; } to_dns[] = {
    { "plain", S("vitalik"), OK, "vitalik" },
    { "service", S("_dnslink"), OK, "_dnslink" },
    { "emoji", S(POO), OK, "xn--ls8h" },
    { "umlaut", S("b\xc3\xbc" "cher"), OK, "xn--bcher-kva" },
    { "xn-- and an emoji", S("xn--" POO), OK, "xn--xn---yv63c" },
    { "63 octets", S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), OK,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { "64 octets", S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), E_BAD_NAME, NULL },
    { "too long as punycode", S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc"), E_BAD_NAME, NULL },
    { "hash in brackets", S("[" HASH "]"), E_BAD_NAME, NULL },
    { "empty", S(""), E_BAD_NAME, NULL },
    { "not UTF-8", S("a\xff"), E_BAD_TEXT, NULL },
};

static void test_to_dns(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(to_dns); i++) {
        uint8_t out[LABEL_MAX];
        char back[LABEL_UTF8_ROOM];
        size_t length = 999;
        enum status st = label_to_dns(to_dns[i].in, out, &length);
        if (st != to_dns[i].want)
            fail_msg("%s: %s", to_dns[i].label, status_text(st));
        if (st != OK ? length != 999 : length != strlen(to_dns[i].out) || memcmp(out, to_dns[i].out, length) != 0)
            fail_msg("%s: %.*s", to_dns[i].label, (int)length, (const char *)out);
        if (st != OK)
            continue;
        assert_int_equal(label_from_dns(slice_of((const char *)out, length), back, sizeof back, &length, NULL), OK);
        assert_int_equal(length, to_dns[i].in.length);
        assert_memory_equal(back, to_dns[i].in.data, length);
    }
}

static void test_names_from_dns(void **state)
{
    (void)state;
    char out[LABEL_NAME_ROOM];
    size_t length = 0;
    struct normalise_report why;
    assert_int_equal(label_name_from_dns(name_view_wire((const uint8_t *)"\10XN--ls8h\3A-b\3eTh"), out, sizeof out, &length, &why), OK);
    assert_int_equal(length, 12);
    assert_memory_equal(out, POO ".a-b.eth", 12);
    for (size_t room = 0; room < 12; room++)
        assert_int_equal(label_name_from_dns(name_view_wire((const uint8_t *)"\10XN--ls8h\3A-b\3eTh"), out, room, &length, NULL), E_NO_SPACE);
    assert_int_equal(label_name_from_dns(name_root, out, sizeof out, &length, &why), OK);
    assert_int_equal(length, 0);
    assert_int_equal(label_name_from_dns(name_view_wire((const uint8_t *)"\1a\3b*c\3eth"), out, sizeof out, &length, &why), E_BAD_NAME);
    assert_int_equal(why.fault, NORMALISE_DISALLOWED);
    assert_int_equal(why.label, 1);
    assert_int_equal(why.offset, 4);
    assert_int_equal(label_name_from_dns(name_view_wire((const uint8_t *)"\3b.c\3eth"), out, sizeof out, &length, &why), E_BAD_NAME);
    assert_int_equal(why.label, 0);
}

static const struct { const char *label; struct slice in; bool unknown; enum status want; const char *out; } from_text[] = {
    { "nothing", S(""), false, OK, "" },
    { "mixed", S("XN--LS8H.B\xc3\x9c" "cher.ETH"), false, OK, POO ".b\xc3\xbc" "cher.eth" },
    { "hash where it may be", S("a.[" HASH "].eth"), true, OK, "a.[" HASH "].eth" },
    { "hash in upper case", S("[0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789ABCDEF]"), true, OK, "[" HASH "]" },
    { "hash where it may not be", S("[" HASH "].eth"), false, E_BAD_NAME, NULL },
    { "hash too short", S("[0123].eth"), true, E_BAD_NAME, NULL },
    { "hash that is none", S("[g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef]"), true, E_BAD_NAME, NULL },
    { "final dot", S("a.eth."), false, E_BAD_NAME, NULL },
};

static void test_names_from_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(from_text); i++) {
        char out[LABEL_NAME_ROOM];
        size_t length = 999;
        enum status st = label_name_from_text(from_text[i].in, from_text[i].unknown, out, sizeof out, &length, NULL);
        if (st != from_text[i].want || (st == OK ? length != strlen(from_text[i].out) || memcmp(out, from_text[i].out, length) != 0 : length != 999))
            fail_msg("%s: %s, %.*s", from_text[i].label, status_text(st), st == OK ? (int)length : 0, out);
        for (size_t room = 0; st == OK && room < strlen(from_text[i].out); room++)
            assert_int_equal(label_name_from_text(from_text[i].in, from_text[i].unknown, out, room, &length, NULL), E_NO_SPACE);
    }
}

static void test_names_to_dns(void **state)
{
    (void)state;
    struct name out = { .length = 0 };
    struct name_view link = name_view_wire((const uint8_t *)"\4link");
    char text[NAME_TEXT_ROOM], wide[300];
    assert_int_equal(label_name_to_dns(slice_string(POO ".b\xc3\xbc" "cher.eth"), name_root, &out), OK);
    assert_string_equal(name_to_text(name_view_of(&out), text), "xn--ls8h.xn--bcher-kva.eth.");
    assert_int_equal(label_name_to_dns(slice_string("a.eth"), link, &out), OK);
    assert_string_equal(name_to_text(name_view_of(&out), text), "a.eth.link.");
    assert_int_equal(label_name_to_dns(slice_string(""), link, &out), OK);
    assert_string_equal(name_to_text(name_view_of(&out), text), "link.");
    assert_int_equal(label_name_to_dns(slice_string(".eth"), name_root, &out), E_BAD_NAME);
    assert_int_equal(label_name_to_dns(slice_string("a..eth"), name_root, &out), E_BAD_NAME);
    assert_int_equal(label_name_to_dns(slice_string("a.eth."), name_root, &out), E_BAD_NAME);
    for (size_t i = 0; i + 2 <= sizeof wide; i += 2)
        memcpy(wide + i, "a.", 2);
    assert_int_equal(label_name_to_dns(slice_of(wide, 2 * 127 - 1), name_root, &out), OK);
    assert_int_equal(out.length, 255);
    assert_int_equal(label_name_to_dns(slice_of(wide, 2 * 128 - 1), name_root, &out), E_BAD_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_dns), cmocka_unit_test(test_room), cmocka_unit_test(test_to_dns), cmocka_unit_test(test_names_from_dns),
        cmocka_unit_test(test_names_from_text), cmocka_unit_test(test_names_to_dns),
    };
    return cmocka_run_group_tests_name("names/label", tests, NULL, NULL);
}
