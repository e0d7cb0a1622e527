/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name lookup`: what a name says, by the same facts that the DNS is answered from. */
#include "tools/name.h"

#include <string.h>

#include "names/coin.h"
#include "names/contenthash.h"
#include "tools/control_client.h"
#include "tools/wallet.h"

enum { WANTED_MAX = 64, PORTION = 6 /* of the gateway requests of one lookup, with some that fail first */, PORTIONS_MAX = 2 * (WANTED_MAX / PORTION + 1) + 1 };

struct wanted {
    struct facts_request request;
    uint16_t types[WANTED_MAX];
    struct slice texts[WANTED_MAX];
    uint64_t coins[WANTED_MAX];
    bool chosen;                    /* by the command line: what is absent shows too */
};

struct lookup {
    struct chain_tool *tool;
    struct tool_name name;
    struct wanted wanted;
    struct facts *facts;
    struct facts *more[PORTIONS_MAX]; size_t more_count;    /* what is in `facts` may lie in these */
    struct columns_table *table;
    struct json_value *records;
    size_t present, absent, failed;
};

static void want_usual(struct wanted *w, bool ens)
{
    static const char *const ens_texts[] = { "avatar", "description", "display", "email", "url", "location", "keywords", "notice", "header", "com.github", "com.twitter", "com.x", "com.discord", "org.telegram" };
    static const char *const uns_texts[] = { "crypto.ETH.address", "crypto.BTC.address", "crypto.MATIC.version.MATIC.address", "token.EVM.ETH.ETH.address", "ipfs.html.value", "dweb.ipfs.hash", "whois.email.value",
                                             "browser.redirect_url", "dns.ttl" };
    static const uint64_t coins[] = { 60, 0, 2, 3, 145, 501, 0x80000000u, 0x80000000u | 10, 0x80000000u | 137, 0x80000000u | 8453, 0x80000000u | 42161 };
    static const uint16_t types[] = { TYPE_MX, TYPE_SRV, TYPE_CAA };
    const char *const *texts = ens ? ens_texts : uns_texts;
    size_t count = ens ? LENGTH_OF(ens_texts) : LENGTH_OF(uns_texts);
    for (size_t i = 0; i < count; i++)
        w->texts[w->request.text_count++] = slice_string(texts[i]);
    for (size_t i = 0; i < LENGTH_OF(coins) && ens; i++)
        w->coins[w->request.coin_count++] = coins[i];
    for (size_t i = 0; i < LENGTH_OF(types); i++)
        w->types[w->request.type_count++] = types[i];
    w->request.dns = w->request.content = true;
}

static int want_key(struct chain_tool *tool, struct wanted *w, const char *key, bool ens)
{
    uint16_t type;
    uint64_t coin;
    if (strncmp(key, "addr.", 5) == 0 || strcmp(key, "addr") == 0) {
        const char *which = key[4] == '.' ? key + 5 : "60";
        if (!ens && coin_find_by_name(slice_string(which), &coin) == OK && coin_find(coin) != NULL)
            which = coin_find(coin)->name;              /* also of those that are given by number */
        if (!ens)
            w->texts[w->request.text_count++] = slice_string(chain_tool_format(tool, "crypto.%s.address", which));
        else if (coin_find_by_name(slice_string(which), &coin) != OK)
            return tools_complain(tool->call, TOOL_USAGE, "%s: there is no coin `%s`; a short name such as eth or btc, or a SLIP-44 number", key, which);
        else
            w->coins[w->request.coin_count++] = coin;
        return TOOL_DONE;
    }
    if (strcmp(key, "contenthash") == 0) {
        w->request.content = true;
        return TOOL_DONE;
    }
    if (strncmp(key, "text.", 5) == 0) {
        w->texts[w->request.text_count++] = slice_string(key + 5);
        return TOOL_DONE;
    }
    if (strchr(key, '.') == NULL && type_parse(slice_string(key), &type) == OK) {
        w->types[w->request.type_count++] = type;
        w->request.dns = true;
        return TOOL_DONE;
    }
    w->texts[w->request.text_count++] = slice_string(key);
    return TOOL_DONE;
}

static int want(struct lookup *l)
{
    const struct tool_call *call = l->tool->call;
    struct wanted *w = &l->wanted;
    w->request.name = name_view_of(&l->name.wire);
    w->request.types = w->types;
    w->request.texts = w->texts;
    w->request.coins = w->coins;
    w->chosen = call->count > 1;
    if (!w->chosen)
        want_usual(w, l->name.ens);
    for (int i = 1; i < call->count; i++) {
        int rc = want_key(l->tool, w, call->arguments[i], l->name.ens);
        if (rc != TOOL_DONE)
            return rc;
    }
    return TOOL_DONE;
}

/* ---- printing ---- */

static void row_add(struct lookup *l, const char *key, const char *value, const struct fact *fact)
{
    char proof[32];
    struct json_value *one = json_value_object();
    bool there = fact->state == FACT_PRESENT;
    if (there)
        proof_text(fact->proof, proof, sizeof proof);
    columns_add(l->table, key);
    columns_add(l->table, there ? value : fact->state == FACT_ABSENT ? "-" : name_fact_reason(fact));
    columns_add(l->table, there ? proof : fact->state == FACT_ABSENT ? "absent" : fact->state == FACT_BROKEN ? "malformed" : "could not be had");
    json_value_set_text(one, "key", key);
    json_value_set_text(one, "state", there ? "present" : fact->state == FACT_ABSENT ? "absent" : fact->state == FACT_BROKEN ? "malformed" : "failed");
    json_value_set_text(one, "value", there ? value : NULL);
    json_value_set_text(one, "reason", there || fact->state == FACT_ABSENT ? NULL : name_fact_reason(fact));
    json_value_set_text(one, "proof", there ? proof : NULL);
    json_value_add(l->records, one);
}

/* @return whether it is to be shown */
static bool counted(struct lookup *l, const struct fact *fact)
{
    if (fact->state == FACT_NOT_ASKED)
        return false;
    l->present += fact->state == FACT_PRESENT;
    l->absent += fact->state == FACT_ABSENT;
    l->failed += fact->state == FACT_FAILED || fact->state == FACT_BROKEN;
    return fact->state != FACT_ABSENT || l->wanted.chosen;
}

static void coins_show(struct lookup *l)
{
    for (size_t i = 0; i < l->facts->coin_count; i++) {
        const struct fact_coin *c = &l->facts->coins[i];
        const struct coin *known = coin_find(c->coin);
        struct text text;
        if (!counted(l, &c->fact))
            continue;
        text_growing(&text);
        const uint8_t *octets = (const uint8_t *)c->fact.value.data;
        if (c->fact.state == FACT_PRESENT && coin_print(c->coin, octets, c->fact.value.length, &text) != OK)
            text_clear(&text);
        const char *value = text.length > 0 ? text.data : name_hex(l->tool, octets, c->fact.state == FACT_PRESENT ? c->fact.value.length : 0);
        row_add(l, known != NULL ? chain_tool_format(l->tool, "addr.%s", known->name) : chain_tool_format(l->tool, "addr.%llu", (unsigned long long)c->coin), value, &c->fact);
        text_clear(&text);
    }
}

static void texts_show(struct lookup *l)
{
    for (size_t i = 0; i < l->facts->text_count; i++) {
        const struct fact_text *t = &l->facts->texts[i];
        if (counted(l, &t->fact))
            row_add(l, chain_tool_format(l->tool, l->facts->ens ? "text.%.*s" : "%.*s", (int)t->key.length, t->key.data), name_clean(l->tool, t->fact.value), &t->fact);
    }
}

static void content_show(struct lookup *l)
{
    const struct fact *fact = &l->facts->content;
    struct text text;
    if (!l->wanted.request.content || !counted(l, fact))        /* it comes with what DNS needs, too */
        return;
    text_growing(&text);
    const uint8_t *octets = (const uint8_t *)fact->value.data;
    if (fact->state == FACT_PRESENT && contenthash_print(octets, fact->value.length, &text) != OK)
        text_clear(&text);
    row_add(l, "contenthash", text.length > 0 ? text.data : name_hex(l->tool, octets, fact->state == FACT_PRESENT ? fact->value.length : 0), fact);
    text_clear(&text);
}

static void rrset_show(struct lookup *l, const struct fact_records *set)
{
    char owner[NAME_TEXT_ROOM];
    struct text type, line;
    char type_room[24];
    const uint8_t *at = (const uint8_t *)set->fact.value.data, *end = at + set->fact.value.length;
    text_fixed(&type, type_room, sizeof type_room);
    type_print(&type, set->type);
    name_to_text(set->owner, owner);
    bool own = name_equal(set->owner, l->facts->name);
    const char *key = own ? chain_tool_format(l->tool, "%s", type_room) : chain_tool_format(l->tool, "%s %s", owner, type_room);
    if (set->fact.state != FACT_PRESENT) {
        row_add(l, key, NULL, &set->fact);
        return;
    }
    while (end - at >= 6) {
        uint32_t ttl = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        size_t size = (size_t)at[4] << 8 | at[5];
        if (size > (size_t)(end - at) - 6)
            break;
        const struct rdata_style style = { 0 };
        text_growing(&line);
        text_add_format(&line, "%u ", ttl);
        rdata_print(&line, set->type, 1, at + 6, size, &style);
        row_add(l, key, line.data, &set->fact);
        text_clear(&line);
        at += 6 + size;
    }
}

static bool type_wanted(const struct lookup *l, uint16_t type)
{
    for (size_t i = 0; i < l->wanted.request.type_count; i++)
        if (l->wanted.types[i] == type)
            return true;
    return !l->wanted.chosen;
}

static void records_show(struct lookup *l)
{
    for (size_t i = 0; i < l->facts->record_count; i++) {
        const struct fact_records *set = &l->facts->records[i];
        bool own = name_equal(set->owner, l->facts->name);
        if ((!own && set->fact.state != FACT_PRESENT) || !type_wanted(l, set->type))
            continue;
        if (counted(l, &set->fact))
            rrset_show(l, set);
    }
}

static int lookup_print(struct lookup *l)
{
    const struct tool_call *call = l->tool->call;
    int rc = TOOL_DONE;
    if (call->values[OPTION_JSON] != NULL) {
        struct json_value *object = json_value_object();
        json_value_set_text(object, "name", l->name.text);
        name_facts_json(l->facts, object);
        json_value_set(object, "records", l->records);
        l->records = NULL;
        rc = control_print_json(call, object);
        json_value_free(object);
    } else {
        if (l->present + l->failed + (l->wanted.chosen ? l->absent : 0) > 0)
            columns_print(l->table, stdout, 0);
        else
            puts("it has none of the usual records");
        name_facts_footer(l->facts, stdout);
    }
    if (rc == TOOL_DONE && l->failed > 0)
        return TOOL_FAILED;
    return rc == TOOL_DONE && l->wanted.chosen && l->present == 0 ? TOOL_NEGATIVE : rc;
}

/* ---- off-chain names: one lookup may ask gateways so often, and all that is shown takes several ---- */

static bool is_spent(const struct fact *fact) { return fact->state == FACT_FAILED && fact->failure == CHAIN_FAILURE_BUDGET; }

static struct facts *ask_more(struct lookup *l, const struct facts_request *request)
{
    struct facts *more = NULL;
    if (l->more_count == PORTIONS_MAX || chain_tool_facts(l->tool, l->name.source, request, &more) != TOOL_DONE)
        return NULL;
    l->more[l->more_count++] = more;
    return more->status == FACTS_FOUND ? more : NULL;
}

static void more_records(struct lookup *l, const struct facts_request *base)
{
    bool spent = is_spent(&l->facts->content);
    for (size_t i = 0; i < l->facts->record_count && !spent; i++)
        spent = is_spent(&l->facts->records[i].fact);
    struct facts_request request = *base;
    request.dns = request.content = true;
    request.types = l->wanted.types;
    request.type_count = l->wanted.request.type_count;
    const struct facts *more = spent ? ask_more(l, &request) : NULL;
    if (!more)
        return;
    l->facts->content = more->content;
    l->facts->records = more->records;
    l->facts->record_count = more->record_count;
}

static void more_coins(struct lookup *l, const struct facts_request *base)
{
    for (size_t i = 0; i < l->facts->coin_count;) {
        struct facts_request request = *base;
        uint64_t coins[PORTION];
        for (; i < l->facts->coin_count && request.coin_count < PORTION; i++)
            if (is_spent(&l->facts->coins[i].fact))
                coins[request.coin_count++] = l->facts->coins[i].coin;
        request.coins = coins;
        const struct facts *more = request.coin_count ? ask_more(l, &request) : NULL;
        for (size_t k = 0; more && k < l->facts->coin_count; k++) {
            const struct fact_coin *found = facts_coin(more, l->facts->coins[k].coin);
            if (found && is_spent(&l->facts->coins[k].fact))
                l->facts->coins[k].fact = found->fact;
        }
    }
}

static void more_texts(struct lookup *l, const struct facts_request *base)
{
    for (size_t i = 0; i < l->facts->text_count;) {
        struct facts_request request = *base;
        struct slice texts[PORTION];
        for (; i < l->facts->text_count && request.text_count < PORTION; i++)
            if (is_spent(&l->facts->texts[i].fact))
                texts[request.text_count++] = l->facts->texts[i].key;
        request.texts = texts;
        const struct facts *more = request.text_count ? ask_more(l, &request) : NULL;
        for (size_t k = 0; more && k < l->facts->text_count; k++) {
            for (size_t n = 0; n < more->text_count; n++) {
                struct slice a = more->texts[n].key, b = l->facts->texts[k].key;
                if (a.length == b.length && memcmp(a.data, b.data, a.length) == 0 && is_spent(&l->facts->texts[k].fact))
                    l->facts->texts[k].fact = more->texts[n].fact;
            }
        }
    }
}

static void ask_in_portions(struct lookup *l)
{
    const struct facts_request base = { .name = l->wanted.request.name, .at = &l->facts->block };
    if (!l->name.ens)
        return;
    more_records(l, &base);
    more_coins(l, &base);
    more_texts(l, &base);
}

static int lookup_name(struct lookup *l)
{
    int rc = chain_tool_name(l->tool, l->tool->call->arguments[0], &l->name);
    if (rc == TOOL_DONE)
        rc = want(l);
    if (rc == TOOL_DONE)
        rc = chain_tool_facts(l->tool, l->name.source, &l->wanted.request, &l->facts);
    if (rc == TOOL_DONE)
        rc = name_facts_complain(l->tool, &l->name, l->facts);
    if (rc != TOOL_DONE)
        return rc;
    ask_in_portions(l);
    columns_add(l->table, "KEY");
    columns_add(l->table, "VALUE");
    columns_add(l->table, "PROOF");
    coins_show(l);
    texts_show(l);
    content_show(l);
    records_show(l);
    return lookup_print(l);
}

static int primary_print(struct chain_tool *tool, const struct facts *facts, const char *address)
{
    const char *name = facts->status == FACTS_FOUND ? name_clean(tool, facts->unicode) : NULL;
    if (tool->call->values[OPTION_JSON] != NULL) {
        struct json_value *object = json_value_object();
        json_value_set_text(object, "address", address);
        json_value_set_text(object, "primary", name);
        name_facts_json(facts, object);
        int rc = control_print_json(tool->call, object);
        json_value_free(object);
        return rc;
    }
    if (name != NULL) {
        puts(name);
        name_facts_footer(facts, stdout);
    }
    return TOOL_DONE;
}

static int lookup_address(struct chain_tool *tool, const struct eth_address *address, const char *typed)
{
    int rc = TOOL_NEGATIVE;
    const char *why = NULL;
    for (int ens = 1; ens >= 0; ens--) {
        const struct config_mount *mount = chain_tool_mount(tool, ens == 1);
        struct name_source *source = mount != NULL ? chain_tool_source(tool, mount) : NULL;
        struct facts *facts = NULL;
        if (source == NULL)
            continue;
        rc = chain_tool_reverse(tool, source, address, &facts);
        if (rc != TOOL_DONE)
            return rc;
        if (facts->status == FACTS_FOUND)
            rc = primary_print(tool, facts, typed);
        else if (facts->status == FACTS_FAILED)
            rc = tools_complain(tool->call, TOOL_FAILED, "%s: the primary name could not be looked up: %s", typed, facts->reason != NULL ? facts->reason : chain_failure_text(facts->failure));
        else
            rc = TOOL_NEGATIVE;
        if (facts->reason != NULL)
            why = arena_string(tool->arena, facts->reason);
        facts_free(facts);
        if (rc != TOOL_NEGATIVE)
            return rc;
    }
    return tools_complain(tool->call, TOOL_NEGATIVE, "%s has no primary name%s%s", typed, why != NULL ? ": " : "", why != NULL ? why : "");
}

int name_lookup_run(const struct tool_call *call)
{
    struct lookup l = { .table = columns_new(3), .records = json_value_array() };
    struct eth_address address;
    bool number = strncmp(call->arguments[0], "0x", 2) == 0 && strchr(call->arguments[0], '.') == NULL;
    int rc = chain_tool_open(call, &l.tool);
    if (rc == TOOL_DONE && number)
        rc = tools_address(call, "ADDRESS", call->arguments[0], address.octets);
    if (rc == TOOL_DONE)
        rc = number ? lookup_address(l.tool, &address, call->arguments[0]) : lookup_name(&l);
    facts_free(l.facts);
    for (size_t i = 0; i < l.more_count; i++)
        facts_free(l.more[i]);
    columns_free(l.table);
    json_value_free(l.records);
    chain_tool_close(l.tool);
    return rc;
}
