/* SPDX-License-Identifier: Apache-2.0 */
/* From a list of changes to the next version: what edit*.c share. */
#ifndef ZONE_EDIT_INSIDE_H
#define ZONE_EDIT_INSIDE_H

#include "zone/edit.h"
#include "zone/overlay.h"

enum edit_kind { EDIT_ADD, EDIT_REMOVE, EDIT_REMOVE_RRSET, EDIT_REMOVE_NAME };
struct edit_op {
    struct name_view owner;         /* like rdata in the edit's arena */
    const uint8_t *rdata;
    uint32_t ttl, turn;             /* turn: from 1 */
    uint16_t type, size;
    enum edit_kind kind;
};

/* ---- edit_node.c: what a node has in it ---- */

struct edit_node_change {
    const struct zone_version *version;     /* that has the old node */
    const struct zone_node *old;            /* NULL: the name has none */
    struct name_view name;                  /* as a new node spells it */
    const struct edit_op *ops;              /* all of that owner */
    size_t count;
    struct arena *scratch;
};
/* Writes the node that the changes make of the old one, without flags but those that its records set (CUT, DNAME, NSEC3).
 * @param out  NULL: nothing is left.  @param in_vain  is added to */
MUST_CHECK enum status edit_node_compose(const struct edit_node_change *change, struct overlay_node **out, uint32_t *in_vain);
/* A node without records, or a mark. */
struct overlay_node *edit_node_empty(struct name_view name, bool gone);
struct overlay_node *edit_node_copy(const struct zone_node *n);
/* Octets of the sets, directory left out. */
size_t edit_node_set_bytes(const struct zone_node *n);
bool edit_node_same(const struct zone_node *a, const struct zone_node *b);          /* the same sets */
bool edit_node_same_but_soa(const struct zone_node *a, const struct zone_node *b);
/* Has such records, not just signatures over them. */
bool edit_node_has(const struct zone_version *v, const struct zone_node *n, uint16_t type);
/* The sum over its records, see digest.h. */
uint64_t edit_node_digest(const struct zone_version *v, const struct zone_node *n, uint64_t *records);

/* ---- finishing ---- */

struct editing {
    struct zone_version *v;         /* being made: `next` */
    struct zone_overlaid *next;
    const struct zone_version *before;
    struct tree_work nodes, denial;
    struct arena *scratch;
    bool content;                   /* something besides the SOA has changed */
    bool redo;                      /* the chain of denial is to be made anew */
    struct zone_edited told;
};
static inline struct overlay *editing_overlay(const struct editing *e) { return &e->next->overlay; }
struct tree_spot edit_spot(const struct editing *e, struct name_view name, bool subtree);

/* edit_place.c: the changes of one owner below the apex */
MUST_CHECK enum status edit_owner(struct editing *e, const struct edit_op *ops, size_t count);

/* edit_denial.c: the chain of denial follows */
void edit_denial_begin(struct editing *e);                                                          /* once the apex stands */
MUST_CHECK enum status edit_denial_node(struct editing *e, struct overlay_node *node);              /* it was placed, or it is a mark */
MUST_CHECK enum status edit_denial_hides(struct editing *e, const struct zone_node *n, bool hides); /* now, or no more, what is below it */
void edit_denial_touched(struct editing *e, const struct zone_node *old, const struct zone_node *fresh);   /* either may be NULL */
MUST_CHECK enum status edit_denial_end(struct editing *e);

#endif
