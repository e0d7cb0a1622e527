/* SPDX-License-Identifier: Apache-2.0 */
/* Between the hall and the mounts.  Workers find, park and post; the loop's thread wakes. */
#include "daemon/mounts.h"

#include "names/mount_find.h"
#include "policy/policy.h"
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { SUFFIXES_MAX = 128, STALE_TTL = 30, EARLY_MS = 60 /* clocks of workers are coarse */, WAIT_PROBES = 64 };
enum { TOLD_REFUSED = 1 /* nothing was looked up */ };

/* One that waits.  They lie in one array, so that what is left at the end is found. */
struct waiter {
    struct mount_asked asked;
    struct serve_ticket *ticket;
    _Atomic bool used;
};
struct mounts_source {
    const struct chains *chains;
    const struct mounts *mounts;
    struct acl *own;                    /* for mounts that do not say who may ask */
    struct rrl *cold;
    struct name_view suffixes[SUFFIXES_MAX]; size_t suffix_count;
    struct waiter *waiters;
    _Atomic uint32_t next;
    _Atomic uint64_t parked, stale, refused, limited, full, timeouts;
};

static void count(_Atomic uint64_t *counter) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

/* ---- the short way ---- */

static const struct mounts_face *face_of(const void *context) { return mounts_face(((const struct mounts_source *)context)->mounts); }

static void begin(void *context, struct serve_seek *seeks, size_t count)
{
    const struct cache_face *cache = face_of(context)->cache;
    for (struct serve_seek *seek = seeks; seek < seeks + count; seek++)
        seek->begun = cache_begin_inline(cache, seek->name);
}

static void follow(void *context, struct serve_seek *seeks, size_t count)
{
    const struct cache_face *cache = face_of(context)->cache;
    for (struct serve_seek *seek = seeks; seek < seeks + count; seek++)
        cache_follow_inline(cache, seek->begun);
}

/* Not in the cache, or not as it should be; or the name of a mount itself. */
__attribute__((noinline)) static void find_slowly(const struct mounts *mounts, struct serve_seek *seek, uint64_t now_ms)
{
    const struct mount *mount;
    struct mount_found found;
    enum mount_outcome outcome = mounts_take(mounts, seek->name, seek->type, seek->begun, now_ms, &mount, &found);
    seek->sought = outcome == MOUNT_OTHER ? SERVE_SOUGHT_OTHER : outcome == MOUNT_READY ? SERVE_SOUGHT_READY : SERVE_SOUGHT_LONG;
    if (outcome == MOUNT_OTHER)
        return;
    seek->labels = found.labels;
    seek->zone = mount_zone(mount);
    seek->version = found.version;
    seek->ahead = found.ahead;
}

static void find(void *context, struct serve_seek *seeks, size_t count, uint64_t now_ms)
{
    const struct mounts_source *source = context;
    const struct mounts_face *face = mounts_face(source->mounts);
    for (struct serve_seek *seek = seeks; seek < seeks + count; seek++) {
        const struct mount_face *mount;
        const struct cache_entry *e = mounts_take_inline(face, seek->name, seek->type, seek->begun, now_ms, &mount);
        if (__builtin_expect(e == NULL, 0)) {
            find_slowly(source->mounts, seek, now_ms);
            continue;
        }
        seek->sought = SERVE_SOUGHT_READY;
        seek->labels = e->labels;
        seek->zone = mount->zone;
        seek->version = e->value;
        seek->ahead = (const struct zone_ahead *)(const void *)e->own;
    }
}

/* ---- waiting ---- */

static void told(struct mount_asked *asked)
{
    struct waiter *waiter = (struct waiter *)(void *)((uint8_t *)asked - offsetof(struct waiter, asked));
    struct serve_ticket *ticket = waiter->ticket;
    if (asked->status != OK)
        serve_tell(ticket, TOLD_REFUSED);
    while (serve_wake(ticket) != OK)                /* out of memory for a moment */
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    atomic_store_explicit(&waiter->used, false, memory_order_release);
}

