/* SPDX-License-Identifier: Apache-2.0 */
/* Building, freezing, and what a version tells about itself. */
#include "build.h"

static const char soa_line[] = "@ 3600 SOA ns a 7 2 3 4 500\n";

/* One RRset as text: "TTL n: rdata-hex ... / sigs n ttl". */
static struct rrset get(const struct zone_version *v, const char *name, uint16_t type)
{
    struct name owner;
    struct rrset set;
    assert_int_equal(name_parse(slice_string(name), zone_version_origin(v), &owner), OK);
    const struct zone_node *n = zone_node_find(v, name_view_of(&owner));
    assert_non_null(n);
    assert_true(zone_node_rrset(v, n, type, &set));
    return set;
}

static void rrsets(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 3600 +SOA ns a 7 2 3 4 500\n@ 100 +NS ns2\n@ 50 NS NS1\n@ 70 NS ns1\n"
                                                   "w 30 A 192.0.2.3\nw 20 A 192.0.2.1\nw 40 A 192.0.2.2\nw 20 A 192.0.2.1\nw 5 TXT \"\"\n");
    struct rrset ns = get(v, "@", TYPE_NS), a = get(v, "w", TYPE_A);
    assert_int_equal(ns.count, 2); /* NS1 and ns1 are one, RFC 4343 */
    assert_int_equal(ns.ttl, 50);
    assert_int_equal(ns.sig_count, 1);
    assert_int_equal(ns.sig_ttl, 100);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.ttl, 20); /* the lowest, RFC 2181 5.2 */
    assert_int_equal(a.sig_count, 0);
    const uint8_t *rdata;
    uint16_t size;
    size_t offset = 0;
    for (uint8_t i = 1; i <= 3; i++) { /* canonical order */
        assert_true(rrset_next(a.records, a.bytes, &offset, &rdata, &size));
        assert_int_equal(size, 4);
        assert_int_equal(rdata[3], i);
    }
    assert_false(rrset_next(a.records, a.bytes, &offset, &rdata, &size));
    const struct zone_node *apex = zone_version_apex(v);
    assert_true(zone_version_ttl_mixed(v, apex, TYPE_NS));
    assert_false(zone_version_ttl_mixed(v, apex, TYPE_SOA));
    struct rrset set;
    assert_false(zone_node_rrset(v, apex, TYPE_RRSIG, &set));
    assert_false(zone_node_rrset(v, apex, TYPE_MX, &set));
    assert_int_equal(zone_version_records(v), 1 + 1 + 2 + 1 + 3 + 1);
    assert_int_equal(zone_version_nodes(v), 2);
    assert_int_equal(zone_version_serial(v), 7);
    assert_int_equal(zone_version_negative_ttl(v), 500);
    assert_int_equal(zone_version_soa(v).count, 1);
    assert_int_equal(zone_version_class(v), CLASS_IN);
    zone_version_free(v);
}

/* Signatures over what is not there are kept, and walkers see them. */
static void stray_signatures(void **state)
{
    (void)state;
    struct name origin = test_name("example."), owner = test_name("w.example.");
    struct zone_builder *b;
    struct zone_version *v;
    struct rrset set;
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    assert_int_equal(test_add_signature(b, name_view_of(&owner), TYPE_TXT, 60, name_view_of(&origin)), OK);
    assert_int_equal(test_add_signature(b, name_view_of(&owner), TYPE_A, 60, name_view_of(&origin)), OK);
    assert_int_equal(zone_builder_add(b, name_view_of(&owner), TYPE_MX, 1, (const uint8_t *)"\0\1", 3, NULL), OK);
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    const struct zone_node *n = zone_node_find(v, name_view_of(&owner));
    assert_false(zone_node_is_empty(n));
    assert_false(zone_node_rrset(v, n, TYPE_TXT, &set));
    static const uint16_t types[] = { TYPE_A, TYPE_MX, TYPE_TXT };
    size_t position = 0;
    for (size_t i = 0; i < LENGTH_OF(types); i++) {
        assert_true(zone_node_rrset_next(v, n, &position, &set));
        assert_int_equal(set.type, types[i]);
        assert_int_equal(set.count, i == 1);
        assert_int_equal(set.sig_count, i != 1);
    }
    assert_false(zone_node_rrset_next(v, n, &position, &set));
    assert_int_equal(zone_version_records(v), 3);
    zone_version_free(v);
}

