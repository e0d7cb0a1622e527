/* SPDX-License-Identifier: Apache-2.0 */
/* Key files of Ethereum's sale of 2014: the seed, which is text, hashes to the key. */
#include "wallet/inside.h"

#include "crypto/keccak.h"

#include <string.h>

enum { ROUNDS = 2000, SEED_MOST = 1024, BLOCK = 16 };

static enum status open_seed(const uint8_t *sealed, size_t bytes, const struct wallet_secret *password, uint8_t key[ECDSA_KEY_BYTES])
{
    uint8_t derived[BLOCK], seed[SEED_MOST];
    size_t length = 0;
    /* The password is its own salt. */
    enum status status = pbkdf2_derive(password->data, password->length, password->data, password->length, ROUNDS, derived, sizeof derived);
    if (status == OK)
        status = aes128_cbc_decrypt(derived, sealed, sealed + BLOCK, bytes - BLOCK, seed, &length);
    if (status == OK)
        keccak256(seed, length, key);
    mem_wipe(derived, sizeof derived);
    mem_wipe(seed, sizeof seed);
    return status == E_BAD_FORMAT ? E_REFUSED : status;
}

enum status presale_open(const struct json_value *file, const struct wallet_secret *password, struct wallet_key **out)
{
    uint8_t sealed[SEED_MOST], secret[ECDSA_KEY_BYTES], claimed[ETHEREUM_ADDRESS_BYTES];
    struct wallet_key *key = NULL;
    size_t bytes = 0;
    const char *text = json_value_get_text(file, "encseed");
    if (!text || hex_decode(slice_string(text), sealed, sizeof sealed, &bytes) != OK || bytes < 2 * BLOCK || bytes % BLOCK != 0)
        return E_BAD_FORMAT;
    /* There is no MAC: the address alone tells a right password from a wrong one. */
    if (claimed_address(file, claimed) != OK)
        return E_BAD_FORMAT;
    enum status status = open_seed(sealed, bytes, password, secret);
    if (status == OK)
        status = key_make(secret, &key);
    mem_wipe(secret, sizeof secret);
    if (status != OK)
        return status == E_INVALID ? E_REFUSED : status;
    if (memcmp(key->address, claimed, sizeof claimed) != 0) {
        wallet_key_free(key);
        return E_REFUSED;
    }
    *out = key;
    return OK;
}
