/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of a small zone, drawn from octets: after each the version must be what a builder makes of the same records, which are kept in
 * a plain list.  Shared by the fuzzers and the unit tests. */
#ifndef FUZZ_ZONE_EDIT_MODEL_H
#define FUZZ_ZONE_EDIT_MODEL_H

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone/edit.h"

enum { MODEL_RECORDS = 512, MODEL_RDATA = 96, MODEL_NAMES = 48, MODEL_HELD = 4 };

struct model_dice { const uint8_t *data; size_t size, at; };
struct model_record {
    struct name owner;
    uint32_t ttl;
    uint16_t type, size;
    uint8_t rdata[MODEL_RDATA];
};
struct edit_model {
    struct name origin;
    struct model_record records[MODEL_RECORDS];
    size_t count;
    uint32_t serial;
};

static inline bool model_over(const struct model_dice *d) { return d->at >= d->size; }
static inline unsigned model_draw(struct model_dice *d, unsigned sides)
{
    unsigned octet = model_over(d) ? 0 : d->data[d->at++];
    return octet % sides;
}

/* ---- names and records ---- */

/* Four of 20 octets each, as labels. */
static const char *const model_hashes[] = { "00000000000000000000000000000000", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "k8udemvp1j2f7eg6jebps17vp3n8i58h",
                                            "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv" };

static inline struct name model_name(const struct edit_model *m, struct model_dice *d)
{
    static const char *const labels[] = { "a", "b", "*", "c", "dd" };
    struct name out = m->origin;
    unsigned kind = model_draw(d, 16), depth = kind / 4;
    if (kind <= 1) {                /* an owner of NSEC3, perhaps, or a name below it */
        const char *hash = model_hashes[model_draw(d, 4)];
        assert(name_prepend((const uint8_t *)hash, strlen(hash), name_view_of(&out), &out) == OK);
        depth = kind;
    }
    for (; depth > 0; depth--) {
        const char *label = labels[model_draw(d, 5)];
        assert(name_prepend((const uint8_t *)label, strlen(label), name_view_of(&out), &out) == OK);
    }
    return out;
}

static inline size_t model_put(uint8_t *to, const void *octets, size_t size)
{
    memcpy(to, octets, size);
    return size;
}

static inline size_t model_nsec3(struct model_dice *d, uint8_t *to)
{
    static const uint8_t head[2][6] = { { 1, 0, 0, 0, 1, 0xaa }, { 1, 0, 0, 1, 1, 0xbb } };
    size_t size = model_put(to, head[model_draw(d, 2)], 6);
    to[size++] = 20;
    memset(to + size, (int)model_draw(d, 3), 20);
    size += 20;
    return size + model_put(to + size, "\0\1\x40", 3);
}

static inline void model_rdata(const struct edit_model *m, struct model_dice *d, struct model_record *r)
{
    static const uint8_t params[][6] = { { 1, 0, 0, 0, 1, 0xaa }, { 1, 0, 0, 1, 1, 0xbb }, { 1, 1, 0, 0, 1, 0xaa }, { 2, 0, 0, 0, 1, 0xaa } };
    struct name target;
    size_t size = 0;
    switch (r->type) {
    case TYPE_A:
        size = model_put(r->rdata, "\xc0\0\2", 3);
        r->rdata[size++] = (uint8_t)model_draw(d, 3);
        break;
    case TYPE_MX:
        size = model_put(r->rdata, "\0\5", 2);
        /* fall through */
    case TYPE_NS: case TYPE_CNAME: case TYPE_DNAME: case TYPE_NSEC:
        target = model_name(m, d);
        size += model_put(r->rdata + size, target.wire, target.length);
        if (r->type == TYPE_NSEC)
            size += model_put(r->rdata + size, "\0\1\x40", 3);
        break;
    case TYPE_NSEC3:
        size = model_nsec3(d, r->rdata);
        break;
    case TYPE_NSEC3PARAM:
        size = model_put(r->rdata, params[model_draw(d, 4)], 6);
        break;
    case TYPE_RRSIG: {
        static const uint16_t covered[] = { TYPE_A, TYPE_NS, TYPE_SOA, TYPE_NSEC, TYPE_NSEC3, TYPE_TXT, TYPE_DS };
        memset(r->rdata, 0, 18);
        put_u16(r->rdata, covered[model_draw(d, LENGTH_OF(covered))]);
        size = 18 + model_put(r->rdata + 18, m->origin.wire, m->origin.length);
        r->rdata[size++] = (uint8_t)model_draw(d, 2);
        break;
    }
    case TYPE_DS:
        size = model_put(r->rdata, "\0\1\15\2\1\2\3\4", 8);
        break;
    default:                        /* TXT, and types that nobody knows: long directories */
        size = model_put(r->rdata, "\1x", 2);
    }
    r->size = (uint16_t)size;
}

