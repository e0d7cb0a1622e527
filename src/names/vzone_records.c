/* SPDX-License-Identifier: Apache-2.0 */
/* RRsets that stand on chain: brought into the tree of the DNS, without what must not be told. */
#include "names/vzone_inside.h"

#include <string.h>

bool vzone_address_is_private(const uint8_t *a, size_t octets)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, nat64[12] = { 0, 0x64, 0xff, 0x9b }, nat64_local[6] = { 0, 0x64, 0xff, 0x9b, 0, 1 }, unspecified[12];
    if (octets == 16) {
        if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
            return vzone_address_is_private(a + 12, 4);
        if (memcmp(a, unspecified, 12) == 0)
            return vzone_address_is_private(a + 12, 4); /* ::, ::1, and IPv4 inside of ::/96, RFC 4291 2.5.5.1 */
        if (memcmp(a, nat64_local, 6) == 0)
            return true;                                /* RFC 8215 */
        if (a[0] == 0x20 && a[1] == 0x02)
            return vzone_address_is_private(a + 2, 4);  /* 6to4, RFC 3056 */
        return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && a[1] >= 0x80);     /* RFC 4193; link-local and site-local */
    }
    switch (a[0]) {
    case 0: case 10: case 127: return true;
    case 100: return (a[1] & 0xc0) == 64;               /* RFC 6598 */
    case 169: return a[1] == 254;
    case 172: return (a[1] & 0xf0) == 16;
    case 192: return a[1] == 168;
    default: return false;
    }
}

/* Hints of HTTPS and SVCB, RFC 9460 7.3.  The rdata was checked. */
static bool hints_are_private(const uint8_t *rdata, size_t size)
{
    enum { KEY_IPV4 = 4, KEY_IPV6 = 6 };
    struct cursor c = cursor_of(rdata, size);
    struct name_view target;
    (void)cursor_take(&c, 2);
    if (name_read_plain(&c, &target) != OK)
        return true;
    for (const uint8_t *head; (head = cursor_take(&c, 4)) != NULL;) {
        uint16_t key = get_u16(head), bytes = get_u16(head + 2);
        const uint8_t *value = cursor_take(&c, bytes);
        size_t one = key == KEY_IPV4 ? 4 : key == KEY_IPV6 ? 16 : 0;
        for (size_t at = 0; value != NULL && one != 0 && at + one <= bytes; at += one)
            if (vzone_address_is_private(value + at, one))
                return true;
    }
    return false;
}

static bool may_tell(const struct mount_options *mount, uint16_t type, const uint8_t *rdata, size_t size)
{
    if (mount->private_addresses)
        return true;
    if ((type == TYPE_A && size == 4) || (type == TYPE_AAAA && size == 16))
        return !vzone_address_is_private(rdata, size);
    if (type == TYPE_HTTPS || type == TYPE_SVCB)
        return !hints_are_private(rdata, size);
    return true;
}

/* Names in it that lie in the mount are told as the DNS has them. @return false: one gets too long */
static bool rdata_to_dns(const struct mount_options *mount, uint16_t type, const uint8_t *rdata, size_t size, uint8_t *out, size_t room, size_t *length)
{
    struct rdata_name found;
    size_t offset = 0, from = 0, at = 0;
    while (rdata_name_next(type, CLASS_IN, rdata, size, &offset, &found)) {
        struct name mapped;
        size_t before = found.offset - from;
        if (!tree_to_dns(mount, found.name, &mapped) || at + before + mapped.length > room)
            return false;
        memcpy(out + at, rdata + from, before);
        memcpy(out + at + before, mapped.wire, mapped.length);
        at += before + mapped.length;
        from = found.offset + found.name.length;
    }
    if (at + (size - from) > room)
        return false;
    memcpy(out + at, rdata + from, size - from);
    *length = at + (size - from);
    return true;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void add_one(struct making *m, struct name_view owner, const struct fact_records *set, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    uint8_t mapped[4096];
    if (!may_tell(m->mount, set->type, rdata, size))
        return;
    if (!tree_is_one(m->mount)) {
        if (!rdata_to_dns(m->mount, set->type, rdata, size, mapped, sizeof mapped, &size)) {
            making_failed(m, set->type, CHAIN_FAILURE_NONE, "a name in a record is too long below this suffix");
            return;
        }
        rdata = mapped;
    }
    making_add(m, owner, set->type, ttl, rdata, size);
}

static void add_set(struct making *m, const struct facts *facts, const struct fact_records *set)
{
    struct name owner;
    struct cursor c = cursor_of((const uint8_t *)set->fact.value.data, set->fact.value.length);
    uint32_t limit = facts->ens && facts->e.registry_ttl != 0 && facts->e.registry_ttl < UINT32_MAX ? (uint32_t)facts->e.registry_ttl : UINT32_MAX;
    if (!tree_to_dns(m->mount, set->owner, &owner) || !name_below(name_view_of(&owner), name_view_of(&m->origin)))
        return;
    for (const uint8_t *head; (head = cursor_take(&c, 6)) != NULL;) {
        uint32_t ttl = get_u32(head);
        uint16_t size = get_u16(head + 4);
        const uint8_t *rdata = cursor_take(&c, size);
        if (rdata == NULL)
            break;
        if (ttl > INT32_MAX)
            ttl = 0;                                    /* RFC 2181 8 */
        m->out->chain_ttl = least(m->out->chain_ttl, ttl);
        add_one(m, name_view_of(&owner), set, least(ttl, limit), rdata, size);
    }
}

bool records_have(const struct facts *facts, struct name_view owner, uint16_t type)
{
    const struct fact_records *set = facts_records(facts, owner, type);
    return set != NULL && set->fact.state == FACT_PRESENT;
}

/* SOA and NS of a name's own apex belong to a version that begins there. */
static bool is_apex_set(const struct facts *facts, const struct fact_records *set)
{
    return (set->type == TYPE_SOA || set->type == TYPE_NS) && name_equal(set->owner, zone_of(facts));
}

void records_add(struct making *m, const struct facts *facts, bool apex_only)
{
    /* Other names' zones lie within this one without an edge. */
    const bool own = m->own && name_equal(zone_of(facts), zone_of(m->in->facts[0].facts));
    for (size_t i = 0; i < facts->record_count; i++) {
        const struct fact_records *set = &facts->records[i];
        if (set->fact.state != FACT_PRESENT || (is_apex_set(facts, set) && !own))
            continue;
        if (set->type == TYPE_SOA && !is_apex_set(facts, set))
            continue;                                   /* there is one zone here */
        if (apex_only && !is_apex_set(facts, set))
            continue;
        add_set(m, facts, set);
    }
}
