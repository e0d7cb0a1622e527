/* SPDX-License-Identifier: Apache-2.0 */
/* Composed tails of one worker.
 *
 * Kept are answers that take work to write, for names that the zone has: referrals with glue or with many servers, RRsets whose
 * names are compressed, chains.  The key is the node that the answer comes from, in a version that a random number
 * stands for, so whatever a stranger asks makes no new entry, and what another version composed is never found.  Where there is room an
 * entry is made when it is asked for again soon; where another has to go for it, that one must have been asked for less: composing costs
 * as much as some twenty answers, so a large zone asked at random must not turn the cache over.
 *
 * A version that differs from the one before in its SOA alone has the identity of that: tails that hold the SOA tell which one, and get
 * the other's octets when they are used, so a new serial empties nothing.
 *
 * Which pointers move is found by composing twice, with names of different lengths, and comparing: an answer that differs in
 * anything else is not kept. */
#include "answer/inside.h"
#include <string.h>

enum {
    SETS = 1024, WAYS = 8,
    MEMOS = 64,
    MARKS = 8192,               /* of what was asked for in vain */
    TAIL_MAX_BYTES = 2048, COMPOSED_MAX_BYTES = HEADER_BYTES + NAME_MAX_BYTES + 4 + TAIL_MAX_BYTES,
    KEPT_MAX_BYTES = 4 << 20,   /* in all */
    ASKED_SOON = 2, ASKED_OFTEN = 8,        /* how many times, before an entry is made: where there is room, and where not */
    SHIFTS_MAX = 256,
    PARTS_MAX = 128,
    PROBE_OCTETS = 2            /* a label of one octet in front */
};

struct key {
    uint64_t identity;          /* of the version */
    uint64_t what;              /* place of the node, kind, DO, type */
};
/* An RRset of the additional section with its signatures: what is left out when room is short. */
struct part {
    uint16_t end;                       /* in the tail */
    uint16_t before;                    /* records of the parts in front of it */
    uint8_t records;
    bool required;                      /* glue below the cut, RFC 9471; those come first */
};
struct kept {
    struct answer_tail tail;
    struct answer_result result;        /* without key, which is not kept */
    size_t held;                        /* octets of this block */
    const struct part *parts;
    unsigned part_count;                /* 0: whole or not at all */
    uint16_t parts_at;                  /* where the first one starts: all before it must fit */
    uint16_t soa_at, soa_records;       /* in the authority section, with its signatures, if it can be replaced there */
    uint64_t moment;                    /* of the version whose SOA it holds; 0 = it holds none */
    bool lately;                        /* asked for since the last look for one that may go */
    _Alignas(uint16_t) uint8_t bytes[]; /* those of the tail, then its shifts, then the parts */
};
enum { HELD_MOST = sizeof(struct kept) + TAIL_MAX_BYTES + SHIFTS_MAX * sizeof(uint16_t) + PARTS_MAX * sizeof(struct part) };
struct entry {
    struct key key;
    struct kept *kept;
};
struct answer_cache {
    struct entry entries[SETS][WAYS];
    uint32_t marks[MARKS];
    struct nsec3_memo memos[MEMOS][2];  /* by identity; apex, wildcard */
    size_t held;
    unsigned turn;                      /* at which way the next look for one that may go starts */
    uint8_t first[COMPOSED_MAX_BYTES], second[COMPOSED_MAX_BYTES];      /* where tails are composed */
    uint16_t shifts[SHIFTS_MAX];
    struct part parts[PARTS_MAX];
};

struct answer_cache *answer_cache_new(void) { return mem_alloc(sizeof(struct answer_cache)); }

void answer_cache_free(struct answer_cache *cache)
{
    for (size_t i = 0; cache != NULL && i < (size_t)SETS * WAYS; i++)
        mem_free(cache->entries[i / WAYS][i % WAYS].kept);
    mem_free(cache);
}

struct nsec3_memo *cache_memo(struct answer_cache *cache, const struct zone_version *version, bool wild)
{
    return &cache->memos[zone_version_identity(version) % MEMOS][wild];
}

/* ---- composing ---- */

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
static size_t moved_pointer(const uint8_t *one, const uint8_t *two, size_t i, size_t bytes)
{
    for (size_t at = i > 0 ? i - 1 : 0; at <= i && at + 1 < bytes; at++)
        if ((one[at] & 0xc0) == 0xc0 && get_u16(one + at) + PROBE_OCTETS == get_u16(two + at))
            return at;
    return SIZE_MAX;
}

