/* SPDX-License-Identifier: Apache-2.0 */
/* Primary names (ENSIP-19): the name that an address claims, and whether that name says so too. */
#include "names/coin.h"
#include "names/ens_inside.h"

#include "names/label.h"

#include <inttypes.h>
#include <stdio.h>

enum { REVERSE_TEXT_ROOM = 80 };

struct ens_reverse {
    struct facts_job job;
    struct ens_source *source;
    struct eth_address address;
    uint64_t coin;
    facts_done_fn *done; void *context;
    struct facts *facts;                            /* to be told */
    struct facts_job *under_way[2];                 /* claims: that of the chain, that for all chains; then forwards */
    struct facts *claims[2];
    size_t waiting;
    uint64_t began_ms;
    uint32_t round_trips;
};

static void reverse_free(struct ens_reverse *reverse)
{
    for (size_t i = 0; i < LENGTH_OF(reverse->claims); i++)
        facts_free(reverse->claims[i]);
    facts_free(reverse->facts);
    mem_free(reverse);
}

static void reverse_cancel(struct facts_job *job)
{
    struct ens_reverse *reverse = (struct ens_reverse *)job;
    for (size_t i = 0; i < LENGTH_OF(reverse->under_way); i++)
        facts_cancel(reverse->under_way[i]);
    reverse_free(reverse);
}

static void tell(struct ens_reverse *reverse, enum facts_status status, enum chain_failure failure, const char *reason)
{
    struct facts *facts = reverse->facts;
    facts_done_fn *done = reverse->done;
    void *context = reverse->context;
    facts_say(facts, status, failure, reason);
    facts->round_trips = reverse->round_trips;
    facts->elapsed_ms = chain_loop_now_ms(chain_loop_of(facts->chain)) - reverse->began_ms;
    reverse->facts = NULL;
    reverse_free(reverse);
    done(context, facts);
}

/* ---- forwards ---- */

static void on_forward(void *context, struct facts *forward)
{
    struct ens_reverse *reverse = context;
    const struct fact_coin *coin = facts_coin(forward, reverse->coin);
    struct fact fact = coin ? coin->fact : (struct fact){ 0 };
    enum facts_status status = forward->status;
    reverse->under_way[0] = NULL;
    reverse->round_trips += forward->round_trips;
    bool same = fact.state == FACT_PRESENT && fact.value.length == sizeof reverse->address.octets
                && memcmp(fact.value.data, reverse->address.octets, sizeof reverse->address.octets) == 0;
    bool failed = status == FACTS_FAILED || fact.state == FACT_FAILED;
    enum chain_failure failure = status == FACTS_FAILED ? forward->failure : fact.failure;
    const char *constant = status == FACTS_FAILED ? forward->reason : fact.reason;
    char *reason = constant ? arena_string(reverse->facts->arena, constant) : NULL;
    bool merged = facts_merge(reverse->facts, forward);
    facts_free(forward);
    if (!merged)
        tell(reverse, FACTS_FAILED, CHAIN_FAILURE_MEMORY, NULL);
    else if (failed)
        tell(reverse, FACTS_FAILED, failure, reason);
    else if (same)
        tell(reverse, FACTS_FOUND, CHAIN_FAILURE_NONE, NULL);
    else
        tell(reverse, FACTS_ABSENT, CHAIN_FAILURE_NONE, "the name that it claims does not lead back to it");
}

static void go_forward(struct ens_reverse *reverse, struct slice claimed)
{
    struct facts *facts = reverse->facts;
    struct name name;
    if (!ens_is_normal(claimed) || claimed.length == 0) {
        tell(reverse, FACTS_ABSENT, CHAIN_FAILURE_NONE, "the name that it claims is not in its normal form");
        return;
    }
    if (label_name_to_dns(claimed, name_root, &name) != OK) {
        tell(reverse, FACTS_ABSENT, CHAIN_FAILURE_NONE, "the name that it claims does not fit the DNS");
        return;
    }
    const char *copy = arena_copy(facts->arena, claimed.data, claimed.length);
    facts->unicode = slice_of(copy, copy ? claimed.length : 0);
    struct facts_request request = { .name = name_view_of(&name), .coins = &reverse->coin, .coin_count = 1, .at = &facts->block };
    if (!copy || ens_lookup_start(reverse->source, &request, false, on_forward, reverse, &reverse->under_way[0]) != OK)
        tell(reverse, FACTS_FAILED, CHAIN_FAILURE_MEMORY, NULL);
}

