/* SPDX-License-Identifier: Apache-2.0 */
/* Queue, limits, and the calls of done().  A transfer is in one list at any time: those that wait, that run, that are over
 * and not reported yet. */
#include "http/inside.h"

#include <poll.h>
#include <string.h>

enum { DEFAULT_REPLY_BYTES = 1 << 20, DEFAULT_TIMEOUT_MS = 10000, FIRST_REPLY_BYTES = 4096, REDIRECTS_MAX = 2, URGENT_MORE = 32 };

const char reason_too_long[] = "the reply is too long";
const char reason_memory[] = "too much is held in memory by replies already";
const char reason_time[] = "no answer in time";
const char reason_no_memory[] = "out of memory";

/* ---- lists ---- */

void transfer_list_add_first(struct transfer_list *list, struct http_transfer *transfer)
{
    transfer->list = list;
    transfer->before = NULL;
    transfer->next = list->first;
    *(list->first ? &list->first->before : &list->last) = transfer;
    list->first = transfer;
    list->count++;
}

void transfer_list_add(struct transfer_list *list, struct http_transfer *transfer)
{
    transfer->list = list;
    transfer->next = NULL;
    transfer->before = list->last;
    *(list->last ? &list->last->next : &list->first) = transfer;
    list->last = transfer;
    list->count++;
}

void transfer_list_remove(struct http_transfer *transfer)
{
    struct transfer_list *list = transfer->list;
    *(transfer->before ? &transfer->before->next : &list->first) = transfer->next;
    *(transfer->next ? &transfer->next->before : &list->last) = transfer->before;
    list->count--;
    transfer->list = NULL;
}

/* ---- shares ---- */

/* What strangers make us ask may take three quarters of everything, so that nodes can be asked in any case. */
static size_t stranger_share(size_t all) { return all - all / 4; }

bool client_hold(struct http_client *client, bool stranger, size_t bytes)
{
    size_t limit = client->options.memory_bytes, share = stranger ? stranger_share(limit) : limit;
    size_t held = stranger ? client->stranger_bytes : client->held_bytes;
    if (bytes > limit || client->held_bytes > limit - bytes || bytes > share || held > share - bytes)
        return false;
    client->held_bytes += bytes;
    client->stranger_bytes += stranger ? bytes : 0;
    return true;
}

void client_release(struct http_client *client, bool stranger, size_t bytes)
{
    client->held_bytes -= bytes;
    client->stranger_bytes -= stranger ? bytes : 0;
}

/* Out of the queue, or off the wire. */
static void leave_list(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;
    client->waiting_strangers -= transfer->stranger && transfer->list == &client->waiting;
    client->running_strangers -= transfer->stranger && transfer->list == &client->running;
    client->blocked = false;
    transfer_list_remove(transfer);
}

/* ---- a transfer's life ---- */

static void transfer_free(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;
    client_release(client, transfer->stranger, transfer->reply_room + transfer->body_bytes);
    if (transfer->headers)
        mem_wipe(transfer->headers, transfer->header_bytes);
    mem_free(transfer->headers);
    mem_free(transfer->url);
    mem_free(transfer->body);
    mem_free(transfer->reply);
    mem_free(transfer);
}

enum status transfer_reserve(struct http_transfer *transfer, size_t more)
{
    struct http_client *client = transfer->client;
    if (more > transfer->max_reply_bytes - transfer->reply_bytes)
        return E_LIMIT;
    size_t need = transfer->reply_bytes + more + 1, room = transfer->reply_room ? transfer->reply_room : FIRST_REPLY_BYTES;
    if (need <= transfer->reply_room)
        return OK;
    while (room < need)
        room *= 2;
    if (room > transfer->max_reply_bytes + 1)
        room = transfer->max_reply_bytes + 1;
    size_t growth = room - transfer->reply_room;
    if (!client_hold(client, transfer->stranger, growth)) {
        transfer->failure = reason_memory;
        return E_LIMIT;
    }
    char *grown = mem_resize(transfer->reply, room);
    if (!grown) {
        client_release(client, transfer->stranger, growth);
        return E_NOMEM;
    }
    transfer->reply = grown;
    transfer->reply_room = room;
    return OK;
}

void transfer_end(struct http_transfer *transfer, enum status status, const char *reason)
{
    leave_list(transfer);
    transfer->state = TRANSFER_OVER;
    transfer->result.status = status;
    transfer->result.reason = status == OK ? "" : reason;
    transfer_list_add(&transfer->client->over, transfer);
}

