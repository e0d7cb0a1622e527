/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the node of one owner: its records as they were and the changes go into one list, which is sorted so that what is about one record
 * stands together, in the order of time; the last word on each one holds. */
#include "zone/edit_inside.h"

#include <stdlib.h>
#include <string.h>

#include "zone/digest.h"

enum { OWNER_POINTER = 0xc00c, RECORD_HEAD = RRSET_RECORD_HEAD, TTL_AT = 6 };

struct item {
    const uint8_t *rdata, *canonical;
    uint32_t group;             /* type of the RRset, twice; plus one for a signature */
    uint32_t ttl, turn;         /* turn 0: it was there */
    uint16_t size;
    bool removes, mixed;
};
struct composing {
    const struct edit_node_change *change;
    struct item *items;
    size_t count;
    uint16_t klass;
    bool clears;                /* whole RRsets are removed */
};

/* ---- collecting ---- */

static enum status item_add(struct composing *c, struct item item)
{
    uint16_t type = item.group % 2 ? TYPE_RRSIG : (uint16_t)(item.group / 2);
    size_t offset = 0;
    struct rdata_name name;
    item.canonical = item.rdata;
    if (rdata_name_next(type, c->klass, item.rdata, item.size, &offset, &name)) {
        uint8_t *copy = arena_copy(c->change->scratch, item.rdata, item.size);
        if (!copy)
            return E_NOMEM;
        rdata_canonical(type, c->klass, copy, item.size);
        item.canonical = copy;
    }
    c->items[c->count++] = item;
    return OK;
}

static enum status add_old(struct composing *c, uint32_t group, bool mixed, const uint8_t *records, size_t bytes)
{
    const uint8_t *rdata;
    uint16_t size;
    enum status st = OK;
    for (size_t offset = 0; st == OK && rrset_next(records, bytes, &offset, &rdata, &size);)
        st = item_add(c, (struct item){ .rdata = rdata, .group = group, .ttl = get_u32(rdata - RECORD_HEAD + TTL_AT), .size = size, .mixed = mixed });
    return st;
}

static enum status add_ops(struct composing *c)
{
    enum status st = OK;
    for (size_t i = 0; st == OK && i < c->change->count; i++) {
        const struct edit_op *op = &c->change->ops[i];
        if (op->kind != EDIT_ADD && op->kind != EDIT_REMOVE) {
            c->clears = true;
            continue;
        }
        uint32_t group = op->type == TYPE_RRSIG ? rdata_rrsig_covered(op->rdata, op->size) * 2u + 1 : op->type * 2u;
        st = item_add(c, (struct item){ .rdata = op->rdata, .group = group, .ttl = op->ttl, .turn = op->turn, .size = op->size,
                                        .removes = op->kind == EDIT_REMOVE });
    }
    return st;
}

static size_t records_of(const struct zone_node *n)
{
    size_t count = 0;
    const struct zone_set *set = n ? node_first_set(n) : NULL;
    for (unsigned i = 0; n && i < n->sets; i++, set = set_next(set))
        count += (size_t)set->count + (set->bytes & SET_SIGNED ? set_sigs(set)->count : 0);
    return count;
}

static enum status collect(struct composing *c)
{
    const struct zone_node *old = c->change->old;
    size_t room = records_of(old) + c->change->count;
    enum status st = OK;
    c->items = mem_room((room ? room : 1) * sizeof *c->items);
    if (!c->items)
        return E_NOMEM;
    const struct zone_set *set = old ? node_first_set(old) : NULL;
    for (unsigned i = 0; old && st == OK && i < old->sets; i++, set = set_next(set)) {
        bool mixed = set->bytes & SET_TTL_MIXED;
        st = add_old(c, set->type * 2u, mixed, set->records, set->bytes & SET_BYTES);
        if (st == OK && (set->bytes & SET_SIGNED))
            st = add_old(c, set->type * 2u + 1, false, set_sigs(set)->records, set_sigs(set)->bytes);
    }
    return st == OK ? add_ops(c) : st;
}

/* ---- the last word ---- */

