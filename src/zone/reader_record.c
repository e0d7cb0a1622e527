/* SPDX-License-Identifier: Apache-2.0 */
/* One record: [owner] [TTL] [class] type rdata, TTL and class in either order (RFC 1035 5.1). */
#include "zone/reader_inside.h"

#include "idn/idn.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

static bool has_high(const struct token *t)
{
    for (uint32_t i = 0; i < t->length; i++) {
        if ((uint8_t)t->data[i] > 0x7f)
            return true;
    }
    return false;
}

static void refuse_u_label(struct reader *r, const struct token *token)
{
    char ascii[IDN_NAME_ROOM];
    if (idn_to_ascii(token_slice(token), ascii) == OK)
        reader_error(r, "u-label", token, "a name in a master file is ASCII: write '%s'", ascii);
    else
        reader_error(r, "u-label", token, "a name in a master file is ASCII: write its A-label, or \\DDD for an octet over 127");
}

static bool name_of_token(struct reader *r, const struct token *token, struct name *out)
{
    if (has_high(token)) {
        refuse_u_label(r, token);
        return false;
    }
    if (token->quoted) {
        reader_error(r, "syntax", token, "a name is not quoted: write it without quotes");
        return false;
    }
    bool relative = token->length == 0 || token->data[token->length - 1] != '.';
    if (relative && r->origin.length == 0) {
        reader_error(r, "syntax", token, "'%.*s' is relative, but there is no origin yet: end it with a dot or put $ORIGIN before it",
                     shown(token), token->data);
        return false;
    }
    enum status st = name_parse(token_slice(token), reader_origin(r), out);
    if (st == OK)
        return true;
    reader_error(r, "syntax", token, "'%.*s' is no domain name: %s", shown(token), token->data,
                 st == E_BAD_NAME ? "a label has at most 63 octets, a name 255" : "an empty label or a bad escape (\\DDD takes three digits up to 255)");
    return false;
}

bool reader_name(struct reader *r, const struct token *token, struct name *out) { return name_of_token(r, token, out); }

bool reader_owner(struct reader *r, const struct token *token)
{
    if (r->owner_text && token->length == r->owner_length && memcmp(token->data, r->owner_text, token->length) == 0)
        return true;            /* the same as before: the common case */
    r->owner_text = NULL;
    if (!name_of_token(r, token, &r->owner)) {
        r->owner.length = 0;
        return false;
    }
    if (!r->generated) {
        r->owner_text = token->data;
        r->owner_length = token->length;
    }
    return true;
}

/* ---- TTL, class, type ---- */

static uint32_t ttl_unit(char c)
{
    switch (c | 0x20) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'w': return 604800;
    default: return 0;
    }
}

enum ttl_text ttl_parse(struct slice text, uint32_t *out)
{
    uint64_t sum = 0, number = 0;
    bool digits = false, big = false;
    if (text.length == 0)
        return TTL_NOT;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c >= '0' && c <= '9') {
            number = number * 10 + (uint64_t)(c - '0');
            digits = true;
        } else {
            uint32_t unit = ttl_unit(c);
            if (!digits || unit == 0)
                return TTL_NOT;
            sum += number * unit;
            number = 0;
            digits = false;
        }
        big |= number > UINT32_MAX || sum > UINT32_MAX;
        if (big)
            number = sum = 0;
    }
    sum += number;
    if (big || sum > TTL_MAX)
        return TTL_TOO_BIG;
    *out = (uint32_t)sum;
    return TTL_FINE;
}

struct fields {
    uint32_t ttl;
    uint16_t klass, type;
    bool has_ttl, has_class;
    const struct token *type_at;
};

static bool is_class(const struct token *t, uint16_t *out)
{
    uint8_t first = ascii_lower((uint8_t)t->data[0]);
    if (t->quoted || t->length < 2 || (first != 'i' && first != 'c' && first != 'h'))
        return false;
    /* Only classes that a zone can have: ANY and NONE are types or nothing here. */
    return class_parse(token_slice(t), out) == OK && *out != CLASS_ANY && *out != CLASS_NONE;
}

