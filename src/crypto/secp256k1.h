/* SPDX-License-Identifier: Apache-2.0 */
/** @file crypto/secp256k1.h -- ECDSA on secp256k1 as Ethereum uses it: signatures from which the signer's key follows.
 *  SEC 1 and SEC 2; Ethereum Yellow Paper, appendix F.
 *
 *  The library is libsecp256k1.  Every call makes a context of its own (some tens of microseconds, on the heap of the
 *  library), blinded with fresh randomness where a secret is used.  Reading signatures is in one object file, what signs in
 *  another (sign.c), so that a program which never signs has no code for it. */
#ifndef CRYPTO_SECP256K1_H
#define CRYPTO_SECP256K1_H

#include "base/status.h"

enum { ECDSA_KEY_BYTES = 32, ECDSA_DIGEST_BYTES = 32, ECDSA_PUBLIC_BYTES = 65, ETHEREUM_ADDRESS_BYTES = 20 };

/** A signature; numbers big-endian. */
struct ecdsa_signature {
    uint8_t r[32], s[32];
    uint8_t recovery;       /**< 0 or 1: whether the y of the nonce's point is odd (2 and 3, x over the order, are not used by Ethereum) */
};

/** The address of whoever signed this digest.  Signatures with a high s are refused (EIP-2).
 *  @return OK, E_BAD_FORMAT (no signature of anybody), E_NOMEM */
MUST_CHECK enum status ecdsa_recover_address(const struct ecdsa_signature *signature, const uint8_t digest[ECDSA_DIGEST_BYTES],
                                             uint8_t out[ETHEREUM_ADDRESS_BYTES]);
/** The last 20 octets of Keccak-256 of the point without its first octet (which says "uncompressed"). */
void ecdsa_public_address(const uint8_t public_key[ECDSA_PUBLIC_BYTES], uint8_t out[ETHEREUM_ADDRESS_BYTES]);

/* ---- with secrets: for `wallet` only ---- */

/** Whether it is a key: 1 .. order - 1. */
bool ecdsa_key_check(const uint8_t key[ECDSA_KEY_BYTES]);
/** The uncompressed point, 04 x y.  @return OK, E_INVALID (no key), E_NOMEM */
MUST_CHECK enum status ecdsa_key_public(const uint8_t key[ECDSA_KEY_BYTES], uint8_t out[ECDSA_PUBLIC_BYTES]);
/** @return OK, E_INVALID (no key), E_NOMEM */
MUST_CHECK enum status ecdsa_key_address(const uint8_t key[ECDSA_KEY_BYTES], uint8_t out[ETHEREUM_ADDRESS_BYTES]);
/** Signs with a deterministic nonce (RFC 6979, SHA-256) and a low s.  @return OK, E_INVALID (no key), E_NOMEM */
MUST_CHECK enum status ecdsa_sign(const uint8_t key[ECDSA_KEY_BYTES], const uint8_t digest[ECDSA_DIGEST_BYTES], struct ecdsa_signature *out);

#endif
