/* SPDX-License-Identifier: Apache-2.0 */
/* From sorted runs to one block: a pass over the names that counts nodes, one allocation of what suffices, a pass that writes each node in
 * one piece, and the rest is given back. */
#include "zone/build.h"

#include <string.h>

#include "zone/digest.h"

enum { OWNER_POINTER = 0xc00c, RECORD_HEAD = RRSET_RECORD_HEAD, DELAYED = 16, SMALL_BYTES = 8192 };
static_assert((DELAYED & (DELAYED - 1)) == 0, "a power of two");

/* An ancestor of what is being written, or the node itself; [n] is n labels below the apex. */
struct level {
    struct zone_node *node;
    uint64_t hash, digest;      /* digest: of the name, for the fingerprint */
};
struct slot_wish { uint64_t hash; uint32_t node; };
struct freezing {
    struct zone_builder *b;
    struct zone_version *v;
    struct build_entry *entries;    /* of the builder; key: labels shared with the owner before, see `compare_owners` */
    size_t count;
    size_t at;                      /* octets: where the next data goes */
    uint32_t node, names;           /* nodes written; nodes in the name space */
    uint64_t head_bytes;            /* of all nodes */
    uint64_t fingerprint, record;   /* record: how many are written */
    uint32_t wished;
    struct build_items items;       /* of the owner at hand; not cleared from here on: nothing is read that is not written before */
    struct slot_wish wishes[DELAYED];
    struct level levels[NAME_MAX_LABELS + 1];
    _Alignas(8) uint8_t small[SMALL_BYTES];
};

/* ---- counting ---- */

/* Notes for each run how many labels its owner shares with the one before, and counts nodes: each owner, and the empty non-terminals
 * between it and what is shared. */
static void compare_owners(struct freezing *f)
{
    size_t suffix = f->b->apex_length;
    uint32_t nodes = 1;             /* the apex */
    f->head_bytes = node_head_bytes(suffix);
    struct name_view before = name_root;
    for (size_t i = 0; i < f->count; i++) {
        fetch_ahead(f->entries, f->count, i, 1);
        struct name_view name = run_name(f->entries[i].run);
        unsigned shared = name_leads(before, name) ? before.labels : name_shared_labels(before, name);
        bool same = i > 0 && shared == name.labels && shared == before.labels;
        f->entries[i].key = same ? SAME_OWNER : shared;
        if (same)
            continue;
        nodes += name.labels - shared;
        for (unsigned strip = 0; strip < name.labels - shared; strip++)
            f->head_bytes += node_head_bytes(name_strip(name, strip).length - 1u + suffix);
        before = name;
    }
    f->node = nodes;
}

/* Whether the owner has NSEC3 and nothing else, one label below the apex and with nothing below: no name (RFC 5155 7.2.8). */
static bool owner_hidden(const struct freezing *f, size_t first, size_t end)
{
    bool any = false;
    if (f->entries[first].run->labels != 1 || (end < f->count && f->entries[end].key >= 1))
        return false;
    for (size_t i = first; i < end; i++) {
        const struct build_run *run = f->entries[i].run;
        const struct build_record *r = run_records(run, f->b->apex_length);
        for (uint32_t n = 0; n < run->records; n++, r = record_next(r)) {
            if (record_covers(r) != TYPE_NSEC3)
                return false;
            any |= r->type == TYPE_NSEC3;
        }
    }
    return any;
}

static void count_names(struct freezing *f)
{
    f->names = f->node;
    if (f->b->nsec3 == 0)
        return;
    for (size_t first = 0, end; first < f->count; first = end) {
        end = build_owner_end(f->entries, f->count, first);
        f->names -= owner_hidden(f, first, end);
    }
}

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

/* ---- the index ---- */

static struct zone_slot *slots_of(const struct freezing *f) { return (struct zone_slot *)(void *)((uint8_t *)f->v + (size_t)f->v->slots * GRANULE); }

static void write_slot(const struct freezing *f, const struct slot_wish *wish)
{
    struct zone_slot *slots = slots_of(f);
    uint32_t at = hash_place(wish->hash, f->v->slot_count);
    while (slots[at].node)
        at = at + 1 == f->v->slot_count ? 0 : at + 1;
    slots[at] = (struct zone_slot){ hash_tag(wish->hash), wish->node };
}

/* Slots lie all over the index: each is fetched well before it is written. */
static void wish_slot(struct freezing *f, uint64_t hash, uint32_t node)
{
    struct slot_wish *wish = &f->wishes[f->wished % DELAYED];
    if (f->wished++ >= DELAYED)
        write_slot(f, wish);
    *wish = (struct slot_wish){ hash, node };
    __builtin_prefetch(&slots_of(f)[hash_place(hash, f->v->slot_count)], 1);
}

static void write_wishes(struct freezing *f)
{
    uint32_t held = f->wished < DELAYED ? f->wished : DELAYED;
    for (uint32_t i = f->wished - held; i < f->wished; i++)
        write_slot(f, &f->wishes[i % DELAYED]);
}

/* ---- nodes ---- */

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
            up->node->flags |= NODE_WILD_CHILD;
    }
    ((uint32_t *)(void *)((uint8_t *)f->v + (size_t)f->v->order * GRANULE))[f->node] = place;
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
    if (hidden)
        return;
    wish_slot(f, level->hash, version_place(f->v, level->node));
    f->v->depth = depth > f->v->depth ? (uint8_t)depth : f->v->depth;
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
        node_end(f, run->labels, flags, (flags & NODE_NSEC3) && owner_hidden(f, first, end));
    return st;
}

