/* SPDX-License-Identifier: Apache-2.0 */
/* The hall over real sockets: what is answered by which step, what is counted, and setups that change under it. */
#include "../zone/build.h"
#include "net/client.h"
#include "serve/serve.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 20000, WORKERS = 2 };

struct hall {
    struct epoch *epoch;
    struct net *net;
    struct serve *serve;
    struct zone_table *table;
    struct zone *zone, *empty, *mount;
    struct endpoint at;
    pthread_t threads[WORKERS];
};
struct worker_argument { struct hall *hall; unsigned index; };
static struct hall hall;
static struct worker_argument arguments[WORKERS];

static void *run(void *context)
{
    struct worker_argument *a = context;
    serve_run(a->hall->serve, net_worker_get(a->hall->net, a->index));
    return NULL;
}

static struct serve_setup *setup_new(const char *client, const char *version)
{
    struct serve_setup *s = serve_setup_new();
    assert_non_null(s);
    s->views = mem_alloc(sizeof *s->views);
    assert_non_null(s->views);
    s->view_count = 1;
    s->views[0].name = mem_string("default");
    s->views[0].zones = hall.table;
    if (client != NULL) {
        s->views[0].clients = acl_new();
        assert_int_equal(acl_add(s->views[0].clients, slice_string(client)), OK);
    }
    s->nsid = mem_string("ns1.test");
    s->nsid_bytes = 8;
    s->version = version == NULL ? NULL : mem_string(version);
    cookie_secrets_random(&s->secrets);
    return s;
}

static struct zone *zone_put(const char *origin, const char *text)
{
    struct name name = test_name(origin);
    struct zone *z = zone_new(name_view_of(&name), CLASS_IN);
    assert_non_null(z);
    if (text != NULL)
        zone_publish(z, test_zone(origin, text), hall.epoch);
    assert_int_equal(zone_table_add(hall.table, z), OK);
    return z;
}

/* ---- a source of src.test. and of ns.example. and all below, which the zone example. has as well ---- */

static atomic_uint source_parked;
static atomic_bool source_ready;

static int source_match(void *context, const struct serve_question *question)
{
    const struct name suffix = test_name(context);
    const struct name_view view = name_view_of(&suffix);
    return name_below(question->name, view) ? view.labels : -1;
}

static void *source_wake(void *ticket)
{
    atomic_store(&source_ready, true);
    while (serve_wake(ticket) != OK)
        continue;
    return NULL;
}

static enum serve_source_outcome source_answer(void *context, const struct serve_question *question, struct visit *visit, struct reply *reply,
                                               struct answer_result *result)
{
    const uint8_t address[] = { 192, 0, 2, 77 }, *first = question->name.wire;
    (void)context;
    if (first[0] == 3 && memcmp(first + 1, "bad", 3) == 0) {
        result->ede = EDE_NETWORK;
        return SERVE_SOURCE_FAILED;
    }
    if (first[0] == 5 && memcmp(first + 1, "never", 5) == 0) {
        result->ede = EDE_PROHIBITED;
        return SERVE_SOURCE_REFUSED;
    }
    if (first[0] == 5 && memcmp(first + 1, "later", 5) == 0 && !atomic_load(&source_ready)) {
        pthread_t thread;
        struct serve_ticket *ticket = serve_park(visit);
        assert_non_null(ticket);
        atomic_fetch_add(&source_parked, 1);
        assert_int_equal(pthread_create(&thread, NULL, source_wake, ticket), 0);
        pthread_detach(thread);
        return SERVE_SOURCE_PENDING;
    }
    assert_int_equal(reply_add(reply, SECTION_ANSWER, question->name, TYPE_A, question->klass, 60, address, sizeof address), OK);
    result->kind = ANSWER_POSITIVE;
    return SERVE_SOURCE_ANSWERED;
}

/* ---- a source of found.test. and all below that has versions ready, by the short way but for names that begin with `stale` ---- */

