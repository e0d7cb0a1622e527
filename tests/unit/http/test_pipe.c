/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes behind Unix sockets: bare JSON on a stream, in pieces, in any order, and broken. */
#include "ask.h"
#include "peer.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct room { struct peer *peer; struct http_client *client; char folder[32], path[64], url[72]; };

/* Reads until `count` lines came. @return false when the other side or the test is over */
static bool read_lines(struct peer *peer, int fd, unsigned count)
{
    char c;
    struct pollfd one = { .fd = fd, .events = POLLIN };
    while (count > 0 && !peer_stopping(peer)) {
        if (poll(&one, 1, 20) <= 0)
            continue;
        if (recv(fd, &c, 1, 0) <= 0)
            return false;
        count -= c == '\n';
    }
    return count == 0;
}

static bool say(int fd, const char *text) { return peer_write(fd, text, strlen(text)); }

/* Stays until the other side goes. */
static void stay(struct peer *peer, int fd) { (void)read_lines(peer, fd, 1000); }

static void open_with(struct room *room, void (*talk)(struct peer *peer, int fd))
{
    *room = (struct room){ .folder = "/tmp/rhiz-pipe-XXXXXX" };
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->path, sizeof room->path, "%s/node.ipc", room->folder);
    snprintf(room->url, sizeof room->url, "unix:%s", room->path);
    room->peer = talk ? peer_start_unix(room->path, talk) : NULL;
    assert_int_equal(http_client_new(NULL, &room->client), OK);
}

static void close_room(struct room *room)
{
    http_client_free(room->client);
    if (room->peer)
        peer_stop(room->peer);
    unlink(room->path);
    rmdir(room->folder);
}

static struct http_request request_of(const struct room *room, const char *body, uint64_t id)
{
    return (struct http_request){ .url = room->url, .body = body, .body_bytes = strlen(body), .id = id, .id_count = id ? 1 : 0, .timeout_ms = 5000 };
}

static void talk_plainly(struct peer *peer, int fd)
{
    while (read_lines(peer, fd, 1) && say(fd, "{\"id\":1,\"result\":\"0x1\"}\n"))
        ;
}

static void one_after_the_other_on_one_connection(void **state)
{
    struct room room;
    (void)state;
    open_with(&room, talk_plainly);
    struct http_request request = request_of(&room, "{\"id\":1}", 1);
    for (int i = 0; i < 10; i++) {
        struct told told = ask(room.client, &request);
        assert_int_equal(told.result.status, OK);
        assert_int_equal(told.result.code, 200);
        assert_string_equal(told.body, "{\"id\":1,\"result\":\"0x1\"}");
        assert_string_equal(told.content_type, "application/json");
    }
    assert_int_equal(peer_connections(room.peer), 1);
    close_room(&room);
}

/* Three requests; the replies come in another order, one cut in many pieces, two in one, and one that nobody asked for. */
static void talk_in_pieces(struct peer *peer, int fd)
{
    static const char first[] = "  {\"id\":3,\"result\":{\"a\":\"}\\\"{\"}}";
    if (!read_lines(peer, fd, 3))
        return;
    for (size_t i = 0; i < sizeof first - 1; i++) {
        (void)peer_write(fd, &first[i], 1);
        usleep(1000);
    }
    (void)say(fd, "{\"id\":77,\"result\":\"?\"}[{\"id\":12,\"result\":2},{\"id\":11,\"result\":1}]{\"id\":5}\n");
    stay(peer, fd);
}

static void replies_find_their_requests(void **state)
{
    struct room room;
    struct told told[3] = { 0 };
    (void)state;
    open_with(&room, talk_in_pieces);
    struct http_request single = request_of(&room, "{\"id\":5}", 5), batch = request_of(&room, "[{},{}]", 11), other = request_of(&room, "{\"id\":3}", 3);
    batch.id_count = 2;
    assert_int_equal(http_client_start(room.client, &single, on_done, &told[0], NULL), OK);
    assert_int_equal(http_client_start(room.client, &batch, on_done, &told[1], NULL), OK);
    assert_int_equal(http_client_start(room.client, &other, on_done, &told[2], NULL), OK);
    poll_all(room.client);
    assert_string_equal(told[0].body, "{\"id\":5}");
    assert_string_equal(told[1].body, "[{\"id\":12,\"result\":2},{\"id\":11,\"result\":1}]");
    assert_string_equal(told[2].body, "{\"id\":3,\"result\":{\"a\":\"}\\\"{\"}}");
    close_room(&room);
}

