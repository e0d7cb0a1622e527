/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/inside.h"

bool put_truncated(struct answering *a)
{
    a->result->truncated = true;
    return false;
}

/* Records of one kind, from the one at `first` round to the one before it.  @return false when they do not fit. */
static bool add_all(struct answering *a, enum section section, struct name_view owner, uint16_t type, uint32_t ttl,
                    const uint8_t *records, size_t bytes, size_t first)
{
    const uint8_t *rdata;
    uint16_t size;
    for (int round = 0; round < 2; round++) {
        size_t offset = round ? 0 : first, end = round ? first : bytes;
        while (offset < end && rrset_next(records, bytes, &offset, &rdata, &size))
            if (reply_add(a->reply, section, owner, type, a->request->klass, ttl, rdata, size) != OK)
                return false;
    }
    return true;
}

/* Where the record of this number starts. */
static size_t record_offset(const struct rrset *set, uint32_t number)
{
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    while (number-- && rrset_next(set->records, set->bytes, &offset, &rdata, &size))
        continue;
    return offset;
}

/* Nothing in it depends on the message but the owner, which is the question's name. */
static bool is_ready(const struct answering *a, struct name_view owner, const struct rrset *set, unsigned how)
{
    return owner.wire == a->request->name.wire && owner.length > 1 && set->count && !rdata_may_compress(set->type, a->request->klass) &&
           !((how & PUT_ROTATED) && a->request->options->round_robin);
}

bool put_rrset(struct answering *a, enum section section, struct name_view owner, const struct rrset *set, unsigned how)
{
    if (is_ready(a, owner, set, how))
        return emit_rrset(a, section, emit_question(), set, how, UINT32_MAX);
    struct reply_mark mark = reply_mark(a->reply);
    size_t first = 0;
    if ((how & PUT_ROTATED) && a->request->options->round_robin && set->count > 1)
        first = record_offset(set, a->request->rotate % set->count);
    bool fits = add_all(a, section, owner, set->type, set->ttl, set->records, set->bytes, first);
    if (fits && (how & PUT_SIGNED) && a->request->dnssec_ok)
        fits = add_all(a, section, owner, TYPE_RRSIG, set->sig_ttl, set->sigs, set->sig_bytes, 0);
    if (fits)
        return true;
    reply_rollback(a->reply, &mark);
    return (how & PUT_OPTIONAL) || put_truncated(a);
}

bool put_sigs(struct answering *a, enum section section, struct name_view owner, const struct rrset *set)
{
    struct reply_mark mark = reply_mark(a->reply);
    if (add_all(a, section, owner, TYPE_RRSIG, set->sig_ttl, set->sigs, set->sig_bytes, 0))
        return true;
    reply_rollback(a->reply, &mark);
    return put_truncated(a);
}

bool put_record(struct answering *a, enum section section, struct name_view owner, uint16_t type, uint32_t ttl,
                const uint8_t *rdata, size_t size)
{
    return reply_add(a->reply, section, owner, type, a->request->klass, ttl, rdata, size) == OK || put_truncated(a);
}

bool put_negative_soa(struct answering *a)
{
    struct rrset soa = zone_version_soa(a->version);
    struct name_view origin = zone_version_origin(a->version);
    return emit_rrset(a, SECTION_AUTHORITY, emit_below(a, origin, origin), &soa, PUT_SIGNED, zone_version_negative_ttl(a->version));
}
