/* SPDX-License-Identifier: Apache-2.0 */
/* What a lookup came to, into the cache: what it rests on, how long it is good, what is remembered of failures. */
#include "names/mount_inside.h"

#include <stdio.h>
#include <string.h>

static void copy_reason(char *out, size_t room, enum chain_failure failure, const char *reason)
{
    snprintf(out, room, "%s", reason != NULL ? reason : chain_failure_text(failure));
}

static bool is_network(enum chain_failure failure)
{
    switch (failure) {
    case CHAIN_FAILURE_NO_PROVIDER: case CHAIN_FAILURE_TIMEOUT: case CHAIN_FAILURE_DISAGREE: case CHAIN_FAILURE_BAD_REPLY: case CHAIN_FAILURE_LIMITED:
    case CHAIN_FAILURE_BLOCK_GONE: case CHAIN_FAILURE_STALE: case CHAIN_FAILURE_WRONG_CHAIN: case CHAIN_FAILURE_STOPPED: return true;
    default: return false;
    }
}

/* ---- how long ---- */

/* Both fall to half of what is left before a known change, so that nothing is told for longer than it holds; and to what a gateway allows. */
void lookup_limits(const struct lookup *lookup, uint32_t *ttl, uint64_t *valid_ms)
{
    const struct mount_options *o = &lookup->mount->options;
    *valid_ms = UINT64_MAX;
    for (size_t i = 0; i < lookup->part_count; i++) {
        const struct facts *f = lookup->parts[i].facts;
        uint64_t seconds = UINT64_MAX;
        if (f->changes_at != 0) {
            uint64_t left = f->changes_at > f->block.time ? f->changes_at - f->block.time : 0;
            seconds = left > 2 * (uint64_t)o->ttl_max ? left - o->ttl_max : left / 2 > 0 ? left / 2 : 1;
        }
        if (f->max_age_seconds != UINT32_MAX) {
            uint64_t age = f->max_age_seconds < o->fresh_seconds ? f->max_age_seconds : o->fresh_seconds;
            seconds = seconds < age ? seconds : age > 0 ? age : 1;
        }
        if (seconds < *ttl)
            *ttl = (uint32_t)seconds;
        if (seconds < UINT32_MAX && seconds * 1000 < *valid_ms)
            *valid_ms = seconds * 1000;
    }
}

/* ---- what it rests on ---- */

struct resting {
    uint64_t keys[CACHE_DEPENDS_MAX]; size_t count;
    struct kept_note *note;
    bool one_block, again;
    bool near;                                  /* what it rests on changes soon by itself */
};

static void rest_on(struct resting *r, uint64_t key)
{
    if (r->count == LENGTH_OF(r->keys))
        r->one_block = true;
    else
        r->keys[r->count++] = key;
}

static struct followed *followed_of(const struct mount *mount, const struct chain *chain, unsigned *index)
{
    for (unsigned i = 0; i < mount->chain_count; i++) {
        if (mount->chains[i]->chain != chain)
            continue;
        *index = i;
        return mount->chains[i];
    }
    return NULL;
}

static bool note_has(const struct kept_note *note, const struct watched *watched)
{
    for (size_t i = 0; i < note->watched_count; i++)
        if (note->watched[i] == watched)
            return true;
    return false;
}

/* @param block  that it was read at */
static void rest_on_contract(struct resting *r, struct followed *followed, const struct eth_address *contract, uint64_t block)
{
    struct watched *watched = r->note->watched_count == NOTE_CONTRACTS ? NULL : followed_watch(followed, contract, false);
    if (watched == NULL) {
        r->one_block = true;
        return;
    }
    /* Not watched before: a block that is on its way now may come without its logs. */
    if (block < watched->since)
        r->one_block = true;
    if (followed->has_head && block < followed->head.number && watched->since > followed->head.number)
        r->again = true;
    if (note_has(r->note, watched))
        atomic_fetch_sub_explicit(&watched->uses, 1, memory_order_relaxed);
    else
        r->note->watched[r->note->watched_count++] = watched;
    rest_on(r, depend_key(chain_id(followed->chain), contract, DEPEND_CODE, NULL, NULL));
}

