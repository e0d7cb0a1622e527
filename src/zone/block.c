/* SPDX-License-Identifier: Apache-2.0 */
/* From sorted runs to one block: a pass over the names that counts nodes, one allocation of what suffices, a pass that writes them, in
 * parts by several threads if there are several; the parts are put together, and the rest is given back. */
#include "zone/freeze.h"

#include <stdatomic.h>

enum { SMALL_BYTES = 8192 };

struct block {
    struct zone_builder *b;
    struct zone_version *v;
    struct freezing *parts;
    unsigned count;                 /* of parts */
    uint32_t names;                 /* nodes of the name space */
    uint64_t *hashes;               /* of the nodes of a large version */
    struct freeze_sum lots[BUILD_LOTS];
    struct freeze_sum sum;
    _Atomic unsigned next;          /* lot to be counted */
    struct freezing one;            /* parts, if it is only one */
    _Alignas(8) uint8_t small[SMALL_BYTES];     /* the block of a small zone */
};

/* ---- counting ---- */

/* Notes for each run how many labels its owner shares with the one before, and counts nodes: each owner, and the empty non-terminals
 * between it and what is shared. */
static struct freeze_sum compare_owners(const struct zone_builder *b, size_t first, size_t end)
{
    size_t suffix = b->apex_length;
    struct freeze_sum sum = { 0 };
    struct name_view before = first ? run_name(b->entries[first - 1].run) : name_root;
    for (size_t i = first; i < end; i++) {
        fetch_ahead(b->entries, end, i, 1);
        const struct build_run *run = b->entries[i].run;
        struct name_view name = run_name(run);
        unsigned shared = name_leads(before, name) ? before.labels : name_shared_labels(before, name);
        bool same = i > 0 && shared == name.labels && shared == before.labels;
        b->entries[i].key = same ? SAME_OWNER : shared;
        sum.records += run->records;
        sum.run_bytes += run->bytes;
        if (same)
            continue;
        sum.nodes += name.labels - shared;
        for (unsigned strip = 0; strip < name.labels - shared; strip++)
            sum.head_bytes += node_head_bytes(name_strip(name, strip).length - 1u + suffix);
        before = name;
    }
    return sum;
}

static void sum_add(struct freeze_sum *sum, const struct freeze_sum *more)
{
    sum->nodes += more->nodes;
    sum->head_bytes += more->head_bytes;
    sum->records += more->records;
    sum->run_bytes += more->run_bytes;
}

static void count_lots(void *context, unsigned thread)
{
    struct block *block = context;
    (void)thread;
    for (unsigned i; (i = atomic_fetch_add(&block->next, 1)) < BUILD_LOTS;) {
        const struct build_lot *lot = &block->b->lots->lot[i];
        block->lots[i] = compare_owners(block->b, lot->end - lot->runs, lot->end);
    }
}

static void count(struct block *block)
{
    struct zone_builder *b = block->b;
    if (b->lots)
        zone_threads(b->threads, count_lots, block);
    else
        block->lots[0] = compare_owners(b, 0, b->runs);
    block->sum = (struct freeze_sum){ .nodes = 1, .head_bytes = node_head_bytes(b->apex_length) };      /* the apex */
    for (unsigned i = 0; i < build_lot_count(b); i++)
        sum_add(&block->sum, &block->lots[i]);
}

static void count_names(struct block *block)
{
    const struct zone_builder *b = block->b;
    block->names = (uint32_t)block->sum.nodes;
    if (b->nsec3 == 0)
        return;
    for (size_t first = 0, end; first < b->runs; first = end) {
        end = build_owner_end(b->entries, b->runs, first);
        block->names -= owner_hidden(b, first, end);
    }
}

/* Room for a chain is kept when there may be one; version_seal() counts what is in it. */
static void plan_denial(const struct zone_builder *b, struct zone_version *v)
{
    bool nsec = false, nsec3 = false;
    for (size_t i = 0; i < b->runs && b->entries[i].run->labels == 0; i++) {
        const struct build_run *run = b->entries[i].run;
        const struct build_record *r = run_records(run, b->apex_length);
        for (uint32_t n = 0; n < run->records; n++, r = record_next(r)) {
            nsec |= r->type == TYPE_NSEC;
            nsec3 |= r->type == TYPE_NSEC3PARAM;
        }
    }
    v->denial_kind = nsec3 && b->nsec3 ? ZONE_DENIAL_NSEC3 : nsec ? ZONE_DENIAL_NSEC : ZONE_DENIAL_NONE;
    uint64_t links = v->denial_kind == ZONE_DENIAL_NSEC3 ? b->nsec3 : v->denial_kind == ZONE_DENIAL_NSEC ? b->nsec : 0;
    v->denial_count = (uint32_t)links;
}

