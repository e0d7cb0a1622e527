/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations from RFC 5890-5892, RFC 3492 section 7.1 and Unicode's UTS 46. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "idn/idn.h"

#define S(x) { x, sizeof(x) - 1 }

static const struct { const char *label; struct slice in; enum status want; const char *out; } to_ascii[] = {
    { "ascii", S("example"), OK, "example" },
    { "case of ascii", S("EXAMPLE.Com"), OK, "example.com" },
    { "final dot", S("example.com."), OK, "example.com." },
    { "latin", S("b\xc3\xbc" "cher.example"), OK, "xn--bcher-kva.example" },
    { "upper case latin", S("B\xc3\x9c" "CHER"), OK, "xn--bcher-kva" },
    { "decomposed", S("bu\xcc\x88" "cher"), OK, "xn--bcher-kva" },
    { "sharp s is kept (non-transitional)", S("fa\xc3\x9f"), OK, "xn--fa-hia" },
    { "greek final sigma", S("\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82"), OK, "xn--nxasmm1c" },
    { "arabic", S("\xd9\x85\xd8\xab\xd8\xa7\xd9\x84"), OK, "xn--mgbh0fb" },
    { "chinese", S("\xe4\xbe\x8b\xe5\xad\x90"), OK, "xn--fsqu00a" },
    { "ideographic full stop", S("\xe4\xbe\x8b\xe5\xad\x90\xe3\x80\x82" "com"), OK, "xn--fsqu00a.com" },
    { "underscore", S("_dmarc.b\xc3\xbc" "cher"), OK, "_dmarc.xn--bcher-kva" },
    { "nothing", S(""), E_BAD_TEXT, NULL },
    { "NUL", S("a\0b"), E_BAD_TEXT, NULL },
    { "not UTF-8", S("b\xfc" "cher"), E_BAD_TEXT, NULL },
    { "cut UTF-8", S("b\xc3"), E_BAD_TEXT, NULL },
    { "surrogate", S("\xed\xa0\x80"), E_BAD_TEXT, NULL },
    { "bidi rule", S("\xd7\x90" "1a"), E_BAD_TEXT, NULL },
    { "combining mark first", S("\xcc\x88" "a"), E_BAD_TEXT, NULL },
    { "label too long", S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc"), E_BAD_NAME, NULL },
};

static void test_to_ascii(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(to_ascii); i++) {
        char out[IDN_NAME_ROOM] = "untouched";
        enum status st = idn_to_ascii(to_ascii[i].in, out);
        if (st != to_ascii[i].want)
            fail_msg("%s: %s", to_ascii[i].label, status_text(st));
        if (strcmp(out, st == OK ? to_ascii[i].out : "untouched") != 0)
            fail_msg("%s: %s", to_ascii[i].label, out);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    char text[5000], out[IDN_NAME_ROOM], wide[IDN_UNICODE_ROOM];
    memset(text, 'a', sizeof text);
    assert_int_equal(idn_to_ascii(slice_of(text, sizeof text), out), E_BAD_NAME);
    assert_int_equal(idn_to_unicode(slice_of(text, sizeof text), wide), E_BAD_NAME);
}

static const struct { const char *label; struct slice in; const char *out; } to_unicode[] = {
    { "ascii", S("example."), "example." },
    { "latin", S("xn--bcher-kva.example"), "b\xc3\xbc" "cher.example" },
    { "case of the prefix", S("XN--BCHER-KVA"), "b\xc3\xbc" "cher" },
    { "what is no A-label stays", S("xn--a.example"), "xn--a.example" },
    { "wildcard", S("*.xn--bcher-kva"), "*.b\xc3\xbc" "cher" },
};

static void test_to_unicode(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(to_unicode); i++) {
        char out[IDN_UNICODE_ROOM];
        assert_int_equal(idn_to_unicode(to_unicode[i].in, out), OK);
        if (strcmp(out, to_unicode[i].out) != 0)
            fail_msg("%s: %s", to_unicode[i].label, out);
    }
}

static const struct { const char *label; struct slice in; bool prefixed, valid; } labels[] = {
    { "A-label", S("xn--bcher-kva"), true, true },
    { "A-label, upper case", S("XN--BCHER-KVA"), true, true },
    { "no prefix", S("bcher-kva"), false, false },
    { "empty", S(""), false, false },
    { "prefix alone", S("xn--"), true, false },
    { "decodes to ascii", S("xn--abc-"), true, false },
    { "bad digits", S("xn--\x80"), true, false },
    { "overflow", S("xn--99999999"), true, false },
    { "upper case inside (U+00DC)", S("xn--bcher-2pa"), true, false },
    { "too long", S("xn--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), true, false },
    { "a dot", S("xn--bcher-kva.a"), true, false },
};

static void test_labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(labels); i++) {
        if (idn_label_is_prefixed(labels[i].in) != labels[i].prefixed || idn_label_is_valid(labels[i].in) != labels[i].valid)
            fail_msg("%s", labels[i].label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_ascii), cmocka_unit_test(test_too_long), cmocka_unit_test(test_to_unicode), cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
