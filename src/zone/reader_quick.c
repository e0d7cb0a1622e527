/* SPDX-License-Identifier: Apache-2.0 */
/* The quick way through a master file: lines of a common form, [owner] [TTL] [IN] type rdata on one line without escapes, comments and
 * parentheses, go from the scanned text to the builder with no token and no message in between.  A line that is different in any way, or
 * wrong, is left to the general way, which starts anew at its first octet; nothing of the reader has changed by then but the owner,
 * to what the general way would have made it as well. */
#include "zone/inside.h"
#include "zone/reader_inside.h"

#include "wire/rdata_quick.h"

#include <string.h>

enum { WORDS_MAX = 96 };        /* an RRSIG has 13, an NSEC as many as its types */

/* What is the same for all lines until a slow one comes. */
struct quick_state {
    struct reader *r;
    struct scan *scan;
    struct quick_words words;
    const char *stop;           /* see reader_stop() */
    bool origin_inside;         /* names relative to the origin are in the zone */
};

static bool owner_again(const struct reader *r, const char *word, size_t length)
{
    return r->owner_text && length == r->owner_length && memcmp(word, r->owner_text, length) == 0;
}

/* The first word as the owner, if it is not the one before. */
static bool quick_owner(struct quick_state *q)
{
    struct reader *r = q->r;
    size_t length;
    const char *word = quick_word(&q->words, 0, &length);
    uint8_t wire[NAME_MAX_BYTES + QUICK_SLACK];
    if (owner_again(r, word, length))
        return true;
    size_t octets = name_quick(&q->words, 0, wire);
    if (octets == 0)
        return false;
    memcpy(r->owner.wire, wire, octets);
    r->owner.length = (uint8_t)octets;
    r->owner_text = word;
    r->owner_length = (uint32_t)length;
    r->owner_inside = (q->origin_inside && word[length - 1] != '.') || name_below(name_view_of(&r->owner), name_view_of(&r->zone));
    return true;
}

struct quick_fields { uint32_t ttl; uint16_t type; bool has_ttl; };

static bool is_in(const char *word, size_t length) { return length == 2 && (word[0] | 0x20) == 'i' && (word[1] | 0x20) == 'n'; }

/* TTL and class in either order, each at most once, then the type; *at is moved behind it. */
static bool quick_fields(const struct quick_state *q, size_t *at, struct quick_fields *f)
{
    bool has_class = false;
    for (; *at < q->words.count; ++*at) {
        size_t length;
        const char *word = quick_word(&q->words, *at, &length);
        if (*word >= '0' && *word <= '9') {
            if (f->has_ttl || !number_quick(word, length, TTL_MAX, &f->ttl))
                return false;
            f->has_ttl = true;
        } else if (is_in(word, length)) {
            if (has_class)
                return false;
            has_class = true;
        } else {
            f->type = type_quick(word, length);
            ++*at;
            return f->type != 0;
        }
    }
    return false;
}

static bool quick_ttl(struct reader *r, struct quick_fields *f)
{
    if (f->has_ttl) {
        r->last_ttl = f->ttl;
        r->has_last_ttl = true;
        return true;
    }
    r->leans |= !r->has_default_ttl && r->records == 0;
    f->ttl = r->has_default_ttl ? r->default_ttl : r->last_ttl;
    return r->has_default_ttl || r->has_last_ttl;
}

/* The words of a line, up to its line feed or, with strings, up to the first quote. */
static bool cut_words(struct quick_state *q, size_t first_edge, const struct scan_line *line)
{
    const uint32_t *edges = q->scan->edges;
    size_t count = (line->edge - first_edge + 1) / 2;
    if (line->special != SCAN_PLAIN) {
        if (q->scan->text[line->special] != '"')
            return false;
        count = 0;
        while (edges[first_edge + 2 * count + 1] <= line->special)
            count++;
    }
    q->words.edges = edges + first_edge;
    q->words.count = count;
    return count > 0 && count <= WORDS_MAX;
}

/* The zone's first SOA, where it belongs; others are for the general way. */
static bool quick_soa(struct quick_state *q, size_t octets, uint32_t column)
{
    struct reader *r = q->r;
    if (r->soa_bytes != 0 || octets > SOA_ROOM || !name_equal(name_view_of(&r->owner), name_view_of(&r->zone)))
        return false;
    size_t length;
    const char *word = quick_word(&q->words, 0, &length);
    memcpy(r->soa, r->rdata, octets);
    r->soa_bytes = octets;
    r->soa_at = (struct token){ .data = word, .length = (uint32_t)length, .line = r->frame->lexer.line, .column = column };
    return true;
}

