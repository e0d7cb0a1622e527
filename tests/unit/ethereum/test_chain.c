/* SPDX-License-Identifier: Apache-2.0 */
/* Chains with providers that fail and lie in all ways that they know. */
#include "unit.h"

#include "crypto/keccak.h"
#include "ethereum/inside.h"
#include "peer.h"

#include <stdlib.h>

enum { HEADS_MAX = 256, PATIENCE_MS = 20000 };

/* What a follower was told, in order. */
enum { TOLD_LOGS, TOLD_HEAD, TOLD_DROP };
struct told { unsigned what; uint64_t number; size_t count; };

struct bench {
    struct world world;
    struct peer peers[PEERS_MAX];
    size_t peer_count;
    struct chain_loop *loop;
    struct chain *chain;
    struct chain_follower follower;
    struct told told[HEADS_MAX];
    size_t told_count;
    uint64_t wait_head, lookup_ms, stale_after_ms, stale_limit_ms;
    enum chain_health health, wait_health;
    bool reached;
    /* the last read */
    bool done;
    struct state_budget budget;
    struct eth_block block;
    struct state_result results[64];
    uint8_t octets[64][64];
    size_t count;
};

static void note(struct bench *b, unsigned what, uint64_t number, size_t count)
{
    if (b->told_count < HEADS_MAX)
        b->told[b->told_count++] = (struct told){ what, number, count };
}

static void on_logs(void *context, const struct eth_block *block, const struct chain_log *logs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(eth_address_equal(&logs[i].address, &world_contract));
        assert_int_equal(logs[i].topic_count, 1);
        assert_int_equal(logs[i].data.length, 2);
        assert_memory_equal(logs[i].data.data, "\1\2", 2);
    }
    note(context, TOLD_LOGS, block->number, count);
}

static void on_head(void *context, const struct eth_block *block)
{
    struct bench *b = context;
    note(b, TOLD_HEAD, block->number, 0);
    b->reached |= block->number == b->wait_head;
}

static void on_health(void *context, enum chain_health health)
{
    struct bench *b = context;
    b->health = health;
    b->reached |= health == b->wait_health;
}

static void on_drop(void *context, uint64_t from) { note(context, TOLD_DROP, from, 0); }

static void open_bench(struct bench *b, size_t peers)
{
    memset(b, 0, sizeof *b);
    world_init(&b->world);
    b->peer_count = peers;
    for (size_t i = 0; i < peers; i++)
        peer_start(&b->peers[i], &b->world);
}

static void begin(struct bench *b, unsigned quorum)
{
    struct chain_loop_options loop = { .loopback_allowed = true };
    struct provider_options providers[PEERS_MAX];
    struct chain_options options;
    char names[PEERS_MAX][24];
    assert_int_equal(chain_loop_new(&loop, &b->loop), OK);
    chain_options_default(&options);
    options.chain_id = WORLD_CHAIN;
    options.check = quorum > 1 ? CHAIN_CHECK_QUORUM : CHAIN_CHECK_SINGLE;
    options.quorum = quorum;
    options.block_time_ms = 250;
    options.try_ms = 300;
    options.lookup_ms = b->lookup_ms ? b->lookup_ms : 3000;
    options.registry = world_registry;
    options.stale_after_ms = b->stale_after_ms ? b->stale_after_ms : options.stale_after_ms;
    options.stale_limit_ms = b->stale_limit_ms ? b->stale_limit_ms : options.stale_limit_ms;
    options.multicall = world_multicall;
    for (size_t i = 0; i < b->peer_count; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        providers[i] = (struct provider_options){ .name = names[i], .url = b->peers[i].url, .batch = true };
    }
    options.providers = providers;
    options.provider_count = b->peer_count;
    assert_int_equal(chain_new(b->loop, &options, &b->chain), OK);
    b->chain->rhythm.floor_ms = 20;
    b->chain->rhythm.interval_ms = 40;
    b->follower = (struct chain_follower){ .context = b, .logs = on_logs, .head = on_head, .drop = on_drop, .health = on_health };
}

static void end(struct bench *b)
{
    chain_free(b->chain);
    chain_loop_free(b->loop);
    for (size_t i = 0; i < b->peer_count; i++)
        peer_stop(&b->peers[i]);
    world_clear(&b->world);
}

/* Until the head has this number. */
static void until_head(struct bench *b, uint64_t number)
{
    struct eth_block head;
    b->wait_head = number;
    b->reached = chain_head(b->chain, &head) && head.number == number;
    if (chain_loop_until(b->loop, &b->reached, PATIENCE_MS) != OK)
        fail_msg("head %llu did not come", (unsigned long long)number);
}

static void follow(struct bench *b)
{
    chain_follow(b->chain, &b->follower);
    until_head(b, b->world.head);
}

/* Asked before others from now on, and none instead of it before its time is up. */
static void prefer(struct bench *b, size_t peer)
{
    for (size_t i = 0; i < b->peer_count; i++) {
        struct provider *provider = &b->chain->providers[i];
        provider->measured = true;
        provider->latency_ms = i == peer ? 0 : 5 + (double)i;
        provider->deviation_ms = 1000;
    }
}

