/* SPDX-License-Identifier: Apache-2.0 */
/* Making mounts, and what workers do: find. */
#include "names/mount_inside.h"

#include <string.h>

/* ---- making ---- */

enum status mounts_new(struct chain_loop *loop, struct cache *cache, struct epoch *epoch, struct mounts **out)
{
    struct mounts *m = mem_alloc(sizeof *m);
    if (m == NULL)
        return E_NOMEM;
    m->loop = loop;
    m->cache = cache;
    m->face = (struct mounts_face){ cache_face(cache), m->faces, SPACE_BASE, 0 };
    m->epoch = epoch;
    m->lookups = table_new();
    if (m->lookups == NULL || epoch_join(epoch, &m->reader) != OK) {
        table_free(m->lookups);
        mem_free(m);
        return E_NOMEM;
    }
    epoch_offline(m->reader);
    *out = m;
    return OK;
}

static void mount_clear(struct mount *mount)
{
    zone_unref(mount->zone);
    if (mount->reverse_zone != NULL)
        zone_unref(mount->reverse_zone);
    for (size_t i = 0; mount->servers != NULL && i < mount->options.server_count; i++)
        mem_free((void *)(uintptr_t)mount->servers[i].wire);
    mem_free(mount->servers);
    mem_free(mount->gateways);
}

void mounts_free(struct mounts *mounts)
{
    if (mounts == NULL)
        return;
    lookups_end(mounts);
    for (size_t i = 0; i < mounts->count; i++)
        mount_clear(&mounts->list[i]);
    for (size_t i = 0; i < mounts->followed_count; i++)
        followed_free(mounts->followed[i]);
    table_free(mounts->lookups);
    epoch_leave(mounts->reader);
    mem_free(mounts);
}

static struct name lowered(struct name_view name)
{
    struct name copy = name_copy(name);
    name_lower(copy.wire, copy.length);
    return copy;
}

static enum status copy_lists(struct mount *mount, const struct mount_options *from)
{
    mount->servers = mem_alloc((from->server_count + 1) * sizeof *mount->servers);
    mount->gateways = mem_alloc((from->gateway_count + 1) * sizeof *mount->gateways);
    if (mount->servers == NULL || mount->gateways == NULL)
        return E_NOMEM;
    for (size_t i = 0; i < from->server_count; i++) {
        uint8_t *wire = mem_alloc(from->servers[i].length);
        if (wire == NULL)
            return E_NOMEM;
        memcpy(wire, from->servers[i].wire, from->servers[i].length);
        mount->servers[i] = (struct name_view){ wire, from->servers[i].length, from->servers[i].labels };
        mount->options.server_count = i + 1;
    }
    if (from->gateway_count > 0)
        memcpy(mount->gateways, from->gateways, from->gateway_count * sizeof *mount->gateways);
    mount->options.servers = mount->servers;
    mount->options.gateways = mount->gateways;
    mount->options.gateway_count = from->gateway_count;
    return OK;
}

static enum status open_zone(struct mount *mount, struct name_view origin, struct zone **out)
{
    struct zone_version *version;
    *out = zone_new(origin, CLASS_IN);
    if (*out == NULL)
        return E_NOMEM;
    enum status st = vzone_build_apex(&mount->options, origin, mount->serial, &version);
    if (st == OK)
        zone_publish(*out, version, mount->mounts->epoch);
    return st;
}

