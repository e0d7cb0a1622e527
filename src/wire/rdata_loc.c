/* SPDX-License-Identifier: Apache-2.0 */
/* LOC: a place on the Earth.  RFC 1876. */
#include "wire/rdata_inside.h"
#include <stdio.h>

enum { LOC_BYTES = 16, EQUATOR = 0x80000000u, LATITUDE_MAX = 90 * 3600000, LONGITUDE_MAX = 180 * 3600000,
       ALTITUDE_BASE = 10000000 /* cm below the reference spheroid */ };

/* Mantissa and power of ten of centimetres, each 0 to 9; a zero mantissa only as plain zero. */
static bool precision_fine(uint8_t octet)
{
    return octet == 0 || ((octet & 0x0f) <= 9 && octet >> 4 <= 9 && octet >> 4 != 0);
}

enum status loc_check(struct cursor *c, const char **why)
{
    const uint8_t *at = c->pos;

    if (cursor_left(c) < 1)
        return E_TRUNCATED;
    if (at[0] != 0) {                           /* another version: opaque (RFC 1876 2) */
        c->pos = c->end;
        return OK;
    }
    if (cursor_take(c, LOC_BYTES) == NULL)
        return E_TRUNCATED;
    if (!precision_fine(at[1]) || !precision_fine(at[2]) || !precision_fine(at[3]))
        return bad(why, "size and precision are a digit 1 to 9 and a power of ten up to 9");
    uint32_t latitude = get_u32(at + 4), longitude = get_u32(at + 8);
    if (latitude < (uint32_t)EQUATOR - LATITUDE_MAX || latitude > (uint32_t)EQUATOR + LATITUDE_MAX)
        return bad(why, "the latitude is at most 90 degrees");
    if (longitude < (uint32_t)EQUATOR - LONGITUDE_MAX || longitude > (uint32_t)EQUATOR + LONGITUDE_MAX)
        return bad(why, "the longitude is at most 180 degrees");
    return OK;
}

static void print_angle(struct print *p, uint32_t value, char above, char below)
{
    bool negative = value < (uint32_t)EQUATOR;
    uint32_t ms = negative ? (uint32_t)EQUATOR - value : value - (uint32_t)EQUATOR;

    print_space(p);
    text_add_format(p->text, "%u %u %u.%03u %c", (unsigned)(ms / 3600000), (unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60),
                    (unsigned)(ms % 1000), negative ? below : above);
}

static void print_precision(struct print *p, uint8_t octet)
{
    uint64_t cm = octet >> 4;
    for (unsigned power = octet & 0x0f; power > 0; power--)
        cm *= 10;
    print_space(p);
    if (cm >= 100)
        text_add_format(p->text, "%llum", (unsigned long long)(cm / 100));
    else
        text_add_format(p->text, "0.%02um", (unsigned)cm);
}

bool print_loc(struct print *p, struct cursor *c)
{
    const uint8_t *at = c->pos;
    const char *why;

    if (loc_check(c, &why) != OK || at[0] != 0)
        return false;
    print_angle(p, get_u32(at + 4), 'N', 'S');
    print_angle(p, get_u32(at + 8), 'E', 'W');
    int64_t cm = (int64_t)get_u32(at + 12) - ALTITUDE_BASE;
    uint64_t size = (uint64_t)(cm < 0 ? -cm : cm);
    print_space(p);
    text_add_format(p->text, "%s%llu.%02um", cm < 0 ? "-" : "", (unsigned long long)(size / 100), (unsigned)(size % 100));
    for (unsigned i = 1; i <= 3; i++)
        print_precision(p, at[i]);
    return true;
}

/* Digits, perhaps a dot and up to `places` more: the value times ten to the places. */
static enum status fraction_parse(struct slice text, unsigned places, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    unsigned digits = 0, behind = 0;
    bool dot = false;

    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '.' && !dot) {
            dot = true;
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9' || (dot && ++behind > places))
            return E_BAD_TEXT;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
        digits++;
        if (value > max)
            return E_RANGE;
    }
    if (digits == 0)
        return E_BAD_TEXT;
    for (; behind < places; behind++)
        value *= 10;
    if (value > max)
        return E_RANGE;
    *out = value;
    return OK;
}

