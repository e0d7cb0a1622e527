/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "policy/acl.h"

static struct acl *build(const char *list)
{
    struct acl *acl = acl_new();
    while (*list) {
        size_t length = strcspn(list, " ");
        if (acl_add(acl, slice_of(list, length)) != OK)
            fail_msg("%s is not taken", list);
        list += length + (list[length] == ' ');
    }
    return acl;
}

static bool permits(const struct acl *acl, const char *text)
{
    struct address address;
    assert_int_equal(address_parse(slice_string(text), &address), OK);
    return acl_permits(acl, &address);
}

static void decides(void **state)
{
    (void)state;
    static const struct { const char *list, *address; bool want; } cases[] = {
        { "", "192.0.2.1", false },
        { "any", "192.0.2.1", true },
        { "any", "2001:db8::1", true },
        { "none", "192.0.2.1", false },
        { "!any", "192.0.2.1", false },
        { "!none", "192.0.2.1", true },
        { "192.0.2.0/24", "192.0.2.1", true },
        { "192.0.2.0/24", "192.0.3.1", false },
        { "192.0.2.0/24", "::1", false },
        { "192.0.2.0/24", "::ffff:192.0.2.1", true },
        { "192.0.2.7", "192.0.2.7", true },
        { "192.0.2.7", "192.0.2.6", false },
        { "any !192.0.2.0/24", "192.0.2.1", false },
        { "!192.0.2.0/24 any", "192.0.2.1", false },
        { "!192.0.2.0/24 any", "198.51.100.1", true },
        { "10.0.0.0/8 !10.1.0.0/16 10.1.1.0/24", "10.2.0.1", true },
        { "10.0.0.0/8 !10.1.0.0/16 10.1.1.0/24", "10.1.2.1", false },
        { "10.0.0.0/8 !10.1.0.0/16 10.1.1.0/24", "10.1.1.1", true },
        { "none 10.0.0.0/8", "10.0.0.1", true },
        { "10.0.0.0/8 !10.0.0.0/8", "10.0.0.1", false },
        { "!10.0.0.0/8 10.0.0.0/8", "10.0.0.1", true },
        { "any !10.0.0.1 10.0.0.0/24", "10.0.0.1", false },
        { "any none", "10.0.0.1", false },
        { "loopback", "127.0.0.1", true },
        { "loopback", "::1", true },
        { "loopback", "::2", false },
        { "loopback", "192.0.2.1", false },
        { "any !loopback", "127.0.0.1", false },
        { "2001:db8::/32 !2001:db8:1::/48", "2001:db8:2::1", true },
        { "2001:db8::/32 !2001:db8:1::/48", "2001:db8:1::1", false },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct acl *acl = build(cases[i].list);
        if (permits(acl, cases[i].address) != cases[i].want)
            fail_msg("[%s] and %s: not %d", cases[i].list, cases[i].address, cases[i].want);
        acl_free(acl);
    }
    struct address none = { 0 };
    struct acl *any = build("any");
    assert_false(acl_permits(any, &none));
    acl_free(any);
    assert_false(permits(NULL, "127.0.0.1"));
    acl_free(NULL);
}

static void refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const struct { const char *entry; enum status want; } cases[] = {
        { "", E_BAD_TEXT },           { "!", E_BAD_TEXT },          { "home", E_BAD_TEXT },
        { "!!10.0.0.0/8", E_BAD_TEXT }, { "10.0.0.1/8", E_BAD_TEXT }, { "10.0.0.0/33", E_BAD_TEXT },
        { "any ", E_BAD_TEXT },       { "key:xfr", E_UNSUPPORTED }, { "!key:xfr", E_UNSUPPORTED },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct acl *acl = acl_new();
        CHECK_EQUAL(acl_add(acl, slice_string(cases[i].entry)), cases[i].want, cases[i].entry);
        assert_false(permits(acl, "10.0.0.1"));
        acl_free(acl);
    }
}

static void lists_are_added(void **state)
{
    (void)state;
    struct acl *home = build("192.168.0.0/16 !192.168.1.0/24"), *all = build("192.168.1.0/24 198.51.100.0/24");
    assert_int_equal(acl_add_all(all, home), OK);
    assert_true(permits(all, "192.168.2.1"));
    assert_false(permits(all, "192.168.1.1")); /* the later one does */
    assert_true(permits(all, "198.51.100.1"));
    assert_int_equal(acl_add_all(all, all), OK);
    acl_free(home);
    assert_false(permits(all, "192.168.1.1"));
    acl_free(all);
}

static void lack_of_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 12; nth++) {
        fault_after(nth);
        struct acl *acl = acl_new();
        enum status status = acl ? acl_add(acl, slice_string("10.0.0.0/8")) : E_NOMEM;
        uint64_t made = fault_count();
        fault_after(0);
        assert_int_equal(status, made >= nth ? E_NOMEM : OK);
        acl_free(acl);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(lists_are_added),
        cmocka_unit_test(lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
