/* SPDX-License-Identifier: Apache-2.0 */
#include "echo.h"
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifdef SANITIZED
size_t __sanitizer_get_current_allocated_bytes(void);
static size_t heap_bytes(void) { return __sanitizer_get_current_allocated_bytes(); }
#else
static size_t heap_bytes(void) { return mallinfo2().uordblks + mallinfo2().hblkhd; }
#endif

static void start(struct echo *echo, struct net_options *o)
{
    static struct net_listener l;
    uint32_t idle = o->tcp_idle_ms, write = o->tcp_write_ms, pipeline = o->tcp_pipeline, clients = o->tcp_clients;
    unsigned workers = o->workers;
    struct net_options base = echo_options(&l);
    base.tcp_idle_ms = idle > 0 ? idle : base.tcp_idle_ms;
    base.tcp_write_ms = write > 0 ? write : base.tcp_write_ms;
    base.tcp_pipeline = pipeline > 0 ? pipeline : base.tcp_pipeline;
    base.tcp_clients = clients > 0 ? clients : base.tcp_clients;
    base.workers = workers > 0 ? workers : 1;
    base.connection_take = o->connection_take;
    base.connection_give = o->connection_give;
    base.connection_context = o->connection_context;
    echo_start(echo, &base);
}

static struct endpoint begin(struct echo *echo, struct net_options o)
{
    start(echo, &o);
    return echo_endpoint(echo);
}

/* Whether something can be read within a moment; only for "nothing must come", where a late answer passes. */
static bool quiet(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, 50) == 0;
}

static void test_pipelining(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_pipeline = 7 });
    enum { COUNT = 5000 };
    static uint8_t all[COUNT * 7];
    for (unsigned i = 0; i < COUNT; i++)
        memcpy(all + 7 * i, (uint8_t[]){ 0, 5, 'e', (uint8_t)(i >> 8), (uint8_t)i, 'x', 'y' }, 7);
    int fd = dial(&at), other = dial(&at);
    put(fd, all, sizeof all);
    put_message(other, "fair", 4);
    expect_message(other, "fair", 4, "another connection is not starved");
    for (unsigned i = 0; i < COUNT; i++)                 /* nothing is parked: the order is kept */
        expect_message(fd, all + 7 * i + 2, 5, "pipelined");
    echo_await(&echo, tcp_sent, COUNT + 1);
    assert_int_equal(echo_counters(&echo).tcp_received, COUNT + 1);
    close(fd);
    close(other);
    echo_stop(&echo);
}

/* Waits for a batch, answers all of it, and tells how many questions it had, of them `heavy` that begin with h. */
static unsigned answer_batch(struct net_worker *w, unsigned *heavy)
{
    struct net_exchange **batch;
    size_t n = 0;
    *heavy = 0;
    while (n == 0)
        assert_true(net_wait(w, &batch, &n));
    for (size_t i = 0; i < n; i++) {
        memcpy(batch[i]->reply, batch[i]->query, batch[i]->query_bytes);
        *heavy += batch[i]->query[0] == 'h';
        net_reply_last(batch[i], batch[i]->query_bytes);
    }
    net_flush(w);
    return (unsigned)n;
}

/* All questions of one read come in one batch, up to tcp_pipeline, and their answers go out at once; a connection that sends
 * many leaves room for others. */
