/* SPDX-License-Identifier: Apache-2.0 */
/* Records that lie answer-ready in a version go out by copying; only their owner is set, and for negative answers the TTL.
 * Owners point to the question where it ends in them, never into what a stranger put in front. */
#include "answer/inside.h"
#include <string.h>

enum { RECORD_HEAD = 12, TTL_AT = 6, LENGTH_AT = 10, POINTER = 0xc000, POINTER_MAX = 0x3fff };

struct emit_owner emit_question(void) { return (struct emit_owner){ .pointer = POINTER | HEADER_BYTES }; }

struct emit_owner emit_pointer(size_t offset) { return (struct emit_owner){ .pointer = (uint16_t)(POINTER | offset) }; }

/* The question lies at or below the apex of the version that it was asked of, not of one that a chain led to. */
struct emit_owner emit_below(const struct answering *a, struct name_view name, struct name_view base)
{
    struct emit_owner owner = { .name = name.wire };
    if (base.length == 1 || a->version != a->request->version) {
        owner.plain = name.length;
        return owner;
    }
    owner.plain = (uint8_t)(name.length - base.length);
    owner.pointer = (uint16_t)(POINTER | (HEADER_BYTES + a->request->name.length - base.length));
    return owner;
}

/* @param ttl_max  lowers the TTLs above it */
static void copy_records(uint8_t *to, const uint8_t *records, size_t bytes, uint16_t owner, uint32_t ttl_max)
{
    memcpy(to, records, bytes);
    if (owner == (POINTER | HEADER_BYTES) && ttl_max == UINT32_MAX)     /* as they lie */
        return;
    for (size_t at = 0; at < bytes; at += RECORD_HEAD + (size_t)get_u16(to + at + LENGTH_AT)) {
        put_u16(to + at, owner);
        if (get_u32(to + at + TTL_AT) > ttl_max)
            put_u32(to + at + TTL_AT, ttl_max);
    }
}

/* The first record with its owner spelt out.  @return octets written */
static size_t put_spelt(uint8_t *to, const struct emit_owner *owner, const uint8_t *record, uint32_t ttl_max)
{
    size_t rest = RECORD_HEAD - 2 + (size_t)get_u16(record + LENGTH_AT), head = owner->plain;
    memcpy(to, owner->name, owner->plain);
    if (owner->pointer) {
        put_u16(to + head, owner->pointer);
        head += 2;
    }
    memcpy(to + head, record + 2, rest);
    if (get_u32(to + head + TTL_AT - 2) > ttl_max)
        put_u32(to + head + TTL_AT - 2, ttl_max);
    return head + rest;
}

static void emit_group(struct reply *reply, enum section section, struct emit_owner *owner, const uint8_t *records, size_t bytes,
                       unsigned count, uint32_t ttl_max)
{
    uint8_t *to = reply_at(reply);
    size_t spelt = 0, first = 0;
    if (owner->plain) {
        size_t place = reply->length;
        spelt = put_spelt(to, owner, records, ttl_max);
        first = RECORD_HEAD + (size_t)get_u16(records + LENGTH_AT);
        *owner = emit_pointer(place);           /* from here on it stands in the message */
    }
    if (bytes > first)
        copy_records(to + spelt, records + first, bytes - first, owner->pointer, ttl_max);
    reply_take(reply, section, count, spelt + bytes - first);
}

bool emit_rrset(struct answering *a, enum section section, struct emit_owner owner, const struct rrset *set, unsigned how,
                uint32_t ttl_max)
{
    bool sigs = (how & PUT_SIGNED) && a->request->dnssec_ok && set->sig_count;
    size_t bytes = set->bytes + (sigs ? set->sig_bytes : 0);
    if (owner.plain)                            /* instead of the pointer that the first record has */
        bytes = bytes + owner.plain + (owner.pointer ? 2u : 0u) - 2;
    if (set->count == 0 || bytes > reply_left(a->reply) || (owner.plain && a->reply->length > POINTER_MAX))
        return (how & PUT_OPTIONAL) || put_truncated(a);
    emit_group(a->reply, section, &owner, set->records, set->bytes, set->count, ttl_max);
    if (sigs)
        emit_group(a->reply, section, &owner, set->sigs, set->sig_bytes, set->sig_count, ttl_max);
    return true;
}

/* ---- without an answering: the short way ---- */

bool emit_at(struct reply *reply, enum section section, size_t owner_at, const struct rrset *set, bool signed_too)
{
    uint16_t owner = (uint16_t)(POINTER | owner_at);
    size_t sigs = signed_too ? set->sig_bytes : 0;
    if (set->bytes + sigs > reply_left(reply) || owner_at > POINTER_MAX)
        return false;
    copy_records(reply_at(reply), set->records, set->bytes, owner, UINT32_MAX);
    reply_take(reply, section, set->count, set->bytes);
    if (sigs == 0)
        return true;
    copy_records(reply_at(reply), set->sigs, sigs, owner, UINT32_MAX);
    reply_take(reply, section, set->sig_count, sigs);
    return true;
}

bool emit_negative_soa(const struct zone_version *version, struct reply *reply)
{
    size_t soa_bytes, origin = zone_version_origin(version).length, owner = origin == 1 ? 1 : 2;
    const uint8_t *soa = zone_version_soa_record(version, &soa_bytes);
    uint8_t *to = reply_at(reply);
    if (soa == NULL || soa_bytes - 2 + owner > reply_left(reply))
        return false;
    put_u16(to, (uint16_t)(POINTER | (HEADER_BYTES + reply->question_length - origin)));
    if (owner == 1)
        to[0] = 0;
    memcpy(to + owner, soa + 2, soa_bytes - 2);
    put_u32(to + owner + TTL_AT - 2, zone_version_negative_ttl(version));      /* at most that of the SOA */
    reply_take(reply, SECTION_AUTHORITY, 1, soa_bytes - 2 + owner);
    return true;
}

bool emit_cname(struct reply *reply, struct name_view question, const struct rrset *cname, struct name_view target, const struct rrset *set,
                bool signed_too)
{
    size_t shared = name_strip(target, target.labels - name_shared_labels(target, question)).length, front = target.length - shared;
    size_t rdata = shared == 1 ? target.length : front + 2, sigs = signed_too ? cname->sig_bytes : 0, target_sigs = signed_too ? set->sig_bytes : 0;
    size_t place = reply->length + RECORD_HEAD, suffix = HEADER_BYTES + (size_t)question.length - shared;
    uint8_t *to = reply_at(reply);
    if (RECORD_HEAD + rdata + sigs + set->bytes + target_sigs > reply_left(reply) || place > POINTER_MAX || target.length == 1)
        return false;                   /* the root: no pointer is shorter */
    memcpy(to, cname->records, RECORD_HEAD);
    put_u16(to + LENGTH_AT, (uint16_t)rdata);
    memcpy(to + RECORD_HEAD, target.wire, shared == 1 ? target.length : front);
    if (shared > 1)
        put_u16(to + RECORD_HEAD + front, (uint16_t)(POINTER | suffix));
    reply_take(reply, SECTION_ANSWER, 1, RECORD_HEAD + rdata);
    if (sigs)
        memcpy(reply_at(reply), cname->sigs, sigs);
    reply_take(reply, SECTION_ANSWER, sigs ? cname->sig_count : 0, sigs);
    /* The target stands in the CNAME, or it is the end of the question. */
    return emit_at(reply, SECTION_ANSWER, front == 0 && shared > 1 ? suffix : place, set, signed_too);
}
