/* SPDX-License-Identifier: Apache-2.0 */
/* One question to several operators, until enough of them said the same of each of its items.
 *
 *  As many as have to agree are asked at once, side by side.  One that fails or is slow is backed up by the next; when two differ, all
 *  the others are asked.  Items are judged one by one: those that are agreed stand, whatever becomes of the rest. */
#include "ethereum/inside.h"

#include <string.h>

enum { HEDGES_MAX = 2, ROUNDS_MAX = 6, PAUSE_MS = 60, TRY_ARENA = 8192 };

static void settle(struct ask *ask);
static void timer_run(struct chain_timer *timer);

struct ask *ask_new(struct chain *chain, const struct ask_kind *kind, void *asker, size_t count, size_t calls, unsigned want, uint64_t deadline_ms)
{
    struct ask *ask = mem_alloc(sizeof *ask);
    if (ask == NULL)
        return NULL;
    *ask = (struct ask){ .chain = chain, .kind = kind, .asker = asker, .count = count, .calls = calls, .want = want ? want : chain->options.quorum,
                         .deadline_ms = deadline_ms, .arena = arena_new(TRY_ARENA) };
    ask->verdicts = ask->arena ? arena_alloc(ask->arena, count * sizeof *ask->verdicts) : NULL;
    if (ask->verdicts == NULL) {
        arena_free(ask->arena);
        mem_free(ask);
        return NULL;
    }
    return ask;
}

static void tries_free(struct ask *ask)
{
    while (ask->tries) {
        struct ask_try *one = ask->tries;
        ask->tries = one->next;
        rpc_cancel(one->rpc);
        arena_free(one->arena);
        mem_free(one);
    }
}

void ask_free(struct ask *ask)
{
    if (ask == NULL)
        return;
    chain_timer_clear(&ask->timer);
    tries_free(ask);
    arena_free(ask->arena);
    ask->arena = NULL;
    ask->dead = true;
    if (!ask->posted)
        mem_free(ask);
}

/* ---- judging ---- */

static bool same(const struct ask_item *a, const struct ask_item *b)
{
    return a->outcome == b->outcome && a->octets.length == b->octets.length
           && (a->octets.length == 0 || memcmp(a->octets.data, b->octets.data, a->octets.length) == 0);
}

static bool counts(const struct ask_try *one, size_t item)
{
    return one->over && !one->stale && one->items[item].outcome != STATE_UNAVAILABLE;
}

/* Operators that say this of the item. */
static uint32_t voters(const struct ask *ask, size_t item, const struct ask_item *what)
{
    uint32_t operators = 0;
    for (const struct ask_try *one = ask->tries; one; one = one->next) {
        if (counts(one, item) && same(&one->items[item], what))
            operators |= UINT32_C(1) << one->provider->operator;
    }
    return operators;
}

struct tally { unsigned most, asked; bool differ, told, starved; const struct ask_item *best; enum chain_failure failure; };

/* That a call runs out of gas may mean that a contract has no such function, so it is a statement like any other: for as many voices as a
 * value needs.  One that is alone with it may have little gas to give, or lie. */
static bool tally_failure(const struct ask_try *one, size_t item, uint32_t *starved, struct tally *tally)
{
    const struct ask_item *what = &one->items[item];
    tally->told |= what->told && !one->stale;
    if (what->failure != CHAIN_FAILURE_GAS || !what->told) {
        if (!one->stale || tally->failure == CHAIN_FAILURE_NO_PROVIDER)
            tally->failure = what->failure;
        return false;
    }
    *starved |= one->stale ? 0 : UINT32_C(1) << one->provider->operator;
    return true;
}

static struct tally tally_of(const struct ask *ask, size_t item)
{
    struct tally tally = { .failure = CHAIN_FAILURE_NO_PROVIDER };
    const struct ask_item *first = NULL;
    uint32_t asked = 0, starved = 0;
    bool any_starved = false;
    for (const struct ask_try *one = ask->tries; one; one = one->next) {
        if (!one->over)
            continue;
        if (!counts(one, item)) {
            any_starved |= tally_failure(one, item, &starved, &tally);
            continue;
        }
        const struct ask_item *what = &one->items[item];
        unsigned votes = what->verified ? ask->want : (unsigned)__builtin_popcount(voters(ask, item, what));
        asked |= UINT32_C(1) << one->provider->operator;
        tally.differ |= first != NULL && !same(first, what);
        first = what;
        if (votes > tally.most) {
            tally.most = votes;
            tally.best = what;
        }
    }
    tally.asked = (unsigned)__builtin_popcount(asked);
    tally.starved = tally.most == 0 && (unsigned)__builtin_popcount(starved) >= ask->want;
    if (tally.starved)
        tally.failure = CHAIN_FAILURE_GAS;
    else if (any_starved && tally.most > 0)
        tally.failure = CHAIN_FAILURE_DISAGREE;
    return tally;
}

