/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections: accepting, turns, limits, the end.  Reading is in input.c, writing in output.c.
 *
 * Sockets are watched edge-triggered; `readable` remembers what epoll said until a read came back short.
 * What may have something to do stands in the worker's ready list and gets one small share of each turn. */
#include "net/inside.h"
#include <errno.h>
#include <unistd.h>

enum { REPLY_STRIDE = 2 + TCP_MESSAGE_MAX + 127, EVICT_FRACTION = 10, EVICT_LOOKS = 32 };

/* ---- buffers of the turn ---- */

static bool batch_ready(struct net_worker *w)
{
    struct tcp_batch *b = &w->tcp;
    if (b->slots != NULL)
        return true;
    b->slots = mem_alloc(TCP_SLOTS * sizeof b->slots[0]);
    b->replies_room = mem_resize(NULL, (size_t)TCP_SLOTS * REPLY_STRIDE);
    b->area = mem_resize(NULL, TCP_AREA_BYTES);
    if (b->slots == NULL || b->replies_room == NULL || b->area == NULL) {
        tcp_batch_clear(w);
        return false;
    }
    for (unsigned i = 0; i < TCP_SLOTS; i++) {
        struct net_exchange *x = &b->slots[i].face;
        x->transport = NET_TCP;
        x->worker = w;
        x->reply = b->replies_room + (size_t)i * REPLY_STRIDE + 2;
        x->reply_room = TCP_MESSAGE_MAX;
    }
    return true;
}

void tcp_batch_clear(struct net_worker *w)
{
    mem_free(w->tcp.slots);
    mem_free(w->tcp.replies_room);
    mem_free(w->tcp.area);
    w->tcp = (struct tcp_batch){ 0 };
}

/* ---- the end of a connection ---- */

void tcp_close(struct connection *c)
{
    struct net_worker *w = c->worker;
    if (c->dead)
        return;
    c->dead = true;
    net_timer_stop(&c->timer);
    list_remove(&c->of_worker);
    list_remove(&c->ready);
    list_remove(&c->dirty);
    list_append(&w->dead, &c->of_worker);
    exchange_orphan(c);
    for (unsigned i = 0; i < w->tcp.used; i++)
        if (w->tcp.slots[i].connection == c)
            w->tcp.slots[i].connection = NULL;
    c->answers = NULL;
    tcp_output_clear(c);
    if (c->budget_taken && w->net->options.connection_give != NULL)
        w->net->options.connection_give(w->net->options.connection_context, &c->peer.address);
    w->connection_count--;
    atomic_fetch_sub_explicit(&w->net->clients, 1, memory_order_relaxed);
    __atomic_store_n(&w->counters.tcp_open, w->connection_count, __ATOMIC_RELAXED);
    close(c->source.fd);
}

void tcp_close_all(struct net_worker *w)
{
    while (!list_empty(&w->connections))
        tcp_close(LINK_OWNER(w->connections.next, struct connection, of_worker));
}

static bool busy(const struct connection *c)
{
    return c->unanswered > 0 || c->backlog > 0 || c->answers != NULL;
}

/* Closes the connection that was idle the longest, if that is a while, to make room for another. */
static bool evict_idle(struct net_worker *w)
{
    for (unsigned i = 0; i < EVICT_LOOKS && !list_empty(&w->connections); i++) {
        struct connection *c = LINK_OWNER(w->connections.next, struct connection, of_worker);
        if (busy(c) || c->complete) {
            list_remove(&c->of_worker);          /* not idle, however long ago it asked */
            list_append(&w->connections, &c->of_worker);
            continue;
        }
        if (w->now.monotonic_ms - c->active_ms < w->limits.tcp_idle_ms / EVICT_FRACTION)
            return false;
        counter_add(&w->counters.tcp_idle_closed, 1);
        tcp_close(c);
        return true;
    }
    return false;
}

/* ---- the timer ---- */

