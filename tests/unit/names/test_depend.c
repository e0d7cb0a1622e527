/* SPDX-License-Identifier: Apache-2.0 */
#include "names/depend.h"
#include "names/ens_selectors.h"

#include "ethereum/abi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TOPIC(name, digits, signature) static const char name[] = digits;
ENS_TOPICS(TOPIC)
#undef TOPIC
static const char NAME_RENEWED[] = "9b87a00e30f1ac65d898f070f8a3488fe60517182d0a2098e1b4b93a54aa9bd6";      /* NameRenewed(uint256,uint256) */
static const char APPROVAL[] = "17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31";

static const struct eth_address at = { { 0xaa } };
static struct eth_word number(uint8_t last) { return (struct eth_word){ { [31] = last } }; }

static struct chain_log log_of(const char *topic, uint8_t topics)
{
    struct chain_log log = { .address = at, .topic_count = (uint8_t)(topics + 1) };
    size_t length;
    assert_int_equal(hex_decode(slice_string(topic), log.topics[0].octets, 32, &length), OK);
    for (uint8_t i = 1; i <= topics; i++)
        log.topics[i] = number(i);
    return log;
}

static void test_topics(void **state)
{
    (void)state;
    const struct eth_word one = number(1), two = number(2), three = number(3);
    const struct { const char *label, *topic; uint8_t topics; enum depend_kind kind; const struct eth_word *first, *second; } cases[] = {
        { "NewOwner: parent and label", NEW_OWNER, 2, DEPEND_LABEL, &one, &two },
        { "Transfer of a token", TRANSFER_TOKEN, 3, DEPEND_TOKEN, &three, NULL },
        { "Transfer of a node (registry, two topics)", "d4735d920b0f87494915f556dd9b54c8f309026070caea5c737245152564d266", 1, DEPEND_NODE, &one, NULL },
        { "NewResolver", "335721b01866dc23fbee8b6b2c7b1e14d6f05c28cd35a2c934239f94095602a0", 1, DEPEND_NODE, &one, NULL },
        { "renewal", NAME_RENEWED, 1, DEPEND_NODE, &one, NULL },
        { "Upgraded", UPGRADED, 1, DEPEND_CODE, NULL, NULL },
        { "BeaconUpgraded", BEACON_UPGRADED, 1, DEPEND_CODE, NULL, NULL },
        { "any other", APPROVAL, 2, DEPEND_NODE, &one, NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct chain_log log = log_of(cases[i].topic, cases[i].topics);
        uint64_t keys[DEPEND_LOG_KEYS];
        if (depend_from_log(1, &log, keys) != 1 || keys[0] != depend_key(1, &at, cases[i].kind, cases[i].first, cases[i].second))
            fail_msg("%s", cases[i].label);
    }
    struct chain_log bare = log_of(APPROVAL, 0);
    uint64_t keys[DEPEND_LOG_KEYS];
    assert_int_equal(depend_from_log(1, &bare, keys), 0);
    bare.topic_count = 0;
    assert_int_equal(depend_from_log(1, &bare, keys), 0);
}

static void test_tokens(void **state)
{
    (void)state;
    uint64_t keys[DEPEND_LOG_KEYS];
    const struct eth_word nine = number(9);
    struct text data;
    text_growing(&data);
    struct abi_writer writer = abi_writer_of(&data, 2);
    abi_write_word(&writer, &nine);
    abi_write_u64(&writer, 1);
    struct chain_log log = log_of(TRANSFER_SINGLE, 3);
    log.data = slice_of(data.data, data.length);
    assert_int_equal(depend_from_log(1, &log, keys), 1);
    assert_true(keys[0] == depend_key(1, &at, DEPEND_NODE, &nine, NULL));
    log.data.length = 31;               /* cut short: nobody knows what it says */
    assert_int_equal(depend_from_log(1, &log, keys), SIZE_MAX);
    text_clear(&data);
    for (size_t count = 0; count <= DEPEND_LOG_KEYS + 1; count++) {
        text_growing(&data);
        writer = abi_writer_of(&data, 2);
        struct abi_writer ids = abi_write_array(&writer, count, 1);
        for (size_t i = 0; i < count; i++)
            abi_write_u64(&ids, i);
        struct abi_writer amounts = abi_write_array(&writer, count, 1);
        for (size_t i = 0; i < count; i++)
            abi_write_u64(&amounts, 1);
        log = log_of(TRANSFER_BATCH, 3);
        log.data = slice_of(data.data, data.length);
        assert_int_equal(depend_from_log(1, &log, keys), count <= DEPEND_LOG_KEYS ? count : SIZE_MAX);
        if (count == DEPEND_LOG_KEYS)
            assert_true(keys[9] == depend_key(1, &at, DEPEND_NODE, &nine, NULL));
        text_clear(&data);
    }
}

/* Each part tells. */
static void test_key(void **state)
{
    (void)state;
    const struct eth_address other = { { 0xab } };
    const struct eth_word one = number(1), two = number(2);
    const uint64_t keys[] = {
        depend_key(1, &at, DEPEND_NODE, &one, NULL), depend_key(2, &at, DEPEND_NODE, &one, NULL), depend_key(1, &other, DEPEND_NODE, &one, NULL),
        depend_key(1, &at, DEPEND_TOKEN, &one, NULL), depend_key(1, &at, DEPEND_NODE, &two, NULL), depend_key(1, &at, DEPEND_LABEL, &one, &two),
        depend_key(1, &at, DEPEND_LABEL, &two, &one), depend_key(1, &at, DEPEND_CODE, NULL, NULL),
    };
    for (size_t i = 0; i < LENGTH_OF(keys); i++)
        for (size_t k = 0; k < i; k++)
            assert_true(keys[i] != keys[k]);
    assert_true(keys[0] == depend_key(1, &at, DEPEND_NODE, &one, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_topics), cmocka_unit_test(test_tokens), cmocka_unit_test(test_key) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
