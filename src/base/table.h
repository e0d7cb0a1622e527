/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/table.h -- a hash table from octets to pointers, keyed with a random seed.
 *
 *  Not thread-safe.  Keys are copied.  Values are the caller's. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/status.h"

struct table;

struct table *table_new(void);                  /**< NULL when out of memory */
void table_free(struct table *table);           /**< keys only; NULL is fine */
size_t table_count(const struct table *table);
/** Sets or replaces.  @param old  may be NULL; gets the value that was there, or NULL.  @return OK, E_NOMEM. */
MUST_CHECK enum status table_set(struct table *table, const void *key, size_t key_bytes, void *value, void **old);
/** NULL when absent. */
void *table_find(const struct table *table, const void *key, size_t key_bytes);
/** @return the value that was there, or NULL. */
void *table_remove(struct table *table, const void *key, size_t key_bytes);
/** Walks all entries in no order: start with *position = 0; false at the end.  Do not change the table meanwhile. */
bool table_next(const struct table *table, size_t *position, const void **key, size_t *key_bytes, void **value);

#endif
