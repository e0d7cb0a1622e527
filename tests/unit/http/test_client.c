/* SPDX-License-Identifier: Apache-2.0 */
/* The client against peers that behave and, mostly, do not. */
#include "ask.h"
#include "peer.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct room { struct peer *peer; struct http_client *client; };

static int open_room(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    *state = room;
    if (!room)
        return -1;
    room->peer = peer_start(4);
    return http_client_new(NULL, &room->client) == OK ? 0 : -1;
}

static int close_room(void **state)
{
    struct room *room = *state;
    http_client_free(room->client);
    peer_stop(room->peer);
    free(room);
    return 0;
}

static const char *url_of(const struct room *room, const char *path, char out[256])
{
    snprintf(out, 256, "http://127.0.0.1:%u%s", peer_port(room->peer), path);
    return out;
}

static void replies_of_all_kinds(void **state)
{
    static const struct {
        const char *label, *path, *body;        /* body of the request */
        size_t max;
        uint32_t timeout_ms;
        unsigned redirects;
        enum status want;
        unsigned code;
        const char *says;                       /* body when OK, else the reason */
    } cases[] = {
        { "plain", "/ok", NULL, 0, 0, 0, OK, 200, "hello" },
        { "posted", "/echo", "{\"a\":1}", 0, 0, 0, OK, 200, "{\"a\":1}" },
        { "not found is a reply", "/nowhere", NULL, 0, 0, 0, OK, 404, "what?" },
        { "gzip", "/gzip", NULL, 0, 0, 0, OK, 200, "squeezed" },
        { "just long enough", "/ok", NULL, 5, 0, 0, OK, 200, "hello" },
        { "one too long", "/ok", NULL, 4, 0, 0, E_LIMIT, 200, "the reply is too long" },
        { "endless", "/endless", NULL, 100000, 0, 0, E_LIMIT, 200, "the reply is too long" },
        { "endless header", "/endless-head", NULL, 0, 0, 0, E_LIMIT, 200, "the reply's header lines are too long" },
        { "gzip bomb", "/bomb", NULL, 100000, 0, 0, E_LIMIT, 200, "the reply is too long" },
        { "slow drip", "/drip", NULL, 0, 200, 0, E_TIMEOUT, 200, "no answer in time" },
        { "no answer", "/hang", NULL, 0, 100, 0, E_TIMEOUT, 0, "no answer in time" },
        { "cut short", "/short", NULL, 0, 0, 0, E_TRUNCATED, 200, "the reply ends early" },
        { "closed at once", "/close", NULL, 0, 0, 0, E_CLOSED, 0, "the connection was closed without a reply" },
        { "not HTTP", "/garbage", NULL, 0, 0, 0, E_BAD_FORMAT, 0, "the reply is not HTTP" },
        { "broken gzip", "/bad-gzip", NULL, 0, 0, 0, E_BAD_FORMAT, 200, "the reply's compression is broken" },
        { "an encoding we did not ask for", "/unknown-encoding", NULL, 0, 0, 0, E_BAD_FORMAT, 200, "the reply's compression is broken" },
        { "compressed twice", "/twice", NULL, 0, 0, 0, E_BAD_FORMAT, 200, "the reply is compressed more than once" },
        { "compressed and so transferred", "/twice-apart", NULL, 0, 0, 0, E_BAD_FORMAT, 200, "the reply is compressed more than once" },
        { "gzip that yields nothing", "/endless-name", NULL, 100000, 5000, 0, E_LIMIT, 200, "the reply is too long" },
        { "redirect not followed", "/to-ok", NULL, 0, 0, 0, OK, 302, "moved" },
        { "redirect", "/to-ok", NULL, 0, 0, 1, OK, 200, "hello" },
        { "two redirects", "/to-to-ok", NULL, 0, 0, 2, OK, 200, "hello" },
        { "one of two redirects", "/to-to-ok", NULL, 0, 0, 1, OK, 302, "moved" },
        { "redirected to itself", "/to-self", NULL, 0, 0, 2, OK, 301, "moved" },
        { "post redirected by 307", "/to-echo", "body", 0, 0, 1, OK, 200, "body" },
        { "post not redirected by 302", "/to-ok", "body", 0, 0, 1, OK, 302, "moved" },
        { "redirected inside", "/to-private", NULL, 0, 0, 2, E_REFUSED, 302, "the redirect leads where we do not go" },
        { "redirected to a file", "/to-file", NULL, 0, 0, 2, E_REFUSED, 302, "the redirect leads where we do not go" },
    };
    struct room *room = *state;
    char url[256];
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct http_request request = { .url = url_of(room, cases[i].path, url), .body = cases[i].body,
            .body_bytes = cases[i].body ? strlen(cases[i].body) : 0, .max_reply_bytes = cases[i].max,
            .timeout_ms = cases[i].timeout_ms, .redirects = cases[i].redirects, .loopback_allowed = true };
        struct told told = ask(room->client, &request);
        CHECK_EQUAL(told.result.status, cases[i].want, cases[i].label);
        CHECK_EQUAL(told.result.code, cases[i].code, cases[i].label);
        CHECK_STRING(cases[i].want == OK ? told.body : told.reason, cases[i].says, cases[i].label);
    }
}

