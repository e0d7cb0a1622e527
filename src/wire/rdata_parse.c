/* SPDX-License-Identifier: Apache-2.0 */
/* Text to plain rdata: the row is walked, each field takes its tokens. */
#include "wire/rdata_inside.h"
#include <string.h>

static const char *const wants[F_COUNT] = {
    [F_U8] = "a number from 0 to 255", [F_U16] = "a number from 0 to 65535", [F_U32] = "a number from 0 to 4294967295",
    [F_U48] = "a time in seconds, of at most 48 bits", [F_U64] = "a number of at most 64 bits",
    [F_OCTAL16] = "an octal number from 0 to 177777", [F_PERIOD] = "a time such as 3600 or 1h30m",
    [F_TIME] = "a time as YYYYMMDDHHmmSS or in seconds since 1970", [F_TYPE] = "a record type such as A or TYPE65534",
    [F_ALGORITHM] = "a DNSSEC algorithm such as 13 or ECDSAP256SHA256",
    [F_ALGORITHM_WORD] = "a DNSSEC algorithm such as 13 or ECDSAP256SHA256", [F_DIGEST_TYPE] = "a digest type such as 2 or SHA-256",
    [F_HASH] = "a hash algorithm: 1 or SHA-1", [F_CERT_TYPE] = "a certificate type such as PKIX or 1",
    [F_KEY_FLAGS] = "key flags: a number from 0 to 65535", [F_KEY_PROTOCOL] = "a key protocol: 3 or DNSSEC",
    [F_RKEY_FLAGS] = "the flags of an RKEY: 0", [F_SCHEME] = "a scheme: NOTIFY or a number from 0 to 255",
    [F_RCODE] = "an RCODE such as NOERROR or 0", [F_GATEWAY_TYPE] = "a gateway type: 0 (none), 1 (IPv4), 2 (IPv6) or 3 (name)",
    [F_RELAY_TYPE] = "the discovery bit, 0 or 1, and a relay type from 0 to 127", [F_IP4] = "an IPv4 address such as 192.0.2.1",
    [F_IP6] = "an IPv6 address such as 2001:db8::1", [F_LOCATOR] = "64 bits as four groups of hex digits such as 2001:db8:1140:1000",
    [F_EUI48] = "an EUI-48 address such as 00-00-5e-00-53-2a", [F_EUI64] = "an EUI-64 address such as 00-00-5e-ef-10-00-00-2a",
    [F_NAME] = "a domain name such as www.example.com.", [F_NAMES] = "a domain name such as www.example.com.",
    [F_STRING] = "a text of at most 255 octets", [F_STRING_MAYBE] = "a text of at most 255 octets",
    [F_STRINGS] = "a text of at most 255 octets", [F_DIGITS] = "an X.121 address of at least four digits",
    [F_DEGREES] = "a decimal number such as -32.6882", [F_REGEX] = "a regular expression such as \"!^.*$!sip:info@example.com!\"",
    [F_TAG] = "a tag such as issue", [F_VALUE] = "a value in quotes", [F_TARGET] = "a URI in quotes",
    [F_HEX] = "hex digits", [F_HEX_MAYBE] = "hex digits", [F_BASE64] = "base64", [F_BASE64_MAYBE] = "base64",
    [F_BASE64_DASH] = "base64, or - for none", [F_DIGEST] = "a digest in hex", [F_FINGERPRINT] = "a fingerprint in hex",
    [F_ZONE_DIGEST] = "a digest in hex", [F_KEY] = "a key in base64", [F_IPSEC_KEY] = "a key in base64",
    [F_TYPES] = "a record type such as A or TYPE65534", [F_TYPES_SOME] = "a record type such as A or TYPE65534",
    [F_TYPES_OLD] = "a record type below 128 such as A", [F_SERVICES] = "a port such as 25 or smtp",
    [F_NSAP] = "an NSAP address such as 0x47.0005.80", [F_ATMA] = "an ATM address such as +61200000000 or 39.246f.00",
    [F_PREFIXES] = "an address prefix such as 1:192.0.2.0/24 or !2:2001:db8::/32",
    [F_PARAMETERS] = "a service parameter such as alpn=h2,h3", [F_SALT] = "a salt in hex of at most 255 octets, or - for none",
    [F_NEXT_HASH] = "a hash in base32hex", [F_BLOB] = "a length and as many octets in base64", [F_PROTOCOL] = "a protocol such as tcp or 6",
    [F_GATEWAY] = "a gateway that fits its type: . for 0, an IPv4 address for 1, an IPv6 address for 2, a name for 3",
    [F_HIP] = "algorithm, HIT in hex and public key in base64", [F_A6_PREFIX] = "a prefix length from 0 to 128",
    [F_A6_SUFFIX] = "an IPv6 address such as ::1", [F_A6_NAME] = "the name of the prefix",
    [F_LOC] = "a location such as 52 22 23.000 N 4 53 32.000 E -2.00m",
};

