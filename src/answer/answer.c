/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 1034 4.3.2 from step 3 on, as changed by 2181, 4035, 4592, 6672: a loop over the names of a chain, one small
 * function for each outcome. */
#include "answer/inside.h"

enum step { STEP_DONE, STEP_CHAIN };
enum { TYPE_NXNAME = 128 };

struct answer_options answer_defaults(void)
{
    return (struct answer_options){ .minimal = true, .minimal_any_udp = true };
}

/* ---- chains ---- */

/* Goes on at `target`.  A chain that comes back to a name it has been at, or is too long, ends with what it has. */
static enum step chain_to(struct answering *a, const struct name *target)
{
    struct name_view view = name_view_of(target);
    if (a->chain_count == ANSWER_CHAIN_MAX || name_equal(view, a->request->name))
        return STEP_DONE;
    for (unsigned i = 0; i < a->chain_count; i++)
        if (name_equal(view, name_view_of(&a->chain[i])))
            return STEP_DONE;
    a->chain[a->chain_count] = *target;
    a->name = name_view_of(&a->chain[a->chain_count++]);
    return STEP_CHAIN;
}

/* The first name in the rdata, as CNAME and DNAME have it. */
static bool first_target(const struct rrset *set, struct name_view *out)
{
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    if (!rrset_next(set->records, set->bytes, &offset, &rdata, &size))
        return false;
    struct cursor c = cursor_of(rdata, size);
    return name_read_plain(&c, out) == OK;
}

static enum step answer_cname(struct answering *a, const struct rrset *set)
{
    struct name_view target;
    if (!put_rrset(a, SECTION_ANSWER, a->name, set, PUT_SIGNED) || !first_target(set, &target))
        return STEP_DONE;
    struct name copy = name_copy(target);
    return chain_to(a, &copy);
}

/* A chain may come through one DNAME many times; its records stand in the answer once. */
static bool put_dname(struct answering *a, const struct zone_node *node, const struct rrset *set)
{
    for (unsigned i = 0; i < a->dname_count; i++)
        if (a->dnames[i] == node)
            return true;
    a->dnames[a->dname_count++] = node; /* each comes with a step of the chain, so there is room */
    return put_rrset(a, SECTION_ANSWER, zone_node_name(a->version, node), set, PUT_SIGNED);
}

/* RFC 6672 3.2 step 3C: the DNAME, a CNAME made from it (with its TTL, 3.1), and on to the new name. */
static enum step answer_dname(struct answering *a, const struct zone_node *node)
{
    struct rrset set;
    struct name_view target, owner = zone_node_name(a->version, node);
    struct name to;
    if (!zone_node_rrset(a->version, node, TYPE_DNAME, &set) || !put_dname(a, node, &set))
        return STEP_DONE;
    if (!first_target(&set, &target))
        return STEP_DONE;
    if (name_replace_suffix(a->name, owner, target, &to) != OK) {
        a->result->rcode = RCODE_YXDOMAIN;
        return STEP_DONE;
    }
    if (!put_record(a, SECTION_ANSWER, a->name, TYPE_CNAME, set.ttl, to.wire, to.length))
        return STEP_DONE;
    return a->request->type == TYPE_CNAME ? STEP_DONE : chain_to(a, &to);
}

/* ---- the name exists, or a wildcard stands in for it ---- */

static enum step end_with(struct answering *a, enum ending ending, const struct zone_found *found)
{
    /* What comes from a cut is the same whatever stands in front of it. */
    if (ending == ENDING_REFERRAL && a->chain_count == 0)
        a->reply->question_skip = (uint8_t)(a->name.length - zone_node_name(a->version, found->node).length);
    a->ending = ending;
    a->found = *found;
    return STEP_DONE;
}

/* What stands beside a CNAME in any signed zone is asked of the owner itself (RFC 4035 2.5), so its absence is NODATA. */
static bool beside_cname(uint16_t type) { return type == TYPE_RRSIG || type == TYPE_NSEC; }