static void on_done(void *context, const struct eth_block *block, const struct state_result *results, size_t count)
{
    struct bench *b = context;
    b->done = true;
    b->block = *block;
    b->count = count;
    for (size_t i = 0; i < count; i++) {
        b->results[i] = results[i];
        assert_true(results[i].data.length <= sizeof b->octets[i]);
        if (results[i].data.length)
            memcpy(b->octets[i], results[i].data.data, results[i].data.length);
    }
}

static enum status try_read_all(struct bench *b, const struct state_read *reads, size_t count)
{
    struct state_job *job;
    b->done = false;
    state_budget_init(&b->budget, b->chain);
    enum status status = state_read_all(b->chain, NULL, &b->budget, reads, count, on_done, b, &job);
    assert_false(b->done);              /* not from within */
    if (status == OK && chain_loop_until(b->loop, &b->done, PATIENCE_MS) != OK)
        fail_msg("a read was never answered");
    return status;
}

static void read_all(struct bench *b, const struct state_read *reads, size_t count) { assert_int_equal(try_read_all(b, reads, count), OK); }

#define CALL(text, ...) { .kind = STATE_CALL, .to = { { 0xcc, 2 } }, .calldata = { text, sizeof(text) - 1 }, ##__VA_ARGS__ }
static const struct state_read mixed[] = {
    CALL("\1abc"), CALL("\1second"), CALL("\xfe" "rev"), CALL("\xff"), CALL(""), { .kind = STATE_SLOT, .to = { { 0xcc, 2 } } }, CALL("\1lone", .alone = true), CALL("\xfe" "lone", .alone = true),
    CALL("\1gas", .gas = 100000), { .kind = STATE_CODE_HASH, .to = { { 0xcc, 2 } } },
};

static void check_value(struct bench *b, size_t i, const struct state_read *read, const char *label)
{
    struct eth_word word = world_value(read->calldata, &b->block.hash);
    uint8_t first = read->calldata.length ? (uint8_t)read->calldata.data[0] : 0, error[4] = { 0x08, 0xc3, 0x79, 0xa0 };
    if (b->results[i].failure != CHAIN_FAILURE_NONE)
        fail_msg("%s: read %zu failed: %s", label, i, chain_failure_label(b->results[i].failure));
    CHECK_EQUAL(b->results[i].outcome, first >= 0xfe ? STATE_REVERTED : STATE_VALUE, label);
    CHECK_EQUAL(b->results[i].data.length, first == 0xfe ? 36 : first == 1 ? 32 : 0, label);
    if (first == 1)
        assert_memory_equal(b->octets[i], word.octets, 32);
    if (first == 0xfe) {
        assert_memory_equal(b->octets[i], error, 4);
        assert_memory_equal(b->octets[i] + 4, word.octets, 32);
    }
}

static void check_mixed(struct bench *b, const char *label)
{
    static const uint8_t code[] = { 0x60, 0x01 };
    uint8_t hash[32];
    assert_int_equal(b->count, LENGTH_OF(mixed));
    for (size_t i = 0; i < LENGTH_OF(mixed); i++) {
        if (mixed[i].kind == STATE_CALL)
            check_value(b, i, &mixed[i], label);
    }
    CHECK_EQUAL(b->results[5].data.length, 32, label);
    CHECK_EQUAL(b->octets[5][31], 9, label);
    keccak256(code, sizeof code, hash);
    CHECK_EQUAL(b->results[9].data.length, 32, label);
    assert_memory_equal(b->octets[9], hash, 32);
}

/* ---- reading ---- */

static void test_reads(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 1);
    begin(&b, 1);
    follow(&b);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "one provider");
    assert_int_equal(b.block.number, 100);
    assert_int_equal(b.budget.round_trips, 1);
    assert_int_equal(b.budget.calls, 6);        /* five together, five alone */
    assert_int_equal(b.results[0].proof.grade, PROOF_SINGLE);
    read_all(&b, mixed, 0);
    assert_int_equal(b.count, 0);
    unsigned long before = atomic_load(&b.peers[0].requests);
    read_all(&b, mixed, LENGTH_OF(mixed));
    assert_true(atomic_load(&b.peers[0].requests) - before <= 2);       /* one, and maybe a look at the head */
    struct chain_counters counters;
    chain_counters_read(b.chain, &counters);
    assert_int_equal(counters.head_number, 100);
    assert_int_equal(counters.health, CHAIN_FRESH);
    end(&b);
}

static void test_limits(void **state)
{
    static char large[300 << 10];
    struct bench b;
    struct state_job *job;
    (void)state;
    open_bench(&b, 1);
    begin(&b, 1);
    state_budget_init(&b.budget, b.chain);
    struct state_read read = { .kind = STATE_CALL, .calldata = slice_of(large, sizeof large) };
    assert_int_equal(state_read_all(b.chain, NULL, &b.budget, &read, 1, on_done, &b, &job), E_LIMIT);
    struct state_read *many = calloc(1001, sizeof *many);
    assert_int_equal(state_read_all(b.chain, NULL, &b.budget, many, 1001, on_done, &b, &job), E_LIMIT);
    free(many);
    end(&b);
}

