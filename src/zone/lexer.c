/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens are slices of the text: nothing is copied and nothing allocated per entry.  An error ends neither the entry nor
 * the reading; the parentheses go on being counted, so that what follows is not misread. */
#include "zone/lexer.h"

#include <string.h>

enum { STOP = 1, HIGH = 2 };
/* Octets that end a run of plain ones, and those over 0x7f. */
static const uint8_t octet_kind[256] = {
    [0] = STOP, ['\t'] = STOP, ['\n'] = STOP, ['\r'] = STOP, [' '] = STOP, ['"'] = STOP, ['('] = STOP, [')'] = STOP,
    [';'] = STOP, ['\\'] = STOP, [128 ... 255] = HIGH,
};

void entry_init(struct entry *entry)
{
    /* Not the tokens: they are 2 KiB and written before they are read. */
    entry->tokens = entry->own;
    entry->room = ENTRY_TOKENS;
    entry->count = 0;
    entry->blank_owner = entry->high = entry->faulty = false;
    entry->end_line = entry->end_column = 0;
}

void entry_clear(struct entry *entry)
{
    if (entry->tokens != entry->own)
        mem_free(entry->tokens);
    entry_init(entry);
}

void lexer_init(struct lexer *lexer, const char *text, size_t bytes, const char *file, struct diagnostics *diag)
{
    *lexer = (struct lexer){ .begin = text, .end = text + bytes, .pos = text, .line_start = text, .line = 1, .file = file, .diag = diag };
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lexer->begin = lexer->pos = lexer->line_start = text + 3;
}

void lexer_report(const struct lexer *lexer, enum severity severity, const char *check, const struct token *at, const char *sentence)
{
    struct place place = { .file = lexer->file, .line = at->line, .column = at->column };
    uintptr_t data = (uintptr_t)at->data;
    if (at->data && data >= (uintptr_t)lexer->begin && data <= (uintptr_t)lexer->end) {
        const char *from = at->data;
        while (from > lexer->begin && from[-1] != '\n')
            from--;
        const char *to = from < lexer->end ? memchr(from, '\n', (size_t)(lexer->end - from)) : NULL;
        to = to ? to : lexer->end;
        while (to > from && to[-1] == '\r')
            to--;
        place.source = from;
        place.source_length = (size_t)(to - from);
    }
    diagnostics_add(lexer->diag, severity, check, &place, "%s", sentence);
}

static uint32_t column_of(const struct lexer *lexer, const char *at)
{
    size_t column = (size_t)(at - lexer->line_start) + 1;
    return column > UINT32_MAX ? UINT32_MAX : (uint32_t)column;
}

static struct token token_at(const struct lexer *lexer, const char *at)
{
    return (struct token){ .data = at, .line = lexer->line, .column = column_of(lexer, at) };
}

/* The first error of an entry is told; see `faulty`. */
static void entry_fault(struct lexer *lexer, struct entry *entry, const struct token *at, const char *sentence)
{
    lexer->failed = true;
    if (!entry->faulty)
        lexer_report(lexer, SEVERITY_ERROR, "syntax", at, sentence);
    entry->faulty = true;
}

static bool entry_grow(struct lexer *lexer, struct entry *entry)
{
    size_t room = entry->room * 2;
    struct token *old = entry->tokens == entry->own ? NULL : entry->tokens;
    struct token *more = mem_resize(old, room * sizeof *more);
    if (!more) {
        lexer->out_of_memory = true;
        return false;
    }
    if (!old)
        memcpy(more, entry->own, sizeof entry->own);
    entry->tokens = more;
    entry->room = room;
    return true;
}

static bool entry_push(struct lexer *lexer, struct entry *entry, const struct token *token)
{
    if (token->length > TOKEN_BYTES_MAX)
        entry_fault(lexer, entry, token, "this word is longer than any record can hold");
    if (entry->count == ENTRY_TOKENS_MAX) {
        entry_fault(lexer, entry, token, "this entry has more words than any record can hold; is a parenthesis not closed?");
        return true;
    }
    if (entry->count == entry->room && !entry_grow(lexer, entry))
        return false;
    entry->tokens[entry->count++] = *token;
    return true;
}

/* Behind a backslash at `at`: a line's end or the end of the text cannot be escaped. */
static const char *step_escape(struct lexer *lexer, struct entry *entry, const char *at)
{
    if (at + 1 == lexer->end || at[1] == '\n' || at[1] == '\r' || at[1] == 0) {
        struct token token = token_at(lexer, at);
        entry_fault(lexer, entry, &token, "a backslash needs a character or three digits behind it");
        return at + 1;
    }
    if ((uint8_t)at[1] > 0x7f)
        entry->high = true;
    return at + 2;
}

/* From behind the opening quote at `quote` to the closing one, or to the end of the line with an error. */
static const char *quoted_end(struct lexer *lexer, struct entry *entry, const char *quote)
{
    for (const char *p = quote + 1; p < lexer->end && *p != '\n';) {
        if (*p == '"')
            return p;
        if (*p == 0) {
            struct token token = token_at(lexer, p);
            entry_fault(lexer, entry, &token, "a NUL octet in the text: it is written \\000");
        }
        entry->high |= (uint8_t)*p > 0x7f;
        p = *p == '\\' ? step_escape(lexer, entry, p) : p + 1;
    }
    struct token token = token_at(lexer, quote);
    entry_fault(lexer, entry, &token, "this quote is not closed: a quoted string ends with '\"' on the same line");
    const char *end = memchr(quote + 1, '\n', (size_t)(lexer->end - quote - 1));
    return end ? end : lexer->end;
}

