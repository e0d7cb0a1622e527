/* SPDX-License-Identifier: Apache-2.0 */
/* The builder, between adding and freezing: seen by builder.c, sort.c and freeze.c.
 *
 * Records lie in large chunks in the order they came; those that follow each other at the same owner form a run with the owner's name
 * in front.  Nothing is looked up while they are added: owners are put together when the runs are sorted. */
#ifndef ZONE_BUILD_H
#define ZONE_BUILD_H

#include "zone/inside.h"

enum { BUILD_ALIGN = 4, BUILD_OWN = 1 << 11, BUILD_SLACK = 32 };        /* slack: octets that may be read behind any record */

struct build_record {               /* padded to BUILD_ALIGN */
    uint32_t ttl, line;
    uint16_t type, size, column, file;
    uint8_t rdata[];
};
struct build_run {
    uint32_t bytes, records;        /* bytes: with all records */
    uint8_t length, labels;         /* of what stands in front of the zone's name; octets without a root label */
    bool own_suffix;                /* this owner's spelling of the zone's name is its own: it stands behind the root label */
    uint8_t name[];                 /* the labels, a root label, perhaps the suffix; padded; then the records */
};
struct build_chunk {
    struct build_chunk *next;
    size_t used, room;
    uint8_t *data;                  /* behind it */
};
struct zone_builder {
    void *spare;                    /* heap that finishing uses first: see zone_builder_recycle */
    size_t spare_bytes;
    struct build_chunk first, *last;
    struct build_run *run;          /* the last one, at the end of the last chunk; NULL = none yet */
    uint64_t records, rdata_bytes;
    uint64_t nsec, nsec3;           /* records of these types */
    uint32_t runs;
    uint16_t klass;
    uint8_t apex_length, apex_labels;
    uint8_t apex[NAME_MAX_BYTES];   /* as the zone was named when the builder was made */
    _Alignas(8) uint8_t own[BUILD_OWN + BUILD_SLACK];   /* of the first chunk: a small zone needs no other */
};

static inline size_t build_up(size_t bytes) { return (bytes + BUILD_ALIGN - 1) & ~(size_t)(BUILD_ALIGN - 1); }
static inline size_t record_bytes(size_t size) { return build_up(sizeof(struct build_record) + size); }
static inline size_t run_head_bytes(size_t name_bytes) { return build_up(offsetof(struct build_run, name) + name_bytes); }
static inline const struct build_record *run_records(const struct build_run *run, size_t apex_length)
{
    return (const void *)((const uint8_t *)run + run_head_bytes(run->length + 1u + (run->own_suffix ? apex_length : 0)));
}
static inline const struct build_record *record_next(const struct build_record *r)
{
    return (const void *)((const uint8_t *)r + record_bytes(r->size));
}
/* The name as if the zone's were the root. */
static inline struct name_view run_name(const struct build_run *run)
{
    return (struct name_view){ run->name, (uint8_t)(run->length + 1), run->labels };
}

/* A run and what orders it. */
struct build_entry {
    uint64_t key;                   /* while sorting: eight octets of the name, see sort.c */
    const struct build_run *run;
};
/* All runs in canonical order of their owners, runs of one owner in the order they came.
 * @param few  room of the caller's, used when it suffices
 * @param out  b->runs entries: `few`, or heap for the caller to free */
enum { BUILD_FEW = 24 };
MUST_CHECK enum status build_sort(struct zone_builder *b, struct build_entry few[BUILD_FEW], struct build_entry **out);

/* A record of an owner on its way into the version. */
struct build_item {
    const struct build_record *record;
    const uint8_t *canonical;       /* its rdata as RFC 4034 6.3 compares it */
    uint32_t group;                 /* type of the RRset, twice; plus one for a signature */
    uint32_t ttl;
    bool mixed;                     /* a duplicate had another TTL */
};
/* Puts records in the order of the version. */
MUST_CHECK enum status items_sort(struct build_item *items, size_t count);

#endif
