/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/inside.h"

#include <string.h>

enum { SCAN_SETS = 8 }; /* up to this many RRsets are looked through one by one */

/* ---- RRsets ---- */

bool rrset_next(const uint8_t *records, size_t bytes, size_t *offset, const uint8_t **rdata, uint16_t *size)
{
    if (*offset + 2 > bytes)
        return false;
    uint16_t length = get_u16(records + *offset);
    *rdata = records + *offset + 2;
    *size = length;
    *offset += 2u + length;
    return true;
}

static struct rrset set_view(const struct zone_version *v, const struct zone_set *set)
{
    uint32_t bytes = set->bytes & SET_BYTES;
    struct rrset out = { .type = set->type, .count = set->count, .ttl = set->ttl, .bytes = bytes };
    out.records = version_at(v, set->data);
    if (set->bytes & SET_SIGNED) {
        const struct zone_sigs *sigs = version_at(v, set->data + (uint32_t)(granule_up(bytes) / GRANULE));
        out.sig_count = sigs->count;
        out.sig_ttl = sigs->ttl;
        out.sig_bytes = sigs->bytes;
        out.sigs = (const uint8_t *)(sigs + 1);
    }
    return out;
}

const struct zone_set *node_set_find(const struct zone_version *v, const struct zone_node *n, uint16_t type)
{
    const struct zone_set *sets = node_sets(v, n);
    uint32_t low = 0, high = n->sets;
    while (high - low > SCAN_SETS) {
        uint32_t middle = low + (high - low) / 2;
        if (sets[middle].type <= type)
            low = middle;
        else
            high = middle;
    }
    for (; low < high && sets[low].type <= type; low++)
        if (sets[low].type == type)
            return &sets[low];
    return NULL;
}

bool zone_node_rrset(const struct zone_version *v, const struct zone_node *n, uint16_t type, struct rrset *out)
{
    const struct zone_set *set = node_set_find(v, n, type);
    if (!set || set->count == 0)
        return false;
    *out = set_view(v, set);
    return true;
}

bool zone_node_rrset_next(const struct zone_version *v, const struct zone_node *n, size_t *position, struct rrset *out)
{
    if (*position >= n->sets)
        return false;
    *out = set_view(v, &node_sets(v, n)[(*position)++]);
    return true;
}

/* ---- nodes ---- */

struct name_view zone_node_name(const struct zone_version *v, const struct zone_node *n)
{
    return (struct name_view){ version_at(v, n->data), n->length, n->labels };
}

bool zone_node_is_empty(const struct zone_node *n) { return n->sets == 0; }
bool zone_node_is_cut(const struct zone_node *n) { return n->flags & NODE_CUT; }
bool zone_node_is_occluded(const struct zone_node *n) { return n->flags & NODE_OCCLUDED; }
bool zone_node_is_nsec3(const struct zone_node *n) { return n->flags & NODE_NSEC3; }

uint32_t zone_node_index(const struct zone_version *v, const struct zone_node *n) { return (uint32_t)(n - v->nodes); }

const struct zone_node *zone_node_parent(const struct zone_version *v, const struct zone_node *n)
{
    return n->flags & NODE_APEX ? NULL : &v->nodes[n->parent];
}

const struct zone_node *zone_node_top(const struct zone_version *v, const struct zone_node *n)
{
    return n->top == ZONE_NONE ? NULL : &v->nodes[n->top];
}

/* ---- the version ---- */

const struct zone_node *zone_version_apex(const struct zone_version *v) { return &v->nodes[0]; }
struct name_view zone_version_origin(const struct zone_version *v) { return zone_node_name(v, &v->nodes[0]); }
uint16_t zone_version_class(const struct zone_version *v) { return v->klass; }
uint32_t zone_version_serial(const struct zone_version *v) { return v->serial; }
uint32_t zone_version_negative_ttl(const struct zone_version *v) { return v->negative_ttl; }
uint32_t zone_version_nodes(const struct zone_version *v) { return v->node_count; }
uint64_t zone_version_records(const struct zone_version *v) { return v->records; }
size_t zone_version_bytes(const struct zone_version *v) { return v->bytes; }
uint64_t zone_version_fingerprint(const struct zone_version *v) { return v->fingerprint; }

void zone_version_hold(const struct zone_version *version)
{
    struct zone_version *v = (struct zone_version *)(uintptr_t)version;     /* the count is not part of its value */
    atomic_fetch_add_explicit(&v->holds, 1, memory_order_relaxed);
}

