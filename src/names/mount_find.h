/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/mount_find.h -- finding what is known of names on chains, inline: for those who look for many, each within some instructions. */
#ifndef NAMES_MOUNT_FIND_H
#define NAMES_MOUNT_FIND_H

#include "cache/find.h"
#include "names/mount.h"

/** What of a mount counts while its answers are found. */
struct mount_face {
    struct zone *zone;
    _Atomic bool plain;                 /**< it is not off, and all its chains are well: what is in the cache counts as it is */
};
/** What struct mounts begins with. */
struct mounts_face { const struct cache_face *cache; const struct mount_face *mounts; uint32_t first_space, count; };
static inline const struct mounts_face *mounts_face(const struct mounts *mounts) { return (const struct mounts_face *)(const void *)mounts; }

/** The entry of a name that is ready to be answered from (see MOUNT_READY), and its mount's face.  NULL: mounts_take knows more. */
CACHE_INLINE const struct cache_entry *mounts_take_inline(const struct mounts_face *face, struct name_view name, uint16_t type, uint64_t begun, uint64_t now_ms,
                                                          const struct mount_face **mount)
{
    const struct cache_entry *e = cache_take_inline(face->cache, name, begun);
    if (e == NULL || e->space - face->first_space >= face->count)
        return NULL;
    *mount = &face->mounts[e->space - face->first_space];
    bool good = atomic_load_explicit(&(*mount)->plain, memory_order_relaxed) && cache_entry_knows(e, type) && now_ms < e->valid_until_ms;
    return good ? e : NULL;
}

#endif
