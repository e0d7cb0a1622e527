/* SPDX-License-Identifier: Apache-2.0 */
/* The table of RR types.  A new type is a new row here and nothing else. */
#include "wire/inside.h"
#include "wire/rdata_inside.h"

/* The four ways of names.  OLD: not of RFC 1035, but RFC 3597 4 wants compression followed. */
#define NAME_1035 (F_NAME | N_PACK | N_UNPACK | N_LOWER)
#define NAME_OLD (F_NAME | N_UNPACK | N_LOWER)
#define NAME_LOWER (F_NAME | N_LOWER)
#define NAME_KEPT F_NAME
#define ROW(number, name, rfc_number, in_class, lines, ...) \
    [number] = { .mnemonic = name, .code = number, .rfc = rfc_number, .klass = in_class, .layout = lines, .fields = { __VA_ARGS__ } }

enum { ANY_CLASS = 0 };

/* By code.  rfc 0: registered without one. */
static const struct rdata_row rows_low[ROWS_LOW] = {
    ROW(1, "A", 1035, CLASS_IN, LINE_ONE, F_IP4),
    ROW(2, "NS", 1035, ANY_CLASS, LINE_ONE, NAME_1035 | N_TARGET),
    ROW(3, "MD", 1035, ANY_CLASS, LINE_ONE, NAME_1035 | N_TARGET),
    ROW(4, "MF", 1035, ANY_CLASS, LINE_ONE, NAME_1035 | N_TARGET),
    ROW(5, "CNAME", 1035, ANY_CLASS, LINE_ONE, NAME_1035),
    ROW(6, "SOA", 1035, ANY_CLASS, LINE_SOA, NAME_1035, NAME_1035, F_U32, F_PERIOD, F_PERIOD, F_PERIOD, F_PERIOD),
    ROW(7, "MB", 1035, ANY_CLASS, LINE_ONE, NAME_1035 | N_TARGET),
    ROW(8, "MG", 1035, ANY_CLASS, LINE_ONE, NAME_1035),
    ROW(9, "MR", 1035, ANY_CLASS, LINE_ONE, NAME_1035),
    ROW(10, "NULL", 1035, ANY_CLASS, LINE_ONE, F_OPAQUE),
    ROW(11, "WKS", 1035, CLASS_IN, LINE_ONE, F_IP4, F_PROTOCOL, F_SERVICES),
    ROW(12, "PTR", 1035, ANY_CLASS, LINE_ONE, NAME_1035),
    ROW(13, "HINFO", 1035, ANY_CLASS, LINE_ONE, F_STRING, F_STRING),
    ROW(14, "MINFO", 1035, ANY_CLASS, LINE_ONE, NAME_1035, NAME_1035),
    ROW(15, "MX", 1035, ANY_CLASS, LINE_ONE, F_U16, NAME_1035 | N_TARGET),
    ROW(16, "TXT", 1035, ANY_CLASS, LINE_ONE, F_STRINGS),
    ROW(17, "RP", 1183, ANY_CLASS, LINE_ONE, NAME_OLD, NAME_OLD),
    ROW(18, "AFSDB", 1183, ANY_CLASS, LINE_ONE, F_U16, NAME_OLD | N_TARGET),
    ROW(19, "X25", 1183, ANY_CLASS, LINE_ONE, F_DIGITS),
    ROW(20, "ISDN", 1183, ANY_CLASS, LINE_ONE, F_STRING, F_STRING_MAYBE),
    ROW(21, "RT", 1183, ANY_CLASS, LINE_ONE, F_U16, NAME_OLD | N_TARGET),
    ROW(22, "NSAP", 1706, CLASS_IN, LINE_ONE, F_NSAP),
    ROW(23, "NSAP-PTR", 1706, CLASS_IN, LINE_ONE, NAME_KEPT),
    ROW(24, "SIG", 2535, ANY_CLASS, LINE_SIGNATURE, F_TYPE, F_ALGORITHM, F_U8, F_U32, F_TIME, F_TIME, F_U16, NAME_OLD, F_BASE64),
    ROW(25, "KEY", 2535, ANY_CLASS, LINE_KEY, F_KEY_FLAGS, F_KEY_PROTOCOL, F_ALGORITHM, F_KEY),
    ROW(26, "PX", 2163, CLASS_IN, LINE_ONE, F_U16, NAME_OLD, NAME_OLD),
    ROW(27, "GPOS", 1712, ANY_CLASS, LINE_ONE, F_DEGREES, F_DEGREES, F_DEGREES),
    ROW(28, "AAAA", 3596, CLASS_IN, LINE_ONE, F_IP6),
    ROW(29, "LOC", 1876, ANY_CLASS, LINE_ONE, F_LOC),
    ROW(30, "NXT", 2535, ANY_CLASS, LINE_ONE, NAME_OLD, F_TYPES_OLD),
    ROW(31, "EID", 0, CLASS_IN, LINE_INLINE, F_HEX),
    ROW(32, "NIMLOC", 0, CLASS_IN, LINE_INLINE, F_HEX),
    ROW(33, "SRV", 2782, CLASS_IN, LINE_ONE, F_U16, F_U16, F_U16, NAME_OLD | N_TARGET),
    ROW(34, "ATMA", 0, CLASS_IN, LINE_ONE, F_ATMA),
    ROW(35, "NAPTR", 3403, ANY_CLASS, LINE_ONE, F_U16, F_U16, F_STRING, F_STRING, F_REGEX, NAME_OLD | N_TARGET),
    ROW(36, "KX", 2230, CLASS_IN, LINE_ONE, F_U16, NAME_LOWER | N_TARGET),
    ROW(37, "CERT", 4398, ANY_CLASS, LINE_BLOB, F_CERT_TYPE, F_U16, F_ALGORITHM_WORD, F_BASE64),
    ROW(38, "A6", 2874, CLASS_IN, LINE_ONE, F_A6_PREFIX, F_A6_SUFFIX, F_A6_NAME | N_LOWER),
    ROW(39, "DNAME", 6672, ANY_CLASS, LINE_ONE, NAME_LOWER),
    ROW(40, "SINK", 0, ANY_CLASS, LINE_BLOB, F_U8, F_U8, F_U8, F_BASE64_MAYBE),
    ROW(42, "APL", 3123, CLASS_IN, LINE_ONE, F_PREFIXES),
    ROW(43, "DS", 4034, ANY_CLASS, LINE_BLOB, F_U16, F_ALGORITHM, F_DIGEST_TYPE, F_DIGEST),
    ROW(44, "SSHFP", 4255, ANY_CLASS, LINE_BLOB, F_U8, F_U8, F_FINGERPRINT),
    ROW(45, "IPSECKEY", 4025, ANY_CLASS, LINE_WRAP, F_U8, F_GATEWAY_TYPE, F_U8, F_GATEWAY, F_IPSEC_KEY),
    ROW(46, "RRSIG", 4034, ANY_CLASS, LINE_SIGNATURE, F_TYPE, F_ALGORITHM, F_U8, F_U32, F_TIME, F_TIME, F_U16, NAME_LOWER, F_BASE64),
    ROW(47, "NSEC", 4034, ANY_CLASS, LINE_ONE, NAME_KEPT, F_TYPES_SOME),
    ROW(48, "DNSKEY", 4034, ANY_CLASS, LINE_DNSKEY, F_KEY_FLAGS, F_KEY_PROTOCOL, F_ALGORITHM, F_KEY),
    ROW(49, "DHCID", 4701, CLASS_IN, LINE_INLINE, F_BASE64),
    ROW(50, "NSEC3", 5155, ANY_CLASS, LINE_TYPES, F_HASH, F_U8, F_U16, F_SALT, F_NEXT_HASH, F_TYPES),
    ROW(51, "NSEC3PARAM", 5155, ANY_CLASS, LINE_ONE, F_HASH, F_U8, F_U16, F_SALT),
    ROW(52, "TLSA", 6698, ANY_CLASS, LINE_BLOB, F_U8, F_U8, F_U8, F_HEX),
    ROW(53, "SMIMEA", 8162, ANY_CLASS, LINE_BLOB, F_U8, F_U8, F_U8, F_HEX),
    ROW(55, "HIP", 8005, ANY_CLASS, LINE_WRAP, F_HIP, F_NAMES),
    ROW(56, "NINFO", 0, ANY_CLASS, LINE_ONE, F_STRINGS),
    ROW(57, "RKEY", 0, ANY_CLASS, LINE_KEY, F_RKEY_FLAGS, F_KEY_PROTOCOL, F_ALGORITHM, F_KEY),
    ROW(58, "TALINK", 0, ANY_CLASS, LINE_ONE, NAME_KEPT, NAME_KEPT),
    ROW(59, "CDS", 7344, ANY_CLASS, LINE_BLOB, F_U16, F_ALGORITHM, F_DIGEST_TYPE, F_DIGEST),
    ROW(60, "CDNSKEY", 7344, ANY_CLASS, LINE_DNSKEY, F_KEY_FLAGS, F_KEY_PROTOCOL, F_ALGORITHM, F_KEY),
    ROW(61, "OPENPGPKEY", 7929, ANY_CLASS, LINE_INLINE, F_BASE64),
    ROW(62, "CSYNC", 7477, ANY_CLASS, LINE_ONE, F_U32, F_U16, F_TYPES),
    ROW(63, "ZONEMD", 8976, ANY_CLASS, LINE_BLOB, F_U32, F_U8, F_U8, F_ZONE_DIGEST),
    ROW(64, "SVCB", 9460, CLASS_IN, LINE_ONE, F_U16, NAME_KEPT | N_TARGET, F_PARAMETERS),
    ROW(65, "HTTPS", 9460, CLASS_IN, LINE_ONE, F_U16, NAME_KEPT | N_TARGET, F_PARAMETERS),
    ROW(66, "DSYNC", 9859, ANY_CLASS, LINE_ONE, F_TYPE, F_SCHEME, F_U16, NAME_KEPT),
    ROW(67, "HHIT", 9886, ANY_CLASS, LINE_INLINE, F_BASE64),
    ROW(68, "BRID", 9886, ANY_CLASS, LINE_INLINE, F_BASE64),
    ROW(99, "SPF", 7208, ANY_CLASS, LINE_ONE, F_STRINGS),
    ROW(100, "UINFO", 0, ANY_CLASS, LINE_ONE, F_OPAQUE),
    ROW(101, "UID", 0, ANY_CLASS, LINE_ONE, F_OPAQUE),
    ROW(102, "GID", 0, ANY_CLASS, LINE_ONE, F_OPAQUE),
    ROW(103, "UNSPEC", 0, ANY_CLASS, LINE_ONE, F_OPAQUE),
    ROW(104, "NID", 6742, ANY_CLASS, LINE_ONE, F_U16, F_LOCATOR),
    ROW(105, "L32", 6742, ANY_CLASS, LINE_ONE, F_U16, F_IP4),
    ROW(106, "L64", 6742, ANY_CLASS, LINE_ONE, F_U16, F_LOCATOR),
    ROW(107, "LP", 6742, ANY_CLASS, LINE_ONE, F_U16, NAME_KEPT | N_TARGET),
    ROW(108, "EUI48", 7043, ANY_CLASS, LINE_ONE, F_EUI48),
    ROW(109, "EUI64", 7043, ANY_CLASS, LINE_ONE, F_EUI64),
    ROW(128, "NXNAME", 9824, ANY_CLASS, LINE_ONE, F_OPAQUE),
    ROW(249, "TKEY", 2930, ANY_CLASS, LINE_ONE, NAME_KEPT, F_U32, F_U32, F_U16, F_RCODE, F_BLOB, F_BLOB),
    ROW(250, "TSIG", 8945, ANY_CLASS, LINE_ONE, NAME_KEPT, F_U48, F_U16, F_BLOB, F_U16, F_RCODE, F_BLOB),
    ROW(256, "URI", 7553, ANY_CLASS, LINE_ONE, F_U16, F_U16, F_TARGET),
    ROW(257, "CAA", 8659, ANY_CLASS, LINE_ONE, F_U8, F_TAG, F_VALUE),
    ROW(258, "AVC", 0, ANY_CLASS, LINE_ONE, F_STRINGS),
    ROW(259, "DOA", 0, ANY_CLASS, LINE_ONE, F_U32, F_U32, F_U8, F_STRING, F_BASE64_DASH),
    ROW(260, "AMTRELAY", 8777, ANY_CLASS, LINE_ONE, F_U8, F_RELAY_TYPE, F_GATEWAY),
    ROW(261, "RESINFO", 9606, ANY_CLASS, LINE_ONE, F_STRINGS),
    ROW(262, "WALLET", 0, ANY_CLASS, LINE_ONE, F_STRINGS),
    ROW(263, "CLA", 0, ANY_CLASS, LINE_ONE, F_STRINGS),
    ROW(264, "IPN", 0, ANY_CLASS, LINE_ONE, F_U64),
};

