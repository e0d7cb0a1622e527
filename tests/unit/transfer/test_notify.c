/* SPDX-License-Identifier: Apache-2.0 */
/* The notifier against sockets of our own.  Waiting for retries is the system tests' part. */
#include "transfer/transfer.h"
#include "wire/wire.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct secondary {
    int fd;
    struct endpoint at;
    struct sockaddr_storage from;
    socklen_t from_bytes;
    uint8_t data[512];
};

static void secondary_start(struct secondary *s)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t bytes = sizeof at;
    struct timeval wait = { 20, 0 };
    s->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &bytes), 0);
    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    s->at = (struct endpoint){ .address = { 4, { 127, 0, 0, 1 } }, .port = ntohs(at.sin_port) };
}

static struct message secondary_receive(struct secondary *s)
{
    struct message m;
    s->from_bytes = sizeof s->from;
    ssize_t got = recvfrom(s->fd, s->data, sizeof s->data, 0, (struct sockaddr *)&s->from, &s->from_bytes);
    assert_true(got > 0);
    assert_int_equal(message_read(s->data, (size_t)got, &m), OK);
    return m;
}

static void answer(struct secondary *s, int fd, uint16_t id, uint16_t rcode, struct name_view zone)
{
    uint8_t data[512];
    struct reply r;
    reply_begin(&r, data, sizeof data, id, (uint16_t)(FLAG_QR | FLAG_AA | OPCODE_NOTIFY << 11));
    assert_int_equal(reply_add_question(&r, zone, TYPE_SOA, CLASS_IN), OK);
    size_t bytes = reply_end(&r, rcode);
    assert_int_equal(sendto(fd, data, bytes, 0, (struct sockaddr *)&s->from, s->from_bytes), (ssize_t)bytes);
}

static struct notifier_counters await(struct notifier *n, uint64_t acknowledged)
{
    struct notifier_counters c = { 0 };
    for (int i = 0; i < 2000; i++) {
        notifier_counters_read(n, &c);
        if (c.acknowledged >= acknowledged)
            break;
        usleep(10000);
    }
    assert_int_equal(c.acknowledged, acknowledged);
    return c;
}

static const struct name_view zone = { .wire = (const uint8_t *)"\7Example\3org", .length = 13, .labels = 2 };

static void test_acknowledged(void **state)
{
    (void)state;
    struct notifier *n = NULL;
    struct secondary s, t;
    secondary_start(&s);
    secondary_start(&t);
    assert_int_equal(notifier_start(&n), OK);
    struct endpoint targets[2] = { s.at, t.at };
    assert_int_equal(notifier_notify(n, zone, CLASS_IN, 1, targets, 2), OK);

    struct message m = secondary_receive(&s);
    assert_int_equal(m.opcode, OPCODE_NOTIFY);
    assert_int_equal(m.flags & (FLAG_QR | FLAG_AA), FLAG_AA);
    assert_true(m.has_question && m.question.type == TYPE_SOA && m.question.klass == CLASS_IN);
    assert_true(name_equal(name_view_of(&m.question.name), zone));

    /* Not from that target, not with that id, not of that zone: none of these counts. */
    struct name other = name_copy(name_view_wire((const uint8_t *)"\5other"));
    answer(&s, t.fd, m.id, RCODE_NOERROR, zone);
    answer(&s, s.fd, (uint16_t)(m.id + 1), RCODE_NOERROR, zone);
    answer(&s, s.fd, m.id, RCODE_NOERROR, name_view_of(&other));
    struct message mt = secondary_receive(&t);
    answer(&t, t.fd, mt.id, RCODE_NOERROR, zone);
    struct notifier_counters c = await(n, 1);
    assert_int_equal(c.waiting, 1);
    answer(&s, s.fd, m.id, RCODE_REFUSED, zone);        /* heard, if not liked: no point in asking again */
    c = await(n, 2);
    assert_int_equal(c.waiting, 0);
    assert_int_equal(c.sent, 2);
    assert_int_equal(c.failed, 0);
    notifier_stop(n);
    close(s.fd);
    close(t.fd);
}

/* A newer version takes the place of one that still waits; an answer to the old one does not end the new one. */
static void test_replaced(void **state)
{
    (void)state;
    struct notifier *n = NULL;
    struct secondary s;
    secondary_start(&s);
    assert_int_equal(notifier_start(&n), OK);
    assert_int_equal(notifier_notify(n, zone, CLASS_IN, 1, &s.at, 1), OK);
    uint16_t old = secondary_receive(&s).id;
    assert_int_equal(notifier_notify(n, zone, CLASS_IN, 2, &s.at, 1), OK);
    uint16_t new = secondary_receive(&s).id;
    struct notifier_counters c;
    notifier_counters_read(n, &c);
    assert_int_equal(c.waiting, 1);
    if (old != new)
        answer(&s, s.fd, old, RCODE_NOERROR, zone);
    answer(&s, s.fd, new, RCODE_NOERROR, zone);
    c = await(n, 1);
    assert_int_equal(c.waiting, 0);
    notifier_stop(n);
    close(s.fd);
}

static void test_stop_while_waiting(void **state)
{
    (void)state;
    struct notifier *n = NULL;
    struct secondary s;
    secondary_start(&s);
    assert_int_equal(notifier_start(&n), OK);
    assert_int_equal(notifier_notify(n, zone, CLASS_IN, 1, &s.at, 1), OK);
    (void)secondary_receive(&s);
    notifier_stop(n);
    close(s.fd);
    notifier_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledged),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_stop_while_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