static void what_a_reply_says_about_itself(void **state)
{
    struct room *room = *state;
    char url[256];
    struct http_request request = { .url = url_of(room, "/echo", url), .body = "{}", .body_bytes = 2 };
    struct told told = ask(room->client, &request);
    assert_string_equal(told.content_type, "application/json");
    assert_non_null(strstr(peer_last_request(room->peer), "Content-Type: application/json\r\n"));
    request.url = url_of(room, "/to-echo", url);
    request.redirects = 1;
    request.loopback_allowed = true;
    assert_int_equal(ask(room->client, &request).result.code, 200);
    assert_non_null(strstr(peer_last_request(room->peer), "Content-Type: application/json\r\n"));
    request = (struct http_request){ .url = url_of(room, "/limited", url) };
    told = ask(room->client, &request);
    assert_int_equal(told.result.code, 429);
    assert_int_equal(told.result.retry_after_seconds, 7);
    assert_false(told.result.max_age_said);
    assert_string_equal(told.content_type, "");
    request.url = url_of(room, "/cache", url);
    told = ask(room->client, &request);
    assert_true(told.result.max_age_said);
    assert_int_equal(told.result.max_age_seconds, 60);
    request.url = url_of(room, "/no-store", url);
    told = ask(room->client, &request);
    assert_true(told.result.max_age_said);
    assert_int_equal(told.result.max_age_seconds, 0);
}

static void header_lines_and_cookies(void **state)
{
    struct room *room = *state;
    char url[256];
    const char *lines[] = { "Authorization: Bearer sesame" }, *broken[] = { "A: b\r\nHost: elsewhere" };
    struct http_request request = { .url = url_of(room, "/cookie", url), .headers = lines, .header_count = 1 };
    assert_int_equal(ask(room->client, &request).result.status, OK);
    assert_non_null(strstr(peer_last_request(room->peer), "Authorization: Bearer sesame\r\n"));
    assert_int_equal(ask(room->client, &request).result.status, OK);
    assert_null(strstr(peer_last_request(room->peer), "Cookie:"));
    request.headers = broken;
    assert_int_equal(ask(room->client, &request).result.status, E_BAD_TEXT);
}

static void connections_are_used_again(void **state)
{
    struct room *room = *state;
    char url[256];
    struct http_request request = { .url = url_of(room, "/ok", url) };
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask(room->client, &request).result.status, OK);
    assert_int_equal(peer_connections(room->peer), 1);
    assert_int_equal(peer_requests(room->peer), 20);
    struct http_counters counters;
    http_client_counters(room->client, &counters);
    assert_int_equal(counters.connections, 1);
    assert_int_equal(counters.finished, 20);
    assert_int_equal(counters.failed, 0);
}

/* An open connection that was made for one of ours must not carry what a stranger wants. */
static void strangers_go_to_public_addresses_only(void **state)
{
    struct room *room = *state;
    char url[256];
    struct http_request request = { .url = url_of(room, "/ok", url) };
    assert_int_equal(ask(room->client, &request).result.status, OK);
    request.public_only = true;
    assert_int_equal(ask(room->client, &request).result.status, E_REFUSED);
    request.loopback_allowed = true;
    assert_int_equal(ask(room->client, &request).result.status, OK);
    assert_int_equal(peer_connections(room->peer), 1);
}

static void a_name_that_leads_inside_is_refused(void **state)
{
    struct room *room = *state;
    struct http_request request = { .url = "https://localhost.localdomain:1/key", .public_only = true, .timeout_ms = 3000 };
    char host[64];
    if (gethostname(host, sizeof host) == 0 && strchr(host, '.') == NULL) {     /* a name in /etc/hosts, where there is one */
        struct told told = ask(room->client, &request);
        assert_true(told.result.status == E_REFUSED || told.result.status == E_NOT_FOUND || told.result.status == E_TIMEOUT);
        assert_null(strstr(told.reason, "key"));
    }
    request.url = "https://2130706433/";
    assert_int_equal(ask(room->client, &request).result.status, E_BAD_TEXT);
    request.url = "https://10.1.2.3/";
    assert_int_equal(ask(room->client, &request).result.status, E_REFUSED);
    request.url = "unix:/tmp/geth.ipc";
    assert_int_equal(ask(room->client, &request).result.status, E_REFUSED);
    request.url = "http://example.com/";
    assert_int_equal(ask(room->client, &request).result.status, E_REFUSED);
}

