/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted for each question, inline: it is done some ten times for each, and a call would cost more than the counting. */
#ifndef SERVE_COUNT_H
#define SERVE_COUNT_H

#include "serve/inside.h"
#include <stddef.h>

#define COUNTS static inline __attribute__((always_inline))

extern const uint8_t counters_type_places[256];     /* place + 1 in type_count, for those with one of their own, all below 256 */

static inline unsigned counters_type_index(uint16_t type)
{
    unsigned place = type < 256 ? counters_type_places[type] : 0;
    return (place == 0 ? (unsigned)LENGTH_OF(((struct serve_counters *)0)->type_count) : place) - 1;
}

static inline size_t size_bucket(size_t bytes)
{
    size_t bucket = bytes / 16;
    return bucket < SERVE_SIZE_BUCKETS ? bucket : SERVE_SIZE_BUCKETS - 1;
}

/* HyperLogLog (Flajolet et al. 2007): 4096 registers, 1.6 % standard error, the same memory whoever asks. */
COUNTS void unique_note(struct worker *w, enum unique_kind kind, uint64_t hash)
{
    uint8_t *reg = &w->unique[kind][hash % UNIQUE_REGISTERS];
    uint64_t rest = hash >> 12 | UINT64_C(1) << 52;
    uint8_t rank = (uint8_t)(__builtin_ctzll(rest) + 1);
    if (__atomic_load_n(reg, __ATOMIC_RELAXED) < rank)
        __atomic_store_n(reg, rank, __ATOMIC_RELAXED);
}

/* IPv4, IPv6. */
COUNTS void unique_peer(struct worker *w, const struct address *peer, bool six)
{
    if (!six) {
        unique_note(w, UNIQUE_IPV4, hash_short(&w->serve->key, peer->bytes, 4));
        return;
    }
    unique_note(w, UNIQUE_IPV6, hash_short(&w->serve->key, peer->bytes, 16));
    unique_note(w, UNIQUE_IPV6_NETWORK, hash_short(&w->serve->key, peer->bytes, 8));
}

/* How it came. */
struct count_side { bool tcp, six; };
COUNTS struct count_side count_side(const struct net_exchange *x)
{
    return (struct count_side){ x->transport == NET_TCP, x->peer.address.family == 6 };
}

COUNTS void count_query(struct worker *w, const struct net_exchange *x, struct count_side side, uint8_t opcode)
{
    struct serve_counters *c = &w->counters;
    const bool tcp = side.tcp, six = side.six;
    count_up(tcp ? six ? &c->queries_tcp6 : &c->queries_tcp4 : six ? &c->queries_udp6 : &c->queries_udp4);
    count_up(&c->query_size[tcp][size_bucket(x->query_bytes)]);
    count_up(&c->opcode[opcode]);
    unique_peer(w, &x->peer.address, six);
}

COUNTS void count_type(struct worker *w, uint16_t type) { count_up(&w->counters.type_count[counters_type_index(type)]); }

COUNTS void count_edns(struct worker *w, bool edns, bool dnssec_ok)
{
    struct serve_counters *c = &w->counters;
    if (edns)
        count_up(&c->edns);
    if (dnssec_ok)
        count_up(&c->dnssec_ok);
}

COUNTS void count_response(struct worker *w, struct count_side side, size_t bytes, uint16_t rcode, enum serve_outcome outcome, bool truncated)
{
    struct serve_counters *c = &w->counters;
    const bool tcp = side.tcp, six = side.six;
    count_up(tcp ? six ? &c->responses_tcp6 : &c->responses_tcp4 : six ? &c->responses_udp6 : &c->responses_udp4);
    count_up(&c->response_size[tcp][size_bucket(bytes)]);
    count_up(&c->rcode[rcode < LENGTH_OF(c->rcode) ? rcode : LENGTH_OF(c->rcode) - 1]);
    count_up(&c->outcome[outcome]);
    if (truncated)
        count_up(&c->truncated);
}

/* @param slot  of the zone; NULL = it has none, and is not counted apart */
COUNTS struct serve_zone_counters *counters_zone(const struct worker *w, struct zone_slot *slot)
{
    if (slot == NULL)
        return NULL;
    struct zone_counts *counts = atomic_load_explicit(&slot->counts, memory_order_acquire);
    if (counts == NULL)
        counts = counters_zone_new(slot, w->serve->worker_count);
    return counts == NULL ? NULL : &counts_of(counts, w->serve->worker_count, w->index)->sum;
}

COUNTS void count_zone(const struct worker *w, struct zone_slot *slot, enum serve_outcome outcome)
{
    struct serve_zone_counters *c = counters_zone(w, slot);
    if (c == NULL)
        return;
    static const uint8_t places[SERVE_OUTCOMES] = {
        [SERVE_NXDOMAIN] = offsetof(struct serve_zone_counters, nxdomain), [SERVE_NODATA] = offsetof(struct serve_zone_counters, nodata),
        [SERVE_REFERRAL] = offsetof(struct serve_zone_counters, referrals), [SERVE_SERVFAIL] = offsetof(struct serve_zone_counters, servfail),
    };
    count_up(&c->queries);
    if (places[outcome] != 0)
        count_up(&c->queries + places[outcome] / sizeof(uint64_t));
}

#endif
