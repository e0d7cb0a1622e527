/* SPDX-License-Identifier: Apache-2.0 */
/** @file cache/find.h -- finding in the cache, inline: for those who look for many names, each within some instructions.
 *
 *  The same as cache_begin, cache_follow and cache_take with space 0.  How slots lie in memory is told here for that alone. */
#ifndef CACHE_FIND_H
#define CACHE_FIND_H

#include "base/cpu.h"
#include "cache/cache.h"
#include <stdatomic.h>

/** An entry, and whether it was found since the hand of the second chance came by. */
struct cache_held { struct cache_entry open; _Atomic bool used; };
/* Slots change one at a time; in one that was emptied the hash is 0, which is no name's, and the entry is a mark without a name. */
struct cache_slot { _Atomic(struct cache_held *) entry; _Atomic uint64_t hash; };
struct cache_slots { uint32_t count, used; struct cache_slot slot[]; };
/** Where the slots are: what struct cache begins with. */
struct cache_face { struct hash_key key; uint32_t shard_mask, shard_bytes; const uint8_t *shards; };
static inline const struct cache_face *cache_face(const struct cache *cache) { return (const struct cache_face *)(const void *)cache; }

#define CACHE_INLINE static inline __attribute__((always_inline))

/* Length octets are below the letters, so all octets of a name may be made lower case at once.  Eight at a time; the last eight overlap. */
CACHE_INLINE uint64_t cache_hash(const struct cache_face *face, const uint8_t *wire, size_t length)
{
    const uint64_t k1 = face->key.k1, some = UINT64_C(1) << 63;
    uint64_t hash = face->key.k0 ^ length * UINT64_C(0x9e3779b97f4a7c15);
    if (length < 8)
        return hash_fold(hash ^ ascii_lower_8(hash_load(wire, length)), k1) | some;
    const uint8_t *last = wire + length - 8;
    for (; wire < last; wire += 8)
        hash = hash_fold(hash ^ ascii_lower_8(hash_load(wire, 8)), k1);
    return hash_fold(hash ^ ascii_lower_8(hash_load(last, 8)), k1) | some;
}

CACHE_INLINE const struct cache_slots *cache_slots_of(const struct cache_face *face, uint64_t hash)
{
    const void *shard = face->shards + (size_t)((uint32_t)(hash >> 32) & face->shard_mask) * face->shard_bytes;
    return atomic_load_explicit((const _Atomic(struct cache_slots *) *)shard, memory_order_acquire);
}

/* Most names come in the case that they have here. */
CACHE_INLINE bool cache_is_name(struct name_view own, struct name_view name)
{
    const uint8_t *a = own.wire, *b = name.wire;
    if (own.length != name.length)
        return false;
    if (name.length < 8)
        return name_equal(own, name);
    const uint8_t *last = b + name.length - 8;
    uint64_t differ = hash_load(last, 8) ^ hash_load(a + name.length - 8, 8);
    for (; b < last; a += 8, b += 8)
        differ |= hash_load(a, 8) ^ hash_load(b, 8);
    return differ == 0 || name_equal(own, name);
}

CACHE_INLINE uint64_t cache_begin_inline(const struct cache_face *face, struct name_view name)
{
    uint64_t hash = cache_hash(face, name.wire, name.length);
    const struct cache_slots *s = cache_slots_of(face, hash);
    __builtin_prefetch(&s->slot[(uint32_t)hash & (s->count - 1)]);
    return hash;
}

CACHE_INLINE void cache_follow_inline(const struct cache_face *face, uint64_t begun)
{
    enum { ENTRY_BYTES = 256 };         /* with the name of most */
    const struct cache_slots *s = cache_slots_of(face, begun);
    /* The first slot holds it as a rule. */
    cpu_prefetch(atomic_load_explicit(&s->slot[(uint32_t)begun & (s->count - 1)].entry, memory_order_relaxed), ENTRY_BYTES);
}

CACHE_INLINE const struct cache_entry *cache_take_inline(const struct cache_face *face, struct name_view name, uint64_t begun)
{
    const struct cache_slots *s = cache_slots_of(face, begun);
    for (uint32_t at = (uint32_t)begun;; at++) {
        const struct cache_slot *slot = &s->slot[at & (s->count - 1)];
        struct cache_held *e = atomic_load_explicit(&slot->entry, memory_order_acquire);
        if (e == NULL)
            return NULL;
        if (atomic_load_explicit(&slot->hash, memory_order_relaxed) != begun || !cache_is_name(e->open.name, name))
            continue;
        if (!atomic_load_explicit(&e->used, memory_order_relaxed))
            atomic_store_explicit(&e->used, true, memory_order_relaxed);
        return &e->open;
    }
}

#endif
