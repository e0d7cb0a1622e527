/* SPDX-License-Identifier: Apache-2.0 */
/* AXFR over real connections: every record once, SOA at both ends, of one version whatever is published meanwhile;
 * clients that go away or do not read. */
#include "../zone/build.h"
#include "net/client.h"
#include "transfer/transfer.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { WAIT_MS = 20000, HOSTS = 20000 };

struct server {
    struct net *net;
    pthread_t thread;
    struct endpoint at;
    const struct zone_version *version;
    struct edns_reply edns;
    atomic_uint ended, complete;
    _Atomic uint64_t records, messages;
};

static void ended(void *context, const struct transfer_totals *totals)
{
    struct server *s = context;
    atomic_store(&s->records, totals->records);
    atomic_store(&s->messages, totals->messages);
    atomic_fetch_add(&s->complete, totals->complete);
    atomic_fetch_add(&s->ended, 1);
}

static void *run(void *context)
{
    struct server *s = context;
    struct net_worker *w = net_worker_get(s->net, 0);
    net_worker_start(w, NULL, NULL);
    struct net_exchange **batch;
    size_t count;
    while (net_wait(w, &batch, &count)) {
        for (size_t i = 0; i < count; i++) {
            struct message query;
            if (message_read_query(batch[i]->query, batch[i]->query_bytes, &query) != MESSAGE_FINE ||
                transfer_axfr(batch[i], &query, &s->edns, s->version, ended, s) != OK)
                net_drop(batch[i]);
        }
        net_flush(w);
    }
    return NULL;
}

