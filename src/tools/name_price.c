/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name price|renew|revoke`. */
#include "tools/name_ens.h"

#include <string.h>

#include "tools/control_client.h"

static const char uns_sold[] = "names of Unstoppable Domains are minted by the company's minters only, who sell them: the chain tells no price";

/* A registration as a question: what it would cost, and which kinds of controllers there are. */
static int sample(struct chain_tool *tool, const struct tool_name *name, struct ens_registration *out)
{
    *out = (struct ens_registration){ .label = ens_label(name) };
    memset(out->owner.octets, 0x11, sizeof out->owner.octets);
    memset(out->resolver.octets, 0x22, sizeof out->resolver.octets);
    random_bytes(out->secret.octets, sizeof out->secret.octets);
    return ens_seconds(tool->call, &out->seconds);
}

static int second_level(struct chain_tool *tool, struct tool_name *name, const char *why_not)
{
    int rc = chain_tool_name(tool, tool->call->arguments[0], name);
    if (rc == TOOL_DONE && !name->ens)
        return tools_complain(tool->call, TOOL_REFUSED, "%s: %s", name->text, why_not);
    if (rc == TOOL_DONE && name->labels != 2)
        return tools_complain(tool->call, TOOL_REFUSED, "%s: only names right below `eth` are paid for; names below them cost nothing but fees and have the life of the name above", name->text);
    return rc;
}

/* ---- price ---- */

static const struct ens_desk *desk_best(const struct ens_desks *desks)
{
    for (size_t i = 0; i < desks->count; i++)
        if (desks->list[i].known && desks->list[i].enabled && desks->list[i].priced)
            return &desks->list[i];
    return NULL;
}

static void price_json(struct chain_tool *tool, const struct tool_name *name, const struct ens_desks *desks, uint64_t seconds)
{
    struct json_value *object = json_value_object(), *list = json_value_array();
    json_value_set_text(object, "name", name->text);
    json_value_set_u64(object, "seconds", seconds);
    json_value_set_u64(object, "block", desks->block.number);
    for (size_t i = 0; i < desks->count; i++) {
        const struct ens_desk *d = &desks->list[i];
        struct json_value *one = json_value_object();
        json_value_set_text(one, "controller", name_address(tool, &d->address));
        json_value_set_text(one, "kind", d->known ? ens_desk_year(d->kind) : NULL);
        json_value_set_bool(one, "enabled", d->enabled);
        json_value_set_bool(one, "valid", d->valid);
        json_value_set_bool(one, "available", d->available);
        if (d->priced) {
            struct text text;
            char room[U256_TEXT_ROOM];
            text_fixed(&text, room, sizeof room);
            u256_print(&text, d->base);
            json_value_set_text(one, "base-wei", room);
            text_fixed(&text, room, sizeof room);
            u256_print(&text, d->premium);
            json_value_set_text(one, "premium-wei", room);
        }
        json_value_add(list, one);
    }
    json_value_set(object, "controllers", list);
    (void)control_print_json(tool->call, object);
    json_value_free(object);
}

static int price(struct chain_tool *tool)
{
    struct tool_name name;
    struct ens_registration form;
    struct ens_desks desks;
    int rc = second_level(tool, &name, uns_sold);
    if (rc == TOOL_DONE)
        rc = sample(tool, &name, &form);
    if (rc == TOOL_DONE)
        rc = ens_desks_read(tool, &name, &form, &desks);
    if (rc != TOOL_DONE)
        return rc;
    const struct ens_desk *d = desk_best(&desks);
    if (tool->call->values[OPTION_JSON] != NULL) {
        price_json(tool, &name, &desks, form.seconds);
        return d != NULL && d->available ? TOOL_DONE : TOOL_NEGATIVE;
    }
    if (d == NULL)
        return tools_complain(tool->call, TOOL_FAILED, "%s: no controller that is enabled tells a price", name.text);
    unsigned long long years = form.seconds / SECONDS_A_YEAR;
    printf("%s is %s\n", name.text, !d->valid ? "too short: it needs at least three characters" : d->available ? "to be had" : "taken");
    printf("%s for %llu year%s", name_ether(tool, d->base), years, years == 1 ? "" : "s");
    if (!u256_is_zero(d->premium))
        printf(" and a premium of %s, which falls to nothing within 21 days after the grace period", name_ether(tool, d->premium));
    printf(", and fees (controller of %s, block %llu)\n", ens_desk_year(d->kind), (unsigned long long)desks.block.number);
    return d->available ? TOOL_DONE : TOOL_NEGATIVE;
}

int name_price_run(const struct tool_call *call)
{
    struct chain_tool *tool;
    int rc = chain_tool_open(call, &tool);
    if (rc == TOOL_DONE)
        rc = price(tool);
    chain_tool_close(tool);
    return rc;
}

/* ---- renew ---- */

/* Wrapped names need the controller of 2023, which makes the wrapper's entry last longer too; others take the newest. */
static const struct ens_desk *desk_renewing(const struct ens_desks *desks, bool wrapped)
{
    for (size_t i = 0; i < desks->count; i++) {
        const struct ens_desk *d = &desks->list[i];
        if (d->known && d->enabled && d->priced && (!wrapped || d->kind == ENS_CONTROLLER_2023))
            return d;
    }
    return NULL;
}

static int renew_plan(struct chain_tool *tool, const struct tool_name *name, const struct facts *facts, struct write_call *out)
{
    static const struct eth_word no_referrer;
    const struct u256 none = { { 0 } };
    struct ens_registration form;
    struct ens_desks desks;
    struct text text;
    enum name_life life = name_life(&facts->e, facts->block.time);
    if (life != NAME_LIFE_REGISTERED && life != NAME_LIFE_GRACE)
        return tools_complain(tool->call, TOOL_REFUSED, "%s cannot be renewed: %s; `rhiz name register` is for that", name->text, name_life_text(life));
    int rc = sample(tool, name, &form);
    if (rc == TOOL_DONE)
        rc = ens_desks_read(tool, name, &form, &desks);
    if (rc != TOOL_DONE)
        return rc;
    const struct ens_desk *d = desk_renewing(&desks, facts->e.wrapped);
    if (d == NULL && facts->e.wrapped)
        return tools_complain(tool->call, TOOL_REFUSED, "%s is wrapped: only a controller of 2023 renews the wrapper's entry too, and none is configured and enabled (--controller ADDRESS)", name->text);
    if (d == NULL)
        return tools_complain(tool->call, TOOL_REFUSED, "none of the controllers that are configured is enabled in the registrar and of a known kind");
    text_growing(&text);
    ens_write_renew(d->kind, form.label, form.seconds, &no_referrer, &text);
    *out = name_call(tool, &d->address, &text, "renew");
    out->value = ens_value(d->base, none);
    return TOOL_DONE;
}

static int renew_end(struct chain_tool *tool, const struct tool_name *name, struct sender *s)
{
    struct facts *facts = NULL;
    struct u256 head;
    char when[NAME_TIME_ROOM];
    if (tool->call->values[OPTION_DRY_RUN] != NULL || tool->call->values[OPTION_UNSIGNED] != NULL)
        return TOOL_DONE;
    int rc = sender_number(tool, s->chain, "eth_blockNumber", "[]", &head, NULL) == OK ? chain_tool_head(tool, s->chain, u256_to_u64(head)) : TOOL_DONE;
    if (rc == TOOL_DONE)
        rc = ens_details(tool, name, false, &facts);
    if (rc == TOOL_DONE && tool->call->values[OPTION_JSON] != NULL)
        printf("{\"name\": \"%s\", \"expires\": %llu}\n", name->text, (unsigned long long)facts->e.expires);
    else if (rc == TOOL_DONE)
        printf("%s is registered until %s\n", name->text, name_time(facts->e.expires, when));
    facts_free(facts);
    return rc;
}

static int renew(struct chain_tool *tool)
{
    struct tool_name name;
    struct facts *facts = NULL;
    struct sender sender = { 0 };
    struct write_call call;
    int rc = second_level(tool, &name, "names of Unstoppable Domains do not expire but for some suffixes, and those only the company's minters can renew");
    if (rc == TOOL_DONE)
        rc = ens_details(tool, &name, false, &facts);
    if (rc == TOOL_DONE)
        rc = sender_open(tool, name.chain, &sender);
    if (rc == TOOL_DONE)
        rc = renew_plan(tool, &name, facts, &call);
    if (rc == TOOL_DONE)
        rc = sender_execute(&sender, "renew", name.text, chain_tool_format(tool, "renew %s", name.text), &call, 1);
    if (rc == TOOL_DONE)
        rc = renew_end(tool, &name, &sender);
    facts_free(facts);
    sender_close(&sender);
    return rc;
}

int name_renew_run(const struct tool_call *call)
{
    struct chain_tool *tool;
    int rc = chain_tool_open(call, &tool);
    if (rc == TOOL_DONE)
        rc = renew(tool);
    chain_tool_close(tool);
    return rc;
}

/* ---- revoke ---- */

int name_revoke_run(const struct tool_call *call)
{
    struct chain_tool *tool;
    struct tool_name name;
    int rc = chain_tool_open(call, &tool);
    if (rc == TOOL_DONE)
        rc = chain_tool_name(tool, call->arguments[0], &name);
    if (rc == TOOL_DONE)
        rc = tools_complain(call, TOOL_REFUSED, name.ens ? "%s: ENS has no revoking: a name ends when it is not renewed; `update` with empty values takes its records away, `transfer` gives it to another"
                                                         : "%s: a name of Unstoppable Domains can only be burnt, for good, which this version does not do; `update` with empty values takes its records away", name.text);
    chain_tool_close(tool);
    return rc;
}
