/* SPDX-License-Identifier: Apache-2.0 */
/* Following chains on behalf of the cache: logs to what they change, heads, reorganisations, and which contracts are watched. */
#include "names/mount_inside.h"

#include "base/log.h"
#include <string.h>

/* ---- keys touched lately ---- */

static uint32_t *recent_head(const struct recent *recent, uint64_t key) { return (uint32_t *)(uintptr_t)&recent->heads[key % RECENT_HEADS]; }

static void recent_forget(struct recent *recent, uint32_t index)
{
    for (uint32_t *link = recent_head(recent, recent->ring[index].key); *link != 0; link = &recent->ring[*link - 1].next) {
        if (*link != index + 1)
            continue;
        *link = recent->ring[index].next;
        return;
    }
}

void recent_add(struct recent *recent, uint64_t key, uint64_t block)
{
    uint32_t index = (uint32_t)(recent->added % RECENT_KEYS);
    if (recent->added >= RECENT_KEYS) {
        if (recent->ring[index].block > recent->forgotten_block)
            recent->forgotten_block = recent->ring[index].block;
        recent_forget(recent, index);
    }
    uint32_t *head = recent_head(recent, key);
    recent->ring[index].key = key;
    recent->ring[index].block = block;
    recent->ring[index].next = *head;
    *head = index + 1;
    recent->added++;
}

bool recent_changed(const struct recent *recent, uint64_t key, uint64_t block)
{
    if (block < recent->forgotten_block)
        return true;
    for (uint32_t at = *recent_head(recent, key); at != 0; at = recent->ring[at - 1].next)
        if (recent->ring[at - 1].key == key && recent->ring[at - 1].block > block)
            return true;
    return false;
}

/* ---- contracts ---- */

static uint64_t own_key(const struct followed *followed, const char *what)
{
    static const struct eth_address none;
    struct eth_word mark = { { 0 } };
    memcpy(mark.octets, what, strlen(what));
    return depend_key(chain_id(followed->chain), &none, DEPEND_CODE, &mark, NULL);
}

uint64_t one_block_key(const struct followed *followed) { return own_key(followed, "one block"); }
uint64_t clock_key(const struct followed *followed) { return own_key(followed, "clock"); }

static void watched_drop(struct watched *watched)
{
    if (atomic_fetch_sub_explicit(&watched->uses, 1, memory_order_acq_rel) == 1)
        mem_free(watched);
}

struct watched *followed_watch(struct followed *followed, const struct eth_address *contract, bool keep)
{
    struct watched *watched = table_find(followed->watched, contract->octets, sizeof contract->octets);
    if (watched == NULL) {
        watched = mem_alloc(sizeof *watched);
        if (watched == NULL)
            return NULL;
        *watched = (struct watched){ .contract = *contract, .since = followed->has_head ? followed->head.number + 1 : 0 };
        atomic_init(&watched->uses, 1);
        if (chain_watch(followed->chain, contract) != OK) {
            mem_free(watched);
            return NULL;
        }
        if (table_set(followed->watched, contract->octets, sizeof contract->octets, watched, NULL) != OK) {
            chain_unwatch(followed->chain, contract);
            mem_free(watched);
            return NULL;
        }
    }
    watched->kept |= keep;
    if (!keep)
        atomic_fetch_add_explicit(&watched->uses, 1, memory_order_relaxed);
    return watched;
}

void note_free(void *note)
{
    struct kept_note *n = note;
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->watched_count; i++)
        watched_drop(n->watched[i]);
    mem_free(n);
}

/* Those that nothing rests on any more.  One at a time is taken out, for the table must not change while it is walked. */
static void sweep_watched(struct followed *followed)
{
    enum { AT_ONCE = 64 };
    struct watched *unused[AT_ONCE];
    size_t count = 0, position = 0, bytes;
    const void *key;
    void *value;
    while (count < AT_ONCE && table_next(followed->watched, &position, &key, &bytes, &value)) {
        struct watched *watched = value;
        if (!watched->kept && atomic_load_explicit(&watched->uses, memory_order_acquire) == 1)
            unused[count++] = watched;
    }
    for (size_t i = 0; i < count; i++) {
        (void)table_remove(followed->watched, unused[i]->contract.octets, sizeof unused[i]->contract.octets);
        chain_unwatch(followed->chain, &unused[i]->contract);
        watched_drop(unused[i]);
    }
}

