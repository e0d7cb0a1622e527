/* SPDX-License-Identifier: Apache-2.0 */
/* Looking names up, each once however many ask: facts, what else they lead to, the answer into the cache, and word to those who wait. */
#include "names/mount_inside.h"

#include <string.h>

static void lookup_go(struct lookup *lookup);

static void tell(struct mount_asked *asked, enum status status)
{
    asked->status = status;
    asked->told(asked);
}

static void tell_all(struct lookup *lookup)
{
    struct mount_asked *list = lookup->waiting;
    lookup->waiting = NULL;
    for (struct mount_asked *next; list != NULL; list = next) {
        next = list->next;
        lookup->mounts->waiting--;
        atomic_fetch_sub_explicit(&lookup->mount->counters.waiting, 1, memory_order_relaxed);
        tell(list, OK);
    }
}

/* ---- the end of one ---- */

struct key { uint32_t space; uint8_t wire[NAME_MAX_BYTES]; };
static size_t key_of(const struct mount *mount, struct name_view name, struct key *out)
{
    out->space = mount->space;
    memcpy(out->wire, name.wire, name.length);
    return offsetof(struct key, wire) + name.length;
}

static void parts_clear(struct lookup *lookup)
{
    for (size_t i = 0; i < lookup->part_count; i++) {
        facts_cancel(lookup->parts[i].job);
        facts_free(lookup->parts[i].facts);
        lookup->parts[i].job = NULL;
        lookup->parts[i].facts = NULL;
    }
    lookup->part_count = lookup->pending = 0;
    lookup->hops = 0;
}

static void lookup_free(struct lookup *lookup)
{
    chain_timer_clear(&lookup->timer);
    parts_clear(lookup);
    mem_free(lookup);
}

static void lookup_end(struct lookup *lookup)
{
    struct key key;
    size_t bytes = key_of(lookup->mount, name_view_of(&lookup->name), &key);
    (void)table_remove(lookup->mounts->lookups, &key, bytes);
    tell_all(lookup);
    lookup_free(lookup);
}

static void lookup_fail(struct lookup *lookup, enum chain_failure failure, const char *reason)
{
    lookup_put_failure(lookup, failure, reason);
    lookup_end(lookup);
}

void lookups_end(struct mounts *mounts)
{
    size_t position = 0, bytes;
    const void *key;
    void *value;
    while (table_next(mounts->lookups, &position, &key, &bytes, &value))
        lookup_free(value);
}

/* ---- what comes back ---- */

static void go_again(struct lookup *lookup)
{
    lookup->again++;
    mount_count(&lookup->mount->counters.again, 1);
    parts_clear(lookup);
    lookup_go(lookup);
}

/* The block that it was read at was left by the chain meanwhile: no failure of anybody. */
static bool lost_its_block(const struct lookup *lookup, const struct facts *facts)
{
    bool changed = false;
    for (unsigned i = 0; i < lookup->mount->chain_count; i++)
        changed |= lookup->generations[i] != lookup->mount->chains[i]->generation;
    return facts->failure == CHAIN_FAILURE_BLOCK_GONE && changed && lookup->again < AGAIN_MAX;
}

static void build(struct lookup *lookup)
{
    struct vzone_facts facts[VZONE_FACTS];
    struct vzone zone = { 0 };
    bool again = false;
    for (size_t i = 0; i < lookup->part_count; i++)
        facts[i] = (struct vzone_facts){ lookup->parts[i].role, lookup->parts[i].facts };
    const struct facts *first = facts[0].facts;
    if (first->status == FACTS_FAILED && lost_its_block(lookup, first)) {
        go_again(lookup);
        return;
    }
    if (first->status == FACTS_FAILED) {
        lookup_fail(lookup, first->failure, first->reason);
        return;
    }
    const struct vzone_input in = { .mount = &lookup->mount->options, .question = name_view_of(&lookup->name), .read = &lookup->read, .facts = facts,
                                    .fact_count = lookup->part_count, .serial = lookup->mount->serial, .ttl_limit = lookup->mount->options.ttl_max,
                                    .last = lookup->hops >= VZONE_HOPS };
    struct vzone_input limited = in;
    uint64_t valid_ms;
    lookup_limits(lookup, &limited.ttl_limit, &valid_ms);
    enum status st = vzone_build(&limited, &zone);
    if (st == OK && zone.wanted_count > 0) {
        lookup_more(lookup, &zone);
        return;
    }
    if (st == OK)
        st = lookup_put(lookup, &zone, valid_ms, &again);
    if (st == OK && again && lookup->again < AGAIN_MAX) {
        go_again(lookup);
        return;
    }
    if (st != OK) {
        lookup_fail(lookup, CHAIN_FAILURE_MEMORY, NULL);
        return;
    }
    lookup_end(lookup);
}

