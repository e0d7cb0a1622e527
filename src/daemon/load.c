/* SPDX-License-Identifier: Apache-2.0 */
/* Zone files into versions, several at a time. */
#include "daemon/inside.h"
#ifdef RHIZ_TEST_DELAY
#include "daemon/scatter.h"
#endif

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { DIAGNOSTICS_KEPT = 200, WARNINGS_KEPT = 10, QUIET_ABOVE = 1000, LOADERS_MAX = 64, ORDER_ABOVE = 64, POOL_FROM = 4, SHARE_MOST = 64 };

struct load_how { bool force, quiet; unsigned threads; };   /* threads: for one zone */

static bool go_on(void *context, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return !atomic_load_explicit(&((struct keeper *)context)->cancelled, memory_order_relaxed);
}

/* Reads, freezes and checks; the outputs are the caller's on OK. */
static enum status build_version(struct keeper *keeper, struct kept *kept, const char *path, unsigned threads, struct zone_version **out,
                                 struct zone_files *files, struct diagnostics *diag)
{
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    struct zone_read_options options = {
        .path = path, .origin = zone_name(kept->zone), .klass = zone_class(kept->zone), .progress = go_on, .progress_context = keeper,
        .threads = threads,
    };
    enum status st = zone_builder_new(zone_name(kept->zone), zone_class(kept->zone), &builder);
    if (st == OK)
        st = zone_read(&options, &builder, files, diag);
    if (st == OK) {
        st = zone_builder_finish(builder, true, &version);
        builder = NULL;
    }
    zone_builder_free(builder);
    if (st == OK) {
        /* Only the writer publishes, and that is us: what is current stays while we look at it. */
        struct zone_check_options check = { .previous = zone_current(kept->zone), .files = files };
        st = zone_check(version, &check, diag);
    }
    if (st != OK) {
        zone_version_free(version);
        return st;
    }
    *out = zone_version_forget_where(version);
    return OK;
}

/* What a load made, and told; the caller's. */
struct loaded {
    struct zone_version *version;
    struct zone_files files;
    struct told told;
    bool from_snapshot;
};
static void loaded_clear(struct loaded *loaded)
{
    zone_version_free(loaded->version);
    zone_files_clear(&loaded->files);
    mem_free(loaded->told.warnings);
}

/* The first error as one line for `zone show` and the log. */
static char *first_error(enum status st, const struct diagnostics *diag)
{
    for (size_t i = 0; i < diagnostics_kept(diag); i++) {
        const struct diagnostic *d = diagnostics_get(diag, i);
        if (d->severity != SEVERITY_ERROR)
            continue;
        struct text text;
        text_growing(&text);
        if (d->file && d->line)
            text_add_format(&text, "%s:%u:%u: ", d->file, d->line, d->column);
        else if (d->file)
            text_add_format(&text, "%s: ", d->file);
        text_add(&text, d->text);
        if (!text.full)
            return text.data;
        text_clear(&text);
    }
    return mem_string(status_text(st));
}

/* Warnings of the check for `zone show`; NULL = none, or no memory. */
static char *keep_warnings(const struct diagnostics *diag)
{
    struct text text;
    size_t count = 0;
    if (diagnostics_count(diag, SEVERITY_WARNING) == 0)
        return NULL;
    text_growing(&text);
    for (size_t i = 0; i < diagnostics_kept(diag) && count < WARNINGS_KEPT; i++) {
        const struct diagnostic *d = diagnostics_get(diag, i);
        if (d->severity != SEVERITY_WARNING)
            continue;
        text_add(&text, count++ ? "," : "[");
        text_add_json(&text, d->text);
    }
    text_add_char(&text, ']');
    if (count && !text.full)
        return text.data;
    text_clear(&text);
    return NULL;
}

static bool unchanged(const struct kept *kept, const char *path)
{
    return kept->tried && !kept->trouble && kept->files.count > 0 && zone_current(kept->zone) &&
           strcmp(kept->files.files[0].path, path) == 0 && !zone_files_changed(&kept->files);
}

static void log_failure(const struct kept *kept, const char *path, const char *trouble)
{
    char name[NAME_TEXT_ROOM];
    log_error(LOG_ZONE, zone_current(kept->zone) ? "zone not loaded, the old content stays" : "zone not loaded",
              log_text("zone", kept_name(kept, name)), log_text("file", path), log_text("error", trouble));
}

