/* SPDX-License-Identifier: Apache-2.0 */
/* The name that an address claims: on layer 1, and only where there is none on layer 2; and whether that name is the address's. */
#include "names/uns_inside.h"
#include "names/uns_selectors.h"

#include "ethereum/abi.h"
#include "names/coin.h"

struct uns_reverse {
    struct facts_job job;
    struct uns_source *source;
    struct eth_address address;
    facts_done_fn *done; void *context;
    struct facts *facts;                        /* told when there is no name to look up */
    struct uns_ask asks[UNS_LAYERS];            /* in the order in which they count here: layer 1, layer 2 */
    struct slice claims[UNS_LAYERS];
    unsigned claimed;                           /* the layer whose claim is looked up */
    struct facts_job *forward;
    uint64_t began_ms;
    bool nomem, over;
};

static void reverse_free(struct uns_reverse *reverse)
{
    for (unsigned i = 0; i < UNS_LAYERS; i++)
        if (reverse->asks[i].reading)
            state_job_cancel(reverse->asks[i].reading);
    facts_cancel(reverse->forward);
    facts_free(reverse->facts);
    mem_free(reverse);
}

static void reverse_cancel(struct facts_job *job) { reverse_free((struct uns_reverse *)job); }

/* ---- told ---- */

static struct eth_word word_of(const struct eth_address *address)
{
    struct eth_word word = { { 0 } };
    memcpy(word.octets + sizeof word.octets - sizeof address->octets, address->octets, sizeof address->octets);
    return word;
}

/* What the claim rests on, besides what the name does: the address's entry in each registry that was consulted, and the claimed token there. */
static bool depend(const struct uns_reverse *reverse, struct facts *facts, const struct eth_word *token)
{
    struct eth_word address = word_of(&reverse->address);
    for (unsigned i = 0; i <= reverse->claimed && i < UNS_LAYERS; i++) {
        const struct uns_contracts *at = &reverse->asks[i].contracts;
        if (!at->chain)
            continue;
        if (eth_address_is_zero(&at->registry))
            facts->one_block = true;
        if (!facts_depend(facts, at->chain, &at->registry, DEPEND_NODE, &address, NULL) || !facts_depend(facts, at->chain, &at->registry, DEPEND_CODE, NULL, NULL)
            || !facts_depend(facts, at->chain, &at->reader, DEPEND_CODE, NULL, NULL))
            return false;
        if (token && i == reverse->claimed && !facts_depend(facts, at->chain, &at->registry, DEPEND_TOKEN, token, NULL))
            return false;
        facts->proof = proof_weaker(facts->proof, reverse->asks[i].proof);
    }
    return true;
}

static void tell(struct uns_reverse *reverse, struct facts *facts)
{
    facts_done_fn *done = reverse->done;
    void *context = reverse->context;
    uint32_t round_trips = 0;
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        facts->calls += reverse->asks[i].budget.calls;
        if (reverse->asks[i].budget.round_trips > round_trips)
            round_trips = reverse->asks[i].budget.round_trips;
    }
    facts->round_trips += round_trips;
    facts->elapsed_ms = chain_loop_now_ms(chain_loop_of(facts->chain)) - reverse->began_ms;
    if (facts == reverse->facts)
        reverse->facts = NULL;
    reverse_free(reverse);
    done(context, facts);
}

static void tell_failed(struct uns_reverse *reverse, enum chain_failure failure, const char *reason)
{
    facts_say(reverse->facts, FACTS_FAILED, failure, reason);
    tell(reverse, reverse->facts);
}

static void tell_none(struct uns_reverse *reverse, const char *reason)
{
    struct facts *facts = reverse->facts;
    unsigned last = reverse->claimed < UNS_LAYERS ? reverse->claimed : reverse->asks[UNS_LAYERS - 1].contracts.chain ? UNS_LAYERS - 1 : 0;
    facts->chain = reverse->asks[last].contracts.chain;
    facts->block = reverse->asks[last].block;
    facts->u.chain_id = chain_id(facts->chain);
    facts_say(facts, FACTS_ABSENT, CHAIN_FAILURE_NONE, reason);
    if (!depend(reverse, facts, NULL))
        facts_say(facts, FACTS_FAILED, CHAIN_FAILURE_MEMORY, NULL);
    tell(reverse, facts);
}

/* ---- forwards ---- */

static bool leads_back(const struct uns_reverse *reverse, const struct facts *forward)
{
    const struct fact_coin *coin = facts_coin(forward, COIN_ETH);
    if (forward->status != FACTS_FOUND || !name_equal(forward->zone, forward->name))
        return false;
    if (eth_address_equal(&forward->u.owner, &reverse->address))
        return true;
    return coin && coin->fact.state == FACT_PRESENT && coin->fact.value.length == sizeof reverse->address.octets
           && memcmp(coin->fact.value.data, reverse->address.octets, sizeof reverse->address.octets) == 0;
}

static void on_forward(void *context, struct facts *forward)
{
    struct uns_reverse *reverse = context;
    reverse->forward = NULL;
    struct eth_word token = forward->u.token;
    if (forward->status != FACTS_FAILED && !leads_back(reverse, forward))
        facts_say(forward, FACTS_ABSENT, CHAIN_FAILURE_NONE, "the name that it claims does not lead back to it");
    if (forward->status != FACTS_FAILED && !depend(reverse, forward, &token))
        facts_say(forward, FACTS_FAILED, CHAIN_FAILURE_MEMORY, NULL);
    tell(reverse, forward);
}

