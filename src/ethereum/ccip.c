/* SPDX-License-Identifier: Apache-2.0 */
/* The client of EIP-3668: revert, gateway, callback, and again while that reverts the same way. */
#include "ethereum/ccip.h"

#include "ethereum/gateway.h"
#include "ethereum/inside.h"

static const uint32_t OFFCHAIN_LOOKUP = 0x556f1830;    /* OffchainLookup(address,string[],bytes,bytes4,bytes) */

struct ccip {
    struct chain *chain;
    struct state_budget *budget;
    struct eth_block block;
    struct eth_address to;
    struct proof proof;                 /* of all that was read on chain so far */
    ccip_done_fn *done;
    void *context;
    unsigned depth;
    struct text revert;                 /* that is being followed */
    struct abi_input input;
    uint32_t callback;
    struct slice extra;
    struct gateway_fetch *fetch;
    struct state_job *job;
    struct chain_timer soon;
    uint32_t max_age;
};

static void ccip_free(struct ccip *c)
{
    chain_timer_clear(&c->soon);
    text_clear(&c->revert);
    mem_free(c);
}

static void finish(struct ccip *c, struct state_result result)
{
    const struct proof accepted = { PROOF_CONTRACT_ACCEPTED, 0, 0 };
    result.followed = true;
    result.max_age_seconds = c->max_age;
    result.proof = proof_weaker(proof_weaker(result.proof, c->proof), accepted);
    ccip_done_fn *done = c->done;
    void *context = c->context;
    ccip_free(c);
    done(context, &result);
}

static void finish_without(struct ccip *c, enum chain_failure failure, uint16_t http_status)
{
    finish(c, (struct state_result){ .outcome = STATE_UNAVAILABLE, .failure = failure, .http_status = http_status, .proof = c->proof });
}

static void follow(struct ccip *c);

/* What the callback came to. */
static void called_back(void *context, const struct eth_block *block, const struct state_result *results, size_t count)
{
    struct ccip *c = context;
    struct state_result result = results[0];
    (void)block;
    (void)count;
    c->job = NULL;
    if (result.outcome != STATE_REVERTED || abi_selector(result.data) != OFFCHAIN_LOOKUP) {
        finish(c, result);
        return;
    }
    if (result.data.length > CCIP_REVERT_BYTES_MAX) {
        finish_without(c, CHAIN_FAILURE_BUDGET, 0);
        return;
    }
    c->proof = proof_weaker(c->proof, result.proof);
    text_clear(&c->revert);
    text_growing(&c->revert);
    text_add_bytes(&c->revert, result.data.data, result.data.length);
    follow(c);
}

static void gateway_answered(void *context, const struct gateway_reply *reply)
{
    struct ccip *c = context;
    struct text calldata;
    c->fetch = NULL;
    if (!reply->fine) {
        finish_without(c, reply->failure, reply->http_status);
        return;
    }
    c->max_age = reply->max_age < c->max_age ? reply->max_age : c->max_age;
    text_growing(&calldata);
    struct abi_writer writer = abi_writer_call(&calldata, c->callback, 2);
    abi_write_bytes(&writer, reply->data);
    abi_write_bytes(&writer, c->extra);
    const struct state_read read = { .kind = STATE_CALL, .to = c->to, .calldata = slice_of(calldata.data, calldata.length), .alone = true };
    enum status st = calldata.full ? E_NOMEM : state_read_all(c->chain, &c->block, c->budget, &read, 1, called_back, c, &c->job);
    text_clear(&calldata);
    if (st != OK)
        finish_without(c, st == E_LIMIT ? CHAIN_FAILURE_BUDGET : CHAIN_FAILURE_MEMORY, 0);
}

static void follow(struct ccip *c)
{
    const struct slice data = slice_of(c->revert.data, c->revert.length);
    if (c->revert.full) {
        finish_without(c, CHAIN_FAILURE_MEMORY, 0);
        return;
    }
    if (++c->depth > CCIP_DEPTH_MAX) {
        finish_without(c, CHAIN_FAILURE_BUDGET, 0);
        return;
    }
    struct abi_reader reader = abi_reader_call(&c->input, data, OFFCHAIN_LOOKUP);
    struct gateway_request request = { .chain = c->chain, .budget = c->budget, .depth = c->depth, .reply_bytes = CCIP_REPLY_BYTES_MAX };
    request.sender = abi_read_address(&reader);
    request.urls = abi_read_array(&reader, 1, &request.url_count);
    request.data = abi_read_bytes(&reader);
    c->callback = abi_read_bytes4(&reader);
    c->extra = abi_read_bytes(&reader);
    if (!abi_ok(&c->input)) {
        finish_without(c, CHAIN_FAILURE_BAD_REPLY, 0);
        return;
    }
    if (!eth_address_equal(&request.sender, &c->to)) {
        /* It came up from a contract inside, which was not asked: never follow that. */
        finish_without(c, CHAIN_FAILURE_GATEWAY_REFUSED, 0);
        return;
    }
    if (gateway_start(&request, gateway_answered, c, &c->fetch) != OK)
        finish_without(c, CHAIN_FAILURE_MEMORY, 0);
}

static void begin(struct chain_timer *timer)
{
    follow((struct ccip *)(void *)((char *)timer - offsetof(struct ccip, soon)));
}

enum status ccip_start(struct chain *chain, struct state_budget *budget, const struct eth_block *block, const struct state_read *read,
                       struct slice revert, struct proof proof, ccip_done_fn *done, void *context, struct ccip **out)
{
    struct ccip *c = mem_alloc(sizeof *c);
    if (!c)
        return E_NOMEM;
    *c = (struct ccip){ .chain = chain, .budget = budget, .block = *block, .to = read->to, .proof = proof, .done = done, .context = context, .max_age = UINT32_MAX };
    text_growing(&c->revert);
    if (revert.length <= CCIP_REVERT_BYTES_MAX)
        text_add_bytes(&c->revert, revert.data, revert.length);     /* else it is empty, and does not parse */
    if (c->revert.full || chain_timer_set(chain->loop, &c->soon, 0, begin) != OK) {
        ccip_free(c);
        return E_NOMEM;
    }
    if (!budget->gateways_begun) {
        budget->gateways_begun = true;
        budget->deadline_ms = chain_loop_now_ms(chain->loop) + chain->options.ccip_ms;
    }
    *out = c;
    return OK;
}

void ccip_cancel(struct ccip *ccip)
{
    if (!ccip)
        return;
    gateway_cancel(ccip->fetch);
    if (ccip->job)
        state_job_cancel(ccip->job);
    ccip_free(ccip);
}
