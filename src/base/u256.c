/* SPDX-License-Identifier: Apache-2.0 */
#include "base/u256.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;     /* for carries only */

struct u256 u256_read(const uint8_t *octets, size_t bytes)
{
    struct u256 a = { { 0 } };
    for (size_t i = 0; i < bytes && i < U256_BYTES; i++)
        a.limb[i / 8] |= (uint64_t)octets[bytes - 1 - i] << (8 * (i % 8));
    return a;
}

void u256_write(struct u256 a, uint8_t out[U256_BYTES])
{
    for (size_t i = 0; i < U256_BYTES; i++)
        out[U256_BYTES - 1 - i] = (uint8_t)(a.limb[i / 8] >> (8 * (i % 8)));
}

size_t u256_bytes(struct u256 a)
{
    for (size_t i = 4; i-- > 0;)
        if (a.limb[i] != 0)
            return 8 * i + (71 - (size_t)__builtin_clzll(a.limb[i])) / 8;
    return 0;
}

int u256_compare(struct u256 a, struct u256 b)
{
    for (size_t i = 4; i-- > 0;)
        if (a.limb[i] != b.limb[i])
            return a.limb[i] < b.limb[i] ? -1 : 1;
    return 0;
}

bool u256_add(struct u256 a, struct u256 b, struct u256 *sum)
{
    wide carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (wide)a.limb[i] + b.limb[i];
        sum->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry != 0;
}

bool u256_subtract(struct u256 a, struct u256 b, struct u256 *difference)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < 4; i++) {
        wide left = (wide)a.limb[i] - b.limb[i] - borrow;
        difference->limb[i] = (uint64_t)left;
        borrow = left >> 64 != 0;
    }
    return borrow != 0;
}

bool u256_multiply_u64(struct u256 a, uint64_t by, struct u256 *product)
{
    wide carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (wide)a.limb[i] * by;
        product->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry != 0;
}

/* Row by row: what of a row lies over the top limb, or is carried out of it, ran over. */
bool u256_multiply(struct u256 a, struct u256 b, struct u256 *product)
{
    struct u256 sum = { { 0 } };
    bool over = false;
    for (size_t i = 0; i < 4; i++) {
        struct u256 row, shifted = { { 0 } };
        over |= u256_multiply_u64(a, b.limb[i], &row);
        for (size_t j = 0; j < 4; j++) {
            if (i + j < 4)
                shifted.limb[i + j] = row.limb[j];
            else
                over |= row.limb[j] != 0;
        }
        over |= u256_add(sum, shifted, &sum);
    }
    *product = sum;
    return over;
}

uint64_t u256_divide_u64(struct u256 a, uint64_t by, struct u256 *quotient)
{
    wide rest = 0;
    for (size_t i = 4; i-- > 0;) {
        rest = rest << 64 | a.limb[i];
        quotient->limb[i] = (uint64_t)(rest / by);
        rest %= by;
    }
    return (uint64_t)rest;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)ascii_lower((uint8_t)c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : 99;
}

static enum status parse_base(struct slice text, unsigned base, struct u256 *out)
{
    struct u256 number = { { 0 } };
    bool over = false;
    if (text.length == 0)
        return E_BAD_TEXT;
    for (size_t i = 0; i < text.length; i++) {
        int digit = digit_value(text.data[i]);
        if (digit >= (int)base)
            return E_BAD_TEXT;
        over |= u256_multiply_u64(number, base, &number);
        over |= u256_add(number, u256_from_u64((uint64_t)digit), &number);
    }
    if (over)
        return E_RANGE;
    *out = number;
    return OK;
}

enum status u256_parse(struct slice text, struct u256 *out)
{
    if (text.length >= 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X'))
        return parse_base(slice_of(text.data + 2, text.length - 2), 16, out);
    return parse_base(text, 10, out);
}

enum status u256_parse_units(struct slice text, unsigned decimals, struct u256 *out)
{
    const char *point = text.length ? memchr(text.data, '.', text.length) : NULL;
    size_t whole_length = point ? (size_t)(point - text.data) : text.length;
    size_t places = point ? text.length - whole_length - 1 : 0;
    struct u256 whole = { { 0 } }, part = { { 0 } };
    bool over = false;
    if (places > decimals || (point && places == 0))
        return E_BAD_TEXT;
    enum status status = parse_base(slice_of(text.data, whole_length), 10, &whole);
    if (status == OK && point)
        status = parse_base(slice_of(point + 1, places), 10, &part);
    if (status != OK)
        return status;
    for (unsigned i = 0; i < decimals; i++) {
        over |= u256_multiply_u64(whole, 10, &whole);
        if (i >= places)
            over |= u256_multiply_u64(part, 10, &part);
    }
    over |= u256_add(whole, part, &whole);
    if (over)
        return E_RANGE;
    *out = whole;
    return OK;
}

/* Decimal digits from the end of the buffer; returns the first.  At least `least` of them. */
static const char *print_digits(struct u256 a, size_t least, char buffer[U256_TEXT_ROOM])
{
    char *at = buffer + U256_TEXT_ROOM - 1;
    *at = '\0';
    for (size_t count = 0; !u256_is_zero(a) || count < least; count++)
        *--at = (char)('0' + u256_divide_u64(a, 10, &a));
    return at;
}

void u256_print(struct text *text, struct u256 a)
{
    char buffer[U256_TEXT_ROOM];
    text_add(text, print_digits(a, 1, buffer));
}

void u256_print_units(struct text *text, struct u256 a, unsigned decimals)
{
    char buffer[U256_TEXT_ROOM];
    const char *digits = print_digits(a, decimals + 1u, buffer);
    size_t length = strlen(digits), whole = length - decimals, places = decimals;
    while (places > 0 && digits[whole + places - 1] == '0')
        places--;
    text_add_bytes(text, digits, whole);
    if (places > 0)
        text_add_char(text, '.');
    text_add_bytes(text, digits + whole, places);
}

void u256_print_word(struct text *text, struct u256 a)
{
    uint8_t octets[U256_BYTES];
    u256_write(a, octets);
    text_add(text, "0x");
    text_add_hex(text, octets, sizeof octets, false);
}

void u256_print_quantity(struct text *text, struct u256 a)
{
    char buffer[2 + 2 * U256_BYTES + 1];
    struct text word;
    text_fixed(&word, buffer, sizeof buffer);
    u256_print_word(&word, a);
    const char *digits = buffer + 2;
    while (digits[0] == '0' && digits[1] != '\0')
        digits++;
    text_add(text, "0x");
    text_add(text, digits);
}
