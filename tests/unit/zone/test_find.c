/* SPDX-License-Identifier: Apache-2.0 */
/* zone_find against RFC 1034 4.3.2, 4592 2.2 and 6672, case by case. */
#include "build.h"

/* The zone of RFC 4592 2.2.1, and more. */
static const char zone_text[] = "@ 3600 SOA ns a 1 2 3 4 5\n"
                                "@ 3600 NS ns.example.com.\n"
                                "@ 3600 NS ns.example.net.\n"
                                "*.example. 3600 TXT \"this is a wildcard\"\n"
                                "*.example. 3600 MX 10 host1.example.\n"
                                "sub.*.example. 3600 TXT \"this is not a wildcard\"\n"
                                "host1.example. 3600 A 192.0.2.1\n"
                                "_ssh._tcp.host1.example. 3600 SRV 0 0 22 host1\n"
                                "_ssh._tcp.host2.example. 3600 SRV 0 0 22 host2\n"
                                "subdel.example. 3600 NS ns.example.com.\n"
                                "subdel.example. 3600 NS ns.example.net.\n"
                                "x 60 MX 1 m\n"
                                "*.x 60 MX 2 m\n"
                                "a.x 60 MX 3 m\n"
                                "a.x 60 AAAA 2001:db8::1\n"
                                "*.a.x 60 MX 4 m\n"
                                "cut 60 NS ns.cut\n"
                                "cut 60 DS 1 8 1 0000000000000000000000000000000000000000\n"
                                "ns.cut 60 A 192.0.2.2\n"
                                "deep.under.cut 60 A 192.0.2.3\n"
                                "inner.cut 60 NS ns.cut\n"
                                "*.cut 60 A 192.0.2.4\n"
                                "d 60 DNAME elsewhere.\n"
                                "d 60 TXT \"beside\"\n"
                                "below.d 60 A 192.0.2.5\n"
                                "cutbelow.d 60 NS ns\n"
                                "both 60 NS ns\n"
                                "both 60 DNAME elsewhere.\n"
                                "dbelow.both 60 DNAME elsewhere.\n"
                                "leaf.ent1.ent2 60 A 192.0.2.6\n"
                                "one.*.ent3 60 A 192.0.2.7\n"
                                "*.wd 60 DNAME elsewhere.\n"
                                "*.wc 60 NS ns\n"
                                "MiXed.Case 60 A 192.0.2.8\n"
                                "a\\.b 60 A 192.0.2.9\n"
                                "\\000 60 A 192.0.2.10\n"
                                "ns 60 A 192.0.2.11\n";

