/* SPDX-License-Identifier: Apache-2.0 */
/** @file crypto/keccak.h -- Keccak-256 as Ethereum uses it: rate 136, padding 0x01 (not the 0x06 of FIPS 202's SHA3-256).
 *
 *  No heap, no failure, about half a microsecond for a block of 136 octets.  Not for secrets that live long: the state of
 *  an incremental digest is the caller's to wipe. */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include "base/status.h"

enum { KECCAK256_BYTES = 32, KECCAK256_BLOCK_BYTES = 136 };

/** A digest in progress, held by value: copied with `=` it goes on in two ways. */
struct keccak256 {
    uint64_t lanes[25];
    size_t filled;          /**< octets of the current block that are in already, 0..135 */
};

void keccak256_init(struct keccak256 *state);
void keccak256_add(struct keccak256 *state, const void *data, size_t bytes);
/** Then keccak256_init before the next keccak256_add. */
void keccak256_end(struct keccak256 *state, uint8_t out[KECCAK256_BYTES]);

/** One digest of one piece. `out` may be where `data` is. */
void keccak256(const void *data, size_t bytes, uint8_t out[KECCAK256_BYTES]);
/** keccak256(a || b) of two digests: one step of a name hash (ENSIP-1). `out` may be either. */
void keccak256_pair(const uint8_t a[KECCAK256_BYTES], const uint8_t b[KECCAK256_BYTES], uint8_t out[KECCAK256_BYTES]);

#endif
