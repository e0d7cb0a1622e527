/* SPDX-License-Identifier: Apache-2.0 */
/* names/ensip15_inside.h -- the tables of ENSIP-15 (ensip15_tables.c, written by scripts/gen-ensip15).  Sorted by their lowest
 * 21 bits, a code point, unless said otherwise.  A group is numbered from 1; sets of groups are bits or short lists. */
#ifndef NAMES_ENSIP15_INSIDE_H
#define NAMES_ENSIP15_INSIDE_H

#include "base/status.h"

enum { ENSIP15_GROUP_WORDS = 6, ENSIP15_SET_MOST = 8, ENSIP15_STYLE = 0xfe0f };

extern const char ensip15_unicode[], ensip15_spec_sha256[];

/* first | count << 21 | set << 37: runs of valid code points. */
extern const uint64_t ensip15_valid[];
/* Eight group numbers for each set, ascending, 0 = no more.  Set 0 is empty: valid before composition only. */
extern const uint8_t ensip15_sets[];
/* Bit of a group: its combining marks are listed, so its non-spacing marks are not counted. */
extern const uint32_t ensip15_listed[];
/* first | count - 1 << 21 | every second << 29 | length << 30 | target << 33.  Length 0: ignored; 1: target is the code
 * point that the first one becomes, the others become its neighbours; more: target counts into the expansions. */
extern const uint64_t ensip15_mapped[];
extern const uint32_t ensip15_expansions[];
/* State s has the edges states[s] .. states[s + 1] - 1, sorted; an edge is first | count - 1 << 21, its target a state,
 * with bit 15 set when a sequence may end there.  The start is state 0. */
extern const uint16_t ensip15_emoji_states[], ensip15_emoji_targets[];
extern const uint32_t ensip15_emoji_edges[];
/* first | count - 1 << 21 | combining mark << 30 | non-spacing mark << 31. */
extern const uint32_t ensip15_marks[];
extern const uint32_t ensip15_fenced[];
extern const size_t ensip15_marks_most;
/* point | set << 21; a set is ENSIP15_GROUP_WORDS words of bits. */
extern const uint32_t ensip15_confusables[], ensip15_confusable_sets[];
/* point | a << 21 | b << 42, b = 0: a alone.  Compositions: indices of those that compose again, by (a, b). */
extern const uint64_t ensip15_decompositions[];
extern const uint16_t ensip15_compositions[];
/* first | count - 1 << 21 | rank << 26. */
extern const uint32_t ensip15_ranks[];

extern const size_t ensip15_valid_count, ensip15_sets_count, ensip15_listed_count, ensip15_mapped_count, ensip15_expansions_count,
    ensip15_emoji_states_count, ensip15_emoji_edges_count, ensip15_emoji_targets_count, ensip15_marks_count, ensip15_fenced_count,
    ensip15_confusables_count, ensip15_confusable_sets_count, ensip15_decompositions_count, ensip15_compositions_count,
    ensip15_ranks_count;

static inline uint32_t ensip15_point(uint64_t word) { return (uint32_t)(word & 0x1fffff); }

/* The last entry that starts at or below `point`, or `count` when there is none: the caller looks whether it reaches so far. */
static inline size_t ensip15_find_wide(const uint64_t *table, size_t count, uint32_t point)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ensip15_point(table[middle]) <= point)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? count : low - 1;
}

static inline size_t ensip15_find(const uint32_t *table, size_t count, uint32_t point)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ensip15_point(table[middle]) <= point)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? count : low - 1;
}

#endif
