/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a text the general way, the quick way with each kernel, and in parts, and holds the results against each other: the same status, the same
 * diagnostics to the letter, the same records in the same spelling with the same positions. */
#ifndef FUZZ_ZONE_BOTH_WAYS_H
#define FUZZ_ZONE_BOTH_WAYS_H

#include "zone/reader.h"
#include "zone/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAY_SLACK = 80,     /* line feeds behind the text, so that the quick way gets to its end */
    WAY_LARGE = 300     /* octets that are worth it to be read in parts too, which takes megabytes */
};

struct way {
    enum status status;
    char *told, *zone;      /* NULL zone: none */
    uint64_t fingerprint;
};

static char *way_told(const struct diagnostics *diag)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        abort();
    diagnostics_print(diag, stream, false);
    fclose(stream);
    return text;
}

static void way_positions(const struct zone_version *v, FILE *stream)
{
    const struct zone_node *node;
    struct zone_where where;
    struct rrset set;
    for (uint32_t i = 0; (node = zone_version_node(v, i)) != NULL; i++) {
        for (size_t position = 0; zone_node_rrset_next(v, node, &position, &set);)
            for (uint16_t n = 0; zone_version_where(v, node, set.type, n, &where); n++)
                fprintf(stream, "%u:%u %u\n", where.line, where.column, where.file);
    }
}

static char *way_zone(const struct zone_version *v)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream || zone_write(v, &(struct zone_write_options){ .relative = false }, stream) != OK)
        abort();
    way_positions(v, stream);
    fclose(stream);
    return text;
}

/* What the result does not depend on. */
struct way_how { bool general; unsigned threads; uint64_t large_from; bool ready; };      /* ready: the builder is there, as for the server */

static struct way way_read(const char *text, size_t bytes, struct way_how how)
{
    static const uint8_t origin[] = "\1t";
    struct way way = { .zone = NULL };
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    struct zone_files files = { 0 };
    struct diagnostics *diag = diagnostics_new(0);
    struct zone_read_options options = { .path = "text", .text = text, .text_bytes = bytes, .origin = { origin, sizeof origin, 1 },
                                         .klass = CLASS_IN, .generate_limit = 64, .record_limit = bytes % 2 ? 5000 : 0, .include_root = "/proc/self/fdinfo",
                                         .general_way = how.general, .threads = how.threads, .large_from = how.large_from };
    if (how.ready && zone_builder_new(options.origin, options.klass, &builder) != OK)
        abort();
    way.status = zone_read(&options, &builder, &files, diag);
    way.told = way_told(diag);
    if (builder && zone_builder_finish(builder, true, &version) != OK)
        abort();
    if (version) {
        way.zone = way_zone(version);
        way.fingerprint = zone_version_fingerprint(version);
    }
    zone_version_free(version);
    zone_files_clear(&files);
    diagnostics_free(diag);
    return way;
}

static void way_free(struct way *way)
{
    free(way->told);
    free(way->zone);
}

static bool way_same(const struct way *a, const struct way *b)
{
    return a->status == b->status && strcmp(a->told, b->told) == 0 && (a->zone == NULL) == (b->zone == NULL) &&
           (!a->zone || strcmp(a->zone, b->zone) == 0) && a->fingerprint == b->fingerprint;
}

/* @return false, and both on stderr, when the ways differ */
static bool both_ways(const uint8_t *data, size_t size)
{
    static const struct { const char *kernel; struct way_how how; } others[] = {
        { "portable", { .threads = 1 } }, { "avx2", { .threads = 1, .ready = true } }, { "avx512", { .threads = 1, .ready = true } },
        { "avx512", { .threads = 1, .large_from = 1, .ready = true } }, { "avx2", { .threads = 2, .large_from = 1 } },
        { "portable", { .threads = 3, .large_from = 1, .ready = true } },
    };
    /* Without $TTL a record may have that of the one before. */
    static const char *const heads[] = { "$TTL 60\n@ SOA a h 1 2 3 4 5\n", "@ 60 SOA a h 1 2 3 4 5\n" };
    const char *head = heads[size / 2 % 2];
    bool same = true;
    size_t head_bytes = strlen(head), bytes = head_bytes + size + WAY_SLACK;
    char *text = malloc(bytes);
    if (!text)
        abort();
    memset(text, '\n', bytes);
    memcpy(text, head, head_bytes);
    if (size)
        memcpy(text + head_bytes, data, size);
    struct way general = way_read(text, bytes, (struct way_how){ .general = true });
    for (size_t i = 0; i < (size < WAY_LARGE ? LENGTH_OF(others) / 2 : LENGTH_OF(others)) && same; i++) {
        setenv("RHIZ_CPU", others[i].kernel, 1);
        struct way quick = way_read(text, bytes, others[i].how);
        same = way_same(&general, &quick);
        if (!same)
            fprintf(stderr, "general: %d %s%s\n%s, %u threads: %d %s%s\n", general.status, general.told, general.zone ? general.zone : "", others[i].kernel,
                    others[i].how.threads, quick.status, quick.told, quick.zone ? quick.zone : "");
        way_free(&quick);
    }
    way_free(&general);
    free(text);
    return same;
}

#endif
