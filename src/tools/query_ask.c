/* SPDX-License-Identifier: Apache-2.0 */
/* One question to servers: retries, TC, BADCOOKIE, BADVERS, as dig does it. */
#include "tools/query.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "idn/idn.h"
#include "net/client.h"

enum { ROUNDS = 5, QUERY_ROOM = 4096 };

struct expected { const uint8_t *query; size_t query_bytes; const struct lookup *lookup; FILE *notes; };

static bool question_fits(const struct expected *e, const struct message *reply)
{
    struct message query;
    char name[NAME_TEXT_ROOM], klass[CODE_TEXT_ROOM], type[CODE_TEXT_ROOM];
    if (!reply->has_question || message_read(e->query, e->query_bytes, &query) != OK || !query.has_question)
        return true;
    const struct question *a = &query.question, *b = &reply->question;
    if (a->type == b->type && a->klass == b->klass && name_equal(name_view_of(&a->name), name_view_of(&b->name)))
        return true;
    fprintf(e->notes, ";; ;; Question section mismatch: got %s/%s/%s\n", name_to_text(name_view_of(&b->name), name), type_to_text(b->type, type),
           class_to_text(b->klass, klass));
    return false;
}

/* Datagrams that cannot be the answer are told and passed over. */
static bool reply_accept(void *context, const uint8_t *message, size_t bytes)
{
    const struct expected *e = context;
    struct message reply;
    if (bytes < HEADER_BYTES) {
        fprintf(e->notes, ";; Warning: short (< header size) message received\n");
        return false;
    }
    if (get_u16(message) != get_u16(e->query)) {
        fprintf(e->notes, ";; Warning: ID mismatch: expected ID %u, got %u\n", get_u16(e->query), get_u16(message));
        return false;
    }
    if (!(message[2] & 0x80)) {
        fprintf(e->notes, ";; Warning: query response not set\n");
        return false;
    }
    return message_read(message, bytes, &reply) != OK || question_fits(e, &reply);
}

static enum status tcp_exchange(struct query_run *run, const struct expected *e, const struct endpoint *server, uint32_t timeout_ms,
                                uint8_t *reply, size_t room, size_t *reply_bytes)
{
    bool fits = run->kept != NULL && address_equal(&run->kept_peer.address, &server->address) && run->kept_peer.port == server->port;
    struct client_tcp *connection = fits ? run->kept : NULL;
    enum status st = OK;
    if (!fits)
        st = client_tcp_open(server, run->has_source ? &run->source : NULL, timeout_ms, &connection);
    if (st != OK)
        return st;
    st = client_tcp_send(connection, e->query, e->query_bytes, timeout_ms);
    for (int i = 0; st == OK && i < 16; i++) {      /* late answers to something else are passed over */
        st = client_tcp_receive(connection, reply, room, reply_bytes, timeout_ms);
        if (st == OK && reply_accept((void *)e, reply, *reply_bytes))
            break;
    }
    if (st == OK && e->lookup->keep_open) {
        if (run->kept != connection)
            client_tcp_close(run->kept);
        run->kept = connection;
        run->kept_peer = *server;
        return OK;
    }
    if (run->kept == connection)
        run->kept = NULL;
    client_tcp_close(connection);
    return st;
}

enum status query_exchange_once(struct query_run *run, const struct lookup *lookup, const struct endpoint *server, bool tcp,
                                const uint8_t *query, size_t query_bytes, uint8_t *reply, size_t room, size_t *reply_bytes)
{
    struct expected e = { query, query_bytes, lookup, run->notes };
    uint32_t timeout_ms = lookup->timeout_seconds * 1000;
    if (tcp)
        return tcp_exchange(run, &e, server, timeout_ms, reply, room, reply_bytes);
    return client_udp(server, run->has_source ? &run->source : NULL, query, query_bytes, timeout_ms, reply_accept, &e, reply, room, reply_bytes);
}

