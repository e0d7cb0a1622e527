/* SPDX-License-Identifier: Apache-2.0 */
/* TCP input: messages with a length prefix (RFC 1035 4.2.2, RFC 7766).
 *
 * A read goes into the worker's area, shared by all connections of the turn; questions point into it until
 * the flush.  A connection gets a buffer of its own only for what is left over: an incomplete message, or
 * questions beyond its share of the turn. */
#include "net/inside.h"
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { INPUT_LEAST = 512 };

/* How many questions may be taken from it now. */
static uint32_t share(const struct connection *c)
{
    const struct net_worker *w = c->worker;
    if (c->closing || c->backlog >= TCP_BACKLOG_HIGH || c->unanswered >= w->limits.tcp_pipeline)
        return 0;
    uint32_t n = w->limits.tcp_pipeline - c->unanswered;
    uint32_t slots = w->tcp.most - w->tcp.used;
    uint32_t most = c->backlog > 0 ? 1 : w->tcp.share;       /* a slow reader: who knows how large answers are */
    n = n < slots ? n : slots;
    return n < most ? n : most;
}

bool tcp_may_read(const struct connection *c)
{
    return !c->closing && c->backlog < TCP_BACKLOG_HIGH && c->unanswered < c->worker->limits.tcp_pipeline;
}

static void question(struct connection *c, const uint8_t *message, size_t bytes)
{
    struct net_worker *w = c->worker;
    struct exchange *x = &w->tcp.slots[w->tcp.used++];
    x->face.peer = c->peer;
    x->face.local = c->local;
    x->face.listener = c->port != NULL ? c->port->listener : NET_LISTENER_GONE;
    x->face.query = message;
    x->face.query_bytes = bytes;
    x->face.received_ns = w->received_ns;
    x->face.user = NULL;
    x->connection = c;
    x->port = NULL;
    x->state = EXCHANGE_LIVE;
    w->batch[w->batch_count++] = &x->face;
}

/* It asked: the last to be idle, and to be evicted. */
static void questions_taken(struct connection *c, uint32_t count)
{
    struct net_worker *w = c->worker;
    if (count == 0)
        return;
    c->unanswered += count;
    c->active_ms = w->now.monotonic_ms;
    list_remove(&c->of_worker);
    list_append(&w->connections, &c->of_worker);
    counter_add(&w->counters.tcp_received, count);
}

/* Strips the PROXY header. @return its octets; 0: more is needed; SIZE_MAX: the connection is to be closed */
static size_t take_proxy_header(struct connection *c, const uint8_t *data, size_t bytes)
{
    struct proxy_header header;
    enum status st = proxy_read(data, bytes, &header);
    if (st == E_TRUNCATED && bytes < PROXY_HEADER_MAX)
        return 0;
    if (st != OK || header.bytes > PROXY_HEADER_MAX) {
        counter_add(&c->worker->counters.proxy_bad, 1);
        return SIZE_MAX;
    }
    c->proxy_wanted = false;
    if (!header.local)
        c->peer = header.source;
    return tcp_budget_take(c) ? header.bytes : SIZE_MAX;
}

/* Takes complete messages. @return octets used; SIZE_MAX: the connection was closed */
static size_t take_messages(struct connection *c, const uint8_t *data, size_t bytes)
{
    size_t at = 0;
    if (c->proxy_wanted) {
        at = take_proxy_header(c, data, bytes);
        if (at == SIZE_MAX) {
            tcp_close(c);
            return SIZE_MAX;
        }
        if (at == 0)
            return 0;
    }
    const uint32_t most = share(c);
    uint32_t taken = 0;
    c->complete = false;
    while (bytes - at >= 2) {
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        if (bytes - at - 2 < length)
            break;
        if (taken == most) {
            c->complete = true;
            break;
        }
        question(c, data + at + 2, length);
        at += 2 + length;
        taken++;
    }
    questions_taken(c, taken);
    return at;
}

