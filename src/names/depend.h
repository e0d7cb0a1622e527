/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/depend.h -- what a fact rests on, as keys that logs lead to.
 *
 *  A dependency is (chain, contract, event, topics); here it is a keyed hash of those, so that a cache can hold many in little room.  Two that
 *  collide cost a lookup too many, nothing else. */
#ifndef NAMES_DEPEND_H
#define NAMES_DEPEND_H

#include "ethereum/chain.h"

enum depend_kind {
    DEPEND_NODE,        /**< any event of the contract whose first topic is this node or token, but NewOwner of the registry */
    DEPEND_LABEL,       /**< NewOwner of this parent and label */
    DEPEND_TOKEN,       /**< Transfer (ERC-721) of this token, its third topic */
    DEPEND_CODE         /**< Upgraded, or any event that changes all: the contract's code */
};
uint64_t depend_key(uint64_t chain_id, const struct eth_address *contract, enum depend_kind kind, const struct eth_word *first, const struct eth_word *second);
enum { DEPEND_LOG_KEYS = 36 };
/** All keys that a log touches: those of its topics, and for events of the name wrapper those of its data (TransferSingle, TransferBatch).
 *  @return how many; more than fit (a batch of tokens): SIZE_MAX, drop all that rests on the contract */
size_t depend_from_log(uint64_t chain_id, const struct chain_log *log, uint64_t keys[DEPEND_LOG_KEYS]);

#endif
