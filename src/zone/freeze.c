/* SPDX-License-Identifier: Apache-2.0 */
/* From sorted runs to nodes: each is written in one piece, in canonical order. */
#include "zone/freeze.h"

#include "zone/digest.h"

enum { OWNER_POINTER = 0xc00c };

/* ---- writing ---- */

static uint32_t granules(const struct freezing *f) { return (uint32_t)(f->at / GRANULE); }
static uint8_t *here(const struct freezing *f) { return (uint8_t *)f->v + f->at; }

/* The padding is zero: equal zones under equal keys are equal blocks. */
static void pad(struct freezing *f)
{
    size_t up = granule_up(f->at);
    memset(here(f), 0, up - f->at);
    f->at = up;
}

struct group { size_t end; uint32_t ttl; bool mixed; };

/* What the items from `first` on with the same type and kind amount to. */
static struct group group_of(const struct build_item *items, size_t first, size_t count)
{
    struct group g = { .end = first, .ttl = items[first].ttl };
    for (; g.end < count && items[g.end].group == items[first].group; g.end++) {
        uint32_t ttl = items[g.end].ttl;
        g.mixed |= items[g.end].mixed || ttl != items[first].ttl;
        g.ttl = ttl < g.ttl ? ttl : g.ttl;
    }
    return g;
}

/* Copies with the room that both sides have behind: mostly one or two moves. */
static void copy_rdata(uint8_t *to, const uint8_t *from, size_t size)
{
    memcpy(to, from, BUILD_SLACK);
    if (size > BUILD_SLACK)
        memcpy(to + BUILD_SLACK, from + BUILD_SLACK, size - BUILD_SLACK);
}

/* Records as they stand in an answer; padded. @return octets without the padding */
static size_t write_records(struct freezing *f, uint64_t name, size_t first, const struct group *g)
{
    uint8_t *at = here(f), *start = at;
    uint16_t covered = f->items.list[first].group % 2 ? (uint16_t)(f->items.list[first].group / 2) : 0;
    for (size_t i = first; i < g->end; i++) {
        const struct build_record *r = f->items.list[i].record;
        put_u16(at, OWNER_POINTER);
        put_u16(at + 2, r->type);
        put_u16(at + 4, f->b->klass);
        put_u32(at + 6, g->ttl);
        put_u16(at + 10, r->size);
        copy_rdata(at + RECORD_HEAD, r->rdata, r->size);
        f->fingerprint += digest_record(name, r->type, covered, g->ttl, at + RECORD_HEAD, r->size);
        at += RECORD_HEAD + (size_t)r->size;
        if (f->b->positions)
            positions_note(f->b->positions, f->record + i - first, r);
    }
    f->record += g->end - first;
    f->at += (size_t)(at - start);
    pad(f);
    return (size_t)(at - start);
}

/* One RRset with the signatures behind it, from item *at on, which is moved behind both. */
static enum status write_set(struct freezing *f, uint64_t name, size_t *at, size_t count)
{
    struct zone_set *set = (struct zone_set *)(void *)here(f);
    uint32_t kind = f->items.list[*at].group;
    size_t bytes = 0;
    *set = (struct zone_set){ .type = (uint16_t)(kind / 2) };
    f->at += sizeof *set;
    if (kind % 2 == 0) {
        struct group g = group_of(f->items.list, *at, count);
        bytes = write_records(f, name, *at, &g);
        if (g.end - *at > UINT16_MAX || bytes > SET_BYTES)
            return E_LIMIT;
        set->count = (uint16_t)(g.end - *at);
        set->bytes = (uint32_t)bytes | (g.mixed ? SET_TTL_MIXED : 0);
        *at = g.end;
    }
    if (*at == count || f->items.list[*at].group != (kind | 1))
        return OK;
    struct zone_sigs *head = (struct zone_sigs *)(void *)here(f);
    struct group g = group_of(f->items.list, *at, count);
    f->at += sizeof *head;
    bytes = write_records(f, name, *at, &g);
    if (g.end - *at > UINT16_MAX || bytes > SET_BYTES)
        return E_LIMIT;
    *head = (struct zone_sigs){ .bytes = (uint32_t)bytes, .count = (uint16_t)(g.end - *at) };
    set->bytes |= SET_SIGNED;
    *at = g.end;
    return OK;
}

static size_t count_sets(const struct build_item *items, size_t count)
{
    size_t sets = 0;
    for (size_t i = 0; i < count; i++)
        sets += i == 0 || items[i].group / 2 != items[i - 1].group / 2;
    return sets;
}

static enum status write_sets(struct freezing *f, struct zone_node *n, uint64_t name, size_t count)
{
    size_t sets = count_sets(f->items.list, count), at = 0;
    if (sets > UINT16_MAX)
        return E_LIMIT;
    n->sets = (uint16_t)sets;
    uint32_t *directory = (uint32_t *)(void *)here(f);
    f->at += directory_bytes(sets);
    for (size_t i = 0; i < sets; i++) {
        if (directory_bytes(sets))
            directory[i] = granules(f);
        enum status st = write_set(f, name, &at, count);
        if (st != OK)
            return st;
    }
    return OK;
}

/* What the node's records make of it. */
static uint8_t flags_of(const struct freezing *f, size_t count, unsigned depth)
{
    uint8_t flags = depth == 0 ? NODE_APEX : 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t group = f->items.list[i].group;
        if (group == TYPE_NS * 2 && depth > 0)
            flags |= NODE_CUT;
        else if (group == TYPE_DNAME * 2)
            flags |= NODE_DNAME;
        else if (group == TYPE_NSEC3 * 2 && depth == 1)
            flags |= NODE_NSEC3;
    }
    return flags;
}

