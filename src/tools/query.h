/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz query`: what its files share.  dig's command line and dig's output: scripts read both. */
#ifndef TOOLS_QUERY_H
#define TOOLS_QUERY_H

#include "base/base.h"
#include "wire/wire.h"
#include <stdio.h>
#include <time.h>

/* dig's exit codes; people test them. */
enum query_exit { QUERY_DONE = 0, QUERY_USAGE = 1, QUERY_BATCH = 8, QUERY_NO_REPLY = 9, QUERY_INTERNAL = 10 };
enum { QUERY_SERVERS = 16, QUERY_SEARCH = 6, QUERY_COOKIE_BYTES = 40, QUERY_OPTIONS_BYTES = 2048, QUERY_LABEL_ROOM = 256 };

/* Three states: what the user did not say is decided by the other options. */
enum choice { CHOICE_OPEN, CHOICE_YES, CHOICE_NO };

struct query_servers {
    struct endpoint list[QUERY_SERVERS];
    char labels[QUERY_SERVERS][QUERY_LABEL_ROOM];   /* what stands in parentheses behind the address */
    size_t count;
    bool given;                 /* by @server, not from resolv.conf */
};

/* Everything one lookup is told.  By value: the options before the first name are copied into each lookup. */
struct lookup {
    char name[NAME_TEXT_ROOM];
    uint16_t type, klass;
    bool type_set, class_set, ixfr;
    uint32_t ixfr_serial;
    struct query_servers servers;
    /* what is shown */
    bool cmd, comments, question, answer, authority, additional, stats;
    bool comments_asked, question_asked;            /* explicitly: a transfer keeps them then */
    bool qr, brief, identify, multiline, ttl, ttl_units, klass_shown, crypto, one_soa, generic, expand_aaaa, json, yaml;
    enum choice record_comments;
    bool split_set;
    unsigned split;
    /* header */
    bool aa, ad, cd, rd, ra, tc, z, header_only;
    uint8_t opcode;
    int32_t id;                 /* below 0: random */
    /* EDNS */
    int edns_version;           /* below 0: none */
    uint16_t bufsize, edns_flags;
    bool dnssec, compact, nsid, expire, keepalive, cookie, negotiate, bad_cookie, show_bad_cookie;
    uint8_t cookie_bytes[QUERY_COOKIE_BYTES];
    size_t cookie_length;       /* 0: a random one */
    uint16_t padding;
    bool subnet;
    struct prefix subnet_prefix;
    uint8_t subnet_family;
    uint8_t options[QUERY_OPTIONS_BYTES];
    size_t options_bytes;
    /* how it is sent */
    bool tcp, tcp_set, ignore, keep_open, best_effort, fail, trace, ns_search, search, show_search, idn_in, idn_out;
    uint32_t timeout_seconds, tries;
};

/* /etc/resolv.conf as far as it concerns queries. */
struct resolv {
    struct query_servers servers;
    char search[QUERY_SEARCH][NAME_TEXT_ROOM];
    size_t search_count;
    unsigned ndots;
};

/* What holds for the whole run. */
struct query_run {
    struct lookup defaults;
    struct resolv resolv;
    struct endpoint source;
    bool has_source, only4, only6, microseconds, greeted, greeting_printed, domain_set, verbose_memory;
    uint16_t port;
    char command_line[4096];        /* the greeting, printed with the first message */
    const char *batch;
    int exit_code;
    struct client_tcp *kept;        /* +keepopen */
    struct endpoint kept_peer;
    FILE *out, *notes;              /* notes: warnings and failures; not among JSON or YAML */
};

/* ---- a reply, taken apart as far as it can be read ---- */
struct reply_record {
    enum section section;
    struct name owner;
    uint16_t type, klass;
    uint32_t ttl;
    const uint8_t *rdata;       /* plain, in the arena */
    size_t rdata_bytes;
};
struct reply_view {
    const uint8_t *wire;
    size_t wire_bytes;
    uint16_t id, flags, counts[4];
    uint16_t rcode;             /* with the upper bits of EDNS */
    struct question *questions;
    size_t question_count;
    struct reply_record *records;
    size_t record_count;
    bool has_opt;
    uint16_t opt_payload, opt_flags;
    uint8_t opt_version;
    const uint8_t *opt_options;
    size_t opt_bytes;
    bool malformed;
    size_t extra_bytes;
};
/* Bounded by the size of the message.  False when there is not even a header, or memory ran out. */
bool query_reply_read(const uint8_t *wire, size_t bytes, struct arena *arena, struct reply_view *out);

/* How and from whom a reply came. */
struct query_exchange {
    struct endpoint server;
    const char *label;
    bool tcp;
    uint64_t microseconds;
    size_t reply_bytes;
    struct timespec sent, received;
    const uint8_t *cookie;      /* the client cookie that was sent */
};
struct query_transfer_size { uint64_t records, messages, bytes; };

/* ---- options ---- */
void query_defaults(struct query_run *run);
/* `+keyword[=value]`. @return QUERY_DONE or the code to end with; has printed why then. */
int query_plus(struct query_run *run, struct lookup *lookup, const char *word);
/* The table of +options for help, man page and completion; false at the end. */
bool query_plus_next(size_t *position, const char **name, const char **value, const char **help);
/* @server text: name or address, `#port`. @return as query_plus */
int query_servers_resolve(const struct query_run *run, const char *text, struct query_servers *out);