/* A claim as a name; false: it is none of Unstoppable Domains. */
static bool read_claim(struct slice claim, struct name *out)
{
    for (size_t i = 0; i < claim.length; i++)
        if (claim.data[i] == '\\' || claim.data[i] == '@')
            return false;
    if (claim.data[claim.length - 1] == '.' || name_parse(claim, name_root, out) != OK || out->length <= 1)
        return false;
    for (const uint8_t *label = out->wire; *label; label += *label + 1)
        if (!uns_label_is_valid(label))
            return false;
    return true;
}

static void go_forward(struct uns_reverse *reverse, struct slice claim)
{
    static const uint64_t coins[] = { COIN_ETH };
    struct name name;
    if (!read_claim(claim, &name)) {
        tell_none(reverse, "the name that it claims is not one of Unstoppable Domains");
        return;
    }
    struct facts_request request = { .name = name_view_of(&name), .coins = coins, .coin_count = LENGTH_OF(coins) };
    if (uns_facts_start(reverse->source, &request, on_forward, reverse, &reverse->forward) != OK)
        tell_failed(reverse, CHAIN_FAILURE_MEMORY, NULL);
}

/* ---- claims ---- */

static void go_on(struct uns_reverse *reverse)
{
    if (reverse->over)
        return;
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        const struct uns_ask *ask = &reverse->asks[i];
        if (!ask->contracts.chain)
            continue;
        if (!ask->done)
            return;
        if (ask->failed || reverse->nomem) {
            tell_failed(reverse, reverse->nomem ? CHAIN_FAILURE_MEMORY : ask->failure, ask->reason);
            return;
        }
        if (reverse->claims[i].length > 0) {
            reverse->claimed = i;
            reverse->over = true;
            go_forward(reverse, reverse->claims[i]);
            return;
        }
    }
    tell_none(reverse, "it claims no name");
}

static void on_claim(struct uns_ask *ask, const struct state_result *results)
{
    struct uns_reverse *reverse = ask->job;
    if (results) {
        struct abi_input input;
        struct abi_reader reader = abi_reader_of(&input, results[0].data);
        struct slice name = abi_read_bytes(&reader);
        if (results[0].outcome != STATE_VALUE || !abi_ok(&input)) {
            uns_ask_fail(ask, CHAIN_FAILURE_BAD_REPLY, "the ProxyReader of Unstoppable Domains does not answer as one");
        } else {
            const char *copy = arena_copy(reverse->facts->arena, name.data, name.length);
            reverse->nomem = reverse->nomem || !copy;
            reverse->claims[ask - reverse->asks] = slice_of(copy, copy ? name.length : 0);
        }
    }
    go_on(reverse);
}

/* ---- begun ---- */

static enum status begin(struct uns_reverse *reverse)
{
    char buffer[ABI_SELECTOR_BYTES + ABI_WORD_BYTES + 1];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    struct abi_writer writer = abi_writer_call(&text, UNS_REVERSE_NAME_OF, 1);
    abi_write_address(&writer, &reverse->address);
    enum status status = OK;
    for (unsigned i = 0; i < UNS_LAYERS && status == OK; i++) {
        struct uns_ask *ask = &reverse->asks[i];
        if (!ask->contracts.chain)
            continue;
        uns_ask_call(ask, &ask->contracts.reader, slice_of(text.data, text.length));
        status = uns_ask_go(ask, NULL);
    }
    return status;
}

static bool has_readers(const struct uns_contracts contracts[UNS_LAYERS])
{
    for (unsigned i = 0; i < UNS_LAYERS; i++)
        if (contracts[i].chain && eth_address_is_zero(&contracts[i].reader))
            return false;
    return true;
}

enum status uns_reverse_start(struct uns_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out)
{
    (void)coin;         /* one entry for all chains */
    struct uns_contracts contracts[UNS_LAYERS];
    uns_contracts_of(source, contracts);
    struct chain *chain = contracts[1].chain ? contracts[1].chain : contracts[0].chain;
    struct uns_reverse *reverse = mem_alloc(sizeof *reverse);
    if (!reverse)
        return E_NOMEM;
    *reverse = (struct uns_reverse){ .job.cancel = reverse_cancel, .source = source, .address = *address, .done = done, .context = context, .claimed = UNS_LAYERS };
    for (unsigned i = 0; i < UNS_LAYERS; i++)
        reverse->asks[i] = (struct uns_ask){ .contracts = contracts[UNS_LAYERS - 1 - i], .next = on_claim, .job = reverse };
    reverse->began_ms = chain_loop_now_ms(chain_loop_of(chain));
    reverse->facts = facts_new(chain, name_root);
    if (!reverse->facts || !has_readers(contracts)) {
        struct facts *facts = reverse->facts;
        reverse->facts = NULL;
        reverse_free(reverse);
        if (!facts)
            return E_NOMEM;
        facts_say(facts, FACTS_FAILED, CHAIN_FAILURE_NONE, "the ProxyReader of this chain is not known: it must be configured");
        return facts_tell_later(chain, facts, done, context, out);
    }
    enum status status = begin(reverse);
    if (status != OK) {
        reverse_free(reverse);
        return status == E_LIMIT ? E_NOMEM : status;
    }
    *out = &reverse->job;
    return OK;
}
