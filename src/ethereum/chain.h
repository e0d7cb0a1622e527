/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/chain.h -- one chain: its providers, its head, its logs. */
#ifndef ETHEREUM_CHAIN_H
#define ETHEREUM_CHAIN_H

#include "ethereum/loop.h"
#include "ethereum/state.h"

enum chain_check { CHAIN_CHECK_SINGLE, CHAIN_CHECK_QUORUM, CHAIN_CHECK_PROOF /* and quorum for the header and for what is not proven */ };
enum chain_at { CHAIN_AT_LATEST, CHAIN_AT_SAFE, CHAIN_AT_FINALIZED };

/** Strings are copied. */
struct provider_options {
    const char *name;
    const char *url;            /**< http, https, or unix:/PATH; may hold a key: it never shows, and is wiped in the end */
    const char *operator;       /**< quorum counts these; NULL = the name */
    double rate;                /**< calls a second; 0 = no limit of ours */
    bool batch;                 /**< takes JSON-RPC batches; default true, found out otherwise */
};
struct chain_options {
    const char *name;           /**< `ethereum` */
    uint64_t chain_id;
    enum chain_check check;
    enum chain_at at;
    unsigned quorum;            /**< operators; 1 for CHECK_SINGLE */
    const struct provider_options *providers; size_t provider_count;
    uint64_t stale_after_ms;    /**< without a successful poll; 60 s */
    uint64_t stale_limit_ms;    /**< how much longer stale answers are given, RFC 8767; 1 d */
    uint64_t block_time_ms;     /**< expected; 0 = known for the chain id, else learned, up to a second */
    uint64_t try_ms, lookup_ms; /**< of one try, 1.5 s; of all tries of a lookup, 4 s */
    struct eth_address registry;    /**< of ENS: a provider that has no code there is not admitted; zero = not asked */
    struct eth_address registry_old;
    struct eth_address multicall;   /**< Multicall3; zero = its usual address; where there is no code, calls go one by one in a batch */
    bool ccip; uint64_t ccip_ms;    /**< off-chain gateways at all; 10 s */
    bool ccip_loopback;             /**< for tests: gateways of this chain's contracts may be at loopback addresses, without TLS */
    const char *const *ccip_deny; size_t ccip_deny_count;      /**< hosts, with all below them */
    const char *const *ccip_allow; size_t ccip_allow_count;    /**< none = all that are public */
};
void chain_options_default(struct chain_options *out);

/** Nothing is asked before the first chain_follow, chain_begin, chain_call or state_read_all.
 *  @return OK, E_NOMEM, E_RANGE (no providers, more than 32, or fewer operators than the quorum) */
MUST_CHECK enum status chain_new(struct chain_loop *loop, const struct chain_options *options, struct chain **out);
/** When the loop is stopped.  What is still under way is told CHAIN_FAILURE_STOPPED (E_CLOSED) from in here. NULL is fine. */
void chain_free(struct chain *chain);
const char *chain_name(const struct chain *chain);
uint64_t chain_id(const struct chain *chain);
struct chain_loop *chain_loop_of(const struct chain *chain);

/* ---- following it ---- */

struct chain_log {
    struct eth_address address;
    struct eth_word topics[4]; uint8_t topic_count;
    struct slice data;          /**< octets, not hex; borrowed */
};
enum chain_health {
    CHAIN_STARTING,             /**< no head yet */
    CHAIN_FRESH,
    CHAIN_STALE,                /**< nothing heard for stale_after: what is cached is told as stale */
    CHAIN_DOWN                  /**< for stale_limit more: nothing is told */
};
const char *chain_health_text(enum chain_health health);     /**< `starting`, `fresh`, `stale`, `down`: of metrics and tools */
/** Told on the loop's thread.  Order for each new block: logs, then head. */
struct chain_follower {
    void *context;
    /** Logs of watched contracts in a block that is about to become the head. */
    void (*logs)(void *context, const struct eth_block *block, const struct chain_log *logs, size_t count);
    /** The head that answers are given at is this from now on. */
    void (*head)(void *context, const struct eth_block *block);
    /** Blocks from this number on are not part of the chain any more; or, where logs could not be had for a while: what
     *  happened from there on is not known.  Whatever was read at them or might have changed in them must be read again. */
    void (*drop)(void *context, uint64_t from_number);
    void (*health)(void *context, enum chain_health health);
    struct chain_follower *next;        /**< the chain's */
};
/** Adds it: borrowed for life. Begins following with the first one. */
void chain_follow(struct chain *chain, struct chain_follower *follower);
/** Begins following without anybody being told. */
void chain_begin(struct chain *chain);
/** Logs of this contract are wanted.  Counted: as many unwatch.  @return OK, E_NOMEM, E_LIMIT (100,000) */
MUST_CHECK enum status chain_watch(struct chain *chain, const struct eth_address *contract);
void chain_unwatch(struct chain *chain, const struct eth_address *contract);
/** @return false: there is none yet */
bool chain_head(const struct chain *chain, struct eth_block *out);
enum chain_health chain_health(const struct chain *chain);

/* ---- what the tool needs: any JSON-RPC, under the same rules of quorum where answers can be compared ---- */

/* E_INVALID: a provider answered with an error, told below (a revert has `failure` NONE); E_TIMEOUT, E_LIMIT, E_REFUSED (wrong chain), E_CLOSED (stopped),
 * E_NOMEM, E_NOT_FOUND (nobody was reached): nothing was answered. */
struct chain_call_result { enum status status; enum chain_failure failure; struct slice result /* raw JSON; borrowed */; struct slice error_message; struct slice error_data /* octets */; int64_t error_code; const char *provider; };
typedef void chain_call_done_fn(void *context, const struct chain_call_result *result);
/** One call, as it is: method and its params as JSON text.  Not compared; the first provider that is well answers, others follow where it fails.
 *  `done` is called exactly once, never from within. */
MUST_CHECK enum status chain_call(struct chain *chain, const char *method, struct slice params, uint64_t timeout_ms, chain_call_done_fn *done, void *context);
/** The same to every provider that is well: for eth_sendRawTransaction. First success counts. */
MUST_CHECK enum status chain_call_all(struct chain *chain, const char *method, struct slice params, uint64_t timeout_ms, chain_call_done_fn *done, void *context);

/* ---- numbers; any thread ---- */

struct chain_provider_counters { const char *name, *operator; bool admitted, open /* circuit */; const char *reason /* why not; a constant */; uint64_t calls, failures, limited, disagreed; uint64_t latency_us /* smoothed */; uint64_t head; };
struct chain_counters {
    uint64_t head_number, head_time, heads, reorgs, logs, calls, call_bytes, gateway_requests, disagreements;
    uint64_t failures[CHAIN_FAILURES];
    enum chain_health health;
};
void chain_counters_read(const struct chain *chain, struct chain_counters *out);
size_t chain_provider_count(const struct chain *chain);
void chain_provider_counters_read(const struct chain *chain, size_t index, struct chain_provider_counters *out);

#endif
