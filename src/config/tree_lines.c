/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tree_lines.h"

#include <string.h>

/* ---- one line ---- */

struct place_in_line { const char *start, *at, *end; };

static bool skip(struct place_in_line *p, const char *expected)
{
    size_t length = strlen(expected);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, expected, length) != 0)
        return false;
    p->at += length;
    return true;
}

static uint32_t column_of(const struct place_in_line *p) { return (uint32_t)(p->at - p->start) + 1; }

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/' || c == '-' || c == '_';
}

/* In quotes: printable ASCII but for `"` and `\`.  Plain: what can mean nothing else, from a letter or a slash on. */
static bool read_value(struct place_in_line *p, struct line_value *out)
{
    out->column = column_of(p);
    out->plain = !skip(p, "\"");
    const char *from = p->at;
    while (p->at < p->end && (out->plain ? is_plain(*p->at) : *p->at >= ' ' && *p->at < 0x7f && *p->at != '"' && *p->at != '\\'))
        p->at++;
    out->text = slice_of(from, (size_t)(p->at - from));
    if (!out->plain)
        return skip(p, "\"");
    return out->text.length > 0 && (*from == '/' || (*from | 0x20) >= 'a') && *from != '_' && !slice_is(out->text, "null");
}

bool list_line_read(const char *at, const char *end, struct list_line *out, const char **next)
{
    enum { LINE_MAX_BYTES = 1000 };
    struct place_in_line p = { at, at, (size_t)(end - at) > LINE_MAX_BYTES ? at + LINE_MAX_BYTES : end };
    while (skip(&p, " ")) {
        /* indented */
    }
    if (!skip(&p, "- "))
        return false;
    out->column = column_of(&p);
    if (!skip(&p, "{ "))
        return false;
    out->name_column = column_of(&p);
    if (!skip(&p, "name: ") || !read_value(&p, &out->name) || !skip(&p, ", "))
        return false;
    out->file_column = column_of(&p);
    if (!skip(&p, "file: ") || !read_value(&p, &out->file) || !skip(&p, " }\n"))
        return false;
    *next = p.at;
    return true;
}

/* ---- runs ---- */

static const char *line_end(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline + 1 : end;
}

/* The run that starts at `at`. @return behind it; its number of lines is *lines */
static const char *run_end(const char *at, const char *end, uint32_t column, const char **last, uint32_t *lines)
{
    struct list_line line;
    const char *next;
    *lines = 0;
    while (at < end && list_line_read(at, end, &line, &next) && line.column == column) {
        *last = at;
        at = next;
        ++*lines;
    }
    return at;
}

char *line_runs_take(const char *text, size_t size, struct line_runs *runs, size_t *reduced)
{
    const char *at = text, *end = text + size, *next, *last;
    char *out = NULL;
    uint32_t number = 1, lines;
    struct list_line line;
    runs->count = 0;
    *reduced = 0;
    while (at < end) {
        lines = 0;
        if (runs->count < RUNS_MAX && list_line_read(at, end, &line, &next))
            (void)run_end(at, end, line.column, &last, &lines);
        if (lines < RUN_LEAST) {
            next = line_end(at, end);
            if (out)
                memcpy(out + *reduced, at, (size_t)(next - at));
            *reduced += (size_t)(next - at);
            at = next;
            number++;
            continue;
        }
        if (!out) {             /* the first run: what is before it has been counted, not copied */
            out = mem_room(size);
            if (!out)
                return NULL;
            memcpy(out, text, *reduced);
        }
        next = line_end(at, end);
        runs->runs[runs->count++] = (struct line_run){ number, number + lines - 1, line.column, next };
        memcpy(out + *reduced, at, (size_t)(next - at));
        memset(out + *reduced + (next - at), '\n', lines - 2);
        *reduced += (size_t)(next - at) + lines - 2;
        number += lines - 1;    /* the last line goes the usual way: it starts no run, being alone */
        at = last;
        next = line_end(at, end);
        memcpy(out + *reduced, at, (size_t)(next - at));
        *reduced += (size_t)(next - at);
        at = next;
        number++;
    }
    return out;
}
