/* SPDX-License-Identifier: Apache-2.0 */
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

/* Down from the apex, one label a step: a cut or a DNAME ends the search wherever it stands, and no name has nodes below where
 * there is none (empty non-terminals are nodes). */
struct zone_found zone_find(const struct zone_version *v, struct name_view name)
{
    const struct zone_node *n = version_apex(v);
    if (!name_below(name, zone_version_origin(v)))
        return (struct zone_found){ .outcome = ZONE_OUTSIDE };
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t hash = 0;
    unsigned below = name.labels - (unsigned)n->labels;
    name_label_starts(name, starts);
    for (unsigned left = below; left > 0; left--) {
        if (n->flags & NODE_DNAME)
            return (struct zone_found){ ZONE_DNAME, n, n, false };
        const uint8_t *label = name.wire + starts[left - 1];
        uint64_t link = hash_link(&v->key, hash, label + 1, label[0]);
        const struct zone_node *child =
            version_probe(v, (struct name_view){ label, (uint8_t)(name.length - starts[left - 1]), (uint8_t)(name.labels - left + 1) }, link);
        if (!child) {
            const struct zone_node *wild = n->flags & NODE_WILD_CHILD ? wildcard_of(v, n, hash) : NULL;
            return (struct zone_found){ wild ? ZONE_WILDCARD : ZONE_ABSENT, wild, n, false };
        }
        n = child;
        hash = link;
        if (n->flags & NODE_CUT)
            return (struct zone_found){ ZONE_CUT, n, n, left == 1 };
    }
    return (struct zone_found){ ZONE_HIT, n, n, true };
}

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
