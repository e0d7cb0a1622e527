/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: each worker writes its own, readers sum them up. */
#include "base/cpu.h"
#include "serve/inside.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const outcome_texts[SERVE_OUTCOMES] = {
    [SERVE_NOERROR] = "noerror", [SERVE_NODATA] = "nodata", [SERVE_REFERRAL] = "referral", [SERVE_NXDOMAIN] = "nxdomain",
    [SERVE_FORMERR] = "formerr", [SERVE_SERVFAIL] = "servfail", [SERVE_NOTIMP] = "notimp", [SERVE_REFUSED] = "refused",
    [SERVE_BADVERS] = "badvers", [SERVE_BADCOOKIE] = "badcookie", [SERVE_NOTAUTH] = "notauth", [SERVE_OTHER] = "other",
    [SERVE_IGNORED] = "ignored", [SERVE_DROPPED] = "dropped",
};
static const char *const failure_texts[SERVE_FAILURES] = {
    [SERVE_FAILURE_NOT_LOADED] = "zone not loaded",
    [SERVE_FAILURE_INTERNAL] = "internal error",
    [SERVE_FAILURE_NO_MEMORY] = "out of memory",
    [SERVE_FAILURE_SOURCE] = "source failed",
};
static const struct { uint16_t type; const char *label; } type_labels[] = {
    { TYPE_A, "A" }, { TYPE_NS, "NS" }, { TYPE_CNAME, "CNAME" }, { TYPE_SOA, "SOA" }, { TYPE_PTR, "PTR" }, { TYPE_MX, "MX" },
    { TYPE_TXT, "TXT" }, { TYPE_AAAA, "AAAA" }, { TYPE_SRV, "SRV" }, { TYPE_DS, "DS" }, { TYPE_DNSKEY, "DNSKEY" },
    { TYPE_HTTPS, "HTTPS" }, { TYPE_SVCB, "SVCB" }, { TYPE_ANY, "ANY" }, { TYPE_AXFR, "AXFR" }, { 0, "other" },
};
static_assert(LENGTH_OF(type_labels) == LENGTH_OF(((struct serve_counters *)0)->type_count), "a label for each count");

const char *serve_outcome_text(enum serve_outcome outcome) { return outcome_texts[outcome]; }
const char *serve_failure_text(enum serve_failure failure) { return failure_texts[failure]; }
const char *serve_type_label(size_t index) { return index < LENGTH_OF(type_labels) ? type_labels[index].label : "other"; }

/* Place + 1 of the types with a label of their own, which are all below 256. */
static const uint8_t type_places[256] = {
    [TYPE_A] = 1, [TYPE_NS] = 2, [TYPE_CNAME] = 3, [TYPE_SOA] = 4, [TYPE_PTR] = 5, [TYPE_MX] = 6, [TYPE_TXT] = 7, [TYPE_AAAA] = 8,
    [TYPE_SRV] = 9, [TYPE_DS] = 10, [TYPE_DNSKEY] = 11, [TYPE_HTTPS] = 12, [TYPE_SVCB] = 13, [TYPE_ANY] = 14, [TYPE_AXFR] = 15,
};

unsigned counters_type_index(uint16_t type)
{
    unsigned place = type < LENGTH_OF(type_places) ? type_places[type] : 0;
    return (place == 0 ? (unsigned)LENGTH_OF(type_labels) : place) - 1;
}

static size_t size_bucket(size_t bytes)
{
    size_t bucket = bytes / 16;
    return bucket < SERVE_SIZE_BUCKETS ? bucket : SERVE_SIZE_BUCKETS - 1;
}

/* HyperLogLog (Flajolet et al. 2007): 4096 registers, 1.6 % standard error, the same memory whoever asks. */
static void unique_note(struct worker *w, enum unique_kind kind, const uint8_t *bytes, size_t length)
{
    uint64_t hash = hash_short(&w->serve->key, bytes, length);
    uint8_t *reg = &w->unique[kind][hash % UNIQUE_REGISTERS];
    uint64_t rest = hash >> 12 | UINT64_C(1) << 52;
    uint8_t rank = (uint8_t)(__builtin_ctzll(rest) + 1);
    if (__atomic_load_n(reg, __ATOMIC_RELAXED) < rank)
        __atomic_store_n(reg, rank, __ATOMIC_RELAXED);
}

static uint64_t unique_estimate(const struct serve *s, enum unique_kind kind)
{
    double sum = 0;
    unsigned zeros = 0;
    for (size_t r = 0; r < UNIQUE_REGISTERS; r++) {
        uint8_t rank = 0;
        for (unsigned i = 0; i < s->worker_count; i++) {
            uint8_t own = __atomic_load_n(&s->workers[i].unique[kind][r], __ATOMIC_RELAXED);
            rank = own > rank ? own : rank;
        }
        sum += 1.0 / (double)(UINT64_C(1) << rank);
        zeros += rank == 0;
    }
    const double m = UNIQUE_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
    double estimate = alpha * m * m / sum;
    if (estimate <= 2.5 * m && zeros != 0)
        estimate = m * log(m / zeros);
    return (uint64_t)(estimate + 0.5);
}

