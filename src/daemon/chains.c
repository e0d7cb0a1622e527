/* SPDX-License-Identifier: Apache-2.0 */
/* Chains, name systems and mounts as the configuration has them. */
#include "daemon/chains.h"

#include "config/chain_options.h"
#include <string.h>

static bool same_source(const struct config_mount *a, const struct config_mount *b)
{
    return a->system == b->system && a->refuse_expired == b->refuse_expired && a->chain_count == b->chain_count &&
           memcmp(a->chains, b->chains, a->chain_count * sizeof *a->chains) == 0;
}

/* Mounts of one system on the same chains share what they know. */
static enum status source_of(struct chains *chains, const struct config *config, size_t index, struct arena *arena, struct name_source **out)
{
    const struct config_mount *mount = &config->mounts[index];
    for (size_t i = 0; i < chains->count; i++) {
        if (same_source(chains->list[i].config, mount)) {
            *out = chains->list[i].source;
            return OK;
        }
    }
    enum status st;
    struct name_source *source;
    if (mount->system == CONFIG_SYSTEM_ENS) {
        struct ens_options options;
        st = config_ens_options(config, mount, chains->chains, arena, &options);
        if (st == OK)
            st = name_source_ens(&options, &source);
    } else {
        struct uns_options options;
        config_uns_options(config, mount, chains->chains, &options);
        st = name_source_uns(&options, &source);
    }
    if (st != OK)
        return st;
    chains->sources[chains->source_count++] = source;
    *out = source;
    return OK;
}

static enum status add_mount(struct chains *chains, const struct config *config, size_t index, struct arena *arena)
{
    const struct config_mount *from = &config->mounts[index];
    struct name_source *source;
    enum status st = source_of(chains, config, index, arena, &source);
    struct name_view *servers = arena_alloc(arena, (from->server_count + 1) * sizeof *servers);
    if (st != OK || !servers)
        return st == OK ? E_NOMEM : st;
    for (size_t i = 0; i < from->server_count; i++)
        servers[i] = name_view_wire(from->servers[i]);
    for (size_t i = 0; i < from->suffix_count && st == OK; i++) {
        const struct name_view suffix = name_view_wire(from->suffixes[i]);
        const struct mount_options options = {
            .suffix = suffix, .base = from->base ? name_view_wire(from->base) : suffix, .source = source, .ttl_max = (uint32_t)(from->ttl_max_ms / 1000),
            .private_addresses = from->private_addresses == CONFIG_PRIVATE_ALLOW, .gateways = from->gateways, .gateway_count = from->gateway_count,
            .reverse = from->reverse && i == 0 ? name_view_wire(from->reverse) : (struct name_view){ 0 },
            .servers = servers, .server_count = from->server_count, .fresh_seconds = 60,
        };
        struct chains_mount *slot = &chains->list[chains->count];
        st = mounts_add(chains->mounts, &options, &slot->mount);
        slot->config = from;
        slot->source = source;
        slot->collision = from->collision;
        slot->system = from->system;
        chains->count += st == OK;
        if (st == OK)
            st = config_acl_build(config, from->allow, &slot->allow);
    }
    return st;
}

/* @return NULL when out of memory */
static const char *suffix_text(struct arena *arena, const uint8_t *suffix)
{
    char text[NAME_TEXT_ROOM];
    return arena_string(arena, name_to_text(name_view_wire(suffix), text));
}

/* Hosts below a mount would be resolved through ourselves: nodes and gateways may not have such. */
static enum status open_loop(struct chains *chains, const struct config *config, struct arena *arena, size_t suffixes)
{
    struct chain_loop_options options = { 0 };
    const char **own = arena_alloc(arena, (suffixes + config->mount_count + 1) * sizeof *own);
    if (!own)
        return E_NOMEM;
    for (size_t i = 0; i < config->mount_count; i++) {
        const struct config_mount *mount = &config->mounts[i];
        for (size_t k = 0; k < mount->suffix_count; k++)
            own[options.own_suffix_count++] = suffix_text(arena, mount->suffixes[k]);
        if (mount->reverse)
            own[options.own_suffix_count++] = suffix_text(arena, mount->reverse);
    }
    for (size_t i = 0; i < options.own_suffix_count; i++)
        if (!own[i])
            return E_NOMEM;
    options.own_suffixes = own;
    return chain_loop_new(&options, &chains->loop);
}

