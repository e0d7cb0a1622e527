/* SPDX-License-Identifier: Apache-2.0 */
/* The order of steps of a lookup: one screen each. */
#include "names/ens_inside.h"

#include "ethereum/abi.h"
#include "names/label.h"
#include "names/namehash.h"

static void job_free(struct ens_job *job)
{
    text_clear(&job->scratch);
    arena_free(job->arena);
    facts_free(job->facts);
    mem_free(job);
}

static void job_cancel(struct facts_job *base)
{
    struct ens_job *job = (struct ens_job *)base;
    state_job_cancel(job->reading);
    job_free(job);
}

/* Hands the facts over.  The job is gone then. */
static void deliver(struct ens_job *job)
{
    struct facts *facts = job->facts;
    facts_done_fn *done = job->done;
    void *context = job->context;
    facts->proof = job->proof;
    facts->round_trips = job->budget.round_trips;
    facts->calls = job->budget.calls;
    facts->elapsed_ms = chain_loop_now_ms(chain_loop_of(job->chain)) - job->began_ms;
    job->facts = NULL;
    job_free(job);
    done(context, facts);
}

void ens_fail(struct ens_job *job, enum chain_failure failure, const char *reason)
{
    facts_say(job->facts, FACTS_FAILED, failure, reason);
    deliver(job);
}

void ens_end(struct ens_job *job)
{
    if (job->nomem || !ens_finish(job))
        facts_say(job->facts, FACTS_FAILED, CHAIN_FAILURE_MEMORY, NULL);
    deliver(job);
}

/* ---- the resolver ---- */

static void on_resolver(struct ens_job *job, const struct state_result *results);

static void ask_resolver(struct ens_job *job)
{
    ens_batch_begin(job);
    ens_plan_resolver(job, false);
    job->zone_batches++;
    if (job->read_count == 0)
        ens_end(job);
    else
        ens_batch_go_on(job, on_resolver);
}

static void on_targets(struct ens_job *job, const struct state_result *results);

/* Whether a name that records lead to, or one between it and the zone, has a resolver of its own: that is asked of the registry, and rested on. */
static void ask_cuts(struct ens_job *job, size_t want)
{
    struct name_view owner = job->wants[want].owner;
    struct eth_word node = job->suffixes[job->zone].node;
    for (unsigned left = owner.labels - job->suffixes[job->zone].name.labels; left-- > 0; ) {
        struct name_view at = name_strip(owner, left);
        struct eth_word parent = node, hash;
        char label[LABEL_UTF8_ROOM];
        size_t length;
        if (label_from_dns(slice_of((const char *)at.wire + 1, at.wire[0]), label, sizeof label, &length, NULL) != OK)
            return;             /* no name of ENS from here on */
        namehash_label(slice_of(label, length), hash.octets);
        namehash_child_of_hash(parent.octets, hash.octets, node.octets);
        ens_batch_registry(job, ENS_ASK_CUT, want, &node);
        if (!ens_depend_on_node(job, &parent, &hash, &node))
            job->nomem = true;
    }
}

/* Names that records lead to. */
static void ask_targets(struct ens_job *job)
{
    if (job->extended || job->zone_batches == 0 || job->target_batches >= ENS_TARGET_BATCHES_MAX || !ens_plan_targets(job)) {
        ens_end(job);
        return;
    }
    job->target_batches++;
    ens_batch_begin(job);
    ens_plan_resolver(job, false);
    for (size_t i = job->target_from; i < job->want_count; i++)
        if (i == job->target_from || !name_equal(job->wants[i].owner, job->wants[i - 1].owner))
            ask_cuts(job, i);
    ens_batch_go_on(job, on_targets);
}

static void on_targets(struct ens_job *job, const struct state_result *results)
{
    ens_settle_wants(job, results, job->target_from);
    (void)ens_settle_rest(job);
    ask_targets(job);
}

