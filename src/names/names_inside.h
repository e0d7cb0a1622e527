/* SPDX-License-Identifier: Apache-2.0 */
/* names/names_inside.h -- what the two name systems share behind names/facts.h. */
#ifndef NAMES_NAMES_INSIDE_H
#define NAMES_NAMES_INSIDE_H

#include "names/depend.h"
#include "names/facts.h"

struct ens_source;
struct uns_source;
struct name_source { struct ens_source *ens; struct uns_source *uns; };     /* one of them */

/* A lookup under way; first in whatever a system keeps of it. */
struct facts_job { void (*cancel)(struct facts_job *job); };

/* Facts with a copy of the name, nothing asked and nothing known; NULL when out of memory. */
struct facts *facts_new(const struct chain *chain, struct name_view name);
/* Failed, or whatever status says; `reason` is a constant. */
void facts_say(struct facts *facts, enum facts_status status, enum chain_failure failure, const char *reason);
/* Adds keys and contracts; false when out of memory.  What is there already is not added again; beyond FACTS_DEPENDS_MAX the facts become good for one block. */
bool facts_depend(struct facts *facts, const struct chain *chain, const struct eth_address *contract, enum depend_kind kind, const struct eth_word *first, const struct eth_word *second);
/* A contract whose logs count; on `chain`, or below when that is another one. */
bool facts_watch(struct facts *facts, const struct chain *chain, const struct eth_address *contract);
/* What one rests on, the other rests on too. */
bool facts_merge(struct facts *facts, const struct facts *other);
/* Hands `facts` over at the loop's next turn: for what is known without asking anybody.  Takes them. @return OK, E_NOMEM (they are freed) */
MUST_CHECK enum status facts_tell_later(const struct chain *chain, struct facts *facts, facts_done_fn *done, void *context, struct facts_job **out);

/* ---- ENS ---- */

MUST_CHECK enum status ens_source_new(const struct ens_options *options, struct ens_source **out);
void ens_source_free(struct ens_source *source);
const struct ens_options *ens_source_options(const struct ens_source *source);
void ens_source_logs(struct ens_source *source, const struct chain_log *logs, size_t count);
void ens_source_drop(struct ens_source *source);
MUST_CHECK enum status ens_facts_start(struct ens_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out);
MUST_CHECK enum status ens_reverse_start(struct ens_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out);

/* ---- UNS ---- */

MUST_CHECK enum status uns_source_new(const struct uns_options *options, struct uns_source **out);
void uns_source_free(struct uns_source *source);
const struct uns_options *uns_source_options(const struct uns_source *source);
MUST_CHECK enum status uns_facts_start(struct uns_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out);
MUST_CHECK enum status uns_reverse_start(struct uns_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out);

#endif