static void test_one_read(void **state)
{
    (void)state;
    enum { MANY = 300, BYTES = 7 };
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct net *net = NULL;
    static uint8_t all[MANY * BYTES], got[MANY * BYTES];
    unsigned heavy;
    for (unsigned i = 0; i < MANY; i++)
        memcpy(all + BYTES * i, (uint8_t[]){ 0, 5, 'h', (uint8_t)(i >> 8), (uint8_t)i, 'x', 'y' }, BYTES);
    l.transports = NET_TCP;
    o.tcp_pipeline = 100;
    assert_int_equal(net_open(&o, &net, NULL), OK);
    struct net_worker *w = net_worker_get(net, 0);
    struct endpoint at = net_listener_endpoint(net, 0);
    net_worker_start(w, NULL, NULL);
    int fd = dial(&at);
    put(fd, all, 100 * BYTES);
    assert_int_equal(answer_batch(w, &heavy), 100);
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), 100 * BYTES);
    assert_memory_equal(got, all, 100 * BYTES);

    int other = dial(&at);
    put(fd, all, sizeof all);
    put(other, "\0\1l\0\1l", 6);
    unsigned done = 0, first = 0, light = 0;
    while (done < MANY) {
        unsigned n = answer_batch(w, &heavy);
        done += heavy;
        light += n - heavy;
        first = light == 0 ? done : first;
        assert_true(heavy <= 100);
    }
    assert_int_equal(light, 2);
    assert_in_range(first, 0, 200);                 /* it did not wait for all of the other's */
    assert_int_equal(recv(other, got, sizeof got, 0), 6);
    for (size_t have = 0; have < sizeof all; ) {
        ssize_t n = recv(fd, got + have, sizeof got - have, 0);
        assert_true(n > 0);
        have += (size_t)n;
    }
    assert_memory_equal(got, all, sizeof all);
    close(fd);
    close(other);
    net_close(net);
    assert_int_equal(check_failures(), 0);
}

static void test_out_of_order(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ 0 });
    int fd = dial(&at);
    put_message(fd, "Pone", 4);
    put_message(fd, "Ptwo", 4);
    put_message(fd, "Pthree", 6);
    put_message(fd, "eovertakes", 10);
    expect_message(fd, "eovertakes", 10, "overtakes three parked ones");
    put_message(fd, "T\0\x32late", 7);
    put_message(fd, "enow", 4);
    expect_message(fd, "enow", 4, "overtakes the timer");
    put_message(fd, "R", 1);
    expect_message(fd, "Pone", 4, "one");
    expect_message(fd, "Ptwo", 4, "two");
    expect_message(fd, "Pthree", 6, "three");
    expect_message(fd, "R", 1, "release");
    expect_message(fd, "T\0\x32late", 7, "late");
    close(fd);
    echo_stop(&echo);
}

static void test_pipeline_bound(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_pipeline = 3 });
    int fd = dial(&at), other = dial(&at);
    put_message(fd, "P1", 2);
    put_message(fd, "P2", 2);
    put_message(fd, "P3", 2);
    put_message(fd, "efourth", 7);
    echo_await(&echo, parked, 3);
    assert_true(quiet(fd));
    assert_int_equal(echo_counters(&echo).tcp_received, 3);
    put_message(other, "R", 1);
    expect_message(other, "R", 1, "other");
    expect_message(fd, "P1", 2, "1");
    expect_message(fd, "P2", 2, "2");
    expect_message(fd, "P3", 2, "3");
    expect_message(fd, "efourth", 7, "read on");
    close(fd);
    close(other);
    echo_stop(&echo);
}

static void test_framing(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ 0 });
    static const struct { const char *label; size_t message, piece; } cases[] = {
        { "one octet at a time", 700, 1 },
        { "three octets at a time", 2000, 3 },
        { "one octet in all", 1, 1 },
        { "largest, at once", 65535, 65537 },
        { "largest, prefix apart", 65535, 2 },
        { "largest, in odd pieces", 65535, 12345 },
        { "two and a half reads", 40960, 40962 },
    };
    static uint8_t message[65537];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 31 + (i >> 8));
    message[2] = 'e';
    int fd = dial(&at);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        size_t bytes = cases[i].message + 2, piece = cases[i].piece;
        message[0] = (uint8_t)(cases[i].message >> 8);
        message[1] = (uint8_t)cases[i].message;
        for (size_t at_byte = 0; at_byte < bytes;) {
            size_t part = bytes - at_byte < piece ? bytes - at_byte : piece;
            put(fd, message + at_byte, part);
            at_byte += part;
            if (piece == 2)
                piece = 65536;                       /* only the prefix stands alone */
        }
        expect_message(fd, message + 2, cases[i].message, cases[i].label);
    }
    put_message(fd, "", 0);                          /* no question at all; the connection lives on */
    put_message(fd, "B\xff\xff", 3);
    memset(message, 'b', sizeof message);
    expect_message(fd, message, 65535, "largest answer");
    /* the end of one message and the start of the next in one piece, over and over */
    uint8_t two[22] = { 0, 9, 'e', '1', '2', '3', '4', '5', '6', '7', '8', 0, 9, 'e', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' };
    for (unsigned cut = 1; cut < sizeof two; cut++) {
        put(fd, two, cut);
        pause_ms(1);
        put(fd, two + cut, sizeof two - cut);
        expect_message(fd, two + 2, 9, "first of two");
        expect_message(fd, two + 13, 9, "second of two");
    }
    close(fd);
    echo_stop(&echo);
}

