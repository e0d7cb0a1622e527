/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways side by side on one budget, and a batch gateway of our own; the peer echoes what is posted, so that the answer is the question. */
#include "unit.h"

#include "../http/peer.h"
#include "base/arena.h"
#include "ethereum/gateway.h"
#include "ethereum/inside.h"

#include <stdlib.h>

enum { AT_ONCE_MAX = 16, QUERY = 0xa780bab6 };

struct bench {
    struct peer *peer;
    struct chain_loop *loop;
    struct chain *chain;
    struct state_budget budget;
    struct text urls[AT_ONCE_MAX];
    struct abi_input inputs[AT_ONCE_MAX];
    struct gateway_request requests[AT_ONCE_MAX];
    struct gateway_fetch *fetches[AT_ONCE_MAX];
    size_t told, fine;
    enum chain_failure last;
    struct text reply;
    bool done;
    size_t wanted;
};

static void open_bench(struct bench *b)
{
    static const struct provider_options nobody = { .name = "nobody", .url = "http://127.0.0.1:1/" };
    const struct chain_loop_options options = { .loopback_allowed = true };
    struct chain_options chain;
    memset(b, 0, sizeof *b);
    b->peer = peer_start(4);
    assert_non_null(b->peer);
    assert_int_equal(chain_loop_new(&options, &b->loop), OK);
    chain_options_default(&chain);
    chain.providers = &nobody;
    chain.provider_count = 1;
    assert_int_equal(chain_new(b->loop, &chain, &b->chain), OK);
    text_growing(&b->reply);
}

static void close_bench(struct bench *b)
{
    chain_free(b->chain);
    chain_loop_free(b->loop);
    peer_stop(b->peer);
    for (size_t i = 0; i < AT_ONCE_MAX; i++)
        text_clear(&b->urls[i]);
    text_clear(&b->reply);
}

static void begin(struct bench *b)
{
    state_budget_init(&b->budget, b->chain);
    b->budget.gateways_begun = true;
    b->told = b->fine = 0;
    b->done = false;
    text_clear(&b->reply);
}

static void on_told(void *context, const struct gateway_reply *reply)
{
    struct bench *b = context;
    b->told++;
    b->fine += reply->fine;
    b->last = reply->failure;
    text_clear(&b->reply);
    text_add_bytes(&b->reply, reply->data.data, reply->fine ? reply->data.length : 0);
    b->done = b->told == b->wanted;
}

static void add_urls(struct abi_writer *writer, const struct bench *b, const char *const *paths, size_t count)
{
    struct abi_writer list = abi_write_array(writer, count, 1);
    for (size_t i = 0; i < count; i++) {
        char url[1400];
        bool whole = strchr(paths[i], ':') != NULL || paths[i][0] == 0;
        int length = whole ? snprintf(url, sizeof url, "%s", paths[i]) : snprintf(url, sizeof url, "http://127.0.0.1:%u%s", (unsigned)peer_port(b->peer), paths[i]);
        abi_write_bytes(&list, slice_of(url, (size_t)length));
    }
}

static enum status ask(struct bench *b, size_t index, const char *const *paths, size_t count, struct slice data)
{
    struct gateway_request *request = &b->requests[index];
    text_clear(&b->urls[index]);
    text_growing(&b->urls[index]);
    struct abi_writer writer = abi_writer_of(&b->urls[index], 1);
    add_urls(&writer, b, paths, count);
    if (b->urls[index].full)
        return E_NOMEM;
    struct abi_reader reader = abi_reader_of(&b->inputs[index], slice_of(b->urls[index].data, b->urls[index].length));
    *request = (struct gateway_request){ .chain = b->chain, .budget = &b->budget, .data = data, .depth = 1, .reply_bytes = CCIP_REPLY_BYTES_MAX };
    request->urls = abi_read_array(&reader, 1, &request->url_count);
    return gateway_start(request, on_told, b, &b->fetches[index]);
}

static void run(struct bench *b, size_t wanted)
{
    b->wanted = wanted;
    b->done = b->told == wanted;
    if (chain_loop_until(b->loop, &b->done, 20000) != OK)
        fail_msg("%zu of %zu were told", b->told, wanted);
}

/* As many as one lookup may ask, all at once: each finds octets in the budget, and what it did not use comes back. */
static void side_by_side(void **state)
{
    static const char *const echo[] = { "/echo" };
    struct bench b;
    (void)state;
    open_bench(&b);
    begin(&b);
    for (size_t i = 0; i < AT_ONCE_MAX; i++)
        assert_int_equal(ask(&b, i, echo, 1, slice_string("answer")), OK);
    assert_int_equal(b.told, 0);
    run(&b, AT_ONCE_MAX);
    assert_int_equal(b.fine, AT_ONCE_MAX);
    assert_int_equal(b.reply.length, 6);
    assert_memory_equal(b.reply.data, "answer", 6);
    assert_int_equal(b.budget.gateway_reserved, 0);
    assert_in_range(b.budget.gateway_bytes, (2 << 20) - AT_ONCE_MAX * 256, (2 << 20) - AT_ONCE_MAX * 12);
    assert_int_equal(b.budget.gateway_requests, 0);
    close_bench(&b);
}

