/* SPDX-License-Identifier: Apache-2.0 */
/* Headers and Merkle proofs as a node that is not ours made them (tests/data/ens/devnet), and block 0 of Ethereum. */
#include "ethereum/header.h"
#include "ethereum/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static char *text;
static struct json_view all;

static struct json_view header_at(size_t index)
{
    char path[64];
    snprintf(path, sizeof path, "headers.%zu.block", index);
    return json_path(all, path);
}

static void headers_give_their_hash(void **state)
{
    (void)state;
    size_t count = json_count(json_member(all, "headers"), 100);
    assert_int_equal(count, 8);
    for (size_t i = 0; i < count; i++) {
        struct chain_header header;
        assert_int_equal(header_check(header_at(i), &header), OK);
        if (!header.verified)
            fail_msg("header %zu does not give its hash", i);
    }
}

/* Each field of each header counts: one digit changed, and the hash is not given any more. */
static void changed_headers_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < json_count(json_member(all, "headers"), 100); i++) {
        struct slice raw = json_raw(header_at(i));
        for (struct json_walk w = json_walk(header_at(i)); json_step(&w);) {
            char *copy = malloc(raw.length);
            struct json_view changed;
            struct chain_header header;
            struct slice value = json_raw(w.value);
            assert_non_null(copy);
            memcpy(copy, raw.data, raw.length);
            char *last = copy + (value.data - raw.data) + value.length - 2;
            if (*last == 'x') {         /* "0x": nothing to change */
                free(copy);
                continue;
            }
            *last = *last == '1' ? '2' : '1';
            assert_int_equal(json_read(copy, raw.length, raw.length, &changed), OK);
            assert_int_equal(header_check(changed, &header), OK);
            if (header.verified)
                fail_msg("header %zu: %.*s is not in its hash", i, (int)w.name.raw.length, w.name.raw.data);
            free(copy);
        }
    }
}

static void broken_headers(void **state)
{
    static const char *const cases[] = { "{}", "[]", "{\"hash\":\"0x12\"}", "\"0x\"", "7" };
    struct json_view view;
    struct chain_header header;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        assert_int_equal(json_read(cases[i], strlen(cases[i]), 1000, &view), OK);
        assert_int_equal(header_check(view, &header), E_BAD_FORMAT);
    }
    assert_int_equal(json_read("null", 4, 1000, &view), OK);
    assert_int_equal(header_check(view, &header), E_NOT_FOUND);
}

/* ---- proofs ---- */

static struct eth_word state_root(void)
{
    struct chain_header header;
    assert_int_equal(header_check(header_at(7), &header), OK);      /* the last one: the proofs are of its state */
    return header.state_root;
}

static struct proven_account account_of(size_t index)
{
    char path[64];
    struct eth_word root = state_root();
    struct eth_address address;
    struct proven_account account;
    snprintf(path, sizeof path, "proofs.%zu", index);
    struct json_view proof = json_path(all, path);
    assert_int_equal(json_hex_exact(json_member(proof, "address"), address.octets, 20), OK);
    assert_int_equal(proof_account(&root, &address, json_member(proof, "accountProof"), &account), OK);
    struct eth_word told;
    assert_int_equal(json_hex_exact(json_member(proof, "storageHash"), told.octets, 32), OK);
    assert_true(eth_word_equal(&told, &account.storage_root));
    assert_int_equal(json_hex_exact(json_member(proof, "codeHash"), told.octets, 32), OK);
    assert_true(eth_word_equal(&told, &account.code_hash));
    return account;
}

static void accounts(void **state)
{
    (void)state;
    assert_true(account_of(0).exists);
    assert_false(account_of(1).exists);
    assert_true(account_of(2).exists);
}

