/* SPDX-License-Identifier: Apache-2.0 */
/* Plain rdata as text, the way BIND writes it. */
#include "wire/rdata_inside.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct rdata_style plain_style;

/* dig +multiline puts rdata at this column. */
#define NEW_LINE "\n\t\t\t\t"

void print_space(struct print *p)
{
    if (p->line || p->lines)
        text_add(p->text, NEW_LINE);
    else if (p->some)
        text_add_char(p->text, ' ');
    p->line = false;
    p->some = true;
}

void print_number(struct print *p, uint64_t value)
{
    print_space(p);
    text_add_u64(p->text, value);
}

void print_name(struct print *p, struct name_view name)
{
    print_space(p);
    if (p->style->origin.wire != NULL)
        name_print_relative(p->text, name, p->style->origin);
    else
        name_print(p->text, name);
}

/* Breaks what was written from `start` on into pieces. */
static void split_from(struct print *p, size_t start)
{
    struct text *t = p->text;
    const char *gap = p->style->multiline ? NEW_LINE : " ";
    size_t wide = p->style->split, gap_bytes = strlen(gap);

    if (wide == 0 || t->full || t->length - start <= wide)
        return;
    size_t length = t->length - start, gaps = (length - 1) / wide;
    for (size_t i = 0; i < gaps * gap_bytes; i++)
        text_add_char(t, ' ');                  /* room first */
    if (t->full) {
        t->length = start;
        return;
    }
    for (size_t i = gaps; i > 0; i--) {         /* from the end, each piece to its place */
        size_t from = i * wide, count = i == gaps ? length - from : wide;
        memmove(t->data + start + from + i * gap_bytes, t->data + start + from, count);
        memcpy(t->data + start + from + (i - 1) * gap_bytes, gap, gap_bytes);
    }
}

void print_hex(struct print *p, const uint8_t *data, size_t size)
{
    size_t start = p->text->length;
    text_add_hex(p->text, data, size, true);
    split_from(p, start);
}

void print_base64(struct print *p, const uint8_t *data, size_t size)
{
    size_t start = p->text->length;
    text_add_base64(p->text, data, size);
    split_from(p, start);
}

/* The number's mnemonic, else the number. */
static void print_word(struct print *p, enum words list, unsigned value)
{
    const char *word = word_get(list, value);
    print_space(p);
    if (word != NULL)
        text_add(p->text, word);
    else
        text_add_u64(p->text, value);
}

/* In TSIG and TKEY 16 is BADSIG, RFC 8945 3. */
static void print_rcode(struct print *p, uint16_t rcode)
{
    print_space(p);
    if (rcode == 16)
        text_add(p->text, "BADSIG");
    else
        rcode_print(p->text, rcode);
}

void time_print(struct text *text, uint32_t seconds)
{
    /* Days since 1970 to a date; the calendar of Gregory, counted from March so that the leap day comes last. */
    uint32_t days = seconds / 86400, of_day = seconds % 86400;
    uint32_t shifted = days + 719468, era = shifted / 146097, of_era = shifted % 146097;
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t shifted_month = (5 * of_year + 2) / 153, day = of_year - (153 * shifted_month + 2) / 5 + 1;
    uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    uint32_t year = year_of_era + era * 400 + (month <= 2);

    text_add_format(text, "%04u%02u%02u%02u%02u%02u", (unsigned)year, (unsigned)month, (unsigned)day, (unsigned)(of_day / 3600),
                    (unsigned)(of_day / 60 % 60), (unsigned)(of_day % 60));
}

static void print_ip(struct print *p, int family, const uint8_t *octets)
{
    char buffer[INET6_ADDRSTRLEN] = "";

    print_space(p);
    if (family == AF_INET) {
        for (unsigned i = 0; i < 4; i++) {
            text_add_u64(p->text, octets[i]);
            if (i < 3)
                text_add_char(p->text, '.');
        }
        return;
    }
    (void)inet_ntop(AF_INET6, octets, buffer, sizeof buffer);
    text_add(p->text, buffer);
}

static void print_groups(struct print *p, const uint8_t *octets, unsigned count)
{
    print_space(p);
    for (unsigned i = 0; i < count; i++)
        text_add_format(p->text, i == 0 ? "%02x" : "-%02x", octets[i]);
}