static enum step answer_types(struct answering *a, const struct zone_found *found)
{
    struct rrset set;
    bool none = true;
    if (a->request->type == TYPE_ANY) {
        (void)answer_any(a, found->node, &none);
    } else if (a->request->type == TYPE_RRSIG) {
        (void)answer_rrsig(a, found->node, &none);
    } else if (zone_node_rrset(a->version, found->node, a->request->type, &set)) {
        none = false;
        if (put_rrset(a, SECTION_ANSWER, a->name, &set, PUT_SIGNED | PUT_ROTATED))
            additional_want(a, a->name, &set);
    }
    if (!none)
        return STEP_DONE;
    if (!beside_cname(a->request->type) && zone_node_rrset(a->version, found->node, TYPE_CNAME, &set))
        return answer_cname(a, &set);
    return end_with(a, ENDING_NODATA, found);
}

static enum step answer_node(struct answering *a, const struct zone_found *found)
{
    if (found->outcome == ZONE_WILDCARD) {
        a->result->wildcard = true;
        if (a->chain_count == 0)
            a->result->key = zone_node_name(a->version, found->node);
    }
    struct expansion expansion = { a->version, *found, a->name };
    enum step step = answer_types(a, found);
    if (found->outcome == ZONE_WILDCARD && a->ending == ENDING_NONE)
        a->expansions[a->expansion_count++] = expansion; /* at most one for each name of the chain */
    return step;
}

/* ---- the walk ---- */

/* The zone that has the name now; chains may go on in another one of ours when asked to. */
static bool enter_zone(struct answering *a)
{
    const struct answer_request *q = a->request;
    if (!q->options->follow_zones || !q->table || a->chain_count == 0)
        return true;
    struct zone *z = answer_wants_parent(q->type) ? zone_table_find(q->table, a->name, q->klass, true) : NULL;
    if (!z)
        z = zone_table_find(q->table, a->name, q->klass, false);
    if (z && q->may_follow && !q->may_follow(q->follow_context, z))
        return false;
    const struct zone_version *v = z ? zone_current(z) : NULL;
    if (v)
        a->version = v;
    return v != NULL;
}

static bool is_referral(const struct answer_request *q, const struct zone_found *found)
{
    return found->outcome == ZONE_CUT && !(found->exact && q->type == TYPE_DS);
}

/* ---- the short way: most answers are one copy, or were composed before ---- */

static bool quick_absent(const struct answer_request *q, const struct zone_found *found, struct reply *reply, struct answer_result *out)
{
    if (q->dnssec_ok && zone_version_is_signed(q->version)) {
        const struct zone_node *apex = zone_version_apex(q->version);
        const struct zone_node *cover = q->cache != NULL && found->encloser == apex ? zone_nsec_find(q->version, q->name) : NULL;
        return cover != NULL && cache_answer(q, cover, zone_version_origin(q->version), TAIL_ABSENT, reply, out);
    }
    if (!emit_negative_soa(q->version, reply))
        return false;
    out->kind = ANSWER_NXDOMAIN;
    out->rcode = RCODE_NXDOMAIN;
    out->key = zone_node_name(q->version, found->encloser);
    return true;
}

/* Where a CNAME's own name ends and its target's records begin to be copies: its target is a name of the zone that has the type. */
static bool quick_cname(const struct answer_request *q, const struct rrset *cname, struct reply *reply, struct answer_result *out)
{
    struct name_view target;
    struct rrset set;
    if (q->name.length == 1 || cname->count != 1 || !first_target(cname, &target) || rdata_may_compress(q->type, q->klass))
        return false;
    struct zone_found found = zone_find(q->version, target);
    if (found.outcome != ZONE_HIT || !zone_node_rrset(q->version, found.node, q->type, &set) || name_equal(target, q->name))
        return false;
    out->kind = ANSWER_POSITIVE;
    return emit_cname(reply, q->name, cname, target, &set, q->dnssec_ok);
}

