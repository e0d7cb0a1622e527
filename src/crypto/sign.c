/* SPDX-License-Identifier: Apache-2.0 */
/* What uses secret keys on secp256k1; apart from the rest of the room, so that rhizd is linked without it. */
#include "crypto/secp256k1.h"
#include "base/arena.h"
#include "base/random.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

/* Blinded, so that timing and power say less about the secret. */
static secp256k1_context *context_new(void)
{
    uint8_t seed[32];
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    if (!context)
        return NULL;
    random_bytes(seed, sizeof seed);
    int blinded = secp256k1_context_randomize(context, seed);
    mem_wipe(seed, sizeof seed);
    if (blinded)
        return context;
    secp256k1_context_destroy(context);
    return NULL;
}

bool ecdsa_key_check(const uint8_t key[ECDSA_KEY_BYTES])
{
    return secp256k1_ec_seckey_verify(secp256k1_context_static, key) == 1;
}

enum status ecdsa_key_public(const uint8_t key[ECDSA_KEY_BYTES], uint8_t out[ECDSA_PUBLIC_BYTES])
{
    size_t bytes = ECDSA_PUBLIC_BYTES;
    secp256k1_pubkey public_key;
    if (!ecdsa_key_check(key))
        return E_INVALID;
    secp256k1_context *context = context_new();
    if (!context)
        return E_NOMEM;
    bool done = secp256k1_ec_pubkey_create(context, &public_key, key) == 1 &&
                secp256k1_ec_pubkey_serialize(context, out, &bytes, &public_key, SECP256K1_EC_UNCOMPRESSED) == 1;
    secp256k1_context_destroy(context);
    return done ? OK : E_INVALID;
}

enum status ecdsa_key_address(const uint8_t key[ECDSA_KEY_BYTES], uint8_t out[ETHEREUM_ADDRESS_BYTES])
{
    uint8_t point[ECDSA_PUBLIC_BYTES];
    enum status status = ecdsa_key_public(key, point);
    if (status == OK)
        ecdsa_public_address(point, out);
    return status;
}

enum status ecdsa_sign(const uint8_t key[ECDSA_KEY_BYTES], const uint8_t digest[ECDSA_DIGEST_BYTES], struct ecdsa_signature *out)
{
    secp256k1_ecdsa_recoverable_signature signature;
    uint8_t compact[64];
    int recovery = 0;
    if (!ecdsa_key_check(key))
        return E_INVALID;
    secp256k1_context *context = context_new();
    if (!context)
        return E_NOMEM;
    /* The library's own nonce is that of RFC 6979, and its s is always the low one. */
    bool done = secp256k1_ecdsa_sign_recoverable(context, &signature, digest, key, secp256k1_nonce_function_rfc6979, NULL) == 1 &&
                secp256k1_ecdsa_recoverable_signature_serialize_compact(context, compact, &recovery, &signature) == 1;
    secp256k1_context_destroy(context);
    if (!done)
        return E_INVALID;
    memcpy(out->r, compact, 32);
    memcpy(out->s, compact + 32, 32);
    out->recovery = (uint8_t)recovery;
    return OK;
}
