/* SPDX-License-Identifier: Apache-2.0 */
/* The small zone as a whole: where it begins, what it holds, what it knows, and what else is wanted for it. */
#include "names/vzone_inside.h"

#include <string.h>

/* ---- for all files ---- */

/* Two that collide make a name of no records vanish: nobody can choose that but who owns both. */
static uint64_t owner_hash(struct name_view owner)
{
    static const struct hash_key key = { UINT64_C(0x452821e638d01377), UINT64_C(0xbe5466cf34e90c6c) };
    return hash_bytes_nocase(&key, owner.wire, owner.length);
}

static bool has_owner(const struct making *m, struct name_view owner)
{
    uint64_t hash = owner_hash(owner);
    for (size_t i = 0; i < m->owner_count; i++)
        if (m->owners[i] == hash)
            return true;
    return false;
}

void making_add(struct making *m, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    if (m->status != OK || size > RDATA_MAX_BYTES)
        return;
    ttl = ttl < m->in->ttl_limit ? ttl : m->in->ttl_limit;
    enum status st = zone_builder_add(m->builder, owner, type, ttl, rdata, size, NULL);
    if (st != OK && st != E_RANGE)
        m->status = st;
    m->has_soa |= st == OK && type == TYPE_SOA && name_equal(owner, name_view_of(&m->origin));
    if (st == OK && !has_owner(m, owner) && m->owner_count < MAKING_OWNERS)
        m->owners[m->owner_count++] = owner_hash(owner);
}

void making_add_txt(struct making *m, struct name_view owner, uint32_t ttl, struct slice value)
{
    enum { STRING = 255, TEXT_MAX = 16384 };
    size_t length = value.length, at = 0;
    if (length > TEXT_MAX) {            /* half of it would be another text */
        making_failed(m, TYPE_TXT, CHAIN_FAILURE_NONE, "a text that is too long for a message");
        making_rest_failed(m, CHAIN_FAILURE_NONE, "a text that is too long for a message");
        return;
    }
    uint8_t *rdata = mem_alloc(length + length / STRING + 2);
    if (rdata == NULL) {
        m->status = E_NOMEM;
        return;
    }
    for (size_t from = 0; from == 0 || from < length; from += STRING) {
        size_t part = length - from < STRING ? length - from : STRING;
        rdata[at++] = (uint8_t)part;
        memcpy(rdata + at, value.data + from, part);
        at += part;
    }
    making_add(m, owner, TYPE_TXT, ttl, rdata, at);
    mem_free(rdata);
}

void making_rest_failed(struct making *m, enum chain_failure failure, const char *reason)
{
    if (m->out->rest_failed)
        return;
    m->out->rest_failed = true;
    m->out->rest = (struct vzone_failed){ 0, failure, reason };
}

void making_failed(struct making *m, uint16_t type, enum chain_failure failure, const char *reason)
{
    struct vzone *out = m->out;
    for (size_t i = 0; i < out->failed_count; i++)
        if (out->failed[i].type == type)
            return;
    if (out->failed_count == VZONE_FAILED) {
        making_rest_failed(m, failure, reason);
        return;
    }
    out->failed[out->failed_count++] = (struct vzone_failed){ type, failure, reason };
}

void making_fact_failed(struct making *m, uint16_t type, const struct fact *fact)
{
    making_failed(m, type, fact->state == FACT_BROKEN ? CHAIN_FAILURE_NONE : fact->failure, fact->reason);
}

/* ---- looking into facts ---- */

static const struct facts *question_facts(const struct making *m) { return m->in->facts[0].facts; }

static bool is_known(const struct making *m, struct name_view name)
{
    for (size_t i = 0; i < m->in->fact_count; i++) {
        const struct facts *f = m->in->facts[i].facts;
        if (name_equal(f->name, name) || facts_owner(f, name) != NULL)
            return true;
        for (size_t r = 0; r < f->record_count; r++)
            if (name_equal(f->records[r].owner, name))
                return true;
    }
    return false;
}

static const struct fact_records *present(const struct making *m, struct name_view owner, uint16_t type)
{
    for (size_t i = 0; i < m->in->fact_count; i++) {
        const struct fact_records *set = facts_records(m->in->facts[i].facts, owner, type);
        if (set != NULL && set->fact.state == FACT_PRESENT)
            return set;
    }
    return NULL;
}

