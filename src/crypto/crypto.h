/* SPDX-License-Identifier: Apache-2.0 */
/** @file crypto/crypto.h -- digests, HMAC, comparison in constant time.  The only room that sees libcrypto and
 *  libsecp256k1.  Beside it: keccak.h, address.h, secp256k1.h, kdf.h.
 *
 *  SHA-1 (FIPS 180-4) is here for what the DNS still demands of it: DS digest type 1 and NSEC3 (RFC 5155). */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/status.h"

/** RIPEMD-160, SHA-512/256 and SHA3-256 are here for the addresses of other chains. */
enum digest { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_RIPEMD160, DIGEST_SHA512_256, DIGEST_SHA3_256, DIGEST_COUNT };
enum { DIGEST_SHA1_BYTES = 20, DIGEST_SHA256_BYTES = 32, DIGEST_SHA384_BYTES = 48, DIGEST_SHA512_BYTES = 64,
       DIGEST_RIPEMD160_BYTES = 20, DIGEST_SHA512_256_BYTES = 32, DIGEST_SHA3_256_BYTES = 32,
       DIGEST_MOST_BYTES = 64 };

/** Octets of a digest. */
size_t digest_bytes(enum digest digest);

/** One digest of one piece; for cold paths (looks the algorithm up each time, about a microsecond).
 *  @param out  room for digest_bytes(digest)
 *  @return OK, E_UNSUPPORTED (libcrypto is configured not to have it), E_NOMEM. */
MUST_CHECK enum status digest_once(enum digest digest, const void *data, size_t bytes, uint8_t *out);

/** SHA-256 of the SHA-256: checksums of Bitcoin and its kin.  @return as digest_once */
MUST_CHECK enum status digest_sha256_twice(const void *data, size_t bytes, uint8_t out[DIGEST_SHA256_BYTES]);

/** BLAKE2b without a key, of any output length (RFC 7693).  No heap, no failure.  @param out_bytes  1..64 */
void blake2b(const void *data, size_t bytes, uint8_t *out, size_t out_bytes);

/** A digest over many pieces; reusable, no heap after digest_new.  One thread at a time. */
struct digest_state;
/** @return OK, E_NOMEM, E_UNSUPPORTED */
MUST_CHECK enum status digest_new(enum digest digest, struct digest_state **out);
void digest_free(struct digest_state *state);      /**< NULL is fine */
/** Starts over, whatever was added. */
MUST_CHECK enum status digest_begin(struct digest_state *state);
MUST_CHECK enum status digest_add(struct digest_state *state, const void *data, size_t bytes);
/** Then digest_begin before the next digest_add.  @param out  room for digest_bytes of the algorithm */
MUST_CHECK enum status digest_end(struct digest_state *state, uint8_t *out);

/** SHA-1 for NSEC3: many short digests in a row.  Reusable, no heap after crypto_sha1_new, about 0.1 us for a
 *  digest of one block.  One thread at a time; a worker keeps its own. */
struct crypto_sha1;
/** @return OK, E_NOMEM, E_UNSUPPORTED */
MUST_CHECK enum status crypto_sha1_new(struct crypto_sha1 **out);
void crypto_sha1_free(struct crypto_sha1 *sha1);   /**< NULL is fine */
/** IH(salt, x, 0) = H(x || salt); IH(salt, x, k) = H(IH(salt, x, k-1) || salt).  RFC 5155 5.
 *  @param rounds  the iterations field: 0 hashes once */
MUST_CHECK enum status crypto_sha1_rounds(struct crypto_sha1 *sha1, const void *data, size_t bytes, const void *salt,
                                          size_t salt_bytes, unsigned rounds, uint8_t out[DIGEST_SHA1_BYTES]);

/** HMAC-SHA-256 (RFC 2104, RFC 4231).  @return OK, E_NOMEM, E_UNSUPPORTED */
MUST_CHECK enum status hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t bytes,
                                   uint8_t out[DIGEST_SHA256_BYTES]);

/** Compares secrets: the time depends on `bytes` only. */
bool crypto_equal(const void *a, const void *b, size_t bytes);

#endif
