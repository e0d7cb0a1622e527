/* SPDX-License-Identifier: Apache-2.0 */
#include "readers.h"


static void add(struct zone_table *t, const char *text, uint16_t klass, enum status want)
{
    struct name name = test_name(text);
    struct zone *z = zone_new(name_view_of(&name), klass);
    assert_int_equal(zone_table_add(t, z), want);
    zone_unref(z);
}

static const struct {
    const char *name;
    uint16_t klass;
    bool above;
    const char *want;   /* NULL: none */
} cases[] = {
    { "example.", CLASS_IN, false, "example." },           { "EXAMPLE.", CLASS_IN, false, "example." },
    { "www.example.", CLASS_IN, false, "example." },       { "sub.example.", CLASS_IN, false, "sub.example." },
    { "a.b.sub.example.", CLASS_IN, false, "sub.example." }, { "sub.example.", CLASS_IN, true, "example." },
    { "example.", CLASS_IN, true, NULL },                  { "xsub.example.", CLASS_IN, false, "example." },
    { "org.", CLASS_IN, false, NULL },                     { ".", CLASS_IN, false, NULL },
    { ".", CLASS_IN, true, NULL },                         { "example.", CLASS_CH, false, "." },
    { ".", CLASS_CH, false, "." },                         { "example.", CLASS_HS, false, NULL },
    { "deep.a.b.c.d.e.test.", CLASS_IN, false, "a.b.c.d.e.test." }, { "b.c.d.e.test.", CLASS_IN, false, NULL },
};

static void longest_suffix(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_new();
    struct zone_table *t = zone_table_new(epoch);
    add(t, "example.", CLASS_IN, OK);
    add(t, "Sub.example.", CLASS_IN, OK);
    add(t, "a.b.c.d.e.test.", CLASS_IN, OK);
    add(t, ".", CLASS_CH, OK);
    add(t, "EXAMPLE.", CLASS_IN, E_EXISTS);
    assert_int_equal(zone_table_count(t), 4);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name name = test_name(cases[i].name);
        struct zone *z = zone_table_find(t, name_view_of(&name), cases[i].klass, cases[i].above);
        if (!z != !cases[i].want)
            fail_msg("%s: %s", cases[i].name, z ? "found" : "missed");
        if (!z)
            continue;
        struct name want = test_name(cases[i].want);
        assert_true(name_equal(zone_name(z), name_view_of(&want)));
    }
    struct name name = test_name("example.");
    struct zone *other = zone_new(name_view_of(&name), CLASS_IN), *stranger;
    assert_int_equal(zone_table_replace(t, other), OK);
    assert_ptr_equal(zone_table_get(t, name_view_of(&name), CLASS_IN), other);
    assert_int_equal(zone_table_count(t), 4);
    zone_unref(other);
    name = test_name("www.example.");
    stranger = zone_new(name_view_of(&name), CLASS_IN);
    assert_int_equal(zone_table_replace(t, stranger), E_NOT_FOUND);
    zone_unref(stranger);
    assert_null(zone_table_get(t, name_view_of(&name), CLASS_IN));
    assert_int_equal(zone_table_remove(t, name_view_of(&name), CLASS_IN), E_NOT_FOUND);
    name = test_name("sub.example.");
    assert_non_null(zone_table_get(t, name_view_of(&name), CLASS_IN));
    assert_int_equal(zone_table_remove(t, name_view_of(&name), CLASS_IN), OK);
    assert_null(zone_table_get(t, name_view_of(&name), CLASS_IN));
    struct zone *z = zone_table_find(t, name_view_of(&name), CLASS_IN, false);
    assert_int_equal(zone_name(z).labels, 1);
    zone_table_free(t);
    epoch_free(epoch);
}

/* Thousands come and go; what is left is found, the rest is not. */
static void grows_and_shrinks(void **state)
{
    (void)state;
    enum { ZONES = 3000 };
    struct epoch *epoch = epoch_new();
    struct zone_table *t = zone_table_new(epoch);
    char text[64];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < ZONES; i++) {
            snprintf(text, sizeof text, "z%d.%s", i, i % 3 ? "example." : "");
            add(t, text, CLASS_IN, round && i % 2 == 0 ? E_EXISTS : OK);
        }
        assert_int_equal(zone_table_count(t), ZONES);
        for (int i = 1; i < ZONES; i += 2) {
            snprintf(text, sizeof text, "z%d.%s", i, i % 3 ? "example." : "");
            struct name name = test_name(text);
            assert_int_equal(zone_table_remove(t, name_view_of(&name), CLASS_IN), OK);
        }
        epoch_reclaim(epoch);
    }
    assert_int_equal(zone_table_count(t), ZONES / 2);
    size_t seen = 0;
    struct zone *z;
    for (size_t position = 0; zone_table_next(t, &position, &z); seen++)
        assert_ptr_equal(zone_table_get(t, zone_name(z), CLASS_IN), z);
    assert_int_equal(seen, ZONES / 2);
    zone_table_free(t);
    epoch_free(epoch);
}

