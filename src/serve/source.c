/* SPDX-License-Identifier: Apache-2.0 */
/* Sources besides the zone table: choosing one, asking it, parking what it cannot answer yet. */
#include "base/cpu.h"
#include "serve/inside.h"
#include <string.h>

enum { SMALL_ZONE = 320 /* octets, up to behind the name's node in most versions that sources have */ };

struct serve_ticket {
    struct worker *worker;
    struct net_exchange *x;
    uint64_t since;             /* monotonic ms */
    uint32_t told;
};

/* ---- which names may be whose ---- */

/* Filters are looked into with two octets in the order of the machine; so they are filled. */
static void filter_add(struct source_filter *filter, struct name_view suffix)
{
    uint16_t tail;
    if (suffix.length < 3) {
        memset(filter, 0xff, sizeof *filter);
        return;
    }
    filter->before_last |= UINT32_C(1) << (suffix.wire[suffix.length - 3] & 31);
    memcpy(&tail, suffix.wire + suffix.length - 3, sizeof tail);
    tail &= 0x1f1f;
    filter->bits[tail / 32] |= UINT32_C(1) << tail % 32;
}

enum status serve_sources(struct serve *serve, const struct serve_source *sources, size_t count)
{
    if (count > SERVE_SOURCES_MAX)
        return E_LIMIT;
    struct source_filter *filter = count == 0 ? NULL : mem_alloc(sizeof *filter);
    if (count != 0 && filter == NULL)
        return E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < sources[i].suffix_count; n++)
            filter_add(filter, sources[i].suffixes[n]);
        if (sources[i].suffix_count == 0)
            filter_add(filter, name_root);
        serve->sources_anywhere |= sources[i].suffix_count == 0;
    }
    mem_free(serve->filter);
    serve->filter = filter;
    serve->sources = sources;
    serve->source_count = count;
    return OK;
}

bool sources_may_have(const struct serve *serve, struct name_view name)
{
    for (size_t i = 0; i < serve->source_count; i++) {
        for (size_t n = 0; n < serve->sources[i].suffix_count; n++)
            if (name_below(name, serve->sources[i].suffixes[n]))
                return true;
    }
    return serve->sources_anywhere;
}

/* ---- ahead of their turn ---- */

/* DS of the suffix itself is for the zone above it, where that is ours and delegates it: else that would deny the suffix. */
static bool is_delegated(const struct zone *above, struct name_view name)
{
    const struct zone_version *version = above == NULL ? NULL : zone_current(above);
    const struct zone_node *node = version == NULL ? NULL : zone_node_find(version, name);
    return node != NULL && zone_node_is_cut(node);
}

static bool goes_before(int labels, int most, struct name_view name, uint16_t type, const struct zone *above)
{
    return labels > most && !(type == TYPE_DS && most >= 0 && labels == name.labels && is_delegated(above, name));
}

/* A source without a short way. */
static void match_all(const struct worker *w, const struct serve_source *source, struct net_exchange **some)
{
    for (struct serve_seek *seek = w->seeks, *end = seek + w->seek_count; seek < end; seek++) {
        const struct net_exchange *x = some[seek->place];
        const bool dnssec_ok = w->arrivals[seek->place].plain.dnssec_ok;
        const struct serve_question question = { seek->view, &x->peer.address, seek->name, seek->type, CLASS_IN, dnssec_ok, x->transport == NET_UDP };
        seek->labels = source->match(source->context, &question);
        seek->sought = seek->labels < 0 ? SERVE_SOUGHT_OTHER : SERVE_SOUGHT_LONG;
    }
}

static inline __attribute__((always_inline)) void take(struct worker *w, const struct serve_source *source, const struct serve_seek *seek)
{
    struct arrival *a = &w->arrivals[seek->place];
    if (seek->sought == SERVE_SOUGHT_OTHER)
        return;
    int most = a->source != NULL ? a->labels : a->zone == NULL ? -1 : zone_name(a->zone).labels;
    if (most >= 0 && !goes_before(seek->labels, most, seek->name, seek->type, a->zone))
        return;
    a->source = source;
    a->labels = seek->labels;
    if (seek->sought != SERVE_SOUGHT_READY) {
        a->zone = NULL;
        a->version = NULL;
        return;
    }
    a->zone = seek->zone;
    a->version = seek->version;
    cpu_prefetch(seek->version, SMALL_ZONE);
    if (seek->ahead != NULL)
        a->ahead = *seek->ahead;
    else
        zone_ahead_begin(&a->ahead, seek->version, seek->name);
}

void sources_look(struct worker *w, struct net_exchange **some)
{
    const struct serve *serve = w->serve;
    const uint64_t now_ms = net_now(w->net).monotonic_ms;
    struct serve_seek *seeks = w->seeks;
    const size_t count = w->seek_count;
    for (size_t i = 0; i < serve->source_count; i++) {
        const struct serve_source *source = &serve->sources[i];
        if (source->begin != NULL)
            source->begin(source->context, seeks, count);
        if (source->follow != NULL)
            source->follow(source->context, seeks, count);
        if (source->find != NULL)
            source->find(source->context, seeks, count, now_ms);
        else
            match_all(w, source, some);
        for (size_t n = 0; n < count; n++)
            take(w, source, &seeks[n]);
    }
    w->seek_count = 0;
}

