/* SPDX-License-Identifier: Apache-2.0 */
/* Which zones have a file in the folder of snapshots, reading them, and who asks for new ones. */
#include "daemon/inside.h"
#include "json/json.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".snapshot"
#define PART ".part"
enum { HASH_CHARS = 32 };

/* ---- names ---- */

/* A hash of what tells zones apart: any name of a zone or view is one of a file. */
void snapshot_name(const struct kept *kept, char out[SNAPSHOT_NAME_ROOM])
{
    static const uint8_t keys[2][16] = { "snapshot: first", "snapshot: second" };
    uint8_t key[KEPT_KEY_BYTES];
    size_t length = kept_key(key, zone_class(kept->zone), zone_name(kept->zone), kept->view);
    snprintf(out, SNAPSHOT_NAME_ROOM, "%016llx%016llx" ENDING, (unsigned long long)siphash24(keys[0], key, length),
             (unsigned long long)siphash24(keys[1], key, length));
}

bool snapshot_name_is(const char *name, bool *part)
{
    if (strspn(name, "0123456789abcdef") != HASH_CHARS)
        return false;
    *part = strcmp(name + HASH_CHARS, ENDING PART) == 0;
    return *part || strcmp(name + HASH_CHARS, ENDING) == 0;
}

/* ---- the folder ---- */

void snapshots_complain(struct snapshots *s, const char *path, const char *reason)
{
    if (!atomic_exchange(&s->complained, true))
        log_warning(LOG_ZONE, "snapshots of zones cannot be kept: starts read text", log_text("path", path), log_text("error", reason));
}

bool snapshots_folder_sound(struct snapshots *s)
{
    struct stat facts;
    const char *reason = NULL;
    if (lstat(s->folder, &facts) != 0)
        reason = strerror(errno);
    else if (!S_ISDIR(facts.st_mode))
        reason = "it is no folder";
    else if (facts.st_uid != geteuid() || (facts.st_mode & 022))
        reason = "others may write it";
    if (reason)
        snapshots_complain(s, s->folder, reason);
    return !reason;
}

/* Most zones have none: those are not looked for one by one. */
static enum status list_present(struct snapshots *s)
{
    bool part;
    struct stat facts;
    enum status st = OK;
    if ((lstat(s->folder, &facts) != 0 && errno == ENOENT) || !snapshots_folder_sound(s))
        return OK;
    DIR *folder = opendir(s->folder);
    if (!folder) {
        snapshots_complain(s, s->folder, strerror(errno));
        return OK;
    }
    for (struct dirent *entry; st == OK && (entry = readdir(folder)) != NULL;) {
        if (snapshot_name_is(entry->d_name, &part))
            st = table_set(s->present, entry->d_name, strlen(entry->d_name), s, NULL);
    }
    closedir(folder);
    atomic_store(&s->any, table_count(s->present) > 0);
    return st;
}

/* ---- life ---- */

struct snapshots *snapshots_new(struct keeper *keeper, const char *folder)
{
    pthread_condattr_t attributes;
    struct snapshots *s = mem_alloc(sizeof *s);
    if (!s)
        return NULL;
    s->keeper = keeper;
    s->folder = mem_string(folder);
    s->present = table_new();
    s->wanted = table_new();
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (s->folder && s->present && s->wanted && list_present(s) == OK)
        return s;
    snapshots_free(s);
    return NULL;
}

void snapshots_free(struct snapshots *s)
{
    const void *key;
    size_t length;
    void *value;
    if (!s)
        return;
    pthread_mutex_lock(&s->keeper->lock);
    s->ends = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->keeper->lock);
    if (s->started)
        pthread_join(s->thread, NULL);
    for (size_t at = 0; s->wanted && table_next(s->wanted, &at, &key, &length, &value);)
        mem_free(value);
    table_free(s->wanted);
    table_free(s->present);
    pthread_cond_destroy(&s->wake);
    mem_free(s->folder);
    mem_free(s);
}

/* Most servers never need the thread. */
static void wake(struct snapshots *s)
{
    bool idle = !s->sweep && table_count(s->wanted) == 0;
    if (idle || s->ends)
        return;
    if (!s->started)
        s->started = pthread_create(&s->thread, NULL, snapshot_writer_main, s) == 0;
    pthread_cond_signal(&s->wake);
}

void snapshots_wake(struct snapshots *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->keeper->lock);
    wake(s);
    pthread_mutex_unlock(&s->keeper->lock);
}

void snapshots_sweep(struct snapshots *s)
{
    if (!s || (table_count(s->present) == 0 && !s->writing))
        return;
    s->sweep = true;
    wake(s);
}

/* ---- wishes ---- */

