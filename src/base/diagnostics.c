/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diagnostics.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

/* A line of a file may be a megabyte long; this much of its start is kept. */
enum { LIMIT_DEFAULT = 1000, SOURCE_MAX = 400, TEXT_MAX = 1000 };

struct diagnostics {
    struct arena *arena;
    struct diagnostic *list;
    size_t kept, kept_warnings, room, limit;
    size_t counts[2];
};

struct diagnostics *diagnostics_new(size_t limit)
{
    struct diagnostics *sink = mem_alloc(sizeof *sink);
    if (!sink)
        return NULL;
    sink->limit = limit ? limit : LIMIT_DEFAULT;
    sink->arena = arena_new(0);
    if (!sink->arena) {
        mem_free(sink);
        return NULL;
    }
    return sink;
}

void diagnostics_free(struct diagnostics *sink)
{
    if (!sink)
        return;
    arena_free(sink->arena);
    mem_free(sink->list);
    mem_free(sink);
}

void diagnostics_clear(struct diagnostics *sink)
{
    if (!sink)
        return;
    arena_reset(sink->arena);
    sink->kept = sink->kept_warnings = 0;
    memset(sink->counts, 0, sizeof sink->counts);
}

static bool make_room(struct diagnostics *sink)
{
    if (sink->kept < sink->room)
        return true;
    size_t room = sink->room ? sink->room * 2 : 8;
    struct diagnostic *list = mem_resize(sink->list, room * sizeof *list);
    if (!list)
        return false;
    sink->list = list;
    sink->room = room;
    return true;
}

static const char *copy_string(struct diagnostics *sink, const char *string)
{
    return string ? arena_string(sink->arena, string) : NULL;
}

/* The value of a key `url` or `rpc` begins here: `url: "`, `"rpc":`. */
static bool is_url_value(const char *line, const char *value)
{
    while (value > line && strchr(" \t\"'", value[-1]))
        value--;
    if (value == line || *--value != ':')
        return false;
    while (value > line && strchr(" \t\"'", value[-1]))
        value--;
    return value - line >= 3 && (memcmp(value - 3, "url", 3) == 0 || memcmp(value - 3, "rpc", 3) == 0);
}

/* A key of an operator's account may be anywhere in a URL but its scheme and host: what else is in it is not shown. */
static void hide_keys(char *line)
{
    static const char ends[] = " \t\"'";
    for (char *at = line; (at = strstr(at, "://")) != NULL; ) {
        char *value = at;
        while (value > line && !strchr(ends, value[-1]))
            value--;
        at += 3;
        if (!is_url_value(line, value))
            continue;
        size_t whole = strcspn(at, ends), authority = strcspn(at, " \t\"'/?#"), user = authority;
        while (user > 0 && at[user - 1] != '@')
            user--;
        memset(at, '*', user > 0 ? user - 1 : 0);
        memset(at + authority, '*', whole - authority);
        at += whole;
    }
}

static const char *copy_source(struct diagnostics *sink, const struct place *place)
{
    if (!place->source)
        return NULL;
    size_t length = place->source_length < SOURCE_MAX ? place->source_length : SOURCE_MAX;
    char *copy = arena_bytes(sink->arena, length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, place->source, length);
    copy[length] = 0;
    for (char *nul; (nul = memchr(copy, 0, length)) != NULL;)
        *nul = '\x01';      /* so that what follows is seen; printed as '?' */
    hide_keys(copy);
    return copy;
}

/* Control octets of a hostile file must not reach the terminal, here or where else a text is shown. */
static char clean(char c)
{
    uint8_t octet = (uint8_t)c;
    return (octet < 0x20 && octet != '\t') || octet == 0x7f ? '?' : c;
}

bool diagnostics_full(const struct diagnostics *sink, enum severity severity)
{
    return sink && sink->kept >= sink->limit && (severity != SEVERITY_ERROR || sink->kept_warnings == 0);
}

