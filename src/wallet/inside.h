/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WALLET_INSIDE_H
#define WALLET_INSIDE_H

#include "json/json.h"
#include "wallet/wallet.h"

struct wallet_key {
    uint8_t secret[ECDSA_KEY_BYTES];
    uint8_t address[ETHEREUM_ADDRESS_BYTES];
};

/* Pages of their own: zeroed, locked, not dumped, not inherited. NULL when out of memory. */
void *secret_alloc(size_t bytes);
void secret_free(void *block, size_t bytes);

/* A key of 32 octets.  OK, E_INVALID, E_NOMEM. */
MUST_CHECK enum status key_make(const uint8_t secret[ECDSA_KEY_BYTES], struct wallet_key **out);

/* Hexadecimal, with or without 0x, of exactly so many octets. */
bool hex_exact(const char *text, uint8_t *out, size_t bytes);

/* A file of Ethereum's sale. */
MUST_CHECK enum status presale_open(const struct json_value *file, const struct wallet_secret *password, struct wallet_key **out);

/* The address that the parsed file claims. */
MUST_CHECK enum status claimed_address(const struct json_value *file, uint8_t out[ETHEREUM_ADDRESS_BYTES]);

#endif
