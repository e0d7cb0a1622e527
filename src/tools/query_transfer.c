/* SPDX-License-Identifier: Apache-2.0 */
/* AXFR and IXFR: records as they come, then dig's summary.  RFC 5936, 1995. */
#include "tools/query.h"

#include <string.h>

#include "net/client.h"

struct transfer {
    struct query_run *run;
    const struct lookup *lookup;
    struct query_exchange exchange;
    struct query_transfer_size size;
    uint8_t cookie[8];      /* of the client */
    uint32_t first_serial;
    unsigned soas;          /* seen so far */
    unsigned finals;        /* SOAs with the serial of the first one */
    bool incremental, done, failed;
};

static bool structured(const struct lookup *lookup) { return lookup->json || lookup->yaml; }

/* AXFR ends with the second SOA; an incremental one with the third that has the new serial (RFC 1995 section 4). */
static void record_count(struct transfer *t, const struct reply_record *r)
{
    bool soa = r->type == TYPE_SOA && r->rdata_bytes >= 22;
    t->size.records++;
    if (t->size.records == 1 && !soa)
        t->failed = true;
    if (t->size.records == 2 && soa && t->lookup->ixfr)
        t->incremental = true;
    if (!soa || t->failed)
        return;
    uint32_t serial = rdata_soa(r->rdata, r->rdata_bytes).serial;
    if (t->soas++ == 0)
        t->first_serial = serial;
    t->finals += serial == t->first_serial;
    t->done = t->incremental ? t->finals == 3 || (t->size.records == 2 && t->finals == 2) : t->soas == 2;
    if (t->size.records == 1 && t->lookup->ixfr && serial == t->lookup->ixfr_serial)
        t->done = true;
}

static void records_print(struct transfer *t, const struct reply_view *view)
{
    struct text text;
    text_growing(&text);
    for (size_t i = 0; i < view->record_count && !t->done && !t->failed; i++) {
        const struct reply_record *r = &view->records[i];
        if (r->section != SECTION_ANSWER)
            continue;
        bool last_soa = r->type == TYPE_SOA && t->soas > 0;
        record_count(t, r);
        if (!t->failed && t->lookup->answer && !structured(t->lookup) && !(t->lookup->one_soa && last_soa && !t->incremental))
            t->lookup->brief ? query_print_rdata(&text, t->lookup, r) : query_print_record(&text, t->lookup, r);
    }
    if (text.length > 0)
        fwrite(text.data, 1, text.length, t->run->out);
    text_clear(&text);
}

static enum status message_take(struct transfer *t, const uint8_t *data, size_t bytes)
{
    struct arena *arena = arena_new(0);
    struct reply_view view;
    enum status st = arena == NULL ? E_NOMEM : OK;
    t->size.messages++;
    t->size.bytes += bytes;
    if (st == OK && (!query_reply_read(data, bytes, arena, &view) || view.malformed))
        st = E_BAD_FORMAT;
    if (st == OK && structured(t->lookup)) {        /* a document per message */
        struct print_context context = { t->run, t->lookup, &t->exchange };
        t->exchange.reply_bytes = bytes;
        clock_gettime(CLOCK_REALTIME, &t->exchange.received);
        query_print_message(t->run, &context, &view, false);
    }
    if (st == OK && (view.rcode != RCODE_NOERROR || (view.record_count == 0 && t->size.records == 0)))
        t->failed = true;
    else if (st == OK)
        records_print(t, &view);
    arena_free(arena);
    return st;
}

static enum status messages_read(struct transfer *t, struct client_tcp *connection, uint8_t *buffer, uint16_t id, uint32_t timeout_ms)
{
    while (!t->done && !t->failed) {
        size_t bytes = 0;
        enum status st = client_tcp_receive(connection, buffer, MESSAGE_MAX_BYTES, &bytes, timeout_ms);
        if (st != OK)
            return st;
        if (bytes < HEADER_BYTES || get_u16(buffer) != id)
            return E_BAD_FORMAT;
        st = message_take(t, buffer, bytes);
        if (st != OK)
            return st;
    }
    return OK;
}

static enum status transfer_go(struct transfer *t, struct name_view name, uint8_t *buffer)
{
    uint8_t query[4096];
    size_t bytes = query_build(t->lookup, name, query, sizeof query);
    uint32_t timeout_ms = t->lookup->timeout_seconds * 1000;
    struct client_tcp *connection = NULL;
    if (bytes == 0)
        return E_NO_SPACE;
    query_cookie_sent(query, bytes, t->cookie);
    t->exchange.cookie = t->cookie;
    uint64_t before = clock_ns();
    clock_gettime(CLOCK_REALTIME, &t->exchange.sent);
    enum status st = client_tcp_open(&t->exchange.server, t->run->has_source ? &t->run->source : NULL, timeout_ms, &connection);
    if (st == OK) {
        query_print_greeting(t->run, t->lookup);
        query_show_sending(t->run, t->lookup, &t->exchange, query, bytes);
        st = client_tcp_send(connection, query, bytes, timeout_ms);
    }
    if (st == OK)
        st = messages_read(t, connection, buffer, get_u16(query), timeout_ms);
    t->exchange.microseconds = (clock_ns() - before) / 1000;
    clock_gettime(CLOCK_REALTIME, &t->exchange.received);
    client_tcp_close(connection);
    return st;
}

void query_transfer_run(struct query_run *run, struct lookup *lookup, struct name_view name, const struct endpoint *server, const char *label)
{
    struct transfer t = { .run = run, .lookup = lookup, .exchange = { .server = *server, .label = label, .tcp = true } };
    uint8_t *buffer = mem_alloc(MESSAGE_MAX_BYTES);
    enum status st = buffer == NULL ? E_NOMEM : transfer_go(&t, name, buffer);
    struct print_context context = { run, lookup, &t.exchange };
    if (t.failed) {
        fputs("; Transfer failed.\n", run->notes);
    } else if (st != OK) {
        if (st == E_CLOSED && t.size.messages == 0 && t.exchange.reply_bytes == 0)
            query_report_connection(run, server, label, lookup->name);
        else
            query_report_failure(run, server, st);
        if (t.size.messages == 0)
            fputs(";; no servers could be reached\n", run->notes);
        else
            fputs("; Transfer failed.\n", run->notes);
        run->exit_code = QUERY_NO_REPLY;
    } else {
        query_print_stats(run, &context, &t.size);
    }
    mem_free(buffer);
}