/* ---- what the chain tells ---- */

static bool rests_on(const struct mount *mount, const struct followed *followed)
{
    for (unsigned i = 0; i < mount->chain_count; i++)
        if (mount->chains[i] == followed)
            return true;
    return false;
}

/* Once for each name system on this chain. */
static bool first_of_source(const struct mounts *mounts, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (mounts->list[i].options.source == mounts->list[index].options.source)
            return false;
    return true;
}

static size_t touch(struct followed *followed, uint64_t key, uint64_t block)
{
    recent_add(followed->recent, key, block);
    return cache_touch(followed->mounts->cache, key);
}

/* The number of the block, but never less than before: after a reorganisation, and where a mount rests on two chains. */
static uint32_t serial_after(uint32_t serial, uint64_t number) { return (uint32_t)number > serial ? (uint32_t)number : serial + 1; }

static void on_logs(void *context, const struct eth_block *block, const struct chain_log *logs, size_t count)
{
    struct followed *followed = context;
    struct mounts *mounts = followed->mounts;
    size_t gone = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t keys[DEPEND_LOG_KEYS];
        size_t found = depend_from_log(chain_id(followed->chain), &logs[i], keys);
        if (found == SIZE_MAX) {
            keys[0] = depend_key(chain_id(followed->chain), &logs[i].address, DEPEND_CODE, NULL, NULL);
            found = 1;
        }
        for (size_t k = 0; k < found; k++)
            gone += touch(followed, keys[k], block->number);
    }
    for (size_t i = 0; i < mounts->count; i++) {
        struct mount *mount = &mounts->list[i];
        if (!rests_on(mount, followed))
            continue;
        if (gone > 0)
            mount->serial = serial_after(mount->serial, block->number);
        mount_count(&mount->counters.invalidated, gone);
        if (first_of_source(mounts, i))
            name_source_logs(mount->options.source, block, logs, count);
    }
}

static void tell_serial(struct mount *mount)
{
    struct zone_version *version;
    if (mount->serial == mount->told_serial)
        return;
    if (vzone_build_apex(&mount->options, mount->options.suffix, mount->serial, &version) != OK)
        return;                             /* the old one stays, for one more block */
    zone_publish(mount->zone, version, mount->mounts->epoch);
    if (mount->reverse_zone != NULL && vzone_build_apex(&mount->options, mount->options.reverse, mount->serial, &version) == OK)
        zone_publish(mount->reverse_zone, version, mount->mounts->epoch);
    mount->told_serial = mount->serial;
}

static void on_head(void *context, const struct eth_block *block)
{
    struct followed *followed = context;
    struct mounts *mounts = followed->mounts;
    const uint64_t now = chain_loop_now_ms(mounts->loop), took = now - followed->head_at_ms;
    const bool first = !followed->has_head;
    const bool late = first || took > 2 * followed->interval_ms + 500;     /* it was not heard of for a while: failures from then are worth another try */
    enum { AHEAD_SECONDS = 120 };
    const bool leapt = !first && block->time > followed->head.time + took / 1000 + AHEAD_SECONDS;
    followed->interval_ms = first || late ? followed->interval_ms : (3 * followed->interval_ms + took) / 4;
    if (followed->interval_ms == 0)
        followed->interval_ms = took;
    followed->head = *block;
    followed->has_head = true;
    followed->head_at_ms = now;
    followed->heads++;
    cache_touch(mounts->cache, one_block_key(followed));
    if (leapt)                              /* clocks that ran by ours are wrong: of test chains, and of those that stood still */
        cache_touch(mounts->cache, clock_key(followed));
    cache_expire(mounts->cache, now > STALE_KEPT_MS ? now - STALE_KEPT_MS : 0);
    for (size_t i = 0; i < mounts->count; i++) {
        struct mount *mount = &mounts->list[i];
        if (!rests_on(mount, followed))
            continue;
        if (mount->serial == 0)
            mount->serial = (uint32_t)block->number;
        if (late)
            atomic_store_explicit(&mount->recovered_ms, now, memory_order_relaxed);
        tell_serial(mount);
    }
    if (followed->heads % UNUSED_SWEEP_HEADS == 0)
        sweep_watched(followed);
}

