/* SPDX-License-Identifier: Apache-2.0 */
/* What a reload replaces: the setup, and the options of each zone. */
#include "serve/inside.h"

struct serve_setup *serve_setup_new(void)
{
    struct serve_setup *setup = mem_alloc(sizeof *setup);
    if (setup == NULL)
        return NULL;
    setup->udp_payload = 1232;
    setup->answer = answer_defaults();
    setup->cookies = true;
    return setup;
}

void serve_setup_free(void *setup)
{
    struct serve_setup *s = setup;
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->view_count; i++) {
        mem_free(s->views[i].name);
        acl_free(s->views[i].clients);
    }
    mem_free(s->views);
    mem_free(s->nsid);
    mem_free(s->version);
    mem_wipe(&s->secrets, sizeof s->secrets);
    mem_free(s);
}

struct serve_zone *serve_zone_new(void) { return mem_alloc(sizeof(struct serve_zone)); }

void serve_zone_free(void *options)
{
    struct serve_zone *o = options;
    if (o == NULL)
        return;
    if (o->owns_acls) {
        acl_free(o->allow_query);
        acl_free(o->allow_transfer);
    }
    mem_free(o);
}

const struct serve_zone *serve_zone_options(const struct zone *zone)
{
    struct zone_slot *slot = zone_user(zone);
    return slot == NULL ? NULL : atomic_load_explicit(&slot->options, memory_order_acquire);
}

enum status serve_zone_set(struct zone *zone, struct serve_zone *options, struct epoch *epoch)
{
    struct zone_slot *slot = zone_user(zone);
    if (slot == NULL) {
        slot = mem_alloc(sizeof *slot);
        if (slot == NULL)
            return E_NOMEM;
        atomic_store_explicit(&slot->options, options, memory_order_relaxed);
        zone_set_user(zone, slot);
        return OK;
    }
    struct serve_zone *old = atomic_exchange_explicit(&slot->options, options, memory_order_acq_rel);
    if (old != NULL)
        epoch_retire(epoch, old, serve_zone_free);
    return OK;
}

void serve_zone_clear(struct zone *zone)
{
    struct zone_slot *slot = zone_user(zone);
    if (slot == NULL)
        return;
    zone_set_user(zone, NULL);
    serve_zone_free(atomic_load_explicit(&slot->options, memory_order_relaxed));
    free(atomic_load_explicit(&slot->counts, memory_order_relaxed));
    mem_free(slot);
}