static void report(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;
    struct http_result *result = &transfer->result;
    transfer_list_remove(transfer);
    transfer->state = TRANSFER_REPORTED;
    result->elapsed_ms = (uint32_t)((clock_ns() - transfer->started_ns) / 1000000);
    result->content_type = transfer->content_type;
    result->body = "";
    result->received_bytes = transfer->dropped_bytes + transfer->reply_bytes;
    if (result->status == OK && transfer->reply) {
        transfer->reply[transfer->reply_bytes] = 0;
        result->body = transfer->reply;
        result->body_bytes = transfer->reply_bytes;
    }
    client->counters.finished++;
    client->counters.failed += result->status != OK;
    client->counters.received_bytes += transfer->reply_bytes;
    transfer->done(transfer->context, result);
    transfer_free(transfer);
}

/* No more than were over at the beginning: done() may start what ends at once. */
static size_t report_all(struct http_client *client)
{
    size_t count = client->over.count, reported = 0;
    for (; reported < count && client->over.first; reported++)
        report(client->over.first);
    return reported;
}

void http_client_cancel(struct http_transfer *transfer)
{
    if (!transfer || transfer->state == TRANSFER_REPORTED)
        return;
    if (transfer->state == TRANSFER_RUNNING) {
        if (transfer->parts.is_unix)
            pipe_cancel(transfer);
        else
            carrier_cancel(transfer);
    }
    leave_list(transfer);
    transfer_free(transfer);
}

/* ---- starting ---- */

static unsigned url_flags(const struct http_request *request)
{
    unsigned flags = request->public_only ? HTTP_URL_HTTPS | HTTP_URL_PUBLIC : HTTP_URL_UNIX;
    return flags | (request->loopback_allowed ? (unsigned)HTTP_URL_LOOPBACK : 0);
}

bool client_is_own_host(const struct http_client *client, const struct http_url *url)
{
    for (size_t i = 0; i < client->options.own_suffix_count; i++) {
        if (!url->is_unix && !url->address.family && http_host_is_below(url->host, client->own_suffixes[i]))
            return true;
    }
    return false;
}

/* A line end inside of a header line would let it become two. */
static bool header_fits(const char *line)
{
    const char *colon = strchr(line, ':');
    return colon && colon != line && !strpbrk(line, "\r\n");
}

static enum status copy_headers(struct http_transfer *transfer, const struct http_request *request)
{
    struct text lines;
    text_growing(&lines);
    if (request->body && !transfer->parts.is_unix) {
        text_add_format(&lines, "Content-Type: %s", request->content_type ? request->content_type : "application/json");
        text_add_bytes(&lines, "", 1);
        transfer->own_header_bytes = lines.length;
    }
    for (size_t i = 0; i < request->header_count; i++) {
        if (!header_fits(request->headers[i])) {
            text_clear(&lines);
            return E_BAD_TEXT;
        }
        text_add_bytes(&lines, request->headers[i], strlen(request->headers[i]) + 1);
    }
    transfer->headers = lines.length ? mem_room(lines.length) : NULL;
    enum status st = lines.full || (lines.length && !transfer->headers) ? E_NOMEM : OK;
    if (st == OK && lines.length) {
        transfer->header_bytes = lines.length;
        memcpy(transfer->headers, lines.data, lines.length);
        mem_wipe(lines.data, lines.length);
    }
    text_clear(&lines);
    return st;
}

static enum status copy_body(struct http_transfer *transfer, const struct http_request *request)
{
    transfer->post = request->body != NULL;
    if (!request->body)
        return OK;
    if (!client_hold(transfer->client, transfer->stranger, request->body_bytes))
        return E_LIMIT;
    transfer->body_bytes = request->body_bytes;
    transfer->body = mem_room(request->body_bytes + 1);
    if (!transfer->body)
        return E_NOMEM;
    memcpy(transfer->body, request->body, request->body_bytes);
    transfer->body[request->body_bytes] = 0;
    return OK;
}

uint64_t client_place(const struct http_client *client, const struct http_url *url)
{
    uint64_t host = hash_bytes_nocase(&client->key, url->host.data, url->host.length);
    return host ^ ((uint64_t)url->port << 2 | (uint64_t)url->https << 1 | url->is_unix);
}

