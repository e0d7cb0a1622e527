/* SPDX-License-Identifier: Apache-2.0 */
/* The builder, between adding and freezing: seen by builder.c, sort.c, items.c and freeze.c.
 *
 * Records lie in large chunks in the order they came; those that follow each other at the same owner form a run with the owner's name
 * in front.  Nothing is looked up while they are added: owners are put together when the runs are sorted.
 *
 * What will be large is divided into lots, by the label below the zone's name: names of an earlier lot come before those of a later
 * one.  So lots are sorted each by itself, in the cache, and the memory of one goes back once it is frozen. */
#ifndef ZONE_BUILD_H
#define ZONE_BUILD_H

#include "zone/inside.h"
#include "zone/threads.h"

#include <string.h>

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
/* A run and what orders it. */
struct build_entry {
    uint64_t key;                   /* while sorting: eight octets of the name; then how many labels the owner shares with the one before,
                                       or SAME_OWNER */
    const struct build_run *run;
};
enum { BUILD_FEW = 24, SAME_OWNER = 255 };
struct build_chunk {
    struct build_chunk *next;
    size_t used, room;
    uint8_t *data;                  /* behind it */
};
struct build_lot {
    struct build_chunk *first, *last;
    struct build_run *run;          /* the last one, at the end of the last chunk; NULL = none yet */
    uint32_t runs;
    size_t end;                     /* once sorted: behind its last entry */
};
enum { BUILD_LOTS = 16, LOT_CHUNK = 2 << 20 };
/* Large pages that chunks of lots are cut from. */
struct build_stock {
    struct build_stock *next;
    uint8_t *block;
    uint8_t *at;                    /* the next chunk in it */
    size_t left;                    /* octets */
};
struct build_lots {
    struct build_stock *stock;
    uint64_t limits[BUILD_LOTS - 1];    /* the least build_lot_key of each lot but the first */
    struct build_lot lot[BUILD_LOTS];
};
struct zone_builder {
    void *spare;                    /* heap that finishing uses first: see zone_builder_recycle */
    size_t spare_bytes;
    struct build_lot whole;         /* not divided: all there is */
    struct build_lot *lot;          /* of the last record */
    struct build_lots *lots;        /* NULL = not divided */
    struct build_chunk first;
    uint64_t records;
    uint64_t nsec, nsec3;           /* records of these types */
    struct build_entry *entries;    /* once sorted: all runs in canonical order of their owners, those of one owner as they came */
    struct build_positions *positions;  /* of the version that was made; NULL = not kept */
    uint32_t runs;
    unsigned threads;               /* that may finish it */
    unsigned parts;                 /* it took from other threads: see reader_parts.c */
    bool indented;                  /* some record does not stand in the first column of the first file */
    uint16_t klass;
    uint8_t apex_length, apex_labels;
    uint8_t apex[NAME_MAX_BYTES];   /* as the zone was named when the builder was made */
    struct build_entry few[BUILD_FEW];  /* `entries` of a small zone */
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

static inline uint16_t record_covers(const struct build_record *r)
{
    return r->type == TYPE_RRSIG ? rdata_rrsig_covered(r->rdata, r->size) : r->type;
}

/* Fills b->entries. */
MUST_CHECK enum status build_sort(struct zone_builder *b);
/* Behind the runs of the owner that `first` starts. */
static inline size_t build_owner_end(const struct build_entry *entries, size_t count, size_t first)
{
    size_t end = first + 1;
    while (end < count && entries[end].key == SAME_OWNER)
        end++;
    return end;
}
/* Runs lie all over the chunks in this order: those that come soon are fetched in time.  Inline by force: a function that does nothing
 * else GCC takes for one without effect, and drops its calls. */
static inline __attribute__((always_inline)) void fetch_ahead(const struct build_entry *entries, size_t count, size_t at, unsigned lines)
{
    enum { AHEAD = 32, LINE = 64 };
    if (at + AHEAD >= count)
        return;
    const uint8_t *run = (const uint8_t *)entries[at + AHEAD].run;
    for (unsigned i = 0; i < lines; i++)
        __builtin_prefetch(run + (size_t)i * LINE);
}

/* Whether `a` is b or above it, to the letter: what is often so of names in order, and seen at once.  False does not mean that it is not. */
static inline bool name_leads(struct name_view a, struct name_view b)
{
    if (a.labels > b.labels || a.length > b.length)
        return false;
    struct name_view tail = name_strip(b, b.labels - (unsigned)a.labels);
    return tail.length == a.length && memcmp(tail.wire, a.wire, a.length) == 0;
}

/* A record of an owner on its way into the version. */
struct build_item {
    const struct build_record *record;
    const uint8_t *canonical;       /* its rdata as RFC 4034 6.3 compares it */
    uint32_t group;                 /* type of the RRset, twice; plus one for a signature */
    uint32_t ttl;
    bool mixed;                     /* a duplicate had another TTL */
};
enum { ITEMS_FEW = 32 };
/* The records of one owner after the other, in the order of the version. */
struct build_items {
    const struct zone_builder *b;
    struct build_item *list;        /* `own`, or heap */
    size_t room, count;
    struct arena *canonical;        /* copies of rdata in canonical form; NULL until one is needed */
    struct build_item own[ITEMS_FEW];
};
void items_init(struct build_items *items, const struct zone_builder *b);
void items_clear(struct build_items *items);
/* Takes the records of the entries from `first` up to `end`, all of one owner. */
MUST_CHECK enum status items_collect(struct build_items *items, size_t first, size_t end);

/* Where each record of a version came from, in its order. */
struct build_positions {
    uint64_t *starts;               /* records in front of each STRIDEth node; NULL until one is asked for */
    uint32_t node;                  /* asked for last, by its index */
    uint64_t record;                /* in front of it */
    unsigned words;                 /* of `where` for a record: the line; 2: then column and file */
    uint32_t where[];
};
MUST_CHECK enum status positions_new(struct zone_builder *b, uint64_t records);
void positions_free(struct build_positions *positions);
static inline void positions_note(struct build_positions *p, uint64_t record, const struct build_record *r)
{
    uint32_t *where = &p->where[record * p->words];
    where[0] = r->line;
    if (p->words == 2)
        where[1] = (uint32_t)r->column << 16 | r->file;
}
/* Divides a builder that has little in it yet into so many lots (at most BUILD_LOTS), by the keys of names met here and there in the text, which
 * are sorted. */
MUST_CHECK enum status zone_builder_divide(struct zone_builder *b, size_t count, uint64_t *keys, size_t key_count);
/* An empty builder for more of the same zone, divided alike; later its records follow those of `b`, which takes them. */
MUST_CHECK enum status zone_builder_like(const struct zone_builder *b, struct zone_builder **out);
MUST_CHECK enum status zone_builder_join(struct zone_builder *b, struct zone_builder *more);
uint64_t build_lot_key(struct name_view owner, unsigned apex_labels);
/* Gives back what only sorting and freezing need. */
void builder_spend(struct zone_builder *b);
void lot_drop(struct build_lot *lot);
static inline unsigned build_lot_count(const struct zone_builder *b) { return b->lots ? BUILD_LOTS : 1; }
static inline struct build_lot *build_lot_at(struct zone_builder *b, unsigned index) { return b->lots ? &b->lots->lot[index] : &b->whole; }
/* Puts records in the order of the version. */
MUST_CHECK enum status items_sort(struct build_item *items, size_t count);

#endif
