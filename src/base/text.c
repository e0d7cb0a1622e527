/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { GROW_LEAST = 64, WORD_MAX = 64 };

void text_fixed(struct text *text, char *buffer, size_t room)
{
    *text = (struct text){ .data = buffer, .room = room };
    if (room)
        buffer[0] = 0;
}

void text_growing(struct text *text) { *text = (struct text){ .grows = true }; }

void text_clear(struct text *text)
{
    if (text->grows) {
        mem_free(text->data);
        text_growing(text);
        return;
    }
    text_fixed(text, text->data, text->room);
}

/* Makes room for `count` octets and the terminator, or sets `full`. */
static bool reserve(struct text *text, size_t count)
{
    if (text->full)
        return false;
    if (text->room > text->length && count < text->room - text->length)
        return true;
    if (text->grows && count < SIZE_MAX / 4) {
        size_t room = text->room * 2 > GROW_LEAST ? text->room * 2 : GROW_LEAST;
        if (room < text->length + count + 1)
            room = text->length + count + 1;
        char *data = mem_resize(text->data, room);
        if (data) {
            text->data = data;
            text->room = room;
            return true;
        }
    }
    text->full = true;
    return false;
}

void text_add_bytes(struct text *text, const void *bytes, size_t count)
{
    if (!reserve(text, count))
        return;
    if (count)
        memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = 0;
}

void text_add(struct text *text, const char *string) { text_add_bytes(text, string, strlen(string)); }

void text_add_char(struct text *text, char c) { text_add_bytes(text, &c, 1); }

