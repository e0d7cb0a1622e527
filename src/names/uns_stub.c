/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in until Unstoppable Domains are read: every lookup says that it could not be had. */
#include "names/names_inside.h"

struct uns_source { struct uns_options options; };

void uns_options_default(uint64_t layer2_id, uint64_t layer1_id, struct uns_options *out)
{
    (void)layer2_id;
    (void)layer1_id;
    *out = (struct uns_options){ 0 };
}

enum status uns_source_new(const struct uns_options *options, struct uns_source **out)
{
    struct uns_source *source = mem_alloc(sizeof *source);
    if (!source)
        return E_NOMEM;
    source->options = *options;
    *out = source;
    return OK;
}

void uns_source_free(struct uns_source *source) { mem_free(source); }
const struct uns_options *uns_source_options(const struct uns_source *source) { return &source->options; }

static enum status fail(struct uns_source *source, struct name_view name, facts_done_fn *done, void *context, struct facts_job **out)
{
    const struct chain *chain = source->options.layer2 ? source->options.layer2 : source->options.layer1;
    struct facts *facts = facts_new(chain, name);
    if (!facts)
        return E_NOMEM;
    facts_say(facts, FACTS_FAILED, CHAIN_FAILURE_NONE, "Unstoppable Domains are not read by this version");
    return facts_tell_later(chain, facts, done, context, out);
}

enum status uns_facts_start(struct uns_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out)
{
    return fail(source, request->name, done, context, out);
}

enum status uns_reverse_start(struct uns_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out)
{
    (void)address;
    (void)coin;
    return fail(source, name_root, done, context, out);
}
