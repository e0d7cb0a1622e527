/* SPDX-License-Identifier: Apache-2.0 */
#include "names/ens_inside.h"

enum { READS_FIRST_ROOM = 64, READS_MAX = 1000, GAS_OF_BURNERS = 300000 };

void ens_batch_begin(struct ens_job *job)
{
    arena_reset(job->arena);
    job->reads = NULL;
    job->asks = NULL;
    job->read_count = job->read_room = 0;
}

struct text *ens_batch_text(struct ens_job *job)
{
    job->scratch.length = 0;
    return &job->scratch;
}

static bool grow(struct ens_job *job)
{
    size_t room = job->read_room ? job->read_room * 2 : READS_FIRST_ROOM;
    struct state_read *reads = arena_alloc(job->arena, room * sizeof *reads);
    struct ens_ask *asks = arena_alloc(job->arena, room * sizeof *asks);
    if (!reads || !asks)
        return false;
    if (job->read_count) {
        memcpy(reads, job->reads, job->read_count * sizeof *reads);
        memcpy(asks, job->asks, job->read_count * sizeof *asks);
    }
    job->reads = reads;
    job->asks = asks;
    job->read_room = room;
    return true;
}

static void add(struct ens_job *job, enum ens_ask_kind kind, size_t index, const struct state_read *read)
{
    if (job->read_count >= READS_MAX)
        return;             /* what is not asked is open, and so told as failed */
    if (job->read_count == job->read_room && !grow(job)) {
        job->nomem = true;
        return;
    }
    job->reads[job->read_count] = *read;
    job->asks[job->read_count] = (struct ens_ask){ kind, (uint16_t)index };
    job->read_count++;
}

void ens_batch_call(struct ens_job *job, enum ens_ask_kind kind, size_t index, const struct eth_address *to, struct slice calldata, bool follow)
{
    const char *copy = job->scratch.full ? NULL : arena_copy(job->arena, calldata.data, calldata.length);
    if (!copy) {
        job->nomem = true;
        return;
    }
    struct state_read read = { .kind = STATE_CALL, .to = *to, .calldata = slice_of(copy, calldata.length), .follow = follow };
    add(job, kind, index, &read);
}

void ens_batch_alone(struct ens_job *job, size_t from)
{
    for (size_t i = from; i < job->read_count; i++) {
        job->reads[i].alone = job->reads[i].kind == STATE_CALL;
        job->reads[i].gas = GAS_OF_BURNERS;
    }
}

void ens_batch_registry(struct ens_job *job, enum ens_ask_kind kind, size_t index, const struct eth_word *node)
{
    static const enum registry_field fields[] = { [ENS_ASK_RESOLVER] = REGISTRY_RESOLVER, [ENS_ASK_OWNER] = REGISTRY_OWNER, [ENS_ASK_TTL] = REGISTRY_TTL };
    struct state_read read = { .kind = STATE_REGISTRY, .to = job->options->registry, .word = *node, .field = kind <= ENS_ASK_TTL ? fields[kind] : REGISTRY_RESOLVER };
    add(job, kind, index, &read);
}

void ens_batch_code(struct ens_job *job, const struct eth_address *of)
{
    struct state_read read = { .kind = STATE_CODE_HASH, .to = *of };
    add(job, ENS_ASK_CODE, 0, &read);
}

/* Whether the answer would be another one if this were: when a registration ends decides nothing as a rule. */
static bool counts(const struct ens_job *job, enum ens_ask_kind kind)
{
    bool of_registrar = kind == ENS_ASK_EXPIRES || kind == ENS_ASK_REGISTRANT || kind == ENS_ASK_WRAPPER;
    return !of_registrar || job->details || job->options->refuse_expired;
}

static void weigh(struct ens_job *job, enum ens_ask_kind kind, const struct state_result *result)
{
    if (result->outcome == STATE_UNAVAILABLE || !counts(job, kind))
        return;
    job->proof = job->proof_known ? proof_weaker(job->proof, result->proof) : result->proof;
    job->proof_known = true;
}

static void on_read(void *context, const struct eth_block *block, const struct state_result *results, size_t count)
{
    struct ens_job *job = context;
    job->reading = NULL;
    if (count != job->read_count || !block) {
        ens_fail(job, count > 0 && results[0].outcome == STATE_UNAVAILABLE ? results[0].failure : CHAIN_FAILURE_BAD_REPLY, NULL);
        return;
    }
    job->at = job->facts->block = *block;
    job->at_given = true;
    for (size_t i = 0; i < count; i++)
        weigh(job, job->asks[i].kind, &results[i]);
    job->next(job, results);
}

enum status ens_batch_go(struct ens_job *job, void (*next)(struct ens_job *job, const struct state_result *results))
{
    if (job->nomem)
        return E_NOMEM;
    job->next = next;
    return state_read_all(job->chain, job->at_given ? &job->at : NULL, &job->budget, job->reads, job->read_count, on_read, job, &job->reading);
}

void ens_batch_go_on(struct ens_job *job, void (*next)(struct ens_job *job, const struct state_result *results))
{
    enum status status = ens_batch_go(job, next);
    if (status != OK)
        ens_fail(job, status == E_LIMIT ? CHAIN_FAILURE_BUDGET : CHAIN_FAILURE_MEMORY, NULL);
}

bool ens_word(const struct state_result *result, struct slice *out)
{
    if (result->outcome != STATE_VALUE || result->data.length < 32)
        return false;
    *out = result->data;
    return true;
}
