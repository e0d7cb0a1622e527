/* SPDX-License-Identifier: Apache-2.0 */
/* What watched contracts logged in one block: at most one eth_getLogs, and none where the header's bloom rules it out. */
#include "ethereum/inside.h"

#include <string.h>

enum { ADDRESSES_MAX = 200, LOGS_MS = 4000 };   /* more: all logs of the block, and we look for ourselves */

struct logs_job {
    struct chain *chain;
    struct chain_header header;
    struct text params;
    logs_done_fn *done;
    struct ask *ask;
    struct chain_timer timer;       /* when there is nothing to ask */
    enum chain_failure failure;
};

static void job_end(struct logs_job *job)
{
    struct chain *chain = job->chain;
    logs_done_fn *done = job->done;
    enum chain_failure failure = job->failure;
    chain->logs_job = NULL;
    logs_cancel(job);
    done(chain, failure);
}

void logs_cancel(struct logs_job *job)
{
    if (job == NULL)
        return;
    chain_timer_clear(&job->timer);
    ask_free(job->ask);
    text_clear(&job->params);
    mem_free(job);
}

/* ---- asking ---- */

static void log_add(struct text *out, const struct chain_log *entry, const struct slice *digits, uint8_t *room)
{
    uint32_t length = (uint32_t)(digits->length / 2);
    text_add_bytes(out, entry->address.octets, 20);
    text_add_bytes(out, &entry->topic_count, 1);
    text_add_bytes(out, entry->topics, entry->topic_count * sizeof entry->topics[0]);
    text_add_bytes(out, &length, sizeof length);
    if (json_digits_decode(*digits, room) == OK)
        text_add_bytes(out, room, length);
    else
        out->full = true;
}

/* One log, as octets that are compared and read again.  @return false: it is not one of this block */
static bool log_read(const struct logs_job *job, struct json_view value, struct ask_try *one, struct text *out)
{
    static const char *const names[] = { "address", "topics", "data", "blockHash" };
    struct json_view field[4];
    struct chain_log entry = { 0 };
    struct eth_word hash;
    struct slice digits;
    json_members(value, names, field, 4);
    if (json_hex_exact(field[0], entry.address.octets, 20) != OK || json_kind(field[1]) != JSON_ARRAY || json_hex(field[2], &digits) != OK
        || json_hex_exact(field[3], hash.octets, 32) != OK || !eth_word_equal(&hash, &job->header.block.hash))
        return false;
    for (struct json_walk walk = json_walk(field[1]); json_step(&walk); entry.topic_count++) {
        if (entry.topic_count == LENGTH_OF(entry.topics) || json_hex_exact(walk.value, entry.topics[entry.topic_count].octets, 32) != OK)
            return false;
    }
    /* What the header's bloom does not have was not logged in this block. */
    struct bloom_bits bits = bloom_bits_of(entry.address.octets, 20);
    if (!bloom_has(job->header.bloom, &bits))
        return false;
    if (watches_find(&job->chain->watches, &entry.address) == NULL)
        return true;
    uint8_t *room = arena_bytes(one->arena, digits.length / 2 + 1);
    if (room == NULL)
        return false;
    log_add(out, &entry, &digits, room);
    return !out->full;
}

static void answered(void *context, const struct rpc_reply *replies, size_t count)
{
    struct ask_try *one = context;
    const struct logs_job *job = one->ask->asker;
    struct text octets;
    (void)count;
    one->rpc = NULL;
    if (replies[0].kind != RPC_RESULT) {
        ask_try_fail(one, replies[0].kind == RPC_FAILED ? replies[0].fault : RPC_BAD);
        return;
    }
    bool good = json_kind(replies[0].result) == JSON_ARRAY;
    text_growing(&octets);
    for (struct json_walk walk = json_walk(replies[0].result); good && json_step(&walk); )
        good = log_read(job, walk.value, one, &octets);
    const char *copy = good ? arena_copy(one->arena, octets.length ? octets.data : "", octets.length + !octets.length) : NULL;
    size_t length = octets.length;
    text_clear(&octets);
    if (copy == NULL) {
        provider_note_fault(one->provider, RPC_BAD, 0);
        ask_try_fail(one, RPC_BAD);
        return;
    }
    one->items[0] = (struct ask_item){ .outcome = STATE_VALUE, .octets = slice_of(copy, length) };
    ask_try_over(one);
}

