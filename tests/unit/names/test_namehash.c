/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations: EIP-137, and nodes that are constants of the deployed contracts.  More of them: run-vectors namehash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "names/label.h"
#include "names/namehash.h"

#define ETH_LABEL "4f5b812789fc606be1b3b16908db13fc7a9adf7ca72641f84d75b47069d3d7f0"

static void check_hex(const char *label, const uint8_t hash[NAMEHASH_BYTES], const char *want)
{
    char buffer[2 * NAMEHASH_BYTES + 1];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    text_add_hex(&text, hash, NAMEHASH_BYTES, false);
    if (strcmp(buffer, want) != 0)
        fail_msg("%s: %s", label, buffer);
}

static const struct { const char *name, *node; } nodes[] = {
    { "", "0000000000000000000000000000000000000000000000000000000000000000" },
    { "eth", "93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae" },
    { "reverse", "a097f6721ce401e757d1223a763fef49b8b5f90bb18567ddb86fd205dff71d34" },
    { "addr.reverse", "91d1777781884d03a6757a803996e38de2a42967fb37eeaca72729271025a9e2" },
    { "default.reverse", "53a2e7cce84726721578c676b4798972d354dd7c62c832415371716693edd312" },
    { "foo.eth", "de9b09fd7c5f901e23a3f19fecc54828e9c848539801e86591bd9801b019f84f" },
    { "vitalik.eth", "ee6c4522aab0003e8d14cd40a6af439055fd2577951148c14b6cea9a53475835" },
    { "crypto", "0f4a10a4f46c288cea365fcf45cccf0e9d901b945b9829ccdb54c10dc3cb7a6f" },
    { "brad.crypto", "756e4e998dbffd803c21d23b06cd855cdc7a4b57706c95964a37e24b47c10fc9" },
};

static void test_nodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(nodes); i++) {
        uint8_t node[NAMEHASH_BYTES];
        assert_int_equal(namehash_name(slice_string(nodes[i].name), false, node), OK);
        check_hex(nodes[i].name, node, nodes[i].node);
    }
}

static void test_steps(void **state)
{
    (void)state;
    uint8_t hash[NAMEHASH_BYTES], node[NAMEHASH_BYTES] = { 0 }, same[NAMEHASH_BYTES] = { 0 };
    namehash_label(slice_string("eth"), hash);
    check_hex("label", hash, ETH_LABEL);
    namehash_child(node, slice_string("eth"), node);
    check_hex("child, in place", node, nodes[1].node);
    namehash_child_of_hash(same, hash, same);
    check_hex("child of a hash, in place", same, nodes[1].node);
}

static void test_bad_names(void **state)
{
    (void)state;
    static const char *const names[] = { ".", ".eth", "eth.", "a..eth" };
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        uint8_t node[NAMEHASH_BYTES] = { 7 }, wire[64];
        size_t length = 99;
        assert_int_equal(namehash_name(slice_string(names[i]), false, node), E_BAD_NAME);
        assert_int_equal(node[0], 7);
        assert_int_equal(namehash_wire_write(slice_string(names[i]), wire, sizeof wire, &length), E_BAD_NAME);
        assert_int_equal(length, 99);
    }
}

/* A label known by its hash alone leads to the same node, but only where that is asked for. */
static void test_unknown_labels(void **state)
{
    (void)state;
    uint8_t node[NAMEHASH_BYTES];
    assert_int_equal(namehash_name(slice_string("foo.[" ETH_LABEL "]"), true, node), OK);
    check_hex("taken", node, nodes[5].node);
    assert_int_equal(namehash_name(slice_string("foo.[" ETH_LABEL "]"), false, node), OK);
    uint8_t other[NAMEHASH_BYTES];
    assert_int_equal(namehash_name(slice_string("foo.eth"), false, other), OK);
    assert_memory_not_equal(node, other, NAMEHASH_BYTES);
}

static void test_wire(void **state)
{
    (void)state;
    static const uint8_t want[] = "\6" "b\xc3\xbc" "chr" "\3eth";     /* the terminator is the root */
    struct slice name = slice_string("b\xc3\xbc" "chr.eth");
    uint8_t wire[64];
    char back[64];
    size_t length = 0, text = 0;
    assert_int_equal(namehash_wire_write(name, wire, name.length + 2, &length), OK);
    assert_int_equal(length, sizeof want);
    assert_memory_equal(wire, want, sizeof want);
    for (size_t room = 0; room < sizeof want; room++)
        assert_int_equal(namehash_wire_write(name, wire, room, &length), E_NO_SPACE);
    assert_int_equal(namehash_wire_read(want, sizeof want, back, name.length, &text), OK);
    assert_int_equal(text, name.length);
    assert_memory_equal(back, name.data, text);
    for (size_t room = 0; room < name.length; room++)
        assert_int_equal(namehash_wire_read(want, sizeof want, back, room, &text), E_NO_SPACE);
    for (size_t bytes = 0; bytes < sizeof want; bytes++)
        assert_int_equal(namehash_wire_read(want, bytes, back, sizeof back, &text), E_TRUNCATED);
    assert_int_equal(namehash_wire_read((const uint8_t *)"\0", 2, back, sizeof back, &text), E_BAD_FORMAT);
    assert_int_equal(namehash_wire_read((const uint8_t *)"\3a.b", 5, back, sizeof back, &text), E_BAD_NAME);
    assert_int_equal(namehash_wire_read((const uint8_t *)"", 1, back, sizeof back, &text), OK);
    assert_int_equal(text, 0);
}

/* 255 octets go by themselves, 256 by their hash; the node is that of the label either way. */
static void test_long_labels(void **state)
{
    (void)state;
    char name[256 + 4], back[128];
    uint8_t wire[300], hash[NAMEHASH_BYTES], direct[NAMEHASH_BYTES], indirect[NAMEHASH_BYTES];
    size_t length = 0, text = 0;
    memset(name, 'a', 256);
    memcpy(name + 255, ".eth", 4);
    assert_int_equal(namehash_wire_write(slice_of(name, 259), wire, sizeof wire, &length), OK);
    assert_int_equal(length, 256 + 4 + 1);
    assert_int_equal(wire[0], 255);
    memcpy(name + 255, "a.eth", 5);
    assert_int_equal(namehash_wire_write(slice_of(name, 260), wire, sizeof wire, &length), OK);
    assert_int_equal(length, 67 + 4 + 1);
    assert_int_equal(namehash_wire_read(wire, length, back, sizeof back, &text), OK);
    namehash_label(slice_of(name, 256), hash);
    uint8_t read[NAMEHASH_BYTES];
    assert_true(label_is_unknown(slice_of(back, LABEL_UNKNOWN_BYTES), read));
    assert_memory_equal(read, hash, sizeof hash);
    assert_int_equal(namehash_name(slice_of(name, 260), false, direct), OK);
    assert_int_equal(namehash_name(slice_of(back, text), true, indirect), OK);
    assert_memory_equal(direct, indirect, sizeof direct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes), cmocka_unit_test(test_steps), cmocka_unit_test(test_bad_names), cmocka_unit_test(test_unknown_labels),
        cmocka_unit_test(test_wire), cmocka_unit_test(test_long_labels),
    };
    return cmocka_run_group_tests_name("names/namehash", tests, NULL, NULL);
}
