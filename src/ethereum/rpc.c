/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to one provider: one HTTP request for all where it takes batches, one for each where it does not. */
#include "ethereum/inside.h"

#include <string.h>

struct rpc_part {
    struct rpc *rpc;
    struct http_transfer *transfer;
    size_t call;            /* which; parts of a batch: the first */
    char *kept;             /* the body, while others are under way */
};

struct rpc {
    struct provider *provider;
    rpc_done_fn *done;
    void *context;
    size_t count, reply_bytes, left;
    uint64_t first_id, end_ms, took_ms;
    bool batch, urgent;
    enum rpc_fault fault;   /* of the worst part */
    uint32_t retry_after;
    struct text body;       /* of all calls, one behind the other with commas */
    size_t *ends;           /* where each ends in it */
    struct rpc_part *parts;
    struct rpc_reply *replies;
};

static void rpc_free(struct rpc *rpc)
{
    for (size_t i = 0; i < rpc->count; i++)
        mem_free(rpc->parts[i].kept);
    text_clear(&rpc->body);
    mem_free(rpc);
}

void rpc_cancel(struct rpc *rpc)
{
    if (rpc == NULL)
        return;
    for (size_t i = 0; i < rpc->count; i++)
        http_client_cancel(rpc->parts[i].transfer);
    rpc_free(rpc);
}

static void fail_from(struct rpc *rpc, size_t first, size_t count, enum rpc_fault fault)
{
    for (size_t i = first; i < first + count; i++)
        rpc->replies[i] = (struct rpc_reply){ .kind = RPC_FAILED, .fault = fault };
}

static enum rpc_fault fault_of_transfer(const struct http_result *result)
{
    if (result->code == 429)
        return RPC_LIMITED;
    switch (result->status) {
    case OK:          break;
    case E_TIMEOUT:   return RPC_TIMEOUT;
    case E_NOMEM:     return RPC_MEMORY;
    case E_LIMIT:     return RPC_LONG;
    case E_TRUNCATED:
    case E_BAD_FORMAT: return RPC_BAD;
    default:          return RPC_UNREACHED;
    }
    if (result->code == 401 || result->code == 403)
        return RPC_DENIED;
    return result->code >= 500 && result->body_bytes == 0 ? RPC_UNREACHED : RPC_FINE;
}

/* The worst that a call was answered with: a limit told inside JSON is one all the same. */
static void weigh(struct rpc *rpc, enum rpc_fault fault)
{
    if (fault != RPC_FINE && (rpc->fault == RPC_FINE || fault == RPC_LIMITED))
        rpc->fault = fault;
}

/* Replies to a batch may come in any order. */
static void read_batch(struct rpc *rpc, struct json_view array)
{
    for (struct json_walk walk = json_walk(array); json_step(&walk); ) {
        uint64_t id = 0;
        if (json_u64(json_member(walk.value, "id"), &id) != OK || id < rpc->first_id || id - rpc->first_id >= rpc->count)
            continue;
        rpc_reply_read(walk.value, &rpc->replies[id - rpc->first_id]);
    }
}

static void read_single(struct rpc *rpc, size_t call, struct json_view object)
{
    uint64_t id = 0;
    struct json_view told = json_member(object, "id");
    /* Errors of gateways have the id null, or none. */
    if (json_u64(told, &id) == OK && id != rpc->first_id + call)
        return;
    rpc_reply_read(object, &rpc->replies[call]);
}

static MUST_CHECK enum status send_parts(struct rpc *rpc);

/* A batch that came back as one object, or was refused as a request: such providers get their calls one by one. */
static bool batch_refused(struct rpc *rpc, const struct http_result *result, struct json_view reply)
{
    struct rpc_reply whole;
    if (!rpc->batch || json_kind(reply) == JSON_ARRAY)
        return false;
    rpc_reply_read(reply, &whole);
    if (whole.fault == RPC_LIMITED || (result->code >= 500 && json_kind(reply) != JSON_OBJECT))
        return false;
    return result->code >= 400 || json_kind(reply) == JSON_OBJECT;
}