/* More types at one name than are looked through one by one. */
static void many_types(void **state)
{
    (void)state;
    struct name origin = test_name("example.");
    struct zone_builder *b;
    struct zone_version *v;
    struct rrset set;
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    for (uint32_t i = 0; i < 1000; i++) {
        uint16_t type = (uint16_t)(1000 + i * 7 % 1000 * 2);
        assert_int_equal(zone_builder_add(b, name_view_of(&origin), type, i, (const uint8_t *)&type, 2, NULL), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    for (uint16_t type = 1000; type < 3000; type++) {
        bool there = zone_node_rrset(v, zone_version_apex(v), type, &set);
        assert_int_equal(there, type % 2 == 0);
        if (there)
            assert_memory_equal(set.records + set.bytes - 2, &type, 2);
    }
    zone_version_free(v);
}

static void spelling(void **state)
{
    (void)state;
    static const struct {
        const char *label, *text, *name, *want;
    } cases[] = {
        { "first written", "Www 60 A 192.0.2.1\nwWW 60 TXT \"x\"\n", "www", "Www.example." },
        { "own spelling beats that of a name below", "x.ENT 60 A 192.0.2.1\nEnt 60 A 192.0.2.1\n", "ent", "Ent.example." },
        { "without one, the name below", "x.ENT 60 A 192.0.2.1\n", "ent", "ENT.example." },
        { "the same again", "a.b 60 A 192.0.2.1\nB 60 A 192.0.2.1\nb 60 A 192.0.2.2\na.b 60 TXT \"x\"\n", "b", "B.example." },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char text[NAME_TEXT_ROOM];
        struct zone_version *v = test_zone("example.", cases[i].text);
        struct name name;
        assert_int_equal(name_parse(slice_string(cases[i].name), zone_version_origin(v), &name), OK);
        name_to_text(zone_node_name(v, zone_node_find(v, name_view_of(&name))), text);
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].label, text);
        zone_version_free(v);
    }
}

