/* SPDX-License-Identifier: Apache-2.0 */
/* Entries by name, in shards: open addressing whose slots change one at a time by atomic stores; a whole new array takes the place of
 * one that fills up.  Readers go along the slots and never wait. */
#include "base/cpu.h"
#include "cache/inside.h"
#include <string.h>

enum { LEAST_SLOTS = 16, SHARDS_MAX = 64, SHARD_BYTES_LEAST = 1 << 20, ENTRY_OVERHEAD = 64 /* slots and the heap's own */, TOUCH_BATCH = 64 };

struct shard {
    _Alignas(128) _Atomic(struct cache_slots *) slots;     /* first: see struct cache_face */
    pthread_mutex_t lock;
    size_t bytes, live;
    uint32_t hand;                      /* of the second chance */
    bool ready;
};
struct cache {
    struct cache_face face;             /* first */
    unsigned shard_bits;
    size_t share;                       /* octets that a shard may have */
    struct epoch *epoch;
    _Atomic uint64_t entries, bytes, puts, touched, evicted, expired;
    _Atomic uint32_t turn;              /* of cache_expire */
    struct index index;
    void *block;                        /* of the shards, before alignment */
    struct shard *shards;
};

/* A mark.  It has no name, so that a reader who takes it together with the hash of who moves in there next finds nothing wrong. */
static const struct cache_held removed_mark;
static struct cache_held *removed(void) { return (struct cache_held *)(uintptr_t)&removed_mark; }
static struct entry *entry_of(struct cache_held *held) { return (struct entry *)(void *)held; }

static void count_add(_Atomic uint64_t *counter, uint64_t n) { atomic_fetch_add_explicit(counter, n, memory_order_relaxed); }
static void count_sub(_Atomic uint64_t *counter, uint64_t n) { atomic_fetch_sub_explicit(counter, n, memory_order_relaxed); }

/* ---- making and ending ---- */

static struct cache_slots *slots_new(uint32_t count)
{
    struct cache_slots *s = mem_alloc(sizeof *s + count * sizeof(struct cache_slot));
    if (s != NULL)
        s->count = count;
    return s;
}

static void entry_destroy(struct entry *e)
{
    if (e->held.open.value != NULL && e->destroy_value != NULL)
        e->destroy_value(e->held.open.value);
    if (e->held.open.note != NULL && e->destroy_note != NULL)
        e->destroy_note(e->held.open.note);
    mem_free(e);
}

static void dead_destroy(void *list)
{
    for (struct entry *e = list, *next; e != NULL; e = next) {
        next = e->dead;
        entry_destroy(e);
    }
}

static void dead_retire(struct cache *cache, struct entry *list)
{
    if (list != NULL)
        epoch_retire(cache->epoch, list, dead_destroy);
}

enum status cache_new(const struct cache_options *options, struct cache **out)
{
    struct cache *c = mem_alloc(sizeof *c);
    if (c == NULL)
        return E_NOMEM;
    c->face.key = hash_key_random();
    c->epoch = options->epoch;
    while (1u << (c->shard_bits + 1) <= SHARDS_MAX && options->bytes >> (c->shard_bits + 1) >= SHARD_BYTES_LEAST)
        c->shard_bits++;
    size_t count = (size_t)1 << c->shard_bits;
    c->share = options->bytes >> c->shard_bits;
    c->block = mem_alloc((count + 1) * sizeof(struct shard));
    if (c->block == NULL || index_init(&c->index) != OK) {
        cache_free(c);
        return E_NOMEM;
    }
    uintptr_t at = (uintptr_t)c->block;
    c->face.shard_mask = (uint32_t)count - 1;
    c->face.shard_bytes = sizeof(struct shard);
    c->shards = (struct shard *)(at + (_Alignof(struct shard) - at % _Alignof(struct shard)) % _Alignof(struct shard));
    c->face.shards = (const uint8_t *)c->shards;
    for (size_t i = 0; i < count; i++) {
        struct cache_slots *slots = slots_new(LEAST_SLOTS);
        if (slots == NULL) {
            cache_free(c);
            return E_NOMEM;
        }
        atomic_init(&c->shards[i].slots, slots);
        pthread_mutex_init(&c->shards[i].lock, NULL);
        c->shards[i].ready = true;
    }
    *out = c;
    return OK;
}

