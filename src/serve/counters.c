/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: each worker writes its own, readers sum them up. */
#include "base/cpu.h"
#include "serve/count.h"
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
const uint8_t counters_type_places[256] = {
    [TYPE_A] = 1, [TYPE_NS] = 2, [TYPE_CNAME] = 3, [TYPE_SOA] = 4, [TYPE_PTR] = 5, [TYPE_MX] = 6, [TYPE_TXT] = 7, [TYPE_AAAA] = 8,
    [TYPE_SRV] = 9, [TYPE_DS] = 10, [TYPE_DNSKEY] = 11, [TYPE_HTTPS] = 12, [TYPE_SVCB] = 13, [TYPE_ANY] = 14, [TYPE_AXFR] = 15,
};

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

struct zone_counts *counters_zone_new(struct zone_slot *slot, unsigned workers)
{
    struct zone_counts *counts = NULL;
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

void counters_ahead(const struct worker *w, const struct zone *zone)
{
    struct zone_slot *slot = zone_user(zone);
    if (slot == NULL)
        return;
    struct zone_counts *counts = atomic_load_explicit(&slot->counts, memory_order_relaxed);
    if (counts != NULL)
        cpu_prefetch(counts_of(counts, w->serve->worker_count, w->index), sizeof(struct serve_zone_counters));
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
