/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, base64 and base32hex (RFC 4648): one bit-by-bit reader and writer for the three. */
#include "base/text.h"

#include <string.h>

static int hex_value(uint8_t c)
{
    uint8_t lower = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int base32hex_value(uint8_t c)
{
    uint8_t lower = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'v' ? lower - 'a' + 10 : -1;
}

/* Bits that do not fill an octet must be fewer than a digit holds, and zero (RFC 4648 3.5), so that an
 * octet string has one spelling only. */
static enum status decode(struct slice text, unsigned bits, int (*value_of)(uint8_t), uint8_t *out, size_t room,
                          size_t *length)
{
    uint32_t pending = 0;
    unsigned held = 0;
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        int value = value_of((uint8_t)text.data[i]);
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

enum status hex_decode(struct slice text, uint8_t *out, size_t room, size_t *length)
{
    return decode(text, 4, hex_value, out, room, length);
}

enum status base64_decode(struct slice text, uint8_t *out, size_t room, size_t *length)
{
    if (text.length % 4 != 0)
        return E_BAD_TEXT;
    for (int i = 0; i < 2 && text.length && text.data[text.length - 1] == '='; i++)
        text.length--;
    return decode(text, 6, base64_value, out, room, length);
}

enum status base32hex_decode(struct slice text, uint8_t *out, size_t room, size_t *length)
{
    return decode(text, 5, base32hex_value, out, room, length);
}

/* Writes digits of `bits` bits, in pieces, so that few calls are made and none is left half done. */
static void encode(struct text *text, const char *digits, unsigned bits, const uint8_t *bytes, size_t count)
{
    char piece[64];
    size_t used = 0;
    uint32_t pending = 0;
    unsigned held = 0;
    size_t start = text->length;
    bool was_full = text->full;
    for (size_t i = 0; i < count; i++) {
        pending = (pending << 8 | bytes[i]) & 0xffff;
        for (held += 8; held >= bits; used++) {
            held -= bits;
            piece[used] = digits[pending >> held & ((1U << bits) - 1)];
        }
        if (used > sizeof piece - 4) {
            text_add_bytes(text, piece, used);
            used = 0;
        }
    }
    if (held)
        piece[used++] = digits[pending << (bits - held) & ((1U << bits) - 1)];
    if (bits == 6)
        for (size_t i = count; i % 3 != 0; i++)
            piece[used++] = '=';
    text_add_bytes(text, piece, used);
    if (text->full && !was_full) {
        text->length = start;
        if (text->room > start)
            text->data[start] = 0;
    }
}

void text_add_hex(struct text *text, const uint8_t *bytes, size_t count, bool upper)
{
    encode(text, upper ? "0123456789ABCDEF" : "0123456789abcdef", 4, bytes, count);
}

void text_add_base64(struct text *text, const uint8_t *bytes, size_t count)
{
    encode(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, bytes, count);
}

void text_add_base32hex(struct text *text, const uint8_t *bytes, size_t count)
{
    encode(text, "0123456789ABCDEFGHIJKLMNOPQRSTUV", 5, bytes, count);
}