static int same_record(const struct item *a, const struct item *b)
{
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return rdata_compare(a->canonical, a->size, b->canonical, b->size);
}

static int item_compare(const void *left, const void *right)
{
    const struct item *a = left, *b = right;
    int order = same_record(a, b);
    return order ? order : (a->turn > b->turn) - (a->turn < b->turn);
}

/* The turn up to which all of a group has been removed; what is of turn 0 too when it is above 0. */
static uint32_t cleared_at(const struct edit_node_change *change, uint32_t group)
{
    for (size_t i = change->count; i-- > 0;) {
        const struct edit_op *op = &change->ops[i];
        bool of_type = op->kind == EDIT_REMOVE_RRSET && (op->type == group / 2 || (op->type == TYPE_RRSIG && group % 2));
        if (of_type || op->kind == EDIT_REMOVE_NAME)
            return op->turn;
    }
    return 0;
}

/* One record from *at on, which moves behind what is said of it.  @return what made it be there in the end, or NULL */
static const struct item *settle(const struct item *items, size_t *at, size_t count, uint32_t cleared, uint32_t *in_vain)
{
    const struct item *first = &items[*at], *there = NULL;
    for (; *at < count && same_record(first, &items[*at]) == 0; ++*at) {
        const struct item *item = &items[*at];
        if (cleared && item->turn < cleared)
            continue;
        *in_vain += item->removes && !there;
        there = item->removes ? NULL : there ? there : item;
    }
    return there;
}

/* Keeps what is there in the end, with the TTL of its group. */
static void reduce(struct composing *c, uint32_t *in_vain)
{
    size_t kept = 0, at = 0;
    while (at < c->count) {
        uint32_t group = c->items[at].group, cleared = c->clears ? cleared_at(c->change, group) : 0, last = 0;
        size_t first = kept, end = at;
        uint32_t ttl = c->items[at].ttl;
        for (; end < c->count && c->items[end].group == group; end++) {
            const struct item *item = &c->items[end];
            bool counts = !item->removes && !(cleared && item->turn < cleared);
            if (!counts || item->turn < last)
                continue;
            ttl = item->ttl;
            last = item->turn;
        }
        while (at < end) {
            const struct item *item = settle(c->items, &at, end, cleared, in_vain);
            if (item)
                c->items[kept++] = *item;
        }
        for (size_t i = first; i < kept; i++) {
            c->items[i].ttl = ttl;
            c->items[i].mixed = c->items[i].mixed && last == 0;
        }
    }
    c->count = kept;
}

/* ---- writing ---- */

static struct overlay_node *node_new(struct name_view name, size_t body)
{
    size_t bytes = node_head_bytes(name.length) + body;
    struct overlay_node *out = bytes > UINT32_MAX ? NULL : mem_alloc(offsetof(struct overlay_node, room) + bytes);
    if (!out)
        return NULL;
    atomic_init(&out->refs, 1);
    out->bytes = (uint32_t)bytes;
    struct zone_node *n = overlay_node_of(out);
    n->length = name.length;
    n->labels = name.labels;
    memcpy(n->name, name.wire, name.length);
    return out;
}

struct overlay_node *edit_node_empty(struct name_view name, bool gone)
{
    struct overlay_node *out = node_new(name, 0);
    if (out)
        out->gone = gone;
    return out;
}

/* Behind the items of the group that starts at `first`; *bytes: what their records take. */
static size_t group_end(const struct composing *c, size_t first, size_t *bytes)
{
    size_t end = first;
    *bytes = 0;
    for (; end < c->count && c->items[end].group == c->items[first].group; end++)
        *bytes += RECORD_HEAD + (size_t)c->items[end].size;
    return end;
}

/* @return octets of all sets; SIZE_MAX: one of them is too large */
static size_t measure(const struct composing *c, unsigned *sets)
{
    size_t all = 0, bytes;
    *sets = 0;
    for (size_t at = 0, end; at < c->count; at = end) {
        end = group_end(c, at, &bytes);
        if (end - at > UINT16_MAX || bytes > SET_BYTES)
            return SIZE_MAX;
        bool behind = at > 0 && c->items[at].group % 2 && c->items[at - 1].group == c->items[at].group - 1;
        if (!behind) {
            ++*sets;
            all += sizeof(struct zone_set);
        }
        all += granule_up(bytes) + (c->items[at].group % 2 ? sizeof(struct zone_sigs) : 0);
    }
    return all;
}