static void part_done(void *context, struct facts *facts)
{
    struct lookup_part *part = context;
    part->job = NULL;
    part->facts = facts;
    if (--part->lookup->pending == 0)
        build(part->lookup);
}

static enum status part_start(struct lookup *lookup, struct name_view name, enum vzone_role role)
{
    static const uint64_t coins[] = { 60, 0, 2, 3, 501 };
    struct lookup_part *part = &lookup->parts[lookup->part_count];
    const bool text = lookup->read.kind == VZONE_TEXT;
    const struct facts_request request = {
        .name = name, .dns = !text, .content = !text, .types = lookup->types, .type_count = text ? 0 : lookup->type_count,
        .texts = &lookup->read.key, .text_count = text, .coins = coins, .coin_count = lookup->wallet ? LENGTH_OF(coins) : 0,
    };
    *part = (struct lookup_part){ lookup, NULL, NULL, role };
    struct name_source *source = lookup->mount->options.source;
    enum status st = lookup->read.kind == VZONE_REVERSE ? facts_start_reverse(source, &lookup->read.address, 60, part_done, part, &part->job)
                                                        : facts_start(source, &request, part_done, part, &part->job);
    if (st != OK)
        return st;
    lookup->part_count++;
    lookup->pending++;
    return OK;
}

void lookup_more(struct lookup *lookup, const struct vzone *zone)
{
    lookup->hops++;
    enum status st = OK;
    for (size_t i = 0; i < zone->wanted_count && st == OK && lookup->part_count < VZONE_FACTS; i++)
        st = part_start(lookup, name_view_of(&zone->wanted[i]), VZONE_ROLE_CHASED);
    if (st != OK || lookup->pending == 0)
        lookup_fail(lookup, CHAIN_FAILURE_MEMORY, NULL);
}

static void lookup_go(struct lookup *lookup)
{
    for (unsigned i = 0; i < lookup->mount->chain_count; i++) {
        lookup->generations[i] = lookup->mount->chains[i]->generation;
        lookup->heads[i] = lookup->mount->chains[i]->head.number;
    }
    mount_count(&lookup->mount->counters.lookups, 1);
    enum status st = part_start(lookup, name_view_of(&lookup->read.name), VZONE_ROLE_QUESTION);
    if (st == OK && lookup->read.kind == VZONE_DNSLINK)
        st = part_start(lookup, name_view_of(&lookup->read.host), VZONE_ROLE_HOST);
    if (st != OK)
        lookup_fail(lookup, CHAIN_FAILURE_MEMORY, NULL);
}

/* ---- waiting ---- */

static bool has_stale(const struct lookup *lookup)
{
    epoch_online(lookup->mounts->reader);
    const struct cache_entry *e = cache_find(lookup->mounts->cache, lookup->mount->space, name_view_of(&lookup->name));
    bool has = e != NULL && e->value != NULL;
    epoch_offline(lookup->mounts->reader);
    return has;
}

static void patience(struct chain_timer *timer);

static void wait_for(struct lookup *lookup, bool soft, uint64_t ms)
{
    lookup->soft = soft;
    if (chain_timer_set(lookup->mounts->loop, &lookup->timer, ms, patience) != OK)
        tell_all(lookup);
}

static void patience(struct chain_timer *timer)
{
    struct lookup *lookup = (struct lookup *)(void *)((uint8_t *)timer - offsetof(struct lookup, timer));
    if (!lookup->soft || has_stale(lookup))
        tell_all(lookup);
    wait_for(lookup, !lookup->soft, lookup->soft ? MOUNT_HARD_MS - MOUNT_SOFT_MS : MOUNT_SOFT_MS);
}