static inline struct model_record model_record(const struct edit_model *m, struct model_dice *d)
{
    static const uint16_t types[] = { TYPE_A, TYPE_A, TYPE_NS, TYPE_NS, TYPE_DNAME, TYPE_CNAME, TYPE_MX, TYPE_NSEC, TYPE_NSEC, TYPE_NSEC3, TYPE_NSEC3,
                                      TYPE_NSEC3PARAM, TYPE_RRSIG, TYPE_RRSIG, TYPE_DS, TYPE_TXT };
    struct model_record r = { .ttl = 30 + model_draw(d, 3) };
    unsigned type = model_draw(d, 20);
    r.type = type < LENGTH_OF(types) ? types[type] : (uint16_t)(65300 + model_draw(d, 12));
    r.owner = model_name(m, d);
    if (r.type == TYPE_NSEC3PARAM || (type == 7 && model_draw(d, 2)))
        r.owner = m->origin;
    if (r.type == TYPE_NSEC3 && model_draw(d, 8)) {
        const char *hash = model_hashes[model_draw(d, 4)];
        r.owner = m->origin;
        assert(name_prepend((const uint8_t *)hash, strlen(hash), name_view_of(&r.owner), &r.owner) == OK);
    }
    model_rdata(m, d, &r);
    return r;
}

static inline struct model_record model_soa(const struct edit_model *m, struct model_dice *d)
{
    struct model_record r = { .owner = m->origin, .ttl = 30 + model_draw(d, 3), .type = TYPE_SOA, .size = 24 };
    memcpy(r.rdata, "\1n\0\0", 4);
    put_u32(r.rdata + 4, m->serial);
    put_u32(r.rdata + 20, 29 + model_draw(d, 4));
    return r;
}

/* ---- the list ---- */

static inline unsigned model_group(const struct model_record *r) { return r->type == TYPE_RRSIG ? get_u16(r->rdata) * 2u + 1 : r->type * 2u; }

static inline bool model_same_owner(const struct model_record *a, const struct name *owner) { return name_equal(name_view_of(&a->owner), name_view_of(owner)); }

static inline void model_drop(struct edit_model *m, size_t i) { m->records[i] = m->records[--m->count]; }

static inline size_t model_index(const struct edit_model *m, const struct model_record *r)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->records[i].type == r->type && m->records[i].size == r->size && model_same_owner(&m->records[i], &r->owner) &&
            memcmp(m->records[i].rdata, r->rdata, r->size) == 0)
            return i;
    return SIZE_MAX;
}

static inline bool model_add(struct edit_model *m, const struct model_record *r)
{
    if (m->count == MODEL_RECORDS)
        return false;
    for (size_t i = 0; i < m->count; i++)
        if (model_same_owner(&m->records[i], &r->owner) && model_group(&m->records[i]) == model_group(r))
            m->records[i].ttl = r->ttl;
    if (model_index(m, r) == SIZE_MAX)
        m->records[m->count++] = *r;
    return true;
}

/* type: RRSIG all signatures, ANY everything */
static inline void model_clear(struct edit_model *m, const struct name *owner, uint16_t type)
{
    for (size_t i = m->count; i-- > 0;) {
        const struct model_record *r = &m->records[i];
        bool of_type = type == TYPE_ANY || (type == TYPE_RRSIG ? r->type == TYPE_RRSIG : model_group(r) / 2 == type);
        if (of_type && model_same_owner(r, owner))
            model_drop(m, i);
    }
}

static inline struct zone_version *model_build(const struct edit_model *m)
{
    struct zone_builder *b = NULL;
    struct zone_version *v = NULL;
    assert(zone_builder_new(name_view_of(&m->origin), CLASS_IN, &b) == OK);
    for (size_t i = 0; i < m->count; i++) {
        const struct model_record *r = &m->records[i];
        assert(zone_builder_add(b, name_view_of(&r->owner), r->type, r->ttl, r->rdata, r->size, NULL) == OK);
    }
    assert(zone_builder_finish(b, false, &v) == OK);
    return v;
}

