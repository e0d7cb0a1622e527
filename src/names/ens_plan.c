/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted, and what is to be asked of whom. */
#include "names/coin.h"
#include "names/ens_inside.h"
#include "names/ens_selectors.h"

#include "ethereum/abi.h"
#include "wire/rdata.h"

/* With every lookup for DNS.  Those of the name itself that resolvers behind a gateway are asked for too: */
static const uint16_t core_types[] = { TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_HTTPS, TYPE_CNAME };
static const uint16_t own_types[] = { TYPE_NS, TYPE_SOA, TYPE_DNAME, TYPE_MX, TYPE_CAA };
static const uint16_t wildcard_types[] = { TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_HTTPS, TYPE_CNAME, TYPE_MX, TYPE_CAA };
static const uint16_t apex_types[] = { TYPE_SOA, TYPE_NS, TYPE_DNAME };
static const uint16_t middle_types[] = { TYPE_NS, TYPE_DNAME };
static const uint16_t alias_types[] = { TYPE_NS, TYPE_DNAME, TYPE_MX, TYPE_CAA };       /* of own_types: those that an alias may lead to */
static const uint16_t host_types[] = { TYPE_A, TYPE_AAAA };

enum { WANTS_FIRST_ROOM = 32 };

/* ---- the list ---- */

struct ens_want *ens_want_add(struct ens_job *job, enum ens_want_kind kind, struct name_view owner, uint16_t type)
{
    for (size_t i = 0; i < job->want_count; i++) {
        struct ens_want *old = &job->wants[i];
        if (kind >= ENS_WANT_RECORDS && old->kind == kind && old->type == type && name_equal(old->owner, owner))
            return old;
    }
    if (job->want_count == job->want_room) {
        size_t room = job->want_room ? job->want_room * 2 : WANTS_FIRST_ROOM;
        struct ens_want *wants = arena_alloc(job->facts->arena, room * sizeof *wants);
        if (!wants) {
            job->nomem = true;
            return NULL;
        }
        if (job->want_count)
            memcpy(wants, job->wants, job->want_count * sizeof *wants);
        job->wants = wants;
        job->want_room = room;
    }
    struct ens_want *want = &job->wants[job->want_count++];
    *want = (struct ens_want){ .kind = kind, .owner = owner, .type = type };
    return want;
}

static void add_types(struct ens_job *job, struct name_view owner, const uint16_t *types, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)ens_want_add(job, ENS_WANT_RECORDS, owner, types[i]);
}

static bool add_values(struct ens_job *job, const struct facts_request *request)
{
    struct name_view none = { 0 };
    struct ens_want *want;
    if (job->content)
        (void)ens_want_add(job, ENS_WANT_CONTENT, none, 0);
    if (job->primary)
        (void)ens_want_add(job, ENS_WANT_NAME, none, 0);
    for (size_t i = 0; i < request->coin_count; i++) {
        uint64_t coin = request->coins[i];
        if ((want = ens_want_add(job, ENS_WANT_COIN, none, 0)) != NULL)
            want->coin = coin;
        if (coin == COIN_ETH)
            (void)ens_want_add(job, ENS_WANT_ADDR, none, 0);
        if (coin > COIN_EVM_DEFAULT && coin <= UINT32_MAX && (want = ens_want_add(job, ENS_WANT_COIN, none, 0)) != NULL)
            want->coin = COIN_EVM_DEFAULT;
    }
    for (size_t i = 0; i < request->text_count; i++) {
        const char *key = arena_copy(job->facts->arena, request->texts[i].data, request->texts[i].length);
        if (!key || (want = ens_want_add(job, ENS_WANT_TEXT, none, 0)) == NULL)
            return false;
        want->key = slice_of(key, request->texts[i].length);
    }
    if (job->pubkey)
        (void)ens_want_add(job, ENS_WANT_PUBKEY, none, 0);
    return !job->nomem;
}

