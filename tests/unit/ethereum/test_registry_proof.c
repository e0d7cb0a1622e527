/* SPDX-License-Identifier: Apache-2.0 */
/* What a proof of the registry's storage says of its fields: proofs that a node made (tests/data/ens/devnet). */
#include "unit.h"

#include "ethereum/state_batch.h"

#include <stdlib.h>

static char *text;
static struct json_view all;

static struct eth_word node_of(const char *name)
{
    struct eth_word word;
    struct slice raw = json_raw(json_member(json_member(all, "nodes"), name));
    size_t length = 0;
    assert_true(raw.length >= 66);
    assert_int_equal(hex_decode(slice_of(raw.data + raw.length - 65, 64), word.octets, 32, &length), OK);
    return word;
}

enum { READS = 4 };

static void fill(struct state_batch *batch, struct state_read reads[READS], bool fallback)
{
    struct chain_header header;
    struct json_view proof = json_path(all, "proofs.0");
    assert_int_equal(header_check(json_path(all, "headers.7.block"), &header), OK);
    *batch = (struct state_batch){ .reads = reads, .count = READS, .prove = true, .state_root = header.state_root, .fallback = fallback };
    assert_int_equal(json_hex_exact(json_member(proof, "address"), batch->registry.octets, 20), OK);
    for (unsigned i = 0; i < READS; i++)
        reads[i] = (struct state_read){ .kind = STATE_REGISTRY, .to = batch->registry, .word = node_of(i < 3 ? "devnet.eth" : "missing.eth"), .field = (enum registry_field)(i % 3) };
}

static void test_fields(void **state)
{
    struct state_read reads[READS];
    struct state_batch batch;
    struct eth_word owner, resolver, zero = { { 0 } };
    size_t length;
    (void)state;
    struct slice raw = json_raw(json_path(all, "expect.owner")), other = json_raw(json_path(all, "expect.resolver"));
    assert_int_equal(hex_decode(slice_of(raw.data + raw.length - 65, 64), owner.octets, 32, &length), OK);
    assert_int_equal(hex_decode(slice_of(other.data + other.length - 65, 64), resolver.octets, 32, &length), OK);
    for (unsigned fallback = 0; fallback < 2; fallback++) {
        struct registry_proven out[READS] = { { 0 } };
        fill(&batch, reads, fallback);
        assert_true(registry_proof_read(&batch, json_path(all, "proofs.0"), out));
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(out[i].state, REGISTRY_PROVEN);
        assert_memory_equal(out[REGISTRY_OWNER].word.octets, owner.octets, 32);
        assert_memory_equal(out[REGISTRY_RESOLVER].word.octets, resolver.octets, 32);
        assert_memory_equal(out[REGISTRY_TTL].word.octets, zero.octets, 32);
        assert_int_equal(out[3].state, fallback ? REGISTRY_ELSEWHERE : REGISTRY_PROVEN);    /* proven that there is no record */
        assert_memory_equal(out[3].word.octets, zero.octets, 32);
    }
    fill(&batch, reads, false);
    struct registry_proven out[READS] = { { 0 } };
    batch.registry.octets[0] ^= 1;
    assert_false(registry_proof_read(&batch, json_path(all, "proofs.0"), out));     /* no read is of that one, and the account is not proven */
}

static void test_forged(void **state)
{
    struct state_read reads[READS];
    struct state_batch batch;
    struct registry_proven out[READS] = { { 0 } };
    (void)state;
    fill(&batch, reads, false);
    struct eth_word right = batch.state_root;
    batch.state_root.octets[31] ^= 1;
    assert_false(registry_proof_read(&batch, json_path(all, "proofs.0"), out));     /* another block */
    batch.state_root = right;
    for (unsigned i = 0; i < 3; i++)
        reads[i].word.octets[5] ^= 1;
    assert_false(registry_proof_read(&batch, json_path(all, "proofs.0"), out));     /* another node */
    fill(&batch, reads, false);
    assert_false(registry_proof_read(&batch, json_path(all, "proofs.1"), out));     /* another account */
    assert_false(registry_proof_read(&batch, json_path(all, "nothing"), out));
    for (unsigned i = 0; i < READS; i++)
        assert_int_equal(out[i].state, REGISTRY_NOT_PROVEN);
}

/* Each node is asked once, with both of its slots; what is no field of this registry is left out. */
static void test_request(void **state)
{
    struct state_read reads[READS];
    struct state_batch batch;
    struct text out;
    char want[512];
    struct text wanted;
    (void)state;
    fill(&batch, reads, false);
    text_growing(&out);
    registry_proof_write(&out, &batch);
    text_fixed(&wanted, want, sizeof want);
    text_add(&wanted, "[");
    struct slice address = json_raw(json_path(all, "proofs.0.address"));
    text_add_bytes(&wanted, address.data, address.length);
    for (unsigned i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "proofs.0.storageProof.%u.key", i);
        struct slice key = json_raw(json_path(all, path));
        text_add(&wanted, i == 0 ? ",[" : ",");
        text_add_bytes(&wanted, key.data, key.length);
    }
    text_add(&wanted, "]");
    CHECK_STRING(out.data, want, "eth_getProof");
    text_clear(&out);
}

static int load(void **state, const char *path)
{
    (void)state;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    text = malloc(size + 1);
    assert_int_equal(fread(text, 1, size, file), size);
    fclose(file);
    return json_read(text, size, 16 << 20, &all) == OK ? 0 : -1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields), cmocka_unit_test(test_forged), cmocka_unit_test(test_request) };
    if (argc != 2 || load(NULL, argv[1]) != 0)
        return 2;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