static void rest_on_facts(struct resting *r, const struct lookup *lookup, const struct facts *f)
{
    const struct mount *mount = lookup->mount;
    unsigned at = 0, below = 0;
    struct followed *followed = followed_of(mount, f->chain, &at), *other = followed_of(mount, f->chain_below, &below);
    if (followed == NULL)
        return;                 /* known without asking a chain */
    const uint64_t block = f->block.number, other_block = other == NULL ? 0 : lookup->heads[below];
    for (size_t i = 0; i < f->depend_count; i++) {
        rest_on(r, f->depends[i]);
        r->again |= recent_changed(followed->recent, f->depends[i], block);
        if (other != NULL)
            r->again |= recent_changed(other->recent, f->depends[i], other_block);
    }
    for (size_t i = 0; i < f->contract_count; i++)
        rest_on_contract(r, followed, &f->contracts[i], block);
    for (size_t i = 0; other != NULL && i < f->contract_below_count; i++)
        rest_on_contract(r, other, &f->contracts_below[i], other_block);
    r->one_block |= f->one_block;
    if (f->changes_at != 0) {
        rest_on(r, clock_key(followed));
        r->near |= f->changes_at <= f->block.time + 2 * (uint64_t)mount->options.ttl_max;
    }
    for (unsigned i = 0; i < mount->chain_count; i++)
        r->again |= lookup->generations[i] != mount->chains[i]->generation;
}

/* ---- the note ---- */

static void note_facts(struct kept_note *note, const struct lookup *lookup)
{
    struct mount_note *n = &note->open;
    const struct facts *f = lookup->parts[0].facts;
    n->chain = f->chain;
    n->block = f->block;
    n->proof = f->proof;
    n->read_unix_ms = chain_loop_unix_ms(lookup->mounts->loop);
    n->elapsed_ms = (uint32_t)(chain_loop_now_ms(lookup->mounts->loop) - lookup->started_ms);
    for (size_t i = 0; i < lookup->part_count; i++) {
        const struct facts *part = lookup->parts[i].facts;
        n->calls += part->calls;
        n->one_block |= part->one_block;
        if (part->status != FACTS_INVALID)
            n->proof = i == 0 ? part->proof : proof_weaker(n->proof, part->proof);
        if (part->block.number > n->block.number)
            n->block = part->block;
    }
    n->round_trips = f->round_trips + lookup->hops;
    n->resolver = f->ens ? f->e.resolver : f->u.resolver;
    n->owner = f->ens ? f->e.owner : f->u.owner;
    n->expires = f->ens ? f->e.expires : f->u.expires;
    n->wildcard = f->ens && f->e.wildcard;
    n->universal = f->ens && f->e.universal;
}

static void note_zone(struct kept_note *note, const struct vzone *zone)
{
    note->open.chain_ttl = zone->chain_ttl;
    note->open.negative = zone->negative;
    copy_reason(note->open.sentence, sizeof note->open.sentence, CHAIN_FAILURE_NONE, zone->sentence);
    note->rest_failed = zone->rest_failed;
    note->rest_failure = zone->rest.failure;
    if (zone->rest_failed)
        copy_reason(note->rest_reason, sizeof note->rest_reason, zone->rest.failure, zone->rest.reason);
    note->failed_network = (zone->rest_failed && is_network(zone->rest.failure)) || zone->failed_count > 0;
    for (size_t i = 0; i < zone->failed_count; i++) {
        note->failed[i].type = zone->failed[i].type;
        note->failed[i].failure = zone->failed[i].failure;
        note->failed_network &= is_network(zone->failed[i].failure);
        copy_reason(note->failed[i].reason, sizeof note->failed[i].reason, zone->failed[i].failure, zone->failed[i].reason);
    }
    note->failed_count = zone->failed_count;
    memcpy(note->more_types, zone->more_types, sizeof note->more_types);
    note->more_count = zone->more_count;
}

/* How long a failure is remembered: twice as long each time, as long as nothing else came in between. */
static void note_failing(struct kept_note *note, const struct lookup *lookup, bool malformed)
{
    uint64_t now = chain_loop_now_ms(lookup->mounts->loop);
    uint32_t before = 0;
    epoch_online(lookup->mounts->reader);
    const struct cache_entry *e = cache_find(lookup->mounts->cache, lookup->mount->space, name_view_of(&lookup->name));
    if (e != NULL)
        before = ((const struct kept_note *)e->note)->failed_wait_ms;
    epoch_offline(lookup->mounts->reader);
    uint32_t wait = before == 0 ? FAILURE_FIRST_MS : before * 2 < FAILURE_MOST_MS ? before * 2 : FAILURE_MOST_MS;
    note->failed_wait_ms = wait;
    note->failed_at_ms = now;
    note->failed_until_ms = malformed ? UINT64_MAX : now + wait;       /* what is malformed stays so until it changes, which touches the entry */
}

