/* SPDX-License-Identifier: Apache-2.0 */
#include "names/codec_bech32.h"
#include "names/codec_base.h"

#include <string.h>

enum { CHECK_WORDS = 6, CASH_CHECK_WORDS = 8 };

static uint32_t bech32_step(uint32_t sum, unsigned word)
{
    static const uint32_t generator[5] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ word;
    for (unsigned i = 0; i < 5; i++)
        sum ^= top >> i & 1 ? generator[i] : 0;
    return sum;
}

static uint32_t bech32_prefix_sum(const char *prefix)
{
    uint32_t sum = 1;
    for (const char *c = prefix; *c; c++)
        sum = bech32_step(sum, (uint8_t)*c >> 5);
    sum = bech32_step(sum, 0);
    for (const char *c = prefix; *c; c++)
        sum = bech32_step(sum, *c & 31);
    return sum;
}

static uint32_t bech32_constant(enum bech32_kind kind) { return kind == BECH32M ? 0x2bc830a3 : 1; }

void bech32_print(struct text *out, enum bech32_kind kind, const char *prefix, int version, const uint8_t *bytes, size_t count)
{
    char room[BECH32_TEXT_MAX + 1];
    struct text words;
    text_fixed(&words, room, sizeof room);
    if (version >= 0)
        text_add_char(&words, BASE32_BECH[version & 31]);
    bits_print(&words, BASE32_BECH, 5, bytes, count);
    if (words.full) {
        out->full = true;
        return;
    }
    uint32_t sum = bech32_prefix_sum(prefix);
    for (size_t i = 0; i < words.length; i++)
        sum = bech32_step(sum, (unsigned)digit_value(BASE32_BECH, words.data[i]));
    for (unsigned i = 0; i < CHECK_WORDS; i++)
        sum = bech32_step(sum, 0);
    sum ^= bech32_constant(kind);
    text_add(out, prefix);
    text_add_char(out, '1');
    text_add_bytes(out, words.data, words.length);
    for (unsigned i = 0; i < CHECK_WORDS; i++)
        text_add_char(out, BASE32_BECH[sum >> 5 * (CHECK_WORDS - 1 - i) & 31]);
}

/* Copies the text in lower case; mixed case is an error (BIP 173). */
static enum status one_case(struct slice text, char *out, size_t room)
{
    bool lower = false, upper = false;
    if (text.length >= room)
        return E_BAD_TEXT;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        lower |= c >= 'a' && c <= 'z';
        upper |= c >= 'A' && c <= 'Z';
        out[i] = (char)ascii_lower((uint8_t)c);
    }
    out[text.length] = 0;
    return lower && upper ? E_BAD_TEXT : OK;
}

enum status bech32_parse(struct slice text, const char *prefix, bool versioned, struct bech32_data *out)
{
    char lower[BECH32_TEXT_MAX + 1];
    size_t skip = strlen(prefix) + 1;
    struct bech32_data data = { .version = -1 };
    enum status status = one_case(text, lower, sizeof lower);
    if (status != OK)
        return status;
    if (text.length < skip + versioned + CHECK_WORDS || memcmp(lower, prefix, skip - 1) != 0 || lower[skip - 1] != '1')
        return E_BAD_TEXT;
    uint32_t sum = bech32_prefix_sum(prefix);
    for (size_t i = skip; i < text.length; i++) {
        int word = digit_value(BASE32_BECH, lower[i]);
        if (word < 0)
            return E_BAD_TEXT;
        sum = bech32_step(sum, (unsigned)word);
    }
    if (sum != bech32_constant(BECH32) && sum != bech32_constant(BECH32M))
        return E_BAD_TEXT;
    data.kind = sum == bech32_constant(BECH32M) ? BECH32M : BECH32;
    if (versioned)
        data.version = digit_value(BASE32_BECH, lower[skip++]);
    status = bits_parse(slice_of(lower + skip, text.length - skip - CHECK_WORDS), BASE32_BECH, 5, data.bytes,
                        sizeof data.bytes, &data.length);
    if (status == OK)
        *out = data;
    return status;
}

static const char cash_prefix[] = "bitcoincash";

/* CashAddr's checksum of the prefix, a zero and these digits: 0 when they end in the right one. */
static uint64_t cash_sum(const char *digits, size_t count, unsigned zeros)
{
    static const uint64_t generator[5] = { 0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470 };
    uint64_t sum = 1;
    size_t prefix = sizeof cash_prefix;         /* with its NUL: the zero behind it */
    for (size_t i = 0; i < prefix + count + zeros; i++) {
        unsigned word = i < prefix         ? (uint8_t)cash_prefix[i] & 31U
                        : i - prefix < count ? (unsigned)digit_value(BASE32_BECH, digits[i - prefix])
                                             : 0;
        unsigned top = (unsigned)(sum >> 35);
        sum = (sum & 0x7ffffffff) << 5 ^ word;
        for (unsigned j = 0; j < 5; j++)
            sum ^= top >> j & 1 ? generator[j] : 0;
    }
    return sum ^ 1;
}

void cashaddr_print(struct text *out, unsigned type, const uint8_t hash[20])
{
    char room[48];
    struct text words;
    uint8_t payload[21] = { (uint8_t)(type << 3) };     /* low bits 0: a hash of 160 bits */
    memcpy(payload + 1, hash, 20);
    text_fixed(&words, room, sizeof room);
    bits_print(&words, BASE32_BECH, 5, payload, sizeof payload);
    uint64_t sum = cash_sum(words.data, words.length, CASH_CHECK_WORDS);
    text_add(out, cash_prefix);
    text_add_char(out, ':');
    text_add(out, words.data);
    for (unsigned i = 0; i < CASH_CHECK_WORDS; i++)
        text_add_char(out, BASE32_BECH[sum >> 5 * (CASH_CHECK_WORDS - 1 - i) & 31]);
}

enum status cashaddr_parse(struct slice text, unsigned *type, uint8_t hash[20])
{
    char lower[64];
    uint8_t payload[21];
    size_t length, skip = sizeof cash_prefix;           /* the colon takes the place of the NUL */
    enum status status = one_case(text, lower, sizeof lower);
    if (status != OK)
        return status;
    if (text.length < skip || memcmp(lower, cash_prefix, skip - 1) != 0 || lower[skip - 1] != ':')
        skip = 0;
    size_t count = text.length - skip;
    for (size_t i = 0; i < count; i++)
        if (digit_value(BASE32_BECH, lower[skip + i]) < 0)
            return E_BAD_TEXT;
    if (count <= CASH_CHECK_WORDS || cash_sum(lower + skip, count, 0) != 0)
        return E_BAD_TEXT;
    status = bits_parse(slice_of(lower + skip, count - CASH_CHECK_WORDS), BASE32_BECH, 5, payload, sizeof payload, &length);
    if (status != OK || length != sizeof payload || (payload[0] & 0x87) != 0)
        return E_BAD_TEXT;
    *type = payload[0] >> 3;
    memcpy(hash, payload + 1, 20);
    return OK;
}