static enum status open_chain(struct chains *chains, const struct config *config, size_t index, struct arena *arena, struct diagnostics *diag)
{
    struct chain_options options;
    enum status st = config_chain_options(config, &config->chains[index], arena, &options, diag);
    if (st == OK)
        st = chain_new(chains->loop, &options, &chains->chains[index]);
    if (st != OK && st != E_NOMEM && diagnostics_count(diag, SEVERITY_ERROR) == 0)
        diagnostics_add(diag, SEVERITY_ERROR, "chains", NULL, "chain %s: %s", config->chains[index].name, status_text(st));
    chains->chain_count += st == OK;
    return st;
}

static enum status fill(struct chains *chains, const struct config *config, struct epoch *epoch, struct arena *arena, struct diagnostics *diag)
{
    const struct cache_options cache = { .bytes = config->names_cache_bytes ? (size_t)config->names_cache_bytes : (size_t)256 << 20, .epoch = epoch };
    size_t suffixes = 0;
    for (size_t i = 0; i < config->mount_count; i++)
        suffixes += config->mounts[i].suffix_count;
    chains->chains = mem_alloc((config->chain_count + 1) * sizeof *chains->chains);
    chains->sources = mem_alloc((config->mount_count + 1) * sizeof(struct name_source *));
    chains->list = mem_alloc((suffixes + 1) * sizeof *chains->list);
    if (!chains->chains || !chains->sources || !chains->list)
        return E_NOMEM;
    enum status st = open_loop(chains, config, arena, suffixes);
    if (st == OK)
        st = cache_new(&cache, &chains->cache);
    for (size_t i = 0; i < config->chain_count && st == OK; i++)
        st = open_chain(chains, config, i, arena, diag);
    if (st == OK)
        st = mounts_new(chains->loop, chains->cache, epoch, &chains->mounts);
    for (size_t i = 0; i < config->mount_count && st == OK; i++)
        st = add_mount(chains, config, i, arena);
    return st;
}

enum status chains_open(const struct config *config, struct epoch *epoch, struct chains **out, struct diagnostics *diag)
{
    *out = NULL;
    if (config->chain_count == 0)
        return OK;
    struct chains *chains = mem_alloc(sizeof *chains);
    struct arena *arena = arena_new(1 << 14);       /* rooms below copy what they keep */
    enum status st = chains && arena ? fill(chains, config, epoch, arena, diag) : E_NOMEM;
    arena_free(arena);
    if (st != OK) {
        chains_free(chains);
        return st;
    }
    for (size_t i = 0; i < chains->count; i++)
        chains->list[i].config = NULL;          /* it may go with a reload */
    *out = chains;
    return OK;
}

enum status chains_start(struct chains *chains)
{
    if (!chains)
        return OK;
    for (size_t i = 0; i < chains->chain_count; i++)
        chain_begin(chains->chains[i]);
    return chain_loop_start(chains->loop);
}

void chains_stop(struct chains *chains)
{
    if (chains)
        chain_loop_stop(chains->loop);
}

void chains_free(struct chains *chains)
{
    if (!chains)
        return;
    mounts_free(chains->mounts);
    for (size_t i = 0; i < chains->count; i++)
        acl_free(chains->list[i].allow);
    for (size_t i = 0; i < chains->source_count; i++)
        name_source_free(chains->sources[i]);
    for (size_t i = 0; i < chains->chain_count; i++)
        chain_free(chains->chains[i]);
    cache_free(chains->cache);
    chain_loop_free(chains->loop);
    mem_free(chains->list);
    mem_free(chains->sources);
    mem_free(chains->chains);
    mem_free(chains);
}
