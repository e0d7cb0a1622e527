/* SPDX-License-Identifier: Apache-2.0 */
/* Chains: their nodes, and how far those are believed. */
#include "config/inside.h"

#include "crypto/address.h"
#include <stdlib.h>
#include <string.h>

enum { CHAINS_MAX = 32, PROVIDERS_MAX = 32, URL_MAX = 2000 };

bool read_contract(struct reading *r, const struct node *value, struct config_contract *out)
{
    const char *text = node_real(value)->text;
    struct config_contract contract;
    if (eip55_parse(slice_string(text), contract.octets) == OK) {
        *out = contract;
        return true;
    }
    node_error(r->diag, value, "\"%.64s\" is no address of a contract: 0x and 40 hexadecimal digits are wanted, whose upper and lower case is right where it is mixed (EIP-55)", text);
    return false;
}

bool read_contracts(struct reading *r, const struct node *value, struct config_contract_list *out)
{
    struct config_list list;
    if (!read_texts(r, value, &list))
        return false;
    struct config_contract *items = read_alloc(r, list.count * sizeof *items);
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; items && i < list.count; i++, item = item->next)
        if (!read_contract(r, item, &items[i]))
            return false;
    *out = (struct config_contract_list){ items, list.count };
    return items != NULL;
}

/* ---- a provider ---- */

static void provider_special(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    struct config_provider *provider = base;
    (void)key;                      /* `rate` is the only one */
    if (!expect_kind(r, value, NODE_SCALAR, "a rate such as 50/s"))
        return;
    const char *text = node_real(value)->text;
    char *end;
    double rate = strtod(text, &end);
    double seconds = strcmp(end, "/s") == 0 || *end == 0 ? 1 : strcmp(end, "/m") == 0 ? 60 : strcmp(end, "/h") == 0 ? 3600 : 0;
    if (end == text || seconds == 0 || !(rate > 0 && rate <= 1e6))
        node_error(r->diag, value, "`rate` is calls in a time, as in 50/s, 300/m or 10000/h, not \"%.40s\"", text);
    else
        provider->rate = rate / seconds;
}

/* The URL itself is not shown: it may have a key in it. */
static void check_url(struct reading *r, const struct node *item, const char *url)
{
    static const char *const schemes[] = { "http://", "https://", "unix:/" };
    for (size_t i = 0; i < LENGTH_OF(schemes); i++)
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0 && url[strlen(schemes[i])])
            return;
    if (strncmp(url, "ws", 2) == 0)
        node_error(r->diag, item, "web sockets are not in this version: use the node's http:// or https:// address, or unix:/PATH of its socket");
    else
        node_error(r->diag, item, "the URL of a node begins with http://, https:// or unix:/");
}

static void read_provider(struct reading *r, const struct node *item, struct config_provider *all, size_t index)
{
    struct config_provider *provider = &all[index];
    size_t before = diagnostics_count(r->diag, SEVERITY_ERROR);
    read_defaults(r, keys_provider, provider);
    read_map(r, item, keys_provider, NULL, provider, provider_special);
    if (diagnostics_count(r->diag, SEVERITY_ERROR) > before || r->no_memory)
        return;
    if (!provider->url == !provider->url_file)
        node_error(r->diag, item, "a provider has either a `url` or a `url-file`, which holds one");
    else if (provider->url)
        check_url(r, item, provider->url);
    if (!provider->name)
        provider->name = read_string(r, index ? "" : "node");
    for (size_t i = 0; i < index && provider->name; i++)
        if (strcmp(all[i].name, provider->name) == 0)
            node_error(r->diag, item, "providers need names, and each its own");
}

static void read_providers(struct reading *r, const struct node *value, struct config_chain *chain)
{
    size_t count = 0, done = 0;
    if (!expect_kind(r, value, NODE_LIST, "a list of providers"))
        return;
    for (const struct node *n = node_real(value)->first; n; n = n->next)
        count++;
    if (count == 0 || count > PROVIDERS_MAX) {
        node_error(r->diag, value, "a chain has 1 to %d providers", PROVIDERS_MAX);
        return;
    }
    struct config_provider *providers = read_alloc(r, count * sizeof *providers);
    for (const struct node *n = node_real(value)->first; n && providers; n = n->next)
        read_provider(r, n, providers, done++);
    chain->providers = providers;
    chain->provider_count = done;
}

