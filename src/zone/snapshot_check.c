/* SPDX-License-Identifier: Apache-2.0 */
/* A block from outside, checked before anything walks it.
 *
 * Nodes follow each other without gaps in canonical order, so one pass over the order array sees every octet of them: where a node should begin, the one
 * before has to end.  Going on, the ancestors of the node at hand are known, and with them what its parent and flags must be.  Several threads take
 * a stretch each, which begins at a child of the apex, so that no other ancestor is needed. */
#include "zone/snapshot_inside.h"
#include "zone/threads.h"

#include <string.h>

enum { RECORD_HEAD = RRSET_RECORD_HEAD, STEPS_PER_SLOT = 8, AHEAD = 768 };
enum { PROBED = 32, DELAYED = 4 };
static_assert((DELAYED & (DELAYED - 1)) == 0, "a power of two");

/* An ancestor, or the node before: where it lies, how its label begins (see label_word). */
struct level { const struct zone_node *node; uint64_t word; uint32_t place; };
/* A name to be looked up in the index. */
struct wish { uint32_t low, tag, node; };

/* What one thread looks at, and what it found. */
struct stretch {
    const struct zone_version *v;
    const uint8_t *end;             /* of the block */
    const uint32_t *order;
    uint32_t from, to;              /* nodes of the order */
    uint32_t place, total;          /* granules: where the next node lies; the whole block */
    uint32_t denial, denial_from;   /* entries of the chain: the next one; where it began */
    uint32_t names, wild_parents, wild_children, slots_used;
    uint64_t records, steps;
    const char *wrong;              /* NULL = nothing yet */
    const struct zone_node *last;   /* the last child of the apex seen; NULL = none */
    unsigned depth, deepest;        /* of the node before; of the name space */
    struct hash_key secret;
    uint64_t names_sum, slots_sum;  /* see slot_sum */
    uint32_t wished;
    struct wish wishes[DELAYED];
    struct level levels[NAME_MAX_LABELS + 1];
};
struct checking {
    const struct zone_version *v;
    unsigned threads;
    struct stretch *stretches;
};

/* ---- names ---- */

/* Eight octets, the first one the most significant; what lies at or behind `end` is not read, and 0. */
static uint64_t word_at_end(const uint8_t *at, const uint8_t *end)
{
    uint8_t octets[8] = { 0 };
    memcpy(octets, at, (size_t)(end - at));
    return (uint64_t)get_u32(octets) << 32 | get_u32(octets + 4);
}

static inline uint64_t word_at(const uint8_t *at, const uint8_t *end)
{
    uint64_t word;
    if (__builtin_expect(end - at < 8, 0))
        return word_at_end(at, end);
    memcpy(&word, at, sizeof word);
    return be64toh(word);
}

/* The first `size` octets of a word, at least one. */
static inline uint64_t word_mask(size_t size) { return ~UINT64_C(0) << (64 - 8 * (size < 8 ? size : 8)); }

/* Up to eight octets of a label, at least one, lower case; nothing at or behind `end` is read. */
static inline uint64_t label_word(const uint8_t *at, size_t size, const uint8_t *end) { return ascii_lower_8(word_at(at, end)) & word_mask(size); }

/* RFC 4034 6.1, of two labels; shorter first when all else is equal. */
static bool label_before(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
    size_t a_size = *a++, b_size = *b++;
    for (;; a += 8, b += 8, a_size -= 8, b_size -= 8) {
        uint64_t x = label_word(a, a_size, end), y = label_word(b, b_size, end);
        if (x != y)
            return x < y;
        if (a_size <= 8 || b_size <= 8)
            return a_size < b_size;
    }
}

/* At least one octet. */
static inline bool octets_equal(const uint8_t *a, const uint8_t *b, size_t size, const uint8_t *end)
{
    if (size <= 8 && ((word_at(a, end) ^ word_at(b, end)) & word_mask(size)) == 0)
        return true;
    if (size > 8 && memcmp(a, b, size) == 0)
        return true;
    for (size_t i = 0; i < size; i++) {
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    }
    return true;
}

/* One label in front of the parent's name, whose lengths are valid: letters apart it is the same, so the lengths here are too.  As many
 * labels as it should have are known to be there. */
