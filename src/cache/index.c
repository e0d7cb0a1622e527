/* SPDX-License-Identifier: Apache-2.0 */
/* From a dependency to the entries that rest on it.  Keys are keyed hashes already: their bits choose the bucket. */
#include "cache/inside.h"

enum { LEAST_BUCKETS = 1024 };

enum status index_init(struct index *index)
{
    index->buckets = mem_alloc(LEAST_BUCKETS * sizeof(struct link *));
    if (index->buckets == NULL)
        return E_NOMEM;
    index->bucket_count = LEAST_BUCKETS;
    pthread_mutex_init(&index->lock, NULL);
    return OK;
}

void index_clear(struct index *index)
{
    if (index->buckets == NULL)
        return;
    mem_free(index->buckets);
    pthread_mutex_destroy(&index->lock);
}

static struct link **bucket_of(const struct index *index, uint64_t key) { return &index->buckets[key & (index->bucket_count - 1)]; }

/* Where the first link of the key hangs, or the end of the bucket. */
static struct link **key_place(const struct index *index, uint64_t key)
{
    struct link **place = bucket_of(index, key);
    while (*place != NULL && (*place)->key != key)
        place = &(*place)->other;
    return place;
}

/* Without memory for more buckets it stays as it is, and gets slower. */
static void grow(struct index *index)
{
    if (index->keys < index->bucket_count)
        return;
    size_t count = index->bucket_count;
    struct link **old = index->buckets, **more = mem_alloc(2 * count * sizeof *more);
    if (more == NULL)
        return;
    index->buckets = more;
    index->bucket_count = 2 * count;
    for (size_t i = 0; i < count; i++) {
        for (struct link *first = old[i], *other; first != NULL; first = other) {
            other = first->other;
            struct link **bucket = bucket_of(index, first->key);
            first->other = *bucket;
            *bucket = first;
        }
    }
    mem_free(old);
}

static void add(struct index *index, struct link *link)
{
    struct link **place = key_place(index, link->key), *first = *place;
    link->linked = true;
    link->before = NULL;
    if (first == NULL) {
        link->next = link->other = NULL;
        *place = link;
        index->keys++;
        return;
    }
    /* Second in its list, so that the bucket need not change. */
    link->other = NULL;
    link->before = first;
    link->next = first->next;
    if (first->next != NULL)
        first->next->before = link;
    first->next = link;
}

static void remove_first(struct index *index, struct link *link)
{
    struct link **place = key_place(index, link->key);
    if (link->next == NULL) {
        *place = link->other;
        index->keys--;
        return;
    }
    link->next->before = NULL;
    link->next->other = link->other;
    *place = link->next;
}

void index_add(struct index *index, struct entry *entry)
{
    pthread_mutex_lock(&index->lock);
    for (uint32_t i = 0; i < entry->link_count; i++) {
        grow(index);
        add(index, &entry->links[i]);
    }
    pthread_mutex_unlock(&index->lock);
}

void index_remove(struct index *index, struct entry *entry)
{
    pthread_mutex_lock(&index->lock);
    for (uint32_t i = 0; i < entry->link_count; i++) {
        struct link *link = &entry->links[i];
        if (!link->linked)
            continue;
        link->linked = false;
        if (link->before == NULL) {
            remove_first(index, link);
            continue;
        }
        link->before->next = link->next;
        if (link->next != NULL)
            link->next->before = link->before;
    }
    pthread_mutex_unlock(&index->lock);
}

static const struct entry *entry_of(const struct link *link)
{
    /* Links stand behind the name; the entry is found through the first, which knows where it is. */
    const struct link *first = link - link->index;
    return ((const struct entry *const *)(const void *)first)[-1];
}

size_t index_find(struct index *index, uint64_t key, struct index_found *out, size_t room)
{
    size_t count = 0;
    pthread_mutex_lock(&index->lock);
    for (const struct link *link = *key_place(index, key); link != NULL && count < room; link = link->next) {
        const struct entry *entry = entry_of(link);
        out[count++] = (struct index_found){ entry, entry->hash };
    }
    pthread_mutex_unlock(&index->lock);
    return count;
}
