/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_chain.h"

#include "base/base.h"
#include "crypto/keccak.h"
#include "names/namehash.h"

#include <stdlib.h>

enum { ANSWERS_MAX = 512, CONTRACTS_MAX = 32, NAMES_MAX = 64, JOBS_MAX = 16, TIMERS_MAX = 16 };

struct answer { struct eth_address to; char *call; size_t call_bytes; char *data; size_t bytes; bool reverted; };
struct contract { struct eth_address at; enum fake_habit habit; struct eth_word hash; bool followed; uint32_t age; };
struct record { struct eth_word node; struct eth_address owner, resolver; uint64_t ttl; };
struct state_job { struct state_read *reads; char **calls; size_t count; state_done_fn *done; void *context; };

static struct answer answers[ANSWERS_MAX];
static struct contract contracts[CONTRACTS_MAX];
static struct record records[NAMES_MAX];
static struct state_job *jobs[JOBS_MAX];
static struct chain_timer *timers[TIMERS_MAX];
static size_t answer_count, contract_count, record_count, job_count, timer_count;
static enum fake_habit registry_habit;
static uint64_t block_time = 1000000;
unsigned fake_batches, fake_reads, fake_alone;

static int place;       /* something to point at */
struct chain *fake_chain(void) { return (struct chain *)(void *)&place; }
uint64_t chain_id(const struct chain *chain) { (void)chain; return 31337; }
struct chain_loop *chain_loop_of(const struct chain *chain) { (void)chain; return (struct chain_loop *)(void *)&place; }
uint64_t chain_loop_now_ms(const struct chain_loop *loop) { (void)loop; return 5000; }

/* ---- the table ---- */

static void *keep(const void *data, size_t bytes)
{
    void *copy = malloc(bytes ? bytes : 1);
    if (bytes)
        memcpy(copy, data, bytes);
    return copy;
}

static void drop_job(size_t at)
{
    for (size_t i = 0; i < jobs[at]->count; i++)
        free(jobs[at]->calls[i]);
    free(jobs[at]->calls);
    free(jobs[at]->reads);
    free(jobs[at]);
    memmove(&jobs[at], &jobs[at + 1], (job_count - at - 1) * sizeof jobs[0]);
    job_count--;
}

void fake_clear_answers(void)
{
    for (size_t i = 0; i < answer_count; i++) {
        free(answers[i].call);
        free(answers[i].data);
    }
    answer_count = 0;
}

void fake_clear(void)
{
    fake_clear_answers();
    while (job_count)
        drop_job(0);
    contract_count = record_count = timer_count = 0;
    registry_habit = FAKE_EMPTY;
    block_time = 1000000;
    fake_batches = fake_reads = fake_alone = 0;
}

struct eth_address fake_address(const char *hex)
{
    struct eth_address out;
    size_t length = 0;
    enum status status = hex_decode(slice_string(hex), out.octets, sizeof out.octets, &length);
    require(status == OK && length == sizeof out.octets);
    return out;
}

static struct record *record_of(const struct eth_word *node)
{
    for (size_t i = 0; i < record_count; i++)
        if (eth_word_equal(&records[i].node, node))
            return &records[i];
    return NULL;
}

void fake_name(const char *name, struct eth_address owner, struct eth_address resolver, uint64_t ttl)
{
    struct eth_word node;
    enum status status = namehash_name(slice_string(name), false, node.octets);
    require(status == OK && record_count < NAMES_MAX);
    struct record *record = record_of(&node);
    if (!record)
        record = &records[record_count++];
    *record = (struct record){ node, owner, resolver, ttl };
}

static struct contract *contract_of(const struct eth_address *at)
{
    for (size_t i = 0; i < contract_count; i++)
        if (eth_address_equal(&contracts[i].at, at))
            return &contracts[i];
    return NULL;
}

void fake_contract(struct eth_address at, enum fake_habit habit, const char *code_hash)
{
    struct contract *contract = contract_of(&at);
    size_t length = 0;
    if (!contract)
        contract = &contracts[contract_count++];
    *contract = (struct contract){ .at = at, .habit = habit };
    enum status status = hex_decode(slice_string(code_hash), contract->hash.octets, sizeof contract->hash.octets, &length);
    require(status == OK);
}

