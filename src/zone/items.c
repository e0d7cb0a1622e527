/* SPDX-License-Identifier: Apache-2.0 */
/* The records of one owner in the order of the version, and where they stand in the files they came from. */
#include "zone/build.h"

#include <string.h>

/* ---- the records of an owner ---- */

void items_init(struct build_items *it, const struct zone_builder *b)
{
    it->b = b;
    it->list = it->own;
    it->room = ITEMS_FEW;
    it->count = 0;
    it->canonical = NULL;
}

void items_clear(struct build_items *it)
{
    if (it->list != it->own)
        mem_free(it->list);
    arena_free(it->canonical);
    items_init(it, it->b);
}

static enum status items_room(struct build_items *it, size_t count)
{
    if (count <= it->room)
        return OK;
    struct build_item *more = mem_room(count * sizeof *more);
    if (!more)
        return E_NOMEM;
    if (it->list != it->own)
        mem_free(it->list);
    it->list = more;
    it->room = count;
    return OK;
}

/* The octets of a word that come first in memory. */
static uint64_t first_octets(uint64_t word, size_t count)
{
    unsigned others = (unsigned)(sizeof word - count) * 8;
    return word & (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? UINT64_MAX >> others : UINT64_MAX << others);
}

/* Eight octets at once; those behind the end may be read (BUILD_SLACK) and do not count. */
static bool has_upper(const uint8_t *octets, size_t size)
{
    uint64_t found = 0, word;
    for (; size > sizeof word; octets += sizeof word, size -= sizeof word) {
        memcpy(&word, octets, sizeof word);
        found |= word ^ ascii_lower_8(word);
    }
    if (size == 0)
        return found != 0;
    memcpy(&word, octets, sizeof word);
    return (found | first_octets(word ^ ascii_lower_8(word), size)) != 0;
}

/* rdata_canonical works in place, so records whose form may differ need a copy; most do not. */
static const uint8_t *canonical_of(struct build_items *it, const struct build_record *r)
{
    size_t offset = 0;
    struct rdata_name name;
    if (!has_upper(r->rdata, r->size) || !rdata_name_next(r->type, it->b->klass, r->rdata, r->size, &offset, &name))
        return r->rdata;
    if (!it->canonical)
        it->canonical = arena_new(0);
    uint8_t *copy = it->canonical ? arena_copy(it->canonical, r->rdata, r->size) : NULL;
    if (copy)
        rdata_canonical(r->type, it->b->klass, copy, r->size);
    return copy;
}

/* Duplicates go; the lowest TTL of equal records stays. */
static size_t items_unique(struct build_item *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        struct build_item *last = &items[kept], *item = &items[i];
        uint16_t size = item->record->size;
        if (item->group != last->group || size != last->record->size || (size && memcmp(item->canonical, last->canonical, size) != 0)) {
            items[++kept] = *item;
        } else if (item->ttl != last->ttl) {
            last->mixed = true;
            last->ttl = item->ttl < last->ttl ? item->ttl : last->ttl;
        }
    }
    return count ? kept + 1 : 0;
}

/* Collects what the runs have, in the order of the version. */
enum status items_collect(struct build_items *it, size_t first, size_t end)
{
    size_t all = 0, at = 0;
    for (size_t i = first; i < end; i++)
        all += it->b->entries[i].run->records;
    enum status st = items_room(it, all);
    if (st != OK)
        return st;
    for (size_t i = first; i < end; i++) {
        const struct build_run *run = it->b->entries[i].run;
        const struct build_record *r = run_records(run, it->b->apex_length);
        fetch_ahead(it->b->entries, it->b->runs, i, 3);
        for (uint32_t n = 0; n < run->records; n++, r = record_next(r)) {
            struct build_item *item = &it->list[at++];
            *item = (struct build_item){ .record = r, .canonical = all > 1 ? canonical_of(it, r) : r->rdata,
                                         .group = record_covers(r) * 2u + (r->type == TYPE_RRSIG), .ttl = r->ttl };
            if (!item->canonical)
                return E_NOMEM;
        }
    }
    if (all > 1) {
        st = items_sort(it->list, all);
        all = items_unique(it->list, all);
    }
    if (it->canonical)
        arena_reset(it->canonical);      /* the order is settled */
    it->count = all;
    return st;
}

/* ---- positions ---- */

enum { STRIDE = 64 };

enum status positions_new(struct zone_builder *b, uint64_t records)
{
    unsigned words = b->indented ? 2 : 1;
    struct build_positions *p = mem_room(sizeof *p + records * words * sizeof *p->where);
    if (!p)
        return E_NOMEM;
    *p = (struct build_positions){ .words = words };
    b->positions = p;
    return OK;
}

void positions_free(struct build_positions *p)
{
    if (p)
        mem_free(p->starts);
    mem_free(p);
}

static uint64_t node_records(const struct zone_version *v, const struct zone_node *n)
{
    struct rrset set;
    uint64_t records = 0;
    for (size_t position = 0; zone_node_rrset_next(v, n, &position, &set);)
        records += (uint64_t)set.count + set.sig_count;
    return records;
}

/* So many records stand in front of each STRIDEth node; most versions are never asked. */
static bool positions_count(struct build_positions *p, const struct zone_version *v)
{
    uint64_t records = 0;
    p->starts = mem_room((v->node_count / STRIDE + 1) * sizeof *p->starts);
    for (uint32_t i = 0; p->starts && i < v->node_count; i++) {
        if (i % STRIDE == 0)
            p->starts[i / STRIDE] = records;
        records += node_records(v, zone_version_node(v, i));
    }
    return p->starts != NULL;
}

/* Nodes lie in memory in their order. */
static uint32_t node_index(const struct zone_version *v, const struct zone_node *n)
{
    uint32_t low = 0, high = v->node_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (zone_version_node(v, middle) <= n)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* How many records stand in front of a node; those asked for are mostly near the last one. */
static uint64_t positions_seek(struct build_positions *p, const struct zone_version *v, const struct zone_node *n)
{
    if (zone_version_node(v, p->node) == n)
        return p->record;
    uint32_t index = node_index(v, n), at = index - index % STRIDE;
    uint64_t record = p->starts[index / STRIDE];
    if (p->node > at && p->node < index) {
        at = p->node;
        record = p->record;
    }
    for (; at < index; at++)
        record += node_records(v, zone_version_node(v, at));
    p->node = index;
    p->record = record;
    return record;
}

bool zone_version_where(const struct zone_version *v, const struct zone_node *n, uint16_t type, uint16_t record, struct zone_where *out)
{
    struct build_positions *p = v->builder ? v->builder->positions : NULL;
    struct rrset set;
    if (!p || (!p->starts && !positions_count(p, v)))
        return false;
    uint64_t ordinal = positions_seek(p, v, n);
    for (size_t position = 0; zone_node_rrset_next(v, n, &position, &set); ordinal += (uint64_t)set.count + set.sig_count) {
        if (set.type != type)
            continue;
        if (record >= (uint32_t)set.count + set.sig_count)
            return false;
        const uint32_t *where = &p->where[(ordinal + record) * p->words];
        *out = (struct zone_where){ where[0], p->words == 2 ? where[1] >> 16 : 1, (uint16_t)(p->words == 2 ? where[1] : 0) };
        return true;
    }
    return false;
}

struct zone_version *zone_version_forget_where(struct zone_version *v)
{
    if (v) {
        zone_builder_free(v->builder);
        v->builder = NULL;
    }
    return v;
}
