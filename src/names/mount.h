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

/** The mount that a name lies in and that is not off, or NULL; of several the longest suffix (that of `reverse` too). */
struct mount *mounts_find(const struct mounts *mounts, struct name_view name);
struct name_view mount_suffix(const struct mount *mount);
/** Labels of the suffix of it (that of reverse names may be another) that the name lies below; -1 = neither. */
int mount_labels(const struct mount *mount, struct name_view name);
/** Its names are none of ours for now: the DNS has the suffix.  It is not found any more. */
void mount_set_off(struct mount *mount, bool off);
/** A zone that stands for it: counters and options hang on it; it has a version with SOA and NS. */
struct zone *mount_zone(const struct mount *mount);
enum chain_health mount_health(const struct mount *mount);

enum mount_outcome {
    MOUNT_READY,        /**< version is the zone to answer from */
    MOUNT_STALE,        /**< the same, and it is stale: TTL 30, EDE 3 */
    MOUNT_MISS,         /**< ask for it; version: what was known until its time was over, for who cannot wait; else NULL */
    MOUNT_FAILED,       /**< it could not be had lately */
    MOUNT_OTHER         /**< the name is in no mount (mounts_take alone) */
};
struct mount_found {
    const struct zone_version *version;     /**< borrowed until this reader is quiet */
    const struct zone_ahead *ahead;         /**< READY: that zone_ahead_begin and _follow come to for the name, borrowed likewise; NULL = not at hand */
    uint8_t labels;                         /**< of the suffix that the name lies below */
    enum chain_failure failure;             /**< FAILED; NONE: it is there, and malformed */
    const char *reason;                     /**< FAILED: a sentence fragment, borrowed likewise */
};
/** What is known of a name and type.  Wait-free. @param now_ms  monotonic */
enum mount_outcome mount_find(const struct mount *mount, struct name_view name, uint16_t type, uint64_t now_ms, struct mount_found *out);
/** Counts a failure that was told and that no lookup counted: of a chain that is not followed, which names are not looked up on. */
void mount_failure_told(const struct mount *mount, const struct mount_found *found);
/** The same for a batch of names, in steps, so that memory is fetched meanwhile (see cache_begin), and the name is hashed once.
 *  @param mount  whose name it is; not written for OTHER */
uint64_t mounts_begin(const struct mounts *mounts, struct name_view name);
void mounts_follow(const struct mounts *mounts, uint64_t begun);
enum mount_outcome mounts_take(const struct mounts *mounts, struct name_view name, uint16_t type, uint64_t begun, uint64_t now_ms, const struct mount **mount,
                               struct mount_found *out);
/** In turn: all suffixes of all mounts, those of reverse names too; false at the end. */
bool mounts_suffix_next(const struct mounts *mounts, size_t *position, struct name_view *out);
/** Several threads may ask for one name: it is looked up once.
 *  `told` is called once, on the loop's thread, when it is worth looking again: what was asked for is there, or it failed, or it takes
 *  long (after MOUNT_SOFT_MS where there is something stale, after MOUNT_HARD_MS in any case: the lookup goes on).
 *  Lies in something of the caller's until then. */
enum { MOUNT_SOFT_MS = 1800 /* RFC 8767 5 */, MOUNT_HARD_MS = 4300 };
struct mount_asked {
    struct chain_post post;                 /* how it travels */
    struct mount *mount;
    struct name name;
    uint16_t type;
    void (*told)(struct mount_asked *asked);
    enum status status;                     /* when told: OK; E_LIMIT (too many are being looked up), E_NOMEM: nothing was done */
    struct mount_asked *next;               /* ours */
};
void mount_ask(struct mount_asked *asked);

/** Questions are counted where they are answered (the zone's counters); these are of what happens behind. */
struct mount_counters {
    uint64_t asked;                         /**< for something that was not there */
    uint64_t lookups;                       /**< begun */
    uint64_t failures[CHAIN_FAILURES];      /**< by why; NONE: malformed on chain */
    uint64_t invalidated;                   /**< answers that left because something changed */
    uint64_t dropped;                       /**< by reorganisations and gaps in the logs */
    uint64_t stale, again;                  /**< told as stale; lookups made anew because something changed meanwhile */
    uint64_t waiting;                       /**< now */
};
void mount_counters_read(const struct mount *mount, struct mount_counters *out);
/** A metrics label: chain_failure_label, but NONE is `malformed`, what stands on chain is. */
static inline const char *mount_failure_label(enum chain_failure failure)
{
    return failure == CHAIN_FAILURE_NONE ? "malformed" : chain_failure_label(failure);
}

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
