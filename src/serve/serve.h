/* SPDX-License-Identifier: Apache-2.0 */
/** @file serve/serve.h -- the hall: parse, admit, route, finish.
 *
 *  `struct serve` lives as long as the process; what a reload may change is one immutable `struct serve_setup`, published
 *  whole and retired by epoch.  Each worker thread runs serve_run(). */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "answer/answer.h"
#include "net/net.h"
#include "policy/policy.h"
#include "tap/tap.h"
#include "zone/zone.h"

/** Options of one zone, hung on zone_user(); immutable, replaced whole by serve_zone_set. */
struct serve_zone {
    struct acl *allow_query;            /**< NULL = any */
    struct acl *allow_transfer;         /**< NULL = none */
    bool owns_acls;                     /**< free the ACLs with it; false: shared by many zones, whoever made them retires them later */
};
struct serve_zone *serve_zone_new(void);        /**< owns_acls is false; NULL when out of memory */
void serve_zone_free(void *options);
/** Takes `options`; the old ones are retired.  A zone without options answers everybody and transfers to nobody.
 *  @return OK, E_NOMEM (first time only; `options` stays the caller's) */
MUST_CHECK enum status serve_zone_set(struct zone *zone, struct serve_zone *options, struct epoch *epoch);
/** Frees what hangs on the zone; call it where the zone itself is destroyed, when no reader can hold it. */
void serve_zone_clear(struct zone *zone);

struct serve_view {
    char *name;                         /**< "default" for the one view of all zones */
    struct acl *clients;                /**< NULL = everybody */
    struct zone_table *zones;           /**< borrowed by the setup: owned by who keeps the zones */
};

/** What a reload may change.  Owned: strings and arrays are the setup's, freed with it. */
struct serve_setup {
    struct serve_view *views; size_t view_count;    /**< first match by client counts */
    uint16_t udp_payload;               /**< 1232 */
    char *nsid; size_t nsid_bytes;      /**< NULL = not told; also answers id.server and hostname.bind CH TXT */
    char *version;                      /**< version.bind CH TXT; NULL = refused */
    struct answer_options answer;
    bool cookies;                       /**< answer cookies at all; default true */
    bool cookies_required_udp;          /**< BADCOOKIE to UDP clients without a valid one; default false */
    struct cookie_secrets secrets;      /**< wiped when freed */
    struct rrl *rrl;                    /**< borrowed, lives with the process or is retired by its owner; NULL = off */
    struct tap *tap;                    /**< borrowed; NULL = off */
};
struct serve_setup *serve_setup_new(void);      /**< with defaults; NULL when out of memory */
void serve_setup_free(void *setup);

struct serve;
/** @return NULL when out of memory */
struct serve *serve_new(struct epoch *epoch, unsigned workers);
void serve_free(struct serve *serve);
/** Takes `setup`; questions read after the return are answered by it. */
void serve_apply(struct serve *serve, struct serve_setup *setup);
/* ---- sources: where answers come from besides the zone table (chain mounts, the resolver) ---- */

/** What a source is asked; borrowed until its `answer` returns. */
struct serve_question {
    const struct serve_view *view;
    const struct address *client;
    struct name_view name;
    uint16_t type, klass;
    bool dnssec_ok, udp;
};
enum serve_source_outcome {
    SERVE_SOURCE_ANSWERED,      /**< the sections of the reply and *result are written */
    SERVE_SOURCE_REFUSED,       /**< not for this client: REFUSED with result's ede and ede_text */
    SERVE_SOURCE_FAILED,        /**< it could not be had: SERVFAIL with result's ede and ede_text, never NXDOMAIN */
    SERVE_SOURCE_PENDING        /**< not yet: the source holds a ticket */
};
enum serve_sought {
    SERVE_SOUGHT_OTHER,         /**< the name is not the source's */
    SERVE_SOUGHT_READY,         /**< it is, and here is what to answer from */
    SERVE_SOUGHT_LONG           /**< it is, and `answer` must be asked */
};
/** A plain question of class IN that is looked at ahead of its turn, with the others of its batch. */
struct serve_seek {
    const struct serve_view *view;
    struct name_view name;
    uint64_t begun;                         /**< the source's, from begin to find */
    uint16_t type;
    uint16_t place;                         /**< the hall's */
    /* What find writes: */
    enum serve_sought sought;
    int labels;                             /**< READY, LONG: of the suffix, as `match` says */
    struct zone *zone;                      /**< READY: whose counters and options count */
    const struct zone_version *version;     /**< READY: borrowed until this worker is quiet; the name lies at or below its origin */
    const struct zone_ahead *ahead;         /**< READY: that zone_ahead_begin and _follow come to for this name, borrowed likewise; NULL: they have not been called */
};
struct visit;
struct serve_ticket;
enum { SERVE_SOURCES_MAX = 8 };
struct serve_source {
    const char *name;
    /** @return labels of the suffix that it is responsible for, -1 = the name is not its.  The longest suffix wins, a zone wins
     *  against an equal one, then the order of registration counts. */
    int (*match)(void *context, const struct serve_question *question);
    /** Runs on the worker; must not wait.  @param visit  for serve_park alone */
    enum serve_source_outcome (*answer)(void *context, const struct serve_question *question, struct visit *visit,
                                        struct reply *reply, struct answer_result *result);
    void *context;

