/* SPDX-License-Identifier: Apache-2.0 */
#include "names/names_inside.h"
#include "names/depend.h"

#include <string.h>

/* ---- made and read ---- */

struct facts *facts_new(const struct chain *chain, struct name_view name)
{
    struct arena *arena = arena_new(0);
    struct facts *facts = arena ? arena_alloc(arena, sizeof *facts) : NULL;
    uint8_t *wire = facts ? arena_copy(arena, name.wire, name.length) : NULL;
    if (!wire) {
        arena_free(arena);
        return NULL;
    }
    *facts = (struct facts){ .arena = arena, .chain = chain, .name = { wire, name.length, name.labels }, .max_age_seconds = UINT32_MAX };
    return facts;
}

void facts_free(struct facts *facts)
{
    if (facts)
        arena_free(facts->arena);
}

void facts_say(struct facts *facts, enum facts_status status, enum chain_failure failure, const char *reason)
{
    facts->status = status;
    facts->failure = failure;
    facts->reason = reason;
}

const struct fact_records *facts_records(const struct facts *facts, struct name_view owner, uint16_t type)
{
    for (size_t i = 0; i < facts->record_count; i++)
        if (facts->records[i].type == type && name_equal(facts->records[i].owner, owner))
            return &facts->records[i];
    return NULL;
}

const struct fact_owner *facts_owner(const struct facts *facts, struct name_view owner)
{
    for (size_t i = 0; i < facts->owner_count; i++)
        if (name_equal(facts->owners[i].owner, owner))
            return &facts->owners[i];
    return NULL;
}

const struct fact_text *facts_text(const struct facts *facts, const char *key)
{
    for (size_t i = 0; i < facts->text_count; i++)
        if (slice_is(facts->texts[i].key, key))
            return &facts->texts[i];
    return NULL;
}

const struct fact_coin *facts_coin(const struct facts *facts, uint64_t coin)
{
    for (size_t i = 0; i < facts->coin_count; i++)
        if (facts->coins[i].coin == coin)
            return &facts->coins[i];
    return NULL;
}

/* ---- what they rest on ---- */

/* Adds to a list that grows by doubling; false when out of memory. */
static bool list_add(struct arena *arena, void **list, size_t count, const void *item, size_t bytes)
{
    if ((count & (count - 1)) == 0) {       /* 0, or full at a power of two */
        uint8_t *larger = arena_alloc(arena, (count ? count * 2 : 1) * bytes);
        if (!larger)
            return false;
        if (count)
            memcpy(larger, *list, count * bytes);
        *list = larger;
    }
    memcpy((uint8_t *)*list + count * bytes, item, bytes);
    return true;
}

bool facts_watch(struct facts *facts, const struct chain *chain, const struct eth_address *contract)
{
    bool below = chain != facts->chain;
    const struct eth_address *list = below ? facts->contracts_below : facts->contracts;
    size_t *count = below ? &facts->contract_below_count : &facts->contract_count;
    if (eth_address_is_zero(contract))
        return true;
    for (size_t i = 0; i < *count; i++)
        if (eth_address_equal(&list[i], contract))
            return true;
    void *grown = (void *)(uintptr_t)list;
    if (!list_add(facts->arena, &grown, *count, contract, sizeof *contract))
        return false;
    ++*count;
    if (below) {
        facts->contracts_below = grown;
        facts->chain_below = chain;
    } else {
        facts->contracts = grown;
    }
    return true;
}

static bool add_key(struct facts *facts, uint64_t key)
{
    for (size_t i = 0; i < facts->depend_count; i++)
        if (facts->depends[i] == key)
            return true;
    if (facts->depend_count >= FACTS_DEPENDS_MAX) {
        facts->one_block = true;
        return true;
    }
    void *grown = facts->depends;
    if (!list_add(facts->arena, &grown, facts->depend_count, &key, sizeof key))
        return false;
    facts->depends = grown;
    facts->depend_count++;
    return true;
}

bool facts_depend(struct facts *facts, const struct chain *chain, const struct eth_address *contract, enum depend_kind kind, const struct eth_word *first,
                  const struct eth_word *second)
{
    if (eth_address_is_zero(contract))
        return true;
    return facts_watch(facts, chain, contract) && add_key(facts, depend_key(chain_id(chain), contract, kind, first, second));
}