static bool take_ttl(struct reader *r, const struct token *t, struct fields *f)
{
    enum ttl_text kind = ttl_parse(token_slice(t), &f->ttl);
    if (kind == TTL_FINE && !f->has_ttl) {
        f->has_ttl = true;
        return true;
    }
    if (kind == TTL_TOO_BIG)
        reader_error(r, "ttl-range", t, "TTL '%.*s' is over 2147483647 seconds (RFC 2181 section 8)", shown(t), t->data);
    else if (kind == TTL_FINE)
        reader_error(r, "syntax", t, "a second TTL: a type such as A or MX belongs here");
    else
        reader_error(r, "syntax", t, "'%.*s' is no TTL (such as 3600 or 1h30m) and no type", shown(t), t->data);
    return false;
}

static bool take_class(struct reader *r, const struct token *t, uint16_t klass, struct fields *f)
{
    char wanted[CODE_TEXT_ROOM], got[CODE_TEXT_ROOM];
    if (f->has_class) {
        reader_error(r, "syntax", t, "a second class: a type such as A or MX belongs here");
        return false;
    }
    f->has_class = true;
    f->klass = klass;
    if (r->klass == 0)
        r->klass = klass;
    if (klass == r->klass)
        return true;
    reader_error(r, "class-mismatch", t, "class %s in a zone of class %s: all records of a zone have one class",
                 class_to_text(klass, got), class_to_text(r->klass, wanted));
    return false;
}

