/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the mounts share.  Threads: workers only find; all else happens on the loop's thread, before it starts, or after it ended. */
#ifndef NAMES_MOUNT_INSIDE_H
#define NAMES_MOUNT_INSIDE_H

#include "names/depend.h"
#include "names/mount_find.h"
#include "names/vzone.h"

#include <stdatomic.h>

enum {
    MOUNTS_MAX = 64, CHAINS_MAX = 2, FOLLOWED_MAX = 2 * MOUNTS_MAX,
    LOOKUPS_MAX = 2000, WAITING_MAX = 20000,    /* at once */
    NOTE_CONTRACTS = 24,                        /* watched for one entry; more: it is good for one block */
    RECENT_KEYS = 32768, RECENT_HEADS = 65536,
    FAILURE_FIRST_MS = 5000, FAILURE_MOST_MS = 60000,
    STALE_KEPT_MS = 3600000,                    /* what is over stays so long, in case it cannot be had anew */
    AGAIN_MAX = 3,                              /* reads of one lookup that something changed under */
    SPACE_BASE = 0x6d000000,                    /* spaces of mounts in the cache: this plus their index */
    UNUSED_SWEEP_HEADS = 64
};

/* A contract whose logs we want: as long as an entry rests on it. */
struct watched {
    _Atomic uint32_t uses;                      /* entries; and one of the table's own */
    struct eth_address contract;
    bool kept;                                  /* for good: the name system's own */
    uint64_t since;                             /* logs of later blocks come, those before may have been missed */
};

/* Keys that were touched lately, for what was read at an older block: a ring, and chains of hashes into it. */
struct recent {
    struct { uint64_t key, block; uint32_t next; } ring[RECENT_KEYS];
    uint32_t heads[RECENT_HEADS];               /* index + 1; 0 = none */
    uint64_t added, forgotten_block;            /* blocks up to this one are not all there any more */
};
void recent_add(struct recent *recent, uint64_t key, uint64_t block);
/* Whether it was touched in a later block than `block`, as far as that is known. */
bool recent_changed(const struct recent *recent, uint64_t key, uint64_t block);

/* A chain, as mounts follow it. */
struct followed {
    struct mounts *mounts;
    struct chain *chain;
    struct chain_follower follower;
    struct eth_block head; bool has_head;
    uint64_t head_at_ms, interval_ms;           /* when it came; how long one takes as a rule */
    uint64_t heads, generation;                 /* generation: of reorganisations and gaps */
    _Atomic int health;
    struct table *watched;                      /* by address */
    struct recent *recent;
};

struct mount {
    struct mounts *mounts;
    struct mount_options options;               /* pointing to what is below */
    struct name suffix, base, reverse;
    struct name_view *servers; struct address *gateways;    /* ours */
    uint32_t space;
    _Atomic bool off;                           /* the DNS has its suffix */
    struct mount_face *face;
    struct zone *zone, *reverse_zone;           /* reverse_zone: NULL = none */
    struct followed *chains[CHAINS_MAX]; unsigned chain_count;
    uint32_t serial, told_serial;               /* block of the last change; in the zone's version */
    _Atomic uint64_t recovered_ms;              /* failures of the network before it are forgotten */
    struct mount_atomics { _Atomic uint64_t asked, lookups, failures[CHAIN_FAILURES], invalidated, dropped, stale, again, waiting; } counters;
};

struct mounts {
    struct mounts_face face;                    /* first */
    struct mount_face faces[MOUNTS_MAX];
    struct chain_loop *loop;
    struct cache *cache;
    struct epoch *epoch;
    struct epoch_reader *reader;                /* of the loop's thread; offline but while it looks */
    struct mount list[MOUNTS_MAX]; size_t count;
    struct followed *followed[FOLLOWED_MAX]; size_t followed_count;
    struct table *lookups; size_t waiting;
};

/* The note that hangs on an entry.  `open` is first. */
struct kept_note {
    struct mount_note open;
    uint64_t failed_until_ms, failed_at_ms; uint32_t failed_wait_ms;
    bool failed_network;                        /* passes with the follower's next success */
    bool timeless;                              /* rests on nothing: the chain's health does not matter */
    bool rest_failed; enum chain_failure rest_failure; char rest_reason[72];
    uint16_t more_types[4]; size_t more_count;
    uint16_t asked[16]; size_t asked_count;     /* types besides the usual that were asked for */
    struct watched *watched[NOTE_CONTRACTS]; size_t watched_count;
    size_t failed_count;
    struct note_failed { uint16_t type; enum chain_failure failure; char reason[72]; } failed[];    /* most have none */
};
static inline size_t note_bytes(size_t failed) { return sizeof(struct kept_note) + failed * sizeof(struct note_failed); }
void note_free(void *note);

/* mount.c */
enum mount_outcome mount_judge(const struct mount *mount, const struct cache_entry *entry, uint16_t type, uint64_t now_ms, struct mount_found *out);
void mount_judge_health(struct mount *mount);   /* after a chain's health changed */
bool note_knows(const struct cache_entry *entry, uint16_t type);
static inline void mount_count(_Atomic uint64_t *counter, uint64_t n) { atomic_fetch_add_explicit(counter, n, memory_order_relaxed); }

/* mount_ask.c */
struct lookup_part { struct lookup *lookup; struct facts_job *job; struct facts *facts; enum vzone_role role; };
struct lookup {
    struct mounts *mounts;
    struct mount *mount;
    struct name name;                           /* lower case, in the DNS */
    struct vzone_question read;
    uint16_t types[16]; size_t type_count;      /* besides the usual */
    bool wallet;
    struct lookup_part parts[VZONE_FACTS]; size_t part_count, pending;
    unsigned hops, again;
    struct mount_asked *waiting;
    struct chain_timer timer; bool soft;        /* the next one is the soft limit */
    uint64_t started_ms, generations[CHAINS_MAX], heads[CHAINS_MAX];
};
void lookups_end(struct mounts *mounts);        /* the loop has stopped: nobody is told */

void lookup_more(struct lookup *lookup, const struct vzone *zone);
void lookup_nothing(struct lookup *lookup);

/* mount_put.c */
void lookup_limits(const struct lookup *lookup, uint32_t *ttl, uint64_t *valid_ms);
/* Takes the zone's version.  @param again  written on OK: something changed meanwhile, nothing was put */
MUST_CHECK enum status lookup_put(struct lookup *lookup, struct vzone *zone, uint64_t valid_ms, bool *again);
/* Remembers for a while that it failed; what is known stays. */
void lookup_put_failure(struct lookup *lookup, enum chain_failure failure, const char *reason);
/* A name that needs no looking up to be known as absent. */
void lookup_put_nothing(struct lookup *lookup);

/* mount_follow.c */
MUST_CHECK enum status followed_get(struct mounts *mounts, struct chain *chain, struct followed **out);
void followed_free(struct followed *followed);
/* NULL: out of memory, or too many.  Takes a use. */
struct watched *followed_watch(struct followed *followed, const struct eth_address *contract, bool keep);
uint64_t one_block_key(const struct followed *followed);     /* touched at each head */
uint64_t clock_key(const struct followed *followed);         /* touched when the chain's time goes on faster than ours */

#endif
