/* SPDX-License-Identifier: Apache-2.0 */
/* A chain from its options, and what others see of it. */
#include "ethereum/inside.h"

#include "http/http.h"

#include <string.h>

/* Multicall3 has the same address on nearly all chains. */
static const struct eth_address multicall3 = { { 0xca, 0x11, 0xbd, 0xe0, 0x59, 0x77, 0xb3, 0x63, 0x11, 0x67, 0x02, 0x88, 0x62, 0xbe, 0x2a, 0x17, 0x39, 0x76, 0xca, 0x11 } };

static const struct { uint64_t id; uint32_t block_ms; } rhythms[] = {
    { 1, 12000 }, { 10, 2000 }, { 56, 3000 }, { 100, 5000 }, { 137, 2000 }, { 8453, 2000 }, { 17000, 12000 }, { 59144, 2000 }, { 80002, 2000 }, { 560048, 12000 }, { 11155111, 12000 },
};

void chain_options_default(struct chain_options *out)
{
    *out = (struct chain_options){
        .name = "ethereum", .chain_id = 1, .check = CHAIN_CHECK_SINGLE, .at = CHAIN_AT_LATEST, .quorum = 1, .stale_after_ms = 60000, .stale_limit_ms = 86400000,
        .try_ms = 1500, .lookup_ms = 4000, .multicall = multicall3, .ccip = true, .ccip_ms = 10000,
    };
}

static void hosts_free(const char *const *hosts, size_t count)
{
    for (size_t i = 0; hosts && i < count; i++)
        mem_free((void *)(uintptr_t)hosts[i]);
    mem_free((void *)(uintptr_t)hosts);
}

/* Zeroed behind what could be copied, so that hosts_free can take it. */
static MUST_CHECK enum status hosts_copy(const char *const *hosts, size_t count, const char *const **out)
{
    const char **copy = mem_alloc((count + 1) * sizeof(const char *));
    *out = copy;
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = mem_string(hosts[i]);
        if (copy[i] == NULL)
            return E_NOMEM;
    }
    return copy ? OK : E_NOMEM;
}

static void chain_stop_now(struct loop_member *member)
{
    struct chain *chain = (struct chain *)(void *)((char *)member - offsetof(struct chain, member));
    chain->stopped = true;
    follower_clear(chain);
    state_stop(chain);
    call_stop(chain);
}

void chain_free(struct chain *chain)
{
    if (chain == NULL)
        return;
    loop_leave(chain->loop, &chain->member);
    chain_stop_now(&chain->member);
    for (size_t i = 0; i < chain->provider_count; i++)
        provider_clear(&chain->providers[i]);
    mem_free(chain->providers);
    mem_free(chain->ring.headers);
    watches_clear(&chain->watches);
    hosts_free(chain->options.ccip_deny, chain->options.ccip_deny_count);
    hosts_free(chain->options.ccip_allow, chain->options.ccip_allow_count);
    mem_free((void *)(uintptr_t)chain->options.name);
    mem_free(chain);
}

static MUST_CHECK enum status take_options(struct chain *chain, const struct chain_options *options)
{
    chain->options = *options;
    chain->options.name = mem_string(options->name);
    chain->options.providers = NULL;
    chain->options.ccip_deny = chain->options.ccip_allow = NULL;
    if (chain->options.name == NULL || hosts_copy(options->ccip_deny, options->ccip_deny_count, &chain->options.ccip_deny) != OK
        || hosts_copy(options->ccip_allow, options->ccip_allow_count, &chain->options.ccip_allow) != OK)
        return E_NOMEM;
    if (eth_address_is_zero(&options->multicall))
        chain->options.multicall = multicall3;
    if (options->quorum == 0 || options->check == CHAIN_CHECK_SINGLE)
        chain->options.quorum = 1;
    struct follower_rhythm *rhythm = &chain->rhythm;
    rhythm->interval_ms = options->block_time_ms;
    rhythm->floor_ms = 250;
    for (size_t i = 0; i < LENGTH_OF(rhythms); i++) {
        if (rhythms[i].id != options->chain_id)
            continue;
        rhythm->known = true;
        rhythm->interval_ms = rhythm->interval_ms ? rhythm->interval_ms : rhythms[i].block_ms;
    }
    rhythm->learned = rhythm->interval_ms == 0;
    rhythm->interval_ms = rhythm->learned ? 1000 : rhythm->interval_ms;
    return OK;
}

