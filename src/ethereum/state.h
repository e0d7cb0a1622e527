/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/state.h -- the state of a chain at one block, read in batches.
 *
 *  Who asks says what it wants to know; how that is had (one call for many, a quorum, a Merkle proof, later a light client) is
 *  the backend's.  A batch is one round trip, unless an off-chain gateway has a say (CCIP-Read, EIP-3668).
 *  All on the thread of the chain's loop. */
#ifndef ETHEREUM_STATE_H
#define ETHEREUM_STATE_H

#include "ethereum/types.h"

struct chain;

enum state_kind {
    STATE_CALL,             /**< what a contract returns */
    STATE_SLOT,             /**< a word of its storage */
    STATE_CODE_HASH,        /**< keccak-256 of its code; of nothing where there is none (32 octets either way) */
    STATE_REGISTRY          /**< (32 octets) a field of a node in the ENS registry: by call, or by proof where the chain has `check: proof` */
};
enum registry_field { REGISTRY_OWNER, REGISTRY_RESOLVER, REGISTRY_TTL };

struct state_read {
    enum state_kind kind;
    struct eth_address to;          /**< REGISTRY: the registry */
    struct slice calldata;          /**< CALL; copied */
    struct eth_word word;           /**< SLOT: which; REGISTRY: the node */
    enum registry_field field;      /**< REGISTRY */
    uint64_t gas;                   /**< CALL: limit; 0 = the usual */
    bool follow;                    /**< CALL: an OffchainLookup of `to` is followed, and the result is what the callback returned */
    bool alone;                     /**< CALL: not put together with others (who asks must be the caller's address, or it may burn all gas) */
};

/** Why something could not be had: the same words in logs, EDE, metrics and `explain`. */
enum chain_failure {
    CHAIN_FAILURE_NONE, CHAIN_FAILURE_NO_PROVIDER /* none is reached */, CHAIN_FAILURE_TIMEOUT, CHAIN_FAILURE_DISAGREE /* no quorum */,
    CHAIN_FAILURE_BAD_REPLY, CHAIN_FAILURE_LIMITED /* rate */, CHAIN_FAILURE_BLOCK_GONE, CHAIN_FAILURE_GAS, CHAIN_FAILURE_GATEWAY, CHAIN_FAILURE_GATEWAY_REFUSED /* by the rules of safety */,
    CHAIN_FAILURE_BUDGET /* of one lookup */, CHAIN_FAILURE_PROOF /* does not verify */, CHAIN_FAILURE_STALE, CHAIN_FAILURE_WRONG_CHAIN, CHAIN_FAILURE_MEMORY, CHAIN_FAILURE_STOPPED,
    CHAIN_FAILURES
};
const char *chain_failure_text(enum chain_failure failure);     /**< a sentence fragment */
const char *chain_failure_label(enum chain_failure failure);    /**< a metrics label */

enum state_outcome { STATE_VALUE, STATE_REVERTED, STATE_UNAVAILABLE };
struct state_result {
    enum state_outcome outcome;
    struct slice data;              /**< VALUE: what was returned, 32 octets of a slot, ...; REVERTED: the revert data; borrowed until the continuation returns */
    struct proof proof;
    enum chain_failure failure;     /**< UNAVAILABLE */
    uint16_t http_status;           /**< UNAVAILABLE by a gateway that answered so; else 0 */
    bool followed;                  /**< a gateway had a say: no block vouches for it */
    uint32_t max_age_seconds;       /**< followed: as the gateway says (cache-control), else UINT32_MAX */
};

/** What one lookup may cost over all its batches and nested gateways; shared by them, the caller's. */
struct state_budget {
    uint64_t deadline_ms;           /**< chain_loop_now_ms */
    bool gateways_begun;            /**< the deadline is that of gateways now */
    uint32_t gateway_requests;      /**< left; 16 to begin with */
    uint32_t gateway_bytes;         /**< left, after decompression; 2 MiB to begin with */
    uint32_t gateway_reserved;      /**< not among those: what replies under way may have */
    uint32_t round_trips, calls;    /**< used: batches one after the other, JSON-RPC calls in all; for explain */
};
void state_budget_init(struct state_budget *budget, const struct chain *chain);    /**< as configured: 4 s for the chain, 10 s for gateways more */

/** @param block  that it was read at  @param results  as many as reads */
typedef void state_done_fn(void *context, const struct eth_block *block, const struct state_result *results, size_t count);
struct state_job;
/** Reads all at one block.
 *  @param at      NULL = the head that answers are given at (as `at:` is configured)
 *  @param budget  outlives the job
 *  @param done    called exactly once, never from within this function
 *  @return OK; E_NOMEM; E_LIMIT (over 1000 reads or 256 KiB of calldata) */
MUST_CHECK enum status state_read_all(struct chain *chain, const struct eth_block *at, struct state_budget *budget, const struct state_read *reads, size_t count,
                                      state_done_fn *done, void *context, struct state_job **out);
/** `done` is not called any more. */
void state_job_cancel(struct state_job *job);

#endif