static bool exists(const struct facts *f, struct name_view name)
{
    const struct fact_owner *owner = facts_owner(f, name);
    if (f->status != FACTS_FOUND && (f->status != FACTS_ABSENT || name_equal(name, f->name)))
        return false;
    if (owner != NULL && owner->fact.state == FACT_PRESENT)
        return true;
    if (f->status == FACTS_FOUND && name_equal(name, f->name) && made_from_content(f))
        return true;
    for (size_t i = 0; i < f->record_count; i++)
        if (f->records[i].fact.state == FACT_PRESENT && name_equal(f->records[i].owner, name))
            return true;
    return false;
}

static bool has_wildcard(const struct facts *f, struct name_view name)
{
    for (size_t i = 0; i < f->record_count; i++) {
        struct name_view owner = f->records[i].owner;
        if (f->records[i].fact.state == FACT_PRESENT && name_is_wildcard(owner) && name_below(name, name_strip(owner, 1)))
            return true;
    }
    return false;
}

/* The first name in the first record. */
static bool first_name(const struct fact_records *set, struct name_view *out)
{
    if (set->fact.value.length < 7)
        return false;
    struct cursor c = cursor_of((const uint8_t *)set->fact.value.data + 6, set->fact.value.length - 6);
    return name_read_plain(&c, out) == OK;
}

/* A delegation at or above the name, below the apex of its zone: the topmost. */
static const struct fact_records *cut_above(const struct facts *f, struct name_view name)
{
    for (unsigned labels = zone_of(f).labels + 1u; f->status == FACTS_FOUND && labels <= name.labels; labels++) {
        const struct fact_records *set = facts_records(f, name_strip(name, name.labels - labels), TYPE_NS);
        if (set != NULL && set->fact.state == FACT_PRESENT)
            return set;
    }
    return NULL;
}

/* ---- what else is wanted ---- */

static bool is_inside(const struct making *m, struct name_view name)
{
    struct name dns;
    return name_below(name, m->mount->base) && tree_to_dns(m->mount, name, &dns) && name_below(name_view_of(&dns), name_view_of(&m->origin)) &&
           !name_equal(name, m->mount->base);
}

/* Whether every name from the zone down to this one was asked for a cut. */
static bool cuts_are_known(const struct facts *f, struct name_view name)
{
    for (unsigned labels = f->zone.labels + 1u; labels <= name.labels; labels++)
        if (facts_records(f, name_strip(name, name.labels - labels), TYPE_NS) == NULL)
            return false;
    return true;
}

/* What an alias leads to is there, and was asked for as such; or it was looked up, with the wildcards that may stand in for it. */
static bool is_settled(const struct making *m, struct name_view name)
{
    for (size_t i = 0; i < m->in->fact_count; i++) {
        const struct facts *f = m->in->facts[i].facts;
        if (name_equal(f->name, name) || (facts_records(f, name, TYPE_CNAME) != NULL && exists(f, name) && cuts_are_known(f, name)))
            return true;
    }
    return false;
}

static void want(struct making *m, struct name_view name)
{
    struct vzone *out = m->out;
    if (!is_inside(m, name) || out->wanted_count == VZONE_HOPS)
        return;
    for (size_t i = 0; i < out->wanted_count; i++)
        if (name_equal(name_view_of(&out->wanted[i]), name))
            return;
    out->wanted[out->wanted_count] = name_copy(name);
    name_lower(out->wanted[out->wanted_count].wire, out->wanted[out->wanted_count].length);
    out->wanted_count++;
}

static void want_glue(struct making *m, const struct fact_records *cut)
{
    struct cursor c = cursor_of((const uint8_t *)cut->fact.value.data, cut->fact.value.length);
    for (const uint8_t *head; (head = cursor_take(&c, 6)) != NULL;) {
        const uint8_t *rdata = cursor_take(&c, get_u16(head + 4));
        struct cursor in = cursor_of(rdata, rdata == NULL ? 0 : get_u16(head + 4));
        struct name_view server;
        if (rdata == NULL || name_read_plain(&in, &server) != OK)
            return;
        if (name_below(server, cut->owner) && !is_known(m, server))
            want(m, server);
    }
}

/* The wildcard that stands in for a name that does not exist: of the closest encloser of which anything is known. */
static const struct fact_records *wildcard_alias(const struct making *m, const struct facts *f, struct name_view name)
{
    for (unsigned up = 1; up <= name.labels && name.labels - up >= zone_of(f).labels; up++) {
        struct name wild;
        if (name_prepend((const uint8_t *)"*", 1, name_strip(name, up), &wild) != OK)
            return NULL;
        if (exists(f, name_view_of(&wild)))
            return present(m, name_view_of(&wild), TYPE_CNAME);
        if (exists(f, name_strip(name, up)))
            return NULL;
    }
    return NULL;
}

