/* SPDX-License-Identifier: Apache-2.0 */
/* Long runs of list items that all look like
 *
 *     - { name: "example.com.", file: "example.com.zone" }
 *
 * as configurations of many thousand zones have them.  Between the first and the last item of a run there is nothing that a YAML parser
 * could find but more such items, so the parser need not see them. */
#ifndef CONFIG_TREE_LINES_H
#define CONFIG_TREE_LINES_H

#include "base/base.h"

enum { RUNS_MAX = 256, RUN_LEAST = 16 };

/* A run: its first and last line are left to the parser. */
struct line_run {
    uint32_t first, last;       /* lines, from 1 */
    uint32_t column;            /* of the braces, from 1 */
    const char *between;        /* the line behind the first */
};
struct line_runs { struct line_run runs[RUNS_MAX]; size_t count; };

/* A value: plain, or in double quotes without escapes. */
struct line_value { struct slice text; uint32_t column; bool plain; };
struct list_line {
    uint32_t column, name_column, file_column;      /* of the brace and the keys, from 1 */
    struct line_value name, file;
};
/* Reads the line that begins at `at`. @return false when it is of another form, else *next is the line behind */
bool list_line_read(const char *at, const char *end, struct list_line *out, const char **next);

/* Finds the runs. @return the text with the lines between left empty, of *reduced octets, on the heap; NULL when there is no run, or no
 * memory, and then the text is to be parsed as it is */
char *line_runs_take(const char *text, size_t size, struct line_runs *runs, size_t *reduced);

#endif
