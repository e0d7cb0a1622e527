/* SPDX-License-Identifier: Apache-2.0 */
/* One provider: what it told of itself, how well it answers, how much may be asked of it. */
#include "ethereum/inside.h"

#include "crypto/keccak.h"
#include "http/http.h"

enum {
    OPEN_AFTER = 3,                     /* failures in a row that cut it off */
    OPEN_MIN_MS = 500, OPEN_MAX_MS = 12000,
    RECHECK_MS = 15000,                 /* of one that was refused */
    DISTRUST_MS = 60000,
    LIMIT_MIN_MS = 1000, LIMIT_MAX_MS = 60000,
    HEDGE_MIN_MS = 40,
    HEARD_MIN_MS = 3000, HEARD_MAX_MS = 30000,
};

enum status provider_init(struct provider *provider, struct chain *chain, const struct provider_options *options)
{
    *provider = (struct provider){ .chain = chain, .batch = options->batch, .rate = options->rate, .tokens = options->rate };
    provider->name = mem_string(options->name);
    provider->url = mem_string(options->url);
    provider->operator_name = mem_string(options->operator ? options->operator : options->name);
    atomic_store(&provider->reason, "not asked yet");
    return provider->name && provider->url && provider->operator_name ? OK : E_NOMEM;
}

void provider_clear(struct provider *provider)
{
    rpc_cancel(provider->check);
    rpc_cancel(provider->poll);
    provider->check = provider->poll = NULL;
    mem_free(provider->name);
    mem_free(provider->operator_name);
    if (provider->url)
        mem_wipe(provider->url, strlen(provider->url));
    mem_free(provider->url);
}

static uint64_t now_of(const struct provider *provider) { return chain_loop_now_ms(provider->chain->loop); }

/* ---- rate ---- */

static void refill(struct provider *provider)
{
    uint64_t now = now_of(provider);
    double most = provider->rate < 1 ? 1 : provider->rate;
    provider->tokens += provider->rate * (double)(now - provider->tokens_at_ms) / 1000;
    provider->tokens = provider->tokens > most ? most : provider->tokens;
    provider->tokens_at_ms = now;
}

void provider_charge(struct provider *provider, size_t calls)
{
    count_add(&provider->calls, calls);
    count_add(&provider->chain->call_count, calls);
    if (provider->rate <= 0)
        return;
    refill(provider);
    provider->tokens -= (double)calls;
}

uint64_t provider_wait_ms(struct provider *provider, size_t calls)
{
    uint64_t now = now_of(provider);
    uint64_t wait = provider->limited_until_ms > now ? provider->limited_until_ms - now : 0;
    if (provider->rate <= 0 || calls == 0)
        return wait;
    refill(provider);
    double most = provider->rate < 1 ? 1 : provider->rate;
    double need = (double)calls < most ? (double)calls : most;      /* more than the bucket holds goes into debt */
    if (provider->tokens >= need)
        return wait;
    uint64_t fill = (uint64_t)((need - provider->tokens) * 1000 / provider->rate) + 1;
    return fill > wait ? fill : wait;
}

/* ---- health ---- */

bool provider_admitted(const struct provider *provider)
{
    return !provider->open && atomic_load_explicit(&((struct provider *)(uintptr_t)provider)->told_admitted, memory_order_relaxed);
}

/* Smoothed as retransmission timers are (RFC 6298, section 2). */
void provider_note_success(struct provider *provider, uint64_t elapsed_ms)
{
    double took = (double)elapsed_ms;
    if (!provider->measured) {
        provider->latency_ms = took;
        provider->deviation_ms = took / 2;
        provider->measured = true;
    } else {
        double error = took > provider->latency_ms ? took - provider->latency_ms : provider->latency_ms - took;
        provider->deviation_ms += (error - provider->deviation_ms) / 4;
        provider->latency_ms += (took - provider->latency_ms) / 8;
    }
    count_set(&provider->latency_us, (uint64_t)(provider->latency_ms * 1000));
    provider->failures_in_row = provider->limited_in_row = 0;
    provider->heard = true;
    provider->heard_at_ms = now_of(provider);
}