static void timer_fire(struct net_timer *timer)
{
    struct connection *c = timer->user;
    struct net_worker *w = c->worker;
    uint64_t now = w->now.monotonic_ms, due;
    if (c->backlog > 0) {
        due = c->stuck_ms + w->limits.tcp_write_ms;
        if (now >= due) {
            counter_add(&w->counters.tcp_slow_closed, 1);
            tcp_close(c);
            return;
        }
    } else if (!busy(c)) {
        due = c->active_ms + w->limits.tcp_idle_ms;
        if (now >= due) {                        /* an incomplete message does not count as activity */
            counter_add(c->input != NULL ? &w->counters.tcp_slow_closed : &w->counters.tcp_idle_closed, 1);
            tcp_close(c);
            return;
        }
    } else {
        due = now + w->limits.tcp_idle_ms;
    }
    wheel_start(&w->wheel, timer, due > now ? due : now + 1);
}

/* ---- accepting ---- */

bool tcp_budget_take(struct connection *c)
{
    const struct net_options *o = &c->worker->net->options;
    if (o->connection_take != NULL && !o->connection_take(o->connection_context, &c->peer.address)) {
        counter_add(&c->worker->counters.tcp_refused_budget, 1);
        return false;
    }
    c->budget_taken = true;
    return true;
}

/* One more client in all, or not. */
static bool client_take(struct net_worker *w)
{
    _Atomic uint32_t *clients = &w->net->clients;
    if (atomic_fetch_add_explicit(clients, 1, memory_order_relaxed) < w->limits.tcp_clients || evict_idle(w))
        return true;
    atomic_fetch_sub_explicit(clients, 1, memory_order_relaxed);
    counter_add(&w->counters.tcp_refused_full, 1);
    return false;
}

static struct connection *connection_new(struct port *port, int fd, const struct sockaddr *peer)
{
    struct net_worker *w = port->worker;
    struct connection *c = mem_alloc(sizeof *c);
    if (c == NULL || !batch_ready(w) || endpoint_from_sockaddr(peer, &c->peer) != OK) {
        mem_free(c);
        return NULL;
    }
    c->source = (struct source){ SOURCE_CONNECTION, fd };
    c->worker = w;
    c->port = port;
    list_init(&c->parked);
    c->local = port->local;
    c->active_ms = w->now.monotonic_ms;
    c->proxy_wanted = port_trusts(port, &c->peer.address);
    c->timer.fire = timer_fire;
    c->timer.user = c;
    bool named = !port->wildcard || socket_name(fd, &c->local) == OK;
    if (!named || (!c->proxy_wanted && !tcp_budget_take(c))) {
        mem_free(c);
        return NULL;
    }
    return c;
}

static void connection_open(struct port *port, int fd, const struct sockaddr *peer)
{
    struct net_worker *w = port->worker;
    struct connection *c = NULL;
    if (!client_take(w)) {
        close(fd);
        return;
    }
    c = connection_new(port, fd, peer);
    if (c == NULL) {
        atomic_fetch_sub_explicit(&w->net->clients, 1, memory_order_relaxed);
        close(fd);
        return;
    }
    list_append(&w->connections, &c->of_worker);
    w->connection_count++;
    counter_add(&w->counters.tcp_accepted, 1);
    __atomic_store_n(&w->counters.tcp_open, w->connection_count, __ATOMIC_RELAXED);
    wheel_start(&w->wheel, &c->timer, w->now.monotonic_ms + w->limits.tcp_idle_ms);
    c->readable = true;                          /* the first question is often there already */
    tcp_consider(c);
}

static void pause_over(struct net_timer *timer)
{
    struct port *port = timer->user;
    port_watch(port);
}

/* No descriptor is left: what waits keeps waiting in the kernel, and we do not spin. */
static void pause_accepting(struct port *port)
{
    struct net_worker *w = port->worker;
    if (port->leaving)
        return;
    port->pause.fire = pause_over;
    port->pause.user = port;
    epoll_ctl(w->epoll, EPOLL_CTL_DEL, port->source.fd, NULL);
    net_timer_start(w, &port->pause, ACCEPT_PAUSE_MS);
}

