/* SPDX-License-Identifier: Apache-2.0 */
/* A batch gateway of our own (ENSIP-21): query((address,string[],bytes)[]) answered with (bool[] failures, bytes[] responses). */
#include "ethereum/gateway.h"

#include "ethereum/inside.h"

enum { QUERY = 0xa780bab6 /* query((address,string[],bytes)[]) */, BATCH_REPLY_BYTES = 256 << 10 };
static const uint32_t HTTP_ERROR = 0x01800152 /* HttpError(uint16,string) */, ERROR_STRING = 0x08c379a0 /* Error(string) */;

struct member {
    struct gateway_batch *batch;
    struct gateway_request request;
    struct gateway_fetch *fetch;        /* under way */
    struct slice host;
    bool begun, over, failed;
    struct text response;
};
struct gateway_batch {
    struct chain *chain;
    gateway_done_fn *done;
    void *context;
    struct abi_input input;
    size_t count, left, running;
    uint32_t max_age;
    struct member *members;
};

static void batch_free(struct gateway_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        gateway_cancel(b->members[i].fetch);
        text_clear(&b->members[i].response);
    }
    mem_free(b->members);
    mem_free(b);
}

void gateway_batch_cancel(struct gateway_batch *batch)
{
    if (batch)
        batch_free(batch);
}

static void batch_finish(struct gateway_batch *b)
{
    struct text out;
    text_growing(&out);
    struct abi_writer writer = abi_writer_of(&out, 2);
    struct abi_writer failures = abi_write_array(&writer, b->count, 1);
    for (size_t i = 0; i < b->count; i++)
        abi_write_bool(&failures, b->members[i].failed);
    struct abi_writer responses = abi_write_array(&writer, b->count, 1);
    bool full = false;
    for (size_t i = 0; i < b->count; i++) {
        abi_write_bytes(&responses, slice_of(b->members[i].response.data, b->members[i].response.length));
        full |= b->members[i].response.full;
    }
    full |= out.full;
    const struct gateway_reply reply = { .fine = !full, .data = slice_of(out.data, out.length), .failure = full ? CHAIN_FAILURE_MEMORY : CHAIN_FAILURE_NONE, .max_age = b->max_age };
    gateway_done_fn *done = b->done;
    void *context = b->context;
    batch_free(b);
    done(context, &reply);
    text_clear(&out);
}

static void begin_some(struct gateway_batch *b);

static void take_failure(struct member *m, uint16_t http_status, const char *why)
{
    struct abi_writer writer = abi_writer_call(&m->response, http_status ? HTTP_ERROR : ERROR_STRING, http_status ? 2 : 1);
    if (http_status)
        abi_write_u64(&writer, http_status);
    abi_write_bytes(&writer, slice_string(why));
    m->failed = true;
}

/* Those that could not be begun, when nothing is under way any more that would come back to them. */
static void give_up(struct gateway_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct member *m = &b->members[i];
        if (!m->begun)
            take_failure(m, 0, chain_failure_text(CHAIN_FAILURE_MEMORY));
        m->begun = m->over = true;
    }
    b->left = 0;
}

static void member_over(void *context, const struct gateway_reply *reply)
{
    struct member *m = context;
    struct gateway_batch *b = m->batch;
    m->fetch = NULL;
    m->over = true;
    b->running--;
    b->left--;
    if (reply->fine) {
        text_add_bytes(&m->response, reply->data.data, reply->data.length);
        b->max_age = reply->max_age < b->max_age ? reply->max_age : b->max_age;
    } else {
        take_failure(m, reply->http_status, reply->reason ? reply->reason : chain_failure_text(reply->failure));
    }
    if (b->left > 0)
        begin_some(b);
    if (b->left > 0 && b->running == 0)
        give_up(b);
    if (b->left == 0)
        batch_finish(b);
}

static bool host_is_busy(const struct gateway_batch *b, const struct member *m)
{
    size_t busy = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct member *other = &b->members[i];
        if (other->fetch && other->host.length == m->host.length && memcmp(other->host.data, m->host.data, m->host.length) == 0)
            busy++;
    }
    return busy >= CCIP_BATCH_PER_HOST;
}

static void begin_some(struct gateway_batch *b)
{
    for (size_t i = 0; i < b->count && b->running < CCIP_BATCH_AT_ONCE; i++) {
        struct member *m = &b->members[i];
        if (m->begun || host_is_busy(b, m))
            continue;
        if (gateway_start(&m->request, member_over, m, &m->fetch) != OK)
            return;                     /* no memory: those that run bring us back here, and the caller sees it when none does */
        m->begun = true;
        b->running++;
    }
}

enum status gateway_batch_start(const struct gateway_request *request, gateway_done_fn *done, void *context, struct gateway_batch **out)
{
    struct gateway_batch *b = mem_alloc(sizeof *b);
    if (!b)
        return E_NOMEM;
    b->chain = request->chain;
    b->done = done;
    b->context = context;
    b->max_age = UINT32_MAX;
    struct abi_reader reader = abi_reader_call(&b->input, request->data, QUERY);
    size_t count;
    struct abi_reader list = abi_read_array(&reader, 1, &count);
    b->members = abi_ok(&b->input) && count && count <= CCIP_BATCH_MAX ? mem_alloc(count * sizeof *b->members) : NULL;
    for (size_t i = 0; b->members && i < count; i++) {
        struct member *m = &b->members[b->count++];
        struct abi_reader tuple = abi_read_tuple(&list);
        m->batch = b;
        m->request = *request;
        m->request.depth = request->depth + 1;
        m->request.reply_bytes = BATCH_REPLY_BYTES;
        m->request.sender = abi_read_address(&tuple);
        m->request.urls = abi_read_array(&tuple, 1, &m->request.url_count);
        m->request.data = abi_read_bytes(&tuple);
        m->host = gateway_host(m->request.urls, m->request.url_count);
        text_growing(&m->response);
    }
    b->left = b->count;
    bool sound = abi_ok(&b->input) && count && count <= CCIP_BATCH_MAX;
    if (b->members && sound)
        begin_some(b);
    if (b->running == 0) {
        batch_free(b);
        return sound ? E_NOMEM : E_BAD_FORMAT;
    }
    *out = b;
    return OK;
}