/* The mnemonic nearest to a word; NULL when none is near. */
static const char *nearest_type(const struct token *t, char room[TYPE_SLOT_TEXT + 1])
{
    const char *best = NULL, *mnemonic;
    unsigned least = 2;
    uint16_t type;
    if (t->length > TYPE_SLOT_TEXT)
        return NULL;
    for (uint32_t i = 0; i < t->length; i++) {
        uint8_t c = (uint8_t)t->data[i];
        room[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    room[t->length] = 0;
    for (size_t position = 0; rdata_type_next(&position, &type, &mnemonic);) {
        unsigned distance = text_distance(room, mnemonic);
        if (distance < least && distance < t->length) {
            least = distance;
            best = mnemonic;
        }
    }
    return best;
}

static void unknown_type(struct reader *r, const struct token *t)
{
    char room[TYPE_SLOT_TEXT + 1];
    const char *near = nearest_type(t, room);
    if (t->data[0] == '$')
        reader_error(r, "syntax", t, "'%.*s' is no type; a directive starts in the first column", shown(t), t->data);
    else if (near)
        reader_error(r, "syntax", t, "'%.*s' is no type; did you mean %s?", shown(t), t->data, near);
    else
        reader_error(r, "syntax", t, "'%.*s' is no type, class or TTL; a type not known by name is written TYPE123", shown(t), t->data);
}

static bool type_of(struct reader *r, const struct token *t, uint16_t *out)
{
    if (t->quoted || t->length == 0)
        return false;
    if (t->length > TYPE_SLOT_TEXT)
        return type_parse(token_slice(t), out) == OK;
    uint8_t first = (uint8_t)t->data[0], last = (uint8_t)t->data[t->length - 1];
    struct type_slot *slot = &r->types[(first * 7u + last + t->length * 5u) % TYPE_SLOTS];
    if (slot->length == t->length && memcmp(slot->text, t->data, t->length) == 0) {
        *out = slot->type;
        return true;
    }
    if (type_parse(token_slice(t), out) != OK)
        return false;
    memcpy(slot->text, t->data, t->length);
    slot->length = (uint8_t)t->length;
    slot->type = *out;
    return true;
}

static bool take_type(struct reader *r, const struct token *t, struct fields *f)
{
    if (!type_of(r, t, &f->type)) {
        unknown_type(r, t);
        return false;
    }
    if (type_is_meta(f->type) || f->type == 0) {
        reader_error(r, "meta-type", t, "type %.*s is for messages only and cannot stand in a zone (RFC 6895 section 3.1)", shown(t), t->data);
        return false;
    }
    f->type_at = t;
    return true;
}

/* Moves *at behind the type. */
static bool take_fields(struct reader *r, const struct token *tokens, size_t count, size_t *at, struct fields *f)
{
    for (; *at < count; ++*at) {
        const struct token *t = &tokens[*at];
        uint16_t klass;
        bool good;
        if (!t->quoted && t->length > 0 && t->data[0] >= '0' && t->data[0] <= '9') {
            good = take_ttl(r, t, f);
        } else if (is_class(t, &klass)) {
            good = take_class(r, t, klass, f);
        } else {
            good = take_type(r, t, f);
            ++*at;
            return good;
        }
        if (!good)
            return false;
    }
    reader_error(r, "syntax", &tokens[count - 1], "the type is missing: a record is OWNER [TTL] [CLASS] TYPE DATA");
    return false;
}

/* ---- the zone the record goes to ---- */

/* On the first record, where the caller left the zone's name to the file. */
static bool open_builder(struct reader *r, const struct fields *f, const struct token *at)
{
    if (r->zone.length == 0 && f->type == TYPE_SOA)
        r->zone = r->owner;
    else if (r->zone.length == 0 && r->origin.length)
        r->zone = r->origin;
    if (r->zone.length == 0) {
        reader_error(r, "missing-soa", at, "the zone's name is not known: begin with the SOA or $ORIGIN, or give the origin");
        return false;
    }
    if (r->origin.length == 0)
        r->origin = r->zone;
    enum status st = zone_builder_new(name_view_of(&r->zone), r->klass, r->builder);
    if (st != OK)
        r->fatal = st;
    return st == OK;
}

/* RFC 2308 4: $TTL; RFC 1035 5.1: else the last one stated; else, as BIND does, the SOA's minimum. */
static bool settle_ttl(struct reader *r, struct fields *f, size_t bytes)
{
    if (f->has_ttl) {
        r->last_ttl = f->ttl;
        r->has_last_ttl = true;
    } else if (r->has_default_ttl) {
        f->ttl = r->default_ttl;
    } else if (r->has_last_ttl) {
        f->ttl = r->last_ttl;
    } else if (f->type == TYPE_SOA) {
        f->ttl = rdata_soa(r->rdata, bytes).minimum;
        f->ttl = f->ttl > TTL_MAX ? TTL_MAX : f->ttl;
        r->default_ttl = f->ttl;
        r->has_default_ttl = true;
        reader_warn(r, "no-ttl", f->type_at, "no TTL and no $TTL before: the SOA's minimum of %u counts; put $TTL on the first line", f->ttl);
    } else {
        reader_error(r, "no-ttl", f->type_at, "no TTL: state one, or put $TTL on the first line (RFC 2308 section 4)");
        return false;
    }
    return true;
}

/* A zone has one SOA, at its top. */
static bool soa_fits(struct reader *r, const struct token *at, size_t bytes)
{
    if (!name_equal(name_view_of(&r->owner), name_view_of(&r->zone))) {
        reader_error(r, "soa-not-at-apex", at, "a SOA below the zone's name: what is below is a zone, and a file, of its own");
        return false;
    }
    if (r->soa_bytes == 0 && bytes <= SOA_ROOM) {
        memcpy(r->soa, r->rdata, bytes);
        r->soa_bytes = bytes;
        r->soa_at = *at;
        return true;
    }
    if (bytes == r->soa_bytes && memcmp(r->soa, r->rdata, bytes) == 0)
        return true;            /* the same once more: some transfers end with it */
    reader_error(r, "multiple-soa", at, "a second SOA; the first stands on line %u: a zone has one (RFC 1035 section 5.2)", r->soa_at.line);
    return false;
}

/* Octets over 0x7f in strings are data; in a name they are a U-label that somebody forgot to convert. */
static bool names_are_ascii(struct reader *r, const struct fields *f, const struct token *tokens, size_t count, size_t bytes)
{
    struct rdata_name found;
    struct name name;
    for (size_t i = 0; i < count; i++) {
        if (!has_high(&tokens[i]) || name_parse(token_slice(&tokens[i]), reader_origin(r), &name) != OK)
            continue;
        for (size_t offset = 0; rdata_name_next(f->type, r->klass, r->rdata, bytes, &offset, &found);) {
            if (name_same(found.name, name_view_of(&name))) {
                refuse_u_label(r, &tokens[i]);
                return false;
            }
        }
    }
    return true;
}

/* Where rdata_parse cannot show the line: generated text is nowhere in the file, and no token at all points nowhere.  Its sentence is
 * told at `at`. */
static enum status parse_aside(struct reader *r, const struct fields *f, const struct token_list *list, const struct token *at, size_t *bytes)
{
    struct diagnostics *own = diagnostics_new(1);
    enum status st = rdata_parse(f->type, r->klass, list, r->rdata, sizeof r->rdata, bytes, own);
    if (st != OK && st != E_NOMEM) {
        const char *text = own && diagnostics_kept(own) ? diagnostics_get(own, 0)->text : status_text(st);
        reader_error(r, r->generated ? "generate" : "syntax", at, "%s%s", r->generated ? "the record made does not parse: " : "", text);
    }
    diagnostics_free(own);
    return st;
}

static bool parse_rdata(struct reader *r, const struct fields *f, const struct token *tokens, size_t count, const struct entry *entry,
                        size_t *bytes)
{
    const struct lexer *lexer = &r->frame->lexer;
    struct token_list list = {
        .tokens = tokens, .count = count, .origin = reader_origin(r), .file = r->frame->path,
        .begin = lexer->begin, .end = lexer->end, .end_line = entry->end_line, .end_column = entry->end_column,
    };
    enum status st;
    if (r->generated || count == 0) {
        struct token end = *f->type_at;
        end.line = entry->end_line;
        end.column = entry->end_column;
        if (r->generated)
            list.begin = list.end = NULL;
        st = parse_aside(r, f, &list, &end, bytes);
    } else {
        st = rdata_parse(f->type, r->klass, &list, r->rdata, sizeof r->rdata, bytes, r->diag);
    }
    if (st == E_NOMEM)
        r->fatal = st;
    r->failed |= st != OK;
    return st == OK && (!entry->high || names_are_ascii(r, f, tokens, count, *bytes));
}

static void add_record(struct reader *r, const struct fields *f, const struct token *at, size_t bytes)
{
    const struct token *place = r->generated ? r->generated : at;
    struct zone_where where = { .line = place->line, .column = place->column, .file = r->frame->file };
    if (r->options->record_limit && r->records >= r->options->record_limit) {
        reader_error(r, "limit", at, "the zone has more than the %llu records allowed", (unsigned long long)r->options->record_limit);
        r->fatal = E_LIMIT;
        return;
    }
    r->records++;
    enum status st = zone_builder_add(*r->builder, name_view_of(&r->owner), f->type, f->ttl, r->rdata, bytes, &where);
    if (st == E_RANGE) {
        char zone[NAME_TEXT_ROOM], owner[NAME_TEXT_ROOM];
        reader_error(r, "out-of-zone", at, "%.128s is not below %.128s: it belongs into another zone (or a final dot is too much)",
                     name_to_text(name_view_of(&r->owner), owner), name_to_text(name_view_of(&r->zone), zone));
    } else if (st != OK) {
        r->fatal = st;
    }
}

void reader_record(struct reader *r, const struct token *tokens, size_t count, bool blank_owner, const struct entry *entry)
{
    struct fields f = { 0 };
    size_t at = 0, bytes = 0;
    if (!blank_owner && !reader_owner(r, &tokens[at++]))
        return;
    if (r->owner.length == 0) {
        /* After an owner that did not parse: told there. */
        if (!r->failed)
            reader_error(r, "syntax", &tokens[0], "the line starts with a blank, so it has the last owner's name, but there is none yet");
        return;
    }
    if (at == count) {
        reader_error(r, "syntax", &tokens[0], "an owner alone: a record is OWNER [TTL] [CLASS] TYPE DATA");
        return;
    }
    if (!take_fields(r, tokens, count, &at, &f))
        return;
    if (r->klass == 0)
        r->klass = CLASS_IN;            /* no class was asked for, and the file names none */
    if (!*r->builder && !open_builder(r, &f, &tokens[0]))
        return;
    if (!parse_rdata(r, &f, tokens + at, count - at, entry, &bytes) || !settle_ttl(r, &f, bytes))
        return;
    if (f.type == TYPE_SOA && !soa_fits(r, &tokens[0], bytes))
        return;
    add_record(r, &f, &tokens[0], bytes);
}
