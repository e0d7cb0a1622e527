/* SPDX-License-Identifier: Apache-2.0 */
#include "readers.h"


#include "../../../fuzz/zone/edit_model.h"

static const char small_zone[] = "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nx.y 60 A 192.0.2.2\n*.w 60 A 192.0.2.3\nd 60 NS ns.d\n"
                                 "ns.d 60 A 192.0.2.4\nmany 60 A 192.0.2.5\n 60 A 192.0.2.6\n";

/* ---- what a change does ---- */

/* A line: + adds a record, - removes one, ! removes an RRset ("! OWNER TYPE"), 0 removes a name ("0 OWNER"). */
static void edit_line(struct zone_edit *edit, struct name_view origin, const char *line)
{
    static uint8_t rdata[512];
    char name[128], type_text[32] = "A";
    unsigned ttl = 0;
    int used = 0;
    bool record = line[0] == '+' || line[0] == '-';
    struct name owner;
    uint16_t type;
    size_t size = 0;
    assert_true(record ? sscanf(line + 1, "%127s %u %31s %n", name, &ttl, type_text, &used) == 3 : sscanf(line + 1, "%127s %31s", name, type_text) >= 1);
    assert_int_equal(name_parse(slice_string(name), origin, &owner), OK);
    assert_int_equal(type_parse(slice_string(type_text), &type), OK);
    if (record) {
        struct diagnostics *diag = diagnostics_new(10);
        assert_int_equal(rdata_parse_line(type, CLASS_IN, line + 1 + used, origin, rdata, sizeof rdata, &size, diag), OK);
        diagnostics_free(diag);
    }
    struct name_view at = name_view_of(&owner);
    enum status st = line[0] == '+' ? zone_edit_add(edit, at, type, ttl, rdata, size) : line[0] == '-' ? zone_edit_remove(edit, at, type, rdata, size)
                     : line[0] == '!' ? zone_edit_remove_rrset(edit, at, type) : zone_edit_remove_name(edit, at);
    assert_int_equal(st, OK);
}

static struct zone_version *edit_lines(const struct zone_version *v, const char *text, struct zone_edited *told)
{
    struct zone_edit *edit = NULL;
    struct zone_version *next = NULL;
    assert_int_equal(zone_edit_begin(v, &edit), OK);
    while (*text) {
        char line[256];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        text += length + (text[length] == '\n');
        edit_line(edit, zone_version_origin(v), line);
    }
    assert_int_equal(zone_edit_finish(edit, told, &next), OK);
    return next;
}

static const struct {
    const char *label, *changes, *name;
    enum zone_outcome outcome;
    uint16_t type;
    int count, ttl;             /* of that type at the node that is found; -1: it has none */
    unsigned nodes, in_vain;
} cases[] = {
    { "a new name", "+new 30 A 192.0.2.9", "new.z.test.", ZONE_HIT, TYPE_A, 1, 30, 1, 0 },
    { "a deep name makes what is above it", "+p.q.r 30 A 192.0.2.9", "q.r.z.test.", ZONE_HIT, TYPE_A, -1, 0, 3, 0 },
    { "another record", "+many 30 A 192.0.2.7", "many.z.test.", ZONE_HIT, TYPE_A, 3, 30, 1, 0 },
    { "one that is there sets the TTL", "+many 30 A 192.0.2.5", "many.z.test.", ZONE_HIT, TYPE_A, 2, 30, 1, 0 },
    { "one that is there as it is", "+many 60 A 192.0.2.5", "many.z.test.", ZONE_HIT, TYPE_A, 2, 60, 0, 0 },
    { "one of two goes", "-many 0 A 192.0.2.5", "many.z.test.", ZONE_HIT, TYPE_A, 1, 60, 1, 0 },
    { "both go", "!many A", "many.z.test.", ZONE_ABSENT, TYPE_A, -1, 0, 1, 0 },
    { "they go and others come", "!many A\n+many 9 A 192.0.2.8", "many.z.test.", ZONE_HIT, TYPE_A, 1, 9, 1, 0 },
    { "they come and go", "+new 9 A 192.0.2.8\n!new A", "new.z.test.", ZONE_ABSENT, TYPE_A, -1, 0, 0, 0 },
    { "what is not there does not go", "-many 0 A 192.0.2.9\n-none 0 A 192.0.2.9", "many.z.test.", ZONE_HIT, TYPE_A, 2, 60, 0, 2 },
    { "twice is once", "-many 0 A 192.0.2.5\n-many 0 A 192.0.2.5", "many.z.test.", ZONE_HIT, TYPE_A, 1, 60, 1, 1 },
    { "the last below an empty name takes it along", "0x.y", "y.z.test.", ZONE_ABSENT, TYPE_A, -1, 0, 2, 0 },
    { "case does not count", "-X.Y 0 A 192.0.2.2", "x.y.z.test.", ZONE_ABSENT, TYPE_A, -1, 0, 2, 0 },
    { "the wildcard goes", "0*.w", "any.w.z.test.", ZONE_ABSENT, TYPE_A, -1, 0, 2, 0 },
    { "a wildcard comes", "+*.y 60 A 192.0.2.9", "any.y.z.test.", ZONE_WILDCARD, TYPE_A, 1, 60, 2, 0 },
    { "a cut comes above", "+y 60 NS ns.elsewhere.", "x.y.z.test.", ZONE_CUT, TYPE_NS, 1, 60, 1, 0 },
    { "a cut goes", "!d NS", "ns.d.z.test.", ZONE_HIT, TYPE_A, 1, 60, 1, 0 },
    { "a DNAME comes above", "+y 60 DNAME elsewhere.", "x.y.z.test.", ZONE_DNAME, TYPE_DNAME, 1, 60, 1, 0 },
    { "all types", "+big 1 A 192.0.2.1\n+big 2 TXT a\n+big 3 MX 1 ns\n+big 4 AAAA ::1\n+big 5 LOC 1 N 1 E 1m\n+big 6 HINFO a b\n+big 7 RP a b\n"
      "+big 8 SSHFP 1 1 0123456789abcdef0123456789abcdef01234567\n+big 9 SRV 1 1 1 ns\n+big 10 CAA 0 a b", "big.z.test.", ZONE_HIT, TYPE_SRV, 1, 9, 1, 0 },
};

