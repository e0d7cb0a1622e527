/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting records by owner.  Owners form the tree of names from the start: whoever adds a name adds the empty
 * non-terminals above it. */
#include "zone/inside.h"

#include <string.h>

enum { FIRST_SLOTS = 16, ARENA_BYTES = 3072 };

unsigned name_label_starts(struct name_view name, uint8_t starts[NAME_MAX_LABELS])
{
    unsigned count = 0;
    for (unsigned at = 0; name.wire[at] != 0; at += name.wire[at] + 1u)
        starts[count++] = (uint8_t)at;
    return count;
}

static struct name_view owner_view(const struct build_owner *o)
{
    return (struct name_view){ o->name, o->length, o->labels };
}

static void slot_put(struct build_owner **slots, uint32_t count, struct build_owner *o)
{
    uint32_t at = hash_place(o->hash, count);
    while (slots[at])
        at = at + 1 == count ? 0 : at + 1;
    slots[at] = o;
}

static enum status slots_grow(struct zone_builder *b)
{
    if (b->owner_count < b->slot_count - b->slot_count / 4)
        return OK;
    uint32_t count = b->slot_count ? b->slot_count * 2 : FIRST_SLOTS;
    if (count < b->slot_count)
        return E_NOMEM;
    struct build_owner **slots = mem_alloc((size_t)count * sizeof(struct build_owner *));
    if (!slots)
        return E_NOMEM;
    for (uint32_t i = 0; i < b->slot_count; i++)
        if (b->slots[i])
            slot_put(slots, count, b->slots[i]);
    mem_free(b->slots);
    b->slots = slots;
    b->slot_count = count;
    return OK;
}

static struct build_owner *owner_find(const struct zone_builder *b, struct name_view name, uint64_t hash)
{
    for (uint32_t at = hash_place(hash, b->slot_count); b->slots[at]; at = at + 1 == b->slot_count ? 0 : at + 1)
        if (b->slots[at]->hash == hash && name_equal(owner_view(b->slots[at]), name))
            return b->slots[at];
    return NULL;
}

/* Makes an owner with its name borrowed; the parent is set by the caller. */
static enum status owner_new(struct zone_builder *b, struct name_view name, uint64_t hash, struct build_owner **out)
{
    enum status st = slots_grow(b);
    if (st != OK)
        return st;
    struct build_owner *o = arena_alloc(b->arena, sizeof *o);
    if (!o)
        return E_NOMEM;
    o->name = name.wire;
    o->length = name.length;
    o->labels = name.labels;
    o->hash = hash;
    slot_put(b->slots, b->slot_count, o);
    b->owner_count++;
    *out = o;
    return OK;
}

static void owner_hang(struct build_owner *o, struct build_owner *parent)
{
    o->parent = parent;
    if (parent->last_child)
        parent->last_child->next_sibling = o;
    else
        parent->first_child = o;
    parent->last_child = o;
    parent->child_count++;
}

/* Adds `name` and what is missing between it and the closest ancestor that exists. */
static enum status owner_add(struct zone_builder *b, struct name_view name, struct build_owner **out)
{
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t hashes[NAME_MAX_LABELS + 1]; /* [n]: of the suffix n labels below the origin */
    unsigned depth = name.labels - (unsigned)b->apex->labels;
    name_label_starts(name, starts);
    hashes[0] = 0;
    for (unsigned n = 1; n <= depth; n++) {
        const uint8_t *label = name.wire + starts[depth - n];
        hashes[n] = hash_link(&b->key, hashes[n - 1], label + 1, label[0]);
    }
    unsigned found = depth;
    struct build_owner *at = NULL;
    while (!(at = owner_find(b, name_strip(name, depth - found), hashes[found])))
        found--; /* the apex is always there */
    if (found < depth) {
        const uint8_t *kept = arena_copy(b->arena, name.wire, name.length);
        if (!kept)
            return E_NOMEM;
        name.wire = kept;
    }
    for (unsigned n = found + 1; n <= depth; n++) {
        struct build_owner *below;
        enum status st = owner_new(b, name_strip(name, depth - n), hashes[n], &below);
        if (st != OK)
            return st;
        owner_hang(below, at);
        at = below;
    }
    *out = at;
    return OK;
}

/* The owner of a record; its own spelling beats that of a name below it that came earlier. */
static enum status owner_get(struct zone_builder *b, struct name_view name, struct build_owner **out)
{
    struct build_owner *o = b->recent;
    if (!name_same(owner_view(o), name)) {
        enum status st = owner_add(b, name, &o);
        if (st != OK)
            return st;
    }
    if (!o->written && !name_same(owner_view(o), name)) {
        const uint8_t *kept = arena_copy(b->arena, name.wire, name.length);
        if (!kept)
            return E_NOMEM;
        o->name = kept;
    }
    o->written = true;
    b->recent = o;
    *out = o;
    return OK;
}

enum status zone_builder_new(struct name_view origin, uint16_t klass, struct zone_builder **out)
{
    struct zone_builder *b = mem_alloc(sizeof *b);
    if (!b)
        return E_NOMEM;
    b->klass = klass;
    b->key = hash_key_random();
    b->arena = arena_new(ARENA_BYTES);
    const uint8_t *name = b->arena ? arena_copy(b->arena, origin.wire, origin.length) : NULL;
    if (!name || owner_new(b, (struct name_view){ name, origin.length, origin.labels }, 0, &b->apex) != OK) {
        zone_builder_free(b);
        return E_NOMEM;
    }
    b->apex->parent = b->apex;
    b->recent = b->apex;
    *out = b;
    return OK;
}

void zone_builder_free(struct zone_builder *b)
{
    if (!b)
        return;
    arena_free(b->arena);
    mem_free(b->slots);
    mem_free(b);
}

enum status zone_builder_add(struct zone_builder *b, struct name_view name, uint16_t type, uint32_t ttl,
                             const uint8_t *rdata, size_t size, const struct zone_where *where)
{
    if (size > RDATA_MAX_BYTES || !name_below(name, owner_view(b->apex)))
        return E_RANGE;
    struct build_owner *o;
    enum status st = owner_get(b, name, &o);
    if (st != OK)
        return st;
    struct build_record *r = arena_alloc(b->arena, sizeof *r + size);
    if (!r)
        return E_NOMEM;
    r->ttl = ttl;
    r->signature = type == TYPE_RRSIG;
    r->type = r->signature ? rdata_rrsig_covered(rdata, size) : type;
    r->size = (uint16_t)size;
    if (where)
        r->where = *where;
    if (size)
        memcpy(r->rdata, rdata, size);
    if (o->last)
        o->last->next = r;
    else
        o->first = r;
    o->last = r;
    o->record_count++;
    return OK;
}
