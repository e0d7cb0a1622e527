/* SPDX-License-Identifier: Apache-2.0 */
/** @file fake_chain.h -- a chain that never was, with a registry, a resolver and as many names as one likes: n0.eth, n1.eth, ...
 *
 *  Each of them has a resolver, an A record and a TXT record that tells how often it was changed.  Headers have the fields of Prague, and their hashes hold;
 *  blooms and logs are those of the blocks, full of other names' business. */
#ifndef TESTS_TOOLS_FAKE_CHAIN_H
#define TESTS_TOOLS_FAKE_CHAIN_H

#include "base/base.h"
#include "ethereum/types.h"

enum { FAKE_CHAIN_ID = 31337, FAKE_BLOCKS = 64 /* that are kept */, FAKE_TOUCHED = 32, FAKE_RETURN_MAX = 512 };

struct fake_chain;
struct fake_chain *fake_chain_new(unsigned names);      /* NULL: out of memory */
void fake_chain_free(struct fake_chain *chain);

/** What happens in a block besides. */
struct fake_block_plan {
    unsigned registrations;                 /**< of names that nobody asks for, with all that they log */
    unsigned logs;                          /**< of the resolver, about other names */
    unsigned touched[FAKE_TOUCHED]; size_t touched_count;   /**< names of ours that get new records */
};
uint64_t fake_chain_mine(struct fake_chain *chain, const struct fake_block_plan *plan);
uint64_t fake_chain_head(const struct fake_chain *chain);

/* JSON, as nodes write it; `null` for what is not kept. */
void fake_chain_write_block(const struct fake_chain *chain, uint64_t number, struct text *out);
bool fake_chain_find(const struct fake_chain *chain, const struct eth_word *hash, uint64_t *number);
/** @param count  0 = of any contract */
void fake_chain_write_logs(const struct fake_chain *chain, uint64_t number, const struct eth_address *contracts, size_t count, struct text *out);

/** What a contract returns, at the head whatever the block.  @return false: it reverts */
bool fake_chain_call(const struct fake_chain *chain, const struct eth_address *to, const uint8_t *data, size_t bytes, uint8_t out[FAKE_RETURN_MAX], size_t *length);
bool fake_chain_has_code(const struct eth_address *address);
extern const struct eth_address fake_registry, fake_registrar, fake_resolver, fake_multicall;

#endif