static const struct {
    const char *name;
    enum zone_outcome want;
    const char *node, *encloser;    /* NULL: none is checked */
    bool exact;
} cases[] = {
    { "example.", ZONE_HIT, "example.", "example.", true },
    { "EXAMPLE.", ZONE_HIT, "example.", "example.", true },
    { ".", ZONE_OUTSIDE, NULL, NULL, false },
    { "org.", ZONE_OUTSIDE, NULL, NULL, false },
    { "notexample.", ZONE_OUTSIDE, NULL, NULL, false },
    { "example.example.org.", ZONE_OUTSIDE, NULL, NULL, false },
    /* RFC 4592 2.2.1 */
    { "host3.example.", ZONE_WILDCARD, "*.example.", "example.", false },
    { "foo.bar.example.", ZONE_WILDCARD, "*.example.", "example.", false },
    { "host1.example.", ZONE_HIT, "host1.example.", "host1.example.", true },
    { "sub.*.example.", ZONE_HIT, "sub.*.example.", "sub.*.example.", true },
    { "_telnet._tcp.host1.example.", ZONE_ABSENT, NULL, "_tcp.host1.example.", false },
    { "host.subdel.example.", ZONE_CUT, "subdel.example.", "subdel.example.", false },
    { "ghost.*.example.", ZONE_ABSENT, NULL, "*.example.", false },
    { "*.example.", ZONE_HIT, "*.example.", "*.example.", true },
    { "host2.example.", ZONE_HIT, "host2.example.", NULL, true },
    { "_tcp.host2.example.", ZONE_HIT, "_tcp.host2.example.", NULL, true },
    { "_tcp.host1.example.", ZONE_HIT, "_tcp.host1.example.", NULL, true },
    { "x.host2.example.", ZONE_ABSENT, NULL, "host2.example.", false },
    /* nested wildcards */
    { "x.example.", ZONE_HIT, "x.example.", NULL, true },
    { "b.x.example.", ZONE_WILDCARD, "*.x.example.", "x.example.", false },
    { "c.b.x.example.", ZONE_WILDCARD, "*.x.example.", "x.example.", false },
    { "a.x.example.", ZONE_HIT, "a.x.example.", NULL, true },
    { "b.a.x.example.", ZONE_WILDCARD, "*.a.x.example.", "a.x.example.", false },
    { "*.a.x.example.", ZONE_HIT, "*.a.x.example.", NULL, true },
    { "b.*.a.x.example.", ZONE_ABSENT, NULL, "*.a.x.example.", false },
    { "*.b.x.example.", ZONE_WILDCARD, "*.x.example.", "x.example.", false },
    /* cuts */
    { "cut.example.", ZONE_CUT, "cut.example.", "cut.example.", true },
    { "CUT.example.", ZONE_CUT, "cut.example.", "cut.example.", true },
    { "ns.cut.example.", ZONE_CUT, "cut.example.", "cut.example.", false },
    { "none.cut.example.", ZONE_CUT, "cut.example.", "cut.example.", false },
    { "under.cut.example.", ZONE_CUT, "cut.example.", "cut.example.", false },
    { "deep.under.cut.example.", ZONE_CUT, "cut.example.", NULL, false },
    { "inner.cut.example.", ZONE_CUT, "cut.example.", "cut.example.", false },
    { "x.inner.cut.example.", ZONE_CUT, "cut.example.", "cut.example.", false },
    { "*.cut.example.", ZONE_CUT, "cut.example.", NULL, false },
    { "subdel.example.", ZONE_CUT, "subdel.example.", NULL, true },
    /* DNAME */
    { "d.example.", ZONE_HIT, "d.example.", "d.example.", true },
    { "any.d.example.", ZONE_DNAME, "d.example.", "d.example.", false },
    { "a.b.c.d.example.", ZONE_DNAME, "d.example.", "d.example.", false },
    { "below.d.example.", ZONE_DNAME, "d.example.", "d.example.", false },
    { "cutbelow.d.example.", ZONE_DNAME, "d.example.", NULL, false },
    { "x.cutbelow.d.example.", ZONE_DNAME, "d.example.", NULL, false },
    { "both.example.", ZONE_CUT, "both.example.", NULL, true },
    { "x.both.example.", ZONE_CUT, "both.example.", NULL, false },
    { "x.dbelow.both.example.", ZONE_CUT, "both.example.", NULL, false },
    { "foo.wd.example.", ZONE_WILDCARD, "*.wd.example.", "wd.example.", false },
    { "foo.*.wd.example.", ZONE_DNAME, "*.wd.example.", "*.wd.example.", false },
    { "foo.wc.example.", ZONE_WILDCARD, "*.wc.example.", "wc.example.", false },
    { "foo.*.wc.example.", ZONE_CUT, "*.wc.example.", "*.wc.example.", false },
    /* empty non-terminals */
    { "ent2.example.", ZONE_HIT, "ent2.example.", NULL, true },
    { "ent1.ent2.example.", ZONE_HIT, "ent1.ent2.example.", NULL, true },
    { "leaf.ent1.ent2.example.", ZONE_HIT, NULL, NULL, true },
    { "no.ent1.ent2.example.", ZONE_ABSENT, NULL, "ent1.ent2.example.", false },
    { "no.ent2.example.", ZONE_ABSENT, NULL, "ent2.example.", false },
    { "y.ent3.example.", ZONE_WILDCARD, "*.ent3.example.", "ent3.example.", false },
    { "*.ent3.example.", ZONE_HIT, "*.ent3.example.", NULL, true },
    { "one.*.ent3.example.", ZONE_HIT, NULL, NULL, true },
    { "two.*.ent3.example.", ZONE_ABSENT, NULL, "*.ent3.example.", false },
    { "one.y.ent3.example.", ZONE_WILDCARD, "*.ent3.example.", "ent3.example.", false },
    /* octets */
    { "mixed.case.example.", ZONE_HIT, "MiXed.Case.example.", NULL, true },
    { "MIXED.CASE.EXAMPLE.", ZONE_HIT, "MiXed.Case.example.", NULL, true },
    { "no.mixed.CASE.example.", ZONE_ABSENT, NULL, "MiXed.Case.example.", false },
    { "a\\.b.example.", ZONE_HIT, "a\\.b.example.", NULL, true },
    { "a.b.example.", ZONE_WILDCARD, "*.example.", "example.", false },
    { "\\000.example.", ZONE_HIT, "\\000.example.", NULL, true },
};