static void try_begin(struct ask_try *one)
{
    const struct logs_job *job = one->ask->asker;
    struct rpc_call call = { "eth_getLogs", slice_of(job->params.data, job->params.length) };
    ask_try_send(one, &call, 1, LOGS_BYTES, answered);
}

/* ---- telling ---- */

/* Our own octets: whole and in order. */
static const char *log_next(const char *at, struct chain_log *out)
{
    uint32_t length;
    *out = (struct chain_log){ 0 };
    memcpy(out->address.octets, at, 20);
    out->topic_count = (uint8_t)at[20];
    at += 21;
    memcpy(out->topics, at, out->topic_count * sizeof out->topics[0]);
    at += out->topic_count * sizeof out->topics[0];
    memcpy(&length, at, sizeof length);
    out->data = slice_of(at + sizeof length, length);
    return at + sizeof length + length;
}

static MUST_CHECK bool tell(struct logs_job *job, struct slice octets)
{
    struct chain_log entry, *all;
    size_t count = 0;
    for (const char *at = octets.data; at < octets.data + octets.length; count++)
        at = log_next(at, &entry);
    all = mem_alloc((count + 1) * sizeof *all);
    if (all == NULL)
        return false;
    const char *at = octets.data;
    for (size_t i = 0; i < count; i++)
        at = log_next(at, &all[i]);
    count_add(&job->chain->logs, count);
    for (struct chain_follower *follower = job->chain->followers; count > 0 && follower; follower = follower->next) {
        if (follower->logs)
            follower->logs(follower->context, &job->header.block, all, count);
    }
    mem_free(all);
    return true;
}

static void asked(struct ask *ask)
{
    struct logs_job *job = ask->asker;
    const struct ask_item *item = &ask->verdicts[0].item;
    job->failure = item->failure;
    if (item->outcome == STATE_VALUE)
        job->failure = tell(job, item->octets) ? CHAIN_FAILURE_NONE : CHAIN_FAILURE_MEMORY;
    job_end(job);
}

static void nothing(struct chain_timer *timer) { job_end((struct logs_job *)(void *)((char *)timer - offsetof(struct logs_job, timer))); }

static void write_params(struct logs_job *job, struct watch *const *hits, size_t count)
{
    text_add(&job->params, "[{\"blockHash\":\"0x");
    text_add_hex(&job->params, job->header.block.hash.octets, 32, false);
    text_add_char(&job->params, '"');
    for (size_t i = 0; count <= ADDRESSES_MAX && i < count; i++) {
        text_add(&job->params, i == 0 ? ",\"address\":[\"0x" : ",\"0x");
        text_add_hex(&job->params, hits[i]->address.octets, 20, false);
        text_add(&job->params, i + 1 == count ? "\"]" : "\"");
    }
    text_add(&job->params, "}]");
}

enum status logs_fetch(struct chain *chain, const struct chain_header *header, logs_done_fn *done)
{
    static const struct ask_kind kind = { try_begin, asked };
    struct watch *hits[ADDRESSES_MAX];
    struct logs_job *job = mem_alloc(sizeof *job);
    if (job == NULL)
        return E_NOMEM;
    *job = (struct logs_job){ .chain = chain, .header = *header, .done = done };
    size_t count = watches_hit(&chain->watches, header->bloom, hits, LENGTH_OF(hits));
    text_growing(&job->params);
    if (count > 0) {
        write_params(job, hits, count);
        uint64_t deadline = chain_loop_now_ms(chain->loop) + LOGS_MS;
        job->ask = job->params.full ? NULL : ask_new(chain, &kind, job, 1, 1, 0, deadline);
    }
    if (count == 0 ? chain_timer_set(chain->loop, &job->timer, 0, nothing) != OK : job->ask == NULL) {
        logs_cancel(job);
        return E_NOMEM;
    }
    chain->logs_job = job;
    if (job->ask)
        ask_begin(job->ask);
    return OK;
}