static void shard_clear(struct shard *shard)
{
    struct cache_slots *s = atomic_load_explicit(&shard->slots, memory_order_relaxed);
    for (uint32_t i = 0; i < s->count; i++) {
        struct entry *e = entry_of(atomic_load_explicit(&s->slot[i].entry, memory_order_relaxed));
        if (e != NULL && e != entry_of(removed()))
            entry_destroy(e);
    }
    mem_free(s);
    pthread_mutex_destroy(&shard->lock);
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; cache->shards != NULL && i >> cache->shard_bits == 0 && cache->shards[i].ready; i++)
        shard_clear(&cache->shards[i]);
    index_clear(&cache->index);
    mem_free(cache->block);
    mem_free(cache);
}

/* ---- finding ---- */

static struct shard *shard_of(const struct cache *cache, uint64_t hash) { return &cache->shards[(hash >> 32) & ((1u << cache->shard_bits) - 1)]; }
static uint32_t place_of(uint64_t hash, const struct cache_slots *s) { return (uint32_t)hash & (s->count - 1); }

uint64_t cache_begin(const struct cache *cache, struct name_view name) { return cache_begin_inline(&cache->face, name); }
void cache_follow(const struct cache *cache, uint64_t begun) { cache_follow_inline(&cache->face, begun); }

const struct cache_entry *cache_take(const struct cache *cache, uint32_t space, struct name_view name, uint64_t begun)
{
    if (space == 0)
        return cache_take_inline(&cache->face, name, begun);
    const struct cache_slots *s = cache_slots_of(&cache->face, begun);
    for (uint32_t at = place_of(begun, s);; at = (at + 1) & (s->count - 1)) {
        struct cache_held *e = atomic_load_explicit(&s->slot[at].entry, memory_order_acquire);
        if (e == NULL)
            return NULL;
        if (atomic_load_explicit(&s->slot[at].hash, memory_order_relaxed) != begun || e->open.space != space || !cache_is_name(e->open.name, name))
            continue;
        if (!atomic_load_explicit(&e->used, memory_order_relaxed))
            atomic_store_explicit(&e->used, true, memory_order_relaxed);
        return &e->open;
    }
}

const struct cache_entry *cache_find(const struct cache *cache, uint32_t space, struct name_view name)
{
    return cache_take(cache, space, name, cache_begin(cache, name));
}

/* Keys are written before the entry is published and never after. */
size_t cache_entry_depends(const struct cache_entry *entry, uint64_t *out, size_t room)
{
    const struct entry *e = (const struct entry *)(const void *)entry;
    for (uint32_t i = 0; i < e->link_count && i < room; i++)
        out[i] = e->links[i].key;
    return e->link_count;
}

/* ---- within the lock of a shard ---- */

/* What leaves goes on the list of the dead; the caller retires it when the lock is given back. */
static void drop_at(struct cache *cache, struct shard *shard, uint32_t at, struct entry **dead)
{
    struct cache_slots *s = atomic_load_explicit(&shard->slots, memory_order_relaxed);
    struct entry *e = entry_of(atomic_load_explicit(&s->slot[at].entry, memory_order_relaxed));
    atomic_store_explicit(&s->slot[at].hash, 0, memory_order_relaxed);
    atomic_store_explicit(&s->slot[at].entry, removed(), memory_order_release);     /* who sees this sees that there is no hash */
    shard->bytes -= e->bytes;
    shard->live--;
    count_sub(&cache->bytes, e->bytes);
    count_sub(&cache->entries, 1);
    index_remove(&cache->index, e);
    e->dead = *dead;
    *dead = e;
    /* A mark in front of a slot that was never used stops nobody from going wrong: it may be as good as new. */
    while (atomic_load_explicit(&s->slot[at].entry, memory_order_relaxed) == removed() &&
           atomic_load_explicit(&s->slot[(at + 1) & (s->count - 1)].entry, memory_order_relaxed) == NULL) {
        atomic_store_explicit(&s->slot[at].entry, NULL, memory_order_release);
        s->used--;
        at = (at - 1) & (s->count - 1);
    }
}

