/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/types.h -- the words that everything about the chain is said in. */
#ifndef ETHEREUM_TYPES_H
#define ETHEREUM_TYPES_H

#include "base/status.h"
#include "base/text.h"
#include <string.h>

struct eth_address { uint8_t octets[20]; };
/** 32 octets, big-endian where it is a number: a hash, a topic, a slot, a node of ENS. */
struct eth_word { uint8_t octets[32]; };

static inline bool eth_address_is_zero(const struct eth_address *a)
{
    static const struct eth_address zero;
    return memcmp(a, &zero, sizeof zero) == 0;
}
static inline bool eth_address_equal(const struct eth_address *a, const struct eth_address *b) { return memcmp(a, b, sizeof *a) == 0; }
static inline bool eth_word_is_zero(const struct eth_word *w)
{
    static const struct eth_word zero;
    return memcmp(w, &zero, sizeof zero) == 0;
}
static inline bool eth_word_equal(const struct eth_word *a, const struct eth_word *b) { return memcmp(a, b, sizeof *a) == 0; }

/** A block, as an answer names it. */
struct eth_block {
    struct eth_word hash;
    uint64_t number;
    uint64_t time;          /**< seconds, of its header */
};

/** How what was read is known, strongest first. */
enum proof_class {
    PROOF_PROVEN,               /**< Merkle proof under an agreed header */
    PROOF_QUORUM,               /**< n of m independent operators gave equal octets at one block hash */
    PROOF_CONTRACT_ACCEPTED,    /**< a contract accepted what an off-chain gateway answered */
    PROOF_SINGLE                /**< one node's word */
};
struct proof {
    enum proof_class grade;
    uint8_t agreed, asked;      /**< operators; QUORUM alone */
};
/** The weaker of two; of two quorums the one that fewer agreed in. */
struct proof proof_weaker(struct proof a, struct proof b);
/** `proven`, `quorum 2/3`, `contract-accepted`, `single`.  @param room  24 is enough */
const char *proof_text(struct proof proof, char *out, size_t room);

#endif
