/* SPDX-License-Identifier: Apache-2.0 */
/* Order for what was collected: siblings among each other (which orders the whole tree, RFC 4034 6.1), records within
 * their owner by type and canonical form (6.3).  Each list is sorted on its own, so flat zones cost one sort of short
 * keys and deep ones many small sorts. */
#include "zone/inside.h"

#include <stdlib.h>
#include <string.h>

struct sibling {
    uint64_t high, low;     /* first 16 octets of the label, lower case */
    struct build_owner *owner;
};
struct sorting {            /* a record and what orders it */
    struct build_record *record;
    const uint8_t *canonical;
    uint32_t sequence;
};

static uint64_t label_word(const uint8_t *label, size_t length, size_t from)
{
    uint64_t word = 0;
    for (size_t i = from; i < from + 8; i++)
        word = word << 8 | (i < length ? ascii_lower(label[i]) : 0);
    return word;
}

static int label_compare(const uint8_t *a, const uint8_t *b)
{
    size_t common = a[0] < b[0] ? a[0] : b[0];
    for (size_t i = 1; i <= common; i++) {
        int difference = ascii_lower(a[i]) - ascii_lower(b[i]);
        if (difference)
            return difference;
    }
    return a[0] - b[0];
}

static int sibling_compare(const void *left, const void *right)
{
    const struct sibling *a = left, *b = right;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return label_compare(a->owner->name, b->owner->name);
}

static void children_sort(struct build_owner *parent, struct sibling *scratch)
{
    uint32_t count = 0;
    for (struct build_owner *o = parent->first_child; o; o = o->next_sibling) {
        scratch[count].owner = o;
        scratch[count].high = label_word(o->name + 1, o->name[0], 0);
        scratch[count++].low = label_word(o->name + 1, o->name[0], 8);
    }
    bool sorted = true;
    for (uint32_t i = 1; i < count && sorted; i++)
        sorted = sibling_compare(&scratch[i - 1], &scratch[i]) < 0;
    if (sorted)
        return;
    qsort(scratch, count, sizeof *scratch, sibling_compare);
    for (uint32_t i = 0; i < count; i++)
        scratch[i].owner->next_sibling = i + 1 < count ? scratch[i + 1].owner : NULL;
    parent->first_child = scratch[0].owner;
    parent->last_child = scratch[count - 1].owner;
}

static int group_compare(const struct build_record *a, const struct build_record *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return (int)a->signature - (int)b->signature;
}

static int record_compare(const void *left, const void *right)
{
    const struct sorting *a = left, *b = right;
    int order = group_compare(a->record, b->record);
    if (order == 0)
        order = rdata_compare(a->canonical, a->record->size, b->canonical, b->record->size);
    return order ? order : (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* rdata_canonical works in place, so records whose form differs need a copy; those without names do not. */
static const uint8_t *canonical_copy(struct zone_builder *b, const struct build_record *r)
{
    uint16_t type = r->signature ? TYPE_RRSIG : r->type;
    size_t offset = 0;
    struct rdata_name name;
    if (!rdata_name_next(type, b->klass, r->rdata, r->size, &offset, &name))
        return r->rdata;
    uint8_t *copy = arena_copy(b->arena, r->rdata, r->size);
    if (copy)
        rdata_canonical(type, b->klass, copy, r->size);
    return copy;
}

static bool record_same(const struct sorting *a, const struct sorting *b)
{
    return group_compare(a->record, b->record) == 0 && a->record->size == b->record->size &&
           memcmp(a->canonical, b->canonical, a->record->size) == 0;
}

static enum status records_sort(struct zone_builder *b, struct build_owner *o, struct sorting *scratch)
{
    uint32_t count = 0;
    for (struct build_record *r = o->first; r; r = r->next) {
        scratch[count] = (struct sorting){ r, canonical_copy(b, r), count };
        if (!scratch[count++].canonical)
            return E_NOMEM;
    }
    qsort(scratch, count, sizeof *scratch, record_compare);
    struct sorting *last = &scratch[0]; /* the last that is kept */
    for (uint32_t i = 1; i < count; i++) {
        struct build_record *r = scratch[i].record;
        if (!record_same(last, &scratch[i])) {
            last->record->next = r;
            last = &scratch[i];
        } else if (r->ttl != last->record->ttl) {
            last->record->ttl_mixed = true;
            last->record->ttl = r->ttl < last->record->ttl ? r->ttl : last->record->ttl;
        }
    }
    last->record->next = NULL;
    o->first = scratch[0].record;
    o->last = last->record;
    return OK;
}

struct build_owner *build_next(const struct build_owner *at)
{
    if (at->first_child)
        return at->first_child;
    while (!at->next_sibling) {
        if (at->parent == at)
            return NULL;
        at = at->parent;
    }
    return at->next_sibling;
}

struct build_record *build_group(struct build_record *first, struct build_group *out)
{
    *out = (struct build_group){ .ttl = first->ttl };
    struct build_record *r = first;
    for (; r && group_compare(first, r) == 0; r = r->next) {
        out->count++;
        out->bytes += BUILD_RECORD_HEAD + r->size;
        out->mixed |= r->ttl_mixed || r->ttl != first->ttl;
        if (r->ttl < out->ttl)
            out->ttl = r->ttl;
    }
    return r;
}

enum status build_sort(struct zone_builder *b)
{
    uint32_t children = 1, records = 1;
    for (struct build_owner *o = b->apex; o; o = build_next(o)) {
        children = o->child_count > children ? o->child_count : children;
        records = o->record_count > records ? o->record_count : records;
    }
    enum status st = E_NOMEM;
    struct sibling *siblings = mem_alloc(children * sizeof *siblings);
    struct sorting *sortings = mem_alloc(records * sizeof *sortings);
    if (!siblings || !sortings)
        goto done;
    st = OK;
    for (struct build_owner *o = b->apex; o && st == OK; o = build_next(o)) {
        if (o->child_count > 1)
            children_sort(o, siblings);
        if (o->record_count > 1)
            st = records_sort(b, o, sortings);
    }
done:
    mem_free(siblings);
    mem_free(sortings);
    return st;
}
