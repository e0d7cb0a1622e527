/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/codes.h -- IANA numbers: types, classes, opcodes, rcodes, EDNS options, extended errors. RFC 6895.
 *  Unknown ones print as TYPEn, CLASSn, RCODEn, OPCODEn. */
#ifndef WIRE_CODES_H
#define WIRE_CODES_H

#include "base/text.h"

/** Only those that code outside the rdata table needs by name; the table knows all. */
enum {
    TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_HINFO = 13, TYPE_MX = 15,
    TYPE_TXT = 16, TYPE_SIG = 24, TYPE_KEY = 25, TYPE_AAAA = 28, TYPE_NXT = 30, TYPE_SRV = 33, TYPE_DNAME = 39,
    TYPE_OPT = 41, TYPE_DS = 43, TYPE_RRSIG = 46, TYPE_NSEC = 47, TYPE_DNSKEY = 48, TYPE_NSEC3 = 50,
    TYPE_NSEC3PARAM = 51, TYPE_CDS = 59, TYPE_CDNSKEY = 60, TYPE_ZONEMD = 63, TYPE_SVCB = 64, TYPE_HTTPS = 65,
    TYPE_TKEY = 249, TYPE_TSIG = 250, TYPE_IXFR = 251, TYPE_AXFR = 252, TYPE_MAILB = 253, TYPE_MAILA = 254,
    TYPE_ANY = 255, TYPE_CAA = 257, TYPE_WALLET = 262
};
enum { CLASS_IN = 1, CLASS_CH = 3, CLASS_HS = 4, CLASS_NONE = 254, CLASS_ANY = 255 };
enum { OPCODE_QUERY = 0, OPCODE_IQUERY = 1, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5, OPCODE_DSO = 6 };
enum {
    RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_NOTIMP = 4, RCODE_REFUSED = 5,
    RCODE_YXDOMAIN = 6, RCODE_YXRRSET = 7, RCODE_NXRRSET = 8, RCODE_NOTAUTH = 9, RCODE_NOTZONE = 10,
    RCODE_BADVERS = 16, RCODE_BADCOOKIE = 23
};
enum { OPTION_NSID = 3, OPTION_ECS = 8, OPTION_EXPIRE = 9, OPTION_COOKIE = 10, OPTION_KEEPALIVE = 11, OPTION_PADDING = 12,
       OPTION_EDE = 15, OPTION_REPORT_CHANNEL = 18, OPTION_ZONEVERSION = 19 };
/** Extended DNS errors, RFC 8914 and the IANA registry. */
enum { EDE_OTHER = 0, EDE_STALE = 3, EDE_BLOCKED = 15, EDE_PROHIBITED = 18, EDE_NOT_READY = 14, EDE_NOT_AUTHORITATIVE = 20, EDE_NOT_SUPPORTED = 21,
       EDE_NO_REACHABLE = 22, EDE_NETWORK = 23, EDE_INVALID_DATA = 24, EDE_SYNTHESIZED = 29, EDE_NONE = 0xffff };

/* Printing never fails; parsing takes mnemonics of any case and the generic forms. @return OK, E_BAD_TEXT, E_RANGE */
void type_print(struct text *text, uint16_t type);
void class_print(struct text *text, uint16_t klass);
void rcode_print(struct text *text, uint16_t rcode);
void opcode_print(struct text *text, uint8_t opcode);
MUST_CHECK enum status type_parse(struct slice text, uint16_t *out);
MUST_CHECK enum status class_parse(struct slice text, uint16_t *out);
MUST_CHECK enum status rcode_parse(struct slice text, uint16_t *out);
MUST_CHECK enum status opcode_parse(struct slice text, uint8_t *out);
enum { CODE_TEXT_ROOM = 24 };
char *type_to_text(uint16_t type, char out[CODE_TEXT_ROOM]);
char *class_to_text(uint16_t klass, char out[CODE_TEXT_ROOM]);
char *rcode_to_text(uint16_t rcode, char out[CODE_TEXT_ROOM]);
char *opcode_to_text(uint8_t opcode, char out[CODE_TEXT_ROOM]);
/** A constant phrase such as "Not Ready"; NULL for a code that is not assigned. */
const char *ede_text(uint16_t code);
/** Mnemonic such as "NSID"; NULL for one that is not assigned. */
const char *option_text(uint16_t code);
/** Types 128..255, which are for questions only (RFC 6895 §3.1), and OPT: they cannot stand in a zone. */
static inline bool type_is_meta(uint16_t type) { return type >= 128 ? type <= 255 : type == TYPE_OPT; }

#endif