/* Secondaries would stay behind: worth a line of its own. */
static void log_serial(const struct kept *kept, const struct diagnostics *diag)
{
    char name[NAME_TEXT_ROOM];
    for (size_t i = 0; i < diagnostics_kept(diag); i++) {
        const struct diagnostic *d = diagnostics_get(diag, i);
        if (d->severity == SEVERITY_WARNING && strncmp(d->check, "serial-", 7) == 0)
            log_warning(LOG_ZONE, "zone serial", log_text("zone", kept_name(kept, name)), log_text("warning", d->text));
    }
}

static void log_success(const struct kept *kept, uint64_t warnings, uint64_t started_ns)
{
    char name[NAME_TEXT_ROOM];
    const struct zone_version *version = zone_current(kept->zone);
    log_info(LOG_ZONE, "zone loaded", log_text("zone", kept_name(kept, name)), log_u64("serial", zone_version_serial(version)),
             log_u64("records", zone_version_records(version)), log_u64("warnings", warnings), log_text("from", kept->from_snapshot ? "snapshot" : "text"),
             log_u64("ms", (clock_ns() - started_ns) / 1000000));
}

/* From a snapshot where there is one and nothing is served yet, else from text: a reload that finds its files changed has no use for
 * one, and what it reads is checked against what is served. */
static enum status make_version(struct keeper *keeper, struct kept *kept, const char *path, const struct load_how *how, struct loaded *out, struct diagnostics *diag)
{
    struct zone_snapshot snapshot = { 0 };
    enum status st = how->force || zone_current(kept->zone) ? E_NOT_FOUND
                                                            : snapshots_read(keeper->snapshots, kept, path, how->threads, &snapshot, &out->told);
    if (st == OK) {
        out->version = snapshot.version;
        out->files = snapshot.files;
        out->from_snapshot = true;
        return OK;
    }
    st = build_version(keeper, kept, path, how->threads, &out->version, &out->files, diag);
    if (st == OK)
        out->told = (struct told){ keep_warnings(diag), diagnostics_count(diag, SEVERITY_WARNING) };
    return st;
}

/* Under the lock.  What is replaced is left in `loaded`. */
static void publish(struct keeper *keeper, struct kept *kept, struct loaded *loaded, uint64_t started_ns, int64_t read_ns)
{
    struct loaded old = { .files = kept->files, .told.warnings = kept->warnings };
    zone_publish(kept->zone, loaded->version, keeper->options.epoch);
    serve_kernel_published(keeper->options.kernel, kept->zone);
    kept->files = loaded->files;
    kept->warnings = loaded->told.warnings;
    kept->from_snapshot = loaded->from_snapshot;
    kept->wire_bytes = 0;
    kept->load_ms = (clock_ns() - started_ns) / 1000000;
    kept->loaded_seconds = (uint32_t)(clock_now().unix_ms / 1000);
    if (!loaded->from_snapshot)
        snapshots_want(keeper->snapshots, kept, &loaded->told, read_ns);
    *loaded = old;
}

enum { PATH_ROOM = 8192 };
static void source_path(const struct keeper *keeper, const struct kept *kept, char out[PATH_ROOM])
{
    if (!config_zone_file(keeper->config_moving ? keeper->config_moving : keeper->config, kept->config, out, PATH_ROOM))
        snprintf(out, PATH_ROOM, "(path too long)");
}

static enum status load(struct keeper *keeper, struct kept *kept, const struct load_how *how, struct diagnostics *diag)
{
    char path[PATH_ROOM];
    struct loaded loaded = { 0 };
    uint64_t started = clock_ns();
    int64_t read_ns = (int64_t)clock_now().unix_ms * 1000000;
    source_path(keeper, kept, path);
    if (!how->force && unchanged(kept, path))
        return E_EXISTS;
    if (atomic_load(&keeper->cancelled))
        return E_AGAIN;
    enum status st = make_version(keeper, kept, path, how, &loaded, diag);
#ifdef RHIZ_TEST_DELAY
    if (st == OK)
        loaded.version = scatter(loaded.version);
#endif
    if (atomic_load(&keeper->cancelled)) {
        loaded_clear(&loaded);
        return E_AGAIN;
    }
    const struct zone_version *previous = zone_current(kept->zone);
    bool tell = st == OK && (!previous || zone_version_serial(previous) != zone_version_serial(loaded.version));
    char *trouble = st == OK ? NULL : first_error(st, diag);
    uint64_t warnings = loaded.told.count;
    pthread_mutex_lock(&keeper->lock);
    if (st == OK)
        publish(keeper, kept, &loaded, started, read_ns);
    char *old_trouble = kept->trouble;
    kept->trouble = trouble;
    kept->tried = true;
    pthread_mutex_unlock(&keeper->lock);
    mem_free(old_trouble);
    loaded_clear(&loaded);
    atomic_fetch_add(st == OK ? &keeper->loads : &keeper->load_failures, 1);
    if (st != OK)
        log_failure(kept, path, trouble ? trouble : "");
    else if (!how->quiet)
        log_success(kept, warnings, started);
    if (st == OK)
        log_serial(kept, diag);
    if (tell)
        kept_notify(keeper, kept, NULL);
    return st;
}

