/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the hall share. */
#ifndef SERVE_INSIDE_H
#define SERVE_INSIDE_H

#include "answer/answer.h"
#include "serve/serve.h"
#include "transfer/transfer.h"
#include "wire/wire.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { UNIQUE_REGISTERS = 4096, AHEAD = 32 /* questions that are looked up ahead at once */ };

/* Written by one worker only, read by anyone: relaxed atomics keep that defined, and cost what plain stores do.  Where a machine adds
 * to memory in one instruction, which writes the word whole, that is what it comes to. */
static inline void count_up(uint64_t *counter)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
    __asm__("addq $1, %0" : "+m"(*counter) : : "cc");
#else
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
#endif
}
static inline uint64_t count_read(const uint64_t *counter) { return __atomic_load_n(counter, __ATOMIC_RELAXED); }

/* What hangs on zone_user(). */
struct zone_slot {
    _Atomic(struct serve_zone *) options;
    _Atomic(struct zone_counts *) counts;       /* one per worker, made when the zone is first asked */
    _Atomic uint32_t kernel_slot;               /* its number in the kernel's table; 0 = none yet */
    uint64_t kernel_swept;                      /* of whoever fills that table: what it has put there of all cuts */
};
/* A worker's share of them; when there are several workers each begins a cache line. */
enum { COUNTS_STRIDE = 64 };
struct zone_counts {
    struct serve_zone_counters sum;
};
static_assert(sizeof(struct zone_counts) <= COUNTS_STRIDE, "one line");
static inline size_t counts_stride(unsigned workers) { return workers == 1 ? sizeof(struct zone_counts) : COUNTS_STRIDE; }
static inline struct zone_counts *counts_of(struct zone_counts *counts, unsigned workers, unsigned worker)
{
    return (struct zone_counts *)(void *)((uint8_t *)counts + worker * counts_stride(workers));
}

/* Whether the client may ask the zone of this slot; NULL: one that anybody may ask. */
static inline bool slot_permits(struct zone_slot *slot, const struct net_exchange *x)
{
    const struct serve_zone *options = slot == NULL ? NULL : atomic_load_explicit(&slot->options, memory_order_acquire);
    return options == NULL || options->allow_query == NULL || acl_permits(options->allow_query, &x->peer.address);
}

enum unique_kind { UNIQUE_IPV4, UNIQUE_IPV6, UNIQUE_IPV6_NETWORK /* by /64 */, UNIQUE_KINDS };

struct worker {
    struct serve *serve;
    struct net_worker *net;
    struct epoch_reader *epoch;
    const struct serve_setup *setup;    /* of this batch */
    struct nsec3_hasher *hasher;
    struct answer_cache *cache;
    struct parked *delayed;             /* test builds only, see delay.h */
    struct kernel_ring *kernel_ring;    /* what it was asked, for the kernel's table; NULL = there is none */
    struct arrival *arrivals;           /* AHEAD of them */
    struct serve_seek *seeks;           /* as many */
    size_t seek_count;                  /* of this batch that may be a source's */
    struct answer_request lane;         /* what the short way asks, but for the question; `options` NULL: it is closed.  Counts the rotation for both */
    unsigned index;
    struct serve_counters counters;
    uint8_t unique[UNIQUE_KINDS][UNIQUE_REGISTERS];     /* HyperLogLog of client addresses (RSSAC002) */
};

struct serve {
    struct epoch *epoch;
    _Atomic(struct serve_setup *) setup;
    struct hash_key key;                /* of client addresses and of names that limits count by */
    unsigned worker_count;
    const struct serve_source *sources; /* set before workers run */
    size_t source_count;
    struct source_filter *filter;       /* NULL = no sources */
    bool sources_anywhere;              /* one of them may have any name */
    struct worker *workers;
    struct serve_kernel *kernel;        /* NULL = nothing is answered in the kernel */
};

/* A question as it came, and what was looked up ahead of its turn: a batch is gone through once for that, so that memory is there
 * when the answers are made. */
struct arrival {
    struct query_plain plain;
    bool is_plain;                      /* else `plain` is nothing: the long way reads the message itself */
    bool viewed;                        /* the rest is known */
    bool limited;                       /* the rate limit has been asked, and this is what it said */
    enum rrl_verdict verdict;
    const struct serve_view *view;      /* NULL = none for this client */
    uint64_t begun;                     /* of zone_table_begin */
    struct zone *zone;                  /* NULL = none */
    const struct zone_version *version; /* pinned for this exchange; NULL = none */
    struct zone_ahead ahead;
    const struct serve_source *source;  /* whose name it is; NULL = no source's, or not known */
    int labels;                         /* of the source's suffix */
};

/* The cookie that came with a question, RFC 7873. */
struct told_cookie {
    bool there;                         /* and is answered */
    bool proven;                        /* the client's address is */
    uint64_t *counter;                  /* that it counts in */
    const uint8_t *answer;              /* the one that goes out; NULL = none */
    uint8_t made[COOKIE_BYTES];
};

/* One question on its way through the hall. */
struct visit {
    struct worker *worker;
    const struct serve_setup *setup;
    struct net_exchange *x;
    struct arrival *in;
    struct message query;
    struct reply reply;
    struct edns_reply edns;
    struct told_cookie cookie;
    bool proven;                        /* the client's address is: TCP or a good cookie */
    bool tap;
    bool parked;                        /* a source took the exchange out of its batch */
    uint64_t parked_since;              /* monotonic ms; 0 = it never was */
    uint32_t told;                      /* by who woke it */
    size_t reserved;                    /* octets of the limit kept for OPT */
    struct zone *zone;                  /* that answers; NULL = none */
    const struct zone_version *version; /* pinned for this exchange */
    uint16_t rcode;
    enum serve_outcome outcome;
    enum rrl_class rrl_class;
    uint64_t rrl_key;
};

