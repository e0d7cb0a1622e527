/* SPDX-License-Identifier: Apache-2.0 */
/* Counters as JSON, as RSSAC002 and as Prometheus text.  One table names the plain ones. */
#include "control/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct control_numbers, field)

static const struct row {
    const char *stat;       /* in `rhiz stats` */
    const char *metric;     /* in Prometheus, behind rhizome_; rows of one metric stand together */
    const char *labels;     /* NULL = none */
    bool gauge;
    size_t offset;
    const char *help;
} rows[] = {
    { "queries.udp4", "queries_total", "transport=\"udp\",family=\"4\"", false, AT(serve.queries_udp4), "Queries received." },
    { "queries.udp6", "queries_total", "transport=\"udp\",family=\"6\"", false, AT(serve.queries_udp6), NULL },
    { "queries.tcp4", "queries_total", "transport=\"tcp\",family=\"4\"", false, AT(serve.queries_tcp4), NULL },
    { "queries.tcp6", "queries_total", "transport=\"tcp\",family=\"6\"", false, AT(serve.queries_tcp6), NULL },
    { "responses.udp4", "responses_total", "transport=\"udp\",family=\"4\"", false, AT(serve.responses_udp4), "Responses sent." },
    { "responses.udp6", "responses_total", "transport=\"udp\",family=\"6\"", false, AT(serve.responses_udp6), NULL },
    { "responses.tcp4", "responses_total", "transport=\"tcp\",family=\"4\"", false, AT(serve.responses_tcp4), NULL },
    { "responses.tcp6", "responses_total", "transport=\"tcp\",family=\"6\"", false, AT(serve.responses_tcp6), NULL },
    { "truncated", "truncated_total", NULL, false, AT(serve.truncated), "Responses with TC." },
    { "edns", "edns_queries_total", NULL, false, AT(serve.edns), "Queries with EDNS." },
    { "dnssec_ok", "dnssec_ok_queries_total", NULL, false, AT(serve.dnssec_ok), "Queries with DO." },
    { "cookies.good", "cookies_total", "result=\"good\"", false, AT(serve.cookies_good), "Queries with a DNS cookie." },
    { "cookies.bad", "cookies_total", "result=\"bad\"", false, AT(serve.cookies_bad), NULL },
    { "cookies.client_only", "cookies_total", "result=\"client_only\"", false, AT(serve.cookies_client_only), NULL },
    { "rrl.dropped", "rate_limited_total", "action=\"drop\"", false, AT(serve.rrl_dropped), "Answers held back by rate limiting." },
    { "rrl.slipped", "rate_limited_total", "action=\"slip\"", false, AT(serve.rrl_slipped), NULL },
    { "rrl.evictions", "rate_limit_evictions_total", NULL, false, AT(rrl_evictions), "Accounts of rate limiting given up while in use: the table is too small." },
    { "acl.refused", "acl_refused_total", NULL, false, AT(serve.acl_refused), "Queries refused by allow-query." },
    { "transfers.done", "transfers_total", "result=\"done\"", false, AT(serve.transfers), "Zone transfers out." },
    { "transfers.refused", "transfers_total", "result=\"refused\"", false, AT(serve.transfers_refused), NULL },
    { "notify.sent", "notify_sent_total", NULL, false, AT(notify.sent), "NOTIFY messages sent." },
    { "notify.acknowledged", "notify_total", "result=\"acknowledged\"", false, AT(notify.acknowledged), "What became of notifying a target." },
    { "notify.failed", "notify_total", "result=\"failed\"", false, AT(notify.failed), NULL },
    { "notify.waiting", "notify_waiting", NULL, true, AT(notify.waiting), "Targets that have not answered yet." },
    { "udp.received", "udp_datagrams_total", "direction=\"in\"", false, AT(net.udp_received), "Datagrams." },
    { "udp.sent", "udp_datagrams_total", "direction=\"out\"", false, AT(net.udp_sent), NULL },
    { "udp.short", "udp_short_total", NULL, false, AT(net.udp_short), "Datagrams too short for a header." },
    { "udp.port_zero", "udp_port_zero_total", NULL, false, AT(net.udp_port_zero), "Datagrams from port 0, dropped." },
    { "udp.send_failed", "udp_send_failed_total", NULL, false, AT(net.udp_send_failed), "Datagrams the kernel would not send." },
    { "udp.dropped_in_kernel", "udp_receive_queue_drops_total", NULL, false, AT(net.udp_dropped_in_kernel), "Datagrams lost because a receive queue was full." },
    { "tcp.accepted", "tcp_connections_total", NULL, false, AT(net.tcp_accepted), "TCP connections accepted." },
    { "tcp.open", "tcp_connections", NULL, true, AT(net.tcp_open), "TCP connections open." },
    { "tcp.refused_budget", "tcp_refused_total", "reason=\"network\"", false, AT(net.tcp_refused_budget), "TCP connections refused." },
    { "tcp.refused_full", "tcp_refused_total", "reason=\"full\"", false, AT(net.tcp_refused_full), NULL },
    { "tcp.idle_closed", "tcp_closed_total", "reason=\"idle\"", false, AT(net.tcp_idle_closed), "TCP connections cut off." },
    { "tcp.slow_closed", "tcp_closed_total", "reason=\"slow\"", false, AT(net.tcp_slow_closed), NULL },
    { "tcp.received", "tcp_messages_total", "direction=\"in\"", false, AT(net.tcp_received), "Messages over TCP." },
    { "tcp.sent", "tcp_messages_total", "direction=\"out\"", false, AT(net.tcp_sent), NULL },
    { "tcp.no_descriptors", "accept_no_descriptors_total", NULL, false, AT(net.accept_no_descriptors), "Connections not accepted for want of descriptors." },
    { "proxy.bad", "proxy_bad_total", NULL, false, AT(net.proxy_bad), "Connections and datagrams without the PROXY header they should have." },
    { "parked", "parked_total", NULL, false, AT(net.parked), "Exchanges parked." },
    { "wakeups", "wakeups_total", NULL, false, AT(net.wakeups), "Turns of the event loops." },
    { "dnstap.written", "dnstap_written_total", NULL, false, AT(tap.written), "dnstap messages written." },
    { "dnstap.dropped", "dnstap_dropped_total", NULL, false, AT(tap.dropped), "dnstap messages dropped because a ring was full." },
    { "dnstap.reconnects", "dnstap_reconnects_total", NULL, false, AT(tap.reconnects), "Times the dnstap listener was lost." },
    { "kernel.answered4", "kernel_answers_total", "family=\"4\"", false, AT(kernel.answered4), "Answers given inside the kernel, counted as responses too." },
    { "kernel.answered6", "kernel_answers_total", "family=\"6\"", false, AT(kernel.answered6), NULL },
    { "kernel.passed.shape", "kernel_passed_total", "reason=\"shape\"", false, AT(kernel.passed[NET_KERNEL_PASS_SHAPE]), "Queries that the program in the kernel left to the sockets." },
    { "kernel.passed.message", "kernel_passed_total", "reason=\"message\"", false, AT(kernel.passed[NET_KERNEL_PASS_MESSAGE]), NULL },
    { "kernel.passed.miss", "kernel_passed_total", "reason=\"miss\"", false, AT(kernel.passed[NET_KERNEL_PASS_MISS]), NULL },
    { "kernel.passed.stale", "kernel_passed_total", "reason=\"stale\"", false, AT(kernel.passed[NET_KERNEL_PASS_DEAD]), NULL },
    { "kernel.passed.size", "kernel_passed_total", "reason=\"size\"", false, AT(kernel.passed[NET_KERNEL_PASS_SIZE]), NULL },
    { "kernel.passed.limited", "kernel_passed_total", "reason=\"limited\"", false, AT(kernel.passed[NET_KERNEL_PASS_LIMITED]), NULL },
    { "kernel.failed", "kernel_failed_total", NULL, false, AT(kernel.failed), "Frames that the program in the kernel lost." },
    { "kernel.entries", "kernel_entries", NULL, true, AT(kernel.entries), "Answers in the kernel's table." },
    { "kernel.bytes", "kernel_bytes", NULL, true, AT(kernel.bytes), "Memory that they take." },
    { "zones.configured", "zones", "state=\"configured\"", true, AT(zones_configured), "Zones." },
    { "zones.loaded", "zones", "state=\"loaded\"", true, AT(zones_loaded), NULL },
    { "zones.failed", "zones", "state=\"failed\"", true, AT(zones_failed), NULL },
    { "zones.loading", "zones", "state=\"loading\"", true, AT(zones_loading), NULL },
    { "zone_loads", "zone_loads_total", NULL, false, AT(zone_loads), "Zone files read and served." },
    { "zone_load_failures", "zone_load_failures_total", NULL, false, AT(zone_load_failures), "Zone files that could not be served." },
    { "reloads", "reloads_total", "result=\"done\"", false, AT(reloads), "Reloads of the configuration." },
    { "reloads_failed", "reloads_total", "result=\"failed\"", false, AT(reloads_failed), NULL },
    { "generation", "config_generation", NULL, true, AT(generation), "Grows by one with each configuration that was applied." },
    { "uptime", "uptime_seconds", NULL, true, AT(uptime_seconds), "Seconds since the start." },
    { "memory_bytes", "memory_resident_bytes", NULL, true, AT(memory_bytes), "Resident memory." },
    { "checks_failed", "checks_failed_total", NULL, false, AT(check_failures), "Promises inside of the program that did not hold; please report." },
};

