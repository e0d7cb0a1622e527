/* SPDX-License-Identifier: Apache-2.0 */
/* What the files rdata_*.c share.  Every function takes the row itself, so that a test can bring a row of its own. */
#ifndef WIRE_RDATA_INSIDE_H
#define WIRE_RDATA_INSIDE_H

#include "wire/rdata.h"

/* One kind per form of a field.  A number, an address and a name mean the same wherever they stand; kinds that are named
 * after a type have rules of their own.  "Rest": takes all octets to the end of the rdata. */
enum field {
    F_END,
    /* fixed size */
    F_U8, F_U16, F_U32, F_U48, F_U64,
    F_OCTAL16,              /* CH A: printed in octal */
    F_PERIOD,               /* 32 bits; text may say 1h30m */
    F_TIME,                 /* 32 bits; YYYYMMDDHHmmSS or seconds, RFC 4034 3.2 */
    F_TYPE,                 /* a type's mnemonic */
    F_ALGORITHM,            /* 8 bits; mnemonic is read, the number printed */
    F_ALGORITHM_WORD,       /* 8 bits; mnemonic is read and printed */
    F_DIGEST_TYPE,          /* 8 bits; mnemonic is read */
    F_HASH,                 /* 8 bits; mnemonic is read, RFC 5155 */
    F_CERT_TYPE,            /* 16 bits, mnemonic */
    F_KEY_FLAGS,            /* 16 bits; NAME|NAME is read */
    F_KEY_PROTOCOL,         /* 8 bits; mnemonic is read */
    F_RKEY_FLAGS,           /* 16 bits, zero */
    F_SCHEME,               /* DSYNC, 8 bits, mnemonic */
    F_RCODE,                /* TSIG, TKEY: 16 bits, mnemonic */
    F_GATEWAY_TYPE,         /* IPSECKEY, 8 bits, 0..3 */
    F_RELAY_TYPE,           /* AMTRELAY, 1 bit and 7 bits: two fields of text */
    F_IP4, F_IP6,
    F_LOCATOR,              /* 64 bits as 4 groups of hex */
    F_EUI48, F_EUI64,
    F_FIXED_LAST = F_EUI64,
    /* names */
    F_NAME,
    F_NAMES,                /* rest: none or more */
    /* character-strings */
    F_STRING,
    F_STRING_MAYBE,         /* may be left out, at the end */
    F_STRINGS,              /* rest: one or more */
    F_DIGITS,               /* X25: at least four digits */
    F_DEGREES,              /* GPOS: a decimal number */
    F_REGEX,                /* NAPTR: RFC 3402 3.2 */
    F_TAG,                  /* CAA: letters and digits, unquoted */
    /* rests */
    F_VALUE,                /* quoted text without length; may be empty (CAA) */
    F_TARGET,               /* the same, not empty (URI) */
    F_HEX,                  /* at least one octet */
    F_HEX_MAYBE,
    F_BASE64,               /* at least one octet */
    F_BASE64_MAYBE,
    F_BASE64_DASH,          /* DOA: `-` for none */
    F_DIGEST,               /* hex; length by the digest type just before (DS) */
    F_FINGERPRINT,          /* the same for SSHFP */
    F_ZONE_DIGEST,          /* the same for ZONEMD */
    F_KEY,                  /* base64; empty only with the flags NOKEY */
    F_IPSEC_KEY,            /* base64; empty only with algorithm 0 */
    F_TYPES,                /* bit map in windows, RFC 4034 4.1.2; may be empty */
    F_TYPES_SOME,           /* the same, not empty */
    F_TYPES_OLD,            /* NXT, RFC 2535 5.2 */
    F_SERVICES,             /* WKS: ports; the protocol is the octet before */
    F_NSAP, F_ATMA,
    F_PREFIXES,             /* APL */
    F_PARAMETERS,           /* SVCB */
    F_OPAQUE,               /* no text form but the generic one */
    /* with a length of their own, or by an octet read before */
    F_SALT,                 /* hex with 8-bit length, `-` for none */
    F_NEXT_HASH,            /* base32hex with 8-bit length */
    F_BLOB,                 /* 16-bit length shown, then base64 (TSIG, TKEY) */
    F_PROTOCOL,             /* WKS: 8 bits; tcp and udp are read */
    F_GATEWAY,              /* by the second octet of the rdata */
    F_HIP,                  /* lengths, algorithm, HIT and key */
    F_A6_PREFIX, F_A6_SUFFIX, F_A6_NAME,
    F_LOC,
    F_COUNT,
    /* how a name is written, read, put into canonical form and used */
    F_KIND = 0x00ff,
    N_PACK = 0x0100,        /* compressed when written: types of RFC 1035 only, RFC 3597 4 */
    N_UNPACK = 0x0200,      /* compression is followed when read: those and the ones that RFC 3597 4 lists */
    N_LOWER = 0x0400,       /* lower case in canonical form: RFC 4034 6.2, RFC 6840 5.1 */
    N_TARGET = 0x0800       /* a host whose addresses are wanted */
};

