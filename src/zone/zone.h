/* SPDX-License-Identifier: Apache-2.0 */
/** @file zone/zone.h -- a zone, its versions, and looking things up in one.
 *
 *  A `struct zone` is a place with a name; a `struct zone_version` is its content at one moment: immutable, one block of
 *  memory, readable by any number of threads without a lock.  One writer builds the next version and publishes it; readers
 *  see the old or the new one whole.  Room knows nothing of queries and transports. */
#ifndef ZONE_ZONE_H
#define ZONE_ZONE_H

#include "base/base.h"
#include "wire/wire.h"

struct zone;
struct zone_version;
struct zone_node;

/* ---- RRsets ---- */

/** An RRset of a version, by value; what it points to lives as long as the version. */
struct rrset {
    uint16_t type, count;
    uint32_t ttl;
    const uint8_t *records;         /**< count records as they stand in an answer to a question for their owner: a pointer to
                                         offset 12, type, class, TTL, length, plain rdata */
    size_t bytes;
    uint16_t sig_count;             /**< RRSIGs that cover this type, at the same owner; 0 = unsigned */
    uint32_t sig_ttl;
    const uint8_t *sigs;            /**< in the same form */
    size_t sig_bytes;
};
/** Walks records (or sigs): start with *offset = 0; false at the end. */
bool rrset_next(const uint8_t *records, size_t bytes, size_t *offset, const uint8_t **rdata, uint16_t *size);

/* ---- finding ---- */

enum zone_outcome {
    ZONE_HIT,        /**< the name exists and is authoritative (perhaps an empty non-terminal, perhaps the apex) */
    ZONE_WILDCARD,   /**< it does not, but `node` is the wildcard at its closest encloser (RFC 4592 §3.3.1) */
    ZONE_CUT,        /**< it is at or below the delegation `node` */
    ZONE_DNAME,      /**< it is below `node`, which owns a DNAME (RFC 6672 §2.4) */
    ZONE_ABSENT,     /**< NXDOMAIN */
    ZONE_OUTSIDE     /**< not below the zone's apex */
};
struct zone_found {
    enum zone_outcome outcome;
    const struct zone_node *node;       /**< see above; NULL when ABSENT or OUTSIDE */
    const struct zone_node *encloser;   /**< the closest encloser (HIT: the node itself; CUT, DNAME: `node`); NULL when OUTSIDE */
    bool exact;                         /**< HIT always; CUT: the name is the cut itself (DS is answered here) */
};
/** RFC 1034 §4.3.2 step 3 down to the outcome.  Names match whatever their case.  Cannot fail; no heap; at most one hash
 *  probe per label. */
struct zone_found zone_find(const struct zone_version *version, struct name_view name);

/** The first steps of zone_find taken early, for all questions of a batch, so that what the search will read is on its way from
 *  memory: touch for each, apex and begin for each, then follow for each, then zone_find_ahead, which takes the name as one of the
 *  zone.  Any of them may be left out but begin. */
struct zone_ahead {
    uint64_t hash;      /**< of the label below the apex */
    const void *change; /**< in a version with an overlay: what has that hash there, or NULL */
    uint32_t node;      /**< where its node may be; 0 = there is none */
    uint8_t label;      /**< where it begins in the name */
    enum { ZONE_AHEAD_APEX /**< the name has none */, ZONE_AHEAD_HASHED, ZONE_AHEAD_FOLLOWED } state;
};
void zone_ahead_touch(const struct zone_version *version);
void zone_ahead_apex(const struct zone_version *version);
/** @param name  at or below the version's origin */
void zone_ahead_begin(struct zone_ahead *ahead, const struct zone_version *version, struct name_view name);
void zone_ahead_follow(struct zone_ahead *ahead, const struct zone_version *version);
/** As zone_find.  @param ahead  begun with this version and name; NULL = none */
struct zone_found zone_find_ahead(const struct zone_version *version, struct name_view name, const struct zone_ahead *ahead);

/** The node of this very name, also below cuts (glue), also one that is an empty non-terminal; NULL when absent.  NSEC3
 *  owners are found by zone_nsec3_* only (RFC 5155 §7.2.8 keeps them out of the name space). */