static inline bool name_sound(const struct zone_node *n, const struct zone_node *parent, const uint8_t *end)
{
    unsigned own = n->name[0];
    return own - 1u < LABEL_MAX && n->length == own + 1 + parent->length && octets_equal(n->name + own + 1, parent->name, parent->length, end);
}

/* ---- the index ---- */

static inline void probe(struct stretch *s, struct wish wish)
{
    const struct zone_slot *slots = version_slots(s->v);
    uint32_t count = s->v->slot_count;
    for (uint32_t at = hash_place(wish.low, count); s->steps > 0; at = at + 1 == count ? 0 : at + 1) {
        s->steps--;
        if (slots[at].node == wish.node && slots[at].tag == wish.tag)
            return;
        if (slots[at].node == 0)
            break;
    }
    s->wrong = "a name is not in its index";
}

/* Slots are fetched well before they are read. */
static void wish_probe(struct stretch *s, struct wish wish)
{
    if (s->wished >= DELAYED)
        probe(s, s->wishes[s->wished % DELAYED]);
    s->wishes[s->wished++ % DELAYED] = wish;
    __builtin_prefetch(&version_slots(s->v)[hash_place(wish.low, s->v->slot_count)]);
}

static void probe_wishes(struct stretch *s)
{
    uint32_t held = s->wished < DELAYED ? s->wished : DELAYED;
    for (uint32_t i = s->wished - held; i < s->wished; i++)
        probe(s, s->wishes[i % DELAYED]);
}

/* The index is far larger than the caches: to look each name up there would cost more than all the rest.  Instead, what stands in its slots is
 * summed, and what should stand there, by a function that nobody knows beforehand: when the sums are equal, each name has one slot, and no slot leads
 * elsewhere.  That it is one where the name will be looked for is only tried for some: elsewhere it would not be found, and no more. */
static inline uint64_t slot_sum(const struct hash_key *secret, uint32_t node)
{
    return hash_fold(hash_fold(node ^ secret->k0, secret->k1) ^ secret->k0, UINT64_C(0xe7037ed1a0b428db));
}

static uint64_t name_hash(const struct stretch *s, unsigned depth)
{
    uint64_t hash = 0;
    for (unsigned i = 1; i <= depth; i++)
        hash = hash_link(&s->v->key, hash, s->levels[i].node->name + 1, s->levels[i].node->name[0]);
    return hash;
}

static inline void name_indexed(struct stretch *s, unsigned depth, uint32_t node)
{
    s->names_sum += slot_sum(&s->secret, node);
    if (s->names++ % PROBED == 0) {
        uint64_t hash = name_hash(s, depth);
        wish_probe(s, (struct wish){ (uint32_t)hash, hash_tag(hash), node });
    }
}

static void sum_slots(struct stretch *s, uint32_t from, uint32_t to)
{
    const struct zone_slot *slots = version_slots(s->v);
    const struct hash_key secret = s->secret;
    uint64_t sum = 0;
    uint32_t used = 0;
    for (uint32_t i = from; i < to; i++) {
        uint64_t in_use = slots[i].node != 0;
        sum += slot_sum(&secret, slots[i].node) & (0 - in_use);
        used += (uint32_t)in_use;
    }
    s->slots_sum = sum;
    s->slots_used = used;
}

/* ---- nodes ---- */

/* Flags but that of a wildcard child, which is counted. */
static inline bool flags_sound(const struct zone_node *n, const struct zone_node *parent, unsigned depth, const struct snapshot_contents *has)
{
    const uint64_t telling = snapshot_type_bit(TYPE_NS) | snapshot_type_bit(TYPE_DNAME) | snapshot_type_bit(TYPE_NSEC3);
    uint8_t flags = depth == 0 ? NODE_APEX : 0;
    if (has->types & telling)
        flags |= (uint8_t)((snapshot_has_type(has, TYPE_NS) && depth > 0 ? NODE_CUT : 0) | (snapshot_has_type(has, TYPE_DNAME) ? NODE_DNAME : 0) |
                           (snapshot_has_type(has, TYPE_NSEC3) && depth == 1 ? NODE_NSEC3 : 0));
    if (depth > 0 && !(flags & NODE_NSEC3) && (parent->flags & (NODE_OCCLUDED | NODE_CUT | NODE_DNAME)))
        flags |= NODE_OCCLUDED;
    bool may_hide = (flags & NODE_NSEC3) && n->sets == 1 && !(n->flags & NODE_WILD_CHILD);
    if ((n->flags & NODE_HIDDEN) && !may_hide)
        return false;
    return (n->flags & ~(NODE_WILD_CHILD | NODE_HIDDEN)) == flags;
}

