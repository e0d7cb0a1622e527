/* SPDX-License-Identifier: Apache-2.0 */
/* ENSIP-15 in its own order: tokens, then the rules on the whole label.  Each step is one function. */
#include "names/normalise.h"

#include <string.h>

#include "names/ensip15_inside.h"
#include "names/forms_inside.h"
#include "names/utf8.h"

enum { SET_NONE = 0xffff };         /* the code point is not valid */
#define EMOJI 0x80000000u           /* marks the code points of emoji tokens */

/* One label at work.  An emoji parts the text before it from the text behind it, so the mark alone keeps the tokens. */
struct label {
    const char *start, *end;
    uint32_t points[NORMALISE_LABEL_POINTS];    /* finished tokens */
    uint32_t parts[NORMALISE_LABEL_POINTS];     /* the open text token, decomposed; later all text, decomposed */
    uint32_t scratch[NORMALISE_LABEL_POINTS];
    size_t count, part_count;
    size_t spent;                               /* decomposed code points of all tokens so far */
    bool text, ascii;                           /* has any text; has nothing but ASCII */
    struct normalise_report *why;
};

static enum status refuse(const struct label *l, enum normalise_fault fault, uint32_t point)
{
    l->why->fault = fault;
    l->why->point = point & ~EMOJI;
    return fault == NORMALISE_NOT_UTF8 ? E_BAD_TEXT : fault == NORMALISE_TOO_LONG ? E_LIMIT : E_BAD_NAME;
}

static enum status refuse_at(const struct label *l, enum normalise_fault fault, uint32_t point, const char *at)
{
    l->why->offset += (size_t)(at - l->start);
    return refuse(l, fault, point);
}

/* ---- tables ---- */

static uint32_t set_of(uint32_t point)
{
    size_t at = ensip15_find_wide(ensip15_valid, ensip15_valid_count, point);
    if (at == ensip15_valid_count)
        return SET_NONE;
    uint64_t word = ensip15_valid[at];
    return point - ensip15_point(word) < (word >> 21 & 0xffff) ? (uint32_t)(word >> 37) : SET_NONE;
}

static const uint8_t *groups_of(uint32_t point)
{
    uint32_t set = set_of(point);
    return &ensip15_sets[set == SET_NONE ? 0 : set * ENSIP15_SET_MOST];
}

static bool groups_have(const uint8_t *groups, uint8_t group)
{
    return memchr(groups, group, ENSIP15_SET_MOST) != NULL;
}

static bool bit_is_set(const uint32_t *words, unsigned bit) { return words[bit / 32] >> bit % 32 & 1; }

/* Bit 0: combining, bit 1: non-spacing. */
static unsigned mark_of(uint32_t point)
{
    size_t at = ensip15_find(ensip15_marks, ensip15_marks_count, point);
    if (at == ensip15_marks_count)
        return 0;
    uint32_t word = ensip15_marks[at];
    return point - ensip15_point(word) <= (word >> 21 & 0x1ff) ? word >> 30 : 0;
}

static bool is_mark(uint32_t point) { return mark_of(point) & 1; }
static bool is_nonspacing(uint32_t point) { return mark_of(point) & 2; }

static bool is_fenced(uint32_t point)
{
    for (size_t i = 0; i < ensip15_fenced_count; i++)
        if (ensip15_fenced[i] == point)
            return true;
    return false;
}

/* What a code point is mapped to, into `to` when it is a single one.  @return false when it is not mapped */
static bool mapping_of(uint32_t point, uint32_t *to, const uint32_t **list, size_t *count)
{
    size_t at = ensip15_find_wide(ensip15_mapped, ensip15_mapped_count, point);
    if (at == ensip15_mapped_count)
        return false;
    uint64_t word = ensip15_mapped[at];
    uint32_t away = point - ensip15_point(word), step = (uint32_t)(word >> 29 & 1), target = (uint32_t)(word >> 33);
    if (away > (uint32_t)(word >> 21 & 0xff) << step || (away & step) != 0)
        return false;
    *count = word >> 30 & 7;
    *to = target + away;
    *list = *count > 1 ? &ensip15_expansions[target] : to;
    return true;
}

/* Where an edge for `point` leads from `state`, with bit 15 when a sequence may end there; 0: nowhere. */
static uint16_t emoji_step(uint16_t state, uint32_t point)
{
    size_t first = ensip15_emoji_states[state], count = ensip15_emoji_states[state + 1] - first;
    size_t at = ensip15_find(&ensip15_emoji_edges[first], count, point);
    if (at == count)
        return 0;
    uint32_t word = ensip15_emoji_edges[first + at];
    return point - ensip15_point(word) <= word >> 21 ? ensip15_emoji_targets[first + at] : 0;
}

