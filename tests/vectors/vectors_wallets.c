/* SPDX-License-Identifier: Apache-2.0 */
/* Key files with their passwords: each opens with it and holds the key that the file tells, and opens with no other. */
#include "vectors.h"

#include "wallet/wallet.h"

#include <string.h>

/* Keys do not leave the wallet: two that sign alike are one. */
static bool same_key(const struct wallet_key *a, const struct wallet_key *b)
{
    static const uint8_t digest[ECDSA_DIGEST_BYTES] = { 1, 2, 3 };
    struct ecdsa_signature from_a, from_b;
    return wallet_sign(a, 31337, digest, &from_a) == OK && wallet_sign(b, 31337, digest, &from_b) == OK &&
           memcmp(&from_a, &from_b, sizeof from_a) == 0;
}

static const char *check_key(const struct wallet_key *key, const struct vector_json *test)
{
    const char *address = vector_json_text(test, "address"), *secret = vector_json_text(test, "privateKey");
    uint8_t want[20];
    size_t bytes = 0;
    struct wallet_key *other = NULL;
    if (address && (!vector_hex(address, want, sizeof want, &bytes) || memcmp(want, wallet_key_address(key), sizeof want) != 0))
        return "it holds another address";
    if (!secret)
        return NULL;
    if (wallet_key_import(slice_string(secret), &other) != OK)
        return "its privateKey is none";
    bool same = same_key(key, other);
    wallet_key_free(other);
    return same ? NULL : "it holds another key";
}

static const char *check_wallet(const struct vector_json *test)
{
    const char *password = vector_json_text(test, "password"), *file = vector_json_text(test, "json");
    char wrong[256];
    struct wallet_key *key = NULL;
    if (!file || !password)
        return "no json, or no password";
    snprintf(wrong, sizeof wrong, "%s?", password);
    struct wallet_secret *right_one = wallet_secret_new(password, strlen(password)), *wrong_one = wallet_secret_new(wrong, strlen(wrong));
    const char *problem = !right_one || !wrong_one ? "out of memory" : NULL;
    if (!problem && wallet_open(slice_string(file), wrong_one, &key) != E_REFUSED)
        problem = "another password is not refused";
    if (!problem && wallet_open(slice_string(file), right_one, &key) != OK)
        problem = "it does not open";
    if (!problem)
        problem = check_key(key, test);
    wallet_key_free(key);
    wallet_secret_free(right_one);
    wallet_secret_free(wrong_one);
    return problem;
}

int run_wallets(const char *text, size_t bytes, struct vector_score *score)
{
    struct vector_json *all = vector_json_parse(text, bytes);
    int status = all && all->kind == VECTOR_ARRAY && all->first ? 0 : -1;
    for (const struct vector_json *test = status == 0 ? all->first : NULL; test; test = test->next) {
        const char *name = vector_json_text(test, "name"), *wrong = check_wallet(test);
        vector_count(score, !wrong, name ? name : "a wallet", wrong ? wrong : "");
    }
    vector_json_free(all);
    return status;
}