static void nobody_listens(void **state)
{
    struct room *room = *state;
    struct peer *other = peer_start(4);
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/secret", peer_port(other));
    peer_stop(other);
    struct http_request request = { .url = url };
    struct told told = ask(room->client, &request);
    assert_int_equal(told.result.status, E_CLOSED);
    assert_string_equal(told.reason, "the connection was refused or could not be made");
}

static void own_suffixes_are_refused(void **state)
{
    static const char *const suffixes[] = { "eth", "crypto." };
    static const struct { const char *url; enum status want; } cases[] = {
        { "https://vitalik.eth/x", E_REFUSED },   { "https://ETH/x", E_REFUSED },       { "https://a.b.CRYPTO/", E_REFUSED },
    };
    struct http_client_options options = http_client_defaults();
    struct http_client *client;
    (void)state;
    options.own_suffixes = suffixes;
    options.own_suffix_count = 2;
    assert_int_equal(http_client_new(&options, &client), OK);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct http_request request = { .url = cases[i].url };
        CHECK_EQUAL(ask(client, &request).result.status, cases[i].want, cases[i].url);
    }
    static const char *const others[] = { "x" };
    assert_int_equal(http_client_set_own_suffixes(client, others, 1), OK);
    struct http_request request = { .url = "https://node.X/" };
    assert_int_equal(ask(client, &request).result.status, E_REFUSED);
    http_client_free(client);
}

static void many_at_once_within_bounds(void **state)
{
    struct room *room = *state;
    struct http_client_options options = http_client_defaults();
    struct http_client *client;
    struct told told[30] = { 0 };
    char url[256];
    options.running_per_host = 4;
    options.waiting = 30;
    assert_int_equal(http_client_new(&options, &client), OK);
    struct http_request request = { .url = url_of(room, "/late", url) };
    for (size_t i = 0; i < LENGTH_OF(told); i++)
        assert_int_equal(http_client_start(client, &request, on_done, &told[i], NULL), OK);
    assert_int_equal(http_client_start(client, &request, on_done, &told[0], NULL), E_LIMIT);
    poll_all(client);
    for (size_t i = 0; i < LENGTH_OF(told); i++) {
        assert_int_equal(told[i].times, 1);
        assert_int_equal(told[i].result.status, OK);
    }
    assert_int_equal(peer_most_at_once(room->peer), 4);
    http_client_free(client);
}

/* However many wait: one that the others rest on is done while those that came first still hang. */
static void urgent_ones_go_first(void **state)
{
    struct room *room = *state;
    struct told told[24] = { { 0 } }, first = { 0 };
    struct http_client *client;
    struct http_client_options options = http_client_defaults();
    char hang[256], ok[256];
    options.running = options.running_per_host = 2;
    options.waiting = LENGTH_OF(told);
    assert_int_equal(http_client_new(&options, &client), OK);
    url_of(room, "/hang", hang);
    url_of(room, "/ok", ok);
    for (size_t i = 0; i < LENGTH_OF(told); i++)
        assert_int_equal(http_client_start(client, &(struct http_request){ .url = hang }, on_done, &told[i], NULL), OK);
    (void)http_client_poll(client, 50);
    assert_int_equal(http_client_start(client, &(struct http_request){ .url = ok, .urgent = true }, on_done, &first, NULL), OK);
    for (unsigned turns = 0; turns < 200 && first.times == 0; turns++)
        (void)http_client_poll(client, 50);
    assert_int_equal(first.times, 1);
    assert_int_equal(first.result.status, OK);
    assert_string_equal(first.body, "hello");
    for (size_t i = 0; i < LENGTH_OF(told); i++)
        assert_int_equal(told[i].times, 0);
    http_client_free(client);
}

