/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/inside.h"

enum { REFERRAL_PLAIN_BYTES = 192, POINTER_MAX = 0x3fff };

/* A referral being made. */
struct referral {
    const struct zone_node *cut;
    struct name_view name;
    struct rrset ns;
    size_t plain_at;        /* where the NS records with plain names stand in the message, had they all a pointer for their owner, as
                               the last one has; 0 = compressed */
};

/* Addresses of one name server; RRsets that are authoritative may be signed.
 * @param stands_at  where its name stands in the message; 0 = not known */
static void put_addresses(struct answering *a, struct name_view name, size_t stands_at, bool required)
{
    static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
    const unsigned how = PUT_SIGNED | (required ? 0u : (unsigned)PUT_OPTIONAL);
    const struct zone_node *node = zone_node_find(a->version, name);
    struct rrset set;
    for (size_t i = 0; node && i < LENGTH_OF(types); i++) {
        if (!zone_node_rrset(a->version, node, types[i], &set))
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
    struct name_view apex = zone_version_origin(a->version);
    unsigned count = 0;
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(r->ns.records, r->ns.bytes, &offset, &rdata, &size); count++) {
        if (count >= ANSWER_GLUE_MAX && (!below || a->result->truncated))
            break;              /* what is required goes on until the message is full */
        if (!name_ends_like(rdata, size, apex))
            continue;           /* another zone's, which is the case of most */
        struct cursor c = cursor_of(rdata, size);
        struct name_view target;
        if (name_read_plain(&c, &target) == OK && name_below(target, r->name) == below)
            put_addresses(a, target, r->plain_at ? r->plain_at + (size_t)(rdata - r->ns.records) : 0, below);
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

/* DS, or what proves that there is none.  @return false: that takes more than a copy */
static bool ready_proof(const struct answer_request *q, const struct zone_node *cut, struct rrset *proof)
{
    enum zone_denial denial = zone_version_denial(q->version);
    proof->count = 0;
    proof->bytes = proof->sig_bytes = 0;
    if (!q->dnssec_ok || (zone_node_rrset(q->version, cut, TYPE_DS, proof) && proof->sig_count))
        return true;
    proof->count = 0;
    proof->bytes = proof->sig_bytes = 0;
    return denial == ZONE_DENIAL_NONE || (denial == ZONE_DENIAL_NSEC && zone_node_rrset(q->version, cut, TYPE_NSEC, proof));
}

/* @return false: something did not fit */
static bool ready_addresses(const struct answer_request *q, struct name_view name, size_t stands_at, struct reply *reply)
{
    static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
    const struct zone_node *node = zone_node_find(q->version, name);
    struct rrset set;
    for (size_t i = 0; node && i < LENGTH_OF(types); i++)
        if (zone_node_rrset(q->version, node, types[i], &set) && !emit_at(reply, SECTION_ADDITIONAL, stands_at, &set, q->dnssec_ok))
            return false;
    return true;
}

/* As put_glue, where all of it fits.  @param ns_at  where the NS records stand in the message */
static bool ready_glue(const struct answer_request *q, struct name_view cut, const struct rrset *ns, size_t ns_at, bool below, struct reply *reply)
{
    struct name_view apex = zone_version_origin(q->version);
    unsigned count = 0;
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(ns->records, ns->bytes, &offset, &rdata, &size); count++) {
        if (!name_ends_like(rdata, size, apex))
            continue;
        struct cursor c = cursor_of(rdata, size);
        struct name_view target;
        if (count >= ANSWER_GLUE_MAX || name_read_plain(&c, &target) != OK)
            return false;
        if (name_below(target, cut) == below && !ready_addresses(q, target, ns_at + (size_t)(rdata - ns->records), reply))
            return false;
    }
    return true;
}

bool referral_ready(const struct answer_request *q, const struct zone_node *cut, bool glue, struct reply *reply)
{
    struct rrset ns, proof;
    struct name_view name = zone_node_name(q->version, cut);
    const struct reply_mark before = reply_mark(reply);
    if (!zone_node_rrset(q->version, cut, TYPE_NS, &ns) || ns.bytes > REFERRAL_PLAIN_BYTES || !ready_proof(q, cut, &proof) ||
        !emit_authority(reply, (size_t)q->name.length - name.length, &ns, &proof))
        return false;
    if (!glue || (ready_glue(q, name, &ns, before.length, true, reply) && ready_glue(q, name, &ns, before.length, false, reply)))
        return true;
    reply_rollback(reply, &before);
    return false;
}

bool answer_referral(struct answering *a, const struct zone_node *cut)
{
    struct referral r = { .cut = cut, .name = zone_node_name(a->version, cut) };
    a->result->kind = ANSWER_REFERRAL;
    if (a->chain_count == 0)
        a->result->key = r.name;
    if (!zone_node_rrset(a->version, cut, TYPE_NS, &r.ns))
        return true;
    return put_ns(a, &r) && put_ds(a, cut) && put_glue(a, &r, true) && put_glue(a, &r, false);
}
