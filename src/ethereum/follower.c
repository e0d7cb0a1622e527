/* SPDX-License-Identifier: Apache-2.0 */
/* Which block is the head: what providers tell, what a quorum of them agrees in, and when they are asked again.
 *
 *  A block is asked for shortly before it is expected, a little earlier each time, until it was too early once: so the rhythm is found
 *  and kept with between one and two polls for a block. */
#include "ethereum/inside.h"

#include <string.h>

enum {
    LEARNED_MAX_MS = 1000, EARLY_MIN_MS = 60, HEALTH_MS = 1000, HEALTH_MIN_MS = 20,
    ASK_ALL_AFTER = 3,          /* polls without news: not only the best ones are asked */
    ASK_ALL_EVERY = 16,
    BEHIND_MAX = 2, BEHIND_MAX_PUBLIC = 6,      /* nodes behind one address may be some blocks apart */
    STILL_BLOCKS = 20,          /* no block for so many that were due: the providers stand still */
};

static void poll_run(struct chain_timer *timer);

/* ---- when ---- */

/* How much before it is expected a block is asked for: more and more as long as that is not too early.  Less than the gap to the
 * second poll, which finds a block that comes when it should: with its logs it has cost three calls then, at most. */
static void set_early(struct follower_rhythm *rhythm)
{
    const uint64_t share = rhythm->interval_ms / 32, gap = rhythm->floor_ms - rhythm->floor_ms / 16;
    const uint64_t most = share < gap ? share : gap, least = most < 2 * EARLY_MIN_MS ? most / 2 : EARLY_MIN_MS;
    const uint64_t more = rhythm->misses <= 1 ? 2 * rhythm->early_ms : least;
    rhythm->early_ms = more < least ? least : more > most ? most : more;
}

/* Safe and finalized blocks come by the epoch: no need to hurry. */
static uint64_t gap_ms(const struct chain *chain)
{
    const struct follower_rhythm *rhythm = &chain->rhythm;
    uint64_t most = rhythm->interval_ms / 4;
    most = rhythm->learned ? LEARNED_MAX_MS / 2 : most < 500 ? 500 : most > 4000 ? 4000 : most;
    if (chain->options.at != CHAIN_AT_LATEST && !rhythm->learned)
        most = rhythm->interval_ms;
    uint64_t gap = rhythm->floor_ms;
    for (unsigned i = 1; i < rhythm->misses && gap < most; i++)
        gap += gap / 2;
    return gap < most ? gap : most;
}

static uint64_t next_poll_ms(const struct chain *chain)
{
    const struct follower_rhythm *rhythm = &chain->rhythm;
    uint64_t now = chain_loop_now_ms(chain->loop);
    if (ring_newest(&chain->ring) == NULL)
        return rhythm->floor_ms;
    uint64_t expected = rhythm->head_at_ms + rhythm->interval_ms - rhythm->early_ms;
    if (now < expected)
        return expected - now < rhythm->floor_ms ? rhythm->floor_ms : expected - now;
    return gap_ms(chain);
}

static void set_poll(struct chain *chain)
{
    if (!chain->stopped && chain_timer_set(chain->loop, &chain->poll_timer, next_poll_ms(chain), poll_run) != OK)
        log_error(LOG_NET, "out of memory: a chain is not followed", log_text("chain", chain->options.name));
}

static void learn(struct chain *chain, const struct chain_header *before, const struct chain_header *header)
{
    struct follower_rhythm *rhythm = &chain->rhythm;
    uint64_t now = chain_loop_now_ms(chain->loop);
    if (rhythm->learned && before && header->block.number == before->block.number + 1) {
        uint64_t took = now - rhythm->head_at_ms;
        took = took < rhythm->floor_ms ? rhythm->floor_ms : took > LEARNED_MAX_MS ? LEARNED_MAX_MS : took;
        rhythm->interval_ms = (rhythm->interval_ms * 3 + took) / 4;
    }
    set_early(rhythm);
    rhythm->head_at_ms = now;
    rhythm->misses = 0;
}

/* ---- health ---- */

