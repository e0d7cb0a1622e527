/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of denial of a version being made, which must come out as if it were built at once.  A node's entry follows the node; only what
 * decides which chain there is at all (NSEC3PARAM, whether the apex has an NSEC, several chains at once) makes it be drawn up anew. */
#include "zone/edit_inside.h"

#include <string.h>

static bool usable(const uint8_t *rdata, uint16_t size)
{
    struct nsec3 p;
    return rdata_nsec3(TYPE_NSEC3PARAM, rdata, size, &p) && p.flags == 0 && p.algorithm == 1;
}

static unsigned usable_count(const struct zone_version *v)
{
    struct rrset set;
    unsigned count = 0;
    const uint8_t *rdata;
    uint16_t size;
    if (!zone_node_rrset(v, version_apex(v), TYPE_NSEC3PARAM, &set))
        return 0;
    for (size_t offset = 0; rrset_next(set.records, set.bytes, &offset, &rdata, &size);)
        count += usable(rdata, size);
    return count;
}

/* The same NSEC3PARAMs, TTL aside, and an NSEC or none. */
static bool same_chains(const struct zone_version *a, const struct zone_version *b)
{
    struct rrset one = { 0 }, two = { 0 };
    size_t at_one = 0, at_two = 0;
    const uint8_t *x, *y;
    uint16_t x_size, y_size;
    (void)zone_node_rrset(a, version_apex(a), TYPE_NSEC3PARAM, &one);
    (void)zone_node_rrset(b, version_apex(b), TYPE_NSEC3PARAM, &two);
    if (one.count != two.count || edit_node_has(a, version_apex(a), TYPE_NSEC) != edit_node_has(b, version_apex(b), TYPE_NSEC))
        return false;
    while (rrset_next(one.records, one.bytes, &at_one, &x, &x_size) && rrset_next(two.records, two.bytes, &at_two, &y, &y_size))
        if (x_size != y_size || memcmp(x, y, x_size) != 0)
            return false;
    return true;
}

/* Where the parameters in use lie now. */
static void find_parameters(struct zone_version *v, const struct zone_version *before)
{
    struct rrset set;
    const uint8_t *rdata, *was = (const uint8_t *)version_apex(before) + before->nsec3param;
    uint16_t size;
    v->nsec3param = 0;
    if (before->nsec3param == 0 || !zone_node_rrset(v, version_apex(v), TYPE_NSEC3PARAM, &set))
        return;
    for (size_t offset = 0; rrset_next(set.records, set.bytes, &offset, &rdata, &size);)
        if (size == get_u16(was) && memcmp(rdata, was + 2, size) == 0)
            v->nsec3param = (uint32_t)(rdata - 2 - (const uint8_t *)version_apex(v));
}

void edit_denial_begin(struct editing *e)
{
    e->redo = !same_chains(e->v, e->before);
    e->redo |= !(version_apex(e->v)->flags & NODE_DNAME) != !(version_apex(e->before)->flags & NODE_DNAME);
    if (!e->redo)
        find_parameters(e->v, e->before);
    e->denial.nsec3 = e->v->denial_kind == ZONE_DENIAL_NSEC3;
}

void edit_denial_touched(struct editing *e, const struct zone_node *old, const struct zone_node *fresh)
{
    const struct zone_node *apex = version_apex(e->v);
    bool nsec3 = (old && edit_node_has(e->v, old, TYPE_NSEC3)) || (fresh && edit_node_has(e->v, fresh, TYPE_NSEC3));
    if (!nsec3 || e->redo)
        return;
    e->redo = apex->flags & NODE_DNAME;         /* it hides owners of NSEC3 no more, or again, and what is below them */
    if (e->v->denial_kind == ZONE_DENIAL_NSEC3)
        e->redo |= usable_count(e->v) > 1;
    else
        e->redo |= edit_node_has(e->v, apex, TYPE_NSEC3PARAM);
}

/* ---- one entry ---- */

static bool is_member(const struct editing *e, const struct zone_node *n)
{
    struct zone_nsec3_record record;
    uint8_t hash[NSEC3_HASH_BYTES];
    if (e->denial.nsec3)
        return (n->flags & NODE_NSEC3) && node_nsec3_hash(n, hash) && zone_node_nsec3(e->v, n, &record);
    return edit_node_has(e->v, n, TYPE_NSEC) && !overlay_occluded(e->v, n);
}

static enum status set_entry(struct editing *e, const struct zone_node *n, bool member)
{
    struct overlay *o = editing_overlay(e);
    struct name_view name = zone_node_name(e->v, n);
    uint8_t hash[NSEC3_HASH_BYTES];
    struct tree_key key = { .name = name };
    if (e->denial.nsec3) {
        if ((unsigned)name.labels != e->v->labels + 1u || !node_nsec3_hash(n, hash))
            return OK;
        key.hash = hash;
        key.head = hash_head(hash);
    } else {
        key.head = version_nsec_key(e->v, name);
    }
    struct tree_spot spot = tree_find(o, o->denial, SEQUENCE_DENIAL, &key);
    bool there = spot.index != ZONE_NONE && spot.match;
    uint32_t index = spot.index == ZONE_NONE ? 0 : spot.index + !there;
    const struct piece piece = { .node = n, .count = 1, .kind = node_is_in(o->base, n) ? PIECE_OLD : PIECE_NEW };
    return there || member ? tree_replace(&e->denial, &o->denial, index, there, member ? &piece : NULL) : OK;
}