static void slots_put(struct cache_slots *s, struct entry *e)
{
    uint32_t at = place_of(e->hash, s);
    while (atomic_load_explicit(&s->slot[at].entry, memory_order_relaxed) != NULL)
        at = (at + 1) & (s->count - 1);
    atomic_store_explicit(&s->slot[at].hash, e->hash, memory_order_relaxed);
    atomic_store_explicit(&s->slot[at].entry, &e->held, memory_order_release);
    s->used++;
}

/* Room for one more: a larger array, or one of the same size without the marks. */
static enum status make_room(struct cache *cache, struct shard *shard)
{
    struct cache_slots *old = atomic_load_explicit(&shard->slots, memory_order_relaxed);
    if (old->used + 1 <= old->count / 4 * 3)
        return OK;
    uint32_t count = LEAST_SLOTS;
    while (count / 2 < shard->live + 1 && count < UINT32_MAX / 4)
        count *= 2;
    struct cache_slots *s = slots_new(count);
    if (s == NULL)
        return E_NOMEM;
    for (uint32_t i = 0; i < old->count; i++) {
        struct entry *e = entry_of(atomic_load_explicit(&old->slot[i].entry, memory_order_relaxed));
        if (e != NULL && e != entry_of(removed()))
            slots_put(s, e);
    }
    atomic_store_explicit(&shard->slots, s, memory_order_release);
    shard->hand = 0;
    epoch_retire(cache->epoch, old, mem_free);
    return OK;
}

static bool live_at(const struct cache_slots *s, uint32_t at, struct entry **out)
{
    *out = entry_of(atomic_load_explicit(&s->slot[at].entry, memory_order_relaxed));
    return *out != NULL && *out != entry_of(removed());
}

/* Second chance: who was used since the hand came by last stays for one more round. */
static void evict(struct cache *cache, struct shard *shard, size_t wanted, struct entry **dead)
{
    struct cache_slots *s = atomic_load_explicit(&shard->slots, memory_order_relaxed);
    for (uint64_t steps = 2 * (uint64_t)s->count + 1; steps > 0 && shard->live > 0 && shard->bytes + wanted > cache->share; steps--) {
        uint32_t at = shard->hand++ & (s->count - 1);
        struct entry *e;
        if (!live_at(s, at, &e))
            continue;
        if (atomic_load_explicit(&e->held.used, memory_order_relaxed)) {
            atomic_store_explicit(&e->held.used, false, memory_order_relaxed);
            continue;
        }
        drop_at(cache, shard, at, dead);
        count_add(&cache->evicted, 1);
    }
}

static bool find_same(const struct cache_slots *s, const struct entry *like, uint32_t *out)
{
    for (uint32_t at = place_of(like->hash, s);; at = (at + 1) & (s->count - 1)) {
        struct entry *e = entry_of(atomic_load_explicit(&s->slot[at].entry, memory_order_relaxed));
        if (e == NULL)
            return false;
        if (e == entry_of(removed()) || e->hash != like->hash || e->held.open.space != like->held.open.space || !name_equal(e->held.open.name, like->held.open.name))
            continue;
        *out = at;
        return true;
    }
}

/* ---- putting ---- */

