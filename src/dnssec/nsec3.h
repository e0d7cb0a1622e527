/* SPDX-License-Identifier: Apache-2.0 */
/** @file dnssec/nsec3.h -- hashed owner names.  RFC 5155 §5. */
#ifndef DNSSEC_NSEC3_H
#define DNSSEC_NSEC3_H

#include "wire/wire.h"

enum { NSEC3_HASH_SHA1 = 1, NSEC3_HASH_BYTES = 20, NSEC3_LABEL_BYTES = 32 };

/** Reusable state for hashing: no heap after it is made.  One thread at a time; a worker keeps its own. */
struct nsec3_hasher;
/** @return OK, E_NOMEM, E_UNSUPPORTED (SHA-1 is not to be had) */
MUST_CHECK enum status nsec3_hasher_new(struct nsec3_hasher **out);
void nsec3_hasher_free(struct nsec3_hasher *hasher);    /**< NULL is fine */

/** The hash of a name; case does not count.  Costs iterations + 1 digests: the caller bounds how many names it hashes.
 *  @param params  of an NSEC3 or NSEC3PARAM record
 *  @return OK, E_UNSUPPORTED (another algorithm than 1) */
MUST_CHECK enum status nsec3_hash(struct nsec3_hasher *hasher, const struct nsec3 *params, struct name_view name,
                                  uint8_t out[NSEC3_HASH_BYTES]);
/** The owner of the NSEC3 record with that hash: 32 lower-case base32hex characters and the zone's name.
 *  @return OK, E_BAD_NAME when over 255 octets */
MUST_CHECK enum status nsec3_owner(const uint8_t hash[NSEC3_HASH_BYTES], struct name_view zone, struct name *out);
/** @return true when `hash` lies strictly between the hash of an NSEC3's owner and its next; the last one of the
 *  chain (next <= owner) covers what is above it or below the first. */
bool nsec3_covers(const uint8_t *owner, const uint8_t *next, const uint8_t *hash);

#endif