/* ---- the long way ---- */

const struct serve_source *source_find(const struct serve *serve, const struct serve_question *question, const struct zone *zone)
{
    const struct serve_source *best = NULL;
    int most = zone == NULL ? -1 : zone_name(zone).labels;
    for (size_t i = 0; i < serve->source_count; i++) {
        const struct serve_source *source = &serve->sources[i];
        int labels = source->match(source->context, question);
        if (goes_before(labels, most, question->name, question->type, zone)) {
            best = source;
            most = labels;
        }
    }
    return best;
}

bool source_answer(struct visit *v, const struct serve_source *source, const struct serve_question *question)
{
    struct answer_result result = { .rcode = RCODE_NOERROR, .kind = ANSWER_ERROR, .ede = EDE_NONE, .key = question->name };
    enum serve_source_outcome outcome = source->answer(source->context, question, v, &v->reply, &result);
    if (outcome == SERVE_SOURCE_PENDING && v->parked)
        return true;
    if (outcome == SERVE_SOURCE_ANSWERED) {
        visit_take(v, &result);
        return false;
    }
    reply_clear_records(&v->reply);
    if (outcome == SERVE_SOURCE_REFUSED) {
        visit_fail(v, RCODE_REFUSED, result.ede, result.ede_text);
        return false;
    }
    visit_servfail(v, SERVE_FAILURE_SOURCE);
    if (result.ede != EDE_NONE) {
        v->edns.ede = result.ede;
        v->edns.ede_text = result.ede_text;
    }
    return false;
}

struct serve_ticket *serve_park(struct visit *visit)
{
    struct serve_ticket *ticket = mem_alloc(sizeof *ticket);
    struct net_exchange *x = ticket == NULL ? NULL : net_park(visit->x);
    if (x == NULL) {
        mem_free(ticket);
        return NULL;
    }
    *ticket = (struct serve_ticket){ visit->worker, x, visit->parked_since != 0 ? visit->parked_since : serve_now_ms(visit), 0 };
    visit->parked = true;
    return ticket;
}

static void wake(void *context)
{
    struct serve_ticket ticket = *(struct serve_ticket *)context;
    mem_free(context);
    serve_again(ticket.worker, ticket.x, ticket.since, ticket.told);
}

enum status serve_wake(struct serve_ticket *ticket) { return net_post(ticket->worker->net, wake, ticket); }

void serve_forget(struct serve_ticket *ticket) { mem_free(ticket); }

uint64_t serve_parked_since(const struct visit *visit) { return visit->parked_since; }
void serve_tell(struct serve_ticket *ticket, uint32_t word) { ticket->told = word; }
uint32_t serve_told(const struct visit *visit) { return visit->told; }
uint64_t serve_now_ms(const struct visit *visit) { return net_now(visit->worker->net).monotonic_ms; }

bool serve_enter(struct visit *visit, struct zone *zone, struct answer_result *result)
{
    visit->zone = zone;
    if (slot_permits(zone_user(zone), visit->x))
        return true;
    count_up(&visit->worker->counters.acl_refused);
    result->ede = EDE_PROHIBITED;
    return false;
}

enum serve_source_outcome serve_answer_version(struct visit *visit, const struct serve_question *question, const struct zone_version *version,
                                               struct reply *reply, struct answer_result *result)
{
    visit->version = version;
    if (version == NULL || !zone_version_has_soa(version))
        return SERVE_SOURCE_FAILED;
    if (visit->query.edns.zoneversion || visit->query.edns.expire)
        tell_version(visit);
    return visit_answer(visit, question->view, reply, result) == OK ? SERVE_SOURCE_ANSWERED : SERVE_SOURCE_FAILED;
}

void serve_cap_ttl(struct reply *reply, uint32_t ttl)
{
    struct cursor c = cursor_of(reply->data, reply->length);
    unsigned left = (unsigned)reply->counts[SECTION_ANSWER] + reply->counts[SECTION_AUTHORITY] + reply->counts[SECTION_ADDITIONAL];
    (void)cursor_take(&c, HEADER_BYTES);
    if (reply->counts[SECTION_QUESTION] != 0 && (name_skip(&c) != OK || cursor_take(&c, 4) == NULL))
        return;
    for (; left > 0 && name_skip(&c) == OK; left--) {
        const uint8_t *fixed = cursor_take(&c, 10);     /* type, class, TTL, length */
        if (fixed == NULL || cursor_take(&c, get_u16(fixed + 8)) == NULL)
            return;
        if (get_u32(fixed + 4) > ttl)
            put_u32(reply->data + (fixed - reply->data) + 4, ttl);
    }
}
