/* SPDX-License-Identifier: Apache-2.0 */
/* The hall.  serve_exchange() is the only place where the order of steps is written. */
#include "serve/count.h"
#include <string.h>

/* What a worker thread needs besides: a name that the test build answers late. */
#ifdef RHIZ_TEST_DELAY
#include "serve/delay.h"
#else
static bool delay_question(struct visit *v) { (void)v; return false; }
static void delay_clear(struct worker *w) { (void)w; }
#endif

void visit_fail(struct visit *v, uint16_t rcode, uint16_t ede, const char *text)
{
    v->rcode = rcode;
    v->edns.ede = ede;
    v->edns.ede_text = text;
    v->rrl_class = RRL_ERROR;
    v->rrl_key = 0;
    v->reply.flags &= (uint16_t)~FLAG_AA;
    switch (rcode) {
    case RCODE_FORMERR: v->outcome = SERVE_FORMERR; break;
    case RCODE_SERVFAIL: v->outcome = SERVE_SERVFAIL; break;
    case RCODE_NOTIMP: v->outcome = SERVE_NOTIMP; break;
    case RCODE_REFUSED: v->outcome = SERVE_REFUSED; break;
    case RCODE_NOTAUTH: v->outcome = SERVE_NOTAUTH; break;
    case RCODE_BADVERS: v->outcome = SERVE_BADVERS; break;
    case RCODE_BADCOOKIE: v->outcome = SERVE_BADCOOKIE; break;
    default: v->outcome = SERVE_OTHER; break;
    }
}

void visit_servfail(struct visit *v, enum serve_failure failure)
{
    static const uint16_t ede[SERVE_FAILURES] = {
        [SERVE_FAILURE_NOT_LOADED] = EDE_NOT_READY,
        [SERVE_FAILURE_INTERNAL] = EDE_OTHER,
        [SERVE_FAILURE_SOURCE] = EDE_OTHER,
        [SERVE_FAILURE_NO_MEMORY] = EDE_OTHER,
    };
    reply_clear_records(&v->reply);
    count_up(&v->worker->counters.failure[failure]);
    visit_fail(v, RCODE_SERVFAIL, ede[failure], serve_failure_text(failure));
}

/* ---- one question ---- */

/* By what the zone holds, never by a stranger's name: random names below a wildcard share one bucket. */
uint64_t limit_key(const struct worker *w, const struct answer_result *result)
{
    return hash_link_nocase(&w->serve->key, 0, result->key.wire, result->key.length);
}

struct counted_outcome outcome_of(enum answer_kind kind)
{
    static const struct counted_outcome outcomes[] = {
        [ANSWER_POSITIVE] = { SERVE_NOERROR, RRL_POSITIVE },   [ANSWER_NODATA] = { SERVE_NODATA, RRL_NODATA },
        [ANSWER_NXDOMAIN] = { SERVE_NXDOMAIN, RRL_NXDOMAIN },  [ANSWER_REFERRAL] = { SERVE_REFERRAL, RRL_REFERRAL },
        [ANSWER_ERROR] = { SERVE_OTHER, RRL_ERROR },
    };
    return outcomes[kind];
}

void visit_take(struct visit *v, const struct answer_result *result)
{
    const struct counted_outcome counted = outcome_of(result->kind);
    v->rcode = result->rcode;
    v->outcome = counted.outcome;
    v->rrl_class = counted.rrl_class;
    if (v->setup->rrl != NULL)
        v->rrl_key = limit_key(v->worker, result);
    v->edns.ede = result->ede;
    v->edns.ede_text = result->ede_text;
    if (v->query.question.klass == CLASS_ANY)
        v->reply.flags &= (uint16_t)~FLAG_AA;       /* RFC 1034 3.7.1 */
}

static bool client_may_ask(const struct net_exchange *x, const struct zone *zone) { return slot_permits(zone_user(zone), x); }

/* A chain must not lead a client into a zone that it may not ask itself. */
static bool may_follow(void *context, const struct zone *zone) { return client_may_ask(context, zone); }

