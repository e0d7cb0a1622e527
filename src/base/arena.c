/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define RHIZ_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RHIZ_ASAN 1
#endif
#endif
#ifdef RHIZ_ASAN
#include <sanitizer/asan_interface.h>
static void poison(const void *start, size_t bytes) { ASAN_POISON_MEMORY_REGION(start, bytes); }
static void unpoison(const void *start, size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(start, bytes); }
#else
static void poison(const void *start, size_t bytes) { (void)start, (void)bytes; }
static void unpoison(const void *start, size_t bytes) { (void)start, (void)bytes; }
#endif

enum { CHUNK_DEFAULT = 4096, CHUNK_LEAST = 64, ALIGNMENT = _Alignof(max_align_t),
       PAGE = 4096, LARGE_PAGE = 2 << 20, LARGE_BYTES = 4 << 20 };

/* Per thread, so that a test that injects faults does not hit the threads beside it. */
static _Thread_local uint64_t fault_countdown, fault_seen;

void fault_after(uint64_t allocations)
{
    fault_countdown = allocations;
    fault_seen = 0;
}

uint64_t fault_count(void) { return fault_seen; }

static bool fault_now(void)
{
    fault_seen++;
    return fault_countdown && --fault_countdown == 0;
}

/* A wish only: fewer faults while it is filled, fewer misses when it is read.  All pages that the block touches, so that a mapping of its
 * own stays one and can be moved. */
