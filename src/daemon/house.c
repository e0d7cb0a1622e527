/* SPDX-License-Identifier: Apache-2.0 */
/* Wiring, reload and shutdown: the order of things is written here and nowhere else. */
#include "daemon/inside.h"
#include "daemon/mounts.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

void house_wake(struct house *house)
{
    uint64_t one = 1;
    (void)!write(house->wake, &one, sizeof one);
}

void house_request_reload(struct house *house)
{
    pthread_mutex_lock(&house->jobs);
    house->reload_wanted = true;
    pthread_cond_signal(&house->wanted);
    pthread_mutex_unlock(&house->jobs);
}

/* ---- before privileges are dropped ---- */

static enum status open_control(struct house *house, struct diagnostics *diag)
{
    char path[PATH_MAX];
    const struct config_server *server = &house->config->server;
    struct control_options options = {
        .path = config_path(house->config, server->control, path, sizeof path), .metrics = server->has_metrics ? &server->metrics : NULL,
        .metrics_zones = server->metrics_zones, .verbs = house_verbs, .verb_count = house_verb_count, .later_verbs = house_later_verbs, .numbers = house_numbers,
        .zones = house_zones, .live = house_live, .more_metrics = house_chain_metrics, .context = house,
    };
    return control_open(&options, &house->control, diag);
}

static enum status open_chains(struct house *house, struct diagnostics *diag)
{
    enum status st = chains_open(house->config, house->epoch, &house->chains, diag);
    if (st != OK || !house->chains || house->chains->count == 0)
        return st;
    st = mounts_source_new(house->chains, &house->mounts_source);
    if (st != OK)
        return st;
    for (size_t i = 0; i < house->chains->count && st == OK; i++) {
        struct serve_zone *options = serve_zone_new();      /* so that questions are counted */
        st = options ? serve_zone_set(mount_zone(house->chains->list[i].mount), options, house->epoch) : E_NOMEM;
        if (st != OK)
            serve_zone_free(options);
    }
    if (st != OK)
        return st;
    mounts_source_fill(house->mounts_source, &house->source);
    return serve_sources(house->serve, &house->source, 1);
}

enum status house_open(struct house *house, struct diagnostics *diag)
{
    struct net_options options;
    struct net_listener *listeners = NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_mutex_init(&house->lock, NULL);
    pthread_mutex_init(&house->jobs, NULL);
    pthread_cond_init(&house->wanted, &attributes);
    pthread_condattr_destroy(&attributes);
    house->started_ms = clock_now().monotonic_ms;
    house->started_unix = clock_now().unix_ms / 1000;
    house->workers = workers_wanted(house->config);
    house->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    house->epoch = epoch_new();
    house->serve = house->epoch ? serve_new(house->epoch, house->workers) : NULL;
    house->budget = budget_new((uint32_t)house->config->server.tcp_per_network, (uint8_t)house->config->rrl.prefix4, (uint8_t)house->config->rrl.prefix6);
    house->threads = mem_alloc(house->workers * sizeof *house->threads);
    house->beats = mem_alloc(house->workers * sizeof *house->beats);
    if (house->wake < 0 || !house->serve || !house->budget || !house->threads || !house->beats)
        return E_NOMEM;
    enum status st = net_options_make(house, house->config, &options, &listeners);
    if (st == OK)
        st = net_open(&options, &house->net, diag);
    mem_free(listeners);
    if (st == OK)
        st = house_kernel_open(house, diag);
    if (st == OK)
        st = open_chains(house, diag);
    return st == OK ? open_control(house, diag) : st;
}

/* ---- threads ---- */

struct worker_start { struct house *house; unsigned index; };

static void *worker_main(void *argument)
{
    struct worker_start start = *(struct worker_start *)argument;
    mem_free(argument);
    serve_run(start.house->serve, net_worker_get(start.house->net, start.index));
    return NULL;
}

static enum status start_workers(struct house *house)
{
    for (; house->worker_started < house->workers; house->worker_started++) {
        struct worker_start *start = mem_alloc(sizeof *start);
        if (!start)
            return E_NOMEM;
        *start = (struct worker_start){ house, house->worker_started };
        if (pthread_create(&house->threads[house->worker_started], NULL, worker_main, start) != 0) {
            mem_free(start);
            return E_SYSTEM;
        }
    }
    return OK;
}