static bool quick_hit(const struct answer_request *q, const struct zone_found *found, struct reply *reply, struct answer_result *out)
{
    struct rrset set = { 0 };
    bool there = zone_node_rrset(q->version, found->node, q->type, &set);
    if (there && q->name.length > 1 && !rdata_may_compress(q->type, q->klass))
        return emit_at(reply, SECTION_ANSWER, HEADER_BYTES, &set, q->dnssec_ok);
    if (!there && !beside_cname(q->type) && zone_node_rrset(q->version, found->node, TYPE_CNAME, &set) && quick_cname(q, &set, reply, out))
        return true;
    if (there || set.type == TYPE_CNAME)
        return q->cache != NULL && cache_answer(q, found->node, q->name, TAIL_TYPE, reply, out);
    if ((q->dnssec_ok && zone_version_is_signed(q->version)) || !emit_negative_soa(q->version, reply))
        return false;
    out->kind = ANSWER_NODATA;
    return true;
}

static bool quick_referral(const struct answer_request *q, const struct zone_found *found, struct reply *reply, struct answer_result *out)
{
    struct name_view cut = zone_node_name(q->version, found->node);
    bool work = referral_is_work(q->version, found->node);
    if (work && q->cache != NULL && cache_answer(q, found->node, cut, TAIL_REFERRAL, reply, out))
        return true;
    if (!referral_ready(q, found->node, work, reply))
        return false;
    out->kind = ANSWER_REFERRAL;
    out->authoritative = false;
    out->key = cut;
    return true;
}

/* @return false: nothing was written */
static bool answer_quick(const struct answer_request *q, const struct zone_found *found, struct reply *reply, struct answer_result *out)
{
    bool made;
    if (type_is_meta(q->type) || q->type == TYPE_RRSIG)
        return false;
    *out = (struct answer_result){ .ede = EDE_NONE, .key = q->name, .authoritative = true };
    if (is_referral(q, found))
        made = quick_referral(q, found, reply, out);
    else if (found->outcome == ZONE_ABSENT)
        made = quick_absent(q, found, reply, out);
    else
        made = found->exact && quick_hit(q, found, reply, out);
    if (!made)
        return false;
    reply->flags |= (out->authoritative ? FLAG_AA : 0) | (out->truncated ? FLAG_TC : 0);
    return true;
}

static bool may_be_quick(const struct answer_options *options)
{
    return options->minimal && !options->round_robin && !options->follow_zones;
}

static enum step answer_found(struct answering *a, const struct zone_found *found)
{
    if (found->outcome == ZONE_OUTSIDE)
        return STEP_DONE;
    if (is_referral(a->request, found))
        return end_with(a, ENDING_REFERRAL, found);
    a->result->authoritative = true;
    if (found->outcome == ZONE_DNAME)
        return answer_dname(a, found->node);
    if (found->outcome == ZONE_ABSENT)
        return end_with(a, ENDING_NXDOMAIN, found);
    return answer_node(a, found);
}

static enum step answer_step(struct answering *a)
{
    if (!enter_zone(a))
        return STEP_DONE;
    struct zone_found found = zone_find(a->version, a->name);
    return answer_found(a, &found);
}

/* ---- the authority section ---- */

static bool put_expansion_proofs(struct answering *a)
{
    const struct zone_version *version = a->version;
    struct name_view name = a->name;
    bool fits = true;
    for (unsigned i = 0; i < a->expansion_count && fits; i++) {
        a->version = a->expansions[i].version;
        a->name = a->expansions[i].name;
        fits = denial_wildcard(a, &a->expansions[i].found);
    }
    a->version = version;
    a->name = name;
    return fits;
}

static bool put_nodata(struct answering *a)
{
    a->result->kind = ANSWER_NODATA;
    return put_negative_soa(a) && denial_nodata(a, &a->found);
}

static bool put_nxdomain(struct answering *a)
{
    a->result->kind = ANSWER_NXDOMAIN;
    a->result->rcode = RCODE_NXDOMAIN; /* of the last name in the chain, RFC 6604 3 */
    if (a->chain_count == 0)
        a->result->key = zone_node_name(a->version, a->found.encloser);
    return put_negative_soa(a) && denial_nxdomain(a, &a->found);
}