enum { ROW_FIELDS = 12, ROWS_LOW = 512 };

/* How multiline style (dig +multiline) lays a type out. */
enum layout {
    LINE_ONE,           /* one line */
    LINE_SOA,           /* a line for each timer, with what it means */
    LINE_KEY,           /* the last field in parentheses, the closing one on a line of its own, algorithm and key id behind it */
    LINE_DNSKEY,        /* the same, and whether it is a KSK or ZSK */
    LINE_SIGNATURE,     /* times and signer on a line, then the signature */
    LINE_BLOB,          /* the last field in parentheses on a new line */
    LINE_INLINE,        /* parentheses around it all, no new line but where the data is split */
    LINE_WRAP,          /* parentheses around it all, the last field on a new line */
    LINE_TYPES          /* NSEC3 */
};

struct rdata_row {
    const char *mnemonic;           /* NULL = no such row */
    uint16_t code, rfc;
    uint16_t klass;                 /* 0 = every class */
    uint8_t layout;
    uint16_t fields[ROW_FIELDS];    /* F_END behind the last */
};

/* NULL when the type is opaque in this class.  By index, without a search. */
const struct rdata_row *rdata_row_find(uint16_t type, uint16_t klass);

/* ---- walking ---- */

/* Steps over one field and checks it.  c->base is the start of the rdata.
 * @param why  gets a sentence part when E_BAD_RDATA is returned */
MUST_CHECK enum status field_check(unsigned field, struct cursor *c, const char **why);
MUST_CHECK enum status row_check(const struct rdata_row *row, const uint8_t *rdata, size_t size, const char **why);
MUST_CHECK enum status row_read(const struct rdata_row *row, struct cursor *c, uint16_t size, uint8_t *out, size_t room,
                                size_t *length);
void row_canonical(const struct rdata_row *row, uint8_t *rdata, size_t size);
bool row_name_next(const struct rdata_row *row, const uint8_t *rdata, size_t size, size_t *offset, struct rdata_name *out,
                   unsigned *field);
bool row_has(const struct rdata_row *row, unsigned flag);
/* Whether a name stands at the cursor for this field. */
bool field_has_name(unsigned field, const struct cursor *c);

/* Checks of larger fields; the cursor stands at the field. */
MUST_CHECK enum status types_check(struct cursor *c, const char **why);
MUST_CHECK enum status svcb_check(struct cursor *c, const char **why);
MUST_CHECK enum status loc_check(struct cursor *c, const char **why);
MUST_CHECK enum status prefixes_check(struct cursor *c, const char **why);
MUST_CHECK enum status hip_check(struct cursor *c, const char **why);
MUST_CHECK enum status string_check(unsigned kind, struct cursor *c, const char **why);
/* Says why and returns E_BAD_RDATA. */
static inline enum status bad(const char **why, const char *sentence)
{
    *why = sentence;
    return E_BAD_RDATA;
}

/* ---- mnemonics of small numbers ---- */

enum words { WORDS_ALGORITHM, WORDS_DIGEST, WORDS_HASH, WORDS_CERT, WORDS_PROTOCOL, WORDS_SCHEME, WORDS_KEY_FLAG,
             WORDS_SERVICE, WORDS_IP_PROTOCOL, WORDS_PARAMETER, WORDS_COUNT };
/* NULL when there is none. */
const char *word_get(enum words list, unsigned value);
bool word_find(enum words list, struct slice text, uint16_t *value);

/* ---- printing ---- */

struct print {
    struct text *text;
    const struct rdata_style *style;
    const struct rdata_row *row;
    const uint8_t *rdata;
    size_t size;
    bool some;                      /* something was printed: the next field needs a blank before it */
    bool line;                      /* the next field begins a line */
    bool lines;                     /* so does every one */
};
void row_print(struct text *text, const struct rdata_row *row, const uint8_t *rdata, size_t size, const struct rdata_style *style);
/* False: the text could not carry it without loss, so the whole rdata goes out in generic form. */
MUST_CHECK bool field_print(struct print *p, unsigned field, struct cursor *c);
void print_space(struct print *p);                      /* between fields */
void print_number(struct print *p, uint64_t value);
void print_name(struct print *p, struct name_view name);
void print_hex(struct print *p, const uint8_t *data, size_t size);
void print_base64(struct print *p, const uint8_t *data, size_t size);
MUST_CHECK bool print_loc(struct print *p, struct cursor *c);
MUST_CHECK bool print_prefixes(struct print *p, struct cursor *c);
MUST_CHECK bool print_services(struct print *p, struct cursor *c);
MUST_CHECK bool print_atma(struct print *p, struct cursor *c);
MUST_CHECK bool print_a6(struct print *p, unsigned kind, struct cursor *c);
MUST_CHECK bool print_gateway(struct print *p, struct cursor *c);
MUST_CHECK bool print_hip(struct print *p, struct cursor *c);
MUST_CHECK bool print_parameters(struct print *p, struct cursor *c);

