/* SPDX-License-Identifier: Apache-2.0 */
/* Composing tails that are kept.  Which pointers move is found by composing twice, with names of different lengths, and
 * comparing: an answer that differs in anything else is not kept. */
#include "answer/kept.h"
#include <string.h>

enum { PROBE_OCTETS = 2 };      /* a label of one octet in front */

static bool compose(const struct answer_request *request, struct name_view name, uint8_t *data, struct reply *reply,
                    struct answer_result *result)
{
    struct answer_request own = *request;
    own.name = name;
    own.cache = NULL;
    own.ahead = NULL;
    reply_begin(reply, data, HEADER_BYTES + name.length + 4u + TAIL_MAX_BYTES, 0, 0);
    return reply_add_question(reply, name, own.type, own.klass) == OK && answer_question(&own, reply, result) == OK &&
           !result->truncated && result->ede == EDE_NONE;
}

/* @return where the pointer starts that holds the octet at `i`, or SIZE_MAX */
static size_t moved_pointer(const uint8_t *one, const uint8_t *two, size_t i, size_t bytes, unsigned moved)
{
    for (size_t at = i > 0 ? i - 1 : 0; at <= i && at + 1 < bytes; at++)
        if ((one[at] & 0xc0) == 0xc0 && get_u16(one + at) + moved == get_u16(two + at))
            return at;
    return SIZE_MAX;
}

bool answer_shifts(const uint8_t *tail, const uint8_t *longer, size_t bytes, unsigned moved, uint16_t *shifts, size_t room, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (tail[i] == longer[i])
            continue;
        size_t at = moved_pointer(tail, longer, i, bytes, moved);
        if (at == SIZE_MAX || *count == room || (*count && at < shifts[*count - 1] + 2u))
            return false;
        shifts[(*count)++] = (uint16_t)at;
        i = at + 1;
    }
    return true;
}

/* Whether the owner at the cursor, or a name in a record of this type, may lie in the additional section: then parts do not stand alone. */
static bool leans_on(const struct cursor *at, size_t additional, uint16_t type, uint16_t klass)
{
    const uint8_t *label = at->pos;
    while (label + 1 < at->end && *label != 0 && (*label & 0xc0) != 0xc0)
        label += 1u + *label;
    bool pointer = label + 1 < at->end && (*label & 0xc0) == 0xc0;
    return (pointer && (size_t)(get_u16(label) & 0x3fff) >= additional) || rdata_may_compress(type, klass);
}

/* The additional section of a composed answer in parts.  @return how many; 0: it has none, or does not come in parts
 * @param cut  what lies below it is required; .wire NULL: nothing is
 * @param head  where the tail starts in the message */
static unsigned find_parts(const struct reply *reply, struct name_view cut, size_t head, struct part parts[PARTS_MAX], uint16_t *parts_at)
{
    struct cursor c = cursor_of(reply->data, reply->length);
    struct record r;
    unsigned count = 0;
    uint16_t last_type = 0;
    c.pos += head;
    for (unsigned i = 0; i < (unsigned)reply->counts[SECTION_ANSWER] + reply->counts[SECTION_AUTHORITY]; i++)
        if (message_read_record(&c, &r) != OK)
            return 0;
    *parts_at = (uint16_t)((size_t)(c.pos - c.base) - head);
    struct name last = { 0 };
    for (unsigned i = 0; i < reply->counts[SECTION_ADDITIONAL]; i++) {
        const struct cursor at = c;
        if (message_read_record(&c, &r) != OK || leans_on(&at, head + *parts_at, r.type, r.klass))
            return 0;
        bool same = count > 0 && name_equal(name_view_of(&r.owner), name_view_of(&last)) && (r.type == last_type || r.type == TYPE_RRSIG);
        if (!same && (count == PARTS_MAX || r.type == TYPE_RRSIG))
            return 0;
        if (!same) {
            parts[count++] = (struct part){ .before = (uint16_t)i, .required = cut.wire != NULL && name_below(name_view_of(&r.owner), cut) };
            last = r.owner;
            last_type = r.type;
        }
        parts[count - 1].records++;
        parts[count - 1].end = (uint16_t)((size_t)(c.pos - c.base) - head);
    }
    return count;
}

