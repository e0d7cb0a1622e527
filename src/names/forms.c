/* SPDX-License-Identifier: Apache-2.0 */
#include "names/forms_inside.h"

#include <string.h>

#include "names/ensip15_inside.h"

enum { RANKS = 64, RUN_SHORT = 16 };    /* a rank takes six bits in the tables */

/* Hangul by arithmetic: The Unicode Standard 3.12. */
enum {
    SYLLABLE_BASE = 0xac00, LEAD_BASE = 0x1100, VOWEL_BASE = 0x1161, TAIL_BASE = 0x11a7,
    LEADS = 19, VOWELS = 21, TAILS = 28, SYLLABLES = LEADS * VOWELS * TAILS
};

static uint32_t with_rank(uint32_t point)
{
    size_t at = ensip15_find(ensip15_ranks, ensip15_ranks_count, point);
    if (at == ensip15_ranks_count)
        return point;
    uint32_t word = ensip15_ranks[at];
    bool inside = point - ensip15_point(word) <= (word >> 21 & 31);
    return inside ? point | word >> 26 << 24 : point;
}

static size_t decompose_syllable(uint32_t at, uint32_t parts[FORM_PARTS_MOST])
{
    parts[0] = LEAD_BASE + at / (VOWELS * TAILS);
    parts[1] = VOWEL_BASE + at % (VOWELS * TAILS) / TAILS;
    parts[2] = TAIL_BASE + at % TAILS;
    return at % TAILS ? 3 : 2;
}

/* The pair that `point` stands for; b = 0: one other code point. */
static bool find_pair(uint32_t point, uint32_t *a, uint32_t *b)
{
    size_t at = ensip15_find_wide(ensip15_decompositions, ensip15_decompositions_count, point);
    if (at == ensip15_decompositions_count || ensip15_point(ensip15_decompositions[at]) != point)
        return false;
    *a = ensip15_point(ensip15_decompositions[at] >> 21);
    *b = ensip15_point(ensip15_decompositions[at] >> 42);
    return true;
}

size_t form_decompose(uint32_t point, uint32_t parts[FORM_PARTS_MOST])
{
    if (point < 0xc0) {
        parts[0] = point;
        return 1;
    }
    if (point - SYLLABLE_BASE < SYLLABLES)
        return decompose_syllable(point - SYLLABLE_BASE, parts);
    /* The first half of a pair may itself be a pair, the second never is: the generator checks it. */
    uint32_t tail[FORM_PARTS_MOST], a, b;
    size_t tails = 0, count = 0;
    while (tails < FORM_PARTS_MOST - 1 && find_pair(point, &a, &b)) {
        if (b)
            tail[tails++] = b;
        point = a;
    }
    parts[count++] = with_rank(point);
    while (tails > 0) {
        tails--;
        parts[count++] = with_rank(tail[tails]);
    }
    return count;
}

/* Short runs, as all good ones are. */
static void order_short(uint32_t *run, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t part = run[i];
        size_t at = i;
        for (; at > 0 && form_rank(run[at - 1]) > form_rank(part); at--)
            run[at] = run[at - 1];
        run[at] = part;
    }
}

/* By counting, so that thousands of marks upside down cost no more than others. */
static void order_long(uint32_t *run, size_t count, uint32_t *scratch)
{
    size_t below[RANKS] = { 0 };
    for (size_t i = 0; i < count; i++)
        if (form_rank(run[i]) + 1 < RANKS)
            below[form_rank(run[i]) + 1]++;
    for (size_t rank = 1; rank < RANKS; rank++)
        below[rank] += below[rank - 1];
    for (size_t i = 0; i < count; i++)
        scratch[below[form_rank(run[i])]++] = run[i];
    memcpy(run, scratch, count * sizeof run[0]);
}

void form_order(uint32_t *parts, size_t count, uint32_t *scratch)
{
    for (size_t i = 0, run = 0; i < count; i += run + 1) {
        for (run = 0; i + run < count && form_rank(parts[i + run]) != 0; )
            run++;
        if (run > RUN_SHORT)
            order_long(&parts[i], run, scratch);
        else
            order_short(&parts[i], run);
    }
}

/* What a and b compose to, or 0. */
static uint32_t compose_pair(uint32_t a, uint32_t b)
{
    if (a - LEAD_BASE < LEADS && b - VOWEL_BASE < VOWELS)
        return SYLLABLE_BASE + ((a - LEAD_BASE) * VOWELS + (b - VOWEL_BASE)) * TAILS;
    if (a - SYLLABLE_BASE < SYLLABLES && (a - SYLLABLE_BASE) % TAILS == 0 && b - TAIL_BASE - 1 < TAILS - 1)
        return a + (b - TAIL_BASE);
    uint64_t want = (uint64_t)a << 21 | b;
    for (size_t low = 0, high = ensip15_compositions_count; low < high; ) {
        size_t middle = (low + high) / 2;
        uint64_t entry = ensip15_decompositions[ensip15_compositions[middle]];
        uint64_t pair = (uint64_t)ensip15_point(entry >> 21) << 21 | ensip15_point(entry >> 42);
        if (pair == want)
            return ensip15_point(entry);
        if (pair < want)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

size_t form_compose(const uint32_t *parts, size_t count, uint32_t *points)
{
    size_t made = 0, starter = SIZE_MAX;
    uint32_t last_rank = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t point = form_point(parts[i]), rank = form_rank(parts[i]);
        /* Blocked by anything between it and the starter that does not rank below it. */
        bool open = starter != SIZE_MAX && (made - 1 == starter || last_rank < rank);
        uint32_t whole = open ? compose_pair(points[starter], point) : 0;
        if (whole) {
            points[starter] = whole;
            continue;
        }
        if (rank == 0)
            starter = made;
        last_rank = rank;
        points[made++] = point;
    }
    return made;
}
