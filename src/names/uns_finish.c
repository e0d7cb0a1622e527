/* SPDX-License-Identifier: Apache-2.0 */
/* What was read, as facts: values, and what all that rests on. */
#include "names/uns_inside.h"

#include "names/coin.h"

/* ---- values ---- */

static struct fact absent(struct proof proof) { return (struct fact){ .state = FACT_ABSENT, .proof = proof }; }

static struct fact fact_of(struct uns_job *job, enum status status, struct slice value, const char *wrong)
{
    struct fact fact = { .proof = job->facts->proof };
    if (status == E_NOMEM)
        job->nomem = true;
    fact.state = status != OK ? FACT_BROKEN : value.length ? FACT_PRESENT : FACT_ABSENT;
    fact.reason = status != OK ? wrong : NULL;
    fact.value = value;
    return fact;
}

static struct fact records_fact(struct uns_job *job, const struct uns_token *token, size_t type)
{
    struct slice json = token->values[uns_type_key(type)], value = slice_of(NULL, 0);
    const char *wrong = NULL;
    if (json.length == 0)
        return absent(job->facts->proof);
    uint32_t ttl = uns_ttl(token->values[uns_type_key(type) + 1], token->values[0]);
    enum status status = uns_records_read(json, job->types[type], ttl, job->facts->arena, &value, &wrong);
    return fact_of(job, status, value, wrong);
}

static struct fact content_fact(struct uns_job *job, const struct uns_token *token)
{
    struct slice text = token->values[job->content_key], value = slice_of(NULL, 0);
    if (text.length == 0)
        text = token->values[job->content_key + 1];
    if (text.length == 0)
        return absent(job->facts->proof);
    enum status status = uns_content_read(text, job->facts->arena, &value);
    return fact_of(job, status, value, "content that is not an IPFS hash");
}

static struct fact coin_fact(struct uns_job *job, uint64_t coin, const struct slice *values, size_t count)
{
    uint8_t octets[COIN_BYTES_MAX];
    size_t length = 0;
    while (count > 0 && values->length == 0) {
        values++;
        count--;
    }
    if (count == 0)
        return absent(job->facts->proof);
    enum status status = coin_parse(coin, *values, octets, &length);
    const char *copy = status == OK ? arena_copy(job->facts->arena, octets, length) : NULL;
    if (status == OK && !copy)
        status = E_NOMEM;
    return fact_of(job, status, slice_of(copy, copy ? length : 0), "an address that is none of that coin");
}

/* @param token  the name's own; NULL: it has none */
static bool collect_values(struct uns_job *job, const struct uns_token *token)
{
    char keys[UNS_COIN_KEYS][UNS_COIN_KEY_ROOM];
    struct facts *facts = job->facts;
    facts->texts = arena_alloc(facts->arena, (job->text_count + 1) * sizeof *facts->texts);
    facts->coins = arena_alloc(facts->arena, (job->coin_count + 1) * sizeof *facts->coins);
    if (!facts->texts || !facts->coins)
        return false;
    size_t at = job->text_key;
    for (size_t i = 0; i < job->text_count; i++) {
        char other[UNS_OTHER_KEY_ROOM];
        struct slice value = token ? token->values[at] : slice_of(NULL, 0);
        size_t forms = 1 + uns_other_key(job->texts[i], other);
        if (token && forms > 1 && value.length == 0)
            value = token->values[at + 1];
        at += forms;
        facts->texts[facts->text_count++] = (struct fact_text){ job->texts[i], fact_of(job, OK, value, NULL) };
    }
    at = job->coin_key;
    for (size_t i = 0; i < job->coin_count; i++) {
        size_t count = uns_coin_keys(job->coins[i], keys);
        struct fact fact = token ? coin_fact(job, job->coins[i], token->values + at, count) : absent(facts->proof);
        facts->coins[facts->coin_count++] = (struct fact_coin){ job->coins[i], fact };
        at += count;
    }
    if (job->content)
        facts->content = token ? content_fact(job, token) : absent(facts->proof);
    return true;
}

/* Of the name itself all types; of a name above it that has the token, those that decide about what is below. */
static bool collect_records(struct uns_job *job, const struct uns_token *owned, unsigned token)
{
    struct facts *facts = job->facts;
    size_t above = token > 0 && job->above_count > 0 ? (job->above_count - 1) / 2 : 0;
    facts->records = arena_alloc(facts->arena, (job->type_count + above + 1) * sizeof *facts->records);
    if (!facts->records)
        return false;
    for (size_t i = 0; i < job->type_count; i++) {
        struct fact fact = owned && token == 0 ? records_fact(job, owned, i) : absent(facts->proof);
        facts->records[facts->record_count++] = (struct fact_records){ facts->name, job->types[i], fact };
    }
    for (size_t i = 0; owned && i < above; i++)
        facts->records[facts->record_count++] = (struct fact_records){ job->names[token], job->types[i], records_fact(job, owned, i) };
    facts->types = job->types;
    facts->type_count = job->type_count;
    return true;
}

/* ---- what it rests on ---- */