/* RFC 4034 6.1's example, added backwards. */
static void canonical_order(void **state)
{
    (void)state;
    static const char *const order[] = { "example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.",
                                         "z.example.", "\\001.z.example.", "*.z.example.", "\\200.z.example." };
    struct name origin = test_name("example.");
    struct zone_builder *b;
    struct zone_version *v;
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    for (size_t i = LENGTH_OF(order); i-- > 0;) {
        struct name name = test_name(order[i]);
        assert_int_equal(zone_builder_add(b, name_view_of(&name), TYPE_A, 1, (const uint8_t *)"\1\2\3\4", 4, NULL), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    assert_int_equal(zone_version_nodes(v), LENGTH_OF(order));
    for (uint32_t i = 0; i < LENGTH_OF(order); i++) {
        struct name want = test_name(order[i]);
        assert_true(name_equal(zone_node_name(v, zone_version_node(v, i)), name_view_of(&want)));
    }
    zone_version_free(v);
}

static void refused(void **state)
{
    (void)state;
    struct name origin = test_name("example."), outside = test_name("example.org.");
    struct zone_builder *b;
    struct zone_version *v;
    static uint8_t big[65536];
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    assert_int_equal(zone_builder_add(b, name_view_of(&outside), TYPE_A, 1, big, 4, NULL), E_RANGE);
    assert_int_equal(zone_builder_add(b, name_root, TYPE_A, 1, big, 4, NULL), E_RANGE);
    assert_int_equal(zone_builder_add(b, name_view_of(&origin), TYPE_TXT, 1, big, 65536, NULL), E_RANGE);
    assert_int_equal(zone_builder_add(b, name_view_of(&origin), TYPE_TXT, 1, big, 65535, NULL), OK);
    for (uint32_t i = 0; i <= UINT16_MAX; i++) { /* one more than a set can count */
        uint8_t four[4];
        put_u32(four, i);
        assert_int_equal(zone_builder_add(b, name_view_of(&origin), TYPE_A, 1, four, 4, NULL), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), E_LIMIT);
    zone_builder_free(NULL);
    zone_version_free(NULL);
}

static void without_soa(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "www 60 A 192.0.2.1\n");
    assert_int_equal(zone_version_soa(v).count, 0);
    assert_int_equal(zone_version_serial(v), 0);
    assert_true(zone_node_is_empty(zone_version_apex(v)));
    zone_version_free(v);
}

static void positions(void **state)
{
    (void)state;
    struct name origin = test_name("example."), owner = test_name("w.example.");
    struct zone_builder *b;
    struct zone_version *v;
    struct zone_where where;
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    for (uint8_t i = 4; i > 0; i--) /* line i has the record whose number is i */
        assert_int_equal(zone_builder_add(b, name_view_of(&owner), TYPE_A, 1, (const uint8_t[]){ 1, 1, 1, i }, 4,
                                          &(struct zone_where){ i, 7, 3 }), OK);
    assert_int_equal(zone_builder_add(b, name_view_of(&owner), TYPE_TXT, 1, (const uint8_t *)"\1x", 2,
                                      &(struct zone_where){ 9, 1, 0 }), OK);
    assert_int_equal(zone_builder_finish(b, true, &v), OK);
    const struct zone_node *n = zone_node_find(v, name_view_of(&owner));
    for (uint16_t i = 0; i < 4; i++) {
        assert_true(zone_version_where(v, n, TYPE_A, i, &where));
        assert_int_equal(where.line, i + 1);
        assert_int_equal(where.column, 7);
        assert_int_equal(where.file, 3);
    }
    assert_false(zone_version_where(v, n, TYPE_A, 4, &where));
    assert_false(zone_version_where(v, n, TYPE_MX, 0, &where));
    assert_true(zone_version_where(v, n, TYPE_TXT, 0, &where));
    assert_int_equal(where.line, 9);
    size_t before = zone_version_bytes(v);
    v = zone_version_forget_where(v);
    assert_int_equal(zone_version_bytes(v), before); /* they lay beside it */
    n = zone_node_find(v, name_view_of(&owner));
    assert_false(zone_version_where(v, n, TYPE_A, 0, &where));
    assert_int_equal(zone_find(v, name_view_of(&owner)).outcome, ZONE_HIT);
    assert_null(zone_version_forget_where(NULL));
    zone_version_free(v);
}

static void fingerprints(void **state)
{
    (void)state;
    static const struct {
        const char *label, *soa, *text;
        bool same;
    } cases[] = {
        { "the same", "@ 60 SOA ns a 1 2 3 4 5\n", "a 60 A 192.0.2.1\nb 60 TXT \"x\" \"y\"\n", true },
        { "another order", "", "b 60 TXT \"x\" \"y\"\na 60 A 192.0.2.1\n@ 60 SOA ns a 1 2 3 4 5\n", true },
        { "another serial", "@ 60 SOA ns a 99 2 3 4 5\n", "a 60 A 192.0.2.1\nb 60 TXT \"x\" \"y\"\n", true },
        { "a name in capitals", "@ 60 SOA ns a 1 2 3 4 5\n", "A 60 A 192.0.2.1\nb 60 TXT \"x\" \"y\"\n", true },
        { "another refresh", "@ 60 SOA ns a 1 3 3 4 5\n", "a 60 A 192.0.2.1\nb 60 TXT \"x\" \"y\"\n", false },
        { "another mname", "@ 60 SOA nz a 1 2 3 4 5\n", "a 60 A 192.0.2.1\nb 60 TXT \"x\" \"y\"\n", false },
        { "another address", "@ 60 SOA ns a 1 2 3 4 5\n", "a 60 A 192.0.2.2\nb 60 TXT \"x\" \"y\"\n", false },
        { "another TTL", "@ 60 SOA ns a 1 2 3 4 5\n", "a 61 A 192.0.2.1\nb 60 TXT \"x\" \"y\"\n", false },
        { "split elsewhere", "@ 60 SOA ns a 1 2 3 4 5\n", "a 60 A 192.0.2.1\nb 60 TXT \"xy\"\n", false },
        { "swapped owners", "@ 60 SOA ns a 1 2 3 4 5\n", "b 60 A 192.0.2.1\na 60 TXT \"x\" \"y\"\n", false },
        { "one less", "@ 60 SOA ns a 1 2 3 4 5\n", "a 60 A 192.0.2.1\n", false },
        { "signed", "@ 60 SOA ns a 1 2 3 4 5\n", "a 60 +A 192.0.2.1\nb 60 TXT \"x\" \"y\"\n", false },
    };
    uint64_t first = 0;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", cases[i].soa, cases[i].text);
        struct zone_version *v = test_zone("example.", text);
        uint64_t now = zone_version_fingerprint(v);
        if (i == 0)
            first = now;
        if ((now == first) != cases[i].same)
            fail_msg("%s", cases[i].label);
        zone_version_free(v);
    }
}