static void check_name(const struct zone_version *v, const struct zone_node *node, const char *want, const char *label)
{
    char text[NAME_TEXT_ROOM];
    if (!node)
        fail_msg("%s: no node, not %s", label, want);
    name_to_text(zone_node_name(v, node), text);
    if (strcmp(text, want) != 0)
        fail_msg("%s: %s, not %s", label, text, want);
}

static void outcomes(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", zone_text);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name name = test_name(cases[i].name);
        struct zone_found found = zone_find(v, name_view_of(&name));
        if (found.outcome != cases[i].want)
            fail_msg("%s: outcome %d, not %d", cases[i].name, found.outcome, cases[i].want);
        if (found.exact != cases[i].exact)
            fail_msg("%s: exact %d", cases[i].name, found.exact);
        if (cases[i].node)
            check_name(v, found.node, cases[i].node, cases[i].name);
        if (found.outcome == ZONE_ABSENT || found.outcome == ZONE_OUTSIDE)
            assert_null(found.node);
        if (cases[i].encloser)
            check_name(v, found.encloser, cases[i].encloser, cases[i].name);
        if (found.outcome == ZONE_HIT)
            assert_ptr_equal(found.node, found.encloser);
    }
    zone_version_free(v);
}

/* Names of the greatest length and depth are found, and those just beside them are not. */
static void longest_names(void **state)
{
    (void)state;
    struct name deep = test_name("example."), longer;
    while (deep.length + 2 <= NAME_MAX_BYTES)
        assert_int_equal(name_prepend((const uint8_t *)"a", 1, name_view_of(&deep), &deep), OK);
    struct name origin = test_name("example.");
    struct zone_builder *b;
    struct zone_version *v;
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    assert_int_equal(zone_builder_add(b, name_view_of(&deep), TYPE_A, 1, (const uint8_t *)"\1\2\3\4", 4, NULL), OK);
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    assert_int_equal(zone_version_nodes(v), name_view_of(&deep).labels);
    struct zone_found found = zone_find(v, name_view_of(&deep));
    assert_int_equal(found.outcome, ZONE_HIT);
    assert_false(zone_node_is_empty(found.node));
    struct name_view up = name_strip(name_view_of(&deep), 1);
    assert_int_equal(zone_find(v, up).outcome, ZONE_HIT);
    assert_true(zone_node_is_empty(zone_find(v, up).node));
    assert_int_equal(name_prepend((const uint8_t *)"b", 1, up, &longer), OK);
    assert_int_equal(zone_find(v, name_view_of(&longer)).outcome, ZONE_ABSENT);
    zone_version_free(v);
}

/* A DNAME at the apex hides all below it, but not the apex (RFC 6672 2.3). */
static void dname_at_the_apex(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns.x.\n@ 60 DNAME other.\nhost 60 A 192.0.2.1\n");
    struct name apex = test_name("example."), host = test_name("host.example.");
    assert_int_equal(zone_find(v, name_view_of(&apex)).outcome, ZONE_HIT);
    struct zone_found found = zone_find(v, name_view_of(&host));
    assert_int_equal(found.outcome, ZONE_DNAME);
    assert_ptr_equal(found.node, zone_version_apex(v));
    assert_true(zone_version_occludes(v, zone_node_find(v, name_view_of(&host))));
    zone_version_free(v);
}

static void root_zone(void **state)
{
    (void)state;
    struct zone_version *v = test_zone(".", ". 60 SOA ns. a. 1 2 3 4 5\n. 60 NS ns.\norg. 60 NS ns.org.\nns.org. 60 A 192.0.2.1\n");
    struct name name = test_name("www.example.org.");
    assert_int_equal(zone_find(v, name_root).outcome, ZONE_HIT);
    assert_int_equal(zone_find(v, name_view_of(&name)).outcome, ZONE_CUT);
    name = test_name("example.");
    assert_int_equal(zone_find(v, name_view_of(&name)).outcome, ZONE_ABSENT);
    zone_version_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(outcomes), cmocka_unit_test(longest_names),
                                        cmocka_unit_test(dname_at_the_apex), cmocka_unit_test(root_zone) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
