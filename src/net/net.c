/* SPDX-License-Identifier: Apache-2.0 */
/* The process's part: opening and closing, counters, the list of sockets. */
#include "net/inside.h"
#include <string.h>

enum { WORKERS_MAX = 256, LISTENERS_MAX = 4096 };

struct net_options net_defaults(void)
{
    return (struct net_options){
        .workers = 1,
        .udp_batch = 32,
        .udp_receive_buffer = 2u << 20,
        .tcp_clients = 10000,
        .tcp_idle_ms = 10000,
        .tcp_write_ms = 10000,
        .tcp_pipeline = 100,
    };
}

static enum status refuse(struct diagnostics *diag, const char *what)
{
    diagnostics_add(diag, SEVERITY_ERROR, "listen", NULL, "%s", what);
    return E_LIMIT;
}

enum status options_check(struct net_options *o, struct diagnostics *diag)
{
    if (o->workers < 1 || o->workers > WORKERS_MAX)
        return refuse(diag, "the number of workers must be 1 to 256");
    if (o->udp_batch < 1 || o->udp_batch > UDP_BATCH_MAX)
        return refuse(diag, "the UDP batch must be 1 to 64 messages");
    if (o->listener_count > LISTENERS_MAX)
        return refuse(diag, "at most 4096 addresses to listen on");
    for (size_t i = 0; i < o->listener_count; i++) {
        const struct net_listener *l = &o->listeners[i];
        uint8_t family = l->endpoint.address.family;
        if ((family != 4 && family != 6) || (l->transports & ~(unsigned)(NET_UDP | NET_TCP)) != 0 || l->transports == 0)
            return refuse(diag, "a listener needs an address and at least one of UDP and TCP");
    }
    o->tcp_pipeline = o->tcp_pipeline > 0 ? o->tcp_pipeline : 1;
    return OK;
}

static enum status workers_make(struct net *net)
{
    net->workers = mem_alloc(net->options.workers * sizeof net->workers[0]);
    for (unsigned i = 0; net->workers != NULL && i < net->options.workers; i++) {
        net->workers[i] = worker_new(net, i);
        if (net->workers[i] == NULL)
            return E_NOMEM;
    }
    return net->workers != NULL ? OK : E_NOMEM;
}

/* The workers take what the plan opened. */
static void adopt(struct net *net, struct plan *plan)
{
    net->groups = plan->groups;
    net->group_count = plan->group_count;
    for (size_t i = 0; i < net->group_count; i++)
        for (unsigned w = 0; w < net->options.workers; w++)
            port_join(net->workers[w], net->groups[i].ports[w]);
    mem_free(plan->kept);
    mem_free(plan->fresh);
}

enum status net_open(const struct net_options *options, struct net **out, struct diagnostics *diag)
{
    struct net_options o = *options;
    struct handover handover = { 0 };
    struct plan plan;
    enum status st = options_check(&o, diag);
    if (st != OK)
        return st;
    struct net *net = mem_alloc(sizeof *net);
    if (net == NULL)
        return E_NOMEM;
    pthread_mutex_init(&net->lock, NULL);
    net->options = o;
    net->options.listeners = NULL;
    net->listener_count = o.listener_count;
    socket_raise_limit(&o, diag);
    st = workers_make(net);
    if (st == OK)
        st = handover_take(&handover);
    if (st == OK)
        st = plan_make(net, &o, &handover, &plan, diag);
    if (st == OK)
        adopt(net, &plan);
    handover_close(&handover);
    if (st == OK)
        *out = net;
    else
        net_close(net);
    return st;
}

void net_close(struct net *net)
{
    if (net == NULL)
        return;
    for (unsigned i = 0; net->workers != NULL && i < net->options.workers; i++)
        worker_free(net->workers[i]);
    mem_free(net->workers);
    for (size_t i = 0; i < net->group_count; i++)
        mem_free(net->groups[i].ports);
    mem_free(net->groups);
    pthread_mutex_destroy(&net->lock);
    mem_free(net);
}

struct net_worker *net_worker_get(struct net *net, unsigned index)
{
    require(index < net->options.workers);
    return net->workers[index];
}

static pthread_mutex_t *lock_of(const struct net *net) { return &((struct net *)(uintptr_t)net)->lock; }

struct endpoint net_listener_endpoint(const struct net *net, size_t index)
{
    struct endpoint found = { 0 };
    pthread_mutex_lock(lock_of(net));
    for (size_t i = 0; i < net->group_count; i++)
        if (net->groups[i].listener == index) {
            found = net->groups[i].actual;
            break;
        }
    pthread_mutex_unlock(lock_of(net));
    return found;
}

size_t net_descriptors(const struct net *net, int *out, size_t room)
{
    size_t n = 0;
    pthread_mutex_lock(lock_of(net));
    for (size_t i = 0; i < net->group_count; i++)
        for (unsigned w = 0; w < net->options.workers && n < room; w++)
            out[n++] = net->groups[i].ports[w]->source.fd;
    pthread_mutex_unlock(lock_of(net));
    return n;
}

void net_counters_read(const struct net *net, struct net_counters *out)
{
    enum { FIELDS = sizeof(struct net_counters) / sizeof(uint64_t) };
    uint64_t sum[FIELDS] = { 0 };
    for (unsigned w = 0; w < net->options.workers; w++) {
        const uint64_t *fields = (const uint64_t *)&net->workers[w]->counters;
        for (size_t i = 0; i < FIELDS; i++)
            sum[i] += __atomic_load_n(&fields[i], __ATOMIC_RELAXED);
    }
    memcpy(out, sum, sizeof sum);
}
