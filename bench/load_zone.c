/* SPDX-License-Identifier: Apache-2.0 */
/* Loads master files as the server does -- into a builder that is there, for a name and a class that are known; read, build, check, forget
 * the positions -- and tells what that took.
 *
 *   bench-load [-o ORIGIN] [-n ROUNDS] [-t THREADS] [-c] FILE...     without -c no checks are made; each FILE is a zone
 *
 * One line of JSON: seconds of wall and CPU of each step (the fastest round), records, octets a record of the version, and of the
 * process at its peak.  Without -o the name is that of the first record, which is looked up beforehand. */
#include "zone/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum step { READ, FINISH, CHECK, STEPS };

struct run {
    double wall[STEPS], cpu[STEPS], all_wall, all_cpu;
    uint64_t records, bytes, findings;
};
struct stopwatch { double wall, cpu; };

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct stopwatch stopwatch_now(void)
{
    return (struct stopwatch){ seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

static void lap(struct run *run, enum step step, struct stopwatch *since)
{
    struct stopwatch now = stopwatch_now();
    run->wall[step] += now.wall - since->wall;
    run->cpu[step] += now.cpu - since->cpu;
    *since = now;
}

struct how { const char *origin; unsigned threads; bool check; };

/* The zone's name: what is asked for, or what the first record makes it. */
static enum status find_name(const char *path, const char *wanted, struct name *out, struct diagnostics *diag)
{
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    if (wanted)
        return name_parse(slice_string(wanted), name_root, out);
    enum status st = zone_read(&(struct zone_read_options){ .path = path, .record_limit = 1 }, &builder, NULL, diag);
    if (builder && (st == OK || st == E_LIMIT)) {
        st = zone_builder_finish(builder, false, &version);
        builder = NULL;
    }
    if (st == OK)
        *out = name_copy(zone_version_origin(version));
    zone_builder_free(builder);
    zone_version_free(version);
    return st;
}

static enum status load_one(const char *path, const struct name *name, const struct how *how, struct run *run)
{
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    struct zone_files files = { 0 };
    struct diagnostics *diag = diagnostics_new(200);
    struct zone_read_options options = { .path = path, .origin = name_view_of(name), .klass = CLASS_IN, .threads = how->threads };
    struct stopwatch at = stopwatch_now();
    enum status st = zone_builder_new(options.origin, options.klass, &builder);
    if (st == OK)
        st = zone_read(&options, &builder, &files, diag);
    lap(run, READ, &at);
    if (st == OK) {
        st = zone_builder_finish(builder, how->check, &version);
        builder = NULL;
    }
    lap(run, FINISH, &at);
    if (st == OK && how->check)
        st = zone_check(version, &(struct zone_check_options){ .files = &files }, diag);
    if (st == OK)
        version = zone_version_forget_where(version);
    lap(run, CHECK, &at);
    if (st != OK)
        diagnostics_print(diag, stderr, false);
    else {
        run->records += zone_version_records(version);
        run->bytes += zone_version_bytes(version);
    }
    run->findings += diagnostics_count(diag, SEVERITY_WARNING) + diagnostics_count(diag, SEVERITY_ERROR);
    zone_builder_free(builder);
    zone_version_free(version);
    zone_files_clear(&files);
    diagnostics_free(diag);
    return st;
}

static enum status load_all(char **paths, const struct name *names, int count, const struct how *how, struct run *run)
{
    struct stopwatch at = stopwatch_now();
    enum status st = OK;
    for (int i = 0; i < count && st == OK; i++)
        st = load_one(paths[i], &names[i], how, run);
    run->all_wall = seconds(CLOCK_MONOTONIC) - at.wall;
    run->all_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - at.cpu;
    return st;
}

static struct name *find_names(char **paths, int count, const struct how *how)
{
    struct name *names = calloc((size_t)count, sizeof *names);
    struct diagnostics *diag = diagnostics_new(1);
    bool found = names != NULL;
    for (int i = 0; i < count && found; i++) {
        found = find_name(paths[i], how->origin, &names[i], diag) == OK;
        if (!found)
            fprintf(stderr, "%s: what is the name of this zone?\n", paths[i]);
    }
    diagnostics_free(diag);
    if (!found) {
        free(names);
        names = NULL;
    }
    return names;
}

static void print(const struct run *run, int zones)
{
    static const char *const names[STEPS] = { "read", "finish", "check" };
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double records = run->records ? (double)run->records : 1;
    printf("{\"zones\":%d,\"records\":%llu,\"wall\":%.3f,\"cpu\":%.3f,\"ns_per_record\":%.0f", zones, (unsigned long long)run->records,
           run->all_wall, run->all_cpu, run->all_cpu * 1e9 / records);
    for (int i = 0; i < STEPS; i++)
        printf(",\"%s_wall\":%.3f,\"%s_cpu\":%.3f", names[i], run->wall[i], names[i], run->cpu[i]);
    printf(",\"findings\":%llu,\"bytes_per_record\":%.1f,\"peak_bytes_per_record\":%.1f}\n", (unsigned long long)run->findings,
           (double)run->bytes / records, (double)usage.ru_maxrss * 1024 / records);
}

int main(int argc, char **argv)
{
    struct how how = { .threads = 1 };
    int rounds = 1;
    for (int option; (option = getopt(argc, argv, "o:n:t:c")) != -1;) {
        if (option == 'o')
            how.origin = optarg;
        else if (option == 't')
            how.threads = (unsigned)atoi(optarg);
        else if (option == 'n')
            rounds = atoi(optarg);
        else if (option == 'c')
            how.check = true;
        else
            return 2;
    }
    if (optind == argc)
        return 2;
    struct name *names = find_names(argv + optind, argc - optind, &how);
    if (!names)
        return 1;
    struct run best = { .all_cpu = 1e9 };
    for (int i = 0; i < rounds; i++) {
        struct run run = { .records = 0 };
        if (load_all(argv + optind, names, argc - optind, &how, &run) != OK)
            return 1;
        if (run.all_cpu < best.all_cpu)
            best = run;
    }
    free(names);
    print(&best, argc - optind);
    return 0;
}
