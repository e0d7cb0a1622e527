/* SPDX-License-Identifier: Apache-2.0 */
/* The order of steps of a lookup: one round trip on each chain, both at once. */
#include "names/uns_inside.h"
#include "names/uns_selectors.h"

#include "ethereum/abi.h"

static void job_free(struct uns_job *job)
{
    for (unsigned i = 0; i < UNS_LAYERS; i++)
        if (job->layers[i].ask.reading)
            state_job_cancel(job->layers[i].ask.reading);
    facts_free(job->facts);
    mem_free(job);
}

static void job_cancel(struct facts_job *job) { job_free((struct uns_job *)job); }

/* Hands the facts over.  The job is gone then. */
static void deliver(struct uns_job *job)
{
    struct facts *facts = job->facts;
    facts_done_fn *done = job->done;
    void *context = job->context;
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        const struct state_budget *budget = &job->layers[i].ask.budget;
        facts->calls += budget->calls;
        if (budget->round_trips > facts->round_trips)
            facts->round_trips = budget->round_trips;
    }
    facts->elapsed_ms = chain_loop_now_ms(chain_loop_of(job->loop_chain)) - job->began_ms;
    job->facts = NULL;
    job_free(job);
    done(context, facts);
}

static void fail(struct uns_job *job, const struct uns_ask *ask)
{
    job->facts->chain = ask->contracts.chain;
    job->facts->u.chain_id = chain_id(ask->contracts.chain);
    facts_say(job->facts, FACTS_FAILED, ask->failure, ask->reason);
    deliver(job);
}

static void end(struct uns_job *job, unsigned layer, unsigned token)
{
    if (job->nomem || !uns_finish(job, layer, token))
        facts_say(job->facts, FACTS_FAILED, CHAIN_FAILURE_MEMORY, NULL);
    deliver(job);
}

/* The longest name that somebody owns, and for each the second layer before the first.  As soon as that is known the job is over. */
static void go_on(struct uns_job *job)
{
    for (unsigned token = job->normal; token < job->count; token++) {
        for (unsigned layer = 0; layer < UNS_LAYERS; layer++) {
            const struct uns_layer *at = &job->layers[layer];
            if (!at->ask.contracts.chain)
                continue;
            if (!at->ask.done)
                return;
            if (at->ask.failed) {
                fail(job, &at->ask);
                return;
            }
            if (!eth_address_is_zero(&at->tokens[token].owner)) {
                end(job, layer, token);
                return;
            }
        }
    }
    end(job, UNS_LAYERS, 0);
}

/* ---- what comes back ---- */

static const struct slice *copy_values(struct uns_job *job, struct abi_input *input, struct abi_reader *array, size_t count)
{
    struct arena *arena = job->facts->arena;
    struct slice *values = arena_alloc(arena, (count + 1) * sizeof *values);
    for (size_t i = 0; values && i < count; i++) {
        struct slice value = abi_read_bytes(array);
        const char *copy = abi_ok(input) ? arena_copy(arena, value.data, value.length) : "";
        if (!copy) {
            job->nomem = true;
            return NULL;
        }
        values[i] = slice_of(copy, abi_ok(input) ? value.length : 0);
    }
    job->nomem = job->nomem || !values;
    return values;
}

/* Owner 0 with values in place is a name whose time is over: nobody's, and its values are nothing. */
static bool read_token(struct uns_job *job, const struct state_result *result, size_t keys, struct uns_token *out)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, result->data);
    size_t count;
    if (result->outcome != STATE_VALUE)
        return false;
    out->resolver = abi_read_address(&reader);
    out->owner = abi_read_address(&reader);
    struct abi_reader values = abi_read_array(&reader, 1, &count);
    if (!abi_ok(&input) || count != keys)
        return false;
    if (!eth_address_is_zero(&out->owner))
        out->values = copy_values(job, &input, &values, keys);
    return abi_ok(&input);
}

static size_t keys_of(const struct uns_job *job, unsigned token) { return token == 0 ? job->key_count : job->above_count; }

static uint64_t read_expiry(const struct state_result *result)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, result->data);
    uint64_t expires = abi_read_u64(&reader);
    return result->outcome == STATE_VALUE && abi_ok(&input) ? expires : 0;      /* a registry that has no such function has no such names */
}

static void on_layer(struct uns_ask *ask, const struct state_result *results)
{
    struct uns_job *job = ask->job;
    struct uns_layer *layer = (struct uns_layer *)((char *)ask - offsetof(struct uns_layer, ask));
    size_t at = 0;
    for (unsigned token = job->normal; results && token < job->count; token++) {
        if (!read_token(job, &results[at++], keys_of(job, token), &layer->tokens[token]))
            uns_ask_fail(ask, CHAIN_FAILURE_BAD_REPLY, "the ProxyReader of Unstoppable Domains does not answer as one");
        if (!eth_address_is_zero(&ask->contracts.registry))
            layer->tokens[token].expires = read_expiry(&results[at++]);
    }
    go_on(job);
}

/* ---- begun ---- */