static void a_change(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("z.test.", small_zone);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct zone_edited told;
        struct rrset set = { 0 };
        struct name name = test_name(cases[i].name);
        struct zone_version *next = edit_lines(v, cases[i].changes, &told);
        struct zone_found found = zone_find(next, name_view_of(&name));
        bool has = found.node && zone_node_rrset(next, found.node, cases[i].type, &set);
        if (found.outcome != cases[i].outcome || has != (cases[i].count >= 0) || (has && (set.count != cases[i].count || (int)set.ttl != cases[i].ttl)))
            fail_msg("%s: outcome %d, %u records, TTL %u", cases[i].label, (int)found.outcome, set.count, set.ttl);
        if (told.nodes != cases[i].nodes || told.in_vain != cases[i].in_vain)
            fail_msg("%s: %u nodes, %u in vain", cases[i].label, told.nodes, told.in_vain);
        zone_version_free(next);
    }
    zone_version_free(v);
}

/* ---- whole zones: what is left is what a builder makes of the second text ---- */

#define CHAIN "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC a NS\na 60 A 192.0.2.1\na 60 NSEC d A\n"
#define HASH "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
#define NSEC3 " 60 NSEC3 1 0 0 aa k8udemvp1j2f7eg6jebps17vp3n8i58h A\n"

static const struct { const char *label, *before, *changes, *after; } wholes[] = {
    { "names come to light below a cut that goes, but for those below another",
      CHAIN "d 60 NS ns\nd 60 NSEC @ NS\nx.d 60 NSEC @ A\ny.d 60 A 192.0.2.1\nz.d 60 NS ns\nz.d 60 NSEC @ NS\na.z.d 60 NSEC @ A\nb.e.f.d 60 NSEC @ A\n",
      "!d NS", CHAIN "d 60 NSEC @ NS\nx.d 60 NSEC @ A\ny.d 60 A 192.0.2.1\nz.d 60 NS ns\nz.d 60 NSEC @ NS\na.z.d 60 NSEC @ A\nb.e.f.d 60 NSEC @ A\n" },
    { "the cut goes with all it owns",
      CHAIN "d 60 NS ns\nd 60 NSEC @ NS\nx.d 60 NSEC @ A\n", "0d", CHAIN "x.d 60 NSEC @ A\n" },
    { "a DNAME comes above", CHAIN "d 60 NSEC @ A\nx.d 60 NSEC @ A\na.y.d 60 NSEC @ A\nda 60 NSEC @ A\n", "+d 60 DNAME b.",
      CHAIN "d 60 NSEC @ A\nd 60 DNAME b.\nx.d 60 NSEC @ A\na.y.d 60 NSEC @ A\nda 60 NSEC @ A\n" },
    { "a cut goes, what was below it too", CHAIN "d 60 NS ns\nd 60 NSEC @ NS\nx.d 60 NSEC @ A\n", "!d NS\n0x.d", CHAIN "d 60 NSEC @ NS\n" },
    { "a cut comes where one goes above", CHAIN "d 60 NS ns\nx.d 60 NSEC @ A\ny.x.d 60 NSEC @ A\n", "!d NS\n+x.d 60 NS ns",
      CHAIN "x.d 60 NSEC @ A\nx.d 60 NS ns\ny.x.d 60 NSEC @ A\n" },
    { "an owner of NSEC3 is not hidden by a DNAME at the apex, until it is none",
      CHAIN "@ 60 DNAME b.\n" HASH NSEC3 HASH " 60 NSEC @ A\nx." HASH " 60 NSEC @ A\n", "!" HASH " NSEC3",
      CHAIN "@ 60 DNAME b.\n" HASH " 60 NSEC @ A\nx." HASH " 60 NSEC @ A\n" },
    { "a name below an owner of NSEC3", CHAIN HASH NSEC3, "+x." HASH " 60 A 192.0.2.1", CHAIN HASH NSEC3 "x." HASH " 60 A 192.0.2.1\n" },
    { "from NSEC to NSEC3", CHAIN, "!@ NSEC\n!a NSEC\n+@ 60 NSEC3PARAM 1 0 0 aa\n+" HASH NSEC3,
      "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 0 aa\na 60 A 192.0.2.1\n" HASH NSEC3 },
};

