/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/mount.h -- names on chains as zones of the DNS.
 *
 *  A mount is a suffix below which a name system answers.  Workers find what is known in the cache, as a version of a small zone that
 *  holds all that the answer needs (mount_find: wait-free); what is not there they ask for (mount_ask), and are told when it is worth looking again. */
#ifndef NAMES_MOUNT_H
#define NAMES_MOUNT_H

#include "cache/cache.h"
#include "names/facts.h"
#include "zone/zone.h"

struct mount_options {
    struct name_view suffix;            /**< where it is in the DNS: `eth.`, `eth.example.net.` */
    struct name_view base;              /**< what that is in the name system: `eth.`; the same for both as a rule */
    struct name_source *source;         /**< borrowed */
    uint32_t ttl_max;                   /**< seconds; 300 */
    bool private_addresses;             /**< tell them; default false: left out */
    const struct address *gateways; size_t gateway_count;       /**< A and AAAA of names that have content and no address */
    struct name_view reverse;           /**< suffix that primary names are served under as PTR; labels 0 = none */
    struct name_view *servers; size_t server_count;     /**< NS of the mount; none: `localhost.` stands in as in empty zones (RFC 6303) */
    uint32_t fresh_seconds;             /**< CCIP results at most; 60 */
};
struct mount;
/** All mounts of a daemon; one cache, one loop. */
struct mounts;
MUST_CHECK enum status mounts_new(struct chain_loop *loop, struct cache *cache, struct epoch *epoch, struct mounts **out);
void mounts_free(struct mounts *mounts);        /**< when the loop has stopped */
/** Before the loop starts. Everything is copied. */
MUST_CHECK enum status mounts_add(struct mounts *mounts, const struct mount_options *options, struct mount **out);

/* ---- any thread ---- */

/** The mount that a name lies in, or NULL; of several the longest suffix (that of `reverse` too). */
struct mount *mounts_find(const struct mounts *mounts, struct name_view name);
struct name_view mount_suffix(const struct mount *mount);
/** A zone that stands for it: counters and options hang on it; it has a version with SOA and NS. */
struct zone *mount_zone(const struct mount *mount);
enum chain_health mount_health(const struct mount *mount);

enum mount_outcome { MOUNT_READY /* version is the zone to answer from */, MOUNT_STALE /* the same, and it is stale: TTL 30, EDE 3 */, MOUNT_MISS, MOUNT_FAILED };
struct mount_found {
    const struct zone_version *version;     /**< borrowed until this reader is quiet */
    enum chain_failure failure;             /**< FAILED, and when it will be tried again */
    const char *reason;                     /**< FAILED: a constant sentence */
};
/** What is known of a name and type.  Wait-free. @param now_ms  monotonic */
enum mount_outcome mount_find(const struct mount *mount, struct name_view name, uint16_t type, uint64_t now_ms, struct mount_found *out);
/** Several threads may ask for one name: it is looked up once.
 *  @param told  called on the loop's thread when it is worth looking again; lies in something of the caller's
 *  @return OK, E_NOMEM, E_LIMIT (too many are being looked up): then it is not called */
struct mount_asked {
    struct chain_post post;                 /* how it travels */
    struct mount *mount;
    struct name name;
    uint16_t type;
    void (*told)(struct mount_asked *asked);
    struct mount_asked *next;
};
void mount_ask(struct mount_asked *asked);

/** For explain: on the loop's thread. Looks it up if need be, and tells as JSON text what the answer rests on. */
struct mount_counters { uint64_t hits, misses, lookups, failures[CHAIN_FAILURES], invalidated, dropped, stale, prefetched, waiting; };
void mount_counters_read(const struct mount *mount, struct mount_counters *out);

/** The note of a cache entry of a mount. */
struct mount_note {
    const struct chain *chain;
    struct eth_block block;
    struct proof proof;
    uint64_t read_unix_ms;
    uint32_t round_trips, calls, elapsed_ms;
    struct eth_address resolver, owner;
    uint32_t chain_ttl;                     /**< lowest of the records on chain; UINT32_MAX = none was */
    uint64_t expires;                       /**< 0 = not known, or never */
    bool wildcard, one_block, universal, negative;
    uint16_t depend_count;
    char sentence[96];                      /**< why it is as it is, in words */
};

#endif
