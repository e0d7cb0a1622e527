/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/arena.h -- memory that is freed all at once.
 *
 *  One arena per exchange (reset per batch), per zone version, per connection.  Not thread-safe: one
 *  owner.  What is freed is poisoned for AddressSanitizer; built with -Darena_malloc=true each object is
 *  a malloc of its own, so that the sanitizers see the edges of each. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/status.h"

struct arena;

/** A new arena.  @param chunk_bytes  size of its chunks; 0 = 4096.  The first chunk is taken on first use.
 *  @return NULL when out of memory. */
struct arena *arena_new(size_t chunk_bytes);
/** Frees the arena and all it holds.  NULL is fine. */
void arena_free(struct arena *arena);

/** Memory aligned for any type, zeroed.  @return NULL when out of memory or over the limit. */
void *arena_alloc(struct arena *arena, size_t bytes);
/** The same, not zeroed, for octets: alignment 1. */
void *arena_bytes(struct arena *arena, size_t bytes);
/** A copy of size octets (not terminated).  NULL when out of memory. */
void *arena_copy(struct arena *arena, const void *data, size_t bytes);
/** A NUL-terminated copy of a string; NULL when out of memory. */
char *arena_string(struct arena *arena, const char *string);

/** Frees what was allocated, keeps one chunk for the next round. */
void arena_reset(struct arena *arena);
/** Refuses to grow past this many octets (0 = no limit). */
void arena_limit(struct arena *arena, size_t bytes);
/** Octets taken from the system so far. */
size_t arena_held(const struct arena *arena);

/* Fault injection for tests: the nth allocation from now in this thread (1 = the next) fails, arena or
 * mem_*; 0 switches it off.  Compiled in always; costs one predictable branch per system allocation. */
void fault_after(uint64_t allocations);
/** How many allocations this thread made since the last fault_after. */
uint64_t fault_count(void);

/* The heap, with fault injection.  Everything outside base uses these instead of malloc. */
void *mem_alloc(size_t bytes);                  /**< zeroed; NULL when out of memory */
void *mem_room(size_t bytes);                   /**< not zeroed; for large blocks the kernel is asked for large pages */
void *mem_recycle(void *old, size_t bytes);      /**< mem_room in what `old` (NULL = nothing) has, whose content is lost; it stays on NULL */
void *mem_resize(void *old, size_t bytes);      /**< realloc; the old block stays on NULL */
char *mem_string(const char *string);           /**< strdup */
void *mem_shrink(void *block, size_t bytes);    /**< gives back what is behind; @return the block, which may have moved. Cannot fail */
/** The large pages that lie whole between two places of a block of mem_room go back to the system, their content is lost.
 *  @return up to where: begin there the next time */
void *mem_drop(void *from, const void *to);
void mem_free(void *block);                     /**< NULL is fine */

/** Overwrites secrets so that the compiler cannot leave it out. */
void mem_wipe(void *block, size_t bytes);

#endif
