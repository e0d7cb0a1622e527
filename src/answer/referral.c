/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/inside.h"

/* Addresses of one name server; RRsets that are authoritative may be signed. */
static void put_addresses(struct answering *a, struct name_view name, bool required)
{
    static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
    const struct zone_node *node = zone_node_find(a->version, name);
    struct rrset set;
    for (size_t i = 0; node && i < LENGTH_OF(types); i++)
        if (zone_node_rrset(a->version, node, types[i], &set))
            (void)put_rrset(a, SECTION_ADDITIONAL, name, &set, PUT_SIGNED | (required ? 0u : (unsigned)PUT_OPTIONAL));
}

/* RFC 9471: glue below the cut is required, or TC (and as much of it as fits); that of siblings is sent when it fits, and
 * comes last. */
static bool put_glue(struct answering *a, struct name_view cut, const struct rrset *ns, bool below)
{
    unsigned count = 0;
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(ns->records, ns->bytes, &offset, &rdata, &size); count++) {
        if (count >= ANSWER_GLUE_MAX && (!below || a->result->truncated))
            break;              /* what is required goes on until the message is full */
        struct cursor c = cursor_of(rdata, size);
        struct name_view target;
        if (name_read_plain(&c, &target) != OK || name_below(target, cut) != below)
            continue;
        put_addresses(a, target, below);
    }
    return !a->result->truncated;
}

/* With DO: the DS, or the proof that there is none (RFC 4035 3.1.4).  In an unsigned zone a DS means nothing. */
static bool put_ds(struct answering *a, const struct zone_node *cut)
{
    struct rrset ds;
    if (!a->request->dnssec_ok)
        return true;
    if (zone_node_rrset(a->version, cut, TYPE_DS, &ds) && ds.sig_count)
        return put_rrset(a, SECTION_AUTHORITY, zone_node_name(a->version, cut), &ds, PUT_SIGNED);
    return denial_no_ds(a, cut);
}

bool answer_referral(struct answering *a, const struct zone_node *cut)
{
    struct rrset ns;
    struct name_view name = zone_node_name(a->version, cut);
    a->result->kind = ANSWER_REFERRAL;
    if (a->chain_count == 0)
        a->result->key = name;
    if (!zone_node_rrset(a->version, cut, TYPE_NS, &ns))
        return true;
    return put_rrset(a, SECTION_AUTHORITY, name, &ns, PUT_PLAIN) && put_ds(a, cut) && put_glue(a, name, &ns, true) &&
           put_glue(a, name, &ns, false);
}
