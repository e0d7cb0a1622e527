/* SPDX-License-Identifier: Apache-2.0 */
/* From the sorted tree of owners to one block: a pass that decides (flags, sizes), one allocation, a pass that writes. */
#include "zone/inside.h"

#include <string.h>

enum { OWNER_POINTER = 0xc00c, RECORD_HEAD = BUILD_RECORD_HEAD };

struct freezing {
    struct zone_builder *b;
    struct zone_version *v;
    size_t at;                  /* octets: where the next data goes */
    uint64_t records, data_bytes;
    uint32_t names;             /* nodes in the name space */
    uint32_t nsec, nsec3;       /* records of these types: at least as many as nodes in a chain */
    bool keep_where;
};

/* ---- deciding ---- */

static enum status owner_measure(struct freezing *f, struct build_owner *o)
{
    uint32_t sets = 0;
    f->data_bytes += node_head_bytes(o->length);
    for (struct build_record *r = o->first; r; sets++) {
        uint16_t type = r->type;
        for (int kind = 0; kind < 2 && r && r->type == type; kind++) {
            struct build_group group = { 0 };
            if (r->signature != (kind == 1))
                continue;
            r = build_group(r, &group);
            if (group.count > UINT16_MAX || group.bytes > SET_BYTES)
                return E_LIMIT;
            f->records += group.count;
            f->data_bytes += granule_up(group.bytes) + (kind == 1 ? sizeof(struct zone_sigs) : 0);
        }
    }
    if (sets > UINT16_MAX)
        return E_LIMIT;
    o->set_count = (uint16_t)sets;
    f->data_bytes += sets * sizeof(struct zone_set) + directory_bytes(sets);
    return OK;
}

static void owner_flags(struct freezing *f, struct build_owner *o)
{
    bool apex = o->parent == o, only_nsec3 = true;
    o->flags = apex ? NODE_APEX : 0;
    for (const struct build_record *r = o->first; r; r = r->next) {
        only_nsec3 &= r->type == TYPE_NSEC3;
        if (r->signature)
            continue;
        if (r->type == TYPE_NS && !apex)
            o->flags |= NODE_CUT;
        if (r->type == TYPE_DNAME)
            o->flags |= NODE_DNAME;
        if (r->type == TYPE_NSEC3 && !apex && o->parent->parent == o->parent)
            o->flags |= NODE_NSEC3;
    }
    if ((o->flags & NODE_NSEC3) && only_nsec3 && !o->first_child)
        o->flags |= NODE_HIDDEN;
    else
        f->names++;
    if (!apex && o->name[0] == 1 && o->name[1] == '*')
        o->parent->flags |= NODE_WILD_CHILD; /* parents come before their children */
}

static enum status decide(struct freezing *f)
{
    for (struct build_owner *o = f->b->apex; o; o = build_next(o)) {
        owner_flags(f, o);
        enum status st = owner_measure(f, o);
        if (st != OK)
            return st;
        for (const struct build_record *r = o->first; r; r = r->next) {
            f->nsec += r->type == TYPE_NSEC && !r->signature;
            f->nsec3 += r->type == TYPE_NSEC3 && !r->signature;
        }
    }
    return OK;
}

/* ---- writing ---- */

static uint32_t granules(const struct freezing *f)
{
    debug_assert(f->at % GRANULE == 0);
    return (uint32_t)(f->at / GRANULE);
}

static void write_bytes(struct freezing *f, const void *data, size_t bytes)
{
    memcpy((uint8_t *)f->v + f->at, data, bytes);
    f->at += bytes;
}

/* Records up to `end` as they stand in an answer; padded. */
static void write_records(struct freezing *f, const struct build_record *r, const struct build_record *end, uint32_t ttl)
{
    uint8_t *at = (uint8_t *)f->v + f->at;
    for (; r != end; r = r->next) {
        put_u16(at, OWNER_POINTER);
        put_u16(at + 2, r->signature ? TYPE_RRSIG : r->type);
        put_u16(at + 4, f->b->klass);
        put_u32(at + 6, ttl);
        put_u16(at + 10, r->size);
        if (r->size)
            memcpy(at + RECORD_HEAD, r->rdata, r->size);
        at += RECORD_HEAD + (size_t)r->size;
    }
    f->at = granule_up((size_t)(at - (uint8_t *)f->v));
}

/* One RRset with the signatures behind it; @return the record behind both. */
static struct build_record *write_set(struct freezing *f, struct build_record *first)
{
    struct zone_set *set = (struct zone_set *)(void *)((uint8_t *)f->v + f->at);
    struct build_group group = { 0 }, sigs = { 0 };
    struct build_record *behind = first->signature ? first : build_group(first, &group);
    set->type = first->type;
    set->count = (uint16_t)group.count;
    set->bytes = (uint32_t)group.bytes | (group.mixed ? SET_TTL_MIXED : 0);
    f->at += sizeof *set;
    write_records(f, first, behind, group.ttl);
    if (!behind || !behind->signature || behind->type != first->type)
        return behind;
    struct build_record *end = build_group(behind, &sigs);
    struct zone_sigs *head = (struct zone_sigs *)(void *)((uint8_t *)f->v + f->at);
    *head = (struct zone_sigs){ .bytes = (uint32_t)sigs.bytes, .count = (uint16_t)sigs.count };
    set->bytes |= SET_SIGNED;
    f->at += sizeof *head;
    write_records(f, behind, end, sigs.ttl);
    return end;
}