/* No more than what the records can take, whatever sets they form: a head and padding for each. */
static uint64_t data_bound(const struct freeze_sum *sum)
{
    size_t head = RECORD_HEAD + 2 * sizeof(struct zone_set) + GRANULE - 1 + sizeof(uint32_t);
    static_assert(sizeof(struct zone_set) == sizeof(struct zone_sigs), "either stands in front");
    return granule_up(sum->head_bytes + sum->run_bytes + sum->records * (head - sizeof(struct build_record)) + BUILD_SLACK + NAME_MAX_BYTES);
}
static_assert(RRSET_RECORD_HEAD + 2 * sizeof(struct zone_set) + GRANULE - 1 + sizeof(uint32_t) >= sizeof(struct build_record), "run_bytes has one a record");

/* ---- parts ---- */

static void part_init(struct freezing *part, size_t first, unsigned lot)
{
    memset(part, 0, offsetof(struct freezing, items));
    part->first = part->end = first;
    part->lot = lot;
}

/* Lots that follow each other, about as many entries in each part. */
static enum status plan_parts(struct block *block)
{
    struct zone_builder *b = block->b;
    unsigned wanted = b->lots ? b->threads : 1;
    block->count = 1;
    block->parts = &block->one;
    if (wanted > 1) {
        block->parts = mem_alloc(wanted * sizeof *block->parts);
        if (!block->parts)
            return E_NOMEM;
    }
    struct freezing *part = block->parts;
    part_init(part, 0, 0);
    part->sum = (struct freeze_sum){ .nodes = 1, .head_bytes = node_head_bytes(b->apex_length) };
    for (unsigned i = 0; i < build_lot_count(b); i++) {
        if (part->end >= b->runs * (uint64_t)block->count / wanted && block->count < wanted && part->end > 0) {
            part_init(part + 1, part->end, i);
            part++;
            block->count++;
        }
        part->end += b->lots ? b->lots->lot[i].runs : b->runs;
        sum_add(&part->sum, &block->lots[i]);
    }
    return OK;
}

static void begin_parts(struct block *block, size_t data)
{
    uint64_t node = 0, record = 0;
    for (unsigned i = 0; i < block->count; i++) {
        struct freezing *f = &block->parts[i];
        f->b = block->b;
        f->v = block->v;
        f->entries = block->b->entries;
        f->dropped = &f->entries[f->first];
        f->at_once = !f->b->lots;
        f->hashes = block->hashes;
        f->start = f->at = data;
        f->first_node = f->node = (uint32_t)node;
        f->first_record = f->record = record;
        items_init(&f->items, f->b);
        data += data_bound(&f->sum);
        node += f->sum.nodes;
        record += f->sum.records;
    }
}

static void write_part(void *context, unsigned index) { freeze_part(&((struct block *)context)->parts[index]); }

static enum status write_parts(struct block *block)
{
    struct freezing *parts = block->parts;
    enum status st = freeze_apex(&parts[0]);
    for (unsigned i = 1; i < block->count; i++)
        parts[i].levels[0] = parts[0].levels[0];
    if (st == OK)
        zone_threads(block->count, write_part, block);
    for (unsigned i = 0; i < block->count; i++) {
        st = st == OK ? parts[i].status : st;
        items_clear(&parts[i].items);
    }
    return st;
}

/* ---- together ---- */

/* What in a part refers to the part, after it has moved down. */
static void relocate(const struct freezing *f, uint32_t down)
{
    uint32_t *order = order_of(f), start = (uint32_t)(f->start / GRANULE);
    for (uint32_t i = f->first_node; i < f->node; i++) {
        order[i] -= down;
        struct zone_node *n = (struct zone_node *)(void *)((uint8_t *)f->v + (size_t)order[i] * GRANULE);
        n->parent -= n->parent >= start ? down : 0;
        uint32_t *directory = (uint32_t *)(void *)((uint8_t *)n + node_head_bytes(n->length));
        for (size_t s = 0; s < directory_bytes(n->sets) / sizeof *directory; s++)
            directory[s] -= down;
    }
}

/* Each part moves to the end of the one before; so do its positions where duplicates went. */
static void join_parts(struct block *block)
{
    struct freezing *all = &block->parts[0];
    struct build_positions *p = block->b->positions;
    uint8_t flags = all->wild ? NODE_WILD_CHILD : 0;
    for (unsigned i = 1; i < block->count; i++) {
        const struct freezing *f = &block->parts[i];
        size_t bytes = f->at - f->start;
        uint64_t records = f->record - f->first_record;
        memmove((uint8_t *)block->v + all->at, (uint8_t *)block->v + f->start, bytes);
        relocate(f, (uint32_t)((f->start - all->at) / GRANULE));
        if (p && all->record != f->first_record)
            memmove(&p->where[all->record * p->words], &p->where[f->first_record * p->words], records * p->words * sizeof *p->where);
        all->at += bytes;
        all->node = f->node;
        all->record += records;
        all->fingerprint += f->fingerprint;
        all->depth = f->depth > all->depth ? f->depth : all->depth;
        flags |= f->wild ? NODE_WILD_CHILD : 0;
    }
    all->levels[0].node->flags |= flags;
}

