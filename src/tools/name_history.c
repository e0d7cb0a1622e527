/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name history`: what happened to a name, by the logs of the contracts that may say so. */
#include "tools/name_events.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "names/namehash.h"
#include "tools/control_client.h"
#include "tools/name_ens.h"

enum { RESOLVERS_MAX = 40, TIMES_MAX = 500, OWNERS_MAX = 16, AXIS_WIDTH = 64 };

struct history {
    struct chain_tool *tool;
    struct tool_name name;
    struct chain *chain;
    struct facts *facts;
    struct name_logs logs;
    struct eth_address resolvers[RESOLVERS_MAX]; size_t resolver_count;
    struct moment { uint64_t block, time; } times[TIMES_MAX]; size_t time_count;
};

/* ---- what there is ---- */

static void resolver_add(struct history *h, const struct eth_address *address)
{
    bool known = eth_address_is_zero(address);
    for (size_t i = 0; i < h->resolver_count && !known; i++)
        known = eth_address_equal(&h->resolvers[i], address);
    if (!known && h->resolver_count < RESOLVERS_MAX)
        h->resolvers[h->resolver_count++] = *address;
}

static void topic_set(struct name_topic *topic, const struct eth_word *word)
{
    topic->count = 0;
    name_topic_add(topic, word);
}

/* Owners by the registry, and the resolvers that were ever set: only theirs are events of records, whatever others emit. */
static int registry_ask(struct history *h, const struct ens_options *o)
{
    struct eth_address registries[2] = { o->registry, o->registry_old };
    struct eth_word event = name_event("NewOwner(bytes32,bytes32,address)"), parent, label, resolver = name_event("NewResolver(bytes32,address)");
    const char *dot = strchr(h->name.text, '.');
    struct name_topic topics[3] = { 0 };
    size_t count = eth_address_is_zero(&o->registry_old) ? 1 : 2;
    topic_set(&topics[1], &h->name.node);
    int rc = name_logs_ask(h->tool, h->chain, registries, count, topics, 2, &h->logs);
    for (size_t i = 0; i < h->logs.count; i++)
        if (h->logs.list[i].topic_count == 2 && eth_word_equal(&h->logs.list[i].topics[0], &resolver) && h->logs.list[i].data.length == 32) {
            struct eth_word word;
            memcpy(word.octets, h->logs.list[i].data.data, 32);
            struct eth_address address = name_word_address(&word);
            resolver_add(h, &address);
        }
    if (rc != TOOL_DONE || namehash_name(slice_string(dot == NULL ? "" : dot + 1), false, parent.octets) != OK)
        return rc;
    namehash_label(ens_label(&h->name), label.octets);
    topic_set(&topics[0], &event);
    topic_set(&topics[1], &parent);
    topic_set(&topics[2], &label);
    return name_logs_ask(h->tool, h->chain, registries, count, topics, 3, &h->logs);
}

static int registrar_ask(struct history *h, const struct ens_options *o)
{
    struct eth_word label, event = name_event("Transfer(address,address,uint256)");
    struct eth_address desks[5] = { o->base_registrar };
    struct name_topic topics[4] = { 0 };
    size_t count = 1;
    namehash_label(ens_label(&h->name), label.octets);
    for (size_t i = 0; i < o->controller_count && i < 4; i++)
        desks[count++] = o->controllers[i];
    topic_set(&topics[1], &label);
    int rc = name_logs_ask(h->tool, h->chain, desks, count, topics, 2, &h->logs);
    topic_set(&topics[0], &event);
    topics[1].count = 0;
    topic_set(&topics[3], &label);
    return rc == TOOL_DONE ? name_logs_ask(h->tool, h->chain, &o->base_registrar, 1, topics, 4, &h->logs) : rc;
}

/* The wrapper's token says its number in no topic; so each owner is asked to whom it went. */
static int wrapper_ask(struct history *h, const struct ens_options *o)
{
    struct eth_word wrapped = name_event("NameWrapped(bytes32,bytes,address,uint32,uint64)"), single = name_event("TransferSingle(address,address,address,uint256,uint256)"), owner;
    bool any = false;
    for (size_t i = 0; i < h->logs.count; i++)
        if (eth_word_equal(&h->logs.list[i].topics[0], &wrapped) && h->logs.list[i].data.length >= 64) {
            memcpy(owner.octets, h->logs.list[i].data.data + 32, 32);
            any = true;
        }
    int rc = TOOL_DONE;
    for (size_t hop = 0; hop < OWNERS_MAX && any && rc == TOOL_DONE; hop++) {
        struct name_logs one = { .from = h->logs.from, .to = h->logs.to };
        struct name_topic topics[3] = { 0 };
        topic_set(&topics[0], &single);
        topic_set(&topics[2], &owner);
        any = false;
        rc = name_logs_ask(h->tool, h->chain, &o->name_wrapper, 1, topics, 3, &one);
        for (size_t i = 0; i < one.count && rc == TOOL_DONE; i++) {
            const struct name_log *log = &one.list[i];
            if (log->data.length < 32 || memcmp(log->data.data, h->name.node.octets, 32) != 0)
                continue;
            if (name_logs_add(&h->logs, log) != OK)
                break;
            owner = log->topics[3];
            any = !eth_word_is_zero(&owner);
        }
        name_logs_free(&one);
    }
    return rc;
}

static int history_ens(struct history *h)
{
    const struct ens_options *o = name_source_ens_options(h->name.source);
    struct eth_address places[RESOLVERS_MAX + 1];
    struct name_topic topics[2] = { 0 };
    int rc = registry_ask(h, o);
    resolver_add(h, &h->facts->e.resolver);
    size_t count = 0;
    for (; count < h->resolver_count; count++)
        places[count] = h->resolvers[count];
    if (!eth_address_is_zero(&o->name_wrapper))
        places[count++] = o->name_wrapper;
    topic_set(&topics[1], &h->name.node);
    if (rc == TOOL_DONE && count > 0)
        rc = name_logs_ask(h->tool, h->chain, places, count, topics, 2, &h->logs);
    if (rc == TOOL_DONE && h->name.labels == 2)
        rc = registrar_ask(h, o);
    return rc == TOOL_DONE ? wrapper_ask(h, o) : rc;
}

static int history_uns(struct history *h)
{
    const struct uns_options *o = name_source_uns_options(h->name.source);
    bool second = o->layer2 != NULL && chain_id(o->layer2) == h->facts->u.chain_id;
    struct eth_address places[2] = { second ? o->registry2 : o->registry1, o->cns1 };
    size_t count = !second && !eth_address_is_zero(&o->cns1) ? 2 : 1;
    struct eth_word event = name_event("Transfer(address,address,uint256)");
    struct name_topic topics[4] = { 0 };
    h->chain = second ? o->layer2 : o->layer1;
    topic_set(&topics[1], &h->name.node);
    int rc = name_logs_ask(h->tool, h->chain, places, count, topics, 2, &h->logs);
    topic_set(&topics[0], &event);
    topics[1].count = 0;
    topic_set(&topics[3], &h->name.node);
    return rc == TOOL_DONE ? name_logs_ask(h->tool, h->chain, places, count, topics, 4, &h->logs) : rc;
}

/* ---- showing it ---- */

/* What the registry says of the owner of a name below comes with what it says of the name. */
static bool event_read(struct history *h, const struct name_log *log, struct name_event_text *out)
{
    struct eth_word event = name_event("NewOwner(bytes32,bytes32,address)");
    if (!name_event_read(h->tool, log, out))
        return false;
    if (log->topic_count != 3 || !eth_word_equal(&log->topics[0], &event) || !eth_word_equal(&log->topics[1], &h->name.node))
        return true;
    out->detail = chain_tool_format(h->tool, "[%s] to %s", name_hex(h->tool, log->topics[2].octets, 32) + 2, out->detail);
    out->event = "owner of a name below";
    return true;
}

/* When a block was; 0 = too many to ask for, or it could not be had. */
static uint64_t block_time(struct history *h, uint64_t block)
{
    struct tool_reply reply;
    uint64_t time = 0;
    for (size_t i = h->time_count; i-- > 0;)
        if (h->times[i].block == block)
            return h->times[i].time;
    if (h->time_count == TIMES_MAX)
        return 0;
    chain_tool_rpc(h->tool, h->chain, false, "eth_getBlockByNumber", chain_tool_format(h->tool, "[\"0x%llx\",false]", (unsigned long long)block), &reply);
    if (reply.status != OK || json_quantity(json_member(reply.result, "timestamp"), &time) != OK)
        return 0;
    h->times[h->time_count++] = (struct moment){ block, time };
    return time;
}

static void table_show(struct history *h)
{
    struct columns_table *table = columns_new(4);
    char when[NAME_TIME_ROOM];
    static const char *const head[] = { "BLOCK", "TIME", "EVENT", "DETAIL" };
    for (size_t i = 0; i < LENGTH_OF(head); i++)
        columns_add(table, head[i]);
    for (size_t i = 0; i < h->logs.count; i++) {
        const struct name_log *log = &h->logs.list[i];
        struct name_event_text event;
        if (!event_read(h, log, &event))
            continue;
        uint64_t time = block_time(h, log->block);
        columns_add(table, chain_tool_format(h->tool, "%llu", (unsigned long long)log->block));
        columns_add(table, time > 0 ? name_time(time, when) : NULL);
        columns_add(table, event.event);
        columns_add(table, event.detail);
    }
    columns_print(table, stdout, 1);
    columns_free(table);
}

static int json_show(struct history *h)
{
    struct json_value *object = json_value_object(), *list = json_value_array();
    for (size_t i = 0; i < h->logs.count; i++) {
        const struct name_log *log = &h->logs.list[i];
        struct json_value *one;
        struct name_event_text event;
        if (!event_read(h, log, &event))
            continue;
        one = json_value_object();
        json_value_set_u64(one, "block", log->block);
        json_value_set_u64(one, "time", block_time(h, log->block));
        json_value_set_text(one, "event", event.event);
        json_value_set_text(one, "detail", event.detail);
        json_value_set_text(one, "contract", name_address(h->tool, &log->address));
        json_value_set_text(one, "transaction", name_hex(h->tool, log->transaction.octets, 32));
        json_value_add(list, one);
    }
    json_value_set_text(object, "name", h->name.text);
    json_value_set_text(object, "chain", chain_name(h->chain));
    json_value_set(object, "events", list);
    int rc = control_print_json(h->tool->call, object);
    json_value_free(object);
    return rc;
}

/* ---- the drawing ---- */

struct ink { const char *line, *down, *life, *owner, *record, *now, *end; };

static const struct ink *ink_of(void)
{
    static const struct ink unicode = { "\u2500", "\u2502", "\u25cf", "\u25c6", "\u00b7", "\u253c", "\u2524" }, plain = { "-", "|", "O", "*", ".", "+", "|" };
    setlocale(LC_CTYPE, "");
    bool utf8 = isatty(STDOUT_FILENO) && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return utf8 ? &unicode : &plain;
}

static size_t column_of(uint64_t at, uint64_t from, uint64_t to)
{
    return to <= from || at <= from ? 0 : at >= to ? AXIS_WIDTH - 1 : (size_t)((at - from) * (AXIS_WIDTH - 1) / (to - from));
}

/* From the first event to the expiry, or to now: where what lies. */
static void axis_draw(struct history *h, const struct ink *ink, uint64_t first, uint64_t now, uint64_t expires)
{
    int marks[AXIS_WIDTH];
    char from[NAME_TIME_ROOM], to[NAME_TIME_ROOM];
    uint64_t last = expires > now ? expires : now;
    for (size_t i = 0; i < AXIS_WIDTH; i++)
        marks[i] = -1;
    for (size_t i = 0; i < h->logs.count; i++) {
        struct name_event_text event;
        uint64_t time = block_time(h, h->logs.list[i].block);
        size_t at = column_of(time, first, last);
        if (time > 0 && event_read(h, &h->logs.list[i], &event) && (int)event.weight > marks[at])
            marks[at] = (int)event.weight;
    }
    size_t here = column_of(now, first, last);
    for (size_t i = 0; i < AXIS_WIDTH; i++)
        fputs(marks[i] == EVENT_LIFE ? ink->life : marks[i] == EVENT_OWNER ? ink->owner : marks[i] == EVENT_RECORD ? ink->record : i == here ? ink->now : ink->line, stdout);
    puts(ink->end);
    name_time(first, from);
    name_time(last, to);
    printf("%.16s%*s%.16s%s\n", from, AXIS_WIDTH - 31, "", to, expires > now ? " (expires)" : " (now)");
    printf("%s registration  %s owner  %s record%s%s\n\n", ink->life, ink->owner, ink->record, expires > now ? "  now " : "", expires > now ? ink->now : "");
}

static void drawing_show(struct history *h)
{
    const struct ink *ink = ink_of();
    char when[NAME_TIME_ROOM];
    uint64_t first = h->logs.count > 0 ? block_time(h, h->logs.list[0].block) : 0, before = 0;
    uint64_t expires = h->facts->ens ? (h->facts->e.second_level ? h->facts->e.expires : 0) : h->facts->u.expires;
    axis_draw(h, ink, first, h->facts->block.time, expires);
    for (size_t i = 0; i < h->logs.count; i++) {
        const struct name_log *log = &h->logs.list[i];
        struct name_event_text event;
        if (!event_read(h, log, &event))
            continue;
        uint64_t time = block_time(h, log->block), days = before > 0 && time > before ? (time - before) / 86400 : 0;
        for (uint64_t gap = days; gap > 0; gap /= 10)       /* a line for days, two for tens of them ... */
            printf("%18s%s%s\n", "", ink->down, gap == days && days > 1 ? chain_tool_format(h->tool, "  %llu days", (unsigned long long)days) : "");
        bool same = before == time && i > 0;
        name_time(time, when);
        printf("%-16.16s  %s  ", same ? "" : when, event.weight == EVENT_LIFE ? ink->life : event.weight == EVENT_OWNER ? ink->owner : ink->record);
        printf("%-10llu %s: %s\n", (unsigned long long)log->block, event.event, event.detail);
        before = time;
    }
}

static int history(struct history *h)
{
    const struct tool_call *call = h->tool->call;
    int rc = chain_tool_name(h->tool, call->arguments[0], &h->name);
    if (rc == TOOL_DONE)
        rc = ens_details(h->tool, &h->name, true, &h->facts);
    h->chain = h->name.chain;
    if (rc == TOOL_DONE)
        rc = name_logs_begin(h->tool, h->chain, &h->logs);
    if (rc == TOOL_DONE)
        rc = h->name.ens ? history_ens(h) : history_uns(h);
    if (rc != TOOL_DONE)
        return rc;
    name_logs_sort(&h->logs);
    if (h->logs.count == 0 && call->values[OPTION_JSON] == NULL)
        return tools_complain(call, TOOL_NEGATIVE, "nothing is known to have happened to %s", h->name.text);
    if (call->values[OPTION_JSON] != NULL)
        return json_show(h);
    if (call->values[OPTION_DRAW] != NULL)
        drawing_show(h);
    else
        table_show(h);
    return TOOL_DONE;
}

int name_history_run(const struct tool_call *call)
{
    struct history *h = mem_alloc(sizeof *h);
    if (h == NULL)
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    int rc = chain_tool_open(call, &h->tool);
    if (rc == TOOL_DONE)
        rc = history(h);
    name_logs_free(&h->logs);
    facts_free(h->facts);
    chain_tool_close(h->tool);
    mem_free(h);
    return rc;
}