static void adopt(struct ask *ask, size_t item, const struct tally *tally)
{
    struct ask_verdict *verdict = &ask->verdicts[item];
    verdict->item = *tally->best;
    verdict->settled = true;
    unsigned agreed = tally->most < tally->asked ? tally->most : tally->asked;
    if (tally->best->verified)
        verdict->proof = (struct proof){ PROOF_PROVEN, 0, 0 };
    else if (ask->want > 1)
        verdict->proof = (struct proof){ PROOF_QUORUM, (uint8_t)agreed, (uint8_t)tally->asked };
    else
        verdict->proof = (struct proof){ PROOF_SINGLE, 1, 1 };
}

static void give_up(struct ask *ask, size_t item, enum chain_failure failure)
{
    ask->verdicts[item] = (struct ask_verdict){ .item = { .outcome = STATE_UNAVAILABLE, .failure = failure }, .proof = { PROOF_SINGLE, 0, 0 }, .settled = true };
}

/* ---- ending ---- */

/* Those who said something else than what was agreed are asked last for a while. */
static void mark_liars(struct ask *ask)
{
    bool alarm = false;
    for (struct ask_try *one = ask->tries; one; one = one->next) {
        bool lied = false;
        for (size_t i = 0; i < ask->count; i++) {
            if (!counts(one, i) || !ask->verdicts[i].settled)
                continue;
            const struct ask_item *verdict = &ask->verdicts[i].item;
            if (verdict->outcome == STATE_UNAVAILABLE)
                alarm |= verdict->failure == CHAIN_FAILURE_DISAGREE;
            else
                lied |= !same(&one->items[i], verdict);
        }
        if (!lied)
            continue;
        alarm = true;
        provider_note_lie(one->provider);
        if (log_allowed(&ask->chain->alarm_stamp, 10))
            log_warning(LOG_NET, "provider disagrees with the others", log_text("chain", ask->chain->options.name), log_text("provider", one->provider->name));
    }
    if (!alarm)
        return;
    count_add(&ask->chain->disagreements, 1);
    if (log_allowed(&ask->chain->alarm_stamp, 10))
        log_warning(LOG_NET, "providers disagree", log_text("chain", ask->chain->options.name));
}

static void finish(struct ask *ask)
{
    ask->over = true;
    chain_timer_clear(&ask->timer);
    for (struct ask_try *one = ask->tries; one; one = one->next) {
        rpc_cancel(one->rpc);           /* slower than the others: not needed any more */
        one->rpc = NULL;
    }
    mark_liars(ask);
    for (size_t i = 0; i < ask->count; i++) {
        if (ask->verdicts[i].item.outcome == STATE_UNAVAILABLE)
            count_add(&ask->chain->failures[ask->verdicts[i].item.failure], 1);
    }
    ask->kind->done(ask);
}

static void end_unsettled(struct ask *ask, enum chain_failure why)
{
    for (size_t i = 0; i < ask->count; i++) {
        if (ask->verdicts[i].settled)
            continue;
        struct tally tally = tally_of(ask, i);
        enum chain_failure failure = tally.failure;
        if (why != CHAIN_FAILURE_NONE)
            failure = why;
        if (tally.differ)
            failure = CHAIN_FAILURE_DISAGREE;
        else if (tally.most > 0 && why == CHAIN_FAILURE_NONE && failure == CHAIN_FAILURE_NONE)
            failure = CHAIN_FAILURE_NO_PROVIDER;
        give_up(ask, i, failure);
    }
    finish(ask);
}

static void fail_run(struct chain_post *post)
{
    struct ask *ask = (struct ask *)(void *)((char *)post - offsetof(struct ask, post));
    ask->posted = false;
    if (ask->dead)
        mem_free(ask);
    else if (!ask->over)
        end_unsettled(ask, ask->fail_as);
}