/* serve.c: a parked question is looked up anew */
void serve_again(struct worker *w, struct net_exchange *x, uint64_t parked_since, uint32_t told);
/* An answer from v->version. */
enum status visit_answer(struct visit *v, const struct serve_view *view, struct reply *reply, struct answer_result *result);
void tell_version(struct visit *v);

/* route.c */
const struct serve_view *route_view(const struct serve_setup *setup, const struct address *client);
/* The zone for a question of this view; DS is asked above the cut.  @param begun  of zone_table_begin, or 0 */
struct zone *route_zone(const struct serve_view *view, struct name_view name, uint16_t type, uint16_t klass, uint64_t begun);

/* serve.c */
/* @param out  empty.  @return false: it is malformed */
bool cookie_take(struct worker *w, const struct net_exchange *x, const uint8_t *cookie, size_t bytes, struct told_cookie *out);
uint64_t limit_key(const struct worker *w, const struct answer_result *result);
struct counted_outcome { enum serve_outcome outcome; enum rrl_class rrl_class; };
struct counted_outcome outcome_of(enum answer_kind kind);
/* Octets that an answer may have. */
size_t reply_limit(const struct serve_setup *setup, const struct net_exchange *x, uint16_t udp_payload);

/* setup.c */
const struct serve_zone *serve_zone_options(const struct zone *zone);

/* lane.c: the short way.  @return false: nothing was sent or counted, the long way is needed */
bool lane_exchange(struct worker *w, struct net_exchange *x, struct arrival *in);
/* Before each batch. */
void lane_open(struct worker *w);

/* counters.c; see count.h */
/* Made when a zone is first asked, so that a hundred thousand silent zones cost nothing.  NULL when out of memory. */
struct zone_counts *counters_zone_new(struct zone_slot *slot, unsigned workers);
/* Has what a zone's numbers and options are read from fetched. */
void counters_ahead(const struct worker *w, const struct zone *zone);

/* kernel.c */
/* Tells what was asked of a zone and answered, in case it is asked often; cheap when there is no room. */
struct kernel_offered {
    struct name_view name;
    uint16_t type, klass;
    bool dnssec_ok, udp;
    enum serve_outcome outcome;
};
void kernel_offer(const struct worker *w, const struct kernel_offered *offered);
void kernel_counters_add(const struct serve *serve, struct serve_counters *out);
void kernel_zone_counters_add(const struct serve *serve, const struct zone *zone, struct serve_zone_counters *out);

/* source.c */
/* Which names may be a source's, told by their last two octets: nearly none of another's gets past, for some instructions. */
struct source_filter {
    uint32_t before_last;                       /* a bit for each octet that the last but one may be, without case: for a look before the look */
    uint32_t bits[0x2000 / 32];
};
static inline bool filter_may_want(uint32_t before_last, struct name_view name) { return before_last >> (name.wire[name.length - 3] & 31) & 1; }
/* @param name  in a message, or of at least three octets: the two in front of its root label are read */
static inline bool filter_wants(const struct source_filter *filter, struct name_view name)
{
    uint16_t tail;
    __builtin_memcpy(&tail, name.wire + name.length - 3, sizeof tail);
    tail &= 0x1f1f;                             /* without case */
    return filter->bits[tail / 32] >> (tail % 32) & 1;
}
/* A question that the filter wants is noted for its batch... */
static inline void source_note(struct worker *w, struct arrival *in)
{
    in->source = NULL;
    struct serve_seek *seek = &w->seeks[w->seek_count++];
    seek->view = in->view;
    seek->name = in->plain.name;
    seek->type = in->plain.type;
    seek->place = (uint16_t)(in - w->arrivals);
}
/* ...and all that were noted are looked for: whose each is, and what it is answered from. */
void sources_look(struct worker *w, struct net_exchange **some);
/* The source that goes before a zone of so many labels (-1: there is none), or NULL. */
const struct serve_source *source_find(const struct serve *serve, const struct serve_question *question, const struct zone *zone);
/* A name at or below one of their suffixes. */
bool sources_may_have(const struct serve *serve, struct name_view name);
/* @return true when the exchange is parked */
bool source_answer(struct visit *v, const struct serve_source *source, const struct serve_question *question);
/* serve.c: counts, limits and header of an answer */
void visit_take(struct visit *v, const struct answer_result *result);

/* chaos.c: true when it answered */
bool chaos_answer(struct visit *v);

/* answer side of serve.c, finish.c */
void visit_fail(struct visit *v, uint16_t rcode, uint16_t ede, const char *text);
void visit_servfail(struct visit *v, enum serve_failure failure);
void finish_edns_prepare(struct visit *v);
/* Keeps room for OPT out of the answer's limit. */
void finish_edns_reserve(struct visit *v);
/* Sends what the visit came to, under the rate limit; ends the exchange. */
void finish(struct visit *v);
/* Ends it without an answer. */
void finish_silent(struct visit *v, enum serve_outcome outcome);
/* AXFR; ends the exchange or fails the visit. @return true when the exchange was taken over */
bool xfr_serve(struct visit *v, const struct serve_view *view);

#endif
