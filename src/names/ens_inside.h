/* SPDX-License-Identifier: Apache-2.0 */
/* names/ens_inside.h -- a lookup of ENS under way.
 *
 * What is wanted of a name is a list (names/ens_want.h).  The first batch asks the registry about the name and all its suffixes, and the Universal
 * Resolver, where there is one, for all values of the name itself; and, where the resolver of a suffix is remembered, that one too, as if it still were
 * its resolver: what the registry says in the same batch decides whether that counts.  The second batch asks the resolver what is open yet. */
#ifndef NAMES_ENS_INSIDE_H
#define NAMES_ENS_INSIDE_H

#include "names/ens_known.h"
#include "names/ens_want.h"
#include "names/names_inside.h"

enum {
    ENS_LABELS_MAX = 32,            /* of a name that is looked up at all */
    ENS_BELOW_MAX = 16,             /* labels below the name that has the resolver */
    ENS_FULL_SUFFIXES = 3,          /* so many from the right are asked for owner and ttl too, besides the name itself */
    ENS_ZONE_BATCHES_MAX = 3,
    ENS_TARGET_BATCHES_MAX = 8, ENS_TARGETS_MAX = 24,
    ENS_CODES_MAX = 4096, ENS_ZONES_MAX = 65536     /* remembered; about 128 octets each */
};

/* ---- what a source remembers: guesses that save a step, never more ---- */

enum ens_tri { ENS_UNKNOWN, ENS_YES, ENS_NO };
struct ens_code {
    uint32_t profiles;              /* of code that is known; 0 = it is not */
    enum ens_tri supports[ENS_PROFILES];    /* as the contract said */
    bool burns;                     /* it may burn all gas when it is asked for what it has not: it is not asked together with others */
};
struct ens_source { struct ens_options options; struct eth_address *known; struct table *codes /* by address */, *zones /* by name: struct eth_address */; struct eth_address usual /* the last resolver of known code; zero = none */; };

/* What is known of the code at an address; all unknown when nothing is. */
struct ens_code ens_code_of(const struct ens_source *source, const struct eth_address *address);
void ens_code_learn(struct ens_source *source, const struct eth_address *address, const struct ens_code *code);
const struct eth_address *ens_zone_of(const struct ens_source *source, struct name_view name);      /* NULL: nothing */
void ens_zone_learn(struct ens_source *source, struct name_view name, const struct eth_address *resolver);

/* ---- the job ---- */

enum ens_ask_kind {
    ENS_ASK_RESOLVER, ENS_ASK_OWNER, ENS_ASK_TTL,           /* index: suffix */
    ENS_ASK_EXPIRES, ENS_ASK_REGISTRANT, ENS_ASK_WRAPPER, ENS_ASK_FIND, ENS_ASK_UNIVERSAL,
    ENS_ASK_CODE, ENS_ASK_ERC165, ENS_ASK_NOT_ERC165,
    ENS_ASK_SUPPORTS,                                       /* profile */
    ENS_ASK_DIRECT, ENS_ASK_EXTENDED,                       /* want */
    ENS_ASK_CUT                                             /* resolver of a name that a record leads to; want of the first record there */
};
struct ens_ask { enum ens_ask_kind kind; uint16_t index; };

struct ens_suffix {
    struct name_view name;
    struct eth_word node, label;    /* where it is normal */
    struct eth_address resolver, owner;
    uint64_t ttl;
};

enum ens_universal { ENS_UNIVERSAL_NONE, ENS_UNIVERSAL_ANSWERED, ENS_UNIVERSAL_NOT_FOUND, ENS_UNIVERSAL_REFUSED };

struct ens_job {
    struct facts_job job;
    struct ens_source *source;
    const struct ens_options *options;
    struct chain *chain;
    struct facts *facts;
    facts_done_fn *done; void *context;

    bool dns, content, pubkey, details, primary;
    const uint64_t *coins; size_t coin_count;
    const uint16_t *types; size_t type_count;       /* besides the usual */

    struct ens_suffix suffixes[ENS_LABELS_MAX];     /* 0 is the name, labels - 1 the top */
    unsigned labels, normal;                        /* suffixes from `normal` on are names of ENS */
    struct slice wire;                              /* of the name, as contracts take it; where normal is 0 */

    struct ens_want *wants; size_t want_count, want_room, core_count /* of any resolver */, base_count /* of the name itself */;