void ask_fail_all(struct ask *ask, enum chain_failure failure)
{
    if (ask->posted || ask->over)
        return;
    for (struct ask_try *one = ask->tries; one; one = one->next) {
        rpc_cancel(one->rpc);
        one->rpc = NULL;
    }
    chain_timer_clear(&ask->timer);
    ask->fail_as = failure;
    ask->posted = true;
    ask->post.run = fail_run;
    chain_loop_post(ask->chain->loop, &ask->post);
}

/* ---- asking ---- */

static void wait_for(struct ask *ask, uint64_t in_ms)
{
    uint64_t now = chain_loop_now_ms(ask->chain->loop);
    uint64_t left = ask->deadline_ms > now ? ask->deadline_ms - now : 0;
    if (chain_timer_set(ask->chain->loop, &ask->timer, in_ms < left ? in_ms : left, timer_run) != OK)
        ask_fail_all(ask, CHAIN_FAILURE_MEMORY);
}

static unsigned in_flight(const struct ask *ask)
{
    unsigned count = 0;
    for (const struct ask_try *one = ask->tries; one; one = one->next)
        count += !one->over;
    return count;
}

/* Asks one more operator.  @return false: there is none; *soon_ms as in pool_pick */
static bool ask_another(struct ask *ask, uint64_t *soon_ms)
{
    struct provider *provider = pool_pick(ask->chain, ask->want > 1 ? ask->operators : 0, ask->tried, ask->calls, soon_ms);
    if (provider == NULL)
        return false;
    struct ask_try *one = mem_alloc(sizeof *one);
    struct arena *arena = arena_new(TRY_ARENA);
    struct ask_item *items = arena ? arena_alloc(arena, ask->count * sizeof *items) : NULL;
    if (one == NULL || items == NULL) {
        mem_free(one);
        arena_free(arena);
        *soon_ms = UINT64_MAX;
        return false;
    }
    *one = (struct ask_try){ .ask = ask, .provider = provider, .arena = arena, .items = items, .next = ask->tries, .begun_ms = chain_loop_now_ms(ask->chain->loop) };
    ask->tries = one;
    ask->operators |= UINT32_C(1) << provider->operator;
    ask->tried |= UINT32_C(1) << provider->index;
    ask->kind->begin(one);
    return true;
}

/* When the slowest of those that are being asked should have answered. */
static uint64_t hedge_in(const struct ask *ask)
{
    uint64_t now = chain_loop_now_ms(ask->chain->loop), first = UINT64_MAX;
    for (const struct ask_try *one = ask->tries; one; one = one->next) {
        uint64_t due = one->begun_ms + provider_hedge_ms(one->provider);
        if (!one->over)
            first = due < first ? due : first;
    }
    return first > now ? first - now : 0;
}

/* The operators that failed may be asked again: a block that is not known yet comes, a connection is made anew. */
static void another_round(struct ask *ask)
{
    ask->rounds++;
    for (struct ask_try *one = ask->tries; one; one = one->next) {
        bool failed = false;
        for (size_t i = 0; i < ask->count && !failed; i++)
            failed = one->over && one->items[i].outcome == STATE_UNAVAILABLE;
        if (!failed)
            continue;
        one->stale = true;
        ask->operators &= ~(UINT32_C(1) << one->provider->operator);
        ask->tried &= ~(UINT32_C(1) << one->provider->index);
    }
}

/* What is needed next, when not all is settled. */
static void go_on(struct ask *ask, unsigned need, bool differ, bool told)
{
    unsigned flying = in_flight(ask);
    uint64_t soon = UINT64_MAX;
    bool more = true;
    while (more && (flying < need || differ)) {
        more = ask_another(ask, &soon);
        flying += more;
    }
    if (ask->over || ask->posted)
        return;
    if (flying > 0 && in_flight(ask) == 0) {     /* none of them could even begin: it is judged at once */
        wait_for(ask, 0);
        return;
    }
    if (flying > 0) {
        bool hedge = more && ask->hedges < HEDGES_MAX && !differ;
        wait_for(ask, hedge ? hedge_in(ask) : soon < 1000 ? soon : 60000);
        return;
    }
    uint64_t now = chain_loop_now_ms(ask->chain->loop);
    if (soon != UINT64_MAX && now + soon < ask->deadline_ms) {      /* someone may be asked in a moment */
        wait_for(ask, soon);
        return;
    }
    /* A second answer of the same kind helps as little as the first where the provider said why. */
    if (ask->tries == NULL || soon != UINT64_MAX || told || differ || ask->rounds >= ROUNDS_MAX) {
        end_unsettled(ask, ask->tries == NULL ? pool_failure(ask->chain) : CHAIN_FAILURE_NONE);
        return;
    }
    another_round(ask);
    if (pool_pick(ask->chain, ask->want > 1 ? ask->operators : 0, ask->tried, ask->calls, &soon) == NULL && soon == UINT64_MAX) {
        end_unsettled(ask, CHAIN_FAILURE_NONE);     /* all are cut off */
        return;
    }
    wait_for(ask, (uint64_t)PAUSE_MS << (ask->rounds - 1));
}