static void server_start(struct server *s, const struct zone_version *version, uint32_t write_ms)
{
    struct net_listener listener = { .endpoint = { .address = { 4, { 127, 0, 0, 1 } } }, .transports = NET_TCP };
    struct net_options options = net_defaults();
    options.listeners = &listener;
    options.listener_count = 1;
    options.workers = 1;
    options.tcp_write_ms = write_ms;
    memset(s, 0, sizeof *s);
    s->version = version;
    s->edns = (struct edns_reply){ .udp_payload = 1232, .ede = EDE_NONE, .nsid = (const uint8_t *)"ns1", .nsid_bytes = 3 };
    assert_int_equal(net_open(&options, &s->net, NULL), OK);
    s->at = net_listener_endpoint(s->net, 0);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

static void server_stop(struct server *s)
{
    net_worker_stop(net_worker_get(s->net, 0));
    pthread_join(s->thread, NULL);
    net_close(s->net);
}

static struct client_tcp *ask(struct server *s, const char *zone, bool edns)
{
    uint8_t data[512];
    struct reply q;
    struct name name = test_name(zone);
    reply_begin(&q, data, sizeof data, 0x5a5a, 0);
    assert_int_equal(reply_add_question(&q, name_view_of(&name), TYPE_AXFR, CLASS_IN), OK);
    struct edns_reply opt = { .udp_payload = 1232, .ede = EDE_NONE };
    if (edns)
        assert_int_equal(reply_add_edns(&q, &opt), OK);
    size_t bytes = reply_end(&q, 0);
    struct client_tcp *c = NULL;
    assert_int_equal(client_tcp_open(&s->at, NULL, WAIT_MS, &c), OK);
    assert_int_equal(client_tcp_send(c, data, bytes, WAIT_MS), OK);
    return c;
}

/* What came over one connection. */
struct got {
    uint64_t records, messages, soas, opts, sigs, questions;
    uint32_t first_serial, last_serial;
    bool ended;
};

static void take_record(struct got *g, const uint8_t *message, const struct record *r)
{
    if (r->type == TYPE_OPT) {
        g->opts++;
        return;
    }
    g->records++;
    g->sigs += r->type == TYPE_RRSIG;
    if (r->type != TYPE_SOA)
        return;
    uint32_t serial = get_u32(message + r->rdata_offset + r->rdata_bytes - 20);
    if (g->soas++ == 0)
        g->first_serial = serial;
    g->last_serial = serial;
    g->ended = g->soas == 2;
}

static void take_message(struct got *g, const uint8_t *data, size_t bytes)
{
    struct message m;
    assert_int_equal(message_read(data, bytes, &m), OK);
    assert_int_equal(m.id, 0x5a5a);
    assert_int_equal(m.rcode, 0);
    assert_int_equal(m.flags & (FLAG_QR | FLAG_AA | FLAG_TC), FLAG_QR | FLAG_AA);
    g->questions += m.has_question;
    g->messages++;
    struct cursor c = { data, data + m.records_offset, data + bytes, false };
    while (c.pos < c.end) {
        struct record r;
        assert_false(g->ended && g->opts != 0 && g->messages > 1);      /* nothing stands behind the last SOA but the first message's OPT */
        assert_int_equal(message_read_record(&c, &r), OK);
        take_record(g, data, &r);
    }
}

static struct got receive(struct client_tcp *c)
{
    static uint8_t data[65536];
    struct got g = { 0 };
    while (!g.ended) {
        size_t bytes;
        assert_int_equal(client_tcp_receive(c, data, sizeof data, &bytes, WAIT_MS), OK);
        take_message(&g, data, bytes);
    }
    return g;
}

static struct zone_version *big_zone(uint32_t serial)
{
    struct name origin = test_name("big.example.");
    struct zone_builder *b = NULL;
    struct zone_version *v = NULL;
    char line[200];
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    snprintf(line, sizeof line, "@ 60 SOA ns hostmaster %u 3600 600 86400 60", serial);
    struct name owner = origin;
    assert_int_equal(test_add_line(b, name_view_of(&origin), line, &owner), OK);
    assert_int_equal(test_add_line(b, name_view_of(&origin), "@ 60 NS ns", &owner), OK);
    for (unsigned i = 0; i < HOSTS; i++) {
        uint8_t address[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        snprintf(line, sizeof line, "host-%u.big.example.", i);
        owner = test_name(line);
        assert_int_equal(zone_builder_add(b, name_view_of(&owner), TYPE_A, 60, address, 4, NULL), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    return v;
}

static void test_small(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 +SOA ns hostmaster 7 3600 600 86400 60\n 60 +NS ns\nns 60 +A 192.0.2.1\n"
                                                   "a.b 60 TXT x\nsub 60 NS ns.sub\nns.sub 60 A 192.0.2.2\n*.w 60 MX 1 ns\n");
    struct server s;
    server_start(&s, v, 5000);
    static const struct { const char *label; bool edns; } cases[] = { { "without EDNS", false }, { "with EDNS", true } };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct client_tcp *c = ask(&s, "EXAMPLE.", cases[i].edns);
        struct got g = receive(c);
        client_tcp_close(c);
        if (g.records != zone_version_records(v) + 1 || g.messages != 1 || g.opts != cases[i].edns || g.sigs != 3 ||
            g.questions != 1 || g.first_serial != 7 || g.last_serial != 7)
            fail_msg("%s: %u records, %u messages", cases[i].label, (unsigned)g.records, (unsigned)g.messages);
    }
    server_stop(&s);
    assert_int_equal(s.complete, 2);
    zone_version_free(v);
}

/* The version goes out of use while it is being sent. */
static void test_big_held(void **state)
{
    (void)state;
    struct zone_version *v = big_zone(1);
    struct server s;
    server_start(&s, v, 5000);
    struct client_tcp *c = ask(&s, "big.example.", true);
    usleep(50000);                      /* more than the sockets hold: the transfer stands half done */
    zone_version_free(v);
    struct got g = receive(c);
    assert_int_equal(g.records, HOSTS + 3);
    assert_true(g.messages > 10);
    assert_int_equal(g.opts, 1);
    client_tcp_close(c);
    server_stop(&s);
    assert_int_equal(s.complete, 1);
    assert_int_equal(s.records, HOSTS + 3);
    assert_int_equal(s.messages, g.messages);
}

static void await_ended(struct server *s, unsigned count)
{
    for (int i = 0; i < WAIT_MS / 10 && atomic_load(&s->ended) < count; i++)
        usleep(10000);
    assert_int_equal(s->ended, count);
}

static void test_gone(void **state)
{
    (void)state;
    struct zone_version *v = big_zone(2);
    struct server s;
    server_start(&s, v, 300);
    uint8_t data[65536];
    size_t bytes;

    struct client_tcp *c = ask(&s, "big.example.", false);
    assert_int_equal(client_tcp_receive(c, data, sizeof data, &bytes, WAIT_MS), OK);
    client_tcp_close(c);
    await_ended(&s, 1);
    server_stop(&s);
    zone_version_free(v);
}

/* The server stops in the middle: no leak, the client sees the end of the stream. */
static void test_stop(void **state)
{
    (void)state;
    struct zone_version *v = big_zone(3);
    struct server s;
    server_start(&s, v, 500);
    struct client_tcp *c = ask(&s, "big.example.", false);
    uint8_t data[65536];
    size_t bytes;
    assert_int_equal(client_tcp_receive(c, data, sizeof data, &bytes, WAIT_MS), OK);
    server_stop(&s);
    assert_int_equal(s.ended, 1);
    client_tcp_close(c);
    zone_version_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_big_held),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
