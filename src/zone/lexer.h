/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a master file into entries of tokens; RFC 1035 5.1.  Seen by the files of the reader only. */
#ifndef ZONE_LEXER_H
#define ZONE_LEXER_H

#include "base/base.h"
#include "wire/rdata.h"

enum {
    ENTRY_TOKENS = 64,              /* kept without heap */
    ENTRY_TOKENS_MAX = 1 << 17,     /* more than any RDATA can hold */
    TOKEN_BYTES_MAX = 1 << 18       /* twice the longest hex of an RDATA */
};

/* One entry: the tokens up to the end of a line that no parenthesis continues.  Reused from entry to entry. */
struct entry {
    struct token *tokens;           /* `own`, or heap once that is too small */
    size_t count, room;
    struct token own[ENTRY_TOKENS];
    bool blank_owner;               /* the line starts with a blank: the owner is the last one */
    bool high;                      /* some token holds an octet over 0x7f */
    bool faulty;                    /* an error has been reported: more from the same entry would only be its echo */
    uint32_t end_line, end_column;  /* behind its last token or parenthesis */
};
void entry_init(struct entry *entry);
void entry_clear(struct entry *entry);

struct lexer {
    const char *begin, *end, *pos, *line_start;     /* borrowed text */
    uint32_t line;                  /* of pos, from 1 */
    const char *file;               /* for diagnostics */
    struct diagnostics *diag;
    bool failed;                    /* something was reported as an error */
    bool out_of_memory;
};
/* Skips a byte order mark. */
void lexer_init(struct lexer *lexer, const char *text, size_t bytes, const char *file, struct diagnostics *diag);
/* The next entry that has tokens.  False at the end of the text and when out of memory. */
bool lexer_entry(struct lexer *lexer, struct entry *entry);
/* Adds a diagnostic about the text at `at` (in the lexer's text; else no source line is shown). */
void lexer_report(const struct lexer *lexer, enum severity severity, const char *check, const struct token *at, const char *sentence);

#endif