enum status visit_answer(struct visit *v, const struct serve_view *view, struct reply *reply, struct answer_result *result)
{
    const struct answer_request request = {
        .version = v->version,
        .name = v->query.question.view,
        .type = v->query.question.type,
        .klass = v->query.question.klass == CLASS_ANY ? CLASS_IN : v->query.question.klass,
        .dnssec_ok = v->query.edns.dnssec_ok,
        .udp = v->x->transport == NET_UDP,
        .rotate = v->worker->lane.rotate++,
        .options = &v->setup->answer,
        .table = view->zones,
        .may_follow = may_follow,
        .follow_context = v->x,
        .ahead = v->in->version == v->version ? &v->in->ahead : NULL,
        .cache = v->worker->cache,
        .hasher = v->worker->hasher,
    };
    return answer_question(&request, reply, result);
}

static void answer_from_zone(struct visit *v, const struct serve_view *view)
{
    struct answer_result result;
    if (visit_answer(v, view, &v->reply, &result) != OK)
        visit_servfail(v, SERVE_FAILURE_INTERNAL);
    else
        visit_take(v, &result);
}

/* Types that a question may not have, or whose service this version does not have. @return true when it failed the visit. */
static bool refuse_type(struct visit *v)
{
    uint16_t type = v->query.question.type;
    if (!type_is_meta(type) || type == TYPE_ANY || type == TYPE_AXFR)
        return false;
    if (type == TYPE_IXFR)
        visit_fail(v, RCODE_NOTIMP, EDE_NOT_SUPPORTED, "IXFR is not in this version, use AXFR");
    else if (type == TYPE_MAILA || type == TYPE_MAILB)
        visit_fail(v, RCODE_NOTIMP, EDE_NOT_SUPPORTED, "obsolete question type");
    else
        visit_fail(v, RCODE_FORMERR, EDE_NONE, NULL);
    return true;
}

void tell_version(struct visit *v)
{
    if (v->query.edns.zoneversion) {
        v->edns.zoneversion = true;
        v->edns.zoneversion_labels = zone_version_origin(v->version).labels;
        v->edns.zoneversion_serial = zone_version_serial(v->version);
    }
    uint16_t type = v->query.question.type;
    if (v->query.edns.expire && (type == TYPE_SOA || type == TYPE_AXFR)) {      /* RFC 7314 3.2: a primary tells the SOA's */
        struct rrset soa = zone_version_soa(v->version);
        size_t offset = 0;
        uint16_t size;
        const uint8_t *rdata;
        v->edns.expire = rrset_next(soa.records, soa.bytes, &offset, &rdata, &size);
        if (v->edns.expire)
            v->edns.expire_seconds = rdata_soa(rdata, size).expire;
    }
}

/* From the client to its view, and towards its zone. */
static void arrival_view(struct arrival *in, const struct serve_setup *setup, const struct net_exchange *x)
{
    const struct query_plain *q = &in->plain;
    in->viewed = true;
    in->view = route_view(setup, &x->peer.address);
    in->begun = in->view == NULL ? 0 : zone_table_begin(in->view->zones, q->name, q->klass);
}

/* From the name to its zone and version. */
static void arrival_zone(struct arrival *in)
{
    const struct query_plain *q = &in->plain;
    in->zone = in->view == NULL ? NULL : route_zone(in->view, q->name, q->type, q->klass, in->begun);
    in->version = in->zone == NULL ? NULL : zone_current(in->zone);
}

/* All that, for a question that no batch was gone through for, or that is not plain. */
static void arrival_route(struct arrival *in, const struct serve_setup *setup, const struct net_exchange *x, const struct question *q)
{
    if (in->viewed)
        return;
    in->source = NULL;
    in->plain.name = q->view;
    in->plain.type = q->type;
    in->plain.klass = q->klass;
    arrival_view(in, setup, x);
    arrival_zone(in);
    if (in->version != NULL)
        zone_ahead_begin(&in->ahead, in->version, q->view);
}

/* The source that goes before the zone, or NULL. */
static const struct serve_source *route_source(const struct visit *v, struct serve_question *out)
{
    const struct serve *serve = v->worker->serve;
    const struct question *q = &v->query.question;
    const struct arrival *in = v->in;
    if (serve->source_count == 0 || (q->view.length >= 3 && !filter_wants(serve->filter, q->view)))
        return NULL;
    *out = (struct serve_question){ in->view, &v->x->peer.address, q->view, q->type, q->klass, v->query.edns.dnssec_ok, v->x->transport == NET_UDP };
    /* Those of other classes were not looked for ahead. */
    return q->klass == CLASS_IN && in->source != NULL ? in->source : source_find(serve, out, in->zone);
}

