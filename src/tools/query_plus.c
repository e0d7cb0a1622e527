/* SPDX-License-Identifier: Apache-2.0 */
/* The +options of `rhiz query`: one table for parsing, help, manual page and completion. */
#include "tools/query.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum plus_kind {
    PLUS_FLAG,      /* a bool of struct lookup; `no` clears it */
    PLUS_EDNS_FLAG, /* the same, and EDNS is switched on with it */
    PLUS_SPECIAL,
    PLUS_ABSENT     /* not in this version */
};
enum plus_id {
    ID_NONE, ID_ALL, ID_BUFSIZE, ID_CMD, ID_COMMENTS, ID_COOKIE, ID_DOMAIN, ID_EDNS, ID_EDNSFLAGS, ID_EDNSOPT, ID_JSON, ID_NDOTS, ID_NSSEARCH,
    ID_OPCODE, ID_PADDING, ID_QID, ID_QUESTION, ID_RETRY, ID_RRCOMMENTS, ID_SHORT, ID_SPLIT, ID_SUBNET, ID_TCP, ID_TIME,
    ID_TRACE, ID_TRIES, ID_TTLUNITS, ID_YAML, ID_IGNORED
};
struct plus {
    const char *name, *value;       /* value: how it is shown in help; NULL = takes none */
    enum plus_kind kind;
    enum plus_id id;
    size_t offset;                  /* of the bool */
    const char *help;
};
#define FLAG_OF(field) PLUS_FLAG, ID_NONE, offsetof(struct lookup, field)
#define EDNS_FLAG_OF(field) PLUS_EDNS_FLAG, ID_NONE, offsetof(struct lookup, field)
#define SPECIAL(id) PLUS_SPECIAL, id, 0
#define ABSENT PLUS_ABSENT, ID_NONE, 0

