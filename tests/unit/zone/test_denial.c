/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

static const char nsec_text[] = "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\n@ 60 NSEC b NS SOA NSEC\nb 60 A 192.0.2.1\nb 60 NSEC cut A NSEC\n"
                                "cut 60 NS ns.cut\ncut 60 NSEC leaf.ent NS NSEC\nns.cut 60 A 192.0.2.2\nns.cut 60 NSEC x A\n"
                                "leaf.ent 60 A 192.0.2.3\nleaf.ent 60 NSEC *.w A\n*.w 60 A 192.0.2.4\n*.w 60 NSEC @ A\nnochain 60 A 192.0.2.5\n";
static const struct {
    const char *name, *want;
} nsec_cases[] = {
    { "@", "example." }, { "a", "example." }, { "b", "b.example." }, { "B", "b.example." }, { "x.b", "b.example." }, { "c", "b.example." },
    { "cut", "cut.example." }, { "ns.cut", "cut.example." }, { "zz.cut", "cut.example." }, { "d", "cut.example." }, { "ent", "cut.example." },
    { "leaf.ent", "leaf.ent.example." }, { "nochain", "leaf.ent.example." }, { "w", "leaf.ent.example." }, { "*.w", "*.w.example." },
    { "a.w", "*.w.example." }, { "zzz", "*.w.example." }, { "\\000", "example." },
};

static void nsec(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", nsec_text);
    assert_int_equal(zone_version_denial(v), ZONE_DENIAL_NSEC);
    struct nsec3 params;
    bool match;
    assert_false(zone_version_nsec3(v, &params));
    assert_null(zone_nsec3_find(v, (const uint8_t[20]){ 0 }, 20, &match));
    for (size_t i = 0; i < LENGTH_OF(nsec_cases); i++) {
        struct name name;
        char text[NAME_TEXT_ROOM];
        assert_int_equal(name_parse(slice_string(nsec_cases[i].name), zone_version_origin(v), &name), OK);
        const struct zone_node *n = zone_nsec_find(v, name_view_of(&name));
        assert_non_null(n);
        if (strcmp(name_to_text(zone_node_name(v, n), text), nsec_cases[i].want) != 0)
            fail_msg("%s: %s", nsec_cases[i].name, text);
    }
    zone_version_free(v);
}

static void none(void **state)
{
    (void)state;
    static const char *const zones[] = {
        "@ 60 SOA ns a 1 2 3 4 5\n",
        "@ 60 SOA ns a 1 2 3 4 5\nx 60 NSEC @ A\n",                                            /* not at the apex */
        "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 0 -\n",                                  /* no chain */
        "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 0 -\n"                                   /* another chain */
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 1 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
        "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 1 0 -\n"                                   /* flags: RFC 5155 4.1.2 */
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
        "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 0 -\n"                                   /* not a hash */
        "www 60 NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
    };
    for (size_t i = 0; i < LENGTH_OF(zones); i++) {
        struct zone_version *v = test_zone("example.", zones[i]);
        bool match;
        if (zone_version_denial(v) != ZONE_DENIAL_NONE)
            fail_msg("zone %zu has a chain", i);
        assert_null(zone_nsec_find(v, zone_version_origin(v)));
        assert_null(zone_nsec3_find(v, (const uint8_t[20]){ 0 }, 20, &match));
        zone_version_free(v);
    }
}

/* Chains of 1 to 64 random hashes, some alike in their first octets, against a search from end to end. */
enum { HASHES = 64 };
struct chain {
    uint8_t hashes[HASHES][20];
    size_t count;
};

static uint32_t dice_state = 7;
static uint8_t dice(void) { return (uint8_t)((dice_state = dice_state * 1103515245 + 12345) >> 16); }

static struct zone_version *chain_zone(struct chain *chain, size_t count)
{
    struct name origin = test_name("example.");
    struct zone_builder *b;
    struct zone_version *v;
    static const uint8_t param[] = { 1, 0, 0, 0, 0 };
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    assert_int_equal(zone_builder_add(b, name_view_of(&origin), TYPE_NSEC3PARAM, 60, param, sizeof param, NULL), OK);
    chain->count = count;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 20; k++)
            chain->hashes[i][k] = i % 3 && k < 9 ? chain->hashes[i - 1][k] : dice();
        struct text label;
        char room[64];
        struct name owner;
        text_fixed(&label, room, sizeof room);
        text_add_base32hex(&label, chain->hashes[i], 20);
        assert_int_equal(name_prepend((const uint8_t *)room, 32, name_view_of(&origin), &owner), OK);
        uint8_t rdata[6 + 20] = { 1, 0, 0, 0, 0, 20 };
        assert_int_equal(zone_builder_add(b, name_view_of(&owner), TYPE_NSEC3, 60, rdata, sizeof rdata, NULL), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    return v;
}

