/* SPDX-License-Identifier: Apache-2.0 */
/* Parks a question as a cold source will: nothing borrowed is kept, and on waking it is looked up again. */
#include "serve/delay.h"
#include <string.h>

struct parked {
    struct parked *next, **link;        /* in the worker's list, so that a stop can free them */
    struct net_timer timer;
    struct worker *worker;
    struct net_exchange *x;
};

static void parked_free(struct parked *p)
{
    *p->link = p->next;
    if (p->next != NULL)
        p->next->link = p->link;
    net_timer_stop(&p->timer);
    mem_free(p);
}

/* The exchanges themselves are ended by net. */
void delay_clear(struct worker *w)
{
    while (w->delayed != NULL)
        parked_free(w->delayed);
}

static void wake(struct net_timer *timer)
{
    struct parked *p = timer->user;
    struct worker *w = p->worker;
    struct net_exchange *x = p->x;
    parked_free(p);
    serve_again(w, x, 0, 0);
}

static bool delay_of(struct name_view name, uint32_t *ms)
{
    static const char prefix[] = "delay-";
    const size_t skip = sizeof prefix - 1;
    uint64_t value;
    if (name.labels == 0 || name.wire[0] <= skip || memcmp(name.wire + 1, prefix, skip) != 0 ||
        text_read_u64(slice_of((const char *)name.wire + 1 + skip, name.wire[0] - skip), 60000, &value) != OK)
        return false;
    *ms = (uint32_t)value;
    return true;
}

bool delay_wants(struct name_view name)
{
    uint32_t ms;
    return delay_of(name, &ms);
}

bool delay_question(struct visit *v)
{
    static char woken;                  /* its address marks an exchange that has waited */
    uint32_t ms;
    if (v->x->user == &woken || !v->query.has_question || !delay_of(v->query.question.view, &ms))
        return false;
    struct parked *p = mem_alloc(sizeof *p);
    struct net_exchange *x = p == NULL ? NULL : net_park(v->x);
    if (x == NULL) {
        mem_free(p);
        return false;
    }
    x->user = &woken;
    *p = (struct parked){ .worker = v->worker, .x = x, .next = v->worker->delayed, .link = &v->worker->delayed };
    if (p->next != NULL)
        p->next->link = &p->next;
    v->worker->delayed = p;
    p->timer.fire = wake;
    p->timer.user = p;
    net_timer_start(v->worker->net, &p->timer, ms);
    return true;
}
