/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name pending`: what was begun and is not over; with --yes or --bump it goes on. */
#include "tools/name_ens.h"

#include <string.h>

#include "tools/control_client.h"

enum { PENDING_MAX = 256 };

struct entry { const char *verb, *name; uint64_t chain_id; struct eth_address from; };
struct pending {
    struct chain_tool *tool;
    struct columns_table *table;
    struct json_value *json;
    struct entry list[PENDING_MAX]; size_t count;
};

static struct chain *chain_of(struct chain_tool *tool, uint64_t id)
{
    for (size_t i = 0; i < tool->config->chain_count; i++)
        if (chain_id(tool->chains[i]) == id)
            return tool->chains[i];
    return NULL;
}

/* Where the step is: not signed, waiting, in a block. */
static const char *step_state(struct pending *p, const struct op *op, const struct op_step *step)
{
    struct chain *chain = chain_of(p->tool, op->chain_id);
    struct receipt receipt;
    if (step->done)
        return chain_tool_format(p->tool, "done in block %llu", (unsigned long long)step->block);
    if (step->raw_count == 0)
        return "not sent";
    for (size_t i = step->raw_count; i-- > 0 && chain != NULL;)
        if (sender_receipt(p->tool, chain, &step->raws[i].hash, &receipt) == OK)
            return chain_tool_format(p->tool, "%s in block %llu", receipt.good ? "good" : "failed", (unsigned long long)receipt.block);
    return chain_tool_format(p->tool, "waits, number %llu", (unsigned long long)step->nonce);
}

static bool op_take(void *context, struct op *op)
{
    struct pending *p = context;
    size_t at = 0;
    char when[NAME_TIME_ROOM];
    if (op->done || p->count == PENDING_MAX)
        return true;
    while (at + 1 < op->step_count && op->steps[at].done)
        at++;
    p->list[p->count++] = (struct entry){ op->verb, op->name, op->chain_id, op->from };
    const struct op_step *step = op->step_count > 0 ? &op->steps[at] : NULL;
    const char *what = step != NULL ? step->call.what : "-", *state = step != NULL ? step_state(p, op, step) : "not sent";
    const char *hash = step != NULL && step->raw_count > 0 ? name_hex(p->tool, step->raws[step->raw_count - 1].hash.octets, 32) : "-";
    name_time(op->begun_ms / 1000, when);
    columns_add(p->table, op->name);
    columns_add(p->table, op->verb);
    columns_add(p->table, chain_tool_format(p->tool, "%llu", (unsigned long long)op->chain_id));
    columns_add(p->table, name_address(p->tool, &op->from));
    columns_add(p->table, chain_tool_format(p->tool, "%zu of %zu, %s", at + 1, op->step_count, what));
    columns_add(p->table, state);
    columns_add(p->table, hash);
    struct json_value *one = json_value_object();
    json_value_set_text(one, "name", op->name);
    json_value_set_text(one, "verb", op->verb);
    json_value_set_u64(one, "chain-id", op->chain_id);
    json_value_set_text(one, "from", name_address(p->tool, &op->from));
    json_value_set_u64(one, "begun", op->begun_ms / 1000);
    json_value_set_u64(one, "step", at + 1);
    json_value_set_u64(one, "steps", op->step_count);
    json_value_set_text(one, "what", what);
    json_value_set_text(one, "state", state);
    json_value_set_text(one, "transaction", hash[0] == '-' ? NULL : hash);
    json_value_add(p->json, one);
    return true;
}

/* One that is not a registration: its steps, as they are. */
static int go_on(struct pending *p, const struct entry *e)
{
    struct chain *chain = chain_of(p->tool, e->chain_id);
    struct sender sender = { 0 };
    struct op *op = NULL;
    bool found = false;
    if (chain == NULL)
        return tools_complain(p->tool->call, TOOL_USAGE, "%s is on chain number %llu, which is not configured", e->name, (unsigned long long)e->chain_id);
    int rc = sender_open_for(p->tool, chain, &e->from, &sender);
    if (rc == TOOL_DONE)
        rc = op_open(p->tool, e->verb, e->name, e->chain_id, &e->from, &op, &found);
    if (rc == TOOL_DONE && found && !op->done) {
        rc = sender_fees(&sender);
        if (rc == TOOL_DONE)
            rc = sender_steps(&sender, op);
        if (rc == TOOL_DONE)
            rc = op_remove(p->tool, op);
        if (rc == TOOL_DONE)
            printf("%s: %s is done\n", e->name, e->verb);
    }
    op_close(op);
    sender_close(&sender);
    return rc;
}

static int pending(struct pending *p)
{
    const struct tool_call *call = p->tool->call;
    static const char *const head[] = { "NAME", "VERB", "CHAIN", "FROM", "STEP", "STATE", "TRANSACTION" };
    for (size_t i = 0; i < LENGTH_OF(head); i++)
        columns_add(p->table, head[i]);
    int rc = op_each(p->tool, op_take, p), worst = TOOL_DONE;
    if (rc != TOOL_DONE)
        return rc;
    if (call->values[OPTION_JSON] != NULL)
        rc = control_print_json(call, p->json);
    else if (p->count > 0)
        columns_print(p->table, stdout, 0);
    else
        puts("nothing is under way");
    bool on = call->values[OPTION_YES] != NULL || call->values[OPTION_BUMP] != NULL;
    for (size_t i = 0; i < p->count && on && rc == TOOL_DONE; i++) {
        const struct entry *e = &p->list[i];
        struct tool_name name;
        int one;
        if (strcmp(e->verb, "register") == 0 && chain_tool_name(p->tool, e->name, &name) == TOOL_DONE && name.labels == 2)
            one = name_register_resume(p->tool, &name, &e->from);
        else
            one = go_on(p, e);
        worst = one != TOOL_DONE ? one : worst;
    }
    return rc != TOOL_DONE ? rc : worst;
}

int name_pending_run(const struct tool_call *call)
{
    struct pending p = { .table = columns_new(7), .json = json_value_array() };
    int rc = chain_tool_open(call, &p.tool);
    if (rc == TOOL_DONE)
        rc = pending(&p);
    columns_free(p.table);
    json_value_free(p.json);
    chain_tool_close(p.tool);
    return rc;
}