void text_add_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char small[128];
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->full = true;
        return;
    }
    if ((size_t)length < sizeof small) {
        text_add_bytes(text, small, (size_t)length);
        return;
    }
    if (!reserve(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void text_add_u64(struct text *text, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    text_add_bytes(text, digits + at, sizeof digits - at);
}

/* A compound write that hit the end is taken back, so that no half of it is left. */
static void undo_if_full(struct text *text, size_t length, bool was_full)
{
    if (!text->full || was_full)
        return;
    text->length = length;
    if (text->room > length)
        text->data[length] = 0;
}

void text_add_quoted(struct text *text, const uint8_t *bytes, size_t count)
{
    size_t start = text->length;
    bool was_full = text->full;
    text_add_char(text, '"');
    for (size_t i = 0; i < count; i++) {
        uint8_t c = bytes[i];
        if (c < 0x20 || c > 0x7e) {
            char escape[4] = { '\\', (char)('0' + c / 100), (char)('0' + c / 10 % 10), (char)('0' + c % 10) };
            text_add_bytes(text, escape, 4);
            continue;
        }
        if (c == '"' || c == '\\')
            text_add_char(text, '\\');
        text_add_char(text, (char)c);
    }
    text_add_char(text, '"');
    undo_if_full(text, start, was_full);
}

/* Octets of the well-formed UTF-8 sequence at s (Unicode table 3-7), 0 if there is none. */
static size_t utf8_length(const uint8_t *s)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    if (length == 0)
        return 0;
    uint8_t low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static void add_json_escape(struct text *text, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    char escape[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
    text_add_bytes(text, escape, 6);
}

void text_add_json(struct text *text, const char *string)
{
    size_t start = text->length;
    bool was_full = text->full;
    text_add_char(text, '"');
    for (const uint8_t *s = (const uint8_t *)string; *s;) {
        size_t length = utf8_length(s);
        if (length == 0 || *s < 0x20 || *s == 0x7f) {
            add_json_escape(text, *s++);
            continue;
        }
        if (*s == '"' || *s == '\\')
            text_add_char(text, '\\');
        text_add_bytes(text, s, length);
        s += length;
    }
    text_add_char(text, '"');
    undo_if_full(text, start, was_full);
}

struct slice slice_string(const char *string) { return slice_of(string, strlen(string)); }

bool slice_is(struct slice slice, const char *string)
{
    return strlen(string) == slice.length && (slice.length == 0 || memcmp(slice.data, string, slice.length) == 0);
}

bool slice_is_nocase(struct slice slice, const char *string)
{
    if (strlen(string) != slice.length)
        return false;
    for (size_t i = 0; i < slice.length; i++)
        if (ascii_lower((uint8_t)slice.data[i]) != ascii_lower((uint8_t)string[i]))
            return false;
    return true;
}

/* Reads digits from *at on; at least one. */
static enum status read_digits(struct slice slice, size_t *at, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = *at;
    bool over = false;
    for (; i < slice.length && slice.data[i] >= '0' && slice.data[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(slice.data[i] - '0');
        over = over || value > (UINT64_MAX - digit) / 10;
        value = value * 10 + digit;
    }
    if (i == *at)
        return E_BAD_TEXT;
    *at = i;
    *out = over || value > max ? UINT64_MAX : value;
    return over || value > max ? E_RANGE : OK;
}

enum status text_read_u64(struct slice slice, uint64_t max, uint64_t *out)
{
    size_t at = 0;
    uint64_t value = 0;
    enum status status = read_digits(slice, &at, max, &value);
    if (at != slice.length)
        return E_BAD_TEXT;
    if (status == OK)
        *out = value;
    return status;
}

enum status text_read_bytes(struct slice slice, uint64_t max, uint64_t *out)
{
    size_t at = 0;
    uint64_t value = 0;
    enum status status = read_digits(slice, &at, UINT64_MAX, &value);
    if (status == E_BAD_TEXT || slice.length - at > 1)
        return E_BAD_TEXT;
    unsigned shift = 0;
    if (at < slice.length) {
        switch (ascii_lower((uint8_t)slice.data[at])) {
        case 'k': shift = 10; break;
        case 'm': shift = 20; break;
        case 'g': shift = 30; break;
        default: return E_BAD_TEXT;
        }
    }
    if (status != OK || value > max >> shift)
        return E_RANGE;
    *out = value << shift;
    return OK;
}

/* The milliseconds of the unit at *at, and the position behind it; 0 when there is none. */
static uint64_t read_unit(struct slice slice, size_t *at)
{
    if (*at >= slice.length)
        return 0;
    uint8_t first = ascii_lower((uint8_t)slice.data[*at]);
    uint8_t second = *at + 1 < slice.length ? ascii_lower((uint8_t)slice.data[*at + 1]) : 0;
    *at += first == 'm' && second == 's' ? 2 : 1;
    switch (first) {
    case 's': return 1000;
    case 'm': return second == 's' ? 1 : 60000;
    case 'h': return 3600000;
    case 'd': return 86400000;
    case 'w': return 604800000;
    case 'y': return 31536000000;
    default: return 0;
    }
}

enum status text_read_duration_ms(struct slice slice, uint64_t max_ms, uint64_t *out)
{
    uint64_t total = 0;
    bool over = false;
    for (size_t at = 0; at < slice.length || at == 0;) {
        bool first = at == 0;
        uint64_t value = 0, part = 0;
        enum status status = read_digits(slice, &at, UINT64_MAX, &value);
        if (status == E_BAD_TEXT)
            return E_BAD_TEXT;
        uint64_t unit = first && at == slice.length ? 1000 : read_unit(slice, &at);
        if (unit == 0)
            return E_BAD_TEXT;
        over = over || status != OK || __builtin_mul_overflow(value, unit, &part) ||
               __builtin_add_overflow(total, part, &total);
    }
    if (over || total > max_ms)
        return E_RANGE;
    *out = total;
    return OK;
}

unsigned text_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > WORD_MAX || b_length > WORD_MAX)
        return 255;
    unsigned row[WORD_MAX + 1];
    for (unsigned j = 0; j <= b_length; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            unsigned best = diagonal + (ascii_lower((uint8_t)a[i - 1]) != ascii_lower((uint8_t)b[j - 1]));
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[b_length];
}