static const struct config_server *options(const struct snapshots *s)
{
    const struct keeper *keeper = s->keeper;
    return keeper->config_moving ? &keeper->config_moving->server : &keeper->config->server;
}

bool snapshot_worth(const struct snapshots *s, const struct kept *kept)
{
    const struct zone_version *version = zone_current(kept->zone);
    return options(s)->snapshots && (!version || zone_version_records(version) >= options(s)->snapshot_records);
}

static void drop_wish(struct snapshots *s, const struct kept *kept)
{
    uint8_t key[KEPT_KEY_BYTES];
    if (table_count(s->wanted))
        mem_free(table_remove(s->wanted, key, kept_key(key, zone_class(kept->zone), zone_name(kept->zone), kept->view)));
    if (s->writing == kept)
        atomic_store(&s->outdated, true);
}

void snapshots_want(struct snapshots *s, const struct kept *kept, const struct told *told, int64_t read_ns)
{
    enum { NUMBER_ROOM = 24 };
    uint8_t key[KEPT_KEY_BYTES];
    if (!s)
        return;
    drop_wish(s, kept);
    if (!snapshot_worth(s, kept) || zone_files_fresh(&kept->files, read_ns))
        return;
    const char *warnings = told->warnings ? told->warnings : "";
    size_t room = NUMBER_ROOM + strlen(warnings) + 1;
    struct snapshot_wish *wish = mem_alloc(sizeof *wish + room);
    if (!wish)
        return;
    wish->kept = kept;
    snprintf(wish->note, room, "%llu %s", (unsigned long long)told->count, warnings);
    if (table_set(s->wanted, key, kept_key(key, zone_class(kept->zone), zone_name(kept->zone), kept->view), wish, NULL) != OK)
        mem_free(wish);
    wake(s);
}

void snapshots_forget(struct snapshots *s, const struct kept *kept)
{
    if (!s)
        return;
    drop_wish(s, kept);
    snapshots_sweep(s);
}

/* ---- reading ---- */

/* The other way round as in snapshots_want. */
static enum status read_note(const char *note, struct told *out)
{
    char *end;
    struct json_value *list = NULL;
    uint64_t count = strtoull(note, &end, 10);
    if (end == note || *end != ' ')
        return E_BAD_FORMAT;
    end++;
    struct told told = { .count = count };
    if (*end && (json_value_parse(end, strlen(end), &list) != OK || !json_value_is_array(list))) {
        json_value_free(list);
        return E_BAD_FORMAT;
    }
    json_value_free(list);
    if (*end && !(told.warnings = mem_string(end)))
        return E_NOMEM;
    *out = told;
    return OK;
}

static bool may_be_there(struct snapshots *s, const char *name)
{
    struct keeper *keeper = s->keeper;
    pthread_mutex_lock(&keeper->lock);
    bool there = options(s)->snapshots && table_count(s->present) && table_find(s->present, name, strlen(name));
    pthread_mutex_unlock(&keeper->lock);
    return there;
}

static void clear(struct zone_snapshot *snapshot)
{
    zone_version_free(snapshot->version);
    zone_files_clear(&snapshot->files);
    mem_free(snapshot->note);
}

enum status snapshots_read(struct snapshots *s, const struct kept *kept, const char *source, unsigned threads, struct zone_snapshot *out, struct told *told)
{
    char name[SNAPSHOT_NAME_ROOM], path[PATH_MAX], text[NAME_TEXT_ROOM];
    struct zone_snapshot_wanted wanted = { zone_name(kept->zone), zone_class(kept->zone), source, threads };
    struct zone_snapshot got = { 0 };
    const char *why = NULL;
    if (!s || !atomic_load_explicit(&s->any, memory_order_relaxed))     /* of a hundred thousand small zones none is asked for one by one */
        return E_NOT_FOUND;
    snapshot_name(kept, name);
    if (!may_be_there(s, name) || snprintf(path, sizeof path, "%s/%s", s->folder, name) >= (int)sizeof path)
        return E_NOT_FOUND;
    enum status st = zone_snapshot_open(path, &wanted, &got, &why);
    if (st == E_SYSTEM)
        why = strerror(errno);
    if (st == OK) {
        st = read_note(got.note, told);
        why = "its note is damaged";
    }
    if (st == E_BAD_FORMAT || st == E_SYSTEM)
        log_warning(LOG_ZONE, "the snapshot of a zone is of no use, its text is read", log_text("zone", kept_name(kept, text)), log_text("path", path),
                    log_text("error", why));
    if (st != OK) {
        clear(&got);
        return st;
    }
    mem_free(got.note);
    got.note = NULL;
    *out = got;
    return OK;
}