static void no_memory(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_new();
    for (uint64_t n = 1; n <= 2; n++) {
        fault_after(n);
        assert_null(zone_table_new(epoch));
    }
    fault_after(0);
    struct zone_table *t = zone_table_new(epoch);
    struct name origin = test_name("example.");
    size_t failed = 0;
    for (int i = 0; i < 100; i++) {
        struct name name;
        char label[16];
        int length = snprintf(label, sizeof label, "z%d", i);
        assert_int_equal(name_prepend((const uint8_t *)label, (size_t)length, name_view_of(&origin), &name), OK);
        struct zone *z = zone_new(name_view_of(&name), CLASS_IN);
        fault_after(1);
        enum status st = zone_table_add(t, z);
        fault_after(0);
        failed += st == E_NOMEM;
        if (st == E_NOMEM) {
            assert_null(zone_table_get(t, name_view_of(&name), CLASS_IN));
            assert_int_equal(zone_table_add(t, z), OK);
        }
        assert_ptr_equal(zone_table_get(t, name_view_of(&name), CLASS_IN), z);
        zone_unref(z);
    }
    assert_true(failed > 1);
    zone_table_free(t);
    epoch_free(epoch);
}

/* ---- readers beside a writer ---- */

enum { CHURN = 64, ROUNDS = 400 };
struct stress {
    struct zone_table *table;
    struct epoch *epoch;
    struct name names[CHURN];
    _Atomic bool stop;
    _Atomic uint64_t lookups;
};

/* The parent is always there, so something is found for each name; a version is whole. */
static bool read_one(struct stress *s, size_t i)
{
    struct zone *z = zone_table_find(s->table, name_view_of(&s->names[i]), CLASS_IN, false);
    if (!z)
        return false;
    const struct zone_version *v = zone_current(z);
    struct rrset soa = v ? zone_version_soa(v) : (struct rrset){ 0 };
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    if (v && (!rrset_next(soa.records, soa.bytes, &offset, &rdata, &size) || zone_version_serial(v) != rdata_soa(rdata, size).serial))
        return false;
    return name_below(name_view_of(&s->names[i]), zone_name(z)) && (!v || zone_find(v, zone_name(z)).outcome == ZONE_HIT);
}

static void *reader(void *argument)
{
    struct stress *s = argument;
    struct epoch_reader *me;
    if (epoch_join(s->epoch, &me) != OK)
        return NULL;
    bool good = true;
    for (size_t i = 0; good && !atomic_load(&s->stop); i++) {
        good = read_one(s, i % CHURN);
        if (i % 16 == 0)
            epoch_quiet(me);
        atomic_fetch_add_explicit(&s->lookups, 1, memory_order_relaxed);
    }
    epoch_leave(me);
    return good ? s : NULL;
}

static void writer(struct stress *s)
{
    for (int round = 0; round < ROUNDS || atomic_load(&s->lookups) < 1000; round++) {
        size_t i = (size_t)(round * 7) % CHURN;
        struct zone *z = zone_table_get(s->table, name_view_of(&s->names[i]), CLASS_IN);
        if (z && round % 3 == 0) {
            assert_int_equal(zone_table_remove(s->table, name_view_of(&s->names[i]), CLASS_IN), OK);
        } else if (!z) {
            z = zone_new(name_view_of(&s->names[i]), CLASS_IN);
            assert_int_equal(zone_table_add(s->table, z), OK);
            zone_unref(z);
        }
        z = zone_table_find(s->table, name_view_of(&s->names[i]), CLASS_IN, false);
        char origin[NAME_TEXT_ROOM], text[128];
        snprintf(text, sizeof text, "@ 60 SOA ns a %d 2 3 4 5\n", round);
        zone_publish(z, round % 11 ? test_zone(name_to_text(zone_name(z), origin), text) : NULL, s->epoch);
        epoch_reclaim(s->epoch);
    }
}

static void readers_and_a_writer(void **state)
{
    (void)state;
    static struct stress s;
    s.epoch = epoch_new();
    s.table = zone_table_new(s.epoch);
    add(s.table, "example.", CLASS_IN, OK);
    for (int i = 0; i < CHURN; i++) {
        char text[64];
        snprintf(text, sizeof text, "z%d.%sexample.", i, i % 2 ? "deep." : "");
        s.names[i] = test_name(text);
    }
    struct readers readers;
    readers_start(&readers, reader, &s);
    writer(&s);
    readers_end(&readers, &s.stop, &s);
    zone_table_free(s.table);
    epoch_free(s.epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(longest_suffix), cmocka_unit_test(grows_and_shrinks),
                                        cmocka_unit_test(no_memory), cmocka_unit_test(readers_and_a_writer) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
