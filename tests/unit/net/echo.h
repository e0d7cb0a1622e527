/* SPDX-License-Identifier: Apache-2.0 */
/* A server over the face of net, for its tests.  The first octet of a question says what to do:
 *
 *   e...     answers with the question          B nn     answers with nn octets (16 bits)
 *   P...     is parked                          R        answers all parked ones of this worker, then itself
 *   D        is dropped                         H...     is answered nothing; the connection is closed
 *   L        answers "LISTENER PEER LOCAL"      S cccc nn  streams cccc messages of nn octets, each begins
 *   U        is answered without end, and with no regard for the reader, until that fails
 *   T mm...  is parked and answered mm ms later            with its number (32 bits)
 */
#ifndef TEST_NET_ECHO_H
#define TEST_NET_ECHO_H

#include "net/client.h"
#include "net/net.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <pthread.h>
#include <cmocka.h>

enum { ECHO_WORKERS_MAX = 4, WAIT_MS = 20000 };

struct echo;
struct echo_worker {
    struct echo *echo;
    struct net_worker *worker;
    pthread_t thread;
    struct net_exchange *parked[256];
    unsigned parked_count;
    bool asleep;
};
struct echo {
    struct net *net;
    unsigned workers;
    struct echo_worker each[ECHO_WORKERS_MAX];
    atomic_uint streams_gone, streams_done, parked_gone, sleeps;
};

struct endpoint loopback(uint16_t port);
struct endpoint loopback6(uint16_t port);
/* One listener on a free port of 127.0.0.1 for UDP and TCP, short limits stay as in net_defaults. */
struct net_options echo_options(struct net_listener *listener);
/* Opens and starts the workers; fails the test when it cannot. */
void echo_start(struct echo *echo, const struct net_options *options);
/* Tells all workers to stop, joins them, closes. */
void echo_stop(struct echo *echo);
/* Tells them only; joins them. */
void echo_join(struct echo *echo);
struct endpoint echo_endpoint(const struct echo *echo);
struct net_counters echo_counters(const struct echo *echo);
/* Waits until the counter at this offset is at least `least`; fails the test after WAIT_MS. */
#define echo_await(echo, field, least) echo_await_at(echo, offsetof(struct net_counters, field), least)
void echo_await_at(const struct echo *echo, size_t offset, uint64_t least);

/* A blocking TCP socket with a receive timeout of WAIT_MS. */
int dial(const struct endpoint *to);
int dial_slow(const struct endpoint *to, int receive_buffer);
void put(int fd, const void *data, size_t bytes);
/* One message with its prefix. */
void put_message(int fd, const void *data, size_t bytes);
/* Reads one message. @return its octets; -1 at the end of the stream (or reset) */
long get_message(int fd, uint8_t *out, size_t room);
/* Asserts that the next message is exactly this. */
void expect_message(int fd, const void *data, size_t bytes, const char *label);
/* Asserts that the stream ends. */
void expect_end(int fd, const char *label);
/* Sends a UDP question and asserts that the answer equals it. */
void expect_udp_echo(const struct endpoint *to, const char *text, const char *label);
void pause_ms(unsigned ms);
void unit_assert(bool good, const char *label, const char *what, const char *file, int line);
#define expect(condition, label) unit_assert(condition, label, #condition, __FILE__, __LINE__)

#endif
