/* SPDX-License-Identifier: Apache-2.0 */
/* A reload: makes the plan, prepares what each worker has to do so that nothing can fail any more, puts the
 * new table in force, posts the parts, and waits until the running workers have done them. */
#include "net/inside.h"
#include <string.h>
#include <time.h>

enum { LOOK_MS = 20 };

struct update {
    struct port *port;
    struct prefix *proxy_from;
    size_t proxy_from_count;
    uint16_t listener;
};

struct change;
/* What one worker does. */
struct part {
    struct post post;
    struct change *change;
    struct net_worker *worker;
    struct limits limits;
    struct port **added, **removed;
    struct update *updates;
    size_t added_count, removed_count, update_count;
    bool done;                      /* guarded by change.lock */
};

struct change {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    atomic_uint holders;            /* the caller, and each part that has not been done */
    unsigned count;
    struct part parts[];
};

static void change_release(struct change *change)
{
    if (atomic_fetch_sub(&change->holders, 1) != 1)
        return;
    for (unsigned i = 0; i < change->count; i++) {
        struct part *part = &change->parts[i];
        for (size_t u = 0; part->updates != NULL && u < part->update_count; u++)
            mem_free(part->updates[u].proxy_from);     /* the old lists by now */
        mem_free(part->updates);
        mem_free(part->added);
        mem_free(part->removed);
    }
    pthread_mutex_destroy(&change->lock);
    pthread_cond_destroy(&change->moved);
    mem_free(change);
}

/* On the worker. */
static void part_do(void *context)
{
    struct part *part = context;
    struct change *change = part->change;
    part->worker->limits = part->limits;
    udp_forget(part->worker, NULL);
    for (size_t i = 0; i < part->added_count; i++)
        port_join(part->worker, part->added[i]);
    for (size_t i = 0; i < part->update_count; i++) {
        struct update *u = &part->updates[i];
        struct prefix *old = u->port->proxy_from;
        u->port->listener = u->listener;
        u->port->proxy_from = u->proxy_from;
        u->port->proxy_from_count = u->proxy_from_count;
        u->proxy_from = old;
    }
    for (size_t i = 0; i < part->removed_count; i++)
        port_leave(part->removed[i]);
    pthread_mutex_lock(&change->lock);
    part->done = true;
    pthread_cond_signal(&change->moved);
    pthread_mutex_unlock(&change->lock);
    change_release(change);
}

/* The worker ended before. */
static void part_discard(void *context)
{
    struct part *part = context;
    for (size_t i = 0; i < part->added_count; i++)
        port_free(part->added[i]);
    change_release(part->change);
}

static enum status update_make(struct update *u, struct port *port, const struct group *g, const struct net_listener *l)
{
    *u = (struct update){ .port = port, .listener = g->listener, .proxy_from_count = l->proxy_from_count };
    if (l->proxy_from_count == 0)
        return OK;
    u->proxy_from = mem_alloc(l->proxy_from_count * sizeof l->proxy_from[0]);
    if (u->proxy_from == NULL)
        return E_NOMEM;
    memcpy(u->proxy_from, l->proxy_from, l->proxy_from_count * sizeof l->proxy_from[0]);
    return OK;
}

static enum status part_make(struct part *part, const struct plan *plan, const struct net_options *o)
{
    const struct net *net = plan->net;
    unsigned w = part->worker->index;
    part->limits = (struct limits){ o->tcp_clients, o->tcp_idle_ms, o->tcp_write_ms, o->tcp_pipeline };
    part->added = mem_alloc((plan->group_count + 1) * sizeof part->added[0]);
    part->updates = mem_alloc((plan->group_count + 1) * sizeof part->updates[0]);
    part->removed = mem_alloc((net->group_count + 1) * sizeof part->removed[0]);
    if (part->added == NULL || part->updates == NULL || part->removed == NULL)
        return E_NOMEM;
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct group *g = &plan->groups[i];
        if (plan->fresh[i]) {
            part->added[part->added_count++] = g->ports[w];
        } else {
            enum status st = update_make(&part->updates[part->update_count++], g->ports[w], g, &o->listeners[g->listener]);
            if (st != OK)
                return st;
        }
    }
    for (size_t i = 0; i < net->group_count; i++)
        if (!plan->kept[i])
            part->removed[part->removed_count++] = net->groups[i].ports[w];
    return OK;
}

static struct change *change_new(const struct plan *plan, const struct net_options *o)
{
    const struct net *net = plan->net;
    unsigned workers = net->options.workers;
    struct change *change = mem_alloc(sizeof *change + workers * sizeof change->parts[0]);
    if (change == NULL)
        return NULL;
    pthread_mutex_init(&change->lock, NULL);
    pthread_cond_init(&change->moved, NULL);
    change->count = workers;
    atomic_store(&change->holders, 1);
    for (unsigned i = 0; i < workers; i++) {
        struct part *part = &change->parts[i];
        part->change = change;
        part->worker = net->workers[i];
        part->post = (struct post){ .call = part_do, .context = part, .discard = part_discard };
        if (part_make(part, plan, o) != OK) {
            change_release(change);
            return NULL;
        }
    }
    return change;
}

/* The new table is in force from here on. */
static void table_swap(struct plan *plan, const struct net_options *o)
{
    struct net *net = plan->net;
    for (size_t i = 0; i < net->group_count; i++)
        if (!plan->kept[i])
            mem_free(net->groups[i].ports);
    mem_free(net->groups);
    net->groups = plan->groups;
    net->group_count = plan->group_count;
    net->listener_count = o->listener_count;
    mem_free(plan->kept);
    mem_free(plan->fresh);
}

/* A worker that runs, and is not the caller itself, will come by. */
static bool will_come(const struct net_worker *w)
{
    return atomic_load(&w->state) == WORKER_RUNS && !pthread_equal(w->thread, pthread_self());
}

static bool all_done(const struct change *change)
{
    for (unsigned i = 0; i < change->count; i++)
        if (!change->parts[i].done && will_come(change->parts[i].worker))
            return false;
    return true;
}

static void change_await(struct change *change)
{
    pthread_mutex_lock(&change->lock);
    while (!all_done(change)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        pthread_cond_timedwait(&change->moved, &change->lock, &until);
    }
    pthread_mutex_unlock(&change->lock);
}

enum status net_change(struct net *net, const struct net_options *options, struct diagnostics *diag)
{
    struct plan plan;
    struct change *change = NULL;
    struct net_options o = *options;
    enum status st = options_check(&o, diag);
    if (st != OK)
        return st;
    pthread_mutex_lock(&net->lock);
    socket_raise_limit(&o, diag);
    st = plan_make(net, &o, NULL, &plan, diag);
    if (st == OK) {
        change = change_new(&plan, &o);
        if (change == NULL) {
            plan_undo(&plan);
            st = E_NOMEM;
        }
    }
    if (st == OK) {
        table_swap(&plan, &o);
        atomic_fetch_add(&change->holders, change->count);
        for (unsigned i = 0; i < change->count; i++)
            worker_post(net->workers[i], &change->parts[i].post);
    }
    pthread_mutex_unlock(&net->lock);
    if (st != OK)
        return st;
    change_await(change);
    change_release(change);
    return OK;
}
