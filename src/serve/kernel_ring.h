/* SPDX-License-Identifier: Apache-2.0 */
/* From one worker to the thread that fills the kernel's table: no lock, no system call; what finds no room is left out. */
#ifndef SERVE_KERNEL_RING_H
#define SERVE_KERNEL_RING_H

#include "wire/wire.h"
#include <stdatomic.h>

enum { KERNEL_OFFERS = 128 };       /* looked at some fifty times a second: enough to learn what is hot */

struct kernel_offer {
    struct name name;
    uint16_t type;
    bool dnssec_ok, referral;
};
struct kernel_ring {
    _Alignas(64) _Atomic uint32_t written;
    _Alignas(64) _Atomic uint32_t read;
    struct kernel_offer offers[KERNEL_OFFERS];
};

static inline bool kernel_ring_full(struct kernel_ring *ring)
{
    return atomic_load_explicit(&ring->written, memory_order_relaxed) - atomic_load_explicit(&ring->read, memory_order_acquire) >= KERNEL_OFFERS;
}

/* The worker's; there is room. */
static inline void kernel_ring_put(struct kernel_ring *ring, struct name_view name, uint16_t type, bool dnssec_ok, bool referral)
{
    uint32_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
    struct kernel_offer *offer = &ring->offers[at % KERNEL_OFFERS];
    offer->name = name_copy(name);
    offer->type = type;
    offer->dnssec_ok = dnssec_ok;
    offer->referral = referral;
    atomic_store_explicit(&ring->written, at + 1, memory_order_release);
}

#endif