static enum status follow_chains(struct mount *mount)
{
    const struct ens_options *ens = name_source_ens_options(mount->options.source);
    const struct uns_options *uns = name_source_uns_options(mount->options.source);
    struct chain *chains[CHAINS_MAX] = { ens != NULL ? ens->chain : uns != NULL ? uns->layer2 : NULL, ens != NULL || uns == NULL ? NULL : uns->layer1 };
    for (unsigned i = 0; i < CHAINS_MAX; i++) {
        if (chains[i] == NULL)
            continue;
        enum status st = followed_get(mount->mounts, chains[i], &mount->chains[mount->chain_count]);
        if (st != OK)
            return st;
        mount->chain_count++;
    }
    if (ens == NULL)
        return OK;
    /* These are nearly always among what an answer rests on: watched from the start, so that no first answer is in doubt. */
    const struct eth_address *const own[] = { &ens->registry, &ens->registry_old, &ens->base_registrar, &ens->name_wrapper, &ens->public_resolver,
                                              &ens->universal_resolver };
    for (size_t i = 0; i < LENGTH_OF(own) + ens->known_resolver_count; i++) {
        const struct eth_address *contract = i < LENGTH_OF(own) ? own[i] : &ens->known_resolvers[i - LENGTH_OF(own)];
        if (!eth_address_is_zero(contract) && followed_watch(mount->chains[0], contract, true) == NULL)
            return E_NOMEM;
    }
    return OK;
}

enum status mounts_add(struct mounts *mounts, const struct mount_options *options, struct mount **out)
{
    if (mounts->count == MOUNTS_MAX)
        return E_LIMIT;
    struct mount *mount = &mounts->list[mounts->count];
    *mount = (struct mount){ .mounts = mounts, .options = *options, .space = (uint32_t)(SPACE_BASE + mounts->count), .face = &mounts->faces[mounts->count] };
    mount->options.server_count = mount->options.gateway_count = 0;
    mount->suffix = lowered(options->suffix);
    mount->base = lowered(options->base);
    mount->options.suffix = name_view_of(&mount->suffix);
    mount->options.base = name_view_of(&mount->base);
    if (options->reverse.labels > 0) {
        mount->reverse = lowered(options->reverse);
        mount->options.reverse = name_view_of(&mount->reverse);
    }
    enum status st = copy_lists(mount, options);
    if (st == OK)
        st = open_zone(mount, mount->options.suffix, &mount->zone);
    if (st == OK && options->reverse.labels > 0)
        st = open_zone(mount, mount->options.reverse, &mount->reverse_zone);
    if (st == OK)
        st = follow_chains(mount);
    if (st != OK) {
        if (mount->zone != NULL)
            mount_clear(mount);
        return st;
    }
    mount->face->zone = mount->zone;
    mount_judge_health(mount);
    mounts->face.count = (uint32_t)++mounts->count;
    *out = mount;
    return OK;
}

/* ---- any thread ---- */

int mount_labels(const struct mount *mount, struct name_view name)
{
    int labels = name_below(name, mount->options.suffix) ? mount->options.suffix.labels : -1;
    if (mount->options.reverse.labels > 0 && mount->options.reverse.labels > labels && name_below(name, mount->options.reverse))
        labels = mount->options.reverse.labels;
    return labels;
}

void mount_set_off(struct mount *mount, bool off)
{
    const bool was = atomic_exchange_explicit(&mount->off, off, memory_order_relaxed);
    mount_judge_health(mount);
    if (was == off)
        return;
    /* What lies there may have been a name of the mount above in the meantime. */
    (void)cache_flush(mount->mounts->cache, 0, &mount->options.suffix, true);
    if (mount->options.reverse.labels > 0)
        (void)cache_flush(mount->mounts->cache, 0, &mount->options.reverse, true);
}
static bool is_off(const struct mount *mount) { return atomic_load_explicit(&mount->off, memory_order_relaxed); }

struct mount *mounts_find(const struct mounts *mounts, struct name_view name)
{
    const struct mount *best = NULL;
    int most = -1;
    for (size_t i = 0; i < mounts->count; i++) {
        int labels = mount_labels(&mounts->list[i], name);
        if (labels > most && !is_off(&mounts->list[i])) {
            best = &mounts->list[i];
            most = labels;
        }
    }
    return (struct mount *)(uintptr_t)best;
}