/* One object for a whole batch that was not refused as a batch. */
static enum rpc_fault whole_fault(struct json_view reply)
{
    struct rpc_reply whole;
    rpc_reply_read(reply, &whole);
    return whole.fault == RPC_LIMITED ? RPC_LIMITED : RPC_BAD;
}

static void finish(struct rpc *rpc)
{
    struct provider *provider = rpc->provider;
    for (size_t i = 0; i < rpc->count; i++) {
        const struct rpc_reply *reply = &rpc->replies[i];
        if (reply->kind == RPC_FAILED && (reply->fault == RPC_LIMITED || reply->fault == RPC_BAD))
            weigh(rpc, reply->fault);
    }
    if (rpc->fault == RPC_FINE)
        provider_note_success(provider, rpc->took_ms);
    else
        provider_note_fault(provider, rpc->fault, rpc->retry_after);
    rpc->done(rpc->context, rpc->replies, rpc->count);
    rpc_free(rpc);
}

/* @return the part is told of; false: it was sent anew in another way */
static bool take(struct rpc_part *part, const struct http_result *result)
{
    struct rpc *rpc = part->rpc;
    size_t calls = rpc->batch ? rpc->count : 1;
    enum rpc_fault fault = fault_of_transfer(result);
    const char *body = result->body;
    struct json_view reply = { NULL, NULL };
    if (fault == RPC_FINE && !rpc->batch && rpc->count > 1) {
        part->kept = mem_alloc(result->body_bytes + 1);
        body = part->kept;
        if (body == NULL)
            fault = RPC_MEMORY;
        else
            memcpy(part->kept, result->body, result->body_bytes);
    }
    if (fault == RPC_FINE && json_read(body, result->body_bytes, rpc->reply_bytes, &reply) != OK) {
        reply = (struct json_view){ NULL, NULL };
        fault = result->code >= 500 ? RPC_UNREACHED : RPC_BAD;
    }
    if (result->status == OK && fault != RPC_LIMITED && fault != RPC_DENIED && batch_refused(rpc, result, reply)) {
        rpc->provider->batch = false;
        rpc->batch = false;
        log_debug(LOG_NET, "provider takes no batches", log_text("provider", rpc->provider->name));
        if (send_parts(rpc) == OK)
            return false;
        fault = RPC_MEMORY;
        calls = rpc->count;
    }
    if (fault == RPC_FINE && rpc->batch && json_kind(reply) == JSON_OBJECT)
        fault = whole_fault(reply);
    fail_from(rpc, part->call, calls, fault == RPC_FINE ? RPC_BAD : fault);
    if (fault == RPC_FINE && rpc->batch)
        read_batch(rpc, reply);
    else if (fault == RPC_FINE)
        read_single(rpc, part->call, reply);
    weigh(rpc, fault);
    rpc->retry_after = result->retry_after_seconds > rpc->retry_after ? result->retry_after_seconds : rpc->retry_after;
    rpc->took_ms = result->elapsed_ms > rpc->took_ms ? result->elapsed_ms : rpc->took_ms;
    return true;
}

static void part_done(void *context, const struct http_result *result)
{
    struct rpc_part *part = context;
    struct rpc *rpc = part->rpc;
    part->transfer = NULL;
    count_add(&rpc->provider->chain->call_bytes, result->body_bytes);
    if (take(part, result) && --rpc->left == 0)
        finish(rpc);
}

static enum status send_one(struct rpc *rpc, struct rpc_part *part, const char *body, size_t bytes, size_t calls)
{
    uint64_t now = chain_loop_now_ms(rpc->provider->chain->loop);
    struct http_request request = {
        .url = rpc->provider->url, .body = body, .body_bytes = bytes, .max_reply_bytes = rpc->reply_bytes,
        .timeout_ms = (uint32_t)(rpc->end_ms > now ? rpc->end_ms - now : 1), .urgent = rpc->urgent, .id = rpc->first_id + part->call, .id_count = (uint32_t)calls,
    };
    count_add(&rpc->provider->chain->call_bytes, bytes);
    return http_client_start(chain_loop_http(rpc->provider->chain->loop), &request, part_done, part, &part->transfer);
}

