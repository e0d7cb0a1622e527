/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes answer, in all shapes; aggregate3; words of proof. */
#include "unit.h"

#include "ethereum/state_batch.h"

#define E(body) "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":" body "}"

static const struct {
    const char *label, *text;
    enum rpc_kind kind;
    enum rpc_fault fault;
    const char *revert;
} replies[] = {
    { "a result", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x01\"}", RPC_RESULT, RPC_FINE, "" },
    { "null is a result", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", RPC_RESULT, RPC_FINE, "" },
    { "error null is none", "{\"id\":1,\"error\":null,\"result\":\"0x\"}", RPC_RESULT, RPC_FINE, "" },
    { "neither", "{\"id\":1}", RPC_FAILED, RPC_BAD, "" },
    { "no object", "[1]", RPC_FAILED, RPC_BAD, "" },
    { "a number", "7", RPC_FAILED, RPC_BAD, "" },
    /* Spec 1.6: six places for what a contract reverted with. */
    { "geth, anvil", E("{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x08c379a0\"}"), RPC_REVERT, RPC_FINE, "08c379a0" },
    { "data.data", E("{\"code\":-32000,\"message\":\"x\",\"data\":{\"data\":\"0x556f1830\"}}"), RPC_REVERT, RPC_FINE, "556f1830" },
    { "data.originalError.data", E("{\"code\":-32603,\"message\":\"x\",\"data\":{\"originalError\":{\"data\":\"0xab\"}}}"), RPC_REVERT, RPC_FINE, "ab" },
    { "data.result", E("{\"code\":-32000,\"message\":\"x\",\"data\":{\"result\":\"0xcd\"}}"), RPC_REVERT, RPC_FINE, "cd" },
    { "Reverted in text", E("{\"code\":-32015,\"message\":\"VM execution error.\",\"data\":\"Reverted 0x08C379A0\"}"), RPC_REVERT, RPC_FINE, "08C379A0" },
    { "result beside", "{\"id\":1,\"error\":{\"code\":-1,\"message\":\"x\"},\"result\":\"0xef\"}", RPC_REVERT, RPC_FINE, "ef" },
    { "without data", E("{\"code\":3,\"message\":\"execution reverted\"}"), RPC_REVERT, RPC_FINE, "" },
    { "empty data", E("{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x\"}"), RPC_REVERT, RPC_FINE, "" },
    { "invalid opcode", E("{\"code\":-32000,\"message\":\"invalid opcode: INVALID\"}"), RPC_REVERT, RPC_FINE, "" },
    { "invalid jump, anvil", E("{\"code\":-32603,\"message\":\"EVM error InvalidJump\"}"), RPC_REVERT, RPC_FINE, "" },
    { "data of odd length", E("{\"code\":-32000,\"message\":\"x\",\"data\":\"0x123\"}"), RPC_FAILED, RPC_ERROR, "" },
    { "data that is no hex", E("{\"code\":-32000,\"message\":\"x\",\"data\":\"0xzz\"}"), RPC_FAILED, RPC_ERROR, "" },
    { "Reverted, no hex", E("{\"code\":-32000,\"message\":\"x\",\"data\":\"Reverted 0xzz\"}"), RPC_FAILED, RPC_ERROR, "" },
    { "Reverted, odd", E("{\"code\":-32015,\"message\":\"VM execution error.\",\"data\":\"Reverted 0x08C\"}"), RPC_REVERT, RPC_FINE, "" },
    /* What is no revert must not look like one. */
    { "out of gas", E("{\"code\":-32000,\"message\":\"out of gas\"}"), RPC_FAILED, RPC_GAS, "" },
    { "out of gas with empty data", E("{\"code\":-32000,\"message\":\"Out Of Gas\",\"data\":\"0x\"}"), RPC_FAILED, RPC_GAS, "" },
    { "gas limit", E("{\"code\":-32000,\"message\":\"gas limit exceeded\"}"), RPC_FAILED, RPC_GAS, "" },
    { "EVM OutOfGas, anvil", E("{\"code\":-32603,\"message\":\"EVM error OutOfGas\"}"), RPC_FAILED, RPC_GAS, "" },
    { "header not found", E("{\"code\":-32000,\"message\":\"header not found\"}"), RPC_FAILED, RPC_NO_BLOCK, "" },
    { "unknown block, anvil", E("{\"code\":-32001,\"message\":\"Resource not found\"}"), RPC_FAILED, RPC_NO_BLOCK, "" },
    { "pruned", E("{\"code\":-32000,\"message\":\"missing trie node 1234\"}"), RPC_FAILED, RPC_NO_BLOCK, "" },
    { "rate limit", E("{\"code\":-32005,\"message\":\"limit exceeded\"}"), RPC_FAILED, RPC_LIMITED, "" },
    { "too many", E("{\"code\":-32000,\"message\":\"Too Many Requests\"}"), RPC_FAILED, RPC_LIMITED, "" },
    { "code 429", E("{\"code\":429,\"message\":\"your app has exceeded its compute units per second capacity\"}"), RPC_FAILED, RPC_LIMITED, "" },
    /* The words of a contract, from nodes that have no place for its data. */
    { "reverted with a limit", E("{\"code\":-32000,\"message\":\"execution reverted: rate limit exceeded\"}"), RPC_REVERT, RPC_FINE, "" },
    { "reverted with gas", E("{\"code\":3,\"message\":\"Execution reverted: out of gas\"}"), RPC_REVERT, RPC_FINE, "" },
    { "reverted with a block", E("{\"code\":-32000,\"message\":\"VM Exception while processing transaction: reverted with reason string 'header not found'\"}"), RPC_REVERT, RPC_FINE, "" },
    { "no such method", E("{\"code\":-32601,\"message\":\"the method does not exist\"}"), RPC_FAILED, RPC_ERROR, "" },
    { "no such method, geth", E("{\"code\":-32601,\"message\":\"the method eth_getProof does not exist/is not available\"}"), RPC_FAILED, RPC_ERROR, "" },
    { "error as text", E("\"nope\""), RPC_FAILED, RPC_ERROR, "" },
    { "error as number", E("5"), RPC_FAILED, RPC_ERROR, "" },
};

static void test_replies(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(replies); i++) {
        struct json_view view;
        struct rpc_reply reply;
        assert_int_equal(json_read(replies[i].text, strlen(replies[i].text), 1 << 20, &view), OK);
        rpc_reply_read(view, &reply);
        CHECK_EQUAL(reply.kind, replies[i].kind, replies[i].label);
        if (reply.kind == RPC_FAILED)
            CHECK_EQUAL(reply.fault, replies[i].fault, replies[i].label);
        if (reply.kind == RPC_REVERT)
            assert_true(slice_is(reply.revert, replies[i].revert));
    }
    struct json_view view;
    struct rpc_reply reply;
    static const char text[] = E("{\"code\":-32015,\"message\":\"a \\\"b\\\"\"}");
    assert_int_equal(json_read(text, strlen(text), 1 << 20, &view), OK);
    rpc_reply_read(view, &reply);
    assert_int_equal(reply.code, -32015);
    assert_true(slice_is(reply.message, "a \\\"b\\\""));
}

