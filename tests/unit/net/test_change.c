/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: reload under traffic, sockets handed over, PROXY v2. */
#include "echo.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int udp_from(const char *source, const struct endpoint *to)
{
    struct endpoint from = { .port = 0 };
    struct sockaddr_storage sa;
    assert_int_equal(address_parse(slice_string(source), &from.address), OK);
    socklen_t bytes = endpoint_to_sockaddr(&from, &sa);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval wait = { WAIT_MS / 1000, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, bytes), 0);
    bytes = endpoint_to_sockaddr(to, &sa);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, bytes), 0);
    return fd;
}

static int tcp_from(const char *source, const struct endpoint *to)
{
    struct endpoint from = { .port = 0 };
    struct sockaddr_storage sa;
    assert_int_equal(address_parse(slice_string(source), &from.address), OK);
    socklen_t bytes = endpoint_to_sockaddr(&from, &sa);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval wait = { WAIT_MS / 1000, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, bytes), 0);
    bytes = endpoint_to_sockaddr(to, &sa);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, bytes), 0);
    return fd;
}

/* A port that is free now for UDP and TCP. */
static uint16_t free_port(void)
{
    struct net_listener l = { .endpoint = loopback(0), .transports = NET_UDP | NET_TCP };
    struct net_options o = net_defaults();
    struct net *net = NULL;
    o.listeners = &l;
    o.listener_count = 1;
    assert_int_equal(net_open(&o, &net, NULL), OK);
    uint16_t port = net_listener_endpoint(net, 0).port;
    net_close(net);
    return port;
}

/* ---- traffic in the background ---- */

struct traffic {
    struct endpoint to;
    pthread_t thread;
    atomic_bool stop;
    unsigned asked, answered;
};

static void *udp_traffic(void *context)
{
    struct traffic *t = context;
    int fd = udp_from("127.0.0.1", &t->to);
    while (!atomic_load(&t->stop)) {
        uint8_t q[5] = { 'e' }, got[8];
        for (uint8_t i = 0; i < 10; i++) {
            q[1] = i;
            t->asked += send(fd, q, sizeof q, 0) == sizeof q;
        }
        for (unsigned i = 0; i < 10; i++)
            t->answered += recv(fd, got, sizeof got, 0) == sizeof q;
    }
    close(fd);
    return NULL;
}

static void *tcp_traffic(void *context)
{
    struct traffic *t = context;
    while (!atomic_load(&t->stop)) {                 /* a new connection each time */
        int fd = dial(&t->to);
        uint8_t got[8];
        put_message(fd, "eabcd", 5);
        put_message(fd, "eabcd", 5);
        t->asked += 2;
        t->answered += get_message(fd, got, sizeof got) == 5;
        t->answered += get_message(fd, got, sizeof got) == 5;
        close(fd);
    }
    return NULL;
}

static void traffic_start(struct traffic *t, const struct endpoint *to, void *(*run)(void *))
{
    *t = (struct traffic){ .to = *to };
    assert_int_equal(pthread_create(&t->thread, NULL, run, t), 0);
}

static void traffic_stop(struct traffic *t)
{
    atomic_store(&t->stop, true);
    pthread_join(t->thread, NULL);
    assert_true(t->asked > 0);
    assert_int_equal(t->asked, t->answered);
}

