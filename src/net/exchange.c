/* SPDX-License-Identifier: Apache-2.0 */
/* How an exchange ends or goes on: replies, parking, streams. */
#include "net/inside.h"
#include <string.h>

static struct exchange *inner(struct net_exchange *x) { return (struct exchange *)x; }
static const struct exchange *inner_const(const struct net_exchange *x) { return (const struct exchange *)x; }
static struct parked *parked_of(struct exchange *x) { return LINK_OWNER(x, struct parked, x); }

/* Takes a parked exchange off every list and frees it. */
static void parked_free(struct parked *p)
{
    struct net_worker *w = p->x.face.worker;
    struct connection *c = p->x.connection;
    list_remove(&p->of_worker);
    list_remove(&p->of_connection);
    w->parked_count--;
    if (p->orphan)
        w->orphan_count--;
    if (c != NULL) {
        c->parked_count--;
        c->stream_count -= p->more != NULL;
        c->unanswered--;
        c->active_ms = w->now.monotonic_ms;
    }
    if (p->x.port != NULL) {
        p->x.port->parked--;
        port_leave_finish(p->x.port);
    }
    p->x.state = EXCHANGE_DONE;
    mem_free(p);
    if (c != NULL)
        tcp_consider(c);
}

/* Writes the length in front of a message in a TCP reply buffer. @return the start of both */
static uint8_t *with_prefix(uint8_t *reply, size_t bytes)
{
    reply[-2] = (uint8_t)(bytes >> 8);
    reply[-1] = (uint8_t)bytes;
    return reply - 2;
}

/* Copies one message into the connection's output; a connection that misses one is of no use, and is closed.
 * @return false when the peer is gone. */
static bool send_copy(struct exchange *x, size_t bytes)
{
    struct connection *c = x->connection;
    if (c == NULL || c->dead)
        return false;
    if (!tcp_append(c, with_prefix(x->face.reply, bytes), bytes + 2)) {
        counter_add(&x->face.worker->counters.tcp_slow_closed, 1);
        tcp_close(c);
        return false;
    }
    counter_add(&x->face.worker->counters.tcp_sent, 1);
    tcp_dirty(c);
    return true;
}

/* The end of a live exchange. */
static void live_end(struct exchange *x)
{
    x->state = EXCHANGE_DONE;
    x->face.worker->live--;
    if (x->face.transport != NET_TCP || x->connection == NULL)
        return;
    x->connection->unanswered--;
    tcp_dirty(x->connection);              /* the flush looks whether to go on or to close */
}

/* All but the usual; out of line, so that the usual saves no registers. */
static __attribute__((noinline)) void reply_last(struct exchange *x, size_t bytes)
{
    struct net_exchange *face = &x->face;
    if (!check(x->state != EXCHANGE_DONE && bytes <= face->reply_room) || bytes == 0) {
        if (x->state != EXCHANGE_DONE)
            net_drop(face);
        return;
    }
    if (x->state == EXCHANGE_PARKED) {
        if (face->transport == NET_UDP)
            udp_reply_parked(parked_of(x), bytes);
        else
            (void)send_copy(x, bytes);
        parked_free(parked_of(x));
        return;
    }
    with_prefix(face->reply, bytes);
    tcp_answer(x, bytes + 2);
    live_end(x);
}

void net_reply_last(struct net_exchange *face, size_t bytes)
{
    struct exchange *x = inner(face);
    if (x->state == EXCHANGE_LIVE && face->transport == NET_UDP && bytes - 1 < UDP_REPLY_ROOM)
        udp_reply(x, bytes);
    else
        reply_last(x, bytes);
}

bool net_reply_more(struct net_exchange *face, size_t bytes)
{
    struct exchange *x = inner(face);
    if (!check(x->state != EXCHANGE_DONE && face->transport == NET_TCP && bytes <= face->reply_room && bytes > 0))
        return false;
    return send_copy(x, bytes);
}

void net_drop(struct net_exchange *face)
{
    struct exchange *x = inner(face);
    if (!check(x->state != EXCHANGE_DONE))
        return;
    if (x->state == EXCHANGE_PARKED)
        parked_free(parked_of(x));
    else
        live_end(x);
}

