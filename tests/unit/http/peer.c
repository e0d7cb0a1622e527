/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

enum { CONNECTIONS_MAX = 64, REQUEST_MAX = 256 * 1024, BOMB_BYTES = 64 << 20 };

struct peer {
    int listener;
    uint16_t port;
    void (*talk)(struct peer *peer, int fd);
    pthread_t thread, threads[CONNECTIONS_MAX];
    pthread_mutex_t lock;
    unsigned thread_count, requests, now, most;
    atomic_bool stopping;
    char last[REQUEST_MAX];
};
struct connection { struct peer *peer; int fd; };

bool peer_stopping(struct peer *peer) { return atomic_load(&peer->stopping); }
uint16_t peer_port(const struct peer *peer) { return peer->port; }
const char *peer_last_request(struct peer *peer) { return peer->last; }

static unsigned locked(struct peer *peer, const unsigned *value)
{
    pthread_mutex_lock(&peer->lock);
    unsigned copy = *value;
    pthread_mutex_unlock(&peer->lock);
    return copy;
}
unsigned peer_connections(struct peer *peer) { return locked(peer, &peer->thread_count); }
unsigned peer_requests(struct peer *peer) { return locked(peer, &peer->requests); }
unsigned peer_most_at_once(struct peer *peer) { return locked(peer, &peer->most); }

