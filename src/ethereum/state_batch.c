/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of a job as calls to one provider: those that may be together in one eth_call, the others as calls of their own, all in
 * one round trip.  What runs out of gas together is taken apart, with less gas for each part. */
#include "ethereum/state_batch.h"

#include "crypto/keccak.h"

#include <string.h>

enum { TOGETHER_BYTES = 64 << 10, TOGETHER_MAX = 250, GAS_MIN = 2000000, TURNS_MAX = 8, NO_MULTICALL_MS = 600000 };

/* One call: of several reads, or of one. */
struct unit {
    uint16_t *reads;
    size_t count;
    bool together;
    uint64_t gas;
};

struct plan {
    const struct state_batch *batch;
    struct unit *waiting, *sent;        /* each with room for one unit a read */
    size_t waiting_count, sent_count;
    unsigned turns;
    struct registry_proven *proven;     /* of each read; NULL: nothing is proven here */
    bool proof_asked;
};

/* May be put together with others, where there is a contract for that. */
static bool joins(const struct state_read *read)
{
    return (read->kind == STATE_CALL || read->kind == STATE_REGISTRY) && !read->alone && read->gas == 0;
}

static bool may_join(const struct ask_try *one, const struct state_batch *batch, const struct state_read *read)
{
    return joins(read) && one->provider->no_multicall_until_ms <= one->begun_ms && !eth_address_is_zero(&batch->multicall);
}

size_t state_batch_calls(const struct state_batch *batch)
{
    size_t calls = 0, joined = 0;
    for (size_t i = 0; i < batch->count; i++) {
        calls += !joins(&batch->reads[i]);
        joined += joins(&batch->reads[i]);
    }
    return calls + (joined > 0);
}

static void add_unit(struct plan *plan, uint16_t *reads, size_t count, bool together, uint64_t gas)
{
    plan->waiting[plan->waiting_count++] = (struct unit){ reads, count, together, gas };
}

/* Two alone in a unit are better off together, one is better off without. */
static void divide(struct ask_try *one, const struct state_batch *batch, struct plan *plan, uint16_t *order)
{
    size_t joined = 0, bytes = 0, first = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (may_join(one, batch, &batch->reads[i]))
            order[joined++] = (uint16_t)i;
    }
    for (size_t i = 0; i < joined; i++) {
        size_t more = multicall_bytes(&batch->reads[order[i]]);
        if (i > first && (bytes + more > TOGETHER_BYTES || i - first >= TOGETHER_MAX)) {
            add_unit(plan, order + first, i - first, i - first > 1, GAS_USUAL);
            first = i;
            bytes = 0;
        }
        bytes += more;
    }
    if (joined > first)
        add_unit(plan, order + first, joined - first, joined - first > 1, GAS_USUAL);
    for (size_t i = 0, at = joined; i < batch->count; i++) {
        if (may_join(one, batch, &batch->reads[i]))
            continue;
        order[at] = (uint16_t)i;
        add_unit(plan, order + at++, 1, false, batch->reads[i].gas ? batch->reads[i].gas : GAS_USUAL);
    }
}

/* ---- sending ---- */

static void add_address(struct text *out, const struct eth_address *address)
{
    text_add(out, "\"0x");
    text_add_hex(out, address->octets, sizeof address->octets, false);
    text_add_char(out, '"');
}

static void add_block(struct text *out, const struct state_batch *batch)
{
    text_add(out, ",{\"blockHash\":\"0x");        /* EIP-1898 */
    text_add_hex(out, batch->block_hash.octets, 32, false);
    text_add(out, "\"}]");
}

static const char *write_unit(struct text *out, const struct state_batch *batch, const struct unit *unit)
{
    static const struct eth_address nobody;
    const struct state_read *read = &batch->reads[unit->reads[0]];
    uint8_t room[36];
    text_add_char(out, '[');
    if (read->kind == STATE_SLOT || read->kind == STATE_CODE_HASH) {
        add_address(out, &read->to);
        if (read->kind == STATE_SLOT) {
            text_add(out, ",\"0x");
            text_add_hex(out, read->word.octets, 32, false);
            text_add_char(out, '"');
        }
        add_block(out, batch);
        return read->kind == STATE_SLOT ? "eth_getStorageAt" : "eth_getCode";
    }
    text_add(out, "{\"from\":");
    add_address(out, &nobody);
    text_add(out, ",\"to\":");
    add_address(out, unit->together ? &batch->multicall : &read->to);
    text_add_format(out, ",\"gas\":\"0x%llx\",\"gasPrice\":\"0x0\",\"data\":\"0x", (unsigned long long)unit->gas);
    if (unit->together) {
        multicall_write(out, batch, unit->reads, unit->count);
    } else {
        struct slice calldata = state_calldata(read, room);
        text_add_hex(out, (const uint8_t *)calldata.data, calldata.length, false);
    }
    text_add(out, "\"}");
    add_block(out, batch);
    return "eth_call";
}

