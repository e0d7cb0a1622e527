/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a row over plain rdata: checks, canonical form, names. */
#include "wire/rdata_inside.h"
#include <string.h>

/* Octets of the kinds whose size is fixed. */
static const uint8_t fixed_bytes[F_FIXED_LAST + 1] = {
    [F_U8] = 1, [F_U16] = 2, [F_U32] = 4, [F_U48] = 6, [F_U64] = 8, [F_OCTAL16] = 2, [F_PERIOD] = 4, [F_TIME] = 4, [F_TYPE] = 2,
    [F_ALGORITHM] = 1, [F_ALGORITHM_WORD] = 1, [F_DIGEST_TYPE] = 1, [F_HASH] = 1, [F_CERT_TYPE] = 2, [F_KEY_FLAGS] = 2,
    [F_KEY_PROTOCOL] = 1, [F_RKEY_FLAGS] = 2, [F_SCHEME] = 1, [F_RCODE] = 2, [F_GATEWAY_TYPE] = 1, [F_RELAY_TYPE] = 1,
    [F_IP4] = 4, [F_IP6] = 16, [F_LOCATOR] = 8, [F_EUI48] = 6, [F_EUI64] = 8,
};

enum { GATEWAY_NONE, GATEWAY_IP4, GATEWAY_IP6, GATEWAY_NAME, GATEWAY_TYPE_MASK = 0x7f, NOKEY = 0xc000 };

static enum status rest_take(struct cursor *c, size_t least, const char **why)
{
    if (cursor_left(c) < least)
        return bad(why, "the last field is empty");
    c->pos = c->end;
    return OK;
}

static enum status fixed_check(unsigned kind, struct cursor *c, const char **why)
{
    const uint8_t *at = cursor_take(c, fixed_bytes[kind]);

    if (at == NULL)
        return E_TRUNCATED;
    if (kind == F_RKEY_FLAGS && get_u16(at) != 0)
        return bad(why, "the flags of an RKEY are 0");
    if (kind == F_GATEWAY_TYPE && at[0] > GATEWAY_NAME)
        return bad(why, "the gateway type is 0 (none), 1 (IPv4), 2 (IPv6) or 3 (name)");
    return OK;
}

/* A digest whose kind is told by the octet before it; `table` lists kind and length, closed by a zero. */
static enum status digest_check(const uint8_t *table, size_t least, struct cursor *c, const char **why)
{
    uint8_t kind = c->pos > c->base ? c->pos[-1] : 0;
    size_t left = cursor_left(c);

    for (; table[0] != 0; table += 2)
        if (table[0] == kind && left != table[1])
            return bad(why, table[1] == 20 ? "a SHA-1 digest has 20 octets (40 hex digits)"
                          : table[1] == 32 ? "a SHA-256 digest has 32 octets (64 hex digits)"
                          : table[1] == 48 ? "a SHA-384 digest has 48 octets (96 hex digits)"
                                           : "a SHA-512 digest has 64 octets (128 hex digits)");
    if (left < least)
        return bad(why, least == 1 ? "the digest is empty" : "the digest has at least 12 octets (24 hex digits)");
    return rest_take(c, 0, why);
}

/* RFC 4034 5.1.3, 4509, 6605; RFC 4255 3.1.2, 6594; RFC 8976 2.2.3, 2.2.4. */
static const uint8_t ds_digests[] = { 1, 20, 2, 32, 4, 48, 0 };
static const uint8_t sshfp_digests[] = { 1, 20, 2, 32, 0 };
static const uint8_t zonemd_digests[] = { 1, 48, 2, 64, 0 };
enum { ZONEMD_LEAST = 12 };

/* RFC 2535 3.1.2: with the flags NOKEY the key is left out; else it is there. */
static enum status key_check(struct cursor *c, const char **why)
{
    bool none = c->pos - c->base >= 2 && (get_u16(c->base) & NOKEY) == NOKEY;

    if (none && cursor_left(c) != 0)
        return bad(why, "with the NOKEY flags there is no key");
    return rest_take(c, none ? 0 : 1, why);
}

/* RFC 4025 2.4: algorithm 0 means that there is no key. */
static enum status ipsec_key_check(struct cursor *c, const char **why)
{
    bool none = c->end - c->base >= 3 && c->base[2] == 0;
    return rest_take(c, none ? 0 : 1, why);
}

static enum status gateway_check(struct cursor *c, const char **why)
{
    struct name_view name;
    unsigned kind = c->pos - c->base >= 2 ? c->base[1] & GATEWAY_TYPE_MASK : 0;