static atomic_uint place_sought, place_asked;

static void place_begin(void *context, struct serve_seek *seeks, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++)
        seeks[i].begun = seeks[i].name.length;
}

static void place_find(void *context, struct serve_seek *seeks, size_t count, uint64_t now_ms)
{
    const struct name suffix = test_name("found.test.");
    (void)context;
    assert_true(now_ms > 0);
    for (struct serve_seek *seek = seeks; seek < seeks + count; seek++) {
        assert_int_equal(seek->begun, seek->name.length);
        seek->sought = SERVE_SOUGHT_OTHER;
        if (!name_below(seek->name, name_view_of(&suffix)))
            continue;
        atomic_fetch_add(&place_sought, 1);
        seek->sought = memcmp(seek->name.wire + 1, "stale", 5) == 0 ? SERVE_SOUGHT_LONG : SERVE_SOUGHT_READY;
        seek->labels = 2;
        seek->zone = hall.mount;
        seek->version = zone_current(hall.mount);
        seek->ahead = NULL;
    }
}

static enum serve_source_outcome place_answer(void *context, const struct serve_question *question, struct visit *visit, struct reply *reply,
                                              struct answer_result *result)
{
    (void)context;
    atomic_fetch_add(&place_asked, 1);
    assert_int_equal(serve_parked_since(visit), 0);
    assert_true(serve_now_ms(visit) > 0);
    if (!serve_enter(visit, hall.mount, result))
        return SERVE_SOURCE_REFUSED;
    enum serve_source_outcome outcome = serve_answer_version(visit, question, zone_current(hall.mount), reply, result);
    if (memcmp(question->name.wire + 1, "stale", 5) == 0)
        serve_cap_ttl(reply, 30);
    return outcome;
}

static struct name_view found_suffix;
static struct serve_source sources[] = {
    { .name = "unit", .match = source_match, .answer = source_answer, .context = (void *)(uintptr_t)"src.test." },
    { .name = "host", .match = source_match, .answer = source_answer, .context = (void *)(uintptr_t)"deep.ns.example." },
    { .name = "same", .match = source_match, .answer = source_answer, .context = (void *)(uintptr_t)"example." },
    { .name = "found", .match = source_match, .answer = place_answer, .context = (void *)(uintptr_t)"found.test.", .suffixes = &found_suffix,
      .suffix_count = 1, .begin = place_begin, .find = place_find },
};

static int hall_start(void **state)
{
    (void)state;
    struct net_listener listener = { .endpoint = { .address = { 4, { 127, 0, 0, 1 } } }, .transports = NET_UDP | NET_TCP };
    struct net_options options = net_defaults();
    options.listeners = &listener;
    options.listener_count = 1;
    options.workers = WORKERS;
    hall.epoch = epoch_new();
    hall.table = zone_table_new(hall.epoch);
    hall.zone = zone_put("example.", "@ 60 SOA ns hostmaster 7 3600 600 86400 60\n 60 NS ns\nns 60 A 192.0.2.1\nsub 60 NS ns.sub\nns.sub 60 A 192.0.2.2\n");
    hall.empty = zone_put("empty.example.", NULL);
    struct serve_zone *open = serve_zone_new();
    assert_non_null(open);
    assert_int_equal(serve_zone_set(hall.zone, open, hall.epoch), OK);
    static struct name mount;
    mount = test_name("found.test.");
    found_suffix = name_view_of(&mount);
    hall.mount = zone_new(found_suffix, CLASS_IN);
    assert_non_null(hall.mount);
    assert_int_equal(serve_zone_set(hall.mount, serve_zone_new(), hall.epoch), OK);
    zone_publish(hall.mount, test_zone("found.test.", "@ 300 SOA ns hostmaster 9 3600 600 86400 60\n 300 NS ns\nready 300 A 192.0.2.9\n"
                                                      "stale 300 A 192.0.2.8\n 300 A 192.0.2.7\nto 300 CNAME ready\n*.wild 300 TXT w\n"), hall.epoch);
    assert_int_equal(net_open(&options, &hall.net, NULL), OK);
    hall.at = net_listener_endpoint(hall.net, 0);
    hall.serve = serve_new(hall.epoch, WORKERS);
    assert_non_null(hall.serve);
    assert_int_equal(serve_sources(hall.serve, sources, LENGTH_OF(sources)), OK);
    serve_apply(hall.serve, setup_new(NULL, NULL));
    for (unsigned i = 0; i < WORKERS; i++) {
        arguments[i] = (struct worker_argument){ &hall, i };
        assert_int_equal(pthread_create(&hall.threads[i], NULL, run, &arguments[i]), 0);
    }
    return 0;
}

