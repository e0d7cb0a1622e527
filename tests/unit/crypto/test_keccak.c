/* SPDX-License-Identifier: Apache-2.0 */
/* Keccak-256 against the published file of digests (argument 1), whole and in pieces of every size. */
#include "unit.h"
#include "base/base.h"
#include "crypto/crypto.h"
#include "crypto/keccak.h"
#include "json/json.h"

#include <stdlib.h>

static const char *path;

static void check_hex(const uint8_t *have, size_t size, const char *want, const char *label)
{
    char buffer[2 * DIGEST_MOST_BYTES + 1];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    text_add_hex(&text, have, size, false);
    CHECK_STRING(buffer, want, label);
}

/* The reference's and well-known digests. */
static const struct { const char *label, *message, *want; } known[] = {
    { "nothing", "", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470" },
    { "abc", "abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45" },
    { "eth", "eth", "4f5b812789fc606be1b3b16908db13fc7a9adf7ca72641f84d75b47069d3d7f0" },
    { "a function", "transfer(address,uint256)", "a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b" },
};

static void digests(void **state)
{
    (void)state;
    uint8_t out[KECCAK256_BYTES];
    for (size_t i = 0; i < LENGTH_OF(known); i++) {
        keccak256(known[i].message, strlen(known[i].message), out);
        check_hex(out, sizeof out, known[i].want, known[i].label);
    }
    /* namehash("eth") = keccak256(32 zeros || keccak256("eth")), EIP-137; in place. */
    uint8_t node[KECCAK256_BYTES] = { 0 };
    keccak256("eth", 3, out);
    keccak256_pair(node, out, node);
    check_hex(node, sizeof node, "93cdeb708b7545dc668eb9280176169d1c33cfd8ed6f04690a0bcc88a93fc4ae", "namehash of eth");
}

static struct json_value *read_file(void)
{
    size_t room = 1 << 20;
    char *text = malloc(room);
    FILE *file = fopen(path, "rb");
    struct json_value *all = NULL;
    assert_non_null(text);
    assert_non_null(file);
    size_t length = fread(text, 1, room, file);
    fclose(file);
    assert_int_equal(json_value_parse(text, length, &all), OK);
    free(text);
    return all;
}

static void check_pieces(const uint8_t *data, size_t size, size_t piece, const char *want)
{
    struct keccak256 sum;
    uint8_t out[KECCAK256_BYTES];
    keccak256_init(&sum);
    for (size_t at = 0; at < size; at += piece)
        keccak256_add(&sum, data + at, size - at < piece ? size - at : piece);
    keccak256_end(&sum, out);
    check_hex(out, sizeof out, want, "in pieces");
}

static void file_of_digests(void **state)
{
    (void)state;
    static const struct { const char *name; enum digest digest; } others[] = { { "sha256", DIGEST_SHA256 }, { "sha512", DIGEST_SHA512 } };
    struct json_value *all = read_file();
    size_t count = json_value_count(all);
    assert_true(count > 50);
    for (size_t i = 0; i < count; i++) {
        const struct json_value *test = json_value_at(all, i);
        const char *text = json_value_get_text(test, "data");
        uint8_t data[512], out[DIGEST_MOST_BYTES];
        size_t size = 0;
        assert_int_equal(hex_decode(slice_string(text + 2), data, sizeof data, &size), OK);
        keccak256(data, size, out);
        check_hex(out, KECCAK256_BYTES, json_value_get_text(test, "keccak256") + 2, text);
        static const size_t pieces[] = { 1, 3, 8, 9, 64, 135, 136, 137 };
        for (size_t j = 0; j < LENGTH_OF(pieces); j++)
            check_pieces(data, size, pieces[j], json_value_get_text(test, "keccak256") + 2);
        for (size_t j = 0; j < LENGTH_OF(others); j++) {
            assert_int_equal(digest_once(others[j].digest, data, size, out), OK);
            check_hex(out, digest_bytes(others[j].digest), json_value_get_text(test, others[j].name) + 2, text);
        }
    }
    json_value_free(all);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(digests), cmocka_unit_test(file_of_digests) };
    path = count > 1 ? arguments[1] : "hashes.json";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