static void count_failure(const struct lookup *lookup, enum chain_failure failure)
{
    mount_count(&((struct mount *)(uintptr_t)lookup->mount)->counters.failures[failure < CHAIN_FAILURES ? failure : CHAIN_FAILURE_NONE], 1);
}

static void note_failures(struct kept_note *note, const struct lookup *lookup, const struct vzone *zone)
{
    if (!zone->rest_failed && zone->failed_count == 0)
        return;
    bool malformed = !zone->rest_failed || zone->rest.failure == CHAIN_FAILURE_NONE;
    for (size_t i = 0; i < zone->failed_count; i++) {
        malformed &= zone->failed[i].failure == CHAIN_FAILURE_NONE;
        count_failure(lookup, zone->failed[i].failure);
    }
    if (zone->rest_failed)
        count_failure(lookup, zone->rest.failure);
    note_failing(note, lookup, malformed);
}

/* ---- putting ---- */

static void version_free(void *version) { zone_version_free(version); }

/* Types that no chain has, and the one that asks for all that is known. */
static void add_dns_own(uint64_t types[CACHE_TYPES / 64])
{
    static const uint16_t own[] = { TYPE_ANY, TYPE_RRSIG, TYPE_NSEC, TYPE_NSEC3, TYPE_NSEC3PARAM, 0 };
    for (size_t i = 0; i < LENGTH_OF(own); i++)
        cache_types_add(types, own[i]);
}

/* Of the suffix that the name lies below. */
static uint8_t labels_of(const struct lookup *lookup)
{
    const struct mount_options *o = &lookup->mount->options;
    bool reverse = lookup->read.kind == VZONE_REVERSE || (lookup->read.kind == VZONE_NOTHING && o->reverse.labels > 0 && name_below(name_view_of(&lookup->name), o->reverse));
    return reverse ? o->reverse.labels : o->suffix.labels;
}

static enum status put(const struct lookup *lookup, struct kept_note *note, const struct vzone *zone, uint64_t valid_ms, const struct resting *r)
{
    const uint64_t now = chain_loop_now_ms(lookup->mounts->loop);
    struct cache_new_entry entry = {
        .entry = { .name = name_view_of(&lookup->name), .space = lookup->mount->space, .labels = labels_of(lookup),
                   .all_types = zone->all_types, .valid_until_ms = valid_ms == UINT64_MAX ? UINT64_MAX : now + valid_ms,
                   .born = note->open.block.number, .value = zone->version, .note = note },
        .bytes = zone_version_bytes(zone->version) + note_bytes(note->failed_count),
        .destroy_value = version_free, .destroy_note = note_free, .depends = r->keys, .depend_count = r->count,
    };
    memcpy(entry.entry.types, zone->types, sizeof zone->types);
    /* Where the name is in its zone: the same each time, so it is looked up once, here. */
    static_assert(sizeof(struct zone_ahead) <= sizeof entry.entry.own, "it has room in an entry");
    struct zone_ahead ahead = { 0 };
    zone_ahead_begin(&ahead, zone->version, entry.entry.name);
    zone_ahead_follow(&ahead, zone->version);
    memcpy(entry.entry.own, &ahead, sizeof ahead);
    if (!zone->rest_failed)
        add_dns_own(entry.entry.types);
    return cache_put(lookup->mounts->cache, &entry);
}

static void remember_asked(struct kept_note *note, const struct lookup *lookup)
{
    note->asked_count = lookup->type_count;
    memcpy(note->asked, lookup->types, lookup->type_count * sizeof note->asked[0]);
}

