/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, the accepting thread, and a bounded number of threads for connections. */
#include "control/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STOP_MS = 1000 };

/* ---- input and output with deadlines ---- */

bool wait_readable(int fd, unsigned timeout_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    int result;
    do
        result = poll(&poll_fd, 1, (int)timeout_ms);
    while (result < 0 && errno == EINTR);
    return result > 0;
}

bool write_all(int fd, const char *bytes, size_t size, unsigned timeout_ms)
{
    uint64_t deadline = clock_now().monotonic_ms + timeout_ms;
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
            continue;
        }
        uint64_t now = clock_now().monotonic_ms;
        struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (now >= deadline || poll(&poll_fd, 1, (int)(deadline - now)) == 0)
            return false;
    }
    return true;
}

/* ---- opening ---- */

static enum status refused(struct diagnostics *diag, const char *what, const char *where)
{
    diagnostics_add(diag, SEVERITY_ERROR, "control", NULL, "%s %s: %s", what, where, strerror(errno));
    return E_SYSTEM;
}

/* Makes the folder of the socket when only that is missing. */
static void make_folder(const char *path)
{
    char folder[sizeof ((struct sockaddr_un *)0)->sun_path];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return;
    *slash = 0;
    (void)mkdir(folder, 0755);      /* bind tells what is wrong */
}

/* Only a socket that nobody has open refuses; one with a long queue, or of somebody else, answers otherwise. */
static bool somebody_listens(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool left = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && (errno == ECONNREFUSED || errno == ENOENT);
    if (fd >= 0)
        close(fd);
    return !left;
}

static enum status open_unix(struct control *control, struct diagnostics *diag)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat facts;
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", control->options.path) >= (int)sizeof address.sun_path) {
        diagnostics_add(diag, SEVERITY_ERROR, "control", NULL, "the path of the control socket is too long (107 octets at most): %s", control->options.path);
        return E_LIMIT;
    }
    memcpy(control->path, address.sun_path, sizeof control->path);
    make_folder(control->path);
    if (lstat(control->path, &facts) == 0) {
        if (!S_ISSOCK(facts.st_mode)) {
            diagnostics_add(diag, SEVERITY_ERROR, "control", NULL, "%s is there already and is no socket", control->path);
            return E_EXISTS;
        }
        if (somebody_listens(&address)) {
            diagnostics_add(diag, SEVERITY_ERROR, "control", NULL, "another daemon listens on %s", control->path);
            return E_EXISTS;
        }
        (void)unlink(control->path);
    }
    control->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->socket < 0)
        return refused(diag, "cannot make the control socket", control->path);
    mode_t before = umask(0117);
    int result = bind(control->socket, (const struct sockaddr *)&address, sizeof address);
    int error = errno;
    umask(before);
    errno = error;
    if (result != 0 || listen(control->socket, 128) != 0)
        return refused(diag, "cannot listen on the control socket", control->path);
    return OK;
}

static enum status open_http(struct control *control, struct diagnostics *diag)
{
    struct sockaddr_storage address;
    char text[ENDPOINT_TEXT_ROOM];
    int on = 1;
    socklen_t length = endpoint_to_sockaddr(control->options.metrics, &address);
    control->http = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->http < 0)
        return refused(diag, "cannot make a socket for metrics on", endpoint_print(control->options.metrics, text));
    (void)setsockopt(control->http, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6)
        (void)setsockopt(control->http, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(control->http, (struct sockaddr *)&address, length) != 0 || listen(control->http, 64) != 0)
        return refused(diag, "cannot serve metrics on", endpoint_print(control->options.metrics, text));
    length = sizeof address;
    control->metrics = *control->options.metrics;
    if (getsockname(control->http, (struct sockaddr *)&address, &length) == 0 &&
        endpoint_from_sockaddr((struct sockaddr *)&address, &control->metrics) != OK)
        control->metrics = *control->options.metrics;
    return OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void destroy(struct control *control)
{
    if (control->socket >= 0)
        (void)unlink(control->path);
    close_fd(&control->socket);
    close_fd(&control->http);
    close_fd(&control->wake[0]);
    close_fd(&control->wake[1]);
    pthread_cond_destroy(&control->gone);
    pthread_mutex_destroy(&control->lock);
    mem_free(control);
}

enum status control_open(const struct control_options *options, struct control **out, struct diagnostics *diag)
{
    struct control *control = mem_alloc(sizeof *control);
    if (!control)
        return E_NOMEM;
    *control = (struct control){ .options = *options, .socket = -1, .http = -1, .wake = { -1, -1 } };
    memset(control->clients, 0xff, sizeof control->clients);
    memset(control->browsers, 0xff, sizeof control->browsers);
    pthread_mutex_init(&control->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&control->gone, &attributes);
    pthread_condattr_destroy(&attributes);
    enum status st = pipe2(control->wake, O_CLOEXEC | O_NONBLOCK) == 0 ? OK : E_SYSTEM;
    if (st == OK)
        st = open_unix(control, diag);
    if (st == OK && options->metrics)
        st = open_http(control, diag);
    if (st != OK) {
        /* A socket file of somebody else stays. */
        destroy(control);
        return st;
    }
    *out = control;
    return OK;
}

void control_give(struct control *control, unsigned user, unsigned group)
{
    /* Not through a link: the folder may belong to who must not get more than this socket. */
    if (lchown(control->path, user, group) != 0)
        log_warning(LOG_CONTROL, "cannot give the control socket away", log_text("path", control->path), log_text("error", strerror(errno)));
}