static const char *const tcp_udp[2] = { "udp", "tcp" };

static uint64_t number_at(const struct control_numbers *numbers, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)numbers + offset);
}

/* ---- rhiz stats ---- */

void control_stats(const struct control_numbers *n, struct json_value *out)
{
    char name[96], code[CODE_TEXT_ROOM];
    for (size_t i = 0; i < LENGTH_OF(rows); i++)
        json_value_set_u64(out, rows[i].stat, number_at(n, rows[i].offset));
    for (size_t i = 0; i < SERVE_OUTCOMES; i++) {
        snprintf(name, sizeof name, "outcome.%s", serve_outcome_text((enum serve_outcome)i));
        json_value_set_u64(out, name, n->serve.outcome[i]);
    }
    for (size_t i = 0; i < SERVE_FAILURES; i++) {
        snprintf(name, sizeof name, "servfail.%s", serve_failure_text((enum serve_failure)i));
        json_value_set_u64(out, name, n->serve.failure[i]);
    }
    for (size_t i = 0; i < LENGTH_OF(n->serve.rcode); i++) {
        if (n->serve.rcode[i]) {
            snprintf(name, sizeof name, "rcode.%s", rcode_to_text((uint16_t)i, code));
            json_value_set_u64(out, name, n->serve.rcode[i]);
        }
    }
    for (size_t i = 0; i < LENGTH_OF(n->serve.opcode); i++) {
        if (n->serve.opcode[i]) {
            snprintf(name, sizeof name, "opcode.%s", opcode_to_text((uint8_t)i, code));
            json_value_set_u64(out, name, n->serve.opcode[i]);
        }
    }
    for (size_t i = 0; i < LENGTH_OF(n->serve.type_count); i++) {
        snprintf(name, sizeof name, "type.%s", serve_type_label(i));
        json_value_set_u64(out, name, n->serve.type_count[i]);
    }
}

