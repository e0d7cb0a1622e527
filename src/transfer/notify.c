/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFY out: one thread, one socket per family, retries with growing waits.  RFC 1996 §3. */
#include "base/log.h"
#include "transfer/transfer.h"
#include "wire/wire.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TRIES = 5,
    FIRST_WAIT_MS = 3000,       /* then 6, 12, 24, 48 s */
    WAITING_MAX = 200000,       /* jobs; more are refused */
    BURST = 64,                 /* datagrams per turn, so that a mass reload does not flood */
    TURN_MS = 20,
    IDLE_MS = 60000,
};

struct job {
    struct job *next;
    struct name zone;
    uint16_t klass, id;
    uint32_t serial;
    struct endpoint target;
    uint64_t due_ms;
    uint8_t tries;
};

struct notifier {
    pthread_t thread;
    pthread_mutex_t lock;       /* guards jobs; never held while sending */
    struct job *jobs;
    struct table *by_key;
    int wake, sockets[2];       /* IPv4, IPv6; -1 = that family is not to be had */
    atomic_bool stop;
    _Atomic uint64_t sent, acknowledged, failed;
};

struct key { uint8_t bytes[NAME_MAX_BYTES + 2 + sizeof(struct endpoint)]; size_t length; };

static struct key job_key(struct name_view zone, uint16_t klass, const struct endpoint *target)
{
    struct key k = { .length = 0 };
    memcpy(k.bytes, zone.wire, zone.length);
    name_lower(k.bytes, zone.length);
    k.length = zone.length;
    put_u16(k.bytes + k.length, klass);
    k.length += 2;
    k.bytes[k.length++] = target->address.family;
    memcpy(k.bytes + k.length, target->address.bytes, 16);
    k.length += 16;
    put_u16(k.bytes + k.length, target->port);
    k.length += 2;
    return k;
}

/* Unlinks and frees; the lock is held. */
static void job_remove(struct notifier *n, struct job **link)
{
    struct job *job = *link;
    struct key k = job_key(name_view_of(&job->zone), job->klass, &job->target);
    (void)table_remove(n->by_key, k.bytes, k.length);
    *link = job->next;
    mem_free(job);
}

static void send_one(struct notifier *n, const struct job *job)
{
    uint8_t data[UDP_PLAIN_BYTES];
    struct reply m;
    reply_begin(&m, data, sizeof data, job->id, (uint16_t)(OPCODE_NOTIFY << 11 | FLAG_AA));
    if (reply_add_question(&m, name_view_of(&job->zone), TYPE_SOA, job->klass) != OK)
        return;
    size_t bytes = reply_end(&m, RCODE_NOERROR);
    struct sockaddr_storage to;
    socklen_t to_bytes = endpoint_to_sockaddr(&job->target, &to);
    int fd = n->sockets[job->target.address.family == 6];
    if (fd >= 0 && sendto(fd, data, bytes, MSG_DONTWAIT, (struct sockaddr *)&to, to_bytes) >= 0)
        atomic_fetch_add_explicit(&n->sent, 1, memory_order_relaxed);
}

static void give_up(struct notifier *n, const struct job *job)
{
    char zone[NAME_TEXT_ROOM], target[ENDPOINT_TEXT_ROOM];
    atomic_fetch_add_explicit(&n->failed, 1, memory_order_relaxed);
    log_warning(LOG_TRANSFER, "secondary does not acknowledge a notify",
                log_text("zone", name_to_text(name_view_of(&job->zone), zone)), log_u64("serial", job->serial),
                log_text("secondary", endpoint_print(&job->target, target)), log_u64("tries", TRIES));
}

/* Sends what is due. @return milliseconds until the next is. */
static int send_due(struct notifier *n)
{
    struct job batch[BURST];
    size_t count = 0;
    uint64_t now = clock_now().monotonic_ms, next = now + IDLE_MS;
    pthread_mutex_lock(&n->lock);
    for (struct job **link = &n->jobs; *link != NULL && count < BURST;) {
        struct job *job = *link;
        if (job->due_ms > now) {
            next = job->due_ms < next ? job->due_ms : next;
            link = &job->next;
            continue;
        }
        if (job->tries == TRIES) {
            give_up(n, job);
            job_remove(n, link);
            continue;
        }
        job->due_ms = now + ((uint64_t)FIRST_WAIT_MS << job->tries++);
        next = job->due_ms < next ? job->due_ms : next;
        batch[count++] = *job;
        link = &job->next;
    }
    pthread_mutex_unlock(&n->lock);
    for (size_t i = 0; i < count; i++)
        send_one(n, &batch[i]);
    return count == BURST ? TURN_MS : (int)(next - now);
}

/* Only the very target may acknowledge, with our id, opcode and question. */
static void take_reply(struct notifier *n, const uint8_t *data, size_t bytes, const struct endpoint *from)
{
    struct message m;
    if (message_read(data, bytes, &m) != OK || !(m.flags & FLAG_QR) || m.opcode != OPCODE_NOTIFY)
        return;
    pthread_mutex_lock(&n->lock);
    for (struct job **link = &n->jobs; *link != NULL; link = &(*link)->next) {
        struct job *job = *link;
        if (job->id != m.id || job->tries == 0 || job->target.port != from->port ||
            !address_equal(&job->target.address, &from->address) ||
            (m.has_question && !name_equal(name_view_of(&m.question.name), name_view_of(&job->zone))))
            continue;
        char zone[NAME_TEXT_ROOM], target[ENDPOINT_TEXT_ROOM], rcode[CODE_TEXT_ROOM];
        atomic_fetch_add_explicit(&n->acknowledged, 1, memory_order_relaxed);
        if (m.rcode != RCODE_NOERROR)
            log_warning(LOG_TRANSFER, "secondary refuses a notify", log_text("zone", name_to_text(name_view_of(&job->zone), zone)),
                        log_text("secondary", endpoint_print(&job->target, target)), log_text("rcode", rcode_to_text(m.rcode, rcode)));
        job_remove(n, link);
        break;
    }
    pthread_mutex_unlock(&n->lock);
}