static void whole(void **state)
{
    (void)state;
    static struct edit_model m;
    struct model_dice none = { NULL, 0, 0 };
    m.origin = test_name("z.test.");
    for (size_t i = 0; i < LENGTH_OF(wholes); i++) {
        struct zone_version *before = test_zone("z.test.", wholes[i].before), *after = test_zone("z.test.", wholes[i].after);
        struct zone_version *v = edit_lines(before, wholes[i].changes, NULL), *again = edit_lines(v, "+a 60 TXT x\n!a TXT", NULL);
        print_message("%s\n", wholes[i].label);
        model_compare(&m, v, after, &none);
        model_compare(&m, again, after, &none);
        zone_version_free(before);
        zone_version_free(after);
        zone_version_free(v);
        zone_version_free(again);
    }
}

static void refused(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("z.test.", small_zone), *next = NULL;
    struct zone_edit *edit;
    struct name outside = test_name("other.test.");
    assert_int_equal(zone_edit_begin(v, &edit), OK);
    assert_int_equal(zone_edit_add(edit, name_view_of(&outside), TYPE_A, 1, (const uint8_t *)"abcd", 4), E_RANGE);
    assert_int_equal(zone_edit_add(edit, zone_version_origin(v), TYPE_RRSIG, 1, (const uint8_t *)"abcd", 4), E_RANGE);
    assert_int_equal(zone_edit_add(edit, zone_version_origin(v), TYPE_ANY, 1, (const uint8_t *)"abcd", 4), E_RANGE);
    assert_int_equal(zone_edit_remove(edit, zone_version_origin(v), TYPE_OPT, (const uint8_t *)"abcd", 4), E_RANGE);
    assert_int_equal(zone_edit_remove_rrset(edit, zone_version_origin(v), TYPE_SOA), OK);
    assert_int_equal(zone_edit_finish(edit, NULL, &next), E_INVALID);
    assert_int_equal(zone_edit_begin(v, &edit), OK);
    assert_int_equal(zone_edit_remove_name(edit, zone_version_origin(v)), OK);
    assert_int_equal(zone_edit_finish(edit, NULL, &next), E_INVALID);
    assert_null(next);
    zone_edit_free(NULL);
    zone_version_free(v);
}

/* What caches go by. */
static void identities(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("z.test.", small_zone), *soa = edit_lines(v, "!@ SOA\n+@ 60 SOA ns a 2 2 3 4 5", NULL);
    struct zone_version *other = edit_lines(soa, "+new 1 A 192.0.2.1", NULL), *back = edit_lines(other, "!new A", NULL), *same = edit_lines(soa, "", NULL);
    struct zone_version *both = edit_lines(v, "!@ SOA\n+@ 60 SOA ns a 2 2 3 4 5\n+@ 60 TXT x", NULL);
    const struct { const char *label; const struct zone_version *a, *b; bool identity, moment; } pairs[] = {
        { "another SOA", v, soa, true, false }, { "another name", soa, other, false, false }, { "it is gone again", soa, back, false, false },
        { "nothing", soa, same, true, true }, { "SOA and more at the apex", v, both, false, false },
    };
    for (size_t i = 0; i < LENGTH_OF(pairs); i++)
        if ((zone_version_identity(pairs[i].a) == zone_version_identity(pairs[i].b)) != pairs[i].identity ||
            (zone_version_moment(pairs[i].a) == zone_version_moment(pairs[i].b)) != pairs[i].moment)
            fail_msg("%s", pairs[i].label);
    for (uint32_t i = 0; i < zone_version_nodes(v); i++)
        assert_int_equal(zone_node_place(v, zone_version_node(v, i)), zone_node_place(soa, zone_version_node(soa, i)));
    assert_int_equal(zone_version_serial(soa), 2);
    assert_int_equal(zone_version_serial(v), 1);
    assert_true(zone_version_fingerprint(v) == zone_version_fingerprint(soa) && zone_version_fingerprint(back) == zone_version_fingerprint(v));
    struct zone_version *all[] = { v, other, both, soa, back, same };     /* in any order */
    for (size_t i = 0; i < LENGTH_OF(all); i++)
        zone_version_free(all[i]);
}

