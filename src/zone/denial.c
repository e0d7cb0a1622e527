/* SPDX-License-Identifier: Apache-2.0 */
/* The chains that prove absence, each an array in its own order beside the nodes. */
#include "zone/overlay.h"

#include <string.h>

enum { HASH_BYTES = 20, HASH_LABEL_BYTES = 32 }; /* SHA-1, the only one (RFC 5155 11) */

enum zone_denial zone_version_denial(const struct zone_version *v) { return (enum zone_denial)v->denial_kind; }

bool zone_version_nsec3(const struct zone_version *v, struct nsec3 *out)
{
    if (v->denial_kind != ZONE_DENIAL_NSEC3)
        return false;
    const uint8_t *record = (const uint8_t *)version_apex(v) + v->nsec3param;
    return rdata_nsec3(TYPE_NSEC3PARAM, record + 2, get_u16(record), out);
}

/* ---- NSEC ---- */

/* The first octets of the label below the apex, lower case, 0 where it ends: names that differ in them are ordered by them, for
 * no label orders before the octets that it lacks. */
uint64_t version_nsec_key(const struct zone_version *v, struct name_view name)
{
    unsigned apex = version_apex(v)->labels;
    const uint8_t *label = name.wire;
    uint8_t octets[8] = { 0 };
    if (name.labels <= apex)
        return 0;
    for (unsigned i = apex + 1; i < name.labels; i++)
        label += 1u + *label;
    memcpy(octets, label + 1, label[0] < sizeof octets ? label[0] : sizeof octets);
    uint64_t word;
    memcpy(&word, octets, sizeof word);
    word = ascii_lower_8(word);
    memcpy(octets, &word, sizeof octets);
    return (uint64_t)get_u32(octets) << 32 | get_u32(octets + 4);
}

static uint32_t seal_nsec(struct zone_version *v)
{
    struct zone_hashed *chain = (struct zone_hashed *)((uint8_t *)v + (size_t)v->denial * GRANULE);
    uint32_t count = 0;
    for (uint32_t i = 0; i < v->node_count && count < v->denial_count; i++) {
        const struct zone_node *n = zone_version_node(v, i);
        const struct zone_set *set = node_set_find(v, n, TYPE_NSEC);
        if (!set || !set->count || (n->flags & NODE_OCCLUDED))
            continue;
        uint64_t key = version_nsec_key(v, zone_node_name(v, n));
        chain[count++] = (struct zone_hashed){ (uint32_t)(key >> 32), (uint32_t)key, version_place(v, n) };
    }
    return count;
}

/* Quarters rather than halves while they lie in lines of their own, which are then waited for at once. */
static void nsec_narrow(const struct zone_hashed *chain, uint64_t wanted, uint32_t *low, uint32_t *high)
{
    enum { FEW = 64 };
    while (*high - *low > FEW) {
        const uint32_t quarter = (*high - *low) / 4, from = *low;
        const uint64_t first = hashed_head(&chain[from + quarter]), second = hashed_head(&chain[from + 2 * quarter]),
                       third = hashed_head(&chain[from + 3 * quarter]);
        if (first == wanted || second == wanted || third == wanted)
            return;                     /* the names must tell */
        *low = third < wanted ? from + 3 * quarter : second < wanted ? from + 2 * quarter : first < wanted ? from + quarter : from;
        *high = first > wanted ? from + quarter : second > wanted ? from + 2 * quarter : third > wanted ? from + 3 * quarter : *high;
    }
}

