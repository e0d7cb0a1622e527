/* SPDX-License-Identifier: Apache-2.0 */
/* What was found out, as facts: values, whether the name exists, and what all that rests on. */
#include "names/coin.h"
#include "names/ens_inside.h"

enum { NOTHING_AGE_SECONDS = 60 };

/* ---- values ---- */

static const struct ens_want *find(const struct ens_job *job, enum ens_want_kind kind, uint64_t coin)
{
    for (size_t i = 0; i < job->want_count; i++)
        if (job->wants[i].kind == kind && job->wants[i].coin == coin)
            return &job->wants[i];
    return NULL;
}

static struct fact fact_of(const struct ens_want *want) { return want ? want->fact : (struct fact){ 0 }; }

/* Its own value; else what stands in for it: the old form for ether, the default of all EVM chains for one of them (ENSIP-19). */
static struct fact coin_fact(const struct ens_job *job, uint64_t coin)
{
    struct fact own = fact_of(find(job, ENS_WANT_COIN, coin)), other = { 0 };
    if (coin == COIN_ETH)
        other = fact_of(find(job, ENS_WANT_ADDR, 0));
    else if (own.state == FACT_ABSENT && coin > COIN_EVM_DEFAULT && coin <= UINT32_MAX)
        other = fact_of(find(job, ENS_WANT_COIN, COIN_EVM_DEFAULT));
    if (own.state == FACT_PRESENT || own.state == FACT_BROKEN)
        return own;
    if (other.state == FACT_PRESENT || (own.state == FACT_ABSENT && (other.state == FACT_FAILED || other.state == FACT_BROKEN)))
        return other;
    return own;
}

static struct fact content_fact(const struct ens_job *job)
{
    static const enum ens_want_kind older[] = { ENS_WANT_CONTENT_OLD, ENS_WANT_MULTIHASH };
    struct fact own = fact_of(find(job, job->primary ? ENS_WANT_NAME : ENS_WANT_CONTENT, 0));
    for (size_t i = 0; own.state == FACT_ABSENT && i < LENGTH_OF(older); i++) {
        struct fact fact = fact_of(find(job, older[i], 0));
        if (fact.state == FACT_PRESENT)
            return fact;
    }
    return own;
}

static bool collect(struct ens_job *job)
{
    struct facts *facts = job->facts;
    size_t records = 0, owners = 0, texts = 0;
    facts->records = arena_alloc(facts->arena, (job->want_count + 1) * sizeof *facts->records);
    facts->owners = arena_alloc(facts->arena, (job->want_count + 1) * sizeof *facts->owners);
    facts->texts = arena_alloc(facts->arena, (job->want_count + 1) * sizeof *facts->texts);
    facts->coins = arena_alloc(facts->arena, (job->coin_count + 1) * sizeof *facts->coins);
    if (!facts->records || !facts->owners || !facts->texts || !facts->coins)
        return false;
    for (size_t i = 0; i < job->want_count; i++) {
        const struct ens_want *want = &job->wants[i];
        if (want->dropped)
            continue;
        if (want->kind == ENS_WANT_RECORDS)
            facts->records[records++] = (struct fact_records){ want->owner, want->type, want->fact };
        else if (want->kind == ENS_WANT_HAS)
            facts->owners[owners++] = (struct fact_owner){ want->owner, want->fact };
        else if (want->kind == ENS_WANT_TEXT)
            facts->texts[texts++] = (struct fact_text){ want->key, want->fact };
    }
    facts->record_count = records;
    facts->owner_count = owners;
    facts->text_count = texts;
    for (size_t i = 0; i < job->coin_count; i++)
        facts->coins[facts->coin_count++] = (struct fact_coin){ job->coins[i], coin_fact(job, job->coins[i]) };
    facts->content = content_fact(job);
    facts->zonehash = fact_of(find(job, ENS_WANT_ZONEHASH, 0));
    const struct ens_want *key = find(job, ENS_WANT_PUBKEY, 0);
    facts->pubkey_x = facts->pubkey_y = fact_of(key);
    if (key && key->fact.state == FACT_PRESENT)
        facts->pubkey_y.value = key->second;
    return true;
}

static bool list_types(struct ens_job *job)
{
    uint16_t *types = arena_alloc(job->facts->arena, (job->want_count + 1) * sizeof *types);
    size_t count = 0;
    if (!types)
        return false;
    for (size_t i = 0; i < job->want_count; i++)
        if (job->wants[i].kind == ENS_WANT_RECORDS && name_equal(job->wants[i].owner, job->suffixes[0].name))
            types[count++] = job->wants[i].type;
    job->facts->types = types;
    job->facts->type_count = count;
    return true;
}

