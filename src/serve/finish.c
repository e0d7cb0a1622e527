/* SPDX-License-Identifier: Apache-2.0 */
/* The last steps: EDNS, rate limit, counters, and out. */
#include "serve/count.h"

/* What OPT says whatever the answer will be. */
void finish_edns_prepare(struct visit *v)
{
    const struct edns *asked = &v->query.edns;
    struct edns_reply *edns = &v->edns;
    edns->udp_payload = v->setup->udp_payload;
    edns->dnssec_ok = asked->dnssec_ok;
    if (asked->nsid && v->setup->nsid != NULL) {
        edns->nsid = (const uint8_t *)v->setup->nsid;
        edns->nsid_bytes = (uint16_t)v->setup->nsid_bytes;
    }
    if (asked->keepalive && v->x->transport == NET_TCP) {
        edns->keepalive = true;
        edns->keepalive_100ms = net_keepalive(v->x);
    }
}

/* Options that only an answer from a zone brings: zone version and expire. */
enum { LATE_OPTIONS_BYTES = (4 + 6) + (4 + 4) };

void finish_edns_reserve(struct visit *v)
{
    if (!v->query.edns.present)
        return;
    size_t bytes = edns_reply_bytes(&v->edns);
    if (v->query.edns.zoneversion || v->query.edns.expire)
        bytes += LATE_OPTIONS_BYTES;
    if (bytes + v->reply.length > v->reply.limit)
        return;                             /* cannot be: a question and options are below 512; finish() copes */
    v->reply.limit -= bytes;
    v->reserved = bytes;
}

/* An extended error is the first to go when room is short, its text before its code. */
static void shorten_edns(struct edns_reply *edns, size_t room)
{
    if (edns_reply_bytes(edns) > room)
        edns->ede_text = NULL;
    if (edns_reply_bytes(edns) > room)
        edns->ede = EDE_NONE;
    if (edns_reply_bytes(edns) > room) {
        edns->nsid = NULL;
        edns->expire = edns->zoneversion = false;
    }
}

static void add_edns(struct visit *v)
{
    v->reply.limit += v->reserved;
    if (!v->query.edns.present)
        return;
    v->edns.rcode = v->rcode;
    /* Without what came late, OPT takes what was kept for it. */
    if (v->reserved == 0 || v->edns.ede != EDE_NONE)
        shorten_edns(&v->edns, v->reply.limit - v->reply.length);
    if (reply_add_edns(&v->reply, &v->edns) == OK)
        return;
    reply_clear_records(&v->reply);
    v->reply.flags |= FLAG_TC;
    (void)!reply_add_edns(&v->reply, &v->edns);
}

/* @return false when the answer is to be dropped. */
static bool limit_rate(struct visit *v)
{
    if (v->setup->rrl == NULL || v->proven)
        return true;
    struct serve_counters *c = &v->worker->counters;
    uint64_t now = net_now(v->worker->net).monotonic_ms;
    enum rrl_verdict verdict =
        v->in->limited ? v->in->verdict : rrl_admit(v->setup->rrl, &v->x->peer.address, v->rrl_class, v->rrl_key, now);
    if (verdict == RRL_SEND)
        return true;
    if (verdict == RRL_DROP) {
        count_up(&c->rrl_dropped);
        return false;
    }
    count_up(&c->rrl_slipped);
    reply_clear_records(&v->reply);
    if (v->cookie.there)                    /* it can prove itself with the cookie that goes along, without TCP */
        visit_fail(v, RCODE_BADCOOKIE, EDE_NONE, NULL);
    else
        v->reply.flags |= FLAG_TC;
    return true;
}

static void offer(const struct visit *v)
{
    const struct question *q = &v->query.question;
    const struct kernel_offered offered = { q->view, q->type, q->klass, v->query.edns.dnssec_ok, v->x->transport == NET_UDP, v->outcome };
    kernel_offer(v->worker, &offered);
}

void finish(struct visit *v)
{
    if (!limit_rate(v)) {
        finish_silent(v, SERVE_DROPPED);
        return;
    }
    add_edns(v);
    if (v->rcode > 15 && !v->query.edns.present)
        v->rcode = RCODE_SERVFAIL;          /* an extended code has no place without OPT */
    size_t bytes = reply_end(&v->reply, v->rcode);
    count_response(v->worker, count_side(v->x), bytes, v->rcode, v->outcome, v->reply.flags & FLAG_TC);
    if (v->tap)
        tap_exchange(v->setup->tap, v->worker->index, v->x, v->reply.data, bytes);
    if (v->worker->kernel_ring != NULL && v->zone != NULL && v->edns.ede == EDE_NONE)
        offer(v);
    net_reply_last(v->x, bytes);
}

void finish_silent(struct visit *v, enum serve_outcome outcome)
{
    count_up(&v->worker->counters.outcome[outcome]);
    if (v->tap)
        tap_exchange(v->setup->tap, v->worker->index, v->x, NULL, 0);
    net_drop(v->x);
}
