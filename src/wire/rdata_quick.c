/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rdata_quick.h"

#include <string.h>

/* ---- names, numbers, types ---- */

/* The dots of a word of at most 64 octets, the lowest bit for its first octet. */
static uint64_t dots_of(const struct quick_words *w, uint32_t start, size_t length)
{
    unsigned shift = start & 63;
    uint64_t dots = w->dots[start >> 6] >> shift;
    if (shift)
        dots |= w->dots[(start >> 6) + 1] << (64 - shift);
    return dots & ((UINT64_C(1) << length) - 1);
}

size_t name_quick(const struct quick_words *w, size_t word, uint8_t *out)
{
    size_t length, open = 0;        /* open: where the length of the label goes that is being read */
    const char *text = quick_word(w, word, &length);
    if (length > QUICK_WORD_MAX)
        return 0;
    if (length == 1 && text[0] == '@') {
        if (!w->origin.wire)
            return 0;
        memcpy(out, w->origin.wire, w->origin.length);
        return w->origin.length;
    }
    memcpy(out + 1, text, QUICK_WORD_MAX + 1);
    for (uint64_t dots = dots_of(w, w->edges[2 * word], length); dots; dots &= dots - 1) {
        size_t dot = (size_t)__builtin_ctzll(dots);
        if (dot == open)
            return 0;               /* an empty label, or the root */
        out[open] = (uint8_t)(dot - open);
        open = dot + 1;
    }
    if (open == length) {
        out[length] = 0;
        return length + 1;
    }
    out[open] = (uint8_t)(length - open);
    if (!w->origin.wire || length + 1 + w->origin.length > NAME_MAX_BYTES)
        return 0;
    memcpy(out + length + 1, w->origin.wire, w->origin.length);
    return length + 1 + w->origin.length;
}

