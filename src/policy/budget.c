/* SPDX-License-Identifier: Apache-2.0 */
/* Connection budgets.  One word per client network: 48 bits of a keyed hash and 16 bits of count, changed only by
 * compare-and-swap, so a slot is claimed, counted and freed in one step each.  A count of 0 is a free slot. */
#include "policy/rrl.h"

#include <stdatomic.h>
#include <string.h>

enum { SLOTS = 65536, PROBES = 32, COUNT_MOST = 0xffff };

struct budget {
    struct hash_key seed;
    _Atomic uint32_t per_network;
    uint8_t prefix4, prefix6;
    _Atomic uint64_t slots[SLOTS];
};

struct budget *budget_new(uint32_t per_network, uint8_t prefix4, uint8_t prefix6)
{
    struct budget *budget = mem_alloc(sizeof *budget);
    if (!budget)
        return NULL;
    budget->seed = hash_key_random();
    budget_set_limit(budget, per_network);
    budget->prefix4 = prefix4;
    budget->prefix6 = prefix6;
    return budget;
}

void budget_set_limit(struct budget *budget, uint32_t per_network)
{
    atomic_store_explicit(&budget->per_network, per_network < COUNT_MOST ? per_network : COUNT_MOST, memory_order_relaxed);
}

void budget_free(void *budget) { mem_free(budget); }

static uint64_t hash_network(const struct budget *budget, const struct address *client)
{
    uint8_t input[17] = { 0 };
    struct address network = address_mask(*client, client->family == 4 ? budget->prefix4 : budget->prefix6);
    memcpy(input, network.bytes, client->family == 4 ? 4 : 16);
    input[16] = client->family;
    return hash_bytes(&budget->seed, input, sizeof input);
}

static uint64_t tag_of(uint64_t hash) { return hash & ~(uint64_t)COUNT_MOST; }

static uint32_t count_of(uint64_t word) { return (uint32_t)(word & COUNT_MOST); }

/* The slot that counts this network, else with `want_free` the first free one, else NULL. */
static _Atomic uint64_t *find_slot(struct budget *budget, uint64_t hash, bool want_free)
{
    _Atomic uint64_t *free_slot = NULL;
    for (unsigned i = 0; i < PROBES; i++) {
        _Atomic uint64_t *slot = &budget->slots[(hash + i) % SLOTS];
        uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
        if (count_of(word) && tag_of(word) == tag_of(hash))
            return slot;
        if (!free_slot && count_of(word) == 0)
            free_slot = slot;
    }
    return want_free ? free_slot : NULL;
}

bool budget_take(struct budget *budget, const struct address *client)
{
    uint32_t limit = atomic_load_explicit(&budget->per_network, memory_order_relaxed);
    if (limit == 0)
        return true;
    uint64_t hash = hash_network(budget, client);
    for (;;) {
        _Atomic uint64_t *slot = find_slot(budget, hash, true);
        if (!slot)
            return false; /* 32 networks in a row: far more connections than a server holds */
        uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
        bool ours = count_of(word) && tag_of(word) == tag_of(hash);
        if (count_of(word) && !ours)
            continue; /* taken by another network meanwhile */
        if (ours && count_of(word) >= limit)
            return false;
        uint64_t next = ours ? word + 1 : tag_of(hash) + 1;
        if (atomic_compare_exchange_strong_explicit(slot, &word, next, memory_order_relaxed, memory_order_relaxed))
            return true;
    }
}

void budget_give(struct budget *budget, const struct address *client)
{
    if (atomic_load_explicit(&budget->per_network, memory_order_relaxed) == 0)
        return;
    uint64_t hash = hash_network(budget, client);
    _Atomic uint64_t *slot = find_slot(budget, hash, false);
    for (; slot; slot = find_slot(budget, hash, false)) {
        uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
        if (count_of(word) == 0 || tag_of(word) != tag_of(hash))
            continue;
        if (atomic_compare_exchange_strong_explicit(slot, &word, word - 1, memory_order_relaxed, memory_order_relaxed))
            return;
    }
    (void)check(slot != NULL); /* given back without being taken */
}