/* ---- step 1: tokens ---- */

static enum status add_part(struct label *l, uint32_t point)
{
    uint32_t parts[FORM_PARTS_MOST];
    size_t count = form_decompose(point, parts);
    if (count > NORMALISE_LABEL_POINTS - l->spent)
        return refuse(l, NORMALISE_TOO_LONG, 0);
    memcpy(&l->parts[l->part_count], parts, count * sizeof parts[0]);
    l->part_count += count;
    l->spent += count;
    return OK;
}

static void close_text(struct label *l)
{
    if (l->part_count == 0)
        return;
    form_order(l->parts, l->part_count, l->scratch);
    l->count += form_compose(l->parts, l->part_count, &l->points[l->count]);
    l->part_count = 0;
    l->text = true;
}

/* The end of the longest emoji that starts here, or `at`. */
static const char *emoji_end(const char *at, const char *end)
{
    const char *longest = at;
    uint16_t state = 0;
    uint32_t point;
    for (size_t bytes; (bytes = utf8_read(at, end, &point)) != 0; ) {
        uint16_t target = emoji_step(state, point);
        if (target == 0)
            break;
        at += bytes;
        state = target & 0x7fff;
        if (target & 0x8000)
            longest = at;
    }
    return longest;
}

/* Takes what emoji_end found, without the style selectors. */
static enum status add_emoji(struct label *l, const char *at, const char *end)
{
    uint32_t point;
    close_text(l);
    for (size_t bytes; (bytes = utf8_read(at, end, &point)) != 0; at += bytes) {
        if (point == ENSIP15_STYLE)
            continue;
        if (l->spent == NORMALISE_LABEL_POINTS)
            return refuse(l, NORMALISE_TOO_LONG, 0);
        l->points[l->count++] = point | EMOJI;
        l->spent++;
    }
    return OK;
}

static enum status add_text(struct label *l, uint32_t point, const char *at)
{
    uint32_t to;
    const uint32_t *list;
    size_t count;
    if (set_of(point) != SET_NONE)
        return add_part(l, point);
    if (!mapping_of(point, &to, &list, &count))
        return refuse_at(l, NORMALISE_DISALLOWED, point, at);
    for (size_t i = 0; i < count; i++) {
        enum status st = add_part(l, list[i]);
        if (st != OK)
            return st;
    }
    return OK;
}

static enum status read_tokens(struct label *l)
{
    for (const char *at = l->start; at < l->end; ) {
        uint32_t point;
        size_t bytes = utf8_read(at, l->end, &point);
        if (bytes == 0)
            return refuse_at(l, NORMALISE_NOT_UTF8, 0, at);
        const char *behind = emoji_end(at, l->end);
        enum status st = behind > at ? add_emoji(l, at, behind) : add_text(l, point, at);
        if (st != OK)
            return st;
        at = behind > at ? behind : at + bytes;
    }
    close_text(l);
    l->ascii = true;
    for (size_t i = 0; i < l->count; i++)
        l->ascii &= l->points[i] < 0x80;
    return OK;
}

/* ---- steps 2 to 7: where things may stand ---- */

static enum status check_underscores(const struct label *l)
{
    size_t i = 0;
    while (i < l->count && l->points[i] == '_')
        i++;
    for (; i < l->count; i++)
        if (l->points[i] == '_')
            return refuse(l, NORMALISE_UNDERSCORE, '_');
    return OK;
}

static enum status check_marks(const struct label *l)
{
    for (size_t i = 0; i < l->count; i++) {
        bool first = i == 0 || (l->points[i - 1] & EMOJI);
        if (first && !(l->points[i] & EMOJI) && is_mark(l->points[i]))
            return refuse(l, NORMALISE_LEADING_MARK, l->points[i]);
    }
    return OK;
}

static enum status check_fences(const struct label *l)
{
    bool before = true;         /* the start of the label is a fence too, and so is its end */
    for (size_t i = 0; i < l->count; i++) {
        bool here = is_fenced(l->points[i]);
        if (here && (before || i + 1 == l->count))
            return refuse(l, NORMALISE_FENCED, l->points[i]);
        before = here;
    }
    return OK;
}

/* ---- steps 8 to 10: scripts ---- */

