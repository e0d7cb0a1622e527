/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a node from outside: whole, in order, each of its set's type, and with sound rdata. */
#include "zone/snapshot_inside.h"

enum { OWNER_POINTER = 0xc00c, RECORD_HEAD = RRSET_RECORD_HEAD, ADDRESS4_BYTES = 4, ADDRESS6_BYTES = 16 };

static bool name_fills(const uint8_t *wire, size_t size)
{
    size_t at = 0;
    if (size > NAME_MAX_BYTES)
        return false;
    while (at < size && (uint8_t)(wire[at] - 1u) < LABEL_MAX)
        at += 1u + wire[at];
    return at + 1 == size && wire[at] == 0;
}

/* The three most frequent ones without the table. */
static inline bool rdata_sound(const struct zone_version *v, uint16_t type, const uint8_t *rdata, uint16_t size)
{
    if (type == TYPE_NS)
        return name_fills(rdata, size);
    if (type == TYPE_A && v->klass == CLASS_IN)
        return size == ADDRESS4_BYTES;
    if (type == TYPE_AAAA && v->klass == CLASS_IN)
        return size == ADDRESS6_BYTES;
    return rdata_check(type, v->klass, rdata, size) == OK;
}

/* `count` records that fill `bytes`; covered: signatures over that type, 0 = none of those. */
static inline __attribute__((always_inline)) bool records_sound(const struct zone_version *v, const uint8_t *at, uint32_t bytes, uint16_t type, uint16_t count,
                                                                uint16_t covered)
{
    const uint64_t head = (uint64_t)OWNER_POINTER << 32 | (uint64_t)type << 16 | v->klass;
    for (; count > 0; count--) {
        if (bytes < RECORD_HEAD || ((uint64_t)get_u32(at) << 16 | get_u16(at + 4)) != head)
            return false;
        uint32_t size = get_u16(at + RECORD_HEAD - 2);
        if (size > bytes - RECORD_HEAD || !rdata_sound(v, type, at + RECORD_HEAD, (uint16_t)size))
            return false;
        if (type == TYPE_RRSIG && rdata_rrsig_covered(at + RECORD_HEAD, (uint16_t)size) != covered)
            return false;
        at += RECORD_HEAD + size;
        bytes -= RECORD_HEAD + size;
    }
    return bytes == 0;
}

/* Signatures of a set that take no more than `room`: their octets, or 0. */
static size_t sigs_sound(const struct zone_version *v, const struct zone_set *set, const uint8_t *at, size_t room, uint64_t *records)
{
    const struct zone_sigs *sigs = (const struct zone_sigs *)(const void *)at;
    if (room < sizeof *sigs || sigs->bytes > SET_BYTES || granule_up(sigs->bytes) > room - sizeof *sigs || sigs->count == 0 ||
        !records_sound(v, sigs->records, sigs->bytes, TYPE_RRSIG, sigs->count, set->type))
        return 0;
    *records += sigs->count;
    return sizeof *sigs + granule_up(sigs->bytes);
}

/* Octets of a set that fits into `room`, or 0. */
static inline size_t set_sound(const struct zone_version *v, const uint8_t *at, size_t room, uint64_t *records)
{
    const struct zone_set *set = (const struct zone_set *)(const void *)at;
    if (room < sizeof *set)
        return 0;
    uint32_t bytes = set->bytes & SET_BYTES;
    size_t used = sizeof *set + granule_up(bytes);
    if (used > room || (set->type == TYPE_RRSIG && set->count) || !records_sound(v, set->records, bytes, set->type, set->count, 0))
        return 0;
    *records += set->count;
    if (!(set->bytes & SET_SIGNED))
        return set->count ? used : 0;
    size_t more = sigs_sound(v, set, at + used, room - used, records);
    return more ? used + more : 0;
}

bool snapshot_sets_sound(const struct zone_version *v, const struct zone_node *n, size_t room, struct snapshot_contents *out)
{
    const uint8_t *body = node_body(n);
    size_t at = directory_bytes(n->sets);
    const uint32_t *directory = at ? (const uint32_t *)(const void *)body : NULL;
    int type = -1;
    if (at > room)
        return false;
    for (unsigned i = 0; i < n->sets; i++) {
        const struct zone_set *set = (const struct zone_set *)(const void *)(body + at);
        size_t used = set_sound(v, body + at, room - at, &out->records);
        if (used == 0 || set->type <= type || (directory && directory[i] != version_place(v, set)))
            return false;
        type = set->type;
        if (type < 64 && set->count)
            out->types |= snapshot_type_bit((unsigned)type);
        at += used;
    }
    return at == room;
}
