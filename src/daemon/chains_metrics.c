/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of chains, mounts and the cache, in Prometheus text. */
#include "daemon/chains.h"
#include "daemon/inside.h"

#include <inttypes.h>
#include <string.h>

static void head(struct text *out, const char *metric, const char *help, bool gauge)
{
    text_add_format(out, "# HELP rhizome_%s %s\n# TYPE rhizome_%s %s\n", metric, help, metric, gauge ? "gauge" : "counter");
}

/* A label's value: names of the configuration may hold anything. */
static void label(struct text *out, const char *key, const char *value, const char *before)
{
    text_add_format(out, "%s%s=\"", before, key);
    for (const char *c = value ? value : ""; *c; c++) {
        if (*c == '"' || *c == '\\')
            text_add_char(out, '\\');
        if (*c == '\n')
            text_add(out, "\\n");
        else
            text_add_char(out, *c);
    }
    text_add_char(out, '"');
}

static void sample(struct text *out, const char *metric, const char *key, const char *value, const char *key2, const char *value2, uint64_t number)
{
    text_add_format(out, "rhizome_%s{", metric);
    label(out, key, value, "");
    if (key2)
        label(out, key2, value2, ",");
    text_add_format(out, "} %" PRIu64 "\n", number);
}

static const struct { const char *metric, *help; bool gauge; size_t offset; } chain_rows[] = {
    { "chain_head", "Number of the block that answers are given at.", true, offsetof(struct chain_counters, head_number) },
    { "chain_head_time_seconds", "Unix time of that block.", true, offsetof(struct chain_counters, head_time) },
    { "chain_heads_total", "Heads followed.", false, offsetof(struct chain_counters, heads) },
    { "chain_reorganisations_total", "Times that blocks were dropped for others.", false, offsetof(struct chain_counters, reorgs) },
    { "chain_logs_total", "Logs of watched contracts.", false, offsetof(struct chain_counters, logs) },
    { "chain_calls_total", "JSON-RPC calls.", false, offsetof(struct chain_counters, calls) },
    { "chain_received_bytes_total", "Octets of replies.", false, offsetof(struct chain_counters, call_bytes) },
    { "chain_gateway_requests_total", "Requests to off-chain gateways.", false, offsetof(struct chain_counters, gateway_requests) },
    { "chain_disagreements_total", "Times that operators answered differently.", false, offsetof(struct chain_counters, disagreements) },
};

static void chain_metrics(const struct chains *chains, struct text *out)
{
    struct chain_counters c;
    for (size_t row = 0; row < LENGTH_OF(chain_rows); row++) {
        head(out, chain_rows[row].metric, chain_rows[row].help, chain_rows[row].gauge);
        for (size_t i = 0; i < chains->chain_count; i++) {
            uint64_t number;
            chain_counters_read(chains->chains[i], &c);
            memcpy(&number, (const char *)&c + chain_rows[row].offset, sizeof number);
            sample(out, chain_rows[row].metric, "chain", chain_name(chains->chains[i]), NULL, NULL, number);
        }
    }
    head(out, "chain_health", "1 for the state that the chain is in.", true);
    for (size_t i = 0; i < chains->chain_count; i++)
        for (unsigned k = CHAIN_STARTING; k <= CHAIN_DOWN; k++)
            sample(out, "chain_health", "chain", chain_name(chains->chains[i]), "state", chain_health_text((enum chain_health)k), chain_health(chains->chains[i]) == (enum chain_health)k);
    head(out, "chain_failures_total", "What could not be read, by reason.", false);
    for (size_t i = 0; i < chains->chain_count; i++) {
        chain_counters_read(chains->chains[i], &c);
        for (unsigned k = 1; k < CHAIN_FAILURES; k++)
            sample(out, "chain_failures_total", "chain", chain_name(chains->chains[i]), "reason", chain_failure_label((enum chain_failure)k), c.failures[k]);
    }
}

static const struct { const char *metric, *help; bool gauge; size_t offset; } provider_rows[] = {
    { "chain_provider_calls_total", "JSON-RPC calls to a node.", false, offsetof(struct chain_provider_counters, calls) },
    { "chain_provider_failures_total", "Calls that it failed.", false, offsetof(struct chain_provider_counters, failures) },
    { "chain_provider_limited_total", "Times that it said we ask too much.", false, offsetof(struct chain_provider_counters, limited) },
    { "chain_provider_disagreed_total", "Times that it was outvoted.", false, offsetof(struct chain_provider_counters, disagreed) },
    { "chain_provider_latency_microseconds", "How long it takes to answer, smoothed.", true, offsetof(struct chain_provider_counters, latency_us) },
    { "chain_provider_head", "Number of its latest block.", true, offsetof(struct chain_provider_counters, head) },
};

