/* SPDX-License-Identifier: Apache-2.0 */
/* TCP output: the answers of one batch leave with one sendmsg, straight from where they were written; only
 * what the kernel does not take is copied, into chunks that exist no longer than needed. */
#include "net/inside.h"
#include <errno.h>
#include <string.h>

enum { CHUNK_LEAST = 2048, VECTORS = TCP_SLOTS };

static struct chunk *chunk_new(size_t least)
{
    size_t room = least < CHUNK_LEAST ? CHUNK_LEAST : least;
    struct chunk *k = mem_resize(NULL, sizeof *k + room);
    if (k != NULL)
        *k = (struct chunk){ .room = (uint32_t)room };
    return k;
}

bool tcp_append(struct connection *c, const uint8_t *data, size_t bytes)
{
    struct net_worker *w = c->worker;
    if (c->dead || c->backlog + bytes > TCP_BACKLOG_LIMIT || w->output_bytes + bytes > WORKER_OUTPUT_LIMIT)
        return false;
    struct chunk *tail = c->output == NULL ? NULL : LINK_OWNER(c->output_tail, struct chunk, next);
    if (tail == NULL || tail->room - tail->end < bytes) {
        tail = chunk_new(bytes);
        if (tail == NULL)
            return false;
        if (c->output == NULL) {
            c->output_tail = &c->output;
            c->stuck_ms = w->now.monotonic_ms;
        }
        *c->output_tail = tail;
        c->output_tail = &tail->next;
    }
    memcpy(tail->data + tail->end, data, bytes);
    tail->end += (uint32_t)bytes;
    c->backlog += bytes;
    w->output_bytes += bytes;
    return true;
}

void tcp_output_clear(struct connection *c)
{
    while (c->output != NULL) {
        struct chunk *k = c->output;
        c->output = k->next;
        mem_free(k);
    }
    c->worker->output_bytes -= c->backlog;
    c->backlog = 0;
}

void tcp_dirty(struct connection *c)
{
    if (!c->dead && !link_used(&c->dirty))
        list_append(&c->worker->dirty, &c->dirty);
}

/* Takes note of a live exchange's answer; it is sent by the flush. */
void tcp_answer(struct exchange *x, size_t bytes)
{
    struct connection *c = x->connection;
    if (c == NULL)
        return;
    x->reply_bytes = bytes;
    x->next = NULL;
    if (c->answers == NULL)
        c->answers_tail = &c->answers;
    *c->answers_tail = x;
    c->answers_tail = &x->next;
    c->active_ms = c->worker->now.monotonic_ms;
    counter_add(&c->worker->counters.tcp_sent, 1);
}

static unsigned gather(const struct connection *c, struct iovec *iov)
{
    unsigned n = 0;
    for (struct chunk *k = c->output; k != NULL && n < VECTORS; k = k->next)
        iov[n++] = (struct iovec){ k->data + k->start, k->end - k->start };
    for (struct exchange *x = c->answers; x != NULL && n < VECTORS; x = x->next)
        iov[n++] = (struct iovec){ x->face.reply - 2, x->reply_bytes };
    return n;
}

/* Forgets what was sent.  @return octets of the first live answer that went out already */
static size_t consume(struct connection *c, size_t sent)
{
    while (c->output != NULL) {
        struct chunk *k = c->output;
        size_t part = k->end - k->start;
        if (part > sent) {
            k->start += (uint32_t)sent;
            c->backlog -= sent;
            c->worker->output_bytes -= sent;
            return 0;
        }
        sent -= part;
        c->backlog -= part;
        c->worker->output_bytes -= part;
        c->output = k->next;
        mem_free(k);
        c->stuck_ms = c->worker->now.monotonic_ms;
    }
    while (c->answers != NULL && c->answers->reply_bytes <= sent) {
        sent -= c->answers->reply_bytes;
        c->answers = c->answers->next;
    }
    return sent;
}

/* The batch ends, its buffers go: copies the answers that are left. */
static bool keep_answers(struct connection *c, size_t skip)
{
    for (; c->answers != NULL; c->answers = c->answers->next, skip = 0)
        if (!tcp_append(c, c->answers->face.reply - 2 + skip, c->answers->reply_bytes - skip))
            return false;
    return true;
}

/* Sends until all is gone or the kernel takes no more. @return false when the connection broke */
static bool send_all(struct connection *c)
{
    struct iovec iov[VECTORS];
    while (c->output != NULL || c->answers != NULL) {
        struct msghdr h = { .msg_iov = iov, .msg_iovlen = gather(c, iov) };
        ssize_t n = h.msg_iovlen == 1 ? send(c->source.fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                                      : sendmsg(c->source.fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return (errno == EAGAIN || errno == EWOULDBLOCK) && keep_answers(c, 0);
        size_t skip = consume(c, (size_t)n);
        if (skip > 0 && !keep_answers(c, skip))
            return false;
    }
    return true;
}

/* Output waits for the reader: asks epoll for it, and sets the limit. */
static void wait_for_reader(struct connection *c)
{
    struct net_worker *w = c->worker;
    if (!c->waits_writable)
        worker_rewatch(w, &c->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    c->waits_writable = true;
    uint64_t due = c->stuck_ms + w->limits.tcp_write_ms;
    if (c->timer.due_ms > due)
        wheel_start(&w->wheel, &c->timer, due);
}

void tcp_flush(struct connection *c)
{
    if (c->dead)
        return;
    bool sent = send_all(c);
    mem_free(c->spent);
    c->spent = NULL;
    if (!sent) {
        tcp_close(c);
        return;
    }
    if (c->backlog > 0)
        wait_for_reader(c);
    tcp_consider(c);
}