static const struct facts *facts_with(const struct making *m, struct name_view name)
{
    const struct facts *best = NULL;
    for (size_t i = 0; i < m->in->fact_count; i++) {
        const struct facts *f = m->in->facts[i].facts;
        if (f->status != FACTS_FOUND || !name_below(name, zone_of(f)))
            continue;
        if (name_equal(f->name, name))
            return f;
        if (best == NULL || zone_of(f).labels > zone_of(best).labels)
            best = f;
    }
    return best;
}

/* One step of an alias. @return false: it ends here */
static bool alias_step(struct making *m, struct name *at)
{
    struct name_view name = name_view_of(at), target;
    const struct facts *f = facts_with(m, name);
    if (f == NULL)
        return false;
    const struct fact_records *cut = cut_above(f, name);
    if (cut != NULL) {
        want_glue(m, cut);
        return false;
    }
    for (unsigned labels = zone_of(f).labels; labels < name.labels; labels++) {
        const struct fact_records *dname = present(m, name_strip(name, name.labels - labels), TYPE_DNAME);
        struct name to;
        if (dname == NULL)
            continue;
        if (!first_name(dname, &target) || name_replace_suffix(name, dname->owner, target, &to) != OK)
            return false;
        *at = to;
        return true;
    }
    const struct fact_records *cname = present(m, name, TYPE_CNAME);
    if (cname == NULL && !exists(f, name))
        cname = wildcard_alias(m, f, name);
    if (cname == NULL || !first_name(cname, &target))
        return false;
    *at = name_copy(target);
    return true;
}

static void find_wanted(struct making *m)
{
    struct name at = name_copy(question_facts(m)->name);
    for (unsigned hop = 0; hop < VZONE_HOPS && alias_step(m, &at); hop++)
        if (!is_settled(m, name_view_of(&at)))
            want(m, name_view_of(&at));
}

/* ---- what is in it ---- */

/* A name that exists and has nothing that was asked for: something below it, which nobody asks for here, makes it a node. */
static void add_empty(struct making *m, struct name_view owner)
{
    static const uint8_t marks[2] = { 0, 1 }, nothing[1] = { 0 };
    struct name below;
    enum status st = name_prepend(&marks[0], 1, owner, &below);
    if (st == OK && name_below(m->in->question, name_view_of(&below)))      /* but not the one that is asked for */
        st = name_prepend(&marks[1], 1, owner, &below);
    if (st == OK)
        making_add(m, name_view_of(&below), TYPE_TXT, 0, nothing, 1);
}

static void add_existing(struct making *m, const struct facts *f, struct name_view name)
{
    struct name dns;
    if (exists(f, name) && tree_to_dns(m->mount, name, &dns) && name_below(name_view_of(&dns), name_view_of(&m->origin)) &&
        !name_equal(name_view_of(&dns), name_view_of(&m->origin)) && !has_owner(m, name_view_of(&dns)))
        add_empty(m, name_view_of(&dns));
}

static void add_made(struct making *m, const struct facts *f)
{
    struct name dns;
    if (records_have(f, f->name, TYPE_CNAME) || cut_above(f, f->name) != NULL || !tree_to_dns(m->mount, f->name, &dns))
        return;
    struct name_view owner = name_view_of(&dns);
    if (!records_have(f, f->name, TYPE_TXT))
        made_add_dnslink(m, f, owner);
    made_add_gateways(m, f, owner);
    made_add_wallet(m, f, owner);
}

static bool matters(const struct making *m, struct name_view owner)
{
    struct name_view name = question_facts(m)->name;
    return name_equal(owner, name) || (name_is_wildcard(owner) && !exists(question_facts(m), name) && name_below(name, name_strip(owner, 1)));
}

/* What could not be had, or is malformed: of which types does it leave us without an answer? */
static void add_bad(struct making *m, const struct facts *f, const struct fact_records *set, enum vzone_role role)
{
    const bool above = set->type == TYPE_NS || set->type == TYPE_DNAME;
    const struct fact *fact = &set->fact;
    const enum chain_failure failure = fact->state == FACT_BROKEN ? CHAIN_FAILURE_NONE : fact->failure;
    if (above && !name_equal(set->owner, zone_of(f)) && name_below(f->name, set->owner) && (set->type == TYPE_NS || !name_equal(f->name, set->owner)))
        making_rest_failed(m, failure, fact->reason);       /* it decides about all that lies there */
    else if (above && set->type == TYPE_DNAME && name_equal(set->owner, zone_of(f)) && !name_equal(f->name, zone_of(f)))
        making_rest_failed(m, failure, fact->reason);
    else if (set->type == TYPE_CNAME && (matters(m, set->owner) || role == VZONE_ROLE_CHASED))
        making_rest_failed(m, failure, fact->reason);
    else if (matters(m, set->owner) || role == VZONE_ROLE_CHASED || !name_is_wildcard(set->owner))
        making_failed(m, set->type, failure, fact->reason);
}