const struct zone_node *zone_node_find(const struct zone_version *version, struct name_view name);
struct name_view zone_node_name(const struct zone_version *version, const struct zone_node *node);
/** @return false when the node has no such RRset.  type RRSIG: false, signatures come with what they cover. */
bool zone_node_rrset(const struct zone_version *version, const struct zone_node *node, uint16_t type, struct rrset *out);
/** All RRsets in ascending type: start with *position = 0. */
bool zone_node_rrset_next(const struct zone_version *version, const struct zone_node *node, size_t *position, struct rrset *out);
bool zone_node_is_empty(const struct zone_node *node);          /**< an empty non-terminal */
bool zone_node_is_cut(const struct zone_node *node);            /**< NS, not the apex */
bool zone_node_is_nsec3(const struct zone_node *node);
/** The node one label up; NULL for the apex. */
const struct zone_node *zone_node_parent(const struct zone_version *version, const struct zone_node *node);
/** The topmost cut or DNAME owner at or above the node, which hides what is below it; NULL when there is none. */
const struct zone_node *zone_node_top(const struct zone_version *version, const struct zone_node *node);
/** The node lies below a cut or a DNAME: it is glue at best. */
bool zone_version_occludes(const struct zone_version *version, const struct zone_node *node);

/* ---- proofs of absence ---- */

enum zone_denial { ZONE_DENIAL_NONE, ZONE_DENIAL_NSEC, ZONE_DENIAL_NSEC3 };
enum zone_denial zone_version_denial(const struct zone_version *version);
/** Parameters of the chain in use (the NSEC3PARAM at the apex with flags 0 that the chain matches). false when not NSEC3. */
bool zone_version_nsec3(const struct zone_version *version, struct nsec3 *out);
/** The node whose NSEC matches or covers the name (predecessor in canonical order that owns an NSEC; authoritative names
 *  and cuts only).  NULL without a chain. */
const struct zone_node *zone_nsec_find(const struct zone_version *version, struct name_view name);
/** The NSEC3 record for a hash: *match tells whether it is that very hash, else the record covers it.  NULL without. */
const struct zone_node *zone_nsec3_find(const struct zone_version *version, const uint8_t *hash, size_t bytes, bool *match);

/** The record at an NSEC3 owner that belongs to the chain in use; false without. */
struct zone_nsec3_record { const uint8_t *rdata; uint16_t size; struct nsec3 fields; };
bool zone_node_nsec3(const struct zone_version *version, const struct zone_node *node, struct zone_nsec3_record *out);

/* ---- a version ---- */

struct name_view zone_version_origin(const struct zone_version *version);
uint16_t zone_version_class(const struct zone_version *version);
uint32_t zone_version_serial(const struct zone_version *version);
const struct zone_node *zone_version_apex(const struct zone_version *version);
/** The SOA's RRset; always there in a published version. */
struct rrset zone_version_soa(const struct zone_version *version);
/** The one record in it, as in struct rrset; NULL when there is not one. */
const uint8_t *zone_version_soa_record(const struct zone_version *version, size_t *bytes);
bool zone_version_has_soa(const struct zone_version *version);
bool zone_version_is_signed(const struct zone_version *version);        /**< the SOA is, or there is a chain of denial */
/** A random number of 64 bits that this content alone has, and the place of a node in it: together the key of what caches keep of a
 *  node.  Versions have one identity when they differ in nothing but the SOA RRset (its records, TTL and signatures) and the later was made
 *  from the earlier by edits: then nodes keep their places too.  Any other edit draws another number, and so do builders, flatten and
 *  rebase: two versions that differ in any other RRset, or in which names exist, never have the same. */
uint64_t zone_version_identity(const struct zone_version *version);
/** The same for all of the content: it differs when the SOA RRset does too.  What has the SOA in it, or its signatures or the negative
 *  TTL, is good for one moment alone. */
uint64_t zone_version_moment(const struct zone_version *version);
uint32_t zone_node_place(const struct zone_version *version, const struct zone_node *node);
/** TTL of negative answers: min(SOA TTL, MINIMUM), RFC 2308 §3. */
uint32_t zone_version_negative_ttl(const struct zone_version *version);
uint32_t zone_version_nodes(const struct zone_version *version);
uint64_t zone_version_records(const struct zone_version *version);
size_t zone_version_bytes(const struct zone_version *version);
/** Nodes in canonical order, NSEC3 owners and empty non-terminals among them; NULL past the end.  An index is a good cursor while the
 *  version is held, in every kind of version (some comparisons more for one with changes). */
const struct zone_node *zone_version_node(const struct zone_version *version, uint32_t index);
/** Order-independent digest of the content without SOA serial: "content changed under the same serial". */
uint64_t zone_version_fingerprint(const struct zone_version *version);
/** It is one block, as builders and snapshots have it; else it was made by edits (zone/edit.h). */
bool zone_version_is_flat(const struct zone_version *version);
/** Gives back one reference; the last one frees.  A version is born with one, which zone_publish takes over. */
void zone_version_free(void *version);
/** Takes one more reference, while the version is borrowed: a transfer outlives the reader's quiet moment.  Any thread; give it
 *  back with zone_version_free. */
void zone_version_hold(const struct zone_version *version);

/* ---- building ---- */