void query_report_failure(struct query_run *run, const struct endpoint *server, enum status st)
{
    char address[ADDRESS_TEXT_ROOM];
    const char *why = st == E_TIMEOUT ? "timed out" : st == E_CLOSED ? "connection refused" : st == E_SYSTEM ? strerror(errno) : status_text(st);
    fprintf(run->notes, ";; communications error to %s#%u: %s\n", address_print(&server->address, address), server->port, why);
}

void query_report_connection(struct query_run *run, const struct endpoint *server, const char *label, const char *name)
{
    char address[ADDRESS_TEXT_ROOM];
    fprintf(run->notes, ";; Connection to %s#%u(%s) for %s failed: connection refused.\n", address_print(&server->address, address), server->port, label, name);
}

void query_show_sending(struct query_run *run, const struct lookup *lookup, const struct query_exchange *exchange, const uint8_t *query, size_t bytes)
{
    struct arena *arena = lookup->qr ? arena_new(0) : NULL;
    struct print_context context = { run, lookup, exchange };
    struct reply_view view;
    if (arena != NULL && query_reply_read(query, bytes, arena, &view))
        query_print_message(run, &context, &view, true);
    arena_free(arena);
}

static const uint8_t *cookie_find(const struct reply_view *view, uint16_t *bytes)
{
    size_t offset = 0;
    uint16_t code;
    const uint8_t *data;
    while (view->has_opt && edns_option_next(view->opt_options, view->opt_bytes, &offset, &code, &data, bytes))
        if (code == OPTION_COOKIE)
            return data;
    return NULL;
}

/* A server cookie is worth keeping for the next query of this run. */
static bool cookie_learn(struct lookup *lookup, const struct reply_view *view, const uint8_t *sent)
{
    uint16_t bytes = 0;
    const uint8_t *cookie = cookie_find(view, &bytes);
    if (cookie == NULL || bytes < 16 || bytes > QUERY_COOKIE_BYTES || memcmp(cookie, sent, 8) != 0)
        return false;
    memcpy(lookup->cookie_bytes, cookie, bytes);
    lookup->cookie_length = bytes;
    return true;
}

/* RFC 7873 section 5.3: a client cookie that is not ours: forged, perhaps. */
static void cookie_warn(struct query_run *run, const struct lookup *lookup, const struct reply_view *view, const uint8_t *sent)
{
    uint16_t bytes = 0;
    const uint8_t *cookie = cookie_find(view, &bytes);
    if (lookup->cookie && cookie != NULL && (bytes < 8 || memcmp(cookie, sent, 8) != 0))
        fputs(";; Warning: Client COOKIE mismatch\n", run->notes);
}

struct round {
    struct lookup *lookup;
    bool tcp, again;
    int cookie_rounds;
};

/* Decides whether to ask again, and how. */
static void reply_judge(struct query_run *run, struct round *round, const struct reply_view *view, const uint8_t *sent)
{
    struct lookup *l = round->lookup;
    char word[CODE_TEXT_ROOM];
    bool loud = l->comments && !l->json && !l->yaml && !l->brief;
    round->again = false;
    if (view->rcode == RCODE_BADVERS && l->negotiate && view->has_opt && view->opt_version < l->edns_version) {
        if (loud)
            fprintf(run->out, ";; %s, retrying with EDNS version %u.\n", rcode_to_text(view->rcode, word), view->opt_version);
        l->edns_version = view->opt_version;
        round->again = true;
    } else if ((view->flags & FLAG_TC) && !l->ignore && !round->tcp) {
        if (l->cookie)
            (void)cookie_learn(l, view, sent);
        if (loud)
            fputs(";; Truncated, retrying in TCP mode.\n", run->out);
        round->tcp = round->again = true;
    } else if (view->rcode == RCODE_BADCOOKIE && l->bad_cookie && l->cookie && !round->tcp && cookie_learn(l, view, sent)) {
        if (round->cookie_rounds++ > 0)
            round->tcp = true;
        if (loud)
            fprintf(run->out, ";; BADCOOKIE, retrying%s.\n", round->tcp ? " in TCP mode" : "");
        round->again = true;
    }
}