static enum chain_health judge_health(const struct chain *chain)
{
    const struct follower_rhythm *rhythm = &chain->rhythm;
    uint64_t now = chain_loop_now_ms(chain->loop), since = rhythm->alive_at_ms;
    uint64_t stale_after = chain->options.stale_after_ms;
    if (ring_newest(&chain->ring) == NULL)
        return CHAIN_STARTING;
    uint64_t still = rhythm->head_at_ms + STILL_BLOCKS * rhythm->interval_ms;
    if (rhythm->known && now > still && chain->options.at == CHAIN_AT_LATEST && rhythm->head_at_ms < since)
        since = rhythm->head_at_ms;
    if (now - since <= stale_after)
        return CHAIN_FRESH;
    return now - since <= stale_after + chain->options.stale_limit_ms ? CHAIN_STALE : CHAIN_DOWN;
}

static void look_at_health(struct chain *chain)
{
    static const char *const words[] = { "chain is being found", "chain is followed", "chain is not followed: answers are stale", "chain is down" };
    enum chain_health now = judge_health(chain), before = chain_health(chain);
    if (now == before)
        return;
    atomic_store(&chain->health, (int)now);
    if (now >= CHAIN_STALE)
        log_warning(LOG_NET, words[now], log_text("chain", chain->options.name));
    else
        log_info(LOG_NET, words[now], log_text("chain", chain->options.name));
    for (struct chain_follower *follower = chain->followers; follower; follower = follower->next) {
        if (follower->health)
            follower->health(follower->context, now);
    }
}

static uint64_t health_in_ms(const struct chain *chain)
{
    uint64_t in = chain->options.stale_after_ms / 4;
    return in > HEALTH_MS ? HEALTH_MS : in < HEALTH_MIN_MS ? HEALTH_MIN_MS : in;
}

static void health_run(struct chain_timer *timer)
{
    struct chain *chain = (struct chain *)(void *)((char *)timer - offsetof(struct chain, health_timer));
    look_at_health(chain);
    if (chain_timer_set(chain->loop, timer, health_in_ms(chain), health_run) != OK)
        log_error(LOG_NET, "out of memory: the health of a chain is not watched", log_text("chain", chain->options.name));
}

/* ---- asking for the head ---- */

static void polled(void *context, const struct rpc_reply *replies, size_t count)
{
    struct provider *provider = context;
    struct chain *chain = provider->chain;
    struct chain_header header;
    (void)count;
    provider->poll = NULL;
    enum status status = replies[0].kind == RPC_RESULT ? header_check(replies[0].result, &header) : E_NOT_FOUND;
    if (status == OK)
        provider_tell(provider, &header);
    else if (status != E_NOT_FOUND)
        provider_note_fault(provider, RPC_BAD, 0);
    follower_look(chain);
}

struct slice follower_tag(const struct chain *chain)
{
    static const char *const tags[] = { [CHAIN_AT_LATEST] = "[\"latest\",false]", [CHAIN_AT_SAFE] = "[\"safe\",false]", [CHAIN_AT_FINALIZED] = "[\"finalized\",false]" };
    return slice_string(tags[chain->options.at]);
}

static void poll_one(struct provider *provider)
{
    struct rpc_call call = { "eth_getBlockByNumber", follower_tag(provider->chain) };
    if (rpc_start(provider, &call, 1, provider->chain->options.try_ms, REPLY_BYTES, polled, provider, &provider->poll) != OK)
        provider->poll = NULL;
}

/* It said more than is agreed yet: the others are waited for. */
static bool is_ahead(const struct chain *chain, const struct provider *provider)
{
    const struct chain_header *head = ring_newest(&chain->ring);
    return head && provider->seen_count > 0 && provider->seen[provider->latest].block.number > head->block.number && chain->rhythm.misses < ASK_ALL_AFTER;
}

static void poll_run(struct chain_timer *timer)
{
    struct chain *chain = (struct chain *)(void *)((char *)timer - offsetof(struct chain, poll_timer));
    struct follower_rhythm *rhythm = &chain->rhythm;
    bool all = rhythm->misses >= ASK_ALL_AFTER || rhythm->polls % ASK_ALL_EVERY == 0 || ring_newest(&chain->ring) == NULL;
    uint32_t operators = 0, tried = 0;
    unsigned asked = 0;
    rhythm->polls++;
    rhythm->misses++;
    for (;;) {
        /* A head is worth a call that is over the limit of ours: 0 calls of it are asked for. */
        struct provider *provider = pool_pick(chain, all ? 0 : operators, tried, 0, NULL);
        if (provider == NULL || (!all && asked >= chain->options.quorum))
            break;
        tried |= UINT32_C(1) << provider->index;
        operators |= UINT32_C(1) << provider->operator;
        asked++;
        if (provider->poll == NULL && !is_ahead(chain, provider))
            poll_one(provider);
    }
    if (asked == 0)
        state_head_came(chain);             /* those that wait may wait in vain */
    set_poll(chain);
}