static const struct { const char *name; size_t offset; } zone_rows[] = {
    { "queries", offsetof(struct serve_zone_counters, queries) },     { "nxdomain", offsetof(struct serve_zone_counters, nxdomain) },
    { "nodata", offsetof(struct serve_zone_counters, nodata) },       { "referrals", offsetof(struct serve_zone_counters, referrals) },
    { "servfail", offsetof(struct serve_zone_counters, servfail) },   { "transfers", offsetof(struct serve_zone_counters, transfers) },
};

static uint64_t zone_number(const struct serve_zone_counters *counters, size_t i)
{
    return *(const uint64_t *)(const void *)((const char *)counters + zone_rows[i].offset);
}

void control_stats_zone(const struct serve_zone_counters *counters, struct json_value *out)
{
    for (size_t i = 0; i < LENGTH_OF(zone_rows); i++)
        json_value_set_u64(out, zone_rows[i].name, zone_number(counters, i));
}

/* ---- RSSAC002v4 ---- */

/* Sizes in steps of 16 octets, "16-31" and so on; the last one open. */
static const char *size_range(size_t bucket, char out[32])
{
    if (bucket + 1 == SERVE_SIZE_BUCKETS)
        snprintf(out, 32, "%zu-", bucket * 16);
    else
        snprintf(out, 32, "%zu-%zu", bucket * 16, bucket * 16 + 15);
    return out;
}