/* ---- nodes ---- */

bool owner_hidden(const struct zone_builder *b, size_t first, size_t end)
{
    bool any = false;
    if (b->entries[first].run->labels != 1 || (end < b->runs && b->entries[end].key >= 1))
        return false;
    for (size_t i = first; i < end; i++) {
        const struct build_run *run = b->entries[i].run;
        const struct build_record *r = run_records(run, b->apex_length);
        for (uint32_t n = 0; n < run->records; n++, r = record_next(r)) {
            if (record_covers(r) != TYPE_NSEC3)
                return false;
            any |= r->type == TYPE_NSEC3;
        }
    }
    return any;
}

/* The name of a node: labels of the run from its `strip`th on, and the zone's name. */
static void write_name(struct freezing *f, struct zone_node *n, const struct build_run *run, unsigned strip)
{
    const uint8_t *suffix = run && run->own_suffix ? run->name + run->length + 1 : f->b->apex;
    struct name_view labels = run ? name_strip(run_name(run), strip) : name_root;
    size_t own = labels.length - 1u;
    n->length = (uint8_t)(own + f->b->apex_length);
    n->labels = (uint8_t)(labels.labels + f->b->apex_labels);
    memcpy(n->name, labels.wire, own);
    memcpy(n->name + own, suffix, f->b->apex_length);
    f->at += offsetof(struct zone_node, name) + n->length;
    pad(f);
}

/* Other parts look at the flags of the apex meanwhile. */
static void wild_child(struct freezing *f, const struct level *up)
{
    if (up == f->levels)
        f->wild = true;
    else
        up->node->flags |= NODE_WILD_CHILD;
}

/* Starts the node `depth` labels below the apex; its parent is the one in the level above. */
static struct zone_node *node_begin(struct freezing *f, const struct build_run *run, unsigned strip, unsigned depth)
{
    uint32_t place = granules(f);
    struct zone_node *n = (struct zone_node *)(void *)here(f);
    struct level *level = &f->levels[depth], *up = depth ? level - 1 : level;
    *n = (struct zone_node){ .parent = place };
    write_name(f, n, run, strip);
    *level = (struct level){ .node = n };
    if (depth == 0) {
        level->digest = digest_apex(f->b->klass, n->name, n->length);
    } else {
        n->parent = version_place(f->v, up->node);
        level->hash = hash_link(&f->v->key, up->hash, n->name + 1, n->name[0]);
        level->digest = digest_label(up->digest, n->name);
        if (n->name[0] == 1 && n->name[1] == '*')
            wild_child(f, up);
    }
    order_of(f)[f->node] = place;
    f->node++;
    return n;
}

/* A DNAME at the apex does not hide the chain of NSEC3 beside it. */
static void node_end(struct freezing *f, unsigned depth, uint8_t flags, bool hidden)
{
    struct level *level = &f->levels[depth];
    if (depth > 0 && !(flags & NODE_NSEC3) && (level[-1].node->flags & (NODE_OCCLUDED | NODE_CUT | NODE_DNAME)))
        flags |= NODE_OCCLUDED;
    level->node->flags = flags | (hidden ? NODE_HIDDEN : 0);
    if (f->hashes)
        f->hashes[f->node - 1] = level->hash;
    if (hidden)
        return;
    if (f->at_once)
        wish_slot(f, level->hash, version_place(f->v, level->node));
    f->depth = depth > f->depth ? (uint8_t)depth : f->depth;
}

/* One owner with what is missing above it. */
static enum status write_owner(struct freezing *f, size_t first, size_t end)
{
    const struct build_run *run = f->entries[first].run;
    enum status st = items_collect(&f->items, first, end);
    size_t count = f->items.count;
    if (st != OK)
        return st;
    for (unsigned depth = (unsigned)f->entries[first].key + 1; depth < run->labels; depth++) {
        node_begin(f, run, run->labels - depth, depth)->sets = 0;
        node_end(f, depth, 0, false);
    }
    uint8_t flags = flags_of(f, count, run->labels);
    struct zone_node *n = node_begin(f, run, 0, run->labels);
    st = write_sets(f, n, f->levels[run->labels].digest, count);
    if (st == OK)
        node_end(f, run->labels, flags, (flags & NODE_NSEC3) && owner_hidden(f->b, first, end));
    return st;
}

/* What is written is not needed any more. */
static void drop_behind(struct freezing *f, size_t end)
{
    struct build_lots *lots = f->b->lots;
    for (; lots && f->lot < BUILD_LOTS && end >= lots->lot[f->lot].end && lots->lot[f->lot].end <= f->end; f->lot++) {
        lot_drop(&lots->lot[f->lot]);
        f->dropped = mem_drop(f->dropped, &f->entries[end]);
    }
}

enum status freeze_apex(struct freezing *f)
{
    f->v->apex = granules(f);
    if (f->end == 0 || f->entries[0].run->labels > 0) {
        node_begin(f, NULL, 0, 0);
        node_end(f, 0, NODE_APEX, false);
        return OK;
    }
    f->first = build_owner_end(f->entries, f->end, 0);
    return write_owner(f, 0, f->first);
}

void freeze_part(struct freezing *f)
{
    enum status st = OK;
    for (size_t first = f->first, end; first < f->end && st == OK; first = end) {
        end = build_owner_end(f->entries, f->end, first);
        st = write_owner(f, first, end);
        drop_behind(f, end);
    }
    f->status = st;
}