static bool ask_source(struct visit *v, const struct serve_source *source, const struct serve_question *question)
{
    if (question->type == TYPE_AXFR) {
        count_up(&v->worker->counters.transfers_refused);
        visit_fail(v, RCODE_REFUSED, EDE_NOT_SUPPORTED, "these names are looked up one by one, there is no zone to transfer");
        return false;
    }
    if (source_answer(v, source, question))
        return true;
    if (v->zone != NULL)
        count_zone(v->worker, zone_user(v->zone), v->outcome);
    return false;
}

/* @return true when the exchange was taken over (a transfer, or parked). */
static bool route_question(struct visit *v)
{
    const struct question *q = &v->query.question;
    if (refuse_type(v))
        return false;
    arrival_route(v->in, v->setup, v->x, q);
    const struct serve_view *view = v->in->view;
    if (view == NULL) {
        count_up(&v->worker->counters.acl_refused);
        visit_fail(v, RCODE_REFUSED, EDE_PROHIBITED, "no view for this client");
        return false;
    }
    struct serve_question question;
    const struct serve_source *source = route_source(v, &question);
    if (source != NULL)
        return ask_source(v, source, &question);
    if (q->type == TYPE_AXFR)
        return xfr_serve(v, view);

    v->zone = v->in->zone;
    if (v->zone == NULL) {
        if (q->klass == CLASS_CH && chaos_answer(v))
            return false;
        visit_fail(v, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, NULL);
        return false;
    }
    if (!client_may_ask(v->x, v->zone)) {
        count_up(&v->worker->counters.acl_refused);
        visit_fail(v, RCODE_REFUSED, EDE_PROHIBITED, NULL);
        return false;
    }
    v->version = v->in->version;
    if (v->version == NULL) {
        visit_servfail(v, SERVE_FAILURE_NOT_LOADED);
    } else {
        if (v->query.edns.zoneversion || v->query.edns.expire)
            tell_version(v);
        answer_from_zone(v, view);
    }
    count_zone(v->worker, zone_user(v->zone), v->outcome);
    return false;
}

/* ---- the order of steps ---- */

bool cookie_take(struct worker *w, const struct net_exchange *x, const uint8_t *cookie, size_t bytes, struct told_cookie *out)
{
    struct serve_counters *c = &w->counters;
    const struct cookie_secrets *secrets = &w->setup->secrets;
    uint32_t now = (uint32_t)(net_now(w->net).unix_ms / 1000);
    enum cookie_verdict verdict = cookie_check(secrets, cookie, bytes, &x->peer.address, now);
    if (verdict == COOKIE_MALFORMED)
        return false;
    out->there = true;
    out->proven = verdict == COOKIE_GOOD || verdict == COOKIE_GOOD_RENEW;
    out->counter = out->proven ? &c->cookies_good : verdict == COOKIE_BAD ? &c->cookies_bad : &c->cookies_client_only;
    out->answer = cookie;
    if (verdict != COOKIE_GOOD) {
        cookie_make(secrets, cookie, &x->peer.address, now, out->made);
        out->answer = out->made;
    }
    return true;
}

/* @return true when the cookie already decides the answer. */
static bool admit_cookie(struct visit *v)
{
    const struct edns *edns = &v->query.edns;
    v->proven = v->x->transport == NET_TCP;
    if (edns->cookie == NULL || !v->setup->cookies)
        return false;
    if (!cookie_take(v->worker, v->x, edns->cookie, edns->cookie_bytes, &v->cookie)) {
        visit_fail(v, RCODE_FORMERR, EDE_NONE, NULL);
        return true;
    }
    count_up(v->cookie.counter);
    v->edns.cookie = v->cookie.answer;
    v->edns.cookie_bytes = COOKIE_BYTES;
    v->proven |= v->cookie.proven;
    if (v->setup->cookies_required_udp && !v->proven) {
        visit_fail(v, RCODE_BADCOOKIE, EDE_NONE, NULL);
        return true;
    }
    return false;
}