static uint8_t *write_records(const struct composing *c, size_t at, size_t end, uint8_t *to)
{
    const uint8_t *start = to;
    for (; at < end; at++) {
        const struct item *item = &c->items[at];
        put_u16(to, OWNER_POINTER);
        put_u16(to + 2, item->group % 2 ? TYPE_RRSIG : (uint16_t)(item->group / 2));
        put_u16(to + 4, c->klass);
        put_u32(to + TTL_AT, item->ttl);
        put_u16(to + 10, item->size);
        if (item->size)
            memcpy(to + RECORD_HEAD, item->rdata, item->size);
        to += RECORD_HEAD + (size_t)item->size;
    }
    return to + (granule_up((size_t)(to - start)) - (size_t)(to - start));     /* the padding is zero already */
}

static void write_sets(const struct composing *c, struct zone_node *n)
{
    uint32_t *directory = (uint32_t *)(void *)(uintptr_t)node_body(n);
    uint8_t *to = (uint8_t *)(uintptr_t)node_first_set(n);
    size_t bytes;
    unsigned written = 0;
    for (size_t at = 0; at < c->count; written++) {
        struct zone_set *set = (struct zone_set *)(void *)to;
        size_t end = group_end(c, at, &bytes);
        if (directory_bytes(n->sets))
            directory[written] = (uint32_t)((size_t)(to - (uint8_t *)n) / GRANULE);
        set->type = (uint16_t)(c->items[at].group / 2);
        to = set->records;
        if (c->items[at].group % 2 == 0) {
            set->count = (uint16_t)(end - at);
            set->bytes = (uint32_t)bytes | (c->items[at].mixed ? SET_TTL_MIXED : 0);
            to = write_records(c, at, end, to);
            at = end;
        }
        if (at == c->count || c->items[at].group != set->type * 2u + 1)
            continue;
        struct zone_sigs *sigs = (struct zone_sigs *)(void *)to;
        end = group_end(c, at, &bytes);
        *sigs = (struct zone_sigs){ .bytes = (uint32_t)bytes, .count = (uint16_t)(end - at) };
        set->bytes |= SET_SIGNED;
        to = write_records(c, at, end, sigs->records);
        at = end;
    }
}

static uint8_t flags_of(const struct composing *c, unsigned depth)
{
    uint8_t flags = depth == 0 ? NODE_APEX : 0;
    for (size_t i = 0; i < c->count; i++) {
        if (c->items[i].group == TYPE_NS * 2 && depth > 0)
            flags |= NODE_CUT;
        else if (c->items[i].group == TYPE_DNAME * 2)
            flags |= NODE_DNAME;
        else if (c->items[i].group == TYPE_NSEC3 * 2 && depth == 1)
            flags |= NODE_NSEC3;
    }
    return flags;
}

static enum status write_node(const struct composing *c, struct overlay_node **out)
{
    const struct edit_node_change *change = c->change;
    unsigned sets;
    size_t bytes = measure(c, &sets);
    if (bytes == SIZE_MAX || sets > UINT16_MAX)
        return E_LIMIT;
    struct overlay_node *made = node_new(change->name, directory_bytes(sets) + bytes);
    if (!made)
        return E_NOMEM;
    struct zone_node *n = overlay_node_of(made);
    n->sets = (uint16_t)sets;
    n->flags = flags_of(c, (unsigned)n->labels - change->version->labels);
    write_sets(c, n);
    *out = made;
    return OK;
}

enum status edit_node_compose(const struct edit_node_change *change, struct overlay_node **out, uint32_t *in_vain)
{
    struct composing c = { .change = change, .klass = change->version->klass };
    enum status st = collect(&c);
    if (st == OK) {
        qsort(c.items, c.count, sizeof *c.items, item_compare);
        reduce(&c, in_vain);
        *out = NULL;
        st = c.count ? write_node(&c, out) : OK;
    }
    mem_free(c.items);
    arena_reset(change->scratch);
    return st;
}

