/* SPDX-License-Identifier: Apache-2.0 */
/* Where NS, MX, SRV and CNAME lead, as far as this zone can tell. */
#include "zone/check_inside.h"

#include "zone/inside.h"

#include <string.h>

enum { CHAIN_MAX = 16, GLUE_NEAR = 4 };

enum reach {
    REACH_FINE,         /* has an address, or lies where this zone cannot tell */
    REACH_ALIAS,        /* is a CNAME */
    REACH_NOTHING,      /* of this zone, without address */
    REACH_NO_GLUE       /* below a cut, without glue */
};

static bool node_has(const struct checker *c, const struct zone_node *node, uint16_t type)
{
    struct rrset set;
    return zone_node_rrset(c->version, node, type, &set);
}

static bool has_address(const struct checker *c, const struct zone_node *node)
{
    return node && (node_has(c, node, TYPE_A) || node_has(c, node, TYPE_AAAA));
}

/* Whether the target is below the delegation at hand and its glue is one of the next nodes, where it stands in canonical order. */
static bool has_glue_near(const struct checker *c, struct name_view target)
{
    const struct zone_node *node = zone_version_node(c->version, c->index);
    if (!zone_node_is_cut(node) || target.labels <= node->labels)
        return false;
    for (uint32_t i = 1; i <= GLUE_NEAR && (node = zone_version_node(c->version, c->index + i)) != NULL; i++) {
        if (node->length != target.length || !name_equal((struct name_view){ node->name, node->length, node->labels }, target))
            continue;
        const struct zone_node *cut = zone_version_node(c->version, c->index);
        return name_below(target, (struct name_view){ cut->name, cut->length, cut->labels }) && has_address(c, node);
    }
    return false;
}

/* @param cut  the delegation, when REACH_NO_GLUE */
static enum reach reach_of(const struct checker *c, struct name_view target, const struct zone_node **cut)
{
    if (zone_version_class(c->version) != CLASS_IN || has_glue_near(c, target))
        return REACH_FINE;      /* only the Internet class has addresses that this zone would have to hold */
    struct zone_found found = zone_find(c->version, target);
    switch (found.outcome) {
    case ZONE_HIT:
    case ZONE_WILDCARD:
        if (node_has(c, found.node, TYPE_CNAME))
            return REACH_ALIAS;
        return has_address(c, found.node) ? REACH_FINE : REACH_NOTHING;
    case ZONE_CUT:
        *cut = found.node;
        return has_address(c, zone_node_find(c->version, target)) ? REACH_FINE : REACH_NO_GLUE;
    case ZONE_ABSENT:
        return REACH_NOTHING;
    case ZONE_DNAME:
    case ZONE_OUTSIDE:
        break;
    }
    return REACH_FINE;
}

/* "192.0.2.1." or, the dot forgotten, "192.0.2.1.example." */
static bool looks_like_address(struct name_view name)
{
    if (name.labels < 4)
        return false;
    const uint8_t *label = name.wire;
    for (unsigned i = 0; i < 4; i++, label += 1 + label[0]) {
        if (label[0] > 3)
            return false;
        for (unsigned k = 1; k <= label[0]; k++) {
            if (label[k] < '0' || label[k] > '9')
                return false;
        }
    }
    return true;
}

struct use {            /* a target and where it stands */
    struct subject at;
    struct name_view name;
    char text[NAME_TEXT_ROOM];      /* use_text() fills it: most are never told of */
};

static const char *use_text(struct use *use) { return name_to_text(use->name, use->text); }

static void bad_target(struct checker *c, struct use *use, enum check_id address)
{
    if (looks_like_address(use->name))
        finding_add(c, address, use->at, "%.160s looks like an address: the name of a host belongs here", use_text(use));
    else if (use->name.labels > 0 && !name_is_host(use->name, false))
        finding_add(c, CHECK_BAD_TARGET, use->at, "%.160s is no host name: letters, digits, hyphens", use_text(use));
}

static void ns_target(struct checker *c, const struct zone_node *node, struct use *use)
{
    const struct zone_node *cut = NULL;
    bad_target(c, use, CHECK_NS_IS_ADDRESS);
    switch (reach_of(c, use->name, &cut)) {
    case REACH_ALIAS:
        finding_add(c, CHECK_NS_IS_CNAME, use->at, "the name server %.160s is an alias: name the host itself", use_text(use));
        break;
    case REACH_NOTHING:
        finding_add(c, CHECK_NS_WITHOUT_ADDRESS, use->at, "the name server %.160s is of this zone but has no A or AAAA", use_text(use));
        break;
    case REACH_NO_GLUE:
        if (cut == node)
            finding_add(c, CHECK_MISSING_GLUE, use->at, "the name server %.160s lies below its own delegation: its A or AAAA must stand here as glue", use_text(use));
        else
            finding_add(c, CHECK_MISSING_SIBLING_GLUE, use->at, "the name server %.160s lies below another delegation and has no glue here", use_text(use));
        break;
    case REACH_FINE:
        break;
    }
}