static void test_under_traffic(void **state)
{
    (void)state;
    struct net_listener l[2];
    struct net_options o = echo_options(&l[0]);
    struct echo echo;
    struct traffic udp, tcp;
    o.workers = 2;
    echo_start(&echo, &o);
    struct endpoint kept = echo_endpoint(&echo);
    traffic_start(&udp, &kept, udp_traffic);
    traffic_start(&tcp, &kept, tcp_traffic);
    for (unsigned round = 0; round < 30; round++) {
        bool first = round & 1;                      /* the kept one changes its index, too */
        l[first] = (struct net_listener){ .endpoint = kept, .transports = NET_UDP | NET_TCP };
        l[!first] = (struct net_listener){ .endpoint = loopback(0), .transports = NET_UDP | NET_TCP };
        if (round % 3 == 0)
            l[!first].endpoint.address = (struct address){ 4, { 0 } };
        o.listener_count = 2;
        o.listeners = l;
        o.tcp_pipeline = 10 + round;
        assert_int_equal(net_change(echo.net, &o, NULL), OK);
        struct endpoint added = net_listener_endpoint(echo.net, !first);
        assert_true(added.port != 0 && added.port != kept.port);
        if (round % 3 == 0)
            added.address = (struct address){ 4, { 127, 0, 0, 7 } };
        expect_udp_echo(&added, "added", "serves when net_change returns");
        int fd = dial(&added), burst = udp_from("127.0.0.1", &added);
        put_message(fd, "ebefore", 7);
        expect_message(fd, "ebefore", 7, "added by TCP");
        for (uint8_t i = 0; i < 100; i++)            /* queued in the kernel when the listener is removed */
            assert_int_equal(send(burst, "e123", 4, 0), 4);
        put_message(fd, "emeanwhile", 10);
        o.listeners = &l[first];
        o.listener_count = 1;
        assert_int_equal(net_change(echo.net, &o, NULL), OK);
        char got[8];
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(recv(burst, got, sizeof got, 0), 4);
        put_message(fd, "eafter", 6);                /* the connection lives on */
        expect_message(fd, "emeanwhile", 10, "meanwhile");
        expect_message(fd, "eafter", 6, "after");
        put_message(fd, "L", 1);
        char text[128];
        long n = get_message(fd, (uint8_t *)text, sizeof text);
        assert_true(n > 6);
        assert_memory_equal(text, "65535 ", 6);
        struct sockaddr_storage sa;
        socklen_t bytes = endpoint_to_sockaddr(&added, &sa);
        int refused = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(refused, (struct sockaddr *)&sa, bytes), -1);
        assert_int_equal(errno, ECONNREFUSED);
        close(refused);
        close(burst);
        close(fd);
    }
    traffic_stop(&udp);
    traffic_stop(&tcp);
    assert_int_equal(echo_counters(&echo).udp_dropped_in_kernel, 0);
    echo_stop(&echo);
}

static void test_parked_on_removed(void **state)
{
    (void)state;
    struct net_listener l[2];
    struct net_options o = echo_options(&l[0]);
    struct echo echo;
    l[1] = l[0];
    o.listeners = l;
    o.listener_count = 2;
    echo_start(&echo, &o);
    struct endpoint kept = net_listener_endpoint(echo.net, 0), removed = net_listener_endpoint(echo.net, 1);
    int fd = udp_from("127.0.0.1", &removed), other = dial(&kept);
    char got[16];
    assert_int_equal(send(fd, "Pparked", 7, 0), 7);
    echo_await(&echo, parked, 1);
    l[0].endpoint = kept;
    o.listener_count = 1;
    assert_int_equal(net_change(echo.net, &o, NULL), OK);
    put_message(other, "R", 1);
    expect_message(other, "R", 1, "release");
    assert_int_equal(recv(fd, got, sizeof got, 0), 7);       /* still leaves from the port that was asked */
    close(fd);
    close(other);
    echo_stop(&echo);
}

/* An answer to a question of a port that was removed is its end, in the middle of a batch of another port. */
static void test_ends_inside_batch(void **state)
{
    struct net_listener l[2] = { { .endpoint = loopback(0), .transports = NET_UDP }, { .endpoint = loopback(0), .transports = NET_UDP } };
    struct net_options o = net_defaults();
    struct echo echo;
    uint8_t got[8];
    (void)state;
    o.listeners = l;
    o.listener_count = 2;
    echo_start(&echo, &o);
    struct endpoint gone = net_listener_endpoint(echo.net, 0), stays = net_listener_endpoint(echo.net, 1);
    int parked = udp_from("127.0.0.1", &gone), asks = udp_from("127.0.0.1", &stays);
    put(parked, "P1", 2);
    echo_await(&echo, parked, 1);
    l[1].endpoint = stays;
    o.listeners = l + 1;
    o.listener_count = 1;
    assert_int_equal(net_change(echo.net, &o, NULL), OK);
    for (int i = 0; i < 3; i++)         /* turns, in which its queue is seen empty */
        expect_udp_echo(&stays, "e", "while it waits");
    put(asks, "R", 1);
    expect(recv(asks, got, sizeof got, 0) == 1 && got[0] == 'R', "the batch goes out");
    expect(recv(parked, got, sizeof got, 0) == 2 && got[0] == 'P', "what was parked too");
    expect_udp_echo(&stays, "e", "afterwards");
    close(parked);
    close(asks);
    echo_stop(&echo);
}

