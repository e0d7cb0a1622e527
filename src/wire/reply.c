/* SPDX-License-Identifier: Apache-2.0 */
/* Writing messages, with compression in bounded work.
 *
 * A slot is a suffix that stands in the message below offset 0x4000.  Slots hang in buckets by a hash of the
 * suffix, newest first, so that taking the newest slots away (rollback) is taking heads of chains away. */
#include "wire/inside.h"
#include "wire/rdata.h"
#include <string.h>

enum {
    POINTER_MAX = 0x3fff,       /* RFC 1035 §4.1.4: 14 bits */
    POINTER = 0xc000,
    /* Per name written: slots passed in chains, and of these compared.  Honest names stay far below; crafted ones stop here. */
    PASS_MAX = 256,
    COMPARE_MAX = 8
};

static_assert(COMPRESS_SLOTS < 256, "slot links are one octet");

void reply_begin(struct reply *reply, uint8_t *data, size_t limit, uint16_t id, uint16_t flags)
{
    debug_assert(limit >= HEADER_BYTES);
    reply->data = data;
    reply->length = HEADER_BYTES;
    reply->limit = limit > MESSAGE_MAX_BYTES ? MESSAGE_MAX_BYTES : limit;
    memset(reply->counts, 0, sizeof reply->counts);
    reply->flags = flags;
    reply->id = id;
    reply->question_labels = reply->question_length = reply->question_skip = 0;
    reply->question_indexed = false;
    reply->owner_offset = 0;
    reply->slot_count = 0;
}

/* The question has been written behind the header. */
static void question_take(struct reply *reply, struct name_view name)
{
    reply->length += name.length + 4u;
    reply->counts[SECTION_QUESTION] = 1;
    reply->question_labels = name.labels;
    reply->question_length = name.length;
}

enum status reply_add_question(struct reply *reply, struct name_view name, uint16_t type, uint16_t klass)
{
    debug_assert(reply->length == HEADER_BYTES);
    if (reply_left(reply) < name.length + 4u)
        return E_NO_SPACE;
    uint8_t *p = reply->data + reply->length;
    memcpy(p, name.wire, name.length);
    put_u16(p + name.length, type);
    put_u16(p + name.length + 2, klass);
    question_take(reply, name);
    return OK;
}

enum status reply_begin_to(struct reply *reply, uint8_t *data, size_t limit, uint16_t flags, const struct message *query)
{
    const struct question *q = &query->question;
    reply_begin(reply, data, limit, query->id, flags);
    return query->has_question ? reply_add_question(reply, q->view, q->type, q->klass) : OK;
}

/* At least 16 octets. */
static inline void copy_pieces(uint8_t *to, const uint8_t *from, size_t bytes)
{
    enum { PIECE = 16 };
    for (size_t at = 0; at + PIECE < bytes; at += PIECE)
        memcpy(to + at, from + at, PIECE);
    memcpy(to + bytes - PIECE, from + bytes - PIECE, PIECE);
}

void reply_begin_plain(struct reply *reply, uint8_t *data, size_t limit, uint16_t flags, const struct query_plain *query)
{
    const uint8_t *from = query->name.wire - HEADER_BYTES;
    reply_begin(reply, data, limit, get_u16(from), flags);
    copy_pieces(data, from, HEADER_BYTES + query->name.length + 4u);
    question_take(reply, query->name);
}

/* The label at *at of what we wrote ourselves, pointers followed.  @return its length octet's place */
static size_t label_at(const struct reply *reply, size_t at)
{
    while ((reply->data[at] & 0xc0) == 0xc0)
        at = get_u16(reply->data + at) & POINTER_MAX;
    return at;
}

static bool in_question(const struct reply *reply, size_t at) { return at < (size_t)HEADER_BYTES + reply->question_length; }

static bool label_same(const uint8_t *a, const uint8_t *b, bool nocase)
{
    if (*a != *b)
        return false;
    if (memcmp(a + 1, b + 1, *a) == 0)
        return true;
    for (unsigned i = 1; nocase && i <= *a; i++)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return nocase;
}

/* Whether the name at an offset of the message is this one: to the letter, but what stands in the question in any case. */
static bool stands_at(const struct reply *reply, size_t at, const uint8_t *name)
{
    for (;;) {
        at = label_at(reply, at);
        if (!label_same(reply->data + at, name, in_question(reply, at)))
            return false;
        if (*name == 0)
            return true;
        at += 1u + *name;
        name += 1u + *name;
    }
}

