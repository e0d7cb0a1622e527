/* SPDX-License-Identifier: Apache-2.0 */
/* Which providers are let in, and which of them is asked next. */
#include "ethereum/inside.h"

#include <string.h>

/* Operators whose providers have the same code in the place of the registry as this one. */
static unsigned code_votes(const struct chain *chain, const struct provider *one)
{
    uint32_t operators = 0;
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct provider *other = &chain->providers[i];
        if (other->has_code && eth_word_equal(&other->code_hash, &one->code_hash))
            operators |= UINT32_C(1) << other->operator;
    }
    return (unsigned)__builtin_popcount(operators);
}

/* Whether the code that this one has is that of the others: agreed by a quorum, and by no fewer than any other code. */
static bool code_agrees(const struct chain *chain, const struct provider *one)
{
    if (eth_address_is_zero(&chain->options.registry))
        return true;
    unsigned votes = code_votes(chain, one);
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct provider *other = &chain->providers[i];
        if (!other->has_code || eth_word_equal(&other->code_hash, &one->code_hash))
            continue;
        unsigned theirs = code_votes(chain, other);
        /* In a tie of single words the one that was let in first stays. */
        if (theirs > votes || (theirs == votes && atomic_load(&((struct provider *)(uintptr_t)other)->told_admitted) && !atomic_load(&((struct provider *)(uintptr_t)one)->told_admitted)))
            return false;
    }
    return true;
}

void pool_admit(struct chain *chain)
{
    for (size_t i = 0; i < chain->provider_count; i++) {
        struct provider *provider = &chain->providers[i];
        if (provider->state == PROVIDER_NEW || provider->state == PROVIDER_CHECKING)
            continue;                                   /* what held before holds until we know better */
        bool before = atomic_load(&provider->told_admitted);
        bool agrees = code_agrees(chain, provider), now = provider->state == PROVIDER_CHECKED && agrees;
        if (provider->state == PROVIDER_CHECKED)
            atomic_store(&provider->reason, agrees ? "" : "has another ENS registry than the others");
        atomic_store(&provider->told_admitted, now);
        if (now != before)
            log_info(LOG_NET, now ? "provider admitted" : "provider not admitted any more", log_text("chain", chain->options.name),
                     log_text("provider", provider->name));
    }
    follower_look(chain);
}

void pool_check(struct chain *chain)
{
    for (size_t i = 0; i < chain->provider_count; i++)
        provider_check(&chain->providers[i]);
}

/* Lower goes first. */
static double cost_of(const struct provider *provider, uint64_t now)
{
    double cost = provider->measured ? provider->latency_ms + provider->deviation_ms : 50;
    cost += 200.0 * provider->failures_in_row;
    /* Asked since the head came, it told of an older one: it lags, or stands still. */
    const struct chain_header *head = ring_newest(&provider->chain->ring);
    if (head && provider->seen_count > 0 && provider->told_at_ms > provider->chain->rhythm.head_at_ms
        && provider->seen[provider->latest].block.number < head->block.number)
        cost += 1000;
    return provider->distrust_until_ms > now ? cost + 1e6 : cost;
}

struct provider *pool_pick(struct chain *chain, uint32_t operators, uint32_t tried, size_t calls, uint64_t *soon_ms)
{
    uint64_t now = chain_loop_now_ms(chain->loop), soon = UINT64_MAX;
    struct provider *best = NULL;
    pool_check(chain);
    for (size_t i = 0; i < chain->provider_count; i++) {
        struct provider *provider = &chain->providers[i];
        if (operators >> provider->operator & 1 || tried >> provider->index & 1)
            continue;
        if (provider->state == PROVIDER_CHECKING || (provider->state == PROVIDER_NEW && !provider->open && provider->failures_in_row == 0))
            soon = soon < 10 ? soon : 10;
        if (!provider_admitted(provider))
            continue;
        uint64_t wait = provider_wait_ms(provider, calls);
        if (wait > 0)
            soon = soon < wait ? soon : wait;
        else if (best == NULL || cost_of(provider, now) < cost_of(best, now))
            best = provider;
    }
    if (soon_ms)
        *soon_ms = soon;
    return best;
}

enum chain_failure pool_failure(const struct chain *chain)
{
    enum chain_failure failure = CHAIN_FAILURE_NO_PROVIDER;
    uint64_t now = chain_loop_now_ms(chain->loop);
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct provider *provider = &chain->providers[i];
        if (!provider->open && provider->limited_until_ms > now)
            return CHAIN_FAILURE_LIMITED;
        if (!provider_admitted(provider) && provider->failure == CHAIN_FAILURE_WRONG_CHAIN)
            failure = CHAIN_FAILURE_WRONG_CHAIN;
    }
    return failure;
}

bool pool_hopeless(const struct chain *chain)
{
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct provider *provider = &chain->providers[i];
        bool untried = provider->state == PROVIDER_NEW && !provider->open && provider->failures_in_row == 0 && provider->limited_in_row == 0;
        if (provider_admitted(provider) || provider->state == PROVIDER_CHECKING || untried)
            return false;
    }
    return true;
}