static void copy_numbers(struct http_transfer *transfer, const struct http_request *request)
{
    uint32_t timeout_ms = request->timeout_ms ? request->timeout_ms : DEFAULT_TIMEOUT_MS;
    size_t max = request->max_reply_bytes ? request->max_reply_bytes : DEFAULT_REPLY_BYTES;
    transfer->max_reply_bytes = max > SIZE_MAX / 4 ? SIZE_MAX / 4 : max;
    transfer->connect_ms = request->connect_ms && request->connect_ms < timeout_ms ? request->connect_ms : timeout_ms;
    transfer->started_ns = clock_ns();
    transfer->deadline_ns = transfer->started_ns + (uint64_t)timeout_ms * 1000000;
    transfer->redirects_left = request->redirects > REDIRECTS_MAX ? REDIRECTS_MAX : request->redirects;
    transfer->public_only = request->public_only;
    transfer->loopback_allowed = request->loopback_allowed;
    transfer->urgent = request->urgent && !request->public_only;
    transfer->id = request->id;
    transfer->id_count = request->id_count;
    transfer->result.reason = transfer->result.content_type = transfer->result.body = "";
}

static enum status transfer_new(struct http_client *client, const struct http_request *request, struct http_transfer **out)
{
    struct http_transfer *transfer = mem_alloc(sizeof *transfer);
    if (!transfer)
        return E_NOMEM;
    transfer->client = client;
    transfer->stranger = request->public_only;
    transfer->url = mem_string(request->url);
    enum status st = transfer->url ? http_url_check(transfer->url, url_flags(request), &transfer->parts, NULL) : E_NOMEM;
    if (st == OK && client_is_own_host(client, &transfer->parts))
        st = E_REFUSED;
    if (st == OK)
        st = copy_headers(transfer, request);
    if (st == OK)
        st = copy_body(transfer, request);
    if (st != OK) {
        transfer_free(transfer);
        return st;
    }
    copy_numbers(transfer, request);
    transfer->place = client_place(client, &transfer->parts);
    *out = transfer;
    return OK;
}

enum status http_client_start(struct http_client *client, const struct http_request *request,
                              http_done_fn *done, void *context, struct http_transfer **out)
{
    struct http_transfer *transfer;
    if (client->closing)
        return E_CLOSED;
    if (client->waiting.count >= client->options.waiting + (request->urgent ? URGENT_MORE : 0))
        return E_LIMIT;
    if (request->public_only && client->waiting_strangers >= stranger_share(client->options.waiting))
        return E_LIMIT;
    enum status st = transfer_new(client, request, &transfer);
    if (st != OK)
        return st;
    transfer->done = done;
    transfer->hop = request->hop;
    transfer->context = context;
    if (transfer->urgent)
        transfer_list_add_first(&client->waiting, transfer);
    else
        transfer_list_add(&client->waiting, transfer);
    client->waiting_strangers += transfer->stranger;
    client->blocked = false;
    client->counters.started++;
    client->counters.sent_bytes += transfer->body_bytes;
    if (out)
        *out = transfer;
    return OK;
}

/* ---- running ---- */

static bool may_run(const struct http_client *client, const struct http_transfer *next)
{
    size_t same_host = 0;
    if (next->stranger && client->running_strangers >= stranger_share(client->options.running))
        return false;
    for (const struct http_transfer *one = client->running.first; one; one = one->next)
        same_host += one->place == next->place;
    return same_host < client->options.running_per_host + (next->urgent ? URGENT_MORE : 0);
}

static void run(struct http_transfer *transfer)
{
    leave_list(transfer);
    transfer_list_add(&transfer->client->running, transfer);
    transfer->client->running_strangers += transfer->stranger;
    transfer->state = TRANSFER_RUNNING;
    if (transfer->parts.is_unix)
        pipe_start(transfer);
    else
        carrier_start(transfer);
}

/* Gives those that wait their turn. */
static void run_waiting(struct http_client *client)
{
    struct http_transfer *next;
    bool all_over_again = false;
    for (struct http_transfer *one = client->blocked ? NULL : client->waiting.first; one; one = next) {
        next = one->next;
        if (client->running.count >= client->options.running + (one->urgent ? URGENT_MORE : 0))
            break;
        if (may_run(client, one))
            run(one);
        all_over_again = all_over_again || one->state == TRANSFER_OVER;
    }
    client->blocked = !all_over_again;
}

/* Ends those in a list whose time is up; curl sees to its own. @return when the next one's is, at most `soonest` */
static uint64_t expire(struct transfer_list *list, uint64_t now, uint64_t soonest)
{
    struct http_transfer *next;
    for (struct http_transfer *one = list->first; one; one = next) {
        next = one->next;
        if (one->state == TRANSFER_RUNNING && !one->parts.is_unix)
            continue;
        if (one->deadline_ns > now) {
            soonest = one->deadline_ns < soonest ? one->deadline_ns : soonest;
            continue;
        }
        if (one->state == TRANSFER_RUNNING)
            pipe_cancel(one);
        transfer_end(one, E_TIMEOUT, reason_time);
    }
    return soonest;
}

