/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the control socket (docs/control-protocol.md), and the numbers behind metrics. */
#include "daemon/inside.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- numbers ---- */

static uint64_t memory_bytes(void)
{
    unsigned long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%lu %lu", &pages, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void house_numbers(void *context, struct control_numbers *out)
{
    struct house *house = context;
    struct keeper_counts zones;
    *out = (struct control_numbers){ 0 };
    net_counters_read(house->net, &out->net);
    serve_counters_read(house->serve, &out->serve);
    notifier_counters_read(house->notifier, &out->notify);
    if (house->kernel)
        net_kernel_counters_read(house->kernel, &out->kernel);
    keeper_count(house->keeper, &zones);
    out->zones_configured = zones.configured;
    out->zones_loaded = zones.loaded;
    out->zones_failed = zones.failed;
    out->zones_loading = zones.loading;
    out->zone_loads = zones.loads;
    out->zone_load_failures = zones.load_failures;
    out->started_seconds = house->started_unix;
    out->uptime_seconds = (clock_now().monotonic_ms - house->started_ms) / 1000;
    out->generation = atomic_load(&house->generation);
    out->reloads = atomic_load(&house->reloads);
    out->reloads_failed = atomic_load(&house->reloads_failed);
    out->check_failures = check_failures();
    out->memory_bytes = memory_bytes();
    out->ready = atomic_load(&house->ready);
    /* Limits and tap change with a reload; a reload in progress may take long, so their numbers wait for none. */
    if (pthread_mutex_trylock(&house->lock) == 0) {
        if (house->rrl)
            house->last_evictions = rrl_evictions(house->rrl);
        if (house->tap)
            tap_counters_read(house->tap, &house->last_tap);
        out->rrl_evictions = house->last_evictions;
        out->tap = house->last_tap;
        pthread_mutex_unlock(&house->lock);
    }
}

void house_zones(void *context, control_zone_fn *each, void *each_context)
{
    struct house *house = context;
    keeper_each_asked(house->keeper, house->serve, 1000, each, each_context);
}

/* ---- does every worker turn? ---- */

enum { BEAT_LATE_MS = 10000 };

static void beat(void *context) { atomic_store(&((struct beat *)context)->asked, false); }

void house_beat(struct house *house)
{
    for (unsigned i = 0; i < house->worker_started; i++) {
        struct beat *b = &house->beats[i];
        if (atomic_load(&b->asked))
            continue;
        atomic_store(&b->asked_ms, clock_now().monotonic_ms);
        atomic_store(&b->asked, true);
        if (net_post(net_worker_get(house->net, i), beat, b) != OK)
            atomic_store(&b->asked, false);
    }
}

bool house_live(void *context)
{
    struct house *house = context;
    uint64_t now = clock_now().monotonic_ms;
    for (unsigned i = 0; i < house->worker_started; i++) {
        struct beat *b = &house->beats[i];
        if (atomic_load(&b->asked) && now > atomic_load(&b->asked_ms) + BEAT_LATE_MS)
            return false;
    }
    return true;
}

/* ---- the daemon ---- */

static enum control_code verb_status(void *context, const struct json_value *args, struct control_answer *answer)
{
    struct house *house = context;
    struct json_value *out = control_result(answer), *listen = json_value_array(), *zones = json_value_object(), *views = json_value_array();
    struct keeper_counts counts;
    struct net_counters net;
    char text[ENDPOINT_TEXT_ROOM];
    (void)args;
    keeper_count(house->keeper, &counts);
    net_counters_read(house->net, &net);
    json_value_set_text(out, "version", RHIZ_VERSION);
    json_value_set_u64(out, "pid", (uint64_t)getpid());
    json_value_set_u64(out, "started", house->started_unix);
    json_value_set_u64(out, "uptime", (clock_now().monotonic_ms - house->started_ms) / 1000);
    json_value_set_bool(out, "ready", atomic_load(&house->ready));
    json_value_set_bool(out, "live", house_live(house));
    json_value_set_text(out, "config", house->config_path);
    json_value_set_u64(out, "generation", atomic_load(&house->generation));
    json_value_set_u64(out, "workers", house->workers);
    json_value_set_u64(zones, "configured", counts.configured);
    json_value_set_u64(zones, "loaded", counts.loaded);
    json_value_set_u64(zones, "failed", counts.failed);
    json_value_set_u64(zones, "loading", counts.loading);
    keeper_view_names(house->keeper, views);
    /* What the sockets are bound to: during a reload that is changing, so then it is left out. */
    if (pthread_mutex_trylock(&house->lock) == 0) {
        for (size_t i = 0; i < house->config->server.listen_count; i++) {
            struct endpoint endpoint = net_listener_endpoint(house->net, i);
            json_value_add(listen, json_value_text(endpoint_print(&endpoint, text)));
        }
        pthread_mutex_unlock(&house->lock);
    }
    json_value_set(out, "listen", listen);
    json_value_set(out, "zones", zones);
    json_value_set(out, "views", views);
    json_value_set_u64(out, "tcp_clients", net.tcp_open);
    json_value_set_u64(out, "memory_bytes", memory_bytes());
    return CONTROL_OK;
}

static void add_zone(void *context, const char *name, const char *klass, const char *view, const struct serve_zone_counters *counters)
{
    struct json_value *zone = json_value_object(), *numbers = json_value_object();
    control_stats_zone(counters, numbers);
    json_value_set_text(zone, "name", name);
    json_value_set_text(zone, "class", klass);
    json_value_set_text(zone, "view", *view ? view : "default");
    json_value_set(zone, "counters", numbers);
    json_value_add(context, zone);
}

static enum control_code verb_stats(void *context, const struct json_value *args, struct control_answer *answer)
{
    struct house *house = context;
    struct json_value *out = control_result(answer), *counters = json_value_object();
    struct control_numbers *numbers = mem_alloc(sizeof *numbers);
    if (!numbers) {
        json_value_free(counters);
        return control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    }
    house_numbers(house, numbers);
    control_stats(numbers, counters);
    json_value_set(out, "counters", counters);
    if (json_value_get_bool(args, "zones")) {
        struct json_value *zones = json_value_array();
        keeper_each_asked(house->keeper, house->serve, 10000, add_zone, zones);
        json_value_set(out, "zones", zones);
    }
    if (json_value_get_bool(args, "rssac")) {
        struct json_value *rssac = json_value_object();
        control_rssac(numbers, rssac);
        keeper_rssac(house->keeper, rssac);
        json_value_set(out, "rssac", rssac);
    }
    mem_free(numbers);
    return CONTROL_OK;
}

static void tell_progress(void *context, const char *text, uint64_t done, uint64_t total) { control_progress(context, text, done, total); }

/* With its file, where it has one. */
static void add_line(struct json_value *array, struct control_answer *details, const struct diagnostic *d)
{
    struct text line;
    text_growing(&line);
    if (d->file && d->line)
        text_add_format(&line, "%s:%u:%u: %s", d->file, d->line, d->column, d->text);
    else
        text_add_format(&line, "%s%s%s", d->file ? d->file : "", d->file ? ": " : "", d->text);
    if (!line.full && array)
        json_value_add(array, json_value_text(line.data));
    else if (!line.full)
        control_detail(details, line.data);
    text_clear(&line);
}

static enum control_code reload_refused(struct control_answer *answer, enum status st, const struct diagnostics *diag)
{
    control_details(answer, diag);
    if (diagnostics_count(diag, SEVERITY_ERROR))
        return control_fail(answer, CONTROL_FAILED, "the old configuration is still in force", "the new configuration cannot be put in force");
    return control_fail(answer, CONTROL_FAILED, "the old configuration is still in force", "the new configuration cannot be put in force: %s",
                        status_text(st));
}

/* The configuration is in force, and still the user should know: exit code and reasons. */
static enum control_code reload_lacking(struct house *house, const struct keeper_totals *totals, const struct diagnostics *diag,
                                        struct control_answer *answer)
{
    keeper_tell_failures(house->keeper, answer);
    for (size_t i = 0; i < diagnostics_kept(diag); i++)
        add_line(NULL, answer, diagnostics_get(diag, i));
    return control_fail(answer, CONTROL_FAILED, "what was served before still is; `rhiz zone show NAME` tells more",
                        "the configuration is in force, but %llu zone%s could not be loaded (%llu were, %llu are unchanged)",
                        (unsigned long long)totals->failed, totals->failed == 1 ? "" : "s", (unsigned long long)totals->loaded,
                        (unsigned long long)totals->unchanged);
}

static void reload_done(struct house *house, const struct keeper_totals *totals, const struct diagnostics *diag, struct json_value *out)
{
    struct json_value *zones = json_value_object(), *warnings = json_value_array();
    json_value_set_u64(zones, "loaded", totals->loaded);
    json_value_set_u64(zones, "unchanged", totals->unchanged);
    json_value_set_u64(zones, "failed", totals->failed);
    json_value_set_u64(zones, "added", totals->added);
    json_value_set_u64(zones, "removed", totals->removed);
    for (size_t i = 0; i < diagnostics_kept(diag); i++)
        add_line(warnings, NULL, diagnostics_get(diag, i));
    json_value_set_u64(out, "generation", atomic_load(&house->generation));
    json_value_set(out, "zones", zones);
    json_value_set(out, "warnings", warnings);
}

static enum control_code verb_reload(void *context, const struct json_value *args, struct control_answer *answer)
{
    struct house *house = context;
    struct keeper_totals totals = { 0 };
    struct keeper_progress progress = { tell_progress, answer };
    struct diagnostics *diag = diagnostics_new(100);
    if (!diag)
        return control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    enum control_code code = CONTROL_OK;
    enum status st = house_reload(house, json_value_get_bool(args, "force"), &progress, &totals, diag);
    if (st != OK)
        code = reload_refused(answer, st, diag);
    else if (totals.failed)
        code = reload_lacking(house, &totals, diag, answer);
    else
        reload_done(house, &totals, diag, control_result(answer));
    diagnostics_free(diag);
    return code;
}

static enum control_code verb_stop(void *context, const struct json_value *args, struct control_answer *answer)
{
    (void)context;
    (void)args;
    (void)answer;
    return CONTROL_OK;
}

static void after_stop(void *context)
{
    struct house *house = context;
    atomic_store(&house->stop_wanted, true);
    house_wake(house);
}

static enum control_code verb_log(void *context, const struct json_value *args, struct control_answer *answer)
{
    static const char *const levels[] = { "error", "warning", "info", "debug" };
    struct house *house = context;
    const char *level = json_value_get_text(args, "level");
    bool reopen = json_value_get_bool(args, "reopen");
    size_t wanted = 0;
    if ((level != NULL) == reopen)
        return control_fail(answer, CONTROL_USAGE, NULL, "exactly one of level and reopen is wanted");
    while (level && wanted < LENGTH_OF(levels) && strcmp(levels[wanted], level) != 0)
        wanted++;
    if (wanted == LENGTH_OF(levels))
        return control_fail(answer, CONTROL_USAGE, NULL, "there is no level %.32s: error, warning, info, debug", level);
    pthread_mutex_lock(&house->lock);
    enum status st;
    if (reopen) {
        st = log_reopen();
    } else {
        house->config->log.level = wanted;      /* until the next reload */
        st = log_apply(house->config);
    }
    size_t now = house->config->log.level;
    pthread_mutex_unlock(&house->lock);
    if (st != OK)
        return control_fail(answer, CONTROL_FAILED, "the old log goes on", "the log cannot be opened");
    json_value_set_text(control_result(answer), "level", levels[now]);
    return CONTROL_OK;
}

static enum control_code verb_config_show(void *context, const struct json_value *args, struct control_answer *answer)
{
    struct house *house = context;
    struct text text, quoted;
    (void)args;
    text_growing(&text);
    text_growing(&quoted);
    pthread_mutex_lock(&house->lock);
    config_print(house->config, &text);
    pthread_mutex_unlock(&house->lock);
    if (!text.full)
        text_add_json(&quoted, text.data);
    bool full = text.full || quoted.full;
    text_clear(&text);
    if (full) {
        text_clear(&quoted);
        return control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    }
    control_result_raw(answer, "text", &quoted);
    return CONTROL_OK;
}

/* ---- zones ---- */

static struct keeper_name name_of(const struct json_value *args)
{
    return (struct keeper_name){ json_value_get_text(args, "name"), json_value_get_text(args, "class"), json_value_get_text(args, "view") };
}

#define ZONE_VERB(verb, call)                                                                                             \
    static enum control_code verb(void *context, const struct json_value *args, struct control_answer *answer)            \
    {                                                                                                                     \
        struct keeper *keeper = ((struct house *)context)->keeper;                                                        \
        struct keeper_name name = name_of(args);                                                                          \
        return call;                                                                                                      \
    }
ZONE_VERB(verb_zone_list, keeper_list(keeper, name.view, answer))
ZONE_VERB(verb_zone_show, keeper_show(keeper, &name, answer))
ZONE_VERB(verb_zone_add, keeper_add(keeper, &name, json_value_get_text(args, "file"), answer))
ZONE_VERB(verb_zone_remove, keeper_remove(keeper, &name, answer))
ZONE_VERB(verb_zone_reload, keeper_reload(keeper, &name, json_value_get_bool(args, "force"), answer))
ZONE_VERB(verb_zone_notify, keeper_notify(keeper, &name, answer))

static const struct control_argument zone_arguments[] = { { "name", false }, { "class", false }, { "view", false }, { NULL, false } };
static const struct control_argument list_arguments[] = { { "view", false }, { NULL, false } };
static const struct control_argument add_arguments[] = { { "name", false }, { "class", false }, { "view", false }, { "file", false }, { NULL, false } };
static const struct control_argument reload_arguments[] = { { "name", false }, { "class", false }, { "view", false }, { "force", true }, { NULL, false } };
static const struct control_argument force_arguments[] = { { "force", true }, { NULL, false } };
static const struct control_argument stats_arguments[] = { { "zones", true }, { "rssac", true }, { NULL, false } };
static const struct control_argument explain_arguments[] = { { "name", false }, { "type", false }, { "view", false }, { NULL, false } };
static const struct control_argument chain_arguments[] = { { "name", false }, { NULL, false } };
static const struct control_argument cache_arguments[] = { { "name", false }, { "tree", true }, { NULL, false } };
static const struct control_argument log_arguments[] = { { "reopen", true }, { "level", false }, { NULL, false } };

const struct control_verb house_verbs[] = {
    { "status", NULL, verb_status, NULL },
    { "stats", stats_arguments, verb_stats, NULL },
    { "reload", force_arguments, verb_reload, NULL },
    { "stop", NULL, verb_stop, after_stop },
    { "zone-list", list_arguments, verb_zone_list, NULL },
    { "zone-show", zone_arguments, verb_zone_show, NULL },
    { "zone-add", add_arguments, verb_zone_add, NULL },
    { "zone-remove", zone_arguments, verb_zone_remove, NULL },
    { "zone-reload", reload_arguments, verb_zone_reload, NULL },
    { "zone-notify", zone_arguments, verb_zone_notify, NULL },
    { "log", log_arguments, verb_log, NULL },
    { "config-show", NULL, verb_config_show, NULL },
    { "explain", explain_arguments, verb_explain, NULL },
    { "chain-status", chain_arguments, verb_chain_status, NULL },
    { "cache-stats", NULL, verb_cache_stats, NULL },
    { "cache-show", cache_arguments, verb_cache_show, NULL },
    { "cache-flush", cache_arguments, verb_cache_flush, NULL },
};
const size_t house_verb_count = LENGTH_OF(house_verbs);
const char *const house_later_verbs[] = {
    "zone-begin", "zone-set", "zone-unset", "zone-diff", "zone-commit", "zone-abort",
    "zone-refresh", "zone-retransfer", "zone-freeze", "zone-thaw", "zone-history", "zone-rollback", "zone-sign", "key-list", "key-new", "key-plan",
    "key-roll", "key-simulate", "key-ds", "key-import", "key-export", "tsig-new", "tsig-list", "chain-sync", "chain-proof", NULL
};
