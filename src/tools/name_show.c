/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name show`: who has a name, until when, and what governs it. */
#include "tools/name.h"

#include <string.h>

#include "tools/control_client.h"

struct sheet { struct columns_table *table; struct json_value *json; };

static void line(struct sheet *s, const char *label, const char *key, const char *value)
{
    columns_add(s->table, label);
    columns_add(s->table, value);
    json_value_set_text(s->json, key, strcmp(value, "-") == 0 ? NULL : value);
}

static void moment(struct chain_tool *tool, struct sheet *s, const char *label, const char *key, uint64_t at, uint64_t now)
{
    char when[NAME_TIME_ROOM], span[NAME_TIME_ROOM];
    columns_add(s->table, label);
    columns_add(s->table, chain_tool_format(tool, "%s, %s", name_time(at, when), name_span(at, now, span)));
    json_value_set_u64(s->json, key, at);
}

static void show_ens(struct chain_tool *tool, struct sheet *s, const struct facts *facts)
{
    const struct facts_ens *e = &facts->e;
    uint64_t now = facts->block.time;
    char fuses[256], zone[NAME_TEXT_ROOM];
    struct text text;
    line(s, "node", "node", name_hex(tool, e->node.octets, 32));
    line(s, "answered by", "zone", name_to_text(facts->zone, zone));
    line(s, "owner", "owner", name_address(tool, e->wrapped ? &e->wrapper_owner : &e->owner));
    line(s, "registry owner (controller)", "controller", name_address(tool, &e->owner));
    line(s, "resolver", "resolver", name_address(tool, &e->resolver));
    columns_add(s->table, "  its code");
    columns_add(s->table, eth_address_is_zero(&e->resolver) ? "-" : e->known_code ? "known" : "not known: good for one block at a time");
    json_value_set_bool(s->json, "resolver-known", e->known_code);
    if (e->wildcard)
        line(s, "  of an ancestor", "wildcard", "yes (ENSIP-10)");
    columns_add(s->table, "registry ttl");
    columns_add(s->table, e->registry_ttl == 0 ? "-" : chain_tool_format(tool, "%llu s", (unsigned long long)e->registry_ttl));
    json_value_set_u64(s->json, "registry-ttl", e->registry_ttl);
    json_value_set_bool(s->json, "wrapped", e->wrapped);
    columns_add(s->table, "wrapped");
    columns_add(s->table, !e->wrapped ? "no" : (e->fuses & 1) != 0 ? "yes, locked" : (e->fuses & 65536) != 0 ? "yes, emancipated" : "yes");
    if (e->wrapped) {
        text_fixed(&text, fuses, sizeof fuses);
        name_fuses_print(e->fuses, &text);
        line(s, "fuses", "fuses", fuses);
        if (e->wrapper_expiry > 0)
            moment(tool, s, "wrapper expiry", "wrapper-expiry", e->wrapper_expiry, now);
    }
    if (!e->second_level)
        return;
    line(s, "registrant", "registrant", name_address(tool, &e->registrant));
    line(s, "state", "state", name_life_text(name_life(e, now)));
    if (e->expires > 0) {
        moment(tool, s, "expires", "expires", e->expires, now);
        moment(tool, s, "grace period ends", "grace-ends", e->grace_ends, now);
    }
}

static void show_uns(struct chain_tool *tool, struct sheet *s, const struct facts *facts)
{
    const struct facts_uns *u = &facts->u;
    line(s, "token", "token", name_hex(tool, u->token.octets, 32));
    line(s, "owner", "owner", name_address(tool, &u->owner));
    line(s, "resolver", "resolver", name_address(tool, &u->resolver));
    columns_add(s->table, "layer");
    columns_add(s->table, chain_tool_format(tool, "chain %llu (%s)", (unsigned long long)u->chain_id, facts->chain != NULL ? chain_name(facts->chain) : "?"));
    json_value_set_u64(s->json, "layer-chain-id", u->chain_id);
    if (u->expires > 0)
        moment(tool, s, "expires", "expires", u->expires, facts->block.time);
    else
        line(s, "expires", "expires-text", "never");
}

static int show(struct chain_tool *tool, struct sheet *s)
{
    struct tool_name name;
    struct facts *facts = NULL;
    int rc = chain_tool_name(tool, tool->call->arguments[0], &name);
    struct facts_request request = { .name = name_view_of(&name.wire), .details = true };
    if (rc == TOOL_DONE)
        rc = chain_tool_facts(tool, name.source, &request, &facts);
    if (rc == TOOL_DONE)
        rc = name_facts_complain(tool, &name, facts);
    if (rc == TOOL_DONE) {
        line(s, "name", "name", name.text);
        if (facts->ens)
            show_ens(tool, s, facts);
        else
            show_uns(tool, s, facts);
        name_facts_json(facts, s->json);
        if (tool->call->values[OPTION_JSON] != NULL) {
            rc = control_print_json(tool->call, s->json);
        } else {
            columns_print(s->table, stdout, 0);
            name_facts_footer(facts, stdout);
        }
    }
    facts_free(facts);
    return rc;
}

int name_show_run(const struct tool_call *call)
{
    struct sheet s = { columns_new(2), json_value_object() };
    struct chain_tool *tool;
    int rc = chain_tool_open(call, &tool);
    if (rc == TOOL_DONE)
        rc = show(tool, &s);
    columns_free(s.table);
    json_value_free(s.json);
    chain_tool_close(tool);
    return rc;
}