static void cut_off(struct provider *provider)
{
    struct chain *chain = provider->chain;
    uint64_t most = chain->rhythm.interval_ms < 1000 ? 1000 : chain->rhythm.interval_ms;
    most = most > OPEN_MAX_MS ? OPEN_MAX_MS : most;
    uint64_t pause = (uint64_t)OPEN_MIN_MS << (provider->opened < 6 ? provider->opened : 6);
    pause = pause > most ? most : pause;
    if (!provider->open && log_allowed(&chain->provider_stamp, 10))
        log_warning(LOG_NET, "provider cut off", log_text("chain", chain->options.name), log_text("provider", provider->name),
                    log_text("why", chain_failure_text(provider->failure)));
    provider->open = true;
    provider->opened++;
    provider->open_until_ms = now_of(provider) + pause;
    provider->state = PROVIDER_NEW;         /* what it is may have changed meanwhile */
    atomic_store_explicit(&provider->told_open, true, memory_order_relaxed);
}

/* It answers other questions: then this one takes so long, of whoever asks it.  Nobody's contract may cut a provider off for all names. */
static bool heard_lately(const struct provider *provider)
{
    uint64_t window = 2 * provider->chain->rhythm.interval_ms;
    window = window < HEARD_MIN_MS ? HEARD_MIN_MS : window > HEARD_MAX_MS ? HEARD_MAX_MS : window;
    return provider->heard && now_of(provider) - provider->heard_at_ms < window;
}

void provider_note_fault(struct provider *provider, enum rpc_fault fault, uint32_t retry_after_seconds)
{
    provider->failure = rpc_failure(fault);
    if (fault == RPC_MEMORY)
        return;                             /* ours, not its */
    if (fault == RPC_LIMITED) {
        uint64_t pause = (uint64_t)LIMIT_MIN_MS << (provider->limited_in_row < 6 ? provider->limited_in_row : 6);
        pause = retry_after_seconds ? (uint64_t)retry_after_seconds * 1000 : pause;
        provider->limited_until_ms = now_of(provider) + (pause > LIMIT_MAX_MS ? LIMIT_MAX_MS : pause);
        provider->limited_in_row++;
        count_add(&provider->limited, 1);
        return;
    }
    count_add(&provider->failures, 1);
    if (fault == RPC_LONG) {                /* it, or what was asked for: it is asked last for a while, which changes nothing where all are */
        provider->distrust_until_ms = now_of(provider) + DISTRUST_MS;
        return;
    }
    provider->failures_in_row++;
    if (fault == RPC_TIMEOUT && !provider->open && heard_lately(provider))
        return;
    if (provider->failures_in_row >= OPEN_AFTER || fault == RPC_DENIED || provider->open)
        cut_off(provider);
}

void provider_note_lie(struct provider *provider)
{
    count_add(&provider->disagreed, 1);
    provider->distrust_until_ms = now_of(provider) + DISTRUST_MS;
}

uint64_t provider_hedge_ms(const struct provider *provider)
{
    uint64_t most = provider->chain->options.try_ms;
    if (!provider->measured)
        return most / 4;
    uint64_t bound = (uint64_t)(provider->latency_ms + 3 * provider->deviation_ms) + HEDGE_MIN_MS;
    return bound < most ? bound : most;
}

void provider_tell(struct provider *provider, const struct chain_header *header)
{
    provider->told_at_ms = now_of(provider);
    count_set(&provider->head, header->block.number);
    /* What it told before and does not fit to this one was left by it. */
    unsigned kept = 0;
    for (unsigned i = 0; i < provider->seen_count; i++) {
        const struct chain_header *old = &provider->seen[i];
        bool fits = old->block.number + 1 < header->block.number
                    || (old->block.number + 1 == header->block.number && eth_word_equal(&old->block.hash, &header->parent));
        if (fits)
            provider->seen[kept++] = *old;
    }
    if (kept == SEEN_HEADERS)
        memmove(provider->seen, provider->seen + 1, --kept * sizeof provider->seen[0]);
    provider->seen[kept] = *header;
    provider->latest = kept;
    provider->seen_count = kept + 1;
}

/* ---- being let in ---- */

