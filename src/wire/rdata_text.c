/* SPDX-License-Identifier: Apache-2.0 */
/* What field parsers build on: tokens, numbers, names, addresses, hex, base64, and how errors are told. */
#include "wire/rdata_inside.h"
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct token *parse_peek(const struct parse *p) { return p->at < p->list->count ? &p->list->tokens[p->at] : NULL; }

const struct token *parse_peek_word(const struct parse *p)
{
    const struct token *t = parse_peek(p);
    return t != NULL && !t->quoted ? t : NULL;
}

const char *token_shown(const struct token *t, char out[SHOWN_ROOM])
{
    size_t at = 0;

    for (uint32_t i = 0; i < t->length && at < SHOWN_ROOM - 4; i++) {
        uint8_t c = (uint8_t)t->data[i];
        out[at++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    if (at < t->length)
        for (unsigned i = 0; i < 3; i++)
            out[at++] = '.';
    out[at] = 0;
    return out;
}

/* The line of the source that a position of it lies in. */
static void place_source(const struct token_list *list, const char *position, struct place *place)
{
    if (list->begin == NULL || position < list->begin || position > list->end)
        return;
    const char *from = position, *to = position;
    while (from > list->begin && from[-1] != '\n')
        from--;
    while (to < list->end && *to != '\n')
        to++;
    if (to > from && to[-1] == '\r')
        to--;
    place->source = from;
    place->source_length = (size_t)(to - from);
}

enum status parse_tell(struct parse *p, const struct token *at, enum status status, const char *format, ...)
{
    const struct token_list *list = p->list;
    const struct token *last = list->count > 0 ? &list->tokens[list->count - 1] : NULL;
    struct place place = { .file = list->file, .line = at != NULL ? at->line : list->end_line,
                           .column = at != NULL ? at->column : list->end_column };
    char sentence[512];
    va_list arguments;

    p->told = true;
    if (at != NULL)
        place_source(list, at->data, &place);
    else if (last != NULL && last->line == list->end_line)
        place_source(list, last->data, &place);
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    diagnostics_add(p->diag, SEVERITY_ERROR, status == E_BAD_RDATA ? "rdata" : "syntax", &place, "%s", sentence);
    return status;
}

enum status put(struct parse *p, const void *octets, size_t count)
{
    if (count > p->room - p->length)
        return parse_tell(p, parse_peek(p), E_NO_SPACE, "the record is too long: rdata has at most 65535 octets");
    if (count != 0)
        memcpy(p->out + p->length, octets, count);
    p->length += count;
    return OK;
}

enum status put_u8(struct parse *p, unsigned value)
{
    uint8_t octet = (uint8_t)value;
    return put(p, &octet, 1);
}

enum status put_16(struct parse *p, unsigned value)
{
    uint8_t octets[2];
    put_u16(octets, (uint16_t)value);
    return put(p, octets, sizeof octets);
}

enum status put_32(struct parse *p, uint32_t value)
{
    uint8_t octets[4];
    put_u32(octets, value);
    return put(p, octets, sizeof octets);
}

enum status decimal_parse(struct slice text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.length == 0 || text.length > 20)
        return E_BAD_TEXT;
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned)(uint8_t)text.data[i] - '0';
        if (digit > 9)
            return E_BAD_TEXT;
        if (value > max / 10 || (value == max / 10 && digit > max % 10))
            return E_RANGE;
        value = value * 10 + digit;
    }
    *out = value;
    return OK;
}

enum status parse_number(struct parse *p, uint64_t max, uint64_t *out)
{
    const struct token *t = parse_peek_word(p);
    enum status st = t == NULL ? E_BAD_TEXT : decimal_parse(token_slice(t), max, out);

    if (st == OK)
        p->at++;
    return st;
}

enum status parse_name(struct parse *p)
{
    const struct token *t = parse_peek_word(p);
    struct name name;

    if (t == NULL)
        return E_BAD_TEXT;
    enum status st = name_parse(token_slice(t), p->list->origin, &name);
    if (st == OK)
        st = put(p, name.wire, name.length);
    if (st == OK)
        p->at++;
    return st;
}