struct soa_place {
    bool found;
    uint16_t at, records;       /* with its signatures; 0: it cannot be replaced where it stands */
};
/* The SOA of an answer in front of its additional section.  As it lies in the version it stands in the authority section alone.
 * @param head  where the tail starts in the message */
static struct soa_place find_soa(const struct reply *reply, size_t head)
{
    const unsigned answers = reply->counts[SECTION_ANSWER], all = answers + reply->counts[SECTION_AUTHORITY];
    struct soa_place out = { 0 };
    struct cursor c = cursor_of(reply->data, reply->length);
    struct record r;
    c.pos += head;
    for (unsigned i = 0; i < all; i++) {
        size_t start = (size_t)(c.pos - c.base) - head;
        if (message_read_record(&c, &r) != OK || (r.type == TYPE_SOA && i < answers))
            return (struct soa_place){ .found = true };
        if (r.type == TYPE_SOA)
            out = (struct soa_place){ true, (uint16_t)start, 1 };
        else if (out.found && r.type == TYPE_RRSIG && get_u16(reply->data + r.rdata_offset) == TYPE_SOA)
            out.records++;
    }
    return out;
}

struct kept *kept_compose(struct kept_room *room, const struct answer_request *request, struct name_view base, enum tail_kind kind)
{
    struct reply one, two;
    struct answer_result result, other;
    struct name longer;
    uint16_t parts_at = 0;
    size_t count = 0;
    unsigned parts = 0, front = (unsigned)request->name.length - base.length;
    if (!compose(request, request->name, room->first, &one, &result))
        return NULL;
    size_t head = HEADER_BYTES + request->name.length + 4u, bytes = one.length - head;
    if (bytes > TAIL_MAX_BYTES)
        return NULL;
    if (kind != TAIL_TYPE) {
        if (name_prepend((const uint8_t *)"x", 1, request->name, &longer) != OK || !compose(request, name_view_of(&longer), room->second, &two, &other) ||
            two.length != one.length + PROBE_OCTETS || memcmp(one.counts, two.counts, sizeof one.counts) != 0 || result.rcode != other.rcode ||
            result.kind != other.kind ||
            !answer_shifts(one.data + head, two.data + head + PROBE_OCTETS, bytes, PROBE_OCTETS, room->shifts, SHIFTS_MAX, &count))
            return NULL;
    }
    /* A chain that ends in a referral, and one with so many servers that not all are looked up, are cut by rules of their own. */
    if (result.kind != ANSWER_REFERRAL || (kind == TAIL_REFERRAL && one.counts[SECTION_AUTHORITY] <= ANSWER_GLUE_MAX))
        parts = find_parts(&one, kind == TAIL_REFERRAL ? base : (struct name_view){ 0 }, head, room->parts, &parts_at);
    const struct soa_place soa = find_soa(&one, head);
    for (size_t i = 0; i < count; i++)
        put_u16(one.data + head + room->shifts[i], (uint16_t)(get_u16(one.data + head + room->shifts[i]) - front));
    size_t even = (bytes + 1) & ~(size_t)1, behind = even + count * sizeof *room->shifts;
    size_t held = sizeof(struct kept) + behind + parts * sizeof *room->parts;
    struct kept *kept = mem_alloc(held);
    if (kept == NULL)
        return NULL;
    kept->held = held;
    kept->result = result;
    kept->shifts = (const uint16_t *)(const void *)(kept->bytes + even);
    kept->length = (uint16_t)bytes;
    kept->shift_count = (uint16_t)count;
    memcpy(kept->counts, &one.counts[SECTION_ANSWER], sizeof kept->counts);
    kept->base_length = base.length;
    memcpy(kept->bytes, one.data + head, bytes);
    memcpy(kept->bytes + even, room->shifts, count * sizeof *room->shifts);
    kept->parts = (const struct part *)(const void *)(kept->bytes + behind);
    kept->part_count = parts;
    kept->parts_at = parts_at;
    kept->soa_at = soa.at;
    kept->soa_records = soa.records;
    kept->moment = soa.found ? zone_version_moment(request->version) : 0;
    memcpy(kept->bytes + behind, room->parts, parts * sizeof *room->parts);
    return kept;
}
