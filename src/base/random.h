/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/random.h -- randomness and keyed hashes. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/status.h"
#include "base/text.h"

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

/* Folded multiplications (Wang Yi's wyhash) under a secret key: a few instructions for a few octets.  The parts of two hashes: */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The first eight octets, or all that there are. */
static inline uint64_t hash_load(const uint8_t *data, size_t size)
{
    uint64_t word = 0;
    uint32_t first, last;
    if (size >= 8) {
        __builtin_memcpy(&word, data, 8);
    } else if (size >= 4) {
        __builtin_memcpy(&first, data, 4);
        __builtin_memcpy(&last, data + size - 4, 4);
        word = (uint64_t)first << 32 | last;
    } else if (size > 0) {
        word = (uint64_t)data[0] << 16 | (uint64_t)data[size / 2] << 8 | data[size - 1];
    }
    return word;
}

/* With the last word, and how many octets there were in all. */
static inline uint64_t hash_end(const struct hash_key *key, uint64_t hash, uint64_t word, size_t all)
{
    hash = hash_fold(hash ^ word, key->k1 ^ all * UINT64_C(0x9e3779b97f4a7c15));
    return hash_fold(hash ^ key->k1, UINT64_C(0xe7037ed1a0b428db));
}

/** A few octets as they are: addresses, numbers. */
static inline uint64_t hash_short(const struct hash_key *key, const void *data, size_t size)
{
    const uint8_t *octets = data;
    uint64_t hash = key->k0;
    const size_t all = size;
    for (; size > 8; octets += 8, size -= 8)
        hash = hash_fold(hash ^ hash_load(octets, 8), key->k1);
    return hash_end(key, hash, hash_load(octets, size), all);
}

/* For more than eight octets: out of line, so that the common case needs few registers. */
uint64_t hash_link_long(const struct hash_key *key, uint64_t before, const uint8_t *data, size_t size);

/** One link of a chained hash, for names label by label: ASCII letters count as lower case, and `before` is the link
 *  before (any number for the first). */
static inline uint64_t hash_link_nocase(const struct hash_key *key, uint64_t before, const uint8_t *data, size_t size)
{
    return size > 8 ? hash_link_long(key, before, data, size) : hash_end(key, before ^ key->k0, ascii_lower_8(hash_load(data, size)), size);
}

#endif