static void answered(void *context, const struct rpc_reply *replies, size_t count);

static void send_waiting(struct ask_try *one)
{
    struct plan *plan = one->plan;
    size_t count = plan->waiting_count;
    bool prove = plan->proven && !plan->proof_asked;
    struct rpc_call *calls = arena_alloc(one->arena, (count + 1) * sizeof *calls);
    struct text text;
    size_t *ends = arena_alloc(one->arena, (count + 1) * sizeof *ends);
    text_growing(&text);
    for (size_t i = 0; calls && ends && i < count; i++) {
        calls[i].method = write_unit(&text, plan->batch, &plan->waiting[i]);
        ends[i] = text.length;
    }
    if (calls && ends && prove) {
        calls[count].method = "eth_getProof";
        registry_proof_write(&text, plan->batch);
        add_block(&text, plan->batch);
        ends[count] = text.length;
    }
    if (calls == NULL || ends == NULL || text.full) {
        text_clear(&text);
        ask_try_send(one, NULL, 0, 0, NULL);
        return;
    }
    for (size_t i = 0; i < count + prove; i++) {
        size_t from = i ? ends[i - 1] : 0;
        calls[i].params = slice_of(text.data + from, ends[i] - from);
    }
    struct unit *swap = plan->sent;
    plan->sent = plan->waiting;
    plan->sent_count = count;
    plan->waiting = swap;
    plan->waiting_count = 0;
    plan->turns++;
    plan->proof_asked = true;
    ask_try_send(one, calls, count + prove, REPLY_BYTES, answered);
    text_clear(&text);
}

void state_batch_begin(struct ask_try *one, const struct state_batch *batch)
{
    struct plan *plan = arena_alloc(one->arena, sizeof *plan);
    uint16_t *order = arena_alloc(one->arena, batch->count * sizeof *order);
    struct unit *units = arena_alloc(one->arena, 2 * batch->count * sizeof *units);
    if (plan == NULL || order == NULL || units == NULL) {
        ask_try_send(one, NULL, 0, 0, NULL);
        return;
    }
    *plan = (struct plan){ .batch = batch, .waiting = units, .sent = units + batch->count };
    one->plan = plan;
    for (size_t i = 0; i < batch->count && plan->proven == NULL; i++) {
        if (!state_is_proven(batch, i))
            continue;
        plan->proven = arena_alloc(one->arena, batch->count * sizeof *plan->proven);
        if (plan->proven == NULL) {
            ask_try_send(one, NULL, 0, 0, NULL);
            return;
        }
    }
    divide(one, batch, plan, order);
    send_waiting(one);
}

/* ---- what came back ---- */

static void fail_items(struct ask_try *one, const struct unit *unit, enum chain_failure failure, bool told)
{
    for (size_t i = 0; i < unit->count; i++)
        one->items[unit->reads[i]] = (struct ask_item){ .outcome = STATE_UNAVAILABLE, .failure = failure, .told = told };
}

static void put_item(struct ask_try *one, size_t read, enum state_outcome outcome, struct slice octets)
{
    one->items[read] = (struct ask_item){ .outcome = outcome, .octets = octets };
}

static MUST_CHECK enum status octets_of(struct ask_try *one, struct slice digits, struct slice *out)
{
    uint8_t *octets = arena_bytes(one->arena, digits.length / 2 + 1);
    if (octets == NULL)
        return E_NOMEM;
    enum status status = json_digits_decode(digits, octets);
    if (status == OK)
        *out = slice_of((const char *)octets, digits.length / 2);
    return status;
}

/* Each part has half of the gas; a read that is alone then has all that it may have. */
static void take_apart(struct ask_try *one, const struct unit *unit, bool each)
{
    struct plan *plan = one->plan;
    size_t half = unit->count / 2;
    if (plan->turns >= TURNS_MAX) {
        fail_items(one, unit, CHAIN_FAILURE_GAS, true);
        return;
    }
    for (size_t i = 0; each && i < unit->count; i++)
        add_unit(plan, unit->reads + i, 1, false, GAS_USUAL);
    if (each)
        return;
    uint64_t gas = unit->gas / 2 > GAS_MIN ? unit->gas / 2 : GAS_MIN;
    add_unit(plan, unit->reads, half, half > 1, half > 1 ? gas : GAS_USUAL);
    add_unit(plan, unit->reads + half, unit->count - half, unit->count - half > 1, unit->count - half > 1 ? gas : GAS_USUAL);
}