/* false: something of it could not be had, and the job is over. */
static bool read_registry(struct ens_job *job, const struct state_result *results)
{
    for (size_t i = 0; i < job->read_count; i++) {
        struct slice word;
        if (job->asks[i].kind > ENS_ASK_TTL)
            continue;
        struct ens_suffix *suffix = &job->suffixes[job->asks[i].index];
        if (!ens_word(&results[i], &word)) {
            enum chain_failure failure = results[i].outcome == STATE_UNAVAILABLE ? results[i].failure : CHAIN_FAILURE_BAD_REPLY;
            ens_fail(job, failure, failure == CHAIN_FAILURE_BAD_REPLY ? "the registry of ENS does not answer as one" : NULL);
            return false;
        }
        struct abi_input input;
        struct abi_reader reader = abi_reader_of(&input, word);
        if (job->asks[i].kind == ENS_ASK_RESOLVER)
            suffix->resolver = abi_read_address(&reader);
        else if (job->asks[i].kind == ENS_ASK_OWNER)
            suffix->owner = abi_read_address(&reader);
        else
            suffix->ttl = abi_read_u64(&reader);
        if (!abi_ok(&input)) {
            ens_fail(job, CHAIN_FAILURE_BAD_REPLY, "the registry of ENS does not answer as one");
            return false;
        }
    }
    return true;
}

/* What is remembered of it serves the next lookup. */
static void learn(struct ens_job *job)
{
    ens_code_learn(job->source, &job->resolver, &job->code);
    if (!ens_top_only(job))
        ens_zone_learn(job->source, job->suffixes[job->zone].name, &job->resolver);
}

/* A resolver of the time before 0x2461e851 became 0xa8fa5682. */
static bool takes_old_dns(const struct ens_job *job)
{
    return job->dns && !job->old_dns && job->code.profiles == 0 && !job->extended && job->code.supports[ENS_PROFILE_DNS] == ENS_NO
           && job->code.supports[ENS_PROFILE_DNS_OLD] == ENS_YES;
}

static void on_resolver(struct ens_job *job, const struct state_result *results)
{
    ens_settle_code(job, results);
    if (!read_registry(job, results))
        return;
    if (takes_old_dns(job) && job->zone_batches < ENS_ZONE_BATCHES_MAX) {
        job->old_dns = true;
        ask_resolver(job);
        return;
    }
    ens_settle_wants(job, results, 0);
    learn(job);
    if (ens_settle_rest(job) && job->zone_batches < ENS_ZONE_BATCHES_MAX)
        ask_resolver(job);
    else
        ask_targets(job);
}

/* ---- the registry ---- */

/* false: what decides could not be had, and the job is over. */
static bool read_details(struct ens_job *job, const struct state_result *results)
{
    struct facts_ens *e = &job->facts->e;
    for (size_t i = 0; i < job->read_count; i++) {
        if (job->asks[i].kind == ENS_ASK_EXPIRES && results[i].outcome == STATE_UNAVAILABLE && job->options->refuse_expired) {
            ens_fail(job, results[i].failure, NULL);
            return false;
        }
        if (results[i].outcome != STATE_VALUE)
            continue;
        struct abi_input input;
        struct abi_reader reader = abi_reader_of(&input, results[i].data);
        if (job->asks[i].kind == ENS_ASK_EXPIRES) {
            uint64_t expires = u256_to_u64(abi_read_u256(&reader));
            e->expires = abi_ok(&input) ? expires : 0;
            e->grace_ends = e->expires && e->expires < UINT64_MAX - job->options->grace_seconds ? e->expires + job->options->grace_seconds : e->expires;
        } else if (job->asks[i].kind == ENS_ASK_REGISTRANT) {
            struct eth_address registrant = abi_read_address(&reader);
            if (abi_ok(&input))
                e->registrant = registrant;
        } else if (job->asks[i].kind == ENS_ASK_WRAPPER) {
            struct eth_address owner = abi_read_address(&reader);
            uint64_t fuses = abi_read_u64(&reader), expiry = abi_read_u64(&reader);
            if (!abi_ok(&input))
                continue;
            e->wrapper_owner = owner;
            e->fuses = (uint32_t)fuses;
            e->wrapper_expiry = expiry;
        }
    }
    return true;
}

/* Which suffix has the resolver that counts. */
static void choose(struct ens_job *job)
{
    unsigned by_registry = job->normal;
    while (by_registry < job->labels && eth_address_is_zero(&job->suffixes[by_registry].resolver))
        by_registry++;
    job->zone = by_registry;
    if (by_registry < job->labels)
        job->resolver = job->suffixes[by_registry].resolver;
    if (job->found_valid) {
        bool none = eth_address_is_zero(&job->found_resolver) || job->found_zone >= job->labels;
        job->differs = none ? by_registry < job->labels : by_registry != job->found_zone || !eth_address_equal(&job->resolver, &job->found_resolver);
        job->zone = none ? job->labels : job->found_zone;
        job->resolver = job->found_resolver;
    }
    job->has_zone = job->zone < job->labels;
}