/* Where the labels of a name begin, and a hash of each suffix. */
struct suffixes {
    uint8_t start[NAME_MAX_LABELS];
    uint16_t hash[NAME_MAX_LABELS];
    unsigned count;
};

static void suffixes_find(struct name_view name, struct suffixes *out)
{
    const uint8_t *wire = name.wire;
    unsigned at = 0;
    uint32_t hash = 0;

    for (out->count = 0; wire[at] != 0; at += 1u + wire[at])
        out->start[out->count++] = (uint8_t)at;
    for (unsigned i = out->count; i-- > 0;) {
        const uint8_t *label = wire + out->start[i];
        for (unsigned k = 0; k <= label[0]; k++)
            hash = (hash ^ ascii_lower(label[k])) * UINT32_C(0x01000193);
        out->hash[i] = (uint16_t)(hash ^ hash >> 16);
    }
}

static void slot_add(struct reply *reply, size_t offset, uint16_t hash)
{
    if (offset > POINTER_MAX || reply->slot_count == COMPRESS_SLOTS)
        return;
    uint8_t *bucket = &reply->buckets[hash % COMPRESS_BUCKETS];
    unsigned i = reply->slot_count++;
    reply->slots[i].offset = (uint16_t)offset;
    reply->slots[i].hash = hash;
    reply->slots[i].next = *bucket;
    *bucket = (uint8_t)(i + 1);
}

static void slots_drop(struct reply *reply, unsigned keep)
{
    while (reply->slot_count > keep) {
        unsigned i = --reply->slot_count;
        reply->buckets[reply->slots[i].hash % COMPRESS_BUCKETS] = reply->slots[i].next;
    }
    if (keep == 0)
        reply->question_indexed = false;
}

static void question_index(struct reply *reply)
{
    struct suffixes s;

    reply->question_indexed = true;
    memset(reply->buckets, 0, sizeof reply->buckets);
    if (reply->question_length == 0)
        return;
    suffixes_find((struct name_view){ reply->data + HEADER_BYTES, reply->question_length, reply->question_labels }, &s);
    for (unsigned i = 0; i < s.count; i++)
        if (s.start[i] >= reply->question_skip)
            slot_add(reply, (size_t)HEADER_BYTES + s.start[i], s.hash[i]);
}

/* The longest suffix of the name that stands in the message.
 * @return how many labels are in front of it (all when there is none); *offset is where it stands */
static unsigned suffix_match(const struct reply *reply, struct name_view name, const struct suffixes *s, uint16_t *offset)
{
    unsigned passed = 0, compared = 0;

    for (unsigned i = 0; i < s->count; i++) {
        unsigned link = reply->buckets[s->hash[i] % COMPRESS_BUCKETS];
        for (; link != 0; link = reply->slots[link - 1].next) {
            if (++passed > PASS_MAX)
                return s->count;
            if (reply->slots[link - 1].hash != s->hash[i])
                continue;
            if (++compared > COMPARE_MAX)
                return s->count;
            if (stands_at(reply, reply->slots[link - 1].offset, name.wire + s->start[i])) {
                *offset = reply->slots[link - 1].offset;
                return i;
            }
        }
    }
    return s->count;
}

/* Appends a name, compressed.  @return false without room (slots may have been added; the caller rolls back) */
static bool name_put(struct reply *reply, struct name_view name)
{
    struct suffixes s;
    uint16_t offset = 0;

    if (!reply->question_indexed)
        question_index(reply);
    suffixes_find(name, &s);
    unsigned front = suffix_match(reply, name, &s, &offset);
    bool whole = front == s.count;
    size_t plain = whole ? name.length : s.start[front];

    if (reply_left(reply) < plain + (whole ? 0 : 2))
        return false;
    memcpy(reply->data + reply->length, name.wire, plain);
    if (!whole)
        put_u16(reply->data + reply->length + plain, (uint16_t)(POINTER | offset));
    for (unsigned i = 0; i < front; i++)
        slot_add(reply, reply->length + s.start[i], s.hash[i]);
    reply->length += plain + (whole ? 0 : 2);
    return true;
}

static bool pointer_put(struct reply *reply, unsigned offset)
{
    if (reply_left(reply) < 2)
        return false;
    put_u16(reply->data + reply->length, (uint16_t)(POINTER | offset));
    reply->length += 2;
    return true;
}

