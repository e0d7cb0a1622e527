/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/arena.h"
#include "base/prefix.h"

static struct address address(const char *text)
{
    struct address out = { 0 };
    if (address_parse(slice_string(text), &out) != OK)
        fail_msg("%s does not parse", text);
    return out;
}

static void addresses(void **state)
{
    (void)state;
    static const struct { const char *text; enum status want; uint8_t family; const char *printed; } cases[] = {
        { "192.0.2.1", OK, 4, "192.0.2.1" },
        { "2001:DB8::1", OK, 6, "2001:db8::1" },
        { "::", OK, 6, "::" },
        { "::ffff:192.0.2.1", OK, 4, "192.0.2.1" },
        { "::192.0.2.1", OK, 6, "::192.0.2.1" },
        { "192.0.2", E_BAD_TEXT, 0, NULL },
        { "192.0.2.256", E_BAD_TEXT, 0, NULL },
        { "192.0.2.1 ", E_BAD_TEXT, 0, NULL },
        { "2001:db8", E_BAD_TEXT, 0, NULL },
        { "[::1]", E_BAD_TEXT, 0, NULL },
        { "localhost", E_BAD_TEXT, 0, NULL },
        { "", E_BAD_TEXT, 0, NULL },
        { "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", E_BAD_TEXT, 0, NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct address out = { 0 };
        char room[ADDRESS_TEXT_ROOM];
        CHECK_EQUAL(address_parse(slice_string(cases[i].text), &out), cases[i].want, cases[i].text);
        CHECK_EQUAL(out.family, cases[i].family, cases[i].text);
        if (cases[i].printed)
            CHECK_STRING(address_print(&out, room), cases[i].printed, cases[i].text);
    }
    struct address none = { 0 };
    char room[ADDRESS_TEXT_ROOM];
    assert_string_equal(address_print(&none, room), "none");
    struct address a = address("127.9.9.9"), b = address("::1"), c = address("128.0.0.1"), d = address("::2");
    assert_true(address_is_loopback(&a) && address_is_loopback(&b));
    assert_false(address_is_loopback(&c) || address_is_loopback(&d) || address_is_loopback(&none));
    struct address mapped = address("::ffff:127.9.9.9");
    assert_true(address_equal(&a, &mapped));
    assert_false(address_equal(&a, &b));
}

static void endpoints(void **state)
{
    (void)state;
    static const struct { const char *text; enum status want; const char *printed; } cases[] = {
        { "192.0.2.1", OK, "192.0.2.1@53" },
        { "192.0.2.1@5300", OK, "192.0.2.1@5300" },
        { "2001:db8::1@53", OK, "2001:db8::1@53" },
        { "fe80::1%7@65535", OK, "fe80::1%7@65535" },
        { "fe80::1%7", OK, "fe80::1%7@53" },
        { "::1%lo@1", OK, NULL },
        { "::1%no-such-if0", E_NOT_FOUND, NULL },
        { "192.0.2.1%7", E_BAD_TEXT, NULL },
        { "192.0.2.1@", E_BAD_TEXT, NULL },
        { "192.0.2.1@0", E_RANGE, NULL },
        { "192.0.2.1@65536", E_RANGE, NULL },
        { "192.0.2.1@-1", E_BAD_TEXT, NULL },
        { "@53", E_BAD_TEXT, NULL },
        { "[::1]:53", E_BAD_TEXT, NULL },
        { "192.0.2.1:53", E_BAD_TEXT, NULL },
        { "", E_BAD_TEXT, NULL },
        { "::1%", E_BAD_TEXT, NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct endpoint out = { 0 }, back = { 0 };
        char room[ENDPOINT_TEXT_ROOM];
        CHECK_EQUAL(endpoint_parse(slice_string(cases[i].text), 53, &out), cases[i].want, cases[i].text);
        if (cases[i].printed)
            CHECK_STRING(endpoint_print(&out, room), cases[i].printed, cases[i].text);
        if (cases[i].want != OK)
            continue;
        struct sockaddr_storage storage;
        socklen_t length = endpoint_to_sockaddr(&out, &storage);
        CHECK_EQUAL(length, out.address.family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
                    cases[i].text);
        CHECK_EQUAL(endpoint_from_sockaddr((struct sockaddr *)&storage, &back), OK, cases[i].text);
        CHECK_EQUAL(back.port, out.port, cases[i].text);
        CHECK_EQUAL(back.scope, out.scope, cases[i].text);
        assert_true(address_equal(&back.address, &out.address));
    }
    struct sockaddr other = { .sa_family = AF_UNIX };
    struct endpoint out;
    assert_int_equal(endpoint_from_sockaddr(&other, &out), E_UNSUPPORTED);
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
    memcpy(&in6.sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
    assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&in6, &out), OK);
    assert_int_equal(out.address.family, 4);
}

static void prefixes(void **state)
{
    (void)state;
    static const struct { const char *text; enum status want; uint8_t bits; const char *in, *out; } cases[] = {
        { "192.0.2.0/24", OK, 24, "192.0.2.255", "192.0.3.0" },
        { "192.0.2.1", OK, 32, "192.0.2.1", "192.0.2.0" },
        { "0.0.0.0/0", OK, 0, "255.1.1.1", "::1" },
        { "128.0.0.0/1", OK, 1, "255.0.0.0", "127.255.255.255" },
        { "10.0.0.128/25", OK, 25, "10.0.0.128", "10.0.0.127" },
        { "::/0", OK, 0, "2001:db8::", "1.2.3.4" },
        { "2001:db8::/32", OK, 32, "2001:db8:ffff::", "2001:db9::" },
        { "2001:db8::8000/113", OK, 113, "2001:db8::8001", "2001:db8::7fff" },
        { "::1", OK, 128, "::1", "::2" },
        { "::ffff:10.0.0.0/104", OK, 8, "10.9.9.9", "11.0.0.0" },
        { "::ffff:0:0/95", E_RANGE, 0, NULL, NULL },
        { "192.0.2.1/24", E_BAD_TEXT, 0, NULL, NULL },
        { "2001:db8::1/64", E_BAD_TEXT, 0, NULL, NULL },
        { "192.0.2.0/33", E_RANGE, 0, NULL, NULL },
        { "::/129", E_RANGE, 0, NULL, NULL },
        { "192.0.2.0/", E_BAD_TEXT, 0, NULL, NULL },
        { "/24", E_BAD_TEXT, 0, NULL, NULL },
        { "192.0.2.0/2x", E_BAD_TEXT, 0, NULL, NULL },
        { "", E_BAD_TEXT, 0, NULL, NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct prefix out = { 0 };
        CHECK_EQUAL(prefix_parse(slice_string(cases[i].text), &out), cases[i].want, cases[i].text);
        CHECK_EQUAL(out.bits, cases[i].bits, cases[i].text);
        if (cases[i].want != OK)
            continue;
        struct address in = address(cases[i].in), not_in = address(cases[i].out);
        CHECK_EQUAL(prefix_contains(&out, &in), true, cases[i].text);
        CHECK_EQUAL(prefix_contains(&out, &not_in), false, cases[i].text);
    }
}

static void masks(void **state)
{
    (void)state;
    struct address all = address("255.255.255.255"), six = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    char room[ADDRESS_TEXT_ROOM];
    struct address cut = address_mask(all, 9);
    assert_string_equal(address_print(&cut, room), "255.128.0.0");
    cut = address_mask(all, 0);
    assert_string_equal(address_print(&cut, room), "0.0.0.0");
    cut = address_mask(all, 32);
    assert_string_equal(address_print(&cut, room), "255.255.255.255");
    cut = address_mask(six, 56);
    assert_string_equal(address_print(&cut, room), "ffff:ffff:ffff:ff00::");
    cut = address_mask(six, 128);
    assert_string_equal(address_print(&cut, room), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* Against a walk through a list of prefixes, which is slow and simple.  Few distinct octets, so that many share. */
static void longest_match(void **state)
{
    (void)state;
    enum { COUNT = 600 };
    static struct prefix list[COUNT];
    static uint32_t value_of[COUNT];
    struct prefix_table *table = prefix_table_new();
    uint32_t dice = 99, count = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct prefix prefix = { 0 };
        dice = dice * 1664525 + 1013904223;
        prefix.address.family = dice >> 31 ? 4 : 6;
        unsigned width = prefix.address.family == 4 ? 32 : 128;
        prefix.bits = (uint8_t)((dice >> 16 & 0xff) % (width + 1));
        for (unsigned b = 0; b < width / 8; b++) {
            dice = dice * 1664525 + 1013904223;
            prefix.address.bytes[b] = dice >> 28 ? 0 : (uint8_t)(dice >> 20);
        }
        prefix.address = address_mask(prefix.address, prefix.bits);
        bool known = false;
        for (uint32_t j = 0; j < count; j++)
            known |= list[j].bits == prefix.bits && address_equal(&list[j].address, &prefix.address);
        assert_int_equal(prefix_table_add(table, &prefix, i), known ? E_EXISTS : OK);
        if (known)
            continue;
        list[count] = prefix;
        value_of[count++] = i;
    }
    for (uint32_t i = 0; i < 20000; i++) {
        dice = dice * 1664525 + 1013904223;
        struct address probe = list[dice >> 8 & 0x1ff].address;
        dice = dice * 1664525 + 1013904223;
        probe.bytes[dice >> 28 & (probe.family == 4 ? 3 : 15)] ^= (uint8_t)(1 << (dice >> 20 & 7));
        int best = -1, best_bits = -1;
        for (uint32_t j = 0; j < count; j++) {
            if (prefix_contains(&list[j], &probe) && list[j].bits > best_bits) {
                best = (int)value_of[j];
                best_bits = list[j].bits;
            }
        }
        uint32_t value = 0;
        assert_int_equal(prefix_table_find(table, &probe, &value), best >= 0);
        if (best >= 0)
            assert_int_equal(value, best);
    }
    prefix_table_free(table);
}

static void odd_prefixes(void **state)
{
    (void)state;
    struct prefix_table *table = prefix_table_new();
    struct prefix none = { 0 }, wide = { address("1.2.3.4"), 33 };
    struct address v4 = address("1.2.3.4"), nobody = { 0 };
    uint32_t value = 7;
    assert_int_equal(prefix_table_add(table, &none, 1), E_RANGE);
    assert_int_equal(prefix_table_add(table, &wide, 1), E_RANGE);
    assert_false(prefix_table_find(table, &v4, &value));
    assert_false(prefix_table_find(table, &nobody, &value));
    assert_int_equal(value, 7);
    struct prefix host = { v4, 32 };
    fault_after(1);
    assert_int_equal(prefix_table_add(table, &host, 1), E_NOMEM);
    fault_after(0);
    assert_false(prefix_table_find(table, &v4, &value));
    assert_int_equal(prefix_table_add(table, &host, 1), OK);
    assert_true(prefix_table_find(table, &v4, &value));
    assert_int_equal(value, 1);
    prefix_table_free(table);
    prefix_table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses), cmocka_unit_test(endpoints),     cmocka_unit_test(prefixes),
        cmocka_unit_test(masks),     cmocka_unit_test(longest_match), cmocka_unit_test(odd_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
