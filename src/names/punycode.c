/* SPDX-License-Identifier: Apache-2.0 */
#include "names/punycode.h"

#include <string.h>

/* RFC 3492 section 5. */
enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_POINT = 0x80, POINT_MOST = 0x10ffff };

/* Section 6.1. */
static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / count;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias + T_MIN ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
}

static uint32_t digit_value(char c)
{
    uint8_t low = ascii_lower((uint8_t)c);
    return low >= 'a' && low <= 'z' ? (uint32_t)(low - 'a') : low >= '0' && low <= '9' ? (uint32_t)(low - '0' + 26) : BASE;
}

static char digit(uint32_t value) { return (char)(value < 26 ? 'a' + value : '0' + (value - 26)); }

/* A number of variable length at *at (section 3.3), added to `sum`.  @return false when cut short, bad or too large */
static bool read_number(struct slice text, size_t *at, uint32_t bias, uint32_t *sum)
{
    uint32_t weight = 1;
    for (uint32_t k = BASE; ; k += BASE) {
        if (*at == text.length)
            return false;
        uint32_t value = digit_value(text.data[(*at)++]), t = threshold(k, bias);
        if (value >= BASE || value > (UINT32_MAX - *sum) / weight)
            return false;
        *sum += value * weight;
        if (value < t)
            return true;
        if (weight > UINT32_MAX / (BASE - t))
            return false;
        weight *= BASE - t;
    }
}

/* The basic code points before the last delimiter.  @return how many octets they and it take, or SIZE_MAX: one is not basic */
static size_t basic_octets(struct slice text)
{
    const char *delimiter = text.length ? memrchr(text.data, '-', text.length) : NULL;
    size_t octets = delimiter ? (size_t)(delimiter - text.data) : 0;
    for (size_t i = 0; i < octets; i++)
        if ((uint8_t)text.data[i] >= 0x80)
            return SIZE_MAX;
    return octets;
}

enum status punycode_decode(struct slice text, uint32_t *points, size_t room, size_t *count)
{
    uint32_t point = FIRST_POINT, index = 0, bias = FIRST_BIAS;
    size_t made = basic_octets(text);
    if (made == SIZE_MAX || text.length > UINT32_MAX / 2)
        return E_BAD_TEXT;
    if (made > room)
        return E_NO_SPACE;
    for (size_t i = 0; i < made; i++)
        points[i] = (uint8_t)text.data[i];
    for (size_t at = made > 0 ? made + 1 : 0; at < text.length; ) {
        uint32_t before = index;
        if (!read_number(text, &at, bias, &index))
            return E_BAD_TEXT;
        if (made == room)
            return E_NO_SPACE;
        made++;
        bias = adapt(index - before, (uint32_t)made, before == 0);
        if (index / made > POINT_MOST - point)
            return E_BAD_TEXT;
        point += index / (uint32_t)made;
        index %= (uint32_t)made;
        if (point >= 0xd800 && point < 0xe000)
            return E_BAD_TEXT;
        memmove(&points[index + 1], &points[index], (made - 1 - index) * sizeof points[0]);
        points[index++] = point;
    }
    *count = made;
    return OK;
}

struct writer {
    char *out;
    size_t room, length;
    bool full;
};

static void put(struct writer *w, char c)
{
    if (w->length < w->room)
        w->out[w->length++] = c;
    else
        w->full = true;
}

static void put_number(struct writer *w, uint32_t value, uint32_t bias)
{
    for (uint32_t k = BASE; ; k += BASE) {
        uint32_t t = threshold(k, bias);
        if (value < t)
            break;
        put(w, digit(t + (value - t) % (BASE - t)));
        value = (value - t) / (BASE - t);
    }
    put(w, digit(value));
}

/* The least code point from `least` on, or UINT32_MAX. */
static uint32_t next_point(const uint32_t *points, size_t count, uint32_t least)
{
    uint32_t found = UINT32_MAX;
    for (size_t i = 0; i < count; i++)
        if (points[i] >= least && points[i] < found)
            found = points[i];
    return found;
}

enum status punycode_encode(const uint32_t *points, size_t count, char *out, size_t room, size_t *length)
{
    struct writer w = { out, room, 0, false };
    uint32_t point = FIRST_POINT, delta = 0, bias = FIRST_BIAS;
    for (size_t i = 0; i < count; i++)
        if (points[i] < FIRST_POINT)
            put(&w, (char)points[i]);
    size_t basic = w.full ? 0 : w.length, done = basic;
    if (basic > 0)
        put(&w, '-');
    while (done < count && !w.full) {
        uint32_t next = next_point(points, count, point);
        if (next > POINT_MOST || next - point > (UINT32_MAX - delta) / (uint32_t)(done + 1))
            return E_RANGE;
        delta += (next - point) * (uint32_t)(done + 1);
        point = next;
        for (size_t i = 0; i < count && !w.full; i++) {
            if (points[i] < point && ++delta == 0)
                return E_RANGE;
            if (points[i] != point)
                continue;
            put_number(&w, delta, bias);
            bias = adapt(delta, (uint32_t)(done + 1), done == basic);
            delta = 0;
            done++;
        }
        delta++;
        point++;
    }
    if (w.full)
        return E_NO_SPACE;
    *length = w.length;
    return OK;
}
