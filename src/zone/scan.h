/* SPDX-License-Identifier: Apache-2.0 */
/* Where words and lines of a master file begin and end, found for many octets at once.  It knows nothing of quotes, comments,
 * escapes and parentheses, but tells where the first octet of a line stands that would need such knowledge. */
#ifndef ZONE_SCAN_H
#define ZONE_SCAN_H

#include "base/base.h"
#include "base/cpu.h"

enum {
    SCAN_BLOCK = 64,                    /* octets looked at together */
    SCAN_BLOCKS = 64,
    SCAN_OCTETS = SCAN_BLOCK * SCAN_BLOCKS,
    SCAN_SLACK = SCAN_BLOCK             /* octets that must be readable behind the text */
};
#define SCAN_PLAIN UINT32_MAX

/* A bit for each octet of a block. */
struct scan_block {
    uint64_t blank;     /* blank, tab, line feed */
    uint64_t newline;
    uint64_t dot;
    uint64_t special;   /* NUL, CR, quote, parentheses, semicolon, backslash, over 0x7f */
};
struct scan_line {
    uint32_t edge;      /* index of the line feed among the edges */
    uint32_t special;   /* offset of the first special octet of the line, or SCAN_PLAIN */
};
/* What was found in a piece of text that begins with a line.  Offsets count from `text`. */
struct scan {
    const char *text;
    size_t lines;
    struct scan_line line[SCAN_OCTETS];
    uint32_t edges[SCAN_OCTETS + 1];    /* where a word starts, where it ends, and each line feed, ascending */
    uint64_t dots[SCAN_BLOCKS + 1];
};

/* Looks at `octets` of text (at most SCAN_OCTETS), of which whole lines are found; SCAN_SLACK octets behind are readable. */
void scan_text(struct scan *scan, const char *text, size_t octets, enum cpu_level level);
/* Sorts the octets of `count` blocks, each kernel by itself: for tests. */
void scan_blocks(const char *text, size_t count, struct scan_block *out, enum cpu_level level);

#endif