void net_hang_up(struct net_exchange *face)
{
    struct exchange *x = inner(face);
    struct connection *c = face->transport == NET_TCP ? x->connection : NULL;
    if (c != NULL) {
        c->closing = true;
        tcp_dirty(c);
    }
    net_drop(face);
}

struct net_exchange *net_park(struct net_exchange *face)
{
    struct exchange *x = inner(face);
    struct net_worker *w = face->worker;
    struct connection *c = x->connection;
    if (!check(x->state != EXCHANGE_DONE))
        return NULL;
    if (x->state == EXCHANGE_PARKED)
        return face;
    bool tcp = face->transport == NET_TCP;
    if (w->parked_count >= PARKED_PER_WORKER || (tcp && (c == NULL || c->parked_count >= PARKED_PER_CONNECTION)))
        return NULL;
    struct parked *p = mem_alloc(sizeof *p + face->query_bytes);
    if (p == NULL)
        return NULL;
    p->x = *x;
    p->x.state = EXCHANGE_PARKED;
    memcpy(p->query, face->query, face->query_bytes);
    p->x.face.query = p->query;
    p->x.face.reply = w->parked_reply + 2;
    list_append(&w->parked, &p->of_worker);
    w->parked_count++;
    counter_add(&w->counters.parked, 1);
    if (tcp) {
        list_append(&c->parked, &p->of_connection);
        c->parked_count++;
        tcp_dirty(c);
    } else {
        udp_park(x, p);
    }
    x->state = EXCHANGE_DONE;
    w->live--;
    return &p->x.face;
}

void net_stream(struct net_exchange *face, void (*more)(struct net_exchange *x))
{
    struct exchange *x = inner(face);
    if (!check(x->state == EXCHANGE_PARKED && face->transport == NET_TCP))
        return;
    struct parked *p = parked_of(x);
    if (p->more == NULL && x->connection != NULL)
        x->connection->stream_count++;
    p->more = more;
    if (x->connection != NULL) {
        tcp_consider(x->connection);
    } else if (!p->orphan) {
        p->orphan = true;
        face->worker->orphan_count++;
    }
}

bool net_gone(const struct net_exchange *face)
{
    const struct exchange *x = inner_const(face);
    return face->transport == NET_TCP && x->connection == NULL;
}

size_t net_backlog(const struct net_exchange *face)
{
    const struct exchange *x = inner_const(face);
    return face->transport == NET_TCP && x->connection != NULL ? x->connection->backlog : 0;
}

uint16_t net_keepalive(const struct net_exchange *face)
{
    uint32_t units = face->worker->limits.tcp_idle_ms / 100;
    return (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units);
}

/* ---- streams ---- */

/* Calls the next stream of a connection once; streams of one connection take turns. */
void exchange_run_stream(struct connection *c)
{
    for (struct link *l = c->parked.next; l != &c->parked; l = l->next) {
        struct parked *p = LINK_OWNER(l, struct parked, of_connection);
        if (p->more == NULL)
            continue;
        list_remove(l);
        list_append(&c->parked, l);
        p->more(&p->x.face);
        return;
    }
}

void exchange_orphan(struct connection *c)
{
    while (!list_empty(&c->parked)) {
        struct parked *p = LINK_OWNER(c->parked.next, struct parked, of_connection);
        list_remove(&p->of_connection);
        p->x.connection = NULL;
        if (p->more != NULL) {
            p->orphan = true;
            p->x.face.worker->orphan_count++;
        }
    }
    c->parked_count = c->stream_count = 0;
}

/* Streams whose connection went are called, to see net_gone() and drop themselves. */
void exchange_run_orphans(struct net_worker *w)
{
    struct link *l = w->parked.next;
    while (w->orphan_count > 0 && l != &w->parked) {
        struct parked *p = LINK_OWNER(l, struct parked, of_worker);
        l = l->next;
        if (!p->orphan)
            continue;
        uint32_t before = w->parked_count;
        p->more(&p->x.face);
        if (!check(w->parked_count < before))
            parked_free(p);                 /* it did not end it: we do */
        l = w->parked.next;                 /* the call may have ended others too */
    }
}

void exchange_free_all(struct net_worker *w)
{
    exchange_run_orphans(w);
    while (!list_empty(&w->parked))
        parked_free(LINK_OWNER(w->parked.next, struct parked, of_worker));
}
