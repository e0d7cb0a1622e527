/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the cache share. */
#ifndef CACHE_INSIDE_H
#define CACHE_INSIDE_H

#include "cache/find.h"
#include <pthread.h>
#include <stdatomic.h>

/* One dependency of one entry.  All of one key are a list; its first one stands for the key in a bucket of the index. */
struct link {
    uint64_t key;
    struct link *next, *before;     /* of the same key; the first has none before it */
    struct link *other;             /* of the first: the first of another key in the bucket */
    uint32_t index;                 /* among the links of its entry */
    bool linked;
};

struct entry {
    struct cache_held held;         /* first: what readers get is a pointer to the whole */
    uint32_t link_count;
    uint64_t hash;
    size_t bytes;                   /* with all that hangs on it */
    void (*destroy_value)(void *value);
    void (*destroy_note)(void *note);
    struct entry *dead;             /* the next one that waits for readers with it */
    struct link *links;             /* behind the name, in the same block */
    uint8_t name[];
};

/* Which entries depend on a key.  One lock, taken for a moment; where both are held, a shard's comes first. */
struct index {
    pthread_mutex_t lock;
    struct link **buckets;
    size_t bucket_count;            /* a power of two */
    size_t keys;
};
MUST_CHECK enum status index_init(struct index *index);
void index_clear(struct index *index);
void index_add(struct index *index, struct entry *entry);
void index_remove(struct index *index, struct entry *entry);
/* Some that depend on the key: where they are, for they may be gone any moment. @return how many */
struct index_found { const struct entry *entry; uint64_t hash; };
size_t index_find(struct index *index, uint64_t key, struct index_found *out, size_t room);

#endif
