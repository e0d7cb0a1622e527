/* SPDX-License-Identifier: Apache-2.0 */
/* What single values of checked text say: strings, numbers, hex digits. */
#include "json/inside.h"

/* What is between the quotes. */
static bool inner_text(struct json_view value, struct slice *out)
{
    if (json_kind(value) != JSON_STRING)
        return false;
    *out = slice_of(value.at + 1, (size_t)(value.end - value.at) - 2);
    return true;
}

static bool has_escapes(struct slice text) { return text.length > 0 && memchr(text.data, '\\', text.length); }

bool json_is(struct json_view value, const char *text)
{
    struct json_token token = { .kind = JSON_STRING };
    if (!inner_text(value, &token.raw))
        return false;
    token.escaped = has_escapes(token.raw);
    return json_token_is(&token, text);
}

enum status json_text_plain(struct json_view value, struct slice *out)
{
    struct slice text;
    if (!inner_text(value, &text))
        return E_NOT_FOUND;
    if (has_escapes(text))
        return E_UNSUPPORTED;
    *out = text;
    return OK;
}

enum status json_text_copy(struct json_view value, char *buffer, size_t room, size_t *length)
{
    struct slice text;
    size_t used = 0;
    if (!inner_text(value, &text))
        return E_NOT_FOUND;
    for (const char *at = text.data, *end = at + text.length; at < end;) {
        char piece[4] = { *at++ };
        size_t count = piece[0] == '\\' ? json_escape_read(&at, end, piece) : 1;
        if (count > room - used)
            return E_NO_SPACE;
        memcpy(buffer + used, piece, count);
        used += count;
    }
    if (used < room)
        buffer[used] = 0;
    *length = used;
    return OK;
}

enum status json_truth(struct json_view value, bool *out)
{
    enum json_kind kind = json_kind(value);
    if (kind != JSON_TRUE && kind != JSON_FALSE)
        return E_NOT_FOUND;
    *out = kind == JSON_TRUE;
    return OK;
}

enum status json_u64(struct json_view value, uint64_t *out)
{
    if (json_kind(value) != JSON_NUMBER)
        return E_NOT_FOUND;
    enum status st = text_read_u64(json_raw(value), UINT64_MAX, out);
    return st == E_RANGE ? E_RANGE : st == OK ? OK : E_NOT_FOUND;
}

/* ---- hex digits ---- */

/* 0..15, or 0xff.  (Worked out, not looked up: it is done for eight at once below.) */
static inline uint8_t hex_digit(uint8_t c)
{
    uint8_t digit = (uint8_t)(c - '0'), letter = (uint8_t)((c | 0x20) - 'a');
    return digit < 10 ? digit : letter < 6 ? (uint8_t)(letter + 10) : 0xff;
}

/* Eight digits to four octets. @return false when one is no digit */
static inline bool hex_8(const char *at, uint8_t out[4])
{
    uint8_t bad = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t high = hex_digit((uint8_t)at[2 * i]), low = hex_digit((uint8_t)at[2 * i + 1]);
        bad |= high | low;
        out[i] = (uint8_t)(high << 4 | (low & 15));
    }
    return (bad & 0x80) == 0;
}

enum status json_digits_decode(struct slice digits, uint8_t *out)
{
    size_t i = 0;
    bool good = digits.length % 2 == 0;
    for (; good && i + 8 <= digits.length; i += 8)
        good = hex_8(digits.data + i, out + i / 2);
    for (; good && i < digits.length; i += 2) {
        uint8_t high = hex_digit((uint8_t)digits.data[i]), low = hex_digit((uint8_t)digits.data[i + 1]);
        good = ((high | low) & 0x80) == 0;
        out[i / 2] = (uint8_t)(high << 4 | (low & 15));
    }
    return good ? OK : E_BAD_TEXT;
}

/* A string that starts with 0x: what is behind, unchecked. */
static enum status behind_0x(struct json_view value, struct slice *digits)
{
    struct slice text;
    if (!inner_text(value, &text))
        return E_NOT_FOUND;
    if (text.length < 2 || text.data[0] != '0' || text.data[1] != 'x')
        return E_BAD_TEXT;
    *digits = slice_of(text.data + 2, text.length - 2);
    return OK;
}

static bool all_digits(struct slice digits)
{
    uint8_t bad = 0;
    for (size_t i = 0; i < digits.length; i++)
        bad |= hex_digit((uint8_t)digits.data[i]);
    return (bad & 0x80) == 0;
}

enum status json_hex(struct json_view value, struct slice *digits)
{
    struct slice found;
    enum status st = behind_0x(value, &found);
    if (st != OK)
        return st;
    if (found.length % 2 || !all_digits(found))
        return E_BAD_TEXT;
    *digits = found;
    return OK;
}

enum status json_hex_bytes(struct json_view value, uint8_t *out, size_t room, size_t *length)
{
    struct slice digits;
    enum status st = behind_0x(value, &digits);
    if (st != OK)
        return st;
    if (digits.length % 2)
        return E_BAD_TEXT;
    if (digits.length / 2 > room)
        return all_digits(digits) ? E_NO_SPACE : E_BAD_TEXT;
    st = json_digits_decode(digits, out);
    if (st == OK)
        *length = digits.length / 2;
    return st;
}

enum status json_hex_exact(struct json_view value, uint8_t *out, size_t count)
{
    struct slice digits;
    enum status st = json_hex(value, &digits);
    if (st == OK && digits.length / 2 != count)
        st = E_RANGE;
    return st == OK ? json_digits_decode(digits, out) : st;
}

enum status json_quantity_256(struct json_view value, uint8_t out[32])
{
    struct slice digits;
    enum status st = behind_0x(value, &digits);
    if (st != OK)
        return st;
    if (digits.length == 0 || !all_digits(digits))
        return E_BAD_TEXT;
    while (digits.length > 0 && digits.data[0] == '0') {
        digits.data++;
        digits.length--;
    }
    if (digits.length > 64)
        return E_RANGE;
    memset(out, 0, 32);
    for (size_t i = 0; i < digits.length; i++) {
        size_t place = 64 - digits.length + i;      /* of 64 digits */
        out[place / 2] = (uint8_t)(out[place / 2] << 4 | hex_digit((uint8_t)digits.data[i]));
    }
    return OK;
}

enum status json_quantity(struct json_view value, uint64_t *out)
{
    uint8_t bytes[32], high = 0;
    enum status st = json_quantity_256(value, bytes);
    if (st != OK)
        return st;
    for (size_t i = 0; i < 24; i++)
        high |= bytes[i];
    if (high)
        return E_RANGE;
    uint64_t number = 0;
    for (size_t i = 24; i < 32; i++)
        number = number << 8 | bytes[i];
    *out = number;
    return OK;
}
