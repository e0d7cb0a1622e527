/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/inside.h"

const struct zone_node *version_probe(const struct zone_version *v, struct name_view name, uint64_t hash)
{
    const struct zone_slot *slots = version_slots(v);
    uint32_t tag = hash_tag(hash);
    for (uint32_t at = hash_place(hash, v->slot_count); slots[at].node; at = at + 1 == v->slot_count ? 0 : at + 1) {
        if (slots[at].tag != tag)
            continue;
        const struct zone_node *n = &v->nodes[slots[at].node - 1];
        if (name_equal(zone_node_name(v, n), name))
            return n;
    }
    return NULL;
}

/* The hashes of the name's suffixes below the origin, as deep as the zone goes. */
struct path {
    uint64_t hashes[NAME_MAX_LABELS + 1];   /* [n]: n labels below the origin */
    unsigned below, depth;                  /* labels below the origin; how many of them are hashed */
};

static void path_init(struct path *path, const struct zone_version *v, struct name_view name)
{
    uint8_t starts[NAME_MAX_LABELS];
    path->below = name.labels - (unsigned)v->nodes[0].labels;
    path->depth = path->below < v->depth ? path->below : v->depth;
    name_label_starts(name, starts);
    path->hashes[0] = 0;
    for (unsigned n = 1; n <= path->depth; n++) {
        const uint8_t *label = name.wire + starts[path->below - n];
        path->hashes[n] = hash_link(&v->key, path->hashes[n - 1], label + 1, label[0]);
    }
}

/* `*` below the closest encloser; it exists. */
static const struct zone_node *wildcard_of(const struct zone_version *v, const struct zone_node *encloser, uint64_t hash)
{
    struct name wild;
    if (name_prepend((const uint8_t *)"*", 1, zone_node_name(v, encloser), &wild) != OK)
        return NULL;
    return version_probe(v, name_view_of(&wild), hash_link(&v->key, hash, (const uint8_t *)"*", 1));
}

struct zone_found zone_find(const struct zone_version *v, struct name_view name)
{
    if (!name_below(name, zone_version_origin(v)))
        return (struct zone_found){ .outcome = ZONE_OUTSIDE };
    struct path path;
    path_init(&path, v, name);
    unsigned at = path.depth;
    const struct zone_node *n = &v->nodes[0];
    for (; at > 0; at--) {
        n = version_probe(v, name_strip(name, path.below - at), path.hashes[at]);
        if (n)
            break;
        n = &v->nodes[0];
    }
    bool exact = at == path.below;
    const struct zone_node *top = zone_node_top(v, n);
    if (top && (top->flags & NODE_CUT))
        return (struct zone_found){ ZONE_CUT, top, n, exact && top == n };
    if (top && !(exact && top == n))
        return (struct zone_found){ ZONE_DNAME, top, n, false };
    if (exact)
        return (struct zone_found){ ZONE_HIT, n, n, true };
    const struct zone_node *wild = n->flags & NODE_WILD_CHILD ? wildcard_of(v, n, path.hashes[at]) : NULL;
    if (wild)
        return (struct zone_found){ ZONE_WILDCARD, wild, n, false };
    return (struct zone_found){ ZONE_ABSENT, NULL, n, false };
}

const struct zone_node *zone_node_find(const struct zone_version *v, struct name_view name)
{
    if (!name_below(name, zone_version_origin(v)))
        return NULL;
    struct path path;
    path_init(&path, v, name);
    return path.depth == path.below ? version_probe(v, name, path.hashes[path.depth]) : NULL;
}