/* ---- whether it exists ---- */

static bool is_there(const struct ens_want *want) { return want->fact.state == FACT_PRESENT || want->fact.state == FACT_BROKEN; }

/* The owner is that name, or the wildcard right below it, which makes it exist as an empty one. */
static bool shows_name(struct name_view owner, struct name_view name)
{
    return name_equal(owner, name) || (name_is_wildcard(owner) && name_equal(name_strip(owner, 1), name));
}

/* The suffix nearest to the name that the zone has records of; the zone's own at the latest (RFC 4592, 3.3.1). */
static unsigned closest_encloser(const struct ens_job *job)
{
    for (unsigned i = 1; i < job->zone; i++)
        for (size_t k = 0; k < job->want_count; k++)
            if (ens_want_is_dns(&job->wants[k]) && is_there(&job->wants[k]) && shows_name(job->wants[k].owner, job->suffixes[i].name))
                return i;
    return job->zone;
}

/* Somebody else answers for it, or it goes by another name. */
static bool is_cut(const struct ens_job *job, const struct ens_want *want)
{
    if (want->kind != ENS_WANT_RECORDS || !is_there(want) || (want->type != TYPE_NS && want->type != TYPE_DNAME))
        return false;
    struct name_view zone = job->suffixes[job->zone].name;
    return job->zone > 0 && !name_is_wildcard(want->owner) && name_below(job->suffixes[0].name, want->owner)
           && (want->type == TYPE_DNAME || !name_equal(want->owner, zone));
}

static bool has_records(const struct ens_job *job)
{
    struct name_view name = job->suffixes[0].name;
    struct name_view encloser = job->zone > 0 ? job->suffixes[closest_encloser(job)].name : name_root;
    for (size_t i = 0; i < job->want_count; i++) {
        const struct ens_want *want = &job->wants[i];
        if (!ens_want_is_dns(want) || !is_there(want))
            continue;
        if (name_equal(want->owner, name) || is_cut(job, want))
            return true;
        if (job->zone > 0 && name_is_wildcard(want->owner) && name_equal(name_strip(want->owner, 1), encloser))
            return true;
    }
    return false;
}

static const struct ens_want *failed_want(const struct ens_job *job)
{
    for (size_t i = 0; i < job->want_count; i++)
        if (job->wants[i].fact.state == FACT_FAILED)
            return &job->wants[i];
    return NULL;
}

static void say_status(struct ens_job *job)
{
    struct facts *facts = job->facts;
    struct facts_ens *e = &facts->e;
    if (job->options->refuse_expired && e->expires && e->grace_ends <= facts->block.time) {
        facts_say(facts, FACTS_ABSENT, CHAIN_FAILURE_NONE, "its registration is over");
        return;
    }
    e->owned = job->normal == 0 && !eth_address_is_zero(&job->suffixes[0].owner);
    if (e->owned || (job->has_zone && (job->zone == 0 || job->extended || has_records(job)))) {
        facts_say(facts, FACTS_FOUND, CHAIN_FAILURE_NONE, NULL);
        return;
    }
    const struct ens_want *failed = failed_want(job);
    if (failed)
        facts_say(facts, FACTS_FAILED, failed->fact.failure, failed->fact.reason);
    else
        facts_say(facts, FACTS_ABSENT, CHAIN_FAILURE_NONE, NULL);
}

static void say_ens(struct ens_job *job)
{
    struct facts *facts = job->facts;
    struct facts_ens *e = &facts->e;
    unsigned at = job->has_zone && !job->extended ? job->zone : job->normal == 0 ? 0 : job->normal;
    const struct ens_suffix *suffix = &job->suffixes[at];
    const struct ens_suffix *granted = job->has_zone ? &job->suffixes[job->zone] : suffix;
    e->node = suffix->node;
    /* Who has a name is to be told of the name itself, also where the resolver is that of one above it. */
    const bool itself = job->details && job->normal == 0;
    e->owner = itself ? job->suffixes[0].owner : suffix->owner;
    e->registry_ttl = suffix->ttl ? suffix->ttl : granted->ttl;
    e->universal = job->universal == ENS_UNIVERSAL_ANSWERED || job->found_valid;
    e->wrapped = (at == 0 || itself) && !eth_address_is_zero(&e->wrapper_owner) && eth_address_equal(&e->owner, &job->options->name_wrapper);
    if (!job->has_zone)
        return;
    e->resolver = job->resolver;
    e->wildcard = job->extended && job->zone > 0;
    e->known_code = job->code.profiles != 0;
    facts->zone = suffix->name;
}

