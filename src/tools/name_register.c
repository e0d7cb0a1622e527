/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name register` of names below `eth`: commit, wait, reveal.
 *
 *  The file (name_op.h) holds the secret before the commitment leaves and each transaction before it is sent; whoever says the same again goes
 *  on at the step where it was left, with the same octets. */
#include "tools/name_ens.h"

#include <string.h>

#include "ethereum/abi.h"
#include "names/ens_selectors.h"

enum { STEP_COMMIT, STEP_REGISTER, STEP_RECORDS };
enum { GAS_REGISTER = 350000, GAS_RECORD = 90000, AGE_POLL_MS = 250, RECOMMITS = 3 };

struct registering {
    struct chain_tool *tool;
    struct tool_name name;
    struct sender sender;
    struct op *op;
    struct ens_registration r;
    struct eth_address desk;
    struct eth_word commitment;
    uint64_t youngest, oldest;
};

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

/* ---- planning ---- */

/* Whether the resolver takes records from this controller: a trial in its name. */
static bool resolver_trusts(struct registering *g, const struct eth_address *resolver)
{
    struct text text;
    struct sender desk = g->sender;
    text_growing(&text);
    ens_write_multicall_checked(&g->name.node, g->r.records, g->r.record_count, &text);
    struct write_call call = name_call(g->tool, resolver, &text, "");
    desk.from = g->desk;
    return sender_try(&desk, &call, "latest", NULL, NULL) == TOOL_DONE;
}

/* The resolver that is asked for, or the first public one that takes records from this controller. */
static int resolver_choose(struct registering *g, const struct write_changes *changes)
{
    const struct ens_options *o = name_source_ens_options(g->name.source);
    bool records = g->r.record_count > 0 && g->r.controller != ENS_CONTROLLER_2020;
    if (changes->new_resolver) {
        g->r.resolver = changes->resolver;
        if (!records || resolver_trusts(g, &g->r.resolver))
            return TOOL_DONE;
        return tools_complain(g->tool->call, TOOL_REFUSED, "the resolver %s does not take these records from the controller %s; register without records and `update` them afterwards",
                              name_address(g->tool, &g->r.resolver), name_address(g->tool, &g->desk));
    }
    if (!eth_address_is_zero(&o->public_resolver) && (!records || resolver_trusts(g, &o->public_resolver))) {
        g->r.resolver = o->public_resolver;
        return TOOL_DONE;
    }
    for (size_t i = 0; i < o->known_resolver_count; i++)
        if (records && resolver_trusts(g, &o->known_resolvers[i])) {
            g->r.resolver = o->known_resolvers[i];
            return TOOL_DONE;
        }
    if (!records)
        return TOOL_DONE;
    return tools_complain(g->tool->call, TOOL_REFUSED, "no resolver that is known takes these records from the controller %s; say which: resolver=0x...", name_address(g->tool, &g->desk));
}

static int desk_choose(struct registering *g, const struct ens_desks *desks, const struct ens_desk **out)
{
    const struct tool_call *call = g->tool->call;
    const struct ens_desk *best = NULL;
    bool wanted = call->values[OPTION_CONTROLLER] != NULL;
    for (size_t i = 0; i < desks->count && best == NULL; i++)
        if (desks->list[i].known && desks->list[i].enabled)
            best = &desks->list[i];
    if (best == NULL && wanted && !desks->list[0].enabled)
        return tools_complain(call, TOOL_REFUSED, "the controller %s is not enabled in the registrar", call->values[OPTION_CONTROLLER]);
    if (best == NULL && wanted)
        return tools_complain(call, TOOL_REFUSED, "the controller %s does not make commitments as any controller that is known here does", call->values[OPTION_CONTROLLER]);
    if (best == NULL)
        return tools_complain(call, TOOL_REFUSED, "none of the controllers that are configured is enabled in the registrar and of a known kind; --controller ADDRESS names another");
    *out = best;
    return TOOL_DONE;
}

static int taken(struct registering *g)
{
    struct facts *facts = NULL;
    char when[NAME_TIME_ROOM];
    int rc = ens_details(g->tool, &g->name, true, &facts);
    if (rc == TOOL_DONE) {
        const struct facts_ens *e = &facts->e;
        const struct eth_address *owner = e->wrapped ? &e->wrapper_owner : !eth_address_is_zero(&e->registrant) ? &e->registrant : &e->owner;
        rc = tools_complain(g->tool->call, TOOL_REFUSED, "%s is not to be had: it belongs to %s%s until %s", g->name.text, name_address(g->tool, owner),
                            eth_address_equal(owner, &g->sender.from) ? " (you)" : "", e->expires > 0 ? name_time(e->expires, when) : "?");
    }
    facts_free(facts);
    return rc;
}

static int changes_take(struct registering *g, struct write_changes *changes)
{
    struct slice *calls = arena_alloc(g->tool->arena, ENS_CALLS_MAX * sizeof *calls);
    size_t count = 0;
    bool has_address = false;
    if (calls == NULL)
        return tools_complain(g->tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    for (size_t i = 0; i < changes->count; i++)
        has_address |= changes->list[i].kind == WRITE_COIN && changes->list[i].coin == 60;
    if (changes->primary && !has_address) {         /* a primary name must lead back to the address */
        struct text why;
        char room[8];
        text_fixed(&why, room, sizeof room);
        const char *argument = chain_tool_format(g->tool, "addr.60=%s", name_address(g->tool, &g->sender.from));
        (void)!write_change_parse(changes, slice_string(argument), name_view_of(&g->name.wire), 0, true, &why);
    }
    enum status st = ens_write_records(changes, &g->name.node, calls, &count);
    if (st != OK)
        return tools_complain(g->tool->call, TOOL_USAGE, "the records cannot be written: %s", st == E_LIMIT ? "they are too long for a transaction" : status_text(st));
    g->r.records = calls;
    g->r.record_count = count;
    g->r.primary = changes->primary;
    return TOOL_DONE;
}

static void step_plan(struct registering *g, const struct eth_address *to, struct text *data, const char *what, struct u256 value, uint64_t gas)
{
    struct write_call call = name_call(g->tool, to, data, what);
    call.value = value;
    call.gas_guess = gas;
    (void)op_step_add(g->op, &call);
}

/* The calls, in the order in which they are sent. */
static void steps_plan(struct registering *g, const struct ens_desk *desk)
{
    const struct ens_options *o = name_source_ens_options(g->name.source);
    const struct u256 none = { { 0 } };
    struct text text;
    uint64_t gas_records = g->r.record_count * GAS_RECORD;
    bool after = g->r.controller == ENS_CONTROLLER_2020;
    g->op->step_count = 0;
    text_growing(&text);
    ens_write_commit(&g->commitment, &text);
    step_plan(g, &g->desk, &text, "commit", none, 0);
    text_growing(&text);
    ens_write_register(&g->r, &text);
    step_plan(g, &g->desk, &text, "register", ens_value(desk->base, desk->premium), GAS_REGISTER + (after ? 0 : gas_records));
    if (after && g->r.record_count > 0) {
        text_growing(&text);
        ens_write_multicall(g->r.records, g->r.record_count, &text);
        step_plan(g, &g->r.resolver, &text, "set records", none, gas_records + GAS_RECORD);
    }
    if (after && g->r.primary) {
        text_growing(&text);
        ens_write_primary(slice_string(g->name.text), &text);
        step_plan(g, &o->reverse_registrar, &text, "set the primary name", none, 2 * GAS_RECORD);
    }
}

/* With the controller known, what it hashes is settled: 2020 commits to no records. */
static int form_settle(struct registering *g, const struct ens_desk *desk, const struct write_changes *changes)
{
    g->desk = desk->address;
    g->r.controller = desk->kind;
    g->youngest = desk->youngest;
    g->oldest = desk->oldest;
    if (!desk->valid)
        return tools_complain(g->tool->call, TOOL_REFUSED, "%s: the controller does not take this label; it needs at least three characters", g->name.text);
    if (!desk->available)
        return taken(g);
    if (!desk->priced || desk->oldest == 0)
        return tools_complain(g->tool->call, TOOL_FAILED, "%s: the controller tells no price", g->name.text);
    int rc = resolver_choose(g, changes);
    if (rc != TOOL_DONE)
        return rc;
    if ((g->r.record_count > 0 || g->r.primary) && eth_address_is_zero(&g->r.resolver))
        return tools_complain(g->tool->call, TOOL_USAGE, "records need a resolver: no public one is known for this chain, say resolver=0x...");
    return ens_commitment(&g->r, &g->commitment) == OK ? TOOL_DONE : tools_complain(g->tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM));
}

/* Our hash against the contract's own, for exactly this registration. */
static int commitment_compare(struct registering *g)
{
    struct text text;
    struct state_read read = { .kind = STATE_CALL, .to = g->desk };
    struct state_result result;
    text_growing(&text);
    ens_write_make_commitment(&g->r, &text);
    read.calldata = chain_tool_keep(g->tool, &text);
    int rc = chain_tool_read(g->tool, g->name.chain, &read, &result, 1, NULL);
    if (rc != TOOL_DONE)
        return rc;
    if (result.outcome == STATE_VALUE && result.data.length == 32 && memcmp(result.data.data, g->commitment.octets, 32) == 0)
        return TOOL_DONE;
    text_growing(&text);
    if (result.outcome == STATE_REVERTED)
        write_error_print(result.data, &text);
    else
        text_add(&text, result.outcome == STATE_VALUE ? "its makeCommitment gives another hash" : chain_failure_text(result.failure));
    rc = tools_complain(g->tool->call, TOOL_REFUSED, "the controller %s does not agree with the commitment, so nothing was sent: %s", name_address(g->tool, &g->desk), text.full ? "" : text.data);
    text_clear(&text);
    return rc;
}

static int plan(struct registering *g, struct ens_desks *desks)
{
    const struct tool_call *call = g->tool->call;
    const struct ens_desk *desk = NULL;
    struct write_changes changes;
    struct ens_registration form;
    g->r.label = ens_label(&g->name);
    g->r.owner = g->sender.from;
    random_bytes(g->r.secret.octets, sizeof g->r.secret.octets);
    int rc = ens_seconds(call, &g->r.seconds);
    if (rc == TOOL_DONE && call->values[OPTION_OWNER] != NULL)
        rc = tools_address(call, "--owner", call->values[OPTION_OWNER], g->r.owner.octets);
    if (rc == TOOL_DONE)
        rc = name_changes(g->tool, &g->name, 1, &changes);
    if (rc == TOOL_DONE)
        rc = changes_take(g, &changes);
    form = g->r;                        /* a sample without records, with a resolver: every kind has one */
    form.record_count = 0;
    form.resolver = g->sender.from;
    random_bytes(form.secret.octets, sizeof form.secret.octets);
    if (rc == TOOL_DONE)
        rc = ens_desks_read(g->tool, &g->name, &form, desks);
    if (rc == TOOL_DONE)
        rc = desk_choose(g, desks, &desk);
    if (rc == TOOL_DONE)
        rc = form_settle(g, desk, &changes);
    if (rc == TOOL_DONE && g->r.controller == ENS_CONTROLLER_2020 && (g->r.record_count > 0 || g->r.primary) && !eth_address_equal(&g->r.owner, &g->sender.from))
        rc = tools_complain(call, TOOL_REFUSED, "this controller (2020) sets no records by itself, and records of %s can only be set by who owns it", g->name.text);
    if (rc == TOOL_DONE)
        rc = commitment_compare(g);
    if (rc == TOOL_DONE)
        steps_plan(g, desk);
    return rc;
}

static int agree(struct registering *g, bool *stop)
{
    const char *title = chain_tool_format(g->tool, "register %s for %llu year%s at the controller of %s", g->name.text, (unsigned long long)(g->r.seconds / SECONDS_A_YEAR), g->r.seconds == SECONDS_A_YEAR ? "" : "s",
                                          ens_desk_year(g->r.controller));
    return sender_confirm(&g->sender, g->op, title, stop);
}

static int begin(struct registering *g, bool *stop)
{
    struct ens_desks desks;
    const struct tool_call *call = g->tool->call;
    op_reset(g->op);
    int rc = sender_key_check(&g->sender);
    if (rc == TOOL_DONE)
        rc = plan(g, &desks);
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
        chain_tool_pause(g->tool, g->sender.poll_ms > AGE_POLL_MS ? g->sender.poll_ms : AGE_POLL_MS, NULL);
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

/* What an earlier run finished: still so? @param again  it is not: begin anew */
static int finished_before(struct registering *g, bool *again)
{
    struct facts *facts = NULL;
    int rc = more_get(g);
    if (rc == TOOL_DONE)
        rc = ens_details(g->tool, &g->name, true, &facts);
    if (rc == TOOL_DONE) {
        const struct facts_ens *e = &facts->e;
        const struct eth_address *owner = e->wrapped ? &e->wrapper_owner : &e->registrant;
        *again = facts->status != FACTS_FOUND || !eth_address_equal(owner, &g->r.owner) || name_life(e, facts->block.time) != NAME_LIFE_REGISTERED;
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
    if (rc == TOOL_DONE) {
        const struct facts_ens *e = &facts->e;
        *out = facts->status == FACTS_FOUND && eth_address_equal(e->wrapped ? &e->wrapper_owner : &e->registrant, &g->r.owner) && name_life(e, facts->block.time) == NAME_LIFE_REGISTERED;
    }
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
