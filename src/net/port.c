/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: a worker's listening sockets, from joining its loop to their drained end. */
#include "net/inside.h"
#include <unistd.h>

void port_free(struct port *port)
{
    if (port == NULL)
        return;
    net_timer_stop(&port->pause);
    list_remove(&port->hot);
    list_remove(&port->of_worker);
    if (port->worker != NULL)
        udp_forget(port->worker, port);
    if (port->source.fd >= 0)
        close(port->source.fd);
    mem_free(port->proxy_from);
    mem_free(port);
}

void port_watch(struct port *port)
{
    struct net_worker *w = port->worker;
    if (worker_watch(w, &port->source, port->shared ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN) != OK)
        log_error(LOG_NET, "cannot watch a socket", log_u64("worker", w->index));
}

void port_join(struct net_worker *w, struct port *port)
{
    port->worker = w;
    list_append(&w->ports, &port->of_worker);
    port->drained = w->stopping;
    if (!w->stopping)
        port_watch(port);
}

/* A datagram socket that is connected to itself gets nothing new, but keeps what is queued: so its queue
 * has an end, even under fire.  Where the kernel refuses, the end is when it was seen empty once. */
static void stop_arrivals(const struct port *port)
{
    struct sockaddr_storage sa;
    socklen_t bytes = sizeof sa;
    if (port->shared || getsockname(port->source.fd, (struct sockaddr *)&sa, &bytes) != 0)
        return;
    int r = connect(port->source.fd, (const struct sockaddr *)&sa, bytes);
    (void)r;
}

void port_leave(struct port *port)
{
    struct net_worker *w = port->worker;
    port->leaving = true;
    net_timer_stop(&port->pause);
    list_remove(&port->of_worker);
    list_append(&w->leaving, &port->of_worker);
    epoll_ctl(w->epoll, EPOLL_CTL_DEL, port->source.fd, NULL);
    if (port->source.kind == SOURCE_UDP) {
        udp_look_at_drops(port);
        stop_arrivals(port);
        udp_heat(port);
        return;
    }
    tcp_accept(port);                  /* until its queue is empty */
    tcp_port_gone(port);
    port->drained = true;
    port_leave_finish(port);
}

void port_leave_finish(struct port *port)
{
    if (port->leaving && port->drained && port->parked == 0)
        port_free(port);
}

bool port_trusts(const struct port *port, const struct address *peer)
{
    for (size_t i = 0; i < port->proxy_from_count; i++)
        if (prefix_contains(&port->proxy_from[i], peer))
            return true;
    return false;
}