/* The Universal Resolver says that nothing stands behind the name, and there is no zone above it that could have records of it. */
static bool nothing_there(const struct ens_job *job)
{
    if (!job->has_zone)
        return true;
    bool not_extended = job->universal == ENS_UNIVERSAL_NOT_FOUND || job->code.profiles != 0;
    return ens_top_only(job) && not_extended;
}

static void on_first(struct ens_job *job, const struct state_result *results)
{
    struct eth_address guess = job->resolver;
    unsigned guess_zone = job->has_zone ? job->zone : UINT32_MAX;
    if (!read_registry(job, results) || !read_details(job, results) || !ens_universal_read(job, results))
        return;
    choose(job);
    if (job->has_zone && job->zone == guess_zone && eth_address_equal(&job->resolver, &guess)) {
        job->zone_batches = 1;
        on_resolver(job, results);
        return;
    }
    job->want_count = job->base_count;
    if (job->has_zone)
        job->code = ens_code_of(job->source, &job->resolver);
    if (nothing_there(job)) {
        job->has_zone = false;
        ens_end(job);
        return;
    }
    if (job->zone > ENS_BELOW_MAX) {
        ens_fail(job, CHAIN_FAILURE_NONE, "too many labels below the name that has the resolver");
        return;
    }
    if (!ens_plan_zone(job)) {
        ens_fail(job, CHAIN_FAILURE_MEMORY, NULL);
        return;
    }
    /* for a name below it answers by an extended resolver only, and of that nothing more is wanted */
    job->extended = job->zone > 0 && job->universal == ENS_UNIVERSAL_ANSWERED;
    if (job->extended && !ens_settle_rest(job))
        ens_end(job);
    else
        ask_resolver(job);
}

/* ---- begun ---- */

/* Hashes of the suffixes, as far as their labels are names of ENS.  false: out of memory */
static void hash_suffixes(struct ens_job *job, struct normalise_report *why)
{
    struct eth_word node = { { 0 } };
    job->normal = job->labels;
    for (unsigned i = job->labels; i-- > 0; ) {
        struct ens_suffix *suffix = &job->suffixes[i];
        suffix->name = name_strip(job->facts->name, i);
        if (job->normal != i + 1)
            continue;
        char label[LABEL_UTF8_ROOM];
        size_t length;
        if (label_from_dns(slice_of((const char *)suffix->name.wire + 1, suffix->name.wire[0]), label, sizeof label, &length, why) != OK)
            continue;
        namehash_label(slice_of(label, length), suffix->label.octets);
        namehash_child_of_hash(node.octets, suffix->label.octets, node.octets);
        suffix->node = node;
        job->normal = i;
    }
}

static bool write_names(struct ens_job *job)
{
    char text[LABEL_NAME_ROOM];
    size_t length;
    if (job->normal != 0)
        return true;
    if (label_name_from_dns(job->facts->name, text, sizeof text, &length, NULL) != OK)
        return false;
    char *copy = arena_copy(job->facts->arena, text, length);
    uint8_t *wire = arena_bytes(job->facts->arena, length + 2);
    size_t bytes;
    if (!copy || !wire || namehash_wire_write(slice_of(copy, length), wire, length + 2, &bytes) != OK)
        return false;
    job->facts->unicode = slice_of(copy, length);
    job->wire = slice_of((const char *)wire, bytes);
    return true;
}

static const char *say_why(struct ens_job *job, const struct normalise_report *why)
{
    struct text text;
    text_growing(&text);
    normalise_report_print(why, &text);
    const char *copy = text.full ? NULL : arena_string(job->facts->arena, text.data);
    text_clear(&text);
    return copy ? copy : normalise_fault_text(why->fault);
}

/* What need not be asked of anybody; false: it must. */
static bool is_settled(struct ens_job *job)
{
    struct normalise_report why = { 0 };
    struct facts *facts = job->facts;
    if (job->labels == 0 || job->labels > ENS_LABELS_MAX) {
        bool root = job->labels == 0;
        facts_say(facts, root ? FACTS_INVALID : FACTS_FAILED, CHAIN_FAILURE_NONE, root ? "the root is no name of ENS" : "too many labels");
        return true;
    }
    hash_suffixes(job, &why);
    if (job->normal >= job->labels || (job->labels > 1 && job->normal > job->labels - 2)) {
        facts_say(facts, FACTS_INVALID, CHAIN_FAILURE_NONE, say_why(job, &why));
        return true;
    }
    return false;
}