static void rssac_sizes(struct json_value *out, const char *transport, const char *what, const uint64_t *buckets)
{
    char key[64], range[32];
    struct json_value *sizes = json_value_object();
    for (size_t i = 0; i < SERVE_SIZE_BUCKETS; i++) {
        if (buckets[i])
            json_value_set_u64(sizes, size_range(i, range), buckets[i]);
    }
    snprintf(key, sizeof key, "%s-%s-sizes", transport, what);
    json_value_set(out, key, sizes);
}

void control_rssac(const struct control_numbers *n, struct json_value *out)
{
    const struct serve_counters *s = &n->serve;
    struct json_value *volume = json_value_object(), *rcodes = json_value_object(), *sizes = json_value_object(), *sources = json_value_object();
    char key[16];
    json_value_set_u64(volume, "dns-udp-queries-received-ipv4", s->queries_udp4);
    json_value_set_u64(volume, "dns-udp-queries-received-ipv6", s->queries_udp6);
    json_value_set_u64(volume, "dns-tcp-queries-received-ipv4", s->queries_tcp4);
    json_value_set_u64(volume, "dns-tcp-queries-received-ipv6", s->queries_tcp6);
    json_value_set_u64(volume, "dns-udp-responses-sent-ipv4", s->responses_udp4);
    json_value_set_u64(volume, "dns-udp-responses-sent-ipv6", s->responses_udp6);
    json_value_set_u64(volume, "dns-tcp-responses-sent-ipv4", s->responses_tcp4);
    json_value_set_u64(volume, "dns-tcp-responses-sent-ipv6", s->responses_tcp6);
    for (size_t i = 0; i < LENGTH_OF(s->rcode); i++) {
        snprintf(key, sizeof key, "%zu", i);
        if (s->rcode[i])
            json_value_set_u64(rcodes, key, s->rcode[i]);
    }
    for (size_t t = 0; t < 2; t++) {
        rssac_sizes(sizes, tcp_udp[t], "request", s->query_size[t]);
        rssac_sizes(sizes, tcp_udp[t], "response", s->response_size[t]);
    }
    json_value_set_u64(sources, "num-sources-ipv4", s->unique_sources4);
    json_value_set_u64(sources, "num-sources-ipv6", s->unique_sources6);
    json_value_set_u64(sources, "num-sources-ipv6-aggregate", s->unique_networks6);
    json_value_set(out, "traffic-volume", volume);
    json_value_set(out, "rcode-volume", rcodes);
    json_value_set(out, "traffic-sizes", sizes);
    json_value_set(out, "unique-sources", sources);
}

/* ---- Prometheus ---- */

static void head(struct text *out, const char *metric, const char *help, bool gauge)
{
    text_add_format(out, "# HELP rhizome_%s %s\n# TYPE rhizome_%s %s\n", metric, help, metric, gauge ? "gauge" : "counter");
}

static void label_value(struct text *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            text_add_char(out, '\\');
        if (*value == '\n')
            text_add(out, "\\n");
        else
            text_add_char(out, *value);
    }
}

static void sample(struct text *out, const char *metric, const char *label, const char *value, uint64_t number)
{
    text_add_format(out, "rhizome_%s{%s=\"", metric, label);
    label_value(out, value);
    text_add_format(out, "\"} %" PRIu64 "\n", number);
}

static void by_code(struct text *out, const struct serve_counters *s)
{
    char code[CODE_TEXT_ROOM];
    head(out, "outcomes_total", "What became of queries.", false);
    for (size_t i = 0; i < SERVE_OUTCOMES; i++)
        sample(out, "outcomes_total", "outcome", serve_outcome_text((enum serve_outcome)i), s->outcome[i]);
    head(out, "servfail_total", "SERVFAIL answers by cause.", false);
    for (size_t i = 0; i < SERVE_FAILURES; i++)
        sample(out, "servfail_total", "cause", serve_failure_text((enum serve_failure)i), s->failure[i]);
    head(out, "responses_by_rcode_total", "Responses by RCODE.", false);
    for (size_t i = 0; i < LENGTH_OF(s->rcode); i++) {
        if (s->rcode[i] || i <= RCODE_NOTZONE || i == RCODE_BADVERS || i == RCODE_BADCOOKIE)
            sample(out, "responses_by_rcode_total", "rcode", rcode_to_text((uint16_t)i, code), s->rcode[i]);
    }
    head(out, "queries_by_opcode_total", "Queries by OPCODE.", false);
    for (size_t i = 0; i < LENGTH_OF(s->opcode); i++) {
        if (s->opcode[i] || i == OPCODE_QUERY)
            sample(out, "queries_by_opcode_total", "opcode", opcode_to_text((uint8_t)i, code), s->opcode[i]);
    }
    head(out, "queries_by_type_total", "Queries by type.", false);
    for (size_t i = 0; i < LENGTH_OF(s->type_count); i++)
        sample(out, "queries_by_type_total", "type", serve_type_label(i), s->type_count[i]);
}

