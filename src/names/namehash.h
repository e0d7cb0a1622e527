/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/namehash.h -- the hashes and the wire form by which a name is known on the chain.  ENSIP-1 (EIP-137), ENSIP-10.
 *
 *  All of it takes normalised names (names/normalise.h): the hash of anything else is a node that nobody can reach. */
#ifndef NAMES_NAMEHASH_H
#define NAMES_NAMEHASH_H

#include "base/text.h"

enum {
    NAMEHASH_BYTES = 32,
    NAMEHASH_LABEL_MAX = 255    /**< octets of a label in the wire form of ENS; longer ones go by their hash */
};

/** keccak256 of a label's octets. */
void namehash_label(struct slice label, uint8_t out[NAMEHASH_BYTES]);
/** The node of a label below `parent`.  `out` may be `parent`. */
void namehash_child(const uint8_t parent[NAMEHASH_BYTES], struct slice label, uint8_t out[NAMEHASH_BYTES]);
/** The same where but the label's hash is known.  `out` may be either. */
void namehash_child_of_hash(const uint8_t parent[NAMEHASH_BYTES], const uint8_t label_hash[NAMEHASH_BYTES], uint8_t out[NAMEHASH_BYTES]);

/** The node of a whole name; the empty name is the root, 32 zero octets.
 *  @param unknown  a label `[` 64 hexadecimal digits `]` stands for its hash (names/label.h); never for names out of the DNS
 *  @return OK, E_BAD_NAME (an empty label) */
MUST_CHECK enum status namehash_name(struct slice name, bool unknown, uint8_t out[NAMEHASH_BYTES]);

/** The wire form of ENS: each label with its length before it, a zero octet at the end, no limit on the whole.  A label over
 *  NAMEHASH_LABEL_MAX octets is written in its bracket form.
 *  @return OK, E_BAD_NAME (an empty label), E_NO_SPACE.  room: the octets of the name and 2 are enough */
MUST_CHECK enum status namehash_wire_write(struct slice name, uint8_t *out, size_t room, size_t *length);

/** The other way, from contracts and gateways; what comes out is not checked to be normal.
 *  @return OK, E_TRUNCATED, E_BAD_FORMAT (octets behind the end), E_BAD_NAME (a label that holds a dot), E_NO_SPACE */
MUST_CHECK enum status namehash_wire_read(const uint8_t *wire, size_t bytes, char *out, size_t room, size_t *length);

#endif
