/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/facts.h -- what is known of one name on chains at one block, whatever its name system.
 *
 *  One way of looking names up for all: DNS answers, `explain` and `rhiz name` are made of the same facts.
 *  All on the thread of the chain's loop. */
#ifndef NAMES_FACTS_H
#define NAMES_FACTS_H

#include "base/base.h"
#include "ethereum/chain.h"
#include "wire/wire.h"

/* ---- what is asked ---- */

/** DNS types that come with every lookup for DNS, in one round trip: A, AAAA, TXT, HTTPS, and what decides how they are answered
 *  (CNAME, SOA, NS, DNAME); others are asked for when someone wants them. */
struct facts_request {
    struct name_view name;              /**< in wire form, lower case, in the name system's own tree (below `eth`, not below a mount's suffix) */
    bool dns;                           /**< DNS records and what DNS answers are made of (content hash, ...) */
    const uint16_t *types; size_t type_count;       /**< DNS types besides those */
    const struct slice *texts; size_t text_count;   /**< text keys (ENS), or record keys (UNS) */
    const uint64_t *coins; size_t coin_count;       /**< coin types */
    bool content, pubkey, details;      /**< content hash; public key; owner, wrapper state, expiry and all that `show` tells */
    const struct eth_block *at;         /**< NULL = the head */
};

/* ---- what comes back ---- */

enum fact_state {
    FACT_NOT_ASKED,
    FACT_PRESENT,
    FACT_ABSENT,            /**< known not to be there: by known code, or by a contract that says so */
    FACT_BROKEN,            /**< it is there, and is malformed: SERVFAIL for this alone */
    FACT_FAILED             /**< could not be had: never told as absent */
};
struct fact {
    enum fact_state state;
    enum chain_failure failure;     /**< FAILED */
    const char *reason;             /**< BROKEN, FAILED: a sentence fragment; NULL = chain_failure_text */
    struct slice value;             /**< PRESENT: as the chain has it, decoded from ABI */
    struct proof proof;
};
/** An RRset of the DNS profile. */
struct fact_records {
    struct name_view owner;
    uint16_t type;
    struct fact fact;               /**< value: its records one behind the other, each 4 octets TTL, 2 octets size, rdata (uncompressed, checked) */
};
/** A name of which is known whether it has records of any type. */
struct fact_owner { struct name_view owner; struct fact fact; };
struct fact_text { struct slice key; struct fact fact; };
struct fact_coin { uint64_t coin; struct fact fact; };

enum facts_status {
    FACTS_FOUND,            /**< somebody has it, or something stands behind it */
    FACTS_ABSENT,           /**< it does not exist */
    FACTS_INVALID,          /**< it cannot exist: not a name that its system allows; `reason` says why */
    FACTS_FAILED            /**< could not be had; `failure` and `reason` say why */
};

/** ENS alone. */
struct facts_ens {
    struct eth_word node;                   /**< of the ENS name that answers: `zone` below */
    struct eth_address owner, resolver;     /**< zero = none; with details the owner is that of the name itself */
    uint64_t registry_ttl;                  /**< 0 = none */
    bool owned;                             /**< the name itself has an owner, whoever has the resolver */
    bool wildcard;                          /**< the resolver is an ancestor's (ENSIP-10) */
    bool universal;                         /**< by the Universal Resolver */
    bool known_code;                        /**< the resolver's code is one that we know */
    bool wrapped; uint32_t fuses; uint64_t wrapper_expiry; struct eth_address wrapper_owner;
    bool second_level; uint64_t expires, grace_ends;    /**< of the name below `eth` that it is or lies below; seconds */
    struct eth_address registrant;
};
struct facts_uns {
    struct eth_word token;
    struct eth_address owner, resolver;
    uint64_t chain_id;                      /**< the layer that answers */
    uint64_t expires;                       /**< 0 = never */
};

enum { FACTS_DEPENDS_MAX = 2048 };
struct facts {
    struct arena *arena;                    /**< owns all that is in it */
    enum facts_status status;
    enum chain_failure failure;
    const char *reason;
    struct name_view name;                  /**< as asked */
    struct slice unicode;                   /**< normalised, for people; may be empty for FACTS_INVALID */
    struct name_view zone;                  /**< the name that has the resolver: owners of DNS records lie at or below it */
    bool ens;                               /**< which of these */
    struct facts_ens e;
    struct facts_uns u;
    struct fact content, pubkey_x, pubkey_y, zonehash /* with details; ENS */;
    struct fact_records *records; size_t record_count;
    struct fact_owner *owners; size_t owner_count;
    struct fact_text *texts; size_t text_count;
    struct fact_coin *coins; size_t coin_count;
    const uint16_t *types; size_t type_count;   /**< DNS types that were asked, of all kinds */

