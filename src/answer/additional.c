/* SPDX-License-Identifier: Apache-2.0 */
/* What a resolver would ask next: addresses of the hosts that an answer names.  A courtesy, so it is bounded
 * (CVE-2024-11187) and dropped when it does not fit.  Minimal answers have it for name servers only, as those of BIND,
 * Knot and NSD do: glue for who primes. */
#include "answer/inside.h"

static bool is_service(uint16_t type) { return type == TYPE_SVCB || type == TYPE_HTTPS; }

static void want(struct answering *a, struct name_view name, uint16_t type)
{
    for (unsigned i = 0; i < a->wanted_count; i++) {
        if (!name_equal(a->wanted[i].name, name))
            continue;
        a->wanted[i].type = a->wanted[i].type ? a->wanted[i].type : type;
        return;
    }
    if (a->wanted_count == ANSWER_ADDITIONAL_MAX)
        return;
    a->wanted[a->wanted_count].name = name;
    a->wanted[a->wanted_count++].type = type;
}

void additional_want(struct answering *a, struct name_view owner, const struct rrset *set)
{
    if (a->request->options->minimal && set->type != TYPE_NS)
        return;
    const uint8_t *rdata;
    uint16_t size;
    for (size_t at = 0; a->wanted_count < ANSWER_ADDITIONAL_MAX && rrset_next(set->records, set->bytes, &at, &rdata, &size);) {
        size_t offset = 0;
        struct rdata_name found;
        if (!rdata_name_next(set->type, a->request->klass, rdata, size, &offset, &found))
            return; /* a type without names */
        if (found.use != RDATA_NAME_TARGET)
            continue;
        if (is_service(set->type) && found.name.length == 1)
            want(a, owner, 0); /* "." stands for the owner, RFC 9460 2.5 */
        else
            want(a, found.name, is_service(set->type) || set->type == TYPE_NS ? set->type : 0);
    }
}

/* @param type  NS: glue will do, the rest must be authoritative.  SVCB, HTTPS: that type too (RFC 9460 4.1). */
static void put_host(struct answering *a, struct name_view name, uint16_t type)
{
    const uint16_t types[] = { TYPE_A, TYPE_AAAA, type };
    const struct zone_node *node = zone_node_find(a->version, name);
    struct rrset set;
    if (!node || (type != TYPE_NS && zone_find(a->version, name).outcome != ZONE_HIT))
        return;
    for (size_t i = 0; i < (is_service(type) ? 3 : 2); i++) {
        bool answered = (types[i] == a->request->type || a->request->type == TYPE_ANY) && name_equal(name, a->name);
        if (!answered && zone_node_rrset(a->version, node, types[i], &set))
            (void)put_rrset(a, SECTION_ADDITIONAL, name, &set, PUT_SIGNED | PUT_OPTIONAL);
    }
}

void additional_put(struct answering *a)
{
    for (unsigned i = 0; i < a->wanted_count; i++)
        put_host(a, a->wanted[i].name, a->wanted[i].type);
}
