/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/address.h"
#include "crypto/keccak.h"

#include <string.h>

enum { DIGITS = 40 };

const char *eip1191_print(const uint8_t address[20], uint64_t chain, char out[EIP55_TEXT_ROOM])
{
    char prefix[24];
    uint8_t hash[KECCAK256_BYTES];
    struct keccak256 state;
    struct text text;
    text_fixed(&text, out, EIP55_TEXT_ROOM);
    text_add(&text, "0x");
    text_add_hex(&text, address, 20, false);
    keccak256_init(&state);
    if (chain != 0) {
        text_fixed(&text, prefix, sizeof prefix);
        text_add_u64(&text, chain);
        text_add(&text, "0x");
        keccak256_add(&state, text.data, text.length);
    }
    keccak256_add(&state, out + 2, DIGITS);
    keccak256_end(&state, hash);
    for (size_t i = 0; i < DIGITS; i++) {
        unsigned nibble = i % 2 ? hash[i / 2] & 15u : hash[i / 2] >> 4;
        char *digit = &out[2 + i];
        if (nibble >= 8 && *digit >= 'a')
            *digit = (char)(*digit - 'a' + 'A');
    }
    return out;
}

const char *eip55_print(const uint8_t address[20], char out[EIP55_TEXT_ROOM]) { return eip1191_print(address, 0, out); }

enum status eip1191_parse(struct slice text, uint64_t chain, uint8_t out[20])
{
    uint8_t address[20];
    char printed[EIP55_TEXT_ROOM];
    size_t bytes = 0;
    bool lower = false, upper = false;
    if (text.length != 2 + DIGITS || text.data[0] != '0' || text.data[1] != 'x')
        return E_BAD_TEXT;
    if (hex_decode(slice_of(text.data + 2, DIGITS), address, sizeof address, &bytes) != OK || bytes != sizeof address)
        return E_BAD_TEXT;
    for (size_t i = 2; i < text.length; i++) {
        lower |= text.data[i] >= 'a';
        upper |= text.data[i] >= 'A' && text.data[i] <= 'F';
    }
    if (lower && upper && !slice_is(text, eip1191_print(address, chain, printed)))
        return E_INVALID;
    memcpy(out, address, sizeof address);
    return OK;
}

enum status eip55_parse(struct slice text, uint8_t out[20]) { return eip1191_parse(text, 0, out); }