static struct waiter *waiter_take(struct mounts_source *source)
{
    for (unsigned i = 0; i < WAIT_PROBES; i++) {
        struct waiter *waiter = &source->waiters[atomic_fetch_add_explicit(&source->next, 1, memory_order_relaxed) % MOUNTS_WAITING_MAX];
        if (!atomic_exchange_explicit(&waiter->used, true, memory_order_acquire))
            return waiter;
    }
    return NULL;
}

static enum serve_source_outcome fail(struct answer_result *result, uint16_t ede, const char *text)
{
    result->ede = ede;
    result->ede_text = text;
    return SERVE_SOURCE_FAILED;
}

static enum serve_source_outcome park(struct mounts_source *source, struct mount *mount, const struct serve_question *question, struct visit *visit,
                                      struct answer_result *result)
{
    struct waiter *waiter = waiter_take(source);
    struct serve_ticket *ticket = waiter == NULL ? NULL : serve_park(visit);
    if (ticket == NULL) {
        if (waiter != NULL)
            atomic_store_explicit(&waiter->used, false, memory_order_release);
        count(&source->full);
        return fail(result, EDE_OTHER, "too many questions are waiting");
    }
    waiter->ticket = ticket;
    waiter->asked = (struct mount_asked){ .mount = mount, .name = name_copy(question->name), .type = question->type, .told = told };
    count(&source->parked);
    mount_ask(&waiter->asked);
    return SERVE_SOURCE_PENDING;
}

/* ---- the long way ---- */

static const struct acl *allowed(const struct mounts_source *source, const struct mount *mount)
{
    for (size_t i = 0; i < source->chains->count; i++)
        if (source->chains->list[i].mount == mount && source->chains->list[i].allow != NULL)
            return source->chains->list[i].allow;
    return source->own;
}

static enum serve_source_outcome answer_stale(struct mounts_source *source, const struct serve_question *question, struct visit *visit,
                                              const struct mount_found *found, struct reply *reply, struct answer_result *result)
{
    enum serve_source_outcome outcome = serve_answer_version(visit, question, found->version, reply, result);
    if (outcome != SERVE_SOURCE_ANSWERED)
        return outcome;
    count(&source->stale);
    serve_cap_ttl(reply, STALE_TTL);                /* RFC 8767 4 */
    result->ede = EDE_STALE;
    result->ede_text = "the chain cannot be asked now";
    return outcome;
}

static enum serve_source_outcome answer_failed(const struct mount_found *found, struct answer_result *result)
{
    switch (found->failure) {
    case CHAIN_FAILURE_NONE: return fail(result, EDE_INVALID_DATA, found->reason);      /* malformed on chain */
    case CHAIN_FAILURE_NO_PROVIDER: case CHAIN_FAILURE_TIMEOUT: case CHAIN_FAILURE_STALE: case CHAIN_FAILURE_STOPPED:
        return fail(result, EDE_NO_REACHABLE, found->reason);
    default: return fail(result, EDE_NETWORK, found->reason);
    }
}

static enum serve_source_outcome look_up(struct mounts_source *source, struct mount *mount, const struct serve_question *question, struct visit *visit,
                                         const struct mount_found *found, struct reply *reply, struct answer_result *result)
{
    const uint64_t since = serve_parked_since(visit), now = serve_now_ms(visit), waited = since == 0 ? 0 : now - since + EARLY_MS;
    const bool full = serve_told(visit) == TOLD_REFUSED;
    if (found->version != NULL && (full || waited >= MOUNT_SOFT_MS))
        return answer_stale(source, question, visit, found, reply, result);
    if (full) {
        count(&source->full);
        return fail(result, EDE_OTHER, "too many names are being looked up");
    }
    if (waited >= MOUNT_HARD_MS) {
        count(&source->timeouts);
        return fail(result, EDE_NO_REACHABLE, "the chain has not answered yet, the lookup goes on");
    }
    if (since == 0 && !acl_permits(allowed(source, mount), question->client)) {
        count(&source->refused);
        result->ede = EDE_PROHIBITED;
        result->ede_text = "names that are not known yet are looked up for others than you";
        return SERVE_SOURCE_REFUSED;
    }
    if (since == 0 && rrl_admit(source->cold, question->client, RRL_NXDOMAIN, 1, now) != RRL_SEND) {
        count(&source->limited);
        return fail(result, EDE_OTHER, "your network has too many new names looked up");
    }
    return park(source, mount, question, visit, result);
}

