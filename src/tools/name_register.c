/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name register` of names below `eth`: commit, wait, reveal.
 *
 *  The file (name_op.h) holds the secret before the commitment leaves and each transaction before it is sent; whoever says the same again goes
 *  on at the step where it was left, with the same octets. */
#include "tools/name_register.h"

#include <string.h>

#include "ethereum/abi.h"
#include "names/ens_selectors.h"

enum { AGE_POLL_MS = 250, RECOMMITS = 3 };

/* ---- the file ---- */

static void more_set(struct registering *g)
{
    struct json_value *m = json_value_object(), *records = json_value_array();
    json_value_set_text(m, "label", arena_string(g->tool->arena, chain_tool_format(g->tool, "%.*s", (int)g->r.label.length, g->r.label.data)));
    json_value_set_text(m, "controller", name_hex(g->tool, g->desk.octets, 20));
    json_value_set_u64(m, "kind", g->r.controller);
    json_value_set_text(m, "owner", name_hex(g->tool, g->r.owner.octets, 20));
    json_value_set_u64(m, "seconds", g->r.seconds);
    json_value_set_text(m, "secret", name_hex(g->tool, g->r.secret.octets, 32));
    json_value_set_text(m, "resolver", name_hex(g->tool, g->r.resolver.octets, 20));
    json_value_set_text(m, "address", name_hex(g->tool, g->r.address.octets, 20));
    for (size_t i = 0; i < g->r.record_count; i++)
        json_value_add(records, json_value_text(name_hex(g->tool, g->r.records[i].data, g->r.records[i].length)));
    json_value_set(m, "records", records);
    json_value_set_u64(m, "primary", g->r.primary);
    json_value_set_u64(m, "fuses", g->r.fuses);
    json_value_set_text(m, "commitment", name_hex(g->tool, g->commitment.octets, 32));
    json_value_set_u64(m, "youngest", g->youngest);
    json_value_set_u64(m, "oldest", g->oldest);
    json_value_free(g->op->more);
    g->op->more = m;
}

static bool octets_of(const char *text, uint8_t *out, size_t count)
{
    size_t length = 0;
    return text != NULL && strncmp(text, "0x", 2) == 0 && hex_decode(slice_string(text + 2), out, count, &length) == OK && length == count;
}

static bool records_get(struct registering *g, const struct json_value *list)
{
    size_t count = json_value_count(list);
    struct slice *records = arena_alloc(g->tool->arena, (count + 1) * sizeof *records);
    for (size_t i = 0; i < count && records != NULL; i++) {
        const char *text = json_value_as_text(json_value_at(list, i));
        size_t room = text == NULL || strlen(text) < 2 ? 0 : (strlen(text) - 2) / 2;
        uint8_t *octets = arena_alloc(g->tool->arena, room + 1);
        if (room == 0 || octets == NULL || !octets_of(text, octets, room))
            return false;
        records[i] = slice_of((const char *)octets, room);
    }
    g->r.records = records;
    g->r.record_count = count;
    return records != NULL;
}

/* What the file says; the commitment must follow from it. */
static int more_get(struct registering *g)
{
    const struct json_value *m = g->op->more;
    uint64_t kind = 0, primary = 0, fuses = 0;
    const char *label = json_value_get_text(m, "label");
    struct eth_word said;
    bool good = label != NULL && octets_of(json_value_get_text(m, "controller"), g->desk.octets, 20) && json_value_get_u64(m, "kind", &kind) && kind < ENS_CONTROLLER_COUNT &&
                octets_of(json_value_get_text(m, "owner"), g->r.owner.octets, 20) && json_value_get_u64(m, "seconds", &g->r.seconds) &&
                octets_of(json_value_get_text(m, "secret"), g->r.secret.octets, 32) && octets_of(json_value_get_text(m, "resolver"), g->r.resolver.octets, 20) &&
                octets_of(json_value_get_text(m, "address"), g->r.address.octets, 20) && json_value_get_u64(m, "primary", &primary) && json_value_get_u64(m, "fuses", &fuses) &&
                octets_of(json_value_get_text(m, "commitment"), said.octets, 32) && json_value_get_u64(m, "youngest", &g->youngest) &&
                json_value_get_u64(m, "oldest", &g->oldest) && records_get(g, json_value_get(m, "records"));
    if (good) {
        g->r.controller = (enum ens_controller)kind;
        g->r.primary = (uint8_t)primary;
        g->r.fuses = (uint16_t)fuses;
        g->r.label = slice_string(arena_string(g->tool->arena, label));
        good = ens_commitment(&g->r, &g->commitment) == OK && eth_word_equal(&said, &g->commitment) && g->op->step_count >= 2;
    }
    return good ? TOOL_DONE : tools_complain(g->tool->call, TOOL_FAILED, "%s does not hold together; it may have the secret of a commitment: see to it first", g->op->path);
}

/* ---- the beginning ---- */

static int agree(struct registering *g, bool *stop)
{
    const char *title = chain_tool_format(g->tool, "register %s for %llu year%s at the controller of %s", g->name.text, (unsigned long long)(g->r.seconds / SECONDS_A_YEAR), g->r.seconds == SECONDS_A_YEAR ? "" : "s",
                                          ens_desk_year(g->r.controller));
    return sender_confirm(&g->sender, g->op, title, stop);
}

static int begin(struct registering *g, bool *stop)
{
    const struct tool_call *call = g->tool->call;
    op_reset(g->op);
    int rc = sender_key_check(&g->sender);
    if (rc == TOOL_DONE)
        rc = registering_plan(g);
    if (rc == TOOL_DONE)
        rc = sender_fees(&g->sender);
    if (rc == TOOL_DONE)
        rc = sender_estimate(&g->sender, g->op);
    if (rc == TOOL_DONE)
        rc = agree(g, stop);
    if (rc != TOOL_DONE || *stop)
        return rc;
    more_set(g);
    rc = op_save(g->tool, g->op);       /* the secret is safe before the commitment leaves */
    if (rc == TOOL_DONE && call->values[OPTION_UNSIGNED] != NULL) {
        *stop = true;
        rc = sender_unsigned(&g->sender, g->op, call->values[OPTION_UNSIGNED]);
    }
    return rc;
}

/* ---- between commitment and registration ---- */

/* When the controller saw the commitment, by the chain's clock; 0 = it knows none. */
static int committed_at(struct registering *g, uint64_t *when, uint64_t *now)
{
    struct text text;
    struct tool_reply reply, head;
    struct u256 time;
    uint8_t word[32];
    text_growing(&text);
    ens_write_word(ENS_COMMITMENTS, &g->commitment, &text);
    struct slice data = chain_tool_keep(g->tool, &text);
    chain_tool_rpc(g->tool, g->name.chain, false, "eth_call", chain_tool_format(g->tool, "[{\"to\":\"%s\",\"data\":\"%s\"},\"latest\"]", name_hex(g->tool, g->desk.octets, 20), name_hex(g->tool, data.data, data.length)), &reply);
    chain_tool_rpc(g->tool, g->name.chain, false, "eth_getBlockByNumber", "[\"latest\",false]", &head);
    if (reply.status != OK || head.status != OK || json_hex_exact(reply.result, word, sizeof word) != OK || !sender_quantity(head.result, "timestamp", &time))
        return tools_complain(g->tool->call, TOOL_PENDING, "%s: the age of the commitment could not be had (%s); saying the same again goes on", g->name.text,
                              reply.status != OK ? reply.message : head.status != OK ? head.message : "the node's answer makes no sense");
    *when = u256_to_u64(u256_read(word, sizeof word));
    *now = u256_to_u64(time);
    return TOOL_DONE;
}

enum age { AGE_WAIT, AGE_GOOD, AGE_OLD, AGE_NONE };

/* Whether the block to come would take it, or refuse it for another reason than its youth, which is told later. */
static bool young_no_more(struct registering *g, uint64_t seconds_over)
{
    enum { ENOUGH_SECONDS = 10 };       /* controllers of 2020 do not say why they refuse */
    struct slice revert;
    int rc = sender_try(&g->sender, &g->op->steps[STEP_REGISTER].call, "pending", &revert, NULL);
    bool other = rc == TOOL_REFUSED && revert.length > 0 && write_error_of(revert) != WRITE_ERROR_TOO_NEW;
    return rc == TOOL_DONE || other || (rc == TOOL_REFUSED && revert.length == 0 && seconds_over > ENOUGH_SECONDS);
}

/* Waits until it is old enough on the chain.  A chain that makes blocks only when there is something to put in them shows its time in the
 * block to come. */
static int age_wait(struct registering *g, enum age *out)
{
    uint64_t begun = chain_loop_now_ms(g->tool->loop), now_ms = begun;
    for (;;) {
        uint64_t when = 0, now = 0;
        int rc = committed_at(g, &when, &now);
        if (rc != TOOL_DONE)
            return rc;
        uint64_t clock = chain_loop_unix_ms(g->tool->loop) / 1000, ripe = when + g->youngest, waited = (now_ms - begun) / 1000;
        uint64_t over = clock > ripe ? clock - ripe : waited > g->youngest ? waited - g->youngest : 0;      /* either clock may be wrong */
        *out = when == 0 ? AGE_NONE : now >= when + g->oldest ? AGE_OLD : now >= when + g->youngest ? AGE_GOOD : AGE_WAIT;
        if (*out == AGE_WAIT && over > 0 && young_no_more(g, over))
            *out = AGE_GOOD;
        if (*out != AGE_WAIT)
            break;
        if (now_ms - begun > g->sender.wait_ms + g->youngest * 1000) {
            chain_tool_progress(NULL, 0);
            return tools_complain(g->tool->call, TOOL_PENDING, "%s: the commitment is not old enough yet; saying the same again goes on", g->name.text);
        }
        chain_tool_pause(g->tool, g->sender.poll_ms > AGE_POLL_MS ? g->sender.poll_ms : AGE_POLL_MS);
        now_ms = chain_loop_now_ms(g->tool->loop);
        chain_tool_progress("the commitment to be old enough", now_ms - begun);
    }
    chain_tool_progress(NULL, 0);
    return TOOL_DONE;
}

/* Commits (again), until there is a commitment of the right age. */
static int commit(struct registering *g)
{
    struct op_step *step = &g->op->steps[STEP_COMMIT];
    for (int i = 0; i < RECOMMITS; i++) {
        enum age age;
        int rc = sender_step(&g->sender, g->op, STEP_COMMIT);
        if (rc == TOOL_DONE)
            rc = age_wait(g, &age);
        if (rc != TOOL_DONE || age == AGE_GOOD)
            return rc;
        sender_say(g->tool, age == AGE_OLD ? "the commitment has become too old; it is made again" : "the commitment is not on the chain any more; it is made again");
        step->done = false;
        if (age == AGE_OLD)
            step->raw_count = 0;        /* that one is used up; else the same octets go again */
    }
    return tools_complain(g->tool->call, TOOL_FAILED, "%s: the commitment does not stay on the chain", g->name.text);
}

/* ---- registering ---- */

static int price_now(struct registering *g, struct u256 *value)
{
    struct text text;
    struct state_read read = { .kind = STATE_CALL, .to = g->desk };
    struct state_result result;
    text_growing(&text);
    ens_write_label_seconds(ENS_RENT_PRICE, g->r.label, g->r.seconds, &text);
    read.calldata = chain_tool_keep(g->tool, &text);
    int rc = chain_tool_read(g->tool, g->name.chain, &read, &result, 1, NULL);
    if (rc != TOOL_DONE || result.outcome != STATE_VALUE || result.data.length < 32)
        return rc != TOOL_DONE ? rc : tools_complain(g->tool->call, TOOL_PENDING, "%s: the price could not be had; saying the same again goes on", g->name.text);
    struct u256 zero = { { 0 } };
    *value = ens_value(u256_read((const uint8_t *)result.data.data, 32), result.data.length >= 64 ? u256_read((const uint8_t *)result.data.data + 32, 32) : zero);
    return TOOL_DONE;
}

/* What it costs now against what was agreed to.  The commitment stays good for a while. */
static int price_agree(struct registering *g)
{
    struct op_step *step = &g->op->steps[STEP_REGISTER];
    struct u256 value, before = step->call.value;
    int rc = price_now(g, &value);
    if (rc == TOOL_DONE)
        rc = sender_fees(&g->sender);
    if (rc != TOOL_DONE)
        return rc;
    step->call.value = value;
    rc = sender_hold(&g->sender, g->op, sender_cost(&g->sender, g->op));
    if (rc != TOOL_DONE)
        step->call.value = before;
    return rc;
}

/* The last trial, with the real value; its gas. */
static int reveal_try(struct registering *g)
{
    struct op_step *step = &g->op->steps[STEP_REGISTER];
    struct tool_reply reply;
    struct slice revert;
    const char *message = NULL;
    struct text text;
    int rc = sender_gas(&g->sender, &step->call, "latest", &step->gas, &reply);
    if (rc != TOOL_DONE)
        rc = sender_gas(&g->sender, &step->call, "pending", &step->gas, &reply);
    if (rc == TOOL_DONE)
        step->later = false;
    if (rc == TOOL_DONE)
        return rc;
    rc = sender_try(&g->sender, &step->call, "pending", &revert, &message);
    if (rc == TOOL_DONE) {              /* a node that estimates by an older clock: the guess must do */
        step->later = false;
        return rc;
    }
    text_growing(&text);
    if (rc == TOOL_REFUSED && revert.length > 0)
        write_error_print(revert, &text);
    else
        text_add(&text, message != NULL ? message : "the node does not say why");
    rc = tools_complain(g->tool->call, rc == TOOL_REFUSED ? TOOL_REFUSED : TOOL_PENDING, "%s: `register` would fail, so it was not sent: %s", g->name.text, text.full ? "" : text.data);
    text_clear(&text);
    return rc;
}

static int reveal(struct registering *g)
{
    struct op_step *step = &g->op->steps[STEP_REGISTER];
    if (!step->done && step->raw_count == 0) {
        int rc = commit(g);
        if (rc == TOOL_DONE)
            rc = price_agree(g);
        if (rc == TOOL_DONE)
            rc = reveal_try(g);
        if (rc != TOOL_DONE)
            return rc;
    }
    return sender_step(&g->sender, g->op, STEP_REGISTER);
}

/* ---- the end ---- */

static int result_print(struct registering *g, const struct facts *facts)
{
    const struct facts_ens *e = &facts->e;
    char when[NAME_TIME_ROOM];
    const struct eth_address *owner = e->wrapped ? &e->wrapper_owner : !eth_address_is_zero(&e->registrant) ? &e->registrant : &e->owner;
    if (!eth_address_equal(owner, &g->r.owner))
        return tools_complain(g->tool->call, TOOL_FAILED, "%s: the registration is on the chain, but the owner is %s", g->name.text, name_address(g->tool, owner));
    if (!eth_address_is_zero(&g->r.resolver) && !eth_address_equal(&e->resolver, &g->r.resolver))
        return tools_complain(g->tool->call, TOOL_FAILED, "%s: the registration is on the chain, but its resolver is %s", g->name.text, name_address(g->tool, &e->resolver));
    if (g->tool->call->values[OPTION_JSON] == NULL) {
        printf("%s is registered to %s until %s (block %llu)\n", g->name.text, name_address(g->tool, owner), name_time(e->expires, when), (unsigned long long)g->op->steps[STEP_REGISTER].block);
        return TOOL_DONE;
    }
    struct json_value *object = json_value_object();
    struct text text;
    json_value_set_text(object, "name", g->name.text);
    json_value_set_text(object, "owner", name_address(g->tool, owner));
    json_value_set_text(object, "resolver", name_address(g->tool, &e->resolver));
    json_value_set_u64(object, "expires", e->expires);
    json_value_set_u64(object, "block", g->op->steps[STEP_REGISTER].block);
    json_value_set_text(object, "transaction", name_hex(g->tool, g->op->steps[STEP_REGISTER].hash.octets, 32));
    text_growing(&text);
    if (json_value_print(object, true, &text) == OK)
        puts(text.data);
    text_clear(&text);
    json_value_free(object);
    return TOOL_DONE;
}

static int finish(struct registering *g)
{
    struct facts *facts = NULL;
    uint64_t block = g->op->steps[g->op->step_count - 1].block;
    int rc = chain_tool_head(g->tool, g->name.chain, block);
    if (rc == TOOL_DONE)
        rc = ens_details(g->tool, &g->name, false, &facts);
    if (rc == TOOL_DONE)
        rc = result_print(g, facts);
    facts_free(facts);
    if (rc != TOOL_DONE)
        return rc;
    g->op->done = true;                 /* kept, so that saying it once more does not begin anew */
    return op_save(g->tool, g->op);
}

/* It is whose it was to be, and has not run out. */
static bool registered_as_meant(const struct registering *g, const struct facts *facts)
{
    const struct facts_ens *e = &facts->e;
    const struct eth_address *owner = e->wrapped ? &e->wrapper_owner : &e->registrant;
    return facts->status == FACTS_FOUND && eth_address_equal(owner, &g->r.owner) && name_life(e, facts->block.time) == NAME_LIFE_REGISTERED;
}

/* What an earlier run finished: still so? @param again  it is not: begin anew */
static int finished_before(struct registering *g, bool *again)
{
    struct facts *facts = NULL;
    int rc = more_get(g);
    if (rc == TOOL_DONE)
        rc = ens_details(g->tool, &g->name, true, &facts);
    if (rc == TOOL_DONE) {
        *again = !registered_as_meant(g, facts);
        if (!*again)
            rc = result_print(g, facts);
        if (!*again && g->tool->call->count > 1)
            sender_say(g->tool, "%s was registered before; records are changed by `rhiz name update`", g->name.text);
    }
    facts_free(facts);
    return rc;
}

/* It may have been sent from elsewhere (--unsigned). */
static int registered_elsewhere(struct registering *g, bool *out)
{
    struct facts *facts = NULL;
    int rc = ens_details(g->tool, &g->name, true, &facts);
    if (rc == TOOL_DONE)
        *out = registered_as_meant(g, facts);
    facts_free(facts);
    return rc;
}

static bool nothing_signed(const struct op *op)
{
    bool none = true;
    for (size_t i = 0; i < op->step_count; i++)
        none &= op->steps[i].raw_count == 0 && !op->steps[i].done;
    return none;
}

/* It may have been written to be signed elsewhere: nobody was asked whether to send it, and the commitment may be on the chain. */
static int begun_unsigned(struct registering *g, bool *stop)
{
    struct op_step *step = &g->op->steps[STEP_COMMIT];
    uint64_t when = 0, now = 0;
    int rc = committed_at(g, &when, &now);
    if (rc == TOOL_DONE)
        step->done = when != 0 && now < when + g->oldest;
    if (rc == TOOL_DONE)
        rc = agree(g, stop);
    return rc == TOOL_DONE ? op_save(g->tool, g->op) : rc;
}

/* What was begun before; *stop: there is nothing left to do. */
static int begun_before(struct registering *g, bool *stop)
{
    const struct tool_call *call = g->tool->call;
    bool there = false, none = g->op->steps[STEP_REGISTER].raw_count == 0 && !g->op->steps[STEP_REGISTER].done;
    int rc = more_get(g);
    if (rc == TOOL_DONE && none)
        rc = registered_elsewhere(g, &there);
    if (rc == TOOL_DONE && there) {
        *stop = true;
        return finish(g);
    }
    if (rc == TOOL_DONE)
        rc = sender_fees(&g->sender);
    if (rc == TOOL_DONE && call->values[OPTION_UNSIGNED] != NULL) {
        *stop = true;                   /* the same once more, with the same secret */
        return sender_unsigned(&g->sender, g->op, call->values[OPTION_UNSIGNED]);
    }
    if (rc == TOOL_DONE)
        sender_say(g->tool, "the registration of %s was begun before; going on with it, as it was meant then", g->name.text);
    return rc == TOOL_DONE && nothing_signed(g->op) ? begun_unsigned(g, stop) : rc;
}

static int go_on(struct registering *g, bool found)
{
    const struct tool_call *call = g->tool->call;
    bool again = true, stop = false, begun = found && !g->op->done;
    int rc = TOOL_DONE;
    if (found && g->op->done)
        rc = finished_before(g, &again);
    if (rc != TOOL_DONE || !again)
        return rc;
    if (begun && call->values[OPTION_DRY_RUN] != NULL)
        return tools_complain(call, TOOL_PENDING, "%s: a registration is under way; without --dry-run it goes on", g->name.text);
    rc = begun ? begun_before(g, &stop) : begin(g, &stop);
    if (rc != TOOL_DONE || stop)
        return rc;
    rc = reveal(g);
    if (rc == TOOL_DONE)
        rc = sender_steps(&g->sender, g->op);
    return rc == TOOL_DONE ? finish(g) : rc;
}

/* @param from  NULL: whoever signs */
static int register_second_level(struct chain_tool *tool, const struct tool_name *name, const struct eth_address *from)
{
    struct registering g = { .tool = tool, .name = *name };
    bool found = false;
    int rc = from == NULL ? sender_open_maybe(tool, name->chain, &g.sender) : sender_open_for(tool, name->chain, from, &g.sender);
    if (rc == TOOL_DONE)
        rc = op_open(tool, "register", g.name.text, g.sender.chain_id, &g.sender.from, &g.op, &found);
    if (rc == TOOL_DONE && (found || from == NULL))
        rc = go_on(&g, found);
    op_close(g.op);
    sender_close(&g.sender);
    mem_wipe(&g.r.secret, sizeof g.r.secret);
    return rc;
}

int name_register_resume(struct chain_tool *tool, const struct tool_name *name, const struct eth_address *from)
{
    return register_second_level(tool, name, from);
}

int name_register_run(const struct tool_call *call)
{
    struct chain_tool *tool;
    struct tool_name name;
    int rc = chain_tool_open(call, &tool);
    if (rc == TOOL_DONE)
        rc = chain_tool_name(tool, call->arguments[0], &name);
    if (rc == TOOL_DONE && !name.ens)
        rc = tools_complain(call, TOOL_REFUSED, "%s: names of Unstoppable Domains cannot be registered by just anybody: their contract mints for the company's minters only, who sell them; `update` and `transfer` are the owner's own", name.text);
    else if (rc == TOOL_DONE && name.labels < 2)
        rc = tools_complain(call, TOOL_REFUSED, "%s: there is no registrar for names of the first level", name.text);
    else if (rc == TOOL_DONE)
        rc = name.labels == 2 ? register_second_level(tool, &name, NULL) : name_register_below(tool, &name);
    chain_tool_close(tool);
    return rc;
}
