/* SPDX-License-Identifier: Apache-2.0 */
/* The table of listeners: which sockets a set of options needs, which of them exist, and opening the rest.
 *
 * A group is one listener by one transport: one socket for each worker.  A plan is a whole new table; until
 * it is committed nothing has changed, and plan_undo closes what it opened. */
#include "net/inside.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { PORT_PICKS = 16, PROBE_TRIES = 50, PROBE_WAIT_US = 10000 };

static struct port *port_new(int fd, bool shared, const struct group *g, const struct net_listener *l)
{
    struct port *p = mem_alloc(sizeof *p);
    if (p == NULL)
        return NULL;
    p->source = (struct source){ g->transport == NET_UDP ? SOURCE_UDP : SOURCE_ACCEPT, fd };
    p->local = g->actual;
    p->wildcard = address_is_any(&g->actual.address);
    p->shared = shared;
    p->listener = g->listener;
    p->proxy_from_count = l->proxy_from_count;
    if (l->proxy_from_count > 0) {
        p->proxy_from = mem_alloc(l->proxy_from_count * sizeof p->proxy_from[0]);
        if (p->proxy_from == NULL) {
            mem_free(p);
            return NULL;
        }
        memcpy(p->proxy_from, l->proxy_from, l->proxy_from_count * sizeof p->proxy_from[0]);
    }
    return p;
}

static void group_clear(struct group *g, unsigned workers)
{
    for (unsigned i = 0; g->ports != NULL && i < workers; i++)
        port_free(g->ports[i]);
    mem_free(g->ports);
    g->ports = NULL;
}

/* One socket of a group: handed over, a second descriptor of a handed-over one that cannot be joined by
 * others, or new. */
static enum status group_socket(struct group *g, unsigned i, const struct net_options *o, struct handover *h,
                                int *out, bool *shared, struct diagnostics *diag)
{
    bool reuseport = true;
    int fd = h == NULL ? -1 : handover_find(h, &g->actual, g->transport, &reuseport);
    *shared = !reuseport && o->workers > 1;
    if (fd < 0 && i > 0 && g->ports[i - 1]->shared) {
        fd = fcntl(g->ports[0]->source.fd, F_DUPFD_CLOEXEC, 3);
        *shared = true;
        if (fd < 0)
            return E_SYSTEM;
    }
    if (fd < 0)
        return socket_open(&g->actual, g->transport, o, out, diag);
    if (socket_prepare(fd, &g->actual, g->transport, o) != OK) {
        close(fd);
        return E_SYSTEM;
    }
    *out = fd;
    return OK;
}

/* Opens one socket for each worker; `actual` may still have port 0. */
static enum status group_open(struct group *g, const struct net_listener *l, const struct net_options *o,
                              struct handover *h, struct diagnostics *diag)
{
    enum status st = E_NOMEM;
    g->ports = mem_alloc(o->workers * sizeof g->ports[0]);
    for (unsigned i = 0; g->ports != NULL && i < o->workers; i++) {
        int fd = -1;
        bool shared = false;
        st = group_socket(g, i, o, h, &fd, &shared, diag);
        if (st == OK && g->actual.port == 0)
            st = socket_name(fd, &g->actual);
        if (st != OK)
            break;
        g->ports[i] = port_new(fd, shared, g, l);
        if (g->ports[i] == NULL) {
            close(fd);
            st = E_NOMEM;
            break;
        }
    }
    if (st != OK)
        group_clear(g, o->workers);
    return st;
}

/* The group of a listener in the old table that is not taken yet. */
static size_t old_group(const struct plan *plan, const struct net_listener *l, enum net_transport transport)
{
    const struct net *net = plan->net;
    for (size_t i = 0; i < net->group_count; i++) {
        const struct group *g = &net->groups[i];
        if (!plan->kept[i] && g->transport == transport
            && (endpoint_equal(&g->wanted, &l->endpoint) || endpoint_equal(&g->actual, &l->endpoint)))
            return i;
    }
    return net->group_count;
}

static struct group *plan_add(struct plan *plan, size_t listener, const struct net_listener *l, enum net_transport transport)
{
    struct group *g = &plan->groups[plan->group_count];
    *g = (struct group){ .wanted = l->endpoint, .actual = l->endpoint, .transport = transport, .listener = (uint16_t)listener };
    plan->fresh[plan->group_count++] = true;
    return g;
}

/* Takes over what the old table has of this listener. @return the transports that are still to be opened */
static unsigned keep_old(struct plan *plan, size_t listener, const struct net_listener *l)
{
    unsigned missing = 0;
    for (unsigned transport = NET_UDP; transport <= NET_TCP; transport <<= 1) {
        if ((l->transports & transport) == 0)
            continue;
        size_t old = old_group(plan, l, (enum net_transport)transport);
        if (old == plan->net->group_count) {
            missing |= transport;
            continue;
        }
        struct group *g = plan_add(plan, listener, l, (enum net_transport)transport);
        g->actual = plan->net->groups[old].actual;
        g->ports = plan->net->groups[old].ports;
        plan->fresh[plan->group_count - 1] = false;
        plan->kept[old] = true;
    }
    return missing;
}

