/* SPDX-License-Identifier: Apache-2.0 */
/* zone_read: the frame of the reading; records, directives and files have files of their own. */
#include "zone/build.h"
#include "zone/reader_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_ROOM = 512, PROGRESS_ENTRIES = 8192 };

static void report(struct reader *r, enum severity severity, const char *check, const struct token *at, const char *sentence)
{
    /* Generated records point to their $GENERATE: their own text is nowhere in the file. */
    lexer_report(&r->frame->lexer, severity, check, r->generated ? r->generated : at, sentence);
}

void reader_error(struct reader *r, const char *check, const struct token *at, const char *format, ...)
{
    char sentence[MESSAGE_ROOM];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    report(r, SEVERITY_ERROR, check, at, sentence);
    r->failed = true;
}

void reader_warn(struct reader *r, const char *check, const struct token *at, const char *format, ...)
{
    char sentence[MESSAGE_ROOM];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    report(r, SEVERITY_WARNING, check, at, sentence);
}

static void tell_progress(struct reader *r)
{
    if (!r->options->progress)
        return;
    uint64_t here = (uint64_t)(r->frame->lexer.pos - r->frame->lexer.begin);
    if (!r->options->progress(r->options->progress_context, r->bytes_done + here, r->bytes_all))
        r->fatal = E_CLOSED;
}

void reader_count(struct reader *r)
{
    if (++r->entries % PROGRESS_ENTRIES == 0) {
        tell_progress(r);
        if (!reader_looks_back(r))
            frame_forget(r->frame);
    }
}

static void run_entry(struct reader *r, const struct entry *entry)
{
    const struct token *first = &entry->tokens[0];
    if (entry->faulty) {
        /* Told already.  A sound owner still counts for the lines below it. */
        if (!entry->blank_owner && !first->quoted && first->data[0] != '$' && first->length > 0)
            reader_owner(r, first);
        return;
    }
    if (!entry->blank_owner && !first->quoted && first->data[0] == '$')
        reader_directive(r, entry);
    else
        reader_record(r, entry->tokens, entry->count, entry->blank_owner, entry);
}

void reader_run(struct reader *r)
{
    struct lexer *lexer = &r->frame->lexer;
    for (;;) {
        if (r->fatal == OK)
            reader_quick(r);
        if (r->fatal != OK || !lexer_entry(lexer, &r->entry))
            break;
        run_entry(r, &r->entry);
        reader_count(r);
    }
    if (lexer->out_of_memory)
        r->fatal = E_NOMEM;
    r->failed |= lexer->failed;
}

/* An empty zone is left to the checks; but without its name there is nothing to check. */
static void no_records(struct reader *r)
{
    if (r->zone.length)
        r->fatal = zone_builder_new(name_view_of(&r->zone), r->klass ? r->klass : CLASS_IN, r->builder);
    else if (!r->failed)
        reader_error(r, "missing-soa", &(struct token){ .line = 1, .column = 1 }, "the file has no records: a zone starts with its SOA");
}

static enum status read_main(struct reader *r)
{
    const struct zone_read_options *o = r->options;
    struct frame frame;
    if (o->text) {
        frame_open_text(r, &frame, o->path, o->text, o->text_bytes);
    } else {
        enum status st = frame_open(r, &frame, o->path, NULL);
        if (st != OK)
            return st;
    }
    reader_run(r);
    reader_parts_end(r);
    if (r->fatal == OK && !*r->builder)
        no_records(r);
    if (*r->builder)
        (*r->builder)->threads = zone_threads_of(o->threads);
    frame_close(r, &frame);
    return r->fatal;
}

static void reader_init(struct reader *r, const struct zone_read_options *options)
{
    /* All but the large arrays at the end, which are written before they are read. */
    memset(r, 0, offsetof(struct reader, entry));
    entry_init(&r->entry);
    r->options = options;
    r->cpu = cpu_level();
    r->klass = options->klass;
    r->default_ttl = options->default_ttl;
    r->has_default_ttl = options->has_default_ttl;
    if (options->origin.wire)
        r->zone = r->origin = name_copy(options->origin);
}

enum status zone_read(const struct zone_read_options *options, struct zone_builder **builder, struct zone_files *files,
                      struct diagnostics *diag)
{
    struct reader r;
    struct zone_files own = { 0 };
    reader_init(&r, options);
    r.builder = builder;
    r.files = files ? files : &own;
    r.diag = diag;
    enum status st = read_main(&r);
    entry_clear(&r.entry);
    zone_files_clear(&own);
    if (st != OK)
        return st;
    if (r.unreadable)
        return E_SYSTEM;
    return r.failed ? E_INVALID : OK;
}
