/* SPDX-License-Identifier: Apache-2.0 */
/* The last heads, and which contracts are watched. */
#include "ethereum/inside.h"

#include <string.h>

const struct chain_header *ring_newest(const struct ring *ring) { return ring->count ? &ring->headers[ring->newest] : NULL; }

const struct chain_header *ring_find(const struct ring *ring, const struct eth_word *hash)
{
    for (size_t i = 0; i < ring->count; i++) {
        const struct chain_header *header = &ring->headers[(ring->newest + RING_BLOCKS - i) % RING_BLOCKS];
        if (eth_word_equal(&header->block.hash, hash))
            return header;
    }
    return NULL;
}

void ring_put(struct ring *ring, const struct chain_header *header)
{
    ring->newest = ring->count ? (ring->newest + 1) % RING_BLOCKS : 0;
    ring->headers[ring->newest] = *header;
    ring->count += ring->count < RING_BLOCKS;
}

void ring_cut(struct ring *ring, uint64_t from_number)
{
    while (ring->count && ring->headers[ring->newest].block.number >= from_number) {
        ring->newest = (ring->newest + RING_BLOCKS - 1) % RING_BLOCKS;
        ring->count--;
    }
}

/* ---- watching ---- */

const struct watch *watches_find(const struct watches *watches, const struct eth_address *address)
{
    return watches->table ? table_find(watches->table, address->octets, sizeof address->octets) : NULL;
}

enum status chain_watch(struct chain *chain, const struct eth_address *contract)
{
    struct watches *all = &chain->watches;
    if (all->table == NULL && (all->table = table_new()) == NULL)
        return E_NOMEM;
    struct watch *watch = table_find(all->table, contract->octets, sizeof contract->octets);
    if (watch) {
        watch->users++;
        return OK;
    }
    if (all->count >= WATCHED_MAX)
        return E_LIMIT;
    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 16;
        struct watch **list = mem_resize(all->list, room * sizeof(struct watch *));
        if (list == NULL)
            return E_NOMEM;
        all->list = list;
        all->room = room;
    }
    watch = mem_alloc(sizeof *watch);
    if (watch == NULL || table_set(all->table, contract->octets, sizeof contract->octets, watch, NULL) != OK) {
        mem_free(watch);
        return E_NOMEM;
    }
    *watch = (struct watch){ *contract, bloom_bits_of(contract->octets, sizeof contract->octets), 1, all->count };
    all->list[all->count++] = watch;
    return OK;
}

void chain_unwatch(struct chain *chain, const struct eth_address *contract)
{
    struct watches *all = &chain->watches;
    struct watch *watch = all->table ? table_find(all->table, contract->octets, sizeof contract->octets) : NULL;
    if (watch == NULL || --watch->users > 0)
        return;
    table_remove(all->table, contract->octets, sizeof contract->octets);
    struct watch *last = all->list[--all->count];
    all->list[watch->place] = last;
    last->place = watch->place;
    mem_free(watch);
}

size_t watches_hit(const struct watches *watches, const uint8_t bloom[256], struct watch **out, size_t room)
{
    size_t hits = 0;
    for (size_t i = 0; i < watches->count; i++) {
        if (!bloom_has(bloom, &watches->list[i]->bits))
            continue;
        if (hits < room)
            out[hits] = watches->list[i];
        hits++;
    }
    return hits;
}

void watches_clear(struct watches *watches)
{
    for (size_t i = 0; i < watches->count; i++)
        mem_free(watches->list[i]);
    mem_free(watches->list);
    table_free(watches->table);
    *watches = (struct watches){ 0 };
}
