/* SPDX-License-Identifier: Apache-2.0 */
/* The index from hashes to nodes. */
#include "zone/freeze.h"

static struct zone_slot *slots_of(const struct zone_version *v) { return (struct zone_slot *)(void *)((uint8_t *)(uintptr_t)v + (size_t)v->slots * GRANULE); }

static void write_slot(const struct zone_version *v, uint64_t hash, uint32_t node)
{
    struct zone_slot *slots = slots_of(v);
    uint32_t at = hash_place(hash, v->slot_count);
    while (slots[at].node)
        at = at + 1 == v->slot_count ? 0 : at + 1;
    slots[at] = (struct zone_slot){ hash_tag(hash), node };
}

/* ---- while nodes are written ---- */

void wish_slot(struct freezing *f, uint64_t hash, uint32_t node)
{
    struct slot_wish *wish = &f->wishes[f->wished % SLOT_DELAY];
    if (f->wished++ >= SLOT_DELAY)
        write_slot(f->v, wish->hash, wish->node);
    *wish = (struct slot_wish){ hash, node };
    __builtin_prefetch(&slots_of(f->v)[hash_place(hash, f->v->slot_count)], 1);
}

void write_wishes(struct freezing *f)
{
    uint32_t held = f->wished < SLOT_DELAY ? f->wished : SLOT_DELAY;
    for (uint32_t i = f->wished - held; i < f->wished; i++)
        write_slot(f->v, f->wishes[i % SLOT_DELAY].hash, f->wishes[i % SLOT_DELAY].node);
}

/* ---- when all are ---- */

enum { LEFT_MAX = 256 };

/* Each thread writes a stretch of the index.  What finds its stretch full up to the end is left until all are done. */
struct filling {
    const struct freezing *f;
    unsigned threads;
    struct { uint32_t count, nodes[LEFT_MAX]; } left[ZONE_THREADS_MAX];
};

static void fill_stretch(void *context, unsigned thread)
{
    struct filling *filling = context;
    const struct freezing *f = filling->f;
    const struct zone_version *v = f->v;
    struct zone_slot *slots = slots_of(v);
    const uint32_t *order = order_of(f);
    uint32_t from = (uint32_t)((uint64_t)v->slot_count * thread / filling->threads);
    uint32_t end = (uint32_t)((uint64_t)v->slot_count * (thread + 1) / filling->threads), left = 0;
    for (uint32_t i = 0; i < v->node_count; i++) {
        if (i + SLOT_DELAY < v->node_count)
            __builtin_prefetch(&slots[hash_place(f->hashes[i + SLOT_DELAY], v->slot_count)], 1);
        uint32_t at = hash_place(f->hashes[i], v->slot_count);
        if (at < from || at >= end || (f->b->nsec3 && version_node_at(v, order[i])->flags & NODE_HIDDEN))
            continue;
        while (at < end && slots[at].node)
            at++;
        if (at < end)
            slots[at] = (struct zone_slot){ hash_tag(f->hashes[i]), order[i] };
        else if (left++ < LEFT_MAX)
            filling->left[thread].nodes[left - 1] = i;
    }
    filling->left[thread].count = left;
}

void index_fill(const struct freezing *f, unsigned threads)
{
    struct filling filling = { .f = f, .threads = threads };
    memset(slots_of(f->v), 0, f->v->slot_count * sizeof(struct zone_slot));
    zone_threads(filling.threads, fill_stretch, &filling);
    bool many = false;
    for (unsigned t = 0; t < filling.threads; t++)
        many |= filling.left[t].count > LEFT_MAX;
    if (many)       /* hashes are not what they should be: in one go, then */
        memset(slots_of(f->v), 0, f->v->slot_count * sizeof(struct zone_slot));
    for (uint32_t i = 0; many && i < f->v->node_count; i++)
        if (!(version_node_at(f->v, order_of(f)[i])->flags & NODE_HIDDEN))
            write_slot(f->v, f->hashes[i], order_of(f)[i]);
    for (unsigned t = 0; t < filling.threads && !many; t++)
        for (uint32_t i = 0; i < filling.left[t].count; i++)
            write_slot(f->v, f->hashes[filling.left[t].nodes[i]], order_of(f)[filling.left[t].nodes[i]]);
}

static uint64_t hash_of(const struct zone_version *v, const struct zone_node *n, unsigned apex_labels)
{
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t hash = 0;
    for (unsigned i = name_label_starts((struct name_view){ n->name, n->length, n->labels }, starts) - apex_labels; i > 0; i--) {
        const uint8_t *label = n->name + starts[i - 1];
        hash = hash_link(&v->key, hash, label + 1, label[0]);
    }
    return hash;
}

void index_walk(struct freezing *f)
{
    const struct zone_version *v = f->v;
    const uint32_t *order = order_of(f);
    memset(slots_of(v), 0, v->slot_count * sizeof(struct zone_slot));
    for (uint32_t i = 0; i < v->node_count; i++) {
        const struct zone_node *n = version_node_at(v, order[i]);
        if (!(n->flags & NODE_HIDDEN))
            wish_slot(f, hash_of(v, n, f->b->apex_labels), order[i]);
    }
    write_wishes(f);
}
