/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "zone/overlay.h"

const struct zone_node *version_probe(const struct zone_version *v, struct name_view name, uint64_t hash)
{
    const struct zone_slot *slots = version_slots(v);
    uint32_t tag = hash_tag(hash);
    for (uint32_t at = hash_place(hash, v->slot_count); slots[at].node; at = at + 1 == v->slot_count ? 0 : at + 1) {
        if (slots[at].tag != tag)
            continue;
        const struct zone_node *n = version_node_at(v, slots[at].node);
        if (name_equal(zone_node_name(v, n), name))
            return n;
    }
    return NULL;
}

/* The search is written once and made twice: for versions that are one block, and for those with an overlay. */
#define MADE_TWICE static inline __attribute__((always_inline))

MADE_TWICE const struct zone_node *probe(const struct zone_version *v, struct name_view name, uint64_t hash, const struct overlay *overlay)
{
    return overlay ? overlay_probe(overlay, name, hash) : version_probe(v, name, hash);
}

/* `*` below the closest encloser; it exists.  Out of line, for the room that it takes on the stack. */
__attribute__((noinline)) static const struct zone_node *wildcard_of(const struct zone_version *v, const struct zone_node *encloser, uint64_t hash)
{
    struct name wild;
    if (name_prepend((const uint8_t *)"*", 1, zone_node_name(v, encloser), &wild) != OK)
        return NULL;
    return probe(v, name_view_of(&wild), hash_link(&v->key, hash, (const uint8_t *)"*", 1), version_overlay(v));
}

/* One step down: the node of the name that begins at `label`, or NULL. */
MADE_TWICE const struct zone_node *child_find(const struct zone_version *v, struct name_view name, const uint8_t *label, unsigned labels,
                                              uint64_t hash, const struct overlay *overlay)
{
    return probe(v, (struct name_view){ label, (uint8_t)(name.length - (label - name.wire)), (uint8_t)labels }, hash, overlay);
}

/* Where the last `labels` labels of the name begin. */
static const uint8_t *last_labels(struct name_view name, unsigned labels)
{
    const uint8_t *at = name.wire;
    for (unsigned i = name.labels; i > labels; i--)
        at += 1u + *at;
    return at;
}

void zone_ahead_touch(const struct zone_version *v) { cpu_prefetch(v, sizeof *v); }

void zone_ahead_apex(const struct zone_version *v)
{
    enum { APEX_BYTES = 128 };      /* the head and the SOA of most */
    cpu_prefetch(version_apex(v), APEX_BYTES);
}

void zone_ahead_begin(struct zone_ahead *ahead, const struct zone_version *v, struct name_view name)
{
    unsigned labels = v->labels + 1u;
    ahead->state = ZONE_AHEAD_APEX;
    if (name.labels < labels)
        return;
    const uint8_t *label = last_labels(name, labels);
    ahead->state = ZONE_AHEAD_HASHED;
    ahead->hash = hash_link(&v->key, 0, label + 1, label[0]);
    ahead->label = (uint8_t)(label - name.wire);
    v = version_base(v);
    cpu_prefetch(version_slots(v) + hash_place(ahead->hash, v->slot_count), 1);
}

void zone_ahead_follow(struct zone_ahead *ahead, const struct zone_version *v)
{
    enum { NODE_BYTES = 192 };      /* of most */
    const struct overlay *overlay = version_overlay(v);
    if (ahead->state != ZONE_AHEAD_HASHED)
        return;
    if (__builtin_expect(overlay != NULL, 0)) {
        const struct overlay_node *change = trie_find(overlay->changes, ahead->hash);
        ahead->change = change;
        if (change)
            cpu_prefetch(change->room, NODE_BYTES);
        v = overlay->base;
    }
    const struct zone_slot *slots = version_slots(v);
    uint32_t tag = hash_tag(ahead->hash), at = hash_place(ahead->hash, v->slot_count);
    while (slots[at].node && slots[at].tag != tag)
        at = at + 1 == v->slot_count ? 0 : at + 1;
    ahead->node = slots[at].node;
    ahead->state = ZONE_AHEAD_FOLLOWED;
    if (ahead->node)
        cpu_prefetch(version_at(v, ahead->node), NODE_BYTES);
}

/* The node below the apex, from what was looked up ahead. */
MADE_TWICE const struct zone_node *first_child(const struct zone_version *v, struct name_view name, const struct zone_ahead *ahead)
{
    const struct name_view below = { name.wire + ahead->label, (uint8_t)(name.length - ahead->label), (uint8_t)(v->labels + 1) };
    if (ahead->state == ZONE_AHEAD_FOLLOWED) {
        if (ahead->node == 0)
            return NULL;
        const struct zone_node *n = version_node_at(v, ahead->node);
        if (name_equal(zone_node_name(v, n), below))
            return n;
    }
    return version_probe(v, below, ahead->hash);
}