/* Without Multicall3, and with gas for two calls at once only. */
static void test_taken_apart(void **state)
{
    static const struct { const char *label; bool multicall; unsigned together; } cases[] = {
        { "no such contract", false, 0 }, { "gas for two", true, 2 }, { "gas for one", true, 1 }, { "plenty", true, 0 },
    };
    struct bench b;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        open_bench(&b, 1);
        b.world.multicall = cases[i].multicall;
        b.world.together_max = cases[i].together;
        begin(&b, 1);
        follow(&b);
        for (unsigned twice = 0; twice < 2; twice++) {
            read_all(&b, mixed, LENGTH_OF(mixed));
            check_mixed(&b, cases[i].label);
        }
        end(&b);
    }
}

static void test_batch_refused(void **state)
{
    struct bench b;
    (void)state;
    for (int kind = 1; kind <= 2; kind++) {
        open_bench(&b, 1);
        atomic_store(&b.peers[0].no_batch, kind);
        begin(&b, 1);
        follow(&b);
        for (unsigned twice = 0; twice < 2; twice++) {
            read_all(&b, mixed, LENGTH_OF(mixed));
            check_mixed(&b, kind == 1 ? "an object for a batch" : "HTTP 400 for a batch");
            assert_int_equal(b.budget.round_trips, 1);
        }
        assert_false(b.chain->providers[0].batch);
        end(&b);
    }
}

static void test_error_shapes(void **state)
{
    static const struct state_read read = CALL("\xfe" "shape", .alone = true);
    struct bench b;
    char label[24];
    (void)state;
    open_bench(&b, 1);
    begin(&b, 1);
    follow(&b);
    for (int shape = 0; shape < 6; shape++) {
        atomic_store(&b.peers[0].shape, shape);
        snprintf(label, sizeof label, "shape %d", shape);
        read_all(&b, &read, 1);
        check_value(&b, 0, &read, label);
    }
    end(&b);
}

/* ---- agreeing ---- */

static void test_one_liar(void **state)
{
    struct bench b;
    struct chain_provider_counters counters;
    (void)state;
    open_bench(&b, 3);
    begin(&b, 2);
    follow(&b);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "all are honest");
    assert_int_equal(b.results[0].proof.grade, PROOF_QUORUM);
    assert_int_equal(b.results[0].proof.agreed, 2);
    assert_int_equal(b.results[0].proof.asked, 2);
    atomic_store(&b.peers[1].lie, 1);
    prefer(&b, 1);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "one lies");
    assert_int_equal(b.results[0].proof.agreed, 2);
    assert_int_equal(b.results[0].proof.asked, 3);
    assert_int_equal(b.results[3].proof.agreed, 2);         /* about that it does not lie, and two are enough */
    chain_provider_counters_read(b.chain, 1, &counters);
    assert_int_equal(counters.disagreed, 1);
    struct chain_counters all;
    chain_counters_read(b.chain, &all);
    assert_int_equal(all.disagreements, 1);
    /* It is asked last now. */
    unsigned long before = atomic_load(&b.peers[1].eth_calls);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "the liar is left out");
    assert_int_equal(atomic_load(&b.peers[1].eth_calls), before);
    end(&b);
}

static void test_two_liars(void **state)
{
    struct bench b;
    struct chain_counters counters;
    (void)state;
    open_bench(&b, 3);
    begin(&b, 2);
    follow(&b);
    atomic_store(&b.peers[0].lie, 1);
    atomic_store(&b.peers[1].lie, 2);
    read_all(&b, mixed, LENGTH_OF(mixed));
    for (size_t i = 0; i < LENGTH_OF(mixed); i++) {
        bool stands = i == 3 || i == 4 || i == 9;           /* what nobody lied about */
        CHECK_EQUAL(b.results[i].outcome == STATE_UNAVAILABLE, !stands, "two lie");
        CHECK_EQUAL(b.results[i].failure, stands ? CHAIN_FAILURE_NONE : CHAIN_FAILURE_DISAGREE, "two lie");
    }
    chain_counters_read(b.chain, &counters);
    assert_true(counters.disagreements >= 1);
    assert_true(counters.failures[CHAIN_FAILURE_DISAGREE] >= 7);
    end(&b);
}

