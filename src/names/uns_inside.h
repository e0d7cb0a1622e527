/* SPDX-License-Identifier: Apache-2.0 */
/* names/uns_inside.h -- a lookup of Unstoppable Domains under way.
 *
 * A name may be a token on two chains.  Both are asked at once, one batch each: about the name itself and about the names above it, for a question may be
 * for something below a token.  The second layer decides; what it does not own is the first one's.  A layer that cannot be read is never passed over. */
#ifndef NAMES_UNS_INSIDE_H
#define NAMES_UNS_INSIDE_H

#include "names/names_inside.h"
#include "names/uns_records.h"

enum { UNS_LABELS_MAX = 16, UNS_LAYERS = 2, UNS_READS_MAX = 2 * UNS_LABELS_MAX };

struct uns_source { struct uns_options options; struct eth_address cns_resolver; /* of names in the older registry: one whose events are known */ };

/* One chain of a source: NULL when it has none. */
struct uns_contracts { struct chain *chain; struct eth_address reader, registry, cns; };
/* In the order in which they count for names: layer 2, layer 1. */
void uns_contracts_of(const struct uns_source *source, struct uns_contracts out[UNS_LAYERS]);

/* A batch of calls to one chain, and whether it could be had. */
struct uns_ask {
    struct uns_contracts contracts;
    struct state_budget budget;
    struct state_job *reading;
    struct state_read reads[UNS_READS_MAX]; size_t read_count;
    bool done, failed;
    enum chain_failure failure; const char *reason;
    struct eth_block block;
    struct proof proof;
    void (*next)(struct uns_ask *ask, const struct state_result *results);      /* when it is done; results NULL: it failed */
    void *job;
};
/* Adds a call; the calldata is borrowed until uns_ask_go has returned. */
void uns_ask_call(struct uns_ask *ask, const struct eth_address *to, struct slice calldata);
/* @return as state_read_all */
MUST_CHECK enum status uns_ask_go(struct uns_ask *ask, const struct eth_block *at);
/* What a result says shows that the layer cannot be read. */
void uns_ask_fail(struct uns_ask *ask, enum chain_failure failure, const char *reason);

/* A name as a token of one layer. */
struct uns_token {
    struct eth_address owner, resolver;
    uint64_t expires;
    const struct slice *values;     /* of the keys asked for; NULL where nobody owns it */
};
struct uns_layer { struct uns_ask ask; struct uns_token tokens[UNS_LABELS_MAX]; };

struct uns_job {
    struct facts_job job;
    const struct uns_source *source;
    struct chain *loop_chain;       /* any of them */
    struct facts *facts;
    facts_done_fn *done; void *context;
    uint64_t began_ms;
    bool nomem;

    /* what is asked: keys in order: those of DNS types (first the ones asked of names above too), of content, of texts, of coins */
    bool dns, content;
    const uint16_t *types; size_t type_count;
    const struct slice *texts; size_t text_count;
    const uint64_t *coins; size_t coin_count;
    const struct slice *keys; size_t key_count, above_count /* of them, for names above */, content_key, text_key, coin_key;

    struct name_view names[UNS_LABELS_MAX];     /* 0 is the name, those above it behind; the top is left out */
    struct eth_word tokens[UNS_LABELS_MAX];     /* from `normal` on */
    unsigned count, normal;
    struct uns_layer layers[UNS_LAYERS];
};

/* Keys per DNS type: its records, their time to live; dns.ttl stands before all. */
static inline size_t uns_type_key(size_t type) { return 1 + 2 * type; }

/* uns_plan.c */
MUST_CHECK bool uns_plan(struct uns_job *job, const struct facts_request *request);     /* false: out of memory */
/* Labels of [a-z0-9-] alone (the name is in lower case). */
bool uns_label_is_valid(const uint8_t *label);

/* uns_finish.c: facts of what was read.
 * @param layer, token  which has it; UNS_LAYERS: nobody.  @return false: out of memory */
bool uns_finish(struct uns_job *job, unsigned layer, unsigned token);

#endif
