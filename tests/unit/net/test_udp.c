/* SPDX-License-Identifier: Apache-2.0 */
#include "echo.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_families(void **state)
{
    (void)state;
    static const struct { const char *label, *listen, *ask; } cases[] = {
        { "v4 loopback", "127.0.0.1", "127.0.0.1" },
        { "v4 any, asked at .1", "0.0.0.0", "127.0.0.1" },
        { "v4 any, asked at .7", "0.0.0.0", "127.0.0.7" },
        { "v6 loopback", "::1", "::1" },
        { "v6 any", "::", "::1" },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct net_listener l;
        struct net_options o = echo_options(&l);
        struct echo echo;
        assert_int_equal(address_parse(slice_string(cases[i].listen), &l.endpoint.address), OK);
        echo_start(&echo, &o);
        struct endpoint at = echo_endpoint(&echo);
        assert_int_equal(address_parse(slice_string(cases[i].ask), &at.address), OK);
        /* client_udp connects its socket: an answer from another address would not reach it */
        for (unsigned n = 0; n < 20; n++)
            expect_udp_echo(&at, "echo", cases[i].label);
        uint8_t got[256];
        char want[128], text[ENDPOINT_TEXT_ROOM];
        size_t bytes = 0;
        assert_int_equal(client_udp(&at, NULL, (const uint8_t *)"L", 1, WAIT_MS, NULL, NULL, got, sizeof got - 1, &bytes), OK);
        got[bytes] = 0;
        snprintf(want, sizeof want, " %s", endpoint_print(&at, text));
        expect(bytes > strlen(want) && strcmp((char *)got + bytes - strlen(want), want) == 0, cases[i].label);
        echo_stop(&echo);
    }
}

static int udp_to(const struct endpoint *at)
{
    struct sockaddr_storage sa;
    socklen_t bytes = endpoint_to_sockaddr(at, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM, 0);
    struct timeval wait = { WAIT_MS / 1000, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, bytes), 0);
    return fd;
}

static void test_many(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    o.workers = 2;
    echo_start(&echo, &o);
    struct endpoint at = echo_endpoint(&echo);
    enum { SOCKETS = 8, EACH = 20, ROUNDS = 10 };
    int fd[SOCKETS];
    for (unsigned s = 0; s < SOCKETS; s++)
        fd[s] = udp_to(&at);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned s = 0; s < SOCKETS; s++)
            for (unsigned i = 0; i < EACH; i++) {
                uint8_t q[3] = { 'e', (uint8_t)s, (uint8_t)i };
                assert_int_equal(send(fd[s], q, sizeof q, 0), sizeof q);
            }
        for (unsigned s = 0; s < SOCKETS; s++) {
            uint32_t seen = 0;
            for (unsigned i = 0; i < EACH; i++) {
                uint8_t q[8];
                assert_int_equal(recv(fd[s], q, sizeof q, 0), 3);
                assert_int_equal(q[1], s);
                seen |= 1u << q[2];
            }
            assert_int_equal(seen, (1u << EACH) - 1);
        }
    }
    for (unsigned s = 0; s < SOCKETS; s++)
        close(fd[s]);
    echo_await(&echo, udp_sent, SOCKETS * EACH * ROUNDS);
    struct net_counters c = echo_counters(&echo);
    assert_int_equal(c.udp_received, SOCKETS * EACH * ROUNDS);
    assert_int_equal(c.udp_sent, SOCKETS * EACH * ROUNDS);
    assert_int_equal(c.udp_send_failed, 0);
    assert_true(c.wakeups > 0);
    assert_true(atomic_load(&echo.sleeps) > 0);
    echo_stop(&echo);
}

