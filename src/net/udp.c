/* SPDX-License-Identifier: Apache-2.0 */
/* UDP: one recvmmsg and one sendmmsg for each batch, all buffers made once.
 *
 * A port bound to one address needs no control messages: what it sends leaves from there.  One bound to the
 * unspecified address gets IP_PKTINFO (IPV6_PKTINFO) with each datagram and sends it back with the answer. */
#include "net/inside.h"
#include <errno.h>
#include <linux/sock_diag.h>
#include <string.h>

/* The strides keep slots off each other's cache sets. */
enum { QUERY_STRIDE = UDP_PROXY_ROOM + UDP_QUERY_ROOM + 64, REPLY_STRIDE = UDP_REPLY_ROOM + 64 };

enum status udp_batch_init(struct net_worker *w, unsigned size)
{
    struct udp_batch *b = &w->udp;
    b->size = size;
    b->slots = mem_alloc(size * sizeof b->slots[0]);
    b->in = mem_alloc(size * sizeof b->in[0]);
    b->out = mem_alloc(size * sizeof b->out[0]);
    b->in_iov = mem_alloc(size * sizeof b->in_iov[0]);
    b->out_iov = mem_alloc(size * sizeof b->out_iov[0]);
    b->addresses = mem_alloc(size * sizeof b->addresses[0]);
    b->queries = mem_alloc((size_t)size * QUERY_STRIDE);
    b->replies_room = mem_alloc((size_t)size * REPLY_STRIDE);
    if (b->slots == NULL || b->in == NULL || b->out == NULL || b->in_iov == NULL || b->out_iov == NULL
        || b->addresses == NULL || b->queries == NULL || b->replies_room == NULL)
        return E_NOMEM;
    for (unsigned i = 0; i < size; i++) {
        struct exchange *x = &b->slots[i];
        x->slot = i;
        x->face.transport = NET_UDP;
        x->face.worker = w;
        x->face.reply = b->replies_room + (size_t)i * REPLY_STRIDE;
        x->face.reply_room = UDP_REPLY_ROOM;
        b->in_iov[i] = (struct iovec){ b->queries + (size_t)i * QUERY_STRIDE, UDP_PROXY_ROOM + UDP_QUERY_ROOM };
        struct msghdr *h = &b->in[i].msg_hdr;
        h->msg_name = &b->addresses[i].peer;
        h->msg_namelen = sizeof b->addresses[i].peer;
        h->msg_iov = &b->in_iov[i];
        h->msg_iovlen = 1;
        b->out[i].msg_hdr.msg_iov = &b->out_iov[i];
        b->out[i].msg_hdr.msg_iovlen = 1;
    }
    return OK;
}

void udp_batch_clear(struct net_worker *w)
{
    struct udp_batch *b = &w->udp;
    mem_free(b->slots);
    mem_free(b->in);
    mem_free(b->out);
    mem_free(b->in_iov);
    mem_free(b->out_iov);
    mem_free(b->addresses);
    mem_free(b->queries);
    mem_free(b->replies_room);
    *b = (struct udp_batch){ 0 };
}

/* An IPv6 address as we hold it.  A socket that was handed over may take IPv4 as well, as mapped addresses. */
static inline void address_of(const struct in6_addr *a, struct address *out)
{
    if (IN6_IS_ADDR_V4MAPPED(a)) {
        *out = (struct address){ .family = 4 };
        memcpy(out->bytes, a->s6_addr + 12, 4);
        return;
    }
    out->family = 6;
    memcpy(out->bytes, a, 16);
}

/* The hot path's endpoint_from_sockaddr: the family is the port's own. */
static inline void endpoint_of(const struct udp_address *a, struct endpoint *out)
{
    if (a->peer.sa.sa_family == AF_INET) {
        out->address.family = 4;
        memcpy(out->address.bytes, &a->peer.v4.sin_addr, 4);
        memset(out->address.bytes + 4, 0, 12);
        out->port = ntohs(a->peer.v4.sin_port);
        out->scope = 0;
    } else {
        address_of(&a->peer.v6.sin6_addr, &out->address);
        out->port = ntohs(a->peer.v6.sin6_port);
        out->scope = a->peer.v6.sin6_scope_id;
    }
}

static void *control_data(struct udp_address *a) { return CMSG_DATA((struct cmsghdr *)(void *)a->control); }

