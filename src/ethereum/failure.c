/* SPDX-License-Identifier: Apache-2.0 */
/* The words for what is known, and for why something is not. */
#include "ethereum/chain.h"

#include <stdio.h>

static const struct { const char *label, *text; } failures[CHAIN_FAILURES] = {
    [CHAIN_FAILURE_NONE] = { "none", "nothing failed" },
    [CHAIN_FAILURE_NO_PROVIDER] = { "no-provider", "no provider of the chain is reached" },
    [CHAIN_FAILURE_TIMEOUT] = { "timeout", "the providers did not answer in time" },
    [CHAIN_FAILURE_DISAGREE] = { "disagree", "the providers do not agree" },
    [CHAIN_FAILURE_BAD_REPLY] = { "bad-reply", "a provider answered something that makes no sense" },
    [CHAIN_FAILURE_LIMITED] = { "limited", "the rate limit of the providers is reached" },
    [CHAIN_FAILURE_BLOCK_GONE] = { "block-gone", "the providers do not have the block" },
    [CHAIN_FAILURE_GAS] = { "gas", "the call ran out of gas" },
    [CHAIN_FAILURE_GATEWAY] = { "gateway", "an off-chain gateway failed" },
    [CHAIN_FAILURE_GATEWAY_REFUSED] = { "gateway-refused", "an off-chain gateway is not one that may be asked" },
    [CHAIN_FAILURE_BUDGET] = { "budget", "the budget of one lookup is used up" },
    [CHAIN_FAILURE_PROOF] = { "proof", "a proof does not verify" },
    [CHAIN_FAILURE_STALE] = { "stale", "the chain has not been followed for too long" },
    [CHAIN_FAILURE_WRONG_CHAIN] = { "wrong-chain", "the provider serves another chain" },
    [CHAIN_FAILURE_MEMORY] = { "memory", "out of memory" },
    [CHAIN_FAILURE_STOPPED] = { "stopped", "the server is being stopped" },
};

const char *chain_failure_text(enum chain_failure failure) { return (unsigned)failure < CHAIN_FAILURES ? failures[failure].text : "unknown"; }
const char *chain_failure_label(enum chain_failure failure) { return (unsigned)failure < CHAIN_FAILURES ? failures[failure].label : "unknown"; }

const char *chain_health_text(enum chain_health health)
{
    static const char *const texts[] = { [CHAIN_STARTING] = "starting", [CHAIN_FRESH] = "fresh", [CHAIN_STALE] = "stale", [CHAIN_DOWN] = "down" };
    return (unsigned)health < LENGTH_OF(texts) ? texts[health] : "unknown";
}

struct proof proof_weaker(struct proof a, struct proof b)
{
    if (a.grade != b.grade)
        return a.grade > b.grade ? a : b;
    return a.agreed <= b.agreed ? a : b;
}

const char *proof_text(struct proof proof, char *out, size_t room)
{
    static const char *const names[] = { "proven", "quorum", "contract-accepted", "single" };
    if (proof.grade == PROOF_QUORUM)
        snprintf(out, room, "quorum %u/%u", proof.agreed, proof.asked);
    else
        snprintf(out, room, "%s", (unsigned)proof.grade < LENGTH_OF(names) ? names[proof.grade] : "single");
    return out;
}
