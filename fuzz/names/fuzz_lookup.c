/* SPDX-License-Identifier: Apache-2.0 */
/* A whole lookup of ENS against contracts that answer what the input says.  It is over after a bounded number of batches, is told once, and never tells that a
 * name does not exist when the registry could not be had; every set of records that it tells checks. */
#include "base/base.h"
#include "names/facts.h"
#include "wire/rdata.h"

#include <stdlib.h>
#include <string.h>

enum { BATCHES_MAX = 16, READS_MAX = 1000 };

struct state_job { size_t count; enum state_kind kinds[READS_MAX]; state_done_fn *done; void *context; };
static struct state_job *waiting;
static struct chain_timer *timer_due;
static const uint8_t *input;
static size_t input_left;
static unsigned told, batches;
static bool registry_failed;
static int place;

uint64_t chain_id(const struct chain *chain) { (void)chain; return 1; }
struct chain_loop *chain_loop_of(const struct chain *chain) { (void)chain; return (struct chain_loop *)(void *)&place; }
uint64_t chain_loop_now_ms(const struct chain_loop *loop) { (void)loop; return 0; }
void state_budget_init(struct state_budget *budget, const struct chain *chain) { (void)chain; *budget = (struct state_budget){ 0 }; }
void state_job_cancel(struct state_job *job) { (void)job; abort(); }
void chain_timer_clear(struct chain_timer *timer) { (void)timer; }

enum status chain_timer_set(struct chain_loop *loop, struct chain_timer *timer, uint64_t in_ms, void (*run)(struct chain_timer *timer))
{
    (void)loop;
    (void)in_ms;
    timer->run = run;
    timer_due = timer;
    return OK;
}

enum status state_read_all(struct chain *chain, const struct eth_block *at, struct state_budget *budget, const struct state_read *reads, size_t count, state_done_fn *done,
                           void *context, struct state_job **out)
{
    (void)chain;
    (void)at;
    (void)budget;
    if (count > READS_MAX || waiting || ++batches > BATCHES_MAX)
        abort();
    waiting = calloc(1, sizeof *waiting);
    *waiting = (struct state_job){ .count = count, .done = done, .context = context };
    for (size_t i = 0; i < count; i++)
        waiting->kinds[i] = reads[i].kind;
    *out = waiting;
    return OK;
}

static uint8_t next(void)
{
    if (!input_left)
        return 0;
    input_left--;
    return *input++;
}

static void answer(enum state_kind kind, struct state_result *out, uint8_t word[32])
{
    uint8_t how = next();
    *out = (struct state_result){ .outcome = STATE_VALUE, .data = slice_of((char *)word, 32), .max_age_seconds = UINT32_MAX };
    memset(word, 0, 32);
    if (how < 4) {
        *out = (struct state_result){ .outcome = STATE_UNAVAILABLE, .failure = (enum chain_failure)(1 + how), .max_age_seconds = UINT32_MAX };
        registry_failed |= kind == STATE_REGISTRY && batches == 1;     /* later ones are about where records lead */
    } else if (kind == STATE_REGISTRY || kind == STATE_CODE_HASH) {
        word[31] = how % 3;                         /* few addresses, so that they meet again */
    } else if (how < 0x40) {
        size_t bytes = (size_t)next() * (how & 1 ? 32 : 1);
        bytes = bytes < input_left ? bytes : input_left;
        out->data = slice_of((const char *)input, bytes);
        out->outcome = how & 2 ? STATE_VALUE : STATE_REVERTED;
        out->followed = how & 4;
        input += bytes;
        input_left -= bytes;
    } else {
        word[31] = how % 3;
    }
}

static void turn(void)
{
    if (timer_due) {
        struct chain_timer *timer = timer_due;
        timer_due = NULL;
        timer->run(timer);
        return;
    }
    struct state_job *job = waiting;
    struct state_result *results = calloc(job->count + 1, sizeof *results);
    uint8_t (*words)[32] = calloc(job->count + 1, sizeof *words);
    struct eth_block block = { .number = 1, .time = 1 };
    waiting = NULL;
    for (size_t i = 0; i < job->count; i++)
        answer(job->kinds[i], &results[i], words[i]);
    job->done(job->context, &block, results, job->count);
    free(words);
    free(results);
    free(job);
}

static void on_told(void *context, struct facts *facts)
{
    (void)context;
    told++;
    if (registry_failed && (facts->status == FACTS_ABSENT || facts->status == FACTS_FOUND))
        abort();
    for (size_t i = 0; i < facts->record_count; i++) {
        struct slice value = facts->records[i].fact.value;
        if (facts->records[i].fact.state == FACT_NOT_ASKED || (facts->records[i].fact.state == FACT_PRESENT) != (value.length > 0))
            abort();
        for (size_t at = 0; at < value.length; ) {
            const uint8_t *head = (const uint8_t *)value.data + at;
            if (rdata_check(facts->records[i].type, CLASS_IN, head + 6, get_u16(head + 4)) != OK)
                abort();
            at += 6u + get_u16(head + 4);
        }
    }
    facts_free(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "alice.eth", "www.alice.eth", "a.b.c.alice.eth", "a_b.alice.eth", "eth", "a_b.eth" };
    input = data;
    input_left = size;
    struct ens_options options;
    ens_options_default(1, &options);
    uint8_t how = next();
    options.chain = (struct chain *)(void *)&place;
    options.refuse_expired = how & 1;
    if (how & 2)
        memset(&options.universal_resolver, 0, sizeof options.universal_resolver);
    struct eth_address known = { { [19] = 1 } };
    options.known_resolvers = &known;
    options.known_resolver_count = how >> 2 & 1;
    struct name_source *source;
    if (name_source_ens(&options, &source) != OK)
        abort();
    struct slice text = slice_string("url");
    uint64_t coins[] = { 60, 0x80000089 };
    for (unsigned i = 0; i < 2; i++) {
        struct name name;
        struct facts_job *job;
        if (name_parse(slice_string(names[(unsigned)(how >> 3) % LENGTH_OF(names)]), name_root, &name) != OK)
            abort();
        struct facts_request request = { .name = name_view_of(&name), .dns = true, .texts = &text, .text_count = 1, .coins = coins, .coin_count = 2, .details = how & 0x80, .pubkey = true };
        struct eth_address address = { { 7 } };
        bool backwards = how == 0xff;
        told = batches = 0;
        registry_failed = false;
        if ((backwards ? facts_start_reverse(source, &address, 0x80000000, on_told, NULL, &job) : facts_start(source, &request, on_told, NULL, &job)) != OK)
            abort();
        while (!told)
            turn();
        if (told != 1 || waiting || timer_due)
            abort();
    }
    name_source_free(source);
    return 0;
}