/* A name may be cut short; where several fit the first row counts. */
static const struct plus table[] = {
    { "aaflag", NULL, FLAG_OF(aa), "set AA in the query" },
    { "aaonly", NULL, FLAG_OF(aa), "the same as +aaflag" },
    { "additional", NULL, FLAG_OF(additional), "show the additional section" },
    { "adflag", NULL, FLAG_OF(ad), "set AD in the query (default)" },
    { "all", NULL, SPECIAL(ID_ALL), "set or clear all display options" },
    { "answer", NULL, FLAG_OF(answer), "show the answer section" },
    { "authority", NULL, FLAG_OF(authority), "show the authority section" },
    { "badcookie", NULL, FLAG_OF(bad_cookie), "ask again after BADCOOKIE (default)" },
    { "besteffort", NULL, FLAG_OF(best_effort), "show what can be read of malformed messages (default)" },
    { "bufsize", "=BYTES", SPECIAL(ID_BUFSIZE), "EDNS UDP payload size (1232)" },
    { "cdflag", NULL, FLAG_OF(cd), "set CD in the query" },
    { "class", NULL, FLAG_OF(klass_shown), "show the class of records" },
    { "cmd", NULL, SPECIAL(ID_CMD), "show the version and command line" },
    { "coflag", NULL, EDNS_FLAG_OF(compact), "set CO: compact denial is understood (RFC 9824)" },
    { "comments", NULL, SPECIAL(ID_COMMENTS), "show the header and section names" },
    { "cookie", "[=HEX]", SPECIAL(ID_COOKIE), "send a COOKIE option (default, random)" },
    { "crypto", NULL, FLAG_OF(crypto), "show keys, signatures and digests" },
    { "defname", NULL, FLAG_OF(search), "the same as +search" },
    { "dns64prefix", NULL, ABSENT, "prefixes of DNS64" },
    { "dnssec", NULL, EDNS_FLAG_OF(dnssec), "set DO: ask for DNSSEC records" },
    { "domain", "=NAME", SPECIAL(ID_DOMAIN), "search list of this one name" },
    { "edns", "[=VERSION]", SPECIAL(ID_EDNS), "EDNS version (0); +noedns sends none" },
    { "ednsflags", "=NUMBER", SPECIAL(ID_EDNSFLAGS), "EDNS flags beside DO" },
    { "ednsnegotiation", NULL, FLAG_OF(negotiate), "ask again with a lower version after BADVERS (default)" },
    { "ednsopt", "=CODE[:HEX]", SPECIAL(ID_EDNSOPT), "send an EDNS option; +noednsopt forgets them" },
    { "expandaaaa", NULL, FLAG_OF(expand_aaaa), "print IPv6 addresses in full" },
    { "expire", NULL, EDNS_FLAG_OF(expire), "send an EXPIRE option" },
    { "fail", NULL, FLAG_OF(fail), "SERVFAIL is final: do not ask the next server (default)" },
    { "header-only", NULL, FLAG_OF(header_only), "send no question" },
    { "https", "[=PATH]", ABSENT, "DNS over HTTPS" },
    { "identify", NULL, FLAG_OF(identify), "show who answered, with +short too" },
    { "idnin", NULL, FLAG_OF(idn_in), "convert U-labels of names that are asked for (default)" },
    { "idnout", NULL, FLAG_OF(idn_out), "show A-labels of owners and questions as U-labels" },
    { "ignore", NULL, FLAG_OF(ignore), "do not ask over TCP when TC is set" },
    { "json", NULL, SPECIAL(ID_JSON), "print JSON in the manner of RFC 8427" },
    { "keepalive", NULL, EDNS_FLAG_OF(keepalive), "send a TCP KEEPALIVE option" },
    { "keepopen", NULL, FLAG_OF(keep_open), "keep the TCP connection between queries" },
    { "mapped", NULL, SPECIAL(ID_IGNORED), "taken and without effect" },
    { "multiline", NULL, FLAG_OF(multiline), "print long records over several lines" },
    { "ndots", "=NUMBER", SPECIAL(ID_NDOTS), "dots that make a name absolute (1)" },
    { "nsid", NULL, EDNS_FLAG_OF(nsid), "ask for the server's id" },
    { "nssearch", NULL, SPECIAL(ID_NSSEARCH), "ask each name server of the zone for its SOA" },
    { "onesoa", NULL, FLAG_OF(one_soa), "print the SOA of a transfer once" },
    { "opcode", "=CODE", SPECIAL(ID_OPCODE), "opcode by name or number" },
    { "padding", "=BYTES", SPECIAL(ID_PADDING), "pad the query to a multiple of this" },
    { "qid", "=NUMBER", SPECIAL(ID_QID), "message id" },
    { "qr", NULL, FLAG_OF(qr), "show the query too" },
    { "question", NULL, SPECIAL(ID_QUESTION), "show the question section" },
    { "quic", NULL, ABSENT, "DNS over QUIC" },
    { "raflag", NULL, FLAG_OF(ra), "set RA in the query" },
    { "rdflag", NULL, FLAG_OF(rd), "set RD in the query (default)" },
    { "recurse", NULL, FLAG_OF(rd), "the same as +rdflag" },
    { "retry", "=NUMBER", SPECIAL(ID_RETRY), "tries over UDP after the first (2)" },
    { "rrcomments", NULL, SPECIAL(ID_RRCOMMENTS), "key ids and the like behind records" },
    { "search", NULL, FLAG_OF(search), "use the search list of resolv.conf" },
    { "short", NULL, SPECIAL(ID_SHORT), "print the rdata of answers only" },
    { "showbadcookie", NULL, FLAG_OF(show_bad_cookie), "show the BADCOOKIE message before asking again" },
    { "showsearch", NULL, FLAG_OF(show_search), "search and show what was found on the way" },
    { "split", "=NUMBER", SPECIAL(ID_SPLIT), "break hex and base64 every so many characters (56)" },
    { "stats", NULL, FLAG_OF(stats), "show time, server and size" },
    { "subnet", "=PREFIX", SPECIAL(ID_SUBNET), "send an EDNS client subnet" },
    { "tcflag", NULL, FLAG_OF(tc), "set TC in the query" },
    { "tcp", NULL, SPECIAL(ID_TCP), "ask over TCP" },
    { "timeout", "=SECONDS", SPECIAL(ID_TIME), "how long each try waits (5)" },
    { "tls", NULL, ABSENT, "DNS over TLS" },
    { "trace", NULL, SPECIAL(ID_TRACE), "follow the delegations from the root" },
    { "tries", "=NUMBER", SPECIAL(ID_TRIES), "tries over UDP (3)" },
    { "ttlid", NULL, FLAG_OF(ttl), "show the TTL of records" },
    { "ttlunits", NULL, SPECIAL(ID_TTLUNITS), "show TTLs as 1h30m" },
    { "unknownformat", NULL, FLAG_OF(generic), "print rdata in the form of RFC 3597" },
    { "vc", NULL, SPECIAL(ID_TCP), "the same as +tcp" },
    { "yaml", NULL, SPECIAL(ID_YAML), "print YAML" },
    { "zflag", NULL, FLAG_OF(z), "set the reserved flag Z in the query" },
};