static bool print_fixed(struct print *p, unsigned kind, struct cursor *c)
{
    const uint8_t *at = c->pos;
    const char *why;

    if (field_check(kind, c, &why) != OK)
        return false;
    switch (kind) {
    case F_U8: case F_ALGORITHM: case F_DIGEST_TYPE: case F_HASH: case F_KEY_PROTOCOL: case F_GATEWAY_TYPE: print_number(p, at[0]); break;
    case F_U16: case F_KEY_FLAGS: case F_RKEY_FLAGS: print_number(p, get_u16(at)); break;
    case F_U32: case F_PERIOD: print_number(p, get_u32(at)); break;
    case F_U48: print_number(p, (uint64_t)get_u16(at) << 32 | get_u32(at + 2)); break;
    case F_U64: print_number(p, (uint64_t)get_u32(at) << 32 | get_u32(at + 4)); break;
    case F_OCTAL16: print_space(p); text_add_format(p->text, "%o", get_u16(at)); break;
    case F_TIME: print_space(p); time_print(p->text, get_u32(at)); break;
    case F_TYPE: print_space(p); type_print(p->text, get_u16(at)); break;
    case F_ALGORITHM_WORD: print_word(p, WORDS_ALGORITHM, at[0]); break;
    case F_CERT_TYPE: print_word(p, WORDS_CERT, get_u16(at)); break;
    case F_SCHEME: print_word(p, WORDS_SCHEME, at[0]); break;
    case F_RCODE: print_rcode(p, get_u16(at)); break;
    case F_RELAY_TYPE: print_number(p, at[0] >> 7); print_number(p, at[0] & 0x7fu); break;
    case F_IP4: print_ip(p, AF_INET, at); break;
    case F_IP6: print_ip(p, AF_INET6, at); break;
    case F_LOCATOR:
        print_space(p);
        text_add_format(p->text, "%x:%x:%x:%x", get_u16(at), get_u16(at + 2), get_u16(at + 4), get_u16(at + 6));
        break;
    case F_EUI48: print_groups(p, at, 6); break;
    case F_EUI64: print_groups(p, at, 8); break;
    default: return false;
    }
    return true;
}

/* Windows as they come; parsing puts types in the same order, so nothing is lost. */
static void print_types(struct print *p, struct cursor *c)
{
    while (cursor_left(c) != 0) {
        unsigned window = cursor_u8(c), length = cursor_u8(c);
        const uint8_t *map = cursor_take(c, length);
        for (unsigned bit = 0; map != NULL && bit < length * 8; bit++) {
            if ((map[bit / 8] & 0x80 >> bit % 8) == 0)
                continue;
            print_space(p);
            type_print(p->text, (uint16_t)(window << 8 | bit));
        }
    }
}

static void print_types_old(struct print *p, struct cursor *c)
{
    size_t bits = cursor_left(c) * 8;
    for (size_t bit = 0; bit < bits; bit++) {
        if ((c->pos[bit / 8] & 0x80 >> bit % 8) == 0)
            continue;
        print_space(p);
        type_print(p->text, (uint16_t)bit);
    }
}

static bool print_string(struct print *p, unsigned kind, const uint8_t *s, size_t length)
{
    print_space(p);
    if (kind == F_TAG)
        text_add_bytes(p->text, s, length);
    else
        text_add_quoted(p->text, s, length);
    return true;
}

/* Character-strings: one, or all to the end. */
static bool print_strings(struct print *p, unsigned kind, struct cursor *c)
{
    if (kind == F_STRING_MAYBE && cursor_left(c) == 0)
        return true;
    do {
        uint8_t length = cursor_u8(c);
        const uint8_t *s = cursor_take(c, length);
        if (s == NULL)
            return false;
        (void)print_string(p, kind, s, length);
    } while (kind == F_STRINGS && cursor_left(c) != 0);
    return true;
}

static bool print_salt(struct print *p, struct cursor *c)
{
    uint8_t length = cursor_u8(c);
    const uint8_t *salt = cursor_take(c, length);

    print_space(p);
    if (salt == NULL || length == 0)
        text_add_char(p->text, '-');
    else
        text_add_hex(p->text, salt, length, true);
    return salt != NULL;
}

static bool print_next_hash(struct print *p, struct cursor *c)
{
    uint8_t length = cursor_u8(c);
    const uint8_t *hash = cursor_take(c, length);

    if (hash == NULL)
        return false;
    print_space(p);
    text_add_base32hex(p->text, hash, length);
    return true;
}

static bool print_blob(struct print *p, struct cursor *c)
{
    uint16_t length = cursor_u16(c);
    const uint8_t *blob = cursor_take(c, length);

    if (blob == NULL)
        return false;
    print_number(p, length);
    if (length != 0) {
        print_space(p);
        text_add_base64(p->text, blob, length);
    }
    return true;
}

/* Hex or base64 to the end; nothing, not even a blank, when empty. */
static bool print_data(struct print *p, unsigned kind, struct cursor *c)
{
    size_t left = cursor_left(c);
    const uint8_t *data = cursor_take(c, left);
    bool hex = kind == F_HEX || kind == F_HEX_MAYBE || kind == F_DIGEST || kind == F_FINGERPRINT || kind == F_ZONE_DIGEST;

    if (left == 0) {
        if (kind == F_BASE64_DASH)
            text_add(p->text, " -");
        return true;
    }
    print_space(p);
    if (hex)
        print_hex(p, data, left);
    else
        print_base64(p, data, left);
    return true;
}

