/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "zone/inside.h"

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

/* `*` below the closest encloser; it exists. */
static const struct zone_node *wildcard_of(const struct zone_version *v, const struct zone_node *encloser, uint64_t hash)
{
    struct name wild;
    if (name_prepend((const uint8_t *)"*", 1, zone_node_name(v, encloser), &wild) != OK)
        return NULL;
    return version_probe(v, name_view_of(&wild), hash_link(&v->key, hash, (const uint8_t *)"*", 1));
}

/* One step down: the node of the name that begins at `label`, or NULL. */
static const struct zone_node *child_find(const struct zone_version *v, struct name_view name, const uint8_t *label, unsigned labels, uint64_t hash)
{
    return version_probe(v, (struct name_view){ label, (uint8_t)(name.length - (label - name.wire)), (uint8_t)labels }, hash);
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

void zone_ahead_begin(struct zone_ahead *ahead, const struct zone_version *v, struct name_view name)
{
    enum { APEX_BYTES = 128 };      /* the head and the SOA of most */
    unsigned labels = v->labels + 1u;
    cpu_prefetch(version_apex(v), APEX_BYTES);
    ahead->hashed = name.labels >= labels;
    if (!ahead->hashed)
        return;
    const uint8_t *label = last_labels(name, labels);
    ahead->hash = hash_link(&v->key, 0, label + 1, label[0]);
    ahead->label = (uint8_t)(label - name.wire);
    cpu_prefetch(version_slots(v) + hash_place(ahead->hash, v->slot_count), 1);
}

void zone_ahead_follow(const struct zone_ahead *ahead, const struct zone_version *v)
{
    enum { NODE_BYTES = 192 };      /* of most */
    if (!ahead->hashed)
        return;
    const struct zone_slot *slots = version_slots(v);
    uint32_t tag = hash_tag(ahead->hash);
    for (uint32_t at = hash_place(ahead->hash, v->slot_count); slots[at].node; at = at + 1 == v->slot_count ? 0 : at + 1) {
        if (slots[at].tag != tag)
            continue;
        cpu_prefetch(version_at(v, slots[at].node), NODE_BYTES);
        return;
    }
}

/* Down from the apex, one label a step: a cut or a DNAME ends the search wherever it stands, and no name has nodes below where
 * there is none (empty non-terminals are nodes). */
struct zone_found zone_find_ahead(const struct zone_version *v, struct name_view name, const struct zone_ahead *ahead)
{
    const struct zone_node *n = version_apex(v);
    if (!ahead && !name_below(name, zone_version_origin(v)))
        return (struct zone_found){ .outcome = ZONE_OUTSIDE };
    uint64_t hash = 0;
    for (unsigned labels = n->labels + 1u; labels <= name.labels; labels++) {
        if (n->flags & NODE_DNAME)
            return (struct zone_found){ ZONE_DNAME, n, n, false };
        bool hashed = ahead != NULL && n == version_apex(v);
        const uint8_t *label = hashed ? name.wire + ahead->label : last_labels(name, labels);
        uint64_t link = hashed ? ahead->hash : hash_link(&v->key, hash, label + 1, label[0]);
        const struct zone_node *child = child_find(v, name, label, labels, link);
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

struct zone_found zone_find(const struct zone_version *v, struct name_view name) { return zone_find_ahead(v, name, NULL); }

const struct zone_node *zone_node_find(const struct zone_version *v, struct name_view name)
{
    const struct zone_node *apex = version_apex(v);
    if (!name_below(name, zone_version_origin(v)) || name.labels > apex->labels + v->depth)
        return NULL;
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t hash = 0;
    name_label_starts(name, starts);
    for (unsigned left = name.labels - (unsigned)apex->labels; left > 0; left--) {
        const uint8_t *label = name.wire + starts[left - 1];
        hash = hash_link(&v->key, hash, label + 1, label[0]);
    }
    return name.labels == apex->labels ? apex : version_probe(v, name, hash);
}
