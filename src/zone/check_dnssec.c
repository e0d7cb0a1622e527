/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a zone that came signed is signed whole.  Nothing is verified here: this room knows no cryptography. */
#include "zone/check_inside.h"

#include <stdio.h>
#include <string.h>

enum { RRSIG_LEAST = 19, HASH_ROOM = 64 };

static const uint8_t *first_record(const struct rrset *set, uint16_t *size)
{
    const uint8_t *rdata;
    size_t offset = 0;
    return rrset_next(set->records, set->bytes, &offset, &rdata, size) ? rdata : NULL;
}

void check_dnssec_begin(struct checker *c)
{
    const struct zone_node *apex = zone_version_apex(c->version);
    struct rrset set;
    c->has_keys = zone_node_rrset(c->version, apex, TYPE_DNSKEY, &set);
    c->uses_nsec3 = zone_node_rrset(c->version, apex, TYPE_NSEC3PARAM, &set);
    const struct zone_node *node;
    for (uint32_t i = 0; !c->uses_nsec3 && (node = zone_version_node(c->version, i)) != NULL; i++)
        c->uses_nsec3 = zone_node_is_nsec3(node);
}

/* Keeps the one that stands first in the file, and where that is: looking up two places in turn would be dear. */
static void tally_add(const struct checker *c, struct tally *t, struct subject at)
{
    struct zone_where where = { 0 };
    bool placed = zone_version_where(c->version, at.node, at.type, at.record, &where);
    bool earlier = placed && t->placed && where_before(where, t->where);
    if (t->count++ == 0 || earlier)
        *t = (struct tally){ at, where, t->count, placed };
}

/* ---- signatures ---- */

static bool key_known(struct checker *c, uint8_t algorithm, uint16_t tag)
{
    struct rrset keys;
    const uint8_t *rdata;
    uint16_t size;
    if (c->key_met && c->key_algorithm == algorithm && c->key_tag == tag)
        return true;            /* nearly all signatures are of one key */
    if (!zone_node_rrset(c->version, zone_version_apex(c->version), TYPE_DNSKEY, &keys))
        return false;
    for (size_t at = 0; rrset_next(keys.records, keys.bytes, &at, &rdata, &size);) {
        if (size > 3 && rdata[3] == algorithm && rdata_key_tag(rdata, size) == tag) {
            c->key_met = true;
            c->key_algorithm = algorithm;
            c->key_tag = tag;
            return true;
        }
    }
    return false;
}

static void check_signature(struct checker *c, struct subject at, const uint8_t *rdata, uint16_t size)
{
    if (size < RRSIG_LEAST)
        return;
    /* Dates wrap as serial numbers do: RFC 4034 3.1.5. */
    if (serial_compare(get_u32(rdata + 8), c->now) == SERIAL_LESS)
        tally_add(c, &c->expired, at);
    if (serial_compare(get_u32(rdata + 12), c->now) == SERIAL_GREATER)
        tally_add(c, &c->not_yet, at);
    if (!name_equal(name_view_wire(rdata + 18), zone_version_origin(c->version)))
        tally_add(c, &c->foreign_signer, at);
    else if (!key_known(c, rdata[2], get_u16(rdata + 16)))
        tally_add(c, &c->foreign_key, at);
}

static void check_signatures(struct checker *c, const struct zone_node *node, const struct rrset *set)
{
    const uint8_t *rdata;
    uint16_t size, index = 0;
    for (size_t at = 0; set->sig_count && rrset_next(set->sigs, set->sig_bytes, &at, &rdata, &size); index++)
        check_signature(c, (struct subject){ node, set->type, (uint16_t)(set->count + index) }, rdata, size);
    c->signatures += set->sig_count;
    if (set->count == 0 && set->sig_count)
        tally_add(c, &c->orphan, (struct subject){ node, set->type, 0 });
    bool delegation = zone_node_is_cut(node) && set->type != TYPE_DS && set->type != TYPE_NSEC;
    if (set->count && !set->sig_count && !delegation && c->has_keys)    /* else nobody asks */
        tally_add(c, &c->is_unsigned, (struct subject){ node, set->type, 0 });
}

/* ---- NSEC ---- */

/* How many types a bit map tells of. */
static unsigned types_count(const uint8_t *map, size_t bytes)
{
    unsigned count = 0;
    struct cursor cursor = cursor_of(map, bytes);
    while (cursor_left(&cursor) > 0 && !cursor.failed) {
        cursor_u8(&cursor);
        uint8_t length = cursor_u8(&cursor);
        const uint8_t *bits = cursor_take(&cursor, length);
        for (unsigned i = 0; bits && i < length; i++)
            count += (unsigned)__builtin_popcount(bits[i]);
    }
    return count;
}

