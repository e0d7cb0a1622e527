/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's loop: epoll, timers, posts, and the order in which a turn looks at them.
 *
 * A turn is one batch of one UDP port and some questions of TCP connections.  While ports are hot (their
 * last batch was not the end of their queue) or connections are ready, epoll is asked only every
 * TURNS_PER_POLL turns; a worker with nothing to do sleeps in it until the next timer. */
#include "net/inside.h"
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static uint64_t realtime_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- making and unmaking ---- */

_Static_assert((int)UDP_BATCH_MAX + (int)TCP_SLOTS <= (int)NET_BATCH_MAX, "a turn fits a batch");

struct net_worker *worker_new(struct net *net, unsigned index)
{
    struct net_worker *w = mem_alloc(sizeof *w);
    if (w == NULL)
        return NULL;
    w->net = net;
    w->index = index;
    w->event.kind = SOURCE_EVENT;
    w->event.fd = -1;
    w->now = clock_now();
    wheel_init(&w->wheel, w->now.monotonic_ms);
    struct link *lists[] = { &w->ports, &w->leaving, &w->hot, &w->connections, &w->ready, &w->dirty, &w->dead, &w->parked };
    for (size_t i = 0; i < LENGTH_OF(lists); i++)
        list_init(lists[i]);
    const struct net_options *o = &net->options;
    w->limits = (struct limits){ o->tcp_clients, o->tcp_idle_ms, o->tcp_write_ms, o->tcp_pipeline };
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->event.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->batch = mem_alloc(NET_BATCH_MAX * sizeof w->batch[0]);
    w->parked_reply = mem_resize(NULL, 2 + TCP_MESSAGE_MAX);
    if (w->epoll < 0 || w->event.fd < 0 || w->batch == NULL || w->parked_reply == NULL
        || udp_batch_init(w, o->udp_batch) != OK || worker_watch(w, &w->event, EPOLLIN) != OK) {
        worker_free(w);
        return NULL;
    }
    return w;
}

static void posts_discard(struct net_worker *w)
{
    struct post *post = atomic_exchange(&w->posts, NULL);
    while (post != NULL) {
        struct post *next = post->next;
        bool owned = post->owned;
        if (post->discard != NULL)
            post->discard(post->context);
        if (owned)
            mem_free(post);
        post = next;
    }
}

static void ports_free(struct link *head)
{
    while (!list_empty(head)) {
        struct port *port = LINK_OWNER(head->next, struct port, of_worker);
        list_remove(&port->of_worker);
        port_free(port);
    }
}

void worker_free(struct net_worker *w)
{
    if (w == NULL)
        return;
    posts_discard(w);
    tcp_close_all(w);
    exchange_free_all(w);
    net_flush(w);
    ports_free(&w->ports);
    ports_free(&w->leaving);
    udp_batch_clear(w);
    tcp_batch_clear(w);
    if (w->epoll >= 0)
        close(w->epoll);
    if (w->event.fd >= 0)
        close(w->event.fd);
    mem_free(w->parked_reply);
    mem_free(w->batch);
    mem_free(w);
}

void net_worker_start(struct net_worker *worker, void (*sleeping)(void *context, bool asleep), void *context)
{
    worker->sleeping = sleeping;
    worker->sleeping_context = context;
    worker->thread = pthread_self();
    worker->now = clock_now();
    atomic_store(&worker->state, WORKER_RUNS);
}

unsigned net_worker_index(const struct net_worker *worker) { return worker->index; }
struct now net_now(const struct net_worker *worker) { return worker->now; }

/* ---- what other threads may do ---- */

static void wake(struct net_worker *w)
{
    uint64_t one = 1;
    int saved = errno;
    ssize_t n = write(w->event.fd, &one, sizeof one);   /* fails only when it is readable anyway */
    (void)n;
    errno = saved;
}

void net_worker_stop(struct net_worker *worker)
{
    atomic_store(&worker->stop, true);
    wake(worker);
}

void worker_post(struct net_worker *w, struct post *post)
{
    struct post *first = atomic_load(&w->posts);
    do
        post->next = first;
    while (!atomic_compare_exchange_weak(&w->posts, &first, post));
    if (first == NULL)
        wake(w);
}

enum status net_post(struct net_worker *worker, void (*call)(void *context), void *context)
{
    struct post *post = mem_alloc(sizeof *post);
    if (post == NULL)
        return E_NOMEM;
    *post = (struct post){ .call = call, .context = context, .owned = true };
    worker_post(worker, post);
    return OK;
}

/* Runs what was posted, in the order of posting. */
static void posts_run(struct net_worker *w)
{
    if (atomic_load_explicit(&w->posts, memory_order_relaxed) == NULL)
        return;
    struct post *newest = atomic_exchange(&w->posts, NULL), *oldest = NULL;
    while (newest != NULL) {
        struct post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct post *next = oldest->next;
        void (*call)(void *) = oldest->call;
        void *context = oldest->context;
        if (oldest->owned)
            mem_free(oldest);
        call(context);
        oldest = next;
    }
}

/* ---- epoll ---- */

enum status worker_watch(struct net_worker *w, struct source *source, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = source };
    return epoll_ctl(w->epoll, EPOLL_CTL_ADD, source->fd, &e) == 0 ? OK : E_SYSTEM;
}

void worker_rewatch(struct net_worker *w, struct source *source, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = source };
    (void)check(epoll_ctl(w->epoll, EPOLL_CTL_MOD, source->fd, &e) == 0);
}