bool peer_write(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t sent = send(fd, at, bytes, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

static bool say(int fd, const char *text) { return peer_write(fd, text, strlen(text)); }

/* Sleeps, unless stopped. @return false to stop */
static bool rest(struct peer *peer, unsigned ms)
{
    for (unsigned i = 0; i < ms && !peer_stopping(peer); i += 5)
        usleep(5000);
    return !peer_stopping(peer);
}

static bool wait_readable(struct peer *peer, int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    while (!peer_stopping(peer)) {
        if (poll(&one, 1, 20) > 0)
            return true;
    }
    return false;
}

/* Head and body by Content-Length. @return false when there is no more */
static bool read_request(struct peer *peer, int fd, char *request)
{
    size_t used = 0;
    request[0] = 0;
    for (;;) {
        const char *end = strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        if (end && used >= (size_t)(end + 4 - request) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0))
            return true;
        if (used + 1 >= REQUEST_MAX || !wait_readable(peer, fd))
            return false;
        ssize_t got = recv(fd, request + used, REQUEST_MAX - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        request[used] = 0;
    }
}

/* ---- the scripts ---- */

static bool reply(int fd, const char *head, const char *body)
{
    char text[4096];
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", head, strlen(body), body);
    return say(fd, text);
}

static bool drip(struct peer *peer, int fd)
{
    if (!say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"))
        return false;
    while (say(fd, "x") && rest(peer, 30))
        ;
    return false;
}

static bool endless(struct peer *peer, int fd)
{
    static const char zeros[4096];
    bool good = say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (good && !peer_stopping(peer))
        good = say(fd, "1000\r\n") && peer_write(fd, zeros, sizeof zeros) && say(fd, "\r\n");
    return false;
}

static bool endless_head(struct peer *peer, int fd)
{
    bool good = say(fd, "HTTP/1.1 200 OK\r\n");
    while (good && !peer_stopping(peer))
        good = say(fd, "X-Padding: 0123456789012345678901234567890123456789\r\n");
    return false;
}

/* 64 MiB of zeros in a few octets; or, small, a text in honest gzip. */
static bool gzipped(int fd, bool bomb)
{
    static const uint8_t zeros[1 << 16];
    size_t room = 1 << 20;
    uint8_t *out = malloc(room);
    z_stream stream = { .next_out = out, .avail_out = (unsigned)room };
    if (!out || deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    for (size_t done = 0; bomb && done < BOMB_BYTES; done += sizeof zeros) {
        stream.next_in = (uint8_t *)(uintptr_t)zeros;
        stream.avail_in = sizeof zeros;
        deflate(&stream, Z_NO_FLUSH);
    }
    stream.next_in = (uint8_t *)(uintptr_t)"squeezed";
    stream.avail_in = 8;
    deflate(&stream, Z_FINISH);
    char head[256];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", (size_t)stream.total_out);
    bool good = say(fd, head) && peer_write(fd, out, stream.total_out);
    deflateEnd(&stream);
    free(out);
    return good;
}

static bool redirect(int fd, const char *code, const char *where)
{
    char head[512];
    snprintf(head, sizeof head, "%s Moved\r\nLocation: %s", code, where);
    return reply(fd, head, "moved");
}

/* A gzip header whose file name never ends: octets that yield none. */
static bool endless_name(struct peer *peer, int fd)
{
    static const uint8_t start[] = { 0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3 };
    static char name[4096];
    memset(name, 'a', sizeof name);
    bool good = say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n") && peer_write(fd, start, sizeof start);
    while (good && !peer_stopping(peer))
        good = peer_write(fd, name, sizeof name);
    return false;
}

/* What a body says about itself. */
static bool odd_reply(struct peer *peer, int fd, const char *path, const char *request)
{
    if (strcmp(path, "/short") == 0)
        return say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this") && false;
    if (strcmp(path, "/garbage") == 0)
        return say(fd, "SSH-2.0-OpenSSH_9.2\r\n") && false;
    if (strcmp(path, "/bad-gzip") == 0)
        return reply(fd, "200 OK\r\nContent-Encoding: gzip", "this is not gzip");
    if (strcmp(path, "/twice") == 0)
        return reply(fd, "200 OK\r\nContent-Encoding: gzip, GZIP", "");
    if (strcmp(path, "/twice-apart") == 0)
        return reply(fd, "200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: gzip", "");
    if (strcmp(path, "/endless-name") == 0)
        return endless_name(peer, fd);
    if (strcmp(path, "/unknown-encoding") == 0)
        return reply(fd, "200 OK\r\nContent-Encoding: br", "this is not brotli");
    if (strcmp(path, "/echo") == 0)
        return reply(fd, "200 OK\r\nContent-Type: Application/JSON; charset=utf-8", strstr(request, "\r\n\r\n") + 4);
    if (strcmp(path, "/limited") == 0)
        return reply(fd, "429 Too Many Requests\r\nRetry-After: 7", "slow down");
    if (strcmp(path, "/cache") == 0)
        return reply(fd, "200 OK\r\nCache-Control: public, Max-Age=60", "kept");
    if (strcmp(path, "/no-store") == 0)
        return reply(fd, "200 OK\r\nCache-Control: max-age=60, no-store", "not kept");
    if (strcmp(path, "/cookie") == 0)
        return reply(fd, "200 OK\r\nSet-Cookie: a=b", "sweet");
    if (strcmp(path, "/late") == 0)
        return rest(peer, 60) && reply(fd, "200 OK", "late");
    return reply(fd, "404 Not Found", "what?");
}

static bool answer(struct peer *peer, int fd, const char *request)
{
    char path[256] = "", own[128];
    sscanf(request, "%*s %255s", path);
    snprintf(own, sizeof own, "http://127.0.0.1:%u/", peer->port);
    if (strcmp(path, "/ok") == 0)
        return reply(fd, "200 OK\r\nContent-Type: text/plain", "hello");
    if (strcmp(path, "/drip") == 0)
        return drip(peer, fd);
    if (strcmp(path, "/endless") == 0)
        return endless(peer, fd);
    if (strcmp(path, "/endless-head") == 0)
        return endless_head(peer, fd);
    if (strcmp(path, "/gzip") == 0 || strcmp(path, "/bomb") == 0)
        return gzipped(fd, path[1] == 'b');
    if (strcmp(path, "/to-ok") == 0)
        return redirect(fd, "302", "/ok");
    if (strcmp(path, "/to-to-ok") == 0)
        return redirect(fd, "307", "/to-ok");
    if (strcmp(path, "/to-self") == 0)
        return redirect(fd, "301", "/to-self");
    if (strcmp(path, "/to-echo") == 0)
        return redirect(fd, "307", "/echo");
    if (strcmp(path, "/to-own") == 0)
        return redirect(fd, "307", strcat(own, "echo"));
    if (strcmp(path, "/to-private") == 0)
        return redirect(fd, "302", "https://10.0.0.1/");
    if (strcmp(path, "/to-loopback") == 0)
        return redirect(fd, "302", own);
    if (strcmp(path, "/to-file") == 0)
        return redirect(fd, "302", "file:///etc/passwd");
    if (strcmp(path, "/close") == 0)
        return false;
    if (strcmp(path, "/hang") == 0)
        return rest(peer, 60000);
    return odd_reply(peer, fd, path, request);
}

static void talk_http(struct peer *peer, int fd)
{
    char *request = malloc(REQUEST_MAX);
    bool go_on = request != NULL;
    while (go_on && read_request(peer, fd, request)) {
        pthread_mutex_lock(&peer->lock);
        peer->requests++;
        peer->now++;
        peer->most = peer->now > peer->most ? peer->now : peer->most;
        memcpy(peer->last, request, strlen(request) + 1);
        pthread_mutex_unlock(&peer->lock);
        go_on = answer(peer, fd, request);
        pthread_mutex_lock(&peer->lock);
        peer->now--;
        pthread_mutex_unlock(&peer->lock);
    }
    free(request);
}

/* ---- threads ---- */

static void *run_connection(void *context)
{
    struct connection *connection = context;
    connection->peer->talk(connection->peer, connection->fd);
    close(connection->fd);
    free(connection);
    return NULL;
}

static void *run_listener(void *context)
{
    struct peer *peer = context;
    while (wait_readable(peer, peer->listener)) {
        struct connection *connection = malloc(sizeof *connection);
        int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
        if (!connection || fd < 0 || peer->thread_count == CONNECTIONS_MAX)
            abort();
        *connection = (struct connection){ peer, fd };
        pthread_mutex_lock(&peer->lock);
        if (pthread_create(&peer->threads[peer->thread_count], NULL, run_connection, connection) != 0)
            abort();
        peer->thread_count++;
        pthread_mutex_unlock(&peer->lock);
    }
    return NULL;
}

static struct peer *start(int fd, void (*talk)(struct peer *peer, int fd))
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer || fd < 0 || listen(fd, 64) != 0)
        abort();
    peer->listener = fd;
    peer->talk = talk;
    pthread_mutex_init(&peer->lock, NULL);
    return peer;
}

static void go(struct peer *peer)
{
    if (pthread_create(&peer->thread, NULL, run_listener, peer) != 0)
        abort();
}

struct peer *peer_start(int family)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    bool is_v4 = family == 4;
    socklen_t length = is_v4 ? sizeof v4 : sizeof v6;
    struct sockaddr *sa = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, sa, length) != 0)
        return NULL;
    struct peer *peer = start(fd, talk_http);
    getsockname(fd, sa, &length);
    peer->port = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
    go(peer);
    return peer;
}

struct peer *peer_start_unix(const char *path, void (*talk)(struct peer *peer, int fd))
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    struct peer *peer = start(fd, talk);
    go(peer);
    return peer;
}

void peer_stop(struct peer *peer)
{
    atomic_store(&peer->stopping, true);
    pthread_join(peer->thread, NULL);
    for (unsigned i = 0; i < peer->thread_count; i++)
        pthread_join(peer->threads[i], NULL);
    close(peer->listener);
    pthread_mutex_destroy(&peer->lock);
    free(peer);
}