/* ---- what it rests on ---- */

bool ens_depend_on_node(struct ens_job *job, const struct eth_word *parent, const struct eth_word *label, const struct eth_word *node)
{
    const struct eth_address *registries[] = { &job->options->registry, &job->options->registry_old };
    for (size_t k = 0; k < LENGTH_OF(registries); k++)
        if (!facts_depend(job->facts, job->chain, registries[k], DEPEND_NODE, node, NULL) || !facts_depend(job->facts, job->chain, registries[k], DEPEND_LABEL, parent, label))
            return false;
    return true;
}

static bool depend_on_registries(struct ens_job *job)
{
    struct eth_word root = { { 0 } };
    for (unsigned i = job->normal; i < job->labels; i++) {
        const struct eth_word *parent = i + 1 < job->labels ? &job->suffixes[i + 1].node : &root;
        if (!ens_depend_on_node(job, parent, &job->suffixes[i].label, &job->suffixes[i].node))
            return false;
    }
    return true;
}

static bool depend_on_owners(struct ens_job *job)
{
    struct facts *facts = job->facts;
    const struct ens_options *options = job->options;
    const struct eth_word *label = job->labels >= 2 ? &job->suffixes[job->labels - 2].label : NULL;
    if (facts->e.second_level && (!facts_depend(facts, job->chain, &options->base_registrar, DEPEND_NODE, label, NULL)
                                  || !facts_depend(facts, job->chain, &options->base_registrar, DEPEND_TOKEN, label, NULL)))
        return false;
    if (job->details && job->normal == 0 && !facts_depend(facts, job->chain, &options->name_wrapper, DEPEND_NODE, &job->suffixes[0].node, NULL))
        return false;
    return true;
}

static bool depend_on_resolver(struct ens_job *job)
{
    struct facts *facts = job->facts;
    if (!job->has_zone)
        return true;
    facts->one_block = job->differs || job->code.profiles == 0;
    return facts_depend(facts, job->chain, &job->resolver, DEPEND_NODE, &facts->e.node, NULL)
           && facts_depend(facts, job->chain, &job->resolver, DEPEND_CODE, NULL, NULL);
}

/* One that after all has no say: that of the top, which is asked for names below it only if it takes all names; and one that does,
 * for a name that is none of ENS.  That it is so rests on its code. */
static void leave_resolver(struct ens_job *job)
{
    bool silent = job->extended ? job->normal != 0 : ens_top_only(job);
    if (!job->has_zone || !silent)
        return;
    job->has_zone = false;
    if (job->code.profiles == 0 && job->universal != ENS_UNIVERSAL_NOT_FOUND)
        job->differs = true;
}

bool ens_finish(struct ens_job *job)
{
    struct facts *facts = job->facts;
    leave_resolver(job);
    for (size_t i = 0; i < job->want_count; i++) {
        struct ens_want *want = &job->wants[i];
        if (job->has_zone)
            ens_want_fail(want, CHAIN_FAILURE_BUDGET, NULL);        /* open after all that was asked */
        else if (want->fact.state == FACT_NOT_ASKED)
            want->fact.state = FACT_ABSENT;
    }
    say_ens(job);
    if (!collect(job) || !list_types(job) || !depend_on_registries(job) || !depend_on_owners(job) || !depend_on_resolver(job))
        return false;
    if (job->found_valid && !facts_depend(facts, job->chain, &job->options->universal_resolver, DEPEND_CODE, NULL, NULL))
        return false;
    /* The Universal Resolver may look into registries that we do not know of, nor of their logs (ENSv2): that it finds nothing holds for a while. */
    if (job->found_valid && !job->has_zone && facts->max_age_seconds > NOTHING_AGE_SECONDS)
        facts->max_age_seconds = NOTHING_AGE_SECONDS;
    if (job->differs)
        facts->one_block = true;
    if (job->options->refuse_expired && facts->e.expires && facts->e.grace_ends > facts->block.time)
        facts->changes_at = facts->e.grace_ends;
    say_status(job);
    return true;
}