    if (kind == GATEWAY_NAME)
        return name_read_plain(c, &name);
    if (kind > GATEWAY_NAME)
        return rest_take(c, 0, why);            /* AMTRELAY may grow types: opaque */
    return cursor_take(c, kind == GATEWAY_NONE ? 0 : kind == GATEWAY_IP4 ? 4 : 16) != NULL ? OK : E_TRUNCATED;
}

static enum status prefixed_check(size_t length, bool some, struct cursor *c, const char **why)
{
    if (c->failed || cursor_take(c, length) == NULL)
        return E_TRUNCATED;
    return some && length == 0 ? bad(why, "the hash is empty") : OK;
}

/* RFC 5155 3.1.7; hash algorithm 1 is SHA-1. */
static enum status next_hash_check(struct cursor *c, const char **why)
{
    uint8_t length = cursor_u8(c);

    if (c->base[0] == 1 && length != 20)
        return bad(why, "a SHA-1 hash has 20 octets (32 base32 digits)");
    return prefixed_check(length, true, c, why);
}

/* RFC 2874 3.1: prefix length; the low bits of the address; the name of the prefix. */
static enum status a6_check(unsigned kind, struct cursor *c, const char **why)
{
    struct name_view name;
    unsigned prefix = kind == F_A6_PREFIX ? cursor_u8(c) : c->base[0];

    if (c->failed)
        return E_TRUNCATED;
    if (prefix > 128)
        return bad(why, "the prefix length is 0 to 128");
    if (kind == F_A6_NAME)
        return prefix == 0 ? OK : name_read_plain(c, &name);
    if (kind == F_A6_PREFIX || prefix == 128)
        return OK;
    const uint8_t *suffix = cursor_take(c, 16 - prefix / 8);
    if (suffix == NULL)
        return E_TRUNCATED;
    if ((suffix[0] & ~(0xff >> prefix % 8) & 0xff) != 0)
        return bad(why, "the bits that the prefix covers are zero");
    return OK;
}

static enum status names_check(struct cursor *c)
{
    struct name_view name;
    enum status st = OK;

    while (st == OK && cursor_left(c) != 0)
        st = name_read_plain(c, &name);
    return st;
}

/* RFC 2535 5.2: bits 0..127, bit 0 clear, no zero octet at the end. */
static enum status types_old_check(struct cursor *c, const char **why)
{
    size_t left = cursor_left(c);

    if (left != 0 && ((c->pos[0] & 0x80) != 0 || left > 16 || c->end[-1] == 0))
        return bad(why, "the bit map has 1 to 16 octets, the first bit clear, the last octet not zero");
    return rest_take(c, 0, why);
}

static enum status services_check(struct cursor *c, const char **why)
{
    size_t left = cursor_left(c);

    if (left > 65536 / 8 || (left != 0 && c->end[-1] == 0))
        return bad(why, "the bit map of ports has at most 8192 octets, the last one not zero");
    return rest_take(c, 0, why);
}

static enum status rest_check(unsigned kind, struct cursor *c, const char **why)
{
    switch (kind) {
    case F_TARGET: case F_HEX: case F_BASE64: case F_NSAP: return rest_take(c, 1, why);
    case F_ATMA: return rest_take(c, 2, why);
    case F_DIGEST: return digest_check(ds_digests, 1, c, why);
    case F_FINGERPRINT: return digest_check(sshfp_digests, 0, c, why);
    case F_ZONE_DIGEST: return digest_check(zonemd_digests, ZONEMD_LEAST, c, why);
    case F_KEY: return key_check(c, why);
    case F_IPSEC_KEY: return ipsec_key_check(c, why);
    case F_TYPES_SOME: if (cursor_left(c) == 0) return bad(why, "the list of types is empty"); return types_check(c, why);
    case F_TYPES: return types_check(c, why);
    case F_TYPES_OLD: return types_old_check(c, why);
    case F_SERVICES: return services_check(c, why);
    case F_PREFIXES: return prefixes_check(c, why);
    case F_PARAMETERS: return svcb_check(c, why);
    case F_NAMES: return names_check(c);
    default: return rest_take(c, 0, why);
    }
}

enum status field_check(unsigned field, struct cursor *c, const char **why)
{
    unsigned kind = field & F_KIND;
    struct name_view name;