/* Opens the transports of one listener on the same port; with port 0 the kernel's pick may be taken by the
 * other transport, so it may pick again. */
static enum status open_missing(struct plan *plan, size_t listener, const struct net_listener *l, unsigned missing,
                                const struct net_options *o, struct handover *h, struct diagnostics *diag)
{
    bool picks = l->endpoint.port == 0 && missing == (NET_UDP | NET_TCP);
    size_t start = plan->group_count;
    enum status st = OK;
    for (unsigned attempt = picks ? PORT_PICKS : 1; attempt > 0; attempt--) {
        struct endpoint at = l->endpoint;
        plan->group_count = start;
        for (unsigned transport = NET_UDP; transport <= NET_TCP && (transport == NET_UDP || st == OK); transport <<= 1) {
            if ((missing & transport) == 0)
                continue;
            struct group *g = plan_add(plan, listener, l, (enum net_transport)transport);
            g->actual.port = at.port;
            st = group_open(g, l, o, h, attempt == 1 ? diag : NULL);
            at = g->actual;
        }
        if (st == OK)
            return OK;
        for (size_t i = start; i < plan->group_count; i++)
            group_clear(&plan->groups[i], o->workers);
        plan->group_count = start;
        if (attempt > 1)
            st = OK;
    }
    return st;
}

/* We listen on that port already, on this or another address: a probe would trip over ourselves. */
static bool own_port(const struct net *net, uint16_t port, unsigned transport)
{
    for (size_t i = 0; i < net->group_count; i++)
        if (net->groups[i].actual.port == port && net->groups[i].transport == (enum net_transport)transport)
            return true;
    return false;
}

/* A socket of ours that an earlier change removed may still be draining: that takes a moment. */
static enum status probe_patiently(const struct net *net, const struct net_listener *l, enum net_transport transport,
                                   const struct net_options *o, struct diagnostics *diag)
{
    for (unsigned tries = net->groups == NULL ? 0 : PROBE_TRIES; tries > 0; tries--) {
        if (socket_probe(&l->endpoint, transport, o, NULL) == OK)
            return OK;
        usleep(PROBE_WAIT_US);
    }
    return socket_probe(&l->endpoint, transport, o, diag);
}

static enum status probe_all(const struct net *net, const struct net_options *o, struct diagnostics *diag)
{
    for (size_t i = 0; i < o->listener_count; i++)
        for (unsigned transport = NET_UDP; transport <= NET_TCP; transport <<= 1) {
            const struct net_listener *l = &o->listeners[i];
            if ((l->transports & transport) == 0 || own_port(net, l->endpoint.port, transport))
                continue;
            enum status st = probe_patiently(net, l, (enum net_transport)transport, o, diag);
            if (st != OK)
                return st;
        }
    return OK;
}

/* Starts listening only once everything is bound: until then no client can be lost by giving up. */
static enum status listen_all(const struct plan *plan, unsigned workers, struct diagnostics *diag)
{
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct group *g = &plan->groups[i];
        for (unsigned w = 0; plan->fresh[i] && g->transport == NET_TCP && w < workers; w++) {
            enum status st = socket_listen(g->ports[w]->source.fd, &g->actual, diag);
            if (st != OK)
                return st;
        }
    }
    return OK;
}

void plan_undo(struct plan *plan)
{
    for (size_t i = 0; i < plan->group_count; i++)
        if (plan->fresh[i])
            group_clear(&plan->groups[i], plan->net->options.workers);
    mem_free(plan->groups);
    mem_free(plan->kept);
    mem_free(plan->fresh);
    *plan = (struct plan){ 0 };
}

enum status plan_make(struct net *net, const struct net_options *options, struct handover *handover, struct plan *out,
                      struct diagnostics *diag)
{
    struct plan plan = { .net = net };
    struct net_options o = *options;
    enum status st = OK;
    o.workers = net->options.workers;
    if (handover == NULL || handover->count == 0)
        st = probe_all(net, &o, diag);
    if (st != OK)
        return st;
    plan.groups = mem_alloc((2 * o.listener_count + 1) * sizeof plan.groups[0]);
    plan.fresh = mem_alloc((2 * o.listener_count + 1) * sizeof plan.fresh[0]);
    plan.kept = mem_alloc((net->group_count + 1) * sizeof plan.kept[0]);
    if (plan.groups == NULL || plan.fresh == NULL || plan.kept == NULL)
        st = E_NOMEM;
    for (size_t i = 0; st == OK && i < o.listener_count; i++) {
        const struct net_listener *l = &o.listeners[i];
        unsigned missing = keep_old(&plan, i, l);
        if (missing != 0)
            st = open_missing(&plan, i, l, missing, &o, handover, diag);
    }
    if (st == OK)
        st = listen_all(&plan, o.workers, diag);
    if (st != OK) {
        plan_undo(&plan);
        return st;
    }
    *out = plan;
    return OK;
}
