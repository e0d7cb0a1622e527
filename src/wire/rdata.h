/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/rdata.h -- every RR type from one table of field layouts.
 *
 *  A type is a row: code, mnemonic, RFC, fields.  Reading, checking, printing, parsing, canonical form and
 *  compression walk the row; nothing outside the table has a `case` on a type code.  A type without a row is
 *  opaque (RFC 3597).  "Plain" rdata is what is kept in zones: uncompressed, checked. */
#ifndef WIRE_RDATA_H
#define WIRE_RDATA_H

#include "base/arena.h"
#include "base/diagnostics.h"
#include "wire/codes.h"
#include "wire/name.h"

enum { RDATA_MAX_BYTES = 65535 };

/** Whether a row exists (of any class or this class). */
bool rdata_type_known(uint16_t type, uint16_t klass);
/** Rows in order of code, for lists and tests; false at the end. */
bool rdata_type_next(size_t *position, uint16_t *type, const char **mnemonic);

/** Checks plain rdata whole. @return OK, E_BAD_RDATA (and E_BAD_NAME, E_BAD_POINTER, E_TRUNCATED from inside). */
MUST_CHECK enum status rdata_check(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size);

/** Reads rdata from a message and makes it plain (pointers followed where RFC 3597 §4 allows them).
 *  @param c     at the first octet of the rdata; its base is the start of the message; on OK behind it
 *  @param size  RDLENGTH
 *  @param out   room for RDATA_MAX_BYTES in the worst case */
MUST_CHECK enum status rdata_read(uint16_t type, uint16_t klass, struct cursor *c, uint16_t size, uint8_t *out, size_t room, size_t *length);

/** Makes plain rdata canonical in place: embedded names to lower case where RFC 4034 §6.2 as corrected by RFC 6840 §5.1 says. */
void rdata_canonical(uint16_t type, uint16_t klass, uint8_t *rdata, size_t size);
/** Order of RFC 4034 §6.3: as octets, shorter first. Both plain and canonical. */
int rdata_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);

/** How an embedded name is used. */
enum rdata_name_use {
    RDATA_NAME_OTHER,       /**< not a server to be found: RP, SOA, RRSIG signer ... */
    RDATA_NAME_TARGET,      /**< a host whose addresses belong into the additional section: NS MX SRV SVCB ... */
};
struct rdata_name {
    struct name_view name;  /**< borrows from the rdata */
    uint16_t offset;        /**< in the rdata */
    enum rdata_name_use use;
    bool compress;          /**< may be written with compression (RFC 1035 types only, RFC 3597 §4) */
};
/** Walks the names in plain rdata: start with *offset = 0; false at the end. */
bool rdata_name_next(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size, size_t *offset, struct rdata_name *out);
/** The row has a name that may be compressed: a fast test before the walk. */
bool rdata_may_compress(uint16_t type, uint16_t klass);

struct rdata_style {
    struct name_view origin;    /**< names below it are printed relative; .wire NULL = absolute */
    bool multiline;             /**< SOA, DNSKEY, ... over several lines in parentheses with comments */
    bool generic;               /**< RFC 3597 form always */
    unsigned split;             /**< base64/hex broken by blanks every so many characters; 0 = not */
    bool comments;              /**< key ids and timer names behind `;` */
};
/** Prints plain rdata.  rdata that does not check prints in generic form; cannot fail but for text->full. */
void rdata_print(struct text *text, uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size, const struct rdata_style *style);
/** One record as in a master file: owner TTL class type rdata, no newline. */
void record_print(struct text *text, struct name_view owner, uint32_t ttl, uint16_t klass, uint16_t type,
                  const uint8_t *rdata, size_t size, const struct rdata_style *style);

/** A token of a master file.  A word runs to the next blank, but a quote right behind a `=` inside it belongs to it, quotes included:
 *  `alpn="h2,h3"` is one token that is not `quoted` (RFC 9460 §2.1). */
struct token {
    const char *data;       /**< borrowed, escapes still in; without the quotes */
    uint32_t length;
    uint32_t line, column;  /**< of its first character (the quote), from 1 */
    bool quoted;
};
/** The rdata part of one entry, parentheses and comments already taken out. */
struct token_list {
    const struct token *tokens;
    size_t count;
    struct name_view origin;    /**< for relative names */
    const char *file;           /**< for diagnostics; may be NULL */
    const char *begin, *end;    /**< the whole text that the tokens point into, to show source lines; may be NULL */
    uint32_t end_line, end_column;  /**< where the entry ends: errors of missing fields point there */
};
/** Parses the text of one rdata, known or generic (`\# n hex`: for a known type it is checked as that type, RFC 3597 §5).
 *  @param out  room for up to RDATA_MAX_BYTES; @param diag gets at least one error at the right token when not OK
 *  @return OK, E_BAD_TEXT, E_BAD_NAME, E_BAD_RDATA, E_RANGE, E_NO_SPACE */
MUST_CHECK enum status rdata_parse(uint16_t type, uint16_t klass, const struct token_list *list, uint8_t *out, size_t room,
                                   size_t *length, struct diagnostics *diag);
/** Splits a single line of rdata text (quotes, escapes; no parentheses) and parses it; for tools and tests. */
MUST_CHECK enum status rdata_parse_line(uint16_t type, uint16_t klass, const char *line, struct name_view origin, uint8_t *out, size_t room,
                                        size_t *length, struct diagnostics *diag);

/* Typed looks into plain, checked rdata, so that other rooms need no offsets. */
struct soa { struct name_view mname, rname; uint32_t serial, refresh, retry, expire, minimum; };
struct soa rdata_soa(const uint8_t *rdata, size_t size);
/** Where in SOA rdata the serial stands. */
size_t rdata_soa_serial_offset(const uint8_t *rdata, size_t size);
uint16_t rdata_rrsig_covered(const uint8_t *rdata, size_t size);
/** Whether a type bit map (NSEC, NSEC3, CSYNC rdata) has the type. */
bool rdata_types_have(uint16_t type, const uint8_t *rdata, size_t size, uint16_t wanted);
/** Key tag of DNSKEY/KEY/CDNSKEY rdata (RFC 4034 appendix B). */
uint16_t rdata_key_tag(const uint8_t *rdata, size_t size);
struct nsec3 { uint8_t algorithm, flags; uint16_t iterations; const uint8_t *salt; uint8_t salt_length; const uint8_t *next; uint8_t next_length; };
/** For NSEC3; with NSEC3PARAM next is NULL. @return false if it does not parse. */
bool rdata_nsec3(uint16_t type, const uint8_t *rdata, size_t size, struct nsec3 *out);

#endif
