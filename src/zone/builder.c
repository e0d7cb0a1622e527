/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting records.  What is added is appended to its lot, nothing else: a record costs a copy. */
#include "zone/build.h"

#include <stdlib.h>
#include <string.h>

enum { LAST_CHUNK = 8 << 20, RECYCLE_LEAST = 1 << 20 };

unsigned name_label_starts(struct name_view name, uint8_t starts[NAME_MAX_LABELS])
{
    unsigned count = 0;
    for (unsigned at = 0; name.wire[at] != 0; at += name.wire[at] + 1u)
        starts[count++] = (uint8_t)at;
    return count;
}

static struct build_chunk *chunk_new(const struct build_lot *lot, size_t least)
{
    size_t room = lot->last->room * 2;      /* they double, so that a small zone is a small thing */
    room = room > LAST_CHUNK ? LAST_CHUNK : room;
    room = room < least ? least : room;
    struct build_chunk *chunk = mem_room(sizeof *chunk + room + BUILD_SLACK);
    if (chunk)
        *chunk = (struct build_chunk){ .room = room, .data = (uint8_t *)(chunk + 1) };
    return chunk;
}

/* ---- lots ---- */

enum { STOCK_CHUNKS = 16 };

static struct build_stock *stock_new(struct build_stock *next)
{
    struct build_stock *stock = mem_room(sizeof *stock);
    /* Room only: what is not used is never touched. */
    uint8_t *block = stock ? mem_room((size_t)LOT_CHUNK * (STOCK_CHUNKS + 1)) : NULL;
    if (!block) {
        mem_free(stock);
        return NULL;
    }
    *stock = (struct build_stock){ next, block, block + (-(uintptr_t)block & (LOT_CHUNK - 1)), (size_t)LOT_CHUNK * STOCK_CHUNKS };
    return stock;
}

static struct build_chunk *stock_chunk(struct build_lots *lots)
{
    if (!lots->stock || lots->stock->left == 0) {
        struct build_stock *stock = stock_new(lots->stock);
        if (!stock)
            return NULL;
        lots->stock = stock;
    }
    struct build_chunk *chunk = (struct build_chunk *)(void *)lots->stock->at;
    *chunk = (struct build_chunk){ .room = LOT_CHUNK - sizeof *chunk - BUILD_SLACK, .data = (uint8_t *)(chunk + 1) };
    lots->stock->at += LOT_CHUNK;
    lots->stock->left -= LOT_CHUNK;
    return chunk;
}

void lot_drop(struct build_lot *lot)
{
    for (struct build_chunk *chunk = lot->first, *next; chunk; chunk = next) {
        next = chunk->next;
        (void)mem_drop(chunk, (uint8_t *)chunk + LOT_CHUNK);
    }
    if (lot->first)
        lot->first = lot->last = NULL;
}

/* The first octets of the label below the zone's name, in order as the names are; 0 of the zone's own. */
uint64_t build_lot_key(struct name_view owner, unsigned apex_labels)
{
    uint64_t key = 0;
    if (owner.labels == apex_labels)
        return 0;
    const uint8_t *label = name_strip(owner, owner.labels - 1u - apex_labels).wire;
    for (unsigned i = 1; i <= sizeof key; i++)
        key = key << 8 | (i <= label[0] ? ascii_lower(label[i]) : 0);
    return key;
}

static struct build_lot *lot_of(struct zone_builder *b, struct name_view owner)
{
    if (!b->lots)
        return &b->whole;
    uint64_t key = build_lot_key(owner, b->apex_labels);
    const uint64_t *limits = b->lots->limits;
    size_t at = 0;
    for (size_t half = BUILD_LOTS / 2; half > 0; half /= 2)
        at += limits[at + half - 1] <= key ? half : 0;
    return &b->lots->lot[at];
}
static_assert((BUILD_LOTS & (BUILD_LOTS - 1)) == 0, "halved down to one");

static int key_compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Records that are there already go where they belong. */
static enum status move_runs(struct zone_builder *b, struct build_chunk *chunk)
{
    struct name owner;
    for (size_t at = 0; at < chunk->used;) {
        const struct build_run *run = (const void *)(chunk->data + at);
        const struct build_record *r = run_records(run, b->apex_length);
        const uint8_t *suffix = run->own_suffix ? run->name + run->length + 1 : b->apex;
        owner.length = (uint8_t)(run->length + b->apex_length);
        memcpy(owner.wire, run->name, run->length);
        memcpy(owner.wire + run->length, suffix, b->apex_length);
        for (uint32_t n = 0; n < run->records; n++, r = record_next(r)) {
            struct zone_where where = { r->line, r->column, r->file };
            enum status st = zone_builder_append(b, name_view_of(&owner), r->type, r->ttl, r->rdata, r->size, &where);
            if (st != OK)
                return st;
        }
        at += run->bytes;
    }
    return OK;
}