static bool copy_request(struct ens_job *job, const struct facts_request *request)
{
    struct arena *arena = job->facts->arena;
    job->dns = request->dns;
    job->content = request->content || request->dns;
    job->pubkey = request->pubkey;
    job->details = request->details;
    uint64_t *coins = arena_alloc(arena, (request->coin_count + 1) * sizeof *coins);
    uint16_t *types = arena_alloc(arena, (request->type_count + 1) * sizeof *types);
    if (!coins || !types)
        return false;
    if (request->coin_count)
        memcpy(coins, request->coins, request->coin_count * sizeof *coins);
    if (request->type_count)
        memcpy(types, request->types, request->type_count * sizeof *types);
    job->coins = coins;
    job->coin_count = request->coin_count;
    job->types = types;
    job->type_count = request->type_count;
    if (request->at) {
        job->at = *request->at;
        job->at_given = true;
    }
    return true;
}

static bool guess(struct ens_job *job, unsigned zone, const struct eth_address *resolver)
{
    job->zone = zone;
    job->resolver = *resolver;
    job->code = ens_code_of(job->source, resolver);
    job->has_zone = true;
    return ens_plan_zone(job);
}

/* Asked in the first batch: the resolver that a suffix had the last time; else, at the name below the top, the one that most names have. */
static bool guess_zone(struct ens_job *job)
{
    for (unsigned i = job->normal; i < job->labels && i <= ENS_BELOW_MAX; i++) {
        const struct eth_address *resolver = ens_zone_of(job->source, job->suffixes[i].name);
        if (resolver)
            return guess(job, i, resolver);
    }
    const struct eth_address *usual = &job->source->usual;
    unsigned zone = job->primary ? 0 : job->labels - 2;
    if (job->labels < 2 || zone > ENS_BELOW_MAX || zone < job->normal || eth_address_is_zero(usual) || ens_code_of(job->source, usual).profiles == 0)
        return true;
    return guess(job, zone, usual);
}

static enum status begin(struct ens_job *job, const struct facts_request *request)
{
    const struct eth_word *label = job->labels >= 2 ? &job->suffixes[job->labels - 2].label : NULL;
    struct name_view top = job->suffixes[job->labels - 1].name;
    job->facts->ens = true;
    job->facts->e.second_level = label && top.length == 5 && memcmp(top.wire, "\3eth", 5) == 0 && !eth_address_is_zero(&job->options->base_registrar);
    if (!write_names(job) || !ens_plan_core(job, request))
        return E_NOMEM;
    ens_batch_begin(job);
    ens_plan_first(job);
    ens_universal_ask(job);
    if (!guess_zone(job))
        return E_NOMEM;
    if (job->has_zone)
        ens_plan_resolver(job, !eth_address_is_zero(&job->options->universal_resolver) && job->normal == 0);
    return ens_batch_go(job, on_first);
}

enum status ens_lookup_start(struct ens_source *source, const struct facts_request *request, bool primary, facts_done_fn *done, void *context, struct facts_job **out)
{
    struct ens_job *job = mem_alloc(sizeof *job);
    if (!job)
        return E_NOMEM;
    struct chain *chain = source->options.chain;
    *job = (struct ens_job){ .job.cancel = job_cancel, .source = source, .options = &source->options, .chain = chain, .done = done, .context = context, .primary = primary };
    text_growing(&job->scratch);
    job->began_ms = chain_loop_now_ms(chain_loop_of(chain));
    job->labels = request->name.labels;
    job->facts = facts_new(chain, request->name);
    job->arena = arena_new(0);
    if (!job->facts || !job->arena || !copy_request(job, request)) {
        job_free(job);
        return E_NOMEM;
    }
    job->facts->ens = true;
    name_lower((uint8_t *)(uintptr_t)job->facts->name.wire, job->facts->name.length);
    if (is_settled(job)) {
        struct facts *facts = job->facts;
        job->facts = NULL;
        job_free(job);
        return facts_tell_later(chain, facts, done, context, out);
    }
    state_budget_init(&job->budget, chain);
    enum status status = begin(job, request);
    if (status == E_LIMIT || status == E_NOMEM) {
        job_free(job);
        return E_NOMEM;
    }
    *out = &job->job;
    return status;
}

enum status ens_facts_start(struct ens_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out)
{
    return ens_lookup_start(source, request, false, done, context, out);
}