static void test_all_or_nothing(void **state)
{
    (void)state;
    struct net_listener l[3];
    struct net_options o = echo_options(&l[0]);
    struct echo echo;
    struct diagnostics *diag = diagnostics_new(0);
    echo_start(&echo, &o);
    struct endpoint kept = echo_endpoint(&echo), fresh = loopback(free_port());
    l[0].endpoint = fresh;
    l[1] = (struct net_listener){ .endpoint = kept, .transports = NET_UDP | NET_TCP };
    l[2] = (struct net_listener){ .endpoint = { .address = { 4, { 192, 0, 2, 1 } }, .port = fresh.port }, .transports = NET_UDP };
    o.listeners = l;
    o.listener_count = 3;
    assert_int_equal(net_change(echo.net, &o, diag), E_SYSTEM);
    assert_true(diagnostics_count(diag, SEVERITY_ERROR) > 0);
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "192.0.2.1@"));
    assert_true(endpoint_print(&kept, (char[ENDPOINT_TEXT_ROOM]){ 0 }) != NULL);
    expect_udp_echo(&kept, "kept", "after a change that failed");
    assert_int_equal(echo_endpoint(&echo).port, kept.port);
    o.freebind = true;                               /* now it may wait for its address */
    assert_int_equal(net_change(echo.net, &o, NULL), OK);
    expect_udp_echo(&fresh, "fresh", "after a change that worked");
    expect_udp_echo(&kept, "kept", "and the old one");
    l[0].transports = 0;
    assert_int_equal(net_change(echo.net, &o, NULL), E_LIMIT);
    l[0].transports = NET_UDP | NET_TCP;
    for (uint64_t nth = 1; nth < 60; nth++) {        /* memory that runs out changes nothing either */
        l[0].endpoint = loopback(0);
        fault_after(nth);
        enum status st = net_change(echo.net, &o, NULL);
        fault_after(0);
        assert_true(st == OK || st == E_NOMEM);
        if (st != OK) {
            assert_int_equal(net_listener_endpoint(echo.net, 0).port, fresh.port);
            continue;
        }
        fresh = net_listener_endpoint(echo.net, 0);
    }
    expect_udp_echo(&kept, "kept", "in the end");
    diagnostics_free(diag);
    echo_stop(&echo);
}

static void test_second_server(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    struct net *second = NULL;
    struct diagnostics *diag = diagnostics_new(0);
    echo_start(&echo, &o);
    l.endpoint = echo_endpoint(&echo);
    assert_int_equal(net_open(&o, &second, diag), E_SYSTEM);
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "another server"));
    diagnostics_clear(diag);
    struct net_listener apart = { .endpoint = loopback(0), .transports = NET_UDP | NET_TCP };
    o.listeners = &apart;
    assert_int_equal(net_open(&o, &second, NULL), OK);
    struct net_listener both[2] = { { .endpoint = net_listener_endpoint(second, 0), .transports = NET_UDP | NET_TCP }, l };
    o.listeners = both;
    o.listener_count = 2;
    assert_int_equal(net_change(second, &o, diag), E_SYSTEM);       /* nor may a change join the other's port */
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "another server"));
    net_close(second);
    o.listeners = &l;
    o.listener_count = 1;
    diagnostics_free(diag);
    l.endpoint = loopback(0);
    for (uint64_t nth = 1; nth < 60; nth++) {
        fault_after(nth);
        enum status st = net_open(&o, &second, NULL);
        fault_after(0);
        assert_true(st == OK || st == E_NOMEM);
        if (st == OK) {
            net_close(second);
            break;
        }
    }
    echo_stop(&echo);
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t bytes = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &bytes), 0);
    return value;
}