static void receive(struct notifier *n, int fd)
{
    uint8_t data[UDP_PLAIN_BYTES];
    for (int i = 0; i < BURST; i++) {
        struct sockaddr_storage from;
        socklen_t from_bytes = sizeof from;
        ssize_t got = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &from_bytes);
        struct endpoint peer;
        if (got < 0 && errno != ECONNREFUSED)
            return;
        if (got > 0 && endpoint_from_sockaddr((struct sockaddr *)&from, &peer) == OK)
            take_reply(n, data, (size_t)got, &peer);
    }
}

static void *run(void *context)
{
    struct notifier *n = context;
    while (!atomic_load(&n->stop)) {
        int wait = send_due(n);
        struct pollfd fds[3] = { { n->wake, POLLIN, 0 }, { n->sockets[0], POLLIN, 0 }, { n->sockets[1], POLLIN, 0 } };
        if (poll(fds, LENGTH_OF(fds), wait) <= 0)
            continue;
        uint64_t ignored;
        if (fds[0].revents != 0 && read(n->wake, &ignored, sizeof ignored) < 0)
            continue;
        for (size_t i = 1; i < LENGTH_OF(fds); i++)
            if (fds[i].revents != 0)
                receive(n, fds[i].fd);
    }
    return NULL;
}

static void release(struct notifier *n)
{
    while (n->jobs != NULL)
        job_remove(n, &n->jobs);
    table_free(n->by_key);
    for (size_t i = 0; i < 2; i++)
        if (n->sockets[i] >= 0)
            close(n->sockets[i]);
    if (n->wake >= 0)
        close(n->wake);
    pthread_mutex_destroy(&n->lock);
    mem_free(n);
}

enum status notifier_start(struct notifier **out)
{
    struct notifier *n = mem_alloc(sizeof *n);
    if (n == NULL)
        return E_NOMEM;
    pthread_mutex_init(&n->lock, NULL);
    n->by_key = table_new();
    n->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    n->sockets[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    n->sockets[1] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (n->by_key == NULL || n->wake < 0 || (n->sockets[0] < 0 && n->sockets[1] < 0)) {
        enum status st = n->by_key == NULL ? E_NOMEM : E_SYSTEM;
        release(n);
        return st;
    }
    if (pthread_create(&n->thread, NULL, run, n) != 0) {
        release(n);
        return E_SYSTEM;
    }
    *out = n;
    return OK;
}

static void wake(struct notifier *n)
{
    const uint64_t one = 1;
    while (write(n->wake, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void notifier_stop(struct notifier *notifier)
{
    if (notifier == NULL)
        return;
    atomic_store(&notifier->stop, true);
    wake(notifier);
    pthread_join(notifier->thread, NULL);
    release(notifier);
}

/* The lock is held. */
static enum status job_put(struct notifier *n, struct name_view zone, uint16_t klass, uint32_t serial, const struct endpoint *target)
{
    struct key k = job_key(zone, klass, target);
    struct job *job = table_find(n->by_key, k.bytes, k.length);
    if (job == NULL) {
        if (table_count(n->by_key) >= WAITING_MAX)
            return E_LIMIT;
        job = mem_alloc(sizeof *job);
        if (job == NULL)
            return E_NOMEM;
        if (table_set(n->by_key, k.bytes, k.length, job, NULL) != OK) {
            mem_free(job);
            return E_NOMEM;
        }
        job->zone = name_copy(zone);
        job->klass = klass;
        job->target = *target;
        job->next = n->jobs;
        n->jobs = job;
    }
    job->serial = serial;
    job->id = (uint16_t)random_u32();
    job->tries = 0;
    job->due_ms = 0;
    return OK;
}

enum status notifier_notify(struct notifier *notifier, struct name_view zone, uint16_t klass, uint32_t serial,
                            const struct endpoint *targets, size_t count)
{
    enum status st = OK;
    pthread_mutex_lock(&notifier->lock);
    for (size_t i = 0; i < count && st == OK; i++)
        st = job_put(notifier, zone, klass, serial, &targets[i]);
    pthread_mutex_unlock(&notifier->lock);
    wake(notifier);
    return st;
}

void notifier_counters_read(const struct notifier *notifier, struct notifier_counters *out)
{
    struct notifier *n = (struct notifier *)(uintptr_t)notifier;     /* the lock inside is not part of its value */
    pthread_mutex_lock(&n->lock);
    out->waiting = table_count(n->by_key);
    pthread_mutex_unlock(&n->lock);
    out->sent = atomic_load_explicit(&n->sent, memory_order_relaxed);
    out->acknowledged = atomic_load_explicit(&n->acknowledged, memory_order_relaxed);
    out->failed = atomic_load_explicit(&n->failed, memory_order_relaxed);
}
