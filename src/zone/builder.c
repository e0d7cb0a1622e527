/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting records.  What is added is appended, nothing else: a record costs a copy. */
#include "zone/build.h"

#include <string.h>

enum { LAST_CHUNK = 8 << 20, RECYCLE_LEAST = 1 << 20 };

unsigned name_label_starts(struct name_view name, uint8_t starts[NAME_MAX_LABELS])
{
    unsigned count = 0;
    for (unsigned at = 0; name.wire[at] != 0; at += name.wire[at] + 1u)
        starts[count++] = (uint8_t)at;
    return count;
}

/* Chunks double, so that a small zone is a small thing. */
static enum status chunk_add(struct zone_builder *b, size_t least)
{
    size_t room = b->last->room * 2;
    room = room > LAST_CHUNK ? LAST_CHUNK : room;
    room = room < least ? least : room;
    struct build_chunk *chunk = mem_room(sizeof *chunk + room + BUILD_SLACK);
    if (!chunk)
        return E_NOMEM;
    *chunk = (struct build_chunk){ .room = room, .data = (uint8_t *)(chunk + 1) };
    b->last->next = chunk;
    b->last = chunk;
    b->run = NULL;
    return OK;
}

/* The open run is of this very owner. */
static bool run_is(const struct zone_builder *b, struct name_view owner)
{
    const struct build_run *run = b->run;
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
    if (b->runs == UINT32_MAX)
        return E_NOMEM;
    if (b->last->room - b->last->used < head + record) {
        enum status st = chunk_add(b, head + record);
        if (st != OK)
            return st;
    }
    struct build_run *run = (struct build_run *)(void *)(b->last->data + b->last->used);
    *run = (struct build_run){ .bytes = (uint32_t)head, .length = (uint8_t)length, .labels = (uint8_t)(owner.labels - b->apex_labels),
                               .own_suffix = own_suffix };
    memcpy(run->name, owner.wire, length);
    run->name[length] = 0;
    if (own_suffix)
        memcpy(run->name + length + 1, owner.wire + length, b->apex_length);
    b->last->used += head;
    b->run = run;
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
    b->last = &b->first;
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

void zone_builder_free(struct zone_builder *b)
{
    if (!b)
        return;
    for (struct build_chunk *chunk = b->first.next, *next; chunk; chunk = next) {
        next = chunk->next;
        mem_free(chunk);
    }
    if (b->entries != b->few)
        mem_free(b->entries);
    positions_free(b->positions);
    mem_free(b->spare);
    mem_free(b);
}

void zone_builder_recycle(struct zone_builder *b, void *block, size_t bytes)
{
    if (!b || bytes < RECYCLE_LEAST || bytes <= b->spare_bytes) {
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
    if (!same || b->last->room - b->last->used < bytes) {
        enum status st = run_open(b, owner, bytes);
        if (st != OK)
            return st;
    }
    struct build_record *r = (struct build_record *)(void *)(b->last->data + b->last->used);
    *r = (struct build_record){ .ttl = ttl, .type = type, .size = (uint16_t)size };
    if (where) {
        r->line = where->line;
        r->column = where->column > UINT16_MAX ? UINT16_MAX : (uint16_t)where->column;
        r->file = where->file;
    }
    if (size)
        memcpy(r->rdata, rdata, size);
    b->last->used += bytes;
    b->run->bytes += (uint32_t)bytes;
    b->run->records++;
    b->records++;
    b->rdata_bytes += size;
    b->nsec += type == TYPE_NSEC;
    b->nsec3 += type == TYPE_NSEC3;
    return OK;
}