/* The chain of denial has exactly the nodes that belong into it, in their order. */
static inline bool denial_sound(struct stretch *s, const struct zone_node *n, const struct snapshot_contents *has)
{
    const struct zone_version *v = s->v;
    uint64_t key;
    if (v->denial_kind == ZONE_DENIAL_NSEC && snapshot_has_type(has, TYPE_NSEC) && !(n->flags & NODE_OCCLUDED)) {
        key = version_nsec_key(v, zone_node_name(v, n));
    } else if (v->denial_kind == ZONE_DENIAL_NSEC3 && (n->flags & NODE_NSEC3)) {
        uint8_t hash[NSEC3_HASH_BYTES];
        struct zone_nsec3_record record;
        if (!node_nsec3_hash(n, hash) || !zone_node_nsec3(v, n, &record))
            return true;
        key = (uint64_t)get_u32(hash) << 32 | get_u32(hash + 4);
    } else {
        return true;
    }
    if (s->denial >= v->denial_count)
        return false;
    const struct zone_hashed *entry = (const struct zone_hashed *)version_at(v, v->denial) + s->denial++;
    return entry->node == version_place(v, n) && ((uint64_t)entry->high << 32 | entry->low) == key;
}

/* Where node `index` lies, or NULL when that is not inside or leaves no room for it. */
static const struct zone_node *node_in_bounds(const struct zone_version *v, uint32_t index, size_t *room)
{
    const uint32_t *order = version_at(v, v->order);
    uint64_t place = order[index], end = index + 1 < v->node_count ? order[index + 1] : v->bytes / GRANULE;
    if (place < v->apex || end > v->bytes / GRANULE || end <= place || (end - place) * GRANULE < sizeof(struct zone_node))
        return NULL;
    const struct zone_node *n = version_node_at(v, (uint32_t)place);
    size_t head = node_head_bytes(n->length);
    if (n->length == 0 || head > (end - place) * GRANULE)
        return NULL;
    *room = (size_t)(end - place) * GRANULE - head;
    return n;
}

/* The node that the next place leads to: it goes as far as the one behind it begins.  NULL when that is not inside or leaves no room for it. */
static inline const struct zone_node *node_step(struct stretch *s, uint32_t index, size_t *room)
{
    enum { LEAST = (sizeof(struct zone_node) + GRANULE - 1) / GRANULE };
    uint32_t place = s->place, end = index + 1 < s->v->node_count ? s->order[index + 1] : s->total;
    if (end > s->total || end < place || end - place < LEAST)
        return NULL;
    const struct zone_node *n = version_node_at(s->v, place);
    size_t head = node_head_bytes(n->length), bytes = (size_t)(end - place) * GRANULE;
    if (n->length == 0 || head > bytes)
        return NULL;
    s->place = end;
    *room = bytes - head;
    return n;
}

/* Its place among the names: below the last node, or beside it or one of its ancestors. */
static inline const char *place_sound(struct stretch *s, const struct zone_node *n, unsigned depth)
{
    struct level *level = &s->levels[depth], *up = level - 1;
    if (n->parent != up->place || !name_sound(n, up->node, s->end) || (up->node->flags & NODE_HIDDEN))
        return "a name is not below its parent";
    uint64_t word = label_word(n->name + 1, n->name[0], s->end);
    if (depth <= s->depth && level->word >= word && (level->word > word || !label_before(level->node->name, n->name, s->end)))
        return "a name is out of order";
    if (n->name[0] == 1 && n->name[1] == '*') {
        s->wild_children++;
        if (!(up->node->flags & NODE_WILD_CHILD))
            return "the flags of a name are wrong";
    }
    level->word = word;
    return NULL;
}

