/* SPDX-License-Identifier: Apache-2.0 */
/* +trace and +nssearch: following name servers.  Bounded: so many steps, so many servers a step. */
#include "tools/query.h"

#include <string.h>

enum { TRACE_STEPS = 32 };

/* The address that the reply itself gives for a server: inside a delegation nobody else may have it. */
static bool glue_find(const struct query_run *run, const struct reply_view *view, struct name_view target, struct endpoint *out)
{
    for (size_t i = 0; i < view->record_count; i++) {
        const struct reply_record *r = &view->records[i];
        bool v4 = r->type == TYPE_A && r->rdata_bytes == 4 && !run->only6, v6 = r->type == TYPE_AAAA && r->rdata_bytes == 16 && !run->only4;
        if (r->section != SECTION_ADDITIONAL || (!v4 && !v6) || !name_equal(name_view_of(&r->owner), target))
            continue;
        *out = (struct endpoint){ .address.family = v4 ? 4 : 6, .port = run->port };
        memcpy(out->address.bytes, r->rdata, r->rdata_bytes);
        return true;
    }
    return false;
}

static void server_add(const struct query_run *run, const struct reply_view *view, struct name_view target, struct query_servers *out)
{
    char text[NAME_TEXT_ROOM];
    struct query_servers one;
    name_to_text(target, text);
    size_t length = strlen(text);
    if (length > 1)
        text[length - 1] = '\0';
    if (length >= QUERY_LABEL_ROOM || strchr(text, '#') != NULL)
        return;
    if (glue_find(run, view, target, &one.list[0]))
        memcpy(one.labels[0], text, length + 1);
    else if (query_servers_resolve(run, text, &one) != QUERY_DONE)
        return;
    out->list[out->count] = one.list[0];
    memcpy(out->labels[out->count++], one.labels[0], QUERY_LABEL_ROOM);
}

/* The name servers that a reply names. @return how many have an address */
static size_t servers_of(const struct query_run *run, const struct reply_view *view, struct query_servers *out)
{
    *out = (struct query_servers){ 0 };
    for (size_t i = 0; i < view->record_count && out->count < QUERY_SERVERS; i++) {
        const struct reply_record *r = &view->records[i];
        size_t offset = 0;
        struct rdata_name target;
        if (r->type == TYPE_NS && rdata_name_next(r->type, r->klass, r->rdata, r->rdata_bytes, &offset, &target))
            server_add(run, view, target.name, out);
    }
    return out->count;
}

/* Asks one server after the other. @return true and the reply's servers when it is a referral to go on with */
static bool trace_step(struct query_run *run, struct lookup *lookup, struct name_view name, uint8_t *buffer, struct query_servers *servers)
{
    struct query_exchange exchange;
    struct query_servers next = { 0 };
    bool answered = false, referral = false;
    for (size_t i = 0; i < servers->count && !answered; i++) {
        enum status st = query_ask(run, lookup, name, &servers->list[i], servers->labels[i], buffer, MESSAGE_MAX_BYTES, &exchange);
        answered = st == OK;
        if (st != OK)
            query_report_failure(run, &servers->list[i], st);
        fflush(run->out);               /* a step may take long, and a pipe is buffered */
    }
    struct arena *arena = arena_new(0);
    struct reply_view view;
    if (answered && arena != NULL && query_reply_read(buffer, exchange.reply_bytes, arena, &view)) {
        referral = view.rcode == RCODE_NOERROR && !((view.flags & FLAG_AA) && name.length > 1 && lookup->rd == false);
        for (size_t i = 0; i < view.record_count && referral && name.length > 1; i++)
            referral = view.records[i].section != SECTION_ANSWER;
        referral = referral && servers_of(run, &view, &next) > 0;
    }
    arena_free(arena);
    if (!answered) {
        fputs(";; no servers could be reached\n", run->notes);
        run->exit_code = QUERY_NO_REPLY;
    }
    *servers = next;
    return referral;
}

void query_trace_run(struct query_run *run, struct lookup *lookup, struct name_view name)
{
    uint8_t *buffer = mem_alloc(MESSAGE_MAX_BYTES);
    struct query_servers servers = lookup->servers;
    struct lookup root = *lookup;
    if (buffer == NULL)
        return;
    root.type = TYPE_NS;
    root.rd = true;
    bool more = trace_step(run, &root, name_root, buffer, &servers);
    for (int i = 0; more && i < TRACE_STEPS; i++)
        more = trace_step(run, lookup, name, buffer, &servers);
    mem_free(buffer);
}

void query_search_ns_run(struct query_run *run, struct lookup *lookup, struct name_view name)
{
    uint8_t *buffer = mem_alloc(MESSAGE_MAX_BYTES);
    struct query_servers servers = { 0 };
    struct query_exchange exchange;
    struct lookup quiet = *lookup;
    quiet.answer = false;
    quiet.brief = true;
    quiet.type = TYPE_NS;
    FILE *out = run->out, *nowhere = fopen("/dev/null", "we");
    struct arena *arena = arena_new(0);
    struct reply_view view;
    enum status st = E_NOMEM;
    if (buffer != NULL && arena != NULL && nowhere != NULL) {
        run->out = nowhere;
        st = query_ask(run, &quiet, name, &lookup->servers.list[0], lookup->servers.labels[0], buffer, MESSAGE_MAX_BYTES, &exchange);
        run->out = out;
    }
    if (st == OK && query_reply_read(buffer, exchange.reply_bytes, arena, &view))
        (void)servers_of(run, &view, &servers);
    else if (st != OK)
        query_report_failure(run, &lookup->servers.list[0], st);
    lookup->type = TYPE_SOA;
    for (size_t i = 0; i < servers.count; i++) {
        st = query_ask(run, lookup, name, &servers.list[i], servers.labels[i], buffer, MESSAGE_MAX_BYTES, &exchange);
        if (st != OK)
            query_report_failure(run, &servers.list[i], st);
    }
    if (servers.count == 0)
        run->exit_code = st == OK ? QUERY_DONE : QUERY_NO_REPLY;
    if (nowhere != NULL)
        fclose(nowhere);
    arena_free(arena);
    mem_free(buffer);
}