/* The property of fuzz_edit with octets drawn here. */
static void fill(uint8_t *octets, size_t count, uint64_t *dice)
{
    for (size_t i = 0; i < count; i++) {
        *dice = *dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        octets[i] = (uint8_t)(*dice >> 56);
    }
}

static void like_a_builder(void **state)
{
    (void)state;
    enum { RUNS = 100, OCTETS = 1200 };
    static uint8_t octets[OCTETS];
    uint64_t dice = 7;
    for (int run = 0; run < RUNS; run++) {
        fill(octets, OCTETS, &dice);
        model_run(octets, OCTETS);
    }
}

/* A zone of some size, so that it gets worn, is flattened and gone on from there. */
static void worn(void **state)
{
    (void)state;
    enum { NAMES = 4000 };
    struct zone_version *v = test_zone("z.test.", small_zone), *then = NULL;
    unsigned flattened = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        char line[64];
        snprintf(line, sizeof line, "+n%u.sub%u 60 A 192.0.2.1", i, i % 7);
        struct zone_version *next = edit_lines(v, line, NULL);
        zone_version_free(v);
        v = next;
        if (!then && zone_version_is_worn(v)) {
            zone_version_hold(v);
            then = v;
        } else if (then && i % 64 == 0) {
            struct zone_version *flat = model_flatten(then);
            assert_int_equal(zone_version_rebase(flat, then, v, &next), OK);
            assert_false(zone_version_is_worn(next));
            assert_true(zone_version_fingerprint(next) == zone_version_fingerprint(v) && zone_version_nodes(next) == zone_version_nodes(v));
            zone_version_free(v);
            zone_version_free(flat);
            zone_version_free(then);
            then = NULL;
            v = next;
            flattened++;
        }
    }
    assert_int_equal(zone_version_records(v), 9 + NAMES);
    assert_in_range(flattened, 2, 20);
    for (uint32_t i = 1; i < zone_version_nodes(v); i++)
        assert_true(name_compare(zone_node_name(v, zone_version_node(v, i - 1)), zone_node_name(v, zone_version_node(v, i))) < 0);
    zone_version_free(then);
    zone_version_free(v);
}

/* Whichever allocation fails, the version before is as it was and nothing is lost. */
static void no_memory(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("z.test.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC a NS\na 60 A 192.0.2.1\na 60 NSEC @ A\n");
    struct zone_version *old = edit_lines(v, "+b.c 60 NS x\n+d.b.c 60 A 192.0.2.1\n+d.b.c 1 NSEC @ A", NULL);
    enum status st = E_NOMEM;
    unsigned n;
    for (n = 1; st != OK && n < 1000; n++) {
        struct zone_edit *edit = NULL;
        struct zone_version *next = NULL;
        fault_after(n);
        st = zone_edit_begin(old, &edit);
        if (st == OK) {
            const struct name deep = test_name("x.y.z.test."), cut = test_name("b.c.z.test.");
            st = zone_edit_add(edit, name_view_of(&deep), TYPE_A, 1, (const uint8_t *)"abcd", 4);
            if (st == OK)
                st = zone_edit_remove_rrset(edit, name_view_of(&cut), TYPE_NS);
            if (st == OK)
                st = zone_edit_remove_rrset(edit, zone_version_origin(old), TYPE_NSEC);
            if (st == OK)
                st = zone_edit_add(edit, zone_version_origin(old), TYPE_NSEC, 60, (const uint8_t *)"\0\0\1\x40", 4);
            if (st == OK)
                st = zone_edit_finish(edit, NULL, &next);
            else
                zone_edit_free(edit);
        }
        fault_after(0);
        assert_true(st == OK || st == E_NOMEM);
        zone_version_free(next);
    }
    assert_in_range(n, 20, 999);
    struct zone_version *flat = model_flatten(old);
    same_head(old, flat);
    zone_version_free(flat);
    zone_version_free(v);
    zone_version_free(old);
}