/* "Out of gas" may be taken for "there is no such function": one voice alone must not bring that about. */
static void test_one_starves(void **state)
{
    static const struct { const char *label; bool silent; enum chain_failure want; unsigned starved; } cases[] = {
        { "one starves, one knows, one does not answer", true, CHAIN_FAILURE_DISAGREE, 1 }, { "one starves, two know", false, CHAIN_FAILURE_NONE, 1 },
        { "two starve, one does not answer", true, CHAIN_FAILURE_GAS, 2 }, { "two starve, one knows", false, CHAIN_FAILURE_GAS, 2 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct bench b;
        open_bench(&b, 3);
        begin(&b, 2);
        follow(&b);
        for (unsigned k = 0; k < cases[i].starved; k++)
            atomic_store(&b.peers[k].starved, 1);
        atomic_store(&b.peers[2].silent, cases[i].silent);
        read_all(&b, &mixed[6], 1);
        if (b.results[0].failure != cases[i].want && !(i == 3 && b.results[0].failure == CHAIN_FAILURE_DISAGREE))
            fail_msg("%s: %s, not %s", cases[i].label, chain_failure_label(b.results[0].failure), chain_failure_label(cases[i].want));
        CHECK_EQUAL(b.results[0].outcome == STATE_VALUE, cases[i].want == CHAIN_FAILURE_NONE, cases[i].label);
        end(&b);
    }
}

/* Contracts that are too much for every node: that is the matter of who asks for them, and of no other name. */
static void test_heavy_contracts(void **state)
{
    static const struct state_read heavy[] = { CALL("\2giant", .alone = true), CALL("\3slow", .alone = true) };
    static const enum chain_failure want[] = { CHAIN_FAILURE_BAD_REPLY, CHAIN_FAILURE_TIMEOUT };
    struct bench b;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(heavy); i++) {
        open_bench(&b, 2);
        b.lookup_ms = 700;
        begin(&b, 2);
        follow(&b);
        for (unsigned k = 0; k < 4; k++) {
            read_all(&b, &heavy[i], 1);
            CHECK_EQUAL(b.results[0].outcome, STATE_UNAVAILABLE, "heavy");
            CHECK_EQUAL(b.results[0].failure, want[i], "heavy");
        }
        for (size_t k = 0; k < b.peer_count; k++) {
            struct chain_provider_counters counters;
            chain_provider_counters_read(b.chain, k, &counters);
            CHECK_EQUAL(counters.open, false, "heavy");
        }
        read_all(&b, mixed, LENGTH_OF(mixed));
        check_mixed(&b, "others");
        end(&b);
    }
}

/* Two URLs of one operator are one voice. */
static void test_operators(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 2);
    struct provider_options providers[2] = { { .name = "a", .url = b.peers[0].url, .operator = "one" }, { .name = "b", .url = b.peers[1].url, .operator = "one" } };
    struct chain_loop_options loop = { 0 };
    struct chain_options options;
    assert_int_equal(chain_loop_new(&loop, &b.loop), OK);
    chain_options_default(&options);
    options.check = CHAIN_CHECK_QUORUM;
    options.providers = providers;
    options.provider_count = 2;
    options.quorum = 2;
    assert_int_equal(chain_new(b.loop, &options, &b.chain), E_RANGE);
    b.chain = NULL;
    end(&b);
}

/* ---- failing ---- */

static const struct { const char *label; size_t vice; int value; enum chain_failure alone; } vices[] = {
    { "never answers", offsetof(struct peer, silent), 1, CHAIN_FAILURE_TIMEOUT },
    { "hangs up", offsetof(struct peer, hang_up), 1, CHAIN_FAILURE_NO_PROVIDER },
    { "half of the JSON", offsetof(struct peer, cut), 1, CHAIN_FAILURE_BAD_REPLY },
    { "20 MB", offsetof(struct peer, giant), 1, CHAIN_FAILURE_BAD_REPLY },
    { "not JSON", offsetof(struct peer, garbage), 1, CHAIN_FAILURE_BAD_REPLY },
    { "an octet at a time", offsetof(struct peer, drip), 1, CHAIN_FAILURE_TIMEOUT },
    { "HTTP 500", offsetof(struct peer, http), 500, CHAIN_FAILURE_BAD_REPLY },
    { "HTTP 403", offsetof(struct peer, http), 403, CHAIN_FAILURE_NO_PROVIDER },
    { "HTTP 429", offsetof(struct peer, http), 429, CHAIN_FAILURE_LIMITED },
    { "limit as JSON", offsetof(struct peer, limited), 1, CHAIN_FAILURE_LIMITED },
};

static void set_vice(struct peer *peer, size_t which, bool on) { atomic_store((atomic_int *)(void *)((char *)peer + vices[which].vice), on ? vices[which].value : 0); }

static void test_one_fails(void **state)
{
    struct bench b;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(vices); i++) {
        open_bench(&b, 2);
        begin(&b, 1);
        follow(&b);
        prefer(&b, 0);
        set_vice(&b.peers[0], i, true);
        read_all(&b, mixed, LENGTH_OF(mixed));
        check_mixed(&b, vices[i].label);
        end(&b);
    }
}

