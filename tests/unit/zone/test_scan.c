/* SPDX-License-Identifier: Apache-2.0 */
/* Every kernel against octets looked at one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "zone/scan.h"

static const struct { const char *label; enum cpu_level level; } kernels[] = {
    { "portable", CPU_PORTABLE }, { "avx2", CPU_AVX2 }, { "avx512", CPU_AVX512 },
};

/* What RHIZ_CPU asks for is what there is, or plain C. */
static bool have(enum cpu_level level)
{
    const char *before = getenv("RHIZ_CPU");
    char *kept = before ? strdup(before) : NULL;
    setenv("RHIZ_CPU", kernels[level].label, 1);
    enum cpu_level got = cpu_level();
    assert_true(got == level || got == CPU_PORTABLE);
    if (kept)
        setenv("RHIZ_CPU", kept, 1);
    else
        unsetenv("RHIZ_CPU");
    free(kept);
    return got == level;
}

static struct scan_block naive(const char *text)
{
    struct scan_block b = { 0 };
    for (unsigned i = 0; i < SCAN_BLOCK; i++) {
        uint64_t bit = UINT64_C(1) << i;
        uint8_t c = (uint8_t)text[i];
        b.blank |= c == ' ' || c == '\t' || c == '\n' ? bit : 0;
        b.newline |= c == '\n' ? bit : 0;
        b.dot |= c == '.' ? bit : 0;
        b.special |= c == 0 || c >= 128 || strchr("\r\"();\\", c) ? bit : 0;
    }
    return b;
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void check_blocks(const char *label, enum cpu_level level, const char *text, size_t count)
{
    struct scan_block got[SCAN_BLOCKS];
    scan_blocks(text, count, got, level);
    for (size_t i = 0; i < count; i++) {
        struct scan_block want = naive(text + i * SCAN_BLOCK);
        if (memcmp(&want, &got[i], sizeof want) != 0)
            fail_msg("%s: block %zu differs", label, i);
    }
}

static void each_octet(void **state)
{
    (void)state;
    char text[256 + 64 + 1];
    for (size_t k = 0; k < LENGTH_OF(kernels); k++) {
        if (!have(kernels[k].level))
            continue;
        for (size_t shift = 0; shift < 64; shift++) {       /* each octet at each place of a block, unaligned too */
            for (size_t i = 0; i < 256 + 64; i++)
                text[i] = (char)(uint8_t)(i + shift * 4 + shift / 16);
            check_blocks(kernels[k].label, kernels[k].level, text, 5);
            check_blocks(kernels[k].label, kernels[k].level, text + 1, 4);
        }
    }
}

static void random_octets(void **state)
{
    (void)state;
    static char text[SCAN_OCTETS];
    uint64_t seed = 88172645463325252;
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof text; i++) {
            uint64_t r = random_next(&seed);
            text[i] = round % 2 ? (char)(uint8_t)r : "ab.c \t\n\n\"();\\\r\x80\0x1"[r % 19];
        }
        for (size_t k = 0; k < LENGTH_OF(kernels); k++)
            if (have(kernels[k].level))
                check_blocks(kernels[k].label, kernels[k].level, text, SCAN_BLOCKS);
    }
}

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/* Lines and words of plain text, found one octet after the other. */
static void check_words(const char *label, const struct scan *scan, const char *text, size_t octets)
{
    size_t line = 0, edge = 0;
    uint32_t special = SCAN_PLAIN;
    for (size_t i = 0; i < octets && line < scan->lines; i++) {
        bool before = i == 0 || blank(text[i - 1]);
        if (special == SCAN_PLAIN && naive(text + i).special & 1)
            special = (uint32_t)i;
        if (before != blank(text[i]) || text[i] == '\n') {
            if (scan->edges[edge++] != i)
                fail_msg("%s: edge %zu is at %u, not %zu", label, edge - 1, scan->edges[edge - 1], i);
        }
        bool dot = scan->dots[i / 64] >> i % 64 & 1;
        assert_int_equal(dot, text[i] == '.');
        if (text[i] != '\n')
            continue;
        assert_int_equal(scan->line[line].edge, edge - 1);
        assert_int_equal(scan->line[line].special, special);
        special = SCAN_PLAIN;
        line++;
    }
    assert_int_equal(line, scan->lines);
}

static void words(void **state)
{
    (void)state;
    static char text[SCAN_OCTETS + 2 * SCAN_SLACK];
    static struct scan scan;
    uint64_t seed = 123456789;
    for (unsigned round = 0; round < 400; round++) {
        size_t octets = round < 130 ? round : random_next(&seed) % (SCAN_OCTETS + 1), lines = 0;
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = "abcdef.ghi \t \n;\""[random_next(&seed) % (round % 3 ? 16 : 14)];
        for (size_t i = 0; i < octets; i++)
            lines += text[i] == '\n';
        for (size_t k = 0; k < LENGTH_OF(kernels); k++) {
            if (!have(kernels[k].level))
                continue;
            scan_text(&scan, text, octets, kernels[k].level);
            assert_int_equal(scan.lines, lines);
            check_words(kernels[k].label, &scan, text, octets);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_octet), cmocka_unit_test(random_octets), cmocka_unit_test(words) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
