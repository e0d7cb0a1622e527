/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking client sockets: every wait is a poll with what is left of the caller's time. */
#include "net/client.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct client_tcp {
    int fd;
    uint8_t prefix[2];
    size_t got;                     /* octets of the current message, prefix included */
    uint8_t *partial;               /* what came of it, NULL when nothing did */
};

static uint64_t deadline_after(uint32_t timeout_ms) { return clock_ns() + (uint64_t)timeout_ms * 1000000u; }

/* Waits until the socket is ready. @return OK, E_TIMEOUT, E_SYSTEM */
static enum status await(int fd, short events, uint64_t deadline)
{
    for (;;) {
        uint64_t now = clock_ns();
        uint64_t left = now >= deadline ? 0 : (deadline - now + 999999u) / 1000000u;
        struct pollfd p = { .fd = fd, .events = events };
        int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (n > 0)
            return OK;
        if (n < 0 && errno != EINTR)
            return E_SYSTEM;
        if (n == 0 && left == 0)
            return E_TIMEOUT;
    }
}

static enum status failure(void)
{
    switch (errno) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
        return E_CLOSED;
    case ETIMEDOUT:
        return E_TIMEOUT;
    default:
        return E_SYSTEM;
    }
}

static bool again(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == EINPROGRESS; }

/* A socket connected to the server, so that the kernel takes datagrams from there only.  For TCP the
 * connection may still be under way. */
static enum status connected(const struct endpoint *server, const struct endpoint *source, int type, int *out)
{
    struct sockaddr_storage to, from;
    socklen_t bytes = endpoint_to_sockaddr(server, &to);
    int fd = socket(to.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return E_SYSTEM;
    enum status st = OK;
    if (source != NULL && source->address.family != 0) {
        int one = 1;
        socklen_t from_bytes = endpoint_to_sockaddr(source, &from);
        if (type == SOCK_STREAM)
            (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, (const struct sockaddr *)&from, from_bytes) != 0)
            st = E_SYSTEM;
    }
    if (st == OK && connect(fd, (const struct sockaddr *)&to, bytes) != 0 && !again())
        st = failure();
    if (st != OK) {
        int saved = errno;
        close(fd);
        errno = saved;
        return st;
    }
    *out = fd;
    return OK;
}

/* Reads one datagram that is there. @return OK, E_AGAIN (wait again), E_CLOSED, E_NO_SPACE, E_SYSTEM */
static enum status datagram(int fd, uint8_t *reply, size_t room, size_t *bytes)
{
    ssize_t n = recv(fd, reply, room, MSG_TRUNC);
    if (n < 0)
        return again() ? E_AGAIN : failure();
    if ((size_t)n > room)
        return E_NO_SPACE;
    *bytes = (size_t)n;
    return OK;
}

enum status client_udp(const struct endpoint *server, const struct endpoint *source, const uint8_t *query,
                       size_t query_bytes, uint32_t timeout_ms,
                       bool (*accept)(void *context, const uint8_t *message, size_t bytes), void *context,
                       uint8_t *reply, size_t reply_room, size_t *reply_bytes)
{
    uint64_t deadline = deadline_after(timeout_ms);
    size_t got = 0;
    int fd = -1;
    enum status st = connected(server, source, SOCK_DGRAM, &fd);
    if (st != OK)
        return st;
    if (send(fd, query, query_bytes, 0) < 0)
        st = failure();
    while (st == OK) {
        st = await(fd, POLLIN, deadline);
        if (st != OK)
            break;
        st = datagram(fd, reply, reply_room, &got);
        if (st == OK && (accept == NULL || accept(context, reply, got)))
            break;
        if (st == E_AGAIN)
            st = OK;
    }
    close(fd);
    if (st == OK)
        *reply_bytes = got;
    return st;
}

/* ---- TCP ---- */

enum status client_tcp_open(const struct endpoint *server, const struct endpoint *source, uint32_t timeout_ms,
                            struct client_tcp **out)
{
    int fd = -1, error = 0, one = 1;
    socklen_t bytes = sizeof error;
    enum status st = connected(server, source, SOCK_STREAM, &fd);
    if (st != OK)
        return st;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    st = await(fd, POLLOUT, deadline_after(timeout_ms));
    if (st == OK && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0)
        st = E_SYSTEM;
    if (st == OK && error != 0) {
        errno = error;
        st = failure();
    }
    struct client_tcp *c = st == OK ? mem_alloc(sizeof *c) : NULL;
    if (st == OK && c == NULL)
        st = E_NOMEM;
    if (st != OK) {
        int saved = errno;
        close(fd);
        errno = saved;
        return st;
    }
    c->fd = fd;
    *out = c;
    return OK;
}

void client_tcp_close(struct client_tcp *connection)
{
    if (connection == NULL)
        return;
    close(connection->fd);
    mem_free(connection->partial);
    mem_free(connection);
}

enum status client_tcp_send(struct client_tcp *connection, const uint8_t *message, size_t bytes, uint32_t timeout_ms)
{
    uint64_t deadline = deadline_after(timeout_ms);
    if (bytes > 65535)
        return E_RANGE;
    uint8_t prefix[2] = { (uint8_t)(bytes >> 8), (uint8_t)bytes };
    for (size_t sent = 0; sent < bytes + 2;) {
        size_t skip = sent < 2 ? 0 : sent - 2;
        struct iovec iov[2] = { { prefix + (sent < 2 ? sent : 2), sent < 2 ? 2 - sent : 0 },
                                { (uint8_t *)(uintptr_t)message + skip, bytes - skip } };
        struct msghdr h = { .msg_iov = iov, .msg_iovlen = 2 };
        ssize_t n = sendmsg(connection->fd, &h, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            continue;
        }
        if (n < 0 && !again())
            return failure();
        enum status st = await(connection->fd, POLLOUT, deadline);
        if (st != OK)
            return st;
    }
    return OK;
}

/* Reads a part of the current message. @return OK, E_TIMEOUT, E_CLOSED, E_SYSTEM */
static enum status read_part(struct client_tcp *c, uint8_t *to, size_t want, uint64_t deadline)
{
    ssize_t n = recv(c->fd, to, want, 0);
    if (n > 0) {
        c->got += (size_t)n;
        return OK;
    }
    if (n == 0)
        return E_CLOSED;
    return again() ? await(c->fd, POLLIN, deadline) : failure();
}

enum status client_tcp_receive(struct client_tcp *connection, uint8_t *message, size_t room, size_t *bytes, uint32_t timeout_ms)
{
    struct client_tcp *c = connection;
    uint64_t deadline = deadline_after(timeout_ms);
    enum status st = OK;
    while (st == OK && c->got < 2)
        st = read_part(c, c->prefix + c->got, 2 - c->got, deadline);
    if (st != OK)
        return st;
    size_t length = (size_t)c->prefix[0] << 8 | c->prefix[1];
    if (length > room)
        return E_NO_SPACE;
    if (c->partial == NULL && (c->partial = mem_alloc(length + 1)) == NULL)
        return E_NOMEM;
    while (st == OK && c->got < 2 + length)
        st = read_part(c, c->partial + c->got - 2, 2 + length - c->got, deadline);
    if (st != OK)
        return st;                              /* what came is kept: the caller may go on */
    memcpy(message, c->partial, length);
    mem_free(c->partial);
    c->partial = NULL;
    c->got = 0;
    *bytes = length;
    return OK;
}
