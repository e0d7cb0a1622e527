/* SPDX-License-Identifier: Apache-2.0 */
/* The tap's own thread: rings -> protobuf -> Frame Streams.  All waiting has a bound, so that a listener that stalls
 * delays nobody and cannot hold up the end. */
#include "base/log.h"
#include "tap/inside.h"
#include "dnstap.pb-c.h"
#include <errno.h>
#include <fcntl.h>
#include <fstrm.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    IO_WAIT_MS = 5000,          /* a listener that takes nothing for so long is left */
    STOP_WAIT_MS = 500,         /* the same at the end */
    RETRY_MS = 1000,
    IDLE_MS = 20,
};

struct writer {
    struct tap *tap;
    struct fstrm_writer *stream;
    int fd;
    uint8_t *frame;
    size_t frame_room;
};

/* ---- input and output with bounded waits, for fstrm ---- */

static bool wait_for(struct writer *w, short events)
{
    struct pollfd p = { w->fd, events, 0 };
    return poll(&p, 1, atomic_load(&w->tap->stop) ? STOP_WAIT_MS : IO_WAIT_MS) > 0;
}

static int open_socket(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof to.sun_path)
        return -1;
    memcpy(to.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What stands there already goes aside: a stream has a beginning and an end, so a second one cannot follow in the same
 * file; and across a reload the one before still writes its end.  A pipe without a reader is not waited for. */
static int open_file(const char *path)
{
    struct stat facts;
    char aside[PATH_MAX];
    if (stat(path, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0
        && (snprintf(aside, sizeof aside, "%s.old", path) >= (int)sizeof aside || rename(path, aside) != 0))
        return -1;
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

static fstrm_res io_open(void *context)
{
    struct writer *w = context;
    const struct tap *tap = w->tap;
    w->fd = tap->socket != NULL ? open_socket(tap->socket) : open_file(tap->file);
    return w->fd < 0 ? fstrm_res_failure : fstrm_res_success;
}

static fstrm_res io_close(void *context)
{
    struct writer *w = context;
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    return fstrm_res_success;
}

static fstrm_res io_read(void *context, void *data, size_t bytes)
{
    struct writer *w = context;
    uint8_t *at = data;
    while (bytes != 0) {
        if (!wait_for(w, POLLIN))
            return fstrm_res_failure;
        ssize_t got = read(w->fd, at, bytes);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return fstrm_res_failure;
        at += got;
        bytes -= (size_t)got;
    }
    return fstrm_res_success;
}

static fstrm_res write_all(struct writer *w, const uint8_t *at, size_t bytes)
{
    while (bytes != 0) {
        ssize_t put = w->tap->socket != NULL ? send(w->fd, at, bytes, MSG_NOSIGNAL) : write(w->fd, at, bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN && wait_for(w, POLLOUT))
            continue;
        if (put < 0)
            return fstrm_res_failure;
        at += put;
        bytes -= (size_t)put;
    }
    return fstrm_res_success;
}

static fstrm_res io_write(void *context, const struct iovec *parts, int count)
{
    for (int i = 0; i < count; i++)
        if (write_all(context, parts[i].iov_base, parts[i].iov_len) != fstrm_res_success)
            return fstrm_res_failure;
    return fstrm_res_success;
}

static bool stream_open(struct writer *w)
{
    static const char content_type[] = "protobuf:dnstap.Dnstap";
    struct fstrm_writer_options *options = fstrm_writer_options_init();
    fstrm_writer_options_add_content_type(options, content_type, sizeof content_type - 1);
    struct fstrm_rdwr *io = fstrm_rdwr_init(w);
    fstrm_rdwr_set_open(io, io_open);
    fstrm_rdwr_set_close(io, io_close);
    fstrm_rdwr_set_write(io, io_write);
    if (w->tap->socket != NULL)             /* a listener shakes hands, a file does not */
        fstrm_rdwr_set_read(io, io_read);
    w->stream = fstrm_writer_init(options, &io);
    fstrm_writer_options_destroy(&options);
    if (w->stream != NULL && fstrm_writer_open(w->stream) == fstrm_res_success)
        return true;
    if (w->stream != NULL)
        fstrm_writer_destroy(&w->stream);
    else
        fstrm_rdwr_destroy(&io);
    io_close(w);
    return false;
}

static void stream_close(struct writer *w)
{
    if (w->stream != NULL)
        fstrm_writer_destroy(&w->stream);   /* sends STOP and waits for FINISH, as long as io_read does */
    io_close(w);
}

/* ---- encoding ---- */

static ProtobufCBinaryData binary(const void *data, size_t bytes)
{
    return (ProtobufCBinaryData){ bytes, (uint8_t *)(uintptr_t)data };
}

static bool send_frame(struct writer *w, Tap__Exchange *message)
{
    Tap__Frame frame = TAP__FRAME__INIT;
    frame.type = 1;
    frame.message = message;
    if (w->tap->identity != NULL) {
        frame.has_identity = 1;
        frame.identity = binary(w->tap->identity, strlen(w->tap->identity));
    }
    if (w->tap->version != NULL) {
        frame.has_version = 1;
        frame.version = binary(w->tap->version, strlen(w->tap->version));
    }
    size_t bytes = tap__frame__get_packed_size(&frame);
    if (bytes > w->frame_room) {
        uint8_t *more = mem_resize(w->frame, bytes);
        if (more == NULL)
            return true;                    /* this one is lost, the stream is fine */
        w->frame = more;
        w->frame_room = bytes;
    }
    tap__frame__pack(&frame, w->frame);
    return fstrm_writer_write(w->stream, w->frame, bytes) == fstrm_res_success;
}

static void describe(Tap__Exchange *m, const struct tap_event *e)
{
    size_t octets = e->peer.address.family == 6 ? 16 : 4;
    m->has_socket_family = m->has_socket_protocol = 1;
    m->socket_family = e->peer.address.family == 6 ? 2 : 1;
    m->socket_protocol = e->transport == NET_TCP ? 2 : 1;
    m->has_query_address = m->has_response_address = m->has_query_port = m->has_response_port = 1;
    m->query_address = binary(e->peer.address.bytes, octets);
    m->response_address = binary(e->local.address.bytes, octets);
    m->query_port = e->peer.port;
    m->response_port = e->local.port;
    m->has_query_time_sec = m->has_query_time_nsec = 1;
    m->query_time_sec = e->received_ns / UINT64_C(1000000000);
    m->query_time_nsec = (uint32_t)(e->received_ns % UINT64_C(1000000000));
}

/* @return false when the stream broke. */
static bool send_event(struct writer *w, const struct tap_event *e)
{
    const uint8_t *tail = (const uint8_t *)(e + 1);
    Tap__Exchange query = TAP__EXCHANGE__INIT;
    query.type = 1;
    describe(&query, e);
    query.has_query_message = 1;
    query.query_message = binary(tail, e->query_bytes);
    if (!send_frame(w, &query))
        return false;
    if (e->answered_ns == 0)
        return true;
    Tap__Exchange response = TAP__EXCHANGE__INIT;
    response.type = 2;
    describe(&response, e);
    response.has_response_time_sec = response.has_response_time_nsec = 1;
    response.response_time_sec = e->answered_ns / UINT64_C(1000000000);
    response.response_time_nsec = (uint32_t)(e->answered_ns % UINT64_C(1000000000));
    response.has_response_message = 1;
    response.response_message = binary(tail + e->query_bytes, e->response_bytes);
    return send_frame(w, &response);
}

/* Takes what all rings hold. @return whether there was anything; *broken when the stream ended. */
static bool drain(struct writer *w, bool *broken)
{
    bool any = false;
    for (unsigned i = 0; i < w->tap->worker_count && !*broken; i++) {
        struct ring *ring = &w->tap->workers[i].ring;
        uint32_t bytes;
        const struct tap_event *e;
        for (unsigned n = 0; n < 1024 && !*broken && (e = ring_peek(ring, &bytes)) != NULL; n++) {
            *broken = !send_event(w, e);
            ring_release(ring, bytes);
            atomic_fetch_add_explicit(*broken ? &w->tap->lost : &w->tap->written, 1, memory_order_relaxed);
            any = true;
        }
    }
    return any;
}

static void rest(struct writer *w, int ms)
{
    struct pollfd p = { w->tap->wake, POLLIN, 0 };
    (void)poll(&p, 1, ms);
}

/* From one connection to its end. */
static void stream_serve(struct writer *w)
{
    bool broken = false;
    while (!broken && !atomic_load(&w->tap->stop))
        if (!drain(w, &broken))
            rest(w, IDLE_MS);
    for (int rounds = 0; rounds < 64 && !broken; rounds++)
        if (!drain(w, &broken))
            break;
}

void *tap_writer_run(void *context)
{
    struct tap *tap = context;
    struct writer w = { .tap = tap, .fd = -1 };
    bool complained = false;
    while (!atomic_load(&tap->stop)) {
        if (stream_open(&w)) {
            log_info(LOG_TAP, "dnstap connected", log_text("to", tap->socket != NULL ? tap->socket : tap->file));
            complained = false;
            stream_serve(&w);
            stream_close(&w);
            atomic_fetch_add_explicit(&tap->reconnects, !atomic_load(&tap->stop), memory_order_relaxed);
        } else if (!complained) {
            log_warning(LOG_TAP, "dnstap listener not reached", log_text("to", tap->socket != NULL ? tap->socket : tap->file),
                        log_text("hint", "events are dropped and counted until it is there"));
            complained = true;
        }
        if (!atomic_load(&tap->stop))
            rest(&w, RETRY_MS);
    }
    mem_free(w.frame);
    return NULL;
}
