/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the reader share: the state of one zone_read. */
#ifndef ZONE_READER_INSIDE_H
#define ZONE_READER_INSIDE_H

#include "wire/rdata_quick.h"
#include "zone/lexer.h"
#include "zone/reader.h"
#include "zone/scan.h"

enum {
    INCLUDE_DEPTH = 10, INCLUDE_DEPTH_MAX = 64, FILES_MAX = 60000,
    GENERATE_LIMIT = 65536,
    TYPE_SLOTS = 64, TYPE_SLOT_TEXT = 11,
    SOA_ROOM = 2 * NAME_MAX_BYTES + 20
};
static const uint32_t TTL_MAX = 0x7fffffff;     /* RFC 2181 8 */

/* A file being read; those that include it are above. */
struct frame {
    struct frame *up;
    struct lexer lexer;
    const char *path;
    char *text;                 /* heap; NULL when the text is the caller's */
    char *dropped;              /* up to here it is gone */
    size_t bytes, slack;        /* slack: octets that may be read behind them */
    uint64_t device, inode;     /* 0, 0: not a file */
    uint16_t file;              /* index in zone_files */
};

/* Mnemonics met lately, so that the table of types is not searched for each record. */
struct type_slot { char text[TYPE_SLOT_TEXT]; uint8_t length; uint16_t type; };

struct reader {
    const struct zone_read_options *options;
    struct zone_builder **builder;
    struct zone_files *files;
    struct diagnostics *diag;
    struct frame *frame;
    unsigned depth;
    uint32_t files_read;        /* includes counted each time */
    enum status fatal;          /* ends the reading: out of memory, a limit, cancelled */
    bool failed, unreadable;

    struct name zone;           /* length 0: not known yet */
    uint16_t klass;             /* 0: not known yet */
    struct name origin;         /* length 0: none yet */
    struct name owner;          /* of the last record; length 0: none yet */
    const char *owner_text;     /* its token, to know it again; NULL after a change of the origin */
    uint32_t owner_length;
    bool owner_inside;          /* the owner is in the zone: of use on the quick way only */
    uint32_t default_ttl, last_ttl;
    bool has_default_ttl, has_last_ttl;
    bool leans;                 /* the first record has the TTL of one before: of a part's reader only */
    uint8_t soa[SOA_ROOM];
    size_t soa_bytes;           /* 0: no SOA yet */
    struct token soa_at;
    const struct token *generated;      /* the $GENERATE that makes the records; NULL outside */
    uint64_t records, entries, bytes_done, bytes_all;
    struct type_slot types[TYPE_SLOTS];
    enum cpu_level cpu;
    bool divided;               /* the builder is, or need not be */
    struct parts *parts;        /* of the main file that other threads read; NULL = none */
    const struct frame *scanned;        /* whose text `scan` is about; NULL = nothing */
    size_t next_line;                   /* of it */
    struct entry entry;
    struct scan scan;                   /* not cleared */
    uint8_t rdata[RDATA_MAX_BYTES + QUICK_SLACK];       /* not cleared */
};

static inline struct name_view reader_origin(const struct reader *r)
{
    return r->origin.length ? name_view_of(&r->origin) : (struct name_view){ 0 };
}
static inline struct slice token_slice(const struct token *t) { return slice_of(t->data, t->length); }
/* A word of a message: at most 40 octets of it. */
static inline int shown(const struct token *t) { return t->length > 40 ? 40 : (int)t->length; }

/* reader.c */
void reader_error(struct reader *r, const char *check, const struct token *at, const char *format, ...) PRINTF_LIKE(4, 5);
void reader_warn(struct reader *r, const char *check, const struct token *at, const char *format, ...) PRINTF_LIKE(4, 5);
/* Reads the entries of the frame on top. */
void reader_run(struct reader *r);
/* After each entry: tells how far the reading is. */
void reader_count(struct reader *r);

/* reader_quick.c: reads lines of a common form, up to one that is not. */
void reader_quick(struct reader *r);

/* reader_file.c: opens, reads all of it, puts a frame on top (popped by frame_close). */
MUST_CHECK enum status frame_open(struct reader *r, struct frame *frame, const char *path, const struct token *from);
void frame_open_text(struct reader *r, struct frame *frame, const char *name, const char *text, size_t bytes);
/* The text that has been read goes back to the system: what is kept of it are places to compare with, which then differ. */
void frame_forget(struct frame *frame);
void frame_close(struct reader *r, struct frame *frame);

/* reader_parts.c: behind the first record of a large text, divides the builder, and has other threads begin further on. */
void reader_divide(struct reader *r);
/* Up to where this thread reads the quick way before it looks what is to be done there. */
const char *reader_stop(const struct reader *r);
void reader_meet(struct reader *r);
/* Whether other threads look at text that has been read. */
bool reader_looks_back(const struct reader *r);
void reader_parts_end(struct reader *r);

/* reader_record.c: a record whose owner is tokens[0] or, when blank, the last one. */
void reader_record(struct reader *r, const struct token *tokens, size_t count, bool blank_owner, const struct entry *entry);
/* The owner is remembered even when the rest of the entry is broken. */
bool reader_owner(struct reader *r, const struct token *token);
enum ttl_text { TTL_FINE, TTL_NOT, TTL_TOO_BIG };
enum ttl_text ttl_parse(struct slice text, uint32_t *out);
/* A name of a directive; reports. */
bool reader_name(struct reader *r, const struct token *token, struct name *out);

/* reader_directive.c */
void reader_directive(struct reader *r, const struct entry *entry);
/* generate.c */
void reader_generate(struct reader *r, const struct entry *entry);

#endif