/* ---- what is agreed ---- */

/* Operators that have told of this block; of one whose hash was computed also by naming it as a parent. */
static unsigned support(const struct chain *chain, const struct chain_header *header, uint64_t *since_ms)
{
    uint64_t told[PROVIDERS_MAX] = { 0 };
    unsigned count = 0;
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct provider *provider = &chain->providers[i];
        bool vouches = false;
        for (unsigned k = 0; k < provider->seen_count && !vouches && provider_admitted(provider); k++) {
            const struct chain_header *seen = &provider->seen[k];
            vouches = header->verified ? eth_word_equal(&seen->block.hash, &header->block.hash) || (seen->verified && eth_word_equal(&seen->parent, &header->block.hash))
                                       : memcmp(seen, header, HEADER_OCTETS) == 0;
        }
        if (vouches && told[provider->operator] < provider->told_at_ms)
            told[provider->operator] = provider->told_at_ms;
    }
    /* The answer that completes the quorum is as old as its oldest. */
    *since_ms = 0;
    for (unsigned i = 0; i < chain->operator_count; i++) {
        unsigned newer = 0;
        for (unsigned k = 0; k < chain->operator_count; k++)
            newer += told[k] >= told[i];
        count += told[i] > 0;
        if (told[i] > *since_ms && newer >= chain->options.quorum)
            *since_ms = told[i];
    }
    return count;
}

static const struct chain_header *agreed_head(const struct chain *chain, uint64_t *since_ms)
{
    const struct chain_header *best = NULL;
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct provider *provider = &chain->providers[i];
        for (unsigned k = 0; k < provider->seen_count && provider_admitted(provider); k++) {
            const struct chain_header *header = &provider->seen[k];
            uint64_t since;
            if ((best && header->block.number <= best->block.number) || support(chain, header, &since) < chain->options.quorum)
                continue;
            best = header;
            *since_ms = since;
        }
    }
    return best;
}

/* ---- going there ---- */

static void go_back(struct chain *chain);
static void go_forward(struct chain *chain);

static void tell_drop(struct chain *chain, uint64_t from)
{
    for (struct chain_follower *follower = chain->followers; follower; follower = follower->next) {
        if (follower->drop)
            follower->drop(follower->context, from);
    }
}

/* Who says other things of a block that is agreed by its hash did not take them from the chain.  Another hash is no lie: branches are. */
static void mark_liars(struct chain *chain, const struct chain_header *agreed)
{
    for (size_t i = 0; i < chain->provider_count; i++) {
        struct provider *provider = &chain->providers[i];
        for (unsigned k = 0; k < provider->seen_count; k++) {
            const struct chain_header *seen = &provider->seen[k];
            if (!eth_word_equal(&seen->block.hash, &agreed->block.hash) || memcmp(seen, agreed, HEADER_OCTETS) == 0)
                continue;
            provider_note_lie(provider);
            count_add(&chain->disagreements, 1);
            if (log_allowed(&chain->alarm_stamp, 10))
                log_warning(LOG_NET, "provider tells another header than the others", log_text("chain", chain->options.name), log_text("provider", provider->name));
        }
    }
}

static void announce(struct chain *chain, const struct chain_header *header)
{
    if (!header->verified && log_allowed(&chain->header_stamp, 3600))
        log_warning(LOG_NET, "headers of the chain cannot be checked against their hashes: each field rests on the providers", log_text("chain", chain->options.name));
    count_set(&chain->head_number, header->block.number);
    count_set(&chain->head_time, header->block.time);
    count_add(&chain->heads, 1);
    for (struct chain_follower *follower = chain->followers; follower; follower = follower->next) {
        if (follower->head)
            follower->head(follower->context, &header->block);
    }
    look_at_health(chain);
    state_head_came(chain);
}

static void tell_head(struct chain *chain, const struct chain_header *header)
{
    learn(chain, ring_newest(&chain->ring), header);
    ring_put(&chain->ring, header);
    mark_liars(chain, header);
    announce(chain, header);
}

static void arrived(struct chain *chain)
{
    chain->advance.busy = false;
    chain->advance.count = 0;
    set_poll(chain);
    follower_look(chain);           /* they may have gone on meanwhile */
}

static void advance_fail(struct chain *chain)
{
    chain->advance.busy = false;    /* the next poll tries again */
    chain->advance.count = 0;
}