    if (kind <= F_FIXED_LAST)
        return fixed_check(kind, c, why);
    switch (kind) {
    case F_NAME: return name_read_plain(c, &name);
    case F_STRING: case F_STRING_MAYBE: case F_STRINGS: case F_DIGITS: case F_DEGREES: case F_REGEX: case F_TAG:
        return string_check(kind, c, why);
    case F_SALT: return prefixed_check(cursor_u8(c), false, c, why);
    case F_NEXT_HASH: return next_hash_check(c, why);
    case F_BLOB: return prefixed_check(cursor_u16(c), false, c, why);
    case F_PROTOCOL: return cursor_take(c, 1) != NULL ? OK : E_TRUNCATED;
    case F_GATEWAY: return gateway_check(c, why);
    case F_HIP: return hip_check(c, why);
    case F_A6_PREFIX: case F_A6_SUFFIX: case F_A6_NAME: return a6_check(kind, c, why);
    case F_LOC: return loc_check(c, why);
    default: return rest_check(kind, c, why);
    }
}

enum status row_check(const struct rdata_row *row, const uint8_t *rdata, size_t size, const char **why)
{
    struct cursor c = cursor_of(rdata, size);

    for (const uint16_t *f = row->fields; *f != F_END; f++) {
        enum status st = field_check(*f, &c, why);
        if (st != OK)
            return st;
    }
    return c.pos == c.end ? OK : bad(why, "octets are left over behind the last field");
}

enum status rdata_check(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size)
{
    const struct rdata_row *row = rdata_row_find(type, klass);
    const char *why = NULL;

    if (size > RDATA_MAX_BYTES)
        return E_BAD_RDATA;
    if (row == NULL)
        return OK;                              /* opaque, RFC 3597 3 */
    return row_check(row, size == 0 ? (const uint8_t *)"" : rdata, size, &why);
}

bool field_has_name(unsigned field, const struct cursor *c)
{
    switch (field & F_KIND) {
    case F_NAME: return true;
    case F_NAMES: return cursor_left(c) != 0;
    case F_A6_NAME: return c->base[0] != 0;
    case F_GATEWAY: return (c->base[1] & GATEWAY_TYPE_MASK) == GATEWAY_NAME;
    default: return false;
    }
}

/* Finds the first name that begins at *offset or behind it.  What lies before is stepped over, but for a list of names,
 * into which *offset leads: so walking all is linear. */
bool row_name_next(const struct rdata_row *row, const uint8_t *rdata, size_t size, size_t *offset, struct rdata_name *out,
                   unsigned *field)
{
    struct cursor c = cursor_of(rdata, size);
    const char *why;

    for (const uint16_t *f = row->fields; *f != F_END && c.pos < c.end; f++) {
        bool list = (*f & F_KIND) == F_NAMES;
        if (list && *offset > (size_t)(c.pos - c.base) && *offset <= size)
            c.pos = c.base + *offset;
        size_t at = (size_t)(c.pos - c.base);
        if (at >= *offset && field_has_name(*f, &c)) {
            if (name_read_plain(&c, &out->name) != OK)
                return false;
            out->offset = (uint16_t)at;
            out->use = (*f & N_TARGET) != 0 ? RDATA_NAME_TARGET : RDATA_NAME_OTHER;
            out->compress = (*f & N_PACK) != 0;
            *field = *f;
            *offset = (size_t)(c.pos - c.base);
            return true;
        }
        if (field_check(*f, &c, &why) != OK)
            return false;
    }
    return false;
}

bool row_has(const struct rdata_row *row, unsigned flag)
{
    for (const uint16_t *f = row->fields; *f != F_END; f++)
        if ((*f & flag) != 0)
            return true;
    return false;
}

void row_canonical(const struct rdata_row *row, uint8_t *rdata, size_t size)
{
    struct rdata_name name;
    size_t offset = 0;
    unsigned field;

    if (!row_has(row, N_LOWER))
        return;
    while (row_name_next(row, rdata, size, &offset, &name, &field))
        if ((field & N_LOWER) != 0)
            name_lower(rdata + name.offset, name.name.length);
}

void rdata_canonical(uint16_t type, uint16_t klass, uint8_t *rdata, size_t size)
{
    const struct rdata_row *row = rdata_row_find(type, klass);
    if (row != NULL && size != 0)
        row_canonical(row, rdata, size);
}

int rdata_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common == 0 ? 0 : memcmp(a, b, common);

    if (order != 0)
        return order;
    return a_size < b_size ? -1 : a_size > b_size;
}

bool rdata_name_next(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size, size_t *offset, struct rdata_name *out)
{
    const struct rdata_row *row = rdata_row_find(type, klass);
    unsigned field;

    return row != NULL && size != 0 && row_name_next(row, rdata, size, offset, out, &field);
}

bool rdata_may_compress(uint16_t type, uint16_t klass)
{
    const struct rdata_row *row = rdata_row_find(type, klass);
    return row != NULL && row_has(row, N_PACK);
}