/* Frees what no reader can hold any more; ends after the workers. */
static void *cleaner_main(void *argument)
{
    struct house *house = argument;
    thread_give_way();
    while (!atomic_load(&house->cleaner_ends)) {
        size_t waiting = epoch_reclaim(house->epoch);
        usleep(waiting ? 20000 : 100000);
    }
    return NULL;
}

static void tell_manager(void *context, const char *text, uint64_t done, uint64_t total)
{
    char line[128];
    (void)context;
    (void)text;
    snprintf(line, sizeof line, "STATUS=loading zones, %llu of %llu\nEXTEND_TIMEOUT_USEC=30000000", (unsigned long long)done, (unsigned long long)total);
    manager_tell(line);
    log_info(LOG_ZONE, "loading zones", log_u64("done", done), log_u64("total", total));
}

static void load_first(struct house *house)
{
    struct keeper_progress progress = { tell_manager, house };
    struct keeper_totals totals = { 0 };
    uint64_t started = clock_ns();
    keeper_load(house->keeper, &progress, &totals);
    if (atomic_load(&house->stopping))
        return;
    malloc_trim(0);
    atomic_store(&house->ready, true);
    log_info(LOG_SERVER, "ready", log_u64("zones", totals.loaded), log_u64("failed", totals.failed), log_u64("ms", (clock_ns() - started) / 1000000));
    manager_tell("READY=1\nSTATUS=serving");
}

static void reload_logged(struct house *house)
{
    struct keeper_totals totals = { 0 };
    struct keeper_progress progress = { tell_manager, house };
    struct diagnostics *diag = diagnostics_new(20);
    enum status st = diag ? house_reload(house, false, &progress, &totals, diag) : E_NOMEM;
    for (size_t i = 0; st != OK && i < diagnostics_kept(diag); i++) {
        const struct diagnostic *d = diagnostics_get(diag, i);
        log_error(LOG_CONFIG, "configuration", log_text("file", d->file ? d->file : ""), log_u64("line", d->line), log_u64("column", d->column), log_text("error", d->text));
    }
    diagnostics_free(diag);
}

/* Does what takes long: the first load, and reloads asked for by signal. */
static void *steward_main(void *argument)
{
    struct house *house = argument;
    load_first(house);
    thread_give_way();
    pthread_mutex_lock(&house->jobs);
    while (!atomic_load(&house->stopping)) {
        if (!house->reload_wanted) {
            pthread_cond_wait(&house->wanted, &house->jobs);
            continue;
        }
        house->reload_wanted = false;
        pthread_mutex_unlock(&house->jobs);
        reload_logged(house);
        pthread_mutex_lock(&house->jobs);
    }
    pthread_mutex_unlock(&house->jobs);
    return NULL;
}

/* ---- start ---- */

/* Puts the parts in force; the keeper has moved to their configuration. */
static void set_up(struct house *house, struct parts *parts)
{
    struct serve_setup *setup = parts->setup;
    keeper_view_tables(house->keeper, setup->views, setup->view_count);
    house->secrets = setup->secrets;
    serve_apply(house->serve, setup);
    serve_kernel_changed(house->kernel_filler);
    house->rrl = parts->rrl;
    house->rrl_exempt = parts->rrl_exempt;
    house->tap = parts->tap;
    atomic_fetch_add(&house->generation, 1);
}

/* In the middle of a move. */
static void keeper_settled(void *context)
{
    struct house *house = context;
    if (house->moving)
        set_up(house, house->moving);
}

static enum status start_keeper(struct house *house)
{
    char folder[PATH_MAX], journal[PATH_MAX + 16], snapshots[PATH_MAX + 16];
    struct keeper_totals totals = { 0 };
    struct keeper_options options = { .epoch = house->epoch, .notifier = house->notifier, .kernel = house->kernel_filler, .journal = journal, .snapshots = snapshots,
                                      .loaders = house->workers, .settled = keeper_settled, .settled_context = house };
    if (!config_path(house->config, house->config->server.state, folder, sizeof folder))
        return E_LIMIT;
    snprintf(journal, sizeof journal, "%s/added-zones", folder);
    snprintf(snapshots, sizeof snapshots, "%s/snapshots", folder);
    house->keeper = keeper_new(&options);
    return house->keeper ? keeper_move(house->keeper, house->config, true, false, NULL, &totals) : E_NOMEM;
}