static void test_the_only_one_fails(void **state)
{
    struct bench b;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(vices); i++) {
        open_bench(&b, 1);
        b.lookup_ms = 700;
        begin(&b, 1);
        follow(&b);
        set_vice(&b.peers[0], i, true);
        read_all(&b, mixed, LENGTH_OF(mixed));
        for (size_t k = 0; k < LENGTH_OF(mixed); k++) {
            CHECK_EQUAL(b.results[k].outcome, STATE_UNAVAILABLE, vices[i].label);
            if (b.results[k].failure != vices[i].alone)
                fail_msg("%s: the reason is %s, not %s", vices[i].label, chain_failure_label(b.results[k].failure), chain_failure_label(vices[i].alone));
        }
        end(&b);
    }
}

/* Nobody is reached from the beginning: a read fails with a reason, and is answered once somebody is. */
static void test_recovery(void **state)
{
    struct bench b;
    struct chain_provider_counters counters;
    (void)state;
    open_bench(&b, 1);
    atomic_store(&b.peers[0].hang_up, 1);
    begin(&b, 1);
    read_all(&b, mixed, 1);
    assert_int_equal(b.results[0].failure, CHAIN_FAILURE_NO_PROVIDER);
    atomic_store(&b.peers[0].hang_up, 0);
    chain_follow(b.chain, &b.follower);
    until_head(&b, 100);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "it came up");
    /* Down for long enough to be cut off, and up again. */
    atomic_store(&b.peers[0].hang_up, 1);
    for (unsigned tries = 0; tries < 50; tries++) {
        read_all(&b, mixed, 1);
        assert_int_equal(b.results[0].outcome, STATE_UNAVAILABLE);
        chain_provider_counters_read(b.chain, 0, &counters);
        if (counters.open)
            break;
    }
    assert_true(counters.open);
    atomic_store(&b.peers[0].hang_up, 0);
    world_mine(&b.world, 1);
    until_head(&b, 101);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "it is back");
    chain_provider_counters_read(b.chain, 0, &counters);
    assert_false(counters.open);
    assert_true(counters.admitted);
    end(&b);
}

/* The same vices from the beginning. */
static void test_none_at_first(void **state)
{
    struct bench b;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(vices); i++) {
        if (vices[i].vice == offsetof(struct peer, giant) || vices[i].vice == offsetof(struct peer, drip))
            continue;                   /* as garbage and as silence */
        open_bench(&b, 1);
        b.lookup_ms = 200;
        begin(&b, 1);
        set_vice(&b.peers[0], i, true);
        read_all(&b, mixed, 1);
        CHECK_EQUAL(b.results[0].outcome, STATE_UNAVAILABLE, vices[i].label);
        set_vice(&b.peers[0], i, false);
        chain_follow(b.chain, &b.follower);
        until_head(&b, 100);
        end(&b);
    }
}

static void test_retry_after(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 2);
    begin(&b, 1);
    follow(&b);
    prefer(&b, 0);
    atomic_store(&b.peers[0].http, 429);
    atomic_store(&b.peers[0].retry_after, 60);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "the other one");
    world_mine(&b.world, 1);
    until_head(&b, b.world.head);               /* what was under way is over */
    unsigned long before = atomic_load(&b.peers[0].requests);
    for (unsigned i = 0; i < 5; i++) {
        world_mine(&b.world, 1);
        until_head(&b, b.world.head);
        read_all(&b, mixed, LENGTH_OF(mixed));
        check_mixed(&b, "the other one again");
    }
    assert_int_equal(atomic_load(&b.peers[0].requests), before);
    struct chain_provider_counters counters;
    chain_provider_counters_read(b.chain, 0, &counters);
    assert_true(counters.limited >= 1);
    end(&b);
}

static void test_refused(void **state)
{
    static const struct { const char *label; size_t vice; enum chain_failure failure; const char *reason; } cases[] = {
        { "wrong chain", offsetof(struct peer, wrong_chain), CHAIN_FAILURE_WRONG_CHAIN, "serves another chain" },
        { "syncing", offsetof(struct peer, syncing), CHAIN_FAILURE_NO_PROVIDER, "is not in step with its chain yet" },
        { "no registry", offsetof(struct peer, no_code), CHAIN_FAILURE_NO_PROVIDER, "has no ENS registry" },
        { "does not know eth_syncing", offsetof(struct peer, no_syncing), CHAIN_FAILURE_NONE, "" },
    };
    struct chain_provider_counters counters;
    struct bench b;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        open_bench(&b, 1);
        atomic_store((atomic_int *)(void *)((char *)&b.peers[0] + cases[i].vice), 1);
        begin(&b, 1);
        read_all(&b, mixed, 1);
        CHECK_EQUAL(b.results[0].failure, cases[i].failure, cases[i].label);
        chain_provider_counters_read(b.chain, 0, &counters);
        CHECK_STRING(counters.reason, cases[i].reason, cases[i].label);
        CHECK_EQUAL(counters.admitted, cases[i].failure == CHAIN_FAILURE_NONE, cases[i].label);
        end(&b);
    }
}