/* Reads the address that a datagram came to out of its control message, and makes of that message the one
 * that goes out with the answer.  @return false when there is none. */
static bool local_of(struct msghdr *h, struct udp_address *a, struct endpoint *local)
{
    const struct cmsghdr *m = CMSG_FIRSTHDR(h);
    if (m == NULL)
        return false;
    if (m->cmsg_level == IPPROTO_IP && m->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(m), sizeof info);
        info.ipi_ifindex = 0;                       /* the route decides, not the way it came */
        local->address.family = 4;
        memcpy(local->address.bytes, &info.ipi_spec_dst, 4);
        memset(local->address.bytes + 4, 0, 12);
        memcpy(control_data(a), &info, sizeof info);
        h->msg_controllen = CMSG_SPACE(sizeof info);
        return true;
    }
    if (m->cmsg_level == IPPROTO_IPV6 && m->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(m), sizeof info);
        if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
            info.ipi6_ifindex = 0;
        address_of(&info.ipi6_addr, &local->address);
        memcpy(control_data(a), &info, sizeof info);
        h->msg_controllen = CMSG_SPACE(sizeof info);
        return true;
    }
    return false;
}

/* Strips the PROXY header of a datagram from a trusted address.  @return false: drop it. */
static bool take_proxy_header(struct exchange *x)
{
    struct proxy_header header;
    if (proxy_read(x->face.query, x->face.query_bytes, &header) != OK || header.bytes >= x->face.query_bytes)
        return false;
    x->face.query += header.bytes;
    x->face.query_bytes -= header.bytes;
    if (!header.local)
        x->face.peer = header.source;
    return true;
}

/* One datagram out of the batch becomes a question, or is dropped. */
static void take(struct net_worker *w, struct port *port, unsigned i)
{
    struct udp_batch *b = &w->udp;
    struct exchange *x = &b->slots[i];
    struct udp_address *a = &b->addresses[i];
    endpoint_of(a, &x->face.peer);
    if (x->face.peer.port == 0) {
        counter_add(&w->counters.udp_port_zero, 1);
        return;
    }
    x->face.local = port->local;
    if (port->wildcard && !local_of(&b->in[i].msg_hdr, a, &x->face.local))
        return;
    x->port = port;
    x->face.listener = port->listener;
    x->face.received_ns = w->received_ns;
    x->face.user = NULL;
    x->face.query = b->in_iov[i].iov_base;
    x->face.query_bytes = b->in[i].msg_len;
    if (port->proxy_from_count > 0 && port_trusts(port, &x->face.peer.address) && !take_proxy_header(x)) {
        counter_add(&w->counters.proxy_bad, 1);
        return;
    }
    if (x->face.query_bytes == 0) {
        counter_add(&w->counters.udp_short, 1);
        return;
    }
    if (x->face.query_bytes > UDP_QUERY_ROOM)
        x->face.query_bytes = UDP_QUERY_ROOM;
    x->state = EXCHANGE_LIVE;
    w->batch[w->batch_count++] = &x->face;
}

static void drops_fire(struct net_timer *timer)
{
    struct net_worker *w = timer->user;
    for (struct link *l = w->ports.next; l != &w->ports; l = l->next)
        udp_look_at_drops(LINK_OWNER(l, struct port, of_worker));
    if (w->counters.udp_received != w->drops_seen_received)
        net_timer_start(w, timer, DROPS_LOOK_MS);
    w->drops_seen_received = w->counters.udp_received;
}