/* Not needed by anybody, but usual: who serves the zone. */
static void put_apex_ns(struct answering *a)
{
    struct rrset set;
    const struct zone_node *apex = zone_version_apex(a->version);
    struct name_view origin = zone_version_origin(a->version);
    bool asked = a->request->type == TYPE_NS || a->request->type == TYPE_ANY;
    if (asked && name_equal(a->name, origin))
        return;
    if (!zone_node_rrset(a->version, apex, TYPE_NS, &set))
        return;
    unsigned before = a->reply->counts[SECTION_AUTHORITY];
    (void)put_rrset(a, SECTION_AUTHORITY, origin, &set, PUT_SIGNED | PUT_OPTIONAL);
    if (a->reply->counts[SECTION_AUTHORITY] > before)
        additional_want(a, origin, &set);
}

static bool put_authority(struct answering *a)
{
    if (!put_expansion_proofs(a))
        return false;
    switch (a->ending) {
    case ENDING_NODATA:
        return put_nodata(a);
    case ENDING_NXDOMAIN:
        return put_nxdomain(a);
    case ENDING_REFERRAL:
        return answer_referral(a, a->found.node);
    case ENDING_NONE:
        break;
    }
    if (!a->request->options->minimal && a->result->rcode == RCODE_NOERROR)
        put_apex_ns(a);
    return true;
}

/* ---- the whole ---- */

/* Zone transfers are made elsewhere, and NXNAME is never asked for (RFC 9824 3.4: FORMERR).  Other types that name no
 * records (RFC 6895 3.1) are like types that a name does not have: what Knot and NSD do; BIND says FORMERR or NOTIMP. */
static uint16_t refused_type(uint16_t type)
{
    if (type == TYPE_NXNAME)
        return RCODE_FORMERR;
    return type == TYPE_IXFR || type == TYPE_AXFR ? RCODE_NOTIMP : RCODE_NOERROR;
}

static void finish(struct answering *a, struct answer_result *out)
{
    struct answer_result *r = a->result;
    if (r->authoritative)
        a->reply->flags |= FLAG_AA;
    if (r->truncated)
        a->reply->flags |= FLAG_TC;
    if (a->own_hasher)
        nsec3_hasher_free(a->hasher);
    *out = *r;
}

/* Field by field: most of it is arrays, of which the counts say how much is there. */
static void begin(struct answering *a, const struct answer_request *request, struct reply *reply, struct answer_result *result)
{
    a->request = request;
    a->version = request->version;
    a->reply = reply;
    a->result = result;
    a->name = request->name;
    a->chain_count = a->dname_count = a->expansion_count = a->proof_count = a->hashes = a->wanted_count = 0;
    a->ending = ENDING_NONE;
    a->hasher = request->hasher;
    a->own_hasher = false;
}

static void answer_whole(const struct answer_request *request, const struct zone_found *found, struct reply *reply, struct answer_result *result)
{
    struct answer_result made = { .ede = EDE_NONE, .key = request->name };
    struct answering a;
    begin(&a, request, reply, &made);
    made.rcode = refused_type(request->type);
    if (made.rcode != RCODE_NOERROR) {
        made.kind = ANSWER_ERROR;
        finish(&a, result);
        return;
    }
    enum step step = answer_found(&a, found);
    while (step == STEP_CHAIN)
        step = answer_step(&a);
    if (!made.truncated && put_authority(&a))
        additional_put(&a);
    finish(&a, result);
}

enum status answer_question(const struct answer_request *request, struct reply *reply, struct answer_result *result)
{
    if (!zone_version_has_soa(request->version))
        return E_INVALID;
    struct zone_found found = zone_find_ahead(request->version, request->name, request->ahead);
    if (found.outcome == ZONE_OUTSIDE)
        return E_INVALID;
    if (!may_be_quick(request->options) || !answer_quick(request, &found, reply, result))
        answer_whole(request, &found, reply, result);
    return OK;
}