static void test_other_registry(void **state)
{
    struct chain_provider_counters counters;
    struct bench b;
    (void)state;
    open_bench(&b, 3);
    atomic_store(&b.peers[2].other_code, 1);
    begin(&b, 2);
    follow(&b);
    for (unsigned i = 0; i < 5; i++) {
        read_all(&b, mixed, LENGTH_OF(mixed) - 1);
        world_mine(&b.world, 1);
        until_head(&b, b.world.head);
    }
    chain_provider_counters_read(b.chain, 2, &counters);
    assert_false(counters.admitted);
    CHECK_STRING(counters.reason, "has another ENS registry than the others", "another registry");
    assert_int_equal(atomic_load(&b.peers[2].eth_calls), 0);
    end(&b);
}

/* A provider that does not have the block yet is asked again, or another one is. */
static void test_behind(void **state)
{
    struct bench b;
    (void)state;
    for (unsigned quorum = 1; quorum <= 2; quorum++) {
        open_bench(&b, 3);
        begin(&b, quorum);
        follow(&b);
        atomic_store(&b.peers[0].lag, 1);
        world_mine(&b.world, 1);
        until_head(&b, 101);
        prefer(&b, 0);
        read_all(&b, mixed, LENGTH_OF(mixed));
        check_mixed(&b, "one is behind");
        assert_int_equal(b.block.number, 101);
        end(&b);
    }
}

/* ---- following ---- */

static size_t told_after(struct bench *b, size_t from, unsigned what, uint64_t number)
{
    for (size_t i = from; i < b->told_count; i++) {
        if (b->told[i].what == what && b->told[i].number == number)
            return i;
    }
    fail_msg("not told: %s %llu", what == TOLD_HEAD ? "head" : what == TOLD_DROP ? "drop" : "logs", (unsigned long long)number);
    return 0;
}

static size_t told_times(const struct bench *b, unsigned what)
{
    size_t times = 0;
    for (size_t i = 0; i < b->told_count; i++)
        times += b->told[i].what == what;
    return times;
}

static void test_heads(void **state)
{
    struct bench b;
    (void)state;
    for (unsigned quorum = 1; quorum <= 2; quorum++) {
        open_bench(&b, quorum == 1 ? 1 : 3);
        begin(&b, quorum);
        follow(&b);
        for (unsigned i = 0; i < 6; i++) {
            world_mine(&b.world, 1 + (i == 3) * 10);
            until_head(&b, b.world.head);
        }
        /* Every block, in order, those that were missed too; and no call for any of them. */
        for (size_t i = 0; i < b.told_count; i++) {
            CHECK_EQUAL(b.told[i].what, TOLD_HEAD, "heads");
            CHECK_EQUAL(b.told[i].number, 100 + i, "heads");
        }
        assert_int_equal(b.told_count, 17);
        for (size_t i = 0; i < b.peer_count; i++) {
            assert_int_equal(atomic_load(&b.peers[i].eth_calls), 0);
            assert_int_equal(atomic_load(&b.peers[i].get_logs), 0);
        }
        end(&b);
    }
}

static void test_reorganisation(void **state)
{
    static const struct { const char *label; uint64_t from, head; } cases[] = {
        { "the last block", 106, 106 }, { "some blocks, longer", 104, 108 }, { "cut short", 107, 103 }, { "shorter, on another branch", 103, 105 },
    };
    struct bench b;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        open_bench(&b, i % 2 ? 3 : 1);
        begin(&b, i % 2 ? 2 : 1);
        follow(&b);
        world_mine(&b.world, 6);
        until_head(&b, 106);
        size_t before = b.told_count;
        world_fork(&b.world, cases[i].from, cases[i].head);
        b.reached = false;
        b.wait_head = cases[i].head;
        if (chain_loop_until(b.loop, &b.reached, PATIENCE_MS) != OK)
            fail_msg("%s: no new head", cases[i].label);
        uint64_t drop = cases[i].from < cases[i].head + 1 ? cases[i].from : cases[i].head + 1;
        size_t at = told_after(&b, before, TOLD_DROP, drop);
        assert_true(told_after(&b, before, TOLD_HEAD, cases[i].head) > at);
        struct eth_block head;
        assert_true(chain_head(b.chain, &head));
        struct eth_word hash = world_hash(&b.world, cases[i].head);
        assert_memory_equal(head.hash.octets, hash.octets, 32);
        struct chain_counters counters;
        chain_counters_read(b.chain, &counters);
        CHECK_EQUAL(counters.reorgs, 1, cases[i].label);
        end(&b);
    }
}

static void test_gap(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 1);
    begin(&b, 1);
    follow(&b);
    world_mine(&b.world, 200);
    until_head(&b, 300);
    assert_int_equal(b.told_count, 3);
    assert_int_equal(b.told[1].what, TOLD_DROP);
    assert_int_equal(b.told[1].number, 0);
    assert_int_equal(b.told[2].number, 300);
    end(&b);
}

