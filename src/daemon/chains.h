/* SPDX-License-Identifier: Apache-2.0 */
/** @file daemon/chains.h -- from the configuration to chains, name systems and mounts. */
#ifndef DAEMON_CHAINS_H
#define DAEMON_CHAINS_H

#include "cache/cache.h"
#include "config/config.h"
#include "names/mount.h"
#include <stdatomic.h>

/** Everything about chains that a process has; made once, a reload does not change it. */
struct chains {
    struct chain_loop *loop;
    struct cache *cache;
    struct chain **chains; size_t chain_count;          /* as in the configuration */
    struct name_source **sources; size_t source_count;
    struct mounts *mounts;
    /* One for each suffix. */
    struct chains_mount {
        struct mount *mount;
        struct name_source *source;
        struct acl *allow;                  /**< who may have names looked up */
        uint64_t collision, system;         /**< as in the configuration */
        _Atomic bool collides;              /**< the root zone delegates the suffix too */
        const struct config_mount *config;  /* while it is made */
    } *list;
    size_t count;
};
/** Reads `url-file`s: while privileges last.  NULL in `out` when the configuration has no chains.
 *  @return OK; E_INVALID, E_SYSTEM (diag says why); E_NOMEM */
MUST_CHECK enum status chains_open(const struct config *config, struct epoch *epoch, struct chains **out, struct diagnostics *diag);
/** Starts the thread that does all their input and output. */
MUST_CHECK enum status chains_start(struct chains *chains);
/** Ends it; jobs under way are told so.  Before workers go. */
void chains_stop(struct chains *chains);
void chains_free(struct chains *chains);            /**< after workers have gone; NULL is fine */

/** The DNS has this suffix: the mount answers nothing.  Any thread. */
static inline bool chains_mount_is_off(const struct chains_mount *mount)
{
    return atomic_load_explicit(&mount->collides, memory_order_relaxed) && mount->collision == CONFIG_COLLISION_DNS;
}

#endif