static inline const char *node_sound(struct stretch *s, uint32_t index)
{
    const struct zone_version *v = s->v;
    size_t room;
    uint32_t place = s->place;
    const struct zone_node *n = node_step(s, index, &room);
    if (!n)
        return "a name lies outside";
    __builtin_prefetch((const uint8_t *)n + AHEAD);
    unsigned depth = (unsigned)n->labels - v->labels;   /* fewer: far too deep */
    if (index == 0 ? depth != 0 : depth - 1u > s->depth)
        return "a name is out of order";
    const char *wrong = index == 0 ? NULL : place_sound(s, n, depth);
    if (wrong)
        return wrong;
    struct snapshot_contents has = { 0 };
    if (!snapshot_sets_sound(v, n, room, &has))
        return "a record is damaged";
    if (!flags_sound(n, depth ? s->levels[depth - 1].node : n, depth, &has))
        return "the flags of a name are wrong";
    if (v->denial_count && !denial_sound(s, n, &has))
        return "the chain of denial is damaged";
    s->levels[depth].node = n;
    s->levels[depth].place = place;
    s->depth = depth;
    s->records += has.records;
    s->wild_parents += (n->flags & NODE_WILD_CHILD) != 0;
    s->last = depth == 1 ? n : s->last;
    if (n->flags & NODE_HIDDEN)
        return NULL;
    s->deepest = depth > s->deepest ? depth : s->deepest;
    name_indexed(s, depth, place);
    return s->wrong;
}

static void check_stretch(void *context, unsigned index)
{
    const struct checking *c = context;
    struct stretch *s = &c->stretches[index];
    uint64_t slots = c->v->slot_count;
    for (uint32_t i = s->from; i < s->to && !s->wrong; i++)
        s->wrong = node_sound(s, i);
    if (!s->wrong)
        probe_wishes(s);
    sum_slots(s, (uint32_t)(slots * index / c->threads), (uint32_t)(slots * (index + 1) / c->threads));
}

/* ---- the whole ---- */

/* The areas follow each other and lie inside. */
static bool frame_sound(const struct zone_version *v, uint64_t bytes)
{
    uint64_t end = bytes / GRANULE;
    if (v->bytes != bytes || bytes % GRANULE || v->node_count == 0 || v->slot_count == 0 || v->denial_kind > ZONE_DENIAL_NSEC3 ||
        (v->denial_kind == ZONE_DENIAL_NONE) != (v->denial_count == 0))
        return false;
    return v->slots >= granule_up(sizeof *v) / GRANULE && v->slots + (uint64_t)v->slot_count * (sizeof(struct zone_slot) / GRANULE) <= v->order &&
           v->order + (uint64_t)v->node_count <= v->denial &&
           v->denial + (uint64_t)v->denial_count * (sizeof(struct zone_hashed) / GRANULE) <= v->apex && v->apex < end;
}

/* The apex and what hangs on it, so that the rest can lean on it. */
static bool apex_sound(const struct zone_version *v, const struct zone_snapshot_wanted *wanted)
{
    size_t room;
    const struct zone_node *apex = node_in_bounds(v, 0, &room);
    struct snapshot_contents has = { 0 };
    if (!apex || apex != version_apex(v) || apex->parent != v->apex || apex->length != wanted->origin.length || apex->labels != wanted->origin.labels ||
        !name_equal(zone_node_name(v, apex), wanted->origin))
        return false;
    if (!snapshot_sets_sound(v, apex, room, &has))
        return false;
    const struct zone_set *soa = node_set_find(v, apex, TYPE_SOA);
    if (!soa || soa->count != 1 || v->soa != version_place(v, soa))
        return false;
    struct soa fields = rdata_soa(soa->records + RECORD_HEAD, get_u16(soa->records + RECORD_HEAD - 2));
    uint32_t ttl = zone_version_soa(v).ttl;
    return v->labels == apex->labels && v->serial == fields.serial && v->negative_ttl == (ttl < fields.minimum ? ttl : fields.minimum);
}

/* The parameters of the chain in use are those of a record at the apex. */
static bool parameters_sound(const struct zone_version *v)
{
    struct rrset set;
    const uint8_t *rdata;
    uint16_t size;
    if (v->denial_kind != ZONE_DENIAL_NSEC3)
        return true;
    if (!zone_node_rrset(v, version_apex(v), TYPE_NSEC3PARAM, &set))
        return false;
    for (size_t offset = 0; rrset_next(set.records, set.bytes, &offset, &rdata, &size);) {
        if ((const uint8_t *)version_apex(v) + v->nsec3param == rdata - 2)
            return true;
    }
    return false;
}

