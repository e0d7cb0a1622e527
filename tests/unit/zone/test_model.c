/* SPDX-License-Identifier: Apache-2.0 */
/* Random small zones: what the version says must be what a plain list of records says, looked through from end to end. */
#include "build.h"

enum { RECORDS = 24, ZONES = 600, QUERIES = 400, NAME_DEPTH = 4 };

struct model_record {
    struct name owner;
    uint16_t type;
};
struct model {
    struct name origin;
    struct model_record records[RECORDS + 1];
    size_t count;
};

static uint64_t dice_state = 42;
static uint32_t dice(uint32_t sides)
{
    dice_state = dice_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(dice_state >> 33) % sides;
}

static struct name random_name(const struct name *origin)
{
    static const char *const labels[] = { "a", "b", "*", "A", "aa", "B", "c", "*" };
    struct name out = *origin;
    for (uint32_t depth = dice(NAME_DEPTH + 1); depth > 0; depth--) {
        const char *label = labels[dice(LENGTH_OF(labels))];
        assert_int_equal(name_prepend((const uint8_t *)label, strlen(label), name_view_of(&out), &out), OK);
    }
    return out;
}

/* ---- the model: linear searches only ---- */

static bool model_has(const struct model *m, struct name_view name, uint16_t type)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->records[i].type == type && name_equal(name_view_of(&m->records[i].owner), name))
            return true;
    return false;
}

static bool model_exists(const struct model *m, struct name_view name)
{
    for (size_t i = 0; i < m->count; i++)
        if (name_below(name_view_of(&m->records[i].owner), name))
            return true;
    return false;
}

struct verdict {
    enum zone_outcome outcome;
    struct name node;
    struct name_view encloser;
    bool exact;
};

/* RFC 1034 4.3.2 step 3: match down label by label from the apex. */
static struct verdict model_find(const struct model *m, struct name_view name)
{
    struct name_view origin = name_view_of(&m->origin), longest = origin;
    struct verdict out = { .outcome = ZONE_OUTSIDE };
    bool hidden = false;
    if (!name_below(name, origin))
        return out;
    unsigned depth = (unsigned)name.labels - origin.labels;
    for (unsigned n = 0; n <= depth; n++) {
        struct name_view at = name_strip(name, depth - n);
        if (!model_exists(m, at))
            break;
        longest = at;
        bool cut = n > 0 && model_has(m, at, TYPE_NS), dname = n < depth && model_has(m, at, TYPE_DNAME);
        if (hidden || !(cut || dname))
            continue;
        hidden = true;
        out.outcome = cut ? ZONE_CUT : ZONE_DNAME;
        out.node = name_copy(at);
        out.exact = cut && n == depth;
    }
    out.encloser = longest;
    if (hidden)
        return out;
    if (longest.labels == name.labels) {
        out.outcome = ZONE_HIT;
        out.node = name_copy(name);
        out.exact = true;
        return out;
    }
    assert_int_equal(name_prepend((const uint8_t *)"*", 1, longest, &out.node), OK);
    out.outcome = model_exists(m, name_view_of(&out.node)) ? ZONE_WILDCARD : ZONE_ABSENT;
    return out;
}

/* ---- comparing ---- */

static void compare_find(const struct zone_version *v, const struct model *m, struct name_view name)
{
    struct verdict want = model_find(m, name);
    struct zone_found got = zone_find(v, name);
    assert_int_equal(got.outcome, want.outcome);
    assert_int_equal(got.exact, want.exact);
    if (want.outcome == ZONE_OUTSIDE)
        return;
    bool hidden = want.outcome == ZONE_CUT || want.outcome == ZONE_DNAME;
    assert_true(name_equal(zone_node_name(v, got.encloser), hidden ? name_view_of(&want.node) : want.encloser));
    if (want.outcome == ZONE_ABSENT)
        assert_null(got.node);
    else
        assert_true(name_equal(zone_node_name(v, got.node), name_view_of(&want.node)));
    const struct zone_node *node = zone_node_find(v, name);
    assert_int_equal(node != NULL, model_exists(m, name));
    struct rrset set;
    static const uint16_t types[] = { TYPE_A, TYPE_NS, TYPE_DNAME, TYPE_TXT };
    for (size_t i = 0; node && i < LENGTH_OF(types); i++)
        assert_int_equal(zone_node_rrset(v, node, types[i], &set), model_has(m, name, types[i]));
}

static void compare_order(const struct zone_version *v)
{
    for (uint32_t i = 0; i < zone_version_nodes(v); i++) {
        const struct zone_node *n = zone_version_node(v, i);
        assert_ptr_equal(zone_node_find(v, zone_node_name(v, n)), n);
        if (i > 0) {
            assert_true(name_compare(zone_node_name(v, zone_version_node(v, i - 1)), zone_node_name(v, n)) < 0);
            struct name_view up = name_strip(zone_node_name(v, n), 1);
            assert_true(name_equal(zone_node_name(v, zone_node_parent(v, n)), up));
        }
    }
    assert_null(zone_version_node(v, zone_version_nodes(v)));
}

static void random_zone(struct model *m)
{
    static const uint16_t types[] = { TYPE_A, TYPE_A, TYPE_TXT, TYPE_NS, TYPE_DNAME, TYPE_A };
    static const uint8_t rdata[] = { 1, 'x', 0 }; /* good as a name; nobody checks it here */
    struct zone_builder *b = NULL;
    struct zone_version *v = NULL;
    m->origin = test_name(dice(4) ? "zone.test." : ".");
    assert_int_equal(zone_builder_new(name_view_of(&m->origin), CLASS_IN, &b), OK);
    m->count = dice(RECORDS) + 1;
    for (size_t i = 0; i < m->count; i++) {
        m->records[i].owner = i ? random_name(&m->origin) : m->origin;
        m->records[i].type = i ? types[dice(LENGTH_OF(types))] : TYPE_A;
        bool address = m->records[i].type == TYPE_A || m->records[i].type == TYPE_TXT;
        uint8_t four[4] = { 3, 'a', 'b', (uint8_t)dice(3) };
        assert_int_equal(zone_builder_add(b, name_view_of(&m->records[i].owner), m->records[i].type, 60, address ? four : rdata,
                                          address ? 4 : 3, NULL), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    compare_order(v);
    for (int i = 0; i < QUERIES; i++) {
        struct name name = random_name(&m->origin);
        compare_find(v, m, name_view_of(&name));
    }
    zone_version_free(v);
}

static void like_the_model(void **state)
{
    (void)state;
    static struct model m;
    for (int i = 0; i < ZONES; i++)
        random_zone(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(like_the_model) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