/* However much strangers make us ask, nodes can be asked. */
static void strangers_leave_a_share(void **state)
{
    struct room *room = *state;
    struct http_client_options options = http_client_defaults();
    struct http_client *client;
    struct told strangers[9] = { 0 }, ours = { 0 };
    char url[256], other[256];
    options.running = 4;
    options.waiting = 8;
    assert_int_equal(http_client_new(&options, &client), OK);
    struct http_request hang = { .url = url_of(room, "/hang", url), .public_only = true, .loopback_allowed = true };
    struct http_request ok = { .url = url_of(room, "/ok", other) };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(http_client_start(client, &hang, on_done, &strangers[i], NULL), OK);
    (void)http_client_poll(client, 50);
    for (size_t i = 3; i < 9; i++)
        assert_int_equal(http_client_start(client, &hang, on_done, &strangers[i], NULL), OK);
    assert_int_equal(http_client_start(client, &hang, on_done, &strangers[0], NULL), E_LIMIT);
    assert_int_equal(http_client_start(client, &ok, on_done, &ours, NULL), OK);
    while (ours.times == 0)
        (void)http_client_poll(client, 1000);
    assert_int_equal(ours.result.code, 200);
    assert_true(peer_most_at_once(room->peer) <= 4);
    http_client_free(client);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(strangers[i].result.status, E_CLOSED);
}

static void memory_is_bounded(void **state)
{
    struct room *room = *state;
    struct http_client_options options = http_client_defaults();
    struct http_client *client;
    char url[256];
    options.memory_bytes = 50000;
    assert_int_equal(http_client_new(&options, &client), OK);
    struct http_request request = { .url = url_of(room, "/endless", url), .max_reply_bytes = 1 << 20 };
    struct told told = ask(client, &request);
    assert_int_equal(told.result.status, E_LIMIT);
    assert_string_equal(told.reason, "too much is held in memory by replies already");
    static const char large[60000];
    request = (struct http_request){ .url = url, .body = large, .body_bytes = sizeof large };
    assert_int_equal(ask(client, &request).result.status, E_LIMIT);
    request = (struct http_request){ .url = url_of(room, "/ok", url) };
    assert_int_equal(ask(client, &request).result.status, OK);
    http_client_free(client);
}

static void waiting_counts_as_time(void **state)
{
    struct room *room = *state;
    struct http_client_options options = http_client_defaults();
    struct http_client *client;
    struct told first = { 0 }, second = { 0 };
    char url[256], other[256];
    options.running = 1;
    assert_int_equal(http_client_new(&options, &client), OK);
    struct http_request hang = { .url = url_of(room, "/hang", url), .timeout_ms = 400 };
    struct http_request ok = { .url = url_of(room, "/ok", other), .timeout_ms = 100 };
    assert_int_equal(http_client_start(client, &hang, on_done, &first, NULL), OK);
    assert_int_equal(http_client_start(client, &ok, on_done, &second, NULL), OK);
    while (second.times == 0)
        (void)http_client_poll(client, 1000);
    assert_int_equal(second.result.status, E_TIMEOUT);
    assert_int_equal(first.times, 0);
    poll_all(client);
    assert_int_equal(first.result.status, E_TIMEOUT);
    http_client_free(client);
}

struct chain { struct http_client *client; struct http_transfer *victim; struct told told, next; const char *url; };

/* done() that cancels another one and starts a new one. */
static void on_first(void *context, const struct http_result *result)
{
    struct chain *chain = context;
    on_done(&chain->told, result);
    http_client_cancel(chain->victim);
    struct http_request request = { .url = chain->url };
    assert_int_equal(http_client_start(chain->client, &request, on_done, &chain->next, NULL), OK);
}

static void cancelled_ones_are_never_told(void **state)
{
    struct room *room = *state;
    char url[256], hang[256];
    struct chain chain = { .client = room->client, .url = url_of(room, "/ok", url) };
    struct told never = { 0 };
    struct http_transfer *queued, *running;
    struct http_request slow = { .url = url_of(room, "/hang", hang) }, ok = { .url = url };
    assert_int_equal(http_client_start(room->client, &slow, on_done, &never, &queued), OK);
    http_client_cancel(queued);
    assert_int_equal(http_client_start(room->client, &slow, on_done, &never, &running), OK);
    for (int i = 0; i < 5; i++)
        (void)http_client_poll(room->client, 10);
    http_client_cancel(running);
    http_client_cancel(NULL);
    assert_int_equal(http_client_start(room->client, &slow, on_done, &never, &chain.victim), OK);
    assert_int_equal(http_client_start(room->client, &ok, on_first, &chain, NULL), OK);
    poll_all(room->client);
    assert_int_equal(never.times, 0);
    assert_int_equal(chain.told.times, 1);
    assert_int_equal(chain.next.result.code, 200);
}