enum status edit_denial_node(struct editing *e, struct overlay_node *node)
{
    const struct zone_node *n = overlay_node_of(node);
    if (e->redo || e->v->denial_kind == ZONE_DENIAL_NONE)
        return OK;
    return set_entry(e, n, !node->gone && is_member(e, n));
}

/* ---- below a cut or a DNAME ---- */

/* What is hidden is a stretch of the chain, which goes as one. */
static enum status hide_below(struct editing *e, struct name_view name)
{
    struct overlay *o = editing_overlay(e);
    struct tree_key key = { .head = version_nsec_key(e->v, name), .name = name };
    uint32_t first = tree_find(o, o->denial, SEQUENCE_DENIAL, &key).index;
    key.subtree = true;
    uint32_t last = tree_find(o, o->denial, SEQUENCE_DENIAL, &key).index;
    if (last == first)
        return OK;
    return tree_replace(&e->denial, &o->denial, first + 1, last - first, NULL);       /* ZONE_NONE + 1 is 0 */
}

/* What comes to light is looked at, a node at a time. */
static enum status show_below(struct editing *e, struct name_view name)
{
    const struct overlay *o = editing_overlay(e);
    uint32_t first = edit_spot(e, name, false).index, last = edit_spot(e, name, true).index;
    enum status st = OK;
    for (uint32_t i = first + 1; st == OK && i <= last; i++) {
        const struct zone_node *n = tree_at(o, o->order, SEQUENCE_NODES, i);
        if (is_member(e, n))
            st = set_entry(e, n, true);
    }
    return st;
}

enum status edit_denial_hides(struct editing *e, const struct zone_node *n, bool hides)
{
    struct name_view name = zone_node_name(e->v, n);
    if (e->redo || e->v->denial_kind != ZONE_DENIAL_NSEC)
        return OK;
    return hides ? hide_below(e, name) : show_below(e, name);
}

/* ---- anew ---- */

/* All members; `out` NULL: they are counted only. */
static uint32_t list_members(const struct editing *e, const struct zone_node **out)
{
    const struct overlay *o = editing_overlay(e);
    uint32_t count = 0, nodes = tree_nodes(o->order);
    for (uint32_t i = 0; i < nodes; i++) {
        const struct zone_node *n = tree_at(o, o->order, SEQUENCE_NODES, i);
        if (!is_member(e, n))
            continue;
        if (out)
            out[count] = n;
        count++;
    }
    return count;
}

static bool any_nsec3(const struct editing *e)
{
    const struct overlay *o = editing_overlay(e);
    const struct zone_node *n;
    for (uint32_t i = 0; (n = tree_at(o, o->order, SEQUENCE_NODES, i)) != NULL; i++)
        if (edit_node_has(e->v, n, TYPE_NSEC3))
            return true;
    return false;
}

/* As choose_nsec3 in denial.c: of several the one with the most records. */
static uint32_t choose_chain(struct editing *e)
{
    struct rrset set = { 0 };
    uint32_t best = 0, best_at = 0;
    const uint8_t *rdata;
    uint16_t size;
    (void)zone_node_rrset(e->v, version_apex(e->v), TYPE_NSEC3PARAM, &set);
    for (size_t offset = 0; rrset_next(set.records, set.bytes, &offset, &rdata, &size);) {
        if (!usable(rdata, size))
            continue;
        e->v->nsec3param = (uint32_t)(rdata - 2 - (const uint8_t *)version_apex(e->v));
        uint32_t count = list_members(e, NULL);
        if (count > best) {
            best = count;
            best_at = e->v->nsec3param;
        }
    }
    e->v->nsec3param = best_at;
    return best;
}

static enum status draw_up(struct editing *e, uint32_t count)
{
    struct overlay *o = editing_overlay(e);
    const struct zone_node **nodes = mem_room(count * sizeof *nodes);
    if (!nodes)
        return E_NOMEM;
    enum status st = tree_build(&e->denial, o, nodes, list_members(e, nodes), &o->denial);
    mem_free(nodes);
    return st;
}

static enum status redo(struct editing *e)
{
    struct zone_version *v = e->v;
    struct overlay *o = editing_overlay(e);
    uint32_t count = 0;
    bool nsec3 = edit_node_has(v, o->apex, TYPE_NSEC3PARAM) && any_nsec3(e);
    v->nsec3param = 0;
    v->denial_kind = nsec3 ? ZONE_DENIAL_NSEC3 : edit_node_has(v, o->apex, TYPE_NSEC) ? ZONE_DENIAL_NSEC : ZONE_DENIAL_NONE;
    e->denial.nsec3 = nsec3;
    if (v->denial_kind != ZONE_DENIAL_NONE)
        count = nsec3 ? choose_chain(e) : list_members(e, NULL);
    tree_release(o->denial);
    o->denial = NULL;
    if (count == 0) {
        v->denial_kind = ZONE_DENIAL_NONE;
        return OK;
    }
    return draw_up(e, count);
}

enum status edit_denial_end(struct editing *e)
{
    bool empty = e->v->denial_kind != ZONE_DENIAL_NONE && tree_nodes(editing_overlay(e)->denial) == 0;
    enum status st = e->redo || empty ? redo(e) : OK;
    e->v->denial_count = tree_nodes(editing_overlay(e)->denial);
    return st;
}