struct zone_builder;
/** Where a record comes from, for checks. */
struct zone_where { uint32_t line, column; uint16_t file; };
MUST_CHECK enum status zone_builder_new(struct name_view origin, uint16_t klass, struct zone_builder **out);
void zone_builder_free(struct zone_builder *builder);
/** Adds one record.  Duplicates vanish; of different TTLs in an RRset the lowest counts (RFC 2181 §5.2), and the builder remembers that.
 *  @param rdata  plain and checked
 *  @param where  NULL, or kept for zone_version_where
 *  @return OK, E_NOMEM, E_RANGE (owner outside the zone: not added) */
MUST_CHECK enum status zone_builder_add(struct zone_builder *builder, struct name_view owner, uint16_t type, uint32_t ttl,
                                        const uint8_t *rdata, size_t size, const struct zone_where *where);
/** Sorts and freezes into one block.  The builder is spent whatever comes out.  A zone without SOA can be built (for checks) but not published.
 *  @param keep_where  positions stay beside the version
 *  @return OK, E_NOMEM, E_LIMIT (an RRset of over 65535 records, or 16 GiB in all) */
MUST_CHECK enum status zone_builder_finish(struct zone_builder *builder, bool keep_where, struct zone_version **out);
/** @return false when positions were not kept. record: index within the RRset; from its count on, among the
 *  signatures that cover the type. */
bool zone_version_where(const struct zone_version *version, const struct zone_node *node, uint16_t type, uint16_t record, struct zone_where *out);
/** Cuts the positions off before publishing. @return the version, which may have moved. NULL is fine. */
struct zone_version *zone_version_forget_where(struct zone_version *version);
/** The RRset had records of different TTLs. */
bool zone_version_ttl_mixed(const struct zone_version *version, const struct zone_node *node, uint16_t type);

/* ---- a zone: shared by reference ---- */

/** Created with one reference.  No version yet: it answers SERVFAIL until one is published.  @return NULL when out of memory. */
struct zone *zone_new(struct name_view name, uint16_t klass);
struct zone *zone_ref(struct zone *zone);
/** The last one frees the zone and its version: only when no reader can hold them (epoch_retire(zone_unref)). */
void zone_unref(void *zone);
struct name_view zone_name(const struct zone *zone);
uint16_t zone_class(const struct zone *zone);
/** Borrowed until this worker's next epoch_quiet().  Wait-free.  NULL = not loaded. */
const struct zone_version *zone_current(const struct zone *zone);
/** Bumped after each publish; whatever was composed under another is dead. */
uint64_t zone_generation(const struct zone *zone);
/** Takes `next` (NULL unloads).  One writer at a time.  The old version dies once every reader has been quiet. */
void zone_publish(struct zone *zone, struct zone_version *next, struct epoch *epoch);
/** A slot for the owner (serve): options, counters.  Not touched by this room. */
void zone_set_user(struct zone *zone, void *user);
void *zone_user(const struct zone *zone);

/* ---- tables of zones: what a view answers from ---- */

/** (class, name) to zone.  Readers take no lock; one writer; growth and removal retire by epoch. Adding one to
 *  a hundred thousand touches only its slot, amortised. */
struct zone_table;
struct zone_table *zone_table_new(struct epoch *epoch);
void zone_table_free(void *table);
/** Takes a reference of its own. @return OK, E_EXISTS, E_NOMEM */
MUST_CHECK enum status zone_table_add(struct zone_table *table, struct zone *zone);
/** Puts a zone in the place of the one of its name and class: readers find the one or the other. @return OK, E_NOT_FOUND */
MUST_CHECK enum status zone_table_replace(struct zone_table *table, struct zone *zone);
/** Gives the reference back through the epoch. @return OK, E_NOT_FOUND */
MUST_CHECK enum status zone_table_remove(struct zone_table *table, struct name_view name, uint16_t klass);
/** The only zone that there is; NULL when there are none or more. */
struct zone *zone_table_only(const struct zone_table *table);
/** Longest suffix.  @param above  true: strictly above `name` (DS is answered by the parent). NULL when none. */
struct zone *zone_table_find(const struct zone_table *table, struct name_view name, uint16_t klass, bool above);
/** The same taken early: begin has the slot fetched where the search will most likely look first, follow the zone in it.
 *  @return what follow needs; 0 = the table is small */
uint64_t zone_table_begin(const struct zone_table *table, struct name_view name, uint16_t klass);
void zone_table_follow(const struct zone_table *table, uint64_t begun);
/** zone_table_find (above: false) for the name and class that it was begun with. */
struct zone *zone_table_take(const struct zone_table *table, struct name_view name, uint16_t klass, uint64_t begun);
struct zone *zone_table_get(const struct zone_table *table, struct name_view name, uint16_t klass);   /**< this very name */
size_t zone_table_count(const struct zone_table *table);
/** Writer's thread only. */
bool zone_table_next(const struct zone_table *table, size_t *position, struct zone **out);

#endif
