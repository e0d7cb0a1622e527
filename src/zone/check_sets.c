/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand beside what at one name, and the SOA. */
#include "zone/check_inside.h"

#include <string.h>

static bool has(const struct checker *c, const struct zone_node *node, uint16_t type, struct rrset *set)
{
    return zone_node_rrset(c->version, node, type, set) && set->count > 0;
}

static void cname_alone(struct checker *c, const struct zone_node *node)
{
    struct rrset cname, set;
    if (!has(c, node, TYPE_CNAME, &cname))
        return;
    if (cname.count > 1)
        finding_add(c, CHECK_MULTIPLE_CNAME, subject_last(c, node, TYPE_CNAME), "a second CNAME: an alias has one target");
    for (size_t position = 0; zone_node_rrset_next(c->version, node, &position, &set);) {
        /* RFC 4034 4, RFC 2535 2.3.5 */
        if (set.count == 0 || set.type == TYPE_CNAME || set.type == TYPE_NSEC || set.type == TYPE_KEY || set.type == TYPE_NXT)
            continue;
        struct subject at = subject_later(c, (struct subject){ node, TYPE_CNAME, 0 }, (struct subject){ node, set.type, 0 });
        char type[CODE_TEXT_ROOM];
        finding_add(c, CHECK_CNAME_AND_OTHER_DATA, at, "a CNAME beside %s: an alias has no other data", type_to_text(set.type, type));
        return;
    }
}

static void dname_rules(struct checker *c, const struct zone_node *node)
{
    struct rrset set;
    if (!has(c, node, TYPE_DNAME, &set))
        return;
    if (set.count > 1)
        finding_add(c, CHECK_MULTIPLE_DNAME, subject_last(c, node, TYPE_DNAME), "a second DNAME: a subtree is redirected to one place");
    if (name_is_wildcard(zone_node_name(c->version, node)))
        finding_add(c, CHECK_DNAME_WILDCARD, (struct subject){ node, TYPE_DNAME, 0 }, "a DNAME at a wildcard: resolvers disagree about it");
}

static void delegation_rules(struct checker *c, const struct zone_node *node)
{
    struct rrset set;
    bool apex = node == zone_version_apex(c->version);
    bool wildcard = name_is_wildcard(zone_node_name(c->version, node));
    if (wildcard && has(c, node, TYPE_NS, &set))
        finding_add(c, CHECK_WILDCARD_NS, (struct subject){ node, TYPE_NS, 0 }, "an NS at a wildcard has no meaning: delegate each name");
    if (!has(c, node, TYPE_DS, &set))
        return;
    if (apex)
        finding_add(c, CHECK_DS_AT_APEX, (struct subject){ node, TYPE_DS, 0 }, "the DS of a zone stands in its parent, not in the zone");
    else if (wildcard)
        finding_add(c, CHECK_WILDCARD_DS, (struct subject){ node, TYPE_DS, 0 }, "a DS at a wildcard has no meaning: delegate each name");
    else if (!has(c, node, TYPE_NS, &set))
        finding_add(c, CHECK_DS_WITHOUT_NS, (struct subject){ node, TYPE_DS, 0 }, "a DS where nothing is delegated: NS records are missing");
}

/* Nothing but a delegation, or nothing but glue below one, as nearly all are. */
static bool is_plain(const struct checker *c, const struct zone_node *node, bool cut)
{
    unsigned types = c->look & LOOK_TYPES;
    if (!zone_version_occludes(c->version, node))
        return cut && (types & ~(unsigned)(LOOK_DELEGATION | LOOK_GLUE)) == 0;
    return (types & ~(unsigned)LOOK_GLUE) == 0 && zone_node_is_cut(zone_node_top(c->version, node));
}