void fake_followed(struct eth_address at, uint32_t max_age_seconds)
{
    contract_of(&at)->followed = true;
    contract_of(&at)->age = max_age_seconds;
}

void fake_answer(struct eth_address to, struct slice calldata, struct slice data, bool reverted)
{
    size_t at = 0;
    while (at < answer_count && (!eth_address_equal(&answers[at].to, &to) || answers[at].call_bytes != calldata.length || memcmp(answers[at].call, calldata.data, calldata.length) != 0))
        at++;
    require(at < ANSWERS_MAX);
    if (at < answer_count) {
        free(answers[at].call);
        free(answers[at].data);
    } else {
        answer_count++;
    }
    answers[at] = (struct answer){ to, keep(calldata.data, calldata.length), calldata.length, keep(data.data, data.length), data.length, reverted };
}

void fake_registry_habit(enum fake_habit habit) { registry_habit = habit; }
void fake_time(uint64_t time) { block_time = time; }

/* ---- answering ---- */

static const char *const error_no = "\x08\xc3\x79\xa0" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2no";

static void by_habit(const struct contract *contract, struct state_result *out)
{
    static const char empty[64] = { [31] = 32 };
    enum fake_habit habit = contract ? contract->habit : FAKE_SILENT;
    *out = (struct state_result){ .outcome = STATE_VALUE, .proof = { .grade = PROOF_SINGLE }, .max_age_seconds = UINT32_MAX };
    switch (habit) {
    case FAKE_EMPTY: out->data = slice_of(empty, sizeof empty); break;
    case FAKE_REVERTS: out->outcome = STATE_REVERTED; break;
    case FAKE_BURNS:
        out->outcome = STATE_UNAVAILABLE;
        out->failure = CHAIN_FAILURE_GAS;
        break;
    case FAKE_SILENT: break;
    case FAKE_REFUSES:
        out->outcome = STATE_REVERTED;
        out->data = slice_of(error_no, 4 + 64 + 2);
        break;
    case FAKE_UNREACHED:
        out->outcome = STATE_UNAVAILABLE;
        out->failure = CHAIN_FAILURE_TIMEOUT;
        break;
    case FAKE_GATEWAY:
        out->outcome = STATE_UNAVAILABLE;
        out->failure = CHAIN_FAILURE_GATEWAY;
        out->http_status = 404;
        break;
    }
}

static bool returns_word(struct slice call)
{
    static const char *const words[] = { "\x01\xff\xc9\xa7", "\x4c\xbf\x6b\xa4", "\x3b\x3b\x57\xde" };      /* supportsInterface, hasDNSRecords, addr */
    for (size_t i = 0; i < LENGTH_OF(words); i++)
        if (call.length >= 4 && memcmp(call.data, words[i], 4) == 0)
            return true;
    return false;
}

static void answer_call(const struct state_read *read, struct state_result *out)
{
    static const char zero[32];
    const struct contract *contract = contract_of(&read->to);
    by_habit(contract, out);
    if (contract && contract->habit == FAKE_EMPTY && returns_word(read->calldata))
        out->data = slice_of(zero, sizeof zero);
    if (contract && contract->followed && read->follow) {
        out->followed = true;
        out->max_age_seconds = contract->age;
        out->proof.grade = PROOF_CONTRACT_ACCEPTED;
    }
    for (size_t i = 0; i < answer_count; i++) {
        const struct answer *a = &answers[i];
        if (!eth_address_equal(&a->to, &read->to) || a->call_bytes != read->calldata.length || memcmp(a->call, read->calldata.data, a->call_bytes) != 0)
            continue;
        out->outcome = a->reverted ? STATE_REVERTED : STATE_VALUE;
        out->failure = CHAIN_FAILURE_NONE;
        out->data = slice_of(a->data, a->bytes);
    }
}

