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
        x->slot_bit = UINT64_C(1) << i;
        x->out = &b->out_iov[i];
        x->face.transport = NET_UDP;
        x->face.worker = w;
        x->face.reply = b->replies_room + (size_t)i * REPLY_STRIDE;
        x->face.reply_room = UDP_REPLY_ROOM;
        b->in_iov[i] = (struct iovec){ b->queries + (size_t)i * QUERY_STRIDE, UDP_PROXY_ROOM + UDP_QUERY_ROOM };
        b->out_iov[i].iov_base = x->face.reply;
        struct msghdr *in = &b->in[i].msg_hdr, *out = &b->out[i].msg_hdr;
        in->msg_name = out->msg_name = &b->addresses[i].peer;
        in->msg_iov = &b->in_iov[i];
        out->msg_iov = &b->out_iov[i];
        in->msg_iovlen = out->msg_iovlen = 1;
    }
    return OK;
}

static socklen_t peer_bytes(bool v4) { return v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6); }
static size_t control_bytes(bool v4)
{
    return v4 ? CMSG_SPACE(sizeof(struct in_pktinfo)) : CMSG_SPACE(sizeof(struct in6_pktinfo));
}

/* What is the same for all datagrams of a port is written into the slots once, when another port's were there. */
static void batch_for(struct net_worker *w, struct port *port)
{
    struct udp_batch *b = &w->udp;
    b->port = port;
    b->v4 = port->local.address.family == 4;
    b->special = port->wildcard || port->proxy_from_count > 0;
    for (unsigned i = 0; i < b->size; i++) {
        struct exchange *x = &b->slots[i];
        x->port = port;
        x->face.peer = (struct endpoint){ .address.family = 4 };
        x->face.local = port->local;
        x->face.listener = port->listener;
        x->face.query = b->in_iov[i].iov_base;
        struct msghdr *in = &b->in[i].msg_hdr, *out = &b->out[i].msg_hdr;
        in->msg_namelen = out->msg_namelen = peer_bytes(b->v4);
        in->msg_control = out->msg_control = port->wildcard ? b->addresses[i].control : NULL;
        in->msg_controllen = port->wildcard ? sizeof b->addresses[i].control : 0;
        out->msg_controllen = port->wildcard ? control_bytes(b->v4) : 0;
    }
}

/* A port may end in the middle of another one's batch, with its last parked question: then there is nothing to forget. */
void udp_forget(struct net_worker *w, const struct port *port)
{
    if (port != NULL && w->udp.port != port)
        return;
    udp_flush(w);
    w->udp.port = NULL;
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

/* endpoint_from_sockaddr for what recvmmsg wrote. */
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

/* Reads the address that a datagram came to out of its control message, and makes of that message, where it
 * lies, the one that goes out with the answer.  @return false when there is none. */
static bool local_of(const struct msghdr *h, struct endpoint *local)
{
    const struct cmsghdr *m = CMSG_FIRSTHDR(h);
    if (m == NULL)
        return false;
    uint8_t *data = (uint8_t *)h->msg_control + CMSG_LEN(0);
    if (m->cmsg_level == IPPROTO_IP && m->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, data, sizeof info);
        info.ipi_ifindex = 0;                       /* the route decides, not the way it came */
        memcpy(data, &info.ipi_ifindex, sizeof info.ipi_ifindex);
        local->address.family = 4;
        memcpy(local->address.bytes, &info.ipi_spec_dst, 4);
        memset(local->address.bytes + 4, 0, 12);
        return true;
    }
    if (m->cmsg_level == IPPROTO_IPV6 && m->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, data, sizeof info);
        if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
            info.ipi6_ifindex = 0;
        address_of(&info.ipi6_addr, &local->address);
        memcpy(data, &info, sizeof info);
        return true;
    }
    return false;
}

_Static_assert(offsetof(struct in_pktinfo, ipi_ifindex) == 0, "local_of() writes the index only");

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

/* What only some ports need: the address it came to, the address that a proxy tells.  @return false: drop it */
static inline bool take_special(struct net_worker *w, const struct port *port, struct exchange *x)
{
    struct udp_batch *b = &w->udp;
    uint32_t i = x->slot;
    if (port->wildcard) {
        bool known = local_of(&b->in[i].msg_hdr, &x->face.local);
        b->in[i].msg_hdr.msg_controllen = sizeof b->addresses[i].control;
        if (!known)
            return false;
    }
    if (port->proxy_from_count == 0)
        return true;
    x->face.query = b->in_iov[i].iov_base;
    endpoint_of(&b->addresses[i], &x->face.peer);      /* a header's may be there still */
    if (!port_trusts(port, &x->face.peer.address) || take_proxy_header(x))
        return true;
    counter_add(&w->counters.proxy_bad, 1);
    return false;
}

