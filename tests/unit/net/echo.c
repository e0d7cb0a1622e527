/* SPDX-License-Identifier: Apache-2.0 */
#include "echo.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void unit_assert(bool good, const char *label, const char *what, const char *file, int line)
{
    if (!good)
        print_error("%s: %s\n", label, what);
    _assert_true(good, what, file, line);
}

void pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000L };
    nanosleep(&t, NULL);
}

struct endpoint loopback(uint16_t port)
{
    return (struct endpoint){ .address = { 4, { 127, 0, 0, 1 } }, .port = port };
}

struct endpoint loopback6(uint16_t port)
{
    struct endpoint e = { .address = { .family = 6 }, .port = port };
    e.address.bytes[15] = 1;
    return e;
}

/* ---- the server ---- */

struct stream { uint32_t next, count; uint16_t bytes; struct echo *echo; };

static uint32_t u32(const uint8_t *at) { return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]; }

static void reply(struct net_exchange *x, const void *data, size_t bytes)
{
    memcpy(x->reply, data, bytes);
    net_reply_last(x, bytes);
}

static void stream_more(struct net_exchange *x)
{
    struct stream *s = x->user;
    if (net_gone(x)) {
        atomic_fetch_add(&s->echo->streams_gone, 1);
        free(s);
        net_drop(x);
        return;
    }
    while (s->next < s->count && net_backlog(x) < 32768) {
        memset(x->reply, 's', s->bytes);
        uint32_t number = htonl(s->next++);
        memcpy(x->reply, &number, 4);
        if (s->next < s->count) {
            if (!net_reply_more(x, s->bytes))
                return;
            continue;
        }
        uint16_t bytes = s->bytes;
        atomic_fetch_add(&s->echo->streams_done, 1);
        free(s);
        net_reply_last(x, bytes);
        return;
    }
}

static void stream_begin(struct echo_worker *w, struct net_exchange *x)
{
    struct stream *s = malloc(sizeof *s);
    *s = (struct stream){ .count = u32(x->query + 1), .bytes = (uint16_t)(x->query[5] << 8 | x->query[6]), .echo = w->echo };
    struct net_exchange *parked = net_park(x);
    if (parked == NULL) {
        free(s);
        net_drop(x);
        return;
    }
    parked->user = s;
    net_stream(parked, stream_more);
}

struct late { struct net_timer timer; struct net_exchange *x; struct echo *echo; };

static void late_fire(struct net_timer *timer)
{
    struct late *late = (struct late *)timer;
    if (net_gone(late->x))
        atomic_fetch_add(&late->echo->parked_gone, 1);
    reply(late->x, late->x->query, late->x->query_bytes);
    free(late);
}

static void late_begin(struct echo_worker *w, struct net_exchange *x)
{
    struct late *late = calloc(1, sizeof *late);
    late->echo = w->echo;
    late->timer.fire = late_fire;
    uint32_t ms = (uint32_t)(x->query[1] << 8 | x->query[2]);
    late->x = net_park(x);
    if (late->x == NULL) {
        free(late);
        net_drop(x);
        return;
    }
    net_timer_start(w->worker, &late->timer, ms);
}

static void release(struct echo_worker *w)
{
    for (unsigned i = 0; i < w->parked_count; i++) {
        struct net_exchange *x = w->parked[i];
        if (net_gone(x))
            atomic_fetch_add(&w->echo->parked_gone, 1);
        reply(x, x->query, x->query_bytes);
    }
    w->parked_count = 0;
}

static void tell(struct net_exchange *x)
{
    char peer[ENDPOINT_TEXT_ROOM], local[ENDPOINT_TEXT_ROOM];
    int n = snprintf((char *)x->reply, x->reply_room, "%u %s %s", x->listener, endpoint_print(&x->peer, peer),
                     endpoint_print(&x->local, local));
    net_reply_last(x, (size_t)n);
}

static void serve(struct echo_worker *w, struct net_exchange *x)
{
    struct net_exchange *parked;
    switch (x->query_bytes == 0 ? 'D' : x->query[0]) {
    case 'P':
        parked = w->parked_count < 256 ? net_park(x) : NULL;
        if (parked == NULL)
            reply(x, "full", 4);
        else
            w->parked[w->parked_count++] = parked;
        break;
    case 'R':
        release(w);
        reply(x, x->query, x->query_bytes);
        break;
    case 'D':
        net_drop(x);
        break;
    case 'H':
        net_hang_up(x);
        break;
    case 'L':
        tell(x);
        break;
    case 'B': {
        size_t bytes = (size_t)(x->query[1] << 8 | x->query[2]);
        bytes = bytes > x->reply_room ? x->reply_room : bytes;
        memset(x->reply, 'b', bytes);
        net_reply_last(x, bytes);
        break;
    }
    case 'U':
        memset(x->reply, 'u', x->reply_room);
        while (net_reply_more(x, x->reply_room))
            continue;
        net_drop(x);
        break;
    case 'S':
        stream_begin(w, x);
        break;
    case 'T':
        late_begin(w, x);
        break;
    default:
        reply(x, x->query, x->query_bytes > x->reply_room ? x->reply_room : x->query_bytes);
    }
}