static bool direction_at(struct parse *p, char above, char below, bool *negative)
{
    const struct token *t = parse_peek_word(p);

    if (t == NULL || t->length != 1 || ((t->data[0] | 0x20) != above && (t->data[0] | 0x20) != below))
        return false;
    *negative = (t->data[0] | 0x20) == below;
    p->at++;
    return true;
}

/* Degrees, perhaps minutes, perhaps seconds, and a direction. */
static enum status parse_angle(struct parse *p, unsigned degrees_max, char above, char below, uint32_t *out)
{
    static const struct { uint64_t max; unsigned places; uint32_t ms; } parts[] = { { 180, 0, 3600000 }, { 59, 0, 60000 }, { 59999, 3, 1 } };
    uint64_t sum = 0, value;
    bool negative;

    for (unsigned i = 0; i < LENGTH_OF(parts); i++) {
        if (i > 0 && direction_at(p, above, below, &negative))
            goto direction;
        const struct token *t = parse_peek_word(p);
        enum status st = t == NULL ? E_BAD_TEXT : fraction_parse(token_slice(t), parts[i].places, i == 0 ? degrees_max : parts[i].max, &value);
        if (st != OK)
            return st;
        sum += value * parts[i].ms;
        p->at++;
    }
    if (!direction_at(p, above, below, &negative))
        return E_BAD_TEXT;
direction:
    if (sum > (uint64_t)degrees_max * 3600000) {
        p->at--;
        return E_RANGE;
    }
    *out = negative ? (uint32_t)EQUATOR - (uint32_t)sum : (uint32_t)EQUATOR + (uint32_t)sum;
    return OK;
}

static struct slice without_metre(const struct token *t)
{
    bool metre = t->length > 0 && (t->data[t->length - 1] | 0x20) == 'm';
    return slice_of(t->data, t->length - metre);
}

static enum status parse_altitude(struct parse *p, uint32_t *out)
{
    const struct token *t = parse_peek_word(p);
    uint64_t cm;

    if (t == NULL)
        return E_BAD_TEXT;
    struct slice text = without_metre(t);
    bool negative = text.length > 0 && text.data[0] == '-';
    if (text.length > 0 && (negative || text.data[0] == '+'))
        text = slice_of(text.data + 1, text.length - 1);
    enum status st = fraction_parse(text, 2, negative ? ALTITUDE_BASE : UINT32_MAX - (uint64_t)ALTITUDE_BASE, &cm);
    if (st != OK)
        return st;
    *out = (uint32_t)(negative ? ALTITUDE_BASE - cm : ALTITUDE_BASE + cm);
    p->at++;
    return OK;
}

/* Only the first digit fits (RFC 1876 2). */
static enum status parse_precision(struct parse *p, uint8_t *out)
{
    const struct token *t = parse_peek_word(p);
    uint64_t cm;
    uint8_t power = 0;

    if (t == NULL)
        return parse_peek(p) == NULL ? OK : E_BAD_TEXT;
    enum status st = fraction_parse(without_metre(t), 2, UINT64_C(9999999999), &cm);
    if (st != OK)
        return st;
    for (; cm > 9; cm /= 10)
        power++;
    *out = cm == 0 ? 0 : (uint8_t)(cm << 4 | power);
    p->at++;
    return OK;
}

enum status parse_loc(struct parse *p)
{
    uint8_t head[4] = { 0, 0x12, 0x16, 0x13 };  /* version; 1 m, 10 km and 10 m unless told */
    uint32_t latitude, longitude, altitude;

    enum status st = parse_angle(p, 90, 'n', 's', &latitude);
    if (st == OK)
        st = parse_angle(p, 180, 'e', 'w', &longitude);
    if (st == OK)
        st = parse_altitude(p, &altitude);
    for (unsigned i = 1; i < sizeof head && st == OK; i++)
        st = parse_precision(p, &head[i]);
    if (st == OK)
        st = put(p, head, sizeof head);
    if (st == OK)
        st = put_32(p, latitude);
    if (st == OK)
        st = put_32(p, longitude);
    return st == OK ? put_32(p, altitude) : st;
}