/* A datagram of `bytes` octets becomes a question, or is dropped.  @return false: dropped */
static inline bool take(struct net_worker *w, struct port *port, struct exchange *x, const struct udp_address *from, size_t bytes)
{
    if (w->udp.v4) {
        memcpy(x->face.peer.address.bytes, &from->peer.v4.sin_addr, 4);
        x->face.peer.port = ntohs(from->peer.v4.sin_port);
    } else {
        endpoint_of(from, &x->face.peer);
    }
    if (x->face.peer.port == 0) {
        counter_add(&w->counters.udp_port_zero, 1);
        return false;
    }
    x->face.query_bytes = bytes;
    if (w->udp.special && !take_special(w, port, x))
        return false;
    if (x->face.query_bytes == 0) {
        counter_add(&w->counters.udp_short, 1);
        return false;
    }
    if (x->face.query_bytes > UDP_QUERY_ROOM)
        x->face.query_bytes = UDP_QUERY_ROOM;
    x->face.received_ns = w->received_ns;
    x->face.user = NULL;
    x->state = EXCHANGE_LIVE;
    return true;
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
    if (b->port != port)
        batch_for(w, port);
    int n = recvmmsg(port->source.fd, b->in, b->size, MSG_DONTWAIT, NULL);
    if (n <= 0) {
        cold(w, port);
        return;
    }
    counter_add(&w->counters.udp_received, (uint64_t)n);
    struct net_exchange **out = w->batch + w->batch_count;
    struct exchange *x = b->slots;
    const struct udp_address *from = b->addresses;
    for (const struct mmsghdr *m = b->in, *end = m + n; m < end; m++, x++, from++)
        if (take(w, port, x, from, m->msg_len))
            *out++ = &x->face;
    w->batch_count = (size_t)(out - w->batch);
    if (n >= UDP_HOT_LEAST || port->leaving || w->stopping)
        list_append(&w->hot, &port->hot);
    if (w->drops_timer.link == NULL) {
        w->drops_timer.fire = drops_fire;
        w->drops_timer.user = w;
        net_timer_start(w, &w->drops_timer, DROPS_LOOK_MS);
    }
}

/* Sends a run of answers.  The socket blocks for a few ms at most (SO_SNDTIMEO): a full transmit queue delays
 * the batch a little rather than losing it; one that stays full loses the rest.  @return how many failed */
static unsigned send_run(int fd, struct mmsghdr *run, unsigned count)
{
    unsigned done = 0, failed = 0;
    while (done < count) {
        int n = sendmmsg(fd, run + done, count - done, 0);
        if (n > 0) {
            done += (unsigned)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            failed += count - done;
            break;
        } else if (errno != EINTR) {
            failed++;                               /* this one; EMSGSIZE, EPERM, no route */
            done++;
        }
    }
    return failed;
}

/* Sends the answers of the batch.  Each slot has its header ready; where some slots have no answer, the
 * headers of the others are moved together. */
void udp_flush(struct net_worker *w)
{
    struct udp_batch *b = &w->udp;
    uint64_t replied = b->replied;
    if (replied == 0)
        return;
    b->replied = 0;
    if (!check(b->port != NULL))
        return;
    struct mmsghdr *run = b->out + __builtin_ctzll(replied), packed[UDP_BATCH_MAX];
    unsigned count = (unsigned)__builtin_popcountll(replied);
    uint64_t shape = replied >> __builtin_ctzll(replied);
    if ((shape & (shape + 1)) != 0) {               /* not all in a row */
        run = packed;
        for (unsigned n = 0; replied != 0; replied &= replied - 1)
            packed[n++] = b->out[__builtin_ctzll(replied)];
    }
    unsigned failed = send_run(b->port->source.fd, run, count);
    counter_add(&w->counters.udp_sent, count - failed);
    if (failed > 0)
        counter_add(&w->counters.udp_send_failed, failed);
}

/* ---- parked exchanges ---- */

void udp_park(struct exchange *x, struct parked *p)
{
    p->address = x->face.worker->udp.addresses[x->slot];
    bool v4 = p->address.peer.sa.sa_family == AF_INET;
    p->peer_bytes = peer_bytes(v4);
    p->control_bytes = x->port->wildcard ? (socklen_t)control_bytes(v4) : 0;
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