/* The greatest that is not above, or the greatest of all. */
static const uint8_t *chain_search(const struct chain *chain, const uint8_t *hash)
{
    const uint8_t *best = NULL, *last = chain->hashes[0];
    for (size_t i = 0; i < chain->count; i++) {
        const uint8_t *at = chain->hashes[i];
        if (memcmp(at, last, 20) > 0)
            last = at;
        if (memcmp(at, hash, 20) <= 0 && (!best || memcmp(at, best, 20) > 0))
            best = at;
    }
    return best ? best : last;
}

static void nsec3(void **state)
{
    (void)state;
    static struct chain chain;
    for (size_t count = 1; count <= HASHES; count++) {
        struct zone_version *v = chain_zone(&chain, count);
        assert_int_equal(zone_version_denial(v), ZONE_DENIAL_NSEC3);
        for (int round = 0; round < 500; round++) {
            uint8_t hash[20], got[20];
            size_t near = dice() % count, length;
            for (size_t k = 0; k < 20; k++)
                hash[k] = round % 2 && k < 15 ? chain.hashes[near][k] : dice();
            if (round % 7 == 0)
                memcpy(hash, chain.hashes[near], 20);
            bool match;
            const struct zone_node *n = zone_nsec3_find(v, hash, 20, &match);
            assert_non_null(n);
            assert_true(zone_node_is_nsec3(n));
            const uint8_t *owner = zone_node_name(v, n).wire;
            assert_int_equal(base32hex_decode(slice_of((const char *)owner + 1, 32), got, 20, &length), OK);
            assert_memory_equal(got, chain_search(&chain, hash), 20);
            assert_int_equal(match, memcmp(got, hash, 20) == 0);
        }
        zone_version_free(v);
    }
}

/* While parameters change two chains are in the zone; the fuller one is used. */
static void two_chains(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 0 -\n@ 60 NSEC3PARAM 1 0 5 ab\n"
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 5 ab 2p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
        "1p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 0 - 1p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
        "2p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 5 ab 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
    struct nsec3 params;
    struct zone_nsec3_record record;
    bool match;
    assert_true(zone_version_nsec3(v, &params));
    assert_int_equal(params.iterations, 5);
    assert_int_equal(params.salt_length, 1);
    uint8_t hash[20] = { 0x0e }; /* 1o... */
    const struct zone_node *n = zone_nsec3_find(v, hash, 20, &match);
    assert_int_equal(zone_node_name(v, n).wire[1], '0');
    assert_true(zone_node_nsec3(v, n, &record));
    assert_int_equal(record.fields.iterations, 5);
    struct name other = test_name("1p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.");
    assert_null(zone_node_find(v, name_view_of(&other)));
    zone_version_free(v);
}

/* RFC 5155 7.2.8: hidden unless something else gives the name a reason to be. */
static void hidden_names(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 0 -\n"
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 +NSEC3 1 0 0 - 1p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
        "1p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 0 - 2p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
        "1p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 A 192.0.2.1\n"
        "2p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
        "x.2p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 A 192.0.2.1\n"
        "deep.0p9mhaveqvm6t7vbl5lop2u3t2rp3tan 60 NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
    static const struct {
        const char *name;
        enum zone_outcome want;
    } cases[] = {
        { "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.", ZONE_ABSENT }, { "1p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.", ZONE_HIT },
        { "2p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.", ZONE_HIT },    { "deep.0p9mhaveqvm6t7vbl5lop2u3t2rp3tan.example.", ZONE_HIT },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name name = test_name(cases[i].name);
        if (zone_find(v, name_view_of(&name)).outcome != cases[i].want)
            fail_msg("%s", cases[i].name);
    }
    assert_int_equal(zone_version_nodes(v), 1 + 3 + 1 + 2);
    zone_version_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nsec), cmocka_unit_test(none), cmocka_unit_test(nsec3),
                                        cmocka_unit_test(two_chains), cmocka_unit_test(hidden_names) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
