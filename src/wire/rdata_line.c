/* SPDX-License-Identifier: Apache-2.0 */
/* A line of text cut into tokens, for tools and tests; zone files have their own reader. */
#include "wire/rdata_inside.h"
#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '(' || c == ')'; }

static const char *blanks_skip(const char *at)
{
    while (is_blank(*at) || *at == ';') {
        if (*at == ';')
            at += strcspn(at, "\n");
        else
            at++;
    }
    return at;
}

/* Steps over a backslash and what it hides. */
static const char *step(const char *at) { return at[0] == '\\' && at[1] != 0 ? at + 2 : at + 1; }

static const char *quoted_end(const char *at)
{
    while (*at != 0 && *at != '"')
        at = step(at);
    return at;
}

/* A word; quotes right behind `=` belong to it (RFC 9460 2.1: alpn="h2,h3"). */
static const char *word_end(const char *at)
{
    const char *start = at;

    while (*at != 0 && !is_blank(*at) && *at != ';') {
        if (*at == '"' && (at == start || at[-1] != '='))
            return at;
        if (*at == '"') {
            at = quoted_end(at + 1);
            return *at == '"' ? at + 1 : at;
        }
        at = step(at);
    }
    return at;
}

/* @return the number of tokens; written to `tokens` when it is not NULL.  Zero and *open for a quote without end. */
static size_t line_cut(const char *line, struct token *tokens, bool *open)
{
    const char *at = blanks_skip(line);
    size_t count = 0;

    for (; *at != 0; at = blanks_skip(at)) {
        bool quoted = *at == '"';
        const char *from = quoted ? at + 1 : at;
        const char *end = quoted ? quoted_end(from) : word_end(from);
        if (quoted && *end == 0) {
            *open = true;
            return 0;
        }
        if (tokens != NULL)
            tokens[count] = (struct token){ .data = from, .length = (uint32_t)(end - from), .line = 1,
                                            .column = (uint32_t)(at - line) + 1, .quoted = quoted };
        count++;
        at = quoted ? end + 1 : end;
    }
    return count;
}

enum status rdata_parse_line(uint16_t type, uint16_t klass, const char *line, struct name_view origin, uint8_t *out, size_t room,
                             size_t *length, struct diagnostics *diag)
{
    bool open = false;
    size_t line_bytes = strlen(line);
    struct token_list list = { .count = line_cut(line, NULL, &open), .origin = origin, .begin = line, .end = line + line_bytes,
                               .end_line = 1, .end_column = (uint32_t)line_bytes + 1 };

    if (open) {
        struct place place = { .line = 1, .column = 1, .source = line, .source_length = line_bytes };
        diagnostics_add(diag, SEVERITY_ERROR, "syntax", &place, "a quote is not closed: expected \" at the end of the text");
        return E_BAD_TEXT;
    }
    struct token *tokens = mem_alloc((list.count + 1) * sizeof *tokens);
    if (tokens == NULL)
        return E_NOMEM;
    (void)line_cut(line, tokens, &open);
    list.tokens = tokens;
    enum status st = rdata_parse(type, klass, &list, out, room, length, diag);
    mem_free(tokens);
    return st;
}
