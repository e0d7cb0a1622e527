/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of reads at one block: waits for a head if there is none, asks, follows off-chain lookups, tells. */
#include "ethereum/ccip.h"
#include "ethereum/state_batch.h"

#include <string.h>

enum { READS_MAX = 1000, CALLDATA_MAX = 256 << 10, RESTARTS_MAX = 2 };

struct follow { struct state_job *job; size_t read; struct ccip *ccip; };

struct state_job {
    struct chain *chain;
    struct arena *arena;
    struct state_budget *budget;
    struct state_batch batch;
    struct state_read *reads;
    struct state_result *results;
    struct eth_block block;
    bool any_block;                     /* the head, whichever that is */
    bool waiting;                       /* for it */
    unsigned restarts, following;
    struct ask *ask;
    struct follow *follows;
    state_done_fn *done;
    void *context;
    enum chain_failure failed;
    struct chain_timer timer;
    struct state_job *next, **link;     /* of the chain's */
};

static const uint8_t offchain_lookup[4] = { 0x55, 0x6f, 0x18, 0x30 };

void state_budget_init(struct state_budget *budget, const struct chain *chain)
{
    *budget = (struct state_budget){
        .deadline_ms = chain_loop_now_ms(chain->loop) + chain->options.lookup_ms, .gateway_requests = 16, .gateway_bytes = 2 << 20,
    };
}

/* Out of the chain's list. */
static void leave(struct state_job *job)
{
    if (job->link) {
        *job->link = job->next;
        if (job->next)
            job->next->link = job->link;
        job->link = NULL;
    }
}

static void job_free(struct state_job *job)
{
    chain_timer_clear(&job->timer);
    ask_free(job->ask);
    for (size_t i = 0; job->follows && i < job->batch.count; i++)
        ccip_cancel(job->follows[i].ccip);
    leave(job);
    arena_free(job->arena);
    mem_free(job);
}

void state_job_cancel(struct state_job *job)
{
    if (job)
        job_free(job);
}

/* Out of the chain's list first: the continuation may free anything but the job. */
static void tell(struct state_job *job)
{
    leave(job);
    chain_timer_clear(&job->timer);
    job->done(job->context, &job->block, job->results, job->batch.count);
    job_free(job);
}

static void fail_all(struct state_job *job, enum chain_failure failure)
{
    for (size_t i = 0; i < job->batch.count; i++)
        job->results[i] = (struct state_result){ .outcome = STATE_UNAVAILABLE, .failure = failure, .proof = { PROOF_SINGLE, 0, 0 }, .max_age_seconds = UINT32_MAX };
    tell(job);
}

/* ---- off-chain lookups ---- */

static void followed(void *context, const struct state_result *result)
{
    struct follow *follow = context;
    struct state_job *job = follow->job;
    struct state_result *out = &job->results[follow->read];
    follow->ccip = NULL;
    *out = *result;
    out->followed = true;
    out->data = slice_of(arena_copy(job->arena, result->data.data ? result->data.data : "", result->data.length), result->data.length);
    if (out->data.data == NULL)
        *out = (struct state_result){ .outcome = STATE_UNAVAILABLE, .failure = CHAIN_FAILURE_MEMORY, .followed = true };
    if (--job->following == 0)
        tell(job);
}

static bool wants_following(const struct state_read *read, const struct state_result *result)
{
    return read->follow && read->kind == STATE_CALL && result->outcome == STATE_REVERTED && result->data.length >= 4
           && memcmp(result->data.data, offchain_lookup, 4) == 0;
}

static void follow_all(struct state_job *job)
{
    job->following = 1;                 /* ours, until all are begun */
    for (size_t i = 0; i < job->batch.count; i++) {
        struct state_result *result = &job->results[i];
        if (!wants_following(&job->reads[i], result))
            continue;
        enum chain_failure failure = job->chain->options.ccip ? CHAIN_FAILURE_MEMORY : CHAIN_FAILURE_GATEWAY_REFUSED;
        if (job->follows == NULL)
            job->follows = arena_alloc(job->arena, job->batch.count * sizeof *job->follows);
        if (job->chain->options.ccip && job->follows) {
            job->follows[i] = (struct follow){ job, i, NULL };
            if (ccip_start(job->chain, job->budget, &job->block, &job->reads[i], result->data, result->proof, followed, &job->follows[i], &job->follows[i].ccip) == OK) {
                job->following++;
                continue;
            }
        }
        *result = (struct state_result){ .outcome = STATE_UNAVAILABLE, .failure = failure, .followed = true, .max_age_seconds = UINT32_MAX };
    }
    if (--job->following == 0)
        tell(job);
}