static void test_options(void **state)
{
    (void)state;
    struct net_listener l[2];
    struct net_options o = echo_options(&l[0]);
    struct net *net = NULL;
    struct rlimit limit;
    int fd[8];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 256;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    l[1] = (struct net_listener){ .endpoint = loopback6(0), .transports = NET_UDP | NET_TCP };
    o.listeners = l;
    o.listener_count = 2;
    assert_int_equal(net_open(&o, &net, NULL), OK);
    assert_int_equal(net_descriptors(net, fd, 8), 4);
    assert_int_equal(option(fd[0], IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_PROBE);
    assert_int_equal(option(fd[2], IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_PROBE);
    assert_int_equal(option(fd[2], IPPROTO_IPV6, IPV6_V6ONLY), 1);
    assert_int_equal(option(fd[3], IPPROTO_IPV6, IPV6_V6ONLY), 1);
    assert_int_equal(option(fd[1], IPPROTO_TCP, TCP_NODELAY), 1);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(option(fd[i], SOL_SOCKET, SO_REUSEPORT), 1);
    assert_int_equal(net_listener_endpoint(net, 1).address.family, 6);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur > 256);
    net_close(net);
}

/* ---- PROXY v2 ---- */

#define HEADER "\r\n\r\n\0\r\nQUIT\n"
#define FROM4 HEADER "\x21\x12\x00\x0c\xc0\x00\x02\x21\x7f\x00\x00\x01\x11\x5c\x00\x35"
#define FROM6 HEADER "\x21\x21\x00\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08\x11\x5c\x00\x35"
#define LOCAL HEADER "\x20\x00\x00\x00"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *label, *source, *bytes;
    size_t size;
    const char *want;               /* how the answer to L begins; NULL = none */
} proxied[] = {
    { "v4 client", "127.0.0.2", BYTES(FROM4), "0 192.0.2.33@4444 127.0.0.1@" },
    { "v6 client", "127.0.0.2", BYTES(FROM6), "0 2001:db8::7@4444 127.0.0.1@" },
    { "local keeps the peer", "127.0.0.2", BYTES(LOCAL), "0 127.0.0.2@" },
    { "none from a listed address", "127.0.0.2", BYTES(""), NULL },
    { "malformed", "127.0.0.2", BYTES(HEADER "\x21\x12\x00\x02zz"), NULL },
    { "none from elsewhere", "127.0.0.3", BYTES(""), "0 127.0.0.3@" },
};

static void proxy_start(struct echo *echo, const struct prefix *from)
{
    static struct net_listener l;
    struct net_options o = echo_options(&l);
    l.proxy_from = from;
    l.proxy_from_count = 1;
    echo_start(echo, &o);
}

static void test_proxy_udp(void **state)
{
    (void)state;
    struct prefix from = { { 4, { 127, 0, 0, 2 } }, 32 };
    struct echo echo;
    uint64_t bad = 0;
    proxy_start(&echo, &from);
    struct endpoint at = echo_endpoint(&echo);
    for (size_t i = 0; i < LENGTH_OF(proxied); i++) {
        int fd = udp_from(proxied[i].source, &at);
        char q[128], got[128];
        memcpy(q, proxied[i].bytes, proxied[i].size);
        q[proxied[i].size] = 'L';
        assert_int_equal(send(fd, q, proxied[i].size + 1, 0), proxied[i].size + 1);
        if (proxied[i].want != NULL) {
            ssize_t n = recv(fd, got, sizeof got, 0);
            expect(n > (ssize_t)strlen(proxied[i].want), proxied[i].label);
            expect(memcmp(got, proxied[i].want, strlen(proxied[i].want)) == 0, proxied[i].label);
        } else {
            echo_await(&echo, proxy_bad, ++bad);
        }
        close(fd);
    }
    int fd = udp_from("127.0.0.3", &at);             /* an unlisted one is not believed: plain octets */
    char got[64];
    assert_int_equal(send(fd, FROM4, sizeof FROM4 - 1, 0), sizeof FROM4 - 1);
    assert_int_equal(recv(fd, got, sizeof got, 0), sizeof FROM4 - 1);
    close(fd);
    fd = udp_from("127.0.0.2", &at);                 /* a header and nothing behind it */
    assert_int_equal(send(fd, FROM4, sizeof FROM4 - 1, 0), sizeof FROM4 - 1);
    echo_await(&echo, proxy_bad, ++bad);
    close(fd);
    assert_int_equal(echo_counters(&echo).proxy_bad, bad);
    echo_stop(&echo);
}