bool number_quick(const char *word, size_t length, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    if (length == 0 || length > 10)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(uint8_t)word[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

/* Up to eight octets as one number, in upper case; the first is the lowest. */
#define WORD8(a, b, c, d, e, f, g, h) \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | \
     (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

uint16_t type_quick(const char *word, size_t length)
{
    uint64_t value = 0;
    if (length > 6)
        return 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t c = (uint8_t)word[i];
        value |= (uint64_t)(uint8_t)(c >= 'a' && c <= 'z' ? c - 32 : c) << 8 * i;
    }
    switch (value) {
    case WORD8('A', 0, 0, 0, 0, 0, 0, 0): return TYPE_A;
    case WORD8('N', 'S', 0, 0, 0, 0, 0, 0): return TYPE_NS;
    case WORD8('A', 'A', 'A', 'A', 0, 0, 0, 0): return TYPE_AAAA;
    case WORD8('C', 'N', 'A', 'M', 'E', 0, 0, 0): return TYPE_CNAME;
    case WORD8('P', 'T', 'R', 0, 0, 0, 0, 0): return TYPE_PTR;
    case WORD8('M', 'X', 0, 0, 0, 0, 0, 0): return TYPE_MX;
    case WORD8('T', 'X', 'T', 0, 0, 0, 0, 0): return TYPE_TXT;
    case WORD8('S', 'R', 'V', 0, 0, 0, 0, 0): return TYPE_SRV;
    case WORD8('D', 'S', 0, 0, 0, 0, 0, 0): return TYPE_DS;
    case WORD8('S', 'O', 'A', 0, 0, 0, 0, 0): return TYPE_SOA;
    case WORD8('R', 'R', 'S', 'I', 'G', 0, 0, 0): return TYPE_RRSIG;
    case WORD8('N', 'S', 'E', 'C', 0, 0, 0, 0): return TYPE_NSEC;
    case WORD8('N', 'S', 'E', 'C', '3', 0, 0, 0): return TYPE_NSEC3;
    case WORD8('D', 'N', 'S', 'K', 'E', 'Y', 0, 0): return TYPE_DNSKEY;
    default: return 0;
    }
}

/* ---- addresses ---- */

static unsigned digit(char c) { return (unsigned)(uint8_t)c - '0'; }

static size_t ip4_quick(const char *at, size_t length, uint8_t *out)
{
    const char *end = at + length;
    for (unsigned i = 0; i < 4; i++, at++) {
        unsigned value = digit(*at), next;
        if (at == end || value > 9)
            return 0;
        for (at++; at < end && (next = digit(*at)) <= 9; at++) {
            value = value * 10 + next;
            if (value < 10 || value > 255)
                return 0;           /* a leading zero, or too much */
        }
        out[i] = (uint8_t)value;
        if (i < 3 ? at == end || *at != '.' : at != end)
            return 0;
    }
    return 4;
}

/* Digits of hex and of base32hex; 255 for what is none. */
#define NONE8 255, 255, 255, 255, 255, 255, 255, 255
static const uint8_t digit_values[128] = {
    NONE8, NONE8, NONE8, NONE8, NONE8, NONE8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255,
    255, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};
static unsigned digit_of(char c) { return digit_values[(uint8_t)c & 127]; }

/* Groups of one to four hex digits, at most one `::`; a dotted end is declined. */
static size_t ip6_quick(const char *at, size_t length, uint8_t *out)
{
    const char *end = at + length;
    uint8_t groups[16];
    unsigned count = 0, gap = 9;
    if (length < 2 || length > 39)
        return 0;
    if (at[0] == ':' && at[1] == ':') {
        gap = 0;
        at += 2;
    }
    while (at < end) {
        unsigned value = 0, digits = 0;
        for (unsigned digit; at < end && (digit = digit_of(*at)) < 16; at++, digits++)
            value = value << 4 | digit;
        if (digits == 0 || digits > 4 || count == 8)
            return 0;
        put_u16(groups + 2 * count++, (uint16_t)value);
        if (at == end)
            break;
        if (*at++ != ':' || at == end)
            return 0;
        if (*at == ':') {
            if (gap <= 8)
                return 0;
            gap = count;
            at++;
        }
    }
    if (gap > 8 ? count != 8 : count > 7)
        return 0;
    gap = gap > 8 ? 8 : gap;
    memset(out, 0, 16);
    memcpy(out, groups, gap * 2);
    memcpy(out + 16 - (count - gap) * 2, groups + gap * 2, (count - gap) * 2);
    return 16;
}

/* ---- octets in hex, base64, base32hex ---- */

static bool hex_quick(const char *text, size_t octets, uint8_t *out)
{
    unsigned all = 0;
    for (size_t i = 0; i < octets; i++, text += 2) {
        unsigned high = digit_of(text[0]), low = digit_of(text[1]);
        all |= high | low;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return all < 16;
}

#define B64 64
static const uint8_t base64_values[128] = {
    B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64,
    B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, B64, 62, B64, B64, B64, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, B64, B64, B64, B64, B64, B64,
    B64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, B64, B64, B64, B64, B64,
    B64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, B64, B64, B64, B64, B64,
};

/* One word, padded as RFC 4648 wants it; unused bits must be zero. */
static size_t base64_quick(const char *text, size_t length, uint8_t *out)
{
    uint8_t *const start = out;
    unsigned all = 0, value[4];
    if (length == 0 || length % 4 != 0)
        return 0;
    size_t pads = text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;
    const char *whole = text + length - (pads ? 4 : 0);
    for (; text < whole; text += 4, out += 3) {
        for (unsigned i = 0; i < 4; i++)
            all |= value[i] = base64_values[(uint8_t)text[i] & 127];
        uint32_t bits = value[0] << 18 | value[1] << 12 | value[2] << 6 | value[3];
        out[0] = (uint8_t)(bits >> 16);
        out[1] = (uint8_t)(bits >> 8);
        out[2] = (uint8_t)bits;
    }
    if (pads) {
        for (unsigned i = 0; i < 4 - pads; i++)
            all |= value[i] = base64_values[(uint8_t)text[i] & 127];
        if (pads == 2 ? value[1] & 15 : value[2] & 3)
            return 0;
        *out++ = (uint8_t)(value[0] << 2 | value[1] >> 4);
        if (pads == 1)
            *out++ = (uint8_t)(value[1] << 4 | value[2] >> 2);
    }
    return all < B64 ? (size_t)(out - start) : 0;
}

/* Whole groups of eight digits: SHA-1 has four of them. */
static bool base32_quick(const char *text, size_t groups, uint8_t *out)
{
    unsigned all = 0;
    for (; groups > 0; groups--, out += 5) {
        uint64_t bits = 0;
        for (unsigned i = 0; i < 8; i++) {
            unsigned digit = digit_of(*text++);
            all |= digit;
            bits = bits << 5 | (digit & 31);
        }
        for (unsigned i = 0; i < 5; i++)
            out[i] = (uint8_t)(bits >> (32 - 8 * i));
    }
    return all < 32;
}

/* ---- fields ---- */

/* Where a record is being read: the next word, the next octet.  A field that declines sets `failed`. */
struct quick {
    const struct quick_words *words;
    size_t at;
    uint8_t *out;
    bool failed;
};

static const char *take(struct quick *q, size_t *length)
{
    if (q->at >= q->words->count) {
        q->failed = true;
        *length = 0;
        return "";
    }
    return quick_word(q->words, q->at++, length);
}

enum { PIECES_ROOM = 1024 };        /* RSA of 4096 bits has 684 digits */

/* All words to the end as one: the digits of data may come in pieces. */
static const char *take_rest(struct quick *q, char pieces[PIECES_ROOM], size_t *length)
{
    const char *first = take(q, length);
    if (q->at >= q->words->count || *length > PIECES_ROOM)
        return first;
    memcpy(pieces, first, *length);
    while (q->at < q->words->count) {
        size_t more;
        const char *word = take(q, &more);
        if (more > PIECES_ROOM - *length) {
            q->failed = true;
            break;
        }
        memcpy(pieces + *length, word, more);
        *length += more;
    }
    return pieces;
}

static uint32_t take_number(struct quick *q, unsigned octets)
{
    size_t length;
    uint32_t value = 0, max = octets == 1 ? UINT8_MAX : octets == 2 ? UINT16_MAX : UINT32_MAX;
    const char *word = take(q, &length);
    q->failed |= !number_quick(word, length, max, &value);
    for (unsigned i = octets; i > 0; i--)
        *q->out++ = (uint8_t)(value >> 8 * (i - 1));
    return value;
}

static void take_name(struct quick *q)
{
    size_t length = q->at < q->words->count ? name_quick(q->words, q->at++, q->out) : 0;
    q->failed |= length == 0;
    q->out += length;
}

static void take_ds(struct quick *q)
{
    static const uint8_t sizes[] = { 0, 20, 32, 0, 48 };        /* RFC 3658, 4509, 6605 */
    char pieces[PIECES_ROOM];
    size_t length;
    take_number(q, 2);
    take_number(q, 1);
    uint32_t kind = take_number(q, 1);
    const char *word = take_rest(q, pieces, &length);
    size_t octets = kind < sizeof sizes ? sizes[kind] : 0;
    q->failed |= octets == 0 || length != octets * 2 || !hex_quick(word, octets, q->out);
    q->out += octets;
}

static unsigned two_digits(const char *at) { return ((unsigned)(uint8_t)at[0] - '0') * 10 + ((unsigned)(uint8_t)at[1] - '0'); }

/* YYYYMMDDHHmmSS; the days of a month are left to the general parser from the 29th on. */
static void take_time(struct quick *q)
{
    size_t length;
    const char *d = take(q, &length);
    bool digits = length == 14;
    for (size_t i = 0; i < 14 && digits; i++)
        digits = d[i] >= '0' && d[i] <= '9';
    if (!digits) {
        q->failed = true;
        return;
    }
    unsigned year = two_digits(d) * 100 + two_digits(d + 2), month = two_digits(d + 4), day = two_digits(d + 6);
    unsigned hour = two_digits(d + 8), minute = two_digits(d + 10), second = two_digits(d + 12);
    q->failed |= year < 1970 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59;
    uint64_t y = month > 2 ? year : year - 1u, m = month > 2 ? month - 3u : month + 9u;
    uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
    put_u32(q->out, (uint32_t)(days * 86400 + hour * 3600u + minute * 60u + second));
    q->out += 4;
}

static uint16_t take_type(struct quick *q)
{
    size_t length;
    uint16_t type = 0;
    const char *word = take(q, &length);
    type = type_quick(word, length);
    if (type == 0 && type_parse(slice_of(word, length), &type) != OK)
        q->failed = true;
    return type;
}

static void take_rrsig(struct quick *q)
{
    char pieces[PIECES_ROOM];
    size_t length;
    put_u16(q->out, take_type(q));
    q->out += 2;
    take_number(q, 1);
    take_number(q, 1);
    take_number(q, 4);
    take_time(q);
    take_time(q);
    take_number(q, 2);
    take_name(q);
    const char *word = take_rest(q, pieces, &length);
    size_t octets = base64_quick(word, length, q->out);
    q->failed |= octets == 0;
    q->out += octets;
}

/* Types below 256 to the end of the line. */
static void take_types(struct quick *q)
{
    uint8_t map[32] = { 0 };
    unsigned last = 0;
    while (q->at < q->words->count && !q->failed) {
        uint16_t type = take_type(q);
        unsigned octet = (type & 255u) >> 3;
        q->failed |= type > 255 || type == 0;
        map[octet] |= (uint8_t)(0x80 >> (type & 7));
        last = octet > last ? octet : last;
    }
    q->out[0] = 0;
    q->out[1] = (uint8_t)(last + 1);
    memcpy(q->out + 2, map, sizeof map);
    q->out += 2 + last + 1;
}

/* Hex with a length before it, or `-` for none. */
static void take_salt(struct quick *q)
{
    size_t length;
    const char *word = take(q, &length);
    bool none = length == 1 && word[0] == '-';
    size_t octets = none ? 0 : length / 2;
    q->failed |= !none && (length == 0 || length % 2 != 0 || length > QUICK_WORD_MAX || !hex_quick(word, octets, q->out + 1));
    *q->out = (uint8_t)octets;
    q->out += 1 + (octets & QUICK_WORD_MAX);
}

static void take_nsec3(struct quick *q)
{
    enum { SHA1_GROUPS = 4, SHA1_BYTES = 20 };
    size_t length;
    q->failed |= take_number(q, 1) != 1;
    take_number(q, 1);
    take_number(q, 2);
    take_salt(q);
    const char *hash = take(q, &length);
    *q->out++ = SHA1_BYTES;
    q->failed |= length != SHA1_GROUPS * 8 || !base32_quick(hash, SHA1_GROUPS, q->out);
    q->out += SHA1_BYTES;
    if (q->at < q->words->count)
        take_types(q);      /* an empty non-terminal has none */
}

size_t rdata_quick(uint16_t type, const struct quick_words *w, size_t first, uint8_t *out)
{
    struct quick q = { .words = w, .at = first, .out = out };
    size_t length;
    switch (type) {
    case TYPE_A: {
        const char *word = take(&q, &length);
        q.out += ip4_quick(word, length, out);
        break;
    }
    case TYPE_AAAA: {
        const char *word = take(&q, &length);
        q.out += ip6_quick(word, length, out);
        break;
    }
    case TYPE_MX:
        take_number(&q, 2);
        take_name(&q);
        break;
    case TYPE_SRV:
        take_number(&q, 2);
        take_number(&q, 2);
        take_number(&q, 2);
        take_name(&q);
        break;
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_PTR:
        take_name(&q);
        break;
    case TYPE_SOA:
        take_name(&q);
        take_name(&q);
        for (unsigned i = 0; i < 5; i++)
            take_number(&q, 4);
        break;
    case TYPE_DS:
        take_ds(&q);
        break;
    case TYPE_RRSIG:
        take_rrsig(&q);
        break;
    case TYPE_NSEC:
        take_name(&q);
        q.failed |= q.at >= w->count;
        take_types(&q);
        break;
    case TYPE_NSEC3:
        take_nsec3(&q);
        break;
    default:
        return 0;
    }
    return q.failed || q.at != w->count ? 0 : (size_t)(q.out - out);
}

/* ---- strings ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* One string from `at`; @return behind it, NULL = declined. */
static const char *string_quick(const char *at, const char *end, uint8_t **out)
{
    bool quoted = *at == '"';
    const char *start = at += quoted;
    for (; at < end && (quoted ? *at != '"' : !is_blank(*at)); at++) {
        uint8_t c = (uint8_t)*at;
        if (c == '\\' || c == 0 || c > 0x7f || (!quoted && (c == '"' || c == ';' || c == '(' || c == ')' || c == '\r')))
            return NULL;
    }
    size_t length = (size_t)(at - start);
    if (length > 255 || (quoted && (at == end || (at + 1 < end && !is_blank(at[1])))))
        return NULL;
    **out = (uint8_t)length;
    memcpy(*out + 1, start, length);
    *out += 1 + length;
    return at + quoted;
}

size_t strings_quick(const char *text, const char *end, uint8_t *out)
{
    uint8_t *const start = out;
    while (text < end && is_blank(*text))
        text++;
    while (text < end) {
        if (out - start > RDATA_MAX_BYTES - 256)
            return 0;
        text = string_quick(text, end, &out);
        if (!text)
            return 0;
        while (text < end && is_blank(*text))
            text++;
    }
    return (size_t)(out - start);
}