void tcp_accept(struct port *port)
{
    struct net_worker *w = port->worker;
    unsigned most = port->leaving ? 8192 : ACCEPTS_PER_TURN;
    for (unsigned i = 0; i < most; i++) {
        struct sockaddr_storage peer;
        socklen_t bytes = sizeof peer;
        int fd = accept4(port->source.fd, (struct sockaddr *)&peer, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            connection_open(port, fd, (const struct sockaddr *)&peer);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            counter_add(&w->counters.accept_no_descriptors, 1);
            if (evict_idle(w))
                continue;
            pause_accepting(port);
            return;
        }
    }
}

void tcp_port_gone(struct port *port)
{
    struct net_worker *w = port->worker;
    for (struct link *l = w->connections.next; l != &w->connections; l = l->next) {
        struct connection *c = LINK_OWNER(l, struct connection, of_worker);
        if (c->port == port)
            c->port = NULL;
    }
}

/* ---- turns ---- */

void tcp_event(struct connection *c, uint32_t events)
{
    if (c->dead)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) {       /* reset: nobody is there to read an answer */
        tcp_close(c);
        return;
    }
    if (events & EPOLLRDHUP)
        c->ending = true;
    if (events & (EPOLLIN | EPOLLRDHUP))
        c->readable = true;
    if ((events & EPOLLOUT) && c->backlog > 0)
        tcp_dirty(c);
    tcp_consider(c);
}

void tcp_consider(struct connection *c)
{
    struct net_worker *w = c->worker;
    if (c->dead)
        return;
    bool sent = c->backlog == 0 && c->answers == NULL;
    bool last_read = (c->ended || (w->stopping && !c->readable)) && !c->complete;
    if (sent && (c->closing || (last_read && c->unanswered == 0))) {
        tcp_close(c);
        return;
    }
    bool reads = (c->readable || c->complete) && tcp_may_read(c);
    bool streams = c->stream_count > 0 && c->backlog < TCP_BACKLOG_HIGH;
    if ((reads || streams) && !link_used(&c->ready))
        list_append(&w->ready, &c->ready);
}

/* The share of one connection: one call of one stream, one read. */
static void turn(struct connection *c)
{
    if (c->stream_count > 0 && c->backlog < TCP_BACKLOG_HIGH)
        exchange_run_stream(c);
    if (!c->dead && (c->readable || c->complete) && tcp_may_read(c))
        tcp_read(c);
    if (!c->dead && !c->watched) {               /* after its first read: epoll tells only what came since */
        c->watched = true;
        if (worker_watch(c->worker, &c->source, EPOLLIN | EPOLLRDHUP | EPOLLET) != OK)
            tcp_close(c);
    }
    tcp_consider(c);
}

/* Few ready connections get all that they sent at once, to be answered at once; many share the turn. */
static void shares(struct net_worker *w)
{
    struct tcp_batch *b = &w->tcp;
    unsigned ready = 0;
    for (const struct link *l = w->ready.next; l != &w->ready && ready < TCP_SLOTS / TCP_SHARE_LEAST; l = l->next)
        ready++;
    b->most = list_empty(&w->hot) ? TCP_SLOTS : TCP_SLOTS / 2;
    b->share = b->most / ready > TCP_SHARE_LEAST ? b->most / ready : TCP_SHARE_LEAST;
}

void tcp_turns(struct net_worker *w)
{
    if (list_empty(&w->ready))
        return;
    shares(w);
    /* Who is ready now; who gets ready again during this turn waits for the next. */
    struct link now;
    now = w->ready;
    now.next->previous = now.previous->next = &now;
    list_init(&w->ready);
    for (unsigned n = 0; !list_empty(&now) && n < TCP_TURNS && w->tcp.used < w->tcp.most; n++) {
        struct connection *c = LINK_OWNER(now.next, struct connection, ready);
        list_remove(&c->ready);
        turn(c);
    }
    if (list_empty(&now))
        return;
    /* The rest goes first next time. */
    now.previous->next = w->ready.next;
    w->ready.next->previous = now.previous;
    w->ready.next = now.next;
    now.next->previous = &w->ready;
}

void tcp_stop_all(struct net_worker *w)
{
    struct link *l = w->connections.next;
    while (l != &w->connections) {
        struct connection *c = LINK_OWNER(l, struct connection, of_worker);
        l = l->next;
        c->readable = !c->ended;
        tcp_consider(c);
    }
}