void zone_version_free(void *version)
{
    struct zone_version *v = version;
    if (v != NULL && atomic_fetch_sub_explicit(&v->holds, 1, memory_order_acq_rel) == 0)
        mem_free(v);
}

struct rrset zone_version_soa(const struct zone_version *v)
{
    struct rrset soa = { 0 };
    (void)zone_node_rrset(v, zone_version_apex(v), TYPE_SOA, &soa);
    return soa;
}

const struct zone_node *zone_version_node(const struct zone_version *v, uint32_t index)
{
    return index < v->node_count ? &v->nodes[index] : NULL;
}

/* ---- positions ---- */

bool zone_version_where(const struct zone_version *v, const struct zone_node *n, uint16_t type, uint16_t record,
                        struct zone_where *out)
{
    if (!v->where)
        return false;
    const uint32_t *ordinals = version_at(v, v->where);
    uint32_t ordinal = ordinals[n - v->nodes];
    struct rrset set;
    for (size_t position = 0; zone_node_rrset_next(v, n, &position, &set); ordinal += (uint32_t)set.count + set.sig_count) {
        if (set.type != type)
            continue;
        if (record >= (uint32_t)set.count + set.sig_count)
            return false;
        const struct zone_where *all = (const struct zone_where *)(ordinals + v->node_count);
        *out = all[ordinal + record];
        return true;
    }
    return false;
}

struct zone_version *zone_version_forget_where(struct zone_version *v)
{
    if (!v || !v->where)
        return v;
    v->bytes = (uint64_t)v->where * GRANULE;
    v->where = 0;
    struct zone_version *smaller = mem_resize(v, v->bytes);
    return smaller ? smaller : v;
}

bool zone_version_ttl_mixed(const struct zone_version *v, const struct zone_node *n, uint16_t type)
{
    const struct zone_set *set = node_set_find(v, n, type);
    return set && (set->bytes & SET_TTL_MIXED);
}

/* ---- sealing ---- */

/* Not secret: the same content must give the same number in every process. */
static const struct hash_key fingerprint_key = { UINT64_C(0x7a6f6e6520636f6e), UINT64_C(0x74656e7420763031) };

static uint64_t fingerprint_records(uint64_t name, uint16_t type, uint32_t ttl, const uint8_t *records, size_t bytes)
{
    const struct hash_key key = { name, (uint64_t)type << 32 | ttl };
    uint64_t sum = 0;
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    while (rrset_next(records, bytes, &offset, &rdata, &size))
        sum += hash_bytes(&key, rdata, size);
    return sum;
}

/* The SOA with its serial left out. */
static uint64_t fingerprint_soa(uint64_t name, const struct rrset *set)
{
    const struct hash_key key = { name, (uint64_t)TYPE_SOA << 32 | set->ttl };
    uint64_t sum = 0;
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    while (rrset_next(set->records, set->bytes, &offset, &rdata, &size)) {
        size_t serial = rdata_soa_serial_offset(rdata, size);
        if (serial + 4 > size)
            continue;
        sum += hash_bytes(&key, rdata, serial) * 3 + hash_bytes(&key, rdata + serial + 4, size - serial - 4);
    }
    return sum;
}

static uint64_t fingerprint(const struct zone_version *v)
{
    uint64_t sum = v->klass;
    for (uint32_t i = 0; i < v->node_count; i++) {
        const struct zone_node *n = &v->nodes[i];
        uint64_t name = hash_bytes_nocase(&fingerprint_key, version_at(v, n->data), n->length);
        struct rrset set;
        for (size_t position = 0; zone_node_rrset_next(v, n, &position, &set);) {
            sum += set.type == TYPE_SOA ? fingerprint_soa(name, &set)
                                        : fingerprint_records(name, set.type, set.ttl, set.records, set.bytes);
            if (set.sig_count)
                sum += fingerprint_records(name ^ set.type, TYPE_RRSIG, set.sig_ttl, set.sigs, set.sig_bytes);
        }
    }
    return sum;
}

void version_seal(struct zone_version *v)
{
    struct rrset soa = zone_version_soa(v);
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    if (soa.count && rrset_next(soa.records, soa.bytes, &offset, &rdata, &size)) {
        struct soa fields = rdata_soa(rdata, size);
        v->serial = fields.serial;
        v->negative_ttl = soa.ttl < fields.minimum ? soa.ttl : fields.minimum;
    }
    v->fingerprint = fingerprint(v);
    version_seal_denial(v);
}