bool mounts_suffix_next(const struct mounts *mounts, size_t *position, struct name_view *out)
{
    for (; *position < 2 * mounts->count; ) {
        const struct mount *mount = &mounts->list[*position / 2];
        bool reverse = (*position)++ % 2 != 0;
        if (reverse && mount->options.reverse.labels == 0)
            continue;
        *out = reverse ? mount->options.reverse : mount->options.suffix;
        return true;
    }
    return false;
}

struct name_view mount_suffix(const struct mount *mount) { return mount->options.suffix; }
struct zone *mount_zone(const struct mount *mount) { return mount->zone; }

/* The worst of its chains. */
enum chain_health mount_health(const struct mount *mount)
{
    int worst = CHAIN_FRESH;
    for (unsigned i = 0; i < mount->chain_count; i++) {
        int health = atomic_load_explicit(&mount->chains[i]->health, memory_order_relaxed);
        if (health == CHAIN_STARTING && worst < CHAIN_DOWN)
            worst = CHAIN_DOWN + 1;
        else if (health > worst)
            worst = health;
    }
    return worst > CHAIN_DOWN ? CHAIN_STARTING : (enum chain_health)worst;
}

void mount_judge_health(struct mount *mount)
{
    bool off = atomic_load_explicit(&mount->off, memory_order_relaxed);
    atomic_store_explicit(&mount->face->plain, !off && mount_health(mount) == CHAIN_FRESH, memory_order_relaxed);
}

bool note_knows(const struct cache_entry *entry, uint16_t type)
{
    const struct kept_note *note = entry->note;
    if (cache_entry_knows(entry, type))
        return true;
    for (size_t i = 0; type >= CACHE_TYPES && i < note->more_count; i++)
        if (note->more_types[i] == type)
            return true;
    return false;
}

/* Whether that type's failure is remembered, and why it was. */
static bool note_failed(const struct mount *mount, const struct kept_note *note, uint16_t type, uint64_t now_ms, struct mount_found *out)
{
    if (now_ms >= note->failed_until_ms)
        return false;
    if (note->failed_network && note->failed_at_ms <= atomic_load_explicit(&mount->recovered_ms, memory_order_relaxed))
        return false;
    for (size_t i = 0; i < note->failed_count; i++) {
        if (note->failed[i].type != type)
            continue;
        out->failure = note->failed[i].failure;
        out->reason = note->failed[i].reason;
        return true;
    }
    out->failure = note->rest_failure;
    out->reason = note->rest_reason;
    return note->rest_failed;
}

static enum mount_outcome judge_slowly(const struct mount *mount, const struct cache_entry *e, uint16_t type, uint64_t now_ms, struct mount_found *out)
{
    const struct kept_note *note = e->note;
    const bool known = e->value != NULL && note_knows(e, type), fresh = now_ms < e->valid_until_ms;
    const enum chain_health health = note->timeless ? CHAIN_FRESH : mount_health(mount);
    out->version = known ? e->value : NULL;
    out->ahead = (const struct zone_ahead *)(const void *)e->own;
    out->labels = e->labels;
    if (health == CHAIN_STARTING && note_failed(mount, note, type, now_ms, out)) {
        out->version = NULL;                    /* a lookup was tried, and knows why better */
        return MOUNT_FAILED;
    }
    if (health == CHAIN_DOWN || health == CHAIN_STARTING) {
        out->version = NULL;
        out->failure = health == CHAIN_DOWN ? CHAIN_FAILURE_STALE : CHAIN_FAILURE_NO_PROVIDER;
        out->reason = health == CHAIN_DOWN ? "the chain has not been heard of for too long" : "the chain is not reached yet";
        return MOUNT_FAILED;
    }
    if (known && fresh)
        return health == CHAIN_FRESH ? MOUNT_READY : MOUNT_STALE;
    if (!note_failed(mount, note, type, now_ms, out))
        return MOUNT_MISS;
    return known ? MOUNT_STALE : MOUNT_FAILED;
}

