/* SPDX-License-Identifier: Apache-2.0 */
/* Order for what was collected: owners in canonical order (RFC 4034 6.1), records within their owner by type and canonical form (6.3).
 *
 * An owner's key is its name as octets that compare as names do: labels from the right, in lower case, each closed by a zero octet; the
 * octets 0 and 1 inside a label become 1 1 and 1 2.  Runs are sorted by eight octets of it at a time: all of them by the first
 * eight (radix, stable), then those that are equal so far by the next. */
#include "zone/build.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_OCTETS = 8, DIGITS = 256, FEW = BUILD_FEW, AHEAD = 32 };

/* ---- keys ---- */

struct key_writer { uint64_t key; size_t skip, left; };

static void key_put(struct key_writer *w, unsigned octet)
{
    if (w->skip > 0) {
        w->skip--;
    } else if (w->left > 0) {
        w->left--;
        w->key |= (uint64_t)octet << 8 * w->left;
    }
}

/* Octets of the key from depth * 8 on; zeros behind its end. */
static uint64_t key_at(const struct build_run *run, size_t depth)
{
    struct key_writer w = { .skip = depth * KEY_OCTETS, .left = KEY_OCTETS };
    uint8_t starts[NAME_MAX_LABELS];
    for (unsigned n = name_label_starts(run_name(run), starts); n > 0 && w.left > 0; n--) {
        const uint8_t *label = run->name + starts[n - 1];
        for (unsigned i = 1; i <= label[0]; i++) {
            unsigned octet = ascii_lower(label[i]);
            if (octet < 2)
                key_put(&w, 1);
            key_put(&w, octet < 2 ? octet + 1 : octet);
        }
        key_put(&w, 0);
    }
    return w.key;
}

static uint64_t big_endian(uint64_t word) { return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(word) : word; }

/* The first octets, a label at a time; names with an octet below 2 go the other way. */
static uint64_t key_first(const struct build_run *run)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint8_t starts[NAME_MAX_LABELS];
    uint64_t key = 0;
    size_t at = 0;
    for (unsigned n = name_label_starts(run_name(run), starts); n > 0 && at < KEY_OCTETS; n--) {
        const uint8_t *label = run->name + starts[n - 1];
        size_t length = label[0] < KEY_OCTETS ? label[0] : KEY_OCTETS;
        uint64_t word;
        memcpy(&word, label + 1, sizeof word);          /* BUILD_SLACK lets it read past the label */
        word = big_endian(ascii_lower_8(word)) >> 8 * (KEY_OCTETS - length) << 8 * (KEY_OCTETS - length);
        uint64_t filled = length < KEY_OCTETS ? word | UINT64_MAX >> 8 * length : word;
        if ((filled - 2 * ones) & ~filled & 0x80 * ones)
            return key_at(run, 0);
        key |= word >> 8 * at;
        at += label[0] + 1u;
    }
    return key;
}

/* ---- runs ---- */

static bool entry_after(const struct build_entry *a, const struct build_entry *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    struct name_view x = run_name(a->run), y = run_name(b->run);
    return !name_leads(x, y) && name_compare(x, y) > 0;
}

static void sort_few(struct build_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct build_entry moved = entries[i];
        size_t at = i;
        for (; at > 0 && entry_after(&entries[at - 1], &moved); at--)
            entries[at] = entries[at - 1];
        entries[at] = moved;
    }
}

static bool sorted_by_key(const struct build_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (entries[i - 1].key > entries[i].key)
            return false;
    return true;
}

