/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name list`: names of an address: candidates out of logs, each checked against who has it now. */
#include <stdlib.h>
#include <string.h>

#include "ethereum/abi.h"
#include "names/ens_selectors.h"
#include "names/label.h"
#include "names/namehash.h"
#include "tools/control_client.h"
#include "tools/name_ens.h"
#include "tools/name_logs.h"

enum { TOKENS_MAX = 2000, CHUNK = 150 };
enum token_kind { TOKEN_REGISTRAR, TOKEN_WRAPPER, TOKEN_NODE, TOKEN_UNS };

struct holding {
    enum token_kind kind;
    struct eth_word id;             /* label hash, node or token */
    const char *name;               /* NULL = not known */
    bool owned;
    uint64_t expires;
};
struct listing {
    struct chain_tool *tool;
    struct eth_address owner;
    struct holding *tokens; size_t count;
    struct eth_block block;
    struct columns_table *table;
    struct json_value *json;
    size_t shown;
};

static void token_add(struct listing *l, enum token_kind kind, const struct eth_word *id)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->tokens[i].kind == kind && eth_word_equal(&l->tokens[i].id, id))
            return;
    if (l->count < TOKENS_MAX)
        l->tokens[l->count++] = (struct holding){ .kind = kind, .id = *id };
}

static const char *bracket(struct listing *l, const struct eth_word *hash)
{
    char label[LABEL_UNKNOWN_BYTES + 1] = "";
    label_write_unknown(hash->octets, label);
    label[LABEL_UNKNOWN_BYTES] = 0;
    return arena_string(l->tool->arena, label);
}

/* ---- candidates ---- */

static int logs_of(struct listing *l, struct chain *chain, const struct eth_address *contract, const struct name_topic *topics, size_t count, struct name_logs *logs)
{
    int rc = eth_address_is_zero(contract) ? TOOL_DONE : name_logs_ask(l->tool, chain, contract, 1, topics, count, logs);
    name_logs_sort(logs);
    return rc;
}

/* Tokens that came to the address: Transfer has the number as a topic, the wrapper's TransferSingle in its data. */
static int tokens_came(struct listing *l, struct chain *chain, const struct eth_address *contract, enum token_kind kind)
{
    struct name_logs logs;
    struct name_topic topics[4] = { 0 };
    struct eth_word owner = ens_word_of_address(&l->owner);
    bool wrapper = kind == TOKEN_WRAPPER;
    struct eth_word event = name_event(wrapper ? "TransferSingle(address,address,address,uint256,uint256)" : "Transfer(address,address,uint256)");
    int rc = name_logs_begin(l->tool, chain, &logs);
    name_topic_add(&topics[0], &event);
    name_topic_add(&topics[wrapper ? 3 : 2], &owner);
    if (rc == TOOL_DONE)
        rc = logs_of(l, chain, contract, topics, wrapper ? 4 : 3, &logs);
    for (size_t i = 0; i < logs.count; i++) {
        struct eth_word id = logs.list[i].topic_count == 4 ? logs.list[i].topics[3] : (struct eth_word){ { 0 } };
        if (wrapper && logs.list[i].data.length == 64)
            memcpy(id.octets, logs.list[i].data.data, 32);
        if (wrapper ? logs.list[i].data.length == 64 : logs.list[i].topic_count == 4)
            token_add(l, kind, &id);
    }
    name_logs_free(&logs);
    return rc;
}

/* Names below those that are owned: the registry's logs of their nodes. */
static int nodes_below(struct listing *l, const struct ens_options *o)
{
    struct eth_word event = name_event("NewOwner(bytes32,bytes32,address)"), owner = ens_word_of_address(&l->owner), eth;
    size_t own = l->count;
    int rc = TOOL_DONE;
    if (namehash_name(slice_string("eth"), false, eth.octets) != OK)
        return TOOL_FAILED;
    for (size_t i = 0; i < own && rc == TOOL_DONE; i++) {
        struct holding *t = &l->tokens[i];
        struct name_logs logs;
        struct name_topic topics[2] = { 0 };
        struct eth_word node = t->id;
        if (!t->owned || t->name == NULL || t->kind == TOKEN_UNS)
            continue;
        if (t->kind == TOKEN_REGISTRAR)
            namehash_child_of_hash(eth.octets, t->id.octets, node.octets);
        name_topic_add(&topics[0], &event);
        name_topic_add(&topics[1], &node);
        rc = name_logs_begin(l->tool, o->chain, &logs);
        if (rc == TOOL_DONE)
            rc = logs_of(l, o->chain, &o->registry, topics, 2, &logs);
        for (size_t k = 0; k < logs.count; k++) {
            if (logs.list[k].topic_count != 3 || logs.list[k].data.length != 32 || memcmp(logs.list[k].data.data, owner.octets, 32) != 0)
                continue;
            struct eth_word child;
            namehash_child_of_hash(node.octets, logs.list[k].topics[2].octets, child.octets);
            size_t before = l->count;
            token_add(l, TOKEN_NODE, &child);
            if (l->count > before)
                l->tokens[before].name = chain_tool_format(l->tool, "%s.%s", bracket(l, &logs.list[k].topics[2]), l->tokens[i].name);
        }
        name_logs_free(&logs);
    }
    return rc;
}

/* ---- who has them now ---- */

static struct state_read read_of(struct listing *l, const struct eth_address *to, uint32_t selector, const struct eth_word *word)
{
    struct text text;
    text_growing(&text);
    ens_write_word(selector, word, &text);
    return (struct state_read){ .kind = STATE_CALL, .to = *to, .calldata = chain_tool_keep(l->tool, &text) };
}

static bool word_is_owner(const struct listing *l, const struct state_result *result)
{
    struct eth_word owner = ens_word_of_address(&l->owner);
    return result->outcome == STATE_VALUE && result->data.length >= 32 && memcmp(result->data.data, owner.octets, 32) == 0;
}

static uint64_t word_number(const struct state_result *result, size_t index)
{
    if (result->outcome != STATE_VALUE || result->data.length < 32 * (index + 1))
        return 0;
    return u256_to_u64(u256_read((const uint8_t *)result->data.data + 32 * index, 32));
}

static const char *wrapper_name(struct listing *l, const struct state_result *result)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, result->data);
    struct slice wire = result->outcome == STATE_VALUE ? abi_read_bytes(&reader) : slice_of("", 0);
    char *out = arena_alloc(l->tool->arena, wire.length + 2);
    size_t length = 0;
    if (!abi_ok(&input) || out == NULL || wire.length == 0 || namehash_wire_read((const uint8_t *)wire.data, wire.length, out, wire.length + 1, &length) != OK)
        return NULL;
    return name_clean(l->tool, slice_of(out, length));
}

static void token_reads(struct listing *l, const struct ens_options *o, const struct holding *t, struct state_read reads[2])
{
    switch (t->kind) {
    case TOKEN_REGISTRAR:
        reads[0] = read_of(l, &o->base_registrar, ENS_OWNER_OF, &t->id);
        reads[1] = read_of(l, &o->base_registrar, ENS_NAME_EXPIRES, &t->id);
        break;
    case TOKEN_WRAPPER:
        reads[0] = read_of(l, &o->name_wrapper, ENS_WRAPPER_GET_DATA, &t->id);
        reads[1] = read_of(l, &o->name_wrapper, ENS_WRAPPER_NAMES, &t->id);
        break;
    default:
        reads[0] = read_of(l, &o->registry, ENS_OWNER, &t->id);
        reads[1] = read_of(l, &o->registry, ENS_OWNER, &t->id);
        break;
    }
}

/* A name in its grace period has no owner by ownerOf, which fails; the registry still says who. */
static int tokens_check(struct listing *l, const struct ens_options *o, size_t from)
{
    struct state_read reads[2 * CHUNK];
    struct state_result results[2 * CHUNK];
    int rc = TOOL_DONE;
    for (size_t at = from; at < l->count && rc == TOOL_DONE; at += CHUNK) {
        size_t count = l->count - at < CHUNK ? l->count - at : CHUNK;
        for (size_t i = 0; i < count; i++)
            token_reads(l, o, &l->tokens[at + i], &reads[2 * i]);
        rc = chain_tool_read(l->tool, o->chain, reads, results, 2 * count, &l->block);
        for (size_t i = 0; i < count && rc == TOOL_DONE; i++) {
            struct holding *t = &l->tokens[at + i];
            if (results[2 * i].outcome == STATE_UNAVAILABLE)
                return tools_complain(l->tool->call, TOOL_FAILED, "who owns what could not be had: %s", chain_failure_text(results[2 * i].failure));
            t->owned = word_is_owner(l, &results[2 * i]);
            if (t->kind == TOKEN_REGISTRAR)
                t->expires = word_number(&results[2 * i + 1], 0);
            if (t->kind == TOKEN_REGISTRAR && results[2 * i].outcome == STATE_REVERTED)
                t->owned = l->block.time >= t->expires && l->block.time <= t->expires + o->grace_seconds;
            if (t->kind == TOKEN_WRAPPER) {
                t->expires = word_number(&results[2 * i], 2);
                t->name = wrapper_name(l, &results[2 * i + 1]);
            }
        }
    }
    return rc;
}

/* Labels of tokens of the registrar, from what the controllers said when they were sold; any of them may be the buyer's invention, but not its hash. */
static int labels_find(struct listing *l, const struct ens_options *o)
{
    static const char *const signatures[] = { "NameRegistered(string,bytes32,address,uint256,uint256)", "NameRegistered(string,bytes32,address,uint256,uint256,uint256)",
                                              "NameRegistered(string,bytes32,address,uint256,uint256,uint256,bytes32)" };
    int rc = TOOL_DONE;
    for (size_t at = 0; at < l->count && rc == TOOL_DONE && o->controller_count > 0;) {
        struct name_logs logs;
        struct name_topic topics[2] = { 0 };
        for (size_t i = 0; i < LENGTH_OF(signatures); i++) {
            struct eth_word event = name_event(signatures[i]);
            name_topic_add(&topics[0], &event);
        }
        for (; at < l->count && topics[1].count < NAME_TOPICS; at++)
            if (l->tokens[at].kind == TOKEN_REGISTRAR && l->tokens[at].owned)
                name_topic_add(&topics[1], &l->tokens[at].id);
        if (topics[1].count == 0)
            break;
        rc = name_logs_begin(l->tool, o->chain, &logs);
        if (rc == TOOL_DONE)
            rc = name_logs_ask(l->tool, o->chain, o->controllers, o->controller_count, topics, 2, &logs);
        for (size_t i = 0; i < logs.count; i++) {
            struct abi_input input;
            struct abi_reader reader = abi_reader_of(&input, logs.list[i].data);
            struct slice label = abi_read_bytes(&reader);
            struct eth_word hash;
            namehash_label(label, hash.octets);
            for (size_t k = 0; k < l->count && abi_ok(&input); k++)
                if (l->tokens[k].kind == TOKEN_REGISTRAR && eth_word_equal(&l->tokens[k].id, &hash))
                    l->tokens[k].name = chain_tool_format(l->tool, "%s.eth", name_clean(l->tool, label));
        }
        name_logs_free(&logs);
    }
    for (size_t i = 0; i < l->count; i++)
        if (l->tokens[i].name == NULL && l->tokens[i].kind == TOKEN_REGISTRAR)
            l->tokens[i].name = chain_tool_format(l->tool, "%s.eth", bracket(l, &l->tokens[i].id));
    return rc;
}

/* ---- showing ---- */

static void token_show(struct listing *l, const struct holding *t, const char *system, const char *chain, uint64_t grace_seconds)
{
    static const char *const kinds[] = { "registered", "wrapped", "below another", "token" };
    char when[NAME_TIME_ROOM] = "-";
    uint64_t now = l->block.time, until = t->expires;
    bool wrapped_second = t->kind == TOKEN_WRAPPER && t->name != NULL && strchr(t->name, '.') == strrchr(t->name, '.');
    if (wrapped_second && until > grace_seconds)
        until -= grace_seconds;                     /* the wrapper counts the grace period in */
    const char *state = until == 0 ? "" : now < until ? "" : now <= until + grace_seconds ? "grace period" : "expired";
    if (until > 0)
        name_time(until, when);
    const char *name = t->name != NULL ? t->name : name_hex(l->tool, t->id.octets, 32);
    columns_add(l->table, name);
    columns_add(l->table, kinds[t->kind]);
    columns_add(l->table, when);
    columns_add(l->table, state);
    columns_add(l->table, chain);
    struct json_value *one = json_value_object();
    json_value_set_text(one, "name", name);
    json_value_set_text(one, "system", system);
    json_value_set_text(one, "chain", chain);
    json_value_set_text(one, "kind", kinds[t->kind]);
    if (until > 0) {
        json_value_set_u64(one, "expires", until);
        json_value_set_u64(one, "grace-ends", until + grace_seconds);
        json_value_set_bool(one, "grace", state[0] == 'g');
    }
    json_value_add(l->json, one);
    l->shown++;
}

static int list_ens(struct listing *l, const struct name_source *source)
{
    const struct ens_options *o = name_source_ens_options(source);
    l->count = 0;
    int rc = tokens_came(l, o->chain, &o->base_registrar, TOKEN_REGISTRAR);
    if (rc == TOOL_DONE)
        rc = tokens_came(l, o->chain, &o->name_wrapper, TOKEN_WRAPPER);
    if (rc == TOOL_DONE)
        rc = tokens_check(l, o, 0);
    if (rc == TOOL_DONE)
        rc = labels_find(l, o);
    size_t own = l->count;
    if (rc == TOOL_DONE)
        rc = nodes_below(l, o);
    if (rc == TOOL_DONE && l->count > own)
        rc = tokens_check(l, o, own);
    for (size_t i = 0; i < l->count && rc == TOOL_DONE; i++)
        if (l->tokens[i].owned)
            token_show(l, &l->tokens[i], "ens", chain_name(o->chain), o->grace_seconds);
    return rc;
}

/* The name of a UNS token, by the log of its minting. */
static const char *uns_name(struct listing *l, struct chain *chain, const struct eth_address *registry, const struct eth_word *token)
{
    struct name_logs logs;
    struct name_topic topics[2] = { 0 };
    struct eth_word event = name_event("NewURI(uint256,string)"), hash;
    const char *name = NULL;
    name_topic_add(&topics[0], &event);
    name_topic_add(&topics[1], token);
    if (name_logs_begin(l->tool, chain, &logs) != TOOL_DONE || logs_of(l, chain, registry, topics, 2, &logs) != TOOL_DONE)
        return NULL;
    for (size_t i = 0; i < logs.count; i++) {
        struct abi_input input;
        struct abi_reader reader = abi_reader_of(&input, logs.list[i].data);
        struct slice text = abi_read_bytes(&reader);
        if (abi_ok(&input) && namehash_name(text, false, hash.octets) == OK && eth_word_equal(&hash, token))
            name = name_clean(l->tool, text);
    }
    name_logs_free(&logs);
    return name;
}

static int list_uns_layer(struct listing *l, struct chain *chain, const struct eth_address *registry, const struct eth_address *reader)
{
    struct state_read reads[CHUNK];
    struct state_result results[CHUNK];
    if (chain == NULL || eth_address_is_zero(registry))
        return TOOL_DONE;
    l->count = 0;
    int rc = tokens_came(l, chain, registry, TOKEN_UNS);
    for (size_t at = 0; at < l->count && rc == TOOL_DONE; at += CHUNK) {
        size_t count = l->count - at < CHUNK ? l->count - at : CHUNK;
        for (size_t i = 0; i < count; i++)
            reads[i] = read_of(l, reader, ENS_OWNER_OF, &l->tokens[at + i].id);
        rc = chain_tool_read(l->tool, chain, reads, results, count, &l->block);
        for (size_t i = 0; i < count && rc == TOOL_DONE; i++)
            l->tokens[at + i].owned = word_is_owner(l, &results[i]);
    }
    for (size_t i = 0; i < l->count && rc == TOOL_DONE; i++)
        if (l->tokens[i].owned) {
            l->tokens[i].name = uns_name(l, chain, registry, &l->tokens[i].id);
            token_show(l, &l->tokens[i], "uns", chain_name(chain), 0);
        }
    return rc;
}

static int owner_of_call(struct listing *l)
{
    const struct tool_call *call = l->tool->call;
    struct sender sender;
    if (call->count > 0 || call->values[OPTION_FROM] != NULL)
        return tools_address(call, "ADDRESS", call->count > 0 ? call->arguments[0] : call->values[OPTION_FROM], l->owner.octets);
    struct chain *chain = chain_tool_chain(l->tool);
    int rc = chain == NULL ? TOOL_USAGE : sender_open(l->tool, chain, &sender);
    if (rc == TOOL_DONE) {
        l->owner = sender.from;
        sender_close(&sender);
    }
    return rc;
}

static int list(struct listing *l)
{
    const struct tool_call *call = l->tool->call;
    static const char *const head[] = { "NAME", "HELD AS", "UNTIL", "", "CHAIN" };
    int rc = owner_of_call(l);
    for (size_t i = 0; i < LENGTH_OF(head); i++)
        columns_add(l->table, head[i]);
    for (int ens = 1; ens >= 0 && rc == TOOL_DONE; ens--) {
        const struct config_mount *mount = chain_tool_mount(l->tool, ens == 1);
        struct name_source *source = mount != NULL ? chain_tool_source(l->tool, mount) : NULL;
        if (source == NULL)
            continue;
        const struct uns_options *u = ens == 1 ? NULL : name_source_uns_options(source);
        rc = ens == 1 ? list_ens(l, source) : list_uns_layer(l, u->layer2, &u->registry2, &u->reader2);
        if (rc == TOOL_DONE && u != NULL)
            rc = list_uns_layer(l, u->layer1, &u->registry1, &u->reader1);
    }
    if (rc != TOOL_DONE)
        return rc;
    if (call->values[OPTION_JSON] != NULL)
        return control_print_json(call, l->json);
    if (l->shown == 0)
        return tools_complain(call, TOOL_NEGATIVE, "%s has no names that logs tell of", name_address(l->tool, &l->owner));
    columns_print(l->table, stdout, 0);
    return TOOL_DONE;
}

int name_list_run(const struct tool_call *call)
{
    struct listing l = { .tokens = mem_alloc(TOKENS_MAX * sizeof *l.tokens), .table = columns_new(5), .json = json_value_array() };
    int rc = chain_tool_open(call, &l.tool);
    if (rc == TOOL_DONE)
        rc = l.tokens == NULL ? tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM)) : list(&l);
    columns_free(l.table);
    json_value_free(l.json);
    mem_free(l.tokens);
    chain_tool_close(l.tool);
    return rc;
}
