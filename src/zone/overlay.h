/* SPDX-License-Identifier: Apache-2.0 */
/* Versions that share a base: what overlay*.c and edit*.c have in common, and what find.c, version.c and denial.c ask of them.
 *
 * A version with an overlay is a header like any other, with its own copy of the apex in the same block, so that what is asked of
 * the apex or the SOA goes the same way as ever.  It has no index of its own: slot_count is 0, which no block has, and that is what tells.
 * Three persistent structures say how it differs from the base; a change copies the path to it and shares the rest, so
 * versions cost what they change, and none is written once it is published:
 *
 *  - a trie by hash (that of the base's index) of the nodes that were written since, the removed ones among them as marks;
 *  - the order of all nodes, as a balanced tree of pieces: a run of the base's order, or one node;
 *  - the chain of denial, likewise.
 *
 * Their parts are counted references: versions are dropped by whichever thread held them last. */
#ifndef ZONE_OVERLAY_H
#define ZONE_OVERLAY_H

#include "zone/inside.h"

/* ---- nodes of an overlay ---- */

/* A node written by an edit: laid out as in a base, but that its directory counts from the node, its parent is not kept, and
 * whether it is occluded is not told by its flag. */
struct overlay_node {
    _Atomic uint32_t refs;
    uint32_t id;                    /* ascending over all that the overlay ever had */
    uint64_t hash;
    uint32_t bytes;                 /* of the node */
    bool gone;                      /* a mark: there is no such name any more */
    _Alignas(8) uint8_t room[];
};
static inline struct zone_node *overlay_node_of(const struct overlay_node *n) { return (struct zone_node *)(uintptr_t)n->room; }
static inline struct overlay_node *overlay_node_head(const struct zone_node *n)
{
    return (struct overlay_node *)((uintptr_t)n - offsetof(struct overlay_node, room));
}
static inline struct overlay_node *overlay_node_hold(struct overlay_node *n)
{
    atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}
void overlay_node_release(struct overlay_node *node);   /* NULL is fine */

/* ---- by hash ---- */

struct trie;
const struct overlay_node *trie_find(const struct trie *trie, uint64_t hash);
/* The trie with this leaf in the place of what had its hash; *trie is let go.  Takes the reference to the leaf.
 * @return OK, E_NOMEM (*trie stays), E_LIMIT (another name has that hash) */
MUST_CHECK enum status trie_put(struct trie **trie, struct overlay_node *leaf);
struct trie *trie_hold(struct trie *trie);      /* NULL, the empty one, is fine for all */
void trie_release(struct trie *trie);
/* All leaves in no order, marks among them; false ends the walk, which then returns false. */
bool trie_each(const struct trie *trie, bool (*visit)(void *context, const struct overlay_node *leaf), void *context);

/* ---- in order ---- */

enum piece_kind {
    PIECE_RUN,      /* of the base: `count` nodes from `from` on */
    PIECE_NEW,      /* a node of the overlay, which is counted */
    PIECE_OLD,      /* one node of the base */
    PIECE_APEX
};
struct piece {
    const struct zone_node *node;   /* NEW, OLD */
    uint32_t from, count;
    enum piece_kind kind;
};
/* Which sequence a tree is one of: RUNs differ. */
enum sequence { SEQUENCE_NODES, SEQUENCE_DENIAL };

struct overlay;
struct tree;
/* What changing one needs. */
struct tree_work {
    const struct zone_version *base;
    enum sequence sequence;
    bool nsec3;         /* a chain of denial by hash */
    uint64_t dice;      /* which way it leans: a secret, so that nobody unbalances it */
    bool failed;        /* out of memory: what comes out is unsound, but owned as ever */
};
/* Replaces `removed` nodes from `index` on by a piece (NULL: by nothing).  *tree is changed on success alone. */
MUST_CHECK enum status tree_replace(struct tree_work *work, struct tree **tree, uint32_t index, uint32_t removed, const struct piece *piece);
/* A tree of these nodes, of whatever kind. */
MUST_CHECK enum status tree_build(struct tree_work *work, const struct overlay *o, const struct zone_node *const *nodes, uint32_t count,
                                  struct tree **out);
struct tree *tree_hold(struct tree *tree);      /* NULL, the empty one, is fine for all */
void tree_release(struct tree *tree);
uint32_t tree_nodes(const struct tree *tree);
uint32_t tree_pieces(const struct tree *tree);

/* What is looked for: a name, or a hash of NSEC3. */
struct tree_key {
    uint64_t head;                  /* its first octets: version_nsec_key, or those of the hash */
    struct name_view name;
    const uint8_t *hash;            /* NULL: the name counts */
    bool subtree;                   /* what lies below the name counts as equal to it */
};
struct tree_spot {
    uint32_t index;                 /* of the last node that is not behind the key; ZONE_NONE: there is none, and the rest is not set */
    const struct zone_node *node;
    bool match;                     /* it is the key's own */
};
struct tree_spot tree_find(const struct overlay *o, const struct tree *tree, enum sequence sequence, const struct tree_key *key);
const struct zone_node *tree_at(const struct overlay *o, const struct tree *tree, enum sequence sequence, uint32_t index);

/* ---- the whole ---- */

struct overlay {
    const struct zone_version *base;    /* held; has no overlay */
    const struct zone_node *apex;       /* of this version */
    struct trie *changes;
    struct tree *order, *denial;
    uint64_t identity, moment;          /* of all but the SOA, of all */
    uint64_t bytes;                     /* of the nodes that are there */
    uint32_t next_id, changed;          /* changed: leaves of the trie */
};
struct zone_overlaid {
    struct zone_version version;
    struct overlay overlay;
    _Alignas(8) uint8_t apex[];
};

static inline const struct overlay *version_overlay(const struct zone_version *v)
{
    return v->slot_count ? NULL : &((const struct zone_overlaid *)v)->overlay;
}
/* The version whose block has the index. */
static inline const struct zone_version *version_base(const struct zone_version *v)
{
    return __builtin_expect(v->slot_count != 0, 1) ? v : ((const struct zone_overlaid *)v)->overlay.base;
}
static inline bool node_is_in(const struct zone_version *base, const struct zone_node *n)
{
    return (uintptr_t)n - (uintptr_t)base < base->bytes;
}

const struct zone_node *overlay_probe(const struct overlay *o, struct name_view name, uint64_t hash);
const struct zone_node *overlay_parent(const struct zone_version *v, const struct zone_node *n);
const struct zone_node *overlay_top(const struct zone_version *v, const struct zone_node *n);
bool overlay_occluded(const struct zone_version *v, const struct zone_node *n);
uint32_t overlay_place(const struct zone_version *v, const struct zone_node *n);
const struct zone_node *overlay_nsec_find(const struct zone_version *v, struct name_view name);
const struct zone_node *overlay_nsec3_find(const struct zone_version *v, const uint8_t *hash, bool *match);
uint64_t overlay_bytes(const struct overlay *o);
/* Lets go of what the version shares; the block stays. */
void overlay_clear(struct zone_version *v);

/* The hash of a name below the apex, which its index entry has. */
uint64_t version_hash(const struct zone_version *v, struct name_view name);
static inline uint64_t hashed_head(const struct zone_hashed *h) { return (uint64_t)h->high << 32 | h->low; }
static inline uint64_t hash_head(const uint8_t *hash) { return (uint64_t)get_u32(hash) << 32 | get_u32(hash + 4); }

#endif