static bool owner_put(struct reply *reply, struct name_view owner)
{
    const struct name_view question = { reply->data + HEADER_BYTES, reply->question_length, reply->question_labels };

    if (owner.length > 1 && reply->question_skip == 0 && name_equal(owner, question))
        return pointer_put(reply, HEADER_BYTES);
    if (owner.length > 1 && reply->owner_offset != 0 && stands_at(reply, reply->owner_offset, owner.wire))
        return pointer_put(reply, reply->owner_offset);

    size_t at = reply->length;
    if (!name_put(reply, owner))
        return false;
    if ((reply->data[at] & 0xc0) == 0xc0)
        at = get_u16(reply->data + at) & POINTER_MAX;
    reply->owner_offset = at > POINTER_MAX ? 0 : (uint16_t)at;
    return true;
}

static bool bytes_put(struct reply *reply, const uint8_t *bytes, size_t count)
{
    if (reply_left(reply) < count)
        return false;
    if (count > 0)
        memcpy(reply->data + reply->length, bytes, count);
    reply->length += count;
    return true;
}

/* Rdata of a type whose names may be compressed: what lies between those names is copied. */
static bool rdata_put(struct reply *reply, uint16_t type, uint16_t klass, const uint8_t *rdata, size_t rdata_bytes)
{
    struct rdata_name name;
    size_t walk = 0, copied = 0;

    while (rdata_name_next(type, klass, rdata, rdata_bytes, &walk, &name)) {
        if (!name.compress)
            continue;
        if (!bytes_put(reply, rdata + copied, name.offset - copied) || !name_put(reply, name.name))
            return false;
        copied = (size_t)name.offset + name.name.length;
    }
    return bytes_put(reply, rdata + copied, rdata_bytes - copied);
}

static bool record_put(struct reply *reply, struct name_view owner, uint16_t type, uint16_t klass, uint32_t ttl,
                       const uint8_t *rdata, size_t rdata_bytes)
{
    if (!owner_put(reply, owner) || reply_left(reply) < 10)
        return false;
    uint8_t *fixed = reply->data + reply->length;
    reply->length += 10;
    bool fits = rdata_may_compress(type, klass) ? rdata_put(reply, type, klass, rdata, rdata_bytes)
                                                : bytes_put(reply, rdata, rdata_bytes);
    if (!fits)
        return false;
    put_u16(fixed, type);
    put_u16(fixed + 2, klass);
    put_u32(fixed + 4, ttl);
    put_u16(fixed + 8, (uint16_t)(reply->data + reply->length - (fixed + 10)));
    return true;
}

enum status reply_add(struct reply *reply, enum section section, struct name_view owner, uint16_t type, uint16_t klass,
                      uint32_t ttl, const uint8_t *rdata, size_t rdata_bytes)
{
    size_t length = reply->length;
    uint16_t slot_count = reply->slot_count;

    debug_assert(section != SECTION_QUESTION);
    for (unsigned s = section + 1u; s < LENGTH_OF(reply->counts); s++)
        debug_assert(reply->counts[s] == 0);
    if (!record_put(reply, owner, type, klass, ttl, rdata, rdata_bytes)) {
        reply->length = length;
        reply->owner_offset = 0;
        slots_drop(reply, slot_count);
        return E_NO_SPACE;
    }
    reply->counts[section]++;
    return OK;
}

struct reply_mark reply_mark(const struct reply *reply)
{
    struct reply_mark mark = { .length = reply->length, .slot_count = reply->slot_count };
    memcpy(mark.counts, reply->counts, sizeof mark.counts);
    return mark;
}

void reply_rollback(struct reply *reply, const struct reply_mark *mark)
{
    debug_assert(mark->length <= reply->length && mark->slot_count <= reply->slot_count);
    reply->length = mark->length;
    memcpy(reply->counts, mark->counts, sizeof reply->counts);
    reply->owner_offset = 0;
    slots_drop(reply, mark->slot_count);
}

void reply_clear_records(struct reply *reply)
{
    struct reply_mark start = { .length = HEADER_BYTES, .counts = { reply->counts[SECTION_QUESTION] } };

    if (reply->question_length > 0)
        start.length += reply->question_length + 4u;
    reply_rollback(reply, &start);
}