/* A name that somebody has, and whose resolver is another's: it has no records, and exists (names below it may have some). */
static void add_owned(struct making *m, const struct facts *f)
{
    struct name dns;
    if (!f->ens || !f->e.owned || has_wildcard(f, f->name) || cut_above(f, f->name) != NULL || !tree_to_dns(m->mount, f->name, &dns))
        return;
    if (name_below(name_view_of(&dns), name_view_of(&m->origin)) && !name_equal(name_view_of(&dns), name_view_of(&m->origin)) && !has_owner(m, name_view_of(&dns)))
        add_empty(m, name_view_of(&dns));
}

static void add_facts(struct making *m, const struct vzone_facts *from)
{
    const struct facts *f = from->facts;
    if (f->status == FACTS_FAILED) {
        making_rest_failed(m, f->failure, f->reason);
        return;
    }
    if (f->status == FACTS_ABSENT && m->own && from->role == VZONE_ROLE_QUESTION)
        records_add(m, f, true);
    if (f->status == FACTS_ABSENT) {            /* but names above it exist, and decide which wildcards count */
        for (size_t i = 0; i < f->owner_count; i++)
            add_existing(m, f, f->owners[i].owner);
        return;
    }
    if (f->status != FACTS_FOUND)
        return;
    records_add(m, f, false);
    add_made(m, f);
    for (size_t i = 0; i < f->owner_count; i++) {
        add_existing(m, f, f->owners[i].owner);
        if (fact_is_bad(&f->owners[i].fact) && name_equal(f->owners[i].owner, f->name))
            making_rest_failed(m, f->owners[i].fact.failure, f->owners[i].fact.reason);
    }
    add_existing(m, f, f->name);
    add_owned(m, f);
    for (size_t i = 0; i < f->record_count; i++)
        if (fact_is_bad(&f->records[i].fact))
            add_bad(m, f, &f->records[i], from->role);
}

static void add_dnslink(struct making *m)
{
    const struct facts *own = question_facts(m);
    if (own->status == FACTS_FOUND && records_have(own, own->name, TYPE_TXT))
        return;
    for (size_t i = 1; i < m->in->fact_count; i++) {
        const struct vzone_facts *host = &m->in->facts[i];
        if (host->role != VZONE_ROLE_HOST)
            continue;
        if (host->facts->status == FACTS_FAILED)
            making_rest_failed(m, host->facts->failure, host->facts->reason);
        else if (host->facts->status == FACTS_FOUND)
            made_add_dnslink(m, host->facts, m->in->question);
    }
}

static void add_all(struct making *m)
{
    const struct facts *f = question_facts(m);
    switch (m->in->read->kind) {
    case VZONE_TEXT:
    case VZONE_REVERSE:
        if (f->status == FACTS_FAILED)
            making_rest_failed(m, f->failure, f->reason);
        else if (f->status == FACTS_FOUND && m->in->read->kind == VZONE_TEXT)
            made_add_text(m, f, m->in->read->key, m->in->question);
        else if (f->status == FACTS_FOUND)
            made_add_pointer(m, f, m->in->question);
        break;
    default:
        for (size_t i = 0; i < m->in->fact_count; i++)
            if (m->in->facts[i].role != VZONE_ROLE_HOST)
                add_facts(m, &m->in->facts[i]);
        if (m->in->read->kind == VZONE_DNSLINK)
            add_dnslink(m);
        break;
    }
}

/* ---- what it knows ---- */

static bool has_failed(const struct vzone *out, uint16_t type)
{
    for (size_t i = 0; i < out->failed_count; i++)
        if (out->failed[i].type == type)
            return true;
    return false;
}

static void know(struct making *m, uint16_t type)
{
    struct vzone *out = m->out;
    if (has_failed(out, type))
        return;
    if (out->rest_failed && present(m, question_facts(m)->name, type) == NULL)
        return;
    if (type < CACHE_TYPES)
        cache_types_add(out->types, type);
    else if (out->more_count < LENGTH_OF(out->more_types))
        out->more_types[out->more_count++] = type;
}

