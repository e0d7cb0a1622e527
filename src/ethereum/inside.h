/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: a chain, its providers, one request to one of them, and one question to several. */
#ifndef ETHEREUM_INSIDE_H
#define ETHEREUM_INSIDE_H

#include "ethereum/chain.h"
#include "ethereum/header.h"
#include "http/client.h"
#include "json/pull.h"

#include <stdatomic.h>

enum {
    PROVIDERS_MAX = 32,             /* of a chain; operators fit a word of bits */
    RING_BLOCKS = 256,
    GAP_BLOCKS = 64,                /* more missed than that: everything is read anew */
    SEEN_HEADERS = 8,               /* remembered for each provider */
    REPLY_BYTES = 4 << 20, LOGS_BYTES = 8 << 20,
    WATCHED_MAX = 100000,
    GAS_USUAL = 50000000,
};

/* ---- the loop ---- */

/* Who wants to know that the loop ends. */
struct loop_member { void (*stop)(struct loop_member *member); struct loop_member *next; };
void loop_join(struct chain_loop *loop, struct loop_member *member);
void loop_leave(struct chain_loop *loop, struct loop_member *member);
bool loop_is_stopped(const struct chain_loop *loop);
bool loop_loopback_allowed(const struct chain_loop *loop);

/* ---- one request to one provider (rpc.c) ---- */

/* What kept a provider from answering a call. */
enum rpc_fault {
    RPC_FINE, RPC_UNREACHED /* no connection, 5xx */, RPC_TIMEOUT, RPC_BAD /* not JSON-RPC */, RPC_LONG /* more than we take */, RPC_LIMITED, RPC_DENIED /* 401, 403: credentials */,
    RPC_NO_BLOCK /* not yet, or not any more */, RPC_GAS, RPC_ERROR /* any other error that it tells */, RPC_MEMORY
};
enum chain_failure rpc_failure(enum rpc_fault fault);

struct rpc_call { const char *method; struct slice params; };   /* params: a JSON array as text */
enum rpc_kind { RPC_RESULT, RPC_REVERT, RPC_FAILED };
struct rpc_reply {
    enum rpc_kind kind;
    enum rpc_fault fault;           /* FAILED */
    struct json_view result;        /* RESULT */
    struct slice revert;            /* REVERT: hex digits, maybe none */
    int64_t code;                   /* not RESULT */
    struct slice message;           /* not RESULT: as in the JSON, escapes and all */
    bool told;                      /* the provider said so itself */
};
struct provider;
struct rpc;
/* Replies are borrowed until it returns. */
typedef void rpc_done_fn(void *context, const struct rpc_reply *replies, size_t count);
/* As a batch where the provider takes them, else side by side.  Not called from within. */
MUST_CHECK enum status rpc_start(struct provider *provider, const struct rpc_call *calls, size_t count, uint64_t timeout_ms, size_t reply_bytes,
                                 rpc_done_fn *done, void *context, struct rpc **out);
void rpc_cancel(struct rpc *rpc);   /* NULL is fine */
/* Reads one JSON-RPC response object (rpc_read.c). */
void rpc_reply_read(struct json_view response, struct rpc_reply *out);
/* Where a provider of any kind puts what a contract reverted with. @return false: nowhere */
bool rpc_error_data(struct json_view error, struct json_view result, struct slice *digits);

/* ---- providers (provider.c) ---- */

enum provider_state { PROVIDER_NEW, PROVIDER_CHECKING, PROVIDER_CHECKED /* well in itself */, PROVIDER_REFUSED };

