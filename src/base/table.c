/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing; removal shifts back, so there are no tombstones. */
#include "base/table.h"
#include "base/arena.h"
#include "base/random.h"

#include <string.h>

struct slot {
    uint8_t *key; /* NULL = free */
    void *value;
    uint32_t key_bytes, hash;
};

struct table {
    struct hash_key seed;
    struct slot *slots;
    size_t slot_count, count; /* slot_count is 0 or a power of two */
};

enum { SLOTS_LEAST = 8 };

struct table *table_new(void)
{
    struct table *table = mem_alloc(sizeof *table);
    if (table)
        table->seed = hash_key_random();
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->slot_count; i++)
        mem_free(table->slots[i].key);
    mem_free(table->slots);
    mem_free(table);
}

size_t table_count(const struct table *table) { return table->count; }

static uint32_t hash_of(const struct table *table, const void *key, size_t key_bytes)
{
    return (uint32_t)hash_bytes(&table->seed, key, key_bytes);
}

/* The slot of the key, or the free one where it would go.  There is always a free one. */
static struct slot *probe(struct slot *slots, size_t mask, uint32_t hash, const void *key, size_t key_bytes)
{
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &slots[i];
        if (!slot->key)
            return slot;
        if (slot->hash == hash && slot->key_bytes == key_bytes &&
            (key_bytes == 0 || memcmp(slot->key, key, key_bytes) == 0))
            return slot;
    }
}

/* Keeps a quarter of the slots free. */
static enum status grow(struct table *table)
{
    if (table->slot_count && table->count + 1 <= table->slot_count / 4 * 3)
        return OK;
    size_t slot_count = table->slot_count ? table->slot_count * 2 : SLOTS_LEAST;
    struct slot *slots = mem_alloc(slot_count * sizeof *slots);
    if (!slots)
        return E_NOMEM;
    for (size_t i = 0; i < table->slot_count; i++) {
        struct slot *old = &table->slots[i];
        if (old->key)
            *probe(slots, slot_count - 1, old->hash, old->key, old->key_bytes) = *old;
    }
    mem_free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return OK;
}

enum status table_set(struct table *table, const void *key, size_t key_bytes, void *value, void **old)
{
    if (key_bytes > UINT32_MAX)
        return E_NOMEM;
    if (grow(table) != OK)
        return E_NOMEM;
    uint32_t hash = hash_of(table, key, key_bytes);
    struct slot *slot = probe(table->slots, table->slot_count - 1, hash, key, key_bytes);
    void *before = slot->key ? slot->value : NULL;
    if (!slot->key) {
        uint8_t *copy = mem_alloc(key_bytes);
        if (!copy)
            return E_NOMEM;
        if (key_bytes)
            memcpy(copy, key, key_bytes);
        *slot = (struct slot){ copy, NULL, (uint32_t)key_bytes, hash };
        table->count++;
    }
    slot->value = value;
    if (old)
        *old = before;
    return OK;
}

void *table_find(const struct table *table, const void *key, size_t key_bytes)
{
    if (table->count == 0)
        return NULL;
    uint32_t hash = hash_of(table, key, key_bytes);
    struct slot *slot = probe(table->slots, table->slot_count - 1, hash, key, key_bytes);
    return slot->key ? slot->value : NULL;
}

void *table_remove(struct table *table, const void *key, size_t key_bytes)
{
    if (table->count == 0)
        return NULL;
    size_t mask = table->slot_count - 1;
    struct slot *slot = probe(table->slots, mask, hash_of(table, key, key_bytes), key, key_bytes);
    if (!slot->key)
        return NULL;
    void *value = slot->value;
    mem_free(slot->key);
    table->count--;
    /* What probed past the hole moves into it. */
    size_t hole = (size_t)(slot - table->slots);
    for (size_t i = (hole + 1) & mask; table->slots[i].key; i = (i + 1) & mask) {
        size_t home = table->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        table->slots[hole] = table->slots[i];
        hole = i;
    }
    table->slots[hole] = (struct slot){ 0 };
    return value;
}

bool table_next(const struct table *table, size_t *position, const void **key, size_t *key_bytes, void **value)
{
    for (; *position < table->slot_count; ++*position) {
        const struct slot *slot = &table->slots[*position];
        if (!slot->key)
            continue;
        ++*position;
        if (key)
            *key = slot->key;
        if (key_bytes)
            *key_bytes = slot->key_bytes;
        if (value)
            *value = slot->value;
        return true;
    }
    return false;
}