static void know_types(struct making *m)
{
    static const uint16_t usual[] = { TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_HTTPS, TYPE_CNAME, TYPE_SOA, TYPE_NS, TYPE_DNAME };
    const struct facts *f = question_facts(m);
    struct vzone *out = m->out;
    const struct fact_records *cut = cut_above(f, f->name);
    bool whole = (f->status == FACTS_FOUND && f->zone.length == 0) || f->status == FACTS_ABSENT || f->status == FACTS_INVALID || (cut != NULL && !name_equal(cut->owner, f->name));
    if (m->in->read->kind == VZONE_TEXT || m->in->read->kind == VZONE_REVERSE)
        whole = f->status != FACTS_FAILED;
    out->all_types = whole && !out->rest_failed && out->failed_count == 0;
    if (out->all_types || f->status == FACTS_FAILED)
        return;
    if (cut != NULL && !out->rest_failed)           /* a referral for every type but DS */
        for (uint16_t type = 1; type < CACHE_TYPES; type++)
            if (type != TYPE_DS)
                cache_types_add(out->types, type);
    for (size_t i = 0; i < LENGTH_OF(usual); i++)
        know(m, usual[i]);
    for (size_t i = 0; i < f->type_count; i++)
        know(m, f->types[i]);
    if (f->coin_count != 0)
        know(m, TYPE_WALLET);
}

static const char *sentence_of(const struct making *m)
{
    const struct facts *f = question_facts(m);
    if (m->out->rest_failed)
        return "part of it could not be read";
    if (f->status == FACTS_INVALID)
        return "not a name that the name system allows";
    if (f->status == FACTS_ABSENT)
        return has_owner(m, m->in->question) ? "from the content of the name that it is about" : m->in->read->kind == VZONE_REVERSE ? "the address has no primary name that leads back to it" : "nobody has this name";
    if (m->in->read->kind == VZONE_TEXT)
        return "a text record of the name";
    if (m->own)
        return "from DNS records on chain, a zone of its own";
    return f->ens && f->e.wildcard ? "an ancestor's resolver answers for it" : "from what its resolver says";
}

/* ---- where it begins ---- */

/* Also a name that does not exist lies in the zone of one that does; but not in one that counts as gone (then there is a reason). */
static bool in_a_zone(const struct facts *f)
{
    return f->status == FACTS_FOUND || (f->status == FACTS_ABSENT && f->zone.length != 0 && f->reason == NULL && !name_equal(f->zone, f->name));
}

static void choose_origin(struct making *m)
{
    const struct facts *f = question_facts(m);
    const bool below_reverse = m->in->read->kind == VZONE_REVERSE;
    m->origin = name_copy(below_reverse ? m->mount->reverse : m->mount->suffix);
    if (below_reverse || m->in->read->kind == VZONE_TEXT || !in_a_zone(f))
        return;
    bool soa = records_have(f, zone_of(f), TYPE_SOA), ns = records_have(f, zone_of(f), TYPE_NS);
    struct name zone;
    if ((!soa && !ns) || !tree_to_dns(m->mount, zone_of(f), &zone))
        return;
    m->own = true;
    m->origin = zone;
}

static bool is_negative(const struct making *m)
{
    const struct facts *f = question_facts(m);
    return m->out->all_types && f->status != FACTS_FOUND && !has_owner(m, m->in->question);     /* `_dnslink` has what is made for it */
}

enum status vzone_build(const struct vzone_input *in, struct vzone *out)
{
    struct vzone made = { .chain_ttl = UINT32_MAX };
    struct making m = { .in = in, .mount = in->mount, .out = &made };
    choose_origin(&m);
    if (!in->last && in->fact_count < VZONE_FACTS && (in->read->kind == VZONE_NAME || in->read->kind == VZONE_DNSLINK))
        find_wanted(&m);
    if (made.wanted_count > 0) {
        *out = made;
        return OK;
    }
    m.status = zone_builder_new(name_view_of(&m.origin), CLASS_IN, &m.builder);
    if (m.status != OK)
        return m.status;
    add_all(&m);
    apex_add(&m);
    if (m.status != OK) {
        zone_builder_free(m.builder);
        return m.status;
    }
    know_types(&m);
    made.negative = is_negative(&m);
    made.sentence = sentence_of(&m);
    enum status st = zone_builder_finish(m.builder, false, &made.version);
    if (st == OK)
        *out = made;
    return st;
}