static enum serve_source_outcome answer(void *context, const struct serve_question *question, struct visit *visit, struct reply *reply,
                                        struct answer_result *result)
{
    struct mounts_source *source = context;
    struct mount *mount = mounts_find(source->mounts, question->name);
    struct mount_found found = { 0 };
    if (mount == NULL)
        return fail(result, EDE_OTHER, NULL);
    if (!serve_enter(visit, mount_zone(mount), result))
        return SERVE_SOURCE_REFUSED;
    switch (mount_find(mount, question->name, question->type, serve_now_ms(visit), &found)) {
    case MOUNT_READY: return serve_answer_version(visit, question, found.version, reply, result);
    case MOUNT_STALE: return answer_stale(source, question, visit, &found, reply, result);
    case MOUNT_FAILED:
        mount_failure_told(mount, &found);
        return answer_failed(&found, result);
    default: return look_up(source, mount, question, visit, &found, reply, result);
    }
}

static int match(void *context, const struct serve_question *question)
{
    const struct mounts_source *source = context;
    if (question->klass != CLASS_IN && question->klass != CLASS_ANY)
        return -1;
    const struct mount *mount = mounts_find(source->mounts, question->name);
    return mount == NULL ? -1 : mount_labels(mount, question->name);
}

/* ---- making and ending ---- */

enum status mounts_source_new(const struct chains *chains, struct mounts_source **out)
{
    struct mounts_source *source = mem_alloc(sizeof *source);
    if (source == NULL)
        return E_NOMEM;
    struct rrl_options cold = rrl_defaults();
    cold.responses_per_second = MOUNTS_COLD_PER_SECOND;
    cold.slip = 0;
    cold.window_seconds = 0;
    cold.table_slots = 4096;
    source->chains = chains;
    source->mounts = chains->mounts;
    source->own = acl_new();
    source->cold = rrl_new(&cold);
    source->waiters = mem_alloc(MOUNTS_WAITING_MAX * sizeof *source->waiters);
    if (source->own == NULL || source->cold == NULL || source->waiters == NULL || acl_add(source->own, slice_string("own")) != OK) {
        mounts_source_free(source);
        return E_NOMEM;
    }
    struct name_view suffix;
    for (size_t position = 0; source->suffix_count < SUFFIXES_MAX && mounts_suffix_next(chains->mounts, &position, &suffix);)
        source->suffixes[source->suffix_count++] = suffix;
    *out = source;
    return OK;
}

void mounts_source_fill(struct mounts_source *source, struct serve_source *out)
{
    *out = (struct serve_source){ .name = "mounts", .match = match, .answer = answer, .context = source, .suffixes = source->suffixes,
                                  .suffix_count = source->suffix_count, .begin = begin, .follow = follow, .find = find };
}

void mounts_source_free(struct mounts_source *source)
{
    if (source == NULL)
        return;
    for (size_t i = 0; source->waiters != NULL && i < MOUNTS_WAITING_MAX; i++)
        if (atomic_load_explicit(&source->waiters[i].used, memory_order_acquire))
            serve_forget(source->waiters[i].ticket);
    mem_free(source->waiters);
    acl_free(source->own);
    rrl_free(source->cold);
    mem_free(source);
}

void mounts_source_counters_read(const struct mounts_source *source, struct mounts_source_counters *out)
{
    *out = (struct mounts_source_counters){
        .parked = atomic_load_explicit(&source->parked, memory_order_relaxed),   .stale = atomic_load_explicit(&source->stale, memory_order_relaxed),
        .refused = atomic_load_explicit(&source->refused, memory_order_relaxed), .limited = atomic_load_explicit(&source->limited, memory_order_relaxed),
        .full = atomic_load_explicit(&source->full, memory_order_relaxed),       .timeouts = atomic_load_explicit(&source->timeouts, memory_order_relaxed),
    };
}
