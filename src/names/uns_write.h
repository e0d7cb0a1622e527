/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/uns_write.h -- calls of the registry of Unstoppable Domains that an owner may make.
 *
 *  Minting and renewing are not among them: only the company's minters may. */
#ifndef NAMES_UNS_WRITE_H
#define NAMES_UNS_WRITE_H

#include "names/write.h"

/** setMany of all changes: addr.X is crypto.X.address (upper case), DNS records are dns.TYPE as JSON arrays of texts and dns.TYPE.ttl, a content
 *  hash of IPFS is dweb.ipfs.hash and ipfs.html.value; an empty value removes.
 *  @param why  gets a sentence when E_UNSUPPORTED
 *  @return OK, E_UNSUPPORTED (a change that this system does not have), E_NOMEM */
MUST_CHECK enum status uns_write_records(struct write_changes *changes, const struct eth_word *token, struct name_view name, struct text *out, struct text *why);
void uns_write_set_owner(const struct eth_address *owner, const struct eth_word *token, struct text *out);    /**< keeps the records */
/** @param name  `alice.crypto`; labels go from left to right */
void uns_write_primary(struct slice name, struct text *out);

#endif