struct endpoint control_metrics_endpoint(const struct control *control) { return control->metrics; }

/* ---- who may ---- */

/* Root, our own user, or a member of our own group. */
static bool peer_may(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return false;
    if (peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid())
        return true;
    gid_t groups[256];
    length = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0)
        return false;
    for (size_t i = 0; i < length / sizeof groups[0]; i++) {
        if (groups[i] == getegid())
            return true;
    }
    return false;
}

/* ---- connections ---- */

struct connection { struct control *control; int fd; int *slot; bool http; };

static void *connection_main(void *argument)
{
    struct connection connection = *(struct connection *)argument;
    struct control *control = connection.control;
    mem_free(argument);
    if (connection.http)
        http_serve(control, connection.fd);
    else
        client_serve(control, connection.fd);
    pthread_mutex_lock(&control->lock);
    *connection.slot = -1;
    close(connection.fd);
    control->running--;
    pthread_cond_signal(&control->gone);
    pthread_mutex_unlock(&control->lock);
    return NULL;
}

static bool spawn(struct control *control, int fd, bool http, int *slot)
{
    struct connection *connection = mem_alloc(sizeof *connection);
    pthread_attr_t attributes;
    pthread_t thread;
    if (!connection)
        return false;
    *connection = (struct connection){ control, fd, slot, http };
    *slot = fd;
    control->running++;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    int result = pthread_create(&thread, &attributes, connection_main, connection);
    pthread_attr_destroy(&attributes);
    if (result == 0)
        return true;
    *slot = -1;
    control->running--;
    mem_free(connection);
    return false;
}

/* Waits until a connection has ended, or the time is up.  Under the lock. */
static bool wait_gone(struct control *control, long ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return pthread_cond_timedwait(&control->gone, &control->lock, &until) == 0;
}

/* Anybody may connect and say nothing.  When all places are taken, who came first has had its time: so that idle
 * connections, however many, do not keep a health check out.  Under the lock. */
static void make_room(struct control *control)
{
    size_t oldest = 0;
    for (size_t i = 0; i < CONTROL_HTTP_CLIENTS; i++) {
        if (control->browsers[i] == -1)
            return;
        if (control->browser_turn[i] < control->browser_turn[oldest])
            oldest = i;
    }
    (void)shutdown(control->browsers[oldest], SHUT_RDWR);
    for (int waits = 0; waits < 10 && control->browsers[oldest] != -1 && wait_gone(control, 100); waits++)
        continue;
}

static void take_connection(struct control *control, int listener, bool http)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            usleep(100000);     /* no descriptors, no memory: poll would spin; other connections will end */
        return;
    }
    bool taken = false;
    int *slots = http ? control->browsers : control->clients;
    size_t room = http ? CONTROL_HTTP_CLIENTS : CONTROL_CLIENTS;
    if (!http && !peer_may(fd)) {
        static const char no[] = "{\"ok\":false,\"code\":\"refused\",\"error\":\"only root and the daemon's own user and group may use this socket\"}\n";
        (void)write_all(fd, no, sizeof no - 1, 100);
        close(fd);
        return;
    }
    pthread_mutex_lock(&control->lock);
    if (http)
        make_room(control);
    for (size_t i = 0; i < room; i++) {
        if (slots[i] == -1) {
            taken = spawn(control, fd, http, &slots[i]);
            if (http)
                control->browser_turn[i] = ++control->turn;
            break;
        }
    }
    pthread_mutex_unlock(&control->lock);
    if (!taken) {
        static const char busy[] = "{\"ok\":false,\"code\":\"failed\",\"error\":\"too many clients on the control socket\"}\n";
        static const char unavailable[] = "HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
        (void)write_all(fd, http ? unavailable : busy, http ? sizeof unavailable - 1 : sizeof busy - 1, 100);
        close(fd);
    }
}

static void *accept_main(void *argument)
{
    struct control *control = argument;
    for (;;) {
        struct pollfd fds[3] = { { control->wake[0], POLLIN, 0 }, { control->socket, POLLIN, 0 }, { control->http, POLLIN, 0 } };
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            usleep(100000);
        if (fds[0].revents)
            return NULL;
        if (fds[1].revents & POLLIN)
            take_connection(control, control->socket, false);
        if (fds[2].revents & POLLIN)
            take_connection(control, control->http, true);
    }
}

enum status control_start(struct control *control)
{
    if (pthread_create(&control->thread, NULL, accept_main, control) != 0)
        return E_SYSTEM;
    control->started = true;
    return OK;
}

static void shut_down(const int *fds, size_t count, int how)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0)
            (void)shutdown(fds[i], how);
    }
}

void control_stop(struct control *control)
{
    if (!control)
        return;
    if (control->started) {
        (void)!write(control->wake[1], "", 1);
        pthread_join(control->thread, NULL);
    }
    pthread_mutex_lock(&control->lock);
    control->stopping = true;
    shut_down(control->clients, CONTROL_CLIENTS, SHUT_RD);
    shut_down(control->browsers, CONTROL_HTTP_CLIENTS, SHUT_RDWR);
    while (control->running > 0) {
        /* Who does not read its reply cannot hold up the end. */
        if (!wait_gone(control, STOP_MS))
            shut_down(control->clients, CONTROL_CLIENTS, SHUT_RDWR);
    }
    pthread_mutex_unlock(&control->lock);
    destroy(control);
}