/* Blocks from `from` on: either they are the chain's no more, and with them goes what was read at them; or the next block's logs could not be had
 * (it is behind our head), and then any entry may be wrong. */
static void on_drop(void *context, uint64_t from)
{
    struct followed *followed = context;
    struct mounts *mounts = followed->mounts;
    const bool gap = !followed->has_head || from > followed->head.number;
    followed->generation++;
    if (!gap)                       /* the head is the block before, until the next one comes: to drop what is behind it is a gap then */
        followed->head.number = from > 0 ? from - 1 : 0;
    for (size_t i = 0; i < mounts->count; i++) {
        struct mount *mount = &mounts->list[i];
        if (!rests_on(mount, followed))
            continue;
        /* Numbers are those of one chain: what rests on two goes as a whole. */
        size_t gone = gap || mount->chain_count > 1 ? cache_flush(mounts->cache, mount->space, NULL, true) : cache_drop_born(mounts->cache, mount->space, from);
        mount_count(&mount->counters.dropped, gone);
        if (first_of_source(mounts, i))
            name_source_drop(mount->options.source, from);
    }
}

static void on_health(void *context, enum chain_health health)
{
    struct followed *followed = context;
    enum chain_health before = (enum chain_health)atomic_exchange_explicit(&followed->health, (int)health, memory_order_relaxed);
    for (size_t i = 0; i < followed->mounts->count; i++)
        mount_judge_health(&followed->mounts->list[i]);     /* also those of other chains: it is as it was */
    if (health != CHAIN_FRESH || before == CHAIN_FRESH)
        return;
    for (size_t i = 0; i < followed->mounts->count; i++)
        if (rests_on(&followed->mounts->list[i], followed))
            atomic_store_explicit(&followed->mounts->list[i].recovered_ms, chain_loop_now_ms(followed->mounts->loop), memory_order_relaxed);
}

enum status followed_get(struct mounts *mounts, struct chain *chain, struct followed **out)
{
    for (size_t i = 0; i < mounts->followed_count; i++) {
        if (mounts->followed[i]->chain == chain) {
            *out = mounts->followed[i];
            return OK;
        }
    }
    struct followed *followed = mounts->followed_count == FOLLOWED_MAX ? NULL : mem_alloc(sizeof *followed);
    if (followed == NULL)
        return E_NOMEM;
    *followed = (struct followed){ .mounts = mounts, .chain = chain, .watched = table_new(), .recent = mem_alloc(sizeof *followed->recent) };
    if (followed->watched == NULL || followed->recent == NULL) {
        followed_free(followed);
        return E_NOMEM;
    }
    followed->has_head = chain_head(chain, &followed->head);
    atomic_init(&followed->health, (int)chain_health(chain));
    followed->follower = (struct chain_follower){ followed, on_logs, on_head, on_drop, on_health, NULL };
    mounts->followed[mounts->followed_count++] = followed;
    chain_follow(chain, &followed->follower);
    *out = followed;
    return OK;
}

void followed_free(struct followed *followed)
{
    size_t position = 0, bytes;
    const void *key;
    void *value;
    while (followed->watched != NULL && table_next(followed->watched, &position, &key, &bytes, &value))
        watched_drop(value);
    table_free(followed->watched);
    mem_free(followed->recent);
    mem_free(followed);
}