static void test_logs(void **state)
{
    static const struct eth_address other = { { 0xee, 9 } };
    struct bench b;
    (void)state;
    open_bench(&b, 3);
    begin(&b, 2);
    assert_int_equal(chain_watch(b.chain, &world_contract), OK);
    assert_int_equal(chain_watch(b.chain, &world_contract), OK);
    follow(&b);
    world_log(&b.world, &world_contract, 1);
    world_log(&b.world, &other, 2);
    world_log(&b.world, &world_contract, 3);
    world_mine(&b.world, 1);
    until_head(&b, 101);
    assert_int_equal(b.told_count, 3);
    assert_int_equal(b.told[1].what, TOLD_LOGS);            /* before the head */
    assert_int_equal(b.told[1].count, 2);
    /* One leaves a log out: the others out-vote it. */
    atomic_store(&b.peers[0].omit_logs, 1);
    prefer(&b, 0);
    world_log(&b.world, &world_contract, 4);
    world_mine(&b.world, 1);
    until_head(&b, 102);
    assert_int_equal(b.told_count, 5);
    assert_int_equal(b.told[3].what, TOLD_LOGS);
    assert_int_equal(b.told[3].count, 1);
    assert_int_equal(told_times(&b, TOLD_DROP), 0);
    /* Two of them: one more than can be borne, but they agree with each other; that is what a quorum is. Nobody watches: nobody asks. */
    chain_unwatch(b.chain, &world_contract);
    chain_unwatch(b.chain, &world_contract);
    unsigned long before = atomic_load(&b.peers[1].get_logs);
    world_log(&b.world, &world_contract, 5);
    world_mine(&b.world, 1);
    until_head(&b, 103);
    assert_int_equal(atomic_load(&b.peers[1].get_logs), before);
    end(&b);
}

/* Two of two disagree about logs: what might have changed is read anew. */
static void test_logs_undecided(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 2);
    begin(&b, 2);
    assert_int_equal(chain_watch(b.chain, &world_contract), OK);
    follow(&b);
    atomic_store(&b.peers[0].omit_logs, 1);
    world_log(&b.world, &world_contract, 1);
    world_mine(&b.world, 1);
    until_head(&b, 101);
    assert_int_equal(b.told_count, 3);
    assert_int_equal(b.told[1].what, TOLD_DROP);
    assert_int_equal(b.told[1].number, 101);
    end(&b);
}

/* A bloom that is not that of the others is not a header that they agree with. */
static void test_header_lie(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 3);
    atomic_store(&b.peers[1].lie_header, 1);
    begin(&b, 2);
    assert_int_equal(chain_watch(b.chain, &world_contract), OK);
    follow(&b);
    for (unsigned i = 0; i < 4; i++) {
        world_mine(&b.world, 1);
        until_head(&b, b.world.head);
    }
    for (size_t i = 0; i < b.peer_count; i++)
        assert_int_equal(atomic_load(&b.peers[i].get_logs), 0);
    assert_true(atomic_load(&b.chain->providers[1].disagreed) > 0);
    end(&b);
}

static void until_health(struct bench *b, enum chain_health health)
{
    b->wait_health = health;
    b->reached = chain_health(b->chain) == health;
    if (chain_loop_until(b->loop, &b->reached, PATIENCE_MS) != OK)
        fail_msg("the health is %d, not %d", chain_health(b->chain), health);
}

static void test_health(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 2);
    b.stale_after_ms = 100;
    b.stale_limit_ms = 200;
    begin(&b, 2);
    assert_int_equal(chain_health(b.chain), CHAIN_STARTING);
    follow(&b);
    until_health(&b, CHAIN_FRESH);
    atomic_store(&b.peers[1].hang_up, 1);       /* one voice of two is not enough */
    until_health(&b, CHAIN_STALE);
    until_health(&b, CHAIN_DOWN);
    atomic_store(&b.peers[1].hang_up, 0);
    until_health(&b, CHAIN_FRESH);
    assert_int_equal(b.health, CHAIN_FRESH);
    end(&b);
}

/* The rate of the operator: what is over it waits, or goes elsewhere. */
static void test_rate(void **state)
{
    struct bench b;
    uint64_t soon;
    (void)state;
    open_bench(&b, 2);
    begin(&b, 1);
    struct provider *provider = &b.chain->providers[0];
    provider->rate = 0.001;
    provider->tokens = 1;
    provider->tokens_at_ms = chain_loop_now_ms(b.loop);
    assert_int_equal(provider_wait_ms(provider, 1), 0);
    provider_charge(provider, 3);
    assert_in_range(provider_wait_ms(provider, 1), 2900000, 3000001);
    assert_int_equal(provider_wait_ms(provider, 0), 0);         /* looking at the head is */
    follow(&b);
    prefer(&b, 0);
    for (unsigned i = 0; i < 5; i++) {
        read_all(&b, mixed, LENGTH_OF(mixed));
        check_mixed(&b, "within the rate");
    }
    assert_int_equal(atomic_load(&b.peers[0].eth_calls), 0);
    assert_null(pool_pick(b.chain, 0, 2, 1, &soon));
    assert_true(soon > 1000000 && soon != UINT64_MAX);
    end(&b);
}

/* ---- any call ---- */

struct called { bool done; enum status status; char result[64], message[64]; int64_t code; size_t data; };

