/* SPDX-License-Identifier: Apache-2.0 */
/* Sources besides the zone table: choosing one, asking it, parking what it cannot answer yet. */
#include "serve/inside.h"

struct serve_ticket {
    struct worker *worker;
    struct net_exchange *x;
};

void serve_sources(struct serve *serve, const struct serve_source *sources, size_t count)
{
    serve->sources = sources;
    serve->source_count = count;
}

const struct serve_source *source_find(const struct serve *serve, const struct serve_question *question, int zone_labels)
{
    const struct serve_source *best = NULL;
    int most = zone_labels;
    for (size_t i = 0; i < serve->source_count; i++) {
        const struct serve_source *source = &serve->sources[i];
        int labels = source->match(source->context, question);
        if (labels > most) {
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
    *ticket = (struct serve_ticket){ visit->worker, x };
    visit->parked = true;
    return ticket;
}

static void wake(void *context)
{
    struct serve_ticket ticket = *(struct serve_ticket *)context;
    mem_free(context);
    serve_again(ticket.worker, ticket.x);
}

enum status serve_wake(struct serve_ticket *ticket) { return net_post(ticket->worker->net, wake, ticket); }

void serve_forget(struct serve_ticket *ticket) { mem_free(ticket); }