bool query_plus_next(size_t *position, const char **name, const char **value, const char **help)
{
    if (*position >= LENGTH_OF(table))
        return false;
    const struct plus *p = &table[(*position)++];
    *name = p->name;
    *value = p->kind == PLUS_ABSENT ? NULL : p->value;
    *help = p->kind == PLUS_ABSENT ? "not in this version" : p->help;
    return true;
}

static const struct plus *plus_find(const char *word, size_t length)
{
    if (length == 2 && strncasecmp(word, "do", 2) == 0)
        return plus_find("dnssec", 6);
    if (length == 2 && strncasecmp(word, "ad", 2) == 0)
        return plus_find("adflag", 6);
    for (size_t i = 0; i < LENGTH_OF(table); i++)
        if (strlen(table[i].name) == length && strncasecmp(table[i].name, word, length) == 0)
            return &table[i];
    for (size_t i = 0; length > 0 && i < LENGTH_OF(table); i++)
        if (strncasecmp(table[i].name, word, length) == 0)
            return &table[i];
    return NULL;
}

static int complain(const char *what, const char *value, const char *why, int code)
{
    fprintf(stderr, "invalid %s '%s': %s\nrhiz query: couldn't parse %s\n", what, value, why, what);
    return code;
}

static int number_read(const char *what, const char *value, uint64_t max, uint64_t *out)
{
    if (value == NULL)
        return complain(what, "", "a number is missing", QUERY_USAGE);
    int base = strncasecmp(value, "0x", 2) == 0 ? 16 : 10;
    uint64_t n = 0;
    if (base == 10) {
        enum status st = text_read_u64(slice_string(value), max, &n);
        if (st != OK)
            return complain(what, value, st == E_RANGE ? "out of range" : "not a valid number", QUERY_INTERNAL);
    } else {
        uint8_t bytes[4];
        char digits[9] = "00000000";
        size_t count = strlen(value + 2), length = 0;
        if (count == 0 || count > 8)
            return complain(what, value, "not a valid number", QUERY_INTERNAL);
        memcpy(digits + 8 - count, value + 2, count);
        if (hex_decode(slice_string(digits), bytes, sizeof bytes, &length) != OK || get_u32(bytes) > max)
            return complain(what, value, "not a valid number", QUERY_INTERNAL);
        n = get_u32(bytes);
    }
    *out = n;
    return QUERY_DONE;
}

static void all_set(struct lookup *l, bool on)
{
    l->question = l->authority = l->answer = l->additional = l->comments = l->stats = l->cmd = on;
    l->question_asked = l->comments_asked = on;
}

static void edns_on(struct lookup *l)
{
    if (l->edns_version < 0)
        l->edns_version = 0;
}

static int cookie_set(struct lookup *l, const char *value, bool on)
{
    l->cookie = on;
    l->cookie_length = 0;
    if (!on)
        return QUERY_DONE;
    edns_on(l);
    if (value != NULL && (hex_decode(slice_string(value), l->cookie_bytes, sizeof l->cookie_bytes, &l->cookie_length) != OK || l->cookie_length == 0)) {
        fprintf(stderr, "rhiz query: +cookie takes up to %d octets in hex, not '%s'\n", QUERY_COOKIE_BYTES, value);
        return QUERY_INTERNAL;
    }
    return QUERY_DONE;
}

static int option_add(struct lookup *l, const char *value, bool on)
{
    if (!on) {
        l->options_bytes = 0;
        return QUERY_DONE;
    }
    if (value == NULL) {
        fputs("rhiz query: ednsopt no code point specified\n", stderr);
        return QUERY_USAGE;
    }
    char code_text[32] = "";
    const char *colon = strchr(value, ':');
    size_t code_length = colon != NULL ? (size_t)(colon - value) : strlen(value), length = 0;
    uint64_t code = 65536;
    snprintf(code_text, sizeof code_text, "%.*s", (int)code_length, value);
    for (uint16_t i = 0; i < 32; i++)
        if (option_text(i) != NULL && strcasecmp(option_text(i), code_text) == 0)
            code = i;
    int rc = code < 65536 ? QUERY_DONE : number_read("ednsopt", code_text, 65535, &code);
    if (rc != QUERY_DONE)
        return rc;
    size_t room = sizeof l->options - l->options_bytes;
    uint8_t *at = l->options + l->options_bytes;
    if (room < 4 || hex_decode(slice_string(colon != NULL ? colon + 1 : ""), at + 4, room - 4, &length) != OK) {
        fprintf(stderr, "rhiz query: +ednsopt takes CODE or CODE:HEX, not '%s'\n", value);
        return QUERY_INTERNAL;
    }
    put_u16(at, (uint16_t)code);
    put_u16(at + 2, (uint16_t)length);
    l->options_bytes += 4 + length;
    edns_on(l);
    return QUERY_DONE;
}