/* Few zones are loaded in no time: then the first answers, to questions that may have waited in sockets handed over, are whole.
 * Many take longer: then answers begin without them. */
static void wait_a_little(const struct house *house)
{
    for (int i = 0; i < 300 && !atomic_load(&house->ready); i++)
        usleep(1000);
}

enum status house_start(struct house *house, struct diagnostics *diag)
{
    struct parts parts = { 0 };
    enum status st = notifier_start(&house->notifier);
    if (st == OK)
        st = start_keeper(house);
    if (st == OK)
        st = parts_make(house, house->config, &parts, diag);
    if (st == OK) {
        set_up(house, &parts);
        house->cleaner_runs = pthread_create(&house->cleaner, NULL, cleaner_main, house) == 0;
        house->steward_runs = pthread_create(&house->steward, NULL, steward_main, house) == 0;
        st = house->cleaner_runs && house->steward_runs ? OK : E_SYSTEM;
    }
    if (st == OK)
        st = chains_start(house->chains);
    if (st == OK) {
        wait_a_little(house);
        house_look_at_root(house);
        st = start_workers(house);
    }
    if (st == OK)
        st = house_kernel_start(house);
    return st == OK ? control_start(house->control) : st;
}

/* ---- reload ---- */

static void warn_restart(struct diagnostics *diag, const char *key)
{
    diagnostics_add(diag, SEVERITY_WARNING, "restart", NULL, "a change of %s takes effect at the next start", key);
}

static bool differs(const char *a, const char *b) { return (a == NULL) != (b == NULL) || (a && strcmp(a, b) != 0); }

static void warn_fixed(const struct house *house, const struct config *next, struct diagnostics *diag)
{
    const struct config_server *old = &house->config->server, *new = &next->server;
    if (workers_wanted(next) != house->workers)
        warn_restart(diag, "server.workers");
    if (differs(old->user, new->user))
        warn_restart(diag, "server.user");
    if (differs(old->state, new->state))
        warn_restart(diag, "server.state");
    if (differs(old->control, new->control))
        warn_restart(diag, "server.control");
    if (!config_same_chains(house->config, next))
        warn_restart(diag, "chains and names");
    if (old->has_metrics != new->has_metrics || old->metrics_zones != new->metrics_zones ||
        (new->has_metrics && (old->metrics.port != new->metrics.port || !address_equal(&old->metrics.address, &new->metrics.address))))
        warn_restart(diag, "server.metrics");
}

/* Sockets first: they are what can be refused.  When a later step fails they go back to what they were. */
static enum status change_net(struct house *house, const struct config *config, struct diagnostics *diag)
{
    struct net_options options;
    struct net_listener *listeners = NULL;
    enum status st = net_options_make(house, config, &options, &listeners);
    if (st == OK)
        st = net_change(house->net, &options, diag);
    mem_free(listeners);
    return st;
}

static void retire_parts(struct house *house, const struct parts *before)
{
    if (before->new_rrl && before->rrl)
        epoch_retire(house->epoch, before->rrl, rrl_free);
    if (before->new_rrl && before->rrl_exempt)
        epoch_retire(house->epoch, before->rrl_exempt, acl_free);
    if (before->new_tap && before->tap)
        epoch_retire(house->epoch, before->tap, tap_close);
}

