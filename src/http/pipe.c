/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC over Unix sockets: bare JSON on a stream, without framing.  One connection per path is kept open; requests are
 * written one behind the other; a reply ends where its outermost bracket closes, and is told to whom it belongs by its id,
 * or by the order when it has none.  A request that was cancelled after it went out keeps its place until its reply
 * has come and gone. */
#include "http/inside.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, READS_PER_TURN = 32, ENTRIES_MAX = 256, IDLE_ROOM_MAX = 256 * 1024 };

struct pipe_entry {
    struct pipe_entry *next;
    struct http_transfer *transfer;     /* NULL: nobody waits for it any more */
    char *body;                         /* NULL once written */
    size_t body_bytes, written;
    size_t max_reply_bytes;
    uint64_t id;
    uint32_t id_count;
};

struct http_pipe {
    struct http_pipe *next;
    struct http_client *client;
    char *path;
    int fd;                             /* -1 = not connected */
    struct pipe_entry *entries;         /* in the order of writing */
    size_t entry_count;
    char *in;
    size_t in_bytes, in_room;
    struct json_frame frame;
};

/* ---- entries ---- */

static void entry_free(struct http_pipe *pipe, struct pipe_entry *entry)
{
    client_release(pipe->client, false, entry->body ? entry->body_bytes : 0);
    mem_free(entry->body);
    mem_free(entry);
}

static void entry_remove(struct http_pipe *pipe, struct pipe_entry *entry)
{
    struct pipe_entry **link = &pipe->entries;
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    pipe->entry_count--;
    entry_free(pipe, entry);
}

static struct pipe_entry *first_unwritten(const struct http_pipe *pipe)
{
    struct pipe_entry *entry = pipe->entries;
    while (entry && !entry->body)
        entry = entry->next;
    return entry;
}

/* Takes the body out of the transfer: it must be sent to its end even if the transfer is cancelled meanwhile. */
static struct pipe_entry *entry_add(struct http_pipe *pipe, struct http_transfer *transfer)
{
    struct pipe_entry *entry = mem_alloc(sizeof *entry), **link = &pipe->entries;
    if (!entry)
        return NULL;
    entry->transfer = transfer;
    entry->body = transfer->body;
    entry->body_bytes = transfer->body_bytes;
    entry->body[entry->body_bytes] = '\n';
    entry->max_reply_bytes = transfer->max_reply_bytes;
    entry->id = transfer->id;
    entry->id_count = transfer->id_count;
    transfer->body = NULL;
    transfer->body_bytes = 0;
    transfer->pipe = pipe;
    while (*link)
        link = &(*link)->next;
    *link = entry;
    pipe->entry_count++;
    return entry;
}

/* ---- the connection ---- */

static void drop_input(struct http_pipe *pipe)
{
    client_release(pipe->client, false, pipe->in_room);
    mem_free(pipe->in);
    pipe->in = NULL;
    pipe->in_bytes = pipe->in_room = 0;
    pipe->frame = (struct json_frame){ 0 };
}

/* Closes, and ends all that wait for something from it: the oldest with this status, it is what it is about. */
static void hang_up(struct http_pipe *pipe, enum status status, const char *reason)
{
    if (pipe->fd >= 0)
        close(pipe->fd);
    pipe->fd = -1;
    drop_input(pipe);
    while (pipe->entries) {
        struct http_transfer *transfer = pipe->entries->transfer;
        entry_remove(pipe, pipe->entries);
        if (!transfer)
            continue;
        transfer->pipe = NULL;
        transfer_end(transfer, status, reason);
        status = E_CLOSED;
        reason = "the connection was lost while receiving";
    }
}

static enum status connect_pipe(struct http_pipe *pipe, const char **reason)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = strlen(pipe->path);
    require(length < sizeof address.sun_path);
    memcpy(address.sun_path, pipe->path, length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *reason = "no more sockets can be opened";
        return E_SYSTEM;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(fd);
        *reason = error == ENOENT ? "there is no such socket" : error == EACCES ? "the socket may not be opened" : "the connection was refused or could not be made";
        return error == ENOENT ? E_NOT_FOUND : E_CLOSED;
    }
    pipe->fd = fd;
    pipe->client->counters.connections++;
    return OK;
}