    struct eth_block block;                 /**< that they were read at; of the chain that answers */
    const struct chain *chain;
    struct proof proof;                     /**< the weakest of all that counts */
    uint32_t round_trips, calls;
    uint64_t elapsed_ms;
    uint64_t *depends; size_t depend_count; /**< names/depend.h */
    const struct eth_address *contracts; size_t contract_count;     /**< whose logs those come from, on `chain`... */
    const struct eth_address *contracts_below; size_t contract_below_count; const struct chain *chain_below;   /**< ...and on another (UNS) */
    bool one_block;                         /**< rests on code that is not known: good for this block alone */
    uint32_t max_age_seconds;               /**< rests on a gateway; else UINT32_MAX */
    uint64_t changes_at;                    /**< seconds: the next time at which they are different without a log (expiry); 0 = never */
};
/** NULL is fine. */
void facts_free(struct facts *facts);
/** NULL: not asked. */
const struct fact_records *facts_records(const struct facts *facts, struct name_view owner, uint16_t type);
const struct fact_owner *facts_owner(const struct facts *facts, struct name_view owner);
const struct fact_text *facts_text(const struct facts *facts, const char *key);
const struct fact_coin *facts_coin(const struct facts *facts, uint64_t coin);

/* ---- looking up ---- */

/** Addresses are configuration; names_ens_defaults knows those of public chains. */
struct ens_options {
    struct chain *chain;
    struct eth_address registry, registry_old, universal_resolver /* zero = none */, base_registrar, name_wrapper, reverse_registrar;
    struct eth_address controllers[4]; size_t controller_count;     /**< newest first */
    struct eth_address public_resolver;     /**< that `rhiz name register` gives */
    const struct eth_address *known_resolvers; size_t known_resolver_count;     /**< besides those known by their code; borrowed */
    bool refuse_expired;                    /**< NXDOMAIN after the grace period; default false */
    uint64_t grace_seconds;                 /**< 90 days */
};
void ens_options_default(uint64_t chain_id, struct ens_options *out);
struct uns_options {
    struct chain *layer2, *layer1;          /**< either may be NULL, but not both; order as asked: layer 2 goes first */
    struct eth_address reader2, reader1;    /**< ProxyReader; zero = known for the chain id */
    struct eth_address registry2, registry1;    /**< whose logs count */
    struct eth_address cns1;                /**< old .crypto registry on layer 1; zero = none */
};
void uns_options_default(uint64_t layer2_id, uint64_t layer1_id, struct uns_options *out);

/** One of these for each chain (ENS) or pair of chains (UNS); all mounts share it. */
struct name_source;
MUST_CHECK enum status name_source_ens(const struct ens_options *options, struct name_source **out);
MUST_CHECK enum status name_source_uns(const struct uns_options *options, struct name_source **out);
void name_source_free(struct name_source *source);      /**< when the loop has stopped; NULL is fine */
const struct ens_options *name_source_ens_options(const struct name_source *source);   /**< NULL: it is not */
const struct uns_options *name_source_uns_options(const struct name_source *source);

/* What a source remembers so that the next lookup needs fewer steps is dropped by the follower of its chain (ethereum/chain.h), who calls these. */
void name_source_logs(struct name_source *source, const struct eth_block *block, const struct chain_log *logs, size_t count);
void name_source_drop(struct name_source *source, uint64_t from_number);

/** @param facts  taken by the callee (facts_free) */
typedef void facts_done_fn(void *context, struct facts *facts);
struct facts_job;
/** `done` is called exactly once, never from within; failures are facts too.  Everything in the request is copied. @return OK, E_NOMEM */
MUST_CHECK enum status facts_start(struct name_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out);
void facts_cancel(struct facts_job *job);

/** The primary name of an address (ENSIP-19), verified forwards; UNS: reverseNameOf, verified.
 *  Then facts->unicode is the name and FACTS_FOUND, or FACTS_ABSENT (none, or it does not verify). @param coin  60 for Ethereum */
MUST_CHECK enum status facts_start_reverse(struct name_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out);

#endif