/* Codes from 32768 on. */
enum { HIGH_FIRST = 32768 };
static const struct rdata_row rows_high[] = {
    { "TA", 32768, 0, ANY_CLASS, LINE_BLOB, { F_U16, F_ALGORITHM, F_DIGEST_TYPE, F_DIGEST } },
    { "DLV", 32769, 8749, ANY_CLASS, LINE_BLOB, { F_U16, F_ALGORITHM, F_DIGEST_TYPE, F_DIGEST } },
};

/* A second row for a class whose rdata differs; looked at only when the row above is for another class. */
static const struct rdata_row rows_class[] = {
    { "A", 1, 1035, CLASS_CH, LINE_ONE, { NAME_LOWER, F_OCTAL16 } },
    { "A", 1, 1035, CLASS_HS, LINE_ONE, { F_IP4 } },
};

static const struct rdata_row *row_of_code(uint16_t type)
{
    if (type < ROWS_LOW)
        return rows_low[type].mnemonic != NULL ? &rows_low[type] : NULL;
    if (type >= HIGH_FIRST && type < HIGH_FIRST + LENGTH_OF(rows_high))
        return &rows_high[type - HIGH_FIRST];
    return NULL;
}

const struct rdata_row *rdata_row_find(uint16_t type, uint16_t klass)
{
    const struct rdata_row *row = row_of_code(type);

    if (row == NULL || row->klass == ANY_CLASS || row->klass == klass)
        return row;
    for (size_t i = 0; i < LENGTH_OF(rows_class); i++)
        if (rows_class[i].code == type && rows_class[i].klass == klass)
            return &rows_class[i];
    return NULL;
}

