/* SPDX-License-Identifier: Apache-2.0 */
/* What a question by UDP costs in user space: one worker, one port, batches of 32, all in one thread.
 *
 *     valgrind --tool=callgrind --toggle-collect=measured_turn unit-net-measure 100000
 *
 * The collected instructions divided by the number of questions are what net adds to each.  Without valgrind
 * it prints the CPU time of a turn, system calls included. */
#include "net/net.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32 };

size_t measured_turn(struct net_worker *w);
__attribute__((noinline)) size_t measured_turn(struct net_worker *w)
{
    struct net_exchange **batch;
    size_t count;
    if (!net_wait(w, &batch, &count))
        return 0;
    for (size_t i = 0; i < count; i++)
        net_reply_last(batch[i], batch[i]->query_bytes);
    net_flush(w);
    return count;
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
    unsigned long total = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, done = 0, turns = 0;
    struct net_listener l = { .endpoint = { .address = { 4, { 127, 0, 0, 1 } } }, .transports = NET_UDP };
    struct net_options o = net_defaults();
    struct net *net = NULL;
    struct sockaddr_storage sa;
    uint64_t spent = 0;
    if (argc > 2)
        l.endpoint.address = (struct address){ 4, { 0 } };         /* any second argument: the unspecified address */
    o.listeners = &l;
    o.listener_count = 1;
    o.udp_batch = BATCH;
    if (net_open(&o, &net, NULL) != OK)
        return 1;
    struct endpoint at = net_listener_endpoint(net, 0);
    at.address = (struct address){ 4, { 127, 0, 0, 1 } };
    socklen_t bytes = endpoint_to_sockaddr(&at, &sa);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(fd, (struct sockaddr *)&sa, bytes) != 0)
        return 1;
    struct net_worker *w = net_worker_get(net, 0);
    net_worker_start(w, NULL, NULL);
    char query[40] = "", got[64];
    while (done < total) {
        unsigned sent = 0, answered = 0;
        for (; sent < BATCH; sent++)
            if (send(fd, query, sizeof query, 0) < 0)
                return 1;
        uint64_t before = cpu_ns();
        for (size_t n = 0; n < BATCH; turns++)
            n += measured_turn(w);
        spent += cpu_ns() - before;
        while (answered < BATCH && recv(fd, got, sizeof got, 0) > 0)
            answered++;
        done += answered;
    }
    printf("%lu questions in %lu turns, %.0f ns each\n", done, turns, (double)spent / (double)done);
    close(fd);
    net_close(net);
    return 0;
}
