/* SPDX-License-Identifier: Apache-2.0 */
/* The PROXY v2 header by itself; what listeners do with it is in test_change.c. */
#include "net/inside.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IP4 "\xc0\x00\x02\x01\xc6\x33\x64\x02\x11\x5c\x00\x35"
#define IP6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08\xff\xff\x00\x35"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x02\x00\x01\x00\x35"
#define CASE(text) text, sizeof(text) - 1

static const struct {
    const char *label, *bytes;
    size_t size;
    enum status want;
    size_t used;
    bool local;
    const char *source, *destination;
} cases[] = {
    { "v4 tcp", CASE(SIGNATURE "\x21\x11\x00\x0c" IP4), OK, 28, false, "192.0.2.1@4444", "198.51.100.2@53" },
    { "v4 udp", CASE(SIGNATURE "\x21\x12\x00\x0c" IP4 "query"), OK, 28, false, "192.0.2.1@4444", "198.51.100.2@53" },
    { "v6 udp", CASE(SIGNATURE "\x21\x22\x00\x24" IP6), OK, 52, false, "2001:db8::7@65535", "2001:db8::8@53" },
    { "mapped v4", CASE(SIGNATURE "\x21\x21\x00\x24" MAPPED), OK, 52, false, "192.0.2.1@1", "192.0.2.2@53" },
    { "v4 with TLVs", CASE(SIGNATURE "\x21\x11\x00\x11" IP4 "\x04\x00\x02zz"), OK, 33, false, "192.0.2.1@4444", "198.51.100.2@53" },
    { "local", CASE(SIGNATURE "\x20\x00\x00\x00"), OK, 16, true, NULL, NULL },
    { "local, addresses ignored", CASE(SIGNATURE "\x20\x11\x00\x0c" IP4), OK, 28, true, NULL, NULL },
    { "proxy, family unspecified", CASE(SIGNATURE "\x21\x00\x00\x00"), OK, 16, true, NULL, NULL },
    { "proxy, unix socket", CASE(SIGNATURE "\x21\x31\x00\x02zz"), OK, 18, true, NULL, NULL },
    { "nothing", "", 0, E_TRUNCATED, 0, false, NULL, NULL },
    { "part of the signature", CASE("\r\n\r\n\0"), E_TRUNCATED, 0, false, NULL, NULL },
    { "fixed part cut", CASE(SIGNATURE "\x21\x11\x00"), E_TRUNCATED, 0, false, NULL, NULL },
    { "addresses cut", CASE(SIGNATURE "\x21\x11\x00\x0c\xc0\x00"), E_TRUNCATED, 0, false, NULL, NULL },
    { "a plain query", CASE("\x12\x34\x01\x00\x00\x01"), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "version 1", CASE("PROXY TCP4 192.0.2.1 198.51.100.2 4444 53\r\n"), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "version 3", CASE(SIGNATURE "\x31\x11\x00\x0c" IP4), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "command 2", CASE(SIGNATURE "\x22\x11\x00\x0c" IP4), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "family 4", CASE(SIGNATURE "\x21\x41\x00\x0c" IP4), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "transport 3", CASE(SIGNATURE "\x21\x13\x00\x0c" IP4), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "transport unspecified", CASE(SIGNATURE "\x21\x10\x00\x0c" IP4), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "too short for v4", CASE(SIGNATURE "\x21\x11\x00\x0b" IP4), E_BAD_FORMAT, 0, false, NULL, NULL },
    { "too short for v6", CASE(SIGNATURE "\x21\x21\x00\x23" IP6), E_BAD_FORMAT, 0, false, NULL, NULL },
};

static void test_cases(void **state)
{
    (void)state;
    char text[ENDPOINT_TEXT_ROOM];
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct proxy_header h = { 0 };
        enum status st = proxy_read((const uint8_t *)cases[i].bytes, cases[i].size, &h);
        if (st != cases[i].want || h.bytes != cases[i].used || h.local != cases[i].local) {
            print_error("%s\n", cases[i].label);
            assert_int_equal(st, cases[i].want);
            fail();
        }
        if (cases[i].source != NULL) {
            assert_string_equal(endpoint_print(&h.source, text), cases[i].source);
            assert_string_equal(endpoint_print(&h.destination, text), cases[i].destination);
        }
    }
}

/* A header that comes in pieces is incomplete at each cut, never wrong. */
static void test_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        for (size_t cut = 0; cases[i].want == OK && cut < cases[i].used; cut++) {
            struct proxy_header h;
            assert_int_equal(proxy_read((const uint8_t *)cases[i].bytes, cut, &h), E_TRUNCATED);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases), cmocka_unit_test(test_cuts) };
    return cmocka_run_group_tests_name("net proxy", tests, NULL, NULL);
}