static void provider_metrics(const struct chains *chains, struct text *out)
{
    struct chain_provider_counters c;
    for (size_t row = 0; row < LENGTH_OF(provider_rows); row++) {
        head(out, provider_rows[row].metric, provider_rows[row].help, provider_rows[row].gauge);
        for (size_t i = 0; i < chains->chain_count; i++) {
            for (size_t k = 0; k < chain_provider_count(chains->chains[i]); k++) {
                uint64_t number;
                chain_provider_counters_read(chains->chains[i], k, &c);
                memcpy(&number, (const char *)&c + provider_rows[row].offset, sizeof number);
                sample(out, provider_rows[row].metric, "chain", chain_name(chains->chains[i]), "provider", c.name, number);
            }
        }
    }
    head(out, "chain_provider_in_use", "1 while a node is asked.", true);
    for (size_t i = 0; i < chains->chain_count; i++) {
        for (size_t k = 0; k < chain_provider_count(chains->chains[i]); k++) {
            chain_provider_counters_read(chains->chains[i], k, &c);
            sample(out, "chain_provider_in_use", "chain", chain_name(chains->chains[i]), "provider", c.name, c.admitted && !c.open);
        }
    }
}

static const struct { const char *metric, *help; bool gauge; size_t offset; } mount_rows[] = {
    { "mount_asked_total", "Questions for what was not known yet.", false, offsetof(struct mount_counters, asked) },
    { "mount_lookups_total", "Names looked up on the chain.", false, offsetof(struct mount_counters, lookups) },
    { "mount_invalidated_total", "Answers that a log made void.", false, offsetof(struct mount_counters, invalidated) },
    { "mount_dropped_total", "Answers dropped with blocks that are not part of the chain any more.", false, offsetof(struct mount_counters, dropped) },
    { "mount_stale_total", "Questions answered with stale data.", false, offsetof(struct mount_counters, stale) },
    { "mount_again_total", "Lookups made anew because something changed meanwhile.", false, offsetof(struct mount_counters, again) },
    { "mount_waiting", "Questions that wait for the chain.", true, offsetof(struct mount_counters, waiting) },
};

static void mount_metrics(const struct chains *chains, struct text *out)
{
    char text[NAME_TEXT_ROOM];
    struct mount_counters c;
    for (size_t row = 0; row < LENGTH_OF(mount_rows); row++) {
        head(out, mount_rows[row].metric, mount_rows[row].help, mount_rows[row].gauge);
        for (size_t i = 0; i < chains->count; i++) {
            uint64_t number;
            mount_counters_read(chains->list[i].mount, &c);
            memcpy(&number, (const char *)&c + mount_rows[row].offset, sizeof number);
            sample(out, mount_rows[row].metric, "suffix", name_to_text(mount_suffix(chains->list[i].mount), text), NULL, NULL, number);
        }
    }
    head(out, "mount_failures_total", "Lookups that failed, by reason; each was answered with SERVFAIL or stale data.", false);
    for (size_t i = 0; i < chains->count; i++) {
        mount_counters_read(chains->list[i].mount, &c);
        for (unsigned k = 0; k < CHAIN_FAILURES; k++)
            sample(out, "mount_failures_total", "suffix", name_to_text(mount_suffix(chains->list[i].mount), text), "reason",
                   mount_failure_label((enum chain_failure)k), c.failures[k]);
    }
    head(out, "mount_collision", "1 where the root zone delegates the suffix too.", true);
    for (size_t i = 0; i < chains->count; i++)
        sample(out, "mount_collision", "suffix", name_to_text(mount_suffix(chains->list[i].mount), text), NULL, NULL,
               atomic_load_explicit(&chains->list[i].collides, memory_order_relaxed));
}

void house_chain_metrics(void *context, struct text *out)
{
    const struct chains *chains = ((struct house *)context)->chains;
    struct cache_counters c;
    if (!chains)
        return;
    chain_metrics(chains, out);
    provider_metrics(chains, out);
    mount_metrics(chains, out);
    cache_counters_read(chains->cache, &c);
    const struct { const char *metric, *help; bool gauge; uint64_t number; } rows[] = {
        { "cache_entries", "Names in the cache.", true, c.entries },          { "cache_bytes", "Memory that they take.", true, c.bytes },
        { "cache_limit_bytes", "Memory that they may take.", true, c.limit_bytes }, { "cache_puts_total", "Names put in.", false, c.puts },
        { "cache_touched_total", "Dropped because something changed.", false, c.touched }, { "cache_evicted_total", "Dropped for want of memory.", false, c.evicted },
        { "cache_expired_total", "Dropped because their time was over.", false, c.expired },
    };
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        head(out, rows[i].metric, rows[i].help, rows[i].gauge);
        text_add_format(out, "rhizome_%s %" PRIu64 "\n", rows[i].metric, rows[i].number);
    }
}
