/* SPDX-License-Identifier: Apache-2.0 */
/* Asking chains and waiting for the answer. */
#include "tools/chain_tool.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP_MS = 250, RPC_MS = 20000 };

void chain_tool_progress(const char *what, uint64_t since_ms)
{
    static const char *const clear = "\r\033[K";
    if (!isatty(STDERR_FILENO))
        return;
    if (what == NULL)
        fputs(clear, stderr);
    else if (since_ms >= 1000)
        fprintf(stderr, "%swaiting for %s (%llu s)", clear, what, (unsigned long long)(since_ms / 1000));
    fflush(stderr);
}

/* Until *done; what is asked always ends by its own limits. */
static void until(struct chain_tool *tool, const bool *done, const char *what)
{
    uint64_t start = chain_loop_now_ms(tool->loop);
    bool shown = false;
    while (!*done && chain_loop_until(tool->loop, done, STEP_MS) != OK) {
        uint64_t since = chain_loop_now_ms(tool->loop) - start;
        shown |= since >= 1000;
        chain_tool_progress(what, since);
    }
    if (shown)
        chain_tool_progress(NULL, 0);
}

void chain_tool_pause(struct chain_tool *tool, uint64_t ms)
{
    const bool never = false;
    if (ms > 0)
        (void)!chain_loop_until(tool->loop, &never, ms);
}

/* ---- facts ---- */

struct facts_wait { struct facts *facts; bool done; };

static void facts_arrived(void *context, struct facts *facts)
{
    struct facts_wait *w = context;
    w->facts = facts;
    w->done = true;
}

static int facts_end(struct chain_tool *tool, enum status st, struct facts_wait *w, struct facts **out)
{
    if (st != OK)
        return tools_complain(tool->call, TOOL_FAILED, "%s", status_text(st));
    until(tool, &w->done, "the chain");
    *out = w->facts;
    return w->facts != NULL ? TOOL_DONE : tools_complain(tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM));
}

int chain_tool_facts(struct chain_tool *tool, struct name_source *source, const struct facts_request *request, struct facts **out)
{
    struct facts_wait w = { 0 };
    struct facts_job *job = NULL;
    enum status st = facts_start(source, request, facts_arrived, &w, &job);
    return facts_end(tool, st, &w, out);
}

int chain_tool_reverse(struct chain_tool *tool, struct name_source *source, const struct eth_address *address, struct facts **out)
{
    struct facts_wait w = { 0 };
    struct facts_job *job = NULL;
    enum status st = facts_start_reverse(source, address, 60, facts_arrived, &w, &job);
    return facts_end(tool, st, &w, out);
}

/* ---- reads ---- */

struct read_wait { struct chain_tool *tool; struct state_result *results; struct eth_block block; size_t count; bool done, full; };

static struct slice slice_keep(struct read_wait *w, struct slice data)
{
    void *copy = data.length == 0 ? NULL : arena_copy(w->tool->arena, data.data, data.length);
    w->full |= data.length > 0 && copy == NULL;
    return copy == NULL ? (struct slice){ "", 0 } : slice_of(copy, data.length);
}

static void reads_arrived(void *context, const struct eth_block *block, const struct state_result *results, size_t count)
{
    struct read_wait *w = context;
    for (size_t i = 0; i < w->count; i++) {
        w->results[i] = i < count ? results[i] : (struct state_result){ .outcome = STATE_UNAVAILABLE, .failure = CHAIN_FAILURE_MEMORY };
        w->results[i].data = slice_keep(w, w->results[i].data);
    }
    if (block != NULL)
        w->block = *block;
    w->done = true;
}

