/* SPDX-License-Identifier: Apache-2.0 */
#include "names/codec_base.h"

#include <string.h>

int digit_value(const char *alphabet, char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

void bits_print(struct text *out, const char *alphabet, unsigned bits, const uint8_t *bytes, size_t count)
{
    uint32_t pending = 0;
    unsigned held = 0;
    for (size_t i = 0; i < count; i++) {
        pending = (pending << 8 | bytes[i]) & 0xffff;
        for (held += 8; held >= bits;) {
            held -= bits;
            text_add_char(out, alphabet[pending >> held & ((1U << bits) - 1)]);
        }
    }
    if (held)
        text_add_char(out, alphabet[pending << (bits - held) & ((1U << bits) - 1)]);
}

enum status bits_parse(struct slice text, const char *alphabet, unsigned bits, uint8_t *out, size_t room, size_t *length)
{
    uint32_t pending = 0;
    unsigned held = 0;
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        int value = digit_value(alphabet, text.data[i]);
        if (value < 0)
            return E_BAD_TEXT;
        pending = (pending << bits | (uint32_t)value) & 0xffff;
        held += bits;
        if (held < 8)
            continue;
        if (count == room)
            return E_NO_SPACE;
        held -= 8;
        out[count++] = (uint8_t)(pending >> held);
    }
    if (held >= bits || (pending & ((1U << held) - 1)) != 0)
        return E_BAD_TEXT;
    *length = count;
    return OK;
}

void radix_print(struct text *out, const char *alphabet, const uint8_t *bytes, size_t count)
{
    uint8_t digits[RADIX_BYTES_MAX * 2];        /* least significant first; base 32 needs 1.6 for an octet */
    size_t used = 0, zeros = 0;
    unsigned base = (unsigned)strlen(alphabet);
    require(base >= 32 && base <= 64);
    if (count > RADIX_BYTES_MAX) {
        out->full = true;
        return;
    }
    while (zeros < count && bytes[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < count; i++) {
        unsigned carry = bytes[i];
        for (size_t j = 0; j < used || carry; j++) {
            carry += j < used ? digits[j] * 256U : 0;
            used = j < used ? used : j + 1;
            digits[j] = (uint8_t)(carry % base);
            carry /= base;
        }
    }
    for (size_t i = 0; i < zeros; i++)
        text_add_char(out, alphabet[0]);
    while (used > 0)
        text_add_char(out, alphabet[digits[--used]]);
}

enum status radix_parse(struct slice text, const char *alphabet, uint8_t *out, size_t room, size_t *length)
{
    uint8_t bytes[RADIX_BYTES_MAX];             /* least significant first */
    size_t used = 0, zeros = 0;
    unsigned base = (unsigned)strlen(alphabet);
    while (zeros < text.length && text.data[zeros] == alphabet[0])
        zeros++;
    for (size_t i = zeros; i < text.length; i++) {
        int value = digit_value(alphabet, text.data[i]);
        if (value < 0)
            return E_BAD_TEXT;
        unsigned carry = (unsigned)value;
        for (size_t j = 0; j < used || carry; j++) {
            if (j == sizeof bytes)
                return E_BAD_TEXT;
            carry += j < used ? bytes[j] * base : 0;
            used = j < used ? used : j + 1;
            bytes[j] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    if (zeros > RADIX_BYTES_MAX - used)
        return E_BAD_TEXT;
    if (zeros + used > room)
        return E_NO_SPACE;
    memset(out, 0, zeros);
    for (size_t i = 0; i < used; i++)
        out[zeros + i] = bytes[used - 1 - i];
    *length = zeros + used;
    return OK;
}

enum { MONERO_BLOCK_BYTES = 8, MONERO_BLOCK_DIGITS = 11 };
/* Digits of a block of so many octets. */
static const uint8_t monero_digits[MONERO_BLOCK_BYTES + 1] = { 0, 2, 3, 5, 6, 7, 9, 10, 11 };

void monero58_print(struct text *out, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count; at += MONERO_BLOCK_BYTES) {
        size_t size = count - at < MONERO_BLOCK_BYTES ? count - at : MONERO_BLOCK_BYTES;
        char digits[MONERO_BLOCK_DIGITS];
        uint64_t number = 0;
        for (size_t i = 0; i < size; i++)
            number = number << 8 | bytes[at + i];
        for (size_t i = monero_digits[size]; i-- > 0; number /= 58)
            digits[i] = BASE58_BITCOIN[number % 58];
        text_add_bytes(out, digits, monero_digits[size]);
    }
}

/* One block of `digits` digits into `size` octets; more than those hold is an error. */
static enum status monero_block_parse(const char *digits, size_t size, uint8_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < monero_digits[size]; i++) {
        int value = digit_value(BASE58_BITCOIN, digits[i]);
        if (value < 0 || __builtin_mul_overflow(number, 58U, &number) ||
            __builtin_add_overflow(number, (uint64_t)value, &number))
            return E_BAD_TEXT;
    }
    if (size < MONERO_BLOCK_BYTES && number >> (8 * size) != 0)
        return E_BAD_TEXT;
    for (size_t i = size; i-- > 0; number >>= 8)
        out[i] = (uint8_t)number;
    return OK;
}

enum status monero58_parse(struct slice text, uint8_t *out, size_t room, size_t *length)
{
    size_t count = 0;
    for (size_t at = 0; at < text.length; at += MONERO_BLOCK_DIGITS) {
        size_t digits = text.length - at < MONERO_BLOCK_DIGITS ? text.length - at : MONERO_BLOCK_DIGITS, size = 0;
        while (size <= MONERO_BLOCK_BYTES && monero_digits[size] != digits)
            size++;
        if (size > MONERO_BLOCK_BYTES)
            return E_BAD_TEXT;
        if (size > room - count)
            return E_NO_SPACE;
        enum status status = monero_block_parse(text.data + at, size, out + count);
        if (status != OK)
            return status;
        count += size;
    }
    *length = count;
    return OK;
}
