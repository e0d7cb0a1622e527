/* SPDX-License-Identifier: Apache-2.0 */
/* Putting nodes in their places, and keeping right what neighbours tell of each other: empty non-terminals, wildcards, owners of NSEC3 that
 * are no names.  Ancestors come before what is below them, so they stand already as they will. */
#include "zone/edit_inside.h"

#include <string.h>

struct tree_spot edit_spot(const struct editing *e, struct name_view name, bool subtree)
{
    const struct tree_key key = { .head = version_nsec_key(e->v, name), .name = name, .subtree = subtree };
    return tree_find(editing_overlay(e), editing_overlay(e)->order, SEQUENCE_NODES, &key);
}

static bool has_children(const struct editing *e, const struct tree_spot *spot)
{
    const struct overlay *o = editing_overlay(e);
    const struct zone_node *next = tree_at(o, o->order, SEQUENCE_NODES, spot->index + 1);
    return next && name_below(zone_node_name(e->v, next), zone_node_name(e->v, spot->node));
}

static bool is_wild_label(const uint8_t *name) { return name[0] == 1 && name[1] == '*'; }

/* Has NSEC3 and nothing else: no name, unless something is below it (RFC 5155 7.2.8). */
static bool is_bare_nsec3(const struct zone_node *n)
{
    return (n->flags & NODE_NSEC3) && n->sets == 1 && node_first_set(n)->type == TYPE_NSEC3;
}

/* ---- one node ---- */

/* In the index: the mark or node, whatever was there. */
static enum status index_put(struct overlay *o, struct overlay_node *fresh)
{
    const struct overlay_node *was = trie_find(o->changes, fresh->hash);
    uint32_t bytes = was ? was->bytes : 0;
    bool first = !was;
    enum status st = trie_put(&o->changes, overlay_node_hold(fresh));
    if (st != OK) {
        overlay_node_release(fresh);
        return st;
    }
    o->changed += first;
    o->bytes += fresh->bytes;
    o->bytes -= bytes;
    return OK;
}

/* Takes the node or mark (NULL: there was no memory for it) and puts it where its name belongs. */
static enum status place(struct editing *e, struct overlay_node *fresh)
{
    struct overlay *o = editing_overlay(e);
    if (!fresh)
        return E_NOMEM;
    const struct zone_node *n = overlay_node_of(fresh);
    struct name_view name = zone_node_name(e->v, n);
    struct tree_spot spot = edit_spot(e, name, false);
    struct piece piece = { .node = n, .count = 1, .kind = PIECE_NEW };
    enum status st = E_LIMIT;
    fresh->hash = version_hash(e->v, name);
    if (o->base->bytes / GRANULE + o->next_id < ZONE_NONE) {
        fresh->id = o->next_id++;
        st = tree_replace(&e->nodes, &o->order, spot.index + !spot.match, spot.match, fresh->gone ? NULL : &piece);
    }
    if (st == OK)
        st = index_put(o, fresh);
    if (st == OK)
        st = edit_denial_node(e, fresh);
    unsigned depth = (unsigned)name.labels - e->v->labels;
    if (st == OK && !fresh->gone && depth > e->v->depth)
        e->v->depth = (uint8_t)depth;
    e->content = true;
    e->told.nodes++;
    overlay_node_release(fresh);
    return st;
}

/* The apex is ours alone; other nodes are copied. */
static enum status set_flags(struct editing *e, const struct zone_node *n, unsigned flags)
{
    if (n->flags == flags)
        return OK;
    if (n == editing_overlay(e)->apex) {
        ((struct zone_node *)(uintptr_t)n)->flags = (uint8_t)flags;
        return OK;
    }
    struct overlay_node *copy = edit_node_copy(n);
    if (copy)
        overlay_node_of(copy)->flags = (uint8_t)flags;
    return place(e, copy);
}

/* ---- above and below ---- */