struct provider {
    struct chain *chain;
    unsigned index, operator;       /* operator: which of the chain's; a bit in masks */
    char *name, *url, *operator_name;
    bool batch;
    uint64_t no_multicall_until_ms; /* it had no code there */
    double rate, tokens;
    uint64_t tokens_at_ms;
    enum provider_state state;
    struct rpc *check;
    uint64_t check_due_ms;          /* when a refused one is asked again */
    bool has_code;
    struct eth_word code_hash;      /* of the registry */
    unsigned failures_in_row, opened;
    bool heard; uint64_t heard_at_ms;   /* it answered something then */
    bool open;                      /* the circuit */
    uint64_t open_until_ms, limited_until_ms, distrust_until_ms;
    unsigned limited_in_row;
    bool measured;
    double latency_ms, deviation_ms;
    enum chain_failure failure;     /* the last */
    /* what it told of the chain (follower.c) */
    struct rpc *poll;
    struct chain_header seen[SEEN_HEADERS];     /* seen[latest] is the latest */
    unsigned seen_count, latest;
    uint64_t told_at_ms;
    /* for any thread */
    _Atomic(const char *) reason;
    atomic_bool told_admitted, told_open;
    _Atomic uint64_t calls, failures, limited, disagreed, latency_us, head;
};
enum status provider_init(struct provider *provider, struct chain *chain, const struct provider_options *options);
void provider_clear(struct provider *provider);
void provider_note_success(struct provider *provider, uint64_t elapsed_ms);
void provider_note_fault(struct provider *provider, enum rpc_fault fault, uint32_t retry_after_seconds);
void provider_note_lie(struct provider *provider);
/* Takes tokens, into debt if need be. */
void provider_charge(struct provider *provider, size_t calls);
/* In how many ms so many calls may be made: 0 = now. */
uint64_t provider_wait_ms(struct provider *provider, size_t calls);
bool provider_admitted(const struct provider *provider);    /* and not cut off */
/* After so long without an answer another one is asked too: a bound that about one in twenty answers passes. */
uint64_t provider_hedge_ms(const struct provider *provider);
/* Asks what decides whether it is let in, where that is due. */
void provider_check(struct provider *provider);
/* Remembers a header that it told of as its latest. */
void provider_tell(struct provider *provider, const struct chain_header *header);

/* ---- choosing (pool.c) ---- */

/* Who is let in, now that one has told something of itself; wakes the follower for news. */
void pool_admit(struct chain *chain);
/* Asks those that are due for their checks. */
void pool_check(struct chain *chain);
/* The best that may be asked now, of an operator whose bit is not in `operators` and whose own bit is not in `tried`.
 * @param soon_ms  may be NULL; where there is none: in how many ms it is worth another look, UINT64_MAX = nothing is to be hoped for */
struct provider *pool_pick(struct chain *chain, uint32_t operators, uint32_t tried, size_t calls, uint64_t *soon_ms);
enum chain_failure pool_failure(const struct chain *chain);     /* why there is none */
bool pool_hopeless(const struct chain *chain);                  /* none is let in, and none is about to be */

/* ---- one question to several operators (ask.c) ---- */

struct ask_item {
    enum state_outcome outcome;
    enum chain_failure failure;     /* UNAVAILABLE */
    struct slice octets;            /* VALUE, REVERTED: what is compared; of the try's arena */
    bool verified;                  /* holds by itself, whoever said it */
    bool told;                      /* a failure that another try will hardly change */
};
struct ask;
struct ask_try {
    struct ask *ask;
    struct provider *provider;
    struct rpc *rpc;
    struct arena *arena;
    struct ask_item *items;         /* as many as the question has */
    void *plan;                     /* the asker's */
    unsigned turns;                 /* round trips */
    uint64_t begun_ms;
    bool over;                      /* items hold */
    bool stale;                     /* of an earlier round: it failed and another try was made */
    struct ask_try *next;
};
struct ask_verdict { struct ask_item item; struct proof proof; bool settled; };
/* Continuations of one kind of question. */
struct ask_kind {
    void (*begin)(struct ask_try *one);     /* sends it; ask_try_over() when all items are there, never from within */
    void (*done)(struct ask *ask);          /* verdicts hold; the asker frees the ask */
};
struct ask {
    struct chain *chain;
    const struct ask_kind *kind;
    void *asker;
    size_t count, calls;            /* items; about how many JSON-RPC calls a try costs */
    unsigned want;                  /* operators that have to agree */
    uint64_t deadline_ms;
    struct ask_verdict *verdicts;
    struct arena *arena;
    struct ask_try *tries;
    uint32_t operators, tried;      /* asked in this round; providers ever */
    unsigned hedges, rounds;
    unsigned sent, turns;           /* JSON-RPC calls; round trips that the longest try took */
    enum chain_failure fail_as;
    bool over;
    struct chain_timer timer;
    struct chain_post post;
    bool posted, dead;
};
/* `want` 0 = the chain's quorum.  @return NULL when out of memory */
struct ask *ask_new(struct chain *chain, const struct ask_kind *kind, void *asker, size_t count, size_t calls, unsigned want, uint64_t deadline_ms);
void ask_begin(struct ask *ask);
void ask_free(struct ask *ask);     /* cancels what is under way; NULL is fine */
void ask_try_over(struct ask_try *one);
/* All items of a try fail in one way, and it is over. */
void ask_try_fail(struct ask_try *one, enum rpc_fault fault);
/* Sends calls of a try with what time is left for one; fails it when that cannot be, or there are none: they could not be made. */
void ask_try_send(struct ask_try *one, const struct rpc_call *calls, size_t count, size_t reply_bytes, rpc_done_fn *done);
/* A continuation of the asker, from the loop, not from within what it calls. */
void ask_fail_all(struct ask *ask, enum chain_failure failure);

