/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/name_logs.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/keccak.h"

enum { RANGE_LEAST = 64 };

struct eth_word name_event(const char *signature)
{
    struct eth_word word;
    keccak256(signature, strlen(signature), word.octets);
    return word;
}

struct eth_address name_word_address(const struct eth_word *word)
{
    struct eth_address address;
    memcpy(address.octets, word->octets + 12, sizeof address.octets);
    return address;
}

void name_topic_add(struct name_topic *topic, const struct eth_word *word)
{
    if (topic->count < NAME_TOPICS)
        topic->words[topic->count++] = *word;
}

int name_logs_begin(struct chain_tool *tool, struct chain *chain, struct name_logs *logs)
{
    const char *range = tool->call->values[OPTION_BLOCKS];
    struct tool_reply reply;
    *logs = (struct name_logs){ 0 };
    chain_tool_rpc(tool, chain, false, "eth_blockNumber", "[]", &reply);
    if (reply.status != OK || json_quantity(reply.result, &logs->to) != OK)
        return tools_complain(tool->call, TOOL_FAILED, "the head of chain %s could not be had: %s", chain_name(chain), reply.message != NULL ? reply.message : "no number");
    if (range == NULL)
        return TOOL_DONE;
    const char *dash = strchr(range, '-');
    size_t first = dash == NULL ? strlen(range) : (size_t)(dash - range);
    uint64_t to = logs->to;
    if (text_read_u64(slice_of(range, first), UINT64_MAX, &logs->from) != OK || (dash != NULL && text_read_u64(slice_string(dash + 1), UINT64_MAX, &to) != OK) || to < logs->from)
        return tools_complain(tool->call, TOOL_USAGE, "--blocks %s: FROM or FROM-TO is meant, such as 16925618-17000000", range);
    logs->to = to < logs->to ? to : logs->to;
    return TOOL_DONE;
}

/* ---- the question ---- */

static void addresses_add(struct text *text, const struct eth_address *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add(text, i > 0 ? ",\"0x" : "\"0x");
        text_add_hex(text, addresses[i].octets, sizeof addresses[i].octets, false);
        text_add_char(text, '"');
    }
}

static void topics_add(struct text *text, const struct name_topic *topics, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add(text, i > 0 ? "," : "");
        text_add(text, topics[i].count == 0 ? "null" : "[");
        for (size_t k = 0; k < topics[i].count; k++) {
            text_add(text, k > 0 ? ",\"0x" : "\"0x");
            text_add_hex(text, topics[i].words[k].octets, 32, false);
            text_add_char(text, '"');
        }
        text_add(text, topics[i].count == 0 ? "" : "]");
    }
}

static bool log_read(struct chain_tool *tool, struct json_view from, struct name_log *out)
{
    struct slice digits;
    bool removed = false;
    *out = (struct name_log){ 0 };
    if (json_truth(json_member(from, "removed"), &removed) == OK && removed)
        return false;
    if (json_hex_exact(json_member(from, "address"), out->address.octets, sizeof out->address.octets) != OK || json_quantity(json_member(from, "blockNumber"), &out->block) != OK ||
        json_quantity(json_member(from, "logIndex"), &out->index) != OK || json_hex_exact(json_member(from, "transactionHash"), out->transaction.octets, 32) != OK ||
        json_hex(json_member(from, "data"), &digits) != OK)
        return false;
    for (struct json_walk w = json_walk(json_member(from, "topics")); json_step(&w);)
        if (out->topic_count == 4 || json_hex_exact(w.value, out->topics[out->topic_count++].octets, 32) != OK)
            return false;
    uint8_t *octets = arena_bytes(tool->arena, digits.length / 2 + 1);
    if (octets == NULL || (digits.length > 0 && json_digits_decode(digits, octets) != OK))
        return false;
    out->data = slice_of((const char *)octets, digits.length / 2);
    return true;
}