static void settle(struct ask *ask)
{
    unsigned need = 0;
    bool differ = false, told = true, left = false;
    for (size_t i = 0; i < ask->count; i++) {
        if (ask->verdicts[i].settled)
            continue;
        struct tally tally = tally_of(ask, i);
        if (tally.most >= ask->want) {
            adopt(ask, i, &tally);
            continue;
        }
        if (tally.starved) {
            give_up(ask, i, CHAIN_FAILURE_GAS);
            continue;
        }
        left = true;
        need = ask->want - tally.most > need ? ask->want - tally.most : need;
        differ |= tally.differ;
        told &= tally.told;
    }
    if (!left)
        finish(ask);
    else if (chain_loop_now_ms(ask->chain->loop) >= ask->deadline_ms)
        end_unsettled(ask, in_flight(ask) > 0 || ask->tries == NULL ? CHAIN_FAILURE_TIMEOUT : CHAIN_FAILURE_NONE);
    else
        go_on(ask, need, differ, told);
}

static void timer_run(struct chain_timer *timer)
{
    struct ask *ask = (struct ask *)(void *)((char *)timer - offsetof(struct ask, timer));
    uint64_t soon;
    if (in_flight(ask) > 0 && ask->hedges < HEDGES_MAX && hedge_in(ask) == 0 && chain_loop_now_ms(ask->chain->loop) < ask->deadline_ms) {
        ask->hedges++;
        ask_another(ask, &soon);
    }
    settle(ask);
}

void ask_begin(struct ask *ask)
{
    if (loop_is_stopped(ask->chain->loop) || ask->chain->stopped)
        ask_fail_all(ask, CHAIN_FAILURE_STOPPED);
    else
        wait_for(ask, 0);
}

void ask_try_over(struct ask_try *one)
{
    bool nothing = true;
    for (size_t i = 0; i < one->ask->count && nothing; i++)
        nothing = one->items[i].outcome == STATE_UNAVAILABLE;
    if (nothing)            /* another provider of the same operator may do better */
        one->ask->operators &= ~(UINT32_C(1) << one->provider->operator);
    one->over = true;
    if (!one->ask->over && !one->ask->posted)
        settle(one->ask);
}

void ask_try_fail(struct ask_try *one, enum rpc_fault fault)
{
    for (size_t i = 0; i < one->ask->count; i++)
        one->items[i] = (struct ask_item){ .outcome = STATE_UNAVAILABLE, .failure = rpc_failure(fault) };
    ask_try_over(one);
}

void ask_try_send(struct ask_try *one, const struct rpc_call *calls, size_t count, size_t reply_bytes, rpc_done_fn *done)
{
    struct chain *chain = one->ask->chain;
    uint64_t now = chain_loop_now_ms(chain->loop);
    uint64_t left = one->ask->deadline_ms > now ? one->ask->deadline_ms - now : 1;
    uint64_t limit = left < chain->options.try_ms ? left : chain->options.try_ms;
    one->ask->sent += (unsigned)count;
    one->turns++;
    one->ask->turns = one->turns > one->ask->turns ? one->turns : one->ask->turns;
    if (count > 0 && rpc_start(one->provider, calls, count, limit, reply_bytes, done, one, &one->rpc) == OK)
        return;
    for (size_t i = 0; i < one->ask->count; i++)
        one->items[i] = (struct ask_item){ .outcome = STATE_UNAVAILABLE, .failure = CHAIN_FAILURE_MEMORY };
    one->over = true;       /* seen by the timer: whoever is above us on the stack is not done yet */
    wait_for(one->ask, 0);
}
