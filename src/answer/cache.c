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
 * the other's octets when they are used, so a new serial empties nothing. */
#include "answer/kept.h"
#include <string.h>

enum {
    SETS = 1024, WAYS = 8,
    MEMOS = 64,
    MARKS = 8192,               /* of what was asked for in vain */
    KEPT_MAX_BYTES = 4 << 20,   /* in all */
    ASKED_SOON = 2, ASKED_OFTEN = 8         /* how many times, before an entry is made: where there is room, and where not */
};

struct key {
    uint64_t identity;          /* of the version */
    uint64_t what;              /* place of the node, kind, DO, type */
};
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
    struct kept_room room;
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
    if (entry != NULL && cache->held + KEPT_MOST_BYTES <= KEPT_MAX_BYTES)
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
        if (at + owner_bytes + RECORD_HEAD - 2 + size > kept->length || get_u16(to + LENGTH_AT - 2) != size)
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

static void put_whole(const struct kept *kept, struct reply *reply)
{
    uint8_t *to = reply_at(reply);
    unsigned moved = (unsigned)reply->question_length - kept->base_length;
    memcpy(to, kept->bytes, kept->length);
    if (moved)
        shift(to, kept->shifts, kept->shift_count, moved);
    for (unsigned s = 0; s < 3; s++)
        reply->counts[SECTION_ANSWER + s] = kept->counts[s];
    reply->length += kept->length;
}

/* @param shifts  where to look for its first  @return the first behind it */
static const uint16_t *put_piece(const struct kept *kept, const uint16_t *shifts, unsigned from, unsigned end, struct reply *reply)
{
    uint8_t *to = reply_at(reply);
    const unsigned moved = (unsigned)reply->question_length - kept->base_length;
    const uint16_t *last = kept->shifts + kept->shift_count;
    memcpy(to, kept->bytes + from, end - from);
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
    const size_t room = reply_left(reply);
    unsigned i = 0, end = kept->parts_at;
    if (kept->part_count == 0 || end > room)
        return false;
    while (kept->parts[i].end <= room)          /* not all of them fit */
        end = kept->parts[i++].end;
    const uint16_t *shifts = put_piece(kept, kept->shifts, 0, end, reply);
    for (unsigned s = 0; s < 2; s++)
        reply->counts[SECTION_ANSWER + s] = kept->counts[s];
    reply_take(reply, SECTION_ADDITIONAL, kept->parts[i].before, end);
    for (unsigned from = end; i < kept->part_count; from = end, i++) {
        const struct part *part = &kept->parts[i];
        end = part->end;
        if (reply_left(reply) < LEAST_BYTES || end - from > reply_left(reply)) {
            *truncated |= part->required;
            if (reply_left(reply) < LEAST_BYTES)
                break;
        } else if (part->required || !*truncated) {
            shifts = put_piece(kept, shifts, from, end, reply);
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
        struct kept *made = entry == NULL ? NULL : kept_compose(&cache->room, request, base, kind);
        if (entry != NULL && made == NULL)
            *mark_of(cache, hash) = mark_tag(hash) | NEVER;
        if (made == NULL || !keep(cache, entry, &key, made)) {
            mem_free(made);
            return false;
        }
        kept = made;
    }
    bool truncated = false;
    if (kept->length <= reply_left(reply))
        put_whole(kept, reply);
    else if (!put_parts(kept, reply, &truncated))
        return false;
    *result = kept->result;
    result->truncated = truncated;
    result->key = base;
    return true;
}