void query_cookie_sent(const uint8_t *query, size_t bytes, uint8_t sent[8])
{
    struct arena *arena = arena_new(0);
    struct reply_view view;
    uint16_t length = 0;
    memset(sent, 0, 8);
    if (arena != NULL && query_reply_read(query, bytes, arena, &view)) {
        const uint8_t *cookie = cookie_find(&view, &length);
        if (cookie != NULL)
            memcpy(sent, cookie, length < 8 ? length : 8);
    }
    arena_free(arena);
}

/* Sends once and receives once; fills the exchange. */
static enum status round_go(struct query_run *run, const struct round *round, struct name_view name, uint8_t *buffer, size_t room,
                            uint8_t sent[8], struct query_exchange *exchange)
{
    uint8_t query[QUERY_ROOM];
    size_t bytes = query_build(round->lookup, name, query, sizeof query);
    if (bytes == 0)
        return E_NO_SPACE;
    query_cookie_sent(query, bytes, sent);
    exchange->tcp = round->tcp;
    clock_gettime(CLOCK_REALTIME, &exchange->sent);
    query_show_sending(run, round->lookup, exchange, query, bytes);
    uint64_t before = clock_ns();
    enum status st = query_exchange_once(run, round->lookup, &exchange->server, round->tcp, query, bytes, buffer, room, &exchange->reply_bytes);
    exchange->microseconds = (clock_ns() - before) / 1000;
    clock_gettime(CLOCK_REALTIME, &exchange->received);
    exchange->cookie = sent;
    return st;
}

static void reply_show(struct query_run *run, const struct lookup *lookup, const struct query_exchange *exchange, const struct reply_view *view,
                       const uint8_t *buffer)
{
    struct print_context context = { run, lookup, exchange };
    if (view->malformed && !lookup->best_effort) {
        query_print_greeting(run, lookup);
        fprintf(run->out, ";; Got bad packet: FORMERR\n");
        query_print_dump(run->out, buffer, exchange->reply_bytes);
        return;
    }
    query_print_message(run, &context, view, false);
    query_print_stats(run, &context, NULL);
}

enum status query_ask(struct query_run *run, struct lookup *lookup, struct name_view name, const struct endpoint *server,
                      const char *label, uint8_t *buffer, size_t room, struct query_exchange *exchange)
{
    struct round round = { lookup, lookup->tcp, true, 0 };
    uint8_t sent[8];
    enum status st = OK;
    for (int i = 0; i < ROUNDS && round.again && st == OK; i++) {
        struct arena *arena = arena_new(0);
        struct reply_view view;
        *exchange = (struct query_exchange){ .server = *server, .label = label };
        st = arena == NULL ? E_NOMEM : round_go(run, &round, name, buffer, room, sent, exchange);
        if (st == OK && !query_reply_read(buffer, exchange->reply_bytes, arena, &view))
            st = E_BAD_FORMAT;
        if (st == OK) {
            cookie_warn(run, lookup, &view, sent);
            reply_judge(run, &round, &view, sent);
            bool last = !round.again || i + 1 == ROUNDS;
            if (last || (lookup->show_bad_cookie && view.rcode == RCODE_BADCOOKIE))
                reply_show(run, lookup, exchange, &view, buffer);
            if (lookup->cookie && last)
                (void)cookie_learn(lookup, &view, sent);
        }
        arena_free(arena);
    }
    exchange->cookie = NULL;
    return st;
}

/* Every server, as often as `tries` says. @return true once one answered in a way that ends the search */
static bool servers_try(struct query_run *run, struct lookup *lookup, struct name_view name, uint8_t *buffer, struct query_exchange *exchange)
{
    const struct query_servers *s = &lookup->servers;
    for (uint32_t try = 0; try < lookup->tries; try++) {
        for (size_t i = 0; i < s->count; i++) {
            enum status st = query_ask(run, lookup, name, &s->list[i], s->labels[i], buffer, MESSAGE_MAX_BYTES, exchange);
            bool more = try + 1 < lookup->tries || i + 1 < s->count;
            if (st == OK && (lookup->fail || (buffer[3] & 0xf) != RCODE_SERVFAIL || !more))
                return true;
            if (st == E_CLOSED && lookup->tcp)
                query_report_connection(run, &s->list[i], s->labels[i], lookup->name);
            else if (st != OK)
                query_report_failure(run, &s->list[i], st);
        }
    }
    return false;
}