/* Which pointers of tail `one` moved by a longer question.  @return false when anything else differs */
static bool find_shifts(const uint8_t *one, const uint8_t *two, size_t bytes, uint16_t shifts[SHIFTS_MAX], uint16_t *count)
{
    *count = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (one[i] == two[i])
            continue;
        size_t at = moved_pointer(one, two, i, bytes);
        if (at == SIZE_MAX || *count == SHIFTS_MAX || (*count && at < shifts[*count - 1] + 2u))
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

/* The tail of the answer to the request as it stands behind a question for `base`.  @param kind  but for TAIL_TYPE it must fit
 * all names that end in the base */
static struct kept *make(struct answer_cache *cache, const struct answer_request *request, struct name_view base, enum tail_kind kind)
{
    struct reply one, two;
    struct answer_result result, other;
    struct name longer;
    uint16_t count = 0, parts_at = 0;
    unsigned parts = 0, front = (unsigned)request->name.length - base.length;
    if (!compose(request, request->name, cache->first, &one, &result))
        return NULL;
    size_t head = HEADER_BYTES + request->name.length + 4u, bytes = one.length - head;
    if (bytes > TAIL_MAX_BYTES)
        return NULL;
    if (kind != TAIL_TYPE) {
        if (name_prepend((const uint8_t *)"x", 1, request->name, &longer) != OK || !compose(request, name_view_of(&longer), cache->second, &two, &other) ||
            two.length != one.length + PROBE_OCTETS || memcmp(one.counts, two.counts, sizeof one.counts) != 0 || result.rcode != other.rcode ||
            result.kind != other.kind || !find_shifts(one.data + head, two.data + head + PROBE_OCTETS, bytes, cache->shifts, &count))
            return NULL;
    }
    /* A chain that ends in a referral, and one with so many servers that not all are looked up, are cut by rules of their own. */
    if (result.kind != ANSWER_REFERRAL || (kind == TAIL_REFERRAL && one.counts[SECTION_AUTHORITY] <= ANSWER_GLUE_MAX))
        parts = find_parts(&one, kind == TAIL_REFERRAL ? base : (struct name_view){ 0 }, head, cache->parts, &parts_at);
    const struct soa_place soa = find_soa(&one, head);
    for (unsigned i = 0; i < count; i++)
        put_u16(one.data + head + cache->shifts[i], (uint16_t)(get_u16(one.data + head + cache->shifts[i]) - front));
    size_t even = (bytes + 1) & ~(size_t)1, behind = even + count * sizeof *cache->shifts;
    size_t held = sizeof(struct kept) + behind + parts * sizeof *cache->parts;
    struct kept *kept = mem_alloc(held);
    if (kept == NULL)
        return NULL;
    kept->held = held;
    kept->result = result;
    kept->tail = (struct answer_tail){ .bytes = kept->bytes, .shifts = (const uint16_t *)(const void *)(kept->bytes + even), .length = (uint16_t)bytes,
                                       .shift_count = count, .counts = { one.counts[1], one.counts[2], one.counts[3] },
                                       .flags = one.flags, .base_length = base.length };
    memcpy(kept->bytes, one.data + head, bytes);
    memcpy(kept->bytes + even, cache->shifts, count * sizeof *cache->shifts);
    kept->parts = (const struct part *)(const void *)(kept->bytes + behind);
    kept->part_count = parts;
    kept->parts_at = parts_at;
    kept->soa_at = soa.at;
    kept->soa_records = soa.records;
    kept->moment = soa.found ? zone_version_moment(request->version) : 0;
    memcpy(kept->bytes + behind, cache->parts, parts * sizeof *cache->parts);
    return kept;
}

/* ---- finding ---- */

static struct key key_of(const struct answer_request *q, const struct zone_node *node, enum tail_kind kind)
{
    uint64_t what = (uint64_t)zone_node_place(q->version, node) << 32 | (uint64_t)kind << 17 | (uint64_t)q->dnssec_ok << 16;
    return (struct key){ zone_version_identity(q->version), what | (kind == TAIL_TYPE ? q->type : 0) };
}

static uint64_t key_hash(const struct key *key) { return hash_fold(key->identity ^ key->what, UINT64_C(0x9e3779b97f4a7c15)); }

enum { TIMES = 0xff, NEVER = TIMES };

static uint32_t *mark_of(struct answer_cache *cache, uint64_t hash) { return &cache->marks[hash >> 20 & (MARKS - 1)]; }
static uint32_t mark_tag(uint64_t hash) { return (uint32_t)(hash >> 32) & ~(uint32_t)TIMES; }

/* How many times it was asked for lately, with this one: counted in the lower octet of its mark.  0: it cannot be kept. */
static unsigned times_asked(struct answer_cache *cache, uint64_t hash)
{
    uint32_t *mark = mark_of(cache, hash);
    if ((*mark & ~(uint32_t)TIMES) != mark_tag(hash))
        *mark = mark_tag(hash);
    if ((*mark & TIMES) == NEVER)
        return 0;
    if ((*mark & TIMES) < NEVER - 1)
        ++*mark;
    return *mark & TIMES;
}

static struct entry *free_way(struct entry set[WAYS])
{
    for (unsigned way = 0; way < WAYS; way++)
        if (set[way].kept == NULL)
            return &set[way];
    return NULL;
}

/* One that nobody asked for since the last look, or NULL: then the next look finds one. */
static struct entry *idle_way(struct answer_cache *cache, struct entry set[WAYS])
{
    const unsigned start = cache->turn++;
    for (unsigned i = 0; i < WAYS; i++) {
        struct entry *entry = &set[(start + i) % WAYS];
        if (entry->kept != NULL && !entry->kept->lately)
            return entry;
    }
    for (unsigned way = 0; way < WAYS; way++)
        if (set[way].kept != NULL)
            set[way].kept->lately = false;
    return NULL;
}

/* Where an entry that was asked for so often may stand, or NULL. */
static struct entry *place_for(struct answer_cache *cache, struct entry set[WAYS], unsigned times)
{
    struct entry *entry = free_way(set);
    if (entry != NULL && cache->held + HELD_MOST <= KEPT_MAX_BYTES)
        return times >= ASKED_SOON ? entry : NULL;
    return times >= ASKED_OFTEN ? idle_way(cache, set) : NULL;
}

/* @return false when all there may be is in use elsewhere */
static bool keep(struct answer_cache *cache, struct entry *entry, const struct key *key, struct kept *kept)
{
    size_t given = entry->kept == NULL ? 0 : entry->kept->held;
    if (cache->held - given + kept->held > KEPT_MAX_BYTES)
        return false;
    cache->held += kept->held - given;
    mem_free(entry->kept);
    *entry = (struct entry){ *key, kept };
    return true;
}

static struct entry *find(struct entry set[WAYS], const struct key *key)
{
    for (unsigned way = 0; way < WAYS; way++)
        if (set[way].key.what == key->what && set[way].key.identity == key->identity && set[way].kept != NULL)
            return &set[way];
    return NULL;
}

/* ---- the SOA of another moment ---- */

enum { RECORD_HEAD = 12, TTL_AT = 6, LENGTH_AT = 10 };

/* Puts records of the version in the place of those in the tail from `at` on, whose owners stay.
 * @param write  false: only looks whether they have the same sizes.  @return where they end, or 0 */
static size_t splice_records(struct kept *kept, size_t at, const uint8_t *records, size_t bytes, uint32_t ttl_max, bool write)
{
    for (size_t from = 0, next; from < bytes; from = next) {
        uint8_t *owner = kept->bytes + at;
        size_t owner_bytes = (*owner & 0xc0) == 0xc0 ? 2 : 1;       /* the root has none to point to */
        uint8_t *to = owner + owner_bytes;
        const uint8_t *record = records + from;
        uint16_t size = get_u16(record + LENGTH_AT);
        next = from + RECORD_HEAD + size;
        if (at + owner_bytes + RECORD_HEAD - 2 + size > kept->tail.length || get_u16(to + LENGTH_AT - 2) != size)
            return 0;
        at += owner_bytes + RECORD_HEAD - 2 + size;
        if (!write)
            continue;
        memcpy(to, record + 2, RECORD_HEAD - 2 + (size_t)size);
        if (get_u32(record + TTL_AT) > ttl_max)
            put_u32(to + TTL_AT - 2, ttl_max);
    }
    return at;
}

/* The SOA and its signatures are all that differs.  @return false: they do not fit */
static bool splice_soa(struct kept *kept, const struct answer_request *q)
{
    const struct rrset soa = zone_version_soa(q->version);
    const uint32_t ttl_max = zone_version_negative_ttl(q->version);
    const size_t sig_bytes = q->dnssec_ok ? soa.sig_bytes : 0;
    if (kept->soa_records == 0 || kept->soa_records != soa.count + (q->dnssec_ok ? soa.sig_count : 0u))
        return false;
    for (int write = 0; write < 2; write++) {
        size_t at = splice_records(kept, kept->soa_at, soa.records, soa.bytes, ttl_max, write);
        if (at == 0 || splice_records(kept, at, soa.sigs, sig_bytes, ttl_max, write) == 0)
            return false;
    }
    kept->moment = zone_version_moment(q->version);
    return true;
}

static void drop(struct answer_cache *cache, struct entry *entry)
{
    cache->held -= entry->kept->held;
    mem_free(entry->kept);
    entry->kept = NULL;
}

/* What is kept under the key and good for this version. */
static struct kept *find_good(struct answer_cache *cache, struct entry set[WAYS], const struct key *key, const struct answer_request *q)
{
    struct entry *entry = find(set, key);
    if (entry == NULL)
        return NULL;
    struct kept *kept = entry->kept;
    kept->lately = true;
    if (kept->moment == 0 || kept->moment == zone_version_moment(q->version) || splice_soa(kept, q))
        return kept;
    drop(cache, entry);
    return NULL;
}

/* The better part of the work for a referral with glue. */
static void shift(uint8_t *to, const uint16_t *shifts, unsigned count, unsigned moved)
{
#pragma GCC unroll 4
    for (const uint16_t *end = shifts + count; shifts < end; shifts++)
        put_u16(to + *shifts, (uint16_t)(get_u16(to + *shifts) + moved));
}

void answer_tail_put(const struct answer_tail *tail, struct reply *reply)
{
    uint8_t *to = reply_at(reply);
    unsigned moved = (unsigned)reply->question_length - tail->base_length;
    memcpy(to, tail->bytes, tail->length);
    if (moved)
        shift(to, tail->shifts, tail->shift_count, moved);
    for (unsigned s = 0; s < 3; s++)
        reply->counts[SECTION_ANSWER + s] = tail->counts[s];
    reply->length += tail->length;
    reply->flags |= tail->flags;
}

/* A piece of the tail.  @param shifts  where to look for its first  @return the first behind it */
static const uint16_t *put_piece(const struct answer_tail *tail, const uint16_t *shifts, unsigned from, unsigned end, struct reply *reply)
{
    uint8_t *to = reply_at(reply);
    const unsigned moved = (unsigned)reply->question_length - tail->base_length;
    const uint16_t *last = tail->shifts + tail->shift_count;
    memcpy(to, tail->bytes + from, end - from);
    while (shifts < last && *shifts < from)
        shifts++;
    for (; shifts < last && *shifts < end; shifts++)
        put_u16(to + (*shifts - from), (uint16_t)(get_u16(to + (*shifts - from)) + moved));
    return shifts;
}

/* As much of the additional section as fits: what is required first, without which the answer is truncated, then the rest. */
static bool put_parts(const struct kept *kept, struct reply *reply, bool *truncated)
{
    enum { LEAST_BYTES = 1 + 10 };      /* of a record */
    const struct answer_tail *tail = &kept->tail;
    const size_t room = reply_left(reply);
    unsigned i = 0, end = kept->parts_at;
    if (kept->part_count == 0 || end > room)
        return false;
    while (kept->parts[i].end <= room)          /* not all of them fit */
        end = kept->parts[i++].end;
    const uint16_t *shifts = put_piece(tail, tail->shifts, 0, end, reply);
    for (unsigned s = 0; s < 2; s++)
        reply->counts[SECTION_ANSWER + s] = tail->counts[s];
    reply_take(reply, SECTION_ADDITIONAL, kept->parts[i].before, end);
    for (unsigned from = end; i < kept->part_count; from = end, i++) {
        const struct part *part = &kept->parts[i];
        end = part->end;
        if (reply_left(reply) < LEAST_BYTES || end - from > reply_left(reply)) {
            *truncated |= part->required;
            if (reply_left(reply) < LEAST_BYTES)
                break;
        } else if (part->required || !*truncated) {
            shifts = put_piece(tail, shifts, from, end, reply);
            reply_take(reply, SECTION_ADDITIONAL, part->records, end - from);
        }
    }
    return true;
}

bool cache_answer(const struct answer_request *request, const struct zone_node *node, struct name_view base, enum tail_kind kind,
                  struct reply *reply, struct answer_result *result)
{
    struct answer_cache *cache = request->cache;
    const struct key key = key_of(request, node, kind);
    uint64_t hash = key_hash(&key);
    struct entry *set = cache->entries[hash >> 50 & (SETS - 1)];
    const struct kept *kept = find_good(cache, set, &key, request);
    if (kept == NULL) {
        struct entry *entry = place_for(cache, set, times_asked(cache, hash));
        struct kept *made = entry == NULL ? NULL : make(cache, request, base, kind);
        if (entry != NULL && made == NULL)
            *mark_of(cache, hash) = mark_tag(hash) | NEVER;
        if (made == NULL || !keep(cache, entry, &key, made)) {
            mem_free(made);
            return false;
        }
        kept = made;
    }
    bool truncated = false;
    if (kept->tail.length <= reply_left(reply))
        answer_tail_put(&kept->tail, reply);
    else if (!put_parts(kept, reply, &truncated))
        return false;
    *result = kept->result;
    result->truncated = truncated;
    result->key = base;
    return true;
}