/* ---- asking ---- */

static bool begin(struct state_job *job);

static void try_begin(struct ask_try *one)
{
    struct state_job *job = one->ask->asker;
    state_batch_begin(one, &job->batch);
}

/* A word, whatever else a contract there may have returned. */
static void check_word(const struct state_read *read, struct state_result *result)
{
    if (read->kind == STATE_REGISTRY && result->outcome == STATE_VALUE && result->data.length != 32)
        *result = (struct state_result){ .outcome = STATE_UNAVAILABLE, .failure = CHAIN_FAILURE_BAD_REPLY, .proof = result->proof, .max_age_seconds = UINT32_MAX };
}

/* The block was on a branch that is left meanwhile. */
static bool begun_anew(struct state_job *job)
{
    const struct chain_header *head = ring_newest(&job->chain->ring);
    if (!job->any_block || head == NULL || job->restarts >= RESTARTS_MAX || eth_word_equal(&head->block.hash, &job->block.hash))
        return false;
    for (size_t i = 0; i < job->batch.count; i++) {
        if (job->results[i].outcome != STATE_UNAVAILABLE || job->results[i].failure != CHAIN_FAILURE_BLOCK_GONE)
            return false;
    }
    job->restarts++;
    ask_free(job->ask);
    job->ask = NULL;
    return begin(job);
}

static void asked(struct ask *ask)
{
    struct state_job *job = ask->asker;
    job->budget->calls += ask->sent;
    job->budget->round_trips += ask->turns;
    for (size_t i = 0; i < job->batch.count; i++) {
        const struct ask_verdict *verdict = &ask->verdicts[i];
        job->results[i] = (struct state_result){ .outcome = verdict->item.outcome, .failure = verdict->item.failure, .data = verdict->item.octets,
                                                 .proof = verdict->proof, .max_age_seconds = UINT32_MAX };
        check_word(&job->reads[i], &job->results[i]);
    }
    if (!begun_anew(job))
        follow_all(job);
}

static bool begin(struct state_job *job)
{
    static const struct ask_kind kind = { try_begin, asked };
    struct chain *chain = job->chain;
    if (job->any_block)
        job->block = ring_newest(&chain->ring)->block;
    job->waiting = false;
    /* A block that is not one of the last heads has no header that is agreed: nothing is proven under it, and results say so. */
    const struct chain_header *header = chain->options.check == CHAIN_CHECK_PROOF ? ring_find(&chain->ring, &job->block.hash) : NULL;
    job->batch = (struct state_batch){
        .reads = job->reads, .count = job->batch.count, .block_hash = job->block.hash, .multicall = chain->options.multicall, .prove = header != NULL && (header->verified || chain->options.quorum > 1),
        .registry = chain->options.registry, .fallback = !eth_address_is_zero(&chain->options.registry_old),
    };
    if (header)
        job->batch.state_root = header->state_root;
    job->ask = ask_new(chain, &kind, job, job->batch.count, state_batch_calls(&job->batch), chain->options.quorum, job->budget->deadline_ms);
    if (job->ask == NULL)
        return false;
    ask_begin(job->ask);
    return true;
}

static void timer_run(struct chain_timer *timer)
{
    struct state_job *job = (struct state_job *)(void *)((char *)timer - offsetof(struct state_job, timer));
    uint64_t now = chain_loop_now_ms(job->chain->loop);
    if (job->failed == CHAIN_FAILURE_NONE && job->waiting && now < job->budget->deadline_ms && !pool_hopeless(job->chain))
        (void)(chain_timer_set(job->chain->loop, &job->timer, job->budget->deadline_ms - now, timer_run) == OK);
    else if (job->failed != CHAIN_FAILURE_NONE)
        fail_all(job, job->failed);
    else
        fail_all(job, now >= job->budget->deadline_ms ? CHAIN_FAILURE_TIMEOUT : pool_failure(job->chain));
}