static void on_called(void *context, const struct chain_call_result *result)
{
    struct called *called = context;
    called->done = true;
    called->status = result->status;
    called->code = result->error_code;
    called->data = result->error_data.length;
    snprintf(called->result, sizeof called->result, "%.*s", (int)result->result.length, result->result.data ? result->result.data : "");
    snprintf(called->message, sizeof called->message, "%.*s", (int)result->error_message.length, result->error_message.data ? result->error_message.data : "");
}

static void test_calls(void **state)
{
    struct bench b;
    struct called called = { 0 };
    (void)state;
    open_bench(&b, 3);
    begin(&b, 1);
    assert_int_equal(chain_call(b.chain, "eth_chainId", slice_string("[]"), 3000, on_called, &called), OK);
    assert_int_equal(chain_loop_until(b.loop, &called.done, PATIENCE_MS), OK);
    assert_int_equal(called.status, OK);
    CHECK_STRING(called.result, "\"0x1092\"", "chain id");
    called = (struct called){ 0 };
    assert_int_equal(chain_call(b.chain, "eth_nonsense", slice_string("[]"), 3000, on_called, &called), OK);
    assert_int_equal(chain_loop_until(b.loop, &called.done, PATIENCE_MS), OK);
    assert_int_equal(called.status, E_INVALID);
    assert_int_equal(called.code, -32601);
    CHECK_STRING(called.message, "the method does not exist", "error");
    atomic_store(&b.peers[0].hang_up, 1);
    atomic_store(&b.peers[1].http, 500);
    for (unsigned all = 0; all < 2; all++) {
        called = (struct called){ 0 };
        enum status status = all ? chain_call_all(b.chain, "eth_chainId", slice_string("[]"), 3000, on_called, &called)
                                 : chain_call(b.chain, "eth_chainId", slice_string("[]"), 3000, on_called, &called);
        assert_int_equal(status, OK);
        assert_int_equal(chain_loop_until(b.loop, &called.done, PATIENCE_MS), OK);
        assert_int_equal(called.status, OK);
    }
    end(&b);
}

/* ---- ending ---- */

static void test_stop(void **state)
{
    struct bench b;
    struct state_job *job, *cancelled;
    struct called called = { 0 };
    (void)state;
    open_bench(&b, 1);
    atomic_store(&b.peers[0].silent, 1);
    begin(&b, 1);
    state_budget_init(&b.budget, b.chain);
    assert_int_equal(state_read_all(b.chain, NULL, &b.budget, mixed, 2, on_done, &b, &job), OK);
    assert_int_equal(state_read_all(b.chain, NULL, &b.budget, mixed, 2, on_done, NULL, &cancelled), OK);
    assert_int_equal(chain_call(b.chain, "eth_chainId", slice_string("[]"), 30000, on_called, &called), OK);
    state_job_cancel(cancelled);
    assert_int_equal(chain_loop_start(b.loop), OK);
    chain_loop_stop(b.loop);
    assert_true(b.done && called.done);
    assert_int_equal(b.results[0].failure, CHAIN_FAILURE_STOPPED);
    assert_int_equal(called.status, E_CLOSED);
    end(&b);
}

/* Whichever allocation fails: all is answered, and nothing is lost. */
static void test_memory(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, 2);
    b.lookup_ms = 300;
    begin(&b, 2);
    follow(&b);
    unsigned failed = 0;
    for (uint64_t nth = 1; nth < 150; nth += nth < 40 ? 1 : 7) {
        fault_after(nth);
        enum status status = try_read_all(&b, mixed, LENGTH_OF(mixed));
        fault_after(0);
        failed += status != OK || b.results[0].outcome == STATE_UNAVAILABLE;
        if (status == OK && b.results[0].outcome != STATE_UNAVAILABLE)
            check_value(&b, 0, &mixed[0], "memory");
    }
    assert_true(failed > 0);
    read_all(&b, mixed, LENGTH_OF(mixed));
    check_mixed(&b, "memory is back");
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads), cmocka_unit_test(test_limits), cmocka_unit_test(test_taken_apart), cmocka_unit_test(test_batch_refused),
        cmocka_unit_test(test_error_shapes), cmocka_unit_test(test_one_liar), cmocka_unit_test(test_two_liars), cmocka_unit_test(test_one_starves), cmocka_unit_test(test_heavy_contracts), cmocka_unit_test(test_operators),
        cmocka_unit_test(test_one_fails), cmocka_unit_test(test_the_only_one_fails), cmocka_unit_test(test_recovery), cmocka_unit_test(test_none_at_first), cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_other_registry), cmocka_unit_test(test_behind), cmocka_unit_test(test_heads),
        cmocka_unit_test(test_reorganisation), cmocka_unit_test(test_gap), cmocka_unit_test(test_logs), cmocka_unit_test(test_logs_undecided),
        cmocka_unit_test(test_header_lie), cmocka_unit_test(test_health), cmocka_unit_test(test_rate), cmocka_unit_test(test_calls), cmocka_unit_test(test_stop), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
