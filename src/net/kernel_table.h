/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's side of the tables that the program reads; plain memory, so that tests need no kernel. */
#ifndef NET_KERNEL_TABLE_H
#define NET_KERNEL_TABLE_H

#include "net/kernel.h"
#include "net/kernel_layout.h"

enum { KERNEL_RECORD_MAX = sizeof(struct kernel_record) + KERNEL_NAME_MAX + KERNEL_TAIL_MAX + 2 * KERNEL_SHIFTS_MAX,
       KERNEL_CHUNK_GRANULES = KERNEL_CHUNK / KERNEL_GRANULE,               /* where records can begin */
       KERNEL_CHUNK_WORDS = (KERNEL_CHUNK + KERNEL_CHUNK_SLACK) / KERNEL_GRANULE / 64 };

/* Which granules of a chunk are taken, a bit each; so pieces that become free side by side are one. */
struct kernel_usage {
    uint64_t taken[KERNEL_CHUNK_WORDS];
    uint32_t longest;           /* free granules side by side are fewer than that; 0 = not known */
};

struct kernel_table {
    struct kernel_control *control;
    struct kernel_bucket *buckets; uint32_t bucket_count, bucket_room;     /* powers of two: in use, and there */
    uint8_t *chunks; uint32_t chunk_count; size_t chunk_stride;
    unsigned long long *generations;        /* the control's */
    uint32_t epoch;                         /* of new records; not the control's: everything is dead until a flush */
    void (*wait)(void *context);            /* until no program that runs now runs any more; NULL = there is no way to know */
    void *context;
    struct kernel_usage *usage;             /* of each chunk */
    uint32_t chunk;                         /* where room was found last */
    uint32_t waiting;                       /* offset in granules of the first record that a program may still look at; 0 = none */
    uint32_t hand;                          /* of the clock: the next bucket it looks at */
    uint64_t entries, bytes;
};

/* The memory is zero; control's seeds, masks and epoch are set here. */
MUST_CHECK enum status kernel_table_init(struct kernel_table *table);
/* What init took; zeroed is fine. */
void kernel_table_clear(struct kernel_table *table);
MUST_CHECK enum status kernel_table_put(struct kernel_table *table, const struct net_kernel_entry *entry, bool make_room);
bool kernel_table_has(const struct kernel_table *table, const struct net_kernel_entry *entry);
void kernel_table_settle(struct kernel_table *table);
void kernel_table_flush(struct kernel_table *table);
void kernel_table_stop(struct kernel_table *table);
bool kernel_table_stopped(const struct kernel_table *table);
uint64_t kernel_table_room(const struct kernel_table *table);

#endif