enum status zone_builder_divide(struct zone_builder *b, size_t count, uint64_t *keys, size_t key_count)
{
    count = count < BUILD_LOTS ? count : BUILD_LOTS;
    if (b->lots || b->whole.last != &b->first || key_count < BUILD_LOTS || count < 2)
        return OK;
    struct build_lots *lots = mem_alloc(sizeof *lots);
    if (!lots)
        return E_NOMEM;
    qsort(keys, key_count, sizeof *keys, key_compare);
    for (size_t i = 1; i < BUILD_LOTS; i++)
        lots->limits[i - 1] = i < count ? keys[i * key_count / count] : UINT64_MAX;
    b->lots = lots;
    b->lot = &lots->lot[0];
    b->whole.run = NULL;
    b->runs = 0;
    b->records = b->nsec = b->nsec3 = 0;
    return move_runs(b, &b->first);
}

enum status zone_builder_like(const struct zone_builder *b, struct zone_builder **out)
{
    struct zone_builder *like;
    enum status st = zone_builder_new((struct name_view){ b->apex, b->apex_length, b->apex_labels }, b->klass, &like);
    if (st != OK)
        return st;
    like->lots = mem_alloc(sizeof *like->lots);
    if (!like->lots) {
        zone_builder_free(like);
        return E_NOMEM;
    }
    memcpy(like->lots->limits, b->lots->limits, sizeof like->lots->limits);
    like->lot = &like->lots->lot[0];
    *out = like;
    return OK;
}

static void lot_join(struct build_lot *lot, struct build_lot *more)
{
    if (!more->first)
        return;
    if (lot->last)
        lot->last->next = more->first;
    else
        lot->first = more->first;
    lot->last = more->last;
    lot->run = more->run;
    lot->runs += more->runs;
    more->first = more->last = NULL;
}

enum status zone_builder_join(struct zone_builder *b, struct zone_builder *more)
{
    if ((uint64_t)b->runs + more->runs > UINT32_MAX)
        return E_NOMEM;
    for (unsigned i = 0; i < BUILD_LOTS; i++)
        lot_join(&b->lots->lot[i], &more->lots->lot[i]);
    struct build_stock **end = &more->lots->stock;
    while (*end)
        end = &(*end)->next;
    *end = b->lots->stock;
    b->lots->stock = more->lots->stock;
    more->lots->stock = NULL;
    b->runs += more->runs;
    b->records += more->records;
    b->nsec += more->nsec;
    b->nsec3 += more->nsec3;
    b->indented |= more->indented;
    return OK;
}

/* ---- adding ---- */

static enum status chunk_add(struct zone_builder *b, struct build_lot *lot, size_t least)
{
    struct build_chunk *chunk = b->lots ? stock_chunk(b->lots) : chunk_new(lot, least);
    if (!chunk)
        return E_NOMEM;
    if (lot->last)
        lot->last->next = chunk;
    else
        lot->first = chunk;
    lot->last = chunk;
    lot->run = NULL;
    return OK;
}

static bool lot_has_room(const struct build_lot *lot, size_t bytes) { return lot->last && lot->last->room - lot->last->used >= bytes; }

/* The open run is of this very owner. */
static bool run_is(const struct zone_builder *b, struct name_view owner)
{
    const struct build_run *run = b->lot->run;
    if (!run || owner.length != run->length + b->apex_length)
        return false;
    const uint8_t *suffix = run->own_suffix ? run->name + run->length + 1 : b->apex;
    return memcmp(owner.wire, run->name, run->length) == 0 && memcmp(owner.wire + run->length, suffix, b->apex_length) == 0;
}