static int subnet_set(struct lookup *l, const char *value, bool on)
{
    l->subnet = on;
    if (!on)
        return QUERY_DONE;
    if (value == NULL) {
        fputs("rhiz query: +subnet needs an address or a prefix, such as +subnet=192.0.2.0/24\n", stderr);
        return QUERY_USAGE;
    }
    edns_on(l);
    l->subnet_prefix = (struct prefix){ 0 };
    l->subnet_family = 1;
    if (strcmp(value, "0") == 0)
        return QUERY_DONE;
    const char *slash = strchr(value, '/');
    size_t length = slash != NULL ? (size_t)(slash - value) : strlen(value);
    uint64_t bits;
    struct address a;
    if (address_parse(slice_of(value, length), &a) != OK) {
        fprintf(stderr, "rhiz query: invalid address %s\n", value);
        return QUERY_USAGE;
    }
    bits = a.family == 4 ? 32 : 128;
    if (slash != NULL) {
        int rc = number_read("prefix length", slash + 1, bits, &bits);
        if (rc != QUERY_DONE)
            return rc;
    }
    l->subnet_prefix = (struct prefix){ address_mask(a, (unsigned)bits), (uint8_t)bits };
    l->subnet_family = a.family == 4 ? 1 : 2;
    return QUERY_DONE;
}

static void short_set(struct lookup *l, bool on)
{
    l->brief = on;
    if (!on)
        return;
    l->cmd = l->additional = l->authority = l->question = l->comments = l->stats = false;
    l->answer = true;
    l->record_comments = CHOICE_NO;
}

static void trace_set(struct lookup *l, bool on)
{
    l->trace = on;
    if (!on)
        return;
    l->identify = l->authority = l->answer = l->dnssec = true;
    l->comments = l->stats = l->additional = l->question = l->search = l->rd = false;
    l->record_comments = CHOICE_NO;
    edns_on(l);
}

static void ns_search_set(struct lookup *l, bool on)
{
    l->ns_search = on;
    if (!on)
        return;
    short_set(l, true);
    l->identify = true;
    l->rd = false;
    l->type = TYPE_NS;
    l->type_set = true;
}

static int split_set(struct lookup *l, const char *value, bool on)
{
    uint64_t n = 0;
    int rc = on && value != NULL ? number_read("split", value, 1023, &n) : QUERY_DONE;
    if (rc != QUERY_DONE)
        return rc;
    l->split_set = !(on && value == NULL);
    if (n % 4 != 0) {
        n = (n + 3) / 4 * 4;
        fprintf(stderr, ";; Warning, split must be a multiple of 4; adjusting to %u\n", (unsigned)n);
    }
    l->split = (unsigned)n;
    return QUERY_DONE;
}

static int domain_set(struct query_run *run, struct lookup *l, const char *value)
{
    if (value == NULL || strlen(value) >= NAME_TEXT_ROOM)
        return complain("domain", value == NULL ? "" : value, "a name is missing", QUERY_USAGE);
    snprintf(run->resolv.search[0], NAME_TEXT_ROOM, "%s", value);
    run->resolv.search_count = 1;
    run->domain_set = true;
    l->search = true;
    return QUERY_DONE;
}

static int opcode_set(struct lookup *l, const char *value, bool on)
{
    uint64_t n = 0;
    l->opcode = 0;
    if (!on)
        return QUERY_DONE;
    if (value != NULL && opcode_parse(slice_string(value), &l->opcode) == OK)
        return QUERY_DONE;
    int rc = number_read("opcode", value, 15, &n);
    if (rc == QUERY_DONE)
        l->opcode = (uint8_t)n;
    return rc;
}