static bool write_get_data(struct uns_job *job, unsigned token, struct slice *out)
{
    struct text text;
    text_growing(&text);
    struct abi_writer writer = abi_writer_call(&text, UNS_GET_DATA, 2);
    size_t count = keys_of(job, token);
    struct abi_writer keys = abi_write_array(&writer, count, 1);
    for (size_t i = 0; i < count; i++)
        abi_write_bytes(&keys, job->keys[i]);
    abi_write_word(&writer, &job->tokens[token]);
    const char *copy = text.full ? NULL : arena_copy(job->facts->arena, text.data, text.length);
    *out = slice_of(copy, text.length);
    text_clear(&text);
    return copy != NULL;
}

static bool write_expiry(struct uns_job *job, unsigned token, struct slice *out)
{
    char buffer[ABI_SELECTOR_BYTES + ABI_WORD_BYTES + 1];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    struct abi_writer writer = abi_writer_call(&text, UNS_EXPIRY_OF, 1);
    abi_write_word(&writer, &job->tokens[token]);
    const char *copy = text.full ? NULL : arena_copy(job->facts->arena, text.data, text.length);
    *out = slice_of(copy, text.length);
    return copy != NULL;
}

static enum status begin(struct uns_job *job, const struct eth_block *at)
{
    for (unsigned token = job->normal; token < job->count; token++) {
        struct slice data, expiry;
        if (!write_get_data(job, token, &data) || !write_expiry(job, token, &expiry))
            return E_NOMEM;
        for (unsigned i = 0; i < UNS_LAYERS; i++) {
            struct uns_ask *ask = &job->layers[i].ask;
            uns_ask_call(ask, &ask->contracts.reader, data);
            if (!eth_address_is_zero(&ask->contracts.registry))
                uns_ask_call(ask, &ask->contracts.registry, expiry);
        }
    }
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        enum status status = job->layers[i].ask.contracts.chain ? uns_ask_go(&job->layers[i].ask, at) : OK;
        if (status != OK)
            return status;
    }
    return OK;
}

static bool write_unicode(struct facts *facts)
{
    char text[NAME_TEXT_ROOM];
    size_t length = strlen(name_to_text(facts->name, text));
    const char *copy = arena_copy(facts->arena, text, length);
    facts->unicode = slice_of(copy, length > 1 ? length - 1 : 0);
    return copy != NULL;
}

/* What need not be asked of anybody; false: it must. */
static bool is_settled(struct uns_job *job, const struct facts_request *request)
{
    struct facts *facts = job->facts;
    unsigned labels = facts->name.labels;
    unsigned chains = 0;
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        const struct uns_contracts *contracts = &job->layers[i].ask.contracts;
        chains += contracts->chain != NULL;
        if (contracts->chain && eth_address_is_zero(&contracts->reader)) {
            facts_say(facts, FACTS_FAILED, CHAIN_FAILURE_NONE, "the ProxyReader of this chain is not known: it must be configured");
            return true;
        }
    }
    if (labels == 0)
        facts_say(facts, FACTS_INVALID, CHAIN_FAILURE_NONE, "the root is no name of Unstoppable Domains");
    else if (labels > UNS_LABELS_MAX)
        facts_say(facts, FACTS_FAILED, CHAIN_FAILURE_NONE, "too many labels");
    else if (request->at && chains > 1)
        facts_say(facts, FACTS_FAILED, CHAIN_FAILURE_NONE, "names of two chains cannot be read at a block of one");
    else
        return false;
    return true;
}

static enum status tell_later(struct uns_job *job, struct facts_job **out)
{
    struct facts *facts = job->facts;
    struct chain *chain = job->loop_chain;
    facts_done_fn *done = job->done;
    void *context = job->context;
    job->facts = NULL;
    job_free(job);
    return facts_tell_later(chain, facts, done, context, out);
}

static struct uns_job *job_new(struct uns_source *source, struct name_view name, facts_done_fn *done, void *context)
{
    struct uns_job *job = mem_alloc(sizeof *job);
    struct uns_contracts contracts[UNS_LAYERS];
    if (!job)
        return NULL;
    uns_contracts_of(source, contracts);
    *job = (struct uns_job){ .job.cancel = job_cancel, .source = source, .done = done, .context = context };
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        job->layers[i].ask = (struct uns_ask){ .contracts = contracts[i], .next = on_layer, .job = job };
        job->loop_chain = contracts[i].chain ? contracts[i].chain : job->loop_chain;
    }
    job->began_ms = chain_loop_now_ms(chain_loop_of(job->loop_chain));
    job->facts = facts_new(job->loop_chain, name);
    if (!job->facts) {
        job_free(job);
        return NULL;
    }
    name_lower((uint8_t *)(uintptr_t)job->facts->name.wire, job->facts->name.length);
    return job;
}

enum status uns_facts_start(struct uns_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out)
{
    struct uns_job *job = job_new(source, request->name, done, context);
    if (!job)
        return E_NOMEM;
    if (is_settled(job, request))
        return tell_later(job, out);
    if (!write_unicode(job->facts) || !uns_plan(job, request)) {
        job_free(job);
        return E_NOMEM;
    }
    if (job->normal >= job->count) {
        job->facts->unicode = slice_of(NULL, 0);
        facts_say(job->facts, FACTS_INVALID, CHAIN_FAILURE_NONE, "a name of Unstoppable Domains is made of a-z, 0-9 and hyphens");
        return tell_later(job, out);
    }
    enum status status = begin(job, request->at);
    if (status != OK) {
        job_free(job);
        return status == E_LIMIT ? E_NOMEM : status;
    }
    *out = &job->job;
    return OK;
}
