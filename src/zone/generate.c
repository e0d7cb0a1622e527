/* SPDX-License-Identifier: Apache-2.0 */
/* $GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE DATA, as BIND has it.  In OWNER and DATA `$` is the number,
 * `${offset[,width[,base]]}` the number changed, `$$` or `\$` a dollar.  Bases: d o x X, and n N for nibbles in reverse order
 * with dots between, as ip6.arpa has them (the width counts the dots). */
#include "zone/reader_inside.h"

#include <stdio.h>
#include <string.h>

enum { TEMPLATE_BYTES_MAX = 2048, WIDTH_MAX = 255, NUMBER_ROOM = WIDTH_MAX + 16, LEAST_TOKENS = 5 };

struct range { uint32_t start, stop, step; };
struct modifier { int64_t offset; uint32_t width; char base; };

/* Digits up to 2^31 - 1; moves the slice behind them. */
static bool take_number(struct slice *s, uint32_t *out)
{
    uint64_t number = 0;
    size_t i = 0;
    for (; i < s->length && s->data[i] >= '0' && s->data[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(s->data[i] - '0');
        if (number > TTL_MAX)
            return false;
    }
    *out = (uint32_t)number;
    *s = slice_of(s->data + i, s->length - i);
    return i > 0;
}

static bool take_char(struct slice *s, char c)
{
    if (s->length == 0 || s->data[0] != c)
        return false;
    *s = slice_of(s->data + 1, s->length - 1);
    return true;
}

static bool range_parse(struct slice s, struct range *out)
{
    struct range range = { .step = 1 };
    if (!take_number(&s, &range.start) || !take_char(&s, '-') || !take_number(&s, &range.stop))
        return false;
    if (take_char(&s, '/') && !take_number(&s, &range.step))
        return false;
    *out = range;
    return s.length == 0 && range.step > 0 && range.start <= range.stop;
}

/* From behind "${" to behind "}". */
static bool take_modifier(struct slice *s, struct modifier *out)
{
    struct modifier m = { .base = 'd' };
    uint32_t number;
    bool minus = take_char(s, '-');
    if (!take_number(s, &number))
        return false;
    m.offset = minus ? -(int64_t)number : (int64_t)number;
    if (take_char(s, ',')) {
        if (!take_number(s, &m.width) || m.width > WIDTH_MAX)
            return false;
        if (take_char(s, ',')) {
            if (s->length == 0 || !memchr("doxXnN", s->data[0], 6))
                return false;
            m.base = s->data[0];
            take_char(s, m.base);
        }
    }
    *out = m;
    return take_char(s, '}');
}

static void print_nibbles(struct text *text, uint64_t value, uint32_t width, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    uint32_t used = 0;
    do {
        if (used > 0) {
            text_add_char(text, '.');
            used++;
        }
        text_add_char(text, digits[value & 15]);
        used++;
        value >>= 4;
    } while (value != 0 || used < width);
}

static bool print_value(struct text *text, uint32_t number, const struct modifier *m)
{
    int64_t value = (int64_t)number + m->offset;
    if (value < 0)
        return false;
    unsigned long long v = (unsigned long long)value;
    switch (m->base) {
    case 'o': text_add_format(text, "%0*llo", (int)m->width, v); break;
    case 'x': text_add_format(text, "%0*llx", (int)m->width, v); break;
    case 'X': text_add_format(text, "%0*llX", (int)m->width, v); break;
    case 'n':
    case 'N': print_nibbles(text, v, m->width, m->base == 'N'); break;
    default: text_add_format(text, "%0*llu", (int)m->width, v); break;
    }
    return true;
}

/* NULL when fine, else what is wrong. */
static const char *expand(struct text *text, const struct token *t, uint32_t number)
{
    struct slice s = token_slice(t);
    while (s.length > 0) {
        struct modifier m = { .base = 'd' };
        if (s.data[0] == '\\' && s.length > 1) {
            text_add_bytes(text, s.data, 2);
            s = slice_of(s.data + 2, s.length - 2);
        } else if (!take_char(&s, '$')) {
            text_add_char(text, s.data[0]);
            s = slice_of(s.data + 1, s.length - 1);
        } else if (take_char(&s, '$')) {
            text_add_char(text, '$');
        } else if (take_char(&s, '{') && !take_modifier(&s, &m)) {
            return "a number is changed by ${OFFSET[,WIDTH[,BASE]]} with a base of d, o, x, X, n or N and a width up to 255";
        } else if (!print_value(text, number, &m)) {
            return "the offset makes the number negative";
        }
    }
    return text->full ? "the text becomes too long" : NULL;
}

/* Makes the tokens of one record; their data lies in `text`. */
static bool make_tokens(struct reader *r, const struct entry *entry, uint32_t number, struct text *text, struct token *made)
{
    text->length = 0;
    for (size_t i = 2; i < entry->count; i++) {
        size_t from = text->length;
        made[i - 2] = entry->tokens[i];
        const char *wrong = expand(text, &entry->tokens[i], number);
        if (wrong) {
            r->generated = NULL;        /* this error has a place in the file */
            reader_error(r, "generate", &entry->tokens[i], "%s", wrong);
            return false;
        }
        made[i - 2].length = (uint32_t)(text->length - from);
        made[i - 2].data = text->data + from;
    }
    return true;
}

/* Ends at the first record that fails: the rest would fail alike. */
static void make_records(struct reader *r, const struct entry *entry, const struct range *range, struct token *made)
{
    char room[TEMPLATE_BYTES_MAX * 8];
    struct token at = entry->tokens[0];
    struct text text;
    bool failed_before = r->failed;
    text_fixed(&text, room, sizeof room);
    r->failed = false;
    for (uint64_t n = range->start; n <= range->stop && !r->failed && r->fatal == OK; n += range->step) {
        r->generated = &at;
        if (make_tokens(r, entry, (uint32_t)n, &text, made))
            reader_record(r, made, entry->count - 2, false, entry);
    }
    r->generated = NULL;
    r->owner_text = NULL;
    r->failed |= failed_before;
}

static size_t template_bytes(const struct entry *entry)
{
    size_t bytes = 0;
    for (size_t i = 2; i < entry->count; i++)
        bytes += entry->tokens[i].length;
    return bytes;
}

void reader_generate(struct reader *r, const struct entry *entry)
{
    const struct token *t = entry->tokens;
    uint32_t limit = r->options->generate_limit ? r->options->generate_limit : GENERATE_LIMIT;
    struct range range;
    if (entry->count < LEAST_TOKENS) {
        reader_error(r, "generate", &t[0], "it is written $GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE DATA");
        return;
    }
    if (!range_parse(token_slice(&t[1]), &range)) {
        reader_error(r, "generate", &t[1], "'%.*s' is no range: it is START-STOP or START-STOP/STEP, such as 1-254", shown(&t[1]), t[1].data);
        return;
    }
    uint64_t count = (uint64_t)(range.stop - range.start) / range.step + 1;
    if (count > limit) {
        reader_error(r, "generate", &t[1], "this makes %llu records, the limit is %u", (unsigned long long)count, limit);
        return;
    }
    if (template_bytes(entry) > TEMPLATE_BYTES_MAX) {
        reader_error(r, "generate", &t[0], "the text to repeat is longer than %d octets", TEMPLATE_BYTES_MAX);
        return;
    }
    struct token *made = mem_alloc((entry->count - 2) * sizeof *made);
    if (!made) {
        r->fatal = E_NOMEM;
        return;
    }
    make_records(r, entry, &range, made);
    mem_free(made);
}