/* ---- being asked ---- */

static void add_type(struct lookup *lookup, uint16_t type)
{
    static const uint16_t usual[] = { TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_HTTPS, TYPE_CNAME, TYPE_SOA, TYPE_NS, TYPE_DNAME, TYPE_ANY };
    for (size_t i = 0; i < LENGTH_OF(usual); i++)
        if (usual[i] == type)
            return;
    if (type_is_meta(type))
        return;
    for (size_t i = 0; i < lookup->type_count; i++)
        if (lookup->types[i] == type)
            return;
    lookup->wallet |= type == TYPE_WALLET;
    if (lookup->type_count < LENGTH_OF(lookup->types))
        lookup->types[lookup->type_count++] = type;
}

/* What is known already shall be known afterwards too; as long as it is not more than one lookup should ask. */
static void add_known_types(struct lookup *lookup)
{
    epoch_online(lookup->mounts->reader);
    const struct cache_entry *e = cache_find(lookup->mounts->cache, lookup->mount->space, name_view_of(&lookup->name));
    const struct kept_note *note = e == NULL ? NULL : e->note;
    for (size_t i = 0; note != NULL && i < note->asked_count; i++)
        add_type(lookup, note->asked[i]);
    epoch_offline(lookup->mounts->reader);
}

static struct lookup *lookup_new(struct mount *mount, const struct name *name, uint16_t type)
{
    struct key key;
    struct mounts *mounts = mount->mounts;
    struct lookup *lookup = table_count(mounts->lookups) >= LOOKUPS_MAX ? NULL : mem_alloc(sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    lookup->mounts = mounts;
    lookup->mount = mount;
    lookup->name = *name;
    lookup->started_ms = chain_loop_now_ms(mounts->loop);
    vzone_question_read(&mount->options, name_view_of(&lookup->name), &lookup->read);
    add_type(lookup, type);
    add_known_types(lookup);
    size_t bytes = key_of(mount, name_view_of(name), &key);
    if (table_set(mounts->lookups, &key, bytes, lookup, NULL) != OK) {
        mem_free(lookup);
        return NULL;
    }
    return lookup;
}

static bool worth_looking(const struct mount_asked *asked)
{
    const struct mounts *mounts = asked->mount->mounts;
    struct mount_found found;
    epoch_online(mounts->reader);
    enum mount_outcome outcome = mount_find(asked->mount, name_view_of(&asked->name), asked->type, chain_loop_now_ms(mounts->loop), &found);
    epoch_offline(mounts->reader);
    return outcome != MOUNT_MISS;
}

static void run(struct chain_post *post)
{
    struct mount_asked *asked = (struct mount_asked *)(void *)((uint8_t *)post - offsetof(struct mount_asked, post));
    struct mount *mount = asked->mount;
    struct mounts *mounts = mount->mounts;
    struct key key;
    mount_count(&mount->counters.asked, 1);
    name_lower(asked->name.wire, asked->name.length);
    if (worth_looking(asked)) {
        tell(asked, OK);
        return;
    }
    size_t bytes = key_of(mount, name_view_of(&asked->name), &key);
    struct lookup *lookup = table_find(mounts->lookups, &key, bytes);
    const bool begins = lookup == NULL;
    if (mounts->waiting >= WAITING_MAX || (begins && (lookup = lookup_new(mount, &asked->name, asked->type)) == NULL)) {
        tell(asked, E_LIMIT);
        return;
    }
    asked->next = lookup->waiting;
    lookup->waiting = asked;
    mounts->waiting++;
    mount_count(&mount->counters.waiting, 1);
    if (!begins)
        return;
    wait_for(lookup, true, MOUNT_SOFT_MS);
    if (lookup->read.kind == VZONE_NOTHING)
        lookup_nothing(lookup);
    else
        lookup_go(lookup);
}

void lookup_nothing(struct lookup *lookup)
{
    lookup_put_nothing(lookup);
    lookup_end(lookup);
}

void mount_ask(struct mount_asked *asked)
{
    asked->post.run = run;
    chain_loop_post(asked->mount->mounts->loop, &asked->post);
}