/* Four decimal numbers, no leading zeros: some readers take those for octal. */
enum status ip4_parse(struct slice text, uint8_t out[4])
{
    const char *at = text.data, *end = text.data + text.length;
    uint8_t octets[4];

    for (unsigned i = 0; i < 4; i++) {
        unsigned value = 0, digits = 0;
        for (; at < end && *at >= '0' && *at <= '9' && digits < 4; at++, digits++)
            value = value * 10 + (unsigned)(*at - '0');
        if (digits == 0 || digits > 3 || value > 255 || (digits > 1 && at[-(int)digits] == '0'))
            return E_BAD_TEXT;
        octets[i] = (uint8_t)value;
        if (i < 3 && (at == end || *at++ != '.'))
            return E_BAD_TEXT;
    }
    if (at != end)
        return E_BAD_TEXT;
    memcpy(out, octets, 4);
    return OK;
}

enum status ip6_parse(struct slice text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t octets[16];

    if (text.length >= sizeof copy || memchr(text.data, 0, text.length) != NULL)
        return E_BAD_TEXT;
    memcpy(copy, text.data, text.length);
    copy[text.length] = 0;
    if (inet_pton(AF_INET6, copy, octets) != 1)
        return E_BAD_TEXT;
    memcpy(out, octets, 16);
    return OK;
}

enum status put_ip4(struct parse *p, struct slice text)
{
    uint8_t octets[4];
    enum status st = ip4_parse(text, octets);
    return st == OK ? put(p, octets, 4) : st;
}

enum status put_ip6(struct parse *p, struct slice text)
{
    uint8_t octets[16];
    enum status st = ip6_parse(text, octets);
    return st == OK ? put(p, octets, 16) : st;
}

static bool digit_at(struct slice text, size_t at) { return at < text.length && text.data[at] >= '0' && text.data[at] <= '9'; }

enum status text_unescape(struct slice text, uint8_t *out, size_t room, size_t *length)
{
    size_t written = 0;

    for (size_t i = 0; i < text.length; i++) {
        unsigned octet = (uint8_t)text.data[i];
        if (octet == '\\') {
            if (++i == text.length)
                return E_BAD_TEXT;
            octet = (uint8_t)text.data[i];
            if (digit_at(text, i)) {
                if (!digit_at(text, i + 1) || !digit_at(text, i + 2))
                    return E_BAD_TEXT;
                octet = (octet - '0') * 100 + (unsigned)(text.data[i + 1] - '0') * 10 + (unsigned)(text.data[i + 2] - '0');
                i += 2;
            }
            if (octet > 255)
                return E_BAD_TEXT;
        }
        if (written == room)
            return E_NO_SPACE;
        out[written++] = (uint8_t)octet;
    }
    *length = written;
    return OK;
}

/* Digits of hex or base64 that come in pieces: `bits` of each digit gathered into octets. */
struct gather {
    uint32_t held;
    unsigned held_bits, digits, pads;
    unsigned per_digit;         /* 4 or 6 */
};

/* Values of ASCII digits; -1 for what is none. */
static const int8_t hex_values[128] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1,
    -1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};
static const int8_t base64_values[128] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
    -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
    -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

static int digit_value(const int8_t values[128], char c) { return (uint8_t)c < 128 ? values[(uint8_t)c] : -1; }

/* Whole groups at the start of a piece, when none is open: four digits of base64 or two of hex at once.
 * @return the digits used */
static size_t gather_groups(struct parse *p, struct gather *g, const int8_t values[128], struct slice text)
{
    size_t per_group = g->per_digit == 4 ? 2 : 4, octets = per_group == 2 ? 1 : 3, at = 0;

    if (g->held_bits != 0 || g->pads != 0)
        return 0;
    for (; text.length - at >= per_group && p->room - p->length >= octets; at += per_group) {
        int sum = 0;
        for (size_t i = 0; i < per_group; i++) {
            int value = digit_value(values, text.data[at + i]);
            sum = value < 0 || sum < 0 ? -1 : (int)((unsigned)sum << g->per_digit | (unsigned)value);
        }
        if (sum < 0)
            break;
        for (size_t i = octets; i > 0; i--)
            p->out[p->length++] = (uint8_t)(sum >> 8 * (i - 1));
    }
    g->digits += (unsigned)at;
    return at;
}