static void test_proxy_tcp(void **state)
{
    (void)state;
    struct prefix from = { { 4, { 127, 0, 0, 2 } }, 32 };
    struct echo echo;
    uint64_t bad = 0;
    proxy_start(&echo, &from);
    struct endpoint at = echo_endpoint(&echo);
    for (size_t i = 0; i < LENGTH_OF(proxied); i++)
        for (size_t piece = 200; piece > 0; piece = piece == 200 ? 5 : 0) {
            int fd = tcp_from(proxied[i].source, &at);
            char q[128], got[128];
            size_t bytes = proxied[i].size;
            memcpy(q, proxied[i].bytes, bytes);
            memcpy(q + bytes, "\0\1L\0\1L", 6);
            bytes += 6;
            for (size_t at_byte = 0; at_byte < bytes; at_byte += piece) {
                if (send(fd, q + at_byte, bytes - at_byte < piece ? bytes - at_byte : piece, MSG_NOSIGNAL) < 0)
                    break;
                if (piece == 5)
                    pause_ms(2);
            }
            if (proxied[i].want != NULL) {
                for (unsigned twice = 0; twice < 2; twice++) {
                    long n = get_message(fd, (uint8_t *)got, sizeof got);
                    expect(n > (long)strlen(proxied[i].want), proxied[i].label);
                    expect(memcmp(got, proxied[i].want, strlen(proxied[i].want)) == 0, proxied[i].label);
                }
            } else {
                expect_end(fd, proxied[i].label);
                echo_await(&echo, proxy_bad, ++bad);
            }
            close(fd);
        }
    echo_stop(&echo);
}

/* The budget is that of the client which the header names, not of the proxy. */
static atomic_uint budget_taken, budget_given;
static bool take_named(void *context, const struct address *peer)
{
    (void)context;
    atomic_fetch_add(&budget_taken, 1);
    return peer->family == 4 && peer->bytes[0] == 192;
}
static void give_named(void *context, const struct address *peer)
{
    (void)context;
    atomic_fetch_add(&budget_given, peer->bytes[0] == 192);
}

static void test_proxy_budget(void **state)
{
    (void)state;
    struct prefix from = { { 4, { 127, 0, 0, 2 } }, 32 };
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    l.proxy_from = &from;
    l.proxy_from_count = 1;
    o.connection_take = take_named;
    o.connection_give = give_named;
    echo_start(&echo, &o);
    struct endpoint at = echo_endpoint(&echo);
    int good = tcp_from("127.0.0.2", &at), bad = tcp_from("127.0.0.2", &at), silent = tcp_from("127.0.0.2", &at);
    put(good, BYTES(FROM4));
    put_message(good, "egood", 5);
    expect_message(good, "egood", 5, "named by the header");
    put(bad, BYTES(FROM6));
    expect_end(bad, "refused by what the header names");
    close(good);
    close(bad);
    close(silent);
    echo_stop(&echo);
    assert_int_equal(atomic_load(&budget_taken), 2);
    assert_int_equal(atomic_load(&budget_given), 1);
}