/* All fallible work on parts of its own, then the change. */
static enum status apply(struct house *house, struct config *next, bool force, const struct keeper_progress *progress,
                         struct keeper_totals *totals, struct diagnostics *diag)
{
    struct parts parts = { 0 };
    enum status st = parts_make(house, next, &parts, diag);
    if (st != OK)
        return st;
    struct parts before = { .rrl = house->rrl, .rrl_exempt = house->rrl_exempt, .new_rrl = parts.new_rrl, .tap = house->tap, .new_tap = parts.new_tap };
    struct config *old = house->config;
    st = change_net(house, next, diag);
    if (st == OK) {
        house_kernel_withdraw(house, next);
        house->moving = &parts;
        st = keeper_move(house->keeper, next, false, force, progress, totals);
        house->moving = NULL;
        if (st != OK && change_net(house, old, NULL) != OK)
            log_error(LOG_NET, "the listeners could not be put back");
        if (st != OK)
            house_kernel_change(house, old, NULL);
    }
    if (st != OK) {
        parts_clear(&parts);
        return st;
    }
    warn_fixed(house, next, diag);
    house_kernel_change(house, next, diag);
    house->config = next;
    budget_set_limit(house->budget, (uint32_t)next->server.tcp_per_network);
    retire_parts(house, &before);
    if (log_apply(next) != OK)
        diagnostics_add(diag, SEVERITY_WARNING, "log", NULL, "the log could not be opened, the old one goes on");
    epoch_wait(house->epoch);   /* questions read from now on see it; and the old configuration may go */
    (void)epoch_reclaim(house->epoch);
    config_free(old);
    return OK;
}

enum status house_reload(struct house *house, bool force, const struct keeper_progress *progress, struct keeper_totals *totals,
                         struct diagnostics *diag)
{
    struct config_source source = { .path = house->config_path };
    struct config *next = NULL;
    uint64_t started = clock_ns();
    manager_tell("RELOADING=1");
    pthread_mutex_lock(&house->lock);
    enum status st = config_read(&source, &next, diag);
    if (st == OK) {
        st = apply(house, next, force, progress, totals, diag);
        if (st != OK)
            config_free(next);
    }
    malloc_trim(0);
    pthread_mutex_unlock(&house->lock);
    atomic_fetch_add(st == OK ? &house->reloads : &house->reloads_failed, 1);
    if (st == OK)
        log_info(LOG_CONFIG, "configuration applied", log_u64("generation", atomic_load(&house->generation)), log_u64("loaded", totals->loaded),
                 log_u64("failed", totals->failed), log_u64("ms", (clock_ns() - started) / 1000000));
    else
        log_error(LOG_CONFIG, "configuration refused, the old one stays", log_text("error", status_text(st)));
    manager_store(house);
    manager_tell("READY=1");
    return st;
}

/* ---- stop ---- */

static void end_threads(struct house *house)
{
    atomic_store(&house->stopping, true);
    if (house->keeper)
        keeper_cancel(house->keeper);
    pthread_mutex_lock(&house->jobs);
    pthread_cond_signal(&house->wanted);
    pthread_mutex_unlock(&house->jobs);
    if (house->steward_runs)
        pthread_join(house->steward, NULL);
    chains_stop(house->chains);             /* who waits for a chain is told that there is none any more */
    control_stop(house->control);
    for (unsigned i = 0; i < house->worker_started; i++)
        net_worker_stop(net_worker_get(house->net, i));
    for (unsigned i = 0; i < house->worker_started; i++)
        pthread_join(house->threads[i], NULL);
    house_kernel_end(house);
    atomic_store(&house->cleaner_ends, true);
    if (house->cleaner_runs)
        pthread_join(house->cleaner, NULL);
    if (house->notifier)
        notifier_stop(house->notifier);
}

void house_close(struct house *house)
{
    end_threads(house);
    net_close(house->net);
    house_kernel_close(house);
    mounts_source_free(house->mounts_source);
    serve_free(house->serve);
    for (size_t i = 0; house->chains && i < house->chains->count; i++)
        serve_zone_clear(mount_zone(house->chains->list[i].mount));
    chains_free(house->chains);
    keeper_free(house->keeper);
    if (house->tap)
        tap_close(house->tap);
    rrl_free(house->rrl);
    acl_free(house->rrl_exempt);
    budget_free(house->budget);
    epoch_free(house->epoch);
    config_free(house->config);
    mem_wipe(&house->secrets, sizeof house->secrets);
    mem_free(house->threads);
    mem_free(house->beats);
    if (house->wake >= 0)
        close(house->wake);
    pthread_cond_destroy(&house->wanted);
    pthread_mutex_destroy(&house->jobs);
    pthread_mutex_destroy(&house->lock);
}