/* ---- aggregate3: octets by ethers 6 (Interface.encodeFunctionData and decodeFunctionResult's inverse) ---- */

static void test_multicall_write(void **state)
{
    static const char want[] = "82ad56cb"
        "0000000000000000000000000000000000000000000000000000000000000020" "0000000000000000000000000000000000000000000000000000000000000002"
        "0000000000000000000000000000000000000000000000000000000000000040" "00000000000000000000000000000000000000000000000000000000000000e0"
        "0000000000000000000000001111111111111111111111111111111111111111" "0000000000000000000000000000000000000000000000000000000000000001"
        "0000000000000000000000000000000000000000000000000000000000000060" "0000000000000000000000000000000000000000000000000000000000000003"
        "0102030000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000002222222222222222222222222222222222222222" "0000000000000000000000000000000000000000000000000000000000000001"
        "0000000000000000000000000000000000000000000000000000000000000060" "0000000000000000000000000000000000000000000000000000000000000000";
    struct state_read reads[2] = { { .kind = STATE_CALL, .calldata = slice_of("\1\2\3", 3) }, { .kind = STATE_CALL } };
    uint16_t order[2] = { 0, 1 };
    struct state_batch batch = { .reads = reads, .count = 2 };
    struct text out;
    (void)state;
    memset(&reads[0].to, 0x11, 20);
    memset(&reads[1].to, 0x22, 20);
    text_growing(&out);
    multicall_write(&out, &batch, order, 2);
    CHECK_STRING(out.data, want, "aggregate3");
    text_clear(&out);
}

#define W(tail) "00000000000000000000000000000000000000000000000000000000000000" tail