/* Opens a run, in a chunk that has room for its first record too. */
static enum status run_open(struct zone_builder *b, struct name_view owner, size_t record)
{
    size_t length = (size_t)owner.length - b->apex_length;
    bool own_suffix = memcmp(owner.wire + length, b->apex, b->apex_length) != 0;
    size_t head = run_head_bytes(length + 1 + (own_suffix ? b->apex_length : 0));
    struct build_lot *lot = lot_of(b, owner);
    if (b->runs == UINT32_MAX)
        return E_NOMEM;
    if (!lot_has_room(lot, head + record)) {
        enum status st = chunk_add(b, lot, head + record);
        if (st != OK)
            return st;
    }
    struct build_run *run = (struct build_run *)(void *)(lot->last->data + lot->last->used);
    *run = (struct build_run){ .bytes = (uint32_t)head, .length = (uint8_t)length, .labels = (uint8_t)(owner.labels - b->apex_labels),
                               .own_suffix = own_suffix };
    memcpy(run->name, owner.wire, length);
    run->name[length] = 0;
    if (own_suffix)
        memcpy(run->name + length + 1, owner.wire + length, b->apex_length);
    lot->last->used += head;
    lot->run = run;
    lot->runs++;
    b->lot = lot;
    b->runs++;
    return OK;
}

enum status zone_builder_new(struct name_view origin, uint16_t klass, struct zone_builder **out)
{
    struct zone_builder *b = mem_room(sizeof *b);
    if (!b)
        return E_NOMEM;
    memset(b, 0, offsetof(struct zone_builder, few));
    b->first.room = BUILD_OWN;
    b->first.data = b->own;
    b->whole.first = b->whole.last = &b->first;
    b->lot = &b->whole;
    b->threads = 1;
    b->klass = klass;
    b->apex_length = origin.length;
    b->apex_labels = origin.labels;
    memcpy(b->apex, origin.wire, origin.length);
    *out = b;
    return OK;
}

bool zone_builder_is(const struct zone_builder *b, struct name_view origin)
{
    return name_equal(origin, (struct name_view){ b->apex, b->apex_length, b->apex_labels });
}

void builder_spend(struct zone_builder *b)
{
    for (struct build_chunk *chunk = b->first.next, *next; chunk; chunk = next) {
        next = chunk->next;
        mem_free(chunk);
    }
    b->first.next = NULL;
    for (struct build_stock *stock = b->lots ? b->lots->stock : NULL, *next; stock; stock = next) {
        next = stock->next;
        mem_free(stock->block);
        mem_free(stock);
    }
    mem_free(b->lots);
    b->lots = NULL;
    if (b->entries != b->few)
        mem_free(b->entries);
    b->entries = NULL;
    mem_free(b->spare);
    b->spare = NULL;
}

void zone_builder_free(struct zone_builder *b)
{
    if (!b)
        return;
    builder_spend(b);
    positions_free(b->positions);
    mem_free(b);
}

void zone_builder_recycle(struct zone_builder *b, void *block, size_t bytes)
{
    /* In lots memory comes and goes: a block that stays would be held beside it. */
    if (!b || b->lots || bytes < RECYCLE_LEAST || bytes <= b->spare_bytes) {
        mem_free(block);
        return;
    }
    mem_free(b->spare);
    b->spare = block;
    b->spare_bytes = bytes;
}

enum status zone_builder_add(struct zone_builder *b, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size,
                             const struct zone_where *where)
{
    if (size > RDATA_MAX_BYTES || !name_below(owner, (struct name_view){ b->apex, b->apex_length, b->apex_labels }))
        return E_RANGE;
    return zone_builder_append(b, owner, type, ttl, rdata, size, where);
}

enum status zone_builder_append(struct zone_builder *b, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size,
                                const struct zone_where *where)
{
    size_t bytes = record_bytes(size);
    bool same = run_is(b, owner);
    if (!same || !lot_has_room(b->lot, bytes)) {
        enum status st = run_open(b, owner, bytes);
        if (st != OK)
            return st;
    }
    struct build_lot *lot = b->lot;
    struct build_record *r = (struct build_record *)(void *)(lot->last->data + lot->last->used);
    *r = (struct build_record){ .ttl = ttl, .type = type, .size = (uint16_t)size };
    if (where) {
        r->line = where->line;
        r->column = where->column > UINT16_MAX ? UINT16_MAX : (uint16_t)where->column;
        r->file = where->file;
        b->indented |= where->column != 1 || where->file != 0;
    }
    if (size)
        memcpy(r->rdata, rdata, size);
    lot->last->used += bytes;
    lot->run->bytes += (uint32_t)bytes;
    lot->run->records++;
    b->records++;
    b->nsec += type == TYPE_NSEC;
    b->nsec3 += type == TYPE_NSEC3;
    return OK;
}