/* The first group that has all text. */
static enum status find_group(const struct label *l, uint8_t *out)
{
    uint8_t left[ENSIP15_SET_MOST];
    bool begun = false;
    for (size_t i = 0; i < l->count; i++) {
        uint32_t point = l->points[i];
        if (point & EMOJI)
            continue;
        const uint8_t *groups = groups_of(point);
        if (groups[0] == 0)
            return refuse(l, NORMALISE_DISALLOWED, point);
        size_t kept = 0;
        uint8_t both[ENSIP15_SET_MOST] = { 0 };
        for (size_t k = 0; k < ENSIP15_SET_MOST && groups[k] != 0; k++)
            if (!begun || groups_have(left, groups[k]))
                both[kept++] = groups[k];
        if (kept == 0)
            return refuse(l, NORMALISE_MIXTURE, point);
        memcpy(left, both, sizeof left);
        begun = true;
    }
    *out = left[0];
    return OK;
}

static enum status check_run(const struct label *l, const uint32_t *run, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i >= ensip15_marks_most)
            return refuse(l, NORMALISE_MARKS_TOO_MANY, form_point(run[i]));
        for (size_t k = 0; k < i; k++)
            if (form_point(run[k]) == form_point(run[i]))
                return refuse(l, NORMALISE_MARK_TWICE, form_point(run[i]));
    }
    return OK;
}

/* Over all text together, decomposed once more. */
static enum status check_nonspacing(struct label *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->count; i++)
        if (!(l->points[i] & EMOJI))
            count += form_decompose(l->points[i], &l->parts[count]);
    form_order(l->parts, count, l->scratch);
    for (size_t i = 0; i < count; ) {
        size_t run = 0;
        while (i + run < count && is_nonspacing(form_point(l->parts[i + run])))
            run++;
        enum status st = check_run(l, &l->parts[i], run);
        if (st != OK)
            return st;
        i += run + 1;
    }
    return OK;
}

/* The groups that have a look-alike of `point`, as bits; NULL when nothing looks like it. */
static const uint32_t *others_of(uint32_t point)
{
    size_t at = ensip15_find(ensip15_confusables, ensip15_confusables_count, point);
    if (at == ensip15_confusables_count || ensip15_point(ensip15_confusables[at]) != point)
        return NULL;
    return &ensip15_confusable_sets[(ensip15_confusables[at] >> 21) * ENSIP15_GROUP_WORDS];
}

/* Keeps the groups that have `point`. */
static void keep_groups(uint32_t left[ENSIP15_GROUP_WORDS], const uint8_t *groups)
{
    uint32_t bits[ENSIP15_GROUP_WORDS] = { 0 };
    for (size_t i = 0; i < ENSIP15_SET_MOST && groups[i] != 0; i++)
        bits[groups[i] / 32] |= 1u << groups[i] % 32;
    for (size_t i = 0; i < ENSIP15_GROUP_WORDS; i++)
        left[i] &= bits[i];
}

static bool is_empty(const uint32_t left[ENSIP15_GROUP_WORDS])
{
    uint32_t any = 0;
    for (size_t i = 0; i < ENSIP15_GROUP_WORDS; i++)
        any |= left[i];
    return any == 0;
}

/* Refuses a label that could be written whole in another group: each character has a look-alike there, or belongs there. */
static enum status check_confusable(const struct label *l)
{
    uint32_t left[ENSIP15_GROUP_WORDS];
    bool confused = false;
    memset(left, 0xff, sizeof left);
    for (size_t i = 0; i < l->count; i++) {
        uint32_t point = l->points[i];
        if (point & EMOJI)
            continue;
        const uint32_t *others = others_of(point);
        const uint8_t *groups = groups_of(point);
        if (!others && groups[1] == 0)
            return OK;                      /* it stands in this group alone and looks like nothing else */
        if (others) {
            confused = true;
            for (size_t k = 0; k < ENSIP15_GROUP_WORDS; k++)
                left[k] &= others[k];
        } else {
            keep_groups(left, groups);
        }
        if (is_empty(left))
            return OK;
    }
    return confused ? refuse(l, NORMALISE_CONFUSABLE, 0) : OK;
}