/* What stands at a cut beside the delegation, or below one. */
static void occluded_data(struct checker *c, const struct zone_node *node)
{
    bool cut = zone_node_is_cut(node);
    struct rrset set;
    char type[CODE_TEXT_ROOM];
    if (!cut && !zone_version_occludes(c->version, node))
        return;
    if (is_plain(c, node, cut))
        return;
    struct zone_found above = zone_find(c->version, zone_node_name(c->version, node));
    for (size_t position = 0; zone_node_rrset_next(c->version, node, &position, &set);) {
        bool glue = set.type == TYPE_A || set.type == TYPE_AAAA;
        bool delegation = cut && (set.type == TYPE_NS || set.type == TYPE_DS || set.type == TYPE_NSEC);
        if (set.count == 0)
            continue;
        type_to_text(set.type, type);
        if (above.outcome == ZONE_DNAME) {
            finding_add(c, CHECK_DNAME_AND_CHILDREN, (struct subject){ node, set.type, 0 }, "%s below a DNAME: it redirects all names below it", type);
            return;
        }
        if (glue || (delegation && above.exact))
            continue;
        finding_add(c, CHECK_OCCLUDED, (struct subject){ node, set.type, 0 }, "%s at or below a delegation is never served: it belongs into the child zone", type);
        return;
    }
}

static void host_owner(struct checker *c, const struct zone_node *node)
{
    static const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_MX };
    struct name_view owner = zone_node_name(c->version, node);
    struct rrset set;
    if (name_is_host(owner, true))
        return;
    for (size_t i = 0; i < LENGTH_OF(types); i++) {
        if (!has(c, node, types[i], &set))
            continue;
        char type[CODE_TEXT_ROOM];
        finding_add(c, CHECK_BAD_OWNER, (struct subject){ node, types[i], 0 }, "the owner of %s should be a host name: letters, digits, hyphens",
                    type_to_text(types[i], type));
        return;
    }
}

static void srv_owner(struct checker *c, const struct zone_node *node)
{
    struct name_view owner = zone_node_name(c->version, node);
    struct rrset set;
    if (!has(c, node, TYPE_SRV, &set))
        return;
    struct name_view at = name_is_wildcard(owner) ? name_strip(owner, 1) : owner;
    bool good = at.labels >= 2 && at.wire[0] > 0 && at.wire[1] == '_' && name_strip(at, 1).wire[1] == '_';
    if (!good && !(at.labels >= 1 && at.wire[1] == '_' && at.wire != owner.wire))
        finding_add(c, CHECK_SRV_OWNER, (struct subject){ node, TYPE_SRV, 0 }, "the owner of a SRV is _service._protocol.name");
}

static void old_types(struct checker *c, const struct zone_node *node)
{
    static const struct { uint16_t type; const char *instead; } old[] = {
        { 3, "MX" }, { 4, "MX" }, { TYPE_NXT, "NSEC" }, { 38, "AAAA" }, { 99, "TXT" },
    };
    struct rrset set;
    for (size_t i = 0; i < LENGTH_OF(old); i++) {
        if (!has(c, node, old[i].type, &set))
            continue;
        char type[CODE_TEXT_ROOM];
        finding_add(c, CHECK_OBSOLETE_TYPE, (struct subject){ node, old[i].type, 0 }, "%s is obsolete: use %s", type_to_text(old[i].type, type), old[i].instead);
    }
}

static void spf_once(struct checker *c, const struct zone_node *node)
{
    struct rrset set;
    const uint8_t *rdata;
    uint16_t size, at = 0;
    struct subject last = { NULL, 0, 0 };
    unsigned count = 0;
    if (!has(c, node, TYPE_TXT, &set))
        return;
    for (size_t offset = 0; rrset_next(set.records, set.bytes, &offset, &rdata, &size); at++) {
        if (size < 7 || memcmp(rdata + 1, "v=spf1", 6) != 0 || (size > 7 && rdata[7] != ' ' && rdata[0] != 6))
            continue;
        struct subject here = { node, TYPE_TXT, at };
        last = count++ ? subject_later(c, last, here) : here;
    }
    if (count > 1)
        finding_add(c, CHECK_MULTIPLE_SPF, last, "a second SPF policy: with more than one none counts");
}

static void ttl_even(struct checker *c, const struct zone_node *node)
{
    struct rrset set;
    for (size_t position = 0; zone_node_rrset_next(c->version, node, &position, &set);) {
        if (!zone_version_ttl_mixed(c->version, node, set.type))
            continue;
        char type[CODE_TEXT_ROOM];
        finding_add(c, CHECK_TTL_MISMATCH, subject_last(c, node, set.type), "the %s records of a name have one TTL: %u, the lowest, counts",
                    type_to_text(set.type, type), set.ttl);
    }
}