static enum status gather_add(struct parse *p, struct gather *g, struct slice text)
{
    const int8_t *values = g->per_digit == 4 ? hex_values : base64_values;

    for (size_t i = gather_groups(p, g, values, text); i < text.length; i++) {
        if (text.data[i] == '=' && g->per_digit == 6) {
            g->pads++;
            continue;
        }
        int value = g->pads == 0 ? digit_value(values, text.data[i]) : -1;
        if (value < 0)
            return E_BAD_TEXT;
        g->digits++;
        g->held = g->held << g->per_digit | (uint32_t)value;
        g->held_bits += g->per_digit;
        if (g->held_bits < 8)
            continue;
        g->held_bits -= 8;
        if (p->length == p->room)
            return put(p, "", 1);               /* tells */
        p->out[p->length++] = (uint8_t)(g->held >> g->held_bits);
        g->held &= (1u << g->held_bits) - 1;
    }
    return OK;
}

/* Whole octets for hex; padding exact and unused bits zero for base64 (RFC 4648 3.2, 3.5). */
static bool gather_whole(const struct gather *g)
{
    if (g->per_digit == 4)
        return g->held_bits == 0;
    return (g->digits + g->pads) % 4 == 0 && g->pads <= 2 && g->digits % 4 != 1 && g->held == 0;
}

static enum status gather_word(struct parse *p, struct gather *g)
{
    const struct token *t = parse_peek_word(p);
    enum status st = t == NULL ? E_BAD_TEXT : gather_add(p, g, token_slice(t));

    if (st == OK)
        p->at++;
    return st;
}

static enum status gather_rest(struct parse *p, unsigned per_digit)
{
    struct gather g = { .per_digit = per_digit };
    size_t first = p->at;
    enum status st = OK;

    while (st == OK && p->at < p->list->count)
        st = gather_word(p, &g);
    if (st != OK || gather_whole(&g))
        return st;
    return parse_tell(p, &p->list->tokens[first], E_BAD_TEXT,
                      per_digit == 4 ? "an odd number of hex digits: each octet takes two"
                                     : "the base64 is cut short: groups of four, padded with = (RFC 4648)");
}

enum status parse_hex_rest(struct parse *p) { return gather_rest(p, 4); }
enum status parse_base64_rest(struct parse *p) { return gather_rest(p, 6); }

static enum status one_word(struct parse *p, unsigned per_digit)
{
    struct gather g = { .per_digit = per_digit };
    size_t mark = p->length;
    enum status st = gather_word(p, &g);

    if (st == OK && !gather_whole(&g)) {
        p->at--;
        st = E_BAD_TEXT;
    }
    if (st != OK)
        p->length = mark;
    return st;
}

enum status parse_hex_word(struct parse *p) { return one_word(p, 4); }
enum status parse_base64_word(struct parse *p) { return one_word(p, 6); }

static unsigned two_digits(const char *at) { return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0'); }

enum status time_parse(struct slice text, uint32_t *out)
{
    static const uint8_t month_days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint64_t value;

    if (text.length <= 10) {
        enum status st = decimal_parse(text, UINT32_MAX, &value);
        if (st == OK)
            *out = (uint32_t)value;
        return st;
    }
    for (size_t i = 0; i < text.length; i++)
        if (!digit_at(text, i))
            return E_BAD_TEXT;
    if (text.length != 14)
        return E_BAD_TEXT;
    const char *d = text.data;
    unsigned year = two_digits(d) * 100 + two_digits(d + 2), month = two_digits(d + 4), day = two_digits(d + 6);
    unsigned hour = two_digits(d + 8), minute = two_digits(d + 10), second = two_digits(d + 12);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1] || (month == 2 && day == 29 && !leap) ||
        hour > 23 || minute > 59 || second > 60)
        return E_RANGE;
    /* Days since 1970, the year beginning in March; the sum wraps as RFC 4034 3.1.5 has it. */
    uint64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
    *out = (uint32_t)(days * 86400 + hour * 3600u + minute * 60u + second);
    return OK;
}
