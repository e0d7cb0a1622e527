/* SPDX-License-Identifier: Apache-2.0 */
/* One writer, one reader, octets in records.  The writer never waits: a record that does not fit is refused. */
#ifndef TAP_RING_H
#define TAP_RING_H

#include "base/base.h"
#include <stdatomic.h>

struct ring {
    _Alignas(64) _Atomic uint64_t head;     /* octets ever written */
    uint64_t tail_seen;                     /* the writer's last look at tail */
    _Alignas(64) _Atomic uint64_t tail;     /* octets ever read */
    _Alignas(64) uint8_t *data;
    uint32_t size;                          /* a power of two */
};

/** @param bytes  rounded up to a power of two, at least 4096. @return OK, E_NOMEM */
MUST_CHECK enum status ring_init(struct ring *ring, uint32_t bytes);
void ring_clear(struct ring *ring);
/** Room for one record of that many octets, contiguous and aligned to 8; NULL when full.  ring_commit makes it seen. */
void *ring_reserve(struct ring *ring, uint32_t bytes);
void ring_commit(struct ring *ring, uint32_t bytes);
/** The oldest record, or NULL; ring_release gives its room back. */
const void *ring_peek(struct ring *ring, uint32_t *bytes);
void ring_release(struct ring *ring, uint32_t bytes);

#endif
