/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/random.h -- randomness and keyed hashes. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/status.h"

/** Octets from the kernel's generator (getrandom(2)); never fails once the system is up. */
void random_bytes(void *out, size_t count);
uint32_t random_u32(void);

/** SipHash-2-4 with 64-bit output (Aumasson, Bernstein 2012).  Needed as such by server cookies (RFC 9018 §4). */
uint64_t siphash24(const uint8_t key[16], const void *data, size_t size);

/** A fast keyed hash for tables (SipHash-1-3 or better), seeded by the caller. */
struct hash_key { uint64_t k0, k1; };
struct hash_key hash_key_random(void);
uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t size);
/** ASCII letters hash as lower case. */
uint64_t hash_bytes_nocase(const struct hash_key *key, const void *data, size_t size);

#endif
