/* SPDX-License-Identifier: Apache-2.0 */
#include "answer/inside.h"

static bool minimal_any(const struct answer_request *q)
{
    return q->udp ? q->options->minimal_any_udp : q->options->minimal_any_tcp;
}

/* All RRsets of the node, or one (RFC 8482 4.1): at the apex the SOA, else the first.  In a full answer signatures are
 * records like others. */
bool answer_any(struct answering *a, const struct zone_node *node, bool *none)
{
    bool one = minimal_any(a->request);
    struct rrset set;
    if (one && zone_node_rrset(a->version, node, TYPE_SOA, &set)) {
        *none = false;
        return put_rrset(a, SECTION_ANSWER, a->name, &set, PUT_SIGNED);
    }
    for (size_t position = 0; zone_node_rrset_next(a->version, node, &position, &set);) {
        if (set.count == 0 && one)
            continue;
        *none = false;
        if (set.count && !put_rrset(a, SECTION_ANSWER, a->name, &set, PUT_SIGNED | PUT_ROTATED))
            return false;
        bool sigs_left = set.sig_count && !(set.count && a->request->dnssec_ok);
        if (!one && sigs_left && !put_sigs(a, SECTION_ANSWER, a->name, &set))
            return false;
        if (one)
            break;
    }
    return true;
}

/* RRSIGs are asked for by themselves: those of all RRsets, or of one where ANY gets one. */
bool answer_rrsig(struct answering *a, const struct zone_node *node, bool *none)
{
    struct rrset set;
    for (size_t position = 0; zone_node_rrset_next(a->version, node, &position, &set);) {
        if (set.sig_count == 0)
            continue;
        *none = false;
        if (!put_sigs(a, SECTION_ANSWER, a->name, &set))
            return false;
        if (minimal_any(a->request))
            break;
    }
    return true;
}
