/* SPDX-License-Identifier: Apache-2.0 */
/* A zone as a stream of messages: SOA, everything else in canonical order, SOA again.  RFC 5936 §2.2. */
#include "transfer/transfer.h"
#include "wire/wire.h"
#include <string.h>

enum {
    /* Compression pointers reach 16 KiB; past that a message only grows. A record that needs more gets a message to itself. */
    MESSAGE_AIM_BYTES = 16384,
    BACKLOG_BYTES = 131072,     /* pause while the client has this much to read */
};

enum stage { STAGE_FIRST_SOA, STAGE_RECORDS, STAGE_LAST_SOA, STAGE_DONE };

struct axfr {
    struct net_exchange *x;
    const struct zone_version *version;
    uint16_t id, flags, klass, type;
    struct name qname;
    bool first_message, broken;
    enum stage stage;
    /* Where the walk stands: node, RRset, whether its signatures are on, octet. */
    uint32_t node;
    size_t position, offset;
    struct rrset set;
    bool in_set, in_sigs;
    struct edns_reply edns;
    bool has_edns;
    uint8_t cookie[64], *nsid;
    struct transfer_totals totals;
    void (*done)(void *context, const struct transfer_totals *totals);
    void *context;
};

/* A record to send; false at the end of the walk. */
struct outgoing {
    struct name_view owner;
    uint16_t type;
    uint32_t ttl;
    const uint8_t *rdata;
    uint16_t size;
};

static bool set_next(struct axfr *a)
{
    while (a->node < zone_version_nodes(a->version)) {
        const struct zone_node *node = zone_version_node(a->version, a->node);
        if (zone_node_rrset_next(a->version, node, &a->position, &a->set)) {
            a->in_sigs = false;
            a->offset = 0;
            return true;
        }
        a->node++;
        a->position = 0;
    }
    return false;
}

static bool record_next(struct axfr *a, struct outgoing *out)
{
    for (;;) {
        if (!a->in_set && !(a->in_set = set_next(a)))
            return false;
        const struct zone_node *node = zone_version_node(a->version, a->node);
        bool soa = a->set.type == TYPE_SOA && node == zone_version_apex(a->version);
        out->owner = zone_node_name(a->version, node);
        out->type = a->in_sigs ? (uint16_t)TYPE_RRSIG : a->set.type;
        out->ttl = a->in_sigs ? a->set.sig_ttl : a->set.ttl;
        bool got = a->in_sigs ? rrset_next(a->set.sigs, a->set.sig_bytes, &a->offset, &out->rdata, &out->size)
                              : rrset_next(a->set.records, a->set.bytes, &a->offset, &out->rdata, &out->size);
        if (got && (a->in_sigs || !soa))
            return true;                    /* the SOA itself stands at both ends */
        if (got)
            continue;
        a->offset = 0;
        if (a->in_sigs || a->set.sig_count == 0)
            a->in_set = false;
        else
            a->in_sigs = true;
    }
}

static bool soa_record(struct axfr *a, struct outgoing *out)
{
    struct rrset soa = zone_version_soa(a->version);
    size_t offset = 0;
    out->owner = zone_version_origin(a->version);
    out->type = TYPE_SOA;
    out->ttl = soa.ttl;
    return rrset_next(soa.records, soa.bytes, &offset, &out->rdata, &out->size);
}

/* The next record and the stage after it; the walk is only moved on by taking it. */
static bool outgoing_next(struct axfr *a, struct outgoing *out)
{
    if (a->stage == STAGE_FIRST_SOA) {
        a->stage = STAGE_RECORDS;
        return soa_record(a, out);
    }
    if (a->stage == STAGE_RECORDS) {
        if (record_next(a, out))
            return true;
        a->stage = STAGE_LAST_SOA;
    }
    if (a->stage == STAGE_LAST_SOA) {
        a->stage = STAGE_DONE;
        return soa_record(a, out);
    }
    return false;
}

static void message_start(struct axfr *a, struct reply *reply, size_t limit)
{
    reply_begin(reply, a->x->reply, limit < a->x->reply_room ? limit : a->x->reply_room, a->id, a->flags);
    if (!a->first_message)
        return;
    /* Question and OPT go with the first message (RFC 5936 2.2.1, 2.2.5); both fit whatever the limit. */
    if (reply_add_question(reply, name_view_of(&a->qname), a->type, a->klass) != OK)
        a->broken = true;
    if (a->has_edns)
        reply->limit -= edns_reply_bytes(&a->edns);
}