static struct entry *entry_new(const struct cache *cache, const struct cache_new_entry *n)
{
    /* The entry, its name, a pointer back to it, its links. */
    size_t name_end = (offsetof(struct entry, name) + n->entry.name.length + 7) & ~(size_t)7;
    size_t bytes = name_end + sizeof(struct entry *) + n->depend_count * sizeof(struct link);
    struct entry *e = mem_alloc(bytes);
    if (e == NULL)
        return NULL;
    e->held.open = n->entry;
    memcpy(e->name, n->entry.name.wire, n->entry.name.length);
    name_lower(e->name, n->entry.name.length);
    e->held.open.name.wire = e->name;
    e->hash = cache_hash(&cache->face, e->name, n->entry.name.length);
    e->bytes = bytes + n->bytes + ENTRY_OVERHEAD;
    e->destroy_value = n->destroy_value;
    e->destroy_note = n->destroy_note;
    *(struct entry **)(void *)((uint8_t *)e + name_end) = e;
    e->links = (struct link *)(void *)((uint8_t *)e + name_end + sizeof(struct entry *));
    e->link_count = (uint32_t)n->depend_count;
    for (uint32_t i = 0; i < e->link_count; i++) {
        e->links[i].key = n->depends[i];
        e->links[i].index = i;
    }
    return e;
}

static enum status shard_put(struct cache *cache, struct shard *shard, struct entry *e, struct entry **dead)
{
    uint32_t at;
    enum status st = make_room(cache, shard);
    if (st != OK)
        return st;
    if (find_same(atomic_load_explicit(&shard->slots, memory_order_relaxed), e, &at))
        drop_at(cache, shard, at, dead);
    evict(cache, shard, e->bytes, dead);
    shard->bytes += e->bytes;
    shard->live++;
    count_add(&cache->bytes, e->bytes);
    count_add(&cache->entries, 1);
    count_add(&cache->puts, 1);
    index_add(&cache->index, e);        /* first: who touches meanwhile waits for our lock, and finds it */
    slots_put(atomic_load_explicit(&shard->slots, memory_order_relaxed), e);
    return OK;
}

enum status cache_put(struct cache *cache, const struct cache_new_entry *n)
{
    struct entry *e = n->depend_count > CACHE_DEPENDS_MAX ? NULL : entry_new(cache, n);
    if (e == NULL) {
        if (n->destroy_value != NULL && n->entry.value != NULL)
            n->destroy_value(n->entry.value);
        if (n->destroy_note != NULL && n->entry.note != NULL)
            n->destroy_note(n->entry.note);
        return n->depend_count > CACHE_DEPENDS_MAX ? E_LIMIT : E_NOMEM;
    }
    if (e->bytes > cache->share) {
        entry_destroy(e);
        return E_LIMIT;
    }
    struct shard *shard = shard_of(cache, e->hash);
    struct entry *dead = NULL;
    pthread_mutex_lock(&shard->lock);
    enum status st = shard_put(cache, shard, e, &dead);
    pthread_mutex_unlock(&shard->lock);
    dead_retire(cache, dead);
    if (st != OK)
        entry_destroy(e);
    return st;
}

/* ---- dropping ---- */

/* This very entry, if it is still there; it may be gone, so nothing in it is looked at. */
static bool drop_this(struct cache *cache, struct index_found found, struct entry **dead)
{
    struct shard *shard = shard_of(cache, found.hash);
    bool dropped = false;
    pthread_mutex_lock(&shard->lock);
    const struct cache_slots *s = atomic_load_explicit(&shard->slots, memory_order_relaxed);
    for (uint32_t at = place_of(found.hash, s); !dropped; at = (at + 1) & (s->count - 1)) {
        const struct entry *e = entry_of(atomic_load_explicit(&s->slot[at].entry, memory_order_relaxed));
        if (e == NULL)
            break;
        if (e != found.entry)
            continue;
        drop_at(cache, shard, at, dead);
        dropped = true;
    }
    pthread_mutex_unlock(&shard->lock);
    return dropped;
}

size_t cache_touch(struct cache *cache, uint64_t dependency)
{
    struct index_found found[TOUCH_BATCH];
    struct entry *dead = NULL;
    size_t dropped = 0, count;
    do {
        count = index_find(&cache->index, dependency, found, TOUCH_BATCH);
        for (size_t i = 0; i < count; i++)
            dropped += drop_this(cache, found[i], &dead);
    } while (count == TOUCH_BATCH);
    dead_retire(cache, dead);
    count_add(&cache->touched, dropped);
    return dropped;
}

typedef bool goes_fn(const struct cache_entry *entry, const void *context);

