/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a version: seen by freeze.c (nodes), index.c and block.c (what is around them). */
#ifndef ZONE_FREEZE_H
#define ZONE_FREEZE_H

#include "zone/build.h"

enum { RECORD_HEAD = RRSET_RECORD_HEAD, SLOT_DELAY = 16 };
static_assert((SLOT_DELAY & (SLOT_DELAY - 1)) == 0, "a power of two");

/* An ancestor of what is being written, or the node itself; [n] is n labels below the apex. */
struct level {
    struct zone_node *node;
    uint64_t hash, digest;      /* digest: of the name, for the fingerprint */
};
struct slot_wish { uint64_t hash; uint32_t node; };
/* What some entries come to. */
struct freeze_sum { uint64_t nodes, head_bytes, records, run_bytes; };
/* A part of the version: one thread writes the owners of some lots that follow each other, or of all.  In another lot the label below
 * the apex is another, so that parts have no node in common but the apex. */
struct freezing {
    struct zone_builder *b;
    struct zone_version *v;
    struct build_entry *entries;    /* of the builder; key: labels shared with the owner before, or SAME_OWNER */
    size_t first, end;              /* the entries of this part */
    struct freeze_sum sum;          /* of them */
    size_t start, at;               /* octets: where its data begins, and where the next goes */
    uint32_t first_node, node;      /* its first, the next */
    uint64_t first_record, record;  /* the same for records */
    uint64_t fingerprint;
    unsigned lot;                   /* that is being written; those before are gone */
    uint8_t depth;                  /* labels of its deepest node of the name space */
    bool wild;                      /* there is a wildcard right below the apex */
    enum status status;
    void *dropped;                  /* entries of the part up to here are gone, too */
    bool at_once;                   /* slots are written with their nodes */
    uint64_t *hashes;               /* else: of each node, all parts'; NULL: they are not kept */
    uint32_t wished;
    struct build_items items;       /* of the owner at hand; not cleared from here on: nothing is read that is not written before */
    struct slot_wish wishes[SLOT_DELAY];
    struct level levels[NAME_MAX_LABELS + 1];
};

static inline uint32_t *order_of(const struct freezing *f) { return (uint32_t *)(void *)((uint8_t *)f->v + (size_t)f->v->order * GRANULE); }

/* Whether the owner has NSEC3 and nothing else, one label below the apex and with nothing below: no name (RFC 5155 7.2.8). */
bool owner_hidden(const struct zone_builder *b, size_t first, size_t end);
/* Writes the apex, with which the first part begins; the other parts start with it as well. */
MUST_CHECK enum status freeze_apex(struct freezing *f);
/* Writes the rest of a part. */
void freeze_part(struct freezing *f);

/* index.c: a slot for a node, soon.  Slots lie all over the index: each is fetched well before it is written. */
void wish_slot(struct freezing *f, uint64_t hash, uint32_t node);
void write_wishes(struct freezing *f);
/* Writes the slots of all nodes: from their hashes, or from their names. */
void index_fill(const struct freezing *f, unsigned threads);
void index_walk(struct freezing *f);

#endif