/* Whether anybody owns it there, and its records in the registry. */
static bool depend_on_token(struct uns_job *job, const struct uns_contracts *at, const struct eth_word *token)
{
    return facts_depend(job->facts, at->chain, &at->registry, DEPEND_NODE, token, NULL) && facts_depend(job->facts, at->chain, &at->registry, DEPEND_TOKEN, token, NULL)
           && facts_depend(job->facts, at->chain, &at->cns, DEPEND_NODE, token, NULL) && facts_depend(job->facts, at->chain, &at->cns, DEPEND_TOKEN, token, NULL);
}

/* Configuration vouches for reader and registry; what they run changes with an event. */
static bool depend_on_code(struct uns_job *job, const struct uns_contracts *at)
{
    return facts_depend(job->facts, at->chain, &at->reader, DEPEND_CODE, NULL, NULL) && facts_depend(job->facts, at->chain, &at->registry, DEPEND_CODE, NULL, NULL);
}

/* Names in the older registry have a resolver of its time; of another one than that which is known nobody says what it does. */
static bool depend_on_resolver(struct uns_job *job, const struct uns_contracts *at, const struct uns_token *owned, const struct eth_word *token)
{
    if (eth_address_equal(&owned->resolver, &at->registry) || eth_address_is_zero(&owned->resolver))
        return true;
    if (!eth_address_equal(&owned->resolver, &job->source->cns_resolver))
        job->facts->one_block = true;
    return facts_depend(job->facts, at->chain, &owned->resolver, DEPEND_NODE, token, NULL);
}

/* All names from the longest to the one that answers, on each layer that was consulted about it. */
static bool depend(struct uns_job *job, unsigned layer, unsigned token)
{
    unsigned last = layer < UNS_LAYERS ? token + 1 : job->count;
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        const struct uns_contracts *at = &job->layers[i].ask.contracts;
        unsigned behind = i <= layer ? last : last - 1;         /* the second layer has it: the first was not consulted */
        if (!at->chain || job->normal >= behind)
            continue;
        if (eth_address_is_zero(&at->registry))
            job->facts->one_block = true;                       /* nobody tells when something changes */
        for (unsigned k = job->normal; k < behind; k++)
            if (!depend_on_token(job, at, &job->tokens[k]))
                return false;
        if (!depend_on_code(job, at))
            return false;
    }
    return true;
}

/* Of the layers that had a say: the first had none about a name that the second owns. */
static void say_proof(struct uns_job *job, unsigned layer, unsigned token)
{
    bool known = false;
    for (unsigned i = 0; i < UNS_LAYERS; i++) {
        const struct uns_ask *ask = &job->layers[i].ask;
        if (!ask->contracts.chain || (i > layer && token == job->normal))
            continue;
        job->facts->proof = known ? proof_weaker(job->facts->proof, ask->proof) : ask->proof;
        known = true;
    }
}

/* The chain that answers; where nobody has the name, the last one that could have. */
static unsigned answering(const struct uns_job *job, unsigned layer)
{
    if (layer < UNS_LAYERS)
        return layer;
    return job->layers[1].ask.contracts.chain ? 1 : 0;
}

/* UNS keeps no records of names below a token.  Name servers that one has are told as a delegation of all below it: its zone is that of the name above then. */
static struct name_view zone_of(const struct uns_job *job, unsigned token)
{
    const struct fact_records *servers = token > 0 ? facts_records(job->facts, job->names[token], TYPE_NS) : NULL;
    return servers && servers->fact.state != FACT_ABSENT ? name_strip(job->names[token], 1) : job->names[token];
}

static bool say_owner(struct uns_job *job, unsigned layer, unsigned token)
{
    struct facts *facts = job->facts;
    const struct uns_layer *at = &job->layers[layer];
    const struct uns_token *owned = &at->tokens[token];
    facts->zone = zone_of(job, token);
    facts->u.token = job->tokens[token];
    facts->u.owner = owned->owner;
    facts->u.resolver = owned->resolver;
    facts->u.expires = owned->expires;
    if (owned->expires)
        facts->changes_at = owned->expires > facts->block.time ? owned->expires : facts->block.time + 1;
    return depend_on_resolver(job, &at->ask.contracts, owned, &job->tokens[token]);
}

bool uns_finish(struct uns_job *job, unsigned layer, unsigned token)
{
    struct facts *facts = job->facts;
    bool found = layer < UNS_LAYERS;
    const struct uns_ask *answers = &job->layers[answering(job, layer)].ask;
    const struct uns_token *owned = found ? &job->layers[layer].tokens[token] : NULL;
    facts->chain = answers->contracts.chain;
    facts->block = answers->block;
    facts->u.chain_id = chain_id(facts->chain);
    facts->u.token = job->tokens[job->normal];
    say_proof(job, layer, token);
    if (!collect_values(job, token == 0 ? owned : NULL) || !collect_records(job, owned, token) || !depend(job, layer, token))
        return false;
    if (found && !say_owner(job, layer, token))
        return false;
    facts_say(facts, found ? FACTS_FOUND : FACTS_ABSENT, CHAIN_FAILURE_NONE, found ? NULL : "nobody has this name");
    return !job->nomem;
}