static bool lex_quoted(struct lexer *lexer, struct entry *entry)
{
    struct token token = token_at(lexer, lexer->pos);
    const char *end = quoted_end(lexer, entry, lexer->pos);
    token.data++;
    size_t length = (size_t)(end - token.data);
    token.length = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length;
    token.quoted = true;
    lexer->pos = end < lexer->end && *end == '"' ? end + 1 : end;
    return entry_push(lexer, entry, &token);
}

static bool lex_word(struct lexer *lexer, struct entry *entry)
{
    struct token token = token_at(lexer, lexer->pos);
    const char *p = lexer->pos;
    uint8_t kinds = 0;
    for (;;) {
        uint8_t kind;
        while (p < lexer->end && ((kind = octet_kind[(uint8_t)*p]) & STOP) == 0) {
            kinds |= kind;
            p++;
        }
        if (p < lexer->end && *p == '\\') {
            p = step_escape(lexer, entry, p);
        } else if (p < lexer->end && *p == '"' && p > lexer->pos && p[-1] == '=') {
            /* key="value" of SVCB (RFC 9460 2.1): the quotes stay part of the word */
            p = quoted_end(lexer, entry, p);
            p += p < lexer->end && *p == '"';
        } else {
            break;
        }
    }
    size_t length = (size_t)(p - token.data);
    token.length = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length;
    lexer->pos = p;
    entry->high |= (kinds & HIGH) != 0;
    return entry_push(lexer, entry, &token);
}

static void lex_comment(struct lexer *lexer, struct entry *entry)
{
    size_t left = (size_t)(lexer->end - lexer->pos);
    const char *end = memchr(lexer->pos, '\n', left);
    size_t length = end ? (size_t)(end - lexer->pos) : left;
    const char *nul = memchr(lexer->pos, 0, length);
    if (nul) {
        struct token token = token_at(lexer, nul);
        entry_fault(lexer, entry, &token, "a NUL octet in a comment: a master file is text");
    }
    lexer->pos += length;
}

static void lex_newline(struct lexer *lexer)
{
    lexer->line_start = ++lexer->pos;
    lexer->line++;
}

/* A carriage return before a line feed is part of the line's end; elsewhere it is an error. */
static void lex_return(struct lexer *lexer, struct entry *entry)
{
    const char *next = lexer->pos + 1;
    if (next < lexer->end && *next != '\n') {
        struct token token = token_at(lexer, lexer->pos);
        entry_fault(lexer, entry, &token, "a carriage return without a line feed: lines end with LF or CRLF");
    }
    lexer->pos = next;
}

struct nesting { unsigned depth; struct token open; };

static void lex_parenthesis(struct lexer *lexer, struct entry *entry, struct nesting *nesting)
{
    struct token token = token_at(lexer, lexer->pos);
    if (*lexer->pos++ == '(') {
        if (nesting->depth++ == 0)
            nesting->open = token;
    } else if (nesting->depth == 0) {
        entry_fault(lexer, entry, &token, "')' closes nothing: there is no '(' before it in this entry");
    } else {
        nesting->depth--;
    }
}

/* Handles what stands at pos when it is not a newline.  False when out of memory. */
static bool lex_one(struct lexer *lexer, struct entry *entry, struct nesting *nesting)
{
    bool going = true;
    switch (*lexer->pos) {
    case ' ':
    case '\t':
        lexer->pos++;
        return true;
    case '\r':
        lex_return(lexer, entry);
        return true;
    case ';':
        lex_comment(lexer, entry);
        return true;
    case '(':
    case ')':
        lex_parenthesis(lexer, entry, nesting);
        break;
    case '"':
        going = lex_quoted(lexer, entry);
        break;
    case 0: {
        struct token token = token_at(lexer, lexer->pos++);
        entry_fault(lexer, entry, &token, "a NUL octet in the text: it is written \\000");
        break;
    }
    default:
        going = lex_word(lexer, entry);
        break;
    }
    entry->end_line = lexer->line;
    entry->end_column = column_of(lexer, lexer->pos);
    return going;
}

static void entry_begin(const struct lexer *lexer, struct entry *entry)
{
    entry->count = 0;
    entry->high = entry->faulty = false;
    entry->blank_owner = lexer->pos < lexer->end && (*lexer->pos == ' ' || *lexer->pos == '\t');
}

bool lexer_entry(struct lexer *lexer, struct entry *entry)
{
    struct nesting nesting = { .depth = 0 };
    entry_begin(lexer, entry);
    while (lexer->pos < lexer->end) {
        if (*lexer->pos != '\n') {
            if (!lex_one(lexer, entry, &nesting))
                return false;
            continue;
        }
        lex_newline(lexer);
        if (nesting.depth > 0)
            continue;
        if (entry->count > 0)
            return true;
        entry_begin(lexer, entry);      /* an empty line, or nothing but a comment */
    }
    if (nesting.depth > 0)
        entry_fault(lexer, entry, &nesting.open, "this '(' is not closed: its ')' is missing");
    return entry->count > 0;
}
