/* SPDX-License-Identifier: Apache-2.0 */
/* The short way of plain questions about zones that are there, which are nearly all: the steps of serve_exchange() in the same
 * order, each in the form that it has for them.  What turns out to be anything else has left no trace, and goes the long
 * way.  Both ways give the same octets and count the same. */
#include "serve/count.h"

/* A name that the test build answers late goes the long way. */
#ifdef RHIZ_TEST_DELAY
#include "serve/delay.h"
#else
static bool delay_wants(struct name_view name) { (void)name; return false; }
#endif

void lane_open(struct worker *w)
{
    const struct serve_setup *setup = w->setup;
    const struct answer_options *o = &setup->answer;
    bool open = setup->tap == NULL && !setup->cookies_required_udp && !o->follow_zones;
    w->lane = (struct answer_request){ .options = open ? o : NULL, .cache = w->cache, .hasher = w->hasher, .rotate = w->lane.rotate };
}

static bool limits_allow(const struct worker *w, const struct net_exchange *x, struct arrival *in, const struct answer_result *result)
{
    struct rrl *rrl = w->setup->rrl;
    uint64_t now = net_now(w->net).monotonic_ms;
    in->limited = true;
    in->verdict = rrl_admit(rrl, &x->peer.address, outcome_of(result->kind).rrl_class, limit_key(w, result), now);
    return in->verdict == RRL_SEND;
}

static inline void count(struct worker *w, const struct net_exchange *x, const struct query_plain *q, struct zone_slot *slot,
                         const struct reply *reply, const struct answer_result *result)
{
    enum serve_outcome outcome = outcome_of(result->kind).outcome;
    const struct count_side side = count_side(x);
    count_query(w, x, side, OPCODE_QUERY);
    count_type(w, q->type);
    count_edns(w, q->opt != NULL, q->dnssec_ok);
    count_zone(w, slot, outcome);
    count_response(w, side, reply->length, result->rcode, outcome, reply->flags & FLAG_TC);
    if (w->kernel_ring != NULL)
        kernel_offer(w, &(struct kernel_offered){ q->name, q->type, q->klass, q->dnssec_ok, x->transport == NET_UDP, outcome });
}

bool lane_exchange(struct worker *w, struct net_exchange *x, struct arrival *in)
{
    const struct query_plain *q = &in->plain;
    const struct serve_setup *setup = w->setup;
    if (!in->is_plain || in->version == NULL || w->lane.options == NULL)
        return false;
    if (q->klass == CLASS_ANY || type_is_meta(q->type) || delay_wants(q->name))
        return false;
    struct zone_slot *slot = zone_user(in->zone);
    struct told_cookie cookie;
    cookie.there = cookie.proven = false;
    cookie.answer = NULL;
    if ((q->cookie != NULL && setup->cookies && !cookie_take(w, x, q->cookie, q->cookie_bytes, &cookie)) || !slot_permits(slot, x))
        return false;

    struct reply reply;
    size_t opt = q->opt == NULL ? 0 : reply_opt_bytes(cookie.answer);
    reply_begin_plain(&reply, x->reply, reply_limit(setup, x, q->udp_payload) - opt, FLAG_QR | (q->flags & (FLAG_RD | FLAG_CD)), q);

    struct answer_result result;
    struct answer_request *request = &w->lane;
    request->version = in->version;
    request->name = q->name;
    request->type = q->type;
    request->klass = q->klass;
    request->dnssec_ok = q->dnssec_ok;
    request->udp = x->transport == NET_UDP;
    request->ahead = &in->ahead;
    if (answer_question(request, &reply, &result) != OK || result.ede != EDE_NONE)
        return false;
    if (setup->rrl != NULL && !cookie.proven && x->transport == NET_UDP && !limits_allow(w, x, in, &result))
        return false;
    if (opt != 0)
        reply_add_opt(&reply, setup->udp_payload, q->dnssec_ok, cookie.answer);
    if (cookie.there)
        count_up(cookie.counter);
    size_t bytes = reply_end(&reply, result.rcode);
    count(w, x, q, slot, &reply, &result);
    request->rotate++;
    net_reply_last(x, bytes);
    return true;
}
