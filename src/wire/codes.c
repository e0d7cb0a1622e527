/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/codes.h"
#include "wire/inside.h"

struct code { uint16_t code; const char *text; };

/* Of types only those without rdata of their own; the rest is asked of the rdata table. */
static const struct code question_types[] = {
    { TYPE_OPT, "OPT" }, { TYPE_TKEY, "TKEY" }, { TYPE_TSIG, "TSIG" }, { TYPE_IXFR, "IXFR" }, { TYPE_AXFR, "AXFR" },
    { TYPE_MAILB, "MAILB" }, { TYPE_MAILA, "MAILA" }, { TYPE_ANY, "ANY" }, { 128, "NXNAME" },
};

/* The first of several mnemonics of a code is printed, all are read. */
static const struct code classes[] = {
    { CLASS_IN, "IN" }, { CLASS_CH, "CH" }, { CLASS_HS, "HS" }, { CLASS_NONE, "NONE" }, { CLASS_ANY, "ANY" },
    { CLASS_CH, "CHAOS" }, { CLASS_HS, "HESIOD" },
};

static const struct code rcodes[] = {
    { RCODE_NOERROR, "NOERROR" }, { RCODE_FORMERR, "FORMERR" }, { RCODE_SERVFAIL, "SERVFAIL" },
    { RCODE_NXDOMAIN, "NXDOMAIN" }, { RCODE_NOTIMP, "NOTIMP" }, { RCODE_REFUSED, "REFUSED" },
    { RCODE_YXDOMAIN, "YXDOMAIN" }, { RCODE_YXRRSET, "YXRRSET" }, { RCODE_NXRRSET, "NXRRSET" },
    { RCODE_NOTAUTH, "NOTAUTH" }, { RCODE_NOTZONE, "NOTZONE" }, { 11, "DSOTYPENI" },
    { RCODE_BADVERS, "BADVERS" }, { 17, "BADKEY" }, { 18, "BADTIME" }, { 19, "BADMODE" }, { 20, "BADNAME" },
    { 21, "BADALG" }, { 22, "BADTRUNC" }, { RCODE_BADCOOKIE, "BADCOOKIE" },
    { 16, "BADSIG" },           /* in TSIG and TKEY records, RFC 8945 §3 */
};

static const struct code opcodes[] = {
    { OPCODE_QUERY, "QUERY" }, { OPCODE_IQUERY, "IQUERY" }, { OPCODE_STATUS, "STATUS" },
    { OPCODE_NOTIFY, "NOTIFY" }, { OPCODE_UPDATE, "UPDATE" }, { OPCODE_DSO, "DSO" },
};

static const struct code options[] = {
    { 1, "LLQ" }, { 2, "UPDATE-LEASE" }, { OPTION_NSID, "NSID" }, { 5, "DAU" }, { 6, "DHU" }, { 7, "N3U" },
    { OPTION_ECS, "CLIENT-SUBNET" }, { OPTION_EXPIRE, "EXPIRE" }, { OPTION_COOKIE, "COOKIE" },
    { OPTION_KEEPALIVE, "TCP-KEEPALIVE" }, { OPTION_PADDING, "PADDING" }, { 13, "CHAIN" }, { 14, "KEY-TAG" },
    { OPTION_EDE, "EDE" }, { 16, "CLIENT-TAG" }, { 17, "SERVER-TAG" }, { OPTION_REPORT_CHANNEL, "REPORT-CHANNEL" },
    { OPTION_ZONEVERSION, "ZONEVERSION" },
};

/* RFC 8914 §4 and the IANA registry; the index is the code. */
static const char *const extended_errors[] = {
    "Other Error", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer", "Forged Answer",
    "DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired", "Signature Not Yet Valid", "DNSKEY Missing",
    "RRSIGs Missing", "No Zone Key Bit Set", "NSEC Missing", "Cached Error", "Not Ready", "Blocked", "Censored",
    "Filtered", "Prohibited", "Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported",
    "No Reachable Authority", "Network Error", "Invalid Data", "Signature Expired before Valid", "Too Early",
    "Unsupported NSEC3 Iterations Value", "Unable to conform to policy", "Synthesized", "Invalid Query Type",
};