void counters_query(const struct counted_query *q)
{
    struct serve_counters *c = &q->worker->counters;
    bool tcp = q->x->transport == NET_TCP, six = q->x->peer.address.family == 6;
    count_up(tcp ? six ? &c->queries_tcp6 : &c->queries_tcp4 : six ? &c->queries_udp6 : &c->queries_udp4);
    count_up(&c->query_size[tcp][size_bucket(q->x->query_bytes)]);
    count_up(&c->opcode[q->opcode & 15]);
    if (q->has_question)
        count_up(&c->type_count[counters_type_index(q->type)]);
    if (q->edns)
        count_up(&c->edns);
    if (q->dnssec_ok)
        count_up(&c->dnssec_ok);
    const uint8_t *peer = q->x->peer.address.bytes;
    unique_note(q->worker, six ? UNIQUE_IPV6 : UNIQUE_IPV4, peer, six ? 16 : 4);
    if (six)
        unique_note(q->worker, UNIQUE_IPV6_NETWORK, peer, 8);
}

void counters_response(const struct counted_response *r)
{
    struct serve_counters *c = &r->worker->counters;
    bool tcp = r->x->transport == NET_TCP, six = r->x->peer.address.family == 6;
    count_up(tcp ? six ? &c->responses_tcp6 : &c->responses_tcp4 : six ? &c->responses_udp6 : &c->responses_udp4);
    count_up(&c->response_size[tcp][size_bucket(r->bytes)]);
    count_up(&c->rcode[r->rcode < LENGTH_OF(c->rcode) ? r->rcode : LENGTH_OF(c->rcode) - 1]);
    count_up(&c->outcome[r->outcome]);
    if (r->truncated)
        count_up(&c->truncated);
}

/* Made when a zone is first asked, so that a hundred thousand silent zones cost nothing. */
static struct zone_counts *zone_counts_get(struct zone_slot *slot, unsigned workers)
{
    struct zone_counts *counts = atomic_load_explicit(&slot->counts, memory_order_acquire);
    if (counts != NULL)
        return counts;
    size_t bytes = workers * counts_stride(workers);
    struct zone_counts *made = workers == 1 ? malloc(bytes) : aligned_alloc(COUNTS_STRIDE, bytes);
    if (made == NULL)
        return NULL;
    memset(made, 0, bytes);
    if (atomic_compare_exchange_strong_explicit(&slot->counts, &counts, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    free(made);
    return counts;
}

struct serve_zone_counters *counters_zone(const struct worker *w, const struct zone *zone)
{
    struct zone_slot *slot = zone == NULL ? NULL : zone_user(zone);
    struct zone_counts *counts = slot == NULL ? NULL : zone_counts_get(slot, w->serve->worker_count);
    return counts == NULL ? NULL : &counts_of(counts, w->serve->worker_count, w->index)->sum;
}

void counters_ahead(const struct worker *w, const struct zone *zone)
{
    struct zone_slot *slot = zone_user(zone);
    if (slot == NULL)
        return;
    struct zone_counts *counts = atomic_load_explicit(&slot->counts, memory_order_relaxed);
    if (counts != NULL)
        cpu_prefetch(counts_of(counts, w->serve->worker_count, w->index), sizeof(struct serve_zone_counters));
}

void counters_zone_outcome(const struct worker *w, const struct zone *zone, enum serve_outcome outcome)
{
    struct serve_zone_counters *c = counters_zone(w, zone);
    if (c == NULL)
        return;
    count_up(&c->queries);
    if (outcome == SERVE_NXDOMAIN)
        count_up(&c->nxdomain);
    else if (outcome == SERVE_NODATA)
        count_up(&c->nodata);
    else if (outcome == SERVE_REFERRAL)
        count_up(&c->referrals);
    else if (outcome == SERVE_SERVFAIL)
        count_up(&c->servfail);
}

/* Both structs are made of uint64_t alone, so that they sum up as arrays. */
static void sum_up(uint64_t *sum, const uint64_t *own, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof *sum; i++)
        sum[i] += count_read(&own[i]);
}

void serve_counters_read(const struct serve *serve, struct serve_counters *out)
{
    *out = (struct serve_counters){ 0 };
    for (unsigned i = 0; i < serve->worker_count; i++)
        sum_up((uint64_t *)out, (const uint64_t *)&serve->workers[i].counters, sizeof *out);
    kernel_counters_add(serve, out);
    out->unique_sources4 = unique_estimate(serve, UNIQUE_IPV4);
    out->unique_sources6 = unique_estimate(serve, UNIQUE_IPV6);
    out->unique_networks6 = unique_estimate(serve, UNIQUE_IPV6_NETWORK);
}

void serve_zone_counters_read(const struct serve *serve, const struct zone *zone, struct serve_zone_counters *out)
{
    *out = (struct serve_zone_counters){ 0 };
    struct zone_slot *slot = zone_user(zone);
    struct zone_counts *counts = slot == NULL ? NULL : atomic_load_explicit(&slot->counts, memory_order_acquire);
    for (unsigned i = 0; counts != NULL && i < serve->worker_count; i++)
        sum_up((uint64_t *)out, (const uint64_t *)&counts_of(counts, serve->worker_count, i)->sum, sizeof *out);
    kernel_zone_counters_add(serve, zone, out);
}
