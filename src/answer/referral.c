/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/inside.h"

enum { REFERRAL_PLAIN_BYTES = 192, POINTER_MAX = 0x3fff };

/* A referral being made. */
struct referral {
    struct name_view name;
    struct rrset ns;
    size_t plain_at;        /* where the NS records with plain names stand in the message, had they all a pointer for their owner, as
                               the last one has; 0 = compressed */
};

static const uint16_t address_types[] = { TYPE_A, TYPE_AAAA };

/* The name servers of a cut that have names in the zone, those below the cut or the others. */
struct servers {
    const struct rrset *ns;
    struct name_view apex, cut;
    bool below;
    size_t offset;
    unsigned seen;          /* records that have been looked at */
};

/* @param at  where its name stands in the NS records.  Those of other zones, which most have, are told by a quick look. */
static bool servers_next(struct servers *s, struct name_view *target, size_t *at)
{
    const uint8_t *rdata;
    uint16_t size;
    while (rrset_next(s->ns->records, s->ns->bytes, &s->offset, &rdata, &size)) {
        struct cursor c = cursor_of(rdata, size);
        s->seen++;
        *at = (size_t)(rdata - s->ns->records);
        if (name_ends_like(rdata, size, s->apex) && name_read_plain(&c, target) == OK && name_below(*target, s->cut) == s->below)
            return true;
    }
    return false;
}

/* Addresses of one name server; RRsets that are authoritative may be signed.
 * @param stands_at  where its name stands in the message; 0 = not known */
static void put_addresses(struct answering *a, struct name_view name, size_t stands_at, bool required)
{
    const unsigned how = PUT_SIGNED | (required ? 0u : (unsigned)PUT_OPTIONAL);
    const struct zone_node *node = zone_node_find(a->version, name);
    struct rrset set;
    for (size_t i = 0; node && i < LENGTH_OF(address_types); i++) {
        if (!zone_node_rrset(a->version, node, address_types[i], &set))
            continue;
        if (stands_at)
            (void)emit_rrset(a, SECTION_ADDITIONAL, emit_pointer(stands_at), &set, how, UINT32_MAX);
        else
            (void)put_rrset(a, SECTION_ADDITIONAL, name, &set, how);
    }
}

/* RFC 9471: glue below the cut is required, or TC (and as much of it as fits); that of siblings is sent when it fits, and
 * comes last. */
static bool put_glue(struct answering *a, const struct referral *r, bool below)
{
    struct servers servers = { .ns = &r->ns, .apex = zone_version_origin(a->version), .cut = r->name, .below = below };
    struct name_view target;
    size_t at;
    while (servers_next(&servers, &target, &at)) {
        if (servers.seen > ANSWER_GLUE_MAX && (!below || a->result->truncated))
            break;              /* what is required goes on until the message is full */
        put_addresses(a, target, r->plain_at ? r->plain_at + at : 0, below);
    }
    return !a->result->truncated;
}

/* The question ends in the cut, unless a chain led there. */
static struct emit_owner cut_owner(const struct answering *a, struct name_view cut)
{
    return emit_below(a, cut, a->chain_count == 0 ? cut : zone_version_origin(a->version));
}

/* With DO: the DS, or the proof that there is none (RFC 4035 3.1.4).  In an unsigned zone a DS means nothing. */
static bool put_ds(struct answering *a, const struct zone_node *cut)
{
    struct rrset ds;
    if (!a->request->dnssec_ok)
        return true;
    if (zone_node_rrset(a->version, cut, TYPE_DS, &ds) && ds.sig_count)
        return emit_rrset(a, SECTION_AUTHORITY, cut_owner(a, zone_node_name(a->version, cut)), &ds, PUT_SIGNED, UINT32_MAX);
    return denial_no_ds(a, cut);
}