void check_node_sets(struct checker *c, const struct zone_node *node)
{
    unsigned look = c->look;
    occluded_data(c, node);
    if (look & LOOK_MIXED)
        ttl_even(c, node);
    if (zone_version_occludes(c->version, node) && !zone_node_is_cut(node))
        return;
    if (look & LOOK_CNAME)
        cname_alone(c, node);
    if (look & LOOK_DNAME)
        dname_rules(c, node);
    if (look & (LOOK_NS | LOOK_DS))
        delegation_rules(c, node);
    if (zone_node_is_cut(node))
        return;
    if (look & (LOOK_A | LOOK_AAAA | LOOK_MX))
        host_owner(c, node);
    if (look & LOOK_SRV)
        srv_owner(c, node);
    if (look & LOOK_OTHER)
        old_types(c, node);
    if (look & LOOK_TXT)
        spf_once(c, node);
}

/* ---- the SOA ---- */

static void soa_timers(struct checker *c, const struct soa *soa, struct subject at)
{
    enum { MINUTES_5 = 300, DAY = 86400, WEEK = 604800 };
    if (soa->refresh < MINUTES_5 || soa->refresh > WEEK)
        finding_add(c, CHECK_SOA_REFRESH, at, "a refresh of %u seconds: between 5 minutes and a week is usual", soa->refresh);
    if (soa->retry >= soa->refresh)
        finding_add(c, CHECK_SOA_RETRY, at, "a retry of %u seconds is not under the refresh of %u", soa->retry, soa->refresh);
    if (soa->expire < WEEK || (uint64_t)soa->expire <= (uint64_t)soa->refresh + soa->retry)
        finding_add(c, CHECK_SOA_EXPIRE, at, "an expire of %u seconds: secondaries would drop the zone too soon, 2 to 4 weeks are usual", soa->expire);
    if (soa->minimum > DAY)
        finding_add(c, CHECK_SOA_MINIMUM, at, "a minimum of %u seconds: it is how long absence is remembered, at most a day is usual", soa->minimum);
}

void check_soa(struct checker *c)
{
    const struct zone_node *apex = zone_version_apex(c->version);
    struct subject at = { apex, TYPE_SOA, 0 };
    struct rrset set, ns;
    const uint8_t *rdata;
    uint16_t size;
    size_t offset = 0;
    if (!has(c, apex, TYPE_SOA, &set) || !rrset_next(set.records, set.bytes, &offset, &rdata, &size)) {
        finding_add(c, CHECK_MISSING_SOA, (struct subject){ NULL, 0, 0 }, "the zone has no SOA: it stands at the zone's name, as the first record");
        return;
    }
    if (!has(c, apex, TYPE_NS, &ns))
        finding_add(c, CHECK_MISSING_NS, at, "the zone has no NS records at its name");
    struct soa soa = rdata_soa(rdata, size);
    soa_timers(c, &soa, at);
    struct zone_found found = zone_find(c->version, soa.mname);
    if (found.outcome == ZONE_ABSENT)
        finding_add(c, CHECK_SOA_MNAME, at, "the primary server named by the SOA does not exist in the zone");
    if (soa.rname.labels > 0 && memchr(soa.rname.wire + 1, '@', soa.rname.wire[0]))
        finding_add(c, CHECK_SOA_RNAME, at, "the mail address of the SOA has a dot instead of '@'");
}

void check_serial(struct checker *c)
{
    const struct zone_version *before = c->options->previous;
    struct subject at = { zone_version_apex(c->version), TYPE_SOA, 0 };
    struct rrset set;
    if (!before || !has(c, at.node, TYPE_SOA, &set))
        return;
    uint32_t old = zone_version_serial(before), now = zone_version_serial(c->version);
    enum serial_order order = serial_compare(now, old);
    if (order == SERIAL_LESS || order == SERIAL_UNDEFINED)
        finding_add(c, CHECK_SERIAL_BACKWARDS, at, "serial %u is not after %u, which is served: secondaries will not take it", now, old);
    else if (order == SERIAL_EQUAL && zone_version_fingerprint(before) != zone_version_fingerprint(c->version))
        finding_add(c, CHECK_SERIAL_UNCHANGED, at, "the content changed but serial %u did not: secondaries will not see it", now);
}