void state_head_came(struct chain *chain)
{
    bool head = ring_newest(&chain->ring) != NULL, hopeless = !head && pool_hopeless(chain);
    struct state_job *next;
    for (struct state_job *job = chain->jobs; job && (head || hopeless); job = next) {
        next = job->next;
        if (!job->waiting)
            continue;
        chain_timer_clear(&job->timer);
        if (head && begin(job))
            continue;
        job->failed = head ? CHAIN_FAILURE_MEMORY : pool_failure(chain);
        (void)(chain_timer_set(chain->loop, &job->timer, 0, timer_run) == OK);     /* its place in the heap was just given back */
    }
}

void state_stop(struct chain *chain)
{
    while (chain->jobs)
        fail_all(chain->jobs, CHAIN_FAILURE_STOPPED);
}

/* ---- coming in ---- */

static MUST_CHECK enum status copy_reads(struct state_job *job, const struct state_read *reads)
{
    size_t octets = 0;
    for (size_t i = 0; i < job->batch.count; i++)
        octets += reads[i].kind == STATE_CALL ? reads[i].calldata.length : 36;
    if (octets > CALLDATA_MAX)
        return E_LIMIT;
    job->reads = arena_alloc(job->arena, (job->batch.count + 1) * sizeof *job->reads);
    job->results = arena_alloc(job->arena, (job->batch.count + 1) * sizeof *job->results);
    if (job->reads == NULL || job->results == NULL)
        return E_NOMEM;
    for (size_t i = 0; i < job->batch.count; i++) {
        job->reads[i] = reads[i];
        if (reads[i].kind != STATE_CALL || reads[i].calldata.length == 0)
            continue;
        job->reads[i].calldata.data = arena_copy(job->arena, reads[i].calldata.data, reads[i].calldata.length);
        if (job->reads[i].calldata.data == NULL)
            return E_NOMEM;
    }
    return OK;
}

static MUST_CHECK enum status enter(struct state_job *job)
{
    struct chain *chain = job->chain;
    bool stopped = chain->stopped || loop_is_stopped(chain->loop);
    job->failed = stopped ? CHAIN_FAILURE_STOPPED : job->batch.count == 0 ? CHAIN_FAILURE_BAD_REPLY : CHAIN_FAILURE_NONE;
    chain_begin(chain);
    if (job->failed == CHAIN_FAILURE_NONE && (!job->any_block || ring_newest(&chain->ring)))
        return begin(job) ? OK : E_NOMEM;
    job->waiting = true;
    uint64_t now = chain_loop_now_ms(chain->loop);
    bool at_once = job->failed != CHAIN_FAILURE_NONE || pool_hopeless(chain) || job->budget->deadline_ms <= now;
    return chain_timer_set(chain->loop, &job->timer, at_once ? 0 : job->budget->deadline_ms - now, timer_run);
}

enum status state_read_all(struct chain *chain, const struct eth_block *at, struct state_budget *budget, const struct state_read *reads, size_t count,
                           state_done_fn *done, void *context, struct state_job **out)
{
    if (count > READS_MAX)
        return E_LIMIT;
    struct state_job *job = mem_alloc(sizeof *job);
    if (job == NULL)
        return E_NOMEM;
    *job = (struct state_job){ .chain = chain, .budget = budget, .done = done, .context = context, .any_block = at == NULL, .batch.count = count };
    job->arena = arena_new(0);
    enum status status = job->arena == NULL ? E_NOMEM : copy_reads(job, reads);
    if (status == OK && at)
        job->block = *at;
    if (status == OK)
        status = enter(job);
    if (status != OK) {
        job_free(job);
        return status;
    }
    job->next = chain->jobs;
    job->link = &chain->jobs;
    if (chain->jobs)
        chain->jobs->link = &job->next;
    chain->jobs = job;
    *out = job;
    return OK;
}