/* What came counts, whatever became of it: gateways that never end use up the budget. */
static void endless(void **state)
{
    static const char *const paths[] = { "/endless", "/endless", "/endless", "/echo" };
    struct bench b;
    (void)state;
    open_bench(&b);
    begin(&b);
    assert_int_equal(ask(&b, 0, paths, LENGTH_OF(paths), slice_string("answer")), OK);
    run(&b, 1);
    assert_int_equal(b.fine, 0);
    assert_int_equal(b.last, CHAIN_FAILURE_BUDGET);
    assert_int_equal(b.budget.gateway_bytes + b.budget.gateway_reserved, 0);
    close_bench(&b);
}

static void urls_of_all_kinds(void **state)
{
    static const struct { const char *label, *paths[3]; size_t count; bool fine; enum chain_failure failure; } cases[] = {
        { "none", { 0 }, 0, false, CHAIN_FAILURE_GATEWAY }, { "an empty one", { "" }, 1, false, CHAIN_FAILURE_GATEWAY_REFUSED },
        { "an empty one first", { "", "/echo" }, 2, true, CHAIN_FAILURE_NONE }, { "a file", { "file:///etc/passwd" }, 1, false, CHAIN_FAILURE_GATEWAY_REFUSED },
        { "the cloud's", { "https://169.254.169.254/latest" }, 1, false, CHAIN_FAILURE_GATEWAY_REFUSED }, { "within", { "https://10.0.0.1/" }, 1, false, CHAIN_FAILURE_GATEWAY_REFUSED },
        { "no TLS", { "http://192.0.32.8/" }, 1, false, CHAIN_FAILURE_GATEWAY_REFUSED }, { "a placeholder in the host", { "https://{data}.example.com/" }, 1, false, CHAIN_FAILURE_GATEWAY_REFUSED },
        { "a user", { "https://a@example.com/" }, 1, false, CHAIN_FAILURE_GATEWAY_REFUSED }, { "no such page, then one", { "/nowhere", "/echo" }, 2, true, CHAIN_FAILURE_NONE },
        { "something else", { "/ok" }, 1, false, CHAIN_FAILURE_GATEWAY }, { "what is posted is not posted elsewhere", { "/to-private" }, 1, false, CHAIN_FAILURE_GATEWAY },
    };
    struct bench b;
    (void)state;
    open_bench(&b);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        begin(&b);
        assert_int_equal(ask(&b, 0, cases[i].paths, cases[i].count, slice_string("answer")), OK);
        run(&b, 1);
        CHECK_EQUAL(b.fine, cases[i].fine, cases[i].label);
        CHECK_EQUAL(b.last, cases[i].failure, cases[i].label);
        CHECK_EQUAL(b.budget.gateway_reserved, 0, cases[i].label);
    }
    /* A list whose octets are not there. */
    begin(&b);
    assert_int_equal(ask(&b, 0, cases[2].paths, 2, slice_string("answer")), OK);
    b.inputs[0].failed = true;
    run(&b, 1);
    assert_int_equal(b.last, CHAIN_FAILURE_GATEWAY);
    close_bench(&b);
}

/* A host that is denied is not reached by a redirect either; one that is followed is a request of its own. */
static void hops(void **state)
{
    static const char *const denied[] = { "127.0.0.1" }, *const paths[] = { "/to-own" }, *const echoes[] = { "/to-echo" };
    char url[64];
    struct bench b;
    (void)state;
    open_bench(&b);
    begin(&b);
    assert_int_equal(ask(&b, 0, paths, 1, slice_string("answer")), OK);
    run(&b, 1);
    assert_int_equal(b.fine, 1);
    assert_int_equal(b.budget.gateway_requests, 14);
    snprintf(url, sizeof url, "http://localhost:%u/to-own", (unsigned)peer_port(b.peer));
    const char *const by_name[] = { url };
    begin(&b);
    assert_int_equal(ask(&b, 0, by_name, 1, slice_string("answer")), OK);
    run(&b, 1);
    assert_int_equal(b.fine, 1);
    const char *const *own = b.chain->options.ccip_deny;
    b.chain->options.ccip_deny = denied;
    b.chain->options.ccip_deny_count = 1;
    begin(&b);
    assert_int_equal(ask(&b, 0, by_name, 1, slice_string("answer")), OK);
    run(&b, 1);
    assert_int_equal(b.fine, 0);
    assert_int_equal(b.last, CHAIN_FAILURE_GATEWAY_REFUSED);
    b.chain->options.ccip_deny = own;
    b.chain->options.ccip_deny_count = 0;
    begin(&b);
    b.budget.gateway_requests = 1;
    assert_int_equal(ask(&b, 0, echoes, 1, slice_string("answer")), OK);
    run(&b, 1);
    assert_int_equal(b.fine, 0);
    close_bench(&b);
}