static enum status build_some(struct zone_version **out)
{
    struct name origin = test_name("example.");
    struct zone_builder *b = NULL;
    enum status st = zone_builder_new(name_view_of(&origin), CLASS_IN, &b);
    for (uint32_t i = 0; i < 60 && st == OK; i++) {
        char text[64];
        snprintf(text, sizeof text, "n%u.sub%u.example.", i % 20, i % 7);
        struct name owner = test_name(text);
        uint8_t four[4];
        put_u32(four, i);
        st = zone_builder_add(b, name_view_of(&owner), TYPE_A, 1, four, 4, NULL);
        if (st == OK)
            st = zone_builder_add(b, name_view_of(&owner), TYPE_NS, 1, (const uint8_t *)"\1X", 3, NULL);
        if (st == OK)
            st = zone_builder_add(b, name_view_of(&owner), TYPE_NS, 1, (const uint8_t *)"\1y", 3, NULL);
    }
    if (st == OK)
        return zone_builder_finish(b, true, out);
    zone_builder_free(b);
    return st;
}

/* Each allocation fails once: E_NOMEM, nothing leaks (under a sanitizer), and without a fault it works. */
static void no_memory(void **state)
{
    (void)state;
    struct zone_version *v;
    uint64_t n = 1;
    for (;; n++) {
        fault_after(n);
        enum status st = build_some(&v);
        bool reached = fault_count() >= n;
        fault_after(0);
        if (!reached) {
            assert_int_equal(st, OK);
            break;
        }
        assert_int_equal(st, E_NOMEM);
    }
    assert_true(n > 4);
    assert_int_equal(zone_version_nodes(v), 1 + 7 + 60);
    zone_version_free(v);
}

static void publishing(void **state)
{
    (void)state;
    struct name name = test_name("Example.");
    struct epoch *epoch = epoch_new();
    struct zone *z = zone_new(name_view_of(&name), CLASS_CH);
    assert_null(zone_current(z));
    assert_int_equal(zone_class(z), CLASS_CH);
    assert_true(name_same(zone_name(z), name_view_of(&name)));
    uint64_t before = zone_generation(z);
    struct zone_version *v = test_zone("example.", soa_line), *w = test_zone("example.", soa_line);
    zone_publish(z, v, epoch);
    assert_ptr_equal(zone_current(z), v);
    assert_true(zone_generation(z) > before);
    zone_version_hold(v);
    zone_version_hold(v);
    zone_publish(z, w, epoch);
    assert_ptr_equal(zone_current(z), w);
    assert_int_equal(epoch_reclaim(epoch), 0);
    assert_int_equal(zone_version_serial(v), 7); /* outlives being replaced */
    zone_version_free(v);
    assert_int_equal(zone_version_serial(v), 7);
    zone_version_free(v);
    zone_publish(z, NULL, epoch);
    assert_null(zone_current(z));
    int user;
    zone_set_user(z, &user);
    assert_ptr_equal(zone_user(z), &user);
    zone_publish(z, test_zone("example.", soa_line), epoch);
    assert_ptr_equal(zone_ref(z), z);
    zone_unref(z);
    assert_non_null(zone_current(z));
    zone_unref(z);
    zone_unref(NULL);
    epoch_free(epoch);
    fault_after(1);
    assert_null(zone_new(name_view_of(&name), CLASS_IN));
    fault_after(0);
}

/* What the store is sized for; see docs/zone.md. */
static void compact(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("customer00001.example.", "@ 3600 SOA ns1.provider.example. hostmaster.provider.example. 1 2 3 4 5\n"
        "@ 3600 NS ns1.provider.example.\n@ 3600 NS ns2.provider.example.\n@ 3600 A 192.0.2.1\nwww 3600 A 192.0.2.1\n");
    print_message("five records: %zu octets\n", zone_version_bytes(v));
    assert_true(zone_version_bytes(v) <= 500);
    zone_version_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rrsets), cmocka_unit_test(stray_signatures), cmocka_unit_test(many_types), cmocka_unit_test(spelling),
        cmocka_unit_test(canonical_order), cmocka_unit_test(refused), cmocka_unit_test(without_soa), cmocka_unit_test(positions),
        cmocka_unit_test(fingerprints), cmocka_unit_test(no_memory), cmocka_unit_test(publishing), cmocka_unit_test(compact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