static inline void model_begin(struct edit_model *m, struct model_dice *d)
{
    memset(m, 0, sizeof *m);
    assert(name_parse(slice_string(model_draw(d, 4) ? "z.test." : "."), (struct name_view){ 0 }, &m->origin) == OK);
    m->serial = 1;
    struct model_record r = model_soa(m, d);
    (void)model_add(m, &r);
    for (unsigned n = model_draw(d, 64); n > 0; n--) {
        r = model_record(m, d);
        (void)model_add(m, &r);
    }
}

/* The SOA, and perhaps a signature over it. */
static inline void model_change_soa(struct edit_model *m, struct zone_edit *edit, struct model_dice *d)
{
    m->serial++;
    struct model_record r = model_soa(m, d);
    model_clear(m, &m->origin, TYPE_SOA);
    (void)model_add(m, &r);
    assert(zone_edit_replace_soa(edit, r.ttl, r.rdata, r.size) == OK);
    for (unsigned sigs = model_draw(d, 3); sigs > 0; sigs--) {
        r = (struct model_record){ .owner = m->origin, .ttl = 30 + model_draw(d, 3), .type = TYPE_RRSIG, .size = (uint16_t)(18 + m->origin.length + 1) };
        put_u16(r.rdata, TYPE_SOA);
        memcpy(r.rdata + 18, m->origin.wire, m->origin.length);
        r.rdata[r.size - 1] = (uint8_t)model_draw(d, 256);
        if (model_add(m, &r))
            assert(zone_edit_add(edit, name_view_of(&r.owner), r.type, r.ttl, r.rdata, r.size) == OK);
    }
}

/* One change to both.  @return removals in vain */
static inline unsigned model_change(struct edit_model *m, struct zone_edit *edit, struct model_dice *d)
{
    unsigned what = model_draw(d, 16);
    struct model_record r = model_record(m, d);
    struct name_view owner = name_view_of(&r.owner);
    if (what < 7) {
        if (model_add(m, &r))
            assert(zone_edit_add(edit, owner, r.type, r.ttl, r.rdata, r.size) == OK);
    } else if (what < 12) {
        size_t at = model_index(m, &r);
        if (what < 11 && m->count > 0) {        /* one that is there */
            at = (model_draw(d, 256) + 7 * what) % m->count;
            r = m->records[at];
        }
        if (r.type == TYPE_SOA)
            return 0;
        assert(zone_edit_remove(edit, name_view_of(&r.owner), r.type, r.rdata, r.size) == OK);
        if (at == SIZE_MAX)
            return 1;
        model_drop(m, at);
    } else if (what == 12) {
        model_clear(m, &r.owner, r.type);
        assert(zone_edit_remove_rrset(edit, owner, r.type) == OK);
    } else if (what == 13 && owner.labels > name_view_of(&m->origin).labels) {
        model_clear(m, &r.owner, TYPE_ANY);
        assert(zone_edit_remove_name(edit, owner) == OK);
    } else {
        model_change_soa(m, edit, d);
    }
    return 0;
}

/* ---- comparing ---- */

static inline void same_name(const struct zone_version *v, const struct zone_node *a, const struct zone_version *w, const struct zone_node *b)
{
    assert(!a == !b);
    assert(!a || name_equal(zone_node_name(v, a), zone_node_name(w, b)));
}

static inline void same_octets(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    assert(a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0));
}

static inline void same_set(const struct rrset *a, const struct rrset *b)
{
    assert(a->type == b->type && a->count == b->count && a->ttl == b->ttl && a->sig_count == b->sig_count && a->sig_ttl == b->sig_ttl);
    same_octets(a->records, a->bytes, b->records, b->bytes);
    same_octets(a->sigs, a->sig_bytes, b->sigs, b->sig_bytes);
}

static inline void same_node(const struct zone_version *v, const struct zone_node *a, const struct zone_version *w, const struct zone_node *b)
{
    struct rrset one, two;
    size_t at = 0, at_b = 0;
    same_name(v, a, w, b);
    assert(zone_node_is_empty(a) == zone_node_is_empty(b) && zone_node_is_cut(a) == zone_node_is_cut(b) && zone_node_is_nsec3(a) == zone_node_is_nsec3(b));
    assert(zone_version_occludes(v, a) == zone_version_occludes(w, b));
    same_name(v, zone_node_parent(v, a), w, zone_node_parent(w, b));
    same_name(v, zone_node_top(v, a), w, zone_node_top(w, b));
    while (zone_node_rrset_next(v, a, &at, &one)) {
        assert(zone_node_rrset_next(w, b, &at_b, &two));
        same_set(&one, &two);
        struct rrset again;
        assert(zone_node_rrset(v, a, one.type, &again) == (one.count > 0));
        if (one.count > 0)
            same_set(&one, &again);
    }
    assert(!zone_node_rrset_next(w, b, &at_b, &two));
    const struct zone_node *found = zone_node_find(v, zone_node_name(v, a));
    assert(!found == !zone_node_find(w, zone_node_name(v, a)) && (!found || found == a));
}