/* ---- one ---- */

/* struct sched_attr as of Linux 3.14; the C library has it only lately. */
struct schedule {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

/* A tenth of what a worker gets where both want a core.  The long slice (Linux 6.12) lets whoever wakes up run at once, as its own is
 * shorter; without, a loader may finish a slice of milliseconds first. */
void thread_give_way(void)
{
    enum { NICER = 10, NICEST = 19, SLICE_MS = 100 };
    int nice = getpriority(PRIO_PROCESS, 0) + NICER;    /* of this thread alone */
    struct schedule way = { .size = sizeof way, .policy = SCHED_BATCH, .nice = nice > NICEST ? NICEST : nice, .runtime_ns = SLICE_MS * UINT64_C(1000000) };
    if (syscall(SYS_sched_setattr, 0, &way, 0) != 0)
        (void)setpriority(PRIO_PROCESS, 0, way.nice);
}

struct single {
    struct keeper *keeper;
    struct kept *kept;
    struct load_how how;
    struct diagnostics *diag;
    enum status result;
};

static void *single_main(void *argument)
{
    struct single *s = argument;
    thread_give_way();
    s->result = load(s->keeper, s->kept, &s->how, s->diag);
    return NULL;
}

/* On a thread of its own: the caller's could not go back to where it was. */
enum status load_one(struct keeper *keeper, struct kept *kept, bool force, struct diagnostics *diag)
{
    struct single s = { .keeper = keeper, .kept = kept, .how = { .force = force, .threads = 1 }, .diag = diag };
    pthread_t id;
    if (!atomic_load(&keeper->ready) || pthread_create(&id, NULL, single_main, &s) != 0)
        return load(keeper, kept, &s.how, diag);
    pthread_join(id, NULL);
    return s.result;
}

/* ---- many ---- */

struct pool {
    struct keeper *keeper;
    const struct load_job *job;
    struct load_how how;
    uint64_t *octets, all_octets;       /* that each zone has to read; NULL = nobody asked */
    unsigned threads;
    bool gives_way;
    _Atomic size_t next, done;
    _Atomic uint64_t loaded, unchanged, failed;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    unsigned running;
};

/* What is to be read, where few zones have it: one may be huge, and others nothing.  The main file counts. */
static void share_threads(struct pool *pool)
{
    char path[PATH_ROOM];
    struct stat facts;
    pool->octets = mem_alloc(pool->job->count * sizeof *pool->octets);
    for (size_t i = 0; pool->octets && i < pool->job->count; i++) {
        struct kept *kept = pool->job->zones[i];
        source_path(pool->keeper, kept, path);
        bool nothing = (!pool->how.force && unchanged(kept, path)) || stat(path, &facts) != 0;
        pool->octets[i] = nothing ? 0 : (uint64_t)facts.st_size;
        pool->all_octets += pool->octets[i];
    }
}

/* Its share of the threads, rounded, so that together there are hardly more than there should be; one at least. */
static unsigned threads_for(const struct pool *pool, size_t index)
{
    if (!pool->octets || pool->all_octets == 0)
        return pool->how.threads;
    double share = (double)pool->octets[index] / (double)pool->all_octets * pool->threads;
    return share < 1 ? 1 : (unsigned)(share + 0.5);
}

static void load_next(struct pool *pool, struct diagnostics *diag, size_t index)
{
    struct load_how how = pool->how;
    how.threads = threads_for(pool, index);
    enum status st = load(pool->keeper, pool->job->zones[index], &how, diag);
    if (st == OK)
        atomic_fetch_add(&pool->loaded, 1);
    else if (st == E_EXISTS)
        atomic_fetch_add(&pool->unchanged, 1);
    else
        atomic_fetch_add(&pool->failed, 1);
    atomic_fetch_add(&pool->done, 1);
    diagnostics_clear(diag);
}

static void *loader_main(void *argument)
{
    struct pool *pool = argument;
    if (pool->gives_way)
        thread_give_way();
    struct diagnostics *diag = diagnostics_new(DIAGNOSTICS_KEPT);
    for (size_t i; (i = atomic_fetch_add(&pool->next, 1)) < pool->job->count;)
        load_next(pool, diag, i);
    diagnostics_free(diag);
    pthread_mutex_lock(&pool->lock);
    pool->running--;
    pthread_cond_signal(&pool->ended);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Waits for the loaders, telling about once a second how far they are. */
static void watch(struct pool *pool, const struct keeper_progress *progress)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        if (pthread_cond_timedwait(&pool->ended, &pool->lock, &until) == 0)
            continue;
        pthread_mutex_unlock(&pool->lock);
        if (progress && progress->tell)
            progress->tell(progress->context, "loading zones", atomic_load(&pool->done), pool->job->count);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}

static void run_pool(struct pool *pool, unsigned threads, const struct keeper_progress *progress)
{
    pthread_t ids[LOADERS_MAX];
    unsigned started = 0;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    pool->running = threads;
    while (started < threads && pthread_create(&ids[started], NULL, loader_main, pool) == 0)
        started++;
    pthread_mutex_lock(&pool->lock);
    pool->running -= threads - started;
    pthread_mutex_unlock(&pool->lock);
    watch(pool, progress);
    for (unsigned i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    pthread_cond_destroy(&pool->ended);
    pthread_mutex_destroy(&pool->lock);
}

/* In the order of the configuration, in which all that belongs to a zone was allocated: what comes next is near.  The zones of a
 * configuration lie in one array, so their places are known without comparing; those added at run time stay behind them. */
static void order_by_config(const struct config *config, const struct load_job *job)
{
    struct kept **ordered = job->count > ORDER_ABOVE ? mem_alloc(config->zone_count * sizeof(struct kept *)) : NULL;
    size_t rest = 0, at = 0;
    for (size_t i = 0; ordered && i < job->count; i++) {
        struct kept *kept = job->zones[i];
        size_t index = ((uintptr_t)kept->config - (uintptr_t)config->zones) / sizeof *config->zones;
        if (index < config->zone_count && !ordered[index])
            ordered[index] = kept;
        else
            job->zones[rest++] = kept;
    }
    if (ordered)
        memmove(job->zones + job->count - rest, job->zones, rest * sizeof(struct kept *));
    for (size_t i = 0; ordered && i < config->zone_count; i++)
        if (ordered[i])
            job->zones[at++] = ordered[i];
    mem_free(ordered);
}

/* Until the first answer may be given all cores that are allowed load; later, workers need theirs. */
static unsigned threads_wanted(const struct keeper *keeper)
{
    cpu_set_t cores;
    unsigned threads = keeper->options.loaders;
    if (!atomic_load(&keeper->ready) && sched_getaffinity(0, sizeof cores, &cores) == 0 && (unsigned)CPU_COUNT(&cores) > threads)
        threads = (unsigned)CPU_COUNT(&cores);
    return threads > LOADERS_MAX ? LOADERS_MAX : threads;
}

/* The steward has given way already, the control thread has not. */
static bool has_given_way(void) { return sched_getscheduler(0) == SCHED_BATCH; }

void load_all(struct keeper *keeper, const struct load_job *job, bool force, const struct keeper_progress *progress, struct keeper_totals *totals)
{
    unsigned threads = threads_wanted(keeper);
    struct pool pool = { .keeper = keeper, .job = job, .threads = threads, .how = { .force = force, .quiet = job->count > QUIET_ABOVE, .threads = job->count < POOL_FROM ? threads : 1 } };
    order_by_config(keeper->config_moving ? keeper->config_moving : keeper->config, job);
    if (job->count >= POOL_FROM && job->count <= SHARE_MOST && threads > 1)
        share_threads(&pool);
    pool.gives_way = atomic_load(&keeper->ready) && !has_given_way();   /* on threads of its own: see load_one() */
    if (job->count > 0 && (pool.gives_way || (job->count >= POOL_FROM && threads > 1)))
        run_pool(&pool, threads > job->count ? (unsigned)job->count : threads, progress);
    /* Few of them, or no thread could be had. */
    struct diagnostics *diag = diagnostics_new(DIAGNOSTICS_KEPT);
    for (size_t i; diag && (i = atomic_fetch_add(&pool.next, 1)) < job->count;)
        load_next(&pool, diag, i);
    diagnostics_free(diag);
    mem_free(pool.octets);
    totals->loaded += pool.loaded;
    totals->unchanged += pool.unchanged;
    totals->failed += pool.failed;
    if (pool.how.quiet)
        log_info(LOG_ZONE, "zones loaded", log_u64("loaded", pool.loaded), log_u64("unchanged", pool.unchanged), log_u64("failed", pool.failed));
}