static int hall_stop(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKERS; i++)
        net_worker_stop(net_worker_get(hall.net, i));
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(hall.threads[i], NULL);
    net_close(hall.net);
    serve_free(hall.serve);
    serve_zone_clear(hall.zone);
    serve_zone_clear(hall.empty);
    serve_zone_clear(hall.mount);
    zone_unref(hall.mount);
    zone_table_free(hall.table);
    zone_unref(hall.zone);
    zone_unref(hall.empty);
    epoch_free(hall.epoch);
    return 0;
}

struct ask { const char *name; uint16_t type, klass; uint8_t opcode; bool tcp; };

static size_t question(const struct ask *ask, uint8_t out[512])
{
    struct reply q;
    struct name name = test_name(ask->name);
    struct edns_reply opt = { .udp_payload = 1232, .ede = EDE_NONE };
    reply_begin(&q, out, 512, 0x1234, (uint16_t)(ask->opcode << 11));
    assert_int_equal(reply_add_question(&q, name_view_of(&name), ask->type, ask->klass), OK);
    assert_int_equal(reply_add_edns(&q, &opt), OK);
    return reply_end(&q, 0);
}

static struct message exchange(const struct ask *ask)
{
    static uint8_t query[512], reply[65536];
    size_t bytes = question(ask, query), got = 0;
    if (ask->tcp) {
        struct client_tcp *c = NULL;
        assert_int_equal(client_tcp_open(&hall.at, NULL, WAIT_MS, &c), OK);
        assert_int_equal(client_tcp_send(c, query, bytes, WAIT_MS), OK);
        assert_int_equal(client_tcp_receive(c, reply, sizeof reply, &got, WAIT_MS), OK);
        client_tcp_close(c);
    } else {
        assert_int_equal(client_udp(&hall.at, NULL, query, bytes, WAIT_MS, NULL, NULL, reply, sizeof reply, &got), OK);
    }
    struct message m;
    assert_int_equal(message_read(reply, got, &m), OK);
    assert_int_equal(m.id, 0x1234);
    return m;
}