static void ask_stream(int fd, uint32_t count, uint16_t bytes)
{
    uint8_t q[7] = { 'S', (uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count,
                     (uint8_t)(bytes >> 8), (uint8_t)bytes };
    put_message(fd, q, sizeof q);
}

static void test_stream(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ 0 });
    enum { COUNT = 400, BYTES = 50000 };
    static uint8_t got[65536];
    int fd = dial(&at), other = dial(&at);
    put_message(other, "warm", 4);
    expect_message(other, "warm", 4, "the buffers that all share are there");
    size_t before = heap_bytes();
    ask_stream(fd, COUNT, BYTES);
    pause_ms(50);                                    /* it runs against the wall of our not reading */
    put_message(other, "meanwhile", 9);
    expect_message(other, "meanwhile", 9, "others go on");
    assert_true(heap_bytes() < before + 1000000);    /* 20 MB are to be sent; they are not heaped up */
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(get_message(fd, got, sizeof got), BYTES);
        uint32_t number;
        memcpy(&number, got, 4);
        assert_int_equal(ntohl(number), i);
    }
    assert_int_equal(atomic_load(&echo.streams_done), 1);
    /* two streams and a question on one connection */
    ask_stream(fd, 20, 1000);
    ask_stream(fd, 20, 2000);
    put_message(fd, "exyz", 4);
    unsigned small = 0, large = 0, single = 0;
    for (unsigned i = 0; i < 41; i++) {
        long n = get_message(fd, got, sizeof got);
        small += n == 1000;
        large += n == 2000;
        single += n == 4;
    }
    assert_int_equal(small, 20);
    assert_int_equal(large, 20);
    assert_int_equal(single, 1);
    close(fd);
    close(other);
    echo_stop(&echo);
}

static void test_slow_reader(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_write_ms = 300, .tcp_idle_ms = 60000 });
    int fd = dial_slow(&at, 4096), gone = dial_slow(&at, 4096), alone = dial(&at);
    ask_stream(fd, 1000, 60000);
    echo_await(&echo, tcp_slow_closed, 1);
    for (unsigned waited = 0; atomic_load(&echo.streams_gone) < 1 && waited < WAIT_MS; waited++)
        pause_ms(1);
    assert_int_equal(atomic_load(&echo.streams_gone), 1);
    /* answers that are not read stop the reading of questions, then the connection */
    uint8_t q[5] = { 0, 3, 'B', 0xff, 0xff };
    for (unsigned i = 0; i < 200; i++)
        if (send(gone, q, sizeof q, MSG_NOSIGNAL) < 0)
            break;
    echo_await(&echo, tcp_slow_closed, 2);
    put_message(alone, "ehere", 5);
    expect_message(alone, "ehere", 5, "others stay");
    close(fd);
    close(gone);
    close(alone);
    echo_stop(&echo);
}

/* Output that nobody paces ends the connection, not the memory; the others go on. */
static void test_output_limit(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ 0 });
    int fd = dial(&at), other = dial(&at);
    put_message(other, "Pstays", 6);
    put_message(fd, "Pgoes", 5);
    echo_await(&echo, parked, 2);
    put_message(fd, "U", 1);
    echo_await(&echo, tcp_slow_closed, 1);
    put_message(other, "R", 1);
    expect_message(other, "Pstays", 6, "stays");
    expect_message(other, "R", 1, "release");
    assert_int_equal(atomic_load(&echo.parked_gone), 1);
    close(fd);
    close(other);
    echo_stop(&echo);
}