/* A small NS RRset goes out as it lies, a large one compressed: its names have much in common, and its glue needs the room. */
static bool put_ns(struct answering *a, struct referral *r)
{
    if (r->ns.bytes > REFERRAL_PLAIN_BYTES)
        return put_rrset(a, SECTION_AUTHORITY, r->name, &r->ns, PUT_PLAIN);
    bool fits = emit_rrset(a, SECTION_AUTHORITY, cut_owner(a, r->name), &r->ns, PUT_PLAIN, UINT32_MAX);
    if (a->reply->length <= POINTER_MAX)
        r->plain_at = a->reply->length - r->ns.bytes;
    return fits;
}

bool referral_is_work(const struct zone_version *version, const struct zone_node *cut)
{
    struct name_view apex = zone_version_origin(version);
    struct rrset ns;
    const uint8_t *rdata;
    uint16_t size;
    if (apex.labels == 0 || !zone_node_rrset(version, cut, TYPE_NS, &ns) || ns.bytes > REFERRAL_PLAIN_BYTES)
        return true;
    for (size_t offset = 0; rrset_next(ns.records, ns.bytes, &offset, &rdata, &size);)
        if (name_ends_like(rdata, size, apex))
            return true;
    return false;
}

/* ---- without an answering ---- */

/* DS, or what proves that there is none; count 0: it goes without.  @return false: that takes more than a copy */
static bool ready_proof(const struct answer_request *q, const struct zone_node *cut, struct rrset *proof)
{
    enum zone_denial denial = zone_version_denial(q->version);
    if (q->dnssec_ok && zone_node_rrset(q->version, cut, TYPE_DS, proof) && proof->sig_count)
        return true;
    proof->count = 0;
    return !q->dnssec_ok || denial == ZONE_DENIAL_NONE || (denial == ZONE_DENIAL_NSEC && zone_node_rrset(q->version, cut, TYPE_NSEC, proof));
}

/* As put_glue, where all of it fits.  @param ns_at  where the NS records stand in the message */
static bool ready_glue(const struct answer_request *q, struct name_view cut, const struct rrset *ns, size_t ns_at, bool below, struct reply *reply)
{
    struct servers servers = { .ns = ns, .apex = zone_version_origin(q->version), .cut = cut, .below = below };
    struct name_view target;
    struct rrset set;
    size_t at;
    while (servers_next(&servers, &target, &at)) {
        const struct zone_node *node = zone_node_find(q->version, target);
        if (servers.seen > ANSWER_GLUE_MAX)
            return false;
        for (size_t i = 0; node && i < LENGTH_OF(address_types); i++)
            if (zone_node_rrset(q->version, node, address_types[i], &set) && !emit_at(reply, SECTION_ADDITIONAL, ns_at + at, &set, q->dnssec_ok))
                return false;
    }
    return true;
}

bool referral_ready(const struct answer_request *q, const struct zone_node *cut, bool glue, struct reply *reply)
{
    struct rrset ns, proof;
    struct name_view name = zone_node_name(q->version, cut);
    const size_t owner_at = HEADER_BYTES + (size_t)q->name.length - name.length;
    const struct reply_mark before = reply_mark(reply);
    if (!zone_node_rrset(q->version, cut, TYPE_NS, &ns) || ns.bytes > REFERRAL_PLAIN_BYTES || !ready_proof(q, cut, &proof))
        return false;
    if (emit_at(reply, SECTION_AUTHORITY, owner_at, &ns, false) && (proof.count == 0 || emit_at(reply, SECTION_AUTHORITY, owner_at, &proof, true)) &&
        (!glue || (ready_glue(q, name, &ns, before.length, true, reply) && ready_glue(q, name, &ns, before.length, false, reply))))
        return true;
    reply_rollback(reply, &before);
    return false;
}

bool answer_referral(struct answering *a, const struct zone_node *cut)
{
    struct referral r = { .name = zone_node_name(a->version, cut) };
    a->result->kind = ANSWER_REFERRAL;
    if (a->chain_count == 0)
        a->result->key = r.name;
    if (!zone_node_rrset(a->version, cut, TYPE_NS, &r.ns))
        return true;
    return put_ns(a, &r) && put_ds(a, cut) && put_glue(a, &r, true) && put_glue(a, &r, false);
}
