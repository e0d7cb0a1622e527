/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/contenthash.h -- content hashes of names, stored octets and text, both ways.  ENSIP-7.
 *
 *  Stored: a protocol's number (unsigned varint) and its value.  Text: a URI, `ipfs://CID`, `ipns://KEY`, `bzz://HEX`,
 *  `onion://NAME`, `onion3://NAME`, `sia://BASE64URL`, `ar://BASE64URL`; ADNL is 64 hexadecimal digits alone.  No heap. */
#ifndef NAMES_CONTENTHASH_H
#define NAMES_CONTENTHASH_H

#include "base/base.h"
#include "names/cid.h"

enum content_protocol {
    CONTENT_NONE,         /**< zero octets: unset */
    CONTENT_IPFS, CONTENT_IPNS, CONTENT_SWARM, CONTENT_ONION, CONTENT_ONION3, CONTENT_SKYNET, CONTENT_ARWEAVE, CONTENT_ADNL
};

enum { CONTENT_BYTES_MAX = CID_BYTES_MAX + 8, CONTENT_TEXT_MAX = CID_TEXT_MAX + 16 };

struct content_hash {
    enum content_protocol protocol;
    bool deprecated;      /**< IPNS that holds a DNS name in place of a key: value is that name (a DNSLink to follow) */
    struct cid cid;       /**< of IPFS, IPNS, SWARM */
    size_t length;        /**< of value, for the others and a deprecated IPNS */
    uint8_t value[64];
};

/** @return OK (also for zero octets), E_UNSUPPORTED (a protocol not listed here), E_BAD_FORMAT */
MUST_CHECK enum status contenthash_read(const uint8_t *bytes, size_t count, struct content_hash *out);
/** @return octets written; 0 for CONTENT_NONE */
size_t contenthash_write(const struct content_hash *content, uint8_t out[CONTENT_BYTES_MAX]);

/** Appends the text of stored octets, nothing for zero octets.  @return as contenthash_read, E_NO_SPACE */
MUST_CHECK enum status contenthash_print(const uint8_t *bytes, size_t count, struct text *out);
/** Text to stored octets.  Takes also `arweave://`, `adnl://`, `/ipfs/CID`, `/ipns/KEY` and the stored octets as 0x and
 *  hexadecimal.  A CID of version 0 becomes version 1.  Empty text is zero octets (unset).
 *  @param out  room for CONTENT_BYTES_MAX
 *  @return OK, E_BAD_TEXT, E_UNSUPPORTED (scheme) */
MUST_CHECK enum status contenthash_parse(struct slice text, uint8_t out[CONTENT_BYTES_MAX], size_t *length);

/** Appends what follows `dnslink=`: /ipfs/CID, /ipns/KEY (or the deprecated name), /swarm/HEX, /arweave/ID.
 *  @return OK, E_NOT_FOUND (unset, or a protocol that has no such form), E_NO_SPACE, as contenthash_read */
MUST_CHECK enum status contenthash_dnslink(const uint8_t *bytes, size_t count, struct text *out);
/** Appends the CID of IPFS or IPNS as a label of a host name (cid_print_label).
 *  @return OK, E_NOT_FOUND (no CID), E_LIMIT (does not fit a label), E_NO_SPACE, as contenthash_read */
MUST_CHECK enum status contenthash_label(const uint8_t *bytes, size_t count, struct text *out);
/** `ipfs`, `ipns`, `swarm`, `onion`, `onion3`, `skynet`, `arweave`, `adnl`; `none`. */
const char *contenthash_protocol_name(enum content_protocol protocol);

#endif
