/* SPDX-License-Identifier: Apache-2.0 */
/* Zones by class and name.  Open addressing; slots change one at a time by atomic stores, a whole new array replaces the
 * old when it fills up.  A set of the label counts in use keeps lookups from probing depths at which no zone is, and one of how the zones' names end
 * from looking at all for names that end otherwise: names on chains, and what strangers ask for. */
#include "base/cpu.h"
#include "zone/inside.h"

#include <stdatomic.h>

enum { LEAST_SLOTS = 16, DEPTHS = NAME_MAX_LABELS + 1, TAILS = 1024 };

struct slot {
    _Atomic(struct zone *) zone;    /* NULL: never used; &removed: was used, go on */
    _Atomic uint64_t hash;          /* written before `zone` */
};
struct slots {
    uint32_t count, used;           /* used: zones and removed ones; the writer's */
    struct slot slot[];
};
struct zone_table {
    _Atomic(struct slots *) slots;
    _Atomic uint64_t depths[2];     /* a bit for each label count in use */
    struct hash_key key;
    struct epoch *epoch;
    _Atomic size_t count;
    _Atomic(struct zone *) only;    /* the one zone that there is, found without hashing; NULL when there are more or none */
    _Atomic uint64_t tails[TAILS / 64];     /* a bit for each ending in use, see tail_of */
    uint32_t depth_counts[DEPTHS], tail_counts[TAILS];  /* the writer's */
};

/* Of the last two letters of a name that has any label, whatever their case; of a label of one letter its length is the other. */
static unsigned tail_of(struct name_view name)
{
    return (unsigned)(name.wire[name.length - 2] & 31) << 5 | (name.wire[name.length - 3] & 31);
}

/* False: no zone has the name at or below it. */
static bool may_have(const struct zone_table *t, struct name_view name)
{
    if (atomic_load_explicit(&t->depths[0], memory_order_acquire) & 1)
        return true;                /* the root zone */
    unsigned tail = name.labels == 0 ? 0 : tail_of(name);
    return name.labels != 0 && atomic_load_explicit(&t->tails[tail / 64], memory_order_acquire) >> tail % 64 & 1;
}

/* A mark, never looked into. */
static const char removed_mark;
static struct zone *removed(void) { return (struct zone *)(uintptr_t)&removed_mark; }

static struct slots *slots_new(uint32_t count)
{
    struct slots *s = mem_alloc(sizeof *s + count * sizeof(struct slot));
    if (s)
        s->count = count;
    return s;
}

struct zone_table *zone_table_new(struct epoch *epoch)
{
    struct zone_table *t = mem_alloc(sizeof *t);
    struct slots *s = slots_new(LEAST_SLOTS);
    if (!t || !s) {
        mem_free(t);
        mem_free(s);
        return NULL;
    }
    t->key = hash_key_random();
    t->epoch = epoch;
    atomic_init(&t->slots, s);
    return t;
}

void zone_table_free(void *table)
{
    struct zone_table *t = table;
    if (!t)
        return;
    struct zone *z;
    for (size_t position = 0; zone_table_next(t, &position, &z);)
        zone_unref(z);
    mem_free(atomic_load_explicit(&t->slots, memory_order_relaxed));
    mem_free(t);
}

/* Keyed by the first link; the root itself needs no secret. */
static uint64_t class_hash(uint16_t klass) { return (uint64_t)klass * UINT64_C(0x9e3779b97f4a7c15); }

/* hashes[n]: of the last n labels. */
static void suffix_hashes(const struct zone_table *t, struct name_view name, uint16_t klass, uint64_t hashes[DEPTHS])
{
    uint8_t starts[NAME_MAX_LABELS];
    unsigned labels = name_label_starts(name, starts);
    hashes[0] = class_hash(klass);
    for (unsigned n = 1; n <= labels; n++) {
        const uint8_t *label = name.wire + starts[labels - n];
        hashes[n] = hash_link(&t->key, hashes[n - 1], label + 1, label[0]);
    }
}

/* @param where  may be NULL.  What a reader gets is what the slot held when it looked: it is not looked at twice, for
 * another zone may have moved in. */
static struct zone *probe(struct slots *s, struct name_view name, uint16_t klass, uint64_t hash, struct slot **where)
{
    uint32_t at = hash_place(hash, s->count);
    for (;; at = at + 1 == s->count ? 0 : at + 1) {
        struct zone *z = atomic_load_explicit(&s->slot[at].zone, memory_order_acquire);
        if (!z)
            return NULL;
        if (z == removed() || atomic_load_explicit(&s->slot[at].hash, memory_order_relaxed) != hash)
            continue;
        if (zone_class(z) != klass || !name_equal(zone_name(z), name))
            continue;
        if (where)
            *where = &s->slot[at];
        return z;
    }
}