static void sleeping(void *context, bool asleep)
{
    struct echo_worker *w = context;
    if (w->asleep == asleep)
        abort();                                 /* always in pairs */
    w->asleep = asleep;
    atomic_fetch_add(&w->echo->sleeps, asleep ? 1 : 0);
}

static void *run(void *context)
{
    struct echo_worker *w = context;
    struct net_exchange **batch;
    size_t count;
    net_worker_start(w->worker, sleeping, w);
    while (net_wait(w->worker, &batch, &count)) {
        for (size_t i = 0; i < count; i++)
            serve(w, batch[i]);
        net_flush(w->worker);
    }
    return NULL;
}

struct net_options echo_options(struct net_listener *listener)
{
    struct net_options o = net_defaults();
    *listener = (struct net_listener){ .endpoint = loopback(0), .transports = NET_UDP | NET_TCP };
    o.listeners = listener;
    o.listener_count = 1;
    return o;
}

void echo_start(struct echo *echo, const struct net_options *options)
{
    *echo = (struct echo){ .workers = options->workers };
    struct diagnostics *diag = diagnostics_new(0);
    enum status st = net_open(options, &echo->net, diag);
    if (st != OK)
        diagnostics_print(diag, stderr, false);
    diagnostics_free(diag);
    assert_int_equal(st, OK);
    for (unsigned i = 0; i < echo->workers; i++) {
        echo->each[i].echo = echo;
        echo->each[i].worker = net_worker_get(echo->net, i);
        assert_int_equal(pthread_create(&echo->each[i].thread, NULL, run, &echo->each[i]), 0);
    }
}

void echo_join(struct echo *echo)
{
    for (unsigned i = 0; i < echo->workers; i++)
        net_worker_stop(echo->each[i].worker);
    for (unsigned i = 0; i < echo->workers; i++)
        pthread_join(echo->each[i].thread, NULL);
}

void echo_stop(struct echo *echo)
{
    echo_join(echo);
    net_close(echo->net);
    assert_int_equal(check_failures(), 0);
}

struct endpoint echo_endpoint(const struct echo *echo) { return net_listener_endpoint(echo->net, 0); }

struct net_counters echo_counters(const struct echo *echo)
{
    struct net_counters c;
    net_counters_read(echo->net, &c);
    return c;
}

void echo_await_at(const struct echo *echo, size_t offset, uint64_t least)
{
    uint64_t value = 0;
    for (unsigned waited = 0; waited < WAIT_MS; waited += 5) {
        struct net_counters c = echo_counters(echo);
        memcpy(&value, (const char *)&c + offset, sizeof value);
        if (value >= least)
            return;
        pause_ms(5);
    }
    print_error("a counter stays at %lu\n", (unsigned long)value);
    fail();
}

/* ---- the client ---- */

int dial_slow(const struct endpoint *to, int receive_buffer)
{
    struct sockaddr_storage sa;
    socklen_t bytes = endpoint_to_sockaddr(to, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (receive_buffer > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    struct timeval wait = { WAIT_MS / 1000, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    int r = connect(fd, (const struct sockaddr *)&sa, bytes);
    assert_int_equal(r, 0);
    return fd;
}

int dial(const struct endpoint *to) { return dial_slow(to, 0); }

void put(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = send(fd, at, bytes, MSG_NOSIGNAL);
        assert_true(n > 0);
        at += n;
        bytes -= (size_t)n;
    }
}

void put_message(int fd, const void *data, size_t bytes)
{
    uint8_t *both = malloc(bytes + 2);
    both[0] = (uint8_t)(bytes >> 8);
    both[1] = (uint8_t)bytes;
    memcpy(both + 2, data, bytes);
    put(fd, both, bytes + 2);
    free(both);
}

static bool get(int fd, uint8_t *out, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = recv(fd, out, bytes, 0);
        if (n <= 0) {
            assert_true(n == 0 || errno == ECONNRESET);
            return false;
        }
        out += n;
        bytes -= (size_t)n;
    }
    return true;
}

long get_message(int fd, uint8_t *out, size_t room)
{
    uint8_t prefix[2];
    if (!get(fd, prefix, 2))
        return -1;
    size_t bytes = (size_t)(prefix[0] << 8 | prefix[1]);
    assert_true(bytes <= room);
    return get(fd, out, bytes) ? (long)bytes : -1;
}

void expect_message(int fd, const void *data, size_t bytes, const char *label)
{
    static _Thread_local uint8_t got[65536];
    long n = get_message(fd, got, sizeof got);
    expect(n == (long)bytes, label);
    expect(memcmp(got, data, bytes) == 0, label);
}

void expect_end(int fd, const char *label)
{
    uint8_t got[64];
    expect(get_message(fd, got, sizeof got) == -1, label);
}

void expect_udp_echo(const struct endpoint *to, const char *text, const char *label)
{
    uint8_t got[4096];
    size_t bytes = 0;
    enum status st = client_udp(to, NULL, (const uint8_t *)text, strlen(text), WAIT_MS, NULL, NULL, got, sizeof got, &bytes);
    expect(st == OK, label);
    expect(bytes == strlen(text) && memcmp(got, text, bytes) == 0, label);
}
