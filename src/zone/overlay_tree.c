/* SPDX-License-Identifier: Apache-2.0 */
/* A persistent sequence of nodes as a randomized search tree of pieces (Martinez, Roura 1998): whichever of two trees is joined under the
 * other is drawn by their sizes, so no shape has to be kept up and no order of edits makes it deep. */
#include "zone/overlay.h"

#include <string.h>

struct tree {
    _Atomic uint32_t refs;
    uint32_t pieces, nodes;         /* with those below */
    struct piece piece;
    uint64_t head;                  /* of its first node: most comparisons need no more */
    struct tree *left, *right;
};

uint32_t tree_nodes(const struct tree *t) { return t ? t->nodes : 0; }
uint32_t tree_pieces(const struct tree *t) { return t ? t->pieces : 0; }

struct tree *tree_hold(struct tree *t)
{
    if (t)
        atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

static struct overlay_node *owned(const struct piece *p) { return p->kind == PIECE_NEW ? overlay_node_head(p->node) : NULL; }

void tree_release(struct tree *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    tree_release(t->left);          /* as deep as the tree */
    tree_release(t->right);
    overlay_node_release(owned(&t->piece));
    mem_free(t);
}

/* ---- making ---- */

static uint64_t roll(struct tree_work *w)
{
    w->dice += UINT64_C(0x9e3779b97f4a7c15);
    return hash_fold(w->dice, UINT64_C(0xe7037ed1a0b428db));
}

static uint64_t run_head(const struct tree_work *w, uint32_t from)
{
    if (w->sequence == SEQUENCE_DENIAL)
        return hashed_head((const struct zone_hashed *)version_at(w->base, w->base->denial) + from);
    const struct zone_node *n = version_node_at(w->base, ((const uint32_t *)version_at(w->base, w->base->order))[from]);
    return version_nsec_key(w->base, zone_node_name(w->base, n));
}

static uint64_t piece_head(const struct tree_work *w, const struct piece *p)
{
    uint8_t hash[NSEC3_HASH_BYTES];
    if (p->kind == PIECE_RUN)
        return run_head(w, p->from);
    if (p->kind == PIECE_APEX)
        return 0;
    if (w->sequence == SEQUENCE_DENIAL && (p->node->flags & NODE_NSEC3) && node_nsec3_hash(p->node, hash) && w->nsec3)
        return hash_head(hash);
    return version_nsec_key(w->base, zone_node_name(w->base, p->node));
}

/* Takes both sides, whatever comes out. */
static struct tree *tree_make(struct tree_work *w, struct tree *left, const struct piece *piece, uint64_t head, struct tree *right)
{
    struct tree *t = w->failed ? NULL : mem_room(sizeof *t);
    if (!t) {
        w->failed = true;
        tree_release(left);
        tree_release(right);
        return NULL;
    }
    *t = (struct tree){ .pieces = tree_pieces(left) + tree_pieces(right) + 1, .nodes = tree_nodes(left) + tree_nodes(right) + piece->count,
                        .piece = *piece, .head = head, .left = left, .right = right };
    atomic_init(&t->refs, 1);
    if (owned(piece))
        (void)overlay_node_hold(owned(piece));
    return t;
}

/* All of a, then all of b; takes both. */
static struct tree *tree_join(struct tree_work *w, struct tree *a, struct tree *b)
{
    struct tree *t;
    if (!a || !b)
        return a ? a : b;
    if (roll(w) % ((uint64_t)a->pieces + b->pieces) < a->pieces) {
        t = tree_make(w, tree_hold(a->left), &a->piece, a->head, tree_join(w, tree_hold(a->right), b));
        tree_release(a);
    } else {
        t = tree_make(w, tree_join(w, a, tree_hold(b->left)), &b->piece, b->head, tree_hold(b->right));
        tree_release(b);
    }
    return t;
}

/* The first `index` nodes, and the others.  Both are the caller's, who keeps t. */
static void tree_split(struct tree_work *w, const struct tree *t, uint32_t index, struct tree **before, struct tree **behind)
{
    *before = *behind = NULL;
    if (!t)
        return;
    uint32_t left = tree_nodes(t->left), end = left + t->piece.count;
    struct tree *inner;
    if (index <= left) {
        tree_split(w, t->left, index, before, &inner);
        *behind = tree_make(w, inner, &t->piece, t->head, tree_hold(t->right));
    } else if (index >= end) {
        tree_split(w, t->right, index - end, &inner, behind);
        *before = tree_make(w, tree_hold(t->left), &t->piece, t->head, inner);
    } else {                        /* through a run */
        struct piece first = t->piece, second = t->piece;
        first.count = index - left;
        second.from += first.count;
        second.count -= first.count;
        *before = tree_join(w, tree_hold(t->left), tree_make(w, NULL, &first, t->head, NULL));
        *behind = tree_join(w, tree_make(w, NULL, &second, run_head(w, second.from), NULL), tree_hold(t->right));
    }
}

enum status tree_replace(struct tree_work *w, struct tree **tree, uint32_t index, uint32_t removed, const struct piece *piece)
{
    struct tree *before, *rest, *gone, *behind;
    tree_split(w, *tree, index, &before, &rest);
    tree_split(w, rest, removed, &gone, &behind);
    tree_release(rest);
    tree_release(gone);
    if (piece)
        before = tree_join(w, before, tree_make(w, NULL, piece, piece_head(w, piece), NULL));
    struct tree *made = tree_join(w, before, behind);
    if (w->failed) {
        tree_release(made);
        w->failed = false;
        return E_NOMEM;
    }
    tree_release(*tree);
    *tree = made;
    return OK;
}

static struct tree *build(struct tree_work *w, const struct overlay *o, const struct zone_node *const *nodes, uint32_t count)
{
    uint32_t middle = count / 2;
    if (count == 0)
        return NULL;
    const struct zone_node *n = nodes[middle];
    enum piece_kind kind = n == o->apex ? PIECE_APEX : node_is_in(o->base, n) ? PIECE_OLD : PIECE_NEW;
    const struct piece piece = { .node = n, .count = 1, .kind = kind };
    struct tree *left = build(w, o, nodes, middle), *right = build(w, o, nodes + middle + 1, count - middle - 1);
    return tree_make(w, left, &piece, piece_head(w, &piece), right);
}

enum status tree_build(struct tree_work *w, const struct overlay *o, const struct zone_node *const *nodes, uint32_t count, struct tree **out)
{
    struct tree *made = build(w, o, nodes, count);
    bool failed = w->failed;
    w->failed = false;
    if (!failed) {
        *out = made;
        return OK;
    }
    tree_release(made);
    return E_NOMEM;
}

/* ---- looking ---- */

static const struct zone_node *run_node(const struct overlay *o, enum sequence sequence, uint32_t at)
{
    const struct zone_version *b = o->base;
    uint32_t place = sequence == SEQUENCE_DENIAL ? ((const struct zone_hashed *)version_at(b, b->denial))[at].node
                                                 : ((const uint32_t *)version_at(b, b->order))[at];
    return place == b->apex ? o->apex : version_node_at(b, place);
}

static const struct zone_node *piece_node(const struct overlay *o, enum sequence sequence, const struct piece *p, uint32_t at)
{
    if (p->kind == PIECE_RUN)
        return run_node(o, sequence, p->from + at);
    return p->kind == PIECE_APEX ? o->apex : p->node;
}

const struct zone_node *tree_at(const struct overlay *o, const struct tree *t, enum sequence sequence, uint32_t index)
{
    while (t) {
        uint32_t left = tree_nodes(t->left);
        if (index < left) {
            t = t->left;
        } else if (index - left < t->piece.count) {
            return piece_node(o, sequence, &t->piece, index - left);
        } else {
            index -= left + t->piece.count;
            t = t->right;
        }
    }
    return NULL;
}

/* Where a node stands to the key: below zero before it. */
static int node_compare(const struct zone_node *n, uint64_t head, const struct tree_key *key)
{
    uint8_t hash[NSEC3_HASH_BYTES];
    if (head != key->head)
        return head < key->head ? -1 : 1;
    if (key->hash)
        return node_nsec3_hash(n, hash) ? memcmp(hash, key->hash, sizeof hash) : 0;
    struct name_view name = zone_node_name(NULL, n);
    return key->subtree && name_below(name, key->name) ? 0 : name_compare(name, key->name);
}

static int at_compare(const struct overlay *o, const struct tree *t, enum sequence sequence, uint32_t at, const struct tree_key *key)
{
    const struct zone_node *n = piece_node(o, sequence, &t->piece, at);
    uint64_t head = t->head;
    if (at > 0 && sequence == SEQUENCE_DENIAL)
        head = hashed_head((const struct zone_hashed *)version_at(o->base, o->base->denial) + t->piece.from + at);
    else if (at > 0)
        head = version_nsec_key(o->base, zone_node_name(NULL, n));
    return node_compare(n, head, key);
}

struct tree_spot tree_find(const struct overlay *o, const struct tree *tree, enum sequence sequence, const struct tree_key *key)
{
    const struct tree *found = NULL;
    uint32_t index = 0, before = 0;
    int order = 1;
    for (const struct tree *t = tree; t;) {             /* the last piece that does not begin behind the key */
        int here = at_compare(o, t, sequence, 0, key);
        if (here > 0) {
            t = t->left;
            continue;
        }
        found = t;
        order = here;
        index = before + tree_nodes(t->left);
        before = index + t->piece.count;
        t = t->right;
    }
    if (!found)
        return (struct tree_spot){ .index = ZONE_NONE };
    uint32_t low = 0, high = found->piece.count;        /* at `low` not behind it, at `high` behind it */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        int here = at_compare(o, found, sequence, middle, key);
        if (here > 0) {
            high = middle;
        } else {
            low = middle;
            order = here;
        }
    }
    return (struct tree_spot){ index + low, piece_node(o, sequence, &found->piece, low), order == 0 };
}