static enum status write_nodes(struct freezing *f)
{
    enum status st = OK;
    f->node = 0;
    f->v->apex = granules(f);
    if (f->count == 0 || f->entries[0].run->labels > 0) {
        node_begin(f, NULL, 0, 0);
        node_end(f, 0, NODE_APEX, false);
    }
    for (size_t first = 0, end; first < f->count && st == OK; first = end) {
        end = build_owner_end(f->entries, f->count, first);
        st = write_owner(f, first, end);
    }
    write_wishes(f);
    return st;
}

/* ---- the block ---- */

/* Room for a chain is kept when there may be one; version_seal() counts what is in it. */
static void plan_denial(const struct freezing *f, struct zone_version *v)
{
    bool nsec = false, nsec3 = false;
    for (size_t i = 0; i < f->count && f->entries[i].run->labels == 0; i++) {
        const struct build_run *run = f->entries[i].run;
        const struct build_record *r = run_records(run, f->b->apex_length);
        for (uint32_t n = 0; n < run->records; n++, r = record_next(r)) {
            nsec |= r->type == TYPE_NSEC;
            nsec3 |= r->type == TYPE_NSEC3PARAM;
        }
    }
    v->denial_kind = nsec3 && f->b->nsec3 ? ZONE_DENIAL_NSEC3 : nsec ? ZONE_DENIAL_NSEC : ZONE_DENIAL_NONE;
    uint64_t count = v->denial_kind == ZONE_DENIAL_NSEC3 ? f->b->nsec3 : v->denial_kind == ZONE_DENIAL_NSEC ? f->b->nsec : 0;
    v->denial_count = (uint32_t)count;
}

/* No more than what the records can take, whatever sets they form: a head and padding for each. */
static uint64_t data_bound(const struct freezing *f)
{
    size_t head = RECORD_HEAD + sizeof(struct zone_set) + GRANULE - 1 + sizeof(uint32_t);
    static_assert(sizeof(struct zone_set) == sizeof(struct zone_sigs), "either stands in front");
    return f->head_bytes + f->b->rdata_bytes + f->b->records * (head + sizeof(struct zone_set)) + BUILD_SLACK + NAME_MAX_BYTES;
}

/* Gives back what was not used; a small zone moves from the stack into a block that fits. */
static enum status close_block(struct freezing *f)
{
    struct zone_version *v = f->v;
    v->records = f->record;
    v->fingerprint = f->fingerprint;
    v->bytes = f->at;
    if ((uint8_t *)v != f->small) {
        f->v = mem_shrink(v, v->bytes);
        return OK;
    }
    f->v = mem_room(v->bytes);
    if (!f->v)
        return E_NOMEM;
    memcpy(f->v, v, v->bytes);
    return OK;
}

static enum status freeze(struct freezing *f)
{
    struct zone_version head = { .key = hash_key_random(), .klass = f->b->klass, .node_count = f->node };
    head.slot_count = f->names + f->names / 4 * 3 + 1;   /* an absent name costs some three slots, most often of one line */
    plan_denial(f, &head);
    size_t slots = head.slot_count * sizeof(struct zone_slot), at = sizeof head;
    head.slots = (uint32_t)(at / GRANULE);
    at += slots;
    head.order = (uint32_t)(at / GRANULE);
    at += head.node_count * sizeof(uint32_t);
    head.denial = (uint32_t)(at / GRANULE);
    at += head.denial_count * sizeof(struct zone_hashed);
    uint64_t bound = at + data_bound(f);
    if (bound / GRANULE >= UINT32_MAX || f->b->records > UINT32_MAX)
        return E_LIMIT;
    if (bound <= sizeof f->small) {
        f->v = (struct zone_version *)(void *)f->small;
    } else {
        f->v = mem_recycle(f->b->spare, bound);
        f->b->spare = f->v ? NULL : f->b->spare;
    }
    if (!f->v)
        return E_NOMEM;
    *f->v = head;
    memset(slots_of(f), 0, slots);
    memset((uint8_t *)f->v + (size_t)head.denial * GRANULE, 0, at - (size_t)head.denial * GRANULE);
    f->at = at;
    enum status st = write_nodes(f);
    require(st != OK || (f->node == head.node_count && f->at <= bound));
    return st == OK ? close_block(f) : st;
}

enum status zone_builder_finish(struct zone_builder *b, bool keep_where, struct zone_version **out)
{
    struct freezing f;
    memset(&f, 0, offsetof(struct freezing, items));
    f.b = b;
    enum status st = build_sort(b);
    if (st == OK) {
        f.entries = b->entries;
        f.count = b->runs;
        items_init(&f.items, b);
        compare_owners(&f);
        count_names(&f);
        st = freeze(&f);
        items_clear(&f.items);
    }
    if (st != OK && (uint8_t *)f.v != f.small)
        mem_free(f.v);
    if (st != OK || !keep_where)
        zone_builder_free(b);
    if (st != OK)
        return st;
    f.v->builder = keep_where ? b : NULL;
    version_seal(f.v);
    *out = f.v;
    return OK;
}
