/* SPDX-License-Identifier: Apache-2.0 */
/** @file zone/edit.h -- from one version to the next by what changes: updates, incremental transfers, new signatures.
 *
 *  The next version shares with the one before all that has not changed: a change costs what it is about, whatever the size of the zone, and
 *  both are versions like any other.  What has changed since the last whole block lies over that as an overlay; when it grows to a
 *  few per cent, a new block is made of both in the background, while edits go on:
 *
 *      if (zone_version_is_worn(now) && !then)     hold `now` as `then`, and have another thread flatten it into `flat`
 *      when that is done                           rebase what came since onto `flat`, publish it, let `then` and `flat` go
 *
 *  Who has to look at what a change leads to before making the next (RFC 2136 3.4.2) finishes one edit for each and publishes the last. */
#ifndef ZONE_EDIT_H
#define ZONE_EDIT_H

#include "zone/zone.h"

/** A list of changes to a version, which finishing makes into the next one: that shares all it can with the one before.  Its cost
 *  and its memory are those of the change (and some logarithms of the zone), not of the zone; readers of either take no lock. */
struct zone_edit;
/** @param version  with a SOA; held until the edit is at its end */
MUST_CHECK enum status zone_edit_begin(const struct zone_version *version, struct zone_edit **out);
/** Gives up.  NULL is fine. */
void zone_edit_free(struct zone_edit *edit);
/* Changes count in the order they are made; names and records are compared as DNS does (RFC 4034 6.2).  All: OK, E_NOMEM, E_RANGE (owner
 * outside the zone, or no rdata of that size or type). */
/** The RRset takes the TTL of what was added last (all its records, RFC 2181 5.2); so do the signatures that cover one type.  What is there
 *  already stays.  An RRSIG goes with the RRset it covers.  @param rdata  plain and checked */
MUST_CHECK enum status zone_edit_add(struct zone_edit *edit, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size);
/** All records of a node of any version, with their signatures, as so many zone_edit_add. */
MUST_CHECK enum status zone_edit_add_node(struct zone_edit *edit, const struct zone_version *version, const struct zone_node *node);
/** One record, whatever its TTL. */
MUST_CHECK enum status zone_edit_remove(struct zone_edit *edit, struct name_view owner, uint16_t type, const uint8_t *rdata, size_t size);
/** All records of a type and the signatures that cover it; RRSIG: all signatures of the owner. */
MUST_CHECK enum status zone_edit_remove_rrset(struct zone_edit *edit, struct name_view owner, uint16_t type);
/** All that the name owns; names below it stay. */
MUST_CHECK enum status zone_edit_remove_name(struct zone_edit *edit, struct name_view owner);
/** The SOA, whose signatures go too. */
MUST_CHECK enum status zone_edit_replace_soa(struct zone_edit *edit, uint32_t ttl, const uint8_t *rdata, size_t size);
struct zone_edited {
    uint32_t nodes;         /**< written or removed */
    uint32_t in_vain;       /**< zone_edit_remove of what was not there: an IXFR that has such is of another zone than ours */
};
/** The edit is spent whatever comes out.
 *  Some changes cost more: a cut or a DNAME that goes from a zone with NSEC looks at the names that come to light below it; another
 *  NSEC3PARAM, the apex's first or last NSEC, and any NSEC3 while two chains are in use, at all nodes.
 *  @param told  NULL is fine
 *  @return OK; E_NOMEM; E_INVALID (not one SOA is left); E_LIMIT (an RRset of over 65535 records, or the overlay is full: flatten) */
MUST_CHECK enum status zone_edit_finish(struct zone_edit *edit, struct zone_edited *told, struct zone_version **out);

/** There is so much in the overlay (a few per cent of the zone) that it is time to flatten. */
bool zone_version_is_worn(const struct zone_version *version);
/** The same content as one block; takes as long as building it.  For a thread that may. @return OK, E_NOMEM, E_LIMIT */
MUST_CHECK enum status zone_version_flatten(const struct zone_version *version, struct zone_version **out);
/** What has changed since `then` was flattened into `flat`, as an overlay of `flat`: so edits go on while a version is flattened.
 *  @param now  made from `then` by edits.  @return as zone_edit_finish */
MUST_CHECK enum status zone_version_rebase(const struct zone_version *flat, const struct zone_version *then, const struct zone_version *now,
                                           struct zone_version **out);
#endif