static void wait_for_something(struct http_client *client, uint32_t timeout_ms, uint64_t deadline)
{
    struct pollfd fds[PIPES_MAX];
    struct http_pipe *pipes[PIPES_MAX];
    uint64_t now = clock_ns();
    uint64_t left_ms = deadline == UINT64_MAX ? timeout_ms : deadline > now ? (deadline - now) / 1000000 + 1 : 0;
    bool idle = client->over.count > 0;
    size_t count = pipe_poll(client, fds, pipes);
    carrier_wait(client, fds, count, idle ? 0 : left_ms < timeout_ms ? (uint32_t)left_ms : timeout_ms);
    for (size_t i = 0; i < count; i++) {
        if (fds[i].revents)
            pipe_ready(pipes[i], fds[i].revents);
    }
}

size_t http_client_poll(struct http_client *client, uint32_t timeout_ms)
{
    run_waiting(client);
    carrier_perform(client);
    uint64_t now = clock_ns();
    uint64_t deadline = expire(&client->running, now, expire(&client->waiting, now, UINT64_MAX));
    wait_for_something(client, timeout_ms, deadline);
    carrier_perform(client);
    now = clock_ns();
    (void)expire(&client->running, now, expire(&client->waiting, now, UINT64_MAX));
    return report_all(client);
}

void http_client_wake(struct http_client *client) { carrier_wake(client); }

size_t http_client_busy(const struct http_client *client)
{
    return client->waiting.count + client->running.count + client->over.count;
}

void http_client_counters(const struct http_client *client, struct http_counters *out) { *out = client->counters; }

/* ---- the client ---- */

struct http_client_options http_client_defaults(void)
{
    return (struct http_client_options){ .running = 64, .running_per_host = 16, .waiting = 1024, .memory_bytes = (size_t)64 << 20 };
}

static void free_strings(char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(strings[i]);
    mem_free(strings);
}

enum status http_client_set_own_suffixes(struct http_client *client, const char *const *suffixes, size_t count)
{
    char **copies = mem_alloc((count + 1) * sizeof *copies);
    if (!copies)
        return E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        copies[i] = mem_string(suffixes[i]);
        if (!copies[i]) {
            free_strings(copies, i);
            return E_NOMEM;
        }
    }
    free_strings(client->own_suffixes, client->options.own_suffix_count);
    client->own_suffixes = copies;
    client->options.own_suffix_count = count;
    return OK;
}

static enum status copy_options(struct http_client *client, const struct http_client_options *options)
{
    struct http_client_options defaults = http_client_defaults();
    client->options = options ? *options : defaults;
    struct http_client_options *own = &client->options;
    own->running = own->running ? own->running : defaults.running;
    own->running_per_host = own->running_per_host ? own->running_per_host : defaults.running_per_host;
    own->waiting = own->waiting ? own->waiting : defaults.waiting;
    own->memory_bytes = own->memory_bytes ? own->memory_bytes : defaults.memory_bytes;
    if (own->ca_file && !(client->ca_file = mem_string(own->ca_file)))
        return E_NOMEM;
    const char *const *suffixes = own->own_suffixes;
    size_t count = own->own_suffix_count;
    own->own_suffixes = NULL;
    own->own_suffix_count = 0;
    return http_client_set_own_suffixes(client, suffixes, count);
}

enum status http_client_new(const struct http_client_options *options, struct http_client **out)
{
    struct http_client *client = mem_alloc(sizeof *client);
    if (!client)
        return E_NOMEM;
    client->key = hash_key_random();
    enum status st = copy_options(client, options);
    if (st == OK)
        st = carrier_open(client);
    if (st != OK) {
        http_client_free(client);
        return st;
    }
    *out = client;
    return OK;
}

static void end_all(struct transfer_list *list)
{
    static const char closing[] = "the server is stopping";
    while (list->first) {
        struct http_transfer *transfer = list->first;
        if (transfer->state == TRANSFER_RUNNING && transfer->parts.is_unix)
            pipe_cancel(transfer);
        else if (transfer->state == TRANSFER_RUNNING)
            carrier_cancel(transfer);
        transfer_end(transfer, E_CLOSED, closing);
    }
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    client->closing = true;
    end_all(&client->waiting);
    end_all(&client->running);
    while (client->over.first)
        report(client->over.first);
    pipe_close_all(client);
    carrier_close(client);
    free_strings(client->own_suffixes, client->options.own_suffix_count);
    mem_free(client->ca_file);
    mem_free(client);
}