/* ---- nodes as they are ---- */

size_t edit_node_set_bytes(const struct zone_node *n)
{
    const struct zone_set *first = node_first_set(n), *set = first;
    for (unsigned i = 0; i < n->sets; i++)
        set = set_next(set);
    return (size_t)((const uint8_t *)set - (const uint8_t *)first);
}

struct overlay_node *edit_node_copy(const struct zone_node *n)
{
    size_t bytes = edit_node_set_bytes(n), directory = directory_bytes(n->sets);
    struct overlay_node *out = node_new((struct name_view){ n->name, n->length, n->labels }, directory + bytes);
    if (!out)
        return NULL;
    struct zone_node *copy = overlay_node_of(out);
    copy->sets = n->sets;
    copy->flags = n->flags;
    const struct zone_set *set = node_first_set(copy);
    memcpy((uint8_t *)(uintptr_t)set, node_first_set(n), bytes);
    uint32_t *places = (uint32_t *)(void *)(uintptr_t)node_body(copy);
    for (unsigned i = 0; directory && i < n->sets; i++, set = set_next(set))
        places[i] = (uint32_t)((size_t)((const uint8_t *)set - (const uint8_t *)copy) / GRANULE);
    return out;
}

bool edit_node_same(const struct zone_node *a, const struct zone_node *b)
{
    size_t bytes = edit_node_set_bytes(a);
    return a->sets == b->sets && bytes == edit_node_set_bytes(b) && memcmp(node_first_set(a), node_first_set(b), bytes) == 0;
}

bool edit_node_same_but_soa(const struct zone_node *a, const struct zone_node *b)
{
    if (a->sets != b->sets)
        return false;
    const struct zone_set *one = node_first_set(a), *two = node_first_set(b);
    for (unsigned i = 0; i < a->sets; i++) {
        const struct zone_set *one_end = set_next(one), *two_end = set_next(two);
        ptrdiff_t bytes = (const uint8_t *)one_end - (const uint8_t *)one;
        bool same = bytes == (const uint8_t *)two_end - (const uint8_t *)two && memcmp(one, two, (size_t)bytes) == 0;
        if (one->type != two->type || (one->type != TYPE_SOA && !same))
            return false;
        one = one_end;
        two = two_end;
    }
    return true;
}

bool edit_node_has(const struct zone_version *v, const struct zone_node *n, uint16_t type)
{
    const struct zone_set *set = node_set_find(v, n, type);
    return set && set->count;
}

static uint64_t records_digest(uint64_t name, uint16_t type, uint16_t covered, const uint8_t *records, size_t bytes)
{
    uint64_t sum = 0;
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(records, bytes, &offset, &rdata, &size);)
        sum += digest_record(name, type, covered, get_u32(rdata - RECORD_HEAD + TTL_AT), rdata, size);
    return sum;
}

uint64_t edit_node_digest(const struct zone_version *v, const struct zone_node *n, uint64_t *records)
{
    struct name_view origin = zone_version_origin(v);
    uint64_t name = digest_apex(v->klass, origin.wire, origin.length), sum = 0;
    uint8_t starts[NAME_MAX_LABELS];
    name_label_starts((struct name_view){ n->name, n->length, n->labels }, starts);
    for (unsigned left = n->labels - (unsigned)origin.labels; left > 0; left--)
        name = digest_label(name, n->name + starts[left - 1]);
    const struct zone_set *set = node_first_set(n);
    *records = records_of(n);
    for (unsigned i = 0; i < n->sets; i++, set = set_next(set)) {
        sum += records_digest(name, set->type, 0, set->records, set->bytes & SET_BYTES);
        if (set->bytes & SET_SIGNED)
            sum += records_digest(name, TYPE_RRSIG, set->type, set_sigs(set)->records, set_sigs(set)->bytes);
    }
    return sum;
}