/* Opcodes and headers that never reach a zone. @return true when it decided the answer. */
static bool refuse_message(struct visit *v, enum message_fault fault)
{
    if (fault == MESSAGE_FORMERR)
        visit_fail(v, RCODE_FORMERR, EDE_NONE, NULL);
    else if (fault == MESSAGE_BADVERS)
        visit_fail(v, RCODE_BADVERS, EDE_NONE, NULL);
    else if (fault == MESSAGE_NOTIMP)
        visit_fail(v, RCODE_NOTIMP, EDE_NONE, NULL);
    else if (v->query.opcode == OPCODE_UPDATE)
        visit_fail(v, RCODE_NOTIMP, EDE_NOT_SUPPORTED, "dynamic update is not in this version");
    else if (v->query.opcode == OPCODE_NOTIFY)
        visit_fail(v, v->query.has_question ? RCODE_REFUSED : RCODE_FORMERR, EDE_NOT_SUPPORTED,
                   "secondary service is not in this version");
    else if (v->query.has_tsig)
        visit_fail(v, RCODE_REFUSED, EDE_NOT_SUPPORTED, "transaction signatures are not in this version");
    else
        return false;
    return true;
}

size_t reply_limit(const struct serve_setup *setup, const struct net_exchange *x, uint16_t udp_payload)
{
    size_t told = udp_payload > UDP_PLAIN_BYTES ? udp_payload : UDP_PLAIN_BYTES;
    if (x->transport != NET_UDP)
        return x->reply_room;
    told = told < setup->udp_payload ? told : setup->udp_payload;
    return told < x->reply_room ? told : x->reply_room;
}

/* @return false: the question does not fit */
static bool begin_reply(struct visit *v)
{
    const struct message *q = &v->query;
    size_t limit = reply_limit(v->setup, v->x, q->edns.present ? q->edns.udp_payload : 0);
    uint16_t flags = (uint16_t)(FLAG_QR | (q->opcode & 15) << 11 | (q->flags & (FLAG_RD | FLAG_CD)));
    return reply_begin_to(&v->reply, v->x->reply, limit, flags, q) == OK;
}

static void serve_exchange(struct worker *w, struct net_exchange *x, struct arrival *in, uint64_t parked_since, uint32_t told)
{
    struct visit v;
    v.worker = w;
    v.setup = w->setup;
    v.x = x;
    v.in = in;
    v.zone = NULL;
    v.version = NULL;
    v.cookie.there = v.proven = v.parked = false;
    v.reserved = 0;
    v.parked_since = parked_since;
    v.told = told;
    v.edns = (struct edns_reply){ .ede = EDE_NONE };
    v.tap = v.setup->tap != NULL && tap_wanted(v.setup->tap, w->index);

    enum message_fault fault = message_read_query(x->query, x->query_bytes, &v.query);
    if (fault == MESSAGE_IGNORE) {
        finish_silent(&v, SERVE_IGNORED);
        return;
    }
    if (delay_question(&v))
        return;
    count_query(w, x, count_side(x), v.query.opcode & 15);
    if (v.query.has_question)
        count_type(w, v.query.question.type);
    count_edns(w, v.query.edns.present, v.query.edns.dnssec_ok);
    if (!begin_reply(&v))
        fault = MESSAGE_FORMERR;
    finish_edns_prepare(&v);

    if (refuse_message(&v, fault) || admit_cookie(&v)) {
        finish(&v);
        return;
    }
    finish_edns_reserve(&v);
    if (!v.query.has_question) {
        /* A question about the cookie alone (RFC 7873 5.4) is fine; no question at all is not. */
        v.rcode = RCODE_NOERROR;
        v.outcome = SERVE_NOERROR;
        v.rrl_class = RRL_ERROR;
        v.rrl_key = 1;
        if (!v.cookie.there)
            visit_fail(&v, RCODE_FORMERR, EDE_NONE, NULL);
    } else if (route_question(&v)) {
        return;
    }
    finish(&v);
}

/* ---- workers ---- */

static void sleeping(void *context, bool asleep)
{
    struct worker *w = context;
    if (asleep)
        epoch_offline(w->epoch);
    else
        epoch_online(w->epoch);
}

struct serve *serve_new(struct epoch *epoch, unsigned workers)
{
    struct serve *s = mem_alloc(sizeof *s);
    if (s == NULL)
        return NULL;
    s->workers = mem_alloc(workers * sizeof *s->workers);
    if (s->workers == NULL) {
        mem_free(s);
        return NULL;
    }
    s->epoch = epoch;
    s->key = hash_key_random();
    s->worker_count = workers;
    for (unsigned i = 0; i < workers; i++) {
        s->workers[i].serve = s;
        s->workers[i].index = i;
        s->workers[i].cache = answer_cache_new();
        s->workers[i].arrivals = mem_alloc(AHEAD * sizeof(struct arrival));
        s->workers[i].seeks = mem_alloc(AHEAD * sizeof(struct serve_seek));
        if (s->workers[i].cache == NULL || s->workers[i].arrivals == NULL || s->workers[i].seeks == NULL || nsec3_hasher_new(&s->workers[i].hasher) == E_NOMEM) {
            serve_free(s);
            return NULL;
        }
    }
    return s;
}

