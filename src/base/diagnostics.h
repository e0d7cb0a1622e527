/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/diagnostics.h -- where parsers of text say what is wrong, where, and what would be right.
 *
 *  A parser takes a sink and goes on after an error where it can, so that one run reports many.  The sink
 *  keeps copies; it never prints by itself.  Not thread-safe. */
#ifndef BASE_DIAGNOSTICS_H
#define BASE_DIAGNOSTICS_H

#include "base/status.h"
#include <stdio.h>

enum severity { SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
    enum severity severity;
    const char *check;      /**< stable name such as "missing-glue"; "syntax" for what does not parse */
    const char *file;       /**< as the user wrote it; NULL = no file */
    uint32_t line, column;  /**< from 1; column counts octets; 0 = not known */
    const char *text;       /**< one sentence, lower case, no full stop: what is wrong and what would be right */
    const char *source;     /**< the line of the file without its end, NULL = not known */
};

/** In what follows a NULL sink, which lack of memory leaves, is an empty one. */
struct diagnostics;

/** @param limit  diagnostics kept (0 = 1000); further ones are only counted, but an error takes the place of the last warning.  NULL when out of memory. */
struct diagnostics *diagnostics_new(size_t limit);
void diagnostics_free(struct diagnostics *sink);

/** Place of what comes next: a borrowed file name, line, column and source line (all copied when used). */
struct place {
    const char *file;
    uint32_t line, column;
    const char *source;
    size_t source_length;
};

/** Adds one.  @param place may be NULL. */
void diagnostics_add(struct diagnostics *sink, enum severity severity, const char *check,
                     const struct place *place, const char *format, ...) PRINTF_LIKE(5, 6);

size_t diagnostics_count(const struct diagnostics *sink, enum severity severity);
/** Whether one more of this severity would only be counted: spares the work of finding its place. */
bool diagnostics_full(const struct diagnostics *sink, enum severity severity);
/** Number kept; index with diagnostics_get in order of arrival. */
size_t diagnostics_kept(const struct diagnostics *sink);
/** Borrowed until the sink is freed or cleared. */
const struct diagnostic *diagnostics_get(const struct diagnostics *sink, size_t index);
void diagnostics_clear(struct diagnostics *sink);

/** Prints as `FILE:LINE:COLUMN: error: text [check]`, then the source line and a caret below the column. */
void diagnostics_print(const struct diagnostics *sink, FILE *stream, bool colour);

#endif