static void test_stream_peer_gone(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ 0 });
    int fd = dial(&at);
    ask_stream(fd, 100000, 60000);
    put_message(fd, "Pwaits", 6);
    echo_await(&echo, parked, 2);
    close(fd);
    for (unsigned waited = 0; atomic_load(&echo.streams_gone) < 1 && waited < WAIT_MS; waited++)
        pause_ms(1);
    assert_int_equal(atomic_load(&echo.streams_gone), 1);
    fd = dial(&at);
    put_message(fd, "R", 1);                         /* answers the parked one into the void */
    expect_message(fd, "R", 1, "release");
    assert_int_equal(atomic_load(&echo.parked_gone), 1);
    close(fd);
    echo_stop(&echo);
}

static void test_idle(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_idle_ms = 200 });
    int fd = dial(&at), partial = dial(&at), waits = dial(&at);
    put(partial, "\0\x5xx", 4);                      /* slow writer: never ends its message */
    put_message(waits, "T\x3\x20", 3);               /* 800 ms: not idle while an answer is due */
    put_message(fd, "eone", 4);
    expect_message(fd, "eone", 4, "alive");
    expect_end(fd, "idle");
    expect_end(partial, "partial");
    expect_message(waits, "T\x3\x20", 3, "waits");
    expect_end(waits, "then idle");
    struct net_counters c = echo_counters(&echo);
    assert_int_equal(c.tcp_idle_closed, 2);
    assert_int_equal(c.tcp_slow_closed, 1);
    assert_int_equal(c.tcp_open, 0);
    close(fd);
    close(partial);
    close(waits);
    echo_stop(&echo);
}

static void test_half_close(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_pipeline = 4 });
    int fd = dial(&at), other = dial(&at);
    put_message(fd, "Pparked", 7);
    for (unsigned i = 0; i < 40; i++)
        put_message(fd, "eabc", 4);
    put(fd, "\0\x9half", 6);                         /* what is incomplete is forgotten */
    shutdown(fd, SHUT_WR);
    for (unsigned i = 0; i < 40; i++)
        expect_message(fd, "eabc", 4, "after the half-close");
    assert_true(quiet(fd));
    put_message(other, "R", 1);
    expect_message(other, "R", 1, "release");
    expect_message(fd, "Pparked", 7, "parked");
    expect_end(fd, "all answered");
    close(fd);
    fd = dial(&at);
    shutdown(fd, SHUT_WR);
    expect_end(fd, "nothing asked");
    close(fd);
    fd = dial(&at);
    put_message(fd, "eone", 4);
    put_message(fd, "H", 1);
    expect_message(fd, "eone", 4, "before the hang-up");
    expect_end(fd, "hang-up");
    close(fd);
    close(other);
    echo_stop(&echo);
}

struct budget { atomic_int free, gives; };
static bool take(void *context, const struct address *peer)
{
    struct budget *b = context;
    assert_int_equal(peer->family, 4);
    if (atomic_fetch_sub(&b->free, 1) > 0)
        return true;
    atomic_fetch_add(&b->free, 1);
    return false;
}
static void give(void *context, const struct address *peer)
{
    struct budget *b = context;
    (void)peer;
    atomic_fetch_add(&b->free, 1);
    atomic_fetch_add(&b->gives, 1);
}

static void test_budget(void **state)
{
    (void)state;
    struct echo echo;
    struct budget budget = { 2, 0 };
    struct endpoint at = begin(&echo, (struct net_options){ .connection_take = take, .connection_give = give,
                                                            .connection_context = &budget });
    int a = dial(&at), b = dial(&at);
    put_message(a, "ea", 2);
    expect_message(a, "ea", 2, "a");
    put_message(b, "eb", 2);
    expect_message(b, "eb", 2, "b");
    int c = dial(&at);
    expect_end(c, "over the budget");
    assert_int_equal(echo_counters(&echo).tcp_refused_budget, 1);
    close(a);
    for (unsigned waited = 0; atomic_load(&budget.gives) < 1 && waited < WAIT_MS; waited++)
        pause_ms(1);
    int d = dial(&at);
    put_message(d, "ed", 2);
    expect_message(d, "ed", 2, "d");
    close(b);
    close(c);
    close(d);
    echo_stop(&echo);
    assert_int_equal(atomic_load(&budget.free), 2);
}

