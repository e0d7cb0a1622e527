/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON-RPC call for the tool: to the first provider that is well, or to all of them.  Nothing is compared here. */
#include "ethereum/inside.h"

#include <string.h>

enum { PAUSE_MS = 50 };

struct call_try { struct call_job *job; struct provider *provider; struct rpc *rpc; };

struct call_job {
    struct chain *chain;
    char *method;
    struct text params;
    bool all;                       /* to all */
    bool sent;                      /* all: to those that were well at once */
    uint32_t tried;
    uint64_t end_ms;
    unsigned flying;
    struct call_try tries[PROVIDERS_MAX];
    struct chain_call_result last;  /* the best failure so far */
    struct text message, data;
    bool over;
    chain_call_done_fn *done;
    void *context;
    struct chain_timer timer;
    struct call_job *next, **link;
};

static void job_free(struct call_job *job)
{
    chain_timer_clear(&job->timer);
    for (size_t i = 0; i < PROVIDERS_MAX; i++)
        rpc_cancel(job->tries[i].rpc);
    *job->link = job->next;
    if (job->next)
        job->next->link = job->link;
    text_clear(&job->params);
    text_clear(&job->message);
    text_clear(&job->data);
    mem_free(job->method);
    mem_free(job);
}

static void tell(struct call_job *job, const struct chain_call_result *result)
{
    job->over = true;
    job->done(job->context, result);
    job_free(job);
}

static enum status status_of(enum chain_failure failure)
{
    switch (failure) {
    case CHAIN_FAILURE_TIMEOUT: return E_TIMEOUT;
    case CHAIN_FAILURE_MEMORY:  return E_NOMEM;
    case CHAIN_FAILURE_STOPPED: return E_CLOSED;
    case CHAIN_FAILURE_LIMITED: return E_LIMIT;
    case CHAIN_FAILURE_WRONG_CHAIN: return E_REFUSED;
    default:                    return E_NOT_FOUND;
    }
}

/* Nobody answered: what was the last thing to be heard. */
static void tell_failure(struct call_job *job, enum chain_failure failure)
{
    if (job->last.status == OK)
        job->last = (struct chain_call_result){ .status = status_of(failure), .failure = failure };
    tell(job, &job->last);
}

static void keep_error(struct call_job *job, const struct call_try *one, const struct rpc_reply *reply)
{
    if (job->last.status == E_INVALID && !reply->told)
        return;                     /* what a provider said is worth more than that one was not reached */
    text_clear(&job->message);
    text_clear(&job->data);
    text_growing(&job->message);
    text_growing(&job->data);
    text_add_bytes(&job->message, reply->message.data, reply->message.length);
    uint8_t *octets = mem_alloc(reply->revert.length / 2 + 1);
    if (octets && json_digits_decode(reply->revert, octets) == OK)
        text_add_bytes(&job->data, octets, reply->revert.length / 2);
    mem_free(octets);
    job->last = (struct chain_call_result){
        .status = reply->told ? E_INVALID : status_of(rpc_failure(reply->fault)), .failure = reply->kind == RPC_REVERT ? CHAIN_FAILURE_NONE : rpc_failure(reply->fault),
        .error_message = slice_of(job->message.length ? job->message.data : "", job->message.length),
        .error_data = slice_of(job->data.length ? job->data.data : "", job->data.length), .error_code = reply->code, .provider = one->provider->name,
    };
}

static void go_on(struct call_job *job);

static void answered(void *context, const struct rpc_reply *replies, size_t count)
{
    struct call_try *one = context;
    struct call_job *job = one->job;
    const struct rpc_reply *reply = &replies[0];
    (void)count;
    one->rpc = NULL;
    job->flying--;
    if (reply->kind == RPC_RESULT) {
        struct chain_call_result result = { .status = OK, .result = json_raw(reply->result), .provider = one->provider->name };
        tell(job, &result);
        return;
    }
    keep_error(job, one, reply);
    bool final = reply->told && reply->fault != RPC_LIMITED && reply->fault != RPC_NO_BLOCK && !job->all;
    if (final)
        tell(job, &job->last);
    else
        go_on(job);
}