bool rdata_type_known(uint16_t type, uint16_t klass) { return rdata_row_find(type, klass) != NULL; }

bool rdata_type_next(size_t *position, uint16_t *type, const char **mnemonic)
{
    while (*position < ROWS_LOW + LENGTH_OF(rows_high)) {
        size_t at = (*position)++;
        const struct rdata_row *row = at < ROWS_LOW ? &rows_low[at] : &rows_high[at - ROWS_LOW];
        if (row->mnemonic == NULL)
            continue;
        *type = row->code;
        *mnemonic = row->mnemonic;
        return true;
    }
    return false;
}

const char *rdata_mnemonic_get(uint16_t type)
{
    const struct rdata_row *row = row_of_code(type);
    return row == NULL ? NULL : row->mnemonic;
}

/* Codes in the order of their mnemonics, for the search below; a test holds it against the table. */
static const uint16_t by_mnemonic[] = {
    1, 38, 28, 18, 260, 42, 34, 258, 68, 257, 60, 59, 37, 263, 5, 62, 49, 32769, 39, 48,
    259, 43, 66, 31, 108, 109, 102, 27, 67, 13, 55, 65, 264, 45, 20, 25, 36, 105, 106, 29,
    107, 7, 3, 4, 8, 14, 9, 15, 35, 104, 32, 56, 2, 22, 23, 47, 50, 51, 10, 128,
    30, 61, 12, 26, 261, 57, 17, 46, 21, 24, 40, 53, 6, 99, 33, 44, 64, 32768, 58, 249,
    52, 250, 16, 101, 100, 103, 256, 262, 11, 19, 63,
};

/* As strcmp of the text in upper case and the mnemonic. */
static int mnemonic_compare(struct slice text, const char *mnemonic)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = (uint8_t)text.data[i];
        int upper = c >= 'a' && c <= 'z' ? c - 32 : c;
        int other = (uint8_t)mnemonic[i];
        if (upper != other || other == 0)
            return upper - other != 0 ? upper - other : 1;
    }
    return mnemonic[text.length] == 0 ? 0 : -1;
}

bool rdata_mnemonic_find(struct slice text, uint16_t *type)
{
    size_t low = 0, high = LENGTH_OF(by_mnemonic);

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = mnemonic_compare(text, row_of_code(by_mnemonic[middle])->mnemonic);
        if (order == 0) {
            *type = by_mnemonic[middle];
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}