static bool has_unicode(const char *text)
{
    while (*text != '\0' && !(*text & 0x80))
        text++;
    return *text != '\0';
}

static bool name_of(struct query_run *run, const struct lookup *lookup, const char *text, struct name *out)
{
    char ascii[IDN_NAME_ROOM];
    if (lookup->idn_in && has_unicode(text)) {
        if (idn_to_ascii(slice_string(text), ascii) != OK) {
            fprintf(stderr, "rhiz query: '%s' is not a legal IDNA2008 name\n", text);
            run->exit_code = QUERY_INTERNAL;
            return false;
        }
        text = ascii;
    }
    enum status st = name_parse(slice_string(text), (struct name_view){ 0 }, out);
    if (st == OK)
        return true;
    const char *why = st == E_BAD_NAME ? "ran out of space" : strstr(text, "..") != NULL || text[0] == '.' ? "empty label" : "bad escape";
    fprintf(stderr, "rhiz query: '%s' is not a legal name (%s)\n", text, why);
    run->exit_code = QUERY_INTERNAL;
    return false;
}

static void one_name(struct query_run *run, struct lookup *lookup, const char *text, uint8_t *buffer, uint8_t *rcode)
{
    struct query_exchange exchange;
    struct name name;
    *rcode = RCODE_SERVFAIL;
    if (!name_of(run, lookup, text, &name))
        return;
    struct name_view view = name_view_of(&name);
    if (lookup->trace) {
        query_trace_run(run, lookup, view);
    } else if (lookup->ns_search) {
        query_search_ns_run(run, lookup, view);
    } else if (lookup->type == TYPE_AXFR || (lookup->ixfr && lookup->tcp)) {
        query_transfer_run(run, lookup, view, &lookup->servers.list[0], lookup->servers.labels[0]);
    } else if (servers_try(run, lookup, view, buffer, &exchange)) {
        *rcode = buffer[3] & 0xf;
    } else {
        if (!lookup->tcp)
            query_print_greeting(run, lookup);
        fputs(";; no servers could be reached\n", run->notes);
        run->exit_code = QUERY_NO_REPLY;
    }
}

static size_t dots_in(const char *text)
{
    size_t dots = 0;
    for (; *text != '\0'; text++)
        dots += *text == '.';
    return dots;
}

void query_lookup_run(struct query_run *run, struct lookup *lookup)
{
    uint8_t *buffer = mem_alloc(MESSAGE_MAX_BYTES);
    uint8_t rcode;
    size_t length = strlen(lookup->name);
    bool absolute = length > 0 && lookup->name[length - 1] == '.';
    if (buffer == NULL) {
        run->exit_code = QUERY_INTERNAL;
        return;
    }
    run->notes = lookup->json || lookup->yaml ? stderr : run->out;
    if (lookup->servers.count == 0)
        lookup->servers = run->resolv.servers;
    bool search = (lookup->search || lookup->show_search) && !absolute && run->resolv.search_count > 0;
    if (!search || dots_in(lookup->name) >= run->resolv.ndots) {
        one_name(run, lookup, lookup->name, buffer, &rcode);
        search = search && rcode == RCODE_NXDOMAIN;
    }
    for (size_t i = 0; search && i < run->resolv.search_count; i++) {
        char whole[2 * NAME_TEXT_ROOM];
        snprintf(whole, sizeof whole, "%s.%s", lookup->name, run->resolv.search[i]);
        one_name(run, lookup, whole, buffer, &rcode);
        search = rcode == RCODE_NXDOMAIN;
    }
    mem_free(buffer);
}
