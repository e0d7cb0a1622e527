/* SPDX-License-Identifier: Apache-2.0 */
#include "echo.h"
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool begins_with_c(void *context, const uint8_t *message, size_t bytes)
{
    (*(unsigned *)context)++;
    return bytes > 0 && message[0] == 'c';
}

static int bound_udp(struct endpoint *out)
{
    struct endpoint e = loopback(0);
    struct sockaddr_storage sa;
    socklen_t bytes = endpoint_to_sockaddr(&e, &sa);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, bytes), 0);
    bytes = sizeof sa;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &bytes), 0);
    assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, out), OK);
    return fd;
}

/* Answers one question three times: a, b, c. */
static void *three_answers(void *context)
{
    int fd = *(int *)context;
    struct sockaddr_storage from;
    socklen_t bytes = sizeof from;
    char q[64];
    if (recvfrom(fd, q, sizeof q, 0, (struct sockaddr *)&from, &bytes) > 0)
        for (const char *s = "abc"; *s != 0; s++)
            (void)!sendto(fd, s, 1, 0, (struct sockaddr *)&from, bytes);
    return NULL;
}

static void test_udp(void **state)
{
    (void)state;
    struct endpoint to, nobody, source = loopback(0);
    int fd = bound_udp(&to), closed = bound_udp(&nobody);
    pthread_t thread;
    uint8_t reply[8];
    size_t bytes = 77;
    unsigned seen = 0;
    const uint8_t q[] = "question";
    close(closed);
    pthread_create(&thread, NULL, three_answers, &fd);
    assert_int_equal(client_udp(&to, &source, q, sizeof q, WAIT_MS, begins_with_c, &seen, reply, sizeof reply, &bytes), OK);
    pthread_join(thread, NULL);
    assert_int_equal(seen, 3);
    assert_int_equal(bytes, 1);
    assert_int_equal(reply[0], 'c');
    bytes = 77;
    assert_int_equal(client_udp(&to, NULL, q, sizeof q, 30, NULL, NULL, reply, sizeof reply, &bytes), E_TIMEOUT);
    assert_int_equal(client_udp(&nobody, NULL, q, sizeof q, WAIT_MS, NULL, NULL, reply, sizeof reply, &bytes), E_CLOSED);
    assert_int_equal(bytes, 77);
    close(fd);
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    echo_start(&echo, &o);
    to = echo_endpoint(&echo);
    assert_int_equal(client_udp(&to, NULL, (const uint8_t *)"B\0\x9", 3, WAIT_MS, NULL, NULL, reply, sizeof reply, &bytes), E_NO_SPACE);
    echo_stop(&echo);
}

static void test_tcp(void **state)
{
    (void)state;
    struct net_listener l;
    struct net_options o = echo_options(&l);
    struct echo echo;
    struct client_tcp *c = NULL;
    static uint8_t large[65535], got[65535];
    size_t bytes = 0;
    o.tcp_idle_ms = 500;
    echo_start(&echo, &o);
    struct endpoint to = echo_endpoint(&echo), source = loopback(0);
    source.address.bytes[3] = 5;
    assert_int_equal(client_tcp_open(&to, &source, WAIT_MS, &c), OK);
    memset(large, 'e', sizeof large);
    assert_int_equal(client_tcp_send(c, large, sizeof large, WAIT_MS), OK);
    assert_int_equal(client_tcp_send(c, (const uint8_t *)"L", 1, WAIT_MS), OK);
    assert_int_equal(client_tcp_receive(c, got, 10, &bytes, WAIT_MS), E_NO_SPACE);
    assert_int_equal(client_tcp_receive(c, got, sizeof got, &bytes, WAIT_MS), OK);
    assert_int_equal(bytes, sizeof large);
    assert_memory_equal(got, large, sizeof large);
    assert_int_equal(client_tcp_receive(c, got, sizeof got, &bytes, WAIT_MS), OK);
    assert_memory_equal(got, "0 127.0.0.5@", 12);
    assert_int_equal(client_tcp_receive(c, got, sizeof got, &bytes, 10), E_TIMEOUT);
    assert_int_equal(client_tcp_send(c, (const uint8_t *)"eagain", 6, WAIT_MS), OK);
    assert_int_equal(client_tcp_receive(c, got, sizeof got, &bytes, WAIT_MS), OK);
    assert_int_equal(bytes, 6);
    assert_int_equal(client_tcp_receive(c, got, sizeof got, &bytes, WAIT_MS), E_CLOSED);      /* idle */
    client_tcp_close(c);
    client_tcp_close(NULL);
    echo_stop(&echo);
    assert_int_equal(client_tcp_open(&to, NULL, WAIT_MS, &c), E_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_udp), cmocka_unit_test(test_tcp) };
    return cmocka_run_group_tests_name("net client", tests, NULL, NULL);
}