static void source_event(struct net_worker *w, struct source *source, uint32_t events)
{
    uint64_t value;
    switch (source->kind) {
    case SOURCE_EVENT:
        while (read(w->event.fd, &value, sizeof value) > 0)
            continue;
        break;
    case SOURCE_UDP:
        udp_heat(LINK_OWNER(source, struct port, source));
        break;
    case SOURCE_ACCEPT:
        tcp_accept(LINK_OWNER(source, struct port, source));
        break;
    case SOURCE_CONNECTION:
        tcp_event(LINK_OWNER(source, struct connection, source), events);
        break;
    }
}

/* Asks epoll, sleeps there if `may_sleep`, and runs the timers that are due. */
static void poll_once(struct net_worker *w, bool may_sleep)
{
    struct epoll_event events[EVENTS_PER_POLL];
    int timeout = 0;
    if (may_sleep) {
        w->now = clock_now();
        wheel_advance(&w->wheel, w->now.monotonic_ms);
        int64_t next = wheel_next_ms(&w->wheel);
        bool found = !list_empty(&w->ready) || !list_empty(&w->dirty) || w->orphan_count > 0
                     || atomic_load(&w->posts) != NULL;   /* by the timers that fired */
        timeout = found ? 0 : next < 0 || next > 3600000 ? 3600000 : (int)next;
    }
    bool asleep = timeout != 0 && w->sleeping != NULL;
    if (asleep)
        w->sleeping(w->sleeping_context, true);
    int n = epoll_wait(w->epoll, events, EVENTS_PER_POLL, timeout);
    if (asleep)
        w->sleeping(w->sleeping_context, false);
    counter_add(&w->counters.wakeups, 1);
    w->now = clock_now();
    for (int i = 0; i < n; i++)
        source_event(w, events[i].data.ptr, events[i].events);
    wheel_advance(&w->wheel, w->now.monotonic_ms);
}

/* ---- the turn ---- */

static void stop_begin(struct net_worker *w)
{
    w->stopping = true;
    w->stop_by_ms = w->now.monotonic_ms + TCP_STOP_MS;
    for (struct link *l = w->ports.next; l != &w->ports; l = l->next) {
        struct port *port = LINK_OWNER(l, struct port, of_worker);
        /* What waits to be accepted stays with the socket: the service manager may hold it too. */
        epoll_ctl(w->epoll, EPOLL_CTL_DEL, port->source.fd, NULL);
        net_timer_stop(&port->pause);
        port->drained = port->source.kind == SOURCE_ACCEPT;
        if (port->source.kind == SOURCE_UDP)
            udp_heat(port);
    }
    tcp_stop_all(w);
}

static bool stop_done(struct net_worker *w)
{
    if (w->now.monotonic_ms >= w->stop_by_ms) {
        tcp_close_all(w);
        exchange_run_orphans(w);
        return true;
    }
    bool queued = false;
    for (struct link *l = w->ports.next; l != &w->ports; l = l->next)
        queued = queued || !LINK_OWNER(l, struct port, of_worker)->drained;
    return !queued && w->connection_count == 0 && w->parked_count == 0 && list_empty(&w->leaving);
}

static void stop_tick(struct net_timer *timer) { (void)timer; }   /* only to wake up */

static bool has_work(const struct net_worker *w)
{
    return !list_empty(&w->hot) || !list_empty(&w->ready) || w->orphan_count > 0;
}

bool net_wait(struct net_worker *w, struct net_exchange ***batch, size_t *count)
{
    net_flush(w);
    posts_run(w);
    if (!w->stopping && atomic_load_explicit(&w->stop, memory_order_relaxed))
        stop_begin(w);
    if (w->stopping && stop_done(w)) {
        net_flush(w);
        atomic_store(&w->state, WORKER_ENDED);
        return false;
    }
    bool busy = has_work(w);
    if (!busy || ++w->turns >= TURNS_PER_POLL) {
        struct net_timer bell = { .fire = stop_tick };
        if (w->stopping)
            wheel_start(&w->wheel, &bell, w->stop_by_ms);
        poll_once(w, !busy && list_empty(&w->dirty));
        net_timer_stop(&bell);
        w->turns = 0;
        posts_run(w);
    } else {
        w->now = clock_now();
    }
    w->received_ns = realtime_ns();
    exchange_run_orphans(w);
    udp_turn(w);
    tcp_turns(w);
    w->turns += w->tcp.used / TCP_SHARE_LEAST;      /* a long turn counts for several */
    if (w->batch_count == 0)
        net_flush(w);
    w->live = w->batch_count;
    *batch = w->batch;
    *count = w->batch_count;
    return true;
}

void net_flush(struct net_worker *w)
{
    /* A caller that ended no exchange of its batch made a mistake; it must not leak. */
    for (size_t i = 0; w->live > 0 && i < w->batch_count; i++) {
        bool exchange_ended = ((struct exchange *)w->batch[i])->state != EXCHANGE_LIVE;
        if (!check(exchange_ended))
            net_drop(w->batch[i]);
    }
    w->batch_count = 0;
    udp_flush(w);
    while (!list_empty(&w->dirty)) {
        struct connection *c = LINK_OWNER(w->dirty.next, struct connection, dirty);
        list_remove(&c->dirty);
        tcp_flush(c);
    }
    w->tcp.used = 0;
    w->tcp.area_used = 0;
    while (!list_empty(&w->dead)) {
        struct connection *c = LINK_OWNER(w->dead.next, struct connection, of_worker);
        list_remove(&c->of_worker);
        mem_free(c->input);
        mem_free(c->spent);
        mem_free(c);
    }
}