static void large_pages(void *block, size_t bytes)
{
    uintptr_t from = (uintptr_t)block & ~(uintptr_t)(PAGE - 1);
    uintptr_t to = ((uintptr_t)block + bytes + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

void *mem_alloc(size_t bytes) { return fault_now() ? NULL : calloc(1, bytes ? bytes : 1); }

void *mem_room(size_t bytes)
{
    void *block = fault_now() ? NULL : malloc(bytes ? bytes : 1);
    if (block && bytes >= LARGE_BYTES)
        large_pages(block, bytes);
    return block;
}

void *mem_recycle(void *old, size_t bytes)
{
    void *block = fault_now() ? NULL : realloc(old, bytes ? bytes : 1);
    if (block && bytes >= LARGE_BYTES)
        large_pages(block, bytes);
    return block;
}

void *mem_resize(void *old, size_t bytes) { return fault_now() ? NULL : realloc(old, bytes ? bytes : 1); }

void *mem_shrink(void *block, size_t bytes)
{
    void *smaller = realloc(block, bytes ? bytes : 1);
    return smaller ? smaller : block;
}

void *mem_drop(void *from, const void *to)
{
    uint8_t *at = from;
    at += -(uintptr_t)at & (LARGE_PAGE - 1);
    uintptr_t end = (uintptr_t)to & ~(uintptr_t)(LARGE_PAGE - 1);
    if (end <= (uintptr_t)at)
        return from;
    (void)madvise(at, end - (uintptr_t)at, MADV_DONTNEED);
    return at + (end - (uintptr_t)at);
}

char *mem_string(const char *string) { return fault_now() ? NULL : strdup(string); }

void mem_free(void *block) { free(block); }

void mem_wipe(void *block, size_t bytes) { explicit_bzero(block, bytes); }

struct chunk {
    struct chunk *next;
    size_t bytes; /* as taken from the system, this header included */
};
_Static_assert(sizeof(struct chunk) % _Alignof(max_align_t) == 0, "the first object of a chunk must be aligned");

struct arena {
    struct chunk *chunks; /* the newest first */
    uint8_t *free_start, *free_end; /* what is left of the chunk that is being filled */
    size_t held, limit;
    size_t chunk_bytes;
};

struct arena *arena_new(size_t chunk_bytes)
{
    struct arena *arena = mem_alloc(sizeof *arena);
    if (!arena)
        return NULL;
    if (chunk_bytes == 0)
        chunk_bytes = CHUNK_DEFAULT;
    arena->chunk_bytes = chunk_bytes < CHUNK_LEAST ? CHUNK_LEAST : chunk_bytes;
    return arena;
}

static void chunk_free(struct arena *arena, struct chunk *chunk)
{
    arena->held -= chunk->bytes;
    unpoison(chunk, chunk->bytes);
    free(chunk);
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        chunk_free(arena, chunk);
    }
    free(arena);
}

/* Takes a chunk with room for at least `room` octets behind its header; NULL when out of memory or over the limit. */
static struct chunk *chunk_new(struct arena *arena, size_t bytes)
{
    if (arena->limit && (bytes > arena->limit || arena->held > arena->limit - bytes))
        return NULL;
    struct chunk *chunk = fault_now() ? NULL : malloc(bytes);
    if (!chunk)
        return NULL;
    chunk->bytes = bytes;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->held += bytes;
    return chunk;
}

/* An object in a chunk of its own; the one that is being filled stays in use. */
static void *alloc_alone(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    struct chunk *chunk = chunk_new(arena, sizeof *chunk + bytes);
    return chunk ? chunk + 1 : NULL;
}

#ifdef RHIZ_ARENA_MALLOC
static void *take(struct arena *arena, size_t bytes, size_t alignment)
{
    (void)alignment;
    return alloc_alone(arena, bytes);
}
#else
static bool chunk_open(struct arena *arena)
{
    struct chunk *chunk = chunk_new(arena, arena->chunk_bytes);
    if (!chunk)
        return false;
    arena->free_start = (uint8_t *)(chunk + 1);
    arena->free_end = (uint8_t *)chunk + chunk->bytes;
    poison(arena->free_start, (size_t)(arena->free_end - arena->free_start));
    return true;
}

static void *take(struct arena *arena, size_t bytes, size_t alignment)
{
    size_t room = arena->chunk_bytes - sizeof(struct chunk);
    size_t left = (size_t)(arena->free_end - arena->free_start);
    size_t padding = (size_t)(-(uintptr_t)arena->free_start) & (alignment - 1);
    if (bytes > left || padding > left - bytes) {
        /* Too big for any chunk, or the open chunk has too much left to give it up for this. */
        if (bytes > room || left > room / 4)
            return alloc_alone(arena, bytes);
        if (!chunk_open(arena))
            return NULL;
        padding = 0;
    }
    uint8_t *object = arena->free_start + padding;
    arena->free_start = object + bytes;
    unpoison(object, bytes);
    return object;
}
#endif

void *arena_alloc(struct arena *arena, size_t bytes)
{
    bytes = bytes ? bytes : 1;
    void *object = take(arena, bytes, ALIGNMENT);
    return object ? memset(object, 0, bytes) : NULL;
}

void *arena_bytes(struct arena *arena, size_t bytes) { return take(arena, bytes ? bytes : 1, 1); }

void *arena_copy(struct arena *arena, const void *data, size_t bytes)
{
    void *copy = arena_bytes(arena, bytes);
    if (copy && bytes)
        memcpy(copy, data, bytes);
    return copy;
}

char *arena_string(struct arena *arena, const char *string) { return arena_copy(arena, string, strlen(string) + 1); }

void arena_reset(struct arena *arena)
{
    struct chunk *kept = NULL;
    for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
#ifndef RHIZ_ARENA_MALLOC
        if (!kept && chunk->bytes == arena->chunk_bytes) {
            kept = chunk;
            continue;
        }
#endif
        chunk_free(arena, chunk);
    }
    arena->chunks = kept;
    arena->free_start = arena->free_end = NULL;
    if (kept) {
        kept->next = NULL;
        arena->free_start = (uint8_t *)(kept + 1);
        arena->free_end = (uint8_t *)kept + kept->bytes;
        poison(arena->free_start, (size_t)(arena->free_end - arena->free_start));
    }
}

void arena_limit(struct arena *arena, size_t bytes) { arena->limit = bytes; }

size_t arena_held(const struct arena *arena) { return arena->held; }
