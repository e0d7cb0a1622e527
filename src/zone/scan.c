/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels only sort octets into classes; what follows from the classes is the same code for all of them. */
#include "zone/scan.h"

#include <string.h>

/* ---- kernels ---- */

enum { BLANK = 1, NEWLINE = 2, DOT = 4, SPECIAL = 8 };
static const uint8_t octet_class[256] = {
    [0] = SPECIAL, ['\t'] = BLANK, ['\n'] = BLANK | NEWLINE, ['\r'] = SPECIAL, [' '] = BLANK, ['"'] = SPECIAL, ['('] = SPECIAL,
    [')'] = SPECIAL, ['.'] = DOT, [';'] = SPECIAL, ['\\'] = SPECIAL, [128 ... 255] = SPECIAL,
};

static void blocks_portable(const char *text, size_t count, struct scan_block *out)
{
    for (; count > 0; count--, text += SCAN_BLOCK, out++) {
        uint64_t blank = 0, newline = 0, dot = 0, special = 0;
        for (unsigned i = 0; i < SCAN_BLOCK; i++) {
            uint64_t class = octet_class[(uint8_t)text[i]];
            blank |= (class & 1) << i;
            newline |= (class >> 1 & 1) << i;
            dot |= (class >> 2 & 1) << i;
            special |= (class >> 3) << i;
        }
        *out = (struct scan_block){ blank, newline, dot, special };
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static inline uint32_t is_32(__m256i octets, char wanted)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(octets, _mm256_set1_epi8(wanted)));
}

__attribute__((target("avx2"))) static struct scan_block half_avx2(const char *text)
{
    __m256i octets = _mm256_loadu_si256((const __m256i_u *)(const void *)text);
    __m256i parentheses = _mm256_cmpeq_epi8(_mm256_and_si256(octets, _mm256_set1_epi8(~1)), _mm256_set1_epi8('('));
    __m256i special = _mm256_or_si256(parentheses, _mm256_cmpeq_epi8(octets, _mm256_set1_epi8('"')));
    special = _mm256_or_si256(special, _mm256_cmpeq_epi8(octets, _mm256_set1_epi8(';')));
    special = _mm256_or_si256(special, _mm256_cmpeq_epi8(octets, _mm256_set1_epi8('\\')));
    special = _mm256_or_si256(special, _mm256_cmpeq_epi8(octets, _mm256_set1_epi8('\r')));
    special = _mm256_or_si256(special, _mm256_cmpeq_epi8(octets, _mm256_setzero_si256()));
    special = _mm256_or_si256(special, octets);     /* the highest bit counts */
    uint32_t newline = is_32(octets, '\n');
    return (struct scan_block){ newline | is_32(octets, ' ') | is_32(octets, '\t'), newline, is_32(octets, '.'),
                                (uint32_t)_mm256_movemask_epi8(special) };
}

__attribute__((target("avx2"))) static void blocks_avx2(const char *text, size_t count, struct scan_block *out)
{
    for (; count > 0; count--, text += SCAN_BLOCK, out++) {
        struct scan_block low = half_avx2(text), high = half_avx2(text + 32);
        *out = (struct scan_block){ low.blank | high.blank << 32, low.newline | high.newline << 32, low.dot | high.dot << 32,
                                    low.special | high.special << 32 };
    }
}

#define TARGET_512 __attribute__((target("avx512f,avx512bw")))
TARGET_512 static inline uint64_t is_64(__m512i octets, char wanted) { return _mm512_cmpeq_epi8_mask(octets, _mm512_set1_epi8(wanted)); }

TARGET_512 static void blocks_avx512(const char *text, size_t count, struct scan_block *out)
{
    for (; count > 0; count--, text += SCAN_BLOCK, out++) {
        __m512i octets = _mm512_loadu_si512(text);
        __m512i even = _mm512_and_si512(octets, _mm512_set1_epi8(~1));
        uint64_t special = is_64(even, '(') | is_64(octets, '"') | is_64(octets, ';') | is_64(octets, '\\') | is_64(octets, '\r') |
                           is_64(octets, 0) | _mm512_movepi8_mask(octets);
        uint64_t newline = is_64(octets, '\n');
        *out = (struct scan_block){ newline | is_64(octets, ' ') | is_64(octets, '\t'), newline, is_64(octets, '.'), special };
    }
}
#endif

void scan_blocks(const char *text, size_t count, struct scan_block *out, enum cpu_level level)
{
#if defined(__x86_64__)
    if (level == CPU_AVX512) {
        blocks_avx512(text, count, out);
        return;
    }
    if (level == CPU_AVX2) {
        blocks_avx2(text, count, out);
        return;
    }
#endif
    (void)level;
    blocks_portable(text, count, out);
}

/* ---- edges and lines ---- */

struct scanning {
    struct scan *scan;
    size_t edges;
    uint32_t special;       /* of the line that is open */
};

/* The lines that end in a block; `first`: index of its first edge. */
static void add_lines(struct scanning *s, const struct scan_block *b, uint64_t edges, uint32_t base, size_t first)
{
    uint64_t special = b->special;
    for (uint64_t rest = b->newline; rest; rest &= rest - 1) {
        uint64_t below = (rest & -rest) - 1, inside = special & below;
        if (inside && s->special == SCAN_PLAIN)
            s->special = base + (uint32_t)__builtin_ctzll(inside);
        special &= ~below;
        s->scan->line[s->scan->lines++] = (struct scan_line){ (uint32_t)first + (uint32_t)__builtin_popcountll(edges & below), s->special };
        s->special = SCAN_PLAIN;
    }
    if (special && s->special == SCAN_PLAIN)
        s->special = base + (uint32_t)__builtin_ctzll(special);
}

static void add_edges(struct scanning *s, uint64_t edges, uint32_t base)
{
    uint32_t *out = s->scan->edges + s->edges;
    s->edges += (size_t)__builtin_popcountll(edges);
    for (; edges; edges &= edges - 1)
        *out++ = base + (uint32_t)__builtin_ctzll(edges);
}

void scan_text(struct scan *scan, const char *text, size_t octets, enum cpu_level level)
{
    struct scan_block blocks[SCAN_BLOCKS];
    struct scanning s = { .scan = scan, .special = SCAN_PLAIN };
    size_t count = (octets + SCAN_BLOCK - 1) / SCAN_BLOCK;
    uint64_t before = 1;        /* a line begins as if a blank stood before it */
    scan->text = text;
    scan->lines = 0;
    scan_blocks(text, count, blocks, level);
    for (size_t i = 0; i < count; i++) {
        struct scan_block *b = &blocks[i];
        size_t left = octets - i * SCAN_BLOCK;
        if (left < SCAN_BLOCK)
            b->newline &= (UINT64_C(1) << left) - 1;    /* what is behind the text ends no line: no word of it is used */
        uint64_t edges = (b->blank ^ (b->blank << 1 | before)) | b->newline;
        uint32_t base = (uint32_t)(i * SCAN_BLOCK);
        before = b->blank >> 63;
        add_lines(&s, b, edges, base, s.edges);
        add_edges(&s, edges, base);
        scan->dots[i] = b->dot;
    }
    scan->dots[count] = 0;
}
