/* SPDX-License-Identifier: Apache-2.0 */
/* Records start at multiples of 8 with a 32-bit length; a length of all ones says: go on at the start. */
#include "tap/ring.h"
#include <string.h>

enum { HEAD_BYTES = 8 };
static const uint32_t wrap_mark = UINT32_MAX;

static uint32_t record_bytes(uint32_t bytes) { return (bytes + HEAD_BYTES + 7u) & ~7u; }

enum status ring_init(struct ring *ring, uint32_t bytes)
{
    uint32_t size = 4096;
    while (size < bytes && size < UINT32_C(1) << 30)
        size *= 2;
    ring->data = mem_alloc(size);
    if (ring->data == NULL)
        return E_NOMEM;
    ring->size = size;
    ring->tail_seen = 0;
    atomic_store(&ring->head, 0);
    atomic_store(&ring->tail, 0);
    return OK;
}

void ring_clear(struct ring *ring)
{
    mem_free(ring->data);
    ring->data = NULL;
}

static bool has_room(struct ring *ring, uint64_t head, uint32_t bytes)
{
    if (head + bytes - ring->tail_seen <= ring->size)
        return true;
    ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return head + bytes - ring->tail_seen <= ring->size;
}

void *ring_reserve(struct ring *ring, uint32_t bytes)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t need = record_bytes(bytes), at = (uint32_t)(head & (ring->size - 1)), rest = ring->size - at;
    if (bytes > ring->size / 2)
        return NULL;
    if (need <= rest)
        return has_room(ring, head, need) ? ring->data + at + HEAD_BYTES : NULL;
    if (!has_room(ring, head, rest + need))
        return NULL;
    memcpy(ring->data + at, &wrap_mark, sizeof wrap_mark);
    atomic_store_explicit(&ring->head, head + rest, memory_order_release);
    return ring->data + HEAD_BYTES;
}

void ring_commit(struct ring *ring, uint32_t bytes)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    memcpy(ring->data + (head & (ring->size - 1)), &bytes, sizeof bytes);
    atomic_store_explicit(&ring->head, head + record_bytes(bytes), memory_order_release);
}

const void *ring_peek(struct ring *ring, uint32_t *bytes)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    while (tail != atomic_load_explicit(&ring->head, memory_order_acquire)) {
        uint32_t at = (uint32_t)(tail & (ring->size - 1));
        memcpy(bytes, ring->data + at, sizeof *bytes);
        if (*bytes != wrap_mark)
            return ring->data + at + HEAD_BYTES;
        tail += ring->size - at;
        atomic_store_explicit(&ring->tail, tail, memory_order_release);
    }
    return NULL;
}

void ring_release(struct ring *ring, uint32_t bytes)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail + record_bytes(bytes), memory_order_release);
}