/* The same in a version with an overlay. */
static const struct zone_node *first_child_overlaid(const struct overlay *o, struct name_view name, const struct zone_ahead *ahead)
{
    const uint8_t *label = name.wire + ahead->label;
    const struct name_view below = { label, (uint8_t)(name.length - ahead->label), (uint8_t)(o->base->labels + 1) };
    if (ahead->state != ZONE_AHEAD_FOLLOWED || ahead->change)
        return overlay_probe(o, below, ahead->hash);
    return first_child(o->base, name, ahead);
}

/* Down from the apex, one label a step: a cut or a DNAME ends the search wherever it stands, and no name has nodes below where
 * there is none (empty non-terminals are nodes). */
MADE_TWICE struct zone_found find_below(const struct zone_version *v, struct name_view name, const struct zone_ahead *ahead,
                                        const struct overlay *overlay)
{
    const struct zone_node *n = version_apex(v);
    uint64_t hash = 0;
    for (unsigned labels = v->labels + 1u; labels <= name.labels; labels++) {
        if (n->flags & NODE_DNAME)
            return (struct zone_found){ ZONE_DNAME, n, n, false };
        const struct zone_node *child;
        uint64_t link;
        if (ahead) {
            link = ahead->hash;
            child = overlay ? first_child_overlaid(overlay, name, ahead) : first_child(v, name, ahead);
            ahead = NULL;
        } else {
            const uint8_t *label = last_labels(name, labels);
            link = hash_link(&v->key, hash, label + 1, label[0]);
            child = child_find(v, name, label, labels, link, overlay);
        }
        if (!child) {
            const struct zone_node *wild = n->flags & NODE_WILD_CHILD ? wildcard_of(v, n, hash) : NULL;
            return (struct zone_found){ wild ? ZONE_WILDCARD : ZONE_ABSENT, wild, n, false };
        }
        n = child;
        hash = link;
        if (n->flags & NODE_CUT)
            return (struct zone_found){ ZONE_CUT, n, n, labels == name.labels };
    }
    return (struct zone_found){ ZONE_HIT, n, n, true };
}

__attribute__((noinline)) static struct zone_found find_overlaid(const struct zone_version *v, struct name_view name, const struct zone_ahead *ahead)
{
    return find_below(v, name, ahead, version_overlay(v));
}

__attribute__((noinline)) static struct zone_found find_flat(const struct zone_version *v, struct name_view name, const struct zone_ahead *ahead)
{
    return find_below(v, name, ahead, NULL);
}

struct zone_found zone_find_ahead(const struct zone_version *v, struct name_view name, const struct zone_ahead *ahead)
{
    if (!ahead && !name_below(name, zone_version_origin(v)))
        return (struct zone_found){ .outcome = ZONE_OUTSIDE };
    if (ahead && ahead->state == ZONE_AHEAD_APEX)
        ahead = NULL;
    if (__builtin_expect(v->slot_count == 0, 0))
        return find_overlaid(v, name, ahead);
    /* What most searches in a zone of delegations come to, without the registers that the others take. */
    const struct zone_node *apex = version_apex(v);
    if (ahead && ahead->state == ZONE_AHEAD_FOLLOWED && !(apex->flags & (NODE_DNAME | NODE_WILD_CHILD))) {
        if (ahead->node == 0)
            return (struct zone_found){ ZONE_ABSENT, NULL, apex, false };
        const struct zone_node *n = version_node_at(v, ahead->node);
        const struct name_view below = { name.wire + ahead->label, (uint8_t)(name.length - ahead->label), n->labels };
        if ((n->flags & NODE_CUT) && name_equal(zone_node_name(v, n), below))
            return (struct zone_found){ ZONE_CUT, n, n, name.labels == n->labels };
    }
    return find_flat(v, name, ahead);
}

struct zone_found zone_find(const struct zone_version *v, struct name_view name) { return zone_find_ahead(v, name, NULL); }

const struct zone_node *zone_node_find(const struct zone_version *v, struct name_view name)
{
    const struct zone_node *apex = version_apex(v);
    if (!name_below(name, zone_version_origin(v)) || name.labels > apex->labels + v->depth)
        return NULL;
    if (name.labels == apex->labels)
        return apex;
    uint64_t hash = version_hash(v, name);
    return probe(v, name, hash, version_overlay(v));
}