static void write_node(struct freezing *f, struct build_owner *o)
{
    o->place = granules(f);
    struct zone_node *n = (struct zone_node *)(void *)((uint8_t *)f->v + f->at);
    const struct zone_node *up = version_at(f->v, o->parent->place); /* written, or itself */
    n->parent = o->parent->place;
    n->sets = o->set_count;
    n->flags = o->flags;
    n->length = o->length;
    n->labels = o->labels;
    memcpy(n->name, o->name, o->length);
    if (up != n && !(n->flags & NODE_NSEC3) && (up->flags & (NODE_OCCLUDED | NODE_CUT | NODE_DNAME)))
        n->flags |= NODE_OCCLUDED; /* a DNAME at the apex does not hide the chain */
    f->at += node_head_bytes(o->length);
    uint32_t *directory = (uint32_t *)(void *)((uint8_t *)f->v + f->at);
    f->at += directory_bytes(o->set_count);
    struct build_record *r = o->first;
    for (uint32_t i = 0; i < o->set_count; i++) {
        if (directory_bytes(o->set_count))
            directory[i] = granules(f);
        r = write_set(f, r);
    }
}

static void write_slot(struct freezing *f, const struct build_owner *o)
{
    struct zone_slot *slots = (struct zone_slot *)((uint8_t *)f->v + (size_t)f->v->slots * GRANULE);
    uint32_t at = hash_place(o->hash, f->v->slot_count);
    while (slots[at].node)
        at = at + 1 == f->v->slot_count ? 0 : at + 1;
    slots[at] = (struct zone_slot){ hash_tag(o->hash), o->place };
}

/* Ordinal of each node's first record, then all positions in the order of the version. */
static void write_where(struct freezing *f)
{
    f->v->where = granules(f);
    uint32_t ordinal = 0;
    for (const struct build_owner *o = f->b->apex; o; o = build_next(o)) {
        write_bytes(f, &ordinal, sizeof ordinal);
        for (const struct build_record *r = o->first; r; r = r->next)
            ordinal++;
    }
    for (const struct build_owner *o = f->b->apex; o; o = build_next(o))
        for (const struct build_record *r = o->first; r; r = r->next)
            write_bytes(f, &r->where, sizeof r->where);
}

static void write_all(struct freezing *f)
{
    struct zone_version *v = f->v;
    f->at = sizeof *v;
    v->slots = granules(f);
    f->at += v->slot_count * sizeof(struct zone_slot);
    v->order = granules(f);
    uint32_t *order = (uint32_t *)(void *)((uint8_t *)v + f->at);
    f->at += v->node_count * sizeof *order;
    v->denial = granules(f);
    f->at += v->denial_count * (v->denial_kind == ZONE_DENIAL_NSEC3 ? sizeof(struct zone_hashed) : sizeof(uint32_t));
    v->apex = granules(f);
    for (struct build_owner *o = f->b->apex; o; o = build_next(o)) {
        write_node(f, o);
        *order++ = o->place;
        if (o->flags & NODE_HIDDEN)
            continue;
        write_slot(f, o);
        uint8_t depth = (uint8_t)(o->labels - f->b->apex->labels);
        v->depth = depth > v->depth ? depth : v->depth;
    }
    if (f->keep_where)
        write_where(f);
    require(f->at == v->bytes);
}

/* Room for a chain is kept when there may be one; version_seal() counts what is in it. */
static void plan_denial(const struct freezing *f, struct zone_version *v)
{
    bool nsec = false, nsec3 = false;
    for (const struct build_record *r = f->b->apex->first; r; r = r->next) {
        nsec |= r->type == TYPE_NSEC && !r->signature;
        nsec3 |= r->type == TYPE_NSEC3PARAM && !r->signature;
    }
    v->denial_kind = nsec3 && f->nsec3 ? ZONE_DENIAL_NSEC3 : nsec ? ZONE_DENIAL_NSEC : ZONE_DENIAL_NONE;
    v->denial_count = v->denial_kind == ZONE_DENIAL_NSEC3 ? f->nsec3 : v->denial_kind == ZONE_DENIAL_NSEC ? f->nsec : 0;
}

static enum status freeze(struct freezing *f)
{
    struct zone_builder *b = f->b;
    enum status st = decide(f);
    if (st != OK)
        return st;
    struct zone_version head = { .key = b->key, .klass = b->klass, .records = f->records };
    head.node_count = b->owner_count;
    head.slot_count = f->names + f->names / 3 + 1;
    plan_denial(f, &head);
    size_t entry = head.denial_kind == ZONE_DENIAL_NSEC3 ? sizeof(struct zone_hashed) : sizeof(uint32_t);
    head.bytes = sizeof head + head.node_count * sizeof(uint32_t) + head.slot_count * sizeof(struct zone_slot) +
                 head.denial_count * entry + f->data_bytes;
    if (f->keep_where)
        head.bytes += head.node_count * sizeof(uint32_t) + f->records * sizeof(struct zone_where);
    if (head.bytes / GRANULE >= UINT32_MAX || f->records > UINT32_MAX)
        return E_LIMIT;
    f->v = mem_alloc(head.bytes);
    if (!f->v)
        return E_NOMEM;
    *f->v = head;
    write_all(f);
    return OK;
}

enum status zone_builder_finish(struct zone_builder *b, bool keep_where, struct zone_version **out)
{
    struct freezing f = { .b = b, .keep_where = keep_where };
    enum status st = build_sort(b);
    if (st == OK)
        st = freeze(&f);
    if (st == OK) {
        version_seal(f.v);
        *out = f.v;
    }
    zone_builder_free(b);
    return st;
}