/* There is a free slot: at most three quarters are in use. */
static void slots_put(struct slots *s, struct zone *z, uint64_t hash)
{
    uint32_t at = hash_place(hash, s->count);
    while (atomic_load_explicit(&s->slot[at].zone, memory_order_relaxed))
        at = at + 1 == s->count ? 0 : at + 1;
    atomic_store_explicit(&s->slot[at].hash, hash, memory_order_relaxed);
    atomic_store_explicit(&s->slot[at].zone, z, memory_order_release);
    s->used++;
}

/* A larger array, or one of the same size without what was removed. */
static enum status table_make_room(struct zone_table *t)
{
    struct slots *old = atomic_load_explicit(&t->slots, memory_order_relaxed);
    if (old->used + 1 <= old->count / 4 * 3)
        return OK;
    size_t live = zone_table_count(t);
    if (live > UINT32_MAX / 4)
        return E_NOMEM;
    uint32_t count = LEAST_SLOTS;
    while (count / 2 < live + 1)
        count += count / 2; /* by halves: less waste than doubling */
    struct slots *s = slots_new(count / 4 * 4);
    if (!s)
        return E_NOMEM;
    for (uint32_t i = 0; i < old->count; i++) {
        struct zone *z = atomic_load_explicit(&old->slot[i].zone, memory_order_relaxed);
        if (z && z != removed())
            slots_put(s, z, atomic_load_explicit(&old->slot[i].hash, memory_order_relaxed));
    }
    atomic_store_explicit(&t->slots, s, memory_order_release);
    epoch_retire(t->epoch, old, mem_free);
    return OK;
}

enum status zone_table_add(struct zone_table *t, struct zone *z)
{
    uint64_t hashes[DEPTHS];
    struct name_view name = zone_name(z);
    suffix_hashes(t, name, zone_class(z), hashes);
    if (probe(atomic_load_explicit(&t->slots, memory_order_relaxed), name, zone_class(z), hashes[name.labels], NULL))
        return E_EXISTS;
    enum status st = table_make_room(t);
    if (st != OK)
        return st;
    if (t->depth_counts[name.labels]++ == 0) /* the depth first: a reader that misses it misses the zone, no more */
        atomic_fetch_or_explicit(&t->depths[name.labels / 64], UINT64_C(1) << name.labels % 64, memory_order_release);
    if (name.labels != 0 && t->tail_counts[tail_of(name)]++ == 0)
        atomic_fetch_or_explicit(&t->tails[tail_of(name) / 64], UINT64_C(1) << tail_of(name) % 64, memory_order_release);
    slots_put(atomic_load_explicit(&t->slots, memory_order_relaxed), zone_ref(z), hashes[name.labels]);
    size_t before = atomic_fetch_add_explicit(&t->count, 1, memory_order_relaxed);
    atomic_store_explicit(&t->only, before == 0 ? z : NULL, memory_order_release);
    return OK;
}

enum status zone_table_replace(struct zone_table *t, struct zone *z)
{
    uint64_t hashes[DEPTHS];
    struct name_view name = zone_name(z);
    suffix_hashes(t, name, zone_class(z), hashes);
    struct slot *slot;
    struct zone *old = probe(atomic_load_explicit(&t->slots, memory_order_relaxed), name, zone_class(z), hashes[name.labels], &slot);
    if (!old)
        return E_NOT_FOUND;
    atomic_store_explicit(&slot->zone, zone_ref(z), memory_order_release);
    if (atomic_load_explicit(&t->only, memory_order_relaxed))
        atomic_store_explicit(&t->only, z, memory_order_release);
    epoch_retire(t->epoch, old, zone_unref);
    return OK;
}

enum status zone_table_remove(struct zone_table *t, struct name_view name, uint16_t klass)
{
    uint64_t hashes[DEPTHS];
    suffix_hashes(t, name, klass, hashes);
    struct slot *slot;
    struct zone *z = probe(atomic_load_explicit(&t->slots, memory_order_relaxed), name, klass, hashes[name.labels], &slot);
    if (!z)
        return E_NOT_FOUND;
    atomic_store_explicit(&slot->zone, removed(), memory_order_release);
    if (--t->depth_counts[name.labels] == 0)
        atomic_fetch_and_explicit(&t->depths[name.labels / 64], ~(UINT64_C(1) << name.labels % 64), memory_order_release);
    if (name.labels != 0 && --t->tail_counts[tail_of(name)] == 0)
        atomic_fetch_and_explicit(&t->tails[tail_of(name) / 64], ~(UINT64_C(1) << tail_of(name) % 64), memory_order_release);
    atomic_fetch_sub_explicit(&t->count, 1, memory_order_relaxed);
    struct zone *left = NULL;
    size_t position = 0;
    if (zone_table_count(t) == 1)
        (void)zone_table_next(t, &position, &left);
    atomic_store_explicit(&t->only, left, memory_order_release);
    epoch_retire(t->epoch, z, zone_unref);
    return OK;
}

/* The deepest level not below `labels` at which a zone is; -1: none. */
static int deepest(const uint64_t depths[2], int labels)
{
    for (int word = labels / 64, bits = labels % 64 + 1; word >= 0; word--, bits = 64) {
        uint64_t in = depths[word] & (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1);
        if (in)
            return word * 64 + 63 - __builtin_clzll(in);
    }
    return -1;
}