const char *field_wants(unsigned field)
{
    const char *text = wants[field & F_KIND];
    return text != NULL ? text : "the generic form";
}

/* A number or a mnemonic. */
static enum status parse_word(struct parse *p, enum words list, uint64_t max, uint64_t *value)
{
    const struct token *t = parse_peek_word(p);
    uint16_t found;

    if (t != NULL && t->length > 0 && t->data[0] >= '0' && t->data[0] <= '9')
        return parse_number(p, max, value);     /* no mnemonic begins with a digit */
    if (t != NULL && word_find(list, token_slice(t), &found)) {
        *value = found;
        p->at++;
        return OK;
    }
    return parse_number(p, max, value);
}

static enum status parse_type(struct parse *p, uint64_t *value)
{
    const struct token *t = parse_peek_word(p);
    uint16_t type;

    if (t == NULL || type_parse(token_slice(t), &type) != OK)
        return E_BAD_TEXT;
    *value = type;
    p->at++;
    return OK;
}

static enum status parse_rcode(struct parse *p, uint64_t *value)
{
    const struct token *t = parse_peek_word(p);
    uint16_t rcode = 16;

    if (t == NULL || (!slice_is_nocase(token_slice(t), "BADSIG") && rcode_parse(token_slice(t), &rcode) != OK))
        return parse_number(p, UINT16_MAX, value);
    *value = rcode;
    p->at++;
    return OK;
}

static enum status parse_octal(struct parse *p, uint64_t *value)
{
    const struct token *t = parse_peek_word(p);
    uint64_t sum = 0;

    if (t == NULL || t->length == 0)
        return E_BAD_TEXT;
    for (uint32_t i = 0; i < t->length; i++) {
        if (t->data[i] < '0' || t->data[i] > '7')
            return E_BAD_TEXT;
        sum = sum * 8 + (uint64_t)(t->data[i] - '0');
        if (sum > UINT16_MAX)
            return E_RANGE;
    }
    *value = sum;
    p->at++;
    return OK;
}

/* Seconds, or numbers with units: 1w2d3h4m5s.  At least one digit before each unit. */
static enum status parse_period(struct parse *p, uint64_t *value)
{
    static const struct { char unit; uint32_t seconds; } units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
    const struct token *t = parse_peek_word(p);
    uint64_t sum = 0, part = 0;
    bool digits = false;

    if (t == NULL || decimal_parse(token_slice(t), UINT32_MAX, value) == OK)
        return parse_number(p, UINT32_MAX, value);
    for (uint32_t i = 0; i < t->length; i++) {
        uint8_t c = ascii_lower((uint8_t)t->data[i]);
        size_t unit = 0;
        if (c >= '0' && c <= '9') {
            part = part * 10 + (uint64_t)(c - '0');
            digits = true;
            if (part > UINT32_MAX)
                return E_RANGE;
            continue;
        }
        while (unit < LENGTH_OF(units) && units[unit].unit != (char)c)
            unit++;
        if (unit == LENGTH_OF(units) || !digits)
            return E_BAD_TEXT;
        sum += part * units[unit].seconds;
        part = 0;
        digits = false;
        if (sum > UINT32_MAX)
            return E_RANGE;
    }
    if (digits)
        return E_BAD_TEXT;
    *value = sum;
    p->at++;
    return OK;
}

