/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that writes snapshots, one after the other, and takes away those of zones that are gone.  It yields to everything else: the lowest
 * priority, and a tenth of the time at most, however often zones change. */
#include "daemon/inside.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { REST_FACTOR = 9, REST_MS_MAX = 60000, QUIET_ABOVE = 1000 };

/* ---- writing ---- */

struct job {
    const struct zone_version *version;     /* held */
    struct zone_files files;
    struct snapshot_wish *wish;
    char name[SNAPSHOT_NAME_ROOM], zone[NAME_TEXT_ROOM];
};

static void job_clear(struct job *job)
{
    zone_version_free((void *)(uintptr_t)job->version);
    zone_files_clear(&job->files);
    mem_free(job->wish);
}

static enum status copy_files(const struct zone_files *from, struct zone_files *to)
{
    to->files = mem_alloc((from->count + 1) * sizeof *to->files);
    if (!to->files)
        return E_NOMEM;
    for (; to->count < from->count; to->count++) {
        to->files[to->count] = from->files[to->count];
        to->files[to->count].path = mem_string(from->files[to->count].path);
        if (!to->files[to->count].path)
            return E_NOMEM;
    }
    return OK;
}

/* Under the lock: the next one, held and copied, so that the zone may go or change meanwhile. */
static bool take_job(struct snapshots *s, struct job *job)
{
    const void *key;
    size_t length, at = 0;
    void *value;
    if (!table_next(s->wanted, &at, &key, &length, &value))
        return false;
    uint8_t copy[KEPT_KEY_BYTES];
    memcpy(copy, key, length);
    *job = (struct job){ .wish = table_remove(s->wanted, copy, length) };
    const struct kept *kept = job->wish->kept;
    const struct zone_version *version = zone_current(kept->zone);      /* made by edits: not of these files any more */
    bool of_files = version && zone_version_is_flat(version) && snapshot_worth(s, kept);
    enum status st = of_files ? copy_files(&kept->files, &job->files) : E_NOT_FOUND;
    if (st == OK) {
        job->version = version;
        zone_version_hold(job->version);
        snapshot_name(kept, job->name);
        kept_name(kept, job->zone);
        s->writing = kept;
        atomic_store(&s->outdated, false);
        return true;
    }
    job_clear(job);
    return false;
}

static bool go_on(void *context)
{
    const struct snapshots *s = context;
    return !atomic_load_explicit(&s->keeper->cancelled, memory_order_relaxed) && !atomic_load_explicit(&s->outdated, memory_order_relaxed);
}

static void write_job(struct snapshots *s, const struct job *job)
{
    char path[PATH_MAX];
    uint64_t started = clock_ns();
    if (mkdir(s->folder, 0700) != 0 && errno != EEXIST) {
        snapshots_complain(s, s->folder, strerror(errno));
        return;
    }
    if (!snapshots_folder_sound(s) || snprintf(path, sizeof path, "%s/%s", s->folder, job->name) >= (int)sizeof path)
        return;
    enum status st = zone_snapshot_write(job->version, &job->files, job->wish->note, path, go_on, s);
    int reason = errno;
    if (st == OK) {
        atomic_store(&s->complained, false);
        pthread_mutex_lock(&s->keeper->lock);
        bool many = table_count(s->present) > QUIET_ABOVE;
        (void)!table_set(s->present, job->name, strlen(job->name), s, NULL);
        atomic_store(&s->any, true);
        pthread_mutex_unlock(&s->keeper->lock);
        if (!many)
            log_info(LOG_ZONE, "zone snapshot written", log_text("zone", job->zone), log_u64("bytes", zone_version_bytes(job->version)),
                     log_u64("ms", (clock_ns() - started) / 1000000));
    } else if (st != E_CLOSED) {
        snapshots_complain(s, path, st == E_SYSTEM ? strerror(reason) : status_text(st));
    }
}

/* ---- sweeping ---- */

/* Under the lock: names of the files that may stay; NULL when out of memory. */
static struct table *list_expected(const struct snapshots *s)
{
    const void *key;
    size_t length;
    void *value;
    char name[SNAPSHOT_NAME_ROOM];
    struct table *expected = table_new();
    for (size_t at = 0; expected && table_next(s->keeper->zones, &at, &key, &length, &value);) {
        const struct kept *kept = value;
        if (!snapshot_worth(s, kept))
            continue;
        snapshot_name(kept, name);
        if (table_set(expected, name, strlen(name), value, NULL) == OK)
            continue;
        table_free(expected);
        return NULL;
    }
    return expected;
}

static void drop_file(struct snapshots *s, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", s->folder, name) >= (int)sizeof path || unlink(path) != 0)
        return;
    pthread_mutex_lock(&s->keeper->lock);
    (void)table_remove(s->present, name, strlen(name));
    pthread_mutex_unlock(&s->keeper->lock);
    log_debug(LOG_ZONE, "snapshot deleted, no zone has it", log_text("path", path));
}

/* What is no file of ours stays. */
static void sweep(struct snapshots *s, const struct table *expected)
{
    DIR *folder = snapshots_folder_sound(s) ? opendir(s->folder) : NULL;
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        bool part;
        if (snapshot_name_is(entry->d_name, &part) && (part || !table_find(expected, entry->d_name, strlen(entry->d_name))))
            drop_file(s, entry->d_name);
    }
    closedir(folder);
}

/* ---- the thread ---- */

static void give_way(void)
{
    enum { IO_THREAD = 1, IO_IDLE = 3 << 13 };
    (void)setpriority(PRIO_PROCESS, 0, 19);     /* of this thread alone */
    (void)syscall(SYS_ioprio_set, IO_THREAD, 0, IO_IDLE);
}

/* Under the lock, which others have meanwhile. */
static void rest(struct snapshots *s, uint64_t busy_ns)
{
    struct timespec until;
    uint64_t ms = busy_ns / 1000000 * REST_FACTOR;
    ms = ms > REST_MS_MAX ? REST_MS_MAX : ms;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!s->ends && pthread_cond_timedwait(&s->wake, &s->keeper->lock, &until) == 0)
        continue;
}

static void sweep_unlocked(struct snapshots *s)
{
    struct table *expected = list_expected(s);
    s->sweep = false;
    pthread_mutex_unlock(&s->keeper->lock);
    if (expected)
        sweep(s, expected);
    table_free(expected);
    pthread_mutex_lock(&s->keeper->lock);
}

static void write_unlocked(struct snapshots *s, struct job *job)
{
    uint64_t started = clock_ns();
    pthread_mutex_unlock(&s->keeper->lock);
    write_job(s, job);
    job_clear(job);
    pthread_mutex_lock(&s->keeper->lock);
    s->writing = NULL;
    rest(s, clock_ns() - started);
}

void *snapshot_writer_main(void *argument)
{
    struct snapshots *s = argument;
    struct job *job = mem_alloc(sizeof *job);
    give_way();
    pthread_mutex_lock(&s->keeper->lock);
    while (job && !s->ends) {
        bool may = atomic_load(&s->keeper->ready) && !atomic_load(&s->keeper->cancelled);
        if (may && s->sweep)
            sweep_unlocked(s);
        else if (may && table_count(s->wanted)) {
            if (take_job(s, job))
                write_unlocked(s, job);
        } else
            pthread_cond_wait(&s->wake, &s->keeper->lock);
    }
    pthread_mutex_unlock(&s->keeper->lock);
    mem_free(job);
    return NULL;
}
