/* SPDX-License-Identifier: Apache-2.0 */
/* What a registration is to be, before anything of it is sent. */
#include "tools/name_register.h"

#include <string.h>

#include "ethereum/abi.h"
#include "names/ens_selectors.h"

enum { GAS_REGISTER = 350000, GAS_RECORD = 90000 };

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
    op_step_add(g->op, &call);
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

int registering_plan(struct registering *g)
{
    struct ens_desks desks;
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
        rc = ens_desks_read(g->tool, &g->name, &form, &desks);
    if (rc == TOOL_DONE)
        rc = desk_choose(g, &desks, &desk);
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
