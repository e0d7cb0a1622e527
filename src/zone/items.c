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
        found |= word ^ hash_lower(word);
    }
    if (size == 0)
        return found != 0;
    memcpy(&word, octets, sizeof word);
    return (found | first_octets(word ^ hash_lower(word), size)) != 0;
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

/* Whose records were asked for last: the next are mostly the same, or those of an owner soon behind. */
struct build_positions {
    const struct zone_node *node;
    size_t entry;
    struct build_items items;
};

void positions_free(struct build_positions *p)
{
    if (p)
        items_clear(&p->items);
    mem_free(p);
}

/* The node's name as if the zone's were the root. */
static struct name_view node_relative(const struct zone_builder *b, const struct zone_node *n, struct name *room)
{
    room->length = (uint8_t)(n->length - b->apex_length + 1);
    memcpy(room->wire, n->name, room->length - 1u);
    room->wire[room->length - 1] = 0;
    return (struct name_view){ room->wire, room->length, (uint8_t)(n->labels - b->apex_labels) };
}

/* The first entry of the owner `name`, which is there; the search starts where the last one ended. */
static size_t entry_find(const struct zone_builder *b, struct name_view name, size_t hint)
{
    size_t low = 0, high = b->runs;
    if (hint < high && name_compare(run_name(b->entries[hint].run), name) < 0) {
        low = hint;                     /* below the name */
        for (size_t step = 1; low + step < high; step *= 2) {
            if (name_compare(run_name(b->entries[low + step].run), name) >= 0) {
                high = low + step;
                break;
            }
            low += step;
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (name_compare(run_name(b->entries[middle].run), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Collects the records of a node. */
static bool positions_seek(struct zone_builder *b, const struct zone_node *n)
{
    struct name room;
    struct build_positions *p = b->positions;
    if (!p) {
        b->positions = p = mem_room(sizeof *p);
        if (!p)
            return false;
        items_init(&p->items, b);
        p->node = NULL;
        p->entry = 0;
    }
    if (p->node == n)
        return true;
    struct name_view name = node_relative(b, n, &room);
    p->entry = entry_find(b, name, p->entry);
    if (p->entry == b->runs || !name_equal(run_name(b->entries[p->entry].run), name))
        return false;
    p->node = items_collect(&p->items, p->entry, build_owner_end(b->entries, b->runs, p->entry)) == OK ? n : NULL;
    return p->node != NULL;
}

bool zone_version_where(const struct zone_version *v, const struct zone_node *n, uint16_t type, uint16_t record, struct zone_where *out)
{
    struct rrset set;
    size_t ordinal = 0;
    if (!v->builder || n->sets == 0 || !positions_seek(v->builder, n))
        return false;
    for (size_t position = 0; zone_node_rrset_next(v, n, &position, &set); ordinal += (size_t)set.count + set.sig_count) {
        if (set.type != type)
            continue;
        if (record >= (uint32_t)set.count + set.sig_count || ordinal + record >= v->builder->positions->items.count)
            return false;
        const struct build_record *r = v->builder->positions->items.list[ordinal + record].record;
        *out = (struct zone_where){ r->line, r->column, r->file };
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