static enum status parse_time(struct parse *p, uint64_t *value)
{
    const struct token *t = parse_peek_word(p);
    uint32_t seconds;
    enum status st = t == NULL ? E_BAD_TEXT : time_parse(token_slice(t), &seconds);

    if (st == OK) {
        *value = seconds;
        p->at++;
    }
    return st;
}

static int hex_digit(char c)
{
    uint8_t low = ascii_lower((uint8_t)c);
    return low >= '0' && low <= '9' ? low - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Groups of one to `most` hex digits between separators; each group becomes most/2 octets. */
static enum status parse_groups(struct parse *p, unsigned count, unsigned most, char separator)
{
    const struct token *t = parse_peek_word(p);
    uint8_t octets[8];
    uint32_t at = 0;

    if (t == NULL)
        return E_BAD_TEXT;
    for (unsigned group = 0; group < count; group++) {
        unsigned value = 0, digits = 0;
        if (group > 0 && (at == t->length || t->data[at++] != separator))
            return E_BAD_TEXT;
        for (; at < t->length && digits < most && hex_digit(t->data[at]) >= 0; at++, digits++)
            value = value << 4 | (unsigned)hex_digit(t->data[at]);
        if (digits == 0)
            return E_BAD_TEXT;
        if (most == 4)
            octets[group * 2] = (uint8_t)(value >> 8);
        octets[most == 4 ? group * 2 + 1 : group] = (uint8_t)value;
    }
    if (at != t->length)
        return E_BAD_TEXT;
    p->at++;
    return put(p, octets, count * (most / 2));
}

static enum status parse_address(struct parse *p, unsigned kind)
{
    const struct token *t = parse_peek_word(p);
    enum status st = t == NULL ? E_BAD_TEXT : kind == F_IP4 ? put_ip4(p, token_slice(t)) : put_ip6(p, token_slice(t));

    if (st == OK)
        p->at++;
    return st;
}

static enum status fixed_number(struct parse *p, unsigned kind, uint64_t *value)
{
    switch (kind) {
    case F_U8: case F_GATEWAY_TYPE: return parse_number(p, UINT8_MAX, value);
    case F_U16: case F_RKEY_FLAGS: return parse_number(p, UINT16_MAX, value);
    case F_U32: return parse_number(p, UINT32_MAX, value);
    case F_U48: return parse_number(p, (UINT64_C(1) << 48) - 1, value);
    case F_U64: return parse_number(p, UINT64_MAX, value);
    case F_OCTAL16: return parse_octal(p, value);
    case F_PERIOD: return parse_period(p, value);
    case F_TIME: return parse_time(p, value);
    case F_TYPE: return parse_type(p, value);
    case F_ALGORITHM: case F_ALGORITHM_WORD: return parse_word(p, WORDS_ALGORITHM, UINT8_MAX, value);
    case F_DIGEST_TYPE: return parse_word(p, WORDS_DIGEST, UINT8_MAX, value);
    case F_HASH: return parse_word(p, WORDS_HASH, UINT8_MAX, value);
    case F_CERT_TYPE: return parse_word(p, WORDS_CERT, UINT16_MAX, value);
    case F_KEY_PROTOCOL: return parse_word(p, WORDS_PROTOCOL, UINT8_MAX, value);
    case F_SCHEME: return parse_word(p, WORDS_SCHEME, UINT8_MAX, value);
    case F_RCODE: return parse_rcode(p, value);
    default: return E_BAD_TEXT;
    }
}

static enum status put_number(struct parse *p, unsigned kind, uint64_t value)
{
    switch (kind) {
    case F_U8: case F_ALGORITHM: case F_ALGORITHM_WORD: case F_DIGEST_TYPE: case F_HASH: case F_KEY_PROTOCOL: case F_SCHEME:
    case F_GATEWAY_TYPE: return put_u8(p, (unsigned)value);
    case F_U32: case F_PERIOD: case F_TIME: return put_32(p, (uint32_t)value);
    case F_U48: case F_U64: {
        uint8_t octets[8];
        put_u32(octets, (uint32_t)(value >> 32));
        put_u32(octets + 4, (uint32_t)value);
        return kind == F_U64 ? put(p, octets, 8) : put(p, octets + 2, 6);
    }
    default: return put_16(p, (unsigned)value);
    }
}

static enum status parse_fixed(struct parse *p, unsigned kind)
{
    uint64_t value;

    switch (kind) {
    case F_IP4: case F_IP6: return parse_address(p, kind);
    case F_LOCATOR: return parse_groups(p, 4, 4, ':');
    case F_EUI48: return parse_groups(p, 6, 2, '-');
    case F_EUI64: return parse_groups(p, 8, 2, '-');
    case F_KEY_FLAGS: return parse_key_flags(p);
    case F_RELAY_TYPE: return parse_relay_type(p);
    default: break;
    }
    enum status st = fixed_number(p, kind, &value);
    return st == OK ? put_number(p, kind, value) : st;
}

static enum status string_told(struct parse *p, const struct token *t, enum status st, size_t most)
{
    if (st == E_NO_SPACE && most == 255)
        return parse_tell(p, t, E_BAD_TEXT, "the text is longer than 255 octets: split it into several in quotes");
    if (st == E_BAD_TEXT)
        return parse_tell(p, t, E_BAD_TEXT, "bad escape: a backslash is followed by three digits of at most 255, or by one other character");
    return parse_tell(p, t, st, "the record is too long: rdata has at most 65535 octets");
}

/* One token as a character-string. */
static enum status parse_string(struct parse *p)
{
    const struct token *t = parse_peek(p);
    uint8_t octets[256];
    size_t length;

    if (t == NULL)
        return E_BAD_TEXT;
    enum status st = text_unescape(token_slice(t), octets + 1, 255, &length);
    if (st != OK)
        return string_told(p, t, st, 255);
    octets[0] = (uint8_t)length;
    p->at++;
    return put(p, octets, length + 1);
}

static enum status parse_strings(struct parse *p)
{
    enum status st = parse_string(p);
    while (st == OK && p->at < p->list->count)
        st = parse_string(p);
    return st;
}

/* One token without a length before it. */
static enum status parse_value(struct parse *p)
{
    const struct token *t = parse_peek(p);
    size_t length;

    if (t == NULL)
        return E_BAD_TEXT;
    enum status st = text_unescape(token_slice(t), p->out + p->length, p->room - p->length, &length);
    if (st != OK)
        return string_told(p, t, st, RDATA_MAX_BYTES);
    p->length += length;
    p->at++;
    return OK;
}

static bool is_dash(const struct token *t) { return t != NULL && t->length == 1 && t->data[0] == '-'; }

static enum status parse_salt(struct parse *p)
{
    size_t mark = p->length;
    enum status st = put_u8(p, 0);

    if (st != OK)
        return st;
    if (is_dash(parse_peek_word(p))) {
        p->at++;
        return OK;
    }
    st = parse_hex_word(p);
    if (st == OK && (p->length - mark - 1 > 255 || p->length - mark == 1)) {
        p->at--;
        return E_BAD_TEXT;
    }
    if (st == OK)
        p->out[mark] = (uint8_t)(p->length - mark - 1);
    return st;
}

static enum status parse_next_hash(struct parse *p)
{
    const struct token *t = parse_peek_word(p);
    uint8_t hash[256];
    size_t length;

    if (t == NULL || base32hex_decode(token_slice(t), hash + 1, 255, &length) != OK)
        return E_BAD_TEXT;
    hash[0] = (uint8_t)length;
    p->at++;
    return put(p, hash, length + 1);
}

/* `0`, or a length and base64 of that many octets. */
static enum status parse_blob(struct parse *p)
{
    uint64_t wanted;
    size_t first = p->at;
    enum status st = parse_number(p, UINT16_MAX, &wanted);

    if (st == OK)
        st = put_16(p, (unsigned)wanted);
    size_t start = p->length;
    if (st != OK || wanted == 0)
        return st;
    st = parse_base64_word(p);
    if (st == OK && p->length - start != wanted)
        return parse_tell(p, &p->list->tokens[first], E_BAD_TEXT, "the length is %u, but %zu octets follow", (unsigned)wanted,
                          p->length - start);
    return st;
}

static enum status parse_names(struct parse *p)
{
    enum status st = OK;
    while (st == OK && p->at < p->list->count)
        st = parse_name(p);
    return st;
}

static enum status parse_protocol(struct parse *p)
{
    uint64_t value;
    enum status st = parse_word(p, WORDS_IP_PROTOCOL, UINT8_MAX, &value);
    return st == OK ? put_u8(p, (unsigned)value) : st;
}

static enum status parse_data(struct parse *p, unsigned kind)
{
    bool may_miss = kind == F_HEX_MAYBE || kind == F_BASE64_MAYBE || kind == F_FINGERPRINT || kind == F_KEY || kind == F_IPSEC_KEY;

    if (parse_peek(p) == NULL)
        return may_miss ? OK : E_BAD_TEXT;      /* field_check says whether it may in this case */
    if (kind == F_BASE64_DASH && is_dash(parse_peek_word(p))) {
        p->at++;
        return OK;
    }
    if (kind == F_HEX || kind == F_HEX_MAYBE || kind == F_DIGEST || kind == F_FINGERPRINT || kind == F_ZONE_DIGEST)
        return parse_hex_rest(p);
    return parse_base64_rest(p);
}

enum status field_parse(struct parse *p, unsigned field)
{
    unsigned kind = field & F_KIND;

    if (kind <= F_FIXED_LAST)
        return parse_fixed(p, kind);
    switch (kind) {
    case F_NAME: return parse_name(p);
    case F_NAMES: return parse_names(p);
    case F_STRING: case F_DIGITS: case F_DEGREES: case F_REGEX: case F_TAG: return parse_string(p);
    case F_STRING_MAYBE: return parse_peek(p) == NULL ? OK : parse_string(p);
    case F_STRINGS: return parse_strings(p);
    case F_VALUE: case F_TARGET: return parse_value(p);
    case F_TYPES: case F_TYPES_SOME: return parse_types(p);
    case F_TYPES_OLD: return parse_types_old(p);
    case F_SERVICES: return parse_services(p);
    case F_PROTOCOL: return parse_protocol(p);
    case F_NSAP: return parse_nsap(p);
    case F_ATMA: return parse_atma(p);
    case F_PREFIXES: return parse_prefixes(p);
    case F_PARAMETERS: return parse_parameters(p);
    case F_SALT: return parse_salt(p);
    case F_NEXT_HASH: return parse_next_hash(p);
    case F_BLOB: return parse_blob(p);
    case F_GATEWAY: return parse_gateway(p);
    case F_HIP: return parse_hip(p);
    case F_A6_PREFIX: case F_A6_SUFFIX: case F_A6_NAME: return parse_a6(p, kind);
    case F_LOC: return parse_loc(p);
    case F_OPAQUE: return E_BAD_TEXT;
    default: return parse_data(p, kind);
    }
}

/* Turns a bare status into the sentence for the token that the field stopped at. */
static enum status tell_field(struct parse *p, unsigned field, enum status st)
{
    const struct token *t = parse_peek(p);
    char shown[SHOWN_ROOM];

    if (p->told)
        return st;
    if (t == NULL)
        return parse_tell(p, NULL, st, "expected %s, but the %s record ends here", field_wants(field), p->row->mnemonic);
    if (st == E_BAD_NAME)
        return parse_tell(p, t, st, "the name \"%s\" is too long: a label has at most 63 octets, a name 255", token_shown(t, shown));
    if (st == E_RANGE)
        return parse_tell(p, t, st, "\"%s\" is out of range: expected %s", token_shown(t, shown), field_wants(field));
    return parse_tell(p, t, st, "expected %s, got %s\"%s\"", field_wants(field), t->quoted ? "quoted " : "", token_shown(t, shown));
}

static enum status check_written(struct parse *p, unsigned field, size_t from, const struct token *at)
{
    struct cursor c = { p->out, p->out + from, p->out + p->length, false };
    const char *why = NULL;
    enum status st = field_check(field, &c, &why);

    if (st == OK)
        return OK;
    if (at == NULL && from == p->length)
        return parse_tell(p, NULL, E_BAD_TEXT, "expected %s, but the %s record ends here", field_wants(field), p->row->mnemonic);
    return parse_tell(p, at, E_BAD_RDATA, "%s", why != NULL ? why : "the record does not fit its type");
}

/* What text these kinds take is right by itself: no second look. */
static bool right_by_itself(unsigned kind)
{
    return (kind <= F_FIXED_LAST && kind != F_RKEY_FLAGS && kind != F_GATEWAY_TYPE) || kind == F_NAME || kind == F_STRING || kind == F_STRINGS;
}

static enum status parse_fields(struct parse *p)
{
    for (const uint16_t *f = p->row->fields; *f != F_END; f++) {
        const struct token *first = parse_peek(p);
        size_t from = p->length;
        enum status st = field_parse(p, *f);
        if (st != OK)
            return tell_field(p, *f, st);
        if (!right_by_itself(*f & F_KIND) && (st = check_written(p, *f, from, first)) != OK)
            return st;
    }
    const struct token *extra = parse_peek(p);
    char shown[SHOWN_ROOM];
    if (extra != NULL)
        return parse_tell(p, extra, E_BAD_TEXT, "unexpected \"%s\": the %s record is complete before it", token_shown(extra, shown),
                          p->row->mnemonic);
    return OK;
}

/* `\# LENGTH HEX...`, RFC 3597 5. */
static enum status parse_generic(struct parse *p)
{
    char shown[SHOWN_ROOM];
    uint64_t wanted;
    const char *why = NULL;

    p->at = 1;
    const struct token *size = parse_peek(p);
    if (parse_number(p, RDATA_MAX_BYTES, &wanted) != OK)
        return parse_tell(p, size, E_BAD_TEXT, "expected the number of octets, 0 to 65535, after \\#%s%s", size != NULL ? ", got " : "",
                          size != NULL ? token_shown(size, shown) : "");
    const struct token *data = parse_peek(p);
    enum status st = parse_hex_rest(p);
    if (st != OK)
        return p->told ? st : parse_tell(p, parse_peek(p), st, "expected hex digits, got \"%s\"", token_shown(parse_peek(p), shown));
    if (p->length != wanted)
        return parse_tell(p, size, E_BAD_TEXT, "\\# says %u octets, but %zu follow", (unsigned)wanted, p->length);
    if (p->row == NULL)
        return OK;
    st = row_check(p->row, p->length == 0 ? (const uint8_t *)"" : p->out, p->length, &why);
    if (st != OK)
        return parse_tell(p, data != NULL ? data : size, E_BAD_RDATA, "these octets do not fit the type %s%s%s", p->row->mnemonic,
                          why != NULL ? ": " : "", why != NULL ? why : "");
    return OK;
}

enum status row_parse(const struct rdata_row *row, uint16_t type, const struct token_list *list, uint8_t *out, size_t room,
                      size_t *length, struct diagnostics *diag)
{
    struct parse p = { .list = list, .out = out, .room = room < RDATA_MAX_BYTES ? room : RDATA_MAX_BYTES, .diag = diag, .row = row };
    const struct token *first = parse_peek(&p);
    char mnemonic[CODE_TEXT_ROOM];
    enum status st;

    if (first != NULL && !first->quoted && first->length == 2 && first->data[0] == '\\' && first->data[1] == '#')
        st = parse_generic(&p);
    else if (row == NULL || row->fields[0] == F_OPAQUE)
        st = parse_tell(&p, first, E_BAD_TEXT, "%s has no text form here: write its octets as \\# LENGTH HEX (RFC 3597)",
                        row != NULL ? row->mnemonic : type_to_text(type, mnemonic));
    else
        st = parse_fields(&p);
    if (st == OK)
        *length = p.length;
    return st;
}

enum status rdata_parse(uint16_t type, uint16_t klass, const struct token_list *list, uint8_t *out, size_t room, size_t *length,
                        struct diagnostics *diag)
{
    return row_parse(rdata_row_find(type, klass), type, list, out, room, length, diag);
}