static bool types_right(const struct checker *c, const struct zone_node *node, const uint8_t *rdata, uint16_t size)
{
    struct name_view next = name_view_wire(rdata);
    struct rrset set;
    unsigned expected = 0;
    bool any_signed = false;
    for (size_t position = 0; zone_node_rrset_next(c->version, node, &position, &set);) {
        any_signed |= set.sig_count > 0;
        bool glue = zone_node_is_cut(node) && set.type != TYPE_NS && set.type != TYPE_DS && set.type != TYPE_NSEC;
        if (set.count == 0 || glue)
            continue;
        expected++;
        if (!rdata_types_have(TYPE_NSEC, rdata, size, set.type))
            return false;
    }
    /* A half-signed zone has no RRSIG where the map promises one; that is told as half-signed. */
    bool promised = rdata_types_have(TYPE_NSEC, rdata, size, TYPE_RRSIG);
    if (any_signed && !promised)
        return false;
    return types_count(rdata + next.length, (size_t)size - next.length) == expected + promised;
}

static void chain_step(struct checker *c, const struct zone_node *node, struct name_view name)
{
    if (c->last_nsec && !name_equal(c->last_next, name)) {
        char text[NAME_TEXT_ROOM];
        finding_add(c, CHECK_NSEC_CHAIN, (struct subject){ c->last_nsec, TYPE_NSEC, 0 }, "the next name that should be proven is %.160s",
                    name_to_text(name, text));
    }
    c->last_nsec = node;
}

static void check_nsec(struct checker *c, const struct zone_node *node)
{
    struct rrset set;
    uint16_t size;
    const uint8_t *rdata = c->look & LOOK_NSEC && zone_node_rrset(c->version, node, TYPE_NSEC, &set) ? first_record(&set, &size) : NULL;
    if (!rdata) {
        size_t position = 0;
        if (c->has_keys && zone_node_rrset_next(c->version, node, &position, &set))
            tally_add(c, &c->no_nsec, (struct subject){ node, set.type, 0 });
        c->last_nsec = NULL;        /* the hole is told; where the chain should lead is not known across it */
        return;
    }
    chain_step(c, node, zone_node_name(c->version, node));
    c->last_next = name_view_wire(rdata);
    if (!types_right(c, node, rdata, size))
        finding_add(c, CHECK_NSEC_TYPES, (struct subject){ node, TYPE_NSEC, 0 }, "the types of the NSEC are not those of its name");
}

/* ---- NSEC3 ---- */

static bool same_chain(const struct nsec3 *a, const struct nsec3 *b)
{
    return a->algorithm == b->algorithm && a->iterations == b->iterations && a->salt_length == b->salt_length &&
           memcmp(a->salt, b->salt, a->salt_length) == 0;
}

/* Order of names is order of hashes: base32hex keeps it. */
static void check_nsec3(struct checker *c, const struct zone_node *node)
{
    struct rrset set;
    const uint8_t *rdata;
    uint16_t size;
    struct nsec3 used, one;
    if (!zone_node_rrset(c->version, node, TYPE_NSEC3, &set))
        return;
    if (!c->first_nsec3)
        c->first_nsec3 = node;
    if (!zone_version_nsec3(c->version, &used))
        return;
    uint8_t hash[HASH_ROOM];
    size_t length;
    struct name_view name = zone_node_name(c->version, node);
    if (base32hex_decode(slice_of((const char *)name.wire + 1, name.wire[0]), hash, sizeof hash, &length) != OK)
        return;
    for (size_t at = 0; rrset_next(set.records, set.bytes, &at, &rdata, &size);) {
        if (!rdata_nsec3(TYPE_NSEC3, rdata, size, &one) || !same_chain(&used, &one))
            continue;
        bool follows = c->last_hash == NULL || (c->last_hash_bytes == length && memcmp(c->last_hash, hash, length) == 0);
        if (!follows)
            finding_add(c, CHECK_NSEC3_CHAIN, (struct subject){ c->last_nsec, TYPE_NSEC3, 0 }, "the next hash should be %.*s", name.wire[0],
                        (const char *)name.wire + 1);
        if (!c->last_hash)
            c->chain_start = node;
        c->last_nsec = node;
        c->last_hash = one.next;
        c->last_hash_bytes = one.next_length;
        return;
    }
}

