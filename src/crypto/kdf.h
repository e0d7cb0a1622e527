/* SPDX-License-Identifier: Apache-2.0 */
/** @file crypto/kdf.h -- keys from passwords, and the ciphers of key files.  RFC 7914, RFC 8018, NIST SP 800-38A. */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include "base/status.h"

enum { KDF_MEMORY_MOST = 1 << 30 };     /* octets that scrypt may take */

/** What scrypt costs: 128 * n * r octets of memory, and time in proportion to n * r * p. */
struct scrypt_cost { uint64_t n; uint32_t r, p; };

/** Memory that it would take; UINT64_MAX when that is not a number of 64 bits. */
uint64_t scrypt_memory(struct scrypt_cost cost);

/** scrypt (RFC 7914).
 *  @param cost  n a power of 2 from 2; r and p from 1, r * p below 2^30
 *  @return OK, E_RANGE (a cost that is none), E_LIMIT (over KDF_MEMORY_MOST, or n * r * p over 2^27: minutes), E_NOMEM, E_UNSUPPORTED */
MUST_CHECK enum status scrypt_derive(const void *password, size_t password_bytes, const void *salt, size_t salt_bytes,
                                     struct scrypt_cost cost, uint8_t *out, size_t out_bytes);

/** PBKDF2 with HMAC-SHA-256 (RFC 8018).  @return OK, E_RANGE (no rounds), E_LIMIT (over 2^26 rounds), E_UNSUPPORTED */
MUST_CHECK enum status pbkdf2_derive(const void *password, size_t password_bytes, const void *salt, size_t salt_bytes,
                                     uint64_t rounds, uint8_t *out, size_t out_bytes);

/** AES-128 in counter mode; the same call encrypts and decrypts.  `out` may be `data`.
 *  @return OK, E_UNSUPPORTED, E_NOMEM */
MUST_CHECK enum status aes128_counter(const uint8_t key[16], const uint8_t counter[16], const uint8_t *data, size_t bytes, uint8_t *out);

/** Decrypts AES-128 in CBC mode with PKCS #7 padding.
 *  @param out     room for `bytes`
 *  @param length  octets without the padding
 *  @return OK, E_BAD_FORMAT (the padding is wrong: most likely the key), E_UNSUPPORTED, E_NOMEM */
MUST_CHECK enum status aes128_cbc_decrypt(const uint8_t key[16], const uint8_t iv[16], const uint8_t *data, size_t bytes,
                                          uint8_t *out, size_t *length);

#endif
