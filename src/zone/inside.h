/* SPDX-License-Identifier: Apache-2.0 */
/* How a version lies in memory; shared by the files of the store, seen by nobody else.
 *
 * One block: header, hash index, canonical order, denial array, then the nodes in canonical order, each in one piece: head,
 * name, RRsets.  So a question touches a slot of the index and one or two lines of a node.  All references are offsets in granules of four octets from the start of the block (so
 * 16 GiB), which makes the block position-independent.
 *
 * A record lies there as in an answer to a question for its owner: pointer to offset 12, type, class, TTL, length, plain
 * rdata; behind the records of an RRset come its signatures in the same form.  A hit is one copy. */
#ifndef ZONE_INSIDE_H
#define ZONE_INSIDE_H

#include "zone/zone.h"
#include <stdatomic.h>
#include <stddef.h>

#define ZONE_NONE UINT32_MAX
enum { GRANULE = 4 };

enum {
    NODE_APEX = 1,
    NODE_CUT = 2,         /* NS, not the apex */
    NODE_DNAME = 4,
    NODE_WILD_CHILD = 8,  /* `*` below it exists */
    NODE_NSEC3 = 16,      /* owns an NSEC3, one label below the apex */
    NODE_HIDDEN = 32,     /* has nothing but that: not in the name space (RFC 5155 7.2.8) */
    NODE_OCCLUDED = 64,
};

struct zone_node {
    uint32_t parent;    /* granules; the apex: its own */
    uint16_t sets;
    uint8_t flags, length, labels;
    uint8_t name[];     /* padded; then the directory if there are more than SCAN_SETS sets; then the sets */
};

enum { RRSET_RECORD_HEAD = 12 }; /* octets in front of the rdata of a record */
enum { SCAN_SETS = 8 }; /* up to this many RRsets are looked through one by one; for more there is a directory: where each one lies */

#define SET_SIGNED UINT32_C(0x80000000)
#define SET_TTL_MIXED UINT32_C(0x40000000)
#define SET_BYTES UINT32_C(0x3fffffff)
struct zone_set {       /* ascending by type; padded */
    uint16_t type, count;
    uint32_t bytes;     /* of the records, and two flags */
    uint8_t records[];  /* padded; when signed, struct zone_sigs behind */
};
struct zone_sigs {
    uint32_t bytes;
    uint16_t count, spare;
    uint8_t records[];
};

struct zone_slot {
    uint32_t tag;       /* upper half of the hash */
    uint32_t node;      /* granules; 0 = free */
};
struct zone_hashed {    /* one link of the chain.  NSEC3: the first 64 bits of its hash; NSEC: the first 8 octets of the label below the apex */
    uint32_t high, low, node;
};

struct zone_version {
    struct hash_key key;
    uint64_t bytes, records, fingerprint;
    uint32_t node_count, apex;              /* count; granules */
    uint32_t order;                         /* granules: uint32_t for each node, ascending in both orders, canonical and in memory */
    uint32_t slots, slot_count;             /* granules; count */
    uint32_t denial, denial_count;          /* granules; struct zone_hashed, ascending */
    uint32_t nsec3param;                    /* octets from the start of the apex: the rdata chosen, its length in front */
    uint32_t soa;                           /* granules: its set; 0 = none */
    uint32_t serial, negative_ttl;
    uint16_t klass;
    uint8_t depth;                          /* labels of the deepest node of the name space below the origin */
    uint8_t denial_kind;
    uint8_t labels;                         /* of the origin */
    struct zone_builder *builder;           /* owned: it knows the positions; NULL = forgotten.  Not part of the content */
    _Atomic uint32_t holds;                 /* besides the one it is born with; not part of the content */
};

