/* SPDX-License-Identifier: Apache-2.0 */
/* A zone from its snapshot: what that takes, and what writing one takes.
 *
 *   bench-snapshot [-o ORIGIN] [-n ROUNDS] [-t THREADS] FILE SNAPSHOT
 *
 * Reads the master file FILE once, writes SNAPSHOT, reads that back.  One line of JSON: milliseconds of the fastest round and of the middle one,
 * from open to a version that is checked. */
#include "zone/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 1000 };

struct sample { double wall, cpu; };

static double milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct sample now(void) { return (struct sample){ milliseconds(CLOCK_MONOTONIC), milliseconds(CLOCK_PROCESS_CPUTIME_ID) }; }

static int by_wall(const void *a, const void *b)
{
    double x = ((const struct sample *)a)->wall, y = ((const struct sample *)b)->wall;
    return (x > y) - (x < y);
}

static enum status read_text(const char *path, const char *origin_text, struct zone_version **out, struct zone_files *files)
{
    struct zone_builder *builder = NULL;
    struct name origin;
    struct zone_read_options options = { .path = path };
    if (origin_text && name_parse(slice_string(origin_text), name_root, &origin) == OK)
        options.origin = name_view_of(&origin);
    struct diagnostics *diag = diagnostics_new(20);
    enum status st = zone_read(&options, &builder, files, diag);
    if (st == OK)
        st = zone_builder_finish(builder, false, out);
    else
        zone_builder_free(builder);
    diagnostics_print(diag, stderr, false);
    diagnostics_free(diag);
    return st;
}

static enum status open_once(const char *path, const struct zone_snapshot_wanted *wanted, struct sample *out, uint64_t fingerprint)
{
    struct zone_snapshot snapshot;
    const char *why = NULL;
    struct sample before = now();
    enum status st = zone_snapshot_open(path, wanted, &snapshot, &why);
    struct sample after = now();
    if (st != OK) {
        fprintf(stderr, "%s: %s %s\n", path, status_text(st), why ? why : "");
        return st;
    }
    *out = (struct sample){ after.wall - before.wall, after.cpu - before.cpu };
    if (zone_version_fingerprint(snapshot.version) != fingerprint)
        st = E_BAD_FORMAT;
    zone_version_free(snapshot.version);
    zone_files_clear(&snapshot.files);
    mem_free(snapshot.note);
    return st;
}

int main(int argc, char **argv)
{
    const char *origin = NULL;
    int rounds = 9;
    unsigned threads = 2;
    struct sample samples[ROUNDS_MAX];
    for (int option; (option = getopt(argc, argv, "o:n:t:")) != -1;) {
        if (option == 'o')
            origin = optarg;
        else if (option == 'n')
            rounds = atoi(optarg);
        else if (option == 't')
            threads = (unsigned)atoi(optarg);
        else
            return 2;
    }
    if (argc - optind != 2 || rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    struct zone_version *version = NULL;
    struct zone_files files = { 0 };
    if (read_text(argv[optind], origin, &version, &files) != OK)
        return 1;
    struct sample start = now();
    if (zone_snapshot_write(version, &files, NULL, argv[optind + 1], NULL, NULL) != OK)
        return 1;
    struct sample end = now();
    struct name apex = name_copy(zone_version_origin(version));
    struct zone_snapshot_wanted wanted = { name_view_of(&apex), zone_version_class(version), argv[optind], threads };
    uint64_t fingerprint = zone_version_fingerprint(version), records = zone_version_records(version);
    double bytes = (double)zone_version_bytes(version);
    zone_version_free(version);
    for (int i = 0; i < rounds; i++)
        if (open_once(argv[optind + 1], &wanted, &samples[i], fingerprint) != OK)
            return 1;
    qsort(samples, (size_t)rounds, sizeof samples[0], by_wall);
    printf("{\"records\":%llu,\"bytes_per_record\":%.1f,\"threads\":%u,\"open_ms\":%.1f,\"open_median_ms\":%.1f,\"open_cpu_ms\":%.1f,\"write_ms\":%.1f}\n",
           (unsigned long long)records, bytes / (double)records, threads, samples[0].wall, samples[rounds / 2].wall, samples[0].cpu, end.wall - start.wall);
    zone_files_clear(&files);
    return 0;
}
