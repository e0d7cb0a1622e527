/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/inside.h"

#include <stdatomic.h>
#include <string.h>

struct zone {
    _Atomic(struct zone_version *) current;
    _Atomic uint64_t generation;
    void *_Atomic user;
    _Atomic uint32_t references;
    uint16_t klass;
    uint8_t length, labels;
    uint8_t name[];
};

struct zone *zone_new(struct name_view name, uint16_t klass)
{
    struct zone *z = mem_alloc(offsetof(struct zone, name) + name.length);
    if (!z)
        return NULL;
    atomic_init(&z->references, 1);
    z->klass = klass;
    z->length = name.length;
    z->labels = name.labels;
    memcpy(z->name, name.wire, name.length);
    return z;
}

struct zone *zone_ref(struct zone *z)
{
    atomic_fetch_add_explicit(&z->references, 1, memory_order_relaxed);
    return z;
}

void zone_unref(void *zone)
{
    struct zone *z = zone;
    if (!z || atomic_fetch_sub_explicit(&z->references, 1, memory_order_acq_rel) != 1)
        return;
    zone_version_free(atomic_load_explicit(&z->current, memory_order_relaxed));
    mem_free(z);
}

struct name_view zone_name(const struct zone *z) { return (struct name_view){ z->name, z->length, z->labels }; }
uint16_t zone_class(const struct zone *z) { return z->klass; }

const struct zone_version *zone_current(const struct zone *z)
{
    return atomic_load_explicit(&z->current, memory_order_acquire);
}

uint64_t zone_generation(const struct zone *z) { return atomic_load_explicit(&z->generation, memory_order_acquire); }

void zone_publish(struct zone *z, struct zone_version *next, struct epoch *epoch)
{
    struct zone_version *old = atomic_exchange_explicit(&z->current, next, memory_order_acq_rel);
    atomic_fetch_add_explicit(&z->generation, 1, memory_order_release);
    if (old)
        epoch_retire(epoch, old, zone_version_free);
}

void zone_set_user(struct zone *z, void *user) { atomic_store_explicit(&z->user, user, memory_order_release); }
void *zone_user(const struct zone *z) { return atomic_load_explicit(&z->user, memory_order_acquire); }