    struct state_budget budget;
    struct state_job *reading;
    void (*next)(struct ens_job *job, const struct state_result *results);
    struct arena *arena;                            /* of this batch */
    struct state_read *reads; struct ens_ask *asks; size_t read_count, read_room;
    struct text scratch;
    bool started, at_given, nomem;
    struct eth_block at;
    uint64_t began_ms;
    struct proof proof; bool proof_known;

    enum ens_universal universal;
    bool found_valid; struct eth_address found_resolver; unsigned found_zone;      /* what findResolver says */
    bool has_zone, extended, differs, followed;
    unsigned zone;                                  /* the suffix whose resolver counts */
    struct eth_address resolver;
    struct ens_code code;
    bool no_code /* at the resolver's address */, old_dns, must_follow /* its functions themselves go by a gateway */, followed_direct /* in this batch */;
    unsigned zone_batches, target_batches;
    size_t target_from;                             /* wants from here on were added for names that records lead to */
};

/* ens_batch.c: reads that are put together.  Those that fail for want of memory set job->nomem. */
void ens_batch_begin(struct ens_job *job);
void ens_batch_call(struct ens_job *job, enum ens_ask_kind kind, size_t index, const struct eth_address *to, struct slice calldata, bool follow);
void ens_batch_registry(struct ens_job *job, enum ens_ask_kind kind, size_t index, const struct eth_word *node);
/* Calls added from here on: each by itself, with little gas. */
void ens_batch_alone(struct ens_job *job, size_t from);
void ens_batch_code(struct ens_job *job, const struct eth_address *of);
/* The scratch text, empty; what is written to it is good until the next call. */
struct text *ens_batch_text(struct ens_job *job);
static inline struct slice ens_batch_written(const struct text *text) { return slice_of(text->data, text->length); }
/* @return as state_read_all */
MUST_CHECK enum status ens_batch_go(struct ens_job *job, void (*next)(struct ens_job *job, const struct state_result *results));
/* The same, or the job is over. */
void ens_batch_go_on(struct ens_job *job, void (*next)(struct ens_job *job, const struct state_result *results));
/* A result of one word, as the function returns it. */
bool ens_word(const struct state_result *result, struct slice *out);

/* ens_plan.c: what is wanted, and what is to be asked of whom. */
struct ens_want *ens_want_add(struct ens_job *job, enum ens_want_kind kind, struct name_view owner, uint16_t type);
bool ens_plan_core(struct ens_job *job, const struct facts_request *request);
bool ens_plan_zone(struct ens_job *job);
void ens_plan_first(struct ens_job *job);
/* Reads of what is open. @param spare_core  what the Universal Resolver answers in the same batch is left out */
void ens_plan_resolver(struct ens_job *job, bool spare_core);
/* Adds wants for names in the zone that its records lead to; false when there are none. */
bool ens_plan_targets(struct ens_job *job);
bool ens_should_ask(const struct ens_job *job, const struct ens_want *want, bool extended);
bool ens_top_only(const struct ens_job *job);       /* the resolver is that of the top, which says nothing of names below it unless it is extended */

/* ens_universal.c */
void ens_universal_ask(struct ens_job *job);
/* @return false: the job cannot go on: failed */
bool ens_universal_read(struct ens_job *job, const struct state_result *results);

/* ens_settle.c: answers of the resolver. */
void ens_note_age(struct ens_job *job, const struct state_result *result);
void ens_settle_code(struct ens_job *job, const struct state_result *results);
void ens_settle_wants(struct ens_job *job, const struct state_result *results, size_t from);
/* What is open and will not be asked: absent.  @return whether something is open yet */
bool ens_settle_rest(struct ens_job *job);
void ens_want_fail(struct ens_want *want, enum chain_failure failure, const char *reason);

/* ens_finish.c */
bool ens_finish(struct ens_job *job);               /* fills the facts; false when out of memory */
/* Both registries' records of a node, and who makes it. */
bool ens_depend_on_node(struct ens_job *job, const struct eth_word *parent, const struct eth_word *label, const struct eth_word *node);

/* ens_lookup.c */
/* @param primary  name() is asked as well; it becomes facts->content (for names that addresses have) */
MUST_CHECK enum status ens_lookup_start(struct ens_source *source, const struct facts_request *request, bool primary, facts_done_fn *done, void *context, struct facts_job **out);
void ens_fail(struct ens_job *job, enum chain_failure failure, const char *reason);
void ens_end(struct ens_job *job);

#endif