static void service_target(struct checker *c, struct use *use, enum check_id address, enum check_id alias, enum check_id nothing)
{
    const struct zone_node *cut = NULL;
    if (use->name.labels == 0)
        return;             /* "no service": RFC 7505, RFC 2782 */
    bad_target(c, use, address);
    enum reach reach = reach_of(c, use->name, &cut);
    if (reach == REACH_ALIAS)
        finding_add(c, alias, use->at, "the target %.160s is an alias: name the host itself", use_text(use));
    else if (reach == REACH_NOTHING)
        finding_add(c, nothing, use->at, "the target %.160s is of this zone but has no A or AAAA", use_text(use));
}

/* Follows aliases inside the zone. */
static void cname_target(struct checker *c, const struct zone_node *start, struct use *use)
{
    struct name_view target = use->name;
    for (unsigned hops = 0; hops < CHAIN_MAX; hops++) {
        struct zone_found found = zone_find(c->version, target);
        struct rrset set;
        const uint8_t *rdata;
        uint16_t size;
        size_t offset = 0;
        if (found.outcome == ZONE_ABSENT) {
            finding_add(c, CHECK_CNAME_DANGLING, use->at, "the alias leads to %.160s, which does not exist", hops ? "another alias, and that to a name" : use_text(use));
            return;
        }
        if (found.outcome != ZONE_HIT && found.outcome != ZONE_WILDCARD)
            return;
        if (found.node == start) {
            finding_add(c, CHECK_CNAME_LOOP, use->at, "the alias leads back to itself");
            return;
        }
        if (!zone_node_rrset(c->version, found.node, TYPE_CNAME, &set) || !rrset_next(set.records, set.bytes, &offset, &rdata, &size))
            return;
        target = name_view_wire(rdata);
    }
}

/* example.com.example.com: somebody left out the final dot. */
static bool ends_twice(const struct checker *c, struct name_view name)
{
    struct name_view origin = zone_version_origin(c->version);
    unsigned twice = 2u * origin.labels;
    if (origin.labels < 2 || name.labels < twice || !name_below(name, origin))
        return false;
    struct name_view tail = name_strip(name, name.labels - twice);
    for (unsigned i = 0; i + 1 < origin.length; i++) {
        if (ascii_lower(tail.wire[i]) != ascii_lower(origin.wire[i]))
            return false;
    }
    return true;
}

static void one_target(struct checker *c, const struct zone_node *node, struct use *use)
{
    if (ends_twice(c, use->name))
        finding_add(c, CHECK_MISSING_DOT, use->at, "%.160s has the zone's name twice: a final dot is missing", use_text(use));
    if (use->at.type == TYPE_NS)
        ns_target(c, node, use);
    else if (use->at.type == TYPE_MX)
        service_target(c, use, CHECK_MX_IS_ADDRESS, CHECK_MX_IS_CNAME, CHECK_MX_WITHOUT_ADDRESS);
    else if (use->at.type == TYPE_SRV)
        service_target(c, use, CHECK_BAD_TARGET, CHECK_SRV_IS_CNAME, CHECK_SRV_WITHOUT_ADDRESS);
    else if (use->at.type == TYPE_CNAME)
        cname_target(c, node, use);
}

static void check_targets(struct checker *c, const struct zone_node *node, const struct rrset *set)
{
    const uint8_t *rdata;
    uint16_t size, record = 0, klass = zone_version_class(c->version);
    bool null_mx = false;
    for (size_t at = 0; rrset_next(set->records, set->bytes, &at, &rdata, &size); record++) {
        size_t before = set->type == TYPE_MX ? 2 : set->type == TYPE_SRV ? 6 : 0;   /* octets in front of the name */
        if (size <= before || (set->type == TYPE_SRV && klass != CLASS_IN))
            continue;               /* opaque */
        struct use use;             /* not cleared: the text is large */
        use.at = (struct subject){ node, set->type, record };
        use.name = name_view_wire(rdata + before);
        null_mx |= set->type == TYPE_MX && use.name.labels == 0;
        one_target(c, node, &use);
    }
    if (null_mx && set->count > 1)
        finding_add(c, CHECK_NULL_MX, subject_last(c, node, TYPE_MX), "\"MX 0 .\" says that there is no mail: it stands alone");
    if (set->type == TYPE_NS && set->count == 1 && node == zone_version_apex(c->version))
        finding_add(c, CHECK_SINGLE_NS, (struct subject){ node, TYPE_NS, 0 }, "only one name server: when it fails the zone is gone");
}