/* A full sink gives up its last warning for an error, so that warnings never hide why something was refused. */
static void drop_a_warning(struct diagnostics *sink)
{
    size_t last = sink->kept - 1;
    while (sink->list[last].severity == SEVERITY_ERROR)
        last--;
    memmove(&sink->list[last], &sink->list[last + 1], (sink->kept - last - 1) * sizeof sink->list[0]);
    sink->kept--;
    sink->kept_warnings--;
}

void diagnostics_add(struct diagnostics *sink, enum severity severity, const char *check_name,
                     const struct place *place, const char *format, ...)
{
    if (!sink)
        return;
    sink->counts[severity]++;
    if (diagnostics_full(sink, severity) || !make_room(sink))
        return;
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = 0;
    va_end(arguments);
    for (char *c = text; *c; c++)
        *c = clean(*c);
    static const struct place nowhere;
    place = place ? place : &nowhere;
    struct diagnostic one = {
        .severity = severity,
        .check = copy_string(sink, check_name ? check_name : "syntax"),
        .file = copy_string(sink, place->file),
        .line = place->line,
        .column = place->column,
        .text = copy_string(sink, text),
        .source = copy_source(sink, place),
    };
    if (!one.check || !one.text)
        return;
    if (sink->kept >= sink->limit)
        drop_a_warning(sink);
    sink->list[sink->kept++] = one;
    sink->kept_warnings += severity == SEVERITY_WARNING;
}

size_t diagnostics_count(const struct diagnostics *sink, enum severity severity) { return sink ? sink->counts[severity] : 0; }

size_t diagnostics_kept(const struct diagnostics *sink) { return sink ? sink->kept : 0; }

const struct diagnostic *diagnostics_get(const struct diagnostics *sink, size_t index)
{
    require(index < sink->kept);
    return &sink->list[index];
}

static void print_clean(FILE *stream, const char *string)
{
    for (; *string; string++)
        fputc(clean(*string), stream);
}

/* The caret stands below the octet: tabs stay tabs, and of a UTF-8 sequence only the first octet is a place. */
static void print_caret(FILE *stream, const char *source, uint32_t column)
{
    size_t length = strlen(source);
    if (column == 0 || column > length + 1)
        return;
    fputs("    ", stream);
    for (uint32_t i = 0; i + 1 < column; i++) {
        uint8_t c = (uint8_t)source[i];
        if ((c & 0xc0) != 0x80)
            fputc(c == '\t' ? '\t' : ' ', stream);
    }
    fputs("^\n", stream);
}

static void print_one(const struct diagnostic *one, FILE *stream, bool colour)
{
    bool error = one->severity == SEVERITY_ERROR;
    if (one->file)
        print_clean(stream, one->file);
    if (one->line)
        fprintf(stream, one->file ? ":%u" : "line %u", one->line);
    if (one->line && one->column)
        fprintf(stream, ":%u", one->column);
    if (one->file || one->line)
        fputs(": ", stream);
    const char *start = !colour ? "" : error ? "\033[1;31m" : "\033[1;35m";
    fprintf(stream, "%s%s:%s ", start, error ? "error" : "warning", colour ? "\033[0m" : "");
    print_clean(stream, one->text);
    fprintf(stream, " [%s]\n", one->check);
    if (!one->source)
        return;
    fputs("    ", stream);
    print_clean(stream, one->source);
    fputc('\n', stream);
    print_caret(stream, one->source, one->column);
}

void diagnostics_print(const struct diagnostics *sink, FILE *stream, bool colour)
{
    if (!sink)
        return;
    for (size_t i = 0; i < sink->kept; i++)
        print_one(&sink->list[i], stream, colour);
    size_t all = sink->counts[SEVERITY_WARNING] + sink->counts[SEVERITY_ERROR];
    if (all > sink->kept)
        fprintf(stream, "%zu more not shown\n", all - sink->kept);
}