void resolv_read(const char *path, uint16_t port, struct resolv *out);

/* ---- the query message ---- */
/* @return octets, 0 when it does not fit. client_cookie: room for 8 octets, what was sent. */
size_t query_build(const struct lookup *lookup, struct name_view name, uint8_t *out, size_t room);

/* ---- printing ---- */
struct print_context {
    const struct query_run *run;
    const struct lookup *lookup;
    const struct query_exchange *exchange;
};
void query_print_greeting(struct query_run *run, const struct lookup *lookup);
void query_print_message(struct query_run *run, const struct print_context *context, const struct reply_view *reply, bool sending);
void query_print_record(struct text *text, const struct lookup *lookup, const struct reply_record *record);
void query_print_rdata(struct text *text, const struct lookup *lookup, const struct reply_record *record);
void query_print_question(struct text *text, const struct lookup *lookup, const struct question *question);
void query_print_options(struct text *text, const struct reply_view *reply, const uint8_t *sent_cookie, const char *indent);
/* transfer: NULL for a plain reply */
void query_print_stats(struct query_run *run, const struct print_context *context, const struct query_transfer_size *transfer);
void query_print_json(struct query_run *run, const struct print_context *context, const struct reply_view *reply);
void query_print_yaml(struct query_run *run, const struct print_context *context, const struct reply_view *reply, bool sending);
/* Unassigned ones as dig names them. */
const char *query_opcode_text(uint16_t flags, char out[CODE_TEXT_ROOM]);
/* Lines like `2 weeks 1 day` */
void query_print_period(struct text *text, uint32_t seconds);
/* The `; EDNS: ...` flags word behind DO */
void query_print_dump(FILE *out, const uint8_t *data, size_t bytes);

/* ---- running ---- */
void query_lookup_run(struct query_run *run, struct lookup *lookup);
enum status query_exchange_once(struct query_run *run, const struct lookup *lookup, const struct endpoint *server, bool tcp,
                                const uint8_t *query, size_t query_bytes, uint8_t *reply, size_t room, size_t *reply_bytes);
void query_transfer_run(struct query_run *run, struct lookup *lookup, struct name_view name, const struct endpoint *server, const char *label);
void query_trace_run(struct query_run *run, struct lookup *lookup, struct name_view name);
void query_search_ns_run(struct query_run *run, struct lookup *lookup, struct name_view name);
/* One query to one server with all that dig does on the way: TC, BADCOOKIE, BADVERS.  The reply lies in `buffer`. */
enum status query_ask(struct query_run *run, struct lookup *lookup, struct name_view name, const struct endpoint *server,
                      const char *label, uint8_t *buffer, size_t room, struct query_exchange *exchange);
/* The client cookie of a query; zeros when there is none. */
void query_cookie_sent(const uint8_t *query, size_t bytes, uint8_t sent[8]);
/* +qr: what is sent. */
void query_show_sending(struct query_run *run, const struct lookup *lookup, const struct query_exchange *exchange, const uint8_t *query, size_t bytes);
void query_report_failure(struct query_run *run, const struct endpoint *server, enum status st);

void query_report_connection(struct query_run *run, const struct endpoint *server, const char *label, const char *name);

/* The verb. */
int query_main(int argc, char **argv);

#endif
