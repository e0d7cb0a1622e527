/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/transaction.h -- transactions: their octets, what of them is signed, and back.
 *  Yellow Paper appendix F, EIP-155, EIP-2718, EIP-2930, EIP-1559.
 *
 *  Nothing here knows a key: the digest goes to `wallet`, a signature comes back. */
#ifndef ETHEREUM_TRANSACTION_H
#define ETHEREUM_TRANSACTION_H

#include "crypto/secp256k1.h"
#include "ethereum/rlp.h"
#include "ethereum/types.h"

enum transaction_kind { TRANSACTION_LEGACY = 0, TRANSACTION_ACCESS_LIST = 1, TRANSACTION_FEE_MARKET = 2 };

enum { TRANSACTION_BYTES_MAX = 128 << 10 };     /* what nodes pass on; more is refused when read */

struct transaction {
    enum transaction_kind kind;
    uint64_t chain;                 /**< LEGACY: 0 = before EIP-155, good on every chain; at most 2^63 - 19 there */
    struct u256 nonce, gas_limit, value;
    struct u256 gas_price;          /**< LEGACY, ACCESS_LIST: wei */
    struct u256 priority_fee, most_fee;     /**< FEE_MARKET: maxPriorityFeePerGas and maxFeePerGas, wei */
    bool creates;                   /**< a contract: `to` is not used */
    struct eth_address to;
    const uint8_t *data;            /**< borrowed; NULL when there is none */
    size_t data_bytes;
    const uint8_t *access;          /**< ACCESS_LIST, FEE_MARKET: the items of the list in RLP (transaction_access_add); borrowed */
    size_t access_bytes;            /**< 0 = an empty list */
};

/** Adds one entry to an access list that is being written. */
void transaction_access_add(struct rlp_writer *writer, const struct eth_address *address, const struct eth_word *slots, size_t count);

/** Writes what is sent (signature given), or what is signed (NULL).
 *  @param room    NULL and 0 measure
 *  @param length  octets needed; written on OK and E_NO_SPACE
 *  @return OK, E_NO_SPACE, E_RANGE (no such kind; the chain number does not fit) */
MUST_CHECK enum status transaction_write(const struct transaction *transaction, const struct ecdsa_signature *signature,
                                         uint8_t *out, size_t room, size_t *length);
/** Keccak-256 of what is signed.  @return OK, E_NOMEM, E_RANGE */
MUST_CHECK enum status transaction_digest(const struct transaction *transaction, struct eth_word *out);
/** Keccak-256 of what is sent: the transaction's hash, under which it is found on the chain.  @return OK, E_NOMEM, E_RANGE */
MUST_CHECK enum status transaction_hash(const struct transaction *transaction, const struct ecdsa_signature *signature, struct eth_word *out);

/** Reads what is sent, strictly: whatever is read writes back to the same octets.
 *  @param out  borrows from `data`
 *  @return OK, E_TRUNCATED, E_BAD_FORMAT, E_RANGE, E_LIMIT (over TRANSACTION_BYTES_MAX), E_UNSUPPORTED (another kind) */
MUST_CHECK enum status transaction_read(const uint8_t *data, size_t bytes, struct transaction *out, struct ecdsa_signature *signature);
/** The same for one that is not signed yet, as `--unsigned` writes it. */
MUST_CHECK enum status transaction_read_unsigned(const uint8_t *data, size_t bytes, struct transaction *out);

/** Who signed it.  @return OK, E_BAD_FORMAT (nobody), E_NOMEM, E_RANGE */
MUST_CHECK enum status transaction_sender(const struct transaction *transaction, const struct ecdsa_signature *signature, struct eth_address *out);

/** The most that it can cost in wei: value and all gas at the highest price.  @return true when it runs over 256 bits */
bool transaction_cost_most(const struct transaction *transaction, struct u256 *out);

#endif
