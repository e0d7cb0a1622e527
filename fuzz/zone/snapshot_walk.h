/* SPDX-License-Identifier: Apache-2.0 */
/* Every walk that readers make through a version; what a check let through must stand all of them. */
#ifndef FUZZ_ZONE_SNAPSHOT_WALK_H
#define FUZZ_ZONE_SNAPSHOT_WALK_H

#include "zone/zone.h"

#include <string.h>

/* Reads every octet, so that AddressSanitizer sees those behind an end. */
static uint64_t walk_octets(const uint8_t *octets, size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += octets[i];
    return sum;
}

static uint64_t walk_records(const struct zone_version *v, uint16_t type, const uint8_t *records, size_t bytes, unsigned count, bool *sound)
{
    uint64_t sum = walk_octets(records, bytes);
    const uint8_t *rdata;
    uint16_t size;
    unsigned seen = 0;
    for (size_t offset = 0; rrset_next(records, bytes, &offset, &rdata, &size); seen++) {
        struct rdata_name name;
        *sound &= rdata_check(type, zone_version_class(v), rdata, size) == OK;
        for (size_t at = 0; rdata_name_next(type, zone_version_class(v), rdata, size, &at, &name);)
            sum += zone_node_find(v, name.name) != NULL;
    }
    *sound &= seen == count;
    return sum;
}

static uint64_t walk_sets(const struct zone_version *v, const struct zone_node *n, bool *sound)
{
    struct rrset set, again;
    uint64_t sum = 0;
    for (size_t position = 0; zone_node_rrset_next(v, n, &position, &set);) {
        sum += walk_records(v, set.type, set.records, set.bytes, set.count, sound) + walk_records(v, TYPE_RRSIG, set.sigs, set.sig_bytes, set.sig_count, sound);
        *sound &= zone_node_rrset(v, n, set.type, &again) == (set.count > 0) && (set.count == 0 || again.records == set.records);
        sum += zone_version_ttl_mixed(v, n, set.type);
    }
    return sum;
}

/* Looks for the name, and for names below and beside it. */
static uint64_t walk_name(const struct zone_version *v, const struct zone_node *n, bool *sound)
{
    struct name_view name = zone_node_name(v, n);
    static const char *const labels[] = { "*", "a", "zzzzzzzzzzzzzzzz" };
    uint8_t hash[20] = { 0 };
    bool match;
    const struct zone_node *itself = zone_node_find(v, name);      /* a name may be missed, but is never mistaken for another */
    *sound &= !itself || itself == n;
    struct zone_found found = zone_find(v, name);
    *sound &= found.outcome != ZONE_OUTSIDE && found.encloser;
    for (size_t i = 0; i < LENGTH_OF(labels); i++) {
        struct name below;
        if (name_prepend((const uint8_t *)labels[i], strlen(labels[i]), name, &below) != OK)
            continue;
        found = zone_find(v, name_view_of(&below));
        *sound &= found.outcome == ZONE_ABSENT || found.node;
        (void)zone_nsec_find(v, name_view_of(&below));
    }
    memcpy(hash, name.wire, name.length < sizeof hash ? name.length : sizeof hash);
    const struct zone_node *covering = zone_nsec3_find(v, hash, sizeof hash, &match);
    struct zone_nsec3_record record;
    *sound &= !covering || zone_node_nsec3(v, covering, &record);
    const struct zone_node *before = zone_nsec_find(v, name), *top = zone_node_top(v, n);
    return walk_octets(name.wire, name.length) + (before ? zone_node_name(v, before).length : 0) + (top ? zone_node_name(v, top).length : 0);
}

/* @return false when something found contradicts something else */
static bool snapshot_walk(const struct zone_version *v)
{
    bool sound = zone_version_has_soa(v) && zone_version_soa(v).count == 1 && zone_version_node(v, 0) == zone_version_apex(v);
    uint64_t records = 0;
    struct nsec3 parameters;
    (void)zone_version_nsec3(v, &parameters);
    for (uint32_t i = 0; i < zone_version_nodes(v); i++) {
        const struct zone_node *n = zone_version_node(v, i);
        struct rrset set;
        unsigned up = 0;
        for (const struct zone_node *at = n; at; at = zone_node_parent(v, at))
            sound &= ++up <= 128;
        (void)walk_name(v, n, &sound);
        (void)walk_sets(v, n, &sound);
        for (size_t position = 0; zone_node_rrset_next(v, n, &position, &set);)
            records += (uint64_t)set.count + set.sig_count;
    }
    return sound && records == zone_version_records(v);
}

#endif