static void answer_registry(const struct state_read *read, struct state_result *out, uint8_t word[32])
{
    const struct record *record = record_of(&read->word);
    memset(word, 0, 32);
    if (registry_habit == FAKE_UNREACHED || registry_habit == FAKE_SILENT) {
        struct contract silent = { .habit = registry_habit };
        by_habit(&silent, out);
        return;
    }
    if (record && read->field == REGISTRY_TTL)
        word[31] = (uint8_t)record->ttl;
    else if (record)
        memcpy(word + 12, read->field == REGISTRY_OWNER ? record->owner.octets : record->resolver.octets, 20);
    *out = (struct state_result){ .outcome = STATE_VALUE, .data = slice_of((char *)word, 32), .proof = { .grade = PROOF_SINGLE }, .max_age_seconds = UINT32_MAX };
}

static void run_job(size_t at)
{
    struct state_job *job = jobs[at];
    struct state_result *results = calloc(job->count + 1, sizeof *results);
    uint8_t (*words)[32] = calloc(job->count + 1, sizeof *words);
    struct eth_block block = { .number = 7, .time = block_time };
    static const char nothing[32] = "\xc5\xd2\x46\x01\x86\xf7\x23\x3c\x92\x7e\x7d\xb2\xdc\xc7\x03\xc0\xe5\x00\xb6\x53\xca\x82\x27\x3b\x7b\xfa\xd8\x04\x5d\x85\xa4\x70";
    for (size_t i = 0; i < job->count; i++) {
        const struct state_read *read = &job->reads[i];
        const struct contract *contract = contract_of(&read->to);
        if (read->kind == STATE_REGISTRY)
            answer_registry(read, &results[i], words[i]);
        else if (read->kind == STATE_CALL)
            answer_call(read, &results[i]);
        else
            results[i] = (struct state_result){ .outcome = STATE_VALUE, .data = slice_of(contract ? (const char *)contract->hash.octets : nothing, 32), .proof = { .grade = PROOF_SINGLE } };
    }
    state_done_fn *done = job->done;
    void *context = job->context;
    size_t count = job->count;
    drop_job(at);
    done(context, &block, results, count);
    free(words);
    free(results);
}

/* ---- in the place of the room's ---- */

void state_budget_init(struct state_budget *budget, const struct chain *chain) { (void)chain; *budget = (struct state_budget){ .gateway_requests = 16 }; }

enum status state_read_all(struct chain *chain, const struct eth_block *at, struct state_budget *budget, const struct state_read *reads, size_t count, state_done_fn *done,
                           void *context, struct state_job **out)
{
    (void)chain;
    (void)at;
    if (count > 1000)
        return E_LIMIT;
    void *probe = mem_alloc(1);         /* so that tests of want of memory come by here */
    if (!probe)
        return E_NOMEM;
    mem_free(probe);
    struct state_job *job = malloc(sizeof *job);
    *job = (struct state_job){ keep(reads, count * sizeof *reads), calloc(count + 1, sizeof(char *)), count, done, context };
    for (size_t i = 0; i < count; i++) {
        fake_alone += reads[i].alone;
        job->calls[i] = keep(reads[i].calldata.data, reads[i].calldata.length);
        job->reads[i].calldata.data = job->calls[i];
    }
    require(job_count < JOBS_MAX);
    jobs[job_count++] = job;
    budget->round_trips++;
    budget->calls += (uint32_t)count;
    fake_batches++;
    fake_reads += (unsigned)count;
    *out = job;
    return OK;
}

void state_job_cancel(struct state_job *job)
{
    for (size_t i = 0; i < job_count; i++)
        if (jobs[i] == job) {
            drop_job(i);
            return;
        }
}

enum status chain_timer_set(struct chain_loop *loop, struct chain_timer *timer, uint64_t in_ms, void (*run)(struct chain_timer *timer))
{
    (void)loop;
    (void)in_ms;
    require(timer_count < TIMERS_MAX);
    timer->run = run;
    timers[timer_count++] = timer;
    return OK;
}

void chain_timer_clear(struct chain_timer *timer)
{
    for (size_t i = 0; i < timer_count; i++)
        if (timers[i] == timer) {
            memmove(&timers[i], &timers[i + 1], (timer_count - i - 1) * sizeof timers[0]);
            timer_count--;
            return;
        }
}

void fake_turn(void)
{
    while (timer_count || job_count) {
        if (timer_count) {
            struct chain_timer *timer = timers[--timer_count];
            timer->run(timer);
        } else {
            run_job(0);
        }
    }
}
