/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of changes, and finishing them: sorted by owner they are applied to a copy of the version before, which costs a header and the apex,
 * for the rest is shared. */
#include "zone/edit_inside.h"

#include <stdlib.h>
#include <string.h>

#include "zone/digest.h"

struct zone_edit {
    const struct zone_version *version;
    struct arena *arena;
    struct edit_op *ops;
    uint32_t count, room;
};

/* ---- listing ---- */

enum status zone_edit_begin(const struct zone_version *version, struct zone_edit **out)
{
    struct zone_edit *e = mem_alloc(sizeof *e);
    if (!e)
        return E_NOMEM;
    e->arena = arena_new(0);
    if (!e->arena) {
        mem_free(e);
        return E_NOMEM;
    }
    zone_version_hold(version);
    e->version = version;
    *out = e;
    return OK;
}

void zone_edit_free(struct zone_edit *e)
{
    if (!e)
        return;
    zone_version_free((void *)(uintptr_t)e->version);
    arena_free(e->arena);
    mem_free(e->ops);
    mem_free(e);
}

static enum status op_room(struct zone_edit *e)
{
    if (e->count < e->room)
        return OK;
    uint32_t room = e->room ? e->room * 2 : 16;
    struct edit_op *more = room > e->room ? mem_resize(e->ops, room * sizeof *more) : NULL;
    if (!more)
        return E_NOMEM;
    e->ops = more;
    e->room = room;
    return OK;
}

static enum status op_add(struct zone_edit *e, struct name_view owner, struct edit_op op)
{
    if (!name_below(owner, zone_version_origin(e->version)) || op.type == 0)
        return E_RANGE;
    uint8_t *name = op_room(e) == OK ? arena_bytes(e->arena, (size_t)owner.length + op.size) : NULL;
    if (!name)
        return E_NOMEM;
    memcpy(name, owner.wire, owner.length);
    if (op.size)
        memcpy(name + owner.length, op.rdata, op.size);
    op.owner = (struct name_view){ name, owner.length, owner.labels };
    op.rdata = name + owner.length;
    op.turn = e->count + 1;
    e->ops[e->count++] = op;
    return OK;
}

enum { RRSIG_FIXED_BYTES = 18 };
static bool rdata_fits(uint16_t type, size_t size)
{
    return size <= RDATA_MAX_BYTES && !type_is_meta(type) && (type != TYPE_RRSIG || size > RRSIG_FIXED_BYTES);
}

enum status zone_edit_add(struct zone_edit *e, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    if (!rdata_fits(type, size))
        return E_RANGE;
    return op_add(e, owner, (struct edit_op){ .kind = EDIT_ADD, .type = type, .ttl = ttl, .rdata = rdata, .size = (uint16_t)size });
}

enum status zone_edit_remove(struct zone_edit *e, struct name_view owner, uint16_t type, const uint8_t *rdata, size_t size)
{
    if (!rdata_fits(type, size))
        return E_RANGE;
    return op_add(e, owner, (struct edit_op){ .kind = EDIT_REMOVE, .type = type, .rdata = rdata, .size = (uint16_t)size });
}

enum status zone_edit_remove_rrset(struct zone_edit *e, struct name_view owner, uint16_t type)
{
    return op_add(e, owner, (struct edit_op){ .kind = EDIT_REMOVE_RRSET, .type = type });
}

enum status zone_edit_remove_name(struct zone_edit *e, struct name_view owner)
{
    return op_add(e, owner, (struct edit_op){ .kind = EDIT_REMOVE_NAME, .type = TYPE_ANY });
}

enum status zone_edit_replace_soa(struct zone_edit *e, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    struct name_view origin = zone_version_origin(e->version);
    enum status st = zone_edit_remove_rrset(e, origin, TYPE_SOA);
    return st == OK ? zone_edit_add(e, origin, TYPE_SOA, ttl, rdata, size) : st;
}

static int op_compare(const void *left, const void *right)
{
    const struct edit_op *a = left, *b = right;
    int order = name_compare(a->owner, b->owner);
    return order ? order : (a->turn > b->turn) - (a->turn < b->turn);
}

/* Behind the ops of the owner that `first` has. */
static uint32_t owner_end(const struct zone_edit *e, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < e->count && name_equal(e->ops[end].owner, e->ops[first].owner))
        end++;
    return end;
}

/* ---- the next version ---- */

