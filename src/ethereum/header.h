/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/header.h -- block headers as nodes tell them. */
#ifndef ETHEREUM_HEADER_H
#define ETHEREUM_HEADER_H

#include "ethereum/types.h"
#include "json/pull.h"

struct chain_header {
    struct eth_block block;
    struct eth_word parent, state_root;
    uint8_t bloom[256];
    bool verified;          /**< the hash was computed from the fields: who agrees with the hash agrees with all of them */
};

/** Reads what eth_getBlockByNumber and eth_getBlockByHash return.  The object may hold anything else.
 *  The fields are put together as RLP, and where that gives the hash, `verified` is set.  It is not for a fork that this version does not know, and
 *  for a node that lies about a field: then each field that is used needs a quorum of its own.
 *  @return OK, E_NOT_FOUND (null), E_BAD_FORMAT (fields are missing or malformed) */
MUST_CHECK enum status header_check(struct json_view object, struct chain_header *out);

/** The three bits of a header's bloom that something in a log sets (an address, a topic).  Yellow Paper, 4.3.1. */
struct bloom_bits { uint16_t bit[3]; };
struct bloom_bits bloom_bits_of(const void *data, size_t bytes);
static inline bool bloom_has(const uint8_t bloom[256], const struct bloom_bits *bits)
{
    for (unsigned i = 0; i < 3; i++) {
        if (!(bloom[255 - bits->bit[i] / 8] >> (bits->bit[i] % 8) & 1))
            return false;
    }
    return true;
}

#endif