static enum status check_label(struct label *l)
{
    uint8_t group = 0;
    if (l->count == 0)
        return refuse(l, NORMALISE_EMPTY, 0);
    enum status st = check_underscores(l);
    if (st != OK)
        return st;
    if (l->ascii && l->count >= 4 && l->points[2] == '-' && l->points[3] == '-')
        return refuse(l, NORMALISE_LABEL_EXTENSION, '-');
    if (l->ascii || !l->text)
        return OK;
    st = check_marks(l);
    if (st == OK)
        st = check_fences(l);
    if (st == OK)
        st = find_group(l, &group);
    if (st == OK && !bit_is_set(ensip15_listed, group))
        st = check_nonspacing(l);
    return st == OK ? check_confusable(l) : st;
}

/* ---- labels and names ---- */

static enum status write_label(const struct label *l, char *out, size_t room, size_t *length)
{
    size_t used = 0;
    for (size_t i = 0; i < l->count; i++) {
        char octets[UTF8_MOST_BYTES];
        size_t bytes = utf8_write(l->points[i] & ~EMOJI, octets);
        if (bytes > room - used)
            return E_NO_SPACE;
        memcpy(out + used, octets, bytes);
        used += bytes;
    }
    *length = used;
    return OK;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Letters, digits and hyphens, as nearly all labels are: lower case is all that is to be done.  @return false when the
 * label is not so plain, does not fit or is not allowed: the long way says so */
static bool write_plain(struct slice label, char *out, size_t room)
{
    if (label.length == 0 || label.length > room || label.length > NORMALISE_LABEL_POINTS)
        return false;
    if (label.length >= 4 && label.data[2] == '-' && label.data[3] == '-')
        return false;
    for (size_t i = 0; i < label.length; i++)
        if (!is_plain(label.data[i]))
            return false;
    for (size_t i = 0; i < label.length; i++)
        out[i] = (char)ascii_lower((uint8_t)label.data[i]);
    return true;
}

/* Apart from its caller, whose stack stays small for plain labels. */
static __attribute__((noinline)) enum status normalise_full(struct slice utf8, char *out, size_t room, size_t *length,
                                                            struct normalise_report *why)
{
    struct label l;
    l.start = utf8.data;
    l.end = utf8.data + utf8.length;
    l.count = l.part_count = l.spent = 0;
    l.text = l.ascii = false;
    l.why = why;
    enum status st = read_tokens(&l);
    if (st == OK)
        st = check_label(&l);
    return st == OK ? write_label(&l, out, room, length) : st;
}

/* `why` says which label it is and where it starts. */
static enum status normalise_one(struct slice utf8, char *out, size_t room, size_t *length, struct normalise_report *why)
{
    if (write_plain(utf8, out, room)) {
        *length = utf8.length;
        return OK;
    }
    return normalise_full(utf8, out, room, length, why);
}

enum status ens_normalise_label(struct slice utf8, char *out, size_t room, size_t *length, struct normalise_report *why)
{
    struct normalise_report own;
    why = why ? why : &own;
    *why = (struct normalise_report){ 0 };
    return normalise_one(utf8, out, room, length, why);
}

enum status ens_normalise(struct slice utf8, char *out, size_t room, size_t *length, struct normalise_report *why)
{
    struct normalise_report own;
    size_t used = 0, start = 0;
    why = why ? why : &own;
    *why = (struct normalise_report){ 0 };
    while (utf8.length > 0) {
        const char *dot = memchr(utf8.data + start, '.', utf8.length - start);
        size_t end = dot ? (size_t)(dot - utf8.data) : utf8.length, bytes = 0;
        why->offset = start;
        enum status st = normalise_one(slice_of(utf8.data + start, end - start), out + used, room - used, &bytes, why);
        if (st != OK)
            return st;
        used += bytes;
        if (!dot)
            break;
        if (used == room)
            return E_NO_SPACE;
        out[used++] = '.';
        start = end + 1;
        why->label++;
    }
    *why = (struct normalise_report){ 0 };
    *length = used;
    return OK;
}

bool ens_is_normal(struct slice utf8)
{
    size_t start = 0;
    while (utf8.length > 0) {
        const char *dot = memchr(utf8.data + start, '.', utf8.length - start);
        size_t end = dot ? (size_t)(dot - utf8.data) : utf8.length, bytes = 0;
        char out[NORMALISE_LABEL_POINTS * UTF8_MOST_BYTES];
        struct normalise_report why = { 0 };
        if (normalise_one(slice_of(utf8.data + start, end - start), out, sizeof out, &bytes, &why) != OK)
            return false;
        if (bytes != end - start || memcmp(out, utf8.data + start, bytes) != 0)
            return false;
        if (!dot)
            break;
        start = end + 1;
    }
    return true;
}