/* The kernel's own count of datagrams that its queue had no room for. */
void udp_look_at_drops(struct port *port)
{
    uint32_t info[SK_MEMINFO_VARS] = { 0 };
    socklen_t size = sizeof info;
    if (port->source.kind != SOURCE_UDP || port->shared
        || getsockopt(port->source.fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0)
        return;
    uint32_t more = info[SK_MEMINFO_DROPS] - port->drops;
    port->drops = info[SK_MEMINFO_DROPS];
    counter_add(&port->worker->counters.udp_dropped_in_kernel, more);
}

void udp_heat(struct port *port)
{
    if (!link_used(&port->hot))
        list_append(&port->worker->hot, &port->hot);
}

/* The queue was seen empty. */
static void cold(struct net_worker *w, struct port *port)
{
    if (port->leaving) {
        port->drained = true;
        port_leave_finish(port);
    } else if (w->stopping) {
        port->drained = true;
    }
}

void udp_turn(struct net_worker *w)
{
    if (list_empty(&w->hot))
        return;
    struct udp_batch *b = &w->udp;
    struct port *port = LINK_OWNER(w->hot.next, struct port, hot);
    list_remove(&port->hot);
    if (port->wildcard)
        for (unsigned i = 0; i < b->size; i++) {
            b->in[i].msg_hdr.msg_control = b->addresses[i].control;
            b->in[i].msg_hdr.msg_controllen = sizeof b->addresses[i].control;
        }
    int n = recvmmsg(port->source.fd, b->in, b->size, MSG_DONTWAIT, NULL);
    if (n <= 0) {
        cold(w, port);
        return;
    }
    b->port = port;
    counter_add(&w->counters.udp_received, (uint64_t)n);
    for (unsigned i = 0; i < (unsigned)n; i++) {
        take(w, port, i);
        b->in[i].msg_hdr.msg_namelen = sizeof b->addresses[i].peer;
    }
    if (n >= UDP_HOT_LEAST || port->leaving || w->stopping)
        list_append(&w->hot, &port->hot);
    if (w->drops_timer.link == NULL) {
        w->drops_timer.fire = drops_fire;
        w->drops_timer.user = w;
        net_timer_start(w, &w->drops_timer, DROPS_LOOK_MS);
    }
}

static socklen_t peer_bytes(const struct udp_address *a)
{
    return a->peer.sa.sa_family == AF_INET ? sizeof a->peer.v4 : sizeof a->peer.v6;
}

static size_t control_bytes(const struct udp_address *a)
{
    return a->peer.sa.sa_family == AF_INET ? CMSG_SPACE(sizeof(struct in_pktinfo)) : CMSG_SPACE(sizeof(struct in6_pktinfo));
}

void udp_reply(struct exchange *x, size_t bytes)
{
    struct udp_batch *b = &x->face.worker->udp;
    struct udp_address *a = &b->addresses[x->slot];
    struct msghdr *h = &b->out[b->replies].msg_hdr;
    b->out_iov[b->replies++] = (struct iovec){ x->face.reply, bytes };
    h->msg_name = &a->peer;
    h->msg_namelen = peer_bytes(a);
    h->msg_control = x->port->wildcard ? a->control : NULL;
    h->msg_controllen = x->port->wildcard ? control_bytes(a) : 0;
}

/* Sends the answers of the batch.  The socket blocks for a few ms at most (SO_SNDTIMEO): a full transmit
 * queue delays the batch a little rather than losing it; one that stays full loses the rest. */
void udp_flush(struct net_worker *w)
{
    struct udp_batch *b = &w->udp;
    unsigned done = 0, failed = 0;
    while (done < b->replies) {
        int n = sendmmsg(b->port->source.fd, b->out + done, b->replies - done, 0);
        if (n > 0) {
            done += (unsigned)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            failed += b->replies - done;
            break;
        } else if (errno != EINTR) {
            failed++;                               /* this one; EMSGSIZE, EPERM, no route */
            done++;
        }
    }
    if (b->replies > 0) {
        counter_add(&w->counters.udp_sent, b->replies - failed);
        if (failed > 0)
            counter_add(&w->counters.udp_send_failed, failed);
    }
    b->replies = 0;
}

/* ---- parked exchanges ---- */

void udp_park(struct exchange *x, struct parked *p)
{
    p->address = x->face.worker->udp.addresses[x->slot];
    p->peer_bytes = peer_bytes(&p->address);
    p->control_bytes = x->port->wildcard ? (socklen_t)control_bytes(&p->address) : 0;
    x->port->parked++;
}

void udp_reply_parked(struct parked *p, size_t bytes)
{
    struct net_counters *counters = &p->x.face.worker->counters;
    struct iovec iov = { p->x.face.reply, bytes };
    struct msghdr h = { .msg_name = &p->address.peer, .msg_namelen = p->peer_bytes, .msg_iov = &iov, .msg_iovlen = 1,
                        .msg_control = p->control_bytes > 0 ? p->address.control : NULL,
                        .msg_controllen = p->control_bytes };
    ssize_t n;
    do
        n = sendmsg(p->x.port->source.fd, &h, 0);
    while (n < 0 && errno == EINTR);
    counter_add(n >= 0 ? &counters->udp_sent : &counters->udp_send_failed, 1);
}