bool ens_plan_core(struct ens_job *job, const struct facts_request *request)
{
    struct name_view name = job->suffixes[0].name;
    if (!add_values(job, request))
        return false;
    if (job->dns) {
        add_types(job, name, core_types, LENGTH_OF(core_types));
        for (size_t i = 0; i < job->type_count; i++)
            if (!type_is_meta(job->types[i]))
                (void)ens_want_add(job, ENS_WANT_RECORDS, name, job->types[i]);
    }
    for (size_t i = 0; i < job->want_count; i++)
        job->wants[i].core = true;
    job->core_count = job->want_count;
    if (job->details) {
        struct name_view none = { 0 };
        (void)ens_want_add(job, ENS_WANT_CONTENT_OLD, none, 0);
        (void)ens_want_add(job, ENS_WANT_MULTIHASH, none, 0);
        (void)ens_want_add(job, ENS_WANT_ZONEHASH, none, 0);
    }
    job->base_count = job->want_count;
    return !job->nomem;
}

/* All that an alias may lead to. */
static void add_host(struct ens_job *job, struct name_view owner)
{
    add_types(job, owner, core_types, LENGTH_OF(core_types));
    add_types(job, owner, alias_types, LENGTH_OF(alias_types));
    for (size_t i = 0; i < job->type_count; i++)
        if (!type_is_meta(job->types[i]))
            (void)ens_want_add(job, ENS_WANT_RECORDS, owner, job->types[i]);
    (void)ens_want_add(job, ENS_WANT_HAS, owner, 0);
    for (unsigned up = 1; owner.labels > job->suffixes[job->zone].name.labels + up; up++)
        add_types(job, name_strip(owner, up), middle_types, LENGTH_OF(middle_types));
}

static void add_wildcard(struct ens_job *job, struct name_view below)
{
    struct name wildcard;
    if (name_prepend((const uint8_t *)"*", 1, below, &wildcard) != OK)
        return;
    const uint8_t *wire = arena_copy(job->facts->arena, wildcard.wire, wildcard.length);
    if (!wire) {
        job->nomem = true;
        return;
    }
    struct name_view owner = { wire, wildcard.length, (uint8_t)(below.labels + 1) };
    (void)ens_want_add(job, ENS_WANT_HAS, owner, 0);
    add_types(job, owner, wildcard_types, LENGTH_OF(wildcard_types));
    for (size_t i = 0; i < job->type_count; i++)
        if (!type_is_meta(job->types[i]))
            (void)ens_want_add(job, ENS_WANT_RECORDS, owner, job->types[i]);
}

/* All that says how a question below the name with the resolver is answered, as from a zone. */
bool ens_plan_zone(struct ens_job *job)
{
    job->want_count = job->base_count;
    if (!job->dns)
        return !job->nomem;
    struct name_view name = job->suffixes[0].name;
    (void)ens_want_add(job, ENS_WANT_HAS, name, 0);
    add_types(job, name, own_types, LENGTH_OF(own_types));
    for (unsigned i = 1; i < job->zone; i++) {
        (void)ens_want_add(job, ENS_WANT_HAS, job->suffixes[i].name, 0);
        add_types(job, job->suffixes[i].name, middle_types, LENGTH_OF(middle_types));
    }
    if (job->zone > 0) {
        add_types(job, job->suffixes[job->zone].name, apex_types, LENGTH_OF(apex_types));
        add_host(job, job->suffixes[job->zone].name);       /* where many an alias leads: it is there without another step */
    }
    for (unsigned i = 1; i <= job->zone; i++)
        add_wildcard(job, job->suffixes[i].name);
    job->target_from = job->want_count;
    return !job->nomem;
}

/* ---- the first batch: registry, registrar, wrapper ---- */

static void ask_word(struct ens_job *job, enum ens_ask_kind kind, const struct eth_address *to, uint32_t selector, const struct eth_word *word)
{
    struct text *text = ens_batch_text(job);
    struct abi_writer writer = abi_writer_call(text, selector, 1);
    abi_write_word(&writer, word);
    ens_batch_call(job, kind, 0, to, ens_batch_written(text), false);
}