/* By key, from its lowest octet up; octets that are the same in all keys cost nothing. */
static void sort_radix(struct build_entry *entries, struct build_entry *scratch, size_t count)
{
    uint32_t counts[KEY_OCTETS][DIGITS] = { { 0 } };
    struct build_entry *from = entries, *to = scratch;
    for (size_t i = 0; i < count; i++)
        for (unsigned octet = 0; octet < KEY_OCTETS; octet++)
            counts[octet][entries[i].key >> 8 * octet & 255]++;
    for (unsigned octet = 0; octet < KEY_OCTETS; octet++) {
        uint32_t *starts = counts[octet], sum = 0;
        if (starts[entries[0].key >> 8 * octet & 255] == count)
            continue;
        for (unsigned digit = 0; digit < DIGITS; digit++) {
            uint32_t here = starts[digit];
            starts[digit] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[starts[from[i].key >> 8 * octet & 255]++] = from[i];
        struct build_entry *swap = from;
        from = to;
        to = swap;
    }
    if (from != entries)
        memcpy(entries, from, count * sizeof *entries);
}

/* Keys of `depth` are set.  Deep names of equal ends go deeper: at most NAME_MAX_BYTES * 2 / 8 levels. */
static void sort_entries(struct build_entry *entries, struct build_entry *scratch, size_t count, size_t depth)
{
    if (count <= FEW) {
        sort_few(entries, count);
        return;
    }
    if (!sorted_by_key(entries, count))
        sort_radix(entries, scratch, count);
    for (size_t first = 0, end; first < count; first = end) {
        uint64_t key = entries[first].key;
        if (first + AHEAD < count && entries[first + AHEAD].key == entries[first + AHEAD - 1].key)
            __builtin_prefetch(entries[first + AHEAD].run);
        for (end = first + 1; end < count && entries[end].key == key; end++) {
            /* those that are equal so far */
        }
        if (end - first == 1 || key == 0)       /* zero: the names have ended, all alike */
            continue;
        if (end - first <= FEW) {
            sort_few(entries + first, end - first);
            continue;
        }
        for (size_t i = first; i < end; i++)
            entries[i].key = key_at(entries[i].run, depth + 1);
        sort_entries(entries + first, scratch, end - first, depth + 1);
    }
}

static size_t collect(const struct build_lot *lot, struct build_entry *entries)
{
    size_t count = 0;
    for (const struct build_chunk *chunk = lot->first; chunk; chunk = chunk->next) {
        for (size_t at = 0; at < chunk->used;) {
            const struct build_run *run = (const void *)(chunk->data + at);
            entries[count++] = (struct build_entry){ key_first(run), run };
            at += run->bytes;
        }
    }
    return count;
}

/* Lots go to whichever thread is free. */
struct sorting {
    struct zone_builder *b;
    struct build_entry *scratch;    /* room for the largest lot, once for each thread */
    size_t largest;
    _Atomic unsigned next;
};

static void sort_lots(void *context, unsigned thread)
{
    struct sorting *s = context;
    for (unsigned i; (i = atomic_fetch_add(&s->next, 1)) < build_lot_count(s->b);) {
        struct build_lot *lot = build_lot_at(s->b, i);
        struct build_entry *entries = s->b->entries + lot->end - lot->runs;
        sort_entries(entries, s->scratch + thread * s->largest, collect(lot, entries), 0);
    }
}

enum status build_sort(struct zone_builder *b)
{
    struct sorting s = { .b = b };
    size_t bytes = b->runs * sizeof *b->entries, end = 0;
    b->entries = b->few;
    if (b->runs <= BUILD_FEW && !b->lots) {
        sort_few(b->few, collect(&b->whole, b->few));
        return OK;
    }
    for (unsigned i = 0; i < build_lot_count(b); i++) {
        struct build_lot *lot = build_lot_at(b, i);
        end += lot->runs;
        lot->end = end;
        s.largest = lot->runs > s.largest ? lot->runs : s.largest;
    }
    size_t room = b->threads * s.largest * sizeof *s.scratch;
    struct build_entry *entries = mem_room(bytes), *own = room > b->spare_bytes ? mem_room(room) : NULL;
    s.scratch = own ? own : b->spare;
    if (!entries || (room > b->spare_bytes && !own)) {
        mem_free(entries);
        mem_free(own);
        return E_NOMEM;
    }
    b->entries = entries;
    zone_threads(b->threads, sort_lots, &s);
    mem_free(own);
    return OK;
}

/* ---- records ---- */

static bool item_after(const struct build_item *a, const struct build_item *b)
{
    if (a->group != b->group)
        return a->group > b->group;
    return rdata_compare(a->canonical, a->record->size, b->canonical, b->record->size) > 0;
}

/* Stable: of equal records the one that came first stays. */
static void items_merge(struct build_item *items, size_t half, size_t count, struct build_item *scratch)
{
    size_t left = 0, right = half, at = 0;
    while (left < half && right < count)
        scratch[at++] = item_after(&items[left], &items[right]) ? items[right++] : items[left++];
    while (left < half)
        scratch[at++] = items[left++];
    memcpy(items, scratch, at * sizeof *items);
}

static void items_sort_few(struct build_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct build_item moved = items[i];
        size_t at = i;
        for (; at > 0 && item_after(&items[at - 1], &moved); at--)
            items[at] = items[at - 1];
        items[at] = moved;
    }
}

static void items_sort_many(struct build_item *items, size_t count, struct build_item *scratch)
{
    if (count <= FEW) {
        items_sort_few(items, count);
        return;
    }
    size_t half = count / 2;
    items_sort_many(items, half, scratch);
    items_sort_many(items + half, count - half, scratch);
    if (item_after(&items[half - 1], &items[half]))
        items_merge(items, half, count, scratch);
}

enum status items_sort(struct build_item *items, size_t count)
{
    if (count <= FEW) {
        items_sort_few(items, count);
        return OK;
    }
    struct build_item *scratch = mem_room(count * sizeof *scratch);
    if (!scratch)
        return E_NOMEM;
    items_sort_many(items, count, scratch);
    mem_free(scratch);
    return OK;
}