/* Blocks from this number on were left by the chain. */
static void cut(struct chain *chain, uint64_t from)
{
    uint64_t head = ring_newest(&chain->ring)->block.number;
    if (head < from)
        return;
    count_add(&chain->reorgs, 1);
    log_info(LOG_NET, "chain reorganised", log_text("chain", chain->options.name), log_u64("from", from), log_u64("blocks", head + 1 - from));
    ring_cut(&chain->ring, from);
    tell_drop(chain, from);
}

/* Too much was missed, or it is another chain altogether: nothing of what is known holds. */
static void begin_anew(struct chain *chain)
{
    struct advance *advance = &chain->advance;
    log_info(LOG_NET, "chain is followed anew", log_text("chain", chain->options.name), log_u64("head", advance->path[0].block.number));
    ring_cut(&chain->ring, 0);
    tell_drop(chain, 0);
    tell_head(chain, &advance->path[0]);
    arrived(chain);
}

static void header_answered(void *context, const struct rpc_reply *replies, size_t count)
{
    struct ask_try *one = context;
    struct chain_header *header = arena_alloc(one->arena, sizeof *header);
    const struct chain *chain = one->ask->chain;
    const struct eth_word *wanted = &chain->advance.path[chain->advance.count - 1].parent;
    (void)count;
    one->rpc = NULL;
    enum status status = header == NULL ? E_NOMEM : replies[0].kind == RPC_RESULT ? header_check(replies[0].result, header) : E_NOT_FOUND;
    if (status != OK || !eth_word_equal(&header->block.hash, wanted)) {
        ask_try_fail(one, status == E_NOT_FOUND ? RPC_NO_BLOCK : status == E_NOMEM ? RPC_MEMORY : RPC_BAD);
        return;
    }
    one->items[0] = (struct ask_item){ .outcome = STATE_VALUE, .octets = slice_of((const char *)header, HEADER_OCTETS), .verified = header->verified };
    ask_try_over(one);
}

static void header_begin(struct ask_try *one)
{
    const struct advance *advance = &one->ask->chain->advance;
    char buffer[96];
    struct text params;
    text_fixed(&params, buffer, sizeof buffer);
    text_add(&params, "[\"0x");
    text_add_hex(&params, advance->path[advance->count - 1].parent.octets, 32, false);
    text_add(&params, "\",false]");
    struct rpc_call call = { "eth_getBlockByHash", slice_of(buffer, params.length) };
    ask_try_send(one, &call, 1, REPLY_BYTES, header_answered);
}

static void header_asked(struct ask *ask)
{
    struct chain *chain = ask->chain;
    struct advance *advance = &chain->advance;
    const struct ask_item item = ask->verdicts[0].item;
    bool have = item.outcome == STATE_VALUE;
    if (have) {
        memcpy(&advance->path[advance->count], item.octets.data, HEADER_OCTETS);
        advance->path[advance->count].verified = item.verified;
        have = advance->path[advance->count].block.number + 1 == advance->path[advance->count - 1].block.number;
    }
    ask_free(ask);
    advance->ask = NULL;
    if (!have) {
        advance_fail(chain);
        return;
    }
    advance->count++;
    go_back(chain);
}

/* The path grows backwards until it meets a block that we know. */
static void go_back(struct chain *chain)
{
    static const struct ask_kind kind = { header_begin, header_asked };
    struct advance *advance = &chain->advance;
    const struct chain_header *oldest = &advance->path[advance->count - 1], *ancestor = ring_find(&chain->ring, &oldest->parent);
    const struct chain_header *head = ring_newest(&chain->ring);
    if (ancestor) {
        cut(chain, ancestor->block.number + 1);
        go_forward(chain);
        return;
    }
    if (advance->count > GAP_BLOCKS || oldest->block.number == 0 || advance->path[0].block.number > head->block.number + GAP_BLOCKS) {
        begin_anew(chain);
        return;
    }
    advance->ask = ask_new(chain, &kind, chain, 1, 1, 0, chain_loop_now_ms(chain->loop) + chain->options.lookup_ms);
    if (advance->ask)
        ask_begin(advance->ask);
    else
        advance_fail(chain);
}