bool facts_merge(struct facts *facts, const struct facts *other)
{
    for (size_t i = 0; i < other->depend_count; i++)
        if (!add_key(facts, other->depends[i]))
            return false;
    for (size_t i = 0; i < other->contract_count; i++)
        if (!facts_watch(facts, other->chain, &other->contracts[i]))
            return false;
    for (size_t i = 0; i < other->contract_below_count; i++)
        if (!facts_watch(facts, other->chain_below, &other->contracts_below[i]))
            return false;
    facts->one_block = facts->one_block || other->one_block;
    if (other->max_age_seconds < facts->max_age_seconds)
        facts->max_age_seconds = other->max_age_seconds;
    if (other->changes_at && (!facts->changes_at || other->changes_at < facts->changes_at))
        facts->changes_at = other->changes_at;
    facts->proof = proof_weaker(facts->proof, other->proof);
    facts->calls += other->calls;
    return true;
}

/* ---- told at the next turn ---- */

struct later {
    struct facts_job job;
    struct chain_timer timer;
    struct facts *facts;
    facts_done_fn *done;
    void *context;
};

static void later_cancel(struct facts_job *job)
{
    struct later *later = (struct later *)job;
    chain_timer_clear(&later->timer);
    facts_free(later->facts);
    mem_free(later);
}

static void later_tell(struct chain_timer *timer)
{
    struct later *later = (struct later *)((char *)timer - offsetof(struct later, timer));
    struct later told = *later;
    mem_free(later);
    told.done(told.context, told.facts);
}

enum status facts_tell_later(const struct chain *chain, struct facts *facts, facts_done_fn *done, void *context, struct facts_job **out)
{
    struct later *later = mem_alloc(sizeof *later);
    if (later) {
        *later = (struct later){ .job.cancel = later_cancel, .facts = facts, .done = done, .context = context };
        if (chain_timer_set(chain_loop_of(chain), &later->timer, 0, later_tell) == OK) {
            *out = &later->job;
            return OK;
        }
    }
    mem_free(later);
    facts_free(facts);
    return E_NOMEM;
}

/* ---- by name system ---- */

enum status name_source_ens(const struct ens_options *options, struct name_source **out)
{
    struct name_source *source = mem_alloc(sizeof *source);
    if (!source)
        return E_NOMEM;
    enum status status = ens_source_new(options, &source->ens);
    if (status != OK) {
        mem_free(source);
        return status;
    }
    *out = source;
    return OK;
}

enum status name_source_uns(const struct uns_options *options, struct name_source **out)
{
    struct name_source *source = mem_alloc(sizeof *source);
    if (!source)
        return E_NOMEM;
    enum status status = uns_source_new(options, &source->uns);
    if (status != OK) {
        mem_free(source);
        return status;
    }
    *out = source;
    return OK;
}

void name_source_free(struct name_source *source)
{
    if (!source)
        return;
    ens_source_free(source->ens);
    uns_source_free(source->uns);
    mem_free(source);
}

const struct ens_options *name_source_ens_options(const struct name_source *source) { return source->ens ? ens_source_options(source->ens) : NULL; }
const struct uns_options *name_source_uns_options(const struct name_source *source) { return source->uns ? uns_source_options(source->uns) : NULL; }

void name_source_logs(struct name_source *source, const struct eth_block *block, const struct chain_log *logs, size_t count)
{
    (void)block;
    if (source->ens)
        ens_source_logs(source->ens, logs, count);
}

void name_source_drop(struct name_source *source, uint64_t from_number)
{
    (void)from_number;
    if (source->ens)
        ens_source_drop(source->ens);
}

enum status facts_start(struct name_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out)
{
    return source->ens ? ens_facts_start(source->ens, request, done, context, out) : uns_facts_start(source->uns, request, done, context, out);
}

enum status facts_start_reverse(struct name_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out)
{
    return source->ens ? ens_reverse_start(source->ens, address, coin, done, context, out) : uns_reverse_start(source->uns, address, coin, done, context, out);
}

void facts_cancel(struct facts_job *job)
{
    if (job)
        job->cancel(job);
}
