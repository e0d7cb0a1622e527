/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/cid.h -- content identifiers of IPFS: versions 0 and 1, binary and text.  No heap. */
#ifndef NAMES_CID_H
#define NAMES_CID_H

#include "base/base.h"

enum { CID_DIGEST_MAX = 128, CID_BYTES_MAX = CID_DIGEST_MAX + 40, CID_TEXT_MAX = CID_BYTES_MAX * 2 + 1 };
enum { CID_DAG_PB = 0x70, CID_LIBP2P_KEY = 0x72, CID_SWARM = 0xfa };        /* codecs */
enum { CID_IDENTITY = 0x00, CID_SHA2_256 = 0x12, CID_KECCAK_256 = 0x1b };   /* hashes */
enum cid_base { CID_BASE32, CID_BASE36 };                                   /* multibase b and k */

/** By value. A version 0 is read as the version 1 that means the same (dag-pb, sha2-256). */
struct cid {
    uint64_t codec, hash;
    size_t length;                          /**< of the digest, 1..CID_DIGEST_MAX */
    uint8_t digest[CID_DIGEST_MAX];
};

/** An unsigned varint in its shortest form, at most 9 octets.  @return octets it takes, 0 when it is none */
size_t uvarint_read(const uint8_t *bytes, size_t count, uint64_t *out);
/** @return octets written, 1..9; value below 2^63 */
size_t uvarint_write(uint64_t value, uint8_t out[9]);

/** All of `bytes` is one CID.  @return OK, E_BAD_FORMAT */
MUST_CHECK enum status cid_read(const uint8_t *bytes, size_t count, struct cid *out);
/** Binary version 1.  @return octets written, at most CID_BYTES_MAX */
size_t cid_write(const struct cid *cid, uint8_t out[CID_BYTES_MAX]);

/** Version 0 (Qm..., 46 characters) or multibase b, B, k, K, z, f, F or u.  @return OK, E_BAD_TEXT */
MUST_CHECK enum status cid_parse(struct slice text, struct cid *out);
/** The name of a key, which besides may be the multihash in base58 (Qm..., 12D3KooW...); the codec becomes libp2p-key.
 *  @return OK, E_BAD_TEXT (also: too short for a key) */
MUST_CHECK enum status cid_parse_key(struct slice text, struct cid *out);
/** Version 1 in lower-case base32 or base36, with the multibase letter. */
void cid_print(const struct cid *cid, enum cid_base base, struct text *out);
/** As a label of a host name: base32, else base36 when that alone is 63 characters or fewer.
 *  @return OK, E_LIMIT (neither is), E_NO_SPACE */
MUST_CHECK enum status cid_print_label(const struct cid *cid, struct text *out);

#endif