static bool print_nsap(struct print *p, struct cursor *c)
{
    size_t left = cursor_left(c);

    print_space(p);
    text_add(p->text, "0x");
    text_add_hex(p->text, cursor_take(c, left), left, false);
    return true;
}

static bool print_one_name(struct print *p, struct cursor *c)
{
    struct name_view name;

    if (name_read_plain(c, &name) != OK)
        return false;
    print_name(p, name);
    return true;
}

static bool print_names(struct print *p, struct cursor *c)
{
    bool fine = true;
    while (fine && cursor_left(c) != 0)
        fine = print_one_name(p, c);
    return fine;
}

static bool print_value(struct print *p, struct cursor *c)
{
    size_t left = cursor_left(c);

    print_space(p);
    text_add_quoted(p->text, cursor_take(c, left), left);
    return true;
}

bool field_print(struct print *p, unsigned field, struct cursor *c)
{
    unsigned kind = field & F_KIND;

    if (kind <= F_FIXED_LAST)
        return print_fixed(p, kind, c);
    switch (kind) {
    case F_NAME: return print_one_name(p, c);
    case F_NAMES: return print_names(p, c);
    case F_STRING: case F_STRING_MAYBE: case F_STRINGS: case F_DIGITS: case F_DEGREES: case F_REGEX: case F_TAG:
        return print_strings(p, kind, c);
    case F_VALUE: case F_TARGET: return print_value(p, c);
    case F_TYPES: case F_TYPES_SOME: print_types(p, c); return true;
    case F_TYPES_OLD: print_types_old(p, c); return true;
    case F_SERVICES: return print_services(p, c);
    case F_PROTOCOL: print_number(p, cursor_u8(c)); return true;
    case F_NSAP: return print_nsap(p, c);
    case F_ATMA: return print_atma(p, c);
    case F_PREFIXES: return print_prefixes(p, c);
    case F_PARAMETERS: return print_parameters(p, c);
    case F_SALT: return print_salt(p, c);
    case F_NEXT_HASH: return print_next_hash(p, c);
    case F_BLOB: return print_blob(p, c);
    case F_GATEWAY: return print_gateway(p, c);
    case F_HIP: return print_hip(p, c);
    case F_A6_PREFIX: case F_A6_SUFFIX: case F_A6_NAME: return print_a6(p, kind, c);
    case F_LOC: return print_loc(p, c);
    case F_OPAQUE: return false;
    default: return print_data(p, kind, c);
    }
}

/* RFC 3597 5. */
static void print_generic(struct print *p)
{
    text_add(p->text, "\\# ");
    text_add_u64(p->text, p->size);
    if (p->size == 0)
        return;
    text_add(p->text, p->style->multiline ? " ( " : " ");
    print_hex(p, p->rdata, p->size);
    if (p->style->multiline)
        text_add(p->text, " )");
}

