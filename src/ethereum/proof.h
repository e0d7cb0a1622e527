/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/proof.h -- Merkle proofs: what eth_getProof answers, held against the state root of a header.
 *
 *  A Merkle Patricia trie (Yellow Paper, appendix D) whose keys are keccak-256 of addresses and of slots.  A proof is the nodes from the root
 *  towards a key; it proves a value, or that there is none. */
#ifndef ETHEREUM_PROOF_H
#define ETHEREUM_PROOF_H

#include "ethereum/types.h"
#include "json/pull.h"

enum { PROOF_NODES_MAX = 64 /* a path has 64 nibbles */, PROOF_NODE_BYTES_MAX = 1024 };

struct proven_account {
    bool exists;                        /**< false: proven that there is none; the rest is then of an account without code */
    struct eth_word storage_root, code_hash;
};

/** @param nodes  the array `accountProof`
 *  @return OK; E_INVALID (it does not prove anything under this root), E_LIMIT (larger than a proof can be) */
MUST_CHECK enum status proof_account(const struct eth_word *state_root, const struct eth_address *address, struct json_view nodes, struct proven_account *out);
/** @param nodes  the array `proof` of one element of `storageProof`
 *  @param out    the word in the slot; zero when it is proven that there is none.  @return as above */
MUST_CHECK enum status proof_slot(const struct eth_word *storage_root, const struct eth_word *slot, struct json_view nodes, struct eth_word *out);

/* ---- where the registry of ENS keeps what it knows of a node (specification 1.2) ---- */

/** Its owner lies in this slot; resolver (low 20 octets) and TTL (the 8 before) in the next. */
struct eth_word registry_slot(const struct eth_word *node, bool second);

#endif