static void talk_late(struct peer *peer, int fd)
{
    if (!read_lines(peer, fd, 2))
        return;
    (void)say(fd, "{\"result\":\"for the first\"}{\"result\":\"for the second\"}");
    stay(peer, fd);
}

/* Without ids the order counts, also when nobody waits for the first reply any more. */
static void a_cancelled_one_keeps_its_place(void **state)
{
    struct room room;
    struct told never = { 0 }, told = { 0 };
    struct http_transfer *transfer;
    (void)state;
    open_with(&room, talk_late);
    struct http_request request = request_of(&room, "{}", 0);
    assert_int_equal(http_client_start(room.client, &request, on_done, &never, &transfer), OK);
    (void)http_client_poll(room.client, 10);
    http_client_cancel(transfer);
    assert_int_equal(http_client_start(room.client, &request, on_done, &told, NULL), OK);
    poll_all(room.client);
    assert_int_equal(never.times, 0);
    assert_string_equal(told.body, "{\"result\":\"for the second\"}");
    close_room(&room);
}

static void talk_nonsense(struct peer *peer, int fd)
{
    if (read_lines(peer, fd, 1))
        (void)say(fd, "{\"id\":1,\"result\":nonsense}");
    stay(peer, fd);
}
static void talk_http(struct peer *peer, int fd)
{
    if (read_lines(peer, fd, 1))
        (void)say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
}
static void talk_half(struct peer *peer, int fd)
{
    if (read_lines(peer, fd, 1))
        (void)say(fd, "{\"id\":1,");
}
static void talk_nothing(struct peer *peer, int fd) { (void)read_lines(peer, fd, 1); }
static void talk_never(struct peer *peer, int fd) { stay(peer, fd); }
static void talk_deep(struct peer *peer, int fd)
{
    if (read_lines(peer, fd, 1))
        (void)say(fd, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
    stay(peer, fd);
}
static void talk_endlessly(struct peer *peer, int fd)
{
    static char much[65536];
    memset(much, 'a', sizeof much);
    bool good = read_lines(peer, fd, 1) && say(fd, "{\"id\":1,\"result\":\"");
    while (good && !peer_stopping(peer))
        good = peer_write(fd, much, sizeof much);
}
static void talk_long(struct peer *peer, int fd)
{
    if (read_lines(peer, fd, 1))
        (void)say(fd, "{\"id\":1,\"result\":\"0123456789012345678901234567890123456789\"}");
    stay(peer, fd);
}

static void replies_that_are_none(void **state)
{
    static const struct { const char *label; void (*talk)(struct peer *, int); size_t max; enum status want; const char *reason; } cases[] = {
        { "not JSON inside", talk_nonsense, 0, E_BAD_FORMAT, "the reply is not JSON" },
        { "not JSON at all", talk_http, 0, E_BAD_FORMAT, "the reply is not JSON" },
        { "too deep", talk_deep, 0, E_BAD_FORMAT, "the reply is not JSON" },
        { "cut short", talk_half, 0, E_TRUNCATED, "the reply ends early" },
        { "closed", talk_nothing, 0, E_CLOSED, "the connection was closed without a reply" },
        { "silent", talk_never, 0, E_TIMEOUT, "no answer in time" },
        { "endless", talk_endlessly, 200000, E_LIMIT, "the reply is too long" },
        { "over the limit", talk_long, 30, E_LIMIT, "the reply is too long" },
        { "no socket", NULL, 0, E_NOT_FOUND, "there is no such socket" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct room room;
        open_with(&room, cases[i].talk);
        struct http_request request = request_of(&room, "{\"id\":1}", 1);
        request.max_reply_bytes = cases[i].max;
        request.timeout_ms = cases[i].want == E_TIMEOUT ? 100 : 5000;
        struct told told = ask(room.client, &request);
        CHECK_EQUAL(told.result.status, cases[i].want, cases[i].label);
        CHECK_STRING(told.reason, cases[i].reason, cases[i].label);
        close_room(&room);
    }
}

static void a_node_started_anew_is_found_again(void **state)
{
    struct room room;
    (void)state;
    open_with(&room, talk_plainly);
    struct http_request request = request_of(&room, "{\"id\":1}", 1);
    assert_int_equal(ask(room.client, &request).result.status, OK);
    peer_stop(room.peer);
    struct told told = ask(room.client, &request);
    assert_int_equal(told.result.status, E_CLOSED);
    assert_string_equal(told.reason, "the connection was refused or could not be made");
    room.peer = peer_start_unix(room.path, talk_plainly);
    assert_int_equal(ask(room.client, &request).result.status, OK);
    peer_stop(room.peer);
    room.peer = peer_start_unix(room.path, talk_plainly);   /* without a request that fails in between */
    assert_int_equal(ask(room.client, &request).result.status, OK);
    close_room(&room);
}

static void talk_slow_reader(struct peer *peer, int fd)
{
    usleep(50000);
    while (read_lines(peer, fd, 1) && say(fd, "{\"id\":9}"))
        ;
}

/* More than the socket takes at once; what is half sent is sent to its end even when it is cancelled. */
static void large_requests(void **state)
{
    static char large[300001];
    struct room room;
    struct told told = { 0 }, never = { 0 };
    struct http_transfer *transfer;
    (void)state;
    memset(large, ' ', sizeof large - 1);
    open_with(&room, talk_slow_reader);
    struct http_request request = request_of(&room, large, 9);
    assert_int_equal(http_client_start(room.client, &request, on_done, &never, &transfer), OK);
    (void)http_client_poll(room.client, 0);
    http_client_cancel(transfer);
    assert_int_equal(http_client_start(room.client, &request, on_done, &told, NULL), OK);
    poll_all(room.client);
    assert_int_equal(told.result.status, OK);
    assert_int_equal(never.times, 0);
    close_room(&room);
}

static void what_needs_a_body(void **state)
{
    struct room room;
    (void)state;
    open_with(&room, NULL);
    struct http_request request = { .url = room.url };
    struct told told = ask(room.client, &request);
    assert_int_equal(told.result.status, E_REFUSED);
    request = request_of(&room, "{}", 0);
    request.public_only = true;
    assert_int_equal(ask(room.client, &request).result.status, E_REFUSED);
    close_room(&room);
}

static void no_memory_at_any_place(void **state)
{
    struct room room;
    bool done = false;
    (void)state;
    for (uint64_t n = 1; n < 40 && !done; n++) {
        open_with(&room, talk_plainly);
        struct http_request request = request_of(&room, "{\"id\":1}", 1);
        fault_after(n);
        struct told told = ask(room.client, &request);
        fault_after(0);
        assert_true(told.result.status == E_NOMEM || told.result.status == OK);
        done = told.result.status == OK;
        close_room(&room);
    }
    assert_true(done);
}

static void more_paths_than_are_kept(void **state)
{
    struct room room;
    (void)state;
    open_with(&room, NULL);
    for (int i = 0; i < 40; i++) {
        char url[128];
        snprintf(url, sizeof url, "unix:%s/%d", room.folder, i);
        struct http_request request = { .url = url, .body = "{}", .body_bytes = 2 };
        assert_int_equal(ask(room.client, &request).result.status, E_NOT_FOUND);
    }
    close_room(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other_on_one_connection), cmocka_unit_test(replies_find_their_requests),
        cmocka_unit_test(a_cancelled_one_keeps_its_place), cmocka_unit_test(replies_that_are_none),
        cmocka_unit_test(a_node_started_anew_is_found_again), cmocka_unit_test(large_requests),
        cmocka_unit_test(what_needs_a_body), cmocka_unit_test(no_memory_at_any_place),
        cmocka_unit_test(more_paths_than_are_kept),
    };
    return cmocka_run_group_tests_name("http pipe", tests, NULL, NULL);
}
