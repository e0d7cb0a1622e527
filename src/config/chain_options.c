/* SPDX-License-Identifier: Apache-2.0 */
/* What the rooms below take, out of the configuration: for the daemon and for the tool. */
#include "config/chain_options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { URL_FILE_BYTES = 4096 };

static void complain(struct diagnostics *diag, const char *path, const char *why)
{
    const struct place place = { .file = path };
    diagnostics_add(diag, SEVERITY_ERROR, "chains", &place, "%s", why);
}

/* The first line of a file. */
static enum status read_url(const struct config *config, const char *file, struct arena *arena, const char **out, struct diagnostics *diag)
{
    char path[PATH_MAX], line[URL_FILE_BYTES];
    if (!config_path(config, file, path, sizeof path))
        return E_LIMIT;
    FILE *stream = fopen(path, "re");
    if (!stream) {
        complain(diag, path, strerror(errno));
        return E_SYSTEM;
    }
    size_t length = fread(line, 1, sizeof line - 1, stream);
    fclose(stream);
    line[length] = 0;
    line[strcspn(line, "\r\n")] = 0;
    if (strncmp(line, "http://", 7) != 0 && strncmp(line, "https://", 8) != 0 && strncmp(line, "unix:/", 6) != 0) {
        explicit_bzero(line, sizeof line);
        complain(diag, path, "its first line must be a URL that begins with http://, https:// or unix:/");
        return E_INVALID;
    }
    *out = arena_string(arena, line);
    explicit_bzero(line, sizeof line);
    return *out ? OK : E_NOMEM;
}

static struct eth_address address_of(const struct config_contract *contract)
{
    struct eth_address address;
    memcpy(address.octets, contract->octets, sizeof address.octets);
    return address;
}

static void take_contract(struct eth_address *to, const struct config_contract *from)
{
    struct eth_address said = address_of(from);
    if (!eth_address_is_zero(&said))
        *to = said;
}

/* A provider is admitted by the registry of ENS, on chains that have a mount of it. */
static bool has_ens(const struct config *config, const struct config_chain *chain)
{
    for (size_t i = 0; i < config->mount_count; i++)
        if (config->mounts[i].system == CONFIG_SYSTEM_ENS && &config->chains[config->mounts[i].chains[0]] == chain)
            return true;
    return false;
}

enum status config_chain_options(const struct config *config, const struct config_chain *from, struct arena *arena, struct chain_options *out,
                                 struct diagnostics *diag)
{
    struct chain_options options;
    chain_options_default(&options);
    struct provider_options *providers = arena_alloc(arena, from->provider_count * sizeof *providers);
    if (!providers)
        return E_NOMEM;
    for (size_t i = 0; i < from->provider_count; i++) {
        const struct config_provider *p = &from->providers[i];
        providers[i] = (struct provider_options){ .name = p->name, .url = p->url, .operator = p->operator_name, .rate = p->rate, .batch = p->batch };
        enum status st = p->url_file ? read_url(config, p->url_file, arena, &providers[i].url, diag) : OK;
        if (st != OK)
            return st;
    }
    options.name = from->name;
    options.chain_id = from->chain_id;
    options.check = (enum chain_check)from->check;
    options.at = (enum chain_at)from->at;
    options.quorum = (unsigned)from->quorum;
    options.providers = providers;
    options.provider_count = from->provider_count;
    options.stale_after_ms = from->stale_after_ms;
    options.stale_limit_ms = from->serve_stale_ms;
    options.block_time_ms = from->block_time_ms;
    options.try_ms = from->try_ms;
    options.lookup_ms = from->lookup_ms;
    options.ccip = from->ccip_allow != CONFIG_CCIP_NONE;
    options.ccip_ms = from->ccip_timeout_ms;
    options.ccip_loopback = from->ccip_loopback;
    options.ccip_deny = from->ccip_deny.items;
    options.ccip_deny_count = from->ccip_deny.count;
    if (from->ccip_allow == CONFIG_CCIP_LISTED) {
        options.ccip_allow = from->ccip_hosts.items;
        options.ccip_allow_count = from->ccip_hosts.count;
        options.ccip = from->ccip_hosts.count != 0;
    }
    take_contract(&options.multicall, &from->contracts.multicall);
    if (has_ens(config, from)) {
        struct ens_options ens;
        ens_options_default(from->chain_id, &ens);
        options.registry = ens.registry;
        options.registry_old = ens.registry_old;
        take_contract(&options.registry, &from->contracts.registry);
        take_contract(&options.registry_old, &from->contracts.registry_old);
    }
    *out = options;
    return OK;
}

enum status config_ens_options(const struct config *config, const struct config_mount *mount, struct chain *const *chains, struct arena *arena,
                               struct ens_options *out)
{
    const struct config_chain *chain = &config->chains[mount->chains[0]];
    const struct config_contracts *c = &chain->contracts;
    ens_options_default(chain->chain_id, out);
    out->chain = chains[mount->chains[0]];
    take_contract(&out->registry, &c->registry);
    take_contract(&out->registry_old, &c->registry_old);
    take_contract(&out->universal_resolver, &c->universal_resolver);
    take_contract(&out->base_registrar, &c->base_registrar);
    take_contract(&out->name_wrapper, &c->name_wrapper);
    take_contract(&out->reverse_registrar, &c->reverse_registrar);
    take_contract(&out->public_resolver, &c->public_resolver);
    for (size_t i = 0; i < c->controllers.count && i < LENGTH_OF(out->controllers); i++) {
        out->controllers[i] = address_of(&c->controllers.items[i]);
        out->controller_count = i + 1;
    }
    out->refuse_expired = mount->refuse_expired;
    struct eth_address *known = arena_alloc(arena, (c->known_resolvers.count + 1) * sizeof *known);
    if (!known)
        return E_NOMEM;
    for (size_t i = 0; i < c->known_resolvers.count; i++)
        known[i] = address_of(&c->known_resolvers.items[i]);
    if (c->known_resolvers.count) {
        out->known_resolvers = known;
        out->known_resolver_count = c->known_resolvers.count;
    }
    return OK;
}

void config_uns_options(const struct config *config, const struct config_mount *mount, struct chain *const *chains, struct uns_options *out)
{
    const struct config_chain *layer2 = &config->chains[mount->chains[0]], *layer1 = mount->chain_count > 1 ? &config->chains[mount->chains[1]] : NULL;
    uns_options_default(layer2->chain_id, layer1 ? layer1->chain_id : 0, out);
    out->layer2 = chains[mount->chains[0]];
    take_contract(&out->reader2, &layer2->contracts.uns_reader);
    take_contract(&out->registry2, &layer2->contracts.uns_registry);
    if (!layer1)
        return;
    out->layer1 = chains[mount->chains[1]];
    take_contract(&out->reader1, &layer1->contracts.uns_reader);
    take_contract(&out->registry1, &layer1->contracts.uns_registry);
    take_contract(&out->cns1, &layer1->contracts.cns_registry);
}