static bool quick_rdata(struct quick_state *q, const struct scan_line *line, uint16_t type, size_t at, size_t *octets)
{
    if (type == TYPE_TXT) {
        const char *from = q->scan->text + q->words.edges[2 * at - 1];
        *octets = strings_quick(from, q->scan->text + q->scan->edges[line->edge], q->r->rdata);
    } else {
        *octets = line->special == SCAN_PLAIN ? rdata_quick(type, &q->words, at, q->r->rdata) : 0;
    }
    return *octets > 0;
}

/* One line.  False: it is for the general way. */
static bool quick_line(struct quick_state *q, uint32_t start, size_t first_edge, const struct scan_line *line)
{
    struct reader *r = q->r;
    const char *text = q->scan->text;
    struct quick_fields f = { 0 };
    size_t at = 0, octets;
    if ((r->options->record_limit && r->records >= r->options->record_limit) || !cut_words(q, first_edge, line))
        return false;
    if (text[start] != ' ' && text[start] != '\t') {
        if (text[start] == '$' || !quick_owner(q))
            return false;
        at = 1;
    }
    uint32_t column = q->words.edges[0] - start + 1;
    if (r->owner.length == 0 || !r->owner_inside || !quick_fields(q, &at, &f) || !quick_rdata(q, line, f.type, at, &octets) ||
        !quick_ttl(r, &f) || (f.type == TYPE_SOA && !quick_soa(q, octets, column)))
        return false;
    struct zone_where where = { .line = r->frame->lexer.line, .column = column, .file = r->frame->file };
    r->records++;
    enum status st = zone_builder_append(*r->builder, name_view_of(&r->owner), f.type, f.ttl, r->rdata, octets, &where);
    if (st != OK)
        r->fatal = st;
    return true;
}

/* Whether lines can go the quick way at all as things stand. */
static bool quick_begin(struct quick_state *q)
{
    struct reader *r = q->r;
    if (!*r->builder || r->klass != CLASS_IN || r->zone.length == 0 || r->options->general_way ||
        !zone_builder_is(*r->builder, name_view_of(&r->zone)))
        return false;
    q->words.origin = reader_origin(r);
    q->origin_inside = r->origin.length && name_below(name_view_of(&r->origin), name_view_of(&r->zone));
    r->owner_inside = r->owner.length && name_below(name_view_of(&r->owner), name_view_of(&r->zone));
    return true;
}

/* Scans from the lexer's position on, unless that is in what was scanned before. */
static bool scan_here(struct reader *r)
{
    struct lexer *lexer = &r->frame->lexer;
    struct scan *scan = &r->scan;
    size_t left = (size_t)(lexer->end - lexer->pos), slack = r->frame->slack;
    size_t octets = left + slack < SCAN_SLACK ? 0 : left + slack - SCAN_SLACK;
    octets = octets < left ? octets : left;
    octets = octets < SCAN_OCTETS ? octets : SCAN_OCTETS;
    if (octets == 0)
        return false;
    scan_text(scan, lexer->pos, octets, r->cpu);
    r->scanned = r->frame;
    r->next_line = 0;
    return scan->lines > 0;
}

static bool find_line(struct reader *r)
{
    const struct scan *scan = &r->scan;
    const char *pos = r->frame->lexer.pos;
    if (r->scanned != r->frame || pos < scan->text)
        return scan_here(r);
    uint32_t offset = (uint32_t)(pos - scan->text);
    if (pos - scan->text >= SCAN_OCTETS)
        return scan_here(r);
    while (r->next_line < scan->lines && scan->edges[scan->line[r->next_line].edge] < offset)
        r->next_line++;
    return r->next_line < scan->lines || scan_here(r);
}

/* The lines of what is scanned. @return false: the general way has the next one */
static bool quick_lines(struct quick_state *q)
{
    struct reader *r = q->r;
    struct lexer *lexer = &r->frame->lexer;
    const struct scan *scan = &r->scan;
    q->words.text = scan->text;
    q->words.dots = scan->dots;
    for (; r->next_line < scan->lines && r->fatal == OK && lexer->pos < q->stop; r->next_line++) {
        const struct scan_line *line = &scan->line[r->next_line];
        size_t first_edge = r->next_line ? line[-1].edge + 1u : 0;
        bool empty = first_edge == line->edge;
        if (!empty && !quick_line(q, (uint32_t)(lexer->pos - scan->text), first_edge, line))
            return false;
        lexer->pos = lexer->line_start = scan->text + scan->edges[line->edge] + 1;
        lexer->line++;
        if (!empty)
            reader_count(r);
    }
    return true;
}

void reader_quick(struct reader *r)
{
    struct quick_state q = { .r = r, .scan = &r->scan };
    if (!quick_begin(&q))
        return;
    do {
        if (!r->divided && r->records > 0)
            reader_divide(r);
        if (r->frame->lexer.pos >= reader_stop(r))
            reader_meet(r);
        q.stop = reader_stop(r);
    } while (r->fatal == OK && find_line(r) && quick_lines(&q));
}