const struct zone_node *zone_nsec_find(const struct zone_version *v, struct name_view name)
{
    if (v->denial_kind != ZONE_DENIAL_NSEC)
        return NULL;
    if (__builtin_expect(v->slot_count == 0, 0))
        return overlay_nsec_find(v, name);
    const struct zone_hashed *chain = version_at(v, v->denial);
    uint64_t wanted = version_nsec_key(v, name);
    uint32_t low = 0, high = v->denial_count; /* chain[low] <= name: the apex has an NSEC and is first */
    nsec_narrow(chain, wanted, &low, &high);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t key = hashed_head(&chain[middle]);
        if (key < wanted || (key == wanted && name_compare(zone_node_name(v, version_node_at(v, chain[middle].node)), name) <= 0))
            low = middle;
        else
            high = middle;
    }
    return version_node_at(v, chain[low].node);
}

/* ---- NSEC3 ---- */

/* Values of base32hex digits, and one more; 0 for all else. */
static const uint8_t digit_values[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10, ['A'] = 11, ['B'] = 12,
    ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16, ['G'] = 17, ['H'] = 18, ['I'] = 19, ['J'] = 20, ['K'] = 21, ['L'] = 22, ['M'] = 23,
    ['N'] = 24, ['O'] = 25, ['P'] = 26, ['Q'] = 27, ['R'] = 28, ['S'] = 29, ['T'] = 30, ['U'] = 31, ['V'] = 32, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['g'] = 17, ['h'] = 18, ['i'] = 19, ['j'] = 20, ['k'] = 21, ['l'] = 22, ['m'] = 23,
    ['n'] = 24, ['o'] = 25, ['p'] = 26, ['q'] = 27, ['r'] = 28, ['s'] = 29, ['t'] = 30, ['u'] = 31, ['v'] = 32,
};

bool node_nsec3_hash(const struct zone_node *n, uint8_t out[NSEC3_HASH_BYTES])
{
    enum { DIGITS = 8, GROUP_BYTES = 5 };
    if (n->name[0] != HASH_LABEL_BYTES)
        return false;
    bool good = true;
    for (unsigned group = 0; group < HASH_LABEL_BYTES / DIGITS; group++) {
        uint64_t bits = 0;
        for (unsigned i = 0; i < DIGITS; i++) {
            uint8_t value = digit_values[n->name[1 + group * DIGITS + i]];
            good &= value != 0;
            bits = bits << 5 | ((value - 1u) & 31);
        }
        out[group * GROUP_BYTES] = (uint8_t)(bits >> 32);
        put_u32(out + group * GROUP_BYTES + 1, (uint32_t)bits);
    }
    return good;
}

static bool same_chain(const struct nsec3 *a, const struct nsec3 *b)
{
    return a->algorithm == b->algorithm && a->iterations == b->iterations && a->salt_length == b->salt_length &&
           (a->salt_length == 0 || memcmp(a->salt, b->salt, a->salt_length) == 0);
}

bool zone_node_nsec3(const struct zone_version *v, const struct zone_node *n, struct zone_nsec3_record *out)
{
    struct nsec3 chain, parsed;
    struct rrset set;
    if (!zone_version_nsec3(v, &chain) || !zone_node_rrset(v, n, TYPE_NSEC3, &set))
        return false;
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(set.records, set.bytes, &offset, &rdata, &size);)
        if (rdata_nsec3(TYPE_NSEC3, rdata, size, &parsed) && same_chain(&chain, &parsed) && parsed.next_length == HASH_BYTES) {
            *out = (struct zone_nsec3_record){ rdata, size, parsed };
            return true;
        }
    return false;
}

/* Fills the chain for the parameters chosen; canonical order of the owners is that of the hashes (RFC 5155 1.3). */
static uint32_t seal_nsec3(struct zone_version *v)
{
    struct zone_hashed *chain = (struct zone_hashed *)((uint8_t *)v + (size_t)v->denial * GRANULE);
    uint32_t count = 0, room = v->denial_count;
    uint8_t hash[HASH_BYTES];
    struct zone_nsec3_record record;
    for (uint32_t i = 0; i < v->node_count && count < room; i++) {
        const struct zone_node *n = zone_version_node(v, i);
        if (!(n->flags & NODE_NSEC3) || !node_nsec3_hash(n, hash) || !zone_node_nsec3(v, n, &record))
            continue;
        chain[count++] = (struct zone_hashed){ get_u32(hash), get_u32(hash + 4), version_place(v, n) };
    }
    return count;
}

