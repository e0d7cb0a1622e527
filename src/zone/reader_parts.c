/* SPDX-License-Identifier: Apache-2.0 */
/* Large texts.  Behind the first record, when $TTL and $ORIGIN have most likely been met, their builder is divided into lots of about the
 * same size, and other threads begin further on, each at a line, with the state that the reader has then and a builder of its own.  They
 * go the quick way only, up to the first line that is not for it, and so tell nothing.  When the reader comes to such a line as to any
 * other and in that very state, what was read from there counts and it goes on behind; else it is thrown away.  So it is all the same to
 * the result. */
#include "zone/build.h"
#include "zone/reader_inside.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { SAMPLES = 1024, LINE_MOST = 4096, LARGE_FROM = 8 << 20, LOT_TEXT = 4 << 20, PARTS_MAX = ZONE_THREADS_MAX };

struct part {
    struct parts *all;
    const char *begin;
    struct zone_builder *builder;
    struct zone_read_options options;
    struct frame frame;
    struct reader reader;
    uint32_t first_last_ttl;            /* of the reader, as it began */
    _Atomic bool ends;                  /* it is of no use */
    pthread_t thread;
};
struct parts {
    struct part *part[PARTS_MAX];       /* ascending; those in front of `next` are no more */
    unsigned next, count;
    const char *start;                  /* where the reader was */
    _Atomic unsigned counting;          /* parts that do not know yet which line they begin with */
};

/* ---- lots ---- */

/* The key of the owner of the first whole line behind a place, if that line begins with one. */
static bool sample_key(const struct reader *r, const char *at, uint64_t *out)
{
    const char *end = r->frame->lexer.end;
    size_t left = (size_t)(end - at), most = left < LINE_MOST ? left : LINE_MOST;
    const char *line = memchr(at, '\n', most);
    if (!line)
        return false;
    size_t length = 0, room = (size_t)(end - ++line);
    while (length < room && length < NAME_MAX_BYTES && !strchr(" \t\r\n;()\"$@", line[length]))
        length++;
    struct name owner;
    if (length == 0 || name_parse(slice_of(line, length), reader_origin(r), &owner) != OK ||
        !name_below(name_view_of(&owner), name_view_of(&r->zone)))
        return false;
    *out = build_lot_key(name_view_of(&owner), name_view_of(&r->zone).labels);
    return true;
}

/* ---- other threads ---- */

static uint32_t count_lines(const char *from, const char *to)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), low = 0x7f * ones;
    uint32_t lines = 0;
    for (; (size_t)(to - from) >= sizeof(uint64_t); from += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, from, sizeof word);
        word ^= '\n' * ones;
        lines += (uint32_t)__builtin_popcountll(~(((word & low) + low) | word | low));
    }
    for (; from < to; from++)
        lines += *from == '\n';
    return lines;
}

static bool part_goes_on(void *context, uint64_t done, uint64_t all)
{
    (void)done;
    (void)all;
    return !atomic_load_explicit(&((struct part *)context)->ends, memory_order_relaxed);
}

static void *part_main(void *argument)
{
    struct part *part = argument;
    part->frame.lexer.line += count_lines(part->all->start, part->begin);
    atomic_fetch_sub(&part->all->counting, 1);
    reader_quick(&part->reader);
    return NULL;
}

static void part_init(struct part *part, const struct reader *r, const char *begin, const char *end)
{
    struct reader *own = &part->reader;
    part->all = r->parts;
    part->begin = begin;
    part->options = *r->options;
    part->options.progress = part_goes_on;
    part->options.progress_context = part;
    part->frame = (struct frame){ .path = r->frame->path, .file = r->frame->file, .lexer = r->frame->lexer };
    part->frame.bytes = r->frame->bytes;
    part->frame.slack = (size_t)(r->frame->lexer.end - end) + r->frame->slack;
    part->frame.lexer.pos = part->frame.lexer.line_start = begin;
    part->frame.lexer.end = end;
    own->options = &part->options;
    own->builder = &part->builder;
    own->frame = &part->frame;
    own->zone = r->zone;
    own->klass = r->klass;
    own->origin = r->origin;
    own->default_ttl = r->default_ttl;
    own->last_ttl = part->first_last_ttl = r->last_ttl;
    own->has_default_ttl = r->has_default_ttl;
    own->has_last_ttl = r->has_last_ttl;
    own->soa_bytes = 1;         /* a SOA is for the reader itself */
    own->cpu = r->cpu;
    own->divided = true;
}

static void part_free(struct part *part)
{
    zone_builder_free(part->builder);
    mem_free(part);
}

/* What is missing of a part, the reader does. */
static void part_start(struct reader *r, const char *begin, const char *end)
{
    struct parts *parts = r->parts;
    struct part *part = mem_alloc(sizeof *part);
    if (!part || zone_builder_like(*r->builder, &part->builder) != OK) {
        mem_free(part);
        return;
    }
    part_init(part, r, begin, end);
    atomic_fetch_add(&parts->counting, 1);
    if (pthread_create(&part->thread, NULL, part_main, part) == 0) {
        parts->part[parts->count++] = part;
    } else {
        atomic_fetch_sub(&parts->counting, 1);
        part_free(part);
    }
}

static bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/* A line near a place that looks like a record, as does the one before: the reader will most likely stop there. */
static const char *line_near(const char *at, const char *end)
{
    enum { TRIES = 64 };
    bool plain = false;
    for (int i = 0; i < TRIES; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (!at || ++at == end)
            return NULL;
        if (plain && is_plain(*at))
            return at;
        plain = is_plain(*at);
    }
    return NULL;
}

static void parts_start(struct reader *r)
{
    const struct lexer *lexer = &r->frame->lexer;
    unsigned threads = zone_threads_of(r->options->threads);
    size_t left = (size_t)(lexer->end - lexer->pos);
    const char *begins[PARTS_MAX + 1];
    unsigned count = 0;
    r->parts = mem_alloc(sizeof *r->parts);
    if (!r->parts)
        return;
    r->parts->start = lexer->pos;
    for (unsigned i = 1; i < threads; i++) {
        const char *begin = line_near(lexer->pos + left * i / threads, lexer->end);
        if (begin && (count == 0 || begin > begins[count - 1]))
            begins[count++] = begin;
    }
    begins[count] = lexer->end;
    for (unsigned i = 0; i < count; i++)
        part_start(r, begins[i], begins[i + 1]);
}

/* ---- meeting ---- */

const char *reader_stop(const struct reader *r)
{
    const struct parts *parts = r->parts;
    if (!r->divided && r->records == 0)
        return r->frame->lexer.pos + 1;         /* line by line up to the first record */
    return parts && !r->frame->up && parts->next < parts->count ? parts->part[parts->next]->begin : r->frame->lexer.end;
}

bool reader_looks_back(const struct reader *r) { return r->parts && atomic_load(&r->parts->counting) > 0; }

/* The parts began in the state that the reader has now, but for the TTL of the last record. */
static bool state_is_same(const struct reader *r, const struct part *part)
{
    const struct reader *own = &part->reader;
    return name_same(name_view_of(&r->origin), name_view_of(&own->origin)) && r->has_default_ttl == own->has_default_ttl &&
           r->default_ttl == own->default_ttl;
}

/* The next ones, up to that one, are of no use: they end at once, so that text which has been read can go. */
static void parts_drop(struct parts *parts, unsigned behind)
{
    for (unsigned i = parts->next; i < behind; i++)
        atomic_store(&parts->part[i]->ends, true);
    for (; parts->next < behind; parts->next++) {
        pthread_join(parts->part[parts->next]->thread, NULL);
        part_free(parts->part[parts->next]);
    }
}

static void take(struct reader *r, const struct part *part)
{
    const struct reader *own = &part->reader;
    const struct lexer *lexer = &part->frame.lexer;
    r->fatal = own->fatal == OK ? zone_builder_join(*r->builder, part->builder) : own->fatal;
    (*r->builder)->parts += r->fatal == OK;
    r->frame->lexer.pos = lexer->pos;
    r->frame->lexer.line_start = lexer->line_start;
    r->frame->lexer.line = lexer->line;
    r->scanned = NULL;
    r->entries += own->entries;
    if (own->records == 0)
        return;
    r->records += own->records;
    r->last_ttl = own->last_ttl;
    r->has_last_ttl = own->has_last_ttl;
    r->owner = own->owner;
    r->owner_text = own->owner_text;
    r->owner_length = own->owner_length;
    r->owner_inside = own->owner_inside;
}

void reader_meet(struct reader *r)
{
    struct parts *parts = r->parts;
    if (!parts || r->frame->up)
        return;
    while (parts->next < parts->count && r->frame->lexer.pos >= parts->part[parts->next]->begin && r->fatal == OK) {
        struct part *part = parts->part[parts->next];
        if (!state_is_same(r, part)) {
            parts_drop(parts, parts->count);    /* all began alike */
        } else if (r->frame->lexer.pos != part->begin) {
            parts_drop(parts, parts->next + 1);
        } else {
            pthread_join(part->thread, NULL);
            parts->next++;
            if (!part->reader.leans || r->last_ttl == part->first_last_ttl)
                take(r, part);
            part_free(part);
        }
    }
}

void reader_parts_end(struct reader *r)
{
    struct parts *parts = r->parts;
    if (!parts)
        return;
    parts_drop(parts, parts->count);
    mem_free(parts);
    r->parts = NULL;
}

/* ---- the start ---- */

void reader_divide(struct reader *r)
{
    const struct zone_read_options *o = r->options;
    uint64_t keys[SAMPLES];
    size_t count = 0, left = (size_t)(r->frame->lexer.end - r->frame->lexer.pos);
    if (left < (o->large_from ? o->large_from : LARGE_FROM))
        return;
    r->divided = true;
    for (size_t i = 0; i < SAMPLES; i++)
        count += sample_key(r, r->frame->lexer.pos + left * i / SAMPLES, &keys[count]);
    /* Each lot has a chunk that is not full: no more of them than pays. */
    r->fatal = zone_builder_divide(*r->builder, o->large_from ? BUILD_LOTS : left / LOT_TEXT, keys, count);
    if (r->fatal == OK && (*r->builder)->lots && o->threads > 1 && o->record_limit == 0 && !r->frame->up)
        parts_start(r);
}