/* What is missing above a name that is to be. */
static enum status make_ancestors(struct editing *e, struct name_view name)
{
    unsigned missing = 1;
    struct tree_spot spot = edit_spot(e, name_strip(name, missing), false);
    while (!spot.match)
        spot = edit_spot(e, name_strip(name, ++missing), false);
    unsigned wild = is_wild_label(name_strip(name, missing - 1).wire) ? NODE_WILD_CHILD : 0;
    enum status st = set_flags(e, spot.node, (spot.node->flags & ~(unsigned)NODE_HIDDEN) | wild);
    while (st == OK && --missing > 0) {
        struct overlay_node *empty = edit_node_empty(name_strip(name, missing), false);
        if (empty && is_wild_label(name_strip(name, missing - 1).wire))
            overlay_node_of(empty)->flags = NODE_WILD_CHILD;
        st = place(e, empty);
    }
    return st;
}

/* A name has gone: so do the empty ones above it that nothing else is below. */
static enum status prune(struct editing *e, struct name_view gone)
{
    for (;;) {
        struct name_view name = name_strip(gone, 1);
        struct tree_spot spot = edit_spot(e, name, false);
        bool children = has_children(e, &spot);
        unsigned flags = spot.node->flags & ~(is_wild_label(gone.wire) ? (unsigned)NODE_WILD_CHILD : 0u);
        if (children || spot.node->sets || (flags & NODE_APEX)) {
            if (!children && is_bare_nsec3(spot.node))
                flags |= NODE_HIDDEN;
            return set_flags(e, spot.node, flags);
        }
        enum status st = place(e, edit_node_empty(name, true));
        if (st != OK)
            return st;
        gone = name;
    }
}

/* ---- one owner ---- */

static void count_records(struct editing *e, const struct zone_node *n, bool more)
{
    uint64_t records, digest = edit_node_digest(e->v, n, &records);
    e->v->records += more ? records : 0 - records;
    e->v->fingerprint += more ? digest : 0 - digest;
}

/* The node's records are gone. */
static enum status empty_out(struct editing *e, const struct tree_spot *spot, struct name_view name)
{
    if (!has_children(e, spot)) {
        enum status st = place(e, edit_node_empty(name, true));
        return st == OK ? prune(e, name) : st;
    }
    struct overlay_node *empty = edit_node_empty(name, false);
    if (empty)
        overlay_node_of(empty)->flags = spot->node->flags & NODE_WILD_CHILD;
    return place(e, empty);
}

static enum status fill_in(struct editing *e, const struct tree_spot *spot, struct overlay_node *fresh)
{
    struct zone_node *n = overlay_node_of(fresh);
    enum status st = OK;
    if (spot->match)
        n->flags |= spot->node->flags & NODE_WILD_CHILD;
    else
        st = make_ancestors(e, zone_node_name(e->v, n));
    if (is_bare_nsec3(n) && !(spot->match && has_children(e, spot)))
        n->flags |= NODE_HIDDEN;
    if (st == OK)
        return place(e, fresh);
    overlay_node_release(fresh);
    return st;
}

enum status edit_owner(struct editing *e, const struct edit_op *ops, size_t count)
{
    struct name room;
    struct overlay_node *fresh = NULL;
    struct tree_spot spot = edit_spot(e, ops[0].owner, false);
    const struct zone_node *old = spot.match ? spot.node : NULL;
    struct name_view name = old ? zone_node_name(e->v, old) : ops[0].owner;
    const struct edit_node_change change = { e->v, old, name, ops, count, e->scratch };
    enum status st = edit_node_compose(&change, &fresh, &e->told.in_vain);
    if (st != OK)
        return st;
    const struct zone_node *n = fresh ? overlay_node_of(fresh) : NULL;
    if (n ? old && edit_node_same(n, old) : !old || old->sets == 0) {
        overlay_node_release(fresh);
        return OK;
    }
    room = name_copy(name);                 /* the old node may go */
    name = name_view_of(&room);
    unsigned hid = old ? old->flags & (NODE_CUT | NODE_DNAME) : 0, hides = n ? n->flags & (NODE_CUT | NODE_DNAME) : 0;
    if (old)
        count_records(e, old, false);
    if (n)
        count_records(e, n, true);
    edit_denial_touched(e, old, n);
    st = fresh ? fill_in(e, &spot, fresh) : empty_out(e, &spot, name);
    if (st != OK || !hid == !hides)
        return st;
    spot = edit_spot(e, name, false);
    return spot.match ? edit_denial_hides(e, spot.node, hides) : OK;
}