/* The registry's slots by the rules of its layout, against what the contract itself said. */
static void registry_by_proof(void **state)
{
    struct proven_account registry = account_of(0);
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        char path[64];
        struct eth_word node, slot, told, word, said = { { 0 } };
        assert_int_equal(json_hex_exact(json_path(all, i < 2 ? "expect.owner" : "expect.resolver"), said.octets, 32), OK);
        struct slice digits;
        struct json_view name = json_member(json_member(all, "nodes"), i < 2 ? "devnet.eth" : "missing.eth");
        assert_int_equal(json_text_plain(name, &digits), OK);
        assert_int_equal(json_digits_decode(digits, node.octets), OK);
        slot = registry_slot(&node, i % 2);
        snprintf(path, sizeof path, "proofs.0.storageProof.%u", i);
        struct json_view proof = json_path(all, path);
        assert_int_equal(json_hex_exact(json_member(proof, "key"), told.octets, 32), OK);
        assert_true(eth_word_equal(&told, &slot));
        assert_int_equal(proof_slot(&registry.storage_root, &slot, json_member(proof, "proof"), &word), OK);
        if (i < 2) {
            assert_int_equal(json_hex_exact(json_path(all, i == 0 ? "expect.owner" : "expect.resolver"), said.octets, 32), OK);
            assert_true(eth_word_equal(&word, &said));
        } else {
            assert_true(eth_word_is_zero(&word));
        }
    }
}

/* No digit of a proof may be another, no node may be missing, twice or out of place, and no proof proves another key. */
static void forged_proofs(void **state)
{
    struct proven_account registry = account_of(0);
    struct json_view proof = json_path(all, "proofs.0.storageProof.1"), nodes = json_member(proof, "proof");
    struct slice raw = json_raw(nodes);
    struct eth_word slot, word;
    (void)state;
    assert_int_equal(json_hex_exact(json_member(proof, "key"), slot.octets, 32), OK);
    char *copy = malloc(raw.length);
    assert_non_null(copy);
    for (size_t i = 0; i < raw.length; i++) {
        struct json_view changed;
        memcpy(copy, raw.data, raw.length);
        if (strchr("[]\",x\n", copy[i]) || (copy[i] == '0' && copy[i + 1] == 'x'))
            continue;
        copy[i] = copy[i] == '7' ? '8' : '7';
        assert_int_equal(json_read(copy, raw.length, raw.length, &changed), OK);
        assert_int_equal(proof_slot(&registry.storage_root, &slot, changed, &word), E_INVALID);
    }
    free(copy);
    struct eth_word other = slot;
    unsigned valid = 0;
    for (unsigned bit = 0; bit < 256; bit++) {
        other = slot;
        other.octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum status st = proof_slot(&registry.storage_root, &other, nodes, &word);
        /* Where its path leaves ours early, the first nodes prove that it is not there, but then those behind are too many.  One that goes all the
         * way to our leaf is proven not to be there. */
        assert_true(st == E_INVALID || (st == OK && eth_word_is_zero(&word)));
        valid += st == OK;
    }
    assert_true(valid < 16);
    struct json_view fewer;
    const char *const lists[] = { "[]", "[\"0x\"]", "[\"0x80\"]", "[7]", "{}", "\"0x80\"" };
    for (size_t i = 0; i < LENGTH_OF(lists); i++) {
        assert_int_equal(json_read(lists[i], strlen(lists[i]), 100, &fewer), OK);
        assert_int_equal(proof_slot(&registry.storage_root, &slot, fewer, &word), E_INVALID);
    }
}

static void bloom(void **state)
{
    struct chain_header header;
    (void)state;
    assert_int_equal(header_check(header_at(7), &header), OK);
    struct eth_address stranger = { { 1, 2, 3 } };
    struct bloom_bits bits = bloom_bits_of(stranger.octets, 20);
    uint8_t full[256];
    memset(full, 0xff, sizeof full);
    assert_true(bloom_has(full, &bits));
    for (unsigned i = 0; i < 3; i++) {
        full[255 - bits.bit[i] / 8] = (uint8_t)~(1 << bits.bit[i] % 8);
        assert_false(bloom_has(full, &bits));
        full[255 - bits.bit[i] / 8] = 0xff;
    }
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_give_their_hash), cmocka_unit_test(changed_headers_do_not), cmocka_unit_test(broken_headers), cmocka_unit_test(accounts),
        cmocka_unit_test(registry_by_proof), cmocka_unit_test(forged_proofs), cmocka_unit_test(bloom),
    };
    FILE *file = count > 1 ? fopen(words[1], "re") : NULL;
    text = malloc(1 << 20);
    size_t length = file && text ? fread(text, 1, 1 << 20, file) : 0;
    if (!length || json_read(text, length, 1 << 20, &all) != OK) {
        fprintf(stderr, "usage: unit-ethereum-proof FILE\n");
        return 2;
    }
    fclose(file);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