static void test_clients(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_clients = 2 });
    int a = dial(&at), b = dial(&at);
    put_message(a, "ea", 2);
    expect_message(a, "ea", 2, "a");
    put_message(b, "eb", 2);
    expect_message(b, "eb", 2, "b");
    int c = dial(&at);
    expect_end(c, "full");
    assert_int_equal(echo_counters(&echo).tcp_refused_full, 1);
    close(a);
    close(b);
    close(c);
    echo_stop(&echo);
    /* who was idle for a tenth of the idle time makes room */
    at = begin(&echo, (struct net_options){ .tcp_clients = 2, .tcp_idle_ms = 3000 });
    a = dial(&at);
    b = dial(&at);
    put_message(b, "Pb", 2);                         /* b waits for an answer: not idle */
    echo_await(&echo, parked, 1);
    pause_ms(500);
    c = dial(&at);
    put_message(c, "ec", 2);
    expect_message(c, "ec", 2, "c");
    expect_end(a, "a made room");
    int d = dial(&at);
    expect_end(d, "b waits, c was just active");
    close(d);
    put_message(c, "R", 1);
    expect_message(b, "Pb", 2, "b stayed");
    close(a);
    close(b);
    close(c);
    echo_stop(&echo);
}

static void test_descriptors(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ 0 });
    enum { CLIENTS = 5 };
    struct sockaddr_storage sa;
    socklen_t bytes = endpoint_to_sockaddr(&at, &sa);
    struct rlimit was, tight;
    int fd[CLIENTS], udp = socket(AF_INET, SOCK_DGRAM, 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        fd[i] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(udp, (struct sockaddr *)&sa, bytes), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    tight = was;
    tight.rlim_cur = 0;                              /* no new descriptor at all */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(connect(fd[i], (struct sockaddr *)&sa, bytes), 0);
        put_message(fd[i], "ewaits", 6);
    }
    echo_await(&echo, accept_no_descriptors, 3);     /* it looks again and again, */
    uint64_t wakeups = echo_counters(&echo).wakeups;
    assert_int_equal(send(udp, "e", 1, 0), 1);
    char got[8];
    assert_int_equal(recv(udp, got, sizeof got, 0), 1);
    echo_await(&echo, accept_no_descriptors, 6);
    assert_true(echo_counters(&echo).wakeups - wakeups < 200);       /* but does not spin */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        expect_message(fd[i], "ewaits", 6, "served in the end");
        close(fd[i]);
    }
    close(udp);
    echo_stop(&echo);
}

static void test_idle_memory(void **state)
{
    (void)state;
    struct echo echo;
    struct rlimit limit;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_idle_ms = 600000, .tcp_clients = 20000 });
    getrlimit(RLIMIT_NOFILE, &limit);
    size_t count = limit.rlim_cur > 20500 ? 10000 : (limit.rlim_cur - 200) / 2;
    int *fd = malloc(count * sizeof *fd);
    int first = dial(&at);                           /* the buffers that all share */
    put_message(first, "ewarm", 5);
    expect_message(first, "ewarm", 5, "first");
    size_t before = heap_bytes();
    for (size_t i = 0; i < count; i++) {
        struct endpoint from = at;
        struct sockaddr_storage sa, to;
        from.address.bytes[2] = (uint8_t)(i / 250);
        from.port = 0;
        fd[i] = socket(AF_INET, SOCK_STREAM, 0);
        socklen_t bytes = endpoint_to_sockaddr(&from, &sa);
        assert_int_equal(bind(fd[i], (struct sockaddr *)&sa, bytes), 0);
        bytes = endpoint_to_sockaddr(&at, &to);
        assert_int_equal(connect(fd[i], (struct sockaddr *)&to, bytes), 0);
        put(fd[i], "\0", 1);                         /* in two pieces: each had a buffer for a while */
        put(fd[i], "\x4once", 5);
    }
    echo_await(&echo, tcp_sent, count + 1);
    size_t each = (heap_bytes() - before) / count;
    print_message("%zu idle connections, %zu octets each\n", count, each);
    assert_true(each <= 2048);
    put_message(fd[count - 1], "estill", 6);
    expect_message(fd[count - 1], "once", 4, "of before");
    expect_message(fd[count - 1], "estill", 6, "among the idle");
    for (size_t i = 0; i < count; i++)
        close(fd[i]);
    free(fd);
    close(first);
    echo_stop(&echo);
}