static void test_proxy_changed(void **state)
{
    (void)state;
    struct prefix from = { { 4, { 127, 0, 0, 2 } }, 32 };
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    echo_start(&echo, &o);
    l.endpoint = echo_endpoint(&echo);
    int fd = udp_from("127.0.0.2", &l.endpoint);
    char got[128], q[64] = FROM4;
    q[sizeof FROM4 - 1] = 'L';
    for (unsigned round = 0; round < 4; round++) {
        l.proxy_from = &from;
        l.proxy_from_count = round & 1;
        assert_int_equal(net_change(echo.net, &o, NULL), OK);
        assert_int_equal(send(fd, q, sizeof FROM4, 0), sizeof FROM4);
        ssize_t n = recv(fd, got, sizeof got, 0);
        assert_true(n > 0);
        assert_int_equal(got[0], round & 1 ? '0' : '\r');
    }
    close(fd);
    echo_stop(&echo);
}

/* ---- handover: in a child, whose descriptors are its own ---- */

static void must(bool good, int code)
{
    if (!good)
        _exit(code);
}

static int bound(int type, uint16_t port, bool group)
{
    struct endpoint e = loopback(port);
    struct sockaddr_storage sa;
    socklen_t bytes = endpoint_to_sockaddr(&e, &sa);
    int one = 1, fd = socket(AF_INET, type, 0);
    if (group)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, type == SOCK_STREAM ? sizeof one : 0);
    must(bind(fd, (struct sockaddr *)&sa, bytes) == 0, 10);
    must(type == SOCK_DGRAM || listen(fd, 10) == 0, 11);
    return fd;
}

static void handover_child(uint16_t port, uint16_t other)
{
    int high[5], pipes[2];
    high[0] = bound(SOCK_DGRAM, port, true);
    high[1] = bound(SOCK_DGRAM, port, true);
    high[2] = bound(SOCK_STREAM, port, false);       /* not of a group: all workers share it */
    high[3] = bound(SOCK_DGRAM, other, false);       /* not asked for */
    must(pipe(pipes) == 0, 12);
    high[4] = pipes[0];                              /* not a socket: left alone */
    for (int i = 0; i < 5; i++)
        high[i] = fcntl(high[i], F_DUPFD, 100);
    for (int i = 0; i < 5; i++)
        must(dup2(high[i], 3 + i) == 3 + i, 13);
    for (int i = 0; i < 5; i++)
        close(high[i]);
    for (int i = 8; i < 100; i++)
        close(i);
    char text[16];
    snprintf(text, sizeof text, "%d", (int)getpid());
    setenv("LISTEN_PID", text, 1);
    setenv("LISTEN_FDS", "5", 1);
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    o.workers = 2;
    l.endpoint = loopback(port);
    echo_start(&echo, &o);
    int fds[16];
    must(net_descriptors(echo.net, fds, 16) == 4, 14);
    must(fds[0] + fds[1] == 3 + 4 && fds[2] == 5, 15);
    must(fcntl(6, F_GETFD) == -1 && fcntl(7, F_GETFD) >= 0, 16);
    must(getenv("LISTEN_FDS") == NULL, 17);
    struct endpoint at = echo_endpoint(&echo);
    must(at.port == port, 18);
    for (unsigned i = 0; i < 20; i++) {
        expect_udp_echo(&at, "handed over", "udp");
        int fd = dial(&at);
        put_message(fd, "ehanded", 7);
        expect_message(fd, "ehanded", 7, "tcp");
        close(fd);
    }
    echo_stop(&echo);
}

static void test_handover(void **state)
{
    (void)state;
    uint16_t port = free_port(), other = free_port();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        handover_child(port, other);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handover),    cmocka_unit_test(test_under_traffic), cmocka_unit_test(test_parked_on_removed),
        cmocka_unit_test(test_ends_inside_batch),
        cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_second_server), cmocka_unit_test(test_proxy_udp),
        cmocka_unit_test(test_proxy_tcp),   cmocka_unit_test(test_proxy_changed), cmocka_unit_test(test_proxy_budget),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests_name("net change", tests, NULL, NULL);
}
