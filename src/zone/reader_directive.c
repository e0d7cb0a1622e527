/* SPDX-License-Identifier: Apache-2.0 */
/* $ORIGIN and $INCLUDE (RFC 1035 5.1), $TTL (RFC 2308 4). */
#include "zone/reader_inside.h"

#include <stdio.h>
#include <string.h>

static bool too_many(struct reader *r, const struct entry *entry, size_t most)
{
    if (entry->count <= most)
        return false;
    reader_error(r, "syntax", &entry->tokens[most], "'%.*s' is too much for %.*s", shown(&entry->tokens[most]), entry->tokens[most].data,
                 shown(&entry->tokens[0]), entry->tokens[0].data);
    return true;
}

static void missing(struct reader *r, const struct entry *entry, const char *usage)
{
    struct token end = entry->tokens[entry->count - 1];
    end.line = entry->end_line;
    end.column = entry->end_column;
    reader_error(r, "syntax", &end, "something is missing: it is written %s", usage);
}

static void directive_origin(struct reader *r, const struct entry *entry)
{
    struct name name;
    if (entry->count < 2) {
        missing(r, entry, "$ORIGIN NAME");
        return;
    }
    if (too_many(r, entry, 2) || !reader_name(r, &entry->tokens[1], &name))
        return;
    r->origin = name;
    r->owner_text = NULL;
}

static void directive_ttl(struct reader *r, const struct entry *entry)
{
    if (entry->count < 2) {
        missing(r, entry, "$TTL SECONDS");
        return;
    }
    if (too_many(r, entry, 2))
        return;
    const struct token *t = &entry->tokens[1];
    switch (ttl_parse(token_slice(t), &r->default_ttl)) {
    case TTL_FINE:
        break;
    case TTL_TOO_BIG:
        reader_error(r, "ttl-range", t, "TTL '%.*s' is over 2147483647 seconds (RFC 2181 section 8)", shown(t), t->data);
        break;
    case TTL_NOT:
        reader_error(r, "syntax", t, "'%.*s' is no TTL: it is seconds, such as 3600, or has units, such as 1h30m", shown(t), t->data);
        break;
    }
    r->has_default_ttl = true;      /* even when broken: one error is enough */
}

/* Relative names count from the folder of the including file; escapes as everywhere in a master file. */
static enum status include_path(const struct reader *r, const struct token *t, struct text *path)
{
    const char *slash = strrchr(r->frame->path, '/');
    if (t->length > 0 && t->data[0] != '/' && slash)
        text_add_bytes(path, r->frame->path, (size_t)(slash - r->frame->path) + 1);
    for (uint32_t i = 0; i < t->length; i++) {
        if (t->data[i] == '\\' && i + 1 < t->length)
            i++;
        text_add_char(path, t->data[i]);
    }
    return path->full ? E_NO_SPACE : OK;
}

static void include_file(struct reader *r, const struct token *at, const char *path, const struct name *origin)
{
    struct name old_origin = r->origin, old_owner = r->owner;
    struct frame frame;
    enum status st = frame_open(r, &frame, path, at);
    if (st == E_NOMEM)
        r->fatal = st;
    if (st != OK)
        return;
    if (origin)
        r->origin = *origin;
    /* The entry's tokens are spent from here on: the included file uses the same room. */
    reader_run(r);
    frame_close(r, &frame);
    r->origin = old_origin;         /* RFC 1035 5.1: never changed by what is included */
    r->owner = old_owner;
}

static void directive_include(struct reader *r, const struct entry *entry)
{
    unsigned deepest = r->options->include_depth ? r->options->include_depth : INCLUDE_DEPTH;
    struct token at = entry->tokens[0];
    struct name origin;
    char room[4096];
    struct text path;
    deepest = deepest < INCLUDE_DEPTH_MAX ? deepest : INCLUDE_DEPTH_MAX;
    if (entry->count < 2) {
        missing(r, entry, "$INCLUDE FILE [ORIGIN]");
        return;
    }
    bool with_origin = entry->count > 2;
    if (too_many(r, entry, 3) || (with_origin && !reader_name(r, &entry->tokens[2], &origin)))
        return;
    if (r->depth > deepest) {
        reader_error(r, "include", &at, "files are included %u deep, the limit is %u", r->depth, deepest);
        return;
    }
    if (++r->files_read > FILES_MAX) {
        reader_error(r, "include", &at, "more than %d files are included", FILES_MAX);
        r->fatal = E_LIMIT;
        return;
    }
    text_fixed(&path, room, sizeof room);
    at = entry->tokens[1];
    if (include_path(r, &at, &path) != OK) {
        reader_error(r, "include", &at, "the path is too long");
        return;
    }
    include_file(r, &at, room, with_origin ? &origin : NULL);
}

static const struct {
    const char *name;
    void (*run)(struct reader *r, const struct entry *entry);
} directives[] = {
    { "$ORIGIN", directive_origin },
    { "$TTL", directive_ttl },
    { "$INCLUDE", directive_include },
    { "$GENERATE", reader_generate },
};

void reader_directive(struct reader *r, const struct entry *entry)
{
    const struct token *t = &entry->tokens[0];
    for (size_t i = 0; i < LENGTH_OF(directives); i++) {
        if (slice_is_nocase(token_slice(t), directives[i].name)) {
            directives[i].run(r, entry);
            return;
        }
    }
    reader_error(r, "syntax", t, "'%.*s' is no directive: there are $ORIGIN, $TTL, $INCLUDE and $GENERATE", shown(t), t->data);
}
