/* SPDX-License-Identifier: Apache-2.0 */
/* From an overlay to a new base, and on from there. */
#include "zone/edit.h"
#include "zone/overlay.h"

bool zone_version_is_flat(const struct zone_version *v) { return v->slot_count != 0; }

/* A few per cent, and small zones now and then. */
bool zone_version_is_worn(const struct zone_version *v)
{
    enum { FEW = 256, PART = 32 };
    const struct overlay *o = version_overlay(v);
    if (!o)
        return false;
    uint32_t bound = FEW + o->base->node_count / PART;
    return o->changed > bound || tree_pieces(o->denial) > 4 * bound || o->next_id > UINT32_MAX / 4;
}

typedef enum status record_sink(void *to, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size);

static enum status each_record(const struct zone_version *v, const struct zone_node *n, record_sink *sink, void *to)
{
    struct rrset set;
    const uint8_t *rdata;
    uint16_t size;
    enum status st = OK;
    struct name_view owner = zone_node_name(v, n);
    for (size_t position = 0; st == OK && zone_node_rrset_next(v, n, &position, &set);) {
        for (size_t at = 0; st == OK && rrset_next(set.records, set.bytes, &at, &rdata, &size);)
            st = sink(to, owner, set.type, set.ttl, rdata, size);
        for (size_t at = 0; st == OK && rrset_next(set.sigs, set.sig_bytes, &at, &rdata, &size);)
            st = sink(to, owner, TYPE_RRSIG, set.sig_ttl, rdata, size);
    }
    return st;
}

static enum status to_builder(void *to, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    return zone_builder_append(to, owner, type, ttl, rdata, size, NULL);
}

static enum status to_edit(void *to, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    return zone_edit_add(to, owner, type, ttl, rdata, size);
}

enum status zone_edit_add_node(struct zone_edit *edit, const struct zone_version *v, const struct zone_node *n)
{
    return each_record(v, n, to_edit, edit);
}

enum status zone_version_flatten(const struct zone_version *v, struct zone_version **out)
{
    struct zone_builder *b = NULL;
    enum status st = zone_builder_new(zone_version_origin(v), zone_version_class(v), &b);
    uint32_t nodes = zone_version_nodes(v);
    for (uint32_t i = 0; st == OK && i < nodes; i++)
        st = each_record(v, zone_version_node(v, i), to_builder, b);
    if (st == OK)
        return zone_builder_finish(b, false, out);
    zone_builder_free(b);
    return st;
}

/* ---- what came since ---- */

struct catching_up {
    const struct zone_version *now;
    struct zone_edit *edit;
    uint32_t from;          /* nodes with lower numbers are in the flattened version */
    enum status st;
};

static bool catch_up(void *context, const struct overlay_node *leaf)
{
    struct catching_up *c = context;
    const struct zone_node *n = overlay_node_of(leaf);
    if (leaf->id < c->from)
        return true;
    c->st = zone_edit_remove_name(c->edit, zone_node_name(c->now, n));
    if (c->st == OK && !leaf->gone)
        c->st = zone_edit_add_node(c->edit, c->now, n);
    return c->st == OK;
}

enum status zone_version_rebase(const struct zone_version *flat, const struct zone_version *then, const struct zone_version *now,
                                struct zone_version **out)
{
    const struct overlay *o = version_overlay(now), *was = version_overlay(then);
    struct catching_up c = { .now = now, .from = was ? was->next_id : 0 };
    if (!o || o->base != version_base(then))
        return E_INVALID;
    c.st = zone_edit_begin(flat, &c.edit);
    if (c.st != OK)
        return c.st;
    c.st = zone_edit_remove_name(c.edit, zone_version_origin(now));
    if (c.st == OK)
        c.st = zone_edit_add_node(c.edit, now, o->apex);
    if (c.st == OK)
        (void)trie_each(o->changes, catch_up, &c);
    if (c.st == OK)
        return zone_edit_finish(c.edit, NULL, out);
    zone_edit_free(c.edit);
    return c.st;
}