/* Those whose value is one number. */
static int number_set(struct query_run *run, struct lookup *l, const struct plus *p, const char *value, bool on)
{
    static const struct { enum plus_id id; uint64_t max; const char *what; } limits[] = {
        { ID_BUFSIZE, 65535, "buffer size" }, { ID_EDNS, 255, "edns" }, { ID_EDNSFLAGS, 65535, "ednsflags" }, { ID_NDOTS, 15, "ndots" },
        { ID_PADDING, 512, "padding" }, { ID_QID, 65535, "qid" }, { ID_RETRY, 100, "retries" }, { ID_TIME, 65535, "timeout" }, { ID_TRIES, 100, "tries" },
    };
    uint64_t n = 0;
    for (size_t i = 0; i < LENGTH_OF(limits); i++) {
        if (limits[i].id != p->id || !on || (value == NULL && (p->id == ID_EDNS || p->id == ID_EDNSFLAGS || p->id == ID_BUFSIZE || p->id == ID_QID)))
            continue;
        int rc = number_read(limits[i].what, value, limits[i].max, &n);
        if (rc != QUERY_DONE)
            return rc;
    }
    switch (p->id) {
    case ID_BUFSIZE:
        l->bufsize = value == NULL ? 1232 : (uint16_t)n;
        edns_on(l);
        break;
    case ID_EDNS: l->edns_version = on ? (int)n : -1; break;
    case ID_EDNSFLAGS:
        l->edns_flags = (uint16_t)n;
        if (on)
            edns_on(l);
        break;
    case ID_NDOTS: run->resolv.ndots = (unsigned)n; break;
    case ID_PADDING:
        l->padding = (uint16_t)n;
        edns_on(l);
        break;
    case ID_QID: l->id = on && value != NULL ? (int32_t)n : -1; break;
    case ID_RETRY: l->tries = (uint32_t)n + 1; break;
    case ID_TIME: l->timeout_seconds = n == 0 ? 1 : (uint32_t)n; break;
    case ID_TRIES: l->tries = n == 0 ? 1 : (uint32_t)n; break;
    default: break;
    }
    return QUERY_DONE;
}

static int special_set(struct query_run *run, struct lookup *l, const struct plus *p, const char *value, bool on)
{
    switch (p->id) {
    case ID_ALL:
        all_set(l, on);
        run->defaults.cmd = on;             /* of the whole run, as with dig */
        break;
    case ID_CMD: l->cmd = run->defaults.cmd = on; break;
    case ID_COMMENTS: l->comments = l->comments_asked = on; break;
    case ID_QUESTION: l->question = l->question_asked = on; break;
    case ID_COOKIE: return cookie_set(l, value, on);
    case ID_DOMAIN: return domain_set(run, l, value);
    case ID_EDNSOPT: return option_add(l, value, on);
    case ID_JSON:
    case ID_YAML:
        l->json = on && p->id == ID_JSON;
        l->yaml = on && p->id == ID_YAML;
        if (on)
            l->cmd = l->stats = false;
        break;
    case ID_NSSEARCH: ns_search_set(l, on); break;
    case ID_OPCODE: return opcode_set(l, value, on);
    case ID_RRCOMMENTS: l->record_comments = on ? CHOICE_YES : CHOICE_NO; break;
    case ID_SHORT:
        short_set(l, on);
        short_set(&run->defaults, on);      /* for all that follow, as with dig */
        break;
    case ID_SPLIT: return split_set(l, value, on);
    case ID_SUBNET: return subnet_set(l, value, on);
    case ID_TCP:
        l->tcp = on;
        l->tcp_set = true;
        break;
    case ID_TRACE: trace_set(l, on); break;
    case ID_TTLUNITS:
        l->ttl_units = on;
        if (on)
            l->ttl = true;
        break;
    case ID_NONE:
    case ID_IGNORED: break;
    default: return number_set(run, l, p, value, on);
    }
    return QUERY_DONE;
}

int query_plus(struct query_run *run, struct lookup *lookup, const char *word)
{
    bool on = strncasecmp(word, "no", 2) != 0;
    const char *name = on ? word : word + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct plus *p = plus_find(name, length);
    if (p != NULL && p->kind == PLUS_ABSENT) {
        fprintf(stderr, "rhiz query: +%s: not in this version\n", p->name);
        return QUERY_USAGE;
    }
    if (p == NULL || (value != NULL && p->value == NULL)) {
        fprintf(stderr, "Invalid option: +%s\nUse \"rhiz query -h\" for the complete list of options\n", word);
        return QUERY_USAGE;
    }
    if (p->kind == PLUS_SPECIAL)
        return special_set(run, lookup, p, value, on);
    *(bool *)(void *)((char *)lookup + p->offset) = on;
    if (on && p->kind == PLUS_EDNS_FLAG)
        edns_on(lookup);
    return QUERY_DONE;
}

void query_defaults(struct query_run *run)
{
    *run = (struct query_run){ .port = 53, .out = stdout, .notes = stdout };
    run->defaults = (struct lookup){
        .type = TYPE_A, .klass = CLASS_IN, .cmd = true, .comments = true, .question = true, .answer = true, .authority = true, .additional = true,
        .stats = true, .ttl = true, .klass_shown = true, .crypto = true, .ad = true, .rd = true, .id = -1, .bufsize = 1232,
        .negotiate = true, .bad_cookie = true, .cookie = true, .best_effort = true, .fail = true, .idn_in = true, .timeout_seconds = 5, .tries = 3,
    };
}