void ens_plan_first(struct ens_job *job)
{
    for (unsigned i = job->normal; i < job->labels; i++) {
        ens_batch_registry(job, ENS_ASK_RESOLVER, i, &job->suffixes[i].node);
        if (i != 0 && i + ENS_FULL_SUFFIXES < job->labels)
            continue;
        ens_batch_registry(job, ENS_ASK_OWNER, i, &job->suffixes[i].node);
        ens_batch_registry(job, ENS_ASK_TTL, i, &job->suffixes[i].node);
    }
    const struct ens_options *options = job->options;
    if (job->facts->e.second_level) {
        const struct eth_word *label = &job->suffixes[job->labels - 2].label;
        ask_word(job, ENS_ASK_EXPIRES, &options->base_registrar, ENS_NAME_EXPIRES, label);
        if (job->details)
            ask_word(job, ENS_ASK_REGISTRANT, &options->base_registrar, ENS_OWNER_OF, label);
    }
    if (job->details && job->normal == 0 && !eth_address_is_zero(&options->name_wrapper))
        ask_word(job, ENS_ASK_WRAPPER, &options->name_wrapper, ENS_WRAPPER_GET_DATA, &job->suffixes[0].node);
}

/* ---- what the resolver is asked ---- */

bool ens_top_only(const struct ens_job *job) { return job->labels > 1 && job->zone == job->labels - 1; }

bool ens_should_ask(const struct ens_job *job, const struct ens_want *want, bool extended)
{
    if (want->fact.state != FACT_NOT_ASKED)
        return false;
    if (extended)
        return want->core && job->normal == 0;
    if (ens_top_only(job) || (job->zone > 0 && !ens_want_is_dns(want)))
        return false;
    enum ens_profile profile = ens_want_profile(want);
    if (profile == ENS_PROFILE_DNS && job->old_dns)
        return true;
    if (job->code.profiles)
        return job->code.profiles >> profile & 1;
    return job->code.supports[profile] != ENS_NO;
}

static void ask_direct(struct ens_job *job, size_t index)
{
    struct text *text = ens_batch_text(job);
    ens_want_write(&job->wants[index], &job->suffixes[job->zone].node, job->old_dns, text);
    /* a gateway costs much: not on the mere chance that the function counts */
    ens_batch_call(job, ENS_ASK_DIRECT, index, &job->resolver, ens_batch_written(text), job->followed_direct);
}

static void ask_extended(struct ens_job *job, size_t index)
{
    struct text *inner = ens_batch_text(job), outer;
    ens_want_write(&job->wants[index], &job->suffixes[0].node, false, inner);
    text_growing(&outer);
    struct abi_writer writer = abi_writer_call(&outer, ENS_RESOLVE, 2);
    abi_write_bytes(&writer, job->wire);
    abi_write_bytes(&writer, ens_batch_written(inner));
    if (outer.full)
        job->nomem = true;
    else
        ens_batch_call(job, ENS_ASK_EXTENDED, index, &job->resolver, ens_batch_written(&outer), true);
    text_clear(&outer);
}

static void ask_supports(struct ens_job *job, enum ens_ask_kind kind, size_t index, uint32_t id)
{
    struct text *text = ens_batch_text(job);
    struct abi_writer writer = abi_writer_call(text, ENS_SUPPORTS_INTERFACE, 1);
    abi_write_bytes4(&writer, id);
    ens_batch_call(job, kind, index, &job->resolver, ens_batch_written(text), false);
}

/* What says whether its silence means that there is nothing. */
static void ask_about_code(struct ens_job *job)
{
    uint32_t asked = 1u << ENS_PROFILE_EXTENDED;
    ens_batch_code(job, &job->resolver);
    ask_supports(job, ENS_ASK_ERC165, 0, ENS_SUPPORTS_INTERFACE);
    ask_supports(job, ENS_ASK_NOT_ERC165, 0, 0xffffffff);
    for (size_t i = 0; i < job->want_count; i++)
        asked |= 1u << ens_want_profile(&job->wants[i]);
    if (asked >> ENS_PROFILE_DNS & 1)
        asked |= 1u << ENS_PROFILE_DNS_OLD;
    for (unsigned profile = 0; profile < ENS_PROFILES; profile++)
        if (asked >> profile & 1)
            ask_supports(job, ENS_ASK_SUPPORTS, profile, ens_profile_id((enum ens_profile)profile));
}