/* Gives back what was not used; a small zone moves from the stack into a block that fits. */
static enum status close_block(struct block *block)
{
    struct freezing *all = &block->parts[0];
    struct zone_version *v = block->v;
    join_parts(block);
    if (block->hashes)
        index_fill(all, block->b->threads);
    else if (!all->at_once)
        index_walk(all);
    else
        write_wishes(all);
    v->records = all->record;
    v->fingerprint = all->fingerprint;
    v->depth = all->depth;
    v->bytes = all->at;
    if ((uint8_t *)v != block->small) {
        block->v = mem_shrink(v, v->bytes);
        return OK;
    }
    block->v = mem_room(v->bytes);
    if (!block->v)
        return E_NOMEM;
    memcpy(block->v, v, v->bytes);
    return OK;
}

/* ---- the block ---- */

static enum status open_block(struct block *block, uint64_t bound)
{
    struct zone_builder *b = block->b;
    if (bound <= sizeof block->small) {
        block->v = (struct zone_version *)(void *)block->small;
    } else {
        block->v = mem_recycle(b->spare, bound);
        b->spare = block->v ? NULL : b->spare;
    }
    /* Several threads read them again and again; one computes them from the names, which takes as long as touching that memory. */
    if (b->lots && b->threads > 1)
        block->hashes = mem_room(block->sum.nodes * sizeof *block->hashes);
    return block->v && (block->hashes || !b->lots || b->threads == 1) ? OK : E_NOMEM;
}

static enum status freeze(struct block *block)
{
    struct zone_builder *b = block->b;
    struct zone_version head = { .key = hash_key_random(), .klass = b->klass, .node_count = (uint32_t)block->sum.nodes };
    head.slot_count = block->names + block->names / 4 * 3 + 1;   /* an absent name costs some three slots, most often of one line */
    plan_denial(b, &head);
    size_t slots = head.slot_count * sizeof(struct zone_slot), at = sizeof head;
    head.slots = (uint32_t)(at / GRANULE);
    at += slots;
    head.order = (uint32_t)(at / GRANULE);
    at += head.node_count * sizeof(uint32_t);
    head.denial = (uint32_t)(at / GRANULE);
    at += head.denial_count * sizeof(struct zone_hashed);
    uint64_t bound = at;
    for (unsigned i = 0; i < block->count; i++)
        bound += data_bound(&block->parts[i].sum);
    if (bound / GRANULE >= UINT32_MAX || block->sum.records > UINT32_MAX || block->sum.nodes > UINT32_MAX)
        return E_LIMIT;
    enum status st = open_block(block, bound);
    if (st != OK)
        return st;
    *block->v = head;
    if (!b->lots)
        memset((uint8_t *)block->v + (size_t)head.slots * GRANULE, 0, slots);
    memset((uint8_t *)block->v + (size_t)head.denial * GRANULE, 0, at - (size_t)head.denial * GRANULE);
    begin_parts(block, at);
    st = write_parts(block);
    require(st != OK || (block->parts[block->count - 1].node == head.node_count && block->parts[block->count - 1].at <= bound));
    return st == OK ? close_block(block) : st;
}

static enum status freeze_all(struct block *block, bool keep_where)
{
    struct zone_builder *b = block->b;
    enum status st = build_sort(b);
    if (st != OK)
        return st;
    count(block);
    count_names(block);
    st = plan_parts(block);
    if (st == OK && keep_where)
        st = positions_new(b, b->records);
    if (st == OK)
        st = freeze(block);
    if (block->parts != &block->one)
        mem_free(block->parts);
    mem_free(block->hashes);
    return st;
}

enum status zone_builder_finish(struct zone_builder *b, bool keep_where, struct zone_version **out)
{
    struct block block;
    memset(&block, 0, offsetof(struct block, one));
    block.b = b;
    enum status st = freeze_all(&block, keep_where);
    if (st != OK && (uint8_t *)block.v != block.small)
        mem_free(block.v);
    if (st != OK || !keep_where)
        zone_builder_free(b);
    if (st != OK)
        return st;
    if (keep_where)
        builder_spend(b);
    block.v->builder = keep_where ? b : NULL;
    version_seal(block.v);
    *out = block.v;
    return OK;
}