static const struct { const char *label, *hex; size_t count; enum status status; } results[] = {
    { "two", W("20") W("02") W("40") W("c0") W("01") W("40") W("02") "abcd000000000000000000000000000000000000000000000000000000000000" W("00") W("40") W("00"), 2, OK },
    { "none", W("20") W("00"), 0, OK },
    { "nothing", "", 1, E_BAD_FORMAT },
    { "another count", W("20") W("01") W("20") W("01") W("40") W("00"), 2, E_BAD_FORMAT },
    { "cut", W("20") W("01") W("20") W("01") W("40"), 1, E_BAD_FORMAT },
    { "longer than it is", W("20") W("01") W("20") W("01") W("40") W("21") W("00"), 1, E_BAD_FORMAT },
    { "offset outside", W("20") W("01") W("ff") W("01") W("40") W("00"), 1, E_BAD_FORMAT },
    { "huge offset", W("20") W("01") "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" W("01") W("40") W("00"), 1, E_BAD_FORMAT },
    { "neither true nor false", W("20") W("01") W("20") W("02") W("40") W("00"), 1, E_BAD_FORMAT },
};

static void test_multicall_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(results); i++) {
        uint8_t octets[1024];
        size_t length = 0;
        struct multicall_reader reader;
        struct slice value;
        bool success = false;
        assert_int_equal(hex_decode(slice_string(results[i].hex), octets, sizeof octets, &length), OK);
        enum status status = multicall_read(octets, length, results[i].count, &reader);
        for (size_t k = 0; k < results[i].count && status == OK; k++) {
            status = multicall_next(&reader, &success, &value);
            if (i == 0 && k == 0)
                assert_true(success && value.length == 2 && memcmp(value.data, "\xab\xcd", 2) == 0);
            if (i == 0 && k == 1)
                assert_true(!success && value.length == 0);
        }
        CHECK_EQUAL(status, results[i].status, results[i].label);
    }
}

/* ---- words ---- */

static void test_proof_words(void **state)
{
    static const struct proof two = { PROOF_QUORUM, 2, 3 }, three = { PROOF_QUORUM, 3, 3 }, one = { PROOF_SINGLE, 1, 1 }, best = { PROOF_PROVEN, 0, 0 };
    char room[24];
    (void)state;
    CHECK_STRING(proof_text(two, room, sizeof room), "quorum 2/3", "quorum");
    CHECK_STRING(proof_text(one, room, sizeof room), "single", "single");
    CHECK_STRING(proof_text(best, room, sizeof room), "proven", "proven");
    CHECK_STRING(proof_text((struct proof){ PROOF_CONTRACT_ACCEPTED, 0, 0 }, room, sizeof room), "contract-accepted", "gateway");
    assert_int_equal(proof_weaker(two, three).agreed, 2);
    assert_int_equal(proof_weaker(three, two).agreed, 2);
    assert_int_equal(proof_weaker(best, one).grade, PROOF_SINGLE);
    assert_int_equal(proof_weaker(best, two).grade, PROOF_QUORUM);
    for (int i = 0; i < CHAIN_FAILURES; i++) {
        assert_true(strlen(chain_failure_text((enum chain_failure)i)) > 0);
        for (int k = 0; k < i; k++)
            assert_true(strcmp(chain_failure_label((enum chain_failure)i), chain_failure_label((enum chain_failure)k)) != 0);
    }
}

/* ---- the ring of heads ---- */

static struct chain_header header_of(uint64_t number)
{
    struct chain_header header = { .block.number = number };
    memcpy(header.block.hash.octets, &number, sizeof number);
    return header;
}

static void test_ring(void **state)
{
    struct ring ring = { .headers = mem_alloc(RING_BLOCKS * sizeof(struct chain_header)) };
    (void)state;
    assert_non_null(ring.headers);
    assert_null(ring_newest(&ring));
    for (uint64_t number = 1; number <= RING_BLOCKS + 10; number++) {
        struct chain_header header = header_of(number);
        ring_put(&ring, &header);
    }
    struct chain_header oldest = header_of(11), gone = header_of(10);
    assert_int_equal(ring_newest(&ring)->block.number, RING_BLOCKS + 10);
    assert_non_null(ring_find(&ring, &oldest.block.hash));
    assert_null(ring_find(&ring, &gone.block.hash));
    ring_cut(&ring, 100);
    assert_int_equal(ring_newest(&ring)->block.number, 99);
    assert_int_equal(ring.count, 89);
    ring_cut(&ring, 0);
    assert_null(ring_newest(&ring));
    mem_free(ring.headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies), cmocka_unit_test(test_multicall_write), cmocka_unit_test(test_multicall_read), cmocka_unit_test(test_proof_words), cmocka_unit_test(test_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