/* What the overlay shares with that of the version before, or has of a base alone. */
static enum status overlay_share(struct overlay *o, struct editing *e)
{
    const struct zone_version *before = e->before;
    const struct overlay *was = version_overlay(before);
    o->base = version_base(before);
    zone_version_hold(o->base);
    e->nodes = e->denial = (struct tree_work){ .base = o->base };
    e->denial.sequence = SEQUENCE_DENIAL;
    random_bytes(&e->nodes.dice, sizeof e->nodes.dice);
    e->denial.dice = e->nodes.dice;
    if (was) {
        o->changes = trie_hold(was->changes);
        o->order = tree_hold(was->order);
        o->denial = tree_hold(was->denial);
        o->bytes = was->bytes;
        o->next_id = was->next_id;
        o->changed = was->changed;
        return OK;
    }
    const struct piece all = { .count = o->base->node_count, .kind = PIECE_RUN }, chain = { .count = o->base->denial_count, .kind = PIECE_RUN };
    enum status st = tree_replace(&e->nodes, &o->order, 0, 0, &all);
    if (st == OK && chain.count > 0)
        st = tree_replace(&e->denial, &o->denial, 0, 0, &chain);
    return st;
}

/* A version with that apex, which is of the version before in all else. */
static enum status next_make(struct editing *e, const struct overlay_node *apex)
{
    size_t bytes = sizeof *e->next + granule_up(apex->bytes);
    struct zone_overlaid *next = mem_alloc(bytes);
    if (!next)
        return E_NOMEM;
    struct zone_version *v = &next->version;
    memcpy(v, e->before, offsetof(struct zone_version, builder));
    v->bytes = bytes;
    v->slots = v->slot_count = v->order = v->denial = 0;
    v->apex = (uint32_t)(offsetof(struct zone_overlaid, apex) / GRANULE);
    memcpy(next->apex, apex->room, apex->bytes);
    next->overlay.apex = version_apex(v);
    e->next = next;
    e->v = v;
    enum status st = overlay_share(&next->overlay, e);
    version_seal_soa(v);
    return st == OK && zone_version_soa(v).count != 1 ? E_INVALID : st;
}

static void count_apex(struct editing *e, const struct zone_node *old)
{
    uint64_t was, is, gone = edit_node_digest(e->v, old, &was);
    e->v->fingerprint += edit_node_digest(e->v, version_apex(e->v), &is) - gone;
    e->v->records += is - was;
}

/* The apex comes first: what is below it is asked of the version itself. */
static enum status apex_edit(struct editing *e, const struct edit_op *ops, size_t count)
{
    const struct zone_node *old = version_apex(e->before);
    const struct edit_node_change change = { e->before, old, zone_node_name(e->before, old), ops, count, e->scratch };
    struct overlay_node *fresh = NULL;
    enum status st = OK;
    if (count)
        st = edit_node_compose(&change, &fresh, &e->told.in_vain);
    else if ((fresh = edit_node_copy(old)) == NULL)
        st = E_NOMEM;
    if (st != OK || !fresh)
        return st == OK ? E_INVALID : st;
    overlay_node_of(fresh)->flags |= old->flags & (NODE_WILD_CHILD | NODE_APEX);
    st = next_make(e, fresh);
    overlay_node_release(fresh);
    if (st != OK)
        return st;
    e->content = !edit_node_same_but_soa(old, version_apex(e->v));
    e->told.nodes = e->content || !edit_node_same(old, version_apex(e->v));
    count_apex(e, old);
    edit_denial_begin(e);
    edit_denial_touched(e, old, version_apex(e->v));
    return OK;
}

/* What changed decides which numbers it has. */
static void identify(struct editing *e)
{
    struct overlay *o = editing_overlay(e);
    bool soa = !edit_node_same(version_apex(e->before), o->apex);
    o->identity = zone_version_identity(e->before);
    o->moment = zone_version_moment(e->before);
    if (e->content)
        random_bytes(&o->identity, sizeof o->identity);
    if (e->content || soa)
        random_bytes(&o->moment, sizeof o->moment);
}

static enum status apply(struct editing *e, struct zone_edit *edit)
{
    if (edit->count)
        qsort(edit->ops, edit->count, sizeof *edit->ops, op_compare);
    uint32_t first = 0;
    if (edit->count && edit->ops[0].owner.labels == zone_version_origin(edit->version).labels)
        first = owner_end(edit, 0);
    enum status st = apex_edit(e, edit->ops, first);
    for (uint32_t end; st == OK && first < edit->count; first = end) {
        end = owner_end(edit, first);
        st = edit_owner(e, edit->ops + first, end - first);
    }
    if (st == OK)
        st = edit_denial_end(e);
    if (st != OK)
        return st;
    e->v->node_count = tree_nodes(editing_overlay(e)->order);
    identify(e);
    return OK;
}

enum status zone_edit_finish(struct zone_edit *edit, struct zone_edited *told, struct zone_version **out)
{
    struct editing e = { .before = edit->version, .scratch = arena_new(0) };
    enum status st = e.scratch ? apply(&e, edit) : E_NOMEM;
    arena_free(e.scratch);
    zone_edit_free(edit);
    if (st != OK) {
        zone_version_free(e.v);
        return st;
    }
    if (told)
        *told = e.told;
    *out = e.v;
    return OK;
}