static void end_nsec3(struct checker *c)
{
    struct nsec3 used;
    if (c->first_nsec3 && !zone_version_nsec3(c->version, &used))
        finding_add(c, CHECK_NSEC3PARAM_MISSING, (struct subject){ c->first_nsec3, TYPE_NSEC3, 0 },
                    "no NSEC3PARAM at the zone's name tells of this chain, so no server can use it");
    if (!c->chain_start)
        return;
    uint8_t hash[HASH_ROOM];
    size_t length;
    struct name_view name = zone_node_name(c->version, c->chain_start);
    if (base32hex_decode(slice_of((const char *)name.wire + 1, name.wire[0]), hash, sizeof hash, &length) == OK &&
        (length != c->last_hash_bytes || memcmp(hash, c->last_hash, length) != 0))
        finding_add(c, CHECK_NSEC3_CHAIN, (struct subject){ c->last_nsec, TYPE_NSEC3, 0 }, "the last NSEC3 does not point to the first");
}

static void check_nsec3param(struct checker *c, const struct zone_node *apex)
{
    struct rrset set;
    struct nsec3 n;
    const uint8_t *rdata;
    uint16_t size, record = 0;
    if (!zone_node_rrset(c->version, apex, TYPE_NSEC3PARAM, &set))
        return;
    for (size_t at = 0; rrset_next(set.records, set.bytes, &at, &rdata, &size); record++) {
        if (!rdata_nsec3(TYPE_NSEC3PARAM, rdata, size, &n) || (n.iterations == 0 && n.salt_length == 0))
            continue;
        finding_add(c, CHECK_NSEC3_ITERATIONS, (struct subject){ apex, TYPE_NSEC3PARAM, record },
                    "%u extra iterations and %u octets of salt: 0 and none are right, resolvers may refuse more", n.iterations, n.salt_length);
    }
}

static void check_zonemd(struct checker *c, const struct zone_node *apex)
{
    struct rrset set;
    const uint8_t *rdata;
    uint16_t size, record = 0;
    if (!zone_node_rrset(c->version, apex, TYPE_ZONEMD, &set))
        return;
    for (size_t at = 0; rrset_next(set.records, set.bytes, &at, &rdata, &size); record++) {
        if (size >= 4 && get_u32(rdata) != zone_version_serial(c->version))
            finding_add(c, CHECK_ZONEMD_SERIAL, (struct subject){ apex, TYPE_ZONEMD, record }, "the digest is of serial %u, the zone has %u",
                        get_u32(rdata), zone_version_serial(c->version));
    }
}

/* ---- all ---- */

void check_node_dnssec(struct checker *c, const struct zone_node *node)
{
    struct rrset set;
    if (zone_node_is_empty(node) || zone_version_occludes(c->version, node))
        return;
    bool nothing = !c->has_keys && !(c->look & LOOK_SIGNED);
    for (size_t position = 0; !nothing && zone_node_rrset_next(c->version, node, &position, &set);)
        check_signatures(c, node, &set);
    if (zone_node_is_nsec3(node))
        check_nsec3(c, node);
    else if (!c->uses_nsec3)
        check_nsec(c, node);
}

static void tell_tally(struct checker *c, const struct tally *t, enum check_id id, const char *what)
{
    char more[64] = "";
    if (t->count == 0)
        return;
    if (t->count > 1)
        snprintf(more, sizeof more, " (the first of %u)", t->count);
    finding_add(c, id, t->at, "%s%s", what, more);
}

static void end_signatures(struct checker *c)
{
    tell_tally(c, &c->expired, CHECK_RRSIG_EXPIRED, "the signature has expired: sign the zone again");
    tell_tally(c, &c->not_yet, CHECK_RRSIG_NOT_YET, "the signature is not valid yet");
    tell_tally(c, &c->foreign_key, CHECK_RRSIG_WITHOUT_DNSKEY, "no DNSKEY of the zone made this signature");
    tell_tally(c, &c->foreign_signer, CHECK_RRSIG_SIGNER, "the signer is another zone");
    tell_tally(c, &c->orphan, CHECK_RRSIG_WITHOUT_RRSET, "the signature covers records that do not exist");
    if (c->has_keys && c->signatures)
        tell_tally(c, &c->is_unsigned, CHECK_HALF_SIGNED, "the zone is signed, but these records have no signature");
}

void check_dnssec_end(struct checker *c)
{
    const struct zone_node *apex = zone_version_apex(c->version);
    check_nsec3param(c, apex);
    check_zonemd(c, apex);
    end_signatures(c);
    if (c->uses_nsec3) {
        end_nsec3(c);
        return;
    }
    if (c->last_nsec)
        chain_step(c, NULL, zone_version_origin(c->version));
    if (c->has_keys && c->signatures)
        tell_tally(c, &c->no_nsec, CHECK_NSEC_MISSING, "the zone is signed, but nothing proves this name: it has no NSEC");
}