/* By ranges of 16 octets, as RSSAC002 asks; what is zero is left out. */
static void by_size(struct text *out, const char *metric, const char *help, const uint64_t sizes[2][SERVE_SIZE_BUCKETS])
{
    char range[32];
    head(out, metric, help, false);
    for (size_t i = 0; i < 2 * SERVE_SIZE_BUCKETS; i++) {
        uint64_t count = sizes[i / SERVE_SIZE_BUCKETS][i % SERVE_SIZE_BUCKETS];
        if (count)
            text_add_format(out, "rhizome_%s{transport=\"%s\",octets=\"%s\"} %" PRIu64 "\n", metric, tcp_udp[i / SERVE_SIZE_BUCKETS],
                            size_range(i % SERVE_SIZE_BUCKETS, range), count);
    }
}

struct zone_lines { struct text *out; };

static void zone_line(void *context, const char *name, const char *klass, const char *view, const struct serve_zone_counters *counters)
{
    struct text *out = ((struct zone_lines *)context)->out;
    for (size_t i = 0; i < LENGTH_OF(zone_rows); i++) {
        text_add(out, "rhizome_zone_events_total{zone=\"");
        label_value(out, name);
        text_add(out, "\",class=\"");
        label_value(out, klass);
        text_add(out, "\",view=\"");
        label_value(out, view);
        text_add_format(out, "\",event=\"%s\"} %" PRIu64 "\n", zone_rows[i].name, zone_number(counters, i));
    }
}

void control_metrics(const struct control_numbers *n, void (*zones)(void *context, control_zone_fn *each, void *each_context),
                     void *context, struct text *out)
{
    const char *metric = "";
    text_add_format(out, "# HELP rhizome_build_info Version.\n# TYPE rhizome_build_info gauge\nrhizome_build_info{version=\"%s\"} 1\n", RHIZ_VERSION);
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        if (strcmp(metric, rows[i].metric) != 0)
            head(out, rows[i].metric, rows[i].help, rows[i].gauge);
        metric = rows[i].metric;
        text_add_format(out, "rhizome_%s%s%s%s", metric, rows[i].labels ? "{" : "", rows[i].labels ? rows[i].labels : "", rows[i].labels ? "}" : "");
        text_add_format(out, " %" PRIu64 "\n", number_at(n, rows[i].offset));
    }
    head(out, "ready", "1 once every configured zone has been tried.", true);
    text_add_format(out, "rhizome_ready %d\n", n->ready);
    head(out, "start_time_seconds", "Unix time of the start.", true);
    text_add_format(out, "rhizome_start_time_seconds %" PRIu64 "\n", n->started_seconds);
    head(out, "unique_sources", "Client addresses seen, estimated.", true);
    sample(out, "unique_sources", "family", "4", n->serve.unique_sources4);
    sample(out, "unique_sources", "family", "6", n->serve.unique_sources6);
    head(out, "unique_networks", "Client networks seen (IPv6 by /64), estimated.", true);
    sample(out, "unique_networks", "family", "6", n->serve.unique_networks6);
    by_code(out, &n->serve);
    by_size(out, "queries_by_size_total", "Queries by size, in ranges of 16 octets (RSSAC002).", n->serve.query_size);
    by_size(out, "responses_by_size_total", "Responses by size, in ranges of 16 octets (RSSAC002).", n->serve.response_size);
    if (zones) {
        head(out, "zone_events_total", "Events by zone, for zones that were asked (at most 1000).", false);
        zones(context, zone_line, &(struct zone_lines){ out });
    }
}