static void test_sizes(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    echo_start(&echo, &o);
    struct endpoint at = echo_endpoint(&echo);
    int fd = udp_to(&at);
    static uint8_t big[65507], got[65536];
    memset(big, 'e', sizeof big);
    static const struct { const char *label; size_t send, want; } cases[] = {
        { "one octet", 1, 1 },
        { "the usual limit", 1232, 1232 },
        { "all the room", 4096, 4096 },
        { "beyond it: cut", 4097, 4096 },
        { "largest there is: cut", 65507, 4096 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        assert_int_equal(send(fd, big, cases[i].send, 0), cases[i].send);
        expect(recv(fd, got, sizeof got, 0) == (ssize_t)cases[i].want, cases[i].label);
    }
    assert_int_equal(send(fd, big, 0, 0), 0);            /* an empty datagram is no question */
    echo_await(&echo, udp_short, 1);
    assert_int_equal(send(fd, "D", 1, 0), 1);            /* nor is there an answer to a dropped one */
    assert_int_equal(send(fd, "e", 1, 0), 1);
    assert_int_equal(recv(fd, got, sizeof got, 0), 1);
    assert_int_equal(got[0], 'e');
    close(fd);
    echo_stop(&echo);
}

/* Parked questions by UDP leave from the address that was asked, and hold their query. */
static void test_parked(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    l.endpoint.address = (struct address){ 4, { 0 } };
    echo_start(&echo, &o);
    struct endpoint at = echo_endpoint(&echo);
    at.address = (struct address){ 4, { 127, 0, 0, 9 } };
    int fd = udp_to(&at), other = udp_to(&at);
    uint8_t got[64];
    assert_int_equal(send(fd, "Pone", 4, 0), 4);
    assert_int_equal(send(fd, "Ptwo", 4, 0), 4);
    assert_int_equal(send(fd, "overtakes", 9, 0), 9);
    assert_int_equal(recv(fd, got, sizeof got, 0), 9);
    assert_int_equal(send(other, "R", 1, 0), 1);
    assert_int_equal(recv(other, got, sizeof got, 0), 1);
    assert_int_equal(recv(fd, got, sizeof got, 0), 4);
    assert_memory_equal(got, "Pone", 4);
    assert_int_equal(recv(fd, got, sizeof got, 0), 4);
    assert_memory_equal(got, "Ptwo", 4);
    assert_int_equal(send(fd, "T\0\x5late", 7, 0), 7);
    assert_int_equal(recv(fd, got, sizeof got, 0), 7);
    assert_int_equal(echo_counters(&echo).parked, 3);
    close(fd);
    close(other);
    echo_stop(&echo);
}

/* Needs a raw socket: a datagram from port 0 gets no answer. */
static void test_port_zero(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    if (raw < 0)
        skip();
    echo_start(&echo, &o);
    struct endpoint at = echo_endpoint(&echo);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    uint16_t datagram[6] = { 0, htons(at.port), htons(12), 0, 0x6565, 0x6565 };
    assert_int_equal(sendto(raw, datagram, sizeof datagram, 0, (struct sockaddr *)&to, sizeof to), sizeof datagram);
    echo_await(&echo, udp_port_zero, 1);
    expect_udp_echo(&at, "still there", "after port 0");
    echo_await(&echo, udp_sent, 1);               /* counted after it is sent */
    close(raw);
    echo_stop(&echo);
}

static void test_stop_drains(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct net *net = NULL;
    assert_int_equal(net_open(&o, &net, NULL), OK);
    struct endpoint at = net_listener_endpoint(net, 0);
    int fd = udp_to(&at);
    for (unsigned i = 0; i < 150; i++)                      /* queued before anyone looks */
        assert_int_equal(send(fd, "e", 1, 0), 1);
    struct net_worker *w = net_worker_get(net, 0);
    net_worker_stop(w);
    net_worker_start(w, NULL, NULL);
    struct net_exchange **batch;
    size_t count, all = 0;
    while (net_wait(w, &batch, &count)) {
        for (size_t i = 0; i < count; i++, all++) {
            batch[i]->reply[0] = 'a';
            net_reply_last(batch[i], 1);
        }
        net_flush(w);
    }
    assert_int_equal(all, 150);
    char got[8];
    for (unsigned i = 0; i < 150; i++)
        assert_int_equal(recv(fd, got, sizeof got, 0), 1);
    close(fd);
    net_close(net);
}

/* What the kernel had no room for is counted. */
static void test_dropped_in_kernel(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct net *net = NULL;
    enum { SENT = 2000 };
    o.udp_receive_buffer = 16384;
    assert_int_equal(net_open(&o, &net, NULL), OK);
    struct endpoint at = net_listener_endpoint(net, 0);
    int fd = udp_to(&at);
    for (unsigned i = 0; i < SENT; i++)                     /* nobody reads yet */
        assert_int_equal(send(fd, "e", 1, 0), 1);
    struct net_worker *w = net_worker_get(net, 0);
    net_worker_start(w, NULL, NULL);
    struct net_exchange **batch;
    struct net_counters c;
    size_t count, all = 0;
    do {
        assert_true(net_wait(w, &batch, &count));
        for (size_t i = 0; i < count; i++, all++)
            net_drop(batch[i]);
        net_flush(w);
        net_counters_read(net, &c);
    } while (c.udp_dropped_in_kernel == 0);
    assert_true(all < SENT);
    assert_int_equal(c.udp_dropped_in_kernel, SENT - all);
    assert_int_equal(c.udp_received, all);
    close(fd);
    net_close(net);
}

static void post_count(void *context) { atomic_fetch_add((atomic_uint *)context, 1); }

static void test_posts(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    atomic_uint ran = 0;
    o.workers = 2;
    echo_start(&echo, &o);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(net_post(net_worker_get(echo.net, i & 1), post_count, &ran), OK);
    for (unsigned waited = 0; atomic_load(&ran) < 1000 && waited < WAIT_MS; waited++)
        pause_ms(1);
    assert_int_equal(atomic_load(&ran), 1000);
    fault_after(1);
    assert_int_equal(net_post(net_worker_get(echo.net, 0), post_count, &ran), E_NOMEM);
    fault_after(0);
    echo_stop(&echo);
}

/* ---- batches, driven from the same thread: what was sent is there when the worker looks ---- */

enum { LISTENERS = 3, BATCH = 64 };

/* Asks `count` questions by each socket in turn, answers those whose number is in `answered`, in one batch for each port,
 * and sees that exactly these come back, where they belong. */
static void batch_round(struct net *net, struct net_worker *w, const int *fd, uint64_t answered, unsigned count, const char *label)
{
    for (uint8_t s = 0; s < LISTENERS; s++)
        for (uint8_t i = 0; i < count; i++)
            assert_int_equal(send(fd[s], (uint8_t[]){ s, i }, 2, 0), 2);
    for (unsigned done = 0; done < LISTENERS * count; ) {
        struct net_exchange **batch;
        size_t n;
        assert_true(net_wait(w, &batch, &n));
        for (size_t k = 0; k < n; k++, done++) {
            struct net_exchange *x = batch[k];
            uint8_t s = x->query[0], i = x->query[1];
            struct endpoint at = net_listener_endpoint(net, s), peer = { 0 };
            struct sockaddr_storage sa;
            socklen_t bytes = sizeof sa;
            assert_int_equal(getsockname(fd[s], (struct sockaddr *)&sa, &bytes), 0);
            assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &peer), OK);
            expect(n == count && x->query_bytes == 2 && i == k && x->listener == s && x->user == NULL, label);
            expect(address_equal(&x->peer.address, &peer.address) && x->peer.port == peer.port, label);
            expect(address_equal(&x->local.address, &peer.address) && x->local.port == at.port, label);
            x->user = w;                                /* of this batch, not of the next in its slot */
            if (answered >> i & 1) {
                memcpy(x->reply, x->query, 2);
                net_reply_last(x, 2);
            } else {
                net_drop(x);
            }
        }
        net_flush(w);
    }
    for (unsigned s = 0; s < LISTENERS; s++) {
        uint8_t got[4];
        for (unsigned i = 0; i < count; i++)
            if (answered >> i & 1)
                expect(recv(fd[s], got, sizeof got, 0) == 2 && got[0] == s && got[1] == i, label);
        expect(recv(fd[s], got, sizeof got, MSG_DONTWAIT) == -1, label);
    }
}

