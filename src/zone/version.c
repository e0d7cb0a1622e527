/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/overlay.h"

#include <string.h>

/* ---- RRsets ---- */

enum { RECORD_HEAD = RRSET_RECORD_HEAD, TTL_AT = 6 };

bool rrset_next(const uint8_t *records, size_t bytes, size_t *offset, const uint8_t **rdata, uint16_t *size)
{
    if (*offset + RECORD_HEAD > bytes)
        return false;
    const uint8_t *record = records + *offset;
    *size = get_u16(record + RECORD_HEAD - 2);
    *rdata = record + RECORD_HEAD;
    *offset += (size_t)RECORD_HEAD + *size;
    return true;
}

static struct rrset set_view(const struct zone_set *set)
{
    uint32_t bytes = set->bytes & SET_BYTES;
    struct rrset out = { .type = set->type, .count = set->count, .records = set->records, .bytes = bytes };
    if (set->bytes & SET_SIGNED) {
        const struct zone_sigs *sigs = set_sigs(set);
        out.sig_count = sigs->count;
        out.sig_ttl = get_u32(sigs->records + TTL_AT);
        out.sig_bytes = sigs->bytes;
        out.sigs = sigs->records;
    }
    out.ttl = set->count ? get_u32(set->records + TTL_AT) : out.sig_ttl;
    return out;
}

/* What the directory of a node counts from. */
static const struct zone_version *directory_origin(const struct zone_version *v, const struct zone_node *n)
{
    const struct zone_version *base = version_base(v);
    return node_is_in(base, n) ? base : (const struct zone_version *)(const void *)n;
}

/* The last of the directory whose type is not above the one wanted, or the first. */
static const struct zone_set *directory_find(const struct zone_version *v, const struct zone_node *n, uint16_t type)
{
    const uint32_t *places = (const uint32_t *)(const void *)node_body(n);
    v = directory_origin(v, n);
    uint32_t low = 0, high = n->sets;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (((const struct zone_set *)version_at(v, places[middle]))->type <= type)
            low = middle;
        else
            high = middle;
    }
    return version_at(v, places[low]);
}

const struct zone_set *node_set_find(const struct zone_version *v, const struct zone_node *n, uint16_t type)
{
    if (n->sets > SCAN_SETS) {
        const struct zone_set *set = directory_find(v, n, type);
        return set->type == type ? set : NULL;
    }
    const struct zone_set *set = node_first_set(n);
    for (unsigned i = 0; i < n->sets && set->type <= type; i++, set = set_next(set))
        if (set->type == type)
            return set;
    return NULL;
}

bool zone_node_rrset(const struct zone_version *v, const struct zone_node *n, uint16_t type, struct rrset *out)
{
    const struct zone_set *set = node_set_find(v, n, type);
    if (!set || set->count == 0)
        return false;
    *out = set_view(set);
    return true;
}

/* The position holds how many sets have been seen and, above that, how many granules they take. */
enum { POSITION_BITS = 16 };
static_assert(sizeof(size_t) == 8, "a position has room for both");

bool zone_node_rrset_next(const struct zone_version *v, const struct zone_node *n, size_t *position, struct rrset *out)
{
    (void)v;
    size_t seen = *position & UINT16_MAX, at = (*position >> POSITION_BITS) * GRANULE;
    if (seen >= n->sets)
        return false;
    const uint8_t *first = (const uint8_t *)node_first_set(n);
    const struct zone_set *set = (const struct zone_set *)(const void *)(first + at);
    *out = set_view(set);
    at = (size_t)((const uint8_t *)set_next(set) - first);
    *position = at / GRANULE << POSITION_BITS | (seen + 1);
    return true;
}

/* ---- nodes ---- */

struct name_view zone_node_name(const struct zone_version *v, const struct zone_node *n)
{
    (void)v;
    return (struct name_view){ n->name, n->length, n->labels };
}

bool zone_node_is_empty(const struct zone_node *n) { return n->sets == 0; }
bool zone_node_is_cut(const struct zone_node *n) { return n->flags & NODE_CUT; }
bool zone_node_is_nsec3(const struct zone_node *n) { return n->flags & NODE_NSEC3; }

const struct zone_node *zone_node_parent(const struct zone_version *v, const struct zone_node *n)
{
    if (__builtin_expect(v->slot_count == 0, 0))
        return overlay_parent(v, n);
    return n->flags & NODE_APEX ? NULL : version_at(v, n->parent);
}