/* ---- readers beside a writer ---- */

enum { EDITS = 600, HOSTS = 64 };
struct stress {
    struct epoch *epoch;
    struct zone *zone;
    struct name hosts[HOSTS];
    _Atomic bool stop;
    _Atomic uint64_t lookups;
};

/* Every version has as many hosts as the last octet of its serial tells, and its nodes stand in order. */
static bool read_whole(const struct stress *s, const struct zone_version *v)
{
    unsigned found = 0;
    for (size_t i = 0; i < HOSTS; i++)
        found += zone_find(v, name_view_of(&s->hosts[i])).outcome == ZONE_HIT;
    struct name_view before = zone_node_name(v, zone_version_node(v, 0));
    for (uint32_t i = 1; i < zone_version_nodes(v); i++) {
        struct name_view name = zone_node_name(v, zone_version_node(v, i));
        if (name_compare(before, name) >= 0 || !zone_nsec_find(v, name))
            return false;
        before = name;
    }
    return found == zone_version_serial(v) % 256;
}

static void *reader(void *argument)
{
    struct stress *s = argument;
    struct epoch_reader *me;
    const struct zone_version *held = NULL;
    bool good = true;
    if (epoch_join(s->epoch, &me) != OK)
        return NULL;
    for (unsigned i = 0; good && !atomic_load(&s->stop); i++) {
        const struct zone_version *v = zone_current(s->zone);
        good = read_whole(s, v) && (!held || read_whole(s, held));
        if (i % 5 == 0) {                       /* as a transfer does */
            zone_version_hold(v);
            zone_version_free((void *)(uintptr_t)held);
            held = v;
        }
        epoch_quiet(me);
        atomic_fetch_add_explicit(&s->lookups, 1, memory_order_relaxed);
    }
    zone_version_free((void *)(uintptr_t)held);
    epoch_leave(me);
    return good ? s : NULL;
}

static void writer(struct stress *s)
{
    bool there[HOSTS] = { false };
    uint64_t dice = 3;
    uint32_t hosts = 0;
    for (uint32_t round = 1; round <= EDITS || atomic_load(&s->lookups) < 100; round++) {
        char text[2048], name[NAME_TEXT_ROOM];
        uint8_t octet;
        fill(&octet, 1, &dice);
        size_t i = octet % HOSTS;
        name_to_text(name_view_of(&s->hosts[i]), name);
        there[i] = !there[i];
        hosts = there[i] ? hosts + 1 : hosts - 1;
        snprintf(text, sizeof text, "!@ SOA\n+@ 60 SOA ns a %u 2 3 4 5\n%s%s%s", round * 256 + hosts, there[i] ? "+" : "0", name, there[i] ? " 60 NSEC @ A" : "");
        struct zone_version *next = edit_lines(zone_current(s->zone), text, NULL), *flat;
        if (zone_version_is_worn(next)) {
            flat = model_flatten(next);
            zone_version_free(next);
            next = flat;
        }
        zone_publish(s->zone, next, s->epoch);
        epoch_reclaim(s->epoch);
    }
}

static void readers_and_a_writer(void **state)
{
    (void)state;
    static struct stress s;
    struct name origin = test_name("z.test.");
    struct readers readers;
    s.epoch = epoch_new();
    s.zone = zone_new(name_view_of(&origin), CLASS_IN);
    zone_publish(s.zone, test_zone("z.test.", "@ 60 SOA ns a 0 2 3 4 5\n@ 60 NSEC @ NS\n@ 60 NS ns\n"), s.epoch);
    for (int i = 0; i < HOSTS; i++) {
        char text[64];
        snprintf(text, sizeof text, "h%d.%sz.test.", i, i % 3 ? "" : "deep.");
        s.hosts[i] = test_name(text);
    }
    readers_start(&readers, reader, &s);
    writer(&s);
    readers_end(&readers, &s.stop, &s);
    zone_unref(s.zone);
    epoch_free(s.epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_change), cmocka_unit_test(whole), cmocka_unit_test(refused), cmocka_unit_test(identities),
                                        cmocka_unit_test(like_a_builder), cmocka_unit_test(worn), cmocka_unit_test(no_memory),
                                        cmocka_unit_test(readers_and_a_writer) };
    return cmocka_run_group_tests_name("zone edits", tests, NULL, NULL);
}