/* Its own buffer is done with, but questions of this batch lie in it: the flush frees it. */
static void input_release(struct connection *c)
{
    c->spent = c->input;
    c->input = NULL;
    c->input_start = c->input_end = c->input_room = 0;
}

/* Keeps what is left over of a read in a buffer of its own. @return false when out of memory */
static bool input_keep(struct connection *c, const uint8_t *data, size_t bytes)
{
    if (bytes == 0)
        return true;
    size_t room = bytes < INPUT_LEAST ? INPUT_LEAST : bytes;
    c->input = mem_resize(NULL, room);
    if (c->input == NULL)
        return false;
    memcpy(c->input, data, bytes);
    c->input_start = 0;
    c->input_end = (uint32_t)bytes;
    c->input_room = (uint32_t)room;
    return true;
}

/* Takes questions out of its own buffer. */
static bool take_from_input(struct connection *c)
{
    size_t used = take_messages(c, c->input + c->input_start, c->input_end - c->input_start);
    if (used == SIZE_MAX)
        return false;
    c->input_start += (uint32_t)used;
    if (c->input_start == c->input_end)
        input_release(c);
    return true;
}

/* Makes room behind an incomplete message: to its end, or twice as much as came so far, so that a short
 * prefix costs no 64 KiB.  @return the octets to read into it; 0 when out of memory */
static size_t input_grow(struct connection *c, bool *exact)
{
    size_t have = c->input_end - c->input_start, want = INPUT_LEAST;
    if (c->input_start > 0) {
        memmove(c->input, c->input + c->input_start, have);
        c->input_start = 0;
        c->input_end = (uint32_t)have;
    }
    size_t need = have < 2 || c->proxy_wanted ? 0 : 2 + ((size_t)c->input[0] << 8 | c->input[1]);
    want = 2 * have > want ? 2 * have : want;
    *exact = need > 0 && need <= want;
    if (*exact)
        want = need;
    if (want > c->input_room) {
        uint8_t *bigger = mem_resize(c->input, want);
        if (bigger == NULL)
            return 0;
        c->input = bigger;
        c->input_room = (uint32_t)want;
    }
    return want - have;
}

/* One read: behind what it has, and beyond that into the shared area. */
static void read_more(struct connection *c)
{
    struct tcp_batch *b = &c->worker->tcp;
    uint8_t *area = b->area + b->area_used;
    struct iovec iov[2];
    int count = 0;
    size_t own = 0;
    bool exact = true;
    if (c->input != NULL) {
        own = input_grow(c, &exact);
        if (own == 0) {
            tcp_close(c);
            return;
        }
        iov[count++] = (struct iovec){ c->input + c->input_end, own };
    }
    if (exact)
        iov[count++] = (struct iovec){ area, TCP_READ_BYTES };
    ssize_t n = own == 0 ? recv(c->source.fd, area, TCP_READ_BYTES, 0) : readv(c->source.fd, iov, count);
    if (n < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            c->readable = false;
        else if (errno != EINTR)
            tcp_close(c);
        return;
    }
    if (n == 0) {
        c->readable = false;
        c->ended = true;
        return;
    }
    size_t got = (size_t)n;
    if (got < own + (exact ? TCP_READ_BYTES : 0) && !c->ending)
        c->readable = false;
    size_t mine = got < own ? got : own;
    c->input_end += (uint32_t)mine;
    if (mine > 0 && !take_from_input(c))
        return;
    if (got == mine)
        return;
    b->area_used += got - mine;
    size_t used = take_messages(c, area, got - mine);
    if (used != SIZE_MAX && !input_keep(c, area + used, got - mine - used))
        tcp_close(c);
}

void tcp_read(struct connection *c)
{
    if (c->input != NULL && c->complete)
        (void)take_from_input(c);
    else if (c->readable && c->worker->tcp.area_used + TCP_READ_BYTES <= TCP_AREA_BYTES)
        read_more(c);
}