/* query((address,string[],bytes)[]) */
static void write_batch(struct text *out, const struct bench *b, const char *const *paths, size_t count)
{
    text_growing(out);
    struct abi_writer writer = abi_writer_call(out, QUERY, 1), list = abi_write_array(&writer, count, 1);
    for (size_t i = 0; i < count; i++) {
        const struct eth_address sender = { { 1 } };
        struct abi_writer tuple = abi_write_tuple(&list, 3);
        abi_write_address(&tuple, &sender);
        add_urls(&tuple, b, &paths[i], 1);
        abi_write_bytes(&tuple, slice_string("abcd"));
    }
}

/* @return a bit for each that failed */
static unsigned failures_of(const struct bench *b, size_t count)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, slice_of(b->reply.data, b->reply.length));
    size_t failures, responses;
    unsigned bits = 0;
    struct abi_reader failed = abi_read_array(&reader, 1, &failures), texts = abi_read_array(&reader, 1, &responses);
    assert_int_equal(failures, count);
    assert_int_equal(responses, count);
    for (unsigned i = 0; i < count; i++) {
        bool bad = abi_read_bool(&failed);
        struct slice response = abi_read_bytes(&texts);
        bits |= (unsigned)bad << i;
        if (!bad)
            assert_true(slice_is(response, "abcd"));
    }
    assert_true(abi_ok(&input));
    return bits;
}

static void batches(void **state)
{
    static const char *const local[] = { "x-batch-gateway:true" };
    char lengthy[1200];
    memset(lengthy, 'a', sizeof lengthy);
    memcpy(lengthy, "/nowhere?", 9);
    lengthy[sizeof lengthy - 1] = 0;
    const char *const paths[] = { "/echo", "/nowhere", "/echo", "", "/echo", "/echo", "/echo", "/echo", "/echo", "/echo" }, *const longs[] = { lengthy };
    struct bench b;
    struct text query;
    (void)state;
    open_bench(&b);
    begin(&b);
    write_batch(&query, &b, paths, LENGTH_OF(paths));
    assert_int_equal(ask(&b, 0, local, 1, slice_of(query.data, query.length)), OK);
    run(&b, 1);
    assert_int_equal(b.fine, 1);
    assert_int_equal(failures_of(&b, LENGTH_OF(paths)), 1 << 1 | 1 << 3);
    text_clear(&query);
    /* A URL that is longer than all the rest of its element: looking at it more than once costs nothing. */
    begin(&b);
    write_batch(&query, &b, longs, 1);
    assert_int_equal(ask(&b, 0, local, 1, slice_of(query.data, query.length)), OK);
    run(&b, 1);
    assert_int_equal(failures_of(&b, 1), 1);
    assert_int_equal(b.budget.gateway_requests, 15);
    text_clear(&query);
    close_bench(&b);
}

/* Whichever allocation fails: all are told, once. */
static void out_of_memory(void **state)
{
    static const char *const local[] = { "x-batch-gateway:true" }, *const paths[] = { "/echo", "/echo", "/echo", "/echo" };
    struct bench b;
    struct text query;
    (void)state;
    open_bench(&b);
    write_batch(&query, &b, paths, LENGTH_OF(paths));
    for (unsigned nth = 1; nth < 60; nth++) {
        begin(&b);
        fault_after(nth);
        enum status status = ask(&b, 0, local, 1, slice_of(query.data, query.length));
        if (status == OK)
            run(&b, 1);
        fault_after(0);
        assert_int_equal(b.told, status == OK);
        assert_int_equal(b.budget.gateway_reserved, 0);
    }
    text_clear(&query);
    close_bench(&b);
}

static void cancelled(void **state)
{
    static const char *const hang[] = { "/hang" };
    struct bench b;
    (void)state;
    open_bench(&b);
    begin(&b);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(ask(&b, i, hang, 1, slice_string("answer")), OK);
    b.done = false;
    assert_int_equal(chain_loop_until(b.loop, &b.done, 60), E_TIMEOUT);
    for (size_t i = 0; i < 8; i++)
        gateway_cancel(b.fetches[i]);
    assert_int_equal(b.told, 0);
    assert_int_equal(b.budget.gateway_reserved, 0);
    assert_int_equal(b.budget.gateway_bytes, 2 << 20);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(side_by_side), cmocka_unit_test(endless), cmocka_unit_test(urls_of_all_kinds), cmocka_unit_test(hops), cmocka_unit_test(batches), cmocka_unit_test(out_of_memory),
        cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