void serve_free(struct serve *serve)
{
    if (serve == NULL)
        return;
    serve_setup_free(atomic_load_explicit(&serve->setup, memory_order_relaxed));
    for (unsigned i = 0; i < serve->worker_count; i++) {
        nsec3_hasher_free(serve->workers[i].hasher);
        answer_cache_free(serve->workers[i].cache);
        mem_free(serve->workers[i].arrivals);
        mem_free(serve->workers[i].seeks);
    }
    mem_free(serve->filter);
    mem_free(serve->workers);
    mem_free(serve);
}

void serve_apply(struct serve *serve, struct serve_setup *setup)
{
    struct serve_setup *old = atomic_exchange_explicit(&serve->setup, setup, memory_order_acq_rel);
    if (old != NULL)
        epoch_retire(serve->epoch, old, serve_setup_free);
}

/* What is not viewed has neither view nor zone yet. */
static void arrival_begin(struct arrival *in)
{
    in->is_plain = in->viewed = in->limited = false;
    in->version = NULL;
    in->begun = 0;
}

/* A question that was parked comes back through here. */
void serve_again(struct worker *w, struct net_exchange *x, uint64_t parked_since, uint32_t told)
{
    struct arrival in;
    w->setup = atomic_load_explicit(&w->serve->setup, memory_order_acquire);
    arrival_begin(&in);
    serve_exchange(w, x, &in, parked_since, told);
}

static bool arrival_read(struct arrival *in, const struct net_exchange *x)
{
    arrival_begin(in);
    return in->is_plain = query_read_plain(x->query, x->query_bytes, &in->plain);
}

/* The one zone that every client is answered from, or NULL. */
static struct zone *lone_zone(const struct serve_setup *setup)
{
    return setup->view_count == 1 && setup->views[0].clients == NULL ? zone_table_only(setup->views[0].zones) : NULL;
}

/* What sources found may have come this far already. */
static inline __attribute__((always_inline)) void follow_all(struct arrival *in, const struct arrival *end, bool sought)
{
    for (struct arrival *a = in; a < end; a++)
        if (a->version != NULL && (!sought || a->ahead.state == ZONE_AHEAD_HASHED))
            zone_ahead_follow(&a->ahead, a->version);
}

/* Whether a source's name is the lone zone's all the same: that has as long a suffix, or is the one above that DS is asked of. */
static bool lone_goes_before(const struct arrival *a, struct name_view origin)
{
    const struct query_plain *q = &a->plain;
    bool longer = origin.labels >= a->labels || (q->type == TYPE_DS && a->labels == q->name.labels);
    /* Nearly all differ in the last letter but one. */
    return longer && (origin.length < 3 || ((q->name.wire[q->name.length - 3] ^ origin.wire[origin.length - 3]) & 0x1f) == 0) &&
           name_below(q->name, origin);
}

/* What may be a source's; the rest of it is the lone zone's after all. */
static void look_in_sources(struct worker *w, struct zone *zone, struct net_exchange **some)
{
    const size_t count = w->seek_count;
    const struct name_view origin = zone_name(zone);
    sources_look(w, some);
    if (origin.length >= 3 && !filter_may_want(w->serve->filter->before_last, origin))
        return;                     /* none that was noted ends as the zone's names do */
    for (size_t i = 0; i < count; i++) {
        struct arrival *a = &w->arrivals[w->seeks[i].place];
        if (a->source != NULL && !lone_goes_before(a, origin))
            continue;
        a->source = NULL;
        a->zone = name_below(a->plain.name, origin) ? zone : NULL;
        a->version = a->zone == NULL ? NULL : zone_current(zone);
        if (a->version != NULL)
            zone_ahead_begin(&a->ahead, a->version, a->plain.name);
    }
}

