/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a version with an overlay, where the answer differs from that of one without. */
#include "zone/overlay.h"

#include <string.h>

uint64_t version_hash(const struct zone_version *v, struct name_view name)
{
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t hash = 0;
    name_label_starts(name, starts);
    for (unsigned left = name.labels - (unsigned)v->labels; left > 0; left--) {
        const uint8_t *label = name.wire + starts[left - 1];
        hash = hash_link(&v->key, hash, label + 1, label[0]);
    }
    return hash;
}

const struct zone_node *overlay_probe(const struct overlay *o, struct name_view name, uint64_t hash)
{
    const struct overlay_node *leaf = trie_find(o->changes, hash);
    if (!leaf || !name_equal(zone_node_name(o->base, overlay_node_of(leaf)), name))
        return version_probe(o->base, name, hash);
    return leaf->gone || (overlay_node_of(leaf)->flags & NODE_HIDDEN) ? NULL : overlay_node_of(leaf);
}

uint32_t overlay_place(const struct zone_version *v, const struct zone_node *n)
{
    const struct overlay *o = version_overlay(v);
    if (n == o->apex)
        return o->base->apex;
    return node_is_in(o->base, n) ? version_place(o->base, n) : (uint32_t)(o->base->bytes / GRANULE) + overlay_node_head(n)->id;
}

/* ---- upwards: by name, for neighbours change without the node ---- */

const struct zone_node *overlay_parent(const struct zone_version *v, const struct zone_node *n)
{
    if (n->flags & NODE_APEX)
        return NULL;
    return zone_node_find(v, name_strip(zone_node_name(v, n), 1));
}

struct hidden {
    const struct zone_node *top;    /* the first of the cuts and DNAMEs at or above the node */
    bool occluded;                  /* one above it counts */
};
/* Down to the node, as freezing does it: an owner of NSEC3 is not hidden by a DNAME at the apex. */
static struct hidden hidden_by(const struct zone_version *v, const struct zone_node *n)
{
    const struct overlay *o = version_overlay(v);
    const struct zone_node *at = o->apex;
    struct hidden out = { NULL, false };
    struct name_view name = zone_node_name(v, n);
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t hash = 0;
    name_label_starts(name, starts);
    for (unsigned left = name.labels - (unsigned)v->labels;; left--) {
        bool hides = at->flags & (NODE_CUT | NODE_DNAME);
        if (at->flags & NODE_NSEC3)
            out.occluded = false;
        if (!out.top && hides)
            out.top = at;
        if (left == 0)
            return out;
        out.occluded |= hides;
        const uint8_t *label = name.wire + starts[left - 1];
        hash = hash_link(&v->key, hash, label + 1, label[0]);
        at = left == 1 ? n : overlay_probe(o, name_strip(name, left - 1), hash);
        if (!at)
            return out;             /* nothing of the kind: nodes have all that is above them */
    }
}

bool overlay_occluded(const struct zone_version *v, const struct zone_node *n) { return hidden_by(v, n).occluded; }

const struct zone_node *overlay_top(const struct zone_version *v, const struct zone_node *n)
{
    struct hidden by = hidden_by(v, n);
    return !(n->flags & NODE_NSEC3) && (by.occluded || n->flags & (NODE_CUT | NODE_DNAME)) ? by.top : NULL;
}

/* ---- denial ---- */

const struct zone_node *overlay_nsec_find(const struct zone_version *v, struct name_view name)
{
    const struct overlay *o = version_overlay(v);
    const struct tree_key key = { .head = version_nsec_key(v, name), .name = name };
    struct tree_spot spot = tree_find(o, o->denial, SEQUENCE_DENIAL, &key);
    return spot.index == ZONE_NONE ? o->apex : spot.node;
}

const struct zone_node *overlay_nsec3_find(const struct zone_version *v, const uint8_t *hash, bool *match)
{
    const struct overlay *o = version_overlay(v);
    const struct tree_key key = { .head = hash_head(hash), .hash = hash };
    struct tree_spot spot = tree_find(o, o->denial, SEQUENCE_DENIAL, &key);
    *match = spot.index != ZONE_NONE && spot.match;
    return spot.index != ZONE_NONE ? spot.node : tree_at(o, o->denial, SEQUENCE_DENIAL, tree_nodes(o->denial) - 1);
}

/* ---- the whole ---- */

uint64_t overlay_bytes(const struct overlay *o)
{
    enum { PIECE_BYTES = 72, LEAF_BYTES = 24 };         /* what each takes of the structures, about */
    return o->bytes + (uint64_t)o->changed * LEAF_BYTES + ((uint64_t)tree_pieces(o->order) + tree_pieces(o->denial)) * PIECE_BYTES;
}

void overlay_clear(struct zone_version *v)
{
    struct overlay *o = &((struct zone_overlaid *)v)->overlay;
    trie_release(o->changes);
    tree_release(o->order);
    tree_release(o->denial);
    zone_version_free((void *)(uintptr_t)o->base);
}