static MUST_CHECK enum status take_providers(struct chain *chain, const struct chain_options *options)
{
    chain->providers = mem_alloc(options->provider_count * sizeof *chain->providers);
    if (chain->providers == NULL)
        return E_NOMEM;
    for (size_t i = 0; i < options->provider_count; i++) {
        struct provider *provider = &chain->providers[i];
        chain->provider_count = i + 1;
        if (provider_init(provider, chain, &options->providers[i]) != OK)
            return E_NOMEM;
        provider->index = (unsigned)i;
        provider->operator = chain->operator_count;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(chain->providers[k].operator_name, provider->operator_name) == 0)
                provider->operator = chain->providers[k].operator;
        }
        chain->operator_count += provider->operator == chain->operator_count;
    }
    return chain->options.quorum <= chain->operator_count ? OK : E_RANGE;
}

enum status chain_new(struct chain_loop *loop, const struct chain_options *options, struct chain **out)
{
    if (options->provider_count == 0 || options->provider_count > PROVIDERS_MAX)
        return E_RANGE;
    struct chain *chain = mem_alloc(sizeof *chain);
    if (chain == NULL)
        return E_NOMEM;
    chain->loop = loop;
    chain->next_id = 1;
    chain->member.stop = chain_stop_now;
    loop_join(loop, &chain->member);
    chain->ring.headers = mem_alloc(RING_BLOCKS * sizeof *chain->ring.headers);
    enum status status = take_options(chain, options);
    if (status == OK)
        status = chain->ring.headers ? take_providers(chain, options) : E_NOMEM;
    if (status != OK) {
        chain_free(chain);
        return status;
    }
    *out = chain;
    return OK;
}

const char *chain_name(const struct chain *chain) { return chain->options.name; }
uint64_t chain_id(const struct chain *chain) { return chain->options.chain_id; }
struct chain_loop *chain_loop_of(const struct chain *chain) { return chain->loop; }

void chain_begin(struct chain *chain)
{
    if (chain->begun || chain->stopped)
        return;
    chain->begun = true;
    follower_start(chain);
}

void chain_follow(struct chain *chain, struct chain_follower *follower)
{
    struct chain_follower **end = &chain->followers;
    while (*end)
        end = &(*end)->next;
    follower->next = NULL;
    *end = follower;
    chain_begin(chain);
}

bool chain_head(const struct chain *chain, struct eth_block *out)
{
    const struct chain_header *head = ring_newest(&chain->ring);
    if (head)
        *out = head->block;
    return head != NULL;
}

enum chain_health chain_health(const struct chain *chain) { return (enum chain_health)atomic_load_explicit((_Atomic int *)(uintptr_t)&chain->health, memory_order_relaxed); }

void chain_counters_read(const struct chain *chain, struct chain_counters *out)
{
    *out = (struct chain_counters){
        .head_number = count_get(&chain->head_number), .head_time = count_get(&chain->head_time), .heads = count_get(&chain->heads), .reorgs = count_get(&chain->reorgs),
        .logs = count_get(&chain->logs), .calls = count_get(&chain->call_count), .call_bytes = count_get(&chain->call_bytes),
        .gateway_requests = count_get(&chain->gateway_requests), .disagreements = count_get(&chain->disagreements), .health = chain_health(chain),
    };
    for (size_t i = 0; i < CHAIN_FAILURES; i++)
        out->failures[i] = count_get(&chain->failures[i]);
}

size_t chain_provider_count(const struct chain *chain) { return chain->provider_count; }

void chain_provider_counters_read(const struct chain *chain, size_t index, struct chain_provider_counters *out)
{
    struct provider *provider = &chain->providers[index];
    *out = (struct chain_provider_counters){
        .name = provider->name, .operator = provider->operator_name, .admitted = atomic_load_explicit(&provider->told_admitted, memory_order_relaxed),
        .open = atomic_load_explicit(&provider->told_open, memory_order_relaxed), .reason = atomic_load_explicit(&provider->reason, memory_order_relaxed),
        .calls = count_get(&provider->calls), .failures = count_get(&provider->failures), .limited = count_get(&provider->limited),
        .disagreed = count_get(&provider->disagreed), .latency_us = count_get(&provider->latency_us), .head = count_get(&provider->head),
    };
}