static void take_together(struct ask_try *one, const struct unit *unit, const struct rpc_reply *reply)
{
    struct slice digits, octets;
    struct multicall_reader reader;
    if (reply->kind == RPC_REVERT || (reply->kind == RPC_FAILED && reply->fault == RPC_GAS)) {
        take_apart(one, unit, false);           /* the aggregate itself does not revert unless the gas is gone */
        return;
    }
    if (reply->kind != RPC_RESULT) {
        fail_items(one, unit, rpc_failure(reply->fault), reply->fault == RPC_LONG || (reply->told && reply->fault == RPC_ERROR));
        return;
    }
    if (json_hex(reply->result, &digits) != OK || octets_of(one, digits, &octets) != OK) {
        fail_items(one, unit, CHAIN_FAILURE_BAD_REPLY, false);
        return;
    }
    if (octets.length == 0) {                   /* no such contract here */
        one->provider->no_multicall_until_ms = one->begun_ms + NO_MULTICALL_MS;
        take_apart(one, unit, true);
        return;
    }
    enum status status = multicall_read((const uint8_t *)octets.data, octets.length, unit->count, &reader);
    for (size_t i = 0; i < unit->count; i++) {
        bool success = false;
        struct slice value = { NULL, 0 };
        status = status == OK ? multicall_next(&reader, &success, &value) : status;
        if (status == OK)
            put_item(one, unit->reads[i], success ? STATE_VALUE : STATE_REVERTED, value);
        else
            one->items[unit->reads[i]] = (struct ask_item){ .outcome = STATE_UNAVAILABLE, .failure = CHAIN_FAILURE_BAD_REPLY };
    }
}

static MUST_CHECK enum status value_of(struct ask_try *one, const struct state_read *read, struct json_view result, struct slice *out)
{
    struct slice digits;
    if (read->kind == STATE_SLOT) {
        uint8_t *word = arena_bytes(one->arena, 32);
        enum status status = word == NULL ? E_NOMEM : json_quantity_256(result, word);
        if (status == OK)
            *out = slice_of((const char *)word, 32);
        return status;
    }
    enum status status = json_hex(result, &digits);
    if (status != OK)
        return status;
    status = octets_of(one, digits, out);
    if (status != OK || read->kind != STATE_CODE_HASH)
        return status;
    uint8_t *hash = arena_bytes(one->arena, KECCAK256_BYTES);
    if (hash == NULL)
        return E_NOMEM;
    keccak256(out->data, out->length, hash);
    *out = slice_of((const char *)hash, KECCAK256_BYTES);
    return OK;
}

static void take_single(struct ask_try *one, const struct unit *unit, const struct rpc_reply *reply)
{
    const struct plan *plan = one->plan;
    const struct state_read *read = &plan->batch->reads[unit->reads[0]];
    struct slice octets = { NULL, 0 };
    if (reply->kind == RPC_FAILED) {
        fail_items(one, unit, rpc_failure(reply->fault), reply->fault == RPC_LONG || (reply->told && (reply->fault == RPC_GAS || reply->fault == RPC_ERROR)));
        return;
    }
    bool value = reply->kind == RPC_RESULT;
    enum status status = value ? value_of(one, read, reply->result, &octets) : octets_of(one, reply->revert, &octets);
    if (status != OK || (!value && read->kind != STATE_CALL && read->kind != STATE_REGISTRY))
        fail_items(one, unit, status == E_NOMEM ? CHAIN_FAILURE_MEMORY : CHAIN_FAILURE_BAD_REPLY, false);
    else
        put_item(one, unit->reads[0], value ? STATE_VALUE : STATE_REVERTED, octets);
}

static void take_proof(struct ask_try *one, const struct rpc_reply *reply)
{
    struct plan *plan = one->plan;
    if (reply->kind == RPC_RESULT && !registry_proof_read(plan->batch, reply->result, plan->proven)) {
        memset(plan->proven, 0, plan->batch->count * sizeof *plan->proven);
        provider_note_lie(one->provider);
    }
}

/* What is proven stands by itself; what is not, though it should be, cannot be had from this one. */
static void apply_proof(struct ask_try *one)
{
    const struct plan *plan = one->plan;
    for (size_t i = 0; plan->proven && i < plan->batch->count; i++) {
        struct ask_item *item = &one->items[i];
        if (!state_is_proven(plan->batch, i) || plan->proven[i].state == REGISTRY_ELSEWHERE)
            continue;
        if (plan->proven[i].state == REGISTRY_PROVEN)
            *item = (struct ask_item){ .outcome = STATE_VALUE, .octets = slice_of((const char *)plan->proven[i].word.octets, 32), .verified = true };
        else if (item->outcome != STATE_UNAVAILABLE)
            *item = (struct ask_item){ .outcome = STATE_UNAVAILABLE, .failure = CHAIN_FAILURE_PROOF };
    }
}

static void answered(void *context, const struct rpc_reply *replies, size_t count)
{
    struct ask_try *one = context;
    struct plan *plan = one->plan;
    size_t units = plan->sent_count;
    one->rpc = NULL;
    for (size_t i = 0; i < units; i++) {
        const struct unit *unit = &plan->sent[i];
        if (unit->together)
            take_together(one, unit, &replies[i]);
        else
            take_single(one, unit, &replies[i]);
    }
    if (count > units)
        take_proof(one, &replies[units]);
    if (plan->waiting_count > 0) {
        send_waiting(one);
        return;
    }
    apply_proof(one);
    ask_try_over(one);
}