static void send_to(struct call_job *job, struct provider *provider)
{
    uint64_t now = chain_loop_now_ms(job->chain->loop), left = job->end_ms > now ? job->end_ms - now : 1;
    struct rpc_call call = { job->method, slice_of(job->params.data, job->params.length) };
    struct call_try *one = &job->tries[provider->index];
    job->tried |= UINT32_C(1) << provider->index;
    *one = (struct call_try){ job, provider, NULL };
    if (rpc_start(provider, &call, 1, left, LOGS_BYTES, answered, one, &one->rpc) == OK)
        job->flying++;
}

static void timer_run(struct chain_timer *timer)
{
    struct call_job *job = (struct call_job *)(void *)((char *)timer - offsetof(struct call_job, timer));
    if (job->chain->stopped || loop_is_stopped(job->chain->loop))
        tell_failure(job, CHAIN_FAILURE_STOPPED);
    else if (chain_loop_now_ms(job->chain->loop) >= job->end_ms)
        tell_failure(job, CHAIN_FAILURE_TIMEOUT);
    else
        go_on(job);
}

static void wait_for(struct call_job *job, uint64_t in_ms)
{
    uint64_t now = chain_loop_now_ms(job->chain->loop), left = job->end_ms > now ? job->end_ms - now : 0;
    if (chain_timer_set(job->chain->loop, &job->timer, in_ms < left ? in_ms : left, timer_run) != OK)
        tell_failure(job, CHAIN_FAILURE_MEMORY);
}

static void go_on(struct call_job *job)
{
    uint64_t soon = UINT64_MAX;
    struct provider *provider;
    if (!job->all && job->flying > 0)
        return;
    while ((provider = pool_pick(job->chain, 0, job->tried, 1, &soon)) != NULL) {
        send_to(job, provider);
        if (!job->all && job->flying > 0)
            break;
    }
    if (job->flying == 0 && (soon == UINT64_MAX || (job->all && job->tried)))
        tell_failure(job, pool_failure(job->chain));
    else
        wait_for(job, job->flying > 0 ? UINT64_MAX : soon < PAUSE_MS ? soon : PAUSE_MS);
}

static MUST_CHECK enum status call_start(struct chain *chain, bool all, const char *method, struct slice params, uint64_t timeout_ms, chain_call_done_fn *done, void *context)
{
    struct call_job *job = mem_alloc(sizeof *job);
    if (job == NULL)
        return E_NOMEM;
    *job = (struct call_job){ .chain = chain, .method = mem_string(method), .all = all, .end_ms = chain_loop_now_ms(chain->loop) + timeout_ms, .done = done, .context = context,
                              .next = chain->calls, .link = &chain->calls };
    text_growing(&job->params);
    text_growing(&job->message);
    text_growing(&job->data);
    text_add_bytes(&job->params, params.data, params.length);
    if (chain->calls)
        chain->calls->link = &job->next;
    chain->calls = job;
    if (job->method == NULL || job->params.full || chain_timer_set(chain->loop, &job->timer, 0, timer_run) != OK) {
        job_free(job);
        return E_NOMEM;
    }
    return OK;
}

enum status chain_call(struct chain *chain, const char *method, struct slice params, uint64_t timeout_ms, chain_call_done_fn *done, void *context)
{
    return call_start(chain, false, method, params, timeout_ms, done, context);
}

enum status chain_call_all(struct chain *chain, const char *method, struct slice params, uint64_t timeout_ms, chain_call_done_fn *done, void *context)
{
    return call_start(chain, true, method, params, timeout_ms, done, context);
}

void call_stop(struct chain *chain)
{
    while (chain->calls)
        tell_failure(chain->calls, CHAIN_FAILURE_STOPPED);
}