enum status name_logs_add(struct name_logs *logs, const struct name_log *log)
{
    if (logs->count == NAME_LOGS_MAX)
        return E_LIMIT;
    if (logs->count == logs->room) {
        size_t room = logs->room == 0 ? 64 : 2 * logs->room;
        struct name_log *more = mem_resize(logs->list, room * sizeof *more);
        if (more == NULL)
            return E_NOMEM;
        logs->list = more;
        logs->room = room;
    }
    logs->list[logs->count++] = *log;
    return OK;
}

static enum status range_ask(struct chain_tool *tool, struct chain *chain, const char *addresses, const char *topics, uint64_t from, uint64_t to, struct name_logs *logs, const char **why)
{
    struct tool_reply reply;
    chain_tool_rpc(tool, chain, false, "eth_getLogs", chain_tool_format(tool, "[{\"address\":[%s],\"topics\":[%s],\"fromBlock\":\"0x%llx\",\"toBlock\":\"0x%llx\"}]", addresses, topics,
                                                                       (unsigned long long)from, (unsigned long long)to), &reply);
    *why = reply.message;
    if (reply.status != OK)
        return reply.status;
    if (json_kind(reply.result) != JSON_ARRAY)
        return E_BAD_FORMAT;
    enum status st = OK;
    for (struct json_walk w = json_walk(reply.result); st == OK && json_step(&w);) {
        struct name_log log;
        if (log_read(tool, w.value, &log) && log.block >= from && log.block <= to)
            st = name_logs_add(logs, &log);
    }
    return st;
}

int name_logs_ask(struct chain_tool *tool, struct chain *chain, const struct eth_address *addresses, size_t address_count, const struct name_topic *topics, size_t topic_count, struct name_logs *logs)
{
    struct text a, t;
    text_growing(&a);
    text_growing(&t);
    addresses_add(&a, addresses, address_count);
    topics_add(&t, topics, topic_count);
    const char *where = a.full ? NULL : arena_string(tool->arena, a.data), *what = t.full ? NULL : arena_string(tool->arena, t.length > 0 ? t.data : ""), *why = NULL;
    text_clear(&a);
    text_clear(&t);
    enum status st = where == NULL || what == NULL ? E_NOMEM : OK;
    uint64_t from = logs->from, width = logs->to - logs->from + 1, begun = chain_loop_now_ms(tool->loop);
    while (st == OK && from <= logs->to) {
        uint64_t to = width > logs->to - from ? logs->to : from + width - 1;
        st = range_ask(tool, chain, where, what, from, to, logs, &why);
        if ((st == E_INVALID || st == E_LIMIT || st == E_TIMEOUT || st == E_NOT_FOUND) && to - from >= RANGE_LEAST && logs->count < NAME_LOGS_MAX) {
            width = (to - from + 1) / 4;            /* nodes bound either the blocks or the logs of an answer */
            st = OK;
            continue;
        }
        from = to + 1;
        chain_tool_progress(chain_tool_format(tool, "logs, block %llu of %llu", (unsigned long long)from, (unsigned long long)logs->to), chain_loop_now_ms(tool->loop) - begun);
    }
    chain_tool_progress(NULL, 0);
    return st == OK ? TOOL_DONE : tools_complain(tool->call, TOOL_FAILED, "the past of chain %s could not be had: %s", chain_name(chain), why != NULL ? why : status_text(st));
}

/* ---- order ---- */

static int log_order(const void *a, const void *b)
{
    const struct name_log *x = a, *y = b;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

void name_logs_sort(struct name_logs *logs)
{
    size_t kept = 0;
    if (logs->count > 0)
        qsort(logs->list, logs->count, sizeof *logs->list, log_order);
    for (size_t i = 0; i < logs->count; i++)
        if (kept == 0 || log_order(&logs->list[kept - 1], &logs->list[i]) != 0)
            logs->list[kept++] = logs->list[i];
    logs->count = kept;
}

void name_logs_free(struct name_logs *logs)
{
    mem_free(logs->list);
    *logs = (struct name_logs){ 0 };
}