static const char *code_find(const struct code *codes, size_t count, uint16_t code)
{
    for (size_t i = 0; i < count; i++)
        if (codes[i].code == code)
            return codes[i].text;
    return NULL;
}

static bool code_find_text(const struct code *codes, size_t count, struct slice text, uint16_t *out)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is_nocase(text, codes[i].text)) {
            *out = codes[i].code;
            return true;
        }
    return false;
}

static void code_print(struct text *text, const char *mnemonic, const char *prefix, uint16_t code)
{
    if (mnemonic != NULL)
        text_add(text, mnemonic);
    else
        text_add_format(text, "%s%u", prefix, (unsigned)code);
}

/* The generic form: prefix and number, as in TYPE65534. */
static enum status generic_parse(struct slice text, const char *prefix, uint16_t max, uint16_t *out)
{
    struct slice word = slice_string(prefix);
    uint64_t value;

    if (text.length <= word.length || !slice_is_nocase(slice_of(text.data, word.length), prefix))
        return E_BAD_TEXT;
    enum status st = text_read_u64(slice_of(text.data + word.length, text.length - word.length), max, &value);
    if (st == OK)
        *out = (uint16_t)value;
    return st;
}

void type_print(struct text *text, uint16_t type)
{
    const char *mnemonic = rdata_mnemonic_get(type);
    if (mnemonic == NULL)
        mnemonic = code_find(question_types, LENGTH_OF(question_types), type);
    code_print(text, mnemonic, "TYPE", type);
}

void class_print(struct text *text, uint16_t klass)
{
    code_print(text, code_find(classes, LENGTH_OF(classes), klass), "CLASS", klass);
}

void rcode_print(struct text *text, uint16_t rcode)
{
    code_print(text, code_find(rcodes, LENGTH_OF(rcodes), rcode), "RCODE", rcode);
}

void opcode_print(struct text *text, uint8_t opcode)
{
    code_print(text, code_find(opcodes, LENGTH_OF(opcodes), opcode), "OPCODE", opcode);
}

enum status type_parse(struct slice text, uint16_t *out)
{
    if (rdata_mnemonic_find(text, out) || code_find_text(question_types, LENGTH_OF(question_types), text, out))
        return OK;
    return generic_parse(text, "TYPE", UINT16_MAX, out);
}

enum status class_parse(struct slice text, uint16_t *out)
{
    if (code_find_text(classes, LENGTH_OF(classes), text, out))
        return OK;
    return generic_parse(text, "CLASS", UINT16_MAX, out);
}

enum status rcode_parse(struct slice text, uint16_t *out)
{
    if (code_find_text(rcodes, LENGTH_OF(rcodes), text, out))
        return OK;
    return generic_parse(text, "RCODE", UINT16_MAX, out);
}

enum status opcode_parse(struct slice text, uint8_t *out)
{
    uint16_t code;

    if (!code_find_text(opcodes, LENGTH_OF(opcodes), text, &code)) {
        enum status st = generic_parse(text, "OPCODE", 15, &code);
        if (st != OK)
            return st;
    }
    *out = (uint8_t)code;
    return OK;
}

char *type_to_text(uint16_t type, char out[CODE_TEXT_ROOM])
{
    struct text text;
    text_fixed(&text, out, CODE_TEXT_ROOM);
    type_print(&text, type);
    return out;
}

char *class_to_text(uint16_t klass, char out[CODE_TEXT_ROOM])
{
    struct text text;
    text_fixed(&text, out, CODE_TEXT_ROOM);
    class_print(&text, klass);
    return out;
}

char *rcode_to_text(uint16_t rcode, char out[CODE_TEXT_ROOM])
{
    struct text text;
    text_fixed(&text, out, CODE_TEXT_ROOM);
    rcode_print(&text, rcode);
    return out;
}

char *opcode_to_text(uint8_t opcode, char out[CODE_TEXT_ROOM])
{
    struct text text;
    text_fixed(&text, out, CODE_TEXT_ROOM);
    opcode_print(&text, opcode);
    return out;
}

const char *ede_text(uint16_t code)
{
    return code < LENGTH_OF(extended_errors) ? extended_errors[code] : NULL;
}

const char *option_text(uint16_t code)
{
    return code_find(options, LENGTH_OF(options), code);
}
