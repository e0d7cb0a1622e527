/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secp256k1.h"
#include "crypto/keccak.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

void ecdsa_public_address(const uint8_t public_key[ECDSA_PUBLIC_BYTES], uint8_t out[ETHEREUM_ADDRESS_BYTES])
{
    uint8_t hash[KECCAK256_BYTES];
    keccak256(public_key + 1, ECDSA_PUBLIC_BYTES - 1, hash);
    memcpy(out, hash + sizeof hash - ETHEREUM_ADDRESS_BYTES, ETHEREUM_ADDRESS_BYTES);
}

/* EIP-2: of the two signatures s and order - s, only the lower counts. */
static bool is_low(const secp256k1_context *context, const uint8_t compact[64])
{
    secp256k1_ecdsa_signature plain;
    return secp256k1_ecdsa_signature_parse_compact(context, &plain, compact) == 1 &&
           secp256k1_ecdsa_signature_normalize(context, NULL, &plain) == 0;
}

static bool recover(const secp256k1_context *context, const struct ecdsa_signature *signature, const uint8_t *digest,
                    uint8_t point[ECDSA_PUBLIC_BYTES])
{
    uint8_t compact[64];
    size_t bytes = ECDSA_PUBLIC_BYTES;
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey public_key;
    memcpy(compact, signature->r, 32);
    memcpy(compact + 32, signature->s, 32);
    return signature->recovery <= 3 && is_low(context, compact) &&
           secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, compact, signature->recovery) == 1 &&
           secp256k1_ecdsa_recover(context, &public_key, &parsed, digest) == 1 &&
           secp256k1_ec_pubkey_serialize(context, point, &bytes, &public_key, SECP256K1_EC_UNCOMPRESSED) == 1;
}

enum status ecdsa_recover_address(const struct ecdsa_signature *signature, const uint8_t digest[ECDSA_DIGEST_BYTES],
                                  uint8_t out[ETHEREUM_ADDRESS_BYTES])
{
    uint8_t point[ECDSA_PUBLIC_BYTES];
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    if (!context)
        return E_NOMEM;
    bool found = recover(context, signature, digest, point);
    secp256k1_context_destroy(context);
    if (!found)
        return E_BAD_FORMAT;
    ecdsa_public_address(point, out);
    return OK;
}