/* ---- delegations in their millions ---- */

/* Octets of host names: letters and digits, hyphens. */
enum { OCTET_END = 1, OCTET_INNER = 2 };
static const uint8_t host_octets[256] = {
    ['-'] = OCTET_INNER, ['0' ... '9'] = OCTET_END | OCTET_INNER, ['A' ... 'Z'] = OCTET_END | OCTET_INNER, ['a' ... 'z'] = OCTET_END | OCTET_INNER,
};

/* The view of a host name that cannot be an address, since it begins with no digit; false for any other. */
static bool plain_host(const uint8_t *wire, struct name_view *out, const uint8_t **last)
{
    unsigned labels = 0, kinds = OCTET_END | OCTET_INNER;
    const uint8_t *label = wire;
    *last = wire;
    if (wire[0] == 0 || (wire[1] >= '0' && wire[1] <= '9'))
        return false;
    for (; *label != 0; label += 1u + *label, labels++) {
        kinds &= host_octets[label[1]] & host_octets[label[*label]];
        for (unsigned i = 2; i < *label; i++)
            kinds &= host_octets[label[i]] | (unsigned)OCTET_END;
        *last = label;
    }
    *out = (struct name_view){ wire, (uint8_t)(label - wire + 1), (uint8_t)labels };
    return kinds == (OCTET_END | OCTET_INNER);
}

static bool label_same(const uint8_t *a, const uint8_t *b)
{
    unsigned different = (unsigned)(a[0] ^ b[0]);
    for (unsigned i = 1; i <= a[0] && !different; i++)
        different = (unsigned)(ascii_lower(a[i]) ^ ascii_lower(b[i]));
    return !different;
}

/* Nearly all nodes of a zone of delegations: host names outside the zone, or below the delegation with glue right behind.  False: the
 * rules have to look. */
static bool delegation_is_sound(const struct checker *c, const struct zone_node *node)
{
    struct name_view origin = zone_version_origin(c->version), target;
    const struct zone_set *set = c->look & LOOK_NS ? node_set_find(c->version, node, TYPE_NS) : NULL;
    if (!set || !zone_node_is_cut(node) || (c->look & LOOK_TYPES & ~(unsigned)(LOOK_DELEGATION | LOOK_GLUE)) ||
        zone_version_class(c->version) != CLASS_IN || origin.labels == 0 || (origin.labels > 1 && node->labels >= 2 * origin.labels))
        return false;
    const uint8_t *top = name_strip(origin, origin.labels - 1u).wire, *last, *rdata;
    uint16_t size;
    for (size_t at = 0; rrset_next(set->records, set->bytes & SET_BYTES, &at, &rdata, &size);) {
        if (!plain_host(rdata, &target, &last))
            return false;
        bool twice = origin.labels > 1 && target.labels >= 2 * origin.labels;      /* see ends_twice() */
        if (label_same(last, top) && (twice || !has_glue_near(c, target)))
            return false;
    }
    return true;
}

void check_node_names(struct checker *c, const struct zone_node *node)
{
    static const uint16_t types[] = { TYPE_NS, TYPE_CNAME, TYPE_PTR, TYPE_MX, TYPE_SRV };
    static const unsigned looks[] = { LOOK_NS, LOOK_CNAME, LOOK_PTR, LOOK_MX, LOOK_SRV };
    struct rrset set;
    size_t position = 0;
    if (zone_version_occludes(c->version, node) || delegation_is_sound(c, node) || !zone_node_rrset_next(c->version, node, &position, &set))
        return;
    if (ends_twice(c, zone_node_name(c->version, node)))
        finding_add(c, CHECK_MISSING_DOT, (struct subject){ node, set.type, 0 }, "the owner has the zone's name twice: a final dot is missing");
    for (size_t i = 0; i < LENGTH_OF(types); i++) {
        if (c->look & looks[i] && zone_node_rrset(c->version, node, types[i], &set))
            check_targets(c, node, &set);
    }
}
