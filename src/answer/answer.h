/* SPDX-License-Identifier: Apache-2.0 */
/** @file answer/answer.h -- authoritative answers: question + zone version -> records in a reply.
 *
 *  RFC 1034 §4.3.2 with 2181, 2308, 4035 §3.1, 4592, 5155 §7.2, 6672, 8482, 9471.  Does not know who asks or how the reply
 *  travels; EDNS, the choice of zone (see answer_wants_parent) and refusing are the hall's.  No heap; work is bounded: a
 *  chain of at most ANSWER_CHAIN_MAX names, additional data for at most ANSWER_ADDITIONAL_MAX names, at most four NSEC3
 *  hashes for each name of the chain. */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include "dnssec/nsec3.h"
#include "zone/zone.h"

enum {
    ANSWER_CHAIN_MAX = 16,          /**< CNAME and DNAME steps */
    ANSWER_ADDITIONAL_MAX = 13,     /**< names looked up for the additional section besides glue (CVE-2024-11187) */
    ANSWER_GLUE_MAX = 64            /**< name servers of a referral whose addresses are looked up, beyond those that are required and fit */
};

struct answer_options {
    bool minimal;           /**< no NS in authority of positive answers, no additional data but addresses of name servers;
                                 default true */
    bool minimal_any_udp;   /**< ANY over UDP gets one RRset (RFC 8482 §4.1); default true */
    bool minimal_any_tcp;   /**< the same over TCP; default false */
    bool round_robin;       /**< RRsets of the answer start at another record each time; default false */
    bool follow_zones;      /**< CNAME and DNAME chains go on in other zones of `table`; default false: they end at the zone's edge */
};
struct answer_options answer_defaults(void);

/** What was composed before, see cache.c: a worker's own, for all its zones, of bounded size. */
struct answer_cache;
struct answer_cache *answer_cache_new(void);            /**< NULL when out of memory */
void answer_cache_free(struct answer_cache *cache);     /**< NULL is fine */

/** Which compression pointers of an answer move when its question gets `moved` octets longer in front: found by comparing what stands
 *  behind the question in both.  @param shifts  ascending offsets in `tail`, at most `room`
 *  @return false: anything else differs, or there are more */
bool answer_shifts(const uint8_t *tail, const uint8_t *longer, size_t bytes, unsigned moved, uint16_t *shifts, size_t room, size_t *count);

struct answer_request {
    const struct zone_version *version;     /**< pinned by the caller until the answer is written; has a SOA */
    struct name_view name;                  /**< at or below the version's origin */
    uint16_t type, klass;                   /**< AXFR and IXFR are the hall's: NOTIMP here; NXNAME is FORMERR */
    bool dnssec_ok;
    bool udp;
    uint32_t rotate;                        /**< any number, for round_robin */
    const struct answer_options *options;
    const struct zone_table *table;         /**< for follow_zones; may be NULL */
    bool (*may_follow)(void *context, const struct zone *zone);     /**< whether a chain may go on in that zone; NULL = any */
    void *follow_context;
    const struct zone_ahead *ahead;         /**< begun with version and name, or NULL */
    struct answer_cache *cache;             /**< the worker's own, or NULL; answers are the same with and without */
    struct nsec3_hasher *hasher;            /**< the worker's own; NULL: one is made when needed (slow, from the heap) */
};

/** What kind of answer it was, for rate limiting, counters and dnstap. */
enum answer_kind { ANSWER_POSITIVE, ANSWER_NODATA, ANSWER_NXDOMAIN, ANSWER_REFERRAL, ANSWER_ERROR };
struct answer_result {
    uint16_t rcode;             /**< also NXDOMAIN, YXDOMAIN: what is to stand in the header */
    bool authoritative;         /**< AA: set in reply->flags too */
    bool truncated;             /**< TC: set in reply->flags too */
    bool wildcard;              /**< some record was synthesised from a wildcard */
    enum answer_kind kind;
    uint16_t ede;               /**< EDE_NONE, or an extended error to send */
    const char *ede_text;       /**< constant or NULL */
    struct name_view key;       /**< limits count by this name: the wildcard, the cut, the closest encloser of what does not
                                     exist, else the name asked for; borrowed from version or request */
};

/** Fills the sections behind the question, which stands in the reply already (so do id and flags; reply->limit leaves
 *  room for OPT).  What does not fit: an RRset of answer or authority, or glue that lies below the cut, sets TC and is left
 *  out whole; other additional data is left out silently.
 *  @return OK, or E_INVALID: the version is unsound (no SOA); answer SERVFAIL.  `result` is written on OK only. */
MUST_CHECK enum status answer_question(const struct answer_request *request, struct reply *reply, struct answer_result *result);

/** DS and nothing else is asked of the zone above the name (RFC 4035 §3.1.4.1): use zone_table_find(..., above = true)
 *  first, and where that finds none the zone that has the name itself. */
static inline bool answer_wants_parent(uint16_t type) { return type == TYPE_DS; }

#endif