static void test_stop(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .workers = 2 });
    enum { CLIENTS = 20 };
    int fd[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        fd[i] = dial(&at);
        put_message(fd[i], "einit", 5);
        expect_message(fd[i], "einit", 5, "accepted");
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        put_message(fd[i], "T\0\x64later", 8);       /* is answered while stopping */
        put_message(fd[i], "elast", 5);
    }
    echo_join(&echo);
    for (unsigned i = 0; i < CLIENTS; i++) {
        expect_message(fd[i], "elast", 5, "last question");
        expect_message(fd[i], "T\0\x64later", 8, "parked one");
        expect_end(fd[i], "closed");
        close(fd[i]);
    }
    net_close(echo.net);
    assert_int_equal(check_failures(), 0);
}

/* A reader that never reads does not hold up the stop for good; its stream is cleaned up. */
static void test_stop_in_stream(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ 0 });
    int fd = dial(&at);
    ask_stream(fd, 1000000, 60000);
    put_message(fd, "Pnever", 6);
    echo_await(&echo, parked, 2);
    echo_join(&echo);
    assert_int_equal(atomic_load(&echo.streams_gone), 1);
    close(fd);
    net_close(echo.net);
    assert_int_equal(check_failures(), 0);
}

static void fail_after(void *context) { fault_after((uint64_t)(uintptr_t)context); }

/* Memory that runs out in the worker costs a connection or an answer, never the server. */
static void test_no_memory(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_idle_ms = 2000, .tcp_write_ms = 2000 });
    static uint8_t got[65536];
    for (uintptr_t nth = 1; nth <= 24; nth++) {
        assert_int_equal(net_post(net_worker_get(echo.net, 0), fail_after, (void *)nth), OK);
        int fd = dial_slow(&at, 4096);
        static const uint8_t pieces[] = "\0\1P\0\1P\0\1R\0\x3" "B\xff\xff\0\x3" "B\xff\xff\0\x7S\0\0\0\5\x4\0\0\x9" "ehalf";
        if (send(fd, pieces, sizeof pieces - 1, MSG_NOSIGNAL) > 0) {
            pause_ms(5);
            if (send(fd, "more", 4, MSG_NOSIGNAL) == 4)
                shutdown(fd, SHUT_WR);
        }
        while (get_message(fd, got, sizeof got) >= 0)
            continue;
        close(fd);
    }
    assert_int_equal(net_post(net_worker_get(echo.net, 0), fail_after, NULL), OK);
    int fd = dial(&at);
    put_message(fd, "R", 1);
    expect_message(fd, "R", 1, "still there");
    close(fd);
    echo_stop(&echo);
}

static void test_parked_bound(void **state)
{
    (void)state;
    struct echo echo;
    struct endpoint at = begin(&echo, (struct net_options){ .tcp_pipeline = 1000 });
    int fd = dial(&at);
    for (unsigned i = 0; i < 130; i++)
        put_message(fd, "P", 1);
    expect_message(fd, "full", 4, "129th");
    expect_message(fd, "full", 4, "130th");
    put_message(fd, "R", 1);
    for (unsigned i = 0; i < 128; i++)
        expect_message(fd, "P", 1, "parked");
    expect_message(fd, "R", 1, "release");
    close(fd);
    echo_stop(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipelining),   cmocka_unit_test(test_out_of_order), cmocka_unit_test(test_pipeline_bound),
        cmocka_unit_test(test_framing),      cmocka_unit_test(test_stream),       cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_stream_peer_gone), cmocka_unit_test(test_idle),     cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_budget),       cmocka_unit_test(test_clients),      cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_idle_memory),  cmocka_unit_test(test_stop),         cmocka_unit_test(test_stop_in_stream),
        cmocka_unit_test(test_parked_bound), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_output_limit), cmocka_unit_test(test_one_read),
    };
    return cmocka_run_group_tests_name("net tcp", tests, NULL, NULL);
}
