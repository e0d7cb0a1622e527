/* SPDX-License-Identifier: Apache-2.0 */
/** @file answer/answer.h -- authoritative: question + zone version -> reply.  RFC 1034 §4.3.2 and its successors.
 *
 *  Knows nothing of who asks.  No heap; borrows the version for the call. */
#ifndef ANSWER_ANSWER_H
#define ANSWER_ANSWER_H

#include "wire/wire.h"
#include "zone/zone.h"

struct answer_request {
    const struct zone_version *version;     /**< the zone to answer from; its apex is at or above the name */
    struct name_view name;                  /**< as asked, case kept */
    uint16_t type;
    bool dnssec_ok;
    bool minimal;                           /**< no additional data but glue */
    bool minimal_any;                       /**< ANY gets one RRset (RFC 8482) */
    uint32_t rotate;                        /**< RRsets start with record (rotate mod count): round robin; 0 = as stored */
    /** The zone in which a CNAME chain that leaves this one goes on; NULL function or result: the chain ends at the edge.
     *  What it returns must stay borrowed until answer_question returns. */
    const struct zone_version *(*follow)(void *context, struct name_view name, uint16_t type);
    void *follow_context;
};

enum answer_kind { ANSWER_POSITIVE, ANSWER_NODATA, ANSWER_NXDOMAIN, ANSWER_REFERRAL, ANSWER_ERROR };

struct answer_result {
    uint16_t rcode;
    bool authoritative;             /**< AA */
    bool truncated;                 /**< TC: something required did not fit */
    enum answer_kind kind;
    const struct zone_node *about;  /**< the node that made the answer: the name itself, wildcard, cut, or closest encloser of what does
                                         not exist; rate limits group by it.  NULL with ANSWER_ERROR */
    uint16_t ede;                   /**< EDE_NONE mostly */
    const char *ede_text;
};

/** Fills answer, authority and additional of a reply that has its question already.  Room for OPT has been kept by the caller.
 *  @return OK with *out; E_INVALID when the version breaks a promise (then answer SERVFAIL) */
MUST_CHECK enum status answer_question(const struct answer_request *request, struct reply *reply, struct answer_result *out);

#endif