enum status lookup_put(struct lookup *lookup, struct vzone *zone, uint64_t valid_ms, bool *again)
{
    struct resting *r = mem_alloc(sizeof *r);
    struct kept_note *note = mem_alloc(note_bytes(zone->failed_count));
    if (r == NULL || note == NULL) {
        mem_free(r);
        mem_free(note);
        zone_version_free(zone->version);
        return E_NOMEM;
    }
    r->note = note;
    for (size_t i = 0; i < lookup->part_count; i++)
        rest_on_facts(r, lookup, lookup->parts[i].facts);
    *again = r->again && lookup->again < AGAIN_MAX;
    if (*again) {
        zone_version_free(zone->version);
        note_free(note);
        mem_free(r);
        return OK;
    }
    if (r->one_block || r->again || r->near) {      /* near: the first block that is late enough must show it */
        if (r->count == LENGTH_OF(r->keys))
            r->count--;
        for (unsigned i = 0; i < lookup->mount->chain_count && r->count < LENGTH_OF(r->keys); i++)
            r->keys[r->count++] = one_block_key(lookup->mount->chains[i]);
    }
    note_facts(note, lookup);
    note_zone(note, zone);
    note_failures(note, lookup, zone);
    remember_asked(note, lookup);
    note->open.one_block |= r->one_block;
    note->open.depend_count = (uint16_t)r->count;
    note->timeless = lookup->parts[0].facts->status == FACTS_INVALID && lookup->part_count == 1;
    enum status st = put(lookup, note, zone, valid_ms, r);
    mem_free(r);
    return st;
}

void lookup_put_nothing(struct lookup *lookup)
{
    static const struct resting nothing;
    struct kept_note *note = mem_alloc(note_bytes(0));
    struct name_view name = name_view_of(&lookup->name);
    const struct mount_options *o = &lookup->mount->options;
    struct vzone zone = { .all_types = true, .negative = true, .chain_ttl = UINT32_MAX };
    bool reverse = o->reverse.labels > 0 && name_below(name, o->reverse);
    if (note == NULL || vzone_build_apex(o, reverse ? o->reverse : o->suffix, lookup->mount->serial, &zone.version) != OK) {
        mem_free(note);
        return;
    }
    note->timeless = true;
    zone.sentence = "not a name that is looked up";
    note_zone(note, &zone);
    (void)!put(lookup, note, &zone, UINT64_MAX, &nothing);
}

/* The entry that is there goes on, with all that it rests on: what it knows is as good as before.  @return what its version takes */
static size_t keep_old(const struct cache_entry *old, struct cache_new_entry *entry, struct kept_note *note, uint64_t *keys)
{
    const struct kept_note *before = old->note;
    memcpy(note, before, note_bytes(before->failed_count));
    for (size_t i = 0; i < note->watched_count; i++)
        atomic_fetch_add_explicit(&note->watched[i]->uses, 1, memory_order_relaxed);
    entry->entry = *old;
    entry->entry.note = note;
    entry->depends = keys;
    entry->depend_count = cache_entry_depends(old, keys, CACHE_DEPENDS_MAX);
    if (old->value == NULL)
        return 0;
    zone_version_hold(old->value);
    return zone_version_bytes(old->value);
}

void lookup_put_failure(struct lookup *lookup, enum chain_failure failure, const char *reason)
{
    struct mounts *mounts = lookup->mounts;
    struct kept_note *note = mem_alloc(note_bytes(VZONE_FAILED));
    uint64_t *keys = mem_alloc(CACHE_DEPENDS_MAX * sizeof *keys);
    count_failure(lookup, failure);
    if (note == NULL || keys == NULL) {
        mem_free(note);
        mem_free(keys);
        return;
    }
    struct cache_new_entry entry = {
        .entry = { .name = name_view_of(&lookup->name), .space = lookup->mount->space, .labels = labels_of(lookup), .note = note },
        .bytes = note_bytes(VZONE_FAILED), .destroy_value = version_free, .destroy_note = note_free,
    };
    epoch_online(mounts->reader);
    const struct cache_entry *old = cache_find(mounts->cache, lookup->mount->space, name_view_of(&lookup->name));
    if (old != NULL)
        entry.bytes += keep_old(old, &entry, note, keys);
    note->rest_failed = true;
    note->rest_failure = failure;
    note->failed_network = is_network(failure);
    copy_reason(note->rest_reason, sizeof note->rest_reason, failure, reason);
    epoch_offline(mounts->reader);
    note_failing(note, lookup, false);
    entry.entry.name = name_view_of(&lookup->name);     /* the old one's is the old one's */
    (void)!cache_put(mounts->cache, &entry);
    mem_free(keys);
}