int chain_tool_read(struct chain_tool *tool, struct chain *chain, const struct state_read *reads, struct state_result *results, size_t count, struct eth_block *block)
{
    struct read_wait w = { .tool = tool, .results = results, .count = count };
    struct state_budget budget;
    struct state_job *job = NULL;
    chain_tool_begin(tool, chain);
    state_budget_init(&budget, chain);
    enum status st = state_read_all(chain, NULL, &budget, reads, count, reads_arrived, &w, &job);
    if (st == OK)
        until(tool, &w.done, "the chain");
    if (st != OK || w.full)
        return tools_complain(tool->call, TOOL_FAILED, "%s", status_text(st != OK ? st : E_NOMEM));
    if (block != NULL)
        *block = w.block;
    return TOOL_DONE;
}

int chain_tool_head(struct chain_tool *tool, struct chain *chain, uint64_t number)
{
    uint64_t start = chain_loop_now_ms(tool->loop), since = 0;
    struct eth_block head;
    chain_tool_begin(tool, chain);
    while (since < RPC_MS) {
        if (chain_head(chain, &head) && head.number >= number) {
            chain_tool_progress(NULL, 0);
            return TOOL_DONE;
        }
        chain_tool_pause(tool, 50);
        since = chain_loop_now_ms(tool->loop) - start;
        chain_tool_progress("the head of the chain", since);
    }
    chain_tool_progress(NULL, 0);
    return tools_complain(tool->call, TOOL_FAILED, "block %llu of chain %s did not come within %d s", (unsigned long long)number, chain_name(chain), RPC_MS / 1000);
}

/* ---- JSON-RPC ---- */

struct rpc_wait { struct chain_tool *tool; struct tool_reply *out; bool done; };

static void rpc_arrived(void *context, const struct chain_call_result *result)
{
    struct rpc_wait *w = context;
    struct tool_reply *out = w->out;
    struct slice from = result->status == OK ? result->result : result->error_data;
    char *copy = arena_copy(w->tool->arena, from.length > 0 ? from.data : "", from.length + (from.length == 0));
    out->status = result->status;
    if (copy == NULL) {
        out->status = E_NOMEM;
        out->message = status_text(E_NOMEM);
    } else if (result->status == OK) {
        enum status st = json_read(copy, from.length, SIZE_MAX, &out->result);
        out->status = st == OK ? OK : E_BAD_FORMAT;
        out->message = st == OK ? NULL : "the node's answer is no JSON";
    } else {
        out->data = slice_of(copy, from.length);
        out->message = chain_failure_text(result->failure);
        if (result->error_message.length > 0)
            out->message = chain_tool_format(w->tool, "%.*s", (int)(result->error_message.length > 400 ? 400 : result->error_message.length), result->error_message.data);
    }
    w->done = true;
}

void chain_tool_rpc(struct chain_tool *tool, struct chain *chain, bool all, const char *method, const char *params, struct tool_reply *out)
{
    struct rpc_wait w = { tool, out, false };
    *out = (struct tool_reply){ .status = E_NOMEM, .message = status_text(E_NOMEM) };
    chain_tool_begin(tool, chain);
    enum status st = (all ? chain_call_all : chain_call)(chain, method, slice_string(params), RPC_MS, rpc_arrived, &w);
    if (st == OK)
        until(tool, &w.done, "the node");
    else
        *out = (struct tool_reply){ .status = st, .message = status_text(st) };
}

/* ---- memory ---- */

struct slice chain_tool_keep(struct chain_tool *tool, struct text *text)
{
    void *copy = text->full ? NULL : arena_copy(tool->arena, text->length > 0 ? text->data : "", text->length + (text->length == 0));
    struct slice slice = slice_of(copy, copy == NULL ? 0 : text->length);
    text_clear(text);
    return slice;
}

char *chain_tool_format(struct chain_tool *tool, const char *format, ...)
{
    va_list list;
    char *line = NULL, *kept;
    va_start(list, format);
    int n = vasprintf(&line, format, list);
    va_end(list);
    kept = n < 0 ? NULL : arena_string(tool->arena, line);
    free(line);
    return kept != NULL ? kept : (char *)(uintptr_t)"out of memory";
}