/* ---- parsing ---- */

struct parse {
    const struct token_list *list;
    size_t at;                      /* the next token */
    uint8_t *out;
    size_t room, length;
    struct diagnostics *diag;
    const struct rdata_row *row;    /* NULL for a type without row */
    bool told;                      /* an error went to diag already */
};
MUST_CHECK enum status row_parse(const struct rdata_row *row, uint16_t type, const struct token_list *list, uint8_t *out, size_t room,
                                 size_t *length, struct diagnostics *diag);
/* Parses one field, one or more tokens.  A bare E_BAD_TEXT is turned into "expected ..., got ..." by the caller, at p->at. */
MUST_CHECK enum status field_parse(struct parse *p, unsigned field);
/* What the field wants, such as "an IPv4 address such as 192.0.2.1". */
const char *field_wants(unsigned field);

enum { SHOWN_ROOM = 72 };
/* The token for an error message: cut when long, made printable. */
const char *token_shown(const struct token *t, char out[SHOWN_ROOM]);
/* Adds an error at a token (NULL: at the end of the record). @return status */
enum status parse_tell(struct parse *p, const struct token *at, enum status status, const char *format, ...) PRINTF_LIKE(4, 5);
/* The next token, not yet taken; NULL at the end. */
const struct token *parse_peek(const struct parse *p);
/* The same when it is not quoted; else NULL. */
const struct token *parse_peek_word(const struct parse *p);
static inline struct slice token_slice(const struct token *t) { return slice_of(t->data, t->length); }

MUST_CHECK enum status put(struct parse *p, const void *octets, size_t count);
MUST_CHECK enum status put_u8(struct parse *p, unsigned value);
MUST_CHECK enum status put_16(struct parse *p, unsigned value);
MUST_CHECK enum status put_32(struct parse *p, uint32_t value);
MUST_CHECK enum status put_ip4(struct parse *p, struct slice text);
MUST_CHECK enum status put_ip6(struct parse *p, struct slice text);
/* The next token as a name, number, ...; E_BAD_TEXT and nothing taken when it is not one. */
MUST_CHECK enum status parse_name(struct parse *p);
MUST_CHECK enum status parse_number(struct parse *p, uint64_t max, uint64_t *out);
MUST_CHECK enum status parse_hex_rest(struct parse *p);
MUST_CHECK enum status parse_base64_rest(struct parse *p);
/* One token. */
MUST_CHECK enum status parse_hex_word(struct parse *p);
MUST_CHECK enum status parse_base64_word(struct parse *p);
/* Removes the escapes of a text. @return OK, E_BAD_TEXT, E_NO_SPACE */
MUST_CHECK enum status text_unescape(struct slice text, uint8_t *out, size_t room, size_t *length);
MUST_CHECK enum status decimal_parse(struct slice text, uint64_t max, uint64_t *out);
MUST_CHECK enum status ip4_parse(struct slice text, uint8_t out[4]);
MUST_CHECK enum status ip6_parse(struct slice text, uint8_t out[16]);
/* YYYYMMDDHHmmSS, or seconds of at most ten digits. */
MUST_CHECK enum status time_parse(struct slice text, uint32_t *out);
void time_print(struct text *text, uint32_t seconds);

MUST_CHECK enum status parse_types(struct parse *p);
MUST_CHECK enum status parse_types_old(struct parse *p);
MUST_CHECK enum status parse_loc(struct parse *p);
MUST_CHECK enum status parse_prefixes(struct parse *p);
MUST_CHECK enum status parse_services(struct parse *p);
MUST_CHECK enum status parse_nsap(struct parse *p);
MUST_CHECK enum status parse_atma(struct parse *p);
MUST_CHECK enum status parse_a6(struct parse *p, unsigned kind);
MUST_CHECK enum status parse_gateway(struct parse *p);
MUST_CHECK enum status parse_relay_type(struct parse *p);
MUST_CHECK enum status parse_hip(struct parse *p);
MUST_CHECK enum status parse_parameters(struct parse *p);
MUST_CHECK enum status parse_key_flags(struct parse *p);

#endif