    /** Suffixes that all its names lie below, borrowed for good; none: any name may be its own, and every question is put to it. */
    const struct name_view *suffixes; size_t suffix_count;
    /* The short way; NULL: it has none, and `answer` is asked each time.  All are wait-free, without heap or locks.  They get
     * all questions of a batch whose names end as those of a source do: others than its own too. */
    void (*begin)(void *context, struct serve_seek *seeks, size_t count);   /**< has memory fetched; may be NULL */
    void (*follow)(void *context, struct serve_seek *seeks, size_t count);  /**< has more fetched; may be NULL */
    /** @param now_ms  monotonic */
    void (*find)(void *context, struct serve_seek *seeks, size_t count, uint64_t now_ms);
};
/** Registers them, once, before any worker runs; borrowed for the life of `serve`.  At most SERVE_SOURCES_MAX.
 *  @return OK, E_NOMEM, E_LIMIT */
MUST_CHECK enum status serve_sources(struct serve *serve, const struct serve_source *sources, size_t count);
/** Takes the question out of its batch: nothing borrowed is kept, and when it wakes it is routed anew.  Only from `answer`, which
 *  then returns PENDING.  @return NULL when too many are parked or memory is out: then return FAILED */
struct serve_ticket *serve_park(struct visit *visit);
/** When it was parked first, monotonic ms; 0 = it was not. */
uint64_t serve_parked_since(const struct visit *visit);
/** A word to the one who answers when it wakes: serve_told says it then (else 0).  Before serve_wake, by who holds the ticket. */
void serve_tell(struct serve_ticket *ticket, uint32_t word);
uint32_t serve_told(const struct visit *visit);
/** Monotonic ms, of this batch. */
uint64_t serve_now_ms(const struct visit *visit);
/** The question is one about this zone: it counts for it, whatever comes of it. Only from `answer`, before anything else.
 *  @return false: this client may not ask it, and `answer` returns REFUSED */
bool serve_enter(struct visit *visit, struct zone *zone, struct answer_result *result);
/** The answer from a version, by all rules that hold for zones (truncation, ANY, DO, EDNS options).  Only from `answer`, behind
 *  serve_enter.  @param version  borrowed by this worker; NULL and versions without a SOA fail
 *  @return what `answer` returns then */
enum serve_source_outcome serve_answer_version(struct visit *visit, const struct serve_question *question, const struct zone_version *version,
                                               struct reply *reply, struct answer_result *result);
/** Lowers all TTLs of the reply to `ttl`: what is stale must not be kept for long (RFC 8767 4). */
void serve_cap_ttl(struct reply *reply, uint32_t ttl);
/** Any thread; gives the ticket back. @return OK; E_NOMEM: still held, try again */
MUST_CHECK enum status serve_wake(struct serve_ticket *ticket);
/** Gives it back once the workers have ended. */
void serve_forget(struct serve_ticket *ticket);

/** A worker thread's whole life: returns once net_worker_stop() was called and all is drained. */
void serve_run(struct serve *serve, struct net_worker *worker);

/* ---- numbers; each is a sum over workers ---- */
enum serve_outcome { SERVE_NOERROR, SERVE_NODATA, SERVE_REFERRAL, SERVE_NXDOMAIN, SERVE_FORMERR, SERVE_SERVFAIL, SERVE_NOTIMP, SERVE_REFUSED,
                     SERVE_BADVERS, SERVE_BADCOOKIE, SERVE_NOTAUTH, SERVE_OTHER, SERVE_IGNORED, SERVE_DROPPED, SERVE_OUTCOMES };
/** Lower-case word for a metrics label. */
const char *serve_outcome_text(enum serve_outcome outcome);
/** Why SERVFAIL: the same words in log, EDE text and metrics. */
enum serve_failure { SERVE_FAILURE_NOT_LOADED, SERVE_FAILURE_INTERNAL, SERVE_FAILURE_NO_MEMORY, SERVE_FAILURE_SOURCE, SERVE_FAILURES };
const char *serve_failure_text(enum serve_failure failure);
enum { SERVE_SIZE_BUCKETS = 257 };      /**< RSSAC002 sizes: 16 octets each, the last is all above */
struct serve_counters {
    uint64_t queries_udp4, queries_udp6, queries_tcp4, queries_tcp6;
    uint64_t responses_udp4, responses_udp6, responses_tcp4, responses_tcp6;
    uint64_t outcome[SERVE_OUTCOMES], failure[SERVE_FAILURES];
    uint64_t rcode[24], opcode[16];
    uint64_t truncated, edns, dnssec_ok, cookies_good, cookies_bad, cookies_client_only, rrl_dropped, rrl_slipped;
    uint64_t acl_refused, transfers, transfers_refused;
    uint64_t unique_sources4, unique_sources6, unique_networks6;    /**< client addresses, and IPv6 by /64; estimates */
    uint64_t query_size[2][SERVE_SIZE_BUCKETS], response_size[2][SERVE_SIZE_BUCKETS];   /* [udp, tcp] */
    uint64_t type_count[16];            /**< A NS CNAME SOA PTR MX TXT AAAA SRV DS DNSKEY HTTPS SVCB ANY AXFR other */
};
const char *serve_type_label(size_t index);
void serve_counters_read(const struct serve *serve, struct serve_counters *out);
struct serve_zone_counters { uint64_t queries, nxdomain, nodata, referrals, servfail, transfers; };
/** All zero for a zone that nobody asked, or that has no options (serve_zone_set). */
void serve_zone_counters_read(const struct serve *serve, const struct zone *zone, struct serve_zone_counters *out);

#endif