static void what_is_left_is_told_at_the_end(void **state)
{
    struct room *room = *state;
    struct http_client *client;
    struct told told[2] = { 0 };
    char url[256];
    assert_int_equal(http_client_new(NULL, &client), OK);
    struct http_request request = { .url = url_of(room, "/hang", url) };
    assert_int_equal(http_client_start(client, &request, on_done, &told[0], NULL), OK);
    (void)http_client_poll(client, 20);
    assert_int_equal(http_client_start(client, &request, on_done, &told[1], NULL), OK);
    http_client_free(client);
    assert_int_equal(told[0].result.status, E_CLOSED);
    assert_int_equal(told[1].result.status, E_CLOSED);
}

static void *wake_later(void *context)
{
    usleep(30000);
    http_client_wake(context);
    return NULL;
}

static void another_thread_wakes(void **state)
{
    struct room *room = *state;
    pthread_t thread;
    uint64_t start = clock_ns();
    assert_int_equal(pthread_create(&thread, NULL, wake_later, room->client), 0);
    (void)http_client_poll(room->client, 60000);
    pthread_join(thread, NULL);
    assert_true(clock_ns() - start < UINT64_C(30000000000));
}

static void no_memory_at_any_place(void **state)
{
    struct room *room = *state;
    char url[256];
    const char *lines[] = { "A: b" };
    bool done = false;
    for (uint64_t n = 1; n < 40 && !done; n++) {
        struct http_client *client = NULL;
        struct http_client_options options = http_client_defaults();
        static const char *const suffixes[] = { "eth" };
        options.own_suffixes = suffixes;
        options.own_suffix_count = 1;
        fault_after(n);
        enum status st = http_client_new(&options, &client);
        struct told told = { 0 };
        struct http_request request = { .url = url_of(room, "/echo", url), .body = "x", .body_bytes = 1, .headers = lines, .header_count = 1 };
        if (st == OK)
            told = ask(client, &request);
        fault_after(0);
        assert_true(st == E_NOMEM || told.result.status == E_NOMEM || told.result.status == OK);
        done = st == OK && told.result.status == OK;
        http_client_free(client);
    }
    assert_true(done);
}

static void over_ipv6(void **state)
{
    struct room *room = *state;
    struct peer *other = peer_start(6);
    if (!other)
        return;     /* no IPv6 here */
    char url[256];
    snprintf(url, sizeof url, "http://[::1]:%u/ok", peer_port(other));
    struct http_request request = { .url = url };
    assert_int_equal(ask(room->client, &request).result.status, OK);
    request.public_only = true;
    assert_int_equal(ask(room->client, &request).result.status, E_REFUSED);
    request.loopback_allowed = true;
    assert_int_equal(ask(room->client, &request).result.status, OK);
    peer_stop(other);
}

int main(void)
{
    setenv("http_proxy", "http://127.0.0.1:1/", 1);     /* to be ignored */
    setenv("HTTPS_PROXY", "http://127.0.0.1:1/", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replies_of_all_kinds, open_room, close_room),
        cmocka_unit_test_setup_teardown(what_a_reply_says_about_itself, open_room, close_room),
        cmocka_unit_test_setup_teardown(header_lines_and_cookies, open_room, close_room),
        cmocka_unit_test_setup_teardown(connections_are_used_again, open_room, close_room),
        cmocka_unit_test_setup_teardown(strangers_go_to_public_addresses_only, open_room, close_room),
        cmocka_unit_test_setup_teardown(a_name_that_leads_inside_is_refused, open_room, close_room),
        cmocka_unit_test_setup_teardown(nobody_listens, open_room, close_room),
        cmocka_unit_test(own_suffixes_are_refused),
        cmocka_unit_test_setup_teardown(many_at_once_within_bounds, open_room, close_room),
        cmocka_unit_test_setup_teardown(urgent_ones_go_first, open_room, close_room),
        cmocka_unit_test_setup_teardown(strangers_leave_a_share, open_room, close_room),
        cmocka_unit_test_setup_teardown(memory_is_bounded, open_room, close_room),
        cmocka_unit_test_setup_teardown(waiting_counts_as_time, open_room, close_room),
        cmocka_unit_test_setup_teardown(cancelled_ones_are_never_told, open_room, close_room),
        cmocka_unit_test_setup_teardown(what_is_left_is_told_at_the_end, open_room, close_room),
        cmocka_unit_test_setup_teardown(another_thread_wakes, open_room, close_room),
        cmocka_unit_test_setup_teardown(no_memory_at_any_place, open_room, close_room),
        cmocka_unit_test_setup_teardown(over_ipv6, open_room, close_room),
    };
    return cmocka_run_group_tests_name("http client", tests, NULL, NULL);
}