static inline void same_find(const struct zone_version *v, const struct zone_version *w, struct name_view name)
{
    struct zone_found a = zone_find(v, name), b = zone_find(w, name);
    assert(a.outcome == b.outcome && a.exact == b.exact);
    same_name(v, a.node, w, b.node);
    same_name(v, a.encloser, w, b.encloser);
    same_name(v, zone_node_find(v, name), w, zone_node_find(w, name));
    if (a.outcome == ZONE_OUTSIDE)
        return;
    struct zone_ahead ahead;
    zone_ahead_touch(v);
    zone_ahead_begin(&ahead, v, name);
    struct zone_found c = zone_find_ahead(v, name, &ahead);
    assert(c.outcome == a.outcome && c.node == a.node && c.encloser == a.encloser && c.exact == a.exact);
    zone_ahead_follow(&ahead, v);
    c = zone_find_ahead(v, name, &ahead);
    assert(c.outcome == a.outcome && c.node == a.node && c.encloser == a.encloser && c.exact == a.exact);
    same_name(v, zone_nsec_find(v, name), w, zone_nsec_find(w, name));
}

static inline void same_hash(const struct zone_version *v, const struct zone_version *w, const uint8_t hash[20])
{
    bool one = false, two = false;
    const struct zone_node *a = zone_nsec3_find(v, hash, 20, &one), *b = zone_nsec3_find(w, hash, 20, &two);
    same_name(v, a, w, b);
    assert(!a || one == two);
    if (!a)
        return;
    struct zone_nsec3_record x, y;
    assert(zone_node_nsec3(v, a, &x) && zone_node_nsec3(w, b, &y));
    same_octets(x.rdata, x.size, y.rdata, y.size);
}

static inline void same_hashes(const struct zone_version *v, const struct zone_version *w, struct model_dice *d)
{
    uint8_t hash[20];
    size_t length;
    for (size_t i = 0; i < LENGTH_OF(model_hashes); i++) {
        assert(base32hex_decode(slice_string(model_hashes[i]), hash, sizeof hash, &length) == OK);
        for (int step = -1; step <= 1; step++) {
            uint8_t near[20];
            memcpy(near, hash, sizeof near);
            near[19] = (uint8_t)(near[19] + step);
            same_hash(v, w, near);
        }
    }
    memset(hash, (int)model_draw(d, 256), sizeof hash);
    same_hash(v, w, hash);
}

