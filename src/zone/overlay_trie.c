/* SPDX-License-Identifier: Apache-2.0 */
/* A persistent trie by hash: five bits a level, a bit map of what is there.  Putting a leaf copies the way to it, a handful of small blocks. */
#include "zone/overlay.h"

#include <string.h>

enum { BITS = 5, HASH_BITS = 64 };

struct trie {
    _Atomic uint32_t refs;
    uint32_t leaves, below;     /* which of the 32 are leaves, and which go on */
    void *slots[];              /* in order of the bits of both */
};

static uint32_t bit_of(uint64_t hash, unsigned shift) { return UINT32_C(1) << (hash >> shift & 31); }
static unsigned slot_of(const struct trie *t, uint32_t bit) { return (unsigned)__builtin_popcount((t->leaves | t->below) & (bit - 1)); }
static unsigned slot_count(const struct trie *t) { return (unsigned)__builtin_popcount(t->leaves | t->below); }

const struct overlay_node *trie_find(const struct trie *t, uint64_t hash)
{
    for (unsigned shift = 0; t; shift += BITS) {
        uint32_t bit = bit_of(hash, shift);
        if (t->leaves & bit) {
            const struct overlay_node *leaf = t->slots[slot_of(t, bit)];
            return leaf->hash == hash ? leaf : NULL;
        }
        if (!(t->below & bit))
            return NULL;
        t = t->slots[slot_of(t, bit)];
    }
    return NULL;
}

/* ---- references ---- */

void overlay_node_release(struct overlay_node *n)
{
    if (n && atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1)
        mem_free(n);
}

struct trie *trie_hold(struct trie *t)
{
    if (t)
        atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void trie_release(struct trie *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    unsigned slot = 0;
    for (uint32_t all = t->leaves | t->below; all; all &= all - 1, slot++) {
        if (t->leaves & (all & -all))
            overlay_node_release(t->slots[slot]);
        else
            trie_release(t->slots[slot]);       /* at most 13 levels */
    }
    mem_free(t);
}

static void hold_slot(struct trie *t, unsigned slot, bool leaf)
{
    if (leaf)
        (void)overlay_node_hold(t->slots[slot]);
    else
        (void)trie_hold(t->slots[slot]);
}

/* ---- putting ---- */

static struct trie *trie_new(unsigned slots)
{
    struct trie *t = mem_alloc(sizeof *t + slots * sizeof t->slots[0]);
    if (t)
        atomic_init(&t->refs, 1);
    return t;
}

/* A copy with `value` at `bit`, a leaf or not; what stood there is left out.  Takes the value on success. */
static struct trie *with_slot(const struct trie *t, uint32_t bit, bool leaf, void *value)
{
    uint32_t all = t ? t->leaves | t->below : 0;
    struct trie *copy = trie_new((unsigned)__builtin_popcount(all | bit));
    unsigned to = 0, from = 0;
    if (!copy)
        return NULL;
    copy->leaves = ((t ? t->leaves : 0) & ~bit) | (leaf ? bit : 0);
    copy->below = ((t ? t->below : 0) & ~bit) | (leaf ? 0 : bit);
    for (uint32_t rest = all | bit; rest; rest &= rest - 1, to++) {
        uint32_t at = rest & -rest;
        copy->slots[to] = at == bit ? value : t->slots[from];
        from += (all & at) != 0;
        if (at != bit)
            hold_slot(copy, to, copy->leaves & at);
    }
    return copy;
}

/* A trie of two leaves with different hashes, both of which it takes on success. */
static struct trie *pair_of(struct overlay_node *a, struct overlay_node *b, unsigned shift)
{
    uint32_t one = bit_of(a->hash, shift), two = bit_of(b->hash, shift);
    struct trie *t = trie_new(one == two ? 1 : 2);
    if (!t)
        return NULL;
    if (one != two) {
        t->leaves = one | two;
        t->slots[slot_of(t, one)] = a;
        t->slots[slot_of(t, two)] = b;
        return t;
    }
    t->slots[0] = pair_of(a, b, shift + BITS);
    t->below = one;
    if (t->slots[0])
        return t;
    mem_free(t);
    return NULL;
}

static struct zone_node *node_of(const struct overlay_node *leaf) { return overlay_node_of(leaf); }

static bool same_name(const struct overlay_node *a, const struct overlay_node *b)
{
    return name_equal(zone_node_name(NULL, node_of(a)), zone_node_name(NULL, node_of(b)));
}

/* Takes the leaf on OK. */
static enum status put(const struct trie *t, struct overlay_node *leaf, unsigned shift, struct trie **out)
{
    uint32_t bit = bit_of(leaf->hash, shift);
    struct trie *below = NULL;
    enum status st = OK;
    if (!t || !((t->leaves | t->below) & bit)) {
        *out = with_slot(t, bit, true, leaf);
        return *out ? OK : E_NOMEM;
    }
    void *there = t->slots[slot_of(t, bit)];
    if (t->below & bit) {
        st = put(there, leaf, shift + BITS, &below);
    } else if (((struct overlay_node *)there)->hash == leaf->hash) {
        if (!same_name(there, leaf))
            return E_LIMIT;
        *out = with_slot(t, bit, true, leaf);
        return *out ? OK : E_NOMEM;
    } else {
        below = pair_of(overlay_node_hold(there), leaf, shift + BITS);
        if (!below)
            overlay_node_release(there);
        st = below ? OK : E_NOMEM;
    }
    if (st != OK)
        return st;
    *out = with_slot(t, bit, false, below);
    if (*out)
        return OK;
    (void)overlay_node_hold(leaf);      /* the caller's again */
    trie_release(below);
    return E_NOMEM;
}

enum status trie_put(struct trie **trie, struct overlay_node *leaf)
{
    struct trie *made;
    enum status st = put(*trie, leaf, 0, &made);
    if (st != OK)
        return st;
    trie_release(*trie);
    *trie = made;
    return OK;
}

bool trie_each(const struct trie *t, bool (*visit)(void *, const struct overlay_node *), void *context)
{
    bool go_on = true;
    unsigned slots = t ? slot_count(t) : 0;
    uint32_t rest = t ? t->leaves | t->below : 0;
    for (unsigned i = 0; i < slots && go_on; i++, rest &= rest - 1) {
        if (t->leaves & (rest & -rest))
            go_on = visit(context, t->slots[i]);
        else
            go_on = trie_each(t->slots[i], visit, context);
    }
    return go_on;
}