static void ask_want(struct ens_job *job, size_t index, enum ens_tri extended, bool spare_core)
{
    const struct ens_want *want = &job->wants[index];
    if (spare_core && index < job->core_count && (job->zone == 0 || extended == ENS_YES))
        return;
    if (extended != ENS_YES && ens_should_ask(job, want, false))
        ask_direct(job, index);
    if (extended != ENS_NO && !spare_core && ens_should_ask(job, want, true))
        ask_extended(job, index);
}

void ens_plan_resolver(struct ens_job *job, bool spare_core)
{
    size_t before = job->read_count;
    bool known = job->code.profiles != 0;
    enum ens_tri extended = known ? ENS_NO : job->code.supports[ENS_PROFILE_EXTENDED];
    job->followed_direct = job->must_follow || (!known && extended == ENS_NO);
    if (!known)
        ask_about_code(job);
    if (job->zone != 0 && job->zone + ENS_FULL_SUFFIXES < job->labels) {
        ens_batch_registry(job, ENS_ASK_OWNER, job->zone, &job->suffixes[job->zone].node);
        ens_batch_registry(job, ENS_ASK_TTL, job->zone, &job->suffixes[job->zone].node);
    }
    for (size_t i = 0; i < job->want_count; i++)
        ask_want(job, i, extended, spare_core);
    if (job->code.burns)
        ens_batch_alone(job, before);
}

/* ---- names in the zone that its records lead to ---- */

static bool is_wanted(const struct ens_job *job, struct name_view name)
{
    for (size_t i = 0; i < job->want_count; i++)
        if (job->wants[i].kind == ENS_WANT_RECORDS && job->wants[i].type == TYPE_A && name_equal(job->wants[i].owner, name))
            return true;
    return false;
}

static bool asked_type(const struct ens_job *job, uint16_t type)
{
    for (size_t i = 0; i < job->type_count; i++)
        if (job->types[i] == type)
            return true;
    return false;
}

/* Servers behind a cut must be known, or nobody gets behind it; aliases are followed; others only spare a question. */
static bool leads_on(const struct ens_job *job, const struct ens_want *want)
{
    bool apex = name_equal(want->owner, job->suffixes[job->zone].name);
    return want->kind == ENS_WANT_RECORDS && want->fact.state == FACT_PRESENT
           && (want->type == TYPE_CNAME || (want->type == TYPE_NS && !apex) || asked_type(job, want->type));
}

static bool add_target(struct ens_job *job, struct name_view target, bool alias)
{
    size_t before = job->want_count;
    if (!name_below(target, job->suffixes[job->zone].name) || (!alias && is_wanted(job, target)) || target.labels > ENS_LABELS_MAX)
        return false;
    uint8_t *wire = arena_copy(job->facts->arena, target.wire, target.length);
    if (!wire) {
        job->nomem = true;
        return false;
    }
    name_lower(wire, target.length);
    struct name_view owner = { wire, target.length, target.labels };
    if (alias)
        add_host(job, owner);
    else
        add_types(job, owner, host_types, LENGTH_OF(host_types));
    return job->want_count > before;
}

static size_t targets_of(struct ens_job *job, const struct ens_want *want)
{
    size_t added = 0;
    struct cursor cursor = cursor_of((const uint8_t *)want->fact.value.data, want->fact.value.length);
    while (cursor_left(&cursor) > 0) {
        (void)cursor_u32(&cursor);
        uint16_t size = cursor_u16(&cursor);
        const uint8_t *rdata = cursor_take(&cursor, size);
        size_t offset = 0;
        struct rdata_name name;
        while (rdata && rdata_name_next(want->type, CLASS_IN, rdata, size, &offset, &name))
            added += added < ENS_TARGETS_MAX && (want->type == TYPE_CNAME || name.use == RDATA_NAME_TARGET) && add_target(job, name.name, want->type == TYPE_CNAME);
        if (!rdata)
            break;
    }
    return added;
}

bool ens_plan_targets(struct ens_job *job)
{
    size_t from = job->want_count, added = 0;
    for (size_t i = 0; i < from && added < ENS_TARGETS_MAX; i++) {
        struct ens_want want = job->wants[i];
        if (leads_on(job, &want))
            added += targets_of(job, &want);
    }
    job->target_from = from;
    return added > 0;
}
