/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/ccip.h -- CCIP-Read: a contract that says "ask this gateway, then let me see what it said".  EIP-3668, ENSIP-21.
 *
 *  Whoever asks us for a name makes us fetch a URL that a stranger wrote.  So: https to public addresses alone, whatever the host's name leads to at
 *  the moment the socket is opened; few requests, octets and seconds for a whole lookup, all gateways nested in it counted; hosts that the
 *  operator denied never.  Gateways are asked once; what they say goes to a quorum of nodes, and the contract decides.
 *  Started by state.c for reads with `follow` that reverted with OffchainLookup (556f1830). */
#ifndef ETHEREUM_CCIP_H
#define ETHEREUM_CCIP_H

#include "ethereum/state.h"

enum { CCIP_DEPTH_MAX = 8, CCIP_URLS_MAX = 8, CCIP_REVERT_BYTES_MAX = 256 << 10, CCIP_REPLY_BYTES_MAX = 1 << 20, CCIP_URL_BYTES_MAX = 64 << 10, CCIP_REQUEST_MS = 5000,
       CCIP_BATCH_MAX = 64, CCIP_BATCH_AT_ONCE = 8, CCIP_BATCH_PER_HOST = 2 };

struct ccip;
/** @param result  its octets are borrowed until it returns */
typedef void ccip_done_fn(void *context, const struct state_result *result);

/** Follows one OffchainLookup to its end at the same block.
 *  @param budget  outlives it
 *  @param read    what reverted: its sender must be read->to; copied
 *  @param revert  the whole revert data, selector included; copied
 *  @param proof   how that is known
 *  @param done    called exactly once, unless cancelled; never from within
 *  @return OK, E_NOMEM */
MUST_CHECK enum status ccip_start(struct chain *chain, struct state_budget *budget, const struct eth_block *block, const struct state_read *read,
                                  struct slice revert, struct proof proof, ccip_done_fn *done, void *context, struct ccip **out);
/** NULL is fine. */
void ccip_cancel(struct ccip *ccip);

#endif