/* ---- claims ---- */

/* The chain's own claim, and only where there is none that for all chains. */
static void choose(struct ens_reverse *reverse)
{
    for (size_t i = 0; i < LENGTH_OF(reverse->claims); i++) {
        const struct facts *claim = reverse->claims[i];
        if (!claim)
            continue;
        const struct fact *name = &claim->content;
        if (claim->status == FACTS_FAILED || name->state == FACT_FAILED || name->state == FACT_BROKEN) {
            bool whole = claim->status == FACTS_FAILED;
            const char *constant = whole ? claim->reason : name->reason;
            const char *reason = constant ? arena_string(reverse->facts->arena, constant) : NULL;
            tell(reverse, FACTS_FAILED, whole ? claim->failure : name->failure, reason);
            return;
        }
        if (name->state == FACT_PRESENT) {
            go_forward(reverse, name->value);
            return;
        }
    }
    tell(reverse, FACTS_ABSENT, CHAIN_FAILURE_NONE, "it claims no name");
}

static void on_claim(struct ens_reverse *reverse, size_t index, struct facts *claim)
{
    reverse->under_way[index] = NULL;
    reverse->claims[index] = claim;
    if (--reverse->waiting > 0)
        return;
    bool first = true;
    for (size_t i = 0; i < LENGTH_OF(reverse->claims); i++) {
        const struct facts *one = reverse->claims[i];
        if (!one)
            continue;
        if (first) {
            reverse->facts->proof = one->proof;
            reverse->facts->block = one->block;
        }
        first = false;
        if (one->round_trips > reverse->round_trips)
            reverse->round_trips = one->round_trips;
        if (!facts_merge(reverse->facts, one)) {
            tell(reverse, FACTS_FAILED, CHAIN_FAILURE_MEMORY, NULL);
            return;
        }
    }
    choose(reverse);
}

static void on_own(void *context, struct facts *claim) { on_claim(context, 0, claim); }
static void on_default(void *context, struct facts *claim) { on_claim(context, 1, claim); }

/* <address>.addr.reverse, <address>.default.reverse, <address>.<coin type in hexadecimal>.reverse */
static void reverse_name(const struct ens_reverse *reverse, uint64_t coin, struct name *out)
{
    char text[REVERSE_TEXT_ROOM];
    int length = 0;
    for (size_t i = 0; i < sizeof reverse->address.octets; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%02x", reverse->address.octets[i]);
    if (coin == COIN_ETH)
        length += snprintf(text + length, sizeof text - (size_t)length, ".addr.reverse.");
    else if (coin == COIN_EVM_DEFAULT)
        length += snprintf(text + length, sizeof text - (size_t)length, ".default.reverse.");
    else
        length += snprintf(text + length, sizeof text - (size_t)length, ".%" PRIx64 ".reverse.", coin);
    enum status status = name_parse(slice_of(text, (size_t)length), name_root, out);
    require(status == OK);
}

static bool start_claim(struct ens_reverse *reverse, size_t index, uint64_t coin)
{
    struct name name;
    reverse_name(reverse, coin, &name);
    struct facts_request request = { .name = name_view_of(&name) };
    reverse->waiting++;
    return ens_lookup_start(reverse->source, &request, true, index == 0 ? on_own : on_default, reverse, &reverse->under_way[index]) == OK;
}

enum status ens_reverse_start(struct ens_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out)
{
    struct ens_reverse *reverse = mem_alloc(sizeof *reverse);
    if (!reverse)
        return E_NOMEM;
    struct name name;
    struct chain *chain = source->options.chain;
    *reverse = (struct ens_reverse){ .job.cancel = reverse_cancel, .source = source, .address = *address, .coin = coin, .done = done, .context = context };
    reverse->began_ms = chain_loop_now_ms(chain_loop_of(chain));
    reverse_name(reverse, coin, &name);
    reverse->facts = facts_new(chain, name_view_of(&name));
    bool all_chains = coin == COIN_ETH || (coin > COIN_EVM_DEFAULT && coin <= UINT32_MAX);
    if (!reverse->facts || !start_claim(reverse, 0, coin) || (all_chains && !start_claim(reverse, 1, COIN_EVM_DEFAULT))) {
        reverse_cancel(&reverse->job);
        return E_NOMEM;
    }
    reverse->facts->ens = true;
    *out = &reverse->job;
    return OK;
}
