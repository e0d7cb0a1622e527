/* SPDX-License-Identifier: Apache-2.0 */
/** @file cache/cache.h -- the one answer cache: what is known of names, with what it rests on.
 *
 *  An entry is immutable once it is published: readers take no lock and write nothing but a mark of use (relaxed).  It leaves when
 *  something that it depends on changes (cache_touch), when its time is over, when it is replaced, or when memory is needed for
 *  others; memory comes back by epoch.  Several writers: each takes the lock of one shard (never two), and within it that of the index
 *  of dependencies.  A writer that is a reader of the epoch too must not be online where memory may be short (see epoch_retire). */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "base/base.h"
#include "wire/wire.h"

struct cache;
struct cache_options { size_t bytes; struct epoch *epoch; };
/** @return OK, E_NOMEM */
MUST_CHECK enum status cache_new(const struct cache_options *options, struct cache **out);
/** No readers left. NULL is fine. */
void cache_free(struct cache *cache);

enum { CACHE_TYPES = 320 /* types with a bit of their own; URI, CAA and WALLET are among them */, CACHE_DEPENDS_MAX = 4096 };

/** What several threads may look at until they are quiet (base/epoch.h). */
struct cache_entry {
    struct name_view name;              /**< lower case */
    uint32_t space;                     /**< whose it is: a mount, the resolver */
    uint8_t labels;                     /**< of the suffix that the space answers for: a zone with as many or more goes first */
    bool all_types;                     /**< `value` knows about every type */
    uint64_t valid_until_ms;            /**< monotonic; UINT64_MAX = until something changes */
    uint64_t types[CACHE_TYPES / 64];   /**< the owner's: what `value` knows about */
    uint64_t born;                      /**< the owner's: number of the block it was read at */
    void *value;                        /**< the owner's; struct zone_version for names on chains */
    void *note;                         /**< the owner's: for explain */
    uint64_t own[4];                    /**< the owner's: what it wants to have at hand when the entry is found */
};
static inline bool cache_entry_knows(const struct cache_entry *e, uint16_t type)
{
    return e->all_types || (type < CACHE_TYPES && (e->types[type >> 6] >> (type & 63) & 1));
}
static inline void cache_types_add(uint64_t types[CACHE_TYPES / 64], uint16_t type)
{
    if (type < CACHE_TYPES)
        types[type >> 6] |= UINT64_C(1) << (type & 63);
}

/** Wait-free; borrowed until this reader is quiet.  @param space  0 = whichever has the name (names lie in one space each as suffixes decide) */
const struct cache_entry *cache_find(const struct cache *cache, uint32_t space, struct name_view name);
/** The same in steps, so that memory is fetched meanwhile: begin for each name of a batch, follow for each (may be left out), take for each. */
uint64_t cache_begin(const struct cache *cache, struct name_view name);
void cache_follow(const struct cache *cache, uint64_t begun);
const struct cache_entry *cache_take(const struct cache *cache, uint32_t space, struct name_view name, uint64_t begun);

/** What is put: fields as in the entry; `name` is copied and lowered. */
struct cache_new_entry {
    struct cache_entry entry;
    size_t bytes;                       /**< that value and note take on the heap */
    void (*destroy_value)(void *value);
    void (*destroy_note)(void *note);
    const uint64_t *depends; size_t depend_count;   /**< keyed hashes of what it rests on; copied; at most CACHE_DEPENDS_MAX; one twice is fine */
};
/** Publishes it in the place of one of the same space and name.  Takes value and note, whatever happens.
 *  @return OK, E_NOMEM, E_LIMIT (larger than a shard's share, or too many dependencies) */
MUST_CHECK enum status cache_put(struct cache *cache, const struct cache_new_entry *entry);
/** What an entry rests on, copied: for who puts another in its place that goes on with its value.  @param entry  borrowed from above
 *  @return how many; of those, as many as there is room for were written */
size_t cache_entry_depends(const struct cache_entry *entry, uint64_t *out, size_t room);
/** Something changed: all that depend on it leave.  What nothing depends on costs a look into a table.  @return how many */
size_t cache_touch(struct cache *cache, uint64_t dependency);
/** All of a space that were born at this number or later (a reorganisation). */
size_t cache_drop_born(struct cache *cache, uint32_t space, uint64_t from);
/** @param below  with all names below; name NULL = all of the space; space 0 = all spaces */
size_t cache_flush(struct cache *cache, uint32_t space, const struct name_view *name, bool below);
/** Drops those whose time was over at `now_ms`, in the next shard in turn: call it now and then.  (An entry whose time is over is
 *  found all the same until then: its owner may tell it as stale.) @return how many */
size_t cache_expire(struct cache *cache, uint64_t now_ms);
/** Calls back for each entry, on the caller's thread; entries that come or go meanwhile may be missed, and all are when memory is out.
 *  @param each  may call all that is above; returns false to end it */
void cache_each(const struct cache *cache, bool (*each)(void *context, const struct cache_entry *entry), void *context);

struct cache_counters { uint64_t entries, bytes, limit_bytes, puts, touched, evicted, expired; };
void cache_counters_read(const struct cache *cache, struct cache_counters *out);

#endif