static void test_answers(void **state)
{
    (void)state;
    static const struct { const char *label; struct ask ask; uint8_t rcode; uint16_t answers, authority; bool aa; } cases[] = {
        { "positive", { "ns.example.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 1, 0, true },
        { "positive over TCP", { "ns.example.", TYPE_A, CLASS_IN, 0, true }, RCODE_NOERROR, 1, 0, true },
        { "absent", { "nx.example.", TYPE_A, CLASS_IN, 0, false }, RCODE_NXDOMAIN, 0, 1, true },
        { "referral", { "a.sub.example.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 0, 1, false },
        { "not ours", { "other.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_REFUSED, 0, 0, false },
        { "not loaded", { "a.empty.example.", TYPE_A, CLASS_IN, 0, false }, RCODE_SERVFAIL, 0, 0, false },
        { "DS of a child is asked of the parent", { "empty.example.", TYPE_DS, CLASS_IN, 0, false }, RCODE_NXDOMAIN, 0, 1, true },
        { "identity", { "id.server.", TYPE_TXT, CLASS_CH, 0, false }, RCODE_NOERROR, 1, 0, true },
        { "hidden version", { "version.bind.", TYPE_TXT, CLASS_CH, 0, false }, RCODE_REFUSED, 0, 0, false },
        { "any class", { "ns.example.", TYPE_A, CLASS_ANY, 0, false }, RCODE_NOERROR, 1, 0, false },
        { "update", { "example.", TYPE_SOA, CLASS_IN, OPCODE_UPDATE, false }, RCODE_NOTIMP, 0, 0, false },
        { "notify", { "example.", TYPE_SOA, CLASS_IN, OPCODE_NOTIFY, false }, RCODE_REFUSED, 0, 0, false },
        { "transfer not allowed", { "example.", TYPE_AXFR, CLASS_IN, 0, true }, RCODE_REFUSED, 0, 0, false },
        { "transfer of what is no zone", { "ns.example.", TYPE_AXFR, CLASS_IN, 0, true }, RCODE_NOTAUTH, 0, 0, false },
        { "incremental transfer", { "example.", TYPE_IXFR, CLASS_IN, 0, true }, RCODE_NOTIMP, 0, 0, false },
        { "obsolete type", { "example.", TYPE_MAILB, CLASS_IN, 0, false }, RCODE_NOTIMP, 0, 0, false },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct message m = exchange(&cases[i].ask);
        if (m.rcode != cases[i].rcode || m.counts[1] != cases[i].answers || m.counts[2] != cases[i].authority ||
            !(m.flags & FLAG_AA) == cases[i].aa)
            fail_msg("%s: rcode %u, %u answers, %u authority, flags %04x", cases[i].label, m.rcode, m.counts[1], m.counts[2], m.flags);
    }
}

/* Longest suffix among zones and sources; a zone goes before a source of its own name.  What fails is SERVFAIL, never NXDOMAIN. */
static void test_sources(void **state)
{
    (void)state;
    static const struct { const char *label; struct ask ask; uint8_t rcode; uint16_t answers; } cases[] = {
        { "at once", { "now.src.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 1 },
        { "the mount itself", { "src.test.", TYPE_A, CLASS_IN, 0, true }, RCODE_NOERROR, 1 },
        { "beside it", { "other.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_REFUSED, 0 },
        { "below a zone, longer", { "x.deep.ns.example.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 1 },
        { "in a zone, as long", { "nx.example.", TYPE_A, CLASS_IN, 0, false }, RCODE_NXDOMAIN, 0 },
        { "failed", { "bad.src.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_SERVFAIL, 0 },
        { "refused", { "never.src.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_REFUSED, 0 },
    };
    struct serve_counters before, after;
    serve_counters_read(hall.serve, &before);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct message m = exchange(&cases[i].ask);
        if (m.rcode != cases[i].rcode || m.counts[1] != cases[i].answers)
            fail_msg("%s: rcode %u, %u answers", cases[i].label, m.rcode, m.counts[1]);
    }
    for (unsigned tcp = 0; tcp < 2; tcp++) {
        atomic_store(&source_ready, false);
        atomic_store(&source_parked, 0);
        struct message m = exchange(&(struct ask){ "later.src.test.", TYPE_A, CLASS_IN, 0, tcp });
        assert_int_equal(m.rcode, RCODE_NOERROR);
        assert_int_equal(m.counts[1], 1);
        assert_int_equal(atomic_load(&source_parked), 1);
    }
    serve_counters_read(hall.serve, &after);
    assert_int_equal(after.failure[SERVE_FAILURE_SOURCE] - before.failure[SERVE_FAILURE_SOURCE], 1);
}

static struct acl *acl_of(const char *entry)
{
    struct acl *acl = acl_new();
    assert_int_equal(acl_add(acl, slice_string(entry)), OK);
    return acl;
}

/* A source's versions: the short way and the long one, counted by zone, with its ACL; the zone above answers DS of the mount's own name
 * only where there is one. */
static void test_places(void **state)
{
    (void)state;
    static const struct { const char *label; struct ask ask; uint8_t rcode; uint16_t answers, authority; unsigned sought, asked; uint32_t ttl; } cases[] = {
        { "ready", { "ready.found.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 1, 0, 1, 0, 300 },
        { "ready, in another case", { "READY.FOUND.TesT.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 1, 0, 1, 0, 300 },
        { "ready over TCP", { "ready.found.test.", TYPE_A, CLASS_IN, 0, true }, RCODE_NOERROR, 1, 0, 1, 0, 300 },
        { "no such type", { "ready.found.test.", TYPE_AAAA, CLASS_IN, 0, false }, RCODE_NOERROR, 0, 1, 1, 0, 0 },
        { "no such name", { "nx.found.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_NXDOMAIN, 0, 1, 1, 0, 0 },
        { "a chain", { "to.found.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 2, 0, 1, 0, 300 },
        { "a wildcard", { "x.wild.found.test.", TYPE_TXT, CLASS_IN, 0, false }, RCODE_NOERROR, 1, 0, 1, 0, 300 },
        { "the suffix", { "found.test.", TYPE_SOA, CLASS_IN, 0, false }, RCODE_NOERROR, 1, 0, 1, 0, 300 },
        { "ANY goes the long way", { "ready.found.test.", TYPE_ANY, CLASS_IN, 0, false }, RCODE_NOERROR, 1, 0, 1, 1, 300 },
        { "any class too", { "ready.found.test.", TYPE_A, CLASS_ANY, 0, false }, RCODE_NOERROR, 1, 0, 0, 1, 300 },
        { "stale", { "stale.found.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_NOERROR, 2, 0, 1, 1, 30 },
        { "a transfer", { "found.test.", TYPE_AXFR, CLASS_IN, 0, true }, RCODE_REFUSED, 0, 0, 1, 0, 0 },
        { "ends alike", { "xfound.test.", TYPE_A, CLASS_IN, 0, false }, RCODE_REFUSED, 0, 0, 0, 0, 0 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        atomic_store(&place_sought, 0);
        atomic_store(&place_asked, 0);
        struct message m = exchange(&cases[i].ask);
        struct record first = { .ttl = 0 };
        struct cursor c = cursor_of(m.wire, m.wire_bytes);
        (void)cursor_take(&c, m.records_offset);
        if (cases[i].ttl != 0)
            assert_int_equal(message_read_record(&c, &first), OK);
        if (m.rcode != cases[i].rcode || m.counts[1] != cases[i].answers || m.counts[2] != cases[i].authority || first.ttl != cases[i].ttl ||
            atomic_load(&place_sought) != cases[i].sought || atomic_load(&place_asked) != cases[i].asked)
            fail_msg("%s: rcode %u, %u answers, %u authority, ttl %u, sought %u, asked %u", cases[i].label, m.rcode, m.counts[1], m.counts[2],
                     first.ttl, atomic_load(&place_sought), atomic_load(&place_asked));
    }
    struct serve_zone_counters counters;
    serve_zone_counters_read(hall.serve, hall.mount, &counters);
    assert_int_equal(counters.queries, 11);
    assert_int_equal(counters.nxdomain, 1);
    assert_int_equal(counters.nodata, 1);
}

static void test_place_options(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct serve_zone *o = serve_zone_new();
        assert_non_null(o);
        o->owns_acls = true;
        o->allow_query = acl_of(i == 0 ? "192.0.2.0/24" : "127.0.0.0/8");
        assert_int_equal(serve_zone_set(hall.mount, o, hall.epoch), OK);
        assert_int_equal(exchange(&(struct ask){ "ready.found.test.", TYPE_A, CLASS_IN, 0, false }).rcode, i == 0 ? RCODE_REFUSED : RCODE_NOERROR);
    }
}

static void test_counters(void **state)
{
    (void)state;
    struct serve_counters before, after;
    struct serve_zone_counters zone_before, zone_after;
    serve_counters_read(hall.serve, &before);
    serve_zone_counters_read(hall.serve, hall.zone, &zone_before);
    exchange(&(struct ask){ "ns.example.", TYPE_A, CLASS_IN, 0, false });
    exchange(&(struct ask){ "nx.example.", TYPE_A, CLASS_IN, 0, true });
    exchange(&(struct ask){ "a.empty.example.", TYPE_A, CLASS_IN, 0, false });
    serve_counters_read(hall.serve, &after);
    serve_zone_counters_read(hall.serve, hall.zone, &zone_after);
    assert_int_equal(after.queries_udp4 - before.queries_udp4, 2);
    assert_int_equal(after.queries_tcp4 - before.queries_tcp4, 1);
    assert_int_equal(after.outcome[SERVE_NOERROR] - before.outcome[SERVE_NOERROR], 1);
    assert_int_equal(after.outcome[SERVE_NXDOMAIN] - before.outcome[SERVE_NXDOMAIN], 1);
    assert_int_equal(after.failure[SERVE_FAILURE_NOT_LOADED] - before.failure[SERVE_FAILURE_NOT_LOADED], 1);
    assert_int_equal(after.edns - before.edns, 3);
    assert_int_equal(after.unique_sources4, 1);
    assert_int_equal(zone_after.queries - zone_before.queries, 2);
    assert_int_equal(zone_after.nxdomain - zone_before.nxdomain, 1);
}

/* A setup applied is what the next question is answered by. */
static void test_setups(void **state)
{
    (void)state;
    const struct ask version = { "version.bind.", TYPE_TXT, CLASS_CH, 0, false }, host = { "ns.example.", TYPE_A, CLASS_IN, 0, false };
    for (int i = 0; i < 50; i++) {
        serve_apply(hall.serve, setup_new(i % 3 == 2 ? "192.0.2.0/24" : NULL, i % 2 ? "new" : NULL));
        assert_int_equal(exchange(&version).rcode, i % 3 != 2 && i % 2 ? RCODE_NOERROR : RCODE_REFUSED);
        assert_int_equal(exchange(&host).rcode, i % 3 == 2 ? RCODE_REFUSED : RCODE_NOERROR);
        epoch_reclaim(hall.epoch);
    }
    serve_apply(hall.serve, setup_new(NULL, NULL));
}

static void test_zone_options(void **state)
{
    (void)state;
    const struct ask host = { "ns.example.", TYPE_A, CLASS_IN, 0, false }, transfer = { "example.", TYPE_AXFR, CLASS_IN, 0, true };
    static const struct { const char *label, *query, *transfer; uint8_t host, axfr; } cases[] = {
        { "all may ask", NULL, "any", RCODE_NOERROR, RCODE_NOERROR },
        { "others may ask", "192.0.2.0/24", "192.0.2.0/24", RCODE_REFUSED, RCODE_REFUSED },
        { "we may ask", "127.0.0.1", "none", RCODE_NOERROR, RCODE_REFUSED },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct serve_zone *o = serve_zone_new();
        assert_non_null(o);
        o->owns_acls = true;
        o->allow_query = cases[i].query == NULL ? NULL : acl_of(cases[i].query);
        o->allow_transfer = acl_of(cases[i].transfer);
        assert_int_equal(serve_zone_set(hall.zone, o, hall.epoch), OK);
        if (exchange(&host).rcode != cases[i].host || exchange(&transfer).rcode != cases[i].axfr)
            fail_msg("%s", cases[i].label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_place_options),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_setups),
        cmocka_unit_test(test_zone_options),
    };
    return cmocka_run_group_tests(tests, hall_start, hall_stop);
}