void mount_failure_told(const struct mount *mount, const struct mount_found *found)
{
    enum chain_health health = mount_health(mount);
    if (found->failure < CHAIN_FAILURES && (health == CHAIN_DOWN || health == CHAIN_STARTING))
        mount_count(&((struct mount *)(uintptr_t)mount)->counters.failures[found->failure], 1);
}

enum mount_outcome mount_judge(const struct mount *mount, const struct cache_entry *e, uint16_t type, uint64_t now_ms, struct mount_found *out)
{
    /* What nearly all come to.  (An entry without a value knows of no type.) */
    if (atomic_load_explicit(&mount->face->plain, memory_order_relaxed) && cache_entry_knows(e, type) && now_ms < e->valid_until_ms) {
        out->version = e->value;
        out->ahead = (const struct zone_ahead *)(const void *)e->own;
        out->labels = e->labels;
        return MOUNT_READY;
    }
    return judge_slowly(mount, e, type, now_ms, out);
}

/* The names of mounts themselves, and what nothing is known of. */
static enum mount_outcome without_entry(const struct mount *mount, struct name_view name, struct mount_found *out)
{
    out->version = NULL;
    out->ahead = NULL;
    out->labels = (uint8_t)mount_labels(mount, name);
    const struct zone *zone = name.labels == mount->options.suffix.labels && name_equal(name, mount->options.suffix) ? mount->zone
                            : mount->reverse_zone != NULL && name_equal(name, mount->options.reverse) ? mount->reverse_zone : NULL;
    if (zone == NULL)
        return MOUNT_MISS;
    out->version = zone_current(zone);
    return MOUNT_READY;
}

enum mount_outcome mount_find(const struct mount *mount, struct name_view name, uint16_t type, uint64_t now_ms, struct mount_found *out)
{
    const struct cache_entry *e = cache_find(mount->mounts->cache, mount->space, name);
    return e == NULL ? without_entry(mount, name, out) : mount_judge(mount, e, type, now_ms, out);
}

uint64_t mounts_begin(const struct mounts *mounts, struct name_view name) { return cache_begin(mounts->cache, name); }
void mounts_follow(const struct mounts *mounts, uint64_t begun) { cache_follow(mounts->cache, begun); }

enum mount_outcome mounts_take(const struct mounts *mounts, struct name_view name, uint16_t type, uint64_t begun, uint64_t now_ms, const struct mount **mount,
                               struct mount_found *out)
{
    const struct cache_entry *e = cache_take(mounts->cache, 0, name, begun);
    const struct mount *of_entry = e != NULL && e->space - SPACE_BASE < mounts->count ? &mounts->list[e->space - SPACE_BASE] : NULL;
    if (of_entry != NULL && !is_off(of_entry)) {
        *mount = of_entry;
        return mount_judge(of_entry, e, type, now_ms, out);
    }
    const struct mount *found = mounts_find(mounts, name);
    if (found == NULL)
        return MOUNT_OTHER;
    *mount = found;
    return without_entry(found, name, out);
}

void mount_counters_read(const struct mount *mount, struct mount_counters *out)
{
    const struct mount_atomics *c = &mount->counters;
    *out = (struct mount_counters){
        .asked = atomic_load_explicit(&c->asked, memory_order_relaxed),       .lookups = atomic_load_explicit(&c->lookups, memory_order_relaxed),
        .dropped = atomic_load_explicit(&c->dropped, memory_order_relaxed),   .invalidated = atomic_load_explicit(&c->invalidated, memory_order_relaxed),
        .stale = atomic_load_explicit(&c->stale, memory_order_relaxed),       .again = atomic_load_explicit(&c->again, memory_order_relaxed),
        .waiting = atomic_load_explicit(&c->waiting, memory_order_relaxed),
    };
    for (size_t i = 0; i < CHAIN_FAILURES; i++)
        out->failures[i] = atomic_load_explicit(&c->failures[i], memory_order_relaxed);
}