static void chain_special(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    struct config_chain *chain = base;
    if (chain->provider_count) {
        node_error(r->diag, value->key, "a chain has either `rpc`, for one node, or `providers`");
    } else if (strcmp(key->name, "providers") == 0) {
        read_providers(r, value, chain);
    } else if (expect_kind(r, value, NODE_SCALAR, "the URL of a node")) {
        struct config_provider *provider = read_alloc(r, sizeof *provider);
        if (!provider)
            return;
        *provider = (struct config_provider){ .name = "node", .url = read_string(r, node_real(value)->text), .batch = true };
        check_url(r, value, node_real(value)->text);
        chain->providers = provider;
        chain->provider_count = 1;
    }
}

static size_t operator_count(const struct config_chain *chain)
{
    size_t count = 0;
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct config_provider *p = &chain->providers[i];
        const char *name = p->operator_name ? p->operator_name : p->name;
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) {
            const struct config_provider *other = &chain->providers[k];
            known = strcmp(other->operator_name ? other->operator_name : other->name, name) == 0;
        }
        count += !known;
    }
    return count;
}

static void check_chain(struct reading *r, const struct node *item, struct config_chain *chain, bool check_said)
{
    size_t operators = operator_count(chain);
    if (chain->chain_id == 0)
        node_error(r->diag, item->key, "`chain-id` is missing: 1 is Ethereum, 137 Polygon");
    if (chain->provider_count == 0)
        node_error(r->diag, item->key, "chain `%.64s` has no node: give it `rpc` or `providers`", chain->name);
    if (!check_said)
        chain->check = operators > 1 ? CONFIG_CHECK_QUORUM : CONFIG_CHECK_SINGLE;
    if (chain->check == CONFIG_CHECK_SINGLE)
        chain->quorum = 1;
    else if (chain->quorum == 0)
        chain->quorum = operators > 1 ? 2 : 1;
    if (chain->quorum > operators)
        node_error(r->diag, item->key, "a quorum of %u needs as many operators, and chain `%.64s` has %zu", (unsigned)chain->quorum, chain->name, operators);
    if (chain->check != CONFIG_CHECK_SINGLE && chain->quorum > 1 && chain->quorum * 2 <= operators)
        node_warning(r->diag, item->key, "a quorum of %u out of %zu operators can be had twice, for two different answers: the first one counts; %zu would be more than half",
                     (unsigned)chain->quorum, operators, operators / 2 + 1);
    if (chain->check != CONFIG_CHECK_SINGLE && chain->quorum == 1 && operators > 1)
        node_warning(r->diag, item->key, "a quorum of 1 believes every one of the %zu operators", operators);
}

static void read_chain(struct reading *r, const struct node *value, struct config_chain *all, size_t index)
{
    struct config_chain *chain = &all[index];
    const struct node *name = node_real(value->key);
    size_t before = diagnostics_count(r->diag, SEVERITY_ERROR);
    bool check_said = false;
    for (size_t i = 0; i < index; i++)
        if (strcmp(all[i].name, name->text) == 0)
            node_error(r->diag, value->key, "chain `%.64s` is there already", name->text);
    if (!*name->text || strlen(name->text) > 64)
        node_error(r->diag, value->key, "a chain needs a name of 1 to 64 octets");
    chain->name = read_string(r, name->text);
    read_defaults(r, keys_chain, chain);
    read_map(r, value, keys_chain, NULL, chain, chain_special);
    for (const struct node *n = node_real(value)->kind == NODE_MAP ? node_real(value)->first : NULL; n; n = n->next)
        check_said |= strcmp(node_real(n->key)->text, "check") == 0;
    if (diagnostics_count(r->diag, SEVERITY_ERROR) == before && !r->no_memory)
        check_chain(r, value, chain, check_said);
}

void read_chains(struct reading *r)
{
    size_t most = count_members(r, "chains", NODE_MAP), count = 0;
    struct config_chain *chains = read_alloc(r, (most < CHAINS_MAX ? most : CHAINS_MAX) * sizeof *chains);
    for (const struct source_file *file = r->files; file && chains; file = file->next) {
        for (const struct node *value = section_first(r, file, "chains", NODE_MAP); value && !r->no_memory; value = value->next) {
            if (count == CHAINS_MAX) {
                node_error(r->diag, value->key, "too many chains: at most %d", CHAINS_MAX);
                return;
            }
            read_chain(r, value, chains, count++);
        }
    }
    r->config->chains = chains;
    r->config->chain_count = count;
}