static size_t message_end(struct axfr *a, struct reply *reply)
{
    if (a->first_message && a->has_edns) {
        reply->limit += edns_reply_bytes(&a->edns);
        if (reply_add_edns(reply, &a->edns) != OK)
            a->broken = true;
    }
    a->first_message = false;
    size_t bytes = reply_end(reply, RCODE_NOERROR);
    a->totals.messages++;
    a->totals.bytes += bytes;
    return bytes;
}

static bool put(struct axfr *a, struct reply *reply, const struct outgoing *r)
{
    if (reply_add(reply, SECTION_ANSWER, r->owner, r->type, zone_version_class(a->version), r->ttl, r->rdata, r->size) != OK)
        return false;
    a->totals.records++;
    return true;
}

/* Fills and ends one message.  `held` is the record that did not fit the one before. */
static size_t message_fill(struct axfr *a, struct outgoing *held, bool *has_held)
{
    struct reply reply;
    struct outgoing r = *held;
    uint64_t before = a->totals.records;
    bool have = *has_held || outgoing_next(a, &r);
    *has_held = false;
    message_start(a, &reply, MESSAGE_AIM_BYTES);
    while (have && put(a, &reply, &r))
        have = outgoing_next(a, &r);
    if (have && a->totals.records > before) {
        *held = r;
        *has_held = true;
    } else if (have) {
        message_start(a, &reply, a->x->reply_room);
        if (!put(a, &reply, &r))
            a->broken = true;               /* a record over 64 KiB cannot be sent in any message */
    }
    return message_end(a, &reply);
}

static void finish(struct axfr *a)
{
    if (a->done != NULL)
        a->done(a->context, &a->totals);
    zone_version_free((void *)(uintptr_t)a->version);
    mem_free(a->nsid);
    mem_free(a);
}

/* Runs whenever the connection has room. */
static void more(struct net_exchange *x)
{
    struct axfr *a = x->user;
    struct outgoing held = { 0 };
    bool has_held = false;
    while (!net_gone(x)) {
        if (!has_held && net_backlog(x) > BACKLOG_BYTES)
            return;
        size_t bytes = message_fill(a, &held, &has_held);
        if (a->broken) {
            net_hang_up(x);
            finish(a);
            return;
        }
        if (a->stage == STAGE_DONE && !has_held) {
            a->totals.complete = true;
            net_reply_last(x, bytes);
            finish(a);
            return;
        }
        if (!net_reply_more(x, bytes))
            break;
    }
    net_drop(x);
    finish(a);
}

static bool keep_edns(struct axfr *a, const struct message *query, const struct edns_reply *edns)
{
    a->edns = *edns;
    a->has_edns = query->edns.present;
    a->edns.rcode = RCODE_NOERROR;
    a->edns.ede = EDE_NONE;
    a->edns.ede_text = NULL;
    if (edns->cookie != NULL && edns->cookie_bytes <= sizeof a->cookie) {
        memcpy(a->cookie, edns->cookie, edns->cookie_bytes);
        a->edns.cookie = a->cookie;
    } else {
        a->edns.cookie = NULL;
    }
    if (edns->nsid == NULL)
        return true;
    a->nsid = mem_alloc(edns->nsid_bytes + 1u);
    if (a->nsid == NULL)
        return false;
    memcpy(a->nsid, edns->nsid, edns->nsid_bytes);
    a->edns.nsid = a->nsid;
    return true;
}

enum status transfer_axfr(struct net_exchange *x, const struct message *query, const struct edns_reply *edns,
                          const struct zone_version *version,
                          void (*done)(void *context, const struct transfer_totals *totals), void *context)
{
    struct axfr *a = mem_alloc(sizeof *a);
    if (a == NULL)
        return E_NOMEM;
    bool kept = keep_edns(a, query, edns);
    a->x = kept ? net_park(x) : NULL;
    if (a->x == NULL) {
        mem_free(a->nsid);
        mem_free(a);
        return kept ? E_LIMIT : E_NOMEM;
    }
    a->x->user = a;
    a->version = version;
    zone_version_hold(version);
    a->id = query->id;
    a->flags = (uint16_t)(FLAG_QR | FLAG_AA | (query->flags & FLAG_RD));
    a->klass = query->question.klass;
    a->type = query->question.type;
    a->qname = name_copy(query->question.view);
    a->first_message = true;
    a->done = done;
    a->context = context;
    net_stream(a->x, more);
    return OK;
}
