/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that few types have: type lists, WKS ports, NSAP, ATMA, A6, gateways, HIP, APL. */
#include "wire/rdata_inside.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* ---- lists of types ---- */

/* RFC 4034 4.1.2.  Only windows that are used are cleared, so a short list costs little. */
enum status parse_types(struct parse *p)
{
    uint8_t bits[256][32], used[256] = { 0 };
    enum status st = OK;

    while (p->at < p->list->count) {
        const struct token *t = parse_peek_word(p);
        uint16_t type;
        if (t == NULL || type_parse(token_slice(t), &type) != OK)
            return E_BAD_TEXT;
        unsigned window = type >> 8, octet = type >> 3 & 31;
        if (used[window] == 0)
            memset(bits[window], 0, sizeof bits[window]);
        if (used[window] <= octet)
            used[window] = (uint8_t)(octet + 1);
        bits[window][octet] |= (uint8_t)(0x80 >> (type & 7));
        p->at++;
    }
    for (unsigned window = 0; window < 256 && st == OK; window++) {
        if (used[window] == 0)
            continue;
        st = put_16(p, window << 8 | used[window]);
        if (st == OK)
            st = put(p, bits[window], used[window]);
    }
    return st;
}

/* RFC 2535 5.2. */
enum status parse_types_old(struct parse *p)
{
    uint8_t bits[16] = { 0 };
    unsigned used = 0;

    while (p->at < p->list->count) {
        const struct token *t = parse_peek_word(p);
        uint16_t type;
        if (t == NULL || type_parse(token_slice(t), &type) != OK)
            return E_BAD_TEXT;
        if (type == 0 || type > 127)
            return E_RANGE;
        bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
        used = used > type / 8u ? used : type / 8u + 1;
        p->at++;
    }
    return put(p, bits, used);
}

/* ---- WKS, RFC 1035 3.4.2 ---- */

enum status parse_services(struct parse *p)
{
    uint8_t bits[65536 / 8] = { 0 };
    size_t used = 0;

    while (p->at < p->list->count) {
        const struct token *t = parse_peek_word(p);
        uint64_t port;
        uint16_t found;
        if (t == NULL)
            return E_BAD_TEXT;
        if (word_find(WORDS_SERVICE, token_slice(t), &found)) {
            port = found;
        } else {
            enum status st = decimal_parse(token_slice(t), UINT16_MAX, &port);
            if (st != OK)
                return st;
        }
        bits[port / 8] |= (uint8_t)(0x80 >> port % 8);
        used = used > port / 8 ? used : (size_t)port / 8 + 1;
        p->at++;
    }
    return put(p, bits, used);
}

bool print_services(struct print *p, struct cursor *c)
{
    size_t left = cursor_left(c);
    const uint8_t *bits = cursor_take(c, left);

    if (bits == NULL)
        return false;
    for (size_t port = 0; port < left * 8; port++)
        if ((bits[port / 8] & 0x80 >> port % 8) != 0)
            print_number(p, port);
    return true;
}

/* ---- NSAP, RFC 1706; ATMA, af-saa-0069 ---- */