static void refuse(struct provider *provider, enum chain_failure failure, const char *reason)
{
    provider->state = PROVIDER_REFUSED;
    provider->failure = failure;
    provider->check_due_ms = now_of(provider) + RECHECK_MS;
    const char *before = atomic_exchange(&provider->reason, reason);
    if (before != reason)
        log_warning(LOG_NET, "provider refused", log_text("chain", provider->chain->options.name), log_text("provider", provider->name), log_text("why", reason));
}

/* The provider told these itself, so it is reached; what it told decides. */
static const char *judge(struct provider *provider, const struct rpc_reply *replies, size_t count, enum chain_failure *failure)
{
    uint64_t id = 0;
    bool syncing = false;
    struct chain_header header;
    *failure = CHAIN_FAILURE_BAD_REPLY;
    provider->has_code = false;             /* what it said before has no voice any more */
    if (replies[0].kind != RPC_RESULT || json_quantity(replies[0].result, &id) != OK)
        return "does not tell its chain id";
    if (id != provider->chain->options.chain_id) {
        *failure = CHAIN_FAILURE_WRONG_CHAIN;
        return "serves another chain";
    }
    *failure = CHAIN_FAILURE_NO_PROVIDER;
    /* Some do not offer the method; an object tells how far it is. */
    if (replies[1].kind == RPC_RESULT && (json_kind(replies[1].result) == JSON_OBJECT || (json_truth(replies[1].result, &syncing) == OK && syncing)))
        return "is not in step with its chain yet";
    if (replies[2].kind == RPC_RESULT && header_check(replies[2].result, &header) == OK)
        provider_tell(provider, &header);
    if (count <= 3)
        return NULL;
    struct slice digits = { NULL, 0 };
    if (replies[3].kind != RPC_RESULT || json_hex(replies[3].result, &digits) != OK || digits.length == 0)
        return "has no ENS registry";
    keccak256(digits.data, digits.length, provider->code_hash.octets);      /* compared, never shown: of the digits will do */
    provider->has_code = true;
    return NULL;
}

static void checked(void *context, const struct rpc_reply *replies, size_t count)
{
    struct provider *provider = context;
    enum chain_failure failure = CHAIN_FAILURE_NO_PROVIDER;
    provider->check = NULL;
    provider->state = PROVIDER_NEW;
    if (replies[0].kind == RPC_FAILED && (!replies[0].told || replies[0].fault == RPC_LIMITED)) {      /* its health is noted already */
        atomic_store(&provider->reason, chain_failure_text(provider->failure));
        provider->check_due_ms = now_of(provider) + OPEN_MIN_MS;
        pool_admit(provider->chain);
        return;
    }
    const char *reason = judge(provider, replies, count, &failure);
    if (reason) {
        refuse(provider, failure, reason);
    } else {
        provider->state = PROVIDER_CHECKED;
        provider->open = false;
        provider->opened = provider->failures_in_row = 0;
        atomic_store_explicit(&provider->told_open, false, memory_order_relaxed);
    }
    pool_admit(provider->chain);
}

void provider_check(struct provider *provider)
{
    struct chain *chain = provider->chain;
    uint64_t now = now_of(provider);
    if (provider->check || provider->state == PROVIDER_CHECKED || chain->stopped || (provider->open && now < provider->open_until_ms)
        || now < provider->check_due_ms || now < provider->limited_until_ms)
        return;
    char address[64];
    struct text params;
    text_fixed(&params, address, sizeof address);
    text_add(&params, "[\"0x");
    text_add_hex(&params, chain->options.registry.octets, 20, false);
    text_add(&params, "\",\"latest\"]");
    struct rpc_call calls[4] = {
        { "eth_chainId", slice_string("[]") }, { "eth_syncing", slice_string("[]") }, { "eth_getBlockByNumber", follower_tag(chain) },
        { "eth_getCode", slice_of(address, params.length) },
    };
    provider->state = PROVIDER_CHECKING;
    if (rpc_start(provider, calls, eth_address_is_zero(&chain->options.registry) ? 3 : 4, chain->options.try_ms, REPLY_BYTES, checked, provider, &provider->check) != OK) {
        provider->state = PROVIDER_NEW;
        provider->check_due_ms = now + OPEN_MIN_MS;
        provider->failure = CHAIN_FAILURE_MEMORY;
    }
}