struct zone *zone_table_only(const struct zone_table *t) { return atomic_load_explicit(&t->only, memory_order_acquire); }

struct zone *zone_table_find(const struct zone_table *t, struct name_view name, uint16_t klass, bool above)
{
    struct zone *only = zone_table_only(t);
    if (only) {
        struct name_view zone = zone_name(only);
        return zone_class(only) == klass && name_below(name, zone) && !(above && name.labels == zone.labels) ? only : NULL;
    }
    if (!may_have(t, name))
        return NULL;
    const uint64_t depths[2] = { atomic_load_explicit(&t->depths[0], memory_order_acquire),
                                 atomic_load_explicit(&t->depths[1], memory_order_acquire) };
    struct slots *s = atomic_load_explicit(&t->slots, memory_order_acquire);
    int n = name.labels == 0 && above ? -1 : deepest(depths, name.labels - (above ? 1 : 0));
    uint8_t starts[NAME_MAX_LABELS + 1];
    uint64_t hashes[DEPTHS];
    hashes[0] = class_hash(klass);
    if (n > 0)
        name_label_starts(name, starts);
    starts[name.labels] = (uint8_t)(name.length - 1);
    for (int at = 1; at <= n; at++) {
        const uint8_t *label = name.wire + starts[name.labels - at];
        hashes[at] = hash_link(&t->key, hashes[at - 1], label + 1, label[0]);
    }
    for (; n >= 0; n = n ? deepest(depths, n - 1) : -1) {
        unsigned from = starts[name.labels - n];
        struct zone *z = probe(s, (struct name_view){ name.wire + from, (uint8_t)(name.length - from), (uint8_t)n }, klass, hashes[n], NULL);
        if (z)
            return z;
    }
    return NULL;
}

uint64_t zone_table_begin(const struct zone_table *t, struct name_view name, uint16_t klass)
{
    enum { SMALL = 256 };           /* zones whose slots stay in the cache anyway */
    if (zone_table_count(t) < SMALL || !may_have(t, name))
        return 0;
    const uint64_t depths[2] = { atomic_load_explicit(&t->depths[0], memory_order_acquire),
                                 atomic_load_explicit(&t->depths[1], memory_order_acquire) };
    const struct slots *s = atomic_load_explicit(&t->slots, memory_order_acquire);
    int depth = deepest(depths, name.labels);
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t hash = class_hash(klass);
    name_label_starts(name, starts);
    for (int at = 1; at <= depth; at++) {
        const uint8_t *label = name.wire + starts[name.labels - at];
        hash = hash_link(&t->key, hash, label + 1, label[0]);
    }
    cpu_prefetch(&s->slot[hash_place(hash, s->count)], 1);
    return hash;
}

void zone_table_follow(const struct zone_table *t, uint64_t begun)
{
    enum { ZONE_BYTES = 96 };
    const struct slots *s = atomic_load_explicit(&t->slots, memory_order_acquire);
    if (begun == 0)
        return;
    for (uint32_t at = hash_place(begun, s->count);; at = at + 1 == s->count ? 0 : at + 1) {
        const struct zone *z = atomic_load_explicit(&s->slot[at].zone, memory_order_relaxed);
        if (!z)
            return;
        if (atomic_load_explicit(&s->slot[at].hash, memory_order_relaxed) == begun) {
            cpu_prefetch(z, ZONE_BYTES);
            return;
        }
    }
}

struct zone *zone_table_get(const struct zone_table *t, struct name_view name, uint16_t klass)
{
    uint64_t hashes[DEPTHS];
    suffix_hashes(t, name, klass, hashes);
    return probe(atomic_load_explicit(&t->slots, memory_order_acquire), name, klass, hashes[name.labels], NULL);
}

struct zone *zone_table_take(const struct zone_table *t, struct name_view name, uint16_t klass, uint64_t begun)
{
    const uint64_t depths[2] = { atomic_load_explicit(&t->depths[0], memory_order_acquire),
                                 atomic_load_explicit(&t->depths[1], memory_order_acquire) };
    int depth = deepest(depths, name.labels);
    if (begun == 0 || depth < 0)
        return zone_table_find(t, name, klass, false);
    struct name_view suffix = name_strip(name, name.labels - (unsigned)depth);
    struct zone *z = probe(atomic_load_explicit(&t->slots, memory_order_acquire), suffix, klass, begun, NULL);
    return z ? z : zone_table_find(t, name, klass, false);
}

size_t zone_table_count(const struct zone_table *t) { return atomic_load_explicit(&t->count, memory_order_relaxed); }

bool zone_table_next(const struct zone_table *t, size_t *position, struct zone **out)
{
    struct slots *s = atomic_load_explicit(&t->slots, memory_order_relaxed);
    while (*position < s->count) {
        struct zone *z = atomic_load_explicit(&s->slot[(*position)++].zone, memory_order_relaxed);
        if (!z || z == removed())
            continue;
        *out = z;
        return true;
    }
    return false;
}