/* Made twice: where there are no sources, nothing is spent on them. */
static inline __attribute__((always_inline)) void begin_in(struct worker *w, struct zone *zone, struct net_exchange **some, size_t count,
                                                           const struct source_filter *filter)
{
    struct arrival *in = w->arrivals, *end = in + count;
    const struct zone_version *version = zone_current(zone);
    const struct name_view origin = zone_name(zone);
    const uint16_t klass = zone_class(zone);
    const struct serve_view *view = &w->setup->views[0];
    const uint32_t before_last = filter == NULL ? 0 : filter->before_last;
    for (struct arrival *a = in; a < end; a++, some++) {
        if (!arrival_read(a, *some) || a->plain.klass != klass)
            continue;                   /* another class, or any: the long way looks */
        a->viewed = true;
        a->view = view;
        if (filter != NULL && filter_may_want(before_last, a->plain.name) && filter_wants(filter, a->plain.name)) {
            a->zone = NULL;
            source_note(w, a);
            continue;
        }
        a->zone = origin.labels == 0 || name_below(a->plain.name, origin) ? zone : NULL;
        if (a->zone == NULL || version == NULL)
            continue;
        a->version = version;
        zone_ahead_begin(&a->ahead, version, a->plain.name);
    }
}

static void look_ahead_in(struct worker *w, struct zone *zone, struct net_exchange **some, size_t count)
{
    const struct arrival *end = w->arrivals + count;
    if (w->serve->filter == NULL || zone_class(zone) != CLASS_IN) {
        begin_in(w, zone, some, count, NULL);
        follow_all(w->arrivals, end, false);
        return;
    }
    begin_in(w, zone, some, count, w->serve->filter);
    const bool sought = w->seek_count != 0;
    if (sought)
        look_in_sources(w, zone, some);
    follow_all(w->arrivals, end, sought);
}

/* Several passes, so that what one question waits for from memory comes while others are looked at: the table's slot, the zone,
 * its version and counters, the index of that, the node. */
static void look_ahead(struct worker *w, struct net_exchange **some, size_t count)
{
    struct arrival *in = w->arrivals, *end = in + count;
    const struct source_filter *filter = w->serve->filter;
    const uint32_t before_last = filter == NULL ? 0 : filter->before_last;
    uint64_t many = 0;
    for (size_t i = 0; i < count; i++) {
        if (!arrival_read(&in[i], some[i]))
            continue;
        arrival_view(&in[i], w->setup, some[i]);
        many |= in[i].begun;
        in[i].source = NULL;
        const bool may = before_last != 0 && filter_may_want(before_last, in[i].plain.name);
        if (may && in[i].plain.klass == CLASS_IN && in[i].view != NULL && filter_wants(filter, in[i].plain.name))
            source_note(w, &in[i]);
    }
    for (struct arrival *a = in; a < end && many; a++)
        if (a->begun)
            zone_table_follow(a->view->zones, a->begun);
    for (struct arrival *a = in; a < end; a++) {
        if (a->viewed)
            arrival_zone(a);
        if (a->begun && a->version != NULL) {
            zone_ahead_touch(a->version);
            counters_ahead(w, a->zone);
        }
    }
    const bool sought = w->seek_count != 0;
    if (sought)
        sources_look(w, some);
    for (struct arrival *a = in; a < end; a++) {
        if (a->version == NULL || (sought && a->source != NULL))
            continue;                   /* of a source: begun there */
        zone_ahead_apex(a->version);
        zone_ahead_begin(&a->ahead, a->version, a->plain.name);
    }
    follow_all(in, end, sought);
}

static void serve_some(struct worker *w, struct net_exchange **some, size_t count)
{
    struct zone *lone = lone_zone(w->setup);
    if (lone != NULL)
        look_ahead_in(w, lone, some, count);
    else
        look_ahead(w, some, count);
    for (struct arrival *in = w->arrivals, *end = in + count; in < end; in++, some++)
        if (!lane_exchange(w, *some, in))
            serve_exchange(w, *some, in, 0, 0);
}

void serve_run(struct serve *serve, struct net_worker *net)
{
    struct worker *w = &serve->workers[net_worker_index(net)];
    w->net = net;
    require(epoch_join(serve->epoch, &w->epoch) == OK);
    net_worker_start(net, sleeping, w);

    struct net_exchange **batch;
    size_t count;
    while (net_wait(net, &batch, &count)) {
        w->setup = atomic_load_explicit(&serve->setup, memory_order_acquire);
        lane_open(w);
        for (size_t i = 0; i < count; i += AHEAD)
            serve_some(w, batch + i, count - i < AHEAD ? count - i : AHEAD);
        net_flush(net);
        epoch_quiet(w->epoch);      /* every pointer borrowed from a zone or the setup ends here */
    }
    delay_clear(w);
    epoch_leave(w->epoch);
    w->epoch = NULL;
}
