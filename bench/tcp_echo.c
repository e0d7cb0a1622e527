/* SPDX-License-Identifier: Apache-2.0 */
/* The floor under DNS over TCP: a bare responder that flips QR.  One thread, epoll; of each connection that is ready one
 * read, all complete messages of it answered with one write.  No limits, no timers, no output buffer: a connection
 * whose reader is slow is closed.
 *
 *   tcp_echo PORT [OCTETS]       OCTETS: answers are made this long, if the question is shorter */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 128, IN_ROOM = 16384, OUT_ROOM = 1 << 20, KEPT_ROOM = 2 + 512, DESCRIPTORS = 65536 };

struct kept { uint16_t bytes; uint8_t data[KEPT_ROOM]; };      /* the beginning of a message */

static struct kept *table[DESCRIPTORS];
static uint8_t input[KEPT_ROOM + IN_ROOM], output[OUT_ROOM];
static size_t least;

static void drop(int fd)
{
    free(table[fd]);
    table[fd] = NULL;
    close(fd);
}

/* Answers the complete messages.  @return octets used */
static size_t answer(const uint8_t *in, size_t bytes, size_t *out)
{
    size_t at = 0;
    while (bytes - at >= 2) {
        size_t length = (size_t)in[at] << 8 | in[at + 1], told = length < least ? least : length;
        if (bytes - at - 2 < length || *out + 2 + told > OUT_ROOM)
            break;
        uint8_t *o = output + *out;
        o[0] = (uint8_t)(told >> 8);
        o[1] = (uint8_t)told;
        memcpy(o + 2, in + at + 2, length);
        memset(o + 2 + length, 0, told - length);
        if (length > 2)
            o[4] |= 0x80;
        *out += 2 + told;
        at += 2 + length;
    }
    return at;
}

/* The beginning of a message waits for its end. */
static int keep(int fd, const uint8_t *in, size_t bytes)
{
    if (bytes == 0)
        return 1;
    if (bytes > KEPT_ROOM || (table[fd] == NULL && (table[fd] = calloc(1, sizeof *table[fd])) == NULL))
        return 0;
    memcpy(table[fd]->data, in, bytes);
    table[fd]->bytes = (uint16_t)bytes;
    return 1;
}

static void ready(int fd)
{
    size_t have = 0, out = 0;
    if (table[fd] != NULL) {
        have = table[fd]->bytes;
        memcpy(input, table[fd]->data, have);
        table[fd]->bytes = 0;
    }
    ssize_t n = read(fd, input + have, IN_ROOM);
    if (n <= 0) {
        drop(fd);
        return;
    }
    size_t used = answer(input, have + (size_t)n, &out);
    if (!keep(fd, input + used, have + (size_t)n - used) || (out > 0 && write(fd, output, out) != (ssize_t)out))
        drop(fd);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);
    struct epoll_event events[EVENTS], e = { .events = EPOLLIN, .data.fd = listener };
    if (argc < 2)
        return 2;
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    least = argc > 2 ? (size_t)atoi(argv[2]) : 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (least > UINT16_MAX || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 4096) != 0
        || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e) != 0) {
        perror("tcp_echo");
        return 1;
    }
    for (;;) {
        int n = epoll_wait(ep, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd != listener) {
                ready(events[i].data.fd);
                continue;
            }
            int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            struct epoll_event c = { .events = EPOLLIN, .data.fd = fd };
            if (fd >= DESCRIPTORS || (fd >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &c) != 0))
                close(fd);
        }
    }
}