/* ---- following (follower.c, ring.c, logs.c) ---- */

/* What of two headers is compared. */
enum { HEADER_OCTETS = offsetof(struct chain_header, verified) };

struct ring { struct chain_header *headers; size_t count, newest; };
const struct chain_header *ring_newest(const struct ring *ring);            /* NULL: none */
const struct chain_header *ring_find(const struct ring *ring, const struct eth_word *hash);
void ring_put(struct ring *ring, const struct chain_header *header);
void ring_cut(struct ring *ring, uint64_t from_number);

struct watch { struct eth_address address; struct bloom_bits bits; size_t users, place; };
struct watches { struct table *table; struct watch **list; size_t count, room; };

struct logs_job;

/* What is being done about a new head: one at a time. */
struct advance {
    bool busy;
    struct chain_header path[GAP_BLOCKS + 1];   /* from the newest back to the first that is new */
    size_t count;                   /* not told yet */
    struct ask *ask;
};

struct follower_rhythm {
    uint64_t interval_ms;           /* between blocks, as far as we know */
    bool known;                     /* by the chain's id: no block for long means that the providers stand still */
    bool learned;
    uint64_t head_at_ms;            /* when the head was first seen here */
    uint64_t alive_at_ms;           /* when a quorum last answered */
    uint64_t early_ms;              /* how much before it is expected a block is asked for */
    unsigned misses;                /* polls since a block was expected */
    unsigned behind;                /* answers in a row that say that the chain is shorter than what we know */
    uint64_t polls;
    uint64_t floor_ms;              /* never asked more often */
    uint64_t disputed;              /* number of a block that not all say the same of: all have been asked */
};

struct chain {
    struct chain_loop *loop;
    struct loop_member member;
    struct chain_options options;   /* strings are ours */
    struct provider *providers;
    size_t provider_count;
    unsigned operator_count;
    bool begun, stopped;
    struct ring ring;
    struct watches watches;
    struct advance advance;
    struct logs_job *logs_job;
    struct follower_rhythm rhythm;
    struct chain_timer poll_timer, health_timer;
    struct chain_follower *followers;
    struct state_job *jobs;
    struct call_job *calls;
    uint64_t next_id;
    _Atomic uint64_t alarm_stamp, provider_stamp, header_stamp;
    /* for any thread */
    _Atomic uint64_t head_number, head_time, heads, reorgs, logs, call_count, call_bytes, gateway_requests, disagreements;
    _Atomic uint64_t failures[CHAIN_FAILURES];
    _Atomic int health;
};
static inline void count_add(_Atomic uint64_t *counter, uint64_t by) { atomic_fetch_add_explicit(counter, by, memory_order_relaxed); }
static inline void count_set(_Atomic uint64_t *counter, uint64_t to) { atomic_store_explicit(counter, to, memory_order_relaxed); }
static inline uint64_t count_get(const _Atomic uint64_t *counter) { return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)counter, memory_order_relaxed); }

/* A quorum of operators told of something: follower.c looks whether there is a new head. */
void follower_look(struct chain *chain);
/* Parameters of eth_getBlockByNumber for the head that answers are given at. */
struct slice follower_tag(const struct chain *chain);
void follower_start(struct chain *chain);
void follower_clear(struct chain *chain);
/* state.c, call.c: there is a head now, or there is none to be hoped for; the loop ends. */
void state_head_came(struct chain *chain);
void state_stop(struct chain *chain);
void call_stop(struct chain *chain);
/* follower.c -> logs.c: logs of watched contracts in this block are told, then `done`. */
typedef void logs_done_fn(struct chain *chain, enum chain_failure failure);
MUST_CHECK enum status logs_fetch(struct chain *chain, const struct chain_header *header, logs_done_fn *done);
void logs_cancel(struct logs_job *job);     /* NULL is fine */
/* How many watched contracts this bloom may have logs of; up to `room` are written. */
size_t watches_hit(const struct watches *watches, const uint8_t bloom[256], struct watch **out, size_t room);
const struct watch *watches_find(const struct watches *watches, const struct eth_address *address);
void watches_clear(struct watches *watches);

#endif