static inline int compare_places(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* No two nodes have one place. */
static inline void own_places(const struct zone_version *v)
{
    static uint32_t places[MODEL_RECORDS * 8];
    uint32_t count = zone_version_nodes(v);
    assert(count <= LENGTH_OF(places));
    for (uint32_t i = 0; i < count; i++)
        places[i] = zone_node_place(v, zone_version_node(v, i));
    qsort(places, count, sizeof places[0], compare_places);
    for (uint32_t i = 1; i < count; i++)
        assert(places[i] != places[i - 1]);
}

static inline void same_head(const struct zone_version *v, const struct zone_version *w)
{
    assert(zone_version_nodes(v) == zone_version_nodes(w) && zone_version_records(v) == zone_version_records(w));
    assert(zone_version_fingerprint(v) == zone_version_fingerprint(w) && zone_version_serial(v) == zone_version_serial(w));
    assert(zone_version_negative_ttl(v) == zone_version_negative_ttl(w) && zone_version_class(v) == zone_version_class(w));
    assert(zone_version_denial(v) == zone_version_denial(w) && zone_version_is_signed(v) == zone_version_is_signed(w));
    assert(zone_version_has_soa(v) && zone_version_has_soa(w) && name_equal(zone_version_origin(v), zone_version_origin(w)));
    struct rrset a = zone_version_soa(v), b = zone_version_soa(w);
    same_set(&a, &b);
    struct nsec3 p, q;
    assert(zone_version_nsec3(v, &p) == zone_version_nsec3(w, &q));
    if (zone_version_nsec3(v, &p))
        assert(p.iterations == q.iterations && p.salt_length == q.salt_length && memcmp(p.salt, q.salt, p.salt_length) == 0);
}

/* The version `v`, whatever it is made of, is what the builder made. */
static inline void model_compare(const struct edit_model *m, const struct zone_version *v, const struct zone_version *w, struct model_dice *d)
{
    same_head(v, w);
    for (uint32_t i = 0; i < zone_version_nodes(v); i++)
        same_node(v, zone_version_node(v, i), w, zone_version_node(w, i));
    assert(!zone_version_node(v, zone_version_nodes(v)) && zone_version_node(v, 0) == zone_version_apex(v));
    own_places(v);
    for (uint32_t i = 0; i < zone_version_nodes(v); i++) {
        struct name below, name = name_copy(zone_node_name(w, zone_version_node(w, i)));
        same_find(v, w, name_view_of(&name));
        if (name_prepend((const uint8_t *)"b", 1, name_view_of(&name), &below) == OK)
            same_find(v, w, name_view_of(&below));
    }
    for (unsigned i = 0; i < 8; i++) {
        struct name name = model_name(m, d);
        same_find(v, w, name_view_of(&name));
    }
    same_find(v, w, name_root);
    same_hashes(v, w, d);
}

/* ---- versions that are held while others are made ---- */

struct model_held { struct zone_version *version, *like; };

static inline void held_check(const struct edit_model *m, struct model_held *held, struct model_dice *d, bool drop)
{
    if (held->version) {
        model_compare(m, held->version, held->like, d);
        if (!drop)
            return;
        zone_version_free(held->version);
        zone_version_free(held->like);
    }
    *held = (struct model_held){ 0 };
}

/* Edits `v` once.  The caller keeps v. */
static inline struct zone_version *model_edit(struct edit_model *m, const struct zone_version *v, struct model_dice *d)
{
    struct zone_edit *edit = NULL;
    struct zone_edited told;
    struct zone_version *next = NULL;
    assert(zone_edit_begin(v, &edit) == OK);
    bool soa_alone = model_draw(d, 4) == 0;
    if (soa_alone)
        model_change_soa(m, edit, d);
    for (unsigned n = soa_alone ? 0 : 1 + model_draw(d, 6); n > 0; n--)
        (void)model_change(m, edit, d);
    enum status st = zone_edit_finish(edit, &told, &next);
    assert(st == OK && (!soa_alone || (zone_version_identity(next) == zone_version_identity(v) && told.nodes == 1)));
    return next;
}

static inline struct zone_version *model_flatten(const struct zone_version *v)
{
    struct zone_version *flat = NULL;
    assert(zone_version_flatten(v, &flat) == OK && zone_version_is_flat(flat));
    return flat;
}

/* The whole property. */
static inline void model_run(const uint8_t *data, size_t size)
{
    static struct edit_model m;
    struct model_dice d = { data, size, 0 };
    struct model_held held[MODEL_HELD] = { 0 };
    model_begin(&m, &d);
    struct zone_version *v = model_build(&m), *then = NULL;
    while (!model_over(&d)) {
        unsigned what = model_draw(&d, 16);
        if (what == 0 && !then) {
            zone_version_hold(v);
            then = v;
            continue;
        }
        if (what == 1 && then) {                /* what was begun to be flattened is ready, and goes on from there */
            struct zone_version *flat = model_flatten(then), *next = NULL;
            if (!zone_version_is_flat(v)) {
                assert(zone_version_rebase(flat, then, v, &next) == OK);
                zone_version_free(v);
                v = next;
            }
            zone_version_free(flat);
            zone_version_free(then);
            then = NULL;
        } else {
            struct zone_version *next = model_edit(&m, v, &d);
            struct model_held *slot = &held[model_draw(&d, MODEL_HELD)];
            held_check(&m, slot, &d, true);
            *slot = (struct model_held){ v, NULL };
            v = next;
            if (slot->version)
                slot->like = model_flatten(slot->version);
        }
        struct zone_version *like = model_build(&m);
        model_compare(&m, v, like, &d);
        zone_version_free(like);
    }
    for (size_t i = 0; i < MODEL_HELD; i++)
        held_check(&m, &held[i], &d, true);
    zone_version_free(then);
    zone_version_free(v);
}

#endif
