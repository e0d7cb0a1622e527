/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a reply apart as far as it can be read.  What a server sends is hostile: the work is bounded by the
 * octets of the message, and what does not parse is told rather than believed. */
#include "tools/query.h"

#include <string.h>

enum { RECORD_LEAST_BYTES = 11, QUESTION_LEAST_BYTES = 5 };

static bool questions_read(struct cursor *c, struct arena *arena, struct reply_view *out)
{
    size_t most = cursor_left(c) / QUESTION_LEAST_BYTES;
    size_t wanted = out->counts[SECTION_QUESTION] < most ? out->counts[SECTION_QUESTION] : most;
    out->questions = arena_alloc(arena, (wanted + 1) * sizeof *out->questions);
    if (out->questions == NULL)
        return false;
    for (size_t i = 0; i < out->counts[SECTION_QUESTION]; i++) {
        struct question *q = &out->questions[out->question_count];
        if (out->question_count == wanted || name_read(c, &q->name) != OK) {
            out->malformed = true;
            return true;
        }
        q->type = cursor_u16(c);
        q->klass = cursor_u16(c);
        if (c->failed) {
            out->malformed = true;
            return true;
        }
        q->view = name_view_of(&q->name);
        out->question_count++;
    }
    return true;
}

/* The options of an OPT record are kept raw: what is wrong inside is seen when they are printed. */
static void opt_read(const struct cursor *message, const struct record *record, struct reply_view *out)
{
    if (out->has_opt || record->owner.length != 1) {
        out->malformed = true;
        return;
    }
    out->has_opt = true;
    out->opt_payload = record->klass;
    out->opt_flags = (uint16_t)record->ttl;
    out->opt_version = (uint8_t)(record->ttl >> 16);
    out->rcode = (uint16_t)(out->rcode | record->ttl >> 24 << 4);
    out->opt_options = message->base + record->rdata_offset;
    out->opt_bytes = record->rdata_bytes;
}

static bool rdata_keep(struct cursor at, const struct record *record, struct arena *arena, uint8_t *scratch, struct reply_view *out,
                       struct reply_record *kept)
{
    const uint8_t *raw = at.base + record->rdata_offset;
    size_t length = 0;
    at.pos = raw;
    /* UPDATE-like records and empty ones of class ANY or NONE have no rdata to read */
    if (rdata_read(record->type, record->klass, &at, record->rdata_bytes, scratch, RDATA_MAX_BYTES, &length) == OK) {
        raw = scratch;
    } else {
        length = record->rdata_bytes;
        if (length > 0 || record->klass == CLASS_IN)
            out->malformed = true;
    }
    kept->rdata = length == 0 ? (const uint8_t *)"" : arena_copy(arena, raw, length);   /* never NULL on success */
    kept->rdata_bytes = length;
    return kept->rdata != NULL;
}

static bool section_read(struct cursor *c, enum section section, struct arena *arena, uint8_t *scratch, struct reply_view *out)
{
    for (size_t i = 0; i < out->counts[section]; i++) {
        struct record record;
        if (message_read_record(c, &record) != OK) {
            out->malformed = true;
            return true;
        }
        if (record.type == TYPE_OPT) {
            if (section != SECTION_ADDITIONAL)
                out->malformed = true;
            opt_read(c, &record, out);
            continue;
        }
        struct reply_record *kept = &out->records[out->record_count];
        *kept = (struct reply_record){ .section = section, .owner = record.owner, .type = record.type, .klass = record.klass, .ttl = record.ttl };
        if (!rdata_keep(*c, &record, arena, scratch, out, kept))
            return false;
        out->record_count++;
    }
    return true;
}

bool query_reply_read(const uint8_t *wire, size_t bytes, struct arena *arena, struct reply_view *out)
{
    *out = (struct reply_view){ .wire = wire, .wire_bytes = bytes };
    struct cursor c = cursor_of(wire, bytes);
    out->id = cursor_u16(&c);
    out->flags = cursor_u16(&c);
    for (int i = 0; i < 4; i++)
        out->counts[i] = cursor_u16(&c);
    if (c.failed)
        return false;
    out->rcode = out->flags & 0xf;
    if (!questions_read(&c, arena, out))
        return false;
    size_t most = cursor_left(&c) / RECORD_LEAST_BYTES;
    out->records = arena_alloc(arena, (most + 1) * sizeof *out->records);
    uint8_t *scratch = arena_bytes(arena, RDATA_MAX_BYTES);
    if (out->records == NULL || scratch == NULL)
        return false;
    for (enum section s = SECTION_ANSWER; s <= SECTION_ADDITIONAL && !out->malformed; s++)
        if (!section_read(&c, s, arena, scratch, out))
            return false;
    if (!out->malformed)
        out->extra_bytes = cursor_left(&c);
    return true;
}