/* A node that was started anew has closed what we have: find out before something is sent in vain. */
static void drop_if_dead(struct http_pipe *pipe)
{
    char octet;
    if (pipe->fd < 0 || pipe->entries)
        return;
    ssize_t got = recv(pipe->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        hang_up(pipe, E_CLOSED, "");
}

static void write_on(struct http_pipe *pipe)
{
    struct pipe_entry *entry;
    while (pipe->fd >= 0 && (entry = first_unwritten(pipe)) != NULL) {
        size_t all = entry->body_bytes + 1;     /* with the line end */
        ssize_t sent = send(pipe->fd, entry->body + entry->written, all - entry->written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (sent < 0) {
            hang_up(pipe, E_CLOSED, "the connection was lost while sending");
            return;
        }
        entry->written += (size_t)sent;
        if (entry->written < all)
            continue;
        client_release(pipe->client, false, entry->body_bytes);
        mem_free(entry->body);
        entry->body = NULL;
    }
}

/* ---- replies ---- */

/* The id of an answer, or of the first in a batch that has one. */
static bool reply_id(struct json_view reply, uint64_t *id)
{
    if (json_kind(reply) == JSON_OBJECT)
        return json_u64(json_member(reply, "id"), id) == OK;
    for (struct json_walk walk = json_walk(reply); json_step(&walk);) {
        if (json_u64(json_member(walk.value, "id"), id) == OK)
            return true;
    }
    return false;
}

/* Whose it is; NULL when nobody's. */
static struct pipe_entry *entry_for(struct http_pipe *pipe, struct json_view reply)
{
    uint64_t id;
    bool has_id = reply_id(reply, &id);
    for (struct pipe_entry *entry = pipe->entries; entry && !entry->body; entry = entry->next) {
        if (!has_id || entry->id_count == 0 || id - entry->id < entry->id_count)
            return entry;
    }
    return NULL;
}

static void deliver(struct http_transfer *transfer, struct slice reply)
{
    transfer->pipe = NULL;
    enum status st = transfer_reserve(transfer, reply.length);
    if (st != OK) {
        transfer_end(transfer, st, st == E_NOMEM ? reason_no_memory : transfer->failure ? transfer->failure : reason_too_long);
        return;
    }
    memcpy(transfer->reply, reply.data, reply.length);
    transfer->reply_bytes = reply.length;
    transfer->result.code = 200;
    (void)snprintf(transfer->content_type, sizeof transfer->content_type, "application/json");
    transfer_end(transfer, OK, "");
}

/* @return false when it was no JSON and the connection is closed */
static bool take_reply(struct http_pipe *pipe, const char *data, size_t bytes)
{
    struct json_view reply;
    if (json_read(data, bytes, SIZE_MAX, &reply) != OK) {
        hang_up(pipe, E_BAD_FORMAT, "the reply is not JSON");
        return false;
    }
    struct pipe_entry *entry = entry_for(pipe, reply);
    struct http_transfer *transfer = entry ? entry->transfer : NULL;
    if (entry)
        entry_remove(pipe, entry);
    if (transfer)
        deliver(transfer, json_raw(reply));
    return true;
}

/* Takes whole replies from the front of what is there. */
static void take_replies(struct http_pipe *pipe)
{
    size_t start = 0, length;
    enum status st = OK;
    while (st == OK && start < pipe->in_bytes) {
        st = json_frame_feed(&pipe->frame, pipe->in + start, pipe->in_bytes - start, &length);
        if (st != OK)
            break;
        if (!take_reply(pipe, pipe->in + start, length))
            return;
        start += length;
        pipe->frame = (struct json_frame){ 0 };
    }
    if (st != OK && st != E_AGAIN) {
        hang_up(pipe, E_BAD_FORMAT, "the reply is not JSON");
        return;
    }
    if (start > 0) {
        memmove(pipe->in, pipe->in + start, pipe->in_bytes - start);
        pipe->in_bytes -= start;
    }
    if (pipe->in_bytes == 0 && pipe->in_room > IDLE_ROOM_MAX)
        drop_input(pipe);
}

/* The longest reply that somebody would take. */
static size_t input_limit(const struct http_pipe *pipe)
{
    size_t limit = READ_BYTES;
    for (const struct pipe_entry *entry = pipe->entries; entry; entry = entry->next)
        limit = entry->max_reply_bytes > limit ? entry->max_reply_bytes : limit;
    return limit;
}

static enum status input_reserve(struct http_pipe *pipe)
{
    struct http_client *client = pipe->client;
    if (pipe->in_bytes > input_limit(pipe))
        return E_LIMIT;
    if (pipe->in_room - pipe->in_bytes >= READ_BYTES)
        return OK;
    size_t room = pipe->in_room ? pipe->in_room * 2 : (size_t)2 * READ_BYTES;
    if (!client_hold(client, false, room - pipe->in_room))
        return E_LIMIT;
    char *grown = mem_resize(pipe->in, room);
    if (!grown) {
        client_release(client, false, room - pipe->in_room);
        return E_NOMEM;
    }
    pipe->in = grown;
    pipe->in_room = room;
    return OK;
}

/* @return false when there is nothing more to read now */
static bool read_some(struct http_pipe *pipe)
{
    enum status st = input_reserve(pipe);
    if (st != OK) {
        hang_up(pipe, st, st == E_LIMIT ? reason_too_long : reason_no_memory);
        return false;
    }
    ssize_t got = recv(pipe->fd, pipe->in + pipe->in_bytes, pipe->in_room - pipe->in_bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        bool begun = pipe->in_bytes > 0;
        hang_up(pipe, begun ? E_TRUNCATED : E_CLOSED, begun ? "the reply ends early" : "the connection was closed without a reply");
        return false;
    }
    pipe->in_bytes += (size_t)got;
    take_replies(pipe);
    return pipe->fd >= 0;
}

void pipe_ready(struct http_pipe *pipe, short events)
{
    if (events & POLLOUT)
        write_on(pipe);
    if (!(events & (POLLIN | POLLHUP | POLLERR)))
        return;
    for (int turn = 0; pipe->fd >= 0 && turn < READS_PER_TURN && read_some(pipe);)
        turn++;
}

size_t pipe_poll(struct http_client *client, struct pollfd *out, struct http_pipe **which)
{
    size_t count = 0;
    for (struct http_pipe *pipe = client->pipes; pipe && count < PIPES_MAX; pipe = pipe->next) {
        if (pipe->fd < 0)
            continue;
        out[count] = (struct pollfd){ .fd = pipe->fd, .events = (short)(POLLIN | (first_unwritten(pipe) ? POLLOUT : 0)) };
        which[count++] = pipe;
    }
    return count;
}

/* ---- pipes ---- */

static void pipe_free(struct http_pipe *pipe)
{
    hang_up(pipe, E_CLOSED, "");
    mem_free(pipe->path);
    mem_free(pipe);
}

/* Makes room for another path by forgetting one that nobody uses. */
static bool make_room(struct http_client *client)
{
    if (client->pipe_count < PIPES_MAX)
        return true;
    for (struct http_pipe **link = &client->pipes; *link; link = &(*link)->next) {
        struct http_pipe *pipe = *link;
        if (pipe->entries)
            continue;
        *link = pipe->next;
        pipe_free(pipe);
        client->pipe_count--;
        return true;
    }
    return false;
}

static enum status find_or_add(struct http_transfer *transfer, struct http_pipe **out)
{
    struct http_client *client = transfer->client;
    for (struct http_pipe *pipe = client->pipes; pipe; pipe = pipe->next) {
        if (slice_is(transfer->parts.host, pipe->path)) {
            *out = pipe;
            return OK;
        }
    }
    if (!make_room(client))
        return E_LIMIT;
    struct http_pipe *pipe = mem_alloc(sizeof *pipe);
    char *path = pipe ? mem_string(transfer->parts.host.data) : NULL;
    if (!path) {
        mem_free(pipe);
        return E_NOMEM;
    }
    *pipe = (struct http_pipe){ .next = client->pipes, .client = client, .path = path, .fd = -1 };
    client->pipes = pipe;
    client->pipe_count++;
    *out = pipe;
    return OK;
}

void pipe_start(struct http_transfer *transfer)
{
    struct http_pipe *pipe = NULL;
    const char *reason = reason_no_memory;
    enum status st = transfer->body ? find_or_add(transfer, &pipe) : E_REFUSED;
    if (st == E_REFUSED)
        reason = "a Unix socket needs a request to send";
    else if (st == E_LIMIT)
        reason = "too many different Unix sockets are in use";
    if (st == OK)
        drop_if_dead(pipe);
    if (st == OK && pipe->entry_count >= ENTRIES_MAX)
        hang_up(pipe, E_CLOSED, "too many requests had no answer");
    if (st == OK && pipe->fd < 0)
        st = connect_pipe(pipe, &reason);
    if (st == OK && !entry_add(pipe, transfer)) {
        st = E_NOMEM;
        reason = reason_no_memory;
    }
    if (st != OK)
        transfer_end(transfer, st, reason);
    else
        write_on(pipe);
}

void pipe_cancel(struct http_transfer *transfer)
{
    struct http_pipe *pipe = transfer->pipe;
    if (!pipe)
        return;
    struct pipe_entry *entry = pipe->entries;
    while (entry->transfer != transfer)
        entry = entry->next;
    transfer->pipe = NULL;
    entry->transfer = NULL;
    if (entry->body && entry->written == 0)
        entry_remove(pipe, entry);
}

void pipe_close_all(struct http_client *client)
{
    while (client->pipes) {
        struct http_pipe *pipe = client->pipes;
        client->pipes = pipe->next;
        pipe_free(pipe);
    }
    client->pipe_count = 0;
}
