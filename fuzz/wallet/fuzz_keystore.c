/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: whatever is in one, opening it ends soon; what opens seals and opens again. Files that ask for much work are
 * left out, since nothing but time would be tested. */
#include "json/json.h"
#include "wallet/wallet.h"
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_small(const struct json_value *parameters, const char *key)
{
    uint64_t number = 0;
    return !json_value_get_u64(parameters, key, &number) || number <= 64;
}

static bool is_cheap(const uint8_t *data, size_t size)
{
    struct json_value *file = NULL;
    if (json_value_parse((const char *)data, size, &file) != OK)
        return true;
    const struct json_value *crypto = json_value_get(file, "crypto");
    const struct json_value *parameters = json_value_get(crypto ? crypto : json_value_get(file, "Crypto"), "kdfparams");
    bool cheap = is_small(parameters, "n") && is_small(parameters, "r") && is_small(parameters, "p") && is_small(parameters, "c");
    json_value_free(file);
    return cheap;
}

static void check_round(const struct wallet_key *key, const struct wallet_secret *password)
{
    static const struct wallet_cost least = { { 2, 1, 1 }, 0 };
    struct wallet_key *again = NULL;
    uint8_t claimed[20];
    char buffer[1024];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    HOLDS(wallet_seal(key, password, &least, &text) == OK);
    HOLDS(wallet_file_address(slice_of(text.data, text.length), claimed) == OK);
    HOLDS(wallet_open(slice_of(text.data, text.length), password, &again) == OK);
    HOLDS(memcmp(claimed, wallet_key_address(key), sizeof claimed) == 0);
    HOLDS(memcmp(wallet_key_address(again), wallet_key_address(key), sizeof claimed) == 0);
    wallet_key_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct wallet_key *key = NULL;
    uint8_t claimed[20];
    enum status claim = wallet_file_address(text, claimed);
    HOLDS(claim == OK || claim == E_NOT_FOUND || claim == E_BAD_FORMAT || claim == E_NOMEM);
    if (wallet_key_import(text, &key) == OK) {
        HOLDS(size >= 64);
        wallet_key_free(key);
        key = NULL;
    }
    if (!is_cheap(data, size))
        return 0;
    struct wallet_secret *password = wallet_secret_new("x", 1);
    HOLDS(password);
    if (wallet_open(text, password, &key) == OK) {
        HOLDS(claim != OK || memcmp(claimed, wallet_key_address(key), sizeof claimed) == 0);
        check_round(key, password);
    }
    wallet_key_free(key);
    wallet_secret_free(password);
    return 0;
}