static void logs_told(struct chain *chain, enum chain_failure failure)
{
    struct advance *advance = &chain->advance;
    const struct chain_header *header = &advance->path[advance->count - 1];
    if (failure == CHAIN_FAILURE_STOPPED)
        return;
    if (failure != CHAIN_FAILURE_NONE) {        /* what changed in it is not known: rather read anew than stale */
        log_warning(LOG_NET, "logs of a block could not be had", log_text("chain", chain->options.name), log_u64("block", header->block.number),
                    log_text("why", chain_failure_text(failure)));
        tell_drop(chain, header->block.number);
    }
    tell_head(chain, header);
    advance->count--;
    go_forward(chain);
}

static void go_forward(struct chain *chain)
{
    struct advance *advance = &chain->advance;
    if (advance->count == 0) {
        arrived(chain);
        return;
    }
    if (logs_fetch(chain, &advance->path[advance->count - 1], logs_told) != OK)
        advance_fail(chain);
}

/* The agreed head is older than ours, or another of the same height that stands on an old branch. */
static bool is_lagging(struct chain *chain, const struct chain_header *agreed, const struct chain_header *head)
{
    unsigned most = chain->rhythm.known ? BEHIND_MAX_PUBLIC : BEHIND_MAX;
    if (agreed->block.number >= head->block.number) {
        chain->rhythm.behind = 0;
        return false;
    }
    return ++chain->rhythm.behind < most;
}

/* Two tell different things of one new block: the others are asked at once, once. */
static void look_for_dispute(struct chain *chain)
{
    const struct chain_header *head = ring_newest(&chain->ring), *first = NULL;
    for (size_t i = 0; i < chain->provider_count; i++) {
        const struct provider *provider = &chain->providers[i];
        const struct chain_header *latest = &provider->seen[provider->latest];
        if (provider->seen_count == 0 || !provider_admitted(provider) || (head && latest->block.number <= head->block.number) || latest->block.number <= chain->rhythm.disputed)
            continue;
        if (first == NULL || first->block.number != latest->block.number) {
            first = latest;
            continue;
        }
        if (memcmp(first, latest, HEADER_OCTETS) == 0)
            continue;
        chain->rhythm.disputed = latest->block.number;
        chain->rhythm.misses = chain->rhythm.misses < ASK_ALL_AFTER ? ASK_ALL_AFTER : chain->rhythm.misses;
        poll_run(&chain->poll_timer);
        return;
    }
}

void follower_look(struct chain *chain)
{
    struct advance *advance = &chain->advance;
    uint64_t since = 0;
    if (!chain->begun || chain->stopped || advance->busy)
        return;
    const struct chain_header *agreed = agreed_head(chain, &since), *head = ring_newest(&chain->ring);
    if (agreed == NULL) {
        state_head_came(chain);             /* there may be none to be hoped for */
        look_for_dispute(chain);
        return;
    }
    chain->rhythm.alive_at_ms = since > chain->rhythm.alive_at_ms ? since : chain->rhythm.alive_at_ms;
    if (head && eth_word_equal(&agreed->block.hash, &head->block.hash)) {
        chain->rhythm.behind = 0;
        look_at_health(chain);
        look_for_dispute(chain);
        return;
    }
    if (head && is_lagging(chain, agreed, head))
        return;
    chain->rhythm.behind = 0;
    advance->busy = true;
    advance->path[0] = *agreed;
    advance->count = 1;
    if (head == NULL) {
        tell_head(chain, agreed);
        arrived(chain);
        return;
    }
    const struct chain_header *known = ring_find(&chain->ring, &agreed->block.hash);
    if (known) {                            /* the chain was cut short */
        cut(chain, known->block.number + 1);
        learn(chain, NULL, known);
        announce(chain, known);
        arrived(chain);
        return;
    }
    go_back(chain);
}

void follower_start(struct chain *chain)
{
    struct follower_rhythm *rhythm = &chain->rhythm;
    rhythm->alive_at_ms = rhythm->head_at_ms = chain_loop_now_ms(chain->loop);
    pool_check(chain);
    if (chain_timer_set(chain->loop, &chain->poll_timer, rhythm->floor_ms, poll_run) != OK
        || chain_timer_set(chain->loop, &chain->health_timer, health_in_ms(chain), health_run) != OK)
        log_error(LOG_NET, "out of memory: a chain is not followed", log_text("chain", chain->options.name));
}

void follower_clear(struct chain *chain)
{
    chain_timer_clear(&chain->poll_timer);
    chain_timer_clear(&chain->health_timer);
    logs_cancel(chain->logs_job);
    chain->logs_job = NULL;
    ask_free(chain->advance.ask);
    chain->advance.ask = NULL;
    chain->advance.busy = false;
}