static size_t shard_drop(struct cache *cache, struct shard *shard, goes_fn *goes, const void *context)
{
    struct entry *dead = NULL;
    size_t dropped = 0;
    pthread_mutex_lock(&shard->lock);
    struct cache_slots *s = atomic_load_explicit(&shard->slots, memory_order_relaxed);
    for (uint32_t at = 0; at < s->count; at++) {
        struct entry *e;
        if (!live_at(s, at, &e) || !goes(&e->held.open, context))
            continue;
        drop_at(cache, shard, at, &dead);
        dropped++;
    }
    pthread_mutex_unlock(&shard->lock);
    dead_retire(cache, dead);
    return dropped;
}

static size_t drop_all(struct cache *cache, goes_fn *goes, const void *context)
{
    size_t dropped = 0;
    for (size_t i = 0; i >> cache->shard_bits == 0; i++)
        dropped += shard_drop(cache, &cache->shards[i], goes, context);
    return dropped;
}

struct born { uint32_t space; uint64_t from; };
static bool born_goes(const struct cache_entry *e, const void *context)
{
    const struct born *b = context;
    return (b->space == 0 || e->space == b->space) && e->born >= b->from;
}
size_t cache_drop_born(struct cache *cache, uint32_t space, uint64_t from)
{
    size_t dropped = drop_all(cache, born_goes, &(struct born){ space, from });
    count_add(&cache->touched, dropped);
    return dropped;
}

struct flushed { uint32_t space; const struct name_view *name; bool below; };
static bool flush_goes(const struct cache_entry *e, const void *context)
{
    const struct flushed *f = context;
    if (f->space != 0 && e->space != f->space)
        return false;
    return f->name == NULL || (f->below ? name_below(e->name, *f->name) : name_equal(e->name, *f->name));
}
size_t cache_flush(struct cache *cache, uint32_t space, const struct name_view *name, bool below)
{
    return drop_all(cache, flush_goes, &(struct flushed){ space, name, below });
}

static bool expired_goes(const struct cache_entry *e, const void *context) { return e->valid_until_ms <= *(const uint64_t *)context; }
size_t cache_expire(struct cache *cache, uint64_t now_ms)
{
    uint32_t turn = atomic_fetch_add_explicit(&cache->turn, 1, memory_order_relaxed) & ((1u << cache->shard_bits) - 1);
    size_t dropped = shard_drop(cache, &cache->shards[turn], expired_goes, &now_ms);
    count_add(&cache->expired, dropped);
    return dropped;
}

/* ---- looking at all ---- */

void cache_each(const struct cache *cache, bool (*each)(void *context, const struct cache_entry *entry), void *context)
{
    struct epoch_reader *reader;
    if (epoch_join(cache->epoch, &reader) != OK)
        return;
    bool more = true;
    for (size_t i = 0; more && i >> cache->shard_bits == 0; i++) {
        const struct cache_slots *s = atomic_load_explicit(&cache->shards[i].slots, memory_order_acquire);
        for (uint32_t at = 0; more && at < s->count; at++) {
            const struct entry *e = entry_of(atomic_load_explicit(&s->slot[at].entry, memory_order_acquire));
            if (e != NULL && e != entry_of(removed()))
                more = each(context, &e->held.open);
        }
        epoch_quiet(reader);
    }
    epoch_leave(reader);
}

void cache_counters_read(const struct cache *cache, struct cache_counters *out)
{
    *out = (struct cache_counters){
        .entries = atomic_load_explicit(&cache->entries, memory_order_relaxed),
        .bytes = atomic_load_explicit(&cache->bytes, memory_order_relaxed),
        .limit_bytes = (uint64_t)cache->share << cache->shard_bits,
        .puts = atomic_load_explicit(&cache->puts, memory_order_relaxed),
        .touched = atomic_load_explicit(&cache->touched, memory_order_relaxed),
        .evicted = atomic_load_explicit(&cache->evicted, memory_order_relaxed),
        .expired = atomic_load_explicit(&cache->expired, memory_order_relaxed),
    };
}
