/* SPDX-License-Identifier: Apache-2.0 */
#include "names/uns_inside.h"

void uns_contracts_of(const struct uns_source *source, struct uns_contracts out[UNS_LAYERS])
{
    const struct uns_options *o = &source->options;
    out[0] = (struct uns_contracts){ .chain = o->layer2, .reader = o->reader2, .registry = o->registry2 };
    out[1] = (struct uns_contracts){ .chain = o->layer1, .reader = o->reader1, .registry = o->registry1, .cns = o->cns1 };
}

void uns_ask_call(struct uns_ask *ask, const struct eth_address *to, struct slice calldata)
{
    if (ask->read_count < UNS_READS_MAX)
        ask->reads[ask->read_count++] = (struct state_read){ .kind = STATE_CALL, .to = *to, .calldata = calldata };
}

void uns_ask_fail(struct uns_ask *ask, enum chain_failure failure, const char *reason)
{
    if (ask->failed)
        return;
    ask->failed = true;
    ask->failure = failure;
    ask->reason = reason;
}

static void on_read(void *context, const struct eth_block *block, const struct state_result *results, size_t count)
{
    struct uns_ask *ask = context;
    ask->reading = NULL;
    ask->done = true;
    if (count != ask->read_count || !block) {
        uns_ask_fail(ask, count > 0 && results[0].outcome == STATE_UNAVAILABLE ? results[0].failure : CHAIN_FAILURE_BAD_REPLY, NULL);
        ask->next(ask, NULL);
        return;
    }
    ask->block = *block;
    for (size_t i = 0; i < count; i++) {
        if (results[i].outcome == STATE_UNAVAILABLE)
            uns_ask_fail(ask, results[i].failure, NULL);
        ask->proof = i == 0 ? results[i].proof : proof_weaker(ask->proof, results[i].proof);
    }
    ask->next(ask, ask->failed ? NULL : results);
}

enum status uns_ask_go(struct uns_ask *ask, const struct eth_block *at)
{
    state_budget_init(&ask->budget, ask->contracts.chain);
    return state_read_all(ask->contracts.chain, at, &ask->budget, ask->reads, ask->read_count, on_read, ask, &ask->reading);
}
