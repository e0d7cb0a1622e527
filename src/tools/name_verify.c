/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name verify`: whether all that belongs to a name agrees. */
#include <string.h>

#include "names/ens_selectors.h"
#include "names/namehash.h"
#include "tools/control_client.h"
#include "tools/name_ens.h"
#include "tools/name_logs.h"

enum verdict { GOOD, NOTE, WRONG, UNKNOWN };

struct verifying {
    struct chain_tool *tool;
    struct tool_name name;
    struct facts *facts;
    struct columns_table *table;
    struct json_value *json;
    size_t counts[4];
};

static void say(struct verifying *v, enum verdict verdict, const char *what, const char *detail, const struct proof *proof)
{
    static const char *const words[] = { "good", "note", "wrong", "not known" };
    char room[32];
    const char *grade = proof != NULL ? proof_text(*proof, room, sizeof room) : "-";
    columns_add(v->table, what);
    columns_add(v->table, words[verdict]);
    columns_add(v->table, detail);
    columns_add(v->table, grade);
    struct json_value *one = json_value_object();
    json_value_set_text(one, "check", what);
    json_value_set_text(one, "verdict", words[verdict]);
    json_value_set_text(one, "detail", detail);
    json_value_set_text(one, "proof", proof != NULL ? grade : NULL);
    json_value_add(v->json, one);
    v->counts[verdict]++;
}

static void fact_check(struct verifying *v, const char *what, const struct fact *fact)
{
    if (fact->state == FACT_BROKEN)
        say(v, WRONG, what, name_fact_reason(fact), &fact->proof);
    else if (fact->state == FACT_FAILED)
        say(v, UNKNOWN, what, name_fact_reason(fact), NULL);
    else if (fact->state == FACT_PRESENT)
        say(v, GOOD, what, "well formed", &fact->proof);
}

static void records_check(struct verifying *v)
{
    const struct facts *f = v->facts;
    for (size_t i = 0; i < f->record_count; i++) {
        struct text text;
        char room[NAME_TEXT_ROOM + 32];
        text_fixed(&text, room, sizeof room);
        type_print(&text, f->records[i].type);
        text_add_char(&text, ' ');
        name_print(&text, f->records[i].owner);
        fact_check(v, chain_tool_format(v->tool, "records %s", room), &f->records[i].fact);
    }
    for (size_t i = 0; i < f->coin_count; i++)
        fact_check(v, chain_tool_format(v->tool, "address of coin %llu", (unsigned long long)f->coins[i].coin), &f->coins[i].fact);
    for (size_t i = 0; i < f->text_count; i++)
        fact_check(v, chain_tool_format(v->tool, "text %.*s", (int)f->texts[i].key.length, f->texts[i].key.data), &f->texts[i].fact);
    fact_check(v, "content hash", &f->content);
}

/* The address that the name has, and the name that this address has. */
static int primary_check(struct verifying *v)
{
    const struct fact_coin *coin = facts_coin(v->facts, 60);
    struct facts *back = NULL;
    struct eth_address address;
    if (coin == NULL || coin->fact.state != FACT_PRESENT || coin->fact.value.length != sizeof address.octets)
        return TOOL_DONE;
    memcpy(address.octets, coin->fact.value.data, sizeof address.octets);
    int rc = chain_tool_reverse(v->tool, v->name.source, &address, &back);
    if (rc != TOOL_DONE)
        return rc;
    const char *what = "primary name of its address", *said = back->status == FACTS_FOUND ? name_clean(v->tool, back->unicode) : NULL;
    if (back->status == FACTS_FAILED)
        say(v, UNKNOWN, what, back->reason != NULL ? back->reason : chain_failure_text(back->failure), NULL);
    else if (said == NULL)
        say(v, NOTE, what, "none", &back->proof);
    else
        say(v, strcmp(said, v->name.text) == 0 ? GOOD : NOTE, what, strcmp(said, v->name.text) == 0 ? "this one, both ways" : said, &back->proof);
    facts_free(back);
    return TOOL_DONE;
}

static void life_check(struct verifying *v)
{
    const struct facts_ens *e = &v->facts->e;
    const struct proof *proof = &v->facts->proof;
    enum name_life life = name_life(e, v->facts->block.time);
    char when[NAME_TIME_ROOM];
    if (e->second_level)
        say(v, life == NAME_LIFE_REGISTERED ? GOOD : WRONG, "registration", life == NAME_LIFE_REGISTERED ? chain_tool_format(v->tool, "until %s", name_time(e->expires, when)) : name_life_text(life), proof);
    if (e->wrapped && e->second_level && v->name.labels == 2) {
        bool same = e->wrapper_expiry == e->grace_ends;
        say(v, same ? GOOD : WRONG, "wrapper and registrar", same ? "end together" : "the wrapper's entry ends at another time: renewed by a controller that does not know of it? `rhiz name renew` takes the right one", proof);
    }
    if (e->second_level && !e->wrapped && v->name.labels == 2) {
        bool same = eth_address_equal(&e->registrant, &e->owner);
        say(v, same ? GOOD : NOTE, "registrant and registry owner", same ? "are one" : chain_tool_format(v->tool, "differ: %s holds it, %s governs it", name_address(v->tool, &e->registrant), name_address(v->tool, &e->owner)), proof);
    }
}

static void resolver_check(struct verifying *v)
{
    const struct facts_ens *e = &v->facts->e;
    if (eth_address_is_zero(&e->resolver))
        say(v, NOTE, "resolver", "none: it has no records", &v->facts->proof);
    else
        say(v, e->known_code ? GOOD : NOTE, "resolver", e->known_code ? "a known one" : "its code is not known: what it says holds for one block and cannot be told in advance", &v->facts->proof);
    if (e->wildcard)
        say(v, NOTE, "records", "come from the resolver of a name above (ENSIP-10)", NULL);
}

/* Who else may act for the owner: approvals that still hold. */
static int approvals_check(struct verifying *v)
{
    const struct ens_options *o = name_source_ens_options(v->name.source);
    const struct facts_ens *e = &v->facts->e;
    const struct eth_address owner = e->wrapped ? e->wrapper_owner : e->owner;
    struct eth_address places[3] = { e->wrapped ? o->name_wrapper : o->registry, e->resolver };
    struct eth_word event = name_event("ApprovalForAll(address,address,bool)"), word = ens_word_of_address(&owner);
    struct name_topic topics[2] = { 0 };
    struct name_logs logs;
    size_t open = 0, places_count = eth_address_is_zero(&e->resolver) ? 1 : 2;
    if (eth_address_is_zero(&owner))
        return TOOL_DONE;
    name_topic_add(&topics[0], &event);
    name_topic_add(&topics[1], &word);
    int rc = name_logs_begin(v->tool, v->name.chain, &logs);
    if (rc == TOOL_DONE)
        rc = name_logs_ask(v->tool, v->name.chain, places, places_count, topics, 2, &logs);
    name_logs_sort(&logs);
    for (size_t i = 0; i < logs.count; i++) {
        bool last = true;
        for (size_t k = i + 1; k < logs.count; k++)
            last &= !(logs.list[k].topic_count == 3 && eth_address_equal(&logs.list[i].address, &logs.list[k].address) && eth_word_equal(&logs.list[i].topics[2], &logs.list[k].topics[2]));
        if (!last || logs.list[i].topic_count != 3 || logs.list[i].data.length != 32 || logs.list[i].data.data[31] != 1)
            continue;
        struct eth_address operator = name_word_address(&logs.list[i].topics[2]);
        say(v, NOTE, "approval", chain_tool_format(v->tool, "%s may act for the owner at %s", name_address(v->tool, &operator), name_address(v->tool, &logs.list[i].address)), NULL);
        open++;
    }
    if (rc == TOOL_DONE && open == 0)
        say(v, GOOD, "approvals", "nobody else may act for the owner", NULL);
    name_logs_free(&logs);
    return rc;
}

static int look_up(struct verifying *v)
{
    static const uint64_t coins[] = { 60, 0 };
    static const char *const keys[] = { "url", "email", "avatar", "description" };
    struct slice texts[LENGTH_OF(keys)];
    for (size_t i = 0; i < LENGTH_OF(keys); i++)
        texts[i] = slice_string(keys[i]);
    struct facts_request request = { .name = name_view_of(&v->name.wire), .dns = true, .content = true, .details = true,
                                     .texts = texts, .text_count = v->name.ens ? LENGTH_OF(keys) : 0, .coins = coins, .coin_count = v->name.ens ? LENGTH_OF(coins) : 0 };
    int rc = chain_tool_facts(v->tool, v->name.source, &request, &v->facts);
    return rc == TOOL_DONE ? name_facts_complain(v->tool, &v->name, v->facts) : rc;
}

static int show(struct verifying *v)
{
    int rc = TOOL_DONE;
    if (v->tool->call->values[OPTION_JSON] != NULL) {
        struct json_value *object = json_value_object();
        json_value_set_text(object, "name", v->name.text);
        name_facts_json(v->facts, object);
        json_value_set(object, "checks", v->json);
        v->json = NULL;
        rc = control_print_json(v->tool->call, object);
        json_value_free(object);
    } else {
        columns_print(v->table, stdout, 0);
        name_facts_footer(v->facts, stdout);
    }
    if (rc != TOOL_DONE)
        return rc;
    return v->counts[WRONG] > 0 ? TOOL_NEGATIVE : v->counts[UNKNOWN] > 0 ? TOOL_FAILED : TOOL_DONE;
}

static int verify(struct verifying *v)
{
    int rc = chain_tool_name(v->tool, v->tool->call->arguments[0], &v->name);
    static const char *const head[] = { "CHECK", "VERDICT", "DETAIL", "PROOF" };
    for (size_t i = 0; i < LENGTH_OF(head); i++)
        columns_add(v->table, head[i]);
    if (rc == TOOL_DONE)
        rc = look_up(v);
    if (rc != TOOL_DONE)
        return rc;
    if (v->name.ens) {
        life_check(v);
        resolver_check(v);
    } else {
        const struct facts_uns *u = &v->facts->u;
        bool live = u->expires == 0 || v->facts->block.time < u->expires;
        say(v, live ? GOOD : WRONG, "registration", live ? chain_tool_format(v->tool, "by chain number %llu", (unsigned long long)u->chain_id) : "expired", &v->facts->proof);
    }
    records_check(v);
    rc = primary_check(v);
    if (rc == TOOL_DONE && v->name.ens)
        rc = approvals_check(v);
    return rc == TOOL_DONE ? show(v) : rc;
}

int name_verify_run(const struct tool_call *call)
{
    struct verifying v = { .table = columns_new(4), .json = json_value_array() };
    int rc = chain_tool_open(call, &v.tool);
    if (rc == TOOL_DONE)
        rc = verify(&v);
    facts_free(v.facts);
    columns_free(v.table);
    json_value_free(v.json);
    chain_tool_close(v.tool);
    return rc;
}