static enum status send_parts(struct rpc *rpc)
{
    size_t from = 1;                            /* behind the bracket */
    if (rpc->batch) {
        rpc->left = 1;
        return send_one(rpc, &rpc->parts[0], rpc->body.data, rpc->body.length, rpc->count);
    }
    rpc->left = rpc->count;
    for (size_t i = 0; i < rpc->count; i++) {
        enum status status = send_one(rpc, &rpc->parts[i], rpc->body.data + from, rpc->ends[i] - from, 1);
        if (status != OK) {
            for (size_t k = 0; k < i; k++) {
                http_client_cancel(rpc->parts[k].transfer);
                rpc->parts[k].transfer = NULL;
            }
            rpc->left = 1;
            return status;
        }
        from = rpc->ends[i] + 1;
    }
    return OK;
}

/* `[{...},{...}]`: as a whole it is the batch, and its pieces are the single calls. */
static void write_calls(struct rpc *rpc, const struct rpc_call *calls)
{
    text_growing(&rpc->body);
    for (size_t i = 0; i < rpc->count; i++) {
        text_add_char(&rpc->body, i == 0 ? '[' : ',');
        text_add(&rpc->body, "{\"jsonrpc\":\"2.0\",\"id\":");
        text_add_u64(&rpc->body, rpc->first_id + i);
        text_add(&rpc->body, ",\"method\":\"");
        text_add(&rpc->body, calls[i].method);
        text_add(&rpc->body, "\",\"params\":");
        text_add_bytes(&rpc->body, calls[i].params.data, calls[i].params.length);
        text_add_char(&rpc->body, '}');
        rpc->ends[i] = rpc->body.length;
    }
    text_add_char(&rpc->body, ']');
}

/* What keeps the chain followed does not wait behind lookups, however many there are. */
static bool is_urgent(const char *method)
{
    static const char *const methods[] = { "eth_getBlockByNumber", "eth_getBlockByHash", "eth_getLogs", "eth_chainId" };
    for (size_t i = 0; i < LENGTH_OF(methods); i++)
        if (strcmp(method, methods[i]) == 0)
            return true;
    return false;
}

enum status rpc_start(struct provider *provider, const struct rpc_call *calls, size_t count, uint64_t timeout_ms, size_t reply_bytes,
                      rpc_done_fn *done, void *context, struct rpc **out)
{
    struct chain *chain = provider->chain;
    struct rpc *rpc = mem_alloc(sizeof *rpc + count * (sizeof *rpc->parts + sizeof *rpc->replies + sizeof *rpc->ends));
    if (rpc == NULL)
        return E_NOMEM;
    *rpc = (struct rpc){ .provider = provider, .done = done, .context = context, .count = count, .reply_bytes = reply_bytes, .first_id = chain->next_id,
                         .end_ms = chain_loop_now_ms(chain->loop) + timeout_ms, .batch = provider->batch && count > 1,
                         .urgent = count > 0 && is_urgent(calls[0].method) };
    chain->next_id += count;
    rpc->replies = (struct rpc_reply *)(void *)(rpc + 1);
    rpc->parts = (struct rpc_part *)(void *)(rpc->replies + count);
    rpc->ends = (size_t *)(void *)(rpc->parts + count);
    for (size_t i = 0; i < count; i++)
        rpc->parts[i] = (struct rpc_part){ .rpc = rpc, .call = i };
    write_calls(rpc, calls);
    enum status status = rpc->body.full ? E_NOMEM : send_parts(rpc);
    if (status != OK) {
        rpc_free(rpc);
        return status;
    }
    provider_charge(provider, count);
    *out = rpc;
    return OK;
}