/* A DNAME at the apex does not hide the chain of NSEC3 beside it. */
const struct zone_node *zone_node_top(const struct zone_version *v, const struct zone_node *n)
{
    const struct zone_node *top = NULL;
    if (v->slot_count == 0)
        return overlay_top(v, n);
    if (n->flags & NODE_NSEC3 || !(n->flags & (NODE_OCCLUDED | NODE_CUT | NODE_DNAME)))
        return NULL;
    for (; n; n = zone_node_parent(v, n))
        if (n->flags & (NODE_CUT | NODE_DNAME))
            top = n;
    return top;
}

bool zone_version_occludes(const struct zone_version *v, const struct zone_node *n)
{
    return v->slot_count ? n->flags & NODE_OCCLUDED : overlay_occluded(v, n);
}

/* ---- the version ---- */

const struct zone_node *zone_version_apex(const struct zone_version *v) { return version_apex(v); }
struct name_view zone_version_origin(const struct zone_version *v) { return zone_node_name(v, version_apex(v)); }
uint16_t zone_version_class(const struct zone_version *v) { return v->klass; }
uint32_t zone_version_serial(const struct zone_version *v) { return v->serial; }
uint32_t zone_version_negative_ttl(const struct zone_version *v) { return v->negative_ttl; }
uint32_t zone_version_nodes(const struct zone_version *v) { return v->node_count; }
uint64_t zone_version_records(const struct zone_version *v) { return v->records; }
size_t zone_version_bytes(const struct zone_version *v)
{
    const struct overlay *o = version_overlay(v);
    return v->bytes + (o ? o->base->bytes + overlay_bytes(o) : 0);
}
uint64_t zone_version_fingerprint(const struct zone_version *v) { return v->fingerprint; }

void zone_version_hold(const struct zone_version *version)
{
    struct zone_version *v = (struct zone_version *)(uintptr_t)version;     /* the count is not part of its value */
    atomic_fetch_add_explicit(&v->holds, 1, memory_order_relaxed);
}

void zone_version_free(void *version)
{
    struct zone_version *v = version;
    if (v == NULL || atomic_fetch_sub_explicit(&v->holds, 1, memory_order_acq_rel) != 0)
        return;
    if (v->slot_count == 0)
        overlay_clear(v);
    mem_free(zone_version_forget_where(v));
}

bool zone_version_has_soa(const struct zone_version *v) { return v->soa != 0; }

bool zone_version_is_signed(const struct zone_version *v)
{
    const struct zone_set *soa = v->soa ? version_at(v, v->soa) : NULL;
    return v->denial_kind != ZONE_DENIAL_NONE || (soa && (soa->bytes & SET_SIGNED));
}

uint64_t zone_version_identity(const struct zone_version *v) { return v->slot_count ? v->key.k0 : version_overlay(v)->identity; }
uint64_t zone_version_moment(const struct zone_version *v) { return v->slot_count ? v->key.k0 : version_overlay(v)->moment; }

uint32_t zone_node_place(const struct zone_version *v, const struct zone_node *n)
{
    return v->slot_count ? version_place(v, n) : overlay_place(v, n);
}

const uint8_t *zone_version_soa_record(const struct zone_version *v, size_t *bytes)
{
    const struct zone_set *set = version_at(v, v->soa);
    if (!v->soa || set->count != 1)
        return NULL;
    *bytes = set->bytes & SET_BYTES;
    return set->records;
}

struct rrset zone_version_soa(const struct zone_version *v)
{
    return v->soa ? set_view(version_at(v, v->soa)) : (struct rrset){ 0 };
}

const struct zone_node *zone_version_node(const struct zone_version *v, uint32_t index)
{
    if (__builtin_expect(v->slot_count == 0, 0)) {
        const struct overlay *o = version_overlay(v);
        return tree_at(o, o->order, SEQUENCE_NODES, index);
    }
    const uint32_t *order = version_at(v, v->order);
    return index < v->node_count ? version_at(v, order[index]) : NULL;
}

bool zone_version_ttl_mixed(const struct zone_version *v, const struct zone_node *n, uint16_t type)
{
    const struct zone_set *set = node_set_find(v, n, type);
    return set && (set->bytes & SET_TTL_MIXED);
}

/* ---- sealing ---- */

void version_seal_soa(struct zone_version *v)
{
    const struct zone_set *set = node_set_find(v, version_apex(v), TYPE_SOA);
    v->soa = set && set->count ? version_place(v, set) : 0;
    v->labels = version_apex(v)->labels;
    struct rrset soa = zone_version_soa(v);
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    if (soa.count && rrset_next(soa.records, soa.bytes, &offset, &rdata, &size)) {
        struct soa fields = rdata_soa(rdata, size);
        v->serial = fields.serial;
        v->negative_ttl = soa.ttl < fields.minimum ? soa.ttl : fields.minimum;
    }
}

void version_seal(struct zone_version *v)
{
    version_seal_soa(v);
    version_seal_denial(v);
}