/* The first child of the apex at or behind `index`; what is not inside ends the search, and is found by who goes there. */
static uint32_t child_of_apex(const struct zone_version *v, uint32_t index)
{
    size_t room;
    for (; index < v->node_count; index++) {
        const struct zone_node *n = node_in_bounds(v, index, &room);
        if (!n)
            return v->node_count;
        if (n->labels == version_apex(v)->labels + 1)
            return index;
    }
    return index;
}

static uint32_t denial_start(const struct zone_version *v, uint32_t index)
{
    if (index >= v->node_count)
        return v->denial_count;
    const struct zone_hashed *chain = version_at(v, v->denial);
    uint32_t place = ((const uint32_t *)version_at(v, v->order))[index], low = 0, high = v->denial_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chain[middle].node < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void plan(struct checking *c)
{
    const struct zone_version *v = c->v;
    const struct hash_key secret = hash_key_random();
    for (unsigned i = 0; i < c->threads; i++) {
        struct stretch *s = &c->stretches[i];
        s->v = v;
        s->secret = secret;
        s->from = i == 0 ? 0 : child_of_apex(v, (uint32_t)((uint64_t)v->node_count * i / c->threads));
        if (i > 0 && s->from < c->stretches[i - 1].from)
            s->from = c->stretches[i - 1].from;
        s->to = v->node_count;
        if (i > 0)
            s[-1].to = s->from;
        s->denial = s->denial_from = i == 0 ? 0 : denial_start(v, s->from);
        s->end = (const uint8_t *)v + v->bytes;
        s->order = version_at(v, v->order);
        s->total = (uint32_t)(v->bytes / GRANULE);
        s->place = s->from < v->node_count ? s->order[s->from] : s->total;
        s->levels[0].node = version_apex(v);
        s->levels[0].place = v->apex;
        s->steps = (uint64_t)STEPS_PER_SLOT * v->slot_count + DELAYED;
    }
}

/* What the stretches found fits together. */
static const char *join(const struct checking *c)
{
    const struct zone_version *v = c->v;
    const struct zone_node *last = NULL;
    struct stretch sum = { .names = 0 };
    for (unsigned i = 0; i < c->threads; i++) {
        const struct stretch *s = &c->stretches[i];
        if (s->wrong)
            return s->wrong;
        if (s->denial_from != sum.denial)
            return "the chain of denial is damaged";
        sum.denial = s->denial;
        sum.names += s->names;
        sum.wild_parents += s->wild_parents;
        sum.wild_children += s->wild_children;
        sum.slots_used += s->slots_used;
        sum.names_sum += s->names_sum;
        sum.slots_sum += s->slots_sum;
        sum.records += s->records;
        sum.deepest = s->deepest > sum.deepest ? s->deepest : sum.deepest;
        if (i > 0 && last && s->from < s->to && !label_before(last->name, zone_version_node(v, s->from)->name, (const uint8_t *)v + v->bytes))
            return "a name is out of order";
        last = s->last ? s->last : last;
    }
    if (sum.denial != v->denial_count)
        return "the chain of denial is damaged";
    if (sum.slots_used != sum.names || sum.slots_sum != sum.names_sum || v->slot_count <= sum.names)
        return "its index is damaged";
    if (sum.wild_parents != sum.wild_children)
        return "the flags of a name are wrong";
    return sum.records == v->records && sum.deepest == v->depth ? NULL : "its numbers are wrong";
}

const char *snapshot_check(const struct zone_version *v, uint64_t bytes, const struct zone_snapshot_wanted *wanted)
{
    enum { ALONE = 4096 };  /* nodes that are not worth a second thread */
    struct checking c = { .v = v, .threads = wanted->threads ? wanted->threads : 1 };
    if (bytes < sizeof *v || !frame_sound(v, bytes))
        return "its areas are damaged";
    if (v->klass != wanted->klass || !apex_sound(v, wanted) || !parameters_sound(v))
        return "its apex is damaged";
    if (c.threads > ZONE_SNAPSHOT_THREADS_MAX)
        c.threads = ZONE_SNAPSHOT_THREADS_MAX;
    if (v->node_count < ALONE)
        c.threads = 1;
    c.stretches = mem_alloc(c.threads * sizeof *c.stretches);
    if (!c.stretches)
        return "there is no memory to check it";
    plan(&c);
    zone_threads(c.threads, check_stretch, &c);
    const char *wrong = join(&c);
    mem_free(c.stretches);
    return wrong;
}