/* Of several chains the one with the most records, so that one half taken down is not used. */
static uint32_t choose_nsec3(struct zone_version *v)
{
    struct rrset params = { 0 };
    if (!zone_node_rrset(v, version_apex(v), TYPE_NSEC3PARAM, &params))
        return 0;
    uint32_t best = 0, best_at = 0;
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(params.records, params.bytes, &offset, &rdata, &size);) {
        struct nsec3 parsed;
        if (!rdata_nsec3(TYPE_NSEC3PARAM, rdata, size, &parsed) || parsed.flags || parsed.algorithm != 1)
            continue;
        v->nsec3param = (uint32_t)(rdata - 2 - (const uint8_t *)version_apex(v));
        uint32_t count = seal_nsec3(v);
        if (count > best) {
            best = count;
            best_at = v->nsec3param;
        }
    }
    v->nsec3param = best_at;
    return best ? seal_nsec3(v) : 0;
}

void version_seal_denial(struct zone_version *v)
{
    if (v->denial_kind == ZONE_DENIAL_NSEC3)
        v->denial_count = choose_nsec3(v);
    else if (v->denial_kind == ZONE_DENIAL_NSEC)
        v->denial_count = seal_nsec(v);
    if (v->denial_count == 0)
        v->denial_kind = ZONE_DENIAL_NONE;
}

/* Below, equal or above: the whole hash of an entry against `hash`. */
static int hashed_compare(const struct zone_version *v, const struct zone_hashed *h, const uint8_t *hash)
{
    uint64_t head = hashed_head(h), wanted = hash_head(hash);
    uint8_t whole[HASH_BYTES];
    if (head != wanted)
        return head < wanted ? -1 : 1;
    return node_nsec3_hash(version_node_at(v, h->node), whole) ? memcmp(whole, hash, HASH_BYTES) : 0;
}

/* Hashes are spread evenly, so the place of one is known within the square root of their number: from there in growing steps to an
 * interval.  *low: all before it are below; *high: all from there on are above. */
static void nsec3_interval(const struct zone_version *v, uint64_t wanted, uint32_t *low, uint32_t *high)
{
    const struct zone_hashed *chain = version_at(v, v->denial);
    uint32_t at = (uint32_t)((wanted >> 32) * v->denial_count >> 32), step = 16;
    uint64_t head = hashed_head(&chain[at]);
    *low = 0;
    *high = v->denial_count;
    if (head < wanted) {
        *low = at + 1;
        for (; *high - *low > step && (head = hashed_head(&chain[*low + step])) < wanted; step *= 2)
            *low += step + 1;
        if (*high - *low > step && head > wanted)
            *high = *low + step;
    } else if (head > wanted) {
        *high = at;
        for (; *high > step && (head = hashed_head(&chain[*high - step])) > wanted; step *= 2)
            *high -= step;
        if (*high > step && head < wanted)
            *low = *high - step + 1;
    }
}

const struct zone_node *zone_nsec3_find(const struct zone_version *v, const uint8_t *hash, size_t bytes, bool *match)
{
    if (v->denial_kind != ZONE_DENIAL_NSEC3 || bytes != HASH_BYTES)
        return NULL;
    if (__builtin_expect(v->slot_count == 0, 0))
        return overlay_nsec3_find(v, hash, match);
    const struct zone_hashed *chain = version_at(v, v->denial);
    uint32_t low, high;
    nsec3_interval(v, hash_head(hash), &low, &high);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = hashed_compare(v, &chain[middle], hash);
        if (order == 0) {
            *match = true;
            return version_node_at(v, chain[middle].node);
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *match = false;
    return version_node_at(v, chain[low ? low - 1 : v->denial_count - 1].node);
}