static inline const void *version_at(const struct zone_version *v, uint32_t granules)
{
    return (const uint8_t *)v + (size_t)granules * GRANULE;
}
static inline size_t granule_up(size_t bytes) { return (bytes + GRANULE - 1) & ~(size_t)(GRANULE - 1); }
static inline uint32_t version_place(const struct zone_version *v, const void *at)
{
    return (uint32_t)((size_t)((const uint8_t *)at - (const uint8_t *)v) / GRANULE);
}
static inline const struct zone_node *version_node_at(const struct zone_version *v, uint32_t granules)
{
    return version_at(v, granules);
}
static inline const struct zone_node *version_apex(const struct zone_version *v) { return version_at(v, v->apex); }
static inline size_t node_head_bytes(size_t name_length) { return granule_up(offsetof(struct zone_node, name) + name_length); }
/* Behind the name: the directory or the sets. */
static inline const uint8_t *node_body(const struct zone_node *n) { return (const uint8_t *)n + node_head_bytes(n->length); }
static inline size_t directory_bytes(size_t sets) { return sets > SCAN_SETS ? sets * sizeof(uint32_t) : 0; }
static inline const struct zone_set *node_first_set(const struct zone_node *n)
{
    return (const struct zone_set *)(const void *)(node_body(n) + directory_bytes(n->sets));
}
static inline const struct zone_sigs *set_sigs(const struct zone_set *set)
{
    return (const struct zone_sigs *)(const void *)(set->records + granule_up(set->bytes & SET_BYTES));
}
static inline const struct zone_set *set_next(const struct zone_set *set)
{
    if (!(set->bytes & SET_SIGNED))
        return (const struct zone_set *)(const void *)(set->records + granule_up(set->bytes & SET_BYTES));
    const struct zone_sigs *sigs = set_sigs(set);
    return (const struct zone_set *)(const void *)(sigs->records + granule_up(sigs->bytes));
}
static inline const struct zone_slot *version_slots(const struct zone_version *v) { return version_at(v, v->slots); }

/* The hash of a name is chained from the right, label by label, so that one pass yields those of all its suffixes. */
static inline uint64_t hash_link(const struct hash_key *key, uint64_t suffix, const uint8_t *label, size_t length)
{
    return hash_link_nocase(key, suffix, label, length);
}
static inline uint32_t hash_tag(uint64_t hash) { return (uint32_t)(hash >> 32); }
static inline uint32_t hash_place(uint64_t hash, uint32_t slots) { return (uint32_t)((uint64_t)(uint32_t)hash * slots >> 32); }

/* Where the labels of a name start; @return their number without the root. */
unsigned name_label_starts(struct name_view name, uint8_t starts[NAME_MAX_LABELS]);
/* The node with this very name and hash, or NULL. */
const struct zone_node *version_probe(const struct zone_version *v, struct name_view name, uint64_t hash);
/* The set of a type, whatever its count, or NULL. */
const struct zone_set *node_set_find(const struct zone_version *v, const struct zone_node *n, uint16_t type);

/* Fills in what follows from the rest but for the fingerprint: serial, negative TTL, the chain of denial. */
void version_seal(struct zone_version *v);
void version_seal_soa(struct zone_version *v);
void version_seal_denial(struct zone_version *v);
/* What the chain is ordered by: of a name in that of NSEC; of an owner of NSEC3, false when its label is no hash. */
enum { NSEC3_HASH_BYTES = 20 };
uint64_t version_nsec_key(const struct zone_version *v, struct name_view name);
bool node_nsec3_hash(const struct zone_node *n, uint8_t out[NSEC3_HASH_BYTES]);

/* Gives a block of heap to a builder, which frees it or builds the version in it: memory that has been touched is worth more than memory
 * that has not.  NULL is fine for both. */
void zone_builder_recycle(struct zone_builder *b, void *block, size_t bytes);

bool zone_builder_is(const struct zone_builder *b, struct name_view origin);
/* zone_builder_add of a record whose owner is known to be in the zone, and its size to be one of rdata. */
MUST_CHECK enum status zone_builder_append(struct zone_builder *b, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
                                           size_t size, const struct zone_where *where);

#endif