static int hex_value(char c)
{
    uint8_t low = ascii_lower((uint8_t)c);
    return low >= '0' && low <= '9' ? low - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Hex digits with dots anywhere between them; at least one octet. */
static enum status put_dotted_hex(struct parse *p, const char *at, size_t length)
{
    unsigned held = 0, digits = 0;

    for (size_t i = 0; i < length; i++) {
        if (at[i] == '.' && i > 0)
            continue;
        int value = hex_value(at[i]);
        if (value < 0)
            return E_BAD_TEXT;
        held = (held << 4 | (unsigned)value) & 0xff;
        if (++digits % 2 != 0)
            continue;
        enum status st = put_u8(p, held);
        if (st != OK)
            return st;
    }
    return digits == 0 || digits % 2 != 0 ? E_BAD_TEXT : OK;
}

enum status parse_nsap(struct parse *p)
{
    const struct token *t = parse_peek_word(p);

    if (t == NULL || t->length < 3 || t->data[0] != '0' || ascii_lower((uint8_t)t->data[1]) != 'x')
        return E_BAD_TEXT;
    enum status st = put_dotted_hex(p, t->data + 2, t->length - 2);
    if (st == OK)
        p->at++;
    return st;
}

enum { ATMA_AESA = 0, ATMA_E164 = 1 };

/* The first octet: 0 for hex (AESA), 1 for the digits of E.164. */
enum status parse_atma(struct parse *p)
{
    const struct token *t = parse_peek_word(p);

    if (t == NULL)
        return E_BAD_TEXT;
    bool e164 = t->length > 0 && t->data[0] == '+';
    enum status st = put_u8(p, e164 ? ATMA_E164 : ATMA_AESA);
    if (e164) {
        for (uint32_t i = 1; i < t->length; i++)
            if (t->data[i] < '0' || t->data[i] > '9')
                return E_BAD_TEXT;
        if (st == OK)
            st = t->length > 1 ? put(p, t->data + 1, t->length - 1) : E_BAD_TEXT;
    } else if (st == OK) {
        st = put_dotted_hex(p, t->data, t->length);
    }
    if (st == OK)
        p->at++;
    return st;
}

bool print_atma(struct print *p, struct cursor *c)
{
    uint8_t format = cursor_u8(c);
    size_t left = cursor_left(c);
    const uint8_t *address = cursor_take(c, left);

    if (address == NULL || format > ATMA_E164)
        return false;
    for (size_t i = 0; format == ATMA_E164 && i < left; i++)
        if (address[i] < '0' || address[i] > '9')
            return false;
    print_space(p);
    if (format == ATMA_AESA) {
        text_add_hex(p->text, address, left, false);
        return true;
    }
    text_add_char(p->text, '+');
    text_add_bytes(p->text, address, left);
    return true;
}

/* ---- A6, RFC 2874 3 ---- */

enum status parse_a6(struct parse *p, unsigned kind)
{
    const struct token *t = parse_peek_word(p);
    uint64_t prefix;
    uint8_t address[16];

    if (kind == F_A6_PREFIX) {
        enum status st = parse_number(p, 128, &prefix);
        return st == OK ? put_u8(p, (unsigned)prefix) : st;
    }
    prefix = p->out[0];
    if (kind == F_A6_NAME)
        return prefix == 0 ? OK : parse_name(p);
    if (prefix == 128)
        return OK;
    if (t == NULL || ip6_parse(token_slice(t), address) != OK)
        return E_BAD_TEXT;
    p->at++;
    address[prefix / 8] &= (uint8_t)(0xff >> prefix % 8);
    return put(p, address + prefix / 8, 16 - prefix / 8);
}

bool print_a6(struct print *p, unsigned kind, struct cursor *c)
{
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t address[16] = { 0 };
    struct name_view name;

    if (kind == F_A6_PREFIX) {
        print_number(p, cursor_u8(c));
        return !c->failed;
    }
    unsigned prefix = c->base[0];
    if (kind == F_A6_NAME) {
        if (prefix != 0 && name_read_plain(c, &name) == OK)
            print_name(p, name);
        return true;
    }
    if (prefix >= 128)
        return prefix == 128;
    size_t count = 16 - prefix / 8;
    const uint8_t *suffix = cursor_take(c, count);
    if (suffix == NULL)
        return false;
    memcpy(address + 16 - count, suffix, count);
    (void)inet_ntop(AF_INET6, address, text, sizeof text);
    print_space(p);
    text_add(p->text, text);
    return true;
}

/* ---- gateways: IPSECKEY, RFC 4025 2.5; AMTRELAY, RFC 8777 4.2.3 ---- */

enum { GATEWAY_NONE, GATEWAY_IP4, GATEWAY_IP6, GATEWAY_NAME, GATEWAY_TYPE_MASK = 0x7f };

enum status parse_relay_type(struct parse *p)
{
    uint64_t discovery, type;
    enum status st = parse_number(p, 1, &discovery);

    if (st == OK)
        st = parse_number(p, GATEWAY_NAME, &type);
    return st == OK ? put_u8(p, (unsigned)(discovery << 7 | type)) : st;
}

enum status parse_gateway(struct parse *p)
{
    const struct token *t = parse_peek_word(p);
    unsigned kind = p->out[1] & GATEWAY_TYPE_MASK;
    enum status st;

    if (t == NULL)
        return E_BAD_TEXT;
    if (kind == GATEWAY_NAME)
        return parse_name(p);
    if (kind == GATEWAY_NONE)
        st = slice_is(token_slice(t), ".") ? OK : E_BAD_TEXT;
    else
        st = kind == GATEWAY_IP4 ? put_ip4(p, token_slice(t)) : put_ip6(p, token_slice(t));
    if (st == OK)
        p->at++;
    return st;
}

bool print_gateway(struct print *p, struct cursor *c)
{
    unsigned kind = c->base[1] & GATEWAY_TYPE_MASK;
    char text[INET6_ADDRSTRLEN] = ".";
    struct name_view name;

    if (kind == GATEWAY_NAME) {
        if (name_read_plain(c, &name) != OK)
            return false;
        print_name(p, name);
        return true;
    }
    if (kind > GATEWAY_NAME)
        return false;
    if (kind != GATEWAY_NONE) {
        const uint8_t *address = cursor_take(c, kind == GATEWAY_IP4 ? 4 : 16);
        if (address == NULL)
            return false;
        (void)inet_ntop(kind == GATEWAY_IP4 ? AF_INET : AF_INET6, address, text, sizeof text);
    }
    print_space(p);
    text_add(p->text, text);
    return true;
}

/* ---- HIP, RFC 8005 5 ---- */

enum status parse_hip(struct parse *p)
{
    uint64_t algorithm;
    size_t start = p->length;
    enum status st = parse_number(p, UINT8_MAX, &algorithm);

    if (st == OK)
        st = put_32(p, (uint32_t)algorithm << 16);
    size_t hit = p->length;
    if (st == OK)
        st = parse_hex_word(p);
    size_t key = p->length;
    if (st == OK && key - hit > UINT8_MAX)
        return parse_tell(p, &p->list->tokens[p->at - 1], E_BAD_TEXT, "the HIT has at most 255 octets");
    if (st == OK)
        st = parse_base64_word(p);
    if (st != OK)
        return st;
    p->out[start] = (uint8_t)(key - hit);
    put_u16(p->out + start + 2, (uint16_t)(p->length - key));
    return OK;
}

bool print_hip(struct print *p, struct cursor *c)
{
    uint8_t hit_bytes = cursor_u8(c), algorithm = cursor_u8(c);
    uint16_t key_bytes = cursor_u16(c);
    const uint8_t *hit = cursor_take(c, hit_bytes), *key = cursor_take(c, key_bytes);

    if (key == NULL)
        return false;
    print_number(p, algorithm);
    print_space(p);
    text_add_hex(p->text, hit, hit_bytes, true);
    p->line = p->style->multiline;
    print_space(p);
    text_add_base64(p->text, key, key_bytes);   /* one word: servers follow it */
    return true;
}

/* ---- KEY flags, RFC 2535 7.1 ---- */

/* `0x` and up to four hex digits. */
static bool hex_flags(struct slice text, uint64_t *out)
{
    uint64_t value = 0;

    if (text.length < 3 || text.length > 6 || text.data[0] != '0' || ascii_lower((uint8_t)text.data[1]) != 'x')
        return false;
    for (size_t i = 2; i < text.length; i++) {
        if (hex_value(text.data[i]) < 0)
            return false;
        value = value << 4 | (uint64_t)hex_value(text.data[i]);
    }
    *out = value;
    return true;
}

/* A number, or mnemonics joined by `|`. */
enum status parse_key_flags(struct parse *p)
{
    const struct token *t = parse_peek_word(p);
    unsigned flags = 0;
    uint64_t number;
    uint32_t from = 0;

    if (t == NULL)
        return E_BAD_TEXT;
    enum status st = hex_flags(token_slice(t), &number) ? OK : decimal_parse(token_slice(t), UINT16_MAX, &number);
    if (st == E_RANGE)
        return st;
    for (uint32_t i = 0; st != OK && i <= t->length; i++) {
        uint16_t flag;
        if (i < t->length && t->data[i] != '|')
            continue;
        if (!word_find(WORDS_KEY_FLAG, slice_of(t->data + from, i - from), &flag))
            return E_BAD_TEXT;
        flags |= flag;
        from = i + 1;
    }
    p->at++;
    return put_16(p, st == OK ? (unsigned)number : flags);
}

/* ---- APL, RFC 3123 4 ---- */

enum { APL_IP4 = 1, APL_IP6 = 2, APL_NEGATED = 0x80 };

enum status prefixes_check(struct cursor *c, const char **why)
{
    while (cursor_left(c) != 0) {
        uint16_t family = cursor_u16(c);
        uint8_t prefix = cursor_u8(c), length = cursor_u8(c) & 0x7f;
        const uint8_t *address = cursor_take(c, length);
        unsigned octets = family == APL_IP4 ? 4 : 16;
        if (address == NULL)
            return E_TRUNCATED;
        if (length != 0 && address[length - 1] == 0)
            return bad(why, "an address in an APL does not end in a zero octet");
        if ((family == APL_IP4 || family == APL_IP6) && (length > octets || prefix > octets * 8))
            return bad(why, "the prefix is at most 32 for IPv4 (family 1) and 128 for IPv6 (family 2)");
    }
    return OK;
}

static enum status put_prefix(struct parse *p, struct slice text)
{
    uint8_t address[16];
    uint64_t family, prefix;
    bool negated = text.length > 0 && text.data[0] == '!';

    if (negated)
        text = slice_of(text.data + 1, text.length - 1);
    const char *colon = memchr(text.data, ':', text.length), *slash = memrchr(text.data, '/', text.length);
    if (colon == NULL || slash == NULL || slash < colon)
        return E_BAD_TEXT;
    if (decimal_parse(slice_of(text.data, (size_t)(colon - text.data)), 2, &family) != OK || family == 0)
        return E_BAD_TEXT;
    enum status st = decimal_parse(slice_of(slash + 1, (size_t)(text.data + text.length - slash - 1)), family == APL_IP4 ? 32 : 128, &prefix);
    if (st != OK)
        return st;
    struct slice middle = slice_of(colon + 1, (size_t)(slash - colon - 1));
    st = family == APL_IP4 ? ip4_parse(middle, address) : ip6_parse(middle, address);
    size_t length = family == APL_IP4 ? 4 : 16;
    while (st == OK && length > 0 && address[length - 1] == 0)
        length--;
    if (st == OK)
        st = put_32(p, (uint32_t)family << 16 | (uint32_t)prefix << 8 | (negated ? APL_NEGATED : 0u) | (uint32_t)length);
    return st == OK ? put(p, address, length) : st;
}

enum status parse_prefixes(struct parse *p)
{
    enum status st = OK;

    while (p->at < p->list->count) {
        const struct token *t = parse_peek_word(p);
        st = t == NULL ? E_BAD_TEXT : put_prefix(p, token_slice(t));
        if (st != OK)
            return st;
        p->at++;
    }
    return OK;
}

/* A family that has no text makes the whole rdata generic. */
bool print_prefixes(struct print *p, struct cursor *c)
{
    char text[INET6_ADDRSTRLEN] = "";

    while (cursor_left(c) != 0) {
        uint8_t address[16] = { 0 };
        uint16_t family = cursor_u16(c);
        uint8_t prefix = cursor_u8(c), length = cursor_u8(c);
        const uint8_t *octets = cursor_take(c, length & 0x7f);
        if (octets == NULL || (family != APL_IP4 && family != APL_IP6))
            return false;
        memcpy(address, octets, length & 0x7f);
        (void)inet_ntop(family == APL_IP4 ? AF_INET : AF_INET6, address, text, sizeof text);
        print_space(p);
        text_add_format(p->text, "%s%u:%s/%u", (length & APL_NEGATED) != 0 ? "!" : "", family, text, prefix);
    }
    return true;
}
