/* SPDX-License-Identifier: Apache-2.0 */
/* The room alone as a server, for load generators: one worker on loopback gives every question back with QR set.
 *
 *     unit-net-serve PORT [OCTETS]       OCTETS: answers are made this long, if the question is shorter
 *
 * Held against bare responders (bench/tcp_echo.c) it shows what net costs beside the kernel. */
#include "net/net.h"
#include <stdlib.h>
#include <string.h>

static void answer(struct net_exchange *x, size_t least)
{
    size_t bytes = x->query_bytes;
    if (bytes < 12 || bytes > x->reply_room) {
        net_drop(x);
        return;
    }
    memcpy(x->reply, x->query, bytes);
    x->reply[2] |= 0x80;
    if (bytes < least && least <= x->reply_room) {
        memset(x->reply + bytes, 0, least - bytes);
        bytes = least;
    }
    net_reply_last(x, bytes);
}

int main(int argc, char **argv)
{
    struct net_listener l = { .endpoint = { .address = { 4, { 127, 0, 0, 1 } } }, .transports = NET_UDP | NET_TCP };
    struct net_options o = net_defaults();
    struct net *net = NULL;
    if (argc < 2)
        return 2;
    l.endpoint.port = (uint16_t)atoi(argv[1]);
    size_t least = argc > 2 ? (size_t)atoi(argv[2]) : 0;
    o.listeners = &l;
    o.listener_count = 1;
    if (net_open(&o, &net, NULL) != OK)
        return 1;
    struct net_worker *w = net_worker_get(net, 0);
    struct net_exchange **batch;
    size_t count;
    net_worker_start(w, NULL, NULL);
    while (net_wait(w, &batch, &count)) {
        for (size_t i = 0; i < count; i++)
            answer(batch[i], least);
        net_flush(w);
    }
    net_close(net);
    return 0;
}
