/* SPDX-License-Identifier: Apache-2.0 */
/* Quiescent-state based reclamation with C11 atomics; no fences, so that TSan sees all of it.
 *
 * `clock` only grows.  A reader's `seen` is the clock at its last quiet moment, 0 while it is offline.  Retiring adds
 * one to the clock and tags the object with the result; it dies once every online reader has seen its tag.
 *  - A reader that has seen a tag loaded the clock (acquire) after the increment (release), so it also sees that the
 *    object was unpublished; and what it read before lies before its release store of `seen`.
 *  - The one hard case is a reader that comes online while a writer looks at it.  Both use a read-modify-write on
 *    `seen`, so one of them is first: either the writer finds the reader online, or the reader's exchange reads
 *    what the writer left, and with that sees the unpublishing. */
#include "base/epoch.h"
#include "base/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct epoch_reader {
    _Atomic uint64_t seen;
    struct epoch *epoch;
    struct epoch_reader *next;
    char apart[128 - 24]; /* so that two workers do not share a cache line */
};

struct retired {
    struct retired *next;
    void *object;
    void (*destroy)(void *);
    uint64_t tag;
};

struct epoch {
    _Atomic uint64_t clock;
    pthread_mutex_t lock; /* of the two lists; never taken by a reader between join and leave */
    struct epoch_reader *readers;
    struct retired *first, **last; /* in order of their tags */
    size_t waiting;
};

struct epoch *epoch_new(void)
{
    struct epoch *epoch = mem_alloc(sizeof *epoch);
    if (!epoch)
        return NULL;
    atomic_init(&epoch->clock, 1);
    pthread_mutex_init(&epoch->lock, NULL);
    epoch->last = &epoch->first;
    return epoch;
}

static void destroy_list(struct retired *list)
{
    for (struct retired *next; list; list = next) {
        next = list->next;
        list->destroy(list->object);
        mem_free(list);
    }
}

void epoch_free(struct epoch *epoch)
{
    if (!epoch)
        return;
    require(epoch->readers == NULL);
    while (epoch_reclaim(epoch) > 0)
        continue;
    pthread_mutex_destroy(&epoch->lock);
    mem_free(epoch);
}

enum status epoch_join(struct epoch *epoch, struct epoch_reader **out)
{
    struct epoch_reader *reader = mem_alloc(sizeof *reader);
    if (!reader)
        return E_NOMEM;
    reader->epoch = epoch;
    pthread_mutex_lock(&epoch->lock);
    reader->next = epoch->readers;
    epoch->readers = reader;
    pthread_mutex_unlock(&epoch->lock);
    epoch_online(reader);
    *out = reader;
    return OK;
}

void epoch_leave(struct epoch_reader *reader)
{
    if (!reader)
        return;
    struct epoch *epoch = reader->epoch;
    epoch_offline(reader);
    pthread_mutex_lock(&epoch->lock);
    for (struct epoch_reader **link = &epoch->readers; *link; link = &(*link)->next) {
        if (*link != reader)
            continue;
        *link = reader->next;
        break;
    }
    pthread_mutex_unlock(&epoch->lock);
    mem_free(reader);
}

void epoch_quiet(struct epoch_reader *reader)
{
    uint64_t now = atomic_load_explicit(&reader->epoch->clock, memory_order_acquire);
    atomic_store_explicit(&reader->seen, now, memory_order_release);
}

void epoch_offline(struct epoch_reader *reader) { atomic_store_explicit(&reader->seen, 0, memory_order_release); }

void epoch_online(struct epoch_reader *reader)
{
    uint64_t now = atomic_load_explicit(&reader->epoch->clock, memory_order_acquire);
    (void)atomic_exchange_explicit(&reader->seen, now, memory_order_acq_rel);
}

/* The tag up to which all readers have seen the clock.  Under the lock. */
static uint64_t seen_by_all(struct epoch *epoch)
{
    uint64_t least = UINT64_MAX;
    for (struct epoch_reader *reader = epoch->readers; reader; reader = reader->next) {
        uint64_t seen = atomic_fetch_add_explicit(&reader->seen, 0, memory_order_acq_rel);
        if (seen && seen < least)
            least = seen;
    }
    return least;
}

static uint64_t tick(struct epoch *epoch)
{
    return atomic_fetch_add_explicit(&epoch->clock, 1, memory_order_acq_rel) + 1;
}

void epoch_retire(struct epoch *epoch, void *object, void (*destroy)(void *))
{
    struct retired *note = mem_alloc(sizeof *note);
    if (!note) {
        epoch_wait(epoch);
        destroy(object);
        return;
    }
    note->object = object;
    note->destroy = destroy;
    pthread_mutex_lock(&epoch->lock);
    note->tag = tick(epoch);
    *epoch->last = note;
    epoch->last = &note->next;
    epoch->waiting++;
    pthread_mutex_unlock(&epoch->lock);
}

size_t epoch_reclaim(struct epoch *epoch)
{
    struct retired *dead = NULL, **end = &dead;
    pthread_mutex_lock(&epoch->lock);
    uint64_t reached = epoch->first ? seen_by_all(epoch) : 0;
    while (epoch->first && epoch->first->tag <= reached) {
        *end = epoch->first;
        end = &epoch->first->next;
        epoch->first = epoch->first->next;
        epoch->waiting--;
    }
    *end = NULL;
    if (!epoch->first)
        epoch->last = &epoch->first;
    size_t waiting = epoch->waiting;
    pthread_mutex_unlock(&epoch->lock);
    destroy_list(dead); /* without the lock: it may retire more */
    return waiting;
}

void epoch_wait(struct epoch *epoch)
{
    uint64_t tag = tick(epoch);
    for (long pause_ns = 20000;; pause_ns = pause_ns < 1000000 ? pause_ns * 2 : pause_ns) {
        pthread_mutex_lock(&epoch->lock);
        uint64_t reached = seen_by_all(epoch);
        pthread_mutex_unlock(&epoch->lock);
        if (reached >= tag)
            return;
        nanosleep(&(struct timespec){ .tv_nsec = pause_ns }, NULL);
    }
}