/* `1 week 2 days`. */
static void print_verbose(struct text *text, uint32_t seconds)
{
    static const struct { uint32_t seconds; const char *unit; } units[] = {
        { 604800, "week" }, { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
    const char *gap = "";

    for (size_t i = 0; i < LENGTH_OF(units); i++) {
        uint32_t count = seconds / units[i].seconds;
        seconds %= units[i].seconds;
        if (count == 0 && (i + 1 < LENGTH_OF(units) || *gap != 0))
            continue;
        text_add_format(text, "%s%u %s%s", gap, (unsigned)count, units[i].unit, count == 1 ? "" : "s");
        gap = " ";
    }
}

/* The numbers of an SOA, each on its line with its meaning. */
static bool print_timers(struct print *p, struct cursor *c)
{
    static const char *const meanings[] = { "serial", "refresh", "retry", "expire", "minimum" };

    text_add(p->text, " (");
    for (size_t i = 0; i < LENGTH_OF(meanings); i++) {
        uint32_t value = cursor_u32(c);
        text_add(p->text, NEW_LINE);
        text_add_format(p->text, p->style->comments ? "%-10u ; %s" : "%u", (unsigned)value, meanings[i]);
        if (p->style->comments && i > 0) {
            text_add(p->text, " (");
            print_verbose(p->text, value);
            text_add_char(p->text, ')');
        }
    }
    text_add(p->text, NEW_LINE ")");
    return !c->failed;
}

/* What a key is: `; KSK; alg = RSASHA256 ; key id = 1803`. */
static void print_key_comment(struct print *p)
{
    unsigned flags = get_u16(p->rdata);
    const char *word = word_get(WORDS_ALGORITHM, p->rdata[3]);

    if (p->row->layout == LINE_DNSKEY)
        text_add_format(p->text, " ; %s%s", (flags & 0x80) != 0 ? "revoked " : "", (flags & 1) != 0 ? "KSK" : "ZSK");
    text_add(p->text, "; alg = ");
    if (word != NULL)
        text_add(p->text, word);
    else
        text_add_u64(p->text, p->rdata[3]);
    text_add_format(p->text, " ; key id = %u", rdata_key_tag(p->rdata, p->size));
}

/* The field before which multiline style opens the parenthesis; ROW_FIELDS = none. */
static size_t opening_field(const struct rdata_row *row)
{
    enum { SOA_NUMBERS = 2, SIGNATURE_TIMES = 4, NSEC3_HASH = 4 };
    size_t last = 0;

    while (last + 1 < ROW_FIELDS && row->fields[last + 1] != F_END)
        last++;
    switch ((enum layout)row->layout) {
    case LINE_ONE: break;
    case LINE_SOA: return SOA_NUMBERS;
    case LINE_SIGNATURE: return SIGNATURE_TIMES;
    case LINE_TYPES: return NSEC3_HASH;
    case LINE_KEY: case LINE_DNSKEY: case LINE_BLOB: return last;
    case LINE_INLINE: case LINE_WRAP: return 0;
    }
    return ROW_FIELDS;
}

/* Opens the parenthesis and says which fields begin a line. */
static void layout_before(struct print *p, size_t field, size_t opening)
{
    enum layout layout = (enum layout)p->row->layout;
    bool last = p->row->fields[field + 1] == F_END;

    if (field == opening) {
        text_add(p->text, p->some ? " (" : "(");
        p->some = true;
    }
    if (layout == LINE_INLINE || field < opening)
        return;
    p->line = layout == LINE_WRAP ? last && field > opening : field == opening || last;
    p->lines = layout == LINE_WRAP && (p->row->fields[field] & F_KIND) == F_NAMES;
}

static bool print_lines(struct print *p)
{
    struct cursor c = cursor_of(p->rdata, p->size);
    size_t opening = opening_field(p->row);
    bool key = p->row->layout == LINE_KEY || p->row->layout == LINE_DNSKEY, open = false;

    for (size_t i = 0; p->row->fields[i] != F_END; i++) {
        if (i == opening && p->row->layout == LINE_SOA)
            return print_timers(p, &c);
        open |= i == opening && cursor_left(&c) != 0;   /* nothing to put into the parentheses: none */
        if (open)
            layout_before(p, i, opening);
        if (!field_print(p, p->row->fields[i], &c))
            return false;
    }
    if (open)
        text_add(p->text, key ? NEW_LINE ")" : " )");
    if (key && open && p->style->comments)
        print_key_comment(p);
    return true;
}

static bool print_fields(struct print *p)
{
    struct cursor c = cursor_of(p->rdata, p->size);

    if (p->style->multiline && p->row->layout != LINE_ONE)
        return print_lines(p);
    for (const uint16_t *f = p->row->fields; *f != F_END; f++)
        if (!field_print(p, *f, &c))
            return false;
    enum { KEY_HEAD = 4 };
    if (p->style->comments && p->size > KEY_HEAD && (p->row->layout == LINE_KEY || p->row->layout == LINE_DNSKEY))
        print_key_comment(p);
    return true;
}

void row_print(struct text *text, const struct rdata_row *row, const uint8_t *rdata, size_t size, const struct rdata_style *style)
{
    struct print p = { .text = text, .style = style != NULL ? style : &plain_style, .row = row, .size = size,
                       .rdata = size == 0 ? (const uint8_t *)"" : rdata };
    const char *why;
    size_t start = text->length;

    if (p.row != NULL && !p.style->generic && row_check(row, p.rdata, size, &why) == OK && print_fields(&p))
        return;
    if (text->data != NULL && text->room > start) {
        text->length = start;
        text->data[start] = 0;
    }
    print_generic(&p);
}

void rdata_print(struct text *text, uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size, const struct rdata_style *style)
{
    row_print(text, rdata_row_find(type, klass), rdata, size, style);
}

void record_print(struct text *text, struct name_view owner, uint32_t ttl, uint16_t klass, uint16_t type, const uint8_t *rdata,
                  size_t size, const struct rdata_style *style)
{
    struct print p = { .text = text, .style = style != NULL ? style : &plain_style };

    print_name(&p, owner);
    text_add_char(text, '\t');
    text_add_u64(text, ttl);
    text_add_char(text, '\t');
    class_print(text, klass);
    text_add_char(text, '\t');
    type_print(text, type);
    text_add_char(text, '\t');
    rdata_print(text, type, klass, rdata, size, style);
}