/* Answers leave for the right slots whatever is left out between them, and slots serve ports of all kinds in turn. */
static void test_gaps(void **state)
{
    (void)state;
    static const struct { const char *label; uint64_t answered; unsigned count; } cases[] = {
        { "all", UINT64_MAX, BATCH },        { "one alone", 1, 1 },
        { "none", 0, 8 },                    { "all but the first", 0xfe, 8 },
        { "all but the last", 0x7f, 8 },     { "one in the middle", 0x10, 8 },
        { "a hole in the middle", 0xe7, 8 }, { "every other", UINT64_C(0x5555555555555555), BATCH },
        { "both ends", UINT64_C(0x8000000000000001), BATCH },
    };
    struct net_listener l[LISTENERS] = { { .endpoint = loopback(0), .transports = NET_UDP },
                                         { .endpoint = { .address = { 4, { 0 } } }, .transports = NET_UDP },
                                         { .endpoint = loopback6(0), .transports = NET_UDP } };
    struct net_options o = net_defaults();
    struct net *net = NULL;
    int fd[LISTENERS];
    o.listeners = l;
    o.listener_count = LISTENERS;
    o.udp_batch = BATCH;
    assert_int_equal(net_open(&o, &net, NULL), OK);
    struct net_worker *w = net_worker_get(net, 0);
    net_worker_start(w, NULL, NULL);
    for (unsigned s = 0; s < LISTENERS; s++) {
        struct endpoint at = net_listener_endpoint(net, s);
        if (at.address.family == 4)
            at.address = loopback(0).address;
        fd[s] = udp_to(&at);
    }
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        batch_round(net, w, fd, cases[i].answered, cases[i].count, cases[i].label);
    for (unsigned s = 0; s < LISTENERS; s++)
        close(fd[s]);
    net_close(net);
    assert_int_equal(check_failures(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_families),  cmocka_unit_test(test_many),        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_parked),    cmocka_unit_test(test_port_zero),   cmocka_unit_test(test_stop_drains),
        cmocka_unit_test(test_posts),     cmocka_unit_test(test_dropped_in_kernel), cmocka_unit_test(test_gaps),
    };
    return cmocka_run_group_tests_name("net udp", tests, NULL, NULL);
}
